"""Keeps with an arrangement what remained of it when it was last run."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds what remains, and when time will earn it."""

    dependencies = [("revenue", "0006_decisions")]
    operations = [
        migrations.AddField(
            model_name="revenuearrangement",
            name="ahead",
            field=ArrayField(
                base_field=models.DecimalField(decimal_places=4, max_digits=20), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="revenuearrangement",
            name="remaining",
            field=models.DecimalField(db_default=0, decimal_places=4, max_digits=20),
        ),
    ]
