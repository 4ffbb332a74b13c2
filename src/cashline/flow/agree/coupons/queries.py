"""Reading coupons: what they are, who holds them, and what of them can still be used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.coupons.rules import HeldCoupon
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page

USABLE = "g.withdrawn_at IS NULL AND (g.uses IS NULL OR g.used < g.uses)"
"""What must hold of a grant for it to be used; an index knows them by customer."""
_HELD = (
    "SELECT g.id, g.customer_id, c.code, c.name, c.amount, c.currency, c.percent, g.uses - g.used, c.meters, c.plans, "
    "c.products, c.valid_from, c.valid_until, g.sequence FROM coupon_grants g JOIN coupons c ON c.id = g.coupon_id "
    f"WHERE g.customer_id = ANY(%s) AND {USABLE} ORDER BY g.id"
)


def coupons_for(customer_ids: Iterable[UUID], *, for_update: bool = False) -> dict[UUID, list[HeldCoupon]]:
    """The usable coupons of customers; `for_update` holds the grants still, in key order, until the commit."""
    found: dict[UUID, list[HeldCoupon]] = {}
    locking = " FOR NO KEY UPDATE OF g" if for_update else ""
    for row in sql.fetch(_HELD + locking, (list(set(customer_ids)),)):
        held = _held(row)
        found.setdefault(held.customer_id, []).append(held)
    return found


def _held(row: tuple[Any, ...]) -> HeldCoupon:
    return HeldCoupon._make((*row[:8], frozenset(row[8]), frozenset(row[9]), frozenset(row[10]), *row[11:]))


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A coupon as lists show it."""

    id: UUID
    code: str
    name: str
    status: str
    amount: Decimal | None
    currency: str
    percent: Decimal | None
    uses: int | None
    meters: list[str]
    plans: list[str]
    products: list[UUID]
    valid_from: date | None
    valid_until: date | None
    most_grants: int | None
    granted: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CouponGrantRow:
    """A coupon that a customer holds, or held."""

    id: UUID
    coupon_id: UUID
    code: str
    name: str
    customer_id: UUID
    customer_number: str
    customer_name: str
    uses: int | None
    used: int
    granted_at: datetime
    withdrawn_at: datetime | None


_COUPON = (
    "c.id, c.code, c.name, c.status, c.amount, c.currency, c.percent, c.uses, c.meters, c.plans, c.products, "
    "c.valid_from, c.valid_until, c.most_grants, c.granted, c.created_at"
)
SORTS = {"code": "c.code", "created_at": "c.created_at"}


def list_coupons(ask: lists.Ask, *, words: str = "", statuses: Iterable[str] = ()) -> Page[CouponRow]:
    """One page of coupons."""
    conditions = lists.Conditions()
    conditions.among("c.status", list(statuses))
    conditions.contains(("c.code", "c.name"), words)
    return lists.page(
        CouponRow,
        columns=_COUPON,
        source="coupons c",
        key="c.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def coupon(coupon_id: UUID) -> CouponRow:
    """One coupon; raises NotFound."""
    rows = sql.fetch_as(CouponRow, f"SELECT {_COUPON} FROM coupons c WHERE c.id = %s", (coupon_id,))
    if not rows:
        raise NotFound("There is no such coupon.", field="coupon")
    return rows[0]


def coupon_by_code(code: str) -> CouponRow:
    """The coupon with that code; raises NotFound."""
    rows = sql.fetch_as(CouponRow, f"SELECT {_COUPON} FROM coupons c WHERE c.code = %s", (code,))
    if not rows:
        raise NotFound(f"There is no coupon {code!r}.", field="coupon")
    return rows[0]


def codes_taken(codes: Iterable[str]) -> set[str]:
    """Those of the codes that a coupon has already."""
    return {row[0] for row in sql.fetch("SELECT code FROM coupons WHERE code = ANY(%s)", (list(codes),))}


def coupons_for_update(coupon_ids: Iterable[UUID]) -> dict[UUID, CouponRow]:
    """Coupons locked in key order until the commit; an unknown id is left out."""
    rows = sql.fetch_as(
        CouponRow,
        f"SELECT {_COUPON} FROM coupons c WHERE c.id = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE",
        (list(set(coupon_ids)),),
    )
    return {row.id: row for row in rows}


def grants_of(
    *, customer_id: UUID | None = None, coupon_id: UUID | None = None, limit: int = 200
) -> list[CouponGrantRow]:
    """The coupons of a customer, or the holders of a coupon, the newest first."""
    return sql.fetch_as(
        CouponGrantRow,
        "SELECT g.id, g.coupon_id, c.code, c.name, g.customer_id, k.number, k.name, g.uses, g.used, g.granted_at, "
        "g.withdrawn_at FROM coupon_grants g JOIN coupons c ON c.id = g.coupon_id JOIN customers k "
        "ON k.id = g.customer_id WHERE (%s::uuid IS NULL OR g.customer_id = %s) AND (%s::uuid IS NULL OR "
        "g.coupon_id = %s) ORDER BY g.sequence DESC LIMIT %s",
        (customer_id, customer_id, coupon_id, coupon_id, limit),
    )


def grant(grant_id: UUID) -> CouponGrantRow:
    """One grant; raises NotFound."""
    rows = sql.fetch_as(
        CouponGrantRow,
        "SELECT g.id, g.coupon_id, c.code, c.name, g.customer_id, k.number, k.name, g.uses, g.used, g.granted_at, "
        "g.withdrawn_at FROM coupon_grants g JOIN coupons c ON c.id = g.coupon_id JOIN customers k "
        "ON k.id = g.customer_id WHERE g.id = %s",
        (grant_id,),
    )
    if not rows:
        raise NotFound("No customer holds this coupon.", field="grant")
    return rows[0]
