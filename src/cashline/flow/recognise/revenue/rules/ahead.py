"""What a contract is still to earn by calendar month, without a new fact."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from cashline.flow.recognise.revenue.rules.by_month import complete_from, evenly, plan_revenue, single_run
from cashline.flow.recognise.revenue.rules.planning import Layer, Obligation, PlannedObligation
from cashline.kernel.periods import add_months, month_of

_ZERO = Decimal(0)
_DAY = timedelta(days=1)


def still_to_come(planned: Sequence[PlannedObligation], through: date) -> list[Decimal]:
    """What is earned after a day by month, from the rest of its own month on; a year ahead of a service without end."""
    first = through.replace(day=1)
    base = first.year * 12 + first.month
    found: list[Decimal] = []
    for one in planned:
        end = complete_from(one)
        if end is not None and end <= through:
            continue
        if isinstance(one, Obligation) and (run := single_run(one)) is not None:
            amounts = _rest(one.segments[0].layers[0], *run, through, one.digits)
            found += [_ZERO] * (len(amounts) - len(found))
            for place, amount in enumerate(amounts):
                found[place] += amount
            continue
        horizon = end or add_months(first, 12) - _DAY
        parts = [(first, one.earned(min(horizon, month_of(first).end - _DAY)) - one.earned(through))]
        parts += [part for part in plan_revenue(one, horizon).items() if part[0] > first]
        for month, amount in parts:
            place = month.year * 12 + month.month - base
            found += [_ZERO] * (place + 1 - len(found))
            found[place] += amount
    return found


@lru_cache(maxsize=20_000)
def _rest(layer: Layer, start: date, end: date, through: date, digits: int) -> tuple[Decimal, ...]:
    """The same of a service that runs once, which contracts of one price and term share."""
    first = through.replace(day=1)
    found: list[Decimal] = []
    for month, amount in evenly(layer, start, end, end, digits, month_of):
        place = (month.year - first.year) * 12 + month.month - first.month
        if place >= 0:
            found += [_ZERO] * (place + 1 - len(found))
            found[place] = amount
    if found:
        earned = evenly(layer, start, end, through, digits, month_of)
        found[0] -= sum((amount for month, amount in earned if month == first), _ZERO)
    return tuple(found)
