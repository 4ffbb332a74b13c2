"""A version that was sent, and its lines, can never change."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_frozen_quote_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.frozen_at IS NOT NULL THEN
        RAISE EXCEPTION 'version % of this quote was sent and is frozen', OLD.version USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER quote_versions_frozen BEFORE UPDATE OR DELETE ON quote_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_frozen_quote_version();
CREATE FUNCTION refuse_frozen_quote_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM quote_versions v WHERE v.frozen_at IS NOT NULL
               AND v.id IN (OLD.version_id, NEW.version_id)) THEN
        RAISE EXCEPTION 'this version of the quote was sent and is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER quote_lines_frozen BEFORE INSERT OR UPDATE OR DELETE ON quote_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_frozen_quote_line();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("quotes", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
