"""The README: its blocks run, its tables are correct, and its links resolve."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import warnings
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.frames.schema import markdown
from tests.support.chat_server import ChatServer, completion, said_in
from tests.support.commands import call, serving
from tests.support.scripted import Reply, Request

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# What differs from run to run.
VARYING = [
    (r"findall_[0-9a-f]{32}", "findall_ID"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"of [\d,]+ candidates", "of SOME candidates"),
    (r"is (queued|running)", "is STATUS"),
    # On a busy machine the time left may be too short to fetch them.
    (r"What it has found so far is in the exception's \.frames\. ", ""),
]
COUNTRIES = """\
country,continent,pop
France,Europe,68000000
Italy,Europe,59000000
Norway,Europe,5500000
Kenya,Africa,55000000
"""
COMPANIES = """\
name,industry,series_a,headquarters
Tilework,AI,2024,Berlin
Kilnhouse,AI,2021,Oslo
Slatery,Roofing,2024,Rome
"""
# The table over which every form of the plain language is read.
BICYCLES: list[dict[str, Any]] = [
    {
        "bicycle": "Alba", "weight_kg": 12.5, "price_eur": 640.0, "gears": 7, "pop": 67_000_000,
        "frame_material": "steel", "maker": "Moreau", "continent": "Europe",
        "license": "Apache-2.0", "wine": "Barolo", "regions": ["Piemonte"], "country": "Norway",
        "is_electric": False, "sex": "female", "first_charted": date(1802, 3, 28),
        "vintage": 2011, "requires_python": ">=3.10",
    },
    {
        "bicycle": "Brio", "weight_kg": 7.2, "price_eur": 3900.0, "gears": 22, "pop": 5_500_000,
        "frame_material": "carbon", "maker": "Okafor", "continent": "Asia",
        "license": "Apache Software License", "wine": "Malbec", "regions": ["Cahors", "Mendoza"],
        "country": "Japan", "is_electric": True, "sex": None,
        "first_charted": date(1804, 9, 1), "vintage": 2009, "requires_python": ">=3.9",
    },
    {
        "bicycle": "Cargo", "weight_kg": 31.0, "price_eur": 2100.0, "gears": 9,
        "pop": 52_000_000, "frame_material": "steel", "maker": "Lindqvist",
        "continent": "Africa", "license": "MIT", "wine": "Rioja", "regions": ["Rioja"],
        "country": "Kenya", "is_electric": None, "sex": "male",
        "first_charted": date(1802, 3, 5), "vintage": 2015, "requires_python": ">=3.12,<4",
    },
]  # fmt: skip
# The matches of each form, in the order of the README.
CHOSEN = {
    "weight over 10 kg": "Alba Cargo",
    "continent is Europe or Asia": "Alba Brio",
    "license contains apache": "Alba Brio",
    "region is Cahors": "Brio",
    "Apache license": "Alba Brio",
    "in Norway": "Alba",
    "not electric": "Alba",
    "sex is missing": "Brio",
    "first charted between 1 and 20 March 1802": "Cargo",
    "requires Python 3.10 or later": "Alba Cargo",
    "top 2 by price": "Brio Cargo",
    "(steel or carbon) and 9 gears": "Cargo",
}
# A large language model's answers to the prompts of the README's search for hotels.
RECORDED: dict[str, Any] = {
    "criteria": {
        "entity_type": "hotels",
        "criteria": [
            {
                "name": "quiet",
                "description": "The hotel is quiet.",
                "status": "ask",
                "ask": "Does the review say that it is quiet at the hotel?",
                "keywords": ["quiet", "silent", "calm", "peaceful", "noise", "loud", "sleep"],
                "assumptions": ["Whether a hotel is quiet is judged by its review."],
                "confidence": "medium",
            },
            {
                "name": "under_100_euros",
                "description": "The price is under 100 euros.",
                "status": "sql",
                "sql": '"price" < 100',
                "assumptions": ['"price" is in euros.'],
                "confidence": "high",
            },
        ],
        "enrichments": {},
    },
    "answers": {
        "answers": [
            {
                "row": 0,
                "field": "quiet",
                "reason": "The review says that it is loud until three.",
                "excerpts": ["Loud until three."],
                "value": "loud",
                "verdict": False,
            },
            {
                "row": 1,
                "field": "quiet",
                "reason": "The nights are said to be silent.",
                "excerpts": ["silent nights"],
                "value": "silent nights",
                "verdict": True,
            },
        ]
    },
}


def hosted(messages: list[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
    """Stand in for the hosted service's drafting of the first search."""
    ai = {"description": "Company must develop AI", "sql": "industry = 'AI'"}
    funded = {"description": "Company must have raised Series A in 2024", "sql": "series_a = 2024"}
    criteria = {"ai_check": ai, "series_a_check": funded}
    drafted = [{"name": name, "status": "sql", **each} for name, each in criteria.items()]
    return json.dumps({"entity_type": "companies", "criteria": drafted, "enrichments": {}})


