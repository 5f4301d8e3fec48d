"""Web addresses: those of services and their clients, and pages written in several ways."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

__all__ = [
    "HOSTED_URL",
    "OWN_DATA",
    "Domains",
    "cell_of",
    "client_argument",
    "column_of",
    "is_loopback",
    "normalized_url",
    "resume_call",
    "without_credentials",
]

HOSTED_URL: Final = "https://api.parallel.ai"
OWN_DATA: Final = "local://"
"""How the address of a row of own data begins; the column that is cited is its fragment."""

_TRACKING: Final = re.compile(
    r"utm_\w+|gclid|dclid|fbclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_hs(?:enc|mi)|ref_src"
)
_SCHEME: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_PORTS: Final = {"http": 80, "https": 443}

# A scheme and a user may stand before the host; a port, a path or nothing after it. What goes
# on in another way, such as "javascript:alert(1)" or a sentence, has no host.
_ADDRESS: Final = re.compile(
    r"\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?"
    r"(?:[^\s/?#@\\]*@)?"
    r"(?P<host>\[[^\]\s]*\]|[^\s/?#:@\\\[\]]+)"
    r"(?::[0-9]*)?\s*(?:[/?#\\]|$)"
)
_LONGEST_SCHEME: Final = len("https://")


def client_argument(service: str) -> str:
    """Return the argument that names a service in a call; empty if it is the default one.

    >>> client_argument("http://127.0.0.1:8801"), client_argument("https://api.parallel.ai")
    (', client=ff.Client(base_url="http://127.0.0.1:8801")', '')
    """
    default = os.environ.get("PARALLEL_BASE_URL") or HOSTED_URL
    if service.rstrip("/") == default.rstrip("/"):
        return ""
    return f", client=ff.Client(base_url={json.dumps(service)})"


def resume_call(findall_id: str, *, service: str) -> str:
    """Return the Python call that resumes a run.

    >>> resume_call("findall_1", service="https://api.parallel.ai")
    'ff.resume("findall_1")'
    """
    return f"ff.resume({json.dumps(findall_id)}{client_argument(service)})"


def is_loopback(address: str) -> bool:
    """Return True if a URL, or a host alone, is that of this machine.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:8000/v1"), is_loopback("::1"), is_loopback("example.com")
    (True, True, False)
    """
    host = urlsplit(address).hostname or "" if "//" in address else address
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cell_of(url: str) -> tuple[str, str] | None:
    """Return the table and the column that an address in own data cites, or ``None``.

    Each is empty if the address does not name it.

    Examples
    --------
    >>> cell_of("local://cities/Rome#founded%20in"), cell_of("https://example.com/#a")
    (('cities', 'founded in'), None)
    """
    if not url.startswith(OWN_DATA):
        return None
    path, _, fragment = url.removeprefix(OWN_DATA).partition("#")
    return unquote(re.split("[/?]", path, maxsplit=1)[0]), unquote(fragment)


def column_of(url: str) -> str | None:
    """Return the table and the column that an address in own data cites; None for a web page.

    Examples
    --------
    >>> column_of("local://cities/Rome#founded%20in"), column_of("https://example.com/#a")
    ('cities: founded in', None)
    """
    cell = cell_of(url)
    return None if cell is None else ": ".join(filter(None, cell))


def normalized_url(url: str) -> str | None:
    """Return one form for all addresses of a page; None if there is no host.

    Scheme (http or https), ``www.``, user, default port, trailing slash, fragment and
    tracking parameters make no difference, nor does the order of the other parameters.

    Examples
    --------
    >>> normalized_url("https://www.Example.com/a/?utm_source=x&b=1#top")
    'example.com/a?b=1'
    """
    found = _SCHEME.match(url.strip())
    scheme = found["scheme"].lower() if found else "https"
    rest = url.strip()[found.end() :] if found else url.strip().removeprefix("//")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if not host or re.search(r"\s", host):
        return None
    if host.startswith("www.") and host.count(".") > 1:
        host = host[len("www.") :]
    if port not in (None, _PORTS.get(scheme)):
        host = f"{host}:{port}"
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name.lower())
    ]
    query = f"?{urlencode(sorted(kept))}" if kept else ""
    before = "" if scheme in _PORTS else f"{scheme}://"
    return f"{before}{host}{parts.path.rstrip('/')}{query}"


def without_credentials(url: str) -> str:
    """Return an address without the parts that may contain a key: user, password, query, fragment.

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
