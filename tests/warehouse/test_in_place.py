"""A table that stays in PostgreSQL: refusals by name, limits, failures, models."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest
import requests

import findall_frames as ff
from findall_frames.api.readings import Reading
from findall_frames.embedded.corpus.profile import profile
from findall_frames.embedded.reading.sql import SqlError, check_sql
from findall_frames.embedded.runs.explaining import explain
from findall_frames.embedded.warehouse import fetching, sources, warehouse_corpus
from findall_frames.embedded.warehouse.dialects import POSTGRES
from findall_frames.embedded.warehouse.translation import CASTS
from findall_frames.embedded.warehouse.warehouse_corpus import WarehouseCorpus, open_warehouse
from findall_frames.errors import CorpusError, InvalidRequestError, ServiceError
from tests.support.warehouses import GOODS, require

SEARCH = {"objective": "goods", "entity_type": "goods"}

pytestmark = pytest.mark.filterwarnings("ignore::findall_frames.FindAllWarning")


@pytest.fixture
def corpus(engine: Any) -> Iterator[WarehouseCorpus]:
    """Return the table as a corpus."""
    opened = open_warehouse((engine, "shop.goods"))
    assert isinstance(opened, WarehouseCorpus)
    yield opened
    opened.close()


def run(engine: Any, *statements: str) -> None:
    """Run statements in the database."""
    with engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("upper(town) = 'OSLO'", r"upper has no equal in PostgreSQL.* Write lower"),
        ("regexp_extract(note, 'g.s') = 'gas'", "regexp_extract has no equal .* regexp_matches"),
        ("regexp_matches(town, '(?i)oslo')", r"'\(\?i\)oslo'.* not known to mean the same"),
        ("regexp_matches(note, town)", "needs a text in quotes"),
        ("CAST(x AS INTEGER) = 3", "cast of a number to INTEGER"),
        ("TRY_CAST(town AS DOUBLE) > 3", "cast of text to DOUBLE"),
        ("round(x) = 3", "round has no equal"),
        ("sqrt(n) > 1", "sqrt has no equal"),
        ("strptime(town, '%d') > day", "strptime has no equal"),
        ("reverse(town) = 'olsO'", "reverse has no equal"),
        ("TRY(n > 1)", "TRY has no equal"),
        ("substring(town, -1) = 'o'", "substring with these arguments"),
        ("date_diff('week', day, made) > 1", "date_diff in weeks"),
        ("made - made > INTERVAL 1 DAY", "what is a date"),
        ("string_split(town, 'o')[1] = 'x'", "has no equal"),
        ("(SELECT count(*) FROM data) > 1", "subquery is not allowed"),
        ("pg_sleep(1) IS NULL", "pg_sleep is not allowed"),
    ],
)
def test_what_may_differ_is_refused_by_name(
    expression: str, words: str, corpus: WarehouseCorpus
) -> None:
    """With what to write instead."""
    with pytest.raises(SqlError, match=words):
        check_sql(expression, corpus)


def test_a_refused_expression_is_not_read_as_a_phrase(engine: Any) -> None:
    """A phrase ignores signs: it would have another answer."""
    run(engine, "CREATE TABLE shop.depths (depth bigint)")
    run(engine, "INSERT INTO shop.depths VALUES (-9223372036854775808), (-5), (3)")
    with (
        ff.local((engine, "shop.depths")) as client,
        pytest.raises(ff.errors.ConditionNotUnderstoodError) as caught,
    ):
        ff.find_all("-depth > 0", client=client, progress=False)
    assert "PostgreSQL failed: bigint out of range" in str(caught.value)
    assert "No column" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("year(day) = -43", ["44 BC"]),
        ("year(seen) <= 0", ["1 BC", "44 BC"]),
        ("date_diff('day', day, DATE '2024-03-01') < 400", ["leap day"]),
        ("date_diff('year', day, DATE '2024-01-01') > 2000", ["1 BC", "44 BC"]),
        ("CAST(day AS VARCHAR) = '0044-03-15 (BC)'", ["44 BC"]),
        ("CAST(day AS VARCHAR) = 'infinity'", ["ever"]),
    ],
)
def test_infinite_dates_and_those_before_christ(
    expression: str, names: list[str], engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are found where they are found in memory, and unknown where they are unknown."""
    days = {"ever": "infinity", "never": "-infinity", "leap day": "2024-02-29"}
    days |= {"44 BC": "0044-03-15 BC", "1 BC": "0001-12-31 BC"}
    run(engine, "CREATE TABLE IF NOT EXISTS shop.eras (name text, day date, seen timestamp)")
    run(engine, "TRUNCATE shop.eras")
    run(engine, *(f"INSERT INTO shop.eras VALUES ('{n}', '{d}', '{d}')" for n, d in days.items()))
    for small in (0, 100):
        monkeypatch.setattr(sources, "SMALL", small)
        frames = ff.find_all(expression, data=(engine, "shop.eras"), progress=False)
        assert sorted(frames.matches["name"]) == names


