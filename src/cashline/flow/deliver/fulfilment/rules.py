"""Rules of fulfilment: which steps deliver an order line, and their lifecycle."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle


class StepKind(StrEnum):
    """What a step does."""

    RESERVE = "reserve"
    SHIP = "ship"
    ACTIVATE = "activate"
    INSTALL = "install"


class StepStatus(StrEnum):
    """Where a step stands. `waiting` waits for the steps before it, `backordered` for stock, `failed` for a person."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    BACKORDERED = "backordered"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ShipmentStatus(StrEnum):
    """Where a shipment stands."""

    PICKING = "picking"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class DeliveryKind(StrEnum):
    """The facts that bills and revenue are planned from."""

    SHIPPED = "shipped"
    ACTIVATED = "activated"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    ENDED = "ended"
    CANCELLED = "cancelled"


_S = StepStatus
STEP = Lifecycle(
    "fulfilment step",
    ("make_ready", [_S.WAITING, _S.BACKORDERED], _S.READY),
    ("start", [_S.READY], _S.RUNNING),
    ("backorder", [_S.READY, _S.RUNNING], _S.BACKORDERED),
    ("finish", [_S.READY, _S.RUNNING], _S.DONE),
    ("fail", [_S.READY, _S.RUNNING], _S.FAILED),
    ("retry", [_S.FAILED], _S.READY),
    ("cancel", [_S.WAITING, _S.READY, _S.RUNNING, _S.BACKORDERED, _S.FAILED], _S.CANCELLED),
)
SHIPMENT = Lifecycle(
    "shipment",
    ("ship", [ShipmentStatus.PICKING], ShipmentStatus.SHIPPED),
    ("deliver", [ShipmentStatus.SHIPPED], ShipmentStatus.DELIVERED),
    ("cancel", [ShipmentStatus.PICKING], ShipmentStatus.CANCELLED),
)


@dataclass(frozen=True, slots=True)
class DeliveryFact:
    """What was delivered of an agreement line (by lineage), when it took effect and where it is written.

    `quantity` is negative for a return; `ENDED` says that a running service stops before `effective_on`, `CANCELLED`
    that this much of what was ordered will never be delivered.
    """

    id: UUID
    line_id: UUID
    order_line_id: UUID
    kind: str
    quantity: Decimal
    effective_on: date
    source_id: UUID
