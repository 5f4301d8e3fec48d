"""What surrounds the criteria of an objective: how it opens, courtesies, mere preferences."""

from __future__ import annotations

import re

__all__ = ["is_question", "sentences", "without_opening", "without_preferences"]

_ARTICLE = r"(?:the|an?|my|our|your|his|her|those|these)"
# Each may stand at the beginning, one behind another.
_STEPS = [
    re.compile(rf"^(?:{step})\s+", re.IGNORECASE)
    for step in (
        r"(?:hi|hello|hey|dear\s+\w+|good\s+(?:morning|afternoon|evening))(?:\s+there)?[,!.]*",
        r"(?:please|kindly|ok|okay|so|well|now|then)[,:]?",
        r"(?:can|could|would|will)\s+(?:you|we)(?:\s+please)?",
        r"(?:do|would)\s+(?:you|we)\s+(?:have|know(?:\s+of)?|happen\s+to\s+\w+)",
        r"(?:i|we)(?:['’](?:m|re|d|ve))?(?:\s+(?:am|are|have|would|will|currently|now|just|really|"
        r"urgently))*\s+"
        r"(?:(?:looking|searching|hunting|shopping)\s+(?:for|to)|interested\s+in|after|seeking|"
        r"trying\s+to|like|love|want|need|require|wish|wonder(?:ing)?|going\s+to)"
        r"(?:\s+to\s+\w+(?=\s))?(?:\s+(?:which|what)(?=\s))?",
        r"(?:i|we)(?:['’](?:m|re)|\s+(?:am|are))\s+(?:an?|the)\s+[^,.;]{1,60}?"
        r"(?:looking|searching|in\s+search)\s+(?:for|of)",
        r"(?:looking|searching|needed|wanted|seeking|in\s+search\s+of)(?:\s+for)?[:]?",
        r"help\s+(?:me|us)(?:\s+to)?",
        r"(?:is|are)\s+there",
        r"what\s+can\s+(?:i|we|you|one)\s+\w+",
        r"let['’]?s",
        r"tell\s+(?:me|us)\s+about",
        r"(?:find\s?all|find|list|show|give|get|name|identify|return|fetch|select|discover|collect|compile|"
        r"tell|provide|retrieve|enumerate|pick|suggest|recommend|display|see|know|have|buy|rent|"
        r"hire|send|bring|need|want|look|create|make|build|prepare|draw\s+up|check|"
        r"search(?=\s+(?:for|all|every|the|out)\b))"
        r"(?:\s+(?:me|us))?(?:\s+(?:out|for|up))?",
        r"(?:which|what)(?:\s+(?:is|are)(?=\s+(?:the|some|all)\b))?",
        rf"(?:{_ARTICLE}\s+)?(?:full\s+|complete\s+|comprehensive\s+|short\s+)?"
        r"(?:list|set|table|overview|selection|collection|names?)\s+of",
        r"(?:all|every|each|any|some|only|just|both)(?:\s+of)?(?:\s+possible)?",
        r"(?:pieces?|items?|examples?|instances?)\s+of",
        rf"(?:of\s+)?{_ARTICLE}",
    )
]
_ASKING = re.compile(
    r"^\W*(?:(?:so|and|please)\W+)?(?:which|what|who)\b(?!\s+(?:is|are)\s+(?:the|some)\b)",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"^(?:in|at|on|from|to)\s+(?:which|what)\s+(?P<noun>[^\W\d_]+(?:\s[^\W\d_]+)?)\s+"
    r"(?P<verb>is|are|was|were|do|does|did|can)\s+(?P<said>.+)\s(?P<last>\S+)$",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"""\s+(?:(?:in|from|of|on)\s+(?:the|this|my|our|your)\s+(?:(?:whole|entire|given)\s+)?
    (?:list|table|data|dataset|database|catalogue|catalog|corpus|file|collection|spreadsheet
      |index|records)
    |for\s+(?:me|us))(?=[\s,;.?!]|$)""",
    re.IGNORECASE | re.VERBOSE,
)
# "Sorted by price" asks for no other rows, nor does "regardless of size"; but "ordered by a school"
# and "ranked by Forbes" do.
_NO_MATTER = re.compile(
    r"(?:[,;]?\s+(?:(?:sorted|grouped|arranged)\s+by|(?:sorted|ordered|ranked)\s+from(?=[^,;.]*\sto\s)"
    r"|regardless\s+of|irrespective\s+of|no\s+matter)|[,;]\s+(?:ordered|ranked)\s+by)\b"
    r"(?:(?!\s(?:that|which|who|whose|with|without)\s)[^,;.])*",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"[,;.!?]*\s+(?:please|thanks|thank\s+you|many\s+thanks|cheers)"
    r"(?:\s+(?:so\s+much|very\s+much|in\s+advance|a\s+lot))?(?=[\s,;.!?]*$)",
    re.IGNORECASE,
)
_RATHER = (
    r"(?:ideally|preferably|desirably|as\s+an?\s+(?:plus|bonus)"
    r"|an?\s+(?:plus|bonus)(?:\s+(?:if|for|is)|(?=[:,]))"
    r"|bonus\s+points(?:\s+(?:if|for))?|bonus(?:\s+(?:if|for)|(?=:))"
    r"|(?:it\s+)?(?:would|'d)\s+be\s+(?:nice|great|good|ideal|lovely)\s+(?:if|to)"
    r"|nice\s+to\s+have)"
)
_BEFORE = re.compile(
    rf"(?:^|[,;.(]?\s+)(?:(?:and|but|or)\s+)?{_RATHER}\b[:,]?\s*(?P<said>[^,;.()]*)\)?",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:^(?=(?:\S+\s+){1,4}(?:if|would|is|are))|[,;.]\s+|\s(?=and\s))(?:and\s+|but\s+)?"
    r"(?P<said>[^,;.]*?)[\s(,]+"
    r"(?:if\s+(?:at\s+all\s+)?possible|(?:(?:would|'d)\s+be|is|are)\s+"
    r"(?:nice(?:\s+to\s+have)?|a\s+(?:plus|bonus)|preferred|optional|(?<=be\s)welcome))\)?(?=[,;.\s]*$|[,;.])",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|good\s+(?:morning|afternoon|evening)|dear)(?:\s+\w+){0,2}", re.IGNORECASE
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:st|dr|mr|mrs|ms|no|vs|approx|inc|ltd|co|corp|e\.g|i\.e|etc|min|max|ca|u\.s|u\.k"
    r"|[a-z]))\.$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[\s,;:.]*\n\s*(?:[-*•–]|\d+[.)])\s+")
