"""Which entities a run must leave out."""

from __future__ import annotations

from collections.abc import Iterable

from findall_frames.addresses import normalized_url
from findall_frames.api.models import ExcludeCandidate

__all__ = ["Exclusions"]


class Exclusions:
    """Names and addresses that must not be generated.

    An entity is left out when its name is one of the names, letter case and outer or repeated
    blanks aside, or when its address is one of the addresses, as `normalized_url` writes them.
    """

    def __init__(self, excluded: Iterable[ExcludeCandidate]) -> None:
        excluded = list(excluded)
        self._names = {_folded(item.name) for item in excluded} - {""}
        self._urls = {_page(item.url) for item in excluded} - {""}

    def __len__(self) -> int:
        return max(len(self._names), len(self._urls))

    def cover(self, name: str, *, url: str) -> bool:
        """Say whether an entity is among them."""
        return (bool(self._names) and _folded(name) in self._names) or (
            bool(self._urls) and _page(url) in self._urls
        )


def _page(url: str) -> str:
    """Return the address in one form; one that cannot be read still equals itself."""
    return normalized_url(url) or url.strip().casefold()


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
