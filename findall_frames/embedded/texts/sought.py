"""What number is sought in a text: the words for it, what they measure, where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from findall_frames.embedded.language.english import (
    ADVERBS,
    AUXILIARIES,
    NEGATORS,
    PREPOSITIONS,
    is_relation,
)
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.units import MEASURES, Unit, unit_named
from findall_frames.embedded.language.words import alike, fold, phrases, stem
from findall_frames.embedded.predicates.conditions import Span
from findall_frames.embedded.texts.attributes import ATTRIBUTES, DIMENSIONS
from findall_frames.embedded.texts.saying import is_plural
from findall_frames.embedded.texts.tellings import NO_PHRASE, Telling, tellings_of

__all__ = ["Sought"]

_WORD = re.compile(r"[^\W\d_]+")
# Where and how something came to be is no number of things.
_PLACED = frozenset(
    map(stem, ("made", "built", "located", "based", "found", "lives", "from", "where", "by"))
)
_AMOUNTS = frozenset(
    map(stem, ("turnover", "profit", "loss", "loan", "fine", "tax", "salary", "wage", "debt"))
)
_SMALL = ADVERBS | AUXILIARIES | NEGATORS | PREPOSITIONS
_ALIKE = 15.0
"""What a word costs that is only formed like the one asked for: visit, of visitors."""
_MOST_WORDS = 65_536
_TOLD = 8.0
"""What a word costs that tells the same number as the one asked for: perished, of died."""
_PEOPLE_ALONE = 20.0
_AGES = frozenset(("age", "aged"))
# Where something is says nothing of what is there.
_SETTING = frozenset(
    phrases(
        """lie, lies, lying, rest, rests, resting, sit, sits, stand, stands, situated, located,
        surface, sea, seabed, seafloor, water, waves, ground, level, bottom, below, beneath, hire,
        rent, buy, book"""
    )
)
_PEOPLE = frozenset(("people", "persons", "men", "women"))
_WORKS = re.compile(
    r"-(?:person|strong)\b|\b(?:employ|staff|work|job|hire|hiring|payroll|team|headcount"
    r"|personnel|colleague)",
    re.IGNORECASE,
)
# Who makes something somewhere works there, unlike who lives there or visits.
_MAKES = re.compile(
    r"\b(?:people|persons|men|women)\s+(?:\w+ly\s+)?(?:make|made|build|built|produce|manufacture"
    r"|assemble|run|operate|brew|bake|weave|wove|spin|spun|sew|knit|print|design|develop|sell|sold"
    r"|pack|cast|forge|mill|mine|farm|grow|grew|repair|service|write|wrote)\w{0,2}\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\b(?:it|its|they|their|the whole)\b", re.IGNORECASE)
# What weighs so much, or is so tall, is mostly the whole of it.
_BODIES = frozenset(("mass", "length"))
_BEGUN = frozenset(map(stem, ("opened", "founded", "built", "made", "published", "launched")))


@dataclass(frozen=True)
class Sought:
    """The number that is asked for.

    Attributes
    ----------
    words : tuple of str
        Folded; what the number is of, any of them.
    span : Span
        Within which it has to be, in `unit`.
    unit : Unit or None
        What the range is in.
    year : bool
        Whether a year is meant.
    lexicon : Lexicon
        For related words: residents for people.
    days : bool
        Whether the range is one of days.
    period : str
        In which time so much is done: the week of "hours a week"; else empty.
    kind : frozenset of str
        Stems of the nouns for what a row is.
    """

    words: tuple[str, ...]
    span: Span
    unit: Unit | None
    year: bool
    lexicon: Lexicon
    days: bool = field(default=False, kw_only=True)
    period: str = field(default="", kw_only=True)
    kind: frozenset[str] = field(default=frozenset(), kw_only=True)
    _costs: dict[str, float | None] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def measures(self) -> frozenset[str]:
        """Stems of the words for what is measured in the unit."""
        return frozenset(map(stem, MEASURES.get(self.unit.dimension if self.unit else "", ())))

    @cached_property
    def others(self) -> frozenset[str]:
        """Those of them that are something else than what is asked: revenue for funding."""
        money = self.unit is not None and self.unit.dimension == "money"
        return (self.measures | (_AMOUNTS if money else frozenset())) - frozenset(self.wanted)

    @cached_property
    def wanted(self) -> dict[str, float]:
        """Stems of the words, and of those related to them, with what these cost."""
        wanted = {stem(word): 0.0 for word in self.words}
        for word in self.words:
            told = {stem(p[0]) for p in self.lexicon.told(word) if p[0] not in _SMALL}
            same = {stem(phrase[0]) for phrase in self.lexicon.synonyms(word) if len(phrase) == 1}
            for related in same:
                wanted.setdefault(related, 10.0)
            family = self.lexicon.family(word) - (frozenset() if self.year else _PLACED)
            for related in family | told:
                wanted.setdefault(related, 20.0)
        for telling in self.tellings:
            for related in telling.told:
                wanted[related] = min(_TOLD, wanted.get(related, _TOLD))
        if self.of_people:
            # "Two dozen people were rescued" tells of none that died.
            wanted |= {word: _PEOPLE_ALONE for word in map(stem, _PEOPLE) if word in wanted}
        return wanted

    @cached_property
    def tellings(self) -> tuple[Telling, ...]:
        """The groups of words by which it is told."""
        return tellings_of(self.words, year=self.year)

    @cached_property
    def _spelled(self) -> tuple[Telling, ...]:
        """Those of them that are told in several words as well."""
        return tuple(telling for telling in self.tellings if telling.phrase is not NO_PHRASE)

    @cached_property
    def of_capacity(self) -> bool:
        """Whether it is asked how many people there is room for."""
        return any(telling.beside for telling in self.tellings)

    @cached_property
    def of_people(self) -> bool:
        """Whether a part of some people may be meant: two thousand of her crew."""
        return any(telling.of_people for telling in self.tellings)

    @cached_property
    def _units(self) -> list[Unit]:
        """The units among the words: dollars per kilogram."""
        return [unit for word in self.words if (unit := unit_named((word,))) is not None]

    @cached_property
    def begins(self) -> bool:
        """Whether it is asked in which year something began to be."""
        return self.year and not _BEGUN.isdisjoint(self.wanted)

    @cached_property
    def asks_age(self) -> bool:
        """Whether somebody's age is asked for, in years that go without saying."""
        return self.unit is None and not self.year and not _AGES.isdisjoint(self.words)

    def measures_unit(self) -> bool:
        return not self.measures.isdisjoint(self.wanted)

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Of what numbers in the unit may tell, what is asked for: the depth, the salary."""
        known = DIMENSIONS.get(self.unit.dimension if self.unit else "", frozenset())
        return frozenset(name for name in known if not set(ATTRIBUTES[name]).isdisjoint(self.words))

    @cached_property
    def things(self) -> tuple[str, ...]:
        """The things whose attribute is asked for: the breakfast of what breakfast costs."""
        if not self.attributes and not self.measures_unit():
            return ()
        measures = {form for name in self.attributes for form in ATTRIBUTES[name]}
        measures |= {word for words in MEASURES.values() for word in words}
        own = (w for w in self.words if w not in measures and not self.lexicon.attributes(w))
        own = (w for w in own if w not in _SETTING)
        return tuple(word for word in own if not self.lexicon.family(word) & self.measures)

    def is_about(self, sentence: str) -> bool:
        """Whether a sentence names the thing, or goes on about what was named before."""
        said = {stem(fold(word)) for word in _WORD.findall(sentence)}
        for word in self.things:
            related = (phrase[0] for phrase in (*self.lexicon.told(word), (word,)))
            same = (p[0] for p in self.lexicon.synonyms(word) if len(p) == 1)
            if not said.isdisjoint(map(stem, (*related, *same))):
                return True
        if any(not said.isdisjoint(telling.told) for telling in self.tellings):
            return True
        body = self.unit is not None and self.unit.dimension in _BODIES
        return bool(_GOES_ON.search(sentence)) or (body and sentence.startswith("The "))

    @cached_property
    def counts(self) -> bool:
        """Whether things are counted, or years of something, so that there may be none of them."""
        counted = self.unit is None or (self.unit.dimension == "time" and not self.attributes)
        return counted and bool(self.words) and not self.year and not self.needed

    @cached_property
    def counts_things(self) -> bool:
        """Whether a plural says that things are counted: rooms, but not costs."""
        money = {*MEASURES["money"], *ATTRIBUTES["price"], *ATTRIBUTES["salary"]}
        return any(is_plural(word) and word not in money for word in self.words)

    def places(self, sentence: str) -> list[tuple[int, int, float]]:
        """Where words for the number stand in a sentence, and what each costs."""
        places: list[tuple[int, int, float]] = []
        costs = self._costs
        for match in _WORD.finditer(sentence):
            word = match.group()
            cost = costs[word] if word in costs else self.cost(word)
            if cost is not None:
                places.append((match.start(), match.end(), cost))
        if self._phrasal is not None:
            places += [(m.start(), m.end(), 0.0) for m in self._phrasal.finditer(sentence)]
        for telling in self._spelled:
            spelled = [(m.start(), m.end(), _TOLD) for m in telling.phrase.finditer(sentence)]
            # Two thousand people may be there and do anything but sit.
            if telling.beside and not spelled:
                said = {stem(fold(sentence[start:end])) for start, end, _ in places}
                if said.isdisjoint(telling.told):
                    return []
            places += spelled
        if not self.needed:
            return places if self._people_meant(sentence) else []
        folded = fold(sentence)
        stands = [pattern.search(folded) for pattern in self.needed]
        if None in stands or len(folded) != len(sentence):
            return []
        # "Series A" tells which of several rounds is meant; its own year stands nearest.
        return [(match.start(), match.end(), 0.0) for match in stands if match]

    @cached_property
    def _phrasal(self) -> re.Pattern[str] | None:
        """Finds the verbs of two words that mean what is asked for: set up, for founded."""
        verbs = self.lexicon.verbs_of_two_words.items()
        same = [re.escape(verb) for verb, meant in verbs if stem(meant) in self.wanted]
        return re.compile(rf"\b(?:{'|'.join(same)})\b", re.IGNORECASE) if same else None

    def _people_meant(self, sentence: str) -> bool:
        """Whether the people of a sentence are those asked for: they work there, they live near."""
        if self._employs:
            return bool(_WORKS.search(sentence) or _MAKES.search(sentence))
        if not self._done_by_people:
            return True
        if any(telling.phrase.search(sentence) for telling in self._spelled):
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
        other = frozenset[str]().union(*(telling.told for telling in self.tellings))
        return frozenset(map(stem, (*words, *told, *same))) | frozenset(family) | other

    @cached_property
    def _employs(self) -> bool:
        return any(_WORKS.match(word) for word in self.words)

    def told_in(self, sentence: str) -> int:
        """How many of the words, measures aside, stand in a sentence."""
        words = [word for word in self.words if stem(word) not in self.measures]
        said = [fold(word) for word in _WORD.findall(sentence)] if len(self.words) > 1 else []
        return sum(any(alike(word, other) for other in said) for word in words)

    def tells_deed(self, sentence: str) -> bool:
        """Whether what was done stands there as well: killed, of killed people."""
        done = [word for word in self.words if word.endswith("ed") and not is_relation(word)]
        if not done or self.needed or len(self.words) == len(done):
            return True
        said = [fold(word) for word in _WORD.findall(self.lexicon.plain_verbs(sentence))]
        forms = {form for word in done for form in (stem(word), *self.lexicon.family(word))}
        others = (p for w in done for p in (*self.lexicon.topic(w), *self.lexicon.told(w)))
        forms |= {stem(phrase[0]) for phrase in others}
        forms = forms.union(*(telling.told for telling in self.tellings))
        if any(telling.phrase.search(sentence) for telling in self._spelled):
            return True
        return any(stem(word) in forms or any(alike(word, d) for d in done) for word in said)

    @cached_property
    def needed(self) -> list[re.Pattern[str]]:
        """Names of two words, which have to stand in the sentence."""
        return [re.compile(rf"\b{re.escape(word)}\b") for word in self.words if " " in word]

    def cost(self, written: str) -> float | None:
        """How far a word is from those asked for, as if in characters; None if it is another."""
        if written not in self._costs:
            word = fold(written)
            cost = self.wanted.get(stem(word))
            if cost is None and self._units and unit_named((word,)) in self._units:
                cost = 0.0  # a kilo, of kilograms
            # "One million people visit it" tells of visitors.
            near = cost is None or cost > _ALIKE
            related = near and any(alike(word, other) for other in self.words)
            if len(self._costs) == _MOST_WORDS:
                self._costs.clear()
            self._costs[written] = _ALIKE if related else cost
        return self._costs[written]

    @property
    def rates(self) -> frozenset[str]:
        """Stems of the words for what is a share of something."""
        return frozenset(map(stem, MEASURES["share"]))

    def may_be_year(self) -> bool:
        ends = [end for end in (self.span.low, self.span.high) if end is not None]
        return any(100 <= end <= 10_000 for end in ends)
