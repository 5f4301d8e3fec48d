"""The explorer, driven through its widgets as a front end drives them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import ipywidgets
import pytest

from findall_frames.display.catalogue import MET, NOT_MET
from findall_frames.display.evidence_html import marked_excerpt
from findall_frames.display.explorer import Explorer
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.support.hostile import HOSTILE, assert_harmless
from tests.support.shown import candidate, field, hostile_candidate, tables

TAGS = {
    *("div", "h3", "h4", "p", "span", "b", "i", "small"),
    *("a", "ul", "li", "blockquote", "mark", "code"),
}


class Person:
    """Does with an explorer what a person can do, and sees what a person can see."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self._widgets = list(_inside(explorer.widget))

    def control(self, label: str) -> Any:
        """Find the control of this label."""
        (found,) = (each for each in self._widgets if getattr(each, "description", None) == label)
        return found

    def choices(self, label: str) -> list[str]:
        """Read what a drop-down offers."""
        return [words for words, _ in self.control(label).options]

    def pick(self, label: str, words: str) -> None:
        """Choose what begins with these words from a drop-down."""
        control = self.control(label)
        (value,) = (value for shown, value in control.options if shown.startswith(words))
        control.value = value

    def type(self, words: str) -> None:
        """Type into the search box, letter by letter."""
        for end in range(len(words) + 1):
            self.control("Search").value = words[:end]

    @property
    def list(self) -> Any:
        """The list of candidates."""
        (found,) = (each for each in self._widgets if type(each) is ipywidgets.Select)
        return found

    @property
    def listed(self) -> list[str]:
        """The lines of the list."""
        return [words for words, _ in self.list.options]

    @property
    def counted(self) -> str:
        """What stands above the list."""
        return self._html()[0]

    @property
    def evidence(self) -> str:
        """What stands beside the list."""
        return self._html()[1]

    def _html(self) -> list[str]:
        return [each.value for each in self._widgets if type(each) is ipywidgets.HTML]


