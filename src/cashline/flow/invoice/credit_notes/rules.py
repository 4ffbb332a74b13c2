"""Rules of credit notes: what may be credited at most, and with which tax.

An invoice line is never credited for more than it billed. Tax follows the original decision: base × rate, rounded once
for each code and rate; the note that completes a code and rate takes what is left of its tax, so that an invoice that
is credited in parts gives back its tax to the cent, whatever the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceStatus
from cashline.flow.invoice.invoices.rules.totals import share_tax, tax_on
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Refusal, raise_all
from cashline.kernel.rounding import RoundingMode, divide, round_to

ZERO = Decimal(0)


class CreditNoteStatus(StrEnum):
    """Where a credit note stands. An issued one never changes."""

    DRAFT = "draft"
    ISSUED = "issued"


CREDIT_NOTE = Lifecycle("credit note", ("issue", [CreditNoteStatus.DRAFT], CreditNoteStatus.ISSUED))


class CreditCause(StrEnum):
    """Why it is given, which decides what a later bill run makes of it.

    A concession waives what was rightly billed: no run bills it again. A correction follows the plan, and a void
    invoice is as if it had not been: both are compared with the plan by the next run.
    """

    CONCESSION = "concession"
    CORRECTION = "correction"
    VOID = "void"


class NotCreditable(Refusal):
    """The invoice, or the line, cannot be credited by so much."""

    code = "not_creditable"


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """What to take back of an invoice: net amounts by line, or (None) all that is left of it."""

    invoice_id: UUID
    reason: str
    lines: Sequence[tuple[UUID, Decimal]] | None = None
    cause: CreditCause = CreditCause.CONCESSION


class CreditableLine(NamedTuple):
    """An invoice line, and what was credited of it so far."""

    id: UUID
    line_no: int
    line_id: UUID | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    net_amount: Decimal
    tax_code: str
    tax_rate: Decimal
    recurring: bool
    credited_net: Decimal
    credited_tax: Decimal

    @property
    def left(self) -> Decimal:
        """The net amount that can still be credited."""
        return self.net_amount - self.credited_net


@dataclass(frozen=True, slots=True)
class CreditableInvoice:
    """An invoice as crediting it needs it; `taxes` holds the tax by code and rate."""

    id: UUID
    number: str
    status: str
    entity_id: UUID
    customer_id: UUID
    agreement_id: UUID | None
    currency: str
    issued_on: date
    open_amount: Decimal
    entity_rate: Decimal
    has_mail: bool
    lines: Sequence[CreditableLine]
    taxes: dict[tuple[str, Decimal], Decimal]


class CreditLine(NamedTuple):
    """A line of a credit note; amounts are positive."""

    invoice_line: CreditableLine
    quantity: Decimal
    net_amount: Decimal
    tax_amount: Decimal
    derivation: str


@dataclass(frozen=True, slots=True)
class PlannedCreditNote:
    """A credit note but for its number. `settled` lowers the open amount, the rest is credit of the customer."""

    request: CreditRequest
    invoice: CreditableInvoice
    issued_on: date
    lines: Sequence[CreditLine]
    net_total: Decimal
    tax_total: Decimal
    settled: Decimal

    @property
    def gross_total(self) -> Decimal:
        """What is given back."""
        return self.net_total + self.tax_total

    @property
    def unapplied(self) -> Decimal:
        """What exceeds the open amount of the invoice."""
        return self.gross_total - self.settled

    @property
    def one_off_net(self) -> Decimal:
        """The part that is not of a subscription."""
        return sum((line.net_amount for line in self.lines if not line.invoice_line.recurring), ZERO)


def plan_credit_note(invoice: CreditableInvoice, request: CreditRequest, today: date) -> PlannedCreditNote:
    """The credit note of a request, issued today; raises every reason why it cannot be given (NotCreditable)."""
    raise_all(_problems(invoice, request))
    by_id = {line.id: line for line in invoice.lines}
    if request.lines is None:
        wanted = [(line, line.left) for line in invoice.lines if line.left > 0]
    else:
        wanted = [(by_id[key], amount) for key, amount in request.lines]
    lines = _with_tax(invoice, wanted)
    net_total = sum((line.net_amount for line in lines), ZERO)
    tax_total = sum((line.tax_amount for line in lines), ZERO)
    settled = min(net_total + tax_total, invoice.open_amount)
    return PlannedCreditNote(request, invoice, today, lines, net_total, tax_total, settled)


def _problems(invoice: CreditableInvoice, request: CreditRequest) -> list[NotCreditable]:
    if invoice.status != InvoiceStatus.ISSUED:
        return [NotCreditable(f"Invoice {invoice.number} is {invoice.status}.", field="invoice")]
    if not any(line.left > 0 for line in invoice.lines):
        return [NotCreditable(f"Nothing is left to credit of invoice {invoice.number}.", field="invoice")]
    problems = []
    if not request.reason.strip():
        problems.append(NotCreditable("Say why the invoice is credited.", field="reason"))
    if request.lines is not None and not request.lines:
        problems.append(NotCreditable("Name at least one line to credit.", field="lines"))
    by_id = {line.id: line for line in invoice.lines}
    seen: set[UUID] = set()
    for index, (key, amount) in enumerate(request.lines or ()):
        problem = _line_problem(by_id.get(key), amount, invoice, twice=key in seen)
        seen.add(key)
        if problem:
            problems.append(NotCreditable(problem, field=f"lines.{index}.net_amount"))
    return problems


def _line_problem(line: CreditableLine | None, amount: Decimal, invoice: CreditableInvoice, *, twice: bool) -> str:
    if line is None:
        return f"This line is not of invoice {invoice.number}."
    if twice:
        return f"Line {line.line_no} stands twice."
    digits = minor_units(invoice.currency)
    if amount <= 0 or round_to(amount, digits, RoundingMode.DOWN) != amount:
        return f"Line {line.line_no}: the amount must be above zero, with at most {digits} decimals."
    if amount > line.left:
        return f"Line {line.line_no}: at most {round_to(line.left, digits)} {invoice.currency} can be credited."
    return ""


def _with_tax(invoice: CreditableInvoice, wanted: Sequence[tuple[CreditableLine, Decimal]]) -> list[CreditLine]:
    digits = minor_units(invoice.currency)
    groups: dict[tuple[str, Decimal], list[int]] = {}
    for index, (line, _) in enumerate(wanted):
        groups.setdefault((line.tax_code, line.tax_rate), []).append(index)
    taxes = [ZERO] * len(wanted)
    for key, indexes in groups.items():
        nets = [wanted[index][1] for index in indexes]
        tax = _group_tax(invoice, key, sum(nets, ZERO), digits)
        for index, share in zip(indexes, share_tax(tax, nets, digits), strict=True):
            taxes[index] = share
    return [
        CreditLine(line, _credited_quantity(line, net, digits), net, tax, _derivation(line, net, tax))
        for (line, net), tax in zip(wanted, taxes, strict=True)
    ]


def _group_tax(invoice: CreditableInvoice, key: tuple[str, Decimal], base: Decimal, digits: int) -> Decimal:
    lines = [line for line in invoice.lines if (line.tax_code, line.tax_rate) == key]
    tax_left = invoice.taxes[key] - sum((line.credited_tax for line in lines), ZERO)
    if sum((line.left for line in lines), ZERO) == base:
        return tax_left
    return min(tax_on(base, key[1], digits), tax_left)


def _credited_quantity(line: CreditableLine, net: Decimal, digits: int) -> Decimal:
    """The units that the amount stands for where it is a whole price of them; else 1 (a credit of money)."""
    if line.net_amount:
        quantity = round_to(divide(line.quantity * net, line.net_amount), 6)
        if quantity and round_to(quantity * line.unit_price, digits) == net:
            return quantity
    return Decimal(1)


def _derivation(line: CreditableLine, net: Decimal, tax: Decimal) -> str:
    return (
        f'{{"rule":"credit_notes.line","version":1,"inputs":{{"billed":"{line.net_amount}","credited_before":'
        f'"{line.credited_net}","left":"{line.left - net}","tax":"{tax}"}},'
        f'"formula":"billed-credited_before-left","result":"{net}"}}'
    )
