"""The API of credits: what customers have to their credit, wallets, and paying credit out."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.invoice.credits import actions, queries
from cashline.flow.invoice.credits.queries import CreditFilter, CreditRow, MovementRow, WalletRow
from cashline.flow.invoice.credits.rules import BurnDown, CreditKind, NewCredit, NewWallet
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code, exchange_rates
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    Name,
    PublicId,
    Reason,
    Sort,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Credits"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), max_digits=19, decimal_places=4)]
type Meter = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class WalletIn(Closed):
    """A wallet to open at a legal entity; with meters it pays usage of these alone."""

    entity: EntityCode
    customer_id: PublicId
    currency: CurrencyCode
    name: Name = "Prepaid"
    priority: Annotated[int, Field(ge=0, le=1000)] = 50
    meters: Annotated[list[Meter], Field(max_length=100)] = []
    top_up_below: Amount | None = None
    top_up_amount: Amount | None = None


class PromotionIn(Closed):
    """Credit that is given for nothing."""

    amount: Amount
    expires_on: date | None = None
    reason: Reason


class CreditRefundIn(Closed):
    """Credit that was paid out to the customer."""

    amount: Amount
    method: Literal["bank_transfer", "card", "cash", "other"] = "bank_transfer"
    reason: Reason
    refunded_on: date | None = None


def _text(amount: Decimal, currency: str) -> str:
    return f"{round_to(amount, minor_units(currency)):f}"


def wallet_shape(row: WalletRow) -> dict[str, Any]:
    """A wallet."""
    return {
        "id": public("wallet", row.id),
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "currency": row.currency,
        "name": row.name,
        "priority": row.priority,
        "meters": row.meters,
        "status": row.status,
        "balance": _text(row.balance, row.currency),
        "top_up_below": None if row.top_up_below is None else _text(row.top_up_below, row.currency),
        "top_up_amount": None if row.top_up_amount is None else _text(row.top_up_amount, row.currency),
        "created_at": row.created_at,
    }


def credit_shape(row: CreditRow) -> dict[str, Any]:
    """A credit, of the account or in a wallet."""
    return {
        "id": public("credit", row.id),
        "kind": row.kind,
        "entity_id": public("entity", row.entity_id),
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "wallet_id": public("wallet", row.wallet_id) if row.wallet_id else None,
        "document_number": row.document_number,
        "currency": row.currency,
        "amount": _text(row.amount, row.currency),
        "balance": _text(row.balance, row.currency),
        "expires_on": row.expires_on,
        "created_at": row.created_at,
    }


def movement_shape(row: MovementRow, currency: str) -> dict[str, Any]:
    """A movement of a credit."""
    return {
        "kind": row.kind,
        "amount": _text(row.amount, currency),
        "invoice_id": public("invoice", row.invoice_id) if row.invoice_id else None,
        "invoice_number": row.invoice_number,
        "moved_on": row.moved_on,
        "reason": row.reason,
        "created_at": row.created_at,
    }


def credit_detail(row: CreditRow) -> dict[str, Any]:
    """A credit with its movements."""
    moves = queries.movements_of(row.id)
    return credit_shape(row) | {"movements": [movement_shape(move, row.currency) for move in moves]}


def _credit(caller: Caller, credit_id: str, permission: str = "credits.read") -> CreditRow:
    row = queries.credit(key_of("credit", credit_id))
    require_visible(caller, permission, row.entity_id, "credit", row.id)
    return row


def _wallet(caller: Caller, wallet_id: str, permission: str = "credits.read") -> WalletRow:
    row = queries.wallet(key_of("wallet", wallet_id))
    require_visible(caller, permission, row.entity_id, "wallet", row.id)
    return row


def _today(caller: Caller, entity_id: UUID) -> date:
    return caller.today(entities_by_id([entity_id])[entity_id].timezone)


@router.get("/credits")
def credit_list(
    request: HttpRequest,
    q: Words = "",
    kind: Annotated[list[CreditKind], Query()] = [],  # noqa: B006 - read only
    customer_id: PublicId | None = None,
    wallet_id: PublicId | None = None,
    only_open: bool = False,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Credits of accounts and in wallets, the newest first unless sorted by balance or created_at."""
    caller = caller_of(request)
    caller.require("credits.read")
    chosen = CreditFilter(
        caller.entities("credits.read"),
        key_of("customer", customer_id) if customer_id else None,
        key_of("wallet", wallet_id) if wallet_id else None,
        kind,
        q,
        only_open,
    )
    return listed(queries.list_credits(ask_of(sort, cursor, limit), chosen=chosen), credit_shape)


