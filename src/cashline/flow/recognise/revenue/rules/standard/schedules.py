"""What the facts of a contract say of its timing: when control first passes, and when its parts are paid."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.facts import (
    MEASURED,
    RATABLE,
    Consideration,
    ContractFact,
    CostIncurred,
    EventFact,
    Instalments,
    Invoiced,
    Paid,
    ProgressMade,
    Redeemed,
    ReturnRightEnded,
    Transfer,
)
from cashline.flow.recognise.revenue.rules.standard.financing import Financed, Payment, finance
from cashline.flow.recognise.revenue.rules.standard.judgements import AllocateConsideration, Financing, Returns
from cashline.flow.recognise.revenue.rules.standard.pools import Unit
from cashline.flow.recognise.revenue.rules.standard.standing import Judged, Work
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import round_to

_ZERO = Decimal(0)


class Schedule:
    """The timing of a contract; `horizon` stands for the day of a transfer that is not known yet."""

    def __init__(
        self, contracts: Sequence[ContractFact], events: Sequence[EventFact], horizon: date, digits: int
    ) -> None:
        self._contracts = {one.id: one for one in contracts}
        self._events = events
        self._horizon = horizon
        self._digits = digits
        self._known: dict[object, Financed] = {}

    def rounded(self, amount: Decimal) -> Decimal:
        """An amount in minor units."""
        return round_to(amount, self._digits)

    def cancellable(self, contract: str) -> bool:
        """May the customer walk away before performance?"""
        found = self._contracts.get(contract)
        return found is not None and found.cancellable

    def parts(self, contract: str) -> tuple[Consideration, ...]:
        """The parts of the consideration of a contract."""
        found = self._contracts.get(contract)
        return found.consideration if found else ()

    def pays_customer(self) -> bool:
        """Do the facts tell of a payment to the customer?"""
        return any(isinstance(one, Paid) and one.direction == "to_customer" for one in self._events)

    def financed(self, unit: Unit, judged: Judged) -> list[Financed]:
        """The financed parts of a unit."""
        found = [self.component(part, unit, judged) for part in unit.parts]
        return [one for one in found if one is not None]

    def price(self, part: Consideration, unit: Unit, judged: Judged) -> Decimal | None:
        """The price of a part at the day of transfer; None where it has no financing component."""
        financed = self.component(part, unit, judged)
        return financed.price if financed else None

    def component(self, part: Consideration, unit: Unit, judged: Judged) -> Financed | None:
        """The financing component of a part; None where none is judged."""
        judgement = judged.of(Financing, part.id)
        if judgement is None:
            return None
        chosen = judged.of(AllocateConsideration, part.id)
        names = chosen.obligations if chosen else tuple(unit.works)
        works = [unit.works[name] for name in names if name in unit.works]
        waits = any(self._waits(work, judged) for work in works)
        key = (part.id, judgement, tuple(work.id for work in works), waits)
        if key not in self._known:
            transfer = min((self._first(work) for work in works), default=self._horizon)
            recorded: date | None = transfer
            if waits:
                ends = [one.at for one in self._events if isinstance(one, ReturnRightEnded) and one.obligation in names]
                recorded = max(transfer, *ends) if ends else None
            payments = self._payments(part, transfer)
            self._known[key] = finance(judgement, payments, transfer=transfer, recorded=recorded, digits=self._digits)
        return self._known[key]

    def _waits(self, work: Work, judged: Judged) -> bool:
        returns = judged.of(Returns, work.id)
        return returns is not None and not returns.estimable

    def _first(self, work: Work) -> date:
        """The first day on which control passes."""
        if work.fact.pattern in RATABLE and work.fact.starts_on:
            return work.fact.starts_on
        for event in self._events:
            match event:
                case Transfer() | Redeemed() if event.obligation == work.id:
                    return event.at
                case ProgressMade() | CostIncurred() if event.obligation == work.id and work.fact.pattern in MEASURED:
                    return event.at
                case Invoiced() if work.fact.pattern == "as_invoiced" and event.contract == work.contract:
                    return event.at
                case _:
                    pass
        return self._horizon

    def _payments(self, part: Consideration, transfer: date) -> list[Payment]:
        """When a part is paid: instalments as agreed, other parts as cash came, else as their invoices are due.

        A payment of exactly the part's amount is that of the part.
        """
        if isinstance(part, Instalments):
            return [
                Payment(add_months(part.first_due, index * part.every_months), part.amount)
                for index in range(part.count)
            ]
        amount = getattr(part, "amount", _ZERO)
        owner = next((one.id for one in self._contracts.values() if part in one.consideration), "")
        paid = self._cash(owner)
        exact = [one for one in paid if one.amount == amount]
        if exact:
            return exact[:1]
        found: list[Payment] = []
        left = amount
        for one in paid:
            share = min(left, one.amount)
            if share > 0:
                found.append(Payment(one.day, share))
                left -= share
        covered = amount - left
        for due in self._dues(owner):
            skipped = min(covered, due.amount)
            covered -= skipped
            share = min(left, due.amount - skipped)
            if share > 0:
                found.append(Payment(due.day, share))
                left -= share
        if left > 0:
            found.append(Payment(transfer, left))
        return found

    def _dues(self, owner: str) -> list[Payment]:
        """When what is billed is due, in order."""
        return sorted(
            Payment(one.due or one.at, one.amount)
            for one in self._events
            if isinstance(one, Invoiced) and one.contract == owner
        )

    def _cash(self, owner: str) -> list[Payment]:
        """Cash of a contract in order, without the instalments and without what other parts took before."""
        cash = [
            Payment(one.at, one.amount)
            for one in self._events
            if isinstance(one, Paid) and one.contract == owner and one.direction == "from_customer"
        ]
        contract = self._contracts.get(owner)
        for part in contract.consideration if contract else ():
            if isinstance(part, Instalments):
                for payment in self._payments(part, self._horizon):
                    if payment in cash:
                        cash.remove(payment)
        return sorted(cash)
