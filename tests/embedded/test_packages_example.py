"""The main example, checked against importlib.metadata independently."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

import pytest

import findall_frames as ff

QUESTION = (
    "Find all installed Python packages that have an Apache license and require Python 3.10 "
    "or later"
)


def licences(distribution: Distribution) -> list[str]:
    """Return all statements of the metadata about the license."""
    said = distribution.metadata
    classifiers = [text for text in said.get_all("Classifier") or [] if "License" in text]
    return [
        *(said.get_all("License-Expression") or []),
        *(said.get_all("License") or []),
        *classifiers,
    ]


def is_right(distribution: Distribution) -> bool:
    """Return True if the package is a match by its metadata."""
    demand = distribution.metadata.get("Requires-Python") or ""
    lowest = re.search(r">=?\s*3\.(\d+)", demand)
    has_apache = any(
        "apache" in text.splitlines()[0].lower() for text in licences(distribution) if text
    )
    return has_apache and lowest is not None and int(lowest[1]) >= 10


def test_the_matches_agree_with_the_metadata() -> None:
    """None is missing or wrong, and each has verbatim evidence."""
    installed = {item.metadata["Name"]: item for item in distributions()}
    right = {name for name, item in installed.items() if is_right(item)}
    assert right
    with (
        ff.local("packages") as client,
        pytest.warns(ff.FindAllWarning, match="versions are compared number by number"),
    ):
        frames = ff.find_all(QUESTION, client=client, progress=False)
    matches = frames.matches
    assert set(matches["name"]) == right
    different = len({name.lower().replace("_", "-") for name in installed})
    assert frames.runs["generated_candidates_count"].item() == different

    names = frames.candidates.set_index("candidate_id")["name"]
    cited = frames.citations[frames.citations["candidate_id"].isin(matches["candidate_id"])]
    assert len(cited) >= 2 * len(right)
    for row in cited.itertuples():
        metadata = installed[names[row.candidate_id]].metadata
        stated = [str(value) for value in metadata.values()]
        for excerpt in row.excerpts:
            assert any(excerpt in text for text in stated), (names[row.candidate_id], excerpt)


def test_a_question_without_criteria_finds_everything() -> None:
    """With a warning."""
    with (
        ff.local("packages") as client,
        pytest.warns(ff.FindAllWarning, match="is met by every row"),
    ):
        frames = ff.find_all("Find all packages", client=client, progress=False)
    assert len(frames.matches) == len(frames.candidates) > 20
