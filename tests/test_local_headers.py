"""Conditions on business tables, whose headers and cells are short for what they mean."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.objectives.ingest import ingest

ORDERS = Corpus.from_table(
    pa.table(
        {
            "Ord. no.": ["S1", "S2", "S3", "S4"],
            "Ctry": ["DE", "FR", "GB", "DE"],
            "Ord. dt": [
                dt.date(2024, 1, 5),
                dt.date(2024, 2, 11),
                dt.date(2024, 7, 19),
                dt.date(2025, 1, 4),
            ],
            "Pd": ["Y", "N", "Y", "N"],
            "Returnable": ["Y", "N", "N", "Y"],
            "Hazmat": ["N", "N", "Y", "N"],
            "Whse": ["Hull", "Lyon", "Hull", "Lyon"],
            "Sales rep": ["K. Lund", "M. Okoro", "P. Weiss", None],
            "Cust. since": [2001, 2015, 2019, 2024],
            "Disc. %": [0.0, 5.0, 10.0, 15.0],
        }
    ),
    name="orders",
)

STAFF = Corpus.from_table(
    pa.table(
        {
            "Name": ["Ann", "Bo", "Cy", "Di"],
            "Dept": ["HR", "Ops", "Sales", "IT"],
            "Job title": ["HR partner", "Driver", "Account manager", "Sales engineer"],
            "DOB": [
                dt.date(1966, 3, 2),
                dt.date(1998, 7, 7),
                dt.date(1968, 1, 1),
                dt.date(1999, 8, 8),
            ],
            "Perf. rtg (1-5)": [4, 2, 5, 3],
            "Bonus %": [5.0, 0.0, 20.0, 8.0],
            "Visa spons.": ["no", "yes", "no", "no"],
        }
    ),
    name="employees",
)

PLANTS = Corpus.from_table(
    pa.table(
        {
            "Site": ["Alva", "Brix", "Cove", "Dorn"],
            "Region": ["EMEA", "APAC", "AMER", "EMEA"],
            "Hdct": [120, 45, 800, 0],
            "Floor area (k sq ft)": [55.0, 20.5, 310.0, 12.0],
            "Own/lease": ["leased", "owned", "leased", "leased"],
            "ISO 14001": ["certified", "in progress", "certified", "not certified"],
            "Last audit": [dt.date(2024, 5, 5), dt.date(2022, 1, 2), dt.date(2025, 2, 1), None],
            "Audit score": [87, 72, 95, None],
            "Opex ($m)": [4.2, 1.1, 28.0, 0.3],
        }
    ),
    name="plants",
)

FLEET = Corpus.from_table(
    pa.table(
        {
            "Name": ["AB12", "CD34", "EF56", "GH78"],
            "Drv. assigned": ["Hana Kim", None, "Lee Ott", "Pia Roth"],
            "HQ ctry": ["US", "CA", "DE", "JP"],
            "Plan": ["Pro", "Free", "Enterprise", "Enterprise"],
            "MRR ($)": [499, 0, 12000, 8000],
            "ARR ($k)": [6.0, 0.0, 144.0, 96.0],
            "Billing": ["monthly", "monthly", "annual", "annual"],
            "Sq ft": [900, 1600, 2100, 700],
            "Beds": [200, 3, 4, 1],
            "Quality check": ["pass", "fail", "pending", "pass"],
            "Inst.": ["Univ. of Leeds", "ETH Zurich", "IIT Delhi", "Univ. of Porto"],
            "Furn.": ["yes", "no", "part", "no"],
            "Pkg sp.": [1, 2, 2, 0],
            "Flr": [3, 0, 12, 5],
            "EPC": ["C", "E", "A", "D"],
            "Last svc": [dt.date(2024, 2, 1), dt.date(2023, 8, 20), None, dt.date(2022, 6, 6)],
        }
    ),
    name="accounts",
)

SITES = Corpus.from_table(
    pa.table(
        {
            "site": ["Fen", "Ridge", "Ford"],
            "notes": [
                "The barrow belongs to the Copper Age and was opened before the road was built.",
                "A farm of the Stone Age with two hearths and a great many flints stood here.",
                "A mill from the last century that has lost its wheel and most of its roof.",
            ],
        }
    ),
    name="sites",
)


def _judge(conditions: list[MatchCondition], corpus: Corpus) -> RuleJudge:
    return RuleEvaluator().judge_for(conditions, corpus)


def _matched(judge: RuleJudge, corpus: Corpus) -> list[str]:
    rows = range(len(corpus))
    names = corpus.names(rows)
    judged = judge.judge(rows)
    return [n for n, row in zip(names, judged, strict=True) if all(v.is_matched for v in row)]


@pytest.mark.parametrize(
    ("corpus", "condition", "expected"),
    [
        # A word without its vowels, or the beginnings of two.
        (ORDERS, "stored in the Hull warehouse", ["S1", "S3"]),
        (STAFF, "has a performance rating of 4 or better", ["Ann", "Cy"]),
        (PLANTS, "employs more than 100 people", ["Alva", "Cove"]),
        (ORDERS, "contains hazardous material", ["S3"]),
        (PLANTS, "operating costs above 4 million dollars", ["Alva", "Cove"]),
        # What is not yet so, or was never done.
        (ORDERS, "has not been paid yet", ["S2", "S4"]),
        (ORDERS, "unpaid", ["S2", "S4"]),
        (PLANTS, "has never been audited", ["Dorn"]),
        (PLANTS, "has been audited", ["Alva", "Brix", "Cove"]),
        (ORDERS, "cannot be sent back", ["S2", "S3"]),
        (ORDERS, "no sales rep has been assigned", ["S4"]),
        (PLANTS, "nobody works there", ["Dorn"]),
        # Values that deny, or are short for a word, or look like a small one.
        (PLANTS, "not certified to ISO 14001", ["Dorn"]),
        (STAFF, "works in operations", ["Bo"]),
        (STAFF, "works in sales", ["Cy"]),
        (STAFF, "works in IT", ["Di"]),
        (STAFF, "in HR or IT", ["Ann", "Di"]),
        (STAFF, "not in IT", ["Ann", "Bo", "Cy"]),
        (PLANTS, "located in Asia-Pacific", ["Brix"]),
        (PLANTS, "is owned rather than leased", ["Brix"]),
        # Codes of countries, and what an adjective says of them.
        (ORDERS, "German customers", ["S1", "S4"]),
        (ORDERS, "the customer is not German", ["S2", "S3"]),
        (ORDERS, "the customer has been with us since before 2016", ["S1", "S2"]),
        # Thousands of a unit.
        (PLANTS, "larger than 50,000 square feet", ["Alva", "Cove"]),
        (PLANTS, "a floor area under 30k sq ft", ["Brix", "Dorn"]),
        (FLEET, "not based in North America", ["EF56", "GH78"]),
        (FLEET, "in Europe or Asia", ["EF56", "GH78"]),
        # Consonants only, initials, and a word that elsewhere only says what a row is.
        (FLEET, "has no driver", ["CD34"]),
        (FLEET, "not driven by Roth", ["AB12", "EF56"]),
        (FLEET, "annual recurring revenue above $100k", ["EF56"]),
        (FLEET, "on the Enterprise plan", ["EF56", "GH78"]),
        (FLEET, "has at least two parking spaces", ["CD34", "EF56"]),
        (FLEET, "without parking", ["GH78"]),
        (FLEET, "unfurnished", ["CD34", "GH78"]),
        (FLEET, "on the ground floor", ["CD34"]),
        (FLEET, "an energy rating of C or better", ["AB12", "EF56"]),
        (FLEET, "has not been serviced since 2023", ["CD34", "GH78"]),
        (FLEET, "larger than 100 square metres", ["CD34", "EF56"]),
        (FLEET, "passed the quality check", ["AB12", "GH78"]),
        (FLEET, "belongs to the University of Leeds", ["AB12"]),
        # Ages without a noun.
        (STAFF, "Employee must be over 50", ["Ann", "Cy"]),
        (STAFF, "under 40", ["Bo", "Di"]),
    ],
)
def test_short_headers_and_cells_are_read_in_full(
    corpus: Corpus, condition: str, expected: list[str]
) -> None:
    """A column is found by what its header is short for, and a cell by what it means."""
    judge = _judge([MatchCondition("asked", condition)], corpus)
    assert _matched(judge, corpus) == expected, judge.readings


@pytest.mark.parametrize(
    ("corpus", "objective", "expected"),
    [
        (ORDERS, "FindAll orders from Germany, with their sales rep", ["S1", "S4"]),
        (ORDERS, "List the orders of customers who joined after 2016", ["S3", "S4"]),
        (ORDERS, "Orders for customers in Germany that were paid", ["S1"]),
        (ORDERS, "Orders with a discount of 5 or more for which no sales rep is given", ["S4"]),
        (STAFF, "Staff rated 4 or better for whom no visa sponsorship is needed", ["Ann", "Cy"]),
        (STAFF, "Find staff with a bonus of more than 6 percent", ["Cy", "Di"]),
        (STAFF, "Find IT or HR employees with a bonus", ["Ann", "Di"]),
        (SITES, "Find all Copper Age or Stone Age sites", ["Fen", "Ridge"]),
    ],
)
def test_objectives_on_business_tables_keep_every_criterion(
    corpus: Corpus, objective: str, expected: list[str]
) -> None:
    """An objective is cut before a clause, and a noun of a column's name asks nothing."""
    judge = _judge(list(ingest(objective, corpus).match_conditions), corpus)
    assert _matched(judge, corpus) == expected, judge.readings
