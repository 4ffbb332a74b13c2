"""The short cut for new contracts of goods and services that are earned unit by unit: most orders are no more.

It comes to exactly what the general plan comes to (a property test compares the two), at a quarter of the work.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.rules import RevenuePattern
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.recognise.revenue.rules.rows import (
    ContractPlan,
    PlannedObligationRow,
    PlannedPosting,
    RecordedRevenue,
    stated_derivation,
    to_date_derivation,
)
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import month_of
from cashline.kernel.rounding import divide, round_to

_ZERO = Decimal(0)
_DAY = timedelta(days=1)
_POINT = RevenuePattern.POINT.value
_DELIVERED = frozenset({DeliveryKind.SHIPPED.value, DeliveryKind.ACCEPTED.value})


def plan_units(
    lines: Sequence[TermLine],
    deliveries: Mapping[UUID, Sequence[DeliveryFact]],
    recorded: Mapping[UUID, RecordedRevenue],
    through: date,
    digits: int,
    slicer: Slicer = month_of,
) -> ContractPlan | None:
    """The plan of a contract of which nothing is recorded, each line earned on delivery by `through` and sold at its
    stand-alone price; None for any other, which the general plan must make.
    """
    obligations: list[PlannedObligationRow] = []
    postings: list[PlannedPosting] = []
    last = date.min
    for line in lines:
        line_id, price = line.line_id, line.net_total
        alone = round_to(line.stand_alone_price * line.quantity, digits) or price
        if line.revenue_pattern != _POINT or line.interval_months or alone != price or line_id in recorded:
            return None
        facts = deliveries.get(line_id, ())
        units = _ZERO
        for fact in facts:
            if fact.kind not in _DELIVERED or fact.effective_on > through:
                return None
            units += fact.quantity
            if fact.effective_on > last:
                last = fact.effective_on
        if units > line.quantity:
            return None
        obligations.append(
            PlannedObligationRow(line_id, 0, _POINT, False, price, alone, price, stated_derivation(price))
        )
        if facts and price:
            postings.extend(_postings(line, facts, through, digits, slicer))
    return ContractPlan(through, obligations, postings, last, [])


def _postings(
    line: TermLine, facts: Sequence[DeliveryFact], through: date, digits: int, slicer: Slicer
) -> list[PlannedPosting]:
    """Revenue by month: the price of what is delivered by its end, less that of what was delivered before it."""
    if len(facts) == 1:
        units = {slicer(facts[0].effective_on).start: facts[0].quantity}
    else:
        units = {}
        for fact in sorted(facts, key=_day_of):
            month = slicer(fact.effective_on).start
            units[month] = units.get(month, _ZERO) + fact.quantity
    found: list[PlannedPosting] = []
    price, whole, done, before = line.net_total, line.quantity, _ZERO, _ZERO
    for month, quantity in units.items():
        done += quantity
        earned = price if done >= whole else round_to(divide(price * done, whole), digits)
        if earned != before:
            derivation = to_date_derivation(price, done, whole, before, earned, digits)
            day = min(slicer(month).last_day, through)
            found.append(PlannedPosting(line.line_id, line.kind, month, day, 0, earned - before, derivation))
            before = earned
    return found


def _day_of(fact: DeliveryFact) -> date:
    return fact.effective_on
