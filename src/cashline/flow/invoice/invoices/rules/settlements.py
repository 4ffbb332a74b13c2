"""What settled an invoice, as the event log tells it: credit notes, payments, credits, and allocations taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.platform.events.rules import RecordedEvent

ZERO = Decimal(0)
_SIGN = {"PaymentAllocated": 1, "PaymentUnallocated": -1}
TYPES = ("CreditNoteIssued", "PaymentReceived", "CreditApplied", *_SIGN)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One change of the open amount: `paid` and `written_off` or `credited` lower it, negative ones raise it again.

    What a customer had to the credit (kind `credit`) pays, and has no number.
    """

    kind: str
    document_id: UUID
    number: str
    day: date
    paid: Decimal = ZERO
    written_off: Decimal = ZERO
    credited: Decimal = ZERO
    reason: str = ""

    @property
    def is_credit(self) -> bool:
        """Whether the customer's own credit paid: no money came in."""
        return self.kind == "credit"


def settlements(events: Iterable[RecordedEvent], invoice_id: UUID) -> list[Settlement]:
    """What settled the invoice, in the order in which it happened."""
    return [found for event in events if (found := _settlement(event, invoice_id)) is not None]


def _settlement(event: RecordedEvent, invoice_id: UUID) -> Settlement | None:
    data, subject = event.data, event.object_ids[0]
    if event.type == "CreditNoteIssued":
        day = date.fromisoformat(data["issued_on"])
        credited = Decimal(data["settled"])
        return Settlement("credit_note", subject, data["number"], day, credited=credited, reason=event.reason)
    if event.type == "PaymentReceived":
        paid, written_off = _allocated(data, invoice_id)
        if paid or written_off:
            return Settlement(
                "payment", subject, data["number"], date.fromisoformat(data["received_on"]), paid, written_off
            )
    if event.type == "CreditApplied":
        credit = next(key for kind, key in zip(event.object_types, event.object_ids, strict=True) if kind == "credit")
        return Settlement("credit", credit, "", date.fromisoformat(data["day"]), Decimal(data["amount"]))
    if event.type in _SIGN:
        sign = _SIGN[event.type]
        amounts = (sign * Decimal(data["amount"]), sign * Decimal(data["write_off"]))
        return Settlement(
            "payment", subject, data["number"], date.fromisoformat(data["day"]), *amounts, reason=event.reason
        )
    return None


def _allocated(data: Mapping[str, Any], invoice_id: UUID) -> tuple[Decimal, Decimal]:
    rows = [row for row in data["allocations"] if row["invoice_id"] == str(invoice_id)]
    paid = sum((Decimal(row["amount"]) for row in rows), ZERO)
    return paid, sum((Decimal(row["write_off"]) for row in rows), ZERO)
