"""The arguments that the verbs share: which run, which service, which data, how long, how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from tests.support.scripted import RUN_ID, ScriptedServer, answer, result, run_object

CITIES = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
QUESTION = "Find cities in Italy"
SEARCH: dict[str, Any] = {
    "entity_type": "cities",
    "match_conditions": {"in_italy": "country = 'Italy'"},
}
NAMED = {
    "an id": lambda run, frames: run.findall_id,
    "a Run": lambda run, frames: run,
    "frames": lambda run, frames: frames,
}


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
def test_every_verb_takes_an_id_a_run_or_frames(named: Callable[..., Any]) -> None:
    """And means the same run by them."""
    sizes = pd.DataFrame({"name": [f"N{n}" for n in range(20)], "size": range(20)})
    with ff.local(sizes) as client:
        search = ff.Search(
            "Sizes", entity_type="things", match_conditions=["size >= 1"], match_limit=5
        )
        run = ff.start(search, client=client)
        frames = run.wait(progress=False)
        meant = named(run, frames)
        options: dict[str, Any] = {"client": client, "progress": False}
        assert ff.resume(meant, **options).findall_id == run.findall_id
        assert len(ff.extend(meant, 2, **options).matches) == 7
        assert "size" in ff.enrich(meant, {"size": "The size"}, **options).matches
        refreshed = ff.refresh(meant, **options)
        assert refreshed.findall_ids[0] == run.findall_id
        assert ff.cancel(meant, client=client).status.status == "completed"


def test_a_run_knows_its_service() -> None:
    """Its client need not be passed again."""
    with ff.local(CITIES) as client:
        run = ff.start(ff.Search(QUESTION, **SEARCH), client=client)
        assert ff.resume(run, progress=False).matches["name"].tolist() == ["Rome"]
        assert ff.cancel(run).findall_id == run.findall_id
        with pytest.warns(ff.FindAllWarning, match="No row but the 1 excluded"):
            assert len(ff.refresh(run, progress=False).findall_ids) == 2


def test_data_is_short_for_a_local_service() -> None:
    """In every verb that begins a search."""
    options: dict[str, Any] = {"data": CITIES, "progress": False}
    frames = ff.find_all(QUESTION, **options)
    assert frames.matches["name"].tolist() == ["Rome"]
    assert len(ff.preview(QUESTION, match_limit=5, **options).candidates) == 2
    search = ff.draft(QUESTION, **options)
    assert list(search.match_conditions.values()) == ["in Italy"]
    assert ff.explain(search, **options)["true"].tolist() == [1]
    assert ff.explain(QUESTION, **options)["true"].tolist() == [1]
    more = pd.concat([CITIES, pd.DataFrame({"name": ["Bari"], "country": ["Italy"]})])
    both = ff.refresh(frames, data=more, progress=False)
    assert both.matches["name"].tolist() == ["Rome", "Bari"]


def test_an_interrupted_search_of_data_says_that_its_run_is_gone() -> None:
    """Its service has ended with the call, and the note says how to be able to continue."""

    def interrupt(update: ff.Update) -> None:
        if update.findall_id:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        ff.find_all(QUESTION, data=CITIES, progress=interrupt)
    assert any("store='runs.sqlite3'" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client": CITIES}, "not a DataFrame.*pass it as data="),
        ({"client": "packages"}, "not a str.*pass it as data="),
        ({"client": ff.Client(base_url="http://127.0.0.1:1"), "data": CITIES}, "Pass one of them"),
    ],
    ids=["a table as client", "a word as client", "both"],
)
@pytest.mark.parametrize("verb", [ff.find_all, ff.preview, ff.draft, ff.explain])
def test_a_client_that_is_none_is_refused(
    verb: Callable[..., object], options: dict[str, Any], message: str
) -> None:
    """The error names the argument for own data."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        verb(QUESTION, **options)


