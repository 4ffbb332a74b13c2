"""Laws of the books beside the journal: their entries balance, and each book is the journal and what it adjusted."""

from cashline.flow.report.health.rules import Law

BALANCED = Law(
    "book-entries-balance",
    "The lines of an entry of a book sum to zero in its currency and in the entity's, are of its day, and none is "
    "missing",
    "SELECT 'book_entry', e.id, e.text, '0 / 0 in ' || e.line_count, COALESCE(b.amount, 0) || ' / ' || "
    "COALESCE(b.own, 0) || ' in ' || COALESCE(b.lines, 0) FROM (SELECT j.id, l.amount, l.own, l.lines FROM "
    "(SELECT id, line_count, day, entity_id FROM book_entries) j LEFT JOIN (SELECT x.entry_id, "
    "sum(x.amount) AS amount, "
    "sum(x.functional_amount) AS own, count(*) AS lines, min(x.day) AS first, max(x.day) AS last, "
    "min(a.entity_id::text) AS owner, max(a.entity_id::text) AS other FROM book_lines x "
    "JOIN accounts a ON a.id = x.account_id GROUP BY 1) l ON l.entry_id = j.id WHERE l.entry_id IS NULL "
    "OR l.amount <> 0 OR l.own <> 0 OR l.lines <> j.line_count OR l.first <> j.day OR l.last <> j.day "
    "OR l.owner <> j.entity_id::text OR l.other <> j.entity_id::text) b JOIN book_entries e ON e.id = b.id",
)
ADJUSTED = Law(
    "books-are-the-journal-adjusted",
    "What a book posted of a contract, month and choice is what its plan comes to less what that of the journal does "
    "(by one fiscal calendar; another moves it between the parts of a month)",
    "SELECT 'book_entry', b.entry_id, e.text, b.planned, b.posted FROM (SELECT DISTINCT ON (e.book_id, e.source_id, "
    "e.contract, e.month, e.rule, l.name, l.subject, l.nature) l.entry_id, (l.derivation->'inputs'->>'in_the_book')"
    "::numeric - (l.derivation->'inputs'->>'before')::numeric AS planned, sum(l.amount) OVER (PARTITION BY e.book_id, "
    "e.source_id, e.contract, e.month, e.rule, l.name, l.subject, l.nature) AS posted FROM book_lines l "
    "JOIN book_entries e ON e.id = l.entry_id WHERE l.name <> '' ORDER BY e.book_id, e.source_id, e.contract, e.month, "
    "e.rule, l.name, l.subject, l.nature, e.sequence DESC) b JOIN book_entries e ON e.id = b.entry_id "
    "WHERE b.planned IS DISTINCT FROM b.posted AND NOT EXISTS (SELECT FROM events x WHERE x.type = 'FiscalCalendarSet' "
    "AND x.object_ids @> ARRAY[e.entity_id] AND x.id > (SELECT min(o.id::text)::uuid FROM book_entries o "
    "WHERE o.book_id = e.book_id AND o.source_id = e.source_id))",
)
LAWS = (BALANCED, ADJUSTED)
