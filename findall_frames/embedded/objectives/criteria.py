"""The words behind the noun of an objective, cut into criteria that keep their scope."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from findall_frames.embedded.language.english import (
    AUXILIARIES,
    PREPOSITIONS,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, singular, tokens
from findall_frames.embedded.objectives.joints import COMPARERS, HAD, LEANING, Joints
from findall_frames.embedded.objectives.pieces import compares, split_pieces
from findall_frames.embedded.objectives.rephrase import (
    OPENERS,
    VERBS,
    is_adjectival,
    is_adverb,
    is_participle,
    is_place,
)
from findall_frames.embedded.objectives.sentences import BE, OF_ANOTHER, PASTS, Voice, counts
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Clause", "Criteria"]

_LINK = re.compile(r"^(?:(?:and|but|,|;|also|then)\s+)+")
_PRONOUN = re.compile(
    r"^(?:that|which|who)\s+(?:also\s+)?(?!\S+\s+(?:that|which|who)\s)", re.IGNORECASE
)
_NOT_DONE = re.compile(r"not\s+(?:\w+ed|made|built|in|by|from|on|at|for)\b")
# "Places to stay" are no others than the places.
_TO = re.compile(
    r"^to\s+(?:stay|rent|buy|visit|eat|live|see|read|watch|work|use|try)\b(?:\s+(?:at|for)\b)?\s*"
)
_OFFERED = re.compile(
    r"\b(?:that\s+(?:is|are)\s+)?(?:up\s+)?for\s+(?:rent|sale|hire)\b\s*"
    r"(?!below|under|over|above|of|up|at|between|less|more)"
)
_THERE = re.compile(r"\b(?:are|is)\s+there\b\s*|^there\s+(?=(?:are|is|have|has)\s)")
_OR_ELSE = re.compile(r",\s+or\s+(?:that|which|who|are|is|have|has|with|in)\b")
_BOUND = re.compile(
    r"(?:(?:but|not|no)\s+)*(?:(?:more|less|fewer|\w+er)\s+than|at\s+(?:most|least)|over|under|before"
    r"|after|below|above|up\s+to|until)\s+\S+(?:\s+\S+)?"
)


_WOULD_YOU = re.compile(
    r"^(?:would|do|can|could|should)\s+(?:you|i|we)\s+"
    r"(?:recommend|suggest|have|know(?:\s+of)?|consider|choose|pick|visit|propose)\b\s*",
    re.IGNORECASE,
)
_CAN_WE = re.compile(
    r"^(can|could|should|may)\s+(i|we|you|one|people|they|[^\W\d_]{3,}s)\b", re.IGNORECASE
)
_OR_MORE = re.compile(r"\bor\s+(?:more|less|fewer|better|above|below|over|higher|lower|\w+er)\b")
_SHORT = 3
# A list has no more items than this.
_ITEMS = 24
_RELATIVE = re.compile(r"^(?:where|(?:in|at|on|for)\s+which)\b", re.IGNORECASE)
_RELATIVES = frozenset(("that", "which", "who", "whose", "whom", "with"))
_PRONOUNS = frozenset(("it", "they", "these", "those", "each", "all", "both", "we", "i", "you"))
_MODAL = frozenset(("must", "should", "may", "might"))
_HAS_MORE = re.compile(r"\b(?:with|having|has|have)\s")
_ONE_MORE = re.compile(r"(?:an?|no|its\s+own|free)\s+[^\W\d_]", re.IGNORECASE)


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
        self._joints = Joints(linker)

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
        if asking:
            rest = _WOULD_YOU.sub("", rest)
            rest = _CAN_WE.sub(r"that \2 \1", _THERE.sub("", rest, count=1))
        if OF_ANOTHER.match(rest):
            rest = f"that {rest}"
        given = split_pieces(rest) if rest else []
        for at, piece in enumerate(given):
            if pieces and _OR_ELSE.match(piece):
                # "In Rome and with a spa, or are in Oslo and ...": neither side can be cut.
                pieces[:] = [f"{' '.join(pieces)}{piece}".replace(" ,", ",")]
            elif pieces and (
                ", or " in pieces[0]
                or not (self._is_clause(piece, pieces[-1]) or self._is_next(given, at))
            ):
                pieces[-1] = f"{pieces[-1]} {piece}".replace(" ,", ",")
            else:
                pieces.append(piece)
        found: list[Clause] = []
        for piece in pieces:
            joined = _LINK.sub("", piece.strip(" ,;"))
            if not joined:
                continue
            if found and (shared := self._of_another(found[-1].said, joined)):
                joined = shared
            elif not self.opens(joined):
                joined = self._shared([Clause("that"), *found][-1], joined)
            parts = [joined]
            if ", or " not in joined:
                parts = self._joints.chained(joined, asking=asking and not found)
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
        if fold(first) not in BE and self._stands(said):
            values = self._linker.values(tokens(said))
            plain = any(m.start == 0 and m.column.kind == "text" for m in values)
            plain = plain or is_adjectival(said.split()[0])
            return f"is {said}" if plain else f"with {said}"
        if HAD.match(before.said) or self._is_labelled(said) or said[:1].isdigit():
            # "With a rating above 8 and a budget under 5": the second is had as well.
            return f"with {said}"
        return f"{first} {said}" if fold(first) in BE else said

    def _stands(self, said: str) -> bool:
        """Whether a part is only a flag or a value, without a verb: pool, vegetarian."""
        words = tokens(said)
        known = self._is_flag(said) or any(m.start == 0 for m in self._linker.values(words))
        return known and len(words) <= _SHORT

    @staticmethod
    def _is_finite(part: str) -> bool:
        first = fold(part.split()[0])
        return first in AUXILIARIES or not (first in OPENERS or is_participle(first))

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
        if link == "and" and _same_measure(before, body):
            return False
        if link == "and" and self._of_another(_LINK.sub("", before.strip(" ,;")), body):
            return True
        had = HAD.match(_LINK.sub("", before.strip(" ,;")))
        counted = find_quantities(before) and _HAS_MORE.search(before)
        if link == "and" and counted and _ONE_MORE.match(body):
            return True
        if find_quantities(body) and not body[:1].isdigit():
            return True
        if self._is_flag(body) and not (link and had):
            return True
        if is_place(body.split()) or self._is_labelled(body):
            return True
        return first not in PREPOSITIONS and self._is_verb(body)

    @staticmethod
    def _of_another(before: str, body: str) -> str:
        """A clause on another thing: where lunch is included and | the price is below 100."""
        words = [fold(word) for word in body.split()]
        upto = next((at for at, word in enumerate(words) if word in AUXILIARIES | _MODAL), 0)
        if not 0 < upto < min(_SHORT + 1, len(words) - 1):
            return ""
        if " or " in f"{before} {body}" or not {*OPENERS, *PREPOSITIONS}.isdisjoint(words[:upto]):
            return ""
        if not words[0].isalpha() or words[0] in _PRONOUNS:
            return ""
        relative = _RELATIVE.match(before)
        said = [fold(word) for word in before.split()] or [""]
        whole = not AUXILIARIES.isdisjoint(said)
        if relative is None and (said[0] in _RELATIVES or not {"which", "whose"}.isdisjoint(said)):
            return ""  # "that cats | and dogs are afraid of"
        if relative is None:
            return f"where {body}"
        return f"{relative.group()} {body}" if whole else ""

    def _is_next(self, pieces: Sequence[str], at: int) -> bool:
        """Whether a piece behind a comma is no item of a list: with a spa, | a bar, and ..."""
        pieces, at = pieces[at - 1 : at + _ITEMS], 1
        said = [_LINK.sub("", piece.strip(" ,;")) for piece in pieces]
        # Of "with a spa, a gym or a bar" one will do.
        upto = next((n for n in range(at, len(pieces)) if self.opens(said[n] or "x")), len(pieces))
        listed = any(re.match(r",?\s*(?:or|nor)\s", piece) for piece in pieces[at:upto])
        if listed and "such as" not in pieces[at]:
            return False
        body, before = said[at], said[at - 1]
        if not body or pieces[at].startswith(("but", "except")):
            return False
        if re.match(r"(?:an?|the)\s", body) and HAD.match(before):
            return self._joints.is_criterion(body) and self._joints.is_criterion(before)
        if body[:1].isdigit() and _OR_MORE.search(body):
            return True
        words = tokens(body)
        new = {m.column.name for m in self._linker.values(words) if m.start == 0}
        old = {m.column.name for m in self._linker.values(tokens(before))}
        return pieces[at].startswith(",") and bool(new) and not new & old and len(words) <= _SHORT

    def _is_labelled(self, body: str) -> bool:
        """Whether a piece is the name of a column with a value or number of it: class A or B."""
        words = tokens(body)
        if not words:
            return False
        found = self._linker.named(words, ("number", "text", "list"))
        values = self._linker.values(words)
        # "Deposit below 3,000", but "cost below 3,000".
        verb = singular(words[0]) in VERBS | LEANING or is_participle(words[0])
        verb = verb or (is_adverb(words[0]) and is_participle("".join(words[1:2])))
        noun = not verb and words[0] not in OPENERS
        alone = noun and words[1:2] != [] and words[1] in COMPARERS
        labelled = any(
            (alone and m.used == {0})
            or (m.named and len(m.used) > 1 and m.used == set(range(len(m.used))))
            or (
                noun
                and m.used == {0}
                and any(v.start == 1 and v.column is m.column for v in values)
            )
            for m in found
        )
        return labelled and (bool(find_quantities(body)) or bool(values))

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
        if first.endswith("ing") and self._linker.values([first]):
            return False  # "energy and | heating"
        if (
            first in VERBS
            or first in PASTS
            or is_relation(first)
            or is_participle(first)
            or self._joints.begins_phrasal(words)
        ):
            return True
        if first in LEANING and words[1] in PREPOSITIONS:
            return True
        if words[1] in {"a", "an", "the", "no"} and first not in {"a", "an", "the", "all"}:
            return True
        if self._linker.values([first]) or self._linker.values(words[:2]):
            return False
        named = self._linker.named([first], ("number", "list", "text", "version"))
        return bool(named) and first == singular(first)


def _same_measure(before: str, body: str) -> bool:
    """Whether a bound goes on with what was measured: not before 1970 | and not after 1990."""
    if not _BOUND.fullmatch(body):
        return False
    one, other = find_quantities(before), find_quantities(body)
    if not one or not other:
        return False
    kinds = {(q.unit.dimension if q.unit else "", bool(q.year)) for q in (one[-1], other[-1])}
    return len(kinds) == 1
