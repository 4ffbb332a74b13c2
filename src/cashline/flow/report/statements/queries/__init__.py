"""Statements from the books: receivables by age, and the roll-forward of deferred revenue, at any date.

The ageing starts from what is open now and takes back what the journal moved after the day asked for; so today's costs
what is open, and any other day's only what happened since.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.recognise.ledger.queries.balances import (
    period_movements,
    role_balances,
    summary_bound,
)
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.revenue.queries import ahead_by_month
from cashline.flow.recognise.revenue.queries.remaining import remaining_of
from cashline.flow.report.statements.rules import (
    BUCKET_DAYS,
    BUCKETS,
    FIRST_DAY,
    LAST_DAY,
    ZERO,
    AgeBy,
    Ageing,
    AgeingAsked,
    AgeingRow,
    DeferredAsked,
    DeferredPeriod,
    DeferredWaterfall,
    EntityAgeing,
    OpenInvoice,
    RemainingAsked,
    RemainingObligations,
    roll_forward,
)
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.money import minor_units
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.company.queries import entities, exchange_rates, fiscal_calendar
from cashline.platform.snapshots.rules import Figure

_OPEN = """
SELECT i.id, i.entity_id, i.customer_id, i.currency, i.issued_on, i.due_on, i.open_amount AS amount,
    CASE WHEN i.entity_rate = 1 THEN i.open_amount ELSE round(i.open_amount * i.entity_rate, {digits}) END AS own
