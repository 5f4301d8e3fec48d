"""Judgements of people: what is recorded, what is refused, and what stands after them."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.errors import FindAllWarning, InvalidRequestError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames, read_frames
from findall_frames.frames.plain import BI_TABLES
from findall_frames.frames.reviews import ReviewRow, reviews_table
from tests.support.results import basis, candidate, condition, enrichment, result, search

SEARCH = search(
    {"employees": {"type": "integer"}, "founded_on": {"type": "string", "format": "date"}}
)


def frames_of(findall_id: str = "findall_1") -> FindAllFrames:
    """Return three matches, an unmatched candidate, and what is known of their fields."""
    made = [
        candidate(
            name,
            output={
                "makes_tiles": condition("Tiles", matched=True),
                "employees": enrichment(employees),
                "founded_on": enrichment("1987-06-05"),
                "stars": enrichment(employees),
                "sold_on": condition("2020-02-03", matched=True),
                "is_open": condition("true", matched=True),
            },
            basis=[basis("makes_tiles", "Tiles.")],
        )
        for name, employees in (("Kilnworks", 73), ("Slate", 8), ("Twin", 5))
    ]
    made.append(
        candidate("Roofs", status="unmatched", output={"makes_tiles": condition("", matched=False)})
    )
    return flatten(result(*made, findall_id=findall_id), schema=SEARCH)


def said(frames: FindAllFrames) -> list[tuple[Any, ...]]:
    """Return what was recorded, without who and when."""
    columns = ["candidate_id", "field", "decision", "value", "note"]
    return [tuple(row.values()) for row in frames.tables["reviews"].select(columns).to_pylist()]


# -- recording -----------------------------------------------------------------------------------


def test_nothing_is_reviewed_until_somebody_does() -> None:
    """The table is there, with all of its columns and types, and the text form is as it was."""
    frames = frames_of()
    empty = frames.reviews
    assert len(empty) == 0
    assert ".reviews" not in repr(frames)
    frames.review("Kilnworks", "accept")
    assert frames.reviews.dtypes.equals(empty.dtypes)
    assert "object" not in {str(dtype) for dtype in empty.dtypes}
    assert empty["decision"].cat.categories.tolist() == ["accept", "reject", "unsure"]


def test_a_judgement_is_seen_at_once_and_what_is_not_said_again_stays() -> None:
    """Wherever the table was taken from before; each field has a judgement of its own."""
    frames = frames_of()
    tables = frames.tables
    before = datetime.now(UTC)
    frames.review("kilnworks", "unsure", note="Ask them.")
    frames.review("candidate_kilnworks", "accept")
    frames.review("Kilnworks", None, field="employees", value=80, note="Annual report.")
    frames.review(("findall_1", "candidate_slate"), "reject", field="makes_tiles")
    assert said(frames) == [
        ("candidate_kilnworks", None, "accept", None, "Ask them."),
        ("candidate_kilnworks", "employees", None, "80", "Annual report."),
        ("candidate_slate", "makes_tiles", "reject", None, None),
    ]
    assert tables["reviews"] is frames.tables["reviews"]
    assert frames.reviews["decision"].isna().tolist() == [False, True, False]
    assert frames.reviews["reviewed_at"].between(before, datetime.now(UTC)).all()
    with pytest.raises(TypeError):
        frames.tables["reviews"] = tables["runs"]  # type: ignore[index]
    assert len(frames.matches) == 3


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"decision": "reject"}, ("reject", "80", "Report")),
        ({"decision": None}, (None, "80", "Report")),
        ({"value": 90}, ("accept", "90", "Report")),
        ({"value": None}, ("accept", None, "Report")),
        ({"value": ""}, ("accept", None, "Report")),
        ({"note": "Web"}, ("accept", "80", "Web")),
        ({"note": None}, ("accept", "80", None)),
        ({"note": ""}, ("accept", "80", None)),
        ({"decision": "unsure", "note": " "}, ("unsure", "80", None)),
    ],
)
def test_a_later_judgement_changes_what_it_says(
    options: dict[str, Any], kept: tuple[str | None, ...]
) -> None:
    """None and an empty text take back, what is not passed stays."""
    frames = frames_of()
    frames.review("Slate", "accept", field="employees", value=80, note="Report", reviewer="Ada")
    frames.review("Slate", **options, field="employees", reviewer="Bo")
    assert said(frames) == [("candidate_slate", "employees", *kept)]
    assert frames.reviews["reviewer"].tolist() == ["Bo"]


def test_a_judgement_of_which_nothing_is_left_is_taken_back() -> None:
    """Only that of the same candidate and field; a blank note says nothing."""
    frames = frames_of()
    frames.review("Kilnworks", "accept")
    frames.review("Kilnworks", "reject", field="employees")
    frames.review("Kilnworks", None, note="  ")
    frames.review("Slate", None)
    assert said(frames) == [("candidate_kilnworks", "employees", "reject", None, None)]


def test_a_later_judgement_stands_even_if_another_clock_was_ahead() -> None:
    """Its time is right after the one that it replaces."""
    tomorrow = datetime.now(UTC) + dt.timedelta(days=1)
    key = ("findall_1", "candidate_slate")
    ahead = reviews_table([ReviewRow(*key, None, "accept", None, None, "Bo", tomorrow)])
    frames = FindAllFrames({**frames_of().tables, "reviews": ahead})
    frames.review(key, "reject")
    (row,) = frames.tables["reviews"].to_pylist()
    assert row["decision"] == "reject"
    assert row["reviewed_at"] == tomorrow + dt.timedelta(microseconds=1)


def test_who_reviews_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As passed, else from the environment, else the name of the login, else nobody."""
    frames = frames_of()

    def reviewer(**options: str) -> object:
        frames.review("Slate", "accept", **options)  # type: ignore[arg-type]
        return frames.tables["reviews"]["reviewer"][0].as_py()

    monkeypatch.setenv("LOGNAME", "login")
    monkeypatch.delenv("FINDALL_FRAMES_REVIEWER", raising=False)
    assert reviewer() == "login"
    monkeypatch.setenv("FINDALL_FRAMES_REVIEWER", " Ada ")
    assert reviewer() == "Ada"
    assert reviewer(reviewer="Bo") == "Bo"
    monkeypatch.setenv("FINDALL_FRAMES_REVIEWER", "")

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert reviewer() is None


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("employees", 80, "80"),
        ("employees", "80", "80"),
        ("employees", np.int64(80), "80"),
        ("employees", 80.0, "80.0"),
        ("founded_on", dt.date(1988, 1, 2), "1988-01-02"),
        ("makes_tiles", ["roof", {"n": 1}], '["roof",{"n":1}]'),
        ("makes_tiles", True, "true"),
    ],
)
def test_a_correction_is_written_as_values_are(field: str, value: object, text: str) -> None:
    """Text as it is, everything else as JSON."""
    frames = frames_of()
    frames.review("Slate", None, field=field, value=value)
    assert said(frames) == [("candidate_slate", field, None, text, None)]


