"""Facts straight from events that carry all that is posted, so that posting them reads no table."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from cashline.flow.recognise.ledger.rules.posting import Fact, FactAmount
from cashline.platform.events.rules import Event

_ONE = Decimal(1)
_HOW = {"card": "by_card", "tax_withheld": "as_tax_withheld"}
_entity = lru_cache(maxsize=256)(UUID)
"""The key of a legal entity; a run posts thousands of documents of few."""


def how(method: str) -> str:
    """The way of money by its method, as the posting rules name it; tax that was withheld is owed by the authority."""
    return _HOW.get(method, "by_bank")


def shipment_fact(event: Event) -> Fact:
    """The cost of the goods that left, as inventory valued them (the entity's currency)."""
    data = event.data
    return Fact(
        UUID(data["entity_id"]),
        data["currency"],
        _ONE,
        date.fromisoformat(data["shipped_on"]),
        event.subject_id,
        data["number"],
        _object(event, "customer"),
        _object(event, "agreement"),
        (FactAmount("cost", Decimal(data["cost"])),),
    )


def invoice_fact(event: Event) -> Fact:
    """Gross, net and tax of an invoice, at the rate that it fixed; what is earned at once is no contract position.

    One over several agreements moves the position of each.
    """
    data, key = event.data, event.subject_id
    rate = Decimal(data["entity_rate"])
    if "agreements" in data:
        nets = [FactAmount("net", Decimal(net), UUID(of)) for of, net in data["agreements"]]
    else:
        nets = [FactAmount("net", Decimal(data["net"]) - Decimal(data.get("earned_at_once", 0)))]
    touched = {item.type: item.id for item in event.objects}
    return Fact(
        _entity(data["entity_id"]),
        data["currency"],
        rate,
        date.fromisoformat(data["issued_on"]),
        key,
        data["number"],
        touched.get("customer"),
        None if "agreements" in data else touched.get("agreement"),
        (
            FactAmount("gross", Decimal(data["gross"]), key, rate),
            *nets,
            FactAmount("earned_at_once", Decimal(data.get("earned_at_once", 0))),
            FactAmount("tax", Decimal(data["tax"])),
        ),
    )


def credit_fact(event: Event) -> Fact:
    """A movement of credits; the event names each amount with the document whose balance it changes, and its rate."""
    data = event.data
    return Fact(
        UUID(data["entity_id"]),
        data["currency"],
        Decimal(data["entity_rate"]),
        date.fromisoformat(data["day"]),
        UUID(data["movement_id"]),
        data["number"],
        _object(event, "customer"),
        None,
        tuple(
            FactAmount(name, Decimal(amount), UUID(document) if document else None, Decimal(rate) if rate else None)
            for name, amount, document, rate in data["amounts"]
        ),
    )


def payment_fact(event: Event) -> Fact:
    """A payment at the rate of its day, with what it settled at the rates of the invoices; the rest is unapplied."""
    data, key = event.data, event.subject_id
    rate, left = Decimal(data["entity_rate"]), Decimal(data["amount"])
    amounts = [FactAmount(f"received_{how(data['method'])}", left)]
    for item in data["allocations"]:
        applied, written_off = Decimal(item["amount"]), Decimal(item["write_off"])
        invoice, held = UUID(item["invoice_id"]), Decimal(item["entity_rate"])
        amounts += [FactAmount("settled", applied + written_off, invoice, held), FactAmount("written_off", written_off)]
        left -= applied
    amounts.append(FactAmount("unapplied", left, key, rate))
    return Fact(
        UUID(data["entity_id"]),
        data["currency"],
        rate,
        date.fromisoformat(data["received_on"]),
        key,
        data["number"],
        _object(event, "customer"),
        None,
        tuple(amounts),
    )


def _object(event: Event, kind: str) -> UUID | None:
    return next((item.id for item in event.objects if item.type == kind), None)
