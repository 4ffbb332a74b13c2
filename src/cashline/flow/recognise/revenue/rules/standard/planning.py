"""`plan_revenue`: from the facts of contracts to cumulative balances and figures at the end of chosen days; pure.

Balances are debit positive and cumulative, keyed by account, contract, subject (obligation, cost or part) and nature.
What a day posts is the difference to the day before, so it balances as the balances do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cashline.flow.recognise.revenue.rules.standard.amortising import Carried, carried_of
from cashline.flow.recognise.revenue.rules.standard.balances import claims, stand
from cashline.flow.recognise.revenue.rules.standard.combining import combine
from cashline.flow.recognise.revenue.rules.standard.earning import Earned, UnitEarned, units_back
from cashline.flow.recognise.revenue.rules.standard.elapsed import DAY
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractCost,
    ContractFact,
    EventFact,
    Invoiced,
    Modified,
    Paid,
    Terminated,
)
from cashline.flow.recognise.revenue.rules.standard.group import Group
from cashline.flow.recognise.revenue.rules.standard.judgements import Amortisation, Combine, Impairment, Judgement
from cashline.flow.recognise.revenue.rules.standard.schedules import Schedule
from cashline.flow.recognise.revenue.rules.standard.standing import repurchase_financing, waits_for_returns
from cashline.flow.recognise.revenue.rules.standard.valuing import assured
from cashline.kernel.fiscal import Slicer
from cashline.kernel.periods import add_months, month_of
from cashline.kernel.rounding import round_to

_ZERO = Decimal(0)


class Key(NamedTuple):
    """Where an amount stands. `nature` splits revenue into performance and catch_up."""

    account: str
    contract: str
    subject: str = ""
    nature: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of contracts, in the order in which it was recorded."""

    contracts: tuple[ContractFact, ...]
    judgements: tuple[Judgement, ...] = ()
    events: tuple[EventFact, ...] = ()
    costs: tuple[ContractCost, ...] = ()
    digits: int = 2


@dataclass(slots=True)
class Moment:
    """The end of a day: balances by key, and the figures behind them by contract group."""

    day: date
    balances: dict[Key, Decimal] = field(default_factory=dict)
    units: dict[str, list[UnitEarned]] = field(default_factory=dict)
    assured: tuple[Decimal, Decimal] = (_ZERO, _ZERO)

    def obligations(self) -> Iterable[Earned]:
        """All obligations."""
        return (one for units in self.units.values() for unit in units for one in unit.obligations.values())

    def patterns(self) -> dict[str, str]:
        """How each obligation is satisfied."""
        return {one.work.id: one.work.fact.pattern for one in self.obligations()}

    @property
    def refused(self) -> dict[str, Decimal]:
        """Residuals outside their range, by obligation."""
        return {name: value for units in self.units.values() for unit in units for name, value in unit.refused.items()}


def plan_revenue(facts: Facts, days: Iterable[date]) -> list[Moment]:
    """The balances and figures at the end of each of `days`, as the facts stand; facts after a day do not count.

    Only the timing of a financing component looks ahead: to the day of transfer and the days of payment.
    """
    wanted = set(days)
    asked = sorted(wanted)
    if not asked:
        return []
    walk = _Walk(facts, asked[-1])
    carried = _carried(facts)
    tests = [one.at for cost in carried for one in cost.impairments if one.consideration is None]
    tested = {at for at in tests if at <= asked[-1]}
    found: list[Moment] = []
    for day in sorted({*asked, *(at - DAY for at in tested)}):
        walk.to(day)
        if day + DAY in tested:
            left = _price_left(walk.groups, day)
            for cost in carried:
                cost.price_left[day + DAY] = left
        if day in wanted:
            found.append(_moment(day, walk.groups, carried, facts))
    return found


def groups_at(facts: Facts, day: date) -> list[Group]:
    """The contracts as they stand at the end of a day, each with those that it is combined with."""
    walk = _Walk(facts, day)
    walk.to(day)
    return walk.groups


def _carried(facts: Facts) -> list[Carried]:
    """The costs of contracts, with what was judged of them and the day on which their contract ended early."""
    ended: dict[str, date] = {}
    for event in facts.events:
        if isinstance(event, Terminated):
            ended[event.contract] = min(event.at, ended.get(event.contract, event.at))
    return carried_of(
        facts.costs,
        [one for one in facts.judgements if isinstance(one, Amortisation)],
        [one for one in facts.judgements if isinstance(one, Impairment)],
        ended,
    )


def _price_left(groups: Sequence[Group], day: date) -> Decimal:
    """What is allocated and not recognised at the end of a day."""
    units = [unit for group in groups if group.units for unit in group.earned(day + DAY)]
    return sum((one.remaining for unit in units for one in unit.obligations.values()), _ZERO)


