"""Turns of phrase that only the columns of a table make plain."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.objectives.ingest import ingest

TRAMS = Corpus.from_table(
    pa.table(
        {
            "Tram": ["Linea", "Corso", "Rondo", "Metra"],
            "in_production": [True, False, False, None],
            "breakdowns_12m": [0, 4, 1, None],
            "breakdowns_total": [9, 40, 2, 7],
            "leased_since": [dt.date(2012, 5, 1), dt.date(2019, 3, 1), None, dt.date(2016, 9, 1)],
            "first_run": [1999, 2015, 2020, 2003],
            "price_eur": [2_400_000, 900_000, 1_500_000, None],
            "one_way": [True, False, False, True],
            "low_floor_entry": ["yes", "no", "yes", "yes"],
            "signs_in": [["German", "French"], ["French"], ["Italian", "German"], None],
            "built_in": ["Germany", "France", "Italy", "Poland"],
            "extras": [["wifi"], ["ramp", "wifi"], ["ramp"], []],
        }
    ),
    name="trams",
)

STAYS = Corpus.from_table(
    pa.table(
        {
            "Stay": ["Alp", "Bay", "Cliff", "Dune"],
            "sleeps": [4, 2, 6, 4],
            "prev_guests": [1, 0, 14, 3],
            "bedrooms": [1, 1, 3, 2],
            "open_requests": [2, 51, 80, 50],
            "rent_eur": [900, 15_500, 2_000, 14_000],
            "smoke_free": ["yes", "no", "yes", "no"],
            "breakfast": ["included", "extra", "none", "included"],
            "toll": ["no", "yes", "no", "yes"],
            "pets": [True, False, False, True],
            "kind": ["flat", "flat", "cabin", "cabin"],
            "diets": [["vegetarian"], [], ["vegan", "nut-free"], ["vegetarian"]],
            "os": ["Linux", "Windows", "Linux", "none"],
            "persons": [4, 2, 6, 4],
            "parking": ["free", "paid", "none", "free"],
        }
    ),
    name="stays",
)


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (TRAMS, "They don't build it any more", [1, 2]),
        (TRAMS, "no longer made", [1, 2]),
        (TRAMS, "is not produced any longer", [1, 2]),
        (TRAMS, "still being built", [0]),
        (TRAMS, "production has ended", [1, 2]),
        (TRAMS, "had no breakdowns at all in the last 12 months", [0]),
        (TRAMS, "more than two breakdowns during the past year", [1]),
        (TRAMS, "our lease began in 2015 or later", [1, 3]),
        (TRAMS, "where German is read on the signs", [0, 2]),
        (TRAMS, "has a low floor entry, such as a ramp or a step of no height", [0, 2, 3]),
        (TRAMS, "costs at most 1 500 000 euros", [1, 2]),
        (TRAMS, "a price under 2 000 000", [1, 2]),
        (STAYS, "for six", [2]),
        (STAYS, "for four people", [0, 3]),
        (STAYS, "one-bedroom", [0, 1]),
        (STAYS, "had one previous guest", [0]),
        (STAYS, "does not have a single previous guest", [1]),
        (STAYS, "more open requests than 50", [1, 2]),
        (STAYS, "fewer open requests than 50", [0]),
        (STAYS, "for at most 15k", [0, 2, 3]),
        (STAYS, "under 14.5k", [0, 2, 3]),
        (STAYS, "toll-free", [0, 2]),
        (STAYS, "smoke-free", [0, 2]),
        (STAYS, "one where there is smoke", [1, 3]),
        (STAYS, "a non-vegetarian flat", [1]),
        (STAYS, "a nut-free cabin", [2]),
        (STAYS, "must not take pets or must include breakfast", [0, 1, 2, 3]),
        (STAYS, "is a cabin or be without breakfast", [2, 3]),
        (STAYS, "neither a cabin nor with free parking", [1]),
        (STAYS, "parking for free", [0, 3]),
        (STAYS, "an OLED screen", []),
    ],
)
def test_a_turn_of_phrase_is_read_by_the_columns(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """What is over, who does it, for how many and for how much is found in the columns."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], corpus)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("objective", "places"),
    [
        ("Find trams with signs in French that are no longer made", [1]),
        ("one-bedroom flats that include breakfast", [0]),
        ("Find stays for four people with free parking", [0, 3]),
    ],
)
def test_an_objective_keeps_its_turns_of_phrase(objective: str, places: list[int]) -> None:
    """A draft leaves such turns as they were said, so that they can still be read."""
    corpus = TRAMS if "trams" in objective else STAYS
    judge = RuleEvaluator().judge_for(ingest(objective, corpus).match_conditions, corpus)
    verdicts = judge.judge(range(4))
    found = [at for at, row in enumerate(verdicts) if all(v.is_matched for v in row)]
    assert found == places, judge.readings


