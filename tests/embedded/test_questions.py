"""The questions with known answers, and their tables."""

from __future__ import annotations

from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.support.questions.measuring import KINDS, TABLES, questions


def test_question_ids_are_unique() -> None:
    """Replies and reports refer to them."""
    assert [name for name, times in Counter(q.id for q in questions()).items() if times > 1] == []


def test_there_are_enough_questions_over_enough_tables() -> None:
    """They were drawn blindly from 1,457, at most four of a kind over one table."""
    asked = questions()
    assert {kind: len(questions(kind)) for kind in KINDS} == {
        "columns": 50,
        "prose": 30,
        "objectives": 40,
    }
    assert max(Counter((q.kind, q.table) for q in asked).values()) <= 4
    assert len({q.table for q in asked}) > 60


@pytest.mark.parametrize("table", sorted({q.table for q in questions()}))
def test_the_right_rows_are_in_the_table(table: str) -> None:
    """And nothing in the file reveals them."""
    file = pq.read_table(TABLES / f"{table}.parquet")
    asked = [question for question in questions() if question.table == table]
    assert max((max(q.rows, default=0) for q in asked), default=0) < len(file)
    assert not file.schema.metadata
    assert not [name for name in file.column_names if name.startswith("true_")]


def test_every_table_has_a_question() -> None:
    """Tables without one would only take up space."""
    files = {str(path.relative_to(TABLES).with_suffix("")) for path in TABLES.rglob("*.parquet")}
    assert files == {q.table for q in questions()}
