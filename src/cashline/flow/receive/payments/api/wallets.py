"""Endpoints that put money into prepaid wallets: received straight into one, or taken from what lies on account."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from cashline.flow.invoice.credits.api import credit_detail
from cashline.flow.invoice.credits.queries import credit, wallet
from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewPayment
from cashline.flow.receive.payments.api.following import business_day
from cashline.flow.receive.payments.queries import WalletCardRow
from cashline.kernel.identifiers import key_of, new_id, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import Closed, PublicId, require_visible

router = Router(tags=["Credits"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), max_digits=19, decimal_places=4)]


class TopUpIn(Closed):
    """Money received for a wallet."""

    amount: Amount
    method: str = "bank_transfer"
    received_on: date
    expires_on: date | None = None


class PutIn(Closed):
    """Money on account to put into a wallet."""

    wallet_id: PublicId
    amount: Amount
    expires_on: date | None = None


class WalletCardIn(Closed):
    """By which card, below what and by how much a wallet is topped up by itself."""

    below: Amount
    amount: Amount
    gateway: Annotated[str, Field(min_length=1, max_length=40)]
    method_token: Annotated[str, Field(min_length=1, max_length=255)]


def card_shape(row: WalletCardRow) -> dict[str, Any]:
    """A wallet that is topped up by itself; of the card's token only the end is shown."""
    digits = minor_units(row.currency)
    return {
        "wallet_id": public("wallet", row.id),
        "customer_id": public("customer", row.customer_id),
        "name": row.name,
        "currency": row.currency,
        "below": f"{round_to(row.below, digits):f}",
        "amount": f"{round_to(row.amount, digits):f}",
        "balance": f"{round_to(row.balance, digits):f}",
        "gateway": row.gateway,
        "card": row.card,
        "failures": row.failures,
        "asked_again_at": row.next_try_at,
        "payment_intent_id": public("payment_intent", row.under_way) if row.under_way else None,
    }


def _card(caller: Caller, key: UUID) -> dict[str, Any]:
    return next((card_shape(row) for row in queries.wallet_cards(now=caller.now, wallet_id=key)), {})


@router.get("/wallet-top-up-rules")
def wallet_card_list(request: HttpRequest) -> dict[str, Any]:
    """The wallets that are topped up by themselves, at most 500 of them."""
    caller = caller_of(request)
    caller.require("payments.read")
    rows = queries.wallet_cards(now=caller.now, entity_ids=caller.entities("payments.read"))
    return {"items": [card_shape(row) for row in rows], "next_cursor": ""}


@router.post("/wallets/{wallet_id}/top-up-rule")
def wallet_card_set(request: HttpRequest, wallet_id: PublicId, body: WalletCardIn) -> dict[str, Any]:
    """Charge a card whenever less than so much is in the wallet, once at a time; the worker does it."""
    caller = caller_of(request)
    row = wallet(key_of("wallet", wallet_id))
    require_visible(caller, "payments.write", row.entity_id, "wallet", row.id)
    actions.gateways(sandbox=caller.clock.sandbox)(body.gateway)
    actions.set_wallet_card(wallet_id=row.id, **body.model_dump(), now=caller.now, actor=caller.actor)
    return _card(caller, row.id)


@router.post("/wallets/{wallet_id}/top-up-rule/stop")
def wallet_card_stop(request: HttpRequest, wallet_id: PublicId) -> dict[str, Any]:
    """Top the wallet up by itself no more, and forget its card."""
    caller = caller_of(request)
    row = wallet(key_of("wallet", wallet_id))
    require_visible(caller, "payments.write", row.entity_id, "wallet", row.id)
    actions.stop_top_ups(wallet_id=row.id, now=caller.now, actor=caller.actor)
    return {"wallet_id": public("wallet", row.id)}


@router.post("/wallets/{wallet_id}/top-ups", response={201: dict[str, Any]})
def wallet_top_up(request: HttpRequest, wallet_id: PublicId, body: TopUpIn) -> tuple[int, dict[str, Any]]:
    """Record money received and put all of it into the wallet."""
    caller = caller_of(request)
    row = wallet(key_of("wallet", wallet_id))
    require_visible(caller, "payments.write", row.entity_id, "wallet", row.id)
    new = NewPayment(row.customer_id, row.entity_id, row.currency, body.amount, body.method, body.received_on, new_id())
    key = actions.top_up_wallet(new, wallet_id=row.id, expires_on=body.expires_on, now=caller.now, actor=caller.actor)
    return 201, credit_detail(credit(key))


@router.post("/payments/{payment_id}/wallet", response={201: dict[str, Any]})
def payment_into_wallet(request: HttpRequest, payment_id: PublicId, body: PutIn) -> tuple[int, dict[str, Any]]:
    """Put money of a payment that lies on account into a wallet of its customer."""
    caller = caller_of(request)
    row = queries.payment(key_of("payment", payment_id))
    require_visible(caller, "payments.write", row.entity_id, "payment", row.id)
    key = actions.put_into_wallet(
        payment_id=row.id,
        wallet_id=key_of("wallet", body.wallet_id),
        amount=body.amount,
        expires_on=body.expires_on,
        today=business_day(caller, row.entity_id),
        now=caller.now,
        actor=caller.actor,
    )
    return 201, credit_detail(credit(key))
