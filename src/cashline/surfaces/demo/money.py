"""The money of the demo company: bills, payments by each customer's habits, disputes, reminders, revenue, closes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries.lists import OpenItemRow, open_items
from cashline.flow.receive.collections.actions import send_reminders
from cashline.flow.receive.disputes.actions import NewDispute, open_disputes, review_dispute
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import round_to
from cashline.surfaces.demo.behaviour import Payer, chance_for, days_to_settle, payer
from cashline.surfaces.demo.company import DemoCompany

ACTOR = "system:demo"
ZERO = Decimal(0)


@dataclass(slots=True)
class Money:
    """Who pays how, and which invoices are paid on which day."""

    company: DemoCompany
    end: date
    chance: Any = field(default_factory=lambda: chance_for("money"))
    habits: dict[UUID, Payer] = field(default_factory=dict)
    pay_on: dict[date, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    disputed: set[UUID] = field(default_factory=set)

    def day(self, today: date, now: datetime) -> None:
        """One business day of billing and being paid; the month's first also recognises and closes."""
        who: dict[str, Any] = {"now": now, "actor": ACTOR}
        if today.weekday() in (0, 3) or today.day == 1:
            self.bill(today, who)
        self.receive(today, who)
        if today.weekday() == 2:
            send_reminders(today=today, **who)

    def bill(self, today: date, who: dict[str, Any]) -> None:
        """Run the bills, and expect the money of each invoice."""
        result = run_bills(as_of=today, **who)
        self.expect(result.invoice_ids, today, who["now"])

    def expect(self, invoice_ids: Sequence[UUID], today: date, now: datetime) -> None:
        """Draw for each invoice that is issued when it will be paid and whether it is contested."""
        who: dict[str, Any] = {"now": now, "actor": ACTOR}
        for row in open_items(invoice_ids=invoice_ids) if invoice_ids else []:
            habit = self.habits.setdefault(row.customer_id, payer(self.chance))
            contested = self.chance.randint(1, 40) <= habit.disputes_share
            days = days_to_settle(habit, self.chance, disputed=contested)
            self.pay_on[_business(today + timedelta(days=days))].append(row.invoice_id)
            if contested:
                self._dispute(row, today, who)

    def _dispute(self, row: OpenItemRow, today: date, who: dict[str, Any]) -> None:
        amount = round_to(row.open_amount / 4, 2)
        if amount <= 0:
            return
        reason = self.chance.choice(("price", "damaged", "not_delivered"))
        key = open_disputes(
            [NewDispute(row.invoice_id, amount, reason, "Please look at the delivery note.")], today=today, **who
        )[0]
        self.disputed.add(row.invoice_id)
        if self.chance.randint(1, 3) == 1:
            review_dispute(dispute_id=key, **who)
        if self.chance.randint(1, 3) == 1:
            request = CreditRequest(row.invoice_id, "Goods came damaged.", self._quarter(row))
            issue_credit_notes([request], today=today, **who)

    def _quarter(self, row: OpenItemRow) -> list[tuple[UUID, Decimal]]:
        from cashline.flow.invoice.invoices.queries.statements import lines_of

        line = max(lines_of([row.invoice_id])[row.invoice_id], key=lambda one: one.net_amount)
        return [(line.id, round_to(line.net_amount / 4, 2))]

    def receive(self, today: date, who: dict[str, Any]) -> None:
        """Record the money of the day; now and then a customer pays short, too much, or not at all."""
        due = self.pay_on.pop(today, [])
        payments = []
        for row in open_items(invoice_ids=due) if due else []:
            if self.chance.randint(1, 45) == 1:
                continue
            amount = row.open_amount
            if row.invoice_id in self.disputed and self.chance.randint(1, 2) == 1:
                amount = round_to(amount * 3 / 4, 2)
            extra = Decimal(10) if self.chance.randint(1, 80) == 1 else ZERO
            payments.append(
                NewPayment(
                    row.customer_id,
                    row.entity_id,
                    row.currency,
                    amount + extra,
                    self.chance.choice(("bank_transfer", "bank_transfer", "bank_transfer", "direct_debit", "card")),
                    today,
                    new_id(),
                    allocations=((row.invoice_id, amount, ZERO),),
                )
            )
        record_payments(payments, **who)

    def month_end(self, last_day: date, now: datetime) -> None:
        """Recognise the revenue of a month, and close the month before it."""
        run_revenue(through=last_day, now=now, actor=ACTOR)
        before = add_months(last_day.replace(day=1), -1)
        if before >= self.company_start:
            for entity_id in self.company.entities.values():
                close_period(entity_id=entity_id, month=before, now=now, actor=ACTOR)

    @property
    def company_start(self) -> date:
        """The month of the first trade."""
        return add_months(self.end, -12).replace(day=1)


def _business(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.isoweekday()) % 7 + 1) if day.isoweekday() > 5 else day
