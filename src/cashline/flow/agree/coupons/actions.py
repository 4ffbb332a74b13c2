"""Writing coupons: defining, granting, using, withdrawing. Counts are raised under lock, and the database caps them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.coupons import queries
from cashline.flow.agree.coupons.queries import CouponRow
from cashline.flow.agree.coupons.rules import COUPON, CouponStatus, CouponUsedUp, NewCoupon, coupon_problems
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_COLUMNS = (
    *("id", "code", "name", "status", "amount", "currency", "percent", "uses", "meters", "plans", "products"),
    *("valid_from", "valid_until", "most_grants", "created_at"),
)


@transaction.atomic
def create_coupons(coupons: Sequence[NewCoupon], *, now: datetime, actor: str) -> list[UUID]:
    """Define coupons; gives their ids. Raises every problem at once (InvalidValue, Conflict)."""
    problems: list[Refusal] = [problem for coupon in coupons for problem in coupon_problems(coupon)]
    for code in sorted(queries.codes_taken(coupon.code for coupon in coupons)):
        problems.append(Conflict(f"There is a coupon {code} already.", field="code"))
    raise_all(problems)
    ids = [new_id() for _ in coupons]
    sql.insert("coupons", _COLUMNS, [_row(key, coupon, now) for key, coupon in zip(ids, coupons, strict=True)])
    record(
        [
            Event("CouponCreated", (ObjectRef("coupon", key),), {"code": coupon.code})
            for key, coupon in zip(ids, coupons, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


def _row(key: UUID, coupon: NewCoupon, now: datetime) -> tuple[object, ...]:
    return (
        *(key, coupon.code, coupon.name.strip() or coupon.code, CouponStatus.ACTIVE.value, coupon.amount),
        *(coupon.currency if coupon.amount is not None else "", coupon.percent, coupon.uses, list(coupon.meters)),
        *(list(coupon.plans), list(coupon.products), coupon.valid_from, coupon.valid_until, coupon.most_grants, now),
    )


@transaction.atomic
def grant_coupons(grants: Sequence[tuple[UUID, UUID]], *, today: date, now: datetime, actor: str) -> list[UUID]:
    """Give (coupon, customer) pairs; gives the ids of the grants in order. Raises CouponUsedUp or NotFound."""
    if not grants:
        return []
    coupons = queries.coupons_for_update(coupon for coupon, _ in grants)
    counts: dict[UUID, int] = {}
    problems: list[Refusal] = []
    for key, _ in grants:
        counts[key] = counts.get(key, 0) + 1
    for key, count in counts.items():
        problems += _against(coupons.get(key), count, today)
    raise_all(problems)
    ids = [new_id() for _ in grants]
    sql.execute(
        "INSERT INTO coupon_grants (id, coupon_id, customer_id, sequence, uses, granted_at) "
        "SELECT t.id, t.coupon_id, t.customer_id, nextval('coupon_grant_sequence'), c.uses, %s "
        "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) WITH ORDINALITY AS t(id, coupon_id, customer_id, place) "
        "JOIN coupons c ON c.id = t.coupon_id ORDER BY t.place",
        (now, ids, [key for key, _ in grants], [customer for _, customer in grants]),
    )
    sql.execute(
        "UPDATE coupons SET granted = granted + t.count FROM unnest(%s::uuid[], %s::int[]) AS t(id, count) "
        "WHERE coupons.id = t.id",
        (list(counts), list(counts.values())),
    )
    record(
        [
            _event("CouponGranted", key, coupon, customer, coupons[coupon].code)
            for key, (coupon, customer) in zip(ids, grants, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


def _against(coupon: CouponRow | None, count: int, today: date) -> list[Refusal]:
    if coupon is None:
        return [NotFound("There is no such coupon.", field="coupon")]
    if coupon.status != CouponStatus.ACTIVE:
        return [CouponUsedUp(f"Coupon {coupon.code} is {coupon.status}.", field="coupon")]
    if coupon.valid_until is not None and coupon.valid_until <= today:
        return [CouponUsedUp(f"Coupon {coupon.code} was valid until {coupon.valid_until}.", field="coupon")]
    if coupon.most_grants is not None and coupon.granted + count > coupon.most_grants:
        sentence = f"Coupon {coupon.code} can be granted {coupon.most_grants} times, and was {coupon.granted} times."
        return [CouponUsedUp(sentence, field="coupon")]
    return []


def _event(kind: str, grant_id: UUID, coupon_id: UUID, customer_id: UUID, code: str, reason: str = "") -> Event:
    objects = (
        ObjectRef("coupon_grant", grant_id),
        ObjectRef("coupon", coupon_id),
        ObjectRef("customer", customer_id),
    )
    return Event(kind, objects, {"code": code}, reason)


@transaction.atomic(savepoint=False)
def use_coupons(uses: Mapping[UUID, int]) -> None:
    """Count uses of grants (negative: given back, as of a void invoice); the invoice's event tells of them.

    The caller holds the grants (`coupons_for(for_update=True)`), and the database refuses one use too many.
    """
    if uses:
        sql.execute(
            "UPDATE coupon_grants g SET used = g.used + t.count FROM unnest(%s::uuid[], %s::int[]) AS t(id, count) "
            "WHERE g.id = t.id",
            (list(uses), list(uses.values())),
        )


@transaction.atomic
def withdraw_grant(*, grant_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Take a coupon from a customer; what was used stays used. Raises NotFound or Conflict."""
    row = queries.grant(grant_id)
    if not sql.execute(
        "UPDATE coupon_grants SET withdrawn_at = %s WHERE id = %s AND withdrawn_at IS NULL", (now, grant_id)
    ):
        raise Conflict(f"Coupon {row.code} was withdrawn before.", field="grant")
    event = _event("CouponWithdrawn", grant_id, row.coupon_id, row.customer_id, row.code, reason.strip())
    record([event], now=now, actor=actor)


@transaction.atomic
def archive_coupon(*, coupon_id: UUID, now: datetime, actor: str) -> None:
    """Grant a coupon no more; those who hold it keep it. Raises NotFound or IllegalTransition."""
    found = queries.coupons_for_update([coupon_id]).get(coupon_id)
    if found is None:
        raise NotFound("There is no such coupon.", field="coupon")
    target = COUPON.target("archive", found.status, document_id=found.code)
    sql.execute("UPDATE coupons SET status = %s WHERE id = %s", (target.value, coupon_id))
    event = Event("CouponArchived", (ObjectRef("coupon", coupon_id),), {"code": found.code})
    record([event], now=now, actor=actor)
