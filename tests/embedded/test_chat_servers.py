"""Servers with chat completions: forms of answers, rejections, retries, deadlines, keys."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from findall_frames.embedded.chat import completions
from findall_frames.embedded.chat.completions import Completions
from findall_frames.embedded.chat.language_model import (
    NoAnswerError,
    Reply,
    StoppedError,
    UnusableError,
)
from findall_frames.embedded.chat.loose_json import json_in
from findall_frames.embedded.chat.open_model import open_model, read_address
from findall_frames.errors import EvaluatorError
from tests.support.chat_server import (
    MESSAGES,
    RIGHT,
    SCHEMA,
    ChatServer,
    ask,
    completion,
    refusal,
)
from tests.support.scripted import KEY, Request, ScriptedServer, answer
from tests.support.scripted import Reply as Sent


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A scripted server."""
    with ChatServer() as running:
        running.answers(completion(RIGHT))
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pauses a tenth of their length."""
    monkeypatch.setattr(completions, "_FIRST_PAUSE", 0.05)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def asked(server: ChatServer, *, key: str = "", seconds: float = 30.0, **more: Any) -> Reply:
    """Ask a new model one question."""
    address = read_address(server.model, environ={"OPENAI_API_KEY": key})
    return ask(Completions(address, timeout=seconds), **more)


def forms(server: ChatServer) -> list[str | None]:
    """Return the response formats of the requests."""
    return [each.content.get("response_format", {}).get("type") for each in server.questions()]


def only(*, kinds: tuple[str | None, ...], otherwise: Sent) -> Callable[[Request], Sent]:
    """Return a reply that answers requests with these response formats only."""

    def reply(request: Request) -> Sent:
        kind = request.content.get("response_format", {}).get("type")
        return completion(RIGHT) if kind in kinds else otherwise

    return reply


# -- forms of answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    {
        "plain": completion(RIGHT),
        "words around": completion(f"Here you are: {RIGHT} I hope this helps {{or not}}."),
        "fences": completion(f"```json\n{RIGHT}\n```"),
        "thought": completion(f'<think>If {{"right": false}}...</think>\n{RIGHT}'),
        "thought without its beginning": completion(f"It is {{x}}.</think>{RIGHT}"),
        "parts": completion(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "{Hm}"}]},
                {"type": "text", "text": RIGHT[:5]},
                {"type": "text", "text": RIGHT[5:]},
            ]
        ),
        "texts": completion([RIGHT]),
        "an object": completion(json.loads(RIGHT)),
        "in reasoning_content": completion(None, reasoning_content=RIGHT),
        "in reasoning": completion("", reasoning=RIGHT),
        "beside reasoning": completion(RIGHT, reasoning_content="Two and two..."),
        "blanks until the limit": completion(RIGHT + "\n" * 999, finish="length"),
        "no usage": answer({"choices": [{"message": {"content": RIGHT}}]}),
        "odd usage": answer(
            {"choices": [{"message": {"content": RIGHT}}], "usage": {"prompt_tokens": None}}
        ),
        "error null": answer({"choices": [{"message": {"content": RIGHT}}], "error": None}),
        "status 201": Sent(201, completion(RIGHT).pieces),
    }.items(),
    ids=lambda item: item[0],
)
def test_an_answer_is_read_in_many_forms(server: ChatServer, sent: tuple[str, Sent]) -> None:
    """With one request."""
    server.answers(sent[1])
    assert json_in(asked(server).text) == {"right": True}
    assert len(server.questions()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I would say so.", "contains no JSON: I would say so"),
        ("", "is empty"),
        ("<think>Hm", "contains no JSON"),
        ('{"right": tru', "contains no JSON"),
        ('{"right": NaN}', "contains no JSON"),
        ('{"right": "\ud800"}', "contains no JSON"),
        ('{"right": ' + "1" * 9_999 + "}", "contains no JSON"),
        ("[" * 100_000, "contains no JSON"),
        ('{"a":' * 100_000, "contains no JSON"),
    ],
)
def test_a_text_without_json_is_refused(text: str, message: str) -> None:
    """Quickly, even if it is long or deeply nested."""
    begun = time.process_time()
    with pytest.raises(UnusableError, match=message):
        json_in(text)
    assert time.process_time() - begun < 2


def test_a_tag_within_an_answer_does_not_cut_it() -> None:
    """A quoted row may contain one."""
    value = {"excerpts": ["a </think> b"], "more": {"c": 1}}
    assert json_in(json.dumps(value)) == value


def test_the_schema_is_sent_in_words_and_as_an_option(server: ChatServer) -> None:
    """Many servers use only one of them."""
    asked(server)
    sent = server.questions()[0].content
    assert json.dumps(SCHEMA, separators=(",", ":")) in sent["messages"][0]["content"]
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (sent["model"], sent["temperature"]) == ("tiny", 0)


# -- rejections ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "otherwise",
    [
        refusal(400, "response_format is not supported"),
        refusal(422, "Extra inputs are not permitted"),
        refusal(500, 'response_format type must be one of "text" or "json_object"'),
        refusal(501, "json_schema is not implemented"),
        answer({"error": {"message": "no json_schema", "code": 400}, "choices": None}),
    ],
    ids=["400", "422", "500", "501", "200"],
)
def test_a_server_without_schemas_is_asked_for_json_and_then_for_text(
    server: ChatServer, otherwise: Sent
) -> None:
    """Later questions use the form that worked."""
    model = open_model(server.model)
    server.answers(only(kinds=("json_object",), otherwise=otherwise))
    assert ask(model).text == RIGHT
    assert ask(model).text == RIGHT
    assert forms(server) == ["json_schema", "json_object", "json_object"]
    server.answers(only(kinds=(None,), otherwise=otherwise))
    model = open_model(server.model)
    assert ask(model).text == RIGHT
    assert forms(server)[3:] == ["json_schema", "json_object", None]


def test_a_question_that_is_rejected_does_not_change_the_form(server: ChatServer) -> None:
    """It may be too long, and a simpler form would be worse for the others."""
    model = open_model(server.model)
    ask(model)
    server.answers(only(kinds=(None,), otherwise=refusal(400, "maximum context length is 9")))
    ask(model)
    ask(model)
    assert forms(server)[-3:] == ["json_schema", "json_object", None]


def test_a_question_that_is_always_rejected_has_no_answer(server: ChatServer) -> None:
    """The message quotes the server."""
    server.answers(refusal(400, "This model's maximum context length is 10 tokens."))
    with pytest.raises(NoAnswerError, match="maximum context length") as refused:
        asked(server)
    assert not refused.value.is_silence


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "System role not supported"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Only user and assistant roles are supported!"),
        (400, "Developer instruction is not enabled for models/gemma"),
        (500, "Jinja Exception: System role not supported"),
    ],
)
def test_a_model_without_a_system_role_gets_one_user_message(
    server: ChatServer, status: int, reason: str
) -> None:
    """The response format stays."""

    def strict(request: Request) -> Sent:
        roles = [each["role"] for each in request.content["messages"]]
        return refusal(status, reason) if "system" in roles else completion(RIGHT)

    server.answers(strict)
    model = open_model(server.model)
    ask(model)
    ask(model)
    assert forms(server) == ["json_schema"] * 3
    (message,) = server.questions()[-1].content["messages"]
    assert all(each["content"] in message["content"] for each in MESSAGES[1:])
    assert message["content"].startswith(MESSAGES[0]["content"])


def test_a_model_without_a_temperature_is_asked_without_it(server: ChatServer) -> None:
    """The response format stays."""

    def fixed(request: Request) -> Sent:
        if "temperature" in request.content:
            return refusal(400, "Unsupported value: 'temperature' does not support 0.")
        return completion(RIGHT)

    server.answers(fixed)
    asked(server)
    assert forms(server) == ["json_schema"] * 2


# -- temporary failures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        *(refusal(status, "Overloaded") for status in (429, 500, 503, 520, 522, 524, 529)),
        refusal(503, "The system is overloaded"),
        Sent(502, (b"<html>Bad gateway</html>",), {"content-type": "text/html"}),
        Sent(200, (b"<!doctype html><p>Log in",), {"content-type": "text/html"}),
        Sent(200, (b'{"choices": [{"mess',), {"content-length": "4000"}, then="close"),
        Sent(200, (b'{"choices": [{"mess',), framing="chunked", then="reset"),
        Sent(0, (), then="close"),
        answer({"choices": []}),
        answer({"error": "overloaded"}),
        answer({"error": {"message": "Provider returned error", "code": 502}, "choices": None}),
        answer({"choices": [{"error": {"message": "Upstream", "code": 503}, "message": {}}]}),
    ],
)
def test_temporary_failures_are_retried_in_the_same_form(server: ChatServer, failure: Sent) -> None:
    """The answer of the third attempt counts."""
    server.answers(failure, failure, completion(RIGHT))
    assert asked(server).text == RIGHT
    assert forms(server) == ["json_schema"] * 3


def test_retry_after_is_respected(server: ChatServer) -> None:
    """The second attempt is not sooner."""
    server.answers(refusal(429, "Slow down", retry_after="1"), completion(RIGHT))
    begun = time.monotonic()
    asked(server)
    assert time.monotonic() - begun >= 1


def test_a_retry_after_beyond_the_deadline_fails_at_once(server: ChatServer) -> None:
    """The message quotes the server."""
    server.answers(refusal(429, "Come back tomorrow", retry_after="86400"))
    with pytest.raises(NoAnswerError, match="Come back tomorrow") as silent:
        asked(server)
    assert silent.value.is_silence


@pytest.mark.parametrize("odd", ["9" * 5000, "1e400", "soon", "Fri, 31 Dec 999999 23:59:59 GMT"])
def test_an_odd_retry_after_is_ignored(server: ChatServer, odd: str) -> None:
    """It comes from outside."""
    server.answers(refusal(429, "Slow down", retry_after=odd), completion(RIGHT))
    assert asked(server).text == RIGHT
    assert len(server.questions()) == 2


@pytest.mark.parametrize(("status", "attempts"), [(429, 8), (529, 8), (500, 5)])
def test_a_busy_server_gets_more_attempts_than_a_failing_one(
    server: ChatServer, status: int, attempts: int
) -> None:
    """Up to the deadline of the question."""
    server.answers(*[refusal(status, "Not now", retry_after="0")] * 7, completion(RIGHT))
    if attempts > 7:
        asked(server)
    else:
        with pytest.raises(NoAnswerError, match="Not now"):
            asked(server)
    assert len(server.questions()) == attempts


@pytest.mark.parametrize(
    "sent",
    [
        Sent(200, (b'{"choices"', *([0.05, b" "] * 200)), framing="chunked", then="hang"),
        Sent(200, (b"",), then="hang", headers={"content-length": "10"}),
        Sent(0, (), then="hang"),
    ],
    ids=["dribbles", "hangs in the body", "hangs"],
)
def test_a_question_ends_at_its_deadline(server: ChatServer, sent: Sent) -> None:
    """Also if the server keeps sending bytes."""
    server.answers(sent)
    begun = time.monotonic()
    with pytest.raises(NoAnswerError, match="gave no answer"):
        asked(server, seconds=0.5)
    assert time.monotonic() - begun < 8  # it dribbles for ten seconds, or hangs


def test_a_lost_question_is_repeated(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Part of its time is reserved for that."""
    monkeypatch.setattr(completions, "_ATTEMPT_SHARE", 0.05)
    server.answers(Sent(0, (), then="hang"), completion(RIGHT))
    assert asked(server, seconds=20.0).text == RIGHT


