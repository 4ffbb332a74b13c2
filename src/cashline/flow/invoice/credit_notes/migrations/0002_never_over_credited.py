"""No invoice line is credited for more than it billed; an issued credit note is frozen, and its lines sum to it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION check_credited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two notes over one line wait for each other here, so that each sees what the other took.
    PERFORM FROM invoice_lines l WHERE l.id IN (SELECT invoice_line_id FROM added) ORDER BY l.id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM (SELECT DISTINCT invoice_line_id FROM added) a
               JOIN invoice_lines l ON l.id = a.invoice_line_id
               JOIN LATERAL (SELECT sum(c.net_amount) AS credited FROM credit_note_lines c
                             WHERE c.invoice_line_id = l.id) s ON true
               WHERE s.credited > l.net_amount) THEN
        RAISE EXCEPTION 'an invoice line would be credited for more than it billed' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT l.invoice_id, l.tax_code, l.tax_rate FROM added a
                            JOIN invoice_lines l ON l.id = a.invoice_line_id) g
               JOIN invoice_taxes t ON t.invoice_id = g.invoice_id AND t.tax_code = g.tax_code AND t.rate = g.tax_rate
               JOIN LATERAL (SELECT sum(c.tax_amount) AS credited FROM credit_note_lines c
                             JOIN invoice_lines l ON l.id = c.invoice_line_id WHERE l.invoice_id = g.invoice_id
                             AND l.tax_code = g.tax_code AND l.tax_rate = g.tax_rate) s ON true
               WHERE s.credited > t.tax) THEN
        RAISE EXCEPTION 'more tax would be credited than the invoice charged' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT credit_note_id, count(*) AS lines FROM added GROUP BY 1) a
               JOIN credit_notes n ON n.id = a.credit_note_id AND n.status <> 'draft'
               JOIN LATERAL (SELECT sum(c.net_amount) AS net, sum(c.tax_amount) AS tax, count(*) AS lines
                             FROM credit_note_lines c WHERE c.credit_note_id = n.id) s ON true
               WHERE s.net <> n.net_total OR s.tax <> n.tax_total OR s.lines <> a.lines) THEN
        RAISE EXCEPTION 'the lines of a credit note do not sum to its totals, or came later'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_note_lines_bounded AFTER INSERT ON credit_note_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_credited();
CREATE TRIGGER credit_note_lines_append_only BEFORE UPDATE OR DELETE ON credit_note_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON credit_note_lines FROM cashline_app;
CREATE FUNCTION refuse_changing_issued_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (TG_OP = 'DELETE' OR
          (NEW.status = 'draft', NEW.number, NEW.invoice_id, NEW.entity_id, NEW.customer_id, NEW.currency, NEW.cause,
           NEW.issued_on, NEW.net_total, NEW.tax_total, NEW.gross_total, NEW.entity_rate)
          IS DISTINCT FROM
          (false, OLD.number, OLD.invoice_id, OLD.entity_id, OLD.customer_id, OLD.currency, OLD.cause,
           OLD.issued_on, OLD.net_total, OLD.tax_total, OLD.gross_total, OLD.entity_rate)) THEN
        RAISE EXCEPTION 'credit note % is issued and cannot change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER credit_notes_frozen BEFORE UPDATE OR DELETE ON credit_notes
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_issued_credit_note();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("credit_notes", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
