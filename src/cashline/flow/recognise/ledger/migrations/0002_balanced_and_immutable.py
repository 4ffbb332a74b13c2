"""Every entry balances, in its currency and in the entity's; none is rewritten or added to; a closed month takes none."""

from django.db import migrations

FORWARD = """
ALTER TABLE journal_entries ALTER COLUMN transaction SET DEFAULT (pg_current_xact_id()::text::bigint);
INSERT INTO journal_summary (id, up_to_transaction) VALUES (1, 0);

-- All lines of an entry come in one statement: line numbers 1 to line_count, so that none can follow later.
-- EXECUTE plans anew each time, and nothing asks for the first row alone: a plan cached from an entry of two lines, or
-- one that hopes to find a broken line soon, would be quadratic for a batch.
CREATE FUNCTION check_journal_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken uuid;
BEGIN
    EXECUTE $q$SELECT (array_agg(id))[1] FROM (SELECT e.id FROM added l JOIN journal_entries e ON e.id = l.entry_id
        GROUP BY e.id, e.line_count
        HAVING sum(l.amount) <> 0 OR sum(l.functional_amount) <> 0 OR count(*) <> e.line_count
            OR min(l.line_no) <> 1 OR max(l.line_no) <> e.line_count) AS wrong$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'journal entry % does not balance', broken USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE $q$SELECT (array_agg(e.id))[1] FROM added l JOIN journal_entries e ON e.id = l.entry_id
        JOIN accounts a ON a.id = l.account_id JOIN legal_entities c ON c.id = e.entity_id
        WHERE a.entity_id <> e.entity_id OR l.day <> e.day
            OR (e.currency = c.currency AND l.amount <> l.functional_amount)$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'journal entry % has a line of another entity, day or value', broken
            USING ERRCODE = 'check_violation';
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

-- Who posts holds the entity's months as they are until the commit; who closes one waits for those who post.
CREATE FUNCTION lock_books(wanted uuid[])
    RETURNS TABLE (entity_id uuid, currency text, roles text[], accounts uuid[], closed date[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT unnest(wanted) AS k ORDER BY 1) AS keys;
    RETURN QUERY SELECT e.id, e.currency,
        ARRAY(SELECT a.role FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        ARRAY(SELECT a.id FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        ARRAY(SELECT p.month FROM accounting_periods p WHERE p.entity_id = e.id AND p.status = 'closed')
        FROM legal_entities e WHERE e.id = ANY(wanted);
END $$;
CREATE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT e.entity_id AS k FROM added e ORDER BY 1) AS keys;
    SELECT p.month INTO closed FROM (SELECT DISTINCT e.entity_id, date_trunc('month', e.day)::date AS month FROM added e) m
        JOIN accounting_periods p ON p.entity_id = m.entity_id AND p.month = m.month AND p.status = 'closed' LIMIT 1;
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
