"""Rules of stock: kinds of moves and the life of a reservation."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


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
