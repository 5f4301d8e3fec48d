"""The explorer in Chromium: searched, filtered, sorted and reviewed by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from findall_frames.display.payload import explorer_payload
from findall_frames.display.result_view import ResultView
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.search import Search
from tests.browser.lab import exported
from tests.support.explorer_page import ExplorerPage
from tests.support.hostile import HOSTILE
from tests.support.shown import candidate, field, hostile_candidate, tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

Open = Callable[..., ExplorerPage]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens pages with an explorer; none of them may have a complaint at the end."""
    opened: list[ExplorerPage] = []

    def open_(payload: dict[str, Any] | None = None, **options: Any) -> ExplorerPage:
        opened.append(ExplorerPage(browser, payload or makers(), **options))
        return opened[-1]

    yield open_
    for page in opened:
        page.close()


def enrichment(value: Any, *, confidence: str = "high") -> Any:
    """Return an output and its basis."""
    output, basis = field(str(value), is_matched=None)
    return {**output, "value": value}, {**basis, "confidence": confidence}


MAKERS = [
    ("Kilnworks", "matched", "Roof tiles", True, "Leeds", 1200),
    ("Terracotta & Söhne", "matched", "Wall tiles", True, "Köln", 90),
    ("Glassworks", "unmatched", "Glass", False, "Leeds", 7),
    ("Adobe Yard", "generated", None, None, "Leeds", None),
    ("Straße 9", "unmatched", "Paving", False, None, 300),
]


