"""What the words of a condition can stand for: columns, their values, numbers, units and dates."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, NamedTuple

from findall_frames.embedded.corpus.corpus import Column, Corpus
from findall_frames.embedded.reading.sql import literal, quoted

__all__ = [
    "COUNTS",
    "Known",
    "Number",
    "RefusedError",
    "Token",
    "Vocabulary",
    "as_word",
    "days_of",
    "split",
    "stem",
]

_SCALES: Final = {"k": 3, "thousand": 3, "m": 6, "million": 6, "bn": 9, "billion": 9} | {
    "trillion": 12
}
COUNTS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
# A line is one kind of unit. A value is `value * factor + offset` in the first unit of its line.
_UNIT_TABLE: Final = """
m metre meter=1;mm=0.001;cm=0.01;km kilometre kilometer=1000;ft foot feet=0.3048;mi mile=1609.344
kg kilogram=1;g gram=0.001;t tonne=1000;lb pound=0.45359237
s sec second=1;min minute=60;h hr hour=3600;day=86400;week=604800
month=1;yr year=12
k kelvin=1;°c celsius=1+273.15;°f fahrenheit=5/9+45967/180
m² m2=1;km² km2=1000000;ha hectare=10000
l litre liter=1;ml=0.001
m/s=1;km/h kmh=5/18;mph=0.44704
% percent pct=1
€ eur euro=1
$ usd dollar=1
£ gbp=1
"""
_PIECE: Final = re.compile(
    r"[^\W_]+?(?=n['’]t\b)|n['’]t\b|[^\W_]+(?:['’][^\W_]+)?|[<>=!]+|[^\s\w]|_"
)
_MAX_PIECES: Final = 16  # of a value that is found in a condition
_WORD: Final = re.compile(r"°?[^\W_]+(?:/[^\W_]+)?(?:['’]s?\b)?|[€$£%]")
_QUOTED: Final = re.compile(r"\"([^\"]+)\"|“([^”]+)”|'([^']+)'(?!\w)")
_ARTICLES: Final = frozenset({"the", "a", "an", "of"})
_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)
_DATE: Final = re.compile(
    rf"(?:\d{{4}}-\d\d-\d\d|(?:\d\d? )?(?:{_MONTHS})(?: \d\d?,)?(?: \d{{4}})?|\d{{4}}|\d\d?)(?!\w)",
    re.IGNORECASE,
)
_DAYS: Final = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
_MONTHS_OF_YEARS: Final = ("%B %Y", "%b %Y")
# The numbers of a version without zeros at the end; of a specifier like ">=3.8,<4", its lowest.
_VERSION: Final = r"^v?([0-9]+(?:\.[0-9]+)*?)(?:\.0+)*(?:\.?[^0-9.].*)?$"
_LOWEST: Final = (
    r"^(?:[^|]*,)?\s*(?:>=?|~=|===?)\s*v?([0-9]+(?:\.[0-9]+)*?)(?:\.0+)*(?:\.\*)?\s*(?:,[^|]*)?$"
)


class RefusedError(Exception):
    """A condition cannot be meant like this; str() says why, for a person."""


class _Unit(NamedTuple):
    kind: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


_UNITS: Final[dict[str, _Unit]] = {}
for _line in _UNIT_TABLE.strip().splitlines():
    for _entry in _line.split(";"):
        _words, _, _numbers = _entry.partition("=")
        _factor, _, _offset = _numbers.partition("+")
        _unit = _Unit(re.split("[ =]", _line)[0], Fraction(_factor), Fraction(_offset or 0))
        _UNITS.update(
            {word + end: _unit for word in _words.split() for end in ("", "s"[: len(word) - 1])}
        )
_UNIT_WORDS: Final = "|".join(re.escape(each) for each in sorted(_UNITS, key=len, reverse=True))
_NUMBER: Final = re.compile(
    r"(?P<money>[€$£])?(?P<sign>(?<!\w)[-−])?"
    r"(?P<digits>\d{1,3}(?:[, ]\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)*"
    rf"|(?i:{'|'.join(COUNTS)})\b)"
    r"(?P<scale>[kM]\b| ?(?i:thousand|million|bn|billion|trillion)\b)?"
    rf"(?: ?(?P<unit>(?i:{_UNIT_WORDS}))(?!\w))?"
)


class Number(NamedTuple):
    """A number as it was written; `scale` is 1,000,000 for "million", `unit` a word or ""."""

    digits: str
    value: Fraction
    scale: Fraction
    unit: str


class Known(NamedTuple):
    """A column as people speak of it."""

    column: Column
    names: list[list[str]]  # the ways to name it, in lower case; the first is its own in full
    unit: _Unit | None
    scale: Fraction  # what its numbers are counted in, such as millions
    sql: str
    cells: str  # SQL for its text in lower case, with bars between the entries of a list


class Token(NamedTuple):
    """A piece of a condition, with everything that it can stand for."""

    text: str = ""  # without quotes
    start: int = 0
    end: int = 0
    word: str = ""  # in lower case; "" for quoted text
    columns: Sequence[Known] = ()
    values: Mapping[str, Sequence[str]] = {}  # by column, as they stand in the cells
    number: Number | None = None
    date: str = ""  # it can be a part of one, such as "March" or "1"


def stem(word: str) -> str:
    """Take off the ending of a plural or a simple verb."""
    word = re.sub(r"['’]s?$", "", word.lower())
    if len(word) > 3:
        word = re.sub(r"(?<=\w\w\w)(ency|encies|(?<!e)ed|ings?|(?<!i)es|(?<![isu])s)$", "", word)
    word = re.sub(r"(ies|ie|y)$", "i", word).removesuffix("e")
    return re.sub(r"([^\Wlsz])\1$", r"\1", word)


def split(name: str) -> list[str]:
    """Return the words of a name in lower case, without articles."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = _WORD.findall(apart.lower())
    return [word for word in words if word not in _ARTICLES] or words


