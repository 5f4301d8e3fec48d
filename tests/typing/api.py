"""The public interface as a type checker of its users sees it; checked by mypy, never run."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import pandas as pd
from duckdb import DuckDBPyRelation
from matplotlib.figure import Figure

import findall_frames as ff
from findall_frames.api.models import FindAllEnrichInput, FindAllRun
from findall_frames.display.explorer import Explorer
from findall_frames.running.pricing import CostEstimate


def searches(frames: ff.FindAllFrames, table: pd.DataFrame) -> None:
    """What the blocking helpers take and give."""
    client = ff.local(table, name_column="company", store=Path("runs.sqlite3"))
    assert_type(client, ff.Client)
    with ff.local("packages") as packages:
        assert_type(packages, ff.Client)
    found = ff.find_all(
        "Find tile makers",
        entity_type="companies",
        match_conditions=["Company must make tiles"],
        enrichments={"ceo_name": "Name of the CEO"},
        generator="pro",
        match_limit=100,
        exclude=frames,
        metadata={"team": "tiles", "year": 2026, "urgent": True},
        webhook={"url": "https://hooks.example"},
        budget=5.0,
        reuse=True,
        errors="raise",
        client=client,
        progress=False,
        timeout=60,
    )
    assert_type(found, ff.FindAllFrames)
    found.review("Kilnworks", "accept", note="Seen.", reviewer="Ada")
    found.review(("findall_1", "candidate_1"), None, field="employees", value=80)
    found.review("Kilnworks", note=None)
    assert_type(found.reviews, pd.DataFrame)
    assert_type(found.accepted, pd.DataFrame)
    assert_type(found.compare(frames).to_review, pd.DataFrame)
    assert_type(ff.preview("Find tile makers", budget=1, progress="log"), ff.FindAllFrames)
    assert_type(ff.find_all("Find tile makers", data=table), ff.FindAllFrames)
    assert_type(ff.find_many(["Find tile makers"], budget=5, per_hour=25), ff.FindAllFrames)
    assert_type(ff.find_many(table, errors="raise", max_active=3), ff.FindAllFrames)
    assert_type(ff.explain("Find tile makers", data="makers.csv"), pd.DataFrame)
    assert_type(
        ff.find_all("Find tile makers", progress=lambda update: update.matched), ff.FindAllFrames
    )


def steps() -> None:
    """What does not block."""
    search = ff.draft("Find tile makers", generator="base", match_limit=20)
    assert_type(search, ff.Search)
    search.match_conditions["old_check"] = "Company must be old"
    assert_type(search.enrichments, list[FindAllEnrichInput])
    assert_type(ff.estimate_cost(search), CostEstimate)
    run = ff.start(search, budget=5.0)
    assert_type(run, ff.Run)
    assert_type(run.findall_id, str)
    assert_type(run.wait(timeout=10), ff.FindAllFrames)
    assert_type(run.frames(timeout=5), ff.FindAllFrames)
    assert_type(ff.runs(), pd.DataFrame)
    assert_type(ff.runs(by="day"), pd.DataFrame)
    assert_type(ff.forget(older_than=90), int)
    frames = ff.resume("findall_1", progress=None)
    for meant in ("findall_1", run, frames):
        assert_type(ff.resume(meant), ff.FindAllFrames)
        assert_type(ff.extend(meant, 20), ff.FindAllFrames)
        assert_type(ff.enrich(meant, {"ceo_name": "Name of the CEO"}), ff.FindAllFrames)
        assert_type(ff.refresh(meant, budget=5), ff.FindAllFrames)
        assert_type(ff.cancel(meant, timeout=10), FindAllRun)


async def awaited(run: ff.Run) -> None:
    """A run gives its frames."""
    assert_type(await run, ff.FindAllFrames)


def tables(frames: ff.FindAllFrames) -> None:
    """What the frames hold."""
    assert_type(frames.candidates, pd.DataFrame)
    assert_type(frames.matches, pd.DataFrame)
    assert_type(frames.wide(match_status=None, values="verdict", evidence=True), pd.DataFrame)
    assert_type(ff.flatten(b"{}"), ff.FindAllFrames)
    assert_type(ff.flatten(Path("result.json")), ff.FindAllFrames)
    assert_type(ff.read_parquet("folder"), ff.FindAllFrames)
    assert_type(frames.to_parquet("folder"), Path)
    assert_type(frames.to_html("report.html"), Path)
    assert_type(frames.to_markdown(), str)
    assert_type(frames.explore(), Explorer)
    assert_type(frames.explore().left, list[tuple[str, str]])
    assert_type(frames.plot.confidence(match_status=None), Figure)
    assert_type(frames.plot.timeline(ff.start(ff.draft("Find tile makers")).events()), Figure)


def lakes(frames: ff.FindAllFrames) -> None:
    """The runs of a team in one folder."""
    lake = ff.open_lake(Path("market_map"))
    assert_type(lake, ff.Lake)
    frames.append_to(lake)
    assert_type(lake.candidates, DuckDBPyRelation)
    assert_type(lake.sql("SELECT name FROM candidates"), DuckDBPyRelation)
    assert_type(lake.frames(["findall_1", "findall_2"]), ff.FindAllFrames)
    assert_type(lake.entities(), pd.DataFrame)
    ff.find_all("Find tile makers", exclude=lake.known("Find tile makers"))
    assert_type(lake.searches, dict[str, ff.Search])
    lake.save(ff.draft("Find tile makers"), name="tile_makers")
    assert_type(lake.refresh("tile_makers", budget=20), ff.FindAllFrames)
    lake.publish("s3://bucket/market_map", format="delta")


def errors(error: ff.FindAllError) -> str | None:
    """One root, with the run that it is about."""
    if isinstance(error, ff.RunTimeout):
        assert_type(error.findall_id, str | None)
    return error.findall_id
