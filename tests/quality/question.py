"""What a question of the evaluation set is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

__all__ = ["Question", "holds"]


class Question(NamedTuple):
    """A question as a person would write it, and the rows that answer it.

    Attributes
    ----------
    corpus : str
        A table of ``tests/tables``, or ``"packages"``.
    text : str
        A condition, or an objective.
    truth : callable
        Takes the table and says of each row whether it answers, as a pandas expression.
    """

    corpus: str
    text: str
    truth: Callable[[pd.DataFrame], Any]


def holds(column: Any, item: str) -> Any:
    """Of each list in a column, whether it holds an item; a missing list does not."""
    return column.map(lambda values: not isinstance(values, float | None) and item in values)
