"""Progress displays: what they show, how often, and that none of them can break a search."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.api.models import FindAllCandidate
from findall_frames.errors import DisplayWarning, InvalidRequestError
from findall_frames.progress.displays import (
    Display,
    Guarded,
    Paced,
    Painter,
    Silence,
    display_for,
)
from findall_frames.progress.lines import LogLines, TerminalBar
from findall_frames.progress.pace import Rate
from findall_frames.progress.update import Update, View
from findall_frames.progress.wording import interrupt_hint

HOSTED = "https://api.parallel.ai"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def update(*, status: str = "running", **more: Any) -> Update:
    """Return an update of one run."""
    known: dict[str, Any] = {"service": HOSTED, "match_limit": 20, **more}
    return Update("findall_1", "Find tiles that are blue", status=status, **known)


def found(name: str, *, matched: int, url: str = "https://example.org/") -> Update:
    """Return the update for a match."""
    candidate = FindAllCandidate(name, name, url, "matched")
    return update(matched=matched, event="findall.candidate.matched", candidate=candidate)


def over(**more: Any) -> Update:
    """Return the last update of a run."""
    known = {"matched": 20, "generated": 87, "elapsed": 65.0, **more}
    return update(status="completed", is_over=True, termination_reason="match_limit_met", **known)


class Recorder:
    """A painter that records the views it is given."""

    def __init__(self, *, rest: float, tick: float) -> None:
        self.rest, self.tick = rest, tick
        self.shows_warnings = False
        self.begun: list[View] = []
        self.announced: list[View] = []
        self.painted: list[View] = []
        self.ended: list[View] = []
        self.was_painted = threading.Condition()

    def begin(self, view: View) -> None:
        self.begun.append(view)

    def announce(self, view: View) -> None:
        self.announced.append(view)

    def paint(self, view: View) -> None:
        with self.was_painted:
            self.painted.append(view)
            self.was_painted.notify_all()

    def end(self, view: View) -> None:
        self.ended.append(view)


class Crash(Recorder):
    """A painter that fails at the chosen step."""

    def __init__(self, *, step: str) -> None:
        super().__init__(rest=0.001, tick=0.002)
        self.step = step

    def begin(self, view: View) -> None:
        super().begin(view)
        if self.step == "begin":
            raise OSError("the screen is gone")

    def paint(self, view: View) -> None:
        super().paint(view)
        if self.step == "paint":
            raise OSError("the screen is gone")

    def end(self, view: View) -> None:
        super().end(view)
        if self.step == "end":
            raise OSError("the screen is gone")


def show_all(display: Display, *updates: Update) -> None:
    """Show the updates, then close the display."""
    for one in updates:
        display.show(one)
    display.close()


def run_through(painter: Painter, *updates: Update) -> None:
    """Pass the updates to a painter."""
    show_all(Paced(lambda _: painter), *updates)


def test_a_short_run_logs_one_line_at_the_start_and_one_at_the_end() -> None:
    """There are two lines, however many updates there were."""
    file = io.StringIO()
    updates = [update(matched=n) for n in range(100)]
    run_through(LogLines(file), *updates, over())
    assert file.getvalue().splitlines() == [
        "findall_1 at https://api.parallel.ai: Find tiles that are blue. "
        'Safe to interrupt. Resume with ff.resume("findall_1")',
        "findall_1: Limit reached in 1:05: 20 matches among 87 candidates. "
        "Stopped at your limit of 20; there may be more.",
    ]


def test_a_long_run_logs_how_far_it_is() -> None:
    """A repaint is one line with status, counts and time."""
    file = io.StringIO()
    LogLines(file).paint(View(update(matched=3, generated=1400), 61.5))
    assert file.getvalue() == "findall_1: Running, 3 of 20 matches, 1:01\n"


def test_the_cost_of_a_run_is_shown_where_there_is_a_price() -> None:
    """It is shown while the run goes on and when it is over."""
    file = io.StringIO()
    lines = LogLines(file)
    lines.paint(View(update(matched=3, generated=8, cost=2.45), 61.5))
    lines.end(View(over(cost=1005.0), 65.0))
    assert file.getvalue().splitlines() == [
        "findall_1: Running, 3 of 20 matches, about $2.45, 1:01",
        "findall_1: Limit reached in 1:05: 20 matches among 87 candidates, about $1,005.00. "
        "Stopped at your limit of 20; there may be more.",
    ]


def test_a_run_on_this_machine_is_safe_to_leave_while_its_service_runs() -> None:
    """Runs of a local service may end with it; runs of the hosted service do not."""
    local = View(update(service="http://127.0.0.1:8801"), 0.0, resume="go_on()")
    assert interrupt_hint(local) == "Safe to interrupt while this service runs. Resume with go_on()"
    hosted = View(update(), 0.0, resume="go_on()")
    assert interrupt_hint(hosted) == "Safe to interrupt. Resume with go_on()"
    assert interrupt_hint(View(update(), 0.0)) == ""


def test_an_interrupted_run_says_how_to_resume_it() -> None:
    """A display that is closed before the run is over ends with the resume call."""
    file = io.StringIO()
    run_through(LogLines(file), update(matched=3, match_limit=None))
    last = file.getvalue().splitlines()[-1]
    assert re.fullmatch(
        r"findall_1: Left after \d+\.\d s: 3 matches so far\. "
        r'Resume with ff\.resume\("findall_1"\)',
        last,
    )


def test_log_lines_escape_what_the_file_cannot_hold() -> None:
    """A log in ASCII shows names of other scripts as escapes and never fails."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    LogLines(file).announce(View(update(status="läuft", service="http://é"), 0.0))
    assert b"http://\\xe9" in raw.getvalue()


