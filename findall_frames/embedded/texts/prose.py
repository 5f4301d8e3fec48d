"""Facts that stand in running text: mentions, and numbers beside the words they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.english import ADVERBS, AUXILIARIES, PREPOSITIONS, is_relation
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import (
    alike,
    beginning,
    demonym_of,
    irregular_forms,
    stem,
    tokens,
)
from findall_frames.embedded.predicates.conditions import Outcome
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.texts.denial import (
    Tense,
    is_hearsay,
    is_negated,
    is_over,
    part_between,
)
from findall_frames.embedded.texts.places import (
    Name,
    Place,
    closest,
    is_free_of,
    phrase_places,
    places_of,
)

__all__ = ["LONGEST", "Mention", "cells_of", "quoted", "sentences"]

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9À-Þ])|\n\s*\n|\n(?=\s*[-*#>|=])|\r\n")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Dr|Mr|Mrs|Ms|St|Inc|Ltd|Co|Corp|No|vs|etc|e\.g|i\.e|approx|ca)\.$"
)
_CONTRAST = re.compile(r"\b(?:but|while|whereas|although|though)\b|;(?! (?:that|this|it|which)\b)")
_AGENT = re.compile(r"[eo]rs?$")
_PERSON = re.compile(r"(?:ist|ian)s?$")
_WITHOUT = frozenset(("no", "not", "never", "without", "cannot"))
LONGEST = 400
"""Characters; of a longer sentence only a part is cited."""
_ENOUGH_ROWS = 500
_SHORTEST = 4


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each exactly as it stands there.

    Examples
    --------
    >>> list(sentences("Lima lies by the sea. St. Louis does not."))
    ['Lima lies by the sea.', 'St. Louis does not.']
    """
    start = 0
    for match in _END.finditer(text):
        if "\n" not in match.group() and _ABBREVIATED.search(text, start, match.start()):
            continue
        yield from _trimmed(text[start : match.start()])
        start = match.end()
    yield from _trimmed(text[start:])


def _trimmed(piece: str) -> Iterator[str]:
    piece = piece.strip()
    if piece:
        yield piece


