"""The plots: legible, clear about what they leave out, and safe whatever the data says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import nbclient
import nbformat
import pandas as pd
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

import findall_frames as ff
from findall_frames.display.plots import INK, MET, NOT_FILL, PAPER, SHADES
from findall_frames.display.shapes import asset
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import empty_tables
from tests.support.hostile import HOSTILE
from tests.support.results import SEARCH, basis, condition, enrichment, result
from tests.support.results import candidate as made
from tests.support.shown import candidate, field, hostile_candidate, tables

Draw = Callable[[FindAllFrames], Figure]

REPORTED = ["a generated", "b generated", "a matched", "a matched", "c matched"]
EVENTS: list[dict[str, Any]] = [
    {
        "type": f"findall.candidate.{status}",
        "timestamp": f"2026-02-03T04:05:{second:02}Z",
        "event_id": str(second),
        "data": {"candidate_id": candidate_id, "match_status": status},
    }
    for second, (candidate_id, status) in enumerate(map(str.split, REPORTED))
]
PLOTS: dict[str, Draw] = {
    "funnel": lambda frames: frames.plot.funnel(),
    "confidence": lambda frames: frames.plot.confidence(match_status=None),
    "domains": lambda frames: frames.plot.domains(),
    "timeline of events": lambda frames: frames.plot.timeline(EVENTS),
    "timeline of runs": lambda frames: FindAllFrames.concat([frames, OTHER]).plot.timeline(),
}


def makers(count: int, *, name: str = "Maker", findall_id: str = "findall_1") -> FindAllFrames:
    """Return candidates of which each third is no match, with ever weaker evidence."""
    candidates = []
    for number in range(count):
        confidence = ("high", "medium", "low")[3 * number // count]
        candidates.append(
            made(
                f"{name} {number}",
                status="unmatched" if number % 3 == 2 else "matched",
                output={
                    "makes_tiles": condition("Tiles", matched=True),
                    "family_owned": condition("yes", matched=number % 3 != 2),
                    "employees": enrichment(number),
                },
                basis=[
                    basis("makes_tiles", "It makes tiles.", confidence=confidence),
                    basis("family_owned", "A family owns it.", confidence=confidence),
                ],
            )
        )
    return flatten(result(*candidates, findall_id=findall_id), schema=SEARCH)


OTHER = makers(4, findall_id="findall_other")


def texts(figure: Figure) -> list[str]:
    """Return the visible texts of a figure."""
    return [
        " ".join(text.get_text().replace(r"\$", "$").split())
        for text in drawn(figure).findobj(Text)
        if isinstance(text, Text) and text.get_visible() and text.get_text()
    ]


def drawn(figure: Figure) -> Figure:
    """Return a figure after its layout; a warning would be an error."""
    figure.draw_without_rendering()
    return figure


def printed_by(script: str) -> str:
    """Return what a script prints in a fresh Python."""
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def cells(figure: Figure) -> list[Rectangle]:
    """Return the cells of a heat map."""
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def lightness(colour: Any) -> float:
    """Return the luminance of a colour, from 0 to 1."""
    red, green, blue = to_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_funnel_shows_its_numbers_and_each_condition() -> None:
    """Below the three steps are the numbers of candidates that meet each condition."""
    said = texts(makers(9).plot.funnel())
    assert {"generated", "evaluated", "matched", "makes_tiles", "family_owned"} <= {*said}
    assert "6 (67%)" in said
    assert "6 of 9 judged" in said
    assert "Find all makers of clay tiles" in said


def test_the_heat_map_shows_the_weakest_evidence_first() -> None:
    """There is a row per candidate and a column per field; what is left out is counted."""
    figure = makers(90).plot.confidence()
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(names) == 40
    assert names[0] == "Maker 60"
    assert any("Not shown: 20 candidates with more evidence." in text for text in texts(figure))
    few = makers(3).plot.confidence(match_status=None)
    assert [text.get_text() for text in few.axes[0].get_yticklabels()] == [
        "Maker 2",
        "Maker 1",
        "Maker 0",
    ]
    assert not any("Not shown" in text for text in texts(few))


def test_shades_of_confidence_keep_their_order_without_colours() -> None:
    """They go from dark to light in visible steps; white means that none was given."""
    steps = [lightness(SHADES[word]) for word in ("high", "medium", "low")] + [lightness(PAPER)]
    assert all(later - earlier > 0.15 for earlier, later in pairwise(steps))


def test_unmet_conditions_differ_from_uncertain_ones() -> None:
    """They have a cross and stripes, whatever the shade."""
    figure = makers(3).plot.confidence(match_status=None)
    striped = [cell for cell in cells(figure) if cell.get_hatch()]
    assert len(striped) == 1
    assert to_rgb(striped[0].get_facecolor()) == to_rgb(SHADES["low"])
    assert texts(figure).count("✗ 1") == 1
    assert texts(figure).count("✓ 1") == 5
    assert texts(figure).count("0") == 3
    assert len(cells(figure)) == 9


def test_a_status_that_does_not_exist_is_refused() -> None:
    """The error names the statuses there are."""
    with pytest.raises(ff.errors.InvalidRequestError, match="generated, matched"):
        makers(3).plot.confidence(match_status="good")


def test_the_most_cited_domains_are_on_top_and_the_others_are_counted() -> None:
    """Twenty bars fit; the note has the totals."""
    rows = []
    for number in range(30):
        output, evidence = field("x")
        evidence["citations"] = [{"url": f"https://site{number}.example/"}] * (number + 1)
        rows.append(candidate(number, name=f"n{number}", c=(output, evidence)))
    figure = FindAllFrames(tables(*rows)).plot.domains()
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[:2] == ["site29.example", "site28.example"]
    assert len(names) == 20
    assert any(
        "465 citations of 30 domains. Not shown: 10 domains with 55 citations." in text
        for text in texts(figure)
    )


def test_sources_without_a_domain_have_a_bar_of_their_own() -> None:
    """Files and rows have no domain."""
    output, evidence = field("x")
    evidence["citations"] = [{"url": "row 7"}, {"url": "row 8"}, {"url": "https://a.example/"}]
    figure = FindAllFrames(tables(candidate(1, name="n", c=(output, evidence)))).plot.domains()
    assert {"no domain", "2 (67%)", "a.example"} <= {*texts(figure)}


def test_sources_in_own_data_are_counted_by_column() -> None:
    """All of them are on the host of one table, which says nothing."""
    cities = pd.DataFrame(
        {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"], "km": [1, 2, 3]}
    )
    with ff.local(cities) as client:
        frames = ff.find_all("country is Italy and km over 1", client=client, progress=False)
    said = texts(frames.plot.domains())
    assert {"table: country", "table: km"} <= {*said}
    assert any("of 2 columns. The source of every value is a row of" in text for text in said)


def test_plots_have_the_light_colours_of_the_other_views() -> None:
    """The style sheet is where they are chosen."""
    sheet = asset("tokens.css")
    for token, colour in {"ink": INK, "met": MET, "not-fill": NOT_FILL, "bg": PAPER}.items():
        assert re.search(rf"--ff-{token}: .*light-dark\({colour}, ", sheet), token
    (matched,) = makers(9).plot.funnel().axes[0].patches[2:3]
    assert to_rgb(matched.get_facecolor()) == to_rgb(MET)


def test_a_timeline_of_events_counts_each_candidate_once() -> None:
    """Events may repeat, and a match may come without having been generated before."""
    figure = makers(3).plot.timeline(EVENTS)
    assert {"candidates: 3", "matches: 2"} <= {*texts(figure)}
    (lines, matches) = figure.axes[0].get_lines()
    assert list(lines.get_ydata())[-1] == 3  # type: ignore[arg-type]
    assert list(matches.get_ydata()) == [0, 1, 2, 2]  # type: ignore[arg-type]


def test_a_timeline_takes_the_events_of_a_run() -> None:
    """Events of the embedded service are read as a stream."""
    cities = pd.DataFrame(
        {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"]}
    )
    with ff.local(cities) as client:
        run = ff.start(ff.draft("Find cities in Italy", client=client), client=client)
        frames = run.wait(progress=False)
        said = texts(frames.plot.timeline(run.events()))
    assert {"candidates: 3", "matches: 2"} <= {*said}


def test_a_timeline_of_several_runs_shows_the_matches_of_each() -> None:
    """Each is a point at the time when the run was created."""
    (line,) = FindAllFrames.concat([makers(9), OTHER]).plot.timeline().axes[0].get_lines()
    assert sorted(line.get_ydata()) == [3, 6]  # type: ignore[arg-type]


def test_a_timeline_of_one_run_needs_its_events() -> None:
    """The error says so: a result has no time for each match."""
    with pytest.raises(ff.errors.InvalidRequestError, match=r"timeline\(run\.events\(\)\)"):
        makers(3).plot.timeline()
    with pytest.raises(ff.errors.InvalidRequestError, match="given a int"):
        makers(3).plot.timeline([1])


@pytest.mark.parametrize("name", PLOTS)
def test_nothing_of_a_plot_is_cut_off(name: str) -> None:
    """Long names of fields and candidates are shortened, not cut by the edge."""
    long = makers(70, name="The Very Old and Honourable Manufactory of Tiles of the Provinces")
    for frames in (long, makers(1)):
        figure = drawn(PLOTS[name](frames))
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


@pytest.mark.parametrize("apart", [0, 1e-4, 3, 900, 40_000, 3e5, 8e6, 9e8])
def test_the_dates_of_runs_any_time_apart_differ(apart: float) -> None:
    """They may be apart by nothing or by decades."""
    start = pd.Timestamp("1995-02-03T04:05:06Z")
    bodies = []
    for number in range(2):
        body = result(made("A"), findall_id=f"findall_{number}")
        time = start + pd.Timedelta(seconds=number * apart)
        body["run"]["created_at"] = time.isoformat()
        bodies.append(body)
    figure = drawn(flatten(bodies).plot.timeline())
    dates = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert 2 <= len(dates) <= 14
    assert len(set(dates)) > 1


@pytest.mark.parametrize(
    ("apart", "unit"), [(0, "seconds"), (1e-3, "seconds"), (100, "minutes"), (5000, "hours")]
)
def test_growth_is_shown_in_a_suitable_unit(apart: float, unit: str) -> None:
    """Embedded runs take milliseconds and large ones take hours."""
    start = pd.Timestamp("2026-02-03T04:05:06Z")
    events = [
        {**event, "timestamp": (start + pd.Timedelta(seconds=number * apart)).isoformat()}
        for number, event in enumerate(EVENTS)
    ]
    assert f"{unit} since the first event" in texts(makers(3).plot.timeline(events))


@pytest.mark.parametrize("name", PLOTS)
def test_an_empty_result_gives_a_figure_that_says_so(name: str) -> None:
    """It is neither an error nor a pair of empty axes."""
    if "events" in name:
        said = texts(FindAllFrames(empty_tables()).plot.timeline([]))
    elif "runs" in name:
        said = texts(FindAllFrames(empty_tables()).plot.timeline())
    else:
        said = texts(PLOTS[name](FindAllFrames(empty_tables())))
    assert any(words in text for text in said for words in ("No ", "no ", "Nothing ")), said


def test_a_heat_map_without_matches_says_how_to_see_the_others() -> None:
    """Candidates that did not match have evidence as well."""
    output = {"makes_tiles": condition("no", matched=False)}
    frames = flatten(
        result(*(made(name, status="unmatched", output=output) for name in "AB")), schema=SEARCH
    )
    (said,) = (text for text in texts(frames.plot.confidence()) if text.startswith("No candidate"))
    assert said.endswith("confidence(match_status=None) draws all 2.")
    assert "A" in texts(frames.plot.confidence(match_status=None))


@pytest.mark.parametrize("begin", range(0, len(HOSTILE), 10))
def test_hostile_text_stays_text_in_plots(begin: int) -> None:
    """No formula is typeset, no invisible character is drawn, and nothing fails."""
    candidates = []
    for number, text in enumerate(HOSTILE[begin : begin + 10]):
        one = {**hostile_candidate(text), "candidate_id": f"c{number}"}
        one["output"][text] |= {"type": "match_condition", "is_matched": True}
        candidates.append(one)
    frames = flatten(
        result(*candidates), schema=msgspec.structs.replace(SEARCH, objective=HOSTILE[begin])
    )
    for draw in PLOTS.values():
        figure = drawn(draw(frames))
        for each in figure.findobj(Text):
            assert isinstance(each, Text)
            assert not is_math_text(each.get_text())
            assert not each.get_usetex()
            assert all(line.isprintable() for line in each.get_text().split("\n"))


def test_a_figure_shows_itself_in_a_notebook_without_pyplot() -> None:
    """It is a PNG at its own size, and pyplot is not imported."""
    script = """
