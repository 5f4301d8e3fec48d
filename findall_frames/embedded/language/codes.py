"""What short codes in a column stand for: languages, countries, and states of America."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from findall_frames.embedded.language.words import demonym_of, phrases, tokens

__all__ = ["code_of", "is_coded", "stands_for"]

_LANGUAGES = """
    English en eng, German de deu ger, French fr fra fre, Spanish es spa, Italian it ita,
    Portuguese pt por, Dutch nl nld dut, Swedish sv swe, Danish da dan, Norwegian no nor nb,
    Finnish fi fin, Icelandic is isl ice, Polish pl pol, Czech cs ces cze, Slovak sk slk slo,
    Hungarian hu hun, Romanian ro ron rum, Bulgarian bg bul, Greek el ell gre, Turkish tr tur,
    Russian ru rus, Ukrainian uk ukr, Croatian hr hrv, Serbian sr srp, Slovenian sl slv,
    Estonian et est, Latvian lv lav, Lithuanian lt lit, Irish ga gle, Welsh cy cym wel,
    Arabic ar ara, Hebrew he heb, Persian fa fas per, Hindi hi hin, Bengali bn ben, Urdu ur urd,
    Chinese zh zho chi, Japanese ja jpn, Korean ko kor, Vietnamese vi vie, Thai th tha,
    Indonesian id ind, Malay ms msa may, Swahili sw swa, Latin la lat
"""
_COUNTRIES = """
    Argentina AR ARG, Australia AU AUS, Austria AT AUT, Belgium BE BEL, Brazil BR BRA,
    Bulgaria BG BGR, Canada CA CAN, Chile CL CHL, China CN CHN, Colombia CO COL, Croatia HR HRV,
    Cyprus CY CYP, Czechia CZ CZE, Denmark DK DNK, Egypt EG EGY, Estonia EE EST, Finland FI FIN,
    France FR FRA, Germany DE DEU, Greece GR GRC, Hungary HU HUN, Iceland IS ISL, India IN IND,
    Indonesia ID IDN, Iran IR IRN, Iraq IQ IRQ, Ireland IE IRL, Israel IL ISR, Italy IT ITA,
    Japan JP JPN, Kenya KE KEN, Latvia LV LVA, Lithuania LT LTU, Luxembourg LU LUX,
    Malaysia MY MYS, Malta MT MLT, Mexico MX MEX, Morocco MA MAR, Netherlands NL NLD,
    New_Zealand NZ NZL, Nigeria NG NGA, Norway NO NOR, Pakistan PK PAK, Peru PE PER,
    Philippines PH PHL, Poland PL POL, Portugal PT PRT, Romania RO ROU, Russia RU RUS,
    Saudi_Arabia SA SAU, Serbia RS SRB, Singapore SG SGP, Slovakia SK SVK, Slovenia SI SVN,
    South_Africa ZA ZAF, South_Korea KR KOR, Spain ES ESP, Sweden SE SWE, Switzerland CH CHE,
    Taiwan TW TWN, Thailand TH THA, Turkey TR TUR, Ukraine UA UKR, United_Arab_Emirates AE ARE,
    United_Kingdom GB GBR UK, United_States US USA, Vietnam VN VNM
"""
_STATES = """
    Alabama AL, Alaska AK, Arizona AZ, Arkansas AR, California CA, Colorado CO, Connecticut CT,
    Delaware DE, Florida FL, Georgia GA, Hawaii HI, Idaho ID, Illinois IL, Indiana IN, Iowa IA,
    Kansas KS, Kentucky KY, Louisiana LA, Maine ME, Maryland MD, Massachusetts MA, Michigan MI,
    Minnesota MN, Mississippi MS, Missouri MO, Montana MT, Nebraska NE, Nevada NV,
    New_Hampshire NH, New_Jersey NJ, New_Mexico NM, New_York NY, North_Carolina NC,
    North_Dakota ND, Ohio OH, Oklahoma OK, Oregon OR, Pennsylvania PA, Rhode_Island RI,
    South_Carolina SC, South_Dakota SD, Tennessee TN, Texas TX, Utah UT, Vermont VT, Virginia VA,
    Washington WA, West_Virginia WV, Wisconsin WI, Wyoming WY
"""
_LISTS = {"language": _LANGUAGES, "state": _STATES, "country": _COUNTRIES}
_MOST = 0.8


@cache
def _codes(kind: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The codes of each name, both folded."""
    entries = (entry.split() for entry in phrases(_LISTS[kind]))
    return {
        tuple(tokens(name.replace("_", " "))): tuple(code.casefold() for code in codes)
        for name, *codes in entries
    }


def is_coded(values: Iterable[tuple[str, ...]], words: Iterable[str]) -> str:
    """What kind of codes values are: ``"language"``, ``"state"``, ``"country"``, or none.

    Parameters
    ----------
    values : iterable of tuple of str
        As tokens.
    words : iterable of str
        The words of the column's name, in full, which decide between codes of two kinds.
    """
    said = [value[0] if len(value) == 1 else "" for value in values]
    named = [kind for kind in _LISTS if kind in set(words)]
    for kind in (*named, *(kind for kind in _LISTS if kind not in named)):
        known = {code for codes in _codes(kind).values() for code in codes}
        if said and sum(one in known for one in said) >= _MOST * len(said):
            return kind
    return ""


def code_of(kind: str, name: tuple[str, ...], values: Iterable[tuple[str, ...]]) -> str | None:
    """The code among values that stands for a name; None where none does.

    Examples
    --------
    >>> code_of("language", ("german",), [("en",), ("de",)])
    'de'
    """
    standing = {value[0] for value in values if len(value) == 1}
    codes = _codes(kind).get(name) or _codes_of_adjective(kind, name)
    return next((code for code in codes if code in standing), None)


@lru_cache(maxsize=4096)
def _codes_of_adjective(kind: str, name: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of the place that an adjective is made from: German, South Korean."""
    places = (place for place in _codes(kind) if place[:-1] == name[:-1])
    place = next((place for place in places if demonym_of(name[-1], place[-1])), None)
    return _codes(kind)[place] if place and kind != "language" else ()


def stands_for(code: str, name: tuple[str, ...]) -> bool:
    """Whether a folded code is one of what a name is called."""
    return any(code in _codes(kind).get(name, ()) for kind in _LISTS)
