"""Questions by somebody who had not seen the code, on Olympics, support tickets, a herd, museums.

The rules may be improved with these in view. Before they were, F1 was 0.859 on columns, 0.644 on
prose and 0.548 through ingest.
"""

from __future__ import annotations

import pandas as pd
from quality.question import Question, holds

__all__ = ["FIFTH_COLUMNS", "FIFTH_OBJECTIVES", "FIFTH_PROSE"]


FIFTH_COLUMNS = [
    Question(
        "olympics",
        "The Games must have had more than 10,000 athletes",
        lambda t: t.athletes > 10_000,
    ),
    Question(
        "olympics",
        "Winter Olympics held outside Europe",
        lambda t: (t.season == "Winter") & (t.continent != "Europe"),
    ),
    Question(
        "olympics",
        "Games hosted by Japan or South Korea",
        lambda t: t.host_country.isin(["Japan", "South Korea"]),
    ),
    Question("olympics", "Fewer than 30 nations took part.", lambda t: t.nations < 30),
    Question(
        "olympics",
        "The opening date must be in October",
        lambda t: pd.to_datetime(t.opening_date).dt.month == 10,
    ),
    Question("olympics", "must have had a mascot", lambda t: t.mascots.notna()),
    Question(
        "olympics",
        "The Soviet Union came top of the medal table",
        lambda t: t.top_of_medal_table == "Soviet Union",
    ),
    Question(
        "olympics",
        "Summer Games that took place in the 1920s or the 1930s",
        lambda t: (t.season == "Summer") & t.year.between(1920, 1939),
    ),
    Question(
        "olympics",
        "is a Summer Olympics that was not boycotted",
        lambda t: (t.season == "Summer") & ~t.boycotted,
    ),
    Question(
        "tickets",
        "Ticket priority must be high or urgent",
        lambda t: t["Prio"].isin(["high", "urgent"]),
    ),
    Question(
        "tickets",
        "the first response took longer than four hours",
        lambda t: t["1st resp. (min)"] > 240,
    ),
    Question("tickets", "the SLA was not met", lambda t: t["SLA met"] == "N"),
    Question(
        "tickets",
        "Tickets opened in March 2024",
        lambda t: pd.to_datetime(t["Opened"]).between("2024-03-01", "2024-03-31"),
    ),
    Question("tickets", "Ticket has no closing date yet", lambda t: t["Closed"].isna()),
    Question(
        "tickets",
        "The customer must have given a CSAT score of 2 or lower",
        lambda t: t["CSAT (1-5)"] <= 2,
    ),
    Question("tickets", "refunded at least $150", lambda t: t["Refund ($)"] >= 150),
    Question(
        "tickets",
        "tagged billing but not refund",
        lambda t: holds(t["Tags"], "billing") & ~holds(t["Tags"], "refund"),
    ),
    Question(
        "herd",
        "Animal must weigh more than half a tonne",
        lambda t: t["Wt. (kg)"] > 500,
    ),
    Question(
        "herd",
        "female goats",
        lambda t: (t["Species"] == "goat") & (t["Sex (F/M)"] == "F"),
    ),
    Question(
        "herd",
        "The animal gives at least 20 litres of milk a day.",
        lambda t: t["Milk (l/day)"] >= 20,
    ),
    Question("herd", "has not been vaccinated", lambda t: t["Vaccinated"] == "N"),
    Question(
        "herd",
        "Animals that were treated with ivermectin or penicillin in 2024",
        lambda t: (
            holds(t["Treatments 2024"], "ivermectin") | holds(t["Treatments 2024"], "penicillin")
        ),
    ),
    Question(
        "herd",
        "Must be neither a sheep nor a goat",
        lambda t: ~t["Species"].isin(["sheep", "goat"]),
    ),
    Question(
        "herd",
        "pregnant, and last seen by the vet before June 2024",
        lambda t: t["Pregnant"].eq(True) & (pd.to_datetime(t["Last vet visit"]) < "2024-06-01"),
    ),
]

