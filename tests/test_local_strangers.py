"""Questions as strangers put them to tables with short headers, and to plain sentences."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.objectives.ingest import ingest
from findall_frames.embedded.objectives.sparing import without_exceptions

DAMS = Corpus.from_table(
    pa.table(
        {
            "Dam": ["Itaipu", "Kariba", "Iron Gate", "GERD", "Baihetan", "Hoover"],
            "Ht. (m)": [196, 128, 60, 145, 289, 221],
            "Cap. (MW)": [14000, 2010, 2200, 5150, 16000, 2080],
            "Res. vol. (km³)": [29.0, 180.6, 2.1, 74.0, 20.6, 35.2],
            "Concrete production (t)": [900, 400, None, 800, 1200, 300],
            "Inflow (m³/s)": [11300.0, 1400.0, 5500.0, 1550.0, 4170.0, None],
            "River": ["Paraná", "Zambezi", "Danube", "Blue Nile", "Jinsha", "Colorado"],
            "Countries": [
                ["Brazil", "Paraguay"],
                ["Zambia", "Zimbabwe"],
                ["Romania", "Serbia"],
                ["Ethiopia"],
                ["China"],
                ["United States"],
            ],
            "Yr. completed": [1984, 1959, 1972, 2022, 2021, 1936],
            "Fish ladder": ["no", "no", "partly", "planned", None, "yes"],
            "Purposes": [
                "power",
                "power",
                "power; navigation",
                "power",
                "power; flood control",
                "power; irrigation",
            ],
        }
    ),
    name="dams",
)

LAPTOPS = Corpus.from_table(
    pa.table(
        {
            "model": ["Aero", "Brick", "Cinder", "Dune", "Ember", "Flint"],
            "ram_gb": [8, 32, 16, 16, 64, 8],
            "wt_kg": [0.98, 2.9, 1.3, 1.7, 2.4, 1.4],
            "price_eur": [899, 2499, 1299, 1199, 3999, 749],
            "lease_eur_mo": [39, 99, 59, 49, 149, 29],
            "battery_hrs": [18.0, 6.0, 12.5, 10.0, None, 9.0],
            "min_displays": [1, 1, 1, 1, 2, 1],
            "max_displays": [1, 3, 2, 2, 4, 1],
            "ports": [
                ["USB-C"],
                ["USB-C", "HDMI", "Ethernet"],
                ["USB-C", "HDMI"],
                ["USB-C", "USB-A", "HDMI"],
                ["USB-C", "HDMI"],
                ["USB-C", "USB-A"],
            ],
            "touch": ["Y", "N", "Y", "N", "N", "N"],
            "os": ["Linux", "Windows", "Windows", "Windows", "Linux", "none"],
            "state": ["on sale", "on sale", "in development", "on sale", "out of print", "on sale"],
            "iso_9001": ["yes", "no", "planned", "yes", "no", "yes"],
            "repairable": [True, True, False, False, True, False],
            "warranty_yrs": [2, 3, 1, 2, 3, 1],
            "released": [
                dt.date(2023, 5, 1),
                dt.date(2024, 1, 15),
                dt.date(2022, 9, 1),
                dt.date(2024, 6, 1),
                dt.date(2025, 2, 1),
                dt.date(2021, 3, 1),
            ],
        }
    ),
    name="laptops",
)

COURSES = Corpus.from_table(
    pa.table(
        {
            "Course": ["Pottery", "Bookbinding", "Bread", "Piano", "Watches", "Gardens"],
            "Dur. (wks)": [6, 12, 4, 20, 16, 8],
            "Hrs/wk": [2.0, 3.0, 4.0, 1.5, 3.0, 2.5],
            "Fee (CHF)": ["320", "1'150", "240", "980", "2,400", "n/a"],
            "Lang.": ["German", "German", "French", "English", "German", "French; English"],
            "Minimum age": [6, 16, 8, 10, 18, 6],
            "Maximum age": [12, 99, 99, 15, 99, 99],
            "Online": ["N", "N", "hybrid", "Y", "N", "hybrid"],
            "Topics": [["clay"], ["leather"], ["rye"], ["harmony"], ["springs"], ["pests", "soil"]],
            "Certificate": [False, True, False, False, True, False],
        }
    ),
    name="courses",
)

SALTS = Corpus.from_table(
    pa.table(
        {
            "Substance": ["Water", "Table salt", "Chalk", "Sugar", "Nitrogen"],
            "M.p. (°C)": [0.0, 801.0, 825.0, 186.0, -210.0],
            "B.p. (°C)": [100.0, 1465.0, None, None, -196.0],
            "State": ["liquid", "solid", "solid", "solid", "gas"],
            "CAS no.": ["7732-18-5", "7647-14-5", "471-34-1", "57-50-1", "7727-37-9"],
            "Soluble in water": [None, "yes", "no", "yes", "slightly"],
        }
    ),
    name="substances",
)

DEALS = Corpus.from_table(
    pa.table(
        {
            "contract": ["C1", "C2", "C3", "C4"],
            "firm": ["Aldgate", "Brunel", "Corvid", "Delft"],
            "cntry": ["United Kingdom", "France", "United States", "Japan"],
            "val_keur": [1200.0, 350.0, 80.0, None],
            "term_mths": [36, 12, 24, 18],
            "notice_days": [90, 30, 14, 180],
            "auto_renew": ["Y", "N", "Y", "N"],
            "label": ["nut-free", "nut", "nut-free", "nut"],
            "freezable": [True, False, False, True],
            "cuisine": ["Italian", "French", "Thai", "Spanish"],
            "stage": ["on hold", "active", "active", "under review"],
        }
    ),
    name="contracts",
)

PLACES = Corpus.from_table(
    pa.table(
        {
            "name": ["Alcove", "Bastion", "Chapel"],
            "text": [
                "Alcove stands in Florida. A third of its books burned; 4,000 are left.",
                "Bastion lies in Georgia, in the Caucasus. A card costs €20 here. It was renovated "
                "for €12 million. Dogs are welcome.",
                "Chapel was planned for Oregon. It has lost its tower. Swimming is not allowed.",
            ],
        }
    ),
    name="places",
)

NOTES = Corpus.from_table(
    pa.table(
        {
            "name": ["Ash", "Birch", "Cedar", "Daisy", "Elm"],
            "text": [
                "Ash is a fresh spread without colouring. It was nominated for the Golden Spoon.",
                "Birch contains no milk. It won the Golden Spoon in 2012 and ages for 14 months.",
                "Cedar is made from whole milk, matures for two years and does not melt.",
                "The players join forces here, and nothing is left to chance. Dice are not used.",
                "A player without cards is eliminated. Instead of dice it has a wheel.",
            ],
        }
    ),
    name="things",
)


def judge_of(corpus: Corpus, *conditions: str) -> RuleJudge:
    return RuleEvaluator().judge_for([MatchCondition("asked", one) for one in conditions], corpus)


def rows_of(corpus: Corpus, judge: RuleJudge) -> list[int]:
    rows = judge.judge(range(len(corpus)))
    return [at for at, row in enumerate(rows) if all(verdict.is_matched for verdict in row)]


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (SALTS, "Substance must melt above 500 °C", [1, 2]),
        (SALTS, "boiling point below 0 °C", [4]),
        (SALTS, "b.p. over 1,000 degrees", [1]),
        (SALTS, "melts below minus 50 degrees", [4]),
        (SALTS, "melts below 190 degrees", [0, 3, 4]),
        (DAMS, "is taller than 200 m", [4, 5]),
        (DAMS, "capacity of 5 gigawatts or more", [0, 3, 4]),
        (DAMS, "holds more than 100 cubic kilometres of water", [1]),
        (DAMS, "an inflow of over 5,000 cubic metres per second", [0, 2]),
        (DAMS, "over 250 m", [4]),
        (DAMS, "more than 850 tonnes of concrete were produced", [0, 4]),
        (LAPTOPS, "weighs less than a kilo and a half", [0, 2, 5]),
        (LAPTOPS, "lasts at least ten hours", [0, 2, 3]),
        (LAPTOPS, "the battery lasts for more than half a day", [0, 2]),
        (LAPTOPS, "no more than 8 gigs of memory", [0, 5]),
        (LAPTOPS, "guaranteed for two years or more", [0, 1, 3, 4]),
        (COURSES, "takes at most six weeks", [0, 2]),
        (COURSES, "meets for at least three hours a week", [1, 2, 4]),
        (COURSES, "lasts longer than 3 months", [3, 4]),
        (COURSES, "costs less than 500 francs", [0, 2]),
        (COURSES, "Course must cost under CHF 1000", [0, 2, 3]),
    ],
)
def test_a_short_header_is_found_by_unit_verb_and_attribute(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """What melts has a melting point, and so many hours a week are no weeks."""
    judge = judge_of(corpus, condition)
    assert rows_of(corpus, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("costs under €1,000", [0, 5]),
        ("at most €50 per month", [0, 3, 5]),
        ("no more than €60 per device and month", [0, 2, 3, 5]),
    ],
)
def test_a_price_per_month_is_told_from_the_price(condition: str, places: list[int]) -> None:
    """The month of a header is what is paid for, and no unit of the money."""
    judge = judge_of(LAPTOPS, condition)
    assert rows_of(LAPTOPS, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("came out after mid-2023", [1, 3, 4]),
        ("released since the start of 2024", [1, 3, 4]),
        ("has not been released since the end of 2022", [2, 5]),
        ("released before the end of 2022", [2, 5]),
    ],
)
def test_a_part_of_a_year_is_no_whole_one(condition: str, places: list[int]) -> None:
    """Since the end of a year means after it, and a year is never a number of gigabytes."""
    judge = judge_of(LAPTOPS, condition)
    assert rows_of(LAPTOPS, judge) == places, judge.readings


def test_what_was_not_done_until_a_year_was_done_from_then_on() -> None:
    """A dam that was not completed until after 1980 is one completed after 1980."""
    judge = judge_of(DAMS, "was not completed until after 1980")
    assert rows_of(DAMS, judge) == [0, 3, 4], judge.readings


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (DAMS, "lies on the border of Zambia and Zimbabwe", [1]),
        (DAMS, "crosses Romania", [2]),
        (DAMS, "passes through Paraguay", [0]),
        (DAMS, "supplies both Brazil and Paraguay", [0]),
        (DAMS, "is shared by two countries", [0, 1, 2]),
        (DAMS, "dams the Danube or the Zambezi", [1, 2]),
        (DAMS, "neither in China nor in the United States", [0, 1, 2, 3]),
        (LAPTOPS, "can be connected via USB-A", [3, 5]),
        (LAPTOPS, "has HDMI but no Ethernet", [2, 3, 4]),
        (LAPTOPS, "does not come with Ethernet", [0, 2, 3, 4, 5]),
        (LAPTOPS, "ships without an operating system", [5]),
        (LAPTOPS, "still in development", [2]),
        (LAPTOPS, "is not out of print", [0, 1, 2, 3, 5]),
        (COURSES, "deals with pests or rye", [2, 5]),
        (COURSES, "ends with a certificate", [1, 4]),
        (COURSES, "taught in French", [2, 5]),
        (SALTS, "CAS number 471-34-1", [2]),
    ],
)
def test_a_verb_says_no_more_than_its_value(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """Values with hyphens, numbers and small words in them are found whole."""
    judge = judge_of(corpus, condition)
    assert rows_of(corpus, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (SALTS, "dissolves in water", [1, 3]),
        (SALTS, "is not soluble in water", [2]),
        (SALTS, "slightly soluble in water", [4]),
        (DAMS, "there is a fish ladder", [5]),
        (DAMS, "has no fish ladder", [0, 1]),
        (DAMS, "a fish ladder is planned", [3]),
        (LAPTOPS, "has a touchscreen", [0, 2]),
        (LAPTOPS, "can be repaired", [0, 1, 4]),
        (LAPTOPS, "cannot be repaired", [2, 3, 5]),
        (LAPTOPS, "ISO 9001 certified", [0, 3, 5]),
        (LAPTOPS, "an ISO 9001 report exists and is not merely planned", [0, 3, 5]),
        (COURSES, "can be followed online", [3]),
        (COURSES, "not online", [0, 1, 4]),
    ],
)
def test_yes_and_no_are_understood_beside_other_values(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """What is neither yes nor no satisfies neither the condition nor its denial."""
    judge = judge_of(corpus, condition)
    assert rows_of(corpus, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (LAPTOPS, "for three displays", [1, 4]),
        (LAPTOPS, "exactly one display", [0, 5]),
        (LAPTOPS, "up to 3 displays", [1, 4]),
        (LAPTOPS, "at least 2 displays", [1, 2, 3, 4]),
        (LAPTOPS, "no more than two displays", [0, 2, 3, 5]),
        (LAPTOPS, "min_displays is 2", [4]),
        (LAPTOPS, "at most 2 max displays", [0, 2, 3, 5]),
        (COURSES, "for an age of 9", [0, 2, 5]),
        (COURSES, "suitable for age 14", [2, 3, 5]),
        (COURSES, "minimum age of 16", [1]),
    ],
)
def test_two_columns_hold_the_ends_of_a_range(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """For three displays is what drives one to four, unless an end itself is asked for."""
    judge = judge_of(corpus, condition)
    assert rows_of(corpus, judge) == places, judge.readings


PARTIES = Corpus.from_table(
    pa.table(
        {
            "game": ["Alder", "Beech", "Clover"],
            "min_players": [1, 2, 2],
            "max_players": [4, 2, 6],
            "year": [2001, 1985, 1999],
        }
    ),
    name="games",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("notice of at least three months", [0, 3]),
        ("runs for two years or longer", [0, 2]),
        ("term longer than a year and a half", [0, 2]),
        ("worth more than half a million euros", [0]),
        ("renews automatically", [0, 2]),
        ("does not renew automatically", [1, 3]),
        ("is free of nut", [0, 2]),
        ("can be frozen", [0, 3]),
        ("a cuisine from Italy or Spain", [0, 3]),
        ("with a European firm", [0, 1]),
    ],
)
def test_contracts_are_asked_for_as_lawyers_do(condition: str, places: list[int]) -> None:
    """Three months are ninety days, and what renews automatically is on auto_renew."""
    judge = judge_of(DEALS, condition)
    assert rows_of(DEALS, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("can be played by one person alone", [0]),
        ("playable solo", [0]),
        ("for four people", [0, 2]),
        ("a two-player game", [0, 1, 2]),
        ("for exactly two players", [1]),
    ],
)
def test_people_are_counted_by_the_columns_for_players(condition: str, places: list[int]) -> None:
    """One person, and four people, are so many players."""
    judge = judge_of(PARTIES, condition)
    assert rows_of(PARTIES, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("corpus", "objective", "places"),
    [
        (PARTIES, "Which games for two players came out after 1990?", [0, 2]),
        (SALTS, "Which gases boil below -100 °C?", [4]),
        (SALTS, "solids except those that dissolve in water", [2]),
        (DAMS, "dams higher than 100 m that lie in China or end in the Jinsha", [4]),
        (DAMS, "Find dams used for power, excluding those in the United States", [0, 1, 2, 3, 4]),
        (LAPTOPS, "all laptops but not those that come with HDMI", [0, 5]),
        (LAPTOPS, "I'm after a light laptop (below 1.4 kg) with HDMI, plus its price", [2]),
        (LAPTOPS, "I need Linux laptops under €1,000, with the price and the ports", [0]),
        (DEALS, "contracts that run for under two years, except what is under review", [1]),
        (DEALS, "contracts worth over €100k that renew automatically", [0]),
        (DAMS, "dams in Romania or China, with the year they were completed", [2, 4]),
        (COURSES, "courses that can be attended online or in hybrid form", [2, 3, 5]),
        (COURSES, "List the courses under 300 francs, along with who teaches them", [2]),
        (COURSES, "courses whose language is French or English", [2, 3, 5]),
        (COURSES, "Which courses cost under 300 francs? Include the language and the topics.", [2]),
        (COURSES, "courses taught in German that lead to a certificate", [1, 4]),
    ],
)
def test_an_objective_keeps_each_criterion_whole(
    corpus: Corpus, objective: str, places: list[int]
) -> None:
    """Exceptions, verbs of two words and wishes at the end stay what they are."""
    conditions = ingest(objective, corpus).match_conditions
    judge = RuleEvaluator().judge_for(conditions, corpus)
    assert rows_of(corpus, judge) == places, [one.description for one in conditions]


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("films except those with a sequel", "films without a sequel"),
        ("films, except for the ones that are long", "films that are not long"),
        ("firms apart from those founded in 2001", "firms that were not founded in 2001"),
        ("towns other than those in Peru", "towns that are not in Peru"),
        ("rivers on whose banks people live", "rivers whose banks people live"),
    ],
)
def test_an_exception_becomes_a_criterion(said: str, plain: str) -> None:
    """What is left out is asked for as what is not so."""
    assert without_exceptions(said) == plain


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("won the Golden Spoon", [1]),
        ("ripens for at least 20 months", [2]),
        ("made without cow milk", [1]),
        ("must not melt when heated", [2]),
        ("a cooperative game", [3]),
        ("no luck is involved", [3]),
        ("played with dice", []),
        ("players can be eliminated", [4]),
    ],
)
def test_a_text_is_heard_for_what_it_denies(condition: str, places: list[int]) -> None:
    """Who was nominated has not won, and what has no milk has no milk of cows."""
    judge = judge_of(NOTES, condition)
    assert rows_of(NOTES, judge) == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("in the United States", [0]),
        ("fewer than 3,000 books", []),
        ("the renovation cost more than 10 million euros", [1]),
        ("has a tower", []),
        ("dogs are allowed", [1]),
    ],
)
def test_a_sentence_is_taken_for_what_it_is_about(condition: str, places: list[int]) -> None:
    """A third is no count, a lost tower is none, and a price elsewhere is not the asked one."""
    judge = judge_of(PLACES, condition)
    assert rows_of(PLACES, judge) == places, judge.readings


TICKETS = Corpus.from_table(
    pa.table(
        {
            "Ticket #": ["T-1", "T-2", "T-3", "T-4"],
            "Host": ["Japan", "South Korea", "Peru", "Japan"],
            "Times reopened": [0, 1, 2, None],
            "1st resp. (min)": [30, 250, 600, 10],
            "Last visit": [dt.date(2024, 5, 1), dt.date(2023, 1, 9), None, dt.date(2022, 2, 2)],
        }
    ),
    name="desk",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("reopened more than once", [2]),
        ("Ticket must have been reopened at least twice", [2]),
        ("the first response took longer than four hours", [1, 2]),
        ("the last visit was before 2023", [3]),
        ("cases hosted by Japan or South Korea", [0, 1, 3]),
        ("Games that are in Peru", [2]),
    ],
)
def test_first_and_last_of_a_header_are_no_superlatives_and_once_is_a_number(
    condition: str, places: list[int]
) -> None:
    """And a plural that no row says is just what the rows are called."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], TICKETS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings
