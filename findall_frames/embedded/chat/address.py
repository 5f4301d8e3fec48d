"""Which language model is meant, where it is, and what key it is asked with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from findall_frames.embedded.server.endpoints import is_loopback
from findall_frames.errors import EvaluatorError

__all__ = ["ModelAddress", "read_address"]

_OPENAI: Final = "https://api.openai.com/v1"
_KEY_VARIABLE: Final = "OPENAI_API_KEY"
_URL_VARIABLE: Final = "OPENAI_BASE_URL"
_FORMS: Final = (
    "Write 'openai:MODEL', such as 'openai:gpt-4o-mini', or the base URL of any server that has "
    "chat completions, with the model behind a '#': 'http://127.0.0.1:11434/v1#llama3.2'. The "
    "model can be left out where the server has just one."
)


@dataclass(frozen=True)
class ModelAddress:
    """Where a model is.

    Attributes
    ----------
    base_url : str
        Without a slash at the end; ``/chat/completions`` follows.
    model : str or None
        None for the only one that the server has.
    key : str or None
        What the server is shown; never printed.
    """

    base_url: str
    model: str | None
    key: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"{self.model} at {self.base_url}" if self.model else self.base_url


def read_address(text: str, *, environ: Mapping[str, str] = os.environ) -> ModelAddress:
    """Read how a model is named.

    Parameters
    ----------
    text : str
        ``"openai:MODEL"``, or a base URL with or without ``#MODEL``.
    environ : mapping
        ``OPENAI_API_KEY`` is the key, and ``OPENAI_BASE_URL`` stands in for OpenAI's own address.

    Raises
    ------
    EvaluatorError
        It is neither, or there is no key for OpenAI.

    Examples
    --------
    >>> read_address("http://127.0.0.1:11434/v1/#llama3.2", environ={})
    ModelAddress(base_url='http://127.0.0.1:11434/v1', model='llama3.2')
    """
    if not isinstance(text, str):
        raise EvaluatorError(f"The evaluator has to be a text, not {text!r:.100}. {_FORMS}")
    key = environ.get(_KEY_VARIABLE) or None
    kind, _, model = text.partition(":")
    if kind == "openai" and model.strip():
        base_url = _base_url(environ.get(_URL_VARIABLE) or _OPENAI, named=_URL_VARIABLE)
        if base_url == _OPENAI and key is None:
            raise EvaluatorError(
                f"OpenAI needs a key: set the environment variable {_KEY_VARIABLE}, or name "
                f"another server. {_FORMS}"
            )
        return ModelAddress(base_url, model.strip(), key if _is_private(base_url) else None)
    if kind.lower() in ("http", "https"):
        url, _, fragment = text.partition("#")
        base_url = _base_url(url, named="the evaluator")
        model = unquote(fragment).strip()
        return ModelAddress(base_url, model or None, key if _is_private(base_url) else None)
    raise EvaluatorError(f"The evaluator {text[:200]!r} names no language model. {_FORMS}")


def _is_private(base_url: str) -> bool:
    """Whether nobody on the way can read a key."""
    return base_url.startswith("https://") or is_loopback(urlsplit(base_url).hostname or "")


def _base_url(url: str, *, named: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or port == 0:
        raise EvaluatorError(f"{named} is {url[:200]!r}, which is no base URL. {_FORMS}")
    if parts.username is not None or parts.password is not None:
        raise EvaluatorError(
            f"The URL of {named} holds credentials, which would be shown with it. Leave them out, "
            f"and set the environment variable {_KEY_VARIABLE}."
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"
