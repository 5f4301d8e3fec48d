"""The command line, run as a person runs it: another process, real streams, real signals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service
from tests.support.chat_server import ChatServer, refusal
from tests.support.local_models import EveryNth, numbers

COUNTRIES = """\
name,continent,population,capital
Norway,Europe,5600000,Oslo
Germany,Europe,83200000,Berlin
France,Europe,68000000,Paris
Italy,Europe,59000000,Rome
Brazil,South America,203000000,Brasília
India,Asia,1428000000,New Delhi
Japan,Asia,124000000,東京
Kenya,Africa,55000000,Nairobi
"""
QUESTION = "Find countries in Europe with a population above 50 million"
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@pytest.fixture
def countries(tmp_path: Path) -> Path:
    """Write the table that most tests search."""
    path = tmp_path / "countries.csv"
    path.write_text(COUNTRIES, encoding="utf-8")
    return path


def program() -> str:
    """Find the installed command beside the Python that runs the tests."""
    found = shutil.which("findall-frames", path=str(Path(sys.executable).parent))
    assert found is not None, "install the package first: pip install -e ."
    return found


def surroundings(**more: str) -> dict[str, str]:
    """Give the environment of a plain terminal of eighty columns."""
    plain = {"COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONWARNINGS": "error"}
    return {**os.environ, **plain, **more}


def call(
    *arguments: str | Path, env: Mapping[str, str] | None = None, encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [program(), *map(str, arguments)],
        capture_output=True,
        encoding=encoding,
        env=surroundings(**(env or {})),
        timeout=120,
        check=False,
    )


ASKED = (
    "Find entities",
    "--entity-type",
    "entities",
    "--condition",
    "nth: every 3rd",
    "--match-limit",
    "99",
)


@pytest.fixture
def gated() -> Iterator[tuple[threading.Event, str]]:
    """Serve a hundred entities with a model that waits at a gate after the first eight of them."""
    gate = threading.Event()
    model = open_model(EveryNth(gate=gate, free=8))
    with Service(numbers(100), model=model) as service:
        try:
            yield gate, service.url
        finally:
            gate.set()


def test_run_shows_matches_with_their_evidence_and_writes_tables(
    countries: Path, tmp_path: Path
) -> None:
    """A question becomes a table on stdout, progress on stderr, and Parquet files."""
    out = tmp_path / "matches"
    done = call("run", QUESTION, "--local", countries, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("3 matches among ")
    for name, population in {
        "Germany": "83200000",
        "France": "68000000",
        "Italy": "59000000",
    }.items():
        (row,) = (line for line in lines if line.startswith(name))
        assert "✓ Europe" in row
        assert f"✓ {population}" in row
    assert "Norway" not in done.stdout
    assert f"ff.read_parquet({str(out)!r})" in done.stdout
    assert set(ff.read_parquet(out).matches["name"]) == {"Germany", "France", "Italy"}
    start, end = done.stderr.splitlines()
    assert QUESTION in start
    assert "Completed in " in end


def test_run_prints_nothing_but_json_when_asked_to(countries: Path, tmp_path: Path) -> None:
    """What is on stdout can be piped into another program as it is."""
    out = tmp_path / "matches"
    done = call("run", QUESTION, "--local", countries, "--json", "--out", out)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["run"]["status"] == "completed"
    assert {match["name"] for match in record["matches"]} == {"Germany", "France", "Italy"}
    for match in record["matches"]:
        for field in match["fields"].values():
            assert field["is_matched"] is True
            assert field["citations"][0]["excerpts"]
    assert (out / "candidates.parquet").is_file()
    assert str(out) in done.stderr


def test_run_takes_conditions_and_enrichments_as_they_are_written(countries: Path) -> None:
    """Names are kept, and a condition without one gets one."""
    done = call(
        *("run", "Find countries", "--local", countries, "--entity-type", "countries", "--json"),
        *("--condition", "asian: Country must be in Asia"),
        *("--condition", "Country must have a population above 1 billion"),
        *("--enrich", "capital: The capital of the country", "--progress", "none"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (match,) = json.loads(done.stdout)["matches"]
    assert match["name"] == "India"
    assert match["fields"]["capital"]["value"] == "New Delhi"
    assert set(match["fields"]) == {"asian", "condition_2", "capital"}


def test_run_without_a_match_says_which_condition_is_the_hard_one(countries: Path) -> None:
    """Zero matches are a result, with a reason and the status zero."""
    done = call(
        "run", "Find countries in Europe with a population above 500 million", "--local", countries
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 matches among 8 candidates; completed: no candidates are left")
    counts = re.findall(r"met by (\d) of 8 candidates", done.stdout)
    assert sorted(counts) == ["1", "4"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_run_fits_a_terminal_that_cannot_write_ticks(countries: Path, encoding: str) -> None:
    """Where a sign is missing, words and question marks stand in, and nothing is lost."""
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = call("run", "Find countries in Asia", "--local", countries, env=env, encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Japan .*yes Asia", done.stdout, re.MULTILINE)
    record = call(
        *("run", "Find countries in Asia", "--local", countries, "--json", "--progress", "none"),
        *("--enrich", "capital: The capital"),
        env=env,
        encoding=encoding,
    )
    fields = {one["name"]: one["fields"] for one in json.loads(record.stdout)["matches"]}
    assert fields["Japan"]["capital"]["value"] == "東京"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "Missing argument 'OBJECTIVE'"),
        (("run", "x", "--generator", "fast"), "'preview', 'base', 'core', 'pro'"),
        (("run", "x", "--match-limit", "many"), "'many' is not a valid integer"),
        (("run", "x", "--condition", "in Europe"), "--condition needs --entity-type"),
        (("run", "x", "--enrich", "the capital"), "'name: description'"),
        (("run", "x", "--name-column", "title"), "it needs --local"),
        (("run", "x", "--columns", "words.json"), "it needs --local"),
        (("run", "x", "--timeout", "0"), "0.0 is not in the range x>0"),
        (("run", "x", "--progress", "loud"), "'auto', 'terminal', 'log', 'none'"),
        (("resume",), "Missing argument 'FINDALL_ID'"),
        (("serve", "packages", "--port", "70000"), "70000 is not in the range"),
        (("serve", "packages", "--api-key-env", "NO_SUCH"), "NO_SUCH, which is not set"),
        (("find", "x"), "No such command 'find'"),
    ],
)
def test_bad_usage_is_explained_with_status_two(arguments: tuple[str, ...], words: str) -> None:
    """The message says what is possible, and nothing is started."""
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: findall-frames" in done.stderr
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", QUESTION), "PARALLEL_API_KEY"),
        (("run", QUESTION, "--local", "absent.csv"), "absent.csv"),
        (("run", "  ", "--local", "packages"), "objective"),
        (("run", QUESTION, "--local", "packages", "--match-limit", "4"), "5 to 1000"),
        (("run", QUESTION, "--local", "packages", "--model", "gpt"), "gpt"),
        (("serve", "packages", "--columns", "absent.toml"), "absent.toml"),
        (("resume", "findall_1"), "PARALLEL_API_KEY"),
        (("serve", "absent.csv"), "absent.csv"),
        (("serve", "absent*.csv"), "absent*.csv', and no file matches it"),
        (("serve", "packages", "--host", "0.0.0.0"), "Set an API key"),
    ],
)
def test_an_error_is_one_line_on_stderr_with_status_one(
    arguments: tuple[str, ...], words: str
) -> None:
    """No traceback: what was wrong and what to do."""
    done = call(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("findall-frames: ")
    assert words in line


def test_a_folder_that_is_a_file_is_refused_before_the_search(countries: Path) -> None:
    """A search that costs money does not end with tables that cannot be written."""
    done = call("run", QUESTION, "--local", countries, "--out", countries)
    assert done.returncode == 2
    assert "is a file" in done.stderr
    assert "Completed" not in done.stderr


@pytest.mark.parametrize("command", [(), ("run",), ("resume",), ("serve",)])
def test_help_shows_an_example(command: tuple[str, ...]) -> None:
    """Every command explains itself within eighty columns of text."""
    done = call(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: findall-frames")
    assert not command or f"findall-frames {command[0]} " in done.stdout.split("xample", 1)[1]


def test_the_version_is_that_of_the_package() -> None:
    """`--version` prints what is installed."""
    assert call("--version").stdout.strip() == f"findall-frames {ff.__version__}"


def test_timeout_shows_what_was_found_and_how_to_go_on(gated: tuple[threading.Event, str]) -> None:
    """Matches found so far are shown, the run goes on, and `resume` brings the whole result."""
    gate, url = gated
    env = {"PARALLEL_BASE_URL": url}
    done = call("run", *ASKED, "--timeout", "2", env=env)
    assert done.returncode == 1
    assert done.stdout.startswith("3 matches among ")
    assert "; running" in done.stdout.splitlines()[0]
    last = done.stderr.splitlines()[-1]
    found = re.fullmatch(
        r"findall-frames: Time is up\. The run goes on\. "
        r"Resume with findall-frames resume (\S+)",
        last,
    )
    assert found is not None, last
    gate.set()
    resumed = call("resume", found[1], env=env)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("34 matches among 100 candidates; completed")


@posix_only
def test_interrupting_a_run_of_a_service_says_how_to_resume(
    gated: tuple[threading.Event, str],
) -> None:
    """Ctrl-C ends the command with 130, and the run goes on without it."""
    gate, url = gated
    env = {"PARALLEL_BASE_URL": url}
    status, lines = interrupted("run", *ASKED, env=env)
    assert status == 130
    found = re.search(
        r"Interrupted\. The run goes on\. Resume with findall-frames resume (\S+)$", lines[-1]
    )
    assert found is not None, lines
    assert not any("Traceback" in line for line in lines)
    gate.set()
    resumed = call("resume", found[1], "--json", env=env)
    assert len(json.loads(resumed.stdout)["matches"]) == 34


@posix_only
def test_interrupting_a_local_run_says_that_it_has_ended(tmp_path: Path) -> None:
    """A service inside the command ends with it, and no resume is promised."""
    path = tmp_path / "numbers.csv"
    rows = "".join(f"number {n},{n % 9}\n" for n in range(400_000))
    path.write_text("name,digit\n" + rows, encoding="utf-8")
    status, lines = interrupted("run", "Find numbers with a digit below 9", "--local", path)
    assert status == 130
    assert lines[-1] == "findall-frames: Interrupted. The local run has ended with this command."
    assert not any("esume with" in line for line in lines)


def interrupted(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Press Ctrl-C when the first line of progress has come."""
    with started(*arguments, env=env) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    return process.returncode, [first.rstrip("\n"), *rest.splitlines()]


