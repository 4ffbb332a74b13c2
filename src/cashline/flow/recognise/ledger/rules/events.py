"""Facts straight from events that carry all that is posted, so that posting them reads no table."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.rules.posting import Fact, FactAmount
from cashline.platform.events.rules import Event

_ONE = Decimal(1)


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
    """Gross, net and tax of an invoice, at the rate that it fixed."""
    data, key = event.data, event.subject_id
    rate = Decimal(data["entity_rate"])
    return Fact(
        UUID(data["entity_id"]),
        data["currency"],
        rate,
        date.fromisoformat(data["issued_on"]),
        key,
        data["number"],
        _object(event, "customer"),
        _object(event, "agreement"),
        (
            FactAmount("gross", Decimal(data["gross"]), key, rate),
            FactAmount("net", Decimal(data["net"])),
            FactAmount("tax", Decimal(data["tax"])),
        ),
    )


def _object(event: Event, kind: str) -> UUID | None:
    return next((item.id for item in event.objects if item.type == kind), None)
