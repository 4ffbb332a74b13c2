"""The checks of a close: each reads live data, counts what is left to do, and names the list where it is mended."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from cashline.flow.recognise.ledger.queries.balances import role_balances, trial_balance
from cashline.flow.recognise.ledger.queries.revaluation import revalued
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.revaluation import MONETARY, MonetaryItem
from cashline.flow.recognise.revenue.queries import due_agreements
from cashline.flow.recognise.revenue.queries.arrangements import due_arrangements
from cashline.flow.report.closing.rules import Finding
from cashline.flow.report.health.queries import books as laws
from cashline.flow.report.health.queries.checks import breaks_of, digits
from cashline.flow.report.health.rules import Law
from cashline.flow.report.statements.queries import ageing, deferred_periods
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.money import minor_units
from cashline.kernel.writing import write_money
from cashline.platform import sql
from cashline.platform.company.queries import Entity, MissingRate, entities_by_id, exchange_rates, fiscal_calendar

_ZERO = Decimal(0)


class _Asked(NamedTuple):
    """The period of an entity that is checked."""

    entity: Entity
    period: FiscalPeriod

    @property
    def last(self) -> date:
        return self.period.last_day

    def address(self, path: str, **asked: str) -> str:
        return f"{path}?{urlencode(asked)}" if asked else path


def findings(entity_id: UUID, period: FiscalPeriod, *, recognising: int | None = None) -> dict[str, Finding]:
    """What each check finds, by the code of its task; `recognising` takes the place of the check of revenue."""
    asked = _Asked(entities_by_id([entity_id])[entity_id], period)
    found = {code: check(asked) for code, check in _CHECKS.items()}
    if recognising is not None:
        words = f"{recognising} contracts would be recognised"
        found["earned"] = Finding(True, words, "/revenue/", {"contracts": str(recognising)})
        unrealised = found["revalued"]
        if unrealised.figures:
            told = f"{unrealised.found}: the rest would be"
            found["revalued"] = Finding(True, unrealised.found if unrealised.done else told, unrealised.address)
    return found


def _count(asked: _Asked, statement: str) -> int:
    row = sql.fetch_one(statement, {"entity": asked.entity.id, "last": asked.last})
    return int(row[0]) if row else 0


def _counted(count: int, what: str, address: str) -> Finding:
    return Finding(not count, f"{count} {what}" if count else "", address, {what: str(count)})


def _earlier(asked: _Asked) -> Finding:
    calendar = fiscal_calendar(asked.entity.id)
    days = sql.fetch(
        "SELECT d.day FROM (SELECT DISTINCT day FROM journal_entries WHERE entity_id = %(entity)s "
        "AND day < %(start)s) d WHERE NOT EXISTS (SELECT FROM accounting_periods p WHERE p.entity_id = %(entity)s "
        "AND p.starts_on <= d.day AND p.ends_on > d.day AND p.area = 'all' AND p.status = 'closed')",
        {"entity": asked.entity.id, "start": asked.period.start},
    )
    count = len({calendar.period_of(day).start for (day,) in days})
    what = "months open" if calendar.is_months else "periods open"
    return _counted(count, what, asked.address("/periods/", entity=asked.entity.code))


def _drafts(asked: _Asked) -> Finding:
    count = _count(
        asked,
        "SELECT (SELECT count(*) FROM invoices WHERE entity_id = %(entity)s AND status = 'draft' "
        "AND (issued_on IS NULL OR issued_on <= %(last)s)) + (SELECT count(*) FROM credit_notes "
        "WHERE entity_id = %(entity)s AND status = 'draft' AND (issued_on IS NULL OR issued_on <= %(last)s))",
    )
    return _counted(count, "drafts", "/invoices/?status=draft")


def _billed(asked: _Asked) -> Finding:
    count = _count(asked, "SELECT count(*) FROM billing_schedules WHERE entity_id = %(entity)s AND due_on <= %(last)s")
    return _counted(count, "contracts to bill", "/bill-runs/")


def _bank(asked: _Asked) -> Finding:
    count = _count(
        asked,
        "SELECT count(*) FROM bank_lines l JOIN bank_accounts a ON a.id = l.account_id "
        "WHERE a.entity_id = %(entity)s AND l.status = 'open' AND l.booked_on <= %(last)s",
    )
    return _counted(count, "lines open", "/bank/")


def _applied(asked: _Asked) -> Finding:
    count = _count(
        asked,
        "SELECT count(*) FROM payments WHERE entity_id = %(entity)s AND unapplied_amount > 0 "
        "AND received_on <= %(last)s",
    )
    return _counted(count, "payments not applied", "/payments/?unapplied=1")


def _earned(asked: _Asked) -> Finding:
    count = len(due_agreements(through=asked.last, entity_id=asked.entity.id))
    others = len(due_arrangements(through=asked.last, entity_id=asked.entity.id))
    return _counted(count + others, "contracts to recognise", "/revenue/")


def _revalued(asked: _Asked) -> Finding:
    """Compared with the closing rates; a currency that is held and has no rate is told."""
    own = asked.entity.currency
    held = role_balances(MONETARY, as_of=asked.last, entity_ids=[asked.entity.id])
    foreign = [(role, code, *value) for (_, role, code), value in sorted(held.items()) if code != own and any(value)]
    address = "/journal/?rule=revaluation"
    try:
        rates = exchange_rates({(code, own, asked.last) for _, code, _, _ in foreign})
    except MissingRate as missing:
        return Finding(False, missing.message, address)
    items = [
        MonetaryItem(role, code, amount, value, rates[code, own, asked.last]) for role, code, amount, value in foreign
    ]
    wanted = sum((item.difference(minor_units(own)) for item in items), _ZERO)
    posted = revalued(asked.entity.id, asked.last)
    figures = {"unrealised": str(wanted), "posted": str(posted)}
    words = f"{write_money(wanted, own)} unrealised"
    if wanted != posted:
        words = f"{words}, {write_money(posted, own)} posted"
    return Finding(wanted == posted, words, address, figures)


def _law(law: Law, address: str) -> Callable[[_Asked], Finding]:
    def check(asked: _Asked) -> Finding:  # noqa: ARG001 - a law is about all entities
        found = breaks_of(law, relation=digits(), limit=5)
        words = f"{len(found)} differ, first {found[0]}" if found else ""
        return Finding(not found, words, address, {"differences": str(len(found))})

    return check


def _ties(asked: _Asked) -> Finding:
    [tied] = ageing(asked.last, entity_ids=[asked.entity.id], limit=0).entities
    figures = {"open invoices": str(tied.total), "receivable account": str(tied.control)}
    address = asked.address("/ageing/", as_of=asked.last.isoformat())
    return Finding(
        tied.ties,
        f"{write_money(tied.total, tied.currency)} and {write_money(tied.control, tied.currency)}",
        address,
        figures,
    )


def _deferred(asked: _Asked) -> Finding:
    """Opening + billed − recognised = closing, the closing is that of the account, and each contract's is its own."""
    role = AccountRole.CONTRACT_POSITION
    [rolled] = deferred_periods(asked.entity.id, [asked.period])
    held = role_balances([role], as_of=asked.last, entity_ids=[asked.entity.id])
    account = -sum((own for _, own in held.values()), _ZERO)
    off = [one for law in (laws.POSITION, laws.REVENUE) for one in breaks_of(law, relation=digits(), limit=5)]
    figures = {name: str(getattr(rolled, name)) for name in ("opening", "billed", "recognised", "other", "closing")}
    told = partial(write_money, currency=asked.entity.currency)
    words = (
        f"{told(rolled.opening)} + {told(rolled.billed)} − {told(rolled.recognised)} + {told(rolled.other)} = "
        f"{told(rolled.closing)}"
    )
    if off:
        words = f"{len(off)} contracts differ, first {off[0]}"
    elif account != rolled.closing:
        words = f"{told(rolled.closing)}, but the account holds {told(account)}"
    address = asked.address("/deferred-revenue/", entity=asked.entity.code, until=asked.last.isoformat())
    return Finding(not off and account == rolled.closing, words, address, figures | {"account": str(account)})


