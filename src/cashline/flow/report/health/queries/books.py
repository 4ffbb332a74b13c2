"""Laws of the books: entries balance, every balance of a document is that of the journal, and revenue rolls forward."""

from cashline.flow.report.health.rules import Law

BALANCED = Law(
    "entries-balance",
    "The lines of a journal entry sum to zero in its currency and in the entity's, and none is missing",
    "SELECT 'journal_entry', e.id, e.text, '0 / 0 in ' || e.line_count, "
    "COALESCE(b.amount, 0) || ' / ' || COALESCE(b.own, 0) || ' in ' || COALESCE(b.lines, 0) FROM (SELECT j.id, "
    "l.amount, "
    "l.own, l.lines FROM (SELECT id, line_count FROM journal_entries) j LEFT JOIN (SELECT entry_id, sum(amount) "
    "AS amount, "
    "sum(functional_amount) AS own, count(*) AS lines FROM journal_lines GROUP BY 1) l ON l.entry_id = j.id "
    "WHERE l.entry_id IS NULL OR l.amount <> 0 OR l.own <> 0 OR l.lines <> j.line_count) b "
    "JOIN journal_entries e ON e.id = b.id",
)
IN_PLACE = Law(
    "lines-are-in-place",
    "A journal line is of the entity, the day and the currency of its entry",
    "SELECT 'journal_entry', e.id, e.text, e.day, b.day || ' with ' || b.amount || ' / ' || b.own FROM (SELECT "
    "l.entry_id, "
    "l.day, l.amount, l.functional_amount AS own FROM journal_lines l JOIN (SELECT a.id, a.entity_id, c.currency "
    "FROM accounts a JOIN legal_entities c ON c.id = a.entity_id) a ON a.id = l.account_id JOIN (SELECT id, "
    "entity_id, day, "
    "currency FROM journal_entries) j ON j.id = l.entry_id WHERE a.entity_id <> j.entity_id OR l.day <> j.day "
    "OR (j.currency = a.currency AND l.amount <> l.functional_amount)) b JOIN journal_entries e ON e.id = b.entry_id",
)
CLOSED = Law(
    "closed-months-are-closed",
    "Nothing was posted into a period after it was closed",
    "SELECT 'journal_entry', e.id, e.text, 'before ' || p.closed_at, e.posted_at::text FROM accounting_periods p "
    "JOIN journal_entries e ON e.entity_id = p.entity_id AND e.day >= p.starts_on AND e.day < p.ends_on "
    "WHERE e.posted_at > p.closed_at AND p.area IN ('all', area_of_rule(e.rule)) AND (p.status = 'closed' "
    "OR (p.status = 'soft_closed' AND NOT rule_of_the_close(e.rule)))",
)
SUMS = Law(
    "sums-are-the-lines",
    "The daily balances are the sums of the journal's lines",
    "SELECT '', NULL::uuid, a.code || ' ' || a.name || ' on ' || COALESCE(l.day, b.day), "
    "COALESCE(l.debit, 0) || ' − ' || COALESCE(l.credit, 0), COALESCE(b.debit, 0) || ' − ' || COALESCE(b.credit, 0) "
    "FROM (SELECT l.account_id, l.day, sum(greatest(l.functional_amount, 0)) AS debit, "
    "sum(greatest(-l.functional_amount, 0)) AS credit FROM journal_lines l JOIN journal_entries e ON e.id = l.entry_id "
    "WHERE e.transaction <= (SELECT up_to_transaction FROM journal_summary) GROUP BY 1, 2) l FULL JOIN "
    "(SELECT account_id, day, sum(functional_debit) AS debit, sum(functional_credit) AS credit FROM daily_balances "
    "GROUP BY 1, 2) b USING (account_id, day) JOIN accounts a ON a.id = account_id "
    "WHERE l.debit IS DISTINCT FROM b.debit OR l.credit IS DISTINCT FROM b.credit",
)
POSITION_SUMS = Law(
    "position-sums-are-the-lines",
    "The summed contract positions are those of the journal's lines",
    "SELECT 'agreement', agreement_id, '', COALESCE(l.amount, 0) || ' / ' || COALESCE(l.own, 0), "
    "COALESCE(p.recognised - p.billed, 0) || ' / ' || COALESCE(p.functional_amount, 0) FROM (SELECT l.agreement_id, "
    "sum(l.amount) AS amount, sum(l.functional_amount) AS own FROM journal_lines l JOIN journal_entries e "
    "ON e.id = l.entry_id JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position' "
    "WHERE l.agreement_id IS NOT NULL AND e.transaction <= (SELECT up_to_transaction FROM journal_summary) GROUP "
    "BY 1) l "
    "FULL JOIN contract_positions p USING (agreement_id) WHERE l.amount IS DISTINCT FROM p.recognised - p.billed "
    "OR l.own IS DISTINCT FROM p.functional_amount",
)
RECEIVABLE = Law(
    "receivable-is-open",
    "What the books hold as receivable of an invoice is its open amount",
    "SELECT 'invoice', COALESCE(i.id, l.document_id), COALESCE(i.number, ''), COALESCE(i.open_amount, 0), "
    "COALESCE(l.amount, 0) FROM (SELECT id, number, open_amount FROM invoices WHERE status <> 'draft') i FULL JOIN "
    "(SELECT l.document_id, sum(l.amount) AS amount FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
    "AND a.role = 'receivable' GROUP BY 1) l ON l.document_id = i.id "
    "WHERE COALESCE(i.open_amount, 0) <> COALESCE(l.amount, 0)",
)
RECEIVABLE_OWN = Law(
    "settled-is-worth-nothing",
    "A settled invoice has no balance left in the entity's currency, and an open one stands at its rate",
    "SELECT 'invoice', i.id, i.number, round(i.open_amount * i.entity_rate, d.digits), l.own FROM (SELECT "
    "l.document_id, sum(l.functional_amount) AS own FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
    "AND a.role = 'receivable' GROUP BY 1) l JOIN invoices i ON i.id = l.document_id JOIN legal_entities e "
    "ON e.id = i.entity_id JOIN digits d ON d.currency = e.currency "
    "WHERE l.own <> round(i.open_amount * i.entity_rate, d.digits)",
)
UNAPPLIED = Law(
    "unapplied-is-left",
    "What the books hold as unapplied of a payment, a credit note or an invoice below zero is what is left of it",
    "SELECT COALESCE(d.kind, 'payment'), COALESCE(d.id, l.document_id), COALESCE(d.number, ''), COALESCE(d.amount, 0), "
    "-COALESCE(l.amount, 0) FROM (SELECT 'payment' AS kind, id, number, unapplied_amount AS amount FROM payments "
    "WHERE received_on IS NOT NULL UNION ALL SELECT kind, document_id, document_number, balance FROM customer_credits "
    "WHERE wallet_id IS NULL) d FULL JOIN (SELECT l.document_id, sum(l.amount) AS amount FROM journal_lines l "
    "JOIN accounts a ON a.id = l.account_id AND a.role = 'unapplied_cash' GROUP BY 1) l ON l.document_id = d.id "
    "WHERE COALESCE(d.amount, 0) <> -COALESCE(l.amount, 0)",
)
PREPAID = Law(
    "prepaid-is-in-wallets",
    "What the books hold as prepaid by customers is what lies in their wallets",
    "SELECT 'credit', COALESCE(d.id, l.document_id), COALESCE(d.document_number, ''), COALESCE(d.balance, 0), "
    "-COALESCE(l.amount, 0) FROM (SELECT id, document_number, balance FROM customer_credits WHERE wallet_id IS NOT "
    "NULL) d FULL JOIN (SELECT l.document_id, sum(l.amount) AS amount FROM journal_lines l JOIN accounts a "
    "ON a.id = l.account_id AND a.role = 'customer_prepayment' GROUP BY 1) l ON l.document_id = d.id "
    "WHERE COALESCE(d.balance, 0) <> -COALESCE(l.amount, 0)",
)
TAX = Law(
    "tax-payable-is-invoiced",
    "The tax payable of an entity is the tax of its invoices less that of its credit notes",
    "SELECT 'entity', e.id, e.code || ' ' || COALESCE(d.currency, l.currency), COALESCE(d.tax, 0), "
    "-COALESCE(l.amount, 0) FROM (SELECT "
    "entity_id, "
    "currency, sum(tax) AS tax FROM (SELECT entity_id, currency, tax_total AS tax FROM invoices WHERE status <> "
    "'draft' "
    "UNION ALL SELECT entity_id, currency, -tax_total FROM credit_notes WHERE status = 'issued') AS parts GROUP "
    "BY 1, 2) d "
    "FULL JOIN (SELECT j.entity_id, j.currency, sum(l.amount) AS amount FROM journal_lines l JOIN accounts a "
    "ON a.id = l.account_id AND a.role = 'tax_payable' JOIN journal_entries j ON j.id = l.entry_id GROUP BY 1, 2) l "
    "USING (entity_id, currency) JOIN legal_entities e ON e.id = entity_id "
    "WHERE COALESCE(d.tax, 0) <> -COALESCE(l.amount, 0)",
)
CASH = Law(
    "cash-is-payments",
    "What came to bank and card is what payments and the group brought less what was given back of them and of credits",
    "SELECT 'entity', e.id, e.code || ' ' || COALESCE(d.currency, l.currency), COALESCE(d.amount, 0), "
    "COALESCE(l.amount, 0) FROM (SELECT "
    "entity_id, currency, sum(amount) AS amount FROM (SELECT entity_id, currency, amount - refunded_amount AS amount "
    "FROM payments WHERE received_on IS NOT NULL UNION ALL SELECT c.entity_id, c.currency, m.amount "
    "FROM credit_movements m JOIN customer_credits c ON c.id = m.credit_id WHERE m.kind = 'refunded' "
    "UNION ALL SELECT x.entity_id, s.currency, x.sign * m.amount FROM intercompany_movements m "
    "JOIN intercompany_sales s ON s.id = m.sale_id CROSS JOIN LATERAL (VALUES (s.seller_id, 1), (s.buyer_id, -1)) "
    "AS x(entity_id, sign) WHERE m.kind = 'paid') AS parts "
    "GROUP BY 1, 2) d FULL JOIN (SELECT j.entity_id, j.currency, sum(l.amount) AS amount FROM journal_lines l "
    "JOIN accounts a ON a.id = l.account_id AND a.role IN ('bank', 'card_clearing', 'tax_withheld') "
    "JOIN journal_entries j "
    "ON j.id = l.entry_id GROUP BY 1, 2) l USING (entity_id, currency) JOIN legal_entities e ON e.id = entity_id "
    "WHERE COALESCE(d.amount, 0) <> COALESCE(l.amount, 0)",
)
INVENTORY = Law(
    "inventory-is-stock",
    "The inventory of an entity is the value of its stock",
    "SELECT 'entity', e.id, e.code, COALESCE(s.value, 0), COALESCE(l.amount, 0) FROM legal_entities e LEFT JOIN "
    "(SELECT "
    "w.entity_id, sum(s.value) AS value FROM stock s JOIN warehouses w ON w.id = s.warehouse_id GROUP BY 1) s "
    "ON s.entity_id = e.id LEFT JOIN (SELECT a.entity_id, sum(l.functional_amount) AS amount FROM journal_lines l "
    "JOIN accounts a ON a.id = l.account_id AND a.role = 'inventory' GROUP BY 1) l ON l.entity_id = e.id "
    "WHERE COALESCE(s.value, 0) <> COALESCE(l.amount, 0)",
)
POSITION = Law(
    "position-rolls-forward",
    "The contract position of an agreement is its revenue less what it was billed, net of credits",
    "SELECT 'agreement', a.id, a.number, COALESCE(r.amount, 0) - COALESCE(b.amount, 0), COALESCE(l.amount, 0) "
    "FROM (SELECT "
    "agreement_id, sum(amount) AS amount FROM revenue_postings GROUP BY 1) r FULL JOIN (SELECT agreement_id, "
    "sum(amount) AS amount FROM (SELECT agreement_id, net_total AS amount FROM invoices WHERE status <> 'draft' "
    "UNION ALL "
    "SELECT i.agreement_id, -c.net_total FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id "
    "WHERE c.status = 'issued' UNION ALL SELECT agreement_id, net_total FROM invoice_agreements UNION ALL "
    "SELECT l.agreement_id, -(k.net_amount - k.discount_amount) FROM invoice_lines l JOIN credit_note_lines k "
    "ON k.invoice_line_id = l.id JOIN credit_notes c ON c.id = k.credit_note_id AND c.status = 'issued' "
    "WHERE l.agreement_id IS NOT NULL) AS parts WHERE agreement_id IS NOT NULL GROUP BY 1) b USING (agreement_id) "
    "FULL JOIN (SELECT l.agreement_id, sum(l.amount) AS amount FROM journal_lines l "
    "JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position' WHERE l.agreement_id IS NOT NULL "
    "GROUP BY 1) l USING (agreement_id) "
    "JOIN agreements a ON a.id = agreement_id "
    "WHERE COALESCE(r.amount, 0) - COALESCE(b.amount, 0) <> COALESCE(l.amount, 0)",
)
REVENUE = Law(
    "revenue-is-posted",
    "The revenue of a journal entry is the sum of the revenue postings that point at it",
    "SELECT 'journal_entry', e.id, e.text, COALESCE(p.amount, 0), -COALESCE(l.amount, 0) FROM (SELECT entry_id, "
    "sum(amount) AS amount FROM (SELECT entry_id, amount FROM revenue_postings UNION ALL SELECT entry_id, -amount "
    "FROM arrangement_postings WHERE account IN ('revenue', 'interest_income')) r GROUP BY 1) p FULL JOIN "
    "(SELECT l.entry_id, sum(l.amount) AS amount "
    "FROM journal_lines l JOIN accounts a ON a.id = l.account_id AND a.type = 'income' AND a.role NOT IN "
    "('revenue_other', 'breakage', 'intercompany_income') GROUP BY 1) l USING (entry_id) "
    "JOIN journal_entries e ON e.id = entry_id WHERE COALESCE(p.amount, 0) <> -COALESCE(l.amount, 0)",
)
ALLOCATED = Law(
    "allocated-is-the-price",
    "The prices allocated to the obligations of a contract sum to its price",
    "SELECT 'agreement', a.id, a.number, s.price, s.allocated FROM (SELECT agreement_id, sum(transaction_price) "
    "AS price, "
    "sum(allocated_price) AS allocated FROM (SELECT DISTINCT ON (line_id) * FROM obligations "
    "ORDER BY line_id, version DESC) o WHERE NOT open_ended GROUP BY 1) s JOIN agreements a ON a.id = s.agreement_id "
    "WHERE s.price <> s.allocated",
)
FIRST_ALLOCATION = Law(
    "first-price-is-the-terms",
    "The price of an obligation that nothing has changed since is that of its agreed line",
    "SELECT 'agreement', a.id, a.number || ' line ' || t.line_no, t.net_total, o.transaction_price FROM (SELECT "
    "DISTINCT ON (line_id) * FROM obligations ORDER BY line_id, version DESC) o JOIN agreement_lines t "
    "ON t.line_id = o.line_id AND upper_inf(t.valid) JOIN agreements a ON a.id = o.agreement_id "
    "WHERE NOT o.open_ended AND o.transaction_price <> t.net_total AND NOT EXISTS (SELECT FROM deliveries d "
    "WHERE d.line_id = o.line_id AND d.kind IN ('ended', 'cancelled')) AND NOT EXISTS (SELECT FROM credit_note_lines k "
    "JOIN credit_notes c ON c.id = k.credit_note_id AND c.cause = 'concession' WHERE k.line_id = o.line_id) "
    "AND NOT EXISTS (SELECT FROM invoice_lines b WHERE b.line_id = o.line_id AND b.discount_share <> 0)",
)
RECOGNISED = Law(
    "recognised-within-allocated",
    "Of an obligation of a contract that was not cut short, no more is recognised than is allocated to it (below zero "
    "where a concession gave more than its share)",
    "SELECT 'agreement', o.agreement_id, a.number, o.allocated_price, r.amount FROM (SELECT line_id, sum(amount) AS "
    "amount FROM revenue_postings GROUP BY 1) r LEFT JOIN (SELECT DISTINCT ON (line_id) * FROM obligations "
    "ORDER BY line_id, version DESC) o USING (line_id) LEFT JOIN agreements a ON a.id = o.agreement_id "
    "WHERE o.line_id IS NULL OR (NOT o.open_ended AND (r.amount < least(o.allocated_price, 0) OR "
    "r.amount > greatest(o.allocated_price, 0)) AND NOT EXISTS "
    "(SELECT FROM agreement_lines t JOIN deliveries d ON d.line_id = t.line_id AND d.kind IN ('ended', 'cancelled') "
    "WHERE t.agreement_id = o.agreement_id))",
)
POSTED = Law(
    "documents-are-posted",
    "Every document that moves money or stock has its journal entry",
    "SELECT d.kind, d.id, d.number, 'an entry', 'none' FROM (SELECT 'invoice' AS kind, id, number FROM invoices "
    "WHERE status <> 'draft' AND gross_total <> 0 UNION ALL SELECT 'credit_note', id, number FROM credit_notes "
    "WHERE status = 'issued' AND gross_total <> 0 UNION ALL SELECT 'payment', id, number FROM payments "
    "WHERE received_on IS NOT NULL UNION ALL SELECT 'refund', r.id, p.number FROM refunds r "
    "JOIN payments p ON p.id = r.payment_id WHERE r.refunded_on IS NOT NULL UNION ALL SELECT 'shipment', s.id, "
    "s.number "
    "FROM shipments s WHERE EXISTS (SELECT FROM stock_moves m WHERE m.source_id = s.id AND m.value <> 0)) d "
    "LEFT JOIN journal_entries e ON e.source_id = d.id AND e.rule = d.kind AND e.book = 'ifrs' WHERE e.id IS NULL",
)
ARRANGEMENTS = Law(
    "arrangements-are-posted",
    "What was posted of an arrangement sums to zero by entry, and its debits are those of the entry",
    "SELECT 'journal_entry', e.id, e.text, COALESCE(p.off, 0) || ' / ' || COALESCE(p.debit, 0), '0 / ' || "
    "COALESCE(l.debit, 0) FROM (SELECT entry_id, sum(amount) AS off, sum(greatest(amount, 0)) AS debit "
    "FROM arrangement_postings GROUP BY 1) p FULL JOIN (SELECT j.id, sum(greatest(x.amount, 0)) AS debit "
    "FROM journal_entries j JOIN journal_lines x ON x.entry_id = j.id WHERE j.rule = 'arrangement' GROUP BY 1) l "
    "ON l.id = p.entry_id JOIN journal_entries e ON e.id = COALESCE(p.entry_id, l.id) "
    "WHERE p.off IS DISTINCT FROM 0 OR p.debit IS DISTINCT FROM l.debit",
)
INTERCOMPANY = Law(
    "due-from-is-due-to",
    "What one entity holds as due from another is what that one holds as due to it, and what is open of the sale",
    "SELECT 'intercompany_sale', s.id, s.number, s.amount - s.settled_amount, COALESCE(l.due_from, 0) || ' / ' || "
    "COALESCE(l.due_to, 0) FROM intercompany_sales s LEFT JOIN (SELECT l.document_id, "
    "sum(l.amount) FILTER (WHERE a.role = 'intercompany_receivable') AS due_from, "
    "-sum(l.amount) FILTER (WHERE a.role = 'intercompany_payable') AS due_to, "
    "array_agg(DISTINCT a.entity_id) AS owners FROM accounts a JOIN journal_lines l ON l.account_id = a.id "
    "WHERE a.role IN ('intercompany_receivable', 'intercompany_payable') GROUP BY 1) l ON l.document_id = s.id "
    "WHERE s.amount - s.settled_amount IS DISTINCT FROM l.due_from OR l.due_from IS DISTINCT FROM l.due_to "
    "OR NOT l.owners <@ ARRAY[s.seller_id, s.buyer_id] OR s.settled_amount <> COALESCE((SELECT sum(m.amount) "
    "FROM intercompany_movements m WHERE m.sale_id = s.id), 0)",
)
LAWS = (
    BALANCED,
    IN_PLACE,
    CLOSED,
    SUMS,
    POSITION_SUMS,
    POSTED,
    RECEIVABLE,
    RECEIVABLE_OWN,
    UNAPPLIED,
    PREPAID,
    TAX,
    CASH,
    INVENTORY,
    POSITION,
    REVENUE,
    ALLOCATED,
    FIRST_ALLOCATION,
    RECOGNISED,
    ARRANGEMENTS,
    INTERCOMPANY,
)
