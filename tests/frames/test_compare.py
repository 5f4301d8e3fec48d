"""Comparing two searches."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.compare import folded_name
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.support.results import basis, candidate, condition, enrichment, result


def old(*candidates: dict[str, Any]) -> FindAllFrames:
    """Return the older frames."""
    return flatten(result(*candidates, findall_id="findall_old"))


def new(*candidates: dict[str, Any]) -> FindAllFrames:
    """Return the newer frames, in which every candidate has another id."""
    renamed = [{**one, "candidate_id": f"new_{one['candidate_id']}"} for one in candidates]
    return flatten(result(*renamed, findall_id="findall_new"))


def test_names_are_folded_to_letters_and_digits() -> None:
    """Without case, accents and punctuation; other scripts are kept."""
    assert folded_name("  Café-Müller, Inc. ") == "cafe muller inc"
    assert folded_name("東京 架空") == "東京 架空"
    assert folded_name("!?") is None


def test_a_result_does_not_differ_from_itself() -> None:
    """Even if the ids do."""
    one = candidate("A", output={"x": enrichment(1)}, basis=[basis("x", "1")])
    comparison = old(one).compare(new(one))
    assert repr(comparison) == (
        "Comparison: 0 added, 0 removed, 1 in both; "
        "changed: 0 verdicts, 0 values, 0 pieces of evidence; in doubt: 0"
    )
    assert comparison.both["old_candidate_id"].tolist() == ["candidate_a"]
    assert comparison.both["new_candidate_id"].tolist() == ["new_candidate_a"]


def test_only_frames_can_be_compared() -> None:
    """A table of theirs is refused, and the error says what was expected."""
    some = old(candidate("Kilnworks"))
    newer: Any = some.matches
    with pytest.raises(InvalidRequestError, match=r"takes the FindAllFrames .* not DataFrame"):
        some.compare(newer)


def test_candidates_of_the_same_run_are_told_by_their_ids() -> None:
    """Whatever their names and addresses; a run that is only on one side is matched by those."""
    twins = [candidate("Twin") | {"candidate_id": each} for each in "ab"]
    comparison = old(*twins).compare(
        FindAllFrames.concat([old({**twins[0], "name": "Renamed"}, twins[1]), new(candidate("C"))])
    )
    assert comparison.both[["old_candidate_id", "new_candidate_id", "by"]].to_numpy().tolist() == [
        ["a", "a", "id"],
        ["b", "b", "id"],
    ]
    assert comparison.added["name"].tolist() == ["C"]
    assert comparison.doubts.empty


def test_added_and_removed_candidates_are_listed() -> None:
    """With their match_status."""
    comparison = old(candidate("A"), candidate("B")).compare(
        new(candidate("B"), candidate("C", status="unmatched"))
    )
    assert comparison.removed["name"].tolist() == ["A"]
    assert comparison.added[["name", "match_status"]].to_numpy().tolist() == [["C", "unmatched"]]
    assert comparison.both["by"].tolist() == ["url"]


def test_changes_are_listed_field_by_field() -> None:
    """Verdicts, values, confidence and sources, each in its table."""
    before = candidate(
        "A",
        output={
            "x": condition("Tiles", matched=True),
            "n": enrichment(1),
            "gone": enrichment("g"),
            "same": enrichment(2),
        },
        basis=[basis("x", "e", confidence="low"), basis("same", "2")],
    )
    support = basis("x", "e", confidence="high")
    support["citations"][0]["url"] += "&utm_source=news"
    support["citations"].append({"url": "https://second.example/"})
    after = candidate(
        "A",
        status="unmatched",
        output={
            "x": condition("Tiles", matched=False),
            "n": enrichment(2),
            "same": enrichment(2.0),
        },
        basis=[support],
    )
    comparison = old(before).compare(new(after))
    verdicts = comparison.changed_verdicts
    assert verdicts["field"].fillna("-").tolist() == ["-", "x"]
    assert verdicts["old"].tolist() == ["matched", "met"]
    assert verdicts["new"].tolist() == ["unmatched", "not met"]
    values = comparison.changed_values
    assert values[["field", "old", "new"]].fillna("-").to_numpy().tolist() == [
        ["n", "1", "2"],
        ["gone", "g", "-"],
    ]
    evidence = comparison.changed_evidence
    assert evidence[["field", "change", "old", "new"]].astype("str").fillna(
        "-"
    ).to_numpy().tolist() == [
        ["x", "confidence", "low", "high"],
        ["x", "source added", "-", "https://second.example/"],
        ["same", "confidence", "high", "-"],
        ["same", "source removed", "https://www.Press.example:443/tiles?page=1", "-"],
    ]
    assert (evidence["new_findall_id"] == "findall_new").all()


def test_candidates_that_agree_in_one_of_two_are_paired_and_doubtful() -> None:
    """Another address under the same name, and the other way round."""
    comparison = old(
        {**candidate("Mercury"), "url": "https://mercury.example"},
        {**candidate("Old Name"), "url": "https://renamed.example"},
    ).compare(
        new(
            {**candidate("MERCURY!"), "url": "https://mercury-bank.example"},
            {**candidate("New Name"), "url": "http://www.renamed.example/"},
        )
    )
    assert comparison.both[["name", "by"]].to_numpy().tolist() == [
        ["New Name", "url"],
        ["MERCURY!", "name"],
    ]
    assert comparison.doubts["reason"].tolist() == ["other name", "other address"]
    assert comparison.added.empty
    assert comparison.removed.empty


def test_ambiguous_candidates_are_doubts() -> None:
    """Several candidates at one address are paired by name; the others are doubts."""
    page = {"url": "https://list.example/makers"}
    comparison = old(
        candidate("A") | page, candidate("B") | page, candidate("Twin") | {"url": ""}
    ).compare(
        new(
            candidate("A") | page,
            candidate("C") | page,
            candidate("Twin") | {"url": "", "candidate_id": "t1"},
            candidate("TWIN") | {"url": "", "candidate_id": "t2"},
        )
    )
    assert comparison.both["name"].tolist() == ["A"]
    assert comparison.added.empty
    assert comparison.removed.empty
    doubts = comparison.doubts[["reason", "old_name", "new_name"]].astype("str").fillna("-")
    assert doubts.to_numpy().tolist() == [
        ["several with this address", "B", "-"],
        ["several with this address", "-", "C"],
        ["several with this name", "Twin", "-"],
        ["several with this name", "-", "Twin"],
        ["several with this name", "-", "TWIN"],
    ]


def test_what_is_new_to_review_is_listed() -> None:
    """New matches nobody has judged, what changed since it was judged, and what was accepted."""

    def found(name: str, number: int, *, status: str = "matched") -> dict[str, Any]:
        return candidate(
            name, status=status, output={"n": enrichment(number), "m": enrichment(number)}
        )

    names = ("Same", "Changed", "Field", "Other", "Settled", "Gone", "Gone too", "Open")
    before = old(*(found(name, 1) for name in names), found("Late", 1, status="unmatched"))
    after = new(
        found("Same", 1),
        found("Changed", 2),
        found("Field", 2),
        found("Other", 2),
        found("Settled", 2),
        found("Open", 2),
        found("Late", 1),
        found("Fresh", 1),
        found("Seen", 1),
        found("No match", 1, status="unmatched"),
    )
    for name in ("Same", "Changed", "Settled", "Gone"):
        before.review(name, "accept")
    before.review("Gone too", "reject")
    before.review("Field", "reject", field="n")
    before.review("Other", "accept", field="m")
    after.review("Settled", "reject")
    after.review("Seen", "unsure")
    comparison = before.compare(after)
    listed = comparison.to_review[["name", "reason", "decision", "detail"]].astype("str")
    assert listed.fillna("-").to_numpy().tolist() == [
        ["Changed", "changed", "accept", "n, m"],
        ["Field", "changed", "-", "n"],
        ["Other", "changed", "-", "m"],
        ["Late", "new match", "-", "-"],
        ["Fresh", "new match", "-", "-"],
        ["Gone", "gone", "accept", "-"],
    ]
    assert repr(comparison).endswith("; to review: 6")
    assert (
        comparison.to_review["new_candidate_id"].fillna("-").tolist()[0] == "new_candidate_changed"
    )
    assert before.compare(before).to_review.empty


def test_rows_that_the_other_side_may_have_are_not_said_to_be_missing() -> None:
    """Of the rows of own data that do not match, only some are kept."""
    rows = pd.DataFrame({"name": [f"n{n}" for n in range(1000)], "a": range(1000)})
    shuffled = rows.sample(frac=1, random_state=1)
    before, after, whole = (
        ff.find_all(condition, data=data, progress=False)
        for condition, data in (
            ("a < 3", rows),
            ("a < 2 or a = 999", shuffled),
            ("a < 3", rows[:50]),
        )
    )
    for each in (before, after):
        assert 1000 > len(each.candidates) > len(each.matches)
    before.review("n2", "accept")
    other = next(name for name in before.candidates["name"] if name not in {"n0", "n1", "n2"})
    before.review(other, "accept")
    comparison = before.compare(after)
    assert comparison.removed["name"].tolist() == ["n2"]
    assert comparison.added["name"].tolist() == ["n999"]
    assert set(comparison.to_review["name"]) == {"n2", "n999"}
    assert len(whole.compare(after).added) > 50, (
        "where all rows are kept, it is known what is missing"
    )


def test_comparing_nothing_gives_empty_tables_with_the_same_columns() -> None:
    """Types do not depend on the rows."""
    full = old(candidate("A")).compare(new(candidate("B")))
    empty = old().compare(new())
    names = ("added", "removed", "both", "changed_verdicts", "changed_evidence", "doubts")
    for name in (*names, "to_review"):
        assert getattr(empty, name).empty
        assert dict(getattr(empty, name).dtypes) == dict(getattr(full, name).dtypes)
