"""Months are closed by area of the books or as a whole, softly or hard; the trigger knows the area of each rule."""

from django.db import migrations, models

FORWARD = """
-- The same as `area_of` and `of_the_close` of the rules; a test asks both.
CREATE FUNCTION area_of_rule(rule text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN rule IN ('receipt', 'adjustment', 'shipment') THEN 'stock'
        WHEN rule IN ('invoice', 'credit_note', 'payment', 'allocation', 'unallocation', 'refund', 'credited_invoice',
            'top_up', 'promotion', 'credit_applied', 'credit_refund', 'credit_expiry', 'revaluation',
            'revaluation_reversal') THEN 'receivables' ELSE 'revenue' END
$$;
CREATE FUNCTION rule_of_the_close(rule text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT rule IN ('revaluation', 'revaluation_reversal') OR area_of_rule(rule) = 'revenue'
$$;
DROP FUNCTION lock_books(uuid[]);
CREATE FUNCTION lock_books(wanted uuid[])
    RETURNS TABLE (entity_id uuid, currency text, roles text[], accounts uuid[], months date[], areas text[],
        statuses text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT unnest(wanted) AS k ORDER BY 1) AS keys;
    RETURN QUERY SELECT e.id, e.currency,
        ARRAY(SELECT a.role FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        ARRAY(SELECT a.id FROM accounts a WHERE a.entity_id = e.id ORDER BY a.role),
        COALESCE(p.months, '{}'), COALESCE(p.areas, '{}'), COALESCE(p.statuses, '{}')
        FROM legal_entities e LEFT JOIN LATERAL (SELECT array_agg(x.month) AS months, array_agg(x.area) AS areas,
            array_agg(x.status) AS statuses FROM accounting_periods x
            WHERE x.entity_id = e.id AND x.status <> 'open') p ON true WHERE e.id = ANY(wanted);
END $$;
CREATE OR REPLACE FUNCTION check_period_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cashline.books ' || k::text, 0))
        FROM (SELECT DISTINCT e.entity_id AS k FROM added e ORDER BY 1) AS keys;
    EXECUTE $q$SELECT min(p.month) FROM (SELECT DISTINCT e.entity_id, date_trunc('month', e.day)::date AS month, e.rule
        FROM added e) m JOIN accounting_periods p ON p.entity_id = m.entity_id AND p.month = m.month
        AND p.area IN ('all', area_of_rule(m.rule))
        AND (p.status = 'closed' OR (p.status = 'soft_closed' AND NOT rule_of_the_close(m.rule)))$q$ INTO closed;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'the month of % is closed', closed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Adds the areas."""

    dependencies = [("ledger", "0004_accounts_of_arrangements")]
    operations = [
        migrations.AddField(
            model_name="accountingperiod",
            name="area",
            field=models.TextField(
                choices=[("all", "all"), ("receivables", "receivables"), ("revenue", "revenue"), ("stock", "stock")],
                db_default="all",
            ),
        ),
        migrations.AlterField(
            model_name="accountingperiod",
            name="status",
            field=models.TextField(
                choices=[("open", "open"), ("soft_closed", "soft_closed"), ("closed", "closed")], db_default="open"
            ),
        ),
        migrations.RemoveConstraint(model_name="accountingperiod", name="accounting_period_once"),
        migrations.AddConstraint(
            model_name="accountingperiod",
            constraint=models.UniqueConstraint(fields=("entity", "month", "area"), name="accounting_period_once"),
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
