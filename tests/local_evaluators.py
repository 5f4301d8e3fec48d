"""An evaluator whose verdicts, pace and failures the tests choose."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from findall_frames.api.models import Citation, FindAllEnrichInput, MatchCondition
from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.finding import Finding, Verdict


def numbers(size: int) -> Corpus:
    """A corpus of entities that are named after their positions."""
    return open_corpus(
        pa.table(
            {
                "name": [f"entity {number}" for number in range(size)],
                "remark": [f"stands at place {number}" for number in range(size)],
                "homepage": [f"https://www.example.com/{number}/" for number in range(size)],
            }
        )
    )


class EveryNth:
    """Matches entities by position; conditions read "every 3rd" or "every 10th".

    Parameters
    ----------
    gate : threading.Event, optional
        Every batch waits until it is set.
    delay : float
        Seconds for each entity.
    fails_at : int, optional
        The position at which judging raises.
    """

    def __init__(
        self,
        *,
        gate: threading.Event | None = None,
        delay: float = 0.0,
        fails_at: int | None = None,
    ) -> None:
        self.gate = gate
        self.delay = delay
        self.fails_at = fails_at
        self.begun = threading.Event()

    def judge_for(self, conditions: Sequence[MatchCondition], corpus: Corpus) -> _Judge:
        divisors = [int(condition.description.split()[1][:-2]) for condition in conditions]
        return _Judge(self, divisors, corpus)

    def filler_for(self, enrichment: FindAllEnrichInput, corpus: Corpus) -> _Filler:
        return _Filler(enrichment.output_schema.json_schema["properties"])


class _Judge:
    def __init__(self, evaluator: EveryNth, divisors: list[int], corpus: Corpus) -> None:
        self.readings = [f"the position is a multiple of {divisor}" for divisor in divisors]
        self._evaluator = evaluator
        self._divisors = divisors
        self._corpus = corpus

    def judge(self, positions: Sequence[int]) -> list[list[Verdict]]:
        self._evaluator.begun.set()
        if self._evaluator.gate is not None:
            assert self._evaluator.gate.wait(30)
        time.sleep(self._evaluator.delay * len(positions))
        if self._evaluator.fails_at in positions:
            raise ArithmeticError(f"cannot judge {self._evaluator.fails_at}")
        return [[self._verdict(position, n) for n in self._divisors] for position in positions]

    def _verdict(self, position: int, divisor: int) -> Verdict:
        remark = self._corpus.row(position)["remark"]
        return Verdict(
            value=position,
            reasoning=f"{position} modulo {divisor} is {position % divisor}.",
            confidence="high",
            citations=(Citation(url=f"local://table#{position}", title="row", excerpts=[remark]),),
            is_matched=position % divisor == 0,
        )


class _Filler:
    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._names = list(properties)

    def fill(self, positions: Sequence[int]) -> list[Mapping[str, Finding]]:
        return [
            {
                name: Finding(value=f"{name} {position}", reasoning="Made up.", confidence="low")
                for name in self._names
            }
            for position in positions
        ]
