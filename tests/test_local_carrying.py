"""Which words of a condition carry it where only running text can tell."""

from __future__ import annotations

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator

TEXTS = {
    "Ada": "The patient, a baker, fell off a ladder. The cut was closed with six stitches. Her "
    "knee was bruised by a bus door.",
    "Ben": "The patient came with a fever after a walk in the frost. He is a retired baker and was "
    "bitten by an adder.",
    "Cy": "A cyclist of 30 hit a bus. No bone was broken, and the patient went home. He smokes.",
    "Dot": "The patient was stung by wasps in a local orchard. Pets may not come along.",
    "Eve": "Burns from frying oil. The patient lost two days of work. Dogs may visit her.",
    "Fay": "The patient, who never smoked, has had a cough since a storm flooded her cellar.",
    "Gus": "The patient slipped on ice. A nephew brought him before noon.",
    "Hal": "A rash after eating shellfish. The young patient was seen by the nurse on duty.",
}
KINDS = ["fall", "bite", "bus", "sting", "burn", "cough", "fall", "rash"]
WARD = Corpus.from_table(
    pa.table({"name": list(TEXTS), "cause": KINDS, "notes": list(TEXTS.values())}),
    name="cases",
)


def found(condition: str) -> tuple[list[str], list[str]]:
    """The names of the rows found, and how the condition was read."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], WARD)
    rows = judge.judge(range(len(WARD)))
    return [
        name
        for name, row in zip(TEXTS, rows, strict=True)
        if all(verdict.is_matched for verdict in row)
    ], list(judge.readings)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("The patient is a blacksmith", []),
        ("the local bishop", []),
        ("a young violinist", []),
        ("came before his doctor", []),
        ("The patient was lost in a storm", ["Fay"]),
    ],
)
def test_what_is_left_of_a_condition_carries_it(condition: str, names: list[str]) -> None:
    """Neither whom all texts are about nor an adverb or adjective stands for what none says."""
    rows, readings = found(condition)
    assert rows == names, readings


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("The patient is a baker", ["Ada", "Ben"]),
        ("The patient was bitten by an adder", ["Ben"]),
        ("The patient was later seen by a nurse", ["Hal"]),
    ],
)
def test_whom_most_texts_are_about_need_not_be_named(condition: str, names: list[str]) -> None:
    """A text goes on with "he" where it has named its patient once."""
    rows, readings = found(condition)
    assert rows == names, readings


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Dogs must be allowed", ["Eve"]),
        ("A volcano did the damage", []),
        ("A nephew was there", ["Gus"]),
    ],
)
def test_a_subject_of_which_little_is_said_is_asked_for(condition: str, names: list[str]) -> None:
    """That something may be there is nothing without the thing."""
    rows, readings = found(condition)
    assert rows == names, readings


@pytest.mark.parametrize(
    ("condition", "names"), [("bruised by a bus", ["Ada"]), ("caused by a bus", ["Cy"])]
)
def test_who_did_something_is_not_what_the_row_is(condition: str, names: list[str]) -> None:
    """A value that stands as the doer of another verb is looked for in the text."""
    rows, readings = found(condition)
    assert rows == names, readings


PETS = Corpus.from_table(
    pa.table(
        {
            "name": ["Ike", "Joy", "Kit", "Lee"],
            "species": ["cat", "dog", "dog", "cat"],
            "story": [
                "Ike slept beside dogs all his life. A couple found him, and he does not bite.",
                "Joy grew up with cats on a farm. Who takes her must rent no flat: she barks.",
                "Kit chases whatever moves. She needs no lead in the wood but listens well.",
                "Lee wants peace. Buyers may visit him on Sundays.",
            ],
        }
    ),
    name="pets",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("grew up with cats", [1]),
        ("slept beside dogs", [0]),
        ("cats that want peace", [3]),
        ("Owners can visit the animal", [3]),
    ],
)
def test_whom_a_row_lives_with_is_not_what_it_is(condition: str, places: list[int]) -> None:
    """Of cats that something is done with, no column tells."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PETS)
    rows = judge.judge(range(len(PETS)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [("It does not bite, but listens", [2]), ("barks rather than bites", [1])],
)
def test_what_is_set_against_a_thing_tells_enough(condition: str, places: list[int]) -> None:
    """Whoever rents is told not to own by the rent; no text has to deny that they own."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PETS)
    rows = judge.judge(range(len(PETS)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "reading", "places"),
    [
        ("Nobody has to rent a flat", "not (the text mentions 'rent flat')", [1]),
        ("Nothing was chased", "not (the text mentions 'chased')", []),
        ("A thief visited it", "the text mentions 'thief visited'", []),
        ("A peacock chases them", "the text mentions 'peacock chases'", []),
        ("The visit takes place on Sundays", "the text mentions 'visit sundays'", [3]),
        ("Buyers no longer visit him", "not (the text mentions 'buyers visit')", []),
        ("slept beside other animals", "the text mentions 'slept beside animals'", [0]),
    ],
)
def test_who_does_a_thing_or_nobody_is_heard(
    condition: str, reading: str, places: list[int]
) -> None:
    """A denial by its subject is one, and where no text tells of a thief none visited."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PETS)
    assert reading in judge.readings[0], judge.readings
    rows = judge.judge(range(len(PETS)))
    assert [at for at, row in enumerate(rows) if all(v.is_matched for v in row)] == places


JOBS = Corpus.from_table(
    pa.table(
        {
            "title": ["Cook", "Clerk", "Driver"],
            "closing": pa.array(["2026-01-10", "2026-01-12", "2026-01-18"]).cast(pa.date32()),
            "text": [
                "You cook for sixty people and have every other Sunday off. Part-time is fine.",
                "Some time at the counter, and never a shift at the weekend. Ask for Mr Part.",
                "You drive at weekends, too, and for part of the time at night.",
            ],
        }
    ),
    name="jobs",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("You drive at weekends", [2]),
        ("closing at weekends", [0, 2]),
        ("Part-time is possible", [0]),
        ("part-time or full-time", [0]),
    ],
)
def test_days_and_compounds_are_asked_of_what_tells_them(condition: str, places: list[int]) -> None:
    """A date tells no working days, and neither a part nor a time is part-time."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], JOBS)
    rows = judge.judge(range(len(JOBS)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings


FERRIES = Corpus.from_table(
    pa.table(
        {
            "name": ["Ono", "Pia", "Quo", "Rex"],
            "text": [
                "Ono burned at her berth, and everyone was rescued. She bears the name of a river.",
                "Pia capsized with the loss of forty people; nobody on deck was hurt in the panic.",
                "Quo went aground without loss of life. Two years on she was refloated.",
                "Rex still sails. A steward drowned in 1980, and a cook broke his arm.",
            ],
        }
    ),
    name="ferries",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("No one lost their life", [0, 2]),
        ("Nobody was killed", [0, 2]),
        ("Nobody was injured", [1]),
        ("Somebody died", [3]),
        ("It was brought back up", [2]),
        ("It is named after a person", []),
    ],
)
def test_what_befell_nobody_is_told_in_many_ways(condition: str, places: list[int]) -> None:
    """That all were rescued denies that any died, as "no deaths" does."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], FERRIES)
    rows = judge.judge(range(len(FERRIES)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("It hit a rock", []),
        ("drowned with honey", []),
        ("It does not sail any more", []),
        ("Its name has not been changed", []),
        ("It has not been hurt in a panic", [1]),
    ],
)
def test_what_is_asked_of_a_doing_is_its_object(condition: str, places: list[int]) -> None:
    """Who broke an arm has broken no record, and silence tells of no end."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], FERRIES)
    rows = judge.judge(range(len(FERRIES)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings


HUTS = Corpus.from_table(
    pa.table(
        {
            "name": ["Alm", "Berg", "Col", "Dent", "Eck"],
            "text": [
                "A hut for families with bigger children, at 1,800 m. Dogs are not admitted.",
                "The ladder makes it unsuitable for children. Your dog can come along.",
                "Hikers sleep in bunks. No dogs, please, and no music.",
                "Small groups are welcome. The path is not recommended for small children.",
                "Sunny and quiet. Dogs must stay at home.",
            ],
        }
    ),
    name="huts",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("You may not bring a dog", [0, 2, 4]),
        ("Guests are allowed to bring their dogs", [1]),
        ("not suitable for families with children", [1, 3]),
        ("unfit for people with small children", [3]),
    ],
)
def test_what_texts_deny_in_fewer_words_is_denied(condition: str, places: list[int]) -> None:
    """To bring a dog is what is not allowed, and what is not for children is not for families."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], HUTS)
    rows = judge.judge(range(len(HUTS)))
    found = [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]
    assert found == places, judge.readings
