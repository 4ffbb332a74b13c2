"""The lines of an invoice less its coupons are its net; what it took off at issue is frozen with it."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION check_invoice_lines_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    EXECUTE $q$SELECT min(i.number) FROM (SELECT invoice_id, count(*) AS lines FROM added GROUP BY 1) a
        JOIN invoices i ON i.id = a.invoice_id AND i.status <> 'draft'
        JOIN LATERAL (SELECT sum(l.net_amount) AS total, count(*) AS lines FROM invoice_lines l
                      WHERE l.invoice_id = i.id) s ON true
        WHERE s.total <> i.net_total + i.discount_total OR s.lines <> a.lines$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of invoice % do not sum to its total, or came later', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION check_invoice_taxes_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    EXECUTE $q$SELECT min(i.number) FROM (SELECT invoice_id, count(*) AS rates FROM added GROUP BY 1) a
        JOIN invoices i ON i.id = a.invoice_id AND i.status <> 'draft'
        JOIN LATERAL (SELECT sum(t.tax) AS tax, sum(t.base) AS base, sum(t.discount) AS discount, count(*) AS rates
                      FROM invoice_taxes t WHERE t.invoice_id = i.id) s ON true
        WHERE s.tax <> i.tax_total OR s.base <> i.net_total OR s.discount <> i.discount_total
           OR s.rates <> a.rates$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the taxes of invoice % do not sum to its total, or came later', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION refuse_changing_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be deleted', OLD.number USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' AND OLD.status <> 'draft' AND
          (NEW.status = 'draft', NEW.number, NEW.entity_id, NEW.customer_id, NEW.agreement_id, NEW.seller_id, NEW.buyer_id, NEW.currency,
           NEW.issued_on, NEW.due_on, NEW.supply_on, NEW.net_total, NEW.tax_total, NEW.gross_total, NEW.entity_rate,
           NEW.kind, NEW.purchase_order, NEW.discount_total, NEW.credit_applied, NEW.prepaid_applied)
          IS DISTINCT FROM
          (false, OLD.number, OLD.entity_id, OLD.customer_id, OLD.agreement_id, OLD.seller_id, OLD.buyer_id, OLD.currency,
           OLD.issued_on, OLD.due_on, OLD.supply_on, OLD.net_total, OLD.tax_total, OLD.gross_total, OLD.entity_rate,
           OLD.kind, OLD.purchase_order, OLD.discount_total, OLD.credit_applied, OLD.prepaid_applied) THEN
        RAISE EXCEPTION 'invoice % is issued and cannot change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- What a void invoice used is given back once; nothing else of these rows ever changes.
CREATE FUNCTION refuse_taking_off_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'given_back' - 'released') IS DISTINCT FROM
                           (to_jsonb(OLD) - 'given_back' - 'released')
       OR coalesce(to_jsonb(OLD) ->> 'given_back', to_jsonb(OLD) ->> 'released') = 'true' THEN
        RAISE EXCEPTION 'what an issued invoice took off cannot change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_discounts_frozen BEFORE UPDATE OR DELETE ON invoice_discounts
    FOR EACH ROW EXECUTE FUNCTION refuse_taking_off_otherwise();
CREATE TRIGGER invoice_deductions_frozen BEFORE UPDATE OR DELETE ON invoice_deductions
    FOR EACH ROW EXECUTE FUNCTION refuse_taking_off_otherwise();
REVOKE DELETE, TRUNCATE ON invoice_discounts, invoice_deductions FROM cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("invoices", "0003_discounts_credits_deductions"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
