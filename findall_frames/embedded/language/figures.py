"""Numbers that are written as text in the cells of a column: "$1.2M", "~30", "45 kg", "n/a"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import Unit, magnitude_named, unit_named
from findall_frames.embedded.language.words import fold, phrases

__all__ = ["BLANKS", "Figures", "read_figures"]

BLANKS = frozenset(
    phrases(
        """unknown, n/a, #n/a, n.a., not available, not given, not applicable, none, null, nan,
        -, –, —, --, ?, tbd, tba"""
    )
)
"""What people write into a cell of which they know nothing."""

_PLAIN = re.compile(r"[-+−]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:[, \u00a0\u202f]\d{3})+|0?)(?:\.\d+)?")
_LEAD = re.compile(
    r"(?:about|around|approx(?:imately)?\.?|circa|ca\.|c\.|over|under|up to|us|[~<>≈≥≤+#(\s])*"
)
_TAIL = re.compile(r"[+)*?.\s]*(?:approx\.?|est\.?|estimated)?[)\s]*")
_PADDED = re.compile(r"0\d")
_GRATIS = frozenset(phrases("free, free of charge, no charge, gratis, complimentary, nil"))
_LONGEST = 30
_MOSTLY = 0.8
_SHORT_WORD = re.compile(r"[^\W\d_]{1,6}\.?")


class Figures(NamedTuple):
    """The numbers of a column.

    Attributes
    ----------
    values : dict of str to float
        By how they are written; what is no number is not there.
    unit : Unit or None
        What most of them are written in; all are converted to it.
    others : tuple of Unit
        Currencies that some are written in, which cannot be converted; they are not among values.
    noun : str
        The word behind all of them, folded, that is no unit: the cases of "1,200 cases".
    """

    values: dict[str, float]
    unit: Unit | None
    others: tuple[Unit, ...] = ()
    noun: str = ""


def read_figures(
    texts: Sequence[str],
    *,
    counted: bool = False,
    repeated: bool = False,
    measured: bool = False,
    currency: Unit | None = None,
) -> Figures | None:
    """Read the distinct texts of a column; None unless all that are not blank are numbers.

    Parameters
    ----------
    texts : sequence of str
        The distinct texts.
    counted : bool
        Whether the column counts things or money, so that the m in "3m" stands for millions.
    repeated : bool
        Whether texts stand in several rows each, so that one word before all numbers is no name:
        "net 30" is a number, and "Room 30" is none.
    measured : bool
        Whether the name of the column says what its numbers are in, so that some texts may be
        remarks, such as "decomposes" among temperatures; they count as missing.
    currency : Unit, optional
        Read only what is written in this.

    Examples
    --------
    >>> figures = read_figures(["€40k", "€1.2M", "n/a"])
    >>> figures.values, figures.unit.name
    ({'€40k': 40000.0, '€1.2M': 1200000.0}, 'EUR')
    """
    given = [text for text in texts if text.strip().casefold() not in BLANKS]
    gratis = {text: 0.0 for text in given if text.strip().casefold() in _GRATIS}
    if gratis and len(gratis) < len(given):
        paid = [text for text in given if text not in gratis]
        figures = read_figures(
            paid, counted=counted, repeated=repeated, measured=measured, currency=currency
        )
        # Among prices, what is free has one of nought.
        priced = figures is not None and (measured or figures.unit is not None)
        priced = priced and (measured or figures.unit.dimension == "money")  # type: ignore[union-attr]
        return figures._replace(values={**figures.values, **gratis}) if figures and priced else None
    if all(_PLAIN.fullmatch(text.strip()) for text in given):
        return Figures({text: _number(text) for text in given}, None)
    lead, tail = _shared(given)
    lead = lead if repeated else ""
    read: dict[str, Quantity] = {}
    for text in given:
        quantity = _read(text, lead, tail)
        if quantity is None and not measured:
            return None
        if quantity is not None:
            read[text] = quantity
    if len(read) < _MOSTLY * len(given):
        return None
    units = Counter(q.unit for q in read.values() if q.unit is not None)
    letters = any(q.letter for q in read.values())
    unit = currency or (units.most_common(1)[0][0] if units else None)
    if unit is None and letters and not counted:
        unit = unit_named(("m",))
    values = {text: q.in_unit(unit) for text, q in read.items() if not currency or q.unit == unit}
    others = tuple(other for other in units if unit is not None and not other.convertible(unit))
    numbers = {text: q.value for text, q in values.items() if q is not None}
    return Figures(numbers, unit, others, fold(tail).strip())


def _read(text: str, lead: str, tail: str) -> Quantity | None:
    """The one number that a text is."""
    text = text.strip().removeprefix(lead).removesuffix(tail)
    if len(text) > _LONGEST or not any(map(str.isdigit, text)):
        return None
    found = find_quantities(text)
    if len(found) != 1 or found[0].dates or found[0].top != found[0].value or found[0].weak:
        return None
    (quantity,) = found
    before, behind = fold(text[: quantity.start]).strip(), fold(text[quantity.end :])
    unit = unit_named((before,)) if before else None
    if unit is not None and unit.dimension == "money":
        quantity, before = replace(quantity, unit=unit), ""
    padded = _PADDED.match(quantity.text) or len(quantity.version) > 2
    if padded or not _LEAD.fullmatch(before) or not _TAIL.fullmatch(behind):
        return None
    return quantity


def _shared(texts: Sequence[str]) -> tuple[str, str]:
    """The one word that stands before, or behind, all numbers: the net of "net 30", "net 60"."""
    leads = {re.split(r"\d", text.strip(), maxsplit=1)[0] for text in texts}
    tails = {re.split(r"\d", text.strip())[-1] for text in texts}
    lead = leads.pop() if len(leads) == 1 and len(texts) > 1 else ""
    tail = tails.pop() if len(tails) == 1 and len(texts) > 1 else ""
    word = fold(tail).strip()
    known = unit_named((word,)) is not None or magnitude_named(word) is not None
    return (
        lead if _SHORT_WORD.fullmatch(lead.strip()) and lead.endswith(" ") else "",
        tail if _SHORT_WORD.fullmatch(tail.strip()) and not known else "",
    )


def _number(text: str) -> float:
    return float(re.sub(r"[, \u00a0\u202f]", "", text.strip()).replace("−", "-"))
