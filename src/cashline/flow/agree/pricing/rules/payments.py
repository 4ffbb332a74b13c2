"""Pricing payments one by one: a percentage and a fixed fee for each, after free ones, within bounds for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple

from cashline.flow.agree.pricing.rules.charge_models import HUNDRED, Made, Priced, finish
from cashline.flow.agree.pricing.rules.charges import ZERO, Charge, ChargeModel
from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import WIDE, round_to


class PaymentCost(NamedTuple):
    """One payment: the part that was free, the percentage and the fixed fee of the rest, and what it costs in all."""

    free: Decimal
    percentage: Decimal
    fixed: Decimal
    cost: Decimal
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class PricedPayments:
    """The payments of a period. `free_events` counts those that bore no fixed fee."""

    priced: Priced
    payments: tuple[PaymentCost, ...]
    free_events: int

    @property
    def amount(self) -> Decimal:
        """What all of them cost."""
        return self.priced.amount

    @property
    def percentage_part(self) -> Decimal:
        """The sum of the percentages, not rounded."""
        return sum((one.percentage for one in self.payments), ZERO)

    @property
    def fixed_part(self) -> Decimal:
        """The sum of the fixed fees."""
        return sum((one.fixed for one in self.payments), ZERO)

    @property
    def free_amount(self) -> Decimal:
        """The sum of the payments, or parts of them, that were free."""
        return sum((one.free for one in self.payments), ZERO)


def price_payments(charge: Charge, payments: Sequence[Decimal], *, digits: int | None) -> PricedPayments:
    """What the payments of a period cost, taken in order while the free ones last.

    The free payments end when one allowance is used up: `free_events` when that many were made, `free_amount` when the
    running total exceeds it; the payment that passes it is charged for what is above it. A payment of 100 at 1.3 % and
    0.20 costs 1.50. Raises InvalidValue for a charge of another model and for a negative payment.
    """
    if charge.model is not ChargeModel.PERCENTAGE:
        raise InvalidValue(f"A {charge.model} charge does not price payments.", field="model")
    if any(payment < 0 for payment in payments):
        raise InvalidValue("A payment is not negative.", field="payments")
    with localcontext(WIDE):
        costs, free_events = _costs(charge, payments)
        priced = finish(charge, _made(costs), sum(payments, ZERO), digits)
        if digits is not None:
            costs = [one._replace(cost=round_to(one.cost, digits)) for one in costs]
    return PricedPayments(priced, tuple(costs), free_events)


def made_of_payments(charge: Charge, payments: Sequence[Decimal]) -> Made:
    """What the model makes of the payments, before discount and bounds of the period."""
    return _made(_costs(charge, payments)[0])


def _made(costs: Sequence[PaymentCost]) -> Made:
    if len(costs) == 1:
        only = costs[0].derivation
        return Made(only.result, dict(only.inputs), only.formula, (), only.note)
    amounts = [one.cost for one in costs]
    return Made(sum(amounts, ZERO), {"payments": amounts}, "sum(payments)", tuple(one.derivation for one in costs))


def _costs(charge: Charge, payments: Sequence[Decimal]) -> tuple[list[PaymentCost], int]:
    found: list[PaymentCost] = []
    total, free_events = ZERO, 0
    lasting = charge.free_events is not None or charge.free_amount is not None
    for number, payment in enumerate(payments):
        lasting = lasting and (charge.free_events is None or number < charge.free_events)
        free = ZERO
        if lasting:
            room = payment if charge.free_amount is None else charge.free_amount - total
            free, lasting = (payment, True) if payment <= room else (room, False)
        total += payment
        wholly = lasting
        free_events += wholly
        found.append(_free(payment) if wholly else _cost(charge, payment, free))
    return found, free_events


def _free(payment: Decimal) -> PaymentCost:
    record = Derivation("charge.payment", 1, {"payment": payment, "free": payment}, "payment - free", ZERO, "free")
    return PaymentCost(payment, ZERO, ZERO, ZERO, record)


def _cost(charge: Charge, payment: Decimal, free: Decimal) -> PaymentCost:
    percentage = (payment - free) * charge.price / HUNDRED
    inputs: dict[str, Input] = {"amount": payment, "percent": charge.price}
    formula = "amount * percent / 100"
    if free:
        inputs["free"] = free
        formula = "(amount - free) * percent / 100"
    cost = percentage
    if charge.fixed_fee:
        cost, inputs["fixed_fee"] = cost + charge.fixed_fee, charge.fixed_fee
        formula = f"{formula} + fixed_fee"
    if charge.payment_minimum is not None:
        cost, inputs["payment_minimum"] = max(cost, charge.payment_minimum), charge.payment_minimum
        formula = f"max({formula}, payment_minimum)"
    if charge.payment_maximum is not None:
        cost, inputs["payment_maximum"] = min(cost, charge.payment_maximum), charge.payment_maximum
        formula = f"min({formula}, payment_maximum)"
    record = Derivation("charge.payment", 1, inputs, formula, cost)
    return PaymentCost(free, percentage, charge.fixed_fee, cost, record)
