"""Ask questions with known answers, and compare."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias, cast

import msgspec
import pandas as pd

import findall_frames as ff
from findall_frames.errors import ConditionNotUnderstoodError, FindAllWarning

__all__ = [
    "KINDS",
    "TABLES",
    "Answer",
    "Kind",
    "Question",
    "answer",
    "opened",
    "questions",
    "summary",
    "written",
]

FOLDER = Path(__file__).parent
TABLES = FOLDER / "tables"

Kind: TypeAlias = Literal["columns", "prose", "objectives"]
KINDS: tuple[Kind, ...] = ("columns", "prose", "objectives")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question as a person would write it, and the rows that answer it.

    Attributes
    ----------
    id : str
        Its kind and number, such as ``"prose-07"``.
    table : str
        A file in ``tables``, without its ending; some are in a folder there, as they bear the
        name of another one.
    text : str
        One condition, or a whole objective.
    rows : frozenset of int
        Positions of the rows that are right, from 0.
    hidden : bool
        True if the answer stands in running text, and in no column of its own.
    """

    id: str
    table: str
    text: str
    rows: frozenset[int]
    hidden: bool = False

    @property
    def kind(self) -> Kind:
        """The file that it is from."""
        return cast("Kind", self.id.partition("-")[0])


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    Attributes
    ----------
    question : Question
        What was asked.
    found : frozenset of int, or None
        Positions of the rows that match; None if the question was refused.
    confidences : dict of int to str
        For each row that was shown, matched or not: the confidence of what decided about it.
    told : str
        Why it was refused, or the warnings of the run, one a line.
    """

    question: Question
    found: frozenset[int] | None
    confidences: dict[int, str]
    told: str

    @property
    def is_right(self) -> bool:
        """True if exactly the right rows were found."""
        return self.found == self.question.rows

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 for a refusal, 1 for nothing of nothing."""
        if self.found is None:
            return 0.0
        total = len(self.found) + len(self.question.rows)
        return 2 * len(self.found & self.question.rows) / total if total else 1.0

    @property
    def wrong_with_high_confidence(self) -> frozenset[int]:
        """Rows that were found wrongly or missed with high confidence.

        A row that is not among the candidates was excluded by a column, with high confidence.
        """
        wrong = (self.found or frozenset()) ^ self.question.rows
        if self.found is None:
            return frozenset()
        return frozenset(row for row in wrong if self.confidences.get(row, "high") == "high")


class _Line(NamedTuple):
    """The verdict on one field of a row."""

    is_matched: bool
    confidence: str


def questions(*kinds: Kind) -> list[Question]:
    """Return the questions of some kinds, or all, in the order of their ids."""
    decoder = msgspec.json.Decoder(Question)
    return [
        question
        for kind in kinds or KINDS
        for question in decoder.decode_lines((FOLDER / f"{kind}.jsonl").read_bytes())
    ]


@contextmanager
def opened(table: str, *, model: str | Callable[..., str] | None = None) -> Iterator[ff.Client]:
    """Open a table of the questions as a user would, ignoring warnings about its columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FindAllWarning)
        client = ff.local(TABLES / f"{table}.parquet", model=model)
    with client:
        yield client


def answer(question: Question, client: ff.Client) -> Answer:
    """Ask a question of the service over its table, as a user would.

    Raises
    ------
    FindAllError
        It was neither answered nor refused.
    """
    asked: str | ff.Search = question.text
    if question.kind != "objectives":
        entity_type = question.table.rpartition("/")[2]
        asked = ff.Search(question.text, entity_type=entity_type, match_conditions=[question.text])
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FindAllWarning)
            frames = ff.find_all(asked, client=client, progress=False)
    except ConditionNotUnderstoodError as error:
        return Answer(question=question, found=None, confidences={}, told=str(error))
    places = dict(zip(frames.candidates["candidate_id"], frames.candidates["row"], strict=True))
    judged: dict[int, list[_Line]] = {}
    conditions = frames.fields[frames.fields["kind"] == "match_condition"]
    for field in conditions.itertuples():
        # Pandas gives its own True, and NA where nothing was decided.
        is_met = not pd.isna(field.is_matched) and bool(field.is_matched)
        line = _Line(is_met, str(field.confidence))
        judged.setdefault(places[field.candidate_id], []).append(line)
    is_matched = frames.candidates["match_status"] == "matched"
    found = frozenset(int(row) for row in frames.candidates.loc[is_matched, "row"])
    confidences = {int(row): _decisive(lines, row in found) for row, lines in judged.items()}
    told = "\n".join(str(warning.message) for warning in caught)
    return Answer(question=question, found=found, confidences=confidences, told=told)


def _decisive(lines: Sequence[_Line], is_found: bool) -> str:
    """Return the confidence of a row: of a match the least, of a refusal the most."""
    order = ["low", "medium", "high"]
    if is_found:
        return min((line.confidence for line in lines), key=order.index)
    failed = [line.confidence for line in lines if not line.is_matched]
    return max(failed, key=order.index, default="high")


def summary(name: str, answers: Iterable[Answer]) -> str:
    """Return the figures for several questions on one line."""
    asked = list(answers)
    answered = [one for one in asked if one.found is not None]
    right = sum(one.is_right for one in answered)
    confident = sum(bool(one.wrong_with_high_confidence) for one in answered)
    return (
        f"{name:<12}{len(asked):>4} questions"
        f"{len(answered):>5} answered"
        f"{right:>5} of them right ({right / max(1, len(answered)):.0%})"
        f"{len(asked) - len(answered):>5} refused"
        f"{confident:>4} wrong with high confidence"
        f"   F1 {fmean(one.f1 for one in asked):.3f} of all,"
        f" {fmean(one.f1 for one in answered) if answered else 0:.3f} of the answered"
    )


def written(one: Answer) -> str:
    """Return a report on a wrong answer."""
    question = one.question
    lines = [f"{question.id} {question.table}: {question.text}"]
    if one.found is not None:
        wrongly, missed = sorted(one.found - question.rows), sorted(question.rows - one.found)
        lines.append(f"  found wrongly {json.dumps(wrongly)}, missed {json.dumps(missed)}")
    return "\n".join([*lines, *(f"  {line}" for line in one.told.splitlines())])
