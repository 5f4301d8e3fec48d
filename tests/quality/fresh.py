"""Strangers' questions on islands, airliners, shipments, devices, instruments and venues.

Nothing was mended with its columns and prose in view; of its objectives somebody had seen some.
"""

from __future__ import annotations

import pandas as pd
from packaging.version import Version
from quality.question import Question, holds

__all__ = ["FRESH_COLUMNS", "FRESH_OBJECTIVES", "FRESH_PROSE"]


def versions(column):
    """Read the versions of a column; a missing one stays missing."""
    return column.map(lambda text: None if pd.isna(text) else Version(text))


def older(column, limit):
    """Of each version, whether it comes before another; a missing one does not."""
    return versions(column).map(lambda v: not pd.isna(v) and v < Version(limit))


def lacks(column, item):
    """Of each list in a column, whether it is there and without an item."""
    return column.notna() & ~holds(column, item)


FRESH_COLUMNS = [
    # as an examiner
    Question(
        "fresh/islands",
        "Island must cover more than 100,000 square kilometres",
        lambda t: t.area_km2 > 100_000,
    ),
    Question(
        "fresh/islands",
        "The island must belong to Guinea.",
        lambda t: holds(t.countries, "Guinea"),
    ),
    Question(
        "fresh/islands",
        "African island with fewer than a million inhabitants",
        lambda t: (t.continent == "Africa") & (t["pop"] < 1_000_000),
    ),
    Question(
        "fresh/islands",
        "Island must lie neither in the Mediterranean nor in the Caribbean",
        lambda t: ~t.sea.isin(["Mediterranean Sea", "Caribbean Sea"]),
    ),
    Question(
        "fresh/islands",
        "Its highest point is between 1,000 and 2,000 metres above the sea.",
        lambda t: t.highest_m.between(1000, 2000),
    ),
    Question(
        "fresh/islands",
        "Island must have a highest point of over 12,000 ft",
        lambda t: t.highest_m > 12_000 * 0.3048,
    ),
    Question(
        "fresh/islands",
        "The island must belong to Norway",
        lambda t: holds(t.countries, "Norway"),
    ),
    Question(
        "fresh/airliners",
        "Airliner must have a range of at least 13,000 km",
        lambda t: t.range_km >= 13_000,
    ),
    Question(
        "fresh/airliners",
        "It first flew in the 1960s.",
        lambda t: t.first_flight.dt.year.between(1960, 1969),
    ),
    Question(
        "fresh/airliners",
        "Airliner must have four engines and must not be made by Boeing",
        lambda t: (t.engines == 4) & (t.maker != "Boeing"),
    ),
    Question(
        "fresh/airliners",
        "Maximum take-off weight must exceed 250 tonnes",
        lambda t: t.mtow_kg > 250_000,
    ),
    Question(
        "fresh/airliners",
        "The maker must be Airbus, Embraer or Saab",
        lambda t: t.maker.isin(["Airbus", "Embraer", "Saab"]),
    ),
    Question(
        "fresh/airliners",
        "The first operator is not given.",
        lambda t: t.first_operator.isna(),
    ),
    Question(
        "fresh/shipments",
        "Shipment must have a declared value from $50k to $100k inclusive",
        lambda t: t["Declared value (USD)"].between(50_000, 100_000),
    ),
    Question(
        "fresh/shipments",
        "Shipment must have been shipped in March 2025",
        lambda t: (t.Shipped >= "2025-03-01") & (t.Shipped < "2025-04-01"),
    ),
    Question(
        "fresh/shipments",
        "Set temperature must be below 0 °C",
        lambda t: t["Set temp. (°C)"] < 0,
    ),
    Question(
        "fresh/shipments",
        "Gross weight must be above 25 tonnes",
        lambda t: t["Gross wt (kg)"] > 25_000,
    ),
    Question(
        "fresh/devices",
        "Device must have firmware 3.10 or later",
        lambda t: t.Firmware.notna() & ~older(t.Firmware, "3.10"),
    ),
    Question(
        "fresh/devices",
        "Device must comply with both IEC 60601-2-24 and ISO 14971",
        lambda t: holds(t.Standards, "IEC 60601-2-24") & holds(t.Standards, "ISO 14971"),
    ),
    Question("fresh/devices", "It weighs less than 10 lbs.", lambda t: t["Wt (kg)"] < 4.535_924),
    # as people write
    Question(
        "fresh/islands",
        "volcanic, but not in the Pacific",
        lambda t: (t.volcanic == "yes") & (t.sea != "Pacific Ocean"),
    ),
    Question(
        "fresh/islands",
        "is shared by more than one country",
        lambda t: t.countries.map(len) > 1,
    ),
    Question(
        "fresh/islands",
        "islands whose fixed link was opened before 1990",
        lambda t: t.fixed_link_since < 1990,
    ),
    Question("fresh/islands", "there is no fixed link to it", lambda t: t.fixed_link_since.isna()),
    Question("fresh/airliners", "turboprops", lambda t: t.engine_type == "turboprop"),
    Question("fresh/airliners", "wingspan of no more than 25 m", lambda t: t.wingspan_m <= 25),
    Question("fresh/airliners", "is no longer in production", lambda t: t.in_production == "no"),
    Question("fresh/airliners", "Soviet aircraft", lambda t: t.country_of_origin == "Soviet Union"),
    Question("fresh/shipments", "weighs over two tonnes", lambda t: t["Gross wt (kg)"] > 2000),
    Question("fresh/shipments", "still hasn't been delivered", lambda t: t.Delivered.isna()),
    Question(
        "fresh/shipments",
        "everything that did not go by sea or air",
        lambda t: ~t.Mode.isin(["sea", "air"]),
    ),
    Question(
        "fresh/shipments", "anything bound for Niger", lambda t: t["Dest. country"] == "Niger"
    ),
    Question(
        "fresh/shipments",
        "travels without a packing list",
        lambda t: lacks(t.Documents, "packing list"),
    ),
    Question("fresh/shipments", "not insured", lambda t: t.Insured == "no"),
    Question(
        "fresh/devices",
        "everything that is due for its next service before 1 March 2026",
        lambda t: t["Next service"] < "2026-03-01",
    ),
    Question("fresh/devices", "cost us more than 20k euros", lambda t: t["Price (EUR)"] > 20_000),
    Question(
        "fresh/devices",
        "its battery lasts for at least six hours",
        lambda t: t["Battery (h)"] >= 6,
    ),
    Question("fresh/devices", "is kept in Theatre 1", lambda t: t.Ward == "Theatre 1"),
    Question(
        "fresh/devices",
        "a ventilator or an ultrasound scanner that isn't made by GE or Philips",
        lambda t: (
            t["Device type"].isin(["ventilator", "ultrasound scanner"])
            & ~t["Mfr."].isin(["GE", "Philips"])
        ),
    ),
    Question(
        "fresh/devices",
        "devices with no battery hours entered",
        lambda t: t["Battery (h)"].isna(),
    ),
]