def days_of(text: str, *, near: date | None = None) -> tuple[date, date] | None:
    """Return the first and last day of a year, month or day, its missing parts those of `near`."""
    texts = [text, f"{text} {near:%B %Y}", f"{text} {near:%Y}"] if near else [text]
    for form in (*_DAYS, *_MONTHS_OF_YEARS, "%Y"):
        for said in texts:
            with suppress(ValueError):
                first = datetime.strptime(said, form).date()
                last = first if form in _DAYS else first.replace(month=12, day=31)
                if form in _MONTHS_OF_YEARS:
                    last = first.replace(day=monthrange(first.year, first.month)[1])
                return first, last
    return None


def as_word(phrase: str, *, ends: str = r"[^\pL\pN]") -> str:
    """Return a pattern for a phrase between two of `ends`, all in lower case."""
    words = (re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word) for word in phrase.split())
    return f"(^|{ends})" + r"[^\pL\pN]+".join(words) + f"({ends}|$)"


def _measure(words: list[str]) -> tuple[list[str], _Unit | None, Fraction]:
    """Take unit and scale off the end of a name, such as "gdp usd billions"."""
    rest, unit, scale = list(words), None, Fraction(1)
    while rest:
        last = rest[-1]
        if len(last) > 1 and (power := _SCALES.get(last.removesuffix("s"))):
            scale *= 10**power
        elif _UNITS.get(last) and not unit and (last != "min" or len(words) == 1):
            unit = _UNITS.get(last)  # but "temp_min" is the least of something
        elif last != "in" or rest == words:
            break
        rest.pop()
    return (words, None, Fraction(1)) if rest[-1:] == ["per"] else (rest, unit, scale)


def _known(column: Column) -> Known:
    own = split(column.name)
    if column.kind == "flag" and len(own) > 1 and own[0] in {"is", "has"}:
        own = own[1:]
    short, unit, scale = _measure(own)
    names = [own, ["".join(own)], short]
    for phrase in re.split("[,;]", column.description):
        words = split(phrase)
        is_unit = words[:1] == ["in"]
        rest, its_unit, its_scale = _measure(words[is_unit:])
        if not is_unit:
            names += [words, rest]
        elif rest:
            its_unit = _Unit(" ".join(rest))  # one that is not in the table is only itself
        if its_unit or its_scale != 1:
            unit, scale = its_unit, its_scale
    sql = quoted(column.name)
    cells = f"lower(array_to_string({sql}, '|'))" if column.kind == "list" else f"lower({sql})"
    return Known(column, [name for name in names if name], unit, scale, sql, cells)


