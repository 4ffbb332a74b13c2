"""Which reminders are due: a pure plan over what is overdue, what was sent, and what keeps a customer from paying.

The invariant: one reminder for each invoice and level, in the order of the levels, with the spacing of the policy even
when reminders were late. What is disputed, withheld, promised or being paid is not asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from cashline.flow.receive.payments.rules import asked_of
from cashline.kernel.calendars import BusinessDayRule, adjust, is_business_day
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import InvalidValue


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """A level of the policy: due this many days after the due date, with a fee in each currency that has one."""

    level: int
    days_after_due: int
    fees: tuple[Money, ...] = ()

    def fee_in(self, currency: str) -> Money:
        """The fee of this level in a currency; zero where none is declared."""
        return next((fee for fee in self.fees if fee.currency == currency), Money.zero(currency))


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """The ladder of a legal entity, and the country (ISO 3166) whose business days count; empty for every day.

    Letters below a `minimums` amount of their currency are not sent.
    """

    steps: tuple[ReminderStep, ...]
    country: str = ""
    minimums: tuple[Money, ...] = ()

    def __post_init__(self) -> None:
        ladder = [(step.level, step.days_after_due) for step in self.steps]
        rising = all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(ladder))
        if not rising or any(level < 1 or days < 0 for level, days in ladder):
            raise InvalidValue("The levels of a reminder policy rise, and so do their days.", field="steps")


@dataclass(frozen=True, slots=True)
class Promise:
    """A customer's promise to pay this much by the end of that day."""

    amount: Money
    promised_for: date


@dataclass(frozen=True, slots=True)
class SentReminder:
    """A reminder of this level went out on that day."""

    level: int
    sent_on: date


@dataclass(frozen=True, slots=True)
class OverdueInvoice:
    """An open invoice with all that bears on reminding of it. `in_flight` is money on its way through a gateway.

    `withheld` is what its customer keeps back for the tax authority.
    """

    invoice_id: UUID
    number: str
    entity_id: UUID
    customer_id: UUID
    due_date: date
    open_amount: Money
    disputed: Money
    in_flight: Money
    withheld: Decimal = Decimal(0)
    promises: tuple[Promise, ...] = ()
    held_until: date | None = None
    sent: tuple[SentReminder, ...] = ()


