"""Allocation of the transaction price over the promises by relative stand-alone selling price (step 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.promises import Promise
from cashline.kernel.derivations import Derivation
from cashline.kernel.rounding import allocate, divide, round_to

RELATIVE = "revenue.relative_stand_alone_price"
STATED = "revenue.stated_price"


@dataclass(frozen=True, slots=True)
class Share:
    """What a promise was allocated of the pool it shares. `odd` is the cent that the largest remainder gave or took."""

    promise: Promise
    pool: Decimal
    stand_alone_total: Decimal
    allocated: Decimal


def allocate_price(promises: Sequence[Promise], digits: int) -> list[Share]:
    """Share the price of a contract over its promises (ASC 606-10-32-31; largest remainder, so it adds up exactly).

    A discount is spread over all promises in proportion (32-36). An open-ended promise keeps its own price, interval by
    interval: its consideration relates to that interval alone (32-40). IFRS 15 example 33: 100 over stand-alone prices
    50, 25, 75 gives 33.33, 16.67, 50.00.
    """
    pooled = [promise for promise in promises if not promise.open_ended]
    pool = sum((promise.price for promise in pooled), _ZERO)
    whole = sum((promise.stand_alone for promise in pooled), _ZERO)
    if (pool == whole and all(promise.price == promise.stand_alone for promise in pooled)) or len(pooled) < 2:
        return [_stated(promise) for promise in promises]
    shares = iter(allocate(pool, [promise.stand_alone for promise in pooled], digits))
    return [
        _stated(promise) if promise.open_ended else Share(promise, pool, whole, next(shares)) for promise in promises
    ]


def _stated(promise: Promise) -> Share:
    return Share(promise, promise.price, promise.stand_alone, promise.price)


_ZERO = Decimal(0)


def derivation_of(share: Share, digits: int) -> Derivation:
    """How a share came about, for `explain` and for anyone who recomputes it."""
    promise = share.promise
    if share.pool == promise.price and share.stand_alone_total == promise.stand_alone:
        return Derivation(STATED, 1, {"price": promise.price}, "price", share.allocated)
    near = share.allocated
    if share.stand_alone_total:
        near = round_to(divide(share.pool * promise.stand_alone, share.stand_alone_total), digits)
    inputs = {
        "price": share.pool,
        "stand_alone": promise.stand_alone,
        "stand_alone_total": share.stand_alone_total or Decimal(1),
        "odd": share.allocated - near,
    }
    formula = f"round(price * stand_alone / stand_alone_total, {digits}) + odd"
    return Derivation(RELATIVE, 1, inputs, formula, share.allocated)
