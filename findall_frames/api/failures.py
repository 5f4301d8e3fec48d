"""What went wrong with a request: bodies of errors, exceptions of the libraries, and the key."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import weakref
from html import escape
from typing import Any, Final
from urllib.parse import quote

import msgspec
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, SSLError

__all__ = [
    "Redaction",
    "cause_of",
    "certainly_not_sent",
    "fault_and_path",
    "problems_by_type",
    "read_error",
    "shortened",
]

_SHOWN: Final = 300
"""Characters of a service's own message that an error quotes."""
_SHORTEST_KEY: Final = 3


class _LogFilter(logging.Filter):
    """Removes keys from the warnings of urllib3, which quote what is not HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._redactions: tuple[weakref.ref[Redaction], ...] = ()

    def add(self, redaction: Redaction) -> None:
        with self._lock:
            alive = [each for each in self._redactions if each() is not None]
            self._redactions = (*alive, weakref.ref(redaction))

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = text
        for each in self._redactions:
            redaction = each()
            if redaction is not None:
                hidden = redaction.text(hidden)
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True


_log_filter: Final = _LogFilter()
for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_log_filter)


class Redaction:
    """Removes a key from what a service sends, which may quote it.

    Examples
    --------
    >>> Redaction("s3cr3t/key").of({"message": "s3cr3t%2Fkey is no key"})
    {'message': '... is no key'}
    """

    def __init__(self, key: str) -> None:
        self._key: re.Pattern[str] | None = None
        if len(key) >= _SHORTEST_KEY:
            forms = sorted({key, quote(key, safe=""), escape(key)}, key=len, reverse=True)
            self._key = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE)
            _log_filter.add(self)

    def text(self, text: str) -> str:
        """Return a text without the key."""
        return text if self._key is None else self._key.sub("...", text)

    def of(self, content: Any) -> Any:
        """Return decoded JSON without the key."""
        if isinstance(content, str):
            return self.text(content)
        if isinstance(content, dict):
            return {self.text(name): self.of(value) for name, value in content.items()}
        return [self.of(each) for each in content] if isinstance(content, list) else content

    def cause(self, error: BaseException) -> BaseException | None:
        """Return an exception to show as a cause; None if it or one of its causes has the key."""
        each: BaseException | None = error
        while each is not None and self._key is not None:
            if self._key.search(f"{each!r} {each}"):
                return None
            each = each.__cause__ or each.__context__
        return error


def read_error(body: bytes, *, redaction: Redaction) -> tuple[str, str | None, Any]:
    """Return the message, the ref_id and the decoded body of an error, all without the key."""
    try:
        content = redaction.of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = redaction.text(body.decode("utf-8", "replace")).strip()
        is_page = text.startswith("<")
        return "a page of HTML instead of JSON" if is_page else shortened(text), None, None
    if not isinstance(content, dict):
        return shortened(str(content)), None, content
    error, detail = content.get("error"), content.get("detail")
    ref_id = None
    if isinstance(error, dict):
        message = error.get("message")
        ref_id = error.get("ref_id")
    elif isinstance(detail, list):
        message = "; ".join(map(_problem, detail))
    else:
        message = detail or content.get("message")
    return shortened(str(message or "")), ref_id if isinstance(ref_id, str) else None, content


def _problem(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = ".".join(str(part) for part in item.get("loc", ()))
    return f"{place}: {item.get('msg', '')}" if place else str(item.get("msg", ""))


def problems_by_type(content: Any) -> dict[str, list[str]]:
    """Return the messages of an HTTPValidationError by their type."""
    found: dict[str, list[str]] = {}
    items = content.get("detail") if isinstance(content, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            found.setdefault(str(item.get("type")), []).append(str(item.get("msg", "")))
    return found


def shortened(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def fault_and_path(error: Exception) -> tuple[str, str | None]:
    """Return what is wrong with an answer and its JSON path; None if it is not JSON at all."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply", None
    if not isinstance(error, msgspec.ValidationError):
        return str(error), None
    # "Object missing required field `name` - at `$.candidates[1]`"
    fault, _, place = str(error).partition(" - at `")
    path = place.removesuffix("`") or "$"
    missing = fault.removeprefix("Object missing required field `")
    return fault, path if missing == fault else f"{path}.{missing.removesuffix('`')}"


def certainly_not_sent(error: requests.RequestException) -> bool:
    reason = _reason_of(error)
    if isinstance(reason, SSLError):
        return any(isinstance(part, ssl.SSLCertVerificationError) for part in reason.args)
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError, ProxyError))


def cause_of(error: BaseException) -> str:
    """Return what went wrong in the words of the system, such as "Connection refused"."""
    reason = _reason_of(error)
    if isinstance(reason, NewConnectionError):
        # "<pool object>: Failed to establish a new connection: [Errno 111] Connection refused"
        return str(reason).rpartition(": Failed to establish a new connection: ")[2]
    # ProtocolError("Connection aborted.", ConnectionResetError(...))
    cause = next((part for part in reason.args if isinstance(part, Exception)), reason)
    return str(cause) or type(cause).__name__


def _reason_of(error: BaseException) -> BaseException:
    """Return the exception that requests and urllib3 have wrapped."""
    if not isinstance(error, requests.RequestException):
        return error
    wrapped = error.args[0] if error.args else error
    reason = getattr(wrapped, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return wrapped if isinstance(wrapped, BaseException) else error
