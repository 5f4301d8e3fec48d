"""Values of columns that words name, as predicates."""

from __future__ import annotations

from collections.abc import Sequence

from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.english import TOPIC, is_relation
from findall_frames.embedded.language.words import alike, phrases, tokens
from findall_frames.embedded.predicates.cells import OneOf, Wanted
from findall_frames.embedded.predicates.conditions import Predicate, join
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import ColumnMatch, Linker, ValueMatch

__all__ = ["Valuing", "words_of"]

_MANY = 200
_ALONE = frozenset(phrases("only, solely, exclusively, purely"))


class Valuing:
    """Binds words to values.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    verbs : frozenset of str
        Verbs of the condition, which say how a value belongs to the entity.
    common : frozenset of str
        Its words that are written in lower case, as names are not.
    """

    def __init__(
        self,
        linker: Linker,
        *,
        verbs: frozenset[str],
        common: frozenset[str] = frozenset(),
    ) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon
        self._corpus = linker.corpus
        self._verbs = verbs
        self._common = common

    def value_list(self, items: Sequence[Sequence[Token]], *, every: bool) -> Predicate | None:
        """Several values of one column: in Africa or Asia, an Apache or MIT license."""
        context = [token.text for item in items for token in item]
        best: tuple[float, Predicate] | None = None
        for column in self._linker.texts:
            if column.kind == "prose":
                continue
            named = self._linker.match(column, context)
            found = [self._value_of(column, item, explicit=named.named) for item in items]
            if any(found) and not all(found) and len(column.index.values) <= _MANY:
                # "Cancer or migraine", of lung cancer and migraine.
                found = [
                    value or self._value_of(column, item, explicit=True)
                    for value, item in zip(found, items, strict=True)
                ]
            values = tuple(value for value in found if value is not None)
            if len(values) < len(items):
                continue
            score = named.score - (0.5 if column.name == self._corpus.name_column else 0.0)
            if best is None or score > best[0]:
                confidence = self._confidence(named, [value.whole for value in values])
                together = every and (column.kind == "list" or column.index.lists_items)
                best = (score, OneOf(column, wanted=values, every=together, confidence=confidence))
        return best[1] if best else None

    def _value_of(self, column: Column, item: Sequence[Token], *, explicit: bool) -> Wanted | None:
        """The value of a column that a list item is, if it is nothing else."""
        words = [word for token in item for word in words_of(token)]
        quoted = next((tuple(tokens(token.text)) for token in item if token.quoted), None)
        if quoted in column.index.whole:
            return self.wanted(column, quoted)
        own = self._linker.match(column, words)
        rest = [w for at, w in enumerate(words) if at not in own.used or own.score < 0.9]
        rest = [w for w in rest if Token(w).is_content and w not in self._verbs]
        plain = [w for w in rest if not is_relation(w) and w not in TOPIC]
        named = [w for w in plain if not self._linker.is_kind(w)]
        said = tuple(w for at, w in enumerate(words) if at not in own.used or own.score < 0.9)
        if len(said) > 1 and said in column.index.whole:
            return self.wanted(column, said)  # "very high", of which "very" says nothing alone
        letters = [w for at, w in enumerate(words) if at not in own.used and len(w) == 1]
        for kept in (rest, plain, named, letters if explicit and not rest else []):
            if not kept:
                continue
            phrase = column.index.find(tuple(kept), self._lexicon)
            if phrase is not None:
                return self.wanted(column, phrase)
            if explicit and column.index.holds(tuple(kept)):
                return Wanted(tuple(kept), " ".join(kept), whole=False)
        return None

    def value_called(self, phrase: tuple[str, ...]) -> Predicate | None:
        """A value by another name, whatever words that is made of: not for profit."""
        for column in self._linker.columns:
            if phrase and self._linker.searchable(column):
                found = column.index.find(phrase, self._lexicon)
                if found is not None:
                    return OneOf(column, wanted=(self.wanted(column, found),))
        return None

    def values_only(self, item: Sequence[Token]) -> Predicate | None:
        """The values among words that a comparison left over; of one word only the likeliest."""
        words = [word for token in item for word in words_of(token)]
        first: dict[int, ValueMatch] = {}
        for match in self._linker.values(words):
            if not first or match.start >= max(other.end for other in first.values()):
                first[match.start] = match
        return join("and", [self.one_of(match, words) for match in first.values()])

    def number_in_value(self, item: Sequence[Token]) -> Predicate | None:
        """A number that belongs to a value, as in "Apache 2.0"."""
        words = [word for token in item for word in words_of(token)]
        number = next(tokens(t.text)[-1] for t in item if t.comparison)
        for match in self._linker.values(words):
            if number in words[match.start : match.end] and match.end - match.start > 1:
                return self.one_of(match, words)
        for named in self._linker.named(words, ("text", "list")):
            if not named.named:
                continue
            rest = [w for at, w in enumerate(words) if at not in named.used and Token(w).is_content]
            rest = [w for w in rest if not is_relation(w)]
            if number in rest and named.column.index.holds(tuple(rest)):
                return OneOf(
                    named.column, wanted=(Wanted(tuple(rest), " ".join(rest), whole=False),)
                )
        return None

    def one_of(self, match: ValueMatch, words: Sequence[str]) -> Predicate:
        """The predicate that a row has a value that was found among words."""
        column = match.column
        named = self._linker.match(column, words)
        wanted = self.wanted(column, match.phrase)
        confidence = self._confidence(named, [wanted.whole])
        alone = self.is_alone(column, words)
        return OneOf(column, wanted=(wanted,), alone=alone, confidence=confidence)

    @staticmethod
    def is_alone(column: Column, words: Sequence[str]) -> bool:
        """Whether a value has to be the only one of a list."""
        lists = column.kind == "list" or column.index.lists_items
        return lists and not _ALONE.isdisjoint(words)

    def wanted(self, column: Column, phrase: tuple[str, ...]) -> Wanted:
        """A value as it is meant: of "Apache License" in a column of licenses, the Apache."""
        if not column.index.descriptive:
            shown = column.index.whole[phrase]
            return Wanted(phrase, shown, head=self._is_common(column, phrase, shown))
        kept = tuple(w for w in phrase if not any(alike(w, own) == 1 for own in column.words))
        if not kept or kept == phrase:
            return Wanted(phrase, column.index.whole[phrase], whole=False)
        return Wanted(kept, " ".join(kept), whole=False)

    def _is_common(self, column: Column, phrase: tuple[str, ...], shown: str) -> bool:
        """Whether a value is a common noun, of which other values may be kinds."""
        if column.name == self._corpus.name_column:
            return False
        return shown.islower() or (
            self._common.issuperset(phrase) and not self._lexicon.is_part(phrase)
        )

    def _confidence(self, named: ColumnMatch, whole: Sequence[bool]) -> Confidence:
        if named.named:
            return "high"
        return "high" if all(whole) and len(named.column.index.values) <= _MANY else "medium"


def words_of(token: Token) -> list[str]:
    """The words of a token; several in a quoted text or a number with its unit."""
    return tokens(token.text) if token.quoted or token.comparison else [token.text]
