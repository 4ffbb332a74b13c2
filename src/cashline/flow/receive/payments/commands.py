"""`cashline payment …`: money received from a terminal."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    DAY,
    NUMBER,
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
    today,
)

SHOWN = ("number", "customer_name", "status", "received_on", "method", "currency", "amount", "unapplied_amount")
METHODS = ["bank_transfer", "card", "direct_debit", "cash", "other", "tax_withheld"]


@click.group("payment")
def payment() -> None:
    """Payments: money received, what it settles, what goes back."""


COMMANDS = payment


def find_payment(text: str) -> UUID:
    """A payment by public id or number."""
    from cashline.flow.receive.payments.queries import payment_by_number

    return resolve("payment", text, payment_by_number)


def find_invoice(text: str) -> UUID:
    """An invoice by public id or number."""
    from cashline.flow.invoice.invoices.queries import invoices_by_number

    def by_number(number: str) -> UUID | None:
        found = invoices_by_number([number]).get(number)
        return found.id if found else None

    return resolve("invoice", text, by_number)


def find_customer(text: str) -> UUID:
    """A customer by public id, number or external reference."""
    from cashline.flow.agree.customers.queries import customers_by_reference

    def by_reference(reference: str) -> UUID | None:
        found = customers_by_reference([reference]).get(reference)
        return found.id if found else None

    return resolve("customer", text, by_reference)


def _document(key: UUID) -> dict[str, Any]:
    from cashline.flow.receive.payments import api, queries

    return api.document(queries.payment(key))


@payment.command("list")
@click.option("--words", default="", help="Looked for in number, customer and reference.")
@click.option("--unapplied", is_flag=True, help="Those of which something lies on account.")
@click.option("--uncertified", is_flag=True, help="Tax that was withheld, without a certificate so far.")
@click.option("--cursor", default="")
@limit_option
@json_option
def payment_list(
    words: str, unapplied: bool, uncertified: bool, cursor: str, limit: int, as_json: bool
) -> None:  # fmt: skip
    """Payments, the newest first."""
    from cashline.flow.receive.payments import api, queries
    from cashline.platform.lists import Ask

    chosen = queries.PaymentFilter(words=words, unapplied=unapplied, uncertified=uncertified)
    page = queries.list_payments(Ask(cursor=cursor, limit=limit), chosen)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@payment.command("show")
@click.argument("number")
@json_option
def payment_show(number: str, as_json: bool) -> None:
    """One payment with what it settled and what went back."""
    shape = _document(find_payment(number))
    sentence = (
        f"{shape['number']}  {shape['customer_name']}  {shape['amount']} {shape['currency']}  "
        f"({shape['unapplied_amount']} on account, {shape['status']})"
    )
    say(shape, sentence, as_json=as_json)
    if not as_json:
        table(shape["allocations"], ("invoice_number", "amount", "write_off", "applied_on"), as_json=False)


@payment.command("record")
@click.option("--customer", required=True, help="Number, external reference or id.")
@click.option("--entity", required=True, help="The code of the legal entity.")
@click.option("--amount", required=True, type=NUMBER, help="In the customer's currency.")
@click.option("--received-on", required=True, type=DAY)
@click.option("--method", default="bank_transfer", show_default=True, type=click.Choice(METHODS))
@click.option("--invoice", "invoices", multiple=True, help="Put it to this invoice; else to the oldest first.")
@click.option("--on-account", is_flag=True, help="Put it to no invoice for now.")
@click.option("--preview", is_flag=True, help="Say what it would settle, and record nothing.")
@json_option
def payment_record(
    customer: str,
    entity: str,
    amount: Decimal,
    received_on: date,
    method: str,
    invoices: tuple[str, ...],
    on_account: bool,
    preview: bool,
    as_json: bool,
) -> None:
    """Record money received."""
    from cashline.flow.agree.customers import queries as customers
    from cashline.flow.receive.payments import actions, queries
    from cashline.flow.receive.payments.rules import NamedAmount, Strategy, plan_allocation
    from cashline.kernel.identifiers import new_id
    from cashline.kernel.money import Money
    from cashline.platform.company.queries import entity_by_code

    payer = customers.customer(find_customer(customer))
    owner = entity_by_code(entity)
    found = queries.open_invoices(customer_id=payer.id, entity_id=owner.id, currency=payer.currency)
    named = [NamedAmount(find_invoice(text)) for text in invoices]
    strategy = Strategy.NAMED if named else Strategy.OLDEST_FIRST
    plan = plan_allocation(Money(amount, payer.currency), [] if on_account else found, strategy=strategy, named=named)
    if preview:
        numbers = {one.invoice_id: one.number for one in found}
        items = [{"invoice": numbers[one.invoice_id], "amount": one.amount.amount} for one in plan.allocations]
        items.append({"invoice": "on account", "amount": plan.unapplied.amount})
        table(items, ("invoice", "amount"), as_json=as_json)
        return
    new = actions.NewPayment(
        customer_id=payer.id,
        entity_id=owner.id,
        currency=payer.currency,
        amount=amount,
        method=method,
        received_on=received_on,
        source_id=new_id(),
        allocations=tuple((one.invoice_id, one.amount.amount, one.write_off.amount) for one in plan.allocations),
    )
    (key,) = actions.record_payments([new], now=now(), actor=TERMINAL.actor)
    shape = _document(key)
    say(shape, f"{shape['number']} is recorded; {shape['unapplied_amount']} lies on account.", as_json=as_json)


@payment.command("certificate")
@click.argument("number")
@click.argument("certificate")
@click.option("--issued-on", required=True, type=DAY)
@json_option
def payment_certificate(number: str, certificate: str, issued_on: date, as_json: bool) -> None:
    """Record the CERTIFICATE of tax that was withheld by payment NUMBER."""
    from cashline.flow.receive.payments.actions import record_certificate

    key = find_payment(number)
    record_certificate(payment_id=key, number=certificate, issued_on=issued_on, now=now(), actor=TERMINAL.actor)
    say(_document(key), f"{number} is proven by {certificate}.", as_json=as_json)


@payment.command("take-back")
@click.argument("number")
@click.argument("invoice")
@reason_option
@json_option
def payment_take_back(number: str, invoice: str, reason: str, as_json: bool) -> None:
    """Take what payment NUMBER settled of INVOICE back; the money lies on account then."""
    from cashline.flow.receive.payments import actions, queries
    from cashline.platform.doors.terminal import today

    key, invoice_id = find_payment(number), find_invoice(invoice)
    found = [one.id for one in queries.standing_allocations(key) if one.invoice_id == invoice_id]
    actions.unallocate(
        payment_id=key,
        allocation_ids=found or [invoice_id],
        reason=reason,
        today=today(),
        now=now(),
        actor=TERMINAL.actor,
    )
    say(_document(key), "The money lies on account again.", as_json=as_json)


@payment.command("refund")
@click.argument("number")
@click.option("--amount", required=True, type=NUMBER)
@click.option("--paid-out-on", type=DAY, default=None, help="For money that no gateway took: the day it was paid out.")
@reason_option
@json_option
def payment_refund(number: str, amount: Decimal, paid_out_on: date | None, reason: str, as_json: bool) -> None:
    """Give money of payment NUMBER back."""
    from cashline.flow.receive.payments import actions, queries
    from cashline.platform.clock.queries import read_clock

    key = find_payment(number)
    new = actions.NewRefund(key, amount, reason)
    (refund_id,) = actions.request_refunds([new], now=now(), actor=TERMINAL.actor)
    if paid_out_on is not None:
        actions.confirm_refund(refund_id, refunded_on=paid_out_on, now=now(), actor=TERMINAL.actor)
    else:
        named = actions.gateways(sandbox=read_clock().sandbox)
        actions.send_refund(refund_id, gateway_named=named, now=now(), actor=TERMINAL.actor)
    after = queries.refund(refund_id)
    say(_document(key), f"The refund is {after.status}. {after.message}".strip(), as_json=as_json)


@payment.command("charge")
@click.argument("invoice")
@click.option("--gateway", required=True)
@click.option("--card", required=True, help="The token that the gateway knows the card by.")
@click.option("--amount", type=NUMBER, default=None, help="Else all that is open.")
@json_option
def payment_charge(invoice: str, gateway: str, card: str, amount: Decimal | None, as_json: bool) -> None:
    """Charge a card for INVOICE."""
    from cashline.flow.receive.payments import actions, api, queries
    from cashline.platform.clock.queries import read_clock

    found = queries.payable(find_invoice(invoice))
    wanted = found.open_amount if amount is None else amount
    named = actions.gateways(sandbox=read_clock().sandbox)
    named(gateway)
    new = actions.NewIntent(
        found.entity_id, found.customer_id, found.currency, wanted, gateway, card, invoice_id=found.id
    )
    (key,) = actions.create_intents([new], now=now(), actor=TERMINAL.actor)
    after = actions.charge_card(key, gateway_named=named, now=now(), actor=TERMINAL.actor)
    say(api.intent_shape(after), f"The charge is {after.status}. {after.message}".strip(), as_json=as_json)


@payment.command("top-up")
@click.argument("wallet")
@click.argument("amount", type=NUMBER)
@click.option("--method", default="bank_transfer", show_default=True)
@click.option("--received-on", type=DAY, help="The day on which the money came; today unless given.")
@click.option("--expires-on", type=DAY, help="The first day on which what is left of it is void.")
@json_option
def payment_top_up(
    wallet: str, amount: Decimal, method: str, received_on: date | None, expires_on: date | None, as_json: bool
) -> None:
    """Record AMOUNT received and put it into WALLET (its id)."""
    from cashline.flow.invoice.credits import queries as credits_queries
    from cashline.flow.invoice.credits.api import credit_detail
    from cashline.flow.receive.payments import actions
    from cashline.kernel.identifiers import key_of, new_id

    row = credits_queries.wallet(key_of("wallet", wallet))
    new = actions.NewPayment(
        row.customer_id, row.entity_id, row.currency, amount, method, received_on or today(), new_id()
    )
    key = actions.top_up_wallet(new, wallet_id=row.id, expires_on=expires_on, now=now(), actor=TERMINAL.actor)
    shape = credit_detail(credits_queries.credit(key))
    say(shape, f"{amount} {row.currency} are in the wallet {row.name} of {row.customer_name}.", as_json=as_json)


@payment.command("top-up-rule")
@click.argument("wallet")
@click.option("--below", type=NUMBER, help="Charge when less than this is in it.")
@click.option("--amount", type=NUMBER, help="How much is charged.")
@click.option("--gateway", default="sandbox", show_default=True)
@click.option("--card", default="", help="What the gateway knows the card by.")
@click.option("--stop", is_flag=True, help="Top it up no more, and forget the card.")
@json_option
def payment_top_up_rule(
    wallet: str, below: Decimal | None, amount: Decimal | None, gateway: str, card: str, stop: bool, as_json: bool
) -> None:
    """Charge a card whenever WALLET (its id) is low, or stop that."""
    from cashline.flow.receive.payments import actions, api, queries
    from cashline.kernel.identifiers import key_of
    from cashline.platform.clock.queries import read_clock

    key = key_of("wallet", wallet)
    if stop:
        actions.stop_top_ups(wallet_id=key, now=now(), actor=TERMINAL.actor)
        click.echo("The wallet is topped up by itself no more.")
        return
    if below is None or amount is None or not card:
        raise click.UsageError("Give --below, --amount and --card, or --stop.")
    actions.gateways(sandbox=read_clock().sandbox)(gateway)
    actions.set_wallet_card(
        wallet_id=key, below=below, amount=amount, gateway=gateway, method_token=card, now=now(), actor=TERMINAL.actor
    )
    (row,) = queries.wallet_cards(now=now(), wallet_id=key)
    say(api.card_shape(row), f"{amount} {row.currency} are charged when less than {below} is in it.", as_json=as_json)
