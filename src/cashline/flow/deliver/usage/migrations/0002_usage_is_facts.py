"""Events of usage are recorded once and never rewritten; each has one receipt, and a customer sees only their own.

An event stands in the table only with the receipt of its (source, id), which is unique whatever the month, and a receipt
names one event: so none can count twice. The months of the table are opened by a function of the owner's, since the
program itself may make no table.
"""

from django.db import migrations

CUSTOMER = "(SELECT NULLIF(current_setting('cashline.customer_id', true), '')::uuid)"
FACTS = ("usage_events", "usage_receipts", "usage_corrections", "usage_meters", "usage_meter_versions", "usage_batches")
APPEND_ONLY = "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM cashline_app;
"""
    for table in FACTS
)
GROUNDS = """
CREATE FUNCTION require_grounds_of_usage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE given bigint; sound bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM added' INTO given;
    EXECUTE $q$SELECT count(*) FROM added n
        JOIN usage_receipts r ON r.source = n.source AND r.event_id = n.event_id AND r.id = n.id AND r.at = n.at
        JOIN subscriptions s ON s.line_id = n.line_id
        JOIN customers c ON c.id = n.customer_id
        JOIN usage_meters m ON m.id = n.meter_id$q$ INTO sound;
    IF sound <> given THEN
        RAISE EXCEPTION 'usage needs its receipt, subscription, customer and meter' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_events_have_grounds AFTER INSERT ON usage_events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION require_grounds_of_usage();

CREATE FUNCTION require_corrected_usage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE given bigint; sound bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM added' INTO given;
    EXECUTE $q$SELECT count(*) FROM added n
        JOIN usage_events e ON e.id = n.id AND e.at = n.at AND e.line_id = n.line_id
            AND e.source = n.source AND e.event_id = n.event_id$q$ INTO sound;
    IF sound <> given THEN
        RAISE EXCEPTION 'a correction needs the event that it corrects' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_corrections_have_grounds AFTER INSERT ON usage_corrections
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION require_corrected_usage();
"""
MONTHS = """
CREATE FUNCTION open_usage_month(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', day::timestamp);
    name text := 'usage_events_' || to_char(day, 'YYYY_MM');
BEGIN
    IF day < '2000-01-01' OR day >= '2200-01-01' THEN
        RAISE EXCEPTION 'usage has no month %', day USING ERRCODE = 'check_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('cashline.open_usage_month'));
    -- Read from the table: the cache of names does not see what another opened while this one waited.
    PERFORM FROM pg_class c WHERE c.relname = name AND c.relnamespace = 'public'::regnamespace;
    IF FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE usage_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, cashline_app, cashline_portal', name);
    EXECUTE format('ALTER TABLE usage_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying()',
        name || '_never_emptied', name);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS added '
        'FOR EACH STATEMENT EXECUTE FUNCTION require_grounds_of_usage()', name || '_has_grounds', name);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION open_usage_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_usage_month(date) TO cashline_app;
"""
PORTAL = f"""
ALTER TABLE usage_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY portal ON usage_events FOR SELECT TO cashline_portal USING (customer_id = {CUSTOMER});
CREATE POLICY program ON usage_events TO cashline_app USING (true) WITH CHECK (true);
ALTER TABLE usage_corrections ENABLE ROW LEVEL SECURITY;
CREATE POLICY portal ON usage_corrections FOR SELECT TO cashline_portal USING (
    EXISTS (SELECT FROM usage_events p WHERE p.id = usage_corrections.id AND p.at = usage_corrections.at));
CREATE POLICY program ON usage_corrections TO cashline_app USING (true) WITH CHECK (true);
GRANT SELECT ON usage_events, usage_meters TO cashline_portal;
GRANT SELECT (id, at, line_id, known_at) ON usage_corrections TO cashline_portal;
GRANT SELECT (id, meter_id, version, name, unit, aggregation, value_property, item_property, dimensions, percentile)
    ON usage_meter_versions TO cashline_portal;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("usage", "0001_initial"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
    ]
    operations = [migrations.RunSQL(APPEND_ONLY + GROUNDS + MONTHS + PORTAL, migrations.RunSQL.noop)]
