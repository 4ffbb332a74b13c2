"""The API of coupons: defining, granting, withdrawing."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.coupons import actions, queries
from cashline.flow.agree.coupons.queries import CouponGrantRow, CouponRow
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    Limit,
    Name,
    PublicId,
    Sort,
    Why,
    Words,
    ask_of,
    listed,
)

router = Router(tags=["Coupons"])
type Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]
type Codes = Annotated[list[Code], Field(max_length=100)]
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), max_digits=19, decimal_places=4)]
type Count = Annotated[int, Field(ge=1, le=1_000_000)]


class CouponIn(Closed):
    """A coupon: an amount with its currency, or a percentage. `uses` null means on every invoice."""

    code: Code
    name: Name
    amount: Amount | None = None
    currency: CurrencyCode | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=6)] | None = None
    uses: Count | None = 1
    meters: Codes = []
    plans: Codes = []
    product_ids: Annotated[list[PublicId], Field(max_length=100)] = []
    valid_from: date | None = None
    valid_until: date | None = None
    most_grants: Count | None = None

    def coupon(self) -> NewCoupon:
        """As the rules take it."""
        return NewCoupon(
            self.code,
            self.name,
            self.amount,
            self.currency or "",
            self.percent,
            self.uses,
            tuple(self.meters),
            tuple(self.plans),
            tuple(key_of("product", text) for text in self.product_ids),
            self.valid_from,
            self.valid_until,
            self.most_grants,
        )


class CouponGrantIn(Closed):
    """Who gets the coupon."""

    customer_id: PublicId


def shape(row: CouponRow) -> dict[str, Any]:
    """A coupon."""
    return {
        "id": public("coupon", row.id),
        "code": row.code,
        "name": row.name,
        "status": row.status,
        "amount": None if row.amount is None else f"{row.amount.normalize() + 0:f}",
        "currency": row.currency or None,
        "percent": None if row.percent is None else f"{row.percent.normalize() + 0:f}",
        "uses": row.uses,
        "meters": row.meters,
        "plans": row.plans,
        "product_ids": [public("product", key) for key in row.products],
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "most_grants": row.most_grants,
        "granted": row.granted,
        "created_at": row.created_at,
    }


def grant_shape(row: CouponGrantRow) -> dict[str, Any]:
    """A coupon that a customer holds."""
    return {
        "id": public("coupon_grant", row.id),
        "coupon_id": public("coupon", row.coupon_id),
        "code": row.code,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "uses": row.uses,
        "used": row.used,
        "granted_at": row.granted_at,
        "withdrawn_at": row.withdrawn_at,
    }


@router.get("/coupons")
def coupon_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[Literal["active", "archived"]], Query()] = [],  # noqa: B006 - read only
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Coupons, the newest first unless sorted by code or created_at."""
    caller_of(request).require("coupons.read")
    return listed(queries.list_coupons(ask_of(sort, cursor, limit), words=q, statuses=status), shape)


@router.post("/coupons", response={201: dict[str, Any]})
def coupon_create(request: HttpRequest, body: CouponIn) -> tuple[int, dict[str, Any]]:
    """Define a coupon; every problem comes at once."""
    caller = caller_of(request)
    caller.require("coupons.write")
    (key,) = actions.create_coupons([body.coupon()], now=caller.now, actor=caller.actor)
    return 201, shape(queries.coupon(key))


@router.get("/coupons/{coupon_id}")
def coupon_show(request: HttpRequest, coupon_id: PublicId) -> dict[str, Any]:
    """One coupon with those who hold it (the newest 200)."""
    caller_of(request).require("coupons.read")
    row = queries.coupon(key_of("coupon", coupon_id))
    return shape(row) | {"grants": [grant_shape(one) for one in queries.grants_of(coupon_id=row.id)]}


@router.post("/coupons/{coupon_id}/archive")
def coupon_archive(request: HttpRequest, coupon_id: PublicId) -> dict[str, Any]:
    """Grant it no more; those who hold it keep it."""
    caller = caller_of(request)
    caller.require("coupons.write")
    key = key_of("coupon", coupon_id)
    actions.archive_coupon(coupon_id=key, now=caller.now, actor=caller.actor)
    return shape(queries.coupon(key))


@router.post("/coupons/{coupon_id}/grants", response={201: dict[str, Any]})
def coupon_grant(request: HttpRequest, coupon_id: PublicId, body: CouponGrantIn) -> tuple[int, dict[str, Any]]:
    """Give the coupon to a customer."""
    caller = caller_of(request)
    caller.require("coupons.write")
    pair = (key_of("coupon", coupon_id), key_of("customer", body.customer_id))
    (key,) = actions.grant_coupons([pair], today=caller.today(), now=caller.now, actor=caller.actor)
    return 201, grant_shape(queries.grant(key))


@router.get("/coupon-grants")
def coupon_grant_list(request: HttpRequest, customer_id: PublicId) -> dict[str, Any]:
    """The coupons of a customer, the newest first (at most 200)."""
    caller_of(request).require("coupons.read")
    rows = queries.grants_of(customer_id=key_of("customer", customer_id))
    return {"items": [grant_shape(row) for row in rows], "next_cursor": ""}


@router.post("/coupon-grants/{grant_id}/withdraw")
def coupon_grant_withdraw(request: HttpRequest, grant_id: PublicId, body: Why) -> dict[str, Any]:
    """Take the coupon from the customer; what was used stays used."""
    caller = caller_of(request)
    caller.require("coupons.write")
    key = key_of("coupon_grant", grant_id)
    actions.withdraw_grant(grant_id=key, reason=body.reason, now=caller.now, actor=caller.actor)
    return grant_shape(queries.grant(key))
