"""Comparisons in a written condition: which numbers, and on which side of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import Unit
from findall_frames.embedded.language.words import fold, phrases
from findall_frames.embedded.predicates.conditions import Predicate

__all__ = ["Comparison", "find_comparisons"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A range of numbers as a condition states it.

    Attributes
    ----------
    low, high : Quantity or None
        The ends; None where it is open. The same quantity twice is an equality.
    low_open, high_open : bool
        Whether the end itself is outside.
    about : bool
        Whether it is only roughly meant: within a tenth.
    stated : bool
        Whether words of comparison stood there; a bare number is a weaker sign.
    adjective : str
        The comparative in it, such as ``"heavier"``; else empty.
    text : str
        How it is written.
    column : str
        The column whose numbers it is in, where that is settled; else empty.
    settled : Predicate or None
        What is to be checked, where that is settled.
    """

    low: Quantity | None
    high: Quantity | None
    low_open: bool = False
    high_open: bool = False
    about: bool = False
    stated: bool = True
    adjective: str = ""
    text: str = ""
    column: str = ""
    settled: Predicate | None = None

    @property
    def quantity(self) -> Quantity:
        """One of its quantities, for what all of them have in common."""
        quantity = self.high or self.low
        assert quantity is not None
        return quantity

    def in_unit(self, unit: Unit) -> Comparison:
        """The same with a unit for numbers that have none."""
        low, high = (
            replace(end, unit=unit, version=(), year=False)
            if end is not None and end.unit is None and not end.letter and end.dates is None
            else end
            for end in (self.low, self.high)
        )
        return replace(self, low=low, high=high)


_Q = r"§(\d+)§"
_ABOUT = r"(?:(about|around|approximately|roughly|circa|ca\.?|~|nearly|almost|close to|some) )?"
_A = r"(?:the |an? |its |of )*" + _ABOUT
_NOUNS = r"((?: of (?:the|its|their|your|all))?(?: (?!or\b|and\b|to\b)[a-z%/²-]+){0,3}?)"
_NOT = r"(?:no|not|never|isn't|aren't|cannot be|can't be|nothing)(?: be| been)?"
_MORE_THAN = r"(?:more|greater|larger|bigger|higher|later|better) than"
_LESS_THAN = r"(?:less|fewer|smaller|lower|earlier|sooner) than"
_EXCEED = r"(?:exceed|surpass|top|outnumber)(?:s|ed|ing|pped|pping)?"

_COUNTED = r"\d|(?:three|five|ten|twenty|fifty|hundred)\b"

# What these compare there is less of, whatever it is.
_FEWER = frozenset(
    phrases(
        """easier, gentler, simpler, quieter, softer, milder, calmer, weaker, thinner, nearer,
        closer, rarer, safer, looser, tamer, drier, emptier"""
    )
)

# Of ages; of years it is the other way round.
_AGED = {"older": 1, "younger": -1, "newer": -1}
_NO_ADJECTIVES = frozenset(
    phrases(
        """other, rather, another, either, neither, over, under, after, number, never, ever,
        whether, however, together, altogether"""
    )
)

