"""Numbers that sentences state: of what each is, in which unit, and whether it still holds."""

from __future__ import annotations

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.language.quantities import find_quantities

INNS = Corpus.from_table(
    pa.table(
        {
            "Inn": ["Harbour", "Mill", "Castle", "Forest", "City", "Lake", "Station", "Sky"],
            "About": [
                "The inn has 24 rooms, six of which look on to the sea. A double room costs "
                "between 90 and 140 euros a night. Breakfast is served from 7 to 10 and is 12 "
                "euros extra. It was built in 1788 as a customs house, renovated in 2015 and now "
                "employs around thirty people. The beach is 300 metres away.",
                "A dozen rooms, none of them with television. Rates start at €75 per night. The "
                "lodge dates from the sixteenth century; the owners took over in 1998. The pool "
                "is 20 m long and 1.6 metres deep.",
                "With more than two hundred beds it is the largest in town. The castle, 950 years "
                "old, is half a mile away. Staff of 120. Nearly 60 % of the guests come back. A "
                "room is about $210, parking $25 a day. It opened its doors in the early 1970s.",
                "Sixty pitches and four huts, each for up to six people. The season lasts five "
                "months. The lake is three kilometres off, and the nearest shop 12 km.",
                "Formerly 40 rooms, it was enlarged in 2019 and has 88 today. There is no pool "
                "and only one lift. Half a million people pass the door every day.",
                "Sleeps eight. The house covers 180 square metres on a plot of 1.2 hectares. A "
                "week is £1,450, plus a deposit of £300. The jetty is 15 feet wide.",
                "Unlike its neighbour, which has 50 rooms, the house has just nine. Trains stopped "
                "running in 1967 and it opened as an inn in 1991. Three of the staff have worked "
                "here for over twenty years.",
                "The tower is 165 metres tall, weighs 38,000 tonnes and took six years to build. A "
                "new wing with 300 rooms is planned for 2027; at present there are 450. A suite "
                "can cost as much as 2,000 euros.",
            ],
        }
    ),
    name="inns",
)

POSTS = Corpus.from_table(
    pa.table(
        {
            "post": ["Cook", "Clerk", "Pilot", "Nurse", "Guard"],
            "text": [
                "Twenty hours a week, in shifts of five hours. Five years of experience are asked "
                "for. Permanent contract, 31,000 euros a year.",
                "You work 38 hours weekly. No experience is needed. The salary itself is €43k; "
                "you look after loans of up to €900,000.",
                "Half of your time goes into travel. We pay one hundred and ten thousand euros and "
                "ask for seven years' experience.",
                "Our head nurse, who has twelve years of experience, will train you. The contract "
                "runs for eighteen months. You earn 39,000 euros for 30 hours a week.",
                "The two-person team watches over 40 doors. Experience isn't necessary. You get "
                "28,500 euros.",
            ],
        }
    ),
    name="posts",
)

CANALS = Corpus.from_table(
    pa.table(
        {
            "canal": ["Arm", "Bend", "Cut", "Dyke", "Edge"],
            "text": [
                "It runs 60 miles (97 km) from the hills to the sea and was opened in 1822 with "
                "29 locks. It is 4 m deep.",
                "The canal of 1839 crosses a forest on 101 km. Some 11,000 or so ships a year "
                "pass its five sets of locks.",
                "At 204 km it is the longest of all. It goes through a tunnel of 1,500 metres and "
                "has no locks. Started in 1790, it was opened only in 1816.",
                "From 1825, when it was opened, to 1970 it carried coal; it reopened in 2002. "
                "Depth is 9 metres throughout. It is twice as long as the 40 km of the old one.",
                "Length: 14 km. It has 8 locks in place of the former 28. The fire of 1901 "
                "killed two men.",
            ],
        }
    ),
    name="waterways",
)

