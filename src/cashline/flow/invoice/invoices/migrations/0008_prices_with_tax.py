"""What a line comes to with tax, where its price includes tax: its tax restores that amount."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the column."""

    dependencies = [("invoices", "0007_expected_withholding")]

    operations = [
        migrations.AddField(
            model_name="invoiceline",
            name="gross_amount",
            field=models.DecimalField(decimal_places=4, max_digits=20, null=True),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gross_amount__isnull", True), models.Q(("net_amount", 0), _negated=True), _connector="OR"
                ),
                name="invoice_line_gross_has_net",
            ),
        ),
    ]
