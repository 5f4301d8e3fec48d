"""The parts of an objective: what is looked for, by which criteria, and what else is wished."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import dropwhile

from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, singular, stem, tokens
from findall_frames.embedded.objectives.callings import Callings
from findall_frames.embedded.objectives.criteria import Criteria
from findall_frames.embedded.objectives.nouns import Nouns
from findall_frames.embedded.objectives.opening import (
    is_question,
    sentences,
    without_opening,
    without_preferences,
)
from findall_frames.embedded.objectives.rephrase import (
    OPENERS,
    article,
    entity_noun,
    is_participle,
    past,
)
from findall_frames.embedded.objectives.sentences import counts, sentence_of, uncontracted
from findall_frames.embedded.objectives.sparing import without_exceptions
from findall_frames.embedded.objectives.wishes import named_first, only_wishes, without_wishes
from findall_frames.embedded.predicates.extremes import Superlatives
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Criterion", "Objective", "parse_objective"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is asked of an entity.

    Attributes
    ----------
    said : str
        The words of the objective that ask it.
    sentence : str
        A sentence that says it and can be read by itself.
    """

    said: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Objective:
    """What an objective says.

    Attributes
    ----------
    entity_type : str
        What is looked for, as it was called.
    criteria : tuple of Criterion
        What it has to meet.
    wishes : tuple of str
        What else should be told of each: ``"capital"``.
    """

    entity_type: str
    criteria: tuple[Criterion, ...]
    wishes: tuple[str, ...]


