"""Cost estimates, and budgets that are checked before anything is spent."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.addresses import HOSTED_URL
from findall_frames.api.models import FindAllEnrichInput, JsonSchema
from findall_frames.running.pricing import price_of
from tests.support.scripted import AT, RUN_ID, SCHEMA, ScriptedServer, answer, find, result


def search(**options: Any) -> ff.Search:
    """Make a search with the options of a test."""
    return ff.Search("Find shops", entity_type="shops", match_conditions=["is old"], **options)


@pytest.mark.parametrize(
    ("generator", "limit", "enrichments", "ceiling"),
    [
        ("preview", 10, None, 0.10),
        ("base", 10, None, 0.55),
        ("core", 10, None, 3.50),
        ("pro", 1000, None, 1010.0),
        ("core", 50, {"ceo": "Name"}, 10.75),
    ],
)
def test_the_ceiling_is_the_fixed_price_plus_the_price_of_all_matches(
    generator: str, limit: int, enrichments: dict[str, str] | None, ceiling: float
) -> None:
    """The prices are those published."""
    options = {"generator": generator, "match_limit": limit, "enrichments": enrichments}
    assert ff.estimate_cost(search(**options)).ceiling == ceiling


def test_each_enrichment_has_the_price_of_its_processor() -> None:
    """A processor without a published price is refused."""

    def enriched(*processors: str) -> ff.Search:
        return search(
            enrichments=[
                FindAllEnrichInput(JsonSchema({"properties": {f"p{n}": {}}}), processor=processor)
                for n, processor in enumerate(processors)
            ]
        )

    assert ff.estimate_cost(enriched("lite", "ultra8x")).enrichments_per_match == 2.405
    for name in ("lite", "core2x", "ultra8x"):
        fast, plain = ff.estimate_cost(enriched(f"{name}-fast")), ff.estimate_cost(enriched(name))
        assert fast == plain
    for odd in ("warp-fast", "-fast", "core-fast-fast"):
        with pytest.raises(ff.errors.InvalidRequestError, match="no published price"):
            ff.estimate_cost(enriched(odd))
    message = r"'warp' of the enrichment p0.*lite, base"
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        ff.estimate_cost(enriched("warp"))


def test_only_the_hosted_service_has_prices() -> None:
    """The cost of a run grows with its matches up to the ceiling."""
    schema = search().to_schema()
    assert price_of(schema, service="http://127.0.0.1:1") is None
    hosted = price_of(schema, service=HOSTED_URL)
    assert hosted is not None
    assert (hosted.after(0), hosted.after(4), hosted.ceiling) == (2.0, 2.6, 3.5)


def test_a_search_over_its_budget_is_not_sent(server: ScriptedServer, client: ff.Client) -> None:
    """The error has the highest possible cost and the budget; a budget of that cost is enough."""
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$2\.75.*budget is \$2\.50"):
        find(client, budget=2.5)
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$0\.10"):
        ff.preview("Find tile makers", budget=0.05, client=client, progress=False)
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$3\.50"):
        ff.start(search(), budget=3, client=client)
    for invalid in ("5", -1, True, float("nan")):
        with pytest.raises(ff.errors.InvalidRequestError, match="amount in US dollars"):
            find(client, budget=invalid)
    assert server.requests == []
    assert len(find(client, budget=2.75).matches) == 3
    assert ff.start(search(), budget=3.5, client=client).findall_id == RUN_ID
    for number in (np.int64(2), np.float32(2), Fraction(2)):
        with pytest.raises(ff.errors.BudgetError, match=r"budget is \$2\.00"):
            find(client, budget=number)


def test_drafted_enrichments_count_towards_the_budget(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The search is drafted, which is free, but not started."""
    schema = {"json_schema": {"type": "object", "properties": {"ceo": {"type": "string"}}}}
    server.on("POST", "/ingest", answer(SCHEMA | {"enrichments": [{"output_schema": schema}]}))
    with pytest.raises(ff.errors.BudgetError):
        ff.find_all("Find tile makers", client=client, progress=False, budget=3.5)
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["ingest"]


def test_a_run_is_not_continued_over_its_budget(server: ScriptedServer, client: ff.Client) -> None:
    """Extending, enriching and refreshing only read the run before the budget is checked."""
    with pytest.raises(ff.errors.BudgetError, match=r"not extended.*at most \$0\.60: .*for fewer"):
        ff.extend(RUN_ID, 4, budget=0.5, client=client, progress=False)
    with pytest.raises(ff.errors.BudgetError, match=r"not enriched.*at most \$0\.0[78]"):
        ff.enrich(RUN_ID, {"ceo": "Name of the CEO"}, budget=0.05, client=client, progress=False)
    with pytest.raises(ff.errors.BudgetError, match="not started"):
        ff.refresh(ff.flatten(result(2)), budget=2, client=client, progress=False)
    assert {(request.method, request.path) for request in server.requests} <= {
        ("GET", f"/v1beta/findall{AT}{part}") for part in ("", "/schema")
    }


def test_own_data_fits_any_budget() -> None:
    """It costs nothing, whatever the generator and the limit."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    with ff.local(cities) as client:
        options: dict[str, Any] = {"budget": 0, "client": client, "progress": False}
        frames = ff.find_all("cities in Italy", generator="pro", match_limit=5000, **options)
        assert len(frames.matches) == 1
        ff.enrich(frames, {"country": "The country"}, **options)
        assert len(ff.refresh(frames, **options).matches) == 1
        assert len(ff.preview("cities in Italy", **options).candidates) == 2
