"""One awkward table, and the databases that hold it: PostgreSQL, Spark, and DuckDB behind Ibis."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest

__all__ = ["GOODS", "duckdb_goods", "postgres", "postgres_goods", "require", "spark", "spark_goods"]

_BIN = "/usr/lib/postgresql"
_TOWNS = [
    "Oslo",
    "oslo",
    "Köln",
    "KÖLN",
    "Zürich",
    "ΟΔΟΣ",
    "İzmir",
    "straße",
    " Rome ",
    "a_b",
    "5%",
]
_NOTES = [
    "gas, oil and coal",
    "gasoline",
    "new\nline",
    r"back\slash",
    "it's $t0$ quoted",
    "École à 3.50 €",
    "x" * 50,
    "Apache-2.0 license",
    "'; DROP TABLE goods; --",
]


def _goods(size: int = 240) -> pa.Table:
    """Return rows with missing values, NaN, blanks, umlauts, zones and ties."""
    chance = random.Random(16)

    def some(values: list[Any], *, missing: float = 0.1) -> list[Any]:
        return [None if chance.random() < missing else chance.choice(values) for _ in range(size)]

    first = datetime(2024, 10, 26, 20, 30, tzinfo=UTC)  # clocks go back in Europe the next night
    steps = [timedelta(minutes=30 * n, microseconds=n) for n in range(40)]
    day = date(2023, 12, 20)
    amount = [Decimal(n).scaleb(-2) for n in (-1050, 0, 5, 250, 999, 1000, 123456)]
    return pa.table(
        {
            "id": pa.array(range(1, size + 1), pa.int64()),
            "name": [f"item {n}" for n in range(1, size + 1)],
            "town": some([*_TOWNS, "", "   ", "\t\u00a0"]),
            "note": some(_NOTES),
            "n": pa.array(some([-7, -3, -1, 0, 1, 2, 3, 7, 100]), pa.int32()),
            "m": pa.array(some([0, 1, 2, 2, 5]), pa.int16()),
            "x": pa.array(some([float("nan"), -0.5, 0.0, 0.1, 2.5, 1e6, -3.25]), pa.float64()),
            "price": pa.array(some(amount), pa.decimal128(10, 2)),
            "day": pa.array(some([day + timedelta(days=n) for n in range(0, 90, 3)]), pa.date32()),
            "seen": pa.array(some([first + step for step in steps]), pa.timestamp("us", tz="UTC")),
            "made": pa.array(
                some([(first + 9 * step).replace(tzinfo=None) for step in steps]),
                pa.timestamp("us"),
            ),
            "ok": pa.array(some([True, False]), pa.bool_()),
            'odd "na`me: %s': some(["a", "b"]),
        }
    )


GOODS = _goods()


def require(*needed: str) -> None:
    """Skip a test where a module or a program is missing, or fail it where it must not be."""
    found = {"postgres": _postgres_programs(), "java": shutil.which("java")}
    missing = [name for name in needed if not (found[name] if name in found else find_spec(name))]
    if not missing:
        return
    word = (
        f"missing for a test with a warehouse: {', '.join(missing)}; pip install "
        "pyspark sqlalchemy 'psycopg[binary]' 'ibis-framework[duckdb]' and, on Debian, apt-get "
        "install postgresql default-jre-headless"
    )
    if os.environ.get("FINDALL_FRAMES_WAREHOUSE") == "required":
        pytest.fail(word, pytrace=False)
    pytest.skip(word)


def _postgres_programs() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path(_BIN).glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def postgres() -> Iterator[str]:
    """Run a cluster of its own in a temporary folder; yield the address of its database."""
    with (
        TemporaryDirectory(prefix="findall-postgres-", ignore_cleanup_errors=True) as folder,
        _cluster(Path(folder)) as url,
    ):
        yield url


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    programs = _postgres_programs()
    assert programs is not None
    data, as_user = folder / "data", list[str]()
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=60)

    run("initdb", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c fsync=off -c unix_socket_directories=''"
    run("pg_ctl", "-o", options, "-w", "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql+psycopg://tester:s3cret@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "-w", "stop")


def postgres_goods(engine: Any) -> tuple[Any, str]:
    """Load the table into PostgreSQL."""
    types = "bigint text text text int smallint double precision numeric(10,2) date timestamptz "
    kinds = [*types.replace("double precision", "float8").split(), "timestamp", "boolean", "text"]
    named = [name.replace('"', '""') for name in GOODS.column_names]
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(named, kinds, strict=True))
    connection = engine.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA shop")
            cursor.execute(f"CREATE TABLE shop.goods ({columns}, PRIMARY KEY (id))")
            cursor.execute("COMMENT ON COLUMN shop.goods.n IS 'how many, in boxes'")
            with cursor.copy("COPY shop.goods FROM STDIN") as copy:
                for row in zip(*(column.to_pylist() for column in GOODS.columns), strict=True):
                    copy.write_row(row)
            cursor.execute("ANALYZE shop.goods")
        connection.commit()
    finally:
        connection.close()
    return engine, "shop.goods"


@contextmanager
def spark() -> Iterator[Any]:
    """Run Spark in this process, small, in a time zone with summer time."""
    import warnings

    with warnings.catch_warnings(action="ignore"):
        from pyspark.sql import SparkSession

        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.session.timeZone": "Europe/Berlin",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.codegen.wholeStage": "false",
        }
        builder = SparkSession.builder.master("local[1]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def spark_goods(session: Any) -> Any:
    """Load the table into Spark."""
    import warnings

    with warnings.catch_warnings(action="ignore"):
        kinds = "bigint,string,string,string,int,smallint,double,decimal(10;2),date,timestamp"
        names = [f"`{name.replace('`', '``')}`" for name in GOODS.column_names]
        types = [*kinds.replace(";", ",").replace("10,2", "10;2").split(",")]
        types = [each.replace(";", ",") for each in [*types, "timestamp_ntz", "boolean", "string"]]
        schema = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
        rows = list(zip(*(column.to_pylist() for column in GOODS.columns), strict=True))
        return session.createDataFrame(rows, schema)


def duckdb_goods() -> Any:
    """Load the table into a DuckDB behind Ibis, in a session with other settings than here."""
    import ibis

    connection = ibis.duckdb.connect()
    own = connection.con
    own.execute("SET TimeZone = 'America/New_York'")
    own.register("loaded", GOODS)
    own.execute("CREATE TABLE goods AS SELECT * FROM loaded")
    own.unregister("loaded")
    return connection.table("goods")
