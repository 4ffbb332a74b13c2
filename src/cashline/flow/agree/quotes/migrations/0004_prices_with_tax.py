"""A line remembers the tax rate that its list price included; none where it was without tax."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the column."""

    dependencies = [("quotes", "0003_found_by_words")]

    operations = [
        migrations.AddField(
            model_name="quoteline",
            name="included_tax_rate",
            field=models.DecimalField(decimal_places=10, max_digits=24, null=True),
        ),
    ]
