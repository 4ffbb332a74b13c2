"""Alerts: that somebody is told once in a month (or once for ever) when a subscription's usage passes a value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.deliver.usage.rules.meters import Meter
from cashline.flow.deliver.usage.rules.showing import asked_window
from cashline.flow.deliver.usage.rules.windows import UsageWindow
from cashline.kernel.periods import Period, local_day, month_of
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal

MOST_DIGITS = 26


class AlertPeriod(StrEnum):
    """Over which usage an alert looks: a calendar month of the customer's zone, or all of it."""

    MONTH = "month"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Tell when the quantity of a meter reaches `threshold`, once a period."""

    subscription_id: UUID
    meter: str
    threshold: Decimal
    period: AlertPeriod = AlertPeriod.MONTH


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert with what it looks at."""

    id: UUID
    subscription_id: UUID
    subscription_number: str
    line_id: UUID
    customer_id: UUID
    zone: str
    since: date
    meter: Meter
    threshold: Decimal
    period: AlertPeriod


def alert_errors(alerts: Sequence[NewAlert], known: set[str]) -> list[Refusal]:
    """Why alerts cannot be set: an unknown meter, or a threshold that is passed by nothing."""
    found: list[Refusal] = []
    for place, one in enumerate(alerts):
        if one.meter not in known:
            found.append(NotFound(f"There is no meter {one.meter[:80]!r}.", field=f"alerts.{place}.meter"))
        if not one.threshold.is_finite() or one.threshold <= 0 or one.threshold.adjusted() >= MOST_DIGITS:
            found.append(InvalidValue("A threshold lies above zero.", field=f"alerts.{place}.threshold"))
    return found


def alert_window(alert: ActiveAlert, now: datetime) -> UsageWindow:
    """The usage that an alert looks at now; for a total, all since the service began."""
    today = local_day(now, alert.zone)
    if alert.period is AlertPeriod.MONTH:
        return asked_window(alert.line_id, alert.meter, month_of(today), alert.zone)
    first = min(alert.since, today) - timedelta(days=2)
    return asked_window(alert.line_id, alert.meter, Period(first, today + timedelta(days=2)), alert.zone)


def period_start(alert: ActiveAlert, now: datetime) -> date:
    """The day by which a period is told: the first of the month, or of all time."""
    if alert.period is AlertPeriod.MONTH:
        return month_of(local_day(now, alert.zone)).start
    return datetime(2000, 1, 1, tzinfo=UTC).date()
