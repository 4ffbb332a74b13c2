"""The fiscal calendar of a legal entity; none are calendar months."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds it."""

    dependencies = [("company", "0002_tax_rounding")]
    operations = [
        migrations.AddField(model_name="legalentity", name="fiscal_calendar", field=models.JSONField(db_default={})),
    ]
