"""What was promised is never rewritten, and no two promises count the same line, whatever the program does."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_changing_commitment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.status <> 'active'
        OR (to_jsonb(NEW) - 'status') IS DISTINCT FROM (to_jsonb(OLD) - 'status') THEN
        RAISE EXCEPTION 'commitment % cannot change', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER commitments_stand BEFORE UPDATE OR DELETE ON commitments
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_commitment();
CREATE TRIGGER commitments_never_emptied BEFORE TRUNCATE ON commitments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE DELETE, TRUNCATE ON commitments FROM cashline_app;

-- Beside those over everything, which a constraint keeps apart: those over plans. The customer's row is held as the rule
-- holds it, so that two at once are judged one after the other.
CREATE FUNCTION check_commitments_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE twice uuid;
BEGIN
    EXECUTE 'SELECT FROM customers c WHERE c.id IN (SELECT customer_id FROM added) ORDER BY c.id FOR NO KEY UPDATE';
    EXECUTE $q$SELECT (array_agg(a.id))[1] FROM added a JOIN commitments o ON o.customer_id = a.customer_id
        AND o.entity_id = a.entity_id AND o.currency = a.currency AND o.status = 'active' AND o.id <> a.id
        AND o.term && a.term AND (cardinality(a.plans) = 0 OR cardinality(o.plans) = 0 OR a.plans && o.plans)
        WHERE a.status = 'active'$q$ INTO twice;
    IF twice IS NOT NULL THEN
        RAISE EXCEPTION 'commitment % counts what another counts', twice USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER commitments_apart AFTER INSERT ON commitments REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_commitments_apart();
"""


class Migration(migrations.Migration):
    """Adds the triggers."""

    dependencies = [
        ("commitments", "0001_initial"),
        ("flow", "0002_nothing_recorded_is_truncated"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
