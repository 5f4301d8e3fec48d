"""Searches over own data with a language model: readings, verdicts, keys and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from tests.support.chat_server import ChatServer, refusal
from tests.support.commands import program
from tests.support.hotels import HOTELS, reads_as, search_of
from tests.support.scripted import KEY
from tests.support.until import until


def test_readings_of_a_model_are_requested_once(tmp_path: Path) -> None:
    """They are cached by data, condition and model, across restarts."""
    readings = {
        "cheap": {"status": "sql", "sql": "price < 100"},
        "best": {"status": "sql", "sql": None, "top": {"by": "stars", "n": 1, "descending": True}},
    }
    conditions = {"cheap": "not too dear", "best": "the finest"}
    store = tmp_path / "runs.db"
    model = reads_as(**readings)
    for _ in range(2):
        with ff.local(HOTELS, model=model, store=store) as client:
            frames = ff.find_all(search_of(conditions), client=client, progress=False)
            assert frames.matches["name"].tolist() == ["Bora"]
    assert model.asked == 1


def test_assumptions_of_a_model_become_warnings() -> None:
    """They are what may be wrong."""
    reading = {"status": "sql", "sql": "price < 100", "assumptions": ["prices are in euros"]}
    with (
        ff.local(HOTELS, model=reads_as(cheap=reading)) as client,
        pytest.warns(ff.FindAllWarning, match="assumption: prices are in euros"),
    ):
        ff.find_all(search_of({"cheap": "not too dear"}), client=client, progress=False)


def test_a_model_judges_only_rows_that_meet_the_columns(tmp_path: Path) -> None:
    """Each row once, even across a restart."""
    with ChatServer() as server:
        conditions = {"mood": "Hotel must be romantic", "dear": "price > 70"}
        used = []
        for _ in range(2):
            with ff.local(HOTELS, model=server.model, store=tmp_path / "runs.db") as client:
                frames = ff.find_all(search_of(conditions), client=client, progress=False)
            used.append(json.loads(frames.runs["metadata"].item()))
        assert frames.matches["name"].tolist() == ["Alma", "Cima"]
        assert server.answered == {0: 1, 1: 1, 2: 1}
    moods = frames.fields[frames.fields["field"] == "mood"].set_index(frames.candidates["name"])
    assert moods.loc["Alma", "reasoning"] == "The model says: The notes say romantic."
    assert "Not asked" in moods.loc["Dune", "reasoning"]
    assert (used[0]["model_requests"], used[0]["model_completion_tokens"]) == (2, 40)
    assert "tiny" in used[0]["model"]
    assert "model_requests" not in used[1]


@pytest.mark.parametrize(
    ("objective", "generator"), [("ask", "core"), ("ask", "preview")], ids=["core", "preview"]
)
def test_a_run_stops_asking_at_its_match_limit(objective: str, generator: str) -> None:
    """Every question may cost money."""
    data = pd.DataFrame({"name": [f"n{n}" for n in range(400)], "notes": ["so romantic"] * 400})
    with ChatServer() as server, ff.local(data, model=server.model) as client:
        search = search_of({objective: "romantic"}, generator=generator, match_limit=5)
        frames = ff.find_all(search, client=client, progress=False)
        assert len(frames.matches) == 5
        assert sum(server.answered.values()) <= 64


def test_rows_that_could_not_be_judged_are_counted() -> None:
    """They are not reported as false, and do not end the run."""

    def model(messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        if "answers" in schema["properties"]:
            return "I would say that it is."
        return json.dumps({"readings": [{"name": "mood", "status": "ask", "ask": "Romantic?"}]})

    with (
        ff.local(HOTELS, model=model) as client,
        pytest.warns(ff.FindAllWarning, match="4 verdicts are open"),
    ):
        frames = ff.find_all(search_of({"mood": "romantic"}), client=client, progress=False)
    assert frames.runs["status"].item() == "completed"
    assert frames.fields["reasoning"].str.contains("could not be judged").all()


def test_the_key_is_never_stored_or_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is sent only to the server, in the header."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level("DEBUG")
    with ChatServer() as server:
        server.answers(refusal(500, f"Oops, {KEY}", retry_after="0"), server.judged)
        with ff.local(HOTELS, model=server.model, store=tmp_path / "runs.db") as client:
            search = search_of({"mood": "Hotel must be romantic"})
            frames = ff.find_all(search, client=client, progress=False)
        assert {each.headers["authorization"] for each in server.questions()} == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"The notes say romantic" in written
    assert KEY.encode() not in written
    assert KEY not in caplog.text + json.dumps(frames.to_result()) + repr(frames)


def test_a_server_without_credit_ends_the_search() -> None:
    """Before a run is created; the error quotes the server."""
    with ChatServer() as server:
        server.answers(refusal(402, "Insufficient credits. Add more."))
        with (
            ff.local(HOTELS, model=server.model) as client,
            pytest.raises(ff.errors.EvaluatorError, match="Insufficient credits"),
        ):
            ff.find_all(search_of({"mood": "romantic"}), client=client, progress=False)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_a_service_with_a_silent_model_can_be_stopped(tmp_path: Path, sent: str) -> None:
    """It exits long before the model's timeout."""
    hotels = tmp_path / "hotels.csv"
    HOTELS.to_csv(hotels, index=False)
    with ChatServer() as server:
        server.gate.clear()
        with subprocess.Popen(
            [program(), "serve", str(hotels), "--model", server.model],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            with ff.Client(api_key="", base_url=address) as client:
                ff.start(search_of({"mood": "Hotel must be romantic"}), client=client)
                until(lambda: len(server.questions()) >= 2)
            process.send_signal(getattr(signal, sent))
            assert process.wait(timeout=30) == 0
        assert not server.answered


def test_a_key_alone_does_not_choose_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has to be named, in the call or in the environment variable."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ff.local(HOTELS) as client:
        assert ff.explain(search_of({"a": "stars > 3"}), client=client)["reader"].item() == "sql"
        with pytest.raises(ff.errors.ConditionNotUnderstoodError):
            ff.find_all(search_of({"a": "qwertz 5 uiop 7 not or"}), client=client)
    with ChatServer() as server:
        monkeypatch.setenv("FINDALL_FRAMES_MODEL", server.model)
        with ff.local(HOTELS) as client:
            ff.find_all(search_of({"mood": "romantic"}), client=client, progress=False)
        assert server.questions()
