"""Webhooks: the allowed hosts, the signatures, and the delivery of queued announcements."""

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
from findall_frames.embedded.server.refusals import InvalidInput
from findall_frames.errors import ServiceError

__all__ = ["Deliverer", "Hosts", "check_secret", "new_secret", "sign"]

_log = logging.getLogger(__name__)

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
_TIMEOUT: Final = (3.05, 5.0)
# The seconds to wait after each failed attempt; after the last one the webhook is given up.
_WAITS: Final = (1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 14_400.0)


class Hosts:
    """The hosts that webhooks may be sent to; none by default.

    `names` are host names or addresses without a port; all their ports are allowed. Raises
    ServiceError for anything more than that, as it would allow nothing.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(_host_name(name) for name in names)

    def __bool__(self) -> bool:
        return bool(self._names)

    def allow(self, url: str) -> bool:
        """Return True if an address is that of a web server on one of the hosts."""
        try:
            # The parser of the library that sends the webhooks, so that both read the same host.
            parts = parse_url(url)
        except LocationParseError:
            return False
        host = (parts.host or "").strip("[]").casefold()
        return parts.scheme in {"http", "https"} and host in self._names

    def check(self, webhook: Webhook | None) -> None:
        """Raise InvalidInput if a webhook has events to send to a host that is not allowed."""
        if webhook is None or self.allow(webhook.url):
            return
        # The contract lists events of another API too, which no run here sends.
        if not set(webhook.event_types).isdisjoint(WEBHOOK_EVENT_TYPES):
            raise InvalidInput(
                "This service may not send webhooks to that address. Start it with "
                "--allow-webhooks-to and the host, or leave the webhook out and follow the events "
                "of the run.",
                loc=["body", "webhook", "url"],
            )


def _host_name(given: str) -> str:
    """Return a host in the form in which `parse_url` returns it."""
    bare = given.strip("[]")
    try:
        parts = parse_url(f"http://[{bare}]" if bare.count(":") > 1 else f"http://{bare}")
    except LocationParseError:
        parts = Url()
    # Earlier releases of urllib3 accept spaces within a host.
    odd = any(sign == "*" or sign.isspace() for sign in given)
    if parts.host is None or odd or parts.url != f"http://{parts.host}":
        raise ServiceError(
            "Expected the hosts that webhooks may be sent to as names or addresses alone, such as "
            f"hooks.example.com; got {given!r}. Leave out the scheme, port and path, and name each "
            "host separately."
        )
    return parts.host.strip("[]").casefold()


def new_secret() -> str:
    """Return a random secret in the format of Standard Webhooks."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, *, name: str, timestamp: int, body: bytes) -> str:
    """Return the Standard Webhooks signature: HMAC-SHA256 over id, time and body."""
    content = b"%b.%d.%b" % (name.encode(), timestamp, body)
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def check_secret(secret: str) -> None:
    """Raise ServiceError unless a secret is in the format of Standard Webhooks."""
    if len(_key(secret)) not in _SECRET_BYTES:
        raise ServiceError(
            f"Expected a webhook secret of {_SECRET_BYTES[0]} to {_SECRET_BYTES[-1]} bytes in "
            f"base64, with or without {_PREFIX!r} before it; got another text, which is not shown."
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
    """Sends queued webhooks from a thread of its own, until they are accepted.

    If the service is killed before it stores the answer, a webhook is sent again, under the same
    ``webhook-id``. Webhooks for hosts that are not allowed are dropped.
    """

    def __init__(self, database: Database, *, hosts: Hosts, secret: str) -> None:
        self._database = database
        self._hosts = hosts
        self._secret = secret
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="findall-webhooks", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self, _: str) -> None:
        """Check the queue, as a run has changed."""
        self._changed.set()

    def stop(self) -> None:
        """Stop after the current request; the rest stays in the queue."""
        self._stopping = True
        self._changed.set()
        self._thread.join()

    def _work(self) -> None:
        with requests.Session() as session:
            # Ignore proxies and stored passwords.
            session.trust_env = False
            while not self._stopping:
                self._changed.clear()
                try:
                    wait = self._send_next(session)
                except sqlite3.Error:  # a full disk, for example; webhooks may be sent twice
                    _log.exception("The queue of webhooks could not be read or written")
                    wait = _WAITS[1]
                self._changed.wait(wait)

    def _send_next(self, session: requests.Session) -> float | None:
        """Send one webhook that is due; return the seconds to the next, None if there is none."""
        with self._database.read() as connection:
            # Nothing is postponed by more than the longest wait, unless the clock was set back.
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
            # Redirects are not followed, as they could lead to a host that is not allowed.
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
            self._postpone(delivery, all_due=True)
            return
        if 200 <= status < 300 or status == 410:
            self._forget(delivery)
        else:
            _log.info("A webhook was answered with %d", status)
            self._postpone(delivery, all_due=False)

    def _forget(self, delivery: _Delivery) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM deliveries WHERE number = ?", (delivery.number,))

    def _postpone(self, delivery: _Delivery, *, all_due: bool) -> None:
        """Try again later; `all_due` postpones everything else that is due there as well."""
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