FROM invoices i WHERE i.open_amount > 0 AND i.status <> 'draft' {narrowed}
"""
_LATER = """
SELECT i.id, i.entity_id, i.customer_id, i.currency, i.issued_on, i.due_on, -l.amount, -l.functional_amount
FROM accounts a JOIN journal_lines l ON l.account_id = a.id AND l.day > %(as_of)s
JOIN invoices i ON i.id = l.document_id WHERE a.role = 'receivable' {narrowed}
"""


_BUCKET = " + ".join(f"(days > {bound})::int" for bound in BUCKET_DAYS)


def _items(
    as_of: date, by: AgeBy, entity_ids: Sequence[UUID] | None, customer_id: UUID | None
) -> tuple[str, dict[str, Any]]:
    """A relation of what was open of each invoice at the end of a day, with its age in days, and its parameters."""
    own = {entity.id: entity for entity in entities()}
    wanted = [key for key in own if entity_ids is None or key in entity_ids]
    digits = {minor_units(own[key].currency) for key in wanted} or {2}
    places = str(digits.pop()) if len(digits) == 1 else _digits_case({key: own[key].currency for key in wanted})
    narrowed = "" if entity_ids is None else "AND i.entity_id = ANY(%(entities)s)"
    if customer_id is not None:
        narrowed += " AND i.customer_id = %(customer)s"
    parts = _OPEN.format(digits=places, narrowed=narrowed)
    params: dict[str, Any] = {"as_of": as_of, "entities": wanted, "customer": customer_id}
    age = f"%(as_of)s::date - {'due_on' if by is AgeBy.DUE else 'issued_on'} AS days"
    if not _moved_after(as_of):
        return f"SELECT *, {age} FROM ({parts}) AS o", params
    both = f"{parts} UNION ALL {_LATER.format(narrowed=narrowed)}"
    summed = (
        "SELECT id, entity_id, customer_id, currency, issued_on, due_on, sum(amount) AS amount, sum(own) AS own "
        f"FROM ({both}) AS parts GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(amount) <> 0 OR sum(own) <> 0"
    )
    return f"SELECT *, {age} FROM ({summed}) AS o", params


def _digits_case(currencies: dict[UUID, str]) -> str:
    cases = " ".join(f"WHEN '{key}' THEN {minor_units(currency)}" for key, currency in currencies.items())
    return f"CASE i.entity_id {cases} END"


def _moved_after(day: date) -> bool:
    """Was anything posted to a receivable after that day?"""
    row = sql.fetch_one(
        "SELECT EXISTS (SELECT FROM accounts a JOIN journal_lines l ON l.account_id = a.id AND l.day > %s "
        "WHERE a.role = 'receivable')",
        (day,),
    )
    return bool(row and row[0])


def ageing(
    as_of: date,
    *,
    by: AgeBy = AgeBy.DUE,
    entity_ids: Sequence[UUID] | None = None,
    customer_id: UUID | None = None,
    limit: int | None = None,
) -> Ageing:
    """Receivables by age at the end of a day; the entities' totals are those of their control accounts.

    Rows come by what is owed, most first, and in full unless `limit` says how many; the totals are always of all.
    """
    items, params = _items(as_of, by, entity_ids, customer_id)
    rows = sql.fetch(
        f"SELECT customer_id, entity_id, currency, {_BUCKET} AS bucket, sum(amount), sum(own), count(*) "
        f"FROM ({items}) AS items GROUP BY 1, 2, 3, 4",
        params,
    )
    by_entity: dict[UUID, list[Decimal]] = {}
    found: dict[tuple[UUID, UUID, str], _Owed] = {}
    for customer, entity, currency, bucket, amount, own, count in rows:
        by_entity.setdefault(entity, [ZERO] * len(BUCKETS))[bucket] += own
        owed = found.get((customer, entity, currency))
        if owed is None:
            owed = found[customer, entity, currency] = _Owed([ZERO] * len(BUCKETS), [ZERO, 0])
        owed.buckets[bucket] += amount
        owed.total[0] += own
        owed.total[1] += count
    most = sorted(found.items(), key=lambda item: (-item[1].total[0], item[0]))[:limit]
    names = customers_by_id(key[0] for key, _ in most) if most else {}
    made = [
        AgeingRow(customer, names[customer].name, entity, currency, tuple(owed.buckets), owed.total[0], owed.total[1])
        for (customer, entity, currency), owed in most
    ]
    return Ageing(as_of, by, tuple(made), _entity_totals(as_of, by_entity, entity_ids))


def _aged(asked: AgeingAsked, today: date) -> Ageing:
    return ageing(asked.as_of or today, by=asked.by, entity_ids=asked.entity_ids, limit=asked.limit)


AGEING = Figure("statements.ageing", AgeingAsked, Ageing, _aged)
"""Receivables by age, with those who owe most."""


class _Owed(NamedTuple):
    """What one customer owes: by bucket, and (in the entity's currency, invoices)."""

    buckets: list[Decimal]
    total: list[Any]


def _entity_totals(
    as_of: date, by_entity: dict[UUID, list[Decimal]], entity_ids: Sequence[UUID] | None
) -> tuple[EntityAgeing, ...]:
    control: dict[UUID, Decimal] = {}
    unapplied: dict[UUID, Decimal] = {}
    roles = (AccountRole.RECEIVABLE, AccountRole.UNAPPLIED_CASH)
    for (entity_id, role, _), (_, own) in role_balances(roles, as_of=as_of, entity_ids=entity_ids).items():
        target = control if role is AccountRole.RECEIVABLE else unapplied
        target[entity_id] = target.get(entity_id, ZERO) + own
    none = [ZERO] * len(BUCKETS)
    return tuple(
        EntityAgeing(
            entity.id,
            entity.currency,
            tuple(by_entity.get(entity.id, none)),
            control.get(entity.id, ZERO),
            -unapplied.get(entity.id, ZERO),
        )
        for entity in entities()
        if entity_ids is None or entity.id in entity_ids
    )


_LISTED = """
SELECT i.id, i.number, i.customer_id, c.name, i.entity_id, i.currency, i.issued_on, i.due_on, i.gross_total,
    o.amount, o.own, %(as_of)s::date - i.{day} AS days
FROM invoices i CROSS JOIN LATERAL ({was_open}) AS o JOIN customers c ON c.id = i.customer_id
WHERE i.status <> 'draft' AND {conditions} ORDER BY i.{day}, i.id LIMIT %(limit)s
"""
_OPEN_NOW = "SELECT i.open_amount AS amount, {own} AS own"
_OPEN_THEN = """
SELECT i.open_amount - COALESCE(sum(l.amount), 0) AS amount, {own} - COALESCE(sum(l.functional_amount), 0) AS own
FROM journal_lines l JOIN accounts a ON a.id = l.account_id AND a.role = 'receivable'
WHERE l.document_id = i.id AND l.day > %(as_of)s
"""


def open_invoices(
    as_of: date,
    *,
    by: AgeBy = AgeBy.DUE,
    entity_ids: Sequence[UUID] | None = None,
    customer_id: UUID | None = None,
    bucket: int | None = None,
    limit: int = 500,
    after: UUID | None = None,
) -> list[OpenInvoice]:
    """The invoices behind an ageing, oldest first: of one customer, of one bucket, or of all; `after` is the last seen.

    They are read in the order of an index until there are enough, each with what the journal moved after the day.
    """
    day = "due_on" if by is AgeBy.DUE else "issued_on"
    known = {entity.id: entity.currency for entity in entities()}
    if not known:
        return []
    exact = f"round(i.open_amount * i.entity_rate, {_digits_case(known)})"
    own = f"CASE WHEN i.entity_rate = 1 THEN i.open_amount ELSE {exact} END"
    moved = _moved_after(as_of)
    conditions = ["(o.amount <> 0 OR o.own <> 0)" if moved else "i.open_amount > 0"]
    params: dict[str, Any] = {"as_of": as_of, "limit": limit, "after": after, "customer": customer_id}
    if entity_ids is not None:
        conditions.append("i.entity_id = ANY(%(entities)s)")
        params["entities"] = list(entity_ids)
    if customer_id is not None:
        conditions.append("i.customer_id = %(customer)s")
    if bucket is not None:
        params |= _bucket_days(as_of, bucket)
        conditions.append(f"i.{day} BETWEEN %(oldest)s AND %(newest)s")
    if after is not None:
        conditions.append(f"(i.{day}, i.id) > (SELECT {day}, id FROM invoices WHERE id = %(after)s)")
    was_open = (_OPEN_THEN if moved else _OPEN_NOW).format(own=own)
    statement = _LISTED.format(day=day, was_open=was_open, conditions=" AND ".join(conditions))
    return sql.fetch_as(OpenInvoice, statement, params)


def _bucket_days(as_of: date, bucket: int) -> dict[str, date]:
    """The first and the last day from which an invoice falls into a bucket."""
    bounds = (as_of.toordinal() - LAST_DAY.toordinal() - 1, *BUCKET_DAYS, as_of.toordinal() - FIRST_DAY.toordinal())
    return {
        "oldest": date.fromordinal(as_of.toordinal() - bounds[bucket + 1]),
        "newest": date.fromordinal(as_of.toordinal() - bounds[bucket] - 1),
    }


def deferred_waterfall(entity_id: UUID, *, start: date, end: date, today: date) -> DeferredWaterfall:
    """Deferred revenue by period over `[start, end)`, what is still to come, and liability and asset as of now.

    The periods are whole, and those of the entity's calendar. Liability and asset are not netted across contracts
    (IFRS 15.105).
    """
    [entity] = [one for one in entities() if one.id == entity_id]
    liability, asset, contracts = _positions(entity_id)
    return DeferredWaterfall(
        entity_id,
        entity.currency,
        deferred_periods(entity_id, fiscal_calendar(entity_id).periods_within(start, end)),
        _ahead(entity_id, entity.currency, today),
        liability,
        asset,
        contracts,
    )


def deferred_periods(entity_id: UUID, periods: Sequence[FiscalPeriod]) -> tuple[DeferredPeriod, ...]:
    """Opening + billed − recognised + other = closing of periods that follow each other, in the entity's currency."""
    role = AccountRole.CONTRACT_POSITION
    if not periods:
        return ()
    starts, end = [one.start for one in periods], periods[-1].end
    before = role_balances([role], as_of=_day_before(starts[0]), entity_ids=[entity_id])
    opening = -sum((own for _, own in before.values()), ZERO)
    moved = [(row.start, row.rule, row.amount) for row in period_movements(entity_id, [role], starts=starts, end=end)]
    moved += _earned_of_arrangements(entity_id, starts, end)
    return roll_forward(opening, moved, periods)


_REVENUE = (AccountRole.REVENUE_GOODS, AccountRole.REVENUE_SUBSCRIPTION, AccountRole.REVENUE_SERVICE)


def _earned_of_arrangements(entity_id: UUID, starts: Sequence[date], end: date) -> list[tuple[date, str, Decimal]]:
    """The revenue of arrangements by period, and the same taken off what their netted entries moved beside it."""
    found: list[tuple[date, str, Decimal]] = []
    for row in period_movements(entity_id, _REVENUE, starts=starts, end=end):
        if row.rule == "arrangement":
            found += [(row.start, "revenue", -row.amount), (row.start, "arrangement", row.amount)]
    return found


def remaining_obligations(entity_id: UUID, *, today: date) -> RemainingObligations:
    """What contracts of an entity are still to earn, over agreements and arrangements, as they were last run."""
    [entity] = [one for one in entities() if one.id == entity_id]
    rows = remaining_of(entity_id)
    rates = exchange_rates({(row.currency, entity.currency, today) for row in rows})
    sums: dict[str, Decimal] = {"agreement": ZERO, "arrangement": ZERO}
    for row in rows:
        own = row.amount * rates[row.currency, entity.currency, today]
        sums[row.source] += round_to(own, minor_units(entity.currency))
    bounds = [add_months(today.replace(day=1), 12), add_months(today.replace(day=1), 24)]
    parts = [ZERO, ZERO, ZERO]
    for month, amount in _ahead(entity_id, entity.currency, today, bounded=True):
        parts[(month >= bounds[0]) + (month >= bounds[1])] += amount
    contracts = sum(row.contracts for row in rows)
    return RemainingObligations(entity_id, entity.currency, sums["agreement"], sums["arrangement"], contracts, *parts)


def _remaining(asked: RemainingAsked, today: date) -> RemainingObligations:
    return remaining_obligations(asked.entity_id, today=today)


REMAINING = Figure("statements.remaining", RemainingAsked, RemainingObligations, _remaining)
"""Remaining performance obligations of an entity."""


def _deferred(asked: DeferredAsked, today: date) -> DeferredWaterfall:
    start, end = year_up_to(asked.entity_id, asked.day or today)
    return deferred_waterfall(asked.entity_id, start=start, end=end, today=today)


def year_up_to(entity_id: UUID, day: date) -> tuple[date, date]:
    """The days `[start, end)` of as many periods as a year has, up to the one that holds a day."""
    calendar = fiscal_calendar(entity_id)
    end = calendar.period_of(day).end
    return calendar.year_before(end), end


DEFERRED = Figure("statements.deferred_by_period", DeferredAsked, DeferredWaterfall, _deferred)
"""Deferred revenue of a year, and what is still to earn."""


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


_OPEN_POSITIONS = """
WITH recent AS MATERIALIZED (
    SELECT l.agreement_id, sum(CASE WHEN e.rule = 'revenue' THEN 0 ELSE -l.amount END) AS billed,
        sum(CASE WHEN e.rule = 'revenue' THEN l.amount ELSE 0 END) AS recognised, sum(l.functional_amount) AS own
    FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id AND l.agreement_id IS NOT NULL
    JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position'
    WHERE e.entity_id = %(entity)s AND e.transaction > %(bound)s
        AND e.transaction > (SELECT up_to_transaction FROM journal_summary) GROUP BY 1
)
SELECT COALESCE(-sum(own) FILTER (WHERE own < 0), 0), COALESCE(sum(own) FILTER (WHERE own > 0), 0), count(*) FROM (
    SELECT functional_amount AS own FROM contract_positions p WHERE p.entity_id = %(entity)s
        AND p.billed <> p.recognised AND p.agreement_id NOT IN (SELECT agreement_id FROM recent)
    UNION ALL
    SELECT r.own + COALESCE(p.functional_amount, 0) FROM recent r LEFT JOIN contract_positions p USING (agreement_id)
    WHERE r.billed + COALESCE(p.billed, 0) <> r.recognised + COALESCE(p.recognised, 0)
) AS open
"""


def _positions(entity_id: UUID) -> tuple[Decimal, Decimal, int]:
    """Contract liabilities, contract assets and how many contracts have either, as of now."""
    row = sql.fetch_one(_OPEN_POSITIONS, {"bound": summary_bound(), "entity": entity_id})
    return (row[0], row[1], row[2]) if row else (ZERO, ZERO, 0)


def _ahead(entity_id: UUID, currency: str, today: date, *, bounded: bool = False) -> tuple[tuple[date, Decimal], ...]:
    """What is still to be earned by month, in the entity's currency at the rates of today."""
    rows = ahead_by_month(entity_ids=[entity_id], bounded=bounded)
    rates = exchange_rates({(code, currency, today) for _, code, _, _ in rows})
    months: dict[date, Decimal] = {}
    for _, code, month, amount in rows:
        own = round_to(amount * rates[code, currency, today], minor_units(currency))
        months[month] = months.get(month, ZERO) + own
    return tuple(sorted(months.items()))
