"""Words as people write them, made comparable."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import takewhile

__all__ = [
    "alike",
    "beginning",
    "demonym_of",
    "fold",
    "irregular_forms",
    "phrases",
    "singular",
    "split_name",
    "stem",
    "tokens",
]


def phrases(text: str) -> tuple[str, ...]:
    """Words or phrases that are written one after the other with commas between them."""
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


_TOKEN = re.compile(r"\d+(?:\.\d+)+|[^\W_]+(?:['’][^\W\d_]+)?(?:\+\+|#)?")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "lives": "live",
    "made": "make",
    "built": "build",
    "born": "birth",
    "written": "write",
    "wrote": "write",
    "spoken": "speak",
    "spoke": "speak",
    "sold": "sell",
    "used": "use",
    "frozen": "freeze",
    "broken": "break",
    "stolen": "steal",
    "chosen": "choose",
    "hidden": "hide",
    "sung": "sing",
    "sang": "sing",
    "shown": "show",
    "thrown": "throw",
    "lost": "lose",
    "kept": "keep",
    "paid": "pay",
    "spent": "spend",
    "sent": "send",
    "drawn": "draw",
    "forbidden": "forbid",
    "woven": "weave",
    "drunk": "drink",
    "goes": "go",
    "won": "win",
    "held": "hold",
    "ran": "run",
    "led": "lead",
    "died": "death",
    "flight": "fly",
    "flew": "fly",
    "flown": "fly",
    "laid": "lay",
    "grew": "grow",
    "grown": "grow",
    "bought": "buy",
    "brought": "bring",
    "taught": "teach",
    "fed": "feed",
    "ate": "eat",
    "eaten": "eat",
    "caught": "catch",
    "drove": "drive",
    "driven": "drive",
    "went": "go",
    "gone": "go",
    "began": "begin",
    "begun": "begin",
    "weight": "weigh",
    "height": "high",
    "length": "long",
    "width": "wide",
    "depth": "deep",
    "data": "data",
    "series": "series",
    "species": "species",
    "movies": "movie",
    "cookies": "cookie",
    "calories": "calorie",
    "indices": "index",
    "gases": "gas",
    "buses": "bus",
    "viruses": "virus",
    "lenses": "lens",
}
_FORMS: dict[str, list[str]] = {}
for _form, _base in _IRREGULAR.items():
    _FORMS.setdefault(_base, []).append(_form)
_COMPOUND = re.compile(
    r"(?i)(?<![^\W_])(birth|death|start|end|release|launch|founding|publication|opening)"
    r"(place|date|day|year)(?![^\W_])"
)
_VOWEL = re.compile(r"[aeiouy]")
_DERIVATIONS = frozenset(
    phrases(
        """, e, t, th, ful, er, or, ee, ist, ion, ation, ition, ency, ence, ens, ent, ant, anse,
        ment, al, ity, y, ly, ship, ous, nes, age, ate, enci, ensi, anci, ive, ure, ize, iz, i, at,
        ur, um, ic, ar, ary, eli, li, ri, eer,
        tion"""
    )
)
# Repaired and repairable; produced and production, of which the stem ends in an s.
_DERIVED_ALONE = (
    {"", "abl"},
    {"", "ibl"},
    {"s", "ction"},
    {"", "ness"},
    {"t", "ci"},
    {"b", "ption"},
    {"m", "mption"},
    {"t", "ssion"},
    {"d", "sion"},
)
_FAR_APART = ({"t", "ssion"}, {"d", "sion"})
_DEMONYM_ENDINGS = phrases("n, an, ian, ean, ese, ish, i, ic, vian, nese, te, lander, ern")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case, without accents, with plain apostrophes."""
    if text.isascii():
        return text.casefold()
    bare = unicodedata.normalize("NFKD", text)
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold().replace("’", "'")


def tokens(text: str) -> list[str]:
    """The words and numbers of a text, folded; ``3.10``, ``c++`` and ``c#`` are one each."""
    return [token.removesuffix("'s") for token in _TOKEN.findall(fold(text))]


