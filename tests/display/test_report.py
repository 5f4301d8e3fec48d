"""The page of a report: its parts, its size, its policy, and its data, which ends nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import findall_frames as ff
from findall_frames.display.report import report_page
from findall_frames.display.result_view import ResultView
from findall_frames.display.shapes import asset
from findall_frames.display.text import one_line
from findall_frames.errors import ExportError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import empty_tables
from tests.support.hostile import HOSTILE, Anatomy
from tests.support.results import SEARCH, condition, result
from tests.support.results import candidate as made
from tests.support.reviewed import review
from tests.support.shown import candidate, field, hostile_candidate, tables

SHARED = {"ff", "ff-shape", "ff-met", "ff-not", "ff-unknown", "ff-words"}
DATA = re.compile('<script type="application/json" id="ff-data">(.*?)</script>', re.DOTALL)


def page_of(*candidates: dict[str, Any], reviews: tuple[Any, ...] = (), **more: Any) -> str:
    """Return the page of a result as text."""
    view = ResultView(tables(*candidates, **more), reviews=reviews)
    return report_page(view, doubts=None).decode()


def data_of(page: str) -> dict[str, Any]:
    """Return the data of the explorer in a page."""
    (data,) = DATA.findall(page)
    found: dict[str, Any] = json.loads(data)
    return found


def test_a_report_says_what_was_asked_and_what_was_found() -> None:
    """Title, day, summary, facts, conditions, candidates and evidence, in this order."""
    frames = flatten(
        result(made("Kilnworks", output={"makes_tiles": condition("clay", matched=True)})),
        schema=SEARCH,
    )
    view = ResultView(
        frames.tables,
        searches=frames.searches,
        reviews=[review("candidate_kilnworks", note="Called them.")],
        warnings=["Mind the gap."],
    )
    page = report_page(view, doubts=3).decode()
    assert "<title>Find all makers of clay tiles</title>" in page
    words = " ".join(" ".join(Anatomy(page.partition("<body")[2]).words).split())
    places = [
        words.index(said)
        for said in (
            "Search of 3 February 2026 · report made with findall_frames",
            "Find all makers of clay tiles",
            "1 of 1 candidate matched. The search ended: the match limit is met.",
            "1 of 1 reviewed: 1 accepted · 3 values not well supported by the sources · run",
            "Warning: Mind the gap.",
            "How the question was read",
            "The company makes clay tiles.",
            "Candidates and their evidence",
            "1 candidate name",
            "Evidence of the matches",
            "Review: accepted : Called them.",
        )
    ]
    assert places == sorted(places)
    assert data_of(page)["names"] == ["Kilnworks"]


def test_all_but_the_data_fits_into_300_kilobytes() -> None:
    """The style sheets and the module are inside."""
    page = page_of()
    assert asset("explorer.js") in page
    assert len(page.encode()) <= 300_000


def test_the_policy_allows_what_is_in_the_page_and_nothing_else() -> None:
    """By the hashes of its style sheet and of its script; attributes need another permission."""
    page = page_of(candidate(1, name="Acme", x=field("1")), reviews=(review(),))
    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="(.*?)"', page)
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed.pop("default-src") == allowed.pop("base-uri") == "'none'"
    assert allowed.pop("form-action") == "'none'"
    for kind, start in (("style-src", "<style>"), ("script-src", '<script type="module">')):
        body, tag = page.split(start)[1], start[1:].split(" ")[0].rstrip(">")
        digest = hashlib.sha256(body.split(f"</{tag}>")[0].encode()).digest()
        assert allowed.pop(kind) == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert not allowed
    assert page.count("<script") == 2
    assert "style=" not in DATA.sub("", page.partition("<body")[2]).replace(
        asset("explorer.js"), ""
    )


def test_the_classes_of_the_page_are_not_those_of_the_explorer() -> None:
    """Both style sheets are in one page."""
    mine = set(re.findall(r"\.(ff[\w-]*)", asset("result.css") + asset("report.css")))
    theirs = set(re.findall(r"\.(ff[\w-]*)", asset("explorer.css")))
    assert mine & theirs <= SHARED


@pytest.mark.parametrize("text", [*HOSTILE, "</script><script>alert(1)</script>", "<!--<script>"])
def test_hostile_text_ends_neither_the_data_nor_the_page(text: str) -> None:
    """The data holds it, and no tag or address of the text is in the page."""
    remarks = (review(note=text), review(about="condition", value=text))
    page = page_of(hostile_candidate(text), reviews=remarks, reason=text)
    (data,) = DATA.findall(page)
    assert "<" not in data
    assert json.loads(data)["reviews"][1]["value"] == one_line(text)
    seen = Anatomy(DATA.sub("", page))
    assert not seen.tags & {"img", "iframe", "base", "form", "input", "math", "noscript", "object"}
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert page.count("<script") == page.count("</script") == 2
    assert not set("\x00\x1b\x9b\u202e\u2066\u200b\ufeff") & set(DATA.sub("", page))


def test_what_is_left_out_of_the_static_part_is_counted() -> None:
    """The explorer has all candidates and all their evidence."""
    prose = "They make tiles. " * 58
    many = [
        candidate(n, name=f"n{n}", **{f"x{m}": field("1", excerpt=prose) for m in range(5)})
        for n in range(2100)
    ]
    page = page_of(*many)
    assert "2,000 of them are shown here." in page
    (left,) = re.findall("The evidence of ([0-9,]+) more matches is in the explorer", page)
    shown = page.count('class="ff-proof"')
    assert shown + int(left.replace(",", "")) == 2100
    assert shown > 500
    assert len(data_of(page)["evidence"]) == 2100


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ((2.3, 2.3), " · about $4.60 · 2 runs<"),
        ((2.3, None), " · about $2.30 for 1 of 2 runs · 2 runs<"),
        ((None, None), None),
    ],
)
def test_the_cost_is_told_as_far_as_it_is_known(
    costs: tuple[float | None, ...], words: str | None
) -> None:
    """It is in the frames of many searches; nothing is said of a cost that is not known."""
    runs = [flatten(result(made("Kilnworks"), findall_id=f"findall_{n}")) for n in range(2)]
    found = dict(FindAllFrames.concat(runs).tables)
    at = found["runs"].schema.get_field_index("cost")
    found["runs"] = found["runs"].set_column(
        at, found["runs"].schema[at], pa.array(costs, pa.float64())
    )
    page = report_page(ResultView(found), doubts=2).decode()
    facts = page.partition('<p class="ff-facts">')[2].partition("/p>")[0]
    assert ("$" in facts) is (words is not None)
    assert words is None or words in facts


def test_verdicts_are_counted_over_all_rows_or_it_is_said_that_they_are_not() -> None:
    """Own data keeps the matches and a hundred others; a model judges without counting first."""
    rows = pd.DataFrame({"name": [f"N{n}" for n in range(500)], "size": range(500)})
    frames = ff.find_all("size over 449", data=rows, progress=False)
    view = ResultView(frames.tables, searches=frames.searches)
    page = report_page(view, doubts=None).decode()
    said = "Counted over the 150 candidates that are kept; 350 others did not match."
    assert "| 50 | 450 | 0 |" in frames.to_markdown()
    assert "Counted over" not in page
    runs = frames.tables["runs"]
    extra = runs.schema.get_field_index("extra")
    uncounted = runs.set_column(extra, runs.schema.field(extra), [pa.nulls(1, pa.large_string())])
    kept = ff.FindAllFrames({**frames.tables, "runs": uncounted}, searches=frames.searches)
    assert said in kept.to_markdown()
    assert "50 of 500 candidates met the condition, and for 450 a condition fails or" in page
    assert "<h2>500 candidates</h2>" in page
    assert "150 of them are shown here." in page
    assert "Counted over" not in page_of(candidate(1, name="a", x=field("1")))


def test_a_report_is_written_whole_and_replaces_an_older_one(tmp_path: Path) -> None:
    """The path comes back, and nothing else is left in the folder."""
    frames = FindAllFrames(tables(candidate(1, name="Ünïcode 東京", x=field("1"))))
    target = tmp_path / "new" / "report.html"
    assert frames.to_html(target) == target
    before = target.read_bytes()
    assert frames.to_html(os.fspath(target)) == target
    assert target.read_bytes() == before
    assert "Ünïcode 東京".encode() in before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (5, "expects the name of a file, such as 'report.html', not 5"),
        (None, "not None"),
        ("report", "ends in .html"),
        ("report.pdf", "to_markdown, to_excel or to_csv"),
        ("folder.html", "^The report .*folder.html"),
        ("a\0.html", "Nothing can be written"),
    ],
)
def test_what_is_no_file_is_refused(
    path: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what was expected."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ExportError, match=said):
        FindAllFrames(empty_tables()).to_html(path)
    assert [each.name for each in tmp_path.iterdir()] == ["folder.html"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """A part of the path that is a file is named in the error."""
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    with pytest.raises(ExportError, match=r"The report .* could not be written"):
        FindAllFrames(empty_tables()).to_html(tmp_path / "file" / "report.html")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
