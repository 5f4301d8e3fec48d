"""From a written condition to a predicate over the columns of a corpus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from findall_frames.local.clauses import (
    Joined,
    Negated,
    Node,
    Phrase,
    Token,
    parse_clauses,
    tokenise,
)
from findall_frames.local.columns import Column
from findall_frames.local.comparisons import Comparison, find_comparisons
from findall_frames.local.conditions import (
    AllOf,
    AnyOf,
    Count,
    DateRange,
    Either,
    IsTrue,
    Not,
    NumberRange,
    OneOf,
    Predicate,
    Present,
    Span,
    VersionAdmitted,
    VersionRange,
    Wanted,
    WordsAt,
    number_text,
)
from findall_frames.local.corpus import Corpus
from findall_frames.local.english import (
    ABSENT,
    AUXILIARIES,
    FILLERS,
    GENERIC_HEADS,
    MODALS,
    PRESENT,
    TOPIC,
    is_relation,
)
from findall_frames.local.finding import Confidence
from findall_frames.local.lexicon import Lexicon
from findall_frames.local.linking import ColumnMatch, Linker, ValueMatch
from findall_frames.local.prose import Mention, StatedNumber
from findall_frames.local.quantities import Quantity
from findall_frames.local.words import alike, fold, stem, tokens

__all__ = ["Reader", "Reading"]

_SUBJECT = re.compile(
    rf"^(?P<subject>.*?)\b(?:{'|'.join(sorted(MODALS, key=len, reverse=True))})\b(?P<said>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_SUBJECT = re.compile(
    r"^(?:the|an?|each|every)\s+(?P<subject>(?:[^\W\d_]+\s+){1,2})"
    r"(?P<said>(?:is|are|was|were|has|have|does|do|did|can|will)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AFFIX = {
    "begins with": re.compile(
        r"\b(?:begin|start)(?:s|ning|ing)?\s+with\s+(?:the\s+)?(?:letters?\s+)?(.+)$"
    ),
    "ends with": re.compile(r"\bend(?:s|ing)?\s+(?:with|in)\s+(?:the\s+)?(?:letters?\s+)?(.+)$"),
}
_MENTIONS = re.compile(
    r"\b(?:mention|contain|include|say|describe|talk about|refer to)(?:s|ed|ing|d)?\b"
)
_ADMITS = frozenset(("support", "work", "run", "compatible", "allow", "admit", "install"))


@dataclass(frozen=True)
class Reading:
    """How a condition was understood.

    Attributes
    ----------
    predicate : Predicate
        What is checked.
    understood : bool
        Whether columns answer it; else the text is searched for its words.
    """

    predicate: Predicate
    understood: bool

    def describe(self) -> str:
        """The reading in a sentence."""
        said = self.predicate.describe()
        return f"{said[:1].upper()}{said[1:]}." if self.understood else f"Not understood: {said}."


class Reader:
    """Reads conditions for one corpus.

    Parameters
    ----------
    corpus : Corpus
        Whose columns and values the conditions are about.
    lexicon : Lexicon
        What words have to do with each other.
    """

    def __init__(self, corpus: Corpus, lexicon: Lexicon) -> None:
        self._linker = Linker(corpus, lexicon)
        self._lexicon = lexicon
        self._corpus = corpus
        columns = self._linker.columns
        self._texts = tuple(c for c in columns if c.kind in {"text", "prose", "list"})
        self._prose = tuple(c for c in columns if c.kind == "prose")

    def read(self, text: str) -> Reading:
        """The reading of a condition."""
        said, subject = self._without_subject(" ".join(text.split()).rstrip(" .!?"))
        marked, comparisons = find_comparisons(said, self._lexicon)
        affix = self._affix(fold(said), subject)
        if affix is not None:
            return Reading(affix, True)
        tokenised = [*subject, *self._glued(tokenise(marked, comparisons))]
        node = parse_clauses(tokenised, self._stands_alone)
        predicate = None if node is None else self._bind(node)
        if predicate is None:
            words = [word for word in tokens(said) if Token(word).is_content]
            if words and all(stem(word) in self._linker.entity_words for word in words):
                return Reading(Present(self._corpus.column(self._corpus.name_column)), True)
            predicate = self._mention(words or tokens(text) or [fold(text)])
        return Reading(predicate, not _all_mentions(predicate))

    # -- the subject -------------------------------------------------------------------------

    def _without_subject(self, text: str) -> tuple[str, list[Token]]:
        """The condition, and those words of its subject that name a column."""
        match = _SUBJECT.match(text) or _PLAIN_SUBJECT.match(text)
        if match is None:
            return text, []
        words = [word for word in tokens(match["subject"]) if Token(word).is_content]
        words = [word for word in words if stem(word) not in self._linker.entity_words]
        for column in self._linker.columns:
            if column.name == self._corpus.name_column:
                continue
            found = self._linker.match(column, words)
            if found.named:
                return match["said"].strip(), [Token(word) for word in words]
        return match["said"].strip(), []

    def _glued(self, found: list[Token]) -> list[Token]:
        """Values that have "and" or a comma in them become one token each."""
        words = [token.text for token in found]
        glued, at = [], 0
        while at < len(found):
            size = self._glue_size(words, at) if any(w in _GLUE for w in words[at:]) else 1
            if size > 1:
                glued.append(
                    Token(" ".join(w for w in words[at : at + size] if w != ","), quoted=True)
                )
            else:
                glued.append(found[at])
            at += size
        return glued

    def _glue_size(self, words: list[str], at: int) -> int:
        for end in range(min(len(words), at + 6), at + 2, -1):
            span = words[at:end]
            if span[0] in _GLUE or span[-1] in _GLUE or not _GLUE.intersection(span):
                continue
            phrase = tuple(word for word in span if word not in {",", "the"})
            for column in self._texts:
                if (
                    column.kind != "prose"
                    and len(column.index.values) < 20_000
                    and phrase in column.index.whole
                ):
                    return end - at
        return 1

    def _affix(self, said: str, subject: Sequence[Token]) -> Predicate | None:
        for place, pattern in _AFFIX.items():
            match = pattern.search(said)
            if match is None:
                continue
            words = [*(t.text for t in subject), *tokens(said[: match.start()])]
            column = self._corpus.column(self._corpus.name_column)
            named = self._linker.named(words, ("text", "list", "prose"))
            if named and named[0].named:
                column = named[0].column
            letters = match.group(1).strip(" \"'“”‘’.")
            predicate: Predicate = WordsAt(column, letters=letters, place=place)
            return Not(predicate) if " not " in f" {said[: match.start()]} " else predicate
        return None

    # -- structure ---------------------------------------------------------------------------

    def _stands_alone(self, found: Sequence[Token]) -> bool:
        """Whether words behind a "with" are a criterion of their own."""
        upto = next((n for n, t in enumerate(found) if t.text in _ENDS), len(found))
        part = list(found[:upto])
        if any(token.comparison for token in part):
            return True
        words = [token.text for token in part]
        kinds = ("number", "boolean", "text", "list", "date", "version")
        return any(match.named for match in self._linker.named(words, kinds))

    def _bind(self, node: Node) -> Predicate | None:
        if isinstance(node, Negated):
            part = self._bind(node.part)
            return None if part is None else Not(part)
        if isinstance(node, Joined):
            bound: list[Predicate] = []
            column: Column | None = None
            for child in node.parts:
                predicate = self._bind_after(child, column)
                if predicate is not None:
                    bound.append(predicate)
                    column = getattr(predicate, "column", column)
            return _join(node.kind, bound)
        return self._bind_phrase(node, None)

    def _bind_after(self, node: Node, column: Column | None) -> Predicate | None:
        """A part of a conjunction; a bare comparison is about the column before it."""
        return self._bind_phrase(node, column) if isinstance(node, Phrase) else self._bind(node)

    def _bind_phrase(self, phrase: Phrase, before: Column | None) -> Predicate | None:
        if len(phrase.items) > 1:
            listed = self._bind_list(phrase)
            if listed is not None:
                return listed
            parts = (self._bind_item(list(item), before) for item in phrase.items)
            return _join(phrase.kind, [part for part in parts if part is not None])
        return self._bind_item(list(phrase.items[0]), before)

    def _bind_list(self, phrase: Phrase) -> Predicate | None:
        """Several values of one column: in Africa or Asia, an Apache or MIT license."""
        items = [list(item) for item in phrase.items]
        if any(token.comparison for item in items for token in item):
            return self._bind_numbers(phrase)
        context = [token.text for item in items for token in item]
        best: tuple[float, Predicate] | None = None
        for column in self._texts:
            if column.kind == "prose":
                continue
            values, score = [], 0.0
            named = self._linker.match(column, context)
            for item in items:
                found = self._value_of(column, item, explicit=named.named)
                if found is None:
                    break
                values.append(found)
                score += 1.0
            else:
                every = phrase.kind == "and" and column.kind == "list"
                confidence = self._confidence(named, [w.whole for w in values])
                score += named.score - (0.5 if column.name == self._corpus.name_column else 0.0)
                if best is None or score > best[0]:
                    one_of = OneOf(column, wanted=tuple(values), every=every, confidence=confidence)
                    best = (score, one_of)
        return best[1] if best else None

    def _bind_numbers(self, phrase: Phrase) -> Predicate | None:
        """Several numbers of one column: 4 or 6 cylinders, in 1998 or 1999."""
        words = [t.text for item in phrase.items for t in item if t.comparison is None]
        parts: list[Predicate] = []
        for item in phrase.items:
            comparison = next((t.comparison for t in item if t.comparison), None)
            if comparison is None:
                return None
            part = self._range(words, 0, comparison, None)
            if part is None:
                return None
            parts.append(part)
        return AnyOf(tuple(parts))

    def _value_of(self, column: Column, item: Sequence[Token], *, explicit: bool) -> Wanted | None:
        """The value of a column that a list item is, if it is nothing else."""
        words = [word for token in item for word in _words_of(token)]
        own = self._linker.match(column, words)
        rest = [w for at, w in enumerate(words) if at not in own.used or own.score < 0.9]
        rest = [w for w in rest if Token(w).is_content]
        for kept in (rest, [w for w in rest if not is_relation(w) and w not in TOPIC]):
            if not kept:
                continue
            phrase = column.index.find(tuple(kept), self._lexicon)
            if phrase is not None:
                return self._wanted(column, phrase)
            if explicit and column.index.holds(tuple(kept)):
                return Wanted(tuple(kept), " ".join(kept), whole=False)
        return None

    # -- one clause --------------------------------------------------------------------------

    def _bind_item(self, item: list[Token], before: Column | None) -> Predicate | None:
        compared = [at for at, token in enumerate(item) if token.comparison]
        if not compared:
            return self._bind_words(item)
        plain = [t for t in item if t.comparison is None]
        parts: list[Predicate] = []
        only = item[compared[0]].comparison
        if len(compared) == 1 and only is not None and not only.stated:
            named = self._number_in_value(item)
            if named is not None:
                return named
        left = 0
        used: set[int] = set()
        for n, at in enumerate(compared):
            right = compared[n + 1] if n + 1 < len(compared) else len(item)
            span = [k for k in range(left, right) if k != at and item[k].comparison is None]
            words = [item[k].text for k in span]
            place = sum(k < at for k in span)
            comparison = item[at].comparison
            assert comparison is not None
            predicate = self._range(words, place, comparison, before)
            if predicate is None:
                predicate = self._range_in_text(words, comparison)
                used.update(span)
            else:
                used.update(k for k in span if self._names(predicate, item[k].text))
            if predicate is not None:
                parts.append(predicate)
            left = at + 1
        rest = [
            token
            for k, token in enumerate(item)
            if token.comparison is None and k not in used and not self._harmless(token.text)
        ]
        if rest and len(rest) < len(plain) + 1:
            extra = self._values_only(rest)
            if extra is not None:
                parts.append(extra)
        return _join("and", parts)

    def _names(self, predicate: Predicate, word: str) -> bool:
        column = getattr(predicate, "column", None)
        return column is not None and bool(self._linker.match(column, [word]).score)

    def _harmless(self, word: str) -> bool:
        return (
            not Token(word).is_content
            or is_relation(word)
            or word in FILLERS
            or word in GENERIC_HEADS
            or stem(word) in self._linker.entity_words
        )

    def _number_in_value(self, item: Sequence[Token]) -> Predicate | None:
        """A number that belongs to a value, as in "Apache 2.0"."""
        words = [word for token in item for word in _words_of(token)]
        number = next(tokens(t.text)[-1] for t in item if t.comparison)
        for match in self._linker.values(words):
            if number in words[match.start : match.end] and match.end - match.start > 1:
                return self._one_of(match, words)
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

    def _values_only(self, item: Sequence[Token]) -> Predicate | None:
        words = [word for token in item for word in _words_of(token)]
        found = self._linker.values(words)
        return self._one_of(found[0], words) if found else None

    def _bind_words(self, item: Sequence[Token]) -> Predicate | None:
        words = [word for token in item for word in _words_of(token)]
        content = [word for word in words if Token(word).is_content]
        if not content:
            return None
        quoted = next((token for token in item if token.quoted), None)
        if quoted is not None and self._linker.values(words) == []:
            columns = self._named_text(words) or self._texts
            return Mention(tuple(tokens(quoted.text)), columns, self._lexicon, exact=True)
        for attempt in (self._flag, self._presence, self._explicit, self._implicit):
            predicate = attempt(words)
            if predicate is not None:
                return predicate
        rest = [word for word in content if not self._harmless(word)]
        rest = [word for word in rest if word not in TOPIC] or rest
        if not rest:
            entity = [word for word in content if stem(word) in self._linker.entity_words]
            rest = [] if entity else [word for word in content if word not in AUXILIARIES]
        return self._mention(rest, self._named_text(words)) if rest else None

    def _flag(self, words: Sequence[str]) -> Predicate | None:
        """A boolean column: is landlocked."""
        named = [m for m in self._linker.named(words, ("boolean",)) if m.named]
        if not named:
            return None
        top = [m for m in named if named[0].score - m.score < 0.05]
        return _either([IsTrue(match.column) for match in top])

    def _presence(self, words: Sequence[str]) -> Predicate | None:
        """Whether a column has a value: has a capital, license not given."""
        kinds = ("number", "text", "prose", "list", "date", "version")
        absent = any(word in ABSENT for word in words)
        for match in self._linker.named(words, kinds):
            others = [
                word
                for at, word in enumerate(words)
                if at not in match.used
                and Token(word).is_content
                and word not in PRESENT | ABSENT | FILLERS
                and not is_relation(word)
                and stem(word) not in self._linker.entity_words
            ]
            if match.named and not others:
                present = Present(match.column)
                return Not(present) if absent else present
        return None

    def _explicit(self, words: Sequence[str]) -> Predicate | None:
        """A text or list column that is named: has an Apache license, capital is Lima."""
        for match in self._linker.named(words, ("text", "list", "version")):
            sure = match.named
            rest = [w for at, w in enumerate(words) if at not in match.used and Token(w).is_content]
            kept = [w for w in rest if not is_relation(w) and w not in TOPIC] or rest
            if not kept or (_MENTIONS.search(" ".join(words)) and match.column.kind == "text"):
                continue
            column = match.column
            if column.kind == "version":
                continue
            phrase = column.index.find(tuple(kept), self._lexicon)
            confidence: Confidence = "high" if sure else "medium"
            if phrase is not None:
                wanted = self._wanted(column, phrase)
                if wanted.whole and self._attributive(column, match, words):
                    wanted = replace(wanted, whole=False)
                return OneOf(column, wanted=(wanted,), confidence=confidence)
            within = [m for m in self._linker.values(words) if m.column is column]
            if within and all(self._harmless(w) or w in within[0].phrase for w in kept):
                return self._one_of(within[0], words)
            if column.index.holds(tuple(kept)):
                wanted = Wanted(tuple(kept), " ".join(kept), whole=False)
                return OneOf(column, wanted=(wanted,), confidence="medium")
            adjacent = self._beside(match, words)
            if sure and adjacent and match.score >= 0.9 and not self._linker.values(words):
                # A value that no row has: an honest answer is that none matches.
                wanted = Wanted(tuple(adjacent), " ".join(adjacent), whole=False)
                return OneOf(column, wanted=(wanted,), confidence="low")
        return None

    def _attributive(self, column: Column, match: ColumnMatch, words: Sequence[str]) -> bool:
        """Whether a value tells a kind of what the column names: an Apache license."""
        return column.kind == "list" and max(match.used, default=0) == len(words) - 1

    def _beside(self, match: ColumnMatch, words: Sequence[str]) -> list[str]:
        """All other words of meaning, if they stand right beside the column's name."""
        others = [
            at
            for at, word in enumerate(words)
            if at not in match.used and Token(word).is_content and not is_relation(word)
        ]
        if not others or not match.used:
            return []
        gap = min(abs(at - used) for at in others for used in match.used)
        return [words[at] for at in others] if gap <= 2 and len(others) <= 4 else []

    def _implicit(self, words: Sequence[str]) -> Predicate | None:
        """Values that say by themselves which column is meant: in Africa."""
        if any(word in TOPIC for word in words) and not any(is_relation(w) for w in words):
            return None
        found = self._linker.values(words)
        if not found:
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
            readings = [self._one_of(match, words) for match in top]
            parts.append(readings[0] if len(readings) == 1 else Either(tuple(readings)))
        rest = [
            word
            for at, word in enumerate(words)
            if at not in covered
            and not self._harmless(word)
            and not any(self._linker.match(m.column, [word]).score for m in found)
        ]
        if rest:
            open_ended = all(len(m.column.index.values) > 100 for m in found)
            if open_ended:
                return None
            parts.append(self._mention(rest))
        return _join("and", parts)

    def _one_of(self, match: ValueMatch, words: Sequence[str]) -> Predicate:
        column = match.column
        named = self._linker.match(column, words)
        wanted = self._wanted(column, match.phrase)
        return OneOf(column, wanted=(wanted,), confidence=self._confidence(named, [wanted.whole]))

    def _wanted(self, column: Column, phrase: tuple[str, ...]) -> Wanted:
        """A value as it is meant: of "Apache License" in a column of licenses, the Apache."""
        if not column.index.descriptive:
            return Wanted(phrase, column.index.whole[phrase])
        kept = tuple(w for w in phrase if not any(alike(w, own) == 1 for own in column.words))
        if not kept or kept == phrase:
            return Wanted(phrase, column.index.whole[phrase], whole=False)
        return Wanted(kept, " ".join(kept), whole=False)

    def _confidence(self, named: ColumnMatch, whole: Sequence[bool]) -> Confidence:
        if named.named:
            return "high"
        return "high" if all(whole) and len(named.column.index.values) <= 200 else "medium"

    # -- numbers -----------------------------------------------------------------------------

    def _range(
        self, words: Sequence[str], place: int, comparison: Comparison, before: Column | None
    ) -> Predicate | None:
        matches = self._linker.compared(words, place, comparison)
        if not matches and before is not None and comparison.stated:
            matches = [ColumnMatch(before, 1.0, frozenset(), True)]
        made = [self._made(match, comparison, words) for match in matches]
        return _either([predicate for predicate in made if predicate is not None])

    def _made(
        self, match: ColumnMatch, comparison: Comparison, words: Sequence[str]
    ) -> Predicate | None:
        column = match.column
        confidence: Confidence = "high" if match.named and not comparison.about else "medium"
        if column.kind == "version":
            if not comparison.stated and any(stem(word) in _ADMITS for word in words):
                return VersionAdmitted(
                    column, version=comparison.quantity.version, confidence=confidence
                )
            return VersionRange(column, span=_version_span(comparison), confidence=confidence)
        if column.kind == "date":
            return DateRange(column, span=_date_span(comparison), confidence=confidence)
        if column.kind == "list":
            return Count(column, span=_number_span(comparison, None, 1.0), confidence=confidence)
        if column.kind != "number":
            return None
        year = column.year_like or column.short_year
        scale = 1.0 if year else column.scale
        shift = 1900.0 if column.short_year else 0.0
        span = _number_span(comparison, column, scale, shift=shift)
        return NumberRange(column, span, confidence)

    def _range_in_text(self, words: Sequence[str], comparison: Comparison) -> Predicate | None:
        columns = self._prose or tuple(c for c in self._texts if c.kind == "text")
        content = tuple(w for w in words if Token(w).is_content and w not in FILLERS)
        content = tuple(w for w in content if stem(w) not in self._linker.entity_words)
        if comparison.adjective:
            content += tuple(self._lexicon.attributes(comparison.adjective))
        quantity = comparison.quantity
        if not self._prose or not (content or quantity.unit):
            return self._mention([*content, *tokens(comparison.text)])
        plain = quantity.in_unit(quantity.unit)
        assert plain is not None
        span = _number_span(comparison, None, 1.0, year=quantity.year)
        return StatedNumber(content, span, plain.unit, quantity.year, columns, self._lexicon)

    # -- mentions ----------------------------------------------------------------------------

    def _named_text(self, words: Sequence[str]) -> tuple[Column, ...]:
        """A text column that the condition names: the summary mentions async."""
        found = self._linker.named(words, ("prose", "text", "list"))
        return (found[0].column,) if found and found[0].named else ()

    def _mention(self, words: Sequence[str], columns: tuple[Column, ...] = ()) -> Predicate:
        if columns:
            own = self._linker.match(columns[0], words).used
            words = [word for at, word in enumerate(words) if at not in own] or words
        return Mention(tuple(words), columns or self._texts, self._lexicon)