def split_name(name: str) -> tuple[str, ...]:
    """The words of a column or file name: ``"GDPPerCapita"`` and ``"gdp_per_capita"`` alike."""
    name = name.replace("%", " percent ").replace("²", "2").replace("³", "3")
    for sign, currency in (("$", " usd "), ("€", " eur "), ("£", " gbp "), ("¥", " jpy ")):
        name = name.replace(sign, currency)
    name = re.sub(r"(?<![^\W_])([A-Za-z])\.\s?([A-Za-z])\.", r"\1\2", name)
    name = re.sub(r"#(?=\s*[^\W\d_])", " number ", name)
    # "Hrs/wk" are hours per week.
    name = re.sub(r"(?i)/(?=\s?(?:day|d|wk|week|mo|month|yr|year|night)\b)", " per ", name)
    # "fooBar" are two words; "RoHS" and "PhD" are one.
    name = re.sub(
        r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z0-9]{3})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})",
        " ",
        name,
    )
    name = _COMPOUND.sub(r"\1 \2", name)
    name = re.sub(r"(?<=[A-Za-z])(?=\d{4}(?!\d))", " ", name)
    # A sign alone, as "#" over a column of numbers, is its own word.
    return tuple(tokens(name.replace("_", " "))) or (name,)


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """The singular of a folded English noun, by rule; other words may come back cut short."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if word.endswith("oes") and len(word) > 6:
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def irregular_forms(word: str) -> list[str]:
    """Forms of a folded word that do not begin like it: flew and flight of fly."""
    base = singular(word)
    return [base, *_FORMS.get(base, ())]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What the inflected and British and American forms of a folded word have in common."""
    word = singular(word.removesuffix("'s"))
    word = _IRREGULAR.get(word, word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest):
            doubled = rest[-1] == rest[-2] and rest[-1] not in "lsz"
            word = rest[:-1] if doubled else rest
            break
    if len(word) > 4:
        for british, american in (("our", "or"), ("tre", "ter"), ("ise", "ize"), ("yse", "yze")):
            # Raise and cruise are no British spellings.
            if word.endswith(british) and (british != "ise" or len(word) > 6):
                word = word.removesuffix(british) + american
        word = word.removesuffix("e")
        if word.endswith("c"):
            word = word[:-1] + "s"
        if word.endswith("is") and not word.endswith("sis") and len(word) > 5:
            word = word[:-2] + "iz"
    consonant_y = len(word) > 3 and word.endswith("y") and not _VOWEL.match(word[-2])
    return word[:-1] + "i" if consonant_y else word


_PERSON = re.compile(r"(?:istician|ician|icist|ist|ian|eer|er|or)$")
_TRADE = re.compile(r"(?:istics|ics|istry|ism|ing|ic|y|o)$")


def _practises(person: str, trade: str) -> bool:
    """Whether a folded word names who does what another names: physicist and physics."""
    root = _PERSON.sub("", person)
    if root == person or len(root) < 3 or person == "physician":
        return False
    other = _TRADE.sub("", trade)
    if other != trade and len(root) > 3 and root[-1] == root[-2]:
        root = root[:-1] if not other.endswith(root[-2:]) else root
    return other != trade and root == other


def _plain_form(word: str) -> str:
    """An adverb as the adjective that it is made from: publicly, statically."""
    plain = word.removesuffix("ly")
    return plain.removesuffix("al") if plain.endswith("ical") else plain


@lru_cache(maxsize=65536)
def alike(one: str, other: str) -> float:
    """How sure two folded words are forms of one: 1 the same word, 0.7 the same family, 0 not.

    Examples
    --------
    >>> alike("licence", "licensed"), alike("accelerates", "acceleration"), alike("mars", "cars")
    (1.0, 0.7, 0.0)
    """
    a, b = stem(one), stem(other)
    if a == b:
        return 1.0
    if one != other and _plain_form(one) == _plain_form(other):
        return 0.7
    people, trades = (singular(one), singular(other)), (other, one)
    if any(_practises(p, t) for p, t in zip(people, trades, strict=True)):
        return 0.7
    common = _common(a, b)
    if common >= 4 and a[common:] in _DERIVATIONS and b[common:] in _DERIVATIONS:
        return 0.7
    # What is repairable can be repaired; but what is portable has no ports.
    endings = {a[common:], b[common:]}
    if endings in _DERIVED_ALONE and (common >= 5 or (common == 4 and endings in _FAR_APART)):
        return 0.7
    return 0.0


def _common(one: str, other: str) -> int:
    """With how many letters both begin."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def beginning(word: str) -> str:
    """What the inflected forms of a folded word have in common: cit of city and cities."""
    return word[: _common(word, stem(word))]


@lru_cache(maxsize=65536)
def demonym_of(adjective: str, noun: str) -> bool:
    """Whether a folded adjective is regularly made from the name of a place, as Asian from Asia."""
    if len(noun) < 4 or adjective == noun or adjective[:3] != noun[:3]:
        return False
    adjective = adjective.removesuffix("s") if adjective.endswith("ns") else adjective
    if noun.endswith("y") and adjective == noun[:-1]:
        return True
    for cut in range(4):
        base = noun[: len(noun) - cut]
        # Icelandic and Pakistani leave more of the name; of a museum there is no music.
        endings = (end for end in _DEMONYM_ENDINGS if cut < 3 or end not in {"i", "ic"})
        if len(base) >= 3 and any(adjective == base + ending for ending in endings):
            return True
    return False
