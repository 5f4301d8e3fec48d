"""The words behind the noun of an objective, cut into criteria that keep their scope."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from findall_frames.embedded.english import AUXILIARIES, PREPOSITIONS, is_negator, is_relation
from findall_frames.embedded.flags import read_place
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.pieces import compares, prices, split_pieces, states
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.rephrase import (
    BE,
    OPENERS,
    VERBS,
    Voice,
    begins_participle,
    counts,
    has_subject,
    is_adverb,
    is_participle,
    is_place,
)
from findall_frames.embedded.words import fold, phrases, singular, tokens

__all__ = ["Clause", "Criteria"]

_HAD = re.compile(r"^(?:with|having|has|have)\s")
_LINK = re.compile(r"^(?:(?:and|but|,|;|also|then)\s+)+")
_RELATIVE = frozenset(phrases("that, which, who, whose, where"))
_PRONOUN = re.compile(
    r"^(?:that|which|who)\s+(?:also\s+)?(?!\S+\s+(?:that|which|who)\s)", re.IGNORECASE
)
# Verbs that stand before the place that something ends in, or comes from.
_VERBS = frozenset(phrases("end, begin, start, rise, drain, empty, stand, sit, lead, lie, live"))
_COMPARERS = frozenset(
    phrases("more, less, fewer, over, under, above, below, at, between, exactly, up")
)
_COMPARING = frozenset(
    phrases("over, under, above, below, between, before, after, since, from, until")
)
_PLACING = frozenset(phrases("in, on, at, by, for, about, near, within, during, outside, inside"))
_CLOSED = frozenset(phrases("or, nor, and, not, neither, either, than, to, of, a, an, the, but"))


_COUNTED = frozenset(phrases("at, more, less, up, over, under, between"))
_NOT_DONE = re.compile(r"not\s+(?:\w+ed|made|built|in|by|from|on|at|for)\b")
# "Places to stay" are no others than the places.
_TO = re.compile(
    r"^to\s+(?:stay|rent|buy|visit|eat|live|see|read|watch|work|use|try)\b(?:\s+(?:at|for)\b)?\s*"
)
_OFFERED = re.compile(r"\b(?:that\s+(?:is|are)\s+)?(?:up\s+)?for\s+(?:rent|sale|hire)\b\s*")
_THERE = re.compile(r"\b(?:are|is)\s+there\b\s*")


_OR_ELSE = re.compile(r",\s+or\s+(?:that|which|who|are|is|have|has|with|in)\b")


class Clause(NamedTuple):
    """A criterion as it stands in the objective, without the word that joins it to the rest.

    Attributes
    ----------
    said : str
        Its words.
    voice : str
        Whether a participle at its beginning was done, "active", or done to the entity.
    """

    said: str
    voice: Voice = ""


class Criteria:
    """Cuts the clauses of objectives on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def clauses(self, rest: str, *, asking: bool = False) -> list[Clause]:
        """The criteria behind the noun, each with its scope kept.

        Parameters
        ----------
        rest : str
            What stands behind the noun.
        asking : bool
            Whether the verb of a question may be among it.
        """
        pieces: list[str] = []
        rest = _TO.sub("", rest.strip(" ,;"))
        if not self._linker.values(["rent"]) and not self._linker.values(["sale"]):
            rest = _OFFERED.sub("", rest)
        rest = _THERE.sub("", rest, count=1) if asking else rest
        for piece in split_pieces(rest) if rest else []:
            if pieces and _OR_ELSE.match(piece):
                # "In Rome and with a spa, or are in Oslo and ...": neither side can be cut.
                pieces[:] = [f"{' '.join(pieces)}{piece}".replace(" ,", ",")]
            elif pieces and (", or " in pieces[0] or not self._is_clause(piece, pieces[-1])):
                pieces[-1] = f"{pieces[-1]} {piece}".replace(" ,", ",")
            else:
                pieces.append(piece)
        found: list[Clause] = []
        for piece in pieces:
            joined = _LINK.sub("", piece.strip(" ,;"))
            if not joined:
                continue
            if found and not self.opens(joined):
                joined = self._shared(found[-1], joined)
            parts = self._chained(joined, asking=asking and not found)
            # Of "wines scored above 90" it is told, "wines made before 1990 have" is about them.
            told = asking and not found and not any(map(self._is_finite, parts[1:]))
            for part in parts:
                found.append(self._voiced(part, found, told=told))
                told = False
        return found

    @staticmethod
    def _voiced(part: str, before: Sequence[Clause], *, told: bool) -> Clause:
        """A part without its pronoun, and with the voice that this or the part before says."""
        said = _PRONOUN.sub("", part)
        words = [fold(word) for word in said.split()]
        if is_adverb(words[0]):
            words.pop(0)
        first, second = [*words[:2], "", ""][:2]
        if said == part and before and is_participle(first) and before[-1].voice:
            # "Were launched in May and brought samples": the second has an object.
            plain = second in OPENERS | PREPOSITIONS or second.endswith("ly") or not second
            return Clause(said, before[-1].voice if plain else "active")
        if first in BE:
            passive = is_participle(second) or is_negator(second)
            return Clause(said, "passive" if passive else "")
        if said != part or (told and second != "by"):
            return Clause(said, "active")
        if is_participle(first) or is_negator(first):
            return Clause(said, "passive")
        return Clause(said, "" if first in OPENERS else "active")

    def _shared(self, before: Clause, said: str) -> str:
        """A part that shares the beginning of the one before: with a garden and | a pool."""
        first = before.said.split()[0]
        if _HAD.match(before.said) or self._is_labelled(said):
            # "With a rating above 8 and a budget under 5": the second is had as well.
            return f"with {said}"
        return f"{first} {said}" if fold(first) in BE else said

    @staticmethod
    def _is_finite(part: str) -> bool:
        first = fold(part.split()[0])
        return first in AUXILIARIES or not (first in OPENERS or is_participle(first))

    def _chained(self, clause: str, *, asking: bool) -> list[str]:
        """Split where another criterion begins: in Europe | with more than 5 million."""
        words = clause.split()
        cuts = [0]
        for at in range(1, len(words) - 1):
            ahead, behind = words[cuts[-1] : at], words[at:]
            if self._begins(ahead, behind) or (asking and self._asks(ahead, behind)):
                cuts.append(at)
        ends = [*cuts[1:], len(words)]
        parts = [" ".join(words[a:b]).strip(" ,") for a, b in zip(cuts, ends, strict=True)]
        return [part.removeprefix("and ") for part in parts if part]

    def _begins(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether another criterion begins behind some words."""
        low, before = fold(behind[0].strip(",")), fold(ahead[-1].strip(","))
        if is_adverb(before) or before in _CLOSED | OPENERS - {"more", "less"}:
            return before == "or" and self._resumes(ahead, behind)
        said, following = " ".join(ahead), " ".join(behind)
        verb = self._is_verbal(ahead)
        settled = self._is_settled(ahead)
        if low in _RELATIVE:
            done = low in {"that", "which"} and "by" in ahead
            return done or settled or self._disagrees(before, behind) or self.is_criterion(said)
        if low in {"with", "without", "having"}:
            done = ahead[-1].islower() and is_participle(before)
            bound = len(ahead) == 1 or done or self._is_bare_verb(ahead)
            return not bound and (settled or not verb or self.is_criterion(said))
        if low in {"worth", "due"} or (low == "at" and states(behind)):
            return self.is_criterion(said)
        if compares(behind):
            # "With a reservoir | larger than 5 km³" is one.
            return self.is_criterion(said) and (settled or not _HAD.match(said))
        if low == "for" and prices(behind[1:]):
            return self.is_criterion(said)
        if low == "of" and len(behind) > 2 and fold(behind[1]) in _COUNTED:
            own = settled and not verb and not _HAD.match(said)
            return own and not self._linker.names(before) and bool(find_quantities(following))
        if low in _COMPARING | _PLACING:
            free = not is_participle(before) and before not in _VERBS and len(ahead) > 1
            # "From customers | on the Pro plan" says nothing before the plan.
            own = not verb and not _HAD.match(said) and not self._linker.names(before)
            if low in _COMPARING and self._linker.names(before):
                return False  # "a lead time | above 10 weeks"
            return (
                free
                and (settled or (own and low in _PLACING))
                and self._states_itself(ahead, behind)
                and self.is_criterion(following)
            )
        if begins_participle(behind, 0) and not (low.endswith("ing") and self._linker.names(low)):
            known = self.is_criterion(said) and self.is_criterion(following)
            return known or (settled and fold(behind[1]) in PREPOSITIONS)
        return self._begins_verb(ahead, behind) and self.is_criterion(said)

    def _asks(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether a question goes on behind a clause: that close before May | are open to all."""
        verb = fold(behind[0])
        if singular(verb) not in AUXILIARIES | VERBS and verb not in AUXILIARIES:
            return False
        if len(ahead) < 2 or fold(ahead[-1]) in OPENERS | _CLOSED:
            return False
        if fold(ahead[0]) in PREPOSITIONS:
            return True
        relative = fold(ahead[0]) in _RELATIVE and fold(ahead[1]) not in BE
        return relative and len(ahead) > 2 and self._is_settled(ahead)

    def _states_itself(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether a phrase with a preposition is no part of what was done: born in Rome in 1920."""
        return not (self._is_verbal(ahead) and find_quantities(" ".join(behind)))

    @staticmethod
    def _is_verbal(words: Sequence[str]) -> bool:
        """Whether a part says what an entity does, or what was done to it."""
        first = fold(words[0])
        return first in _RELATIVE or first not in OPENERS - AUXILIARIES

    def _is_settled(self, words: Sequence[str]) -> bool:
        """Whether a part could end here: behind a value, a name or a number."""
        folded = [fold(word.strip(",")) for word in words]
        if words[-1][:1].isupper() and len(words) > 1 and not self._linker.names(folded[-1]):
            return True
        values = self._linker.values(folded)
        if any(match.end == len(folded) for match in values):
            return True
        if values and self._linker.names(folded[-1]):
            return True  # "with urgent priority"
        return bool(find_quantities(" ".join(words))) and folded[-1] not in PREPOSITIONS

    @staticmethod
    def _disagrees(before: str, behind: Sequence[str]) -> bool:
        """Whether a verb is not that of the noun ahead: with free entry | that are open."""
        verb = fold(behind[1]) if len(behind) > 1 else ""
        several = before != singular(before) and not before.endswith("ss")
        return not several and verb in {"are", "were", "have", "do"}

    @staticmethod
    def _is_bare_verb(words: Sequence[str]) -> bool:
        """Whether words are a verb and its auxiliaries: that do not integrate."""
        small = [fold(word) for word in words[:-1]]
        plain = all(low in _RELATIVE | AUXILIARIES or is_negator(low) for low in small)
        return plain and fold(words[-1]) not in AUXILIARIES

    def _begins_verb(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether the verb of the question begins here: in Switzerland | have a spa."""
        low = fold(behind[0])
        if self._resumes(ahead, behind):
            return True
        if fold(ahead[0]) not in VERBS and has_subject(ahead, of_several=True):
            return False  # "charities | can apply for"
        if fold(ahead[0]) in _RELATIVE:
            return False
        if low in AUXILIARIES or self._begins_phrasal(behind):
            return True
        named = self._linker.named([low], ("number", "date"))
        compared = fold(behind[1]) in _COMPARERS if len(behind) > 2 else False
        # "Made by A or B | cost less than 70", but not "with a rent | under 70".
        whole = is_participle(fold(ahead[0])) or fold(ahead[0]) in PREPOSITIONS - {"with"}
        said = bool(find_quantities(" ".join(ahead))) or (whole and len(ahead) > 1)
        return compared and bool(named) and said and not self._linker.names(fold(ahead[-1]))

    def _resumes(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether the question goes on behind a measure: that last a week | include lunch."""
        last = fold(ahead[-1])
        ended = last.isalpha() and last not in {*OPENERS, *AUXILIARIES, "or"}
        ended = ended or [fold(word) for word in ahead[-2:-1]] == ["or"]
        measured = bool(find_quantities(" ".join(ahead)))
        return fold(behind[0]) in VERBS and len(behind) > 1 and measured and ended

    def _begins_phrasal(self, words: Sequence[str]) -> bool:
        """Whether words begin with a verb of two words: came out."""
        found = self._linker.lexicon.phrasal_verbs(" ".join(words[:2]))
        return any(match.start() == 0 for match, _ in found)

    def is_criterion(self, piece: str) -> bool:
        """Whether a part asks something that a column or a number tells."""
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

    def _is_clause(self, piece: str, before: str) -> bool:
        """Whether a piece behind "and" is a criterion of its own, not one more item of a list."""
        match = re.match(r"^[,;]?\s*(?:(and|or|nor|but|except)\s+)?(.*)$", piece)
        link, body = (match.group(1) or "", match.group(2)) if match else ("", piece)
        first = fold(body.split()[0].strip(",")) if body.split() else ""
        if first == "not" and link in {"", "and"}:
            said = body.partition(" ")[2]
            if not link or _NOT_DONE.match(body) or self._is_flag(said):
                return True
        if is_adverb(first):
            body = body.partition(" ")[2] or body
            first = fold(body.split()[0].strip(","))
        if link in {"or", "nor", "except"} or re.match(r"(?:excluding|other than|not)\b", body):
            return False
        if first in OPENERS or first in AUXILIARIES or is_negator(first):
            return True
        if find_quantities(body) and not body[:1].isdigit():
            return True
        had = _HAD.match(_LINK.sub("", before.strip(" ,;")))
        if self._is_flag(body) and not (link and had):
            return True
        if is_place(body.split()) or self._is_labelled(body):
            return True
        return first not in PREPOSITIONS and self._is_verb(body)

    def _is_labelled(self, body: str) -> bool:
        """Whether a piece is the name of a column with a value or number of it: class A or B."""
        words = tokens(body)
        found = [m for m in self._linker.named(words, ("number", "text", "list")) if m.named]
        labelled = any(len(m.used) > 1 and m.used == set(range(len(m.used))) for m in found)
        return labelled and (bool(find_quantities(body)) or bool(self._linker.values(words)))

    def _is_flag(self, body: str) -> bool:
        """Whether a piece is an adjective that a column answers: and landlocked."""
        words = tokens(body)
        return len(words) <= 2 and any(m.named for m in self._linker.named(words, ("boolean",)))

    def opens(self, clause: str) -> bool:
        """Whether a part begins as a criterion does, and shares no beginning with another."""
        first = fold(clause.split()[0].strip(","))
        words = clause.split()
        if counts(clause) or self._is_labelled(clause):
            return False
        if is_place(words) or compares(words):
            return True
        if is_adverb(first) and words[1:]:
            clause = " ".join(words[1:])
            first = fold(words[1].strip(","))
        if first in OPENERS or first in AUXILIARIES or is_negator(first):
            return True
        return first not in {"a", "an", "the"} and self._is_verb(clause)

    def _is_verb(self, body: str) -> bool:
        """Whether a piece begins with a verb: "require Python 3.10", "weigh less"."""
        words = [fold(word.strip(",")) for word in body.split()]
        if len(words) < 2:
            return False
        first = words[0]
        if (
            first in VERBS
            or is_relation(first)
            or is_participle(first)
            or self._begins_phrasal(words)
        ):
            return True
        if first in _VERBS and words[1] in PREPOSITIONS:
            return True
        if words[1] in {"a", "an", "the", "no"} and first not in {"a", "an", "the", "all"}:
            return True
        if self._linker.values([first]) or self._linker.values(words[:2]):
            return False
        named = self._linker.named([first], ("number", "list", "text", "version"))
        return bool(named) and first == singular(first)
