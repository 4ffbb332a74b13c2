"""What a payment may settle and give back, and how its status moves. Nothing is ever applied or refunded twice.

The invariant: allocated + unapplied + refunded = received, and no invoice gets more than is open on it. Amounts are
`Money` in the currency of the payment; money that fits nothing stays unapplied, on account of the customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import CurrencyMismatch, Money
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.kernel.rounding import divide, round_to


class PaymentStatus(StrEnum):
    """Where a payment stands; `pending` includes that nobody knows yet, after a gateway did not answer."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    CHARGEBACK = "chargeback"
    REVERSED = "reversed"


_OPEN = (PaymentStatus.PENDING, PaymentStatus.REQUIRES_ACTION)
_PAID = (PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED)

PAYMENT = Lifecycle[PaymentStatus](
    "payment",
    ("require_action", (PaymentStatus.PENDING,), PaymentStatus.REQUIRES_ACTION),
    # A payment that was given up may still come through at the gateway.
    ("succeed", (*_OPEN, PaymentStatus.FAILED), PaymentStatus.SUCCEEDED),
    ("fail", _OPEN, PaymentStatus.FAILED),
    ("refund_partly", _PAID, PaymentStatus.PARTIALLY_REFUNDED),
    ("refund", _PAID, PaymentStatus.REFUNDED),
    ("charge_back", _PAID, PaymentStatus.CHARGEBACK),
    ("win_chargeback", (PaymentStatus.CHARGEBACK,), PaymentStatus.SUCCEEDED),
    # Money that went back and did not arrive there is ours again, all of it or a part.
    ("take_back_refund", (PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED), PaymentStatus.SUCCEEDED),
    ("take_back_partly", (PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED), PaymentStatus.PARTIALLY_REFUNDED),
    # Recorded by mistake, such as for another customer than the one who paid.
    ("reverse", (PaymentStatus.SUCCEEDED,), PaymentStatus.REVERSED),
)


class RefundStatus(StrEnum):
    """Where a refund stands; `pending` includes that nobody knows yet. A returned one did not reach the payer."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETURNED = "returned"


REFUND = Lifecycle[RefundStatus](
    "refund",
    # A refund that was reported as failed may have gone through after all: the gateway knows best.
    ("succeed", (RefundStatus.PENDING, RefundStatus.FAILED), RefundStatus.SUCCEEDED),
    ("fail", (RefundStatus.PENDING,), RefundStatus.FAILED),
    ("return", (RefundStatus.SUCCEEDED,), RefundStatus.RETURNED),
)


class RefundKind(StrEnum):
    """Why money of a payment left us, or came again."""

    REFUND = "refund"
    CHARGEBACK = "chargeback"
    REVERSAL = "reversal"
    CHARGEBACK_WON = "chargeback_won"
    RETURN = "return"


CALL_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 240))
"""How long to wait before a gateway is asked again, after the first, second, … answer that decided nothing."""


def next_call(tries: int, now: datetime) -> datetime:
    """When to ask a gateway again that has left a charge or refund undecided `tries` times; it is never given up."""
    return now + CALL_PAUSES[min(tries, len(CALL_PAUSES) - 1)]


class AlreadyUnderWay(Refusal):
    """Another charge for the same money is not finished; charging again might take it twice."""

    code = "charge_under_way"
    status = 409


def verb_for(status: PaymentStatus | str, reported: PaymentStatus | str) -> str | None:
    """The step from `status` to what a gateway reports, or None where the report is old, repeated or impossible.

    Reports come late, twice and in any order: a payment that succeeded is never pending or failed again.
    """
    verbs = {
        PaymentStatus.REQUIRES_ACTION: "require_action",
        PaymentStatus.SUCCEEDED: "succeed",
        PaymentStatus.FAILED: "fail",
        PaymentStatus.CHARGEBACK: "charge_back",
    }
    verb = verbs.get(PaymentStatus(reported))
    return verb if verb is not None and PAYMENT.allows(verb, status) else None


TAX_WITHHELD = "tax_withheld"
"""The method of what a customer kept back of an invoice for the tax authority: no money came, and none goes back."""


def expected_left(expected: Decimal, *, gross: Decimal, credited: Decimal, withheld: Decimal, digits: int) -> Decimal:
    """What is still to be withheld of an invoice: the part that credit notes have left of it, less what was withheld.

    What they gave to the customer's account is not `credited`: the invoice is paid with it. Of 20.00 expected on
    238.00, of which 119.00 were credited, 10.00 are left.
    """
    if gross <= 0:
        return Decimal(0)
    left = round_to(divide(expected * max(gross - credited, Decimal(0)), gross), digits)
    return max(left - withheld, Decimal(0))


def asked_of(open_amount: Decimal, *, disputed: Decimal, withheld: Decimal, digits: int) -> Decimal:
    """What a customer is asked to pay of an open invoice: what is not disputed, less its share of what is withheld.

    Of 211.82 with 17.80 to be withheld 194.02 are asked for, and 97.01 while half of it is disputed. Where all of it is
    disputed, all is asked for.
    """
    undisputed = max(open_amount - disputed, Decimal(0)) or open_amount
    return undisputed - round_to(divide(withheld * undisputed, open_amount), digits) if withheld else undisputed


class Strategy(StrEnum):
    """How a payment without further instruction is spread."""

    OLDEST_FIRST = "oldest_first"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice with what is open on it."""

    invoice_id: UUID
    number: str
    customer_id: UUID
    open_amount: Money
    due_date: date


