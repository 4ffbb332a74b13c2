"""Reading bills that wait: how entities let runs post, what is on file, and what is compared with what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.invoice.billing.rules.waiting import BillingPolicy, PastBill, Waiting, WaitingStatus
from cashline.flow.invoice.invoices.queries.statements import amount
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

OPEN = [WaitingStatus.WAITING.value, WaitingStatus.REFUSED.value]


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A bill that waits, with whom it concerns. `lines` are those of the last plan."""

    id: UUID
    agreement_id: UUID
    agreement_number: str
    customer_id: UUID
    customer_name: str
    customer_number: str
    entity_id: UUID
    bill_run_id: UUID | None
    bill_run_number: str | None
    cause: str
    status: str
    words: str
    as_of: date
    until: date | None
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    credited: Decimal
    usual: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    lines: Sequence[dict[str, Any]]
    created_at: datetime
    changed_at: datetime
    decided_by: str
    decision_reason: str
    invoice_id: UUID | None
    invoice_number: str | None


def policies_of(entity_ids: Iterable[UUID]) -> dict[UUID, BillingPolicy]:
    """How entities let their runs post; one without a policy is left out, and posts freely."""
    rows = sql.fetch(
        "SELECT entity_id, gated, bills, least, deviations, tolerance, first_limit, grace_days, approval "
        "FROM billing_policies WHERE entity_id = ANY(%s)",
        (list(entity_ids),),
    )
    return {row[0]: BillingPolicy(*row[1:]) for row in rows}


def entities_that_approve() -> list[UUID]:
    """The legal entities whose runs are approved before they post."""
    return sql.ids(sql.fetch("SELECT entity_id FROM billing_policies WHERE approval ORDER BY entity_id"))


def waiting_of(agreement_ids: Iterable[UUID]) -> dict[UUID, Waiting]:
    """The bills of agreements that wait, or were refused, by agreement."""
    rows = sql.fetch(
        "SELECT id, agreement_id, cause, status, words, net, credited, until FROM waiting_bills "
        "WHERE agreement_id = ANY(%s) AND status = ANY(%s)",
        (list(agreement_ids), OPEN),
    )
    return {row[1]: Waiting(*row) for row in rows}


def words_that_hold(subscription_id: UUID) -> str:
    """Why bills of the agreement of a subscription wait; empty where none does."""
    row = sql.fetch_one(
        "SELECT w.words FROM waiting_bills w JOIN subscriptions s ON s.agreement_id = w.agreement_id "
        "WHERE s.id = %s AND w.status = ANY(%s)",
        (subscription_id, OPEN),
    )
    return str(row[0]) if row else ""


def past_bills(wanted: Sequence[tuple[UUID, int]], most: int, *, of_runs: bool) -> dict[UUID, list[PastBill]]:
    """The last issued bills of agreements whose longest period is about as long as the days named, the newest first.

    `of_runs` leaves out what an event or a person billed between the runs. One query; of each agreement no more bills
    are read than it takes to find `most`.
    """
    found: dict[UUID, list[PastBill]] = {}
    if not wanted:
        return found
    keys, days = zip(*wanted, strict=True)
    for agreement_id, net, long, currency in sql.fetch(
        "SELECT a.id, h.net_total, h.days, h.currency "
        "FROM unnest(%s::uuid[], %s::int[]) AS a(id, days) CROSS JOIN LATERAL ("
        "SELECT sum(b.net_total) AS net_total, min(i.currency) AS currency, max(d.days) AS days FROM ("
        "SELECT v.id, v.net_total FROM invoices v WHERE v.agreement_id = a.id UNION ALL "
        "SELECT s.invoice_id, s.net_total FROM invoice_agreements s WHERE s.agreement_id = a.id) b "
        "JOIN invoices i ON i.id = b.id CROSS JOIN LATERAL ("
        "SELECT coalesce(max(upper(l.period) - lower(l.period)), 0) AS days FROM invoice_lines l "
        "WHERE l.invoice_id = i.id AND (l.agreement_id IS NULL OR l.agreement_id = a.id)) d "
        "WHERE i.status = 'issued' AND i.kind = 'standard' "
        "AND (i.bill_run_id IS NOT NULL OR NOT %s) AND 4 * d.days >= 3 * a.days AND 3 * d.days <= 4 * a.days "
        "GROUP BY coalesce(i.bill_run_id, i.id) ORDER BY max(i.created_at) DESC, min(i.number) DESC LIMIT %s) h",
        (sql.uuids(keys), list(days), of_runs, most),
    ):
        found.setdefault(agreement_id, []).append(PastBill(amount(net, currency), long))
    return found


