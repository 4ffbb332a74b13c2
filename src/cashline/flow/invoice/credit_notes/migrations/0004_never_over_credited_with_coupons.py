"""What a note takes back is net of its coupons; no line, no tax and no invoice is credited for more than it billed."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION check_credited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two notes over one line wait for each other here, so that each sees what the other took.
    PERFORM FROM invoice_lines l WHERE l.id IN (SELECT invoice_line_id FROM added) ORDER BY l.id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM (SELECT DISTINCT invoice_line_id FROM added) a
               JOIN invoice_lines l ON l.id = a.invoice_line_id
               JOIN LATERAL (SELECT sum(c.net_amount) AS credited FROM credit_note_lines c
                             WHERE c.invoice_line_id = l.id) s ON true
               WHERE s.credited NOT BETWEEN least(0, l.net_amount) AND greatest(0, l.net_amount)) THEN
        RAISE EXCEPTION 'an invoice line would be credited for more than it billed' USING ERRCODE = 'check_violation';
    END IF;
    -- Rounded per document a rate may give back some cents more than it was charged, and beside a line below zero its own
    -- lines more than what is left of it; the invoice never does.
    IF EXISTS (SELECT FROM (SELECT DISTINCT l.invoice_id, l.tax_code, l.tax_rate FROM added a
                            JOIN invoice_lines l ON l.id = a.invoice_line_id) g
               JOIN invoices i ON i.id = g.invoice_id JOIN legal_entities e ON e.id = i.entity_id
               JOIN invoice_taxes t ON t.invoice_id = g.invoice_id AND t.tax_code = g.tax_code AND t.rate = g.tax_rate
               JOIN LATERAL (SELECT sum(c.tax_amount) AS credited FROM credit_note_lines c
                             JOIN invoice_lines l ON l.id = c.invoice_line_id WHERE l.invoice_id = g.invoice_id
                             AND l.tax_code = g.tax_code AND l.tax_rate = g.tax_rate) s ON true
               WHERE s.credited > greatest(t.tax, 0) + CASE e.tax_rounding WHEN 'per_document' THEN 0.05 ELSE 0 END
                 AND NOT EXISTS (SELECT FROM invoice_lines l WHERE l.invoice_id = g.invoice_id
                                 AND l.tax_code = g.tax_code AND l.tax_rate = g.tax_rate AND l.net_amount < 0))
       OR EXISTS (SELECT FROM (SELECT DISTINCT l.invoice_id FROM added a
                               JOIN invoice_lines l ON l.id = a.invoice_line_id) g
                  JOIN invoices i ON i.id = g.invoice_id
                  JOIN LATERAL (SELECT sum(c.net_amount - c.discount_amount + c.tax_amount) AS gross,
                                       sum(c.tax_amount) AS tax, sum(c.discount_amount) AS discount
                                FROM credit_note_lines c JOIN invoice_lines l ON l.id = c.invoice_line_id
                                WHERE l.invoice_id = i.id) s ON true
                  WHERE s.gross > i.gross_total OR s.discount > i.discount_total
                     OR (s.tax > i.tax_total AND NOT EXISTS
                         (SELECT FROM invoice_lines l WHERE l.invoice_id = i.id AND l.net_amount < 0))) THEN
        RAISE EXCEPTION 'more tax would be credited than the invoice charged' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT credit_note_id, count(*) AS lines FROM added GROUP BY 1) a
               JOIN credit_notes n ON n.id = a.credit_note_id AND n.status <> 'draft'
               JOIN LATERAL (SELECT sum(c.net_amount) AS net, sum(c.discount_amount) AS discount,
                                    sum(c.tax_amount) AS tax, count(*) AS lines
                             FROM credit_note_lines c WHERE c.credit_note_id = n.id) s ON true
               WHERE s.net - s.discount <> n.net_total OR s.discount <> n.discount_total OR s.tax <> n.tax_total
                  OR s.lines <> a.lines) THEN
        RAISE EXCEPTION 'the lines of a credit note do not sum to its totals, or came later'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION refuse_changing_issued_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (TG_OP = 'DELETE' OR
          (NEW.status = 'draft', NEW.number, NEW.invoice_id, NEW.entity_id, NEW.customer_id, NEW.currency, NEW.cause,
           NEW.issued_on, NEW.discount_total, NEW.net_total, NEW.tax_total, NEW.gross_total, NEW.unapplied_amount,
           NEW.refunded_amount, NEW.entity_rate)
          IS DISTINCT FROM
          (false, OLD.number, OLD.invoice_id, OLD.entity_id, OLD.customer_id, OLD.currency, OLD.cause,
           OLD.issued_on, OLD.discount_total, OLD.net_total, OLD.tax_total, OLD.gross_total, OLD.unapplied_amount,
           OLD.refunded_amount, OLD.entity_rate)) THEN
        RAISE EXCEPTION 'credit note % is issued and cannot change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [
        ("credit_notes", "0003_coupons_and_refunds"),
        ("invoices", "0004_discounted_invoices_sum"),
        ("company", "0002_tax_rounding"),
    ]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