@dataclass(frozen=True, slots=True)
class NamedAmount:
    """An instruction: pay this invoice, with this amount or with what is open (None)."""

    invoice_id: UUID
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Money put to an invoice; `amount + write_off` is what it settles."""

    invoice_id: UUID
    amount: Money
    write_off: Money


@dataclass(frozen=True, slots=True)
class AllocationPlan:
    """What a payment settles, and what stays on account."""

    allocations: tuple[Allocation, ...]
    unapplied: Money


class InvoiceNotOpen(Refusal):
    """The payment names an invoice on which nothing is open."""

    code = "invoice_not_open"
    status = 409


class OverAllocated(Refusal):
    """More is asked for than the payment has left, or than is open on the invoice."""

    code = "over_allocated"
    status = 409


class RefundTooLarge(Refusal):
    """More would go back than was received and is not yet given back."""

    code = "refund_too_large"
    status = 409


def plan_allocation(
    payment: Money,
    invoices: Sequence[OpenInvoice],
    *,
    strategy: Strategy = Strategy.OLDEST_FIRST,
    named: Sequence[NamedAmount] = (),
    tolerance: Money | None = None,
) -> AllocationPlan:
    """Spread what is left of a payment over open invoices; the parts and the rest sum to it exactly.

    `oldest_first` follows due date, then number. `named` follows the instructions alone, in their order. When money
    runs short of an invoice by at most `tolerance` (a declared setting; none by default), the rest is written off.
    Raises, all at once: CurrencyMismatch, InvoiceNotOpen, OverAllocated, InvalidValue.
    """
    raise_all(_problems(payment, invoices, strategy, named))
    by_id = {invoice.invoice_id: invoice for invoice in invoices}
    if strategy is Strategy.NAMED:
        wanted = [(by_id[each.invoice_id], each.amount) for each in named]
    else:
        ordered = sorted(invoices, key=lambda invoice: (invoice.due_date, invoice.number))
        wanted = [(invoice, None) for invoice in ordered if invoice.open_amount.amount > 0]
    left = payment
    none = Money.zero(payment.currency)
    allocations: list[Allocation] = []
    for invoice, amount in wanted:
        part = min(amount if amount is not None else invoice.open_amount, left)
        if not part:
            continue
        left -= part
        missing = invoice.open_amount - part
        tolerated = tolerance is not None and amount is None and missing <= tolerance
        allocations.append(Allocation(invoice.invoice_id, part, missing if tolerated else none))
    return AllocationPlan(tuple(allocations), left)


def _problems(
    payment: Money, invoices: Sequence[OpenInvoice], strategy: Strategy, named: Sequence[NamedAmount]
) -> list[Refusal]:
    if payment.amount <= 0:
        return [InvalidValue("A payment is more than zero.", field="amount")]
    other = [invoice for invoice in invoices if invoice.open_amount.currency != payment.currency]
    if other:
        return [_in_another_currency(payment, invoice) for invoice in other]
    if strategy is not Strategy.NAMED:
        return [InvalidValue("Amounts are named, but the strategy is oldest first.", field="named")] if named else []
    open_of = {invoice.invoice_id: invoice for invoice in invoices}
    found: list[Refusal] = []
    seen: set[UUID] = set()
    for place, instruction in enumerate(named):
        invoice = open_of.get(instruction.invoice_id)
        if instruction.invoice_id in seen:
            found.append(InvalidValue("The invoice is named twice.", field=f"named[{place}].invoice_id"))
        elif invoice is None or invoice.open_amount.amount <= 0:
            sentence = f"Nothing is open on invoice {invoice.number if invoice else instruction.invoice_id}."
            found.append(InvoiceNotOpen(sentence, field=f"named[{place}].invoice_id"))
        elif instruction.amount is not None:
            found.extend(_amount_problems(instruction.amount, invoice, payment, place))
        seen.add(instruction.invoice_id)
    asked = Money.total((each.amount for each in named if each.amount is not None), payment.currency)
    if not found and asked > payment:
        found.append(OverAllocated(f"The amounts sum to {asked}, the payment has {payment} left.", field="named"))
    return found


def _amount_problems(amount: Money, invoice: OpenInvoice, payment: Money, place: int) -> list[Refusal]:
    field = f"named[{place}].amount"
    if amount.currency != payment.currency:
        return [_in_another_currency(payment, invoice)]
    if amount.amount <= 0 or amount.rounded() != amount:
        return [InvalidValue("An allocation is more than zero, in whole minor units.", field=field)]
    if amount > invoice.open_amount:
        sentence = f"{amount} is more than the {invoice.open_amount} open on invoice {invoice.number}."
        return [OverAllocated(sentence, field=field)]
    return []


def _in_another_currency(payment: Money, invoice: OpenInvoice) -> CurrencyMismatch:
    return CurrencyMismatch(
        f"Invoice {invoice.number} is in {invoice.open_amount.currency}, the payment in {payment.currency}.",
        field="currency",
        invoice=invoice.number,
    )


@dataclass(frozen=True, slots=True)
class SettledInvoice:
    """What a payment has settled of an invoice so far; the newest allocation comes last."""

    invoice_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """What a refund takes: first what is unapplied, then the newest allocations; and the step of the status."""

    from_unapplied: Money
    unallocations: tuple[SettledInvoice, ...]
    verb: str


def plan_refund(
    amount: Money, *, received: Money, refunded: Money, unapplied: Money, settled: Sequence[SettledInvoice]
) -> RefundPlan:
    """Plan to give `amount` back out of a payment.

    `refunded` includes refunds that are under way, so that two at once never pass what was received. The invoices
    whose money goes back are open again by that much. Raises RefundTooLarge, InvalidValue, CurrencyMismatch.
    """
    if amount.amount <= 0 or amount.rounded() != amount:
        raise InvalidValue("A refund is more than zero, in whole minor units.", field="amount")
    left = received - refunded
    if amount > left:
        raise RefundTooLarge(
            f"{amount} cannot be refunded: {received} was received and {refunded} already goes back.",
            field="amount",
            refundable=left,
        )
    from_unapplied = min(amount, unapplied)
    missing = amount - from_unapplied
    taken: list[SettledInvoice] = []
    for allocation in reversed(settled):
        if not missing:
            break
        part = min(missing, allocation.amount)
        taken.append(SettledInvoice(allocation.invoice_id, part))
        missing -= part
    if missing:
        raise RefundTooLarge(f"{missing} of the refund is neither unapplied nor allocated.", field="amount")
    return RefundPlan(from_unapplied, tuple(taken), "refund" if amount == left else "refund_partly")
