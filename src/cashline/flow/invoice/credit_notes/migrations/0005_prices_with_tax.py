"""What is taken back of a price with tax, so that what is left of it is known to the cent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the column."""

    dependencies = [("credit_notes", "0004_never_over_credited_with_coupons")]

    operations = [
        migrations.AddField(
            model_name="creditnoteline",
            name="gross_amount",
            field=models.DecimalField(decimal_places=4, max_digits=20, null=True),
        ),
    ]
