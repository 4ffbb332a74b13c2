"""Tables of quotes. A version that was sent is frozen: triggers refuse any change to it or its lines."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.quotes.rules import QuoteStatus
from cashline.platform.database.tables import (
    Table,
    amount_column,
    currency_column,
    instant_column,
    link_to,
    quantity_column,
    rate_column,
    status_column,
)


class Quote(Table):
    """An offer to a customer, in versions of which `current_version` is the latest.

    It is sent to the contact, or where there is none to the customer's own address. `accepted_by` is a person's name.
    """

    number = models.TextField(unique=True)
    title = models.TextField()
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity")
    currency = currency_column()
    status = status_column(QuoteStatus, db_default=QuoteStatus.DRAFT)
    current_version = models.IntegerField(db_default=1)
    owner = link_to("people.User", null=True)
    price_book = link_to("catalog.PriceBook", null=True, db_index=False)
    contact_name = models.TextField(blank=True, db_default="")
    contact_email = models.TextField(blank=True, db_default="")
    valid_until = models.DateField()
    accepted_by = models.TextField(blank=True, db_default="")
    accepted_email = models.TextField(blank=True, db_default="")
    accepted_at = instant_column(null=True)
    created_at = instant_column()

    class Meta:
        db_table = "quotes"
        indexes = [
            models.Index(
                fields=["status", "id"],
                name="quotes_in_work",
                condition=models.Q(status__in=["draft", "in_approval", "approved", "sent"]),
            ),
            models.Index(fields=["valid_until"], name="quotes_sent", condition=models.Q(status="sent")),
            GinIndex(fields=["title", "contact_name"], opclasses=["gin_trgm_ops"] * 2, name="quotes_words"),
        ]


class QuoteVersion(Table):
    """One version of an offer, at the list prices of `priced_on`. Totals are over the whole term, without tax."""

    quote = link_to("quotes.Quote")
    version = models.IntegerField()
    starts_on = models.DateField()
    priced_on = models.DateField()
    discount_percent = rate_column(db_default=0)
    discount_reason = models.TextField(blank=True, db_default="")
    terms = models.TextField(blank=True, db_default="")
    one_off_total = amount_column(db_default=0)
    recurring_total = amount_column(db_default=0)
    net_total = amount_column(db_default=0)
    list_total = amount_column(db_default=0)
    created_at = instant_column()
    frozen_at = instant_column(null=True)

    class Meta:
        db_table = "quote_versions"
        constraints = [models.UniqueConstraint(fields=["quote", "version"], name="quote_version_once")]


class QuoteLine(Table):
    """A line of a version: `unit_price` is for one unit and one interval, the net of the waterfall.

    `included_tax_rate` is the tax in percent that the list price included (NULL: it was without tax).
    """

    version = link_to("quotes.QuoteVersion")
    line_no = models.IntegerField()
    product = link_to("catalog.Product")
    kind = status_column(ProductKind)
    description = models.TextField()
    quantity = quantity_column()
    interval_months = models.IntegerField(db_default=0)
    term_months = models.IntegerField(db_default=0)
    list_price = rate_column()
    discount_percent = rate_column(db_default=0)
    unit_price = rate_column()
    charge = models.JSONField()
    net_total = amount_column()
    derivation = models.JSONField()
    included_tax_rate = rate_column(null=True)

    class Meta:
        db_table = "quote_lines"
        constraints = [
            models.UniqueConstraint(fields=["version", "line_no"], name="quote_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="quote_line_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(discount_percent__gte=0, discount_percent__lte=100), name="quote_line_discount_sane"
            ),
        ]
