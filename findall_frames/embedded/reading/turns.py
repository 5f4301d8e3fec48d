"""Turns of phrase that are plain once the columns are known: not made any more, for four."""

from __future__ import annotations

import re

from findall_frames.embedded.language.english import is_negator
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import alike, fold, phrases, stem, tokens
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Turns"]

_LONGEST = 400
"""Characters of a condition that is looked through for them."""
_NUMBER = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty)"
_SPACED = re.compile(r"(?<![\w.,/-])\d{1,3}(?: \d{3})+(?![\w/-]|[.,]\d)")
_AT_ALL = re.compile(
    r",? at all\b(?=\s*(?:[,;.]|$|in|on|during|over|within|for|since|and|or|but)\b|$)"
)
_FROM_BEFORE = re.compile(r"\bfrom (?=(?:before|after|around|about|earlier than|later than) \d)")
_ANY_MORE = re.compile(
    r"(?:n['’]t|\s+not)\b(?P<said>[^,;]*?)\s+any ?(?:more|longer)\b(?! than)", re.IGNORECASE
)
_MAKING = r"(?:make|made|build|built|produced?|manufactured?|assembled?)"
_LASTING = re.compile(
    r"^(?P<head>.*?)\b(?P<how>no longer|still)\s+(?:(?:being|be|in)\s+)?"
    rf"(?:{_MAKING}|making|building|production|manufacture)(?:\s+(?:it|them|this|one))?$",
    re.IGNORECASE,
)
_MADE = frozenset(map(stem, phrases("made, built, produced, production, manufactured, making")))
_OVER = frozenset(phrases("last, until, till, end, ended, ceased, stopped, to, final"))
_ENDED = re.compile(
    r"^(?:the |its |their )?(?P<noun>[a-z]+) (?:(?:has|have|had|was|is) )?(?:been )?"
    r"(?:ended|ceased|stopped|discontinued|halted|finished|suspended)$",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"\b(?:one|ones|those|places?|somewhere|anywhere|spots?|locations?|areas?)"
    r"(?: where| in which)\b",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"(?P<before>^|\b(?:where|which|that|and|but|or) )(?:the )?"
    r"(?:(?:most|many|some|local) )?(?:people|one|you|they|we|locals|inhabitants|residents"
    r"|everyone|everybody|folks?|nobody(?P<none>))\s+"
    r"(?:(?:can|could|may|might|will|would|must|also|mostly|mainly|usually|often|still)\s+)*"
    r"(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"\b(?:in|over|during|within|for|of)?\s*(?:the |these |our )?(?:last|past|previous)\s+"
    rf"(?:(?P<n>{_NUMBER})\s+)?(?P<unit>days?|weeks?|months?|quarter|years?)\b",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"^(?:l|last|past)?(?P<n>\d{1,3})(?P<unit>d|days?|w|wks?|m|mo|mos|months?|y|yrs?)$"
)
_DAYS = {"d": 1, "w": 7, "m": 30, "q": 90, "y": 360}
_MORE_THAN = re.compile(
    rf"\b(?P<how>more|fewer|less)\s+(?P<noun>(?:[a-z]+\s+){{1,4}})than\s+(?P<n>{_NUMBER}k?)$",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?<!least )(?<!most )(?<!than )(?<!only )(?<!just )(?<!exactly )"
    r"(?<!without )(?<!not )(?<!nor )(?<!no )"
    r"\b(?:one|a single)[ -](?P<what>[a-z]+(?:[ -][a-z]+)?)\b"
)
_FOR_SOME = re.compile(
    rf"\b(?:enough )?for (?P<n>(?:(?:at least|up to|at most|more than|exactly) )?{_NUMBER}|one)"
    r"(?P<more> or (?:more|fewer|less))?(?: (?:people|persons|guests|diners|eaters|heads))?"
    r"(?=$|[,;.]| (?:and|or(?! more| fewer| less)|with|that|which|in|under)\b)",
    re.IGNORECASE,
)
_SERVING = ("serves", "servings", "portions", "persons")
_AMOUNT = re.compile(
    r"^(?P<head>(?:.* must be |must be |(?:is |are )?(?:sold|offered|listed|to be had) )?)"
    r"(?P<for>for )?(?P<how>at most |up to |under |below |less than |no more than |not more than "
    r"|over |above |at least |more than |around |about )(?P<n>\d[\d.,]*)(?P<k> ?k)?$",
    re.IGNORECASE,
)
_PRICES = frozenset(phrases("price, cost, fee, fare, rent, rrp, msrp, rate, tuition"))
_WITHOUT = re.compile(
    r"^(?P<head>(?:.*\bmust be |must be )?(?:an? )?)"
    r"(?:non-?(?P<non>[a-z]+)|(?P<free>[a-z]+)-free) (?P<rest>[a-z][^,;]*)$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\b(?:and|or|nor|but|not|no|that|which|who|with|without)\b", re.IGNORECASE)


