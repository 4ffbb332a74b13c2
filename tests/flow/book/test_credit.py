"""Credit: orders past the limit are held, held ones go on when there is room, exposure is the sum of documents."""

from decimal import Decimal
from uuid import UUID

import pytest

from cashline.flow.book.credit import queries
from cashline.flow.book.credit.actions import change_exposure, hold_account, lift_hold, set_limit
from cashline.flow.book.orders import queries as orders
from cashline.flow.book.orders.actions import cancel_orders, recheck_holds, release_orders
from cashline.flow.deliver.fulfilment.queries import steps_of
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue
from cashline.platform.events.queries import timeline
from tests.support.agree import german, make_customers
from tests.support.book import Shop, book, line, make_shop, order, place, ship
from tests.support.world import ACTOR, NOW

pytestmark = pytest.mark.usefixtures("db")


def limit(shop: Shop, amount: str | None) -> None:
    value = None if amount is None else Decimal(amount)
    set_limit(customer_id=shop.customer, limit=value, reason="Yearly review", now=NOW, actor=ACTOR)


def exposure(customer_id: UUID) -> Decimal:
    """As kept; and it must be what the orders say, since nothing is invoiced in these tests."""
    kept = queries.credit_of(customer_id).exposure
    assert kept == orders.ordered_values([customer_id]).get(customer_id, Decimal(0))
    return kept


def test_an_order_past_the_limit_is_held_and_nothing_of_it_moves() -> None:
    shop = make_shop(sensors=50)
    limit(shop, "500")
    within, past, small = place(*(order(shop, line("SENSOR-1", quantity)) for quantity in ("5", "1", "0.5")))
    assert [one.status for one in (within, past, small)] == ["booked", "held", "held"]
    assert past.hold_reason == "The exposure of €534.00 would pass the limit of €500.00."
    assert past.order_id is not None
    assert steps_of([past.order_id]) == []
    assert exposure(shop.customer) == Decimal("578.50")
    assert [event.type for event in timeline([past.order_id])] == ["OrderHeld"]


def test_only_what_is_paid_once_counts_until_it_is_invoiced() -> None:
    shop = make_shop()
    limit(shop, "1200")
    placed = place(order(shop, line("SETUP-1"), line("PLAT-PRO", 99, interval_months=12, term_months=36)))[0]
    assert placed.status == "booked"
    assert exposure(shop.customer) == 1200


def test_a_person_releases_a_held_order_and_says_why() -> None:
    shop = make_shop(sensors=50)
    limit(shop, "0")
    held = book(shop, line("SENSOR-1", 5), line("PLAT-PRO", interval_months=1))
    release_orders([held], reason="Paid in advance by phone", now=NOW, actor=ACTOR)
    assert orders.order(held).status == "booked"
    assert orders.order(held).hold_reason == ""
    assert {step.kind: step.status for step in steps_of([held])} == {
        "reserve": "done",
        "ship": "ready",
        "activate": "done",
    }
    assert [one.status for one in subscriptions_of([held])] == ["active"]
    with pytest.raises(IllegalTransition):
        release_orders([held], reason="Twice", now=NOW, actor=ACTOR)
    told = next(event for event in timeline([held]) if event.type == "OrderReleased")
    assert (told.reason, told.actor) == ("Paid in advance by phone", ACTOR)
    assert exposure(shop.customer) == 445


def test_held_orders_go_on_by_themselves_when_there_is_room() -> None:
    shop = make_shop(sensors=50)
    limit(shop, "500")
    first = book(shop, line("SENSOR-1", 5))
    large, small = book(shop, line("SENSOR-1", 6)), book(shop, line("SENSOR-1", 1))
    assert recheck_holds(now=NOW, actor=ACTOR) == 0
    cancel_orders([first], reason="Changed their mind", now=NOW, actor=ACTOR)
    assert exposure(shop.customer) == 623
    assert recheck_holds(now=NOW, actor=ACTOR) == 1
    assert [orders.order(key).status for key in (large, small)] == ["held", "booked"]
    limit(shop, "1000")
    assert recheck_holds(now=NOW, actor=ACTOR) == 1
    assert orders.order(large).status == "booked"
    assert recheck_holds(now=NOW, actor=ACTOR) == 0


def test_an_account_on_hold_holds_everything_until_it_is_lifted() -> None:
    shop = make_shop(sensors=5)
    hold_account(customer_id=shop.customer, reason="Insolvency rumours", now=NOW, actor=ACTOR)
    held = book(shop, line("SENSOR-1"))
    assert orders.order(held).hold_reason == "The credit account is on hold."
    assert recheck_holds(now=NOW, actor=ACTOR) == 0
    lift_hold(customer_id=shop.customer, reason="Cleared", now=NOW, actor=ACTOR)
    assert recheck_holds(now=NOW, actor=ACTOR) == 1


def test_exposure_is_what_the_documents_say_whatever_happened() -> None:
    shop = make_shop(sensors=7, gateways=2)
    other = make_customers([german("Ostwind AG", tax_id="")])[0]
    part = book(shop, line("SENSOR-1", "7", unit_price=Decimal("0.333")), line("GATE-4", 5))
    whole = book(shop, line("SENSOR-1", 3), line("SETUP-1"))
    book(shop, line("GATE-4", 1), customer_id=other)
    assert exposure(shop.customer) == Decimal("2.33") + 3200 + 267 + 1200
    ship(part)
    cancel_orders([part, whole], reason="Budget", now=NOW, actor=ACTOR)
    assert exposure(shop.customer) == Decimal("2.33")
    assert exposure(other) == 640


def test_a_limit_below_zero_is_refused_and_changes_are_told() -> None:
    shop = make_shop()
    with pytest.raises(InvalidValue):
        limit(shop, "-1")
    limit(shop, "1000")
    limit(shop, None)
    change_exposure({shop.customer: Decimal("12.5")}, now=NOW, actor=ACTOR)
    row = queries.credit_of(shop.customer)
    assert (row.limit, row.exposure, row.available) == (None, Decimal("12.5"), None)
    told = [event.data["limit"] for event in timeline([shop.customer]) if event.type == "CreditLimitSet"]
    assert told == ["1000", None]