def test_text_from_a_service_cannot_control_the_terminal() -> None:
    """Escape sequences and line breaks in an objective are shown, not obeyed."""
    file = io.StringIO()
    hostile = Update("findall_1", "a\x1b[2Jb\r\nc\u202ed", HOSTED, "running")
    run_through(LogLines(file), hostile)
    assert ": a\ufffd[2Jb c\ufffdd. Safe" in file.getvalue()


def test_a_bar_is_repainted_at_most_five_times_a_second() -> None:
    """Most of many updates are skipped, but never the last one."""
    recorder = Recorder(rest=TerminalBar.rest, tick=TerminalBar.tick)
    display = Paced(lambda _: recorder)
    began = time.monotonic()
    while time.monotonic() - began < 0.7:
        display.show(update(matched=1))
        time.sleep(0.001)
    display.show(over())
    display.close()
    took = time.monotonic() - began
    assert 1 <= len(recorder.painted) <= took / 0.2
    assert [view.update.is_over for view in recorder.ended] == [True]


def test_the_clock_moves_on_when_nothing_is_new() -> None:
    """Without another update the view is painted again, with more time elapsed."""
    recorder = Recorder(rest=0.005, tick=0.01)
    display = Paced(lambda _: recorder)
    display.show(update(elapsed=7.0))
    with recorder.was_painted:
        assert recorder.was_painted.wait_for(lambda: len(recorder.painted) >= 3, timeout=20)
    display.close()
    times = [view.elapsed for view in recorder.painted]
    assert times[0] > 7.0
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_the_latest_matches_are_kept_even_if_their_updates_were_not_painted() -> None:
    """A view has the last three matches, the newest first."""
    recorder = Recorder(rest=30, tick=30)
    updates = [found(name, matched=n) for n, name in enumerate("abcde")]
    run_through(recorder, *updates)
    assert [candidate.name for candidate in recorder.ended[0].latest] == ["e", "d", "c"]


def test_a_run_is_announced_once_and_as_soon_as_it_has_an_id() -> None:
    """While conditions are drafted there is no run; its id comes with the first update after."""
    recorder = Recorder(rest=30, tick=30)
    drafting = replace(update(status="drafting"), findall_id="")
    run_through(recorder, drafting, drafting, update(), update(matched=1))
    assert [view.update.status for view in recorder.begun] == ["drafting"]
    assert [view.update.findall_id for view in recorder.announced] == ["findall_1"]


