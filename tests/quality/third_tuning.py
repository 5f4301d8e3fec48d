"""Questions by somebody who had not seen the code, on rivers, compounds, vendors and more.

The rules may be improved with these in view. Before they were, F1 was 0.710 on columns, 0.787 on
prose and 0.577 through ingest.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["THIRD_COLUMNS", "THIRD_OBJECTIVES", "THIRD_PROSE"]


THIRD_COLUMNS = [
    Question("rivers", "River must be longer than 4,000 km", lambda t: t["Length (km)"] > 4000),
    Question("rivers", "it passes through Guinea", lambda t: holds(t["Countries"], "Guinea")),
    Question(
        "rivers",
        "African or South American",
        lambda t: t["Continent"].isin(["Africa", "South America"]),
    ),
    Question("rivers", "empties into the Atlantic", lambda t: t["Flows into"] == "Atlantic Ocean"),
    Question(
        "rivers",
        "The river has to flow through four countries or more.",
        lambda t: t["Countries"].str.len() >= 4,
    ),
    Question(
        "rivers",
        "mean discharge under 500 cubic metres per second",
        lambda t: t["Mean discharge (m³/s)"] < 500,
    ),
    Question(
        "rivers",
        "Basin must cover more than a million square kilometres",
        lambda t: t["Basin (km²)"] > 1_000_000,
    ),
    Question(
        "rivers",
        "flows through both Germany and the Czech Republic",
        lambda t: holds(t["Countries"], "Germany") & holds(t["Countries"], "Czech Republic"),
    ),
    Question(
        "rivers",
        "not in Asia, yet longer than 3,500 km",
        lambda t: (t["Continent"] != "Asia") & (t["Length (km)"] > 3500),
    ),
    Question("rivers", "its length is less than 300 miles", lambda t: t["Length (km)"] < 482.8),
    Question(
        "rivers",
        "no figure is given for the discharge",
        lambda t: t["Mean discharge (m³/s)"].isna(),
    ),
    Question("vendors", "Vendor must support single sign-on", lambda t: t.sso.eq(True)),
    Question(
        "vendors",
        "can be deployed on premises",
        lambda t: t.deployment.str.contains("on-premises"),
    ),
    Question(
        "vendors",
        "costs no more than $20 per seat and month",
        lambda t: t.price_per_seat_usd_mo <= 20,
    ),
    Question(
        "vendors",
        "integrates with both Jira and Slack",
        lambda t: holds(t.integrations, "Jira") & holds(t.integrations, "Slack"),
    ),
    Question(
        "vendors",
        "does not integrate with Salesforce",
        lambda t: t.integrations.notna() & ~holds(t.integrations, "Salesforce"),
    ),
    Question("vendors", "between 100 and 300 employees", lambda t: t.headcount.between(100, 300)),
    Question(
        "vendors",
        "a SOC 2 report exists, and is not merely in progress",
        lambda t: t.soc2 == "yes",
    ),
    Question(
        "vendors",
        "Product must be released under the MIT or the Apache-2.0 licence",
        lambda t: t.licence.isin(["MIT", "Apache-2.0"]),
    ),
    Question(
        "vendors",
        "annual recurring revenue of $50 million or more",
        lambda t: t.true_arr >= 50_000_000,
    ),
    Question(
        "vendors",
        "has not shipped a release since the end of 2023",
        lambda t: pd.to_datetime(t.released) < "2024-01-01",
    ),
    Question(
        "vendors",
        "latest version is 9.0 or higher",
        lambda t: t.latest_version.str.lstrip("v").str.split(".").str[0].astype(int) >= 9,
    ),
    Question(
        "vendors",
        "Vendor must be headquartered outside the United States",
        lambda t: t.hq_country != "United States",
    ),
    Question(
        "vendors",
        "they guarantee an uptime of at least 99.95 percent",
        lambda t: t.uptime_sla_pct >= 99.95,
    ),
    Question(
        "compounds",
        "Compound must melt above 1,000 °C",
        lambda t: t["M.p. (°C)"] > 1000,
    ),
    Question("compounds", "boiling point below 0 °C", lambda t: t["B.p. (°C)"] < 0),
    Question("compounds", "boils only above 3,000 degrees", lambda t: t["B.p. (°C)"] > 3000),
    Question("compounds", "melts below -100 °C", lambda t: t["M.p. (°C)"] < -100),
    Question("compounds", "is not soluble in water", lambda t: t["Soluble in water"] == "no"),
    Question(
        "compounds",
        "flammable but not toxic",
        lambda t: (
            t["GHS hazards"].str.contains("flammable")
            & ~t["GHS hazards"].str.contains("toxic", na=True)
        ),
    ),
    Question(
        "compounds",
        "molar mass from 50 to 60 g/mol",
        lambda t: t["Molar mass (g/mol)"].between(50, 60),
    ),
    Question(
        "compounds",
        "The compound is neither white nor colourless.",
        lambda t: ~t["Colour"].isin(["white", "colourless"]),
    ),
    Question("compounds", "CAS number 64-17-5", lambda t: t["CAS no."] == "64-17-5"),
    Question(
        "compounds", "an organic solid", lambda t: t["Organic"] & (t["State at 25 °C"] == "solid")
    ),
    Question("compounds", "no hazards are listed", lambda t: t["GHS hazards"].isna()),
    Question("games", "can be played by one person alone", lambda t: t.min_players == 1),
    Question("games", "takes half an hour or less", lambda t: t.minutes <= 30),
    Question(
        "games",
        "Game must have been designed by Antoine Bauza or Uwe Rosenberg",
        lambda t: holds(t.designers, "Antoine Bauza") | holds(t.designers, "Uwe Rosenberg"),
    ),
    Question("volcanoes", "Volcano must rise above 5,000 metres", lambda t: t.elevation_m > 5000),
    Question(
        "volcanoes",
        "lies in Iceland or New Zealand",
        lambda t: t.country.isin(["Iceland", "New Zealand"]),
    ),
]

THIRD_PROSE = [
    Question(
        "cheeses", "Cheese must come from Switzerland", lambda t: t.true_country == "Switzerland"
    ),
    Question("cheeses", "made from sheep's milk", lambda t: t.true_sheep),
    Question("cheeses", "a blue cheese", lambda t: t.true_blue),
    Question("cheeses", "must be made with raw milk", lambda t: t.true_raw),
    Question("cheeses", "ripens for at least four months", lambda t: t.true_min_months >= 4),
    Question("cheeses", "a wheel weighs more than 30 kilograms", lambda t: t.true_wheel_kg > 30),
    Question("cheeses", "weighs less than 300 grams", lambda t: t.true_wheel_kg < 0.3),
    Question("cheeses", "made without animal rennet", lambda t: t.true_no_rennet),
    Question("cheeses", "Cheese must not melt when heated", lambda t: t.true_no_melt),
    Question("cheeses", "its name is not protected", lambda t: t.true_unprotected),
    Question(
        "cheeses",
        "Cheese must have been developed in the twentieth century",
        lambda t: t.true_first_year.between(1901, 2000),
    ),
    Question(
        "volcanoes", "an eruption killed more than 20,000 people", lambda t: t.true_deaths > 20_000
    ),
    Question(
        "volcanoes",
        "last erupted between 1900 and 1970",
        lambda t: t.true_last.between(1900, 1970),
    ),
    Question("volcanoes", "Volcano must have a lava lake", lambda t: t.true_lava_lake),
    Question("volcanoes", "is a World Heritage Site", lambda t: t.true_unesco),
    Question("volcanoes", "is a shield volcano", lambda t: t.true_shield),
    Question("volcanoes", "has a crater lake", lambda t: t.true_crater_lake),
    Question("volcanoes", "nobody was killed", lambda t: t.true_nobody_died),
    Question(
        "volcanoes",
        "The summit must have been first climbed in the nineteenth century.",
        lambda t: t.true_climbed.between(1801, 1900),
    ),
    Question("volcanoes", "caused a tsunami", lambda t: t.true_tsunami),
    Question("volcanoes", "there is still a glacier on it", lambda t: t.true_glacier),
    Question("games", "has won the Spiel des Jahres", lambda t: t.true_sdj),
    Question("games", "cooperative: all players are on the same side", lambda t: t.true_coop),
    Question("games", "Game must be played with dice", lambda t: t.true_dice),
    Question("games", "more than ten million copies sold", lambda t: t.true_sold_m > 10),
    Question("games", "a player can be eliminated", lambda t: t.true_eliminated),
    Question("games", "expansions are available", lambda t: t.true_expansion),
    Question("games", "there is no luck involved", lambda t: t.true_no_luck),
]

THIRD_OBJECTIVES = [
    Question(
        "rivers",
        "Find all rivers longer than 2,500 km that flow through Russia",
        lambda t: (t["Length (km)"] > 2500) & holds(t["Countries"], "Russia"),
    ),
    Question(
        "rivers",
        "Which European rivers end in the North Sea or the Baltic Sea?",
        lambda t: (t["Continent"] == "Europe") & t["Flows into"].isin(["North Sea", "Baltic Sea"]),
    ),
    Question(
        "rivers", "Are there any rivers longer than 7,000 km?", lambda t: t["Length (km)"] > 7000
    ),
    Question(
        "rivers",
        "List the rivers of North America with a mean discharge above 10,000 m³/s, and where they"
        " flow into",
        lambda t: (t["Continent"] == "North America") & (t["Mean discharge (m³/s)"] > 10_000),
    ),
    Question(
        "vendors",
        "Find CRM or help desk vendors that offer single sign-on",
        lambda t: t.category.isin(["CRM", "help desk"]) & t.sso.eq(True),
    ),
    Question(
        "vendors",
        "Which vendors founded before 2000 have fewer than 100 employees?",
        lambda t: (t.founded < 2000) & (t.headcount < 100),
    ),
    Question(
        "vendors",
        "All vendors whose contract is up for renewal before July 2026, together with the product",
        lambda t: pd.to_datetime(t.contract_renewal) < "2026-07-01",
    ),
    Question(
        "vendors",
        "I need project management software under $25 a seat, with the price and the licence",
        lambda t: (t.category == "project management") & (t.price_per_seat_usd_mo < 25),
    ),
    Question(
        "vendors",
        "Show vendors from Germany, Austria or Switzerland that can run on-premises",
        lambda t: (
            t.hq_country.isin(["Germany", "Austria", "Switzerland"])
            & t.deployment.str.contains("on-premises")
        ),
    ),
    Question(
        "compounds",
        "Find all corrosive liquids",
        lambda t: (t["State at 25 °C"] == "liquid") & t["GHS hazards"].str.contains("corrosive"),
    ),
    Question(
        "compounds",
        "Which gases are both flammable and toxic?",
        lambda t: (
            (t["State at 25 °C"] == "gas")
            & t["GHS hazards"].str.contains("flammable")
            & t["GHS hazards"].str.contains("toxic")
        ),
    ),
    Question(
        "compounds",
        "organic compounds that dissolve in water and have a molar mass over 100",
        lambda t: t["Organic"] & (t["Soluble in water"] == "yes") & (t["Molar mass (g/mol)"] > 100),
    ),
    Question(
        "compounds",
        "Give me the white solids with a density above 2.5 g/cm³, except those that dissolve in"
        " water",
        lambda t: (
            (t["Colour"] == "white")
            & (t["State at 25 °C"] == "solid")
            & (t["Density (g/cm³)"] > 2.5)
            & (t["Soluble in water"] == "no")
        ),
    ),
    Question(
        "games",
        "Which games for exactly two players came out after 1990?",
        lambda t: (t.min_players == 2) & (t.max_players == 2) & (t.year > 1990),
    ),
    Question(
        "games",
        "Find cooperative games that last an hour or less",
        lambda t: t.true_coop & (t.minutes <= 60),
    ),
    Question(
        "games",
        "Games that won the Spiel des Jahres and were published in the 1990s",
        lambda t: t.true_sdj & t.year.between(1990, 1999),
    ),
    Question(
        "cheeses",
        "Find all Italian cheeses made from cow's milk",
        lambda t: (t.true_country == "Italy") & t.true_cow,
    ),
    Question(
        "cheeses",
        "Which goat's milk cheeses come from France?",
        lambda t: (t.true_country == "France") & t.true_goat,
    ),
    Question("cheeses", "List the cheeses that are smoked", lambda t: t.true_smoked),
    Question(
        "volcanoes",
        "Find all volcanoes in Indonesia or the Philippines that killed more than 1,000 people",
        lambda t: t.country.isin(["Indonesia", "Philippines"]) & (t.true_deaths > 1000),
    ),
    Question(
        "volcanoes",
        "Which volcanoes over 3,000 m are UNESCO World Heritage Sites?",
        lambda t: (t.elevation_m > 3000) & t.true_unesco,
    ),
    Question(
        "volcanoes",
        "volcanoes lower than 3,000 metres on whose slopes people ski",
        lambda t: (t.elevation_m < 3000) & t.true_ski,
    ),
]
