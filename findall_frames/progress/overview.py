"""The overview of many searches: what it says, in one line and as HTML without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from findall_frames.display.html import NOT_TYPESET, escaped
from findall_frames.display.shapes import asset
from findall_frames.display.text import (
    about_cost,
    counted,
    duration,
    in_words,
    joined,
    one_line,
    shortened,
)
from findall_frames.progress.card import KEEPS_KEYS, STATE_SHAPES, STYLE
from findall_frames.progress.update import Update
from findall_frames.progress.wording import STATE_WORDS, State

__all__ = ["BoardUpdate", "Line", "board_html", "board_update", "shown_lines", "totals"]

_MOST_LINES: Final = 12
_MOST_EXCEPTIONS: Final = 4
_MOST_DETAILS: Final = 500
_LONGEST: Final = 200
_WHOLE: Final = (None, "match_limit_met", "candidates_exhausted")
"""Why a run ends whose result is whole."""

_Kind: TypeAlias = Literal["waiting", "running", "complete", "incomplete"]
_SHAPES: Final[dict[_Kind, State]] = {
    "waiting": "starting",
    "running": "running",
    "complete": "complete",
    "incomplete": "failed",
}


@dataclass(frozen=True, slots=True)
class BoardUpdate(Update):
    """The totals of many searches as an update, with the update of each.

    Attributes
    ----------
    lines : tuple of Update
        One per search, in their order.
    held_up : str
        What the next search waits for, in words; empty if nothing.
    is_closed : bool
        True if nobody waits any longer.
    goes_on : bool
        True if the same call again waits for the runs of this one.
    """

    lines: tuple[Update, ...] = ()
    held_up: str = ""
    is_closed: bool = False
    goes_on: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A search as it is shown: its kind, its question, and its state in words."""

    kind: _Kind
    question: str
    state: str


def board_update(
    lines: Sequence[Update], *, held_up: str, elapsed: float, is_closed: bool, goes_on: bool
) -> BoardUpdate:
    """Sum updates up."""
    costs = [line.cost for line in lines if line.cost is not None]
    return BoardUpdate(
        findall_id="",
        objective=counted(len(lines), "search"),
        service=lines[0].service if lines else "",
        status="running",
        is_over=all(line.is_over for line in lines),
        matched=sum(line.matched for line in lines),
        generated=sum(line.generated for line in lines),
        elapsed=elapsed,
        cost=sum(costs) if costs else None,
        lines=tuple(lines),
        held_up=held_up,
        is_closed=is_closed,
        goes_on=goes_on,
    )


# -- words ---------------------------------------------------------------------------------------


def totals(view: BoardUpdate) -> str:
    """Return how far all searches are, in one line."""
    counts = Counter(map(_kind, view.lines))
    parts = [
        _complete(view),
        *_counts(counts),
        counted(view.matched, "match"),
        about_cost(view.cost),
    ]
    return ", ".join(part for part in [*parts, duration(view.elapsed)] if part)


def shown_lines(view: BoardUpdate) -> tuple[list[Line], str]:
    """Return the searches to show, and how many others run or have no whole result.

    A few searches are all shown. Of many, those without a whole result are and, while these are
    waited for, those that run; the totals count the others.
    """
    lines = _all_lines(view)
    if len(lines) <= _MOST_LINES:
        return lines, ""
    incomplete = [each for each in lines if each.kind == "incomplete"]
    running = [each for each in lines if each.kind == "running" and not view.is_closed]
    shown = incomplete[:_MOST_EXCEPTIONS]
    shown += running[: _MOST_LINES - len(shown)]
    left = {
        "running": len(running) - sum(each.kind == "running" for each in shown),
        "incomplete": len(incomplete) - sum(each.kind == "incomplete" for each in shown),
    }
    rest = ", ".join(f"{number:,} more {kind}" for kind, number in left.items() if number)
    return shown, f"and {rest}" if rest else ""


def _all_lines(view: BoardUpdate) -> list[Line]:
    return [
        Line(_kind(each), shortened(one_line(each.objective or ""), limit=_LONGEST), _state(each))
        for each in view.lines
    ]


def _kind(line: Update) -> _Kind:
    if line.is_over:
        is_whole = line.status == "completed" and line.termination_reason in _WHOLE
        return "complete" if is_whole else "incomplete"
    return "running" if line.findall_id else "waiting"