def test_a_search_that_never_became_a_run_leaves_no_line() -> None:
    """When drafting fails, the error says so, and no display mentions a run."""
    drafting = replace(update(status="drafting"), findall_id="")
    log, bar = io.StringIO(), io.StringIO()
    run_through(LogLines(log), drafting)
    run_through(TerminalBar(bar), drafting)
    assert (log.getvalue(), bar.getvalue()) == ("", "")


@pytest.mark.parametrize("shows", [False, True])
def test_a_painter_that_shows_warnings_gets_them(shows: bool) -> None:
    """They come with the result, before the display is closed."""
    recorder = Recorder(rest=30, tick=30)
    recorder.shows_warnings = shows
    display = Guarded(Paced(lambda _: recorder))
    display.show(over())
    assert display.tell(["One row was left out."]) is shows
    display.close()
    assert recorder.ended[0].warnings == ("One row was left out.",)


def test_a_display_that_was_dropped_shows_no_warnings() -> None:
    """Otherwise nobody would see them."""
    crash = Crash(step="begin")
    crash.shows_warnings = True
    display = Guarded(Paced(lambda _: crash))
    with pytest.warns(DisplayWarning, match="the screen is gone"):
        display.show(update())
    assert not display.tell(["One row was left out."])


@pytest.mark.parametrize("step", ["tell", "end"])
def test_warnings_are_not_lost_with_a_display_that_fails(step: str) -> None:
    """What a display was told and could not show is a Python warning, once it is closed."""

    class Mute(Silence):
        def tell(self, warnings: Sequence[str]) -> bool:
            raise OSError("the screen is gone")

    crash = Crash(step=step)
    crash.shows_warnings = True
    display = display_for(Mute() if step == "tell" else Paced(lambda _: crash))
    with (
        pytest.warns(DisplayWarning, match="the screen is gone"),
        pytest.warns(ff.FindAllWarning, match="price > 5") as caught,
    ):
        ff.find_all("price > 5", data=[{"name": "a", "price": 1}], progress=display)
    assert len(caught) == 2


def test_closing_twice_ends_once() -> None:
    """A second close is harmless, and so is one without any update."""
    recorder = Recorder(rest=30, tick=30)
    display = Paced(lambda _: recorder)
    display.show(over())
    display.close()
    display.close()
    assert len(recorder.ended) == 1
    Paced(lambda _: recorder).close()
    assert len(recorder.begun) == 1


def test_no_thread_is_left_behind() -> None:
    """Closing joins the thread that repaints."""
    run_through(Recorder(rest=30, tick=30), update(), over())
    assert "findall_frames progress" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("step", ["begin", "paint", "end"])
def test_a_failing_display_is_dropped_with_one_warning(step: str) -> None:
    """Wherever it fails, the search goes on and the person gets one warning."""
    crash = Crash(step=step)
    display = Guarded(Paced(lambda _: crash))

    def use() -> None:
        display.show(update())
        if step == "paint":
            with crash.was_painted:
                assert crash.was_painted.wait_for(lambda: bool(crash.painted), timeout=20)
        show_all(display, update())
        show_all(display, over())

    with pytest.warns(DisplayWarning, match="the screen is gone") as caught:
        use()
    assert len(caught) == 1
    assert "progress=False" in str(caught[0].message)


def test_a_display_that_cannot_be_made_is_dropped_with_one_warning() -> None:
    """The panel needs a kernel; without one the search goes on without it."""
    display = display_for("notebook")
    with pytest.warns(DisplayWarning, match="no notebook kernel") as caught:
        show_all(display, update(), over())
    assert len(caught) == 1


def test_a_callable_is_given_every_update() -> None:
    """No update is left out and none is added."""
    seen: list[Update] = []
    display = display_for(seen.append)
    updates = [update(matched=n) for n in range(50)]
    for one in updates:
        display.show(one)
    display.close()
    assert seen == updates