def _inside(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def _at(url: str, made: tuple[Any, Any], *, confidence: str = "high") -> tuple[Any, Any]:
    output, basis = made
    citation = {**basis["citations"][0], "url": url}
    return output, {**basis, "confidence": confidence, "citations": [citation]}


def makers() -> FindAllFrames:
    """Makers of tiles: two matches, and one that is no match."""
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
    """Matches and others are told apart by a sign, and the evidence of one is there."""
    person = Person(makers().explore())
    assert person.listed == ["✓ Kilnworks", "✓ Terracotta & Söhne", "✗ Glassworks"]
    assert "3 of 3 candidates" in person.counted
    assert "Kilnworks" in person.evidence
    assert person.explorer.chosen == ("findall_1", "c1")


def test_typing_leaves_the_candidates_that_say_every_word() -> None:
    """Names, values, reasons, sources and excerpts count, capitals do not."""
    person = Person(makers().explore())
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
        person.type(words)
        assert person.listed == left, words
        person.control("Search").value = words  # pasted at once it finds the same
        assert person.listed == left, words


def test_what_is_typed_after_a_correction_is_looked_for_everywhere() -> None:
    """Words that share letters with the ones before are not looked for among their hits only."""
    person = Person(makers().explore())
    person.type("kilnworks")
    person.control("Search").value = "works"
    assert person.listed == ["✓ Kilnworks", "✗ Glassworks"]


def test_each_filter_leaves_what_its_label_says() -> None:
    """The numbers in brackets are those of the candidates left."""
    frames = makers()
    for label in ("Verdict", "Confidence", "Field", "Domain"):
        person = Person(frames.explore())
        choices = person.choices(label)
        assert choices[0] == "any"
        assert person.control(label).index == 0
        assert len(choices) > 2
        for choice in choices[1:]:
            person.pick(label, choice)
            assert choice.endswith(f"({len(person.listed)})"), choice
    assert Person(frames.explore()).choices("Verdict")[1:] == [
        "matched (2)",
        "unmatched (1)",
        f"{MET} (2)",
        f"{NOT_MET} (1)",
    ]


def test_filters_hold_together_in_one_field() -> None:
    """Low confidence in makes_tiles is not low confidence anywhere."""
    person = Person(makers().explore())
    person.pick("Field", "makes_tiles")
    assert len(person.listed) == 3
    person.pick("Confidence", "low")
    assert person.listed == ["✓ Terracotta & Söhne"]
    person.pick("Field", "employees")
    assert person.listed == []
    person.pick("Confidence", "any")
    person.pick("Domain", "press.example")
    assert person.listed == []
    person.pick("Domain", "register.example")
    assert person.listed == ["✓ Kilnworks"]
    person.pick("Verdict", NOT_MET)
    assert person.listed == []


def test_the_chosen_candidate_stays_chosen_while_it_is_in_the_list() -> None:
    """A filter that leaves it in does not move the view; one that takes it out does."""
    person = Person(makers().explore())
    person.list.value = person.list.options[2][1]
    assert person.explorer.chosen == ("findall_1", "c3")
    before = person.evidence
    assert "Glassworks" in before
    person.type("works")
    assert person.evidence == before
    person.pick("Verdict", "matched")
    assert person.explorer.chosen == ("findall_1", "c1")
    assert "Kilnworks" in person.evidence
    assert person.explorer.left == [("findall_1", "c1")]


def test_when_nothing_is_left_it_says_what_to_do() -> None:
    """Neither the last candidate nor an empty pane, but a sentence; and there is a way back."""
    person = Person(makers().explore())
    person.type("no such thing")
    assert "0 of 3 candidates" in person.counted
    assert "Clear the search" in person.evidence
    assert person.explorer.chosen is None
    assert person.explorer.left == []
    person.type("")
    assert "Kilnworks" in person.evidence


def test_the_evidence_shows_reason_sources_and_the_value_marked() -> None:
    """Everything that frames.evidence says, with links."""
    output, basis = field("1200", is_matched=None)
    basis["citations"] = [
        {
            "url": "https://press.example/k?a=1&b=2",
            "title": "Press",
            "excerpts": ["Kilnworks has 1,200 people, not 12000.", "Nothing about it."],
        }
    ]
    person = Person(
        FindAllFrames(tables(candidate(1, name="K", employees=(output, basis)))).explore()
    )
    html = person.evidence
    assert "It says 1200." in html
    assert html.count("<mark") == 1
    assert ">1,200</mark> people" in html
    assert "Nothing about it." in html
    assert 'href="https://press.example/k?a=1&amp;b=2" target="_blank" rel="noopener' in html
    assert "high confidence" in html
    assert "employees" in html


def test_a_field_without_source_or_value_says_so() -> None:
    """What is missing is told, not left out."""
    one = candidate(1, name="K", employees=({"value": None, "type": "enrichment"}, {}))
    one["basis"] = []
    html = Person(FindAllFrames(tables(one)).explore()).evidence
    assert "no value" in html
    assert "no source" in html


def test_what_the_evidence_leaves_out_is_counted() -> None:
    """A candidate with hundreds of fields, sources and excerpts stays readable."""
    output, basis = field("tiles")
    source = {"url": "https://a.example/", "title": "A", "excerpts": ["tiles"] * 6}
    basis["citations"] = [source] * 11
    fields = {f"f{number:02}": (output, basis) for number in range(63)}
    html = Person(FindAllFrames(tables(candidate(1, name="K", **fields))).explore()).evidence
    assert html.count("… and 2 more excerpts") == 60 * 8
    assert html.count("… and 3 more sources") == 60
    assert "… and 3 more fields" in html
    assert "f59" in html
    assert "f60" not in html


@pytest.mark.parametrize(
    ("passage", "sought", "marked"),
    [
        ("Oslo, the OSLO region, Osloer", ["Oslo"], ["Oslo", "OSLO"]),
        ("python >=3.10,<4", [">=3.10"], [">=3.10"]),
        ("1,234,567 or 1 234 567 or 11234567", ["1234567"], ["1,234,567", "1 234 567"]),
        ("Wall  and\nroof tiles", ["roof tiles", "Wall"], ["Wall", "roof tiles"]),
        ("a.b", ["."], ["."]),
        ("anything", [], []),
    ],
)
def test_marks_stand_on_the_value_and_on_nothing_else(
    passage: str, sought: list[str], marked: list[str]
) -> None:
    """Not on parts of words or numbers."""
    html = marked_excerpt(passage, sought, limit=200)
    found = re.findall(r"<mark[^>]*>(.*?)</mark>", html)
    assert [unescape(each) for each in found] == marked


def test_a_long_list_is_cut_and_says_so() -> None:
    """A front end is not given thousands of lines, and `left` still knows them all."""
    frames = FindAllFrames(tables(*(candidate(n, name=f"package-{n}") for n in range(501))))
    person = Person(frames.explore())
    assert len(person.listed) == 200
    assert "501 of 501 candidates; the first 200 are listed" in person.counted
    assert len(person.explorer.left) == 501
    person.type("package-50")
    assert person.listed == ["✓ package-50", "✓ package-500"]
    assert "listed" not in person.counted


def test_an_empty_result_can_be_explored() -> None:
    """There is nothing to choose from, and that is said."""
    person = Person(FindAllFrames(tables()).explore())
    assert person.listed == []
    assert "no candidate to show" in person.evidence
    person.type("x")
    assert person.explorer.left == []


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
    person = Person(FindAllFrames.concat(runs).explore())
    person.type("rome")
    assert person.explorer.left == [("findall_1", "c1")]
    assert "It says Rome." in person.evidence
    assert "Oslo" not in person.evidence


def test_without_widgets_there_is_a_table_and_a_word_on_what_to_do() -> None:
    """A notebook read without its kernel shows text or HTML of the same bundle."""
    bundle = makers().explore()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "needs a running kernel" in bundle["text/html"]
    assert "Kilnworks" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Explorer: 3 of 3 candidates; 2 matches among 3")
    assert "JupyterLab" in bundle["text/plain"]
    json.dumps(bundle)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_the_explorer(text: str) -> None:
    """Only widgets that take plain text get any of it as it is; the others get it escaped."""
    person = Person(FindAllFrames(tables(hostile_candidate(text), reason=text)).explore())
    for html in (person.counted, person.evidence):
        assert_harmless(html, tags=TAGS)
    assert all(line.isprintable() for line in (*person.listed, *person.choices("Field")))
    person.control("Search").value = text
    assert person.explorer.left == [("findall_1", "c1")]
