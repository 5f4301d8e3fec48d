"""Results as HTML and in a terminal: complete, fitting, and harmless whatever the data says."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

import findall_frames as ff
from findall_frames.display.html import link
from findall_frames.display.matches import (
    Tables,
    condition_counts,
    funnel,
    matched_rows,
    result_record,
)
from findall_frames.display.terminal import matches_view
from findall_frames.display.text import excerpt_around, web_address
from findall_frames.frames.flatten import flatten
from findall_frames.frames.rebuild import rebuild
from tests.support.hostile import HOSTILE, Anatomy, assert_harmless
from tests.support.results import SEARCH
from tests.support.scripted import KEY, RUN_ID, ScriptedServer, answer, run_object
from tests.support.shown import candidate, field, hostile_candidate, tables

TAGS = {
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("div", "p", "b", "span", "a", "code", "br", "wbr"),
}


def packages(count: int) -> Tables:
    """Return a result of matches with two short fields each."""
    return tables(
        *(
            candidate(
                n,
                name=f"package-{n}",
                apache_license_check=field("Apache-2.0"),
                requires_python_check=field(">=3.10"),
            )
            for n in range(count)
        )
    )


def printed(data: Tables, *, width: int = 80, encoding: str = "utf-8", **more: Any) -> list[str]:
    """Print the view to a file of that encoding and return its lines."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="\n")
    console = Console(file=file, width=width, highlight=False, **more)
    console.print(matches_view(data, console=console, rest_is_in="matches"))
    file.flush()
    return raw.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("width", [64, 80, 120, 200])
