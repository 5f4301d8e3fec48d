"""Strangers' questions on wrecks, instruments, claims and venues; mostly on prose.

The rules may be improved with these in view. Before they were, F1 was 0.548 on prose and 0.549
through ingest.
"""

from __future__ import annotations

from quality.question import Question

__all__ = ["NINTH_COLUMNS", "NINTH_OBJECTIVES", "NINTH_PROSE"]


NINTH_COLUMNS = []

NINTH_PROSE = [
    # Shipwrecks
    Question("ninth/wrecks", "It was torpedoed by a submarine.", lambda t: t.true_sub == "yes"),
    Question("ninth/wrecks", "More than 1,000 people died", lambda t: t.true_deaths > 1000),
    Question(
        "ninth/wrecks",
        "The ship was carrying gold.",
        lambda t: t.true_cargo.str.contains("gold", na=False) & (t.true_cargo != "no gold"),
    ),
    Question(
        "ninth/wrecks",
        "It must have sunk on its maiden voyage",
        lambda t: t.true_maiden == "yes",
    ),
    Question(
        "ninth/wrecks",
        "Jacques Cousteau found the wreck",
        lambda t: t.true_finder == "Cousteau",
    ),
    Question("ninth/wrecks", "Diving on the wreck is forbidden.", lambda t: t.true_dive == "no"),
    Question(
        "ninth/wrecks",
        "The ship was lost in a storm",
        lambda t: t.true_cause.str.contains("storm", na=False),
    ),
    Question("ninth/wrecks", "built by a German shipyard", lambda t: t.true_built == "Germany"),
    Question(
        "ninth/wrecks",
        "The wreck was discovered in the 1980s",
        lambda t: t.true_found.between(1980, 1989),
    ),
    Question(
        "ninth/wrecks",
        "It sank after a collision with another ship.",
        lambda t: t.true_cause.str.contains("collision", na=False),
    ),
    Question("ninth/wrecks", "No one lost their life", lambda t: t.true_deaths == 0),
    Question(
        "ninth/wrecks",
        "It rests more than two kilometres below the surface of the sea.",
        lambda t: t.true_depth > 2000,
    ),
    Question(
        "ninth/wrecks",
        "The ship itself was later brought back up",
        lambda t: t.true_raised == "yes",
    ),
    Question(
        "ninth/wrecks",
        "The death toll was between 20 and 50",
        lambda t: t.true_deaths.between(20, 50),
    ),
    Question(
        "ninth/wrecks",
        "The yard that made the ship was in Norway",
        lambda t: t.true_built == "Norway",
    ),
    # Musical instruments
    Question("ninth/instruments", "It is played with a bow.", lambda t: t.true_bow == "yes"),
    Question(
        "ninth/instruments",
        "Instrument must have a double reed",
        lambda t: t.true_double_reed == "yes",
    ),
    Question("ninth/instruments", "comes from Japan", lambda t: t.true_origin == "Japan"),
    Question("ninth/instruments", "weighs more than 100 kilograms", lambda t: t.true_weight > 100),
    Question(
        "ninth/instruments",
        "It is made of bamboo or has a gourd for a body",
        lambda t: t.true_body.isin(["bamboo", "gourd"]),
    ),
    Question(
        "ninth/instruments",
        "It needs electricity to work",
        lambda t: t.true_electric == "yes",
    ),
    Question(
        "ninth/instruments",
        "The instrument has fewer than five strings.",
        lambda t: t.true_strings < 5,
    ),
    Question(
        "ninth/instruments",
        "It was invented in the nineteenth century",
        lambda t: t.true_century == 19,
    ),
    Question("ninth/instruments", "over two metres long", lambda t: t.true_length > 2),
    Question(
        "ninth/instruments",
        "It has been recognised by UNESCO.",
        lambda t: t.true_unesco == "yes",
    ),
    Question(
        "ninth/instruments",
        "The instrument is named after the person who invented it",
        lambda t: t.true_eponym == "yes",
    ),
    Question("ninth/instruments", "Soldiers used it", lambda t: t.true_army == "yes"),
    Question("ninth/instruments", "People dance to its music.", lambda t: t.true_dance == "yes"),
    Question(
        "ninth/instruments",
        "Today part of it is still the hide or skin of an animal",
        lambda t: t.true_skin == "yes",
    ),
    Question(
        "ninth/instruments",
        "a drum that one beats with the hands, without sticks",
        lambda t: t.true_hands == "yes",
    ),
    # Insurance claims
    Question(
        "ninth/claims",
        "The damage was caused by a burst pipe.",
        lambda t: t.true_cause == "burst pipe",
    ),
    Question("ninth/claims", "More than £5,000 was paid", lambda t: t.true_paid > 5000),
    Question("ninth/claims", "The police were involved", lambda t: t.true_police == "yes"),
    Question("ninth/claims", "The insured works as a nurse.", lambda t: t.true_job == "nurse"),
    Question("ninth/claims", "The insured has the receipt", lambda t: t.true_receipt == "yes"),
    Question("ninth/claims", "Claim must have been refused", lambda t: t.true_status == "refused"),
    Question("ninth/claims", "Something was stolen.", lambda t: t.true_cause == "theft"),
    Question("ninth/claims", "Nobody was injured", lambda t: t.true_injured == "no"),
    Question("ninth/claims", "Photographs were sent in.", lambda t: t.true_photos == "yes"),
    Question(
        "ninth/claims",
        "The policyholder is under the age of thirty",
        lambda t: t.true_age < 30,
    ),
    Question(
        "ninth/claims",
        "The insured does not own the home but rents it",
        lambda t: t.true_tenure == "tenant",
    ),
    Question(
        "ninth/claims",
        "It took the policyholder more than a week to tell the insurer.",
        lambda t: t.true_delay > 7,
    ),
    Question("ninth/claims", "There was an eyewitness", lambda t: t.true_witness == "yes"),
    Question("ninth/claims", "The insured had made claims before", lambda t: t.true_first == "no"),
    Question(
        "ninth/claims",
        "The policyholder is a musician.",
        lambda t: t.true_job.isin(["violinist", "organist"]),
    ),
    # Venues
    Question("ninth/venues", "Dogs are welcome", lambda t: t.true_dogs == "yes"),
    Question("ninth/venues", "Room for at least 150 guests", lambda t: t.true_guests >= 150),
    Question("ninth/venues", "You may bring your own caterer.", lambda t: t.true_caterer == "yes"),
    Question("ninth/venues", "The venue has no parking", lambda t: t.true_parking == "no"),
    Question("ninth/venues", "costs more than £5,000 a day", lambda t: t.true_price > 5000),
    Question(
        "ninth/venues",
        "Venue must be wheelchair accessible",
        lambda t: t.true_stepfree == "yes",
    ),
    Question("ninth/venues", "It was built before 1800.", lambda t: t.true_built < 1800),
    Question(
        "ninth/venues",
        "Guests can stay overnight",
        lambda t: (t.true_beds > 0) | (t.true_sleeps > 0),
    ),
    Question(
        "ninth/venues",
        "It stands beside a river, a stream or a lake.",
        lambda t: t.true_water == "yes",
    ),
    Question(
        "ninth/venues",
        "can hold more than five hundred people",
        lambda t: t.true_guests > 500,
    ),
    Question(
        "ninth/venues", "A couple can legally marry there", lambda t: t.true_ceremony == "yes"
    ),
    Question("ninth/venues", "The music has to be over by 11 pm", lambda t: t.true_music <= 23),
    Question(
        "ninth/venues",
        "At least 30 % of the price has to be paid in advance.",
        lambda t: t.true_deposit >= 30,
    ),
    Question(
        "ninth/venues",
        "The building was once a school or a hospital",
        lambda t: t.true_former.isin(["school", "hospital"]),
    ),
    Question("ninth/venues", "The local authority owns it", lambda t: t.true_owner == "council"),
]

