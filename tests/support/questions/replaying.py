"""A chat server with recorded replies, keyed by table and condition rather than by prompt.

A prompt may change without a new recording, as long as it has each condition (or the objective) on
a line of its own, ``name: text``, and each row on a line ``row 17: ...``. The name of the model
identifies the table: a client of ``server.model("movies")`` asks about the table ``movies``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from findall_frames.embedded.chat.loose_json import json_in
from tests.support.scripted import Reply, Request, ScriptedServer, answer

__all__ = ["REPLIES", "Asked", "Missing", "Recorded", "ReplayingServer", "Replies", "asked_of"]

REPLIES = Path(__file__).parent / "replies"

_FENCED = re.compile(r"<(\w+)>\n.*?\n</\1>", re.DOTALL)
_NAMED = re.compile(r"^([^\WA-Z]+): (.+)$", re.MULTILINE)
_ROW = re.compile(r"^row (\d+): ", re.MULTILINE)

Stage: TypeAlias = Literal["readings", "draft", "rows"]
_STAGES: Mapping[str, Stage] = {"readings": "readings", "criteria": "draft", "answers": "rows"}
"""Stages by the key of the list in the answer."""


class Asked(NamedTuple):
    """The contents of a request.

    Attributes
    ----------
    stage : {"readings", "draft", "rows"}
        What kind of answer is wanted.
    turn : int
        How many answers came before it in the same conversation: look-ups, or what is repaired.
    texts : dict of str to str
        The conditions, or the objective, by the name before them.
    rows : tuple of int
        Positions of the rows that are asked about.
    is_repair : bool
        True if the answer before it was faulty.
    """

    stage: Stage
    turn: int
    texts: dict[str, str]
    rows: tuple[int, ...]
    is_repair: bool


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A reply, or what was said about the rows of a table and one condition.

    Attributes
    ----------
    table, stage, turn
        As in `Asked`.
    texts : tuple of str
        The conditions, or the objective; one condition if it is about rows.
    reply : str
        The text of the answer, but for rows.
    answers : dict of int to dict
        For rows: the verdict, value, reason and excerpts of each by its position.
    """

    table: str
    stage: Stage
    texts: tuple[str, ...]
    turn: int = 0
    reply: str = ""
    answers: dict[int, dict[str, Any]] = {}


class Missing(LookupError):
    """No reply was recorded; the message says for what."""


class Replies:
    """The recorded replies.

    Parameters
    ----------
    folder : Path
        Has a file of JSON Lines for each table.
    """

    def __init__(self, folder: Path = REPLIES) -> None:
        self._folder = folder
        decoder = msgspec.json.Decoder(Recorded)
        self._kept: dict[tuple[Any, ...], Recorded] = {
            _key(line): line
            for path in sorted(folder.rglob("*.jsonl"))
            for line in decoder.decode_lines(path.read_bytes())
        }

    def knows(self, table: str, text: str) -> bool:
        """Return True if there is a first reply to a condition or objective over a table."""
        first = ((table, stage, (text,), 0) for stage in ("readings", "draft"))
        return any(key in self._kept for key in first)

    def find(self, table: str, asked: Asked) -> str:
        """Return the text of the answer.

        Raises
        ------
        Missing
            There is none, or not for all the rows.
        """
        if asked.stage != "rows":
            wanted = (table, asked.stage, tuple(asked.texts.values()), asked.turn)
            if wanted not in self._kept:
                raise Missing(f"no reply was recorded for {wanted}")
            return self._kept[wanted].reply
        answers = []
        for name, text in asked.texts.items():
            key = (table, "rows", (text,), 0)
            known = self._kept[key].answers if key in self._kept else {}
            if lacking := [row for row in asked.rows if row not in known]:
                raise Missing(f"no reply was recorded for rows {lacking} of {key}")
            answers += [{"row": row, "field": name, **known[row]} for row in asked.rows]
        return json.dumps({"answers": answers}, ensure_ascii=False)

    def add(self, table: str, asked: Asked, reply: str) -> None:
        """Store a reply; answers about rows are stored one by one.

        Raises
        ------
        UnusableError, KeyError, TypeError, ValueError
            It is about rows, and not of the form that was asked for.
        """
        if asked.stage != "rows":
            texts = tuple(asked.texts.values())
            line = Recorded(table, asked.stage, texts, asked.turn, reply=reply)
            self._kept[_key(line)] = line
            return
        for given in json_in(reply)["answers"]:
            said = {key: value for key, value in given.items() if key not in {"row", "field"}}
            if given["row"] not in asked.rows or given["field"] not in asked.texts:
                raise ValueError(
                    f"there was no question about {given['field']!r} of row {given['row']}"
                )
            line = Recorded(table, "rows", (asked.texts[given["field"]],))
            line = self._kept.setdefault(_key(line), msgspec.structs.replace(line, answers={}))
            line.answers[given["row"]] = said

    def write(self) -> None:
        """Write one file for each table, in a fixed order."""
        for table in sorted({line.table for line in self._kept.values()}):
            lines = [line for key, line in sorted(self._kept.items()) if line.table == table]
            ordered = (
                msgspec.structs.replace(line, answers=dict(sorted(line.answers.items())))
                for line in lines
            )
            text = b"".join(msgspec.json.encode(line) + b"\n" for line in ordered)
            path = self._folder / f"{table}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)


