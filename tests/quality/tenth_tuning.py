"""Strangers' questions on ships, dogs, venues and claims; mostly on prose.

The rules may be improved with these in view. Before they were, F1 was 0.490 on prose and 0.467
through ingest.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question

__all__ = ["TENTH_COLUMNS", "TENTH_OBJECTIVES", "TENTH_PROSE"]


def has(column: pd.Series, word: str) -> pd.Series:
    """Of each text in a column, whether it names a thing; a missing text does not."""
    return column.str.contains(word, na=False, regex=False)


TENTH_COLUMNS = []

TENTH_PROSE = [
    # ships
    Question("tenth/ships", "The ship was launched before 1850.", lambda t: t.true_launched < 1850),
    Question(
        "tenth/ships",
        "Ship must have been sunk or wrecked by a collision with another vessel",
        lambda t: has(t.true_cause, "collision"),
    ),
    Question("tenth/ships", "more than 1,000 people died", lambda t: t.true_dead > 1000),
    Question(
        "tenth/ships",
        "Ship must have been built in Scotland and later sunk",
        lambda t: t.true_scot.eq(True) & t.true_sank.eq(True),
    ),
    Question(
        "tenth/ships",
        "The wreck was discovered in the twenty-first century.",
        lambda t: t.true_found > 2000,
    ),
    Question("tenth/ships", "The hull was made of timber.", lambda t: t.true_material == "wood"),
    Question(
        "tenth/ships",
        "The ship was sunk by a torpedo or a mine.",
        lambda t: has(t.true_cause, "torpedo") | has(t.true_cause, "mine"),
    ),
    Question(
        "tenth/ships", "It can be visited by the public today.", lambda t: t.true_museum.eq(True)
    ),
    Question(
        "tenth/ships",
        "Ship must have a length of more than 200 metres",
        lambda t: t.true_length > 200,
    ),
    Question(
        "tenth/ships",
        "The vessel was used to explore the Arctic or the Antarctic.",
        lambda t: t.true_use == "polar",
    ),
    Question(
        "tenth/ships",
        "Everybody on board survived when the ship was lost.",
        lambda t: t.true_dead == 0,
    ),
    Question("tenth/ships", "fewer than fifty men in the crew", lambda t: t.true_crew < 50),
    Question(
        "tenth/ships",
        "It left the slipway during the 1930s.",
        lambda t: t.true_launched.between(1930, 1939),
    ),
    Question(
        "tenth/ships",
        "Fewer than a hundred people were killed, but at least one",
        lambda t: t.true_dead.between(1, 99),
    ),
    # breeds
    Question("tenth/breeds", "The breed comes from Germany.", lambda t: t.true_origin == "Germany"),
    Question(
        "tenth/breeds",
        "Breed must have been used to herd sheep or cattle",
        lambda t: t.true_purpose == "herding",
    ),
    Question("tenth/breeds", "It can weigh more than 40 kg.", lambda t: t.true_weight > 40),
    Question(
        "tenth/breeds", "usually lives for thirteen years or longer", lambda t: t.true_life >= 13
    ),
    Question(
        "tenth/breeds",
        "Its life expectancy is below ten years.",
        lambda t: t.true_life < 10,
    ),
    Question(
        "tenth/breeds",
        "The breed often has problems with its hips.",
        lambda t: t.true_hips.eq(True),
    ),
    Question("tenth/breeds", "The dog sheds a lot of hair.", lambda t: t.true_sheds.eq(True)),
    Question("tenth/breeds", "loses hardly any hair", lambda t: t.true_sheds.eq(False)),
    Question(
        "tenth/breeds", "The breed must be named after a person", lambda t: t.true_person.eq(True)
    ),
    Question("tenth/breeds", "gets on well with children", lambda t: t.true_kids.eq(True)),
    Question(
        "tenth/breeds",
        "It is not suitable for families with small children.",
        lambda t: t.true_kids.eq(False),
    ),
    Question("tenth/breeds", "The dog has webbed feet.", lambda t: t.true_webbed.eq(True)),
    Question(
        "tenth/breeds",
        "The American Kennel Club recognised it in the nineteenth century.",
        lambda t: t.true_akc < 1900,
    ),
    Question(
        "tenth/breeds",
        "Breed must need at least two hours of exercise a day",
        lambda t: t.true_exercise >= 2,
    ),
    Question("tenth/breeds", "has no hair at all", lambda t: t.true_coat == "none"),
    # venues
    Question("tenth/venues", "Dogs must be allowed", lambda t: t.true_dogs.eq(True)),
    Question("tenth/venues", "You may not bring a dog.", lambda t: t.true_dogs.eq(False)),
    Question("tenth/venues", "more than 200 guests can be seated", lambda t: t.true_seats > 200),
    Question(
        "tenth/venues",
        "Venue must cost less than £1,000 a day to hire",
        lambda t: t.true_price < 1000,
    ),
    Question(
        "tenth/venues", "Meals are included in the price.", lambda t: t.true_catering.eq(True)
    ),
    Question(
        "tenth/venues",
        "The price does not include any food.",
        lambda t: t.true_catering.eq(False),
    ),
    Question("tenth/venues", "is the property of a council", lambda t: t.true_owner == "council"),
    Question("tenth/venues", "The venue is owned by a family.", lambda t: t.true_owner == "family"),
    Question(
        "tenth/venues",
        "People who use a wheelchair can get into it.",
        lambda t: t.true_wheelchair.eq(True),
    ),
    Question(
        "tenth/venues",
        "A railway station is within walking distance.",
        lambda t: t.true_station.eq(True),
    ),
    Question(
        "tenth/venues", "Venue must have at least 50 parking spaces", lambda t: t.true_parking >= 50
    ),
    Question(
        "tenth/venues", "Guests can spend the night there.", lambda t: t.true_overnight.eq(True)
    ),
    Question(
        "tenth/venues",
        "The building was built in the 19th century.",
        lambda t: t.true_built.between(1801, 1900),
    ),
    Question("tenth/venues", "a deposit has to be paid", lambda t: t.true_deposit.eq(True)),
    Question(
        "tenth/venues",
        "Music has to stop at midnight or earlier.",
        lambda t: t.true_music <= 24,
    ),
    Question(
        "tenth/venues",
        "It lies at the waterside: by the sea, a lake, a river or a canal.",
        lambda t: t.true_water.eq(True),
    ),
    # claims
    Question("tenth/claims", "The claim was rejected.", lambda t: t.true_outcome == "rejected"),
    Question("tenth/claims", "The police were informed.", lambda t: t.true_police.eq(True)),
    Question("tenth/claims", "It happened in March 2024.", lambda t: t.true_month == "2024-03"),
    Question("tenth/claims", "more than £10,000 is claimed", lambda t: t.true_asked > 10000),
    Question("tenth/claims", "Nobody was hurt.", lambda t: t.true_hurt.eq(False)),
    Question("tenth/claims", "Somebody was injured.", lambda t: t.true_hurt.eq(True)),
    Question(
        "tenth/claims",
        "An animal caused the damage.",
        lambda t: t.true_cause == "animal",
    ),
    Question(
        "tenth/claims",
        "It was a neighbour who discovered the damage or the loss.",
        lambda t: t.true_finder == "neighbour",
    ),
    Question(
        "tenth/claims",
        "The claimant has no receipt.",
        lambda t: t.true_receipts.eq(False),
    ),
    Question(
        "tenth/claims",
        "The damaged or stolen object must be more than ten years old",
        lambda t: t.true_age > 10,
    ),
    Question(
        "tenth/claims",
        "The money was paid within two weeks.",
        lambda t: t.true_days <= 14,
    ),
    Question("tenth/claims", "Something was stolen.", lambda t: t.true_cause == "theft"),
    Question(
        "tenth/claims",
        "The damage was caused by fire or by water.",
        lambda t: t.true_cause.isin(["fire", "water"]),
    ),
    Question(
        "tenth/claims",
        "A car was damaged and no one was injured.",
        lambda t: (t.true_item == "car") & t.true_hurt.eq(False),
    ),
    Question(
        "tenth/claims",
        "An earthquake did the damage.",
        lambda t: t.true_cause == "earthquake",
    ),
]

TENTH_OBJECTIVES = [
    Question(
        "tenth/ships",
        "Find ships that were built in Scotland and can be visited as a museum today",
        lambda t: t.true_scot.eq(True) & t.true_museum.eq(True),
    ),
    Question(
        "tenth/ships",
        "Find all passenger ships that were sunk by a torpedo",
        lambda t: (t.true_use == "passenger") & has(t.true_cause, "torpedo"),
    ),
    Question(
        "tenth/ships",
        "Find battleships with a length of more than 200 metres",
        lambda t: (t.true_use == "war") & (t.true_length > 200),
    ),
    Question(
        "tenth/ships",
        "I am looking for wooden ships under the flag of the UK that were launched before 1900",
        lambda t: (t.true_material == "wood") & (t.flag == "UK") & (t.true_launched < 1900),
    ),
    Question(
        "tenth/breeds",
        "Find dog breeds that weigh more than 40 kg and are good with children",
        lambda t: (t.true_weight > 40) & t.true_kids.eq(True),
    ),
    Question(
        "tenth/breeds",
        "Find dog breeds that were used to pull sledges or carts",
        lambda t: t.true_purpose == "pulling",
    ),
    Question(
        "tenth/breeds",
        "Find toy breeds that are suitable for families with children",
        lambda t: (t.group == "toy") & t.true_kids.eq(True),
    ),
    Question(
        "tenth/breeds",
        "Which breeds were kept to catch rats and hardly shed?",
        lambda t: (t.true_purpose == "rats") & t.true_sheds.eq(False),
    ),
    Question(
        "tenth/venues",
        "Find venues in Kent where dogs are not allowed",
        lambda t: (t.county == "Kent") & t.true_dogs.eq(False),
    ),
    Question(
        "tenth/venues",
        "Find venues that seat more than 100 guests, have catering included in the price "
        "and are near a railway station",
        lambda t: (t.true_seats > 100) & t.true_catering.eq(True) & t.true_station.eq(True),
    ),
    Question(
        "tenth/venues",
        "Find all venues that allow fireworks",
        lambda t: t.true_fireworks.eq(True),
    ),
    Question(
        "tenth/venues",
        "Show me venues in a former factory that stand by the water",
        lambda t: (t.true_former == "factory") & t.true_water.eq(True),
    ),
    Question(
        "tenth/claims",
        "Find claims of more than £5,000 that were rejected",
        lambda t: (t.true_asked > 5000) & (t.true_outcome == "rejected"),
    ),
    Question(
        "tenth/claims",
        "Find all thefts that were reported to the police",
        lambda t: (t.true_cause == "theft") & t.true_police.eq(True),
    ),
    Question(
        "tenth/claims",
        "Find claims in which a car was damaged and somebody was injured",
        lambda t: (t.true_item == "car") & t.true_hurt.eq(True),
    ),
    Question(
        "tenth/claims",
        "Find claims about a roof damaged by a storm",
        lambda t: (t.true_item == "roof") & (t.true_cause == "storm"),
    ),
]
