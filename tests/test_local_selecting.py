"""What columns decide comes first, is found however small the pool is, and can end a run."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from local_bench import bench, names

from findall_frames.api.models import ExcludeCandidate, FindAllRunInput, MatchCondition
from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.finding import Verdict
from findall_frames.embedded.language.lexicon import default_lexicon
from findall_frames.embedded.reading.reading import Reader
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store

SIZE = 12_000


class SlowJudge(RuleJudge):
    """A judge that takes a moment for each batch, or waits until it may begin."""

    begun: threading.Event
    gate: threading.Event

    def judge(self, positions: Sequence[int]) -> list[list[Verdict]]:
        self.begun.set()
        assert self.gate.wait(30)
        time.sleep(0.005)
        return super().judge(positions)


class SlowEvaluator(RuleEvaluator):
    """Rules whose runs can be stopped halfway, or before they have judged anything."""

    def __init__(self, *, is_held: bool = False) -> None:
        super().__init__()
        self.begun, self.gate = threading.Event(), threading.Event()
        if not is_held:
            self.gate.set()

    def judge_for(self, conditions: Sequence[MatchCondition], corpus: Corpus) -> RuleJudge:
        reader = Reader(corpus, default_lexicon())
        readings = [reader.read(condition.description) for condition in conditions]
        judge = SlowJudge(corpus, readings, conditions)
        judge.begun, judge.gate = self.begun, self.gate
        return judge


KINDS = ["mill", "kiln", None, "forge"]


def works(size: int) -> Corpus:
    """A corpus with columns of every kind, each with gaps."""
    rows = range(size)
    return open_corpus(
        pa.table(
            {
                "name": [f"Works {n}" for n in rows],
                "kind": [KINDS[n % 4] for n in rows],
                "workers": [None if n % 7 == 0 else n for n in rows],
                "output": [None if n % 5 == 0 else n / 10 for n in rows],
                "capacity": [None if n % 6 == 0 else (n * 7) % 500 / 10 for n in rows],
                "opened": [dt.date(1900 + n % 100, 1, 1) if n % 3 else None for n in rows],
                "listed": [None if n % 11 == 0 else n % 2 == 0 for n in rows],
                "products": [["tiles", "bricks"][: n % 3] if n % 4 else None for n in rows],
                "license": ["MIT" if n % 9 else "Apache-2.0" for n in rows],
                "remark": [
                    "It stands by the river and has done so for a very long time."
                    if n % 10 == 0
                    else "It stands on a hill, far away from any water or any town."
                    for n in rows
                ],
            }
        )
    )


CONDITIONS = [
    "Works must have more than 60 workers",
    "Works must have at most 60 workers",
    "Works must have between 20 and 50 workers",
    "Works must not have more than 60 workers",
    "Works must be a mill",
    "Works must not be a kiln",
    "Works must be a mill or a forge",
    "Works must be a kiln with fewer than 90 workers",
    "Works must be a mill or have more than 110 workers",
    "Works must have been opened before 1950",
    "Works must be listed",
    "Works must not be listed",
    "Works must have products that include tiles",
    "Works must have a license of Apache",
    "Works must have the most workers",
    "Works must have no kind given",
    "Works must have a name that ends with 7",
    "Works must have an output that is more than the capacity",
]
OPEN_CONDITIONS = [
    "Works must stand by the river",
    "Works must stand by the river or be a mill",
    "Works must be a mill that stands by the river",
]


@pytest.mark.parametrize("condition", [*CONDITIONS, *OPEN_CONDITIONS])
def test_rows_that_are_not_selected_would_not_match(condition: str) -> None:
    """And every row matches of a selection that calls itself sure, as whole columns are."""
    corpus = works(120)
    judge = RuleEvaluator().judge_for([MatchCondition("check", condition)], corpus)
    matched = [verdict.is_matched for (verdict,) in judge.judge(range(len(corpus)))]
    selection = judge.select(thorough=False)
    selected = selection.rows.to_pylist()
    assert any(matched)
    assert all(chosen for chosen, is_match in zip(selected, matched, strict=True) if is_match)
    assert selection.is_sure == (condition in CONDITIONS)
    if selection.is_sure:
        assert selected == matched


def test_several_conditions_select_what_meets_all_of_them() -> None:
    """One that only a text can answer leaves open what the others have selected."""
    corpus = works(120)
    texts = ["Works must be a kiln", "Works must have more than 60 workers", OPEN_CONDITIONS[0]]
    conditions = [MatchCondition(f"check_{at}", text) for at, text in enumerate(texts)]
    by_columns = RuleEvaluator().judge_for(conditions[:2], corpus).select(thorough=False)
    by_all = RuleEvaluator().judge_for(conditions, corpus).select(thorough=False)
    assert 0 < by_columns.rows.true_count < 30
    assert by_columns.rows.equals(by_all.rows)
    assert (by_columns.is_sure, by_all.is_sure) == (True, False)


def asked(*conditions: str, **changes: Any) -> dict[str, Any]:
    """What a run with these conditions is created with."""
    return {
        "match_conditions": [MatchCondition(f"check_{at}", c) for at, c in enumerate(conditions)],
        "generator": "base",
        "match_limit": 1_000,
        **changes,
    }


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["Works must have more than 11,950 workers"], {n for n in range(11_951, SIZE) if n % 7}),
        (["Works must have a name that ends with 777"], set(range(777, SIZE, 1_000))),
        (
            ["Works must be a kiln", "Works must have between 6,000 and 6,100 workers"],
            {n for n in range(6_000, 6_101) if n % 7 and n % 4 == 1},
        ),
        (
            ["Works must have products that include tiles", "Works must have over 11,950 workers"],
            {n for n in range(11_951, SIZE) if n % 7 and n % 4 and n % 3},
        ),
        (
            ["Works must stand by the river", "Works must have over 11,900 workers"],
            {n for n in range(11_910, SIZE, 10) if n % 7},
        ),
    ],
)
def test_a_small_pool_finds_what_a_full_scan_finds(
    conditions: list[str], expected: set[int]
) -> None:
    """What columns select is in it, wherever it stands and whatever words it shares."""
    with bench(works(SIZE), RuleEvaluator()) as b:
        result = b.wait(b.create(**asked(*conditions)))
    assert {int(name.split()[1]) for name in names(result)} == expected
    assert len(result["candidates"]) == 1_000


def test_text_ranks_among_what_columns_have_selected() -> None:
    """The first candidates meet the one condition and speak of the other."""
    remarks = [f"It has been here for {n} years, and makes plain pots." for n in range(3_000)]
    for place in (500, 1_501, 2_500):
        remarks[place] = f"For {place} years it has been famous for majolica."
    kinds = ["kiln", "mill"] * 1_500
    table = {"name": [f"n{n}" for n in range(3_000)], "kind": kinds, "remark": remarks}
    conditions = ["Place must be a kiln", "Place must be famous for majolica"]
    with bench(open_corpus(pa.table(table)), RuleEvaluator()) as b:
        found = b.wait(b.create(**asked(*conditions, generator="preview", match_limit=10)))
    assert {item["name"] for item in found["candidates"][:2]} == {"n500", "n2500"}
    assert {int(item["name"][1:]) % 2 for item in found["candidates"]} == {0}


def test_a_run_that_can_find_nothing_more_ends_early() -> None:
    """Base and core give up after a hundred candidates; pro looks at all, a preview at ten."""
    hopeless, ended = "Works must have over 20,000 workers", {}
    with bench(works(SIZE), RuleEvaluator()) as b:
        for generator in ("preview", "base", "core", "pro"):
            result = b.wait(b.create(**asked(hopeless, generator=generator)))
            reason = result["run"]["status"]["termination_reason"]
            ended[generator] = (reason, len(result["candidates"]))
            assert names(result) == []
    assert ended == {
        "preview": ("candidates_exhausted", 10),
        "base": ("low_match_rate", 100),
        "core": ("low_match_rate", 100),
        "pro": ("candidates_exhausted", SIZE),
    }


@pytest.mark.parametrize(
    ("size", "conditions"),
    [
        (SIZE, ["Works must have over 11,998 workers"]),
        (SIZE, ["Works must be known for its majolica"]),
        (900, ["Works must have over 20,000 workers"]),
    ],
)
def test_a_run_goes_on_while_it_may_find_something(size: int, conditions: list[str]) -> None:
    """It has found something, or only a text can tell, or everything is looked at anyway."""
    with bench(works(size), RuleEvaluator()) as b:
        result = b.wait(b.create(**asked(*conditions)))
    assert result["run"]["status"]["termination_reason"] == "candidates_exhausted"
    assert len(result["candidates"]) == min(size, 1_000)


def test_all_that_columns_select_is_looked_at_before_a_run_gives_up() -> None:
    """However many of them there are, and whatever is excluded."""
    conditions = ["Works must have over 11,700 workers", "Works must be known for its majolica"]
    excluded = [ExcludeCandidate(f"Works {n}", f"local://{n}") for n in range(11_700, 11_750)]
    with bench(works(SIZE), RuleEvaluator()) as b:
        result = b.wait(b.create(**asked(*conditions, exclude_list=excluded)))
    selected = {n for n in range(11_750, SIZE) if n % 7}
    assert {int(item["name"].split()[1]) for item in result["candidates"]} == selected
    assert result["run"]["status"]["termination_reason"] == "low_match_rate"


def test_a_run_gives_up_at_the_same_place_after_a_restart(tmp_path: Path) -> None:
    """Stopped at any moment: its candidates are those of a run that was never stopped."""
    conditions = ["Works must have over 11,500 workers", "Works must be known for its majolica"]
    corpus = works(SIZE)
    with bench(corpus, RuleEvaluator()) as b:
        undisturbed = b.wait(b.create(**asked(*conditions)))
    path = tmp_path / "runs.db"
    findall_id, starts, active = None, 0, True
    while active:
        with bench(corpus, SlowEvaluator(), path) as b:
            findall_id = findall_id or b.create(**asked(*conditions))
            before = b.store.run(findall_id).generated
            while (run := b.store.run(findall_id)).is_active and run.generated - before < 60:
                pass
        starts += 1
        active = run.is_active
    with bench(corpus, RuleEvaluator(), path) as b:
        continued = b.wait(findall_id or "")
    assert starts > 2
    assert [item["name"] for item in continued["candidates"]] == [
        item["name"] for item in undisturbed["candidates"]
    ]
    assert continued["run"]["status"]["termination_reason"] == "low_match_rate"
    assert undisturbed["run"]["status"]["termination_reason"] == "low_match_rate"


@pytest.mark.parametrize(
    ("condition", "indexed"),
    [("Works must have over 20 workers", []), ("Works must be known for its majolica", [(300,)])],
)
def test_only_a_question_that_text_has_to_rank_waits_for_the_index(
    condition: str, indexed: list[tuple[int]]
) -> None:
    """What columns decide is answered at once, however large the corpus is."""
    evaluator, store = SlowEvaluator(is_held=True), Store()
    engine = Engine(works(300), evaluator=evaluator, store=store)
    findall_id = engine.create(
        FindAllRunInput("Find works", "works", [MatchCondition("c", condition)], "pro", 5)
    ).findall_id
    engine.start()
    assert evaluator.begun.wait(30)
    with store.database.read() as connection:
        assert connection.execute("SELECT indexed FROM corpus").fetchall() == indexed
    evaluator.gate.set()
    deadline = time.monotonic() + 30
    while store.run(findall_id).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    engine.stop()
    store.close()
