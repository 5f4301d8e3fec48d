"""A language model judges what rules cannot, and nothing that it or a row says does harm."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd
import pytest
from chat_server import ChatServer, Row, by_last_word, completion, refusal

import findall_frames as ff
from tests.scripted import Reply, answer

CITIES = pd.DataFrame(
    {
        "name": ["Oslo", "Rome", "Bari", "Turin", "Siena"],
        "country": ["Norway", "Italy", "Italy", "Italy", "Italy"],
        "notes": [
            "Cold and quiet.",
            "Loud, old and full of cats.",
            "By the sea; sailors call it charming.",
            None,
            "Calm, and charming in the evening.",
        ],
    }
)
IN_ITALY = {"italy": "City must be in Italy"}
CHARMING = {"charming": "City must be charming"}


def found(
    server: ChatServer,
    conditions: dict[str, str],
    *,
    data: pd.DataFrame = CITIES,
    evaluator: str | None = None,
    **options: Any,
) -> ff.FindAllFrames:
    """Search a table with the model of a server."""
    with ff.local(data, evaluator=evaluator or server.evaluator) as client:
        return ff.find_all(
            "Find cities",
            entity_type="cities",
            match_conditions=conditions,
            match_limit=1000,
            client=client,
            progress=False,
            **options,
        )


def verdicts(frames: ff.FindAllFrames, field: str) -> pd.DataFrame:
    """What was found out for a field, by the name of the candidate."""
    fields = frames.fields.query("field == @field").merge(
        frames.candidates[["candidate_id", "name"]], on="candidate_id"
    )
    return fields.set_index("name")


def test_a_model_judges_what_no_column_answers() -> None:
    """With its value, its reason, and excerpts that stand in the row."""
    with ChatServer() as server:
        frames = found(server, CHARMING)
    assert sorted(frames.matches["name"]) == ["Bari", "Siena"]
    siena = verdicts(frames, "charming").loc["Siena"]
    assert (siena["value"], siena["confidence"]) == ("charming", "high")
    assert siena["reasoning"] == "The notes say charming."
    excerpts = frames.citations.query("candidate_id == @siena.candidate_id")["excerpts"]
    assert excerpts.tolist() == [["Calm, and charming in the evening."]]
    assert frames.warnings == []


def test_a_verdict_that_quotes_nothing_has_low_confidence() -> None:
    """Whatever the model says of itself: an unknown is no plain no."""
    with ChatServer() as server:
        frames = found(server, CHARMING)
    oslo = verdicts(frames, "charming").loc["Oslo"]
    assert (oslo["is_matched"], oslo["confidence"]) == (False, "low")


def test_rules_decide_what_they_are_sure_of_and_the_model_the_rest() -> None:
    """No question is about a column, and none about a row that the rules refuse."""
    with ChatServer() as server:
        frames = found(server, IN_ITALY | CHARMING)
        questions = server.questions()
    assert sorted(frames.matches["name"]) == ["Bari", "Siena"]
    assert sorted(server.answered) == ["Bari", "Rome", "Siena", "Turin"]
    assert all("must be in Italy" not in each.body.decode() for each in questions)
    rules = verdicts(frames, "italy")
    assert rules["confidence"].tolist() == ["high"] * 5
    skipped = verdicts(frames, "charming").loc["Oslo"]
    assert (skipped["is_matched"], skipped["confidence"]) == (False, "low")
    assert skipped["reasoning"].startswith("Not asked of the model, since 'italy' is not met")


def test_a_question_that_columns_answer_asks_no_model() -> None:
    """And nothing is counted."""
    with ChatServer() as server:
        frames = found(server, IN_ITALY)
        assert server.questions() == []
    assert len(frames.matches) == 4
    assert "evaluator_model" not in json.loads(frames.runs["metadata"].item())


def test_a_model_fills_what_the_rules_do_not_find() -> None:
    """In the type that is asked for; the rest comes from the columns."""

    def judge(row: Row, asked: str) -> dict[str, Any]:
        if "cats" not in asked:
            return by_last_word(row, asked)
        text = "full of cats"
        return {
            "excerpts": [{"column": "notes", "text": text}],
            "reasoning": "The notes say so.",
            "value": True,
            "confidence": "high",
        }

    schema = {
        "type": "object",
        "properties": {
            "country": {"type": "string"},
            "cats": {"type": "boolean", "description": "Whether there are cats"},
        },
    }
    with ChatServer(judge) as server:
        frames = found(server, {"old": "City must be old"}, enrichments=schema)
        asked = [each for each in server.questions() if "property_1" in each.body.decode()]
    assert frames.matches[["name", "country", "cats"]].iloc[0].tolist() == ["Rome", "Italy", True]
    assert len(asked) == 1
    assert "property_2" not in asked[0].body.decode()
    filled = verdicts(frames, "cats").loc["Rome"]
    assert (filled["confidence"], filled["citation_count"]) == ("high", 1)


@pytest.mark.parametrize("value", ["yes", 7, [True]], ids=["a text", "a number", "a list"])
def test_a_value_of_another_type_than_was_asked_for_is_not_taken(value: Any) -> None:
    """It is asked for once more, and then left empty with the reason."""

    def judge(row: Row, asked: str) -> dict[str, Any]:
        return {**by_last_word(row, asked), **({"value": value} if "cats:" in asked else {})}

    schema = {"type": "object", "properties": {"cats": {"type": "boolean"}}}
    with ChatServer(judge) as server:
        frames = found(server, {"sea": "City must be by the sea"}, enrichments=schema)
    filled = verdicts(frames, "cats").loc["Bari"]
    assert filled["value_type"] == "null"
    assert "the value of property_1 is not of the type boolean" in filled["reasoning"]


def test_the_tokens_of_every_answer_are_in_the_metadata_of_the_run() -> None:
    """Beside what the caller has put there, which stays."""
    with ChatServer() as server:
        frames = found(server, CHARMING, metadata={"team": "maps", "evaluator_requests": "mine"})
    metadata = json.loads(frames.runs["metadata"].item())
    assert metadata["evaluator_model"] == "tiny"
    assert metadata["evaluator_prompt_tokens"] == 500
    assert metadata["evaluator_completion_tokens"] == 100
    assert (metadata["team"], metadata["evaluator_requests"]) == ("maps", "mine")


def test_no_more_requests_go_on_at_once_than_allowed() -> None:
    """Also with several runs; the server counts."""
    data = pd.DataFrame(
        {
            "name": [f"City {n}" for n in range(40)],
            "notes": [f"Guests of house {n} have told us that it is charming." for n in range(40)],
        }
    )
    with ChatServer() as server, ff.local(data, evaluator=server.evaluator) as client:
        server.gate.clear()
        search = ff.Search("x", entity_type="cities", match_conditions=CHARMING, match_limit=1000)
        runs = [ff.start(search, client=client) for _ in range(2)]
        while server.most_at_once < 8:
            assert not runs[0].status().status.is_over
            time.sleep(0.02)
        server.gate.set()
        for run in runs:
            assert len(run.wait(progress=False).matches) == 40
        assert server.most_at_once == 8


# -- what servers do ---------------------------------------------------------------------------


def test_servers_that_refuse_a_schema_are_asked_for_json_and_then_for_text() -> None:
    """Once for the first questions, and from then on in the form that helped."""
    with ChatServer() as server:

        def plain(request: Any) -> Reply:
            if "response_format" in request.content:
                return refusal(400, "response_format is not supported")
            text = json.dumps(server.entries(request))
            return completion(f"<think>If {{x}}...</think>Here you are:\n```json\n{text}\n```")

        server.answers(plain)
        data = pd.concat([CITIES] * 8, ignore_index=True).assign(name=lambda d: d.index.astype(str))
        frames = found(server, CHARMING, data=data)
        forms = [each.content.get("response_format", {}).get("type") for each in server.questions()]
    assert len(frames.matches) == 16
    assert forms.count("json_schema") <= 8
    assert forms.count("json_object") <= 8
    assert forms.count(None) == 40
    schema = json.dumps(server.questions()[-1].content["messages"][0]["content"])
    assert "condition_1" in schema


def test_a_model_that_takes_no_temperature_is_asked_without() -> None:
    """The schema stays."""
    with ChatServer() as server:

        def fixed(request: Any) -> Reply:
            if "temperature" in request.content:
                return refusal(400, "Unsupported value: 'temperature' does not support 0.")
            return server.judged(request)

        server.answers(fixed)
        frames = found(server, CHARMING)
        last = server.questions()[-1].content
    assert len(frames.matches) == 2
    assert last["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "stumble",
    [
        refusal(429, "Slow down", retry_after="0"),
        refusal(500, "Oops"),
        Reply(503, (b"<html>Bad gateway</html>",), {"content-type": "text/html"}),
        Reply(200, (b"<!doctype html><p>Log in",), {"content-type": "text/html"}),
        Reply(200, (b'{"choices": [{"mess',), {"content-length": "4000"}, then="close"),
        Reply(200, (b'{"choices": [{"mess',), framing="chunked", then="reset"),
        Reply(0, (), then="close"),
        answer({"choices": []}),
        answer({"error": "overloaded"}),
    ],
    ids=["429", "500", "503 page", "200 page", "cut", "reset", "nothing", "no choices", "error"],
)
def test_a_server_that_stumbles_is_asked_again(stumble: Reply) -> None:
    """The answer that comes is as good as any."""
    with ChatServer() as server:
        server.answers(stumble, stumble, server.judged)
        frames = found(server, CHARMING)
    assert sorted(frames.matches["name"]) == ["Bari", "Siena"]
    assert json.loads(frames.runs["metadata"].item())["evaluator_requests"] == 5


def test_the_pause_that_a_server_asks_for_is_kept() -> None:
    """The second attempt is not sooner."""
    data = CITIES.iloc[[2]]
    times: list[float] = []
    with ChatServer() as server:

        def noted(reply: Any) -> Any:
            def answer_at(request: Any) -> Reply:
                times.append(time.monotonic())
                return reply(request) if callable(reply) else reply

            return answer_at

        busy = refusal(429, "Slow down", retry_after="1")
        server.answers(noted(busy), noted(server.judged))
        frames = found(server, CHARMING, data=data)
    assert len(frames.matches) == 1
    assert times[1] - times[0] >= 1


SPOILED = {
    "no JSON": "I think it is charming.",
    "cut off": '{"condition_1": {"excerpts": [], "reas',
    "a list": "[]",
    "nothing": "",
    "missing": "{}",
    "wrong types": json.dumps({"condition_1": {"is_matched": "yes"}}),
    "another confidence": json.dumps(
        {"condition_1": by_last_word(CITIES.iloc[2].to_dict(), "charming") | {"confidence": "sure"}}
    ),
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_an_answer_that_cannot_be_used_is_asked_for_once_more(spoiled: str) -> None:
    """With what is wrong with it; both are counted."""
    with ChatServer() as server:
        server.answers(completion(spoiled), server.judged)
        frames = found(server, CHARMING, data=CITIES.iloc[[2]])
        first, second = server.questions()
    assert frames.matches["name"].tolist() == ["Bari"]
    assert "cannot be used: " in second.content["messages"][-1]["content"]
    assert second.content["messages"][:2] == first.content["messages"]
    assert json.loads(frames.runs["metadata"].item())["evaluator_requests"] == 2


def test_a_model_that_never_answers_in_the_form_leaves_the_verdict_open() -> None:
    """Unmatched, with low confidence and the reason; the run goes on."""
    with ChatServer() as server:
        server.answers(completion("Charming!"))
        frames = found(server, CHARMING)
        assert len(server.questions()) == 10
    rows = verdicts(frames, "charming")
    assert rows["confidence"].tolist() == ["low"] * 5
    assert not rows["is_matched"].any()
    assert rows["reasoning"].str.contains("answer could not be used: it is no JSON object").all()


def test_fields_that_were_not_asked_for_are_ignored() -> None:
    """Of the answer, of an entry, and of an excerpt."""
    with ChatServer() as server:

        def talkative(request: Any) -> Reply:
            entries = server.entries(request)
            for entry in entries.values():
                entry["url"] = "https://evil.example/"
                for excerpt in entry["excerpts"]:
                    excerpt["page"] = 3
            entries["condition_2"] = entries["condition_1"]
            return completion(json.dumps(entries | {"italy": True, "match_status": "matched"}))

        server.answers(talkative)
        frames = found(server, CHARMING)
    assert sorted(frames.matches["name"]) == ["Bari", "Siena"]
    assert set(frames.fields["field"]) == {"charming"}
    assert "evil.example" not in json.dumps(frames.to_result())
