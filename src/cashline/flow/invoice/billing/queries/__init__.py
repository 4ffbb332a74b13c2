"""Reading billing: which agreements are due, what was posted of their lines, and runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.billing.queries.waiting import policies_of
from cashline.flow.invoice.billing.rules.agreements import DueAgreement
from cashline.flow.invoice.billing.rules.differences import PostedLine
from cashline.flow.invoice.billing.rules.grouping import COMBINING, GroupBy
from cashline.flow.invoice.billing.rules.lifecycle import AT_WORK, UNFINISHED, BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import Manifest
from cashline.flow.invoice.invoices.queries.statements import amount
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class Scope:
    """Which agreements a run looks at: all that are due, or those of an entity, of customers, or named ones."""

    as_of: date
    entity_id: UUID | None = None
    customer_ids: tuple[UUID, ...] | None = None
    agreement_ids: tuple[UUID, ...] | None = None

    def conditions(self) -> lists.Conditions:
        """The WHERE of what is due."""
        found = lists.Conditions()
        found.add("s.due_on <= %s", self.as_of)
        if self.entity_id is not None:
            found.add("s.entity_id = %s", self.entity_id)
        found.among("s.customer_id", self.customer_ids, "uuid")
        found.among("s.agreement_id", self.agreement_ids, "uuid")
        return found


@dataclass(frozen=True, slots=True)
class BillRunRow:
    """A bill run with its manifest."""

    id: UUID
    number: str
    entity_id: UUID | None
    as_of: date
    status: str
    manifest: Manifest
    customer_ids: tuple[UUID, ...] | None
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    proposal: Manifest | None = None
    approved_by: str = ""
    reversal_reason: str = ""
    reversal: Manifest | None = None


def due_agreements(
    scope: Scope,
    *,
    now: datetime,
    after: tuple[UUID, UUID] | None,
    limit: int,
    for_update: bool,
    first: tuple[UUID, UUID] | None = None,
) -> list[DueAgreement]:
    """The next agreements that are due, by customer and id: after one, or from `first` on.

    `for_update` locks them until the commit. Of a customer whose agreements are combined on invoices all are given,
    also beyond the limit.
    """
    conditions = scope.conditions()
    if after is not None:
        conditions.add("(s.customer_id, s.agreement_id) > (%s, %s)", *after)
    if first is not None:
        conditions.add("(s.customer_id, s.agreement_id) >= (%s, %s)", *first)
    lock = " FOR NO KEY UPDATE OF s" if for_update else ""
    rows = sql.fetch(
        "SELECT s.agreement_id, s.customer_id, s.entity_id, a.currency, s.settled_through, s.billed, s.plans, "
        "e.timezone, s.held, p.entity_id, g.group_by "
        "FROM billing_schedules s JOIN agreements a ON a.id = s.agreement_id "
        "JOIN legal_entities e ON e.id = s.entity_id LEFT JOIN billing_policies p ON p.entity_id = s.entity_id "
        "LEFT JOIN invoice_groupings g ON g.customer_id = s.customer_id "
        f"WHERE {' AND '.join(conditions.texts)} "
        f"ORDER BY s.customer_id, s.agreement_id LIMIT %s{lock}",
        [*conditions.params, limit],
    )
    days = {row[7]: local_day(now, row[7]) for row in rows}
    governed = {row[9] for row in rows if row[9] is not None}
    policies = policies_of(governed) if governed else {}
    found = [
        DueAgreement._make((*row[:6], days[row[7]], row[6], policies.get(row[2]), row[8], row[10] and GroupBy(row[10])))
        for row in rows
    ]
    if len(found) == limit and found[-1].group_by in COMBINING:
        last = found[-1]
        rest = replace(scope, customer_ids=(last.customer_id,))
        place = (last.customer_id, last.agreement_id)
        found += due_agreements(rest, now=now, after=place, limit=MOST_OF_A_CUSTOMER, for_update=for_update)
    return found


MOST_OF_A_CUSTOMER = 100_000
"""How many agreements of one customer are billed together at the most."""


def next_batch_for_update(
    scope: Scope, *, now: datetime, after: tuple[UUID, UUID] | None, limit: int
) -> list[DueAgreement]:  # fmt: skip
    """The agreements after those that other workers hold, locked until the commit.

    Workers ask one after the other, so that each gets a whole stretch; what a change holds inside of it is waited for,
    and where others hold all that is left, they are.
    """
    sql.execute("SELECT pg_advisory_lock(hashtext('cashline.next_batch'))")
    try:
        with transaction.atomic():
            conditions = scope.conditions()
            if after is not None:
                conditions.add("(s.customer_id, s.agreement_id) > (%s, %s)", *after)
            query = (
                f"SELECT s.customer_id, s.agreement_id FROM billing_schedules s WHERE {' AND '.join(conditions.texts)} "
                "ORDER BY s.customer_id, s.agreement_id LIMIT 1 FOR NO KEY UPDATE"
            )
            first = sql.fetch_one(f"{query} SKIP LOCKED", conditions.params) or sql.fetch_one(query, conditions.params)
            if first is None:
                return []
            return due_agreements(
                scope, now=now, after=after, limit=limit, for_update=True, first=(first[0], first[1])
            )  # fmt: skip
    finally:
        sql.execute("SELECT pg_advisory_unlock(hashtext('cashline.next_batch'))")


def count_due(
    scope: Scope, *, after: tuple[UUID, UUID] | None = None, up_to: tuple[UUID, UUID] | None = None
) -> int:  # fmt: skip
    """How many agreements are due: all, or those after one (customer, agreement) up to another."""
    conditions = scope.conditions()
    if after is not None:
        conditions.add("(s.customer_id, s.agreement_id) > (%s, %s)", *after)
    if up_to is not None:
        conditions.add("(s.customer_id, s.agreement_id) <= (%s, %s)", *up_to)
    row = sql.fetch_one(
        f"SELECT count(*) FROM billing_schedules s WHERE {' AND '.join(conditions.texts)}", conditions.params
    )
    return int(row[0]) if row else 0


def posted_lines(line_ids: Iterable[UUID]) -> dict[UUID, list[PostedLine]]:
    """What stands on issued invoices of agreement lines, and what was credited of it, by line."""
    found: dict[UUID, list[PostedLine]] = {}
    for *row, net, corrected, credited, gross, back, currency in sql.fetch(
        "SELECT l.id, l.invoice_id, l.line_id, l.source_id, l.period_start, upper(l.period), l.revision, l.net_amount, "
        "coalesce(c.corrected, 0), coalesce(c.credited, 0), l.gross_amount, coalesce(c.gross, 0), i.currency "
        "FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id "
        "LEFT JOIN LATERAL (SELECT sum(x.net_amount) AS credited, "
        "sum(x.net_amount) FILTER (WHERE n.cause <> 'concession') AS corrected, "
        "sum(x.gross_amount) FILTER (WHERE n.cause <> 'concession') AS gross FROM credit_note_lines x "
        "JOIN credit_notes n ON n.id = x.credit_note_id WHERE x.invoice_line_id = l.id) c ON true "
        "WHERE l.line_id = ANY(%s) AND i.number IS NOT NULL ORDER BY l.id",
        (list(line_ids),),
    ):
        sums = [None if value is None else amount(value, currency) for value in (net, corrected, credited, gross, back)]
        found.setdefault(row[2], []).append(PostedLine._make((*row, *sums)))
    return found


def units_of(product_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The unit code of products."""
    return dict(sql.fetch("SELECT id, unit FROM products WHERE id = ANY(%s)", (list(set(product_ids)),)))


