"""Results in the ledger, returned without asking the service if they are whole."""

from __future__ import annotations

from collections.abc import Callable

from findall_frames.addresses import is_loopback, resume_call
from findall_frames.display.text import counted
from findall_frames.errors import FindAllError, FindAllWarning, UnexpectedResponseError, warn
from findall_frames.frames.compare import carried_reviews
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.displays import Display, show_warnings
from findall_frames.progress.update import Update
from findall_frames.running.kept_reviews import with_reviews
from findall_frames.running.ledger import KeptResult, Ledger
from findall_frames.running.ledger_reviews import reviewed_runs
from findall_frames.running.outcome import Errors, matches_missing, report_partial

__all__ = ["from_ledger_or", "kept_frames", "warn_of_reviews"]


def from_ledger_or(
    wait: Callable[[], FindAllFrames],
    kept: KeptResult | None,
    display: Display,
    *,
    errors: Errors,
    earlier: FindAllFrames | None = None,
) -> FindAllFrames:
    """Return the kept result if it is whole, else what waiting returns, else the kept one.

    Parameters
    ----------
    wait : callable
        Waits for the run, and returns its frames.
    kept : KeptResult or None
        What the ledger has of the run.
    display : Display
        Where a kept result is shown; it is left open.
    errors : {"warn", "raise"}
        What to do if the run failed, was cancelled or ended early.
    earlier : FindAllFrames, optional
        Frames of the same run, whose reviews are kept.
    """
    if kept is None:
        return wait()
    try:
        frames = kept_frames(kept, earlier=earlier)
    except UnexpectedResponseError:
        return wait()  # the service may have another result by now
    if matches_missing(frames, kept.status):
        try:
            return wait()
        except FindAllError as error:
            if getattr(error, "frames", None) is not None:
                raise  # with frames that are newer than the kept ones
    schema = kept.schema
    update = Update(
        findall_id=kept.findall_id,
        objective=schema.objective if schema else None,
        service=kept.service,
        status=kept.status.status,
        is_over=True,
        termination_reason=kept.status.termination_reason,
        matched=kept.matched,
        generated=kept.status.metrics.generated_candidates_count,
        match_limit=schema.match_limit if schema else None,
    )
    display.show(update)
    again = resume_call(kept.findall_id, service=kept.service)
    is_shown = show_warnings(display, frames.warnings)
    report_partial(
        kept.findall_id, kept.status, frames, resume=again, errors=errors, is_shown=is_shown
    )
    return frames


def kept_frames(kept: KeptResult, *, earlier: FindAllFrames | None = None) -> FindAllFrames:
    """Return the tables of a kept result, with what people judged."""
    frames = flatten(
        kept.body, schema=kept.schema, service=kept.service, fetched_at=kept.fetched_at
    )
    return with_reviews(frames, ledger=Ledger.of_this_machine(), earlier=earlier)


def warn_of_reviews(frames: FindAllFrames) -> None:
    """Warn if candidates of a new run over own data were judged in an earlier run of its search.

    They are not taken over by themselves, as other data may have equal names.
    """
    (new,) = frames.findall_ids
    search, ledger = frames.searches.get(new), Ledger.of_this_machine()
    if search is None:
        return
    for findall_id, service in reviewed_runs(ledger, search.objective):
        if findall_id == new or not is_loopback(service):
            continue
        kept = ledger.result_of(findall_id, service=service)
        if (
            kept is None
            or kept.schema is None
            or kept.schema.match_conditions != search.match_conditions
        ):
            continue
        earlier = kept_frames(kept)
        count = len(carried_reviews(earlier.tables, frames.tables))
        if count:
            warn(
                f"{counted(count, 'review')} of these candidates, from the same search on "
                f"{kept.fetched_at:%Y-%m-%d %H:%M} UTC, are in the ledger. "
                f"ff.refresh(ff.resume({findall_id!r}), ...) searches your data and takes them "
                "over.",
                FindAllWarning,
            )
            return