import sys
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import empty_tables
png, size = FindAllFrames(empty_tables()).plot.funnel()._repr_png_()
print(png[:4], size["width"], "matplotlib.pyplot" in sys.modules)
"""
    done = printed_by(script)
    assert done.split() == ["b'\\x89PNG'", "740", "False"]


def test_a_cell_shows_a_figure_once_whether_pyplot_is_there_or_not() -> None:
    """In a real kernel, pyplot would show its own figures a second time."""
    made = "from findall_frames.frames.frames import FindAllFrames as F\n"
    made += "from findall_frames.frames.schema import empty_tables\n"
    made += "frames = F(empty_tables()); frames.plot.funnel()"
    cells = [
        made,
        "import matplotlib.pyplot",
        "frames.plot.funnel()",
        "kept = frames.plot.funnel()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = [
        [kind for output in cell.outputs for kind in output.get("data", {}) if kind != "text/plain"]
        for cell in notebook.cells
    ]
    assert shown == [["image/png"], [], ["image/png"], []]


def test_without_matplotlib_the_error_names_the_extra() -> None:
    """It has a line to paste; everything else goes on working."""
    script = """
import sys
sys.modules["matplotlib"] = None
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import empty_tables
frames = FindAllFrames(empty_tables())
try:
    frames.plot.funnel()
except ImportError as error:
    print(type(error).__name__, error)
print(len(frames._repr_html_()) > 0)
"""
    done = printed_by(script)
    assert done.startswith("MissingExtraError")
    assert 'pip install "findall-frames[plot]"' in done
    assert done.endswith("True\n")
