"""Reading what invoices and credit notes say of agreements beyond their agreed lines, for the plan of their revenue."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.queries import conventions_of
from cashline.flow.invoice.billing.queries.plans import plan_subscriptions, posted_charges
from cashline.flow.recognise.revenue.rules.billed import (
    Billed,
    BilledRow,
    ChargedFor,
    CreditedRow,
    GivenBack,
    billed_of,
)
from cashline.flow.recognise.revenue.rules.unbilled import InArrears
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform import sql

COMBINED = (
    "(SELECT v.id, s.agreement_id, v.entity_id, s.discount_total FROM invoice_agreements s "
    "JOIN invoices v ON v.id = s.invoice_id)"
)
"""Bills over several agreements as invoices of each of them."""
COUNTS = """
SELECT i.agreement_id, count(*) AS facts FROM invoices i
    JOIN invoice_lines l ON l.invoice_id = i.id AND l.line_id IS NULL
    WHERE i.agreement_id IS NOT NULL AND i.status <> 'draft' {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM invoices i
    WHERE i.discount_total <> 0 AND i.agreement_id IS NOT NULL AND i.status <> 'draft' {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id
    JOIN credit_note_lines k ON k.credit_note_id = c.id
        AND (k.line_id IS NULL OR (k.discount_amount <> 0 AND c.cause <> 'concession'))
    WHERE i.agreement_id IS NOT NULL AND c.status = 'issued' {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM {combined} i
    JOIN invoice_lines l ON l.invoice_id = i.id AND l.agreement_id = i.agreement_id AND l.line_id IS NULL
    WHERE true {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM {combined} i WHERE i.discount_total <> 0 {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM {combined} i JOIN credit_notes c ON c.invoice_id = i.id AND c.status = 'issued'
    JOIN credit_note_lines k ON k.credit_note_id = c.id
        AND (k.line_id IS NULL OR (k.discount_amount <> 0 AND c.cause <> 'concession'))
    JOIN invoice_lines l ON l.id = k.invoice_line_id AND l.agreement_id = i.agreement_id
    WHERE true {where} GROUP BY 1
UNION ALL
SELECT i.agreement_id, count(*) FROM subscriptions i JOIN subscription_facts f ON f.subscription_id = i.id
    WHERE i.plan_version_id IS NOT NULL {where} GROUP BY 1
""".replace("{combined}", COMBINED)
"""How many facts invoices, credit notes and lives of plans hold of agreements, beyond agreed lines at their price.

`where` narrows by the agreement and the entity of `i`.
"""
_LINES = """
SELECT m.agreement_id, i.id, i.number, i.kind, i.issued_on, m.discount_total, l.id, l.line_no, l.line_id, l.net_amount,
    l.discount_share, l.component, COALESCE(lower(l.period), l.period_start), upper(l.period),
    COALESCE(p.kind, 'service'), c.subscription_id, c.component, c.starts_on, c.ends_on, c.early, o.issued_on,
    t.id, t.issued_on, i.currency
FROM (SELECT id, agreement_id, discount_total, NULL::uuid AS part FROM invoices WHERE agreement_id = ANY(%(ids)s)
    UNION ALL SELECT invoice_id, agreement_id, discount_total, agreement_id FROM invoice_agreements
    WHERE agreement_id = ANY(%(ids)s)) m
JOIN invoices i ON i.id = m.id
JOIN invoice_lines l ON l.invoice_id = i.id AND (m.part IS NULL OR l.agreement_id = m.part)
LEFT JOIN products p ON p.id = l.product_id
LEFT JOIN subscription_charges c ON c.invoice_line_id = l.id
LEFT JOIN subscription_charges a ON a.id = c.against_id LEFT JOIN invoice_lines al ON al.id = a.invoice_line_id
LEFT JOIN invoices o ON o.id = al.invoice_id
LEFT JOIN invoice_deductions d ON d.deducted_id = i.id AND NOT d.released LEFT JOIN invoices t ON t.id = d.invoice_id
WHERE i.status <> 'draft' AND (%(all)s OR l.line_id IS NULL OR m.discount_total <> 0)
ORDER BY i.id, l.line_no
"""
_CREDITED = """
SELECT c.id, c.number, c.cause, c.issued_on, k.invoice_line_id, k.net_amount, k.discount_amount, i.currency
FROM (SELECT id FROM invoices WHERE agreement_id = ANY(%(ids)s)
    UNION SELECT invoice_id FROM invoice_agreements WHERE agreement_id = ANY(%(ids)s)) m
JOIN invoices i ON i.id = m.id
JOIN credit_notes c ON c.invoice_id = i.id JOIN credit_note_lines k ON k.credit_note_id = c.id
WHERE c.status = 'issued' AND (%(all)s OR k.line_id IS NULL OR k.discount_amount <> 0)
ORDER BY c.id, k.line_no
"""
_GIVEN_BACK = """
SELECT c.credit_note_id, a.invoice_line_id, c.amount, c.subscription_id, c.component, c.starts_on, c.ends_on, c.early,
    i.issued_on
FROM subscriptions s JOIN subscription_charges c ON c.subscription_id = s.id AND c.credit_note_id IS NOT NULL
JOIN subscription_charges a ON a.id = c.against_id JOIN invoice_lines l ON l.id = a.invoice_line_id
JOIN invoices i ON i.id = l.invoice_id
WHERE s.agreement_id = ANY(%s) AND s.plan_version_id IS NOT NULL ORDER BY c.id
"""


_IN_ARREARS = """
SELECT s.id, s.agreement_id, s.entity_id FROM subscriptions s
WHERE s.agreement_id = ANY(%s) AND s.plan_version_id IS NOT NULL AND EXISTS (
    SELECT FROM subscription_facts f JOIN plan_versions v ON v.id = (f.content->>'plan_id')::uuid
    WHERE f.subscription_id = s.id AND v.terms->>'timing' = 'arrears'
)
"""


def in_arrears(agreement_ids: Iterable[UUID]) -> dict[UUID, list[InArrears]]:
    """The subscriptions of agreements that a plan ever billed in arrears, with what was posted of them."""
    rows = sql.fetch(_IN_ARREARS, (list(agreement_ids),))
    if not rows:
        return {}
    wanted = {row[0] for row in rows}
    conventions = conventions_of(row[2] for row in rows)
    entity_of = {row[1]: row[2] for row in rows}
    posted = posted_charges(wanted)
    return {
        key: [InArrears(one, posted.get(one.id, ()), conventions[entity_of[key]]) for one in found if one.id in wanted]
        for key, found in plan_subscriptions(entity_of).items()
    }


def billed(agreement_ids: Iterable[UUID]) -> Billed:
    """The promises that invoices of agreements made, and what coupons took off their agreed lines."""
    wanted = list(agreement_ids)
    if not wanted:
        return Billed({}, {})
    rows, credited, digits = billed_lines(wanted, every=False)
    given_back = [GivenBack(row[0], row[1], row[2], ChargedFor(*row[3:9])) for row in sql.fetch(_GIVEN_BACK, (wanted,))]
    return billed_of(rows, credited, given_back, digits)


def billed_lines(
    agreement_ids: Iterable[UUID], *, every: bool
) -> tuple[list[BilledRow], list[CreditedRow], dict[UUID, int]]:
    """The lines of issued invoices and credit notes of agreements, with the decimals of each agreement.

    Unless `every` is asked for, those that bill agreed lines at their price are left out.
    """
    asked = {"ids": list(agreement_ids), "all": every}
    found = sql.fetch(_LINES, asked)
    digits = {row[0]: minor_units(row[-1]) for row in found}
    credited = [
        CreditedRow(*row[:5], *(round_to(amount, minor_units(row[7])) for amount in row[5:7]))
        for row in sql.fetch(_CREDITED, asked)
    ]
    return [_row(row, digits[row[0]]) for row in found], credited, digits


def _row(row: tuple[Any, ...], digits: int) -> BilledRow:
    charged_for = ChargedFor(*row[15:21]) if row[15] is not None else None
    values = [*row[:15], charged_for, *row[21:23]]
    values[5], values[9] = round_to(row[5], digits), round_to(row[9], digits)
    return BilledRow(*values)
