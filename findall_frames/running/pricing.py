"""What a run is expected to cost, from the published prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from findall_frames.addresses import HOSTED_URL
from findall_frames.api.models import FindAllEnrichInput, FindAllSchema
from findall_frames.errors import BudgetError, InvalidRequestError
from findall_frames.running.readings import enrichment_names
from findall_frames.running.spec import Search

__all__ = [
    "PRICES_AS_OF",
    "CostEstimate",
    "check_budget",
    "check_enrichment_budget",
    "check_extension_budget",
    "estimate_cost",
    "price_of",
]

PRICES_AS_OF: Final = date(2026, 5, 1)
"""When the prices below were published, to the month."""

# US dollars: per run, and per match.
_GENERATORS: Final = {
    "preview": (Decimal("0.10"), Decimal(0)),
    "base": (Decimal("0.25"), Decimal("0.03")),
    "core": (Decimal("2"), Decimal("0.15")),
    "pro": (Decimal("10"), Decimal("1")),
}
# US dollars per thousand matches and enrichment.
_PROCESSORS: Final = {
    "lite": Decimal(5),
    "base": Decimal(10),
    "core": Decimal(25),
    "core2x": Decimal(50),
    "pro": Decimal(100),
    "ultra": Decimal(300),
    "ultra2x": Decimal(600),
    "ultra4x": Decimal(1200),
    "ultra8x": Decimal(2400),
}


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a search is expected to cost, in US dollars.

    Attributes
    ----------
    fixed : float
        For the run itself.
    per_match : float
        For each match.
    enrichments_per_match : float
        For all enrichments of a match.
    match_limit : int
        How many matches were reckoned with.
    ceiling : float
        What it costs when the limit is met, and so at the most.
    as_of : datetime.date
        The date of the prices.
    """

    fixed: float
    per_match: float
    enrichments_per_match: float
    match_limit: int
    ceiling: float
    as_of: date = PRICES_AS_OF

    def after(self, matches: int) -> float:
        """Reckon what a run has cost once it has found some matches, in US dollars."""
        return _dollars(
            Decimal(str(self.fixed))
            + matches * (Decimal(str(self.per_match)) + Decimal(str(self.enrichments_per_match)))
        )

    def __str__(self) -> str:
        each = self.per_match + self.enrichments_per_match
        return (
            f"at most ${self.ceiling:,.2f}: ${self.fixed:,.2f} and ${each:,.3f} for each of up "
            f"to {self.match_limit} matches (prices of {self.as_of:%B %Y})"
        )


def estimate_cost(search: Search) -> CostEstimate:
    """Reckon what a search costs at the hosted service, before it is started.

    Parameters
    ----------
    search : Search
        What is to be run. Nothing is sent.

    Returns
    -------
    CostEstimate
        In US dollars, by the prices published for May 2026. The embedded service costs nothing.

    Raises
    ------
    InvalidRequestError
        The search is not valid, or an enrichment names a processor without a published price.

    Examples
    --------
    >>> import findall_frames as ff
    >>> search = ff.Search(
    ...     "Find cities in Italy",
    ...     entity_type="cities",
    ...     match_conditions=["City must be in Italy"],
    ...     enrichments={"mayor": "Name of the mayor"},
    ...     match_limit=50,
    ... )
    >>> cost = ff.estimate_cost(search)
    >>> cost.fixed, cost.per_match, cost.enrichments_per_match, cost.ceiling
    (2.0, 0.15, 0.025, 10.75)
    >>> print(cost)
    at most $10.75: $2.00 and $0.175 for each of up to 50 matches (prices of May 2026)
    """
    search.check()
    schema = search.to_schema()
    return _reckon(schema, schema.match_limit or 0)


def check_budget(budget: float | None, search: Search) -> None:
    """See that a search cannot cost more than it may.

    Raises
    ------
    BudgetError
        It can.
    InvalidRequestError
        `budget` is no amount of money.
    """
    if budget is not None:
        _demand_within(
            budget,
            estimate_cost(search),
            refusal="The search was not started",
            advice="Lower match_limit, take a cheaper generator",
        )


def check_extension_budget(
    budget: float, schema: FindAllSchema, *, additional_match_limit: int
) -> None:
    """See that more matches of a run cannot cost more than they may.

    Raises
    ------
    BudgetError
        They can.
    InvalidRequestError
        `budget` is no amount of money, or the run is of a kind without a published price.
    """
    if schema.generator not in _GENERATORS:
        raise InvalidRequestError(
            f"There is no published price for the generator {schema.generator!r} of the run; "
            "leave the budget out to extend it all the same."
        )
    _demand_within(
        budget,
        _reckon(schema, additional_match_limit, is_new=False),
        refusal="The run was not extended",
        advice="Ask for fewer matches",
    )


def check_enrichment_budget(
    budget: float, enrichments: Sequence[FindAllEnrichInput], *, matches: int
) -> None:
    """See that more columns of a run cannot cost more than they may.

    Raises
    ------
    BudgetError
        They can.
    InvalidRequestError
        `budget` is no amount of money, or a processor has no published price.
    """
    each = sum(map(_price_of, enrichments), Decimal(0))
    cost = CostEstimate(
        fixed=0.0,
        per_match=0.0,
        enrichments_per_match=_dollars(each),
        match_limit=matches,
        ceiling=_dollars(matches * each),
    )
    _demand_within(
        budget,
        cost,
        refusal="The run was not enriched",
        advice="Ask for fewer columns, take a cheaper processor",
    )


def price_of(schema: FindAllSchema, *, service: str) -> CostEstimate | None:
    """Reckon what a run costs, where there is a published price for it.

    Parameters
    ----------
    schema : FindAllSchema
        What the run looks for.
    service : str
        The base URL of its service; only the hosted one has prices.
    """
    if service != HOSTED_URL or schema.generator not in _GENERATORS or not schema.match_limit:
        return None
    try:
        return _reckon(schema, schema.match_limit)
    except InvalidRequestError:
        return None


def _demand_within(budget: float, cost: CostEstimate, *, refusal: str, advice: str) -> None:
    if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not budget >= 0:
        raise InvalidRequestError(f"budget must be an amount in US dollars, not {budget!r}.")
    if cost.ceiling > budget:
        raise BudgetError(
            f"{refusal}: it could cost {cost}, and the budget is ${budget:,.2f}. {advice}, or "
            "raise the budget."
        )


def _reckon(schema: FindAllSchema, match_limit: int, *, is_new: bool = True) -> CostEstimate:
    fixed, per_match = _GENERATORS[schema.generator]
    fixed = fixed if is_new else Decimal(0)
    enrichments = sum((_price_of(item) for item in schema.enrichments or ()), Decimal(0))
    return CostEstimate(
        fixed=_dollars(fixed),
        per_match=_dollars(per_match),
        enrichments_per_match=_dollars(enrichments),
        match_limit=match_limit,
        ceiling=_dollars(fixed + match_limit * (per_match + enrichments)),
    )


def _price_of(enrichment: FindAllEnrichInput) -> Decimal:
    processor = enrichment.processor
    if processor not in _PROCESSORS:
        raise InvalidRequestError(
            f"There is no published price for the processor {processor!r} of the enrichment "
            f"{', '.join(enrichment_names([enrichment]))}. Those with one are "
            f"{', '.join(_PROCESSORS)}."
        )
    return _PROCESSORS[processor] / 1000


def _dollars(amount: Decimal) -> float:
    return float(round(amount, 6))
