"""A condition in plainer words: without ado, and with one way to say a thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.language.quantities import ORDINALS
from findall_frames.embedded.language.words import singular, tokens
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Plain"]

_OPENING = re.compile(
    r"""^(?:please\s+)?(?:(?:i|we)(?:['’]m|['’]re|\s+am|\s+are)?\s+(?:only\s+|just\s+)?
    (?:looking\s+for|interested\s+in|after|need|want|would\s+like|care\s+about)
    |looking\s+for|find|give\s+me|show\s+me)\s+
    (?:(?:all|any|every|those|ones?)\s+)*(?:the\s+(?=\w+s\b))?(?=[^\W\d_])""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNED = re.compile(r"\b(?:an?\s+)?(negative|positive)(?=\s+[^\W\d_])", re.IGNORECASE)
_SIDES = {"negative": "below 0", "positive": "above 0"}
_PER_EACH = re.compile(r"\bper (\w+) and (?=(?:month|year|week|day|night|hour)\b)", re.IGNORECASE)
_LONGEST = 400
"""Characters of a condition in which an "it" is looked up."""
# "Flew past Jupiter or went into orbit around it".
_NAMED_BEFORE = re.compile(
    r"(?P<before>\S+ .*?\b(?P<name>[A-Z][\w-]+)\b.*\b(?:or|and)\b.*"
    r"\b(?:around|on|in|at|to|of|into|near|over|from|by|with)\s)it\b"
)
_TIMES = re.compile(
    r"\b(?P<how>more than|less than|fewer than|at least|at most|exactly|only|over)\s+"
    r"(?P<times>once|twice)\b",
    re.IGNORECASE,
)
_TIMES_OF = {"once": "1 time", "twice": "2 times"}
_SUCH_AS = re.compile(r"\b[\w-]+,? such as (?=\w)")
_ONE = re.compile(
    r"(?<!least )(?<!most )(?<!than )(?<!only )(?<!just )\b"
    r"(?P<how>one|single|dual|twin|triple|several|multiple)[ -](?P<noun>[a-z]+)\b"
)
_OUT_OF = re.compile(r"(?i)(?<=\d)\s?(?:/|out of)\s?(?:\d+|five|ten|twenty)\b")
_YET = re.compile(
    r"(?P<not>\bnot|n['’]t|\bnever) yet\b|\b(?:has|have|is|are) yet (?P<to>to )(?:be |have )?",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:is |are )?(?:still |yet )?to be (?:announced|confirmed|decided|determined|named)\b",
    re.IGNORECASE,
)
_DONE_BY = re.compile(
    r"^(?:the|its|their|any) [a-z]+ (?:was|were|is|are|has been|have been|must have been) "
    r"(?:done|caused|made|brought about) by\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"\b(?:nobody|no[ -]one|no people) (?:(?:lives?|lived|resides?)|(?P<work>works?|is employed))\b"
    r"(?: (?:there|here|on it|in it|at it))?|\buninhabited\b",
    re.IGNORECASE,
)
_GROUND = re.compile(r"\bground[ -]floor\b", re.IGNORECASE)
_OURSELVES = re.compile(r"\s+(?:with|to|for) us\b")  # who is with us is in no US
_WHO = re.compile(r"\b(?P<noun>[^\W\d_]+) (?:who|that|which) (?=[a-z])", re.IGNORECASE)
_CAPITALS = re.compile(r"(?<![\w\"&'.-])[A-Z]{2,3}(?![\w\"&'.-])")
_BARE_AGE = re.compile(
    r"(?:\b(?<=be )|(?<=is )|(?<=are )|^)(?P<how>over|under|above|below) (?P<age>\d{2})$",
    re.IGNORECASE,
)
_RATHER = re.compile(r",? (?:rather than|instead of|as opposed to) (?=[^\W\d_])", re.IGNORECASE)
_ROOM = re.compile(
    r"\b(?:room|space|places|a place) for (?=(?:[a-z]+ ){0,3}\d|[a-z]+ )", re.IGNORECASE
)
_OUT_OF_USE = re.compile(
    r"\bout of (?P<what>production|use|service|operation|commission|print|business|season)\b",
    re.IGNORECASE,
)
_HOW_MANY = {
    "dual": "exactly 2",
    "twin": "exactly 2",
    "triple": "exactly 3",
    "several": "at least 2",
    "multiple": "at least 2",
}
_ALONE = re.compile(
    r"\b(?:solo|solitaire|alone|on your own|by (?:your|one|my)self)\b", re.IGNORECASE
)
_SOMEBODY = re.compile(r"\b(?:1|one) (?:person|player)\b", re.IGNORECASE)
_OWNER = re.compile(r"\b[A-Z]\w+['’]s\s+(?P<owned>[A-Z]\w+)")
_FREE_OF = re.compile(r"\bfree (?:of|from) (?P<what>[^\W\d_]+)", re.IGNORECASE)
_TAKES_PLACE = re.compile(r"\b(?:takes?|took|taken|taking) place\b", re.IGNORECASE)
_UNFIT = re.compile(r"\b(?P<how>unsuitable|unfit|inappropriate|unsuited) (?:for|to)\b", re.I)
_BRING = re.compile(
    r"^(?:you|guests?|visitors?|people|one|tenants?|participants?|customers?|we|i) "
    # Who must not have a dog is asked about, not told what to leave at home.
    r"(?:(?:(?:may|can|could)(?P<not> ?not|n['’]t)?|are (?P<un>not )?(?:allowed|permitted) to) "
    r"(?:bring|take|have|keep)|must(?P<never> ?not|n['’]t) (?:bring|take)) "
    r"(?:along )?(?:an? |your |their |our |my |any )?(?P<whom>[a-z]+)"
    r"(?: along| with (?:you|them|us|me))?$",
    re.IGNORECASE,
)
# "Ships no longer use it", but "it is no longer used".
_NO_LONGER = re.compile(r"^(?P<who>(?:the )?[a-z]+s) no longer (?P<does>[a-z]+ )", re.IGNORECASE)
_UNABLE = re.compile(r"\b(?:unable\s+to|incapable\s+of|free\s+(?:of|from)|devoid\s+of)\s+", re.I)

