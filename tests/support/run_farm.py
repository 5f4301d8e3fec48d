"""A service with any number of runs on a scripted server, which can be slow, faulty and strict."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

from tests.support.scripted import Reply, Request, ScriptedServer, answer, candidate

__all__ = ["FAULTS", "RunFarm"]

FAULTS = (
    answer({"error": "busy"}, status=503),
    answer(status=429),
    answer(status=502),
    Reply(200, (b'{"findall_id": ',), {"content-type": "application/json"}),
    Reply(200, (b"{",), {"content-type": "application/json"}, "close", "reset"),
)
"""Replies to requests that may be repeated."""


class RunFarm:
    """Creates runs that are over after some status requests.

    Parameters
    ----------
    server : ScriptedServer
        Its routes are set.
    looks : int
        How many status requests find a run running.
    faults : float
        The share of ingest, status and result requests that fail.
    refuse_every : int, optional
        Each request of this number to create a run gets a bare 429.
    quota : tuple of (int, float), optional
        At most so many creations within so many seconds; others get a bare 429.
    seed : int
        Of the faults.
    """

    def __init__(
        self,
        server: ScriptedServer,
        *,
        looks: int = 2,
        faults: float = 0.0,
        refuse_every: int | None = None,
        quota: tuple[int, float] | None = None,
        seed: int = 1,
    ) -> None:
        self.asked: dict[str, Any] = {}
        self.created_at: list[float] = []
        self.refused = 0
        self.refusals: dict[str, Reply] = {}
        self.after_creation: dict[str, Reply] = {}
        self.added: dict[str, list[dict[str, Any]]] = {}
        self.endings: dict[str, tuple[str, str]] = {}
        self.active: set[str] = set()
        self.most_active = 0
        self.requests = Counter[str]()
        self.enriched: dict[str, list[Any]] = {}
        self._looks: Counter[str] = Counter()
        self._server = server
        self.looks = looks
        self.faults = faults
        self._refuse_every = refuse_every
        self._quota = quota
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        server.on("POST", "/ingest", self._ingest)
        server.on("POST", "/runs", self._create)
        server.on("POST", "/../memory/retrieve", self._recent)

    @property
    def objectives(self) -> list[str]:
        """The objectives of all runs that were created, in order."""
        return [run["objective"] for run in self.asked.values()]

    def result_of(self, findall_id: str) -> dict[str, Any]:
        """Return the result of a run that is over."""
        number, added = self._matches(findall_id), self.added.get(findall_id, [])
        return {
            "run": self._run(findall_id, is_over=True),
            "candidates": [
                {**candidate(n), "candidate_id": f"candidate_{n}", "name": f"{findall_id} {n}"}
                for n in range(number - len(added))
            ]
            + added,
            "last_event_id": None,
        }

    def _matches(self, findall_id: str) -> int:
        added = self.added.get(findall_id, [])
        return sum(self.asked[findall_id]["objective"].encode()) % 4 + len(added)

    def _ingest(self, request: Request) -> Reply:
        objective = request.content["objective"]
        return self._fault() or answer({**_CONDITIONS, "objective": objective})

    def _create(self, request: Request) -> Reply:
        now = time.monotonic()
        asked = request.content
        with self._lock:
            if (refusal := self.refusals.get(asked["objective"])) is not None:
                return refusal
            self.requests["create"] += 1
            if self._refuse_every and self.requests["create"] % self._refuse_every == 0:
                self.refused += 1
                return answer(status=429)
            if self._quota is not None:
                most, seconds = self._quota
                if sum(now - at < seconds for at in self.created_at) >= most:
                    self.refused += 1
                    return answer(status=429)
            findall_id = f"findall_{len(self.asked):032x}"
            self.asked[findall_id] = asked
            self.created_at.append(now)
            self.active.add(findall_id)
            self.most_active = max(self.most_active, len(self.active))
        path = f"/runs/{findall_id}"
        self._server.on("GET", path, lambda _: self._status(findall_id))
        self._server.on("GET", f"{path}/result", lambda _: self._result(findall_id))
        self._server.on("GET", f"{path}/schema", lambda _: self._schema(findall_id))
        self._server.on("POST", f"{path}/enrich", lambda r: self._enrich(findall_id, r))
        if (odd := self.after_creation.get(asked["objective"])) is not None:
            return odd
        return answer(self._run(findall_id, is_over=False))

    def _fault(self) -> Reply | None:
        with self._lock:
            if self._chance.random() < self.faults:
                return self._chance.choice(FAULTS)
        return None

    def _status(self, findall_id: str) -> Reply:
        with self._lock:
            self.requests["status"] += 1
        if (fault := self._fault()) is not None:
            return fault
        with self._lock:
            self._looks[findall_id] += 1
            is_over = self._looks[findall_id] > self.looks
            if is_over:
                self.active.discard(findall_id)
        return answer(self._run(findall_id, is_over=is_over))

    def _result(self, findall_id: str) -> Reply:
        with self._lock:
            self.requests[f"result {findall_id}"] += 1
        return self._fault() or answer(self.result_of(findall_id))

    def _schema(self, findall_id: str) -> Reply:
        asked = self.asked[findall_id]
        names = ("objective", "entity_type", "match_conditions", "generator", "match_limit")
        schema = {name: asked[name] for name in names}
        return answer({**schema, "enrichments": self.enriched.get(findall_id)})

    def _enrich(self, findall_id: str, request: Request) -> Reply:
        self.enriched.setdefault(findall_id, []).append(request.content)
        return self._schema(findall_id)

    def _recent(self, _: Request) -> Reply:
        runs = [
            {"id": findall_id, "kind": "findall", "input_excerpt": asked["objective"]}
            for findall_id, asked in self.asked.items()
        ]
        return answer({"results": runs[-25:]})

    def _run(self, findall_id: str, *, is_over: bool) -> dict[str, Any]:
        asked = self.asked[findall_id]
        status, reason = self.endings.get(asked["objective"], ("completed", "candidates_exhausted"))
        matches = self._matches(findall_id) if is_over else 0
        return {
            "findall_id": findall_id,
            "status": {
                "status": status if is_over else "running",
                "is_active": not is_over,
                "metrics": {
                    "generated_candidates_count": matches,
                    "matched_candidates_count": matches,
                },
                "termination_reason": reason if is_over else None,
            },
            "generator": asked["generator"],
            "metadata": asked["metadata"],
            "created_at": "2026-01-02T03:04:05.000006Z",
            "modified_at": "2026-01-02T03:04:06.000007Z",
        }


_CONDITIONS = {
    "entity_type": "companies",
    "match_conditions": [
        {"name": "makes_tiles", "description": "Company must make tiles"},
    ],
}
