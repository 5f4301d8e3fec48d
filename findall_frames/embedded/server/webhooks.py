"""Webhooks: what a run announces to addresses that the service was told it may send to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from findall_frames.api.models import Webhook
from findall_frames.embedded.runs.change import WEBHOOK_EVENT_TYPES
from findall_frames.embedded.runs.database import Database
from findall_frames.embedded.server.bodies import InvalidBody
from findall_frames.errors import ServiceError

__all__ = ["Deliverer", "Hosts", "check_secret", "new_secret", "sign"]

_log = logging.getLogger(__name__)

# The contract lists it, since it shares the webhook with another API; no run of this one sends it.
_FOREIGN_EVENT_TYPE: Final = "task_run.status"

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
_TIMEOUT: Final = (3.05, 5.0)
# How long to wait after each failed attempt; after the last of them the webhook is given up.
_WAITS: Final = (1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 14_400.0)


class Hosts:
    """The hosts that webhooks may be sent to; usually none.

    `names` are names or addresses without a port; each of their ports may be used. ServiceError
    is raised for what is more than that, and so would allow nothing.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(_host_name(name) for name in names)

    def __bool__(self) -> bool:
        return bool(self._names)

    def allow(self, url: str) -> bool:
        """Say whether an address is that of a web server on one of them."""
        try:
            # The same reading of the address as that of the library which will send to it.
            parts = parse_url(url)
        except LocationParseError:
            return False
        host = (parts.host or "").strip("[]").casefold()
        return parts.scheme in {"http", "https"} and host in self._names

    def check(self, webhook: Webhook | None) -> None:
        """Raise InvalidBody for unknown events, or a host that is not allowed."""
        if webhook is None:
            return
        known = (*WEBHOOK_EVENT_TYPES, _FOREIGN_EVENT_TYPE)
        for number, kind in enumerate(webhook.event_types):
            if kind not in known:
                raise InvalidBody(
                    f"Expected each event type to be one of {', '.join(known)}; got {kind!r}.",
                    loc=["body", "webhook", "event_types", number],
                )
        if not (set(webhook.event_types) <= {_FOREIGN_EVENT_TYPE} or self.allow(webhook.url)):
            raise InvalidBody(
                "This service may not send webhooks to that address. Start it with "
                "--allow-webhooks-to and the host, or leave the webhook out and follow the events "
                "of the run.",
                loc=["body", "webhook", "url"],
            )


def _host_name(given: str) -> str:
    """Write a host as addresses are read, where that is all that is given."""
    bare = given.strip("[]")
    try:
        parts = parse_url(f"http://[{bare}]" if bare.count(":") > 1 else f"http://{bare}")
    except LocationParseError:
        parts = Url()
    # Earlier releases of urllib3 take spaces for a part of the host.
    odd = any(sign == "*" or sign.isspace() for sign in given)
    if parts.host is None or odd or parts.url != f"http://{parts.host}":
        raise ServiceError(
            "Expected the hosts that webhooks may be sent to as names or addresses alone, such as "
            f"hooks.example.com; got {given!r}. Leave out the scheme, port and path; name each "
            "host by itself."
        )
    return parts.host.strip("[]").casefold()


def new_secret() -> str:
    """Make a secret to sign with, written as Standard Webhooks do."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, *, name: str, timestamp: int, body: bytes) -> str:
    """Sign a webhook as Standard Webhooks do: HMAC-SHA256 over its id, time and body."""
    content = b"%b.%d.%b" % (name.encode(), timestamp, body)
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def check_secret(secret: str) -> None:
    """Raise ServiceError for what is no secret of Standard Webhooks."""
    if len(_key(secret)) not in _SECRET_BYTES:
        raise ServiceError(
            f"Expected a webhook secret of {_SECRET_BYTES[0]} to {_SECRET_BYTES[-1]} bytes in "
            f"base64, with or without {_PREFIX!r} before it; this one is not. It is not shown here."
        )


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return b""


class _Delivery(NamedTuple):
    number: int
    webhook_id: str
    url: str
    body: bytes
    attempts: int


class Deliverer:
    """Sends what is queued in the database, from a thread of its own, until it is accepted.

    A webhook may arrive twice, when the service was killed before it noted the answer; it has
    the same ``webhook-id`` then. What is queued for hosts that are not allowed is dropped.
    """

    def __init__(self, database: Database, *, hosts: Hosts, secret: str) -> None:
        self._database = database
        self._hosts = hosts
        self._secret = secret
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="findall-webhooks", daemon=True)

    def start(self) -> None:
        """Start to send."""
        self._thread.start()

    def wake(self, _: str) -> None:
        """Look at the queue, since a run has changed."""
        self._changed.set()

    def stop(self) -> None:
        """End after the request that is under way; the rest stays in the queue."""
        self._stopping = True
        self._changed.set()
        self._thread.join()

    def _work(self) -> None:
        with requests.Session() as session:
            # Neither a proxy nor a stored password may come between us and the host.
            session.trust_env = False
            while not self._stopping:
                self._changed.clear()
                try:
                    wait = self._send_next(session)
                except sqlite3.Error:  # a full disk, say; what was sent may be sent once more
                    _log.exception("The queue of webhooks could not be read or written")
                    wait = _WAITS[1]
                self._changed.wait(wait)

    def _send_next(self, session: requests.Session) -> float | None:
        """Send what is due; return the seconds to wait then, None for an empty queue."""
        with self._database.read() as connection:
            # Nothing is put off beyond the longest wait: the clock was set back, and it is due.
            row = connection.execute(
                "SELECT number, webhook_id, url, body, attempts FROM deliveries "
                "WHERE due <= :now OR due > :now + :longest ORDER BY due, number LIMIT 1",
                {"now": time.time(), "longest": max(_WAITS)},
            ).fetchone()
            (due,) = connection.execute("SELECT min(due) FROM deliveries").fetchone()
        if row is None:
            return None if due is None else max(0.0, due - time.time())
        self._deliver(session, _Delivery(*row))
        return 0.0

    def _deliver(self, session: requests.Session, delivery: _Delivery) -> None:
        if not self._hosts.allow(delivery.url):
            _log.warning("A webhook was dropped: this service may no longer send to its host")
            self._forget(delivery)
            return
        timestamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(
                self._secret, name=delivery.webhook_id, timestamp=timestamp, body=delivery.body
            ),
        }
        try:
            # A redirect could lead to a host that is not allowed, so none is followed.
            with session.post(
                delivery.url,
                data=delivery.body,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as exc:
            _log.info("A webhook could not be delivered: %s", type(exc).__name__)
            self._put_off(delivery, all_due=True)
            return
        if 200 <= status < 300 or status == 410:
            self._forget(delivery)
        else:
            _log.info("A webhook was answered with %d", status)
            self._put_off(delivery, all_due=False)

    def _forget(self, delivery: _Delivery) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM deliveries WHERE number = ?", (delivery.number,))

    def _put_off(self, delivery: _Delivery, *, all_due: bool) -> None:
        """Try again later; where nobody was reached, that goes for all that is due there."""
        if delivery.attempts >= len(_WAITS):
            _log.warning("A webhook was given up after %d attempts", delivery.attempts + 1)
            self._forget(delivery)
            return
        now = time.time()
        which = "url = :url AND due <= :now AND attempts <= :attempts" if all_due else "FALSE"
        with self._database.write() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = :attempts + 1, due = :due "
                f"WHERE number = :number OR ({which})",
                {**delivery._asdict(), "now": now, "due": now + _WAITS[delivery.attempts]},
            )
