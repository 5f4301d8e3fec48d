"""Numbers, days and times as people write them, recognised by the shapes of a column's cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "DateFormats",
    "Decimal",
    "DoubtError",
    "Numerals",
    "Shape",
    "date_formats",
    "is_date",
    "is_number",
    "read_numerals",
    "standard_type",
]

Decimal: TypeAlias = Literal[".", ","]

# ISO 4217 codes, and other signs and abbreviations of currencies.
_CODES: Final = """
    AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW
    MXN MYR NGN NOK NZD PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR
"""
_MONEY: Final = (
    f"[A-Z]{{0,2}}[$¢-¥฿\u20a0-\u20c0]|{'|'.join(_CODES.split())}"
    r"|[Ee]uros?|kr|zł|Kč|Ft|lei|Rs\.?|S?Fr\.?|DM"
)
# Unambiguous symbols of units; letters that can also mean thousands or millions are left out.
_SYMBOLS: Final = """
    % ‰ ° °C °F kg g mg µg t lb lbs oz km m cm mm µm nm mi ft yd ha km² m² cm² m³ cm³ l L ml mL cl
    hl h hrs min s sec ms km/h m/s mph W kW MW GW Wh kWh MWh GWh TWh kJ MJ kcal Hz kHz MHz GHz Pa
    kPa hPa bar mbar psi kB KB MB GB TB dB
