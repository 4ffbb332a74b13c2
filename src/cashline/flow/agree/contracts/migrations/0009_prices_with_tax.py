"""A line remembers the tax rate that its price included; the customer may see it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the column."""

    dependencies = [("contracts", "0008_four_more_tax_categories")]

    operations = [
        migrations.AddField(
            model_name="agreementline",
            name="included_tax_rate",
            field=models.DecimalField(decimal_places=10, max_digits=24, null=True),
        ),
        migrations.AddConstraint(
            model_name="agreementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("included_tax_rate__gte", 0), ("included_tax_rate__lt", 100)),
                name="agreement_line_included_tax",
            ),
        ),
        migrations.RunSQL(
            "GRANT SELECT (included_tax_rate) ON agreement_lines TO cashline_portal", migrations.RunSQL.noop
        ),
    ]
