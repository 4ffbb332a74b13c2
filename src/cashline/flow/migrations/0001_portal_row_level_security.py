"""A portal user sees the rows of one customer: row-level security holds `cashline_portal` to it, whatever a page asks.

The portal's connection becomes `cashline_portal` and names the customer in `cashline.customer_id`, both for one
transaction. A child row is visible where its parent is. The portal role may read, and nothing else.
"""

from django.db import migrations

OWNED = {
    "quotes": "customer_id",
    "agreements": "customer_id",
    "orders": "customer_id",
    "invoices": "customer_id",
    "payments": "customer_id",
    "credit_notes": "customer_id",
    "subscriptions": "customer_id",
    "disputes": "customer_id",
    "installations": "customer_id",
    "deliveries": "customer_id",
    "stored_files": "customer_id",
    "payment_intents": "customer_id",
    "customers": "id",
    "customer_addresses": "customer_id",
}
CHILDREN = {
    "quote_versions": ("quotes", "quote_id"),
    "quote_lines": ("quote_versions", "version_id"),
    "agreement_lines": ("agreements", "agreement_id"),
    "order_lines": ("orders", "order_id"),
    "fulfilment_steps": ("orders", "order_id"),
    "shipments": ("orders", "order_id"),
    "shipment_lines": ("shipments", "shipment_id"),
    "invoice_lines": ("invoices", "invoice_id"),
    "invoice_taxes": ("invoices", "invoice_id"),
    "credit_note_lines": ("credit_notes", "credit_note_id"),
    "payment_allocations": ("payments", "payment_id"),
    "signatures": ("agreements", "agreement_id"),
}
OPEN = ("products", "legal_entities", "clock")
CUSTOMER = "(SELECT NULLIF(current_setting('cashline.customer_id', true), '')::uuid)"


def forward() -> str:
    """The statements for all tables."""
    found = [f"GRANT SELECT ON {', '.join(OPEN)} TO cashline_portal;"]
    conditions = {table: f"{column} = {CUSTOMER}" for table, column in OWNED.items()}
    conditions |= {
        table: f"EXISTS (SELECT FROM {parent} p WHERE p.id = {table}.{column})"
        for table, (parent, column) in CHILDREN.items()
    }
    for table, condition in conditions.items():
        found += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"CREATE POLICY portal ON {table} FOR SELECT TO cashline_portal USING ({condition});",
            f"CREATE POLICY program ON {table} TO cashline_app USING (true) WITH CHECK (true);",
            f"GRANT SELECT ON {table} TO cashline_portal;",
        ]
    found.append("REVOKE SELECT ON legal_entities FROM cashline_portal;")
    found.append(
        "GRANT SELECT (id, code, name, country, currency, timezone, street, postcode, city, tax_id, registration, iban, "
        "bic, email, phone, website, brand_color) ON legal_entities TO cashline_portal;"
    )
    return "\n".join(found)


class Migration(migrations.Migration):
    """Adds the policies."""

    initial = True
    dependencies = [
        ("people", "0001_initial"),
        ("documents", "0001_initial"),
        ("clock", "0001_initial"),
        ("quotes", "0002_sent_versions_are_frozen"),
        ("contracts", "0003_one_version_at_a_time"),
        ("orders", "0001_initial"),
        ("fulfilment", "0002_deliveries_are_facts"),
        ("projects", "0001_initial"),
        ("subscriptions", "0001_initial"),
        ("invoices", "0002_issued_invoices_are_frozen"),
        ("credit_notes", "0002_never_over_credited"),
        ("payments", "0002_allocations_are_facts"),
        ("disputes", "0001_initial"),
    ]
    operations = [migrations.RunSQL(forward(), migrations.RunSQL.noop)]
