"""Every entry balances, in its currency and in the entity's; none is rewritten; a closed month takes none."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION check_journal_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken uuid;
BEGIN
    SELECT l.entry_id INTO broken FROM journal_lines l WHERE l.entry_id IN (SELECT entry_id FROM added)
        GROUP BY l.entry_id HAVING sum(l.amount) <> 0 OR sum(l.functional_amount) <> 0 OR count(*) < 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % does not balance', broken USING ERRCODE = 'check_violation';
    END IF;
    SELECT l.entry_id INTO broken FROM added l JOIN journal_entries e ON e.id = l.entry_id
        JOIN accounts a ON a.id = l.account_id WHERE a.entity_id <> e.entity_id OR l.day <> e.day LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % has a line of another entity or day', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_lines_balance AFTER INSERT ON journal_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_journal_lines();
CREATE FUNCTION check_journal_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM journal_lines l WHERE l.entry_id = NEW.id) THEN
        RAISE EXCEPTION 'journal entry % has no lines', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_entries_have_lines AFTER INSERT ON journal_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal_entry();
CREATE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date;
BEGIN
    SELECT p.month INTO closed FROM added e JOIN accounting_periods p ON p.entity_id = e.entity_id
        AND p.month = date_trunc('month', e.day)::date AND p.status = 'closed' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the month of % is closed', closed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_entries_period_open AFTER INSERT ON journal_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_period_open();
CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE ON journal_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER journal_lines_append_only BEFORE UPDATE OR DELETE ON journal_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON journal_entries, journal_lines FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("ledger", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
