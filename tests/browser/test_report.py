"""A report in a browser: opened from disk, with scripts and without, on paper, and harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from findall_frames.display.report import report_page
from findall_frames.display.result_view import ResultView
from findall_frames.frames.flatten import flatten
from tests.support.hostile import HOSTILE
from tests.support.results import SEARCH, basis, candidate, condition, enrichment, result
from tests.support.reviewed import review
from tests.support.shown import hostile_candidate, tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

MAKERS = ("Kilnworks", "Mossgrout", "Tegula", "Ulmer Ziegel", "Roofline")


def made(number: int) -> dict[str, Any]:
    """Return a maker of tiles: two match, one is open, two do not match."""
    is_owned = (True, True, None, False, False)[number]
    return candidate(
        MAKERS[number],
        status="matched" if is_owned else "unmatched",
        output={
            "makes_tiles": condition("clay tiles", matched=True),
            "family_owned": {**condition("yes", matched=True), "is_matched": is_owned},
            "employees": enrichment(73 + number),
        },
        basis=[
            basis("makes_tiles", "They make clay tiles in Ulm.", confidence="medium"),
            basis("family_owned", "A family owns it."),
        ],
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with reviews."""
    frames = flatten(result(*map(made, range(5))), schema=SEARCH)
    path = tmp_path_factory.mktemp("report") / "report.html"
    reviews = [
        review("candidate_kilnworks", note="Called them."),
        review("candidate_mossgrout", decision="reject"),
        review("candidate_kilnworks", about="employees", decision=None, value="74"),
    ]
    view = ResultView(frames.tables, searches=frames.searches, reviews=reviews, warnings=["Odd."])
    path.write_bytes(report_page(view, doubts=2))
    return path


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Browser) -> Open:
    """Opens a file; at the end nothing may have gone wrong in it."""

    @contextmanager
    def open_file(path: Path, *, width: int = 1280, **options: Any) -> Iterator[Page]:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert complaints == []
        assert requests == [path.as_uri()]
        context.close()

    return open_file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_a_report_opens_from_disk_with_the_explorer_in_it(
    report: Path, opened: Open, pictures: Path, width: int, scheme: str
) -> None:
    """It can be searched, has no violation of accessibility, and fits the width."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(report, width=width, color_scheme=scheme) as page:
        page.get_by_role("grid").wait_for()
        assert page.locator(".ff-static").is_hidden()
        page.screenshot(path=pictures / f"report-{width}-{scheme}.png")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("searchbox").fill("tegula")
        page.get_by_text("1 of 5").wait_for()
        page.get_by_role("group", name="Evidence").get_by_text("They make").wait_for()
        # What is seen with scripts off, in which axe could not run.
        page.evaluate("document.documentElement.classList.remove('ff-live')")
        assert page.get_by_text("Evidence of the matches").is_visible()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 400, 700, 1280])
def test_the_readings_fit_the_page_and_the_counts_stand_below_each_bar(
    report: Path, opened: Open, width: int
) -> None:
    """On a telephone as on a wide screen, whatever the numbers are."""
    with opened(report, width=width) as page:
        page.evaluate("document.documentElement.classList.remove('ff-live')")
        page.locator(".ff-tally-one").first.evaluate("each => each.append(' of 1,234,567')")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        bars = page.locator(".ff-stacked").all()
        tallies = page.locator(".ff-tally").all()
        assert len(bars) == len(tallies) == 2
        for bar, tally in zip(bars, tallies, strict=True):
            above, below = bar.bounding_box(), tally.bounding_box()
            assert above is not None
            assert below is not None
            assert above["y"] + above["height"] <= below["y"]


def test_the_explorer_of_a_report_shows_reviews_and_takes_none(report: Path, opened: Open) -> None:
    """There is no kernel that could keep them."""
    with opened(report) as page:
        page.get_by_role("grid").focus()
        page.keyboard.press("Home")
        page.get_by_text("accepted by ada").wait_for()
        page.keyboard.press("r")
        assert page.get_by_text("accepted by ada").is_visible()
        assert page.get_by_role("button", name="Accept").count() == 0


def test_a_report_reads_the_same_with_scripts_off(
    report: Path, opened: Open, pictures: Path
) -> None:
    """All candidates in groups, the evidence of the matches, and every address."""
    with opened(report, java_script_enabled=False) as page:
        assert page.locator(".ff-alive").is_hidden()
        words = page.locator("main").inner_text()
        for said in (
            "Find all makers of clay tiles",
            "2 of 5 candidates met both conditions, 2 did not, and 1 is open",
            "All 5 candidates",
            "Matches (2)",
            "Open (1)",
            "No match (2)",
            "met: clay tiles",
            "73 [corrected to 74]",
            "Evidence of the matches",
            "They make clay tiles in Ulm.",
            "https://www.Press.example:443/tiles?page=1",
        ):
            assert said in words
        assert page.locator("mark").first.inner_text() == "clay tiles"
        page.screenshot(path=pictures / "report-noscript.png", full_page=True)


def test_paper_has_the_table_and_the_evidence(report: Path, opened: Open, pictures: Path) -> None:
    """In light colours, whatever those of the screen, and within the width of the page."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(report, width=794, color_scheme="dark") as page:
        page.get_by_role("grid").wait_for()
        page.emulate_media(media="print")
        assert page.locator(".ff-alive").is_hidden()
        assert page.get_by_text("Evidence of the matches").is_visible()
        colours = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colours) == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 794
        page.screenshot(path=pictures / "report-print.png")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.pdf().startswith(b"%PDF")