_LIST = re.compile(r"(?<=\bin )\(([^()]+,[^()]+)\)")
_LESS = re.compile(r"\b(?P<root>[^\W\d_]{4,})less\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?P<which>last|past|previous|next|coming|this)\s+"
    r"(?:(?:\d+|few|couple\s+of|two|three|five|ten|twenty)\s+)?"
    r"(?P<span>years?|months?|weeks?|days?|decades?|quarter|century"
    r"|winter|spring|summer|autumn|fall)\b(?! of )",
    re.IGNORECASE,
)
_FREE = re.compile(r"\b(?P<what>[^\W\d_]+)-free\b", re.IGNORECASE)

# What compares needs no "exactly".
_COMPARED = re.compile(
    r"(?i)\b(?:than|at least|at most|above|below|over|under|up to|from)\s+(?:an?\s+|the\s+)?$"
)
_OR_MORE = re.compile(
    r"(?i)(?:\s+[a-z]+)?,?\s+(?:or|and)\s+(?:[a-z]+er|more|less|above|below|up|worse)\b"
)

_PRICES = frozenset(
    (
        "price",
        "cost",
        "fee",
        "charge",
        "fare",
        "admission",
        "entry",
        "ticket",
        "tuition",
        "rent",
        "subscription",
        "rrp",
        "msrp",
        "membership",
        "tariff",
        "toll",
    )
)
_OFTEN = frozenset(
    ("is", "are", "be", "the", "it", "its", "that", "which", "must", "of", "to", "a")
)
_FREELY = re.compile(
    r"(?:\b(?P<before>[^\W\d_]+) (?:is|are|must be|be) )?\b(?:costs? nothing|for free"
    r"|free of charge|at no (?:extra )?(?:cost|charge)|without charge"
    r"|(?<!-)free\b(?!\s+(?:of|from)\b|-)(?: (?P<noun>[a-z]+))?)",
    re.IGNORECASE,
)
_SOLD_OUT = re.compile(
    r"\b(?P<not>not )?(?:(?:is |are )?(?:out of|no longer in) stock|(?:is |are )?sold out)\b",
    re.IGNORECASE,
)