def _state(line: Update) -> str:
    """Return the state of a search, without what its shape says."""
    kind = _kind(line)
    word = one_line(line.status).replace("_", " ")
    if kind == "waiting" or (kind == "incomplete" and not line.findall_id):
        return word
    if kind == "running" and word != "running" and not line.generated:
        return joined(word, about_cost(line.cost))
    found = counted(line.matched, "match")
    if kind == "running" and line.match_limit is not None:
        found = f"{line.matched:,} of {counted(line.match_limit, 'match')}"
    if kind == "incomplete" and line.termination_reason:
        word = f"{word}, {in_words(line.termination_reason)}"
    is_usual = kind == "complete" or word == "running"
    return joined("" if is_usual else word, found, about_cost(line.cost))


def _complete(view: BoardUpdate) -> str:
    complete = sum(_kind(line) == "complete" for line in view.lines)
    return f"{complete:,} of {counted(len(view.lines), 'search')} complete"


def _counts(counts: Counter[_Kind]) -> list[str]:
    kinds: tuple[_Kind, ...] = ("incomplete", "running", "waiting")
    return [f"{counts[kind]:,} {kind}" for kind in kinds if counts[kind]]


# -- HTML ----------------------------------------------------------------------------------------


def board_html(view: BoardUpdate) -> str:
    """Return the overview as HTML with its style, without scripts."""
    counts = Counter(map(_kind, view.lines))
    state, word = _overall(view, counts)
    lines, rest = shown_lines(view)
    searches = counted(len(view.lines), "search")
    lead, matches = _complete(view), counted(view.matched, "match")
    if state == "complete":
        lead, matches = f"{matches} in {searches}", ""
    elif state == "left":
        lead = f"{lead} so far"
    facts = (joined(", ".join(_counts(counts)), matches, about_cost(view.cost)), view.held_up)
    parts = [
        f'<div class="ff-row"><div class="ff-question">{searches}</div>'
        f'<div class="ff-state">{STATE_SHAPES[state]}<span>{word}</span></div></div>',
        _bar(counts, state=state),
        f'<div class="ff-row"><div class="ff-lead">{lead}</div>'
        f'<div class="ff-time">{duration(view.elapsed)}</div></div>',
        *(f'<div class="ff-fact">{escaped(fact)}</div>' for fact in facts if fact),
        _listed(lines),
        f'<div class="ff-fact ff-rest">{rest}</div>' if rest else "",
        f'<div class="ff-say">{hint}</div>' if (hint := _hint(view, state)) else "",
    ]
    # An open list would be closed by the next overview in its place.
    if (view.is_closed or view.is_over) and len(view.lines) > _MOST_LINES:
        everything = _all_lines(view)[:_MOST_DETAILS]
        parts.append(
            f'<details class="ff-details"><summary {KEEPS_KEYS}>All {searches}</summary>'
            f"{_listed(everything)}</details>"
        )
    return (
        f'<div class="ff ff-card ff-board {NOT_TYPESET}" role="group" aria-label="Searches">'
        f"<style>{STYLE}{asset('board.css')}</style>{''.join(parts)}</div>"
    )


def _overall(view: BoardUpdate, counts: Counter[_Kind]) -> tuple[State, str]:
    """Return the state of the whole, and its word."""
    if view.is_over and counts["incomplete"]:
        return "early", "Not all complete"
    state: State = "complete" if view.is_over else "running"
    if view.is_closed and not view.is_over:
        state = "left" if view.goes_on else "ended"
    return state, STATE_WORDS[state]


def _bar(counts: Counter[_Kind], *, state: State) -> str:
    """Return the bar; the lead says the same in words."""
    whole = {"running": "brand", "left": "data", "ended": "data"}.get(state, "met")
    fills = "".join(
        f'<div class="ff-fill ff-{tone}" style="width:{100 * count / counts.total():.4g}%"></div>'
        for tone, count in ((whole, counts["complete"]), ("not", counts["incomplete"]))
        if count
    )
    return f'<div class="ff-bar" aria-hidden="true">{fills}</div>'


def _listed(lines: Iterable[Line]) -> str:
    rows = "".join(
        f'<div class="ff-line" role="listitem">{STATE_SHAPES[_SHAPES[line.kind]]}'
        f'<span class="ff-words">{line.kind}: </span>'
        f'<span class="ff-name">{escaped(line.question, limit=_LONGEST)}</span>'
        f'<span class="ff-found">{escaped(line.state)}</span></div>'
        for line in lines
    )
    return f'<div class="ff-lines" role="list">{rows}</div>' if rows else ""


def _hint(view: BoardUpdate, state: State) -> str:
    """Return what can be done now, or next."""
    if state == "running":
        goes_on = "; the runs go on" if view.goes_on else ""
        return f"Interrupt the kernel to stop waiting{goes_on}."
    if state == "left":
        return "The same call again waits for the runs that go on, and starts the rest."
    return "frames.runs says why, in its column error." if state == "early" else ""
