"""Rules of process mining: the stages whose time is measured, and the OCEL 2.0 shapes of events and objects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.kernel.identifiers import PREFIXES, public
from cashline.platform.events.rules import RecordedEvent


@dataclass(frozen=True, slots=True)
class ChainDocument:
    """A document on the way from quote to cash."""

    kind: str
    id: UUID
    number: str
    status: str
    day: date | None
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the way from quote to cash that is timed, with its definition."""

    code: str
    title: str
    definition: str


STAGES = (
    Stage(
        "quote_to_signature", "Quote to signature", "from the day a quote is created to the day its contract is signed"
    ),
    Stage(
        "order_to_delivery", "Order to delivery", "from the day of an order to the last delivery fact that completes it"
    ),
    Stage(
        "delivery_to_invoice", "Delivery to invoice", "from the delivery of goods or service to the day it is invoiced"
    ),
    Stage("invoice_to_cash", "Invoice to cash", "from the day of an invoice to the payment that settles it"),
    Stage("order_to_cash", "Order to cash", "from the day of an order to the payment that settles its first invoice"),
)


@dataclass(frozen=True, slots=True)
class CycleTime:
    """The days that a stage took over the latest cases: median, ninetieth percentile, and how many were measured."""

    stage: Stage
    median: Decimal | None
    ninetieth: Decimal | None
    cases: int


@dataclass(frozen=True, slots=True)
class CycleTimesAsked:
    """Of how many days, and of which entities' cases."""

    days: int
    entity_ids: tuple[UUID, ...] | None = None


def percentile(values: Sequence[int], percent: int) -> Decimal | None:
    """The value that so many percent of the cases do not pass (nearest rank); None where there is no case."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return Decimal(ordered[max(rank, 1) - 1])


def object_id(kind: str, key: UUID) -> str:
    """The id of an object in an export: its public id, or its type and key where it has none."""
    return public(kind, key) if kind in PREFIXES else f"{kind}_{key}"


def ocel_event(event: RecordedEvent) -> dict[str, Any]:
    """An event of the log as OCEL 2.0 has it; every attribute is a string."""
    attributes = {"actor": event.actor, "reason": event.reason, **event.data}
    links = zip(event.object_types, event.object_ids, event.object_roles, strict=True)
    return {
        "id": public("event", event.id),
        "type": event.type,
        "time": event.time.isoformat(),
        "attributes": [{"name": name, "value": told(value)} for name, value in attributes.items()],
        "relationships": [{"objectId": object_id(kind, key), "qualifier": role or kind} for kind, key, role in links],
    }


def ocel_object(kind: str, key: UUID, number: str | None, since: datetime) -> dict[str, Any]:
    """An object of the log as OCEL 2.0 has it, with its number where it has one."""
    attributes = [{"name": "number", "value": number, "time": since.isoformat()}] if number else []
    return {"id": object_id(kind, key), "type": kind, "attributes": attributes, "relationships": []}


def ocel_types(names: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """Declarations of event or object types with the names of their attributes."""
    return [
        {"name": name, "attributes": [{"name": attribute, "type": "string"} for attribute in sorted(attributes)]}
        for name, attributes in sorted(names.items())
    ]


def told(value: Any) -> str:
    """A value of an event's data as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {told(item)}" for key, item in value.items())
    if isinstance(value, Sequence):
        return "; ".join(told(item) for item in value)
    return str(value)
