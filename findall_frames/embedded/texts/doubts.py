"""Numbers that were once, are yet to be, are only compared, or belong to somebody else."""

from __future__ import annotations

import re
from typing import Final

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.words import phrases

__all__ = ["doubt_of"]

# How much less a number counts, as if in characters, where one of these stands before it in its
# clause: what was once, what is to be, what is only compared, what somebody else has.
_DOUBTS: Final = tuple(
    (re.compile(rf"\b(?:{'|'.join(phrases(forms))})\b[^,()]*$"), cost)
    for cost, forms in (
        (
            30.0,
            r"""former, formerly, previously, once(?! (?:an?|every|per|in|or)\b), originally,
            used to, no longer, in place of, instead of, down from, up from, low of,
            by (?:1[5-9]|20)\d\d,
            (?:each|every) (?!year|month|week|day|night)\w+ (?:has|have|with)""",
        ),
        (
            20.0,
            r"""plans?, planned, hopes?, hoped, intends?, intended, proposed, proposal, might,
            (?:is|was|are|were|been) (?:expected|built|designed|meant|due) to, could, would, will,
            may last""",
        ),
        (
            40.0,
            r"""unlike, unlike [^;:()]+ (?:which|who|whose|where), compared (?:with|to),
            rather than, against, (?:twice|double) (?:as|the|its|that),
            (?:as|so) (?!well|many|much|soon|few|little)\w+ as,
            (?:our|my|your|his|her|their) (?:[\w-]+ )?[\w-]+\W+who""",
        ),
        (15.0, "who, whose"),
    )
)
_ANY_DOUBT = re.compile("|".join(pattern.pattern for pattern, _ in _DOUBTS))
_PLANNED = re.compile(
    r"[^,;:()]*\b(?:(?:is|are|was|were|been) (?:planned|proposed|expected|foreseen|due to)"
    r"|(?:is|are) to (?:be|come|follow)|will be|under construction)\b",
    re.IGNORECASE,
)
# "It had 700 workers before the crisis."
_BACK_THEN = re.compile(
    r"[^,;:()]*?\b(?:before (?:the|it|that|they)|until|at first|in those days|back then)\b",
    re.IGNORECASE,
)
_TO_COME = 30.0


def doubt_of(quantity: Quantity, sentence: str) -> float:
    """How much less a number counts, as if in characters: a former one, one only compared."""
    ahead = sentence[: quantity.start]
    clause = ahead[max(map(ahead.rfind, (";", ":"))) + 1 :].lower()
    doubt = 0.0
    if _ANY_DOUBT.search(clause):
        doubt = sum(cost for pattern, cost in _DOUBTS if pattern.search(clause))
    doubt += _TO_COME if _PLANNED.match(sentence, quantity.end) else 0.0
    past = quantity.unit is None and _BACK_THEN.match(sentence, quantity.end)
    return doubt + (_TO_COME if past else 0.0)
