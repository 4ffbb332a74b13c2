"""Reading alerts: those that look at usage now, and what they told."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.deliver.usage.queries.meters import meters_by_id
from cashline.flow.deliver.usage.rules.alerts import ActiveAlert, AlertPeriod
from cashline.kernel.refusals import NotFound
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as lists show it; `reached_at` is when it told last."""

    id: UUID
    subscription_id: UUID
    subscription_number: str
    entity_id: UUID
    meter: str
    threshold: Decimal
    period: str
    created_at: datetime
    actor: str
    ended_at: datetime | None
    reached_at: datetime | None


_COLUMNS = (
    "a.id, s.id, s.number, s.entity_id, m.code, a.threshold, a.period, a.created_at, a.actor, a.ended_at, "
    "(SELECT max(r.reached_at) FROM usage_alerts_reached r WHERE r.alert_id = a.id)"
)
_ROWS = "usage_alerts a JOIN subscriptions s ON s.line_id = a.line_id JOIN usage_meters m ON m.id = a.meter_id"
SORTS = {"meter": "m.code", "threshold": "a.threshold"}


def list_alerts(
    ask: lists.Ask, *, subscription_id: UUID | None = None, entity_ids: list[UUID] | None = None
) -> Page[AlertRow]:
    """One page of alerts, ended ones among them."""
    conditions = lists.Conditions()
    conditions.among("s.entity_id", entity_ids, "uuid")
    conditions.given("s.id = %s", subscription_id)
    return lists.page(
        AlertRow,
        columns=_COLUMNS,
        source=_ROWS,
        key="a.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def alert(alert_id: UUID) -> AlertRow:
    """One alert; raises NotFound."""
    rows = sql.fetch_as(AlertRow, f"SELECT {_COLUMNS} FROM {_ROWS} WHERE a.id = %s", (alert_id,))
    if not rows:
        raise NotFound("There is no such alert.", field="alert_id")
    return rows[0]


def active_alerts(*, after: UUID, limit: int) -> list[ActiveAlert]:
    """Alerts that look at usage, in the order of their keys from one on."""
    rows = sql.fetch(
        "SELECT a.id, s.id, s.number, a.line_id, s.customer_id, c.timezone, s.activated_on, a.meter_id, a.threshold, "
        "a.period FROM usage_alerts a JOIN subscriptions s ON s.line_id = a.line_id "
        "JOIN customers c ON c.id = s.customer_id "
        "WHERE a.ended_at IS NULL AND s.activated_on IS NOT NULL AND a.id > %s ORDER BY a.id LIMIT %s",
        (after, limit),
    )
    meters = meters_by_id({row[7] for row in rows})
    return [
        ActiveAlert(row[0], row[1], row[2], row[3], row[4], row[5], row[6], meters[row[7]], row[8], AlertPeriod(row[9]))
        for row in rows
    ]


def told(keys: list[tuple[UUID, date]]) -> set[tuple[UUID, date]]:
    """Which of some alerts and periods were told already."""
    rows = sql.fetch(
        "SELECT r.alert_id, r.period_start FROM usage_alerts_reached r "
        "JOIN unnest(%s::uuid[], %s::date[]) AS k(alert_id, period_start) USING (alert_id, period_start)",
        (sql.uuids(key for key, _ in keys), [day for _, day in keys]),
    )
    return {(row[0], row[1]) for row in rows}


def lines_of_subscriptions(subscription_ids: list[UUID]) -> dict[UUID, UUID]:
    """The lines of subscriptions; raises NotFound for a missing one."""
    rows = sql.fetch(
        "SELECT id, line_id FROM subscriptions WHERE id = ANY(%s::uuid[])", (sql.uuids(set(subscription_ids)),)
    )
    if len(rows) < len(set(subscription_ids)):
        raise NotFound("There is no such subscription.", field="subscription")
    return dict(rows)
