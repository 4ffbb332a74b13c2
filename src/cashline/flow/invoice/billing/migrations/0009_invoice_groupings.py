"""What runs put on one invoice of a customer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the table; a customer without a row has an invoice for each agreement."""

    dependencies = [
        ("billing", "0008_gated_changes"),
        ("customers", "0002_found_by_words"),
        ("invoices", "0006_bills_over_agreements"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoiceGrouping",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                (
                    "group_by",
                    models.TextField(
                        choices=[
                            ("agreement", "agreement"),
                            ("customer", "customer"),
                            ("purchase_order", "purchase_order"),
                            ("subscription", "subscription"),
                        ]
                    ),
                ),
            ],
            options={"db_table": "invoice_groupings"},
        ),
    ]
