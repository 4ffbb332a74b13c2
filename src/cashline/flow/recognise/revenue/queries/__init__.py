"""Reading revenue: which contracts a run must look at, what it plans from, and what was recognised of each contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.invoice.credit_notes.rules import CreditCause
from cashline.flow.recognise.revenue.queries.billed import COUNTS, billed, in_arrears
from cashline.flow.recognise.revenue.rules.billed import Billed
from cashline.flow.recognise.revenue.rules.planning import Concession
from cashline.flow.recognise.revenue.rules.unbilled import InArrears
from cashline.kernel.fiscal import Slicer, calendar_of
from cashline.kernel.periods import month_of
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_FACTS = """
SELECT o.agreement_id, count(*) AS facts FROM orders o JOIN order_lines l ON l.order_id = o.id
    JOIN deliveries d ON d.line_id = l.line_id {where} GROUP BY 1
UNION ALL
SELECT o.agreement_id, count(*) FROM credit_note_lines k JOIN credit_notes c ON c.id = k.credit_note_id
    AND c.cause = %(concession)s JOIN order_lines l ON l.line_id = k.line_id JOIN orders o ON o.id = l.order_id
    {where} GROUP BY 1
UNION ALL
"""


def _facts(*, entity_id: UUID | None, agreement_ids: Sequence[UUID] | None) -> str:
    """The relation of how many facts there are of each agreement, in parts."""
    conditions = []
    if entity_id is not None:
        conditions.append("{of}.entity_id = %(entity)s")
    if agreement_ids is not None:
        conditions.append("{of}.agreement_id = ANY(%(ids)s::uuid[])")
    narrowed = " AND ".join(conditions)
    where = f"WHERE {narrowed.format(of='o')}" if conditions else ""
    return _FACTS.format(where=where) + COUNTS.format(where=f"AND {narrowed.format(of='i')}" if conditions else "")


def due_agreements(
    *, through: date, entity_id: UUID | None = None, agreement_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """The agreements with new facts, or with service still to be earned by that day; in key order."""
    facts = _facts(entity_id=entity_id, agreement_ids=agreement_ids)
    rows = sql.fetch(
        "SELECT f.agreement_id FROM (SELECT agreement_id, sum(facts) AS facts "
        f"FROM ({facts}) AS parts GROUP BY 1) AS f "
        "LEFT JOIN revenue_states s ON s.agreement_id = f.agreement_id WHERE s.agreement_id IS NULL "
        "OR s.facts <> f.facts OR (s.through < %(through)s AND (s.complete_on IS NULL OR s.complete_on > s.through)) "
        "ORDER BY 1",
        {
            "concession": CreditCause.CONCESSION.value,
            "entity": entity_id,
            "ids": sql.uuids(agreement_ids or ()),
            "through": through,
        },
    )
    return sql.ids(rows)


class LockedAgreement(NamedTuple):
    """An agreement whose revenue is being run; `through` is how far it was run before."""

    id: UUID
    number: str
    customer_id: UUID
    entity_id: UUID
    currency: str
    through: date | None
    priced: bool = False
    """Were stand-alone prices of the entity approved?"""
    calendar: dict[str, Any] = {}
    own_currency: str = ""
    """That of the entity."""

    @property
    def slicer(self) -> Slicer:
        """What is posted together: months, or their slices where the entity reports by periods of weeks."""
        return calendar_of(self.calendar).slice_of if self.calendar else month_of


def agreements_for_update(agreement_ids: Sequence[UUID]) -> dict[UUID, LockedAgreement]:
    """The agreements, locked in key order until the commit."""
    rows = sql.fetch(
        "SELECT a.id, a.number, a.customer_id, a.entity_id, a.currency, "
        "(SELECT s.through FROM revenue_states s WHERE s.agreement_id = a.id), "
        "EXISTS (SELECT FROM stand_alone_prices p JOIN price_studies t ON t.id = p.study_id "
        "WHERE t.entity_id = a.entity_id AND p.status = 'approved'), "
        "e.fiscal_calendar, e.currency FROM agreements a JOIN legal_entities e ON e.id = a.entity_id "
        "WHERE a.id = ANY(%s::uuid[]) ORDER BY a.id FOR NO KEY UPDATE OF a",
        (sql.uuids(agreement_ids),),
    )
    return {row[0]: LockedAgreement(*row) for row in rows}


@dataclass(slots=True)
class Facts:
    """What is known of contracts: deliveries and concessions by line, what was billed, and their count by agreement."""

    deliveries: dict[UUID, list[DeliveryFact]]
    concessions: dict[UUID, list[Concession]]
    billed: Billed
    arrears: dict[UUID, list[InArrears]]
    counts: dict[UUID, int]


def facts_of(agreement_ids: Sequence[UUID]) -> Facts:
    """All delivery facts and concessions of the agreements, deliveries in the order of their recording.

    What was billed is read where there is more of it than agreed lines at their price.
    """
    rows = sql.fetch(
        "SELECT o.agreement_id, d.id, d.line_id, d.order_line_id, d.kind, d.quantity, d.effective_on, d.source_id "
        "FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN deliveries d ON d.line_id = l.line_id "
        "WHERE o.agreement_id = ANY(%(ids)s::uuid[]) UNION ALL "
        "SELECT o.agreement_id, k.id, k.line_id, l.id, '', k.net_amount - k.discount_amount, c.issued_on, c.id "
        "FROM orders o "
        "JOIN order_lines l ON l.order_id = o.id JOIN credit_note_lines k ON k.line_id = l.line_id "
        "JOIN credit_notes c ON c.id = k.credit_note_id AND c.cause = %(concession)s "
        "WHERE o.agreement_id = ANY(%(ids)s::uuid[]) UNION ALL "
        "SELECT agreement_id, NULL, NULL, NULL, NULL, sum(facts), NULL, NULL FROM ("
        f"{COUNTS.format(where='AND i.agreement_id = ANY(%(ids)s::uuid[])')}) AS b GROUP BY 1 ORDER BY 2",
        {"ids": sql.uuids(agreement_ids), "concession": CreditCause.CONCESSION.value},
    )
    counted = {row[0]: int(row[5]) for row in rows if row[4] is None}
    found = Facts({}, {}, billed(counted), in_arrears(counted) if counted else {}, counted)
    for agreement_id, key, line_id, order_line_id, kind, quantity, day, source_id in rows:
        if kind is None:
            continue
        found.counts[agreement_id] = found.counts.get(agreement_id, 0) + 1
        if kind:
            fact = DeliveryFact(key, line_id, order_line_id, kind, quantity, day, source_id)
            found.deliveries.setdefault(line_id, []).append(fact)
        else:
            found.concessions.setdefault(line_id, []).append(Concession(line_id, day, quantity, key))
    return found


class Recorded(NamedTuple):
    """What a run finds of a line: the latest version of its obligation, and revenue by month with its last sequence."""

    version: int
    prices: tuple[Decimal, Decimal, Decimal] | None
    months: dict[date, tuple[Decimal, int]]


def recorded(agreement_ids: Sequence[UUID]) -> dict[UUID, Recorded]:
    """Obligations and revenue recorded so far, by line; a line without any is left out."""
    rows = sql.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (line_id) line_id, NULL::date, version, transaction_price, "
        "stand_alone_price, allocated_price FROM obligations WHERE agreement_id = ANY(%(ids)s::uuid[]) "
        "ORDER BY line_id, version DESC) AS latest UNION ALL "
        "SELECT line_id, month, max(sequence), sum(amount), NULL, NULL FROM revenue_postings "
        "WHERE agreement_id = ANY(%(ids)s::uuid[]) GROUP BY 1, 2",
        {"ids": sql.uuids(agreement_ids)},
    )
    found: dict[UUID, Recorded] = {}
    for line_id, month, number, first, alone, allocated in rows:
        if month is None:
            found[line_id] = Recorded(number, (first, alone, allocated), {})
    for line_id, month, number, amount, _, _ in rows:
        if month is not None:
            found.setdefault(line_id, Recorded(-1, None, {})).months[month] = (amount, number)
    return found


def in_slices(found: Mapping[UUID, Recorded], slicers: Mapping[UUID, Slicer]) -> dict[UUID, Recorded]:
    """What was recorded of the lines of agreements whose entity has a calendar of its own, by the slices of that.

    An amount counts for the slice in which its entry stands, also where it was posted by another calendar; where a
    closed period sent it to another, for the slice to which it belongs.
    """
    amounts: dict[UUID, dict[date, Decimal]] = {}
    sequences: dict[UUID, dict[date, int]] = {}
    for agreement_id, line_id, month, day, number, amount in sql.fetch(
        "SELECT p.agreement_id, p.line_id, p.month, COALESCE(e.belongs_on, e.day), max(p.sequence), sum(p.amount) "
        "FROM revenue_postings p JOIN journal_entries e ON e.id = p.entry_id WHERE p.agreement_id = ANY(%s::uuid[]) "
        "GROUP BY 1, 2, 3, 4",
        (sql.uuids(slicers),),
    ):
        place = slicers[agreement_id](day if month_of(day) == month_of(month) else month).start
        mine, numbers = amounts.setdefault(line_id, {}), sequences.setdefault(line_id, {})
        mine[place] = mine.get(place, Decimal(0)) + amount
        numbers[month] = max(number, numbers.get(month, -1))
    months = {
        key: {place: (mine.get(place, Decimal(0)), sequences[key].get(place, -1)) for place in {*mine, *sequences[key]}}
        for key, mine in amounts.items()
    }
    return {**found, **{key: found[key]._replace(months=one) for key, one in months.items()}}


@dataclass(frozen=True, slots=True)
class ObligationRow:
    """An obligation as it stands, with what was recognised of it."""

    id: UUID
    line_id: UUID
    agreement_id: UUID
    version: int
    line_no: int
    description: str
    kind: str
    pattern: str
    open_ended: bool
    transaction_price: Decimal
    stand_alone_price: Decimal
    allocated_price: Decimal
    recognised: Decimal
    derivation: dict[str, Any]

    @property
    def remaining(self) -> Decimal | None:
        """What is still to be earned; None for a service without end, which is promised interval by interval."""
        return None if self.open_ended else self.allocated_price - self.recognised


DESCRIPTION = (
    "COALESCE((SELECT l.description FROM agreement_lines l WHERE l.line_id = {of}.line_id "
    "ORDER BY lower(l.valid) DESC LIMIT 1), "
    "(SELECT n.name || ', ' || s.number FROM subscriptions s JOIN plan_versions v ON v.id = s.plan_version_id "
    "JOIN plans n ON n.id = v.plan_id WHERE s.id = {of}.line_id), "
    "(SELECT l.description FROM invoice_lines l WHERE l.id = {of}.line_id), '')"
)
"""What a line of revenue is of: an agreed line, a subscription to a plan, or an item of an invoice."""
_OBLIGATION = (
    f"o.id, o.line_id, o.agreement_id, o.version, COALESCE(l.line_no, 0), {DESCRIPTION.format(of='o')}, "
    "COALESCE(l.kind, CASE o.pattern WHEN 'point' THEN 'service' ELSE 'subscription' END), o.pattern, o.open_ended, "
    "o.transaction_price, o.stand_alone_price, o.allocated_price, "
    "(SELECT COALESCE(sum(p.amount), 0) FROM revenue_postings p WHERE p.line_id = o.line_id), o.derivation"
)


def obligations_of(agreement_id: UUID) -> list[ObligationRow]:
    """The obligations of an agreement by line, each in its latest version."""
    return sql.fetch_as(
        ObligationRow,
        f"SELECT {_OBLIGATION} FROM (SELECT DISTINCT ON (line_id) * FROM obligations WHERE agreement_id = %s "
        "ORDER BY line_id, version DESC) o LEFT JOIN LATERAL (SELECT line_no, kind FROM agreement_lines a "
        "WHERE a.line_id = o.line_id ORDER BY lower(a.valid) DESC LIMIT 1) l ON true ORDER BY l.line_no, o.line_id",
        (agreement_id,),
    )


@dataclass(frozen=True, slots=True)
class PostingRow:
    """Revenue recognised of a line in a month, with the entry that posted it."""

    id: UUID
    line_id: UUID
    agreement_id: UUID
    agreement_number: str
    entity_id: UUID
    customer_id: UUID
    currency: str
    description: str
    month: date
    sequence: int
    through: date
    amount: Decimal
    entry_id: UUID
    entry_day: date
    derivation: dict[str, Any]
    created_at: datetime


_POSTING = (
    "p.id, p.line_id, p.agreement_id, a.number, a.entity_id, a.customer_id, a.currency, "
    f"{DESCRIPTION.format(of='p')}, p.month, p.sequence, p.through, p.amount, p.entry_id, "
    "e.day, p.derivation, p.created_at"
)
_POSTING_SOURCE = (
    "revenue_postings p JOIN agreements a ON a.id = p.agreement_id JOIN journal_entries e ON e.id = p.entry_id"
)
SORTS = {"month": "p.month", "amount": "p.amount"}


def list_postings(
    ask: lists.Ask,
    *,
    agreement_id: UUID | None = None,
    entry_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    month: date | None = None,
) -> Page[PostingRow]:
    """One page of revenue postings; `entity_ids` None means all legal entities."""
    conditions = lists.Conditions()
    conditions.among("a.entity_id", entity_ids, "uuid")
    if entry_id is not None:  # found by the agreement of its lines, since postings are not indexed by their entry
        conditions.add(
            "p.entry_id = %s AND p.agreement_id IN (SELECT l.agreement_id FROM journal_lines l WHERE l.entry_id = %s)",
            entry_id,
            entry_id,
        )
    conditions.given("p.agreement_id = %s", agreement_id)
    if month is not None:  # with the slices of the month, where the entity reports by periods of weeks
        conditions.add("p.month >= %s AND p.month < %s", month, month_of(month).end)
    return lists.page(
        PostingRow,
        columns=_POSTING,
        source=_POSTING_SOURCE,
        key="p.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
        rows_of="revenue_postings p",
    )


def posting(posting_id: UUID) -> PostingRow:
    """One revenue posting; raises NotFound."""
    rows = sql.fetch_as(PostingRow, f"SELECT {_POSTING} FROM {_POSTING_SOURCE} WHERE p.id = %s", (posting_id,))
    if not rows:
        raise NotFound(f"There is no revenue posting {posting_id}.", field="posting_id")
    return rows[0]


def recognised_by_month(agreement_ids: Iterable[UUID]) -> dict[UUID, dict[date, Decimal]]:
    """Revenue recognised by agreement and month."""
    rows = sql.fetch(
        "SELECT agreement_id, date_trunc('month', month)::date, sum(amount) FROM revenue_postings "
        "WHERE agreement_id = ANY(%s) "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        (list(agreement_ids),),
    )
    found: dict[UUID, dict[date, Decimal]] = {}
    for agreement_id, month, amount in rows:
        found.setdefault(agreement_id, {})[month] = amount
    return found


def ahead_by_month(
    *, entity_ids: Sequence[UUID] | None = None, bounded: bool = False
) -> list[tuple[UUID, str, date, Decimal]]:
    """Revenue still to be earned of agreements and arrangements as last run, by entity, currency and month.

    `bounded` leaves out agreements with a service without end.
    """
    rows = sql.fetch(
        "SELECT s.entity_id, s.currency, (date_trunc('month', s.through) + (a.place - 1) * interval '1 month')::date, "
        "sum(a.amount) FROM (SELECT entity_id, currency, through, ahead FROM revenue_states WHERE ahead <> '{}' "
        "AND (complete_on IS NOT NULL OR NOT %(bounded)s) "
        "UNION ALL SELECT entity_id, currency, through, ahead FROM revenue_arrangements WHERE ahead <> '{}') s, "
        "unnest(s.ahead) WITH ORDINALITY AS a(amount, place) "
        "WHERE %(all)s OR s.entity_id = ANY(%(ids)s::uuid[]) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        {"all": entity_ids is None, "ids": list(entity_ids or ()), "bounded": bounded},
    )
    return [(entity_id, currency, month, amount) for entity_id, currency, month, amount in rows]


def ahead_of(agreement_id: UUID) -> dict[date, Decimal]:
    """Revenue still to be earned of a contract by month, as last run."""
    rows = sql.fetch(
        "SELECT (date_trunc('month', s.through) + (a.place - 1) * interval '1 month')::date, a.amount "
        "FROM revenue_states s, unnest(s.ahead) WITH ORDINALITY AS a(amount, place) WHERE s.agreement_id = %s "
        "ORDER BY 1",
        (agreement_id,),
    )
    return dict(rows)