@contextmanager
def started(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start the command and see that it does not outlive the test."""
    with subprocess.Popen(
        [program(), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=surroundings(PYTHONUNBUFFERED="1", **(env or {})),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_failed_run_shows_what_it_found_with_status_one(tmp_path: Path) -> None:
    """A scheduler notices the failure, and the matches found until then are kept."""
    out = tmp_path / "matches"
    model = open_model(EveryNth(fails_at=50))
    with Service(numbers(100), model=model) as service:
        env = {"PARALLEL_BASE_URL": service.url}
        done = call("run", *ASKED, "--out", out, env=env)
    assert done.returncode == 1
    assert "; failed: the service ran into an error" in done.stdout
    (warning,) = (line for line in done.stderr.splitlines() if line.startswith("findall-frames:"))
    assert "failed" in warning
    assert "Warning" not in warning
    kept = ff.read_parquet(out)
    assert kept.runs["status"].tolist() == ["failed"]
    assert kept.matches["name"].tolist()[:3] == ["entity 0", "entity 3", "entity 6"]


def test_columns_are_explained_by_a_data_dictionary(tmp_path: Path) -> None:
    """Its words name a column."""
    table, words = tmp_path / "oils.csv", tmp_path / "words.json"
    table.write_text("name,t_f\nTallow,530\nEther,228\n", encoding="utf-8")
    words.write_text('{"t_f": "flash point, in kelvin"}', encoding="utf-8")
    question = ("run", "Find oils with a flash point over 500", "--local", table, "--json")
    assert call(*question).returncode == 1
    done = call(*question, "--columns", words)
    assert done.returncode == 0, done.stderr
    assert [match["name"] for match in json.loads(done.stdout)["matches"]] == ["Tallow"]


def test_on_own_data_all_matches_are_shown_unless_a_limit_is_given(tmp_path: Path) -> None:
    """By default there is none; one above the hosted service's thousand is taken too."""
    table = tmp_path / "numbers.csv"
    rows = "".join(f"number {n},{n}\n" for n in range(2_000))
    table.write_text("name,size\n" + rows, encoding="utf-8")
    options: list[tuple[str, ...]] = [(), ("--match-limit", "1200")]
    for limit, expected in zip(options, (1_500, 1_200), strict=True):
        done = call(
            "run", "Find numbers with a size below 1500", "--local", table, "--json", *limit
        )
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["matches"]) == expected