def test_a_callable_that_raises_is_dropped_with_one_warning() -> None:
    """A person's own function cannot break the search either."""
    calls: list[Update] = []

    def fail(one: Update) -> None:
        calls.append(one)
        raise KeyError("matches")

    display = display_for(fail)
    with pytest.warns(DisplayWarning, match="KeyError") as caught:
        show_all(display, update(), update())
    assert len(caught) == 1
    assert len(calls) == 1


def test_an_interrupt_passes_through_the_guard() -> None:
    """Ctrl-C during painting is not swallowed."""

    def interrupt(one: Update) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        display_for(interrupt).show(update())


@pytest.mark.parametrize("word", [False, None])
def test_without_progress_nothing_is_written(word: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither stream receives anything."""
    display = display_for(word)
    display.show(update())
    display.close()
    assert isinstance(display, Silence)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("word", ["bar", "", True, 3])
def test_an_unknown_word_is_refused_with_the_choices(word: Any) -> None:
    """The error names the valid words."""
    with pytest.raises(InvalidRequestError, match=r"'auto', 'notebook', 'terminal', 'log'"):
        display_for(word)


def test_auto_logs_to_stderr_if_that_is_no_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """stdout stays clean, as it may be piped somewhere."""
    display = display_for("auto")
    display.show(update())
    display.show(over())
    display.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 2


def test_the_bar_fits_eighty_columns_and_leaves_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No painted line is wider than the terminal, and the bar is erased at the end."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    bar = TerminalBar(file)
    long_name = "A name that does not end " * 10
    latest = (FindAllCandidate("c", long_name, "https://example.org/", "matched"),)
    resume = f'ff.resume("findall_{"1" * 60}")'
    bar.begin(View(update(), 0.0, resume=resume))
    bar.announce(View(update(), 0.0, resume=resume))
    now = update(matched=12, unmatched=3000, generated=3400)
    bar.paint(View(now, 3723.0, latest, 0.75, resume=resume))
    live = CONTROL.sub("", file.getvalue())
    assert "Running, 12 of 20 matches, 1:02:03 · about 45 min left" in live
    assert "45 judged a minute · latest: A name" in live
    assert "Safe to interrupt. Resume with" in live
    assert max(len(line) for line in re.split(r"[\r\n]", live)) <= 80
    bar.end(View(over(), 65.0))
    written = file.getvalue()
    assert "\x1b[2K" in written
    left = CONTROL.sub("", written).rstrip().splitlines()
    last = left[-2:]
    assert max(map(len, last)) <= 80
    assert " ".join(" ".join(last).split()).endswith(
        "20 matches among 87 candidates. Stopped at your limit of 20; there may be more."
    )


@pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal to open")
def test_auto_paints_a_bar_where_stderr_is_a_terminal() -> None:
    """The same program that logs into a file paints on a terminal."""
    import pty

    program = (
        "from findall_frames.progress.displays import display_for\n"
        "from findall_frames.progress.update import Update\n"
        "display = display_for('auto')\n"
        "display.show(Update('findall_1', None, 'http://127.0.0.1:1', 'running', match_limit=9))\n"
        "print('on stdout')\n"
        "display.close()\n"
    )
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=surroundings,
            check=True,
            timeout=60,
        )
        seen = os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stdout.decode().strip() == "on stdout"
    assert "\x1b[?25l" in seen
    assert "\x1b[?25h" in seen, "the cursor is shown again"
    assert "0 of 9 matches" in seen


def test_the_rate_covers_the_last_half_minute() -> None:
    """What a resumed run repeats at first does not count, nor does what is long ago."""
    rate = Rate()
    rate.note(0, at=100.0)
    assert rate.per_second(at=100.0) is None
    rate.note(500, at=100.5)
    for second in range(1, 61):
        rate.note(500 + 2 * second, at=100.5 + second)
    assert rate.per_second(at=160.5) == pytest.approx(2.0)
    rate.note(620, at=190.5)
    rate.note(620, at=191.5)
    assert rate.per_second(at=191.5) == pytest.approx(0.0, abs=0.1)
