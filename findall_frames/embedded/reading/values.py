"""The distinct values of a column, found by what is said of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import islice, takewhile

from findall_frames.embedded.language.codes import code_of, is_coded
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import alike, demonym_of, singular, tokens

__all__ = ["LARGE", "ValueIndex", "contains", "items_of", "normal", "segments"]

LARGE = 200_000
"""A column with more distinct values than this is only searched where a question names it."""
_SAMPLE = 2_000

_FEW = 4
_CODE = 3
"""Characters of the longest code."""
_SEPARATORS = re.compile(r"\s*(?:[;|/,()\[\]•&]|::)\s*|\s+(?:and|or|AND|OR|WITH)\s+")


# What stands between items, even where few values have several: "Zambia / Zimbabwe".
_LISTED = re.compile(r"\s/\s|;\s|\s\|\s")
_ENOUGH = 2
_NUMBERED = re.compile(r"v?\d[\d.]*")


def items_of(value: str) -> list[str]:
    """The items that a text lists, or the text itself."""
    return segments(value)[1:] or [value]


def segments(value: str) -> list[str]:
    """A value and the items that it lists, such as each language of "French, Fula"."""
    parts = [part for part in _SEPARATORS.split(value) if part.strip()]
    return [value, *parts] if len(parts) > 1 else [value]


class ValueIndex:
    """What the values of one column are called.

    Parameters
    ----------
    values : sequence of str
        The distinct values.
    words : sequence of str
        The words of the column's name.
    """

    def __init__(self, values: Sequence[str], words: Sequence[str]) -> None:
        self.values = values
        self._words = words
        self._cut: dict[Lexicon, list[tuple[tuple[str, ...], list[tuple[str, ...]]]]] = {}

    @cached_property
    def whole(self) -> dict[tuple[str, ...], str]:
        """Each value and each item of a value, as tokens, with how it is written."""
        known: dict[tuple[str, ...], str] = {}
        for value in self.values[:LARGE]:
            for segment in segments(value):
                known.setdefault(normal(segment), segment)
        known.pop((), None)
        return known

    @cached_property
    def _holding(self) -> dict[str, list[tuple[str, ...]]]:
        holding: dict[str, list[tuple[str, ...]]] = {}
        for phrase in self.whole:
            for token in set(phrase):
                holding.setdefault(token, []).append(phrase)
        return holding

    def _near(self, token: str) -> list[tuple[str, ...]]:
        """Values that have a token, or one that begins so."""
        found = self._holding.get(token)
        if found is not None or len(token) < 3:
            return found or []
        at = bisect_left(self._sorted, token)
        begun = takewhile(lambda other: other.startswith(token), islice(self._sorted, at, None))
        return [phrase for other in begun for phrase in self._holding[other]]

    @cached_property
    def _sorted(self) -> list[str]:
        """The tokens of all values in their order, those with one beginning side by side."""
        return sorted(self._holding)

    @cached_property
    def descriptive(self) -> bool:
        """Whether values are descriptions rather than names: "Apache License" of a license."""
        if not self.whole:
            return False
        said = sum(any(alike(t, w) == 1 for w in self._words for t in p) for p in self.whole)
        return said * 20 > len(self.whole)

    @cached_property
    def lists_items(self) -> bool:
        """Whether values are lists in themselves: "Animation|Comedy"."""
        sample = self.values[:: max(1, len(self.values) // _SAMPLE)]
        several = sum(len(segments(value)) > 1 for value in sample)
        listed = sum(bool(_LISTED.search(value)) for value in sample)
        return several * 4 > len(sample) or listed >= _ENOUGH

    def find(self, phrase: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...] | None:
        """The value that a phrase names: exactly, in another form, as a synonym or a demonym."""
        forms = tuple(dict.fromkeys((phrase, (*phrase[:-1], singular(phrase[-1])))))
        for form in forms:
            if form in self.whole:
                return form
        # The Americas are not several of America.
        named = forms[:1] if lexicon.parts(phrase) else forms
        for other in (alias for form in named for alias in lexicon.aliases(form)):
            # F stands for women where there is little else, and else for a grade.
            letter = len(other) == 1 and len(other[0]) == 1
            if other in self.whole and (not letter or len(self.whole) <= _FEW):
                return other
        code = self._code(forms, lexicon)
        if code is not None:
            return code
        compound = self._shortened(phrase, lexicon) or self._compound(phrase)
        if compound is not None:
            return compound
        plural = [p for p in self._ending_like(phrase) if _one_noun(p[-1], phrase[-1])]
        if plural:
            return plural[0]
        made_from = [p for p in self._ending_like(phrase) if demonym_of(phrase[-1], p[-1])]
        if made_from:
            return max(made_from, key=lambda p: len(p[-1]))
        if lexicon.is_part(phrase):
            # Of Italy, where the values are Italian and French.
            of_place = [p for p in self._ending_like(phrase) if demonym_of(p[-1], phrase[-1])]
            if len(of_place) == 1:
                return of_place[0]
        related = [p for p in self._ending_like(phrase) if alike(phrase[-1], p[-1]) > 0]
        return related[0] if len(related) == 1 and len(phrase[-1]) > 4 else None

    def country_code(self, name: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...] | None:
        """The code of a country, in a column of such codes."""
        return self._code([name], lexicon) if self._coded(lexicon) == "country" else None

    def _coded(self, lexicon: Lexicon) -> str:
        """What the values are codes of, if of anything."""
        if not self.whole or any(len(token) > _CODE for p in self.whole for token in p):
            return ""
        items = [phrase for phrase in self.whole if len(phrase) == 1]
        full = (one for word in self._words for one in lexicon.spelled_out(word))
        return is_coded(items, full)

    def _code(self, forms: Sequence[tuple[str, ...]], lexicon: Lexicon) -> tuple[str, ...] | None:
        """The code of a language, a country or a state: de of German."""
        kind = self._coded(lexicon)
        names = (name for form in forms for name in (form, *lexicon.aliases(form)))
        found = (code_of(kind, name, self.whole) for name in names if kind)
        return next(((code,) for code in found if code is not None), None)

    def _shortened(self, phrase: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...] | None:
        """The value with words cut short that a phrase spells out: Ops, Univ. of Leeds."""
        cut = self._cut.get(lexicon)
        if cut is None:
            some = self.whole if len(self.whole) <= _SAMPLE else ()
            spelled = ([lexicon.spelled_out(word) for word in value] for value in some)
            pairs = zip(some, spelled, strict=True)
            cut = self._cut[lexicon] = [
                (value, forms) for value, forms in pairs if any(len(form) > 1 for form in forms)
            ]
        found = (
            value
            for value, forms in cut
            if len(forms) == len(phrase)
            and all(word in form for word, form in zip(phrase, forms, strict=True))
        )
        return next(found, None)

    def _compound(self, phrase: tuple[str, ...]) -> tuple[str, ...] | None:
        """The value in a word that ends in the column's name: freshwater, of a type of water."""
        if len(phrase) > 1:
            return None
        starts = (phrase[0].removesuffix(own) for own in self._words if len(own) > 3)
        return next(((s,) for s in starts if s != phrase[0] and (s,) in self.whole), None)

    def _ending_like(self, phrase: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Values of as many words that differ in the last one only."""
        return self._by_start.get((*phrase[:-1], phrase[-1][:3]), [])

    @cached_property
    def _by_start(self) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
        starts: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for phrase in self.whole:
            starts.setdefault((*phrase[:-1], phrase[-1][:3]), []).append(phrase)
        return starts

    def holds(self, phrase: tuple[str, ...]) -> bool:
        """Whether some value has the phrase in it, as whole tokens side by side."""
        return any(contains(other, phrase) for other in self._near(phrase[0]))


def _one_noun(one: str, other: str) -> bool:
    """Whether two words are singular and plural: gas and gases, country and countries."""
    return singular(one) == singular(other) or other in (f"{one}es", one.removesuffix("es"))


def normal(text: str) -> tuple[str, ...]:
    """A value as tokens, without a leading article."""
    found = tuple(tokens(text))
    return found[1:] if len(found) > 1 and found[0] == "the" else found


def contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    """Whether the tokens of `part` stand side by side in `whole`; GPLv3 counts as GPL."""
    size, last = len(part), part[-1]
    for start in range(len(whole) - size + 1):
        end = start + size - 1
        if tuple(whole[start:end]) == tuple(part[:-1]):
            token = whole[end]
            numbered = token.startswith(last) and _NUMBERED.fullmatch(token[len(last) :])
            if token == last or numbered:
                return True
    return False
