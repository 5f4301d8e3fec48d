"""Whole objectives, which ingest turns into conditions, and who meets them."""

from __future__ import annotations

from quality.question import Question

__all__ = ["OBJECTIVES"]


OBJECTIVES = [
    Question(
        "elements",
        "Which elements were discovered by Humphry Davy?",
        lambda t: t.discovered_by == "Humphry Davy",
    ),
    Question(
        "elements",
        "Find all transition metals that melt above 1,500 degrees Celsius",
        lambda t: (t.category == "transition metal") & (t.melting_point_c > 1500),
    ),
    Question(
        "elements",
        "List the radioactive elements discovered in the 18th century",
        lambda t: t.radioactive & t.discovery_year.between(1701, 1800),
    ),
    Question(
        "elements",
        "I need every gas with an atomic number under 10, together with its symbol",
        lambda t: (t.phase == "gas") & (t.atomic_number < 10),
    ),
    Question(
        "airports",
        "Which airports in France have fewer than four runways?",
        lambda t: (t.country == "France") & (t.runways < 4),
    ),
    Question(
        "airports",
        "Find airports opened after 1980 that handled more than 50 million passengers",
        lambda t: (t.opened > 1980) & (t.passengers_2023_m > 50),
    ),
    Question(
        "airports",
        "Show me airports in London, Paris or Tokyo and their elevation",
        lambda t: t.city.isin(["London", "Paris", "Tokyo"]),
    ),
    Question(
        "airports",
        "all airports outside the United States at an altitude of more than 1,000 ft",
        lambda t: (t.country != "United States") & (t.elevation_ft > 1000),
    ),
    Question(
        "states",
        "Find all states in the West with fewer than 5 electoral votes",
        lambda t: (t.Region == "West") & (t["Electoral Votes"] < 5),
    ),
    Question(
        "states",
        "What states have over 10 million residents but no income tax?",
        lambda t: (t["Population (2020)"] > 1e7) & ~t["Has Income Tax"],
    ),
    Question(
        "states",
        "Give me the states whose capital is Boston, Denver or Austin",
        lambda t: t.Capital.isin(["Boston", "Denver", "Austin"]),
    ),
    Question(
        "states",
        "states that are not in the South and have an area of more than 90,000 square miles",
        lambda t: (t.Region != "South") & (t["Area (sq mi)"] > 90000),
    ),
    Question(
        "novels",
        "Find science fiction novels published before 1960",
        lambda t: t.genres.map(lambda g: "science fiction" in g) & (t.year_published < 1960),
    ),
    Question(
        "novels",
        "Which novels by Albert Camus have more than 200 pages?",
        lambda t: (t.author == "Albert Camus") & (t.page_count > 200),
    ),
    Question(
        "novels",
        "novels originally written in English by authors from the United States, "
        "and how many copies they sold",
        lambda t: (t.original_language == "English") & (t.author_country == "United States"),
    ),
    Question(
        "novels",
        "I'm looking for award-winning novels: award given, published since 1965",
        lambda t: t.award.notna() & (t.year_published >= 1965),
    ),
    Question(
        "parks",
        "Find national parks founded before 1910 where lions live",
        lambda t: (t.true_est < 1910) & t.true_lions,
    ),
    Question(
        "parks",
        "Which parks larger than 7,000 square kilometres are World Heritage Sites of UNESCO?",
        lambda t: (t.true_area > 7000) & t.true_unesco,
    ),
    Question(
        "scientists",
        "Find scientists born in London who studied at Cambridge",
        lambda t: (t.true_city == "London") & t.true_cambridge,
    ),
    Question(
        "scientists",
        "Which scientists won the Nobel Prize and died after 1980?",
        lambda t: t.true_nobel & (t.true_died > 1980),
    ),
]
