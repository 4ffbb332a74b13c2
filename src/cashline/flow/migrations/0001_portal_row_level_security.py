"""A portal user sees the rows of one customer: row-level security holds `cashline_portal` to it, whatever a page asks.

The portal's connection becomes `cashline_portal` and names the customer in `cashline.customer_id`, both for one
transaction. A child row is visible where its parent is. What was never sent out is not visible at all, and columns that
are no customer's business (costs, secrets, reasons of ours) are not granted. The portal role may read, nothing else.
"""

from collections.abc import Sequence

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
    "refunds": ("payments", "payment_id"),
    "signatures": ("agreements", "agreement_id"),
}
SENT_OUT = {
    "quotes": "(current_version > 1 OR status NOT IN ('draft', 'in_approval', 'approved'))",
    "quote_versions": "frozen_at IS NOT NULL",
    "agreements": "status <> 'draft'",
    "invoices": "status <> 'draft'",
    "credit_notes": "status <> 'draft'",
}
"""What must hold of a row besides, so that nobody reads what we have not sent."""
OPEN = ("products", "legal_entities", "clock")
HIDDEN: dict[str, Sequence[str]] = {
    "products": ("unit_cost", "provisioning_key", "revenue_pattern"),
    "quotes": ("owner_id", "price_book_id"),
    "quote_versions": ("discount_reason",),
    "agreement_lines": ("stand_alone_price", "revenue_pattern"),
    "orders": ("hold_reason", "fingerprint"),
    "fulfilment_steps": ("error", "attempts"),
    "shipments": ("cost",),
    "invoices": ("entity_rate", "bill_run_id"),
    "credit_notes": ("entity_rate", "bill_run_id"),
    "payments": ("entity_rate",),
    "payment_intents": ("method_token",),
    "signatures": ("token_hash", "evidence"),
}
ENTITY_COLUMNS = (
    "id, code, name, country, currency, timezone, street, postcode, city, tax_id, registration, iban, bic, email, "
    "phone, website, brand_color"
)
CUSTOMER = "(SELECT NULLIF(current_setting('cashline.customer_id', true), '')::uuid)"
_GRANT_SOME = """DO $$ BEGIN
    EXECUTE (SELECT format('GRANT SELECT (%s) ON {table} TO cashline_portal', string_agg(quote_ident(column_name), ', '))
             FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}' AND column_name <> ALL(ARRAY[{hidden}]));
END $$;"""


def conditions() -> dict[str, str]:
    """Which rows of each table belong to the customer and were sent out."""
    found = {table: f"{column} = {CUSTOMER}" for table, column in OWNED.items()}
    found |= {
        table: f"EXISTS (SELECT FROM {parent} p WHERE p.id = {table}.{column})"
        for table, (parent, column) in CHILDREN.items()
    }
    return {table: f"{text} AND {SENT_OUT[table]}" if table in SENT_OUT else text for table, text in found.items()}


def grant(table: str) -> str:
    """The columns of a table that the portal may read."""
    if table == "legal_entities":
        return f"GRANT SELECT ({ENTITY_COLUMNS}) ON legal_entities TO cashline_portal;"
    if table not in HIDDEN:
        return f"GRANT SELECT ON {table} TO cashline_portal;"
    return _GRANT_SOME.format(table=table, hidden=", ".join(f"'{name}'" for name in HIDDEN[table]))


def forward() -> str:
    """The statements for all tables."""
    found = []
    for table, condition in conditions().items():
        found += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"CREATE POLICY portal ON {table} FOR SELECT TO cashline_portal USING ({condition});",
            f"CREATE POLICY program ON {table} TO cashline_app USING (true) WITH CHECK (true);",
        ]
    return "\n".join([*found, *(grant(table) for table in (*conditions(), *OPEN))])


class Migration(migrations.Migration):
    """Adds the policies and the grants."""

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
