"""What a service warns of in its results."""

from __future__ import annotations

import msgspec
import pyarrow as pa

__all__ = ["warnings_of"]


def warnings_of(runs: pa.Table) -> list[str]:
    """List the messages of the warnings that came with runs.

    The contract has none for a run; the embedded service sends them in the form that the API
    next door has for tasks. What is not of that form stays in ``extra`` and is not listed.
    """
    messages = []
    for text in runs["extra"].to_pylist():
        extra = msgspec.json.decode(text) if text else {}
        told = extra.get("run", {}).get("warnings")
        for warning in told if isinstance(told, list) else ():
            message = warning.get("message") if isinstance(warning, dict) else None
            if isinstance(message, str):
                messages.append(message)
    return messages
