"""The proofs of what customers withheld."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the table."""

    dependencies = [("payments", "0005_lists_of_millions"), ("invoices", "0007_expected_withholding")]

    operations = [
        migrations.CreateModel(
            name="WithholdingCertificate",
            fields=[
                (
                    "payment",
                    models.OneToOneField(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="payments.payment",
                    ),
                ),
                ("number", models.TextField()),
                ("issued_on", models.DateField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "withholding_certificates",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number", ""), _negated=True), name="withholding_certificate_number"
                    )
                ],
            },
        ),
    ]
