"""What people judged: checks a judgement, records it, and applies it to the matches."""

from __future__ import annotations

import difflib
import getpass
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, UnsetType

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.lookup import (
    CandidateKey,
    FieldKey,
    candidate_keys,
    field_rows,
    find_candidate,
    requested_fields,
)
from findall_frames.frames.schema import DECISIONS, SCHEMAS, conform
from findall_frames.frames.wide import misfit_in, misfit_of, widen_as_matches
from findall_frames.frames.wire import json_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "KeepReview",
    "ReviewRow",
    "accepted_keys",
    "accepted_matches",
    "checked_review",
    "latest_rows",
    "newest_reviews",
    "recorded",
    "reviews_in",
    "reviews_table",
    "with_taken_back",
]

ReviewKey: TypeAlias = tuple[str, str, str | None]
"""findall_id, candidate_id and field: the key of a row of ``reviews``."""

# Written as text; `conform` encodes it.
_ROWS: Final = pa.schema(
    [
        pa.field(each.name, pa.string() if each.name == "decision" else each.type)
        for each in SCHEMAS["reviews"]
    ]
)


class ReviewRow(NamedTuple):
    """A row of ``reviews``; one without decision, value and note takes the earlier one back."""

    findall_id: str
    candidate_id: str
    field: str | None
    decision: str | None
    value: str | None
    note: str | None
    reviewer: str | None
    reviewed_at: datetime
    extra: str | None = None

    @property
    def key(self) -> ReviewKey:
        """What is judged."""
        return self.findall_id, self.candidate_id, self.field

    @property
    def is_empty(self) -> bool:
        """True if it says nothing, and so takes back what was said."""
        return self.decision is None and self.value is None and self.note is None


KeepReview: TypeAlias = Callable[[ReviewRow, str], None]
"""Keeps a judgement of a run at a service, whose base URL is the second argument."""


# -- the table -----------------------------------------------------------------------------------


def reviews_in(reviews: pa.Table) -> list[ReviewRow]:
    """Return the rows of ``reviews``."""
    return [ReviewRow(**row) for row in reviews.to_pylist()]


def reviews_table(reviews: Iterable[ReviewRow]) -> pa.Table:
    """Return the table of these judgements, the earliest first, without those taken back."""
    kept = sorted(
        (each for each in reviews if not each.is_empty), key=lambda each: each.reviewed_at
    )
    return _table_of(kept)


def with_taken_back(reviews: pa.Table, taken_back: Iterable[ReviewRow]) -> pa.Table:
    """Return the table with an empty row for each judgement that was taken back.

    Where several tables of the same run meet, it takes back what an earlier one says.
    """
    return pa.concat_tables([reviews, _table_of(taken_back)])


def _table_of(reviews: Iterable[ReviewRow]) -> pa.Table:
    rows = pa.Table.from_pylist([each._asdict() for each in reviews], schema=_ROWS)
    return conform(rows, name="reviews")


def newest_reviews(reviews: Iterable[ReviewRow]) -> dict[ReviewKey, ReviewRow]:
    """Return the latest judgement for each key; of two at the same time, the later in order."""
    latest: dict[ReviewKey, ReviewRow] = {}
    for each in reviews:
        before = latest.get(each.key)
        if before is None or each.reviewed_at >= before.reviewed_at:
            latest[each.key] = each
    return latest


def latest_rows(rows: pa.Table) -> pa.Table:
    """Return the rows of the latest judgements, with further columns, as `newest_reviews` does.

    Those that take an earlier one back stay.
    """
    reviews = reviews_in(conform(rows, name="reviews"))
    latest = set(map(id, newest_reviews(reviews).values()))
    return rows.filter(pa.array([id(each) in latest for each in reviews], pa.bool_()))


