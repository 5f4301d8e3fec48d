"""Open a language model from its name, its address, or a callable."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from findall_frames.addresses import HOSTED_URL, is_loopback
from findall_frames.embedded.chat.completions import Completions, ModelAddress
from findall_frames.embedded.chat.language_model import (
    ChatMessage,
    Model,
    NoAnswerError,
    Reply,
    UnusableError,
    Usage,
)
from findall_frames.errors import EvaluatorError

__all__ = ["open_model", "read_address"]

# By name: the base URL, the path below it, and the environment variables that replace the URL and
# hold the key.
_PROVIDERS: Final = {
    "openai": ("https://api.openai.com/v1", "", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
    "parallel": (HOSTED_URL, "/v1beta", "PARALLEL_BASE_URL", "PARALLEL_API_KEY"),
}
_FORMS: Final = (
    "Write 'openai:MODEL', such as 'openai:gpt-4o-mini'; 'parallel:MODEL', such as "
    "'parallel:speed'; or the base URL of any server with chat completions, followed by '#' and "
    "the model: 'http://127.0.0.1:11434/v1#llama3.2'. A callable works as well."
)


def open_model(model: str | Callable[..., str], *, at_once: int | None = None) -> Model:
    """Open a language model without sending a request.

    Parameters
    ----------
    model : str or callable
        ``"openai:MODEL"``, ``"parallel:MODEL"``, the base URL of a server followed by ``#`` and
        the model, or a callable ``(messages, *, schema) -> str``.
    at_once : int, optional
        How many requests may run at the same time. Default: 8, or 1 for a callable, which may
        not be thread-safe.

    Raises
    ------
    EvaluatorError
        If `model` is none of these, or its key is missing.

    Examples
    --------
    >>> open_model("http://127.0.0.1:11434/v1#llama3.2").name
    'llama3.2'
    """
    if isinstance(model, str):
        return Completions(read_address(model), at_once=8 if at_once is None else at_once)
    if callable(model):
        return _CallableModel(model, at_once=1 if at_once is None else at_once)
    raise EvaluatorError(
        "Expected the name of a language model as text, or a callable (messages, *, schema) -> "
        f"str; got {type(model).__name__}."
    )


def read_address(text: str, *, environ: Mapping[str, str] = os.environ) -> ModelAddress:
    """Parse ``"openai:MODEL"``, ``"parallel:MODEL"`` or ``"BASE_URL#MODEL"``.

    The key is taken from ``OPENAI_API_KEY``, or from ``PARALLEL_API_KEY`` for Parallel.
    ``OPENAI_BASE_URL`` and ``PARALLEL_BASE_URL`` replace the base URL of either. Raises
    `EvaluatorError` if the text has another form, or if the key is missing or does not fit into
    an HTTP header.

    Examples
    --------
    >>> read_address("http://127.0.0.1:11434/v1/#llama3.2", environ={})
    ModelAddress(base_url='http://127.0.0.1:11434/v1', model='llama3.2')
    """
    kind, _, rest = text.strip().partition(":")
    kind, model = kind.lower(), rest.strip()
    if kind in _PROVIDERS and model:
        default, path, url_variable, key_variable = _PROVIDERS[kind]
        replacement = environ.get(url_variable, "").strip()
        base_url = (_base_url(replacement, owner=url_variable) if replacement else default) + path
        key = _key(key_variable, base_url, environ)
        if key is None and not replacement:
            raise EvaluatorError(
                f"{text[:200]!r} needs a key, and there is none: set the environment variable "
                f"{key_variable}, or name another model. {_FORMS}"
            )
        return ModelAddress(base_url, model, key, key_variable)
    url, _, fragment = text.strip().partition("#")
    model = unquote(fragment).strip()
    if kind not in ("http", "https") or not model:
        shown = _without_credentials(text)
        raise EvaluatorError(f"Expected the name of a language model; got {shown!r}. {_FORMS}")
    base_url = _base_url(url, owner="the model")
    # A key of one company must not be sent to another.
    is_parallel = urlsplit(base_url).hostname == urlsplit(HOSTED_URL).hostname
    key_variable = _PROVIDERS["parallel" if is_parallel else "openai"][-1]
    return ModelAddress(base_url, model, _key(key_variable, base_url, environ), key_variable)


def _key(variable: str, base_url: str, environ: Mapping[str, str]) -> str | None:
    """Return the key, or None if there is none or it could be read on the way."""
    key = environ.get(variable, "").strip()
    is_private = base_url.startswith("https://") or is_loopback(base_url)
    if not key or not is_private:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EvaluatorError(
            f"The key in {variable} contains a space, a line break, a curly quote or another "
            "character that is not allowed in an HTTP header. Copy it again, without the text "
            "around it."
        )
    return key


def _base_url(url: str, *, owner: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or port == 0:
        shown = _without_credentials(url)
        raise EvaluatorError(f"Expected a base URL for {owner}; got {shown!r}. {_FORMS}")
    if "@" in parts.netloc:
        raise EvaluatorError(
            f"The URL of {owner} contains credentials, which would be shown with it. Remove them, "
            "and set the environment variable OPENAI_API_KEY."
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _without_credentials(url: str) -> str:
    return re.sub(r"//.*@", "//***@", url)[:200]


class _CallableModel(Model):
    """A model that is a function of the user."""

    def __init__(self, function: Callable[..., str], *, at_once: int) -> None:
        # The repr of the function might show what it holds, such as a key.
        name = getattr(function, "__qualname__", type(function).__qualname__)
        super().__init__(name, at_once=at_once)
        self._function = function

    def __repr__(self) -> str:
        return f"<model {self.name}>"

    def _ask(
        self, prompt: list[ChatMessage], schema: Mapping[str, Any], abandoned: threading.Event
    ) -> Reply:
        """Call the function; an exception of it leaves only this question unanswered."""
        try:
            text = self._function([dict(message) for message in prompt], schema=dict(schema))
        except Exception as error:
            raise NoAnswerError(
                f"The model {self.name} raised {type(error).__name__}: {error}", is_silence=True
            ) from error
        if not isinstance(text, str):
            raise UnusableError(
                f"the model {self.name} has to return JSON text and returned {type(text).__name__}"
            )
        return Reply(text, Usage((self.name,), 1))