FRESH_PROSE = [
    # as an examiner
    Question(
        "fresh/instruments",
        "Instrument must have more than ten strings",
        lambda t: t.true_strings > 10,
    ),
    Question("fresh/instruments", "It has exactly four strings.", lambda t: t.true_strings == 4),
    Question(
        "fresh/instruments",
        "The instrument must come from India",
        lambda t: t.true_origin == "India",
    ),
    Question(
        "fresh/instruments",
        "Instrument must have been invented in the twentieth century",
        lambda t: t.true_year.between(1901, 2000),
    ),
    Question(
        "fresh/instruments",
        "Instrument must have been invented by Adolphe Sax",
        lambda t: t.true_inventor == "Adolphe Sax",
    ),
    Question("fresh/instruments", "It must weigh more than 5 kg", lambda t: t.true_kg > 5),
    Question("fresh/instruments", "It must have no definite pitch", lambda t: t.true_pitch == "no"),
    Question("fresh/venues", "Venue must seat at least 200 people", lambda t: t.true_seats >= 200),
    Question(
        "fresh/venues",
        "Venue must have been built before 1850",
        lambda t: t.true_built < 1850,
    ),
    Question("fresh/venues", "Dogs must not be allowed", lambda t: t.true_dogs == "no"),
    Question("fresh/venues", "Hire must cost less than £300 a day", lambda t: t.true_price < 300),
    Question(
        "fresh/venues",
        "It must have its own parking for 50 cars or more",
        lambda t: t.true_park >= 50,
    ),
    Question(
        "fresh/venues",
        "The deposit must be more than £500",
        lambda t: t.true_deposit > 500,
    ),
    Question(
        "fresh/venues",
        "Venue must be within two kilometres of a railway station",
        lambda t: t.true_km <= 2,
    ),
    Question("fresh/venues", "Venue must have a projector", lambda t: t.true_projector == "yes"),
    # as people write
    Question("fresh/instruments", "played with a bow", lambda t: t.true_bow == "yes"),
    Question("fresh/instruments", "has a double reed", lambda t: t.true_reed == "double"),
    Question("fresh/instruments", "is said to have no reed", lambda t: t.true_reed == "none"),
    Question("fresh/instruments", "made of brass", lambda t: t.true_material == "brass"),
    Question("fresh/instruments", "fretless instruments", lambda t: t.true_frets == "no"),
    Question(
        "fresh/instruments",
        "over a metre and a half in length or height",
        lambda t: t.true_cm > 150,
    ),
    Question("fresh/instruments", "has 88 keys", lambda t: t.true_keys == 88),
    Question("fresh/instruments", "Japanese instruments", lambda t: t.true_origin == "Japan"),
    Question("fresh/venues", "wheelchair users can get in", lambda t: t.true_wheelchair == "yes"),
    Question("fresh/venues", "somewhere we can bring our dog", lambda t: t.true_dogs == "yes"),
    Question(
        "fresh/venues",
        "used to be a church or a chapel",
        lambda t: t.true_former.isin(["church", "chapel"]),
    ),
    Question("fresh/venues", "has no parking of its own", lambda t: t.true_park == 0),
    Question("fresh/venues", "weddings can be held there", lambda t: t.true_wedding == "yes"),
    Question("fresh/venues", "lets you bring outside caterers", lambda t: t.true_outside == "yes"),
    Question("fresh/venues", "music has to stop at 11 pm or earlier", lambda t: t.true_music <= 23),
]

