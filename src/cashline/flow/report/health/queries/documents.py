"""Laws of documents: what stands on quotes, agreements, orders, invoices, credit notes and payments adds up."""

from cashline.flow.report.health.rules import Law

QUOTES = Law(
    "quote-lines-sum",
    "The lines of a quote version sum to its value",
    "SELECT 'quote', q.id, q.number || ' v' || v.version, v.net_total, s.total FROM quote_versions v "
    "JOIN quotes q ON q.id = v.quote_id JOIN (SELECT version_id, sum(net_total) AS total FROM quote_lines GROUP "
    "BY 1) s "
    "ON s.version_id = v.id WHERE s.total <> v.net_total",
)
AGREEMENTS = Law(
    "agreement-lines-sum",
    "The lines of an agreement, as first agreed, sum to its value",
    "SELECT 'agreement', a.id, a.number, a.net_total, COALESCE(s.total, 0) FROM agreements a LEFT JOIN "
    "(SELECT agreement_id, sum(net_total) AS total FROM (SELECT DISTINCT ON (line_id) agreement_id, net_total "
    "FROM agreement_lines ORDER BY line_id, lower(valid)) AS first GROUP BY 1) s ON s.agreement_id = a.id "
    "WHERE COALESCE(s.total, 0) <> a.net_total",
)
QUOTE_IS_AGREEMENT = Law(
    "agreement-is-quote",
    "An agreement is worth what the quote that it came from was worth",
    "SELECT 'agreement', a.id, a.number, v.net_total, a.net_total FROM agreements a "
    "JOIN quote_versions v ON v.id = a.quote_version_id WHERE a.net_total <> v.net_total",
)
ORDER_IS_AGREEMENT = Law(
    "order-is-agreement",
    "An order is worth the terms that it delivers",
    "SELECT 'order', o.id, o.number, s.total, o.net_total FROM orders o JOIN (SELECT l.order_id, sum(t.net_total) AS "
    "total FROM order_lines l JOIN agreement_lines t ON t.id = l.agreement_line_id GROUP BY 1) s ON s.order_id = o.id "
    "WHERE s.total <> o.net_total",
)
DELIVERED = Law(
    "delivered-is-facts",
    "What an order line counts as delivered is the sum of its delivery facts",
    "SELECT 'order', o.id, o.number || ' line ' || l.line_no, COALESCE(s.quantity, 0), l.delivered_quantity "
    "FROM order_lines l JOIN orders o ON o.id = l.order_id LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity "
    "FROM deliveries WHERE kind IN ('shipped', 'activated', 'accepted') GROUP BY 1) s ON s.order_line_id = l.id "
    "WHERE l.delivered_quantity <> COALESCE(s.quantity, 0) AND NOT (l.kind = 'subscription' AND "
    "l.delivered_quantity = l.quantity AND s.quantity > 0)",
)
INVOICE_LINES = Law(
    "invoice-lines-sum",
    "The lines of an invoice less its coupons are its net, its taxes sum to its tax and their bases to its net",
    "SELECT 'invoice', i.id, i.number, i.net_total + i.discount_total || ' + ' || i.tax_total, "
    "COALESCE(l.net, 0) || ' + ' || COALESCE(t.tax, 0) || ' on ' || COALESCE(t.base, 0) FROM invoices i "
    "LEFT JOIN (SELECT invoice_id, sum(net_amount) AS net FROM invoice_lines GROUP BY 1) l ON l.invoice_id = i.id "
    "LEFT JOIN (SELECT invoice_id, sum(tax) AS tax, sum(base) AS base FROM invoice_taxes GROUP BY 1) t "
    "ON t.invoice_id = i.id WHERE i.status <> 'draft' AND (COALESCE(l.net, 0) <> i.net_total + i.discount_total "
    "OR COALESCE(t.tax, 0) <> i.tax_total OR COALESCE(t.base, 0) <> i.net_total "
    "OR i.gross_total <> i.net_total + i.tax_total)",
)
TAX_BY_RATE = Law(
    "tax-is-base-times-rate",
    "The tax of an invoice by rate is the base × the rate, rounded as its legal entity rounds",
    "SELECT 'invoice', i.id, i.number, round(t.base * t.rate / 100, d.digits), t.tax FROM invoice_taxes t "
    "JOIN invoices i ON i.id = t.invoice_id JOIN digits d ON d.currency = i.currency "
    "JOIN legal_entities e ON e.id = i.entity_id WHERE t.tax <> round(t.base * t.rate / 100, d.digits) "
    "AND abs(t.tax - t.base * t.rate / 100) * power(10::numeric, d.digits) > (SELECT CASE WHEN "
    "e.tax_rounding = 'per_rate' THEN count(*) FILTER (WHERE l.component = 'deduction' OR "
    "l.derivation ->> 'rule' = 'invoices.without_tax') ELSE count(*) END + 3 * count(l.gross_amount) "
    "FROM invoice_lines l "
    "WHERE l.invoice_id = i.id) * 0.5 + 0.5",
)
PRICES_WITH_TAX = Law(
    "prices-with-tax-hold",
    "Where all lines of a rate have prices with tax and no coupon, its base and tax come to those prices",
    "SELECT 'invoice', i.id, i.number, l.gross, t.base + t.tax FROM (SELECT DISTINCT invoice_id FROM invoice_lines "
    "WHERE gross_amount IS NOT NULL) g JOIN invoices i ON i.id = g.invoice_id AND i.discount_total = 0 "
    "JOIN invoice_taxes t ON t.invoice_id = i.id JOIN LATERAL (SELECT sum(gross_amount) AS gross, "
    "bool_and(gross_amount IS NOT NULL) AS whole FROM invoice_lines l WHERE l.invoice_id = i.id "
    "AND l.tax_code = t.tax_code AND l.tax_rate = t.rate) l ON l.whole WHERE l.gross <> t.base + t.tax",
)
CREDIT_LINES = Law(
    "credit-note-lines-sum",
    "The lines of a credit note, less the coupons in them, sum to its net and its tax",
    "SELECT 'credit_note', c.id, c.number, c.net_total || ' + ' || c.tax_total, l.net || ' + ' || l.tax "
    "FROM credit_notes c JOIN (SELECT credit_note_id, sum(net_amount - discount_amount) AS net, "
    "sum(tax_amount) AS tax FROM credit_note_lines GROUP BY 1) l ON l.credit_note_id = c.id "
    "WHERE c.net_total <> l.net OR c.tax_total <> l.tax",
)
CREDITED = Law(
    "credited-within-billed",
    "No invoice line is credited for more than it billed",
    "SELECT 'invoice', i.id, i.number || ' line ' || l.line_no, l.net_amount, s.credited FROM (SELECT invoice_line_id, "
    "sum(net_amount) AS credited FROM credit_note_lines GROUP BY 1) s JOIN invoice_lines l ON l.id = s.invoice_line_id "
    "JOIN invoices i ON i.id = l.invoice_id "
    "WHERE s.credited NOT BETWEEN least(0, l.net_amount) AND greatest(0, l.net_amount)",
)
OPEN_AMOUNT = Law(
    "open-is-what-is-left",
    "The open amount of an invoice is gross − credited − paid − written off − paid by credits",
    "SELECT 'invoice', i.id, i.number, i.gross_total - COALESCE(c.credited, 0) - COALESCE(a.settled, 0) - "
    "COALESCE(m.applied, 0), i.open_amount "
    "FROM invoices i LEFT JOIN (SELECT invoice_id, sum(gross_total - unapplied_amount) AS credited FROM credit_notes "
    "WHERE status = 'issued' GROUP BY 1) c ON c.invoice_id = i.id LEFT JOIN (SELECT invoice_id, "
    "sum(amount + write_off_amount) AS settled FROM payment_allocations GROUP BY 1) a ON a.invoice_id = i.id "
    "LEFT JOIN (SELECT invoice_id, sum(applied) AS applied FROM (SELECT invoice_id, -amount AS applied "
    "FROM credit_movements WHERE invoice_id IS NOT NULL UNION ALL SELECT document_id, -amount FROM customer_credits "
    "WHERE kind = 'invoice') AS parts GROUP BY 1) m ON m.invoice_id = i.id WHERE i.status <> 'draft' "
    "AND i.open_amount <> i.gross_total - COALESCE(c.credited, 0) - COALESCE(a.settled, 0) - COALESCE(m.applied, 0)",
)
CREDITS = Law(
    "credit-is-its-movements",
    "What is left of a customer's credit is the sum of its movements, and never below zero",
    "SELECT 'credit', c.id, c.document_number, COALESCE(m.amount, 0), c.balance FROM customer_credits c LEFT JOIN "
    "(SELECT credit_id, sum(amount) AS amount FROM credit_movements GROUP BY 1) m ON m.credit_id = c.id "
    "WHERE c.balance <> COALESCE(m.amount, 0) OR c.balance NOT BETWEEN 0 AND c.amount",
)
COUPONS = Law(
    "coupon-uses-are-counted",
    "How often a granted coupon was used is on how many invoices that are not void it stands",
    "SELECT '', g.id, c.code, COALESCE(d.uses, 0), g.used FROM coupon_grants g JOIN coupons c ON c.id = g.coupon_id "
    "LEFT JOIN (SELECT grant_id, count(*) AS uses FROM invoice_discounts WHERE NOT given_back GROUP BY 1) d "
    "ON d.grant_id = g.id WHERE g.used <> COALESCE(d.uses, 0)",
)
DISCOUNTS = Law(
    "coupons-are-the-discount",
    "The coupons on an invoice sum to its discount",
    "SELECT 'invoice', i.id, i.number, COALESCE(d.amount, 0), i.discount_total FROM invoices i LEFT JOIN (SELECT "
    "invoice_id, sum(amount) AS amount FROM invoice_discounts GROUP BY 1) d ON d.invoice_id = i.id "
    "WHERE i.status <> 'draft' AND i.discount_total <> COALESCE(d.amount, 0)",
)
PAYMENTS = Law(
    "payment-is-applied-or-left",
    "What was received by a payment is allocated, refunded, put into a wallet or unapplied",
    "SELECT 'payment', p.id, p.number, p.amount, COALESCE(a.applied, 0) + p.unapplied_amount + p.refunded_amount "
    "FROM payments p LEFT JOIN (SELECT payment_id, sum(amount) AS applied FROM (SELECT payment_id, amount "
    "FROM payment_allocations UNION ALL SELECT document_id, amount FROM customer_credits WHERE kind = 'top_up') "
    "AS parts GROUP BY 1) a ON a.payment_id = p.id WHERE p.received_on IS NOT NULL "
    "AND p.amount <> COALESCE(a.applied, 0) + p.unapplied_amount + p.refunded_amount",
)
EXPOSURE = Law(
    "exposure-is-what-is-at-stake",
    "The exposure of a customer is what is ordered and not billed plus what is open on invoices",
    "SELECT 'customer', c.id, c.number, COALESCE(b.amount, 0) + COALESCE(i.amount, 0), COALESCE(k.exposure, 0) "
    "FROM customers c LEFT JOIN credit_accounts k ON k.customer_id = c.id LEFT JOIN (SELECT customer_id, "
    "sum(open_amount) AS amount FROM invoices WHERE open_amount > 0 AND status <> 'draft' GROUP BY 1) i "
    "ON i.customer_id = c.id LEFT JOIN (SELECT o.customer_id, sum(CASE WHEN l.status <> 'cancelled' OR "
    "l.delivered_quantity = l.quantity THEN t.net_total ELSE round(l.delivered_quantity * t.unit_price, d.digits) END "
    "- COALESCE(n.billed, 0)) AS amount FROM order_lines l JOIN orders o ON o.id = l.order_id "
    "JOIN agreement_lines t ON t.id = l.agreement_line_id AND t.interval_months = 0 "
    "JOIN digits d ON d.currency = o.currency LEFT JOIN (SELECT line_id, sum(amount) AS billed FROM "
    "(SELECT line_id, net_amount AS amount FROM invoice_lines WHERE line_id IS NOT NULL UNION ALL "
    "SELECT k.line_id, -k.net_amount FROM credit_note_lines k JOIN credit_notes n ON n.id = k.credit_note_id "
    "AND n.cause = 'void' WHERE k.line_id IS NOT NULL) AS parts GROUP BY 1) n ON n.line_id = l.line_id GROUP BY 1) b "
    "ON b.customer_id = c.id WHERE COALESCE(k.exposure, 0) <> COALESCE(b.amount, 0) + COALESCE(i.amount, 0)",
)
STATEMENTS = Law(
    "statement-adds-up",
    "The opening balance of a bank statement, its lines and those known from others make its closing balance",
    "SELECT 'bank_statement', s.id, s.reference, s.closing_balance, "
    "s.opening_balance + s.known_total + COALESCE(l.total, 0) "
    "FROM bank_statements s LEFT JOIN (SELECT statement_id, sum(amount) AS total FROM bank_lines "
    "WHERE status <> 'split' GROUP BY 1) l ON l.statement_id = s.id WHERE s.kind = 'statement' "
    "AND s.opening_balance + s.known_total + COALESCE(l.total, 0) <> s.closing_balance",
)
STOCK = Law(
    "stock-is-moves",
    "Stock on hand and its value are the sums of the moves; reserved is the sum of active reservations, and in stock",
    "SELECT 'product', s.product_id, p.sku || ' in ' || w.code, COALESCE(m.quantity, 0) || ' worth ' || "
    "COALESCE(m.value, 0) || ', reserved ' || COALESCE(r.quantity, 0), s.on_hand || ' worth ' || s.value || "
    "', reserved ' || s.reserved FROM stock s JOIN products p ON p.id = s.product_id JOIN warehouses w "
    "ON w.id = s.warehouse_id LEFT JOIN (SELECT warehouse_id, product_id, sum(quantity) AS quantity, "
    "sum(value) AS value FROM stock_moves GROUP BY 1, 2) m USING (warehouse_id, product_id) LEFT JOIN "
    "(SELECT warehouse_id, product_id, sum(quantity) AS quantity FROM reservations WHERE status = 'active' GROUP "
    "BY 1, 2)"
    " r USING (warehouse_id, product_id) WHERE s.on_hand <> COALESCE(m.quantity, 0) OR s.value <> COALESCE(m.value, 0) "
    "OR s.reserved <> COALESCE(r.quantity, 0) OR s.reserved > s.on_hand",
)
BILLED = Law(
    "billed-within-terms",
    "Of a line that is paid once, no more is billed (less corrections) than was agreed",
    "SELECT 'agreement', a.id, a.number || ' line ' || t.line_no, t.net_total, b.billed FROM (SELECT line_id, "
    "sum(amount) AS billed FROM (SELECT line_id, net_amount AS amount FROM invoice_lines WHERE line_id IS NOT NULL "
    "UNION ALL SELECT k.line_id, -k.net_amount FROM credit_note_lines k JOIN credit_notes n "
    "ON n.id = k.credit_note_id AND n.cause <> 'concession' WHERE k.line_id IS NOT NULL) AS parts GROUP BY 1) b "
    "JOIN agreement_lines t ON t.line_id = b.line_id AND t.interval_months = 0 AND upper_inf(t.valid) "
    "JOIN agreements a ON a.id = t.agreement_id WHERE b.billed > t.net_total",
)
LAWS = (
    QUOTES,
    AGREEMENTS,
    QUOTE_IS_AGREEMENT,
    ORDER_IS_AGREEMENT,
    DELIVERED,
    STOCK,
    INVOICE_LINES,
    TAX_BY_RATE,
    PRICES_WITH_TAX,
    BILLED,
    CREDIT_LINES,
    CREDITED,
    OPEN_AMOUNT,
    CREDITS,
    COUPONS,
    DISCOUNTS,
    PAYMENTS,
    EXPOSURE,
    STATEMENTS,
)
