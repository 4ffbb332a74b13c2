"""From cumulative balances to what a run posts: the difference of each day to what was posted for it before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from cashline.flow.recognise.revenue.rules.standard.elapsed import DAY
from cashline.flow.recognise.revenue.rules.standard.facts import (
    CostIncurred,
    Expired,
    ProgressMade,
    Redeemed,
    ReturnRightEnded,
    Transfer,
)
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key, Moment, days_of, plan_revenue
from cashline.kernel.derivations import Derivation
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import add_months, month_of
from cashline.kernel.rounding import round_to

_ZERO = Decimal(0)
DELIVERS = (Transfer, ProgressMade, CostIncurred, Redeemed, Expired, ReturnRightEnded)
"""The facts that move an obligation on towards its end."""
NET = "revenue.difference"
TO_DATE = "revenue.obligation_to_date"

type Posted = Mapping[tuple[date, Key], tuple[Decimal, int]]
"""Amounts posted by the day that they belong to and the key, with the last sequence."""


class DayPosting(NamedTuple):
    """An amount to post for a day, debit positive."""

    day: date
    key: Key
    sequence: int
    amount: Decimal
    derivation: Derivation


class ArrangementPlan(NamedTuple):
    """What a run appends of an arrangement, and where it stands then; `refused` are residuals outside their range."""

    postings: list[DayPosting]
    moment: Moment
    refused: dict[str, Decimal]


def plan_postings(
    facts: Facts, posted: Posted, through: date, *, ran_through: date | None = None, slicer: Slicer = month_of
) -> ArrangementPlan:
    """The difference between the plan and what was posted; empty where the books are as planned.

    Days after `ran_through`, the last day of the run before, are posted each for itself. Before it the difference of a
    month (of a slice of one by `slicer`) is posted in one, on its last day that was run, so that a late fact moves what
    it changes and nothing else.
    """
    cut = ran_through or date.min
    days = {*days_of(facts, through, slicer), through}
    if ran_through is not None:
        days.add(ran_through)
    moments = plan_revenue(facts, days)
    wanted: dict[tuple[date, Key], Decimal] = {}
    before: Moment | None = None
    for moment in moments:
        for key, amount in _flows(before, moment):
            place = (_day_of(moment.day, cut, slicer), key)
            wanted[place] = wanted.get(place, _ZERO) + amount
        before = moment
    held: dict[tuple[date, Key], tuple[Decimal, int]] = {}
    for (day, key), (amount, sequence) in posted.items():
        place = (_day_of(day, cut, slicer), key)
        was, last = held.get(place, (_ZERO, -1))
        held[place] = (was + amount, max(last, sequence))
    at = {moment.day: moment for moment in moments}
    found: list[DayPosting] = []
    for day, key in sorted(wanted.keys() | held.keys()):
        was, sequence = held.get((day, key), (_ZERO, -1))
        off = wanted.get((day, key), _ZERO) - was
        if off:
            found.append(DayPosting(day, key, sequence + 1, off, derive(at[day], key, off, facts.digits)))
    return ArrangementPlan(found, moments[-1], moments[-1].refused)


def _day_of(day: date, cut: date, slicer: Slicer) -> date:
    """The day for which a difference is posted."""
    return day if day > cut else min(slicer(day).last_day, cut)


def _flows(before: Moment | None, now: Moment) -> Iterator[tuple[Key, Decimal]]:
    start = before.balances if before else {}
    for key in start.keys() | now.balances.keys():
        off = now.balances.get(key, _ZERO) - start.get(key, _ZERO)
        if off:
            yield key, off


def derive(moment: Moment, key: Key, amount: Decimal, digits: int) -> Derivation:
    """How a posting came about: what stands at the end of its day, less what was posted before.

    For revenue the figure to date is derived in turn: what modifications settled, and allocated price × progress.
    """
    to_date = moment.balances.get(key, _ZERO)
    parts = tuple(_to_date(moment, key, digits)) if key.account == "revenue" else ()
    inputs = {"to_date": to_date, "before": to_date - amount}
    return Derivation(NET, 1, inputs, "to_date - before", amount, note=_words(key), parts=parts)


def _words(key: Key) -> str:
    return " ".join(word for word in (key.account, key.contract, key.subject, key.nature) if word)


def _to_date(moment: Moment, key: Key, digits: int) -> Iterator[Derivation]:
    for one in moment.obligations():
        if one.work.id == key.subject:
            earned = round_to(one.segment_price * one.progress, digits)
            inputs = {
                "price": one.segment_price,
                "progress": one.progress,
                "beside": one.revenue - earned,
            }
            formula = f"round(price * progress, {digits}) + beside"
            note = "ASC 606-10-25-31; beside it stand what modifications settled, usage, royalties and prices a unit"
            yield Derivation(TO_DATE, 1, inputs, formula, one.revenue, note=note)


def revenue_ahead(
    facts: Facts, through: date, until: Sequence[date], *, delivered: bool = False
) -> list[tuple[date, str, Decimal]]:
    """What will be recognised after a day, by the end of each of `until` and obligation, without a new fact.

    With `delivered` the deliveries of later days count, as a forecast of them: no judgement, use or change does.
    """
    known = known_by(facts, through)
    if delivered:
        later = tuple(one for one in facts.events if one.at > through and isinstance(one, DELIVERS))
        known = replace(known, events=(*known.events, *later))
    moments = plan_revenue(known, [through, *until])
    found: list[tuple[date, str, Decimal]] = []
    for before, moment in pairwise(moments):
        was = {one.work.id: one.revenue for one in before.obligations()}
        for one in moment.obligations():
            amount = one.revenue - was.get(one.work.id, _ZERO)
            if amount:
                found.append((moment.day, one.work.id, amount))
    return found


def ahead_by_month(facts: Facts, through: date, months: int = 24) -> list[Decimal]:
    """The same by month, from the month of `through` on, without months after the last that earns."""
    first = through.replace(day=1)
    ends = [add_months(first, index + 1) - DAY for index in range(months)]
    amounts = [_ZERO] * months
    for day, _, amount in revenue_ahead(facts, through, [end for end in ends if end > through]):
        amounts[(day.year - first.year) * 12 + day.month - first.month] += amount
    while amounts and not amounts[-1]:
        amounts.pop()
    return amounts


def known_by(facts: Facts, day: date) -> Facts:
    """The facts up to the end of a day; what is paid for a contract before its inception waits for it."""
    contracts = tuple(one for one in facts.contracts if one.inception <= day)
    begun = {one.id for one in contracts}
    return Facts(
        contracts,
        tuple(one for one in facts.judgements if one.at <= day),
        tuple(one for one in facts.events if one.at <= day and getattr(one, "contract", None) in {None, *begun}),
        tuple(one for one in facts.costs if one.at <= day),
        facts.digits,
    )