def test_no_script_but_that_of_the_report_is_run_and_nothing_is_requested(
    report: Path, browser: Browser
) -> None:
    """The policy holds even against what gets into the page."""
    page = browser.new_page()
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    page.goto(report.as_uri())
    page.get_by_role("grid").wait_for()
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.__pwned = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.__pwned = 2'>");
      const sheet = document.createElement("style");
      sheet.textContent = "body { display: none }";
      document.head.append(sheet);
    }""")
    fetched = page.evaluate("fetch('https://a.example/').then(() => 'yes', () => 'no')")
    assert fetched == "no"
    assert page.evaluate("window.__pwned") is None
    assert page.locator("h1").is_visible()
    directives = {"script-src", "style-src", "img-src", "connect-src"}
    assert directives <= {each for each in directives if any(each in text for text in blocked)}
    page.close()


def test_hostile_strings_stay_text(opened: Open, tmp_path: Path) -> None:
    """Everywhere in the page, in the explorer as in the table."""
    mark = "window.__pwned=1"
    strings = [*HOSTILE, *(text.replace("alert(1)", mark) for text in HOSTILE)]
    many = [{**hostile_candidate(text), "candidate_id": f"c{n}"} for n, text in enumerate(strings)]
    reviews = [review(f"c{n}", note=text) for n, text in enumerate(strings)]
    path = tmp_path / "hostile.html"
    path.write_bytes(
        report_page(
            ResultView(tables(*many, reason=strings[0]), reviews=reviews, warnings=strings),
            doubts=None,
        )
    )
    with opened(path) as page:
        page.get_by_role("grid").focus()
        for _ in strings:
            page.keyboard.press("ArrowDown")
        page.emulate_media(media="print")
        page.wait_for_timeout(200)
        assert page.evaluate("window.__pwned") is None
        targets = page.eval_on_selector_all("a", "links => links.map((link) => link.href)")
        assert {target.split("/")[2] for target in targets} <= {"example.org", "source.example"}
    with opened(path, java_script_enabled=False) as page:
        assert "alert(1)" in page.locator("main").inner_text()


def test_a_report_without_candidates_is_a_page_all_the_same(opened: Open, tmp_path: Path) -> None:
    """It says that nothing was found."""
    path = flatten(result()).to_html(tmp_path / "empty.html")
    with opened(path) as page:
        assert page.get_by_text("No candidate was found.").is_visible()
