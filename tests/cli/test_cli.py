"""The command line as a user runs it: in another process, with real streams and signals."""

from __future__ import annotations

import io
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.cli.output import plain_warnings
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service
from findall_frames.errors import FindAllWarning, warn
from findall_frames.running import following
from tests.support.chat_server import ChatServer, refusal
from tests.support.commands import call, call_here, posix_only, record_of, serving, started
from tests.support.local_models import EveryNth, numbers
from tests.support.results import candidate, result
from tests.support.run_farm import RunFarm
from tests.support.scripted import CONDITIONS, KEY

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
PYTHON = re.compile(r"\bff\.|\bclient=|\bdata=|\blake\.")
EVERY_3RD = (
    *("run", "Find entities", "--entity-type", "entities"),
    *("--condition", "nth: every 3rd", "--match-limit", "99"),
)


@pytest.fixture
def countries(tmp_path: Path) -> Path:
    """Write the table that most tests search."""
    path = tmp_path / "countries.csv"
    path.write_text(COUNTRIES, encoding="utf-8")
    return path


@pytest.fixture
def gated() -> Iterator[tuple[threading.Event, dict[str, str]]]:
    """Serve a hundred entities with a model that waits for an event after the first eight.

    Yields the event, and the environment in which the service is the default one.
    """
    gate = threading.Event()
    model = open_model(EveryNth(gate=gate, free=8))
    with Service(numbers(100), model=model) as service:
        try:
            yield gate, {"PARALLEL_BASE_URL": service.url}
        finally:
            gate.set()


# -- run ---------------------------------------------------------------------------------------


