"""The host behind an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["Domains", "without_credentials"]

# A scheme and a user may stand before the host; a port, a path or nothing after it. What goes
# on in another way, such as "javascript:alert(1)" or a sentence, has no host.
_ADDRESS: Final = re.compile(
    r"\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?"
    r"(?:[^\s/?#@\\]*@)?"
    r"(?P<host>\[[^\]\s]*\]|[^\s/?#:@\\\[\]]+)"
    r"(?::[0-9]*)?\s*(?:[/?#\\]|$)"
)
_LONGEST_SCHEME: Final = len("https://")


def without_credentials(url: str) -> str:
    """Leave out what an address may hold a key in: user, password, query and fragment.

    Examples
    --------
    >>> without_credentials("https://user:key@api.example/v1?key=1")
    'https://api.example/v1'
    """
    return re.sub(r"(?<=//)[^/?#]*@|[?#].*", "", url)


class Domains:
    """Finds hosts, and remembers them: few hosts stand behind many addresses.

    Examples
    --------
    >>> Domains().of(["https://www.Example.com/a", "cognition.ai", "no host"])
    ['example.com', 'cognition.ai', None]
    """

    def __init__(self) -> None:
        self._known = _Known()

    def of(self, urls: Sequence[str]) -> list[str | None]:
        """Find the host of each address, in lower case and without ``www.``; None without one."""
        heads = [url[: url.find("/", _LONGEST_SCHEME) + 1 or None] for url in urls]
        return list(map(self._known.__getitem__, heads))


class _Known(dict[str, str | None]):
    def __missing__(self, head: str) -> str | None:
        self[head] = domain = _domain(head)
        return domain


def _domain(url: str) -> str | None:
    found = _ADDRESS.match(url)
    if found is None:
        return None
    host = found["host"].lower().rstrip(".")
    return (host[4:] if host.startswith("www.") and host.count(".") > 1 else host) or None