def test_a_table_with_very_many_columns_can_be_asked(engine: Any) -> None:
    """PostgreSQL limits those of a query."""
    columns = ", ".join(f"c{n} text" for n in range(900))
    run(engine, f"CREATE TABLE shop.wide ({columns})", "INSERT INTO shop.wide (c7) VALUES ('a')")
    frames = ff.find_all("c7 = 'a'", data=(engine, "shop.wide"), progress=False)
    assert len(frames.matches) == 1


def test_types_without_an_equal_are_shown_and_not_compared(engine: Any) -> None:
    """Whether they are missing can be asked."""
    run(
        engine,
        "DROP TABLE IF EXISTS odd",
        "CREATE TABLE odd AS SELECT i AS id, ARRAY[i] AS many, '{\"a\": 1}'::jsonb AS doc, "
        "'1 day'::interval AS span, ('x' || i)::char(5) AS code, i::numeric AS big, "
        "'NaN'::numeric(5, 2) AS small, gen_random_uuid() AS key, 'infinity'::date AS until, "
        "DATE '0044-03-15 BC' AS ides FROM generate_series(1, 5) AS i",
    )
    opened = open_warehouse((engine, "odd"))
    assert isinstance(opened, WarehouseCorpus)
    for name, kind in {"many": r"integer\[\]", "doc": "jsonb", "span": "interval"}.items():
        with pytest.raises(
            SqlError, match=f"'{name}' is {kind} in .* only shown, and not compared"
        ):
            check_sql(f"{name} = '1'", opened)
    met = ["doc IS NOT NULL", "code = 'x1'", "big / 2 = 0.5", "until > DATE '9999-01-01'"]
    for each in met:
        assert opened.tally([check_sql(each, opened).sql], {})[1][0][0] > 0, each
    assert opened.tally([check_sql("small IS NULL", opened).sql], {})[1] == [(5, 5)]
    (row,) = opened.rows([0])
    assert (row["many"], row["code"], row["ides"]) == ("{1}", "x1", "0044-03-15 (BC)")
    opened.close()