def test_an_endless_answer_is_cut_off(server: ChatServer) -> None:
    """Before it fills the memory."""
    server.answers(Sent(200, (b" " * 70_000,) * 100, framing="chunked"))
    with pytest.raises(NoAnswerError, match="more than"):
        asked(server)


def test_an_abandoned_question_ends_between_attempts(server: ChatServer) -> None:
    """Without waiting for the others."""
    server.answers(refusal(429, "Slow down", retry_after="20"))
    abandoned = threading.Event()
    threading.Timer(0.2, abandoned.set).start()
    with pytest.raises(StoppedError):
        open_model(server.model).ask(MESSAGES, schema=SCHEMA, abandoned=abandoned)


# -- useless answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (completion(RIGHT[:8], finish="length"), "cut at its token limit"),
        (completion(None, finish="content_filter"), "content filter"),
        (completion(RIGHT[:8], finish="error"), "ended with an error"),
        (completion(None, refusal="I cannot help with that."), "I cannot help with that"),
        (completion(""), "the answer is empty"),
        (completion(None), "the answer is empty"),
        (completion([]), "the answer is empty"),
    ],
    ids=["cut", "filtered", "broken off", "refused", "empty", "null", "no parts"],
)
def test_a_useless_answer_is_not_requested_again(
    server: ChatServer, sent: Sent, message: str
) -> None:
    """Another question may get an answer."""
    server.answers(sent)
    with pytest.raises(NoAnswerError, match=message) as refused:
        asked(server)
    assert not refused.value.is_silence
    assert len(server.questions()) == 1


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (refusal(401, f"Incorrect API key provided: {KEY}."), "set OPENAI_API_KEY"),
        (refusal(401, f"Incorrect API key provided: {KEY[:4]}****{KEY[-4:]}"), "Incorrect API key"),
        (refusal(403, "Forbidden"), "may not use it"),
        (refusal(404, "The model `tiny` does not exist"), "The model `tiny` does not exist"),
        (Sent(405, (b"Method Not Allowed",)), "usually ends in /v1"),
        (refusal(402, "Pay first"), "no credit"),
        (answer({"error": {"message": "x", "code": "insufficient_quota"}}, status=429), "credit"),
        (
            answer({"choices": None, "error": {"message": "Insufficient credits.", "code": 402}}),
            "Insufficient credits",
        ),
        (answer({"error": {"message": "No auth credentials", "code": "401"}}), "No auth cred"),
        (Sent(307, (), {"location": "http://127.0.0.1:9/"}), "redirects are not followed"),
    ],
)
def test_a_model_that_cannot_be_used_is_an_error_at_once(
    server: ChatServer, sent: Sent, message: str
) -> None:
    """The message quotes the server, without the key or parts of it."""
    server.answers(sent)
    with pytest.raises(EvaluatorError, match=message) as refused:
        asked(server, key=KEY)
    assert len(server.questions()) == 1
    assert server.questions()[0].headers["authorization"] == f"Bearer {KEY}"
    assert not any(part in str(refused.value) for part in (KEY, KEY[:4], KEY[-4:]))


