"""Units of measure and magnitudes, in texts and in column names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from findall_frames.embedded.language.words import singular

__all__ = [
    "CURRENCY_SIGNS",
    "MAGNITUDES",
    "MEASURES",
    "Unit",
    "magnitude_named",
    "may_be_unit",
    "unit_letters",
    "unit_named",
    "unit_pattern",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: what it measures, and how many of the base unit it holds.

    Attributes
    ----------
    name : str
        As it is written in a reason.
    dimension : str
        ``"length"``, ``"money"``, ...; only units of one dimension can be converted.
    factor : float
        In base units of the dimension; 1 for each currency, since none is converted.
    """

    name: str
    dimension: str
    factor: float

    def convertible(self, other: Unit) -> bool:
        """Whether numbers in one can be compared with numbers in the other."""
        if self.dimension == "money":
            return self.name == other.name
        return self.dimension == other.dimension


_TABLE: dict[str, dict[str, tuple[float, str]]] = {
    "length": {
        "m": (1.0, "m metre meter"),
        "km": (1000.0, "km kilometre kilometer"),
        "cm": (0.01, "cm centimetre centimeter"),
        "mm": (0.001, "mm millimetre millimeter"),
        "mi": (1609.344, "mi mile"),
        "ft": (0.3048, "ft foot"),
        "in": (0.0254, "inch"),
        "yd": (0.9144, "yd yard"),
        "nmi": (1852.0, "nmi nautical_mile"),
        "ly": (9.4607e15, "ly light_year"),
    },
    "area": {
        "km²": (1e6, "km2 sqkm sq_km square_km square_kilometre square_kilometer"),
        "m²": (1.0, "m2 sqm sq_m square_m square_metre square_meter"),
        "sq mi": (2589988.11, "mi2 sqmi sq_mi square_mile sq_mile"),
        "sq ft": (0.09290304, "ft2 sqft sq_ft square_foot"),
        "ha": (1e4, "ha hectare"),
        "acres": (4046.8564, "acre"),
    },
    "volume": {
        "l": (1.0, "l litre liter"),
        "cc": (0.001, "cc cm3 cubic_centimetre cubic_centimeter"),
        "cu in": (0.016387064, "cu_in cubic_inch cid"),
        "gal": (3.785411784, "gal gallon"),
        "m³": (1000.0, "m3 cubic_metre cubic_meter"),
        "km³": (1e12, "km3 cubic_km cubic_kilometre cubic_kilometer"),
        "cl": (0.01, "cl centilitre centiliter"),
        "ml": (0.001, "ml millilitre milliliter"),
    },
    "flow": {
        "m³/s": (1.0, "m3_s m3/s cubic_metre_per_second cubic_meter_per_second cumec"),
        "l/s": (0.001, "l_s l/s litre_per_second liter_per_second"),
    },
    "mass": {
        "kg": (1.0, "kg kgs kilo kilogram kilogramme"),
        "g": (0.001, "g gram gramme"),
        "lb": (0.45359237, "lb lbs pound"),
        "oz": (0.0283495, "oz ounce"),
        "t": (1000.0, "t tonne metric_ton ton"),
        "kt": (1e6, "kt kilotonne kiloton"),
        "Mt": (1e9, "megatonne megaton"),
        "mg": (1e-6, "mg milligram milligramme"),
    },
    "speed": {
        "km/h": (1.0, "km/h km_h kmh kph kmph kilometre_per_hour kilometer_per_hour"),
        "mph": (1.609344, "mph mile_per_hour"),
        "m/s": (3.6, "m/s m_s metre_per_second meter_per_second"),
        "kn": (1.852, "knot"),
    },
    "fuel economy": {"mpg": (1.0, "mpg mile_per_gallon")},
    "power": {
        "hp": (0.745699872, "hp bhp horsepower horse_power"),
        "kW": (1.0, "kw kilowatt"),
        "MW": (1000.0, "mw megawatt"),
        "GW": (1e6, "gw gigawatt"),
        "W": (0.001, "w watt"),
    },
    "energy": {
        "kWh": (1.0, "kwh kilowatt_hour"),
        "MWh": (1e3, "mwh megawatt_hour"),
        "GWh": (1e6, "gwh gigawatt_hour"),
        "TWh": (1e9, "twh terawatt_hour"),
    },
    "frequency": {
        "Hz": (1.0, "hz hertz"),
        "kHz": (1e3, "khz kilohertz"),
        "MHz": (1e6, "mhz megahertz"),
        "GHz": (1e9, "ghz gigahertz"),
    },
    "density": {
        "g/cm³": (1.0, "g/cm3 g_cm3 gram_per_cubic_centimetre gram_per_cubic_centimeter"),
        "kg/m³": (0.001, "kg/m3 kg_m3 kilogram_per_cubic_metre kilogram_per_cubic_meter"),
    },
    "molar mass": {"g/mol": (1.0, "g/mol g_mol gram_per_mole")},
    "time": {
        "s": (1.0, "s sec secs second"),
        "min": (60.0, "min mins minute"),
        "h": (3600.0, "h hr hrs hour"),
        "days": (86400.0, "day"),
        "weeks": (604800.0, "week wk wks"),
        "months": (2629746.0, "month mo mos mth"),
        "years": (31556952.0, "years yrs yr"),
    },
    "voltage": {"V": (1.0, "volt"), "kV": (1000.0, "kv kilovolt")},
    "charge": {"mAh": (1.0, "mah"), "Ah": (1000.0, "ah ampere_hour")},
    "rotation": {"rpm": (1.0, "rpm")},
    "brightness": {"lm": (1.0, "lm lumen")},
    "data rate": {
        "Mbps": (1.0, "mbps mbit/s megabit_per_second"),
        "Gbps": (1000.0, "gbps gbit/s gigabit_per_second"),
    },
    "resolution": {"MP": (1.0, "mp megapixel mpix mpx")},
    "sound": {"dB": (1.0, "db decibel dba")},
    "pressure": {
        "bar": (1.0, "bar"),
        "psi": (0.0689475729, "psi"),
        "kPa": (0.01, "kpa kilopascal"),
        "hPa": (0.001, "hpa mbar millibar hectopascal"),
    },
    "share": {"%": (1.0, "% percent per_cent pct percentage")},
    "temperature": {"°C": (1.0, "°c celsius degree_celsius c"), "°F": (1.0, "°f fahrenheit")},
    "data": {
        "KB": (1e3, "kb kilobyte"),
        "MB": (1e6, "mb megabyte"),
        "GB": (1e9, "gb gigabyte gig gigs"),
        "TB": (1e12, "tb terabyte"),
    },
    "money": {
        "USD": (1.0, "usd us$ dollar us_dollar"),
        "EUR": (1.0, "eur euro"),
        "GBP": (1.0, "gbp pound_sterling"),
        "JPY": (1.0, "jpy yen"),
        "INR": (1.0, "inr rupee"),
        "CNY": (1.0, "cny rmb yuan"),
        "CHF": (1.0, "chf swiss_franc franc"),
    },
}

