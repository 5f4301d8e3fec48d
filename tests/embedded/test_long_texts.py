"""Time for texts that others send and cells hold: twice the length takes about twice as long."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.api.stream import read_batches
from findall_frames.embedded.corpus.documents import read_documents
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from tests.support.local_models import numbers

# Times are compared, so they are not part of an ordinary run.
pytestmark = pytest.mark.thorough

SHAPES = (
    "a", " ", "a ", "place ", "not ", "and ", "or ", "a or ", "more than ", "more than 5 and ", "(",
    ")", "()", "'", '"', "'a' ", "5 ", "5", "5.", "1,", "1,234", ", ", "- ", "-", "/*", "*/", "%",
    "place = 1 AND ", "name LIKE '%a%' OR ", "CASE WHEN ", "((1", "[", "{", "\\", "\n", "\t", "é",
    "\u0301", "😀", "$", "where ", "entity 1, ", ";", "1+", "=", "<", ">", "<p>", "</p", "<a b='",
    "&#", "<!--", "€5 ",
)  # fmt: skip

EVENT_SHAPES = (
    "\r", "\r\n", "\n\n", "\r\r", "data", "data:", "data\n", "data: x\n", "data: x\n\n", "id: 1\n",
    ":\n", "event: a\n", "event: a\n\n", "retry: 1\n", "\ufeff", '{"type":',
    'data: {"type":"a"}\r\n',
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine without a model, which is not started."""
    store = Store()
    yield Engine(numbers(50), model=None, store=store)
    store.close()


def _table(name: str, cell: str) -> None:
    open_corpus(pd.DataFrame({"name": ["A", "B"], name: [cell, cell]}))


def _assert_linear(
    use: Callable[[str], object], *, length: int, shapes: Sequence[str] = SHAPES
) -> None:
    """Check each shape at two lengths; the best of three, as other programs run as well."""
    for shape in shapes:
        short, long = (shape * (size // len(shape)) for size in (length, 2 * length))
        for _ in range(3):
            once, twice = (_seconds(use, text) for text in (short, long))
            if twice < 3 * once + 0.2:
                break
        assert twice < 3 * once + 0.2, (shape, once, twice)


def _seconds(use: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use(text)
    return time.perf_counter() - began


@pytest.mark.parametrize("length", [500, 5_000])
def test_conditions_take_linear_time(engine: Engine, length: int) -> None:
    """Long ones are refused."""
    _assert_linear(
        lambda text: engine.explain([MatchCondition("a", text)], entity_type="entities"),
        length=length,
    )


@pytest.mark.parametrize("length", [1_000, 50_000])
def test_objectives_take_linear_time(engine: Engine, length: int) -> None:
    """Long ones are not split."""
    _assert_linear(engine.draft, length=length)


def test_cells_take_linear_time() -> None:
    """Whatever they look like."""
    _assert_linear(lambda text: _table("value", text), length=200_000)


def test_headers_take_linear_time() -> None:
    """Names of columns are texts of others as well."""
    _assert_linear(lambda text: _table(text, "x"), length=50_000)


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_documents_take_linear_time(tmp_path: Path, suffix: str) -> None:
    """Pages too, which any site can write."""

    def read(text: str) -> None:
        path = tmp_path / f"page.{suffix}"
        path.write_text(text, "utf-8")
        read_documents([path], root=tmp_path).read_all()

    _assert_linear(read, length=500_000)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.filterwarnings("ignore")
def test_tables_take_linear_time(tmp_path: Path, suffix: str) -> None:
    """In a cell of a file."""

    def read(text: str) -> None:
        path = tmp_path / f"t.{suffix}"
        quoted = text.replace('"', '""')
        line = json.dumps({"name": "a", "x": text}) if suffix == "jsonl" else f'a,"{quoted}"'
        path.write_text(("name,x\n" if suffix == "csv" else "") + line + "\n", "utf-8")
        open_corpus(path)

    _assert_linear(read, length=100_000)


@pytest.mark.parametrize(
    "frame",
    ["{}", "data: {}\n\n", 'data: {{"type":"findall.status","data":"{}"}}\n\n'],
    ids=["stream", "data", "event"],
)
@pytest.mark.parametrize("size", [1_000, 1 << 20])
def test_event_streams_take_linear_time(frame: str, size: int) -> None:
    """In one piece or in many."""

    def read(text: str) -> None:
        sent = frame.format(text).encode()
        for _ in read_batches(sent[at : at + size] for at in range(0, len(sent), size)):
            pass

    _assert_linear(read, length=100_000, shapes=SHAPES + EVENT_SHAPES)
