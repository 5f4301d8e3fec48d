"""Read the metadata of the installed Python distributions as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message
from importlib import metadata
from typing import Final, cast

import pyarrow as pa

__all__ = ["packages_table"]

_TEXTS: Final = ("name", "version", "summary", "requires_python", "author", "url", "readme")
_LISTS: Final = ("license", "dependencies", "classifiers", "keywords", "project_urls")
_SCHEMA: Final = pa.schema(
    [(name, pa.large_string()) for name in _TEXTS]
    + [(name, pa.list_(pa.large_string())) for name in _LISTS]
)
_HOME: Final = ("homepage", "home", "home page", "website", "source", "repository", "documentation")
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?!.*;.*\bextra\s*==)")
"""The name of a dependency; those of extras do not match."""


def packages_table() -> pa.Table:
    """Return one row per installed distribution, by name; the first one on the path wins."""
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        if name := distribution.metadata["Name"]:
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution)
    return pa.Table.from_pylist([_row(found[name]) for name in sorted(found)], schema=_SCHEMA)


def _row(distribution: metadata.Distribution) -> dict[str, object]:
    # The metadata are an email message, with the description as body; their type is narrower.
    about = cast(Message, distribution.metadata)
    stated = {key.lower(): value for key, value in about.items() if value != "UNKNOWN"}
    classifiers = about.get_all("Classifier") or []
    addresses = [address for address in about.get_all("Project-URL") or [] if "," in address]
    needed = map(_REQUIREMENT.match, distribution.requires or [])
    return {
        "name": about["Name"],
        "version": distribution.version,
        "summary": stated.get("summary"),
        "license": _licenses(stated, classifiers) or None,
        "requires_python": stated.get("requires-python"),
        "dependencies": list(dict.fromkeys(match[1] for match in needed if match)),
        "classifiers": classifiers,
        "author": stated.get("author") or stated.get("author-email"),
        "keywords": _keywords(stated.get("keywords", "")),
        "project_urls": addresses,
        "url": stated.get("home-page") or _home(addresses),
        "readme": stated.get("description") or about.get_payload() or None,
    }


def _licenses(stated: dict[str, str], classifiers: Sequence[str]) -> list[str]:
    """Return the licenses from the three places that can state one, without repeats."""
    texts = [
        stated.get("license-expression", ""),
        *stated.get("license", "").strip().split("\n")[:1],
    ]
    texts += [each.rpartition("::")[2] for each in classifiers if each.startswith("License ::")]
    # "OSI Approved" alone does not name a license.
    return [
        line for line in dict.fromkeys(map(str.strip, texts)) if line not in {"", "OSI Approved"}
    ]


def _keywords(text: str) -> list[str]:
    parts = text.split(",") if "," in text else text.split()
    return [part.strip() for part in parts if part.strip()]


def _home(addresses: Sequence[str]) -> str | None:
    pairs = [line.partition(",") for line in addresses]
    by_label = {label.strip().lower(): address.strip() for label, _, address in pairs}
    homes = (by_label[label] for label in _HOME if label in by_label)
    return next(homes, None) or next(iter(by_label.values()), None)
