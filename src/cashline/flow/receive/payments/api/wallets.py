"""Endpoints that put money into prepaid wallets: received straight into one, or taken from what lies on account."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from cashline.flow.invoice.credits.api import credit_detail
from cashline.flow.invoice.credits.queries import credit, wallet
from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewPayment
from cashline.flow.receive.payments.api.following import business_day
from cashline.kernel.identifiers import key_of, new_id
from cashline.platform.doors.caller import caller_of
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
