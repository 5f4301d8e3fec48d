"""Admission: the API key or the origin of every request, and the quota of new runs."""

from __future__ import annotations

import hmac
import logging
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from findall_frames.addresses import is_loopback
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.refusals import error_response

__all__ = ["Door", "Quota"]

_log = logging.getLogger(__name__)

_MAX_ACTIVE_RUNS: Final = 1_000
_HOUR: Final = timedelta(hours=1)
_ADVICE: Final = "For requests from other pages, give the service an API key."


class Door:
    """Middleware that checks the API key or, if the service has none, where a request comes from.

    Any web page can make a browser send requests to this machine. The browser says so in the
    headers ``origin`` and ``sec-fetch-site``. If the page has made its own name resolve to this
    machine, the request carries that name as ``host``. Each answer is logged.
    """

    def __init__(self, app: ASGIApp, *, api_key: str | None) -> None:
        self._app = app
        self._key = None if api_key is None else api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()

        async def log_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The raw path is still quoted, so it cannot contain a line break.
                path = scope["raw_path"].decode("ascii", "replace")
                elapsed = 1000 * (time.monotonic() - started)
                _log.info("%s %s %d, %.0f ms", scope["method"], path, message["status"], elapsed)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, log_and_send)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        if self._key is None:
            message = _foreign(method, headers)
            return None if message is None else error_response(403, message)
        given = headers.get("x-api-key", "").encode("latin-1")
        if hmac.compare_digest(given, self._key):
            return None
        got = "a different one" if given else "none"
        return error_response(
            401, f"Expected the service's API key in the header x-api-key; got {got}."
        )


def _foreign(method: str, headers: Headers) -> str | None:
    """Return why a request is refused as that of a web page; None if it is not."""
    host = headers.get("host", "localhost")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name is None or not is_loopback(name):
        return f"Expected a request to 127.0.0.1 or localhost in the header host; got {host!r}."
    expected = "Expected a request from a program or the service's own pages; got one from a page"
    origin = headers.get("origin")
    own = {f"{scheme}://{host}".lower() for scheme in ("http", "https")}
    if origin is not None and origin.lower() not in own:
        return f"{expected} of another origin, {origin!r}. {_ADVICE}"
    site = headers.get("sec-fetch-site", "none")
    # A link that a person follows; the page that has it cannot read the answer.
    is_link = method == "GET" and headers.get("sec-fetch-dest") == "document"
    if site not in {"none", "same-origin"} and not is_link:
        return f"{expected} of another origin ({site}). {_ADVICE}"
    return None


@dataclass(frozen=True, slots=True)
class Quota:
    """The number of runs that may be created; unlimited by default.

    `runs` is the total over the life of the store; more are refused with 402. More than
    `runs_per_hour`, at least 1, are refused with 429 and the time to wait.
    """

    runs: int | None = None
    runs_per_hour: int | None = None

    def check(self, store: Store) -> None:
        """Raise an HTTPException with 402 or 429 if no run may be created now."""
        if len(store.active()) >= _MAX_ACTIVE_RUNS:
            message = f"{_MAX_ACTIVE_RUNS:,} runs are already active. Wait until some have ended."
            _refuse_for_now(message, seconds=1)
        if self.runs is not None and store.run_count() >= self.runs:
            raise HTTPException(
                402, f"The quota of this service is used up: it has {self.runs} runs, and no more."
            )
        if self.runs_per_hour is not None:
            now = datetime.now(UTC)
            # The times are stored, so they are those of the wall clock, which may be set back.
            recent = [each for each in store.created_after(now - _HOUR) if each <= now]
            if len(recent) >= self.runs_per_hour:
                wait = recent[-self.runs_per_hour] + _HOUR - now
                _refuse_for_now(
                    f"Expected at most {self.runs_per_hour} new runs in an hour; this is one more.",
                    seconds=max(1, math.ceil(wait.total_seconds())),
                )


def _refuse_for_now(message: str, *, seconds: int) -> NoReturn:
    raise HTTPException(429, message, headers={"Retry-After": str(seconds)})
