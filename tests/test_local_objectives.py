"""Objectives in the forms that people use: each criterion a sentence, its scope kept."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.objectives.ingest import ingest

HOTELS = Corpus.from_table(
    pa.table(
        {
            "Hotel": ["Alba", "Brisa", "Corvo", "Duna", "Estrela", "Faro", "Gaivota", "Horta"],
            "Town": ["Lisbon", "Porto", "Lisbon", "Faro", "Porto", "Lagos", "Lagos", "Sintra"],
            "Stars": [3, 4, 5, 2, 4, 3, 5, 4],
            "Style": ["modern", "rustic", "grand", "modern", "rustic", "modern", "grand", "quiet"],
            "Rate (€/night)": [80, 120, 300, 45, 150, 95, 280, 110],
            "Rooms": [20, 45, 120, 12, 60, 30, 90, 25],
            "Pool": ["yes", "no", "yes", "no", "yes", "no", "yes", "no"],
            "Seasonal": [True, False, False, True, False, False, True, False],
            "Opened": [1995, 2010, 1968, 2001, 2015, 1988, 2020, 1950],
            "Renovated": [dt.date(2020 + n % 5, 1 + n, 1) for n in range(8)],
            "Facilities": [
                ["spa", "gym"],
                ["gym"],
                ["spa", "restaurant", "bar"],
                [],
                ["restaurant"],
                ["bar"],
                ["spa", "gym", "bar"],
                ["restaurant", "bar"],
            ],
        }
    ),
    name="hotels",
)


def drafted(objective: str) -> tuple[list[str], list[str]]:
    """The conditions without what they are about, and the names of suggested columns."""
    schema = ingest(objective, HOTELS)
    said = [one.description.removeprefix("Hotel must ") for one in schema.match_conditions]
    asked: list[str] = []
    for enrichment in schema.enrichments or []:
        asked += enrichment.output_schema.json_schema["properties"]
    return [one.removesuffix(".") for one in said], asked


def found(objective: str) -> list[str]:
    """The hotels that meet all conditions of an objective."""
    conditions = ingest(objective, HOTELS).match_conditions
    rows = RuleEvaluator().judge_for(conditions, HOTELS).judge(range(len(HOTELS)))
    names = HOTELS.names(range(len(HOTELS)))
    pairs = zip(names, rows, strict=True)
    return [name for name, row in pairs if all(verdict.is_matched for verdict in row)]


@pytest.mark.parametrize(
    ("objective", "names"),
    [
        ("Hi! Could you please find me a rustic hotel? Thanks in advance", ["Brisa", "Estrela"]),
        ("We're a couple looking for a rustic hotel in Porto under 130 euros", ["Brisa"]),
        ("Are there any hotels in our list with more than 100 rooms?", ["Corvo"]),
        ("I'd love to know which hotels have over 80 rooms", ["Corvo", "Gaivota"]),
        ("I run a small agency. Please list all hotels in Sintra for me.", ["Horta"]),
        ("In which hotels is there a spa?", ["Alba", "Corvo", "Gaivota"]),
        ("In Lagos, which hotels have a spa?", ["Gaivota"]),
        ("In Porto: hotels with a gym", ["Brisa"]),
        ("What hotels would you recommend in Porto with over 50 rooms?", ["Estrela"]),
    ],
)
def test_courtesies_around_a_question_are_no_criteria(objective: str, names: list[str]) -> None:
    """However it opens and ends, the same is asked."""
    assert found(objective) == names


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (
            "hotels in Lisbon or Porto under 200 euros",
            ["be in Lisbon or Porto", "be under 200 euros"],
        ),
        (
            "hotels in Lagos for less than 100 euros a night with a bar",
            ["be in Lagos", "be for less than 100 euros a night", "have a bar"],
        ),
        (
            "hotels in Porto with a gym and at least 40 rooms",
            ["be in Porto", "have a gym", "have at least 40 rooms"],
        ),
        (
            "hotels with free parking that are seasonal",
            ["have free parking", "be seasonal"],
        ),
        (
            "hotels opened before 1990 in Lisbon or Faro",
            ["have been opened before 1990", "be in Lisbon or Faro"],
        ),
        (
            "Which hotels that have more than 50 rooms are open to dogs?",
            ["have more than 50 rooms", "be open to dogs"],
        ),
        (
            "hotels in Porto, not rustic, with at least 40 rooms",
            ["be in Porto", "not be rustic", "have at least 40 rooms"],
        ),
        (
            "Which hotels in Porto or Faro have a pool?",
            ["be in Porto or Faro", "have a pool"],
        ),
        (
            "hotels run by monks that are seasonal, rate below 100 euros",
            ["be run by monks", "be seasonal", "have rate below 100 euros"],
        ),
        (
            "hotels opened not before 1970 and not after 1990",
            ["have been opened not before 1970 and not after 1990"],
        ),
        (
            "hotels in Lagos, sorted by price, regardless of style",
            ["be in Lagos"],
        ),
        (
            "hotels - 4 stars or more, pool, rustic, not in Lisbon",
            ["have 4 stars or more", "have pool", "be rustic", "not be in Lisbon"],
        ),
        (
            "Which hotels in Lisbon or Porto attract guests?",
            ["be in Lisbon or Porto", "attract guests"],
        ),
        ("hotels (grand only) in Lagos", ["be grand", "be in Lagos"]),
        ("hotels for people without a car", ["be for people without a car"]),
        (
            "hotels opened in Porto in 2010 or 2015",
            ["have been opened in Porto", "have been opened in 2010 or 2015"],
        ),
        (
            "hotels at which Ann won a prize in Porto",
            ["be one at which Ann won a prize in Porto"],
        ),
        (
            "hotels with both a spa and a gym, no more than 100 euros",
            ["have both a spa and a gym", "be no more than 100 euros"],
        ),
        (
            "modern hotels that were praised in May and took years to build",
            ["be a modern hotel", "have been praised in May", "have taken years to build"],
        ),
        (
            "hotels that are seasonal and pay more than 10 euros an hour",
            ["be seasonal", "pay more than 10 euros an hour"],
        ),
        ("hotels in a former mill that serve dinner", ["be in a former mill", "serve dinner"]),
        (
            "Which hotels with a pool lie less than 5 km from the sea?",
            ["have a pool", "lie less than 5 km from the sea"],
        ),
        (
            "Which hotels can guests walk to that are seasonal?",
            ["be one that guests can walk to", "be seasonal"],
        ),
        (
            "Which hotels are seasonal and do not ask for money?",
            ["be seasonal", "not ask for money"],
        ),
        ("hotels in Faro that close before June", ["be in Faro", "close before June"]),
        (
            "hotels with more than 40 rooms and a pool",
            ["have more than 40 rooms", "have a pool"],
        ),
        (
            "hotels where lunch is included and the rate is below 100",
            ["be one where lunch is included", "be one where the rate is below 100"],
        ),
        (
            "hotels outside Lisbon with a rate below 100",
            ["be outside Lisbon", "have a rate below 100"],
        ),
        ("hotels with free parking that welcome dogs", ["have free parking", "welcome dogs"]),
        ("hotels with a view that people love", ["have a view that people love"]),
        ("hotels in Porto, but leave out the rustic ones", ["be in Porto", "not be rustic"]),
        ("everyone in Porto with a gym", ["be in Porto", "have a gym"]),
        (
            "hotels in Faro and breakfast must be included",
            ["be in Faro", "be one where breakfast must be included"],
        ),
        ("hotels (two stars or more) in Faro", ["have two stars or more", "be in Faro"]),
        ("hotels that cats and dogs are afraid of", ["be one that cats and dogs are afraid of"]),
        ("Which grand hotels there are run by monks?", ["be a grand hotel", "be run by monks"]),
        ("every item of grand hotels in Lagos", ["be a grand hotel", "be in Lagos"]),
        ("hotels or hostels in Faro", ["be in Faro"]),
        (
            "hotels in Faro scoring above 8 for under 100 euros",
            ["be in Faro", "score above 8", "be for under 100 euros"],
        ),
        (
            "hotels over 100 euros first opened before 1990",
            ["be over 100 euros", "have been first opened before 1990"],
        ),
        (
            "hotels near Lisbon lasting less than 2 hours",
            ["be near Lisbon", "last less than 2 hours"],
        ),
        ("unpaid hotels in Faro", ["be an unpaid hotel", "be in Faro"]),
        (
            "hotels with more than 3 stars opened this year",
            ["have more than 3 stars", "have been opened this year"],
        ),
        (
            "Which hotels without a pool cost less than 60 euros?",
            ["not have a pool", "cost less than 60 euros"],
        ),
        ("hotels a child can sleep in", ["be one that a child can sleep in"]),
        ("hotels offering yoga", ["offer yoga"]),
        (
            "hotels in Faro for which the owner has given it up",
            ["be in Faro", "be one for which the owner has given it up"],
        ),
        (
            "Which hotels in Faro have more than 9 rooms and a bar?",
            ["be in Faro", "have more than 9 rooms", "have a bar"],
        ),
        ("hotels first opened after 1990", ["have been first opened after 1990"]),
        (
            "hotels with style modern or rustic, town Porto or Faro",
            ["have style modern or rustic", "have town Porto or Faro"],
        ),
    ],
)
def test_a_new_phrase_is_a_criterion_that_belongs_to_all_before_it(
    objective: str, said: list[str]
) -> None:
    """Where a value, a name or a number ends one, the next begins."""
    assert drafted(objective)[0] == said


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("hotels that opened before 1990", "have opened before 1990"),
        ("hotels opened before 1990", "have been opened before 1990"),
        ("Which hotels opened before 1990?", "have opened before 1990"),
        ("hotels that won a prize", "have won a prize"),
        ("hotels last renovated in 2020 or later", "have been last renovated in 2020 or later"),
        ("hotels costing less than 90 euros", "cost less than 90 euros"),
        ("hotels that haven't been renovated since 2022", "not have been renovated since 2022"),
        ("hotels that are castles", "be a castle"),
        ("hotels of which Ann is the owner", "be one of which Ann is the owner"),
        ("hotels without a pool", "not have a pool"),
        ("hotels neither in Lisbon nor in Porto", "be neither in Lisbon nor in Porto"),
        ("Which hotels did Ann Lee visit?", "be one that Ann Lee visited"),
    ],
)
def test_a_condition_is_good_english(objective: str, said: str) -> None:
    """What an entity did stays active, and what was done to it passive."""
    assert drafted(objective)[0] == [said]


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("seasonal modern hotels", ["be seasonal", "be a modern hotel"]),
        ("modern, seasonal hotels in Faro", ["be a modern hotel", "be seasonal", "be in Faro"]),
        ("grand and rustic hotels", ["be a grand or rustic hotel"]),
        ("hotels that are seasonal and rustic", ["be seasonal and rustic"]),
        ("grand but not seasonal hotels", ["be a grand hotel", "not be seasonal"]),
        ("grand, rustic or quiet hotels", ["be a grand, rustic or quiet hotel"]),
        ("non-seasonal hotels", ["be non-seasonal"]),
    ],
)
def test_each_adjective_before_the_noun_is_a_criterion(objective: str, said: list[str]) -> None:
    """Unless two are joined; of what can be only one of two, either will do."""
    assert drafted(objective)[0] == said


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (
            "I want a hotel. It should be in Porto and have a gym. At least 40 rooms.",
            ["be in Porto", "have a gym", "have at least 40 rooms"],
        ),
        (
            "Must be modern. No pool. Opened since 2000.",
            ["be modern", "have no pool", "have been opened since 2000"],
        ),
        ("Find hotels:\n- in Lagos\n- under 200 euros", ["be in Lagos", "be under 200 euros"]),
        ("Hotels with a bar. Exclude those in Lisbon.", ["have a bar", "not be in Lisbon"]),
        ("Hotels with a bar; only those that are seasonal", ["have a bar", "be seasonal"]),
        ("We have two dogs: which hotels in Lagos have a bar?", ["be in Lagos", "have a bar"]),
        ("We are a family and need two beds. Which hotels are in Faro?", ["be in Faro"]),
        ("I want to sleep late. Which hotels are in Faro?", ["be in Faro", "sleep late"]),
        ("Tell me about hotels in Porto: which ones have a gym?", ["be in Porto", "have a gym"]),
    ],
)
def test_sentences_in_series_are_criteria_of_the_same_thing(
    objective: str, said: list[str]
) -> None:
    """Whether they have a subject, a verb, or neither."""
    assert drafted(objective)[0] == said


@pytest.mark.parametrize(
    ("objective", "said", "asked"),
    [
        ("hotels in Faro, and tell me their rate", ["be in Faro"], ["rate"]),
        ("hotels in Faro; also give me the rate and the stars", ["be in Faro"], ["rate", "stars"]),
        ("hotels in Faro (and their rooms)", ["be in Faro"], ["rooms"]),
        ("hotels in Faro. What do they cost?", ["be in Faro"], ["what_cost"]),
        ("Names and rates of all hotels in Faro", ["be in Faro"], ["rates"]),
        ("hotels in Faro, who is the owner?", ["be in Faro"], ["who_owner"]),
        ("hotels in Faro plus the year of opening", ["be in Faro"], ["year_of_opening"]),
        ("hotels in Faro. Please include the rate too.", ["be in Faro"], ["rate"]),
        ("hotels in Faro, ideally with a pool", ["be in Faro"], ["pool"]),
        ("hotels in Faro. It would be nice to have a spa.", ["be in Faro"], ["spa"]),
        ("hotels in Faro that include a pool", ["be in Faro", "include a pool"], []),
        (
            "Give the town and number of stars for every hotel with a bar",
            ["have a bar"],
            ["town", "number_of_stars"],
        ),
        (
            "hotels in Faro, their rate and when they opened",
            ["be in Faro"],
            ["rate", "when_opened"],
        ),
        ("hotels in Faro, with the person who runs it", ["be in Faro"], ["person"]),
        (
            "hotels in Faro, the names of their owners and when they opened",
            ["be in Faro"],
            ["names_of_owners", "when_opened"],
        ),
        ("hotels under 100 euros, and the style", ["be under 100 euros"], ["style"]),
        ("hotels in Faro, listed with their rate", ["be in Faro"], ["rate"]),
        ("hotels in Faro along with their largest room", ["be in Faro"], ["largest_room"]),
        (
            "hotels in Faro, with the year in which they were built",
            ["be in Faro"],
            ["year_in_which_were_built"],
        ),
        ("hotels in Faro, and who the owner was", ["be in Faro"], ["who_owner_was"]),
    ],
)
def test_what_is_to_be_told_or_only_preferred_is_no_criterion(
    objective: str, said: list[str], asked: list[str]
) -> None:
    """It becomes a suggested column."""
    assert drafted(objective) == (said, asked)


@pytest.mark.parametrize(
    ("objective", "names"),
    [
        (
            "hotels without a pool or opened before 1970",
            ["Brisa", "Corvo", "Duna", "Faro", "Horta"],
        ),
        (
            "hotels that are not in Lagos or have five stars",
            ["Alba", "Brisa", "Corvo", "Duna", "Estrela", "Gaivota", "Horta"],
        ),
        ("hotels with a pool in Lisbon and hotels with a gym in Porto", ["Alba", "Brisa", "Corvo"]),
    ],
)
def test_what_is_said_of_one_alternative_does_not_reach_into_the_other(
    objective: str, names: list[str]
) -> None:
    """ "Without a pool or opened before 1970" is either."""
    assert found(objective) == names


def test_alternatives_that_reach_over_several_clauses_are_one_condition() -> None:
    """Cut, each side would be asked of all."""
    said = "hotels that are in Lagos and have a spa, or are in Porto and have a gym"
    assert len(drafted(said)[0]) == 1
    assert found(said) == ["Brisa", "Gaivota"]


@pytest.mark.parametrize("calling", ["hill climbs", "climbs", "steep hill climbs"])
def test_a_noun_that_no_row_says_is_part_of_what_the_rows_are_called(calling: str) -> None:
    """Of hill climbs, "hill" tells no climb from another; "steep" would."""
    climbs = pa.table({"climb": ["Galibier", "Stelvio"], "country": ["France", "Italy"]})
    corpus = Corpus.from_table(climbs, name="climbs")
    schema = ingest(f"Find all {calling} in Italy", corpus)
    asked = [one.description for one in schema.match_conditions]
    assert asked[-1] == "Climb must be in Italy."
    assert len(asked) == 1 + calling.startswith("steep")


@pytest.mark.parametrize(("asked", "kind"), [("thefts", "theft"), ("frauds", "fraud")])
def test_a_noun_that_some_texts_say_is_a_criterion(asked: str, kind: str) -> None:
    """Although every text has a word that begins alike, as "the" does."""
    texts = [
        f"On the way home the owner saw it: a {kind}. The police were told on the same day.",
        "The roof leaked after the storm, and the framed pictures were wet from the rain.",
        f"The second {kind} in the same street, which the neighbours told the police about.",
    ]
    table = pa.table({"name": ["One", "Two", "Three"], "text": texts})
    drafts = ingest(f"Find all {asked} reported in May", Corpus.from_table(table, name="claims"))
    said = [one.description for one in drafts.match_conditions]
    assert said[0] == f"Claim must be a {kind}."


@pytest.mark.parametrize(
    ("corpus", "kinds", "objective"),
    [
        ("breeds", "size", "cat breeds from Persia"),
        ("wrecks", "type", "ships from Persia"),
    ],
)
def test_what_many_texts_call_their_row_is_no_criterion(
    corpus: str, kinds: str, objective: str
) -> None:
    """Of cat breeds all are cats, and all wrecks are ships of whatever type."""
    noun = "cat" if corpus == "breeds" else "ship"
    table = {
        "name": ["One", "Two", "Three"],
        kinds: ["small", "barge", "large"],
        "origin": ["Persia", "Siam", "Persia"],
        "text": [
            f"A calm {noun} that has been known for long, and that many people like very much.",
            "It was first seen in the nineteenth century, and nobody knows where it came from.",
            "It came to Europe with merchants, who had found it on one of their long journeys.",
        ],
    }
    drafts = ingest(f"Find all {objective}", Corpus.from_table(pa.table(table), name=corpus))
    said = [one.description.partition(" ")[2] for one in drafts.match_conditions]
    assert said == ["must be from Persia."]


@pytest.mark.parametrize(
    "objective",
    [
        "",
        "?",
        "Hi!",
        "the",
        "with",
        "- , .",
        "They must be",
        "who",
        "hotels that are %?",
        "who , , with",
    ],
)
def test_an_objective_that_says_nothing_is_drafted_all_the_same(objective: str) -> None:
    """Each draft has a kind of entity and a condition, since the API asks for both."""
    schema = ingest(objective, HOTELS)
    assert schema.entity_type.strip()
    assert all(one.description.strip() for one in schema.match_conditions)
    assert schema.match_conditions
