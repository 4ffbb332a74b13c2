"""Reading credits: what is left of them, the wallets they lie in, and their movements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.invoice.credits.rules import (
    WATCHED_DAYS,
    BurnDown,
    CreditKind,
    OpenCredit,
    OpenTopUp,
    burn_down,
)
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

_OPEN = (
    "SELECT c.id, c.entity_id, c.customer_id, c.currency, c.kind, CASE WHEN c.wallet_id IS NULL THEN c.document_id "
    "ELSE c.id END, c.balance, c.entity_rate, c.expires_on, coalesce(w.priority, 0), w.meters FROM customer_credits c "
    "LEFT JOIN wallets w ON w.id = c.wallet_id WHERE {where} AND c.balance > 0 "
    "AND (w.id IS NULL OR w.status = 'active') ORDER BY c.id"
)
_LOCKING = " FOR NO KEY UPDATE OF c"


def open_credits(customer_ids: Iterable[UUID], *, for_update: bool = False) -> dict[UUID, list[OpenCredit]]:
    """What customers have to their credit; `for_update` holds it still, in key order, until the commit."""
    statement = _OPEN.format(where="c.customer_id = ANY(%s)") + (_LOCKING if for_update else "")
    found: dict[UUID, list[OpenCredit]] = {}
    for row in sql.fetch(statement, (list(set(customer_ids)),)):
        credit = _open(row)
        found.setdefault(credit.customer_id, []).append(credit)
    return found


def credits_for_update(credit_ids: Iterable[UUID]) -> dict[UUID, OpenCredit]:
    """Those of the credits that have something left, locked in key order until the commit."""
    statement = _OPEN.format(where="c.id = ANY(%s)") + _LOCKING
    return {row[0]: _open(row) for row in sql.fetch(statement, (list(set(credit_ids)),))}


def expired_for_update(today: date, *, limit: int) -> list[OpenCredit]:
    """Credits whose day has come, locked, the longest expired first."""
    statement = _OPEN.format(where="c.expires_on <= %s").replace(
        "ORDER BY c.id", "ORDER BY c.expires_on, c.id LIMIT %s"
    )
    return [_open(row) for row in sql.fetch(f"{statement} FOR NO KEY UPDATE OF c SKIP LOCKED", (today, limit))]


def _open(row: tuple[Any, ...]) -> OpenCredit:
    return OpenCredit._make((*row[:4], CreditKind(row[4]), *row[5:10], frozenset(row[10] or ())))


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A wallet as lists show it."""

    id: UUID
    entity_id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    name: str
    priority: int
    meters: list[str]
    status: str
    top_up_below: Decimal | None
    top_up_amount: Decimal | None
    balance: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A credit as lists show it; `wallet_id` None is credit of the account."""

    id: UUID
    entity_id: UUID
    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    kind: str
    wallet_id: UUID | None
    document_id: UUID
    document_number: str
    amount: Decimal
    balance: Decimal
    expires_on: date | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A movement of a credit."""

    id: UUID
    credit_id: UUID
    kind: str
    amount: Decimal
    invoice_id: UUID | None
    invoice_number: str
    moved_on: date
    reason: str
    created_at: datetime


_WALLET = (
    "w.id, w.entity_id, w.customer_id, k.number, k.name, w.currency, w.name, w.priority, w.meters, w.status, "
    "w.top_up_below, w.top_up_amount, coalesce((SELECT sum(c.balance) FROM customer_credits c "
    "WHERE c.wallet_id = w.id), 0), w.created_at"
)
_WALLETS = "wallets w JOIN customers k ON k.id = w.customer_id"
_CREDIT = (
    "c.id, c.entity_id, c.customer_id, k.number, k.name, c.currency, c.kind, c.wallet_id, c.document_id, "
    "c.document_number, c.amount, c.balance, c.expires_on, c.created_at"
)
_CREDITS = "customer_credits c JOIN customers k ON k.id = c.customer_id"
_MOVEMENT = (
    "SELECT m.id, m.credit_id, m.kind, m.amount, m.invoice_id, coalesce(i.number, ''), m.moved_on, m.reason, "
    "m.created_at FROM credit_movements m LEFT JOIN invoices i ON i.id = m.invoice_id WHERE {where} ORDER BY m.id"
)


@dataclass(frozen=True, slots=True)
class CreditFilter:
    """Which credits; `entity_ids` None means all legal entities."""

    entity_ids: Sequence[UUID] | None = None
    customer_id: UUID | None = None
    wallet_id: UUID | None = None
    kinds: Sequence[str] = ()
    words: str = ""
    only_open: bool = False


