"""Balances on any day: the daily sums kept by the summary, and beside them the entries that are newer than it.

Every report reads `MOVEMENTS`, so that none of them can differ from the trial balance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.platform import sql

MOVEMENTS = """(
    SELECT account_id, day, currency, rule, debit, credit, functional_debit, functional_credit FROM daily_balances
    UNION ALL
    SELECT l.account_id, l.day, e.currency, e.rule, greatest(l.amount, 0), greatest(-l.amount, 0),
        greatest(l.functional_amount, 0), greatest(-l.functional_amount, 0)
    FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id
    WHERE e.transaction > %(bound)s AND e.transaction > (SELECT up_to_transaction FROM journal_summary)
)"""
"""A relation of daily movements (account_id, day, currency, rule, debit, credit and both in the entity's currency).

Needs the parameter `bound` of `summary_bound`: it lets PostgreSQL know that few entries are newer than the summary; the
second condition keeps the answer right where the summary moves on between the two statements.
"""


_LATER = f"""(
    SELECT account_id, day, currency, rule, debit, credit, functional_debit, functional_credit
    FROM {MOVEMENTS} AS everything
    UNION ALL
    SELECT l.account_id, l.day, e.currency, e.rule, -greatest(l.amount, 0), -greatest(-l.amount, 0),
        -greatest(l.functional_amount, 0), -greatest(-l.functional_amount, 0)
    FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id WHERE e.posted_at > %(known_at)s
)"""


def movements(known_at: datetime | None) -> str:
    """`MOVEMENTS`, or those that were posted up to an instant: then the parameter `known_at` is needed too.

    What was posted later is taken back, so that a look at last week's books costs what was posted since.
    """
    return MOVEMENTS if known_at is None else _LATER


def summary_bound() -> int:
    """The transaction up to which the journal is summed."""
    row = sql.fetch_one("SELECT up_to_transaction FROM journal_summary")
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account on a day, in the entity's currency: all debits, all credits, and the balance (debit positive)."""

    account_id: UUID
    code: str
    name: str
    type: str
    role: str
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        """Debits less credits."""
        return self.debit - self.credit


def trial_balance(entity_id: UUID, as_of: date, *, known_at: datetime | None = None) -> list[AccountBalance]:
    """Every account of an entity at the end of a day, by code; the balances sum to zero.

    With `known_at` only what was posted up to that instant counts.
    """
    return sql.fetch_as(
        AccountBalance,
        "SELECT a.id, a.code, a.name, a.type, a.role, COALESCE(sum(m.functional_debit), 0), "
        f"COALESCE(sum(m.functional_credit), 0) FROM accounts a LEFT JOIN {movements(known_at)} m "
        "ON m.account_id = a.id AND m.day <= %(as_of)s WHERE a.entity_id = %(entity)s GROUP BY a.id ORDER BY a.code",
        {"bound": summary_bound(), "as_of": as_of, "entity": entity_id, "known_at": known_at},
    )


def role_balances(
    roles: Sequence[AccountRole], *, as_of: date, entity_ids: Sequence[UUID] | None = None
) -> dict[tuple[UUID, AccountRole, str], tuple[Decimal, Decimal]]:
    """By entity, role and currency at the end of a day: the balance in that currency and in the entity's."""
    rows = sql.fetch(
        "SELECT a.entity_id, a.role, m.currency, sum(m.debit - m.credit), "
        f"sum(m.functional_debit - m.functional_credit) FROM accounts a JOIN {MOVEMENTS} m ON m.account_id = a.id "
        "WHERE a.role = ANY(%(roles)s) AND m.day <= %(as_of)s "
        "AND (%(entities)s::uuid[] IS NULL OR a.entity_id = ANY(%(entities)s::uuid[])) GROUP BY 1, 2, 3",
        {
            "bound": summary_bound(),
            "roles": [role.value for role in roles],
            "as_of": as_of,
            "entities": list(entity_ids) if entity_ids is not None else None,
        },
    )
    return {(entity, AccountRole(role), currency): (amount, own) for entity, role, currency, amount, own in rows}


@dataclass(frozen=True, slots=True)
class PeriodMovement:
    """What a posting rule moved on the accounts of a role in a period (debit positive, in the entity's currency)."""

    start: date
    role: str
    rule: str
    amount: Decimal


def period_movements(
    entity_id: UUID, roles: Sequence[AccountRole], *, starts: Sequence[date], end: date
) -> list[PeriodMovement]:
    """Movements by period, role and rule up to before `end`, oldest first; periods begin on the days of `starts`."""
    return sql.fetch_as(
        PeriodMovement,
        "SELECT (%(starts)s::date[])[width_bucket(m.day, %(starts)s::date[])], a.role, m.rule, "
        f"sum(m.functional_debit - m.functional_credit) FROM accounts a JOIN {MOVEMENTS} m ON m.account_id = a.id "
        "WHERE a.entity_id = %(entity)s AND a.role = ANY(%(roles)s) AND m.day >= %(start)s AND m.day < %(end)s "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        {
            "bound": summary_bound(),
            "entity": entity_id,
            "roles": [role.value for role in roles],
            "start": starts[0],
            "starts": list(starts),
            "end": end,
        },
    )


@dataclass(frozen=True, slots=True)
class Position:
    """The contract position of an agreement: net billed, revenue recognised, and the position in both currencies."""

    agreement_id: UUID
    entity_id: UUID
    currency: str
    billed: Decimal
    recognised: Decimal
    functional: Decimal

    @property
    def amount(self) -> Decimal:
        """Recognised less billed: positive is a contract asset, negative a contract liability (deferred revenue)."""
        return self.recognised - self.billed


POSITIONS = """(
    SELECT agreement_id, entity_id, currency, billed, recognised, functional_amount FROM contract_positions
    UNION ALL
    SELECT l.agreement_id, e.entity_id, e.currency, CASE WHEN e.rule = 'revenue' THEN 0 ELSE -l.amount END,
        CASE WHEN e.rule = 'revenue' THEN l.amount ELSE 0 END, l.functional_amount
    FROM journal_entries e JOIN journal_lines l ON l.entry_id = e.id AND l.agreement_id IS NOT NULL
    JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position'
    WHERE e.transaction > %(bound)s AND e.transaction > (SELECT up_to_transaction FROM journal_summary)
)"""
"""A relation of contract positions in parts, to be summed by agreement; needs `bound` as `MOVEMENTS` does."""


def positions(agreement_ids: Sequence[UUID]) -> dict[UUID, Position]:
    """The contract positions of agreements as of now."""
    rows = sql.fetch_as(
        Position,
        "SELECT p.agreement_id, p.entity_id, p.currency, sum(p.billed), sum(p.recognised), "
        f"sum(p.functional_amount) FROM {POSITIONS} p WHERE p.agreement_id = ANY(%(ids)s) GROUP BY 1, 2, 3",
        {"bound": summary_bound(), "ids": list(agreement_ids)},
    )
    return {row.agreement_id: row for row in rows}


_ASSETS = """
SELECT COALESCE(sum(own) FILTER (WHERE own > 0), 0) FROM (SELECT agreement_id, sum(own) AS own FROM (
    SELECT p.agreement_id, p.functional_amount AS own FROM contract_positions p WHERE p.entity_id = %(entity)s
    UNION ALL
    SELECT l.agreement_id, l.functional_amount FROM journal_entries e
        JOIN journal_lines l ON l.entry_id = e.id AND l.agreement_id IS NOT NULL
        JOIN accounts a ON a.id = l.account_id AND a.role = 'contract_position'
        WHERE e.entity_id = %(entity)s AND e.transaction > %(bound)s
            AND e.transaction > (SELECT up_to_transaction FROM journal_summary)
    UNION ALL
    SELECT l.agreement_id, -l.functional_amount FROM accounts a JOIN journal_lines l ON l.account_id = a.id
        AND l.agreement_id IS NOT NULL {joined} WHERE a.entity_id = %(entity)s AND a.role = 'contract_position'
        AND {later}
) AS parts GROUP BY 1) AS positions
"""


def contract_assets(entity_id: UUID, as_of: date, *, known_at: datetime | None = None) -> Decimal:
    """The contracts of which more was earned than billed at the end of a day, in the entity's currency.

    It starts from the positions of now and takes back what was dated, or posted, later.
    """
    later = "l.day > %(as_of)s" if known_at is None else "(l.day > %(as_of)s OR e.posted_at > %(known_at)s)"
    joined = "" if known_at is None else "JOIN journal_entries e ON e.id = l.entry_id"
    row = sql.fetch_one(
        _ASSETS.format(later=later, joined=joined),
        {"bound": summary_bound(), "entity": entity_id, "as_of": as_of, "known_at": known_at},
    )
    return Decimal(row[0]) if row else Decimal(0)