_DONE = re.compile(
    r"^(?:which|what)\s+(?P<noun>[^,]+?)\s+(?P<do>did|does|do)\s+(?P<who>(?!not\b)[^,]+?)\s+"
    r"(?P<verb>[^\W\d_]+)$",
    re.IGNORECASE,
)
_KINDS = ("number", "boolean", "text", "prose", "list", "date", "version")
_NEAR = 6
_SIDES = 3
_OF = frozenset(("number", "count", "amount", "year", "date", "name", "of", "the"))
_WITH = re.compile(
    r"^(?:(?:that|which|who)\s+|(?:it|they)\s+(?:would|should|could)\s+)?(?:also\s+)?"
    r"(?:with|having|have|has|be|are|is|include|includes|offer|offers)\s+",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    r"^(?P<where>(?:in|at|on|near|from|for|among|within|outside)\s[^,:]{2,60})"
    r"(?::\s+|,\s+(?=(?:which|what|find|list|show)\s))(?P<asked>.+)$",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"^(?:please\s+|(?:can|could)\s+you\s+)*(?:find|list|show|give|get|identify|which|what|who"
    r"|search|look|(?:i|we)\s.*?\b(?:look|search|need|want|like|after|seek))",
    re.IGNORECASE,
)
_OF_US = re.compile(
    r"^(?:i|we)(?:['’](?:m|re)|\s+(?:am|are))\s+(?:an?|two|three|\d)\b"
    r"(?!.*?\b(?:looking|searching|search)\s)",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(r"^(?:i|we|our|my|there|this|it)\b", re.IGNORECASE)
_EXCLUDE = re.compile(
    r"^(?:please\s+)?(?:exclude|leave\s+out|skip|ignore|omit|avoid|do\s+not\s+(?:include|show|want))\s+",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"^(?:(?:i|we)\s+(?:only|just)\s+(?:want|need|care\s+about)\s+|only\s+|just\s+)"
    r"(?:include\s+|show\s+|list\s+)?(?:those\s+|ones\s+)?|\s+only$",
    re.IGNORECASE,
)
_ANYTHING = frozenset(
    (
        "something",
        "anything",
        "somewhere",
        "anywhere",
        "someone",
        "anyone",
        "somebody",
        "anybody",
        "everyone",
        "everybody",
    )
)
_BUT_NOT = re.compile(
    r"(?P<one>[\w-]+)\s+but\s+not\s+(?P<other>(?!in\b|from\b|on\b|at\b|by\b|for\b)[\w-]+)"
    r"\s+(?P<noun>[^\W\d_]+s)(?=\s|$)"
)
_MODAL = r"(?:must|should|shall|need\s+to|needs\s+to|have\s+to|has\s+to|ought\s+to|will)"
_SET_APART = re.compile(r"\s*\(([^()]+)\)")
_SUBJECT = re.compile(
    r"^(?:(?:also|and|but|plus|in\s+addition|moreover|furthermore|finally|additionally),?\s+)?"
    r"(?:(?:they|it|these|those|each|all|which(?=\s+(?:ones|of)\b))"
    rf"(?:\s+(?:ones?|of\s+(?:them|these|those)))?\s+(?:{_MODAL}\s+)?"
    rf"|(?:(?:the|every|each)\s+\w+\s+)?(?P<modal>{_MODAL}\s+)"
    r"|(?P<wanted>(?:i|we)\s+(?:also\s+)?(?:need|want|require|would\s+like)\s+)(?:it|them|one|those)?"
    r"(?:\s*(?P<to>to|that)\s+)?)(?:(?:also|all|both)\s+)*",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(r"\b(?P<how>[^\W\d_]+)\s+(?P<noun>[^\W\d_]+)\s+\((?P<said>[^()]+)\)")


def parse_objective(text: str, linker: Linker) -> Objective:
    """Take an objective apart.

    Parameters
    ----------
    text : str
        The objective.
    linker : Linker
        Of the corpus that will be searched.
    """
    return _Parser(linker).parse(text)


class _Parser:
    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._nouns = Nouns(linker)
        self._criteria = Criteria(linker)
        self._callings = Callings(linker)

    def parse(self, text: str) -> Objective:
        wishes: list[str] = []
        asked: list[str] = []
        given = sentences(uncontracted(text))
        if _PREAMBLE.match(" ".join(given[:1])) and any(map(_REQUEST.match, given[1:])):
            given = list(dropwhile(_only_tells, given))
        # "In Rome, which museums are free" asks which museums are free, and in Rome.
        fronted = _FRONTED.match(given[0]) if given else None
        if fronted is not None:
            given[:1] = [fronted["asked"], fronted["where"]]
        given.sort(key=lambda one: not (is_question(one) and self._is_about_rows(one)))
        for whole in given:
            sentence, preferred = without_preferences(whole)
            told = only_wishes(sentence) if asked else []
            if not told:
                sentence, told = without_wishes(sentence, self._names)
                asked += [sentence] * bool(sentence)
            wishes += [*told, *(_WITH.sub("", one) for one in preferred)]
        first, *others = asked or [" ".join(text.split()) or self._linker.corpus.about]
        entity, thing, criteria, told = self._request(first)
        for sentence in others:
            criteria += self._sequel(sentence, thing)
        return Objective(entity, tuple(criteria), tuple(dict.fromkeys([*told, *wishes])))

    def _is_about_rows(self, question: str) -> bool:
        """Whether a question asks which rows: what jobs are there, but not what do they cost."""
        words = [fold(word) for word in question.split()[1:_NEAR]]
        upto = next((at for at, word in enumerate(words) if word in OPENERS), len(words))
        return any(map(self._linker.is_kind, words[:upto]))

    def _names(self, noun: str) -> bool:
        """Whether a noun is the name of a column."""
        words = [word for word in tokens(noun) if word not in _OF] or tokens(noun)
        found = self._linker.named(words, _KINDS)
        return bool(found) and (found[0].named or len(found[0].used) == len(words))

    def _request(self, text: str) -> tuple[str, str, list[Criterion], list[str]]:
        """The entity, what to call one of them, the criteria and wishes of a first sentence."""
        modal = _SUBJECT.match(text)
        if modal is not None and modal["modal"]:
            thing = self._of_corpus()
            return self._linker.corpus.about, thing, self._sequel(text, thing), []
        text = _DONE.sub(_done, text)
        text = _EXPLAINED.sub(self._explained, without_exceptions(text))
        text = _BUT_NOT.sub(r"\g<one> \g<noun> that are not \g<other>", text)
        asking = is_question(text)
        said = _SET_APART.sub(self._set_apart, without_opening(text)) or text
        said, wishes = named_first(said, self._names, lambda word: self._linker.is_kind(fold(word)))
        ranked = self._ranked(said)
        if ranked is not None:
            return *ranked, wishes
        words = said.split()
        at = 0 if fold(words[0]) in OPENERS else self._nouns.end(words)
        if fold(words[0]) in _ANYTHING:
            # "Something vegan" is one that is vegan.
            plain = words[1:2] and fold(words[1]) not in OPENERS
            at, words = 0, ["is"] * bool(plain) + words[1:]
        noun = [word.rstrip(":") for word in words[:at]]
        noun[-1:] = [word.rstrip(",;") for word in noun[-1:]]
        noun[:-1] = [re.sub(r"['’]s$", "", word) for word in noun[:-1]]  # "GSK's medicines"
        rest = _either(" ".join(words[at:]), noun)
        joined = fold(noun[-2]) in {"or", "and"} if len(noun) >= _SIDES else False
        if joined and self._linker.is_kind(fold(noun[-_SIDES])):
            del noun[1 - _SIDES :]  # "flats or studios", among flats
        called = entity_noun(noun[-1:])
        thing = called or self._of_corpus()
        if not self._nouns.is_entity(noun[-1:]):
            # What is asked for is a kind of what the corpus holds: of its packages, the clients.
            thing = self._of_corpus()
        entity, criteria = self._before(noun, thing)
        clauses = self._criteria.clauses(rest, asking=asking)
        if clauses and not criteria:
            # The noun asks nothing of its own: suppliers, among reports on them.
            thing = called or thing
        several = bool(noun) and self._nouns.is_plural(noun[-1])
        criteria += [
            Criterion(one.said, sentence_of(thing, one.said, of_several=several, voice=one.voice))
            for one in clauses
        ]
        if not criteria and not self._nouns.is_entity(noun[-1:]):
            one = called if noun[1:] and noun[-1].istitle() else called.lower()
            criteria.append(_being(" ".join([*noun[:-1], one]), thing))
        return _uncapitalised(entity.rstrip(",;")), thing, criteria, wishes

    def _before(self, noun: list[str], thing: str) -> tuple[str, list[Criterion]]:
        """What to call the entity, and the criteria in the noun and the words before it."""
        called = entity_noun(noun[-1:])
        criteria: list[Criterion] = []
        entity = " ".join(noun).rstrip(",;") or self._linker.corpus.about
        for modifier in self._nouns.modifiers(self._within(noun)):
            if noun and modifier.endswith(noun[-1]):
                # The noun itself is the criterion: a web framework, among packages.
                one = called if noun[1:] and noun[-1].istitle() else called.lower()
                kind = f"{modifier[: -len(noun[-1])]}{one}"
                criteria.append(_being(kind, thing))
                continue
            adjective = self._nouns.is_adjective(modifier)
            kind = modifier if adjective else f"{modifier} {thing.lower()}"
            sentence = _being(kind, thing, bare=adjective).sentence
            if self._callings.is_part(modifier, sentence):
                continue
            if self._callings.is_genus(modifier, noun[-1], sentence):
                continue
            criteria.append(Criterion(modifier, sentence))
            if self._nouns.is_entity(noun[-1:]):
                used = {fold(word.strip(",")) for word in modifier.split()}
                used |= {"and", "or"}
                kept = [word for word in entity.split() if fold(word.strip(",")) not in used]
                entity = " ".join(kept) or entity
        if criteria == [] and noun and self._nouns.says_what(noun[-1]):
            # "Physicists who died ..." among people.
            being = _being(called.lower(), thing)
            if not self._callings.is_common(noun[-1], being.sentence):
                criteria.append(being)
        return entity, criteria

    def _within(self, noun: list[str]) -> list[str]:
        """A noun as it stands inside a sentence: publicly traded, German."""
        first = noun[0].rstrip(",") if noun else ""
        proper = self._linker.values([fold(first)]) or fold(first).endswith(("an", "ese", "ish"))
        return [noun[0].lower(), *noun[1:]] if first.istitle() and noun[1:] and not proper else noun

    def _of_corpus(self) -> str:
        corpus = self._linker.corpus
        return "Entity" if corpus.unnamed else entity_noun([corpus.name])

    def _sequel(self, sentence: str, thing: str) -> list[Criterion]:
        """The criteria of a sentence behind the first: "They must be open source."."""
        said = without_exceptions(f"x, {_EXCLUDE.sub('except ', sentence)}").removeprefix("x")
        said = _ONLY.sub("", said.strip(" ,"))
        subject = _SUBJECT.match(said)
        rest = said[subject.end() :] if subject else said
        opener = fold(rest.split()[0]) if rest else ""
        if opener in OPENERS | {"no"} or is_participle(opener):
            rest = f"{opener} {rest.partition(' ')[2]}"
        found = []
        for at, clause in enumerate(self._criteria.clauses(rest)):
            whole = clause.said
            if not at and not subject and not self._criteria.opens(whole):
                whole = f"have {whole}" if counts(whole) else f"be {whole}"
            elif not at and subject and not self._criteria.opens(whole):
                had = subject["wanted"] and not subject["to"] and f"have {whole}"
                found.append(Criterion(whole, f"{thing} must {had or whole}."))
                continue
            found.append(Criterion(whole, sentence_of(thing, whole, voice=clause.voice)))
        return found

    def _set_apart(self, match: re.Match[str]) -> str:
        """What stands in brackets as a part of the sentence, where it is a criterion."""
        said = _ONLY.sub("", match[1])
        first = fold(said.split()[0]) if said.split() else ""
        if first in OPENERS | {"no", "up"}:
            return f" {said}"
        few = any(m.start == 0 for m in self._linker.values(tokens(said)))
        return f", {said}," if few or counts(said) else match.group()

    def _explained(self, match: re.Match[str]) -> str:
        """Short courses (under 7 weeks) as courses under 7 weeks: the number says how short."""
        if not self._linker.lexicon.direction(fold(match["how"])) or not find_quantities(
            match["said"]
        ):
            return match.group()
        return f"{match['noun']} {match['said']}"

    def _ranked(self, said: str) -> tuple[str, str, list[Criterion]] | None:
        """One criterion for a superlative and all that it is meant among: the tallest in Asia."""
        said = re.sub(r"^(?:(?:is|are|was|were)\s+)?(?:the\s+)?", "", said)
        superlatives = Superlatives(self._linker)
        split = superlatives.split(said, lambda word: self._linker.is_kind(word))
        if split is None or split.denied:
            return None
        known = self._linker.lexicon.kinds | self._linker.entity_words
        kinds = [word for word in said.split() if stem(fold(word)) in known]
        thing = entity_noun(kinds[:1]) or "Entity"
        several = bool(find_quantities(said)) or any(map(self._nouns.is_plural, kinds))
        sentence = f"{thing} must be {'one of ' * several}the {said}."
        entity = fold(kinds[0]) if kinds else self._linker.corpus.about
        return entity, thing, [Criterion(said, sentence)]


def _only_tells(sentence: str) -> bool:
    """Whether a sentence says who asks: we are a charity and need money for a roof."""
    return not _REQUEST.match(sentence) or bool(_OF_US.match(sentence))


def _either(rest: str, noun: list[str]) -> str:
    """Hotels in Rome or with a pool, for "hotels in Rome and hotels with a pool"."""
    if not noun:
        return rest
    again = rf",?\s+(?:and|or|as\s+well\s+as)\s+(?:the\s+|all\s+)?{re.escape(noun[-1])}"
    pattern = rf"{again}\s+(?=(?:that|which|who|with|in)\b)"
    return re.sub(pattern, ", or ", rest, flags=re.IGNORECASE)


def _done(match: re.Match[str]) -> str:
    """Languages that he designed, for "Which languages did he design"."""
    verb = past(match["verb"]) if match["do"].lower() == "did" else match["verb"]
    return f"{match['noun']} that {match['who']} {verb}"


def _being(kind: str, thing: str, *, bare: bool = False) -> Criterion:
    """That a thing is of a kind: "Package must be a web framework."."""
    if not bare:
        # "Starters or snacks": each is one of either.
        kind = re.sub(r"[^\W\d_]+(?=\s+or\s)", lambda one: _one_of(one.group()), kind)
    return Criterion(kind, f"{thing} must be {'' if bare else article(kind)}{kind}.")


def _one_of(word: str) -> str:
    return singular(word) if word.islower() and word.endswith("s") else word


def _uncapitalised(entity: str) -> str:
    """The kind of entity as it stands inside a sentence; acronyms stay."""
    first, space, rest = entity.partition(" ")
    return f"{first.lower()}{space}{rest}" if first.istitle() and not rest else entity
