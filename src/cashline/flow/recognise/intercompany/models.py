"""Tables of intercompany sales: facts; only what is settled of a sale moves."""

from django.db import models

from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    rate_column,
)


class IntercompanySale(Table):
    """What `seller` charged `buyer`, in a currency, with the rates of its day to the currency of each.

    `settled_amount` is what of it was paid or reversed.
    """

    number = models.TextField(unique=True)
    seller = link_to("company.LegalEntity", db_index=False)
    buyer = link_to("company.LegalEntity", db_index=False)
    currency = currency_column()
    amount = amount_column()
    settled_amount = amount_column(db_default=0)
    seller_rate = rate_column()
    buyer_rate = rate_column()
    sold_on = models.DateField()
    text = models.TextField()
    created_by = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "intercompany_sales"
        constraints = [
            models.CheckConstraint(condition=~models.Q(seller=models.F("buyer")), name="intercompany_sale_between_two"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="intercompany_sale_positive"),
            models.CheckConstraint(
                condition=models.Q(settled_amount__gte=0, settled_amount__lte=models.F("amount")),
                name="intercompany_sale_settled_within",
            ),
        ]


class IntercompanyMovement(Table):
    """What settles a sale: money from buyer to seller, or a reversal that takes the charge back."""

    sale = link_to("intercompany.IntercompanySale")
    kind = models.TextField(choices=[("paid", "paid"), ("reversed", "reversed")])
    amount = amount_column()
    moved_on = models.DateField()
    reason = models.TextField(blank=True, db_default="")
    created_by = models.TextField()
    created_at = instant_column()

    class Meta:
        db_table = "intercompany_movements"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="intercompany_movement_positive"),
            models.CheckConstraint(
                condition=~models.Q(kind="reversed") | ~models.Q(reason=""), name="intercompany_reversal_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["paid", "reversed"]), name="intercompany_movement_kind"
            ),
        ]
