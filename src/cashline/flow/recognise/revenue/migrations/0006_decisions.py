"""Keeps beside a modification how its treatment was decided."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the record of the decision to facts."""

    dependencies = [("revenue", "0005_postings_by_month")]
    operations = [
        migrations.AddField(
            model_name="revenuefact",
            name="decision",
            field=models.JSONField(db_default={}),
        ),
    ]
