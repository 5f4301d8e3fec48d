"""The databases of these tests, started once, and tables that stay in them however small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.warehouse import sources
from findall_frames.embedded.warehouse.warehouse_corpus import WarehouseCorpus, open_warehouse
from tests.support.warehouses import (
    GOODS,
    duckdb_goods,
    postgres,
    postgres_goods,
    require,
    spark,
    spark_goods,
)


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """Return a SQLAlchemy engine of a PostgreSQL that has the table ``shop.goods``."""
    require("postgres", "sqlalchemy", "psycopg")
    from sqlalchemy import create_engine

    with postgres() as url:
        made = create_engine(url)
        postgres_goods(made)
        yield made
        made.dispose()


@pytest.fixture(scope="session")
def session() -> Iterator[Any]:
    """Return a session of Spark."""
    require("java", "pyspark")
    with spark() as started:
        yield started


@pytest.fixture(scope="session", params=["PostgreSQL", "DuckDB", "Spark"])
def goods(request: pytest.FixtureRequest) -> Any:
    """Return the table as each of the libraries has it."""
    if request.param == "PostgreSQL":
        return request.getfixturevalue("engine"), "shop.goods"
    if request.param == "Spark":
        return spark_goods(request.getfixturevalue("session"))
    require("ibis")
    return duckdb_goods()


@pytest.fixture(autouse=True)
def _stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every table in its database."""
    monkeypatch.setattr(sources, "SMALL", 0)


@pytest.fixture(scope="session")
def there(goods: Any) -> Iterator[WarehouseCorpus]:
    """Return the table as a corpus that stays in its database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "SMALL", 0)
        corpus = open_warehouse(goods)
    assert isinstance(corpus, WarehouseCorpus)
    yield corpus
    corpus.close()


@pytest.fixture(scope="session")
def here() -> Corpus:
    """Return the same rows in memory."""
    return open_corpus(GOODS)


@pytest.fixture(scope="session")
def clients(goods: Any) -> Iterator[tuple[ff.Client, ff.Client]]:
    """Return a client of the table in its database, and one of the same rows in memory."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "SMALL", 0)
        yield stack.enter_context(ff.local(goods)), stack.enter_context(ff.local(GOODS))


@pytest.fixture
def shop(engine: Any) -> Iterator[ff.Client]:
    """Return a client of the table in PostgreSQL."""
    with ff.local((engine, "shop.goods")) as client:
        yield client
