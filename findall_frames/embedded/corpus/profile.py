"""Describe a table to a language model: its columns, their ranges and their frequent values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from findall_frames.embedded.corpus.corpus import Column, Corpus, quoted
from findall_frames.embedded.corpus.naming import words_of

__all__ = ["Profile", "ValueCounts", "count_values", "json_line", "profile"]

_CHARACTERS: Final = 6_000
"""The size of a profile at most; about 1,500 tokens."""
_SAMPLE_ROWS: Final = 200_000
_BLOCK: Final = 2048
"""Rows per block; a sample consists of whole blocks, which are fast to read."""
_COUNTED_COLUMNS: Final = 80
"""Columns whose cells are examined; there is room only for the names of others."""
_FULLY_TOLD: Final = 10
"""Columns in question that are described in full before any others are named."""
_CELL_CHARACTERS: Final = 60
_NAME_CHARACTERS: Final = 80
_CUT: Final = 120
"""How many characters of a cell are fetched, and of a type shown."""
_MANY: Final = 20
"""How many values are shown; of columns with more, only those that stand out."""
_LEVELS: Final = ((60, 0), (60, 3), (160, 8), (160, _MANY))
"""Levels of detail: characters of the description, and number of values."""
_ORDERED: Final = frozenset({"number", "date", "time"})
_UNQUOTED: Final = re.compile("[A-Z]*INT|FLOAT|DOUBLE|DECIMAL|DATE|TIME|BOOL")


class Profile(NamedTuple):
    """What a model is told about a table.

    `text` has a line for each column, between ``<table>`` and ``</table>``. `cut` tells the user
    what there was no room for; it is empty if every column is described. `names` maps each column
    to its form in `text`, where long names are cut and line breaks escaped.
    """

    text: str
    cut: str
    names: Mapping[str, str]


class ValueCounts(NamedTuple):
    """The numbers of values and of cells of a column, and the 20 most frequent values."""

    distinct: int
    cells: int
    values: list[tuple[str, int]]


class _Seen(NamedTuple):
    """Facts about a column's cells, in words, and its most frequent values."""

    facts: list[str]
    values: list[str]