class SkipReason(StrEnum):
    """Why an invoice that is past due gets no reminder today."""

    NOT_YET = "not_yet"
    ON_HOLD = "on_hold"
    DISPUTED = "disputed"
    PROMISED = "promised"
    IN_FLIGHT = "in_flight"
    ALL_SENT = "all_sent"
    BELOW_MINIMUM = "below_minimum"


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One line of a letter: `amount` is what is asked for, without what is disputed, promised or in flight."""

    invoice_id: UUID
    number: str
    level: int
    amount: Money
    due_date: date
    days_overdue: int


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """One letter to a customer from a legal entity in one currency; its tone and fee are those of the highest level."""

    entity_id: UUID
    customer_id: UUID
    level: int
    reminders: tuple[PlannedReminder, ...]
    total: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """The letters of a day, and why the other overdue invoices have none."""

    letters: tuple[ReminderLetter, ...]
    skipped: tuple[tuple[UUID, SkipReason], ...]


def plan_reminders(invoices: Sequence[OverdueInvoice], policy: ReminderPolicy, *, today: date) -> ReminderPlan:
    """The letters that go out today; empty on a day that is no business day.

    A due date on a weekend or holiday counts as the next business day. Planning again after the letters are recorded
    as sent gives none. The order of the invoices does not matter.
    """
    if policy.country and not is_business_day(today, policy.country):
        return ReminderPlan((), ())
    grouped: dict[tuple[UUID, UUID, str], list[PlannedReminder]] = defaultdict(list)
    skipped: list[tuple[UUID, SkipReason]] = []
    for invoice in invoices:
        due = _effective_due(invoice, policy)
        if invoice.open_amount.amount <= 0 or today <= due:
            continue
        found = _reminder(invoice, policy, due, today)
        if isinstance(found, SkipReason):
            skipped.append((invoice.invoice_id, found))
        else:
            grouped[invoice.entity_id, invoice.customer_id, invoice.open_amount.currency].append(found)
    letters: list[ReminderLetter] = []
    for (entity_id, customer_id, currency), reminders in sorted(grouped.items()):
        letter = _letter(entity_id, customer_id, currency, reminders, policy)
        if any(letter.total < minimum for minimum in policy.minimums if minimum.currency == currency):
            skipped.extend((each.invoice_id, SkipReason.BELOW_MINIMUM) for each in letter.reminders)
        else:
            letters.append(letter)
    return ReminderPlan(tuple(letters), tuple(sorted(skipped)))


def next_run(policies: Iterable[ReminderPolicy], today: date) -> date:
    """The first day from today on which letters go out under one of the policies; today where there is none."""
    days = (
        adjust(today, policy.country, BusinessDayRule.FOLLOWING) if policy.country else today for policy in policies
    )
    return min(days, default=today)


def _effective_due(invoice: OverdueInvoice, policy: ReminderPolicy) -> date:
    return adjust(invoice.due_date, policy.country, BusinessDayRule.FOLLOWING) if policy.country else invoice.due_date


def _reminder(invoice: OverdueInvoice, policy: ReminderPolicy, due: date, today: date) -> PlannedReminder | SkipReason:
    if invoice.held_until is not None and today <= invoice.held_until:
        return SkipReason.ON_HOLD
    if invoice.disputed >= invoice.open_amount:
        return SkipReason.DISPUTED
    unpaid = _payable(invoice) - invoice.in_flight
    if unpaid.amount <= 0:
        return SkipReason.IN_FLIGHT
    kept = (promise.amount for promise in invoice.promises if promise.promised_for >= today)
    asked = unpaid - Money.total(kept, unpaid.currency)
    if asked.amount <= 0:
        return SkipReason.PROMISED
    step = _next_step(invoice, policy)
    if step is None:
        return SkipReason.ALL_SENT
    if today < _step_day(invoice, policy, step, due):
        return SkipReason.NOT_YET
    return PlannedReminder(invoice.invoice_id, invoice.number, step.level, asked, invoice.due_date, (today - due).days)


def _payable(invoice: OverdueInvoice) -> Money:
    """What is to be paid in money: neither disputed nor withheld."""
    currency, disputed = invoice.open_amount.currency, invoice.disputed.amount
    asked = asked_of(
        invoice.open_amount.amount, disputed=disputed, withheld=invoice.withheld, digits=minor_units(currency)
    )
    return Money(asked, currency)


def _next_step(invoice: OverdueInvoice, policy: ReminderPolicy) -> ReminderStep | None:
    """The lowest level above every level that was sent."""
    highest = max((reminder.level for reminder in invoice.sent), default=0)
    return next((step for step in policy.steps if step.level > highest), None)


def _step_day(invoice: OverdueInvoice, policy: ReminderPolicy, step: ReminderStep, due: date) -> date:
    """The day of a level: by the policy, and no sooner after the level before than the policy spaces them."""
    day = due + timedelta(days=step.days_after_due)
    last = max((reminder.sent_on for reminder in invoice.sent), default=None)
    place = policy.steps.index(step)
    if last is not None:
        before = policy.steps[place - 1].days_after_due if place else 0
        day = max(day, last + timedelta(days=step.days_after_due - before))
    return day


def _letter(
    entity_id: UUID, customer_id: UUID, currency: str, reminders: list[PlannedReminder], policy: ReminderPolicy
) -> ReminderLetter:
    ordered = tuple(sorted(reminders, key=lambda reminder: (reminder.due_date, reminder.number)))
    level = max(reminder.level for reminder in ordered)
    step = next(step for step in policy.steps if step.level == level)
    total = Money.total((reminder.amount for reminder in ordered), currency)
    return ReminderLetter(entity_id, customer_id, level, ordered, total, step.fee_in(currency))
