"""Tables of stock. The database itself keeps `on_hand`, `value` and `reserved` as the sums of moves and reservations,
and refuses to promise more than lies there."""

from django.db import models

from cashline.flow.deliver.inventory.rules import MoveKind, ReservationStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    instant_column,
    link_to,
    quantity_column,
    status_column,
)


class Warehouse(Table):
    """A place where stock lies, owned by a legal entity."""

    entity = link_to("company.LegalEntity")
    code = models.TextField(unique=True)
    name = models.TextField()
    country = models.TextField(max_length=2)

    class Meta:
        db_table = "warehouses"


class Stock(Table):
    """How much of a product lies in a warehouse, how much of it is promised, and what it cost (entity's currency).

    Triggers keep `on_hand` and `value` as the sums of the moves and `reserved` as that of the active reservations; the
    program itself may only add empty rows and set the reorder point.
    """

    warehouse = link_to("inventory.Warehouse", db_index=False)
    product = link_to("catalog.Product")
    on_hand = quantity_column(db_default=0)
    reserved = quantity_column(db_default=0)
    value = amount_column(db_default=0)
    reorder_point = quantity_column(db_default=0)

    class Meta:
        db_table = "stock"
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "product"], name="stock_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0) & models.Q(reserved__lte=models.F("on_hand")),
                name="stock_never_oversold",
            ),
            models.CheckConstraint(
                condition=models.Q(value=0) | (models.Q(value__gt=0) & models.Q(on_hand__gt=0)),
                name="stock_value_lies_in_goods",
            ),
        ]


class Reservation(Table):
    """Stock promised to an order line."""

    order_line = link_to("orders.OrderLine")
    warehouse = link_to("inventory.Warehouse", db_index=False)
    product = link_to("catalog.Product", db_index=False)
    quantity = quantity_column()
    status = status_column(ReservationStatus, db_default=ReservationStatus.ACTIVE)
    created_at = instant_column()

    class Meta:
        db_table = "reservations"
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_positive"),
            models.UniqueConstraint(
                fields=["order_line", "warehouse"], condition=models.Q(status="active"), name="reservation_active_once"
            ),
        ]


class StockMove(Table):
    """A change of stock, never rewritten. `value` is what the goods cost, in the entity's currency, signed alike."""

    warehouse = link_to("inventory.Warehouse", db_index=False)
    product = link_to("catalog.Product", db_index=False)
    kind = status_column(MoveKind)
    quantity = quantity_column()
    value = amount_column()
    source_id = models.UUIDField()
    reason = models.TextField(blank=True, db_default="")
    moved_on = models.DateField()

    class Meta:
        db_table = "stock_moves"
        constraints = [
            models.UniqueConstraint(fields=["source_id", "warehouse", "product"], name="stock_move_once"),
        ]
        indexes = [models.Index(fields=["warehouse", "product"], name="stock_moves_place")]
