"""Language models by name, by address and as callables, and their keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from findall_frames.embedded.chat.language_model import NoAnswerError, UnusableError
from findall_frames.embedded.chat.open_model import open_model, read_address
from findall_frames.errors import EvaluatorError
from tests.support.chat_server import MESSAGES, RIGHT, SCHEMA, ask
from tests.support.scripted import KEY


@pytest.mark.parametrize(
    ("text", "environ", "base_url", "model", "key"),
    [
        ("openai:gpt-x", {"OPENAI_API_KEY": KEY}, "https://api.openai.com/v1", "gpt-x", KEY),
        ("OpenAI: gpt-x ", {"OPENAI_API_KEY": KEY}, "https://api.openai.com/v1", "gpt-x", KEY),
        (
            "parallel:speed",
            {"PARALLEL_API_KEY": KEY, "OPENAI_API_KEY": "other"},
            "https://api.parallel.ai/v1beta",
            "speed",
            KEY,
        ),
        (
            "openai:tiny",
            {"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1/", "OPENAI_API_KEY": KEY},
            "http://127.0.0.1:8080/v1",
            "tiny",
            KEY,
        ),
        (
            "openai:tiny",
            {"OPENAI_BASE_URL": "http://localhost:8080/v1"},
            "http://localhost:8080/v1",
            "tiny",
            None,
        ),
        (
            "parallel:base",
            {"PARALLEL_BASE_URL": "http://127.0.0.1:9000", "PARALLEL_API_KEY": KEY},
            "http://127.0.0.1:9000/v1beta",
            "base",
            KEY,
        ),
        (
            "https://models.example/v1/chat/completions#org/m%20x",
            {"OPENAI_API_KEY": KEY},
            "https://models.example/v1",
            "org/m x",
            KEY,
        ),
        (
            "https://api.parallel.ai/v1beta#speed",
            {"OPENAI_API_KEY": KEY},
            "https://api.parallel.ai/v1beta",
            "speed",
            None,
        ),
        (
            "http://models.example/v1#m",
            {"OPENAI_API_KEY": KEY},
            "http://models.example/v1",
            "m",
            None,
        ),
    ],
)
def test_a_name_is_parsed_with_its_own_key(
    text: str, environ: dict[str, str], base_url: str, model: str, key: str | None
) -> None:
    """The key is sent neither to another company nor over plain HTTP to another machine."""
    address = read_address(text, environ=environ)
    assert (address.base_url, address.model, address.key) == (base_url, model, key)


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("gpt-4o", {}, "openai:MODEL"),
        ("openai:", {}, "openai:MODEL"),
        ("", {}, "openai:MODEL"),
        ("http://127.0.0.1:1234/v1", {}, "followed by '#'"),
        ("http://#m", {}, "base URL"),
        ("http://127.0.0.1:0/v1#m", {}, "base URL"),
        ("http://127.0.0.1:99999/v1#m", {}, "base URL"),
        ("https://models.example/v1?x=1#m", {}, "base URL"),
        (f"https://me:{KEY}@models.example/v1#m", {}, "credentials"),
        (f"https://me:{KEY}@models.example/v1", {}, "name of a language model"),
        (f"https://me:{KEY}@models.example/v1?x=1#m", {}, "base URL"),
        ("openai:gpt-x", {}, "OPENAI_API_KEY"),
        ("openai:gpt-x", {"OPENAI_API_KEY": " \n"}, "OPENAI_API_KEY"),
        ("parallel:speed", {"OPENAI_API_KEY": KEY}, "PARALLEL_API_KEY"),
        ("openai:gpt-x", {"OPENAI_BASE_URL": "models.example"}, "OPENAI_BASE_URL"),
    ],
)
def test_an_invalid_name_is_refused_with_the_valid_forms(
    text: str, environ: dict[str, str], message: str
) -> None:
    """The message does not show credentials."""
    with pytest.raises(EvaluatorError, match=message) as refused:
        read_address(text, environ=environ)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("around", ["{}\n", " {}", "\t{}\r\n"])
def test_blanks_around_a_key_are_stripped(around: str) -> None:
    """They come from files and from copying."""
    environ = {"OPENAI_API_KEY": around.format(KEY)}
    assert read_address("openai:m", environ=environ).key == KEY


@pytest.mark.parametrize("key", ["“sk-abc”", "sk-a\nb", "sk-ä", "sk a", "sk-\x00"])
@pytest.mark.parametrize("text", ["openai:m", "http://127.0.0.1:1/v1#m"])
def test_a_key_that_no_header_can_carry_is_refused(key: str, text: str) -> None:
    """The message has the name of the variable, and not the key."""
    with pytest.raises(EvaluatorError, match="OPENAI_API_KEY contains") as refused:
        read_address(text, environ={"OPENAI_API_KEY": key})
    assert key not in str(refused.value)


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by an address nor by a model."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = open_model("openai:gpt-x")
    shown = [repr(model), model.name, str(vars(model)), repr(read_address("openai:gpt-x"))]
    assert KEY not in json.dumps(shown)


@pytest.mark.parametrize("model", [None, 7, ["openai:m"]])
def test_any_other_model_is_refused(model: object) -> None:
    """The message says what was expected."""
    with pytest.raises(EvaluatorError, match=r"callable \(messages"):
        open_model(model)  # type: ignore[arg-type]


# -- callables -----------------------------------------------------------------------------------


def test_a_callable_gets_the_schema_in_words_as_well() -> None:
    """It may pass the messages to any model."""
    calls: list[Any] = []

    def model(messages: Any, *, schema: Any) -> str:
        calls.append((messages, schema))
        return RIGHT

    reply = ask(open_model(model))
    assert (reply.text, reply.usage.requests) == (RIGHT, 1)
    ((messages, schema),) = calls
    assert schema == SCHEMA
    assert messages[1] == MESSAGES[1]
    assert '"right"' in messages[0]["content"]
    assert reply.usage.models[0].endswith("<locals>.model")


def test_an_exception_of_a_callable_is_reported() -> None:
    """With its type; it leaves one question unanswered."""

    def model(messages: Any, *, schema: Any) -> str:
        raise KeyError("weights")

    with pytest.raises(NoAnswerError, match="raised KeyError: 'weights'"):
        ask(open_model(model))


def test_a_callable_that_returns_no_text_is_reported() -> None:
    """As an unusable answer."""
    with pytest.raises(UnusableError, match="returned dict"):
        ask(open_model(lambda messages, *, schema: {"right": True}))  # type: ignore[arg-type, return-value]


def test_an_interrupt_within_a_callable_is_raised() -> None:
    """The user wants to stop."""

    def model(messages: Any, *, schema: Any) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(open_model(model))


def test_the_name_of_a_callable_shows_none_of_its_attributes() -> None:
    """Not even if its repr does."""

    class Holder:
        def __call__(self, messages: Any, *, schema: Any) -> str:
            return RIGHT

        def __repr__(self) -> str:
            return f"Holder({KEY})"

    model = open_model(Holder())
    assert model.name.endswith("Holder")
    assert KEY not in repr(model) + model.name
