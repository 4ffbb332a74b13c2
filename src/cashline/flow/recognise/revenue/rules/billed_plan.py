"""The difference between what is earned of billed promises and what was recognised of them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from cashline.flow.recognise.revenue.rules.billed import BilledPromise
from cashline.flow.recognise.revenue.rules.rows import (
    ContractPlan,
    PlannedObligationRow,
    PlannedPosting,
    RecordedRevenue,
    stated_derivation,
)
from cashline.flow.recognise.revenue.rules.stretches import Stretch, months_of
from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import add_months, month_of

_ZERO = Decimal(0)
_DAY = timedelta(days=1)


def plan_billed(
    promises: Sequence[BilledPromise],
    recorded: Mapping[UUID, RecordedRevenue],
    *,
    through: date,
    digits: int,
    slicer: Slicer = month_of,
) -> ContractPlan:
    """What a run appends for promises that invoices made; empty where all is recognised as it should be.

    Pure in the facts: their order does not matter. The price of a promise is what was billed of it, net of credits.
    """
    rows: list[PlannedObligationRow] = []
    postings: list[PlannedPosting] = []
    complete_on = date.min
    ahead: dict[date, Decimal] = {}
    for promise in promises:
        known = recorded.get(promise.line_id)
        found = _postings(promise, known.months if known else {}, through, digits, slicer)
        price = price_of(promise.stretches, through)
        if (known.prices != (price, price, price)) if known else (found or price):
            version = known.version + 1 if known else 0
            derivation = stated_derivation(price)
            rows.append(
                PlannedObligationRow(promise.line_id, version, promise.pattern, False, price, price, price, derivation)
            )
        postings += found
        for stretch in promise.stretches:
            if stretch.last > through:
                complete_on = max(complete_on, stretch.last)
                _look_ahead(stretch, through, digits, ahead)
    return ContractPlan(through, rows, postings, complete_on, _in_order(ahead, through))


def price_of(stretches: Sequence[Stretch], through: date) -> Decimal:
    """What is billed in all; a credit that counts from a later day than `through` is not known to the price yet."""
    return sum((one.amount for one in stretches if one.counts_from <= max(one.start, through)), _ZERO)


def _postings(
    promise: BilledPromise, posted: Mapping[date, tuple[Decimal, int]], through: date, digits: int, slicer: Slicer
) -> list[PlannedPosting]:
    months: dict[date, list[Stretch]] = {month: [] for month in posted}
    for stretch in promise.stretches:
        for month, _ in months_of(stretch, through, slicer):
            months.setdefault(month, []).append(stretch)
    found: list[PlannedPosting] = []
    for month in sorted(months):
        day = min(slicer(month).last_day, through)
        before = month - _DAY
        earned = [one.earned(day, digits) - one.earned(before, digits) for one in months[month]]
        amount, sequence = posted.get(month, (_ZERO, -1))
        off = sum(earned, _ZERO) - amount
        if off:
            parts = tuple(one.derivation(month, day, digits) for one in months[month])
            inputs: dict[str, Input] = {"stretches": [part.result for part in parts], "posted": amount}
            derivation = Derivation("revenue.billed", 1, inputs, "sum(stretches) - posted", off, parts=parts)
            text = msgspec.json.encode(derivation.as_json()).decode()
            found.append(PlannedPosting(promise.line_id, promise.kind, month, day, sequence + 1, off, text))
    return found


def _look_ahead(stretch: Stretch, through: date, digits: int, ahead: dict[date, Decimal]) -> None:
    before = stretch.earned(through, digits)
    for month, day in months_of(stretch, date.max - _DAY):
        if day > through:
            earned = stretch.earned(day, digits)
            ahead[month] = ahead.get(month, _ZERO) + earned - before
            before = earned


def _in_order(months: dict[date, Decimal], through: date) -> list[Decimal]:
    """Amounts by month from the month of `through` on."""
    found: list[Decimal] = []
    month, last = through.replace(day=1), max((one for one, amount in months.items() if amount), default=date.min)
    while month <= last:
        found.append(months.get(month, _ZERO))
        month = add_months(month, 1)
    return found


def joined(one: ContractPlan, other: ContractPlan) -> ContractPlan:
    """Two plans of one contract as one."""
    ends = (one.complete_on, other.complete_on)
    length = max(len(one.ahead), len(other.ahead))
    parts = [[*plan.ahead, *[_ZERO] * (length - len(plan.ahead))] for plan in (one, other)]
    return ContractPlan(
        one.through,
        one.obligations + other.obligations,
        one.postings + other.postings,
        None if None in ends else max(end for end in ends if end is not None),
        [first + second for first, second in zip(*parts, strict=True)],
    )
