"""Alerts: set, ended, and told once a period when the usage they look at has reached their threshold."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.rules.alerts import ActiveAlert, NewAlert, alert_errors, alert_window, period_start
from cashline.flow.deliver.usage.rules.lineage import digits
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

AT_ONCE = 5_000


@transaction.atomic
def set_alerts(alerts: Sequence[NewAlert], *, now: datetime, actor: str) -> list[UUID]:
    """Set alerts; usage that has reached a threshold already is told at the next look. Raises every refusal at once."""
    meters = queries.newest_versions({one.meter for one in alerts})
    lines = queries.lines_of_subscriptions([one.subscription_id for one in alerts])
    raise_all(alert_errors(alerts, set(meters)))
    keys = [new_id() for _ in alerts]
    rows = [
        (key, lines[one.subscription_id], meters[one.meter][0], one.threshold, one.period.value, now, actor)
        for key, one in zip(keys, alerts, strict=True)
    ]
    sql.insert("usage_alerts", ("id", "line_id", "meter_id", "threshold", "period", "created_at", "actor"), rows)
    _record("UsageAlertSet", list(zip(keys, [one.subscription_id for one in alerts], strict=True)), now, actor)
    return keys


@transaction.atomic
def end_alerts(alert_ids: Sequence[UUID], *, now: datetime, actor: str) -> int:
    """Let alerts tell no more; one that ended stays as it is. Gives how many ended."""
    ended = sql.fetch(
        "UPDATE usage_alerts a SET ended_at = %s FROM subscriptions s "
        "WHERE s.line_id = a.line_id AND a.id = ANY(%s::uuid[]) AND a.ended_at IS NULL RETURNING a.id, s.id",
        (now, sql.uuids(set(alert_ids))),
    )
    _record("UsageAlertEnded", [(row[0], row[1]) for row in ended], now, actor)
    return len(ended)


def check_alerts(*, now: datetime, actor: str) -> int:
    """Tell what has reached its threshold, each alert once a period; gives how many told now."""
    found, after = 0, UUID(int=0)
    while alerts := queries.active_alerts(after=after, limit=AT_ONCE):
        after = alerts[-1].id
        windows = {one.id: alert_window(one, now) for one in alerts}
        used = queries.metered(windows.values())
        reached = {
            (one.id, period_start(one, now)): (one, used[windows[one.id]][0].quantity)
            for one in alerts
            if used[windows[one.id]][0].quantity >= one.threshold
        }
        known = queries.told(list(reached)) if reached else set()
        fresh = [(key, *told) for key, told in reached.items() if key not in known]
        if fresh:
            with transaction.atomic():
                found += _tell(fresh, now, actor)
    return found


def _tell(fresh: Sequence[tuple[tuple[UUID, date], ActiveAlert, Decimal]], now: datetime, actor: str) -> int:
    """Leave the fact that an alert told, and its event; another look at the same moment tells nothing."""
    kept = {
        (row[0], row[1])
        for row in sql.fetch(
            "INSERT INTO usage_alerts_reached (alert_id, period_start, quantity, reached_at) "
            "SELECT k.alert_id, k.period_start, k.quantity, %s "
            "FROM unnest(%s::uuid[], %s::date[], %s::numeric[]) AS k(alert_id, period_start, quantity) "
            "ON CONFLICT DO NOTHING RETURNING alert_id, period_start",
            (
                now,
                sql.uuids(key[0] for key, _, _ in fresh),
                [key[1] for key, _, _ in fresh],
                sql.numbers(round_to(quantity, 12) for _, _, quantity in fresh),
            ),
        )
    }
    events = [
        Event(
            "UsageThresholdReached",
            (
                ObjectRef("subscription", one.subscription_id),
                ObjectRef("usage_alert", one.id),
                ObjectRef("customer", one.customer_id),
            ),
            {
                "number": one.subscription_number,
                "meter": one.meter.code,
                "threshold": digits(one.threshold),
                "quantity": digits(round_to(quantity, 12)),
                "period": one.period.value,
                "period_start": key[1].isoformat(),
            },
        )
        for key, one, quantity in fresh
        if key in kept
    ]
    record(events, now=now, actor=actor)
    return len(events)


def _record(kind: str, pairs: Sequence[tuple[UUID, UUID]], now: datetime, actor: str) -> None:
    record(
        [Event(kind, (ObjectRef("usage_alert", key), ObjectRef("subscription", of))) for key, of in pairs],
        now=now,
        actor=actor,
    )
