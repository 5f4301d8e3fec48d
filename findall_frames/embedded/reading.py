"""From a written condition to a predicate over the columns of a corpus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from findall_frames.embedded.cells import Present, WordsAt
from findall_frames.embedded.clauses import (
    Joined,
    Negated,
    Node,
    Phrase,
    Token,
    lend_nouns,
    parse_clauses,
    tokenise,
)
from findall_frames.embedded.columns import Column
from findall_frames.embedded.comparisons import find_comparisons
from findall_frames.embedded.conditions import AnyOf, Either, Not, Predicate, join
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import ABSENT, AUXILIARIES, MODALS, PREPOSITIONS, PRESENT
from findall_frames.embedded.extremes import Split, Superlatives
from findall_frames.embedded.leftovers import Leftovers, leaves
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.pairs import read_pair
from findall_frames.embedded.prose import Mention
from findall_frames.embedded.ranges import Ranges
from findall_frames.embedded.rivals import Rivals
from findall_frames.embedded.wording import Wording
from findall_frames.embedded.words import alike, fold, stem, tokens

__all__ = ["LONGEST", "Reader", "Reading"]

LONGEST: Final = 2000
"""Characters; what is longer than this is no single criterion, and is not taken apart."""

_SUBJECT = re.compile(
    rf"^(?P<subject>.*?)\b(?:{'|'.join(sorted(MODALS, key=len, reverse=True))})\b(?P<said>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_SUBJECT = re.compile(
    r"^(?:the|an?|each|every)\s+(?P<subject>(?:[^\W\d_]+\s+){1,2})"
    r"(?P<said>(?:is|are|was|were|has|have|does|do|did|can|will)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_OPENING = re.compile(
    r"""^(?:please\s+)?(?:(?:i|we)(?:['’]m|['’]re|\s+am|\s+are)?\s+(?:only\s+|just\s+)?
    (?:looking\s+for|interested\s+in|after|need|want|would\s+like|care\s+about)
    |looking\s+for|find|give\s+me|show\s+me)\s+
    (?:(?:all|any|every|those|ones?)\s+)*(?:the\s+(?=\w+s\b))?(?=[^\W\d_])""",
    re.IGNORECASE | re.VERBOSE,
)
_AFFIX = {
    "begins with": re.compile(
        r"\b(?:begin|start)(?:s|ning|ing)?\s+with\s+(?:the\s+)?(?:letters?\s+)?(.+)$"
    ),
    "ends with": re.compile(r"\bend(?:s|ing)?\s+(?:with|in)\s+(?:the\s+)?(?:letters?\s+)?(.+)$"),
}


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
        self._rivals = Rivals(self._linker, lexicon)
        self._superlatives = Superlatives(self._linker, lexicon)
        self._leftovers = Leftovers(self._linker, lexicon)

    def read(self, text: str) -> Reading:
        """The reading of a condition."""
        if len(text) > LONGEST:
            words = tokens(text[:LONGEST])
            return Reading(self._wording(frozenset(), frozenset()).mention(words), False)
        plain = _OPENING.sub("", " ".join(text.split()).rstrip(" .!?"))
        said, subject, named = self._without_subject(plain)
        affix = self._affix(fold(said), named)
        if affix is not None:
            return Reading(affix, True)
        pair = read_pair(fold(f"{' '.join(t.text for t in named)} {said}"), self._linker)
        if pair is not None:
            return Reading(pair, True)
        verbs = _verbs(said) if said != text else self._leading_verb(said)
        common = frozenset(word for word in tokens(said) if word in said)
        wording = self._wording(subject, verbs, common)
        split = self._superlatives.split(said, wording.harmless)
        if split is not None:
            return Reading(self._scoped(split, named, wording), True)
        said, rivals = self._rivals.replace(said)
        marked, comparisons = find_comparisons(said, self._lexicon)
        marked, comparisons = Rivals.restore(marked, len(comparisons)), [*comparisons, *rivals]
        found = lend_nouns([*named, *self._glued(tokenise(marked, comparisons))])
        node = parse_clauses(
            found,
            stands_alone=wording.stands_alone,
            says_something=wording.says_something,
        )
        binder = _Binder(self._linker, self._lexicon, wording)
        predicate = None if node is None else binder.bind(node)
        if predicate is None:
            words = [word for word in tokens(said) if Token(word).is_content]
            if words and all(self._linker.is_kind(word) for word in words):
                return Reading(Present(self._corpus.column(self._corpus.name_column)), True)
            predicate = wording.mention(words or tokens(text) or [fold(text)])
        predicate = self._leftovers.noted(predicate, found, wording.harmless)
        return Reading(predicate, not _all_mentions(predicate))

    def _scoped(self, split: Split, named: Sequence[Token], wording: Wording) -> Predicate:
        """A superlative among those rows that the rest of the condition is true of."""
        rest = " ".join([*(token.text for token in named), split.rest])
        says = any(Token(word).is_content and not wording.harmless(word) for word in tokens(rest))
        within = self.read(rest).predicate if says else None
        found: list[Predicate] = [replace(extreme, within=within) for extreme in split.extremes]
        extreme = found[0] if len(found) == 1 else Either(tuple(found))
        return Not(extreme) if split.denied else extreme

    def _wording(
        self,
        subject: frozenset[str],
        verbs: frozenset[str],
        common: frozenset[str] = frozenset(),
    ) -> Wording:
        return Wording(self._linker, self._lexicon, subject=subject, verbs=verbs, common=common)

    def _without_subject(self, text: str) -> tuple[str, frozenset[str], list[Token]]:
        """The condition, stems of its subject, and the subject where it is a criterion itself.

        "The license must be MIT" is about a column; "Package must be small" is not.
        """
        match = _SUBJECT.match(text) or _PLAIN_SUBJECT.match(text)
        if match is None:
            return text, frozenset(), []
        words = [word for word in tokens(match["subject"]) if Token(word).is_content]
        words = [word for word in words if not self._linker.is_kind(word)]
        others = (c for c in self._linker.columns if c.name != self._corpus.name_column)
        every = [*words, *(word for word in tokens(match["said"]) if Token(word).is_content)]
        matched = (self._linker.match(column, every) for column in others)
        meant = any(found.named and min(found.used) < len(words) for found in matched)
        own = {word for c in self._linker.columns for word in c.words if len(word) > 2}
        meant = meant or any(alike(word, one) == 1 for word in words for one in own)
        # "The price is not known" is about the price per night.
        stated = not (PRESENT | ABSENT).isdisjoint(tokens(match["said"]))
        meant = meant or (stated and bool(words) and bool(self._linker.named(words, _KINDS)))
        kept = [Token(word) for word in words] if meant or self._linker.values(words) else []
        return match["said"].strip(), frozenset(map(stem, words)), kept

    def _leading_verb(self, said: str) -> frozenset[str]:
        """A verb that a condition begins with: "went to Saturn", "knows both Python and SQL"."""
        words = tokens(said)
        if len(words) < 2 or words[1] not in _BEHIND_VERB:
            return frozenset()
        known = self._linker.values(words[:1]) or any(
            self._linker.match(column, words[:1]).score
            for column in self._linker.columns
            if column.name != self._corpus.name_column
        )
        return frozenset() if known or self._linker.occurs(words[0]) else frozenset(words[:1])

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
            for column in self._linker.columns:
                if (
                    column.kind in {"text", "list"}
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


class _Binder:
    """Turns the structure of one condition into a predicate."""

    def __init__(self, linker: Linker, lexicon: Lexicon, wording: Wording) -> None:
        self._linker = linker
        self._wording = wording
        self._ranges = Ranges(linker, lexicon)

    def bind(self, node: Node) -> Predicate | None:
        """The predicate of a node; None where it says nothing."""
        if isinstance(node, Negated):
            part = self.bind(node.part)
            if isinstance(part, Mention) and part.is_denied_somewhere():
                part = replace(part, silence="unknown")
            return None if part is None else Not(part)
        if isinstance(node, Joined):
            bound: list[Predicate] = []
            column: Column | None = None
            for child in node.parts:
                predicate = self._bind_after(child, column)
                if predicate is not None:
                    bound.append(predicate)
                    column = getattr(predicate, "column", column)
            return join(node.kind, bound)
        return self._bind_phrase(node, None)

    def _bind_after(self, node: Node, column: Column | None) -> Predicate | None:
        """A part of a conjunction; a bare comparison is about the column before it."""
        return self._bind_phrase(node, column) if isinstance(node, Phrase) else self.bind(node)

    def _bind_phrase(self, phrase: Phrase, before: Column | None) -> Predicate | None:
        groups: list[list[Predicate]] = [[]]
        at = 0
        while at < len(phrase.items):
            predicate, size = self._bind_some(phrase, at, before)
            if at and phrase.links[at - 1] == "or":
                groups.append([])
            if predicate is not None:
                groups[-1].append(predicate)
            at += size
        joined = (join("and", group) for group in groups)
        return join("or", [part for part in joined if part is not None])

    def _bind_some(
        self, phrase: Phrase, at: int, before: Column | None
    ) -> tuple[Predicate | None, int]:
        """The longest list that begins at an item, or that item alone."""
        for end in range(len(phrase.items), at + 1, -1):
            listed = self._bind_list(Phrase(phrase.items[at:end], phrase.links[at : end - 1]))
            if listed is not None:
                return listed, end - at
        return self._bind_item(list(phrase.items[at]), before), 1

    def _bind_list(self, phrase: Phrase) -> Predicate | None:
        if any(token.comparison for item in phrase.items for token in item):
            return self._bind_numbers(phrase)
        return self._wording.valuing.value_list(phrase.items, every="or" not in phrase.links)

    def _bind_numbers(self, phrase: Phrase) -> Predicate | None:
        """Several numbers of one column: 4 or 6 cylinders, in 1998 or 1999."""
        words = [t.text for item in phrase.items for t in item if t.comparison is None]
        parts: list[Predicate] = []
        for item in phrase.items:
            comparison = next((t.comparison for t in item if t.comparison), None)
            if comparison is None:
                return None
            part = self._ranges.in_column(words, 0, comparison, None)
            part = part or self._ranges.in_text(words, comparison)
            if part is None:
                return None
            parts.append(part)
        return AnyOf(tuple(parts))

    def _bind_item(self, item: list[Token], before: Column | None) -> Predicate | None:
        item = self._without_name_years(item)
        compared = [at for at, token in enumerate(item) if token.comparison]
        if not compared:
            return self._wording.bind(item)
        plain = [t for t in item if t.comparison is None]
        parts: list[Predicate] = []
        only = item[compared[0]].comparison
        if len(compared) == 1 and only is not None and not only.stated:
            named = self._wording.valuing.number_in_value(item)
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
            predicate = self._ranges.in_column(words, place, comparison, before)
            if predicate is None:
                noun = self._noun_place(words[:place])
                if noun:
                    # "a cable-stayed bridge taller than 300 m" is two criteria.
                    modifier = self._wording.bind([item[k] for k in span[:noun]])
                    if modifier is not None:
                        parts.append(modifier)
                    used.update(span[:noun])
                    words, span = words[noun:], span[noun:]
                predicate = self._ranges.in_text(words, comparison) or self._wording.mention(
                    [*(w for w in words if Token(w).is_content), *tokens(comparison.text)]
                )
                used.update(span)
            else:
                used.update(k for k in span if self._names(predicate, item[k].text))
            if predicate is not None:
                parts.append(predicate)
            left = at + 1
        rest = [
            token
            for k, token in enumerate(item)
            if token.comparison is None and k not in used and not self._wording.harmless(token.text)
        ]
        if rest and len(rest) < len(plain) + 1:
            left_over = [t for k, t in enumerate(item) if t.comparison is None and k not in used]
            extra = self._wording.valuing.values_only(left_over)
            if extra is not None:
                parts.append(extra)
        return join("and", parts)

    def _without_name_years(self, item: list[Token]) -> list[Token]:
        """The words, with a year that stands in the name of a column as a plain word."""
        others = sum(token.comparison is not None for token in item) > 1
        years = {word for column in self._linker.columns for word in column.words}
        return [
            Token(token.text)
            if others and token.comparison and not token.comparison.stated and token.text in years
            else token
            for token in item
        ]

    def _noun_place(self, words: Sequence[str]) -> int:
        """Where the entity itself is named behind words that say something; else 0."""
        places = [at for at, word in enumerate(words) if self._linker.is_kind(word)]
        said = places and any(not self._wording.harmless(word) for word in words[: places[-1]])
        return places[-1] if said else 0

    def _names(self, predicate: Predicate, word: str) -> bool:
        column = getattr(predicate, "column", None)
        return column is not None and bool(self._linker.match(column, [word]).score)


def _verbs(said: str) -> frozenset[str]:
    """Verbs by their place: the first word behind "must", and "hold" in "and hold an MSc"."""
    words = [word for word in tokens(said) if word not in {"not", "also", "either", "neither"}]
    later = (match.group(1) for match in _LATER_VERB.finditer(fold(said)))
    return frozenset((*words[:1], *later)) - AUXILIARIES


_LATER_VERB = re.compile(r"\b(?:and|or|but)\s+([^\W\d_]+)\s+(?:an?|the)\b")
_BEHIND_VERB = (PREPOSITIONS - {"of"}) | {"both", "either", "a", "an", "the", "at"}
_KINDS = ("number", "text", "list", "date", "version")
_GLUE = frozenset(("and", "or", ",", "the"))


def _all_mentions(predicate: Predicate) -> bool:
    """Whether nothing but the words in the text was left to look at."""
    return all(isinstance(leaf, Mention) and not leaf.literal for leaf in leaves(predicate))