_DASH = re.compile(r"(?<!\d)\s+[-–—]\s+")
_END = re.compile(r"(?<=[.?!;])\s+|:\s+(?=(?:which|what|find|list|show|give)\b)", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The sentences of a text, and the items of its lists, without their full stops.

    Examples
    --------
    >>> sentences("Find tools. They must be free; at least 100 users, e.g. Acme Inc. in Rome")
    ['Find tools', 'They must be free', 'at least 100 users, e.g. Acme Inc. in Rome']
    """
    found: list[str] = []
    plain = _DASH.sub(", ", " ".join(_ITEM.sub(". ", text).split()))
    for part in _END.split(plain):
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    polite = (_COURTESY.sub("", f" {part}").strip(" ,;.!?") for part in found)
    return [part for part in polite if part and not _GREETING.fullmatch(part)]


def is_question(text: str) -> bool:
    """Whether a sentence asks which: its verb may then stand right behind the noun."""
    return bool(_ASKING.match(text))


def without_opening(text: str) -> str:
    """What is looked for, and no more of the request.

    Examples
    --------
    >>> without_opening("Could you please give me a list of all the museums in Rome")
    'museums in Rome'
    >>> without_opening("In which countries is French spoken")
    'countries where French is spoken'
    """
    text = _NO_MATTER.sub("", _HERE.sub("", text))
    where = _WHERE.match(text)
    if where is not None:
        verb = "" if where["verb"].lower() in {"do", "does", "did"} else f" {where['verb']}"
        return f"{where['noun']} where {where['said']}{verb} {where['last']}"
    before = ""
    while text != before:
        before = text
        for step in _STEPS:
            text = step.sub("", text, count=1)
    return text


def without_preferences(text: str) -> tuple[str, list[str]]:
    """A sentence without what is only preferred, and that.

    Examples
    --------
    >>> without_preferences("flats in Rome, ideally with a garden, under 900 euros")
    ('flats in Rome, under 900 euros', ['with a garden'])
    """
    preferred: list[str] = []

    def drop(match: re.Match[str]) -> str:
        preferred.append(match["said"].strip())
        return ""

    for pattern in (_BEFORE, _BEHIND):
        text = pattern.sub(drop, text)
    return text.strip(" ,;"), [said for said in preferred if said]