def _key(line: Recorded) -> tuple[Any, ...]:
    return (line.table, line.stage, line.texts, line.turn)


def asked_of(messages: Sequence[Mapping[str, str]], schema: object) -> Asked:
    r"""Return what a request asks for.

    Raises
    ------
    ValueError
        The schema asks for none of the three kinds of answers.

    Examples
    --------
    >>> said = [{"role": "user", "content": "<table>\nfast: no\n</table>\nfast: over 200 km/h"}]
    >>> asked_of(said, {"properties": {"readings": {}, "lookups": {}}})
    Asked(stage='readings', turn=0, texts={'fast': 'over 200 km/h'}, rows=(), is_repair=False)
    """
    stages = [_STAGES[key] for key in _properties(schema) if key in _STAGES]
    if len(set(stages)) != 1:
        raise ValueError(f"expected one of {list(_STAGES)} in the schema, found {stages}")
    # What comes later in a conversation tells of faults, also by the names of conditions.
    said = next(one["content"] for one in messages if one["role"] == "user")
    before = [one["content"] for one in messages if one["role"] == "assistant"]
    texts = dict(_NAMED.findall(_FENCED.sub("", said)))
    rows = tuple(dict.fromkeys(map(int, _ROW.findall(said)))) if stages[0] == "rows" else ()
    is_repair = bool(before) and '"lookups"' not in before[-1]
    return Asked(stages[0], len(before), texts, rows, is_repair)


def _properties(schema: object) -> Iterator[str]:
    """Yield the names of all properties at any depth."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", ())
        for part in schema.values():
            yield from _properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _properties(part)


class ReplayingServer(ScriptedServer):
    """Chat completions that answer with recorded replies.

    What was not recorded is refused with a status after which nobody asks again, and is counted.

    Attributes
    ----------
    asked : list of (table, Asked)
        What was asked, in the order in which it came.
    missing : list of str
        What was not recorded.
    """

    def __init__(self, replies: Replies) -> None:
        super().__init__()
        self._replies = replies
        self._noting = threading.Lock()
        self.asked: list[tuple[str, Asked]] = []
        self.missing: list[str] = []
        self._scripts["POST", "/v1/chat/completions"] = [self._replay]

    def model(self, table: str) -> str:
        """Return the name of the model for a table."""
        return f"{self.url}/v1#{table}"

    def _replay(self, request: Request) -> Reply:
        body = request.content
        asked = asked_of(body["messages"], body["response_format"])
        with self._noting:
            self.asked.append((body["model"], asked))
        try:
            said = self._replies.find(body["model"], asked)
        except Missing as error:
            with self._noting:
                self.missing.append(str(error))
            return answer({"error": {"message": str(error), "code": "not_recorded"}}, status=404)
        message = {"role": "assistant", "content": said}
        tokens = sum(len(one["content"]) for one in body["messages"]) // 4
        return answer(
            {
                "object": "chat.completion",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": tokens, "completion_tokens": len(said) // 4},
            }
        )
