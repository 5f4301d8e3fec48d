"""Whole objectives on the tables of further tables."""

from __future__ import annotations

from quality.cells import gigabytes, hours, listed, named, number, year
from quality.question import Question

__all__ = ["MORE_OBJECTIVES"]


MORE_OBJECTIVES = [
    Question(
        "accounts",
        "Find German companies founded after 2018",
        lambda t: (t.Country == "Germany") & (t["Founded (yr)"] > 2018),
    ),
    Question(
        "accounts",
        "Which customers in the United States have more than 1,000 employees?",
        lambda t: (
            (t.Stage == "Customer") & (t.Country == "United States") & (number(t["# Emp"]) > 1000)
        ),
    ),
    Question(
        "accounts",
        "List all private software companies with revenue over $50 million and their CEO",
        lambda t: ~t["Is Public"] & listed(t.Tags, "software") & (t["Rev. (USD M)"] > 50),
    ),
    Question(
        "accounts",
        "companies headquartered in London, Paris or Dublin that have not churned",
        lambda t: t["HQ City"].isin(["London", "Paris", "Dublin"]) & (t["Churned?"] == "N"),
    ),
    Question(
        "accounts",
        "Find accounts with an NPS above 40 whose deal size is at least $100,000",
        lambda t: (t.NPS > 40) & (number(t["Deal Size"]) >= 1e5),
    ),
    Question(
        "accounts",
        "Find all companies that raised Series A funding in 2024",
        named("Account", "Corvane", "Pellworth"),
    ),
    Question(
        "parts",
        "Find all engine parts from Germany that cost more than 40 euros",
        lambda t: (
            (t.System == "Engine")
            & (t["Supplier Country"] == "Germany")
            & (t["Unit Cost (EUR)"] > 40)
        ),
    ),
    Question(
        "parts",
        "Which rubber parts weigh less than 100 g?",
        lambda t: (t.Material == "rubber") & (t["Weight (g)"] < 100),
    ),
    Question(
        "parts",
        "parts supplied by Lindqvist AB with a lead time of at most 25 days",
        lambda t: (t.Supplier == "Lindqvist AB") & (t["Lead Time (days)"] <= 25),
    ),
    Question(
        "parts",
        "Show me RoHS compliant parts in the electrical or interior system",
        lambda t: t.System.isin(["Electrical", "Interior"]) & (t["RoHS compliant"] == "Yes"),
    ),
    Question(
        "towers",
        "Find skyscrapers taller than 300 m completed after 2000",
        lambda t: (t.height_m > 300) & (t.completed > 2000),
    ),
    Question(
        "towers",
        "Which towers in Europe have more than 50 floors?",
        lambda t: (
            t.country.isin(["United Kingdom", "France", "Germany", "Sweden", "Spain"])
            & (t.floors > 50)
        ),
    ),
    Question(
        "towers",
        "Find all buildings designed by Norman Foster and how tall they are",
        lambda t: t.architect == "Norman Foster",
    ),
    Question(
        "towers",
        "List office buildings in the United States or China built since 2010",
        lambda t: (
            t.uses.map(lambda u: "office" in u)
            & t.country.isin(["United States", "China"])
            & (t.completed >= 2010)
        ),
    ),
    Question(
        "movies",
        "Find Japanese or Korean films rated above 8.5",
        lambda t: t.language.isin(["Japanese", "Korean"]) & (t.imdb_rating > 8.5),
    ),
    Question(
        "movies",
        "Which science fiction movies directed by Ridley Scott were released before 1980?",
        lambda t: (
            t.genres.map(lambda g: "science fiction" in g)
            & (t.director == "Ridley Scott")
            & (t.release_year < 1980)
        ),
    ),
    Question(
        "movies",
        "List Oscar-winning dramas under 150 minutes, including their directors",
        lambda t: t.won_oscar & t.genres.map(lambda g: "drama" in g) & (t.runtime_min < 150),
    ),
    Question(
        "movies",
        "I want English-language movies that grossed between 100 and 500 million dollars",
        lambda t: (t.language == "English") & t.box_office_usd_millions.between(100, 500),
    ),
    Question(
        "people",
        "Find American scientists born before 1920",
        lambda t: (t.Nationality == "American") & (year(t["Date of birth"]) < 1920),
    ),
    Question(
        "people",
        "Who was born in London and had at least two children?",
        lambda t: (t.Birthplace == "London") & (t.Children >= 2),
    ),
    Question(
        "people",
        "Find physicists who died in the 1950s or 1960s",
        lambda t: t.Fields.str.contains("physics") & year(t["Date of death"]).between(1950, 1969),
    ),
    Question(
        "libs",
        "Find libraries for parsing HTML with an MIT license",
        named("name", "Beautiful Soup", "html5lib"),
    ),
    Question(
        "libs", "Which BSD-licensed packages are web frameworks?", named("name", "Flask", "Django")
    ),
    Question(
        "ventures",
        "Find all companies that raised Series A funding in 2024",
        named("name", "Arbolita", "Emberline", "Juniper Row"),
    ),
    Question(
        "ventures",
        "Find startups founded after 2015 with fewer than 50 employees",
        named("name", "Arbolita", "Cindermark", "Islet"),
    ),
    Question(
        "staff",
        "Find engineers in Africa who know Python",
        lambda t: (
            t.job_title.str.contains("Engineer")
            & t.office.isin(["Lagos", "Rabat", "Accra"])
            & listed(t.skills, "Python")
        ),
    ),
    Question(
        "staff",
        "Which employees hired after 2015 earn more than 95,000 euros?",
        lambda t: (t.hire_date > "2015-12-31") & (t.salary_eur > 95000),
    ),
    Question(
        "staff",
        "List all remote staff in Engineering with a performance of 5",
        lambda t: t.remote & (t.department == "Engineering") & (t["performance (1-5)"] == 5),
    ),
    Question(
        "staff",
        "Who works in Finance or Sales and earns at least 90k?",
        lambda t: t.department.isin(["Finance", "Sales"]) & (t.salary_eur >= 90000),
    ),
    Question(
        "wines",
        "Find red wines from Italy or Spain under 40 euros",
        lambda t: (t.colour == "red") & t.country.isin(["Italy", "Spain"]) & (number(t.price) < 40),
    ),
    Question(
        "wines",
        "Which French wines scored above 93?",
        lambda t: (t.country == "France") & (t.score > 93),
    ),
    Question(
        "wines",
        "I'm looking for sparkling wines with less than 12% alcohol",
        lambda t: (t.colour == "sparkling") & (t.alcohol_pct < 12),
    ),
    Question(
        "wines",
        "Show me wines made from Cabernet Sauvignon and their prices",
        lambda t: listed(t.grapes, "Cabernet Sauvignon"),
    ),
    Question(
        "metros",
        "Find metro systems in Europe that opened before 1950 and have more than 10 lines",
        lambda t: (
            t.Country.isin(["United Kingdom", "France", "Spain", "Denmark", "Hungary"])
            & (t.Opened < 1950)
            & (t.Lines > 10)
        ),
    ),
    Question(
        "metros",
        "Which subway systems outside China have over 400 stations?",
        lambda t: (t.Country != "China") & (t.Stations > 400),
    ),
    Question(
        "metros",
        "List driverless metros shorter than 100 km, with their cities",
        lambda t: t["Driverless lines"] & (t["Length (km)"] < 100),
    ),
    Question("composers", "Find German composers born after 1800", named("name", "Clara Schumann")),
    Question(
        "composers",
        "Which composers wrote operas and died in the 19th century?",
        named("name", "Ludwig van Beethoven", "Pyotr Tchaikovsky"),
    ),
    Question(
        "phones",
        "Find phones with at least 256 GB storage that cost less than 1,000 dollars",
        lambda t: (gigabytes(t.storage) >= 256) & (t.price_usd < 1000),
    ),
    Question(
        "phones",
        "Which Android phones released since 2022 have wireless charging?",
        lambda t: (
            (t.os == "Android")
            & (t.release_date >= "2022")
            & listed(t.features, "wireless charging")
        ),
    ),
    Question(
        "phones",
        "I need a water-resistant phone lighter than 200 g with NFC, and its price",
        lambda t: t.water_resistant & (t.weight_g < 200) & listed(t.features, "NFC"),
    ),
    Question(
        "phones",
        "List dual SIM phones by Brill or Ethika",
        lambda t: listed(t.features, "dual SIM") & t.brand.isin(["Brill", "Ethika"]),
    ),
    Question(
        "hospitals",
        "Find public hospitals with an ER and more than 700 beds",
        lambda t: (t.Ownership == "Public") & (t["ER?"] == "Y") & (t.Beds > 700),
    ),
    Question(
        "hospitals",
        "Which hospitals founded before 1900 have an oncology department?",
        lambda t: (t["Est."] < 1900) & listed(t.Departments, "Oncology"),
    ),
    Question(
        "hospitals",
        "hospitals in Germany with a waiting time below 10 minutes",
        lambda t: (t.Country == "Germany") & (t["Avg wait (min)"] < 10),
    ),
    Question(
        "trails",
        "Find easy trails that are good for families and take no more than two hours",
        lambda t: (
            (t.Difficulty == "Easy") & t["Good for"].str.contains("families") & (hours(t.Time) <= 2)
        ),
    ),
    Question(
        "trails",
        "Which hard trails are shorter than 20 km?",
        lambda t: (t.Difficulty == "Hard") & (number(t.Distance) < 20),
    ),
    Question(
        "trails",
        "Show me loops with less than 300 m of ascent where dogs are allowed",
        lambda t: (
            (t["Route type"] == "loop")
            & (t["Ascent (m)"] < 300)
            & t["Good for"].str.contains("dogs")
        ),
    ),
    Question(
        "lakes",
        "Find lakes in Europe deeper than 200 m",
        lambda t: (t.Continent == "Europe") & (t["Max depth (m)"] > 200),
    ),
    Question(
        "lakes",
        "Which salt lakes have no fish?",
        lambda t: (t["Water type"] == "salt") & ~t["Has fish"],
    ),
    Question(
        "lakes",
        "List all lakes bordering Tanzania or Switzerland with their depth",
        lambda t: listed(t.Countries, "Tanzania") | listed(t.Countries, "Switzerland"),
    ),
    Question(
        "orders",
        "Find all orders over 700 euros that were delivered or returned",
        lambda t: (t["Total (EUR)"] > 700) & t.Status.isin(["delivered", "returned"]),
    ),
    Question(
        "orders",
        "Which orders from Birch Studio or Otter Labs are still pending?",
        lambda t: t.Customer.isin(["Birch Studio", "Otter Labs"]) & (t.Status == "pending"),
    ),
    Question(
        "orders",
        "pending orders placed after March 2024",
        lambda t: (t.Status == "pending") & (t["Order date"] > "2024-03-31"),
    ),
    Question(
        "reports",
        "Find suppliers certified to ISO 9001 with more than 100 employees",
        named("supplier", "Lindgren Wire"),
    ),
    Question(
        "reports",
        "Which suppliers in Germany or Sweden have a lead time of no more than five weeks?",
        named("supplier", "Lindgren Wire"),
    ),
]
