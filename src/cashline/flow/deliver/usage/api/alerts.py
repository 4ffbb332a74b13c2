"""Alerts in the API: that somebody is told (event UsageThresholdReached) when usage reaches a value."""

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.queries import AlertRow
from cashline.flow.deliver.usage.rules.alerts import AlertPeriod, NewAlert
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, Cursor, Limit, PublicId, Sort, ask_of, listed, require_visible

router = Router(tags=["Usage"])


class UsageAlertIn(Closed):
    """Tell when a meter of a subscription reaches a quantity: once in each calendar month, or once for ever."""

    subscription: PublicId
    meter: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    threshold: Annotated[Decimal, Field(gt=0, lt=Decimal("1e26"), decimal_places=12)]
    period: AlertPeriod = AlertPeriod.MONTH


def alert_shape(row: AlertRow) -> dict[str, Any]:
    """An alert as the API shows it."""
    plain = "subscription_number meter threshold period created_at ended_at reached_at"
    return {
        "id": public("usage_alert", row.id),
        "subscription": public("subscription", row.subscription_id),
    } | {name: getattr(row, name) for name in plain.split()}


@router.get("/usage-alerts")
def alert_list(
    request: HttpRequest,
    subscription: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Alerts, the newest first or by meter, threshold, with when each told last."""
    caller = caller_of(request)
    caller.require("usage.read")
    page = queries.list_alerts(
        ask_of(sort, cursor, limit),
        subscription_id=key_of("subscription", subscription) if subscription else None,
        entity_ids=caller.entities("usage.read"),
    )
    return listed(page, alert_shape)


@router.post("/usage-alerts", response={201: dict[str, Any]})
def alert_set(request: HttpRequest, body: UsageAlertIn) -> tuple[int, dict[str, Any]]:
    """Set an alert; usage that has reached it already is told within a minute."""
    caller = caller_of(request)
    row = queries.usage_subscription(key_of("subscription", body.subscription))
    require_visible(caller, "usage.write", row.entity_id, "subscription", row.id)
    new = NewAlert(row.id, body.meter, body.threshold, body.period)
    (key,) = actions.set_alerts([new], now=caller.now, actor=caller.actor)
    return 201, alert_shape(queries.alert(key))


@router.post("/usage-alerts/{alert_id}/end")
def alert_end(request: HttpRequest, alert_id: PublicId) -> dict[str, Any]:
    """Let an alert tell no more."""
    caller = caller_of(request)
    row = queries.alert(key_of("usage_alert", alert_id))
    require_visible(caller, "usage.write", row.entity_id, "usage_alert", row.id)
    actions.end_alerts([row.id], now=caller.now, actor=caller.actor)
    return alert_shape(queries.alert(row.id))