def test_a_forbidden_question_does_not_affect_others(server: ChatServer) -> None:
    """If the key has worked before, status 403 is about the question."""
    server.answers(completion(RIGHT), refusal(403, "Your input was flagged"))
    model = open_model(server.model)
    ask(model)
    with pytest.raises(NoAnswerError, match="flagged"):
        ask(model)


def test_a_key_is_sent_to_its_server_only(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not along a redirect, and not to the log."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ScriptedServer() as other:
        server.answers(
            refusal(500, f"Oops, {KEY}", retry_after="0"),
            Sent(302, (), {"location": f"{other.url}/v1/chat/completions"}),
        )
        with pytest.raises(EvaluatorError, match="redirects"):
            ask(open_model(server.model))
        assert other.requests == []
    assert "The model's server failed" in caplog.text
    assert KEY not in caplog.text


def test_an_unreachable_server_is_silent() -> None:
    """It may come back, so this does not end the run at once."""
    taken = socket.socket()  # bound and not listening, so that no other test gets the port
    taken.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    model = Completions(read_address(f"{url}/v1#tiny", environ={}), timeout=0.5)
    with pytest.raises(NoAnswerError, match="no connection") as silent:
        ask(model)
    assert silent.value.is_silence
    taken.close()


# -- a prompt that was cut -----------------------------------------------------------------------

ENGLISH = "The quick brown fox jumps over the lazy dog and finds a bed of gravel there. "


@pytest.mark.parametrize(
    ("text", "tokens", "is_cut"),
    [
        (ENGLISH * 280, 4096, True),
        (ENGLISH * 280, 2048, True),
        (ENGLISH * 280, 4_700, False),
        (ENGLISH * 280, 0, False),
        (ENGLISH * 50, 1_000, False),
        ("狐狸跳过懒狗，在那里发现了一片砾石。" * 500, 4096, True),
        ("狐狸跳过懒狗，在那里发现了一片砾石。" * 500, 7_000, False),
        ("Лиса прыгает через собаку. " * 500, 3_400, False),
        (" " * 40_000, 300, False),
        ("=" * 40_000, 700, False),
        ("0.123456789 " * 1_000, 6_000, False),
    ],
)
def test_a_prompt_that_the_server_cut_is_reported(
    server: ChatServer, text: str, tokens: int, is_cut: bool
) -> None:
    """By its count of tokens; complete prompts are not reported."""
    server.answers(completion(RIGHT, tokens=tokens))
    notes = asked(server, messages=[{"role": "user", "content": text}]).notes
    assert len(notes) == is_cut
    if is_cut:
        assert f"cut: the model's server saw only {tokens:,} tokens" in notes[0]