_GLUE = frozenset(("and", "or", ",", "the"))
_ENDS = frozenset(("and", "or", "but", ",", ";"))


def _words_of(token: Token) -> list[str]:
    return tokens(token.text) if token.quoted or token.comparison else [token.text]


def _join(kind: str, parts: Sequence[Predicate]) -> Predicate | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return AllOf(tuple(parts)) if kind == "and" else AnyOf(tuple(parts))


def _either(parts: Sequence[Predicate]) -> Predicate | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return Either(tuple(parts))


def _all_mentions(predicate: Predicate) -> bool:
    """Whether nothing but the words in the text was left to look at."""
    if isinstance(predicate, Not):
        return _all_mentions(predicate.part)
    if isinstance(predicate, AllOf | AnyOf | Either):
        return all(_all_mentions(part) for part in predicate.parts)
    return isinstance(predicate, Mention)


def _number_span(
    comparison: Comparison,
    column: Column | None,
    scale: float,
    *,
    shift: float = 0.0,
    year: bool = False,
) -> Span:
    """The range in the unit and scale of a column's cells."""
    unit = column.unit if column is not None else comparison.quantity.unit
    year = year or (column is not None and (column.year_like or column.short_year))

    def end(quantity: Quantity | None, *, top: bool) -> float | None:
        if quantity is None:
            return None
        converted = quantity.in_unit(unit) or quantity
        return round(((converted.top if top else converted.value) - shift) / scale, 9)

    low = end(comparison.low, top=comparison.low_open)
    high = end(comparison.high, top=not comparison.high_open)
    if comparison.about and low is not None and high is not None:
        low, high = low - abs(low) / 10, high + abs(high) / 10
    said = _said(low, high, comparison, year=year)
    return Span(low, high, comparison.low_open, comparison.high_open, said)