FIRMS = Corpus.from_table(
    pa.table(
        {
            "firm": ["Aldin", "Corax", "Dunmore", "Eltra", "Fenix"],
            "profile": [
                "Aldin makes lifts. It has some 4.1 thousand people on its payroll, 900 of them "
                "abroad. Last year sales came to 1.2 billion euros, up 8 % on the year before.",
                "Corax brews with a crew of eighteen. Turnover is just under nine million euros. "
                "Nearly half of the beer is exported. The founder died at the age of 38.",
                "It made a loss of 2.5 million pounds in 2022 but a profit of 1.1 million a year "
                "later. It has been a public firm since 1999.",
                "Eltra sells in more than forty countries. It employed 700 people before the "
                "crisis and has 410 now. It plans to hire another 100 by next year.",
                "It opened its first shop in the late 1990s; now there are 87 of them. Each shop "
                "has between ten and fifteen workers. Its market share is a quarter. The founder, "
                "aged 72, still runs it.",
            ],
        }
    ),
    name="firms",
)


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (INNS, "more than 20 rooms", [0, 4, 7]),
        (INNS, "fewer than fifteen rooms", [1, 6]),
        (INNS, "at least 400 rooms", [7]),
        (INNS, "a room costs less than 100 euros a night", [1]),
        (INNS, "breakfast costs more than 10 euros", [0]),
        (INNS, "built before 1800", [0, 1]),
        (INNS, "opened after 1980", [6]),
        (INNS, "employs more than 25 people", [0, 2]),
        (INNS, "staff of at least 100", [2]),
        (INNS, "the beach is less than 500 metres away", [0]),
        (INNS, "pool deeper than 1.5 m", [1]),
        (INNS, "pool longer than 15 m", [1]),
        (INNS, "taller than 100 metres", [7]),
        (INNS, "sleeps at least six", [5]),
        (INNS, "deposit below 400 pounds", [5]),
        (INNS, "plot of more than a hectare", [5]),
        (INNS, "the jetty is at least 4 metres wide", [5]),
        (INNS, "more than half of the guests return", [2]),
        (INNS, "built over 100 years ago", [0, 1]),
        (INNS, "the season is at least three months long", [3]),
        (FIRMS, "more than 500 employees", [0]),
        (FIRMS, "between 400 and 500 employees", [3]),
        (FIRMS, "made a loss of more than 2 million", [2]),
        (FIRMS, "turnover of less than 9 million euros", [1]),
        (FIRMS, "sells to over 30 countries", [3]),
        (FIRMS, "more than 80 shops", [4]),
        (FIRMS, "market share above 20 %", [4]),
        (FIRMS, "exports at least 40 % of its output", [1]),
        (FIRMS, "founder older than 70", [4]),
        (FIRMS, "founder died before the age of 40", [1]),
        (FIRMS, "founded before 2005", [2]),
        (POSTS, "fewer than 30 hours a week", [0]),
        (POSTS, "at least 35 hours per week", [1]),
        (POSTS, "five or more years of experience", [0, 2]),
        (POSTS, "less than two years of experience", [1, 4]),
        (POSTS, "The salary is at least €40,000 a year.", [1, 2]),
        (POSTS, "pays less than 35k euros", [0, 4]),
        (POSTS, "half of the working time or more is spent travelling", [2]),
        (CANALS, "longer than 90 km", [0, 1, 2]),
        (CANALS, "a length of less than 20 km", [4]),
        (CANALS, "a depth of 8 metres or more", [3]),
        (CANALS, "at least 10,000 vessels a year use it", [1]),
        (CANALS, "no more than eight locks", [1, 2, 4]),
        (CANALS, "more than 20 locks", [0]),
        (CANALS, "opened in the nineteenth century", [0, 1, 2, 3]),
        (CANALS, "first opened in 1850 or later", []),
        (CANALS, "killed more than 1,000 people", []),
    ],
)
def test_the_number_of_a_sentence_is_of_its_own_noun(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """Not of another thing, attribute, unit or time; and none where nothing is stated."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], corpus)
    verdicts = [verdict for (verdict,) in judge.judge(range(len(corpus)))]
    found = [at for at, verdict in enumerate(verdicts) if verdict.is_matched]
    assert found == places, judge.readings
    assert all(verdict.citations for verdict in verdicts if verdict.is_matched)


@pytest.mark.parametrize(
    ("condition", "at", "sentence"),
    [
        ("a depth of 8 metres or more", 3, "Depth is 9 metres throughout."),
        ("no more than eight locks", 4, "It has 8 locks in place of the former 28."),
    ],
)
def test_the_sentence_of_the_number_is_cited(condition: str, at: int, sentence: str) -> None:
    """As it stands, whatever other numbers the text has."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], CANALS)
    ((verdict,),) = list(judge.judge([at]))
    assert [citation.excerpts for citation in verdict.citations] == [[sentence]]


def test_a_missing_number_is_no_answer() -> None:
    """Neither the condition nor its contrary holds, and the confidence is low."""
    for condition in ("a depth of 8 metres or more", "a depth of less than 8 metres"):
        judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], CANALS)
        ((verdict,),) = list(judge.judge([4]))
        assert not verdict.is_matched
        assert verdict.confidence == "low"