_RUN = (
    "r.id, r.number, r.entity_id, r.as_of, r.status, r.manifest, r.started_at, r.ended_at, r.started_by, r.proposal, "
    "r.approved_by, r.reversal_reason, r.reversal"
)
SORTS = {"number": "r.number", "as_of": "r.as_of", "started_at": "r.started_at"}


def _run(*row: Any) -> BillRunRow:
    key, number, entity_id, as_of, status, content, started_at, ended_at, started_by = row[:9]
    proposal, approved_by, reversal_reason, reversal = row[9:]
    customers = content["customer_ids"]
    return BillRunRow(
        key,
        number,
        entity_id,
        as_of,
        status,
        Manifest.from_json(content["manifest"]),
        None if customers is None else tuple(UUID(text) for text in customers),
        started_at,
        ended_at,
        started_by,
        None if proposal is None else Manifest.from_json(proposal),
        approved_by,
        reversal_reason,
        None if reversal is None else Manifest.from_json(reversal),
    )


def bill_run(run_id: UUID) -> BillRunRow:
    """One run; raises NotFound."""
    row = sql.fetch_one(f"SELECT {_RUN} FROM bill_runs r WHERE r.id = %s", (run_id,))
    if row is None:
        raise NotFound(f"There is no bill run {run_id}.", field="bill_run_id")
    return _run(*row)


