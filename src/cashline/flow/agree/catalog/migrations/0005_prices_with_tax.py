"""Price books whose prices include the tax of a country."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the country."""

    dependencies = [("catalog", "0004_four_more_tax_categories")]

    operations = [
        migrations.AddField(
            model_name="pricebook", name="tax_country", field=models.TextField(blank=True, db_default="")
        ),
        migrations.AddConstraint(
            model_name="pricebook",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_country__regex", "^([A-Z]{2})?$")), name="price_book_country"
            ),
        ),
    ]
