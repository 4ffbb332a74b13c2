"""Entries of books balance, are never rewritten, and go to no closed month; what a book elected is kept."""

from django.db import migrations

FORWARD = """
-- The same as of the journal: all lines of an entry come in one statement, and sum to zero in both currencies.
CREATE FUNCTION check_book_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken uuid;
BEGIN
    EXECUTE $q$SELECT (array_agg(id))[1] FROM (SELECT e.id FROM added l JOIN book_entries e ON e.id = l.entry_id
        GROUP BY e.id, e.line_count
        HAVING sum(l.amount) <> 0 OR sum(l.functional_amount) <> 0 OR count(*) <> e.line_count
            OR min(l.line_no) <> 1 OR max(l.line_no) <> e.line_count) AS wrong$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'book entry % does not balance', broken USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE $q$SELECT (array_agg(e.id))[1] FROM added l JOIN book_entries e ON e.id = l.entry_id
        JOIN accounts a ON a.id = l.account_id JOIN legal_entities c ON c.id = e.entity_id
        JOIN accounting_books b ON b.id = e.book_id
        WHERE a.entity_id <> e.entity_id OR b.entity_id <> e.entity_id OR l.day <> e.day
            OR (e.currency = c.currency AND l.amount <> l.functional_amount)$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'book entry % has a line of another entity, day or value', broken
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER book_lines_balance AFTER INSERT ON book_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_book_lines();
CREATE FUNCTION check_book_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM book_lines l WHERE l.entry_id = NEW.id) THEN
        RAISE EXCEPTION 'book entry % has no lines', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER book_entries_have_lines AFTER INSERT ON book_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_book_entry();
CREATE TRIGGER book_entries_period_open AFTER INSERT ON book_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_period_open();

CREATE TRIGGER accounting_books_append_only BEFORE UPDATE OR DELETE ON accounting_books
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER book_policies_append_only BEFORE UPDATE OR DELETE ON book_policies
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER book_entries_append_only BEFORE UPDATE OR DELETE ON book_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER book_lines_append_only BEFORE UPDATE OR DELETE ON book_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER accounting_books_never_emptied BEFORE TRUNCATE ON accounting_books
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE TRIGGER book_policies_never_emptied BEFORE TRUNCATE ON book_policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE TRIGGER book_entries_never_emptied BEFORE TRUNCATE ON book_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE TRIGGER book_lines_never_emptied BEFORE TRUNCATE ON book_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
ALTER TABLE book_policies ADD CONSTRAINT book_policies_are_answered_for CHECK (reason <> '' AND decided_by <> '');
REVOKE UPDATE, DELETE, TRUNCATE ON accounting_books, book_policies, book_entries, book_lines FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("books", "0001_initial"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
        ("ledger", "0005_areas"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
