"""Say what conditions were read as, before and after a run: counts, and what to look out for."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import msgspec

from findall_frames.api.readings import Explained, Reading
from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout
from findall_frames.embedded.judging.plan import Plan
from findall_frames.embedded.runs.record import RunWarning

__all__ = ["explain", "warnings_of"]

_COUNT_SECONDS = 20.0


def explain(readings: Sequence[Reading], corpus: Corpus) -> list[Explained]:
    """Return each reading with its columns and counts.

    An expression that fails on the data, such as a cast of a text that is no number, comes back
    as not understood, with the fault and what to write instead.
    """
    return [_explained(reading, corpus) for reading in readings]


def _explained(reading: Reading, corpus: Corpus) -> Explained:
    fields = msgspec.structs.asdict(reading)
    if reading.sql is not None or reading.top is not None:
        plan = Plan([reading], corpus, mentioning=lambda _: [])
        (fields["columns"],) = plan.columns
        try:
            (counts,) = plan.counts(timeout=_COUNT_SECONDS)
            if reading.status == "sql" and reading.top is None:
                fields |= counts._asdict()
        except QueryTimeout:  # the run itself has all the time that it needs
            pass
        except duckdb.Error as error:
            fault = str(error).strip().partition("\n")[0]
            fields["note"] = (
                f"its SQL, {reading.describe()}, fails on the data: {fault}. Put TRY(...) around "
                "what fails, or TRY_CAST for a cast; cells where it fails are then unknown."
            )
            fields |= {"status": "not_understood", "sql": None}
    return Explained(**fields)


def warnings_of(explained: Sequence[Explained], *, corpus: Corpus) -> list[RunWarning]:
    """Return what whoever reads the result has to know of the readings."""
    told = []
    size = len(corpus)
    for reading in explained:
        said = f"The condition {reading.name!r} ({reading.description!r})"
        read = f"It was read as: {reading.describe()}."
        told += [
            RunWarning("assumption", f"{said} was read under an assumption: {text.rstrip('.')}.")
            for text in reading.assumptions
        ]
        if reading.status == "mention":
            words = ", ".join(repr(word) for word in reading.keywords)
            told.append(
                RunWarning(
                    "searched_as_words",
                    f"{said} is answered by no column, so the text was searched for {words}. A "
                    "row that mentions them need not meet it: confidence is low. A language "
                    "model can judge it: ff.local(..., model=...).",
                )
            )
        if reading.true is None or reading.unknown is None or reading.top is not None:
            continue
        if reading.unknown:
            told.append(
                RunWarning(
                    "unknown_rows",
                    f"{said} is unknown for {reading.unknown:,} of {size:,} rows, where cells are "
                    f"missing; they do not match. {read}",
                )
            )
        if reading.true in (0, size) and size > 1:
            rows = "no row" if reading.true == 0 else "every row"
            told.append(RunWarning("meets_none_or_all", f"{said} is met by {rows}. {read}"))
    return told
