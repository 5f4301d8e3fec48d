"""An explorer, spoken to through its comm as a front end does."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from findall_frames.display.explorer import Explorer

__all__ = ["ExplorerDriver"]


class ExplorerDriver:
    """Sends what a front end sends, and keeps what it is answered."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.answers: list[dict[str, Any]] = []
        explorer.widget.comm.publish_msg = self._keep

    @property
    def payload(self) -> dict[str, Any]:
        """What a new view is given, with lists in place of the arrays of numbers."""
        widget = self.explorer.widget
        decoded: dict[str, Any] = json.loads(widget._table)
        for holder in (decoded, *decoded["columns"]):
            for name, part in holder.items():
                if isinstance(part, dict) and "start" in part:
                    kind, length, start = part["type"], part["length"], part["start"]
                    array = np.frombuffer(widget._arrays, kind, length, offset=start)
                    holder[name] = array.tolist()
        return decoded

    def send(self, content: Any, *buffers: bytes) -> list[dict[str, Any]]:
        """Send a message, and return the answers."""
        self.answers.clear()
        self.explorer.widget._handle_custom_msg(content, [memoryview(each) for each in buffers])
        return list(self.answers)

    def _keep(self, kind: str, data: Any, _: Any = None, buffers: Any = None, **__: Any) -> None:
        assert kind == "comm_msg"
        if data["method"] == "custom":
            decoded = [json.loads(bytes(buffer)) for buffer in buffers or ()]
            self.answers.append({**data["content"], "data": decoded[0] if decoded else None})
