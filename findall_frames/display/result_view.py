"""What all views of a result share: title, summary, facts, and the columns to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import TERMINAL_STATUSES, FindAllSchema
from findall_frames.display.matches import (
    Tables,
    candidate_count,
    incomplete_note,
    match_count,
    matches_left_out,
    never_sent,
    rows_left_out,
    runs_in_words,
    summary,
)
from findall_frames.display.outcomes import (
    Ints,
    Outcome,
    Review,
    Reviews,
    ShownColumn,
    columns_of,
    conditions_of_runs,
    decision_counts,
    keys_of,
    meeting_all,
    outcomes_of,
    places_of,
)
from findall_frames.display.text import counted, in_words, one_line

__all__ = ["ResultView"]

_NUMERALS: Final = dict(enumerate(("three", "four", "five", "six", "seven", "eight", "nine"), 3))


@dataclass(frozen=True)
class ResultView:
    """A result, with the texts and columns that its HTML, its report and its Markdown share.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    searches : mapping of str to FindAllSchema
        The searches by findall_id, as far as they are known.
    reviews : iterable of mapping
        Judgements of people, with the columns of the table of reviews: the latest of each
        candidate and field.
    warnings : sequence of str
        Warnings of the service.

    Examples
    --------
    >>> from findall_frames.frames.schema import empty_tables
    >>> view = ResultView(empty_tables())
    >>> view.title, view.summary
    ('Search results', 'No candidate was found.')
    """

    tables: Tables
    searches: Mapping[str, FindAllSchema] = field(default_factory=dict)
    reviews: Iterable[Review] = ()
    warnings: Sequence[str] = ()

    @cached_property
    def columns(self) -> list[ShownColumn]:
        """The fields as columns."""
        return columns_of(self.tables, self.searches)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The outcome of each candidate."""
        return outcomes_of(self.tables, places=self.places)

    @cached_property
    def places(self) -> Ints:
        """For each row of ``fields``, the place of its candidate."""
        return places_of(self.tables["fields"], self.tables["candidates"])

    @cached_property
    def latest(self) -> Reviews:
        """The reviews by what they are about: findall_id, candidate_id, and field or None."""
        return {
            (each["findall_id"], each["candidate_id"], each["field"]): each for each in self.reviews
        }

    def with_reviews(self, reviews: Iterable[Review]) -> ResultView:
        """Return the same result with these reviews; what was found is not counted anew."""
        other = replace(self, reviews=reviews)
        counted_before = {"columns", "outcomes", "places", "_findings"} & vars(self).keys()
        vars(other).update({name: vars(self)[name] for name in counted_before})
        return other

    @property
    def accepted(self) -> pa.Table:
        """The candidates that a person accepted and the service did not match."""
        candidates = self.tables["candidates"]
        accepted = {
            (findall_id, candidate_id)
            for (findall_id, candidate_id, field), each in self.latest.items()
            if field is None and each["decision"] == "accept"
        }
        statuses = candidates["match_status"].to_pylist()
        places = [
            place
            for place, (key, status) in enumerate(zip(keys_of(candidates), statuses, strict=True))
            if key in accepted and status != "matched"
        ]
        return candidates.take(pa.array(places, pa.int64()))

    @property
    def objective(self) -> str | None:
        """The question, if all runs have the same one and it is known."""
        objectives = dict.fromkeys(self.tables["runs"]["objective"].to_pylist())
        return next(iter(objectives)) or None if len(objectives) == 1 else None

    @property
    def title(self) -> str:
        """The question, or other words in its place."""
        return self.objective or "Search results"

    @property
    def summary(self) -> str:
        """What was found and how the search ended, in sentences."""
        return f"{self._findings} {self._ending()}".strip()

    @property
    def searched_on(self) -> str:
        """When the search was made, in UTC: a day, or the first and the last of several."""
        times = sorted(t for t in self.tables["runs"]["created_at"].to_pylist() if t is not None)
        days = list(dict.fromkeys(f"{time.day} {time:%B %Y}" for time in times))
        span = " to ".join(days[:1] + days[-1:] if len(days) > 1 else days)
        return f"Search of {one_line(span)}" if span else ""

    def run_words(self, write: Callable[[str], str]) -> str:
        """Return the id of the run as `write` escapes it, or how many runs there are."""
        runs = self.tables["runs"]["findall_id"].to_pylist()
        return f"run {write(runs[0])}" if len(runs) == 1 else runs_in_words(self.tables)

    @property
    def cost_words(self) -> str:
        """What the runs cost, as far as the frames say; empty if they do not."""
        costs = [cost for cost in self.tables["runs"]["cost"].to_pylist() if cost is not None]
        if not costs:
            return ""
        known, runs = len(costs), len(self.tables["runs"])
        over = f" for {known:,} of {counted(runs, 'run')}" if known < runs else ""
        return f"about ${sum(costs):,.2f}{over}"

    @property
    def review_counts(self) -> str:
        """How many candidates a person has decided on, and how; empty if none."""
        decisions = [
            each["decision"]
            for (_, _, field), each in self.latest.items()
            if field is None and each["decision"] is not None
        ]
        if not decisions:
            return ""
        total = len(self.tables["candidates"])
        return f"{len(decisions):,} of {total:,} reviewed: {decision_counts(decisions)}"

    @property
    def counted_over(self) -> str:
        """What verdicts are counted over, if the service keeps only a part of the candidates."""
        kept = len(self.tables["candidates"])
        left = candidate_count(self.tables) - kept
        conditions = [column for column in self.columns if column.is_condition]
        counted_all = all(each.met + each.not_met + each.unknown > kept for each in conditions)
        if not left or counted_all:
            return ""
        if len(self.tables["runs"]) > 1:
            return "Counted over the candidates of each run that are kept; others did not match."
        return f"Counted over the {kept:,} candidates that are kept; {left:,} others did not match."

    @cached_property
    def _findings(self) -> str:
        """Return how many candidates matched, failed, and are open, and what is not here."""
        total, matches = candidate_count(self.tables), match_count(self.tables)
        unsent, missing = never_sent(self.tables), matches_left_out(self.tables)
        if len(self.tables["runs"]) > 1:
            # Several runs may have looked at the same candidates, so their numbers don't add up.
            sentences = [f"{summary(self.tables)}."]
        else:
            sentences = [self._verdicts(total, matches)] if total else []
        if not total and not unsent and not sentences:
            sentences.append("No candidate was found.")
        if missing:
            were, are = ("was", "is") if missing == 1 else ("were", "are")
            noun = "more match" if matches else "match"
            sentences.append(
                f"{counted(missing, noun)} {were} counted by the service and {are} not here."
            )
        if unsent and len(self.tables["runs"]) > 1:
            sentences.append("More candidates were generated and are not here.")
        elif unsent:
            were, are = ("was", "is") if unsent == 1 else ("were", "are")
            noun = "more candidate" if total else "candidate"
            sentences.append(f"{counted(unsent, noun)} {were} generated and {are} not here.")
        return " ".join(sentences)

    def _verdicts(self, total: int, matches: int) -> str:
        by_run = conditions_of_runs(self.tables, self.searches)
        complete = meeting_all(self.tables, by_run, places=self.places)
        unkept = pa.array(rows_left_out(self.tables), pa.large_string())
        is_unkept = pc.is_in(self.tables["candidates"]["findall_id"], value_set=unkept).to_numpy()
        outcomes = np.array(self.outcomes, np.str_)
        is_match = outcomes == "match"
        # Own data sends the matches and a few other rows; how the rest failed is not known.
        is_failed, is_left_open = (
            (outcomes == outcome) & ~is_unkept for outcome in ("not", "open")
        )
        failed, is_open = int(is_failed.sum()), int(is_left_open.sum())
        is_reason_known = not (is_left_open & complete).any()
        conditions = set().union(*by_run.values())
        # A service may match without all verdicts, and not match in spite of them.
        is_met = bool((is_match == complete).all()) and all(
            each == conditions for each in by_run.values()
        )
        number = _NUMERALS.get(len(conditions), f"{len(conditions):,}")
        words = {0: "matched", 1: "met the condition", 2: "met both conditions"}
        met = words.get(len(conditions), f"met all {number} conditions") if is_met else "matched"
        parts = [f"{matches:,} of {counted(total, 'candidate')} {met}"]
        if unknown := total - matches - failed - is_open:
            parts.append(f"for {unknown:,} a condition fails or is unknown")
        if failed:
            parts.append(f"{failed:,} did not")
        if is_open:
            are = "is" if is_open == 1 else "are"
            reason = ", as a verdict is unknown" if is_reason_known else ""
            parts.append(f"{is_open:,} {are} open{reason}")
        joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
        return f"{joined}."

    def _ending(self) -> str:
        """Return how the search ended, or that it has not."""
        runs = self.tables["runs"]
        sentences = [incomplete_note(self.tables)]
        if len(runs) == 1 and runs["status"][0].as_py() in TERMINAL_STATUSES:
            reason = runs["termination_reason"][0].as_py()
            sentences.append(f"The search ended: {in_words(reason)}." if reason else "")
        return " ".join(filter(None, sentences))