HULLS = Corpus.from_table(
    pa.table(
        {
            "Hull": ["Alba", "Brise", "Corvo", "Dania", "Elbe"],
            "Log": [
                "Sculpted figures adorn the stern. She was floated out in 1911 and sank in 1915 "
                "with the loss of 1,240 lives. A diver spotted her in 1983, 90 metres down.",
                "The sea took her and 310 of her crew perished; two thousand people watched from "
                "the shore. Surveyors located the hulk in 2006, 3.1 kilometres beneath the waves.",
                "Launched in 1898, she seats 240 guests at dinner today and has 30 cabins. The "
                "cold store was at 9 °C. Her owner, Ms Ferro, who is 28, lives in the stern.",
                "She was put up for sale in 2019. There is room for 80 passengers, and the cold "
                "store ran at 3 °C. The mate, 51, has been with her for a hundred and four months.",
                "Nobody died when she went down in 1981. She still holds 400 casks and "
                "welcomes 3,000 visitors a year. A patent for her screw dates from 1842. The "
                "wreck lies only 12 metres below the surface.",
            ],
        }
    ),
    name="hulls",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("More than 1,000 people died", [0]),
        ("between 200 and 500 people were killed", [1]),
        ("the wreck was discovered in the 1980s", [0]),
        ("discovered in the twenty-first century", [1]),
        ("launched before 1900", [2]),
        ("launched between 1905 and 1920", [0]),
        ("It lies more than two kilometres below the surface", [1]),
        ("lies less than 50 metres deep", [4]),
        ("big enough to seat more than 100 guests", [2]),
        ("room for at least 200 guests", [2]),
        ("the owner is under the age of thirty", [2]),
        ("aged over 50", [3]),
        ("cold store at 4 degrees or colder", [3]),
        ("cold store warmer than 7 °C", [2]),
        ("invented in the nineteenth century", [4]),
        ("holds more than 250 people", []),
    ],
)
def test_a_number_is_found_beside_other_words_for_what_is_asked(
    condition: str, places: list[int]
) -> None:
    """Perished tells of who died, located of what was discovered, and below of a depth."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], HULLS)
    found = [at for at, (v,) in enumerate(judge.judge(range(len(HULLS)))) if v.is_matched]
    assert found == places, judge.readings


def test_a_hundred_and_four_is_one_number() -> None:
    """Also where "a" says that there is one hundred; but not between two hundreds."""
    for text, values in (
        ("a hundred and four years", [104.0]),
        ("a hundred and twenty-one", [121.0]),
        ("between a hundred and two hundred", [100.0, 200.0]),
    ):
        assert [quantity.value for quantity in find_quantities(text)] == values


def test_people_who_make_something_are_employees_and_those_who_live_there_are_not() -> None:
    """Where 120 people make pumps, 120 people work."""
    about = [
        "About 120 people make filters and pumps here.",
        "Some 230 people spin and weave in the old mill.",
        "In the village live 400 people, and 900 people visit it.",
    ]
    places = Corpus.from_table(pa.table({"place": ["Ada", "Bol", "Cis"], "about": about}), name="p")
    asked = MatchCondition("staff", "has more than 50 employees")
    rows = RuleEvaluator().judge_for([asked], places).judge(range(3))
    assert [row[0].is_matched for row in rows] == [True, True, False]
