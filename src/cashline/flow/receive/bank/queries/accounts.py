"""Bank accounts with what is declared of their matching, and the statements that were imported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.receive.bank.rules.match_plan import MatchSettings
from cashline.flow.receive.bank.rules.statement import Balance, BalanceGap, Statement, StatementKind, find_gaps
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of a legal entity; `settings` is what is declared of its matching."""

    id: UUID
    entity_id: UUID
    entity_code: str
    iban: str
    name: str
    currency: str
    auto_apply_confidence: int
    tolerance_amount: Decimal
    tolerance_rate: Decimal

    @property
    def settings(self) -> MatchSettings:
        """As the matching takes it."""
        return MatchSettings(
            auto_apply_confidence=self.auto_apply_confidence,
            tolerance_amount=self.tolerance_amount,
            tolerance_rate=self.tolerance_rate,
        )


@dataclass(frozen=True, slots=True)
class StatementRow:
    """An imported statement; `open_count` of its lines wait for a decision."""

    id: UUID
    account_id: UUID
    iban: str
    account_name: str
    entity_id: UUID
    kind: str
    reference: str
    sequence: str
    currency: str
    from_day: date | None
    to_day: date | None
    opening_balance: Decimal | None
    closing_balance: Decimal | None
    opening_day: date | None
    closing_day: date | None
    line_count: int
    source: str
    imported_at: datetime
    imported_by: str
    added_count: int
    open_count: int


_ACCOUNT = (
    "a.id, a.entity_id, e.code, a.iban, a.name, a.currency, a.auto_apply_confidence, a.tolerance_amount, "
    "a.tolerance_rate"
)
_ACCOUNTS = "bank_accounts a JOIN legal_entities e ON e.id = a.entity_id"


def accounts(*, entities: Sequence[UUID] | None = None) -> list[AccountRow]:
    """The bank accounts of the legal entities (None: of all), by entity and IBAN."""
    return sql.fetch_as(
        AccountRow,
        f"SELECT {_ACCOUNT} FROM {_ACCOUNTS} WHERE (%(e)s::uuid[] IS NULL OR a.entity_id = ANY(%(e)s)) "
        "ORDER BY e.code, a.iban",
        {"e": list(entities) if entities is not None else None},
    )


def account(account_id: UUID) -> AccountRow:
    """One bank account; raises NotFound."""
    rows = sql.fetch_as(AccountRow, f"SELECT {_ACCOUNT} FROM {_ACCOUNTS} WHERE a.id = %s", (account_id,))
    if not rows:
        raise NotFound("There is no such bank account.", field="account")
    return rows[0]


def lock_accounts(account_ids: Iterable[UUID]) -> None:
    """Hold accounts until the commit, in key order: importing into one and matching on it happen one at a time."""
    sql.execute(
        "SELECT 1 FROM bank_accounts WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(set(account_ids)),)
    )


def lock_owners(entity_ids: Iterable[UUID]) -> None:
    """Hold legal entities until the commit, in key order: their accounts are added one at a time."""
    sql.execute(
        "SELECT 1 FROM legal_entities WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(set(entity_ids)),)
    )


_STATEMENT = (
    "s.id, s.account_id, a.iban, a.name, a.entity_id, s.kind, s.reference, s.sequence, s.currency, s.from_day, "
    "s.to_day, s.opening_balance, s.closing_balance, s.opening_day, s.closing_day, s.line_count, s.source, "
    "s.imported_at, s.imported_by, coalesce(n.added, 0), coalesce(n.open, 0)"
)
_STATEMENTS = (
    "bank_statements s JOIN bank_accounts a ON a.id = s.account_id LEFT JOIN LATERAL (SELECT count(*) AS added, "
    "count(*) FILTER (WHERE l.status = 'open') AS open FROM bank_lines l WHERE l.statement_id = s.id) n ON true"
)
STATEMENT_SORTS = {"imported_at": "s.imported_at", "to_day": "coalesce(s.to_day, s.closing_day, DATE '1970-01-01')"}


def list_statements(
    ask: lists.Ask, *, entities: Sequence[UUID] | None = None, accounts: Sequence[UUID] | None = None
) -> Page[StatementRow]:
    """One page of statements, the newest import first."""
    conditions = lists.Conditions()
    conditions.among("a.entity_id", entities, "uuid")
    conditions.among("s.account_id", accounts, "uuid")
    return lists.page(
        StatementRow,
        columns=_STATEMENT,
        source=_STATEMENTS,
        key="s.id",
        sorts=STATEMENT_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def statement(statement_id: UUID) -> StatementRow:
    """One statement; raises NotFound."""
    rows = sql.fetch_as(StatementRow, f"SELECT {_STATEMENT} FROM {_STATEMENTS} WHERE s.id = %s", (statement_id,))
    if not rows:
        raise NotFound("There is no such bank statement.", field="statement")
    return rows[0]


def missing_statements(account_id: UUID) -> tuple[BalanceGap, ...]:
    """Where the balances of consecutive final statements do not meet, so that one between them is missing."""
    rows = sql.fetch(
        "SELECT a.iban, s.currency, s.sequence, s.opening_balance, s.opening_day, s.closing_balance, s.closing_day "
        "FROM bank_statements s JOIN bank_accounts a ON a.id = s.account_id "
        "WHERE s.account_id = %s AND s.kind = %s AND s.opening_day IS NOT NULL AND s.closing_day IS NOT NULL",
        (account_id, StatementKind.STATEMENT.value),
    )
    return find_gaps(
        Statement(
            account=iban,
            currency=currency,
            kind=StatementKind.STATEMENT,
            statement_id="",
            sequence=sequence,
            from_date=None,
            to_date=None,
            opening=Balance(opening, currency, opening_day),
            closing=Balance(closing, currency, closing_day),
            lines=(),
        )
        for iban, currency, sequence, opening, opening_day, closing, closing_day in rows
    )
