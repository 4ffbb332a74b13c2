"""The API of price campaigns: drafted, looked at with their effect, started, stopped, resumed, undone."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from cashline.flow.agree.plans.queries import plan_of, versions_of
from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.api.services import router
from cashline.flow.deliver.subscriptions.queries.campaigns import CampaignRow, Concerned
from cashline.flow.deliver.subscriptions.rules.campaigns import (
    CampaignEffective,
    CampaignStatus,
    NewCampaign,
    campaign_price,
)
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    Name,
    PublicId,
    Sort,
    Text,
    UnitPrice,
    ask_of,
    listed,
)
from cashline.platform.jobs.worker import wake

type Verb = Literal["start", "stop", "resume", "undo", "discard"]
SHOWN = 200


class CampaignIn(Closed):
    """Another price for those who subscribe to a plan (or to one version of it), at a price or by a percentage."""

    name: Name
    plan: Name
    version: Annotated[int, Field(ge=1, le=100_000)] | None = None
    entity: EntityCode | None = None
    unit_price: UnitPrice | None = None
    percent: Annotated[Decimal, Field(ge=-100, le=1000, decimal_places=4)] | None = None
    effective: CampaignEffective = CampaignEffective.NEXT_RENEWAL
    effective_on: date | None = None
    keep_own_prices: bool = False
    reason: Text = ""


def campaign_shape(row: CampaignRow) -> dict[str, Any]:
    """A campaign as the API shows it."""
    plain = (
        "name plan_code plan_name version unit_price percent effective effective_on keep_own_prices reason status "
        "started_at done refused undone created_at"
    )
    return {"id": public("price_campaign", row.id)} | {name: getattr(row, name) for name in plain.split()} | {
        "entity": public("entity", row.entity_id) if row.entity_id else None,
    }  # fmt: skip


def effect_shape(row: CampaignRow, now: datetime) -> dict[str, Any]:
    """Whom a campaign concerns still, the price of each before and after, and a year of base fees in total.

    Those that could not follow now stand apart, each with the reason, and are in no total.
    """
    found = queries.concerned(row, after=row.last_id)
    refused = actions.cannot_follow(row, found, now=now)
    following = [one for one in found if one.id not in refused]
    items = [
        _named(one) | {
            "quantity": one.quantity,
            "old_price": one.unit_price,
            "new_price": campaign_price(row.percent, row.unit_price, one.unit_price, minor_units(one.currency)),
            "currency": one.currency,
            "interval": one.interval,
        }
        for one in following[:SHOWN]
    ]  # fmt: skip
    left = [_named(one) | {"reason": refused[one.id]} for one in found if one.id in refused]
    return {
        "subscriptions": len(following),
        "items": items,
        "cannot_follow": len(left),
        "refused": left[:SHOWN],
        "a_year": [one._asdict() for one in queries.effect_of_campaign(row, following)],
    }


def _named(one: Concerned) -> dict[str, Any]:
    return {
        "subscription": public("subscription", one.id),
        "number": one.number,
        "customer_name": one.customer_name,
    }


@router.get("/price-campaigns")
def campaign_list(
    request: HttpRequest,
    status: Annotated[list[CampaignStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Price campaigns, the newest first."""
    caller_of(request).require("subscriptions.read")
    return listed(queries.list_campaigns(ask_of(sort, cursor, limit), statuses=status), campaign_shape)


@router.post("/price-campaigns", response={201: dict[str, Any]})
def campaign_create(request: HttpRequest, body: CampaignIn) -> tuple[int, dict[str, Any]]:
    """Draft a price campaign; nothing changes before it is started."""
    caller = caller_of(request)
    key = actions.create_campaign(new_campaign(caller, body), today=caller.today(), now=caller.now, actor=caller.actor)
    return 201, campaign_shape(queries.campaign(key))


def new_campaign(caller: Caller, body: CampaignIn) -> NewCampaign:
    """The campaign that a body asks for, where the caller may change prices; raises NotFound and InvalidValue."""
    entity = entity_by_code(body.entity) if body.entity else None
    caller.require("catalog.write", entity.id if entity else None)
    plan = plan_of(body.plan)
    found = [one.id for one in versions_of(plan.plan_id) if one.version == body.version]
    if body.version is not None and not found:
        raise InvalidValue(f"{body.plan} has no version {body.version}.", field="version")
    return NewCampaign(
        body.name,
        plan.plan_id,
        found[0] if found else None,
        entity.id if entity else None,
        body.unit_price,
        body.percent,
        body.effective,
        body.effective_on,
        body.keep_own_prices,
        body.reason,
    )


@router.get("/price-campaigns/{campaign_id}")
def campaign_show(request: HttpRequest, campaign_id: PublicId) -> dict[str, Any]:
    """One campaign with what it did, those that could not follow first."""
    row = seen(caller_of(request), campaign_id, "subscriptions.read")
    members = [
        {
            "subscription": public("subscription", one.subscription_id),
            "number": one.number,
            "customer_name": one.customer_name,
            "quantity": one.quantity,
            "old_price": one.old_price,
            "new_price": one.new_price,
            "currency": one.currency,
            "effective_at": one.effective_at,
            "refused": one.refused,
            "undone": one.undone,
        }
        for one in queries.members_of(row.id, limit=SHOWN)
    ]
    return campaign_shape(row) | {"members": members}


@router.get("/price-campaigns/{campaign_id}/effect")
def campaign_effect(request: HttpRequest, campaign_id: PublicId) -> dict[str, Any]:
    """Whom it concerns still, what it comes to, and who could not follow: by the rule by which it is carried out."""
    caller = caller_of(request)
    return effect_shape(seen(caller, campaign_id, "subscriptions.read"), caller.now)


@router.post("/price-campaigns/{campaign_id}/{verb}")
def campaign_move(request: HttpRequest, campaign_id: PublicId, verb: Verb) -> dict[str, Any]:
    """Start, stop, resume, undo or discard a campaign; a worker carries it out by batches."""
    caller = caller_of(request)
    row = seen(caller, campaign_id, "catalog.write")
    moved = actions.move_campaign(row.id, verb, now=caller.now, actor=caller.actor)
    wake()
    return campaign_shape(moved)


def seen(caller: Caller, campaign_id: str, permission: str) -> CampaignRow:
    """The campaign, where the caller has the permission for its legal entity (or for all)."""
    row = queries.campaign(key_of("price_campaign", campaign_id))
    caller.require(permission, row.entity_id)
    return row
