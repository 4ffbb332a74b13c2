"""Tables of tax rates, of exemption certificates and of what customers withhold; none of a kind overlap in time."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.platform.database.tables import Table, instant_column, link_to, rate_column, status_column


class TaxRate(Table):
    """The percentage of a country for a product category while it is valid."""

    country = models.TextField(max_length=2)
    category = status_column(TaxCategory)
    rate = rate_column()
    valid = DateRangeField()

    class Meta:
        db_table = "tax_rates"
        constraints = [models.CheckConstraint(condition=models.Q(rate__gte=0, rate__lt=100), name="tax_rate_sane")]


class ExemptionCertificate(Table):
    """A proof that what a country would tax is exempt for a customer while it is valid.

    Those of one customer and country never overlap in time. `reason` is what an invoice states.
    """

    customer = link_to("customers.Customer")
    country = models.TextField(max_length=2)
    number = models.TextField()
    reason = models.TextField()
    valid = DateRangeField()
    created_at = instant_column()

    class Meta:
        db_table = "exemption_certificates"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(number="") & ~models.Q(reason=""), name="exemption_certificate_says_why"
            )
        ]


class WithholdingRate(Table):
    """The percentage of what a legal entity bills that a customer keeps back for the tax authority, while it is valid.

    `kind` is what it is kept back from (goods, subscription, service; empty: everything); the narrower rate holds.
    """

    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    kind = models.TextField(blank=True, db_default="")
    rate = rate_column()
    reason = models.TextField()
    valid = DateRangeField()
    created_at = instant_column()

    class Meta:
        db_table = "withholding_rates"
        constraints = [
            models.CheckConstraint(condition=models.Q(rate__gte=0, rate__lt=100), name="withholding_rate_sane"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="withholding_rate_says_why"),
        ]
