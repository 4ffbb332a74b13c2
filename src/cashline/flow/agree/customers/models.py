"""Tables of customers and their addresses."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower

from cashline.flow.agree.customers.rules import AddressRole, CustomerStatus
from cashline.platform.database.tables import Table, currency_column, instant_column, link_to, status_column


class Customer(Table):
    """A buyer. `tax_id` is stored in its compact form, `tax_id_checked` says that its check digits hold.

    `known_as` is the name as people may type it: in small letters, umlauts as `ue` and as `u` (`kernel.spelling`).
    """

    number = models.TextField(unique=True)
    name = models.TextField()
    email = models.TextField(blank=True, db_default="")
    phone = models.TextField(blank=True, db_default="")
    country = models.TextField(max_length=2)
    currency = currency_column()
    timezone = models.TextField(db_default="UTC")
    locale = models.TextField(db_default="en")
    payment_terms_days = models.IntegerField(default=30)
    tax_id = models.TextField(blank=True, db_default="")
    tax_id_checked = models.BooleanField(db_default=False)
    tax_exempt_reason = models.TextField(blank=True, db_default="")
    known_ibans = ArrayField(models.TextField(), default=list)
    external_reference = models.TextField(null=True, unique=True)
    status = status_column(CustomerStatus, db_default=CustomerStatus.ACTIVE)
    created_at = instant_column()
    known_as = models.GeneratedField(
        expression=models.Func(models.F("name"), function="searchable_name"),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        db_table = "customers"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(payment_terms_days__gte=0, payment_terms_days__lte=365), name="customer_terms_sane"
            )
        ]
        indexes = [
            models.Index(Lower("name"), "id", name="customers_name"),
            GinIndex(
                fields=["number", "name", "email", "tax_id", "external_reference"],
                opclasses=["gin_trgm_ops"] * 5,
                name="customers_words",
            ),
            GinIndex(fields=["known_as"], opclasses=["gin_trgm_ops"], name="customers_known_as"),
        ]


class Address(Table):
    """Where a customer's invoices or goods go; one of each role."""

    customer = link_to("customers.Customer")
    role = status_column(AddressRole)
    name = models.TextField(blank=True, db_default="")
    street = models.TextField()
    postcode = models.TextField(blank=True, db_default="")
    city = models.TextField()
    region = models.TextField(blank=True, db_default="")
    country = models.TextField(max_length=2)

    class Meta:
        db_table = "customer_addresses"
        constraints = [models.UniqueConstraint(fields=["customer", "role"], name="customer_address_role_once")]
