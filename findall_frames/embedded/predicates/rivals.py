"""Comparisons with another row of the corpus: taller than the Eiffel Tower, above average."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.words import fold, phrases, tokens
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.marks import Marks
from findall_frames.embedded.texts.prose import Mention

__all__ = ["Rivals"]

_COMPARED = re.compile(
    r"\b(?P<not>(?:not|no|never)\s+)?(?P<degree>more|less|fewer|[^\W\d_]+er|worse)\b"
    r"(?P<between>(?:\s+[^\W\d_]+){0,3}?)\s+than\s+(?P<other>.+)"
)
_TIMED = re.compile(r"\b(?P<side>before|after)\s+(?P<other>[^\d\s].*)")
_AVERAGE = re.compile(
    r"\b(?P<side>above|below|over|under|(?P<more>more|better)"
    r"|less|worse|[^\W\d_]+er)(?P<between>(?:\s+[^\W\d_]+)?)[\s-]+(?:than\s+)?"
    r"(?:the\s+|an?\s+)?"
    r"(?P<which>average|mean|median)\b"
)
_SAME = re.compile(
    r"\b(?:the\s+)?same\s+(?P<what>[^\W\d_]+(?:\s[^\W\d_]+)?)\s+as\s+(?P<other>.+)", re.IGNORECASE
)
_BEFORE_NAME = re.compile(r"(?:the|that of|those of|that in|those in|in|of|for|at)\s+")
_SPLIT = re.compile(r"\b(?:and|or|but|while|which|that|with)\b|[,;]")
_UP = frozenset(
    phrases("more, greater, higher, larger, bigger, later, longer, better, above, over")
)
_DOWN = frozenset(phrases("less, fewer, lower, smaller, earlier, shorter, worse, below, under"))
_AGES = {"older": -1, "newer": 1, "younger": 1}
_TIMELY = frozenset(phrases("before, after, earlier, later, sooner, older, newer, younger"))
_LONGEST_NAME = 8
_LONG_NAME = 4
_LONGEST = 100
"""Words of a condition that may compare with other rows."""
_FEW_ROWS = 100_000


class Rivals:
    """Replaces what is compared with another row by the comparison itself.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon
        self._names = linker.corpus.column(linker.corpus.name_column)
        self._marks = Marks()
        self._folded: pa.Array | None = None

    def replace(self, text: str, marks: Marks) -> str:
        """The text with a mark for each such comparison."""
        self._marks = marks
        if text.count(" ") > _LONGEST:
            return text  # no question, and long to take apart
        text = _SAME.sub(self._same, _AVERAGE.sub(self._average, text))
        for pattern in (_COMPARED, _TIMED):
            start = 0
            while (match := pattern.search(fold(text), start)) is not None:
                made = self._made(match, fold(text)) if len(fold(text)) == len(text) else None
                if made is None:
                    start = match.start() + 1
                    continue
                end, comparison, kept = made
                text = f"{text[: match.start()]}{self._marks.put(comparison)} {kept} {text[end:]}"
                start = 0
        return text

    def _made(self, match: re.Match[str], said: str) -> tuple[int, Comparison, str] | None:
        """Where the comparison ends, what it is, and the words in it that may name its column."""
        named = self._row_named(match["other"])
        if named is None:
            return None
        size, position = named
        groups = match.groupdict()
        word = groups.get("degree") or groups["side"]
        between = (groups.get("between") or "").strip()
        end = match.start("other") + size
        around = [*_part(said[: match.start()], last=True), *tokens(between), *_part(said[end:])]
        column, direction = self._column(word, around)
        if column is None or not direction:
            # What is bigger than a row is not that row, even if no column tells what is big.
            lost = Mention(
                (word, *tokens(match["other"][:size])), self._linker.texts, self._lexicon
            )
            settled = replace(_nought(match.group()), settled=lost)
            return (end, settled, between) if word not in {"before", "after"} else None
        value = column.day_list([position])[0] if column.kind == "date" else None
        amount = column.amounts([position])[0] if column.kind == "number" else None
        shown = value if column.kind == "date" else amount
        if shown is None:
            return None
        text = f"{word} than {match['other'][:size]}"
        if groups.get("not"):
            return end, _comparison(column, shown, -direction, text, closed=True), between
        return end, _comparison(column, shown, direction, text, closed=False), between

    def _row_named(self, text: str) -> tuple[int, int] | None:
        """How many characters of a text name a row, and which."""
        article = _BEFORE_NAME.match(text)
        skipped = article.end() if article else 0
        words = list(re.finditer(r"[^\s,;]+", text[skipped:]))[:_LONGEST_NAME]
        if len(words) > 1 and self._linker.is_kind(words[0].group()):
            # "Lake Geneva", where it is just Geneva; but "Lake Placid" first.
            named = self._first_named(text, skipped, words)
            skipped += words[1].start()
            words = [] if named else list(re.finditer(r"[^\s,;]+", text[skipped:]))
            if named:
                return named
        return self._first_named(text, skipped, words[:_LONGEST_NAME])

    def _first_named(
        self, text: str, skipped: int, words: Sequence[re.Match[str]]
    ) -> tuple[int, int] | None:
        """The longest of the names that begin here, and the row that has it."""
        for last in reversed(words):
            name = text[skipped : skipped + last.end()].strip()
            row = self._row_called(name)
            if row is not None:
                return skipped + last.end(), row
        return None

    def _row_called(self, name: str) -> int | None:
        """The one row of a name, in whatever case, with or without an article and accents."""
        if self._folded is None:
            texts = self._names.texts
            # Few names have accents, and of many rows none is looked at one by one.
            small = len(texts) <= _FEW_ROWS
            self._folded = (
                pa.array(map(fold, texts.to_pylist()), pa.large_string())
                if small
                else pc.utf8_lower(texts)
            )
        bare = name.removeprefix("the ")
        wanted = pa.array([bare, f"the {bare}"], pa.large_string())
        rows = pc.indices_nonzero(pc.fill_null(pc.is_in(self._folded, value_set=wanted), False))
        if (
            not len(rows)
            and not self._linker.is_kind(bare)
            and len(bare) >= _LONG_NAME
            and len(self._folded) <= _FEW_ROWS
        ):
            # A surname will do where one row has it.
            ended = pc.ends_with(self._folded, f" {bare}")
            rows = pc.indices_nonzero(pc.fill_null(ended, False))
        return int(rows[0].as_py()) if len(rows) == 1 else None

    def _column(self, word: str, around: Sequence[str]) -> tuple[Column | None, int]:
        """The column that words of comparison are about, and in which direction."""
        hints = [w for w in around if Token(w).is_content]
        direction = (word in _UP or word == "after") - (word in _DOWN or word == "before")
        direction = self._lexicon.direction(word) or _AGES.get(word) or direction
        attributes = self._lexicon.attributes(word)
        for adjective in hints if word in {"more", "less"} else ():
            own = self._lexicon.direction(adjective)
            if own:
                direction = own if word == "more" else -own
                attributes = self._lexicon.attributes(adjective)
        column = self._best_column(hints, attributes, timely=word in _TIMELY)
        if column is None:
            return None, 0
        if self._lexicon.direction(word):
            direction = self._lexicon.direction_in(word, self._linker.measures(column))
        return column, _AGES.get(word, direction) if _dated(column) else direction

    def _best_column(
        self, hints: Sequence[str], attributes: Sequence[str], *, timely: bool
    ) -> Column | None:
        """The column that the words name; those that only an adjective implies count half."""
        columns = [c for c in self._linker.columns if c.kind in {"number", "date"}]
        if timely:
            named = {"age"} if attributes else set()
            columns = [c for c in columns if _dated(c) or named & set(c.words)]
        found = self._linker.measured(columns, hints, attributes)
        if found and (len(found) == 1 or found[0][0] > found[1][0]):
            return found[0][1]
        dated = self._linker.begun([c for c in columns if _dated(c)]) if timely else []
        return dated[0] if len(dated) == 1 else None

    def _same(self, match: re.Match[str]) -> str:
        """The same country as Chad, by the value that Chad has."""
        named = self._row_named(fold(match["other"]))
        kinds = ("text", "number", "date")
        columns = self._linker.named(tokens(match["what"]), kinds)
        if named is None or not columns or columns[0].column is self._names:
            return match.group()
        size, position = named
        column, rest = columns[0].column, match["other"][size:]
        if column.kind == "text":
            value = column.text_list([position])[0]
            return f'{match["what"]} "{value}"{rest}' if value is not None else match.group()
        values = column.day_list if column.kind == "date" else column.amounts
        value = values([position])[0]
        if value is None:
            return match.group()
        text = match.group()[: len(match.group()) - len(rest)]
        made = _comparison(column, value, 1, text, closed=True)
        return f"{self._marks.put(replace(made, high=made.low))} {rest}"

    def _average(self, match: re.Match[str]) -> str:
        said = fold(match.string)
        around = [
            *_part(said[: match.start()], last=True),
            *tokens(match["between"]),
            *_part(said[match.end() :]),
        ]
        word = fold(match["side"])
        column, direction = self._column(word, around)
        if column is None or column.kind != "number":
            return match.group()
        mean = pc.mean if match["which"] != "median" else pc.approximate_median
        amount = mean(column.numbers).as_py()
        if amount is None:
            return match.group()
        made = _comparison(column, amount, direction, match.group(), closed=False)
        return f"{self._marks.put(made)} {match['between'].strip()} "


def _nought(text: str) -> Comparison:
    nought = Quantity(0, 0, text, 0.0, 0.0)
    return Comparison(nought, nought, text=text)


def _part(text: str, *, last: bool = False) -> list[str]:
    """The words of a text up to where another clause begins."""
    parts = _SPLIT.split(text)
    return tokens(parts[-1] if last else parts[0])


def _dated(column: Column) -> bool:
    return column.kind == "date" or column.year_like


def _comparison(
    column: Column, value: Any, direction: int, text: str, *, closed: bool
) -> Comparison:
    """More, or less, than a value of a column; `closed` where the value itself is inside."""
    if column.kind == "date":
        year = float(value.year)
        end = Quantity(0, 0, str(value), year, year, dates=(value, value))
    else:
        end = Quantity(0, 0, str(value), float(value), float(value))
    if direction > 0:
        return Comparison(end, None, not closed, text=text, column=column.name)
    return Comparison(None, end, high_open=not closed, text=text, column=column.name)