def test_what_is_not_understood_is_told_with_what_to_write(countries: Path) -> None:
    """The words left over and the SQL to write; nothing is searched."""
    done = call("run", "Find countries that are nice and friendly", "--local", countries)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "No column or value matches 'nice'" in done.stderr
    assert "SQL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_the_environment_names_is_asked(countries: Path) -> None:
    """What its server says against that is shown; a model that is given by name comes first."""
    with ChatServer() as server:
        server.answers(refusal(401, "Who are you?"))
        env = {"FINDALL_FRAMES_MODEL": server.model}
        done = call("run", "Find nice countries", "--local", countries, env=env)
        asked = len(server.questions())
        env = {"FINDALL_FRAMES_MODEL": "openai:nobody", "OPENAI_API_KEY": "k3y"}
        options = ("--local", countries, "--model", server.model)
        named = call("run", "Find nice countries", *options, env=env)
    assert asked == 1
    for each in (done, named):
        assert each.returncode == 1
        assert "Who are you?" in each.stderr


def test_a_budget_stops_a_search_before_it_starts(countries: Path) -> None:
    """The line says what it could cost; own data costs nothing."""
    env = {"PARALLEL_API_KEY": "k3y", "PARALLEL_BASE_URL": "http://127.0.0.1:9"}
    done = call("run", QUESTION, "--budget", "3", env=env)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "at most $3.50" in line
    assert "budget is $3.00" in line
    done = call("run", QUESTION, "--local", countries, "--budget", "3")
    assert done.returncode == 0


