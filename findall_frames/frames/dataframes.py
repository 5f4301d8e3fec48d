"""The tables of runs as DataFrames: each of the five, and the matches in a wide table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from findall_frames.api.models import FindAllSchema
from findall_frames.display.matches import match_count
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.convert import (
    arrow_of,
    insert_lists,
    pandas_metadata,
    records_of,
    to_dataframe,
)
from findall_frames.frames.schema import TABLES, checked_tables
from findall_frames.frames.wide import Values, widen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PandasTables"]


class PandasTables:
    """The part of `FindAllFrames` that holds the tables and returns them as DataFrames."""

    def __init__(
        self, tables: Mapping[str, pa.Table], *, searches: Mapping[str, FindAllSchema] | None
    ) -> None:
        self._tables = checked_tables(tables)
        self.tables: Mapping[str, pa.Table] = MappingProxyType(self._tables)
        self.searches: Mapping[str, FindAllSchema] = MappingProxyType(dict(searches or {}))
        self._dataframes: dict[str, pd.DataFrame] = {}

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run: what was asked, how it ended, how much it found."""
        return self.to_pandas("runs")

    @property
    def candidates(self) -> pd.DataFrame:
        """One row per candidate: name, url, domain, description, match_status."""
        return self.to_pandas("candidates")

    @property
    def fields(self) -> pd.DataFrame:
        """One row per candidate and output field: value, verdict, reasoning, confidence."""
        return self.to_pandas("fields")

    @property
    def citations(self) -> pd.DataFrame:
        """One row per citation behind a field: title, url, domain, excerpts."""
        return self.to_pandas("citations")

    @property
    def matches(self) -> pd.DataFrame:
        """One row per match, one typed column per field: ``wide()``."""
        return self.to_pandas("matches")

    @property
    def reviews(self) -> pd.DataFrame:
        """One row per judgement of a person: decision, corrected value, note, who and when."""
        return self.to_pandas("reviews")

    def wide(
        self,
        *,
        match_status: str | None = "matched",
        values: Values = "value",
        evidence: bool = False,
    ) -> pd.DataFrame:
        """Return one row per candidate, with the fields as columns.

        Parameters
        ----------
        match_status : str or None
            Only candidates with this match_status; None for all of them.
        values : {"value", "verdict"}
            ``"value"``: what was found for each field. ``"verdict"``: for each match condition,
            True if it is met (a bare yes, no, true or false counts as a verdict); enrichments,
            which have no verdict, keep their values.
        evidence : bool
            Add ``<field>_confidence``, ``<field>_excerpt`` and ``<field>_source`` after each
            field: how sure the service is, and passage and address of the best citation.

        Returns
        -------
        pandas.DataFrame
            ``findall_id`` if there are several runs, and ``objective`` if they differ in it;
            ``name``, ``url``, ``description``;
            ``match_status`` if `match_status` is None; the fields in the order of the search,
            then other fields; ``candidate_id``.

            A field has the type that its JSON Schema declares (``Int64``, ``Float64``,
            ``boolean``, ``datetime64``, ``str``). Where none is declared, it has a type other
            than ``str`` only if all of its values do and none would be written differently:
            ``"007"``, ``"1e5"`` and ``"NaN"`` stay text. Lists and objects are JSON text.

        Raises
        ------
        InvalidRequestError
            There is no such `match_status` or kind of `values`.

        Warns
        -----
        FindAllWarning
            A field was renamed because it has the name of another column, or stays text because
            a value does not have the declared type.
        """
        return widen(
            self.tables,
            self.searches,
            match_status=match_status,
            values=values,
            evidence=evidence,
        )

    def to_pandas(
        self, name: str, *, dtype_backend: Literal["numpy_nullable", "pyarrow"] = "numpy_nullable"
    ) -> pd.DataFrame:
        """Return one of the tables as a DataFrame.

        Parameters
        ----------
        name : str
            ``"matches"``, ``"runs"``, ``"candidates"``, ``"fields"``, ``"citations"`` or
            ``"reviews"``.
        dtype_backend : {"numpy_nullable", "pyarrow"}
            ``"numpy_nullable"``: the types that ``frames.candidates`` and the others have.
            ``"pyarrow"``: `pandas.ArrowDtype` for every column, sharing the memory of
            ``frames.tables``. pandas can write lists of excerpts of that kind to Parquet, but
            not read them again.

        Raises
        ------
        InvalidRequestError
            There is no such table or backend.
        """
        if name not in ("matches", *TABLES):
            raise InvalidRequestError(
                f"There is no table {name!r}; the tables are matches, {', '.join(TABLES)}."
            )
        if dtype_backend not in ("numpy_nullable", "pyarrow"):
            raise InvalidRequestError(
                f"dtype_backend is 'numpy_nullable' or 'pyarrow', not {dtype_backend!r}."
            )
        if dtype_backend == "pyarrow":
            import pandas as pd

            table = arrow_of(self._wide()) if name == "matches" else self.tables[name]
            arrow: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
            return arrow
        if name == "matches":
            return self._wide().copy(deep=False)
        if name == "reviews":
            return to_dataframe(self.tables[name])  # it may change
        if name not in self._dataframes:
            self._dataframes[name] = to_dataframe(self.tables[name])
        # Copy-on-write protects the original from edits, except in the lists.
        return insert_lists(self._dataframes[name].copy(deep=False), table=self.tables[name])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the matches to whatever speaks Arrow, such as ``polars.DataFrame(frames)``."""
        wide = self._wide()
        table = arrow_of(wide).replace_schema_metadata(pandas_metadata(wide.iloc[:0]))
        return table.__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the matches as dicts."""
        return records_of(self._wide())

    def __len__(self) -> int:
        return match_count(self.tables)

    def _wide(self) -> pd.DataFrame:
        if "matches" not in self._dataframes:
            self._dataframes["matches"] = self.wide()
        return self._dataframes["matches"]
