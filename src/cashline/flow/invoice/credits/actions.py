"""Writing credits: granting, applying, refunding, expiring. Each moves credits that were locked in key order.

What a movement posts stands in its event, named as the table of posting rules names it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.credits import queries
from cashline.flow.invoice.credits.queries import WalletRow
from cashline.flow.invoice.credits.rules import (
    WALLET,
    CreditKind,
    CreditPart,
    CreditSpent,
    MovementKind,
    NewCredit,
    NewWallet,
    OpenCredit,
    WalletStatus,
    credit_problems,
    wallet_problems,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import CurrencyMismatch
from cashline.kernel.refusals import Conflict, NotFound, Refusal, raise_all
from cashline.kernel.writing import write_money
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_WALLET = (
    *("id", "entity_id", "customer_id", "currency", "name", "priority", "meters", "status", "top_up_below"),
    *("top_up_amount", "created_at"),
)
_CREDIT = (
    *("id", "entity_id", "customer_id", "currency", "kind", "wallet_id", "document_id", "document_number", "amount"),
    *("entity_rate", "expires_on", "created_at"),
)
_MOVEMENT = ("id", "credit_id", "kind", "amount", "invoice_id", "moved_on", "reason", "created_at")
_GRANTED = {
    CreditKind.CREDIT_NOTE: "CreditKept",
    CreditKind.INVOICE: "AccountCredited",
    CreditKind.TOP_UP: "WalletToppedUp",
    CreditKind.PROMOTION: "WalletGranted",
}


class Applied(NamedTuple):
    """Credits that pay an invoice; `invoice_rate` is the exchange rate at which it was issued."""

    invoice_id: UUID
    invoice_number: str
    invoice_rate: Decimal
    entity_id: UUID
    customer_id: UUID
    currency: str
    day: date
    parts: Sequence[CreditPart]


@transaction.atomic
def open_wallets(wallets: Sequence[NewWallet], *, now: datetime, actor: str) -> list[UUID]:
    """Open wallets; gives their ids. Raises every problem at once."""
    raise_all(problem for wallet in wallets for problem in wallet_problems(wallet))
    ids = [new_id() for _ in wallets]
    sql.insert(
        "wallets",
        _WALLET,
        [
            (
                *(key, new.entity_id, new.customer_id, new.currency, new.name.strip() or "Prepaid", new.priority),
                *(list(new.meters), WalletStatus.ACTIVE.value, new.top_up_below, new.top_up_amount, now),
            )
            for key, new in zip(ids, wallets, strict=True)
        ],
    )
    record(
        [
            Event(
                "WalletOpened",
                (ObjectRef("wallet", key), ObjectRef("customer", new.customer_id)),
                {"name": new.name, "currency": new.currency},
            )
            for key, new in zip(ids, wallets, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


@transaction.atomic
def set_top_up_rule(
    *, wallet_id: UUID, below: Decimal | None, amount: Decimal | None, now: datetime, actor: str
) -> None:
    """Say below what a wallet asks for a top-up, and of how much; None ends the rule. Raises every problem."""
    row = queries.wallet(wallet_id)
    new = NewWallet(row.entity_id, row.customer_id, row.currency, top_up_below=below, top_up_amount=amount)
    raise_all(wallet_problems(new))
    if row.status != WalletStatus.ACTIVE:
        raise Conflict(f"The wallet {row.name} is closed.", field="wallet")
    sql.execute("UPDATE wallets SET top_up_below = %s, top_up_amount = %s WHERE id = %s", (below, amount, wallet_id))
    data = {"below": str(below or ""), "amount": str(amount or ""), "currency": row.currency}
    objects = (ObjectRef("wallet", wallet_id), ObjectRef("customer", row.customer_id))
    record([Event("WalletTopUpRuleSet", objects, data)], now=now, actor=actor)


@transaction.atomic
def close_wallet(*, wallet_id: UUID, now: datetime, actor: str) -> None:
    """Close an empty wallet. Raises Conflict where money lies in it, IllegalTransition where it is closed."""
    row = queries.wallets_for_update([wallet_id])[wallet_id]
    target = WALLET.target("close", row.status, document_id=row.name)
    if row.balance:
        raise Conflict(f"{write_money(row.balance, row.currency)} lie in this wallet.", field="wallet")
    sql.execute("UPDATE wallets SET status = %s WHERE id = %s", (target.value, wallet_id))
    objects = (ObjectRef("wallet", wallet_id), ObjectRef("customer", row.customer_id))
    record([Event("WalletClosed", objects, {"name": row.name})], now=now, actor=actor)


@transaction.atomic
def grant_credits(grants: Sequence[NewCredit], *, now: datetime, actor: str) -> list[UUID]:
    """Keep credits for customers; gives their ids in order. Raises every problem at once.

    The caller has made room for them: lowered a payment, issued a credit note or an invoice below zero.
    """
    if not grants:
        return []
    wallets = {key for key in (new.wallet_id for new in grants) if key is not None}
    held = queries.wallets_for_update(wallets) if wallets else {}
    problems = [problem for new in grants for problem in credit_problems(new)]
    raise_all([*problems, *(problem for new in grants if new.wallet_id for problem in _not_of(new, held))])
    ids = [new_id() for _ in grants]
    sql.insert("customer_credits", _CREDIT, [_row(key, new, now) for key, new in zip(ids, grants, strict=True)])
    moves = [new_id() for _ in grants]
    sql.insert(
        "credit_movements",
        _MOVEMENT,
        [
            (move, key, MovementKind.GRANTED.value, new.amount, None, new.day, new.reason, now)
            for move, key, new in zip(moves, ids, grants, strict=True)
        ],
    )
    by_type: dict[str, list[Event]] = {}
    for move, key, new in zip(moves, ids, grants, strict=True):
        by_type.setdefault(_GRANTED[new.kind], []).append(_granted(move, key, new))
    for events in by_type.values():
        record(events, now=now, actor=actor)
    return ids


def _not_of(new: NewCredit, held: Mapping[UUID, WalletRow]) -> list[Refusal]:
    row = held[new.wallet_id] if new.wallet_id else None
    if row is None:
        return []
    if (row.customer_id, row.entity_id) != (new.customer_id, new.entity_id):
        return [NotFound("The customer has no such wallet there.", field="wallet")]
    if row.status != WalletStatus.ACTIVE:
        return [Conflict(f"The wallet {row.name} is {row.status}.", field="wallet")]
    if row.currency != new.currency:
        return [CurrencyMismatch(f"The wallet is in {row.currency}, the money in {new.currency}.", field="currency")]
    return []


def _row(key: UUID, new: NewCredit, now: datetime) -> tuple[Any, ...]:
    return (
        *(key, new.entity_id, new.customer_id, new.currency, new.kind.value, new.wallet_id, new.document_id or key),
        *(new.document_number, new.amount, new.entity_rate, new.expires_on, now),
    )


def _granted(move: UUID, key: UUID, new: NewCredit) -> Event:
    document = new.document_id or key
    by_kind: dict[CreditKind, list[tuple[str, Decimal, UUID | None, Decimal | None]]] = {
        CreditKind.CREDIT_NOTE: [],
        CreditKind.INVOICE: [
            ("settled", new.amount, document, new.document_rate),
            ("credited", new.amount, document, new.entity_rate),
        ],
        CreditKind.TOP_UP: [
            ("account", new.amount, document, new.document_rate),
            ("prepaid", new.amount, key, new.entity_rate),
        ],
        CreditKind.PROMOTION: [("promotion", new.amount, None, None), ("prepaid", new.amount, key, new.entity_rate)],
    }
    amounts = by_kind[new.kind]
    objects = [ObjectRef("credit", key), ObjectRef("customer", new.customer_id)]
    if new.wallet_id is not None:
        objects.append(ObjectRef("wallet", new.wallet_id))
    if new.document_id is not None:
        objects.append(ObjectRef(_DOCUMENT[new.kind], new.document_id))
    data = _data(move, new.entity_id, new.currency, new.entity_rate, new.day, new.document_number, amounts)
    return Event(_GRANTED[new.kind], tuple(objects), data | {"amount": str(new.amount)}, new.reason)


_DOCUMENT = {CreditKind.CREDIT_NOTE: "credit_note", CreditKind.INVOICE: "invoice", CreditKind.TOP_UP: "payment"}


def _data(
    move: UUID,
    entity_id: UUID,
    currency: str,
    rate: Decimal,
    day: date,
    number: str,
    amounts: Sequence[tuple[str, Decimal, UUID | None, Decimal | None]],
) -> dict[str, Any]:
    """What the books post: named amounts, each with the document whose balance it changes and that one's rate."""
    return {
        "movement_id": str(move),
        "entity_id": str(entity_id),
        "currency": currency,
        "entity_rate": str(rate),
        "day": day.isoformat(),
        "number": number,
        "amounts": [
            [name, str(amount), str(document) if document else "", str(held) if held is not None else ""]
            for name, amount, document, held in amounts
        ],
    }


