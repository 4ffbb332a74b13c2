"""Events of a scenario that move money: coupons, wallets, payments, credit notes and one-off invoices."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Refusal
from cashline.surfaces.check import scenario_format as form
from cashline.surfaces.check.scenario_setup import ACTOR, Account

if TYPE_CHECKING:
    from cashline.flow.receive.payments.actions import NewPayment

ZERO = Decimal(0)


class NoSuchLine(Refusal):
    """The invoice of an event has no such line, or the event issued none."""

    code = "no_such_line"


def grant_coupon(account: Account, event: form.Coupon, today: date, now: datetime) -> None:
    """Give the customer a coupon of its own."""
    from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
    from cashline.flow.agree.coupons.rules import NewCoupon

    coupon = NewCoupon(
        event.id,
        event.id,
        event.amount,
        account.currency,
        uses=1 if event.uses == "once" else None,
        meters=event.only_metrics or (),
        plans=event.only_plans or (),
    )
    coupon_id = create_coupons([coupon], now=now, actor=ACTOR)[0]
    grant_coupons([(coupon_id, account.customer_id)], today=today, now=now, actor=ACTOR)


def top_up(account: Account, event: form.WalletTopup, today: date, now: datetime) -> None:
    """Pay money into a wallet; one for each limit, opened when it is needed first."""
    from cashline.flow.invoice.credits.actions import open_wallets
    from cashline.flow.invoice.credits.rules import NewWallet
    from cashline.flow.receive.payments.actions import top_up_wallet

    meters = tuple(sorted(event.only_metrics or ()))
    if meters not in account.wallets:
        wallet = NewWallet(account.entity_id, account.customer_id, account.currency, meters=meters)
        account.wallets[meters] = open_wallets([wallet], now=now, actor=ACTOR)[0]
    payment = _payment(account, event.amount, today)
    top_up_wallet(payment, wallet_id=account.wallets[meters], now=now, actor=ACTOR)


def pay(account: Account, event: form.Payment, invoice_ids: list[UUID], today: date, now: datetime) -> None:
    """Record a payment of the invoice of an event, up to what is open of it; the rest lies on account."""
    from cashline.flow.receive.payments.actions import record_payments
    from cashline.surfaces.check.scenario_outcome import open_amounts

    left = event.amount
    allocations: list[tuple[UUID, Decimal, Decimal]] = []
    for key, amount in open_amounts(invoice_ids).items():
        part = min(left, amount)
        if part > 0:
            allocations.append((key, part, ZERO))
            left -= part
    payment = _payment(account, event.amount, today, tuple(allocations))
    record_payments([payment], now=now, actor=ACTOR)


def _payment(
    account: Account, amount: Decimal, today: date, allocations: tuple[tuple[UUID, Decimal, Decimal], ...] = ()
) -> "NewPayment":
    from cashline.flow.receive.payments.actions import NewPayment

    return NewPayment(
        account.customer_id, account.entity_id, account.currency, amount, "bank_transfer", today, new_id(),
        allocations=allocations,
    )  # fmt: skip


def credit(event: form.CreditNote, invoice_ids: list[UUID], today: date, now: datetime) -> None:
    """Credit lines by hand: all of it is credit of the customer, but for what is refunded."""
    from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
    from cashline.flow.invoice.credit_notes.rules import CreditRequest
    from cashline.surfaces.check.scenario_outcome import creditable_lines

    found = creditable_lines(invoice_ids)
    by_invoice: dict[UUID, list[tuple[UUID, Decimal]]] = {}
    for wanted in event.lines:
        name = wanted.plan or wanted.item or ""
        left = wanted.amount
        for line in found:
            part = min(left, line.left)
            if (line.component, line.name) == (wanted.component, name) and part > 0:
                by_invoice.setdefault(line.invoice_id, []).append((line.id, part))
                left -= part
        if left:
            raise NoSuchLine(f"{event.id}: {left} of {wanted.component} {name} cannot be credited.")
    requests = [
        CreditRequest(key, "Credited by hand", tuple(lines), to_balance=True, refund=event.refund, beyond_paid=True)
        for key, lines in by_invoice.items()
    ]
    issue_credit_notes(requests, today=today, now=now, actor=ACTOR)


def invoice_once(account: Account, event: form.OneOffInvoice, today: date, now: datetime) -> None:
    """Issue an invoice without a subscription."""
    from cashline.flow.agree.catalog.rules import TaxCategory
    from cashline.flow.invoice.invoices.actions import issue_invoices
    from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of

    category = TaxCategory(account.tax_category)
    items = [NewItem(line.item, line.amount, tax_category=category) for line in event.lines]
    new = NewInvoice(account.entity_id, account.customer_id, account.currency, items)
    issue_invoices([draft_of(new, today)], now=now, actor=ACTOR)
