"""What a plan charges beside its base fee and usage: add-ons in advance, minimums and commitments after the period."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.rules import AddOn, ChangeBilled, PlanConventions
from cashline.flow.deliver.subscriptions.rules import LifeKind, Stint
from cashline.flow.invoice.billing.rules.charges import plain
from cashline.flow.invoice.billing.rules.plans.base_fees import Held, Part, renewal_after
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PlanVersion,
    Subject,
    SubscriptionCharge,
)
from cashline.kernel.periods import Period, day_start, local_day
from cashline.kernel.rounding import divide, round_to


class _Given(NamedTuple):
    """An add-on that is taken off: price × days / days."""

    price: Decimal
    days: int
    of_days: int


type Billed = Callable[[UUID, str, date], bool]
"""Does a charge for an add-on of a plan from a day on stand?"""


def add_on_charges(
    subscription: PlanSubscription, parts: Iterable[Part], conventions: PlanConventions, billed: Billed
) -> Iterator[SubscriptionCharge]:
    """The add-ons of each period that begins, or of its rest; none is given back but by the same one of another plan.

    A stint's first charge stays what it was when a later change cuts it, and that change takes the rest off. What was
    billed for a period that had begun stays likewise where the stint ends on the first day of it.
    """
    before: dict[int, Stint] = dict(enumerate(subscription.life.stints, start=1))
    ordinal = {id(stint): index for index, stint in enumerate(subscription.life.stints)}
    same_day: Counter[tuple[UUID, date]] = Counter()
    for part in parts:
        place = str(same_day[part.plan.id, part.start] or "")
        same_day[part.plan.id, part.start] += 1
        opening = part.start == part.stint.start
        items = _add_ons(part, part.start)
        if part.days is None and not opening:
            begun = part.stint.end_at is not None and part.stint.end_at > day_start(part.start, subscription.zone)
            items = [item for item in items if begun and billed(part.plan.id, item.code, part.start)]
        for item in items:
            old = before.get(ordinal[id(part.stint)])
            given = _unused_of_old(subscription, old, part, item, billed) if opening else None
            yield _add_on(subscription, part, item, opening, given, conventions)._replace(place=place)
        yield from _steps(subscription, part, conventions)


def _add_ons(part: Part, day: date) -> list[AddOn]:
    """The add-ons of a stint as they stand on a day."""
    found = {item.code: item for item in part.plan.terms.add_ons}
    for step in part.stint.add_on_steps:
        if step.day < day or (step.day == day and day == part.stint.start):
            old = found.get(step.code)
            price = step.unit_price if step.unit_price is not None else (old.unit_price if old else ZERO)
            prorated, category = (old.prorated, old.tax_category) if old else (True, part.plan.terms.tax_category)
            found[step.code] = AddOn(step.code, step.units, price, prorated, category)
    return [item for item in found.values() if item.units]


def _unused_of_old(
    subscription: PlanSubscription, old: Stint | None, part: Part, item: AddOn, billed: Billed
) -> _Given | None:
    opened = part.stint.opened_by
    if old is None or opened.kind is not LifeKind.PLAN_CHANGED or old.closed_by is not opened:
        return None
    plan = subscription.plans[old.plan_id]
    was = next((one for one in plan.terms.add_ons if one.code == item.code), None)
    if was is None or not was.prorated or not item.prorated:
        return None
    whole = old.whole(plan.terms, part.start)
    if whole.start == part.start and old.start < part.start and not billed(plan.id, item.code, part.start):
        return None
    return _Given(was.units * was.unit_price, (whole.end - part.start).days, whole.days)


def _add_on(
    subscription: PlanSubscription,
    part: Part,
    item: AddOn,
    opening: bool,
    given: _Given | None,
    conventions: PlanConventions,
) -> SubscriptionCharge:
    digits, price = subscription.digits, item.units * item.unit_price
    days = (part.whole.end - part.start).days
    exact = divide(price * days, Decimal(part.whole.days)) if item.prorated else price
    formula, shown = ("price*days/of_days", f'"days":"{days}","of_days":"{part.whole.days}"')
    if not item.prorated:
        formula, shown = "price", f'"units":"{plain(item.units)}"'
    if given is not None:
        exact -= divide(given.price * given.days, Decimal(given.of_days))
        formula += "-old_price*old_days/old_of_days"
        shown += f',"old_price":"{plain(given.price)}","old_days":"{given.days}","old_of_days":"{given.of_days}"'
    amount = round_to(exact, digits)
    due_at, deferred = _due(subscription, part, opening, conventions)
    return SubscriptionCharge(
        Subject(Component.ADD_ON, part.plan.id, add_on=item.code),
        "",
        part.start,
        part.whole.end,
        part.whole.start,
        part.whole.end,
        days if item.prorated else part.whole.days,
        part.whole.days,
        item.units,
        item.unit_price,
        amount,
        due_at,
        True,
        item.tax_category,
        f'{{"rule":"billing.add_on","version":1,"inputs":{{"price":"{plain(price)}",{shown}}},'
        f'"formula":"round({formula},{digits})","result":"{amount}"}}',
        deferred=deferred,
    )


def _due(
    subscription: PlanSubscription, part: Part, opening: bool, conventions: PlanConventions
) -> tuple[datetime, bool]:
    if not opening:
        return day_start(part.start, subscription.zone), False
    fact = part.stint.opened_by
    changed = fact.kind in (LifeKind.PLAN_CHANGED, LifeKind.BILLING_DAY_MOVED) and not fact.scheduled
    if changed and not fact.gated and conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL:
        return renewal_after(subscription, fact.at), True
    return part.stint.start_at, False


def _steps(
    subscription: PlanSubscription, part: Part, conventions: PlanConventions
) -> Iterator[SubscriptionCharge]:  # fmt: skip
    """What adding to an add-on inside of a period costs for its rest; less of one is given back likewise."""
    for index, step in enumerate(part.stint.add_on_steps):
        if part.days is None or step.day not in part.days or step.day == part.start == part.stint.start:
            continue
        if step.day == part.start:
            continue
        units = {item.code: item for item in _add_ons(part, step.day)}
        old = units.get(step.code)
        price = step.unit_price if step.unit_price is not None else (old.unit_price if old else ZERO)
        was = old.units * old.unit_price if old else ZERO
        item = AddOn(step.code, Decimal(1), step.units * price - was, True, part.plan.terms.tax_category)
        rest = part._replace(days=Period(step.day, part.days.end))
        charge = _add_on(subscription, rest, item, False, None, conventions)
        yield charge._replace(place=f"step {index}", due_at=step.at)


def joined(parts: Iterable[Part]) -> list[tuple[Part, ...]]:
    """The parts for which a minimum is prorated together: those of a period between which there was only a pause."""
    found: list[list[Part]] = []
    for part in parts:
        resumed = part.stint.opened_by.kind is LifeKind.RESUMED and part.start == part.stint.start
        last = found[-1][-1] if found else None
        if resumed and last is not None and (last.plan.id, last.whole) == (part.plan.id, part.whole):
            found[-1].append(part)
        else:
            found.append([part])
    return [tuple(one) for one in found]


def shortfall(
    subscription: PlanSubscription, parts: Sequence[Part], minimum: Decimal, counted: Sequence[Decimal]
) -> tuple[Decimal, str]:
    """What is missing to the prorated minimum of joined parts, and the derivation; both sides are rounded before."""
    digits, of_days = subscription.digits, parts[0].whole.days
    days = _days(parts)
    bound = round_to(divide(minimum * days, Decimal(of_days)), digits)
    total = sum(counted, ZERO)
    missing = max(bound - total, round_to(ZERO, digits))
    amounts = ",".join(f'"{amount}"' for amount in counted)
    derivation = (
        f'{{"rule":"billing.minimum","version":1,"inputs":{{"minimum":"{plain(minimum)}","days":"{days}",'
        f'"of_days":"{of_days}","counted":[{amounts}]}},'
        f'"formula":"max(round(minimum*days/of_days,{digits})-sum(counted),0)","result":"{missing}"}}'
    )
    return missing, derivation


def _days(parts: Iterable[Part]) -> int:
    return sum(part.days.days for part in parts if part.days)


def shortfall_charge(
    subject: Subject,
    place: str,
    parts: Sequence[Part],
    missing: Decimal,
    derivation: str,
    tax_category: str,
) -> SubscriptionCharge:
    """The charge of a shortfall, due when the last of its parts has ended."""
    first, last = parts[0], parts[-1]
    return SubscriptionCharge(
        subject,
        place,
        first.start,
        last.end,
        first.whole.start,
        first.whole.end,
        _days(parts),
        first.whole.days,
        Decimal(1),
        missing,
        missing,
        last.due_at,
        False,
        tax_category,
        derivation,
    )


def commitment_of(
    subscription: PlanSubscription, parts: Sequence[Part], held: Iterable[Held], usage: Sequence[Decimal]
) -> SubscriptionCharge | None:
    """What is missing to the commitment of joined parts: none where they lie wholly in the trial."""
    plan: PlanVersion = parts[0].plan
    minimum = plan.terms.minimum_commitment
    filled = [part for part in parts if part.days is not None]
    if minimum is None or not filled:
        return None
    if plan.terms.trial_days:
        trial_end = local_day(subscription.life.trial_end(plan.terms), subscription.zone)
        if filled[-1].end <= trial_end:
            return None
    base = [
        one.amount
        for one in held
        if one.plan_id == plan.id and any(one.start in part.days for part in filled if part.days)
    ]
    missing, derivation = shortfall(subscription, parts, minimum, [*base, *usage])
    subject = Subject(Component.COMMITMENT_SHORTFALL, plan.id)
    return shortfall_charge(subject, "", parts, missing, derivation, plan.terms.tax_category)
