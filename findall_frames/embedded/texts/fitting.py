"""How well the numbers of a sentence fit the one that is sought."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from findall_frames.embedded.language.quantities import letters_of
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import MEASURES, unit_letters, unit_named, unit_pattern
from findall_frames.embedded.language.words import fold, phrases, stem
from findall_frames.embedded.texts.attributes import ATTRIBUTES
from findall_frames.embedded.texts.claims import claims_of, period_of
from findall_frames.embedded.texts.doubts import doubt_of
from findall_frames.embedded.texts.saying import Claim
from findall_frames.embedded.texts.sought import Sought

__all__ = ["Fit"]

_DIGIT = re.compile(r"\d")
# Letters of which a number has some that is not written in digits.
_SPELLED = phrases(
    """one, single, two, three, four, five, six, seven, eight, nine, ten, eleven, twel, teen, thirt,
    twent, fort, fift, ties, ty, hundred, thousand, illion, dozen, centur, half, third, quarter,
    fifth, tenth"""
)
_BEHIND = re.compile(r"\W*([^\W\d_]+)(?:\s+([^\W\d_]+))?")
_AGED = frozenset(("age", "aged", "old", "older", "years", "minimum"))
_AGE_BEFORE = re.compile(r"\b(?:aged?|age of|ages)\s+(?:at least\s+|over\s+)?$", re.IGNORECASE)
_AGE_BEHIND = re.compile(r"\s+(?:or|and)\s+(?:over|older|above)\b|\s+years?\s+(?:old|of age)\b")
# Mr Novak, who is 29 and a chef; the insured, 26, a cook; a 27-year-old.
_SO_OLD = re.compile(
    r"(?:\b(?:who|he|she|[A-Z]\w+) (?:is|was|turned) (?:only |just |already )?|\w, )(\d{1,2})"
    r"(?=,| and (?:an?|the|works?|has|had|was|is)\b|\.|$)|\b(\d{1,2})[\s-]years?[\s-]old\b"
    r"|\baged? (?:of )?(\d{1,2})\b"
)
_OUT_OF = re.compile(r"\s+(?:\w+ )?(?:out )?of (?:[a-z]+ ){0,2}", re.IGNORECASE)
_OTHER = 15.0
"""How much further a number seems that belongs to another noun."""
_BEFORE = 25.0
"""How much further a year seems, in characters, where it stands before its verb."""
_ACROSS = 12.0
"""How much further a number seems for each clause between it and its word."""
_UNITED = 40.0
"""How much nearer a number seems that is in the right unit."""
_MISSING = 15.0
"""How much further a number seems that is not told a year, if so many a year are asked for."""
_FAR = 100.0
_NO_MORE = 30.0
"""So much doubt has what was so once, or is so of something else."""
_NEVER = 10_000.0
_LOOSE = 30.0
"""How far, in characters, the number of one thing may stand from the word for another."""
_ALIKE = 100.0
"""How many times larger a unit may be than the one asked for, where nothing else is asked."""
_RELATED = 20.0
"""What a word costs that is only related to the one asked for."""
_NARROW = re.compile(r"[,;:()]|\b(?:and|but|which|who|while|where)\b")
_NO = re.compile(
    r"\b(?:(?:no|zero|without(?: any| an?(?: single)?)?|not (?:an?|any|one)(?: single)?)\s+"
    r"(?:([^\W\d_]+)\s+)?([^\W\d_]+)"
    r"|([^\W\d_]+)\s+(?:isn['’]t|aren['’]t|is not|are not)"
    r"(?=\s*(?:[.,;]|needed|required|necessary|asked|expected|demanded)))\b",
    re.IGNORECASE,
)
_BECAME = re.compile(r"\b(?:became|has been|was made|turned into)\b([^,;:()]*)$", re.IGNORECASE)
_BEING = re.compile(r"\b(?:became|has been|was made|turned into)\b", re.IGNORECASE)
_BECOMING = 10.0
_SHORT = 5
_OF_YEAR = re.compile(r"\bof (?:1\d|20)\d\d\b")
_DENIES = re.compile(r"\b(?:no|not|zero|without)\b|n['’]t\b", re.IGNORECASE)
_COMPARING = frozenset(("more", "fewer", "less", "other", "such", "longer", "further", "better"))
_DISTANCES = frozenset(("length", "distance"))
# What is told in kilometres is no height, nor a depth.
_LONG = frozenset(("km", "mi", "nmi"))
_LONG_FORMS = frozenset(
    phrases(
        """km, kms, kilometre, kilometres, kilometer, kilometers, mi, mis, mile, miles, nmi, nmis,
        nautical"""
    )
)
_FOUR = re.compile(r"\d{4}")
# What a year has that is not written in four digits.
_YEARLY = ("century", "0s", "0's", "0’s", "ties", "'", "’")
_BARE = frozenset(("money", "share"))


@dataclass(frozen=True)
class Fit:
    """Finds the number that fits best.

    Attributes
    ----------
    sought : Sought
        What is asked for.
    """

    sought: Sought

    def may_tell(self, text: str) -> bool:
        """A quick look for a number, or for the lack of what is counted."""
        if (self._may_be_year(text) or self._has_unit(text)) and _may_number(text):
            return True
        return bool(self.sought.counts and _DENIES.search(text))

    def _may_be_year(self, text: str) -> bool:
        if not (self.sought.year or self.sought.days):
            return False
        lowered = text.lower()
        return any(map(lowered.__contains__, _YEARLY)) or bool(_FOUR.search(text))

    def _has_unit(self, text: str) -> bool:
        """Whether the unit of a number that can be the one asked for may stand in a text."""
        if self.sought.year or self.sought.days:
            return False
        if self._letters is None:
            return True
        return not self._letters.isdisjoint(letters_of(text)) or "°" in text

    @cached_property
    def _letters(self) -> frozenset[str] | None:
        """Some of these stand wherever a number is that can be the one asked for, if given."""
        unit = self.sought.unit
        # "Costs 450" tells of money, and "half of it" of a share.
        return unit_letters(unit.dimension) if unit and unit.dimension not in _BARE else None

    def may_measure(self, text: str) -> bool:
        """Whether a number may stand in a text that is of what is asked, as its only length."""
        unit = self.sought.unit
        if unit is None or unit.dimension in {"time", "share"}:
            return False
        if unit.dimension == "money":
            return bool(unit_pattern(unit.dimension).search(text)) and _may_number(text)
        if unit.dimension == "length" and self.sought.attributes:
            far = bool(self.sought.attributes & _DISTANCES)
            return far and not _LONG_FORMS.isdisjoint(letters_of(text)) and _may_number(text)
        return self._has_unit(text) and _may_number(text)

    @cached_property
    def _said(self) -> re.Pattern[str]:
        """Finds what may be a word for the attribute that is asked for."""
        names = self.sought.attributes
        # "From Skien to Dalen, 105 km away" tells of a length.
        names |= {"distance"} if "length" in names else frozenset()
        forms = "|".join(sorted({form for name in names for form in ATTRIBUTES[name]}))
        return re.compile(rf"\b(?:{forms or '(?!)'})\b", re.IGNORECASE)

    def is_measure(self, claim: Claim) -> bool:
        """Whether a number may be of what is asked, though nothing beside it says so."""
        unit = claim.quantity.unit
        if unit is None or self.sought.unit is None or not unit.convertible(self.sought.unit):
            return False
        # What was raised may be told as "a $12M Series A".
        named = claim.other and (self.sought.attributes or unit.dimension != "money")
        held = bool(claim.held) and not self._is_kind(claim.held)
        if held or named or claim.tells:
            return False
        return unit.dimension != "length" or not self.sought.attributes or unit.name in _LONG

    def nearest(self, sentence: str) -> tuple[float, Claim] | None:
        """The number that fits best to one of the words, and how far it is, in characters."""
        places = self.sought.places(sentence)
        if not places and self.sought.words and not self._may_be_told(sentence):
            return None
        if not self.sought.tells_deed(sentence):
            return None
        if self.sought.things and not self.sought.is_about(sentence):
            return None
        found: list[tuple[float, Claim]] = []
        claims = claims_of(sentence)
        for at, written in enumerate(claims.quantities):
            quantity = self.usable(self._counted(written, sentence))
            if quantity is None:
                continue
            if at and self.sought.of_people:
                between = sentence[claims.quantities[at - 1].end : written.start]
                if _OUT_OF.fullmatch(between):
                    continue  # thirty of more than a thousand people
            claim = claims[at]
            if written.letter:
                claim = replace(claim, quantity=quantity)
            if self._is_of_something_else(claim, sentence):
                continue
            cost = self._cost_of(claim, sentence, places)
            doubt = doubt_of(claim.quantity, sentence) if cost is not None else 0.0
            if cost is not None and (self.sought.year or doubt < _NO_MORE):
                found.append((cost + doubt, replace(claim, quantity=quantity)))
        if self.sought.counts and places:
            found += self._none(sentence)
        return min(found, key=lambda pair: pair[0]) if found else None

    def _may_be_told(self, sentence: str) -> bool:
        """Whether a number may be told without a word for it: by its attribute, as an age."""
        sought = self.sought
        if sought.attributes and not sought.needed and self._said.search(sentence):
            return True
        if sought.begins and (_OF_YEAR.search(sentence) or _BEING.search(sentence)):
            return True
        return sought.asks_age and bool(_SO_OLD.search(sentence))

    def _none(self, sentence: str) -> Iterator[tuple[float, Claim]]:
        """That there is none of what is counted: no locks."""
        for match in _NO.finditer(sentence):
            first, *others = (fold(word) for word in match.groups() if word)
            if first not in _COMPARING and any(
                self.sought.cost(word) == 0.0 for word in (first, *others)
            ):
                start, end = match.span()
                none = Quantity(start, end, match.group(), 0.0, 0.0, self.sought.unit)
                yield 1.0 - (_UNITED if self.sought.unit else 0.0), Claim(none, (0, 0), (0, 0))

    def _is_of_something_else(self, claim: Claim, sentence: str) -> bool:
        """Whether a number is told of another attribute, as a depth of no length, or of an age."""
        sought = self.sought
        if claim.tells and sought.attributes and claim.tells.isdisjoint(sought.attributes):
            return True
        if sought.year:
            return bool(claim.verb) and sought.cost(claim.verb) is None
        if claim.dated or (claim.part and not sought.of_people):
            return True
        if sought.of_capacity and (
            (claim.other and sought.cost(claim.other) is None) or period_of(claim, sentence)
        ):
            return True  # it holds 18,500 garments, and welcomes 48,000 visitors a year
        if sought.period and period_of(claim, sentence) not in {"", sought.period}:
            return True
        return sought.unit is None and self._is_age(claim.quantity, sentence) is not sought.asks_age

    def _cost_of(
        self, claim: Claim, sentence: str, places: Sequence[tuple[int, int, float]]
    ) -> float | None:
        """How far a number is from what is asked; None where nothing links them."""
        quantity = claim.quantity
        same = self.sought.unit is not None and quantity.unit is not None
        united = -_UNITED if same else 0.0
        if quantity.unit == self.sought.unit:
            united -= 1.0  # of "60 miles (97 km)", the number in the unit asked for
        gaps = [self._gap(claim, sentence, place) for place in places]
        if claim.tells & self.sought.attributes:
            gaps.append(0.0)
        if self.sought.begins and claim.dated:
            gaps += self._beginnings(claim, sentence)
        if self.sought.asks_age and self._is_age(quantity, sentence):
            gaps.append(_BECOMING)
        told = not self.sought.period or period_of(claim, sentence)
        missing = 0.0 if told else _MISSING
        if gaps and min(gaps) < _NEVER:
            return min(gaps) + united + missing
        if same and not self.sought.words and self._is_alike(claim, sentence):
            return _FAR - 30.0 * (quantity.unit == self.sought.unit) + missing
        return None

    def _beginnings(self, claim: Claim, sentence: str) -> Iterator[float]:
        """That a year is the one in which the row began to be what it is."""
        became = _BECAME.search(sentence, 0, claim.quantity.start)
        said = became.group(1).split()[:_SHORT] if became else []
        kind = next((at for at, word in enumerate(said) if self._is_kind(word)), 0)
        # A museum since 1965, but not a PDO cheese.
        if kind and all(map(str.islower, said[:kind])):
            yield _BECOMING
        if claim.of and self._is_kind(claim.of):
            yield _FAR  # the canal of 1860

    def _is_kind(self, word: str) -> bool:
        return stem(fold(word)) in self.sought.kind

    def _is_alike(self, claim: Claim, sentence: str) -> bool:
        """Whether a number may be meant where only a unit is asked for: no years for hours."""
        unit, asked = claim.quantity.unit, self.sought.unit
        assert unit is not None
        assert asked is not None
        if self.sought.period:
            return unit == asked and bool(period_of(claim, sentence))
        return max(unit.factor, asked.factor) <= _ALIKE * min(unit.factor, asked.factor)

    def _gap(self, claim: Claim, sentence: str, place: tuple[int, int, float]) -> float:
        """How far a number is from a word for it, in characters."""
        quantity = claim.quantity
        start, end, cost = place
        if not self._may_be_of(quantity, claim):
            return _NEVER
        if claim.behind[0] <= start and end <= claim.behind[1]:
            return cost  # twelve locks
        led = claim.before[0] <= start and end <= claim.before[1]
        if led and (self.sought.year or claim.firm):
            return cost + 1.0  # a depth of 8 metres
        if not self._may_stand_apart(claim):
            return _NEVER
        gap = max(start - quantity.end, quantity.start - end, 0) + cost
        between = sentence[end : quantity.start] or sentence[quantity.end : start]
        gap += _ACROSS * len(_NARROW.findall(between))
        if self.sought.year and quantity.end <= start:
            gap += _BEFORE
        another = self._is_of_another(claim)
        related, far = cost >= _RELATED, gap - cost > _LOOSE
        apart = (another and (far or (related and end <= quantity.start))) or (related and far)
        if apart and self.sought.unit is None and not self.sought.year:
            return _NEVER
        return gap + (_OTHER if another else 0.0)

    def _may_be_of(self, quantity: Quantity, claim: Claim) -> bool:
        """Whether a number with a unit may tell what is asked without one: no kilos of eggs."""
        unit = quantity.unit
        if self.sought.unit is not None:
            # "24 rooms" cost nothing, and "costs 450" tells of money.
            return unit is not None or not (claim.other or claim.held)
        if unit is None or unit.dimension == "share":
            return True
        if unit.dimension == "money" and not self.sought.counts_things:
            return True
        measures = MEASURES.get(unit.dimension, ())
        measured = bool(claim.tells) or not self.sought.wanted.keys().isdisjoint(
            map(stem, measures)
        )
        return measured or (self.sought.span.low is None and self.sought.span.high is None)

    def _may_stand_apart(self, claim: Claim) -> bool:
        """Whether a number may be meant that is not right beside its word, by its unit."""
        unit = claim.quantity.unit
        if self.sought.attributes and (claim.held or (unit is not None and claim.other)):
            return False
        if self.sought.unit is not None:
            return unit is not None or self.sought.unit.dimension != "money"
        measures = MEASURES.get(unit.dimension, ()) if unit is not None else ()
        measured = not self.sought.wanted.keys().isdisjoint(map(stem, measures))
        return unit is None or unit.dimension == "share" or measured

    def _is_age(self, quantity: Quantity, sentence: str) -> bool:
        """Whether somebody is, or has to be, so old: participants must be 18 or over."""
        if not self.sought.asks_age and not _AGED.isdisjoint(self.sought.words):
            return False
        before, behind = sentence[: quantity.start], sentence[quantity.end :]
        told = quantity.unit is not None and quantity.unit.name == "years"
        told = told and bool(re.match(r"[\s-]+(?:old|of age)\b", behind))
        if self.sought.asks_age and any(m[1] == quantity.text for m in _SO_OLD.finditer(sentence)):
            return True
        return told or bool(_AGE_BEFORE.search(before) or _AGE_BEHIND.match(behind))

    def _is_of_another(self, claim: Claim) -> bool:
        """Whether a number belongs to a unit or noun that is not asked for: two guides."""
        if claim.quantity.unit is not None and self.sought.unit is None:
            return True
        return bool(claim.held or claim.other)

    def _counted(self, quantity: Quantity, sentence: str) -> Quantity:
        """The quantity; a "one" right before what is counted is meant as a number."""
        behind = _BEHIND.match(sentence, quantity.end) if quantity.weak else None
        # "One chalky egg" is one egg.
        following = [fold(word) for word in behind.groups("")] if behind is not None else []
        counted = {stem(word) for word in self.sought.words}
        if counted.isdisjoint(map(stem, following)):
            return quantity
        return replace(quantity, weak=False)

    def usable(self, quantity: Quantity) -> Quantity | None:
        """A number in the unit asked for; None where it can be no such number."""
        sought = self.sought
        if sought.days and quantity.dates is None:
            return None  # which day of the year is not said
        if quantity.weak or quantity.dates is not None:
            return quantity if sought.year and quantity.dates is not None else None
        if sought.year:
            return quantity if quantity.year else None
        if quantity.year and sought.span.said and not sought.may_be_year():
            return None
        unit = quantity.unit.dimension if quantity.unit is not None else ""
        asked = sought.unit.dimension if sought.unit is not None else ""
        # A third of the books is no number of them, nor are thirty books a share.
        if unit == "share" and not asked and sought.rates.isdisjoint(sought.wanted):
            return None
        # The m of "2 m" stands for metres or millions, and for no speed.
        if quantity.letter and not self._may_have(quantity):
            return None
        # A number without a unit is no weight.
        if not unit and asked not in {"", "money"} and not quantity.letter:
            return None
        return quantity.in_unit(sought.unit)

    def _may_have(self, quantity: Quantity) -> bool:
        """Whether a number with a letter that may be a unit can be what is asked."""
        meant = unit_named((quantity.letter,))
        if self.sought.unit is None:
            return meant is None or not quantity.text.endswith(f" {quantity.letter}")
        return (
            self.sought.unit.dimension == "money"
            or meant is None
            or meant.convertible(self.sought.unit)
        )


def _may_number(text: str) -> bool:
    """A quick look whether a number may stand in a text."""
    return bool(_DIGIT.search(text)) or any(map(text.lower().__contains__, _SPELLED))
