"""What else an objective wants to be told of each match: "and their capital"."""

from __future__ import annotations

import re
from collections.abc import Callable

from findall_frames.embedded.language.quantities import find_quantities

__all__ = ["named_first", "only_wishes", "without_wishes"]

_WORD = r"[^\W\d_][\w'’/-]*"
_LINK = re.compile(
    r"""(?:[,;:]\s*|\s+\(?)
    (?P<links>(?:(?:and|along\s+with|together\s+with|including|include|plus|also|as\s+well\s+as
      |with|then|showing|listing|giving|stating|noting|listed|shown)\b\s*|incl\.\s*)*)""",
    re.IGNORECASE | re.VERBOSE,
)
_SURE = re.compile(
    r"\b(?:along|together|well|including|incl|plus|showing|listing|giving|stating|listed|shown)\b"
)
_ASKING = re.compile(
    r"""^(?:(?:please|also|then|and|could\s+you|can\s+you)\s+)*
    (?P<verb>list|give|show|tell|include|find|get|return|add|report|provide|state|mention|note|name
      |look\s+up|let|(?:i|we)(?:['’]d|\s+would)?\s+(?:also\s+)?(?:like|want|need|love)
      (?:\s+to\s+(?:know|see|have|get))?)\s+
    (?P<us>(?:me|us)\b(?:\s+know)?\s*)?
    (?:also\s+|about\s+)?(?P<each>(?:for\s+|of\s+|with\s+)?each(?:\s+(?:one|of\s+them))?\b,?\s*)?(?P<what>.+)$""",
    re.IGNORECASE | re.VERBOSE,
)
_WHOSE = re.compile(r"^(?:their|its|his|her)\s+", re.IGNORECASE)
_OF_THEM = re.compile(
    r"^(?:their|its|the\s+\w+\s+(?:of|for)\s|how|when|who|what|where|whether)\b", re.IGNORECASE
)
_OF_EACH = re.compile(
    r"\s+(?:of|for)\s+(?:each|every(?:\s+one)?|them)(?:\s+(?!and\b)\w+)?$", re.IGNORECASE
)
_EACH_FIRST = re.compile(r"^(?:for|of)\s+(?:each|every)(?:\s+one)?(?:\s+of\s+them)?,?\s+")
_TEXT = re.compile(
    r"^(?:(?:in|at|by|for|from|to|with|on)\s+(?=wh|how\s))?(?:how|when|who|whom|what|which|where|whether|why|if)\s+\S",
    re.IGNORECASE,
)
_ABOUT_THEM = re.compile(r"\b(?:they|them|their|it|its|each|he|she)\b", re.IGNORECASE)
_RELATIVE_WHO = re.compile(
    r"^who\s+(?:are|is|was|were|have|has|had|do|does|can|also|never|not)\b", re.IGNORECASE
)
_GREATEST = re.compile(r"\b(?:most|least|same|only|best|worst|[^\W\d_]{3,}est)\b", re.IGNORECASE)
_SAYING = re.compile(
    r"\b(?:in|is|are|was|were|has|have|above|below|over|under|near|at|that|who|cost|costs)\b",
    re.IGNORECASE,
)
_APART = re.compile(r"\s*,\s*(?:and\s+|plus\s+)?|\s+(?:and|plus|as\s+well\s+as)\s+", re.IGNORECASE)
_DETERMINER = re.compile(
    r"^(?:(?:also|both)\s+)?(?:their|its|his|her|the|an?|each(?:\s+one)?['’]?s?)\s+", re.IGNORECASE
)
_QUESTION = re.compile(r",?\s+and\s+(?=(?:how|when|who|what|where|whether)\b)", re.IGNORECASE)
_TOO = re.compile(r",?\s+(?:too|as\s+well|also|please)$", re.IGNORECASE)
# "The agent who handled them" is the agent.
_WHICH = re.compile(r"\s+(?:who|which|that)\s[^,]*\b(?:them|it)$", re.IGNORECASE)
_WHICH_ONES = re.compile(r"^which\s+(?:ones|of\s+(?:them|these|those))\b", re.IGNORECASE)
_LONGEST = 4
_OF_ALL = re.compile(r"\s+(?:of|for)\s+(?:(?:all|every|each|any|the|of)\s+)*(?=\S)", re.IGNORECASE)


