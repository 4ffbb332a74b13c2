"""The plan of a subscription compared with what was posted, and what of the difference an event or a run bills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.rules import PlanConventions, UnusedAdvance, UsageTiming
from cashline.flow.invoice.billing.rules.plans.base_fees import (
    Held,
    Part,
    base_difference,
    base_targets,
    last_day_to_plan,
    parts_of,
)
from cashline.flow.invoice.billing.rules.plans.extras import (
    add_on_charges,
    commitment_of,
    joined,
    shortfall,
    shortfall_charge,
)
from cashline.flow.invoice.billing.rules.plans.metering import (
    Metered,
    MeterWindow,
    PricedUsage,
    units_difference,
    usage_charges,
    windows_of,
)
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PostedCharge,
    Subject,
    SubscriptionCharge,
    TakeBack,
)
from cashline.flow.invoice.billing.rules.plans.terminations import termination_fees
from cashline.flow.invoice.billing.rules.plans.thresholds import early_charges, has_thresholds
from cashline.kernel.periods import local_day


class Outlook(NamedTuple):
    """A subscription with the parts of its periods up to an instant, and the usage that they ask for."""

    subscription: PlanSubscription
    posted: Sequence[PostedCharge]
    parts: list[Part]
    windows: list[MeterWindow]
    until: datetime


def outlook(
    subscription: PlanSubscription, posted: Sequence[PostedCharge], until: datetime, first: date = date.min
) -> Outlook:  # fmt: skip
    """What is to be looked at to bill a subscription up to an instant.

    With `first` it is settled before that day (`settling.settled`), and `posted` are its charges from then on.
    """
    last = last_day_to_plan(posted, until, subscription.zone)
    parts = list(parts_of(subscription, last, first))
    asked = [part for part in parts if _asks_usage(part, posted, until)]
    return Outlook(subscription, posted, parts, windows_of(subscription, asked), until)


def _asks_usage(part: Part, posted: Sequence[PostedCharge], until: datetime) -> bool:
    """Can the usage of a part change a bill? Not while it runs, unless the plan bills some before its end."""
    terms = part.plan.terms
    if part.due_at <= until or has_thresholds(terms):
        return True
    if any(charge.timing is not UsageTiming.ARREARS for charge in terms.charges):
        return True
    return any(row.start >= part.start and row.subject.component in _AFTERWARDS for row in posted)


_AFTERWARDS = (Component.CHARGE, Component.MINIMUM_SHORTFALL, Component.COMMITMENT_SHORTFALL)


def plan_subscription(
    look: Outlook, metered: Metered, conventions: PlanConventions
) -> list[SubscriptionCharge]:  # fmt: skip
    """All charges due by the instant that no invoice has billed, and (negative) what was billed too much.

    Pure: the same facts, usage and postings give the same charges, and none once they are posted.
    """
    subscription, posted, until = look.subscription, look.posted, look.until
    standing = _by_key(posted)
    targets = base_targets(subscription, look.parts, conventions)
    base = base_difference(subscription, targets, posted, conventions, until)
    used = list(usage_charges(subscription, look.windows, metered))
    charges = list(base.charges)
    planned: list[SubscriptionCharge] = []
    at_once: list[SubscriptionCharge] = []
    amounts: dict[int, list[Decimal]] = {}
    for found in used:
        if found.window.charge.timing is UsageTiming.ARREARS:
            if not found.window.part.waived:
                planned.append(found.charge)
            amount = found.charge.amount
        else:
            rows = standing.get(_key(found.charge), ())
            added = _added(found, rows, subscription.digits)
            if added is not None and added.due_at <= until:
                at_once.append(added)
            amount = sum((row.amount for row in rows), ZERO) + (added.amount if added else ZERO)
            standing.pop(_key(found.charge), None)
        amounts.setdefault(id(found.window), []).append(amount)
    planned += _minimums(subscription, look, amounts)
    planned += _commitments(subscription, look, base.held, amounts)
    planned += add_on_charges(subscription, look.parts, conventions, partial(_bills_add_on, standing))
    planned += termination_fees(subscription)
    charges += early_charges(used, posted, until, local_day(until, subscription.zone))
    charges += at_once
    charges += amount_difference(planned, standing, until, conventions)
    return charges


def _bills_add_on(
    standing: Mapping["_Key", Sequence[PostedCharge]], plan_id: UUID, code: str, day: date
) -> bool:  # fmt: skip
    rows = standing.get((Subject(Component.ADD_ON, plan_id, add_on=code), day, ""), ())
    return sum((row.amount for row in rows), ZERO) > 0


def _added(found: PricedUsage, rows: Sequence[PostedCharge], digits: int) -> SubscriptionCharge | None:
    """What events added; a part that was cut short gives nothing back of what its events have billed."""
    added = units_difference(found, rows, digits)
    part = found.window.part
    if added is not None and added.quantity < 0 and part.end < part.whole.end:
        return None
    return added


def _minimums(
    subscription: PlanSubscription, look: Outlook, amounts: dict[int, list[Decimal]]
) -> Iterator[SubscriptionCharge]:
    """The shortfalls of charges with a minimum; what they add counts as usage of the part."""
    group = {id(part): index for index, parts in enumerate(joined(look.parts)) for part in parts}
    together: dict[tuple[int, int], list[MeterWindow]] = {}
    for item in look.windows:
        if item.charge.minimum_per_period is not None:
            together.setdefault((group[id(item.part)], id(item.charge)), []).append(item)
    for windows in together.values():
        first, last = windows[0], windows[-1]
        minimum = first.charge.minimum_per_period
        if minimum is None or last.part.waived:
            continue
        parts = [item.part for item in windows]
        counted = [amount for item in windows for amount in amounts.get(id(item), ())]
        missing, derivation = shortfall(subscription, parts, minimum, counted)
        if missing:
            amounts.setdefault(id(last), []).append(missing)
        subject = Subject(Component.MINIMUM_SHORTFALL, first.part.plan.id, first.charge.meter)
        yield shortfall_charge(subject, first.place, parts, missing, derivation, first.charge.tax_category)


def _commitments(
    subscription: PlanSubscription, look: Outlook, held: Sequence[Held], amounts: Mapping[int, list[Decimal]]
) -> Iterator[SubscriptionCharge]:
    usage: dict[int, list[Decimal]] = {}
    for item in look.windows:
        usage.setdefault(id(item.part), []).extend(amounts.get(id(item), []))
    for parts in joined(look.parts):
        if not parts[-1].waived:
            used = [amount for part in parts for amount in usage.get(id(part), ())]
            found = commitment_of(subscription, parts, held, used)
            if found is not None:
                yield found


type _Key = tuple[Subject, object, str]


def _key(charge: SubscriptionCharge | PostedCharge) -> _Key:
    return (charge.subject, charge.start, charge.place)


def _by_key(posted: Iterable[PostedCharge]) -> dict[_Key, list[PostedCharge]]:
    """What stands of each charge but the base fee, which is compared by days; early bills are settled apart."""
    found: dict[_Key, list[PostedCharge]] = {}
    for row in posted:
        if row.subject.component not in _BY_DAYS and not row.subject.early and not row.voided:
            found.setdefault(_key(row), []).append(row)
    return found


_BY_DAYS = (Component.BASE, Component.UNUSED_BASE)


def amount_difference(
    planned: Iterable[SubscriptionCharge],
    standing: Mapping[_Key, Sequence[PostedCharge]],
    until: datetime,
    conventions: PlanConventions,
) -> Iterator[SubscriptionCharge]:
    """What is missing to the planned amounts that are due, and what was billed beyond them."""
    seen: set[_Key] = set()
    for charge in planned:
        key = _key(charge)
        seen.add(key)
        rows = standing.get(key, ())
        billed = sum((row.amount for row in rows), ZERO)
        missing = charge.amount - billed
        if missing < 0 and rows:
            yield from _too_much(rows, -missing, charge, conventions)
        elif missing and charge.due_at <= until:
            yield _rest(charge, rows, billed, missing) if rows else charge
    for key, rows in standing.items():
        if key not in seen:
            billed = sum((row.amount for row in rows), ZERO)
            if billed > 0:
                yield from _too_much(rows, billed, None, conventions)


def _rest(
    charge: SubscriptionCharge, rows: Sequence[PostedCharge], billed: Decimal, missing: Decimal
) -> SubscriptionCharge:
    derivation = (
        f'{{"rule":"billing.correction","version":1,"inputs":{{"planned":"{charge.amount}","billed":"{billed}"}},'
        f'"formula":"planned-billed","result":"{missing}","parts":[{charge.derivation}]}}'
    )
    units = charge.quantity - sum((row.quantity for row in rows), ZERO)
    return charge._replace(quantity=units or Decimal(1), amount=missing, derivation=derivation)


def _too_much(
    rows: Sequence[PostedCharge],
    amount: Decimal,
    charge: SubscriptionCharge | None,
    conventions: PlanConventions,
) -> Iterator[SubscriptionCharge]:
    """Give back the newest first, of none more than it billed."""
    way = TakeBack.NEGATIVE_LINE
    if conventions.unused_advance is UnusedAdvance.CREDIT_NOTE:
        way = TakeBack.CREDIT_NOTE
    given: dict[UUID, Decimal] = {}
    for row in rows:
        if row.against is not None:
            given[row.against] = given.get(row.against, ZERO) + row.amount
    for row in sorted(rows, key=lambda row: -row.revision):
        if row.amount <= 0:
            continue
        taken = min(amount, row.amount + given.get(row.id, ZERO))
        if taken > 0:
            amount -= taken
            yield _negative(row, charge, taken, way)


def _negative(
    row: PostedCharge, charge: SubscriptionCharge | None, taken: Decimal, way: TakeBack
) -> SubscriptionCharge:  # fmt: skip
    derivation = (
        f'{{"rule":"billing.taken_back","version":1,"inputs":{{"too_much":"{taken}"}},'
        f'"formula":"-too_much","result":"{-taken}"}}'
    )
    return SubscriptionCharge(
        row.subject,
        row.place,
        row.start,
        row.end,
        row.whole_start,
        row.whole_end,
        row.days,
        row.of_days,
        Decimal(1),
        taken,
        -taken,
        _ALWAYS,
        False,
        charge.tax_category if charge else "",
        derivation,
        against=row.id,
        takes_back=way,
    )


_ALWAYS = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


class Trigger(StrEnum):
    """What bills: a run, or an event that issues an invoice itself."""

    RUN = "run"
    START = "start"
    CHANGE = "change"
    PAUSE = "pause"
    CANCEL = "cancel"
    CANCEL_WITHOUT_INVOICE = "cancel_without_invoice"
    USAGE = "usage"
    THRESHOLD = "threshold"
    NOTHING = "nothing"


def chosen(
    charges: Iterable[SubscriptionCharge],
    trigger: Trigger,
    since: datetime,
) -> list[SubscriptionCharge]:
    """What of the difference is billed by a trigger; `since` is the effect of the fact that caused it.

    A start and a resumption bill what is due in advance, a change also what is owed in arrears, a cancellation the
    arrears alone, a pause only gives back. A run bills everything.
    """
    return [charge for charge in charges if _bills(charge, trigger, since)]


def _bills(charge: SubscriptionCharge, trigger: Trigger, since: datetime) -> bool:
    if trigger is Trigger.THRESHOLD or charge.subject.early:
        return trigger is Trigger.THRESHOLD and charge.subject.early
    if trigger in (Trigger.RUN, Trigger.NOTHING):
        return trigger is Trigger.RUN
    given_back = charge.takes_back is not None
    if trigger is Trigger.USAGE:
        return charge.subject.component is Component.CHARGE and charge.advance
    if trigger is Trigger.PAUSE:
        return given_back
    if trigger is Trigger.CANCEL_WITHOUT_INVOICE:
        return charge.takes_back in (TakeBack.CREDIT_NOTE, TakeBack.REFUND)
    if given_back:
        return trigger is not Trigger.START
    if trigger is Trigger.START:
        return charge.advance and charge.due_at >= since
    if trigger is Trigger.CHANGE:
        return not charge.advance or (charge.due_at >= since and not charge.deferred)
    return not charge.advance or charge.deferred
