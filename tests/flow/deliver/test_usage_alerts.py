"""Alerts: told once a period when the usage of a subscription reaches a value."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cashline.flow.deliver.usage.actions import check_alerts, end_alerts, set_alerts
from cashline.flow.deliver.usage.jobs import open_coming_months
from cashline.flow.deliver.usage.rules.alerts import AlertPeriod, NewAlert
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from tests.support.book import make_shop
from tests.support.usage import make_meter, record, subscribe, used
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")
JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)


def look(now: datetime) -> int:
    return check_alerts(now=now, actor=ACTOR)


def test_an_alert_is_told_once_a_month() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    (alert,) = set_alerts([NewAlert(row.id, "calls", Decimal(10))], now=NOW, actor=ACTOR)
    record([used(row.number, "calls", "1", JANUARY, quantity=9)], now=JANUARY)
    assert look(JANUARY) == 0
    record([used(row.number, "calls", "2", JANUARY, quantity=1)], now=JANUARY)
    assert (look(JANUARY), look(JANUARY)) == (1, 0)
    record([used(row.number, "calls", "3", FEBRUARY, quantity=50)], now=FEBRUARY)
    assert (look(FEBRUARY), look(FEBRUARY)) == (1, 0)
    told = [event for event in timeline([alert]) if event.type == "UsageThresholdReached"]
    assert [(event.data["quantity"], event.data["period_start"]) for event in told] == [
        ("10", "2026-01-01"),
        ("50", "2026-02-01"),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute("INSERT INTO usage_alerts_reached SELECT * FROM usage_alerts_reached")


def test_a_total_is_told_once_for_ever_and_an_ended_alert_never() -> None:
    row = subscribe(make_shop())
    make_meter("calls")
    total, ended = set_alerts(
        [NewAlert(row.id, "calls", Decimal(10), AlertPeriod.TOTAL), NewAlert(row.id, "calls", Decimal(1))],
        now=NOW,
        actor=ACTOR,
    )
    assert end_alerts([ended], now=NOW, actor=ACTOR) == 1
    assert end_alerts([ended], now=NOW, actor=ACTOR) == 0
    record([used(row.number, "calls", "1", JANUARY, quantity=6)], now=JANUARY)
    record([used(row.number, "calls", "2", FEBRUARY, quantity=6)], now=FEBRUARY)
    assert (look(FEBRUARY), look(FEBRUARY.replace(month=3))) == (1, 0)
    assert sql.fetch("SELECT alert_id FROM usage_alerts_reached") == [(total,)]


def test_an_alert_on_nothing_is_refused() -> None:
    row = subscribe(make_shop())
    with pytest.raises(Refusals) as caught:
        set_alerts([NewAlert(row.id, "none", Decimal(0))], now=NOW, actor=ACTOR)
    assert [one.field for one in caught.value] == ["alerts.0.meter", "alerts.0.threshold"]


def test_the_coming_months_are_open() -> None:
    open_coming_months(today=date(2031, 11, 5), now=NOW, actor=ACTOR)
    names = {f"usage_events_{month}" for month in ("2031_11", "2031_12", "2032_01")}
    found = sql.fetch("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_events'::regclass")
    assert names <= {row[0] for row in found}
