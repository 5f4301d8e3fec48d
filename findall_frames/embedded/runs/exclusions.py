"""Which entities a run must leave out."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from findall_frames.api.models import ExcludeCandidate

__all__ = ["Exclusions", "normalised_url"]


class Exclusions:
    """Names and addresses that must not be generated.

    An entity is left out when its name is one of the names, letter case and outer or repeated
    blanks aside, or when its address is one of the addresses, as `normalised_url` writes them.
    """

    def __init__(self, excluded: Iterable[ExcludeCandidate]) -> None:
        excluded = list(excluded)
        self._names = {_folded(item.name) for item in excluded} - {""}
        self._urls = {normalised_url(item.url) for item in excluded} - {""}

    def __len__(self) -> int:
        return max(len(self._names), len(self._urls))

    def cover(self, name: str, *, url: str) -> bool:
        """Say whether an entity is among them."""
        return (bool(self._names) and _folded(name) in self._names) or (
            bool(self._urls) and normalised_url(url) in self._urls
        )


def normalised_url(url: str) -> str:
    """Write an address without what does not tell entities apart.

    That is the scheme of a web page, ``www.``, letter case of the host, its port when it is the
    usual one, a trailing slash and the fragment.
    """
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError:  # an address that cannot be read still equals itself
        return text.casefold()
    scheme = "" if parts.scheme in {"http", "https"} else f"{parts.scheme}://"
    usual = port is None or (parts.scheme, port) in {("http", 80), ("https", 443)}
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}{host}{'' if usual else f':{port}'}{parts.path.rstrip('/')}{query}"


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
