"""Names with a number or a letter in them, which are kept whole: 5G, ISO 9001, Series A."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pyarrow.compute as pc

from findall_frames.embedded.language.moments import MONTHS
from findall_frames.embedded.language.words import fold
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.values import LARGE, normal

__all__ = ["Names"]

_WITH_DIGIT = re.compile(r"\b(?P<lead>[A-Za-z][\w-]* )?(?P<last>(?=[A-Za-z]*\d)[\w.-]*\w)\b")
_COMPARING = (
    " than",
    " over",
    " under",
    " above",
    " below",
    " least",
    " most",
    " before",
    " after",
)
_MONTHS = frozenset(month[:3] for month in MONTHS)
_HIDDEN = re.compile(r"\bqqvalue([a-z])\b")
_LETTERED = re.compile(r"\b([A-Z][a-z]+) ([A-Z])\b(?! [A-Z][a-z])")


class Names:
    """Keeps names whole in conditions on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def hide(self, said: str) -> tuple[str, list[str]]:
        """The text with a mark for each value that has a digit in it, and these: 5G, ISO 9001."""
        hidden: list[str] = []

        def hide(match: re.Match[str]) -> str:
            lead, last = match["lead"] or "", match["last"]
            if match.string[: match.start()].rstrip().lower().endswith(_COMPARING):
                return match.group()  # "longer than net 30"
            for before, value in (("", f"{lead}{last}"), (lead, last)):
                phrase = normal(value)
                # A code may have no letter: 64-17-5.
                lettered = any(map(str.isalpha, value)) or "-" in value
                known = any(phrase in c.index.whole for c in columns) or heads(phrase)
                named = bool(lead) and (lead.istitle() or lead.isupper()) and not versioned
                known = known or (named and told(phrase))
                if lettered and len(hidden) < 26 and known:
                    hidden.append(fold(value))
                    return f"{before}qqvalue{chr(96 + len(hidden))}"
            return match.group()

        def told(phrase: Sequence[str]) -> bool:
            """Whether a name with a number stands in running text: ISO 14001."""
            pattern = rf"\b{re.escape(' '.join(phrase))}\b"
            texts = (c.texts for c in self._linker.columns if c.kind == "prose")
            held = (pc.match_substring_regex(text, pattern, ignore_case=True) for text in texts)
            return phrase[0][:3] not in _MONTHS and any(pc.any(one).as_py() for one in held)

        def heads(phrase: Sequence[str]) -> bool:
            """Whether a name with a number is in the name of a column: SOC 2, in "soc2"."""
            return len(phrase) == 2 and any(
                "".join(phrase) in c.words or tuple(phrase) in set(pairwise(c.words))
                for c in self._linker.columns
                if c.kind != "number"
            )

        columns = [column for column in self._linker.columns if _is_named(column)]
        versioned = any(column.kind == "version" for column in self._linker.columns)
        return _WITH_DIGIT.sub(hide, said), hidden

    @staticmethod
    def restore(marked: str, hidden: Sequence[str]) -> str:
        """The text with the names again in the place of their marks."""
        return _HIDDEN.sub(lambda match: hidden[ord(match.group(1)) - 97], marked)

    def joined(self, found: list[Token], said: str, hidden: Sequence[str]) -> list[Token]:
        """A name with a letter or number becomes one token, unless it is a value: Series A."""
        pairs = {tuple(map(fold, pair)) for pair in _LETTERED.findall(said)}
        pairs |= {tuple(name.split()) for name in hidden if name.count(" ") == 1}
        pairs = {pair for pair in pairs if not self._linker.values(pair)}
        glued: list[Token] = []
        for token in found:
            if glued and (glued[-1].text, token.text) in pairs:
                token = Token(f"{glued.pop().text} {token.text}")
            glued.append(token)
        return glued


def _is_named(column: Column) -> bool:
    return column.kind in {"text", "list"} and len(column.index.values) <= LARGE
