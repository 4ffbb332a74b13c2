"""Pricing a period in consecutive parts: each costs what the running total costs, less what was billed before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple

from cashline.flow.agree.pricing.rules.charge_models import NO_ATTRIBUTES, Priced, price
from cashline.flow.agree.pricing.rules.charges import ZERO, Charge, ChargeModel
from cashline.flow.agree.pricing.rules.payments import price_payments
from cashline.kernel.derivations import Derivation
from cashline.kernel.rounding import WIDE


@dataclass(frozen=True, slots=True)
class PricedPart:
    """One part: what it adds to each figure of the period's price so far. `total` is that price."""

    amount: Decimal
    quantity: Decimal
    list_amount: Decimal
    discount: Decimal
    minimum_shortfall: Decimal
    maximum_discount: Decimal
    derivation: Derivation
    total: Priced


class ItemStep(NamedTuple):
    """An item that was added (or removed, where not)."""

    item: str
    added: bool = True


def price_parts(
    charge: Charge,
    parts: Sequence[Decimal],
    *,
    digits: int | None,
    attributes: Mapping[str, str] = NO_ATTRIBUTES,
) -> tuple[PricedPart, ...]:
    """Price the parts of a period in order; they sum to the price of the whole.

    A part may be negative and then gives back what it takes off the price; with `high_water_mark` it gives nothing, and
    later ones cost something only above the highest running total. A running total below zero counts as zero. The
    parts of a PERCENTAGE charge are payments.
    """
    if charge.model is ChargeModel.PERCENTAGE:
        totals = [price_payments(charge, parts[: count + 1], digits=digits).priced for count in range(len(parts))]
    else:
        totals = [price(charge, quantity, digits=digits, attributes=attributes) for quantity in _running(charge, parts)]
    with localcontext(WIDE):
        return tuple(_difference(total, before) for total, before in zip(totals, [None, *totals[:-1]], strict=True))


def _running(charge: Charge, parts: Sequence[Decimal]) -> Iterator[Decimal]:
    """The quantity that is priced after each part: the running total, or its highest value so far."""
    running = highest = ZERO
    for part in parts:
        running += part
        highest = max(highest, running)
        yield highest if charge.high_water_mark else max(running, ZERO)


def price_items(charge: Charge, steps: Iterable[ItemStep], *, digits: int | None) -> tuple[PricedPart, ...]:
    """Price distinct items: one is billed at its first addition in the period and never again in it."""
    seen: set[str] = set()
    units: list[Decimal] = []
    for step in steps:
        units.append(Decimal(int(step.added and step.item not in seen)))
        if step.added:
            seen.add(step.item)
    return price_parts(charge, units, digits=digits)


def _difference(total: Priced, before: Priced | None) -> PricedPart:
    if before is None:
        before_amount, base = ZERO, Priced(ZERO, total.derivation)
    else:
        before_amount, base = before.amount, before
    amount = total.amount - before_amount
    derivation = Derivation(
        "charge.part",
        1,
        {"total": total.amount, "billed_before": before_amount},
        "total - billed_before",
        amount,
        "",
        (total.derivation,),
    )
    return PricedPart(
        amount,
        total.quantity - base.quantity,
        total.list_amount - base.list_amount,
        total.discount - base.discount,
        total.minimum_shortfall - base.minimum_shortfall,
        total.maximum_discount - base.maximum_discount,
        derivation,
        total,
    )
