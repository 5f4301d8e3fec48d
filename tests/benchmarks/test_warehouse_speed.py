"""A question to ten million rows that stay in PostgreSQL, beside the same in SQL by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.embedded.warehouse.tables import WarehouseTable
from tests.support.warehouses import postgres, require

from .measure import medians, report

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore::findall_frames.FindAllWarning"),
]

ROWS = 10_000_000
MOST_RATIO = 1.3
# Conditions as they are asked, and as one would write them by hand.
QUESTIONS = {
    "n = 13 AND amount > 998": "n = 13 AND amount > 998 AND amount <> 'NaN'",
    "city = 'Oslo' AND amount < 0.02": "city = 'Oslo' AND amount < 0.02",
    "day = DATE '2020-02-03' AND amount / n > 200": (
        "day = DATE '2020-02-03' AND n <> 0 AND amount <> 'NaN' AND amount / n > 200"
    ),
    "regexp_matches(name, '99999$')": "name ~ '99999$'",
    "id BETWEEN 500 AND 600": "id BETWEEN 500 AND 600",
}
_TABLE = f"""
CREATE TABLE orders AS SELECT i AS id, 'customer ' || i AS name,
  (ARRAY['Oslo', 'Rome', 'Köln', 'Paris', ' '])[1 + i % 5] AS city,
  CASE WHEN i % 1000 = 0 THEN 'NaN' ELSE (i::bigint * 7919) % 100000 / 100.0 END::float8 AS amount,
  i % 97 AS n, DATE '2015-01-01' + i % 3000 AS day,
  TIMESTAMPTZ '2015-01-01 00:00+00' + i * INTERVAL '1 minute' AS seen,
  repeat(md5(i::text), 3) AS note FROM generate_series(1, {ROWS}) AS i
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """Return an engine of a PostgreSQL with ten million orders."""
    require("postgres", "sqlalchemy", "psycopg")
    from sqlalchemy import create_engine

    with postgres() as url:
        made = create_engine(url, isolation_level="AUTOCOMMIT")
        with made.connect() as connection:
            for statement in (_TABLE, "ALTER TABLE orders ADD PRIMARY KEY (id)", "VACUUM ANALYZE"):
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)
        yield made
        made.dispose()


def test_a_question_costs_what_its_sql_costs(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the answer and a few other rows arrive, and the scan is the whole cost."""
    arrived: list[int] = []
    own = WarehouseTable.fetch

    def counted(*given: Any, **more: Any) -> Any:
        found = own(*given, **more)
        arrived.append(found.num_rows)
        return found

    monkeypatch.setattr(WarehouseTable, "fetch", counted)
    scans: list[tuple[float, float]] = []
    with ff.local((engine, "orders")) as client:
        for asked, written in QUESTIONS.items():

            def by_hand(sql: str = written) -> list[Any]:
                with engine.connect() as connection:
                    plain = connection.execution_options(no_parameters=True)
                    return list(plain.exec_driver_sql(f"SELECT * FROM orders WHERE {sql}"))

            def searched(question: str = asked) -> ff.FindAllFrames:
                return ff.find_all(question, client=client, progress=False)

            searched()  # the expression is tried once
            arrived.clear()
            matches = len(searched().matches)
            assert matches == len(by_hand())
            assert arrived == [matches, 100]
            hand, ours = medians(by_hand, searched)
            if not asked.startswith("id "):  # that is no scan: the index finds the rows at once
                scans.append((hand, ours))
            found = f"{matches} of {ROWS:,} rows, {hand:.2f} s by hand, {ours - hand:.2f} s more"
            report(f"{asked} ({found})", ours / hand, goal=f"at most {MOST_RATIO}")
    ratio = sum(ours for _, ours in scans) / sum(hand for hand, _ in scans)
    report("all scans together", ratio, goal=f"at most {MOST_RATIO}")
    assert ratio <= MOST_RATIO
