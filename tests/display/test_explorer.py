"""The explorer: search, filters, the list and the evidence of the chosen candidate."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from findall_frames.display.catalogue import MET, NOT_MET
from findall_frames.display.evidence_html import marked_excerpt
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.support.explorer_driver import ExplorerDriver
from tests.support.hostile import HOSTILE, assert_harmless
from tests.support.shown import candidate, field, hostile_candidate, tables

TAGS = {
    *("div", "h3", "h4", "p", "span", "b", "i", "small"),
    *("a", "ul", "li", "blockquote", "mark", "code"),
}


def _at(url: str, made: tuple[Any, Any], *, confidence: str = "high") -> tuple[Any, Any]:
    output, basis = made
    citation = {**basis["citations"][0], "url": url}
    return output, {**basis, "confidence": confidence, "citations": [citation]}


def makers() -> FindAllFrames:
    """Return two matches, and a candidate that is no match."""
    one = candidate(
        1,
        name="Kilnworks",
        makes_tiles=_at("https://press.example/k", field("Roof tiles")),
        employees=_at("https://register.example/k", field("1200", is_matched=None)),
    )
    two = candidate(
        2,
        name="Terracotta & Söhne",
        makes_tiles=_at("https://press.example/t", field("Wall tiles"), confidence="low"),
    )
    three = candidate(
        3,
        name="Glassworks",
        status="unmatched",
        makes_tiles=_at("https://glass.example/", field("Glass", is_matched=False)),
    )
    return FindAllFrames(tables(one, two, three))


def test_at_first_all_candidates_are_listed_and_the_first_is_shown() -> None:
    """Signs tell matches from others, and the evidence of the first is shown."""
    driver = ExplorerDriver(makers().explore())
    assert driver.listed == ["✓ Kilnworks", "✓ Terracotta & Söhne", "✗ Glassworks"]
    assert "3 of 3 candidates" in driver.counted
    assert "Kilnworks" in driver.evidence
    assert driver.explorer.chosen == ("findall_1", "c1")


def test_typing_finds_the_candidates_that_contain_every_word() -> None:
    """Names, values, reasons, sources and excerpts are searched, in any case."""
    driver = ExplorerDriver(makers().explore())
    for words, left in {
        "kiln": ["✓ Kilnworks"],
        "TILES wall": ["✓ Terracotta & Söhne"],
        "SÖHNE": ["✓ Terracotta & Söhne"],
        "works": ["✓ Kilnworks", "✗ Glassworks"],
        "register.example": ["✓ Kilnworks"],
        "it says glass": ["✗ Glassworks"],
        "kiln glass": [],
        "": ["✓ Kilnworks", "✓ Terracotta & Söhne", "✗ Glassworks"],
    }.items():
        driver.type(words)
        assert driver.listed == left, words
        driver.control("Search").value = words  # pasted at once it finds the same
        assert driver.listed == left, words


def test_a_corrected_search_covers_all_candidates() -> None:
    """A word that is part of the previous one is not only searched for in its hits."""
    driver = ExplorerDriver(makers().explore())
    driver.type("kilnworks")
    driver.control("Search").value = "works"
    assert driver.listed == ["✓ Kilnworks", "✗ Glassworks"]


def test_each_filter_finds_as_many_as_its_label_says() -> None:
    """The numbers in brackets are those of the candidates found."""
    frames = makers()
    for label in ("Verdict", "Confidence", "Field", "Domain"):
        driver = ExplorerDriver(frames.explore())
        choices = driver.choices(label)
        assert choices[0] == "any"
        assert driver.control(label).index == 0
        assert len(choices) > 2
        for choice in choices[1:]:
            driver.pick(label, choice)
            assert choice.endswith(f"({len(driver.listed)})"), choice
    assert ExplorerDriver(frames.explore()).choices("Verdict")[1:] == [
        "matched (2)",
        "unmatched (1)",
        f"{MET} (2)",
        f"{NOT_MET} (1)",
    ]


def test_filters_must_hold_in_the_same_field() -> None:
    """Low confidence in makes_tiles is not low confidence anywhere."""
    driver = ExplorerDriver(makers().explore())
    driver.pick("Field", "makes_tiles")
    assert len(driver.listed) == 3
    driver.pick("Confidence", "low")
    assert driver.listed == ["✓ Terracotta & Söhne"]
    driver.pick("Field", "employees")
    assert driver.listed == []
    driver.pick("Confidence", "any")
    driver.pick("Domain", "press.example")
    assert driver.listed == []
    driver.pick("Domain", "register.example")
    assert driver.listed == ["✓ Kilnworks"]
    driver.pick("Verdict", NOT_MET)
    assert driver.listed == []


def test_the_chosen_candidate_stays_chosen_while_it_is_in_the_list() -> None:
    """Only a filter that excludes it changes the evidence shown."""
    driver = ExplorerDriver(makers().explore())
    driver.list.value = driver.list.options[2][1]
    assert driver.explorer.chosen == ("findall_1", "c3")
    before = driver.evidence
    assert "Glassworks" in before
    driver.type("works")
    assert driver.evidence == before
    driver.pick("Verdict", "matched")
    assert driver.explorer.chosen == ("findall_1", "c1")
    assert "Kilnworks" in driver.evidence
    assert driver.explorer.left == [("findall_1", "c1")]


def test_when_nothing_is_found_it_says_what_to_do() -> None:
    """A sentence replaces the evidence, and clearing the search brings it back."""
    driver = ExplorerDriver(makers().explore())
    driver.type("no such thing")
    assert "0 of 3 candidates" in driver.counted
    assert "Clear the search" in driver.evidence
    assert driver.explorer.chosen is None
    assert driver.explorer.left == []
    driver.type("")
    assert "Kilnworks" in driver.evidence


def test_the_evidence_shows_reason_sources_and_the_value_marked() -> None:
    """It has everything that frames.evidence has, with links."""
    output, basis = field("1200", is_matched=None)
    basis["citations"] = [
        {
            "url": "https://press.example/k?a=1&b=2",
            "title": "Press",
            "excerpts": ["Kilnworks has 1,200 people, not 12000.", "Nothing about it."],
        }
    ]
    driver = ExplorerDriver(
        FindAllFrames(tables(candidate(1, name="K", employees=(output, basis)))).explore()
    )
    html = driver.evidence
    assert "It says 1200." in html
    assert html.count("<mark") == 1
    assert ">1,200</mark> people" in html
    assert "Nothing about it." in html
    assert 'href="https://press.example/k?a=1&amp;b=2" target="_blank" rel="noopener' in html
    assert "high confidence" in html
    assert "employees" in html


def test_a_field_without_source_or_value_says_so() -> None:
    """What is missing is named, not left out."""
    one = candidate(1, name="K", employees=({"value": None, "type": "enrichment"}, {}))
    one["basis"] = []
    html = ExplorerDriver(FindAllFrames(tables(one)).explore()).evidence
    assert "no value" in html
    assert "no source" in html


def test_what_the_evidence_leaves_out_is_counted() -> None:
    """A candidate with hundreds of fields, sources and excerpts stays readable."""
    output, basis = field("tiles")
    source = {"url": "https://a.example/", "title": "A", "excerpts": ["tiles"] * 6}
    basis["citations"] = [source] * 11
    fields = {f"f{number:02}": (output, basis) for number in range(63)}
    html = ExplorerDriver(
        FindAllFrames(tables(candidate(1, name="K", **fields))).explore()
    ).evidence
    assert html.count("… and 2 more excerpts") == 60 * 8
    assert html.count("… and 3 more sources") == 60
    assert "… and 3 more fields" in html
    assert "f59" in html
    assert "f60" not in html


@pytest.mark.parametrize(
    ("excerpt", "values", "marked"),
    [
        ("Oslo, the OSLO region, Osloer", ["Oslo"], ["Oslo", "OSLO"]),
        ("python >=3.10,<4", [">=3.10"], [">=3.10"]),
        ("1,234,567 or 1 234 567 or 11234567", ["1234567"], ["1,234,567", "1 234 567"]),
        ("Wall  and\nroof tiles", ["roof tiles", "Wall"], ["Wall", "roof tiles"]),
        ("a.b", ["."], ["."]),
        ("anything", [], []),
    ],
)
def test_only_the_values_are_marked(excerpt: str, values: list[str], marked: list[str]) -> None:
    """Parts of longer words or numbers are not."""
    html = marked_excerpt(excerpt, values, limit=200)
    found = re.findall(r"<mark[^>]*>(.*?)</mark>", html)
    assert [unescape(each) for each in found] == marked


def test_a_long_list_is_cut_and_says_so() -> None:
    """A front end does not get thousands of lines, but `left` has them all."""
    frames = FindAllFrames(tables(*(candidate(n, name=f"package-{n}") for n in range(501))))
    driver = ExplorerDriver(frames.explore())
    assert len(driver.listed) == 200
    assert "501 of 501 candidates; the first 200 are listed" in driver.counted
    assert len(driver.explorer.left) == 501
    driver.type("package-50")
    assert driver.listed == ["✓ package-50", "✓ package-500"]
    assert "listed" not in driver.counted


def test_an_empty_result_can_be_explored() -> None:
    """A sentence says that there is no candidate."""
    driver = ExplorerDriver(FindAllFrames(tables()).explore())
    assert driver.listed == []
    assert "no candidate to show" in driver.evidence
    driver.type("x")
    assert driver.explorer.left == []


def test_candidates_of_several_runs_keep_their_own_evidence() -> None:
    """Two runs may use the same candidate_id."""
    runs = []
    for number, name in enumerate(("Oslo", "Rome")):
        body: dict[str, Any] = {
            "run": {
                "findall_id": f"findall_{number}",
                "status": {"status": "completed", "is_active": False, "metrics": {}},
                "generator": "core",
            },
            "candidates": [candidate(1, name=name, capital=field(name))],
        }
        runs.append(flatten(body))
    driver = ExplorerDriver(FindAllFrames.concat(runs).explore())
    driver.type("rome")
    assert driver.explorer.left == [("findall_1", "c1")]
    assert "It says Rome." in driver.evidence
    assert "Oslo" not in driver.evidence


def test_without_widgets_there_is_a_table_and_a_hint() -> None:
    """A notebook without its kernel shows the HTML or the text of the bundle."""
    bundle = makers().explore()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "needs a running kernel" in bundle["text/html"]
    assert "Kilnworks" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Explorer: 3 of 3 candidates; 2 matches among 3")
    assert "JupyterLab" in bundle["text/plain"]
    json.dumps(bundle)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_the_explorer(text: str) -> None:
    """Only widgets that take plain text get it as it is; the others get it escaped."""
    driver = ExplorerDriver(FindAllFrames(tables(hostile_candidate(text), reason=text)).explore())
    for html in (driver.counted, driver.evidence):
        assert_harmless(html, tags=TAGS)
    assert all(line.isprintable() for line in (*driver.listed, *driver.choices("Field")))
    driver.control("Search").value = text
    assert driver.explorer.left == [("findall_1", "c1")]
