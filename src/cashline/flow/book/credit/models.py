"""The table of credit accounts."""

from django.db import models

from cashline.platform.database.tables import amount_column, currency_column


class CreditAccount(models.Model):
    """What a customer may owe and what is at stake: orders not yet invoiced plus open invoices, gross of tax.

    `exposure` is kept by `change_exposure`, called by every stage that raises or lowers it. No limit (null): no check.
    """

    customer = models.OneToOneField("customers.Customer", primary_key=True, on_delete=models.PROTECT, related_name="+")
    currency = currency_column()
    limit = amount_column(null=True, db_column="credit_limit")
    exposure = amount_column(db_default=0)
    held = models.BooleanField(db_default=False)

    class Meta:
        db_table = "credit_accounts"