def bill_runs_by_number(numbers: Iterable[str]) -> dict[str, UUID]:
    """The ids of the runs with those numbers; an unknown number is left out."""
    return dict(sql.fetch("SELECT number, id FROM bill_runs WHERE number = ANY(%s)", (list(set(numbers)),)))


def bill_run_for_update(run_id: UUID) -> BillRunRow:
    """One run, locked until the commit; raises NotFound."""
    row = sql.fetch_one(f"SELECT {_RUN} FROM bill_runs r WHERE r.id = %s FOR NO KEY UPDATE", (run_id,))
    if row is None:
        raise NotFound(f"There is no bill run {run_id}.", field="bill_run_id")
    return _run(*row)


def unfinished_run(scope: Scope) -> BillRunRow | None:
    """The run of that scope that was begun and not completed, if there is one."""
    rows = sql.fetch(
        f"SELECT {_RUN} FROM bill_runs r WHERE r.status = ANY(%s) AND r.as_of = %s "
        "AND r.entity_id IS NOT DISTINCT FROM %s ORDER BY r.id",
        ([status.value for status in UNFINISHED], scope.as_of, scope.entity_id),
    )
    return next((run for run in (_run(*row) for row in rows) if run.customer_ids == scope.customer_ids), None)


def running_runs() -> list[BillRunRow]:
    """The runs that are to be worked on, oldest first."""
    rows = sql.fetch(
        f"SELECT {_RUN} FROM bill_runs r WHERE r.status = ANY(%s) ORDER BY r.id", ([one.value for one in AT_WORK],)
    )
    return [_run(*row) for row in rows]


def runs_in(statuses: Sequence[BillRunStatus], entity_id: UUID | None) -> list[BillRunRow]:
    """The runs of exactly that scope of legal entities in those statuses, oldest first, locked until the commit."""
    rows = sql.fetch(
        f"SELECT {_RUN} FROM bill_runs r WHERE r.status = ANY(%s) AND r.entity_id IS NOT DISTINCT FROM %s "
        "ORDER BY r.id FOR NO KEY UPDATE",
        ([status.value for status in statuses], entity_id),
    )
    return [_run(*row) for row in rows]


def list_bill_runs(
    ask: lists.Ask, *, statuses: Sequence[str] = (), entity_ids: Sequence[UUID] | None = None
) -> Page[BillRunRow]:
    """One page of runs; `entity_ids` None means all legal entities, and runs over all of them."""
    conditions = lists.Conditions()
    conditions.among("r.status", statuses)
    conditions.among("r.entity_id", entity_ids, "uuid")
    return lists.page(
        _run,
        columns=_RUN,
        source="bill_runs r",
        key="r.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )
