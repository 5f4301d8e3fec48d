"""Split an objective into conditions without a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from findall_frames.api.readings import Reading
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.reading.lexicon import COUNTS, stem
from findall_frames.embedded.reading.plain_grammar import BE, GRAMMAR, HAVE, RANKS, SILENT, join
from findall_frames.embedded.reading.plain_reader import PlainReader
from findall_frames.embedded.reading.vocabulary import KnownColumn

__all__ = ["Draft", "draft_plainly", "numbered"]

_MAX_CHARACTERS: Final = 2_000
"""Longer objectives are one condition, which is not understood: to split them would take long."""
# "US" is a country, and "us companies" may be its companies; "show us all companies" is not.
_OPENING: Final = re.compile(
    r"(?:please )?(?:find|list|show|give|get|search for|look for|identify|select|"
    r"(?P<asks>which|what))\b"
    r"(?-i: me(?= )| us(?= (?:all|every|each|any|the) ))?"
    r"(?: (?:are|is)(?= ))?(?: (?:all|every|each|any)(?= ))?(?: of(?= ))?(?: the(?= ))?(?: |$)",
    re.IGNORECASE,
)
_RANK: Final = re.compile(
    rf"(?:the )?(?:(?:{'|'.join(RANKS)}|{'|'.join(COUNTS)}|\d+) )+", re.IGNORECASE
)
_EXTRA: Final = re.compile(
    r",?\s+(?:and|with|including|(?:together|along) with)\s+(?:their|its|the)\s+(.+)$", re.I
)
_AND: Final = re.compile(r"\s*,?\s+(?:and|but)\s+|\s*,\s+(?!or )", re.IGNORECASE)
# Words before which "and" can be left out, in the order in which they are tried.
_BEGINNINGS: Final = ("that|which|who|whose|with|without|having", "in|at|on|from")


class Draft(Struct, frozen=True):
    """An objective split into criteria."""

    entity_type: str  # what is looked for, in the plural
    readings: list[Reading]  # one for each criterion, including those not understood
    enrichments: dict[str, str]  # descriptions of the requested properties, by name


def draft_plainly(objective: str, corpus: Corpus) -> Draft:
    """Split an objective into conditions that the plain reader can read.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> cities = open_corpus([{"city": "Como", "country": "Italy", "height": 201}])
    >>> draft = draft_plainly("Find cities in Italy with a height over 100", cities)
    >>> draft.entity_type, {reading.name: reading.sql for reading in draft.readings}
    ('cities', {'in_italy': 'lower("country") = \\'italy\\'', 'height_over_100': '"height" > 100'})
    """
    return _Drafter(corpus).draft(objective)


def numbered(names: Iterable[str]) -> list[str]:
    """Return the names with a number after each repeated one.

    Examples
    --------
    >>> numbered(["red", "blue", "red"])
    ['red', 'blue', 'red_2']
    """
    unique: list[str] = []
    for name in names:
        number, chosen = 1, name
        while chosen in unique:
            number += 1
            chosen = f"{name}_{number}"
        unique.append(chosen)
    return unique


class _Drafter:
    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._reader = PlainReader(corpus)
        self._known: dict[str, Reading] = {}

    def draft(self, objective: str) -> Draft:
        if len(objective) > _MAX_CHARACTERS:
            reading = replace(self._read(objective), name=_name(objective[:_MAX_CHARACTERS]))
            return Draft(self._corpus.about, [reading], {})
        text = re.sub(r"[\s.?!]+$", "", " ".join(objective.split()))
        opening = _OPENING.match(text)
        text, extra = self._extra(text[opening.end() :] if opening else text)
        head, rest = self._head(text)
        adjectives, nouns = self._of_head(head)
        pieces = [*adjectives, *nouns, *self._pieces(rest)]
        is_verb = bool(opening and opening["asks"]) and rest.split(" ")[0] not in BE | HAVE
        is_sentence = bool(opening or rest) and not is_verb  # "which sells in Germany"
        is_named = (
            bool(nouns) or not head or self._may_name(head[-1], rest, is_sentence=is_sentence)
        )
        # Each adjective alone, and all of them: no stage is Seed and Growth.
        together = [" and ".join(adjectives)] if adjectives else []
        is_read = all(map(self._is_read, [*adjectives, *together]))
        if not is_named or not is_read or rest.startswith(("and ", "or ")):
            letter = ["A"] if opening and text.startswith("A ") else []  # a capital is no article
            head, nouns = [], []  # every word has to count, such as "outside"
            pieces = [*letter, *self._pieces(text[2 * len(letter) :])]
        if not pieces:
            return Draft(text, [replace(self._read("any row"), name="any_row")], extra)
        readings = [self._short(piece) for piece in pieces]
        names = numbered(_name(reading.description) for reading in readings)
        named = [replace(each, name=name) for each, name in zip(readings, names, strict=True)]
        entity = self._reader.vocabulary.entity
        kind = [word for word in head if stem(word) in entity]
        kind += [] if nouns or kind[-1:] == head[-1:] else head[-1:]
        return Draft(" ".join(kind) or self._corpus.about, named, extra)

    def _may_name(self, noun: str, rest: str, *, is_sentence: bool) -> bool:
        """Return True for words that can name the rows: known ones, and plurals in a sentence.

        No plural that stands in a value or names another column, nor one before "steel bicycles".
        """
        vocabulary = self._reader.vocabulary
        if stem(noun) in vocabulary.entity or not is_sentence or not noun.endswith("s"):
            return stem(noun) in vocabulary.entity
        # The names of rows often have the noun in them, as "Hotel Alma" does.
        values = [
            value
            for value, (_, known) in vocabulary.samples.items()
            if known.column.name != self._corpus.name_column and not self._is_label(known)
        ]
        in_values = {stem(word) for value in values for word in value.split()}
        is_before = any(stem(word) in vocabulary.entity for word in rest.split())
        columns = vocabulary.named(noun)[1]
        return not (stem(noun) in in_values or is_before) and all(map(self._is_label, columns))

    def _is_label(self, known: KnownColumn) -> bool:
        """Return True for a column of text with another value in each row."""
        if known.column.kind != "text":
            return False
        *_, cells, distinct = self._reader.vocabulary.numbers(known)
        return bool(cells == distinct)

    def _read(self, text: str) -> Reading:
        if text not in self._known:
            self._known[text] = self._reader.read(text, name="")
        return self._known[text]

    def _is_read(self, text: str) -> bool:
        return self._read(text).status == "sql"

    def _short(self, text: str) -> Reading:
        """Read a piece without "that" before it if that makes no difference."""
        whole, short = self._read(text), re.sub("^(that|which|whose|with|having) ", "", text)
        reading = self._read(short.rstrip(","))
        return reading if (reading.sql, reading.top) == (whole.sql, whole.top) else whole

    def _extra(self, text: str) -> tuple[str, dict[str, str]]:
        """Cut off "and their capital" if that names columns."""
        found = _EXTRA.search(text)
        columns: dict[str, str] = {}
        for words in re.split(r",\s*|\s+and\s+(?:their\s+|its\s+)?", found[1]) if found else ():
            size, known = self._reader.vocabulary.named(words)
            if size != len(words) or len(known) != 1:
                return text, {}
            columns[_name(known[0].column.name)] = words
        return (text[: found.start()] if found else text), columns

    def _head(self, text: str) -> tuple[list[str], str]:
        """Split the words for what is looked for from the conditions after them."""
        found = _RANK.match(text)
        rank = found[0].strip() if found else ""
        words = self._words(text[len(rank) :])
        vocabulary = self._reader.vocabulary
        for place, word in enumerate(words[1:], start=1):
            rest = " ".join(words[place:])
            if rank:  # the top 10 companies by profit, the 5 cars with the lowest price
                rest = f"{rank} {re.sub('^with (?:the )?', '', rest)}"
            is_grammar = word.strip(",").lower() in GRAMMAR or word[0].isdigit()
            is_begin = is_grammar or word.startswith(("about", "mention"))
            is_named = vocabulary.named(" ".join(words[place:]))[0] > 0 or words[
                place + 1 : place + 2
            ] == ["than"]
            if stem(word) not in vocabulary.entity and (is_begin or is_named or rank):
                return words[:place], rest
        return words, rank

    def _words(self, text: str) -> list[str]:
        """Split a text at blanks, but not within values and flags, such as "Series A"."""
        values = [
            token
            for token in self._reader.vocabulary.tokens(text)
            if token.values or any(known.column.kind == "flag" for known in token.columns)
        ]
        blanks = [found.start() for found in re.finditer(" ", text)]
        ends = [at for at in blanks if not any(value.start < at < value.end for value in values)]
        words = [text[at:end].strip() for at, end in pairwise([0, *ends, len(text)])]
        return [word.rstrip(".;:") for word in words if word]

    def _of_head(self, head: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the conditions in "electric bicycles", and "sedans" if that is a value."""
        others = [word for word in head if stem(word) not in self._reader.vocabulary.entity]
        nouns = [word for word in head[-1:] if word in others]
        words = others[: len(others) - len(nouns)]
        values = set(map(stem, self._reader.vocabulary.samples))
        pieces = words if all(map(self._is_read, words)) else [" ".join(words)]
        return pieces, [noun for noun in nouns if stem(noun) in values or self._is_read(noun)]

    def _whole(self, text: str) -> str:
        """Return a text that can be read, with omitted "and"s if necessary; else ""."""
        with_and = _with_and(text, _BEGINNINGS[0])
        texts = (text, with_and, _with_and(with_and, _BEGINNINGS[1]))
        return next(filter(self._is_read, texts), "")

    def _pieces(self, text: str) -> list[str]:
        """Split a text into conditions, including those that cannot be read."""
        if whole := self._whole(text):
            return self._cut(whole)
        parts = [part for part in _AND.split(_with_and(text, _BEGINNINGS[0])) if part]
        is_split = not re.search(r"\bor\b", text) and not all(map(self._is_read, parts))
        return parts if is_split or not text else [text]  # its parts have another meaning

    def _cut(self, text: str) -> list[str]:
        """Split a readable text at each "and" if the parts together mean the same."""
        whole = self._read(text)
        for found in _AND.finditer(text):
            one, other = self._read(text[: found.start()]), self._read(text[found.end() :])
            sql = join("AND", one.sql or "", other.sql or "")
            is_read = one.status == other.status == "sql"
            if is_read and sql == (whole.sql or "") and (one.top or other.top) == whole.top:
                return [one.description, *self._cut(other.description)]
        return [text]


def _with_and(text: str, beginnings: str) -> str:
    """Return a text with "and" before each condition that begins without it."""
    pattern = rf"(?<!and)(?<!but)(?<!or)(?<!,)\s+(?=(?:{beginnings})\s)"
    return re.sub(pattern, " and ", text, flags=re.IGNORECASE)


def _name(text: str) -> str:
    """Return a name in lower_snake_case for a text."""
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in SILENT | {"of"}]
    return "_".join(words[:6]) or "condition"
