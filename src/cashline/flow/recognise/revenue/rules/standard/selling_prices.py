"""Stand-alone selling prices (step 4): given, cost plus a margin, material rights, residual; discounts of bundles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateDiscount,
    MaterialRight,
    StandAlonePrice,
)
from cashline.flow.recognise.revenue.rules.standard.standing import Judged, Work
from cashline.kernel.rounding import divide

_ZERO = Decimal(0)


@dataclass(slots=True)
class Prices:
    """Stand-alone prices, the weights that share a pool, and residuals that the standard refuses."""

    ssp: dict[str, Decimal] = field(default_factory=dict)
    weights: dict[str, Decimal] = field(default_factory=dict)
    refused: dict[str, Decimal] = field(default_factory=dict)


def stand_alone_price(work: Work, judged: Judged) -> Decimal | None:
    """The stand-alone price of the whole quantity; None where it is a residual or unknown (606-10-32-33, 32-34)."""
    fact = work.fact
    if fact.ssp_method == "expected_cost_plus_margin" and fact.expected_cost is not None:
        return fact.expected_cost * (1 + fact.margin) * fact.likelihood
    if fact.ssp_method == "residual":
        return None
    right = judged.of(MaterialRight, work.id)
    if right is not None and (fact.ssp_method == "material_right" or fact.ssp is None):
        off = right.discount - right.discount_available_anyway
        return max(_ZERO, right.purchase_amount * off * right.likelihood)
    if fact.ssp is not None:
        return fact.ssp
    later = judged.of(StandAlonePrice, work.id)
    if later is not None:
        return later.amount
    if fact.ssp_range is not None:
        return divide(fact.ssp_range.low + fact.ssp_range.high, Decimal(2))
    return None


def prices_of(works: Sequence[Work], judged: Judged, pool: Decimal) -> Prices:
    """The prices and weights of obligations that share `pool`.

    `allocate_discount` lowers the weights of its obligations to the price of their bundle; a residual is the pool less
    all other weights, and is refused outside its range (606-10-32-34(c), IFRS 15 example 34 case C).
    """
    found = Prices()
    for work in works:
        alone = stand_alone_price(work, judged)
        if alone is not None:
            found.ssp[work.id] = found.weights[work.id] = alone
    lower_by_discounts(found.weights, judged.discounts())
    residual = [work for work in works if work.fact.ssp_method == "residual"]
    for work in residual:
        rest = pool - sum(found.weights.values(), _ZERO)
        low, high = _range(work)
        if not low <= rest <= high:
            found.refused[work.id] = rest
        found.ssp[work.id] = rest
        found.weights[work.id] = max(_ZERO, rest)
    return found


def lower_by_discounts(weights: dict[str, Decimal], discounts: Iterable[AllocateDiscount]) -> None:
    """Lower the weights of obligations whose discount is theirs alone (606-10-32-37)."""
    for one in discounts:
        named = [name for name in one.obligations if name in weights]
        whole = sum((weights[name] for name in named), _ZERO)
        if whole and len(named) == len(one.obligations):
            for name in named:
                weights[name] = divide(weights[name] * one.bundle_price, whole)


def _range(work: Work) -> tuple[Decimal, Decimal]:
    limits = work.fact.ssp_range
    return (limits.low, limits.high) if limits else (_ZERO, _ZERO)


def weights_among(names: Sequence[str], weights: Mapping[str, Decimal]) -> list[Decimal]:
    """The weights of some obligations, for a share among them."""
    return [weights.get(name, _ZERO) for name in names]
