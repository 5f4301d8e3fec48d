"""The words behind the noun of an objective, cut into criteria that keep their scope."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.english import AUXILIARIES, PREPOSITIONS, is_negator, is_relation
from findall_frames.embedded.flags import read_place
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.pieces import prices, split_pieces, states
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.rephrase import OPENERS, begins_participle, is_participle
from findall_frames.embedded.words import fold, phrases, singular, tokens

__all__ = ["Criteria"]

_HAD = re.compile(r"^(?:with|having|has|have)\s")
_LINKS = re.compile(r"^(?:(?:and|but|,|;|also|that|which|who|are also)\s+)+")
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


class Criteria:
    """Cuts the clauses of objectives on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def clauses(self, rest: str) -> list[str]:
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
            begins = low in _CHAINERS or begins_participle(words, at)
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
