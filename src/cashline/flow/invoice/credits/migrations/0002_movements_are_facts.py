"""Movements are appended and never changed, balances are their sums, and nothing else changes a balance."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER credit_movements_append_only BEFORE UPDATE OR DELETE ON credit_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON credit_movements FROM cashline_app;
CREATE FUNCTION sum_credit_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two batches over one credit wait for each other here, in the order of its ids; the check refuses what is too much.
    EXECUTE $q$SELECT FROM customer_credits c WHERE c.id IN (SELECT credit_id FROM added)
        ORDER BY c.id FOR NO KEY UPDATE$q$;
    EXECUTE $q$UPDATE customer_credits c SET balance = c.balance + s.moved
        FROM (SELECT credit_id, sum(amount) AS moved FROM added GROUP BY 1) s WHERE c.id = s.credit_id$q$;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_movements_summed AFTER INSERT ON credit_movements REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION sum_credit_movements();
CREATE FUNCTION refuse_changing_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.balance <> 0 THEN
        RAISE EXCEPTION 'a credit begins at zero and is moved by its movements' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Depth 1 is a statement of the program itself; the sum of movements comes at depth 2.
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (pg_trigger_depth() < 2 OR
        (to_jsonb(NEW) - 'balance') IS DISTINCT FROM (to_jsonb(OLD) - 'balance'))) THEN
        RAISE EXCEPTION 'credit % is changed by its movements alone', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_credits_frozen BEFORE INSERT OR UPDATE OR DELETE ON customer_credits
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_credit();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("credits", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
