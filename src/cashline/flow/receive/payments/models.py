"""Tables of payments: money received, what it settled, and what each call to a gateway came to."""

from django.db import models

from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    rate_column,
)


class Payment(Table):
    """Money from a customer. `unapplied_amount` is amount − allocated − refunded; statuses stand in `rules.PAYMENT`."""

    number = models.TextField(null=True, unique=True)
    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    currency = currency_column()
    method = models.TextField()
    status = models.TextField()
    amount = amount_column()
    unapplied_amount = amount_column(db_default=0)
    refunded_amount = amount_column(db_default=0)
    received_on = models.DateField(null=True)
    entity_rate = rate_column(db_default=1)
    gateway = models.TextField(blank=True, db_default="")
    gateway_reference = models.TextField(null=True, unique=True)
    source_id = models.UUIDField(unique=True)
    created_at = instant_column()

    class Meta:
        db_table = "payments"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=models.Q(unapplied_amount__gte=0)
                & models.Q(refunded_amount__gte=0)
                & models.Q(amount__gte=models.F("unapplied_amount") + models.F("refunded_amount")),
                name="payment_never_over_applied",
            ),
        ]


class PaymentAllocation(Table):
    """The part of a payment that settles an invoice; an un-application is a row with a negative amount."""

    payment = link_to("payments.Payment")
    invoice = link_to("invoices.Invoice")
    amount = amount_column()
    write_off_amount = amount_column(db_default=0)
    applied_on = models.DateField()
    reverses = models.OneToOneField("payments.PaymentAllocation", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = instant_column()

    class Meta:
        db_table = "payment_allocations"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(amount=0) | ~models.Q(write_off_amount=0), name="payment_allocation_not_empty"
            )
        ]


class PaymentIntent(Table):
    """A wish to be paid by card: one per idempotency key, recorded before the gateway is called."""

    customer = link_to("customers.Customer")
    invoice = link_to("invoices.Invoice", null=True)
    currency = currency_column()
    amount = amount_column()
    gateway = models.TextField()
    method_token = models.TextField()
    status = models.TextField()
    gateway_reference = models.TextField(null=True, unique=True)
    decline_code = models.TextField(blank=True, db_default="")
    message = models.TextField(blank=True, db_default="")
    action_url = models.TextField(blank=True, db_default="")
    payment = link_to("payments.Payment", null=True)
    created_at = instant_column()

    class Meta:
        db_table = "payment_intents"


class Refund(Table):
    """Money given back from a payment; the id is the idempotency key of every try at the gateway."""

    payment = link_to("payments.Payment")
    amount = amount_column()
    reason = models.TextField()
    status = models.TextField()
    gateway_reference = models.TextField(blank=True, db_default="")
    refunded_on = models.DateField(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "refunds"
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_positive")]


class SandboxCharge(Table):
    """What the sandbox gateway remembers by idempotency key, as a real acquirer would."""

    key = models.TextField(unique=True)
    state = models.JSONField()

    class Meta:
        db_table = "sandbox_charges"
