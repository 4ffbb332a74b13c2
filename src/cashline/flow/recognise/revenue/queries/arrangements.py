"""Reading arrangements: their facts as known at any instant, what was posted, and figures of the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from cashline.flow.recognise.revenue.rules.standard.deciding import Change, Decision, Treatment, decide
from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost, ContractFact, EventFact
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement
from cashline.flow.recognise.revenue.rules.standard.limits import check_values, require_plannable
from cashline.flow.recognise.revenue.rules.standard.names import check_names
from cashline.flow.recognise.revenue.rules.standard.planning import Facts, Key, Moment, plan_revenue
from cashline.flow.recognise.revenue.rules.standard.postings import revenue_ahead
from cashline.flow.recognise.revenue.rules.standard.supposing import compare, supposed
from cashline.kernel.money import minor_units
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import NotFound, raise_all
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class ArrangementRow:
    """An arrangement; `through` is how far it was run, `facts_run` how many facts that run saw."""

    id: UUID
    number: str
    entity_id: UUID
    customer_id: UUID | None
    customer_name: str | None
    currency: str
    title: str
    through: date | None
    facts_run: int
    created_by: str
    created_at: datetime


_ARRANGEMENT = (
    "a.id, a.number, a.entity_id, a.customer_id, c.name, a.currency, a.title, a.through, a.facts_run, a.created_by, "
    "a.created_at"
)
_SOURCE = "revenue_arrangements a LEFT JOIN customers c ON c.id = a.customer_id"


def arrangement(arrangement_id: UUID) -> ArrangementRow:
    """One arrangement; raises NotFound."""
    rows = sql.fetch_as(ArrangementRow, f"SELECT {_ARRANGEMENT} FROM {_SOURCE} WHERE a.id = %s", (arrangement_id,))
    if not rows:
        raise NotFound(f"There is no revenue arrangement {arrangement_id}.", field="arrangement")
    return rows[0]


def arrangement_for_update(arrangement_id: UUID) -> ArrangementRow:
    """The same, locked until the commit."""
    sql.execute("SELECT FROM revenue_arrangements WHERE id = %s FOR UPDATE", (arrangement_id,))
    return arrangement(arrangement_id)


def list_arrangements(ask: lists.Ask, *, entity_ids: Sequence[UUID] | None = None) -> Page[ArrangementRow]:
    """One page of arrangements; `entity_ids` None means all legal entities."""
    conditions = lists.Conditions()
    conditions.among("a.entity_id", entity_ids, "uuid")
    return lists.page(
        ArrangementRow,
        columns=_ARRANGEMENT,
        source=_SOURCE,
        key="a.id",
        sorts={"number": "a.number"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def due_arrangements(
    *, through: date, entity_id: UUID | None = None, arrangement_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Arrangements with facts that no run has seen, or not run up to that day; in key order."""
    rows = sql.fetch(
        "SELECT a.id FROM revenue_arrangements a WHERE (%(entity)s::uuid IS NULL OR a.entity_id = %(entity)s) "
        "AND (%(all)s OR a.id = ANY(%(ids)s::uuid[])) AND (a.through IS NULL OR a.through < %(through)s "
        "OR a.facts_run <> (SELECT count(*) FROM revenue_facts f WHERE f.arrangement_id = a.id)) ORDER BY a.id",
        {
            "entity": entity_id,
            "all": arrangement_ids is None,
            "ids": list(arrangement_ids or ()),
            "through": through,
        },
    )
    return sql.ids(rows)


