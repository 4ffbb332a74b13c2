"""A portal user sees what its customer has to its credit, and what coupons and credits took off its invoices."""

from django.db import migrations

CUSTOMER = "(SELECT NULLIF(current_setting('cashline.customer_id', true), '')::uuid)"
CONDITIONS = {
    "wallets": f"customer_id = {CUSTOMER}",
    "customer_credits": f"customer_id = {CUSTOMER}",
    "credit_movements": "EXISTS (SELECT FROM customer_credits p WHERE p.id = credit_movements.credit_id)",
    "invoice_discounts": "EXISTS (SELECT FROM invoices p WHERE p.id = invoice_discounts.invoice_id)",
    "invoice_deductions": "EXISTS (SELECT FROM invoices p WHERE p.id = invoice_deductions.invoice_id)",
}
"""Which rows of each table belong to the customer."""


def forward() -> str:
    """The policies and the grants."""
    found = [
        "GRANT SELECT (kind, purchase_order, discount_total, credit_applied, prepaid_applied) ON invoices "
        "TO cashline_portal;",
        "GRANT SELECT (discount_total, refunded_amount) ON credit_notes TO cashline_portal;",
        "GRANT SELECT (tax_rounding) ON legal_entities TO cashline_portal;",
    ]
    for table, condition in CONDITIONS.items():
        found += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"CREATE POLICY portal ON {table} FOR SELECT TO cashline_portal USING ({condition});",
            f"CREATE POLICY program ON {table} TO cashline_app USING (true) WITH CHECK (true);",
            f"GRANT SELECT ON {table} TO cashline_portal;",
        ]
    return "\n".join(found)


class Migration(migrations.Migration):
    """Adds the policies and the grants."""

    dependencies = [
        ("flow", "0002_nothing_recorded_is_truncated"),
        ("coupons", "0002_order_of_granting"),
        ("credits", "0002_movements_are_facts"),
        ("invoices", "0004_discounted_invoices_sum"),
        ("credit_notes", "0004_never_over_credited_with_coupons"),
    ]
    operations = [migrations.RunSQL(forward(), migrations.RunSQL.noop)]
