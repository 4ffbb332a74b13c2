"""Tables of agreements: the signed terms as effective-dated lines, and who signed them."""

from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from cashline.flow.agree.catalog.rules import BillingTrigger, ProductKind, RevenuePattern, TaxCategory
from cashline.flow.agree.contracts.rules import AgreementOrigin, AgreementStatus, SignatureStatus
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


class Agreement(Table):
    """Agreed terms with a customer: a signed contract, or an order that was accepted as it came."""

    number = models.TextField(unique=True)
    origin = status_column(AgreementOrigin)
    customer = link_to("customers.Customer")
    entity = link_to("company.LegalEntity", db_index=False)
    quote_version = link_to("quotes.QuoteVersion", null=True, db_index=False)
    currency = currency_column()
    status = status_column(AgreementStatus)
    title = models.TextField(blank=True, db_default="")
    terms = models.TextField(blank=True, db_default="")
    purchase_order = models.TextField(blank=True, db_default="")
    payment_terms_days = models.IntegerField()
    starts_on = models.DateField()
    signed_on = models.DateField(null=True)
    net_total = amount_column()
    created_at = instant_column()

    class Meta:
        db_table = "agreements"
        constraints = [
            models.UniqueConstraint(
                fields=["quote_version"],
                name="agreement_of_a_quote_once",
                condition=models.Q(quote_version__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["customer", "entity", "currency"],
                name="agreement_framework_once",
                condition=models.Q(origin="framework"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "id"],
                name="agreements_unsigned",
                condition=models.Q(status__in=["draft", "out_for_signature"]),
            ),
            models.Index(fields=["starts_on", "id"], name="agreements_start"),
            models.Index(fields=["net_total", "id"], name="agreements_net"),
            models.Index(fields=["purchase_order"], opclasses=["text_pattern_ops"], name="agreements_purchase_order"),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="agreements_words"),
        ]


class AgreementLine(Table):
    """One version of a line. `line_id` is its lineage through every amendment; `valid` is when this version applies.

    `unit_price` and `stand_alone_price` are for one unit (and one interval of `interval_months`, 0 for once);
    `net_total` is the value of the line over its whole term. `included_tax_rate` is the tax in percent that the price
    was given with (NULL: without tax): an invoice taxed by that very rate restores the price with tax.
    """

    line_id = models.UUIDField()
    agreement = link_to("contracts.Agreement")
    line_no = models.IntegerField()
    product = link_to("catalog.Product", db_index=False)
    kind = status_column(ProductKind)
    description = models.TextField()
    quantity = quantity_column()
    unit_price = rate_column()
    stand_alone_price = rate_column()
    charge = models.JSONField(null=True)
    interval_months = models.IntegerField(db_default=0)
    term_months = models.IntegerField(db_default=0)
    billing_trigger = status_column(BillingTrigger)
    revenue_pattern = status_column(RevenuePattern)
    tax_category = status_column(TaxCategory)
    net_total = amount_column()
    valid = DateRangeField()
    known_at = instant_column()
    included_tax_rate = rate_column(null=True)

    class Meta:
        db_table = "agreement_lines"
        indexes = [models.Index(fields=["line_id"], name="agreement_lines_line")]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="agreement_line_quantity"),
            models.CheckConstraint(
                condition=models.Q(included_tax_rate__gte=0, included_tax_rate__lt=100),
                name="agreement_line_included_tax",
            ),
        ]


class Signature(Table):
    """A person asked to sign, and the evidence of the signature. The token is stored as a hash."""

    agreement = link_to("contracts.Agreement")
    signer_name = models.TextField()
    signer_email = models.TextField()
    signer_title = models.TextField(blank=True, db_default="")
    token_hash = models.TextField(unique=True)
    status = status_column(SignatureStatus, db_default=SignatureStatus.REQUESTED)
    requested_at = instant_column()
    viewed_at = instant_column(null=True)
    signed_at = instant_column(null=True)
    document_sha256 = models.TextField(blank=True, db_default="")
    evidence = models.JSONField(default=dict)

    class Meta:
        db_table = "signatures"