_MAY = re.compile(r"(?:^|(?<=that )|(?<=which )|(?<=who )|(?<=it )|(?<=they ))may (?=[a-z])")
_INCLUSIVE = re.compile(
    r"(?<=\w)(?:,? \(?(?:both )?inclusive(?:ly)?\)?|,? both (?:ends )?included)$", re.I
)
_DECADES = re.compile(
    r"(?<=ties) (?P<link>or|and) "
    r"(?=(?:(?:early|mid|late)[ -])?(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b)"
)
_AMOUNTS = re.compile(
    r"(?P<before>\b(?:pay|paying|pays|paid|cost|costs|costing|charge|charges|earn|earns)\s"
    r"(?:[a-z]+\s){0,3})?(?<![\d.,-])(?P<n>[1-9]\d{3})(?![\d.,-])(?P<per>\s(?:a|an|per|each|every)\s"
    r"(?:day|week|month|night|year|hour|person|head)\b)?",
    re.IGNORECASE,
)
_EXCLUDING = re.compile(
    r"\b(?:but|and|yet) (?:excludes?|omits?|leaves? out) (?=[^\W_])", re.IGNORECASE
)
_THE_ONLY = re.compile(
    r"^(?:the |its |their )?only (?P<noun>[a-z]+) (?:is|are|being) (?P<value>[^,;]+)$",
    re.IGNORECASE,
)
_NON = re.compile(r"\bnon-?(?P<what>[a-z]{4,})\b", re.IGNORECASE)