def without_wishes(text: str, names: Callable[[str], bool]) -> tuple[str, list[str]]:
    """A sentence without what it wants to be told at its end, and that.

    Parameters
    ----------
    text : str
        The sentence.
    names : callable
        Whether a noun names a column.

    Examples
    --------
    >>> without_wishes("Find lakes in Asia and tell me their depth", lambda noun: False)
    ('Find lakes in Asia', ['depth'])
    >>> without_wishes("lakes in Asia, and who owns them", lambda noun: False)
    ('lakes in Asia', ['who owns them'])
    """
    for match in _LINK.finditer(text):
        links = " ".join(match["links"].lower().split())
        comma = match.group().lstrip()[:1] in {",", ";", ":"}
        if not (links or comma) or not match.start():
            continue
        rest = text[match.end() :]
        for wish in (rest, f"include {rest}" if links.endswith("include") else rest):
            found = _told(wish, links, comma, names)
            if found:
                return text[: match.start()].rstrip(" ,;"), found
    return text, []


def only_wishes(sentence: str) -> list[str]:
    """What a sentence behind the first asks to be told, if it asks nothing else.

    Examples
    --------
    >>> only_wishes("Please include the price and the licence")
    ['price', 'licence']
    >>> only_wishes("What do they cost")
    ['what do they cost']
    """
    if _WHICH_ONES.match(sentence):
        return []
    asking = _ASKING.match(sentence)
    wanted = asking is not None and asking["verb"].split()[0].lower() in {"i", "we"}
    if asking is not None and (not wanted or _OF_THEM.match(asking["what"])):
        return _items(asking["what"])
    plain = re.sub(r"^(?:and|also|plus)[,\s]+", "", sentence, flags=re.IGNORECASE)
    if _TEXT.match(plain) or _EACH_FIRST.match(plain.lower()):
        plain = _EACH_FIRST.sub("", plain.lower()) if not _TEXT.match(plain) else plain
        plain = re.sub(r"^(?:what|who)\s+(?:is|are)\s+(?=their\b|its\b)", "", plain, flags=re.I)
        return _items(plain[:1].lower() + plain[1:])
    return []


def named_first(
    text: str, names: Callable[[str], bool], is_kind: Callable[[str], bool]
) -> tuple[str, list[str]]:
    """What is looked for, where it stands behind what is to be told of it.

    Examples
    --------
    >>> named_first("names and prices of all wines from Spain", {"prices"}.__contains__,
    ...             {"wines"}.__contains__)
    ('wines from Spain', ['prices'])
    """
    for match in _OF_ALL.finditer(text):
        rest = text[match.end() :]
        if not match.start() or not any(map(is_kind, rest.split()[:3])):
            continue
        items = _items(text[: match.start()])
        told = [item for item in items if not re.fullmatch(r"names?|titles?", item.lower())]
        own = any(is_kind(word) for item in told for word in item.split())
        if not own and all(map(names, told)):
            return rest, told
    return text, []