def days_of(facts: Facts, through: date, slicer: Slicer = month_of) -> list[date]:
    """The days on which something is posted: those of facts, ends of months in between, and `through` itself.

    `slicer` gives the month of a day, or its slice where the entity reports by periods of weeks.
    """
    known = {one.inception for one in facts.contracts} | {one.at for one in facts.costs}
    known |= {one.at for one in facts.judgements}
    for event in expanded(facts.events):
        known.add(event.at)
        if isinstance(event, Invoiced) and event.due:
            known.add(event.due)
    days = {day for day in known if day <= through}
    if not days:
        return []
    month = slicer(min(days)).start
    while (following := slicer(month).end) - DAY <= through:
        days.add(following - DAY)
        month = following
    days.add(through)
    return sorted(days)


def expanded(events: Sequence[EventFact]) -> list[EventFact]:
    """Events by day, each repeat of an invoice or payment written out; those of a day in the order recorded."""
    found: list[EventFact] = []
    for event in events:
        if isinstance(event, Invoiced | Paid) and event.repeat:
            for index in range(event.repeat.count):
                months = index * event.repeat.every_months
                found.append(_moved(event, months))
        else:
            found.append(event)
    return sorted(found, key=lambda one: one.at)


def _moved(event: Invoiced | Paid, months: int) -> EventFact:
    at = add_months(event.at, months)
    if isinstance(event, Paid):
        return Paid(at=at, contract=event.contract, amount=event.amount, direction=event.direction)
    due = add_months(event.due, months) if event.due else None
    return Invoiced(at=at, contract=event.contract, amount=event.amount, due=due)


class _Walk:
    """Takes the facts of each day in turn: contracts that begin, judgements, then events in their order.

    `groups` are the contracts as they stand; those that are combined are one from that day on (606-10-25-9).
    """

    def __init__(self, facts: Facts, last: date) -> None:
        self._all = facts.contracts
        self._contracts = sorted(facts.contracts, key=lambda one: one.inception)
        self._combined = sorted((one for one in facts.judgements if isinstance(one, Combine)), key=lambda one: one.at)
        self._judgements = sorted(
            (one for one in facts.judgements if not isinstance(one, Combine | Amortisation | Impairment)),
            key=lambda one: one.at,
        )
        self._events = expanded(facts.events)
        self._horizon, self._digits = last + DAY, facts.digits
        self._known = tuple(self._events)
        self._member = {one.id: Group(one.id, self._schedule([one.id]), facts.digits) for one in facts.contracts}

    @property
    def groups(self) -> list[Group]:
        """The contracts, each with those that it is combined with."""
        return list({id(group): group for group in self._member.values()}.values())

    def _schedule(self, names: Sequence[str]) -> Schedule:
        members = [one for one in self._all if one.id in names]
        return Schedule(members, self._known, self._horizon, self._digits)

    def to(self, day: date) -> None:
        """Take all facts up to the end of a day."""
        while (at := self._next()) is not None and at <= day:
            self._begin(at)
            judged: list[Judgement] = []
            while self._judgements and self._judgements[0].at == at:
                judged.append(self._judgements.pop(0))
            if judged:
                for group in self.groups:
                    group.restated(at, judged)
            while self._events and self._events[0].at == at:
                self._take(self._events.pop(0))

    def _begin(self, at: date) -> None:
        """Contracts that begin or are combined on a day; what that changes of revenue to date is caught up."""
        while self._combined and self._combined[0].at == at:
            names = [name for name in self._combined.pop(0).contracts if name in self._member]
            groups = list({id(self._member[name]): self._member[name] for name in names}.values())
            before = [earned for group in groups for earned in group.earned(at)]
            for group in groups[1:]:
                combine(groups[0], group)
            if len(groups) > 1:
                whole = [name for name, group in self._member.items() if any(group is one for one in groups)]
                self._member.update(dict.fromkeys(whole, groups[0]))
                groups[0].schedule = self._schedule(whole)
                groups[0].catch_up(before, at)
        while self._contracts and self._contracts[0].inception == at:
            contract = self._contracts.pop(0)
            group = self._member[contract.id]
            before = group.earned(at)
            group.join(contract)
            if before:
                group.catch_up(before, at, joined={one.id for one in contract.obligations})

    def _next(self) -> date | None:
        heads = [one[0].at for one in (self._judgements, self._events) if one]
        heads += [one.at for one in self._combined[:1]] + [one.inception for one in self._contracts[:1]]
        return min(heads, default=None)

    def _take(self, event: EventFact) -> None:
        if isinstance(event, Modified | Terminated):
            self._member[event.contract].restated(event.at, [event])
        elif isinstance(event, Invoiced | Paid):
            self._member[event.contract].apply(event)
        else:
            for group in self.groups:
                group.apply(event)


def _moment(day: date, groups: Sequence[Group], carried: Sequence[Carried], facts: Facts) -> Moment:
    found = Moment(day)
    for group in groups:
        if group.units:
            _add_group(found, group, day)
            sure, risk = assured(group.units[0], group.judged)
            found.assured = (found.assured[0] + sure, found.assured[1] + risk)
    owner = facts.contracts[0].id if facts.contracts else ""
    for one in carried:
        _add_cost(found.balances, one, day, owner, facts.digits)
    return found


