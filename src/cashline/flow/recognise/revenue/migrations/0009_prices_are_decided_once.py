"""What a study found is never rewritten, and a price is decided once."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_changing_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.status <> 'proposed' OR (NEW.study_id, NEW.product_id, NEW.currency, NEW.interval_months,
        NEW.segment, NEW.quantity_from, NEW.quantity_to, NEW.count, NEW.within, NEW.observable, NEW.least, NEW.most,
        NEW.low, NEW.high) IS DISTINCT FROM (OLD.study_id, OLD.product_id, OLD.currency, OLD.interval_months, OLD.segment,
        OLD.quantity_from, OLD.quantity_to, OLD.count, OLD.within, OLD.observable, OLD.least, OLD.most, OLD.low, OLD.high)
    THEN
        RAISE EXCEPTION 'the stand-alone price % cannot change', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stand_alone_prices_stand BEFORE UPDATE OR DELETE ON stand_alone_prices
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_price();
CREATE TRIGGER stand_alone_prices_never_emptied BEFORE TRUNCATE ON stand_alone_prices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
CREATE TRIGGER price_studies_append_only BEFORE UPDATE OR DELETE ON price_studies
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER price_studies_never_emptied BEFORE TRUNCATE ON price_studies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying();
REVOKE DELETE, TRUNCATE ON stand_alone_prices FROM cashline_app;
REVOKE UPDATE, DELETE, TRUNCATE ON price_studies FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("revenue", "0008_stand_alone_prices"),
        ("events", "0002_append_only"),
        ("flow", "0002_nothing_recorded_is_truncated"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
