"""The lifecycles of orders and their lines."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class OrderSource(StrEnum):
    """The door an order came through."""

    CONTRACT = "contract"
    API = "api"
    CSV = "csv"
    UBL = "ubl"
    CONSOLE = "console"


class OrderStatus(StrEnum):
    """Where an order stands. `held` waits for credit; `booked` may be delivered."""

    HELD = "held"
    BOOKED = "booked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class OrderLineStatus(StrEnum):
    """Where a line stands."""

    OPEN = "open"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


_O = OrderStatus
ORDER = Lifecycle(
    "order",
    ("hold", [_O.BOOKED], _O.HELD),
    ("release", [_O.HELD], _O.BOOKED),
    ("complete", [_O.BOOKED], _O.COMPLETED),
    ("cancel", [_O.HELD, _O.BOOKED], _O.CANCELLED),
)
ORDER_LINE = Lifecycle(
    "order line",
    ("deliver", [OrderLineStatus.OPEN], OrderLineStatus.DELIVERED),
    ("cancel", [OrderLineStatus.OPEN], OrderLineStatus.CANCELLED),
)
