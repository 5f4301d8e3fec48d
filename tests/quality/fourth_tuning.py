"""Questions by somebody who had not seen the code, on operas, dams, flats, trials and more.

The rules may be improved with these in view. Before they were, at commit 69bc687, F1 was 0.780 on
columns, 0.439 on prose and 0.687 through ingest.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from quality.question import Question, holds

__all__ = ["FOURTH_COLUMNS", "FOURTH_OBJECTIVES", "FOURTH_PROSE"]


def year(column: Any) -> Any:
    """Of each date in a column, its year; a missing date has none."""
    return column.map(lambda day: day.year, na_action="ignore").astype(float)


FOURTH_COLUMNS = [
    Question("operas", "Opera must be sung in Czech", lambda t: t.Language == "Czech"),
    Question(
        "operas",
        "first performed in Vienna before 1800",
        lambda t: (t["Premiere city"] == "Vienna") & (year(t.Premiere) < 1800),
    ),
    Question(
        "operas",
        "It is by Verdi or Puccini, but was not first performed in Milan.",
        lambda t: (
            t.Composer.isin(["Giuseppe Verdi", "Giacomo Puccini"]) & (t["Premiere city"] != "Milan")
        ),
    ),
    Question(
        "operas",
        "The opera lasts less than an hour and a half.",
        lambda t: t["Running time (min)"] < 90,
    ),
    Question(
        "operas",
        "It had its premiere in the 1890s.",
        lambda t: year(t.Premiere).between(1890, 1899),
    ),
    Question(
        "operas",
        "The opera is neither in Italian nor in German",
        lambda t: ~t.Language.isin(["Italian", "German"]),
    ),
    Question(
        "operas",
        "libretto by Lorenzo Da Ponte",
        lambda t: holds(t.Librettists, "Lorenzo Da Ponte"),
    ),
    Question("operas", "the date of the premiere is not known", lambda t: t.Premiere.isna()),
    Question("operas", "Opera must be sung in Polish", lambda t: t.Language == "Polish"),
    Question("dams", "Dam must be taller than 250 metres", lambda t: t["Height (m)"] > 250),
    Question(
        "dams",
        "has an installed capacity of at least 5 gigawatts",
        lambda t: t["Installed capacity (MW)"] >= 5000,
    ),
    Question("dams", "It is an arch-gravity dam.", lambda t: t.Type == "arch-gravity"),
    Question("dams", "shared by two countries", lambda t: t.Country.str.contains("/")),
    Question(
        "dams",
        "The reservoir holds over 100 cubic kilometres of water",
        lambda t: t["Reservoir (km³)"] > 100,
    ),
    Question(
        "dams", "located in India or Pakistan", lambda t: t.Country.isin(["India", "Pakistan"])
    ),
    Question(
        "dams",
        "serves irrigation but not flood control",
        lambda t: (
            t.Purposes.str.contains("irrigation", na=False)
            & ~t.Purposes.str.contains("flood control", na=True)
        ),
    ),
    Question(
        "dams",
        "Dam must have been completed after 2000, but not in China",
        lambda t: (t.Completed > 2000) & (t.Country != "China"),
    ),
    Question("dams", "more than 600 feet high", lambda t: t["Height (m)"] > 600 * 0.3048),
    Question("flats", "rent of no more than €1,000 a month", lambda t: t["Rent (€/mo)"] <= 1000),
    Question("flats", "it is not stated whether pets are allowed", lambda t: t.Pets.isna()),
    Question("flats", "Flat must be unfurnished", lambda t: t.Furnished == "no"),
    Question("flats", "It is on the ground floor.", lambda t: t["Floor (0 = ground)"] == 0),
    Question(
        "flats",
        "on the third floor or higher, without a lift",
        lambda t: (t["Floor (0 = ground)"] >= 3) & (t.Lift == "N"),
    ),
    Question(
        "flats",
        "The flat must be available by 1 August 2025",
        lambda t: t["Avail. from"] <= dt.date(2025, 8, 1),
    ),
    Question("flats", "heated with neither gas nor oil", lambda t: ~t.Heating.isin(["gas", "oil"])),
    Question(
        "flats",
        "comes with a balcony but no garage",
        lambda t: (
            t.Extras.str.contains("balcony", na=False) & ~t.Extras.str.contains("garage", na=True)
        ),
    ),
    Question("flats", "deposit of more than 3,000 euros", lambda t: t.true_deposit > 3000),
    Question("trials", "has enrolled more than 500 people", lambda t: t.n_enrolled > 500),
    Question(
        "trials", "enrolled fewer participants than planned", lambda t: t.n_enrolled < t.n_planned
    ),
    Question("trials", "The trial started in 2023.", lambda t: year(t.start_date) == 2023),
    Question(
        "trials",
        "the estimated completion date falls between January 2024 and June 2025",
        lambda t: t.est_completion.between(dt.date(2024, 1, 1), dt.date(2025, 6, 30)),
    ),
    Question(
        "trials",
        "Trial must have sites in both Germany and Poland",
        lambda t: holds(t.countries, "Germany") & holds(t.countries, "Poland"),
    ),
    Question(
        "trials",
        "Trial must be double-blind but not placebo-controlled",
        lambda t: (t.blinding == "double-blind") & t.placebo_ctrl.eq(False),
    ),
    Question("trials", "the sponsor is not from industry", lambda t: t.sponsor_type != "industry"),
    Question("trials", "a budget of $10 million or more", lambda t: t.true_budget >= 10e6),
    Question(
        "trials",
        "without a single serious adverse event",
        lambda t: t.serious_aes == 0,
    ),
]

FOURTH_PROSE = [
    Question("spices", "Spice must be made from the bark of a tree", lambda t: t.true_bark),
    Question("spices", "has sold for more than $500 per kilogram", lambda t: t.true_over_500),
    Question("spices", "India is the largest producer", lambda t: t.true_india_first),
    Question("spices", "reaches at least 300,000 Scoville units", lambda t: t.true_scoville_300k),
    Question(
        "spices",
        "There is a protected designation of origin for it.",
        lambda t: t.true_pdo,
    ),
    Question(
        "spices",
        "can be harvested within five months of sowing",
        lambda t: t.true_within_5_months,
    ),
    Question("spices", "belongs to the cabbage family", lambda t: t.true_cabbage),
    Question("spices", "Eating a lot of it is harmful", lambda t: t.true_harmful),
    Question("spices", "used as a dye or a colouring", lambda t: t.true_colouring),
    Question(
        "spices",
        "The spice must be, or have been, forbidden in some country",
        lambda t: t.true_banned,
    ),
    Question("spices", "is picked by hand", lambda t: t.true_hand_picked),
    Question("spices", "comes from China", lambda t: t.true_china),
    Question("courses", "Course must be suitable for beginners", lambda t: t.true_beginners),
    Question("courses", "no more than eight participants", lambda t: t.true_most <= 8),
    Question("courses", "Accommodation is included in the price.", lambda t: t.true_bed),
    Question("courses", "participants can get a certificate", lambda t: t.true_certificate),
    Question("courses", "dogs are welcome", lambda t: t.true_dogs),
    Question(
        "courses",
        "Course must be one that people in wheelchairs can attend",
        lambda t: t.true_wheelchair,
    ),
    Question("courses", "only for adults", lambda t: t.true_adults),
    Question("courses", "The course is taught in French", lambda t: t.true_french),
    Question(
        "courses", "asks for a deposit of more than 100 euros", lambda t: t.true_deposit > 100
    ),
    Question("courses", "requires previous experience or knowledge", lambda t: t.true_experience),
    Question(
        "courses",
        "You have to buy some of the materials yourself",
        lambda t: t.true_buy,
    ),
    Question("courses", "lunch is provided", lambda t: t.true_lunch),
]

FOURTH_OBJECTIVES = [
    Question(
        "operas",
        "Find all operas in Italian that had their premiere outside Italy",
        lambda t: (t.Language == "Italian") & (t["Premiere country"] != "Italy"),
    ),
    Question(
        "operas",
        "Which operas by Wagner run for more than four hours?",
        lambda t: (t.Composer == "Richard Wagner") & (t["Running time (min)"] > 240),
    ),
    Question(
        "operas",
        "I want one-act operas that were first performed after 1900, and who wrote the libretto",
        lambda t: (t.Acts == 1) & (year(t.Premiere) > 1900),
    ),
    Question(
        "dams",
        "Find dams on the Colorado or the Columbia, and how high they are",
        lambda t: t.River.isin(["Colorado", "Columbia"]),
    ),
    Question(
        "dams",
        "Which dams outside China have an installed capacity of more than 10,000 MW?",
        lambda t: (t.Country != "China") & (t["Installed capacity (MW)"] > 10000),
    ),
    Question(
        "dams",
        "List arch dams in Switzerland, Austria or Italy that are over 210 metres high",
        lambda t: (
            (t.Type == "arch")
            & t.Country.isin(["Switzerland", "Austria", "Italy"])
            & (t["Height (m)"] > 210)
        ),
    ),
    Question(
        "flats",
        "I am looking for a two-bedroom flat in Millfield or Riverside "
        "for less than 1,500 euros a month",
        lambda t: (
            (t["Beds (0 = studio)"] == 2)
            & t.District.isin(["Millfield", "Riverside"])
            & (t["Rent (€/mo)"] < 1500)
        ),
    ),
    Question(
        "flats",
        "Find flats that have a garden and allow pets",
        lambda t: t.Extras.str.contains("garden", na=False) & (t.Pets == "Y"),
    ),
    Question(
        "flats",
        "Which flats of more than 80 m² have a lift and are available before September 2025?",
        lambda t: (
            (t["Size (m²)"] > 80) & (t.Lift == "Y") & (t["Avail. from"] < dt.date(2025, 9, 1))
        ),
    ),
    Question(
        "flats",
        "Find all furnished flats with a minimum lease of six months or less, "
        "and the deposit that they ask for",
        lambda t: (t.Furnished == "yes") & (t["Min. lease (mths)"] <= 6),
    ),
    Question(
        "trials",
        "Find all completed phase 3 trials",
        lambda t: (t.status == "Completed") & (t.phase == "Phase 3"),
    ),
    Question(
        "trials",
        "Which diabetes trials have sites in Spain or Italy?",
        lambda t: (
            t.indication.str.contains("diabetes")
            & (holds(t.countries, "Spain") | holds(t.countries, "Italy"))
        ),
    ),
    Question(
        "trials",
        "List double-blind trials with a start date after 2021 and a budget of less than "
        "$10 million",
        lambda t: (
            (t.blinding == "double-blind") & (year(t.start_date) > 2021) & (t.true_budget < 10e6)
        ),
    ),
    Question(
        "trials",
        "Find trials of oral drugs for cancer or migraine, and who sponsors them",
        lambda t: (t.route == "oral") & t.indication.str.contains("cancer|migraine"),
    ),
    Question("spices", "Find spices that are used to flavour spirits", lambda t: t.true_spirits),
    Question(
        "spices",
        "Which spices grow around the Mediterranean or come from there?",
        lambda t: t.true_mediterranean,
    ),
    Question(
        "spices",
        "Find all spices that are seeds and of which India is the biggest producer",
        lambda t: t.true_seeds & t.true_india_first,
    ),
    Question(
        "courses",
        "Find courses for beginners in the United Kingdom or Ireland that cost under 500 euros",
        lambda t: (
            t.true_beginners
            & t.Country.isin(["United Kingdom", "Ireland"])
            & (t["Price (€)"] < 500)
        ),
    ),
    Question(
        "courses",
        "Which courses that last a week or longer include accommodation, and what do they cost?",
        lambda t: (t.Days >= 7) & t.true_bed,
    ),
    Question(
        "courses",
        "Find courses that start in June or July 2025 and require previous experience",
        lambda t: (
            t.Starts.map(lambda day: (day.year, day.month) in [(2025, 6), (2025, 7)])
            & t.true_experience
        ),
    ),
]