_NTH = rf"(?:{'|'.join(ORDINALS)}|\d+(?:st|nd|rd|th))"
_ORDINAL = re.compile(
    rf"\b(?P<nth>{_NTH})(?=(?:,? (?:and|or|to) (?:the )?{_NTH})*[ -](?P<noun>[a-z]+)\b)-?",
    re.IGNORECASE,
)


def _is_money(column: Column) -> bool:
    return column.unit is not None and column.unit.dimension == "money"


class Plain:
    """Puts conditions on one corpus into plainer words.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon

    def without_ado(self, text: str) -> str:
        """The text without "I'm looking for", and with one verb for each of two words."""
        if " it" in text and len(text) <= _LONGEST:
            text = _NAMED_BEFORE.sub(r"\g<before>\g<name>", text)
        text = self._gratis(text)
        text = _WHO.sub(self._of_part, self._of_people(_OURSELVES.sub("", text)))
        if not text.isupper():
            text = _CAPITALS.sub(self._quoted, text)
        plain = _PER_EACH.sub(r"per \1 per ", _OPENING.sub("", text))
        plain = _LESS.sub(self._lacking, _FREE.sub(self._without, plain))
        plain = _LIST.sub(lambda m: " or ".join(re.split(r"\s*,\s*", m.group(1))), plain)
        plain = _TO_COME.sub("is not given", _TAKES_PLACE.sub("happens", plain))
        plain = _BRING.sub(self._brought, plain)
        plain = _UNFIT.sub(self._not_suitable, plain)
        plain = _NO_LONGER.sub(r"no longer \g<who> \g<does>", plain)
        plain = self._uninhabited(_DONE_BY.sub("by", plain))
        plain = _YET.sub(lambda m: "not " if m["to"] else m["not"], plain)
        plain = _OUT_OF_USE.sub(self._not_in, _FREE_OF.sub(self._free_of, plain))
        if any(column.out_of for column in self._linker.columns):
            plain = _OUT_OF.sub("", plain)
        plain = _TIMES.sub(lambda m: f"{m['how']} {_TIMES_OF[m['times'].lower()]}", plain)
        plain = _UNABLE.sub("not ", self._lexicon.plain_verbs(_RATHER.sub(" and not ", plain)))
        plain = _ORDINAL.sub(self._numbered, self._by_legend(plain))
        if any("floor" in self._lexicon.spelled_out(" ".join(c.words)) for c in self._numbers()):
            plain = _GROUND.sub("floor exactly 0", plain)
        return self._alone(_SUCH_AS.sub("", _ONE.sub(self._one_of, plain)))

    def _brought(self, match: re.Match[str]) -> str:
        """Dogs allowed, for "you may bring your dog"."""
        whom = singular(match["whom"].lower())
        if not any(self._lexicon.means(whom, kind) for kind in ("animal", "pet", "child")):
            return match.group()
        denied = match["not"] or match["un"] or match["never"]
        return f"{match['whom']} are {'not ' if denied else ''}allowed"

    def _not_suitable(self, match: re.Match[str]) -> str:
        """Not suitable for children, where no row is called unsuitable."""
        how = match["how"].lower()
        known = self._linker.values([how]) or self._linker.names(how)
        return match.group() if known else "not suitable for"

    def _numbers(self) -> list[Column]:
        """Columns of numbers."""
        return [column for column in self._linker.columns if column.kind == "number"]

    def _quoted(self, match: re.Match[str]) -> str:
        """The IT of a department in quotes, as it is no pronoun."""
        said = match.group()
        return f'"{said}"' if self._linker.is_capital_value(said) else said

    def _of_part(self, match: re.Match[str]) -> str:
        """Customers who joined as customers joined, where a column is about the customers."""
        noun = singular(match["noun"].lower())
        if self._linker.is_kind(noun) or self._linker.values([noun]):
            return match.group()
        several = (c for c in self._linker.columns if len(c.words) > 1)
        forms = (
            form for c in several for own in c.words for form in self._lexicon.spelled_out(own)
        )
        return f"{match['noun']} " if noun in map(singular, forms) else match.group()

    def _of_people(self, text: str) -> str:
        """The text with "older than 50" for "over 50", where there are ages or days of birth."""
        match = _BARE_AGE.search(text)
        if match is None or not self._linker.named(["age", "birth"], ("number", "date")):
            return text
        how = "older" if match["how"].lower() in {"over", "above"} else "younger"
        return f"{text[: match.start()]}{how} than {match['age']}"

    def _gratis(self, text: str) -> str:
        """The text with "price exactly 0" for free, and "no stock" for sold out."""
        if self._linker.named(["stock"], ("number", "boolean")):
            text = _SOLD_OUT.sub(lambda m: "in stock" if m["not"] else "no stock", text)
        paid = [
            column
            for column in self._linker.columns
            if column.kind == "number"
            and (_is_money(column) or not _PRICES.isdisjoint(map(singular, column.words)))
            and not column.year_like
        ]

        def priced(match: re.Match[str]) -> str:
            about = [w for w in tokens(match["before"] or match["noun"] or "") if w not in _OFTEN]
            about = [word for word in about if not self._linker.is_kind(word)]
            meant = [c for c in paid if self._linker.match(c, about).score] if about else paid
            if len(meant) > 1 or not about:
                meant = [c for c in meant if not _PRICES.isdisjoint(map(singular, c.words))]
            if len(meant) != 1 or self._linker.values(["free", *about][: 1 + bool(about)])[1:]:
                return match.group()
            return f"{' '.join(meant[0].words)} exactly 0"

        said = tokens(text)
        known = self._linker.values(["free"]) if "free" in said else []
        valued = (match for match in known if match.column.kind == "text")
        if any(self._linker.match(match.column, said).score for match in valued):
            return text.replace("for free", "free")  # wifi, of which "free" is a value
        return _FREELY.sub(priced, text) if paid else text

    def _by_legend(self, text: str) -> str:
        """The text with "floor exactly 0" for ground floor, of a column "Floor (0 = ground)"."""
        for column in self._linker.columns:
            for meant, number in column.legend.items():
                own = "|".join(map(re.escape, column.words))
                # Without the name of the column, only a word that stands nowhere else is it.
                needed = "" if not self._linker.occurs(tokens(meant)[0]) else "{1}"
                named = rf"(?:[ -](?:{own})s?\b){needed or '?'}"
                pattern = rf"(?i)\b{re.escape(meant)}s?\b{named}"
                name = " ".join(column.words)

                def numbered(match: re.Match[str], name: str = name, number: str = number) -> str:
                    before, behind = match.string[: match.start()], match.string[match.end() :]
                    compared = _COMPARED.search(before) or _OR_MORE.match(behind)
                    return f"{name} {'' if compared else 'exactly '}{number}"

                text = re.sub(pattern, numbered, text)
        return text

    def _numbered(self, match: re.Match[str]) -> str:
        """The third floor as the 3 floor, where a column has the number of each."""
        nth, noun = match["nth"].lower(), singular(match["noun"].lower())
        numbered = any(
            c.kind == "number"
            and len(c.words) == 1
            and noun in self._lexicon.spelled_out(c.words[0])
            for c in self._linker.columns
        )
        if not numbered:
            return match.group()
        return f"{ORDINALS.index(nth) + 1} " if nth in ORDINALS else f"{nth[:-2]} "

    def _lacking(self, match: re.Match[str]) -> str:
        """Childless as no child, where a column counts or marks them."""
        named = self._linker.named([match["root"].lower()], ("number", "boolean", "list"))
        return f"no {match['root']}" if named and named[0].named else match.group()

    def _without(self, match: re.Match[str]) -> str:
        """Nut-free as without nut, unless a column is called so."""
        words = tokens(match.group())
        flags = self._linker.named(words, ("boolean",))
        called = any(found.named and len(found.used) == len(words) for found in flags)
        called = called or any(m.end - m.start == len(words) for m in self._linker.values(words))
        return match.group() if called else f"without {match['what']}"

    def is_relative(self, text: str) -> bool:
        """Whether a condition depends on the day it is asked on: released last year."""
        match = _RELATIVE.search(text)
        if match is None:
            return False
        named = {match["which"].lower(), singular(match["span"].lower())}
        return not any(named <= set(column.words) for column in self._linker.columns)

    def without_owners(self, said: str) -> str:
        """The text with JAXA for Japan's JAXA, and below 0 for negative."""
        if not self._linker.values(["negative", "positive"]):
            said = _SIGNED.sub(lambda match: _SIDES[match.group(1).lower()], said)
        return _OWNER.sub(self._without_owner, said)

    def _one_of(self, match: re.Match[str]) -> str:
        """A "one" before what a column counts or lists as a number: in one country."""
        found = self._linker.named([match["noun"]], ("number", "list", "text"))
        counted = any(
            m.named and (m.column.kind != "text" or m.column.index.lists_items) for m in found
        )
        how = match["how"].lower()
        if not counted and how == "one" and self._bounded([match["noun"]]):
            return f"1 {match['noun']}"
        return f"{_HOW_MANY.get(how, 'exactly 1')} {match['noun']}" if counted else match.group()

    def _bounded(self, words: Sequence[str]) -> bool:
        """Whether words name a range that stands in two columns."""
        return any(bounds.named_by(words, self._lexicon) for bounds in self._linker.bounds)

    def _alone(self, text: str) -> str:
        """The text with "1 person" for solo, where a table tells how many may take part."""
        if not _ALONE.search(text) or not self._bounded(["people"]):
            return text
        return _ALONE.sub("" if _SOMEBODY.search(text) else "1 person", text)

    def _uninhabited(self, text: str) -> str:
        """The text with "population exactly 0" where nobody lives, and seats for room."""
        nobody = _NOBODY.search(text)
        who = ["employees", "headcount"] if nobody and nobody["work"] else ["population"]
        people = self._linker.named(who, ("number",)) if nobody else []
        if people and people[0].named and not self._linker.named(["inhabited"], ("boolean",)):
            text = _NOBODY.sub(f"{' '.join(people[0].column.words)} exactly 0", text)
        seats = self._linker.named(["seats", "capacity"], ("number",))
        return _ROOM.sub("seats for ", text) if seats else text

    def _not_in(self, match: re.Match[str]) -> str:
        """Out of production as not in production, unless a row says just that."""
        known = any(m.end - m.start > 1 for m in self._linker.values(tokens(match.group())))
        return match.group() if known else f"not in {match['what']}"

    def _free_of(self, match: re.Match[str]) -> str:
        """Free of gluten as gluten-free, where that is a value."""
        words = [*tokens(match["what"]), "free"]
        whole = any(m.phrase == tuple(words) for m in self._linker.values(words))
        return "-".join(words) if whole else match.group()

    def _without_owner(self, match: re.Match[str]) -> str:
        """Japan's JAXA as JAXA, where that is a value."""
        known = self._linker.values(tokens(match["owned"]))
        return match["owned"] if known else match.group()
