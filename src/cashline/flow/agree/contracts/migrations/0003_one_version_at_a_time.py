"""At any date a line has one version at most, and what was agreed is not rewritten.

A version ends when an amendment follows it; nothing else of it changes. The contract keeps its parties.
"""

from django.db import migrations

FORWARD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE agreement_lines ADD CONSTRAINT agreement_line_version_once UNIQUE (line_id, valid WITHOUT OVERLAPS);

CREATE FUNCTION refuse_changing_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE after agreement_lines;
BEGIN
    IF TG_OP = 'UPDATE' AND lower(NEW.valid) = lower(OLD.valid) THEN
        after := NEW;
        after.valid := OLD.valid;
        IF after IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'agreed terms are not rewritten: amend them' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER agreement_lines_stand BEFORE UPDATE OR DELETE ON agreement_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_terms();

CREATE FUNCTION refuse_changing_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
          (NEW.number, NEW.origin, NEW.customer_id, NEW.entity_id, NEW.quote_version_id, NEW.currency, NEW.starts_on,
           NEW.payment_terms_days)
          IS DISTINCT FROM
          (OLD.number, OLD.origin, OLD.customer_id, OLD.entity_id, OLD.quote_version_id, OLD.currency, OLD.starts_on,
           OLD.payment_terms_days) THEN
        RAISE EXCEPTION 'agreement % is not rewritten', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreements_stand BEFORE UPDATE OR DELETE ON agreements
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_agreement();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("contracts", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
