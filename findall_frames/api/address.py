"""Where a service is, and whether the key may travel there."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from findall_frames.addresses import HOSTED_URL, is_loopback
from findall_frames.errors import InvalidRequestError, MissingKeyError

__all__ = ["default_url", "key_and_url"]


def key_and_url(api_key: str | None, base_url: str | None) -> tuple[str, str]:
    """Give the key ("" for none) and the base URL, from the arguments or the environment."""
    key = (os.environ.get("PARALLEL_API_KEY", "") if api_key is None else api_key).strip()
    url = _checked_url(base_url) if base_url else default_url()
    if not key and url == HOSTED_URL:
        raise MissingKeyError(
            "The hosted FindAll service needs an API key, and there is none: set the environment "
            "variable PARALLEL_API_KEY or pass Client(api_key=...). To search your own data "
            'without a key, pass client=ff.local("packages") or client=ff.local(your_dataframe).'
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidRequestError(
            "The API key holds a space or a character that no HTTP header can carry. Copy it "
            "again, without quotes or line breaks."
        )
    if key and url.startswith("http://") and not is_loopback(url):
        raise InvalidRequestError(
            f"The key would travel unencrypted to {urlsplit(url).hostname}. Use https://, or "
            'pass api_key="" if that service needs no key.'
        )
    return key, url


def default_url() -> str:
    """Give the service that is meant where none is named."""
    return _checked_url(os.environ.get("PARALLEL_BASE_URL") or HOSTED_URL)


def _checked_url(text: str) -> str:
    address = urlsplit(text.strip())
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InvalidRequestError(
            f"base_url must begin with https:// or http:// and name a host, not {text!r}. The "
            f"hosted service is {HOSTED_URL}."
        )
    if address.username is not None or address.password is not None:
        raise InvalidRequestError(
            "base_url must not hold a user name or password; pass Client(api_key=...) instead."
        )
    return text.strip().rstrip("/")
