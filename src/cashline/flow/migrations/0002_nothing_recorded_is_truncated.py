"""Tables whose rows are facts cannot be emptied either, whoever asks: a trigger for rows does not see TRUNCATE."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgfoid = 'refuse_rewriting'::regproc ORDER BY 1 LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying()',
                       name || '_never_emptied', name);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """Adds the triggers to every table that refuses rewriting."""

    dependencies = [
        ("flow", "0001_portal_row_level_security"),
        ("events", "0002_append_only"),
        ("documents", "0002_files_are_never_rewritten"),
        ("fulfilment", "0002_deliveries_are_facts"),
        ("inventory", "0002_moves_are_facts"),
        ("invoices", "0002_issued_invoices_are_frozen"),
        ("credit_notes", "0002_never_over_credited"),
        ("payments", "0002_allocations_are_facts"),
        ("ledger", "0002_balanced_and_immutable"),
        ("revenue", "0002_postings_are_facts"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