def recorded(reviews: pa.Table, review: ReviewRow) -> tuple[pa.Table, ReviewRow]:
    """Return the table with a judgement in place of the earlier one, and what was recorded.

    It is later than the one it replaces, even if the clock of another machine was ahead.
    """
    replaced = _have_key(reviews, review.key)
    for before in reviews.filter(replaced)["reviewed_at"].to_pylist():
        after = before + timedelta(microseconds=1)
        review = review._replace(reviewed_at=max(review.reviewed_at, after))
    kept = reviews.filter(pc.invert(replaced))
    table = pa.concat_tables([kept, reviews_table([review])]).combine_chunks()
    return conform(table, name="reviews"), review


def _have_key(reviews: pa.Table, key: ReviewKey) -> pa.ChunkedArray:
    """Return which rows have a key."""
    findall_id, candidate_id, field = key
    fields = reviews["field"]
    same_field = pc.is_null(fields) if field is None else pc.equal(fields, field)
    return pc.and_(
        pc.and_(
            pc.equal(reviews["findall_id"], findall_id),
            pc.equal(reviews["candidate_id"], candidate_id),
        ),
        pc.fill_null(same_field, False),
    )


def _earlier(reviews: pa.Table, key: ReviewKey) -> ReviewRow | None:
    return newest_reviews(reviews_in(reviews.filter(_have_key(reviews, key)))).get(key)


# -- a new judgement -----------------------------------------------------------------------------


def checked_review(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    candidate: str | CandidateKey,
    decision: str | UnsetType | None,
    *,
    field: str | None,
    value: object,
    note: str | UnsetType | None,
    reviewer: str | None,
) -> ReviewRow:
    """Return the judgement that `FindAllFrames.review` documents, or raise."""
    row = find_candidate(tables["candidates"], candidate)
    findall_id = row["findall_id"]
    if decision is value is note is UNSET:
        raise InvalidRequestError(
            "Nothing is said of the candidate. Pass a decision ('accept', 'reject' or 'unsure'), "
            "a value= or a note=; None takes back what was said before.",
            findall_id=findall_id,
        )
    if decision not in (None, UNSET, *DECISIONS):
        raise InvalidRequestError(
            f"decision is {decision!r}. Expected 'accept', 'reject' or 'unsure', or None to take "
            "an earlier one back.",
            findall_id=findall_id,
        )
    for name, text in (("note", note), ("reviewer", reviewer), ("field", field)):
        if text is not None and not isinstance(text, str | UnsetType):
            raise InvalidRequestError(
                f"{name} is {text!r}. Expected a str, or None.", findall_id=findall_id
            )
    search = searches.get(findall_id)
    if field is not None:
        _check_field(tables["fields"], search, field=field, findall_id=findall_id)
    if isinstance(value, str) and not value:
        value = None
    if field is None and value is not None and value is not UNSET:
        raise InvalidRequestError(
            f"value={value!r} corrects a field, and none was named. Pass field= as well; a remark "
            "on the candidate as a whole is a note=.",
            findall_id=findall_id,
        )
    before = _earlier(tables["reviews"], (findall_id, row["candidate_id"], field))
    correction = before.value if before else None
    if value is None or field is None:
        correction = None
    elif value is not UNSET:
        correction = _correction(value, tables, search, field=field, findall_id=findall_id)
    if isinstance(decision, UnsetType):
        decision = before.decision if before else None
    if isinstance(note, UnsetType):
        note = before.note if before else None
    review = ReviewRow(
        findall_id,
        row["candidate_id"],
        field,
        decision,
        correction,
        note if note is None or note.strip() else None,
        _this_person() if reviewer is None else reviewer,
        datetime.now(UTC),
    )
    for text in review[:7]:
        _check_text(text, findall_id=findall_id)
    return review


