"""Orders come to the same by the plan of agreements and by the plan of the whole standard: by line and month."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.recognise.revenue.rules.agreed import facts_of_agreement, line_of
from cashline.flow.recognise.revenue.rules.by_month import plan_revenue
from cashline.flow.recognise.revenue.rules.contracts import cuts_of
from cashline.flow.recognise.revenue.rules.planning import Concession, Cut, plan_obligations
from cashline.flow.recognise.revenue.rules.promises import Promise, promise_of
from cashline.flow.recognise.revenue.rules.standard.planning import plan_revenue as plan_standard
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import add_months, month_of

D = Decimal
START = date(2025, 11, 17)
AGREEMENT, OTHER = new_id(), new_id()
cents = st.decimals(min_value=0, max_value=9_999, places=2)
offsets = st.integers(0, 420)


class Order(NamedTuple):
    lines: list[TermLine]
    deliveries: dict[UUID, list[DeliveryFact]]
    concessions: list[Concession]


def line(price: Decimal, alone: Decimal, quantity: int, interval: int, term: int) -> TermLine:
    pattern = "ratable_daily" if interval else "point"
    total = price * quantity * (term // interval if term else 1)
    return TermLine(
        new_id(), new_id(), AGREEMENT, OTHER, OTHER, "EUR", 1, OTHER, "subscription" if interval else "goods", "x",
        D(quantity), price, alone, None, interval, term, "in_advance" if interval else "on_shipment", pattern,
        "standard", total, START, None,
    )  # fmt: skip


def fact(of: TermLine, kind: DeliveryKind, day: date, quantity: int = 1) -> DeliveryFact:
    return DeliveryFact(new_id(), of.line_id, new_id(), kind, D(quantity), day, new_id())


def after(days: int) -> date:
    return START + timedelta(days=days)


@st.composite
def goods(draw: st.DrawFn) -> tuple[TermLine, list[DeliveryFact]]:
    quantity = draw(st.integers(1, 7))
    one = line(draw(cents), draw(cents), quantity, 0, 0)
    days: list[int] = sorted(draw(st.lists(offsets, max_size=quantity)))
    facts = [fact(one, DeliveryKind.SHIPPED, after(day)) for day in days]
    last = days[-1] if days else 0
    again, cancels = draw(st.booleans()), draw(st.booleans())
    if days and again:
        units, later = draw(st.integers(1, len(days))), draw(st.integers(0, 60))
        facts.append(fact(one, DeliveryKind.RETURNED, after(last + later), -units))
    if len(days) < quantity and cancels:
        cancelled = after(last + draw(st.integers(1, 90)))
        facts.append(fact(one, DeliveryKind.CANCELLED, cancelled, quantity - len(days)))
    return one, facts


@st.composite
def service(draw: st.DrawFn) -> tuple[TermLine, list[DeliveryFact]]:
    interval = draw(st.sampled_from([1, 3, 12]))
    term = interval * draw(st.integers(0, 4))
    one = line(draw(cents), draw(cents), draw(st.integers(1, 3)), interval, term)
    facts: list[DeliveryFact] = []
    day = draw(offsets)
    for kind in [DeliveryKind.ACTIVATED, DeliveryKind.ENDED, DeliveryKind.ACTIVATED, DeliveryKind.ENDED]:
        if not draw(st.booleans()):
            break
        facts.append(fact(one, kind, after(day)))
        day += draw(st.integers(0, 200))
    return one, facts


@st.composite
def orders(draw: st.DrawFn) -> Order:
    found = draw(st.lists(st.one_of(goods(), service()), min_size=1, max_size=4))
    conceded = [
        Concession(one.line_id, after(draw(offsets)), draw(cents), new_id())
        for one, facts in found
        if facts and facts[0].kind == DeliveryKind.SHIPPED and draw(st.booleans())
    ]
    return Order([one for one, _ in found], {one.line_id: facts for one, facts in found}, conceded)


def before_cuts(concessions: list[Concession], cuts: list[Cut]) -> list[Concession]:
    """A credit for a line, after another was called off, lowers that line alone here, and there what is left."""
    first = min((cut.on for cut in cuts), default=date.max)
    return [one for one in concessions if one.on < first]


def by_standard(
    order: Order, promises: list[Promise], cuts: list[Cut], concessions: list[Concession], through: date
) -> tuple[dict[UUID, dict[date, Decimal]], dict[UUID, tuple[Decimal, Decimal]]]:
    """Revenue by line and month, and what is allocated and remains of each line."""
    months = [START.replace(day=1)]
    while (following := add_months(months[-1], 1)) <= through:
        months.append(following)
    ends = [min(month_of(month).end - timedelta(days=1), through) for month in months]
    facts = facts_of_agreement(
        promises, order.deliveries, 2, inception=START, days=ends, cuts=cuts, concessions=concessions
    )
    moments = plan_standard(facts, [START - timedelta(days=1), *ends])
    found: dict[UUID, dict[date, Decimal]] = {one.line_id: {} for one in promises}
    for month, (was, now) in zip(months, pairwise(moments), strict=True):
        earned = {one.work.id: one.revenue for one in was.obligations()}
        for one in now.obligations():
            amount = one.revenue - earned.get(one.work.id, D(0))
            held = found[line_of(one.work.id)]
            held[month] = held.get(month, D(0)) + amount
    kept = {line_id: {month: amount for month, amount in by.items() if amount} for line_id, by in found.items()}
    return kept, {line_of(one.work.id): (one.allocated, one.remaining) for one in moments[-1].obligations()}


@given(orders(), st.integers(0, 1400))
def test_both_planners_agree_on_orders(order: Order, days: int) -> None:
    promises = [promise_of(one, 2) for one in order.lines]
    cuts = cuts_of(order.lines, promises, order.deliveries)
    concessions = before_cuts(order.concessions, cuts)
    through = after(days)
    planned = plan_obligations(promises, order.deliveries, 2, cuts=cuts, concessions=concessions)
    revenue, shares = by_standard(order, promises, cuts, concessions, through)
    for one in planned:
        line_id = one.promise.line_id
        assert plan_revenue(one, through) == revenue[line_id]
        if (
            not one.promise.open_ended
            and not any(cut.on > through for cut in cuts)
            and not any(each.on > through for each in concessions)
        ):
            assert shares[line_id] == (one.allocated, one.allocated - one.earned(through))
