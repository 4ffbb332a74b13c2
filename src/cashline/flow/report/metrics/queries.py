"""Metrics: the figures of the flow board, and days sales outstanding, each in a statement or two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.queries.balances import MOVEMENTS, summary_bound
from cashline.flow.report.health.queries import Stuck, stuck
from cashline.flow.report.metrics.rules import (
    DSO_DAYS,
    STAGES,
    TIMED_BY,
    ZERO,
    DayMoney,
    DaysSalesOutstanding,
    Figure,
    OpenReceivable,
    StageFigures,
    by_bucket,
    days_sales_outstanding,
    dso_by_month,
    grouped,
    receivable_figures,
    trend_start,
    window_start,
)
from cashline.flow.report.mining.queries import cycle_times
from cashline.flow.report.statements.queries import ageing
from cashline.flow.report.statements.rules import EntityAgeing, bucket_of
from cashline.kernel.money import minor_units
from cashline.kernel.periods import add_months
from cashline.platform import sql
from cashline.platform.company.queries import entities
from cashline.platform.snapshots import rules as snapshots

_FIGURES = (
    (
        "agree",
        "quotes_open",
        "Quotes in work",
        "/quotes/",
        "SELECT a.currency, count(*), sum((SELECT v.net_total FROM quote_versions v WHERE v.quote_id = a.id "
        "AND v.version = a.current_version)) FROM quotes a WHERE a.status IN ('draft', 'in_approval', 'approved') "
        "{entity} GROUP BY 1",
    ),
    (
        "agree",
        "quotes_sent",
        "Quotes with the buyer",
        "/quotes/?status=sent",
        "SELECT a.currency, count(*), sum((SELECT v.net_total FROM quote_versions v WHERE v.quote_id = a.id "
        "AND v.version = a.current_version)) FROM quotes a WHERE a.status = 'sent' {entity} GROUP BY 1",
    ),
    (
        "agree",
        "agreements_unsigned",
        "Contracts to be signed",
        "/contracts/?status=out_for_signature",
        "SELECT a.currency, count(*), sum(a.net_total) FROM agreements a WHERE a.status IN ('draft', "
        "'out_for_signature') {entity} GROUP BY 1",
    ),
    (
        "book",
        "orders_held",
        "Orders on hold",
        "/orders/?status=held",
        "SELECT a.currency, count(*), sum(a.net_total) FROM orders a WHERE a.status = 'held' {entity} GROUP BY 1",
    ),
    (
        "book",
        "orders_booked",
        "Orders to deliver",
        "/orders/?status=booked",
        "SELECT a.currency, count(*), sum(a.net_total) FROM orders a WHERE a.status = 'booked' {entity} GROUP BY 1",
    ),
    (
        "deliver",
        "shipments_picking",
        "Shipments being picked",
        "/shipments/?status=picking",
        "SELECT '', count(*), NULL::numeric FROM shipments a WHERE a.status = 'picking' {entity} HAVING count(*) > 0",
    ),
    (
        "deliver",
        "installations_open",
        "Installations to be accepted",
        "/installations/",
        "SELECT '', count(*), NULL::numeric FROM (SELECT (SELECT o.entity_id FROM order_lines l JOIN orders o "
        "ON o.id = l.order_id WHERE l.id = i.order_line_id) AS entity_id FROM installations i "
        "WHERE i.status IN ('planned', 'scheduled', 'done')) a WHERE true {entity} HAVING count(*) > 0",
    ),
    (
        "deliver",
        "subscriptions_active",
        "Subscriptions running",
        "/subscriptions/?status=active",
        "SELECT '', count(*), NULL::numeric FROM subscriptions a WHERE a.status IN ('active', 'cancelled') {entity} "
        "HAVING count(*) > 0",
    ),
    (
        "invoice",
        "to_bill",
        "Contracts due to be billed",
        "/bill-runs/",
        "SELECT '', count(*), NULL::numeric FROM billing_schedules a WHERE a.due_on <= %(today)s {entity} "
        "HAVING count(*) > 0",
    ),
    (
        "receive",
        "invoices_open",
        "Invoices to be paid",
        "/invoices/?status=open",
        "",
    ),
    (
        "receive",
        "invoices_overdue",
        "of them overdue",
        "/invoices/?status=overdue",
        "",
    ),
    (
        "receive",
        "payments_unapplied",
        "Payments on account",
        "/payments/",
        "SELECT a.currency, count(*), sum(a.unapplied_amount) FROM payments a WHERE a.unapplied_amount > 0 {entity} "
        "GROUP BY 1",
    ),
    (
        "recognise",
        "deferred",
        "Contracts with deferred revenue",
        "/deferred-revenue/",
        "SELECT a.currency, count(*), sum(a.billed - a.recognised) FROM contract_positions a "
        "WHERE a.billed > a.recognised {entity} GROUP BY 1",
    ),
    (
        "recognise",
        "to_earn",
        "Contracts still to earn",
        "/revenue/",
        "SELECT '', count(*), NULL::numeric FROM revenue_states a WHERE a.ahead <> '{{}}' {entity} HAVING count(*) > 0",
    ),
)
"""Of each figure: its stage, code, title, the list that shows it, and the query for (currency, count, amount).

