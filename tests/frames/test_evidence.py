"""How well the evidence supports the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from findall_frames import Search, find_all, local
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.evidence import count_doubts, mentions
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.support.results import SEARCH, basis, candidate, condition, enrichment, result


def source(url: str, *excerpts: str) -> dict[str, Any]:
    """Return a citation."""
    return {"url": url, "excerpts": list(excerpts)}


def supported(value: Any, *citations: dict[str, Any], confidence: str | None = "high") -> Any:
    """Return frames with one candidate, whose one field has these citations."""
    support = {**basis("x", confidence=confidence), "citations": list(citations)}
    return flatten(result(candidate("A", output={"x": enrichment(value)}, basis=[support])))


def problems(frames: FindAllFrames) -> list[tuple[str, str | None]]:
    """Return the problems and their details."""
    found = frames.unsupported()
    details = [None if pd.isna(detail) else detail for detail in found["detail"]]
    return list(zip(found["problem"], details, strict=True))


TWO_HOSTS = (source("https://a.example/1", "It employs 1,200 people."), source("https://b.example"))


@pytest.mark.parametrize(
    ("passage", "value"),
    [
        ("They make WALL   tiles.", "wall tiles"),
        ("has 12,000,000 users", "12000000"),
        ("of 1 000 000 people", "1000000"),
        ("raised $12.5 million", "12500000"),
        ("raised $12.5M.", "12.5"),
        ("on May 1, 2024 it", "2024-05-01"),
        ("the 1st of May 2024", "2024-05-01"),
        ("on 2024-05-01", "2024-05-01"),
        ("between 10-20 of them", "20"),
        ("it costs 5.", "5"),
        ("written in C++ and", "c++"),
        ("die Straße", "STRASSE"),
    ],
)
def test_a_passage_mentions_a_value_in_any_spelling(passage: str, value: str) -> None:
    """Case, spaces, separators, magnitudes and dates in words make no difference."""
    assert mentions(passage, value)


@pytest.mark.parametrize(
    ("passage", "value"),
    [
        ("founded in 1970", "70"),
        ("in Romania", "Oman"),
        ("in June 2024", "2024-05-01"),
        ("12,000,000 users", "12000"),
        ("1.25 of them", "25"),
        ("anything", ""),
        ("on 2024-02-30", "2024-02-31"),
    ],
)
def test_part_of_a_word_or_number_is_no_mention(passage: str, value: str) -> None:
    """Nor are similar numbers and dates."""
    assert not mentions(passage, value)


def test_a_well_supported_value_has_no_problem() -> None:
    """Two hosts, an excerpt with the value, and high confidence are enough."""
    assert problems(supported(1200, *TWO_HOSTS)) == []
    assert len(supported(1200, *TWO_HOSTS).unsupported().columns) == 7


def test_each_problem_is_found() -> None:
    """The detail says where."""
    one = source("https://a.example/1", "It employs 1,200 people.")
    assert problems(supported(1200)) == [("no citation", None)]
    assert problems(supported(1300, *TWO_HOSTS)) == [("value not in excerpt", "1300")]
    assert problems(supported(1200, *TWO_HOSTS, confidence="low")) == [("low confidence", None)]
    assert problems(supported(1200, *TWO_HOSTS, confidence=None)) == [("no confidence", None)]
    assert problems(supported(1200, one, one)) == [("one domain", "a.example")]
    bare = source("https://a.example/1"), source("https://b.example/2")
    assert problems(supported(1200, *bare)) == [
        ("no excerpt", "https://a.example/1, https://b.example/2")
    ]


def test_parts_of_nested_values_are_looked_up_one_by_one() -> None:
    """Only the parts without a mention are reported."""
    value = {"towns": ["Ulm", "Bern"], "people": 1200, "listed": True, "none": None}
    sources = (*TWO_HOSTS, source("https://c.example", "Offices in Ulm."))
    assert problems(supported(value, *sources)) == [("value not in excerpt", "Bern")]


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("Ulm, Bern", None),
        ("Bern; Ulm", None),
        ("Bern\nUlm", None),
        (["Ulm, Bern"], None),
        ("Ulm, Bern, Graz", "Graz"),
        ("Ulm,Bern", "Ulm,Bern"),
        ("1,201", "1,201"),
    ],
)
def test_the_items_of_a_list_in_one_text_may_stand_apart(value: Any, missing: str | None) -> None:
    """Those that no passage mentions are reported."""
    sources = (*TWO_HOSTS, source("https://c.example", "Offices in Ulm.", "In Bern since May."))
    expected = [("value not in excerpt", missing)] if missing else []
    assert problems(supported(value, *sources)) == expected


def test_a_list_of_own_data_is_supported_by_its_row() -> None:
    """Its entries are the excerpts."""
    firms = [{"name": "Acme", "backers": ["Ada", "Bo"]}, {"name": "Bolt", "backers": ["Cy"]}]
    search = Search("Find", entity_type="firms", match_conditions={"by_ada": "backers is Ada"})
    with local(firms) as client:
        frames = find_all(search, client=client, progress=False)
    assert frames.matches["by_ada"].tolist() == ["Ada, Bo"]
    assert frames.unsupported().empty


def test_a_yes_is_not_looked_up_in_the_excerpts() -> None:
    """A verdict is not quoted, and a missing value needs no support."""
    assert problems(supported("Yes", *TWO_HOSTS)) == []
    assert problems(supported(True, *TWO_HOSTS)) == []
    assert problems(supported(None)) == []


def test_the_sources_of_elements_support_the_whole() -> None:
    """`products.0` has a basis of its own, which counts for `products`."""
    element = {**basis("x.0"), "citations": list(TWO_HOSTS)}
    one = candidate("A", output={"x": enrichment(["1200"])}, basis=[basis("x"), element])
    assert problems(flatten(result(one))) == []


def test_a_single_source_is_reported_for_each_field() -> None:
    """If several fields have a source, and all have the same one."""
    same = [source("https://a.example/1", "Tiles, 1200.")]
    one = candidate(
        "A",
        output={"x": enrichment(1200), "y": condition("Tiles", matched=True)},
        basis=[{**basis("x"), "citations": same}, {**basis("y"), "citations": same}],
    )
    found = flatten(result(one, {**one, "candidate_id": "u", "match_status": "unmatched"}))
    table = found.unsupported()
    assert table["problem"].tolist() == ["one domain", "one source for all"] * 2
    assert table["field"].tolist() == ["x", "x", "y", "y"]
    assert len(found.unsupported(match_status=None)) == 8
    with pytest.raises(InvalidRequestError, match="match_status is one of"):
        found.unsupported(match_status="good")


def test_a_row_of_own_data_is_support_enough() -> None:
    """There is one row behind each value, so that only what the row does not say is a doubt."""
    cities = pd.DataFrame(
        {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"], "km": [1, 2, 3]}
    )
    search = Search(
        "Find cities in Italy",
        entity_type="cities",
        match_conditions={"italian": "country is Italy", "far": "km over 1"},
    )
    with local(cities) as client:
        frames = find_all(search, client=client, progress=False)
    assert frames.unsupported().empty
    assert count_doubts(frames.tables) == 0
    table = source("local://cities/Rome#km", "It is 12 km.")
    assert problems(supported(13, table, confidence="low")) == [
        ("value not in excerpt", "13"),
        ("low confidence", None),
    ]
    web = source("https://a.example/1", "It is 12 km.")
    assert problems(supported(12, table, web)) == []


def test_only_values_that_may_be_wrong_are_counted_as_doubts() -> None:
    """One host or an unstated confidence are worth a look, and no doubt."""
    one = source("https://a.example/1", "It employs 1,200 people.")
    assert count_doubts(supported(1200, one, confidence=None).tables) == 0
    assert count_doubts(supported(1300, one, confidence="low").tables) == 1


def test_the_evidence_of_a_candidate_can_be_read() -> None:
    """As text and as a table."""
    frames = flatten(
        result(
            candidate(
                "Kilnworks",
                description="Tiles since 1900.",
                output={"tiles": condition("Wall tiles", matched=True), "ceo": "Ann"},
                basis=[basis("tiles", "One.", "Two."), basis("gone", confidence=None)],
            ),
            candidate("Other"),
        )
    )
    evidence = frames.evidence("kilnworks")
    assert repr(evidence).splitlines() == [
        "Kilnworks (matched) https://www.kilnworks.example/",
        "  Tiles since 1900.",
        "",
        "tiles: Wall tiles, met (high confidence)",
        "  The page says so about tiles.",
        "  - Tiles <https://www.Press.example:443/tiles?page=1>",
        "      “One.”",
        "      “Two.”",
        "",
        "gone: no value",
        "  The page says so about gone.",
        "  - Tiles <https://www.Press.example:443/tiles?page=1>",
        "",
        "ceo: Ann",
    ]
    table = evidence.table
    assert table["field"].tolist() == ["tiles", "tiles", "gone", "ceo"]
    assert table["excerpt"].fillna("").tolist() == ["One.", "Two.", "", ""]
    assert table["confidence"].cat.ordered
    assert evidence.candidate["name"] == "Kilnworks"
    assert frames.evidence("candidate_other").table.empty


def test_the_evidence_of_all_runs_that_have_a_candidate() -> None:
    """It is one if the addresses agree; the names alone may be those of two things."""

    def run(number: int, **fields: str) -> FindAllFrames:
        found = candidate(
            "Kilnworks",
            output=fields,
            basis=[basis(name, f"Says {value}.") for name, value in fields.items()],
        )
        return flatten(result(found, candidate("Other"), findall_id=f"findall_{number}"))

    both = FindAllFrames.concat([run(1, ceo="Ann"), run(2, ceo="Bob", city="Bari")])
    for name in ("Kilnworks", "candidate_kilnworks"):
        table = both.evidence(name).table
        assert table["findall_id"].tolist() == ["findall_1", "findall_2", "findall_2"]
        assert table["excerpt"].tolist() == ["Says Ann.", "Says Bob.", "Says Bari."]
    words = repr(both.evidence("Kilnworks"))
    assert words.index("ceo: Ann") < words.index("[findall_1]") < words.index("ceo: Bob")
    one = both.evidence(("findall_2", "candidate_kilnworks"))
    assert one.table["value"].tolist() == ["Bob", "Bari"]
    assert "[findall_2]" not in repr(one)
    elsewhere = candidate("Kilnworks", url="https://kilnworks.another.example")
    other = flatten(result(elsewhere, findall_id="findall_3"))
    with pytest.raises(InvalidRequestError, match="3 candidates are called 'Kilnworks'"):
        FindAllFrames.concat([both, other]).evidence("Kilnworks")


def test_an_unknown_or_ambiguous_candidate_is_an_error() -> None:
    """The message has similar names, or the ids to choose from."""
    twin = {**candidate("Kilnworks"), "candidate_id": "c2"}
    frames = flatten(result(candidate("Kilnworks"), twin, candidate("Mossgrout")))
    with pytest.raises(InvalidRequestError, match="Did you mean 'Mossgrout'"):
        frames.evidence("Mosgrout")
    with pytest.raises(InvalidRequestError, match="c2 in findall_1"):
        frames.evidence("Kilnworks")
    assert frames.evidence("c2").candidate["name"] == "Kilnworks"


def test_the_summary_has_a_line_for_every_field() -> None:
    """Shares refer to the candidates that could have a value."""
    frames = flatten(
        result(
            candidate(
                "A",
                output={"makes_tiles": condition("Tiles", matched=True), "employees": 7},
                basis=[basis("makes_tiles", "x"), basis("employees", "y", confidence="low")],
            ),
            candidate("B", output={"makes_tiles": condition("Roofs", matched=True)}),
            candidate(
                "C",
                status="unmatched",
                output={"makes_tiles": condition(None, matched=False)},
                basis=[basis("makes_tiles", confidence="medium")],
            ),
            candidate("D", status="generated"),
        ),
        schema=SEARCH,
    )
    summary = frames.summary().set_index("field")
    assert summary.index.tolist() == [
        "makes_tiles",
        "family_owned",
        "employees",
        "url",
        "founded_on",
    ]
    tiles = summary.loc["makes_tiles"]
    assert (tiles["kind"], tiles["candidates"], tiles["values"]) == ("match_condition", 3, 2)
    assert tiles["coverage"] == pytest.approx(2 / 3)
    assert tiles["match_rate"] == pytest.approx(2 / 3)
    assert (tiles["low_confidence"], tiles["medium_confidence"], tiles["high_confidence"]) == (
        0,
        1,
        1,
    )
    assert (tiles["citations_per_value"], tiles["domains"]) == (0.5, 1)
    employees = summary.loc["employees"]
    assert (employees["candidates"], employees["coverage"]) == (2, 0.5)
    assert pd.isna(employees["match_rate"])
    never = summary.loc["family_owned"]
    assert (never["values"], never["coverage"]) == (0, 0.0)
    assert pd.isna(never["citations_per_value"])
    assert flatten(result()).summary().empty
    assert dict(flatten(result()).summary().dtypes) == dict(frames.summary().dtypes)
