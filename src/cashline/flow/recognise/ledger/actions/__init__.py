"""Writing the books: opening, posting, closing periods, and keeping the sums of the journal.

`post` is the one way into the journal. The hand-offs turn events into facts, and the table of posting rules turns facts
into entries; they run in the transaction of the event, so that the books never lag behind the documents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.ledger.queries import facts as sources
from cashline.flow.recognise.ledger.queries.books import (
    Books,
    books,
    held_balances,
    period_for_update,
    shut_periods,
)
from cashline.flow.recognise.ledger.rules.accounts import CHART, AccountRole, Book
from cashline.flow.recognise.ledger.rules.entries import PlannedEntry
from cashline.flow.recognise.ledger.rules.events import credit_fact, invoice_fact, payment_fact, shipment_fact
from cashline.flow.recognise.ledger.rules.periods import PERIOD, Area, PeriodStatus, check_calendar, dated
from cashline.flow.recognise.ledger.rules.posting import POSTING, Fact, Held, PostingRule, held_keys, plan_entry
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.identifiers import new_id, new_ids
from cashline.platform import sql
from cashline.platform.company.queries import fiscal_calendars
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, Handoff, ObjectRef

_ENTRY_COLUMNS = (
    "id entity_id book currency day belongs_on source_type source_id rule text line_count posted_at".split()  # noqa: SIM905
)
_LINE_COLUMNS = (
    "entry_id line_no account_id amount functional_amount day customer_id agreement_id document_id".split()  # noqa: SIM905
)


@transaction.atomic
def open_books(*, entity_id: UUID, now: datetime, actor: str) -> None:
    """Give an entity the chart of accounts that posting needs; accounts that it has stay as they are."""
    added = sql.execute(
        "INSERT INTO accounts (id, entity_id, code, name, type, role) SELECT t.id, %s, t.code, t.name, t.type, t.role "
        "FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[]) AS t(id, code, name, type, role) "
        "ON CONFLICT (entity_id, role) DO NOTHING",
        (
            entity_id,
            [new_id() for _ in CHART],
            [template.code for template in CHART],
            [template.name for template in CHART],
            [template.type.value for template in CHART],
            [template.role.value for template in CHART],
        ),
    )
    if added:
        record([Event("BooksOpened", (ObjectRef("entity", entity_id),), {"accounts": added})], now=now, actor=actor)


def open_or_find_books(entity_ids: Iterable[UUID], *, now: datetime, actor: str) -> dict[UUID, Books]:
    """The books of the entities; those that have none are opened. Their periods hold still until the commit."""
    found = books(entity_ids)
    missing = [key for key, one in found.items() if len(one.accounts) < len(AccountRole)]
    for key in missing:
        open_books(entity_id=key, now=now, actor=actor)
    return found | books(missing) if missing else found


@transaction.atomic(savepoint=False)
def post(
    entries: Sequence[PlannedEntry], *, now: datetime, actor: str = "system", known: Mapping[UUID, Books] | None = None
) -> list[UUID]:
    """Append entries and give their ids; each goes to its day, or from a closed period to the first open day.

    The database refuses a second entry of the same source, rule and book, and one that does not balance. `known` are
    books read earlier in this transaction.
    """
    if not entries:
        return []
    opened = known or open_or_find_books({entry.entity_id for entry in entries}, now=now, actor=actor)
    entry_rows, line_rows, ids = [], [], new_ids(len(entries))
    book = Book.IFRS.value
    closed = {(key, rule): opened[key].closed_for(rule) for key, rule in {(e.entity_id, e.rule) for e in entries}}
    for key, planned in zip(ids, entries, strict=True):
        one = opened[planned.entity_id]
        entry = dated(planned, closed[planned.entity_id, planned.rule])
        day, accounts, line_no = entry.day, one.accounts, 0
        for line in entry.lines:
            line_no += 1
            line_rows.append(
                (
                    key,
                    line_no,
                    accounts[line.role],
                    line.amount,
                    line.functional,
                    day,
                    line.customer_id,
                    line.agreement_id,
                    line.document_id,
                )
            )
        entry_rows.append(
            (
                key,
                entry.entity_id,
                book,
                entry.currency,
                day,
                entry.belongs_on,
                entry.source_type,
                entry.source_id,
                entry.rule,
                entry.text,
                line_no,
                now,
            )
        )
    sql.insert("journal_entries", _ENTRY_COLUMNS, entry_rows)
    sql.insert("journal_lines", _LINE_COLUMNS, line_rows)
    return ids


def plan_entries(rule: PostingRule, facts: Sequence[Fact], opened: Mapping[UUID, Books]) -> list[PlannedEntry]:
    """The entries of facts; balances in foreign currency are read first, with their agreements held still."""
    foreign = [fact for fact in facts if fact.currency != opened[fact.entity_id].currency]
    held: Held = {}
    if foreign:
        keys = {key for fact in foreign for key in held_keys(rule, fact)}
        agreements = sorted(key for role, key in keys if role is AccountRole.CONTRACT_POSITION)
        if agreements:
            sql.execute("SELECT FROM agreements WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (agreements,))
        held = held_balances(keys)
    found: list[PlannedEntry] = []
    for fact in facts:
        one = opened[fact.entity_id]
        entry = plan_entry(rule, fact, currency=one.currency, digits=one.digits, held=held)
        if entry is not None:
            found.append(entry)
    return found


@transaction.atomic(savepoint=False)
def post_facts(event_type: str, facts: Sequence[Fact], *, now: datetime, actor: str) -> None:
    """Post the facts of an event by the rule of its type."""
    if not facts:
        return
    opened = open_or_find_books({fact.entity_id for fact in facts}, now=now, actor=actor)
    post(plan_entries(POSTING[event_type], facts, opened), now=now, known=opened)


type Read = Callable[[Sequence[Event]], list[Fact]]


def _handoff(event_type: str, read: Read) -> Handoff:
    """The hand-off that posts events of a type; `read` gives their facts."""

    def run(events: Sequence[Event], *, now: datetime, actor: str) -> None:
        post_facts(event_type, read(events), now=now, actor=actor)

    run.__name__ = run.__qualname__ = f"post_{POSTING[event_type].name}"
    run.__doc__ = f"Post {event_type} events."
    return run


def _subjects(read: Callable[[list[UUID]], list[Fact]]) -> Read:
    return lambda events: read([event.subject_id for event in events])


def _named(name: str, read: Callable[[list[UUID]], list[Fact]]) -> Read:
    return lambda events: read([UUID(event.data[name]) for event in events])


post_receipts = _handoff("StockReceived", _named("move_id", sources.stock_facts))
post_adjustments = _handoff("StockAdjusted", _named("move_id", sources.stock_facts))
post_shipments = _handoff("ShipmentShipped", lambda events: [shipment_fact(event) for event in events])
post_invoices = _handoff("InvoiceIssued", lambda events: [invoice_fact(event) for event in events])
post_credit_notes = _handoff("CreditNoteIssued", _subjects(sources.credit_note_facts))
post_payments = _handoff("PaymentReceived", lambda events: [payment_fact(event) for event in events])
post_allocations = _handoff("PaymentAllocated", _named("allocation_id", sources.allocation_facts))
post_unallocations = _handoff("PaymentUnallocated", _named("allocation_id", sources.allocation_facts))


def post_credits(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Post movements of credits: granted, applied, refunded, expired. All events are of one type."""
    post_facts(events[0].type, [credit_fact(event) for event in events], now=now, actor=actor)


