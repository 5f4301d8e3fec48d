"""The sentences above every view of a result, in every state of it."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.display.payload import explorer_payload
from findall_frames.display.report import report_page
from findall_frames.display.result_view import ResultView
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.rebuild import rebuild
from tests.support.results import SEARCH, basis


def result(
    *candidates: dict[str, Any],
    run: str = "a",
    status: str = "completed",
    reason: str | None = None,
    generated: int = 0,
    matched: int = 0,
) -> FindAllFrames:
    """Return the result of a hosted run."""
    metrics = {"generated_candidates_count": generated, "matched_candidates_count": matched}
    ending = {"status": status, "is_active": False, "metrics": metrics}
    known = {"findall_id": run, "generator": "core", "status": ending}
    ending["termination_reason"] = reason
    return ff.flatten({"run": known, "candidates": list(candidates)})


def one(number: int, status: str, **verdicts: bool | None) -> dict[str, Any]:
    """Return a candidate with these verdicts."""
    output = {
        name: {"value": "x", "type": "match_condition", "is_matched": verdict}
        for name, verdict in verdicts.items()
    }
    known = {"candidate_id": f"c{number}", "name": f"N{number}", "url": f"https://n{number}/"}
    return {**known, "match_status": status, "output": output}


def summary_of(frames: FindAllFrames) -> str:
    """Return the summary, as the Markdown of a result has it."""
    view = ResultView(frames.tables, searches=frames.searches)
    assert view.summary in frames.to_markdown()
    return view.summary


def own_data() -> FindAllFrames:
    """Return 3 matches among 1,000 rows, of which not all are kept."""
    rows = pd.DataFrame({"name": [f"n{n}" for n in range(1000)], "price": [5] * 3 + [0] * 997})
    return ff.find_all("price > 1", data=rows, progress=False)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (result(one(1, "unmatched", p=True)), "0 of 1 candidate matched, and 1 is open."),
        (
            result(one(1, "unmatched", p=None)),
            "0 of 1 candidate met the condition, and 1 is open, as a verdict is unknown.",
        ),
        (result(one(1, "matched", p=False)), "1 of 1 candidate matched."),
        (
            result(one(1, "matched", p=True), one(2, "unmatched", p=True)),
            "1 of 2 candidates matched, and 1 is open.",
        ),
        (
            result(status="failed", reason="timeout", generated=50),
            "50 candidates were generated and are not here. The run failed; what it found until "
            "then is here. The search ended: the service's time limit was reached.",
        ),
        (
            result(one(1, "matched", p=True), one(2, "unmatched", p=False), generated=500),
            "1 of 2 candidates met the condition, and 1 did not. 498 more candidates were "
            "generated and are not here.",
        ),
        (
            result(one(1, "matched", p=True), generated=1, matched=5),
            "1 of 1 candidate met the condition. 4 more matches were counted by the service and "
            "are not here.",
        ),
        (
            result(one(1, "weird", p=True), status="paused", reason="odd"),
            "0 of 1 candidate matched, and 1 is open. The run was paused when this was fetched; "
            "there may be more by now.",
        ),
        (
            FindAllFrames.concat(
                [result(one(1, "matched", p=True)), result(one(1, "matched", q=True), run="b")]
            ),
            "2 matches in 2 runs.",
        ),
    ],
)
def test_the_summary_claims_only_what_is_known(frames: FindAllFrames, said: str) -> None:
    """In states that services may be in and rarely are."""
    assert summary_of(frames) == said


def test_candidates_of_several_runs_are_not_added_up() -> None:
    """Two runs over one table looked at the same rows."""
    few = [one(1, "matched", condition=True), one(2, "unmatched", condition=False)]
    both = FindAllFrames.concat([own_data(), result(*few, generated=500, matched=1)])
    assert summary_of(both) == (
        "4 matches in 2 runs. More candidates were generated and are not here."
    )
    assert "of each run that are kept; others did not match" in both.to_markdown()
    page = report_page(ResultView(both.tables, searches=both.searches), doubts=None).decode()
    assert "Candidates of all runs</h2>" in page
    for text in (repr(both), both._repr_html_(), both.to_markdown(), page):
        assert "1,002" not in text
        assert "4 matches in 2 runs" in text


def test_a_search_without_a_run_is_not_counted_as_one() -> None:
    """One that was refused has a row in ``runs`` all the same."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"]})
    searches = ["name = 'Rome'", "name = 'Oslo'", "best of all"]
    with pytest.warns(ff.errors.PartialResultWarning, match="no whole result"):
        frames = ff.find_many(searches, data=cities, progress=False)
    found = "2 matches in 3 searches, 2 of them with a run"
    assert repr(frames).startswith(f"FindAllFrames: {found}\n")
    assert summary_of(frames) == f"{found}. Not all of the 3 searches completed: 1 refused."


