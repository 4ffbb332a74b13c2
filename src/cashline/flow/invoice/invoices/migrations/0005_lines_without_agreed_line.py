"""Finds what revenue plans from invoices: discounted ones, and lines that bill no agreed line."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds two partial indexes."""

    dependencies = [("invoices", "0004_discounted_invoices_sum")]
    operations = [
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("discount_total", 0), _negated=True),
                fields=["agreement"],
                name="invoices_discounted",
            ),
        ),
        migrations.AddIndex(
            model_name="invoiceline",
            index=models.Index(
                condition=models.Q(("line_id__isnull", True)), fields=["invoice"], name="invoice_lines_unagreed"
            ),
        ),
    ]