CURRENCY_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr"}

# What is measured in units of a dimension.
MEASURES: dict[str, tuple[str, ...]] = {
    "money": (
        "price",
        "cost",
        "revenue",
        "gdp",
        "budget",
        "funding",
        "valuation",
        "sales",
        "raised",
    ),
    "length": (
        "height",
        "elevation",
        "length",
        "width",
        "depth",
        "altitude",
        "distance",
        "diameter",
    ),
    "mass": ("weight", "mass"),
    "area": ("area", "surface", "size"),
    "speed": ("speed", "velocity"),
    "fuel economy": ("mpg", "economy", "mileage"),
    "power": ("power", "horsepower", "output"),
    "time": ("age", "duration", "time", "runtime", "acceleration"),
    "volume": ("volume", "displacement", "capacity"),
    "temperature": ("temperature",),
    "share": ("share", "percentage", "rate", "growth", "ratio"),
    "data": ("size", "memory", "storage"),
}

MAGNITUDES: dict[str, float] = {
    "hundred": 1e2,
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "mn": 1e6,
    "mln": 1e6,
    "mio": 1e6,
    "m": 1e6,
    "mm": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "trillion": 1e12,
    "tn": 1e12,
    "lakh": 1e5,
    "crore": 1e7,
}


@cache
def _by_form() -> dict[tuple[str, ...], Unit]:
    forms = {}
    for dimension, units in _TABLE.items():
        for name, (factor, written) in units.items():
            for form in written.split():
                forms[tuple(form.split("_"))] = Unit(name, dimension, factor)
    return forms


def unit_named(words: tuple[str, ...]) -> Unit | None:
    """The unit that these folded words name; singular and plural alike.

    Examples
    --------
    >>> unit_named(("square", "kilometres")).name
    'km²'
    """
    return _by_form().get(words) or _by_form().get(tuple(singular(word) for word in words))


@cache
def unit_letters(dimension: str) -> frozenset[str]:
    """The first letters, up to a sign or a digit, of all that may be a unit of a dimension."""
    written = " ".join(forms for _, forms in _TABLE[dimension].values()).split()
    starts = {re.split(r"[^a-z]", form)[0] for form in written} - {""}
    starts |= {"feet"} & {form.replace("foot", "feet") for form in starts}
    starts |= {form.removesuffix("s") for form in starts}
    return frozenset((*starts, *(f"{s}s" for s in starts), *(f"{s}es" for s in starts)))


@cache
def unit_pattern(dimension: str) -> re.Pattern[str]:
    """Finds what may be a unit of a dimension; most texts without one are told apart by it."""
    written = " ".join(forms for _, forms in _TABLE[dimension].values())
    words = {form.split("_")[0] for form in written.split()}
    words |= {"feet"} & {form.replace("foot", "feet") for form in words}
    signs = "".join(CURRENCY_SIGNS) if dimension == "money" else "%°"
    forms = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    forms = forms.replace("2", "[2²]").replace("3", "[3³]")
    ends = r"(?:e?s)?(?![^\W\d_])"
    return re.compile(rf"[{re.escape(signs)}]|(?<![^\W\d_])(?:{forms}){ends}", re.IGNORECASE)


def may_be_unit(word: str) -> bool:
    """Whether the name of a unit may begin with a folded word."""
    starts = _starts()
    return word in starts or singular(word) in starts


@cache
def _starts() -> frozenset[str]:
    return frozenset(form[0] for form in _by_form())


def magnitude_named(word: str) -> float | None:
    """The factor that a folded word of magnitude stands for, singular or plural."""
    return MAGNITUDES.get(word) or (MAGNITUDES.get(singular(word)) if len(word) > 4 else None)
