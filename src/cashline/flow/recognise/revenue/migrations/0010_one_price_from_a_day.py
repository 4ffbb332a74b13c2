"""For the same transactions one stand-alone price is in force from a day on, as the action asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_second_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('cashline.stand_alone_prices ' || NEW.product_id::text, 0));
    IF EXISTS (SELECT FROM stand_alone_prices p JOIN price_studies t ON t.id = p.study_id
        JOIN price_studies s ON s.id = NEW.study_id AND s.entity_id = t.entity_id
        WHERE p.status = 'approved' AND p.id <> NEW.id AND p.valid_from = NEW.valid_from
            AND (p.product_id, p.currency, p.interval_months, p.segment)
                = (NEW.product_id, NEW.currency, NEW.interval_months, NEW.segment)
            AND numrange(p.quantity_from, p.quantity_to) && numrange(NEW.quantity_from, NEW.quantity_to)) THEN
        RAISE EXCEPTION 'another stand-alone price is in force from %', NEW.valid_from USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stand_alone_prices_once BEFORE UPDATE ON stand_alone_prices
    FOR EACH ROW WHEN (NEW.status = 'approved') EXECUTE FUNCTION refuse_second_price();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say; prices that were decided before stay as they are."""

    dependencies = [("revenue", "0009_prices_are_decided_once")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
