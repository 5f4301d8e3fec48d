"""Questions on tables of elements, airports, states, novels and packages, and who meets them."""

from __future__ import annotations

import datetime as dt

from quality.question import Question

__all__ = ["COLUMNS"]


COLUMNS = [
    Question("elements", "noble gases", lambda t: t.category == "noble gas"),
    Question(
        "elements",
        "Element must have been discovered before 1800",
        lambda t: t.discovery_year < 1800,
    ),
    Question(
        "elements", "The melting point has to exceed 1,000 °C.", lambda t: t.melting_point_c > 1000
    ),
    Question(
        "elements", "Element must be liquid at room temperature", lambda t: t.phase == "liquid"
    ),
    Question("elements", "is radioactive", lambda t: t.radioactive),
    Question(
        "elements",
        "not radioactive, and a metal of the alkali group",
        lambda t: t.category == "alkali metal",
    ),
    Question(
        "elements",
        "discovered by Humphry Davy or William Ramsay",
        lambda t: t.discovered_by.isin(["Humphry Davy", "William Ramsay"]),
    ),
    Question("elements", "The discoverer is unknown", lambda t: t.discovered_by.isna()),
    Question("elements", "denser than 10 g/cm3", lambda t: t.density_g_cm3 > 10),
    Question("elements", "atomic number from 10 to 30", lambda t: t.atomic_number.between(10, 30)),
    Question("elements", "Element must boil below 0 degrees", lambda t: t.boiling_point_c < 0),
    Question(
        "elements",
        "Element must have a known discoverer and be neither a gas nor radioactive",
        lambda t: t.discovered_by.notna() & (t.phase != "gas") & ~t.radioactive,
    ),
    Question("airports", "Airport must be in London", lambda t: t.city == "London"),
    Question(
        "airports",
        "Airport must be in the US or Japan",
        lambda t: t.country.isin(["United States", "Japan"]),
    ),
    Question("airports", "The airport has more than three runways.", lambda t: t.runways > 3),
    Question("airports", "only one runway", lambda t: t.runways == 1),
    Question(
        "airports", "lies over a mile high, i.e. above 5,280 ft", lambda t: t.elevation_ft > 5280
    ),
    Question(
        "airports", "elevation of at least 2,000 metres", lambda t: t.elevation_ft * 0.3048 >= 2000
    ),
    Question("airports", "below sea level", lambda t: t.elevation_ft < 0),
    Question(
        "airports",
        "handled over 75 million passengers in 2023",
        lambda t: t.passengers_2023_m > 75,
    ),
    Question("airports", "opened in the thirties (1930s)", lambda t: t.opened.between(1930, 1939)),
    Question("airports", "British airports", lambda t: t.country == "United Kingdom"),
    Question("airports", "Passenger numbers are missing", lambda t: t.passengers_2023_m.isna()),
    Question(
        "airports", "must be a hub for Delta", lambda t: t.remarks.str.contains("Delta", na=False)
    ),
    Question(
        "airports",
        "outside the United States, with six runways or more",
        lambda t: (t.country != "United States") & (t.runways >= 6),
    ),
    Question(
        "states",
        "State must have joined the Union before 1800",
        lambda t: t["Admitted to Union"] < dt.date(1800, 1, 1),
    ),
    Question("states", "State must levy an income tax", lambda t: t["Has Income Tax"]),
    Question("states", "no income tax", lambda t: ~t["Has Income Tax"]),
    Question(
        "states", "The capital is not the largest city", lambda t: t.Capital != t["Largest City"]
    ),
    Question(
        "states", "fewer than a million people live there", lambda t: t["Population (2020)"] < 1e6
    ),
    Question(
        "states",
        "between five and ten million inhabitants",
        lambda t: t["Population (2020)"].between(5e6, 10e6),
    ),
    Question(
        "states",
        "in the Northeast or the Midwest",
        lambda t: t.Region.isin(["Northeast", "Midwest"]),
    ),
    Question("states", "larger than 100,000 square miles", lambda t: t["Area (sq mi)"] > 1e5),
    Question("states", "smaller than 100,000 km²", lambda t: t["Area (sq mi)"] * 2.589988 < 1e5),
    Question(
        "states",
        "Southern states with more than 15 electoral votes",
        lambda t: (t.Region == "South") & (t["Electoral Votes"] > 15),
    ),
    Question(
        "states", "State must be in the Pacific time zone (PST)", lambda t: t["Time Zone"] == "PST"
    ),
    Question(
        "states",
        "admitted in 1959",
        lambda t: t["Admitted to Union"].map(lambda day: day.year) == 1959,
    ),
    Question(
        "states", "The name starts with the letter 'M'", lambda t: t.State.str.startswith("M")
    ),
    Question("novels", "Novel must be by Jane Austen", lambda t: t.author == "Jane Austen"),
    Question(
        "novels",
        "written in a language other than English",
        lambda t: t.original_language != "English",
    ),
    Question(
        "novels", "came out in the 19th century", lambda t: t.year_published.between(1801, 1900)
    ),
    Question(
        "novels",
        "science fiction that is not dystopian",
        lambda t: t.genres.map(lambda g: "science fiction" in g and "dystopia" not in g),
    ),
    Question("novels", "at most 300 pages long", lambda t: t.page_count <= 300),
    Question("novels", "sold at least 30m copies", lambda t: t.copies_sold_millions >= 30),
    Question(
        "novels",
        "The novel won the Pulitzer Prize or the Booker Prize",
        lambda t: t.award.isin(["Pulitzer Prize", "Booker Prize"]),
    ),
    Question("novels", "has won an award", lambda t: t.award.notna()),
    Question(
        "novels",
        "Novel must never have been adapted for the screen",
        lambda t: ~t.adapted_for_screen,
    ),
    Question(
        "novels",
        "by a Russian or French author... originally in Russian or French",
        lambda t: t.original_language.isin(["Russian", "French"]),
    ),
    Question(
        "novels",
        "belongs to both the romance and the historical genre",
        lambda t: t.genres.map(lambda g: "romance" in g and "historical" in g),
    ),
    Question("novels", "1,000 pages or more", lambda t: t.page_count >= 1000),
    Question("novels", "title contains the word 'of'", lambda t: t.title.str.contains(r"\bof\b")),
    Question(
        "packages",
        "Package must depend on numpy",
        lambda t: t.dependencies.map(
            lambda d: any(
                x == "numpy"
                or x.startswith(
                    ("numpy ", "numpy>", "numpy=", "numpy;", "numpy<", "numpy~", "numpy!")
                )
                for x in (d if d is not None else [])
            )
        ),
    ),
    Question(
        "packages",
        "has no dependencies",
        lambda t: t.dependencies.map(lambda d: d is not None and len(d) == 0),
    ),
    Question(
        "packages", "name begins with 'py'", lambda t: t.name.str.lower().str.startswith("py")
    ),
    Question("packages", "has no author given", lambda t: t.author.isna()),
]