@transaction.atomic(savepoint=False)
def apply_credits(applied: Sequence[Applied], *, now: datetime, actor: str) -> None:
    """Take credits for invoices whose open amounts the caller lowers; the credits are locked by the caller."""
    rows: list[tuple[Any, ...]] = []
    events: list[Event] = []
    for item in applied:
        moves = [new_id() for _ in item.parts]
        kind = MovementKind.APPLIED.value
        rows += [
            (move, part.credit.id, kind, -part.amount, item.invoice_id, item.day, "", now)
            for move, part in zip(moves, item.parts, strict=True)
        ]
        if moves:
            events.append(_applied(moves[0], item))
    if rows:
        sql.insert("credit_movements", _MOVEMENT, rows)
        record(events, now=now, actor=actor)


def _applied(move: UUID, item: Applied) -> Event:
    amounts: list[tuple[str, Decimal, UUID | None, Decimal | None]] = [
        (
            "prepaid" if part.credit.kind.is_prepaid else "account",
            part.amount,
            part.credit.document_id,
            part.credit.entity_rate,
        )
        for part in item.parts
    ]
    total = sum((part.amount for part in item.parts), Decimal(0))
    amounts.append(("settled", total, item.invoice_id, item.invoice_rate))
    objects = (
        ObjectRef("invoice", item.invoice_id),
        ObjectRef("customer", item.customer_id),
        *(ObjectRef("credit", part.credit.id) for part in item.parts),
    )
    data = _data(move, item.entity_id, item.currency, item.invoice_rate, item.day, item.invoice_number, amounts)
    return Event("CreditApplied", objects, data | {"amount": str(total)})