class Turns:
    """Puts the turns of conditions on one corpus into plainer words.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def plain(self, text: str) -> str:
        """The text with each of them said by the names of columns."""
        if len(text) > _LONGEST:
            return text
        text = _SPACED.sub(lambda match: match.group().replace(" ", ""), text)
        text = _DECADES.sub(r" \g<link> the ", _MAY.sub("can ", _INCLUSIVE.sub("", text)))
        text = _EXCLUDING.sub("but not ", _THE_ONLY.sub(r"\g<noun> is only \g<value>", text))
        text = _AMOUNTS.sub(_amount, text)
        text = _FROM_BEFORE.sub("", _AT_ALL.sub("", text))
        text = _ANY_MORE.sub(lambda match: f" no longer{match['said']}", text)
        text = _ENDED.sub(self._ended, _LASTING.sub(self._lasting, text))
        text = _SOMEBODY.sub(self._done, _WHERE.sub("where", text))
        text = _SPAN.sub(self._headed, text)
        text = _MORE_THAN.sub(self._compared, text)
        text = _FOR_SOME.sub(self._serving, _ONE.sub(self._single, text))
        text = _WITHOUT.sub(self._without, _AMOUNT.sub(self._priced, text))
        return _NON.sub(self._none, text)

    def _named(self, words: list[str], *kinds: str) -> Column | None:
        """The column that all of some words name, as they stand in its name."""
        for match in self._linker.named(words, kinds):
            own = [any(alike(word, one) == 1 for one in match.column.words) for word in words]
            if all(own):
                return match.column
        return None

    def _lasting(self, match: re.Match[str]) -> str:
        """No longer made as not in production, or as made until a year that is given."""
        over = match["how"].lower() != "still"
        for column in self._linker.columns:
            made = any(stem(word) in _MADE for word in column.words)
            name = " ".join(column.words)
            if made and (column.kind == "boolean" or column.shaded):
                return f"{match['head']}{'not ' * over}{name}"
            ends = made and not _OVER.isdisjoint(column.words)
            ends = ends or "discontinued" in column.words
            if ends and (column.kind == "date" or column.year_like):
                return f"{name} is {'' if over else 'not '}given"
        return match.group()

    def _ended(self, match: re.Match[str]) -> str:
        """Production has ended as not in production."""
        column = self._named([fold(match["noun"])], "boolean")
        if column is None or not _OVER.isdisjoint(column.words):
            return match.group()
        return f"not {' '.join(column.words)}"

    def _done(self, match: re.Match[str]) -> str:
        """People speak Welsh as speak Welsh, where a column is about what is spoken."""
        verb = fold(match["verb"])
        kinds = ("text", "list", "boolean")
        name = self._linker.corpus.name_column
        meant = any(m.column.name != name for m in self._linker.named([verb], kinds))
        if not meant or not Token(verb).is_content or match["none"] is not None:
            return match.group()
        return f"{match['before']}{match['verb']}"

    def _headed(self, match: re.Match[str]) -> str:
        """In the last twelve months as 12m, where that is a word of a header."""
        some = find_quantities(match["n"] or "1")
        if len(some) != 1:
            return match.group()
        days = some[0].value * _DAYS[match["unit"][0].lower()]
        for column in self._linker.columns:
            for word in column.words:
                headed = _HEADED.match(word)
                if headed and int(headed["n"]) * _DAYS[headed["unit"][0]] == days:
                    rest = [own for own in column.words if own != word]
                    if self._linker.match(column, [*tokens(match.string), word]).named and rest:
                        return f" {word}"
        return match.group()

    def _compared(self, match: re.Match[str]) -> str:
        """More open issues than 50 as more than 50 open issues."""
        words = tokens(match["noun"])
        found = self._linker.named(words, ("number", "list"))
        if not any(m.named for m in found):
            return match.group()
        return f"{match['how']} than {match['n']} {match['noun'].strip()}"

    def _single(self, match: re.Match[str]) -> str:
        """One previous owner as exactly one, where a column counts the owners."""
        words = tokens(match["what"])
        if any(map(is_negator, tokens(match.string[: match.start()]))):
            return match.group()  # who has not a single one has none
        for size in range(len(words), 0, -1):
            counted = [
                m
                for m in self._linker.named(words[:size], ("number",))
                if len(m.used) == size and m.column.unit is None
            ]
            named = self._named(words[:size], "number") is not None
            if counted and (counted[0].named or named):
                rest = " ".join(words[size:])
                return f"exactly 1 {' '.join(words[:size])} {rest}".rstrip()
        return match.group()

    def _serving(self, match: re.Match[str]) -> str:
        """For four as serves four, where a column says how many a dish is for."""
        columns = [self._named([word], "number") for word in _SERVING]
        column = next((one for one in columns if one is not None), None)
        if column is None:
            return match.group()
        return f"{' '.join(column.words)} {match['n']}{match['more'] or ''}"

    def _priced(self, match: re.Match[str]) -> str:
        """For at most 15k as a price of that, where one column has prices."""
        paid = [
            column
            for column in self._linker.columns
            if column.kind == "number" and not _PRICES.isdisjoint(column.words)
        ]
        if len(paid) != 1 or not (match["for"] or match["k"]):
            return match.group()
        return f"{' '.join(paid[0].words)} {match['how']}{match['n']}{(match['k'] or '').strip()}"

    def _none(self, match: re.Match[str]) -> str:
        """Nonstop as no stop, where a column counts the stops."""
        counted = self._named([fold(match["what"])], "number")
        return match.group() if counted is None else f"no {match['what']}"

    def _without(self, match: re.Match[str]) -> str:
        """A non-vegetarian main as a main that is not vegetarian."""
        what, rest = match["non"] or match["free"], match["rest"]
        said = tokens(match.group()[len(match["head"]) :])
        whole = [m for m in self._linker.values(said) if m.start == 0 and m.end > 1]
        words = tokens(rest)
        says = [m for m in self._linker.values(words) if m.start == 0]
        of_kind = len(words) > 1 and self._linker.is_kind(words[0])
        if whole or not (says or of_kind) or _JOINED.search(rest):
            return match.group()
        lacks = f"not {what}" if match["non"] else f"without {what}"
        return f"{match['head']}{rest} that is {lacks}"


def _amount(match: re.Match[str]) -> str:
    """What is paid, and what so much is of each month, is no year: 2,000 a month."""
    dated = re.search(r"\b(?:in|since|before|after|until|from)\s$", match["before"] or "")
    if not (match["before"] or match["per"]) or dated:
        return match.group()
    return f"{match['before'] or ''}{int(match['n']):,}{match['per'] or ''}"
