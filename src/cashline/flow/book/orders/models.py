"""Tables of orders. Prices and terms stand on the agreement line, never here."""

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from cashline.flow.book.orders.rules.lifecycle import OrderLineStatus, OrderSource, OrderStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    quantity_column,
    status_column,
)


class Order(Table):
    """What is to be delivered. `external_reference` is the buyer's own number, known once per customer."""

    number = models.TextField(unique=True)
    agreement = link_to("contracts.Agreement")
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    source = status_column(OrderSource)
    external_reference = models.TextField(null=True)
    fingerprint = models.TextField(blank=True, db_default="")
    status = status_column(OrderStatus)
    hold_reason = models.TextField(blank=True, db_default="")
    currency = currency_column()
    net_total = amount_column()
    ordered_on = models.DateField()
    requested_on = models.DateField(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "orders"
        constraints = [
            models.UniqueConstraint(fields=["customer", "external_reference"], name="order_received_once"),
            models.UniqueConstraint(
                fields=["agreement"], name="order_born_once", condition=models.Q(source="contract")
            ),
            models.UniqueConstraint(fields=["id", "customer"], name="order_of_a_customer"),
        ]
        indexes = [
            models.Index(
                fields=["ordered_on", "id"],
                include=["entity", "currency", "net_total", "status"],
                name="orders_ordered",
            ),
            models.Index(fields=["net_total", "id"], name="orders_net"),
            models.Index(Coalesce("requested_on", models.Value(date(9999, 12, 31))), "id", name="orders_requested"),
            models.Index(
                fields=["external_reference"],
                name="orders_reference",
                condition=models.Q(external_reference__isnull=False),
            ),
            models.Index(
                fields=["status", "id"], name="orders_open", condition=models.Q(status__in=["held", "booked"])
            ),
        ]


class OrderLine(Table):
    """A line to deliver; `line_id` is the lineage of the agreement line that holds its terms."""

    order = link_to("orders.Order", db_index=False)
    line_no = models.IntegerField()
    agreement_line = link_to("contracts.AgreementLine", db_index=False)
    line_id = models.UUIDField(unique=True)
    product = link_to("catalog.Product", db_index=False)
    kind = models.TextField()
    quantity = quantity_column()
    delivered_quantity = quantity_column(db_default=0)
    status = status_column(OrderLineStatus, db_default=OrderLineStatus.OPEN)

    class Meta:
        db_table = "order_lines"
        constraints = [
            models.UniqueConstraint(fields=["order", "line_no"], name="order_line_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0)
                & models.Q(delivered_quantity__gte=0)
                & models.Q(delivered_quantity__lte=models.F("quantity")),
                name="order_line_never_over_delivered",
            ),
        ]
