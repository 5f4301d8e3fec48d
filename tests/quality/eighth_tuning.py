"""Strangers' questions on airliners, islands, equipment, journals, paintings and inspections.

The rules may be improved with these in view. Before they were, F1 was 0.845 on columns, 0.481 on
prose and 0.610 through ingest.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["EIGHTH_COLUMNS", "EIGHTH_OBJECTIVES", "EIGHTH_PROSE"]


def at_least(column: pd.Series, version: tuple[int, ...]) -> pd.Series:
    """Of each version, whether it is the given one or later; a missing one is not."""
    return column.map(
        lambda text: (
            isinstance(text, str) and tuple(int(part) for part in text.split(".")) >= version
        )
    )


EIGHTH_COLUMNS = [
    # airliners
    Question(
        "eighth/airliners",
        "Aircraft must have a range of at least 10,000 km",
        lambda t: t.range_km >= 10_000,
    ),
    Question(
        "eighth/airliners", "More than 1,000 of them were built.", lambda t: t.number_built > 1000
    ),
    Question(
        "eighth/airliners",
        "made its first flight in the 1960s",
        lambda t: t.first_flight.between("1960-01-01", "1969-12-31"),
    ),
    Question(
        "eighth/airliners",
        "Aircraft must come from the Soviet Union",
        lambda t: t.country == "Soviet Union",
    ),
    Question(
        "eighth/airliners",
        "a turboprop that carries 60 passengers or more",
        lambda t: (t.engine_type == "turboprop") & (t.max_passengers >= 60),
    ),
    Question("eighth/airliners", "They don't make it any more", lambda t: t.in_production == "no"),
    Question(
        "eighth/airliners",
        "Aircraft must not be made by Airbus or Boeing",
        lambda t: ~t.manufacturer.isin(["Airbus", "Boeing"]),
    ),
    Question("eighth/airliners", "cruises at over 900 km/h", lambda t: t.cruise_speed_kmh > 900),
    Question(
        "eighth/airliners",
        "assembled in Toulouse, but not in Hamburg",
        lambda t: holds(t.final_assembly, "Toulouse") & ~holds(t.final_assembly, "Hamburg"),
    ),
    Question(
        "eighth/airliners",
        "fits a gate for wingspans of up to 36 metres and has room for more than 180 passengers",
        lambda t: (t.wingspan_m <= 36) & (t.max_passengers > 180),
    ),
    # islands
    Question(
        "eighth/islands", "Island must belong to Dominica", lambda t: holds(t.countries, "Dominica")
    ),
    Question(
        "eighth/islands",
        "larger than 100 thousand square kilometres",
        lambda t: t.area_km2 > 100_000,
    ),
    Question("eighth/islands", "fewer than 10k inhabitants", lambda t: t.population < 10_000),
    Question(
        "eighth/islands",
        "The island is neither in Europe nor in Asia.",
        lambda t: ~t.continent.isin(["Europe", "Asia"]),
    ),
    Question(
        "eighth/islands",
        "places where people speak Spanish but not English",
        lambda t: holds(t.languages, "Spanish") & ~holds(t.languages, "English"),
    ),
    Question(
        "eighth/islands",
        "has a fixed link to the mainland, such as a bridge or a tunnel",
        lambda t: t.fixed_link_to_mainland == "yes",
    ),
    Question(
        "eighth/islands",
        "It lies in the Baltic or the Mediterranean",
        lambda t: t.surrounded_by.isin(["Baltic Sea", "Mediterranean Sea"]),
    ),
    Question(
        "eighth/islands",
        "highest point between 1,000 and 2,000 m",
        lambda t: t.highest_point_m.between(1000, 2000),
    ),
    Question("eighth/islands", "its origin is not given", lambda t: t.origin.isna()),
    Question(
        "eighth/islands",
        "a volcanic island that is not in the Atlantic",
        lambda t: (t.origin == "volcanic") & (t.surrounded_by != "Atlantic Ocean"),
    ),
    # equipment
    Question(
        "eighth/equipment",
        "Device must run firmware 3.10 or later",
        lambda t: at_least(t.firmware, (3, 10)),
    ),
    Question("eighth/equipment", "bought before 2017", lambda t: t.purchased < "2017-01-01"),
    Question("eighth/equipment", "price above €10k", lambda t: t.price_eur > 10_000),
    Question("eighth/equipment", "weighs more than 200 kg", lambda t: t.weight_kg > 200),
    Question(
        "eighth/equipment",
        "its battery lasts six hours or longer",
        lambda t: t.battery_h >= 6,
    ),
    Question(
        "eighth/equipment",
        "The next service is due before 1 January 2026.",
        lambda t: t.next_service < "2026-01-01",
    ),
    Question(
        "eighth/equipment", "comes with a carry bag", lambda t: holds(t.accessories, "carry bag")
    ),
    Question(
        "eighth/equipment",
        "devices that are neither in use nor in repair",
        lambda t: ~t.status.isin(["in use", "in repair"]),
    ),
    Question(
        "eighth/equipment",
        "had no faults at all in the last 12 months",
        lambda t: t.faults_12m == 0,
    ),
    Question(
        "eighth/equipment",
        "anything lighter than 5 kg that is not rented",
        lambda t: (t.weight_kg < 5) & (t.rented == "N"),
    ),
    # journals
    Question(
        "eighth/journals",
        "Journal must come from a Swiss publisher",
        lambda t: t.publisher_country == "Switzerland",
    ),
    Question(
        "eighth/journals", "Art must be one of its subjects", lambda t: holds(t.subjects, "art")
    ),
    Question(
        "eighth/journals",
        "not available in English",
        lambda t: ~holds(t.languages, "English"),
    ),
    Question("eighth/journals", "comes out four times a year", lambda t: t.issues_per_yr == 4),
    Question(
        "eighth/journals",
        "our subscription began in 2015 or later",
        lambda t: t.subscribed_since >= "2015-01-01",
    ),
    Question(
        "eighth/journals", "The journal has a cancellation date.", lambda t: t.cancelled_on.notna()
    ),
    Question("eighth/journals", "embargo of no more than 12 months", lambda t: t.embargo_mo <= 12),
    Question("eighth/journals", "we don't hold a print copy", lambda t: t.print_copy == "no"),
    Question(
        "eighth/journals",
        "Journal must cover either chemistry or physics, and must not be open access",
        lambda t: (
            (holds(t.subjects, "chemistry") | holds(t.subjects, "physics"))
            & (t.access != "open access")
        ),
    ),
    Question(
        "eighth/journals",
        "The publisher must be Austrian.",
        lambda t: t.publisher_country == "Austria",
    ),
]


EIGHTH_PROSE = [
    # paintings
    Question(
        "eighth/paintings",
        "The painting was stolen at some point in its history",
        lambda t: t.true_stolen == "yes",
    ),
    Question("eighth/paintings", "It has never been stolen.", lambda t: t.true_stolen == "no"),
    Question(
        "eighth/paintings",
        "was stolen and has not been found again",
        lambda t: t.true_missing == "yes",
    ),
    Question(
        "eighth/paintings", "Painting must hang in Madrid today", lambda t: t.true_city == "Madrid"
    ),
    Question(
        "eighth/paintings", "one can see it in Paris nowadays", lambda t: t.true_city == "Paris"
    ),
    Question("eighth/paintings", "painted on wood", lambda t: t.true_support == "wood"),
    Question(
        "eighth/paintings", "It is more than two metres tall", lambda t: t.true_height_cm > 200
    ),
    Question("eighth/paintings", "less than 50 cm high", lambda t: t.true_height_cm < 50),
    Question(
        "eighth/paintings", "Painting must have been made before 1600", lambda t: t.true_year < 1600
    ),
    Question(
        "eighth/paintings",
        "dates from the nineteenth century",
        lambda t: t.true_year.between(1801, 1900),
    ),
    Question(
        "eighth/paintings",
        "somebody has damaged or defaced the picture",
        lambda t: t.true_attacked == "yes",
    ),
    Question(
        "eighth/paintings",
        "It was sold for over a million dollars",
        lambda t: t.true_price_usd > 1_000_000,
    ),
    Question(
        "eighth/paintings",
        "changed hands for a price between 1,000 and 10,000 dollars",
        lambda t: t.true_price_usd.between(1000, 10_000),
    ),
    Question("eighth/paintings", "shows more than ten people", lambda t: t.true_people > 10),
    Question(
        "eighth/paintings",
        "The work is on canvas and over 150 cm tall",
        lambda t: (t.true_support == "canvas") & (t.true_height_cm > 150),
    ),
    # inspections
    Question(
        "eighth/inspections",
        "Mice or traces of mice were found there",
        lambda t: t.true_mice == "yes",
    ),
    Question("eighth/inspections", "The inspector found pests", lambda t: t.true_pests == "yes"),
    Question("eighth/inspections", "no pests were found", lambda t: t.true_pests == "no"),
    Question("eighth/inspections", "Cockroaches were seen", lambda t: t.true_cockroaches == "yes"),
    Question(
        "eighth/inspections",
        "Premises must have been fined more than 1,000 euros",
        lambda t: t.true_fine_eur > 1000,
    ),
    Question("eighth/inspections", "They got away without a fine.", lambda t: t.true_fine_eur == 0),
    Question("eighth/inspections", "It has a terrace", lambda t: t.true_terrace == "yes"),
    Question("eighth/inspections", "There is no terrace", lambda t: t.true_terrace == "no"),
    Question(
        "eighth/inspections",
        "big enough to seat more than 100 guests",
        lambda t: t.true_seats > 100,
    ),
    Question(
        "eighth/inspections",
        "The fridge or cold room was warmer than 7 °C",
        lambda t: t.true_fridge_c > 7,
    ),
    Question(
        "eighth/inspections",
        "refrigerator at 4 degrees or colder",
        lambda t: t.true_fridge_c <= 4,
    ),
    Question(
        "eighth/inspections",
        "Premises must have between 10 and 20 employees",
        lambda t: t.true_staff.between(10, 20),
    ),
    Question("eighth/inspections", "stays open past midnight", lambda t: t.true_open_late == "yes"),
    Question(
        "eighth/inspections",
        "It closes before nine in the evening.",
        lambda t: t.true_open_late == "no",
    ),
    Question(
        "eighth/inspections",
        "guests are not told which allergens the food contains",
        lambda t: t.true_allergens == "no",
    ),
]


EIGHTH_OBJECTIVES = [
    Question(
        "eighth/airliners",
        "Find all French or British airliners that are no longer in production",
        lambda t: t.country.str.contains("France|United Kingdom") & (t.in_production == "no"),
    ),
    Question(
        "eighth/airliners",
        "FindAll wide-body aircraft with four engines and a range of over 13,000 km",
        lambda t: (t.body == "wide-body") & (t.engines == 4) & (t.range_km > 13_000),
    ),
    Question(
        "eighth/airliners",
        "I need airliners that entered service after 2010 and carry fewer than 120 passengers",
        lambda t: (t.entered_service > 2010) & (t.max_passengers < 120),
    ),
    Question(
        "eighth/airliners",
        "Find aircraft that were assembled in Long Beach, and their wingspan",
        lambda t: holds(t.final_assembly, "Long Beach"),
    ),
    Question(
        "eighth/airliners",
        "List every aircraft by Boeing that first flew before 1980, except the 747-100",
        lambda t: (
            (t.manufacturer == "Boeing")
            & (t.first_flight < "1980-01-01")
            & (t.aircraft != "747-100")
        ),
    ),
    Question(
        "eighth/islands",
        "Find islands in the Mediterranean with more than one million inhabitants",
        lambda t: (t.surrounded_by == "Mediterranean Sea") & (t.population > 1_000_000),
    ),
    Question(
        "eighth/islands",
        "Find islands of Indonesia that are larger than 100,000 km² and rise above 3.5 km",
        lambda t: (
            holds(t.countries, "Indonesia") & (t.area_km2 > 100_000) & (t.highest_point_m > 3500)
        ),
    ),
    Question(
        "eighth/islands",
        "Find all islands where French is spoken",
        lambda t: holds(t.languages, "French"),
    ),
    Question(
        "eighth/islands",
        "Find islands that belong to Denmark, Sweden or Norway and have no fixed link to the "
        "mainland",
        lambda t: (
            (
                holds(t.countries, "Denmark")
                | holds(t.countries, "Sweden")
                | holds(t.countries, "Norway")
            )
            & (t.fixed_link_to_mainland == "no")
        ),
    ),
    Question(
        "eighth/islands",
        "Which islands are of coral origin, and what is their largest town?",
        lambda t: t.origin == "coral",
    ),
    Question(
        "eighth/equipment",
        "Find infusion pumps that run a firmware older than 3.10",
        lambda t: (
            (t.device == "infusion pump") & t.firmware.notna() & ~at_least(t.firmware, (3, 10))
        ),
    ),
    Question(
        "eighth/equipment",
        "Find spare devices on the South Campus",
        lambda t: (t.status == "spare") & (t.site == "South Campus"),
    ),
    Question(
        "eighth/equipment",
        "Find beds and ultrasound scanners that were purchased between 2015 and 2022",
        lambda t: (
            t.device.isin(["bed", "ultrasound scanner"])
            & t.purchased.between("2015-01-01", "2022-12-31")
        ),
    ),
    Question(
        "eighth/equipment",
        "Find devices made by Harlow or Kestrel whose next service is in 2026 and that are not in "
        "repair",
        lambda t: (
            t.make.isin(["Harlow", "Kestrel"])
            & t.next_service.between("2026-01-01", "2026-12-31")
            & (t.status != "in repair")
        ),
    ),
    Question(
        "eighth/journals",
        "Find open access journals of Dutch publishers",
        lambda t: (t.access == "open access") & (t.publisher_country == "Netherlands"),
    ),
    Question(
        "eighth/journals",
        "Find journals on economics that were downloaded more than 5,000 times in 2025",
        lambda t: holds(t.subjects, "economics") & (t.downloads_2025 > 5000),
    ),
    Question(
        "eighth/journals",
        "Find journals first issued before 1960 that appear at least six times a year, with their "
        "publisher",
        lambda t: (t.first_issue < 1960) & (t.issues_per_yr >= 6),
    ),
    Question(
        "eighth/journals",
        "Find journals whose annual fee is between 1,000 and 2,000 euros, except those on botany",
        lambda t: t.annual_fee_eur.between(1000, 2000) & ~holds(t.subjects, "botany"),
    ),
    Question(
        "eighth/paintings",
        "Find paintings that were stolen and later recovered",
        lambda t: (t.true_stolen == "yes") & (t.true_missing == "no"),
    ),
    Question(
        "eighth/paintings",
        "Find paintings that were done in tempera",
        lambda t: t.true_tempera == "yes",
    ),
    Question(
        "eighth/paintings",
        "Find paintings from before 1910 that hang in New York",
        lambda t: (t.true_year < 1910) & (t.true_city == "New York"),
    ),
    Question(
        "eighth/inspections",
        "Find premises in the Harbour district that have a terrace",
        lambda t: (t.district == "Harbour") & (t.true_terrace == "yes"),
    ),
    Question(
        "eighth/inspections",
        "Find premises in the Old Town where pests were found and which had to pay a fine",
        lambda t: (t.district == "Old Town") & (t.true_pests == "yes") & (t.true_fine_eur > 0),
    ),
    Question(
        "eighth/inspections",
        "Find food businesses with at least 50 seats and fewer than 15 employees",
        lambda t: (t.true_seats >= 50) & (t.true_staff < 15),
    ),
]