def _told(rest: str, links: str, comma: bool, names: Callable[[str], bool]) -> list[str]:
    """The wishes that the end of a sentence consists of; none where it asks something else."""
    asking = _ASKING.match(rest)
    if asking is not None and (links or comma):
        what = asking["what"]
        ours = asking["us"] or asking["each"] or _WHOSE.match(what) or _OF_EACH.search(what)
        if ours and not (find_quantities(what) and not _TEXT.match(what)):
            return _items(what)
    if _TEXT.match(rest) and (_SURE.search(links) or "with" not in links.split()[-1:]):
        return _items(rest) if _asks(rest, apart=comma) else []
    if _STANDING.match(rest) and (links or comma):
        return _items(rest)
    if _OF_THEIRS.match(rest) and (links or comma) and not _SAYING.search(rest):
        return _items(rest)
    parts = _QUESTION.split(rest, maxsplit=1)
    if len(parts) > 1 and (before := _told(parts[0], links, comma, names)):
        return [*before, *_items(parts[1])]
    if find_quantities(rest):
        return []
    sure = bool(_SURE.search(links))
    if _GREATEST.search(rest):
        own = _WHOSE.match(rest) and (links or comma) and not _SAYING.search(rest)
        return _items(rest) if own else []
    if not sure and _SAYING.search(_WHICH.sub("", rest)):
        return []
    if _WHOSE.match(rest) and (links or comma):
        return _items(rest)
    items = _items(rest)
    the = rest.lower().startswith("the ") and (sure or (comma and "with" in links))
    short = all(len(item.split()) <= _LONGEST for item in items)
    if the and short and ("including" not in links or all(map(names, items))):
        return items
    if _OF_EACH.search(rest) and (sure or rest.lower().startswith("the ")):
        return items
    if comma and links == "and" and rest.startswith("the ") and all(map(names, items)):
        return items  # "under 600 euros, and the agent"
    bare = sure or (comma and links.split()[-1:] == ["with"])
    enough = any if links.startswith("plus") else all
    return items if bare and short and enough(map(names, items)) else []


def _asks(rest: str, *, apart: bool) -> bool:
    """Whether a question is put, and no criterion: who sponsors them, not who know Python."""
    first, second = [word.lower() for word in rest.split()[:2]]
    if first not in _ASKERS and second in {"which", "whom", "whose"}:
        return bool(re.search(r"\b(?:they|them)\b", rest))  # "for which the owner paid"
    if first in {"which", "where", "if", "whether"}:
        return bool(_ABOUT_THEM.search(rest))
    if _THE.match(rest):
        return True
    if first == "who" and apart and _OF_ONE.match(rest):
        return not find_quantities(rest)
    if first == "who" and _RELATIVE_WHO.match(rest) and not _ABOUT_THEM.search(rest):
        return False
    if first == "who" and not _ABOUT_THEM.search(rest) and not _THIRD.match(rest):
        return False
    return not find_quantities(re.sub(r"^how\s+\w+", "", rest))


# "The cities they stand in".
_STANDING = re.compile(
    rf"^the\s+{_WORD}(?:\s{_WORD}){{0,2}}?\s+(?P<link>that\s+|when\s+|where\s+"
    r"|(?:in|on|at|from|by|for|to)\s+which\s+)?(?:they|it)\s",
    re.IGNORECASE,
)
_ASKERS = frozenset(("how", "when", "who", "what", "which", "where", "whether", "why", "if"))
# "The names of their owners".
_OF_THEIRS = re.compile(rf"^the\s+{_WORD}\s+of\s+(?:their|its)\s", re.IGNORECASE)
# "Who the agent was".
_THE = re.compile(r"^(?:who|what)\s+(?:the|their|its)\s.*\s(?:is|was|are|were)$", re.IGNORECASE)
# Of several, "who is hiring" asks; "who are hiring" tells.
_OF_ONE = re.compile(r"^who\s+(?:is|was|has|does)\b", re.IGNORECASE)
# "Who wrote the libretto" asks; "who know Python" tells.
_THIRD = re.compile(r"^who\s+(?:\w+ed|\w+s|wrote|made|built|sang|led|held|won|ran|drew)\s+the\b")


def _items(text: str) -> list[str]:
    """What is listed, item by item; the clauses of questions stay whole."""
    text = _OF_EACH.sub("", _TOO.sub("", text.strip(" ,;.?!()")))
    if _TEXT.match(text):
        return [part.strip() for part in _QUESTION.split(text)]
    standing = _STANDING.match(text)
    if standing is not None and (standing["link"] or "that").strip().lower() != "that":
        return [text.removeprefix("the ")]  # "year in which they were approved"
    if standing is not None:
        return [re.split(r"\s+(?:that\s+)?(?:they|it)\s", text.removeprefix("the "))[0]]
    text = _WHICH.sub("", text)
    parts = (_DETERMINER.sub("", part.strip()) for part in _APART.split(text))
    return [part for part in parts if part]
