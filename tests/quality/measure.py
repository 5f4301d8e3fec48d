"""How answers compare with the truth, question by question."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd
import pyarrow as pa
from quality.question import Question

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.data.packages import packages_table
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.finding import Verdict
from findall_frames.embedded.objectives.ingest import ingest

__all__ = ["Score", "measure", "summary"]

TABLES = Path(__file__).parents[1] / "tables"


@dataclass(frozen=True)
class Score:
    """How one question fared.

    Attributes
    ----------
    question : Question
        What was asked.
    precision, recall : float
        Of the rows found; both are 1 where nothing should be found and nothing was.
    supported, claimed : int
        Of the verdicts that a row matches, those whose every excerpt stands in the row and one
        of whose excerpts stands in a column that the truth looks at; and all of them.
    wrong : tuple of str
        Names, ``+`` for those found wrongly and ``-`` for those missed.
    readings : tuple of str
        How each condition was understood.
    """

    question: Question
    precision: float
    recall: float
    supported: int
    claimed: int
    wrong: tuple[str, ...]
    readings: tuple[str, ...]

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


class _Watched:
    """A table that notes which of its columns a truth looks at."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self.seen: set[str] = set()

    def __getitem__(self, column: str) -> Any:
        self.seen.add(column)
        return self._table[column]

    __getattr__ = __getitem__


@cache
def _table(corpus: str) -> pd.DataFrame:
    if corpus == "packages":
        return packages_table().to_pandas()
    return pd.read_parquet(TABLES / f"{corpus}.parquet")


@cache
def _corpus(corpus: str) -> Corpus:
    """The table as the service sees it: what is true of a text is kept from it."""
    if corpus == "packages":
        return open_corpus("packages")
    table = _table(corpus)
    shown = table[[column for column in table.columns if not column.startswith("true_")]]
    path = TABLES / f"{corpus}.parquet"
    if shown.shape == table.shape:
        return open_corpus(path)
    return Corpus.from_table(pa.Table.from_pandas(shown, preserve_index=False), name=path.stem)


def measure(question: Question, *, objective: bool = False) -> Score:
    """Answer a question and compare.

    Parameters
    ----------
    question : Question
        A condition, or an objective that ingest takes apart first.
    objective : bool
        Which of the two it is.
    """
    corpus = _corpus(question.corpus)
    conditions: Sequence[MatchCondition] = [MatchCondition("asked", question.text)]
    if objective:
        conditions = ingest(question.text, corpus).match_conditions
    judge = RuleEvaluator().judge_for(conditions, corpus)
    rows = judge.judge(range(len(corpus)))
    found = [all(verdict.is_matched for verdict in row) for row in rows]
    watched = _Watched(_table(question.corpus))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        truth = question.truth(watched)  # type: ignore[arg-type]
    expected = [bool(value) if not pd.isna(value) else False for value in truth]
    hits = sum(a and b for a, b in zip(found, expected, strict=True))
    names = corpus.names(range(len(corpus)))
    marks = zip(found, expected, names, strict=True)
    claims = [
        _supported(verdict, corpus.row(at), watched.seen, corpus.name_column)
        for at, row in enumerate(rows)
        for verdict in row
        if verdict.is_matched and not _nothing_to_cite(corpus.row(at), watched.seen)
    ]
    return Score(
        question,
        hits / sum(found) if any(found) else float(not any(expected)),
        hits / sum(expected) if any(expected) else float(not any(found)),
        sum(claims),
        len(claims),
        tuple(f"{'+' if a else '-'}{name}" for a, b, name in marks if a != b),
        tuple(judge.readings),
    )


def _nothing_to_cite(row: dict[str, Any], seen: set[str]) -> bool:
    """Whether the truth looks at empty cells only, as where something has to be missing."""
    return bool(seen) and all(column in row and row[column] in (None, []) for column in seen)


def _supported(verdict: Verdict, row: dict[str, Any], seen: set[str], name: str) -> bool:
    """Whether excerpts stand in the row, one of them where the truth looks."""
    asked = {column for column in seen if not column.startswith("true_")}
    # Where the truth is told by name, any column may be what tells it.
    hidden = asked != seen or asked <= {name}
    texts = {column: _written(value) for column, value in row.items()}
    excerpts = [excerpt for citation in verdict.citations for excerpt in citation.excerpts or ()]
    if not excerpts or not all(any(e in text for text in texts.values()) for e in excerpts):
        return False
    places = set(texts) if hidden else asked
    return any(excerpt in texts[column] for column in places for excerpt in excerpts)


def _written(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def summary(name: str, scores: Sequence[Score]) -> str:
    """The figures of several questions in a line."""
    claimed = sum(score.claimed for score in scores)
    return (
        f"{name:<28}{len(scores):>4} questions"
        f"  precision {fmean(s.precision for s in scores):.3f}"
        f"  recall {fmean(s.recall for s in scores):.3f}"
        f"  F1 {fmean(s.f1 for s in scores):.3f}"
        f"  exact {sum(not s.wrong for s in scores)}"
        f"  evidence {sum(s.supported for s in scores) / max(1, claimed):.3f}"
    )