@dataclass(frozen=True)
class Mention:
    """Words that stand together in one sentence, or one cell, of a row.

    Attributes
    ----------
    words : tuple of str
        Folded; each must be there, in whatever form.
    columns : tuple of Column
        Where to look.
    lexicon : Lexicon
        For other names of the same thing.
    exact : bool
        Whether the words must stand there as written, one after the other.
    literal : bool
        Whether the words alone are asked for, also where they are denied.
    silence : {"no", "unknown"}
        What it means that a text says nothing of it.
    tense : {"past", "present", "future"}
        Whether it may have been so once, or be yet to come.
    """

    words: tuple[str, ...]
    columns: tuple[Column, ...]
    lexicon: Lexicon
    exact: bool = False
    literal: bool = False
    silence: Literal["no", "unknown"] = "no"
    tense: Tense = "present"
    _known: dict[tuple[str, bool], tuple[str, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    _named: dict[tuple[str, bool], tuple[list[Name], list[Name]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def is_denied_somewhere(self) -> bool:
        """Whether some text says that it is not so; where none is denied, silence means no."""
        if self.literal or self.exact:
            return False
        if len(self.words) > 1 and any(map(self.lexicon.contrary, self.words)):
            return True  # where nothing is said of dogs, they are not forbidden
        names = [self.words[0]]
        if len(self.words) == 1:
            names += [phrase[0] for phrase in self._other_names(names[0], wider=True)]
        start = f"(?:{'|'.join(re.escape(name[: max(3, len(name) - 3)]) for name in names)})"
        denial = r"\b(?:not|never|no|nor|neither|without|nothing|nobody|cannot)\b|n['’]t\b"
        near = rf"(?i)(?:{denial})[^.,;]{{0,40}}\b{start}|(?i)\bun{start}"
        if len(self.words) > 1:
            end = re.escape(self.words[-1][: max(3, len(self.words[-1]) - 3)])
            near += rf"|(?i)\b{start}[^.,;]{{0,40}}(?:{denial})[^.,;]{{0,40}}\b{end}"
        # "Smoking is not permitted" leaves less open than silence does.
        near += rf"|(?i)\b{start}[^\W_]*\s+(?:is|are|was|were|can|may|must)(?:\s+not|n['’]t)\b"
        if self._short_denial is not None:
            near += rf"|(?i){self._short_denial.pattern}"
        return any(
            pc.any(pc.match_substring_regex(column.texts, near)).as_py()
            for column in self.columns
            if column.kind == "prose"
        )

    def describe(self) -> str:
        """The predicate in words."""
        where = self.columns[0].name if len(self.columns) == 1 else "the text"
        return f"{where} mentions {' '.join(self.words)!r}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        return [self._in_row(cells) for cells in cells_of(self.columns, positions)]

    def told(self, corpus: Corpus) -> tuple[list[int], list[int]]:
        """Which rows say it, and which deny it; of many that may, the first are looked at."""
        may = pa.array([False]).take(pa.repeat(0, len(corpus)))
        for column in self.columns:
            wider = column.kind == "prose"
            held = pa.array([True]).take(pa.repeat(0, len(corpus)))
            for word in self.words:
                hints = "|".join(map(re.escape, self._hints(word, wider=wider)))
                said = pc.match_substring_regex(
                    column.texts, rf"{hints}|[^\x00-\x7F]", ignore_case=True
                )
                held = pc.and_(held, pc.fill_null(said, False))
            may = pc.or_(may, held)
        positions = pc.indices_nonzero(may).slice(0, _ENOUGH_ROWS).to_pylist()
        outcomes = [o.truth if o.evidence else None for o in self.check(corpus, positions)]
        pairs = list(zip(positions, outcomes, strict=True))
        return [at for at, truth in pairs if truth], [at for at, truth in pairs if truth is False]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        said = " ".join(self.words)
        denied: Outcome | None = None
        if all(cell is None for cell in cells):
            return Outcome(None, None, "There is no text that could tell.", "low", ())
        for column, cell in zip(self.columns, cells, strict=True):
            wider = column.kind == "prose"
            if cell is None or not self._possible(cell, wider=wider):
                continue
            for sentence in sentences(cell):
                if not self._touched(sentence, wider=wider):
                    continue
                found = self._stands(sentence, wider=wider)
                if found is None:
                    continue
                excerpt = ((column.name, _passage(sentence, self.words)),)
                if found:
                    reason = f"{column.name} says: {quoted(excerpt[0][1])}"
                    sure: Confidence = "low" if is_hearsay(sentence) else "medium"
                    return Outcome(True, excerpt[0][1], reason, sure, excerpt)
                reason = f"{column.name} denies it: {quoted(excerpt[0][1])}"
                denied = denied or Outcome(False, excerpt[0][1], reason, "medium", excerpt)
        truth = None if self.silence == "unknown" else False
        return denied or Outcome(truth, None, f"Nothing in the row mentions {said!r}.", "low", ())

    def _possible(self, cell: str, *, wider: bool) -> bool:
        """A quick look before a text is taken apart."""
        lowered = cell.lower()
        if not lowered.isascii():
            return True
        said = all(self._hinted(word, lowered, wider=wider) for word in self.words)
        return said or bool(self._short_denial and self._short_denial.search(lowered))

    def _touched(self, sentence: str, *, wider: bool) -> bool:
        """A quick look before a sentence is taken apart."""
        lowered = sentence.lower()
        said = (self._hinted(word, lowered, wider=wider) for word in self.words)
        denied = self._short_denial is not None and self._short_denial.search(lowered)
        return not lowered.isascii() or any(said) or bool(denied)

    def _hinted(self, word: str, lowered: str, *, wider: bool) -> bool:
        return any(hint in lowered for hint in self._hints(word, wider=wider))

    def _hints(self, word: str, *, wider: bool) -> tuple[str, ...]:
        """How a word, or another for the same, may begin; a text without them says nothing."""
        known = self._known.get((word, wider))
        if known is None:
            forms = (word[: max(3, len(word) - 4)], stem(word)[:3], *irregular_forms(word))
            others = self._other_names(word, wider=wider)
            others += self.lexicon.contrary(word)
            longest = {form for phrase in others for form in _forms(max(phrase, key=len))}
            names = (beginning(form)[:4] for form in longest)
            known = self._known[word, wider] = tuple(sorted({*forms, *names}))
        return known

    def _stands(self, sentence: str, *, wider: bool) -> bool | None:
        """Whether a sentence says it, denies it, or (None) says nothing of it."""
        said = tokens(sentence)
        if self.exact:
            size = len(self.words)
            return (
                True
                if any(said[i : i + size] == list(self.words) for i in range(len(said)))
                else None
            )
        places: list[list[Place]] = []
        contrary = partly = False
        for word in self.words:
            if not self.literal and any(self._lacks(other, word) for other in said):
                return False
            if " " in word:
                found = phrase_places(word.split(), said)
            else:
                found = [(at, at) for at, other in enumerate(said) if self._same(word, other)]
                if found and not self.literal and is_free_of(said, found[0][0], sentence):
                    return False
            same, narrower = self._names_of(word, wider=wider)
            found = found or places_of(same, said)
            if not found:
                found = places_of(narrower, said)
                partly = partly or bool(found)
            if not found and " " in word:
                found = self._apart(word, said)
            if not found and not self.literal:
                # The opposite of one of several words: forbidden, for dogs allowed.
                found = places_of(self.lexicon.contrary(word), said)
                contrary = contrary or bool(found)
            if not found:
                return False if self._denied_in_short(said) else None
            places.append(found)
        if not places:  # nothing but signs was asked for
            return None
        if self.literal:
            return not contrary
        at = closest(places)
        # "Lunch is served, but beds are for you to find" serves no beds.
        if at.first < at.last and _CONTRAST.search(part_between(sentence, said, at.first, at.last)):
            return None
        if contrary:
            # "Dogs are forbidden" denies that they are welcome; "not forbidden" tells neither.
            return None if is_negated(sentence, said, at) else False
        over = is_over(sentence, said, at, tense=self.tense)
        if not (over or is_negated(sentence, said, at)):
            return True
        # Where there are no poodles, there may be dogs.
        return None if partly else False

    def _apart(self, phrase: str, said: Sequence[str]) -> list[Place]:
        """Where a sentence has the words of a phrase apart; those of a name stand together."""
        words = phrase.split()
        if self.literal or self.lexicon.aliases(tuple(words)) or self.lexicon.is_part(tuple(words)):
            return []
        if len(words) == 2 and any(map(is_relation, words)):
            return []  # part of the time is not part-time
        places = [
            [(at, at) for at, other in enumerate(said) if self._same(word, other)]
            for word in words
            if not (word in PREPOSITIONS or word in ADVERBS or word in AUXILIARIES)
        ]
        if not (places and all(places)):
            return []
        found = closest(places)
        return [(found.first, found.last)]

    @cached_property
    def _short_denial(self) -> re.Pattern[str] | None:
        """What a text has to have that denies less than all words, and so all of it."""
        if self.literal or self.exact or len(self.words) < 2:
            return None
        ends = "|".join(re.escape(w[: max(3, len(w) - 3)]) for w in self._ends)
        return re.compile(rf"(?:\b(?:{'|'.join(sorted(_WITHOUT))})|n['’]t)\s+(?:{ends})")

    @property
    def _ends(self) -> tuple[str, str]:
        return self.words[0], self.words[-1]

    def _denied_in_short(self, said: Sequence[str]) -> bool:
        """Whether less is denied, and so all of it: no rennet, of animal rennet."""
        if self._short_denial is None:
            return False
        for at, other in enumerate(said[1:], start=1):
            if not (said[at - 1] in _WITHOUT or said[at - 1].endswith("n't")):
                continue
            # "Not allowed" says of swimming nothing about dogs; "no rennet" says enough.
            noun = said[at - 1] in {"no", "without"} and self._same(self.words[-1], other)
            told = noun or self._same(self.words[0], other)
            behind = said[at + 1] if at + 1 < len(said) else ""
            if told and behind not in PREPOSITIONS:
                return True
        return False

    def _same(self, word: str, other: str) -> bool:
        return _is_same(word, other, loose=not self.literal)

    def _lacks(self, other: str, word: str) -> bool:
        """Whether a word of a text denies what is asked for: flightless, unharmed."""
        root = other.removesuffix("less").removeprefix("un")
        if root == other or len(root) < _SHORTEST or other == word:
            return False
        names = [word, *(p[0] for p in self.lexicon.synonyms(word, in_text=True) if len(p) == 1)]
        return stem(root) in map(stem, names if other.startswith("un") else names[:1])

    def _names_of(self, word: str, *, wider: bool) -> tuple[list[Name], list[Name]]:
        """Other names of a thing, and names of kinds and parts of it."""
        known = self._named.get((word, wider))
        if known is None:
            plainly = wider and not self.literal
            some = {*self.lexicon.kinds_of(word, in_text=True)} if plainly else set()
            some |= {*self.lexicon.parts(tuple(word.split()))} if wider else set()
            # What means the same denies as much, be it named among the kinds as well.
            some -= {*self.lexicon.synonyms(word, in_text=True)} if plainly else set()
            names = self._other_names(word, wider=wider)
            known = [name for name in names if name not in some], [n for n in names if n in some]
            self._named[word, wider] = known
        return known

    def _other_names(self, word: str, *, wider: bool) -> list[tuple[str, ...]]:
        """Other names of a thing; in running text, of a place also those of what lies in it."""
        phrase = tuple(word.split())
        inside = self.lexicon.parts(phrase) if wider else []
        matter = self.lexicon.topic(word) if wider else ()
        told = self.lexicon.told(word) if wider else ()
        plainly = wider and not self.literal
        same = self.lexicon.synonyms(word, in_text=True) if plainly else ()
        kinds = self.lexicon.kinds_of(word, in_text=True) if plainly else ()
        itself = [phrase] if kinds and len(phrase) > 1 else []  # birds of prey
        return [*self.lexicon.aliases(phrase), *itself, *inside, *matter, *told, *same, *kinds]


@lru_cache(maxsize=65536)
def _is_same(word: str, other: str, *, loose: bool) -> bool:
    """Whether two words are forms of one, or of a place and its people."""
    # A prize in physics makes nobody a physicist.
    loose = loose and min(len(word), len(other)) > 4
    loose = loose and bool(_PERSON.search(word)) == bool(_PERSON.search(other))
    # Nor is a lander one that landed, or a prison full of prisoners one of them.
    loose = loose and bool(_AGENT.search(word)) == bool(_AGENT.search(other))
    same = alike(word, other) > 0 if loose else stem(word) == stem(other)
    return same or demonym_of(word, other) or demonym_of(other, word)


def _forms(word: str) -> list[str]:
    return [word, *irregular_forms(word)]


def cells_of(columns: Sequence[Column], positions: Sequence[int]) -> list[tuple[str | None, ...]]:
    """For each position the texts of the columns; none where there is no column."""
    if not columns:
        return [()] * len(positions)
    return list(zip(*(column.text_list(positions) for column in columns), strict=True))


def _passage(sentence: str, words: Sequence[str]) -> str:
    """The sentence, or of a very long one the part around the first word."""
    if len(sentence) <= LONGEST:
        return sentence
    at = max(0, sentence.lower().find(words[0][:4]) - 80)
    return sentence[at : at + LONGEST].strip()


def quoted(text: str) -> str:
    """A sentence in a reason: on one line, however it stands in the document."""
    text = " ".join(text.split())
    return f'"{text if len(text) <= 200 else text[:197] + "..."}"'
