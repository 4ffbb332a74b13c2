"""A bill over several agreements: each line names its own, and what is billed of each is kept and sums to the net."""

import django.db.models.deletion
from django.db import migrations, models

import cashline.kernel.identifiers

FORWARD = """
CREATE TRIGGER invoice_agreements_append_only BEFORE UPDATE OR DELETE ON invoice_agreements
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER invoice_agreements_never_emptied BEFORE TRUNCATE ON invoice_agreements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON invoice_agreements FROM cashline_app;
ALTER TABLE invoice_agreements ENABLE ROW LEVEL SECURITY;
CREATE POLICY portal ON invoice_agreements FOR SELECT TO cashline_portal
    USING (EXISTS (SELECT FROM invoices p WHERE p.id = invoice_agreements.invoice_id));
CREATE POLICY program ON invoice_agreements TO cashline_app USING (true) WITH CHECK (true);
GRANT SELECT ON invoice_agreements TO cashline_portal;
CREATE FUNCTION check_invoice_agreements_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    EXECUTE $q$SELECT min(i.number) FROM (SELECT invoice_id, sum(net_total) AS net FROM added GROUP BY 1) a
        JOIN invoices i ON i.id = a.invoice_id
        WHERE a.net <> i.net_total OR i.agreement_id IS NOT NULL$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the agreements of invoice % do not sum to its total, or came later', broken USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE $q$SELECT min(i.number) FROM added a JOIN invoices i ON i.id = a.invoice_id
        CROSS JOIN LATERAL (SELECT sum(l.net_amount) FILTER (WHERE l.agreement_id = a.agreement_id) AS own,
            bool_and(l.agreement_id IS NOT NULL) AS named FROM invoice_lines l WHERE l.invoice_id = a.invoice_id) s
        WHERE NOT s.named OR s.own IS DISTINCT FROM a.net_total + a.discount_total$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of an agreement on invoice % do not sum to its part', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER invoice_agreements_sum AFTER INSERT ON invoice_agreements REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_invoice_agreements_sum();
"""


class Migration(migrations.Migration):
    """Adds the parts of combined bills, what Django cannot say of them, and what the portal may read."""

    dependencies = [
        ("contracts", "0007_lists_of_millions"),
        ("invoices", "0005_lines_without_agreed_line"),
        ("flow", "0004_no_facts_are_truncated"),
    ]

    operations = [
        migrations.AddField(model_name="invoiceline", name="agreement_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="invoiceline",
            index=models.Index(
                condition=models.Q(("agreement_id__isnull", False)),
                fields=["agreement_id"],
                name="invoice_lines_combined",
            ),
        ),
        migrations.CreateModel(
            name="InvoiceAgreement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=cashline.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("net_total", models.DecimalField(decimal_places=4, max_digits=20)),
                ("discount_total", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.agreement"
                    ),
                ),
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
                "db_table": "invoice_agreements",
                "constraints": [
                    models.UniqueConstraint(fields=("invoice", "agreement"), name="invoice_agreement_once")
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