# (words before the number, the side that is meant), the longest phrases first.
_BEFORE = (
    (rf"{_NOT} (?:{_MORE_THAN}|above|over|after|beyond|past|exceed(?:ing)?)", "<="),
    (rf"{_NOT} (?:{_LESS_THAN}|below|under|before)", ">="),
    (
        rf"(?:(?:do|does|did|must|may|should|can|will) ?(?:not|n't) |doesn't |don't )(?:{_EXCEED})",
        "<=",
    ),
    (r"(?:in|on|at) or (?:after|above|over|beyond)", ">="),
    (r"(?:in|on|at) or (?:before|below|under)", "<="),
    (r"at least|(?:an? )?min(?:imum|\.)?(?: of)?|(?:>=|=>|≥)|since|starting (?:in|from|at)", ">="),
    (r"at (?:the )?most|up to|(?:an? )?max(?:imum|\.)?(?: of)?|(?:<=|=<|≤)|until|till", "<="),
    (
        rf"{_MORE_THAN}|in excess of|upwards? of|north of|over|above|{_EXCEED}|beyond|after|past|>",
        ">",
    ),
    (rf"{_LESS_THAN}|short of|south of|under|below|before|prior to|<", "<"),
    (r"exactly|precisely|only|just|equal(?:s|ing)?(?: to)?|==?", "="),
)
# (words behind the number, the side that is meant).
_AFTER = (
    (
        r"(?:or|and) (?:more|greater|higher|later|newer|above|over|up|upwards?|larger|bigger|longer"
        r"|taller|heavier|better|faster|after|beyond|onwards?|since"
        r"|f[au]rther(?: (?:back|away|out|up))?)|upwards?|onwards?|minimum|at (?:the )?least",
        ">=",
    ),
    (
        r"(?:or|and) (?:less|fewer|lower|earlier|below|under|smaller|down|shorter|lighter|younger"
        r"|cheaper|slower|before)|maximum|at (?:the )?most|tops",
        "<=",
    ),
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
# Of "June or July 2025" both are in 2025.
_MONTHS_OF_YEAR = re.compile(
    rf"\b({_MONTH})\b(?=(?:(?:,?(?: or| and| to| through| until)?| ?[–-]) ?{_MONTH}\b)+"
    r" (\d{4})\b)",
    re.IGNORECASE,
)
# What is said of the first or last day of a year is true of the whole of it.
_ENDS_OF_YEARS = (
    (r"(?i)\bsince (\d{4}) or (?:even )?(?:longer|earlier|before)\b", r"in or before \1"),
    (
        r"(?i)\b(?:(?:has|have|had)(?: not|n't| never)|not have) been (\w+) since "
        r"(?=(?:[a-z]+ )?\d{4}\b)",
        r"\1 in or before ",
    ),
    (r"(?i)\b(?:after|later than) mid[- ](?=\d{4}\b)", "after June "),
    (r"(?i)\bsince mid[- ](?=\d{4}\b)", "since June "),
    (r"(?i)\b(?:before|until|till) mid[- ](?=\d{4}\b)", "before July "),
    (r"(?i)\b(?:(?:was|were|is|did) )?(?:not|n't) (\w+(?: \w+)?) until after (?=\d)", r"\1 after "),
    (r"(?i)\b(?:(?:was|were|is|did) )?(?:not|n't) (\w+(?: \w+)?) until (?=\d)", r"\1 since "),
    (r"(?i)\b(?:since|after|later than) the (?:very )?end of (?=\d{4}\b)", "after "),
    (r"(?i)\b(?:before|until|till|by) the (?:very )?end of (?=\d{4}\b)", "until "),
    (r"(?i)\b(?:since|after|from) the (?:beginning|start) of (?=\d{4}\b)", "since "),
    (r"(?i)\b(?:before|until|till|by) the (?:beginning|start) of (?=\d{4}\b)", "before "),
)
# "Before the age of 40" is at an age under 40.
_AGES = (
    (r"(?i)\b(?:before|until|under|below) (?:reaching )?(?:the |an )?age of ", "age under "),
    (r"(?i)\b(?:after|over|above|past|beyond) (?:the |an )?age of ", "age over "),
)
# "Five or more years" are at least five years.
_OR_MORE = re.compile(
    r"(?i)(\d[\d.,]*(?:\s?(?:k|m|bn|million|billion))?|\b[a-z]{3,}) or (more|fewer|less) "
    r"(?!than\b)(?=[a-z])"
)
_BETWEEN = (
    rf"({_MORE_THAN} |over |above |after ){_A}{_Q}{_NOUNS},? (?:but|and|yet) (?:{_LESS_THAN}|under"
    rf"|below|before) {_A}{_Q}",
    rf"(strictly )?between {_A}{_Q}{_NOUNS} (?:and|to|-) {_A}{_Q}",
    rf"(?:ranging )?(strictly )?from {_A}{_Q}{_NOUNS} (?:to|through|until|till|up to|-) {_A}{_Q}",
    rf"in the range (?:of|from) (strictly )?{_A}{_Q}{_NOUNS} ?(?:and|to|-|–) ?{_A}{_Q}",
    rf"(strictly )?{_A}{_Q}{_NOUNS} ?(?:–|—|-|to|through) ?{_A}{_Q}",
)


def find_comparisons(text: str, lexicon: Lexicon) -> tuple[str, list[Comparison]]:
    """Replace every comparison in a text by ``¤n¤``, where n is its place in the list returned.

    Parameters
    ----------
    text : str
        A condition as written.
    lexicon : Lexicon
        For the comparatives: heavier than, later than.

    Returns
    -------
    tuple of str and list of Comparison
        The folded text with the marks, and what they stand for.
    """
    return _Reader(text, lexicon).read()


class _Reader:
    def __init__(self, text: str, lexicon: Lexicon) -> None:
        text = re.sub(
            r"(?<=\d)((?:\s?(?:k|m|bn|million|billion|thousand))?)\+(?!\w)", r"\1 or more", text
        )
        text = _OR_MORE.sub(_side_ahead, text)
        for pattern, plain in _AGES:
            text = re.sub(pattern, plain, text)
        text = re.sub(r"(?i)\b(before|after|since|until|by|in) the year (?=\d)", r"\1 ", text)
        text = _MONTHS_OF_YEAR.sub(r"\1 \2", text)
        for pattern, plain in _ENDS_OF_YEARS:
            text = re.sub(pattern, plain, text)
        text = re.sub(rf"(?i)\b(?:in |among )?(?:the )?top (?={_COUNTED})", "rank at most ", text)
        # Where no height is given, the level of the sea is one.
        text = re.sub(
            r"(?i)^(\D*)\b(above|below|under|at) (?:the )?sea level\b", r"\1elevation \2 0 m", text
        )
        text = re.sub(
            r"(?i)\b(without|not(?: have)?|n't have) (?:even )?(?:an?|one) single (?=[a-z])",
            r"\1 a ",
            text,
        )
        text = re.sub(r"(?i)\b(?:an?|just an?|only an?) single (?=[a-z])", "exactly 1 ", text)
        text = re.sub(
            r"(?i)\b(?:an? |one[ -])?(hour|day|week|month|year|mile)[ -]long\b", r"1 \1 long", text
        )
        text = re.sub(r"(?i)\bhalf an? (?!dozen|million|billion|thousand)(?=[a-z])", "0.5 ", text)
        text = re.sub(r"(?i)\bminus (?=\d)", "-", text)
        text = re.sub(r"\s*(?:!=|<>|≠)\s*", " not ", text)
        self._quantities = find_quantities(text)
        self._lexicon = lexicon
        self._found: list[Comparison] = []
        pieces, position = [], 0
        for n, quantity in enumerate(self._quantities):
            pieces += [text[position : quantity.start], f"§{n}§"]
            position = quantity.end
        pieces.append(text[position:])
        # A 4-star hotel has 4 stars.
        self._text = " ".join(re.sub(r"§-(?=[a-z])", "§ ", fold("".join(pieces))).split())

    def _moved(self) -> str:
        """The text with "at least Python 3.10" as "Python at least 3.10"."""
        sides = "at least|at most|(?:no )?(?:more|less|[a-z]+er) than"
        noun = r"(?!(?:the|an?|of|and|or|about|around) )[a-z]{2,}"
        pattern = rf"\b({sides}) (?:(?:the|an?) )?({noun}) (?={_Q})"
        return re.sub(pattern, lambda m: f"{m.group(2)} {m.group(1)} ", self._text)

    def read(self) -> tuple[str, list[Comparison]]:
        for pattern in _BETWEEN:
            self._replace(pattern, self._between)
        for words, side in _AFTER:
            # "30 mpg or more" and "5 doors or more": the noun stays, for the column. In "before
            # 2000 or after 2018" the words belong to the next number.
            self._replace(
                rf"{_ABOUT}{_Q}{_NOUNS},? (?:{words})\b(?! (?:than )?§)", self._after(side)
            )
        steps = r"(or|and) ([a-z]{2,}er|worse)\b(?! than)"
        self._replace(rf"{_ABOUT}{_Q}{_NOUNS},? {steps}", self._or_so)
        self._replace(rf"from {_Q} on\b", self._after(">="))
        self._text = self._moved()
        self._replace(rf"\b(not |no )?(?:(more|less) )?([a-z]+) than {_A}{_Q}", self._comparative)
        for words, side in _BEFORE:
            self._replace(rf"(?<![\w§])(?:{words}) ?{_A}{_Q}", self._before(side))
        self._replace(rf"\b(?:within|inside of|in under) {_A}{_Q}", self._within)
        self._replace(rf"\bby {_Q}", self._by)
        self._replace(rf"(?<![\w§]){_ABOUT}{_Q}", self._bare)
        # A weak number was no comparison: give the word back.
        return re.sub(
            _Q, lambda m: fold(self._quantities[int(m.group(1))].text), self._text
        ), self._found

    def _replace(
        self, pattern: str, make: Callable[[re.Match[str]], Comparison | str | None]
    ) -> None:
        def mark(match: re.Match[str]) -> str:
            made = make(match)
            if made is None:
                return match.group()
            if isinstance(made, str):
                return made
            return self._mark(made, match)

        self._text = re.sub(pattern, mark, self._text)

    def _mark(self, comparison: Comparison, match: re.Match[str]) -> str:
        written = re.sub(_Q, lambda m: self._quantities[int(m.group(1))].text, match.group())
        self._found.append(replace(comparison, text=written.strip()))
        return f"¤{len(self._found) - 1}¤"

    def _sided(
        self, side: str, quantity: Quantity, *, about: bool = False, adjective: str = ""
    ) -> Comparison:
        if side == "=":
            return Comparison(quantity, quantity, about=about, adjective=adjective)
        if side[0] == ">":
            return Comparison(quantity, None, side == ">", adjective=adjective)
        return Comparison(None, quantity, high_open=side == "<", adjective=adjective)

    def _between(self, match: re.Match[str]) -> Comparison | None:
        strictly, _, first, nouns, _, second = match.groups()
        low, high = self._quantities[int(first)], self._quantities[int(second)]
        low = _like(low, high)
        if (
            low.value > high.top
            or (low.weak and high.weak)
            or (low.unit and not high.unit and nouns)
        ):
            return None
        return Comparison(low, high, bool(strictly), bool(strictly))

    def _after(self, side: str) -> Callable[[re.Match[str]], str | None]:
        def make(match: re.Match[str]) -> str | None:
            *_, number, nouns = match.groups() if match.re.groups > 1 else (*match.groups(), "")
            comparison = self._sided(side, self._quantities[int(number)])
            return self._mark(comparison, match) + nouns

        return make

    def _or_so(self, match: re.Match[str]) -> str | None:
        """Grade 3 or harder, 10 kg or lighter."""
        _, number, nouns, link, adjective = match.groups()
        quantity = self._quantities[int(number)]
        direction = _AGED.get(adjective, 0) * (-1 if quantity.year else 1)
        direction = direction or self._lexicon.direction(adjective) or -(adjective in _FEWER)
        # "3 rooms and dinner" compares nothing: no dictionary has harder, and all have dinner.
        unknown = link == "or" and not self._lexicon.knows(adjective)
        if adjective in _NO_ADJECTIVES or not (direction or unknown):
            return None
        direction = direction or 1
        side = ">=" if direction > 0 else "<="
        return self._mark(self._sided(side, quantity, adjective=adjective), match) + nouns

    def _before(self, side: str) -> Callable[[re.Match[str]], Comparison]:
        def make(match: re.Match[str]) -> Comparison:
            return self._sided(side, self._quantities[int(match.groups()[-1])])

        return make

    def _comparative(self, match: re.Match[str]) -> Comparison | None:
        negated, degree, adjective, _, number = match.groups()
        if adjective in {"more", "less", "greater", "fewer", "later", "earlier"} | _NO_ADJECTIVES:
            return None
        direction = self._lexicon.direction(adjective)
        if not direction:
            if degree is None and not adjective.endswith("er"):
                return None
            direction = -1 if adjective in _FEWER else 1
        if degree == "less":
            direction = -1
        quantity = self._quantities[int(number)]
        if quantity.unit is not None and quantity.unit.dimension == "time":
            direction = self._lexicon.direction_in(adjective, ["minutes"]) or direction
        # Of years and dates, the older is the smaller; of ages, the greater.
        version = bool(quantity.version) and "." in quantity.text
        if quantity.year or quantity.dates or version:
            direction = {"older": -1, "newer": 1, "younger": 1}.get(adjective, direction)
        side = ">" if direction > 0 else "<"
        if negated:
            side = "<=" if side == ">" else ">="
        return self._sided(side, quantity, adjective=adjective)

    def _by(self, match: re.Match[str]) -> Comparison | None:
        quantity = self._quantities[int(match.group(1))]
        return self._sided("<=", quantity) if quantity.year or quantity.dates else None

    def _within(self, match: re.Match[str]) -> Comparison | None:
        quantity = self._quantities[int(match.groups()[-1])]
        measured = quantity.unit is not None and quantity.unit.dimension in {"time", "length"}
        return self._sided("<=", quantity) if measured else None

    def _bare(self, match: re.Match[str]) -> Comparison | None:
        about, number = match.groups()
        quantity = self._quantities[int(number)]
        if quantity.weak:
            return None
        return Comparison(quantity, quantity, about=bool(about), stated=bool(about))


def _side_ahead(match: re.Match[str]) -> str:
    """ "Five or more" with its side before the number; other words stay as they are."""
    found = find_quantities(match[1])
    if len(found) != 1 or found[0].text != match[1]:
        return match.group()
    side = "at least" if match[2].lower() == "more" else "at most"
    return f"{side} {match[1]} "


def _like(low: Quantity, high: Quantity) -> Quantity:
    """The lower end with what only the upper end says: between 1 and 5 million dollars."""
    if low.version and not low.year and high.value >= 1000 and not high.year and not high.version:
        # What "million" makes of the ten in "ten million".
        plain = find_quantities(high.text.replace("-", " ").lstrip("$€£¥₹ ").split()[0])
        factor = round(high.value / plain[0].value, 6) if plain and plain[0].value else 1
        value = round(low.value * factor, 6)
        if value <= high.value:
            low = replace(low, value=value, top=value, version=())
    if low.unit is None and high.unit is not None:
        low = replace(low, unit=high.unit, version=())
    if high.letter and not low.letter and low.version:
        low = replace(low, letter=high.letter, version=())
    return low
