"""Conditions on what texts say of libraries, ventures, composers and suppliers."""

from __future__ import annotations

from quality.cells import named
from quality.question import Question

__all__ = ["TEXTS"]


TEXTS = [
    Question(
        "libs", "packages for parsing HTML", named("name", "Beautiful Soup", "lxml", "html5lib")
    ),
    Question("libs", "libraries about plotting", named("name", "Matplotlib", "Seaborn", "Bokeh")),
    Question("libs", "data visualization", named("name", "Matplotlib", "Seaborn", "Bokeh")),
    Question("libs", "is a web framework", named("name", "Flask", "Django")),
    Question("libs", "helps with testing", named("name", "pytest")),
    Question("libs", "HTTP clients", named("name", "Requests", "aiohttp")),
    Question("libs", "supports asynchronous programming", named("name", "aiohttp")),
    Question("libs", "can resize images", named("name", "Pillow")),
    Question("libs", "Library must be BSD licensed and deal with XML", named("name", "lxml")),
    Question("libs", "has an ORM", named("name", "Django", "SQLAlchemy")),
    Question("libs", "for building command-line interfaces", named("name", "Click")),
    Question("libs", "encryption", named("name", "cryptography")),
    Question(
        "ventures",
        "Companies that raised Series A funding in 2024",
        named("name", "Arbolita", "Emberline", "Juniper Row"),
    ),
    Question("ventures", "has raised a Series B", named("name", "Bytefold", "Glasswing")),
    Question(
        "ventures", "has more than 100 employees", named("name", "Bytefold", "Emberline", "Fjordex")
    ),
    Question(
        "ventures",
        "fewer than 60 employees",
        named("name", "Arbolita", "Cindermark", "Dovetel", "Islet"),
    ),
    Question("ventures", "founded before 2015", named("name", "Fjordex", "Hemlock Bio")),
    Question(
        "ventures",
        "founded in 2018 or later",
        named("name", "Arbolita", "Cindermark", "Emberline", "Islet"),
    ),
    Question(
        "ventures", "based in France or Switzerland", named("name", "Juniper Row", "Hemlock Bio")
    ),
    Question("ventures", "headquartered in Norway", named("name", "Fjordex")),
    Question("ventures", "is a public company", named("name", "Fjordex")),
    Question("ventures", "has been acquired", named("name", "Hemlock Bio")),
    Question(
        "ventures",
        "raised at least $10 million",
        named("name", "Arbolita", "Emberline", "Glasswing"),
    ),
    Question("ventures", "builds AI software", named("name", "Glasswing")),
    Question("ventures", "has never raised money", named("name", "Cindermark", "Islet")),
    Question("ventures", "works in health care or energy", named("name", "Dovetel")),
    Question(
        "composers",
        "born in the 18th century",
        named("name", "Wolfgang Amadeus Mozart", "Ludwig van Beethoven"),
    ),
    Question(
        "composers",
        "died after 1900",
        named("name", "Giuseppe Verdi", "Igor Stravinsky", "George Gershwin", "Nadia Boulanger"),
    ),
    Question(
        "composers", "never married", named("name", "Ludwig van Beethoven", "George Gershwin")
    ),
    Question(
        "composers", "German composers", named("name", "Johann Sebastian Bach", "Clara Schumann")
    ),
    Question(
        "composers",
        "wrote more than ten operas",
        named("name", "Wolfgang Amadeus Mozart", "Giuseppe Verdi", "Pyotr Tchaikovsky"),
    ),
    Question("composers", "wrote a ballet", named("name", "Pyotr Tchaikovsky", "Igor Stravinsky")),
    Question("composers", "was a pianist", named("name", "Clara Schumann", "Frédéric Chopin")),
    Question(
        "composers",
        "died in Vienna or Milan",
        named("name", "Wolfgang Amadeus Mozart", "Giuseppe Verdi"),
    ),
    Question("composers", "a woman", named("name", "Clara Schumann", "Nadia Boulanger")),
    Question(
        "composers",
        "had more than five children",
        named("name", "Johann Sebastian Bach", "Clara Schumann"),
    ),
    Question(
        "composers",
        "born before 1800",
        named("name", "Johann Sebastian Bach", "Wolfgang Amadeus Mozart", "Ludwig van Beethoven"),
    ),
    Question("composers", "was deaf", named("name", "Ludwig van Beethoven")),
    Question(
        "composers", "Russian or Polish", named("name", "Frédéric Chopin", "Pyotr Tchaikovsky")
    ),
    Question(
        "composers",
        "born between 1810 and 1845",
        named("name", "Clara Schumann", "Giuseppe Verdi", "Frédéric Chopin", "Pyotr Tchaikovsky"),
    ),
    Question("composers", "taught music to others", named("name", "Nadia Boulanger")),
    Question(
        "reports",
        "Supplier must have more than 80 employees",
        named("supplier", "Harbour Castings", "Lindgren Wire", "Okoro Textiles", "Sol Foods"),
    ),
    Question("reports", "fewer than 50 staff", named("supplier", "Tessa Plast", "Brandt Optik")),
    Question(
        "reports", "certified to ISO 9001", named("supplier", "Harbour Castings", "Lindgren Wire")
    ),
    Question("reports", "certified to ISO 14001", named("supplier", "Lindgren Wire")),
    Question(
        "reports",
        "has a lead time of at most six weeks",
        named("supplier", "Lindgren Wire", "Brandt Optik"),
    ),
    Question("reports", "founded before 2000", named("supplier", "Tessa Plast", "Brandt Optik")),
    Question(
        "reports",
        "works with metal such as iron or copper",
        named("supplier", "Harbour Castings", "Lindgren Wire"),
    ),
    Question("reports", "low prices", named("supplier", "Okoro Textiles")),
    Question("reports", "had late deliveries", named("supplier", "Harbour Castings")),
    Question(
        "reports", "based in Spain or Portugal", named("supplier", "Tessa Plast", "Sol Foods")
    ),
    Question("reports", "minimum order below 100 pieces", named("supplier", "Brandt Optik")),
    Question("reports", "makes textiles", named("supplier", "Okoro Textiles")),
    Question("reports", "visited in May 2024", named("supplier", "Harbour Castings")),
]