"""
_UNIT: Final = "|".join(map(re.escape, sorted(_SYMBOLS.split(), key=len, reverse=True)))
_NOTE: Final = r"\[[^\[\]]{1,10}\]|[*†‡§]"
_NUMBER: Final = re.compile(
    rf"""
    \s*(?P<outer>[-+−(]?)\s*(?P<before>{_MONEY})?\s*(?P<inner>[-−(]?)
    (?P<body>
        9{{1,3}}(?P<by>[.,'’\s])999(?:(?P=by)999)*(?:(?!(?P=by))[.,]9+)?
        | 9*[.,]9+
        | 9+
        | (?i:inf|infinity)
    )
    (?P<exponent>[eE][-+]?9+)?
    \s*(?P<after>{_MONEY}|{_UNIT})?(?P<close>\)|\s?[-−])?
    (?:\s*(?:{_NOTE}))*\s*
    """,
    re.VERBOSE,
)
_EXACT_DIGITS: Final = 15
"""Digits of a whole number that a DOUBLE keeps in any case."""
_GROUPS: Final = "'’ \t\u00a0\u2009\u202f"
"""Separators of thousands besides points and commas."""

_ISO: Final = re.compile(
    r"9999-99-99(?P<time>[T ]9{1,2}:99(:99)?(\.9{1,9})?[ ]?(?P<zone>Z|UTC|GMT|[+-]99(:?99)?)?)?"
)
_TIME: Final = re.compile(r"9{1,2}:99:99(?:\.9{1,6})?")
# Day, month and a year of four digits; the month may be a word, and a time may follow.
_DAY: Final = re.compile(
    r"(?P<day>(?:9{1,2}[./-]9{1,2}[./-]9999|9999[./]9{1,2}[./]9{1,2}"
    r"|9{1,2}\.?[ -][A-Za-z]{3,9}[ -]9999|[A-Za-z]{3,9} 9{1,2},? 9999))"
    r"(?:(?P<between>,? )(?P<clock>9{1,2}:99(?::99)?(?:\.9{1,6})?)(?P<half> ?[AaPp][Mm])?)?"
)


class Shape(NamedTuple):
    """The cells of a column that differ only in their digits."""

    text: str  # the cell with a 9 for every digit
    least: str  # the first of these cells in text order
    zero_ended: bool  # True if one of them ends in 0


class DoubtError(Exception):
    """The cells can be read in two ways; the message says which."""


class Numerals(NamedTuple):
    """How to read the cells of a column as numbers."""

    type: str  # DuckDB's type for them
    sql: str  # an expression with {0} for the column
    unit: str  # the unit, if every cell states it
    decimal: Decimal | None  # the decimal sign, if the cells prove it
    assumption: str  # how an ambiguous cell was read, if that makes a difference


def is_number(shape: str) -> bool:
    """Return True if cells of this shape can be numbers."""
    return _NUMBER.fullmatch(shape) is not None


def read_numerals(
    shapes: Sequence[Shape], *, name: str, decimal: Decimal | None, usual: Decimal | None
) -> Numerals | None:
    """Return how to read a column as numbers; None if some cells are not, or are codes.

    If the cells do not prove the decimal sign, `decimal` is used, or the `usual` one if every
    ambiguous cell has it. `name` is the column's name in lower-case words.

    Raises
    ------
    DoubtError
        The cells are numbers, but ambiguous ones.
    """
    matches = [(shape, _NUMBER.fullmatch(shape.text)) for shape in shapes]
    cells = [_Cells(shape, match) for shape, match in matches if match is not None]
    if len(cells) < len(shapes) or _are_codes(cells):
        return None
    unit, proven = _unit(cells), _decimal(cells)
    ambiguous = [each for each in cells if each.is_ambiguous]
    decided, assumption = proven or ".", ""
    if ambiguous and proven is None:
        if decimal is None and all(each.marks == usual for each in cells):
            decimal = usual
        least = ambiguous[0].shape.least
        digits = re.sub(r"[^\d.,]", "", least)
        whole, parted = (re.sub("[.,]", mark, digits) for mark in ("", "."))
        if decimal is None:
            raise DoubtError(f"{least!r} could be {whole} or {parted}")
        decided, assumption = decimal, f"{least!r} as {parted if decimal in digits else whole}"
    _check_quantities(cells, name=name)
    type_ = "HUGEINT" if any(each.body.count("9") > 18 for each in cells) else "BIGINT"
    if any(decided in each.body or each.is_float for each in cells):
        type_ = "DOUBLE"
        for each in cells:
            if each.body.partition(decided)[0].count("9") > _EXACT_DIGITS:
                raise DoubtError(f"{each.shape.least!r} would be rounded beside fractions")
    return Numerals(type_, _sql(cells, decided, type_), unit, proven, assumption)


class _Cells:
    """The cells of one shape, with the parts of the number."""

    def __init__(self, shape: Shape, match: re.Match[str]) -> None:
        self.shape, self.match = shape, match
        self.body, self.by = match["body"], match["by"] or ""
        self.first = shape.least[match.start("body")]
        self.marks = re.sub("[^.,]", "", self.body)
        self.is_float = match["exponent"] is not None or self.body[0] in "iI"
        self.unit = (match["before"] or match["after"] or "").rstrip(".")
        self.in_brackets = "(" in match["outer"] + match["inner"]
        close = match["close"] or ""
        self.ends_in_minus = close.strip() in {"-", "−"}
        self.is_closed = close == ")"

    @property
    def is_ambiguous(self) -> bool:
        """True if the only mark could separate thousands or the fraction: 1,234."""
        return len(self.marks) == 1 and self.by in {".", ","} and self.first != "0"

    @property
    def is_code(self) -> bool:
        """True for forms that numbers do not have: 007, 0.123.456, +49301234567."""
        grouped = bool(self.by) and len(self.marks) != 1
        padded = self.first == "0" and (self.body.startswith("99") or grouped)
        dialled = self.match["outer"] == "+" and self.body.count("9") >= 7
        one_sided = self.in_brackets != self.is_closed
        signed = self.match["outer"] + self.match["inner"]
        # Accounting programs write 1.234,50-; but 5- is a range or a mark.
        is_open = self.ends_in_minus and bool(signed or not self.marks)
        around = bool(self.match["before"] and self.match["after"])
        return padded or dialled or one_sided or is_open or around


def _are_codes(cells: Sequence[_Cells]) -> bool:
    """Return True for codes, network addresses and telephone numbers."""
    addresses = all(each.marks == "..." for each in cells)
    telephones = len(cells) == 1 and cells[0].by.isspace() and not cells[0].unit
    return addresses or telephones or any(each.is_code for each in cells)


def _unit(cells: Sequence[_Cells]) -> str:
    """Return the unit of all cells; "" if some of them state no currency."""
    units = {each.unit for each in cells if each.body[0] not in "iI"}
    stated = sorted(units - {""})
    if len(stated) > 1:
        raise DoubtError(f"some are in {stated[0]}, some in {stated[1]}")
    if not stated or "" not in units:
        return "".join(stated)
    if not re.fullmatch(_MONEY, stated[0]):
        raise DoubtError(f"some are in {stated[0]}, some state no unit")
    return ""


def _decimal(cells: Sequence[_Cells]) -> Decimal | None:
    """Return the decimal sign that the cells prove, if any."""
    proven: set[Decimal] = set()
    for marks in (each.marks for each in cells if each.marks and not each.is_ambiguous):
        repeated = len(marks) > 1 and len(set(marks)) == 1  # so it separates thousands
        proven.add("." if (marks[-1] == ".") != repeated else ",")
    if len(proven) > 1:
        raise DoubtError("points and commas stand for different things in different cells")
    return next(iter(proven), None)


def _check_quantities(cells: Sequence[_Cells], *, name: str) -> None:
    """Raise `DoubtError` if the cells may not be amounts: "(5)" throughout, versions, months."""
    if all(each.in_brackets for each in cells):
        raise DoubtError(f"{cells[0].shape.least!r} could be negative or not")
    parted = [each for each in cells if each.marks and not each.is_float]
    if not parted or any(each.marks != "." or each.unit or each.in_brackets for each in parted):
        return
    halves = [each.body.split(".") for each in parted]
    # No program writes the numbers 3.9 and 3.10 in one column.
    padded = any(each.shape.zero_ended and each.body.endswith("99") for each in parted)
    short = all(len(whole) <= 2 and len(places) <= 2 for whole, places in halves)
    if (short and padded and len({len(places) for _, places in halves}) > 1) or "version" in name:
        raise DoubtError(f"{parted[0].shape.least!r} could be a version")
    firsts = [each.shape.least.strip() for each in parted]
    if all(re.fullmatch(r"([1-9]|1[0-2])\.(19|20)\d\d", first) for first in firsts):
        raise DoubtError(f"{firsts[0]!r} could be a month")


def _sql(cells: Sequence[_Cells], decimal: Decimal, type_: str) -> str:
    text = "{0}"
    if any(each.unit or re.search(_NOTE, each.shape.text) for each in cells):
        text = f"regexp_replace({text}, '{_NOTE}|{_MONEY}|{_UNIT}', '', 'g')"
    if not all(re.fullmatch(r"-?[9.eE]+", each.shape.text) for each in cells) or decimal != ".":
        gone = ("," if decimal == "." else ".") + ")" + _GROUPS.replace("'", "''")
        text = f"translate({text}, '(−{decimal}{gone}', '--.')"
    if any(each.ends_in_minus for each in cells):
        text = f"regexp_replace({text}, '^(.*)[-−]$', '-\\1')"
    value = f"TRY_CAST({text} AS {type_})"
    if any(each.match["exponent"] for each in cells):
        # 1e400 is not infinite, and 1e-400 is not 0.
        beyond = f"{value} IN (0, 'inf', '-inf') AND regexp_matches({{0}}, '[1-9].*[eE]')"
        value = f"CASE WHEN {beyond} THEN NULL ELSE {value} END"
    return value


class DateFormats(NamedTuple):
    """Formats for ``strptime``, with the day before the month or after it."""

    day_first: list[str]
    month_first: list[str]
    type: str  # DuckDB's type for them


def is_date(shape: str) -> bool:
    """Return True if cells of this shape can be days or times."""
    return any(form.fullmatch(shape.strip()) for form in (_ISO, _DAY, _TIME))


def standard_type(shapes: Sequence[Shape]) -> str | None:
    """Return the DuckDB type that parses these days or times by itself; None if there is none."""
    texts = [shape.text.strip() for shape in shapes]
    if all(map(_TIME.fullmatch, texts)):
        return "TIME"
    matches = [match for text in texts if (match := _ISO.fullmatch(text))]
    zones = {match["zone"] is not None for match in matches}
    if len(matches) < len(texts) or len(zones) != 1:
        return None
    if zones == {True}:
        return "TIMESTAMP WITH TIME ZONE"
    return "TIMESTAMP" if any(match["time"] for match in matches) else "DATE"


def date_formats(shapes: Sequence[Shape]) -> DateFormats | None:
    """Return the formats of a column's days; None if some cells are not days.

    Examples
    --------
    >>> date_formats([Shape("99/99/9999", "01/02/2021", False)])
    DateFormats(day_first=['%d/%m/%Y'], month_first=['%m/%d/%Y'], type='DATE')
    """
    matches = [match for shape in shapes if (match := _DAY.fullmatch(shape.text.strip()))]
    if len(matches) < len(shapes):
        return None
    day_first, month_first = (
        [day + _clock(match) for match in matches for day in _days(match["day"], *order)]
        for order in (("%d", "%m"), ("%m", "%d"))
    )
    type_ = "TIMESTAMP" if any(match["clock"] for match in matches) else "DATE"
    return DateFormats(list(dict.fromkeys(day_first)), list(dict.fromkeys(month_first)), type_)


def _days(shape: str, first: str, second: str) -> list[str]:
    """Return the formats of a day: 9999 is the year, a word is the month."""
    year = shape.replace("9999", "%Y")
    if re.search("[A-Za-z]{3}", shape):
        with_day = re.sub(r"\b9{1,2}(?!\d)", "%d", year)
        return [re.sub("(?<!%)[A-Za-z]{3,9}", month, with_day) for month in ("%b", "%B")]
    parts = ("%m", "%d") if year.startswith("%Y") else (first, second)
    for part in parts:
        year = re.sub("9{1,2}", part, year, count=1)
    return [year]


def _clock(match: re.Match[str]) -> str:
    if not match["clock"]:
        return ""
    hour = "%I" if match["half"] else "%H"
    seconds = (":%S" if match["clock"].count(":") == 2 else "") + (".%f" * ("." in match["clock"]))
    half = match["half"][:-2] + "%p" if match["half"] else ""
    return f"{match['between']}{hour}:%M{seconds}{half}"