def test_what_is_said_of_kept_candidates_is_said_to_be_of_them() -> None:
    """Of rows of own data without a match only the nearest are kept."""
    rows = pd.DataFrame({"name": [f"n{n}" for n in range(1000)], "price": 5, "size": 1})
    conditions = {"p": "price > 1", "s": "size > 3"}
    search = ff.Search("Find rows", entity_type="rows", match_conditions=conditions)
    with pytest.warns(ff.FindAllWarning):
        html = ff.find_all(search, data=rows, progress=False)._repr_html_()
    assert "p: met by 100 of 100 kept candidates" in html
    assert "all kept candidates and their evidence" in html


def test_every_judgement_of_a_person_is_shown() -> None:
    """Also of a field that no candidate has, and of a candidate that did not match."""
    slate = one(2, "unmatched", makes_tiles=False)
    slate["basis"] = [basis("makes_tiles", "It sells slate.")]
    frames = ff.flatten(
        rebuild(result(one(1, "matched", makes_tiles=True), slate).tables, findall_id="a"),
        schema=SEARCH,
    )
    frames.review("N1", None, field="employees", value=7474, note="From the register.")
    frames.review("N2", "accept", note="Called them.")
    view = ResultView(frames.tables, searches=frames.searches, reviews=reviews_of(frames))
    page = report_page(view, doubts=None).decode()
    _, static = page.split('<section class="ff-doc ff-static">')
    table, evidence = static.split("<h2>Evidence of the matches and of accepted candidates</h2>")
    markdown = frames.to_markdown()
    for view in (markdown, frames._repr_html_(), table, evidence.partition("</main>")[0]):
        assert "7474" in view
        assert "From the register." in view
    assert "It sells slate." in evidence
    matches, accepted = markdown.split("## Accepted without a match (1)")
    assert "N2" not in matches
    assert re.search(r"N2.* not met: x .*accepted: Called them", accepted)
    assert "## Sources" in accepted


def reviews_of(frames: FindAllFrames) -> list[dict[str, Any]]:
    """Return the judgements in the frames."""
    records: list[dict[str, Any]] = frames.tables["reviews"].to_pylist()
    return records


def test_every_view_has_the_same_columns_with_the_same_verdicts() -> None:
    """A condition without any verdict, a requested field without a value, a part of a field."""
    odd = one(1, "matched", makes_tiles=None, other=None)
    odd["output"]["empty"] = {"value": None, "type": "enrichment"}
    odd["basis"] = [basis("empty.0", "A part of a field.")]
    body = rebuild(result(odd, one(2, "generated")).tables, findall_id="a")
    frames = ff.flatten(body, schema=SEARCH)
    columns = ResultView(frames.tables, searches=frames.searches).columns
    payload = explorer_payload(ResultView(frames.tables, searches=frames.searches))
    fields = [each for each in payload["columns"] if "derived" not in each]
    assert [each["name"] for each in fields] == [column.field for column in columns]
    assert [each["title"] for each in fields] == [column.label for column in columns]
    assert {"other", "empty", *SEARCH.requested_fields()} == {column.field for column in columns}
    for each, column in zip(fields, columns, strict=True):
        assert (each["kind"] == "verdict") is column.is_condition
        counts = [each.get("verdicts", []).count(verdict) for verdict in range(3)]
        assert counts == [column.met, column.not_met, column.unknown]


def test_a_candidate_is_unknown_only_for_conditions_of_its_run() -> None:
    """Another run did not ask, so that its candidates have no verdict to know."""
    both = FindAllFrames.concat(
        [result(one(1, "matched", p=True)), result(one(2, "matched", q=True), run="b")]
    )
    markdown, html = both.to_markdown(), both._repr_html_()
    assert "met: x | – |" in markdown
    assert "| – | met: x" in markdown
    assert "unknown" not in html.partition("</style>")[2]
    assert "| p | not known | 1 | 0 | 0 |" in markdown
    columns = explorer_payload(ResultView(both.tables, searches=both.searches))["columns"]
    verdicts = {each["name"]: list(each["verdicts"]) for each in columns if "verdicts" in each}
    assert verdicts == {"p": [0, -1], "q": [-1, 0]}
