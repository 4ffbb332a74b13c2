"""What an invoice says that its customer will withhold; it never changes."""

import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
CREATE TRIGGER invoice_withholdings_append_only BEFORE UPDATE OR DELETE ON invoice_withholdings
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER invoice_withholdings_never_emptied BEFORE TRUNCATE ON invoice_withholdings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON invoice_withholdings FROM cashline_app;
ALTER TABLE invoice_withholdings ENABLE ROW LEVEL SECURITY;
CREATE POLICY portal ON invoice_withholdings FOR SELECT TO cashline_portal
    USING (EXISTS (SELECT FROM invoices p WHERE p.id = invoice_withholdings.invoice_id));
CREATE POLICY program ON invoice_withholdings TO cashline_app USING (true) WITH CHECK (true);
GRANT SELECT ON invoice_withholdings TO cashline_portal;
"""


class Migration(migrations.Migration):
    """Adds the table, and what Django cannot say."""

    dependencies = [("invoices", "0006_bills_over_agreements")]

    operations = [
        migrations.CreateModel(
            name="InvoiceWithholding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("rate", models.DecimalField(decimal_places=10, max_digits=24)),
                ("reason", models.TextField()),
                ("base", models.DecimalField(decimal_places=4, max_digits=20)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "invoice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="invoices.invoice",
                    ),
                ),
            ],
            options={
                "db_table": "invoice_withholdings",
                "constraints": [
                    models.UniqueConstraint(fields=("invoice", "rate", "reason"), name="invoice_withholding_once"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="invoice_withholding_positive"),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