@pytest.mark.parametrize("limit", [10, 30, None])
def test_what_a_search_has_itself_cannot_be_passed_beside_it(limit: int | None) -> None:
    """Not even an equal value, or None: which one was meant would be a guess."""
    search = ff.Search(QUESTION, **SEARCH, match_limit=30)
    with pytest.raises(
        ff.errors.InvalidRequestError, match=rf"match_limit={limit} was passed as well"
    ):
        ff.find_all(search, match_limit=limit, data=CITIES)
    with pytest.raises(ff.errors.InvalidRequestError, match="has its own exclude"):
        ff.preview(search, exclude=[], data=CITIES)


def test_a_preview_takes_its_own_limit_from_a_search_of_any() -> None:
    """The limit of the search counts matches; that of a preview counts candidates."""
    search = ff.Search(QUESTION, **SEARCH, match_limit=30, enrichments={"mayor": "The mayor"})
    assert len(ff.preview(search, match_limit=5, data=CITIES, progress=False).candidates) == 2


def test_preview_and_start_keep_to_a_budget(server: ScriptedServer, client: ff.Client) -> None:
    """Nothing is sent for a search that could cost more."""
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$0\.10"):
        ff.preview("Find tile makers", budget=0.05, client=client, progress=False)
    search = ff.Search(
        "Find tile makers", entity_type="companies", match_conditions=["Company must make tiles"]
    )
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$3\.50"):
        ff.start(search, budget=3, client=client)
    assert server.requests == []
    assert ff.start(search, budget=3.5, client=client).findall_id == RUN_ID


def test_own_data_fits_any_budget() -> None:
    """It costs nothing, also where the search asks for more than any price list has."""
    with ff.local(CITIES) as client:
        options: dict[str, Any] = {"budget": 0, "client": client, "progress": False}
        frames = ff.find_all(QUESTION, generator="pro", match_limit=5000, **options)
        assert len(frames.matches) == 1
        ff.enrich(frames, {"country": "The country"}, **options)
        with pytest.warns(ff.FindAllWarning, match="No row but the 1 excluded"):
            assert len(ff.refresh(frames, **options).findall_ids) == 2
        assert len(ff.preview(QUESTION, **options).candidates) == 2


def test_a_timeout_is_seconds_everywhere(server: ScriptedServer, client: ff.Client) -> None:
    """With no time left nothing is sent."""
    server.on("GET", f"/runs/{RUN_ID}/result", answer(result(2)))
    run = ff.Run(RUN_ID, client=client)
    assert len(run.frames(timeout=5)) == 2
    server.requests.clear()
    calls: list[Callable[[], object]] = [
        lambda: run.frames(timeout=0),
        lambda: run.status(timeout=0),
        lambda: run.cancel(timeout=0),
        lambda: run.extend(5, timeout=0),
        lambda: run.enrich({"ceo": "Name"}, timeout=0),
        lambda: ff.cancel(run, timeout=0),
    ]
    for call in calls:
        with pytest.raises(ff.RunTimeout, match=r"ff\.resume"):
            call()
    assert server.requests == []


def test_a_draft_that_is_to_come_is_not_sent(server: ScriptedServer, client: ff.Client) -> None:
    """What is run has the drafted conditions and the given options, and nothing made up."""
    server.on("POST", "/ingest", answer(run_object("unused")))
    server.on(
        "POST",
        "/ingest",
        answer(
            {
                "objective": "Find tile makers",
                "entity_type": "companies",
                "match_conditions": [{"name": "tiles", "description": "Company makes tiles"}],
            }
        ),
    )
    ff.find_all("Find tile makers", entity_type="firms", client=client, progress=False)
    (sent,) = [request.content for request in server.sent("POST", "/runs")]
    assert sent["entity_type"] == "firms"
    assert sent["match_conditions"] == [{"name": "tiles", "description": "Company makes tiles"}]
    assert (sent["generator"], sent["match_limit"]) == ("core", 10)
