"""What a payment settled is recorded once; taking it back is a row of its own. None settles more than there is.

The money itself never changes: who paid, how much, when, at which rate and by which source.
"""

from django.db import migrations

FORWARD = """
CREATE TRIGGER payment_allocations_append_only BEFORE UPDATE OR DELETE ON payment_allocations
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON payment_allocations FROM cashline_app;

CREATE FUNCTION check_applied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    -- Whoever settles holds these rows already; two who do not wait for each other here.
    PERFORM FROM invoices i WHERE i.id IN (SELECT invoice_id FROM added) ORDER BY i.id FOR NO KEY UPDATE;
    PERFORM FROM payments p WHERE p.id IN (SELECT payment_id FROM added) ORDER BY p.id FOR NO KEY UPDATE;
    EXECUTE $q$SELECT min(p.number) FROM (SELECT DISTINCT payment_id FROM added) a JOIN payments p ON p.id = a.payment_id
        JOIN LATERAL (SELECT sum(x.amount) AS applied FROM payment_allocations x WHERE x.payment_id = p.id) s ON true
        WHERE s.applied NOT BETWEEN 0 AND p.amount - p.unapplied_amount - p.refunded_amount$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'payment % would settle more than there is of it', broken USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE $q$SELECT min(i.number) FROM (SELECT DISTINCT invoice_id FROM added) a JOIN invoices i ON i.id = a.invoice_id
        JOIN LATERAL (SELECT sum(x.amount + x.write_off_amount) AS settled FROM payment_allocations x
                      WHERE x.invoice_id = i.id) s ON true
        WHERE s.settled NOT BETWEEN 0 AND i.gross_total - i.open_amount$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'invoice % would be settled by more than is no longer open of it', broken
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payment_allocations_bounded AFTER INSERT ON payment_allocations REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_applied();

CREATE FUNCTION refuse_changing_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
          (NEW.entity_id, NEW.customer_id, NEW.currency, NEW.method, NEW.amount, NEW.received_on, NEW.entity_rate,
           NEW.source_id, coalesce(NEW.number, ''))
          IS DISTINCT FROM
          (OLD.entity_id, OLD.customer_id, OLD.currency, OLD.method, OLD.amount, OLD.received_on, OLD.entity_rate,
           OLD.source_id, coalesce(OLD.number, NEW.number, '')) THEN
        RAISE EXCEPTION 'payment % was received and cannot change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_frozen BEFORE UPDATE OR DELETE ON payments
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_payment();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("payments", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
