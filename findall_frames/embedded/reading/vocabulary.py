"""What the words of a condition can mean over a corpus: columns, values, numbers, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, NamedTuple

from findall_frames.embedded.corpus.corpus import (
    Column,
    Corpus,
    blocks,
    literal,
    quoted,
    stacked,
)
from findall_frames.embedded.reading.lexicon import (
    ARTICLES,
    COUNTS,
    DATE,
    NUMBER,
    PIECE,
    QUOTED,
    SCALES,
    UNITS,
    WORD,
    Number,
    RefusalError,
    Unit,
    as_word,
    measure_of,
    split,
    stem,
)

__all__ = ["KnownColumn", "Token", "Vocabulary"]

_MAX_PIECES: Final = 16
"""How many pieces of a condition are looked up as one value at most."""
# The numbers of a version without trailing zeros, and the lowest in a specifier like ">=3.8,<4".
_VERSION: Final = r"^v?([0-9]+(?:\.[0-9]+)*?)(?:\.0+)*(?:\.?[^0-9.].*)?$"
_LOWEST: Final = (
    r"^(?:[^|]*,)?\s*(?:>=?|~=|===?)\s*v?([0-9]+(?:\.[0-9]+)*?)(?:\.0+)*(?:\.\*)?\s*(?:,[^|]*)?$"
)


class KnownColumn(NamedTuple):
    """A column with the words and units that people use for it."""

    column: Column
    names: list[list[str]]  # ways to name it, in lower case; the first is its own name in full
    unit: Unit | None
    scale: Fraction  # what its numbers count, such as millions
    sql: str
    cells: str  # SQL for its text in lower case, with bars between the entries of a list


class Token(NamedTuple):
    """A piece of a condition, with everything that it can mean."""

    text: str = ""  # without quotes
    start: int = 0
    end: int = 0
    word: str = ""  # in lower case; "" for quoted text
    columns: Sequence[KnownColumn] = ()
    values: Mapping[str, Sequence[str]] = {}  # by column, verbatim
    number: Number | None = None
    date: str = ""  # a date or a part of one, such as "March" or "1"


def _known(column: Column) -> KnownColumn:
    own = split(column.name)
    if column.kind == "flag" and len(own) > 1 and own[0] in {"is", "has"}:
        own = own[1:]
    short, unit, scale = measure_of(own)
    names = [own, ["".join(own)], short]
    for phrase in re.split("[,;]", column.description):
        words = split(phrase)
        is_unit = words[:1] == ["in"]
        rest, its_unit, its_scale = measure_of(words[is_unit:])
        if not is_unit:
            names += [words, rest]
        elif rest:
            its_unit = Unit(" ".join(rest))  # an unknown unit cannot be converted
        if its_unit or its_scale != 1:
            unit, scale = its_unit, its_scale
    sql = quoted(column.name)
    cells = f"lower(array_to_string({sql}, '|'))" if column.kind == "list" else f"lower({sql})"
    return KnownColumn(column, [name for name in names if name], unit, scale, sql, cells)


class Vocabulary:
    """The words that have a meaning over a corpus; repeated queries on its data are cached."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.columns = [_known(column) for column in corpus.columns.values()]
        name = "" if corpus.name == "table" else corpus.name
        words = f"{name} {corpus.about} {corpus.name_column or ''} row record item thing"
        self.entity = {stem(word) for word in split(words)}  # names for a row
        self._texts = [each for each in self.columns if each.column.kind in {"text", "list"}]
        self._values: dict[str, dict[str, list[str]]] = {}
        self._rows: dict[tuple[str, ...], list[Any]] = {}

    def mentioned(self, words: Sequence[str]) -> bool:
        """Return True if the text of some row has all of the words, whatever their endings."""
        texts = [each.column.text for each in self.columns if each.column.kind in {"text", "prose"}]
        cell = f"lower(concat_ws(' ', {', '.join(texts)}))"
        stems = [word.lower()[:-3] if len(word) > 6 else word.lower() for word in words]
        has_all = " AND ".join(f"contains({cell}, ?)" for _ in stems)
        sql = f"SELECT 1 FROM {self.corpus.relation} WHERE {has_all} LIMIT 1"
        return bool(self.corpus.query(sql, stems).num_rows)

    def tokens(self, text: str) -> list[Token]:
        """Split a condition into the longest tokens; meanings of equal length share one."""
        pieces = list(PIECE.finditer(text))
        longer = [pieces[at : at + _MAX_PIECES] for at in range(len(pieces))]
        self.values(text[ends[0].start() : end.end()] for ends in longer for end in ends)
        tokens, at = list[Token](), 0
        for piece, ends in zip(pieces, longer, strict=True):
            start = piece.start()
            if start < at:
                continue
            if quote := QUOTED.match(text, start):
                at, inside = quote.end(), quote[quote.lastindex or 0]
                anywhere = {known.column.name: [inside] for known in self.columns}
                verbatim = self.values([inside])[inside.lower()]
                tokens.append(Token(inside, start, at, values=anywhere | verbatim))
                continue
            named, columns = self.named(text, start)
            counted, number = self._number(text, start)
            values_to = {end.end(): self._values_of(text[start : end.end()]) for end in ends}
            valued = max((end for end, values in values_to.items() if values), default=0)
            date_found = DATE.match(text, start)
            dated = date_found.end() if date_found else 0
            at = max(piece.end(), named, counted, valued, dated)
            longest = text[start:at]
            if longest not in tuple(".?!:-_/"):
                word = "not" if longest[1:] in {"'t", "’t"} else longest.lower()
                token = Token(longest, start, at, word, date=longest if dated == at else "")
                token = token._replace(number=number) if counted == at else token
                token = token._replace(columns=columns) if named == at else token
                tokens.append(token._replace(values=values_to.get(at, {})))
        return tokens

    def named(self, text: str, start: int = 0) -> tuple[int, list[KnownColumn]]:
        """Return the end of the longest column name that starts here, and its columns."""
        found = list(WORD.finditer(text, start, start + 100))
        words = [word for word in found if word[0].lower() not in ARTICLES]
        if not words or words[0].start() != start:
            return start, []
        given = [word[0].lower() for word in words]
        stems = [stem(word) for word in given]
        fits = [
            ((len(name), given[: len(name)] == name), known)  # exact endings are better
            for known in self.columns
            for name in known.names
            if stems[: len(name)] == [stem(word) for word in name]
        ]
        best = max((size for size, _ in fits), default=(0, False))
        whose = {known.sql: known for size, known in fits if size == best}
        return (words[best[0] - 1].end() if whose else start), list(whose.values())

    def _number(self, text: str, start: int) -> tuple[int, Number | None]:
        """Return a number and its end; a word that names a column is not taken for its unit."""
        found = NUMBER.match(text, start)
        if found is None:
            return start, None
        end, unit = found.end(), found["unit"] or found["money"] or ""
        if found["unit"] and self.named(text, found.start("unit"))[1]:
            end, unit = max(found.end("digits"), found.end("scale")), ""
        digits = re.sub("[, ]", "", found["digits"].lower())
        digits = str(COUNTS.index(digits)) if digits in COUNTS else digits
        value = Fraction(".".join(digits.split(".")[:2])) * (-1 if found["sign"] else 1)
        scale = Fraction(10 ** SCALES.get((found["scale"] or "").strip().lower(), 0))
        return end, Number(digits, value, scale, unit.lower())

    def values(self, phrases: Iterable[str]) -> dict[str, dict[str, list[str]]]:
        """Return values equal to the phrases but for case, by lower-case phrase and column."""
        new = [each for each in dict.fromkeys(map(str.lower, phrases)) if each not in self._values]
        self._values |= {phrase: {} for phrase in new}
        for row in self._equal(new) if new else ():
            there = self._values.setdefault(row["v"].lower(), {})
            there.setdefault(row["c"], []).append(row["v"])
        return self._values

    def _equal(self, phrases: Sequence[str]) -> Iterator[dict[str, str]]:
        """Yield each value equal to one of the phrases but for case, and its column."""
        for kind, type_, value in (
            ("text", "VARCHAR", "cell"),
            ("list", "VARCHAR[]", "unnest(cell)"),
        ):
            names = [each.column.name for each in self._texts if each.column.kind == kind]
            for block in blocks(names):
                cells = [f"CAST({quoted(name)} AS {type_})" for name in block]
                sql = (
                    f"SELECT DISTINCT place, v FROM (SELECT place, {value} AS v "
                    f"FROM {stacked(cells, self.corpus.relation)}) "
                    "WHERE lower(v) IN (SELECT unnest($1)) ORDER BY place, v"
                )
                for row in self.corpus.query(sql, [phrases]).to_pylist():
                    yield {"c": block[row["place"]], "v": row["v"]}

    def _values_of(self, phrase: str) -> dict[str, list[str]]:
        """Return the values that a phrase equals, unless it names the column too: "MIT license"."""
        there = self._values[phrase.lower()]
        stems = [stem(word) for word in split(phrase)] if there else []
        named = {
            known.column.name
            for known in self._texts
            if len(stems) > 1 and stem(known.names[0][-1]) in (stems[0], stems[-1])
        }
        return {name: values for name, values in there.items() if name not in named}

    @cached_property
    def samples(self) -> dict[str, tuple[str, KnownColumn]]:
        """Some values of text columns in lower case, each with how it is shown and its column."""
        found: dict[str, tuple[str, KnownColumn]] = {}
        for known in self._texts:
            sql = f"SELECT DISTINCT v FROM ({self._cells(known)} LIMIT 100000) LIMIT 500"
            values = self.corpus.query(sql)["v"].to_pylist()
            found |= {v.lower(): (f"{v!r} ({known.sql})", known) for v in values if v}
        return found

    def near(self, word: str) -> dict[str, KnownColumn]:
        """Return columns and values spelt like a word, and columns with the word in their names."""
        names = {" ".join(name): known for known in self.columns for name in known.names}
        close = get_close_matches(word.lower(), [*self.samples, *names], 2, 0.75)
        close += [name for name in names if stem(word) in map(stem, name.split())][:2]
        shown = {name: (known.sql, known) for name, known in names.items()} | self.samples
        return dict(shown[each] for each in close)

    def hits(self, known: KnownColumn, phrase: str) -> list[int]:
        """Count the cells that equal a phrase, contain it as words, as an item, and at all."""
        sql = (
            "SELECT count_if(v = $1), count_if(regexp_matches(v, $2)), "
            "count_if(v <> $1 AND regexp_matches(v, $3)), count_if(contains(v, $1)) "
            f"FROM (SELECT lower(v) AS v FROM ({self._cells(known)}))"
        )
        return self._row(sql, phrase, as_word(phrase), as_word(phrase, ends=r"\s*[|;,/]\s*"))

    def numbers(self, known: KnownColumn) -> list[Any]:
        """Return the least and greatest number, and how many values and distinct ones there are."""
        c = known.sql
        # Python has no dates before the year 1 or after 9999, and no infinite ones.
        ends = f"min({c}), max({c})" if known.column.kind == "number" else "NULL, NULL"
        sql = f"SELECT {ends}, count({c}), count(DISTINCT {c})"
        return self._row(f"{sql} FROM {self.corpus.relation}")

    def amount(self, known: KnownColumn, number: Number) -> str:
        """Return a number in the unit and scale of a column, or raise `RefusalError`."""
        value, mine, its = number.value * number.scale, UNITS.get(number.unit), known.unit
        entry = f'columns={{"{known.column.name}": "in …"}}'
        if number.digits.count(".") > 1 or known.column.kind != "number":
            raise RefusalError(
                f"{known.sql} cannot be compared with {number.digits}: expected numbers"
            )
        if re.fullmatch(r"[1-9]\d?\d?\.\d{3}", number.digits):
            whole, decimal = number.digits.replace(".", ""), f"{number.digits}0"
            raise RefusalError(
                f"{number.digits} can mean {whole} or {decimal.rstrip('0').rstrip('.')}: "
                f"write {whole} or {decimal}"
            )
        if mine and (not its or mine.kind != its.kind):
            has = f"is in {its.kind}" if its else f"has no known unit: pass {entry}"
            raise RefusalError(f"The number is in {number.unit}, but {known.sql} {has}")
        if mine and its:
            value = (value * mine.factor + mine.offset - its.offset) / its.factor
        if known.scale > 1 and (number.scale > 1 or value >= known.scale):
            value /= known.scale
        elif number.scale > 1 and value > 100 * Fraction(self.numbers(known)[1] or 0):
            raise RefusalError(
                f"No value of {known.sql} comes near; state what it counts: pass {entry}"
            )
        return str(value) if value.denominator == 1 else f"{float(value):.12g}"

    def versions(self, known: KnownColumn) -> tuple[str, bool]:
        """Return SQL for the numbers of versions, or "", and True if these are lower bounds."""
        for sign, pattern in ((r"^v?\d+\.\d", _VERSION), (r"^\s*[<>=!~^]", _LOWEST)):
            sql = "SELECT avg(CAST(regexp_matches(v, $1) AS INTEGER))"
            (share,) = self._row(f"{sql} FROM ({self._cells(known)})", sign)
            if (share or 0) >= 0.9:
                part = f"nullif(regexp_extract({known.sql}, {literal(pattern)}, 1), '')"
                return f"TRY_CAST(string_split({part}, '.') AS INTEGER[])", pattern == _LOWEST
        return "", False

    def _cells(self, known: KnownColumn) -> str:
        """Return a query for the texts of a column, or the entries of its lists, as v."""
        entry = f"unnest({known.sql})" if known.column.kind == "list" else known.sql
        return f"SELECT CAST({entry} AS VARCHAR) AS v FROM {self.corpus.relation}"

    def _row(self, sql: str, *parameters: str) -> list[Any]:
        if (key := (sql, *parameters)) not in self._rows:
            found = self.corpus.query(sql, parameters)
            self._rows[key] = [column[0].as_py() for column in found.columns]
        return self._rows[key]
