"""The periods of a subscription: from its activation to its end, tiled by its interval, split where its terms change.

Every boundary is counted from the activation (a month without that day has it on its last day). A period that the
service or a version of its terms fills only in part costs price × days / days of the whole period.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.agree.catalog.rules import BillingTrigger
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.invoice.billing.rules.charges import (
    ALWAYS,
    NEVER,
    BillingCalendar,
    BillingConventions,
    PlannedCharge,
    gross_of,
    proration_derivation,
    unit_derivation,
)
from cashline.kernel.money import minor_units
from cashline.kernel.periods import DayCount, Interval, IntervalUnit, Period, add_months, days_30_360
from cashline.kernel.rounding import divide, round_to


class Service(NamedTuple):
    """A stretch of days on which the service runs; its periods are counted from `anchor`."""

    anchor: date
    start: date
    end: date


def services(facts: Sequence[DeliveryFact]) -> list[Service]:
    """When the service runs, from its facts in the order of their recording.

    The end that became known last counts. An activation up to the end takes a cancellation back; one after it begins
    anew, with periods of its own.
    """
    found: list[Service] = []
    for fact in facts:
        day = fact.effective_on
        last = found[-1] if found else None
        if fact.kind == DeliveryKind.ACTIVATED:
            if last is None or day > last.end:
                found.append(Service(day, day, NEVER))
            else:
                found[-1] = last._replace(end=NEVER)
        elif fact.kind == DeliveryKind.ENDED and last is not None:
            found[-1] = last._replace(end=max(day, last.start))
    return found


def service_charges(
    versions: Sequence[TermLine],
    facts: Sequence[DeliveryFact],
    through: date,
    after: date,
    conventions: BillingConventions,
) -> Iterator[PlannedCharge]:
    """The charges of all periods that may be due after `after` and up to `through`."""
    first = versions[0]
    interval = Interval(IntervalUnit.MONTH, first.interval_months)
    for service in services(facts):
        end = min(service.end, _term_end(first, service))
        start = service.start
        if after > ALWAYS:
            start = max(start, _period_of(interval, service, after, conventions).start)
        if start >= end or start > through:
            continue
        for whole in _wholes(interval, service, start, min(end, through), conventions):
            yield from _charges_of(versions, whole, service.start, end, conventions)


def next_service_due(
    versions: Sequence[TermLine], facts: Sequence[DeliveryFact], after: date, conventions: BillingConventions
) -> date | None:
    """The next day after `after` on which a period falls due."""
    first = versions[0]
    interval = Interval(IntervalUnit.MONTH, first.interval_months)
    days: list[date] = []
    for service in services(facts):
        end = min(service.end, _term_end(first, service))
        day = max(service.start, _period_of(interval, service, after, conventions).start)
        for _ in range(3):
            if day >= end:
                break
            whole = _period_of(interval, service, day, conventions)
            due = [
                charge.due_on
                for charge in _charges_of(versions, whole, service.start, end, conventions)
                if charge.due_on > after
            ]
            if due:
                days.append(min(due))
                break
            day = whole.end
    return min(days, default=None)


def _term_end(first: TermLine, service: Service) -> date:
    return add_months(service.anchor, first.term_months) if first.term_months else NEVER


def _anchor(service: Service, conventions: BillingConventions) -> date:
    return service.anchor.replace(day=1) if conventions.calendar is BillingCalendar.CALENDAR_MONTH else service.anchor


def _period_of(interval: Interval, service: Service, day: date, conventions: BillingConventions) -> Period:
    return interval.period_holding(_anchor(service, conventions), max(day, service.start))


def _wholes(
    interval: Interval, service: Service, start: date, last: date, conventions: BillingConventions
) -> Iterator[Period]:
    """The whole periods from the one that holds `start` to the one that holds `last`."""
    anchor = _anchor(service, conventions)
    index = interval.index_of(anchor, start)
    begin = interval.boundary(anchor, index)
    while begin <= last:
        index += 1
        end = interval.boundary(anchor, index)
        yield Period(begin, end)
        begin = end


def _charges_of(
    versions: Sequence[TermLine], whole: Period, start: date, end: date, conventions: BillingConventions
) -> Iterator[PlannedCharge]:
    """The charges of one period: one for each version of the terms that applies in it while the service runs."""
    for index, version in enumerate(versions):
        begin = max(whole.start, start) if index == 0 else max(whole.start, start, version.starts_on)
        stop = min(whole.end, end, version.ends_on or NEVER)
        if begin < stop:
            yield _charge(version, Period(begin, stop), whole, conventions)


def _charge(term: TermLine, part: Period, whole: Period, conventions: BillingConventions) -> PlannedCharge:
    digits = minor_units(term.currency)
    price = term.quantity * term.unit_price
    if part == whole:
        amount = round_to(price, digits)
        derivation = unit_derivation(term.quantity, term.unit_price, digits, amount)
        gross = None if term.included_tax_rate is None else gross_of(term, term.quantity, digits)
    else:
        days, of_days = _days(part, conventions.day_count), _days(whole, conventions.day_count)
        amount = round_to(divide(price * days, Decimal(of_days)), digits)
        derivation = proration_derivation(term.quantity, term.unit_price, days, of_days, digits, amount)
        gross = gross_of(term, term.quantity, digits, days, of_days)
    arrears = term.billing_trigger == BillingTrigger.IN_ARREARS
    return PlannedCharge(
        term.line_id,
        term.line_id,
        part.start,
        part,
        term.quantity,
        term.unit_price,
        amount,
        part.end if arrears else part.start,
        part.last_day if arrears else part.start,
        term,
        derivation,
        gross,
    )


def _days(period: Period, day_count: DayCount) -> int:
    return days_30_360(period) if day_count is DayCount.THIRTY_360 else period.days
