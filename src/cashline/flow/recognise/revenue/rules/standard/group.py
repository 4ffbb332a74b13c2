"""A contract, or contracts accounted for as one, as its facts are walked through day by day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from msgspec import structs

from cashline.flow.recognise.revenue.rules.standard import modifying
from cashline.flow.recognise.revenue.rules.standard.balances import Bill, Cash, absorb, claims, receive
from cashline.flow.recognise.revenue.rules.standard.earning import UnitEarned, earn, share_back
from cashline.flow.recognise.revenue.rules.standard.elapsed import DAY
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractFact,
    CostIncurred,
    Delivery,
    EventFact,
    Expired,
    Fixed,
    Instalments,
    Invoiced,
    Modified,
    Paid,
    PayableToCustomer,
    ProgressMade,
    Redeemed,
    RepurchaseEnded,
    Returned,
    ReturnRightEnded,
    RoyaltyEarned,
    Terminated,
    Transfer,
    Usage,
    Used,
)
from cashline.flow.recognise.revenue.rules.standard.financing import Financed, Interest
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement, StandAlonePrice
from cashline.flow.recognise.revenue.rules.standard.pools import Unit, allocate_unit
from cashline.flow.recognise.revenue.rules.standard.repurchase import accrued
from cashline.flow.recognise.revenue.rules.standard.schedules import Schedule
from cashline.flow.recognise.revenue.rules.standard.standing import (
    Judged,
    Work,
    repurchase_financing,
    waits_for_returns,
    work_of,
)
from cashline.flow.recognise.revenue.rules.standard.valuing import values_of
from cashline.kernel.rounding import allocate, divide, round_to

_ZERO = Decimal(0)


@dataclass(slots=True)
class Group:
    """The state of a contract: its accounting units, judgements in force, bills, cash, and what was caught up."""

    name: str
    schedule: Schedule
    digits: int
    judged: Judged = field(default_factory=Judged)
    units: list[Unit] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    cash: Cash = field(default_factory=Cash)
    repurchase_paid: Decimal = _ZERO
    royalties: dict[str, Decimal] = field(default_factory=dict)
    expenses: dict[str, Decimal] = field(default_factory=dict)
    caught_up: dict[str, Decimal] = field(default_factory=dict)
    price_judged_on: dict[str, date] = field(default_factory=dict)
    borrowed_since: dict[str, date] = field(default_factory=dict)
    refund_due: Decimal = _ZERO
    refunded_on: dict[date, Decimal] = field(default_factory=dict)
    terminated: bool = False
    billed_parts: dict[str, int] = field(default_factory=dict)

    def join(self, contract: ContractFact) -> None:
        """A contract begins, alone or as part of a combination."""
        if not self.units:
            self.units.append(Unit(contract.id))
        main = self.units[0]
        main.parts.extend(contract.consideration)
        for fact in contract.obligations:
            main.works[fact.id] = work_of(fact, contract.id)

    def work(self, name: str) -> Work | None:
        """An obligation by its name."""
        return next((unit.works[name] for unit in self.units if name in unit.works), None)

    def financed(self) -> list[Financed]:
        """The parts with a significant financing component, as they are judged."""
        return [one for unit in self.units for one in self.schedule.financed(unit, self.judged)]

    def earned(self, stop: date) -> list[UnitEarned]:
        """All accounting units when `stop` begins."""
        for name in self.borrowed_since:
            self._borrow(name, stop - DAY)
        return [
            earn(
                unit,
                values_of(unit, self.schedule, self.judged, self.royalties, self.digits),
                self.judged,
                stop,
                self.digits,
            )
            for unit in self.units
        ]

    def judge(self, judgement: Judgement) -> None:
        """Take a judgement into force."""
        self.judged.add(judgement)
        if isinstance(judgement, StandAlonePrice):
            self.price_judged_on[judgement.obligation] = judgement.at

    def restated(self, day: date, changes: Sequence[Judgement | Modified | Terminated]) -> None:
        """Apply judgements or a modification at the start of a day, and keep what revenue to date changed by."""
        before = self.earned(day)
        for change in changes:
            if isinstance(change, Modified):
                self._modify(change)
            elif isinstance(change, Terminated):
                self._terminate(change)
            else:
                self.judge(change)
        self.catch_up(before, day)

    def catch_up(self, before: Sequence[UnitEarned], day: date, joined: Collection[str] = ()) -> None:
        """Keep what revenue to date changed by since `before`, but for obligations that have only `joined`."""
        was = _revenue(before)
        for name, amount in _revenue(self.earned(day)).items():
            off = amount - was.get(name, _ZERO)
            if off and name not in joined:
                self.caught_up[name] = self.caught_up.get(name, _ZERO) + off

    def _modify(self, change: Modified) -> None:
        if change.treatment == "separate" and change.added and not (change.quantities or change.terms):
            if change.removed:
                self._modify(structs.replace(change, treatment="prospective", added=(), price_changes=()))
            for one in change.price_changes:
                if one.applies_to == "satisfied":
                    modifying.earn_at_once(self.earned(change.at)[0], [one])
            self.units.append(modifying.separate_unit(change))
            return
        unit = self._unit_of(change)
        before = self.earned(change.at)[self.units.index(unit)]
        values = values_of(unit, self.schedule, self.judged, self.royalties, self.digits)
        if change.treatment == "catch_up":
            modifying.catch_up(before, change, values)
            return
        modifying.prospective(before, change, values, self.judged, change.at, self.price_judged_on)

    def _unit_of(self, change: Modified) -> Unit:
        named = {one.obligation for one in change.quantities} | {one.obligation for one in change.terms}
        named |= set(change.removed)
        return next((unit for unit in self.units if named & unit.works.keys()), self.units[0])

    def _terminate(self, change: Terminated) -> None:
        """What is billed or paid and not given back is revenue, as far as it exceeds revenue to date."""
        earned = self.earned(change.at)
        covered = self.covered(earned, change.at - DAY)
        claimed = claims(self.bills, self.cash, covered, change.at, self.financed()).claimed
        refund = max(_ZERO, change.refund - self.refunded_on.get(change.at, _ZERO))
        kept = claimed - refund
        ending = [one for unit in earned for one in unit.obligations.values() if one.work.contract == change.contract]
        others = [one for unit in earned for one in unit.obligations.values() if one.work.contract != change.contract]
        total = sum((one.revenue + one.owed for unit in earned for one in unit.obligations.values()), _ZERO)
        total += self.interest(earned, change.at - DAY).net
        extra = max(_ZERO, kept - total) if not others else _ZERO
        weights = [max(_ZERO, one.remaining) for one in ending]
        for one, share in zip(ending, allocate(extra, weights, self.digits) if ending else (), strict=True):
            one.work.base, one.work.after_end, one.work.ended = one.revenue + one.owed, share, True
            one.work.owed_frozen = one.owed
        self.bills = [still_claimed(bill, change.at) for bill in self.bills if bill.at <= change.at]
        self.refund_due += refund
        self.terminated = True

    def covered(self, earned: Sequence[UnitEarned], day: date) -> Decimal:
        """What performance so far gives a right to: revenue with interest, and what of it may be given back."""
        interest = self.interest(earned, day)
        total = interest.net + interest.given_back
        for unit in earned:
            for one in unit.obligations.values():
                total += one.revenue + one.owed + one.incentive
                if not waits_for_returns(one.work, self.judged):
                    total += one.given_back
        return total

    def interest(self, earned: Sequence[UnitEarned], day: date) -> Interest:
        """Interest of the financed parts by the end of a day; that on goods expected back is given back with them."""
        income = expense = back = _ZERO
        for unit in earned:
            for part in unit.unit.parts:
                one = self.schedule.component(part, unit.unit, self.judged)
                if one is not None:
                    accrued, share = one.income(day), share_back(unit, part.id, self.judged)
                    lost = self.schedule.rounded(accrued * share) if share else _ZERO
                    income, back, expense = income + accrued - lost, back + lost, expense + one.expense(day)
        return Interest(income, expense, back)

    def _borrow(self, name: str, day: date) -> None:
        """Bring the liability of a sale that is a financing to the end of a day."""
        work = self.work(name)
        judgement = repurchase_financing(work, self.judged) if work else None
        if work is None or judgement is None:
            return
        until = day if work.repurchase_end is None else min(day, work.repurchase_end)
        principal = work.principal
        grown = accrued(judgement, principal, self.borrowed_since[name], until, self.digits)
        if work.repurchase_outcome == "exercised" and work.repurchase_end is not None and day >= work.repurchase_end:
            grown = judgement.price - principal
        work.lease_income = -grown if grown < 0 else _ZERO
        work.liability = principal + grown

    def apply(self, event: EventFact) -> None:
        """Take a fact that is no modification."""
        if isinstance(event, Invoiced):
            self._bill(event)
        elif isinstance(event, Paid):
            self._pay(event)
        elif isinstance(event, RoyaltyEarned):
            self.royalties[event.consideration] = self.royalties.get(event.consideration, _ZERO) + event.amount
        elif isinstance(event, Used):
            self._use(event)
        elif isinstance(event, Delivery) and (work := self.work(event.obligation)) is not None:
            _deliver(work, event)
            if isinstance(event, CostIncurred):
                self.expenses[work.id] = self.expenses.get(work.id, _ZERO) + event.amount

    def _use(self, event: Used) -> None:
        for unit in self.units:
            for part in unit.parts:
                if isinstance(part, Usage) and part.id == event.consideration:
                    work = unit.works[part.obligation]
                    amount = self.schedule.rounded(part.amount * event.quantity)
                    work.used += amount
                    work.used_by[part.id] = work.used_by.get(part.id, _ZERO) + amount

    def _bill(self, event: Invoiced) -> None:
        cancellable = self.schedule.cancellable(event.contract)
        bill = Bill(event.at, event.due or event.at, event.amount, cancellable)
        self.refund_due -= min(self.refund_due, max(_ZERO, -event.amount))
        self.bills.append(bill)
        if not self._bills_a_part(event):
            for unit in self.units:
                for work in unit.works.values():
                    if work.fact.pattern == "as_invoiced" and work.contract == event.contract:
                        work.invoiced += event.amount
        if self.cash.unapplied:
            absorb(self.cash, self.bills, bill, self._whole_price(event.at))
        self._borrowing(event.at)

    def _bills_a_part(self, event: Invoiced) -> bool:
        """Does the invoice bill a fixed price or an instalment of obligations beside the one earned as invoiced?

        The right to invoice is that to what the customer owes for that promise alone (606-10-55-18). An invoice of
        exactly the part's amount is that of the part, once for each that is due.
        """
        works = [work for unit in self.units for work in unit.works.values() if work.contract == event.contract]
        invoiced = [work for work in works if work.fact.pattern == "as_invoiced"]
        if len(invoiced) == len(works) or any(work.fact.ssp for work in invoiced):
            return False
        for part in self.schedule.parts(event.contract):
            due = part.count if isinstance(part, Instalments) else 1
            billed = self.billed_parts.get(part.id, 0)
            if isinstance(part, Fixed | Instalments) and part.amount == event.amount and billed < due:
                self.billed_parts[part.id] = billed + 1
                return True
        return False

    def _pay(self, event: Paid) -> None:
        if event.direction == "from_customer":
            receive(self.cash, self.bills, event.amount, event.at)
            self._borrowing(event.at)
            return
        amount = event.amount
        exercised = sum((self._price_back(work) for work in self._exercised()), _ZERO)
        bought = min(amount, exercised - self.repurchase_paid) if exercised > self.repurchase_paid else _ZERO
        self.repurchase_paid += bought
        amount -= bought
        promised = sum(
            (part.amount for unit in self.units for part in unit.parts if isinstance(part, PayableToCustomer)), _ZERO
        )
        incentive = min(amount, max(_ZERO, promised - self.cash.incentives))
        self.cash.incentives += incentive
        self.cash.refunded += amount - incentive
        self.refunded_on[event.at] = self.refunded_on.get(event.at, _ZERO) + amount - incentive
        self.refund_due -= min(self.refund_due, amount - incentive)

    def _whole_price(self, day: date) -> Decimal:
        """What the customer pays in all, as things stand."""
        total = sum((unit.price for unit in self.earned(day + DAY)), _ZERO)
        for one in self.financed():
            total += sum((payment.amount for payment in (*one.before, *one.after)), _ZERO) - one.price
        return total

    def _price_back(self, work: Work) -> Decimal:
        judgement = repurchase_financing(work, self.judged)
        return judgement.price if judgement else _ZERO

    def paid_back(self, price: Decimal) -> Decimal:
        """What an exercised right costs, where the facts tell of no payment to the customer."""
        return _ZERO if self.schedule.pays_customer() else price

    def _exercised(self) -> list[Work]:
        return [work for unit in self.units for work in unit.works.values() if work.repurchase_outcome == "exercised"]

    def _borrowing(self, day: date) -> None:
        """Cash or a bill for an asset that may be bought back begins a financing."""
        for unit in self.units:
            for work in unit.works.values():
                if repurchase_financing(work, self.judged) is None:
                    continue
                self.borrowed_since.setdefault(work.id, day)
                billed = sum((bill.amount for bill in self.bills), _ZERO)
                work.principal = self._share(unit, work, max(billed, self.cash.received))

    def _share(self, unit: Unit, work: Work, received: Decimal) -> Decimal:
        """What of cash or bills is for an obligation: as the price is allocated, all of it where it stands alone."""
        if len(self.units) == 1 and len(unit.works) == 1:
            return received
        values = values_of(unit, self.schedule, self.judged, self.royalties, self.digits)
        core = allocate_unit(unit, values, self.judged, self.digits).core
        whole = sum(core.values(), _ZERO)
        if whole <= 0:
            return received
        return min(core[work.id], round_to(divide(received * core[work.id], whole), self.digits))


def _deliver(work: Work, event: Delivery) -> None:
    """Move an obligation by a fact of its delivery."""
    match event:
        case Transfer():
            work.units = work.units + event.quantity if event.quantity is not None else max(work.units, work.quantity)
        case ProgressMade():
            work.progress = event.to_date
        case CostIncurred(cost_class="contract"):
            work.costs += event.amount
        case CostIncurred(cost_class="uninstalled"):
            work.uninstalled += event.amount
        case Redeemed():
            work.redeemed += event.quantity
        case Expired():
            work.expired = True
        case Returned():
            work.returned += event.quantity
        case ReturnRightEnded():
            work.right_ended = True
        case RepurchaseEnded():
            work.repurchase_end, work.repurchase_outcome = event.at, event.outcome
        case _:
            pass


def _revenue(units: Sequence[UnitEarned]) -> dict[str, Decimal]:
    return {name: one.revenue for unit in units for name, one in unit.obligations.items()}


def still_claimed(bill: Bill, ended: date) -> Bill:
    """What was not due when a contract ended is not claimed any more beyond what was performed."""
    if bill.due > ended:
        bill.cancellable = True
    return bill
