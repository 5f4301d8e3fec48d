"""Why a condition was not understood, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Final

from findall_frames.embedded.reading import plain_grammar as grammar
from findall_frames.embedded.reading.lexicon import RefusalError
from findall_frames.embedded.reading.plain_tokens import TokenLine
from findall_frames.embedded.reading.vocabulary import KnownColumn, Vocabulary

__all__ = ["refusal_of"]

_NO_FORM: Final = "Every word is known, but they do not form a condition"
_LISTED: Final = 8
"""How many columns are listed where nothing points to one."""


def refusal_of(
    line: TokenLine, vocabulary: Vocabulary, *, read: AbstractSet[int], reason: str
) -> str:
    """Return the text of a refusal; `read` has the places that belong to a condition."""
    unknown = [
        at
        for at, token in enumerate(line.tokens[: line.end])
        if not (token.columns or token.values or token.number or token.date)
        if not (at in read or token.word in grammar.GRAMMAR or line.is_row(at))
    ]
    left = [line.tokens[at].text for at in unknown]
    lines = []
    if left:
        listed = ", ".join(map(repr, dict.fromkeys(left[:6])))
        lines.append(f"No column or value matches {listed}.")
    guesses = [known for token in line.tokens for known in token.columns]
    if reason or not left:
        no_form = f"{_NO_FORM}{'' if guesses else ': it names no column'}."
        lines.append(reason or _no_order(line, vocabulary) or no_form)
    for word in left[:3]:
        if near := vocabulary.near(word):
            guesses += near.values()
            lines.append(f"{word}: did you mean {' or '.join(near)}?")
    columns = vocabulary.columns
    meant = guesses[0].column.name if guesses else "…"
    if not guesses and any(token.number for token in line.tokens):
        guesses = [known for known in columns if known.column.kind == "number"]
    guess, amount = guesses[0] if guesses else None, "…"
    for number in [token.number for token in line.tokens if token.number][:1]:
        for known in guesses[::-1] + columns[::-1] * bool(number.unit):
            with suppress(RefusalError):
                guess, amount = known, vocabulary.amount(known, number)
                meant = known.column.name if number.unit else meant
    example = _example(line, vocabulary, guess=guess, amount=amount)
    lines.append(f"Write it as SQL{example}, or pass a language model as model=.")
    if left and re.search(r"[^\W\d_]{3}", left[0]) and _may_be_column(line, unknown[0]):
        lines.append(f'If {left[0]!r} means a column, pass columns={{"{meant}": "{left[0]}"}}.')
    return "\n".join(lines)


def _example(
    line: TokenLine, vocabulary: Vocabulary, *, guess: KnownColumn | None, amount: str
) -> str:
    """Return SQL for the column that is probably meant, else the columns that there are."""
    if guess is None:
        names = ", ".join(known.sql for known in vocabulary.columns[:_LISTED])
        more = len(vocabulary.columns) - _LISTED
        return f" over the columns {names}{f' and {more} more' if more > 0 else ''}"
    operators = (line.operator(at)[0] for at in range(line.end))
    signs = (grammar.OPERATORS.get(words, ("",))[0] for words in operators)
    sign = next((each for each in signs if each[:1] in {"<", ">"}), "> (or <)")
    test = {
        "number": f"{guess.sql} {sign} {amount}",
        "date": f"{guess.sql} {sign} DATE '…'",
        "flag": guess.sql,
    }.get(guess.column.kind, f"{guess.cells} = '…'")
    is_list = guess.column.kind == "list"
    if {"no", "without"} & set(line.words) and amount == "…" and not is_list:
        test = f"{guess.sql} IS NULL"
    return f", such as {test}"


def _may_be_column(line: TokenLine, at: int) -> bool:
    """Return True for a word that is followed by "is", "than" or an amount."""
    is_compared = line.words[at + 1] in grammar.BE | {"than"} or line.points(at + 1)
    is_led = line.words[at - 1] in grammar.PREPOSITIONS if at else False
    return bool(is_compared) and not is_led and line.words[at] != "than"


def _no_order(line: TokenLine, vocabulary: Vocabulary) -> str:
    """Return which column has no order, if one is compared, else ""."""
    for at in range(line.end):
        found = line.points(line.skip(at + 1, grammar.SILENT))
        sign = grammar.OPERATORS.get(found[1], ("",))[0] if found else ""
        for known in line.columns(at, "text") if sign[:1] in {"<", ">"} else ():
            shown = (shown for shown, its in vocabulary.samples.values() if its is known)
            return f"It compares text, which has no order: {next(shown, known.sql)}."
    return ""
