"""Writing orders: placing, importing, releasing, cancelling, and what was delivered of them."""

from cashline.flow.book.orders.actions.changing import (
    cancel_orders,
    recheck_holds,
    record_delivered,
    release_orders,
)
from cashline.flow.book.orders.actions.importing import FILE_KIND, import_csv, import_orders, import_ubl, keep_file
from cashline.flow.book.orders.actions.placing import PlacedOrder, order_agreements, place_orders

__all__ = [
    "FILE_KIND",
    "PlacedOrder",
    "cancel_orders",
    "import_csv",
    "import_orders",
    "import_ubl",
    "keep_file",
    "order_agreements",
    "place_orders",
    "recheck_holds",
    "record_delivered",
    "release_orders",
]