Those of open invoices have none: `open_receivables` reads them all at once.
"""
BOARD_CASES = 200
"""The cases that the board's days are the median of."""


def flow_board(
    *,
    today: date,
    entity_ids: Sequence[UUID] | None = None,
    with_days: bool = True,
    held_up: Sequence[Stuck] | None = None,
    receivables: Sequence[OpenReceivable] | None = None,
) -> list[StageFigures]:
    """The flow from quote to cash: what waits in each stage, its money, how much of it is stuck, and the usual days.

    `held_up` is what `stuck` found and `receivables` what `open_receivables` did, where they were asked already.
    """
    narrowed = "" if entity_ids is None else "AND a.entity_id = ANY(%(entities)s)"
    parts = [
        f"SELECT '{code}', f.* FROM ({statement.format(entity=narrowed)}) AS f"
        for _, code, _, _, statement in _FIGURES
        if statement
    ]
    keys = list(entity_ids) if entity_ids is not None else None
    rows = sql.fetch(" UNION ALL ".join(parts), {"today": today, "entities": keys})
    if receivables is None:
        receivables = open_receivables(today=today, entity_ids=keys)
    found = grouped([*rows, *receivable_figures(receivables)])
    late = _stuck_by_figure(stuck(today=today, entity_ids=keys) if held_up is None else held_up)
    times = {}
    if with_days:
        cycles = cycle_times(until=today, entity_ids=keys, cases=BOARD_CASES)
        times = {one.stage.code: one.median for one in cycles}
    return [
        StageFigures(
            stage,
            title,
            tuple(
                Figure(code, name, *found.get(code, (0, ())), address, late.get(code, 0))
                for in_stage, code, name, address, _ in _FIGURES
                if in_stage == stage
            ),
            times.get(TIMED_BY.get(stage, "")),
        )
        for stage, title in STAGES
    ]


def open_receivables(*, today: date, entity_ids: Sequence[UUID] | None = None) -> list[OpenReceivable]:
    """Open invoices by entity, currency and age at the end of a day, read from an index alone.

    What they come to in the entities' currencies is what `statements.ageing` gives, and the control account.
    """
    own = {entity.id: minor_units(entity.currency) for entity in entities()}
    places = " ".join(f"WHEN '{key}' THEN {digits}" for key, digits in own.items()) or "WHEN NULL THEN 2"
    narrowed = "" if entity_ids is None else "AND i.entity_id = ANY(%(entities)s)"
    rows = sql.fetch(
        "SELECT i.entity_id, i.currency, i.due_on, count(*), sum(i.open_amount), sum(CASE WHEN i.entity_rate = 1 "
        f"THEN i.open_amount ELSE round(i.open_amount * i.entity_rate, CASE i.entity_id {places} END) END) "
        f"FROM invoices i WHERE i.open_amount > 0 {narrowed} GROUP BY 1, 2, 3",
        {"entities": list(entity_ids or ())},
    )
    return by_bucket(
        (entity, currency, bucket_of((today - due_on).days), count, amount, owned)
        for entity, currency, due_on, count, amount, owned in rows
    )


