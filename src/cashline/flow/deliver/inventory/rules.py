"""Rules of stock: kinds of moves, the life of a reservation, who gets what lies there, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.kernel.rounding import divide, round_to

MAX_QUANTITY = Decimal(10) ** 12
QUANTITY_DIGITS = 6


class MoveKind(StrEnum):
    """Why stock moved."""

    RECEIPT = "receipt"
    SHIPMENT = "shipment"
    RETURN = "return"
    ADJUSTMENT = "adjustment"


class ReservationStatus(StrEnum):
    """Where a reservation stands."""

    ACTIVE = "active"
    CONSUMED = "consumed"
    RELEASED = "released"


RESERVATION = Lifecycle(
    "reservation",
    ("consume", [ReservationStatus.ACTIVE], ReservationStatus.CONSUMED),
    ("release", [ReservationStatus.ACTIVE], ReservationStatus.RELEASED),
)


class InsufficientStock(Conflict):
    """More was asked for than lies there free."""

    code = "insufficient_stock"


class ReservationGone(Conflict):
    """Goods were to be taken that are no longer reserved for that line."""

    code = "reservation_gone"


@dataclass(frozen=True, slots=True)
class NewWarehouse:
    """A warehouse as given; `country` is an ISO 3166-1 alpha-2 code."""

    entity_id: UUID
    code: str
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class StockReceipt:
    """Goods that came in. No `unit_cost` (entity's currency): the product's own. `source_id` makes it exactly-once."""

    warehouse_id: UUID
    product_id: UUID
    quantity: Decimal
    received_on: date
    unit_cost: Decimal | None = None
    source_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StockAdjustment:
    """A correction after counting: `quantity` is signed."""

    warehouse_id: UUID
    product_id: UUID
    quantity: Decimal
    adjusted_on: date
    reason: str


class Want(NamedTuple):
    """What an order line needs of its entity's stock."""

    order_line_id: UUID
    order_id: UUID
    entity_id: UUID
    product_id: UUID
    quantity: Decimal


class Promise(NamedTuple):
    """Stock of a warehouse for an order line, all of what it needs."""

    want: Want
    warehouse_id: UUID


class Consumption(NamedTuple):
    """Reserved goods that leave a warehouse; `source_id` is the shipment. No reservation: it was given back."""

    source_id: UUID
    reservation_id: UUID | None
    warehouse_id: UUID
    product_id: UUID
    quantity: Decimal
    moved_on: date


class Place(NamedTuple):
    """A row of stock, as locked; amounts are in `currency`, the entity's."""

    id: UUID
    warehouse_id: UUID
    warehouse_code: str
    entity_id: UUID
    currency: str
    product_id: UUID
    on_hand: Decimal
    reserved: Decimal
    value: Decimal


class Move(NamedTuple):
    """A move as planned; `value` is rounded to the currency's minor unit."""

    source_id: UUID
    warehouse_id: UUID
    product_id: UUID
    quantity: Decimal
    value: Decimal
    moved_on: date


def promise_stock(wants: Sequence[Want], places: Sequence[Place]) -> tuple[list[Promise], dict[UUID, Decimal]]:
    """Share free stock among the wants, first come first served, each line all or nothing from one warehouse.

    Warehouses of the line's entity are taken by code, but one that already serves the same order goes first, so that
    orders split little. Gives the promises and, by order line, the most that was free for a want that is short.
    """
    # Keyed by the integers behind the ids, which hash five times faster; thousands of lines come at once.
    by_product: dict[tuple[int, int], list[list[Any]]] = {}
    for place in sorted(places, key=lambda place: place.warehouse_code):
        row: list[Any] = [place.on_hand - place.reserved, place.warehouse_id]
        by_product.setdefault((place.entity_id.int, place.product_id.int), []).append(row)
    promises: list[Promise] = []
    short: dict[UUID, Decimal] = {}
    chosen: dict[int, UUID] = {}
    for want in wants:
        quantity = want.quantity
        candidates = by_product.get((want.entity_id.int, want.product_id.int), [])
        enough = [row for row in candidates if row[0] >= quantity]
        if not enough:
            short[want.order_line_id] = max((row[0] for row in candidates), default=Decimal(0))
            continue
        row = enough[0]
        if len(candidates) > 1:
            usual = chosen.get(want.order_id.int)
            row = next((row for row in enough if row[1] == usual), row)
        chosen.setdefault(want.order_id.int, row[1])
        row[0] -= quantity
        promises.append(Promise(want, row[1]))
    return promises, short


def cost_shipments(items: Sequence[Consumption], places: Sequence[Place]) -> list[Move]:
    """The moves of goods that leave, one a source and place, at the moving average cost (IAS 2.25); values negative.

    Each takes round(value × quantity / on hand); the last piece takes what is left, so that no cent stays behind. The
    items of a source stand together. Raises InsufficientStock where more leaves than lies there.
    """
    left: dict[tuple[int, int], list[Any]] = {
        (place.warehouse_id.int, place.product_id.int): [place.on_hand, place.value, minor_units(place.currency)]
        for place in places
    }
    moves: list[Move] = []
    for item in _merged(items):
        place = left.get((item.warehouse_id.int, item.product_id.int))
        if place is None or item.quantity > place[0]:
            raise InsufficientStock(
                "There is less on hand than this shipment takes.", field="quantity", product=item.product_id
            )
        on_hand, value, digits = place
        quantity = item.quantity
        cost = value if quantity == on_hand else round_to(divide(value * quantity, on_hand), digits)
        place[0], place[1] = on_hand - quantity, value - cost
        moves.append(Move(item.source_id, item.warehouse_id, item.product_id, -quantity, -cost, item.moved_on))
    return moves


def _merged(items: Sequence[Consumption]) -> list[Consumption]:
    """One item for each source, warehouse and product; the items of a source stand together."""
    found: list[Consumption] = []
    seen: dict[tuple[int, int], int] = {}
    source: UUID | None = None
    for item in items:
        if item.source_id is not source:
            seen, source = {}, item.source_id
        key = (item.warehouse_id.int, item.product_id.int)
        index = seen.setdefault(key, len(found))
        if index == len(found):
            found.append(item)
        else:
            found[index] = found[index]._replace(quantity=found[index].quantity + item.quantity)
    return found


def value_adjustment(quantity: Decimal, place: Place, standard_cost: Decimal) -> Decimal:
    """What a counted difference is worth: at the moving average, or at the standard cost where nothing lay there.

    Raises InsufficientStock where less would be left than is promised.
    """
    digits = minor_units(place.currency)
    if quantity < 0:
        if -quantity > place.on_hand - place.reserved:
            raise InsufficientStock(
                f"{(place.on_hand - place.reserved).normalize():f} are free: the rest is promised to orders.",
                field="quantity",
                fix="Cancel or re-plan the orders that the missing goods are reserved for first.",
            )
        if -quantity == place.on_hand:
            return -place.value
    average = divide(place.value, place.on_hand) if place.on_hand else standard_cost
    return round_to(quantity * average, digits)


def quantity_errors(quantity: Decimal, place: str, *, signed: bool = False) -> list[Refusal]:
    """What is wrong with a quantity: sign, size or digits."""
    if quantity == 0 or (quantity < 0 and not signed):
        return [InvalidValue("The quantity must be greater than zero.", field=f"{place}quantity")]
    if abs(quantity) >= MAX_QUANTITY:
        return [InvalidValue("The quantity is too large.", field=f"{place}quantity")]
    if round_to(quantity, QUANTITY_DIGITS) != quantity:
        return [InvalidValue(f"A quantity has up to {QUANTITY_DIGITS} decimals.", field=f"{place}quantity")]
    return []


def receipt_errors(receipts: Sequence[StockReceipt]) -> list[Refusal]:
    """Everything that is wrong with the receipts, each with its place."""
    found: list[Refusal] = []
    for index, receipt in enumerate(receipts):
        found += quantity_errors(receipt.quantity, f"receipts.{index}.")
        if receipt.unit_cost is not None and not 0 <= receipt.unit_cost < MAX_AMOUNT:
            found.append(InvalidValue("The unit cost cannot be negative.", field=f"receipts.{index}.unit_cost"))
    return found


def adjustment_errors(adjustments: Sequence[StockAdjustment]) -> list[Refusal]:
    """Everything that is wrong with the adjustments, each with its place."""
    found: list[Refusal] = []
    for index, adjustment in enumerate(adjustments):
        found += quantity_errors(adjustment.quantity, f"adjustments.{index}.", signed=True)
        if not adjustment.reason.strip():
            found.append(InvalidValue("Say why the stock is adjusted.", field=f"adjustments.{index}.reason"))
    return found
