"""Tables of credits. Movements are appended, a trigger sums them into balances, and none goes below zero."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.flow.invoice.credits.rules import CreditKind, MovementKind, WalletStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    rate_column,
    status_column,
)


class Wallet(Table):
    """Prepaid money of a customer at a legal entity; limited to `meters` where these are named."""

    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    currency = currency_column()
    name = models.TextField()
    priority = models.IntegerField(db_default=50)
    meters = ArrayField(models.TextField(), default=list)
    status = status_column(WalletStatus)
    top_up_below = amount_column(null=True)
    top_up_amount = amount_column(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "wallets"


class CustomerCredit(Table):
    """A credit note's rest, an invoice below zero, or a top-up. `balance` is the sum of its movements, by trigger."""

    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer", db_index=False)
    currency = currency_column()
    kind = status_column(CreditKind)
    wallet = link_to("credits.Wallet", null=True)
    document_id = models.UUIDField(db_index=True)
    document_number = models.TextField(blank=True, db_default="")
    amount = amount_column()
    balance = amount_column(db_default=0)
    entity_rate = rate_column(db_default=1)
    expires_on = models.DateField(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "customer_credits"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(balance__gte=0) & models.Q(balance__lte=models.F("amount")),
                name="customer_credit_never_overdrawn",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["top_up", "promotion"], wallet__isnull=False)
                | models.Q(kind__in=["credit_note", "invoice"], wallet__isnull=True),
                name="customer_credit_prepaid_has_wallet",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "id"], name="customer_credits_open", condition=models.Q(balance__gt=0)),
            models.Index(
                fields=["expires_on", "id"],
                name="customer_credits_expiring",
                condition=models.Q(balance__gt=0, expires_on__isnull=False),
            ),
        ]


class CreditMovement(Table):
    """A change of a credit: granted (above zero), applied to an invoice, refunded or expired (below zero)."""

    credit = link_to("credits.CustomerCredit")
    kind = status_column(MovementKind)
    amount = amount_column()
    invoice = link_to("invoices.Invoice", null=True)
    moved_on = models.DateField()
    reason = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "credit_movements"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="granted", amount__gt=0) | (~models.Q(kind="granted") & models.Q(amount__lt=0)),
                name="credit_movement_signed",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="applied", invoice__isnull=False)
                | (~models.Q(kind="applied") & models.Q(invoice__isnull=True)),
                name="credit_movement_applied_to_invoice",
            ),
        ]
