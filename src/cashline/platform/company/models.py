"""Tables of the company: legal entities and exchange rates."""

from django.db import models

from cashline.platform.database.tables import Table, currency_column, rate_column


class LegalEntity(Table):
    """A legal person that contracts, invoices and keeps books in its own currency and time zone."""

    code = models.TextField(unique=True)
    name = models.TextField()
    country = models.TextField(max_length=2)
    currency = currency_column()
    timezone = models.TextField(db_default="UTC")
    street = models.TextField(blank=True, db_default="")
    postcode = models.TextField(blank=True, db_default="")
    city = models.TextField(blank=True, db_default="")
    tax_id = models.TextField(blank=True, db_default="")
    registration = models.TextField(blank=True, db_default="")
    iban = models.TextField(blank=True, db_default="")
    bic = models.TextField(blank=True, db_default="")
    email = models.TextField(blank=True, db_default="")
    phone = models.TextField(blank=True, db_default="")
    website = models.TextField(blank=True, db_default="")
    brand_color = models.TextField(db_default="#0f766e")
    tax_rounding = models.TextField(db_default="per_rate")
    fiscal_calendar = models.JSONField(db_default={})
    seal_key = models.BinaryField(null=True)
    seal_certificate = models.BinaryField(null=True)

    class Meta:
        db_table = "legal_entities"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tax_rounding__in=["per_document", "per_rate", "per_line"]),
                name="legal_entity_tax_rounding_known",
            )
        ]


class ExchangeRate(models.Model):
    """How many units of `currency` one euro buys on a day (the form in which the ECB publishes its reference rates)."""

    pk = models.CompositePrimaryKey("currency", "day")
    currency = currency_column()
    day = models.DateField()
    per_euro = rate_column()

    class Meta:
        db_table = "exchange_rates"
        constraints = [models.CheckConstraint(condition=models.Q(per_euro__gt=0), name="exchange_rate_positive")]
