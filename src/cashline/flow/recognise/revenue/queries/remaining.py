"""Reading what remains: the price of promises that are not satisfied yet, over agreements and arrangements."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.platform import sql


class Remaining(NamedTuple):
    """What remains of the contracts of an entity in a currency; `source` is agreement or arrangement."""

    source: str
    currency: str
    contracts: int
    amount: Decimal


_REMAINING = """
SELECT 'agreement', a.currency, count(DISTINCT a.id), sum(p.amount) FROM (
    SELECT o.agreement_id, o.allocated_price - COALESCE(r.amount, 0) AS amount FROM (
        SELECT DISTINCT ON (line_id) line_id, agreement_id, allocated_price, open_ended FROM obligations
        WHERE agreement_id IN (SELECT id FROM agreements WHERE entity_id = %(entity)s)
        ORDER BY line_id, version DESC
    ) o LEFT JOIN (
        SELECT line_id, sum(amount) AS amount FROM revenue_postings
        WHERE agreement_id IN (SELECT id FROM agreements WHERE entity_id = %(entity)s) GROUP BY 1
    ) r USING (line_id) WHERE NOT o.open_ended
    UNION ALL
    SELECT l.agreement_id, l.net_total FROM agreement_lines l JOIN agreements b ON b.id = l.agreement_id
    WHERE b.entity_id = %(entity)s AND b.status = 'active' AND upper_inf(l.valid)
        AND (l.interval_months = 0 OR l.term_months > 0)
        AND NOT EXISTS (SELECT FROM obligations o WHERE o.line_id = l.line_id)
) p JOIN agreements a ON a.id = p.agreement_id WHERE p.amount <> 0 GROUP BY 2
UNION ALL
SELECT 'arrangement', currency, count(*), sum(remaining) FROM revenue_arrangements
WHERE entity_id = %(entity)s AND remaining <> 0 GROUP BY 2 ORDER BY 1, 2
"""


def remaining_of(entity_id: UUID) -> list[Remaining]:
    """The price allocated to what is not satisfied yet (606-10-50-13), as last run.

    Of active agreements that were never run it is all of their price. Services without end are promised interval by
    interval and are not among it (606-10-50-14).
    """
    return [Remaining(*row) for row in sql.fetch(_REMAINING, {"entity": entity_id})]
