"""Keeps what people judged in the ledger, and gives it back to frames of the same candidates."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from findall_frames.frames.compare import carried_reviews
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.lookup import candidate_keys
from findall_frames.frames.reviews import ReviewRow, newest_reviews, reviews_in, reviews_table
from findall_frames.running.ledger import Ledger

__all__ = ["with_earlier_run", "with_reviews"]


def with_reviews(
    frames: FindAllFrames,
    *,
    ledger: Ledger,
    earlier: FindAllFrames | None = None,
    carried: Iterable[ReviewRow] = (),
) -> FindAllFrames:
    """Return frames with the latest judgement of each candidate and field.

    Parameters
    ----------
    frames : FindAllFrames
        Frames as fetched.
    ledger : Ledger
        Has further judgements, and keeps those from elsewhere as well as later ones.
    earlier : FindAllFrames, optional
        Earlier frames of the same runs, whose judgements may be nowhere else.
    carried : iterable of ReviewRow
        Further judgements of these candidates.
    """
    runs = frames.tables["runs"].select(["findall_id", "service"]).to_pylist()
    own = [*carried, *reviews_in(frames.tables["reviews"])]
    if earlier is not None:
        own += reviews_in(earlier.tables["reviews"])
    kept: list[ReviewRow] = []
    for run in runs:
        if run["service"] is not None:
            kept += ledger.reviews_of(run["findall_id"], service=run["service"])
    tables = dict(frames.tables)
    if own or kept:
        known = set(candidate_keys(frames.tables["candidates"]))
        latest = [
            each
            for each in newest_reviews([*kept, *own]).values()
            if (each.findall_id, each.candidate_id) in known
        ]
        tables["reviews"] = reviews_table(latest)
        new = set(latest) - set(kept)
        for run in runs:
            of_run = [each for each in new if each.findall_id == run["findall_id"]]
            if of_run and run["service"] is not None:
                ledger.keep_reviews(of_run, service=run["service"])
    return FindAllFrames(tables, searches=frames.searches, keep=partial(_keep, ledger))


def with_earlier_run(new: FindAllFrames, old: FindAllFrames, *, ledger: Ledger) -> FindAllFrames:
    """Return the runs of old frames and a new run, which takes over what was judged before."""
    # A service that recognises the search may return an old run again.
    kept = [old.for_run(each) for each in old.findall_ids if each not in new.findall_ids]
    both = FindAllFrames.concat([*kept, new])
    carried = carried_reviews(old.tables, new.tables)
    return with_reviews(both, ledger=ledger, earlier=old, carried=carried)


def _keep(ledger: Ledger, review: ReviewRow, service: str) -> None:
    ledger.keep_reviews([review], service=service)
