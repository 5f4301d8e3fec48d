"""What is asked of a lake: relations, SQL, frames, entities, and what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import findall_frames as ff
from findall_frames.errors import FindAllWarning, InvalidRequestError, LakeError
from findall_frames.frames.schema import SCHEMAS
from tests.support.lakes import FILLED, run_of
from tests.support.results import SEARCH, candidate, result, search

OTHER = search({"employees": {"type": "integer"}}, conditions=SEARCH.match_conditions[:1])


def week(
    number: int,
    *candidates: dict[str, Any],
    schema: Any = SEARCH,
    created: bool = True,
    findall_id: str | None = None,
) -> ff.FindAllFrames:
    """Make the run of a week in 2026."""
    made = result(*candidates, findall_id=findall_id or f"findall_week{number}")
    made["run"]["created_at"] = f"2026-03-{number:02}T12:00:00Z" if created else None
    return ff.flatten(made, schema=schema)


def filled(path: Path, *runs: ff.FindAllFrames) -> ff.Lake:
    """Return a lake with these runs."""
    lake = ff.open_lake(path / "lake")
    for each in runs:
        each.append_to(lake)
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> ff.Lake:
    """Return a lake with three runs, one of them replaced since it was compacted."""
    made = filled(tmp_path_factory.mktemp("lake"), *(run_of(f"findall_{n}") for n in range(3)))
    made.compact()
    run_of("findall_1", 1).append_to(made)
    return made


# -- relations and SQL -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_table_is_a_relation_with_its_columns(lake: ff.Lake, name: str) -> None:
    """In order, and with the types of DuckDB; also in a lake without files."""
    relation = getattr(lake, name)
    assert relation.columns == SCHEMAS[name].names
    table = relation.to_arrow_table()
    assert table.num_rows == {"runs": 3}.get(name, 9 if name in FILLED else 0)
    empty = getattr(ff.open_lake(lake.path.parent / "none"), name)
    assert empty.to_arrow_table().num_rows == 0
    assert (empty.columns, empty.types) == (relation.columns, relation.types)


def test_filters_and_columns_reach_the_files(lake: ff.Lake) -> None:
    """A relation reads only what is asked of it, as late as it is asked."""
    plan = lake.fields.filter("findall_id = 'findall_2'").select("field").explain()
    assert "READ_PARQUET" in plan
    assert "Filters: findall_id = 'findall_2'" in plan
    for unread in ("reasoning", "value"):
        assert unread not in plan


def test_a_relation_shows_the_moment_at_which_it_was_made(tmp_path: Path) -> None:
    """Whatever is appended, replaced and compacted afterwards."""
    lake = filled(tmp_path, run_of("findall_1"), run_of("findall_2"))
    before = lake.sql(
        "SELECT last_event_id, count(*) FROM runs JOIN candidates USING (findall_id) GROUP BY ALL"
    )
    run_of("findall_1", 1).append_to(lake)
    run_of("findall_3").append_to(lake)
    lake.compact()
    assert before.fetchall() == [("0", 6)]
    assert sorted(lake.runs.select("last_event_id").fetchall()) == [("0",), ("0",), ("1",)]


def test_sql_joins_the_tables_and_gives_what_analysts_use(lake: ff.Lake) -> None:
    """Arrow, pandas and Polars; a relation can be refined further."""
    found = lake.sql(
        """WITH checked AS (SELECT * FROM Fields WHERE is_matched)
        SELECT name, value, url, fetched_at FROM candidates
        JOIN checked USING (findall_id, candidate_id) JOIN runs USING (findall_id)
        WHERE findall_id = 'findall_1' ORDER BY name"""
    )
    assert found.to_arrow_table()["value"].to_pylist() == ["1", "1", "1"]
    assert found.df()["name"].tolist() == [f"findall_1 {n}" for n in range(3)]
    assert found.pl()["name"].to_list() == [f"findall_1 {n}" for n in range(3)]
    assert found.filter("name LIKE '%2'").fetchall()[0][0] == "findall_1 2"
    assert str(found.to_arrow_table().schema.field("fetched_at").type) == "timestamp[us, tz=UTC]"
    pivot = "PIVOT fields ON value IN ('0', '1') USING count(*) GROUP BY findall_id"
    assert sorted(lake.sql(pivot).fetchall()) == [
        ("findall_0", 3, 0),
        ("findall_1", 0, 3),
        ("findall_2", 3, 0),
    ]
    assert lake.sql("DESCRIBE runs").fetchall()[0][0] == "findall_id"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("COPY runs TO '{lake}/stolen.csv'", "takes one SELECT.*COPY"),
        ("CREATE TABLE x AS FROM runs", "takes one SELECT.*CREATE"),
        ("ATTACH '{lake}/x.db'", "takes one SELECT.*ATTACH"),
        ("SET threads = 1", "takes one SELECT"),
        ("INSTALL httpfs", "takes one SELECT"),
        ("SELECT 1; SELECT 2", "SELECT, SELECT"),
        ("", "this is none"),
        ("SELECT * FROM read_text('{outside}')", "file system operations are disabled"),
        ("SELECT * FROM read_text('{lake}/searches/tilers.json')", "operations are disabled"),
        ("SELECT * FROM read_text('{lake}/.writing/one/runs.parquet')", "operations are disabled"),
        ("SELECT * FROM glob('{lake}/*')", "operations are disabled"),
        ("SELECT * FROM '{outside}'", "file system operations are disabled|does not exist"),
        ("SELECT * FROM 'https://files.example/x.parquet'", "disabled|does not exist"),
        ("SELEC 1", "syntax error"),
        ("SELECT nme FROM candidates", r'(?s)"nme" not found.*"name".*The tables are runs'),
        ("SELECT * FROM candidate", r"(?s)candidate does not exist"),
        ("SELECT * FROM lake", "lake does not exist"),
    ],
)
def test_sql_reads_the_lake_and_nothing_else(
    lake: ff.Lake, tmp_path: Path, query: str, message: str
) -> None:
    """So that a query that somebody else wrote does no harm."""
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    before = sorted(lake.path.rglob("*"))
    with pytest.raises(InvalidRequestError, match=message):
        lake.sql(query.format(lake=lake.path, outside=outside)).fetchall()
    assert sorted(lake.path.rglob("*")) == before


def test_what_comes_out_of_sql_is_locked_too(lake: ff.Lake) -> None:
    """It is written by means of Arrow or pandas."""
    relation = lake.sql("SELECT name FROM candidates")
    with pytest.raises(duckdb.Error, match="disabled"):
        relation.to_csv(str(lake.path.parent / "out.csv"))
    relation.df().to_csv(lake.path.parent / "out.csv")


def test_a_run_that_is_not_there_is_named(lake: ff.Lake) -> None:
    """With the number of those that are."""
    for ask in (lake.frames, lake.known, lake.entities):
        with pytest.raises(LakeError, match=r"no run 'findall_9'.*3 runs") as caught:
            ask("findall_9")
        assert caught.value.findall_id == "findall_9"


# -- the same thing in several runs ----------------------------------------------------------------


def test_entities_are_found_by_address_else_by_name(tmp_path: Path) -> None:
    """However the address is written; what could be two things is not guessed to be one."""
    lake = filled(
        tmp_path,
        week(
            1,
            candidate("Acme", url="https://www.acme.example/"),
            candidate("Café Müller", url=""),
            candidate("Phoenix", url="https://phoenix.example"),
            candidate("Only name", url=""),
        ),
        week(
            2,
            candidate("ACME Inc.", url="http://acme.example?utm_source=mail"),
            candidate("CAFE MULLER", url="https://mueller.example"),
            candidate("Phoenix", url="https://phoenix-two.example"),
            candidate("phoenix", url="  ", candidate_id="c3"),
            candidate("only NAME!", url="?"),
        ),
    )
    found = lake.entities()
    keys = {row.entity: (row.by, row.name, row.runs) for row in found.itertuples(index=False)}
    assert keys == {
        "acme.example": ("url", "ACME Inc.", 2),
        "mueller.example": ("url", "CAFE MULLER", 2),
        "phoenix.example": ("url", "Phoenix", 1),
        "phoenix-two.example": ("url", "Phoenix", 1),
        "phoenix": ("name", "phoenix", 1),
        "only name": ("name", "only NAME!", 2),
    }


def test_entities_say_when_they_were_seen_and_how_verdicts_changed(tmp_path: Path) -> None:
    """Within one question: no match of another question is no change."""
    lake = filled(
        tmp_path,
        # Appended in another order than they were created.
        week(3, candidate("A", status="matched"), candidate("B", status="unmatched")),
        week(1, candidate("A", status="matched"), candidate("B", status="matched")),
        week(2, candidate("A", status="unmatched"), candidate("C", status="discarded")),
        week(4, candidate("A", status="discarded"), schema=OTHER, findall_id="findall_other"),
    )
    found = lake.entities().set_index("name")
    a = found.loc["A"]
    assert a["entity"] == "a.example"
    assert (a["runs"], a["matched_runs"], a["changes"]) == (4, 2, 2)
    assert (a["first_seen"].day, a["last_seen"].day, a["changed_at"].day) == (1, 4, 3)
    assert (a["match_status"], a["changed_from"]) == ("discarded", "unmatched")
    b = found.loc["B"]
    assert (b["runs"], b["changes"], b["changed_from"], b["match_status"]) == (
        *(2, 1, "matched", "unmatched"),
    )
    c = found.loc["C"]
    assert (c["changes"], c["first_seen"].day, c["last_seen"].day) == (0, 2, 2)
    assert c[["changed_from", "changed_at"]].isna().all()
    assert list(found.index) == ["A", "B", "C"]
    assert list(lake.entities("findall_other")["name"]) == ["A"]
    assert len(lake.entities(ff.Search.from_schema(SEARCH))) == 3


def test_a_thing_that_stands_twice_in_a_run_counts_once(tmp_path: Path) -> None:
    """As a match, if it is one."""
    twice = (
        candidate("A", status="unmatched", candidate_id="c1"),
        candidate("A", status="matched", candidate_id="c2"),
    )
    (row,) = filled(tmp_path, week(1, *twice)).entities().itertuples()
    assert (row.runs, row.matched_runs, row.match_status, row.changes) == (1, 1, "matched", 0)


def test_entities_have_the_documented_types_with_rows_and_without(tmp_path: Path) -> None:
    """None of them is object."""
    some = filled(tmp_path, week(1, candidate("A"), candidate("B", status="shortlisted")))
    for found in (some.entities(), ff.open_lake(tmp_path / "none").entities()):
        types = {name: str(dtype) for name, dtype in found.dtypes.items()}
        assert types == {
            **dict.fromkeys(("entity", "by", "name", "url"), "str"),
            **dict.fromkeys(("first_seen", "last_seen", "changed_at"), "datetime64[us, UTC]"),
            **dict.fromkeys(("runs", "matched_runs", "changes"), "Int64"),
            **dict.fromkeys(("match_status", "changed_from"), "category"),
        }
    assert some.entities()["match_status"].tolist() == ["matched", "shortlisted"]


# -- what is known ---------------------------------------------------------------------------------


def names(known: list[Any]) -> list[str]:
    """Return the names of what is known."""
    return [each.name for each in known]


def test_known_are_the_matches_of_the_same_question_the_most_recent_first(tmp_path: Path) -> None:
    """Each once, and as it is called now."""
    lake = filled(
        tmp_path,
        week(2, candidate("Newer"), candidate("Acme Inc.", url="http://acme.example")),
        week(1, candidate("Older"), candidate("Acme"), candidate("No", status="unmatched")),
        week(3, candidate("Elsewhere"), schema=OTHER, findall_id="findall_other"),
        week(4, candidate("Nowhere", url=" "), candidate("Latest")),
    )
    expected = ["Latest", "Newer", "Acme Inc.", "Older"]
    for question in (ff.Search.from_schema(SEARCH), "findall_week1"):
        assert names(lake.known(question)) == expected
    assert names(lake.known(SEARCH.objective)) == ["Latest", "Elsewhere", *expected[1:]]
    assert names(lake.known("findall_other")) == ["Elsewhere"]
    with pytest.warns(FindAllWarning, match="has the objective 'Find all roofs'"):
        assert lake.known("Find all roofs") == []
    known = lake.known("findall_week1")
    assert known[2].url == "http://acme.example"
    assert (
        ff.Search("Find", entity_type="x", match_conditions=["y"], exclude=known).exclude == known
    )


def test_a_question_is_the_same_whatever_changes_from_week_to_week(tmp_path: Path) -> None:
    """Limit, generator, exclusions and enrichments; what is found depends on the conditions."""
    lake = filled(tmp_path, week(1, candidate("A")))
    question = ff.Search.from_schema(SEARCH)
    question.match_limit, question.generator = 500, "pro"
    question.enrichments = {"ceo": "Name of the CEO"}  # type: ignore[assignment]
    question.exclude = lake.known("findall_week1")
    assert names(lake.known(question)) == ["A"]
    question.match_conditions["makes_tiles"] += " Of clay."
    assert lake.known(question) == []


def test_a_run_whose_search_is_unknown_is_found_by_its_objective(tmp_path: Path) -> None:
    """If it has one; a run without either has a question of its own."""
    lake = filled(
        tmp_path,
        week(1, candidate("A"), schema=None),
        week(2, candidate("B"), schema=None, created=False),
        week(3, candidate("C")),
    )
    tables = dict(week(4, candidate("D"), schema=None).tables)
    at = tables["runs"].schema.get_field_index("objective")
    objective = pa.array([f" {SEARCH.objective} "], pa.large_string())
    tables["runs"] = tables["runs"].set_column(at, tables["runs"].schema.field(at), [objective])
    ff.FindAllFrames(tables).append_to(lake)
    assert names(lake.known("findall_week1")) == ["A"]
    assert names(lake.known("findall_week2")) == ["B"]
    for question in ("findall_week3", "findall_week4", ff.Search.from_schema(SEARCH)):
        assert names(lake.known(question)) == ["D", "C"]


def test_more_than_the_api_can_exclude_are_left_out_and_said(tmp_path: Path) -> None:
    """The most recent ones are kept."""
    many = [candidate(f"thing {number}") for number in range(10_003)]
    lake = filled(tmp_path, week(1, *many[:10]), week(2, *many[5:]))
    with pytest.warns(FindAllWarning, match=r"10,003 entities are known.*10,000.*The 3 that"):
        known = lake.known("findall_week1")
    assert len(known) == 10_000
    assert names(known)[:2] == ["thing 5", "thing 6"]
    assert names(known)[-2:] == ["thing 0", "thing 1"]


def test_the_lake_feeds_the_next_search_over_own_data(tmp_path: Path) -> None:
    """Found, appended, and left out the next time."""
    cities = pd.DataFrame(
        {
            "name": ["Oslo", "Rome", "Milan"],
            "country": ["Norway", "Italy", "Italy"],
            "url": ["https://oslo.example", "https://rome.example", "https://milan.example"],
        }
    )
    lake = ff.open_lake(tmp_path)
    with ff.local(cities.iloc[:2]) as client:
        ff.find_all("country = 'Italy'", client=client, progress=False).append_to(lake)
    with ff.local(cities) as client:
        search = ff.draft("country = 'Italy'", client=client)
        search.exclude = lake.known(search)
        assert names(search.exclude) == ["Rome"]
        run = ff.start(search, client=client).wait(progress=False)
        run.append_to(lake)
    assert run.matches["name"].tolist() == ["Milan"]
    assert names(lake.known("country = 'Italy'")) == ["Milan", "Rome"]
