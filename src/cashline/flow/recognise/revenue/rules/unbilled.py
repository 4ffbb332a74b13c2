"""Base fees in arrears that no invoice bills yet: earned by the day like those that are billed (a contract asset).

They are what billing will charge when the period ends, by its own plan, so that the bill changes nothing but who owes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from cashline.flow.agree.catalog.rules import ProductKind, RevenuePattern
from cashline.flow.agree.plans.rules import FeeTiming, PlanConventions
from cashline.flow.invoice.billing.rules.plans.base_fees import base_difference, base_targets, parts_of
from cashline.flow.invoice.billing.rules.plans.shapes import PlanSubscription, PostedCharge
from cashline.flow.recognise.revenue.rules.billed import BilledPromise
from cashline.flow.recognise.revenue.rules.stretches import Stretch

_EVER = datetime.max.replace(tzinfo=UTC)


class InArrears(NamedTuple):
    """A subscription that is billed in arrears, with what was posted of it."""

    subscription: PlanSubscription
    posted: Sequence[PostedCharge]
    conventions: PlanConventions


def with_unbilled(
    promises: Sequence[BilledPromise], arrears: Iterable[InArrears], through: date
) -> tuple[list[BilledPromise], bool]:
    """The promises with the fees of days up to `through` that are not billed; and does a service run on after it?"""
    found = {one.line_id: one for one in promises}
    runs_on = False
    for one in arrears:
        key = one.subscription.id
        stretches = unbilled_fees(one, through)
        runs_on = runs_on or _runs_on(one.subscription, through)
        if stretches:
            kind, pattern = ProductKind.SUBSCRIPTION.value, RevenuePattern.RATABLE_DAILY.value
            known = found.get(key, BilledPromise(key, kind, pattern, []))
            found[key] = known._replace(stretches=[*known.stretches, *stretches])
    return list(found.values()), runs_on


def unbilled_fees(one: InArrears, through: date) -> list[Stretch]:
    """What the base fee of days up to a day comes to where it is in arrears and not billed, period by period."""
    subscription, posted, conventions = one
    targets = base_targets(subscription, parts_of(subscription, through), conventions)
    charges = base_difference(subscription, targets, posted, conventions, _EVER).charges
    return [
        Stretch(charge.amount, charge.start, charge.end, charge.start, "not billed yet")
        for charge in charges
        if not charge.advance and charge.takes_back is None and charge.start <= through and charge.amount
    ]


def _runs_on(subscription: PlanSubscription, through: date) -> bool:
    """Is a fee in arrears still to be earned after a day, as the life stands?"""
    return any(
        stint.end > through and subscription.plans[stint.plan_id].terms.timing is FeeTiming.ARREARS
        for stint in subscription.life.stints
    )