def test_run_prints_matches_with_evidence_and_writes_tables(
    countries: Path, tmp_path: Path
) -> None:
    """Matches go to stdout, progress to stderr, and tables to Parquet files."""
    out = tmp_path / "matches"
    done = call("run", QUESTION, "--local", countries, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("3 matches among ")
    populations = {"Germany": "83200000", "France": "68000000", "Italy": "59000000"}
    for name, population in populations.items():
        (row,) = (line for line in lines if line.startswith(name))
        assert "✓ Europe" in row
        assert f"✓ {population}" in row
    assert "Norway" not in done.stdout
    assert f"ff.read_parquet({str(out)!r})" in done.stdout
    listed = re.findall(r"^  (\w+)\.parquet +[\d,]+ rows?, ", done.stdout, re.MULTILINE)
    assert sorted(f"{name}.parquet" for name in listed) == sorted(
        each.name for each in out.iterdir()
    )
    assert set(ff.read_parquet(out).matches["name"]) == set(populations)
    start, end = done.stderr.splitlines()
    assert QUESTION in start
    assert "Complete in " in end


def test_json_is_all_that_is_printed_to_stdout(countries: Path, tmp_path: Path) -> None:
    """The folder of the tables is named on stderr."""
    out = tmp_path / "matches"
    record, err = record_of("run", QUESTION, "--local", countries, "--out", out)
    assert record["run"]["status"] == "completed"
    assert {match["name"] for match in record["matches"]} == {"Germany", "France", "Italy"}
    for match in record["matches"]:
        for field in match["fields"].values():
            assert field["is_matched"] is True
            assert field["citations"][0]["excerpts"]
    assert (out / "candidates.parquet").is_file()
    assert str(out) in err


def test_run_takes_conditions_and_enrichments(countries: Path) -> None:
    """Names are kept, and a condition without a name is numbered."""
    record, err = record_of(
        *("run", "Find countries", "--local", countries, "--entity-type", "countries"),
        *("--condition", "asian: Country must be in Asia"),
        *("--condition", "Country must have a population above 1 billion"),
        *("--enrich", "capital: The capital of the country", "--progress", "none"),
    )
    assert err == ""
    (match,) = record["matches"]
    assert match["name"] == "India"
    assert match["fields"]["capital"]["value"] == "New Delhi"
    assert set(match["fields"]) == {"asian", "condition_2", "capital"}


def test_zero_matches_are_a_success_with_counts_for_each_condition(countries: Path) -> None:
    """The counts show which condition excludes the most."""
    question = QUESTION.replace("50 million", "500 million")
    done = call("run", question, "--local", countries)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 matches among 8 candidates; completed: no candidates are left")
    counts = re.findall(r"met by (\d) of 8 candidates", done.stdout)
    assert sorted(counts) == ["1", "4"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_run_works_in_a_terminal_without_unicode(countries: Path, encoding: str) -> None:
    """Ticks become words, and JSON is escaped."""
    options: dict[str, Any] = {
        "env": {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
        "encoding": encoding,
    }
    question = ("run", "Find countries in Asia", "--local", countries)
    done = call(*question, **options)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Japan .*yes Asia", done.stdout, re.MULTILINE)
    record, _ = record_of(*question, "--enrich", "capital: The capital", **options)
    fields = {match["name"]: match["fields"] for match in record["matches"]}
    assert fields["Japan"]["capital"]["value"] == "東京"


def test_a_failed_run_prints_what_it_found_and_returns_one(tmp_path: Path) -> None:
    """The tables are written, and a line on stderr says that it failed."""
    out = tmp_path / "matches"
    with Service(numbers(100), model=open_model(EveryNth(fails_at=50))) as service:
        done = call(*EVERY_3RD, "--out", out, env={"PARALLEL_BASE_URL": service.url})
    assert done.returncode == 1
    assert "; failed: the service ran into an error" in done.stdout
    (warning,) = (line for line in done.stderr.splitlines() if line.startswith("findall-frames:"))
    assert "failed" in warning
    assert "Warning" not in warning
    kept = ff.read_parquet(out)
    assert kept.runs["status"].tolist() == ["failed"]
    assert kept.matches["name"].tolist()[:3] == ["entity 0", "entity 3", "entity 6"]


def test_a_model_is_taken_from_the_option_or_else_the_environment(countries: Path) -> None:
    """An error of its server is shown."""
    question = ("run", "Find nice countries", "--local", countries)
    with ChatServer() as server:
        server.answers(refusal(401, "Who are you?"))
        by_environment = call(*question, env={"FINDALL_FRAMES_MODEL": server.model})
        requests = len(server.questions())
        other = {"FINDALL_FRAMES_MODEL": "openai:nobody", "OPENAI_API_KEY": "k3y"}
        by_option = call(*question, "--model", server.model, env=other)
    assert requests == 1
    for done in (by_environment, by_option):
        assert done.returncode == 1
        assert "Who are you?" in done.stderr


def test_reuse_takes_the_result_of_an_equal_search_from_the_ledger(countries: Path) -> None:
    """The service may be gone."""
    with Service(open_corpus(countries)) as service:
        env = {"PARALLEL_BASE_URL": service.url}
        first, _ = record_of("run", QUESTION, env=env)
    again, _ = record_of("run", QUESTION, "--reuse", env=env)
    assert again["matches"] == first["matches"]


# -- report ------------------------------------------------------------------------------------


def test_report_writes_one_file_beside_the_tables(countries: Path, tmp_path: Path) -> None:
    """Or where --out says; Markdown goes to stdout."""
    tables = tmp_path / "europe.v1"
    assert call_here("run", QUESTION, "--local", countries, "--out", tables).returncode == 0
    done = call("report", tables)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Report in {tmp_path / 'europe.v1.html'}\n"
    assert QUESTION in (tmp_path / "europe.v1.html").read_text(encoding="utf-8")
    assert call_here("report", tables, "--out", tmp_path / "b" / "c.html").returncode == 0
    assert (tmp_path / "b" / "c.html").is_file()
    printed = call("report", tables, "--markdown")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith(f"# {QUESTION}\n")
    assert "Germany" in printed.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nowhere"], 1, "runs.parquet"),
        (["tables", "--out", "report.pdf"], 1, "ends in .html"),
        (["tables", "--out", "folder.html"], 1, "The report"),
        (["tables", "--markdown", "--out", "a.html"], 2, "without --out"),
    ],
)
def test_report_says_what_is_wrong(
    arguments: list[str], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written then."""
    monkeypatch.chdir(tmp_path)
    ff.flatten(result(candidate("Kilnworks"))).to_parquet("tables")
    (tmp_path / "folder.html").mkdir()
    done = call("report", *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.html", "tables"]


# -- errors and help ---------------------------------------------------------------------------


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
        (("run", "x", "--local", "packages", "--out", __file__), "is a file"),
        (("resume",), "Missing argument 'FINDALL_ID'"),
        (("extend", "findall_1", "0"), "0 is not in the range x>=1"),
        (("cancel",), "Missing argument 'FINDALL_ID'"),
        (("explain", "x", "--condition", "in Europe"), "--condition needs --entity-type"),
        (("export", "tables", "a.xlsx", "--decimal", ","), "apply to CSV files"),
        (("export", "tables", "a.xlsx", "--bi"), "OUT ends in .xlsx"),
        (("export", "tables", "a.parquet"), "OUT ends in .parquet"),
        (("estimate", "--match-limit", "2000"), "5 to 1000"),
        (("run", QUESTION, "--match-limit", "3"), "--match-limit: match_limit is 3"),
        (("run", QUESTION, "--local", "packages", "--match-limit", "3"), "on own data 5 or more"),
        (("compare", "tables"), "Missing argument 'NEW'"),
        (("runs", "--by", "week"), "'day', 'search'"),
        (("save", "lake", "name"), "Missing argument 'OBJECTIVE'"),
        (("refresh", "lake", "--budget", "-1"), "-1.0 is not in the range"),
        (("refresh", __file__), "is a file"),
        (("forget",), "FINDALL_ID of a run, or --older-than"),
        (("forget", "findall_1", "--older-than", "9"), "FINDALL_ID of a run, or --older-than"),
        (("forget", "--older-than", "-1"), "not in the range x>=0"),
        (("serve", "packages", "--port", "70000"), "70000 is not in the range"),
        (("serve", "packages", "--api-key-env", "NO_SUCH"), "NO_SUCH, which is not set"),
        (("find", "x"), "No such command 'find'"),
    ],
)
def test_wrong_usage_is_explained_and_returns_two(arguments: tuple[str, ...], words: str) -> None:
    """Nothing is searched."""
    done = call_here(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: findall-frames" in done.stderr
    assert "Completed" not in done.stderr
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", QUESTION), "PARALLEL_API_KEY"),
        (("run", QUESTION, "--budget", "3"), "at most $3.50"),
        (("run", QUESTION, "--local", "absent.csv"), "absent.csv"),
        (("run", "  ", "--local", "packages"), "objective"),
        (("run", QUESTION, "--local", "packages", "--model", "gpt"), "gpt"),
        (("serve", "packages", "--columns", "absent.toml"), "absent.toml"),
        (("resume", "findall_1"), "PARALLEL_API_KEY"),
        (("cancel", "findall_1"), "PARALLEL_API_KEY"),
        (("extend", "findall_1", "3"), "PARALLEL_API_KEY"),
        (("runs", "--remote"), "PARALLEL_API_KEY"),
        (("explain", QUESTION, "--local", "absent.csv"), "absent.csv"),
        (("export", "nowhere", "a.csv"), "runs.parquet"),
        (("compare", "nowhere", "anywhere"), "runs.parquet"),
        (("save", "a_lake", "Name", "x", "--entity-type", "x", "--condition", "c"), "lower-case"),
        (("save", str(Path(__file__).parent), "name", "x"), "is not a lake"),
        (("refresh", "a_lake"), "No search is saved"),
        (("refresh", "a_lake", "--search", "x"), "No search is saved as 'x'"),
        (("serve", "absent.csv"), "absent.csv"),
        (("serve", "absent*.csv"), "absent*.csv', and no file matches it"),
        (("serve", "packages", "--host", "0.0.0.0"), "Set an API key"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_returns_one(
    arguments: tuple[str, ...], words: str
) -> None:
    """There is no traceback."""
    done = call_here(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("findall-frames: ")
    assert words in line
    assert not PYTHON.search(line), "the advice is for the shell"


def test_an_error_about_a_run_elsewhere_says_what_to_do_in_the_shell(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is at a service that is not the default one; in Python, the call is advised."""
    made = ff.find_all(
        "Find tilers", match_conditions=CONDITIONS, entity_type="x", client=client, progress=False
    )
    monkeypatch.setenv("PARALLEL_API_KEY", KEY)
    for command in (("extend", made.findall_id, "3"), ("cancel", made.findall_id)):
        done = call_here(*command)
        assert done.returncode == 1
        assert f"Set PARALLEL_BASE_URL={client.base_url} while" in done.stderr
        assert not PYTHON.search(done.stderr)
    with pytest.raises(ff.errors.InvalidRequestError, match=r"Pass client=ff\.Client\("):
        ff.cancel(made.findall_id)
    assert len(farm.asked) == 1


def test_the_help_of_each_command_fits_and_has_an_example() -> None:
    """In 80 columns; the program lists the commands, each with a whole sentence."""
    shown = call_here("--help")
    assert shown.returncode == 0
    listed = re.findall(r"^  ([a-z]+)  +(.+)$", shown.stdout.split("Commands:")[1], re.MULTILINE)
    assert len(listed) == 14
    for name, sentence in listed:
        assert re.fullmatch(r"[A-Z].*[^.]\.", sentence), name
        done = call_here(name, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: findall-frames {name} ")
        assert f"findall-frames {name} " in done.stdout.split("xample", 1)[1], name
        assert max(map(len, done.stdout.splitlines())) <= 80, name


def test_forget_deletes_runs_from_the_ledger(countries: Path) -> None:
    """By id or by age; it says how many."""
    assert call_here("run", QUESTION, "--local", countries).returncode == 0
    (findall_id,) = ff.runs()["findall_id"]
    unknown = call_here("forget", "findall_other")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no run 'findall_other'" in unknown.stderr
    assert call("forget", findall_id).stdout == "Forgot 1 run.\n"
    assert len(ff.runs()) == 0
    assert call_here("run", QUESTION, "--local", countries).returncode == 0
    assert call_here("forget", "--older-than", "1").stdout == "Forgot 0 runs.\n"
    assert call_here("forget", "--older-than", "0").stdout == "Forgot 1 run.\n"


def test_the_version_is_that_of_the_package() -> None:
    """`--version` prints the name of the program and the version."""
    assert call("--version").stdout.strip() == f"findall-frames {ff.__version__}"


# -- runs that go on ---------------------------------------------------------------------------


def test_a_timeout_shows_what_was_found_and_how_to_resume(
    gated: tuple[threading.Event, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`resume` then prints the whole result."""
    gate, env = gated
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    # More than a fifth of the time for what was found, as this machine may be busy.
    monkeypatch.setattr(following, "_SNAPSHOT_SHARE", 0.9)
    done = call_here(*EVERY_3RD, "--timeout", "7")
    assert done.returncode == 1
    first, last = done.stdout.splitlines()[0], done.stderr.splitlines()[-1]
    assert first.startswith("3 matches among ")
    assert "; running" in first
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


def interrupted(*arguments: str | Path, env: dict[str, str] | None = None) -> list[str]:
    """Press Ctrl-C after the first line of progress; return the lines on stderr."""
    with started(*arguments, env=env) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    return [first.rstrip("\n"), *rest.splitlines()]


@posix_only
def test_an_interrupted_run_of_a_service_can_be_resumed(
    gated: tuple[threading.Event, dict[str, str]],
) -> None:
    """Ctrl-C ends the command only, and the last line says how to resume."""
    gate, env = gated
    lines = interrupted(*EVERY_3RD, env=env)
    found = re.search(
        r"Interrupted\. The run goes on\. Resume with findall-frames resume (\S+)$", lines[-1]
    )
    assert found is not None, lines
    assert not any("Traceback" in line for line in lines)
    gate.set()
    record, _ = record_of("resume", found[1], env=env)
    assert len(record["matches"]) == 34


@posix_only
def test_an_interrupted_local_run_has_ended(tmp_path: Path) -> None:
    """Its service ends with the command, so no line says how to resume."""
    path = tmp_path / "numbers.csv"
    rows = "".join(f"number {n},{n % 9}\n" for n in range(400_000))
    path.write_text("name,digit\n" + rows, encoding="utf-8")
    lines = interrupted("run", "Find numbers with a digit below 9", "--local", path)
    assert lines[-1] == "findall-frames: Interrupted. The local run has ended with this command."
    assert not any("esume with" in line for line in lines)


# -- serve -------------------------------------------------------------------------------------


@posix_only
def test_serve_answers_until_it_is_interrupted(countries: Path) -> None:
    """It prints how to reach it, and returns zero after Ctrl-C."""
    with serving(countries) as served:
        assert served.url in served.lines[0]
        explained = "\n".join(served.lines)
        assert f'ff.Client(base_url="{served.url}")' in explained
        assert "PARALLEL_BASE_URL" in explained
        done = call("run", QUESTION, env={"PARALLEL_BASE_URL": served.url})
        assert done.stdout.startswith("3 matches")
        out, err = served.stop(signal.SIGINT)
    assert out.strip() == "Stopped."
    assert err == ""


@posix_only
def test_serve_on_all_interfaces_requires_a_key(countries: Path, tmp_path: Path) -> None:
    """It prints a loopback address and the need for a proxy, and never the key.

    Its store is locked, each request is a line on stderr with --verbose, and SIGTERM stops it.
    """
    store = tmp_path / "runs.db"
    options = ("--host", "0.0.0.0", "--api-key-env", "SERVE_KEY", "--store", store, "--verbose")
    webhooks = ("--allow-webhooks-to", "127.0.0.1")
    with serving(countries, *options, *webhooks, env={"SERVE_KEY": "k3y"}) as served:
        assert f'base_url="{served.url}", api_key=os.environ["SERVE_KEY"]' in served.lines[1]
        assert served.lines[2].endswith(f"{served.url} and PARALLEL_API_KEY to the key")
        assert "use an HTTPS proxy" in served.lines[3]
        assert re.fullmatch(r"Webhooks are signed with whsec_\S{44}", served.lines[4])
        assert "k3y" not in "".join(served.lines)
        base = {"PARALLEL_BASE_URL": served.url}
        assert call("run", QUESTION, env={**base, "PARALLEL_API_KEY": "other"}).returncode == 1
        done = call("run", QUESTION, env={**base, "PARALLEL_API_KEY": "k3y"})
        assert done.stdout.startswith("3 matches")
        second = call("serve", countries, "--store", store)
        assert second.returncode == 1
        assert "in use by another service" in second.stderr
        _, err = served.stop(signal.SIGTERM)
    lines = err.splitlines()
    assert all(re.fullmatch(r"[A-Z]+ /\S* \d+, \d+ ms", line) for line in lines)
    assert lines[0].startswith("POST /v1beta/findall/ingest 401, ")
    assert any(line.startswith("POST /v1beta/findall/runs 200, ") for line in lines)
    assert "k3y" not in err


def test_serve_refuses_a_port_in_use(countries: Path) -> None:
    """The message names the port."""
    with Service(open_corpus(countries)) as service:
        port = service.url.rsplit(":", 1)[1]
        done = call("serve", countries, "--port", port)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert port in line
    assert "port" in line


def test_in_a_terminal_warnings_are_wrapped_between_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each on lines of its own; a log has the whole message on one line."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            """Say that it is one."""
            return True

    monkeypatch.setenv("COLUMNS", "60")
    for file in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", file)
        with plain_warnings():
            warn(f"Of the service:\n{'one two ' * 9}\nthree", FindAllWarning)
        lines = file.getvalue().splitlines()
        if file.isatty():
            assert [line.split()[0] for line in lines] == ["findall-frames:", "one", "one", "three"]
            assert max(map(len, lines)) <= 60
        else:
            assert len(lines) == 1
        assert " ".join(file.getvalue().split()).endswith("one two three")
