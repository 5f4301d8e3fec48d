"""Which language model is meant, where it is, and what key it is asked with."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from findall_frames.addresses import HOSTED_URL, is_loopback
from findall_frames.errors import EvaluatorError

__all__ = ["ModelAddress", "read_address"]

# By name: the address, the path below it, and what stands in for the address and holds the key.
_PROVIDERS: Final = {
    "openai": ("https://api.openai.com/v1", "", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
    "parallel": (HOSTED_URL, "/v1beta", "PARALLEL_BASE_URL", "PARALLEL_API_KEY"),
}
_FORMS: Final = (
    "Write 'openai:MODEL', such as 'openai:gpt-4o-mini'; 'parallel:MODEL', such as "
    "'parallel:speed'; or the base URL of any server that has chat completions, with the model "
    "behind a '#': 'http://127.0.0.1:11434/v1#llama3.2'. A callable will do as well."
)


@dataclass(frozen=True)
class ModelAddress:
    """Where a model is: ``/chat/completions`` follows the base URL. The key is never printed."""

    base_url: str
    model: str
    key: str | None = field(repr=False)
    key_variable: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.model} at {self.base_url}"


def read_address(text: str, *, environ: Mapping[str, str] = os.environ) -> ModelAddress:
    """Return what is meant by ``"openai:MODEL"``, ``"parallel:MODEL"`` or ``"BASE_URL#MODEL"``.

    The key is in ``OPENAI_API_KEY``, or in ``PARALLEL_API_KEY`` for Parallel. ``OPENAI_BASE_URL``
    and ``PARALLEL_BASE_URL`` stand in for the address of either. Raises `EvaluatorError` if it is
    none of these, the key is missing, or no HTTP header can carry the key.

    Examples
    --------
    >>> read_address("http://127.0.0.1:11434/v1/#llama3.2", environ={})
    ModelAddress(base_url='http://127.0.0.1:11434/v1', model='llama3.2')
    """
    kind, _, rest = text.strip().partition(":")
    kind, model = kind.lower(), rest.strip()
    if kind in _PROVIDERS and model:
        default, path, url_variable, key_variable = _PROVIDERS[kind]
        named = environ.get(url_variable, "").strip()
        base_url = (_base_url(named, named=url_variable) if named else default) + path
        key = _key(key_variable, base_url, environ)
        if key is None and not named:
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
    base_url = _base_url(url, named="the model")
    # The key for one company must not be shown to another.
    is_parallel = urlsplit(base_url).hostname == urlsplit(HOSTED_URL).hostname
    key_variable = _PROVIDERS["parallel" if is_parallel else "openai"][-1]
    return ModelAddress(base_url, model, _key(key_variable, base_url, environ), key_variable)


def _key(variable: str, base_url: str, environ: Mapping[str, str]) -> str | None:
    """Return the key, unless there is none or somebody on the way could read it."""
    key = environ.get(variable, "").strip()
    is_private = base_url.startswith("https://") or is_loopback(base_url)
    if not key or not is_private:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EvaluatorError(
            f"The key in {variable} holds a space, a line break, a curly quote or another "
            "character that no HTTP header can carry. Copy it again, without what stands around it."
        )
    return key


def _base_url(url: str, *, named: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or port == 0:
        shown = _without_credentials(url)
        raise EvaluatorError(f"Expected a base URL for {named}; got {shown!r}. {_FORMS}")
    if "@" in parts.netloc:
        raise EvaluatorError(
            f"The URL of {named} holds credentials, which would be shown with it. Leave them out, "
            "and set the environment variable OPENAI_API_KEY."
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _without_credentials(url: str) -> str:
    return re.sub(r"//.*@", "//***@", url)[:200]
