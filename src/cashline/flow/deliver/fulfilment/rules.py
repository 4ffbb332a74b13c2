"""Rules of fulfilment: which steps deliver an order, in which order, and the lifecycles of steps and shipments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import InvalidValue, Refusal


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
MAX_TEXT = 200
RETRY_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
"""The pauses after each failed attempt at a step; after the last it waits for a person."""


class NothingToShip(Refusal):
    """No goods of the order are reserved and unpicked."""

    code = "nothing_to_ship"
    status = 409


class InvalidShipDate(Refusal):
    """Goods cannot leave in the future, nor arrive before they left."""

    code = "invalid_ship_date"


class DeliveryFact(msgspec.Struct, frozen=True, gc=False):
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


class NewDelivery(NamedTuple):
    """A delivery fact to record."""

    order_line_id: UUID
    line_id: UUID
    customer_id: UUID
    kind: str
    quantity: Decimal
    effective_on: date
    source_id: UUID


@dataclass(frozen=True, slots=True)
class ShipConfirmation:
    """That a shipment left: with whom, under which tracking number, on which day."""

    shipment_id: UUID
    carrier: str
    tracking_number: str
    shipped_on: date


@dataclass(frozen=True, slots=True)
class DeliveryConfirmation:
    """That a shipment arrived."""

    shipment_id: UUID
    delivered_on: date


class LineToDeliver(NamedTuple):
    """An order line as fulfilment plans it; `starts_on` is when its terms begin, in the entity's time zone."""

    id: UUID
    order_id: UUID
    kind: str
    product_id: UUID
    quantity: Decimal
    entity_id: UUID
    customer_id: UUID
    agreement_id: UUID
    starts_on: date
    timezone: str


class PlannedStep(NamedTuple):
    """A step as planned; `order_line_id` is None for steps of all goods of the order together."""

    order_id: UUID
    order_line_id: UUID | None
    kind: StepKind
    sequence: int
    status: StepStatus
    line: LineToDeliver | None = None


def plan_fulfilment(lines: Sequence[LineToDeliver]) -> list[PlannedStep]:
    """The steps that deliver orders: goods are reserved (1) and shipped (2), subscriptions activated (1), services
    done after the goods (3) or, where there are none, at once (1).

    Steps of the lowest sequence on their path are ready, later ones wait. Lines of many orders may come together.
    """
    with_goods = {line.order_id for line in lines if line.kind == ProductKind.GOODS}
    steps: list[PlannedStep] = []
    for order_id in dict.fromkeys(line.order_id for line in lines if line.kind == ProductKind.GOODS):
        steps.append(PlannedStep(order_id, None, StepKind.RESERVE, 1, StepStatus.READY))
        steps.append(PlannedStep(order_id, None, StepKind.SHIP, 2, StepStatus.WAITING))
    for line in lines:
        if line.kind == ProductKind.SUBSCRIPTION:
            steps.append(PlannedStep(line.order_id, line.id, StepKind.ACTIVATE, 1, StepStatus.READY, line))
        elif line.kind == ProductKind.SERVICE:
            after_goods = line.order_id in with_goods
            steps.append(
                PlannedStep(
                    line.order_id,
                    line.id,
                    StepKind.INSTALL,
                    3 if after_goods else 1,
                    StepStatus.WAITING if after_goods else StepStatus.READY,
                    line,
                )
            )
    return steps


def after_reserving(steps: Sequence[PlannedStep], short_orders: set[UUID]) -> list[PlannedStep]:
    """The steps once stock was asked for: RESERVE is done and SHIP ready, or RESERVE waits for stock."""
    found: list[PlannedStep] = []
    for step in steps:
        status = step.status
        if step.kind is StepKind.RESERVE:
            verb = "backorder" if step.order_id in short_orders else "finish"
            status = STEP.transitions[verb].target
        elif step.kind is StepKind.SHIP and step.order_id not in short_orders:
            status = STEP.transitions["make_ready"].target
        found.append(step if status is step.status else step._replace(status=status))
    return found


def retry_pause(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None: no more, a person decides."""
    return RETRY_PAUSES[attempts - 1] if 1 <= attempts <= len(RETRY_PAUSES) else None


def confirmation_errors(
    day: date, not_before: date | None, today: date, index: int, *, texts: Mapping[str, str] | None = None
) -> list[Refusal]:
    """What is wrong with a confirmation: its day lies in the future or before the goods left, or a text is too long.

    `today` is the day in UTC; the day after it may have begun where the goods are.
    """
    found: list[Refusal] = []
    if day > today + timedelta(days=1) or day.year < 1990:
        found.append(
            InvalidShipDate("The day lies in the future.", field=f"{index}.day", fix="Give the day it happened.")
        )
    elif not_before is not None and day < not_before:
        found.append(InvalidShipDate(f"The goods left on {not_before} and cannot arrive before.", field=f"{index}.day"))
    for name, text in (texts or {}).items():
        if len(text) > MAX_TEXT:
            found.append(InvalidValue(f"This has {MAX_TEXT} characters at most.", field=f"{index}.{name}"))
    return found
