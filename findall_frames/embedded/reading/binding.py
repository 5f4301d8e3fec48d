"""From the structure of a condition to a predicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from findall_frames.embedded.language.english import FILLERS, PREPOSITIONS
from findall_frames.embedded.language.words import fold, tokens
from findall_frames.embedded.predicates.conditions import AnyOf, Not, Predicate, join
from findall_frames.embedded.reading.clauses import Joined, Negated, Node, Phrase, Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.leftovers import column_of
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.ranges import Ranges
from findall_frames.embedded.reading.wording import Wording
from findall_frames.embedded.texts.prose import Mention

__all__ = ["Binder"]

_NO_LONGER = (["longer"], ["more"])
_LONGEST = 40
"""Items of a list of which any part may be a list by itself."""


class Binder:
    """Turns the structure of one condition into a predicate."""

    def __init__(self, linker: Linker, wording: Wording) -> None:
        self._linker = linker
        self._wording = wording
        self._ranges = Ranges(linker)

    def bind(self, node: Node) -> Predicate | None:
        """The predicate of a node; None where it says nothing."""
        if isinstance(node, Negated):
            lasting = _lasting(node.part)
            part = self.bind(lasting)
            if isinstance(part, Mention) and lasting is not node.part:
                # What is no longer so was so once; of that, silence says nothing.
                part = replace(part, silence="unknown")
            return None if part is None else Not(part)
        if isinstance(node, Joined):
            bound: list[Predicate] = []
            column: Column | None = None
            for child in node.parts:
                predicate = self._bind_after(child, column)
                if predicate is not None:
                    bound.append(predicate)
                    column = column_of(predicate) or column
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
                before = column_of(predicate) or before
            at += size
        joined = (join("and", group) for group in groups)
        return join("or", [part for part in joined if part is not None])

    def _bind_some(
        self, phrase: Phrase, at: int, before: Column | None
    ) -> tuple[Predicate | None, int]:
        """The longest list that begins at an item, or that item alone."""
        last = len(phrase.items)
        # Of very long lists only the whole is tried: to try each part would take too long.
        shortest = at + 1 if last <= _LONGEST else max(at + 1, last - (at == 0))
        for end in range(last, shortest, -1):
            listed = self._bind_list(Phrase(phrase.items[at:end], phrase.links[at : end - 1]))
            if listed is not None:
                return listed, end - at
            shared = self._bind_shared(phrase, at, end, before) or self._bind_two(phrase, at, end)
            if shared is not None:
                return shared, end - at
        return self._bind_item(list(phrase.items[at]), before), 1

    def _bind_shared(
        self, phrase: Phrase, at: int, end: int, before: Column | None
    ) -> Predicate | None:
        """A list whose first item says more: public hospitals in Ireland or Germany."""
        first = phrase.items[at]
        places = [k for k, token in enumerate(first) if token.text in PREPOSITIONS and k > 0]
        cut = places[-1] if places else len(first) - 1
        said = list(first[:cut])
        if cut <= 0:
            return None
        if not (self._wording.says_something(said) or self._wording.tells_of(said)):
            return None
        items = (tuple(first[cut:]), *phrase.items[at + 1 : end])
        listed = self._bind_list(Phrase(items, phrase.links[at : end - 1]))
        if listed is None:
            return None
        return join("and", [part for part in (self._bind_item(said, before), listed) if part])

    def _bind_two(self, phrase: Phrase, at: int, end: int) -> Predicate | None:
        """Two lists, or a list and what is said of all of it: arch or gravity dams in China."""
        for middle in range(at + 1, end):
            item = phrase.items[middle]
            cut = next((k for k, t in enumerate(item) if t.text in PREPOSITIONS and k > 0), 0)
            if not cut or "or" not in phrase.links[at:middle]:
                continue
            firsts = (*phrase.items[at:middle], item[:cut])
            first = self._wording.valuing.value_list(firsts, every=False)
            if first is None:
                continue
            items = (item[cut:], *phrase.items[middle + 1 : end])
            second = self._bind_list(Phrase(items, phrase.links[middle : end - 1]))
            if second is None and middle == end - 1 and item[cut].text in {"with", "having"}:
                # "In the US or Japan with a port": what both have, whatever tells of it.
                second = self._bind_item(list(item[cut + 1 :]), None)
            if second is not None:
                return join("and", [first, second])
        return None

    def _bind_list(self, phrase: Phrase) -> Predicate | None:
        if any(token.comparison for item in phrase.items for token in item):
            return self._bind_numbers(phrase)
        return self._wording.valuing.value_list(phrase.items, every="or" not in phrase.links)

    def _bind_numbers(self, phrase: Phrase) -> Predicate | None:
        """Several numbers of one column: 4 or 6 cylinders, in 1998 or 1999."""
        each = [[t.text for t in item if t.comparison is None] for item in phrase.items]
        firsts = (self._linker.named(words, ("number", "date"))[:1] for words in each)
        if len({match.column for found in firsts for match in found if match.named}) > 1:
            return None  # a rating of 9 or five stars
        words = [word for some in each for word in some]
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
            if n:
                # The noun of the first number is not that of the second.
                span = [k for k in span if k not in used]
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
            left_over = [t for t in left_over if t.text not in FILLERS]  # revenue by the year
            extra = self._wording.valuing.values_only(left_over)
            if extra is not None:
                parts.append(extra)
        return join("and", parts)

    def _without_name_years(self, item: list[Token]) -> list[Token]:
        """The words, with a year that stands in the name of a column as a plain word."""
        others = sum(token.comparison is not None for token in item) > 1
        said = [token.text for token in item]
        columns = [c for c in self._linker.columns if others or self._linker.match(c, said).named]
        years = {word for column in columns for word in column.words}
        return [
            Token(fold(token.text))
            if token.comparison
            and not token.comparison.stated
            and (token.text in years or self._is_name(token.text))
            else token
            for token in item
        ]

    def _is_name(self, text: str) -> bool:
        """Whether a number with a letter is the name of a column: 4K, 5G, 2FA."""
        known = any(text.casefold() in column.words for column in self._linker.columns)
        return known and not text.isdigit() and text.isalnum()

    def _noun_place(self, words: Sequence[str]) -> int:
        """Where the entity itself is named behind words that say something; else 0."""
        places = [at for at, word in enumerate(words) if self._linker.is_kind(word)]
        said = places and any(not self._wording.harmless(word) for word in words[: places[-1]])
        return places[-1] if said else 0

    def _names(self, predicate: Predicate, word: str) -> bool:
        column = getattr(predicate, "column", None)
        return column is not None and bool(self._linker.match(column, [word]).score)


def _lasting(node: Node) -> Node:
    """What is no longer so, without the "longer"."""
    if not isinstance(node, Phrase):
        return node
    first = node.items[0]
    at = next((n for n, token in enumerate(first) if token.is_content), 0)
    at = 0 if [token.text for token in first[:1]] == ["more"] else at
    if [token.text for token in first[at : at + 1]] not in _NO_LONGER:
        return node
    return Phrase(((*first[:at], *first[at + 1 :]), *node.items[1:]), node.links)
