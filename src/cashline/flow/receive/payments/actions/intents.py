"""Card charges before the gateway is asked: an intent is committed first, so that nothing is charged unseen.

An invoice takes no further charge while one that could pay it is under way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.receive.payments import queries
from cashline.flow.receive.payments.queries import IntentRow, PayableInvoice
from cashline.flow.receive.payments.rules import (
    PAYMENT,
    AlreadyUnderWay,
    InvoiceNotOpen,
    OverAllocated,
    PaymentStatus,
    next_call,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import MAX_AMOUNT, CurrencyMismatch, minor_units
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.kernel.rounding import round_to
from cashline.kernel.writing import write_money
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_COLUMNS = (
    *("id", "entity_id", "customer_id", "invoice_id", "currency", "amount", "gateway", "method_token", "return_url"),
    *("status", "next_call_at", "created_at", "wallet_id"),
)


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A card charge to make: for an invoice, for a wallet, or without either as money on account.

    `method_token` is what the gateway knows the payer's card by; no card number is kept but a sandbox's test card.
    """

    entity_id: UUID
    customer_id: UUID
    currency: str
    amount: Decimal
    gateway: str
    method_token: str
    invoice_id: UUID | None = None
    return_url: str = ""
    wallet_id: UUID | None = None


@transaction.atomic
def create_intents(intents: Sequence[NewIntent], *, now: datetime, actor: str) -> list[UUID]:
    """Record charges to make; gives their ids, the idempotency keys at the gateway.

    Raises, all at once: InvalidValue, CurrencyMismatch, InvoiceNotOpen, OverAllocated, AlreadyUnderWay, NotFound.
    """
    entities_by_id({intent.entity_id for intent in intents})
    customers = customers_by_id({intent.customer_id for intent in intents})
    invoices = queries.payable_for_update({intent.invoice_id for intent in intents if intent.invoice_id})
    found = [error for intent in intents for error in _amount_errors(intent)]
    found += [
        NotFound("There is no such customer.", field="customer") for i in intents if i.customer_id not in customers
    ]
    found += _invoice_errors(intents, invoices)
    raise_all(found)
    keys = [new_id() for _ in intents]
    sql.insert(
        "payment_intents",
        _COLUMNS,
        [
            (
                *(key, intent.entity_id, intent.customer_id, intent.invoice_id, intent.currency, intent.amount),
                *(
                    intent.gateway,
                    intent.method_token,
                    intent.return_url,
                    PaymentStatus.PENDING.value,
                    next_call(0, now),
                ),
                now,
                intent.wallet_id,
            )
            for key, intent in zip(keys, intents, strict=True)
        ],
    )
    events = [
        intent_event("PaymentIntentCreated", key, intent, {"gateway": intent.gateway})
        for key, intent in zip(keys, intents, strict=True)
    ]
    record(events, now=now, actor=actor)
    return keys


def _amount_errors(intent: NewIntent) -> list[Refusal]:
    digits = minor_units(intent.currency)
    if not 0 < intent.amount < MAX_AMOUNT or round_to(intent.amount, digits) != intent.amount:
        return [InvalidValue(f"A charge is above zero and has at most {digits} decimals.", field="amount")]
    if not 1 <= len(intent.method_token) <= 255:
        return [InvalidValue("Say which card: the gateway's token of 1 to 255 characters.", field="method_token")]
    return []


def _invoice_errors(intents: Sequence[NewIntent], invoices: Mapping[UUID, PayableInvoice]) -> list[Refusal]:
    found: list[Refusal] = []
    taken: dict[UUID, Decimal] = {}
    for intent in intents:
        if intent.invoice_id is None:
            continue
        invoice = invoices.get(intent.invoice_id)
        if invoice is None or (invoice.customer_id, invoice.entity_id) != (intent.customer_id, intent.entity_id):
            found.append(InvoiceNotOpen("The customer has no such invoice there.", field="invoice"))
            continue
        under_way = taken.get(intent.invoice_id, invoice.under_way)
        taken[intent.invoice_id] = under_way + intent.amount
        if invoice.currency != intent.currency:
            sentence = f"Invoice {invoice.number} is in {invoice.currency}, the charge in {intent.currency}."
            found.append(CurrencyMismatch(sentence, field="currency"))
        elif not invoice.open_amount:
            found.append(InvoiceNotOpen(f"Nothing is open on invoice {invoice.number}.", field="invoice"))
        elif intent.amount > invoice.open_amount:
            left = write_money(invoice.open_amount, invoice.currency)
            sentence = f"Only {left} is open on invoice {invoice.number}."
            found.append(OverAllocated(sentence, field="amount"))
        elif intent.amount + under_way > invoice.open_amount:
            found.append(_under_way(invoice, under_way))
    return found


def _under_way(invoice: PayableInvoice, amount: Decimal) -> AlreadyUnderWay:
    told = write_money(amount, invoice.currency)
    return AlreadyUnderWay(
        f"A charge of {told} for invoice {invoice.number} is not finished.",
        field="invoice",
        fix="Wait for its outcome, or give it up first.",
    )


@transaction.atomic
def give_up_intents(intent_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Stop waiting for charges that nobody finished, so that others can be made.

    A charge that comes through after all is still recorded: what its invoice no longer needs stays on account.
    """
    rows = queries.intents_for_update(intent_ids)
    failed = [(row.id, PAYMENT.target("fail", row.status).value, reason) for row in rows]
    sql.update("payment_intents", {"status": "text", "message": "text"}, failed)
    record([intent_event("PaymentFailed", row.id, row, {}, reason) for row in rows], now=now, actor=actor)


def intent_event(
    kind: str, key: UUID, intent: NewIntent | IntentRow, data: Mapping[str, str], reason: str = ""
) -> Event:
    """An event about an intent."""
    invoice = (ObjectRef("invoice", intent.invoice_id, "to_settle"),) if intent.invoice_id else ()
    wallet = (ObjectRef("wallet", intent.wallet_id, "to_top_up"),) if intent.wallet_id else ()
    return Event(
        kind,
        (ObjectRef("payment_intent", key), ObjectRef("customer", intent.customer_id, "payer"), *invoice, *wallet),
        {"amount": str(intent.amount), "currency": intent.currency, **data},
        reason,
    )