def _said(low: float | None, high: float | None, comparison: Comparison, *, year: bool) -> str:
    def text(number: float) -> str:
        return number_text(number, year=year)

    if low is not None and high is not None:
        if low == high:
            return text(low)
        if comparison.low_open and comparison.high_open:
            return f"strictly between {text(low)} and {text(high)}"
        return f"between {text(low)} and {text(high)}"
    if low is not None:
        return (
            f"{'after' if year else 'more than'} {text(low)}"
            if comparison.low_open
            else f"at least {text(low)}"
        )
    assert high is not None
    return (
        f"{'before' if year else 'less than'} {text(high)}"
        if comparison.high_open
        else f"at most {text(high)}"
    )


def _date_span(comparison: Comparison) -> Span:
    import datetime as dt

    def days(quantity: Quantity) -> tuple[dt.date, dt.date]:
        if quantity.dates is not None:
            return quantity.dates
        return dt.date(int(quantity.value), 1, 1), dt.date(int(quantity.top), 12, 31)

    low = days(comparison.low)[1 if comparison.low_open else 0] if comparison.low else None
    high = days(comparison.high)[0 if comparison.high_open else 1] if comparison.high else None
    if low is not None and high is not None:
        said = f"between {low} and {high}" if low != high else str(low)
    elif low is not None:
        said = f"after {low}" if comparison.low_open else f"on or after {low}"
    else:
        said = f"before {high}" if comparison.high_open else f"on or before {high}"
    return Span(low, high, comparison.low_open, comparison.high_open, said)


def _version_span(comparison: Comparison) -> Span:
    low = comparison.low.version if comparison.low else None
    high = comparison.high.version if comparison.high else None

    def text(version: tuple[int, ...]) -> str:
        return ".".join(map(str, version))

    if low is not None and high is not None:
        said = f"version {text(low)}" if low == high else f"between {text(low)} and {text(high)}"
    elif low is not None:
        said = f"later than {text(low)}" if comparison.low_open else f"{text(low)} or later"
    else:
        assert high is not None
        said = f"earlier than {text(high)}" if comparison.high_open else f"{text(high)} or earlier"
    return Span(low, high, comparison.low_open, comparison.high_open, said)
