"""Writing orders: placing, importing, releasing, cancelling, and what was delivered of them."""

from cashline.flow.book.orders.actions.changing import (
    cancel_orders,
    recheck_holds,
    record_delivered,
    release_orders,
)
from cashline.flow.book.orders.actions.importing import import_csv, import_ubl
from cashline.flow.book.orders.actions.placing import PlacedOrder, order_agreements, place_orders

__all__ = [
    "PlacedOrder",
    "cancel_orders",
    "import_csv",
    "import_ubl",
    "order_agreements",
    "place_orders",
    "recheck_holds",
    "record_delivered",
    "release_orders",
]
