"""Clauses without numbers: flags, presence, values and mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from findall_frames.embedded.language.english import (
    ABSENT,
    AUXILIARIES,
    FILLERS,
    GENERIC_HEADS,
    PRESENT,
    TOPIC,
    is_relation,
)
from findall_frames.embedded.language.words import singular, stem, tokens
from findall_frames.embedded.objectives.rephrase import is_participle
from findall_frames.embedded.predicates.cells import IsTrue, OneOf
from findall_frames.embedded.predicates.conditions import Either, Predicate, either, join
from findall_frames.embedded.predicates.otherwise import read_flag_otherwise, read_otherwise
from findall_frames.embedded.predicates.partial import or_lacking, read_reordered, read_within
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.explicit import named_text, read_explicit
from findall_frames.embedded.reading.flags import (
    read_compound_flag,
    read_ongoing,
    read_opposite_flag,
    read_part_of_flag,
    read_place,
)
from findall_frames.embedded.reading.linking import ColumnMatch, Linker, ValueMatch
from findall_frames.embedded.reading.manner import (
    had_words,
    is_language,
    is_meant_for,
    joined_names,
    joined_phrases,
    leading_words,
    without_kind,
)
from findall_frames.embedded.reading.presence import STATED, read_lack, read_presence
from findall_frames.embedded.reading.valuing import Valuing, words_of
from findall_frames.embedded.texts.prose import Mention
from findall_frames.embedded.texts.weight import carrying, nouns_in

__all__ = ["Wording"]

_MANY = 50
_SAID = 2
_SHORTEST = 3
# Of a World Heritage Site a text may say that it is on the list.
_KINDS_OF_NAME = frozenset(("site", "sites", "list", "award", "awards", "status"))
_ANYBODY = frozenset(("people", "person", "someone", "somebody", "anyone", "anybody"))
_THERE = frozenset(("exist", "exists", "available", "present"))
_BESIDE = frozenset(("with", "beside", "alongside", "near", "against"))
_ENDS = frozenset(("and", "or", "but", ",", ";"))


class Wording:
    """Binds the words of one condition to columns and text.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    subject : frozenset of str
        Stems of what the condition calls the entity.
    verbs : frozenset of str
        Its verbs, which say how a value belongs to the entity: to eat fish.
    common : frozenset of str
        Its words that are written in lower case.
    compounds : frozenset of (str, str)
        Those of its words that a hyphen joins: part-time.
    """

    def __init__(
        self,
        linker: Linker,
        *,
        subject: frozenset[str],
        verbs: frozenset[str],
        common: frozenset[str] = frozenset(),
        compounds: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon
        self._corpus = linker.corpus
        self._subject = subject
        self._verbs = verbs
        self._common = common
        self._compounds = compounds
        self.valuing = Valuing(linker, verbs=verbs, common=common)

    def stands_alone(self, found: Sequence[Token]) -> bool:
        """Whether words behind a "with" are a criterion of their own."""
        upto = next((n for n, t in enumerate(found) if t.text in _ENDS), len(found))
        part = list(found[:upto])
        if any(token.comparison for token in part):
            return True
        words = [token.text for token in part]
        behind = ["with", *words]
        if any(self._is_another(behind, match) for match in self._linker.values(behind)):
            return False
        kinds = ("number", "boolean", "text", "list", "date", "version")
        return any(match.named for match in self._linker.named(words, kinds))

    def says_something(self, found: Sequence[Token]) -> bool:
        """Whether words before a "not" are a criterion of their own."""
        if any(token.comparison for token in found):
            return True
        words = [word for token in found for word in words_of(token)]
        flags = self._linker.named(words, ("boolean",))
        values = (m for m in self._linker.values(words) if not self._is_another(words, m))
        return any(values) or any(flag.named for flag in flags)

    def tells_of(self, found: Sequence[Token]) -> bool:
        """Whether words before a list of values are sought in the text: beginners in Ireland."""
        words = [word for token in found for word in words_of(token)]
        nouns = [w for w in words if not (self.harmless(w) or w in self._verbs)]
        nouns = [w for w in nouns if w not in TOPIC and w.endswith("s") and len(w) > _SHORTEST]
        prose = [column for column in self._linker.texts if column.kind == "prose"]
        named = any(self._linker.match(c, [w]).score for c in self._linker.columns for w in nouns)
        return not named and any(self._linker.stands_in(c, w) for c in prose for w in nouns)

    def bind(self, item: Sequence[Token]) -> Predicate | None:
        """A clause without numbers as a predicate; None where it says nothing."""
        words = [word for token in item for word in words_of(token)]
        content = [word for word in words if Token(word).is_content]
        # "Companies that are in Peru": a clause of which only the name of all rows is left.
        quoted = next((token for token in item if token.quoted), None)
        if quoted is None and all(stem(word) in self._subject for word in content):
            return None
        if quoted is not None and self._linker.values(words) == []:
            value = self.valuing.value_called(tuple(tokens(quoted.text)))
            if value is not None:
                return value
            columns = named_text(words, self._linker)
            return Mention(
                tuple(tokens(quoted.text)),
                columns or self._linker.texts,
                self._lexicon,
                exact=True,
                literal=bool(columns),
            )
        for attempt in (
            self._flag,
            self._presence,
            self._explicit,
            self._implicit,
            self._related,
        ):
            predicate = attempt(words)
            if predicate is not None:
                return predicate
        words = joined_phrases(self._compounded(words), self._lexicon)
        words = without_kind(words, self._lexicon)
        content = [word for word in words if Token(word).is_content]
        nouns = nouns_in(words, self.harmless) - self._verbs
        known = self._known_phrases(words).union(w for w in nouns if not self._is_row(w))
        rest = [word for word in content if word in known or not self.harmless(word)]
        rest = [word for word in rest if word not in TOPIC] or rest
        if not named_text(words, self._linker):
            rest = carrying(rest, words, self._linker.occurs)
            rest = [w for w in rest if w not in self._verbs or self._is_told(w)] or rest
            if any(" " in word for word in rest):
                # What was done with a Series A matters less than that there was one.
                rest = [word for word in rest if " " in word or not word.endswith("ed")]
            # Of "its target was a comet" the text may only say the comet.
            told = [w for w in rest[:-1] if self._is_told(w)]
            linked = not {"is", "was", "are", "were"}.isdisjoint(words[1:-1])
            # But whether prams are allowed is told by no text without prams.
            linked = linked and not (rest and self._lexicon.told(rest[-1]))
            if linked and rest and self._linker.occurs(rest[-1].split()[0]):
                rest = [*told, rest[-1]]
        if rest and all(map(self.names_part, rest)):
            # "a language" other than English says nothing by itself.
            return None
        # "People ski there" tells of the skiing.
        rest = [word for word in rest if word not in _ANYBODY] or rest
        if rest and {"after", "before"}.issuperset(rest):
            # "Named after a person" says no more by its "after".
            rest = [word for word in content if word not in AUXILIARIES]
        if len(rest) > _SAID and rest[-1] in _KINDS_OF_NAME:
            rest = rest[:-1]
        if not rest:
            entity = [word for word in content if stem(word) in self._linker.entity_words]
            rest = [] if entity else [word for word in content if word not in AUXILIARIES]
        if not rest:
            return None
        if not any(column.kind == "prose" for column in self._linker.texts):
            # Of "handled by Okafor" a table may hold no more than the name.
            rest = [w for w in rest if not w.endswith("ed") or self._is_told(w)] or rest
        mentioned = self.mention(rest, named_text(words, self._linker))
        within = read_within(rest, self._linker)
        return within or or_lacking(mentioned, rest, self._linker.texts, self._lexicon)

    def _compounded(self, words: Sequence[str]) -> Sequence[str]:
        """The words, with those that a hyphen joins as one where one of them says little."""
        if not self._compounds:
            return words
        found: list[str] = []
        for word in words:
            pair = (found[-1], word) if found else ("", word)
            if pair in self._compounds and any(map(self.harmless, pair)):
                found[-1] = " ".join(pair)
            else:
                found.append(word)
        return found

    def _known_phrases(self, words: Sequence[str]) -> set[str]:
        """Words of names that the lexicon knows: both of "United States"."""
        spans = (words[at : at + n] for n in (2, 3, 4) for at in range(len(words) - n + 1))
        return {word for span in spans if self._lexicon.aliases(tuple(span)) for word in span}

    def _is_row(self, word: str) -> bool:
        """Whether a word only names what a row is."""
        return self._linker.is_kind(word) or stem(word) in self._subject

    def _is_told(self, word: str) -> bool:
        """Whether some text has a word, or says it in others."""
        firsts = (word.split()[0], *(phrase[0] for phrase in self._lexicon.told(word)))
        return any(map(self._linker.occurs, firsts))

    def names_part(self, word: str) -> bool:
        """Whether a word is part of the name of a column, and stands in no text."""
        columns = (c for c in self._linker.columns if c.kind not in {"prose", "boolean"})
        forms = (
            {stem(form) for own in c.words for form in self._lexicon.spelled_out(own)}
            for c in columns
            if len(c.words) > 1
        )
        return any(stem(word) in own for own in forms) and not self._linker.occurs(word)

    def harmless(self, word: str) -> bool:
        """Whether a word adds nothing to what else was understood."""
        return (
            not Token(word).is_content
            or is_relation(word)
            or word in FILLERS
            or word in GENERIC_HEADS
            or self._linker.is_kind(word)
            or stem(word) in self._subject
            or word in {"name", "names", "title"}
        )

    def _flag(self, words: Sequence[str]) -> Predicate | None:
        """A boolean column: is landlocked."""
        found = self._linker.named(words, ("boolean", "text"))
        named = [m for m in found if _says_all(m) and self._is_flag(m.column, words)]
        if not named:
            return None
        top = [m for m in named if named[0].score - m.score < 0.05]
        used = {at for match in top for at in match.used}
        # Who supports single sign-on is in no department of that name.
        rest = [w for at, w in enumerate(words) if at not in used and w not in TOPIC]
        flag = either([IsTrue(match.column) for match in top])
        more = self._implicit(rest) if any(Token(word).is_content for word in rest) else None
        # "Oscar-winning dramas" says two things.
        return join("and", [part for part in (flag, more) if part is not None])

    def _is_flag(self, column: Column, words: Sequence[str]) -> bool:
        """Whether a column says yes or no to something, and words ask no more of it."""
        if column.kind == "boolean" and not STATED.isdisjoint(words):
            return False  # whether it is known is asked, not whether it is so
        if not column.shaded or not (PRESENT | ABSENT).difference(_THERE).isdisjoint(words):
            return column.kind == "boolean"
        return not any(match.column is column for match in self._linker.values(words))

    def _related(self, words: Sequence[str]) -> Predicate | None:
        """What a column answers that is only related to the words: private, European."""
        return (
            read_opposite_flag(words, self._linker)
            or read_place(words, self._linker)
            or read_part_of_flag(words, self._linker, self._says_little)
            or read_reordered(words, self._linker, self.harmless)
            or read_ongoing(words, self._linker)
            or read_compound_flag(words, self._linker)
            or read_flag_otherwise(words, self._linker, self._says_little)
            or self._called_otherwise(words)
        )

    def _called_otherwise(self, words: Sequence[str]) -> Predicate | None:
        """A value that is called otherwise; of those that a row lives with, no column tells."""
        told = any(column.kind == "prose" for column in self._linker.texts)
        if told and not _BESIDE.isdisjoint(words) and words[-1] != singular(words[-1]):
            return None
        return read_otherwise(words, self._linker, self.valuing, self._says_little)

    def _says_little(self, word: str) -> bool:
        """Whether a word, be it a verb, adds nothing to a value."""
        if word in self._verbs or self.harmless(word):
            return True
        return word.endswith("ed") and not self._linker.occurs(word)  # delivered by lorry

    def _presence(self, words: Sequence[str]) -> Predicate | None:
        """Whether a column has a value, where words name one and say nothing of its value."""
        return read_presence(words, self._linker, self._is_value) or read_lack(
            words, self._linker, self.harmless
        )

    def _explicit(self, words: Sequence[str]) -> Predicate | None:
        """A text or list column that is named."""
        return read_explicit(words, self._linker, self.valuing, self.harmless)

    def _implicit(self, words: Sequence[str]) -> Predicate | None:
        """Values that say by themselves which column is meant: in Africa."""
        bound = any(is_relation(word) or word in self._verbs for word in words)
        found = [
            match
            for match in self._linker.values(words)
            if not all(self.harmless(word) for word in words[match.start : match.end])
            and not is_language(words, match)
            and not self._is_another(words, match)
        ]
        running = any(column.kind == "prose" for column in self._linker.texts)
        topic = running and any(word in TOPIC for word in words)
        if topic and not (bound or is_meant_for(words, found)):
            return None
        if not found:
            # "active" says little, unless it is a value and nothing else was said.
            found = [m for m in self._linker.values(words) if len(m.column.index.values) <= _MANY]
            found = [m for m in found if self._is_all(words, m) and not self._is_another(words, m)]
        named = any(not self._common.issuperset(words[m.start : m.end]) for m in found)
        tied = named or any(map(is_relation, words))
        if not found or (not tied and all(map(self._open_list, found))):
            return None
        parts: list[Predicate] = []
        covered: set[int] = set()
        for start in dict.fromkeys(match.start for match in found):
            same = [
                m for m in found if m.start == start and not covered & set(range(m.start, m.end))
            ]
            if not same:
                continue
            top = [m for m in same if same[0].score - m.score < 0.05]
            covered |= set(range(same[0].start, same[0].end))
            readings = [self.valuing.one_of(match, words) for match in top]
            parts.append(readings[0] if len(readings) == 1 else Either(tuple(readings)))
        rest = [
            word
            for at, word in enumerate(words)
            if at not in covered
            and word not in self._verbs
            and not (words[at + 1 : at + 2] == ["by"] and at + 2 in covered)  # let by an agent
            and not (word == "first" and words[at + 1 : at + 2] and words[at + 1].endswith("ed"))
            and not self.harmless(word)
            and not any(self._linker.match(m.column, [word]).score for m in found)
        ]
        if rest:
            open_ended = all(len(m.column.index.values) > 100 for m in found)
            if open_ended:
                return None
            columns = [match.column for match in found]
            loose = self._loose(words, covered, columns)
            named = any(self._linker.match(column, words).named for column in columns)
            told = [
                word
                for word in rest
                if word not in loose or (not named and self._stands_elsewhere(word, columns))
            ]
            joining = leading_words(words, covered, lambda word: self._stands_elsewhere(word, ()))
            told = [word for word in told if word not in joining]
            told += [word for word in had_words(words) if word in rest and word not in told]
            if told:
                parts.append(self._related(told) or self.mention(told))
            # What no row has tells no row from another; but the reading is less sure for it.
            if len(told) < len(rest):
                parts = [_unsure(part) for part in parts]
        return join("and", parts)

    def _is_another(self, words: Sequence[str], match: ValueMatch) -> bool:
        """Whether a value is no row itself but another to it: hit by a bus, lives with cats."""
        before = words[max(0, match.start - 3) : match.start]
        led = before[:-1] if before[-1:] == ["other"] else before
        if not _BESIDE.isdisjoint(led[-1:]):
            # Of what a thing has, as of its colours, the rows may have several.
            own = match.column.kind == "text" and not match.column.index.lists_items
            said = words[match.start : match.end]
            return own and said != list(match.phrase) and said[-1] != singular(said[-1])
        if before[1:] not in (["by", "a"], ["by", "an"], ["by", "another"]):
            return False
        done = is_participle(before[0]) and not is_relation(before[0])
        named = self._linker.match(match.column, before[:1]).score
        return done and not named and self._linker.occurs(before[0])

    def _is_value(self, words: Sequence[str]) -> bool:
        """Whether a value of a column with few was said, and nothing else."""
        found = [m for m in self._linker.values(words) if len(m.column.index.values) <= _MANY]
        return any(self._is_all(words, match) for match in found)

    def _is_all(self, words: Sequence[str], match: ValueMatch) -> bool:
        """Whether nothing but a value, and what the entity is called, was said."""
        inside = range(match.start, match.end)
        return all(
            at in inside
            or not Token(word).is_content
            or self._linker.is_kind(word)
            or stem(word) in self._subject
            for at, word in enumerate(words)
        )

    def _open_list(self, match: ValueMatch) -> bool:
        """Whether a value is one of many keywords, which other rows say in other words."""
        column = match.column
        return column.kind == "list" and len(column.index.values) > _MANY

    def _loose(
        self, words: Sequence[str], covered: set[int], columns: Sequence[Column]
    ) -> set[str]:
        """Words bound to a value that need not stand anywhere: diesel *engine*, *rated* PG."""
        loose: set[str] = set()
        for at, word in enumerate(words):
            behind = at > 0 and (at - 1 in covered or words[at - 1] in loose)
            named = at > 1 and any(self._linker.match(c, [words[at - 1]]).named for c in columns)
            before = word.endswith(("ed", "ing")) and any(at < place for place in covered)
            if at not in covered and Token(word).is_content and (behind or named or before):
                loose.add(word)
                continue
            # Of "liquid at room temperature" no row says more than the liquid.
            told = any(place < at for place in covered) or all(
                self._linker.match(c, words).named for c in columns
            )
            if told and not self._linker.occurs(word):
                loose.add(word)
        return loose

    def _stands_elsewhere(self, word: str, bound: Sequence[Column]) -> bool:
        """Whether a word stands in a text that is neither bound already nor the name."""
        name = self._corpus.name_column
        others = (c for c in self._linker.texts if c not in bound and c.name != name)
        return any(self._linker.stands_in(column, word) for column in others)

    def mention(self, words: Sequence[str], columns: tuple[Column, ...] = ()) -> Predicate:
        """The words in the text, for what no column answers."""
        if columns:
            own = self._linker.match(columns[0], words).used
            words = [word for at, word in enumerate(words) if at not in own] or words
            return Mention(tuple(words), columns, self._lexicon, literal=True)
        words = joined_names(words, self._lexicon)
        return Mention(tuple(words), self._linker.texts, self._lexicon)

    def is_name(self, word: str, *, opening: str = "") -> bool:
        """Whether a word is a number, is known as a place, or has a capital within a sentence."""
        capital = word != opening and not self._common.issuperset(word.split())
        phrase = tuple(word.split())
        place = any(map(self._lexicon.is_part, (phrase, *self._lexicon.aliases(phrase))))
        digits = any(map(str.isdigit, word))
        return digits or capital or place


def _says_all(match: ColumnMatch) -> bool:
    """Whether each word of a name was said, be it by a related one: dissolves in water."""
    size = len(match.column.words)
    return match.named or (size > 1 and len(match.used) >= size)


def _unsure(predicate: Predicate) -> Predicate:
    return replace(predicate, confidence="low") if isinstance(predicate, OneOf) else predicate
