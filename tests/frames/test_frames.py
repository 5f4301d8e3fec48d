"""The class FindAllFrames."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from findall_frames.errors import InvalidRequestError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import SCHEMAS, empty_tables
from tests.support.results import SEARCH, basis, candidate, condition, result

ONE = flatten(
    result(
        candidate(
            "A",
            output={"makes_tiles": condition("Tiles", matched=True)},
            basis=[basis("makes_tiles", "A makes tiles.")],
        ),
        candidate("B", status="shortlisted"),
        findall_id="findall_1",
    ),
    schema=SEARCH,
)
TWO = flatten(result(candidate("A", status="noted"), findall_id="findall_2"))
NONE = flatten(result(findall_id="findall_3"))


def test_editing_a_dataframe_changes_neither_the_tables_nor_the_next_dataframe() -> None:
    """Nor do edits of the lists of excerpts."""
    for _ in range(2):
        assert ONE.candidates["name"].tolist() == ["A", "B"]
        assert ONE.fields["is_matched"].tolist() == [True]
        assert ONE.citations["excerpts"].tolist() == [["A makes tiles."]]
        candidates, fields, citations = ONE.candidates, ONE.fields, ONE.citations
        candidates.loc[0, "name"] = "changed"
        candidates["new"] = 1
        fields["is_matched"] = False
        fields.loc[0, "citation_count"] = 9
        citations.loc[0, "excerpts"].append("changed")
        del citations["url"]


def test_the_text_form_says_what_was_found() -> None:
    """A summary line, then the tables."""
    assert repr(ONE).splitlines() == [
        "FindAllFrames: 1 match of 2 candidates, completed (match_limit_met), findall_1",
        "  .matches     one row per match, one column per field",
        "  .candidates  2 rows",
        "  .fields      1 row: makes_tiles",
        "  .citations   1 row",
        "  .runs        1 row",
    ]
    stacked = FindAllFrames.concat([ONE, TWO, NONE])
    assert repr(stacked).startswith("FindAllFrames: 1 match in 3 runs\n")
    assert repr(FindAllFrames(empty_tables())).startswith("FindAllFrames: 0 matches")
    many = flatten(result(candidate("A", output={f"f{n}\n\x1b[31m": "x" for n in range(9)})))
    assert len(repr(many).splitlines()) == 6
    assert "f5" in repr(many)
    assert "f6" not in repr(many)


def test_unknown_categories_of_all_runs_are_kept_when_stacked() -> None:
    """In the order in which they appear; the laws check everything else."""
    stacked = FindAllFrames.concat([ONE, TWO, NONE])
    assert stacked.findall_ids == ("findall_1", "findall_2", "findall_3")
    assert len(stacked.candidates) == 3
    statuses = stacked.candidates["match_status"].cat.categories.tolist()
    assert statuses[-2:] == ["shortlisted", "noted"]


def test_stacking_nothing_gives_empty_tables() -> None:
    """With the usual columns."""
    nothing = FindAllFrames.concat([])
    assert len(nothing) == 0
    assert nothing.matches.columns.tolist() == ["name", "url", "description", "candidate_id"]


def test_invalid_combinations_are_refused() -> None:
    """The same run twice, an unknown run, several runs instead of one, wrong tables."""
    with pytest.raises(InvalidRequestError, match="'findall_1' is in more than one"):
        FindAllFrames.concat([ONE, TWO, ONE])
    with pytest.raises(InvalidRequestError, match="they hold findall_1"):
        ONE.for_run("findall_9")
    with pytest.raises(InvalidRequestError, match="for_run"):
        _ = FindAllFrames.concat([ONE, TWO]).findall_id
    with pytest.raises(InvalidRequestError, match="'citations'"):
        FindAllFrames({**ONE.tables, "citations": ONE.tables["fields"]})


def test_frames_can_be_sent_to_another_process() -> None:
    """Pickle keeps the tables and the searches."""
    again = pickle.loads(pickle.dumps(ONE))
    assert all(again.tables[name].equals(ONE.tables[name]) for name in SCHEMAS)
    assert again.searches == ONE.searches


def test_a_notebook_gets_html_in_which_names_are_escaped() -> None:
    """In the frames' own HTML."""
    assert "&lt;b&gt;" in flatten(result(candidate("<b>")))._repr_html_()


def test_flattening_does_not_import_pandas() -> None:
    """The tables are in Arrow; pandas is imported for the first DataFrame."""
    code = (
        "import sys, findall_frames.frames.flatten, findall_frames.frames.parquet\n"
        "print('pandas' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
