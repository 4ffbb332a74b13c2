"""What usage of a period would cost by a charge: a quantity, or how it came about. One way in for all previews."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from cashline.flow.agree.pricing.rules.charge_models import Priced, price
from cashline.flow.agree.pricing.rules.charges import ZERO, Charge
from cashline.flow.agree.pricing.rules.parts import ItemStep, PricedPart, price_items, price_parts
from cashline.flow.agree.pricing.rules.payments import PricedPayments, price_payments
from cashline.flow.agree.pricing.rules.quantity_changes import QuantityChange, price_changes
from cashline.kernel.refusals import InvalidValue


@dataclass(frozen=True, slots=True)
class PreviewUsage:
    """Usage to be priced: exactly one of a quantity, parts of it, payments, items, or changes of a quantity."""

    quantity: Decimal | None = None
    parts: tuple[Decimal, ...] = ()
    payments: tuple[Decimal, ...] = ()
    items: tuple[ItemStep, ...] = ()
    changes: tuple[QuantityChange, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = [self.quantity is not None, *map(bool, (self.parts, self.payments, self.items, self.changes))]
        if sum(given) != 1:
            raise InvalidValue("Give one of quantity, parts, payments, items and changes.", field="quantity")


@dataclass(frozen=True, slots=True)
class PricedUsage:
    """What the usage costs in all; `whole` is its price, with parts or payments one by one where it has any."""

    amount: Decimal
    whole: Priced
    parts: tuple[PricedPart, ...] = ()
    payments: PricedPayments | None = None


def price_usage(charge: Charge, usage: PreviewUsage, *, digits: int | None) -> PricedUsage:
    """Price the usage of one period, rounded to `digits` (None: exact). Raises as the functions of each kind do."""
    if usage.payments:
        paid = price_payments(charge, usage.payments, digits=digits)
        return PricedUsage(paid.amount, paid.priced, payments=paid)
    if usage.changes:
        changed = price_changes(charge, usage.changes, digits=digits)
        return PricedUsage(changed.amount, changed)
    if usage.quantity is not None:
        priced = price(charge, usage.quantity, digits=digits, attributes=usage.attributes)
        return PricedUsage(priced.amount, priced)
    if usage.items:
        parts = price_items(charge, usage.items, digits=digits)
    else:
        parts = price_parts(charge, usage.parts, digits=digits, attributes=usage.attributes)
    return PricedUsage(sum((part.amount for part in parts), ZERO), parts[-1].total, parts)
