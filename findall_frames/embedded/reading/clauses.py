"""The structure of a written condition: what is joined by and, or and not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from findall_frames.embedded.language.english import (
    ADVERBS,
    AUXILIARIES,
    FINITE,
    PREPOSITIONS,
    PRESENT,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.words import phrases
from findall_frames.embedded.reading.comparisons import Comparison

__all__ = [
    "Joined",
    "Negated",
    "Node",
    "Phrase",
    "Token",
    "lend_nouns",
    "parse_clauses",
    "tokenise",
]


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted text, a comparison or a comma."""

    text: str
    comparison: Comparison | None = None
    quoted: bool = False

    @property
    def is_content(self) -> bool:
        """Whether it carries meaning of its own."""
        if self.comparison is not None or self.quoted:
            return True
        small = self.text in ADVERBS or self.text in AUXILIARIES or self.text in PREPOSITIONS
        return not small and not is_negator(self.text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words without structure; several items where a list may be meant.

    Attributes
    ----------
    items : tuple of tuple of Token
        One item, or the items of what looks like a list: ``(in Africa) (Asia)``.
    links : tuple of str
        What stands between the items: ``"and"`` or ``"or"``.
    """

    items: tuple[tuple[Token, ...], ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Negated:
    """The opposite of a part."""

    part: Node


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which all, or any, must hold."""

    parts: tuple[Node, ...]
    kind: str


Node: TypeAlias = Phrase | Negated | Joined

_PIECE = re.compile(r'¤(\d+)¤|"([^"]+)"|([^\W_]+(?:\.\d+)*(?:\'[^\W\d_]+)?(?:\+\+|#)?)|([,;])')
_EXCEPT = (
    ("except",),
    ("excluding",),
    ("unless",),
    ("apart", "from"),
    ("other", "than"),
    ("but", "not"),
    ("but",),
)
_OBLIGING = frozenset(("must", "should", "shall"))
_BREAKS = frozenset(("but", "while", "yet", "although", "whereas", ";"))
_CUTS = frozenset(("that", "which", "who", "whose", "where"))


def tokenise(marked: str, comparisons: Sequence[Comparison]) -> list[Token]:
    """Tokens of a text in which comparisons are marked by ``¤n¤``."""
    marked = re.sub("[“”«»]", '"', marked).replace("‘", "'")
    marked = re.sub(r"(?<!\w)'([^']+)'(?!\w)", r'"\1"', marked)
    found = []
    for number, quoted, word, mark in _PIECE.findall(marked):
        if number:
            comparison = comparisons[int(number)]
            found.append(Token(comparison.text, comparison))
        elif quoted:
            found.append(Token(quoted, quoted=True))
        else:
            found.append(Token((word or mark).removesuffix("'s")))
    return found


def lend_nouns(found: Sequence[Token]) -> list[Token]:
    """Give the first of two comparisons the noun that only the second has.

    "Fewer than 50 or more than 1,000 employees" speaks of employees both times.
    """
    lent = list(found)
    places = [at for at, token in enumerate(lent) if token.comparison]
    for one, other in reversed(list(pairwise(places))):
        between = lent[one + 1 : other]
        if not between or any(token.text not in _LENDERS for token in between):
            continue
        start = next((k for k in range(one, 0, -1) if lent[k - 1].text in _LENDERS), 0)
        end = next((k for k in range(other + 1, len(lent)) if _ends_noun(lent[k])), len(lent))
        nouns = lent[other + 1 : end]
        if not any(map(_content, ([token] for token in lent[start:one]))) and nouns:
            lent[one : one + 1] = [_in_same_unit(lent[one], lent[other]), *nouns]
    return lent


_LENDERS = frozenset(("and", "or", "but", ",", "either", "yet"))


def _ends_noun(token: Token) -> bool:
    ends = _LENDERS | _CUTS | PREPOSITIONS | {";", "with", "having"}
    return token.comparison is not None or token.text in ends or is_negator(token.text)


def _in_same_unit(one: Token, other: Token) -> Token:
    """A comparison in the unit of another, where it has none itself."""
    if one.comparison is None or other.comparison is None:
        return one
    unit = other.comparison.quantity.unit
    return Token(one.text, one.comparison.in_unit(unit)) if unit is not None else one


def parse_clauses(
    tokens: Sequence[Token],
    *,
    stands_alone: Callable[[Sequence[Token]], bool],
    says_something: Callable[[Sequence[Token]], bool],
) -> Node | None:
    """The structure of a condition.

    Parameters
    ----------
    tokens : sequence of Token
        The condition without its subject. Values with "and" in them are one token already.
    stands_alone : callable
        Whether some tokens are about a column by themselves.
    says_something : callable
        Whether some tokens are a criterion by themselves: a comparison, a value, a flag.

    Returns
    -------
    Node or None
        None where nothing was said.
    """
    return _Parser(stands_alone, says_something).exceptions(list(tokens))


class _Parser:
    def __init__(
        self,
        stands_alone: Callable[[Sequence[Token]], bool],
        says_something: Callable[[Sequence[Token]], bool],
    ) -> None:
        self._stands_alone = stands_alone
        self._says_something = says_something

    def exceptions(self, tokens: list[Token]) -> Node | None:
        """``A except B``: A and not B."""
        for at in range(len(tokens)):
            for words in _EXCEPT:
                end = at + len(words)
                but = words == ("but",) and not self._but_excepts(tokens, at)
                if but or tuple(t.text for t in tokens[at:end]) != words:
                    continue
                if all(len(token.text) == 1 for token in tokens[end:]) and tokens[end:]:
                    # "A revision other than A".
                    return Negated(Phrase(((*tokens[:at], *tokens[end:]),)))
                if _content(tokens[end:]):
                    before = tokens[:at]
                    if words in (("other", "than"), ("but",)):
                        before = self._without_kind(tokens[:at])
                    kept = self.exceptions(before) if _says(before) else None
                    return _join("and", [kept, _negate(self.breaks(tokens[end:], negated=True))])
        return self.breaks(tokens)

    @staticmethod
    def _but_excepts(tokens: Sequence[Token], at: int) -> bool:
        """Whether "but" takes something out, as in "any language but English"."""
        every = {"any", "all", "every", "anything", "everything", "everyone", "anyone", "anybody"}
        before = {token.text for token in tokens[max(0, at - 3) : at]}
        return tokens[at].text == "but" and not every.isdisjoint(before)

    def _without_kind(self, tokens: list[Token]) -> list[Token]:
        """Words before "other than", without the noun that only says what kind is meant."""
        links = [at for at, token in enumerate(tokens) if token.text in {"and", ",", "but"}]
        last = links[-1] if links else -1
        return tokens if self._says_something(tokens[last + 1 :]) else tokens[: max(last, 0)]

    def breaks(self, tokens: list[Token], *, negated: bool = False) -> Node | None:
        """``A but B``, ``A that B``: A and B."""
        for at, token in enumerate(tokens):
            # "tagged with a keyword" is one criterion, "a country with a coast" is two.
            joins = token.text in {"with", "having", "without"}
            bound = (
                joins and at > 0 and (tokens[at - 1].text.endswith("ed") or _is_verb(tokens[:at]))
            )
            cut = token.text in _CUTS or (
                joins
                and not bound
                and (self._stands_alone(tokens[at + 1 :]) or self._says_something(tokens[at:]))
            )
            # "Either in Leeds or with a lift" are two of which one will do.
            offered = cut and _is_offered(tokens[:at])
            if token.text in _BREAKS or (cut and not offered and _tells(tokens[:at])):
                # "without" stays: it negates what follows.
                rest = tokens[at if token.text == "without" else at + 1 :]
                # The verb of "ships without a charger" says nothing more.
                verb = cut and at == 1 and token.text in {"with", "without"}
                verb = verb and tokens[0].text[-1:] == "s" and not self._says_something(tokens[:1])
                left = None if verb else self.joined(tokens[:at], negated=negated)
                return _join("and", [left, self.breaks(rest)])
        return self.joined(tokens, negated=negated)

    def joined(self, tokens: list[Token], *, negated: bool = False) -> Node | None:
        """Clauses joined by and, or, nor and commas; and binds more tightly than or."""
        cut = self._shared_comparison(tokens)
        if cut:
            return _join(
                "and", [self.joined(tokens[:cut], negated=negated), self.joined(tokens[cut:])]
            )
        segments, links = _split(tokens)
        nodes: list[tuple[Node, str]] = []
        at = 0
        while at < len(segments):
            before, negator, after = _at_negator(segments[at])
            link = links[at - 1] if at else ""
            if not negator:
                end = self._end_of_list(segments, links, at)
                if negated and end > at + 1:
                    end = len(segments)
                between = tuple(links[at : end - 1])
                nodes.append((Phrase(tuple(map(tuple, segments[at:end])), between), link))
                at = end
                continue
            if self._says_something(before) and not _only_stated(after):
                nodes.append((Phrase((tuple(before),)), link))
                link = "and"
            else:
                # "speak neither": what stands before the negation belongs to what it negates.
                after = [*before, *after]
            end = self._end_of_negation(segments, links, at)
            rest = [after, *segments[at + 1 : end]]
            nodes.append((self._negation(rest, links[at : end - 1]), link))
            at = end
        return _by_precedence(nodes)

    def _shared_comparison(self, tokens: Sequence[Token]) -> int:
        """Where a comparison of all that stands before begins: of Mars or Venus | colder than 5."""
        compared = [at for at, token in enumerate(tokens) if token.comparison]
        at = compared[0] if len(compared) == 1 else 0
        comparison = tokens[at].comparison if tokens else None
        priced = at > 0 and tokens[at - 1].text in {"for", "at"}
        if comparison is None or not (comparison.adjective or (priced and comparison.stated)):
            return 0
        at -= priced
        links = [k for k in range(at) if tokens[k].text in {"or", "and", "nor", ","}]
        if not links or tokens[links[-1]].text != "or":
            return 0
        before = tokens[links[-1] + 1 : at]
        clause = any(token.text in AUXILIARIES for token in before)
        return at if not clause and self._says_something(before) else 0

    def _negation(self, segments: list[list[Token]], links: list[str]) -> Node:
        """Not A or B: neither. Each part is a phrase, or a list of values."""
        parts: list[Node] = []
        at = 0
        while at < len(segments):
            segment = [token for token in segments[at] if not is_negator(token.text)]
            end = self._end_of_list(segments, links, at)
            items = (tuple(segment), *map(tuple, segments[at + 1 : end]))
            parts.append(Phrase(items, ("or",) * (len(items) - 1)))
            at = end
        return Negated(parts[0] if len(parts) == 1 else Joined(tuple(parts), "or"))

    def _end_of_list(self, segments: list[list[Token]], links: list[str], at: int) -> int:
        """Where the list ends that may begin with a segment."""
        end = at + 1
        while end < len(segments) and _bare(segments[end]):
            # "4 or 6 cylinders" is a list; "a population of 5 and an area of 6" is not.
            if _compares(segments[end]) and not (
                _compares(segments[at]) and links[end - 1] == "or"
            ):
                break
            end += 1
        return end

    def _end_of_negation(self, segments: list[list[Token]], links: list[str], at: int) -> int:
        end = at + 1
        while end < len(segments):
            segment, link = segments[end], links[end - 1]
            fresh = bool(segment) and segment[0].text in FINITE | _OBLIGING
            again = any(is_negator(token.text) for token in segment)
            carried = link == "nor" or (link == "or" and not fresh and not again)
            item = link == "and" and _bare(segment) and not self._stands_alone(segment)
            # "not radioactive, and a metal" denies the first only.
            item = item and (_has_article(segment) <= _has_article(segments[at]))
            if carried or item:
                end += 1
            else:
                break
        return end


def _split(tokens: list[Token]) -> tuple[list[list[Token]], list[str]]:
    """Segments, and the words between them; a comma stands for the next such word."""
    segments: list[list[Token]] = [[]]
    links: list[str] = []
    for token in tokens:
        if token.text in {"and", "or", "nor", ","} and token.comparison is None:
            if segments[-1]:
                segments.append([])
                links.append(token.text)
            elif links:
                links[-1] = token.text
        else:
            segments[-1].append(token)
    if not segments[-1]:
        segments.pop()
        links = links[: max(0, len(segments) - 1)]
    for at in range(len(links) - 1, -1, -1):
        if links[at] == ",":
            links[at] = links[at + 1] if at + 1 < len(links) else "and"
    return segments, links


def _at_negator(segment: list[Token]) -> tuple[list[Token], str, list[Token]]:
    for at, token in enumerate(segment):
        if token.comparison is None and not token.quoted and is_negator(token.text):
            return segment[:at], token.text, segment[at + 1 :]
    return segment, "", []


_GRANTED = frozenset(
    phrases(
        """allowed, permitted, welcome, accepted, admitted, tolerated, included, offered, possible,
        needed, required, necessary, supported"""
    )
)


def _only_stated(tokens: Sequence[Token]) -> bool:
    """Whether what is denied is only that something is stated, or there."""
    content = [token.text for token in tokens if token.is_content]
    return bool(content) and (PRESENT | _GRANTED).issuperset(content)


def _is_verb(tokens: Sequence[Token]) -> bool:
    """Whether words are nothing but a verb, as in "does not integrate"."""
    content = [token for token in tokens if token.is_content]
    helped = any(token.text in AUXILIARIES or is_negator(token.text) for token in tokens)
    return helped and content == [tokens[-1]]


def _is_offered(before: Sequence[Token]) -> bool:
    """Whether words end in an "or" or "nor", be it with a verb that says nothing: or be."""
    said = [token.text for token in before]
    while said and said[-1] in AUXILIARIES:
        said.pop()
    return said[-1:] in (["or"], ["nor"])


def _bare(segment: Sequence[Token]) -> bool:
    """Whether a segment begins no clause of its own."""
    if not segment or any(is_negator(token.text) for token in segment):
        return False
    first = segment[0].text
    if first in AUXILIARIES or first in PREPOSITIONS:
        return False
    return not any(token.comparison and token.comparison.stated for token in segment)


def _has_article(segment: Sequence[Token]) -> bool:
    return any(token.text in {"a", "an"} for token in segment[:3])


def _compares(segment: Sequence[Token]) -> bool:
    return any(token.comparison for token in segment)


def _content(tokens: Sequence[Token]) -> bool:
    return any(token.is_content and token.text not in {",", ";"} for token in tokens)


def _tells(tokens: Sequence[Token]) -> bool:
    """Whether there is more than "made", before "with eggs"."""
    return any(_content([token]) and not is_relation(token.text) for token in tokens)


def _says(tokens: Sequence[Token]) -> bool:
    """Whether there is more than "any continent" before an except."""
    return _content(tokens) and tokens[0].text not in {"any", "all", "every"}


def _negate(node: Node | None) -> Node | None:
    return None if node is None else Negated(node)


def _join(kind: str, parts: Sequence[Node | None]) -> Node | None:
    said = tuple(part for part in parts if part is not None)
    return said[0] if len(said) == 1 else (Joined(said, kind) if said else None)


def _by_precedence(nodes: Sequence[tuple[Node, str]]) -> Node | None:
    groups: list[list[Node]] = []
    for node, link in nodes:
        if groups and link not in {"or", "nor"}:
            groups[-1].append(node)
        else:
            groups.append([node])
    return _join("or", [_join("and", group) for group in groups])