def makers(*, reviews: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the payload of five makers of tiles."""
    made = []
    for number, (name, status, product, verdict, town, people) in enumerate(MAKERS):
        fields: dict[str, Any] = {}
        if product is not None:
            excerpt = f"{name} sells {product}, and nothing else."
            output, basis = field(product, is_matched=verdict, excerpt=excerpt)
            fields["tiles_check"] = output, {**basis, "confidence": "low" if number else "high"}
        if town is not None:
            fields["town"] = enrichment(town)
        if people is not None:
            fields["people"] = enrichment(people)
        made.append(candidate(number, name=name, status=status, **fields))
    for one in made:
        for basis in one["basis"]:
            basis["citations"][0]["excerpts"] = [str(basis["citations"][0]["excerpts"][0])]
    search = Search(
        "Find makers of tiles",
        entity_type="companies",
        match_conditions={"tiles_check": "Company must make tiles"},
        enrichments={"town": "Town", "people": "Number of people"},
    )
    frames = FindAllFrames(tables(*made), searches={"findall_1": search.to_schema()})
    return explorer_payload(
        ResultView(frames.tables, searches=frames.searches, reviews=reviews or [])
    )


def test_typing_leaves_the_candidates_that_contain_every_word(open_page: Open) -> None:
    """Names, values, reasons, excerpts and sources are searched, in any case."""
    page = open_page()
    assert page.count == "5 candidates"
    for words, left in {
        "kiln": ["Kilnworks"],
        "TILES wall": ["Terracotta & Söhne"],
        "SÖHNE": ["Terracotta & Söhne"],
        "strasse": ["Straße 9"],
        "works": ["Kilnworks", "Glassworks"],
        "it says glass": ["Glassworks"],
        "nothing paving": ["Straße 9"],
        "source.example roof": ["Kilnworks"],
        "so\u0308hne": ["Terracotta & Söhne"],
        "ｋｉｌｎ": ["Kilnworks"],
        "leeds ℡": [],
        "kiln glass": [],
    }.items():
        page.search.fill("")
        page.search.press_sequentially(words)
        assert page.names == left, words
        assert page.count == f"{len(left)} of 5"
        page.search.fill("")
        page.search.fill(words)
        assert page.names == left, words
    assert page.root.get_by_text("No candidate fits the search and the filters.").is_visible()
    page.press("Escape")
    assert page.count == "5 candidates"
    assert len(page.names) == 5


def test_counts_filter_and_obey_the_other_filters(open_page: Open) -> None:
    """But not that of their own column; chips take a filter away."""
    page = open_page()
    tiles, name = page.column("tiles"), page.column("name")

    def numbers() -> list[str]:
        return tiles.locator(".ff-n").all_inner_texts() + name.locator(".ff-n").all_inner_texts()

    assert numbers() == ["2", "2", "1", "2", "2", "1"]
    tiles.get_by_role("button", name="not met").click()
    assert page.names == ["Glassworks", "Straße 9"]
    assert numbers() == ["2", "2", "1", "0", "2", "0"]
    assert page.chips == ["tiles: not met"]
    tiles.get_by_role("button", name="unknown").click()
    assert page.names == ["Glassworks", "Adobe Yard", "Straße 9"]
    name.get_by_role("button", name="Open").click()
    assert page.names == ["Adobe Yard"]
    assert numbers() == ["0", "0", "1", "0", "2", "1"]
    assert tiles.get_by_role("button", name="unknown").get_attribute("aria-pressed") == "true"
    page.root.get_by_role("button", name="remove tiles: unknown").click()
    assert page.names == []
    page.root.get_by_role("button", name="Clear all").click()
    assert page.chips == []
    assert len(page.names) == 5


def test_values_filter(open_page: Open) -> None:
    """The most frequent ones; where nearly all differ, with or without a value."""
    page = open_page()
    town = page.column("town")
    town.get_by_role("button", name="Leeds").click()
    assert page.names == ["Kilnworks", "Glassworks", "Adobe Yard"]
    assert page.chips == ["town: Leeds"]
    town.get_by_role("button", name="Leeds").click()
    assert page.chips == []
    level = page.column("lowest confidence")
    level.get_by_role("button", name="low confidence").click()
    assert page.names == ["Terracotta & Söhne", "Glassworks", "Straße 9"]


def test_a_column_of_many_values_says_how_many(open_page: Open) -> None:
    """And how many candidates have none."""
    made = tables(
        *(candidate(n, name=f"N{n}", ceo=enrichment(f"Person {n}")) for n in range(3)),
        candidate(3, name="N3"),
    )
    page = open_page(explorer_payload(ResultView(made)))
    ceo = page.column("ceo")
    assert ceo.locator(".ff-n").all_inner_texts() == ["3 different", "1 none"]
    ceo.get_by_role("button", name="1 none").click()
    assert page.names == ["N3"]
    assert page.chips == ["ceo: none"]


FILMS = ("The Shawshank Redemption", "Seven Samurai", "Das Leben der Anderen", "Ran")


def films() -> dict[str, Any]:
    """Return the payload of films with more columns than there is room for."""
    made = tables(
        *(
            candidate(n, name=name, good=field("9"), english=field("yes"), year=field(str(n)))
            for n, name in enumerate(FILMS)
        ),
        *(
            candidate(n, name=f"N{n}", director=enrichment(f"D{n}"), genres=enrichment(f"G{n}"))
            for n in range(4, 10)
        ),
    )
    return explorer_payload(ResultView(made))


@pytest.mark.parametrize("width", [1280, 980, 815])
def test_counts_in_headers_are_not_printed_over_each_other(open_page: Open, width: int) -> None:
    """Nor over the edge of a column that is too narrow for them; then they are cut."""
    page = open_page(films(), width=width, lab=True)
    beyond = """least => [...document.querySelectorAll(".ff-th")].flatMap((cell) => {
        if (least) cell.style.width = least;
        return [...cell.querySelectorAll(".ff-counts button")]
            .filter((each) => each.querySelector(".ff-n").getBoundingClientRect().right >
                each.getBoundingClientRect().right + 0.5)
            .map((each) => each.innerText);
    })"""
    assert page.page.evaluate(beyond, None) == []
    cut = """() => [...document.querySelectorAll(".ff-counts .ff-n")].filter(
        (each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText)"""
    assert page.page.evaluate(cut) == []
    assert page.page.evaluate(beyond, "90px") == []


@pytest.mark.parametrize(
    ("width", "longest"), [(1280, set()), (980, {FILMS[0]}), (815, {FILMS[0], FILMS[2]})]
)
def test_names_are_read_whole_where_there_is_room(
    open_page: Open, width: int, longest: set[str]
) -> None:
    """They take up to two fifths of the table before one is cut."""
    page = open_page(films(), width=width, lab=True)
    cut = """() => [...document.querySelectorAll(".ff-td.ff-name .ff-text")].filter(
        (each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText)"""
    assert set(page.page.evaluate(cut)) <= longest
    share = """() => document.querySelector(".ff-th.ff-name").offsetWidth /
        document.querySelector(".ff-grid").clientWidth"""
    assert page.page.evaluate(share) <= 0.45


@pytest.mark.parametrize(
    ("width", "missing"), [(1280, []), (980, ["move", "search"]), (815, ["move", "search"])]
)
def test_the_keys_that_nothing_else_says_are_shown_longest(
    open_page: Open, width: int, missing: list[str]
) -> None:
    """Those for moving are known, and the one for the search stands in its box."""
    page = open_page(width=width, lab=True)
    page.column("people").get_by_role("button").click()
    meanings = ["move", "accept", "reject", "unsure", "note", "undo", "search", "evidence", "back"]
    shown = [each for each in meanings if each not in missing]
    keys = page.root.locator(".ff-key").filter(visible=True)
    assert [each.split()[-1] for each in keys.all_inner_texts()] == shown
    bar, last = page.root.locator(".ff-keys").bounding_box(), keys.last.bounding_box()
    assert bar is not None
    assert last is not None
    assert last["x"] + last["width"] <= bar["x"] + bar["width"]


def test_sorting_goes_up_down_and_off(open_page: Open) -> None:
    """Numbers start high; what is missing comes last either way."""
    page = open_page()
    by_result = [name for name, *_ in MAKERS]
    people = page.column("people")
    people.get_by_role("button").click()
    down = ["Kilnworks", "Straße 9", "Terracotta & Söhne", "Glassworks", "Adobe Yard"]
    assert page.names == down
    assert people.get_attribute("aria-sort") == "descending"
    assert page.root.get_by_text("Sorted by people, high to low").is_visible()
    people.get_by_role("button").click()
    assert page.names == [*reversed(down[:4]), "Adobe Yard"]
    people.get_by_role("button").click()
    assert page.names == by_result
    page.column("name").get_by_role("button", name="name").click()
    assert page.names == sorted(by_result)
    assert people.get_attribute("aria-sort") == "none"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("İstanbul", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("ΟΔΟΣΑ", "οδοσ"),
        ("οδός", "ΟΔΌΣ"),
        ("Ünlü", "u\u0308nlu\u0308"),
        ("U\u0308nlu\u0308", "ünlü"),
        ("ＡＢＣ", "abc"),
        ("abc", "ＡＢＣ"),
        ("Große", "GROSSE"),
    ],
)
def test_letters_are_found_however_they_are_written(open_page: Open, name: str, query: str) -> None:
    """In upper case, in parts, at the end of a word or in full width."""
    made = tables(candidate(0, name=name), candidate(1, name="Other"))
    page = open_page(explorer_payload(ResultView(made)))
    page.search.fill(query)
    assert page.names == [name]


def test_a_condition_is_sorted_by_verdict_and_then_by_value(open_page: Open) -> None:
    """Numbers from high to low and then the other way; what has no value comes last."""
    values = {"A": "395.8", "B": None, "C": "394.4", "D": "2264.8", "E": "-7", "F": "1e3"}
    made = []
    for number, (name, value) in enumerate(values.items()):
        output, basis = field(str(value), is_matched=name != "E")
        made.append(candidate(number, name=name, price=({**output, "value": value}, basis)))
    page = open_page(explorer_payload(ResultView(tables(*made))))
    price = page.column("price").get_by_role("button", name="price")
    price.click()
    assert page.names == ["D", "F", "A", "C", "B", "E"]
    assert page.root.get_by_text("Sorted by price, met first, each high to low").is_visible()
    price.click()
    assert page.names == ["E", "C", "A", "F", "D", "B"]


def test_a_condition_of_another_run_is_not_asked(open_page: Open) -> None:
    """It counts as no verdict, comes last in both directions, and the words say why."""
    runs = []
    for name, condition in (("A", "tiles"), ("B", "roofs")):
        made = candidate(1, name=name, **{condition: field("x", is_matched=True)})
        status = {"status": "completed", "is_active": False, "metrics": {}}
        run = {"findall_id": f"findall_{name}", "status": status, "generator": "core"}
        runs.append(flatten({"run": run, "candidates": [made]}))
    both = FindAllFrames.concat(runs)
    page = open_page(explorer_payload(ResultView(both.tables)))
    roofs = page.column("roofs")
    roofs.get_by_role("button", name="roofs").click()
    assert page.names == ["B", "A"]
    roofs.get_by_role("button", name="roofs").click()
    assert page.names == ["B", "A"]
    assert roofs.get_by_role("button", name="0 unknown").count() == 1
    assert page.root.get_by_text("not asked in its run").count() >= 1


def test_the_text_of_a_condition_is_sorted_within_its_verdict(open_page: Open) -> None:
    """From A to Z."""
    page = open_page()
    page.column("tiles").get_by_role("button", name="tiles").click()
    verdicts = [name for name, *_ in MAKERS]
    assert page.names == [verdicts[place] for place in (0, 1, 2, 4, 3)]


def test_numbers_are_shown_as_they_are(open_page: Open) -> None:
    """Without decimals that nobody wrote."""
    made = tables(
        *(
            candidate(n, name=f"N{n}", size=enrichment(value))
            for n, value in enumerate([1, 2.25, 3])
        )
    )
    page = open_page(explorer_payload(ResultView(made)))
    cells = page.root.locator(".ff-td.ff-right").all_inner_texts()
    assert cells == ["1", "2.25", "3"]


def test_a_histogram_filters_by_keyboard_and_mouse(open_page: Open) -> None:
    """Left and right choose a bar, Enter filters."""
    page = open_page()
    histogram = page.root.get_by_role("listbox", name="people")
    assert page.column("people").locator(".ff-ends").inner_text().split() == ["7", "1200"]
    histogram.focus()
    page.press("ArrowRight", "Enter")
    assert page.names == ["Straße 9"]
    assert page.chips == ["people: 156.1 to 305.3"]
    assert page.focus == "listbox"
    page.press("ArrowLeft", "ArrowLeft", "Enter")
    assert page.names == ["Terracotta & Söhne", "Glassworks", "Straße 9"]
    page.press("Enter", "ArrowRight", "Enter")
    assert page.chips == []
    box = histogram.bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + box["width"] - 3, box["y"] + 10)
    assert page.names == ["Kilnworks"]
    assert histogram.get_by_role("option", selected=True).get_attribute("aria-label") == (
        "1051 to 1200: 1 candidate"
    )


def test_a_list_is_reviewed_by_keyboard(open_page: Open) -> None:
    """Each letter marks and goes on; the same letter once more takes it back; z undoes."""
    page = open_page()
    page.table.focus()
    page.press("a", "r", "u")
    marks = page.root.locator(".ff-mark")
    assert marks.all_inner_texts() == ["A", "R", "U"]
    assert page.chosen == "Adobe Yard"
    assert page.root.get_by_text("3 of 5 reviewed").is_visible()
    assert [(each["row"], each["decision"]) for each in page.sent] == [
        (0, "accept"),
        (1, "reject"),
        (2, "unsure"),
    ]
    page.press("ArrowUp", "u")
    assert marks.all_inner_texts() == ["A", "R"]
    assert page.chosen == "Glassworks"
    page.press("k", "a", "k")
    assert marks.all_inner_texts() == ["A", "A"]
    page.press("z")
    assert marks.all_inner_texts() == ["A", "R"]
    assert page.chosen == "Terracotta & Söhne"
    page.press("z", "z", "z")
    assert marks.all_inner_texts() == ["A"]
    assert page.sent[-1] == {"row": 1, "field": None, "decision": None}
    page.root.get_by_role("button", name="reviewed").click()
    assert page.chips == ["not reviewed"]
    assert "Kilnworks" not in page.names
    assert page.count == "4 of 5"


def test_reviewing_what_is_not_reviewed_works_its_way_through(open_page: Open) -> None:
    """What was marked leaves the table, and the next one takes its place."""
    page = open_page()
    page.root.get_by_role("button", name="reviewed").click()
    page.table.focus()
    seen = []
    for _ in MAKERS:
        seen.append(page.chosen)
        page.press("a")
    assert seen == [name for name, *_ in MAKERS]
    assert page.names == []
    assert page.root.get_by_text("5 of 5 reviewed").is_visible()


def test_a_note_is_written_saved_and_dropped(open_page: Open) -> None:
    """Enter saves, with Shift it breaks the line, Escape drops; letters in it are text."""
    page = open_page()
    page.table.focus()
    page.press("a", "k", "n")
    assert page.focus == "TEXTAREA"
    page.page.keyboard.type("arun/z")
    page.press("Shift+Enter")
    page.page.keyboard.type("two")
    page.press("Enter")
    assert page.focus == "grid"
    assert page.sent[-1] == {"row": 0, "field": None, "note": "arun/z\ntwo"}
    assert page.evidence.get_by_text("arun/z").is_visible()
    page.press("n")
    page.page.keyboard.type(" and more")
    page.press("Escape")
    assert len(page.sent) == 2
    assert page.focus == "grid"
    page.press("r")
    assert page.sent[-1] == {"row": 0, "field": None, "decision": "reject"}
    page.press("k")
    assert page.evidence.get_by_text("arun/z").is_visible()
    page.press("z", "z")
    assert page.sent[-1] == {"row": 0, "field": None, "note": None}


def test_a_value_is_corrected_and_corrected_back(open_page: Open) -> None:
    """Enter saves, Escape drops, z undoes; the table shows the correction."""
    page = open_page()
    page.evidence.get_by_role("button", name="Correct town").click()
    assert page.focus == "ff-correction"
    page.page.keyboard.type("York a/")
    page.press("Escape")
    assert page.sent == []
    assert page.focus == "group"
    page.evidence.get_by_role("button", name="Correct town").click()
    page.page.keyboard.type("York")
    page.press("Enter")
    correction = {"row": 0, "field": "town", "value": "York"}
    assert page.sent == [correction]
    assert page.evidence.get_by_text("corrected to York").is_visible()
    assert page.root.get_by_role("gridcell").filter(has_text="York").count() == 1
    page.press("z")
    assert page.sent[1:] == [{**correction, "value": None}]
    assert page.evidence.get_by_text("corrected to").count() == 0
    page.evidence.get_by_role("button", name="Correct town").click()
    page.press("Enter")
    assert len(page.sent) == 2
    assert page.root.get_by_text("0 of 5 reviewed").is_visible()


def test_escape_goes_back_step_by_step(open_page: Open) -> None:
    """Note, text of the search, table, pane."""
    page = open_page()
    page.press("Tab")
    page.table.focus()
    page.press("/")
    page.page.keyboard.type("kiln")
    page.press("Escape")
    assert page.search.input_value() == ""
    page.press("Escape")
    assert page.focus == "grid"
    page.press("Enter")
    assert page.focus == "group"
    page.press("n", "Escape")
    assert page.focus == "group"
    page.press("Escape")
    assert page.focus == "grid"
    assert page.evidence.is_visible()
    page.press("Escape")
    assert not page.evidence.is_visible()
    assert page.focus == "grid"
    page.press("Enter")
    assert page.evidence.is_visible()


def test_keys_that_mean_nothing_here_are_left_to_the_page(open_page: Open) -> None:
    """Only those that were used are stopped, and none with Ctrl."""
    page = open_page()
    page.page.evaluate(
        "() => { window.heard = []; document.addEventListener('keydown', "
        "(event) => window.heard.push(event.key)); }"
    )
    page.table.focus()
    page.press("x", "a", "j", "Control+a", "b", "F2", "Tab")
    heard = page.page.evaluate("window.heard")
    assert heard == ["x", "Control", "a", "b", "F2", "Tab"]


def test_moving_by_keys_keeps_the_chosen_row_in_view(open_page: Open) -> None:
    """Over thousands of rows, of which only those in view are in the page."""
    made = tables(*(candidate(n, name=f"N{n}", town=field(f"T{n}")) for n in range(3_000)))
    page = open_page(explorer_payload(ResultView(made)))
    page.table.focus()
    page.press("End")
    assert page.chosen == "N2999"
    assert page.root.locator(".ff-chosen").is_visible()
    described = page.table.get_attribute("aria-activedescendant")
    assert page.root.locator(f"#{described}").get_attribute("aria-rowindex") == "3001"
    assert page.table.get_attribute("aria-rowcount") == "3001"
    page.press("PageUp")
    assert page.root.locator(".ff-chosen").is_visible()
    assert page.root.get_by_role("row").count() < 60
    page.press("Home", "ArrowDown", "j", "k")
    assert page.chosen == "N1"
    assert "2 of 3,000" in page.evidence.inner_text()


def test_the_evidence_shows_what_is_behind_each_field(open_page: Open) -> None:
    """Condition, verdict, confidence, value, reason, marked excerpt and source."""
    page = open_page()
    page.root.get_by_role("row").filter(has_text="Terracotta").click()
    said = page.evidence.inner_text()
    for words in (
        "Match · example.org · 2 of 5",
        "About Terracotta & Söhne",
        "met · low confidence",
        "Company must make tiles",
        "Wall tiles",
        "It says Wall tiles.",
        "source.example",
    ):
        assert words in said
    assert page.evidence.locator("mark").all_inner_texts() == ["Wall tiles", "Köln", "90"]
    link = page.evidence.get_by_role("link", name="A source").first
    assert link.get_attribute("href") == "https://source.example/"
    assert link.get_attribute("rel") == "noopener noreferrer"
    page.evidence.get_by_role("button", name="Next candidate").click()
    assert page.chosen == "Glassworks"
    page.evidence.get_by_role("button", name="Next candidate").click()
    assert "It was not judged." in page.evidence.inner_text()


def test_a_long_excerpt_is_cut_around_the_value(open_page: Open) -> None:
    """And shown whole when asked."""
    excerpt = "before " * 200 + "Leeds" + " after" * 200
    output, basis = field("Leeds", excerpt=excerpt)
    made = tables(candidate(1, name="A", town=(output, basis)))
    page = open_page(explorer_payload(ResultView(made)))
    quote = page.evidence.locator("blockquote")
    assert len(quote.inner_text()) < 800
    assert quote.locator("mark").inner_text() == "Leeds"
    quote.get_by_role("button", name="Show all").click()
    assert quote.inner_text() == excerpt.strip()


def test_without_a_kernel_reviews_are_shown_and_cannot_be_made(open_page: Open) -> None:
    """As in a report."""
    key = {"findall_id": "findall_1", "candidate_id": "c1"}
    rest = {"value": None, "reviewer": "ada", "reviewed_at": "2026-01-02T03:04:05+00:00"}
    reviews = [
        {**key, "field": None, "decision": "reject", "note": "Not tiles", **rest},
        {**key, "field": "town", "decision": None, "note": None, **rest, "value": "Bonn"},
    ]
    page = open_page(makers(reviews=reviews), reads_only=True)
    assert page.root.locator(".ff-mark").all_inner_texts() == ["R"]
    assert page.root.get_by_text("1 of 5 reviewed").is_visible()
    page.table.focus()
    page.press("a", "j", "r", "n")
    assert page.root.locator(".ff-mark").all_inner_texts() == ["R"]
    assert page.focus == "grid"
    for words in ("Not tiles", "rejected by ada, 2026-01-02", "corrected to Bonn"):
        assert page.evidence.get_by_text(words).is_visible()
    assert page.root.get_by_role("button", name="Accept").count() == 0
    assert "accept" not in page.root.locator(".ff-keys").inner_text()
    assert page.root.get_by_role("row").filter(has_text="Bonn").count() == 1


def test_evidence_that_is_not_there_yet_is_asked_for(open_page: Open) -> None:
    """Chunk by chunk, and that of the chosen candidate at once."""
    payload = makers()
    whole = payload["evidence"]
    payload |= {"evidence": whole[:1], "chunk": 1}
    page = open_page(payload)
    assert page.page.evaluate("window.wanted") == [1]
    assert page.root.get_by_text("1 of 5 searched").is_visible()
    page.root.get_by_role("row").filter(has_text="Straße").click()
    assert page.page.evaluate("window.wanted") == [1, 4]
    assert page.evidence.get_by_text("as soon as the kernel is free").is_visible()
    page.search.fill("nothing")
    assert page.count == "1 of 5"
    for start in (4, 1, 2, 3):
        page.page.evaluate(
            "([start, rows]) => window.explorer.addEvidence(start, rows)",
            [start, [whole[start]]],
        )
    assert page.count == "4 of 5"
    assert page.root.get_by_text("searched").count() == 0
    assert page.page.evaluate("window.wanted") == [1, 4, 2, 3]


def test_judgements_of_others_arrive(open_page: Open) -> None:
    """And what is chosen and left is told, but not at every keystroke."""
    page = open_page()
    key = {"row": 1, "field": None}
    page.page.evaluate(
        "reviews => window.explorer.update(reviews)", [{**key, "decision": "accept"}]
    )
    assert page.root.locator(".ff-mark").all_inner_texts() == ["A"]
    page.page.evaluate("reviews => window.explorer.reviewed(reviews)", [key])
    assert page.root.locator(".ff-mark").count() == 0
    page.page.wait_for_function("window.views.length === 1")
    page.search.press_sequentially("works")
    page.page.wait_for_function("window.views.length === 2")
    last = page.page.evaluate(
        "() => { const v = window.views[1]; return [v.chosen, [...v.left]]; }"
    )
    assert last == [0, [0, 2]]


ODD = {
    "no candidate": tables(),
    "no field": tables(candidate(1, name="A")),
    "one candidate": tables(candidate(1, name="A", town=field("Leeds"))),
    "400 fields": tables(candidate(1, name="A", **{f"f{n}": field(str(n)) for n in range(400)})),
    "long names": tables(candidate(1, name="x" * 10_000, **{"y" * 10_000: field("z" * 10_000)})),
    "right to left": tables(candidate(1, name="שלום עולם (1)", town=field("مرحبا"))),
    "emoji": tables(candidate(1, name="👩‍👩‍👧‍👦 & 🏳️‍🌈", town=field("🍕"))),
    "huge numbers": tables(
        *(
            candidate(n, name=f"N{n}", size=enrichment(value))
            for n, value in enumerate([1e308, -1e308, 5, 0.0001])
        )
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_results_can_be_explored(open_page: Open, name: str) -> None:
    """Searched, sorted, filtered and walked through without a complaint."""
    payload = explorer_payload(ResultView(ODD[name]))
    for width in (1280, 500):
        page = open_page(payload, width=width, height=900)
        if payload["count"] == 0:
            assert page.root.get_by_text("There is no candidate to show.").is_visible()
        page.table.focus()
        page.press("ArrowDown", "End", "a", "Enter", "Escape", "z")
        for header in page.root.get_by_role("columnheader").all()[:4]:
            for button in header.get_by_role("button").all():
                button.click()
        page.press("/")
        page.search.press_sequentially("x 1")
        wide = page.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, "the page scrolls sideways"
        assert page.root.get_by_role("columnheader").count() < 30


def test_columns_are_as_wide_if_a_front_end_attaches_the_explorer_later(open_page: Open) -> None:
    """As JupyterLab does: before, neither its fonts nor its size are known."""
    page = open_page()
    widths = "() => [...document.querySelectorAll('.ff-th')].map((each) => each.offsetWidth)"
    usual = page.page.evaluate(widths)
    page.page.evaluate(
        """async () => {
            const {mount} = await import("/explorer.js");
            const payload = await (await fetch("/payload.json")).json();
            window.explorer.destroy();
            const root = document.createElement("div");
            mount(root, payload, {});
            document.getElementById("explorer").append(root);
        }"""
    )
    page.table.wait_for()
    page.page.wait_for_timeout(100)  # for what is laid out anew
    assert page.page.evaluate(widths) == usual
    assert max(usual) > 100


def test_hostile_strings_stay_text(open_page: Open) -> None:
    """In the table, in the evidence of each, in headers, chips and notes."""
    marked = [text.replace("alert(1)", "window.__pwned=1") for text in HOSTILE]
    made = [
        {**hostile_candidate(text), "candidate_id": f"c{number}"}
        for number, text in enumerate([*HOSTILE, *marked])
    ]
    payload = explorer_payload(ResultView(tables(*made)))
    page = open_page(payload)
    page.table.focus()
    for _ in made:
        page.press("j")
    assert f"{len(made)} of {len(made)}" in page.evidence.inner_text()
    page.press("n")
    page.page.keyboard.insert_text("<img src=x onerror=window.__pwned=1>")
    page.press("Enter", "Home")
    for header in page.root.get_by_role("columnheader").all()[1:6]:
        header.get_by_role("button").last.click()
    page.search.fill("<script>")
    allowed = "a b blockquote button code div input kbd label mark p path rect circle span svg u"
    tags = page.page.evaluate(
        "() => [...new Set([...document.querySelectorAll('#explorer *')].map("
        "(each) => each.tagName.toLowerCase()))]"
    )
    assert set(tags) <= set(allowed.split())
    links = page.page.evaluate(
        "() => [...document.querySelectorAll('#explorer a')].map((a) => a.protocol + a.hostname)"
    )
    assert set(links) <= {"https:example.org"}


@pytest.mark.parametrize("lab", [False, True], ids=["own colours", "colours of Lab"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_axe_finds_no_violation(open_page: Open, theme: str, width: int, lab: bool) -> None:
    """WCAG 2.2 A and AA and best practice; with filters, a note and the pane open."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(theme=theme, width=width, lab=lab)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def check() -> None:
        found = Axe().run(page.page, options={"runOnly": {"type": "tag", "values": rules}})
        assert found.violations_count == 0, found.generate_report()

    check()
    page.table.focus()
    page.press("a", "r", "u", "k")
    page.column("tiles").get_by_role("button", name="not met").click()
    page.column("name").get_by_role("button", name="No match").click()
    page.press("n")
    check()
    page.press("Escape")
    page.search.fill("no such thing")
    check()


def test_reviews_that_are_not_recorded_yet_are_said(open_page: Open) -> None:
    """If it lasts, as when the kernel is gone; one that was refused is said with the reason."""
    page = open_page(saves_later=True)
    page.table.focus()
    page.press("a", "u")
    page.root.get_by_text("2 reviews waiting for the kernel").wait_for()
    recorded = {"row": 0, "field": None}
    page.page.evaluate(
        "reviews => window.explorer.reviewed(reviews)", [{**recorded, "decision": "accept"}]
    )
    page.root.get_by_text("1 review waiting for the kernel").wait_for()
    page.page.evaluate("() => window.explorer.refused('There is no row 1.')")
    assert page.root.get_by_text("Not recorded: There is no row 1.").is_visible()


def test_reviews_on_their_way_outlast_those_that_come_from_the_kernel(open_page: Open) -> None:
    """As when the cell that keeps the kernel busy reviews as well."""
    page = open_page(saves_later=True)
    other = {"row": 1, "field": None, "decision": "reject"}
    mine = {"row": 0, "field": None, "decision": "accept"}
    page.table.focus()
    page.press("a", "k")
    page.page.evaluate("reviews => window.explorer.update(reviews)", [other])
    assert page.root.locator(".ff-mark").all_inner_texts() == ["A", "R"]
    page.press("n")
    page.page.keyboard.type("Seen")
    page.press("Enter")
    assert page.sent == [
        {"row": 0, "field": None, "decision": "accept"},
        {"row": 0, "field": None, "note": "Seen"},
    ]
    # Of two judgements of one candidate, the second one stays until it is answered.
    page.page.evaluate("reviews => window.explorer.reviewed(reviews)", [mine])
    assert page.evidence.get_by_text("Seen").is_visible()
    page.page.evaluate("reviews => window.explorer.reviewed(reviews)", [{**mine, "note": "Seen"}])
    page.page.evaluate("reviews => window.explorer.update(reviews)", [])
    assert page.root.locator(".ff-mark").count() == 0


def test_a_refusal_concerns_its_own_review(open_page: Open) -> None:
    """The others are still on their way; the reason goes once a later review is recorded."""
    page = open_page(saves_later=True)
    page.table.focus()
    page.press("a", "r")
    refuse = "review => window.explorer.refused('Too long.', review)"
    page.page.evaluate(refuse, {"row": 0, "field": None})
    page.page.evaluate("() => window.explorer.update([])")
    assert page.root.locator(".ff-mark").all_inner_texts() == ["R"]
    page.root.get_by_text("Not recorded: Too long. · 1 review waiting for the kernel").wait_for()
    recorded = "reviews => window.explorer.reviewed(reviews)"
    page.page.evaluate(recorded, [{"row": 1, "field": None, "decision": "reject"}])
    # It was made before the refusal could be read.
    assert page.root.get_by_text("Not recorded: Too long.").is_visible()
    page.press("u")
    page.page.evaluate(recorded, [{"row": 2, "field": None, "decision": "unsure"}])
    assert page.root.get_by_text("Not recorded").count() == 0


def test_a_note_is_no_longer_than_python_takes(open_page: Open) -> None:
    """So that what was written is not refused."""
    page = open_page()
    page.table.focus()
    page.press("n")
    page.page.keyboard.insert_text("x" * 10_001)
    page.press("Enter")
    assert len(page.sent[-1]["note"]) == 10_000


def test_no_heading_is_made(open_page: Open) -> None:
    """JupyterLab lists headings of outputs among the contents of the notebook."""
    page = open_page()
    assert page.root.locator("h1, h2, h3, h4, h5, h6, [role=heading]").count() == 0
    assert page.root.get_attribute("data-lm-suppress-shortcuts") == "true"


COMPANIES = Path(__file__).parent.parent / "tables" / "companies.parquet"
SEARCH = f"""
import findall_frames as ff

search = ff.Search(
    "Find large companies that are publicly traded",
    entity_type="companies",
    match_conditions={{
        "publicly_traded": "publicly traded",
        "large": "employees over 10,000",
    }},
    enrichments={{"ceo": "Who the CEO is"}},
)
with ff.local({str(COMPANIES)!r}) as client:
    frames = ff.find_all(search, client=client)
explorer = frames.explore()
"""
LOOK = "print(len(explorer.left), explorer.chosen == explorer.left[-1])"
REVIEWS = (
    "[(each['candidate_id'][-1], each['decision'], each['note'])"
    " for each in frames.tables['reviews'].to_pylist()]"
)


def test_a_notebook_knows_what_was_searched_and_reviewed(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """Typed and reviewed by keyboard in JupyterLab, seen in Python and in a second view."""
    lab.write(
        "explorer", SEARCH, "explorer", REVIEWS, LOOK, "explorer", "import time; time.sleep(4)"
    )
    notebook.open("explorer")
    notebook.run(0)
    explorer = notebook.run(1).locator(".ff-explorer")
    explorer.get_by_text("17 candidates").wait_for()
    notebook.photograph(pictures, cell=1, name="explorer")
    cells = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    explorer.get_by_role("grid").focus()
    for key in ("a", "r", "n"):
        notebook.page.keyboard.press(key)
    notebook.page.keyboard.type("Too young")
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("u")
    explorer.get_by_text("3 of 17 reviewed").wait_for()
    assert notebook.run(2).inner_text() == (
        "[('0', 'accept', None), ('1', 'reject', None), ('2', 'unsure', 'Too young')]"
    )
    explorer.get_by_label("Search all text").press_sequentially("banking")
    explorer.get_by_text("2 of 17").first.wait_for()
    explorer.get_by_role("grid").focus()
    notebook.page.keyboard.press("End")
    notebook.page.wait_for_timeout(500)  # what is left is told with a delay
    assert notebook.run(3).inner_text().strip() == "2 True"
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == cells
    # A view that is opened later has the reviews, and what it marks is seen in the first one.
    second = notebook.run(4).locator(".ff-explorer")
    second.locator(".ff-mark").nth(2).wait_for()
    second.get_by_role("grid").focus()
    notebook.page.keyboard.press("a")
    second.get_by_text("2 of 17 reviewed").wait_for()
    explorer.get_by_text("2 of 17 reviewed").wait_for()
    # While the kernel is busy, everything goes on.
    notebook.start(5)
    second.get_by_role("grid").focus()
    for key in ("a", "/"):
        notebook.page.keyboard.press(key)
    notebook.page.keyboard.type("bank")
    second.get_by_text("3 of 17").first.wait_for()
    second.get_by_text("3 of 17 reviewed").wait_for()
    notebook.wait_for_end(5)
    assert "('0', 'accept', None)" in notebook.run(2).inner_text()
    notebook.save()
    page = exported(lab.notebooks / "explorer.ipynb")
    assert "The explorer needs a running kernel" in page
    assert "widget-view" not in page