def recorded(request: Request) -> Reply:
    """Reply with the recorded answer to a request."""
    return completion(
        json.dumps(RECORDED["answers" if "<rows>" in said_in(request) else "criteria"])
    )


def plain(text: str) -> str:
    """Replace what differs from run to run."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return " ".join(text.split())


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change to a folder with tables, with stand-ins for the hosted service and a model."""
    (tmp_path / "countries.csv").write_text(COUNTRIES, encoding="utf-8")
    (tmp_path / "companies.csv").write_text(COMPANIES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with ff.local("companies.csv", model=hosted) as companies, ChatServer() as models:
        models.answers(recorded)
        monkeypatch.setenv("PARALLEL_BASE_URL", companies.base_url)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{models.url}/v1")
        yield tmp_path


def test_every_python_block_prints_the_output_below_it(surroundings: Path) -> None:
    """The blocks run in one session, in order."""
    session: dict[str, Any] = {}
    ran = 0
    for (kind, code), (next_kind, shown) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", ff.FindAllWarning)  # shown on stderr only
            exec(compile(code, "README.md", "exec"), session)
        expected = shown if next_kind == "text" else ""
        assert plain(printed.getvalue()) == plain(expected), code
        ran += 1
    assert ran >= 7


def forms() -> dict[str, str]:
    """Return the README's table of the plain language: the reading of each form."""
    table = README[README.index("| you write |") :].partition("\n\n")[0]
    rows = [re.split(r"(?<!\\)\|", line) for line in table.splitlines()[2:]]
    return {
        row[1].split("`")[1]: row[2].replace("`", "").replace("\\|", "|").strip() for row in rows
    }


def test_all_forms_in_the_table_are_checked() -> None:
    """Each has its matches in CHOSEN."""
    assert list(forms()) == list(CHOSEN)


@pytest.fixture(scope="module")
def bicycles() -> Iterator[ff.Client]:
    """Search the table for all forms, with the data dictionary that one of them needs."""
    with ff.local(BICYCLES, columns={"pop": "people"}) as client:
        yield client


@pytest.mark.parametrize("form", CHOSEN)
@pytest.mark.filterwarnings("ignore::findall_frames.FindAllWarning")
def test_each_form_is_read_as_the_table_shows(form: str, bicycles: ff.Client) -> None:
    """The reading equals the table's, apart from an ellipsis, and has the right matches."""
    search = ff.Search("q", entity_type="bicycles", match_conditions={"form": form})
    (reading,) = bicycles.explain(search.to_schema(own_data=True).match_conditions)
    shown = forms()[form]
    if "…" in shown:
        parts = shown.partition(", number")[0].split("…")
        assert re.fullmatch(".*".join(map(re.escape, parts)), reading.describe(), re.DOTALL)
    else:
        assert reading.describe() == shown
    frames = ff.find_all(search, client=bicycles, progress=False)
    assert " ".join(sorted(frames.matches["name"])) == CHOSEN[form]


def commands() -> list[str]:
    """Return the lines of the shell blocks that run `findall-frames`."""
    lines = [line for kind, code in BLOCKS if kind == "bash" for line in code.splitlines()]
    return [line.rpartition("&& ")[2] for line in lines if "findall-frames " in line]


def test_the_shell_lines_run_in_order(surroundings: Path) -> None:
    """A service that a line starts drafts a search, and is stopped again."""
    lines = commands()
    assert len(lines) >= 5
    for line in lines:
        _, command, *arguments = shlex.split(line)
        if command != "serve":
            done = call(command, *arguments)
            assert done.returncode == 0, done.stderr
            continue
        arguments[arguments.index("--port") + 1] = "0"
        with serving(*arguments) as served, ff.Client(api_key="", base_url=served.url) as client:
            assert client.ingest("Find countries in Europe").match_conditions
    assert (surroundings / "europe.html").exists()


def test_one_command_runs_a_search_and_another_the_tests() -> None:
    """Each includes the installation."""
    shell = [code.strip() for kind, code in BLOCKS if kind == "bash"]
    assert shell[0].startswith("pip install -e . && findall-frames run ")
    (tests,) = (code for code in shell if "pytest" in code)
    assert tests == 'pip install -e ".[test]" && pytest -n 2'


def test_the_page_of_columns_is_up_to_date() -> None:
    """It is the output of `findall_frames.frames.schema.markdown`."""
    assert (ROOT / "notebooks" / "tables.md").read_text(encoding="utf-8").endswith(markdown())


def test_the_readme_is_short_and_its_links_resolve() -> None:
    """Every notebook is linked."""
    assert len(README.splitlines()) <= 250
    linked = re.findall(r"\]\((notebooks/[^)]+)\)", README)
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= {
        Path(link).name for link in linked
    }
    for link in linked:
        assert (ROOT / link).exists(), link


def test_the_first_sixty_lines_show_installation_search_output_and_tables() -> None:
    """A newcomer sees them without scrolling far."""
    first = "\n".join(README.splitlines()[:60])
    for part in ("pip install -e .", "ff.find_all(", "`frames.citations`", "matches among"):
        assert part in first