NINTH_OBJECTIVES = [
    Question(
        "ninth/wrecks",
        "Find all ferries on which more than 150 people died",
        lambda t: (t.type == "ferry") & (t.true_deaths > 150),
    ),
    Question(
        "ninth/wrecks",
        "Find all shipwrecks that were discovered after 2000 and lie deeper than 2,500 metres.",
        lambda t: (t.true_found > 2000) & (t.true_depth > 2500),
    ),
    Question(
        "ninth/wrecks",
        "FindAll ships that sank before 1900 with gold on board",
        lambda t: (t.true_year < 1900) & t.true_cargo.str.contains("gold", na=False),
    ),
    Question(
        "ninth/wrecks",
        "Find wrecks in the Baltic Sea where diving is not allowed",
        lambda t: (t.waters == "Baltic Sea") & (t.true_dive == "no"),
    ),
    Question(
        "ninth/instruments",
        "Find all percussion instruments with a head of animal skin",
        lambda t: (t.family == "percussion") & (t.true_skin == "yes"),
    ),
    Question(
        "ninth/instruments",
        "Find wind instruments that are longer than two metres.",
        lambda t: (t.family == "wind") & (t.true_length > 2),
    ),
    Question(
        "ninth/instruments",
        "Find all instruments that come from Japan and have strings",
        lambda t: (t.true_origin == "Japan") & (t.family == "strings"),
    ),
    Question(
        "ninth/instruments",
        "I am looking for keyboard instruments that weigh more than 150 kg",
        lambda t: (t.family == "keyboard") & (t.true_weight > 150),
    ),
    Question(
        "ninth/claims",
        "Find all home claims for which more than £5,000 was paid.",
        lambda t: (t.branch == "home") & (t.true_paid > 5000),
    ),
    Question(
        "ninth/claims",
        "Find all claims filed before April 2025 that were refused",
        lambda t: (t.filed < "2025-04-01") & (t.true_status == "refused"),
    ),
    Question(
        "ninth/claims",
        "Find all claims for a theft that was reported to the police",
        lambda t: (t.true_cause == "theft") & (t.true_police == "yes"),
    ),
    Question(
        "ninth/claims",
        "Find claims in the motor branch in which nobody was hurt.",
        lambda t: (t.branch == "motor") & (t.true_injured == "no"),
    ),
    Question(
        "ninth/venues",
        "Find all venues for at least 200 guests that are no more than ten minutes' walk "
        "from a station",
        lambda t: (t.true_guests >= 200) & (t.true_station <= 10),
    ),
    Question(
        "ninth/venues",
        "Find all venues that allow dogs and have room for more than 100 people.",
        lambda t: (t.true_dogs == "yes") & (t.true_guests > 100),
    ),
    Question(
        "ninth/venues",
        "Find wedding venues built before 1800 where legal wedding ceremonies can be held",
        lambda t: (t.true_built < 1800) & (t.true_ceremony == "yes"),
    ),
    Question(
        "ninth/venues",
        "Find all venues that cost less than £3,000 per day and provide chairs or benches",
        lambda t: (t.true_price < 3000) & (t.true_chairs == "yes"),
    ),
]