FIFTH_PROSE = [
    Question(
        "museums",
        "Museum must have opened before 1950",
        lambda t: t.true_founded < 1950,
    ),
    Question(
        "museums",
        "gets more than 20,000 visitors a year",
        lambda t: t.true_visitors > 20_000,
    ),
    Question("museums", "Admission must be free of charge", lambda t: t.true_fee == 0),
    Question(
        "museums",
        "An adult ticket costs more than 9 euros.",
        lambda t: t.true_fee > 9,
    ),
    Question(
        "museums",
        "Museums that are closed on Mondays",
        lambda t: holds(t.true_closed, "Monday"),
    ),
    Question("museums", "has a café", lambda t: t.true_cafe.eq(True)),
    Question("museums", "Museum must not have a café", lambda t: t.true_cafe.eq(False)),
    Question(
        "museums",
        "The collection must hold more than 10,000 objects",
        lambda t: t.true_objects > 10_000,
    ),
    Question(
        "museums",
        "can be visited by people in wheelchairs",
        lambda t: t.true_wheelchair.eq(True),
    ),
    Question("museums", "dogs are allowed in", lambda t: t.true_dogs.eq(True)),
    Question(
        "museums",
        "Visitors are not allowed to take photographs",
        lambda t: t.true_photo.eq(False),
    ),
    Question(
        "museums",
        "housed in a former school or a former railway station",
        lambda t: t.true_building.isin(["school", "station"]),
    ),
    Question(
        "museums",
        "The museum must be run entirely by volunteers",
        lambda t: t.true_volunteers.eq(True),
    ),
    Question(
        "museums",
        "offers guided tours in German",
        lambda t: holds(t.true_tours, "German"),
    ),
]

FIFTH_OBJECTIVES = [
    Question(
        "olympics",
        "Find all Winter Olympics held in North America with more than 1,000 athletes",
        lambda t: (t.season == "Winter") & (t.continent == "North America") & (t.athletes > 1000),
    ),
    Question(
        "olympics",
        "All Summer Olympics hosted in Europe since 1950",
        lambda t: (t.season == "Summer") & (t.continent == "Europe") & (t.year >= 1950),
    ),
    Question(
        "olympics",
        "Which Olympic Games were hosted in the United States, except those in Lake Placid?",
        lambda t: (t.host_country == "United States") & (t.host_city != "Lake Placid"),
    ),
    Question(
        "olympics",
        "List every Olympics with at least 200 nations, and its mascots",
        lambda t: t.nations >= 200,
    ),
    Question(
        "tickets",
        "Find all support tickets from customers on the Enterprise plan that were escalated",
        lambda t: (t["Plan"] == "Enterprise") & t["Escalated?"].eq(True),
    ),
    Question(
        "tickets",
        "Show me the tickets tagged bug that were reopened more than once",
        lambda t: holds(t["Tags"], "bug") & (t["Times reopened"] > 1),
    ),
    Question(
        "tickets",
        "tickets that came in by phone or chat and whose agent is not Priya Nair",
        lambda t: (
            t["Channel"].isin(["phone", "chat"]) & t["Agent"].notna() & (t["Agent"] != "Priya Nair")
        ),
    ),
    Question(
        "herd",
        "Find all organic sheep born in 2018 or later, and the paddock they are kept in",
        lambda t: (
            (t["Species"] == "sheep")
            & (t["Organic"] == "yes")
            & (pd.to_datetime(t["DOB"]) >= "2018-01-01")
        ),
    ),
    Question(
        "herd",
        "I am looking for horses that we paid less than £500 for",
        lambda t: (t["Species"] == "horse") & (t["Paid (£)"] < 500),
    ),
    Question(
        "herd",
        "Animals in the Barn or the Orchard whose last vet visit was after 1 July 2024",
        lambda t: (
            t["Paddock"].isin(["Barn", "Orchard"])
            & (pd.to_datetime(t["Last vet visit"]) > "2024-07-01")
        ),
    ),
    Question(
        "museums",
        "Find all museums with free admission that are accessible to wheelchair users",
        lambda t: (t.true_fee == 0) & t.true_wheelchair.eq(True),
    ),
    Question(
        "museums",
        "Museums founded between 1970 and 1999 that have over 10,000 visitors a year, "
        "and what an adult ticket costs",
        lambda t: t.true_founded.between(1970, 1999) & (t.true_visitors > 10_000),
    ),
    Question(
        "museums",
        "List the museums that are housed in a former mill",
        lambda t: t.true_building == "mill",
    ),
    Question(
        "museums",
        "museums that have a café but do not allow dogs",
        lambda t: t.true_cafe.eq(True) & t.true_dogs.eq(False),
    ),
]
