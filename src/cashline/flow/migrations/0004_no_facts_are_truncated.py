"""The same for tables of facts that came later, in whatever order they were made: none of them is left out."""

from django.db import migrations

FORWARD = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgfoid = 'refuse_rewriting'::regproc AND NOT EXISTS (SELECT FROM pg_trigger e
            WHERE e.tgrelid = t.tgrelid AND e.tgfoid = 'refuse_emptying'::regproc) ORDER BY 1 LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying()',
                       name || '_never_emptied', name);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """Adds the missing triggers."""

    dependencies = [
        ("flow", "0003_portal_reads_credits"),
        ("plans", "0002_versions_are_frozen"),
        ("subscriptions", "0003_lives_are_facts"),
        ("usage", "0003_alerts"),
        ("billing", "0004_charges_are_facts"),
        ("credits", "0002_movements_are_facts"),
        ("revenue", "0004_arrangement_facts_are_facts"),
        ("closing", "0002_signatures_are_facts"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