@transaction.atomic
def refund_credit(
    *, credit_id: UUID, amount: Decimal, method: str, reason: str, refunded_on: date, now: datetime, actor: str
) -> None:
    """Pay credit of the account, or prepaid money, out to the customer. Raises CreditSpent or NotFound."""
    found = queries.credits_for_update([credit_id]).get(credit_id)
    if found is None or not 0 < amount <= found.balance:
        left = found.balance.normalize() + 0 if found else Decimal(0)
        raise CreditSpent(f"{left:f} are left of this credit, and more than 0 is paid out.", field="amount")
    if found.kind is CreditKind.PROMOTION:
        raise Conflict("What was given for nothing is not paid out.", field="credit")
    move = _take(found, MovementKind.REFUNDED, amount, refunded_on, reason, now)
    where = "paid_by_card" if method == "card" else "paid_by_bank"
    amounts = [(_side(found), amount, found.document_id, found.entity_rate), (where, amount, None, None)]
    _tell("CreditRefunded", move, found, amount, refunded_on, amounts, reason, now=now, actor=actor)


@transaction.atomic
def expire_credits(*, today: date, now: datetime, actor: str, limit: int = 1000) -> int:
    """End prepaid credits whose day has come: what is left is breakage. Gives how many."""
    found = queries.expired_for_update(today, limit=limit)
    for credit in found:
        day = credit.expires_on or today
        move = _take(credit, MovementKind.EXPIRED, credit.balance, day, "", now)
        where = "unused_promotion" if credit.kind is CreditKind.PROMOTION else "breakage"
        amounts = [
            ("prepaid", credit.balance, credit.document_id, credit.entity_rate),
            (where, credit.balance, None, None),
        ]
        _tell("CreditExpired", move, credit, credit.balance, day, amounts, "", now=now, actor=actor)
    return len(found)


def _side(credit: OpenCredit) -> str:
    return "prepaid" if credit.kind.is_prepaid else "account"


def _take(credit: OpenCredit, kind: MovementKind, amount: Decimal, day: date, reason: str, now: datetime) -> UUID:
    move = new_id()
    sql.insert("credit_movements", _MOVEMENT, [(move, credit.id, kind.value, -amount, None, day, reason.strip(), now)])
    return move


def _tell(
    kind: str,
    move: UUID,
    credit: OpenCredit,
    amount: Decimal,
    day: date,
    amounts: Sequence[tuple[str, Decimal, UUID | None, Decimal | None]],
    reason: str,
    *,
    now: datetime,
    actor: str,
) -> None:
    objects = (ObjectRef("credit", credit.id), ObjectRef("customer", credit.customer_id))
    data = _data(move, credit.entity_id, credit.currency, credit.entity_rate, day, "", amounts)
    record([Event(kind, objects, data | {"amount": str(amount)}, reason.strip())], now=now, actor=actor)