FRESH_OBJECTIVES = [
    # as an examiner
    Question(
        "fresh/islands",
        "Find all Caribbean islands where Spanish is spoken",
        lambda t: (t.sea == "Caribbean Sea") & holds(t.languages, "Spanish"),
    ),
    Question(
        "fresh/islands",
        "Find islands in the Indian Ocean with at least 20 million inhabitants, and "
        "their main town",
        lambda t: (t.sea == "Indian Ocean") & (t["pop"] >= 20_000_000),
    ),
    Question(
        "fresh/islands",
        "Find all European islands with an area of less than 1,000 km² that have a fixed link",
        lambda t: (t.continent == "Europe") & (t.area_km2 < 1000) & t.fixed_link_since.notna(),
    ),
    Question(
        "fresh/airliners",
        "Find all turbojet or turbofan airliners with four engines that first flew before 1970",
        lambda t: (
            t.engine_type.isin(["turbojet", "turbofan"])
            & (t.engines == 4)
            & (t.first_flight < "1970-01-01")
        ),
    ),
    Question(
        "fresh/airliners",
        "Find airliners that have three engines and a range of more than 5,000 km "
        "and do not come from the United States",
        lambda t: (t.engines == 3) & (t.range_km > 5000) & (t.country_of_origin != "United States"),
    ),
    Question(
        "fresh/shipments",
        "Find all shipments to Nigeria or South Korea with a declared value of $100,000 or more",
        lambda t: (
            t["Dest. country"].isin(["Nigeria", "South Korea"])
            & (t["Declared value (USD)"] >= 100_000)
        ),
    ),
    Question(
        "fresh/shipments",
        "Find all shipments by sea that were delivered in May 2025",
        lambda t: (t.Mode == "sea") & (t.Delivered >= "2025-05-01") & (t.Delivered < "2025-06-01"),
    ),
    Question(
        "fresh/devices",
        "Find all infusion pumps and syringe pumps with firmware older than 3.0",
        lambda t: (
            t["Device type"].isin(["infusion pump", "syringe pump"]) & older(t.Firmware, "3.0")
        ),
    ),
    Question(
        "fresh/devices",
        "Find devices in Theatre 1 or Theatre 2 whose next service falls between "
        "1 January and 31 March 2026",
        lambda t: (
            t.Ward.isin(["Theatre 1", "Theatre 2"])
            & t["Next service"].between("2026-01-01", "2026-03-31")
        ),
    ),
    Question(
        "fresh/airliners",
        "Find all airliners that entered service after 2010 and are still in production",
        lambda t: (t.entered_service > 2010) & (t.in_production == "yes"),
    ),
    Question(
        "fresh/instruments",
        "Find all instruments from Japan or China with fewer than ten strings",
        lambda t: t.true_origin.isin(["Japan", "China"]) & (t.true_strings < 10),
    ),
    Question(
        "fresh/venues",
        "Find all venues that seat at least 50 people and where dogs are allowed",
        lambda t: (t.true_seats >= 50) & (t.true_dogs == "yes"),
    ),
    # as people write
    Question(
        "fresh/islands",
        "Which volcanic islands in Africa or Asia rise above 3,000 m?",
        lambda t: (
            (t.volcanic == "yes") & t.continent.isin(["Africa", "Asia"]) & (t.highest_m > 3000)
        ),
    ),
    Question(
        "fresh/islands",
        "all islands that belong to Papua New Guinea, except New Guinea itself",
        lambda t: holds(t.countries, "Papua New Guinea") & (t.island != "New Guinea"),
    ),
    Question(
        "fresh/islands",
        "I'm looking for Danish or Swedish islands in the Baltic",
        lambda t: (
            t.countries.map(lambda c: bool({"Denmark", "Sweden"} & set(c)))
            & (t.sea == "Baltic Sea")
        ),
    ),
    Question(
        "fresh/airliners",
        "Which Canadian or Brazilian airliners are turboprops?",
        lambda t: t.country_of_origin.isin(["Canada", "Brazil"]) & (t.engine_type == "turboprop"),
    ),
    Question(
        "fresh/airliners",
        "airliners whose first operator was Lufthansa or Swissair",
        lambda t: t.first_operator.isin(["Lufthansa", "Swissair"]),
    ),
    Question(
        "fresh/shipments",
        "Which hazardous shipments are not insured?",
        lambda t: (t.Hazmat == "Y") & (t.Insured == "no"),
    ),
    Question(
        "fresh/shipments",
        "shipments of vaccines, frozen shrimp or cut flowers that come without a packing list",
        lambda t: (
            t.Goods.isin(["vaccines", "frozen shrimp", "cut flowers"])
            & lacks(t.Documents, "packing list")
        ),
    ),
    Question(
        "fresh/shipments",
        "Show me the air shipments that left after 1 June 2025 and weigh more than a tonne",
        lambda t: (t.Mode == "air") & (t.Shipped > "2025-06-01") & (t["Gross wt (kg)"] > 1000),
    ),
    Question(
        "fresh/devices",
        "Philips or Mindray devices purchased before 2018 that cost less than €10,000",
        lambda t: (
            t["Mfr."].isin(["Philips", "Mindray"])
            & (t.Purchased < "2018-01-01")
            & (t["Price (EUR)"] < 10_000)
        ),
    ),
    Question(
        "fresh/devices",
        "Which ventilators are not out of order, and who made them?",
        lambda t: (t["Device type"] == "ventilator") & (t.Condition != "out of order"),
    ),
    Question(
        "fresh/instruments",
        "instruments made of brass that were invented in the nineteenth century",
        lambda t: (t.true_material == "brass") & t.true_year.between(1801, 1900),
    ),
    Question(
        "fresh/venues",
        "Which former churches or chapels are wheelchair accessible?",
        lambda t: t.true_former.isin(["church", "chapel"]) & (t.true_wheelchair == "yes"),
    ),
]
