"""Numbers that running text states beside the words they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from findall_frames.embedded.claims import (
    ATTRIBUTES,
    DIMENSIONS,
    Claim,
    claims_of,
    doubt_of,
    is_plural,
    period_of,
)
from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Span, number_text
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import is_relation
from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.prose import LONGEST, cells_of, quoted, sentences
from findall_frames.embedded.quantity import Quantity
from findall_frames.embedded.units import MEASURES, Unit, unit_named, unit_pattern
from findall_frames.embedded.words import alike, fold, stem, tokens

__all__ = ["StatedNumber"]

_NUMBER = re.compile(
    r"""\d|illion|hundred|thousand|dozen|\b(?:one|single|two|three|four|five|six|seven|eight|nine|ten|eleven
    |twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|\w+teen)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+")
_BEHIND = re.compile(r"\W*([^\W\d_]+)(?:\s+([^\W\d_]+))?")
_AGED = frozenset(("age", "aged", "old", "older", "years", "minimum"))
_AGE_BEFORE = re.compile(r"\b(?:aged?|age of|ages)\s+(?:at least\s+|over\s+)?$", re.IGNORECASE)
_AGE_BEHIND = re.compile(r"\s+(?:or|and)\s+(?:over|older|above)\b|\s+years?\s+(?:old|of age)\b")
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
_NARROW = re.compile(r"[,;:()]|\b(?:and|but|which|who|while|where)\b")
_NO = re.compile(
    r"\b(?:(?:no|zero|without(?: any| an?(?: single)?)?|not (?:an?|any|one)(?: single)?)\s+"
    r"(?:(?P<kind>[^\W\d_]+)\s+)?(?P<noun>[^\W\d_]+)"
    r"|(?P<subject>[^\W\d_]+)\s+(?:isn['’]t|aren['’]t|is not|are not)"
    r"(?=\s*(?:[.,;]|needed|required|necessary|asked|expected|demanded)))\b",
    re.IGNORECASE,
)
_PEOPLE = frozenset(("people", "persons", "men", "women"))
_WORKS = re.compile(
    r"-(?:person|strong)\b|\b(?:employ|staff|work|job|hire|hiring|payroll|team|headcount|personnel|colleague)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"^The\b|\b(?:it|its|they|their|the whole)\b", re.IGNORECASE)
_OF_YEAR = re.compile(r"\bof (?:1\d|20)\d\d\b")
_DENIES = re.compile(r"\b(?:no|not|zero|without)\b|n['’]t\b", re.IGNORECASE)
_COMPARING = frozenset(("more", "fewer", "less", "other", "such", "longer", "further", "better"))
_BEGUN = frozenset(map(stem, ("opened", "founded", "built", "made", "published", "launched")))
_DISTANCES = frozenset(("length", "distance"))
# What is told in kilometres is no height, nor a depth.
_LONG = frozenset(("km", "mi", "nmi"))


@dataclass(frozen=True)
class StatedNumber:
    """A number that a text states beside the words for it, within a range.

    Attributes
    ----------
    words : tuple of str
        Folded; what the number is of, any of them.
    span : Span
        In `unit`.
    unit : Unit or None
        What the range is in.
    year : bool
        Whether a year is meant.
    columns : tuple of Column
        Where to look.
    lexicon : Lexicon
        For related words: residents for people.
    days : bool
        Whether the range is one of days.
    period : str
        In which time so much is done: the week of "hours a week"; else empty.
    reaches : bool
        Whether the upper end of "100 to 350" counts.
    kind : frozenset of str
        Stems of the nouns for what a row is.
    """

    words: tuple[str, ...]
    span: Span
    unit: Unit | None
    year: bool
    columns: tuple[Column, ...]
    lexicon: Lexicon
    days: bool = field(default=False, kw_only=True)
    period: str = field(default="", kw_only=True)
    reaches: bool = field(default=False, kw_only=True)
    kind: frozenset[str] = field(default=frozenset(), kw_only=True)
    _costs: dict[str, float | None] = field(default_factory=dict, repr=False, compare=False)

    def describe(self) -> str:
        """The predicate in words."""
        return f"the text states a number for {' '.join(self.words)!r} that is {self.span.said}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; a text without such a number leaves it open."""
        return [self._in_row(cells) for cells in cells_of(self.columns, positions)]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        best: tuple[tuple[int, float], Column, str, Claim] | None = None
        for column, cell in zip(self.columns, cells, strict=True):
            if cell is None or not self._may_tell(cell):
                continue
            for sentence in sentences(cell):
                if not self._may_tell(sentence):
                    continue
                near = self._nearest(sentence)
                if near is None:
                    continue
                # The cost of the renovation is told where the renovation is.
                cost = (-self._told(sentence), near[0])
                if best is None or cost < best[0]:
                    best = (cost, column, sentence, near[1])
        if best is not None:
            return self._outcome(*best[1:])
        only = self._only_measure(cells)
        if only is not None:
            return only
        said = " ".join(self.words)
        return Outcome(None, None, f"No number for {said!r} stands in the text.", "low", ())

    def _may_tell(self, text: str) -> bool:
        """A quick look for a number, or for the lack of what is counted."""
        return bool(_NUMBER.search(text) or (self._counts and _DENIES.search(text)))

    def _only_measure(self, cells: Sequence[str | None]) -> Outcome | None:
        """The one number of a text in a unit that measures what is asked: its only area."""
        if self.unit is None or not (self._measures_unit() or self._attributes):
            return None
        if self._things and not any(cell and self._is_about(cell) for cell in cells):
            return None
        found = [
            (column, sentence, claim)
            for column, cell in zip(self.columns, cells, strict=True)
            if cell is not None and self._may_measure(cell)
            for sentence in sentences(cell)
            if self._may_measure(sentence)
            for claim in claims_of(sentence)
            if self._is_measure(claim)
        ]
        if len(found) != 1:
            return None
        column, sentence, claim = found[0]
        usable = self._usable(claim.quantity)
        if usable is None or not self._others.isdisjoint(map(stem, tokens(sentence))):
            return None
        claim = replace(claim, quantity=usable)
        return self._outcome(column, sentence, claim)._replace(confidence="low")

    def _is_measure(self, claim: Claim) -> bool:
        """Whether a number may be of what is asked, though nothing beside it says so."""
        unit = claim.quantity.unit
        if unit is None or self.unit is None or not unit.convertible(self.unit):
            return False
        # What was raised may be told as "a $12M Series A".
        named = claim.other and (self._attributes or unit.dimension != "money")
        if claim.held or named or claim.tells:
            return False
        if unit.dimension == "time":
            return False
        if unit.dimension != "length" or not self._attributes:
            return True
        return unit.name in _LONG and bool(self._attributes & _DISTANCES)

    def _may_measure(self, text: str) -> bool:
        """Whether a number and a unit of the right dimension may stand in a text."""
        forms = unit_pattern(self.unit.dimension) if self.unit is not None else None
        return bool(forms and forms.search(text) and _NUMBER.search(text))

    @cached_property
    def _measures(self) -> frozenset[str]:
        """Stems of the words for what is measured in the unit."""
        return frozenset(map(stem, MEASURES.get(self.unit.dimension if self.unit else "", ())))

    @cached_property
    def _others(self) -> frozenset[str]:
        """Those of them that are something else than what is asked: revenue for funding."""
        return self._measures - frozenset(self._wanted)

    @cached_property
    def _wanted(self) -> dict[str, float]:
        """Stems of the words, and of those related to them, with what these cost."""
        wanted = {stem(word): 0.0 for word in self.words}
        for word in self.words:
            told = {stem(phrase[0]) for phrase in self.lexicon.told(word)}
            same = {stem(phrase[0]) for phrase in self.lexicon.synonyms(word) if len(phrase) == 1}
            for related in same:
                wanted.setdefault(related, 10.0)
            for related in self.lexicon.family(word) | told:
                wanted.setdefault(related, 20.0)
        return wanted

    @cached_property
    def _units(self) -> list[Unit]:
        """The units among the words: dollars per kilogram."""
        return [unit for word in self.words if (unit := unit_named((word,))) is not None]

    @cached_property
    def _begins(self) -> bool:
        """Whether it is asked in which year something began to be."""
        return self.year and not _BEGUN.isdisjoint(self._wanted)

    def _measures_unit(self) -> bool:
        return not self._measures.isdisjoint(self._wanted)

    @cached_property
    def _attributes(self) -> frozenset[str]:
        """Of what numbers in the unit may tell, what is asked for: the depth, the salary."""
        known = DIMENSIONS.get(self.unit.dimension if self.unit else "", frozenset())
        return frozenset(name for name in known if not set(ATTRIBUTES[name]).isdisjoint(self.words))

    @cached_property
    def _things(self) -> tuple[str, ...]:
        """The things whose attribute is asked for: the breakfast of what breakfast costs."""
        if not self._attributes:
            return ()
        measures = {form for name in self._attributes for form in ATTRIBUTES[name]}
        measures |= {word for words in MEASURES.values() for word in words}
        own = (word for word in self.words if word not in measures)
        return tuple(word for word in own if not self.lexicon.family(word) & self._measures)

    def _is_about(self, sentence: str) -> bool:
        """Whether a sentence names the thing, or goes on about what was named before."""
        said = {stem(fold(word)) for word in _WORD.findall(sentence)}
        for word in self._things:
            related = (phrase[0] for phrase in (*self.lexicon.told(word), (word,)))
            same = (p[0] for p in self.lexicon.synonyms(word) if len(p) == 1)
            if not said.isdisjoint(map(stem, (*related, *same))):
                return True
        return bool(_GOES_ON.search(sentence))

    def _outcome(self, column: Column, sentence: str, claim: Claim) -> Outcome:
        quantity = claim.quantity
        inside = self._holds(claim)
        relation = "which is" if inside else "which is not"
        plain = quantity.top == quantity.value and not self.days
        shown = number_text(quantity.value, year=self.year) if plain else quantity.text
        number = f"{shown} is the number, {relation} {self.span.said}."
        reason = f"{column.name} says {quoted(sentence)} {number}"
        excerpt = sentence if len(sentence) <= LONGEST else quantity.text
        value = int(quantity.value) if float(quantity.value).is_integer() else quantity.value
        sure: Confidence = "low" if doubt_of(claim, sentence) else "medium"
        return Outcome(inside, value, reason, sure, ((column.name, excerpt),))

    def _holds(self, claim: Claim) -> bool:
        """Whether a number lies within the range, and of "40 to 60" both."""
        quantity = claim.quantity
        if self.days and quantity.dates:
            return quantity.dates[0] in self.span
        if quantity.year or quantity.top == quantity.value:
            # "Over 60,000" is more than 60,000.
            return quantity.value + claim.shift * abs(quantity.value) * 1e-9 in self.span
        return quantity.top in self.span and (self.reaches or quantity.value in self.span)

    def _nearest(self, sentence: str) -> tuple[float, Claim] | None:
        """The number that fits best to one of the words, and how far it is, in characters."""
        places = self._places(sentence)
        measured = bool(self._attributes) and not self._needed and self._may_measure(sentence)
        told = measured or (self._begins and bool(_OF_YEAR.search(sentence)))
        if (not places and self.words and not told) or not self._tells(sentence):
            return None
        if self._things and not self._is_about(sentence):
            return None
        found: list[tuple[float, Claim]] = []
        for claim in claims_of(sentence):
            quantity = self._usable(self._counted(claim.quantity, sentence))
            if quantity is None or self._is_of_something_else(claim, sentence):
                continue
            cost = self._cost_of(claim, sentence, places)
            doubt = doubt_of(claim, sentence) if cost is not None else 0.0
            if cost is not None and (self.year or doubt < _NO_MORE):
                found.append((cost + doubt, replace(claim, quantity=quantity)))
        if self._counts and places:
            found += self._none(sentence)
        return min(found, key=lambda pair: pair[0]) if found else None

    @cached_property
    def _counts(self) -> bool:
        """Whether things are counted, or years of something, so that there may be none of them."""
        counted = self.unit is None or (self.unit.dimension == "time" and not self._attributes)
        return counted and bool(self.words) and not self.year and not self._needed

    @cached_property
    def _counts_things(self) -> bool:
        """Whether a plural says that things are counted: rooms, but not costs."""
        money = {*MEASURES["money"], *ATTRIBUTES["price"], *ATTRIBUTES["salary"]}
        return any(is_plural(word) and word not in money for word in self.words)

    def _none(self, sentence: str) -> Iterator[tuple[float, Claim]]:
        """That there is none of what is counted: no locks."""
        for match in _NO.finditer(sentence):
            noun = match["noun"] or match["subject"]
            if self._cost(noun) == 0.0 and fold(match["kind"] or "") not in _COMPARING:
                start, end = match.span()
                none = Quantity(start, end, match.group(), 0.0, 0.0, self.unit)
                yield 1.0 - (_UNITED if self.unit else 0.0), Claim(none, (0, 0), (0, 0))

    def _is_of_something_else(self, claim: Claim, sentence: str) -> bool:
        """Whether a number is told of another attribute, as a depth of no length, or of an age."""
        if claim.tells and self._attributes and claim.tells.isdisjoint(self._attributes):
            return True
        if not self.year and (claim.dated or claim.part):
            return True
        if claim.verb and self.year and self._cost(claim.verb) is None:
            return True
        if self.period and period_of(claim, sentence) not in {"", self.period}:
            return True
        return self.unit is None and not self.year and self._is_age(claim.quantity, sentence)

    def _cost_of(
        self, claim: Claim, sentence: str, places: Sequence[tuple[int, int, float]]
    ) -> float | None:
        """How far a number is from what is asked; None where nothing links them."""
        quantity = claim.quantity
        same = self.unit is not None and quantity.unit is not None
        united = -_UNITED if same else 0.0
        if quantity.unit == self.unit:
            united -= 1.0  # of "60 miles (97 km)", the number in the unit asked for
        gaps = [self._gap(claim, sentence, place) for place in places]
        if claim.tells & self._attributes:
            gaps.append(0.0)
        if self._begins and claim.dated and claim.of and stem(claim.of) in self.kind:
            gaps.append(_FAR)  # the canal of 1860
        told = not self.period or period_of(claim, sentence)
        missing = 0.0 if told else _MISSING
        if gaps and min(gaps) < _NEVER:
            return min(gaps) + united + missing
        if same and not self.words:
            named = quantity.unit == self.unit
            return _FAR - 30.0 * named + missing
        return None

    def _gap(self, claim: Claim, sentence: str, place: tuple[int, int, float]) -> float:
        """How far a number is from a word for it, in characters."""
        quantity = claim.quantity
        start, end, cost = place
        if not self._may_be_of(quantity, claim):
            return _NEVER
        if claim.behind[0] <= start and end <= claim.behind[1]:
            return cost  # twelve locks
        led = claim.before[0] <= start and end <= claim.before[1]
        if led and (self.year or claim.firm):
            return cost + 1.0  # a depth of 8 metres
        if not self._may_stand_apart(claim):
            return _NEVER
        gap = max(start - quantity.end, quantity.start - end, 0) + cost
        between = sentence[end : quantity.start] or sentence[quantity.end : start]
        gap += _ACROSS * len(_NARROW.findall(between))
        if self.year and quantity.end <= start:
            gap += _BEFORE
        another = self._is_of_another(claim)
        if another and self.unit is None and not self.year and gap - cost > _LOOSE:
            return _NEVER
        return gap + (_OTHER if another else 0.0)

    def _may_be_of(self, quantity: Quantity, claim: Claim) -> bool:
        """Whether a number with a unit may tell what is asked without one: no kilos of eggs."""
        unit = quantity.unit
        if self.unit is not None:
            # "24 rooms" cost nothing, and "costs 450" tells of money.
            return unit is not None or not claim.other
        if unit is None or unit.dimension == "share":
            return True
        if unit.dimension == "money" and not self._counts_things:
            return True
        measures = MEASURES.get(unit.dimension, ())
        measured = bool(claim.tells) or not self._wanted.keys().isdisjoint(map(stem, measures))
        return measured or (self.span.low is None and self.span.high is None)

    def _may_stand_apart(self, claim: Claim) -> bool:
        """Whether a number may be meant that is not right beside its word, by its unit."""
        unit = claim.quantity.unit
        if self._attributes and (claim.held or (unit is not None and claim.other)):
            return False
        if self.unit is not None:
            return unit is not None or self.unit.dimension != "money"
        measures = MEASURES.get(unit.dimension, ()) if unit is not None else ()
        measured = not self._wanted.keys().isdisjoint(map(stem, measures))
        return unit is None or unit.dimension == "share" or measured

    def _is_age(self, quantity: Quantity, sentence: str) -> bool:
        """Whether somebody has to be so old: participants must be 18 or over."""
        if not _AGED.isdisjoint(self.words):
            return False
        before, behind = sentence[: quantity.start], sentence[quantity.end :]
        return bool(_AGE_BEFORE.search(before) or _AGE_BEHIND.match(behind))

    def _is_of_another(self, claim: Claim) -> bool:
        """Whether a number belongs to a unit or noun that is not asked for: two guides."""
        if claim.quantity.unit is not None and self.unit is None:
            return True
        return bool(claim.held or claim.other)

    def _counted(self, quantity: Quantity, sentence: str) -> Quantity:
        """The quantity; a "one" right before what is counted is meant as a number."""
        behind = _BEHIND.match(sentence, quantity.end) if quantity.weak else None
        # "One chalky egg" is one egg.
        following = [fold(word) for word in behind.groups("")] if behind is not None else []
        counted = {stem(word) for word in self.words}
        if counted.isdisjoint(map(stem, following)):
            return quantity
        return replace(quantity, weak=False)

    def _places(self, sentence: str) -> list[tuple[int, int, float]]:
        """Where words for the number stand in a sentence, and what each costs."""
        places = [
            (match.start(), match.end(), cost)
            for match in _WORD.finditer(sentence)
            if (cost := self._cost(match.group())) is not None
        ]
        places += [
            (match.start(), match.end(), 0.0)
            for match, meant in self.lexicon.phrasal_verbs(sentence)
            if stem(meant) in self._wanted
        ]
        if not self._needed:
            return places if self._people_meant(sentence) else []
        folded = fold(sentence)
        stands = [pattern.search(folded) for pattern in self._needed]
        if None in stands or len(folded) != len(sentence):
            return []
        # "Series A" tells which of several rounds is meant; its own year stands nearest.
        return [(match.start(), match.end(), 0.0) for match in stands if match]

    def _people_meant(self, sentence: str) -> bool:
        """Whether the people of a sentence are those asked for: they work there, they live near."""
        if self._employs:
            return bool(_WORKS.search(sentence))
        if not self._done_by_people:
            return True
        said = _WORD.findall(self.lexicon.plain_verbs(sentence))
        return any(stem(fold(word)) in self._done_by_people for word in said)

    @cached_property
    def _done_by_people(self) -> frozenset[str]:
        """Stems of words for what people do, where "people" alone would say too little."""
        words = [word for word in self.words if word not in _PEOPLE]
        if len(words) == len(self.words):
            return frozenset()
        told = (p[0] for word in words for p in self.lexicon.told(word) if len(p) == 1)
        same = (p[0] for word in words for p in self.lexicon.synonyms(word) if len(p) == 1)
        family = (form for word in words for form in self.lexicon.family(word))
        return frozenset(map(stem, (*words, *told, *same))) | frozenset(family)

    @cached_property
    def _employs(self) -> bool:
        return any(_WORKS.match(word) for word in self.words)

    def _told(self, sentence: str) -> int:
        """How many of the words, measures aside, stand in a sentence."""
        words = [word for word in self.words if stem(word) not in self._measures]
        said = [fold(word) for word in _WORD.findall(sentence)] if len(self.words) > 1 else []
        return sum(any(alike(word, other) for other in said) for word in words)

    def _tells(self, sentence: str) -> bool:
        """Whether what was done stands there as well: killed, of killed people."""
        done = [word for word in self.words if word.endswith("ed") and not is_relation(word)]
        if not done or self._needed or len(self.words) == len(done):
            return True
        said = [fold(word) for word in _WORD.findall(self.lexicon.plain_verbs(sentence))]
        forms = {form for word in done for form in (stem(word), *self.lexicon.family(word))}
        others = (p for w in done for p in (*self.lexicon.topic(w), *self.lexicon.told(w)))
        forms |= {stem(phrase[0]) for phrase in others}
        return any(stem(word) in forms or any(alike(word, d) for d in done) for word in said)

    @cached_property
    def _needed(self) -> list[re.Pattern[str]]:
        """Names of two words, which have to stand in the sentence."""
        return [re.compile(rf"\b{re.escape(word)}\b") for word in self.words if " " in word]

    def _cost(self, written: str) -> float | None:
        """How far a word is from those asked for, as if in characters; None if it is another."""
        if written not in self._costs:
            word = fold(written)
            cost = self._wanted.get(stem(word))
            if cost is None and self._units and unit_named((word,)) in self._units:
                cost = 0.0  # a kilo, of kilograms
            # "One million people visit it" tells of visitors.
            related = cost is None and any(alike(word, other) for other in self.words)
            self._costs[written] = 15.0 if related else cost
        return self._costs[written]

    def _usable(self, quantity: Quantity) -> Quantity | None:
        if self.days and quantity.dates is None:
            return None  # which day of the year is not said
        if quantity.weak or quantity.dates is not None:
            if self.year and quantity.dates is not None:
                return quantity
            return None
        if self.year:
            return quantity if quantity.year else None
        if quantity.year and self.span.said and not self._may_be_year():
            return None
        if self.unit is not None and self.unit.dimension == "share" and quantity.unit is None:
            return None
        # A third of the books is no number of them.
        share = quantity.unit is not None and quantity.unit.dimension == "share"
        if share and self.unit is None and self._rates.isdisjoint(self._wanted):
            return None
        # The m of "2 m" stands for metres or millions, and for no speed.
        if quantity.letter and not self._may_have(quantity):
            return None
        # A number without a unit is no weight.
        measured = self.unit is not None and self.unit.dimension not in {"money", "share"}
        if measured and quantity.unit is None and not quantity.letter:
            return None
        return quantity.in_unit(self.unit)

    def _may_have(self, quantity: Quantity) -> bool:
        """Whether a number with a letter that may be a unit can be what is asked."""
        meant = unit_named((quantity.letter,))
        if self.unit is None:
            return meant is None or not quantity.text.endswith(f" {quantity.letter}")
        return self.unit.dimension == "money" or meant is None or meant.convertible(self.unit)

    @property
    def _rates(self) -> frozenset[str]:
        """Stems of the words for what is a share of something."""
        return frozenset(map(stem, MEASURES["share"]))

    def _may_be_year(self) -> bool:
        ends = [end for end in (self.span.low, self.span.high) if end is not None]
        return any(100 <= end <= 10_000 for end in ends)
