"""Services: subscriptions begin when they are there, end on their day; installations count once accepted."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from cashline.flow.book.orders import queries as orders
from cashline.flow.book.orders.actions import cancel_orders
from cashline.flow.deliver.fulfilment import queries
from cashline.flow.deliver.fulfilment.actions import advance_steps
from cashline.flow.deliver.projects.actions import (
    accept_installation,
    finish_installation,
    reject_installation,
    schedule_installation,
)
from cashline.flow.deliver.projects.queries import InstallationRow, installations_of
from cashline.flow.deliver.projects.rules import InvalidInstallationDate
from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions, end_due
from cashline.flow.deliver.subscriptions.queries import SubscriptionRow, subscriptions_of
from cashline.flow.deliver.subscriptions.rules import InvalidEnd, NotActiveYet
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from tests.support.book import book, line, make_shop, ship
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")


def facts(order_id: UUID) -> list[tuple[str, Decimal, date]]:
    lines = orders.lines_of([order_id])
    found = queries.deliveries_for(line_ids=[line.line_id for line in lines])
    return [(fact.kind, fact.quantity, fact.effective_on) for fact in found]


def steps(order_id: UUID) -> dict[str, str]:
    return {step.kind: step.status for step in queries.steps_of([order_id])}


def subscription(order_id: UUID) -> SubscriptionRow:
    return subscriptions_of([order_id])[0]


def installation(order_id: UUID) -> InstallationRow:
    return installations_of([order_id])[0]


def test_a_service_that_nobody_switches_runs_from_its_booking() -> None:
    shop = make_shop()
    order_id = book(shop, line("PLAT-PRO", 3, interval_months=1, term_months=12))
    row = subscription(order_id)
    assert (row.number, row.status, row.quantity) == ("SUB-DE01-2026-000001", "active", 3)
    assert (row.activated_on, row.ends_on) == (TODAY, date(2027, 1, 15))
    assert facts(order_id) == [("activated", 3, TODAY)]
    assert orders.order(order_id).status == "completed"
    told = [event.type for event in timeline([order_id])]
    assert told == [
        "OrderBooked",
        "SubscriptionCreated",
        "ActivationStarted",
        "ServiceProvisioned",
        "SubscriptionActivated",
        "OrderCompleted",
    ]


def test_a_service_waits_for_the_day_it_is_wanted() -> None:
    shop = make_shop()
    order_id = book(shop, line("PLAT-PRO", interval_months=1), requested_on=date(2026, 2, 1))
    assert (subscription(order_id).status, steps(order_id)) == ("pending", {"activate": "ready"})
    assert advance_steps(now=datetime(2026, 1, 31, 22, 59, tzinfo=UTC), actor=ACTOR) == 0
    assert advance_steps(now=datetime(2026, 1, 31, 23, 0, tzinfo=UTC), actor=ACTOR) == 1
    assert subscription(order_id).activated_on == date(2026, 2, 1)
    assert steps(order_id) == {"activate": "done"}


def test_a_cancelled_service_runs_until_its_day_and_then_is_over() -> None:
    shop = make_shop()
    row = subscription(book(shop, line("PLAT-PRO", 2, interval_months=1)))
    ends_on = date(2026, 3, 1)
    cancel_subscriptions([row.id], ends_on=ends_on, reason="Too dear", now=NOW, actor=ACTOR)
    row = subscription(row.order_id)
    assert (row.status, row.ends_on, row.cancelled_on, row.cancel_reason) == ("cancelled", ends_on, TODAY, "Too dear")
    assert facts(row.order_id) == [("activated", 2, TODAY), ("ended", 2, ends_on)]
    assert end_due(today=date(2026, 2, 28), now=NOW, actor=ACTOR) == 0
    assert end_due(today=ends_on, now=NOW, actor=ACTOR) == 1
    assert end_due(today=ends_on, now=NOW, actor=ACTOR) == 0
    assert subscription(row.order_id).status == "ended"
    assert len(facts(row.order_id)) == 2
    with pytest.raises(IllegalTransition):
        cancel_subscriptions([row.id], ends_on=ends_on, reason="Again", now=NOW, actor=ACTOR)


def test_a_term_that_runs_out_ends_the_service() -> None:
    shop = make_shop()
    order_id = book(shop, line("PLAT-PRO", interval_months=1, term_months=1))
    assert end_due(today=date(2026, 2, 15), now=NOW, actor=ACTOR) == 1
    assert facts(order_id) == [("activated", 1, TODAY), ("ended", 1, date(2026, 2, 15))]


def test_an_end_that_cannot_be_is_refused_and_a_past_one_can() -> None:
    shop = make_shop()
    row = subscription(book(shop, line("PLAT-PRO", interval_months=1, term_months=12)))
    pending = subscription(book(shop, line("PLAT-PRO", interval_months=1), requested_on=date(2026, 5, 1)))
    for key, day, refusal in (
        (row.id, date(2026, 1, 14), InvalidEnd),
        (row.id, date(2027, 1, 16), InvalidEnd),
        (pending.id, date(2026, 6, 1), NotActiveYet),
    ):
        with pytest.raises(refusal):
            cancel_subscriptions([key], ends_on=day, reason="", now=NOW, actor=ACTOR)
    cancel_subscriptions([row.id], ends_on=TODAY, reason="Never used", now=NOW, actor=ACTOR)
    assert facts(row.order_id)[-1] == ("ended", 1, TODAY)


def test_an_installation_starts_after_the_goods_and_counts_once_accepted() -> None:
    shop = make_shop(sensors=1)
    order_id = book(shop, line("SENSOR-1"), line("SETUP-1", 2))
    assert steps(order_id) == {"reserve": "done", "ship": "ready", "install": "waiting"}
    assert installations_of([order_id]) == []
    ship(order_id)
    assert steps(order_id)["install"] == "running"
    row = installation(order_id)
    assert (row.number, row.status, row.quantity) == ("INST-DE01-2026-000001", "planned", 2)
    day = date(2026, 1, 20)
    schedule_installation(installation_id=row.id, scheduled_on=day, technician="Ada", now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        accept_installation(installation_id=row.id, accepted_by="Bo", accepted_on=TODAY, now=NOW, actor=ACTOR)
    finish_installation(installation_id=row.id, done_on=TODAY, note="Two racks", now=NOW, actor=ACTOR)
    reject_installation(installation_id=row.id, reason="One rack is loose", now=NOW, actor=ACTOR)
    assert (installation(order_id).status, installation(order_id).note) == ("scheduled", "One rack is loose")
    finish_installation(installation_id=row.id, done_on=TODAY, now=NOW, actor=ACTOR)
    for accepted_by, accepted_on, evidence, refusal in (
        ("Bo", date(2026, 1, 14), "Mail", InvalidInstallationDate),
        ("Bo", date(2026, 1, 17), "Mail", InvalidInstallationDate),
        (" ", TODAY, "Mail", InvalidValue),
        ("Bo", TODAY, " ", InvalidValue),
    ):
        with pytest.raises(refusal):
            accept_installation(
                installation_id=row.id,
                accepted_by=accepted_by,
                accepted_on=accepted_on,
                evidence=evidence,
                now=NOW,
                actor=ACTOR,
            )
    accept_installation(
        installation_id=row.id, accepted_by="Bo", accepted_on=TODAY, evidence="Signed sheet", now=NOW, actor=ACTOR
    )
    assert installation(order_id).accepted_evidence == "Signed sheet"
    assert facts(order_id) == [("shipped", 1, TODAY), ("accepted", 2, TODAY)]
    assert steps(order_id)["install"] == "done"
    assert orders.order(order_id).status == "completed"
    with pytest.raises(IllegalTransition):
        accept_installation(installation_id=row.id, accepted_by="Bo", accepted_on=TODAY, now=NOW, actor=ACTOR)


def test_cancelling_an_order_stops_what_did_not_begin_and_leaves_what_runs() -> None:
    shop = make_shop()
    order_id = book(shop, line("PLAT-PRO", interval_months=1), line("SETUP-1"))
    assert steps(order_id) == {"activate": "done", "install": "running"}
    cancel_orders([order_id], reason="No roof", now=NOW, actor=ACTOR)
    assert (subscription(order_id).status, installation(order_id).status) == ("active", "cancelled")
    assert facts(order_id) == [("activated", 1, TODAY), ("cancelled", 1, TODAY)]
    later = book(shop, line("PLAT-PRO", interval_months=1), requested_on=date(2026, 6, 1))
    cancel_orders([later], reason="Changed", now=NOW, actor=ACTOR)
    row = subscription(later)
    assert (row.status, row.activated_on, row.cancel_reason) == ("cancelled", None, "Changed")
    assert advance_steps(now=datetime(2026, 7, 1, tzinfo=UTC), actor=ACTOR) == 0


def test_the_database_refuses_a_fact_twice_and_an_end_before_the_beginning() -> None:
    shop = make_shop()
    row = subscription(book(shop, line("PLAT-PRO", interval_months=1)))
    for statement in (
        "INSERT INTO deliveries SELECT gen_random_uuid(), line_id, customer_id, kind, quantity, effective_on, "
        "source_id, known_at, order_line_id FROM deliveries",
        "UPDATE subscriptions SET ends_on = activated_on - 1",
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            sql.execute(statement)
    assert subscription(row.order_id).ends_on is None