GRANTS = Corpus.from_table(
    pa.table(
        {
            "Applicant": ["Choir", "Beehive", "Film Lab", "Chess"],
            "grant_no": ["G-1", "G-2", "G-3", "G-4"],
            "genres": ["Music|Youth", "Nature|Youth", "Music|Film|Youth", "Film"],
            "status": ["paid out", "approved", "pending", "paid out"],
            "submitted": [1998, 2004, 1985, 2011],
            "decided": [dt.date(2004, 3, 1), dt.date(2005, 1, 1), None, dt.date(2012, 1, 1)],
            "staff_paid": [0, 3, None, 6],
            "known_donors": [0, 2, 1, None],
            "stops": [0, 1, 2, 0],
            "assessor": ["Lind", "Osei", "Lind", "Moreau"],
            "headteacher": ["Ward", None, "Snell", "Ode"],
            "pregnancy_safe": ["yes", "no", "yes", None],
            "entry_fees_eur": [0, 5, 0, 8],
            "dept": ["Support", "Sales", "Law", "Law"],
            "sso": ["yes", "yes", "no", "no"],
            "pets": ["dog", "cat", "none", "n/a"],
            "monthly_dues_eur": [1500, 2500, 2010, 300],
            "gdpr_dpa_signed": ["yes", "no", None, "yes"],
            "risks": [["bleeding"], ["rash", "bleeding"], ["drowsiness"], []],
        }
    ),
    name="grants",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("youth music", [0, 2]),
        ("film music", [2]),
        ("paid out", [0, 3]),
        ("approved but not yet paid out", [1]),
        ("no decision has been made yet", [2]),
        ("has known donors", [1, 2]),
        ("has no known donors", [0]),
        ("nonstop", [0, 3]),
        ("assessed by anyone but Lind", [1, 3]),
        ("assessed by anybody but Osei or Moreau", [0, 2]),
        ("without a head teacher", [1]),
        ("safe for pregnant women", [0, 2]),
        ("charges no entry fees", [0, 2]),
        ("supports single sign-on", [0, 1]),
        ("may cause bleeding", [0, 1]),
        ("does not make you drowsy", [0, 1, 3]),
        ("submitted in the eighties or nineties", [0, 2]),
        ("submitted before 1990 or after 2010", [2, 3]),
        ("1 to 2 stops, inclusive", [1, 2]),
        ("neither a dog nor a cat", [2]),
        ("risks include bleeding but exclude rash", [0]),
        ("the only risk is bleeding", [0]),
        ("assessed by Lind unless pending", [0]),
        ("dues of more than 2000 a month", [1, 2]),
        ("the DPA has been signed", [0, 3]),
        ("the DPA has not been signed yet", [1]),
    ],
)
def test_small_words_do_not_hide_a_column(condition: str, places: list[int]) -> None:
    """Verbs, particles and joined items around a value or a name leave it what it is."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], GRANTS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


def test_who_must_not_have_something_is_asked_about_and_not_told() -> None:
    """To leave a dog at home is told to guests; whether a tenant has one is a fact."""
    tenants = Corpus.from_table(
        pa.table({"tenant": ["Ada", "Bo", "Cy"], "has_dog": [True, False, None]}), name="tenants"
    )
    asked = MatchCondition("dog", "Tenants must not have a dog")
    judge = RuleEvaluator().judge_for([asked], tenants)
    assert judge.readings == ["Not (has_dog is true)."]


def test_what_follows_alternatives_with_a_with_is_asked_of_each() -> None:
    """Also where only the text can tell it."""
    cities = Corpus.from_table(
        pa.table(
            {
                "city": ["Ada", "Bol", "Cis"],
                "country": ["US", "Japan", "US"],
                "about": [
                    "Ada lies in a plain and lives on wheat.",
                    "Bol has a port on the inner sea.",
                    "Cis has a port and two markets.",
                ],
            }
        ),
        name="cities",
    )
    asked = MatchCondition("port", "in the US or Japan with a port")
    rows = RuleEvaluator().judge_for([asked], cities).judge(range(3))
    assert [row[0].is_matched for row in rows] == [False, True, True]
