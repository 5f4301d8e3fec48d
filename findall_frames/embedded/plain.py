"""A condition in plainer words: without ado, and with one way to say a thing."""

from __future__ import annotations

import re

from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.words import tokens

__all__ = ["Plain"]

_OPENING = re.compile(
    r"""^(?:please\s+)?(?:(?:i|we)(?:['’]m|['’]re|\s+am|\s+are)?\s+(?:only\s+|just\s+)?
    (?:looking\s+for|interested\s+in|after|need|want|would\s+like|care\s+about)
    |looking\s+for|find|give\s+me|show\s+me)\s+
    (?:(?:all|any|every|those|ones?)\s+)*(?:the\s+(?=\w+s\b))?(?=[^\W\d_])""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNED = re.compile(r"\b(?:an?\s+)?(negative|positive)(?=\s+[^\W\d_])", re.IGNORECASE)
_SIDES = {"negative": "below 0", "positive": "above 0"}
_PER_EACH = re.compile(r"\bper (\w+) and (?=(?:month|year|week|day|night|hour)\b)", re.IGNORECASE)
_SUCH_AS = re.compile(r"\b[\w-]+,? such as (?=\w)")
_ONE = re.compile(r"(?<!least )(?<!most )(?<!than )(?<!only )(?<!just )\bone (?P<noun>[a-z]+)\b")
_OWNER = re.compile(r"\b[A-Z]\w+['’]s\s+(?P<owned>[A-Z]\w+)")
_UNABLE = re.compile(r"\b(?:unable\s+to|incapable\s+of|free\s+(?:of|from)|devoid\s+of)\s+", re.I)


class Plain:
    """Puts conditions on one corpus into plainer words.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    lexicon : Lexicon
        What words have to do with each other.
    """

    def __init__(self, linker: Linker, lexicon: Lexicon) -> None:
        self._linker = linker
        self._lexicon = lexicon

    def without_ado(self, text: str) -> str:
        """The text without "I'm looking for", and with one verb for each of two words."""
        plain = _PER_EACH.sub(r"per \1 per ", _OPENING.sub("", text))
        plain = _UNABLE.sub("not ", self._lexicon.plain_verbs(plain))
        return _SUCH_AS.sub("", _ONE.sub(self._one_of, plain))

    def without_owners(self, said: str) -> str:
        """The text with JAXA for Japan's JAXA, and below 0 for negative."""
        if not self._linker.values(["negative", "positive"]):
            said = _SIGNED.sub(lambda match: _SIDES[match.group(1).lower()], said)
        return _OWNER.sub(self._without_owner, said)

    def _one_of(self, match: re.Match[str]) -> str:
        """A "one" before what a column counts or lists as a number: in one country."""
        found = self._linker.named([match["noun"]], ("number", "list", "text"))
        counted = any(
            m.named and (m.column.kind != "text" or m.column.index.lists_items) for m in found
        )
        return f"exactly 1 {match['noun']}" if counted else match.group()

    def _without_owner(self, match: re.Match[str]) -> str:
        """Japan's JAXA as JAXA, where that is a value."""
        known = self._linker.values(tokens(match["owned"]))
        return match["owned"] if known else match.group()
