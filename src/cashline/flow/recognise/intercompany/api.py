"""The API of intercompany sales."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from cashline.flow.recognise.intercompany import actions, queries
from cashline.flow.recognise.intercompany.rules import Kind, NewSale, Sale
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import NotFound
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code
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
)

router = Router(tags=["Recognise"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e12"), decimal_places=4)]


class IntercompanySaleIn(Closed):
    """What one entity charges another, for what."""

    seller: EntityCode
    buyer: EntityCode
    currency: CurrencyCode
    amount: Amount
    text: Name
    day: date | None = None


class IntercompanyPaymentIn(Closed):
    """How much the buyer paid, and when; all that is open, and today, where left out."""

    amount: Amount | None = None
    day: date | None = None


class IntercompanyReversalIn(Closed):
    """How much is taken back and why; all that is open where no amount is given."""

    reason: Reason
    amount: Amount | None = None
    day: date | None = None


def shape(row: Sale) -> dict[str, Any]:
    """A sale as every door tells it."""
    digits = minor_units(row.currency)
    return {
        "id": public("intercompany_sale", row.id),
        "number": row.number,
        "seller": public("entity", row.seller_id),
        "buyer": public("entity", row.buyer_id),
        "currency": row.currency,
        "amount": f"{round_to(row.amount, digits):f}",
        "open": f"{round_to(row.open_amount, digits):f}",
        "sold_on": row.sold_on,
        "text": row.text,
    }


def whole_shape(row: Sale) -> dict[str, Any]:
    """A sale with what settled it."""
    digits = minor_units(row.currency)
    return shape(row) | {
        "movements": [
            {
                "kind": one.kind,
                "amount": f"{round_to(one.amount, digits):f}",
                "day": one.moved_on,
                "reason": one.reason,
                "recorded_by": one.created_by,
                "recorded_at": one.created_at,
            }
            for one in queries.movements_of(row.id)
        ]
    }


def seen(caller: Caller, sale_id: str) -> Sale:
    """A sale that the caller may see, from the side of seller or buyer; raises NotFound."""
    caller.require("ledger.read")
    row = queries.sale(key_of("intercompany_sale", sale_id))
    if not any(caller.authority.allows("ledger.read", key) for key in (row.seller_id, row.buyer_id)):
        raise NotFound(f"There is no sale {sale_id!r}.", field="id")
    return row


def require_both(caller: Caller, row: Sale) -> None:
    """What is posted in two books needs the right to both."""
    for key in (row.seller_id, row.buyer_id):
        caller.require("ledger.write", key)


@router.get("/intercompany-sales")
def sale_list(
    request: HttpRequest,
    q: Words = "",
    only_open: bool = False,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """What entities charged each other, the newest first unless sorted by day or amount."""
    caller = caller_of(request)
    caller.require("ledger.read")
    page = queries.list_sales(
        ask_of(sort, cursor, limit), entity_ids=caller.entities("ledger.read"), only_open=only_open, text=q
    )
    return listed(page, shape)


@router.post("/intercompany-sales", response={201: dict[str, Any]})
def sale_create(request: HttpRequest, body: IntercompanySaleIn) -> tuple[int, dict[str, Any]]:
    """Charge another entity: posted in the books of both at once."""
    caller = caller_of(request)
    seller, buyer = entity_by_code(body.seller), entity_by_code(body.buyer)
    for owner in (seller, buyer):
        caller.require("ledger.write", owner.id)
    day = body.day or caller.today(seller.timezone)
    new = NewSale(seller.id, buyer.id, body.currency, body.amount, day, body.text)
    (key,) = actions.charge_entities([new], now=caller.now, actor=caller.actor)
    return 201, whole_shape(queries.sale(key))


@router.get("/intercompany-sales/{sale_id}")
def sale_show(request: HttpRequest, sale_id: PublicId) -> dict[str, Any]:
    """One sale with what settled it."""
    return whole_shape(seen(caller_of(request), sale_id))


@router.post("/intercompany-sales/{sale_id}/pay")
def sale_pay(request: HttpRequest, sale_id: PublicId, body: IntercompanyPaymentIn) -> dict[str, Any]:
    """The buyer paid the seller, from bank to bank."""
    return _settled(request, sale_id, Kind.PAID, body.amount, body.day, "")


@router.post("/intercompany-sales/{sale_id}/reverse")
def sale_reverse(request: HttpRequest, sale_id: PublicId, body: IntercompanyReversalIn) -> dict[str, Any]:
    """The charge is taken back in both books."""
    return _settled(request, sale_id, Kind.REVERSED, body.amount, body.day, body.reason)


def _settled(
    request: HttpRequest, sale_id: str, kind: Kind, amount: Decimal | None, day: date | None, reason: str
) -> dict[str, Any]:
    caller = caller_of(request)
    row = seen(caller, sale_id)
    require_both(caller, row)
    on = day or caller.today(entities_by_id([row.seller_id])[row.seller_id].timezone)
    who: dict[str, Any] = {"now": caller.now, "actor": caller.actor}
    actions.settle_sale(sale_id=row.id, kind=kind, amount=amount, on=on, reason=reason, **who)
    return whole_shape(queries.sale(row.id))
