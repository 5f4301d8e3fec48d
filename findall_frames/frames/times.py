"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["format_time", "parse_time"]


def parse_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time into UTC, which is also meant without an offset; else None."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def format_time(time: datetime) -> str:
    """Write a time as the API does: in UTC, with microseconds and ``Z``."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
