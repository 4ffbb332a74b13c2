"""What stands in the way of closing a month: each check counts what is left to do, and says where it is done."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.ledger.queries.books import PeriodRow, periods
from cashline.flow.recognise.ledger.rules.periods import PeriodStatus
from cashline.flow.recognise.revenue.queries import due_agreements
from cashline.flow.report.statements.queries import ageing
from cashline.flow.report.statements.rules import ZERO, CloseCheck, MonthState
from cashline.kernel.periods import add_months, month_of
from cashline.platform import sql

_DAY = timedelta(days=1)


def months_of(entity_id: UUID, *, today: date) -> list[MonthState]:
    """The months of an entity from its first entry to today, the newest first."""
    row = sql.fetch_one("SELECT min(day), max(day) FROM journal_entries WHERE entity_id = %s", (entity_id,))
    if row is None or row[0] is None:
        return []
    known = {one.month: one for one in periods(entity_id)}
    first, last = row[0].replace(day=1), max(today, row[1]).replace(day=1)
    found: list[MonthState] = []
    month = last
    while month >= first:
        found.append(_state(month, known))
        month = add_months(month, -1)
    return found


def month_of_entity(entity_id: UUID, month: date) -> MonthState:
    """One month of an entity, with how many entries stand in it."""
    known = {one.month: one for one in periods(entity_id)}
    row = sql.fetch_one(
        "SELECT count(*) FROM journal_entries WHERE entity_id = %s AND day >= %s AND day < %s",
        (entity_id, month, month_of(month).end),
    )
    return _state(month, known, row[0] if row else 0)


def _state(month: date, known: dict[date, PeriodRow], entries: int | None = None) -> MonthState:
    one = known.get(month)
    if one is None:
        return MonthState(month, PeriodStatus.OPEN.value, entries)
    return MonthState(month, one.status, entries, one.closed_at, one.closed_by)


def close_checks(entity_id: UUID, month: date) -> list[CloseCheck]:
    """What should be done before a month is closed, in the order of the flow."""
    last = month_of(month).end - _DAY
    earlier = _count(
        "SELECT count(DISTINCT date_trunc('month', e.day)) FROM journal_entries e WHERE e.entity_id = %(entity)s "
        "AND e.day < %(month)s AND NOT EXISTS (SELECT FROM accounting_periods p WHERE p.entity_id = e.entity_id "
        "AND p.month = date_trunc('month', e.day) AND p.status = 'closed')",
        entity_id,
        month,
    )
    unbilled = _count(
        "SELECT count(*) FROM billing_schedules WHERE entity_id = %(entity)s AND due_on <= %(last)s", entity_id, month
    )
    bank = _count(
        "SELECT count(*) FROM bank_lines l JOIN bank_accounts a ON a.id = l.account_id "
        "WHERE a.entity_id = %(entity)s AND l.status = 'open' AND l.booked_on <= %(last)s",
        entity_id,
        month,
    )
    unapplied = _count(
        "SELECT count(*) FROM payments WHERE entity_id = %(entity)s AND unapplied_amount > 0 "
        "AND received_on <= %(last)s",
        entity_id,
        month,
    )
    unearned = len(due_agreements(through=last, entity_id=entity_id))
    [tied] = ageing(last, entity_ids=[entity_id], limit=0).entities
    off = sum((row.balance for row in trial_balance(entity_id, last)), ZERO)
    return [
        CloseCheck("earlier", "The months before are closed", not earlier, _told(earlier, "open"), "/periods/"),
        CloseCheck("billed", "What was delivered is billed", not unbilled, _told(unbilled, "contracts"), "/bill-runs/"),
        CloseCheck("bank", "The bank's lines are matched", not bank, _told(bank, "lines"), "/bank/"),
        CloseCheck("applied", "Payments are applied", not unapplied, _told(unapplied, "payments"), "/payments/"),
        CloseCheck("earned", "Revenue is recognised", not unearned, _told(unearned, "contracts"), "/revenue/"),
        CloseCheck(
            "ties",
            "The ageing is the receivables of the journal",
            tied.ties,
            f"{tied.total:,.2f} and {tied.control:,.2f}",
            f"/ageing/?as_of={last.isoformat()}",
        ),
        CloseCheck("balances", "The trial balance sums to zero", not off, _off(off), "/trial-balance/"),
    ]


def _count(statement: str, entity_id: UUID, month: date) -> int:
    row = sql.fetch_one(statement, {"entity": entity_id, "month": month, "last": month_of(month).end - _DAY})
    return int(row[0]) if row else 0


def _off(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""


def _told(count: int, what: str) -> str:
    return f"{count} {what}" if count else ""
