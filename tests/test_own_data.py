"""A service over one's own data: with one's own words and model, and with what it warns of."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import parallel
import pyarrow as pa
import pytest
import requests
from chat_server import ChatServer, refusal

import findall_frames as ff
from findall_frames.embedded.chat.address import ModelAddress, read_address
from findall_frames.embedded.chat.client import Chat
from findall_frames.embedded.language.lexicon import read_lexicon
from tests.scripted import KEY, ScriptedServer, answer, healthy, result

HOTELS = pd.DataFrame(
    {
        "name": ["Alma", "Bora", "Cima"],
        "stars": [3, 4, 5],
        "amenities": ["spa, pool", "pool", "spa"],
    }
)
# As in the README.
WORDS = """\
same = [["spa", "wellness area"]]        # names of the same thing
attributes = [["stars", "category"]]     # words that ask for the same column
more = { stars = ["posh"] }              # posher means more stars
not_same = [["parking", "garage"]]       # known to be the same, but not to you
"""
ODD = {"mood": "Hotel must be romantic", "stars": "Hotel must have 4 stars or more"}


def program() -> str:
    """Find the installed command beside the Python that runs the tests."""
    found = shutil.which("findall-frames", path=str(Path(sys.executable).parent))
    assert found is not None
    return found


def call(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [program(), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "OPENAI_API_KEY": ""},
        cwd=cwd,
        timeout=120,
        check=False,
    )


def search_of(conditions: dict[str, str]) -> ff.Search:
    """A search for hotels."""
    return ff.Search("Find hotels", entity_type="hotels", match_conditions=conditions)


# -- words ---------------------------------------------------------------------------------------


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A file of words."""
    path = tmp_path / "words.toml"
    path.write_text(WORDS, encoding="utf-8")
    return path


def test_a_closed_client_of_own_data_says_that_its_service_was_closed() -> None:
    """Nobody has to guess from a refused connection that a with block has ended."""
    with ff.local(HOTELS) as client:
        pass
    with pytest.raises(ff.ServiceError, match=r"was closed\. ff\.local\(\.\.\.\) starts another"):
        ff.find_all("Find hotels with a pool", client=client, progress=False)


@pytest.mark.parametrize(
    ("objective", "names"),
    [
        ("Find hotels with a wellness area", ["Alma", "Cima"]),
        ("Find hotels of category 4", ["Bora"]),
    ],
)
def test_words_of_ones_own_are_known_when_drafting_and_when_judging(
    objective: str, names: list[str], words: Path
) -> None:
    """Without them the same question is not understood."""
    with ff.local(HOTELS) as client, pytest.warns(ff.FindAllWarning, match="not understood"):
        assert len(ff.find_all(objective, client=client, progress=False).matches) == 0
    with ff.local(HOTELS, lexicon=words) as client:
        frames = ff.find_all(objective, client=client, progress=False)
    assert sorted(frames.matches["name"]) == names
    assert frames.warnings == []


def test_words_are_added_to_those_of_the_package(words: Path) -> None:
    """Also within a list that the package has, and whatever their case is."""
    words.write_text('more = { weight = ["Bulky"] }\nshort = { ETA = "arrival" }', encoding="utf-8")
    lexicon = read_lexicon(words)
    assert lexicon.attributes("bulkier") == lexicon.attributes("heavier") == ["weight"]
    assert lexicon.spelled_out("eta") == ("eta", "arrival")
    assert lexicon.spelled_out("avg") == ("avg", "average")


@pytest.mark.parametrize(
    "text", ["same = [[3]]", 'same = ["spa"]', 'more = ["posh"]', 'short = { eta = ["x"] }']
)
def test_a_file_of_words_that_is_no_such_file_is_refused(text: str, words: Path) -> None:
    """Before a service is started; the message says what is expected."""
    words.write_text(text, encoding="utf-8")
    with pytest.raises(ff.CorpusError, match="not of the right form: Expected"):
        ff.local(HOTELS, lexicon=words)