_STUCK_IN = {
    "quotes_in_approval": "quotes_open",
    "agreements_unsigned": "agreements_unsigned",
    "orders_held": "orders_held",
    "goods_backordered": "orders_booked",
    "steps_failed": "orders_booked",
    "provisioning_failed": "orders_booked",
    "unbilled": "to_bill",
    "invoices_overdue": "invoices_overdue",
    "payments_unapplied": "payments_unapplied",
}


def _stuck_by_figure(held_up: Sequence[Stuck]) -> dict[str, int]:
    """How many are stuck, by the figure under which they are shown."""
    found: dict[str, int] = {}
    for one in held_up:
        if code := _STUCK_IN.get(one.kind.code):
            found[code] = found.get(code, 0) + one.count
    return found


def dso(
    *, as_of: date, entity_ids: Sequence[UUID] | None = None, aged: Sequence[EntityAgeing] | None = None
) -> list[DaysSalesOutstanding]:
    """Days sales outstanding of each entity at the end of a day, in its currency.

    `aged` are the entities' receivables of that day, where they were read already.
    """
    if aged is None:
        aged = ageing(as_of, entity_ids=entity_ids, limit=0).entities
    invoiced = invoiced_with_tax(window_start(as_of, DSO_DAYS), as_of, entity_ids)
    return [
        DaysSalesOutstanding(
            entity.entity_id,
            as_of,
            days_sales_outstanding(entity.control, invoiced.get(entity.entity_id, ZERO)),
            days_sales_outstanding(entity.buckets[0], invoiced.get(entity.entity_id, ZERO)),
        )
        for entity in aged
    ]


def invoiced_with_tax(start: date, end: date, entity_ids: Sequence[UUID] | None) -> dict[UUID, Decimal]:
    """Invoices less credit notes, with tax, by entity in its currency, from `start` to `end` inclusive."""
    rows = sql.fetch(
        f"SELECT a.entity_id, sum(m.functional_debit - m.functional_credit) FROM accounts a JOIN {MOVEMENTS} m "
        "ON m.account_id = a.id WHERE a.role = 'receivable' AND m.rule IN ('invoice', 'credit_note') "
        "AND m.day BETWEEN %(start)s AND %(end)s "
        "AND (%(entities)s::uuid[] IS NULL OR a.entity_id = ANY(%(entities)s::uuid[])) GROUP BY 1",
        {
            "bound": summary_bound(),
            "start": start,
            "end": end,
            "entities": list(entity_ids) if entity_ids is not None else None,
        },
    )
    return dict(rows)


def dso_history(entity_id: UUID, *, last: date, count: int = 12) -> list[tuple[date, Decimal | None]]:
    """DSO at the ends of the last months of an entity, each over three months; oldest first."""
    rows = sql.fetch(
        "SELECT date_trunc('month', m.day)::date, sum(m.functional_debit - m.functional_credit), "
        "COALESCE(sum(m.functional_debit - m.functional_credit) FILTER (WHERE m.rule IN ('invoice', "
        "'credit_note')), 0) "
        f"FROM accounts a JOIN {MOVEMENTS} m ON m.account_id = a.id WHERE a.role = 'receivable' "
        "AND a.entity_id = %(entity)s AND m.day < %(end)s GROUP BY 1",
        {"bound": summary_bound(), "entity": entity_id, "end": add_months(last.replace(day=1), 1)},
    )
    return dso_by_month(ZERO, {month: (moved, invoiced) for month, moved, invoiced in rows}, last=last, count=count)


def booked_by_day(*, today: date, entity_ids: Sequence[UUID] | None = None) -> list[DayMoney]:
    """What was ordered on each day of this month and the month before, without tax, in the currency of the orders."""
    narrowed = "" if entity_ids is None else "AND entity_id = ANY(%(entities)s)"
    return sql.fetch_as(
        DayMoney,
        "SELECT 'booked', entity_id, currency, ordered_on, sum(net_total) FROM orders "
        f"WHERE ordered_on BETWEEN %(start)s AND %(today)s AND status <> 'cancelled' {narrowed} GROUP BY 2, 3, 4",
        {"start": trend_start(today), "today": today, "entities": list(entity_ids or ())},
    )


