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
        indexes = [
            models.Index(
                fields=["received_on", "id"],
                include=["entity", "currency", "unapplied_amount"],
                name="payments_unapplied",
                condition=models.Q(unapplied_amount__gt=0),
            ),
            models.Index(fields=["received_on", "id"], name="payments_received"),
            models.Index(fields=["amount", "id"], name="payments_amount"),
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


class WithholdingCertificate(models.Model):
    """The proof of the tax authority for what a customer withheld: a payment by `tax_withheld`."""

    payment = models.OneToOneField(
        "payments.Payment", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.TextField()
    issued_on = models.DateField()
    created_at = instant_column()

    class Meta:
        db_table = "withholding_certificates"
        constraints = [models.CheckConstraint(condition=~models.Q(number=""), name="withholding_certificate_number")]


class PaymentIntent(Table):
    """A wish to be paid by card; recorded before the gateway is called, and its id is the idempotency key there.

    Statuses stand in `rules.PAYMENT`; `payment` is the money that came of it.
    """

    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    invoice = link_to("invoices.Invoice", null=True)
    wallet = link_to("credits.Wallet", null=True, db_index=False)
    currency = currency_column()
    amount = amount_column()
    gateway = models.TextField()
    method_token = models.TextField()
    return_url = models.TextField(blank=True, db_default="")
    status = models.TextField()
    gateway_reference = models.TextField(null=True, unique=True)
    decline_code = models.TextField(blank=True, db_default="")
    message = models.TextField(blank=True, db_default="")
    action_url = models.TextField(blank=True, db_default="")
    payment = link_to("payments.Payment", null=True)
    tries = models.IntegerField(db_default=0)
    next_call_at = instant_column()
    created_at = instant_column()

    class Meta:
        db_table = "payment_intents"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_intent_positive"),
            models.CheckConstraint(
                condition=models.Q(invoice__isnull=True) | models.Q(wallet__isnull=True),
                name="payment_intent_for_one_thing",
            ),
            models.UniqueConstraint(
                fields=["wallet"],
                name="payment_intent_tops_up_once",
                condition=models.Q(status__in=["pending", "requires_action"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="payment_intents_under_way",
                condition=models.Q(status__in=["pending", "requires_action"]),
            )
        ]


class WalletCard(models.Model):
    """The card that a wallet is topped up from when it is low; after so many failures nobody asks it again.

    `method_token` is what the gateway knows the card by.
    """

    wallet = models.OneToOneField(
        "credits.Wallet", primary_key=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    gateway = models.TextField()
    method_token = models.TextField()
    failures = models.IntegerField(db_default=0)
    next_try_at = instant_column()

    class Meta:
        db_table = "wallet_cards"


class Refund(Table):
    """Money of a payment that left us, or is on its way; the id is the idempotency key of every try at the gateway.

    `kind` says why it left; a row that takes another one back (`reverses`) has a negative amount. Statuses stand in
    `rules.REFUND`.
    """

    payment = link_to("payments.Payment")
    kind = models.TextField(db_default="refund")
    reverses = models.OneToOneField("payments.Refund", null=True, on_delete=models.PROTECT, related_name="+")
    amount = amount_column()
    reason = models.TextField()
    status = models.TextField()
    gateway_reference = models.TextField(null=True, unique=True)
    message = models.TextField(blank=True, db_default="")
    refunded_on = models.DateField(null=True)
    tries = models.IntegerField(db_default=0)
    next_call_at = instant_column()
    created_at = instant_column()

    class Meta:
        db_table = "refunds"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, reverses__isnull=True)
                | models.Q(amount__lt=0, reverses__isnull=False),
                name="refund_positive_unless_it_reverses",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="refunds_under_way", condition=models.Q(status="pending")),
        ]


class GatewayCall(Table):
    """One try of a call to a gateway about an intent or a refund (`subject_id`), and what came of it."""

    subject_id = models.UUIDField(db_index=True)
    gateway = models.TextField()
    operation = models.TextField()
    number = models.IntegerField()
    outcome = models.TextField()
    http_status = models.IntegerField(db_default=0)
    error = models.TextField(blank=True, db_default="")
    called_at = instant_column()

    class Meta:
        db_table = "gateway_calls"


class GatewayReport(Table):
    """A verified report of a gateway, kept once by its event id. `outcome` is empty until the charge is known here."""

    gateway = models.TextField()
    event_id = models.TextField()
    kind = models.TextField()
    gateway_reference = models.TextField()
    content = models.JSONField()
    occurred_at = instant_column()
    received_at = instant_column()
    outcome = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "gateway_reports"
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_report_once")]
        indexes = [
            models.Index(fields=["gateway_reference", "id"], name="gateway_reports_of_charge"),
        ]


class SandboxCharge(Table):
    """What the sandbox gateway remembers by idempotency key, as a real acquirer would."""

    key = models.TextField(unique=True)
    state = models.JSONField()

    class Meta:
        db_table = "sandbox_charges"
