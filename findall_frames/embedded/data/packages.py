"""The distributions installed in this environment, as a table."""

from __future__ import annotations

import re
from email.message import Message
from importlib import metadata
from typing import cast

import pyarrow as pa

__all__ = ["packages_table"]

_SCHEMA = pa.schema(
    [
        ("name", pa.large_string()),
        ("version", pa.large_string()),
        ("summary", pa.large_string()),
        ("license", pa.list_(pa.large_string())),
        ("requires_python", pa.large_string()),
        ("dependencies", pa.list_(pa.large_string())),
        ("classifiers", pa.list_(pa.large_string())),
        ("author", pa.large_string()),
        ("keywords", pa.list_(pa.large_string())),
        ("project_urls", pa.list_(pa.large_string())),
        ("url", pa.large_string()),
        ("readme", pa.large_string()),
    ]
)
_HOME_LABELS = ("homepage", "home", "home page", "website", "source", "repository", "documentation")
_REQUIREMENT_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r";.*\bextra\s*==")


def packages_table() -> pa.Table:
    """One row per installed distribution, by name; the first on the path wins, as for import."""
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(_normal(name), distribution)
    rows = [_row(found[name]) for name in sorted(found)]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _row(distribution: metadata.Distribution) -> dict[str, object]:
    # The metadata is a message, whose body is the description; its type says less.
    about = cast(Message, distribution.metadata)
    stated = {key.lower(): value for key, value in about.items() if value != "UNKNOWN"}
    classifiers = about.get_all("Classifier") or []
    addresses = [address for address in about.get_all("Project-URL") or [] if "," in address]
    return {
        "name": about["Name"],
        "version": distribution.version,
        "summary": stated.get("summary"),
        "license": _licenses(stated, classifiers) or None,
        "requires_python": stated.get("requires-python"),
        "dependencies": _dependencies(distribution),
        "classifiers": classifiers,
        "author": stated.get("author") or stated.get("author-email"),
        "keywords": _keywords(stated.get("keywords", "")),
        "project_urls": addresses,
        "url": stated.get("home-page") or _home(addresses),
        "readme": stated.get("description") or about.get_payload() or None,
    }


def _licenses(stated: dict[str, str], classifiers: list[str]) -> list[str]:
    """What the metadata says in each of the three places where it can say it, once each."""
    free_text = stated.get("license", "").strip().splitlines()
    said = [stated.get("license-expression", ""), *(line.strip() for line in free_text[:1])]
    for classifier in classifiers:
        if classifier.startswith("License ::"):
            last = classifier.rpartition("::")[2].strip()
            # "OSI Approved" alone says that there is a license, not which.
            if last != "OSI Approved":
                said.append(last)
    return list(dict.fromkeys(line for line in said if line))


def _dependencies(distribution: metadata.Distribution) -> list[str]:
    """Names of what is installed with it; what an extra would add is left out."""
    names = []
    for requirement in distribution.requires or []:
        match = _REQUIREMENT_NAME.match(requirement)
        if match and not _EXTRA.search(requirement):
            names.append(match.group(1))
    return list(dict.fromkeys(names))


def _keywords(text: str) -> list[str]:
    parts = text.split(",") if "," in text else text.split()
    return [part.strip() for part in parts if part.strip()]


def _home(addresses: list[str]) -> str | None:
    by_label = {}
    for line in addresses:
        label, _, address = line.partition(",")
        by_label[label.strip().lower()] = address.strip()
    for label in _HOME_LABELS:
        if label in by_label:
            return by_label[label]
    return next(iter(by_label.values()), None)