@pytest.mark.parametrize(
    ("candidate", "decision", "options", "message"),
    [
        ("Kilnwork", "accept", {}, "Did you mean 'Kilnworks'"),
        (5, "accept", {}, "candidate is 5. Expected its name"),
        (("findall_9", "candidate_slate"), "accept", {}, "Run findall_9 has no candidate"),
        ("Slate", "accepted", {}, "decision is 'accepted'. Expected 'accept'"),
        ("Slate", True, {}, "decision is True"),
        ("Slate", "accept", {"field": "employes"}, "Did you mean 'employees'"),
        ("Slate", "accept", {"field": "zzz"}, r"Run findall_1 has no field 'zzz'.*'makes_tiles'"),
        ("Slate", "accept", {"field": 3}, "field is 3. Expected a str"),
        ("Slate", None, {"value": 5}, "corrects a field, and none was named"),
        ("Slate", None, {"field": "employees", "value": "many"}, "declares 'employees' as integer"),
        ("Slate", None, {"field": "stars", "value": "four"}, "'stars' of the matches holds whole"),
        ("Slate", None, {"field": "stars", "value": 4.5}, "'stars' of the matches holds whole"),
        ("Slate", None, {"field": "sold_on", "value": "May"}, "'sold_on' .* holds dates such as"),
        ("Slate", None, {"field": "is_open", "value": "perhaps"}, "'is_open' .* holds true or"),
        ("Slate", None, {"field": "founded_on", "value": "1988"}, "as string as date"),
        ("Slate", None, {"field": "stars", "value": float("nan")}, "of type float. Expected text"),
        ("Slate", None, {"field": "stars", "value": object()}, "of type object"),
        ("Slate", None, {"note": 5}, "note is 5"),
        ("Slate", None, {"note": "half \ud800"}, "half of a character"),
        ("Slate", "accept", {"reviewer": 5}, "reviewer is 5"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    candidate: Any, decision: Any, options: dict[str, Any], message: str
) -> None:
    """Nothing is recorded, and what was recorded stays."""
    frames = frames_of()
    frames.review("Slate", "unsure")
    with pytest.raises(InvalidRequestError, match=f"(?s){message}"):
        frames.review(candidate, decision, **options)
    assert said(frames) == [("candidate_slate", None, "unsure", None, None)]


def test_ids_that_repeat_across_runs_are_told_apart() -> None:
    """By the pair of both ids, also where the evidence is asked for."""
    both = FindAllFrames.concat([frames_of("findall_1"), frames_of("findall_2")])
    with pytest.raises(InvalidRequestError, match=r"pass \(findall_id, candidate_id\)"):
        both.review("Slate", "accept")
    both.review(("findall_2", "candidate_slate"), "accept")
    assert both.reviews["findall_id"].tolist() == ["findall_2"]
    assert both.accepted["findall_id"].tolist() == ["findall_2"]
    evidence = both.evidence(("findall_2", "candidate_slate"))
    assert evidence.candidate["findall_id"] == "findall_2"


def test_judgements_of_many_threads_are_all_recorded() -> None:
    """None is lost, and the last one of each stands."""
    names = [f"N{number}" for number in range(8)]
    frames = flatten(result(*map(candidate, names)))

    def judge(name: str) -> None:
        for decision in ("accept", "reject", "unsure") * 7:
            frames.review(name, decision)

    threads = [threading.Thread(target=judge, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(frames.reviews["candidate_id"]) == sorted(f"candidate_{n.lower()}" for n in names)
    assert frames.reviews["decision"].tolist() == ["unsure"] * 8


def test_the_text_form_says_what_was_judged_and_what_is_left() -> None:
    """Once there are reviews."""
    frames = frames_of()
    frames.review("Slate", "accept")
    frames.review("Roofs", "accept")
    frames.review("Twin", "reject")
    frames.review("Twin", None, field="employees", value=6)
    line = repr(frames).splitlines()[-1]
    assert line == "  .reviews     4 rows: 2 accepted, 1 rejected; 1 match not reviewed"


# -- what stands after review --------------------------------------------------------------------


def test_accepted_candidates_are_the_matches_of_the_reviewers() -> None:
    """Whatever the service said of them; corrections are in place, rejected fields missing."""
    frames = frames_of()
    assert list(frames.accepted.columns) == list(frames.matches.columns)
    assert frames.accepted.dtypes.equals(frames.matches.dtypes)
    frames.review("Roofs", "accept")
    frames.review("Slate", "accept")
    frames.review("Twin", "unsure")
    frames.review("Slate", None, field="employees", value="80")
    frames.review("Slate", "reject", field="makes_tiles")
    frames.review("Slate", "reject", field="stars", value=4)
    frames.review("Roofs", "accept", field="employees", value=9)
    frames.review("Kilnworks", None, field="employees", value=1)
    accepted = frames.accepted
    assert accepted["name"].tolist() == ["Slate", "Roofs"]
    assert accepted["employees"].tolist() == [80, 9]
    assert accepted["stars"].fillna(-1).tolist() == [4, -1]
    assert accepted["makes_tiles"].fillna("-").tolist() == ["-", ""]
    assert accepted.dtypes.equals(frames.matches.dtypes)
    assert frames.matches["employees"].tolist() == [73, 8, 5]


def test_a_decision_or_something_else_must_be_said() -> None:
    """Otherwise nothing is recorded."""
    frames = frames_of()
    with pytest.raises(InvalidRequestError, match="Pass a decision"):
        frames.review("Slate")
    with pytest.raises(InvalidRequestError, match="Pass a decision"):
        frames.review("Slate", field="stars", reviewer="Ada")
    assert said(frames) == []


def test_a_correction_of_another_type_that_is_already_there_makes_its_column_text() -> None:
    """With a warning that names it, as files of others may have it; columns of text stay text."""
    key = ("findall_1", "candidate_slate")
    now = datetime.now(UTC)
    reviews = reviews_table(
        [
            ReviewRow(*key, None, "accept", None, None, "Bo", now),
            ReviewRow(*key, "stars", None, "four", None, "Bo", now),
        ]
    )
    frames = FindAllFrames({**frames_of().tables, "reviews": reviews})
    with pytest.warns(FindAllWarning, match=r"column in frames\.matches.*'stars' \(because of"):
        accepted = frames.accepted
    assert accepted["stars"].tolist() == ["four"]
    mixed = flatten(result(candidate("A", output={"x": "7"}), candidate("B", output={"x": "z"})))
    mixed.review("A", "accept")
    assert mixed.matches["x"].dtype == mixed.accepted["x"].dtype == "str"


def test_a_correction_of_a_field_that_no_match_has_is_a_further_column() -> None:
    """A field may have a reason and no value; or only an unmatched candidate has it."""
    frames = flatten(
        result(
            candidate("A", basis=[basis("ceo", "Ada is the CEO.")]),
            candidate("B", status="unmatched", output={"stars": enrichment(3)}),
        )
    )
    frames.review("A", "accept")
    frames.review("A", None, field="ceo", value="Ada")
    frames.review("B", "accept")
    assert list(frames.matches) == ["name", "url", "description", "candidate_id"]
    assert list(frames.accepted) == ["name", "url", "description", "ceo", "stars", "candidate_id"]
    assert frames.accepted["ceo"].fillna("-").tolist() == ["Ada", "-"]
    assert frames.accepted["stars"].fillna(-1).tolist() == [-1, 3]


# -- kept everywhere -----------------------------------------------------------------------------


def reviewed() -> FindAllFrames:
    """Return frames of two runs with judgements in both."""
    both = FindAllFrames.concat([frames_of("findall_1"), frames_of("findall_2")])
    both.review(("findall_1", "candidate_slate"), "accept", note="=1+1")
    both.review(("findall_2", "candidate_slate"), "reject")
    both.review(("findall_2", "candidate_slate"), None, field="employees", value=-5)
    return both


@pytest.mark.parametrize(
    "again",
    [
        lambda frames, path: pickle.loads(pickle.dumps(frames)),
        lambda frames, path: copy.copy(frames),
        lambda frames, path: copy.deepcopy(frames),
        lambda frames, path: read_frames(frames.to_parquet(path / "a")),
        lambda frames, path: read_frames(frames.to_parquet(path / "b", profile="bi")),
        lambda frames, path: FindAllFrames.concat(
            [frames.for_run("findall_1"), frames.for_run("findall_2")]
        ),
    ],
    ids=["pickle", "copy", "deepcopy", "parquet", "bi", "for_run and concat"],
)
def test_reviews_are_kept(
    again: Callable[[FindAllFrames, Path], FindAllFrames], tmp_path: Path
) -> None:
    """As they are, and apart from those of the original from then on."""
    frames = reviewed()
    other = again(frames, tmp_path)
    assert other.tables["reviews"].equals(frames.tables["reviews"])
    other.review(("findall_1", "candidate_twin"), "accept")
    assert (len(frames.reviews), len(other.reviews)) == (3, 4)


def test_reviews_are_exported(tmp_path: Path) -> None:
    """As a file of CSV and as a sheet, in which a note is no formula."""
    frames = reviewed()
    folder = frames.to_csv(tmp_path / "csv")
    assert {path.stem for path in folder.iterdir()} == set(BI_TABLES)
    read = pd.read_csv(folder / "reviews.csv")
    assert read["note"].fillna("-").tolist() == ["'=1+1", "-", "-"]
    assert read["value"].fillna(0).tolist() == [0, 0, -5]
    sheet = openpyxl.load_workbook(frames.to_excel(tmp_path / "out.xlsx"))["reviews"]
    rows = list(sheet.iter_rows(values_only=True))
    assert list(rows[0]) == list(frames.reviews.columns)
    assert [row[3] for row in rows[1:]] == ["accept", "reject", None]
    assert sheet["F2"].data_type == "s"


def test_arrow_and_duckdb_read_the_current_reviews() -> None:
    """By the name of the table; pandas also gets Arrow types on request."""
    frames = reviewed()
    reviews = frames.tables["reviews"]
    with duckdb.connect() as connection:
        connection.register("reviews", reviews)
        counted = connection.sql("SELECT decision, count(*) FROM reviews GROUP BY 1 ORDER BY 1")
        assert counted.fetchall() == [("accept", 1), ("reject", 1), (None, 1)]
    arrow = frames.to_pandas("reviews", dtype_backend="pyarrow")
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in arrow.dtypes)


def test_the_result_is_rebuilt_without_the_reviews() -> None:
    """It is what the service sent."""
    frames = reviewed()
    assert frames.to_result("findall_1") == frames_of().to_result()
    assert ff.flatten(frames.to_result("findall_1")).reviews.empty
