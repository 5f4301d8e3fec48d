"""Cost estimates from the published prices, and checks against a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from findall_frames.addresses import HOSTED_URL
from findall_frames.amounts import is_amount
from findall_frames.api.models import FindAllEnrichInput, FindAllSchema
from findall_frames.errors import BudgetError, InvalidRequestError
from findall_frames.running.arguments import check_options, enrichment_names
from findall_frames.running.spec import Search, options_of

__all__ = [
    "CostEstimate",
    "ceiling_of",
    "check_enrichment_budget",
    "check_extension_budget",
    "check_search_budget",
    "cost_of",
    "estimate_cost",
    "has_prices",
    "price_of",
]

_PRICES_AS_OF: Final = date(2026, 5, 1)
"""When the prices below were published; only the month is known."""

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
_FAST: Final = "-fast"
"""The end of the name of a faster processor, which costs the same."""


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The estimated cost of a search, in US dollars.

    Attributes
    ----------
    fixed : float
        The price of the run itself.
    per_match : float
        The price of each match.
    enrichments_per_match : float
        The price of all enrichments of a match.
    match_limit : int
        The number of matches on which the ceiling is based.
    ceiling : float
        The highest possible cost, which is that of `match_limit` matches.
    as_of : datetime.date
        When the prices were published.
    """

    fixed: float
    per_match: float
    enrichments_per_match: float
    match_limit: int
    ceiling: float
    as_of: date = _PRICES_AS_OF

    def after(self, matches: int) -> float:
        """Return the cost of a run with this many matches, in US dollars."""
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
    """Estimate the cost of a search at the hosted service.

    Parameters
    ----------
    search : Search
        The search; nothing is sent.

    Returns
    -------
    CostEstimate
        In US dollars, at the prices of May 2026. The embedded service costs nothing.

    Raises
    ------
    InvalidRequestError
        The search is invalid, or an enrichment names a processor without a published price.

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
    if not isinstance(search, Search):
        raise InvalidRequestError(
            f"estimate_cost takes a Search, not {search!r}. Make one with ff.draft(objective) or "
            "ff.Search(...)."
        )
    search.check()
    return cost_of(options_of(search))


def cost_of(options: Mapping[str, Any]) -> CostEstimate:
    """Estimate the cost of a search from its parameters as read.

    Raises
    ------
    InvalidRequestError
        They are not compatible, or an enrichment names a processor without a published price.
    """
    return ceiling_of(
        options.get("generator", "core"),
        options.get("enrichments", ()),
        check_options(options, own_data=False),
    )


def check_search_budget(budget: float | None, options: Mapping[str, Any]) -> None:
    """Raise if a new search, given by its parameters as read, can cost more than the budget.

    Raises
    ------
    BudgetError
        It can cost more.
    InvalidRequestError
        `budget` is not an amount of money.
    """
    if budget is not None:
        _check(
            budget,
            cost_of(options),
            refusal="The search was not started",
            advice="Lower match_limit, use a cheaper generator",
        )


def check_extension_budget(
    budget: float, schema: FindAllSchema, *, additional_match_limit: int
) -> None:
    """Raise if extending a run can cost more than the budget.

    Raises
    ------
    BudgetError
        It can cost more.
    InvalidRequestError
        `budget` is not an amount of money, or the run's generator has no published price.
    """
    if schema.generator not in _GENERATORS:
        raise InvalidRequestError(
            f"There is no published price for the generator {schema.generator!r} of the run. "
            "Leave budget out to extend it anyway."
        )
    _check(
        budget,
        ceiling_of(
            schema.generator, schema.enrichments or (), additional_match_limit, is_new=False
        ),
        refusal="The run was not extended",
        advice="Ask for fewer matches",
    )


def check_enrichment_budget(
    budget: float, enrichments: Sequence[FindAllEnrichInput], *, matches: int
) -> None:
    """Raise if enriching a run can cost more than the budget.

    Raises
    ------
    BudgetError
        It can cost more.
    InvalidRequestError
        `budget` is not an amount of money, or a processor has no published price.
    """
    each = sum(map(_price_of, enrichments), Decimal(0))
    cost = CostEstimate(
        fixed=0.0,
        per_match=0.0,
        enrichments_per_match=_dollars(each),
        match_limit=matches,
        ceiling=_dollars(matches * each),
    )
    _check(
        budget,
        cost,
        refusal="The run was not enriched",
        advice="Ask for fewer columns, use a cheaper processor",
    )


def has_prices(service: str) -> bool:
    """Return True if the prices of a service, given by its base URL, are published."""
    return service == HOSTED_URL


def price_of(schema: FindAllSchema, *, service: str) -> CostEstimate | None:
    """Estimate the cost of a run; return None if there is no published price.

    Parameters
    ----------
    schema : FindAllSchema
        The search of the run.
    service : str
        The base URL of its service; only the hosted one has prices.
    """
    if not has_prices(service) or schema.generator not in _GENERATORS or not schema.match_limit:
        return None
    try:
        return ceiling_of(schema.generator, schema.enrichments or (), schema.match_limit)
    except InvalidRequestError:
        return None


def _check(budget: float, cost: CostEstimate, *, refusal: str, advice: str) -> None:
    if not is_amount(budget):
        raise InvalidRequestError(f"budget must be an amount in US dollars, not {budget!r}.")
    if cost.ceiling > budget:
        raise BudgetError(
            f"{refusal}: it could cost {cost}, and the budget is ${float(budget):,.2f}. "
            f"{advice}, or raise the budget."
        )


def ceiling_of(
    generator: str,
    enrichments: Sequence[FindAllEnrichInput],
    match_limit: int,
    *,
    is_new: bool = True,
) -> CostEstimate:
    """Estimate the cost of a search, or with ``is_new=False`` that of extending its run.

    Raises
    ------
    InvalidRequestError
        An enrichment names a processor without a published price.
    """
    fixed, per_match = _GENERATORS[generator]
    fixed = fixed if is_new else Decimal(0)
    per_enrichment = sum(map(_price_of, enrichments), Decimal(0))
    return CostEstimate(
        fixed=_dollars(fixed),
        per_match=_dollars(per_match),
        enrichments_per_match=_dollars(per_enrichment),
        match_limit=match_limit,
        ceiling=_dollars(fixed + match_limit * (per_match + per_enrichment)),
    )


def _price_of(enrichment: FindAllEnrichInput) -> Decimal:
    processor = enrichment.processor
    price = _PROCESSORS.get(processor.removesuffix(_FAST))
    if price is None:
        raise InvalidRequestError(
            f"There is no published price for the processor {processor!r} of the enrichment "
            f"{', '.join(enrichment_names([enrichment]))}. Processors with a price: "
            f"{', '.join(_PROCESSORS)}, each also with {_FAST}."
        )
    return price / 1000


def _dollars(amount: Decimal) -> float:
    return float(round(amount, 6))
