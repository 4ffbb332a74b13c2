"""The base fee: which days it should cover, and the difference to the days that it was billed for.

Compared are days, not amounts: days that are missing are billed, days too many are given back, each part rounded once
(price × days / days of the whole period). So the second difference is empty whatever came before, and what is given
back of a line sums to the line.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.agree.plans.rules import ChangeBilled, FeeTiming, PlanConventions, PlanTerms, UnusedAdvance
from cashline.flow.deliver.subscriptions.rules import LifeFact, LifeKind, PriceUplift, Stint, Unused
from cashline.flow.deliver.subscriptions.rules.life import Step, window_end
from cashline.flow.invoice.billing.rules.charges import proration_derivation, unit_derivation
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PlanVersion,
    PostedCharge,
    Subject,
    SubscriptionCharge,
    TakeBack,
)
from cashline.kernel.periods import Period, day_start, local_day, subtract
from cashline.kernel.rounding import divide, round_to


class Part(NamedTuple):
    """A part of a whole period that one stint fills; `due_at` is when what it owes in arrears is due.

    `waived`: it ended by a cancellation without a final invoice.
    """

    stint: Stint
    plan: PlanVersion
    days: Period | None
    whole: Period
    due_at: datetime
    waived: bool

    @property
    def start(self) -> date:
        """Its first day; that of its stint where it has no days."""
        return self.days.start if self.days else max(self.stint.start, self.whole.start)

    @property
    def end(self) -> date:
        """The day after its last, but at least one after its first."""
        return self.days.end if self.days else self.start + timedelta(days=1)


class Target(NamedTuple):
    """Days that the base fee should cover, at one rate."""

    plan: PlanVersion
    quantity: Decimal
    unit_price: Decimal
    days: Period
    whole: Period
    due_at: datetime
    advance: bool
    deferred: bool
    uplift: PriceUplift | None = None


class Held(NamedTuple):
    """What base fee stands for days from `start` on under a plan, after what was given back."""

    plan_id: UUID
    start: date
    amount: Decimal


class BaseDifference(NamedTuple):
    """The charges (negative ones give back), and what base fee then stands for which days."""

    charges: list[SubscriptionCharge]
    held: list[Held]


def parts_of(subscription: PlanSubscription, last: date, first: date = date.min) -> Iterator[Part]:
    """The parts of whole periods that the stints fill, up to the period that holds `last`; of those, from `first` on.

    `first` is a day before which all is settled.
    """
    zone = subscription.zone
    for stint in subscription.life.stints:
        if stint.end < first:
            continue
        plan = subscription.plans[stint.plan_id]
        day = stint.start
        if day < first:
            day = max(day, stint.whole(plan.terms, first - timedelta(days=1)).start)
        while day <= last:
            whole = stint.whole(plan.terms, day)
            end, next_at = min(whole.end, stint.end), day_start(whole.end, zone)
            closes = stint.end <= whole.end and not (stint.end == whole.end and _runs_after(stint, next_at, zone))
            last_fact = _settling(stint, next_at) if closes else None
            due_at = next_at if last_fact is None else min(max(last_fact.at, stint.end_at or next_at), next_at)
            days = Period(day, end) if day < end else None
            part = Part(stint, plan, days, whole, due_at, _without_final_invoice(last_fact))
            if part.start >= first:
                yield part
            if closes:
                break
            day = whole.end


def _settling(stint: Stint, next_at: datetime) -> LifeFact | None:
    """What makes a part in arrears due before its period ends: a change or a cancellation, but no pause by itself."""
    fact = stint.closed_by
    if fact is None or fact.kind is not LifeKind.PAUSED:
        return fact
    return stint.settled_by if stint.settled_by is not None and stint.settled_by.at < next_at else None


def _runs_after(stint: Stint, at: datetime, zone: str) -> bool:
    """Does usage of a stint whose last day is over go on into the day on which it was closed?"""
    end = window_end(stint, zone)
    return end is not None and end > at


def _without_final_invoice(fact: LifeFact | None) -> bool:
    return fact is not None and fact.kind is LifeKind.CANCELLED and not fact.final_invoice


def renewal_after(subscription: PlanSubscription, at: datetime) -> datetime:
    """The first instant after `at` at which a period begins by itself, or the end if that comes first."""
    zone, stints = subscription.zone, subscription.life.stints
    for index in range(bisect_right(stints, at, key=_ends_at), len(stints)):
        stint = stints[index]
        terms = subscription.plans[stint.plan_id].terms
        if stint.opened_by.scheduled and stint.start_at > at:
            return stint.start_at
        first = max(local_day(at, zone), stint.start)
        renewal = day_start(stint.whole(terms, first).end, zone)
        if stint.end_at is None or renewal < stint.end_at:
            return renewal
        if stint.closed_by is not None and stint.closed_by.kind is LifeKind.CANCELLED:
            return stint.end_at
    return stints[-1].end_at or at


def _ends_at(stint: Stint) -> datetime:
    return stint.end_at or _NEVER


_NEVER = datetime.max.replace(tzinfo=UTC)


def base_targets(
    subscription: PlanSubscription, parts: Iterable[Part], conventions: PlanConventions
) -> Iterator[Target]:
    """The days that the base fee should cover, by part and rate; none of a trial."""
    for part in parts:
        if part.days is None:
            continue
        terms = part.plan.terms
        days = _after_trial(subscription, part, terms)
        if days is None:
            continue
        advance = terms.timing is FeeTiming.ADVANCE
        if part.waived and not advance:
            continue
        for quantity, unit_price, rated, uplift in _rates(part.stint, days, terms):
            due_at, deferred = part.due_at, False
            if advance:
                due_at, deferred = _advance_due(subscription, part, rated.start, conventions)
            yield Target(part.plan, quantity, unit_price, rated, part.whole, due_at, advance, deferred, uplift)


def _after_trial(subscription: PlanSubscription, part: Part, terms: PlanTerms) -> Period | None:
    days = part.days
    if days is None or not terms.trial_days:
        return days
    trial_end = subscription.life.trial_end(terms)
    first = local_day(trial_end, subscription.zone)
    stint = part.stint
    if first >= days.end or (stint.end_at is not None and trial_end >= stint.end_at):
        return None
    return Period(max(first, days.start), days.end)


def _rates(
    stint: Stint, days: Period, terms: PlanTerms
) -> Iterator[tuple[Decimal, Decimal, Period, PriceUplift | None]]:
    for index, step in enumerate(stint.steps):
        end = stint.steps[index + 1].day if index + 1 < len(stint.steps) else days.end
        start, end = max(step.day, days.start), min(end, days.end)
        if start < end:
            price = terms.base_fee if step.unit_price is None else step.unit_price
            yield step.quantity, price, Period(start, end), step.uplift


def _advance_due(
    subscription: PlanSubscription, part: Part, start: date, conventions: PlanConventions
) -> tuple[datetime, bool]:
    """When days in advance are due, and whether a change left them to the next renewal; one that is paid first not."""
    stint, terms, zone = part.stint, part.plan.terms, subscription.zone
    if terms.trial_days:
        trial_end = subscription.life.trial_end(terms)
        if start == local_day(trial_end, zone) and trial_end > stint.start_at:
            return trial_end, False
    step = next((step for step in stint.steps if step.day == start), None)
    if start == stint.start:
        due_at, fact = stint.start_at, stint.opened_by
        changed = not fact.scheduled and fact.kind in (LifeKind.PLAN_CHANGED, LifeKind.BILLING_DAY_MOVED)
        left = changed and not fact.gated
    elif step is not None and start != part.whole.start:
        due_at, left = step.at, not step.gated
    else:
        return day_start(start, zone), False
    if left and conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL:
        return max(due_at, renewal_after(subscription, due_at)), True
    return due_at, False


def base_difference(
    subscription: PlanSubscription,
    targets: Iterable[Target],
    posted: Sequence[PostedCharge],
    conventions: PlanConventions,
    until: datetime,
) -> BaseDifference:
    """What brings the billed days to the targets: missing days due by `until`, and days to give back."""
    ledger = _Ledger(posted)
    causes, steps = _closings(subscription), _steps_of(subscription)
    charges: list[SubscriptionCharge] = []
    held: list[Held] = []
    for target in targets:
        missing = ledger.cover(target)
        if target.due_at > until:
            continue
        for days in missing:
            charge = _charge(subscription, target, days)
            charges.append(charge)
            held.append(Held(target.plan.id, days.start, charge.amount))
    for line, unused in ledger.uncovered():
        cause = causes.get(key := (line.subject.plan_id, unused.start)) or steps.get(key)
        given = _take_backs(subscription, line, unused, ledger, cause, conventions)
        taken = [charge for charge in given if charge.due_at <= until]
        charges.extend(taken)
        ledger.given[line.id] = ledger.given.get(line.id, ZERO) + sum((one.amount for one in taken), ZERO)
    held.extend(ledger.held())
    return BaseDifference(charges, held)


class _Ledger:
    """Posted base lines by rate, with the days of each that no target has covered yet."""

    def __init__(self, posted: Sequence[PostedCharge]) -> None:
        self.lines = [row for row in posted if row.subject.component is Component.BASE and not row.voided]
        self.given: dict[UUID, Decimal] = {}
        self.given_days: dict[UUID, list[Period]] = {}
        for row in posted:
            if row.against is not None and row.subject.component is Component.UNUSED_BASE and not row.voided:
                self.given[row.against] = self.given.get(row.against, ZERO) + row.amount
                self.given_days.setdefault(row.against, []).append(Period(row.start, row.end))
        self.standing: dict[UUID, list[Period]] = {}
        self.by_rate: dict[tuple[UUID, Decimal, Decimal, date, date], list[PostedCharge]] = {}
        for line in self.lines:
            self.standing[line.id] = subtract([Period(line.start, line.end)], self.given_days.get(line.id, ()))
            key = (line.subject.plan_id, line.quantity, line.unit_price, line.whole_start, line.whole_end)
            self.by_rate.setdefault(key, []).append(line)

    def cover(self, target: Target) -> list[Period]:
        """Cover a target with what was billed; gives the days that were not."""
        key = (target.plan.id, target.quantity, target.unit_price, target.whole.start, target.whole.end)
        missing = [target.days]
        for line in self.by_rate.get(key, ()):
            before = self.standing[line.id]
            if before and missing:
                self.standing[line.id] = subtract(before, missing)
                missing = subtract(missing, before)
        return missing

    def uncovered(self) -> Iterator[tuple[PostedCharge, Period]]:
        """The billed days that no target covers, by line."""
        for line in self.lines:
            for days in self.standing[line.id]:
                yield line, days

    def held(self) -> Iterator[Held]:
        """What stands of each posted line."""
        for line in self.lines:
            yield Held(line.subject.plan_id, line.start, line.amount + self.given.get(line.id, ZERO))


def _charge(subscription: PlanSubscription, target: Target, days: Period) -> SubscriptionCharge:
    amount, derivation = _fee(target.quantity, target.unit_price, days.days, target.whole.days, subscription.digits)
    if target.uplift is not None:
        part = msgspec.json.encode(target.uplift.derivation(subscription.digits)).decode()
        derivation = f'{derivation[:-1]},"parts":[{part}]}}'
    return SubscriptionCharge(
        Subject(Component.BASE, target.plan.id),
        f"{target.quantity.normalize():f}x{target.unit_price.normalize():f}",
        days.start,
        days.end,
        target.whole.start,
        target.whole.end,
        days.days,
        target.whole.days,
        target.quantity,
        target.unit_price,
        amount,
        target.due_at,
        target.advance,
        target.plan.terms.tax_category,
        derivation,
        deferred=target.deferred,
    )


def _fee(quantity: Decimal, unit_price: Decimal, days: int, of_days: int, digits: int) -> tuple[Decimal, str]:
    if days == of_days:
        amount = round_to(quantity * unit_price, digits)
        return amount, unit_derivation(quantity, unit_price, digits, amount)
    amount = round_to(divide(quantity * unit_price * days, Decimal(of_days)), digits)
    return amount, proration_derivation(quantity, unit_price, days, of_days, digits, amount)


def _take_backs(
    subscription: PlanSubscription,
    line: PostedCharge,
    unused: Period,
    ledger: _Ledger,
    cause: LifeFact | Step | None,
    conventions: PlanConventions,
) -> Iterator[SubscriptionCharge]:
    """What is given back for unused days of a line: the fee of all its unused days less what was given before.

    `cause` is what ended the service, or changed its rate, on the first of them, if something did.
    """
    fact = cause if isinstance(cause, LifeFact) else None
    if fact is not None and fact.kind is LifeKind.CANCELLED and fact.unused is Unused.KEEP:
        return
    before = sum(days.days for days in ledger.given_days.get(line.id, ()))
    given = -ledger.given.get(line.id, ZERO)
    days = before + unused.days
    whole, derivation = _fee(line.quantity, line.unit_price, days, line.of_days, subscription.digits)
    due = (line.amount if days >= line.days else min(whole, line.amount)) - given
    if not due:
        return
    derivation = (
        f'{{"rule":"billing.unused","version":1,"inputs":{{"unused":"{due + given}","given_before":"{given}"}},'
        f'"formula":"given_before-unused","result":"{-due}","parts":[{derivation}]}}'
    )
    ledger.given_days.setdefault(line.id, []).append(unused)
    due_at, deferred = _take_back_due(subscription, cause, conventions)
    yield SubscriptionCharge(
        line.subject._replace(component=Component.UNUSED_BASE),
        str(line.id),
        unused.start,
        unused.end,
        line.whole_start,
        line.whole_end,
        unused.days,
        line.of_days,
        line.quantity,
        line.unit_price,
        -due,
        due_at,
        True,
        subscription.plans[line.subject.plan_id].terms.tax_category,
        derivation,
        deferred=deferred,
        against=line.id,
        takes_back=_way(fact, conventions),
    )


def _closings(subscription: PlanSubscription) -> dict[tuple[UUID, date], LifeFact]:
    """The fact that ended the service under a plan on a day."""
    return {
        (stint.plan_id, stint.end): stint.closed_by for stint in subscription.life.stints if stint.closed_by is not None
    }


def _steps_of(subscription: PlanSubscription) -> dict[tuple[UUID, date], Step]:
    """The change of rate under a plan on a day."""
    return {(stint.plan_id, step.day): step for stint in subscription.life.stints for step in stint.steps[1:]}


def _take_back_due(
    subscription: PlanSubscription, cause: LifeFact | Step | None, conventions: PlanConventions
) -> tuple[datetime, bool]:
    """When unused days are given back: with what takes their place, so that the two are on one document."""
    if cause is None:
        return subscription.life.first_at, False
    change = isinstance(cause, Step) or cause.kind in (LifeKind.PLAN_CHANGED, LifeKind.BILLING_DAY_MOVED)
    if change and not cause.gated and conventions.change_billed is ChangeBilled.AT_NEXT_RENEWAL:
        return renewal_after(subscription, cause.at), True
    return cause.at, False


def _way(fact: LifeFact | None, conventions: PlanConventions) -> TakeBack:
    cancelled = fact is not None and fact.kind is LifeKind.CANCELLED
    if cancelled and fact is not None and fact.unused is Unused.REFUND:
        return TakeBack.REFUND
    if conventions.unused_advance is UnusedAdvance.CREDIT_NOTE or _without_final_invoice(fact):
        return TakeBack.CREDIT_NOTE
    return TakeBack.NEGATIVE_LINE


def last_day_to_plan(posted: Sequence[PostedCharge], until: datetime, zone: str) -> date:
    """The day up to which to plan, so that the plan can be compared with what was posted."""
    days = [row.end - timedelta(days=1) for row in posted]
    return max([*days, local_day(until, zone)])
