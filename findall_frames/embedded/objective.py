"""The parts of an objective: what is looked for, by which criteria, and what else is wished."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from findall_frames.embedded.columns import Column
from findall_frames.embedded.english import (
    ADVERBS,
    AUXILIARIES,
    PREPOSITIONS,
    is_negator,
    is_relation,
)
from findall_frames.embedded.extremes import Superlatives
from findall_frames.embedded.flags import read_place
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.pieces import compares, prices, split_pieces, states
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.rephrase import (
    OPENERS,
    article,
    entity_noun,
    has_subject,
    is_participle,
    is_place,
    sentence_of,
)
from findall_frames.embedded.sparing import without_exceptions
from findall_frames.embedded.wishes import without_wishes
from findall_frames.embedded.words import fold, phrases, singular, stem, tokens

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
_HAD = re.compile(r"^(?:with|having|has|have)\s")
_LINKS = re.compile(r"^(?:(?:and|but|,|;|also|that|which|who|are also)\s+)+")


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

    def parse(self, text: str) -> Objective:
        text, wishes = without_wishes(text)
        text = _DONE.sub(r"\g<noun> that \g<who> \g<verb>", text)
        text = _EXPLAINED.sub(self._explained, without_exceptions(text))
        said = _OPENING.sub("", text, count=1) or text
        words = said.split()
        ranked = self._ranked(said)
        if ranked is not None:
            return Objective(*ranked, tuple(wishes))
        at = self._end_of_noun(words)
        noun, rest = words[:at], " ".join(words[at:])
        called = entity_noun(noun[-1:])
        thing = called or "Entity"
        corpus = self._linker.corpus
        if not self._is_entity(noun[-1:]):
            # What is asked for is a kind of what the corpus holds: of its packages, the clients.
            thing = "Entity" if corpus.unnamed else entity_noun([corpus.name])
        criteria: list[Criterion] = []
        entity = " ".join(noun) or corpus.about
        head = noun[-1:] or []
        for modifier in self._modifiers(noun):
            if noun and modifier.endswith(noun[-1]):
                # The noun itself is the criterion: a web framework, among packages.
                kind = f"{modifier[: -len(noun[-1])]}{entity_noun(noun[-1:]).lower()}"
                criteria.append(_being(kind, thing))
                continue
            said = modifier
            if not self._is_adjective(modifier):
                said = f"{article(modifier)}{modifier} {thing.lower()}"
            sentence = f"{thing} must be {said}."
            criteria.append(Criterion(modifier, sentence))
            kept = entity.split()
            entity = " ".join(w for w in kept if w not in modifier.split()) or entity
        if criteria == [] and noun and self._says_what(noun[-1]):
            # "Physicists who died ..." among people.
            kind = entity_noun(noun[-1:]).lower()
            criteria.append(_being(kind, thing))
        clauses = self._clauses(rest)
        if clauses and not criteria:
            # The noun asks nothing of its own: suppliers, among reports on them.
            thing = called or thing
        several = bool(noun) and self._is_plural(noun[-1])
        criteria += [Criterion(one, sentence_of(thing, one, of_several=several)) for one in clauses]
        if not criteria and not self._is_entity(head):
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

    def _is_plural(self, word: str) -> bool:
        low = fold(word)
        if word[-1:].isupper():
            return False  # RoHS
        return low != singular(low) and not self._linker.values([low])

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
        several = bool(find_quantities(said)) or any(map(self._is_plural, kinds))
        sentence = f"{thing} must be {'one of ' * several}the {said}."
        return fold(kinds[0]) if kinds else self._linker.corpus.about, (Criterion(said, sentence),)

    def _end_of_noun(self, words: Sequence[str]) -> int:
        """How many words name what is looked for."""
        for at, word in enumerate(words):
            low = fold(word.strip(",;"))
            if at and (low in OPENERS or is_negator(low)):
                return at
            if at and (self._begins_participle(words, at) or compares(words[at:])):
                return at
            if word.endswith((",", ";", ":")) and at + 1 < len(words):
                return at + 1
            if at and self._ends_noun(words[at - 1], words[at:]):
                return at
        return len(words)

    def _ends_noun(self, word: str, behind: Sequence[str]) -> bool:
        """Whether a noun ends here: suppliers | close to Oslo, which supplier | delivers pumps."""
        low = fold(behind[0])
        several = self._is_plural(word)
        verb = len(behind) > 1 and (is_relation(singular(low)) or self._linker.names(low))
        # Of several a verb stands as it is, and another plural is no verb: parts suppliers.
        agrees = (low == singular(low)) == several
        if several and (is_place(behind) or has_subject(behind) or (verb and agrees)):
            return True
        return self._is_entity([word]) and (several or (verb and agrees))

    def _begins_participle(self, words: Sequence[str], at: int) -> bool:
        low = fold(words[at])
        if not is_participle(low):
            return False
        following = fold(words[at + 1].strip(",;")) if at + 1 < len(words) else ""
        # "companies founded after 2010", but not "installed packages".
        return following in OPENERS or following[:1].isdigit() or following in {"a", "an", "the"}

    def _is_entity(self, head: Sequence[str]) -> bool:
        """Whether a noun is just what the rows of the corpus are."""
        if not head:
            return True
        word = fold(head[0].strip(",;"))
        if self._linker.is_kind(word) or word in _ANYTHING:
            return True
        if self._linker.names(word) and fold(head[0]).isalpha() and not head[0].islower():
            return False  # RoHS, which a column is called by
        if self._linker.corpus.unnamed and stem(word) in self._linker.lexicon.kinds:
            return not any((singular(word),) in c.index.whole for c in self._texts())
        unnamed = self._linker.corpus.unnamed
        return unnamed and not self._linker.values([word])

    def _texts(self) -> list[Column]:
        """Columns with values that a noun may name."""
        return [c for c in self._linker.columns if self._linker.searchable(c)]

    def _says_what(self, word: str) -> bool:
        """Whether a noun tells some rows from others, as physicists does among people."""
        low = fold(word.strip(",;"))
        if self._linker.is_kind(low) or low in _ANYTHING or self._linker.names(low):
            return False
        if stem(low) in self._linker.lexicon.kinds and self._is_entity([word]):
            return False
        occurs = self._linker.occurs(low) and not self._linker.is_everywhere(low)
        return bool(self._linker.values([low])) or occurs

    def _modifiers(self, noun: Sequence[str]) -> list[str]:
        """Words before the noun that ask something: European, AI."""
        before = [word.strip(",") for word in noun[:-1]]
        if (
            before
            and f"{fold(before[-1])} {singular(fold(noun[-1]))}" in self._linker.lexicon.compounds
        ):
            before.pop()
        folded = [fold(word) for word in before]
        keep = [at for at, word in enumerate(folded) if not self._says_nothing(word)]
        links = [at for at, word in enumerate(folded) if word in {"and", "or"}]
        keep = sorted({*keep, *(at for at in links if {at - 1, at + 1} <= set(keep))})
        found: list[str] = []
        run: list[int] = []
        for at in [*keep, -1]:
            if run and at != run[-1] + 1:
                found.append(" ".join(before[k] for k in run))
                run = []
            if at >= 0:
                run.append(at)
        head = [fold(noun[-1])] if noun else []
        if head and not self._is_entity(head) and (found or self._linker.values(head)):
            # "web frameworks" among packages: the noun itself is a criterion.
            whole = " ".join([*before, noun[-1]])
            return [whole] if found else [noun[-1]]
        return [piece for run_ in found for piece in self._apart(run_)]

    def _apart(self, modifier: str) -> list[str]:
        """Modifiers that each name a value or a flag are criteria of their own."""
        words = modifier.split()
        if len(words) == 1:
            return [modifier]
        folded = [fold(word) for word in words]
        matches = self._linker.values(folded)
        if any(m.start == 0 and m.end == len(words) for m in matches):
            return [modifier]
        if all(self._says_by_itself(word) for word in folded if word not in {"and", "or", "not"}):
            return [modifier] if {"and", "or"} & set(folded) else words
        return [modifier]

    def _says_by_itself(self, word: str) -> bool:
        flags = self._linker.named([word], ("boolean",))
        return bool(self._linker.values([word])) or any(flag.named for flag in flags)

    def _is_adjective(self, modifier: str) -> bool:
        """Whether "must be Asian" reads better than "must be an Asian country"."""
        words = [fold(word) for word in modifier.split()]
        return any(flag.named for flag in self._linker.named(words, ("boolean",))) or (
            len(words) == 1 and words[0].endswith(("an", "ese", "ish", "ic", "ed"))
        )

    def _says_nothing(self, word: str) -> bool:
        return self._linker.is_kind(word) or word in ADVERBS or word in _ANYTHING

    def _clauses(self, rest: str) -> list[str]:
        """The criteria behind the noun, each with its scope kept."""
        rest = rest.strip(" ,;")
        if not rest:
            return []
        pieces: list[str] = []
        for piece in split_pieces(rest):
            if pieces and not self._is_clause(piece):
                pieces[-1] = f"{pieces[-1]} {piece}".replace(" ,", ",")
            else:
                pieces.append(piece)
        found: list[str] = []
        for piece in pieces:
            clause = _LINKS.sub("", piece.strip(" ,;"))
            if not clause:
                continue
            # "with a rating above 8 and a budget under 5": the second is had as well.
            if found and _HAD.match(found[-1]) and not self._opens(clause):
                clause = f"with {clause}"
            found += self._chained(clause)
        return found

    def _chained(self, clause: str) -> list[str]:
        """Split where another criterion begins: in Europe | with more than 5 million."""
        words = clause.split()
        cuts = [0]
        for at in range(1, len(words)):
            low = fold(words[at].strip(","))
            ahead = " ".join(words[cuts[-1] : at])
            begins = low in _CHAINERS or self._begins_participle(words, at)
            # "discovered in the 18th century" is one, and so is "end in the North Sea".
            before = [fold(word.strip(",")) for word in words[max(0, at - 2) : at]]
            if low == "in" and (is_participle(before[-1]) or before[-1] in _VERBS):
                continue
            if before[-1] == "or" and low in PREPOSITIONS:
                continue
            if low == "with" and self._is_bare_verb(words[cuts[-1] : at]):
                continue
            priced = low == "for" and prices(words[at + 1 :])
            if low == "worth" or priced or (low == "at" and states(words[at:])):
                begins = True
            if not begins:
                begins = self._begins_verb(words[cuts[-1] : at], words[at:])
            resumes = self._resumes(words[cuts[-1] : at], words[at:])
            follows = (
                resumes
                or low in _RELATIVE | AUXILIARIES
                or self._is_criterion(" ".join(words[at:]))
            )
            if begins and follows and self._is_criterion(ahead):
                cuts.append(at)
        ends = [*cuts[1:], len(words)]
        parts = [" ".join(words[a:b]).strip(" ,") for a, b in zip(cuts, ends, strict=True)]
        return [re.sub(r"^(?:that|which|who|and)\s+", "", part) for part in parts if part]

    @staticmethod
    def _is_bare_verb(words: Sequence[str]) -> bool:
        """Whether words are a verb and its auxiliaries: that do not integrate."""
        small = [fold(word) for word in words[:-1]]
        plain = all(low in _RELATIVE | AUXILIARIES or is_negator(low) for low in small)
        return bool(small) and plain and fold(words[-1]) not in AUXILIARIES

    def _begins_verb(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether the verb of the question begins here: in Switzerland | have a spa."""
        low = fold(behind[0])
        if self._resumes(ahead, behind):
            return True
        if fold(ahead[0]) in _RELATIVE or fold(ahead[-1]) in OPENERS | AUXILIARIES:
            return False
        if low in AUXILIARIES or self._begins_phrasal(behind):
            return True
        named = self._linker.named([low], ("number", "date"))
        compares = fold(behind[1]) in _COMPARERS if len(behind) > 2 else False
        # "Made by A or B | cost less than 70", but not "with a rent | under 70".
        whole = is_participle(fold(ahead[0])) or fold(ahead[0]) in PREPOSITIONS - {"with"}
        said = bool(find_quantities(" ".join(ahead))) or (whole and len(ahead) > 1)
        return compares and bool(named) and said

    def _resumes(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether the question goes on behind a measure: that last a week | include lunch."""
        last = fold(ahead[-1])
        ended = last.isalpha() and last not in {*OPENERS, *AUXILIARIES, "or"}
        ended = ended or [fold(word) for word in ahead[-2:-1]] == ["or"]
        measured = bool(find_quantities(" ".join(ahead)))
        return fold(behind[0]) in _GOING_ON and len(behind) > 1 and measured and ended

    def _begins_phrasal(self, words: Sequence[str]) -> bool:
        """Whether words begin with a verb of two words: came out."""
        found = self._linker.lexicon.phrasal_verbs(" ".join(words[:2]))
        return any(match.start() == 0 for match, _ in found)

    def _is_criterion(self, piece: str) -> bool:
        folded = tokens(piece)
        if read_place(folded, self._linker) is not None:
            return True
        if find_quantities(piece):
            return True
        if folded[:1] in (["with"], ["without"]) and any(map(self._linker.names, folded[1:])):
            return True
        if _HAD.match(piece) and any(m.named for m in self._linker.named(folded, ("number",))):
            return True
        return bool(self._linker.values(folded)) or any(
            match.named for match in self._linker.named(folded, ("text", "list", "boolean"))
        )

    def _is_clause(self, piece: str) -> bool:
        """Whether a piece behind "and" is a criterion of its own, not one more item of a list."""
        match = re.match(r"^[,;]?\s*(?:(and|or|nor|but|except)\s+)?(.*)$", piece)
        link, body = (match.group(1) or "", match.group(2)) if match else ("", piece)
        first = fold(body.split()[0].strip(",")) if body.split() else ""
        if link in {"or", "nor", "except"} or re.match(r"(?:excluding|other than|not)\b", body):
            return False
        if first in OPENERS or first in AUXILIARIES or is_negator(first):
            return True
        if find_quantities(body) and not body[:1].isdigit():
            return True
        return first not in PREPOSITIONS and self._is_verb(body)

    def _opens(self, clause: str) -> bool:
        first = fold(clause.split()[0].strip(","))
        if first in OPENERS or first in AUXILIARIES or is_negator(first):
            return True
        return first not in {"a", "an", "the"} and self._is_verb(clause)

    def _is_verb(self, body: str) -> bool:
        """Whether a piece begins with a verb: "require Python 3.10", "weigh less"."""
        words = [fold(word.strip(",")) for word in body.split()]
        if len(words) < 2:
            return False
        first = words[0]
        if is_relation(first) or is_participle(first) or self._begins_phrasal(words):
            return True
        if first in _VERBS and words[1] in PREPOSITIONS:
            return True
        if words[1] in {"a", "an", "the", "no"} and first not in {"a", "an", "the", "all"}:
            return True
        if self._linker.values([first]) or self._linker.values(words[:2]):
            return False
        named = self._linker.named([first], ("number", "list", "text", "version"))
        return bool(named) and first == singular(first)


_ANYTHING = frozenset(
    phrases(
        """thing, things, entity, entities, item, items, entry, entries, row, rows, record,
        records, object, objects, one, ones, everything, all, those, results, result, names"""
    )
)
_GOING_ON = frozenset(
    phrases("include, offer, provide, serve, require, need, contain, sell, accept, allow, support")
)
_RELATIVE = frozenset(phrases("that, which, who, whose, where"))
# Verbs that stand before the place that something ends in, or comes from.
_VERBS = frozenset(phrases("end, begin, start, rise, drain, empty, stand, sit, lead, lie, live"))
_COMPARERS = frozenset(
    phrases("more, less, fewer, over, under, above, below, at, between, exactly, up")
)
_CHAINERS = frozenset(phrases("with, having, that, which, who, whose, where, without, in"))


def _being(kind: str, thing: str) -> Criterion:
    """That a thing is of a kind: "Package must be a web framework."."""
    return Criterion(kind, f"{thing} must be {article(kind)}{kind}.")


def _uncapitalised(entity: str) -> str:
    """The kind of entity as it stands inside a sentence; acronyms stay."""
    first, space, rest = entity.partition(" ")
    return f"{first.lower()}{space}{rest}" if first.istitle() and not rest else entity
