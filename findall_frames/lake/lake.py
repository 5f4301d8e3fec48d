"""`Lake`: the runs of a team in one folder, and queries over all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import duckdb

from findall_frames.api.client import Client
from findall_frames.api.models import ExcludeCandidate
from findall_frames.display.text import counted
from findall_frames.errors import FindAllWarning, InvalidRequestError, LakeError, warn
from findall_frames.frames.convert import to_dataframe
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import TABLES
from findall_frames.lake.across import (
    PastRun,
    entities_in,
    matches_in,
    past_runs,
    same_question,
)
from findall_frames.lake.appended import appended_frames
from findall_frames.lake.compaction import compact_files
from findall_frames.lake.publishing import publish_delta
from findall_frames.lake.refreshing import KnownSearch, refreshed
from findall_frames.lake.saved import SavedSearches
from findall_frames.lake.snapshot import Snapshot
from findall_frames.lake.storage import DATA_TABLES, Storage
from findall_frames.lake.views import Views
from findall_frames.progress.displays import Display, Progress
from findall_frames.running.arguments import MOST_EXCLUDED, UNSET
from findall_frames.running.spec import Search
from findall_frames.search import check_understood
from findall_frames.services import is_own_data, service_for

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lake", "open_lake"]

_ID: Final = re.compile(r"findall_\S+")


class Lake:
    """The runs of a team, or of a year, in one folder of Parquet files.

    Returned by `open_lake`. Any number of processes may read, append and compact at once, on a
    disk that they share. Each of the attributes and methods sees the lake as it is at that moment:
    whole runs only, and of a run that was appended several times the last one.

    Attributes
    ----------
    path : pathlib.Path
        The folder.
    runs, candidates, fields, citations, reviews : duckdb.DuckDBPyRelation
        The tables, with the columns that `FindAllFrames` documents. They are lazy: filters and
        the choice of columns reach the files, and nothing else is read. A relation can be used for
        a day; files that were compacted meanwhile may then be gone.
    searches : dict of str to Search
        The saved searches by name, in alphabetical order. Each is a file
        ``searches/<name>.json`` in the folder, which may be edited or deleted.

    Examples
    --------
    >>> import tempfile
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> folder = tempfile.TemporaryDirectory()
    >>> lake = ff.open_lake(folder.name)
    >>> ff.find_all("country = 'Italy'", data=cities, progress=False).append_to(lake)
    >>> ff.find_all("country = 'Norway'", data=cities, progress=False).append_to(lake)
    >>> lake.candidates.filter("match_status = 'matched'").select("name").df()
       name
    0  Rome
    1  Oslo
    >>> lake.sql("SELECT count(*) AS runs FROM runs").df()
       runs
    0     2
    >>> lake.compact()
    >>> lake.frames().matches["name"].tolist()
    ['Rome', 'Oslo']
    >>> folder.cleanup()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        root = path.absolute()  # stays the same if the working directory changes
        self._storage = Storage(root)
        self._views = Views(root)
        self._saved = SavedSearches(self._storage)

    def append(self, frames: FindAllFrames) -> None:
        """Add the runs of some frames; same as ``frames.append_to(lake)``.

        All of them are added or none, even if this process is killed: then the same call
        completes it. A run that the lake has is replaced, and no reader sees half of either. Its
        reviews are kept: the latest of each candidate and field stands, whichever frames it came
        with. Searches of `find_many` for which there is no run are left out.

        Parameters
        ----------
        frames : FindAllFrames
            One or more runs.

        Raises
        ------
        InvalidRequestError
            A run is in `frames` twice, or rows belong to none of its runs.
        LakeError
            The folder can't be written.
        """
        self._storage.append(frames)

    def compact(self) -> None:
        """Merge many small files into few, which makes queries faster.

        It may run at any time, beside readers, writers and other compactions, and may be killed.
        Files that were replaced are removed by the first compaction after a day, since readers
        that listed them before may still need them; so are files that a killed writer left.

        Raises
        ------
        LakeError
            The folder can't be read or written.
        """
        compact_files(self._storage)

    @property
    def runs(self) -> duckdb.DuckDBPyRelation:
        """One row per run."""
        return self._relation("runs")

    @property
    def candidates(self) -> duckdb.DuckDBPyRelation:
        """One row per run and candidate."""
        return self._relation("candidates")

    @property
    def fields(self) -> duckdb.DuckDBPyRelation:
        """One row per run, candidate and output field."""
        return self._relation("fields")

    @property
    def citations(self) -> duckdb.DuckDBPyRelation:
        """One row per citation behind a field."""
        return self._relation("citations")

    @property
    def reviews(self) -> duckdb.DuckDBPyRelation:
        """One row per judgement of a person: the latest of each candidate and field."""
        return self._relation("reviews")

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Run a query in DuckDB SQL.

        Parameters
        ----------
        query : str
            One SELECT statement over the tables runs, candidates, fields, citations and reviews.
            It can read nothing else and change nothing, so that SQL from a colleague or a model
            does no harm.

        Returns
        -------
        duckdb.DuckDBPyRelation
            Lazy. ``.to_arrow_table()``, ``.df()`` and ``.pl()`` run it. Texts stay texts, and
            ``.df()`` makes floats of whole numbers with gaps; `frames` has the types of pandas.

        Raises
        ------
        InvalidRequestError
            It is not one SELECT statement, or DuckDB can't read it.
        LakeError
            The files can't be read.
        """
        used = [name for name in TABLES if re.search(rf"\b{name}\b", query, re.IGNORECASE)]
        connection = self._views.of(self._storage.snapshot(), dict.fromkeys(used, ()))
        try:
            kinds = [each.type.name for each in connection.extract_statements(query)]
            if kinds == ["SELECT"]:
                return connection.sql(query)
        except duckdb.Error as error:
            raise InvalidRequestError(
                f"DuckDB can't run this over the lake {str(self.path)!r}: {error}\n"
                f"The tables are {', '.join(TABLES)}."
            ) from error
        raise InvalidRequestError(
            "sql takes one SELECT statement, which may begin with WITH or FROM; this is "
            f"{', '.join(kinds) or 'none'}. A PIVOT has to name its columns: PIVOT ... ON ... IN "
            "(...). To write something, take the result: lake.sql(...).to_arrow_table()."
        )

    def frames(self, findall_id: str | Iterable[str] | None = None) -> FindAllFrames:
        """Return runs as `FindAllFrames`, as they were appended.

        Parameters
        ----------
        findall_id : str or iterable of str, optional
            Which runs; None for all of them, which have to fit into memory.

        Returns
        -------
        FindAllFrames
            The runs with their searches, the one that was appended last at the end. Of the
            reviews, only the latest of each candidate and field.

        Raises
        ------
        LakeError
            A run is not in the lake, or its files can't be read.
        """
        snapshot = self._storage.snapshot()
        asked = [findall_id] if isinstance(findall_id, str) else findall_id
        wanted = set(snapshot.newest if asked is None else asked)
        for each in wanted - snapshot.newest.keys():
            raise self._missing(each, snapshot)
        return appended_frames(snapshot, wanted)

    def entities(self, search: Search | str | None = None) -> pd.DataFrame:
        """Return the entities in the runs, each once, the most recent first.

        Two candidates are the same entity if their URLs are equal (ignoring scheme, ``www.``,
        trailing slash, fragment and tracking parameters). A candidate without a URL belongs to the
        only URL with its name (ignoring case, accents and punctuation), otherwise to the other
        candidates with that name and without a URL.

        Parameters
        ----------
        search : Search or str, optional
            Only runs with the same question: a search, the findall_id of a run, or an objective.

        Returns
        -------
        pandas.DataFrame
            ``entity`` (str): the normalized URL, or the name; ``by`` (str): ``url`` or
            ``name``; ``name``, ``url`` (str): as in its last run; ``first_seen``, ``last_seen``
            (datetime64[us, UTC]): when its first and last run were created; ``runs``,
            ``matched_runs`` (Int64): in how many it is a candidate, and a match;
            ``match_status`` (category): in its last run; ``changes`` (Int64): how often
            match_status changed from one run to the next with the same question;
            ``changed_from`` (category), ``changed_at`` (datetime64[us, UTC]): what it was before
            the last change, and when that run was created; missing if it never changed.

        Raises
        ------
        LakeError
            The run is not in the lake, or the files can't be read.

        Examples
        --------
        >>> import tempfile
        >>> import findall_frames as ff
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     list(ff.open_lake(folder).entities())
        ['entity', 'by', 'name', 'url', 'first_seen', 'last_seen', 'runs', 'matched_runs',
         'match_status', 'changes', 'changed_from', 'changed_at']
        """
        connection, runs = self._past_runs(search)
        return to_dataframe(entities_in(connection, runs))

    def known(self, search: Search | str) -> list[ExcludeCandidate]:
        """Return the entities that matched a search before, to be passed as ``exclude``.

        Parameters
        ----------
        search : Search or str
            A search, the findall_id of a run in the lake, or an objective. Runs have the same
            question if objective, entity_type and match_conditions are equal, whatever their
            limit, generator, exclusions and enrichments. An objective alone stands for all runs
            that have it.

        Returns
        -------
        list of ExcludeCandidate
            ``name`` and ``url`` of each entity, the most recent first; 10,000 at most, which is
            what the API accepts. Those without a name or a URL are left out.

        Raises
        ------
        LakeError
            The run is not in the lake, or the files can't be read.

        Warns
        -----
        FindAllWarning
            There are more than 10,000, or no run in the lake has this objective.
        """
        connection, runs = self._past_runs(search)
        if isinstance(search, str) and not runs:
            warn(
                f"No run in the lake {str(self.path)!r} has the objective {search!r:.200}, so "
                "nothing is excluded. lake.runs lists the objectives.",
                FindAllWarning,
            )
        return self._most_recent(matches_in(connection, runs))

    def _most_recent(self, known: list[ExcludeCandidate]) -> list[ExcludeCandidate]:
        """Return as many as the API accepts, and warn if there are more."""
        if len(known) > MOST_EXCLUDED:
            warn(
                f"{len(known):,} entities are known, and the API excludes at most "
                f"{MOST_EXCLUDED:,}. The {len(known) - MOST_EXCLUDED:,} that matched least "
                "recently are left out, and may be found again.",
                FindAllWarning,
            )
        return known[:MOST_EXCLUDED]

    def publish(self, path: str | PathLike[str], *, format: Literal["delta"] = "delta") -> None:
        """Publish the tables for Spark, Databricks, Fabric, Polars and others; needs ``delta``.

        Each table is a Delta table of its own, with the columns of the lake and ``write_id``:
        the write of the run that a row belongs to. There is one commit per table with changes,
        that of ``runs`` last, so a join with it on findall_id and write_id gives whole runs at any
        moment. Publishing again adds only what is new, replaces runs that were replaced in the
        lake, and completes what was interrupted. One process at a time may publish to a place.

        Parameters
        ----------
        path : str or path object
            The folder of the tables, or an address that deltalake takes, such as ``"s3://..."``.
        format : {"delta"}
            The format.

        Raises
        ------
        ExportError
            The tables can't be written there, or another program wrote them.
        MissingExtraError
            deltalake is not installed.
        InvalidRequestError
            There is no such `format`.
        LakeError
            The files of the lake can't be read.
        """
        if format != "delta":
            raise InvalidRequestError(f"format is 'delta', not {format!r}.")
        publish_delta(self._views, self._storage.snapshot(), path)

    # -- saved searches --------------------------------------------------------------------------

    @property
    def searches(self) -> dict[str, Search]:
        """The saved searches by name."""
        return self._saved.read()

    def save(
        self,
        search: Search,
        *,
        name: str,
        data: Any = UNSET,
        client: Client | None = None,
        timeout: float | None = None,
    ) -> None:
        """Save a search, to be run again and again by `refresh`.

        One that is saved under this name already is replaced. Own data, if it is passed, reads
        the conditions now, so that none is saved that a refresh would refuse.

        Parameters
        ----------
        search : Search
            The search, such as from `draft`. It must have no webhook, and no key of a tool server.
        name : str
            1 to 80 lower-case letters, digits, ``_`` and ``-``.
        data : DataFrame, path or anything else that `local` takes, optional
            Your own data that the search is for, unless `client` is given.
        client : Client, optional
            Of a service over your own data, such as ``ff.local(...)``.
        timeout : float, optional
            Seconds for reading the conditions; None waits without limit.

        Raises
        ------
        InvalidRequestError
            The search or the name is invalid, or the same search is saved under another name.
        ConditionNotUnderstoodError
            A condition could not be read, as in `find_all`; nothing is saved.
        NotFoundError
            The service of `client` cannot explain conditions, such as the hosted one.
        LakeError
            The folder can't be written.
        """
        self._saved.check(search, name=name)
        if client is not None or data is not UNSET:
            with service_for(client, data) as service:
                check_understood(search, service=service, timeout=timeout)
        self._saved.write(search, name=name)

    def refresh(
        self,
        names: str | Iterable[str] | None = None,
        *,
        budget: float | None = None,
        per_hour: int = 300,
        data: Any = UNSET,
        client: Client | None = None,
        progress: Progress | Display = "auto",
        timeout: float | None = None,
    ) -> FindAllFrames:
        """Run saved searches again, append the runs to the lake, and return the new matches.

        Each search is one new run, with its own price, that excludes what it has matched before in
        this lake. Own data costs nothing, so all of it is searched again: the lake then has its
        state at that time, and `entities` shows what changed.

        If the call is interrupted or killed, or another one is refreshing the same lake on this
        machine, the same call waits for the runs that go on and creates none of them twice. Once
        its runs are in the lake, the next call creates new ones.

        Parameters
        ----------
        names : str or iterable of str, optional
            Which searches; by default all that are saved.
        budget : float, optional
            In US dollars, for all runs of this refresh together, as in `find_many`.
        per_hour, data, client, progress, timeout
            As in `find_many`.

        Returns
        -------
        FindAllFrames
            The new runs, in the order of the names, without the matches that had matched
            before: ``matches`` is what is new. ``runs`` has one row per search, with ``cost`` and
            ``error``; one that has no result has not been appended to the lake.

        Raises
        ------
        InvalidRequestError
            No search is saved, or there is none with that name; nothing was sent or spent.
        RunTimeout
            The timeout has passed. Nothing was appended; the same call again continues.
        LakeError
            The lake can't be read or written. The results are in the ledger: the same call again
            appends them.
        LedgerError
            The ledger can't be written; nothing was started.
        FindAllError
            As in `find_many`.

        Warns
        -----
        PartialResultWarning
            Some searches have no whole result.
        FindAllWarning
            More than 10,000 entities are known of a search, as in `known`; not on own data.

        Examples
        --------
        >>> import tempfile
        >>> import findall_frames as ff
        >>> import pandas as pd
        >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
        >>> folder = tempfile.TemporaryDirectory()
        >>> lake = ff.open_lake(folder.name)
        >>> lake.save(ff.draft("Find cities in Italy", data=cities), name="italy", data=cities)
        >>> lake.refresh(data=cities, progress=False).matches["name"].tolist()
        ['Rome']
        >>> cities.loc[2] = ["Bari", "Italy"]
        >>> lake.refresh(data=cities, progress=False).matches["name"].tolist()
        ['Bari']
        >>> folder.cleanup()
        """
        # Listed before what is known, so that a run which is appended in between counts as one that
        # goes on, and is not created again.
        appended = self._storage.snapshot().newest.keys()
        own_data = is_own_data(client, data)
        searches = []
        for search in self._saved.chosen(names).values():
            matches = matches_in(*self._past_runs(search))
            excluded = [] if own_data else self._most_recent(matches)
            searches.append(KnownSearch(search, matches, excluded))
        return refreshed(
            searches,
            append=self.append,
            appended=appended,
            place=str(self._storage.root.resolve()),
            budget=budget,
            per_hour=per_hour,
            data=data,
            client=client,
            progress=progress,
            timeout=timeout,
        )

    def __repr__(self) -> str:
        newest = self._storage.snapshot().newest.values()
        # How many reviews stand is known only by those who read them.
        names = [name for name in DATA_TABLES if name != "reviews"]
        rows = {name: sum(run.rows.get(name, 0) for run in newest) for name in names}
        sizes = [counted(size, name.removesuffix("s")) for name, size in rows.items() if size]
        return f"Lake({str(self.path)!r}): {', '.join([counted(len(newest), 'run'), *sizes])}"

    def _relation(self, name: str) -> duckdb.DuckDBPyRelation:
        return self._views.of(self._storage.snapshot(), {name: ()}).sql(f"FROM {name}")

    def _past_runs(
        self, search: Search | str | None
    ) -> tuple[duckdb.DuckDBPyConnection, list[PastRun]]:
        """Return the runs with the same question, all if it is None, and a look at their tables."""
        snapshot = self._storage.snapshot()
        if isinstance(search, str) and _ID.fullmatch(search) and search not in snapshot.newest:
            raise self._missing(search, snapshot)
        connection = self._views.of(snapshot, {"runs": ("search", "write_id"), "candidates": ()})
        runs = past_runs(connection)
        return connection, runs if search is None else same_question(runs, search)

    def _missing(self, findall_id: str, snapshot: Snapshot) -> LakeError:
        return LakeError(
            f"There is no run {findall_id!r} in the lake {str(self.path)!r}, which has "
            f"{counted(len(snapshot.newest), 'run')}. lake.runs lists them; frames.append_to(lake) "
            "adds one.",
            findall_id=findall_id,
        )


def open_lake(path: str | PathLike[str]) -> Lake:
    """Open the lake in a folder, or a new one; nothing is written yet.

    Parameters
    ----------
    path : str or path object
        The folder of a lake, or one that is empty or does not exist, which the first
        ``frames.append_to(lake)`` makes a lake.

    Returns
    -------
    Lake
        Its tables are empty until something is appended.

    Raises
    ------
    LakeError
        There is something else in the folder, or it can't be read.

    Examples
    --------
    >>> import findall_frames as ff
    >>> ff.open_lake("market_map")
    Lake('market_map'): 0 runs
    """
    return Lake(Path(path))
