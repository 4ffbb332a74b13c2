"""Tables of stock. `reserved` never passes `on_hand`: the database refuses to oversell."""

from django.db import models

from cashline.flow.deliver.inventory.rules import MoveKind, ReservationStatus
from cashline.platform.database.tables import Table, instant_column, link_to, quantity_column, status_column


class Warehouse(Table):
    """A place where stock lies, owned by a legal entity."""

    entity = link_to("company.LegalEntity")
    code = models.TextField(unique=True)
    name = models.TextField()
    country = models.TextField(max_length=2)

    class Meta:
        db_table = "warehouses"


class Stock(Table):
    """How much of a product lies in a warehouse and how much of it is promised."""

    warehouse = link_to("inventory.Warehouse", db_index=False)
    product = link_to("catalog.Product")
    on_hand = quantity_column(db_default=0)
    reserved = quantity_column(db_default=0)
    reorder_point = quantity_column(db_default=0)

    class Meta:
        db_table = "stock"
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "product"], name="stock_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0) & models.Q(reserved__lte=models.F("on_hand")),
                name="stock_never_oversold",
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
    """A change of stock, never rewritten: on hand is the sum of the moves. `unit_cost` is in the entity's currency."""

    warehouse = link_to("inventory.Warehouse", db_index=False)
    product = link_to("catalog.Product", db_index=False)
    kind = status_column(MoveKind)
    quantity = quantity_column()
    unit_cost = quantity_column(db_default=0)
    source_id = models.UUIDField()
    moved_on = models.DateField()

    class Meta:
        db_table = "stock_moves"
        constraints = [
            models.UniqueConstraint(fields=["source_id", "warehouse", "product"], name="stock_move_once"),
        ]
        indexes = [models.Index(fields=["warehouse", "product"], name="stock_moves_place")]