def _balances(asked: _Asked) -> Finding:
    rows = trial_balance(asked.entity.id, asked.last)
    off = sum((row.balance for row in rows), _ZERO)
    broken = financial_statements(asked.entity.id, asked.last, columns=1).breaks
    debits = sum((row.debit for row in rows), _ZERO)
    address = asked.address("/trial-balance/", entity=asked.entity.code, as_of=asked.last.isoformat())
    words = broken[0] if broken else f"debits and credits of {write_money(debits, asked.entity.currency)}"
    return Finding(
        not off and not broken,
        f"off by {write_money(off, asked.entity.currency)}" if off else words,
        address,
        {"debits": str(debits)},
    )


def _review(asked: _Asked) -> Finding:
    profit = financial_statements(asked.entity.id, asked.last, columns=2).profit_and_loss.amounts("profit")
    now, before = (write_money(amount, asked.entity.currency) for amount in profit[:2])
    before_it = "month before" if asked.period.is_month else "period before"
    words = f"profit of {now} after {before} in the {before_it}"
    asks = {"entity": asked.entity.code, "day_to": asked.last.isoformat()}
    address = asked.address("/statements/profit-and-loss/", **asks)
    return Finding(True, words, address, {"profit": str(profit[0]), f"profit of the {before_it}": str(profit[1])})


_CHECKS: dict[str, Callable[[_Asked], Finding]] = {
    "earlier": _earlier,
    "drafts": _drafts,
    "billed": _billed,
    "bank": _bank,
    "applied": _applied,
    "posted": _law(laws.POSTED, "/journal/"),
    "earned": _earned,
    "revalued": _revalued,
    "ties": _ties,
    "unapplied": _law(laws.UNAPPLIED, "/payments/?unapplied=1"),
    "stock": _law(laws.INVENTORY, "/stock/"),
    "intercompany": _law(laws.INTERCOMPANY, "/intercompany/"),
    "deferred": _deferred,
    "balances": _balances,
    "review": _review,
}
