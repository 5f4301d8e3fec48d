"""Read conditions in a small, documented language without a model, and refuse everything else.

A condition is split into tokens, each with everything that it can mean, and read from left to
right. Conditions are joined by and, or, not and brackets; each one is the first of the forms below
that fits. Every word has to be accounted for, and there must be only one reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

from findall_frames.api.readings import Reading, Top
from findall_frames.embedded.corpus.corpus import Corpus, literal
from findall_frames.embedded.reading import plain_grammar as grammar
from findall_frames.embedded.reading.lexicon import RefusalError, as_word, split, stem
from findall_frames.embedded.reading.plain_grammar import Part, date_test, join, join_parts
from findall_frames.embedded.reading.plain_refusals import refusal_of
from findall_frames.embedded.reading.plain_tokens import TokenLine
from findall_frames.embedded.reading.vocabulary import KnownColumn, Token, Vocabulary

__all__ = ["PlainReader"]

_MAX_CHARACTERS: Final = 1_000
_MAX_BRACKETS: Final = 20
_Found: TypeAlias = tuple[int, Part] | None  # with the place after it
_Parts: TypeAlias = Iterator[tuple[int, Part]]


class PlainReader:
    """Reads conditions over one corpus.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> cars = open_corpus([{"car": "Rabbit", "weight_kg": 820}, {"car": "Bug", "weight_kg": 760}])
    >>> PlainReader(cars).read("weight over 0.8 t", name="heavy").sql
    '"weight_kg" > 800'
    >>> print(PlainReader(cars).read("is fast", name="fast").note.splitlines()[0])
    No column or value matches 'fast'.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.vocabulary = Vocabulary(corpus)

    def read(self, text: str, *, name: str) -> Reading:
        """Return the reading of a condition; if it is not understood, `note` says why."""
        read = partial(Reading, name=name, description=text, reader="plain")
        if len(text) > _MAX_CHARACTERS or text.count("(") > _MAX_BRACKETS:
            note = f"Expected at most {_MAX_CHARACTERS:,} characters and {_MAX_BRACKETS} brackets."
            return read(status="not_understood", confidence="low", note=note)
        parser, reason = _Parser(self.vocabulary, " ".join(text.split())), ""
        part = None
        try:
            part = parser.whole()
        except RefusalError as error:
            reason = f"{error}."
        if part is not None:
            sure = "high" if part.sure and not part.assumptions else "medium"
            read = partial(read, status="sql", confidence=sure, assumptions=part.assumptions)
            return read(sql=part.sql or None, top=part.top)
        words = parser.keywords()
        if words and not reason and not parser.is_text and not self.vocabulary.mentioned(words):
            reason = "No text contains all of these words."
        if words and (parser.is_text or not reason):
            note = "No column answers this: rows match if their text contains all of these words."
            return read(status="mention", keywords=words, confidence="low", note=note)
        return read(status="not_understood", confidence="low", note=parser.refusal(reason))


def _is_missing(known: KnownColumn) -> Part:
    is_list = known.column.kind == "list"
    return Part(f"coalesce(len({known.sql}), 0) = 0" if is_list else f"{known.sql} IS NULL")


