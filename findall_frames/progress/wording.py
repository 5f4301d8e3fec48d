"""What displays say about a run: state, counts, time left, how it ended, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from findall_frames.addresses import is_loopback
from findall_frames.api.models import RUN_STATUSES
from findall_frames.display.text import (
    about_cost,
    counted,
    duration,
    in_words,
    joined,
    matches_of,
    one_line,
    shortened,
)
from findall_frames.progress.pace import judged_in, pace, time_left
from findall_frames.progress.update import Update, View, frames_call

__all__ = [
    "STATE_WORDS",
    "Card",
    "State",
    "cancel_warning",
    "card_of",
    "ending",
    "headline",
    "interrupt_hint",
    "interrupting",
    "progress_of",
    "status_line",
]

State: TypeAlias = Literal[
    "starting", "running", "complete", "limit", "early", "failed", "cancelled", "left", "ended"
]
Tone: TypeAlias = Literal["brand", "met", "not", "data"]

STATE_WORDS: Final[dict[State, str]] = {
    "starting": "Starting",
    "running": "Running",
    "complete": "Complete",
    "limit": "Limit reached",
    "early": "Ended early",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "left": "Goes on without you",
    "ended": "Stopped",
}
_TONES: Final[dict[State, Tone]] = {
    "starting": "brand",
    "running": "brand",
    "complete": "met",
    "limit": "brand",
    "early": "data",
    "failed": "not",
    "cancelled": "data",
    "left": "data",
    "ended": "data",
}
_STATUSES: Final = frozenset({*RUN_STATUSES, "asking"})
_COMPLETE: Final = frozenset({None, "candidates_exhausted"})
_MORE: Final = 20
"""The number of further matches that is suggested."""
_UNSAID: Final = "The service does not say why it ended."
_BRIEF: Final = 10.0
"""Seconds below which tenths are shown."""
_LONGEST_QUESTION: Final = 400
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Card:
    """The texts of the progress card, in the order in which they are read.

    Attributes
    ----------
    state : str
        Which of the states it is in; it decides the shape.
    question, word : str
        The objective, and the state in words.
    tone : str
        The colour of the bar.
    share : float or None
        How much of the bar is filled, 0 to 1; None where the total is unknown.
    lead, time : str
        What the bar measures; time since waiting began, and the time left.
    facts : tuple of str
        Lines below.
    latest : tuple of (str, str)
        Names of the latest matches, and their addresses as they came.
    warnings : tuple of str
        Warnings of the service.
    say, call : str
        What can be done next, and the Python statement for it.
    details : tuple of (str, str)
        Names and values.
    """

    state: State
    question: str
    word: str
    tone: Tone
    share: float | None
    lead: str
    time: str
    facts: tuple[str, ...] = ()
    latest: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    say: str = ""
    call: str = ""
    details: tuple[tuple[str, str], ...] = ()


def card_of(view: View, *, is_closed: bool = False) -> Card:
    """Return the texts of the card; `is_closed` if nobody waits any longer.

    >>> update = Update("findall_1", "Find tiles", "https://api.parallel.ai", "running",
    ...                 matched=4, unmatched=48, generated=60, match_limit=10)
    >>> card = card_of(View(update, 260.0, rate=0.2))
    >>> card.word, card.lead, card.time
    ('Running', '4 of 10 matches', '4:20 · about 7 min left')
    """
    update = view.update
    state = _state(view, is_closed=is_closed)
    say, call = _next_step(view, state)
    names = tuple(
        (shortened(one_line(match.name), limit=_LONGEST_NAME), match.url) for match in view.latest
    )
    return Card(
        state=state,
        question=shortened(one_line(update.objective or ""), limit=_LONGEST_QUESTION),
        word=_word(update, state),
        tone=_TONES[state],
        share=1.0 if state in ("complete", "limit") else _share(update),
        lead=_lead(update, state),
        time=_time(view, state),
        facts=tuple(_sentence(line) for line in (_held_up(update), *_facts(view, state)) if line),
        latest=() if say else names,
        warnings=tuple(one_line(warning) for warning in view.warnings),
        say=say,
        call=call,
        details=_details(view, state),
    )


def _state(view: View, *, is_closed: bool) -> State:
    update = view.update
    if not update.is_over:
        if is_closed:
            return "left" if view.resume and update.findall_id else "ended"
        return "running" if update.generated or update.matched else "starting"
    if update.status in ("failed", "cancelled"):
        return "failed" if update.status == "failed" else "cancelled"
    if update.termination_reason == "match_limit_met":
        return "limit"
    is_complete = update.status == "completed" and update.termination_reason in _COMPLETE
    return "complete" if is_complete else "early"


def _word(update: Update, state: State) -> str:
    if update.status == "cancelling":
        return "Cancelling"
    # A status of a newer service does not say that it was early.
    return "Ended" if state == "early" and update.status != "completed" else STATE_WORDS[state]


# -- how far it is -------------------------------------------------------------------------------


def progress_of(update: Update) -> tuple[int, int | None]:
    """Return how much is done and of how much: rows of own data, else matches of the limit.

    A total that is exceeded is out of date, and is left out.
    """
    done, total = update.matched, update.match_limit
    if update.rows:
        done, total = judged_in(update), update.rows
    return done, total if total and done <= total else None


def _share(update: Update) -> float | None:
    done, total = progress_of(update)
    if not total or not (update.generated or update.matched):
        return None
    return min(done / total, 1.0)


def _lead(update: Update, state: State) -> str:
    matches = counted(update.matched, "match")
    if not update.findall_id:
        status = one_line(update.status)
        if update.is_over:
            return "The conditions are drafted"
        if state == "ended":
            return "No run was started"
        return _sentence(status).rstrip(".") if status != "starting" else "Starting the run"
    if state == "starting":
        return f"Waiting for the first {'rows' if update.rows else 'candidates'}"
    if state in ("failed", "cancelled"):
        return f"{matches} kept, of {_looked_at(update)}"
    if update.is_over or state == "ended":
        return f"{matches} among {_looked_at(update)}"
    done, total = progress_of(update)
    lead = f"{done:,} of {counted(total, 'row')}" if update.rows and total else _of_limit(update)
    return f"{lead} so far" if state == "left" else lead


def _of_limit(update: Update) -> str:
    limit = update.match_limit
    return matches_of(update.matched, limit=limit if limit and update.matched <= limit else None)


def _looked_at(update: Update) -> str:
    return counted(update.generated, "candidate" if update.rows is None else "row")


def _time(view: View, state: State) -> str:
    if state == "running":
        left = time_left(view)
        return joined(duration(view.elapsed), left)
    if state == "starting":
        return duration(view.elapsed)
    return f"left after {_took(view)}" if state == "left" else _took(view)


def _took(view: View) -> str:
    return f"{max(view.elapsed, 0.0):.1f} s" if view.elapsed < _BRIEF else duration(view.elapsed)


# -- facts ---------------------------------------------------------------------------------------


def _held_up(update: Update) -> str:
    """Return what the run waits for, if that is given in place of a known status."""
    is_known = not update.findall_id or update.is_over or update.status in _STATUSES
    return "" if is_known else one_line(update.status)


def _facts(view: View, state: State) -> tuple[str, ...]:
    update = view.update
    if not update.findall_id:
        return ()
    if state == "starting":
        limit = update.match_limit
        asked = f"Asked for up to {counted(limit, 'match')}" if limit else ""
        return (joined(asked, _at_most(update)),)
    if state == "running":
        speed = pace(view.rate, noun="judged" if update.rows is None else "rows")
        return (_judged(update), joined(speed, _cost(update)))
    if state == "left":
        found = _judged(update) if update.rows else ""
        return (found, joined(_goes_on(update), _at_most(update)))
    if state == "ended":
        return ("The run ended with this call.",)
    verdicts = _verdicts(update) if state in ("complete", "limit") else ""
    if state == "limit":
        return (joined(verdicts, _cost(update)),)
    kept = " What it found is in frames." if state == "cancelled" else ""
    return (_why(update, state) + kept, joined(verdicts, _cost(update)))


def _judged(update: Update) -> str:
    judged = judged_in(update)
    if update.rows is not None:
        # Not "not met": own data does not say before the end how many are unknown.
        verb = "matches" if update.matched == 1 else "match"
        return f"{update.matched:,} {verb}, {judged - update.matched:,} do not"
    if not judged:
        return f"{counted(update.generated, 'candidate')}, none judged yet"
    return f"{counted(judged, 'candidate')} judged: {_counts(update)}"


def _verdicts(update: Update) -> str:
    """Return the counts at the end, if every candidate was seen."""
    is_known = update.rows is None and judged_in(update) == update.generated > 0
    return _counts(update) if is_known else ""


def _counts(update: Update) -> str:
    unknown = min(update.undecided, update.unmatched)
    parts = [
        f"{update.matched:,} met",
        f"{update.unmatched - unknown:,} not met",
        f"{unknown:,} unknown" if unknown else "",
    ]
    return ", ".join(part for part in parts if part)


def _why(update: Update, state: State) -> str:
    """Return how the run ended, as a sentence."""
    if state == "cancelled":
        return "The run was cancelled."
    if state == "limit":
        if update.generator == "preview":
            return f"A preview judges no more than {_looked_at(update)}."
        limit = f"your limit of {update.match_limit:,}" if update.match_limit else "the limit"
        return f"Stopped at {limit}; there may be more."
    if state == "complete":
        if update.rows is None:
            is_known = update.termination_reason == "candidates_exhausted"
            return "All candidates are judged; none are left." if is_known else _UNSAID
        if update.generated < update.rows:
            return f"{update.generated:,} of {counted(update.rows, 'row')} were judged."
        return "All rows are judged."
    if update.termination_reason:
        return f"{_sentence(in_words(update.termination_reason))}."
    is_known = update.status in RUN_STATUSES
    return _UNSAID if is_known else f"The service gives its status as {one_line(update.status)!r}."


def _goes_on(update: Update) -> str:
    # A run at a service on this machine may end with that service.
    if is_loopback(update.service):
        return "The run goes on while its service runs"
    return "The run goes on at the service"


def _cost(update: Update) -> str:
    if update.cost is None:
        return ""
    cost = about_cost(update.cost)
    if update.is_over:
        return cost
    return ", ".join(part for part in (f"{cost} so far", _at_most(update)) if part)


def _at_most(update: Update) -> str:
    return "" if update.ceiling is None else f"at most ${update.ceiling:,.2f}"


# -- what next -----------------------------------------------------------------------------------


def _next_step(view: View, state: State) -> tuple[str, str]:
    """Return a sentence on what can be done next, and the Python statement for it."""
    update = view.update
    if state == "left" and view.resume:
        where = "" if is_loopback(update.service) else ", here or on another machine"
        return f"Wait for it again{where}:", f"frames = {view.resume}"
    if state == "limit":
        return _extension(view)
    if state == "early" and update.termination_reason == "low_match_rate":
        return "A more thorough generator looks at more candidates.", ""
    if state not in ("failed", "early"):
        return "", ""
    kept = "What it found is in frames."
    if not view.resume:
        return kept, ""
    credit = "Add credit first. " if update.termination_reason == "insufficient_funds" else ""
    without = f" without these {update.matched:,}" if update.matched else ""
    return f"{kept} {credit}To search again{without}:", frames_call("refresh", update)


def _extension(view: View) -> tuple[str, str]:
    update = view.update
    stopped = _why(update, "limit")
    if update.generator == "preview":
        return f"{stopped} ff.find_all looks at more.", ""
    if not view.resume:  # the service over data= has ended
        return f"{stopped} Leave match_limit out to get all.", ""
    price = f", for at most ${_MORE * update.match_price:,.2f}" if update.match_price else ""
    more = f"To look for {_MORE} more{price}:"
    return f"{stopped} {more}", frames_call("extend", update, str(_MORE))


def cancel_warning(update: Update) -> str:
    """Return what cancelling the run means.

    >>> cancel_warning(Update("findall_1", None, "https://api.parallel.ai", "running", matched=1))
    'The 1 match is kept. What was done is billed. The run cannot go on afterwards.'
    """
    verb = "is" if update.matched == 1 else "are"
    kept = f"The {counted(update.matched, 'match')} {verb} kept. " if update.matched else ""
    billed = "What was done is billed. " if update.rows is None else ""
    return f"{kept}{billed}The run cannot go on afterwards."


def _details(view: View, state: State) -> tuple[tuple[str, str], ...]:
    update = view.update
    if not update.findall_id:
        return ()
    place = one_line(update.service)
    if update.is_own_data:
        rows = f"{counted(update.rows, 'row')} of your own data, at " if update.rows else ""
        found = ("Data", f"{rows}{place}")
    else:
        found = ("Service", place)
    # The card of a run that is left has the call already.
    later = (("Go on later", f"frames = {view.resume}"),) if view.resume else ()
    is_going_on = not update.is_over and state not in ("left", "ended")
    return (("Run", one_line(update.findall_id)), found, *(later if is_going_on else ()))


# -- lines of text -------------------------------------------------------------------------------


def headline(update: Update) -> str:
    """Return which run this is: id, service and objective."""
    place = f"{one_line(update.findall_id)} at {one_line(update.service)}".removeprefix(" at ")
    return f"{place}: {one_line(update.objective)}" if update.objective else place


def interrupt_hint(view: View) -> str:
    """Return that it is safe to interrupt, and how to resume, while the run is not over."""
    if not view.resume or view.update.is_over:
        return ""
    condition = " while this service runs" if is_loopback(view.update.service) else ""
    return f"Safe to interrupt{condition}. Resume with {view.resume}"


def interrupting(view: View) -> str:
    """Return what interrupting the kernel does; empty before there is a run."""
    if not view.update.findall_id:
        return ""
    if not view.resume:
        return "Interrupt the kernel to stop the run."
    return "Interrupt the kernel to stop waiting; the run goes on."


def status_line(view: View) -> str:
    """Return how far the run is, in one short line."""
    card = card_of(view)
    found = [counted(view.update.matched, "match")] if view.update.rows else []
    cost = about_cost(view.update.cost)
    price = [cost] if cost else []
    return ", ".join([_held_up(view.update) or card.word, card.lead, *found, *price, card.time])


def ending(view: View) -> str:
    """Return how the run ended, or that nobody waits for it any more."""
    update = view.update
    card = card_of(view, is_closed=True)
    if not update.findall_id:
        return f"Drafted in {_took(view)}." if update.is_over else "No run was started."
    if card.state == "left":
        found = f"{_of_limit(update)} so far"
        return f"Left after {_took(view)}: {found}. Resume with {view.resume}"
    if card.state == "ended":
        return f"Stopped after {_took(view)}: {card.lead}."
    found = ", ".join(part for part in (card.lead, _cost(update)) if part)
    why = "" if card.state == "cancelled" else f" {_why(update, card.state)}"
    return f"{card.word} in {_took(view)}: {found}.{why}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
