"""Strangers' questions on islands, policies, machines and guesthouses.

Nothing was mended with these in view.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["LATEST_COLUMNS", "LATEST_OBJECTIVES", "LATEST_PROSE"]

LATEST_COLUMNS = []
LATEST_PROSE = []


def version(column: pd.Series) -> pd.Series:
    """Of each version its numbers, as one that sorts; missing stays missing."""
    parts = column.str.split(".", expand=True).astype(float)
    return parts[0] * 1000 + parts[1]


LATEST_OBJECTIVES = [
    # islands, as an examiner
    Question(
        "latest/islands",
        "Find all islands that belong at least in part to Indonesia and are larger than "
        "150,000 square kilometres",
        lambda t: holds(t.countries, "Indonesia") & (t.area_km2 > 150_000),
    ),
    Question(
        "latest/islands",
        "Find all volcanic islands in the Atlantic that rise to more than 2,000 metres",
        lambda t: (
            (t.origin == "volcanic") & (t.ocean_or_sea == "Atlantic Ocean") & (t.elevation_m > 2000)
        ),
    ),
    Question(
        "latest/islands",
        "Find islands in the Arctic Ocean with a population of over 1 million",
        lambda t: (t.ocean_or_sea == "Arctic Ocean") & (t.population > 1_000_000).fillna(False),
    ),
    Question(
        "latest/islands",
        "Find all French, Italian or Spanish islands except those in the Mediterranean Sea",
        lambda t: (
            (
                (holds(t.countries, "France") | holds(t.countries, "Italy"))
                | holds(t.countries, "Spain")
            )
            & (t.ocean_or_sea != "Mediterranean Sea")
        ),
    ),
    # islands, as people write
    Question(
        "latest/islands",
        "Which Japanese or Canadian islands have fewer than a million people living on them?",
        lambda t: (
            (holds(t.countries, "Japan") | holds(t.countries, "Canada"))
            & (t.population < 1_000_000).fillna(False)
        ),
    ),
    Question(
        "latest/islands",
        "I'm looking for uninhabited islands of volcanic origin.",
        lambda t: (t.population == 0).fillna(False) & (t.origin == "volcanic"),
    ),
    Question(
        "latest/islands",
        "islands smaller than 1,000 km² for which no largest town is given",
        lambda t: (t.area_km2 < 1000) & t.largest_town.isna(),
    ),
    # policies, as an examiner
    Question(
        "latest/policies",
        "Find all motor or home policies with an annual premium below 1,200 euros",
        lambda t: t["Line"].isin(["Motor", "Home"]) & (t["Premium (EUR p.a.)"] < 1200),
    ),
    Question(
        "latest/policies",
        "Find all policies with a sum insured from 1 million to 5 million euros, both inclusive, "
        "that do not renew automatically",
        lambda t: (
            t["Sum insured (EUR)"].between(1_000_000, 5_000_000) & (t["Auto-renewal"] == "no")
        ),
    ),
    Question(
        "latest/policies",
        "Find all policies that expire in 2027 and cover flood but not theft",
        lambda t: (
            (t["Expiry"].dt.year == 2027)
            & holds(t["Perils covered"], "flood")
            & ~holds(t["Perils covered"], "theft")
        ),
    ),
    Question(
        "latest/policies",
        "Find German commercial liability policies insured for at least €10m",
        lambda t: (
            (t["Country"] == "Germany")
            & (t["Line"] == "Commercial liability")
            & (t["Sum insured (EUR)"] >= 10_000_000)
        ),
    ),
    # policies, as people write
    Question(
        "latest/policies",
        "Which policies in Austria or Switzerland haven't had a single claim in the last five "
        "years?",
        lambda t: (
            t["Country"].isin(["Austria", "Switzerland"])
            & (t["Claims last 5 yrs"] == 0).fillna(False)
        ),
    ),
    Question(
        "latest/policies",
        "Show me the policies that began before 2020 and came through a broker other than "
        "Marsden & Cole",
        lambda t: (
            (t["Inception"] < "2020-01-01")
            & t["Broker"].notna()
            & (t["Broker"] != "Marsden & Cole")
        ),
    ),
    Question(
        "latest/policies",
        "policies with no broker on file and a deductible of 500 euros or more",
        lambda t: t["Broker"].isna() & (t["Deductible (EUR)"] >= 500).fillna(False),
    ),
    # machines, as an examiner
    Question(
        "latest/machines",
        "Find all machines in Leeds or Hull with firmware version 3.10 or later",
        lambda t: t["Site"].isin(["Leeds", "Hull"]) & (version(t["FW ver."]) >= 3010),
    ),
    Question(
        "latest/machines",
        "Find all machines made by Orlo that are CE certified and were commissioned since 2015",
        lambda t: (
            (t["Mfr"] == "Orlo") & holds(t["Certs"], "CE") & (t["Commissioned"] >= "2015-01-01")
        ),
    ),
    Question(
        "latest/machines",
        "Find all machines that hold neither a CE nor a UKCA certificate",
        lambda t: t["Certs"].notna() & ~holds(t["Certs"], "CE") & ~holds(t["Certs"], "UKCA"),
    ),
    # machines, as people write
    Question(
        "latest/machines",
        "Which machines weigh more than 2 tonnes but cost us less than £50k?",
        lambda t: (t["Wt (kg)"] > 2000).fillna(False) & (t["Purchase price (GBP)"] < 50_000),
    ),
    Question(
        "latest/machines",
        "machines that were last serviced before 1 July 2025 and are no longer under warranty",
        lambda t: (t["Last service"] < "2025-07-01") & (t["In warranty"] == "N"),
    ),
    Question(
        "latest/machines",
        "compressors and pumps rated at no more than 15 kW",
        lambda t: t["Machine type"].isin(["Compressor", "Pump"]) & (t["Rated power (kW)"] <= 15),
    ),
    Question(
        "latest/machines",
        "I need every machine outside Hull that has no service date on record",
        lambda t: (t["Site"] != "Hull") & t["Last service"].isna(),
    ),
    # guesthouses: prose
    Question(
        "latest/guesthouses",
        "Find all guesthouses that accept dogs and have more than ten rooms",
        lambda t: (t.true_dogs == "yes") & (t.true_rooms > 10),
    ),
    Question(
        "latest/guesthouses",
        "Find all guesthouses that were founded before 1950 and have no swimming pool",
        lambda t: (t.true_founded < 1950) & (t.true_pool == "no"),
    ),
    Question(
        "latest/guesthouses",
        "We want a guesthouse that is open all year round and where breakfast is included in the "
        "price.",
        lambda t: (t.true_all_year == "yes") & (t.true_breakfast == "included"),
    ),
]