# -- models --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "environ", "address"),
    [
        (
            "openai:gpt-4o-mini",
            {"OPENAI_API_KEY": KEY},
            ModelAddress("https://api.openai.com/v1", "gpt-4o-mini", KEY),
        ),
        (
            "openai:org/model:free",
            {"OPENAI_BASE_URL": "https://llm.example/v1/"},
            ModelAddress("https://llm.example/v1", "org/model:free", None),
        ),
        (
            "http://localhost:11434/v1/#llama3.2:3b",
            {"OPENAI_API_KEY": KEY},
            ModelAddress("http://localhost:11434/v1", "llama3.2:3b", KEY),
        ),
        (
            "https://llm.example/v1/chat/completions",
            {"OPENAI_API_KEY": KEY},
            ModelAddress("https://llm.example/v1", None, KEY),
        ),
        (
            "http://gpu.example:8000/v1#m",
            {"OPENAI_API_KEY": KEY},
            ModelAddress("http://gpu.example:8000/v1", "m", None),
        ),
    ],
    ids=["OpenAI", "elsewhere", "this machine", "whole path", "plain HTTP"],
)
def test_a_model_is_named_by_its_provider_or_its_address(
    text: str, environ: dict[str, str], address: ModelAddress
) -> None:
    """The key goes along only where nobody on the way can read it, and is in no repr."""
    read = read_address(text, environ=environ)
    assert read == address
    assert KEY not in repr(read) + str(read) + repr(Chat(read))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpt-4o", "names no language model"),
        ("openai:", "names no language model"),
        ("openai", "names no language model"),
        ("ftp://host/v1", "names no language model"),
        (5, "not 5"),
        ("http://", "is no base URL"),
        ("http://host:99999/v1", "is no base URL"),
        ("https://host/v1?api-version=1", "is no base URL"),
        (f"https://me:{KEY}@host/v1", "holds credentials"),
        ("openai:gpt-4o-mini", "OPENAI_API_KEY"),
    ],
)
def test_what_names_no_model_is_refused_with_the_forms(
    text: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a service is started."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ff.EvaluatorError, match=said) as refused:
        ff.local(HOTELS, evaluator=text)
    assert KEY not in str(refused.value)


def test_the_only_model_of_a_server_need_not_be_named() -> None:
    """It is asked for when the first question comes."""
    with ChatServer(models=("tiny-7b",)) as server:
        assert Chat(read_address(f"{server.url}/v1", environ={})).model() == "tiny-7b"
    with ChatServer(models=("big", "small")) as server:
        chat = Chat(read_address(f"{server.url}/v1", environ={}))
        with pytest.raises(ff.EvaluatorError, match=r"big, small.*#MODEL"):
            chat.model()


def test_a_model_that_cannot_be_reached_is_said_to_be() -> None:
    """With what to do."""
    with ScriptedServer() as gone:
        url = gone.url
    with pytest.raises(ff.EvaluatorError, match="Start its server"):
        Chat(read_address(f"{url}/v1", environ={})).model()


def test_the_key_is_in_no_file_line_or_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes to the server in its header, and nowhere else."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level("DEBUG")
    store = tmp_path / "runs.db"
    data = HOTELS.assign(notes=["Truly romantic, they say.", "Cold and loud.", "So romantic!"])
    with ChatServer() as server:
        server.answers(refusal(500, f"Oops, {KEY}", retry_after="0"), server.judged)
        with ff.local(data, evaluator=server.evaluator, store=store) as client:
            search = search_of({"mood": "Hotel must be romantic"})
            frames = ff.find_all(search, client=client, progress=False)
        assert {each.headers["authorization"] for each in server.questions()} == {f"Bearer {KEY}"}
    assert "the model's server stumbled" in caplog.text
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"The notes say romantic" in written
    assert KEY.encode() not in written
    assert KEY not in caplog.text + json.dumps(frames.to_result()) + repr(frames)


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def hotels(tmp_path: Path) -> Path:
    """The table as a file."""
    path = tmp_path / "hotels.csv"
    notes = ["Loud and cold, they say.", "A romantic place by the sea.", "Nothing is known of it."]
    HOTELS.assign(notes=notes).to_csv(path, index=False)
    return path


def test_the_command_takes_a_model_and_words(hotels: Path, words: Path) -> None:
    """Each finds what the rules of the package alone do not."""
    with ChatServer() as server:
        asked = ["--entity-type", "hotels", "--condition", "Hotel must be romantic"]
        done = call("run", "x", "--local", hotels, *asked, "--evaluator", server.evaluator)
        assert len(server.questions()) == 3
    assert done.returncode == 0
    assert "1 match among 3 candidates" in done.stdout
    done = call("run", "Find hotels of category 4", "--local", hotels, "--lexicon", words)
    assert "1 match among 3 candidates" in done.stdout
    assert done.stderr.count("not understood") == 0


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--local", "hotels.csv", "--evaluator", "gpt"], 1, "openai:MODEL"),
        (["--local", "hotels.csv", "--lexicon", "none.toml"], 1, "none.toml"),
        (["--evaluator", "openai:gpt-4o-mini"], 2, "needs --local"),
        (["--lexicon", "words.toml"], 2, "needs --local"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_model_or_words(
    options: list[str], status: int, said: str, hotels: Path
) -> None:
    """In a line."""
    done = call("run", "Find hotels", *options, cwd=hotels.parent)
    assert done.returncode == status
    assert said in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_a_service_whose_model_stays_silent_can_be_stopped(hotels: Path, sent: str) -> None:
    """It ends by itself, long before the model's time is over."""
    with ChatServer() as server:
        server.gate.clear()
        with subprocess.Popen(
            [program(), "serve", str(hotels), "--evaluator", server.evaluator],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            with ff.Client(api_key="", base_url=address) as client:
                ff.start(search_of({"mood": "Hotel must be romantic"}), client=client)
                while len(server.questions()) < 3:
                    time.sleep(0.01)
            process.send_signal(getattr(signal, sent))
            assert process.wait(timeout=30) == 0
        assert not server.answered


@pytest.mark.parametrize("sign", ["#", "%", "✓", "…", ""])
@pytest.mark.parametrize("values", [[1, 0, 1], ["yes", "no", "yes"]])
def test_a_column_may_be_named_by_a_sign_alone(sign: str, values: list[Any]) -> None:
    """As spreadsheets number their rows; conditions and enrichments do without it."""
    with ff.local(pa.Table.from_pandas(HOTELS).append_column(sign, pa.array(values))) as client:
        search = search_of({"good": "Hotel must have more than 4 stars"})
        search.enrichments = {"#": "How many stars it has"}
        frames = ff.find_all(search, client=client, progress=False)
    assert frames.matches["name"].tolist() == ["Cima"]
    assert frames.runs["status"].item() == "completed"


# -- warnings ------------------------------------------------------------------------------------


def test_a_condition_that_is_not_understood_is_said_loudly() -> None:
    """Once, with its name, how it was read, and what to do."""
    with ff.local(HOTELS) as client:
        with pytest.warns(ff.FindAllWarning) as told:
            frames = ff.find_all(search_of(ODD), client=client, progress=False)
        assert len(told) == 1
        message = str(told[0].message)
        assert message.startswith(f"Run {frames.findall_id}:\nThe condition 'mood'")
        assert "the text mentions 'romantic'" in message
        assert "name, stars, amenities" in message
        assert frames.warnings == [message.partition("\n")[2]]
        with pytest.warns(ff.FindAllWarning, match="'mood'"):
            again = ff.Run(frames.findall_id, client=client).wait(progress=False)
    assert again.warnings == frames.warnings


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("Hotel must have 4 stars and be romantic", "romantic'"),
        ("Hotel must have a spa with lovely old cats", "cats'"),
    ],
)
def test_a_condition_that_is_understood_in_part_is_said_as_well(condition: str, read: str) -> None:
    """With what was made of it."""
    with (
        ff.local(HOTELS) as client,
        pytest.warns(ff.FindAllWarning, match="was understood in part") as told,
    ):
        ff.find_all(search_of({"asked": condition}), client=client, progress=False)
    assert read in str(told[0].message).partition("it was read as: ")[2]


def test_what_a_service_warned_of_outlives_it(tmp_path: Path) -> None:
    """In the ledger, in Parquet and in its own store."""
    store = tmp_path / "runs.db"
    with ff.local(HOTELS, store=store) as client, pytest.warns(ff.FindAllWarning, match="'mood'"):
        frames = ff.find_all(search_of(ODD), client=client, progress=False)
    with pytest.warns(ff.FindAllWarning, match="'mood'"):
        assert ff.resume(frames.findall_id, progress=False).warnings == frames.warnings
    frames.to_parquet(tmp_path / "tables")
    assert ff.read_parquet(tmp_path / "tables").warnings == frames.warnings
    with ff.local(HOTELS, store=store) as client:
        kept = ff.Run(frames.findall_id, client=client).frames()
    assert kept.warnings == frames.warnings


def test_the_warnings_of_a_run_disturb_no_other_client() -> None:
    """The official SDK reads the run, whose last event says the same as its result."""
    with ff.local(HOTELS) as client:
        run = ff.start(search_of(ODD), client=client)
        with pytest.warns(ff.FindAllWarning):
            run.wait(progress=False)
        at = f"{client.base_url}/v1beta/findall/runs/{run.findall_id}"
        body = requests.get(f"{at}/result", timeout=10).json()
        events = requests.get(f"{at}/events", timeout=10).text
        with parallel.Parallel(api_key="k", base_url=client.base_url) as sdk:
            read = sdk.beta.findall.retrieve(run.findall_id)
    (warning,) = body["run"]["warnings"]
    assert warning["type"] == "condition_not_understood"
    assert json.loads(events.rpartition("data: ")[2])["data"] == body["run"]
    assert read.status.status == "completed"


@pytest.mark.parametrize(
    "told",
    [None, "odd", ["odd"], [{"text": "odd"}], [{"message": 3}], {"message": "odd"}],
    ids=repr,
)
def test_warnings_of_another_form_are_kept_and_not_listed(
    told: Any, server: ScriptedServer, client: ff.Client
) -> None:
    """A newer service may send what it likes."""
    healthy(server)
    body = result(3)
    body["run"]["warnings"] = told
    server.on("GET", f"/runs/{body['run']['findall_id']}/result", answer(body))
    frames = ff.resume(body["run"]["findall_id"], client=client, progress=False)
    assert frames.warnings == []
    assert frames.to_result()["run"]["warnings"] == told
