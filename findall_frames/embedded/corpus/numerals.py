"""Numbers as people write them, told from the shapes of all cells of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["Decimal", "DoubtError", "Numerals", "Shape", "is_number", "read_numerals"]

Decimal: TypeAlias = Literal[".", ","]

# ISO 4217 codes and the signs and abbreviations that stand beside sums of money.
_CODES: Final = """
    AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW
    MXN MYR NGN NOK NZD PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR
"""
_MONEY: Final = (
    f"[A-Z]{{0,2}}[$¢-¥฿\u20a0-\u20c0]|{'|'.join(_CODES.split())}"
    r"|[Ee]uros?|kr|zł|Kč|Ft|lei|Rs\.?|S?Fr\.?|DM"
)
# Symbols that mean one unit wherever they stand; letters that also stand for thousands or millions
# are none of them.
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
    \s*(?P<after>{_MONEY}|{_UNIT})?(?P<close>\)?)
    (?:\s*(?:{_NOTE}))*\s*
    """,
    re.VERBOSE,
)
_GROUPS: Final = "'’ \t\u00a0\u2009\u202f"
"""What stands between thousands, besides points and commas."""


class Shape(NamedTuple):
    """Cells of a column that differ in nothing but their digits."""

    text: str  # such a cell with a 9 for every digit
    least: str  # the first of these cells in the order of texts
    zero_ended: bool  # whether one of them ends in 0


class DoubtError(Exception):
    """The cells could be read in two ways; str() says which."""


class Numerals(NamedTuple):
    """How the cells of a column are to be read as numbers."""

    type: str  # DuckDB's type for them
    sql: str  # an expression with {0} for the column
    unit: str  # what stands beside the number in every cell
    decimal: Decimal | None  # the decimal sign, where the cells prove it
    assumption: str  # how one was read, where they do not and it makes a difference


def is_number(shape: str) -> bool:
    """Say whether cells of this shape can be numbers.

    Examples
    --------
    >>> [is_number(shape) for shape in ("9.999,99 €", "(99)", "99 [9]", "9.99.9", "99-99")]
    [True, True, True, False, False]
    """
    return _NUMBER.fullmatch(shape) is not None


def read_numerals(
    shapes: Sequence[Shape], *, name: str, decimal: Decimal | None, usual: Decimal | None
) -> Numerals | None:
    """Read a column as numbers; None if some cells are none, or all are codes of some kind.

    Where the cells do not tell the decimal sign, `decimal` is taken, or the `usual` one if each
    cell has one. `name` is that of the column, in lower-case words.

    Raises
    ------
    DoubtError
        They are numbers, but it cannot be told which.
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
    _demand_quantities(cells, name=name)
    type_ = "HUGEINT" if any(each.body.count("9") > 18 for each in cells) else "BIGINT"
    if any(decided in each.body or each.is_float for each in cells):
        type_ = "DOUBLE"
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

    @property
    def is_ambiguous(self) -> bool:
        """Whether the only mark may part thousands or the fraction: 1,234."""
        return len(self.marks) == 1 and self.by in {".", ","} and self.first != "0"

    @property
    def is_code(self) -> bool:
        """Whether something stands where numbers have none: 007, 0.123.456, +49301234567."""
        grouped = bool(self.by) and len(self.marks) != 1
        padded = self.first == "0" and (self.body.startswith("99") or grouped)
        dialled = self.match["outer"] == "+" and self.body.count("9") >= 7
        one_sided = self.in_brackets != bool(self.match["close"])
        return padded or dialled or one_sided or bool(self.match["before"] and self.match["after"])


def _are_codes(cells: Sequence[_Cells]) -> bool:
    """Whether these are no quantities: codes, addresses in a network, telephone numbers."""
    addresses = all(each.marks == "..." for each in cells)
    telephones = len(cells) == 1 and cells[0].by.isspace() and not cells[0].unit
    return addresses or telephones or any(each.is_code for each in cells)


def _unit(cells: Sequence[_Cells]) -> str:
    """What stands beside every number; nothing where some cells do not state their money."""
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
    """The decimal sign that the cells prove."""
    proven: set[Decimal] = set()
    for marks in (each.marks for each in cells if each.marks and not each.is_ambiguous):
        repeated = len(marks) > 1 and len(set(marks)) == 1  # so it parts thousands
        proven.add("." if (marks[-1] == ".") != repeated else ",")
    if len(proven) > 1:
        raise DoubtError("points and commas stand for different things in different cells")
    return next(iter(proven), None)


def _demand_quantities(cells: Sequence[_Cells], *, name: str) -> None:
    """Refuse what could be no amount: "(5)" everywhere, versions, months."""
    if all(each.in_brackets for each in cells):
        raise DoubtError(f"{cells[0].shape.least!r} could be negative or not")
    parted = [each for each in cells if each.marks and not each.is_float]
    if not parted or any(each.marks != "." or each.unit or each.in_brackets for each in parted):
        return
    halves = [each.body.split(".") for each in parted]
    # Nothing writes the numbers 3.9 and 3.10 in one column.
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
    return f"TRY_CAST({text} AS {type_})"
