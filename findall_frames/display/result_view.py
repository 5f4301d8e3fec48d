"""What all views of a result share: title, summary, facts, and the columns to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import pyarrow.compute as pc

from findall_frames.api.models import FindAllSchema
from findall_frames.display.matches import (
    Tables,
    belonging,
    candidate_count,
    incomplete_note,
    match_count,
    matched_candidates,
)
from findall_frames.display.outcomes import (
    Outcome,
    Review,
    Reviews,
    ShownColumn,
    columns_of,
    decision_counts,
    latest_reviews,
    outcomes_of,
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
        Judgements of people, with the columns of the table of reviews.
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
        return outcomes_of(self.tables)

    @cached_property
    def latest(self) -> Reviews:
        """The latest review of each candidate and field."""
        return latest_reviews(self.reviews)

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
        return f"{self._findings()} {self._ending()}".strip()

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
        return f"run {write(runs[0])}" if len(runs) == 1 else counted(len(runs), "run")

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
        return f"Counted over the {kept:,} candidates that are kept; {left:,} others did not match."

    def _findings(self) -> str:
        """Return in one sentence how many candidates matched, failed, and are open."""
        total, matches = candidate_count(self.tables), match_count(self.tables)
        if not total:
            return "No candidate was found."
        conditions = [column.field for column in self.columns if column.is_condition]
        number = _NUMERALS.get(len(conditions), f"{len(conditions):,}")
        words = {0: "matched", 1: "met the condition", 2: "met both conditions"}
        met = words.get(len(conditions), f"met all {number} conditions")
        if not self._meet_all(conditions):
            met = "matched"
        parts = [f"{matches:,} of {counted(total, 'candidate')} {met}"]
        others, unknown = total - matches, self.outcomes.count("open")
        if total > len(self.tables["candidates"]):
            # Own data sends the matches and a few other rows, so nobody knows how many are open.
            parts.append(f"for {others:,} a condition fails or is unknown")
        else:
            if others > unknown:
                parts.append(f"{others - unknown:,} did not")
            if unknown:
                are = "is" if unknown == 1 else "are"
                parts.append(f"{unknown:,} {are} open, as a verdict is unknown")
        joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
        return f"{joined}."

    def _meet_all(self, conditions: Sequence[str]) -> bool:
        """Return True if each match is known to meet each of the conditions.

        A service may match without all verdicts, and each of several runs has its own conditions.
        """
        fields = belonging(self.tables["fields"], matched_candidates(self.tables))
        is_met = pc.fill_null(fields["is_matched"], False)
        counts = Counter(fields.filter(is_met)["field"].to_pylist())
        return all(counts[condition] == match_count(self.tables) for condition in conditions)

    def _ending(self) -> str:
        """Return how the search ended, or that it has not."""
        runs = self.tables["runs"]
        sentences = [incomplete_note(self.tables)]
        if len(runs) == 1 and (reason := runs["termination_reason"][0].as_py()):
            sentences.append(f"The search ended: {in_words(reason)}.")
        return " ".join(filter(None, sentences))
