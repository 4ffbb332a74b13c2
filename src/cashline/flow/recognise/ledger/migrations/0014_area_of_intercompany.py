"""What entities charge each other is of receivables: a soft-closed period takes none of it, as it takes no document."""

from django.db import migrations

FORWARD = """
-- The same as `area_of` of the rules; a test asks both.
CREATE OR REPLACE FUNCTION area_of_rule(rule text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN rule IN ('receipt', 'adjustment', 'shipment') THEN 'stock'
        WHEN rule IN ('invoice', 'credit_note', 'payment', 'allocation', 'unallocation', 'refund', 'credited_invoice',
            'top_up', 'promotion', 'credit_applied', 'credit_refund', 'credit_expiry', 'revaluation',
            'revaluation_reversal', 'intercompany_sale', 'intercompany_sale_reversal', 'intercompany_purchase',
            'intercompany_purchase_reversal', 'intercompany_receipt', 'intercompany_payment') THEN 'receivables'
        ELSE 'revenue' END
$$;
"""


class Migration(migrations.Migration):
    """Adds them to the area."""

    dependencies = [("ledger", "0013_periods_of_the_fiscal_calendar")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
