"""An issued invoice is frozen, and its lines and taxes, which come in one statement, sum to its totals."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER invoice_parties_append_only BEFORE UPDATE OR DELETE ON invoice_parties
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON invoice_parties FROM cashline_app;
CREATE FUNCTION refuse_changing_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be deleted', OLD.number USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' AND OLD.status <> 'draft' AND
          (NEW.status = 'draft', NEW.number, NEW.entity_id, NEW.customer_id, NEW.agreement_id, NEW.seller_id, NEW.buyer_id, NEW.currency,
           NEW.issued_on, NEW.due_on, NEW.supply_on, NEW.net_total, NEW.tax_total, NEW.gross_total, NEW.entity_rate)
          IS DISTINCT FROM
          (false, OLD.number, OLD.entity_id, OLD.customer_id, OLD.agreement_id, OLD.seller_id, OLD.buyer_id, OLD.currency,
           OLD.issued_on, OLD.due_on, OLD.supply_on, OLD.net_total, OLD.tax_total, OLD.gross_total, OLD.entity_rate) THEN
        RAISE EXCEPTION 'invoice % is issued and cannot change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER invoices_frozen BEFORE UPDATE OR DELETE ON invoices
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_issued_invoice();
CREATE FUNCTION refuse_changing_issued_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM invoices i WHERE i.id = OLD.invoice_id AND i.status <> 'draft') THEN
        RAISE EXCEPTION 'the invoice of this row is issued and cannot change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER invoice_lines_frozen BEFORE UPDATE OR DELETE ON invoice_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_issued_line();
CREATE TRIGGER invoice_taxes_frozen BEFORE UPDATE OR DELETE ON invoice_taxes
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_issued_line();
-- EXECUTE plans anew each time: a plan cached from a single invoice would be quadratic for a batch.
CREATE FUNCTION check_invoice_lines_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    EXECUTE $q$SELECT min(i.number) FROM (SELECT invoice_id, count(*) AS lines FROM added GROUP BY 1) a
        JOIN invoices i ON i.id = a.invoice_id AND i.status <> 'draft'
        JOIN LATERAL (SELECT sum(l.net_amount) AS total, count(*) AS lines FROM invoice_lines l
                      WHERE l.invoice_id = i.id) s ON true
        WHERE s.total <> i.net_total OR s.lines <> a.lines$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of invoice % do not sum to its total, or came later', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER invoice_lines_sum AFTER INSERT ON invoice_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_invoice_lines_sum();
CREATE FUNCTION check_invoice_taxes_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken text;
BEGIN
    EXECUTE $q$SELECT min(i.number) FROM (SELECT invoice_id, count(*) AS rates FROM added GROUP BY 1) a
        JOIN invoices i ON i.id = a.invoice_id AND i.status <> 'draft'
        JOIN LATERAL (SELECT sum(t.tax) AS tax, sum(t.base) AS base, count(*) AS rates FROM invoice_taxes t
                      WHERE t.invoice_id = i.id) s ON true
        WHERE s.tax <> i.tax_total OR s.base <> i.net_total OR s.rates <> a.rates$q$ INTO broken;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the taxes of invoice % do not sum to its total, or came later', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER invoice_taxes_sum AFTER INSERT ON invoice_taxes REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_invoice_taxes_sum();
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("invoices", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