def test_short_verdicts_stand_in_columns_that_fit_the_terminal(width: int) -> None:
    """One line for each match, with tick and excerpt for each condition, at any usual width."""
    lines = printed(packages(3), width=width)
    assert lines[0] == "3 matches among 3 candidates; completed: no candidates are left"
    assert max(len(line) for line in lines) <= width
    (row,) = (line for line in lines if line.startswith("package-1"))
    assert row.split() == ["package-1", "✓", "Apache-2.0", "✓", ">=3.10"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_long_excerpts_get_a_line_each(width: int) -> None:
    """What does not fit a column is shown line by line, cut around the value it is cited for."""
    prose = (
        "It was founded long ago. " * 8 + "Its licence is Apache-2.0 since then. " + "More. " * 30
    )
    data = tables(candidate(1, name="requests", licence=field("Apache-2.0", excerpt=prose)))
    lines = printed(data, width=width)
    assert max(len(line) for line in lines) <= width
    (line,) = (line for line in lines if "licence " in line)
    assert line.startswith("   ✓ licence")
    assert "Apache-2.0" in line
    assert "…" in line


def test_a_long_table_says_how_many_matches_are_left_out() -> None:
    """Fifteen rows fill a screen; the rest are counted, with a word on where they are."""
    lines = printed(packages(1027))
    assert sum(line.startswith("package-") for line in lines) == 15
    assert "… and 1,012 more in matches" in lines


def test_without_matches_each_condition_says_how_many_meet_it() -> None:
    """An empty result shows which condition is the hard one."""
    data = tables(
        candidate(1, name="a", status="unmatched", x=field("1"), y=field("2", is_matched=False)),
        candidate(2, name="b", status="unmatched", x=field("1"), y=field("2", is_matched=False)),
    )
    assert condition_counts(data["fields"]) == [("x", 2, 2), ("y", 0, 2)]
    assert printed(data) == [
        "0 matches among 2 candidates; completed: no candidates are left",
        "No candidate matched. The conditions one by one:",
        "  x: met by 2 of 2 candidates",
        "  y: met by 0 of 2 candidates",
    ]


def test_without_candidates_the_views_say_so() -> None:
    """An empty result is a sentence, not an empty table."""
    assert printed(tables())[-1] == "No verdict is known."


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_terminal_without_ticks_gets_words(encoding: str) -> None:
    """Nothing is written that the encoding lacks, and the columns stay aligned."""
    data = tables(
        *(candidate(n, name=name, c=field("Tōkyō")) for n, name in enumerate(("東京", "Oslo")))
    )
    lines = printed(data, encoding=encoding)
    cells = [line for line in lines if " yes " in line]
    assert len(cells) == 2
    assert cells[0].startswith("?? ")
    assert cells[0].index("yes") == cells[1].index("yes")


def test_a_terminal_without_the_letters_of_a_condition_shows_why_nothing_matched() -> None:
    """Conditions and reasons are written with question marks instead of raising an error."""
    one = candidate(1, name="a", status="unmatched", größe=field("1", is_matched=False))
    lines = printed(tables(one, reason="größte"), encoding="ascii")
    assert lines[0] == "0 matches among 1 candidate; completed: gr??te"
    assert lines[-1] == "  gr??e: met by 0 of 1 candidate"


def test_low_confidence_is_marked_and_explained_in_a_terminal() -> None:
    """High confidence is not marked."""
    output, basis = field("maybe")
    data = tables(candidate(1, name="a", c=(output, {**basis, "confidence": "low"})))
    lines = printed(data)
    assert any("✓? maybe" in line for line in lines)
    assert lines[-1] == "? means low confidence"


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets no escape sequences, a terminal does, and NO_COLOR is respected."""
    assert "\x1b" not in "".join(printed(packages(1)))
    terminal = {"force_terminal": True, "color_system": "standard"}
    assert "\x1b[32m" in "".join(printed(packages(1), **terminal))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in "".join(printed(packages(1), **terminal))


def test_the_best_excerpt_is_the_shortest_that_contains_the_value() -> None:
    """An excerpt that states the value beats an earlier one that does not."""
    output, basis = field("Oslo")
    basis["citations"] = [
        {"url": "https://a.example/", "excerpts": ["", "Norway is in Europe."]},
        {
            "url": "https://b.example/",
            "excerpts": ["The capital is Oslo, and so on.", "It is OSLO."],
        },
    ]
    (row,) = matched_rows(tables(candidate(1, name="Norway", capital=(output, basis))))
    excerpt, source = row.cells["capital"].best_excerpt or ("", None)
    assert excerpt == "It is OSLO."
    assert source is not None
    assert source.url == "https://b.example/"


def test_the_funnel_narrows_from_generated_to_matched() -> None:
    """Candidates that a service generated and did not send count as well."""
    body = rebuild(
        tables(
            candidate(1, name="a"),
            candidate(2, name="b", status="unmatched"),
            candidate(3, name="c", status="generated"),
        ),
        findall_id="findall_1",
    )
    body["run"]["status"]["metrics"]["generated_candidates_count"] = 4000
    data = flatten(body).tables
    assert funnel(data) == [("generated", 4000), ("evaluated", 2), ("matched", 1)]


def test_a_search_shows_what_it_will_look_for() -> None:
    """Each condition and enrichment has its description; secrets of the service are left out."""
    search = ff.Search(
        "Find makers of tiles",
        entity_type="companies",
        match_conditions={"clay_check": "Company must make tiles of clay"},
        enrichments={"ceo_name": "Name of the CEO"},
        exclude=[{"name": "Kilnworks", "url": "https://kilnworks.example/"}],
        metadata={"team": "roofs"},
        webhook={"url": "https://hooks.example/secret-token", "event_types": []},
    )
    html = search._repr_html_()
    words = " ".join(" ".join(Anatomy(html).words).split())
    assert "companies, generator core, 1 excluded" in words
    assert "clay_check Company must make tiles of clay" in words
    assert "ceo_name Name of the CEO" in words
    assert html.count('scope="row"') == 2
    assert "secret" not in html + repr(search)
    search.match_conditions["odd"] = 5  # type: ignore[assignment]
    assert "odd" in search._repr_html_()


def test_a_run_shows_its_status_and_how_to_resume_it() -> None:
    """It shows id, service and the call that resumes it, and never the key."""
    client = ff.Client(api_key=KEY, base_url="http://127.0.0.1:9")
    run = ff.Run("findall_1", client=client, schema=SEARCH)
    words = " ".join(Anatomy(run._repr_html_()).words)
    assert "Find all makers of clay tiles" in words
    assert "status not fetched yet" in words
    assert 'ff.resume("findall_1", client=ff.Client(base_url="http://127.0.0.1:9"))' in words
    assert repr(run) == "Run('findall_1', status not fetched yet, http://127.0.0.1:9)"
    assert KEY not in run._repr_html_() + repr(run)


def test_a_run_shows_the_counts_that_were_fetched_last(
    server: ScriptedServer, client: ff.Client
) -> None:
    """They are in the text form and in the HTML."""
    run = ff.Run(RUN_ID, client=client)
    server.on("GET", f"/runs/{RUN_ID}", answer(run_object("running", matched=3, generated=40)))
    run.status()
    assert "running, 3 matches among 40 candidates" in repr(run)
    assert "running, 3 matches among 40 candidates" in run._repr_html_()


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\0" not in text])
def test_hostile_text_stays_text_in_searches_and_runs(text: str) -> None:
    """What a service drafted or answered is escaped in HTML and on one line in text."""
    search = ff.Search(
        text,
        entity_type=text,
        match_conditions={text: text},
        enrichments={"a": text},
    )
    client = ff.Client(api_key=KEY, base_url="http://127.0.0.1:9")
    run = ff.Run(text, client=client, schema=search.to_schema())
    for html in (search._repr_html_(), run._repr_html_()):
        assert_harmless(html, tags=TAGS)
    assert len(repr(search).splitlines()) == 4
    assert all(line.isprintable() for line in (*repr(search).splitlines(), repr(run)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_the_evidence_of_a_candidate(text: str) -> None:
    """The text form has no character that a terminal would obey."""
    frames = flatten(rebuild(tables(hostile_candidate(text)), findall_id="findall_1"))
    assert all(line.isprintable() for line in repr(frames.evidence("c1")).splitlines())
    assert all(line.isprintable() for line in repr(frames).splitlines())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_a_terminal(text: str) -> None:
    """No control character, no markup and no overlong line reaches the terminal."""
    lines = printed(tables(hostile_candidate(text), reason=text))
    for line in lines:
        assert line.isprintable()
    assert "[bold]" in "\n".join(lines) or "[bold]" not in text


def test_only_web_addresses_become_links() -> None:
    """A link needs http or https, a host, and no character that hides another."""
    linked = [text for text in HOSTILE if web_address(text) is not None]
    assert linked == [
        "https://example.org/><script>alert(1)</script>",
    ]
    assert link(linked[0], "x").count("<") == 2
    assert web_address("HTTPS://example.org") == "HTTPS://example.org"
    assert web_address("example.org") is None
    assert web_address(None) is None


def test_a_record_holds_every_match_with_its_evidence() -> None:
    """Other programs get JSON values, reasons and whole citations of the matches only."""
    one = candidate(1, name="Norway", population=field("5600000"))
    one["output"]["population"]["value"] = 5600000
    one["output"]["languages"] = {"value": ["Bokmål", "Nynorsk"], "type": "enrichment"}
    two = candidate(2, name="Atlantis", status="unmatched")
    record = json.loads(json.dumps(result_record(tables(one, two))))
    assert record["run"]["findall_id"] == "findall_1"
    assert record["run"]["metadata"] == {"a": 1}
    (match,) = record["matches"]
    assert match["name"] == "Norway"
    assert match["fields"]["population"]["value"] == 5600000
    assert match["fields"]["population"]["citations"] == [
        {"title": "A source", "url": "https://source.example/", "excerpts": ["5600000"]}
    ]
    assert match["fields"]["languages"]["value"] == ["Bokmål", "Nynorsk"]


@pytest.mark.parametrize("limit", [5, 12, 20, 50])
def test_an_excerpt_is_cut_around_the_value(limit: int) -> None:
    """The value stays visible wherever it is, as long as there is room for it."""
    text = "".join(chr(ord("a") + n % 26) for n in range(100))
    for at in range(0, 97):
        value = text[at : at + 3]
        cut = excerpt_around(text, value, limit=limit)
        assert len(cut) <= limit
        assert value in cut
