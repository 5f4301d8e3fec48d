"""Where one criterion of an objective ends and, without a joint, another begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.language.english import ADVERBS, AUXILIARIES, PREPOSITIONS, is_negator
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, phrases, singular, tokens
from findall_frames.embedded.objectives.pieces import compares, prices, states
from findall_frames.embedded.objectives.rephrase import (
    OPENERS,
    VERBS,
    begins_participle,
    has_subject,
    is_adverb,
    is_participle,
)
from findall_frames.embedded.objectives.sentences import BE, PASTS
from findall_frames.embedded.reading.flags import read_place
from findall_frames.embedded.reading.linking import Linker

__all__ = ["COMPARERS", "HAD", "LEANING", "Joints"]

HAD = re.compile(r"^(?:with|having|has|have)\s")
_RELATIVE = frozenset(phrases("that, which, who, whose, where"))
# Verbs that stand before the place that something ends in, or comes from.
LEANING = frozenset(
    phrases(
        """end, begin, start, rise, drain, empty, stand, sit, lead, lie, live, arrive, depart,
        leave, go, fly, sail, travel"""
    )
)
COMPARERS = frozenset(
    phrases("more, less, fewer, over, under, above, below, at, between, exactly, up")
)
_COMPARING = frozenset(
    phrases("over, under, above, below, between, before, after, since, from, until")
)
_PLACING = frozenset(phrases("in, on, at, by, for, about, near, within, during, outside, inside"))
_CLOSED = frozenset(phrases("or, nor, and, not, neither, either, than, to, of, a, an, the, but"))
# "For people without experience" is one.
_ANYBODY = frozenset(
    phrases("people, persons, someone, somebody, anyone, anybody, those, everyone")
)
_SEVERAL = frozenset(phrases("people, children, men, women, few, many, most, several, both, none"))
_STRANDED = 3
# Words that stand further from a joint than this do not tell that it is one.
_REACH = 40
_COUNTED = frozenset(phrases("at, more, less, up, over, under, between"))


class Joints:
    """Tells where the criteria of objectives on one corpus begin.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def chained(self, clause: str, *, asking: bool) -> list[str]:
        """Split where another criterion begins: in Europe | with more than 5 million."""
        words = clause.split()
        cuts = [0]
        for at in range(1, len(words) - 1):
            ahead, behind = words[cuts[-1] : at], words[at : at + _REACH]
            ahead = [*ahead[:2], *ahead[-_REACH:]] if len(ahead) > _REACH + 2 else ahead
            if self._begins(ahead, behind) or (asking and self._asks(ahead, behind)):
                cuts.append(at)
        ends = [*cuts[1:], len(words)]
        parts = [" ".join(words[a:b]).strip(" ,") for a, b in zip(cuts, ends, strict=True)]
        for at, part in enumerate(parts[1:], start=1):
            done, first = parts[at - 1].partition(" ")[0], fold(part.split()[0])
            own = re.match(r"\w+ (?:which|whom)\b", part)  # "for which lead exceeded 5 µg"
            placed = first in _COMPARING | _PLACING and not own
            costs = first == "for" and prices(part.split()[1:])
            if placed and not costs and is_participle(done) and find_quantities(part):
                # "Held in Italy in May" is held in Italy, and held in May.
                parts[at] = f"{done} {part}"
        return [part.removeprefix("and ") for part in parts if part]

    def _begins(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether another criterion begins behind some words."""
        low, before = fold(behind[0].strip(",")), fold(ahead[-1].strip(","))
        if low in _RELATIVE and fold(ahead[0]) == "that" and before in PREPOSITIONS:
            return len(ahead) > _STRANDED  # "that we can apply for | that close in May"
        if is_adverb(before) or before in _CLOSED | OPENERS - {"more", "less"}:
            return before == "or" and self._resumes(ahead, behind)
        if len(ahead) > 1 and fold(ahead[1]) in {"which", "whom"}:
            return low in _RELATIVE  # "at which Norway won a medal" is one
        said, following = " ".join(ahead), " ".join(behind)
        if low in PREPOSITIONS and fold(behind[1]) in {"which", "whom", "whose"}:
            return self.is_criterion(said)  # "a score of 8 or better | for which"
        verb = self._is_verbal(ahead)
        settled = self._is_settled(ahead)
        if low in _RELATIVE:
            done = low in {"that", "which", "whose"} and "by" in ahead
            return done or settled or self._disagrees(before, behind) or self.is_criterion(said)
        if low in {"with", "without", "having"}:
            done = ahead[-1].islower() and is_participle(before) and not self._is_value(before)
            done = done or before in _ANYBODY or fold(ahead[-2:][0]) in _RELATIVE
            bound = len(ahead) == 1 or done or self._is_bare_verb(ahead)
            return not bound and (settled or not verb or self.is_criterion(said))
        if low in {"worth", "due"} or (low == "at" and states(behind)):
            return self.is_criterion(said)
        if compares(behind):
            # "With a reservoir | larger than 5 km³" is one.
            return self.is_criterion(said) and (settled or not HAD.match(said))
        if low == "for" and prices(behind[1:]):
            return self.is_criterion(said)
        if low == "of" and len(behind) > 2 and fold(behind[1]) in _COUNTED:
            own = settled and not verb and not HAD.match(said)
            return own and not self._linker.names(before) and bool(find_quantities(following))
        if low in _COMPARING | _PLACING:
            free = not is_participle(before) and before not in LEANING and len(ahead) > 1
            # "From customers | on the Pro plan" says nothing before the plan.
            own = not verb and not HAD.match(said) and not self._linker.names(before)
            if low in _COMPARING and self._linker.names(before):
                return False  # "a lead time | above 10 weeks"
            return (
                free
                and (settled or (own and low in _PLACING))
                and self._states_itself(ahead, behind)
                and self.is_criterion(following)
            )
        if len(ahead) == 1 and is_participle(before):
            return False  # "tagged billing"
        if is_adverb(low) and len(behind) > _STRANDED and begins_participle(behind, 1):
            return settled and (not verb or is_participle(fold(ahead[0])))
        gerund = low.endswith("ing") and self._linker.names(low) and not ahead[-1][:1].isupper()
        if begins_participle(behind, 0) and not gerund:
            known = self.is_criterion(said) and self.is_criterion(following)
            passive = not verb and behind[1] == "by" and self.is_criterion(following)
            goes_on = fold(behind[1]) in PREPOSITIONS | {"this", "last"}
            goes_on = goes_on or bool(find_quantities(following))
            return known or passive or (settled and goes_on)
        return self._begins_verb(ahead, behind) and self.is_criterion(said)

    def _asks(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether a question goes on behind a clause: that close before May | are open to all."""
        verb = fold(behind[0])
        if self._is_only_verb(ahead, behind):
            return True
        leans = verb in LEANING and fold(behind[1]) in PREPOSITIONS | COMPARERS
        known = singular(verb) in AUXILIARIES | VERBS or verb in AUXILIARIES
        if not leans and not known:
            return False
        if len(ahead) < 2 or fold(ahead[-1]) in OPENERS | _CLOSED:
            return False
        if fold(ahead[0]) in {*PREPOSITIONS, "without"} or is_participle(fold(ahead[0])):
            return True
        relative = fold(ahead[0]) in _RELATIVE and fold(ahead[1]) not in BE
        return relative and len(ahead) > 2 and self._is_settled(ahead)

    def _is_only_verb(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether a word must be the verb of a question: in Sales or Finance | involve travel."""
        first, verb = fold(ahead[0]), fold(behind[0])
        phrase = first in PREPOSITIONS or is_participle(first)
        plain = behind[0].isalpha() and behind[0].islower() and singular(verb) == verb
        if not (phrase and plain and len(behind) > 1 and self._is_settled(ahead)):
            return False
        measured = find_quantities(" ".join([ahead[-1], *behind[:2]]))
        if measured and measured[0].unit is not None:
            return False  # "less than 5 light years"
        later = {fold(word.strip(",")) for word in behind}
        small = OPENERS | _CLOSED | ADVERBS | PREPOSITIONS
        return verb not in small and not is_participle(verb) and not later & (AUXILIARIES | VERBS)

    def _states_itself(self, ahead: Sequence[str], behind: Sequence[str]) -> bool:
        """Whether a phrase with a preposition is no part of what was done: born in Rome in 1920."""
        verbal = self._is_verbal(ahead) and not is_participle(fold(ahead[0]))
        return not (verbal and find_quantities(" ".join(behind)))

    @staticmethod
    def _is_verbal(words: Sequence[str]) -> bool:
        """Whether a part says what an entity does, or what was done to it."""
        first = fold(words[0])
        return first in _RELATIVE or first not in OPENERS - AUXILIARIES

    def _is_value(self, word: str) -> bool:
        return any(match.end == 1 for match in self._linker.values([word]))

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
        # "In a mill | that serve dinner", but "a mill that people love".
        small = AUXILIARIES | ADVERBS | OPENERS | _CLOSED | _SEVERAL
        plain = len(behind) > 2 and behind[1].isalpha() and behind[1].islower()
        plain = plain and singular(verb) == verb and verb not in small
        plain = plain and not (is_participle(verb) or is_adverb(verb) or verb in PASTS)
        plain = plain or verb in VERBS | LEANING
        plain = plain and fold(behind[0]) in {"that", "which", "who"}
        return not several and (plain or verb in {"are", "were", "have", "do"})

    @staticmethod
    def _is_bare_verb(words: Sequence[str]) -> bool:
        """Whether words are a verb and its auxiliaries: that do not integrate."""
        small = [fold(word) for word in words[:-1]]
        if words[-1][:1].isupper():
            return False  # "outside England"
        plain = all(low in _RELATIVE | AUXILIARIES or is_negator(low) for low in small)
        if not BE.isdisjoint(small):
            return plain and is_participle(fold(words[-1]))
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
        if low in AUXILIARIES or self.begins_phrasal(behind):
            return True
        named = self._linker.named([low], ("number", "date"))
        compared = fold(behind[1]) in COMPARERS if len(behind) > 2 else False
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

    def begins_phrasal(self, words: Sequence[str]) -> bool:
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
        if HAD.match(piece) and any(m.named for m in self._linker.named(folded, ("number",))):
            return True
        return bool(self._linker.values(folded)) or any(
            match.named for match in self._linker.named(folded, ("text", "list", "boolean"))
        )