def profile(corpus: Corpus, *, asked: Sequence[str] = ()) -> Profile:
    """Return a description of a table for a language model, of at most 6,000 characters.

    The wider the table, the less is said of each column: only name and type of some, nothing of
    others. Columns that share words with `asked` get the most detail. Tables of more than 200,000
    rows are described by a sample, always the same one, and the text says so.

    Raises
    ------
    duckdb.Error
        The table cannot be read, for example since a file was removed.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> rows = [{"name": n, "origin": "Japan", "hp": hp} for n, hp in [("A1", 75), ("B2", None)]]
    >>> print(profile(open_corpus(rows)).text)
    <table>
    table: "table" ("table"), 2 rows, named by "name"
    "name" VARCHAR: all different; "A1", "B2"
    "origin" VARCHAR: 1 distinct; "Japan" ×2
    "hp" BIGINT: 1 null; 75 to 75, median 75; 1 distinct
    </table>
    """
    columns = list(corpus.columns.values())
    names = _shown_names(corpus)
    seen: dict[str, _Seen] = {}
    stems = _stems(" ".join(asked))

    def relevance(column: Column) -> int:
        values = seen[column.name].values if column.name in seen else []
        return len(stems & _stems(" ".join([column.name, column.description, *values])))

    head = f"table: {json_line(corpus.name)} ({json_line(corpus.about)}), {len(corpus):,} rows"
    if corpus.name_column is not None:
        head += f", named by {names[corpus.name_column]}"
    rows = f"FROM {corpus.relation}"
    step = -(-corpus.held // _SAMPLE_ROWS)
    if step > 1 or not corpus.is_whole:
        rows += f" WHERE {quoted(corpus.ROW)} // {_BLOCK} % {step} = 0"
        (size,) = corpus.query(f"SELECT count(*) AS n {rows}")["n"].to_pylist()
        head += f"; counts and ranges are of a sample of {size:,} rows"
    for column in sorted(columns, key=relevance, reverse=True)[:_COUNTED_COLUMNS]:
        seen[column.name] = _look(corpus, column, rows)

    lines = [_lines(column, names[column.name], seen.get(column.name)) for column in columns]
    room = _CHARACTERS - len(f"<table>\n{head}\n\n</table>") - 200  # for the sentence below
    levels = _levels(lines, [relevance(column) for column in columns], room)
    text = head + "".join(line[level] for line, level in zip(lines, levels, strict=True))
    unseen, bare = levels.count(0), levels.count(1)
    if not bare and not unseen:
        return Profile(f"<table>\n{text}\n</table>", "", names)
    text += f"\nFor want of room, {bare} columns are only named and {unseen} not shown."
    cut = (
        f"Of {len(columns)} columns, the model was told only name and type of {bare} and nothing "
        f"of {unseen}: there was no room for more. A condition that names a column in its own "
        "words has it shown first."
    )
    return Profile(f"<table>\n{text}\n</table>", cut, names)


def count_values(
    corpus: Corpus,
    column: Column,
    *,
    rows: str = "",
    like: str = "%",
    timeout: float | None = None,
) -> ValueCounts:
    """Return the most frequent values of a column, or elements of its lists, as text.

    Only the rows of the SQL clause `rows` count (``FROM`` and perhaps ``WHERE``; all by default),
    and only values that match the ``ILIKE`` pattern `like`. `QueryTimeout` is raised after
    `timeout` seconds.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> corpus = open_corpus([{"color": color} for color in ("red", "blue", "red", None)])
    >>> count_values(corpus, corpus.columns["color"])
    ValueCounts(distinct=2, cells=3, values=[('red', 2), ('blue', 1)])
    """
    cell = quoted(column.name)
    element = f"unnest({cell})" if column.kind == "list" else cell
    matching = "v IS NOT NULL" if like == "%" else "CAST(v AS VARCHAR) ILIKE ?"
    counted = corpus.query(
        f"SELECT left(CAST(v AS VARCHAR), {_CUT}) AS t, n, count(*) OVER () AS d, "
        "sum(n) OVER () AS s FROM (SELECT v, count(*) AS n "
        f"FROM (SELECT {element} AS v {rows or f'FROM {corpus.relation}'}) "
        f"WHERE {matching} GROUP BY v) ORDER BY n DESC, v LIMIT {_MANY}",
        [] if like == "%" else [like],
        timeout=timeout,
    ).to_pylist()
    if not counted:
        return ValueCounts(0, 0, [])
    values = [(one["t"], one["n"]) for one in counted]
    return ValueCounts(counted[0]["d"], int(counted[0]["s"]), values)


def json_line(text: str, *, limit: int = _CELL_CHARACTERS) -> str:
    """Return a text of the data as a JSON string on one line that cannot close a tag."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return _escaped(json.dumps(cut, ensure_ascii=False)).replace("<", "\\u003c")


def _escaped(text: str) -> str:
    """Escape line breaks and invisible characters, some of which JSON leaves unchanged."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _shown_names(corpus: Corpus) -> dict[str, str]:
    """Return each column's name as a SQL identifier on one line, long ones cut in the middle."""
    names: dict[str, str] = {}
    half = _NAME_CHARACTERS // 2
    for name in corpus.columns:
        short = name if len(name) <= _NAME_CHARACTERS else f"{name[:half]}…{name[-half:]}"
        shown = re.sub(r"<(?=\W*table)", r"\\u003c", quoted(_escaped(short)), flags=re.IGNORECASE)
        while shown in names.values():
            shown = f'{shown[:-1]}~"'
        names[name] = shown
    return names


def _stems(text: str) -> set[str]:
    """Return the first letters of each word, which suffice to find the columns in question."""
    return {word[:5] for word in re.findall(r"[^\W\d_]{3,}", words_of(text))}


def _look(corpus: Corpus, column: Column, rows: str) -> _Seen:
    """Examine the cells of a column in the rows of a ``FROM`` clause."""
    cell = quoted(column.name)
    wanted = [f"count({cell})", f"count(*) - count({cell})"]
    if column.kind in _ORDERED:
        ends = (f"min({cell})", f"max({cell})", f"quantile_disc({cell}, 0.5)")
        wanted += [f"CAST({end} AS VARCHAR)" for end in ends]
    elif column.kind in {"prose", "other"}:
        text = f"CAST({cell} AS VARCHAR)"
        first = f"arg_min(left({text}, {_CUT}), {quoted(corpus.ROW)})"
        wanted += [first, f"avg(length({text}))"]
    (row,) = corpus.query(f"SELECT {', '.join(wanted)} {rows}").to_pylist()
    present, missing, *more = row.values()
    if not present:
        return _Seen(["all null"] if missing else [], [])
    facts = [f"{missing:,} null"] if missing else []
    if column.kind in {"prose", "other"}:
        example, characters = more
        if column.kind == "prose":
            facts.append(f"running text, on average {characters:.0f} characters")
        return _Seen(facts, [f"such as {json_line(example)}"])
    if more:
        facts.append("{} to {}, median {}".format(*more))

    distinct, cells, values = count_values(corpus, column, rows=rows)
    is_each_once = column.kind != "list" and distinct == present > 1
    if is_each_once:
        facts.append("all different")
    elif column.kind != "flag":
        facts.append(f"{distinct:,} distinct{' elements' if column.kind == 'list' else ''}")
    if column.kind in _ORDERED and (distinct > _MANY or cells < 2 * distinct):
        # A value that is far more frequent than others often means something else.
        least = max(5 * cells / distinct, cells / 100)
        values = [(value, n) for value, n in values if n >= least][:5]
    elif distinct > _MANY:
        values = values[: max(5, sum(n > 1 for _, n in values))]
    if distinct > _MANY and column.kind == "text":
        formats = _formats(corpus, cell, rows)
        if 2 * sum(formats.values()) >= cells:
            listed = [f"{json_line(form)} ×{n:,}" for form, n in formats.items()]
            facts.append(f"formats {', '.join(listed)}")
            values = values[:3]
    is_bare = _UNQUOTED.match(column.type)
    shown = [(value if is_bare else json_line(value), n) for value, n in values]
    return _Seen(facts, [value if is_each_once else f"{value} ×{n:,}" for value, n in shown])


def _formats(corpus: Corpus, cell: str, rows: str) -> dict[str, int]:
    """Return the most frequent formats of texts with digits, 9 for any digit, and their counts."""
    formats = corpus.query(
        f"SELECT translate({cell}, '012345678', '999999999') AS form, count(*) AS n {rows} "
        "GROUP BY form HAVING contains(form, '9') ORDER BY n DESC, form LIMIT 4"
    )
    return dict(zip(formats["form"].to_pylist(), formats["n"].to_pylist(), strict=True))


def _lines(column: Column, name: str, seen: _Seen | None) -> list[str]:
    """Return the lines on a column by level: nothing, name and type, then more and more."""
    kind = column.type if len(column.type) <= _CUT else f"{column.type[:_CUT]}…"
    head = f"\n{name} {_escaped(kind).replace('<', ' ')}"
    if seen is None:
        return ["", head]
    lines = ["", head]
    for limit, most in _LEVELS:
        description = [json_line(column.description, limit=limit)] if column.description else []
        values = [", ".join(seen.values[:most])] if seen.values[:most] else []
        details = "; ".join([*description, *seen.facts, *values])
        lines.append(f"{head}: {details}" if details else head)
    return lines


def _levels(lines: Sequence[Sequence[str]], relevance: Sequence[int], room: int) -> list[int]:
    """Return the level of each column that fits: first those in question, then all names."""
    levels = [0] * len(lines)
    order = sorted(range(len(lines)), key=lambda place: -relevance[place])
    for places in ([place for place in order if relevance[place]][:_FULLY_TOLD], order):
        for level in range(1, len(_LEVELS) + 2):
            for place in places:
                if not levels[place] < level < len(lines[place]):
                    continue
                more = len(lines[place][level]) - len(lines[place][levels[place]])
                if more <= room:
                    levels[place] = level
                    room -= more
    return levels
