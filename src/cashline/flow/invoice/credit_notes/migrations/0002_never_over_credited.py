"""No invoice line is credited for more than it billed, and an issued credit note is frozen."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION check_credited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT invoice_line_id FROM added) a
               JOIN invoice_lines l ON l.id = a.invoice_line_id
               JOIN LATERAL (SELECT sum(c.net_amount) AS credited FROM credit_note_lines c
                             WHERE c.invoice_line_id = l.id) s ON true
               WHERE s.credited > l.net_amount) THEN
        RAISE EXCEPTION 'an invoice line would be credited for more than it billed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_note_lines_bounded AFTER INSERT ON credit_note_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_credited();
CREATE TRIGGER credit_note_lines_append_only BEFORE UPDATE OR DELETE ON credit_note_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON credit_note_lines FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("credit_notes", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
