"""Tables of fulfilment: steps, shipments and the append-only delivery facts."""

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from cashline.flow.deliver.fulfilment.rules import DeliveryKind, ShipmentStatus, StepKind, StepStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    instant_column,
    link_to,
    quantity_column,
    status_column,
)


class FulfilmentStep(Table):
    """A step of the plan of an order, claimed in batches by workers. `order_line` is null for steps of the whole order
    (reserve and ship take all goods of an order together)."""

    order = link_to("orders.Order", db_index=False)
    order_line = link_to("orders.OrderLine", null=True, db_index=False)
    kind = status_column(StepKind)
    sequence = models.IntegerField()
    status = status_column(StepStatus)
    attempts = models.IntegerField(db_default=0)
    next_attempt_at = instant_column()
    error = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "fulfilment_steps"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "order_line", "kind"], name="fulfilment_step_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(
                fields=["status", "kind", "order"],
                name="fulfilment_steps_open",
                condition=models.Q(status__in=["waiting", "ready", "running", "backordered", "failed"]),
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="fulfilment_steps_due",
                condition=models.Q(status__in=["ready", "backordered"]) & ~models.Q(kind="ship"),
            ),
        ]


class Shipment(Table):
    """Goods that leave a warehouse together. `cost` is what they cost when shipped, in the entity's currency.

    `customer_id` is that of the order, so that shipments are found by customers without their orders.
    """

    number = models.TextField(unique=True)
    order = link_to("orders.Order")
    customer_id = models.UUIDField(db_index=True)
    entity = link_to("company.LegalEntity", db_index=False)
    warehouse = link_to("inventory.Warehouse", db_index=False)
    status = status_column(ShipmentStatus)
    carrier = models.TextField(blank=True, db_default="")
    tracking_number = models.TextField(blank=True, db_default="")
    shipped_on = models.DateField(null=True)
    delivered_on = models.DateField(null=True)
    cost = amount_column(db_default=0)
    created_at = instant_column()

    class Meta:
        db_table = "shipments"
        indexes = [
            models.Index(fields=["status", "id"], name="shipments_picking", condition=models.Q(status="picking")),
            models.Index(Coalesce("shipped_on", models.Value(date(9999, 12, 31))), "id", name="shipments_shipped"),
            models.Index(fields=["tracking_number"], opclasses=["text_pattern_ops"], name="shipments_tracking"),
        ]


class ShipmentLine(Table):
    """How much of an order line a shipment carries."""

    shipment = link_to("fulfilment.Shipment", db_index=False)
    order_line = link_to("orders.OrderLine")
    product = link_to("catalog.Product", db_index=False)
    quantity = quantity_column()

    class Meta:
        db_table = "shipment_lines"
        constraints = [
            models.UniqueConstraint(fields=["shipment", "order_line"], name="shipment_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="shipment_line_positive"),
        ]


class Delivery(Table):
    """A delivery fact, recorded once per source and never rewritten. `known_at` is when it became known."""

    line_id = models.UUIDField()
    order_line = link_to("orders.OrderLine", db_index=False)
    customer_id = models.UUIDField()
    kind = status_column(DeliveryKind)
    quantity = quantity_column()
    effective_on = models.DateField()
    source_id = models.UUIDField()
    known_at = instant_column()

    class Meta:
        db_table = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["source_id", "order_line", "kind"], name="delivery_recorded_once"),
        ]
        indexes = [models.Index(fields=["line_id"], name="deliveries_line")]
