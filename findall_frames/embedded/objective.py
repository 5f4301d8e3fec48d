"""The parts of an objective: what is looked for, by which criteria, and what else is wished."""

from __future__ import annotations

import re
from dataclasses import dataclass

from findall_frames.embedded.criteria import Criteria
from findall_frames.embedded.extremes import Superlatives
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.nouns import Nouns
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.rephrase import (
    article,
    entity_noun,
    sentence_of,
)
from findall_frames.embedded.sparing import without_exceptions
from findall_frames.embedded.wishes import without_wishes
from findall_frames.embedded.words import fold, stem

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


_OPENING = re.compile(
    r"""^\s*(?:please\s+)?(?:(?:can|could)\s+you\s+)?
    (?:(?:i|we)(?:\s+am|\s+are|['’]m|['’]re)\s+(?:(?:looking|searching|interested)\s+(?:for|in)|after)\s+(?:an?\s+)?
      |(?:i|we)(?:\s+(?:want|need|would\s+like)|['’]d\s+like)\s+(?:to\s+\w+\s+)?
      |help\s+me\s+(?:to\s+)?(?:find|get|identify)
      |(?:are|is)\s+there\b\s*
      |(?:find|list|show|give|get|name|identify|search(?:\s+for)?|look(?:ing)?(?:\s+for)?|return
         |fetch|select|discover|collect|compile|what|which|tell)\b\s*)
    (?:me\s+)?(?:are\s+)?(?:a\s+(?:full\s+|complete\s+)?list\s+of\s+)?(?:out\s+)?
    (?:all|every|each|any)?\s*(?:of\s+)?(?:the\s+|an?\s+)?
    |^\s*(?:all|every|each|any)\s+(?:of\s+)?(?:the\s+)?(?=[^\W\d_])""",
    re.IGNORECASE | re.VERBOSE,
)
_DONE = re.compile(
    r"^(?:which|what)\s+(?P<noun>[^,]+?)\s+(?:did|does|do)\s+(?P<who>[^,]+?)\s+"
    r"(?P<verb>[^\W\d_]+)$",
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
    return _Parser(linker).parse(" ".join(text.split()).rstrip(" .!?"))


class _Parser:
    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._nouns = Nouns(linker)
        self._criteria = Criteria(linker)

    def parse(self, text: str) -> Objective:
        text, wishes = without_wishes(text)
        text = _DONE.sub(r"\g<noun> that \g<who> \g<verb>", text)
        text = _EXPLAINED.sub(self._explained, without_exceptions(text))
        said = _OPENING.sub("", text, count=1) or text
        words = said.split()
        ranked = self._ranked(said)
        if ranked is not None:
            return Objective(*ranked, tuple(wishes))
        at = self._nouns.end(words)
        noun, rest = words[:at], " ".join(words[at:])
        called = entity_noun(noun[-1:])
        thing = called or "Entity"
        corpus = self._linker.corpus
        if not self._nouns.is_entity(noun[-1:]):
            # What is asked for is a kind of what the corpus holds: of its packages, the clients.
            thing = "Entity" if corpus.unnamed else entity_noun([corpus.name])
        criteria: list[Criterion] = []
        entity = " ".join(noun) or corpus.about
        head = noun[-1:] or []
        for modifier in self._nouns.modifiers(noun):
            if noun and modifier.endswith(noun[-1]):
                # The noun itself is the criterion: a web framework, among packages.
                kind = f"{modifier[: -len(noun[-1])]}{entity_noun(noun[-1:]).lower()}"
                criteria.append(_being(kind, thing))
                continue
            said = modifier
            if not self._nouns.is_adjective(modifier):
                said = f"{article(modifier)}{modifier} {thing.lower()}"
            sentence = f"{thing} must be {said}."
            criteria.append(Criterion(modifier, sentence))
            kept = entity.split()
            entity = " ".join(w for w in kept if w not in modifier.split()) or entity
        if criteria == [] and noun and self._nouns.says_what(noun[-1]):
            # "Physicists who died ..." among people.
            kind = entity_noun(noun[-1:]).lower()
            criteria.append(_being(kind, thing))
        clauses = self._criteria.clauses(rest)
        if clauses and not criteria:
            # The noun asks nothing of its own: suppliers, among reports on them.
            thing = called or thing
        several = bool(noun) and self._nouns.is_plural(noun[-1])
        criteria += [Criterion(one, sentence_of(thing, one, of_several=several)) for one in clauses]
        if not criteria and not self._nouns.is_entity(head):
            kind = " ".join([*noun[:-1], entity_noun(noun[-1:]).lower()])
            criteria.append(_being(kind, thing))
        return Objective(_uncapitalised(entity), tuple(criteria), tuple(wishes))

    def _explained(self, match: re.Match[str]) -> str:
        """Short courses (under 7 weeks) as courses under 7 weeks: the number says how short."""
        if not self._linker.lexicon.direction(fold(match["how"])) or not find_quantities(
            match["said"]
        ):
            return match.group()
        return f"{match['noun']} {match['said']}"

    def _ranked(self, said: str) -> tuple[str, tuple[Criterion, ...]] | None:
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
        return fold(kinds[0]) if kinds else self._linker.corpus.about, (Criterion(said, sentence),)


def _being(kind: str, thing: str) -> Criterion:
    """That a thing is of a kind: "Package must be a web framework."."""
    return Criterion(kind, f"{thing} must be {article(kind)}{kind}.")


def _uncapitalised(entity: str) -> str:
    """The kind of entity as it stands inside a sentence; acronyms stay."""
    first, space, rest = entity.partition(" ")
    return f"{first.lower()}{space}{rest}" if first.istitle() and not rest else entity
