"""Readings: how a service over your own data understands conditions."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct, field

from findall_frames.api.models import FindAllSchema

__all__ = ["Confidence", "DraftedSchema", "Explained", "Reader", "Reading", "Status", "Top"]

Status: TypeAlias = Literal["sql", "ask", "mention", "unanswerable", "not_understood"]
Reader: TypeAlias = Literal["sql", "plain", "model"]
Confidence: TypeAlias = Literal["low", "medium", "high"]


class Top(Struct, frozen=True):
    """The first rows by an expression, of those that meet all other conditions.

    Attributes
    ----------
    by : str
        A DuckDB expression over one row.
    n : int
        Number of rows; ties with the last one are included.
    descending : bool
        True if the largest values come first.
    """

    by: str
    n: int
    descending: bool = True


class Reading(Struct, frozen=True, kw_only=True):
    """How one condition was understood.

    Attributes
    ----------
    name, description : str
        The condition as it was written.
    status : {"sql", "ask", "mention", "unanswerable", "not_understood"}
        How rows are evaluated: by `sql` and `top`, by a model that is asked about each row, by a
        full-text search for `keywords`, or not at all.
    sql : str or None
        One boolean DuckDB expression over the columns of a row.
    top : Top or None
        Applied after all other conditions. With status ``"sql"``, `sql`, `top` or both are set.
    ask : str or None
        A yes/no question about the text of a row.
    keywords : tuple of str
        Words for the full-text search.
    assumptions : tuple of str
        Such as ``"sales are in billions of dollars"``.
    confidence : {"low", "medium", "high"}
        Confidence in the reading, not in any verdict.
    reader : {"sql", "plain", "model"}
        What read the condition.
    note : str
        Why it was not understood, and what to write instead; or a remark.
    """

    name: str
    description: str
    status: Status
    reader: Reader
    sql: str | None = None
    top: Top | None = None
    ask: str | None = None
    keywords: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    confidence: Confidence = "high"
    note: str = ""

    @property
    def is_usable(self) -> bool:
        """True if rows can be evaluated by this reading."""
        return self.status in {"sql", "ask", "mention"}

    @property
    def as_sql(self) -> str | None:
        """The SQL that decides it, with the rank if there is one; None if no SQL does."""
        if self.top is None:
            return self.sql
        order = "DESC" if self.top.descending else "ASC"
        rank = f"ORDER BY {self.top.by} {order} LIMIT {self.top.n}"
        return f"{self.sql} {rank}" if self.sql else rank

    def describe(self) -> str:
        """Return the reading as one line, for drafts and warnings.

        Examples
        --------
        >>> Reading(
        ...     name="large", description="over 5 km", status="sql", reader="plain", sql="km > 5"
        ... ).describe()
        'km > 5'
        """
        parts: list[str] = []
        if self.sql is not None:
            parts.append(self.sql)
        if self.top is not None:
            order = "largest" if self.top.descending else "smallest"
            parts.append(f"the {self.top.n} {order} by {self.top.by}")
        if self.ask is not None:
            parts.append(f"asked of each row: {self.ask}")
        if self.status == "mention":
            parts.append(f"the text mentions {' and '.join(map(repr, self.keywords))}")
        if not self.is_usable:
            parts.append(f"{self.status.replace('_', ' ')}: {self.note}")
        return "; ".join(parts)


class Explained(Reading, frozen=True, kw_only=True):
    """A reading with its outcome over the data.

    Attributes
    ----------
    columns : tuple of str
        The columns that it refers to.
    true, false, unknown : int or None
        Numbers of rows; None if only a model or the full-text search can count them.
    """

    columns: tuple[str, ...] = ()
    true: int | None = None
    false: int | None = None
    unknown: int | None = None

    def summary(self) -> str:
        """Return the reading with its counts as one line, for drafts.

        Examples
        --------
        >>> Explained(
        ...     name="large", description="over 5 km", status="sql", reader="plain",
        ...     sql="km > 5", true=3, false=6, unknown=1,
        ... ).summary()
        'read as km > 5: 3 of 10 rows, 1 unknown'
        """
        if not self.is_usable:
            return self.describe()
        counts = ""
        if self.true is not None and self.false is not None:
            unknown = f", {self.unknown:,} unknown" if self.unknown else ""
            rows = self.true + self.false + (self.unknown or 0)
            counts = f": {self.true:,} of {rows:,} rows{unknown}"
        return f"read as {self.describe()}{counts}"


class DraftedSchema(FindAllSchema, frozen=True, kw_only=True):
    """A drafted schema with the readings of its conditions; the hosted API sends no readings."""

    readings: list[Explained] = field(default_factory=list)