def posted_by_day(*, today: date, months: int = 12, entity_ids: Sequence[UUID] | None = None) -> list[DayMoney]:
    """What was invoiced (less credits; also with tax), collected (less refunds) and earned, by day, in own currency.

    From the first day of the month `months` ago, this month being one of them.
    """
    return sql.fetch_as(
        DayMoney,
        "SELECT k.kind, k.entity_id, k.currency, m.day, k.sign * sum(m.functional_debit - m.functional_credit) "
        "FROM (SELECT a.id, a.entity_id, e.currency, CASE a.role WHEN 'contract_position' THEN 'invoiced' "
        "WHEN 'receivable' THEN 'invoiced_with_tax' WHEN 'bank' THEN 'collected' WHEN 'card_clearing' "
        "THEN 'collected' ELSE 'earned' END AS kind, CASE WHEN a.role IN ('bank', 'card_clearing', 'receivable') "
        "THEN 1 ELSE -1 END AS sign FROM accounts a JOIN legal_entities e ON e.id = a.entity_id WHERE (a.role IN "
        "('contract_position', 'receivable', 'bank', 'card_clearing') OR a.type = 'income') "
        "AND (%(entities)s::uuid[] IS NULL OR a.entity_id = ANY(%(entities)s::uuid[]))) k "
        f"JOIN {MOVEMENTS} m ON m.account_id = k.id AND m.day BETWEEN %(start)s AND %(today)s "
        "WHERE k.kind NOT IN ('invoiced', 'invoiced_with_tax') OR m.rule IN ('invoice', 'credit_note') "
        "GROUP BY 1, 2, 3, 4, k.sign",
        {
            "bound": summary_bound(),
            "start": add_months(today.replace(day=1), 1 - months),
            "today": today,
            "entities": list(entity_ids) if entity_ids is not None else None,
        },
    )


@dataclass(frozen=True, slots=True)
class BoardAsked:
    """Whose board; None is the whole company's."""

    entity_ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """All that the board of the flow shows: the stages, what is stuck, open receivables by age, and money by day."""

    stages: tuple[StageFigures, ...]
    held_up: tuple[Stuck, ...]
    open: tuple[OpenReceivable, ...]
    days: tuple[DayMoney, ...]


def _board(asked: BoardAsked, today: date) -> Board:
    keys = None if asked.entity_ids is None else list(asked.entity_ids)
    held_up = stuck(today=today, entity_ids=keys)
    open_ = open_receivables(today=today, entity_ids=keys)
    stages = flow_board(today=today, entity_ids=keys, held_up=held_up, receivables=open_)
    days = (*booked_by_day(today=today, entity_ids=keys), *posted_by_day(today=today, entity_ids=keys))
    return Board(tuple(stages), tuple(held_up), tuple(open_), days)


BOARD = snapshots.Figure("metrics.board", BoardAsked, Board, _board)
"""The board of the flow."""


@dataclass(frozen=True, slots=True)
class MoneyGauge:
    """An amount to watch, by currency."""

    name: str
    help: str
    amounts: dict[str, Decimal]


_GAUGES = (
    (
        "cashline_receivables_open",
        "Open amounts of invoices.",
        "SELECT currency, sum(open_amount) FROM invoices WHERE open_amount > 0 GROUP BY 1",
    ),
    (
        "cashline_payments_unapplied",
        "Money received that settles nothing yet.",
        "SELECT currency, sum(unapplied_amount) FROM payments WHERE unapplied_amount > 0 GROUP BY 1",
    ),
    (
        "cashline_orders_held",
        "Orders that wait for credit.",
        "SELECT currency, sum(net_total) FROM orders WHERE status = 'held' GROUP BY 1",
    ),
)


def money_gauges() -> list[MoneyGauge]:
    """What a monitor watches: money that is open, unapplied or held."""
    return [MoneyGauge(name, told, dict(sql.fetch(statement))) for name, told, statement in _GAUGES]