def test_an_expression_that_differs_on_the_data_is_refused_with_a_row(
    corpus: WarehouseCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was thought to mean the same is tried before it is believed."""
    monkeypatch.setitem(POSTGRES.templates, "lower", 'lower({0} COLLATE "C")')  # type: ignore[arg-type]
    with pytest.raises(SqlError, match=r"says false where true was expected, for the row .*KÖLN"):
        check_sql("lower(town) = 'köln'", corpus)


def test_a_row_that_differs_fails_the_run(shop: ff.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row that comes back is judged again; a wrong table is the worst answer."""
    monkeypatch.setitem(POSTGRES.templates, "lower", "left({0}, 1)")  # type: ignore[arg-type]
    monkeypatch.setattr(WarehouseCorpus, "prove", lambda *_: None)
    with pytest.warns(ff.FindAllWarning, match="says true to .* where false was expected"):
        frames = ff.find_all("lower(town) = 'O'", client=shop, progress=False)
    assert frames.runs["status"].tolist() == ["failed"]
    assert frames.matches.empty


def test_words_and_entities_are_not_searched(shop: ff.Client, corpus: WarehouseCorpus) -> None:
    """It would take an index of all rows."""
    reading = Reading(
        name="c", description="oil", status="mention", reader="plain", keywords=("oil",)
    )
    (told,) = explain([reading], corpus=corpus)
    assert told.status == "unanswerable"
    assert "stays in its database" in told.note
    body = {"objective": "goods", "entity_type": "goods", "match_limit": 5}
    answer = requests.post(f"{shop.base_url}/v1beta/findall/entity-search", json=body, timeout=30)
    assert answer.status_code == 422
    assert "stays in its database" in answer.text


def test_no_store_is_taken(engine: Any, tmp_path: Any) -> None:
    """Nobody can tell whether the table has changed since."""
    with pytest.raises(ServiceError, match="Expected no store="):
        ff.local((engine, "shop.goods"), store=tmp_path / "runs.sqlite3")


# -- runs ------------------------------------------------------------------------------------------


def test_limits_extensions_enrichments_and_exclusions(shop: ff.Client) -> None:
    """More rows are fetched when they are needed, and none comes twice."""
    known = [{"name": f"item {n}", "url": f"https://x.example/{n}"} for n in range(1, 30)]
    search = SEARCH | {"match_conditions": {"c": "n >= 0 OR n < 0"}}
    frames = ff.find_all(**search, client=shop, progress=False, match_limit=5, exclude=known)
    names = frames.matches["name"].tolist()
    assert len(names) == 5
    assert not {each["name"] for each in known} & set(names)
    frames = ff.extend(frames, 40, client=shop, progress=False)
    assert len(frames.matches) == 45
    assert frames.matches["name"].is_unique
    assert frames.matches["name"].tolist()[:5] == names
    frames = ff.enrich(frames, {"price": "price"}, client=shop, progress=False)
    cells = dict(zip(GOODS["name"].to_pylist(), GOODS["price"].to_pylist(), strict=True))
    prices = frames.wide()["price"].tolist()
    for name, price in zip(frames.matches["name"], prices, strict=True):
        assert (cells[name] is None) == pd.isna(price)


def test_addresses_are_keys_and_stay_the_same(shop: ff.Client) -> None:
    """So a lake knows the same row again; a position there is none."""
    frames = ff.find_all("id IN (3, 17)", client=shop, progress=False)
    urls = {"local://goods/item%203/3", "local://goods/item%2017/17"}
    assert set(frames.matches["url"]) == urls
    with pytest.raises(InvalidRequestError, match="primary key"):
        frames.rows_of(GOODS)


def test_rows_without_a_key_are_known_by_their_cells(engine: Any) -> None:
    """Those with the same cells are numbered."""
    run(
        engine,
        "DROP TABLE IF EXISTS twins",
        "CREATE TABLE twins AS SELECT 'Ann' AS name, i / 2 AS n FROM generate_series(2, 5) AS i",
    )
    with ff.local((engine, "twins")) as client:
        urls = [
            sorted(ff.find_all("n > 0", client=client, progress=False).matches["url"])
            for _ in range(2)
        ]
    assert urls[0] == urls[1]
    assert len(set(urls[0])) == 4
    assert [url.endswith("-2") for url in urls[0]] == [False, True, False, True]


def test_only_matches_and_near_misses_are_fetched(
    corpus: WarehouseCorpus, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question costs one scan where a scan is dear, and what is returned is counted."""
    monkeypatch.setattr("findall_frames.embedded.runs.engine._MOST_COUNTED", 0)
    fetched: list[int] = []
    own = type(corpus.table).fetch

    def counted(*given: Any, **more: Any) -> Any:
        found = own(*given, **more)
        fetched.append(found.num_rows)
        return found

    with ff.local((engine, "shop.goods")) as client:
        ff.explain("id = 7", client=client)
        monkeypatch.setattr(type(corpus.table), "fetch", counted)
        ff.find_all("id = 7", client=client, progress=False)
    assert fetched == [1, 100]


def test_too_many_matches_fail_with_a_word(
    shop: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than fill the memory."""
    monkeypatch.setattr(fetching, "_MOST", 50)
    with pytest.warns(ff.FindAllWarning, match="More than 50 rows meet the conditions. Set match"):
        frames = ff.find_all("id > 0", client=shop, progress=False)
    assert frames.runs["status"].tolist() == ["failed"]


def test_a_cancelled_run_ends_and_its_query_too(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the database waits for a lock."""
    monkeypatch.setattr("findall_frames.embedded.runs.engine._MOST_COUNTED", 0)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        ff.local((engine, "shop.goods")) as client,
        engine.connect() as other,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching,
    ):
        ff.explain("n = 3", client=client)
        other.exec_driver_sql("LOCK TABLE shop.goods IN ACCESS EXCLUSIVE MODE")

        def wait_for(count: int) -> None:
            deadline = time.monotonic() + 20
            while watching.exec_driver_sql(waiting).scalar_one() != count:
                assert time.monotonic() < deadline
                time.sleep(0.02)

        search = ff.Search(**SEARCH, match_conditions={"c": "n = 3"})
        started = ff.start(search, client=client)
        wait_for(1)
        ff.cancel(started, client=client)
        frames = started.wait(progress=False)
        assert frames.runs["status"].tolist() == ["cancelled"]
        wait_for(0)
        other.rollback()


def test_a_database_that_fails_in_the_middle_fails_the_run(engine: Any) -> None:
    """With its own words, and without the password."""
    run(engine, "DROP TABLE IF EXISTS gone", "CREATE TABLE gone AS SELECT * FROM shop.goods")
    with ff.local((engine, "gone")) as client:
        ff.explain("n = 3", client=client)
        run(engine, "DROP TABLE gone")
        with pytest.raises(ff.FindAllError, match='relation "gone" does not exist') as failed:
            ff.find_all("n = 3", client=client, progress=False)
    assert "s3cret" not in str(failed.value)


# -- opening ---------------------------------------------------------------------------------------


def test_a_message_that_quotes_a_long_value_is_cut(engine: Any) -> None:
    """A number of 310 digits has no double, and fills a screen."""
    run(engine, "CREATE TABLE shop.huge AS SELECT 1e310::numeric AS n")
    with pytest.raises(CorpusError, match=r"PostgreSQL failed: \"10+ \.\.\.") as failed:
        ff.local((engine, "shop.huge"))
    assert len(str(failed.value)) < 350


def test_a_small_table_is_read_whole(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an ordinary corpus from then on, with the comments of its columns."""
    monkeypatch.setattr(sources, "SMALL", 1000)
    opened = open_warehouse((engine, "shop.goods"))
    assert opened is not None
    assert opened.is_whole
    assert len(opened) == 240
    assert opened.columns["n"].description == "how many, in boxes"
    assert opened.name == "goods"


def test_the_profile_says_that_it_is_a_sample(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And knows values that the sample lacks."""
    run(
        engine,
        "DROP TABLE IF EXISTS many",
        "CREATE TABLE many AS SELECT i AS id, CASE WHEN i = 29999 THEN 'rare' ELSE 'common' END "
        "AS kind FROM generate_series(1, 30000) AS i",
    )
    monkeypatch.setattr(warehouse_corpus, "_SAMPLE", 500)
    opened = open_warehouse((engine, "many"))
    assert opened is not None
    assert len(opened) == 30_000
    assert opened.held < 5_000
    text = profile(opened).text
    assert "30,000 rows" in text
    assert "of a sample of" in text
    assert '"rare" ×1' in text
    with ff.local((engine, "many")) as client:
        assert ff.find_all("kind is rare", client=client, progress=False).matches["name"].size == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no.such", "There is no table 'no.such'"),
        (None, "got a SQLAlchemy engine. Pass the engine with a table's name"),
    ],
)
def test_what_cannot_be_opened_is_said(given: str | None, words: str, engine: Any) -> None:
    """Before anything is asked."""
    with pytest.raises(CorpusError, match=words):
        ff.local(engine if given is None else (engine, given))


def test_a_database_that_cannot_be_reached_hides_its_password() -> None:
    """Messages of drivers may repeat the address."""
    require("sqlalchemy", "psycopg")
    from sqlalchemy import create_engine

    nowhere = create_engine("postgresql+psycopg://me:s3cret@127.0.0.1:9/none")
    with pytest.raises(CorpusError) as failed:
        ff.local((nowhere, "goods"))
    assert "could not be read" in str(failed.value)
    assert "s3cret" not in str(failed.value)


def test_ibis_tables_and_queries_of_postgres_stay_in_place(engine: Any) -> None:
    """Through the connection that Ibis has."""
    require("ibis")
    import ibis

    url = engine.url
    backend = ibis.postgres.connect(
        host=url.host, port=url.port, user=url.username, database=url.database, schema="shop"
    )
    table = backend.table("goods")
    wanted = {"KÖLN", "Köln"}
    towns = dict(zip(GOODS["name"].to_pylist(), GOODS["town"].to_pylist(), strict=True))
    for each in (table, table.filter(table.id > 100).select("id", "name", "town")):
        opened = open_warehouse(each)
        assert isinstance(opened, WarehouseCorpus)
        opened.close()
        frames = ff.find_all("lower(town) = 'köln'", data=each, progress=False)
        assert {towns[name] for name in frames.matches["name"]} == wanted
    backend.disconnect()


def test_a_transaction_on_the_connection_of_ibis_goes_on(engine: Any) -> None:
    """Though a view cannot be sampled, and a question fails there."""
    require("ibis")
    import ibis
    import psycopg

    run(engine, "CREATE VIEW shop.offers AS SELECT *, 4611686018427387904 AS most FROM shop.goods")
    url = engine.url
    backend = ibis.postgres.connect(
        host=url.host, port=url.port, user=url.username, database=url.database
    )
    own = backend.con
    own.autocommit = True
    own.execute("BEGIN")
    own.execute("CREATE TABLE shop.uncommitted (n integer)")
    with ff.local(backend.table("offers", database="shop")) as client:
        assert len(ff.find_all("id = 7", client=client, progress=False).matches) == 1
        with pytest.raises(ff.errors.ConditionNotUnderstoodError, match="out of range"):
            ff.find_all("most * id > 0", client=client, progress=False)
        assert own.execute("SELECT count(*) FROM shop.uncommitted").fetchone() == (0,)
        own.execute("ROLLBACK")
        own.execute("BEGIN")
        with pytest.raises(psycopg.Error):
            own.execute("SELECT 1 / 0")
        for _ in range(2):  # a connection that cannot be used is not waited for
            with pytest.raises(ff.errors.ConditionNotUnderstoodError, match="is aborted"):
                ff.find_all("id = 8", client=client, progress=False)
        own.execute("ROLLBACK")
        assert len(ff.find_all("id = 8", client=client, progress=False).matches) == 1
    backend.disconnect()


@pytest.mark.filterwarnings("ignore:The 'future.infer_string' option is deprecated")
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_a_table_in_memory_of_ibis_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other connection sees it."""
    require("ibis", "pyarrow_hotfix")
    import ibis

    monkeypatch.setattr(sources, "SMALL", 10)
    table = ibis.memtable({"name": ["a", "b"], "n": [1, 2]})
    frames = ff.find_all("n = 1", data=table, progress=False)
    assert frames.matches["name"].tolist() == ["a"]


def test_other_databases_are_read_if_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Conditions are not translated for them."""
    require("sqlalchemy")
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    run(engine, "CREATE TABLE own (name TEXT, n INTEGER)", "INSERT INTO own VALUES ('a', 1)")
    with pytest.raises(CorpusError, match="at most 0 rows in sqlite"):
        ff.local((engine, "own"))
    monkeypatch.setattr(sources, "SMALL", 10)
    frames = ff.find_all("n = 1", data=(engine, "own"), progress=False)
    assert frames.matches["name"].tolist() == ["a"]
    run(engine, "CREATE VIEW broken AS SELECT * FROM own", "DROP TABLE own")
    with pytest.raises(CorpusError, match=r"could not be read: .*own"):
        ff.local((engine, "broken"))
    engine.dispose()


# -- models ----------------------------------------------------------------------------------------


class _Scripted:
    """A model that gives the next reading, or judges rows by what is in their text."""

    def __init__(self, *readings: Mapping[str, Any]) -> None:
        self.readings = list(readings)
        self.said: list[str] = []
        self.rules = ""

    def __call__(self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        self.said.append(messages[-1]["content"])
        self.rules = messages[0]["content"]
        if "answers" not in schema["properties"]:
            return json.dumps({"readings": [{"name": "c", **self.readings.pop(0)}]})
        rows = [
            (int(line[4:].partition(":")[0]), line)
            for line in self.said[-1].splitlines()
            if line.startswith("row ")
        ]
        answers = [
            {
                "row": row,
                "field": "c",
                "verdict": "gasoline" in line,
                "value": "",
                "reason": "It says so.",
                "excerpts": ["gasoline"] if "gasoline" in line else [],
            }
            for row, line in rows
        ]
        return json.dumps({"answers": answers})


def test_a_model_is_told_what_has_no_equal_and_answers_again(engine: Any) -> None:
    """Once, as for every other fault of a reading."""
    model = _Scripted(
        {"status": "sql", "sql": "upper(town) = 'KÖLN'", "confidence": "high"},
        {"status": "sql", "sql": "lower(town) = 'köln'", "confidence": "high"},
    )
    with ff.local((engine, "shop.goods"), model=model) as client:
        search = SEARCH | {"match_conditions": {"c": "from Cologne"}}
        frames = ff.find_all(**search, client=client, progress=False)
    assert "upper has no equal in PostgreSQL" in model.said[-1]
    towns = dict(zip(GOODS["name"].to_pylist(), GOODS["town"].to_pylist(), strict=True))
    assert {towns[name] for name in frames.matches["name"]} == {"Köln", "KÖLN"}


def test_a_model_is_told_first_what_can_be_asked(engine: Any, corpus: WarehouseCorpus) -> None:
    """So that it needs no second request; a table in memory has no such limits."""
    model = _Scripted(*[{"status": "sql", "sql": "n = 1", "confidence": "high"}] * 2)
    search = SEARCH | {"match_conditions": {"c": "just one"}}
    for data, word in (((engine, "shop.goods"), True), (GOODS, False)):
        with ff.local(data, model=model) as client:
            ff.find_all(**search, client=client, progress=False)
        assert ("This table is in PostgreSQL, where only these functions" in model.rules) is word
    listed = corpus.limits.partition("COALESCE: ")[2].partition(".")[0].split(", ")
    assert {"lower", "contains", "regexp_matches", "year", "date_diff"} <= set(listed)
    assert not {"upper", "round", "regexp_extract", "try_strptime", "split_part"} & set(listed)
    assert corpus.limits.count(" to ") == len(CASTS)


def test_a_model_judges_what_columns_leave(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If that is not too much."""
    reading = {"status": "ask", "sql": "n > 0", "ask": "Is it about gasoline?", "keywords": ["gas"]}
    search = SEARCH | {"match_conditions": {"c": "about gasoline"}}
    with ff.local((engine, "shop.goods"), model=_Scripted(reading, reading)) as client:
        frames = ff.find_all(**search, client=client, progress=False, generator="pro")
        rows = zip(*(GOODS[each].to_pylist() for each in ("name", "note", "n")), strict=True)
        wanted = [name for name, note, n in rows if note == "gasoline" and n and n > 0]
        assert sorted(frames.matches["name"]) == sorted(wanted)
        monkeypatch.setattr(fetching, "_MOST_ASKED", 20)
        with pytest.warns(ff.FindAllWarning, match="More than 20 rows are left for the model"):
            ff.find_all(**search, client=client, progress=False)