@router.get("/credits/{credit_id}")
def credit_show(request: HttpRequest, credit_id: PublicId) -> dict[str, Any]:
    """One credit with all its movements."""
    return credit_detail(_credit(caller_of(request), credit_id))


@router.post("/credits/{credit_id}/refunds", response={201: dict[str, Any]})
def credit_refund(request: HttpRequest, credit_id: PublicId, body: CreditRefundIn) -> tuple[int, dict[str, Any]]:
    """Pay credit out to the customer."""
    caller = caller_of(request)
    row = _credit(caller, credit_id, "credits.write")
    actions.refund_credit(
        credit_id=row.id,
        amount=body.amount,
        method=body.method,
        reason=body.reason,
        refunded_on=body.refunded_on or _today(caller, row.entity_id),
        now=caller.now,
        actor=caller.actor,
    )
    return 201, credit_detail(queries.credit(row.id))


@router.get("/wallets")
def wallet_list(
    request: HttpRequest,
    q: Words = "",
    customer_id: PublicId | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Wallets, the newest first unless sorted by name or created_at."""
    caller = caller_of(request)
    caller.require("credits.read")
    chosen = CreditFilter(
        caller.entities("credits.read"), key_of("customer", customer_id) if customer_id else None, words=q
    )
    return listed(queries.list_wallets(ask_of(sort, cursor, limit), chosen=chosen), wallet_shape)


@router.post("/wallets", response={201: dict[str, Any]})
def wallet_open(request: HttpRequest, body: WalletIn) -> tuple[int, dict[str, Any]]:
    """Open a wallet."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("credits.write", entity.id)
    new = NewWallet(
        entity.id,
        key_of("customer", body.customer_id),
        body.currency,
        body.name,
        body.priority,
        tuple(body.meters),
        body.top_up_below,
        body.top_up_amount,
    )
    (key,) = actions.open_wallets([new], now=caller.now, actor=caller.actor)
    return 201, wallet_shape(queries.wallet(key))


@router.get("/wallets/{wallet_id}")
def wallet_show(request: HttpRequest, wallet_id: PublicId) -> dict[str, Any]:
    """One wallet."""
    return wallet_shape(_wallet(caller_of(request), wallet_id))


def burn_down_shape(found: BurnDown, currency: str) -> dict[str, Any]:
    """How fast a wallet is drawn on."""
    return {
        "currency": currency,
        "balance": _text(found.balance, currency),
        "drawn": _text(found.drawn, currency),
        "days": found.days,
        "per_day": _text(found.per_day, currency),
        "empty_on": found.empty_on,
        "unused": _text(found.unused, currency),
    }


@router.get("/wallets/{wallet_id}/burn-down")
def wallet_burn_down(request: HttpRequest, wallet_id: PublicId) -> dict[str, Any]:
    """The pace of the last 90 days, by when the wallet is empty at it, and what would expire before it is used."""
    caller = caller_of(request)
    row = _wallet(caller, wallet_id)
    return burn_down_shape(queries.burn_down_of(row, caller.today()), row.currency)


@router.post("/wallets/{wallet_id}/promotions", response={201: dict[str, Any]})
def wallet_promotion(request: HttpRequest, wallet_id: PublicId, body: PromotionIn) -> tuple[int, dict[str, Any]]:
    """Give credit for nothing; it is an expense on the day it is given."""
    caller = caller_of(request)
    row = _wallet(caller, wallet_id, "credits.write")
    day, own = _today(caller, row.entity_id), entities_by_id([row.entity_id])[row.entity_id].currency
    pair = (row.currency, own, day)
    new = NewCredit(
        row.entity_id,
        row.customer_id,
        row.currency,
        CreditKind.PROMOTION,
        body.amount,
        day,
        wallet_id=row.id,
        entity_rate=exchange_rates([pair])[pair],
        expires_on=body.expires_on,
        reason=body.reason,
    )
    (key,) = actions.grant_credits([new], now=caller.now, actor=caller.actor)
    return 201, credit_detail(queries.credit(key))


@router.post("/wallets/{wallet_id}/close")
def wallet_close(request: HttpRequest, wallet_id: PublicId) -> dict[str, Any]:
    """Close an empty wallet."""
    caller = caller_of(request)
    row = _wallet(caller, wallet_id, "credits.write")
    actions.close_wallet(wallet_id=row.id, now=caller.now, actor=caller.actor)
    return wallet_shape(queries.wallet(row.id))