class _Parser:
    """Reads one condition over the columns of a corpus, or raises `RefusalError`.

    Its methods take the place of a token, and return the place after what they have read.
    """

    def __init__(self, vocabulary: Vocabulary, text: str) -> None:
        self.vocabulary = vocabulary
        self.text = text
        self.line = TokenLine(text, vocabulary)
        self.tokens, self.words = self.line.tokens, self.line.words
        self.read: set[int] = set()  # the places that belong to a condition
        self.is_text = {each.column.kind for each in vocabulary.columns} <= {"text", "prose"}

    def whole(self) -> Part | None:
        """Return the reading of the whole text, or None if there is none."""
        if self.text.lower() == "any row":
            return Part("TRUE")
        for token in self.tokens[: self.line.end] if not self.is_text else ():
            parts = [part.strip() for part in re.split(r"\b(?:or|not|no)\b", token.word)]
            parts = [part for part in parts if part and part != token.word]
            known = self.vocabulary.values(parts) if token.values and parts else {}
            if parts and all(set(known.get(part, ())) & set(token.values) for part in parts):
                raise RefusalError(f"{token.text!r} is a value, and so are its parts: quote one")
        end, part = self._all(0) or (0, None)
        return part if end == self.line.end else None

    def _all(self, at: int) -> _Found:
        """Read conditions with joints between them."""
        found, joints = self._one(at), set[str]()
        while found and self.words[found[0]] in grammar.JOINTS:
            at, part = found
            at += self.words[at] == "," and self.words[at + 1] in grammar.JOINTS
            joints.add("OR" if self.words[at] == "or" else "AND")
            if len(joints) > 1:
                raise RefusalError("'and' and 'or' are mixed: put brackets around one of them")
            found = self._one(at + 1)
            found = found and (found[0], join_parts(part, found[1], joint=min(joints)))
        return found

    def _one(self, at: int) -> _Found:
        """Read one condition after words without a meaning of their own: "the car must be"."""
        start = at
        while start < self.line.end:
            word, leads = self.words[start], self.words[at:start]
            if found := self._form(start, leads):
                end, part = found
                end += self.line.is_row(end)  # "steel bicycles"
                self.read |= set(range(at, end))
                return end, part._replace(bare=part.bare and not leads)
            if word == "(":
                within = self._all(start + 1)
                if within is None or self.words[within[0]] != ")":
                    return None
                return within[0] + 1, within[1]._replace(bare=False, denied=False)
            if word in grammar.NOT and self.words[start + 1] not in grammar.NOT:
                denied = self._one(start + 1)
                return (denied[0], denied[1].denial()) if denied and not denied[1].top else None
            if word not in grammar.LEADS and not self.line.is_row(start):
                return None
            start += 1
        return None

    def _form(self, at: int, leads: list[str]) -> _Found:
        """Read the first form that fits, if it fits in only one way."""
        forms = (
            self._rank,
            self._without,
            self._of_column,
            self._amount,
            self._value_and_column,
            self._flag,
        )
        for form in (*forms, partial(self._bare, leads=leads)):
            found = {part[:2]: (end, part) for end, part in form(at)}
            if len(found) > 1:
                ways = " or ".join(top.by if top else sql for sql, top in found)
                text = self.line.text(at, max(end for end, _ in found.values()))
                raise RefusalError(f"{text!r} can be read as {ways}: name the column")
            if found:
                return next(iter(found.values()))
        return None

    # The forms. Each yields its readings of the words at a place.

    def _rank(self, at: int) -> _Parts:
        """Top 10 by price, the 2 highest prices, lowest price."""
        count = self.line.count(at)
        word = self.words[at + bool(count)]
        place = at + 1 + bool(count)
        if word in grammar.RANKS and not count and (count := self.line.count(place)):
            place += 1
        place += self.line.is_row(place)
        by = self.words[place] == "by"
        place = self.line.skip(place + by, grammar.SILENT)
        kinds = ("date",) if word in grammar.OF_DATES else ("number", "date")
        for known in self.line.columns(place, *kinds) if word in grammar.RANKS else ():
            is_singular = split(self.tokens[place].text) in known.names
            low, high, cells, distinct = self.vocabulary.numbers(known)
            if low == 1 and high <= cells and distinct > 0.8 * cells:
                raise RefusalError(f"{known.sql} numbers rows from 1: {word!r} could be either end")
            if not count and (by or not is_singular or word in {"top", "bottom"}):
                raise RefusalError(f"It does not say how many: write a number before {word!r}")
            yield place + 1, Part(top=Top(known.sql, count or 1, word in grammar.LARGEST))

    def _without(self, at: int) -> _Parts:
        """Without regions: a list that is empty or missing."""
        place = self.line.skip(at + 1, grammar.ARTICLES)
        is_end = self.words[at] in {"without", "no"} and self.line.ends(place + 1)
        for known in self.line.columns(place, "list") if is_end else ():
            yield place + 1, _is_missing(known)._replace(denied=True)

    def _of_column(self, at: int) -> _Parts:
        """A column and a condition on it."""
        for known in self.tokens[at].columns:
            place = self.line.skip(at + 1, grammar.SILENT)
            denied = self.words[place] == "not"
            place = place + 1 if denied else at + 1
            for form in (self._missing, self._search, self._compared, self._valued):
                if found := form(known, place):
                    end, part = found
                    words = self.words[place:end]
                    if denied and "or" in words and grammar.BE & set(words[words.index("or") :]):
                        raise RefusalError(grammar.REACH)  # is not 1 or is 2
                    yield end, part.denial() if denied else part
                    break

    def _amount(self, at: int) -> _Parts:
        """More than 300 seats, 9 or more gears."""
        if found := self.line.points(at):
            place = self.line.skip(found[0], {"of", "in"})
            for known in self.line.columns(place, "number", "date"):
                if sql := self._test(known, *found[1:]):
                    yield place + 1, Part(sql)

    def _value_and_column(self, at: int) -> _Parts:
        """Apache license, steel frame material."""
        for end in range(at + 1, at + 5):
            last = self.tokens[end - 1]
            if last.columns or last.word in grammar.GRAMMAR:
                return
            for known in self.line.columns(end, "text", "list"):
                if part := self._is(known, [self.line.text(at, end)], before=True):
                    yield end + 1, part

    def _flag(self, at: int) -> _Parts:
        """Electric, sold out."""
        for known in self.line.columns(at, "flag"):
            if values := self.tokens[at].values:
                raise RefusalError(
                    f"{known.sql} is a column, and a value of {', '.join(values)} too"
                )
            yield at + 1, Part(known.sql, bare=True)

    def _bare(self, at: int, *, leads: list[str]) -> _Parts:
        """In Europe, steel or carbon: values of one column only."""
        token = self.tokens[at]
        before = next((word for word in reversed(leads) if word not in grammar.ARTICLES), "")
        is_in = before in grammar.PREPOSITIONS
        is_subject = any(stem(word) in self.vocabulary.entity for word in leads) and not is_in
        if before in grammar.HAVE or is_subject or token.columns or token.word in grammar.GRAMMAR:
            return
        for known in self.vocabulary.columns if re.search(r"[^\W\d_]{2}", token.text) else ():
            end, phrases = self.line.listed(known, at)
            if phrases and is_in and known.column.name == self.vocabulary.corpus.name_column:
                *_, count, distinct = self.vocabulary.numbers(known)
                phrases = [] if count == distinct else phrases  # no row is in its own name
            if phrases and (part := self._is(known, phrases)):
                yield end, part._replace(sure=False, bare=True)

    # Conditions on a column.

    def _missing(self, known: KnownColumn, at: int) -> _Found:
        """Sex is missing."""
        at = self.line.skip(at, grammar.SILENT)
        if self.words[at] != "missing" or known.column.name in self.tokens[at].values:
            return None
        return at + 1, _is_missing(known)

    def _search(self, known: KnownColumn, at: int) -> _Found:
        """License contains apache, name starts with B."""
        at = self.line.skip(at, grammar.SILENT)
        verb, size = stem(self.words[at]), 1
        if self.words[at + 1] == "with":  # starts with
            verb, size = f"{verb} with", 2
        function = grammar.SEARCHES.get(verb)
        end = self.line.phrase_end(at + size)
        is_texts = known.column.kind == "list" and known.column.type == "VARCHAR[]"
        is_text = known.column.kind in {"text", "prose"} or (is_texts and function == "contains")
        if not function or not is_text or end == at + size:
            return None
        phrase, is_quoted = self.line.text(at + size, end).lower(), not self.words[end - 1]
        _, as_words, _, as_parts = self.vocabulary.hits(known, phrase)
        if " " in phrase and not as_parts and not (is_quoted and end == at + size + 1):
            raise RefusalError(
                f"No cell of {known.sql} contains {phrase!r}: quote the words you mean"
            )
        if (
            self.words[end] == "or"
            and not self.tokens[self.line.skip(end + 1, grammar.SILENT)].columns
        ):
            raise RefusalError(f"Repeat {known.sql} after 'or', or write both as SQL")
        is_plain = function != "contains" or as_words == as_parts
        assumed = () if is_plain else (f"{phrase!r} can stand inside of longer words",)
        return end, Part(f"{function}({known.cells}, {literal(phrase)})", None, assumed)

    def _compared(self, known: KnownColumn, at: int) -> _Found:
        """Weight over 10 kg, price over 1 and under 2, gears is 7 or 9."""
        found = self.line.points(self.line.skip(at, grammar.SILENT | {"of"}))
        sql = self._test(known, *found[1:]) if found else ""
        if not found or not sql:
            return None
        end, operator, _ = found
        joint, is_denied = self.words[end], self.words[at - 1] == "not"
        while self.words[end] == joint and joint in {"and", "or", "but"}:
            more = self.line.points(self.line.skip(end + 1, grammar.SILENT))
            if not more or self.tokens[self.line.skip(more[0], {"of", "in"})].columns:
                break  # "and 9 gears" is a condition of its own
            is_list = joint == "or" and operator == more[1] == ""
            is_range = bool(operator and more[1]) and not is_denied
            other = self._test(known, *more[1:]) if is_list or is_range else ""
            if not other:
                break
            sql, end = join("OR" if joint == "or" else "AND", sql, other), more[0]
        is_text = known.column.kind == "text"
        assumed = ("versions are compared number by number",) if is_text else ()
        return end, Part(sql, None, assumed)

    def _valued(self, known: KnownColumn, at: int) -> _Found:
        """Frame material is steel, continent is Europe or Asia."""
        if known.column.kind in {"text", "list"}:
            while at < self.line.end:
                end, phrases = self.line.listed(known, at)
                if not phrases and (end := self.line.phrase_end(at)) > at:
                    phrases = [self.line.text(at, end)]
                if phrases and (part := self._is(known, phrases)):
                    return end, part
                is_value = known.column.name in self.tokens[at].values
                is_lead = self.words[at] in grammar.LEADS | {"="}
                if not is_lead or (is_value and self.words[at] == "a"):
                    break
                at += 1
        return None

    # Parts of the forms.

    def _test(self, known: KnownColumn, words: str, points: list[Token]) -> str:
        """Return SQL that compares a column with numbers or dates, or "" if it cannot be."""
        operator, scope = grammar.OPERATORS.get(words, ("=", ""))
        c, kind = known.sql, known.column.kind
        if kind == "date":
            first, last = points[0].date, points[-1].date
            return date_test(c, operator, first=first, last=last, is_amount=scope == "amount")
        numbers = [point.number for point in points if point.number]
        if len(numbers) < len(points) or kind not in {"number", "text"}:
            return ""
        if kind == "text":
            sql, is_lowest = self.vocabulary.versions(known)
            version = [int(n) for n in re.sub(r"(\.0+)+$", "", numbers[0].digits).split(".")]
            is_ordered = operator == ">=" or (operator[0] in "<>" and not is_lowest)
            return f"{sql} {operator} {version}" if sql and is_ordered else ""
        low, high, *_ = self.vocabulary.numbers(known)
        is_years = "INT" in known.column.type and 1000 <= (low or 0) <= (high or 0) < 3000
        if scope == "time" and not is_years:
            raise RefusalError(f"{c} holds numbers that are not years")
        if len(numbers) == 1:
            return f"{c} {operator} {self.vocabulary.amount(known, numbers[0])}"
        one, other = numbers  # between 10 and 20 million
        scale = one.scale if one.scale > 1 or one.value >= other.value else other.scale
        one = one._replace(scale=scale, unit=one.unit or other.unit)
        amounts = [self.vocabulary.amount(known, number) for number in (one, other)]
        return f"{c} BETWEEN {' AND '.join(amounts)}"

    def _is(self, known: KnownColumn, phrases: list[str], *, before: bool = False) -> Part | None:
        """Compare a column with values; `before` its name they can be words of its entries."""
        name, is_list = known.column.name, known.column.kind == "list"
        tests, assumed = list[str](), list[str]()
        quoted = [token.text for token in self.tokens if not token.word]
        for phrase in phrases:
            there = self.vocabulary.values([phrase])[phrase.lower()]
            spellings = there.get(name) or [phrase] * (phrase in quoted)
            text = literal(phrase.lower())
            whole, words, items, _ = self.vocabulary.hits(known, phrase.lower())
            if spellings and not is_list and (items or (before and words > whole)):
                ways = f"{known.cells} = {text} or contains({known.cells}, {text})"
                raise RefusalError(
                    f"Some cells of {known.sql} equal {text}, others contain it: write {ways}"
                )
            if spellings and not is_list:
                tests.append(f"{known.cells} = {text}")
            elif spellings and not before:
                is_text = known.column.type == "VARCHAR[]"
                entries = known.sql if is_text else f"CAST({known.sql} AS VARCHAR[])"
                tests.append(f"list_has_any({entries}, [{', '.join(map(literal, spellings))}])")
            elif words and not self.vocabulary.versions(known)[0]:
                assumed.append(f"{text} is looked for as a word in {name}")
                tests.append(f"regexp_matches({known.cells}, {literal(as_word(phrase.lower()))})")
            else:
                return None
        values = frozenset() if is_list else frozenset({name})
        return Part(" OR ".join(tests), None, tuple(assumed), values=values)

    # If the condition was not read.

    def keywords(self) -> tuple[str, ...]:
        """Return the words to search for; () if the condition asks for more than words."""
        tokens = [
            self.tokens[at]
            for at, word in enumerate(self.words[: self.line.end])
            if not (word in grammar.LEADS or self.line.is_row(at))
            if not re.fullmatch("mention(s|ed|ing)?|about", word)
        ]
        is_prose = any(known.column.kind == "prose" for known in self.vocabulary.columns)
        is_more = any(t.columns or t.number or t.date or t.word in grammar.GRAMMAR for t in tokens)
        if self.is_text:  # documents have nothing but text to compare with
            is_more = any(token.word in grammar.NOT | {"or"} for token in tokens)
            tokens = [token for token in tokens if token.word not in grammar.GRAMMAR] or tokens
        return () if is_more or not is_prose else tuple(w for t in tokens for w in t.text.split())

    def refusal(self, reason: str) -> str:
        """Return why the condition was not understood, and what to write instead."""
        for at in range(1, self.line.end):
            with suppress(RefusalError):  # note which other conditions can be read
                if self.words[at - 1] in grammar.BREAKS:
                    self._one(at)
        reason = reason or self._with_and()
        return refusal_of(self.line, self.vocabulary, read=self.read, reason=reason)

    def _with_and(self) -> str:
        """Return what to write if only an "and" is missing, else ""."""
        for token in self.tokens[1 : min(self.line.end, _MAX_BRACKETS)]:
            text = f"{self.text[: token.start].rstrip()} and {self.text[token.start :]}"
            with suppress(RefusalError):
                if _Parser(self.vocabulary, text).whole():
                    return f"It may lack an 'and': write {text!r}."
        return ""
