"""A model behind a server with chat completions: retries, deadlines, and what servers differ in.

Uses `requests`, which the package needs anyway. The `openai` client would add six dependencies,
follows redirects with the data, and accepts one form of answer only; errors with status 200 and
the like would still have to be handled here.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError

from findall_frames.addresses import is_loopback
from findall_frames.amounts import retry_after
from findall_frames.embedded.chat.language_model import (
    ChatMessage,
    Model,
    NoAnswerError,
    Reply,
    StoppedError,
    Usage,
)
from findall_frames.errors import EvaluatorError

__all__ = ["Completions", "ModelAddress"]

_log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 10.0
# The share of a question's time for one attempt, so that a lost one can be repeated.
_ATTEMPT_SHARE: Final = 0.6
# The most attempts, unless the server is only busy: then the deadline alone counts.
_ATTEMPTS: Final = 5
_BUSY: Final = frozenset((429, 503, 529))
_TEMPORARY: Final = frozenset((408, 409, 425, 429))
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_MAX_BYTES: Final = 4 << 20
_MAX_QUOTED: Final = 300
# Statuses that every other question would get as well: they end the run at once.
_FATAL: Final = {
    401: "The key is missing or wrong: set {key} to one that this server accepts. It is not sent "
    "over plain HTTP, except to this machine.",
    402: "The account has no credit.",
    403: "The key may not use it.",
    404: "The server has no such model, or the base URL is wrong; it usually ends in /v1.",
    405: "The base URL is wrong; it usually ends in /v1.",
    **dict.fromkeys(
        (301, 302, 303, 307, 308),
        "It points to another address, and redirects are not followed, as the data would be sent "
        "there too. Name the right base URL.",
    ),
}
# Servers report an unsupported option with any status, and in words of their own.
_FORMAT_WORDS: Final = re.compile(
    r"response.?format|json.?(schema|object|mode)|grammar|structured|guided", re.IGNORECASE
)
_SYSTEM_WORDS: Final = re.compile(
    r"system.{0,3}(role|message|prompt|instruction)|roles? .{0,40}(system|alternate)"
    r"|developer instruction|user and assistant roles",
    re.IGNORECASE,
)
_ENDINGS: Final = {
    "length": "it was cut at its token limit. Raise the server's limit, or ask for less",
    "content_filter": "the server's content filter blocked it",
    "error": "it ended with an error",
}
# The most and the usual number of letters per token. A round number of tokens is suspected sooner,
# as servers cut to one; a very small number counts something else.
_MOST_LETTERS, _USUAL_LETTERS, _ROUND, _FEWEST_TOKENS = 8, 4, 1024, 256
_REPEATED: Final = re.compile(r"(.)\1{3,}", re.DOTALL)
_WIDE: Final = re.compile(r"[\u2e80-\ud7ff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class ModelAddress:
    """A model and its server, at ``{base_url}/chat/completions``; the key is never printed."""

    base_url: str
    model: str
    key: str | None = field(repr=False)
    key_variable: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.model} at {self.base_url}"


class _RejectedForm(Exception):
    """The server rejects the options of a request."""


class _Message(Struct):
    content: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    error: Any = None


class _Completion(Struct):
    choices: list[_Choice] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class _Form(NamedTuple):
    """The options of a request; each one that a server rejects is dropped."""

    formats: tuple[str, ...] = ("json_schema", "json_object", "text")
    has_temperature: bool = True
    has_system: bool = True


class _Answer(NamedTuple):
    status: int
    pause: float | None
    content: bytes


_completions: Final = msgspec.json.Decoder(_Completion)


class Completions(Model):
    """A model behind a URL.

    `timeout` is in seconds, for one question with all its attempts. The default is generous: a
    model that runs on a CPU may take a minute for each of several questions in its queue.
    """

    def __init__(self, address: ModelAddress, *, at_once: int = 8, timeout: float = 600.0) -> None:
        super().__init__(address.model, at_once=at_once)
        self._address = address
        self._timeout = timeout
        self._form = _Form()
        self._has_answered = False
        self._session = _session(address)

    def __repr__(self) -> str:
        return f"Completions({self._address})"

    def _ask(
        self, prompt: list[ChatMessage], schema: Mapping[str, Any], abandoned: threading.Event
    ) -> Reply:
        """Ask for JSON, with fewer options each time the server rejects one."""
        deadline = time.monotonic() + self._timeout
        form, is_about_form = self._form, False
        while True:
            body = {"model": self.name, **_body(form, prompt, schema)}
            try:
                completion = self._completion(body, form, deadline, abandoned)
                break
            except _RejectedForm as refused:
                reason = str(refused)
                fewer = _reduced(form, reason)
                if fewer is None:
                    raise NoAnswerError(
                        f"The model's server rejected the question: {reason}"
                    ) from None
                is_about_form |= fewer.formats == form.formats or bool(_FORMAT_WORDS.search(reason))
                form = fewer
        # A question may be rejected for its length only; the others then keep their form.
        if is_about_form or not self._has_answered:
            self._form = form
        self._has_answered = True
        return self._reply(completion, prompt)

    def _reply(self, completion: _Completion, prompt: Sequence[ChatMessage]) -> Reply:
        choice = completion.choices[0] if completion.choices else _Choice()
        message, ending = choice.message or _Message(), choice.finish_reason
        text = _text(message.content).strip()
        # Some models fill up a complete answer with blanks until they are cut.
        if ending in _ENDINGS and not (ending == "length" and _is_json(text)):
            raise NoAnswerError(f"The model's answer is incomplete: {_ENDINGS[ending]}.")
        text = text or (_text(message.reasoning_content) or _text(message.reasoning)).strip()
        if not text:
            refusal = " ".join(_text(message.refusal).split())[:_MAX_QUOTED]
            why = f"it refused: {self._redacted(refusal)}" if refusal else "the answer is empty"
            raise NoAnswerError(f"The model gave no answer: {why}")
        used = completion.usage or {}
        sent, received = (
            each if isinstance(each, int) else 0
            for each in (used.get("prompt_tokens"), used.get("completion_tokens"))
        )
        return Reply(text, Usage((self.name,), 1, sent, received), _cut(prompt, tokens=sent))

    def _completion(
        self,
        body: Mapping[str, Any],
        form: _Form,
        deadline: float,
        abandoned: threading.Event,
    ) -> _Completion:
        """Send a request, and repeat it while its failures may be temporary."""
        content = msgspec.json.encode(body)
        for attempt in count(1):
            pause = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
            is_busy = False
            try:
                answer = self._send(content, deadline)
                if 200 <= answer.status < 300:
                    completion = _completions.decode(answer.content)
                    error = completion.error or (completion.choices or [_Choice()])[0].error
                    if completion.choices and not error:
                        return completion
                    answer = _as_failed(answer, error)
                reason = self._retry_reason(answer, form)
                is_busy = answer.status in _BUSY
                if answer.pause is not None:
                    pause = max(answer.pause, _FIRST_PAUSE)
            except (msgspec.DecodeError, UnicodeDecodeError):
                reason = f"the answer is no chat completion but {self._error_text(answer.content)}"
            except (requests.RequestException, HTTPError, OSError) as error:
                reason = f"there was no connection, or it broke ({type(error).__name__})"
            if (attempt >= _ATTEMPTS and not is_busy) or time.monotonic() + pause >= deadline:
                break
            _log.info("The model's server failed: %s; retrying in %.1f s", reason, pause)
            if abandoned.wait(pause):
                raise StoppedError
        where = self._address.base_url
        raise NoAnswerError(f"The model at {where} gave no answer: {reason}.", is_silence=True)

    def _retry_reason(self, answer: _Answer, form: _Form) -> str:
        """Return the reason for another attempt, or raise if a repetition would not help."""
        status, text = answer.status, self._error_text(answer.content)
        if status == 403 and self._has_answered:
            # The key has worked before, so this question is at fault.
            raise NoAnswerError(f"The model's server rejected the question: 403 {text}")
        if "insufficient_quota" in text:
            status = 402
        if status in _FATAL:
            hint = _FATAL[status].format(key=self._address.key_variable)
            raise EvaluatorError(
                f"The language model {self._address} cannot be used: its server answered "
                f"{answer.status}{text and ': '}{text}. {hint}"
            )
        is_named = (len(form.formats) > 1 and _FORMAT_WORDS.search(text)) or (
            form.has_system and _SYSTEM_WORDS.search(text)
        )
        if (is_named and status != 429) or (status < 500 and status not in _TEMPORARY):
            raise _RejectedForm(f"{status} {text}")
        return f"its server answered {status} {text}".rstrip()

    def _error_text(self, content: bytes) -> str:
        """Return the message of an error body, in any of the forms that servers use."""
        try:
            error = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            error = content.decode("utf-8", "replace")
            error = "a page of HTML" if error.lstrip().startswith("<") else error
        if isinstance(error, dict):
            error = error.get("error") or error
        if isinstance(error, dict):
            parts = (error.get("message") or error.get("detail"), error.get("code"))
            error = " ".join(str(part) for part in parts if part) or error
        text = self._redacted(" ".join(str(error)[: 4 * _MAX_QUOTED].split()))
        return text[:_MAX_QUOTED].rstrip(".")

    def _redacted(self, text: str) -> str:
        """Remove the key, and the parts of a wrong key that servers quote."""
        key = self._address.key
        if key is None:
            return text
        text = text.replace(key, "***")
        part = f"{re.escape(key[:4])}|{re.escape(key[-4:])}"
        return re.sub(rf"\S*(?:{part})\S*", "***", text) if len(key) >= 8 else text

    def _send(self, content: bytes, deadline: float) -> _Answer:
        remaining = max(0.001, deadline - time.monotonic())
        patience = min(remaining, _ATTEMPT_SHARE * self._timeout)
        with self._session.post(
            f"{self._address.base_url}/chat/completions",
            data=content,
            timeout=(min(_CONNECT_SECONDS, patience), patience),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            # Read as it arrives, so that a server which sends slowly cannot pass the deadline.
            while part := response.raw.read1(1 << 16, decode_content=True):
                body += part
                if len(body) > _MAX_BYTES:
                    raise NoAnswerError(f"The model's answer has more than {_MAX_BYTES:,} bytes.")
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            return _Answer(response.status_code, retry_after(response.headers), bytes(body))


def _body(form: _Form, prompt: Sequence[ChatMessage], schema: Mapping[str, Any]) -> dict[str, Any]:
    first, *others = prompt
    if not form.has_system and first["role"] == "system" and others:
        merged = f"{first['content']}\n\n{others[0]['content']}"
        first, *others = {**others[0], "content": merged}, *others[1:]
    body: dict[str, Any] = {"messages": [first, *others]}
    kind = form.formats[0]
    if kind == "json_schema":
        answer = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": kind, "json_schema": answer}
    elif kind == "json_object":
        body["response_format"] = {"type": kind}
    if form.has_temperature:
        body["temperature"] = 0
    return body


def _reduced(form: _Form, reason: str) -> _Form | None:
    """Return the form without the option that was rejected; None if none is left to drop."""
    if form.has_temperature and "temperature" in reason:
        return form._replace(has_temperature=False)
    if form.has_system and _SYSTEM_WORDS.search(reason):
        return form._replace(has_system=False)
    return form._replace(formats=form.formats[1:]) if form.formats[1:] else None


def _as_failed(answer: _Answer, error: Any) -> _Answer:
    """Return an answer with the status of the error that it reports under status 200."""
    code = str(error.get("code")) if isinstance(error, Mapping) else ""
    status = int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500
    body = {"error": error or "the answer has no choices"}
    return answer._replace(status=status, content=msgspec.json.encode(body))


def _text(content: Any) -> str:
    """Return the text of a message; of a content in parts, all but the thoughts."""
    if isinstance(content, Mapping):
        return msgspec.json.encode(content).decode()
    texts = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, Mapping) and part.get("type", "text") in ("text", "output_text"):
            part = part.get("text")
        if isinstance(part, str):
            texts.append(part)
    return "".join(texts)


def _is_json(text: str) -> bool:
    with suppress(msgspec.DecodeError, RecursionError):
        msgspec.json.decode(text)
        return True
    return False


def _cut(prompt: Sequence[ChatMessage], *, tokens: int) -> tuple[str, ...]:
    """Return a note if the server saw fewer tokens than the prompt must have."""
    # Long runs of one character are few tokens; a Chinese character is about one.
    texts = [_REPEATED.sub(r"\1\1\1", message["content"]) for message in prompt]
    letters = sum(len(text) + 3 * len(_WIDE.findall(text)) for text in texts)
    most = _USUAL_LETTERS if tokens % _ROUND == 0 else _MOST_LETTERS
    if tokens < _FEWEST_TOKENS or letters <= tokens * most:
        return ()
    return (
        f"The prompt was cut: the model's server saw only {tokens:,} tokens of about "
        f"{letters // _USUAL_LETTERS:,}. Raise its context length, or use another model.",
    )


def _session(address: ModelAddress) -> requests.Session:
    session = requests.Session()
    session.headers.update({"accept": "application/json", "content-type": "application/json"})
    if address.key is not None:
        session.headers["authorization"] = f"Bearer {address.key}"
    session.trust_env = not is_loopback(address.base_url)
    # An entry in ~/.netrc must not replace the key.
    session.auth = lambda request: request
    return session
