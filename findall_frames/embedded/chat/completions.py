"""Requests to a server with chat completions: patient, within a deadline, key kept at home.

With `requests`, which the package needs anyway. The `openai` client would bring six packages,
follows redirects with the data, and reads answers of one form only: what other servers do, such
as errors with status 200, would still have to be seen to here.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util.retry import Retry

from findall_frames.addresses import is_loopback
from findall_frames.embedded.chat.chat import (
    ChatMessage,
    Model,
    NoAnswerError,
    Reply,
    StoppedError,
    Usage,
    with_form,
)
from findall_frames.embedded.chat.provider import ModelAddress
from findall_frames.errors import EvaluatorError

__all__ = ["Completions"]

_log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 10.0
# Of a question's time, so that one which gets lost can be asked again.
_ATTEMPT_SHARE: Final = 0.6
# After so many it is given up; but a server that is only busy is asked until the time is over.
_ATTEMPTS: Final = 5
_BUSY: Final = frozenset((429, 503, 529))
_PASSING: Final = frozenset((408, 409, 425, 429))
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_MAX_BYTES: Final = 4 << 20
_SAID: Final = 300
# What no other question would change: these end a run at its first request.
_HOPELESS: Final = {
    401: "The key is missing or wrong: set {key} to one that this server takes. It is not sent "
    "over plain HTTP, except to this machine.",
    402: "Its account has no credit.",
    403: "The key may not use it.",
    404: "It has no such model, or the base URL is not right, which usually ends in /v1.",
    405: "The base URL is not right; it usually ends in /v1.",
    **dict.fromkeys(
        (301, 302, 303, 307, 308),
        "It points to another address, and redirects are not followed, since the data would go "
        "along. Name the right base URL.",
    ),
}
# A server may say with any status what it cannot do; the words differ.
_NAMES_FORMAT: Final = re.compile(
    r"response.?format|json.?(schema|object|mode)|grammar|structured|guided", re.IGNORECASE
)
_NAMES_SYSTEM: Final = re.compile(
    r"system.{0,3}(role|message|prompt|instruction)|roles? .{0,40}(system|alternate)"
    r"|developer instruction|user and assistant roles",
    re.IGNORECASE,
)
_ENDINGS: Final = {
    "length": "it was cut at its token limit. Let the server write more tokens, or ask for less",
    "content_filter": "the server's content filter held it back",
    "error": "it broke off with an error",
}
# A token is at most so many letters of a prompt that is whole; four are usual. Servers cut to
# round numbers of tokens, which are suspected sooner; few tokens are a count of something else.
_MOST_LETTERS, _USUAL_LETTERS, _ROUND, _FEWEST_TOKENS = 8, 4, 1024, 256
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)
_WIDE: Final = re.compile(r"[\u2e80-\ud7ff\U00020000-\U0003ffff]")


class _Refused(Exception):
    """The server finds the request wrong."""


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
    """How a server is asked; each refusal takes something away."""

    formats: tuple[str, ...] = ("json_schema", "json_object", "text")
    has_temperature: bool = True
    has_system: bool = True


class _Answer(NamedTuple):
    status: int
    pause: float | None
    content: bytes


_completions: Final = msgspec.json.Decoder(_Completion)


class Completions(Model):
    """A model behind a URL, as `Model` says.

    `timeout` are the seconds for a question, from its first attempt to the end of the last one. A
    model on a processor may take a minute for each, and has several waiting.
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

    def ask(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any],
        abandoned: threading.Event,
    ) -> Reply:
        """Have the model answer in JSON, as `Model.ask` says."""
        deadline = time.monotonic() + self._timeout
        told = with_form(messages, schema=schema)
        form, is_about_form = self._form, False
        while True:
            body = {"model": self.name, **_body(form, told, schema)}
            try:
                completion = self._completion(body, form, deadline, abandoned)
                break
            except _Refused as refused:
                said = str(refused)
                lower = _lowered(form, said)
                if lower is None:
                    why = f"The model's server refuses the question: {said}"
                    raise NoAnswerError(why) from None
                is_about_form |= lower.formats == form.formats or bool(_NAMES_FORMAT.search(said))
                form = lower
        # A question may be refused for its length only, and that must not change the others.
        if is_about_form or not self._has_answered:
            self._form = form
        self._has_answered = True
        return self._reply(completion, told)

    def _reply(self, completion: _Completion, told: Sequence[ChatMessage]) -> Reply:
        choice = completion.choices[0] if completion.choices else _Choice()
        message, ending = choice.message or _Message(), choice.finish_reason
        text = _text(message.content).strip()
        # Some go on with blanks behind a whole answer until they are cut.
        if ending in _ENDINGS and not (ending == "length" and _is_json(text)):
            raise NoAnswerError(f"The model's answer was of no use: {_ENDINGS[ending]}.")
        text = text or (_text(message.reasoning_content) or _text(message.reasoning)).strip()
        if not text:
            refusal = " ".join(_text(message.refusal).split())[:_SAID]
            why = f"it refuses: {self._redacted(refusal)}" if refusal else "the answer is empty"
            raise NoAnswerError(f"The model gave no answer: {why}")
        used = completion.usage or {}
        prompt, completed = (
            each if isinstance(each, int) else 0
            for each in (used.get("prompt_tokens"), used.get("completion_tokens"))
        )
        return Reply(text, Usage((self.name,), 1, prompt, completed), _cut(told, prompt))

    def _completion(
        self,
        body: Mapping[str, Any],
        form: _Form,
        deadline: float,
        abandoned: threading.Event,
    ) -> _Completion:
        """Send it until there is an answer that is one."""
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
                reason = self._passing(answer, form)
                is_busy = answer.status in _BUSY
                if answer.pause is not None:
                    pause = max(answer.pause, _FIRST_PAUSE)
            except (msgspec.DecodeError, UnicodeDecodeError):
                reason = f"the answer was no chat completion but {self._said(answer.content)}"
            except (requests.RequestException, HTTPError, OSError) as error:
                reason = f"there was no connection or it broke ({type(error).__name__})"
            if (attempt >= _ATTEMPTS and not is_busy) or time.monotonic() + pause >= deadline:
                break
            _log.info("the model's server stumbled: %s; again in %.1f s", reason, pause)
            if abandoned.wait(pause):
                raise StoppedError
        where = self._address.base_url
        raise NoAnswerError(f"The model at {where} gave no answer: {reason}.", is_silence=True)

    def _passing(self, answer: _Answer, form: _Form) -> str:
        """Return the reason for another attempt, or raise where that would not help."""
        status, said = answer.status, self._said(answer.content)
        if status == 403 and self._has_answered:
            # The key is right, so it is this question that may not be asked.
            raise NoAnswerError(f"The model's server refuses the question: 403 {said}")
        if "insufficient_quota" in said:
            status = 402
        if status in _HOPELESS:
            hint = _HOPELESS[status].format(key=self._address.key_variable)
            raise EvaluatorError(
                f"The language model {self._address} cannot be asked: its server answered "
                f"{answer.status}{said and ': '}{said}. {hint}"
            )
        is_named = (len(form.formats) > 1 and _NAMES_FORMAT.search(said)) or (
            form.has_system and _NAMES_SYSTEM.search(said)
        )
        if (is_named and status != 429) or (status < 500 and status not in _PASSING):
            raise _Refused(f"{status} {said}")
        return f"its server answered {status} {said}".rstrip()

    def _said(self, content: bytes) -> str:
        """Read what a server says of an error, in any of the forms that are about."""
        try:
            said = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = content.decode("utf-8", "replace")
            said = "a page of HTML" if said.lstrip().startswith("<") else said
        if isinstance(said, dict):
            said = said.get("error") or said
        if isinstance(said, dict):
            parts = (said.get("message") or said.get("detail"), said.get("code"))
            said = " ".join(str(part) for part in parts if part) or said
        return self._redacted(" ".join(str(said)[: 4 * _SAID].split()))[:_SAID].rstrip(".")

    def _redacted(self, text: str) -> str:
        """Take the key out, and the parts of it that servers show of a wrong one."""
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
            # As it arrives: a server that dribbles must not outlast the deadline.
            while part := response.raw.read1(1 << 16, decode_content=True):
                body += part
                if len(body) > _MAX_BYTES:
                    raise NoAnswerError(f"The model's answer has more than {_MAX_BYTES:,} bytes.")
                if time.monotonic() > deadline:
                    raise requests.exceptions.ReadTimeout
            pause = None
            with suppress(InvalidHeader):
                pause = Retry().get_retry_after(response.raw)
            return _Answer(response.status_code, pause, bytes(body))


