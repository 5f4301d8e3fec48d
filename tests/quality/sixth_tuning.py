"""Strangers' questions on islands, aircraft, dog breeds, machines, canals and vacancies.

The rules may be improved with these in view. Before they were, F1 was 0.950 on columns, 0.641 on
prose and 0.681 through ingest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from quality.question import Question, holds

__all__ = ["SIXTH_COLUMNS", "SIXTH_OBJECTIVES", "SIXTH_PROSE"]


def version_fits(column: Any, fits: Callable[[tuple[int, ...]], bool]) -> Any:
    """Of each version, whether it fits; a missing one does not."""
    return column.map(
        lambda text: isinstance(text, str) and fits(tuple(int(part) for part in text.split(".")))
    )


SIXTH_COLUMNS = [
    Question(
        "sixth/islands",
        "Island must have more than 1,500,000 inhabitants",
        lambda t: t.population > 1_500_000,
    ),
    Question(
        "sixth/islands",
        "has an area of no more than 2.1k square kilometres",
        lambda t: t.area_km2 <= 2100,
    ),
    Question(
        "sixth/islands",
        "between 0.5 and 5 million residents",
        lambda t: t.population.between(500_000, 5_000_000),
    ),
    Question(
        "sixth/islands",
        "The highest point of the island exceeds 3.5 kilometres.",
        lambda t: t.elevation_m > 3500,
    ),
    Question(
        "sixth/islands", "The island belongs to Dominica.", lambda t: holds(t.countries, "Dominica")
    ),
    Question(
        "sixth/islands",
        "belongs neither to Indonesia nor to the Philippines",
        lambda t: ~holds(t.countries, "Indonesia") & ~holds(t.countries, "Philippines"),
    ),
    Question(
        "sixth/islands",
        "a Canadian island with a population below 1,000",
        lambda t: holds(t.countries, "Canada") & (t.population < 1000),
    ),
    Question(
        "sixth/islands",
        "Island must be volcanic or made of coral",
        lambda t: t.formation.isin(["volcanic", "coral"]),
    ),
    Question(
        "sixth/islands",
        "traffic keeps to the left, and the island is not in Asia or Europe",
        lambda t: (t.traffic == "left") & t.region.notna() & ~t.region.isin(["Asia", "Europe"]),
    ),
    Question("sixth/islands", "no airport is given", lambda t: t.airport.isna()),
    Question(
        "sixth/islands", "The island must be part of Guinea", lambda t: holds(t.countries, "Guinea")
    ),
    Question(
        "sixth/islands",
        "lies in the Mediterranean or the Caribbean",
        lambda t: holds(t.waters, "Mediterranean Sea") | holds(t.waters, "Caribbean Sea"),
    ),
    Question(
        "sixth/aircraft",
        "The type made its first flight in the 1960s.",
        lambda t: t.first_flight.dt.year.between(1960, 1969),
    ),
    Question(
        "sixth/aircraft",
        "first flown later than 19 May 2008",
        lambda t: t.first_flight > pd.Timestamp("2008-05-19"),
    ),
    Question(
        "sixth/aircraft",
        "Aircraft must seat no fewer than 350 passengers",
        lambda t: t.seats >= 350,
    ),
    Question(
        "sixth/aircraft",
        "a range from 5,000 to 10,000 km inclusive",
        lambda t: t.range_km.between(5000, 10_000),
    ),
    Question("sixth/aircraft", "wingspan of over 60.2 m", lambda t: t.wingspan_m > 60.2),
    Question(
        "sixth/aircraft",
        "maximum take-off weight of at most 50,000 lbs",
        lambda t: t.max_takeoff_kg <= 50_000 * 0.45359237,
    ),
    Question("sixth/aircraft", "Brazilian", lambda t: holds(t.countries, "Brazil")),
    Question(
        "sixth/aircraft",
        "powered neither by turbofans nor by turboprops",
        lambda t: t.propulsion.notna() & ~t.propulsion.isin(["turbofan", "turboprop"]),
    ),
    Question(
        "sixth/aircraft",
        "Production must have ended in 1990 or later",
        lambda t: t.production_ended >= 1990,
    ),
    Question("sixth/aircraft", "still in production", lambda t: t.status == "in production"),
    Question(
        "sixth/aircraft",
        "The maker is Douglas, not McDonnell Douglas.",
        lambda t: t.maker == "Douglas",
    ),
    Question("sixth/breeds", "Breed must be German", lambda t: t.origin == "Germany"),
    Question(
        "sixth/breeds",
        "originates from either Scotland or Ireland",
        lambda t: t.origin.isin(["Scotland", "Ireland"]),
    ),
    Question(
        "sixth/breeds",
        "comes in black but not in white",
        lambda t: holds(t.colours, "black") & ~holds(t.colours, "white"),
    ),
    Question("sixth/breeds", "weighs less than 15 lb", lambda t: t.weight_kg < 15 * 0.45359237),
    Question("sixth/breeds", "The breed stands taller than 0.7 m.", lambda t: t.height_cm > 70),
    Question("sixth/breeds", "Liver is one of its colours.", lambda t: holds(t.colours, "liver")),
    Question("sixth/breeds", "belongs to the Sporting group", lambda t: t.group == "Sporting"),
    Question(
        "sixth/breeds",
        "has a curly, corded or wiry coat",
        lambda t: t.coat.isin(["curly", "corded", "wiry"]),
    ),
    Question(
        "sixth/breeds",
        "recognised by the AKC in 2010 or later",
        lambda t: t.akc_year >= 2010,
    ),
    Question(
        "sixth/machines",
        "Machine must run firmware 3.10 or later",
        lambda t: version_fits(t.Firmware, lambda parts: parts >= (3, 10)),
    ),
    Question(
        "sixth/machines",
        "purchase price of at most €45k",
        lambda t: t["Purchase price (EUR)"] <= 45_000,
    ),
    Question(
        "sixth/machines",
        "commissioned between 1 January 2021 and 30 June 2021",
        lambda t: t.Commissioned.between("2021-01-01", "2021-06-30"),
    ),
    Question(
        "sixth/machines",
        "certified to ISO 9001 but not to ISO 14001",
        lambda t: holds(t.Certificates, "ISO 9001") & ~holds(t.Certificates, "ISO 14001"),
    ),
    Question("sixth/machines", "An operator is named.", lambda t: t.Operator.notna()),
    Question("sixth/machines", "louder than 85 decibels", lambda t: t["Noise level (dB)"] > 85),
    Question(
        "sixth/machines",
        "Machine must have a power of less than 5,000 watts",
        lambda t: t["Power (kW)"] < 5,
    ),
    Question("sixth/machines", "made by Norden", lambda t: t.Maker == "Norden"),
]

SIXTH_PROSE = [
    Question("sixth/canals", "Canal must have more than fifty locks", lambda t: t.true_locks > 50),
    Question("sixth/canals", "The canal has no locks.", lambda t: t.true_locks == 0),
    Question("sixth/canals", "longer than 200 km", lambda t: t.true_length_km > 200),
    Question(
        "sixth/canals",
        "The canal was opened in the nineteenth century.",
        lambda t: t.true_opened.between(1801, 1900),
    ),
    Question("sixth/canals", "first opened in 1950 or later", lambda t: t.true_opened >= 1950),
    Question(
        "sixth/canals", "Canal must still carry freight today", lambda t: t.true_freight.eq(True)
    ),
    Question("sixth/canals", "carries no freight nowadays", lambda t: t.true_freight.eq(False)),
    Question("sixth/canals", "The canal has a tunnel.", lambda t: t.true_tunnel.eq(True)),
    Question("sixth/canals", "There is no tunnel on the canal.", lambda t: t.true_tunnel.eq(False)),
    Question(
        "sixth/canals",
        "Canal must be a UNESCO World Heritage Site",
        lambda t: t.true_heritage.eq(True),
    ),
    Question(
        "sixth/canals",
        "The canal is not a World Heritage Site.",
        lambda t: t.true_heritage.eq(False),
    ),
    Question("sixth/canals", "closed in winter", lambda t: t.true_winter_closed.eq(True)),
    Question(
        "sixth/canals",
        "It was built by prisoners or other forced labour.",
        lambda t: t.true_forced.eq(True),
    ),
    Question(
        "sixth/canals",
        "at least 10,000 vessels a year use it",
        lambda t: t.true_ships >= 10_000,
    ),
    Question("sixth/canals", "a depth of 8 metres or more", lambda t: t.true_depth_m >= 8),
    Question(
        "sixth/vacancies",
        "The salary is at least €60,000 a year.",
        lambda t: t.true_salary >= 60_000,
    ),
    Question("sixth/vacancies", "pays less than 35k euros", lambda t: t.true_salary < 35_000),
    Question("sixth/vacancies", "Job can be done from home", lambda t: t.true_remote.eq(True)),
    Question(
        "sixth/vacancies",
        "The work cannot be done remotely.",
        lambda t: t.true_remote.eq(False),
    ),
    Question(
        "sixth/vacancies",
        "Vacancy must ask for five or more years of experience",
        lambda t: t.true_years >= 5,
    ),
    Question("sixth/vacancies", "no experience is needed", lambda t: t.true_years == 0),
    Question("sixth/vacancies", "German is required", lambda t: t.true_german.eq(True)),
    Question("sixth/vacancies", "German is not required", lambda t: t.true_german.eq(False)),
    Question(
        "sixth/vacancies",
        "The post does not require a degree.",
        lambda t: t.true_degree.eq(False),
    ),
    Question(
        "sixth/vacancies",
        "Applicant must have a driving licence",
        lambda t: t.true_licence.eq(True),
    ),
    Question(
        "sixth/vacancies",
        "The contract is for a limited time, not permanent.",
        lambda t: t.true_contract == "fixed",
    ),
    Question("sixth/vacancies", "fewer than 30 hours a week", lambda t: t.true_hours < 30),
    Question("sixth/vacancies", "The job includes work at night.", lambda t: t.true_night.eq(True)),
    Question(
        "sixth/vacancies",
        "half of the working time or more is spent travelling",
        lambda t: t.true_travel >= 50,
    ),
    Question("sixth/vacancies", "the employer sponsors a visa", lambda t: t.true_visa.eq(True)),
]

SIXTH_OBJECTIVES = [
    Question(
        "sixth/islands",
        "Find all islands in the Pacific Ocean with more than 1 million inhabitants, "
        "and their largest town",
        lambda t: holds(t.waters, "Pacific Ocean") & (t.population > 1_000_000),
    ),
    Question(
        "sixth/islands",
        "Find islands in Europe or Africa that are not volcanic",
        lambda t: (
            t.region.isin(["Europe", "Africa"]) & t.formation.notna() & (t.formation != "volcanic")
        ),
    ),
    Question(
        "sixth/islands",
        "Find Indonesian islands with an area over 200,000 square kilometres and their highest "
        "point",
        lambda t: holds(t.countries, "Indonesia") & (t.area_km2 > 200_000),
    ),
    Question(
        "sixth/islands",
        "Find all islands in the Atlantic Ocean that rise to at least 2,000 metres, except those "
        "of Denmark and Spain",
        lambda t: (
            holds(t.waters, "Atlantic Ocean")
            & (t.elevation_m >= 2000)
            & ~holds(t.countries, "Denmark")
            & ~holds(t.countries, "Spain")
        ),
    ),
    Question(
        "sixth/islands",
        "Find islands that have an airport, drive on the left and have fewer than 400 thousand "
        "residents",
        lambda t: t.airport.notna() & (t.traffic == "left") & (t.population < 400_000),
    ),
    Question(
        "sixth/aircraft",
        "Find all aircraft types with four engines that were not made by Boeing",
        lambda t: (t.engines == 4) & t.maker.notna() & (t.maker != "Boeing"),
    ),
    Question(
        "sixth/aircraft",
        "Find aircraft types from the Soviet Union that first flew before '65, and their number "
        "of seats",
        lambda t: (
            holds(t.countries, "Soviet Union") & (t.first_flight < pd.Timestamp("1965-01-01"))
        ),
    ),
    Question(
        "sixth/aircraft",
        "Find turboprop aircraft that are still in production and have more than 15 seats",
        lambda t: (t.propulsion == "turboprop") & (t.status == "in production") & (t.seats > 15),
    ),
    Question(
        "sixth/aircraft",
        "Find aircraft with two engines and a range of over 12,000 km",
        lambda t: (t.engines == 2) & (t.range_km > 12_000),
    ),
    Question(
        "sixth/aircraft",
        "Find aircraft types of which more than 1.2k were built and whose production ended no "
        "later than 1990",
        lambda t: (t.built > 1200) & (t.production_ended <= 1990),
    ),
    Question(
        "sixth/breeds",
        "Find dog breeds from Japan or China with low or medium shedding",
        lambda t: t.origin.isin(["Japan", "China"]) & t.shedding.isin(["low", "medium"]),
    ),
    Question(
        "sixth/breeds",
        "Find all dog breeds of the Hound group that live 12 years or longer, and their colours",
        lambda t: (t.group == "Hound") & (t.life_years >= 12),
    ),
    Question(
        "sixth/breeds",
        "Find dog breeds without a year of AKC recognition that weigh more than 20 kg",
        lambda t: t.akc_year.isna() & (t.weight_kg > 20),
    ),
    Question(
        "sixth/breeds",
        "Find all Swiss or Hungarian dog breeds that come in white",
        lambda t: t.origin.isin(["Switzerland", "Hungary"]) & holds(t.colours, "white"),
    ),
    Question(
        "sixth/machines",
        "Find machines in Poland or Hungary with a firmware older than 3.2, and their maker",
        lambda t: (
            t.Country.isin(["Poland", "Hungary"])
            & version_fits(t.Firmware, lambda parts: parts < (3, 2))
        ),
    ),
    Question(
        "sixth/machines",
        "Find all machines that are out of order or under repair and whose purchase price was "
        "above 100,000 euros",
        lambda t: (
            t.Condition.isin(["out of order", "under repair"])
            & (t["Purchase price (EUR)"] > 100_000)
        ),
    ),
    Question(
        "sixth/machines",
        "Find machines with their next inspection before 1 January 2026 that are not in the "
        "United Kingdom",
        lambda t: (
            (t["Next inspection"] < pd.Timestamp("2026-01-01"))
            & t.Country.notna()
            & (t.Country != "United Kingdom")
        ),
    ),
    Question(
        "sixth/machines",
        "Find machines in Switzerland or Austria that weigh over 2 tonnes",
        lambda t: t.Country.isin(["Switzerland", "Austria"]) & (t["Weight (kg)"] > 2000),
    ),
    Question(
        "sixth/canals",
        "Find canals in Germany or the Netherlands that carry freight today",
        lambda t: t.country.isin(["Germany", "Netherlands"]) & t.true_freight.eq(True),
    ),
    Question(
        "sixth/canals",
        "Find European canals that have more than 40 locks and a tunnel, and their length",
        lambda t: (t.continent == "Europe") & (t.true_locks > 40) & t.true_tunnel.eq(True),
    ),
    Question(
        "sixth/canals",
        "Find all canals that are shorter than 30 km and carry no freight nowadays",
        lambda t: (t.true_length_km < 30) & t.true_freight.eq(False),
    ),
    Question(
        "sixth/vacancies",
        "Find jobs in the IT department that can be done from home and pay more than 60,000 "
        "euros a year",
        lambda t: (t.department == "IT") & t.true_remote.eq(True) & (t.true_salary > 60_000),
    ),
    Question(
        "sixth/vacancies",
        "Find vacancies with a closing date before 1 March 2026 that offer a permanent contract, "
        "and their salary",
        lambda t: (t.closing_date < pd.Timestamp("2026-03-01")) & (t.true_contract == "permanent"),
    ),
    Question(
        "sixth/vacancies",
        "Find vacancies that require a driving licence and at least two years of experience",
        lambda t: t.true_licence.eq(True) & (t.true_years >= 2),
    ),
]