def test_reuse_takes_an_equal_search_from_the_ledger(countries: Path) -> None:
    """The second call needs no service any more."""
    with Service(open_corpus(countries)) as service:
        env = {"PARALLEL_BASE_URL": service.url}
        first = call("run", QUESTION, "--json", env=env)
    again = call("run", QUESTION, "--json", "--reuse", env=env)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["matches"] == json.loads(first.stdout)["matches"]


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_until_it_is_stopped(countries: Path, number: signal.Signals) -> None:
    """It prints where it is and how to reach it; stopping it is its normal end."""
    with started("serve", countries) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        explained = "".join(process.stdout.readline() for _ in range(3))
        assert f'ff.Client(base_url="{address[0]}")' in explained
        assert "PARALLEL_BASE_URL" in explained
        done = call("run", QUESTION, env={"PARALLEL_BASE_URL": address[0]})
        assert done.stdout.startswith("3 matches")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.strip() == "Stopped."
    assert err == ""


@posix_only
def test_serve_keeps_runs_keys_and_webhooks_as_it_is_told(countries: Path, tmp_path: Path) -> None:
    """The key is asked for, each request is a line on stderr, and a second service is refused."""
    store = tmp_path / "runs.db"
    options = (countries, "--store", store, "--api-key-env", "SERVE_KEY", "--verbose")
    env = {"SERVE_KEY": "k3y"}
    with started("serve", *options, "--allow-webhooks-to", "127.0.0.1", env=env) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        address = re.search(r"http://127\.0\.0\.1:\d+", lines[0])
        assert address is not None
        assert 'api_key=os.environ["SERVE_KEY"]' in lines[1]
        assert re.fullmatch(r"Webhooks are signed with whsec_\S{44}\n", lines[3])
        assert "k3y" not in "".join(lines)
        base = {"PARALLEL_BASE_URL": address[0]}
        refused = call("run", QUESTION, env={**base, "PARALLEL_API_KEY": "other"})
        assert refused.returncode == 1
        done = call("run", QUESTION, env={**base, "PARALLEL_API_KEY": "k3y"})
        assert done.stdout.startswith("3 matches")
        second = call("serve", countries, "--store", store)
        assert second.returncode == 1
        assert "in use by another service" in second.stderr
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    requested = [
        line for line in err.splitlines() if re.fullmatch(r"[A-Z]+ /\S* \d+, \d+ ms", line)
    ]
    assert requested[0].startswith("POST /v1beta/findall/ingest 401, ")
    assert any(line.startswith("POST /v1beta/findall/runs 200, ") for line in requested)
    assert len(requested) == len(err.splitlines())
    assert "k3y" not in err


