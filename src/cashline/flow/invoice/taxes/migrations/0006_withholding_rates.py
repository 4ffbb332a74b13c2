"""What customers withhold for the tax authority; rates of one customer, legal entity and kind never overlap in time."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
ALTER TABLE withholding_rates
    ADD CONSTRAINT withholding_rate_holds_once UNIQUE (customer_id, entity_id, kind, valid WITHOUT OVERLAPS);
"""


class Migration(migrations.Migration):
    """Adds the table, and what Django cannot say."""

    dependencies = [
        ("company", "0001_initial"),
        ("customers", "0002_found_by_words"),
        ("taxes", "0005_certificates_never_overlap"),
    ]

    operations = [
        migrations.CreateModel(
            name="WithholdingRate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(blank=True, db_default="")),
                ("rate", models.DecimalField(decimal_places=10, max_digits=24)),
                ("reason", models.TextField()),
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField()),
                ("created_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.legalentity",
                    ),
                ),
            ],
            options={
                "db_table": "withholding_rates",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rate__gte", 0), ("rate__lt", 100)), name="withholding_rate_sane"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="withholding_rate_says_why"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
