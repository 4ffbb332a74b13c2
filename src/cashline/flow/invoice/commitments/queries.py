"""Reading commitments, and what was billed and credited in their terms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.customers.queries.finding import search
from cashline.flow.invoice.commitments.rules import WATCHED_DAYS, CommitmentStatus, Drawn, Term, TrueUpLine
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class CommitmentRow:
    """A commitment with its customer; `ends_on` is the first day after its term."""

    id: UUID
    entity_id: UUID
    entity_code: str
    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    name: str
    amount: Decimal
    starts_on: date
    ends_on: date
    plans: list[str]
    tax_category: str
    status: str
    created_at: datetime


_COLUMNS = (
    "k.id, k.entity_id, e.code, k.customer_id, c.number, c.name, k.currency, k.name, k.amount, lower(k.term), "
    "upper(k.term), k.plans, k.tax_category, k.status, k.created_at"
)
_SOURCE = "commitments k JOIN customers c ON c.id = k.customer_id JOIN legal_entities e ON e.id = k.entity_id"


def _row(*row: Any) -> CommitmentRow:
    found = CommitmentRow(*row)
    return replace(found, amount=round_to(found.amount, minor_units(found.currency)))


def commitments_by_id(ids: Iterable[UUID], *, for_update: bool = False) -> dict[UUID, CommitmentRow]:
    """The commitments with those ids; `for_update` locks them in key order until the commit."""
    lock = " FOR NO KEY UPDATE OF k" if for_update else ""
    rows = sql.fetch(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE k.id = ANY(%s) ORDER BY k.id{lock}", (list(set(ids)),))
    return {row[0]: _row(*row) for row in rows}


def commitment(commitment_id: UUID, *, for_update: bool = False) -> CommitmentRow:
    """One commitment; raises NotFound."""
    found = commitments_by_id([commitment_id], for_update=for_update).get(commitment_id)
    if found is None:
        raise NotFound(f"There is no commitment {commitment_id}.", field="commitment_id")
    return found


def terms_of(customer_ids: Iterable[UUID]) -> list[Term]:
    """The active commitments of customers, as new ones are compared with them."""
    rows = sql.fetch(
        "SELECT entity_id, customer_id, currency, name, lower(term), upper(term), plans FROM commitments "
        "WHERE customer_id = ANY(%s) AND status = 'active' ORDER BY id",
        (list(set(customer_ids)),),
    )
    return [Term._make((*row[:6], frozenset(row[6]))) for row in rows]


def over_on(today: date) -> list[UUID]:
    """The active commitments that are over by a day, and not for long."""
    return sql.ids(
        sql.fetch(
            "SELECT id FROM commitments WHERE status = 'active' AND upper(term) <= %s AND upper(term) > %s ORDER BY id",
            (today, today - timedelta(days=WATCHED_DAYS)),
        )
    )


_BILLED = """
SELECT k.id, l.period_start AS day, l.net_amount - l.discount_share - coalesce(x.net, 0) AS net
FROM commitments k JOIN invoices i ON i.customer_id = k.customer_id AND i.entity_id = k.entity_id
    AND i.currency = k.currency AND i.number IS NOT NULL AND i.kind = 'standard'
JOIN invoice_lines l ON l.invoice_id = i.id AND k.term @> l.period_start AND l.component <> 'deduction'
    AND (cardinality(k.plans) = 0 OR l.plan = ANY(k.plans))
LEFT JOIN LATERAL (SELECT sum(n.net_amount - n.discount_amount) AS net FROM credit_note_lines n
    WHERE n.invoice_line_id = l.id) x ON true
WHERE k.id = ANY(%s) AND NOT EXISTS (SELECT FROM commitments o WHERE o.id = l.source_id)
"""
"""What each line in the term of a commitment is worth to it, by the day on which its period or delivery begins."""
_TRUED_UP = """
SELECT l.source_id, l.invoice_id, l.id, l.revision, l.net_amount - coalesce(c.credited, 0), coalesce(c.waived, 0)
FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id AND i.number IS NOT NULL
LEFT JOIN LATERAL (SELECT sum(x.net_amount) AS credited,
    sum(x.net_amount) FILTER (WHERE n.cause = 'concession') AS waived FROM credit_note_lines x
    JOIN credit_notes n ON n.id = x.credit_note_id WHERE x.invoice_line_id = l.id) c ON true
WHERE (l.source_id, l.period_start) IN (SELECT id, lower(term) FROM commitments WHERE id = ANY(%s))
ORDER BY l.source_id, l.revision
"""


def drawn_of(rows: Sequence[CommitmentRow]) -> list[Drawn]:
    """What was billed in the term of each commitment, less coupons and credits, and what was trued up."""
    ids = [row.id for row in rows]
    sums = dict(sql.fetch(f"SELECT id, sum(net) FROM ({_BILLED}) AS billed GROUP BY 1", (ids,)))
    trued_up: dict[UUID, list[TrueUpLine]] = {}
    for key, *line in sql.fetch(_TRUED_UP, (ids,)):
        trued_up.setdefault(key, []).append(TrueUpLine._make(line))
    found = []
    for row in rows:
        digits = minor_units(row.currency)
        lines = [
            one._replace(left=round_to(one.left, digits), waived=round_to(one.waived, digits))
            for one in trued_up.get(row.id, ())
        ]
        drawn = round_to(sums.get(row.id, Decimal(0)), digits)
        found.append(
            Drawn(
                row.id, row.entity_id, row.customer_id, row.currency, row.name, row.amount, row.starts_on, row.ends_on,
                row.tax_category, drawn, lines,
            )
        )  # fmt: skip
    return found


def drawn_by_month(row: CommitmentRow) -> list[tuple[date, Decimal]]:
    """What was drawn in each month of the term in which something was, the first first."""
    digits = minor_units(row.currency)
    return [
        (month, round_to(net, digits))
        for month, net in sql.fetch(
            f"SELECT date_trunc('month', day)::date, sum(net) FROM ({_BILLED}) AS billed GROUP BY 1 ORDER BY 1",
            ([row.id],),
        )
    ]


def list_commitments(
    ask: lists.Ask,
    *,
    entity_ids: Sequence[UUID] | None = None,
    customer_id: UUID | None = None,
    statuses: Sequence[CommitmentStatus | str] = (),
    words: str = "",
) -> Page[CommitmentRow]:
    """One page of commitments, the newest first."""
    conditions = lists.Conditions()
    conditions.among("k.entity_id", entity_ids, "uuid")
    conditions.among("k.status", [str(status) for status in statuses])
    search(conditions, words, customer="k.customer_id", own=lambda _word: None, sort=ask.sort)
    conditions.given("k.customer_id = %s", customer_id)
    return lists.page(
        _row,
        columns=_COLUMNS,
        source=_SOURCE,
        key="k.id",
        sorts={"ends_on": "upper(k.term)", "amount": "k.amount"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )
