"""What a batch holds never changes: only its acknowledgement is added."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_changing_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.entity_id, NEW.number, NEW.after_transaction, NEW.up_to_transaction, NEW.entries, NEW.lines,
        NEW.debit, NEW.credit, NEW.sha256, NEW.created_at) IS DISTINCT FROM (OLD.entity_id, OLD.number,
        OLD.after_transaction, OLD.up_to_transaction, OLD.entries, OLD.lines, OLD.debit, OLD.credit, OLD.sha256,
        OLD.created_at) THEN
        RAISE EXCEPTION 'journal export % cannot change', OLD.number USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_exports_stand BEFORE UPDATE OR DELETE ON journal_exports
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_export();
REVOKE DELETE, TRUNCATE ON journal_exports FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("exports", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
