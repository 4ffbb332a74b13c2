"""Tables of the catalogue. Prices of one product, book and interval never overlap in time."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models

from cashline.flow.agree.catalog.rules import BillingTrigger, ProductKind, RevenuePattern, TaxCategory
from cashline.platform.database.tables import (
    Table,
    currency_column,
    instant_column,
    link_to,
    rate_column,
    status_column,
)


class Product(Table):
    """Something that is sold. `unit` is a UNECE Recommendation 20 code; `unit_cost` is in the entity's currency."""

    sku = models.TextField(unique=True)
    name = models.TextField()
    description = models.TextField(blank=True, db_default="")
    kind = status_column(ProductKind)
    unit = models.TextField(db_default="C62")
    tax_category = status_column(TaxCategory, db_default=TaxCategory.STANDARD)
    billing_trigger = status_column(BillingTrigger)
    revenue_pattern = status_column(RevenuePattern)
    unit_cost = rate_column(db_default=0)
    provisioning_key = models.TextField(blank=True, db_default="")
    active = models.BooleanField(db_default=True)
    created_at = instant_column()

    class Meta:
        db_table = "products"


class PriceBook(Table):
    """Prices in one currency; `is_default` is the one used where a quote or an order names none.

    `tax_country` is the country whose tax its prices include; empty: prices without tax.
    """

    name = models.TextField()
    currency = currency_column()
    is_default = models.BooleanField(db_default=False)
    tax_country = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "price_books"
        constraints = [
            models.UniqueConstraint(fields=["name", "currency"], name="price_book_once"),
            models.UniqueConstraint(
                fields=["currency"], condition=models.Q(is_default=True), name="price_book_default_once"
            ),
            models.CheckConstraint(condition=models.Q(tax_country__regex=r"^([A-Z]{2})?$"), name="price_book_country"),
        ]


class Price(Table):
    """A list price while it is valid. `interval_months` is 0 for what is paid once; `charge` holds model and tiers."""

    price_book = link_to("catalog.PriceBook")
    product = link_to("catalog.Product")
    interval_months = models.IntegerField(db_default=0)
    valid = DateRangeField()
    unit_price = rate_column()
    charge = models.JSONField()

    class Meta:
        db_table = "prices"
        constraints = [
            models.CheckConstraint(condition=models.Q(unit_price__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=models.Q(interval_months__gte=0), name="price_interval_not_negative"),
        ]