class Vocabulary:
    """What can be said of a corpus; the same question about its data is asked once."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.columns = [_known(column) for column in corpus.columns.values()]
        name = "" if corpus.name == "table" else corpus.name
        words = f"{name} {corpus.about} {corpus.name_column or ''} row record item thing"
        self.entity = {stem(word) for word in split(words)}  # what a row is called
        self._texts = [each for each in self.columns if each.column.kind in {"text", "list"}]
        self._values: dict[str, dict[str, list[str]]] = {}
        self._rows: dict[tuple[str, ...], list[Any]] = {}

    def mentioned(self, words: Sequence[str]) -> bool:
        """Return whether the text of some row has all of the words, whatever their endings."""
        texts = [each.column.text for each in self.columns if each.column.kind in {"text", "prose"}]
        cell = f"lower(concat_ws(' ', {', '.join(texts)}))"
        stems = [word.lower()[:-3] if len(word) > 6 else word.lower() for word in words]
        has_all = " AND ".join(f"contains({cell}, ?)" for _ in stems)
        sql = f"SELECT 1 FROM {self.corpus.relation} WHERE {has_all} LIMIT 1"
        return bool(self.corpus.query(sql, stems).num_rows)

    def tokens(self, text: str) -> list[Token]:
        """Cut a condition into tokens, the longest first; what is equally long shares a token."""
        pieces = list(_PIECE.finditer(text))
        longer = [pieces[at : at + _MAX_PIECES] for at in range(len(pieces))]
        self.values(text[ends[0].start() : end.end()] for ends in longer for end in ends)
        tokens, at = list[Token](), 0
        for piece, ends in zip(pieces, longer, strict=True):
            start = piece.start()
            if start < at:
                continue
            if quote := _QUOTED.match(text, start):
                at, said = quote.end(), quote[quote.lastindex or 0]
                values = {known.column.name: [said] for known in self.columns}
                tokens.append(
                    Token(said, start, at, values=values | self.values([said])[said.lower()])
                )
                continue
            named, columns = self.named(text, start)
            counted, number = self._number(text, start)
            values_to = {end.end(): self._values_of(text[start : end.end()]) for end in ends}
            valued = max((end for end, values in values_to.items() if values), default=0)
            date_found = _DATE.match(text, start)
            dated = date_found.end() if date_found else 0
            at = max(piece.end(), named, counted, valued, dated)
            said = text[start:at]
            if said not in tuple(".?!:-_/"):
                word = "not" if said[1:] in {"'t", "’t"} else said.lower()
                token = Token(said, start, at, word, date=said if dated == at else "")
                token = token._replace(number=number) if counted == at else token
                token = token._replace(columns=columns) if named == at else token
                tokens.append(token._replace(values=values_to.get(at, {})))
        return tokens

    def named(self, text: str, start: int = 0) -> tuple[int, list[Known]]:
        """Return where the longest name of a column ends that starts here, and whose it is."""
        found = list(_WORD.finditer(text, start, start + 100))
        words = [word for word in found if word[0].lower() not in _ARTICLES]
        if not words or words[0].start() != start:
            return start, []
        said = [word[0].lower() for word in words]
        stems = [stem(word) for word in said]
        fits = [
            ((len(name), said[: len(name)] == name), known)  # better with its very endings
            for known in self.columns
            for name in known.names
            if stems[: len(name)] == [stem(word) for word in name]
        ]
        best = max((size for size, _ in fits), default=(0, False))
        whose = {known.sql: known for size, known in fits if size == best}
        return (words[best[0] - 1].end() if whose else start), list(whose.values())

    def _number(self, text: str, start: int) -> tuple[int, Number | None]:
        """Return where a number ends, and what it is; a column's name is not its unit."""
        found = _NUMBER.match(text, start)
        if found is None:
            return start, None
        end, unit = found.end(), found["unit"] or found["money"] or ""
        if found["unit"] and self.named(text, found.start("unit"))[1]:
            end, unit = max(found.end("digits"), found.end("scale")), ""
        digits = re.sub("[, ]", "", found["digits"].lower())
        digits = str(COUNTS.index(digits)) if digits in COUNTS else digits
        value = Fraction(".".join(digits.split(".")[:2])) * (-1 if found["sign"] else 1)
        scale = Fraction(10 ** _SCALES.get((found["scale"] or "").strip().lower(), 0))
        return end, Number(digits, value, scale, unit.lower())

    def values(self, phrases: Iterable[str]) -> dict[str, dict[str, list[str]]]:
        """Return by phrase in lower case and by column the values that are it in any case."""
        new = [each for each in dict.fromkeys(map(str.lower, phrases)) if each not in self._values]
        self._values |= {phrase: {} for phrase in new}
        sql = " UNION ALL ".join(
            f"SELECT DISTINCT {literal(known.column.name)} AS c, v FROM ({self._cells(known)}) "
            "WHERE lower(v) IN (SELECT unnest($1))"
            for known in self._texts
        )
        for row in self.corpus.query(sql, [new]).to_pylist() if new and sql else ():
            there = self._values.setdefault(row["v"].lower(), {})
            there.setdefault(row["c"], []).append(row["v"])
        return self._values

    def _values_of(self, phrase: str) -> dict[str, list[str]]:
        """Return where a phrase is a value; "Apache license" rather names a column as well."""
        there = self._values[phrase.lower()]
        stems = [stem(word) for word in split(phrase)] if there else []
        named = {
            known.column.name
            for known in self._texts
            if len(stems) > 1 and stem(known.names[0][-1]) in (stems[0], stems[-1])
        }
        return {name: values for name, values in there.items() if name not in named}

    @cached_property
    def samples(self) -> dict[str, tuple[str, Known]]:
        """Some values of text columns by their lower case, each as it is shown, and its column."""
        found: dict[str, tuple[str, Known]] = {}
        for known in self._texts:
            sql = f"SELECT DISTINCT v FROM ({self._cells(known)} LIMIT 100000) LIMIT 500"
            values = self.corpus.query(sql)["v"].to_pylist()
            found |= {v.lower(): (f"{v!r} ({known.sql})", known) for v in values if v}
        return found

    def near(self, word: str) -> dict[str, Known]:
        """Return columns and values that are spelt like a word, or have it in their names."""
        names = {" ".join(name): known for known in self.columns for name in known.names}
        close = get_close_matches(word.lower(), [*self.samples, *names], 2, 0.75)
        close += [name for name in names if stem(word) in map(stem, name.split())][:2]
        shown = {name: (known.sql, known) for name, known in names.items()} | self.samples
        return dict(shown[each] for each in close)

    def hits(self, known: Known, phrase: str) -> list[int]:
        """Return how many cells are a phrase, hold it as words, as an item, and as a part."""
        sql = (
            "SELECT count_if(v = $1), count_if(regexp_matches(v, $2)), "
            "count_if(v <> $1 AND regexp_matches(v, $3)), count_if(contains(v, $1)) "
            f"FROM (SELECT lower(v) AS v FROM ({self._cells(known)}))"
        )
        return self._row(sql, phrase, as_word(phrase), as_word(phrase, ends=r"\s*[|;,/]\s*"))

    def numbers(self, known: Known) -> list[Any]:
        """Return least and greatest value, how many there are, and how many of them differ."""
        c = known.sql
        sql = f"SELECT min({c}), max({c}), count({c}), count(DISTINCT {c})"
        return self._row(f"{sql} FROM {self.corpus.relation}")

    def amount(self, known: Known, number: Number) -> str:
        """Return a number in the unit and scale of a column, or raise `RefusedError`."""
        value, mine, its = number.value * number.scale, _UNITS.get(number.unit), known.unit
        entry = f'columns={{"{known.column.name}": "in …"}}'
        if number.digits.count(".") > 1 or known.column.kind != "number":
            raise RefusedError(f"{number.digits} and {known.sql} are not both numbers")
        if mine and (not its or mine.kind != its.kind):
            has = f"is in {its.kind}" if its else f"states no unit: {entry}"
            raise RefusedError(f"The number is in {number.unit}, and {known.sql} {has}")
        if mine and its:
            value = (value * mine.factor + mine.offset - its.offset) / its.factor
        if known.scale > 1 and (number.scale > 1 or value >= known.scale):
            value /= known.scale
        elif number.scale > 1 and value > 100 * Fraction(self.numbers(known)[1] or 0):
            raise RefusedError(f"{known.sql} holds nothing near; state what it counts: {entry}")
        return str(value) if value.denominator == 1 else f"{float(value):.12g}"

    def versions(self, known: Known) -> tuple[str, bool]:
        """Return SQL for the numbers of versions, or "", and whether it is the lowest allowed."""
        for sign, pattern in ((r"^v?\d+\.\d", _VERSION), (r"^\s*[<>=!~^]", _LOWEST)):
            sql = "SELECT avg(CAST(regexp_matches(v, $1) AS INTEGER))"
            (share,) = self._row(f"{sql} FROM ({self._cells(known)})", sign)
            if (share or 0) >= 0.9:
                part = f"nullif(regexp_extract({known.sql}, {literal(pattern)}, 1), '')"
                return f"TRY_CAST(string_split({part}, '.') AS INTEGER[])", pattern == _LOWEST
        return "", False

    def _cells(self, known: Known) -> str:
        """A query for the texts of a column, or the entries of its lists, as v."""
        entry = f"unnest({known.sql})" if known.column.kind == "list" else known.sql
        return f"SELECT CAST({entry} AS VARCHAR) AS v FROM {self.corpus.relation}"

    def _row(self, sql: str, *parameters: str) -> list[Any]:
        if (key := (sql, *parameters)) not in self._rows:
            self._rows[key] = list(self.corpus.query(sql, parameters).to_pylist()[0].values())
        return self._rows[key]
