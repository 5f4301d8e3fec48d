"""The tables of one or more runs, and what can be done with them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, UnsetType

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.compare import Comparison, compare
from findall_frames.frames.evidence import (
    CandidateEvidence,
    evidence_of,
    find_unsupported,
    summarize,
)
from findall_frames.frames.lookup import CandidateKey, requested_in, tables_as_text, warnings_in
from findall_frames.frames.own_rows import RowsT, searched_rows
from findall_frames.frames.parquet import read_folder
from findall_frames.frames.plotting import Plots
from findall_frames.frames.rebuild import rebuild
from findall_frames.frames.reviews import (
    KeepReview,
    ReviewRow,
    accepted_matches,
    checked_review,
    recorded,
)
from findall_frames.frames.schema import stacked, tables_of_run
from findall_frames.frames.writing import WritableTables

if TYPE_CHECKING:
    import pandas as pd

    from findall_frames.display.explorer import Explorer

__all__ = ["FindAllFrames", "RunStore", "read_frames"]


class RunStore(Protocol):
    """What runs can be appended to: a `Lake`."""

    @property
    def path(self) -> Path:
        """The folder of the lake."""

    def append(self, frames: FindAllFrames) -> None:
        """Add the runs of some frames."""


class FindAllFrames(WritableTables):
    """Five tidy tables: what one or more runs found, the evidence for it, and what people judged.

    Returned by `flatten`, `read_parquet` and the searching functions. The DataFrames are yours:
    changing one changes neither these tables nor the next DataFrame that you get. Only `review`
    changes these tables, and only ``reviews``.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        ``"runs"``, ``"candidates"``, ``"fields"``, ``"citations"`` and ``"reviews"`` (by default
        empty) in Arrow, with the columns of `findall_frames.frames.schema`.
    searches : mapping of str to FindAllSchema, optional
        The searches by findall_id, as far as they are known. Both are attributes as well; the
        one of the tables always has the current reviews.
    keep : callable, optional
        Called with each new judgement and the base URL of the service of its run. The searching
        functions pass one that adds it to the ledger of this machine. It is not pickled.
    taken_back : iterable of ReviewRow
        Judgements that were taken back; also an attribute.

    Notes
    -----
    The DataFrames have pandas's own nullable types: ``str``, ``Int64``, ``boolean``,
    ``category`` and ``datetime64[us, UTC]``; only ``excerpts`` is ``object``, with plain lists.
    `findall_frames.frames.schema.COLUMNS` lists every column with its meaning.

    DuckDB, Polars and whatever else speaks Arrow read ``tables["fields"]`` and the other tables
    as they are, and the frames themselves as their matches:
    ``duckdb.sql("SELECT * FROM frames")``. Iterating yields the matches as dicts, so that
    ``pandas.DataFrame(frames)`` works too; pandas then infers the types from the values, and
    ``frames.matches`` is better.

    So ``len(frames)`` is the number of matches, and frames without a match are false. To test
    whether there are frames at all, use ``is None``.

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
        keep: KeepReview | None = None,
        taken_back: Iterable[ReviewRow] = (),
    ) -> None:
        super().__init__(tables, searches=searches)
        self._keep = keep
        self._taken_back = {each.key: each for each in taken_back}
        self._recording = threading.Lock()
        self._explorers: WeakSet[Explorer] = WeakSet()

    @property
    def taken_back(self) -> tuple[ReviewRow, ...]:
        """The judgements that were taken back, which are not in ``reviews``; a lake needs them."""
        return tuple(self._taken_back.values())

    @property
    def findall_ids(self) -> tuple[str, ...]:
        """The ids of the runs."""
        return tuple(self.tables["runs"]["findall_id"].to_pylist())

    @property
    def findall_id(self) -> str:
        """The id of the run, if there is exactly one.

        Raises
        ------
        InvalidRequestError
            There are several runs, or none.
        """
        if len(self.findall_ids) != 1:
            raise InvalidRequestError(
                f"These frames hold {len(self.findall_ids)} runs, so there is no single "
                "findall_id: choose one of frames.findall_ids, and take its tables with "
                "frames.for_run(findall_id)."
            )
        return self.findall_ids[0]

    @property
    def warnings(self) -> list[str]:
        """Warnings of the service, such as about a condition that it has not understood.

        Equal ones of several runs are one, which names the searches.
        """
        return warnings_in(self.tables["runs"])

    @property
    def accepted(self) -> pd.DataFrame:
        """The candidates that a person accepted, whatever the service said of them.

        The columns are those of ``matches``, and so are their types where the values fit. A
        corrected field has the correction, a rejected one without a correction is missing. A
        corrected field that no match has is a further column.

        Warns
        -----
        FindAllWarning
            As `wide` does: a column was renamed, or stays text because a value does not fit.
        """
        return accepted_matches(self.tables, self.searches)

    def review(
        self,
        candidate: str | CandidateKey,
        decision: str | UnsetType | None = UNSET,
        *,
        field: str | None = None,
        value: object = UNSET,
        note: str | UnsetType | None = UNSET,
        reviewer: str | None = None,
    ) -> None:
        """Record what you judge of a candidate, or of one of its fields, in these frames.

        This is the only thing that changes frames in place: an explorer that is open and the
        next cell see it at once. Of an earlier judgement of the same candidate and field, what
        is not passed stays: a new decision keeps the note. ``frames.matches`` stays what the
        service found.

        Parameters
        ----------
        candidate : str or tuple of (str, str)
            Its name or its candidate_id, or its findall_id and candidate_id.
        decision : {"accept", "reject", "unsure"} or None, optional
            None takes an earlier decision back.
        field : str, optional
            The field that is judged; by default the candidate as a whole.
        value : str, number, bool, date, list or dict, optional
            The correct value of the field. None or ``""`` takes an earlier correction back.
        note : str, optional
            Anything else to be remembered. None or ``""`` takes an earlier note back.
        reviewer : str, optional
            Who judges; by default the environment variable ``FINDALL_FRAMES_REVIEWER``, else the
            name of the login.

        Raises
        ------
        InvalidRequestError
            No candidate, or more than one, has that name or id; there is no such decision or
            field; or the value is not of the type that the search declares, or that the column
            of the field in ``frames.matches`` has. Nothing is recorded.

        Warns
        -----
        LedgerWarning
            The ledger of this machine cannot be written; the judgement is in these frames.

        Notes
        -----
        The frames that the searching functions return also add it to the ledger, from which
        `resume` restores it. ``for_run`` and ``concat`` return frames with reviews of their own.

        Examples
        --------
        >>> import findall_frames as ff
        >>> import pandas as pd
        >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
        >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
        >>> frames.review("Rome", "unsure", note="seen on the map", reviewer="Ada")
        >>> frames.review("Rome", "accept", reviewer="Ada")
        >>> frames.reviews[["decision", "note", "reviewer"]].iloc[0].tolist()
        ['accept', 'seen on the map', 'Ada']
        >>> frames.accepted["name"].tolist()
        ['Rome']
        """
        with self._recording:
            review = checked_review(
                self.tables,
                self.searches,
                candidate,
                decision,
                field=field,
                value=value,
                note=note,
                reviewer=reviewer,
            )
            self._tables["reviews"], review = recorded(self._tables["reviews"], review)
            self._taken_back.pop(review.key, None)
            if review.is_empty:
                self._taken_back[review.key] = review
        if self._keep is not None:
            runs = self.tables["runs"].filter(pc.field("findall_id") == review.findall_id)
            service = runs["service"][0].as_py()
            if service is not None:
                self._keep(review, service)
        for explorer in list(self._explorers):
            explorer.update()

    def rows_of(self, data: RowsT) -> RowsT:
        """Return the rows of your own data that matched, whole and in the order of the matches.

        Parameters
        ----------
        data : pandas.DataFrame, pyarrow.Table or polars.DataFrame
            What was passed to `local`, or the same file read in the same order.

        Returns
        -------
        same type as `data`
            All columns; a DataFrame keeps its own index. A row that matched in several runs is
            there once.

        Raises
        ------
        InvalidRequestError
            The matches are not rows of own data, or `data` is not what each of the runs has
            searched: it has another number of rows, or one of these lacks the name of the match
            or what was cited from it.

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
        return searched_rows(self.tables, data)

    def evidence(self, candidate: str | CandidateKey) -> CandidateEvidence:
        """Return everything behind one candidate: text to read, and a ``table`` to work with.

        Parameters
        ----------
        candidate : str or tuple of (str, str)
            Its name or its candidate_id, for what all runs that have it say; or its findall_id
            and candidate_id.

        Raises
        ------
        InvalidRequestError
            No candidate, or more than one, has that name or id. Those of several runs are one if
            their addresses agree.
        """
        return evidence_of(self.tables, candidate)

    def unsupported(self, *, match_status: str | None = "matched") -> pd.DataFrame:
        """Return the values that their citations do not support well, one row per problem.

        Parameters
        ----------
        match_status : str or None
            Only candidates with this match_status; None for all of them.

        Returns
        -------
        pandas.DataFrame
            ``findall_id``, ``candidate_id``, ``name``, ``field``, ``value``, ``problem``
            (category) and ``detail``. The problems, the most serious first:

            - ``no citation``: there is no source;
            - ``no excerpt``: there are sources, and none is quoted;
            - ``value not in excerpt``: no excerpt mentions the value, or the parts of it in
              ``detail``. Case and spaces do not matter; numbers may have separators or a
              magnitude, and dates may be written out. Yes, no, true and false are not looked for;
            - ``low confidence``, ``no confidence``: according to the service;
            - ``one domain``: all sources are on the host in ``detail``;
            - ``one source for all``: the address in ``detail`` is the only source of the whole
              candidate.

            The last two are about web pages: a value from your own data has one row behind it.

        Raises
        ------
        InvalidRequestError
            There is no such `match_status`.
        """
        return find_unsupported(self.tables, match_status=match_status)

    def summary(self) -> pd.DataFrame:
        """Return how much is known about each field, and how well, one row per field.

        Returns
        -------
        pandas.DataFrame
            ``field``, ``kind``; ``candidates``: how many could have a value (the matched ones for
            an enrichment, else all that were evaluated); ``values``: how many have one;
            ``coverage``: the share of those candidates that have one; ``match_rate``: the share
            of verdicts that are positive, missing if candidates are (own data keeps the matches
            and up to 100 other rows); ``low_confidence``, ``medium_confidence``,
            ``high_confidence``: how many of each; ``citations_per_value``; ``domains``: how many
            different hosts are cited. Counts are ``Int64``, shares ``Float64`` from 0 to 1.
        """
        return summarize(self.tables, requested=requested_in(self.tables["runs"], self.searches))

    def compare(self, new: FindAllFrames) -> Comparison:
        """Return what was added, removed and changed in a newer search.

        Two candidates are the same if run and candidate_id are, else if their addresses are
        (ignoring scheme, ``www.``, trailing slash, fragment and tracking parameters), else if
        their names are (ignoring case, accents and punctuation). Where that is ambiguous, nothing
        is guessed: see ``doubts``. What is new to review, and which accepted candidates changed,
        is in ``to_review``.

        Raises
        ------
        InvalidRequestError
            `new` is not `FindAllFrames`.
        """
        if not isinstance(new, FindAllFrames):
            raise InvalidRequestError(
                f"compare takes the FindAllFrames of a newer search, not {type(new).__name__}. "
                "Pass the frames themselves, not one of their tables."
            )
        return compare(self.tables, new.tables)

    def explore(self) -> Explorer:
        """Browse the candidates in a notebook: search, filters, evidence and reviews.

        Returns
        -------
        Explorer
            A widget, shown by a cell that ends in it. ``left`` and ``chosen`` hold what was
            found with it, by findall_id and candidate_id. Where widgets cannot be shown, there
            is a table and a hint.
        """
        # Loading the widgets takes longer than everything that the tables need.
        from findall_frames.display.explorer import Explorer

        explorer = Explorer(
            self.tables, searches=self.searches, reviews=self._reviews, review=self.review
        )
        self._explorers.add(explorer)
        return explorer

    @property
    def plot(self) -> Plots:
        """Plots of the tables: ``frames.plot.funnel()`` and others; needs the extra ``plot``."""
        return Plots(self.tables)

    def to_result(self, findall_id: str | None = None) -> dict[str, Any]:
        """Rebuild the result of a run, value for value, as decoded JSON.

        What was null, absent or empty in the result is null or empty in this one.

        Parameters
        ----------
        findall_id : str, optional
            The run; may be left out if there is only one.

        Raises
        ------
        InvalidRequestError
            The run is not in these frames, or there are several to choose from.
        """
        findall_id = self.findall_id if findall_id is None else findall_id
        self._check_run(findall_id)
        return rebuild(self.tables, findall_id=findall_id)

    def for_run(self, findall_id: str) -> FindAllFrames:
        """Return the frames of one run out of several.

        Raises
        ------
        InvalidRequestError
            The run is not in these frames.
        """
        self._check_run(findall_id)
        tables = tables_of_run(self.tables, findall_id)
        search = self.searches.get(findall_id)
        searches = {findall_id: search} if search else None
        taken_back = [each for each in self.taken_back if each.findall_id == findall_id]
        return FindAllFrames(tables, searches=searches, keep=self._keep, taken_back=taken_back)

    @classmethod
    def concat(cls, frames: Iterable[FindAllFrames]) -> FindAllFrames:
        """Stack the frames of different runs.

        Raises
        ------
        InvalidRequestError
            The same run is in two of them.
        """
        frames = list(frames)
        tables = stacked([each.tables for each in frames])
        searches = {key: search for each in frames for key, search in each.searches.items()}
        keep = next((each._keep for each in frames if each._keep is not None), None)
        taken_back = [row for each in frames for row in each.taken_back]
        return cls(tables, searches=searches, keep=keep, taken_back=taken_back)

    def append_to(self, lake: RunStore) -> None:
        """Add these runs to a lake, all of them or none.

        A run that the lake has already is replaced, except for its reviews: the latest of each
        candidate and field stands, whichever frames it came with. Searches of `find_many` for
        which there is no run are left out. If this process is killed, the same call completes it.

        Parameters
        ----------
        lake : Lake
            From `open_lake`.

        Raises
        ------
        InvalidRequestError
            `lake` is not a lake, a run is there twice, or rows belong to none of the runs.
        LakeError
            The folder can't be written.

        Examples
        --------
        >>> import tempfile
        >>> import findall_frames as ff
        >>> from findall_frames.frames.schema import empty_tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     FindAllFrames(empty_tables()).append_to(ff.open_lake(folder))
        """
        if not hasattr(lake, "append") or not hasattr(lake, "path"):
            raise InvalidRequestError(
                f"append_to takes a lake, not {lake!r}. Open it first: "
                "frames.append_to(ff.open_lake('folder'))."
            )
        lake.append(self)

    def __repr__(self) -> str:
        return tables_as_text(self.tables)

    def __reduce__(self) -> tuple[Any, ...]:
        # Searches in other processes return their frames by pickle, which takes no mapping proxy.
        build = partial(
            FindAllFrames, searches=dict(self.searches), taken_back=list(self.taken_back)
        )
        return build, (dict(self.tables),)

    def _check_run(self, findall_id: str) -> None:
        if findall_id not in self.findall_ids:
            raise InvalidRequestError(
                f"There is no run {findall_id!r} in these frames; they hold "
                f"{', '.join(self.findall_ids) or 'none'}."
            )


def read_frames(folder: str | PathLike[str]) -> FindAllFrames:
    """Read what `to_parquet` has written as `findall_frames.read_parquet` does, without the ledger.

    The tables are exactly as they were.

    >>> import tempfile
    >>> from findall_frames.frames.schema import empty_tables
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(read_frames(FindAllFrames(empty_tables()).to_parquet(folder)))
    0
    """
    tables, searches = read_folder(folder)
    return FindAllFrames(tables, searches=searches)