@posix_only
def test_what_serve_prints_works_also_when_it_listens_everywhere(countries: Path) -> None:
    """The address is one that ff.Client sends a key to, and others are told of a proxy."""
    env = {"SERVE_KEY": "k3y"}
    options = ("--host", "0.0.0.0", "--api-key-env", "SERVE_KEY")
    with started("serve", countries, *options, env=env) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        address = re.search(r'base_url="(http://127\.0\.0\.1:\d+)"', lines[1])
        assert address is not None
        assert lines[2].endswith(f"{address[1]} and PARALLEL_API_KEY to the key\n")
        assert "use an HTTPS proxy" in lines[3]
        base = {"PARALLEL_BASE_URL": address[1], "PARALLEL_API_KEY": "k3y"}
        assert call("run", QUESTION, env=base).stdout.startswith("3 matches")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_run_searches_a_folder_of_documents(tmp_path: Path) -> None:
    """A sentence of a page is the evidence, and a warning says how it was found."""
    folder = tmp_path / "parks"
    folder.mkdir()
    for name, owner in {"Elm Park": "a railway company", "Oak Park": "the city"}.items():
        page = f"<title>{name}</title><p>{name} was laid out for {owner} and is open to all.</p>"
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    question = "Find parks for a railway company"
    done = call("run", question, "--local", folder, "--json", "--progress", "none")
    assert done.returncode == 0, done.stderr
    (match,) = json.loads(done.stdout)["matches"]
    assert match["name"] == "Elm Park"
    (field,) = match["fields"].values()
    assert field["confidence"] == "low"
    assert "laid out for a railway company" in field["citations"][0]["excerpts"][0]
    assert "confidence is low" in done.stderr


def test_serve_refuses_a_port_that_is_taken(countries: Path) -> None:
    """The line names the address and says what to do."""
    with Service(open_corpus(countries)) as service:
        port = service.url.rsplit(":", 1)[1]
        done = call("serve", countries, "--port", port)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert port in line
    assert "port" in line
