"""Commitments; the part of one that says what was promised never changes."""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
ALTER TABLE commitments ADD CONSTRAINT commitment_has_a_term
    CHECK (NOT isempty(term) AND NOT lower_inf(term) AND NOT upper_inf(term));
-- Terms that count everything never overlap; plans that stand twice are refused by the rule, under the customer's lock.
ALTER TABLE commitments ADD CONSTRAINT commitment_counts_once
    EXCLUDE USING gist (customer_id WITH =, entity_id WITH =, currency WITH =, term WITH &&)
    WHERE (status = 'active' AND cardinality(plans) = 0);
"""


class Migration(migrations.Migration):
    """Adds the table, and what Django cannot say."""

    initial = True
    dependencies = [
        ("company", "0001_initial"),
        ("customers", "0002_found_by_words"),
        ("invoices", "0007_expected_withholding"),
        ("taxes", "0006_withholding_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="Commitment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("currency", models.TextField(max_length=3)),
                ("name", models.TextField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("term", django.contrib.postgres.fields.ranges.DateRangeField()),
                (
                    "plans",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "tax_category",
                    models.TextField(
                        choices=[
                            ("standard", "standard"),
                            ("reduced", "reduced"),
                            ("second_reduced", "second_reduced"),
                            ("super_reduced", "super_reduced"),
                            ("parking", "parking"),
                            ("zero", "zero"),
                            ("exempt", "exempt"),
                        ]
                    ),
                ),
                (
                    "status",
                    models.TextField(choices=[("active", "active"), ("cancelled", "cancelled")], db_default="active"),
                ),
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
                "db_table": "commitments",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="commitment_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="commitment_has_a_name"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
