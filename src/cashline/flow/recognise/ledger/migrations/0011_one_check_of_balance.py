"""The lines of every journal are checked by one function: of the journal itself, and of books beside it."""

from django.db import migrations

FORWARD = """
-- Of the table of entries and their name, both given by the trigger. EXECUTE plans anew each time, and nothing asks for
-- the first row alone (see 0002).
CREATE FUNCTION check_lines_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken uuid;
BEGIN
    EXECUTE format($q$SELECT (array_agg(id))[1] FROM (SELECT e.id FROM added l JOIN %I e ON e.id = l.entry_id
        GROUP BY e.id, e.line_count
        HAVING sum(l.amount) <> 0 OR sum(l.functional_amount) <> 0 OR count(*) <> e.line_count
            OR min(l.line_no) <> 1 OR max(l.line_no) <> e.line_count) AS wrong$q$, TG_ARGV[0]) INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION '% % does not balance', TG_ARGV[1], broken USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE format($q$SELECT (array_agg(e.id))[1] FROM added l JOIN %I e ON e.id = l.entry_id
        JOIN accounts a ON a.id = l.account_id JOIN legal_entities c ON c.id = e.entity_id
        WHERE a.entity_id <> e.entity_id OR l.day <> e.day
            OR (e.currency = c.currency AND l.amount <> l.functional_amount)$q$, TG_ARGV[0]) INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION '% % has a line of another entity, day or value', TG_ARGV[1], broken
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER journal_lines_balance ON journal_lines;
CREATE TRIGGER journal_lines_balance AFTER INSERT ON journal_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_lines_balance('journal_entries', 'journal entry');
DROP FUNCTION check_journal_lines();
"""


class Migration(migrations.Migration):
    """Replaces the function of the journal alone."""

    dependencies = [("ledger", "0010_roles_by_name")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