_COLUMNS = (
    "w.id, w.agreement_id, a.number, w.customer_id, c.name, c.number, w.entity_id, w.bill_run_id, r.number, w.cause, "
    "w.status, w.words, w.as_of, w.until, w.currency, w.net, w.tax, w.gross, w.credited, w.usual, w.lower, w.upper, "
    "w.lines, w.created_at, w.changed_at, w.decided_by, w.decision_reason, w.invoice_id, i.number"
)
_SOURCE = (
    "waiting_bills w JOIN agreements a ON a.id = w.agreement_id JOIN customers c ON c.id = w.customer_id "
    "LEFT JOIN bill_runs r ON r.id = w.bill_run_id LEFT JOIN invoices i ON i.id = w.invoice_id"
)
SORTS = {"net": "w.net", "changed_at": "w.changed_at", "until": "w.until"}


def waiting_bill(waiting_id: UUID, *, for_update: bool = False) -> WaitingRow:
    """One bill that waits or waited; raises NotFound."""
    lock = " FOR NO KEY UPDATE OF w" if for_update else ""
    row = sql.fetch_one(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE w.id = %s{lock}", (waiting_id,))
    if row is None:
        raise NotFound(f"There is no bill {waiting_id} that waits.", field="waiting_bill_id")
    return WaitingRow(*row)


def count_waiting(entity_ids: Sequence[UUID] | None = None) -> int:
    """How many bills wait for a person: those held, and not those in their grace window."""
    conditions = lists.Conditions()
    conditions.add("w.status = 'waiting' AND w.cause <> 'grace'")
    conditions.among("w.entity_id", entity_ids, "uuid")
    row = sql.fetch_one(
        f"SELECT count(*) FROM waiting_bills w WHERE {' AND '.join(conditions.texts)}", conditions.params
    )
    return int(row[0]) if row else 0


def list_waiting(
    ask: lists.Ask,
    *,
    statuses: Sequence[str] = (),
    causes: Sequence[str] = (),
    entity_ids: Sequence[UUID] | None = None,
    run_id: UUID | None = None,
) -> Page[WaitingRow]:
    """One page of bills that wait, the newest first."""
    conditions = lists.Conditions()
    conditions.among("w.status", statuses)
    conditions.among("w.cause", causes)
    conditions.among("w.entity_id", entity_ids, "uuid")
    conditions.given("w.bill_run_id = %s", run_id)
    return lists.page(
        WaitingRow,
        columns=_COLUMNS,
        source=_SOURCE,
        key="w.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def unreversed(run_id: UUID, *, after: UUID | None, limit: int) -> list[tuple[UUID, list[UUID], UUID]]:
    """The next invoices of a run that are not void: id, agreements and legal entity, by id."""
    rows = sql.fetch(
        "SELECT i.id, CASE WHEN i.agreement_id IS NOT NULL THEN ARRAY[i.agreement_id] ELSE ARRAY("
        "SELECT s.agreement_id FROM invoice_agreements s WHERE s.invoice_id = i.id ORDER BY s.agreement_id) END, "
        "i.entity_id FROM invoices i WHERE i.bill_run_id = %s AND i.status = 'issued' "
        "AND (%s::uuid IS NULL OR i.id > %s) ORDER BY i.id LIMIT %s",
        (run_id, after, after, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]
