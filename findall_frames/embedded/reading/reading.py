"""From a written condition to a predicate over the columns of a corpus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.english import (
    ABSENT,
    AUXILIARIES,
    MODALS,
    NEGATORS,
    PREPOSITIONS,
    PRESENT,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.names import Names
from findall_frames.embedded.language.units import unit_named
from findall_frames.embedded.language.words import alike, fold, singular, stem, tokens
from findall_frames.embedded.objectives.rephrase import is_participle
from findall_frames.embedded.predicates.affixes import Affixes
from findall_frames.embedded.predicates.cells import Present
from findall_frames.embedded.predicates.conditions import (
    AllOf,
    Anything,
    Either,
    Not,
    Partly,
    Predicate,
)
from findall_frames.embedded.predicates.elapsed import Elapsed
from findall_frames.embedded.predicates.extremes import Split, Superlatives
from findall_frames.embedded.predicates.pairs import read_pair
from findall_frames.embedded.predicates.ranking import Ranking
from findall_frames.embedded.predicates.reckoning import Reckoning
from findall_frames.embedded.predicates.recurring import Calendar
from findall_frames.embedded.predicates.rivals import Rivals
from findall_frames.embedded.reading.binding import Binder
from findall_frames.embedded.reading.clauses import (
    Token,
    lend_nouns,
    parse_clauses,
    tokenise,
)
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import find_comparisons
from findall_frames.embedded.reading.leftovers import Leftovers, leaves
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.marks import Marks
from findall_frames.embedded.reading.plain import Plain
from findall_frames.embedded.reading.presence import whether_told
from findall_frames.embedded.reading.restating import restated, without_examples
from findall_frames.embedded.reading.turns import Turns
from findall_frames.embedded.reading.wording import Wording
from findall_frames.embedded.texts.easing import Easing
from findall_frames.embedded.texts.prose import Mention

__all__ = ["LONGEST", "Reader", "Reading"]

LONGEST: Final = 2000
"""Characters; what is longer than this is no single criterion, and is not taken apart."""

_SUBJECT = re.compile(
    rf"^(?P<subject>.*?)\b(?:{'|'.join(sorted(MODALS, key=len, reverse=True))})\b(?P<said>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_SUBJECT = re.compile(
    r"^(?:the|an?|each|every)\s+(?P<subject>(?:(?!that\b|which\b|who\b)[^\W\d_]+\s+){1,2})"
    r"(?P<said>(?:is|are|was|were|has|have|does|do|did|can|will)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_HYPHENED = re.compile(r"\b([^\W\d_]+)-([^\W\d_]+)\b")
_ONE = re.compile(r"^an?\s", re.IGNORECASE)


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

    @property
    def complete(self) -> bool:
        """Whether columns answer all of it, and no word was left aside."""
        parts = [self.predicate, *leaves(self.predicate)]
        sure = all(getattr(part, "confidence", "high") != "low" for part in parts)
        return self.understood and sure and not any(isinstance(p, Partly | Mention) for p in parts)

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that its conditions are on, by name."""
        columns = (getattr(part, "column", None) for part in leaves(self.predicate))
        return {column.name: column for column in columns if column is not None}

    def says_more_than(self, other: Reading) -> bool:
        """Whether it is on the same columns, and asks for something besides."""
        parts = [self.predicate, *leaves(self.predicate)]
        more = any(isinstance(part, Partly | Mention) for part in parts)
        return more and self.understood and self.columns.keys() >= other.columns.keys() != set()

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
        self._rivals = Rivals(self._linker)
        self._calendar = Calendar(self._linker)
        self._affixes = Affixes(self._linker, self._calendar)
        self._ranking = Ranking(self._linker)
        self._reckoning = Reckoning(self._linker)
        self._elapsed = Elapsed(self._linker)
        self._turns = Turns(self._linker)
        self._plain = Plain(self._linker)
        self._names = Names(self._linker)
        self._superlatives = Superlatives(self._linker)
        self._leftovers = Leftovers(self._linker)

    def read(self, text: str) -> Reading:
        """The reading of a condition."""
        if not text.strip():
            return Reading(Anything(), False)
        if len(text) > LONGEST:
            words = tokens(text[:LONGEST])
            return Reading(self._wording(frozenset(), frozenset()).mention(words), False)
        parts: list[Reading] = []
        for part in restated(text, self._names_column):
            reading = self._read(part)
            if reading.complete:
                # "Over a mile high, i.e. above 5,280 ft, with a tower": one part says more.
                return next((one for one in parts if one.says_more_than(reading)), reading)
            parts.append(reading)
        for part in without_examples(text):
            reading = self._read(part)
            if reading.complete and not any(
                isinstance(p, Present) for p in leaves(reading.predicate)
            ):
                return reading
        whole = self._read(text)
        # Where only the text can tell, the shorter half is looked for: "cooperative: all ...".
        return parts[-1] if parts and not whole.understood else whole

    def _names_column(self, text: str) -> bool:
        words = tokens(text)
        if any(map(is_negator, words)):
            return False
        said = {at for at, word in enumerate(words) if Token(word).is_content}
        found = self._linker.named(words, (*_KINDS, "boolean", "prose"))
        return any(match.named and said <= match.used for match in found)

    def _read(self, text: str, *, ranked: bool = True) -> Reading:
        turned = self._turns.plain(" ".join(text.split()).rstrip(" .!?"))
        plain = self._plain.without_ado(turned)
        told = self._whether_told(plain)
        if told is not None:
            return Reading(told, True)
        said, subject, named = self._without_subject(plain)
        affix = self._affixes.read(fold(said), named)
        if affix is not None:
            besides = self._said_besides(affix.rest, subject)
            both = besides and AllOf((besides, affix.predicate))
            return Reading(both or affix.predicate, True)
        pair = read_pair(fold(f"{' '.join(t.text for t in named)} {said}"), self._linker)
        if pair is not None:
            return Reading(pair, True)
        if self._plain.is_relative(said):
            # Whoever reads the answer tomorrow would read another question.
            words = [word for word in tokens(plain) if Token(word).is_content]
            return Reading(self._wording(subject, frozenset()).mention(words), False)
        verbs = _verbs(said) if said != text else self._leading_verb(said)
        subject |= self._kind_said(said)
        common = frozenset(word for word in tokens(said) if word in said)
        compounds = frozenset(_HYPHENED.findall(fold(said)))
        wording = self._wording(subject, verbs, common, compounds)
        split = self._superlatives.split(said, wording.harmless) if ranked else None
        if split is not None:
            return Reading(self._scoped(split, named, wording), True)
        marks = Marks()
        said = self._calendar.replace(self._plain.without_owners(said), marks)
        said = self._rivals.replace(self._ranking.replace(said, marks), marks)
        said, hidden = self._names.hide(said)
        marked, comparisons = find_comparisons(said, self._lexicon)
        marked = self._names.restore(marked, hidden)
        marked = Marks.restore(marked, known=len(comparisons))
        comparisons = [*comparisons, *marks.found]
        marked = self._elapsed.replace(marked, comparisons)
        marked = self._reckoning.replace(marked, comparisons)
        found = self._names.joined(self._glued(tokenise(marked, comparisons)), said, hidden)
        found = lend_nouns([*named, *found])
        node = parse_clauses(
            found,
            stands_alone=wording.stands_alone,
            says_something=wording.says_something,
        )
        binder = Binder(self._linker, wording)
        predicate = None if node is None else binder.bind(node)
        if predicate is None:
            words = [word for word in tokens(said) if Token(word).is_content]
            if words and all(self._linker.is_kind(w) or wording.names_part(w) for w in words):
                return Reading(Present(self._corpus.column(self._corpus.name_column)), True)
            predicate = wording.mention(words or tokens(text) or [fold(text)])
            predicate = Not(predicate) if any(map(is_negator, tokens(said))) else predicate
        easing = Easing(
            self._corpus,
            is_name=partial(wording.is_name, opening=" ".join(tokens(text)[:1])),
            condition=text,
        )
        predicate = easing.eased(predicate)
        predicate = self._leftovers.noted(predicate, found, wording.harmless)
        return Reading(predicate, not _all_mentions(predicate))

    def _whether_told(self, text: str) -> Predicate | None:
        """Whether the one column has a value that a condition asks about only so far."""
        asked = whether_told(text, self._linker.is_kind)
        if asked is None:
            return None
        what, known = asked
        columns = self._read(what).columns
        if len(columns) != 1:
            return None
        present = Present(columns.popitem()[1])
        return present if known else Not(present)

    def _said_besides(self, rest: str, subject: frozenset[str]) -> Predicate | None:
        """What the rest of a condition asks; None where it only names the entity."""
        harmless = self._wording(subject, frozenset()).harmless
        says = any(Token(word).is_content and not harmless(word) for word in tokens(rest))
        return self._read(rest).predicate if says else None

    def _scoped(self, split: Split, named: Sequence[Token], wording: Wording) -> Predicate:
        """A superlative among those rows that the rest of the condition is true of."""
        rest = " ".join([*(token.text for token in named), split.rest])
        says = any(Token(word).is_content and not wording.harmless(word) for word in tokens(rest))
        within = self._read(rest, ranked=False).predicate if says else None
        found: list[Predicate] = [replace(extreme, within=within) for extreme in split.extremes]
        extreme = found[0] if len(found) == 1 else Either(tuple(found))
        return Not(extreme) if split.denied else extreme

    def _wording(
        self,
        subject: frozenset[str],
        verbs: frozenset[str],
        common: frozenset[str] = frozenset(),
        compounds: frozenset[tuple[str, str]] = frozenset(),
    ) -> Wording:
        return Wording(
            self._linker, subject=subject, verbs=verbs, common=common, compounds=compounds
        )

    def _without_subject(self, text: str) -> tuple[str, frozenset[str], list[Token]]:
        """The condition, stems of its subject, and the subject where it is a criterion itself.

        "The license must be MIT" is about a column; "Package must be small" is not.
        """
        match = _SUBJECT.match(text) or _PLAIN_SUBJECT.match(text)
        if match is None:
            return text, frozenset(), []
        words = [word for word in tokens(match["subject"]) if Token(word).is_content]
        if any(map(is_negator, tokens(match["subject"]))):
            # "Nobody has to bring tools", but "no tools must be brought".
            return (text if words else f"not {match['said'].strip()}"), frozenset(), []
        words = [word for word in words if not self._linker.is_kind(word)]
        others = (c for c in self._linker.columns if c.name != self._corpus.name_column)
        every = [*words, *(word for word in tokens(match["said"]) if Token(word).is_content)]
        matched = (self._linker.match(column, every) for column in others)
        meant = any(found.named and min(found.used) < len(words) for found in matched)
        own = {word for c in self._linker.columns for word in c.words if len(word) > 2}
        meant = meant or any(alike(word, one) == 1 for word in words for one in own)
        units = {column.unit for column in self._linker.columns} - {None}
        meant = meant or any(unit_named((word,)) in units for word in words)  # the hours are few
        # "The price is not known" is about the price per night.
        stated = not (PRESENT | ABSENT).isdisjoint(tokens(match["said"]))
        meant = meant or (stated and bool(words) and bool(self._linker.named(words, _KINDS)))
        meant_column = meant
        plain = _SUBJECT.match(text) is None or self._says_no_more(match["said"])
        meant = meant or (plain and self._is_said(words, one=_ONE.match(text) is not None))
        kept = [Token(word) for word in words] if meant or self._linker.values(words) else []
        # What is asked for itself is no mere name of the entity: a permit is needed.
        subject = frozenset() if kept and not meant_column else frozenset(map(stem, words))
        return match["said"].strip(), subject, kept

    def _is_said(self, words: Sequence[str], *, one: bool) -> bool:
        """Whether the subject of a plain sentence is what is asked for: a permit is needed."""
        if one:
            return bool(words)
        nouns = [word for word in words if stem(word) not in self._lexicon.kinds]
        return bool(nouns) and any(map(self._linker.occurs, nouns))

    def _says_no_more(self, said: str) -> bool:
        """Whether all that is said of a subject is that it must be so: dogs must be allowed."""
        words = [word for word in tokens(said) if Token(word).is_content]
        return all(is_participle(word) or is_relation(word) or word in PRESENT for word in words)

    def _kind_said(self, said: str) -> frozenset[str]:
        """The noun for the kind of entity that a condition begins with: European companies."""
        words: list[str] = []
        behind, told = "", tokens(said)
        for word, following in pairwise([*told, ""]):
            done = bool(words) and is_participle(word) and following in PREPOSITIONS
            if done or word in PREPOSITIONS or word in _CLAUSES or not word.isalpha():
                behind = "that" if done else word
                break
            words.append(word)
        valued = {at for m in self._linker.values(words) for at in range(m.start, m.end)}
        before = range(len(words) - 1)
        if not words or not all(at in valued or self._modifies(words[at]) for at in before):
            return frozenset()
        head = words[-1]
        known = stem(head) in self._lexicon.kinds and not self._linker.values([head])
        return (
            frozenset((stem(head),)) if known or self._is_name_of_all(head, behind) else frozenset()
        )

    def _is_name_of_all(self, noun: str, behind: str) -> bool:
        """Whether a plural names the rows: "games hosted by Japan", where no row says games."""
        if behind not in {"that", "which", "who", "whose"} or noun == singular(noun):
            return False
        says = self._linker.names(noun) or self._linker.values([noun])
        return not says and not self._linker.occurs(noun)

    def _modifies(self, word: str) -> bool:
        """Whether a word before a noun is a criterion itself, or says nothing: a European ..."""
        if word in {"has", "have", "having", "had"}:
            return False
        said = [one for one in (word, self._lexicon.opposite(word)) if one]
        flags = (flag.named for one in said for flag in self._linker.named([one], ("boolean",)))
        known = bool(self._linker.values([word]) or self._lexicon.parts((word,)))
        return not Token(word).is_content or known or any(flags)

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
            size = self._glue_size(words, at) if any(w in _JOINING for w in words[at:]) else 1
            if size > 1:
                glued.append(
                    Token(" ".join(w for w in words[at : at + size] if w != ","), quoted=True)
                )
            else:
                glued.append(found[at])
            at += size
        return glued

    def _glue_size(self, words: list[str], at: int) -> int:
        for end in range(min(len(words), at + 6), at + 1, -1):
            span = words[at:end]
            if span[0] in _GLUE or span[-1] in _GLUE or not _JOINING.intersection(span):
                continue
            phrase = tuple(word for word in span if word not in {",", "the"})
            for column in self._linker.columns:
                if (
                    column.kind in {"text", "list"}
                    and len(column.index.values) < 20_000
                    and not column.index.whole.keys().isdisjoint(
                        (phrase, *self._lexicon.aliases(phrase))
                    )
                ):
                    return end - at
        return 1


def _verbs(said: str) -> frozenset[str]:
    """Verbs by their place: the first word behind "must", and "hold" in "and hold an MSc"."""
    words = [word for word in tokens(said) if word not in {"not", "also", "either", "neither"}]
    later = (match.group(1) for match in _LATER_VERB.finditer(fold(said)))
    return frozenset((*words[:1], *later)) - AUXILIARIES


_LATER_VERB = re.compile(r"\b(?:and|or|but)\s+([^\W\d_]+)\s+(?:an?|the)\b")
_BEHIND_VERB = (PREPOSITIONS - {"of"}) | {"both", "either", "a", "an", "the", "at"}
_CLAUSES = frozenset(("that", "which", "who", "whose", "where", "with", "without", "having"))
_KINDS = ("number", "text", "list", "date", "version")
_GLUE = frozenset(("and", "or", ",", "the"))
_JOINING = _GLUE | NEGATORS


def _all_mentions(predicate: Predicate) -> bool:
    """Whether nothing but the words in the text was left to look at."""
    return all(isinstance(leaf, Mention) and not leaf.literal for leaf in leaves(predicate))
