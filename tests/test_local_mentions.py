"""Which sentences state a condition: in fewer words than its own, or not at all."""

from __future__ import annotations

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.finding import Verdict
from findall_frames.embedded.language.lexicon import default_lexicon
from findall_frames.embedded.reading.reading import Reader
from findall_frames.embedded.texts.denial import tense_of

INNS = Corpus.from_table(
    pa.table(
        {
            "Inn": ["Anchor", "Bell", "Crown", "Dove", "Eagle", "Fox"],
            "Text": [
                "Tastings take place on Fridays. It used to brew ale in the cellar. "
                "Wheelchair users reach every room by lift. Its cakes are gluten-free.",
                "The kitchen closed for good in 2019. A pool is to open next summer. "
                "Payment is by card only, and there isn't any garden.",
                "Unlike its neighbours, the Crown refuses to take in groups. Music isn't played. "
                "Its tower was torn down in 1911.",
                "The Dove has not only a garden but also a kitchen. The ghost of a nun is said to "
                "haunt the stairs. Cards are accepted.",
                "Bookings were made by phone until 2015. Groups are welcome, children are not. "
                "The last coach called here in 1898.",
                "It opened as a mill. Live music is played by the fire, and groups of walkers "
                "like it. Climbers cannot leave their boots in the hall.",
            ],
        }
    ),
    name="inns",
)

POSTS = Corpus.from_table(
    pa.table(
        {
            "Post": ["Cook", "Clerk", "Nurse", "Courier", "Guard", "Tutor"],
            "Notes": [
                "A degree isn't needed. You may work from home on Mondays. "
                "French is welcome but not required.",
                "A degree is a must, experience isn't. You guide drivers who have a driving "
                "licence; you yourself need no driving licence.",
                "We require French and a degree. The work cannot be done from home. "
                "Relatives are not allowed to take photographs.",
                "A driving licence is essential. No degree is needed. Our union numbers "
                "40 members and owns the depot.",
                "You need neither French nor a degree. Prisoners are in your care. "
                "Photographs may be taken.",
                "French is required. You work from home. The prison library is your desk. "
                "Photography is forbidden.",
            ],
        }
    ),
    name="posts",
)


def verdicts(corpus: Corpus, condition: str) -> list[Verdict]:
    """A verdict for each row."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], corpus)
    return [verdict for (verdict,) in judge.judge(range(len(corpus)))]


def rows(corpus: Corpus, condition: str) -> list[int]:
    """The places of the rows that match."""
    return [at for at, verdict in enumerate(verdicts(corpus, condition)) if verdict.is_matched]


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("offers guided tastings", [0]),
        ("holds weekly tastings", [0]),
        ("is wheelchair accessible", [0]),
        ("can be visited by people in wheelchairs", [0]),
        ("accepts credit cards", [3]),
        ("ghost stories", [3]),
    ],
)
def test_what_no_text_says_in_full_is_found_by_what_texts_do_say(
    condition: str, places: list[int]
) -> None:
    """The rarer words are enough, with low confidence and a note of what was left aside."""
    found = verdicts(INNS, condition)
    assert [at for at, verdict in enumerate(found) if verdict.is_matched] == places
    assert {found[at].confidence for at in places} == {"low"}
    assert all("left aside" in found[at].reasoning for at in places)


@pytest.mark.parametrize(
    "condition",
    [
        "plays music by Mozart",
        "groups from Japan",
        "has an indoor climbing hall",
    ],
)
def test_what_is_left_of_a_condition_has_to_tell_something(condition: str) -> None:
    """Names are not left aside, and a whole that some text denies is no part of it."""
    assert rows(INNS, condition) == []


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("brews ale", []),
        ("used to brew ale", [0]),
        ("has a kitchen", [3]),
        ("has a pool", []),
        ("plans to open a pool", [1]),
        ("has a tower", []),
        ("had a tower", [2]),
        ("for groups", [4, 5]),
        ("has a garden", [3]),
        ("music is played", [5]),
        ("children are welcome", []),
        ("gluten-free cakes", [0]),
        ("is served by a coach", []),
    ],
)
def test_what_is_over_refused_or_yet_to_come_is_not_so(condition: str, places: list[int]) -> None:
    """Unless the condition asks for what was, or what will be."""
    assert rows(INNS, condition) == places


def test_what_is_only_said_to_be_so_is_less_sure() -> None:
    """Hearsay is told with low confidence, a plain statement with medium."""
    reader = Reader(INNS, default_lexicon())
    (told,) = reader.read("has a ghost").predicate.check(INNS, [3])
    (plain,) = reader.read("has a garden").predicate.check(INNS, [3])
    assert (told.truth, plain.truth) == (True, True)
    assert (told.confidence, plain.confidence) == ("low", "medium")


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("French is required", [2, 5]),
        ("French is not required", [0, 4]),
        ("requires a degree", [1, 2]),
        ("does not require a degree", [0, 3, 4]),
        ("Applicant must have a driving licence", [3]),
        ("no driving licence is needed", [1]),
        ("can be done from home", [0, 5]),
        ("cannot be done from home", [2]),
        ("no experience is needed", [1]),
        ("owned by its members", [3]),
        ("looks after prisoners", [4]),
        ("photographs are allowed", [4]),
        ("Visitors are not allowed to take photographs", [2, 5]),
    ],
)
def test_a_requirement_and_its_opposite_are_told_apart(condition: str, places: list[int]) -> None:
    """What a text is silent about is neither, and the last word in a sentence counts."""
    assert rows(POSTS, condition) == places


def test_silence_is_no_denial_of_what_no_text_speaks_of() -> None:
    """Where no row says a thing anywhere, none is known to be without it."""
    assert rows(POSTS, "does not offer stock options") == []


STREETS = Corpus.from_table(
    pa.table(
        {
            "Street": ["Alder", "Birch", "Cedar", "Dale"],
            "Text": [
                "There is no bakery, and you may not bring a dog.",
                "It has a shop. Dogs are welcome.",
                "There are no shops left. Four benches stand in the shade.",
                "No poodle was ever seen here. It is quiet.",
            ],
        }
    ),
    name="streets",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("does not have a shop", [2]),
        ("has a shop", [1]),
        ("You may not bring a dog", [0]),
        ("dogs are not allowed", [0]),
        ("cannot be visited with a dog", [0]),
    ],
)
def test_the_denial_of_a_kind_and_silence_deny_nothing(condition: str, places: list[int]) -> None:
    """Where there is no bakery there may be a shop; what may not be done has to be said."""
    assert rows(STREETS, condition) == places


@pytest.mark.parametrize(
    ("condition", "tense"),
    [
        ("was once a school", "past"),
        ("used to be a mill", "past"),
        ("will be open", "future"),
        ("plans to export", "future"),
        ("exports wine", "present"),
    ],
)
def test_a_condition_tells_which_time_it_asks_for(condition: str, tense: str) -> None:
    """From its own words."""
    assert tense_of(condition) == tense


def test_what_no_cell_speaks_of_is_denied_by_none() -> None:
    """Of swimming a table of hues says neither yes nor no."""
    hues = Corpus.from_table(
        pa.table({"Lamp": ["Ada", "Bo", "Cy"], "Hue": ["red", "sea green", "blue"]}), name="lamps"
    )
    assert rows(hues, "does not swim") == []
    assert rows(hues, "is not green") == [0, 2]
