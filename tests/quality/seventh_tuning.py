"""Strangers' questions on airliners, islands, claims, devices, a shelter and digs.

The rules may be improved with these in view. Before they were, F1 was 0.846 on columns, 0.196 on
prose and 0.552 through ingest.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["SEVENTH_COLUMNS", "SEVENTH_OBJECTIVES", "SEVENTH_PROSE"]


SEVENTH_COLUMNS = [
    Question(
        "seventh/airliners",
        "Airliner must seat more than 300 passengers",
        lambda t: t.typical_seats > 300,
    ),
    Question(
        "seventh/airliners",
        "a turboprop with room for fewer than 50 people",
        lambda t: (t.engine_type == "turboprop") & (t.typical_seats < 50),
    ),
    Question(
        "seventh/airliners",
        "The first flight took place in the 1960s.",
        lambda t: t.first_flight.dt.year.between(1960, 1969),
    ),
    Question(
        "seventh/airliners",
        "entered service before 1960, and it is not a Boeing",
        lambda t: (t.entered_service < 1960) & (t.manufacturer != "Boeing"),
    ),
    Question(
        "seventh/airliners",
        "Only aircraft whose maximum take-off weight reaches 300 tonnes or more, please.",
        lambda t: t.mtow_kg >= 300_000,
    ),
    Question(
        "seventh/airliners",
        "It can fly at least 7,000 nautical miles without refuelling.",
        lambda t: t.range_km >= 7000 * 1.852,
    ),
    Question(
        "seventh/airliners",
        "assembled in more than one country",
        lambda t: t.assembled_in.map(len) > 1,
    ),
    Question(
        "seventh/airliners", "is still in production today", lambda t: t.in_production.eq(True)
    ),
    Question(
        "seventh/airliners",
        "fewer than 100 of them were ever built",
        lambda t: t.number_built < 100,
    ),
    Question("seventh/airliners", "Airliner must have six engines", lambda t: t.engines == 6),
    Question(
        "seventh/islands",
        "Island must lie in the Mediterranean",
        lambda t: t.surrounding_water == "Mediterranean Sea",
    ),
    Question(
        "seventh/islands",
        "The island is divided between two or more countries.",
        lambda t: t.countries.map(len) > 1,
    ),
    Question(
        "seventh/islands",
        "has an area between 1,000 and 10,000 square kilometres",
        lambda t: t.area_km2.between(1000, 10_000),
    ),
    Question("seventh/islands", "nobody lives there", lambda t: t.population == 0),
    Question(
        "seventh/islands",
        "home to over 20 million people",
        lambda t: t.population > 20_000_000,
    ),
    Question(
        "seventh/islands",
        "an island that rises above 3,000 metres but is not part of Indonesia",
        lambda t: (t.elevation_m > 3000) & ~holds(t.countries, "Indonesia"),
    ),
    Question(
        "seventh/islands",
        "Island must be volcanic, yet smaller than 3,000 km²",
        lambda t: t.volcanic.eq(True) & (t.area_km2 < 3000),
    ),
    Question(
        "seventh/islands",
        "a Canadian or Japanese island",
        lambda t: holds(t.countries, "Canada") | holds(t.countries, "Japan"),
    ),
    Question(
        "seventh/islands",
        "its highest point is less than 500 feet above the sea",
        lambda t: t.elevation_m < 500 * 0.3048,
    ),
    Question(
        "seventh/islands",
        "is neither in the Pacific nor in the Arctic",
        lambda t: ~t.surrounding_water.isin(["Pacific Ocean", "Arctic Ocean"]),
    ),
    Question(
        "seventh/claims", "The claim must be about motor insurance", lambda t: t.LoB == "Motor"
    ),
    Question(
        "seventh/claims",
        "reported in March 2024",
        lambda t: t.dt_reported.between("2024-03-01", "2024-03-31"),
    ),
    Question(
        "seventh/claims",
        "The loss occurred in the second half of 2023.",
        lambda t: t.dt_loss.between("2023-07-01", "2023-12-31"),
    ),
    Question(
        "seventh/claims",
        "more than 50,000 euros has been paid out",
        lambda t: t.paid_EUR > 50_000,
    ),
    Question(
        "seventh/claims",
        "the reserve stands at more than €50k",
        lambda t: t.reserve_kEUR > 50,
    ),
    Question("seventh/claims", "no closing date has been entered", lambda t: t.dt_closed.isna()),
    Question(
        "seventh/claims",
        "Claim must be suspected of fraud and come from Portugal or Germany",
        lambda t: (t.fraud_susp == "Y") & t.country.isin(["Portugal", "Germany"]),
    ),
    Question(
        "seventh/claims",
        "the damage was done by hail or a storm",
        lambda t: holds(t.perils, "hail") | holds(t.perils, "storm"),
    ),
    Question(
        "seventh/claims",
        "is not in litigation and is not handled by Okafor",
        lambda t: (t.litigation == "no") & (t.adjuster != "T. Okafor"),
    ),
    Question(
        "seventh/claims",
        "has been a customer since 2003 or even longer",
        lambda t: t.cust_since <= 2003,
    ),
    Question(
        "seventh/devices",
        "Device must be an infusion pump or a syringe driver",
        lambda t: t["Descr."].isin(["Infusion pump", "Syringe driver"]),
    ),
    Question(
        "seventh/devices",
        "was bought before 2018",
        lambda t: pd.to_datetime(t["Purch. date"]) < "2018-01-01",
    ),
    Question(
        "seventh/devices",
        "last calibrated after 30 June 2024",
        lambda t: pd.to_datetime(t["Last cal."]) > "2024-06-30",
    ),
    Question(
        "seventh/devices",
        "The next service falls due in the first quarter of 2025.",
        lambda t: pd.to_datetime(t["Next svc due"]).between("2025-01-01", "2025-03-31"),
    ),
    Question(
        "seventh/devices",
        "list price over £5,000",
        lambda t: t["List price"].str.replace("[£,]", "", regex=True).astype(float) > 5000,
    ),
    Question("seventh/devices", "cannot be loaned out", lambda t: t["Loanable"] == "N"),
    Question(
        "seventh/devices",
        "runs on its battery for at least four hours",
        lambda t: t["Batt. life (hrs)"] >= 4,
    ),
    Question(
        "seventh/devices",
        "Device must be either out of order or in repair",
        lambda t: t["Status"].isin(["out of order", "in repair"]),
    ),
    Question(
        "seventh/devices",
        "comes with a trolley but without a spare battery",
        lambda t: holds(t["Accessories"], "trolley") & ~holds(t["Accessories"], "spare battery"),
    ),
    Question(
        "seventh/devices",
        "Device must weigh under 5 kg, and it must not belong to the ICU or to Surgery",
        lambda t: (t["Weight (kg)"] < 5) & ~t["Ward"].isin(["ICU", "Surgery"]),
    ),
]

SEVENTH_PROSE = [
    # Asked in nearly the text's own nouns.
    Question("seventh/shelter", "has been neutered or spayed", lambda t: t.true_neutered.eq(True)),
    Question("seventh/shelter", "Animal must be deaf", lambda t: t.true_deaf.eq(True)),
    Question("seventh/shelter", "weighs more than 20 kilos", lambda t: t.true_weight > 20),
    Question(
        "seventh/shelter", "Animal must be at least eight years old", lambda t: t.true_age >= 8
    ),
    Question("seventh/shelter", "was picked up as a stray", lambda t: t.true_stray.eq(True)),
    Question("seventh/shelter", "It is blind in both eyes.", lambda t: t.true_blind.eq(True)),
    Question(
        "seventh/digs",
        "What was excavated dates from Roman times",
        lambda t: t.true_period == "Roman",
    ),
    Question(
        "seventh/digs", "Radiocarbon dates were obtained", lambda t: t.true_radiocarbon.eq(True)
    ),
    Question("seventh/digs", "the finds are kept in a museum", lambda t: t.true_museum.eq(True)),
    Question("seventh/digs", "No human remains were found.", lambda t: t.true_dead == 0),
    # The same thing in somewhat other words.
    Question("seventh/shelter", "is good with children", lambda t: t.true_kids.eq(True)),
    Question("seventh/shelter", "can share a home with cats", lambda t: t.true_cats.eq(True)),
    Question(
        "seventh/shelter", "Animal must need medication daily", lambda t: t.true_medicine.eq(True)
    ),
    Question("seventh/shelter", "is missing a leg", lambda t: t.true_three_legs.eq(True)),
    Question(
        "seventh/shelter",
        "is afraid of thunder or fireworks",
        lambda t: t.true_noise.eq(True),
    ),
    Question(
        "seventh/digs",
        "the remains of more than ten people were found",
        lambda t: t.true_dead > 10,
    ),
    Question(
        "seventh/digs", "The digging went deeper than two metres.", lambda t: t.true_depth > 2
    ),
    Question(
        "seventh/digs", "The digging was done by volunteers", lambda t: t.true_volunteers.eq(True)
    ),
    Question(
        "seventh/digs", "Site must be open to visitors today", lambda t: t.true_visit.eq(True)
    ),
    Question(
        "seventh/digs",
        "its results have not been published",
        lambda t: t.true_published.eq(False),
    ),
    # The same meaning, other words.
    Question("seventh/shelter", "lost its owner to death", lambda t: t.true_owner_died.eq(True)),
    Question(
        "seventh/shelter",
        "can only be adopted along with a second animal",
        lambda t: t.true_pair.eq(True),
    ),
    Question(
        "seventh/shelter",
        "It must not be left at home unattended.",
        lambda t: t.true_alone.eq(False),
    ),
    Question(
        "seventh/shelter",
        "unsuitable for a household with young kids",
        lambda t: t.true_kids.eq(False),
    ),
    Question("seventh/shelter", "is not housebroken yet", lambda t: t.true_trained.eq(False)),
    Question(
        "seventh/digs",
        "construction work was about to begin where they dug",
        lambda t: t.true_rescue.eq(True),
    ),
    Question(
        "seventh/digs",
        "Site must have been discovered by accident",
        lambda t: t.true_chance.eq(True),
    ),
    Question(
        "seventh/digs", "bad weather cut the excavation short", lambda t: t.true_weather.eq(True)
    ),
    Question("seventh/digs", "Metalworking went on at the site.", lambda t: t.true_metal.eq(True)),
    Question(
        "seventh/digs",
        "the excavation was paid for with private money",
        lambda t: t.true_private.eq(True),
    ),
]

SEVENTH_OBJECTIVES = [
    Question(
        "seventh/airliners",
        "Find all wide-body airliners with four engines",
        lambda t: (t.body == "wide-body") & (t.engines == 4),
    ),
    Question(
        "seventh/airliners",
        "Find all airliners that are no longer produced and that first flew after 1990",
        lambda t: t.in_production.eq(False) & (t.first_flight.dt.year > 1990),
    ),
    Question(
        "seventh/airliners",
        "FindAll airliners assembled in China or Canada, with their range",
        lambda t: holds(t.assembled_in, "China") | holds(t.assembled_in, "Canada"),
    ),
    Question(
        "seventh/airliners",
        "I need every plane shorter than 30 m that has neither turboprop nor piston engines.",
        lambda t: (t.length_m < 30) & ~t.engine_type.isin(["turboprop", "piston"]),
    ),
    Question(
        "seventh/islands",
        "Find all islands in the Caribbean with more than 5 million inhabitants",
        lambda t: (t.surrounding_water == "Caribbean Sea") & (t.population > 5_000_000),
    ),
    Question(
        "seventh/islands",
        "Find volcanic islands higher than 2,500 m that don't belong to Indonesia",
        lambda t: t.volcanic.eq(True) & (t.elevation_m > 2500) & ~holds(t.countries, "Indonesia"),
    ),
    Question(
        "seventh/islands",
        "List all islands of Japan with an area over 20,000 km², along with their largest town",
        lambda t: holds(t.countries, "Japan") & (t.area_km2 > 20_000),
    ),
    Question(
        "seventh/islands",
        "Which islands in the Indian Ocean belong to an archipelago other than the "
        "Greater Sunda Islands?",
        lambda t: (
            (t.surrounding_water == "Indian Ocean")
            & t.archipelago.notna()
            & (t.archipelago != "Greater Sunda Islands")
        ),
    ),
    Question(
        "seventh/claims",
        "Find all property claims with more than €5,000 paid, except those in Germany",
        lambda t: (t.LoB == "Property") & (t.paid_EUR > 5000) & (t.country != "Germany"),
    ),
    Question(
        "seventh/claims",
        "Find all claims that involve theft or burglary and were closed in 2024, "
        "along with the policy holder",
        lambda t: (
            (holds(t.perils, "theft") | holds(t.perils, "burglary")) & (t.dt_closed.dt.year == 2024)
        ),
    ),
    Question(
        "seventh/claims",
        "List the liability claims of customers who joined after 2010",
        lambda t: (t.LoB == "Liability") & (t.cust_since > 2010),
    ),
    Question(
        "seventh/claims",
        "Show me claims with a satisfaction score of 8 or better for which fraud is not suspected",
        lambda t: (t.sat_score >= 8) & (t.fraud_susp == "N"),
    ),
    Question(
        "seventh/devices",
        "Find all devices in the ICU or in Emergency that are in use and weigh less than 20 kg",
        lambda t: (
            t["Ward"].isin(["ICU", "Emergency"])
            & (t["Status"] == "in use")
            & (t["Weight (kg)"] < 20)
        ),
    ),
    Question(
        "seventh/devices",
        "Find devices of risk class IIb or III purchased since 2020, and their manufacturer",
        lambda t: (
            t["Risk class"].isin(["IIb", "III"])
            & (pd.to_datetime(t["Purch. date"]) >= "2020-01-01")
        ),
    ),
    Question(
        "seventh/devices",
        "List all equipment that draws more than 1 kW and isn't retired",
        lambda t: (t["Power (W)"] > 1000) & (t["Status"] != "retired"),
    ),
    Question(
        "seventh/devices",
        "We are looking for ventilators and ultrasound scanners with a list price over £22,500",
        lambda t: (
            t["Descr."].isin(["Ventilator", "Ultrasound scanner"])
            & (t["List price"].str.replace("[£,]", "", regex=True).astype(float) > 22_500)
        ),
    ),
    Question(
        "seventh/shelter",
        "Find all dogs that get along with cats",
        lambda t: (t.species == "dog") & t.true_cats.eq(True),
    ),
    Question(
        "seventh/shelter",
        "Find all cats that have been spayed or neutered, together with their age",
        lambda t: (t.species == "cat") & t.true_neutered.eq(True),
    ),
    Question(
        "seventh/shelter",
        "I'm looking for dogs that weigh more than 30 kg and are good with kids",
        lambda t: (t.species == "dog") & (t.true_weight > 30) & t.true_kids.eq(True),
    ),
    Question(
        "seventh/shelter",
        "Find animals with an adoption fee below €200 that are twelve years or older",
        lambda t: (t.fee_eur < 200) & (t.true_age >= 12),
    ),
    Question(
        "seventh/digs",
        "Find all Bronze Age or Iron Age sites that were excavated before 1980",
        lambda t: t.true_period.isin(["Bronze Age", "Iron Age"]) & (t.true_year < 1980),
    ),
    Question(
        "seventh/digs",
        "Find all sites where more than 20 coins came to light, and tell me when they were dug",
        lambda t: t.true_coins > 20,
    ),
    Question(
        "seventh/digs",
        "Find every medieval site that was destroyed by fire",
        lambda t: (t.true_period == "Medieval") & t.true_fire.eq(True),
    ),
    Question(
        "seventh/digs",
        "Find all Viking sites where human remains were discovered",
        lambda t: (t.true_period == "Viking") & (t.true_dead > 0),
    ),
]
