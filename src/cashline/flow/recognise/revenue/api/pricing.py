"""The API of stand-alone prices: studies of own transactions, and the decisions on what they propose."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import Field, StringConstraints

from cashline.flow.recognise.revenue.actions.pricing import approve_price, reject_price, study_prices
from cashline.flow.recognise.revenue.api.routing import router
from cashline.flow.recognise.revenue.queries.prices import (
    PriceRow,
    StudyRow,
    list_studies,
    price_study,
    prices_of_study,
    stand_alone_price,
)
from cashline.flow.recognise.revenue.rules.price_study import PARAGRAPH, Terms
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.rounding import divide, round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Quantity,
    Reason,
    Text,
    UnitPrice,
    ask_of,
    listed,
    require_visible,
)

type Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]


class PriceStudyIn(Closed):
    """The window `[start, end)` of a study and its terms: the range to either side of the median, and the bands."""

    entity: EntityCode
    start: date
    end: date
    products: Annotated[list[PublicId], Field(max_length=500)] = []
    spread: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=4)] = Decimal("0.15")
    required: Share = Decimal("0.80")
    least_count: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    bands: Annotated[list[Quantity], Field(max_length=20)] = []
    by_segment: bool = False


class PriceApprovalIn(Closed):
    """From when a price is in force, another amount within the range, and by which paragraph and why."""

    valid_from: date
    amount: UnitPrice | None = None
    paragraph: Text = PARAGRAPH
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


class PriceRejectionIn(Closed):
    """Why a price is not put into force."""

    reason: Reason


@router.post("/price-studies", response={201: dict[str, Any]})
def create_study(request: HttpRequest, body: PriceStudyIn) -> tuple[int, dict[str, Any]]:
    """Study what own agreements charge, and propose stand-alone prices by product and stratum."""
    caller = caller_of(request)
    owner = entity_by_code(body.entity)
    caller.require("revenue.run", owner.id)
    key = study_prices(
        entity_id=owner.id,
        start=body.start,
        end=body.end,
        terms=Terms(body.spread, body.required, body.least_count, tuple(body.bands), body.by_segment),
        product_ids=[key_of("product", one) for one in body.products] or None,
        now=caller.now,
        actor=caller.actor,
    )
    return 201, study_shape(price_study(key)) | {"prices": [price_shape(one) for one in prices_of_study(key)]}


@router.get("/price-studies")
def study_list(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    """Studies, newest first."""
    caller = caller_of(request)
    caller.require("revenue.read")
    return listed(list_studies(ask_of("", cursor, limit), entity_ids=caller.entities("revenue.read")), study_shape)


@router.get("/price-studies/{study_id}")
def study_detail(request: HttpRequest, study_id: PublicId) -> dict[str, Any]:
    """A study with what it found and proposes."""
    row = price_study(key_of("price_study", study_id))
    require_visible(caller_of(request), "revenue.read", row.entity_id, "price_study", row.id)
    return study_shape(row) | {"prices": [price_shape(one) for one in prices_of_study(row.id)]}


@router.post("/stand-alone-prices/{price_id}/approve")
def price_approve(request: HttpRequest, price_id: PublicId, body: PriceApprovalIn) -> dict[str, Any]:
    """Put a price into force for contracts that begin from a day on; who approves it is recorded."""
    caller = caller_of(request)
    row = _seen(caller, price_id)
    approve_price(
        price_id=row.id,
        valid_from=body.valid_from,
        today=caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone),
        amount=body.amount,
        paragraph=body.paragraph,
        reason=body.reason,
        now=caller.now,
        actor=caller.actor,
    )
    return price_shape(stand_alone_price(row.id))


@router.post("/stand-alone-prices/{price_id}/reject")
def price_reject(request: HttpRequest, price_id: PublicId, body: PriceRejectionIn) -> dict[str, Any]:
    """Leave a proposed price out of force."""
    caller = caller_of(request)
    row = _seen(caller, price_id)
    reject_price(price_id=row.id, reason=body.reason, now=caller.now, actor=caller.actor)
    return price_shape(stand_alone_price(row.id))


def _seen(caller: Caller, price_id: PublicId) -> PriceRow:
    row = stand_alone_price(key_of("stand_alone_price", price_id))
    require_visible(caller, "revenue.run", row.entity_id, "stand_alone_price", row.id)
    return row


def study_shape(row: StudyRow) -> dict[str, Any]:
    """A study as every door tells it."""
    return {
        "id": public("price_study", row.id),
        "entity": public("entity", row.entity_id),
        "start": row.start,
        "end": row.end,
        "terms": row.terms,
        "observations": row.observations,
        "strata": row.strata,
        "decided": row.decided,
        "made_by": row.made_by,
        "made_at": row.made_at,
    }


def price_shape(row: PriceRow) -> dict[str, Any]:
    """A price of a study as every door tells it; exact texts."""
    return {
        "id": public("stand_alone_price", row.id),
        "sku": row.sku,
        "currency": row.currency,
        "interval_months": row.interval_months,
        "segment": row.segment,
        "quantity_from": f"{row.quantity_from.normalize():f}",
        "quantity_to": None if row.quantity_to is None else f"{row.quantity_to.normalize():f}",
        "transactions": row.count,
        "within": row.within,
        "share_within": f"{round_to(divide(Decimal(row.within), Decimal(row.count)), 4):f}",
        "observable": row.observable,
        "least": f"{row.least.normalize():f}",
        "most": f"{row.most.normalize():f}",
        "amount": f"{row.amount.normalize():f}",
        "low": f"{row.low.normalize():f}",
        "high": f"{row.high.normalize():f}",
        "status": row.status,
        "valid_from": row.valid_from,
        "paragraph": row.paragraph,
        "reason": row.reason,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "derivation": row.derivation,
    }
