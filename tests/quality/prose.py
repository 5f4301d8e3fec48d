"""Questions that only the texts on parks and scientists answer, and who meets them."""

from __future__ import annotations

from quality.question import Question

__all__ = ["PROSE"]


PROSE = [
    Question(
        "parks",
        "Park must be in Africa's Namibia or in Tanzania",
        lambda t: t.true_country.isin(["Namibia", "Tanzania"]),
    ),
    Question(
        "parks", "Park must be in the United States", lambda t: t.true_country == "United States"
    ),
    Question("parks", "founded before 1920", lambda t: t.true_est < 1920),
    Question("parks", "Park must have been established after 1955", lambda t: t.true_est > 1955),
    Question(
        "parks", "Park must cover more than 10,000 square kilometres", lambda t: t.true_area > 10000
    ),
    Question("parks", "less than 2,000 km² in area", lambda t: t.true_area < 2000),
    Question("parks", "lions live there", lambda t: t.true_lions),
    Question("parks", "Park must be a UNESCO World Heritage Site", lambda t: t.true_unesco),
    Question("parks", "must have glaciers", lambda t: t.true_glacier),
    Question("parks", "dogs are not allowed", lambda t: t.true_nodogs),
    Question("parks", "home to giant tortoises", lambda t: t.name == "Galápagos"),
    Question(
        "parks", "at least half a million visitors per year", lambda t: t.true_visitors >= 500_000
    ),
    Question("parks", "created in the 1950s", lambda t: t.true_est.between(1950, 1959)),
    Question("parks", "The park must have geysers", lambda t: t.true_geysers),
    Question(
        "parks",
        "area between 5,000 and 9,000 square kilometres",
        lambda t: t.true_area.between(5000, 9000),
    ),
    Question(
        "parks", "crocodiles or Komodo dragons", lambda t: t.name.isin(["Everglades", "Komodo"])
    ),
    Question("scientists", "Person must have won a Nobel Prize", lambda t: t.true_nobel),
    Question("scientists", "Nobel Prize in Physics", lambda t: t.true_nobel_physics),
    Question(
        "scientists",
        "Scientist must have received the Nobel Prize in Chemistry",
        lambda t: t.true_nobel_chemistry,
    ),
    Question("scientists", "born in London", lambda t: t.true_city == "London"),
    Question(
        "scientists", "Scientist must have been born after 1900", lambda t: t.true_born > 1900
    ),
    Question("scientists", "born in the 19th century", lambda t: t.true_born.between(1801, 1900)),
    Question("scientists", "died before 1800", lambda t: t.true_died < 1800),
    Question("scientists", "Person must have been knighted", lambda t: t.true_knighted),
    Question(
        "scientists",
        "Scientist must be a mathematician",
        lambda t: t.true_field.str.contains("mathematics"),
    ),
    Question("scientists", "must have studied at Cambridge", lambda t: t.true_cambridge),
    Question("scientists", "American scientists", lambda t: t.true_american),
    Question("scientists", "never married", lambda t: t.true_unmarried),
    Question(
        "scientists",
        "physicist or chemist",
        lambda t: t.name.isin(
            [
                "Isaac Newton",
                "Richard Feynman",
                "Rosalind Franklin",
                "Dorothy Hodgkin",
                "Ernest Rutherford",
            ]
        ),
    ),
    Question(
        "scientists",
        "born in New York and died after 1990",
        lambda t: (t.true_city == "New York") & (t.true_died > 1990),
    ),
    Question(
        "scientists",
        "an English woman or man born between 1800 and 1850",
        lambda t: t.true_english & t.true_born.between(1800, 1850),
    ),
    Question("scientists", "has written over 20 books", lambda t: t.true_books),
    Question(
        "scientists", "worked on the Manhattan Project", lambda t: t.name == "Richard Feynman"
    ),
]
