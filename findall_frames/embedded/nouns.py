"""The noun of an objective: what is looked for, and what the words before it ask."""

from __future__ import annotations

from collections.abc import Sequence

from findall_frames.embedded.columns import Column
from findall_frames.embedded.english import ADVERBS, is_negator, is_relation
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.pieces import compares
from findall_frames.embedded.rephrase import (
    OPENERS,
    begins_participle,
    has_subject,
    is_place,
)
from findall_frames.embedded.words import fold, phrases, singular, stem

__all__ = ["Nouns"]

_ANYTHING = frozenset(
    phrases(
        """thing, things, entity, entities, item, items, entry, entries, row, rows, record,
        records, object, objects, one, ones, everything, all, those, results, result, names"""
    )
)


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
        for at, word in enumerate(words):
            low = fold(word.strip(",;"))
            if at and (low in OPENERS or is_negator(low)):
                return at
            if at and (begins_participle(words, at) or compares(words[at:])):
                return at
            if word.endswith((",", ";", ":")) and at + 1 < len(words):
                return at + 1
            if at and self._ends_noun(words[at - 1], words[at:]):
                return at
        return len(words)

    def _ends_noun(self, word: str, behind: Sequence[str]) -> bool:
        """Whether a noun ends here: suppliers | close to Oslo, which supplier | delivers pumps."""
        low = fold(behind[0])
        several = self.is_plural(word)
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
        occurs = self._linker.occurs(low) and not self._linker.is_everywhere(low)
        return bool(self._linker.values([low])) or occurs

    def modifiers(self, noun: Sequence[str]) -> list[str]:
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
        if head and not self.is_entity(head) and (found or self._linker.values(head)):
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

    def is_adjective(self, modifier: str) -> bool:
        """Whether "must be Asian" reads better than "must be an Asian country"."""
        words = [fold(word) for word in modifier.split()]
        return any(flag.named for flag in self._linker.named(words, ("boolean",))) or (
            len(words) == 1 and words[0].endswith(("an", "ese", "ish", "ic", "ed"))
        )

    def _says_nothing(self, word: str) -> bool:
        return self._linker.is_kind(word) or word in ADVERBS or word in _ANYTHING