def _add(balances: dict[Key, Decimal], key: Key, amount: Decimal) -> None:
    if amount:
        balances[key] = balances.get(key, _ZERO) + amount


def _add_group(found: Moment, group: Group, day: date) -> None:
    """The balances of a contract at the end of a day."""
    units = group.earned(day + DAY)
    found.units[group.name] = units
    name, balances = group.name, found.balances
    given_back = earned = used = borrowed = _ZERO
    for one in (one for unit in units for one in unit.obligations.values()):
        caught = group.caught_up.get(one.work.id, _ZERO)
        _add(balances, Key("revenue", name, one.work.id, "catch_up"), -caught)
        _add(balances, Key("revenue", name, one.work.id, "performance"), caught - one.revenue)
        _add(balances, Key("supplier_payable", name, one.work.id), -one.owed)
        earned += one.revenue + one.owed
        given_back += one.given_back
        used += one.incentive
        lent, adjustment = _add_borrowing(balances, group, one, day)
        borrowed += lent
        earned += adjustment
        _add_units(balances, group, one)
        spent = group.expenses.get(one.work.id, _ZERO)
        _add(balances, Key("cost_of_sales", name, one.work.id), spent)
        _add(balances, Key("cash", name), -spent)
    interest = group.interest(units, day)
    _add(balances, Key("interest_income", name), -interest.income)
    _add(balances, Key("interest_expense", name), interest.expense)
    covered = group.covered(units, day)
    standing = stand(
        earned=earned + interest.net,
        claims=claims(group.bills, group.cash, covered, day, group.financed()),
        cash=group.cash,
        borrowed=borrowed,
        given_back=given_back + interest.given_back,
        refund_due=group.refund_due,
        incentive_used=used,
    )
    _add(balances, Key("receivable", name), standing.receivable)
    _add(balances, Key("contract_position", name), standing.position)
    _add(balances, Key("refund_liability", name), -standing.refund_liability)
    _add(balances, Key("other_asset", name), standing.other_asset)
    _add(balances, Key("cash", name), group.cash.kept - group.cash.incentives)


def _add_borrowing(balances: dict[Key, Decimal], group: Group, one: Earned, day: date) -> tuple[Decimal, Decimal]:
    """A sale that is a financing: the liability, its interest, and what was paid back.

    Gives the principal that is no contract liability, and what is taken off earnings because the liability bears it.
    """
    work = one.work
    judgement = repurchase_financing(work, group.judged)
    if judgement is None or work.ended or work.id not in group.borrowed_since:
        return _ZERO, _ZERO
    ended = work.repurchase_end is not None and work.repurchase_end <= day
    grown = work.liability - work.principal
    _add(balances, Key("interest_expense", group.name, work.id), max(grown, _ZERO))
    if ended and work.repurchase_outcome == "lapsed":
        return work.principal, -one.revenue
    paid = _ZERO
    if ended:
        paid = group.repurchase_paid or group.paid_back(judgement.price)
    _add(balances, Key("financial_liability", group.name, work.id), paid - work.liability)
    _add(balances, Key("cash", group.name), -paid)
    return work.principal, -one.revenue


def _add_units(balances: dict[Key, Decimal], group: Group, one: Earned) -> None:
    """Inventory, return asset and cost of sales of units with a carrying cost (606-10-55-27)."""
    work = one.work
    cost = work.fact.unit_cost
    units = work.units_done()
    if not cost or not units:
        return
    if repurchase_financing(work, group.judged) is not None and work.repurchase_outcome != "lapsed":
        return
    digits, name = group.digits, group.name
    back, recovery = units_back(work, group.judged)
    carrying = cost if waits_for_returns(work, group.judged) else max(_ZERO, cost - recovery)
    gone = round_to(cost * units, digits)
    came_back = round_to(carrying * work.returned, digits)
    asset = round_to(carrying * back, digits) - came_back
    _add(balances, Key("inventory", name, work.id), came_back - gone)
    _add(balances, Key("return_asset", name, work.id), asset)
    _add(balances, Key("cost_of_sales", name, work.id), gone - came_back - asset)


def _add_cost(balances: dict[Key, Decimal], one: Carried, day: date, owner: str, digits: int) -> None:
    """A cost of the contract: its asset, and what of it was expensed, by nature."""
    if day < one.cost.at:
        return
    expensed = one.expensed(day, digits)
    _add(balances, Key("cash", owner), expensed.recovered - one.cost.amount)
    for nature, amount in (
        ("", expensed.amortised),
        ("impairment", expensed.impaired),
        ("ended", expensed.ended),
        ("clawback", -expensed.recovered),
    ):
        _add(balances, Key("contract_cost_expense", owner, one.cost.id, nature), amount)
    if one.asset:
        _add(balances, Key(one.asset, owner, one.cost.id), one.cost.amount - expensed.off_the_asset)
