"""A corpus of numbers, and a model with known verdicts, speed and failures."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus


def numbers(size: int) -> Corpus:
    """Open a corpus of entities that are named after their rows."""
    return open_corpus(
        pa.table(
            {
                "name": [f"entity {number}" for number in range(size)],
                "remark": [f"stands at place {number}" for number in range(size)],
                "homepage": [f"https://www.example.com/{number}/" for number in range(size)],
                "place": list(range(size)),
            }
        )
    )


class EveryNth:
    """A model for conditions such as "every 3rd", which matches rows by their number.

    Parameters
    ----------
    gate : threading.Event, optional
        Answers about rows wait until it is set.
    free : int
        Rows before this one are answered at once.
    delay : float
        Seconds for each row.
    fails_at : int, optional
        The first row for which it raises.
    log : Path, optional
        A file that gets a line for each verdict: the row and the divisor.

    Attributes
    ----------
    begun : threading.Event
        Set at the first question about a row that is not free.
    """

    def __init__(
        self,
        *,
        gate: threading.Event | None = None,
        free: int = 0,
        delay: float = 0.0,
        fails_at: int | None = None,
        log: Path | None = None,
    ) -> None:
        self.gate = gate
        self.free = free
        self.delay = delay
        self.fails_at = fails_at
        self.log = log
        self.begun = threading.Event()

    def __call__(self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        """Answer with readings, values of fields or verdicts, whichever is requested."""
        said = "\n".join(message["content"] for message in messages)
        asked = dict(re.findall(r"^(\w+): every (\d+)\w\w$", said, re.M))
        if "answers" not in schema["properties"]:
            readings = [
                {"name": name, "status": "ask", "ask": f"Is it every {divisor}th?", "keywords": []}
                for name, divisor in asked.items()
            ]
            return json.dumps({"readings": readings})
        rows = [int(number) for number in re.findall(r"^row (\d+):", said, re.M)]
        if max(rows) >= self.free:
            self.begun.set()
            if self.gate is not None:
                assert self.gate.wait(30)
        time.sleep(self.delay * len(rows))
        if self.fails_at is not None and max(rows) >= self.fails_at:
            raise ArithmeticError(f"cannot judge {self.fails_at}")
        if "Properties:" in said:
            names = re.findall(r"^(\w+): .*\n  JSON Schema", said, re.M)
            return json.dumps({"answers": [_made_up(row, name) for row in rows for name in names]})
        answers = [
            {
                "row": row,
                "field": name,
                "verdict": row % int(divisor) == 0,
                "value": str(row),
                "reason": f"{row} modulo {divisor} is {row % int(divisor)}.",
                "excerpts": [f"stands at place {row}"],
            }
            for row in rows
            for name, divisor in asked.items()
        ]
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as log:
                log.write("".join(f"{row} {asked[name]}\n" for row in rows for name in asked))
        return json.dumps({"answers": answers})


def _made_up(row: int, name: str) -> dict[str, Any]:
    value = f"{name} {row}"
    return {"row": row, "field": name, "reason": "Made up.", "excerpts": [], "value": value}
