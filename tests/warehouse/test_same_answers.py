"""The same questions, and the same answers as in memory, whatever database has the table."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.embedded.corpus.corpus import Corpus, QueryStopped
from findall_frames.embedded.reading.sql import check_sql
from findall_frames.embedded.warehouse.dialects import POSTGRES
from findall_frames.embedded.warehouse.tables import SparkTable
from findall_frames.embedded.warehouse.warehouse_corpus import WarehouseCorpus, open_warehouse
from tests.support.conditions import condition
from tests.support.warehouses import GOODS, spark_goods

pytestmark = [
    pytest.mark.filterwarnings("ignore::findall_frames.FindAllWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
]

QUESTIONS = [
    "n // 2 = 1 OR n % 4 = -3",
    "id / m > 20 AND x IS NULL",
    "x > 2",
    "NOT (lower(town) = 'köln')",
    "town IS NULL",
    "town < 'a' AND town > 'O'",
    "town ILIKE '%ö%' OR note LIKE '%\\%'",
    r"regexp_matches(note, '\bgas\b') OR regexp_matches(lower(town), '[^\pL]')",
    "seen >= '2024-10-27 00:30:00+00' AND hour(seen) < 9",
    "day + INTERVAL 1 MONTH > DATE '2024-03-01' AND isodow(day) <= 3",
    "price / 2 = 1.25 OR price * 2 = 0.1",
    "n over 1 and ok",
    "town is Oslo or note contains license",
    "top 7 by price and ok",
    "lowest 3 by n",
]


# Spark takes a second for what the others do in a hundredth.
CASES = [(name, each) for name in ("PostgreSQL", "DuckDB") for each in QUESTIONS]
CASES += [("Spark", each) for each in QUESTIONS[2::3]]


def seen_in(frames: ff.FindAllFrames) -> tuple[list[str], dict[tuple[str, str], tuple[Any, ...]]]:
    """The names of the matches, and the verdicts on each candidate."""
    fields = frames.fields.merge(frames.candidates[["candidate_id", "name"]], on="candidate_id")
    verdicts = {
        (row["name"], row["field"]): (str(row["is_matched"]), row["reasoning"], row["value"])
        for row in fields.to_dict("records")
    }
    return sorted(frames.matches["name"]), verdicts


@pytest.mark.parametrize(("goods", "question"), CASES, indirect=["goods"])
def test_a_search_finds_the_same(question: str, clients: tuple[ff.Client, ff.Client]) -> None:
    """The same matches, the same verdicts with the same cells, of the same number of rows."""
    there, here = (ff.find_all(question, client=each, progress=False) for each in clients)
    names, verdicts = seen_in(there)
    expected, known = seen_in(here)
    assert names == expected
    assert names
    both = verdicts.keys() & known.keys()
    assert len(both) >= len(names)
    assert {key: verdicts[key] for key in both} == {key: known[key] for key in both}
    assert (there.runs["generated_candidates_count"] == 240).all()
    assert there.candidates["row"].isna().all()


def test_a_table_can_be_passed_as_data(goods: Any) -> None:
    """For one question, without a client."""
    frames = ff.find_all("n = 100 AND ok", data=goods, progress=False)
    assert len(frames.matches) == sum(
        n == 100 and ok is True
        for n, ok in zip(GOODS["n"].to_pylist(), GOODS["ok"].to_pylist(), strict=True)
    )


def truths(corpus: Corpus, expressions: list[str]) -> list[list[bool | None]]:
    """What each expression says of each row, by id."""
    ids = '"id"'
    if isinstance(corpus, WarehouseCorpus):
        listed = ", ".join(f"({corpus._pushdown.translated(each)})" for each in expressions)
        sql = f"SELECT k0, {listed} FROM {corpus._pushdown.cleaned()} ORDER BY k0"
        found = corpus.table.fetch(sql, ["int", *["bool"] * len(expressions)])  # type: ignore[list-item]
    else:
        listed = ", ".join(f"({each})" for each in expressions)
        found = corpus.query(f"SELECT {ids}, {listed} FROM data ORDER BY {ids}")
    return [column.to_pylist() for column in found.columns[1:]]


def compare(there: WarehouseCorpus, here: Corpus, *, seed: int, size: int) -> None:
    """Compare random conditions, a few in one query."""
    chance = random.Random(seed)
    expressions = [check_sql(condition(chance), here).sql for _ in range(size)]
    for start in range(0, size, 10):
        some = expressions[start : start + 10]
        found = dict(zip(some, truths(there, some), strict=True))
        assert found == dict(zip(some, truths(here, some), strict=True))
        met = [f"count(CASE WHEN {there._pushdown.met([each])} THEN 1 END)" for each in some]
        sql = f"SELECT {', '.join(met)} FROM {there._pushdown.cleaned()}"
        counts = there.table.fetch(sql, ["int"] * len(some))
        expected = [sum(truth is True for truth in found[each]) for each in some]
        assert [column[0].as_py() for column in counts.columns] == expected


def test_random_conditions_mean_the_same(there: WarehouseCorpus, here: Corpus) -> None:
    """None of them is refused, and none differs for any row."""
    compare(there, here, seed=4, size=40)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(5))
def test_hundreds_of_conditions_mean_the_same(
    seed: int, there: WarehouseCorpus, here: Corpus
) -> None:
    """More of the same."""
    compare(there, here, seed=100 + seed, size=100)


@pytest.mark.parametrize("mode", ["true", "false"])
def test_spark_means_the_same_with_and_without_ansi_mode(
    mode: str, session: Any, here: Corpus
) -> None:
    """Where a division by zero is an error, and where it is not."""
    before = session.conf.get("spark.sql.ansi.enabled")
    session.conf.set("spark.sql.ansi.enabled", mode)
    try:
        there = open_warehouse(spark_goods(session))
        assert isinstance(there, WarehouseCorpus)
        some = ["n / m > 1", "n // m = 1", "id % n = 0", "m * 30 > 40", "CAST(price AS DOUBLE) < 1"]
        assert truths(there, some) == truths(here, some)
        there.close()
    finally:
        session.conf.set("spark.sql.ansi.enabled", before)


def test_a_stopped_query_of_spark_ends(session: Any) -> None:
    """Nobody waits for it, and it does not go on."""
    table = SparkTable(session.range(3).selectExpr("id AS n"))
    running = session.sparkContext.statusTracker().getActiveJobsIds
    endless = "SELECT count(*) FROM range(100000000000) WHERE rand() < 0.5"
    with pytest.raises(QueryStopped):
        table.fetch(endless, ["int"], stop=lambda: bool(running()))
    deadline = time.monotonic() + 30
    while running():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    table.close()
    assert all(each.name != table.relation for each in session.catalog.listTables())


def test_every_letter_has_the_same_lower_case(engine: Any, here: Corpus) -> None:
    """Of all letters of Unicode, in PostgreSQL."""
    lower = POSTGRES.templates["lower"].format("chr(i)")
    points = "SELECT i FROM generate_series(1, 1114111) AS i WHERE i NOT BETWEEN 55296 AND 57343"
    with engine.connect() as connection:
        sql = f"SELECT string_agg({lower}, '' ORDER BY i) FROM ({points}) AS points"
        there = connection.exec_driver_sql(sql).scalar_one()
    mine = here.query(
        "SELECT string_agg(lower(chr(i::INTEGER)), '' ORDER BY i) AS a FROM range(1, 1114112) AS "
        "r(i) WHERE i NOT BETWEEN 55296 AND 57343"
    )
    assert there == mine["a"][0].as_py()
