"""The API of notices: alerts on charges and wallets, and how long before renewals are told."""

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.deliver.subscriptions.queries import life
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.notices import actions, queries
from cashline.flow.invoice.notices.queries import AlertRow
from cashline.flow.invoice.notices.rules import MOST_NOTICE_DAYS, AlertKind, NewMoneyAlert
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Notices"])
Email = Annotated[str, Field(max_length=254)]
Threshold = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]


class ChargesAlertIn(Closed):
    """From which net amount of the next bill on somebody is told; without an address the customer."""

    subscription_id: PublicId
    threshold: Threshold
    email: Email = ""


class WalletAlertIn(Closed):
    """Below which balance somebody is told; without an address the customer."""

    wallet_id: PublicId
    threshold: Threshold
    email: Email = ""


class RenewalNoticesIn(Closed):
    """How many days before a renewed term begins customers are told; null: not at all."""

    days: Annotated[int, Field(ge=1, le=MOST_NOTICE_DAYS)] | None


def shape(row: AlertRow) -> dict[str, Any]:
    """An alert."""
    subject = "subscription" if row.kind == AlertKind.CHARGES else "wallet"
    return {
        "id": public("money_alert", row.id),
        "kind": row.kind,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        f"{subject}_id": public(subject, row.subject_id),
        "name": row.subject_name,
        "currency": row.currency,
        "threshold": f"{round_to(row.threshold, minor_units(row.currency)):f}",
        "email": row.email,
        "told": bool(row.told_for),
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


def seen(caller: Caller, alert_id: str, permission: str = "billing.read") -> AlertRow:
    """The alert, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.money_alert(key_of("money_alert", alert_id))
    require_visible(caller, permission, row.entity_id, "money_alert", row.id)
    return row


@router.get("/money-alerts")
def money_alert_list(
    request: HttpRequest,
    customer_id: Annotated[str, Query(max_length=64)] = "",
    active: bool = False,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Alerts on charges and wallets, the newest first unless sorted by threshold."""
    caller = caller_of(request)
    caller.require("billing.read")
    page = queries.list_alerts(
        ask_of(sort, cursor, limit),
        entity_ids=caller.entities("billing.read"),
        customer_id=key_of("customer", customer_id) if customer_id else None,
        active=active,
    )
    return listed(page, shape)


@router.post("/charges-alerts", response={201: dict[str, Any]})
def charges_alert_create(request: HttpRequest, body: ChargesAlertIn) -> tuple[int, dict[str, Any]]:
    """Have somebody told when the next bill of a subscription to a plan reaches an amount, once a bill."""
    caller = caller_of(request)
    row = life(key_of("subscription", body.subscription_id))
    require_visible(caller, "billing.run", row.entity_id, "subscription", row.id)
    new = NewMoneyAlert(AlertKind.CHARGES, row.id, body.threshold, body.email)
    return 201, shape(queries.money_alert(actions.set_money_alert(new, now=caller.now, actor=caller.actor)))


@router.post("/wallet-alerts", response={201: dict[str, Any]})
def wallet_alert_create(request: HttpRequest, body: WalletAlertIn) -> tuple[int, dict[str, Any]]:
    """Have somebody told when the balance of a wallet falls below an amount, once a dip."""
    caller = caller_of(request)
    row = wallet(key_of("wallet", body.wallet_id))
    require_visible(caller, "billing.run", row.entity_id, "wallet", row.id)
    new = NewMoneyAlert(AlertKind.WALLET, row.id, body.threshold, body.email)
    return 201, shape(queries.money_alert(actions.set_money_alert(new, now=caller.now, actor=caller.actor)))


@router.post("/money-alerts/{alert_id}/end")
def money_alert_end(request: HttpRequest, alert_id: PublicId) -> dict[str, Any]:
    """Let an alert tell no more."""
    caller = caller_of(request)
    row = seen(caller, alert_id, "billing.run")
    actions.end_money_alert(alert_id=row.id, now=caller.now, actor=caller.actor)
    return shape(queries.money_alert(row.id))


@router.get("/entities/{entity}/renewal-notices")
def renewal_notices_show(request: HttpRequest, entity: EntityCode) -> dict[str, Any]:
    """How many days before a renewed term begins the customers of a legal entity are told."""
    caller, found = caller_of(request), entity_by_code(entity)
    require_visible(caller, "billing.read", found.id, "entity", found.id)
    return {"entity": found.code, "days": queries.notice_days([found.id]).get(found.id)}


@router.post("/entities/{entity}/renewal-notices")
def renewal_notices_set(request: HttpRequest, entity: EntityCode, body: RenewalNoticesIn) -> dict[str, Any]:
    """Have customers told of renewals so many days before, or (null) not at all."""
    caller, found = caller_of(request), entity_by_code(entity)
    require_visible(caller, "billing.run", found.id, "entity", found.id)
    actions.set_renewal_notices(entity_id=found.id, days=body.days, now=caller.now, actor=caller.actor)
    return {"entity": found.code, "days": queries.notice_days([found.id]).get(found.id)}
