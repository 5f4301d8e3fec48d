"""An explorer, spoken to through its comm as a front end does."""

from __future__ import annotations

import json
from typing import Any

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
        """What a new view is given."""
        decoded: dict[str, Any] = json.loads(self.explorer.widget._table)
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
