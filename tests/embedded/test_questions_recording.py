"""Recording and replaying the replies of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.questions.measuring import Question, answer, opened, questions
from tests.support.questions.recording import record, take_answers
from tests.support.questions.replaying import Asked, ReplayingServer, Replies, asked_of

SMALL = next(each for each in questions("prose") if each.table == "reports")
LOOK_UP = {"lookups": [{"column": "supplier", "like": "%o%"}]}
READING = {
    "name": "few",
    "status": "ask",
    "sql": None,
    "top": None,
    "ask": "Does the supplier have fewer than 50 people?",
    "keywords": ["employees", "staff"],
    "assumptions": [],
    "confidence": "high",
    "note": "",
}


def _reply_to(prompt: dict[str, Any], question: Question) -> str:
    """Answer a prompt as a model might: look up, read, then judge each row by the truth."""
    asked = asked_of(prompt["messages"], prompt["schema"])
    (name,) = asked.texts
    if asked.stage == "rows":
        return json.dumps(
            {
                "answers": [
                    {
                        "row": row,
                        "field": name,
                        "verdict": row in question.rows,
                        "value": None,
                        "reason": "It says so.",
                        "excerpts": [],
                    }
                    for row in asked.rows
                ]
            }
        )
    if asked.turn == 0:
        return json.dumps(LOOK_UP)
    return "Here it is:\n" + json.dumps(
        {"readings": [{**READING, "name": next(iter(asked.texts))}]}
    )


def _answer_all(folder: Path, question: Question) -> int:
    """Put an answer beside every prompt of a folder, and return their number."""
    (folder / "answers").mkdir(exist_ok=True)
    prompts = sorted((folder / "prompts").glob("*.json"))
    for path in prompts:
        reply = _reply_to(json.loads(path.read_text(encoding="utf-8")), question)
        (folder / "answers" / f"{path.stem}.txt").write_text(reply, encoding="utf-8")
    return len(prompts)


def test_a_recording_is_made_in_stages_and_replayed(
    tmp_path: Path,
) -> None:
    """Each call writes the missing prompts, and takes in the answers since the last one."""
    replies = Replies(tmp_path / "replies")
    stages = []
    while record(SMALL, replies=replies, folder=tmp_path):
        prompts = [path.stem for path in sorted((tmp_path / "prompts").glob("*.json"))]
        stages.append([name.removeprefix(f"{SMALL.id}-")[:10] for name in prompts])
        assert _answer_all(tmp_path, SMALL) == len(prompts)
        assert take_answers(tmp_path, replies) == []
        assert len(stages) < 5
    assert stages[:2] == [["readings-0"], ["readings-1"]]
    assert {name[:4] for name in stages[2]} == {"rows"}
    assert len(stages) == 3
    # The files alone are enough for another server.
    with ReplayingServer(Replies(tmp_path / "replies")) as server:
        with opened("reports", model=server.model("reports")) as client:
            came = answer(SMALL, client)
        assert server.missing == []
        assert [asked.is_repair for _, asked in server.asked] == [False] * len(server.asked)
    assert came.is_right
    assert came.f1 == 1.0


def test_a_missing_reply_is_refused_and_counted(tmp_path: Path) -> None:
    """A test must not pass by chance on a reply that nobody gave."""
    with ReplayingServer(Replies(tmp_path)) as server:
        body = {
            "model": "reports",
            "messages": [{"role": "user", "content": "few: fewer than 50 staff"}],
            "response_format": {"json_schema": {"schema": {"properties": {"readings": {}}}}},
        }
        came = requests.post(f"{server.url}/v1/chat/completions", json=body, timeout=10)
        assert came.status_code == 404
        assert "fewer than 50 staff" in came.json()["error"]["message"]
        assert len(server.missing) == 1


def test_rows_are_found_in_any_batch(tmp_path: Path) -> None:
    """Answers are stored by condition and row."""
    replies = Replies(tmp_path)
    asked = Asked("rows", 0, {"dogs": "dogs are welcome"}, (3, 4), is_repair=False)
    said = [{"row": row, "field": "dogs", "verdict": row == 3} for row in asked.rows]
    replies.add("courses", asked, json.dumps({"answers": said}))
    replies.write()
    other = asked._replace(texts={"with_dogs": "dogs are welcome"}, rows=(4,))
    found = json.loads(Replies(tmp_path).find("courses", other))
    assert found == {"answers": [{"row": 4, "field": "with_dogs", "verdict": False}]}
    with pytest.raises(LookupError, match=r"rows \[5\]"):
        replies.find("courses", asked._replace(rows=(3, 5)))


def test_a_request_is_identified_by_its_first_message_and_schema() -> None:
    """Lines of tables, rows and faults are not taken for conditions."""
    rows = "<rows>\nrow 17: {}\nrow 2: {}\n</rows>"
    messages = [
        {"role": "system", "content": "one: rule"},
        {"role": "user", "content": f"The table is about: cars\nfast: over 200\n  x: y\n{rows}"},
        {"role": "assistant", "content": "{}"},
        {"role": "user", "content": "fast: there is no verdict"},
    ]
    schema = {"type": "object", "properties": {"answers": {"type": "array"}}}
    assert asked_of(messages, schema) == Asked(
        "rows", 1, {"fast": "over 200"}, (17, 2), is_repair=True
    )
    with pytest.raises(ValueError, match="expected one of"):
        asked_of(messages, {"properties": {"verdicts": {}}})
