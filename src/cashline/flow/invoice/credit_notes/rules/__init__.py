"""Rules of credit notes: what may be credited at most, and with which tax.

An invoice line is never credited for more than it billed, and an invoice never for more than its gross. What is taken
back carries its share of the coupons. Tax follows the original decision and is rounded as the invoice's was; the note
that completes an invoice (or, rounded by rate, a code and rate) takes what is left of its tax, so that an invoice that
is credited in parts gives back its tax to the cent, whatever the parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.invoice.credit_notes.rules.amounts import credited_lines
from cashline.flow.invoice.credit_notes.rules.values import CreditableInvoice, CreditableLine, CreditLine
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceStatus
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Refusal, raise_all
from cashline.kernel.rounding import RoundingMode, round_to
from cashline.kernel.writing import write_money

__all__ = [
    "CREDIT_NOTE", "CreditCause", "CreditLine", "CreditNoteStatus", "CreditRequest", "CreditableInvoice",
    "CreditableLine", "NotCreditable", "PlannedCreditNote", "plan_credit_note",
]  # fmt: skip
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
    """What to take back of an invoice: amounts by line before their coupons, or (None) all that is left of it.

    It settles what is open of the invoice, unless all of it is to go `to_balance`; what exceeds that is credit of the
    account, less the part that is paid out (`refund`, by `refund_method`), and pays `to_invoice` where one is named.
    No more is paid out than came in, unless it is said (`beyond_paid`): what is open of the invoice then stays owed.
    `with_tax` says what of lines whose prices include tax is taken back of these prices; else it is in proportion.
    """

    invoice_id: UUID
    reason: str
    lines: Sequence[tuple[UUID, Decimal]] | None = None
    cause: CreditCause = CreditCause.CONCESSION
    to_balance: bool = False
    refund: Decimal = ZERO
    refund_method: str = "bank_transfer"
    to_invoice: UUID | None = None
    beyond_paid: bool = False
    with_tax: Mapping[UUID, Decimal] = field(default_factory=dict)


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
    discount_total: Decimal = ZERO

    @property
    def gross_total(self) -> Decimal:
        """What is given back."""
        return self.net_total + self.tax_total

    @property
    def unapplied(self) -> Decimal:
        """What exceeds the open amount of the invoice."""
        return self.gross_total - self.settled

    @property
    def nets(self) -> dict[UUID, Decimal]:
        """What it gives back by agreement, net of coupons."""
        if self.invoice.agreement_id is not None:
            return {self.invoice.agreement_id: self.net_total}
        found: dict[UUID, Decimal] = {}
        for line in self.lines:
            if (key := line.invoice_line.agreement_id) is not None:
                found[key] = found.get(key, ZERO) + line.net_amount - line.discount
        return found

    @property
    def one_off_net(self) -> Decimal:
        """The part that is not of a subscription."""
        once = (line for line in self.lines if line.invoice_line.line_id and not line.invoice_line.recurring)
        return sum((line.net_amount for line in once), ZERO)


def plan_credit_note(invoice: CreditableInvoice, request: CreditRequest, today: date) -> PlannedCreditNote:
    """The credit note of a request, issued today; raises every reason why it cannot be given (NotCreditable)."""
    raise_all(_problems(invoice, request))
    by_id = {line.id: line for line in invoice.lines}
    if request.lines is None:
        wanted = [(line, line.left) for line in invoice.lines if line.left]
    else:
        wanted = [(by_id[key], amount) for key, amount in request.lines]
    lines = credited_lines(invoice, wanted, request.with_tax)
    discount = sum((line.discount for line in lines), ZERO)
    net_total = sum((line.net_amount for line in lines), ZERO) - discount
    tax_total = sum((line.tax_amount for line in lines), ZERO)
    gross = net_total + tax_total
    settled = ZERO if request.to_balance else min(gross, invoice.open_amount)
    raise_all(_problems_of_sums(invoice, request, gross, settled))
    return PlannedCreditNote(request, invoice, today, lines, net_total, tax_total, settled, discount)


def _problems_of_sums(
    invoice: CreditableInvoice, request: CreditRequest, gross: Decimal, settled: Decimal
) -> list[NotCreditable]:
    digits = minor_units(invoice.currency)
    if gross < 0 or gross > invoice.gross_left:
        most = round_to(max(invoice.gross_left, ZERO), digits)
        told = write_money(most, invoice.currency)
        sentence = f"At most {told} of invoice {invoice.number} can be credited, tax included."
        return [NotCreditable(sentence, field="lines")]
    if not request.refund:
        return []
    paid = gross - settled
    if request.to_balance and invoice.gross_total is not None and not request.beyond_paid:
        paid = min(paid, invoice.gross_total - invoice.open_amount)
    if request.refund < 0 or round_to(request.refund, digits) != request.refund or request.refund > paid:
        sentence = f"At most {write_money(round_to(max(paid, ZERO), digits), invoice.currency)} can be paid out."
        return [NotCreditable(sentence, field="refund")]
    return []


def _problems(invoice: CreditableInvoice, request: CreditRequest) -> list[NotCreditable]:
    if invoice.status != InvoiceStatus.ISSUED:
        return [NotCreditable(f"Invoice {invoice.number} is {invoice.status}.", field="invoice")]
    if not any(line.left for line in invoice.lines):
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
    sign = -1 if line.net_amount < 0 else 1
    if amount * sign <= 0 or round_to(amount, digits, RoundingMode.DOWN) != amount:
        side = "below" if sign < 0 else "above"
        return f"Line {line.line_no}: the amount must be {side} zero, with at most {digits} decimals."
    if amount * sign > line.left * sign:
        left = write_money(round_to(line.left, digits), invoice.currency)
        return f"Line {line.line_no}: at most {left} can be credited."
    return ""
