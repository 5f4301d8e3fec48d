"""Conditions on columns by kind: times of the year, ranks, ratios, and what words imply."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge

INNS = Corpus.from_table(
    pa.table(
        {
            "Inn": ["Adler", "Bellevue", "Castello", "Dune", "Edelweiss", "Fjord"],
            "Stars": [3, 5, 4, 2, 4, 3],
            "Rooms": [24, 180, 62, 12, 48, 95],
            "Price/night (€)": [89.0, 420.0, None, 0.0, 150.0, 110.0],
            "Country": ["Italy", "Switzerland", "Italy", "Germany", "Switzerland", "Norway"],
            "Opened": [
                dt.date(1987, 5, 1),
                dt.date(2024, 1, 15),
                dt.date(2024, 11, 3),
                dt.date(2023, 10, 20),
                dt.date(1902, 12, 1),
                dt.date(2024, 8, 9),
            ],
            "Pets": ["Y", "N", "Y", "Y", None, "N"],
            "Parking": ["free", "paid", "none", "free", "paid", None],
            "Sea view": [False, False, False, True, False, True],
            "Facilities": [
                "sauna; bar",
                "spa; pool; bar; gym",
                "bar",
                "",
                "sauna; ski room",
                "gym; bar",
            ],
            "Guest rating": [8.4, 9.3, 8.9, 7.7, 9.0, None],
        }
    ),
    name="inns",
)

WALKS = Corpus.from_table(
    pa.table(
        {
            "Walk": [
                "Lakes Loop",
                "Ridge Walk",
                "Gorge Path",
                "Summit Push",
                "Coast Trail",
                "Amble",
            ],
            "Km": [12.0, 18.5, 6.2, 24.0, 31.0, 4.5],
            "Ascent (m)": [320, 1100, 150, 1850, 600, 40],
            "Grade": ["2", "3", "1", "5", "3", "1"],
            "Difficulty": ["moderate", "hard", "easy", "very hard", "hard", "easy"],
            "Path (1=poor, 2=fair, 3=good)": [2, 1, 3, 1, 2, 3],
            "Fire class": ["A", "B", "C", "A+", "D", "B"],
            "Time (h)": [4.5, 7.0, 2.0, 11.0, 9.0, 1.5],
            "Yr": [1, 2, 3, 1, 4, 2],
            "DOB of guide": [
                dt.date(1950, 2, 11),
                dt.date(2003, 9, 30),
                dt.date(1985, 10, 5),
                None,
                dt.date(1961, 12, 24),
                dt.date(1999, 1, 17),
            ],
            "Pushchair friendly": [False, False, False, False, False, True],
            "Dogs": ["yes", "yes", "no", "no", "yes", None],
            "Status": ["open", "open", "closed", "open", "planned", "open"],
            "Opened": [1990, 1985, 2001, 2012, None, 1978],
            "Cuisine": ["Hungarian", "Thai", "French", "Lebanese", "Italian", None],
            "Allergens": [["egg", "milk"], ["egg"], ["milk"], [], ["nuts"], []],
            "Warranty (mths)": [24, 12, 36, 6, 60, 24],
            "Country": ["England", "Scotland", "Wales", "Scotland", "Ireland", "Wales"],
        }
    ),
    name="walks",
)

SHOPS = Corpus.from_table(
    pa.table(
        {
            "Shop": ["North", "South", "East", "West", "Harbour", "Old Town"],
            "Staff": [12, 30, 8, 45, 20, 6],
            "Tills": [4, 6, 2, 10, 5, None],
            "Revenue (USD m)": [1.2, 3.4, 0.6, 5.1, 2.2, 0.45],
            "Target (USD m)": [1.5, 3.0, 0.6, 4.8, 2.5, 0.4],
            "Rent (USD k)": [120, 300, 90, 510, 100, 45],
            "Fitting (min)": [20, 15, 25, 30, 40, 15],
            "Sewing (min)": [150, 10, 60, 0, 15, 0],
            "Area (km²)": [2.0, 3.0, 1.0, 4.0, 2.0, 1.0],
        }
    ),
    name="shops",
)


def _judge(text: str, corpus: Corpus) -> RuleJudge:
    return RuleEvaluator().judge_for([MatchCondition("asked", text)], corpus)


def _found(text: str, corpus: Corpus) -> set[str]:
    verdicts = _judge(text, corpus).judge(range(len(corpus)))
    names = corpus.names(range(len(corpus)))
    return {name for name, (verdict,) in zip(names, verdicts, strict=True) if verdict.is_matched}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("opened in October", {"Dune"}),
        ("not opened in winter", {"Adler", "Castello", "Dune", "Fjord"}),
        ("opened in May or August", {"Adler", "Fjord"}),
        (
            "Inn must have opened between October and January",
            {"Bellevue", "Castello", "Dune", "Edelweiss"},
        ),
        ("opened at the weekend", {"Castello"}),
        ("opened on 1 May", {"Adler"}),
        ("opened in late 2024", {"Castello"}),
        ("opened in the summer of 2024", {"Fjord"}),
        ("opened in the last quarter of 2024", {"Castello"}),
        ("may have pets", {"Adler", "Castello", "Dune"}),
    ],
)
def test_a_time_of_the_year_is_read_without_a_year(condition: str, expected: set[str]) -> None:
    """Months, seasons and days come round; with a year they are a span of days."""
    assert _found(condition, INNS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("moderate or harder", {"Lakes Loop", "Ridge Walk", "Summit Push", "Coast Trail"}),
        ("no harder than moderate", {"Lakes Loop", "Gorge Path", "Amble"}),
        ("difficulty below hard", {"Lakes Loop", "Gorge Path", "Amble"}),
        (
            "between easy and hard",
            {"Lakes Loop", "Ridge Walk", "Gorge Path", "Coast Trail", "Amble"},
        ),
        ("very hard difficulty", {"Summit Push"}),
        ("hard or very hard", {"Ridge Walk", "Summit Push", "Coast Trail"}),
        ("walks that are moderate or harder and in Scotland", {"Ridge Walk", "Summit Push"}),
        ("fire class B or better", {"Lakes Loop", "Ridge Walk", "Summit Push", "Amble"}),
        ("fire class C or worse", {"Gorge Path", "Coast Trail"}),
        ("grade 3 or harder", {"Ridge Walk", "Summit Push", "Coast Trail"}),
        ("grade 2 or easier", {"Lakes Loop", "Gorge Path", "Amble"}),
        ("a path that is fair or better", {"Lakes Loop", "Gorge Path", "Coast Trail", "Amble"}),
        ("at least a fair path", {"Lakes Loop", "Gorge Path", "Coast Trail", "Amble"}),
        ("in its third year or above", {"Gorge Path", "Coast Trail"}),
    ],
)
def test_values_that_have_an_order_are_compared(condition: str, expected: set[str]) -> None:
    """Words, letters and numbers with a legend go up and down."""
    assert _found(condition, WALKS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("dogs not accepted", {"Gorge Path", "Summit Push"}),
        ("you can bring a dog", {"Lakes Loop", "Ridge Walk", "Coast Trail"}),
        ("suitable for pushchairs", {"Amble"}),
        ("still open", {"Lakes Loop", "Ridge Walk", "Summit Push", "Amble"}),
        ("egg-free", {"Gorge Path", "Summit Push", "Coast Trail", "Amble"}),
        ("with European cuisine", {"Lakes Loop", "Gorge Path", "Coast Trail"}),
        ("with Asian cuisine", {"Ridge Walk", "Summit Push"}),
        ("a two-year warranty", {"Lakes Loop", "Amble"}),
        ("the longest walk", {"Coast Trail"}),
        ("shorter than 10 miles", {"Lakes Loop", "Gorge Path", "Amble"}),
        ("the quickest in Scotland", {"Ridge Walk"}),
        ("guide older than 50", {"Lakes Loop", "Coast Trail"}),
        ("the youngest guide", {"Ridge Walk"}),
    ],
)
def test_everyday_words_reach_the_column_that_they_imply(
    condition: str, expected: set[str]
) -> None:
    """Leave, lack, age and measure are said in words that no header has."""
    assert _found(condition, WALKS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("unrated", {"Fjord"}),
        ("more than 100 rooms or fewer than 20", {"Bellevue", "Dune"}),
        ("opened before 1990 and never had pets", set()),
        ("a guest rating of at least 9 or four stars", {"Bellevue", "Castello", "Edelweiss"}),
        ("whose price is unknown", {"Castello"}),
        ("no opening date", set()),
        ("overlooks the sea", {"Dune", "Fjord"}),
        ("a 4-star inn or better", {"Bellevue", "Castello", "Edelweiss"}),
    ],
)
def test_what_is_lacking_is_told_from_what_is_denied(condition: str, expected: set[str]) -> None:
    """A missing price is no price of nought."""
    assert _found(condition, INNS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("more than 3 employees per till", {"South", "East", "West", "Harbour"}),
        ("staff per till of at least 4", {"South", "East", "West", "Harbour"}),
        ("fewer than 4 staff for each till", {"North"}),
        ("more than four times as many staff as tills", {"South", "West"}),
        ("rent is more than 10% of revenue", {"East"}),
        ("revenue at least twenty times its rent", {"Harbour"}),
        ("fitting and sewing time together under 40 minutes", {"South", "West", "Old Town"}),
        ("at least 10 staff per square kilometre", {"South", "West", "Harbour"}),
        ("total time under 40 minutes", {"South", "West", "Old Town"}),
        ("takes longer to sew than to fit", {"North", "East"}),
        ("missed its target", {"North", "Harbour"}),
        ("met its target", {"South", "East", "West", "Old Town"}),
        ("revenue above target", {"South", "West", "Old Town"}),
        ("did not exceed its target", {"North", "East", "Harbour"}),
    ],
)
def test_two_columns_are_reckoned_and_compared(condition: str, expected: set[str]) -> None:
    """Ratios, shares and sums are worked out in the units of the columns."""
    assert _found(condition, SHOPS) == expected


def test_a_ratio_names_both_columns_and_cites_both_cells() -> None:
    """The reading says what is reckoned, and a missing part leaves it open."""
    judge = _judge("more than 3 staff per till", SHOPS)
    assert judge.readings == ["Staff per Tills is more than 3."]
    (verdict,) = judge.judge([1])[0]
    assert [c.excerpts for c in verdict.citations] == [["30"], ["6"]]
    (unknown,) = judge.judge([5])[0]
    assert not unknown.is_matched
    assert unknown.confidence == "low"


TOURS = Corpus.from_table(
    pa.table(
        {
            "Tour": ["Attic", "Bridge", "Canal", "Dome", "Elm Walk"],
            "Entry fee": ["free", "£5", "free", "£12", "£3.50"],
            "Souvenir": ["€1,200", "€850", "$2,400", "$990", "€3,100"],
            "Parking": ["free", "paid", "none", "free", "paid"],
            "Stock": [0, 14, 3, 250, 1],
        }
    ),
    name="tours",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("free entry", {"Attic", "Canal"}),
        ("Tour must be free of charge", {"Attic", "Canal"}),
        ("with free parking", {"Attic", "Dome"}),
        ("entry fee under 5 pounds", {"Attic", "Canal", "Elm Walk"}),
        ("a souvenir under $1,000", {"Dome"}),
        ("a souvenir for less than 1000 euros", {"Bridge"}),
        ("souvenir over 1000", {"Attic", "Canal", "Elm Walk"}),
        ("out of stock", {"Attic"}),
        ("not sold out", {"Bridge", "Canal", "Dome", "Elm Walk"}),
        ("bigger than Dome", set()),
    ],
)
def test_prices_are_read_in_their_currency_and_free_is_one(
    condition: str, expected: set[str]
) -> None:
    """No currency is converted, and what costs nothing has a price of nought."""
    assert _found(condition, TOURS) == expected


CLINICS = Corpus.from_table(
    pa.table(
        {
            "Clinic": ["Ashgrove", "Birch Lane", "Cedar House", "Dale End", "Elmfield"],
            "Open Sat": [True, False, True, False, None],
            "Avg wait (min)": [15.0, 42.0, None, 5.0, 31.0],
            "Patients ('000)": [4.2, 11.5, 6.0, 2.9, 18.3],
            "Rating": ["Good", "Requires improvement", "Outstanding", "Inadequate", "Good"],
            "User score (/10)": [8.1, 9.2, 6.4, 9.5, 7.7],
            "Hrs/wk": [38, 40, 42, 35, 45],
            "Exp. (yrs)": [3, 2, 8, 0, 6],
            "Degree req.": ["yes", "yes", "no", "no", "no"],
            "Langs": ["French; English", "French", "English", "", "French; Welsh; English"],
            "4K": ["yes", "no", "no", "yes", "yes"],
            "Parking spaces": [20, 0, 45, None, 120],
            "GPs": [4, 9, 5, 2, 14],
            "Last seen": ["Mar 2023", "Oct 2024", "Jan 2022", "Dec 2024", "Jul 2021"],
        }
    ),
    name="clinics",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("more than 10,000 patients", {"Birch Lane", "Elmfield"}),
        ("patients between 4,000 and 12,000", {"Ashgrove", "Birch Lane", "Cedar House"}),
        ("more than 1,300 patients per GP", {"Dale End", "Elmfield"}),
        ("a score of at least 9 out of 10", {"Birch Lane", "Dale End"}),
        ("rated good or better", {"Ashgrove", "Cedar House", "Elmfield"}),
        ("rated below good", {"Birch Lane", "Dale End"}),
        ("open on Saturdays", {"Ashgrove", "Cedar House"}),
        ("works over 40 hours", {"Cedar House", "Elmfield"}),
        ("the hours are under 40", {"Ashgrove", "Dale End"}),
        ("requires French", {"Ashgrove", "Birch Lane", "Elmfield"}),
        ("speaks at least two languages", {"Ashgrove", "Elmfield"}),
        ("several languages", {"Ashgrove", "Elmfield"}),
        ("records in 4K", {"Ashgrove", "Dale End", "Elmfield"}),
        ("no parking", {"Birch Lane"}),
        ("wait time not recorded", {"Cedar House"}),
        ("seen this winter", set()),
    ],
)
def test_headers_with_magnitudes_and_abbreviations_are_understood(
    condition: str, expected: set[str]
) -> None:
    """Thousands, points out of ten, short days and initials stand for what they shorten."""
    assert _found(condition, CLINICS) == expected


BILLS = Corpus.from_table(
    pa.table(
        {
            "Bill": ["B. Rossi", "C. Ender", "D. Okafor", "E. Lind", "F. Moss", "G. Hale"],
            "Lang": ["en", "de", "en", "fr", "sv", "de"],
            "Country": ["GB", "AT", "US", "FR", "SE", "DE"],
            "Issued": [dt.date(2024, month, 3) for month in (1, 2, 3, 4, 5, 6)],
            "Due date": [dt.date(2024, 2, 15), None, *[dt.date(2024, m, 9) for m in (4, 5, 6, 7)]],
            "Paid on": [
                dt.date(2024, 2, 10),
                dt.date(2024, 3, 1),
                dt.date(2024, 5, 1),
                None,
                dt.date(2024, 6, 9),
                None,
            ],
            "CO2 (kt/yr)": [720.0, 4900.0, 0.0, 10.0, 1.0, 3.0],
            "Grid kV": [220, 380, 380, 110, 33, 20],
            "Load (MW)": [400.0, 1200.0, 3200.0, 95.0, 60.5, 10.0],
            "Units": [2, 4, 3, 5, 22, 1],
            "Market value (€m)": [4.0, 1.2, 15.0, 8.5, 0.9, 22.0],
            "Caps": [54, 3, 22, 0, 101, 40],
        }
    ),
    name="bills",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("unpaid", {"E. Lind", "G. Hale"}),
        ("not yet paid", {"E. Lind", "G. Hale"}),
        ("paid before the due date", {"B. Rossi"}),
        ("paid after it was due", {"D. Okafor"}),
        ("the oldest unpaid bill", {"E. Lind"}),
        ("uncapped", {"E. Lind"}),
        ("more caps than Rossi", {"F. Moss"}),
        ("the most valuable", {"G. Hale"}),
        ("in German", {"C. Ender", "G. Hale"}),
        ("not in English or French", {"C. Ender", "F. Moss", "G. Hale"}),
        ("from Austria or the UK", {"B. Rossi", "C. Ender"}),
        ("more than a million tonnes of CO2 a year", {"C. Ender"}),
        ("at least 200 kilovolts", {"B. Rossi", "C. Ender", "D. Okafor"}),
        ("more than 250 MW per unit", {"C. Ender", "D. Okafor"}),
    ],
)
def test_codes_and_dates_of_bills_are_read_as_people_say_them(
    condition: str, expected: set[str]
) -> None:
    """What is unpaid has no day of payment, and de is German among languages."""
    assert _found(condition, BILLS) == expected


FERRIES = Corpus.from_table(
    pa.table(
        {
            "Ferry": ["Ada", "Bee", "Cod", "Dab"],
            "typical_seats": [40, 120, 260, 18],
            "Line": ["Motor", "Steam", "Motor", "Sail"],
            "dt_closed": [dt.date(2023, 9, 24), None, dt.date(2024, 8, 2), None],
            "perils": [["hail", "collision"], ["storm"], ["fire damage"], []],
            "agent": ["L. Okafor", "R. Dahl", "L. Okafor", "S. Moss"],
            "cust_since": [2009, 2003, 1999, 2015],
            "Loanable": ["Y", "N", None, "N"],
            "fraud_susp": ["N", "Y", "N", None],
            "population": [0, 12, 4, None],
            "Last borrowed": [dt.date(2024, 1, 2), None, None, dt.date(2024, 5, 1)],
            "On loan": [2, 0, 0, 1],
        }
    ),
    name="ferries",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("with room for fewer than 50 people", {"Ada", "Dab"}),
        ("must be about motor lines", {"Ada", "Cod"}),
        ("no closing date has been entered", {"Bee", "Dab"}),
        ("the damage was done by hail or a storm", {"Ada", "Bee"}),
        ("is not handled by Okafor", {"Bee", "Dab"}),
        ("a customer since 2003 or even longer", {"Bee", "Cod"}),
        ("cannot be loaned out", {"Bee", "Dab"}),
        ("fraud is not suspected", {"Ada", "Cod"}),
        ("nobody lives there", {"Ada"}),
        ("never borrowed", {"Bee", "Cod"}),
    ],
)
def test_what_nobody_does_and_what_can_be_done_is_read_from_tables(
    condition: str, expected: set[str]
) -> None:
    """A table tells it in a flag, in a day that is missing, or in a nought."""
    assert _found(condition, FERRIES) == expected


LESSONS = Corpus.from_table(
    pa.table(
        {
            "lesson": ["Looms", "Dyes", "Felt", "Yarn"],
            "start_dt": [dt.date(2025, 3, 1), dt.date(2025, 4, 12), dt.date(2025, 6, 7), None],
            "end_dt": [dt.date(2025, 3, 2), dt.date(2025, 5, 1), dt.date(2025, 6, 9), None],
            "teacher": ["Ana", None, "Cy", "Bo"],
            "age_min": [16, 12, 18, 6],
            "max_pax": [12, 8, 20, 6],
            "wheelchair ok": ["yes", "no", "yes", "no"],
            "Rx only": ["Y", "N", "N", "Y"],
            "result": ["success", "success", "partial failure", "ongoing"],
            "Power W": [470, 850, 600, 200],
            "Weight (mg)": [50.0, 5.0, 100.0, 2.0],
            "Price £": ["£3.20", "£5.99", "£21.00", "£4.50"],
            "sold in": ["UK; IE", "UK; FR; DE", "US; UK", "DE"],
        }
    ),
    name="lessons",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("ends in June", {"Felt"}),
        ("starts in March or April", {"Looms", "Dyes"}),
        ("teacher to be announced", {"Dyes"}),
        ("minimum age below 16", {"Dyes", "Yarn"}),
        ("age 16 and older", {"Looms", "Felt"}),
        ("starts before May 2025 and never had a wheelchair ok", {"Dyes"}),
        ("for at least 10 people", {"Looms", "Felt"}),
        ("not wheelchair accessible", {"Dyes", "Yarn"}),
        ("prescription only", {"Looms", "Yarn"}),
        ("successful", {"Looms", "Dyes"}),
        ("over half a kilowatt", {"Dyes", "Felt"}),
        ("under five pounds", {"Looms", "Yarn"}),
        ("sold in Germany", {"Dyes", "Yarn"}),
        ("sold in France and Germany", {"Dyes"}),
    ],
)
def test_short_headers_are_asked_for_in_full(condition: str, expected: set[str]) -> None:
    """Ends, least ages, places and pounds are told apart by what a header can hold."""
    assert _found(condition, LESSONS) == expected


@pytest.mark.parametrize(
    ("condition", "corpus"),
    [
        ("more than 3 staff per till", SHOPS),
        ("fewer than 4 staff per till", SHOPS),
        ("fitting and sewing time together under 40 minutes", SHOPS),
        ("not opened in winter", INNS),
        ("ends in June", LESSONS),
        ("moderate or harder", WALKS),
        ("a souvenir under $1,000", TOURS),
    ],
)
def test_whole_columns_select_what_row_by_row_matches(condition: str, corpus: Corpus) -> None:
    """What is generated first is just what is evaluated to match."""
    judge = _judge(condition, corpus)
    verdicts = judge.judge(range(len(corpus)))
    selection = judge.select(thorough=False)
    matched = [verdict.is_matched for (verdict,) in verdicts]
    assert selection.rows.to_pylist() == matched


MATCHES = Corpus.from_table(
    pa.table(
        {
            "Match": ["Summer Cup", "Winter Cup", "Spring Games", "Autumn Open"],
            "Ordered": [dt.date(2024, 1, day) for day in (1, 5, 9, 20)],
            "Shipped": [dt.date(2024, 1, 4), dt.date(2024, 1, 20), None, dt.date(2024, 1, 21)],
            "Start date": [dt.date(2024, 6, day) for day in (1, 3, 5, 7)],
            "End date": [dt.date(2024, 6, 20), dt.date(2024, 6, 5), dt.date(2024, 6, 6), None],
            "season": ["Summer", "Winter", "Spring", "Autumn"],
            "continent": ["Europe", "Europe", "Asia", "Asia"],
            "production": ["1,200 cases", "400 cases", "3,000 cases", "900 cases"],
            "boiling_c": [2500.0, 900.0, 1999.0, 2001.0],
            "first_year": [1999, 2005, 2011, 1980],
            "languages": [["French"], ["German", "French"], ["Thai"], []],
            "Is public": [True, False, None, False],
        }
    ),
    name="matches",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("shipped within five days of being ordered", {"Summer Cup", "Autumn Open"}),
        ("shipped more than a week after it was ordered", {"Winter Cup"}),
        ("lasted more than two weeks", {"Summer Cup"}),
        ("lasted less than 3 days", {"Winter Cup", "Spring Games"}),
        ("summer matches in Europe since 1990", {"Summer Cup"}),
        ("more than 1,000 cases", {"Summer Cup", "Spring Games"}),
        ("boils above 2000 degrees", {"Summer Cup", "Autumn Open"}),
        ("privately held", {"Winter Cup", "Autumn Open"}),
        ("borders France", set()),
    ],
)
def test_spells_of_time_lie_between_two_dates(condition: str, expected: set[str]) -> None:
    """What lasted, and what came within days of another thing, is reckoned from both days."""
    assert _found(condition, MATCHES) == expected


DESKS = Corpus.from_table(
    pa.table(
        {
            "Desk": ["A1", "B2", "C3", "D4"],
            "Rent (€/mo)": [1250, 330, 1600, 900],
            "Size (m²)": [96.0, 27.0, 50.0, 40.0],
            "Deposit": ["€2,500", "€990", "€400", None],
            "Opened": [dt.date(2024, 1, day) for day in (4, 9, 10, 12)],
            "Closed": [dt.date(2024, 1, 5), None, dt.date(2024, 1, 30), None],
            "1st resp. (min)": [410.0, 20.0, None, 250.0],
            "Good for": ["dogs; families", "hikers", "dogs", "skiers"],
        }
    ),
    name="desks",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("under 1000 euros", {"B2", "D4"}),
        ("a deposit under 1000 euros", {"B2", "C3"}),
        ("rent per square metre below 15 euros", {"A1", "B2"}),
        ("still open", {"B2", "D4"}),
        ("resolved within two days", {"A1"}),
        ("closed more than a week after it was opened", {"C3"}),
        ("the first response took longer than four hours", {"A1", "D4"}),
        ("dogs allowed", {"A1", "C3"}),
    ],
)
def test_an_amount_alone_is_a_price_and_open_is_what_has_not_closed(
    condition: str, expected: set[str]
) -> None:
    """What is named goes before what is only likely."""
    assert _found(condition, DESKS) == expected


PORTS = Corpus.from_table(
    pa.table(
        {
            "Port No.": ["Ada", "Sund", "Skar", "Bree"],
            "Coast": ["West", "West", "East", "East"],
            "Berths": [12, 40, 7, 60],
            "Lit": [True, False, True, True],
        }
    ),
    name="ports",
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("is lit and the name starts with S", {"Skar"}),
        ("lies on the east coast and begins with S", {"Skar"}),
        ("is not lit and does not start with A", {"Sund"}),
        ("with more than 10 berths whose name starts with S", {"Sund"}),
        ("must not be on the east coast and must begin with S", {"Sund"}),
        ("on the coast of the west (West) with more than 20 berths", {"Sund"}),
        ("more than 10 berths (at least 11) and not lit", {"Sund"}),
        ("Port must be lit (Lit) with wooden handles", set()),
        ("large, i.e. more than 30 berths with wooden handles", set()),
        ("the largest number of berths on the east coast despite the flood", set()),
    ],
)
def test_nothing_is_lost_beside_letters_and_what_is_said_twice(
    condition: str, expected: set[str]
) -> None:
    """What else a condition asks is asked too, or makes the answer a doubtful one."""
    judge = _judge(condition, PORTS)
    rows = zip(PORTS.names(range(4)), judge.judge(range(4)), strict=True)
    sure = {name for name, (one,) in rows if one.is_matched and one.confidence != "low"}
    assert sure == expected, judge.readings
