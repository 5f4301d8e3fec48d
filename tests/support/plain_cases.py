"""Small tables from different fields, with conditions and the rows that meet them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

__all__ = ["CASES", "FORMS", "LETTERS", "Case", "Table"]


class Table(NamedTuple):
    """Rows under their columns, with a data dictionary."""

    head: str
    rows: Sequence[Sequence[Any]]
    dictionary: dict[str, str] = {}  # noqa: RUF012

    def records(self) -> list[dict[str, Any]]:
        """Return the rows by column."""
        return [dict(zip(self.head.split("|"), row, strict=True)) for row in self.rows]


class Case(NamedTuple):
    """A table, and conditions by the names of the rows that they select; None for a refusal."""

    table: Table
    selecting: dict[str | None, str]
    """Conditions are separated by semicolons, names by spaces, or commas if they contain spaces."""

    @property
    def conditions(self) -> dict[str, str | None]:
        """The names of the selected rows, by condition."""
        return {
            condition: names
            for names, conditions in self.selecting.items()
            for condition in conditions.split("; ")
        }


LETTERS = Table(
    "letter|year|body",
    [
        ["a", 1901, "My dear friend, yesterday I saw a quokka in the garden of the old house"],
        ["b", 1911, "We have had no rain for weeks and the wells are nearly dry by now"],
    ],
)
"""A table with running text."""

CASES = {
    "bicycles": Case(
        Table(
            "bicycle|frame_material|weight_kg|gears|price_eur|is_electric|maker",
            [
                ["Alba", "steel", 12.5, 7, 640.0, False, "Lindqvist"],
                ["Brio", "carbon", 7.2, 22, 3900.0, False, "Okafor"],
                ["Cargo", "aluminium", 31.0, 9, 4200.0, True, "Lindqvist"],
                ["Dart", "aluminium", 17.0, 9, 2100.0, True, "Moreau"],
                ["Elm", "steel", None, 3, None, None, "Moreau"],
            ],
        ),
        {
            "Alba Cargo Dart": (
                "weight over 10 kg; weight over 10; weight kg over 10; weight over 20 lb; "
                "gears between 5 and 10; bicycle must have a weight over 10 kg"
            ),
            None: (
                "weighs over 10 kg; weight over 20 cm; price over $2000; "
                "price is not over 640 and under 2100; price over 640 or in March; "
                "9 gears or more; highest prices; the 2 lightest; made by Moreau; "
                "maker is Okafor and electric or steel; steel and carbon; not steel and electric; "
                "weight over 10 kg zorp"
            ),
            "Brio": "weight below 8,000 g",
            "Brio Cargo Dart": (
                "price over 2000 euros; price over €2,000; at least 9 gears; 9 or more gears; "
                "maker is Okafor or is electric"
            ),
            "Brio Cargo": "price over 2.1k; the 2 highest prices; top 2 by price",
            "Alba Dart": "price at least 640 and at most 2100",
            "Alba Cargo": "price over 4000 or under 700",
            "Cargo Dart": (
                "gears = 9; gears is 9; 9 gears; is electric; electric; not carbon or steel"
            ),
            "Alba Elm": (
                "gears is 3 or 7; frame material is steel; steel frame material; "
                "frame-material steel; steel"
            ),
            "Alba Brio Elm": "gears is not 9; carbon or steel",
            "Alba Brio": "is not electric; isn't electric",
            "Alba": "not electric and frame material is steel; lowest price",
            "Alba Cargo Dart Elm": "not carbon",
            "Elm": "price is missing",
            "Alba Brio Cargo Dart": "price is not missing; not (steel and electric)",
            "Dart Elm": "by Moreau; maker is Moreau and (electric or steel)",
            "": "maker is Okafor and (electric or steel)",
        },
    ),
    "lakes": Case(
        Table(
            "lake|country|depth (m)|area_km2|salty|first_charted",
            [
                ["Ohra", "Norway", 86.0, 11.5, False, date(1781, 6, 1)],
                ["Pell", "Sweden", 14.0, 240.0, False, date(1802, 3, 15)],
                ["Quen", "Chad", 3.5, 1500.0, True, date(1870, 1, 1)],
                ["Rima", "New Norway", 44.0, 3.0, None, None],
            ],
        ),
        {
            "Ohra Rima": "depth over 40 m; depth over 0.04 km",
            "Pell Quen": "depth under 50 feet; first charted since 1802",
            None: (
                "depth over 40 kg; Norwegian; first charted over 1802; first charted last year; "
                "first charted in 1800s; first charted in 1802-3; first charted in 1802-13; "
                "first charted in 1802-03-; first charted in 1802-03-1; "
                " first charted between 31 and 40 March 1802; "
                "salty lake in Chad; deepest; highest country"
            ),
            "Ohra Pell Quen": "area over 1,000 ha",
            "Quen": (
                "area above 1 000; first charted after 1802; first charted after 15 March 1802; "
                "first charted > 1802-03-15; salty"
            ),
            "Ohra": (
                "in Norway; first charted before 1800; first charted before March 15, 1802; "
                "earliest first charted; greatest depth"
            ),
            "Rima": "in New Norway",
            "Ohra Quen": "country is Norway or Chad",
            "Pell Quen Rima": "country is not Norway",
            "Pell": (
                "first charted in 1802; first charted in March 1802; first charted in 1802-03; "
                "first charted on 15 March 1802; first charted between March and June 1802; "
                "first charted between 1 and 20 March 1802"
            ),
            "Ohra Pell": (
                "first charted until 1802; first charted between 1781 and 1802; "
                "first charted from 1781 to 1802; not salty"
            ),
        },
    ),
    "wines": Case(
        Table(
            "wine|grape|vintage|alcohol_pct|rating|regions",
            [
                ["Aster", "Syrah", 2011, 13.5, 88, ["Rhone", "Cornas"]],
                ["Belle", "Malbec", 2016, 14.5, 91, ["Cahors"]],
                ["Clos", "Syrah", 2019, 12.0, 94, ["Barossa", "Eden Valley"]],
                ["Doux", "Muscat", 2009, 15.5, None, []],
            ],
        ),
        {
            "Belle Clos": "vintage after 2011; rating over 90; rated over 90",
            "Doux": (
                "vintage before 2011; regions is missing; rating is missing; no regions; "
                "without a region; with no regions and vintage before 2011"
            ),
            "Aster Belle Clos": (
                "vintage since 2011; vintage 2011 or later; rating isn't missing; "
                "3 highest ratings; vintage in 2011 or later"
            ),
            "Aster Doux": "vintage 2011 or older",
            "Belle": (
                "vintage in 2016; vintage is 2016; region Cahors; Cahors region; Cahors; "
                "wine starts with B"
            ),
            "Aster Belle": "vintage between 2010 and 2017; region is Cahors or Rhone",
            None: (
                "no regions or Syrah; not without regions; no vintage; "
                "no grape; rating after 2011; rating in 88 or later; vintage after 2011 or later; "
                "rating over 90 %; Syrah with a rating over 90; grape is Shiraz; "
                "newest vintage; name starts with B"
            ),
            "Belle Doux": "alcohol over 14 %; alcohol over 14 percent; alcohol over 14%",
            "Aster Clos": "Syrah grape",
            "Clos": (
                "grape is Syrah and rating over 90; regions contains eden; highest vintage; "
                "wine ends with 's'"
            ),
            "Aster": "regions contains Rhone",
            "Aster Clos Doux": "region is not Cahors",
        },
    ),
    "trains": Case(
        Table(
            "train_no|operator|top_speed_kmh|departure|seats|dining",
            [
                [11, "Nordbahn", 160, "Lund", 310, True],
                [12, "Sudrail", 250, "Graz", 480, False],
                [13, "Nordbahn", 320, "Graz", 600, True],
                [14, "Vallee", 90, "Sion", 120, None],
            ],
        ),
        {
            "12 13": (
                "top speed over 200 km/h; top speed over 100 mph; departure is Graz; "
                "no fewer than 480 seats; from Graz"
            ),
            "11 13": (
                'operator contains bahn; operator contains "Nord"; operator starts with nord; '
                "more than 300 seats and dining"
            ),
            "12 14": "operator contains rail or seats under 200",
            "13": (
                "operator contains bahn and seats over 500; dining and Graz departure; train no 13"
            ),
            "": 'operator is "Bergbahn"',
            "12": (
                "operator ends with rail; more than 300 seats and not dining; no dining; "
                "without dining"
            ),
            "11 14": "fewer than 400 seats; no more than 310 seats; between 100 and 400 seats",
            None: "from Graz to Lund",
        },
    ),
    "libraries": Case(
        Table(
            "library|version|needs_python|license|maintainers",
            [
                ["arbor", "2.10.0", ">=3.10", "Apache-2.0", ["ana", "Bo"]],
                ["birch", "2.9.1", ">=3.8,<4", "MIT", ["bo"]],
                ["cedar", "0.4", "<4,>=3.11.0", "Apache License 2.0", None],
                ["dogwood", "10.0rc1", None, "BSD-3-Clause", []],
            ],
        ),
        {
            "arbor cedar": (
                "needs Python 3.10 or later; needs Python 3.10 or newer; "
                "need python at least 3.10; an Apache license; license is Apache; "
                "license contains apache; "
                "must need python 3.10 or later and have an Apache license"
            ),
            None: "needs python 3.9 or earlier; needs python 3.10; GPL license",
            "arbor dogwood": "version 2.10 or later; version over 2.9.1",
            "birch cedar": "version below 2.10",
            "birch": "version is 2.9.1",
            "cedar": "version 0.4",
            "birch dogwood": "license is MIT or BSD-3-Clause",
            "arbor cedar dogwood": "license is not MIT",
            "arbor birch": "maintainer is Bo",
            "arbor": "maintainers contains an",
            "dogwood": "maintainer is not Bo",
        },
    ),
    "economies": Case(
        Table(
            "nation|GDP (USD billions)|pop|continent|debt_pct",
            [
                ["Aland", 1500.0, 52_000_000, "Europe", 61.0],
                ["Borduria", 22.0, 4_100_000, "Europe", 30.5],
                ["Cathay", 9000.0, 900_000_000, "Asia", 88.0],
                ["Dorne", 310.0, 49_000_000, "South America", None],
            ],
            {"pop": "people, inhabitants"},
        ),
        {
            "Aland Cathay": (
                "more than 50 million people; GDP over 1 trillion; GDP over 400; "
                "GDP over 400 billion; GDP over 400 billion USD; "
                "continent is Europe or Asia and pop over 50 million; debt over 60 %"
            ),
            "Aland Cathay Dorne": (
                "inhabitants over 5 million; pop over 5 million; GDP over 100,000 million"
            ),
            None: (
                "population over 5 million; GDP over 400 billion euros; in America; nation is Asia"
            ),
            "Aland Borduria Cathay Dorne": "GDP over 1 billion dollars",
            "Aland Borduria Cathay": (
                "in Europe or Asia; continent is Europe or pop over 50 million"
            ),
            "Dorne": "in South America; continent is America; continent is not Europe or Asia",
            "Aland": (
                "in Europe and with more than 50 million people; "
                "more than 50 million people and in Europe; highest GDP and in Europe"
            ),
            "Aland Borduria": "the nation must be in Europe",
            "Cathay": "nation is in Asia",
        },
    ),
    "chemicals": Case(
        Table(
            "compound|T_flash|melting_point_c|density|hazard",
            [
                ["acrol", 247.0, -88.0, 0.84, "toxic"],
                ["benzil", 300.0, 95.0, 1.23, "irritant"],
                ["cumol", 311.0, -96.0, 0.86, "flammable"],
                ["decane", None, -30.0, 0.73, "flammable, toxic"],
            ],
            {"T_flash": "flash point, in kelvin", "density": "in g/cm³"},
        ),
        {
            "benzil cumol": "flash point over 290; flash point over 290 K",
            "cumol": "flash point over 30 °C",
            "acrol": "flash point under 32 °F; flash point under 0 celsius",
            "acrol cumol": "melting point c below -50",
            None: "melting point over 10 °C; density over 2 kg; hazard is flammable",
            "acrol benzil cumol": "density over 0.8",
            "acrol decane": "hazard contains toxic",
            "benzil": "hazard is irritant",
        },
    ),
    "goods": Case(
        Table(
            "item|cost|stock|colour|sold_out",
            [
                ["mug", 8.5, 120, "red", False],
                ["pan", 34.0, 0, "black", True],
                ["jug", 19.0, 15, "dark red", False],
            ],
            {"cost": "price, in €"},
        ),
        {
            "pan jug": "price over 10; price over 10 euros; cost over 10 EUR",
            None: "price over 10 dollars; price over 10 £; red colour; cheap",
            "mug": "colour is red; red",
            "mug jug": "colour contains red; not sold out; item must not be sold out; stock >= 15",
            "jug": "colour is dark red",
            "pan": "sold out; stock is zero; stock = 0",
        },
    ),
    "patients": Case(
        Table(
            "id|sex|age_years|ward|admitted|smoker",
            [
                ["p-1", "f", 81, "A", date(2023, 12, 31), "no"],
                ["p-2", "m", 40, "B", date(2024, 1, 1), "yes"],
                ["p-3", None, 65, "A", date(2024, 2, 29), "no"],
                ["p-4", "f", None, "C", None, None],
            ],
        ),
        {
            "p-3": "sex is missing; admitted on 29 February 2024",
            "p-1 p-4": "sex is f",
            "p-2": "sex is not f; age under 600 months; smoker is yes",
            None: (
                "age 65 or older; a ward; admitted on 30 February 2024; admitted before today; "
                "smoker; no smoker; oldest"
            ),
            "p-1 p-3": "age 65 or more; age over 64 years; ward A; ward is A",
            "p-2 p-4": "ward is B or C",
            "p-1 p-2 p-3": "ward is A or B",
            "p-2 p-3": "admitted in 2024; admitted after 2023; admitted since 1 January 2024",
            "p-4": "admitted is missing",
        },
    ),
    "films": Case(
        Table(
            "title|genre|director|minutes|release_year|rank",
            [
                ["Over the Hill", "Comedy|Drama", "Ida Roe", 95, 1999, 3],
                ["Night Bus", "Drama", "Per Aas", 121, 2004, 1],
                ["The War of Foxes", "Comedy", "Ida Roe", 88, 2015, 2],
                ["Warden", "Horror", "Una Fey", 140, 2021, 4],
            ],
        ),
        {
            None: "genre is Drama; title contains war of peace; top 2 by rank; top by minutes",
            "Over the Hill,Night Bus": "genre contains drama; release year 1999 or 2004",
            "Warden": "genre is Horror",
            "Over the Hill,The War of Foxes": (
                "director is Ida Roe; by Ida Roe; Ida Roe; director is Ida; bottom 2 by minutes"
            ),
            "Night Bus,Warden": (
                "director is not Ida Roe; over 100 minutes; minutes over 100; top 2 by minutes; "
                "top two by minutes"
            ),
            "The War of Foxes,Warden": (
                "title contains war; release year after 2010; releaseYear after 2010; "
                "released after 2010"
            ),
            "The War of Foxes": "title contains the war of foxes",
            "Over the Hill": 'title contains "over the"; Over the Hill',
            "Night Bus": "title is Night Bus; release year in 2004",
        },
    ),
    "ships": Case(
        Table(
            "ship|flag|built|gross_tonnage|length_m|cargo|in_service",
            [
                ["Aurora", "Malta", 1998, 52_000, 210.5, ["grain", "ore"], True],
                ["Borealis", "Panama", 2011, 91_000, 294.0, ["containers"], True],
                ["Corvus", "Malta", 1974, 8_400, 121.0, ["timber"], False],
            ],
        ),
        {
            "Aurora": (
                "flag is Malta and in service; built in 1998; cargo contains ore; cargo is ore; "
                "ore cargo"
            ),
            "Aurora Corvus": "built before 2000; grain or timber; in Malta",
            "Aurora Borealis": "length over 0.2 km; gross tonnage over 50,000",
            "Borealis": "length over 700 feet",
            None: "out of service; tonnage over 50,000",
            "Corvus": "not in service",
        },
    ),
    "recipes": Case(
        Table(
            "dish|course|cooking_min|servings|ingredients|vegetarian",
            [
                ["Borscht", "soup", 90, 6, "beetroot, cabbage, beef", False],
                ["Dal", "main", 40, 4, "lentils, cumin, onion", True],
                ["Flan", "dessert", 65, 8, "eggs, milk, sugar", True],
            ],
            {"cooking_min": "cooking time, in minutes"},
        ),
        {
            "Dal": "cooking time under 1 hour; vegetarian and serves 4; ingredients contain onion",
            "Borscht Flan": (
                "cooking time over 60 minutes; cooking time over 60; no ingredients contain onion"
            ),
            "Dal Flan": "vegetarian; course is not soup",
            "Flan": "vegetarian and servings at least 5",
            "Borscht Dal Flan": "ingredients contains beef or vegetarian",
            None: "without onion; quick",
            "Borscht Dal": "ingredients do not contain milk",
            "Borscht": "soup course",
        },
    ),
    "orders": Case(
        Table(
            "order_no|customer|placed_on|total_usd|paid|carrier",
            [
                ["A-17", "Weiss GmbH", date(2022, 11, 7), 120.5, True, "UPL"],
                ["A-18", "O'Hara", date(2022, 11, 8), 80.0, False, "Post"],
                ["A-19", "Weiss GmbH", date(2023, 2, 1), 990.0, None, None],
            ],
        ),
        {
            "A-17": "placed on 7 November 2022; placed on between 1 and 7 November 2022; paid",
            "A-18 A-19": "placed on after 7 November 2022",
            "A-17 A-18": (
                "placed on in November 2022; placed on before 2023; carrier is UPL or Post"
            ),
            "A-17 A-19": (
                "total over 100 dollars; total over $100; customer is Weiss GmbH; customer is Weiss"
            ),
            None: "total over 100 euros; unpaid; placed yesterday",
            "A-18": "not paid; customer is O'Hara; customer is \"O'Hara\"",
            "A-19": "paid is missing; carrier is missing",
        },
    ),
    "towns": Case(
        Table(
            "town|county|inhabitants|elevation|twinned_with",
            [
                ["Aire", "Nord", 12_400, 310.0, "Brod"],
                ["Brod", "East Nord", 800, 45.0, "Aire"],
                ["Cale", "Sud", 54_000, None, None],
            ],
            {"elevation": "height above sea level, in metres"},
        ),
        {
            "Aire": (
                "county is Nord; in Nord; height above sea level over 0.1 km; "
                "elevation over 1,000 ft; elevation is not missing and inhabitants over 1000; "
                "town is Aire; highest elevation"
            ),
            "Brod": "in East Nord; fewer than ten thousand inhabitants; twinned with Aire",
            "Aire Cale": "more than 10,000 inhabitants; inhabitants over 10k; towns in Nord or Sud",
            "Aire Brod": "inhabitants between 500 and 20,000",
            "Cale": "elevation is missing",
            None: "Aire",
        },
    ),
    "stars": Case(
        Table(
            "star|constellation|magnitude|distance (ly)|spectral_class|variable",
            [
                ["Ankaa", "Phoenix", 2.4, 85.0, "K0", False],
                ["Bellatrix", "Orion", 1.64, 250.0, "B2", True],
                ["Mira", "Cetus", 6.5, 300.0, "M7", True],
            ],
        ),
        {
            "Bellatrix": (
                "magnitude below 2; magnitude under 2.4; in Orion; spectral class B2; "
                "lowest magnitude"
            ),
            "Ankaa Bellatrix": "magnitude <= 2.4",
            "Bellatrix Mira": "constellation is Orion or Cetus and variable; distance ly over 100",
            "Ankaa": "spectral class starts with K",
            "Mira": "spectral class ends with 7",
            None: "variable stars in Cetus; distance over 100; brightest",
        },
    ),
    "staff": Case(
        Table(
            "employee|team|salary_k|hired|remote|manager",
            [
                ["Ines", "Design", 61, date(2019, 5, 6), True, "Olu"],
                ["Jan", "Research", 74, date(2021, 1, 11), False, "Olu"],
                ["Kim", "Design", 58, date(2023, 9, 1), True, None],
            ],
            {"salary_k": "salary, in thousands"},
        ),
        {
            "Ines Jan": (
                "salary over 60 thousand; salary over 60,000; salary over 60k; salary over 60; "
                "manager is Olu; 2 earliest hired; earliest 2 by hired"
            ),
            "Jan Kim": "hired after 2020; hired since January 2021",
            "Ines": "hired before January 2021",
            "Ines Kim": "Design team; in Design and remote",
            "Jan": "team is not Design",
            "Kim": "team is Design and hired after 2020; manager is missing; latest hired",
            None: "no manager; works remotely",
        },
    ),
    "plants": Case(
        Table(
            "plant|family|height_cm|flowering|edible|native_to",
            [
                ["Arnica", "Asteraceae", 60, "July", False, ["Europe"]],
                ["Basil", "Lamiaceae", 45, "June", True, ["India", "Iran"]],
                ["Coffea", "Rubiaceae", 900, "May", None, ["Ethiopia"]],
            ],
        ),
        {
            "Arnica Coffea": "height over 0.5 m; height over 50",
            "Arnica Basil": "height under 2 feet",
            "Basil": (
                "native to India; edible; flowering is June; family is Lamiaceae; Lamiaceae family"
            ),
            "Basil Coffea": "native to Iran or Ethiopia; not native to Europe",
            "Arnica": "not edible",
            "Coffea": "edible is missing",
            "Arnica Basil Coffea": "family ends with aceae",
            None: "poisonous",
        },
    ),
    "matches": Case(
        Table(
            "match|home_team|away_team|home_goals|away_goals|attendance",
            [
                ["m1", "Rovers", "United", 2, 1, 30_100],
                ["m2", "United", "Rovers", 0, 0, 41_000],
                ["m3", "City", "United", 3, 4, None],
            ],
        ),
        {
            "m1": "home team is Rovers; Rovers home team",
            "m2": "away team is Rovers; attendance over 40 thousand; top 1 by attendance",
            None: "Rovers; goals over 1; home goals over away goals",
            "m1 m3": (
                "home goals over 1; more than 1 home goals; "
                "home team is City or Rovers and away team is United"
            ),
            "m3": "attendance is missing",
        },
    ),
    "instruments": Case(
        Table(
            "serial|model|supplyVoltage|maxTemp|calibrated|note",
            [
                ["s1", "TX-100", 12, 85.0, True, "returned"],
                ["s2", "TX-100B", 24, 125.0, False, None],
                ["s3", "RX 5", 12, 60.0, True, "spare unit"],
            ],
            {"maxTemp": "in °C"},
        ),
        {
            "s1 s3": "supply voltage is 12; calibrated and supply voltage = 12",
            "s2": (
                "supplyVoltage over 12; max temp over 100 °C; max temp over 200 fahrenheit; "
                "note is missing"
            ),
            "s1 s2": "max temp over 350 K; model starts with TX",
            None: "temp over 100; uncalibrated",
            "s1": "model is TX-100",
            "s3": "model is RX 5; RX 5; note contains spare",
        },
    ),
    "songs": Case(
        Table(
            "song|artist|plays|length_s|genres|explicit",
            [
                ["Not Now", "The Weirs", 5_200_000, 214, ["rock"], False],
                ["Or Else", "Mo", 81_000, 187, ["pop", "rock"], True],
                ["In Between", "Mo", 2_000_000, 305, ["ambient"], False],
            ],
        ),
        {
            "Not Now,In Between": (
                "plays over 1 million; more than 1M plays; not explicit; the 2 most plays"
            ),
            "In Between": "plays between 1 and 3 million; length over 4 minutes",
            "Or Else": "length under 200 seconds; Or Else; least plays; fewest plays and by Mo",
            "Not Now,Or Else": "genre is rock",
            "Not Now": (
                "genre is rock and not explicit; by The Weirs; song is Not Now; not by Mo; "
                "most plays"
            ),
            "Or Else,In Between": "artist is Mo; by Mo",
            None: "not by Mo and explicit",
        },
    ),
}

# One example of each form, the table that it is about, and what it is read as.
FORMS = {
    "weight over 10 kg": ("bicycles", '"weight_kg" > 10'),
    "weight of at least 20 lb": ("bicycles", '"weight_kg" >= 9.0718474'),
    "price between 600 and 2,500 euros": ("bicycles", '"price_eur" BETWEEN 600 AND 2500'),
    "price over 600 and under 2.5k": ("bicycles", '"price_eur" > 600 AND "price_eur" < 2500'),
    "9 or more gears": ("bicycles", '"gears" >= 9'),
    "gears is 7 or 9": ("bicycles", '"gears" = 7 OR "gears" = 9'),
    "more than 50 million people": ("economies", '"pop" > 50000000'),
    "frame material is steel": ("bicycles", "lower(\"frame_material\") = 'steel'"),
    "maker is not Moreau": ("bicycles", "NOT (lower(\"maker\") = 'moreau')"),
    "continent is Europe or Asia": (
        "economies",
        "lower(\"continent\") = 'europe' OR lower(\"continent\") = 'asia'",
    ),
    "license contains apache": ("libraries", "contains(lower(\"license\"), 'apache')"),
    "wine starts with B": ("wines", "starts_with(lower(\"wine\"), 'b')"),
    "region is Cahors": ("wines", "list_has_any(\"regions\", ['Cahors'])"),
    "Apache license": (
        "libraries",
        r"""regexp_matches(lower("license"), '(^|[^\pL\pN])apache([^\pL\pN]|$)')""",
    ),
    "in Norway": ("lakes", "lower(\"country\") = 'norway'"),
    "is electric": ("bicycles", '"is_electric"'),
    "not electric": ("bicycles", 'NOT ("is_electric")'),
    "sex is missing": ("patients", '"sex" IS NULL'),
    "sex is not missing": ("patients", 'NOT ("sex" IS NULL)'),
    "first charted after 1802": ("lakes", "\"first_charted\" >= DATE '1803-01-01'"),
    "first charted in March 1802": (
        "lakes",
        "\"first_charted\" >= DATE '1802-03-01' AND \"first_charted\" < DATE '1802-04-01'",
    ),
    "first charted between 1 and 20 March 1802": (
        "lakes",
        "\"first_charted\" >= DATE '1802-03-01' AND \"first_charted\" < DATE '1802-03-21'",
    ),
    "vintage 2011 or later": ("wines", '"vintage" >= 2011'),
    "top 2 by price": ("bicycles", 'the 2 largest by "price_eur"'),
    "lowest price": ("bicycles", 'the 1 smallest by "price_eur"'),
    "(steel or carbon) and 9 gears": (
        "bicycles",
        "(lower(\"frame_material\") = 'steel' OR lower(\"frame_material\") = 'carbon')"
        ' AND "gears" = 9',
    ),
}
