"""Cases of kind `schedule`: a subscription billed in arrears is really billed, run by run, under the moved clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.periods import Interval, IntervalUnit, Period, day_start, local_day
from cashline.surfaces.check.billing_format import Conventions, Run, ScenarioCase, ScheduleCase
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.scenario_format import Anchor as GivenAnchor
from cashline.surfaces.check.scenario_format import (
    AnniversaryAnchor,
    CalendarAnchor,
    DayOfMonthAnchor,
    ExpectedInvoice,
    Plan,
    ScenarioExpectation,
    Subscribe,
)
from cashline.surfaces.check.scratch import Scratch

ACTOR = "program:check"
CONVENTIONS = Conventions(
    proration_unit="calendar_day",
    fraction_of="days_of_whole_period",
    start_day="billed",
    change_day="new_plan",
    cancel_day="billed",
    pause_day="not_billed",
    resume_day="billed",
    anniversary_on_change="kept",
    unused_advance="credit_note",
    change_billed="at_change",
    line_rounding="half_up_2",
    tax_rounding="exact_line_taxes_summed_then_half_up_2",
    negative_invoice="account_credit",
    invoice_grouping="one_per_customer_per_event",
    trial_end_day="billed",
    trial_on_change="counted_from_first_subscribe",
    commitment_in_trial="none_if_period_wholly_in_trial_else_whole",
    shortfall_rounding="both_sides_rounded_then_subtracted",
    coupon_order="metric_limited_then_plan_limited_then_unlimited",
    coupon_spread="in_proportion_to_remaining_amounts_unrounded",
    last_credit_note="takes_remaining_tax",
)
MOMENT = timedelta(microseconds=1)
FEE = Decimal(100)


def anchor_of(given: GivenAnchor) -> Anchor:
    """The anchor that a file names."""
    match given:
        case CalendarAnchor():
            return Anchor(AnchorKind.CALENDAR)
        case AnniversaryAnchor():
            return Anchor(AnchorKind.ANNIVERSARY)
        case DayOfMonthAnchor():
            return Anchor(AnchorKind.DAY_OF_MONTH, given.day)


def differences(case: ScheduleCase, server: Scratch) -> list[Difference]:
    """Bill the subscription in scratch companies, and compare on which days, or by which runs, it was billed."""
    expect = case.expect
    if expect.within is not None:
        with _subscribed(case, server) as zone:
            found = list(_billing_days(Period(expect.within.from_, expect.within.until), case, zone))
        expected = list(expect.billing_dates or ())
        return [] if found == expected else [Difference("billing_dates", _days(expected), _days(found))]
    sequences = expect.run_sequences or ()
    before = _billed_before(sequences, case)
    return [
        difference
        for number, (runs, billed) in enumerate(zip(sequences, before, strict=True), start=1)
        for difference in _sequence(number, runs, billed, case, server)
    ]


@contextmanager
def _subscribed(case: ScheduleCase, server: Scratch) -> Iterator[str]:
    """A company in which the subscription has just started; gives the time zone of its customer."""
    from cashline.flow.deliver.subscriptions.actions import NewSubscription, subscribe
    from cashline.surfaces.check.scenario_setup import open_account

    zone = case.timezone.name
    start = case.start.instant(zone)
    event = Subscribe(id="start", at=case.start, sub="S", plan="P", quantity=Decimal(1))
    scenario = ScenarioCase(
        id=case.id, title=case.title, group=case.group, source=case.source, how=case.how,
        conventions="day-credit-note", currency="EUR", timezone=case.timezone, tax_percent=Decimal(0),
        plans={"P": Plan(case.interval, case.anchor, "arrears", FEE)}, events=(event,),
        expect=ScenarioExpectation((ExpectedInvoice("start"),), no_other_invoices=False),
    )  # fmt: skip
    with server.company(frozen_at=start):
        account = open_account(scenario, CONVENTIONS)
        new = NewSubscription(account.customer_id, account.entity_id, account.plans["P"], Decimal(1))
        subscribe([new], now=start, actor=ACTOR)
        yield zone


def _bills(at: datetime, zone: str) -> bool:
    """Move the clock and run the bills: was an invoice issued?"""
    from cashline.flow.invoice.billing.actions import run_bills
    from cashline.platform.clock.actions import move_clock

    move_clock(at)
    return run_bills(as_of=local_day(at, zone), now=at, actor=ACTOR).invoices > 0


def _billing_days(window: Period, case: ScheduleCase, zone: str) -> Iterator[date]:
    """The days of the window whose run, at their first instant, bills; where nothing is due no run is made."""
    start = case.start.instant(zone)
    day = max(window.start, local_day(start, zone) + timedelta(days=1))
    earlier = day_start(day, zone) - MOMENT
    if earlier > start:
        _bills(earlier, zone)
    while (due := _next_due()) is not None:
        day = max(day, due)
        if day >= window.end:
            return
        if _bills(day_start(day, zone), zone):
            yield day
        day += timedelta(days=1)


def _next_due() -> date | None:
    """The next day on which a run has anything to look at."""
    from cashline.platform import sql

    row = sql.fetch_one("SELECT min(due_on) FROM billing_schedules")
    return row[0] if row else None


class _Before(NamedTuple):
    """The instant at which everything up to it was billed before the runs of a sequence; None where nothing was due."""

    at: datetime | None


def _sequence(
    number: int, runs: tuple[Run, ...], before: _Before, case: ScheduleCase, server: Scratch
) -> list[Difference]:
    """Which runs of a sequence bill, in a company of its own."""
    found: list[Difference] = []
    said = ("issues none", "issues the invoice")
    with _subscribed(case, server) as zone:
        if before.at is not None:
            _bills(before.at, zone)
        for place, run in enumerate(runs, start=1):
            bills = _bills(run.at.instant(zone), zone)
            if bills != run.bills:
                found.append(Difference(f"run_sequences {number}, run {place}", said[run.bills], said[bills]))
    return found


def _billed_before(sequences: tuple[tuple[Run, ...], ...], case: ScheduleCase) -> list[_Before]:
    """Up to when the subscription was billed before each sequence: all periods before the invoice that it is about.

    That is the invoice due on the day of its first run, else the next one that a run of it comes to. A sequence inside
    of one period is about the next invoice where another sequence is, else about the one of its own period.
    """
    zone = case.timezone.name
    start = case.start.instant(zone)
    interval = Interval(IntervalUnit(case.interval))
    boundary = anchor_of(case.anchor).first_boundary(interval, local_day(start, zone))
    spans: list[tuple[int, int, bool]] = []
    for runs in sequences:
        days = [local_day(run.at.instant(zone), zone) for run in runs]
        first = interval.index_of(boundary, min(days))
        last = interval.index_of(boundary, max(days))
        spans.append((first, last, interval.boundary(boundary, first) == min(days)))
    about = {first if on_its_day else last for first, last, on_its_day in spans if on_its_day or last > first}
    found: list[_Before] = []
    for runs, (first, last, on_its_day) in zip(sequences, spans, strict=True):
        coming = not on_its_day and (last > first or (first not in about and first + 1 in about))
        at = day_start(interval.boundary(boundary, first if coming else first - 1), zone)
        earliest = min(run.at.instant(zone) for run in runs)
        found.append(_Before(at if start < at < earliest else None))
    return found


def _days(days: list[date]) -> str:
    return ", ".join(day.isoformat() for day in days) or "none"
