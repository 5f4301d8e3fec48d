"""Requests to a server with chat completions: patient, within a deadline, key kept at home."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import msgspec
import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util.retry import Retry

from findall_frames.embedded.chat.address import ModelAddress
from findall_frames.embedded.finding import StoppedError
from findall_frames.embedded.runs.record import Usage
from findall_frames.embedded.server.endpoints import is_loopback
from findall_frames.errors import EvaluatorError

__all__ = ["Chat", "ChatMessage", "NoAnswerError", "Reply"]

_log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 10.0
# Of a question's time, so that one which gets lost can be asked again.
_ATTEMPT_SHARE: Final = 0.6
# After so many it is given up; but a server that is only busy is asked until the time is over.
_ATTEMPTS: Final = 5
_BUSY: Final = frozenset((429, 503))
_FIRST_PAUSE: Final = 0.5
_SHORTEST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 30.0
_MAX_BYTES: Final = 4 << 20
_SAID: Final = 300
_PASSING: Final = frozenset((408, 409, 425, 429, 500, 502, 503, 504))
# What no other row would change: these end a run at its first request.
_HOPELESS: Final = {
    401: "The key is missing or wrong: set OPENAI_API_KEY to one that this server takes. It is "
    "not sent over plain HTTP, except to this machine.",
    402: "Its account has no credit.",
    403: "The key may not use it.",
    404: "It has no such model, or the base URL is not right, which usually ends in /v1.",
}

ChatMessage: TypeAlias = Mapping[str, str]
"""``{"role": ..., "content": ...}``"""


class NoAnswerError(Exception):
    """One question got no answer; another may."""


class Reply(NamedTuple):
    """What the model has said, and what that has used."""

    text: str
    usage: Usage


class _Refused(Exception):
    """The server finds the request wrong."""


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(Struct):
    message: _Message


class _Tokens(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(Struct):
    choices: list[_Choice]
    usage: _Tokens | None = None


class _Model(Struct):
    id: str


class _Models(Struct):
    data: list[_Model]


_completions: Final = msgspec.json.Decoder(_Completion)
_models: Final = msgspec.json.Decoder(_Models)


class Chat:
    """A model behind a URL.

    Servers differ in how they can be made to answer in JSON. A schema is asked for first; who
    refuses that is asked for JSON of any form, and then for text with JSON in it.

    Parameters
    ----------
    address : ModelAddress
        Which model, and where.
    at_once : int
        How many requests go on at the same time, over all runs.
    timeout : float
        Seconds for a question, from its first attempt to the end of the last one. A model on a
        processor may take a minute for each, and has several waiting.

    Attributes
    ----------
    places : threading.BoundedSemaphore
        One is taken by who asks, and given back with the answer.
    """

    def __init__(self, address: ModelAddress, *, at_once: int = 8, timeout: float = 600.0) -> None:
        self.at_once = at_once
        self.timeout = timeout
        self._address = address
        self._model = address.model
        self.places = threading.BoundedSemaphore(at_once)
        self._naming = threading.Lock()
        self._format = 0
        self._temperature = True
        self._session = _session(address, connections=at_once)

    def __repr__(self) -> str:
        return f"Chat({self._address})"

    def model(self) -> str:
        """Give the name of the model; the server is asked when nobody has named it.

        Raises
        ------
        EvaluatorError
            The server has several models or does not tell.
        """
        with self._naming:
            if self._model is None:
                self._model = self._only_model()
        return self._model

    def ask(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any],
        abandoned: threading.Event,
    ) -> Reply:
        """Have the model answer in JSON, as far as the server can see to that.

        Parameters
        ----------
        messages : sequence of mapping
            What is said to it.
        schema : mapping
            JSON Schema of the answer.
        abandoned : threading.Event
            Set when nobody waits any longer.

        Raises
        ------
        NoAnswerError
            There was none in time, or the server refused this question.
        EvaluatorError
            There will be none to any question: a wrong key, an unknown model.
        StoppedError
            It was abandoned.
        """
        deadline = time.monotonic() + self.timeout
        at = self._format
        while True:
            with_temperature = self._temperature
            body: dict[str, Any] = {
                "model": self.model(),
                **_formatted(_FORMATS[at], messages, schema),
            }
            if with_temperature:
                body["temperature"] = 0
            try:
                completion = self._completion(body, deadline, abandoned)
            except _Refused as refused:
                if with_temperature and "temperature" in str(refused):
                    self._temperature = False
                elif at + 1 < len(_FORMATS):
                    at += 1
                else:
                    raise NoAnswerError(f"The model's server refuses it: {refused}") from None
                continue
            # Only what has helped is remembered: a row that is too long is always refused.
            self._format = max(self._format, at)
            return self._reply(completion)

    def _reply(self, completion: _Completion) -> Reply:
        message, tokens = completion.choices[0].message, completion.usage or _Tokens()
        usage = Usage((self.model(),), 1, tokens.prompt_tokens or 0, tokens.completion_tokens or 0)
        return Reply(message.content or message.refusal or "", usage)

    def _completion(
        self, body: Mapping[str, Any], deadline: float, abandoned: threading.Event
    ) -> _Completion:
        """Send it until there is an answer that is one."""
        content = msgspec.json.encode(body)
        for attempt in count():
            pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
            goes_on = attempt + 1 < _ATTEMPTS
            try:
                answer = self._send("POST", "/chat/completions", content, deadline)
                if answer.status == 200:
                    completion = _completions.decode(answer.content)
                    if completion.choices:
                        return completion
                    reason = "the answer has no choices"
                else:
                    reason = self._passing(answer)
                    if answer.pause is not None:
                        pause = max(answer.pause, _SHORTEST_PAUSE * attempt)
                    goes_on = goes_on or answer.status in _BUSY
            except (msgspec.DecodeError, UnicodeDecodeError):
                reason = "the answer was no chat completion"
            except (requests.RequestException, HTTPError, OSError) as error:
                reason = f"there was no connection or it broke ({type(error).__name__})"
            if not goes_on or time.monotonic() + pause >= deadline:
                break
            _log.info("the model's server stumbled: %s; again in %.1f s", reason, pause)
            if abandoned.wait(pause):
                raise StoppedError
        raise NoAnswerError(f"The model at {self._address.base_url} gave no answer: {reason}.")

    def _passing(self, answer: _Answer) -> str:
        """Give the reason for another attempt, or raise where that would not help."""
        said = self._said(answer.content)
        if answer.status in _HOPELESS or "insufficient_quota" in said:
            # Of a wrong key some servers show a part.
            shown = "" if answer.status in (401, 403) else f": {said}"
            raise EvaluatorError(
                f"The language model {self._address} cannot be asked; its server answered "
                f"{answer.status}{shown}. {_HOPELESS.get(answer.status, _HOPELESS[402])}"
            )
        if 300 <= answer.status < 400:
            raise EvaluatorError(
                f"The language model {self._address} cannot be asked: its server points to another "
                "address, and redirects are not followed, since the data would go along. Name "
                "the right base URL."
            )
        if answer.status not in _PASSING:
            raise _Refused(f"{answer.status} {said}")
        return f"its server answered {answer.status} {said}".rstrip()

    def _said(self, content: bytes) -> str:
        """Read what a server says of an error, in any of the forms that are about."""
        try:
            said = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = content.decode("utf-8", "replace")
            said = "a page of HTML" if said.lstrip().startswith("<") else said
        if isinstance(said, dict):
            error = said.get("error") or said
            if isinstance(error, dict):
                parts = (error.get("message") or error.get("detail"), error.get("code"))
                error = " ".join(str(part) for part in parts if part)
            said = error
        text = " ".join(str(said).split())
        if self._address.key:
            text = text.replace(self._address.key, "***")
        return text[:_SAID]

    def _only_model(self) -> str:
        where = self._address.base_url
        ask = f"Name it behind a '#': '{where}#MODEL'."
        try:
            answer = self._send("GET", "/models", b"", time.monotonic() + _CONNECT_SECONDS)
            names = [model.id for model in _models.decode(answer.content).data]
        except (requests.RequestException, HTTPError, OSError) as error:
            raise EvaluatorError(
                f"No language model could be reached at {where} ({type(error).__name__}). Start "
                "its server, or name another base URL."
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise EvaluatorError(
                f"The server at {where} does not tell which models it has ({answer.status}). {ask}"
            ) from None
        if len(names) != 1:
            known = ", ".join(names[:20]) or "none"
            raise EvaluatorError(f"The server at {where} has these models: {known}. {ask}")
        return names[0]

    def _send(self, method: str, path: str, content: bytes, deadline: float) -> _Answer:
        remaining = max(0.001, deadline - time.monotonic())
        patience = min(remaining, _ATTEMPT_SHARE * self.timeout)
        with self._session.request(
            method,
            self._address.base_url + path,
            data=content,
            timeout=(min(_CONNECT_SECONDS, patience), patience),
            allow_redirects=False,
            stream=True,
        ) as response:
            parts, size = [], 0
            # As it arrives: a server that dribbles must not outlast the deadline.
            while part := response.raw.read1(1 << 16, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > _MAX_BYTES:
                    raise NoAnswerError(f"The model's answer has more than {_MAX_BYTES:,} bytes.")
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            pause = None
            with suppress(InvalidHeader):
                pause = Retry().get_retry_after(response.raw)
            return _Answer(response.status_code, pause, b"".join(parts))


class _Answer(NamedTuple):
    status: int
    pause: float | None
    content: bytes


_FORMATS: Final = ("json_schema", "json_object", "text")


def _formatted(
    kind: str, messages: Sequence[ChatMessage], schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask for an answer of a form, in words where the server has no option for it."""
    if kind == "json_schema":
        wanted = {"name": "answer", "strict": True, "schema": schema}
        return {
            "messages": messages,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
    first, *others = messages
    form = msgspec.json.encode(schema).decode()
    said = f"{first['content']}\n\nAnswer with JSON of this JSON Schema, and nothing else:\n{form}"
    told: dict[str, Any] = {"messages": [{**first, "content": said}, *others]}
    if kind == "json_object":
        told["response_format"] = {"type": "json_object"}
    return told


def _session(address: ModelAddress, *, connections: int) -> requests.Session:
    session = requests.Session()
    session.headers.update({"accept": "application/json", "content-type": "application/json"})
    if address.key is not None:
        session.headers["authorization"] = f"Bearer {address.key}"
    session.trust_env = not is_loopback(urlsplit(address.base_url).hostname or "")
    # An entry in ~/.netrc must not take the place of the key.
    session.auth = lambda request: request
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
