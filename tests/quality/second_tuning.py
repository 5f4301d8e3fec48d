"""Questions by somebody who had not seen the code, on bridges, languages, suppliers and more.

The rules may be improved with these in view; ``second_held_back`` is what they are reported on.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["SECOND_COLUMNS", "SECOND_OBJECTIVES", "SECOND_PROSE"]


SECOND_COLUMNS = [
    Question(
        "bridges",
        "Bridge must have a main span longer than one kilometre",
        lambda t: t.main_span_m > 1000,
    ),
    Question(
        "bridges", "Bridge must stand in Denmark", lambda t: t.country.str.contains("Denmark")
    ),
    Question(
        "bridges",
        "It was opened to traffic in the nineteenth century.",
        lambda t: t.opened.between(1801, 1900),
    ),
    Question("bridges", "trains run across it", lambda t: t.carries.str.contains("trains")),
    Question(
        "bridges",
        "open to pedestrians but not to cars",
        lambda t: t.carries.str.contains("pedestrians") & ~t.carries.str.contains("cars"),
    ),
    Question("bridges", "no toll is charged", lambda t: t.toll == "no"),
    Question(
        "bridges",
        "The bridge must be in Turkey, Portugal or Greece",
        lambda t: t.country.isin(["Turkey", "Portugal", "Greece"]),
    ),
    Question(
        "bridges",
        "The bridge is in the United Kingdom, but not in London.",
        lambda t: (t.country == "United Kingdom") & (t.city != "London"),
    ),
    Question(
        "bridges",
        "neither a suspension bridge nor a cable-stayed one",
        lambda t: ~t.type.isin(["suspension", "cable-stayed"]),
    ),
    Question(
        "bridges",
        "clearance for ships of at least 60 metres",
        lambda t: t.clearance_m >= 60,
    ),
    Question("languages", "functional programming", lambda t: holds(t.paradigms, "functional")),
    Question(
        "languages",
        "Language must be both object-oriented and functional",
        lambda t: holds(t.paradigms, "object-oriented") & holds(t.paradigms, "functional"),
    ),
    Question(
        "languages",
        "must have been designed by Niklaus Wirth",
        lambda t: holds(t.designed_by, "Niklaus Wirth"),
    ),
    Question("languages", "has more than one designer", lambda t: t.designed_by.str.len() > 1),
    Question("languages", "source files end in .pl", lambda t: holds(t.extensions, ".pl")),
    Question(
        "languages",
        "is not garbage collected",
        lambda t: t.garbage_collected.eq(False),
    ),
    Question(
        "languages",
        "Language must be statically typed and date from the 1990s",
        lambda t: (t.typing == "static") & t.first_appeared.between(1990, 1999),
    ),
    Question(
        "languages",
        "The latest version has to be 8.0 or newer",
        lambda t: t.latest_version.str.split(".").str[0].astype(float) >= 8,
    ),
    Question(
        "languages",
        "has had a release since 1 June 2024",
        lambda t: pd.to_datetime(t.released_on) >= "2024-06-01",
    ),
    Question(
        "languages",
        "there is an ISO standard for it",
        lambda t: t.standard.str.contains("ISO"),
    ),
    Question(
        "suppliers",
        "payment terms longer than net 30",
        lambda t: t["Payment terms"].isin(["net 45", "net 60"]),
    ),
    Question(
        "suppliers",
        "certified to ISO 9001 but not to IATF 16949",
        lambda t: (
            t["Certifications"].str.contains("ISO 9001")
            & ~t["Certifications"].str.contains("IATF 16949", na=True)
        ),
    ),
    Question("suppliers", "lead time of no more than 4 weeks", lambda t: t["Lead time (wks)"] <= 4),
    Question(
        "suppliers",
        "minimum order quantity below 500 pieces",
        lambda t: t["MOQ (pcs)"].str.replace(",", "").astype(float) < 500,
    ),
    Question(
        "suppliers",
        "We spend more than half a million euros a year with them",
        lambda t: t.true_spend > 500_000,
    ),
    Question(
        "suppliers",
        "Supplier's contract must run out before 1 April 2026",
        lambda t: pd.to_datetime(t["Contract until"]) < "2026-04-01",
    ),
    Question("suppliers", "is not a preferred supplier", lambda t: t["Preferred"] == "No"),
    Question(
        "suppliers",
        "on-time deliveries of 95 % or better",
        lambda t: t["On-time %"] >= 95,
    ),
    Question("suppliers", "no date of a last audit is on file", lambda t: t["Last audit"].isna()),
    Question(
        "missions",
        "Mission must have been launched by the Soviet Union or by Japan's JAXA",
        lambda t: t.agency.isin(["Soviet Union", "JAXA"]),
    ),
]

SECOND_PROSE = [
    Question("birds", "Bird must be unable to fly", lambda t: t.true_flightless),
    Question(
        "birds",
        "Bird must be Critically Endangered",
        lambda t: t.true_status == "Critically Endangered",
    ),
    Question("birds", "wingspan of 2.5 metres or more", lambda t: t.true_wingspan_m >= 2.5),
    Question("birds", "weighs less than 50 grams", lambda t: t.true_weight_g < 50),
    Question("birds", "lays just one egg", lambda t: t.true_eggs_high == 1),
    Question("birds", "does not migrate", lambda t: t.true_migrant.eq(False)),
    Question("birds", "an extinct species", lambda t: t.true_extinct),
    Question("birds", "nests on cliffs", lambda t: t.true_cliffs),
    Question("birds", "Bird must feed on fish", lambda t: t.true_fish),
    Question(
        "birds",
        "between 100 and 1,000 individuals are left",
        lambda t: t.true_individuals.between(100, 1000),
    ),
    Question("birds", "The bird must be active at night.", lambda t: t.true_nocturnal),
    Question("birds", "Bird must spend the winter in Africa", lambda t: t.true_winters_africa),
    Question("missions", "Mission must have landed on Mars", lambda t: t.true_mars),
    Question("missions", "landed on the Moon", lambda t: t.true_moon),
    Question("missions", "there were astronauts or cosmonauts on board", lambda t: t.true_crewed),
    Question(
        "missions",
        "brought at least one kilogram of samples home",
        lambda t: t.true_sample_g >= 1000,
    ),
    Question(
        "missions", "flew past Jupiter or went into orbit around it", lambda t: t.true_jupiter
    ),
    Question("missions", "is powered by plutonium or nuclear power", lambda t: t.true_nuclear),
    Question(
        "missions", "contact with it was lost before the year 2000", lambda t: t.true_lost < 2000
    ),
    Question(
        "missions",
        "Mission must have cost less than $100 million",
        lambda t: t.true_cost_musd < 100,
    ),
    Question(
        "missions",
        "its target was an asteroid or a comet",
        lambda t: t.true_asteroid | t.true_comet,
    ),
    Question(
        "missions", "the spacecraft weighed more than two tonnes", lambda t: t.true_mass_kg > 2000
    ),
]

SECOND_OBJECTIVES = [
    Question(
        "bridges",
        "Find all suspension bridges in the United States that opened before 1940",
        lambda t: (t.type == "suspension") & (t.country == "United States") & (t.opened < 1940),
    ),
    Question(
        "bridges",
        "Which toll bridges in China are longer than 5 km?",
        lambda t: (t.toll == "yes") & (t.country == "China") & (t.length_m > 5000),
    ),
    Question(
        "bridges",
        "Show me arch bridges built for pedestrians only, and the cities they stand in",
        lambda t: (t.type == "arch") & (t.carries == "pedestrians"),
    ),
    Question(
        "bridges",
        "Are there any cable-stayed bridges in Japan?",
        lambda t: (t.type == "cable-stayed") & (t.country == "Japan"),
    ),
    Question(
        "languages",
        "List every dynamically typed language that appeared after 2000",
        lambda t: (t.typing == "dynamic") & (t.first_appeared > 2000),
    ),
    Question(
        "languages",
        "Which programming languages did Anders Hejlsberg design?",
        lambda t: holds(t.designed_by, "Anders Hejlsberg"),
    ),
    Question(
        "languages",
        "All concurrent languages without a garbage collector",
        lambda t: holds(t.paradigms, "concurrent") & t.garbage_collected.eq(False),
    ),
    Question(
        "languages",
        "Find languages that have an ISO standard and first appeared no later than 1975",
        lambda t: t.standard.str.contains("ISO") & (t.first_appeared <= 1975),
    ),
    Question(
        "suppliers",
        "Find preferred suppliers in Germany, Austria or Switzerland",
        lambda t: (
            (t["Preferred"] == "Yes") & t["Country"].isin(["Germany", "Austria", "Switzerland"])
        ),
    ),
    Question(
        "suppliers",
        "Give me all suppliers of castings or forgings with an on-time rate under 92%",
        lambda t: t["Category"].isin(["Castings", "Forgings"]) & (t["On-time %"] < 92),
    ),
    Question(
        "suppliers",
        "Suppliers on net 60 payment terms whose contract ends in 2026",
        lambda t: (
            (t["Payment terms"] == "net 60") & (pd.to_datetime(t["Contract until"]).dt.year == 2026)
        ),
    ),
    Question(
        "suppliers",
        "Which cable harness suppliers have a lead time of five weeks or less? Include their annual"
        " spend.",
        lambda t: (t["Category"] == "Cable harnesses") & (t["Lead time (wks)"] <= 5),
    ),
    Question(
        "birds",
        "Find all flightless birds of New Zealand",
        lambda t: t.true_flightless.eq(True) & t.true_new_zealand,
    ),
    Question(
        "birds",
        "Which birds were taken off the list of endangered species?",
        lambda t: t.true_delisted,
    ),
    Question(
        "birds",
        "birds listed as Vulnerable that have a wingspan over 3 m",
        lambda t: (t.true_status == "Vulnerable") & (t.true_wingspan_m > 3),
    ),
    Question(
        "missions",
        "Find all NASA missions launched before 1980 that landed on the Moon",
        lambda t: (t.agency == "NASA") & (pd.to_datetime(t.launched) < "1980-01-01") & t.true_moon,
    ),
    Question(
        "missions",
        "Which missions launched since 2000 have brought samples back to Earth?",
        lambda t: (pd.to_datetime(t.launched) >= "2000-01-01") & t.true_samples,
    ),
    Question(
        "missions",
        "List the missions that are still active and were launched in the 1970s",
        lambda t: t.true_active.eq(True) & pd.to_datetime(t.launched).dt.year.between(1970, 1979),
    ),
]
