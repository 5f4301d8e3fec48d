"""The noun of an objective: what is looked for, and what the words before it ask."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.language.english import ADVERBS, is_negator, is_relation
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, phrases, singular, stem
from findall_frames.embedded.objectives.pieces import compares
from findall_frames.embedded.objectives.rephrase import (
    OPENERS,
    VERBS,
    begins_participle,
    has_subject,
    is_adverb,
    is_participle,
    is_place,
)
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Nouns"]

_ANYTHING = frozenset(
    phrases(
        """thing, things, entity, entities, item, items, entry, entries, row, rows, record,
        records, object, objects, one, ones, everything, all, those, results, result, names"""
    )
)


_FEW = 50
_DETERMINERS = frozenset(
    phrases("the, a, an, more, less, fewer, at, over, under, no, all, only, their")
)
_AHEAD = 5
_FEW_WORDS = 12
_ADJECTIVES = ("an", "ese", "ish", "ic", "ed", "less", "ful", "ous", "able", "ible", "ial")
_DOING = re.compile(r"^(?:non-\w+|\w[\w-]*-\w+(?:ing|ed))$")
_JOINTS = frozenset(("and", "or", "not"))


def _does(words: Sequence[str]) -> bool:
    """Whether a verb stands behind a plural noun: birds | lay more than five eggs."""
    noun, verb, following = [*(fold(word) for word in words[:3]), "", ""][:3]
    if verb in _JOINTS:
        return False
    if not noun.endswith("s") or singular(noun) == noun or singular(verb) != verb:
        return False
    if verb in VERBS:
        return True
    counted = (
        following in _DETERMINERS or following[:1].isdigit() or bool(find_quantities(following))
    )
    return verb.isalpha() and not is_participle(verb) and verb not in ADVERBS and counted


def _single(compound: str) -> str:
    *first, last = fold(compound).split()
    return " ".join([*first, singular(last)])


class Nouns:
    """Tells what the nouns of objectives mean in one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def is_plural(self, word: str) -> bool:
        low = fold(word)
        if word[-1:].isupper():
            return False  # RoHS
        return low != singular(low) and not self._linker.values([low])

    def end(self, words: Sequence[str]) -> int:
        """How many words name what is looked for."""
        inside = self._inside_values(words[:_FEW_WORDS])
        for at, word in enumerate(words):
            low = fold(word.strip(",;"))
            if at in inside:
                continue  # "Church of England | schools"
            if at and (low in OPENERS or is_negator(low)):
                return at
            if at and (begins_participle(words, at) or compares(words[at:])):
                return at
            if at and is_adverb(low) and words[at + 1 :] and begins_participle(words, at + 1):
                return at  # tools | first bought after 2015
            if word.endswith((",", ";", ":")) and at + 1 < len(words):
                if not (word.endswith(",") and self._goes_on(words[at : at + _AHEAD])):
                    return at + 1
                continue
            if at and (_does(words[at - 1 :]) or self._ends_noun(words[at - 1], words[at:])):
                return at
        return len(words)

    def _inside_values(self, words: Sequence[str]) -> set[int]:
        """Where values of several words go on."""
        folded = [fold(word.strip(",;")) for word in words]
        values = self._linker.values(folded)
        return {at for match in values for at in range(match.start + 1, match.end)}

    def _goes_on(self, words: Sequence[str]) -> bool:
        """Whether the noun is still to come behind a comma: urgent, | open tickets."""
        if self._linker.is_kind(fold(words[0].strip(","))):
            return False
        for word in words[1:]:
            low = fold(word.strip(","))
            if low in OPENERS or is_negator(low):
                return False
            if self._linker.is_kind(low):
                return True
        return False

    def _ends_noun(self, word: str, behind: Sequence[str]) -> bool:
        """Whether a noun ends here: suppliers | close to Oslo, which supplier | delivers pumps."""
        low = fold(behind[0])
        several = self.is_plural(word)
        if low in _JOINTS or (self._linker.is_kind(low) and not several):
            return False  # metro | systems
        verb = len(behind) > 1 and (is_relation(singular(low)) or self._linker.names(low))
        # Of several a verb stands as it is, and another plural is no verb: parts suppliers.
        agrees = (low == singular(low)) == several
        if several and (is_place(behind) or has_subject(behind) or (verb and agrees)):
            return True
        return self.is_entity([word]) and (several or (verb and agrees))

    def is_entity(self, head: Sequence[str]) -> bool:
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

    def says_what(self, word: str) -> bool:
        """Whether a noun tells some rows from others, as physicists does among people."""
        low = fold(word.strip(",;"))
        if self._linker.is_kind(low) or low in _ANYTHING or self._linker.names(low):
            return False
        if stem(low) in self._linker.lexicon.kinds and self.is_entity([word]):
            return False
        one = singular(low)
        occurs = self._linker.occurs(one) and not self._linker.is_everywhere(one)
        return bool(self._linker.values([low])) or occurs

    def modifiers(self, noun: Sequence[str]) -> list[str]:
        """Words before the noun that ask something: European, AI; and the noun, where it does."""
        words = list(noun)
        before, head = words[:-1], words[-1:]
        compound = f"{' '.join(before[-1:])} {' '.join(head)}"
        if before and _single(compound) in self._linker.lexicon.compounds:
            before.pop()
        *before, _ = self._asking([*before, *head]) if head else [""]
        if not head or (not before and not self._linker.values([fold(head[0])])):
            return []
        if self.is_entity(head):
            return self._apart(before)
        whole = self._apart([*before, *head])
        if len(whole) > 1 and not (self._says(whole[-2]) and self._says(whole[-1])):
            # "Web frameworks" among packages: the noun itself is a criterion.
            whole[-2:] = [f"{whole[-2]} {whole[-1]}"]
        return whole

    def _says(self, part: str) -> bool:
        """Whether words are a value or a flag of the corpus."""
        folded = [fold(word) for word in part.split()]
        plain = [word.removeprefix("non-").removesuffix("-free") for word in folded]
        few = any(len(m.column.index.values) <= _FEW for m in self._linker.values(plain))
        flags = self._linker.named(plain, ("boolean",))
        return few or any(flag.named for flag in flags)

    def _asking(self, before: Sequence[str]) -> list[str]:
        """Words that ask something, and what joins them."""
        says = [
            not self._says_nothing(fold(word.strip(","))) or self._linker.is_capital_value(word)
            for word in before[:-1]
        ] + [True]
        joins = [
            fold(word) in _JOINTS and 0 < at < len(before) - 1 and says[at - 1] and says[at + 1]
            for at, word in enumerate(before)
        ]
        return [w for w, one, two in zip(before, says, joins, strict=True) if one or two]

    def _apart(self, words: Sequence[str]) -> list[str]:
        """The criteria in words before a noun: each value, each flag, and what is between them."""
        folded = [fold(word.strip(",")) for word in words]
        spans = {m.start: m.end for m in self._linker.values(folded)}
        found: list[list[str]] = []
        at, known = 0, True
        while at < len(words):
            end = spans.get(at, at + 1)
            says = at in spans or self._says_by_itself(folded[at])
            before = folded[at - 1]
            joins = before in _JOINTS or before.endswith("ly") or folded[at].isdigit()
            # "Certified" goes with what it is certified to, "plan" with which plan it is.
            label = self._linker.names(folded[at]) and not "".join(folded[end : end + 1]).isdigit()
            done = not says and (is_participle(folded[at]) or label)
            joined = at > 0 and (folded[at] in _JOINTS or joins or done)
            # "Red, white or pink" is one; "red, dry" are two.
            last = next((n for n in range(at, len(words)) if not words[n].endswith(",")), at)
            comma = at > 0 and words[at - 1].endswith(",")
            joined = joined or (comma and not _JOINTS.isdisjoint(folded[last + 1 : last + 2]))
            # "Bronze Age or Iron Age" is one.
            ahead = [fold(word) for word in found[-1]] if found else []
            joined = joined or (folded[at] in ahead and not _JOINTS.isdisjoint(ahead))
            listed = comma and not joined
            # What says nothing by itself goes with its neighbour: statically | typed.
            # "Permanent part-time" are two, "open source" is one.
            apart = "-" in folded[at] and not joined
            if found and not listed and (joined or (not says and not known and not apart)):
                found[-1] += words[at:end]
            else:
                found.append([*words[at:end]])
            known = says or (joined and folded[at] not in _JOINTS)
            at = end
        said = [" ".join(self._either(part)).rstrip(",") for part in found]
        return [one if _JOINTS & set(one.split()) else one.replace(",", "") for one in said]

    def _either(self, words: Sequence[str]) -> Sequence[str]:
        """Of what can be only one of two, either is meant: red and white wines."""
        lower = [fold(word) for word in words]
        at = lower.index("and") if "and" in lower else 0
        if at and lower[at - 1].endswith("s") and singular(lower[at - 1]) != lower[at - 1]:
            return [*words[:at], "or", *words[at + 1 :]]  # lathes and milling machines
        sides = [self._linker.values(side) for side in (lower[:at], lower[at + 1 :])]
        one, other = (
            {
                m.column.name
                for m in side
                if m.column.kind == "text" and not m.column.index.lists_items
            }
            for side in sides
        )
        return [*words[:at], "or", *words[at + 1 :]] if at and one & other else words

    def _says_by_itself(self, word: str) -> bool:
        flags = self._linker.named([word], ("boolean",))
        return bool(self._linker.values([word])) or any(flag.named for flag in flags)

    def is_adjective(self, modifier: str) -> bool:
        """Whether "must be Asian" reads better than "must be an Asian country"."""
        words = [fold(word) for word in modifier.split()]
        return any(flag.named for flag in self._linker.named(words, ("boolean",))) or bool(
            len(words) == 1 and (words[0].endswith(_ADJECTIVES) or _DOING.search(modifier))
        )

    def _says_nothing(self, word: str) -> bool:
        few = any(len(m.column.index.values) <= _FEW for m in self._linker.values([word]))
        kind = self._linker.is_kind(word) and not few
        return kind or word in ADVERBS or word in _ANYTHING