def _check_field(
    fields: pa.Table, search: FindAllSchema | None, *, field: str, findall_id: str
) -> None:
    requested = requested_fields(search)
    if field in requested:
        return
    of_run = fields.filter(pc.field("findall_id") == findall_id)["field"]
    known = dict.fromkeys((*requested, *pc.unique(of_run).to_pylist()))
    if field in known:
        return
    close = difflib.get_close_matches(field, known, n=3)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise InvalidRequestError(
        f"Run {findall_id} has no field {field!r}. {hint}Its fields are "
        f"{', '.join(map(repr, known)) or 'none'}.",
        findall_id=findall_id,
    )


def _correction(
    value: object,
    tables: Mapping[str, pa.Table],
    search: FindAllSchema | None,
    *,
    field: str,
    findall_id: str,
) -> str:
    """Return a correct value as text, as ``fields`` has values; raise if it cannot be one."""
    text = _text_of(value)
    if text is None:
        raise InvalidRequestError(
            f"value is {value!r}, of type {type(value).__name__}. Expected text, a number, a "
            "date, true or false, or a list or dict of these.",
            findall_id=findall_id,
        )
    requested = requested_fields(search).get(field)
    declared = misfit_of(text, schema=requested.schema) if requested else None
    reason = f"the search declares {field!r} as {declared}" if declared else None
    if reason is None and (found := misfit_in(tables, field=field, text=text)):
        reason = f"the column {field!r} of the matches holds {found}"
    if reason is not None:
        raise InvalidRequestError(
            f"value is {value!r}, and {reason}. Correct the value, or leave the remark as a note=.",
            findall_id=findall_id,
        )
    return text


def _text_of(value: object) -> str | None:
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a scalar of NumPy
    try:
        built = msgspec.to_builtins(value)
    except (TypeError, ValueError, RecursionError):
        return None
    if isinstance(built, float) and not math.isfinite(built):
        return None
    return built if isinstance(built, str) else json_text(built)


def _check_text(text: str | None, *, findall_id: str) -> None:
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"{text!r} has half of a character (a lone surrogate), which no file can hold. Remove "
            "it.",
            findall_id=findall_id,
        ) from None


def _this_person() -> str | None:
    """Return who works here, None if that is unknown, as in some containers."""
    named = os.environ.get("FINDALL_FRAMES_REVIEWER", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


# -- what stands after review --------------------------------------------------------------------


def accepted_keys(reviews: pa.Table) -> set[CandidateKey]:
    """Return the keys of the candidates that were accepted."""
    rows = reviews.filter(pc.field("field").is_null()).to_pylist()
    return {(row["findall_id"], row["candidate_id"]) for row in rows if row["decision"] == "accept"}


def accepted_matches(
    tables: Mapping[str, pa.Table], searches: Mapping[str, FindAllSchema]
) -> pd.DataFrame:
    """Return the table that `FindAllFrames.accepted` documents."""
    accepted = accepted_keys(tables["reviews"])
    candidates = tables["candidates"]
    is_accepted = [key in accepted for key in candidate_keys(candidates)]
    of_fields = {
        (each.findall_id, each.candidate_id, each.field): each
        for each in reviews_in(tables["reviews"])
        if each.field is not None
    }
    return widen_as_matches(
        tables,
        searches,
        candidates=candidates.filter(pa.array(is_accepted, pa.bool_())),
        rows=_reviewed(field_rows(tables["fields"]), of_fields),
    )


def _reviewed(
    rows: Iterable[dict[str, Any]], reviews: Mapping[FieldKey, ReviewRow]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``fields`` with corrections in place, and without what was rejected."""
    left = dict(reviews)
    for row in rows:
        review = left.pop((row["findall_id"], row["candidate_id"], row["field"]), None)
        if review is None:
            yield row
        elif review.value is not None:
            yield {**row, "value": review.value, "value_type": row["value_type"] or "string"}
        elif review.decision == "reject":
            yield {**row, "value": None}
        else:
            yield row
    for review in left.values():
        if review.value is not None:
            about = {**review._asdict(), "value_type": "string"}
            yield {**dict.fromkeys(SCHEMAS["fields"].names), **about}
