"""The periods that posting reads come in one order: each with its own area and state, where areas share a period."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION lock_books(wanted uuid[])
    RETURNS TABLE (entity_id uuid, currency text, roles text[], accounts uuid[], starts date[], ends date[],
        areas text[], statuses text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT unnest(wanted) AS k ORDER BY 1) AS keys;
    RETURN QUERY SELECT e.id, e.currency,
        ARRAY(SELECT a.role FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        ARRAY(SELECT a.id FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        COALESCE(p.starts, '{}'), COALESCE(p.ends, '{}'), COALESCE(p.areas, '{}'), COALESCE(p.statuses, '{}')
        FROM legal_entities e LEFT JOIN LATERAL (SELECT array_agg(x.starts_on) AS starts, array_agg(x.ends_on) AS ends,
            array_agg(x.area) AS areas, array_agg(x.status) AS statuses FROM (SELECT y.starts_on, y.ends_on, y.area,
            y.status FROM accounting_periods y WHERE y.entity_id = e.id AND y.status <> 'open'
            ORDER BY y.starts_on, y.area) x) p ON true WHERE e.id = ANY(wanted);
END $$;
"""


class Migration(migrations.Migration):
    """Sorts once, where each list was sorted by itself."""

    dependencies = [("ledger", "0014_area_of_intercompany")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
