"""A charge may be for ending before the term."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the component."""

    dependencies = [("billing", "0009_invoice_groupings")]

    operations = [
        migrations.AlterField(
            model_name="subscriptioncharge",
            name="component",
            field=models.TextField(
                choices=[
                    ("base", "base"),
                    ("unused_base", "unused_base"),
                    ("charge", "charge"),
                    ("minimum_shortfall", "minimum_shortfall"),
                    ("commitment_shortfall", "commitment_shortfall"),
                    ("add_on", "add_on"),
                    ("termination_fee", "termination_fee"),
                ]
            ),
        ),
    ]
