"""Accounting periods are those of the entity's fiscal calendar: half-open ranges of days in place of calendar months."""

from django.db import migrations, models

RANGES = "UPDATE accounting_periods SET ends_on = starts_on + interval '1 month'"
FORWARD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE accounting_periods ADD CONSTRAINT accounting_periods_never_overlap
    EXCLUDE USING gist (entity_id WITH =, area WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (status <> 'open');

-- An entity of weeks whose books were closed by months: they stay closed as they are, and its weeks hold after them.
UPDATE legal_entities e SET fiscal_calendar = e.fiscal_calendar || jsonb_build_object('since', p.ends_on)
    FROM (SELECT entity_id, max(ends_on) AS ends_on FROM accounting_periods WHERE status <> 'open' GROUP BY 1) p
    WHERE p.entity_id = e.id AND COALESCE(e.fiscal_calendar->>'pattern', 'months') <> 'months';

DROP FUNCTION lock_books(uuid[]);
CREATE FUNCTION lock_books(wanted uuid[])
    RETURNS TABLE (entity_id uuid, currency text, roles text[], accounts uuid[], starts date[], ends date[],
        areas text[], statuses text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT unnest(wanted) AS k ORDER BY 1) AS keys;
    RETURN QUERY SELECT e.id, e.currency,
        ARRAY(SELECT a.role FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        ARRAY(SELECT a.id FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        COALESCE(p.starts, '{}'), COALESCE(p.ends, '{}'), COALESCE(p.areas, '{}'), COALESCE(p.statuses, '{}')
        FROM legal_entities e LEFT JOIN LATERAL (SELECT array_agg(x.starts_on ORDER BY x.starts_on) AS starts,
            array_agg(x.ends_on ORDER BY x.starts_on) AS ends, array_agg(x.area ORDER BY x.starts_on) AS areas,
            array_agg(x.status ORDER BY x.starts_on) AS statuses FROM accounting_periods x
            WHERE x.entity_id = e.id AND x.status <> 'open') p ON true WHERE e.id = ANY(wanted);
END $$;
CREATE OR REPLACE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT e.entity_id AS k FROM added e ORDER BY 1) AS keys;
    EXECUTE $q$SELECT min(p.starts_on) FROM (SELECT DISTINCT e.entity_id, e.day, e.rule FROM added e) m
        JOIN accounting_periods p ON p.entity_id = m.entity_id AND p.starts_on <= m.day AND p.ends_on > m.day
        AND p.area IN ('all', area_of_rule(m.rule))
        AND (p.status = 'closed' OR (p.status = 'soft_closed' AND NOT rule_of_the_close(m.rule)))$q$ INTO closed;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'the period from % is closed', closed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Turns months into ranges; rows of closed months stay closed."""

    dependencies = [("ledger", "0012_days_of_business"), ("company", "0003_fiscal_calendar")]
    operations = [
        migrations.RemoveConstraint(model_name="accountingperiod", name="accounting_period_once"),
        migrations.RemoveConstraint(model_name="accountingperiod", name="accounting_period_is_month"),
        migrations.RenameField(model_name="accountingperiod", old_name="month", new_name="starts_on"),
        migrations.AddField(model_name="accountingperiod", name="ends_on", field=models.DateField(null=True)),
        migrations.RunSQL(RANGES, migrations.RunSQL.noop),
        migrations.AlterField(model_name="accountingperiod", name="ends_on", field=models.DateField()),
        migrations.AddConstraint(
            model_name="accountingperiod",
            constraint=models.UniqueConstraint(
                fields=("entity", "starts_on", "ends_on", "area"), name="accounting_period_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountingperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))), name="accounting_period_has_days"
            ),
        ),
        migrations.AddField(model_name="journalentry", name="belongs_on", field=models.DateField(null=True)),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