def _body(form: _Form, told: Sequence[ChatMessage], schema: Mapping[str, Any]) -> dict[str, Any]:
    first, *others = told
    if not form.has_system and first["role"] == "system" and others:
        said = f"{first['content']}\n\n{others[0]['content']}"
        first, *others = {**others[0], "content": said}, *others[1:]
    body: dict[str, Any] = {"messages": [first, *others]}
    kind = form.formats[0]
    if kind == "json_schema":
        wanted = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": kind, "json_schema": wanted}
    elif kind == "json_object":
        body["response_format"] = {"type": kind}
    if form.has_temperature:
        body["temperature"] = 0
    return body


def _lowered(form: _Form, said: str) -> _Form | None:
    """Return the form to ask in after a refusal; None when nothing is left to change."""
    if form.has_temperature and "temperature" in said:
        return form._replace(has_temperature=False)
    if form.has_system and _NAMES_SYSTEM.search(said):
        return form._replace(has_system=False)
    return form._replace(formats=form.formats[1:]) if form.formats[1:] else None


def _as_failed(answer: _Answer, error: Any) -> _Answer:
    """Return an answer with status 200 with the status that its error has."""
    code = str(error.get("code")) if isinstance(error, Mapping) else ""
    status = int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500
    said = {"error": error or "the answer has no choices"}
    return answer._replace(status=status, content=msgspec.json.encode(said))


def _text(content: Any) -> str:
    """Return the text of a message, whose content may be a list of parts; thoughts are left out."""
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


def _cut(told: Sequence[ChatMessage], tokens: int) -> tuple[str, ...]:
    """Say so if the server has seen fewer tokens than the prompt must have."""
    # Long runs of one character are few tokens; Chinese characters are about one each.
    texts = [_RUN.sub(r"\1\1\1", message["content"]) for message in told]
    letters = sum(len(text) + 3 * len(_WIDE.findall(text)) for text in texts)
    most = _USUAL_LETTERS if tokens % _ROUND == 0 else _MOST_LETTERS
    if tokens < _FEWEST_TOKENS or letters <= tokens * most:
        return ()
    return (
        f"The prompt was cut: the model's server saw only {tokens:,} tokens of about "
        f"{letters // _USUAL_LETTERS:,}. Give it a longer context, or name a model that has one.",
    )


def _session(address: ModelAddress) -> requests.Session:
    session = requests.Session()
    session.headers.update({"accept": "application/json", "content-type": "application/json"})
    if address.key is not None:
        session.headers["authorization"] = f"Bearer {address.key}"
    session.trust_env = not is_loopback(address.base_url)
    # An entry in ~/.netrc must not take the place of the key.
    session.auth = lambda request: request
    return session
