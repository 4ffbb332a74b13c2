"""Recording delivery facts: append-only, once per source, and counted on the order line in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.book.orders.actions import record_delivered
from cashline.flow.deliver.fulfilment.rules import DeliveryKind, NewDelivery
from cashline.kernel.identifiers import new_id
from cashline.platform import sql

_COLUMNS = (
    "id",
    "order_line_id",
    "line_id",
    "customer_id",
    "kind",
    "quantity",
    "effective_on",
    "source_id",
    "known_at",
)
_DELIVERS = frozenset({DeliveryKind.SHIPPED.value, DeliveryKind.ACTIVATED.value, DeliveryKind.ACCEPTED.value})


def record_deliveries(facts: Sequence[NewDelivery], *, now: datetime, actor: str) -> None:
    """Append facts in the caller's transaction; what was shipped, activated or accepted counts as delivered.

    Orders of which nothing is open any more complete. The database refuses the same fact twice.
    """
    sql.insert("deliveries", _COLUMNS, [(new_id(), *fact, now) for fact in facts])
    changes: dict[UUID, Decimal] = {}
    for fact in facts:
        if fact.kind in _DELIVERS:
            changes[fact.order_line_id] = changes.get(fact.order_line_id, Decimal(0)) + fact.quantity
    record_delivered(changes, now=now, actor=actor)
