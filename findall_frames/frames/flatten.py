"""From a result, as the service sends it, to tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec
import pyarrow as pa
from msgspec import Raw, Struct

from findall_frames.addresses import without_credentials
from findall_frames.api.models import (
    TERMINAL_STATUSES,
    Event,
    FindAllRun,
    FindAllSchema,
    format_time,
    parse_time,
)
from findall_frames.errors import InvalidRequestError, UnexpectedResponseError
from findall_frames.frames.asked import asked_fields
from findall_frames.frames.blocks import BATCH_BYTES, cut
from findall_frames.frames.columns import Columns
from findall_frames.frames.events import is_event, result_so_far
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import SCHEMAS
from findall_frames.frames.sources import OneResult, Result, SDKResult, body_of, entry_of
from findall_frames.frames.wire import (
    Candidate,
    Extras,
    fail,
    json_text,
    mend_surrogates,
    place_of,
    read_any,
    read_candidate,
    read_plain,
    split_unknown,
)

__all__ = ["flatten"]

# The metrics that have a column; how many rows own data has is kept with what has none.
_COUNTS: Final = ("generated_candidates_count", "matched_candidates_count")


class _Envelope(Struct):
    run: Raw
    candidates: list[Raw]
    last_event_id: str | None = None


class _StrictEnvelope(_Envelope, forbid_unknown_fields=True):
    pass


_ONE: Final = (bytes, bytearray, memoryview, str, Mapping, PathLike, SDKResult)
_STRICT: Final = msgspec.json.Decoder(_StrictEnvelope)
_TOLERANT: Final = msgspec.json.Decoder(_Envelope)
_SHALLOW: Final = msgspec.json.Decoder(dict[str, Raw])
_RAWS: Final = msgspec.json.Decoder(list[Raw])
_RUN: Final = msgspec.json.Decoder(FindAllRun)


def flatten(
    result: Result,
    *,
    schema: FindAllSchema | None = None,
    service: str | None = None,
    fetched_at: datetime | None = None,
) -> FindAllFrames:
    """Turn the result of a run, of several runs, or the events of one into tables.

    Parameters
    ----------
    result : bytes, mapping, path, SDK object, or an iterable of these or of events
        The JSON of a result as bytes or as a dict, the path (str or path object) of a JSON
        file, or the official SDK's result object. Bytes are the fastest.

        A list of such results gives the tables of all of them. The events of one run, as
        ``run.events()``, the official SDK or their JSON have them, give what they have told so
        far; an iterator is read to its end.
    schema : FindAllSchema, optional
        What was searched. It fills in objective, entity type and match limit, says which kind
        of field each is, and gives the order and types of the columns of ``matches``.
    service : str, optional
        Base URL of the service that the result is from. Credentials in it are left out.
    fetched_at : datetime, optional
        When it was fetched.

    Returns
    -------
    FindAllFrames
        The tables. Nothing that the result says is lost: what has no column is in ``extra``.

    Raises
    ------
    UnexpectedResponseError
        It is not JSON, or a required field is missing or has another type; ``path`` says where.
    InvalidRequestError
        It is nothing that can be flattened, there is no such file, the same run comes twice, or
        no event names the run.

    Examples
    --------
    >>> frames = flatten({
    ...     "run": {
    ...         "findall_id": "findall_1",
    ...         "status": {"status": "completed", "is_active": False, "metrics": {}},
    ...         "generator": "core",
    ...     },
    ...     "candidates": [
    ...         {
    ...             "candidate_id": "c1",
    ...             "name": "Kilnworks",
    ...             "url": "https://www.kilnworks.example/",
    ...             "match_status": "matched",
    ...             "output": {"tiles": {"value": "Wall tiles", "type": "match_condition",
    ...                                  "is_matched": True}},
    ...         }
    ...     ],
    ... })
    >>> frames.candidates[["name", "domain", "match_status"]].iloc[0].tolist()
    ['Kilnworks', 'kilnworks.example', 'matched']
    """
    if isinstance(result, Iterable) and not isinstance(result, _ONE):
        return _flatten_several(result, schema=schema, service=service, fetched_at=fetched_at)
    body = body_of(result)
    options: dict[str, Any] = {"schema": schema, "service": service, "fetched_at": fetched_at}
    pieces = cut(body) if isinstance(body, bytes) else None
    if pieces is not None:
        try:
            return _flatten_body(pieces.rest, blocks=pieces.blocks(), **options)
        except (msgspec.DecodeError, UnexpectedResponseError):
            pass  # it could not be cut, or is at fault: read as a whole it will tell
    return _flatten_body(body, blocks=(), **options)


def _flatten_body(
    body: bytes | bytearray | memoryview,
    *,
    blocks: Iterable[bytes],
    schema: FindAllSchema | None,
    service: str | None,
    fetched_at: datetime | None,
) -> FindAllFrames:
    """Flatten a result whose first candidates may have been taken out of it, in blocks."""
    envelope, unknown = _open(body)
    run, metadata, extra = _read_run(envelope.run)
    if unknown:
        extra["result"] = unknown
    kinds = {name: field.kind for name, field in asked_fields(schema).items()}
    candidates = _Candidates(run.findall_id, kinds=kinds)
    for block in blocks:
        candidates.add_block(block)
    candidates.add(envelope.candidates)
    tables = candidates.finish()
    row = {
        "findall_id": run.findall_id,
        "objective": schema and schema.objective,
        "entity_type": schema and schema.entity_type,
        "generator": run.generator or None,
        "match_limit": schema and schema.match_limit,
        "status": run.status.status,
        "termination_reason": run.status.termination_reason,
        "generated_candidates_count": run.status.metrics.generated_candidates_count,
        "matched_candidates_count": run.status.metrics.matched_candidates_count,
        "created_at": parse_time(run.created_at),
        "modified_at": parse_time(run.modified_at),
        "metadata": metadata,
        "last_event_id": envelope.last_event_id,
        "service": service and without_credentials(service),
        "fetched_at": fetched_at and fetched_at.astimezone(UTC),
        "extra": json_text(extra) if extra else None,
    }
    try:
        tables["runs"] = pa.Table.from_pylist([row], schema=SCHEMAS["runs"])
    except OverflowError as error:
        fail(error, at="$.run.status.metrics", findall_id=run.findall_id)
    return FindAllFrames(tables, searches={run.findall_id: schema} if schema else None)


def _flatten_several(
    results: Iterable[OneResult | Event],
    *,
    schema: FindAllSchema | None,
    service: str | None,
    fetched_at: datetime | None,
) -> FindAllFrames:
    """Flatten results one by one, or events together."""
    results = list(results)
    entries = [entry_of(each) for each in results]
    events = [entry for entry in entries if entry is not None and is_event(entry)]
    if not events:
        return FindAllFrames.concat(
            flatten(cast("OneResult", each), schema=schema, service=service, fetched_at=fetched_at)
            for each in results
        )
    if len(events) < len(results):
        raise InvalidRequestError(
            f"{len(events)} of the {len(results)} things to be flattened are events, and the "
            "others are not. Flatten results and the events of a run by themselves."
        )
    so_far, told = result_so_far(events)
    return flatten(so_far, schema=schema or told, service=service, fetched_at=fetched_at)


def _open(body: bytes | bytearray | memoryview) -> tuple[_Envelope, dict[str, Any]]:
    """Tell the run from the candidates, and from whatever else there is."""
    if bytes(body[:3]) == b"\xef\xbb\xbf":  # some editors put this before a text
        body = body[3:]
    try:
        return _STRICT.decode(body), {}
    except msgspec.DecodeError:
        pass  # to be read again, more slowly
    except (UnicodeDecodeError, RecursionError) as error:
        fail(error, at="$")
    try:
        try:
            envelope = _TOLERANT.decode(body)
        except msgspec.DecodeError:
            body = mend_surrogates(bytes(body))
            envelope = _TOLERANT.decode(body)
        unknown = split_unknown(_SHALLOW.decode(body), _Envelope.__struct_fields__)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fail(error, at="$")
    return envelope, {
        name: read_any(raw, at=f"$.{name}", findall_id=None) for name, raw in unknown.items()
    }


def _read_run(raw: Raw) -> tuple[FindAllRun, str | None, dict[str, Any]]:
    """Read the run, its metadata as JSON, and what it has that has no column."""
    try:
        run = _RUN.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fail(error, at="$.run")
    entry = read_any(raw, at="$.run", findall_id=run.findall_id)
    status = entry["status"]
    metrics = status["metrics"]
    extra: dict[str, Any] = {
        "run": split_unknown(entry, run.__struct_fields__),
        "status": split_unknown(status, run.status.__struct_fields__),
        "metrics": split_unknown(metrics, _COUNTS),
    }
    if run.status.is_active == (run.status.status in TERMINAL_STATUSES):
        extra["status"]["is_active"] = run.status.is_active  # not what the status implies
    for name, text in (("created_at", run.created_at), ("modified_at", run.modified_at)):
        time = parse_time(text)
        if text is not None and (time is None or format_time(time) != text):
            extra["run"][name] = text  # the column cannot hold how it was written
    metadata = json_text(entry["metadata"]) if run.metadata else None
    return run, metadata, {name: unknown for name, unknown in extra.items() if unknown}


class _Candidates:
    """Reads the candidates of a run, one after the other, into columns."""

    def __init__(self, findall_id: str, *, kinds: dict[str, str]) -> None:
        self._findall_id = findall_id
        self._columns = Columns(findall_id, kinds=kinds)
        self._known: set[str] = set()
        self._repeated: dict[str, list[dict[str, Any]]] = {}
        self._position = 0

    def add_block(self, block: bytes) -> None:
        """Add the candidates of a JSON array: all at once where nothing is special about them."""
        plain = read_plain(block)
        if plain is not None:
            ids = {candidate.candidate_id for candidate in plain}
            if len(ids) == len(plain) and self._known.isdisjoint(ids):
                self._known |= ids
                self._put(plain, positions=range(self._position, self._position + len(plain)))
                self._position += len(plain)
                return
        self.add(_RAWS.decode(block))

    def add(self, raws: Sequence[Raw]) -> None:
        """Add candidates one by one, with whatever they have more."""
        batch: list[Candidate] = []
        positions: list[int] = []
        extras: dict[int, Extras] = {}
        size = 0
        for raw in raws:
            position = self._position
            self._position += 1
            candidate, extra = read_candidate(raw, position=position, findall_id=self._findall_id)
            if candidate.candidate_id in self._known:
                entry = read_any(raw, at=place_of(position), findall_id=self._findall_id)
                again = {"position": position, "candidate": entry}
                self._repeated.setdefault(candidate.candidate_id, []).append(again)
                continue
            self._known.add(candidate.candidate_id)
            if extra:
                extras[len(batch)] = extra
            batch.append(candidate)
            positions.append(position)
            size += len(raw)
            if size > BATCH_BYTES:
                self._put(batch, positions=positions, extras=extras)
                batch, positions, extras, size = [], [], {}, 0
        if batch:
            self._put(batch, positions=positions, extras=extras)

    def finish(self) -> dict[str, pa.Table]:
        """Give the tables."""
        return self._columns.finish(repeated=self._repeated)

    def _put(
        self,
        batch: Sequence[Candidate],
        *,
        positions: Sequence[int],
        extras: Mapping[int, Extras] = MappingProxyType({}),
    ) -> None:
        self._columns.add(batch, positions=positions, extras=extras)
