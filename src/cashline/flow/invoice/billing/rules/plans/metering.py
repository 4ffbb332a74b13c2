"""Usage of a plan: which windows are asked for, and what their quantities cost.

Usage after a period is compared by amount, so that late or corrected events restate as delta lines; usage that is
billed at the event is compared by units, so that each event is rounded once and never billed again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from cashline.flow.agree.plans.rules import UsageCharge, UsageTiming
from cashline.flow.agree.pricing.rules.charge_models import Charge, ChargeModel, price
from cashline.flow.deliver.subscriptions.rules import LifeKind
from cashline.flow.deliver.subscriptions.rules.life import window_end
from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter
from cashline.flow.deliver.usage.rules.windows import MeteredQuantity, UsageFilter, UsageWindow
from cashline.flow.invoice.billing.rules.charges import plain
from cashline.flow.invoice.billing.rules.plans.base_fees import Part
from cashline.flow.invoice.billing.rules.plans.extras import joined
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PostedCharge,
    Subject,
    SubscriptionCharge,
)
from cashline.kernel.periods import day_start
from cashline.kernel.rounding import divide, round_to

type Metered = Mapping[UsageWindow, Sequence[MeteredQuantity]]
QUANTITY_DIGITS = 20
"""The decimals with which a metered quantity is kept; it is priced with all that it has."""


class MeterWindow(NamedTuple):
    """A window of a charge in a part of a period; `opening` asks for what stood before it, which it does not bill."""

    part: Part
    place: str
    charge: UsageCharge
    window: UsageWindow
    opening: UsageWindow | None


def windows_of(subscription: PlanSubscription, parts: Iterable[Part]) -> list[MeterWindow]:
    """The windows of all usage charges in those parts."""
    found: list[MeterWindow] = []
    seen: dict[tuple[object, ...], int] = {}
    for part, again in ((part, part is not together[0]) for together in joined(parts) for part in together):
        start = max(part.stint.start_at, day_start(part.whole.start, subscription.zone))
        close = window_end(part.stint, subscription.zone)
        end = day_start(part.whole.end, subscription.zone)
        end = end if close is None else min(end, close)
        if start >= end or not part.plan.terms.charges:
            continue
        key = (part.plan.id, part.start)
        seen[key] = seen.get(key, -1) + 1
        for charge in part.plan.terms.charges:
            window = UsageWindow(
                subscription.id,
                Meter(charge.meter, Aggregation(charge.aggregation)),
                start,
                end,
                charge.carried_over,
                charge.prorated,
                part.whole,
                subscription.zone,
                tuple(UsageFilter.of({one.dimension: one.value}) for one in charge.filters),
            )
            found.append(MeterWindow(part, str(seen[key]), charge, window, _opening(part, charge, window, again)))
    return found


def _opening(part: Part, charge: UsageCharge, window: UsageWindow, again: bool) -> UsageWindow | None:
    """What was there before and is billed otherwise: by its own events unless a renewal bills it again, or in arrears.

    Of a charge in arrears that is what the part of the same period before a pause bills, and all where no day is
    billed; days and time weigh the level by themselves.
    """
    if not charge.carried_over:
        return None
    if charge.timing is UsageTiming.ARREARS:
        weighed = charge.prorated or charge.aggregation == Aggregation.WEIGHTED_SUM
        if weighed or not (again or part.days is None):
            return None
    elif charge.timing is UsageTiming.AT_EVENT_AND_AT_RENEWAL and not _mid_period(part):
        return None
    before = window.start - timedelta(microseconds=1)
    return UsageWindow(
        window.line_id, window.meter, before, window.start, True, False, None, window.zone, window.filters
    )


def _mid_period(part: Part) -> bool:
    """Does the part begin with a plan change inside of a period, where nothing is renewed?"""
    opened = part.stint.opened_by
    return part.start == part.stint.start and opened.kind is LifeKind.PLAN_CHANGED and not opened.scheduled


def priced(charge: Charge, quantity: Decimal, digits: int) -> tuple[Decimal, str]:
    """The amount of a quantity, rounded once, and its derivation; a quantity taken back costs less than nothing."""
    if charge.model is ChargeModel.UNIT and charge.plain:
        amount = round_to(quantity * charge.price, digits)
        return amount, _unit(quantity, charge.price, digits, amount)
    found = price(charge, max(quantity, ZERO), digits=digits)
    return found.amount, msgspec.json.encode(found.derivation.as_json()).decode()


def _unit(quantity: Decimal, unit_price: Decimal, digits: int, amount: Decimal) -> str:
    return (
        f'{{"rule":"billing.usage","version":1,"inputs":{{"quantity":"{plain(quantity)}","unit_price":'
        f'"{plain(unit_price)}"}},"formula":"round(quantity*unit_price,{digits})","result":"{amount}"}}'
    )


class PricedUsage(NamedTuple):
    """What one filter of a charge comes to in a window: the charge to compare, and its units."""

    window: MeterWindow
    charge: SubscriptionCharge
    rate: Charge


def usage_charges(
    subscription: PlanSubscription, windows: Iterable[MeterWindow], metered: Metered
) -> Iterator[PricedUsage]:
    """What the usage of each window costs as known, by filter; the same whether it is due or not."""
    for item in windows:
        opening = metered.get(item.opening, ()) if item.opening is not None else ()
        yield from usage_of(item, metered.get(item.window, ()), opening, subscription.digits)


def usage_of(
    item: MeterWindow, metered: Iterable[MeteredQuantity], opening: Iterable[MeteredQuantity], digits: int
) -> Iterator[PricedUsage]:
    """What the usage of one window costs; `opening` is what stood before it."""
    before = {found.filter: found for found in opening}
    for found in metered:
        rate, dimension, value = _rate(item.charge, found.filter)
        quantity = found.quantity
        if found.filter in before:
            quantity -= _stood(item, before[found.filter].level)
        amount, derivation = priced(rate, quantity, digits)
        subject = Subject(Component.CHARGE, item.part.plan.id, item.charge.meter, dimension, value)
        charge = _charge(item, subject, quantity, rate, amount, derivation, found.level)
        yield PricedUsage(item, charge, rate)


def _stood(item: MeterWindow, level: Decimal) -> Decimal:
    """What a level from before weighs in the window."""
    window = item.window
    if window.prorated and item.part.whole is not None:
        days = item.part.days.days if item.part.days else 0
        return divide(level * days, Decimal(item.part.whole.days))
    return level


def _rate(charge: UsageCharge, found: UsageFilter | None) -> tuple[Charge, str, str]:
    if found is not None:
        for one in charge.filters:
            if found.values == ((one.dimension, one.value),):
                return one.charge, one.dimension, one.value
    return charge.charge, "", ""


def _charge(
    item: MeterWindow,
    subject: Subject,
    quantity: Decimal,
    rate: Charge,
    amount: Decimal,
    derivation: str,
    level: Decimal | None,
) -> SubscriptionCharge:
    part = item.part
    at_event = item.charge.timing is not UsageTiming.ARREARS
    return SubscriptionCharge(
        subject,
        item.place,
        part.start,
        part.end,
        part.whole.start,
        part.whole.end,
        part.days.days if part.days else 0,
        part.whole.days,
        round_to(quantity, 12) if quantity.as_tuple().exponent < -12 else quantity,  # type: ignore[operator]
        rate.list_price,
        amount,
        item.window.start if at_event else part.due_at,
        at_event,
        item.charge.tax_category,
        derivation,
        level_at_end=level,
    )


def units_difference(
    found: PricedUsage, posted: Sequence[PostedCharge], digits: int
) -> SubscriptionCharge | None:  # fmt: skip
    """What events added since the charge was billed last: the price of all units less that of the units billed."""
    billed = sum((row.quantity for row in posted), ZERO)
    total = found.charge.quantity
    if billed == total:
        return None
    if found.rate.model is ChargeModel.UNIT:
        amount, derivation = priced(found.rate, total - billed, digits)
    else:
        after, derivation = priced(found.rate, total, digits)
        before, of_before = priced(found.rate, billed, digits)
        amount = after - before
        derivation = (
            f'{{"rule":"billing.added","version":1,"inputs":{{"after":"{after}","before":"{before}"}},'
            f'"formula":"after-before","result":"{amount}","parts":[{derivation},{of_before}]}}'
        )
    return found.charge._replace(quantity=total - billed, amount=amount, derivation=derivation)
