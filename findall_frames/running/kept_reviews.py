"""Keeps what people judged in the ledger, and gives it back to frames of the same candidates."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from os import PathLike

from findall_frames.frames.compare import carried_reviews
from findall_frames.frames.frames import FindAllFrames, read_frames
from findall_frames.frames.lookup import candidate_keys
from findall_frames.frames.reviews import ReviewRow, newest_reviews, reviews_in, reviews_table
from findall_frames.running.ledger import Ledger
from findall_frames.running.ledger_reviews import add_review, keep_reviews, reviews_of

__all__ = ["as_later_run", "read_parquet", "with_earlier_run", "with_reviews"]


def read_parquet(folder: str | PathLike[str]) -> FindAllFrames:
    """Read what `FindAllFrames.to_parquet` has written, in either profile.

    The tables are exactly as they were, but for ``reviews``: of the judgements in the files and
    in the ledger of this machine, the latest of each candidate and field stands. The ledger keeps
    it, and what is judged in these frames.

    Parameters
    ----------
    folder : str or path object
        The folder with ``runs.parquet``, ``candidates.parquet``, ``fields.parquet``,
        ``citations.parquet`` and ``reviews.parquet`` (which earlier releases did not write); with
        the profile ``"bi"`` also ``excerpts.parquet``, while ``matches.parquet`` is not needed.

    Returns
    -------
    FindAllFrames
        The five tables and the searches.

    Raises
    ------
    ParquetError
        The files are missing or damaged, were not written together or not by this package, or
        hold a row twice. The message names the file and the reason.

    Warns
    -----
    LedgerWarning
        The ledger can't be used; the reviews are those in the files.

    Examples
    --------
    >>> import tempfile
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ff.read_parquet(frames.to_parquet(folder))
    >>> again.matches["name"].tolist()
    ['Rome']
    """
    return with_reviews(read_frames(folder), ledger=Ledger.of_this_machine())


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
    own = [*carried]
    for each in (frames, earlier):
        if each is not None:
            own += [*reviews_in(each.tables["reviews"]), *each.taken_back]
    kept: list[ReviewRow] = []
    for run in runs:
        if run["service"] is not None:
            kept += reviews_of(ledger, run["findall_id"], service=run["service"])
    tables = dict(frames.tables)
    latest: list[ReviewRow] = []
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
                keep_reviews(ledger, of_run, service=run["service"])
    return FindAllFrames(
        tables,
        searches=frames.searches,
        keep=partial(_keep, ledger),
        taken_back=[each for each in latest if each.is_empty],
    )


def with_earlier_run(new: FindAllFrames, old: FindAllFrames, *, ledger: Ledger) -> FindAllFrames:
    """Return the runs of old frames and a new run, which takes over what was judged before."""
    # A service that recognises the search may return an old run again.
    kept = [old.for_run(each) for each in old.findall_ids if each not in new.findall_ids]
    both = FindAllFrames.concat([*kept, new])
    carried = carried_reviews(old.tables, new.tables)
    return with_reviews(both, ledger=ledger, earlier=old, carried=carried)


def as_later_run(new: FindAllFrames, old: FindAllFrames, *, ledger: Ledger) -> FindAllFrames:
    """Return a new run alone, which takes over what was judged before."""
    return with_reviews(new, ledger=ledger, carried=carried_reviews(old.tables, new.tables))


def _keep(ledger: Ledger, review: ReviewRow, service: str) -> None:
    add_review(ledger, review, service=service)
