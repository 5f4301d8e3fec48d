"""Read conditions and split objectives with a language model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, get_args

import duckdb
import msgspec
from msgspec.structs import replace

from findall_frames.api.models import MatchCondition
from findall_frames.api.readings import Confidence, Reading
from findall_frames.embedded.chat.language_model import ChatMessage, UnusableError
from findall_frames.embedded.chat.loose_json import as_texts, entries_in, json_in
from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout, quoted
from findall_frames.embedded.corpus.profile import count_values, json_line, profile
from findall_frames.embedded.reading.model_prompt import ModelStatus, answer_schema, rules
from findall_frames.embedded.reading.plain_drafting import Draft, numbered
from findall_frames.embedded.reading.sql import Checked, SqlError, check_order, check_sql

__all__ = ["Ask", "draft_with_model", "read_with_model"]

Ask: TypeAlias = Callable[[Sequence[ChatMessage], Mapping[str, Any]], str]
"""Sends messages with the JSON Schema of the answer, and returns the text of the answer."""

_RUN_SECONDS: Final = 3.0
_LOOK_UP_SECONDS: Final = 5.0
_MAX_LOOK_UPS: Final = 10
_MAX_KEYWORDS: Final = 12
_MAX_NAME: Final = 60
_MAX_FAULT: Final = 400
_ENTRY_KEYS: Final = ("name", "status", "sql", "description")


class _FaultError(Exception):
    """A reading cannot be used; the message is for the model and for the user."""


def read_with_model(
    conditions: Sequence[MatchCondition], corpus: Corpus, *, ask: Ask
) -> list[Reading]:
    """Return the readings of conditions by a language model, in order.

    All conditions are sent in one request with a profile of the table. The model may look values
    up once, and may correct its readings once: at most three requests. Every expression in the
    readings has been checked and run over the table. A condition whose reading failed twice is
    ``"not_understood"``, and its note says why.

    Raises
    ------
    UnusableError
        The answers contain no readings. Errors raised by `ask` are passed on.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> corpus = open_corpus([{"name": "Golf", "hp": 75}, {"name": "Uno", "hp": 45}])
    >>> def model(messages, schema):
    ...     return '{"readings": [{"name": "strong", "status": "sql", "sql": "hp > 50"}]}'
    >>> strong = MatchCondition(name="strong", description="more than 50 hp")
    >>> read_with_model([strong], corpus, ask=model)[0].sql
    'hp > 50'
    """
    names = numbered(" ".join(condition.name.split()) for condition in conditions)
    wanted = {name: each.description for name, each in zip(names, conditions, strict=True)}
    lines = [f"{name}: {' '.join(text.split())}" for name, text in wanted.items()]
    talk = _Talk(corpus, "readings", ask=ask, wanted=wanted)
    talk.run("Conditions, as name: text", lines)
    return [
        replace(reading, name=condition.name)
        for reading, condition in zip(talk.readings(), conditions, strict=True)
    ]


def draft_with_model(objective: str, corpus: Corpus, *, ask: Ask) -> Draft:
    """Return an objective split into criteria by a language model, with their readings.

    Parameters and errors are those of `read_with_model`. An objective without criteria, such as
    ``"all cars"``, becomes one criterion that every row meets.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> corpus = open_corpus([{"name": "Golf", "hp": 75}, {"name": "Uno", "hp": 45}])
    >>> def model(messages, schema):
    ...     return '{"entity_type": "cars", "criteria": [], "enrichments": {"hp": "Horsepower"}}'
    >>> draft_with_model("all cars with their hp", corpus, ask=model).enrichments
    {'hp': 'Horsepower'}
    """
    talk = _Talk(corpus, "criteria", ask=ask, wanted=None)
    answer = talk.run("What is looked for", [f"objective: {' '.join(objective.split())}"])
    entry = answer if isinstance(answer, dict) else {}
    columns = entry.get("enrichments")
    texts = {name: _text(columns, name) for name in columns} if isinstance(columns, dict) else {}
    any_row = Reading(
        name="any_row", description="any row", status="sql", reader="model", sql="TRUE"
    )
    return Draft(
        _text(entry, "entity_type") or corpus.about,
        talk.readings() or [any_row],
        {_snake(name): text for name, text in texts.items() if text},
    )


class _Talk:
    """A conversation with a model: a request, at most one look-up and at most one correction.

    `key` is that of the list in the answers. `wanted` has the descriptions of the conditions by
    name; if it is None, they are taken from the first answer.
    """

    def __init__(
        self, corpus: Corpus, key: str, *, ask: Ask, wanted: dict[str, str] | None
    ) -> None:
        self._corpus = corpus
        self._key = key
        self._ask = ask
        self._wanted = wanted
        self._names: Mapping[str, str] = {}
        self._cut: list[str] = []
        self._readings: dict[str, Reading] = {}
        self._faults: dict[str, str] = {}

    def run(self, title: str, lines: Sequence[str]) -> Any:
        """Ask until all is read or no request is left; return the first complete answer."""
        table = profile(self._corpus, asked=lines)
        self._names = table.names
        self._cut = [table.cut] if table.cut else []
        content = [table.text, f"Today is {datetime.now(UTC).date()}.", "\n".join([title, *lines])]
        messages: list[ChatMessage] = [
            {"role": "system", "content": rules(self._key, limits=self._corpus.limits)},
            {"role": "user", "content": "\n\n".join(content)},
        ]
        full: Any = None
        may_look_up = may_repair = True
        while True:
            text = self._ask(messages, answer_schema(self._key, may_look_up=may_look_up))
            try:
                answer = json_in(text)
                text = json.dumps(answer, ensure_ascii=False)
                look_ups = self._look_ups(answer) if may_look_up else []
                if look_ups:
                    may_look_up = False
                    found = "\n".join(map(self._found, look_ups[:_MAX_LOOK_UPS]))
                    reply = f'<table>\n{found}\n</table>\nNow answer with "{self._key}".'
                else:
                    self._take(answer)
                    full = answer if full is None else full
                    if not self._faults or not may_repair:
                        return full
                    may_repair = False
                    faults = "\n".join(f"{name}: {_as_data(f)}" for name, f in self._faults.items())
                    reply = f'Answer once more with "{self._key}", for these only:\n{faults}'
            except UnusableError as error:
                if full is not None:
                    return full  # its faults remain
                if not may_repair:
                    raise
                may_repair = False
                reply = f"This answer cannot be used: {_as_data(str(error))}\nAnswer once more, in "
                reply += "the form that was asked for."
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": reply}]

    def readings(self) -> list[Reading]:
        """Return a reading for each condition; "not_understood" if the model's cannot be used."""
        return [
            self._readings.get(name)
            or Reading(
                name=name,
                description=description,
                status="not_understood",
                reader="model",
                assumptions=tuple(self._cut),
                confidence="low",
                note=f"The model's reading cannot be used. {self._faults[name]} "
                "Rephrase the condition, or write it as SQL.",
            )
            for name, description in (self._wanted or {}).items()
        ]

    def _look_ups(self, answer: Any) -> list[Mapping[str, Any]]:
        """Return the look-ups of an answer; none if it has readings too."""
        if not isinstance(answer, dict) or answer.get(self._key):
            return []
        look_ups = answer.get("lookups")
        return [e for e in look_ups if isinstance(e, dict)] if isinstance(look_ups, list) else []

    def _found(self, look_up: Mapping[str, Any]) -> str:
        """Return a line with the values that match a look-up."""
        asked, like = _text(look_up, "column"), _text(look_up, "like")
        head = f"{json_line(asked)} like {json_line(like)}:"
        known = {" ".join(name.casefold().split()): name for name in self._names}
        known |= {shown.strip('"').casefold(): name for name, shown in self._names.items()}
        name = known.get(asked.strip('"').casefold())
        if name is None:
            return f"{head} there is no such column"
        column = self._corpus.columns[name]
        try:
            counts = count_values(self._corpus, column, like=like, timeout=_LOOK_UP_SECONDS)
        except (QueryTimeout, duckdb.Error) as error:
            return f"{head} {_as_data(str(error))}"
        values = (f"{json_line(value, limit=100)} ×{n:,}" for value, n in counts.values)
        return f"{head} {counts.distinct:,} distinct; {', '.join(values)}"

    def _take(self, answer: Any) -> None:
        """Store the usable readings of an answer, and the faults of the others."""
        listed = answer.get(self._key) if isinstance(answer, dict) else answer
        entries = entries_in(answer, key=self._key, has=_ENTRY_KEYS) if listed != [] else []
        if isinstance(listed, list) and len(entries) < len(listed):
            raise UnusableError(f'each of the "{self._key}" has to be an object')
        if self._wanted is None:
            names = numbered(_snake(_text(e, "name"))[:_MAX_NAME] or "criterion" for e in entries)
            entries = [{**e, "name": name} for e, name in zip(entries, names, strict=True)]
            self._wanted = {
                e["name"]: _text(e, "description") or e["name"].replace("_", " ") for e in entries
            }
        waiting = [name for name in self._wanted if name not in self._readings]
        if len(entries) == len(waiting) and not any(_text(entry, "name") for entry in entries):
            entries = [{**e, "name": name} for e, name in zip(entries, waiting, strict=True)]
        self._faults = {}
        for name in waiting:
            given = [entry for entry in entries if _is_same(_text(entry, "name"), name)]
            try:
                if len(given) != 1:
                    raise _FaultError(f"Expected one reading under this name, got {len(given)}.")
                self._readings[name] = self._read(given[0], name, self._wanted[name])
            except _FaultError as fault:
                self._faults[name] = str(fault)

    def _read(self, given: Mapping[str, Any], name: str, description: str) -> Reading:
        """Return the reading of an entry, with expressions that can be run."""
        status, confidence = _snake(_text(given, "status")), _text(given, "confidence").lower()
        if status not in get_args(ModelStatus):
            raise _FaultError(
                f"Expected a status of {', '.join(get_args(ModelStatus))}, got {status!r}."
            )
        top = given.get("top")
        if isinstance(top, dict) and not top.get("by") and not top.get("n"):
            top = None  # some servers require a value for every key
        words = ",".join(as_texts(given.get("keywords"))).split(",")
        assumptions = filter(_if_given, as_texts(given.get("assumptions")))
        fields = {
            "name": name,
            "description": description,
            "status": status,
            "reader": "model",
            "sql": _if_given(given.get("sql")),
            "top": top,
            "ask": _if_given(given.get("ask")),
            "keywords": [word.strip() for word in words if word.strip()][:_MAX_KEYWORDS],
            "assumptions": [*assumptions, *self._cut],
            "confidence": confidence if confidence in get_args(Confidence) else "low",
            "note": _text(given, "note"),
        }
        try:
            reading = msgspec.convert(fields, Reading, strict=False)
        except msgspec.ValidationError as error:
            raise _FaultError(f"{error}.") from error
        if not reading.is_usable:
            note = reading.note or "The model gives no reason."
            return replace(reading, sql=None, top=None, ask=None, keywords=(), note=note)
        if reading.top is not None and (reading.top.n < 1 or "descending" not in (top or {})):
            raise _FaultError("A top needs by, an n of at least 1, and descending.")
        if status == "ask" and reading.ask is None:
            raise _FaultError('Status "ask" needs a question in ask.')
        if status == "sql" and reading.ask is not None:
            raise _FaultError('Status "sql" has no ask. If the text decides too, it is "ask".')
        if status == "sql" and reading.sql is None and reading.top is None:
            raise _FaultError('Status "sql" needs sql or top.')
        if reading.sql is not None:
            # DuckDB evaluates it in a FILTER and in max(), but may skip it in a bare count().
            sql = self._checked(reading.sql, check_sql, run="count(*) FILTER (WHERE {})")
            reading = replace(reading, sql=sql)
        if reading.top is not None:
            by = self._checked(reading.top.by, check_order, run="max({})")
            reading = replace(reading, top=replace(reading.top, by=by))
        return reading if status == "ask" else replace(reading, keywords=())

    def _checked(self, text: str, check: Callable[[str, Corpus], Checked], *, run: str) -> str:
        """Check an expression and run it, as some errors, such as of casts, occur only on rows."""
        sql = _bare(text)
        for name, shown in self._names.items():
            if shown != quoted(name):
                sql = sql.replace(shown, quoted(name))
        try:
            checked = check(sql, self._corpus).sql
            with suppress(QueryTimeout):  # no error so far; the search itself has more time
                query = f"SELECT {run.format(checked)} FROM {self._corpus.relation}"
                self._corpus.query(query, timeout=_RUN_SECONDS)
        except (SqlError, duckdb.Error) as error:
            why = str(error).partition("\nLINE ")[0].strip()
            raise _FaultError(f"It was: {sql}. {why}") from error
        return checked


def _bare(sql: str) -> str:
    """Return an expression without the code fences and keywords that models add."""
    # A model that writes "\b" in JSON instead of "\\b" produces a backspace.
    sql = sql.replace("\b", r"\b").strip()
    fenced = re.fullmatch(r"```\w*\s(.*?)```", sql, flags=re.DOTALL)
    sql = fenced[1] if fenced else sql
    around = r"^\s*(SELECT\s+\*\s+FROM\s+\w+\s+WHERE|SELECT|WHERE)\b"
    return re.sub(around, "", sql, flags=re.IGNORECASE).strip().rstrip(";").strip()


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _if_given(value: Any) -> Any:
    """Return a value, or None for an empty text or "null"."""
    is_null = isinstance(value, str) and value.strip().casefold() in {"", "null", "none"}
    return None if is_null else value


def _as_data(fault: str) -> str:
    """Return a fault as quoted text for the model, since it may contain cells."""
    return json_line(" ".join(fault.split()), limit=_MAX_FAULT)


def _snake(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text.casefold()).strip("_")


def _is_same(name: str, other: str) -> bool:
    """Return True if two names differ only in how models write them; some have no letters."""
    return (_snake(name) or name) == (_snake(other) or other)
