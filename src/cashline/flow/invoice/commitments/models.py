"""The table of commitments; what draws them down stands on invoice lines."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.invoice.commitments.rules import CommitmentStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    status_column,
)


class Commitment(Table):
    """What a customer promised to be billed at least in a term, by anything or by the plans named."""

    entity = link_to("company.LegalEntity", db_index=False)
    customer = link_to("customers.Customer")
    currency = currency_column()
    name = models.TextField()
    amount = amount_column()
    term = DateRangeField()
    plans = ArrayField(models.TextField(), default=list)
    tax_category = status_column(TaxCategory)
    status = status_column(CommitmentStatus, db_default=CommitmentStatus.ACTIVE)
    created_at = instant_column()

    class Meta:
        db_table = "commitments"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="commitment_positive"),
            models.CheckConstraint(condition=~models.Q(name=""), name="commitment_has_a_name"),
        ]
