"""Record the replies of a language model that sees the prompts of the product and nothing else.

Usage, from the top of the repository: ``python -m tests.support.questions.recording FOLDER
[ID ...]``,
again and again:

1. Every question (or those with the given ids) is asked as a user would ask it. A prompt without a
   recorded reply is written to ``FOLDER/prompts/NAME.json``: messages and JSON Schema.
2. Get an answer to each prompt, and write its text unchanged to ``FOLDER/answers/NAME.txt``.
3. The next call moves these answers to ``replies/`` and goes on: after readings come look-ups and
   corrections, then rows. It is finished when no prompts are missing.

FOLDER has to be outside of the repository, which the answering model must not see.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from findall_frames.embedded.chat.language_model import UnusableError
from findall_frames.errors import FindAllError
from tests.support.questions.measuring import Question, answer, opened, questions
from tests.support.questions.replaying import Asked, Missing, Replies, asked_of

__all__ = ["Recorder", "take_answers"]


class Recorder:
    """A model that answers with recorded replies, and writes the prompts without one.

    Parameters
    ----------
    question : Question
        What its prompts are about.
    replies : Replies
        Where to look first.
    folder : Path
        Where to write the prompts that have no reply.
    """

    def __init__(self, question: Question, *, replies: Replies, folder: Path) -> None:
        self._question = question
        self._replies = replies
        self._prompts = folder / "prompts"
        self._prompts.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.written: list[Path] = []

    def __call__(self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        """Return the recorded reply; for rows without one, an answer of unknown.

        Raises
        ------
        Missing
            There is no reading or draft yet, so that nothing more can be asked.
        """
        asked = asked_of(messages, schema)
        try:
            return self._replies.find(self._question.table, asked)
        except Missing:
            self._write(asked, messages, schema)
            if asked.stage != "rows":
                raise
        # An exception would end the run after a few of them, and keep the other rows from being
        # asked about: one call would not write all the prompts.
        unknown: dict[str, Any] = dict.fromkeys(("verdict", "value"))
        unknown |= {"reason": "not recorded yet", "excerpts": []}
        pairs = [(row, name) for row in asked.rows for name in asked.texts]
        answers = [{"row": row, "field": name, **unknown} for row, name in pairs]
        return json.dumps({"answers": answers})

    def _write(
        self, asked: Asked, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]
    ) -> None:
        parts = [self._question.id, asked.stage, str(asked.turn)]
        if asked.rows:
            parts += [*asked.texts, f"{asked.rows[0]:04d}"]
        path = self._prompts / f"{'-'.join(parts)}.json"
        prompt = {
            "table": self._question.table,
            "messages": [dict(message) for message in messages],
            "schema": schema,
        }
        with self._lock:
            path.write_text(json.dumps(prompt, ensure_ascii=False, indent=1), encoding="utf-8")
            self.written.append(path)


def take_answers(folder: Path, replies: Replies) -> list[str]:
    """Store all answers in a folder, and remove them and their prompts from it.

    Returns
    -------
    list of str
        What is wrong with those that could not be kept; they stay where they are.
    """
    faults: list[str] = []
    for path in sorted((folder / "answers").glob("*.txt")):
        asked_for = folder / "prompts" / f"{path.stem}.json"
        prompt = json.loads(asked_for.read_text(encoding="utf-8"))
        asked = asked_of(prompt["messages"], prompt["schema"])
        try:
            replies.add(prompt["table"], asked, path.read_text(encoding="utf-8"))
        except (UnusableError, KeyError, TypeError, ValueError) as error:
            faults.append(f"{path.name}: {error!r}")
            continue
        asked_for.unlink()
        path.unlink()
    replies.write()
    return faults


def record(question: Question, *, replies: Replies, folder: Path) -> list[Path]:
    """Ask a question and return the prompts that were written on the way."""
    for stale in (folder / "prompts").glob(f"{question.id}-*.json"):
        stale.unlink()
    model = Recorder(question, replies=replies, folder=folder)
    with opened(question.table, model=model) as client:
        try:
            answer(question, client)
        except FindAllError:
            # Expected where a prompt has no reply yet, and else to be seen.
            if not model.written:
                raise
    return model.written


def main(folder: Path, ids: Sequence[str]) -> None:
    """Store the available answers, ask all questions, and print what is missing."""
    replies = Replies()
    lines = [f"not kept: {fault}" for fault in take_answers(folder, replies)]
    chosen = [one for one in questions() if not ids or one.id in ids]
    written = [path for one in chosen for path in record(one, replies=replies, folder=folder)]
    lines.append(f"{len(written)} prompts wait for an answer in {folder / 'prompts'}")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