def post_refunds(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Post what left a payment or came back to it: refunds, chargebacks, reversals. All events are of one type."""
    facts = sources.refund_facts([UUID(event.data["refund_id"]) for event in events])
    post_facts(events[0].type, facts, now=now, actor=actor)


@transaction.atomic
def close_period(
    *,
    entity_id: UUID,
    month: date,
    now: datetime,
    actor: str,
    reason: str = "",
    area: Area = Area.ALL,
    soft: bool = False,
) -> FiscalPeriod:
    """Close the month or fiscal period that holds the day `month`, for one area of the books or for all.

    What comes late goes to the first open day. A `soft` close keeps documents out and still takes what the close posts.
    Gives the period.
    """
    period, row = period_for_update(entity_id, month, area)
    verb, kind = ("soft_close", "PeriodSoftClosed") if soft else ("close", "PeriodClosed")
    target = PERIOD.target(verb, row.status if row else PeriodStatus.OPEN, document_id=period.code)
    sql.execute(
        "INSERT INTO accounting_periods (id, entity_id, starts_on, ends_on, area, status, closed_at, closed_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (entity_id, starts_on, ends_on, area) DO UPDATE "
        "SET status = EXCLUDED.status, closed_at = EXCLUDED.closed_at, closed_by = EXCLUDED.closed_by",
        (new_id(), entity_id, period.start, period.end, area.value, target.value, now, actor),
    )
    _record_period(kind, entity_id, period, area, reason, now=now, actor=actor)
    return period


@transaction.atomic
def reopen_period(
    *, entity_id: UUID, month: date, reason: str, now: datetime, actor: str, area: Area = Area.ALL
) -> FiscalPeriod:
    """Open a closed or soft-closed period again; the reason is kept. What was posted meanwhile stays where it is."""
    period, row = period_for_update(entity_id, month, area)
    target = PERIOD.target("reopen", row.status if row else PeriodStatus.OPEN, document_id=period.code)
    sql.execute(
        "UPDATE accounting_periods SET status = %s, closed_at = NULL, closed_by = '' WHERE id = %s",
        (target.value, row.id if row else None),
    )
    _record_period("PeriodReopened", entity_id, period, area, reason, now=now, actor=actor)
    return period


def _record_period(
    kind: str, entity_id: UUID, period: FiscalPeriod, area: Area, reason: str, *, now: datetime, actor: str
) -> None:
    data = {"month": period.start.isoformat(), "period": period.code, "area": area.value}
    record([Event(kind, (ObjectRef("entity", entity_id),), data, reason)], now=now, actor=actor)


def keep_closed_periods(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Refuse another fiscal calendar that would cut a period that is closed. Raises ClosedPeriodCut."""
    keys = [event.subject_id for event in events]
    calendars = fiscal_calendars(keys)
    for key, shut in shut_periods(keys).items():
        check_calendar(calendars[key], shut)


_DAILY = """
INSERT INTO daily_balances AS b
    (account_id, day, currency, rule, debit, credit, functional_debit, functional_credit)
SELECT l.account_id, l.day, e.currency, e.rule, sum(greatest(l.amount, 0)), sum(greatest(-l.amount, 0)),
    sum(greatest(l.functional_amount, 0)), sum(greatest(-l.functional_amount, 0))
FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id
WHERE e.transaction > %(after)s AND e.transaction <= %(bound)s GROUP BY 1, 2, 3, 4
ON CONFLICT (account_id, day, currency, rule) DO UPDATE SET debit = b.debit + EXCLUDED.debit,
    credit = b.credit + EXCLUDED.credit, functional_debit = b.functional_debit + EXCLUDED.functional_debit,
    functional_credit = b.functional_credit + EXCLUDED.functional_credit
"""
_POSITIONS = """
INSERT INTO contract_positions AS p (agreement_id, entity_id, currency, billed, recognised, functional_amount)
SELECT l.agreement_id, e.entity_id, e.currency, -sum(CASE WHEN e.rule = 'revenue' THEN 0 ELSE l.amount END),
    sum(CASE WHEN e.rule = 'revenue' THEN l.amount ELSE 0 END), sum(l.functional_amount)
FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id AND l.agreement_id IS NOT NULL
JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position'
WHERE e.transaction > %(after)s AND e.transaction <= %(bound)s GROUP BY 1, 2, 3
ON CONFLICT (agreement_id) DO UPDATE SET billed = p.billed + EXCLUDED.billed,
    recognised = p.recognised + EXCLUDED.recognised,
    functional_amount = p.functional_amount + EXCLUDED.functional_amount
"""


@transaction.atomic
def summarise_journal() -> int:
    """Sum what was posted since the last time; gives the transaction up to which the sums now reach.

    Only transactions older than every running one are taken, so that no entry can appear behind the sums.
    """
    row = sql.fetch_one("SELECT up_to_transaction FROM journal_summary FOR UPDATE")
    after = int(row[0]) if row else 0
    newest = sql.fetch_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")
    bound = int(newest[0]) if newest else after
    if bound <= after:
        return after
    sql.execute(_DAILY, {"after": after, "bound": bound})
    sql.execute(_POSITIONS, {"after": after, "bound": bound})
    sql.execute("UPDATE journal_summary SET up_to_transaction = %s", (bound,))
    return bound
