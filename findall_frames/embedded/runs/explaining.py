"""Conditions before a run starts: distinct names, counts, refusals and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Final

import duckdb
import msgspec

from findall_frames.api.models import MatchCondition
from findall_frames.api.readings import Explained, Reading
from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout, quoted
from findall_frames.embedded.judging.plan import Plan
from findall_frames.embedded.reading.sql import SqlError
from findall_frames.embedded.runs.record import RunWarning
from findall_frames.errors import ConditionNotUnderstoodError, CorpusError

__all__ = ["check_usable", "explain", "reading_warnings", "renamed"]

_COUNT_SECONDS: Final = 20.0


def renamed(conditions: Sequence[MatchCondition]) -> list[MatchCondition]:
    """Number repeated names, since each condition is a field of the output.

    Examples
    --------
    >>> repeated = [MatchCondition("a", "over 1"), MatchCondition("a", "over 2")]
    >>> [condition.name for condition in renamed(repeated)]
    ['a', 'a_2']
    """
    taken = {condition.name for condition in conditions}
    used: set[str] = set()
    result = []
    for condition in conditions:
        name = condition.name
        if name in used:
            numbered = (f"{name}_{number}" for number in count(2))
            name = next(each for each in numbered if each not in used | taken)
        used.add(name)
        result.append(MatchCondition(name, condition.description))
    return result


def explain(
    readings: Sequence[Reading], *, corpus: Corpus, is_counted: bool = True
) -> list[Explained]:
    """Return each reading with its columns and, unless `is_counted` is False, its counts.

    An expression that fails on the data, such as a cast of a text that is no number, comes back
    as not understood, with the error and what to write instead. One on cells that cannot be read,
    as the file is damaged, comes back as unanswerable.
    """
    return [_explained(reading, corpus, is_counted) for reading in readings]


def _explained(reading: Reading, corpus: Corpus, is_counted: bool) -> Explained:
    fields = msgspec.structs.asdict(reading)
    if reading.status == "mention" and not corpus.is_whole:
        note = (
            "no column answers it, and texts of a table that stays in its database are not "
            "searched for words. Write SQL, such as contains(lower(text), 'word'), or pass a "
            "language model: ff.local(..., model=...)."
        )
        fields |= {"status": "unanswerable", "note": note, "keywords": ()}
    elif reading.sql is not None or reading.top is not None:
        try:
            plan = Plan([reading], corpus, mentioning=lambda _: [])
            (fields["columns"],) = plan.columns
            if is_counted:
                (counts,) = plan.counts(timeout=_COUNT_SECONDS)
                if reading.status == "sql" and reading.top is None:
                    fields |= counts._asdict()
        except QueryTimeout:  # the run itself has no time limit
            pass
        except SqlError as error:  # where the data is, it cannot be run
            note = f"it was read as {reading.describe()}. {error}"
            fields |= {"status": "not_understood", "note": note, "sql": None, "top": None}
        except CorpusError as error:
            fields |= {"status": "unanswerable", "note": str(error), "sql": None, "top": None}
        except duckdb.Error as error:
            fault = str(error).strip().partition("\n")[0]
            if _are_readable(fields["columns"], corpus):
                status = "not_understood"
                note = (
                    f"its SQL, {reading.describe()}, fails on the data: {fault}. Put TRY(...) "
                    "around what fails, or TRY_CAST for a cast; cells where it fails are then "
                    "unknown."
                )
            else:
                status = "unanswerable"
                note = (
                    f"the file of its columns ({', '.join(fields['columns'])}) is damaged: "
                    f"{fault}. Copy the file again from where it was written."
                )
            fields |= {"status": status, "note": note, "sql": None}
    return Explained(**fields)


def _are_readable(columns: Sequence[str], corpus: Corpus) -> bool:
    """Return False if cells cannot be read at all, as in a damaged Parquet file read in place."""
    hashes = ", ".join(f"bit_xor(hash({quoted(name)}))" for name in columns)
    try:
        corpus.query(f"SELECT {hashes or 1} FROM {corpus.relation}", timeout=_COUNT_SECONDS)
    except QueryTimeout:  # so far they could be read
        return True
    except duckdb.Error:
        return False
    return True


def check_usable(readings: Sequence[Reading]) -> None:
    """Raise ConditionNotUnderstoodError unless rows can be judged by every reading."""
    faults = []
    for at, reading in enumerate(readings):
        if not reading.is_usable:
            is_read = reading.status != "not_understood"
            fault = "cannot be answered" if is_read else "was not understood"
            message = f"{_title(reading)} {fault}: {reading.note}"
            loc = ["body", "match_conditions", at, "description"]
            faults.append({"loc": loc, "msg": message, "type": "condition_not_understood"})
    if faults:
        message = "\n\n".join(str(fault["msg"]) for fault in faults)
        raise ConditionNotUnderstoodError(message, status_code=422, detail=faults)


def reading_warnings(explained: Sequence[Explained], *, corpus: Corpus) -> list[RunWarning]:
    """Return the warnings that readings add to the result of a run."""
    warnings = []
    size = len(corpus)
    for reading in explained:
        title = _title(reading)
        warnings += [
            RunWarning("assumption", f"{title} was read under an assumption: {text.rstrip('.')}.")
            for text in reading.assumptions
        ]
        if reading.status == "mention":
            words = ", ".join(repr(word) for word in reading.keywords)
            warnings.append(
                RunWarning(
                    "searched_as_words",
                    f"{title} is answered by no column, so the text was searched for {words}. A "
                    "row that mentions them need not meet it: confidence is low. A language "
                    "model can judge it: ff.local(..., model=...).",
                )
            )
        if reading.true is None or reading.unknown is None or reading.top is not None:
            continue
        if reading.unknown:
            warnings.append(
                RunWarning(
                    "unknown_rows",
                    f"{title} is unknown for {reading.unknown:,} of {size:,} rows, where cells "
                    "are missing; they do not match.",
                )
            )
        if reading.true in (0, size) and size > 1:
            rows = "no row" if reading.true == 0 else "every row"
            message = f"{title} is met by {rows}. It was read as: {reading.describe()}."
            warnings.append(RunWarning("meets_none_or_all", message))
    return warnings


def _title(reading: Reading) -> str:
    return f"The condition {reading.name!r} ({reading.description!r})"
