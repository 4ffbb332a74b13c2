"""Contracts that are combined (606-10-25-9): from the day of that judgement on they are accounted for as one."""

from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.balances import Cash
from cashline.flow.recognise.revenue.rules.standard.group import Group
from cashline.flow.recognise.revenue.rules.standard.pools import Unit

_ZERO = Decimal(0)


def combine(main: Group, other: Group) -> None:
    """Take another contract into `main`, with all that was delivered, billed and paid of it.

    Obligations share one price unless a modification settled a part of it: what went before stays as it was settled.
    """
    later = list(other.units)
    if main.units and later and _untouched(main.units[0]) and _untouched(later[0]):
        _share(main.units[0], later.pop(0))
    main.units.extend(later)
    main.bills = sorted([*main.bills, *other.bills], key=lambda bill: bill.at)
    main.cash = _together(main.cash, other.cash)
    main.repurchase_paid += other.repurchase_paid
    main.refund_due += other.refund_due
    for day, amount in other.refunded_on.items():
        main.refunded_on[day] = main.refunded_on.get(day, _ZERO) + amount
    main.expenses |= other.expenses
    main.caught_up |= other.caught_up
    main.borrowed_since |= other.borrowed_since
    main.billed_parts |= other.billed_parts


def _untouched(unit: Unit) -> bool:
    return len(unit.segments) == 1 and not unit.separate


def _share(unit: Unit, other: Unit) -> None:
    unit.works |= other.works
    unit.parts += other.parts
    unit.price_changes += other.price_changes
    unit.settled += other.settled
    unit.segments[0].changes += other.segments[0].changes


def _together(one: Cash, other: Cash) -> Cash:
    day = max(one.today, other.today)
    return Cash(
        received=one.received + other.received,
        refunded=one.refunded + other.refunded,
        incentives=one.incentives + other.incentives,
        unapplied=one.unapplied + other.unapplied,
        unapplied_today=sum((cash.unapplied_today for cash in (one, other) if cash.today == day), _ZERO),
        today=day,
    )
