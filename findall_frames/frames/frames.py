"""The tables of one or more runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sized
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.asked import asked_in
from findall_frames.frames.compare import Comparison, compare
from findall_frames.frames.evidence import CandidateEvidence, evidence_of
from findall_frames.frames.exports import Exports
from findall_frames.frames.rebuild import rebuild
from findall_frames.frames.schema import SCHEMAS, TABLES, conform
from findall_frames.frames.summary import summarize
from findall_frames.frames.support import find_unsupported
from findall_frames.frames.views import Views
from findall_frames.frames.warned import warnings_of
from findall_frames.frames.wide import Values, widen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FindAllFrames"]


Rows = TypeVar("Rows", bound=Sized)


class FindAllFrames(Views, Exports):
    """Four tidy tables of what one or more runs have found, and the evidence for it.

    `flatten`, `read_parquet` and the searching functions make it. Its length is the number of
    candidates. The DataFrames are yours: changing one changes neither these tables nor the next
    DataFrame that you get.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        ``"runs"``, ``"candidates"``, ``"fields"`` and ``"citations"``, with the columns of
        `findall_frames.frames.schema`.
    searches : mapping of str to FindAllSchema, optional
        What was searched, by findall_id, as far as it is known.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        The tables in Arrow.
    searches : mapping of str to FindAllSchema
        The searches.

    Notes
    -----
    The DataFrames have pandas's own nullable types: ``str``, ``Int64``, ``boolean``,
    ``category`` and ``datetime64[us, UTC]``; only ``excerpts`` is ``object``, with plain lists.
    `findall_frames.frames.schema.COLUMNS` and the README list every column with its meaning.

    DuckDB, Polars and whatever else speaks Arrow read ``tables["fields"]`` and the others as
    they are, and the frames themselves as their matches: ``duckdb.sql("SELECT * FROM frames")``.

    Without candidates the frames are false, as any container is that has nothing in it; whether
    there are frames at all says ``is None``.

    Examples
    --------
    >>> from findall_frames.frames.flatten import flatten
    >>> status = {"status": "completed", "is_active": False, "metrics": {}}
    >>> found = {
    ...     "candidate_id": "c1", "name": "Kilnworks", "url": "https://kilnworks.example/",
    ...     "match_status": "matched",
    ...     "output": {"employees": {"value": 73, "type": "enrichment"}},
    ... }
    >>> frames = flatten({
    ...     "run": {"findall_id": "findall_1", "status": status, "generator": "core"},
    ...     "candidates": [found],
    ... })
    >>> frames
    FindAllFrames: 1 match of 1 candidate, completed, findall_1
      .matches     one row per match, one column per field
      .candidates  1 row
      .fields      1 row: employees
      .citations   0 rows
      .runs        1 row
    >>> frames.matches[["name", "employees"]]
            name  employees
    0  Kilnworks         73
    >>> frames.explore()
    Explorer: 1 of 1 candidate; 1 match among 1 candidate; completed
    >>> frames.unsupported()["problem"].tolist()
    ['no citation', 'no confidence']
    >>> frames.summary()[["field", "values", "coverage"]]
           field  values  coverage
    0  employees       1       1.0
    >>> frames.compare(frames)
    Comparison: 0 added, 0 removed, 1 in both; ...
    >>> frames.to_result()["candidates"][0]["output"]["employees"]["value"]
    73
    """

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        *,
        searches: Mapping[str, FindAllSchema] | None = None,
    ) -> None:
        for name, schema in SCHEMAS.items():
            if name not in tables or not tables[name].schema.equals(schema):
                came = tables[name].schema.names if name in tables else "nothing"
                raise InvalidRequestError(
                    f"FindAllFrames needs a table {name!r} with the columns and types of "
                    f"findall_frames.frames.schema.SCHEMAS, and was given {came}. Make it with "
                    "flatten or read_parquet."
                )
        self.tables: Mapping[str, pa.Table] = MappingProxyType(
            {name: tables[name] for name in TABLES}
        )
        self.searches: Mapping[str, FindAllSchema] = MappingProxyType(dict(searches or {}))
        self._dataframes: dict[str, pd.DataFrame] = {}

    @property
    def findall_ids(self) -> tuple[str, ...]:
        """The ids of the runs."""
        return tuple(self.tables["runs"]["findall_id"].to_pylist())

    @property
    def findall_id(self) -> str:
        """The id of the run, when there is just one.

        Raises
        ------
        InvalidRequestError
            There are several, or none.
        """
        if len(self.findall_ids) != 1:
            raise InvalidRequestError(
                f"These frames hold {len(self.findall_ids)} runs, so there is no single "
                "findall_id: choose one of frames.findall_ids, and its tables with "
                "frames.for_run(findall_id)."
            )
        return self.findall_ids[0]

    @property
    def warnings(self) -> list[str]:
        """What the service warns of, such as a condition that it has not understood."""
        return warnings_of(self.tables["runs"])

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

    def wide(
        self,
        *,
        status: str | None = "matched",
        values: Values = "value",
        evidence: bool = False,
    ) -> pd.DataFrame:
        """Lay the fields out as columns: one row per candidate.

        Parameters
        ----------
        status : str or None
            Only candidates with this match_status; None for all of them.
        values : {"value", "verdict"}
            ``"value"``: what was found for each field. ``"verdict"``: for each match condition
            whether it is met (boolean; a bare yes, no, true or false counts as a verdict), and
            for each enrichment its value, as it has no verdict.
        evidence : bool
            Put ``<field>_confidence``, ``<field>_excerpt`` and ``<field>_source`` behind each
            field: how sure the service is, and the passage and address of the citation that
            supports it best.

        Returns
        -------
        pandas.DataFrame
            ``findall_id`` if there are several runs; ``name``, ``url``, ``description``;
            ``match_status`` if `status` is None; the fields in the order of the search, then
            those that it does not ask for; ``candidate_id``.

            A field has the type that its JSON Schema declares (``Int64``, ``Float64``,
            ``boolean``, ``datetime64``, ``str``). Where none is declared, it has a type other
            than ``str`` only if all of its values do and none would be written differently:
            ``"007"``, ``"1e5"`` and ``"NaN"`` stay text. Lists and objects are JSON text.

        Raises
        ------
        InvalidRequestError
            There is no such `status` or kind of `values`.

        Warns
        -----
        FindAllWarning
            A field is called like another column and got a new name; or its values do not have
            the declared type, so that it stays text.
        """
        return widen(self.tables, self.searches, status=status, values=values, evidence=evidence)

    def rows_of(self, data: Rows) -> Rows:
        """Take the rows of your own data that matched, whole and in the order of the matches.

        Parameters
        ----------
        data : pandas.DataFrame, pyarrow.Table or polars.DataFrame
            What was given to `local`, or the same file read in the same order.

        Returns
        -------
        same type as `data`
            All columns; of a DataFrame with its own index.

        Raises
        ------
        InvalidRequestError
            The matches are no rows of own data, `data` has more or fewer rows than what was
            searched, or there are several runs, whose data may differ.

        Examples
        --------
        >>> import findall_frames as ff
        >>> import pandas as pd
        >>> cities = pd.DataFrame(
        ...     {"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]}, index=["a", "b"]
        ... )
        >>> with ff.local(cities) as client:
        ...     frames = ff.find_all("country = 'Italy'", client=client, progress=False)
        >>> frames.rows_of(cities)
           name country
        b  Rome   Italy
        """
        self._demand(self.findall_id)
        candidates = self.tables["candidates"]
        rows = candidates.filter(pc.equal(candidates["match_status"], "matched"))["row"]
        if rows.null_count:
            raise InvalidRequestError(
                f"{rows.null_count} of {len(rows)} matches are no rows of own data: rows_of is "
                "for what ff.local(...) or findall-frames serve has searched."
            )
        if not (hasattr(data, "iloc") or hasattr(data, "take") or hasattr(data, "row")):
            raise InvalidRequestError(
                "rows_of takes a DataFrame, an Arrow table or a Polars DataFrame, not "
                f"{type(data).__name__}. Read a file first, in the order in which it stands."
            )
        positions = rows.to_pylist()
        said = json.loads(self.tables["runs"]["extra"][0].as_py() or "{}")
        size = said.get("metrics", {}).get("rows") or max(positions, default=-1) + 1
        if size != len(data):
            raise InvalidRequestError(
                f"The data that was searched has {size:,} rows; this has {len(data):,}. Pass what "
                "was searched, with its rows in the same order."
            )
        taken: Rows
        if hasattr(data, "iloc"):
            taken = data.iloc[positions]
        elif hasattr(data, "take"):
            taken = data.take(positions)
        else:
            taken = data[positions]  # type: ignore[index]
        return taken

    def evidence(self, candidate: str) -> CandidateEvidence:
        """Show everything behind one candidate, to be read or, in its ``table``, worked with.

        Parameters
        ----------
        candidate : str
            Its name or its candidate_id.

        Raises
        ------
        InvalidRequestError
            No candidate, or more than one, is called so.
        """
        return evidence_of(self.tables, candidate)

    def unsupported(self, *, status: str | None = "matched") -> pd.DataFrame:
        """List the values that their citations do not support well, one row per problem.

        Parameters
        ----------
        status : str or None
            Only candidates with this match_status; None for all of them.

        Returns
        -------
        pandas.DataFrame
            ``findall_id``, ``candidate_id``, ``name``, ``field``, ``value``, ``problem``
            (category) and ``detail``. The problems, the gravest first:

            - ``no citation``: there is no source;
            - ``no excerpt``: there are sources, and none is quoted;
            - ``value not in excerpt``: no excerpt says the value, or the parts of it that
              ``detail`` names. Case and spaces do not matter; numbers may have separators or a
              magnitude, and dates may be written out. Yes, no, true and false are not sought;
            - ``low confidence``, ``no confidence``: as the service says;
            - ``one domain``: all sources are on the host in ``detail``;
            - ``one source for all``: the address in ``detail`` is the only source of the whole
              candidate.

        Raises
        ------
        InvalidRequestError
            There is no such `status`.
        """
        return find_unsupported(self.tables, status=status)

    def summary(self) -> pd.DataFrame:
        """Say for each field how much is known, and how well, one row per field.

        Returns
        -------
        pandas.DataFrame
            ``field``, ``kind``; ``candidates``: how many it could have a value for (the matched
            ones for an enrichment, else all that were evaluated); ``values``: how many have one;
            ``coverage``: the share of those candidates that have; ``match_rate``: the share of
            verdicts that are positive; ``low_confidence``, ``medium_confidence``,
            ``high_confidence``: how many of each; ``citations_per_value``; ``domains``: how many
            different hosts are cited. Counts are ``Int64``, shares ``Float64`` from 0 to 1.
        """
        return summarize(self.tables, asked=asked_in(self.tables["runs"], self.searches))

    def compare(self, new: FindAllFrames) -> Comparison:
        """Show what a newer search says otherwise than this one.

        Two candidates are the same when their addresses are (but for scheme, ``www.``, trailing
        slash, fragment and tracking parameters), else when their names are (but for case,
        accents and punctuation). Where that does not tell which is which, nothing is guessed:
        see ``doubts``.

        Returns
        -------
        Comparison
            Tables of what was added, what was removed, and what changed.
        """
        return compare(self.tables, new.tables)

    def to_result(self, findall_id: str | None = None) -> dict[str, Any]:
        """Rebuild the result of a run, value for value, as decoded JSON.

        What was null, absent or empty in the result is null or empty in this one.

        Parameters
        ----------
        findall_id : str, optional
            The run; it can be left out when there is just one.

        Raises
        ------
        InvalidRequestError
            The run is not in these frames, or there are several to choose from.
        """
        findall_id = self.findall_id if findall_id is None else findall_id
        self._demand(findall_id)
        return rebuild(self.tables, findall_id=findall_id)

    def for_run(self, findall_id: str) -> FindAllFrames:
        """Take one run out of several.

        Raises
        ------
        InvalidRequestError
            The run is not in these frames.
        """
        self._demand(findall_id)
        tables = {
            name: conform(table.filter(pc.field("findall_id") == findall_id), name=name)
            for name, table in self.tables.items()
        }
        search = self.searches.get(findall_id)
        return FindAllFrames(tables, searches={findall_id: search} if search else None)

    @classmethod
    def concat(cls, frames: Iterable[FindAllFrames]) -> FindAllFrames:
        """Stack the frames of different runs.

        Raises
        ------
        InvalidRequestError
            The same run is in two of them.
        """
        frames = list(frames)
        ids = [findall_id for each in frames for findall_id in each.findall_ids]
        twice = sorted({findall_id for findall_id in ids if ids.count(findall_id) > 1})
        if twice:
            raise InvalidRequestError(
                f"The run {twice[0]!r} is in more than one of the frames, so that its rows would "
                "not be unique: leave the older ones out."
            )
        tables = {
            name: conform(
                pa.concat_tables([schema.empty_table(), *(each.tables[name] for each in frames)]),
                name=name,
            )
            for name, schema in SCHEMAS.items()
        }
        searches = {key: search for each in frames for key, search in each.searches.items()}
        return cls(tables, searches=searches)

    def __reduce__(self) -> tuple[Any, ...]:
        # What is searched in other processes comes back by pickle.
        return _unpickle, (dict(self.tables), dict(self.searches))

    def __len__(self) -> int:
        return int(self.tables["candidates"].num_rows)

    def _demand(self, findall_id: str) -> None:
        if findall_id not in self.findall_ids:
            raise InvalidRequestError(
                f"There is no run {findall_id!r} in these frames; they hold "
                f"{', '.join(self.findall_ids) or 'none'}."
            )


def _unpickle(
    tables: Mapping[str, pa.Table], searches: Mapping[str, FindAllSchema]
) -> FindAllFrames:
    return FindAllFrames(tables, searches=searches)
