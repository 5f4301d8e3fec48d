"""A proxy on a scripted server, between a client and a service, that often fails."""

from __future__ import annotations

import random
import threading
from collections import Counter

import requests

from tests.support.run_farm import FAULTS
from tests.support.scripted import Reply, Request, ScriptedServer, answer

__all__ = ["FaultyProxy"]

_CREATION = "/v1beta/findall/runs"


class FaultyProxy:
    """Passes requests on, or fails without doing so.

    Parameters
    ----------
    server : ScriptedServer
        Where the requests arrive.
    url : str
        Of the service.
    faults : float
        The share of requests that fail. One that would create a run gets a bare 429.
    seed : int
        Of the faults.
    """

    def __init__(self, server: ScriptedServer, url: str, *, faults: float, seed: int = 1) -> None:
        self.passed = Counter[str]()
        self.failed = 0
        self._url = url
        self._faults = faults
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        server.otherwise = self._answer

    def _answer(self, request: Request) -> Reply:
        is_creation = (request.method, request.path) == ("POST", _CREATION)
        with self._lock:
            if self._chance.random() < self._faults:
                self.failed += 1
                return answer(status=429) if is_creation else self._chance.choice(FAULTS)
            self.passed["creations" if is_creation else "others"] += 1
        got = requests.request(
            request.method,
            self._url + request.path,
            params=request.query,
            data=request.body or None,
            headers={"content-type": "application/json"},
            timeout=30,
        )
        return Reply(got.status_code, (got.content,), {"content-type": "application/json"})