def arrangements_for_update(arrangement_ids: Sequence[UUID]) -> list[ArrangementRow]:
    """Arrangements locked in key order until the commit."""
    keys = sorted(arrangement_ids)
    sql.execute("SELECT FROM revenue_arrangements WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (keys,))
    return sql.fetch_as(
        ArrangementRow, f"SELECT {_ARRANGEMENT} FROM {_SOURCE} WHERE a.id = ANY(%s) ORDER BY a.id", (keys,)
    )


class KnownFacts(NamedTuple):
    """The facts of an arrangement, the keys of its contracts by name, and how many facts there are."""

    facts: Facts
    contracts: dict[str, UUID]
    total: int


_SHAPES: dict[str, Any] = {
    "contract": ContractFact,
    "judgement": Judgement,
    "event": EventFact,
    "cost": ContractCost,
}


def facts_of(arrangement_ids: Sequence[UUID], *, known_at: datetime | None = None) -> dict[UUID, KnownFacts]:
    """All facts of arrangements in the order of their recording, or those that were known at an instant."""
    rows = sql.fetch(
        "SELECT f.arrangement_id, f.id, f.kind, f.subject, f.body, a.currency FROM revenue_facts f "
        "JOIN revenue_arrangements a ON a.id = f.arrangement_id WHERE f.arrangement_id = ANY(%(ids)s) "
        "AND (%(at)s::timestamptz IS NULL OR f.recorded_at <= %(at)s) ORDER BY f.arrangement_id, f.sequence",
        {"ids": list(arrangement_ids), "at": known_at},
    )
    bodies: dict[UUID, dict[str, list[Any]]] = {key: {kind: [] for kind in _SHAPES} for key in arrangement_ids}
    contracts: dict[UUID, dict[str, UUID]] = {key: {} for key in arrangement_ids}
    digits: dict[UUID, int] = {}
    for key, fact_id, kind, subject, body, currency in rows:
        bodies[key][kind].append(msgspec.convert(body, _SHAPES[kind], strict=False))
        digits[key] = minor_units(currency)
        if kind == "contract":
            contracts[key][subject] = fact_id
    found: dict[UUID, KnownFacts] = {}
    for key, kinds in bodies.items():
        facts = Facts(
            tuple(kinds["contract"]),
            tuple(kinds["judgement"]),
            tuple(kinds["event"]),
            tuple(kinds["cost"]),
            digits.get(key, 2),
        )
        found[key] = KnownFacts(facts, contracts[key], sum(len(one) for one in kinds.values()))
    return found


def posted_of(arrangement_ids: Sequence[UUID]) -> dict[UUID, dict[tuple[date, Key], tuple[Decimal, int]]]:
    """What was posted of arrangements, by the day that it belongs to and its key, with the last sequence."""
    rows = sql.fetch(
        "SELECT arrangement_id, day, account, contract, subject, nature, sum(amount), max(sequence) "
        "FROM arrangement_postings WHERE arrangement_id = ANY(%s) GROUP BY 1, 2, 3, 4, 5, 6",
        (list(arrangement_ids),),
    )
    found: dict[UUID, dict[tuple[date, Key], tuple[Decimal, int]]] = {key: {} for key in arrangement_ids}
    for key, day, account, contract, subject, nature, amount, sequence in rows:
        found[key][day, Key(account, contract, subject, nature)] = (amount, sequence)
    return found


def plan_at(arrangement_id: UUID, days: Sequence[date], *, known_at: datetime | None = None) -> list[Moment]:
    """The plan of an arrangement at the end of days, as its facts stand or stood at an instant."""
    return plan_revenue(facts_of([arrangement_id], known_at=known_at)[arrangement_id].facts, days)


def still_ahead(
    arrangement_id: UUID, day: date, *, known_at: datetime | None = None, months: int = 24
) -> list[tuple[date, str, Decimal]]:
    """What time alone will earn after a day, by the end of each month and obligation: the scheduled part of what
    remains (606-10-50-13). What waits for a delivery is not among it.
    """
    facts = facts_of([arrangement_id], known_at=known_at)[arrangement_id].facts
    first = day.replace(day=1)
    ends = [add_months(first, index + 1) - timedelta(days=1) for index in range(months)]
    return revenue_ahead(facts, day, [end for end in ends if end > day])


class Changed(NamedTuple):
    """What a day would post otherwise: the amount as the facts stand, and as they would; debit positive."""

    month: date
    key: Key
    now: Decimal
    then: Decimal

    @property
    def difference(self) -> Decimal:
        """What would be posted beside."""
        return self.then - self.now


def what_if(
    arrangement_id: UUID,
    *,
    through: date,
    judgements: Sequence[Judgement] = (),
    events: Sequence[EventFact] = (),
    prices: Mapping[str, Decimal] | None = None,
) -> list[Changed]:
    """The difference of journals by month if more were known, or stand-alone prices were others; nothing is kept."""
    facts = facts_of([arrangement_id])[arrangement_id].facts
    other = supposed(facts, judgements, events, prices or {})
    raise_all([*check_values(other), *check_names(Facts(()), other)])
    require_plannable(other)
    return [Changed(month, key, now, then) for month, key, now, then in compare(facts, other, through)]


def decide_change(
    arrangement_id: UUID, change: Change, *, through: date, treatment: Treatment | None = None
) -> tuple[Decision, list[Changed]]:
    """How a change would be accounted for, and the difference of journals by month through a day; nothing is kept."""
    facts = facts_of([arrangement_id])[arrangement_id].facts
    events = [change.treated(treatment or "prospective")]
    raise_all([*check_values(Facts((), (), tuple(events))), *check_names(facts, Facts((), (), tuple(events)))])
    found = decide(facts, change)
    events = [change.treated(treatment or found.treatment)]
    return found, what_if(arrangement_id, through=through, events=events)


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact as it was recorded."""

    id: UUID
    sequence: int
    kind: str
    type: str
    subject: str
    effective_on: date
    body: dict[str, Any]
    paragraph: str
    reason: str
    decision: dict[str, Any]
    recorded_by: str
    recorded_at: datetime


def fact_rows(arrangement_id: UUID) -> list[FactRow]:
    """The facts of an arrangement in the order of their recording."""
    return sql.fetch_as(
        FactRow,
        "SELECT id, sequence, kind, type, subject, effective_on, body, paragraph, reason, decision, "
        "recorded_by, recorded_at "
        "FROM revenue_facts WHERE arrangement_id = %s ORDER BY sequence",
        (arrangement_id,),
    )


@dataclass(frozen=True, slots=True)
class ArrangementPostingRow:
    """A posting of an arrangement with its entry; debit positive."""

    id: UUID
    arrangement_id: UUID
    contract: str
    day: date
    account: str
    subject: str
    nature: str
    sequence: int
    amount: Decimal
    entry_id: UUID
    entry_day: date
    derivation: dict[str, Any]
    created_at: datetime


_POSTING = (
    "SELECT p.id, p.arrangement_id, p.contract, p.day, p.account, p.subject, p.nature, p.sequence, p.amount, "
    "p.entry_id, e.day, p.derivation, p.created_at FROM arrangement_postings p "
    "JOIN journal_entries e ON e.id = p.entry_id"
)


def arrangement_postings(
    arrangement_id: UUID, *, known_at: datetime | None = None, limit: int | None = None
) -> list[ArrangementPostingRow]:
    """What was posted of an arrangement by day, or what had been at an instant; the newest days where limited."""
    rows = sql.fetch_as(
        ArrangementPostingRow,
        f"{_POSTING} WHERE p.arrangement_id = %(id)s AND (%(at)s::timestamptz IS NULL OR p.created_at <= %(at)s) "
        "ORDER BY p.day DESC, p.id DESC LIMIT %(limit)s",
        {"id": arrangement_id, "at": known_at, "limit": limit},
    )
    return rows[::-1]


def arrangement_posting(posting_id: UUID) -> ArrangementPostingRow:
    """One posting; raises NotFound."""
    rows = sql.fetch_as(ArrangementPostingRow, f"{_POSTING} WHERE p.id = %s", (posting_id,))
    if not rows:
        raise NotFound(f"There is no posting {posting_id} of an arrangement.", field="posting")
    return rows[0]