def list_wallets(ask: lists.Ask, *, chosen: CreditFilter) -> Page[WalletRow]:
    """One page of wallets."""
    conditions = lists.Conditions()
    conditions.among("w.entity_id", chosen.entity_ids, "uuid")
    conditions.contains(("w.name", "k.number"), chosen.words, known="k.known_as")
    conditions.given("w.customer_id = %s", chosen.customer_id)
    return lists.page(
        WalletRow,
        columns=_WALLET,
        source=_WALLETS,
        key="w.id",
        sorts={"name": "w.name", "created_at": "w.created_at"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def wallet(wallet_id: UUID) -> WalletRow:
    """One wallet; raises NotFound."""
    rows = sql.fetch_as(WalletRow, f"SELECT {_WALLET} FROM {_WALLETS} WHERE w.id = %s", (wallet_id,))
    if not rows:
        raise NotFound("There is no such wallet.", field="wallet")
    return rows[0]


def wallets_for_update(wallet_ids: Iterable[UUID]) -> dict[UUID, WalletRow]:
    """Wallets locked in key order until the commit; raises NotFound where one is missing."""
    wanted = list(set(wallet_ids))
    sql.execute("SELECT FROM wallets WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (wanted,))
    rows = sql.fetch_as(WalletRow, f"SELECT {_WALLET} FROM {_WALLETS} WHERE w.id = ANY(%s)", (wanted,))
    if len(rows) < len(wanted):
        raise NotFound("There is no such wallet.", field="wallet")
    return {row.id: row for row in rows}


def list_credits(ask: lists.Ask, *, chosen: CreditFilter) -> Page[CreditRow]:
    """One page of credits, of accounts and in wallets."""
    conditions = lists.Conditions()
    conditions.among("c.entity_id", chosen.entity_ids, "uuid")
    conditions.among("c.kind", chosen.kinds)
    conditions.contains(("c.document_number", "k.number"), chosen.words, known="k.known_as")
    if chosen.only_open:
        conditions.add("c.balance > 0")
    conditions.given("c.customer_id = %s", chosen.customer_id)
    conditions.given("c.wallet_id = %s", chosen.wallet_id)
    return lists.page(
        CreditRow,
        columns=_CREDIT,
        source=_CREDITS,
        key="c.id",
        sorts={"created_at": "c.created_at", "balance": "c.balance"},
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def credit(credit_id: UUID) -> CreditRow:
    """One credit; raises NotFound."""
    rows = sql.fetch_as(CreditRow, f"SELECT {_CREDIT} FROM {_CREDITS} WHERE c.id = %s", (credit_id,))
    if not rows:
        raise NotFound("There is no such credit.", field="credit")
    return rows[0]


def credits_of_documents(document_ids: Iterable[UUID]) -> dict[UUID, CreditRow]:
    """The account credit that each credit note or invoice left, for those that left one."""
    rows = sql.fetch_as(
        CreditRow,
        f"SELECT {_CREDIT} FROM {_CREDITS} WHERE c.document_id = ANY(%s) AND c.wallet_id IS NULL",
        (list(document_ids),),
    )
    return {row.document_id: row for row in rows}


def movements_of(credit_id: UUID) -> list[MovementRow]:
    """The movements of a credit in their order."""
    return sql.fetch_as(MovementRow, _MOVEMENT.format(where="m.credit_id = %s"), (credit_id,))


def movements_of_invoice(invoice_id: UUID) -> list[MovementRow]:
    """The credits that paid an invoice."""
    return sql.fetch_as(MovementRow, _MOVEMENT.format(where="m.invoice_id = %s"), (invoice_id,))


def balances_of(customer_id: UUID) -> list[tuple[str, Decimal, Decimal]]:
    """What a customer has by currency: (currency, credit of the account, prepaid)."""
    return [
        (row[0], row[1], row[2])
        for row in sql.fetch(
            "SELECT currency, coalesce(sum(balance) FILTER (WHERE wallet_id IS NULL), 0), "
            "coalesce(sum(balance) FILTER (WHERE wallet_id IS NOT NULL), 0) FROM customer_credits "
            "WHERE customer_id = %s AND balance > 0 GROUP BY currency ORDER BY currency",
            (customer_id,),
        )
    ]


def burn_down_of(row: WalletRow, today: date) -> BurnDown:
    """How fast a wallet is drawn on, and by when it is empty at that pace."""
    left = [
        OpenTopUp(balance, expires_on)
        for balance, expires_on in sql.fetch(
            "SELECT balance, expires_on FROM customer_credits WHERE wallet_id = %s AND balance > 0 "
            "AND (expires_on IS NULL OR expires_on > %s)",
            (row.id, today),
        )
    ]
    [(drawn, first)] = sql.fetch(
        "SELECT coalesce(-sum(m.amount) FILTER (WHERE m.kind = 'applied' AND m.moved_on > %s), 0), min(m.moved_on) "
        "FROM credit_movements m JOIN customer_credits c ON c.id = m.credit_id WHERE c.wallet_id = %s "
        "AND m.moved_on <= %s",
        (today - timedelta(days=WATCHED_DAYS), row.id, today),
    )
    return burn_down(left, drawn, first or today, today, currency=row.currency)


def balances_by_day(wallet_id: UUID, *, since: date, until: date) -> list[tuple[date, Decimal]]:
    """What was in a wallet at the end of each day of a span, both ends included."""
    return [
        (row[0], row[1])
        for row in sql.fetch(
            "SELECT d::date, coalesce((SELECT sum(m.amount) FROM credit_movements m "
            "JOIN customer_credits c ON c.id = m.credit_id WHERE c.wallet_id = %s AND m.moved_on <= d), 0) "
            "FROM generate_series(%s::date, %s::date, interval '1 day') AS d ORDER BY d",
            (wallet_id, since, until),
        )
    ]


def movements_in(wallet_id: UUID, *, most: int = 200) -> list[MovementRow]:
    """The last movements of a wallet, the newest first."""
    where = "m.credit_id IN (SELECT id FROM customer_credits WHERE wallet_id = %s)"
    return sql.fetch_as(MovementRow, f"{_MOVEMENT.format(where=where)} DESC LIMIT %s", (wallet_id, most))
