"""Random conditions over the table of `warehouses`, of all that is pushed down."""

from __future__ import annotations

import random

__all__ = ["condition"]

_PATTERNS = [
    r"\bgas\b",
    "(?:^|,) ?oil",
    r"[^a-z]+",
    r"^\w+ \d",
    r"\d\.\d\d",
    "gas|oil",
    r"[^\pL\pN]oil([^\pL\pN]|$)",
    r"x{50}",
    "back.slash",
    r"^[A-ZÀ-Ý]",
    r"\s",
    r"e$",
    "new.line",
    r"\$t0\$",
    r"c[o-s]al?",
    r"[\\'-]",
]
_LIKES = ["%o%", "O_lo", "%\\%", "a_b", "5%", "%ö%", "_öln", "%'%", "%\n%", "", "%"]
_PARTS = ["year", "month", "day", "quarter", "week", "isodow", "dayofweek"]
_UNITS = ["year", "quarter", "month", "week", "day"]
_TEXTS = ["'Oslo'", "'köln'", "''", "'a_b'", "'οδοσ'", "'izmir'", "'straße'", r"'back\slash'"]


def condition(chance: random.Random, depth: int = 3) -> str:
    """Return a random condition."""
    pick = chance.choice
    if depth and chance.random() < 0.55:
        one, other = (condition(chance, depth - 1) for _ in range(2))
        return pick(
            [
                f"({one}) AND ({other})",
                f"({one}) OR ({other})",
                f"NOT ({one})",
                f"coalesce({one}, ok)",
                f"CASE WHEN {one} THEN {other} END",
                f"(({one}) IS NOT DISTINCT FROM ({other}))",
            ]
        )
    number, other = _number(chance, 2), _number(chance, 1)
    text, day = _text(chance, 2), _day(chance)
    sign = pick(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"])
    return pick(
        [
            f"{number} {sign} {other}",
            f"{number} {sign} {other}",
            f"{number} BETWEEN {other} AND {_number(chance, 1)}",
            f"{pick(['n', 'm', 'id'])} IN (1, 2, {pick(['NULL', '7', '100'])})",
            f"{text} {sign} {_text(chance, 1)}",
            f"{text} {sign} {pick(_TEXTS)}",
            f"{text} {pick(['LIKE', 'ILIKE', 'NOT LIKE', 'NOT ILIKE'])} {_quoted(pick(_LIKES))}",
            f"{text} LIKE 'a!_%' ESCAPE '!'",
            f"regexp_matches({text}, {_quoted(pick(_PATTERNS))})",
            f"regexp_full_match({text}, {_quoted(pick(_PATTERNS))})",
            f"{pick(['contains', 'starts_with', 'ends_with'])}({text}, {pick(_TEXTS)})",
            f"{day} {sign} {_day(chance)}",
            f"{day} {sign} DATE '2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}'",
            f"{day} BETWEEN '2024-01-05' AND '2024-10-27 01:00:00'",
            f"{pick(['town', 'note', 'x', 'seen', 'price', 'ok'])} IS {pick(['', 'NOT '])}NULL",
            pick(["ok", "ok = FALSE", "TRUE", "ok IS NULL"]),
        ]
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number(chance: random.Random, depth: int) -> str:
    pick = chance.choice
    plain = pick(["n", "m", "id", "x", "price", "x", "price", str(chance.randint(-9, 200)), "0.1"])
    if not depth or chance.random() < 0.4:
        return plain
    a, b = (_number(chance, depth - 1) for _ in range(2))
    whole = pick(["n", "m", "id"])
    return pick(
        [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} / {b})",
            f"({pick(['n', 'x', 'price'])} * {pick(['2', 'x', '0.5', '-1'])})",
            f"({whole} // {pick(['2', '-3', 'n', 'm', '0'])})",
            f"({whole} % {pick(['2', '-3', 'n', 'm', '0'])})",
            f"abs({a})",
            f"(-{pick(['n', 'x', 'price', 'm'])})",
            f"greatest({a}, {b})",
            f"coalesce({a}, 0)",
            f"nullif({a}, {b})",
            f"length({_text(chance, 1)})",
            f"strpos({_text(chance, 1)}, 'o')",
            f"CAST({pick(['n', 'price', 'id'])} AS DOUBLE)",
            f"CASE WHEN ok THEN {a} ELSE {b} END",
            f"date_diff('{pick(['day', 'month', 'year'])}', {_day(chance)}, {_day(chance)})",
            "(day - DATE '2024-01-01')",
            f"{pick(_PARTS)}({_day(chance)})",
            f"{pick(['hour', 'minute', 'second'])}({pick(['seen', 'made'])})",
            f"date_part('{pick(['year', 'doy', 'dow', 'month'])}', {_day(chance)})",
        ]
    )


def _text(chance: random.Random, depth: int) -> str:
    pick = chance.choice
    plain = pick(["town", "note", "name", '"odd ""na`me: %s"', "town", "note"])
    if not depth or chance.random() < 0.4:
        return plain
    a = _text(chance, depth - 1)
    return pick(
        [
            f"lower({a})",
            f"trim({a})",
            f"({a} || {_text(chance, depth - 1)})",
            f"concat({a}, '-', {_text(chance, depth - 1)})",
            f"substring({a}, {chance.randint(1, 4)}, {chance.randint(0, 5)})",
            f"left({a}, {chance.randint(0, 5)})",
            f"right({a}, {chance.randint(0, 5)})",
            f"replace({a}, 'o', '0')",
            f"coalesce({a}, 'none')",
            f"CAST({pick(['n', 'id', 'day', 'ok'])} AS VARCHAR)",
        ]
    )


def _day(chance: random.Random) -> str:
    pick = chance.choice
    return pick(
        [
            "day",
            "seen",
            "made",
            "CAST(seen AS DATE)",
            "CAST(day AS TIMESTAMP)",
            f"({pick(['day', 'made'])} + INTERVAL {chance.randint(1, 40)} DAY)",
            f"({pick(['day', 'made'])} - INTERVAL {chance.randint(1, 14)} MONTH)",
            f"(day + {chance.randint(-9, 99)})",
            f"date_trunc('{pick(_UNITS)}', {pick(['day', 'made'])})",
        ]
    )
