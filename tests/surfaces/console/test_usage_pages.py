"""The console's pages of usage, and the customer's own in the portal."""

import pytest

from cashline.flow.deliver.usage.actions import record_usage
from cashline.flow.deliver.usage.queries import meters_by_code, waiting_by_code
from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from tests.support.book import Shop, make_shop
from tests.support.console import Console
from tests.support.portal import Buyer, deal, make_two_customers
from tests.support.usage import make_meter, subscribe, used
from tests.support.world import ACTOR, NOW


@pytest.fixture
def shop(db: object) -> Shop:
    make_sandbox(frozen_at=NOW)
    return make_shop()


@pytest.fixture
def staff(shop: Shop) -> Console:
    return Console("billing")


def test_a_meter_is_made_and_given_a_new_version(staff: Console) -> None:
    assert "No meters yet" in staff.get("/meters/").words
    given = {"code": "api.calls", "name": "Calls", "aggregation": "sum", "dimensions": "region, tier"}
    made = staff.post("/meters/new/", given)
    assert "The meter is made." in made.words
    assert "region, tier" in made.words
    key = public("usage_meter", meters_by_code(["api.calls"])["api.calls"].id)
    changed = staff.post(f"/meters/{key}/change/", {"name": "Calls", "aggregation": "max", "value_property": "size"})
    assert "The meter has a new version." in changed.words
    assert "Maximum" in changed.words
    wrong = staff.post(f"/meters/{key}/change/", {"aggregation": "max", "percentile": "50"})
    assert "A percentile belongs to the aggregation percentile" in wrong.words


def test_usage_is_shown_by_day_and_an_event_is_voided(shop: Shop, staff: Console) -> None:
    row = subscribe(shop)
    make_meter("calls")
    events = [used(row.number, "calls", f"e{n}", NOW, quantity=n, properties={"region": "eu"}) for n in (1, 20)]
    record_usage(events, now=NOW, actor=ACTOR)
    here = f"/subscriptions/{public('subscription', row.id)}/usage/"
    assert here in staff.get(f"/subscriptions/{public('subscription', row.id)}/").text
    shown = staff.get(here)
    assert "21" in shown.words
    assert "usage-export?meter=calls" in shown.text
    set_one = staff.post(f"{here}alert/", {"meter": "calls", "threshold": "5", "period": "month"})
    assert "It is told when the usage gets there." in set_one.words
    (alert,) = set_one.all("//select[@name='alert']/option/@value")
    assert "The alert is ended." in staff.post(f"{here}end-alert/", {"alert": alert}).words
    assert "Nothing was used" not in staff.get(here, month="2025-12").words
    assert "e20" in staff.get("/usage/", subscription=public("subscription", row.id)).words
    event = public("usage_event", sql.fetch("SELECT id FROM usage_events WHERE event_id = 'e20'")[0][0])
    assert "region" in staff.get(f"/usage/events/{event}/").words
    done = staff.post(f"/usage/events/{event}/void/", {"reason": "a test"})
    assert "The event counts no more." in done.words
    assert "a test" in done.words
    again = staff.post(f"/usage/events/{event}/void/", {"reason": "a test"})
    assert "is corrected already" in again.words


def test_dead_letters_are_tried_again_and_given_up(shop: Shop, staff: Console) -> None:
    row = subscribe(shop)
    record_usage([used(row.number, name, name, NOW, quantity=1) for name in ("calls", "miles")], now=NOW, actor=ACTOR)
    assert "There is no meter &#39;miles&#39;" in staff.get("/usage/dead-letters/", status="waiting").text
    make_meter("calls")
    assert "1 event is recorded, still waiting: 1." in staff.post("/usage/dead-letters/replay/", {}).words
    left = public("usage_dead_letter", sql.fetch("SELECT id FROM usage_dead_letters WHERE status = 'waiting'")[0][0])
    assert "What was sent" in staff.get(f"/usage/dead-letters/{left}/").words
    assert "still waiting: 1." in staff.post(f"/usage/dead-letters/{left}/replay/", {}).words
    assert "discarded" in staff.post(f"/usage/dead-letters/{left}/discard/", {"reason": "no such meter"}).words
    assert waiting_by_code() == {}


def test_a_customer_sees_their_own_usage_alone(db: object) -> None:
    shop, nordlicht, suedwind = make_two_customers()
    here, there = deal(shop, nordlicht, "bea@nordlicht.example"), deal(shop, suedwind, "sue@suedwind.example")
    bea = Buyer(here.customer, here.email)
    query = "SELECT s.id FROM subscriptions s JOIN usage_events e USING (line_id) WHERE s.customer_id = %s LIMIT 1"
    own, other = (public("subscription", sql.fetch(query, [one.customer])[0][0]) for one in (here, there))
    assert f"/portal/subscriptions/{own}/usage/" in bea.get(f"/portal/subscriptions/{own}/").text
    shown = bea.get(f"/portal/subscriptions/{own}/usage/")
    assert "Calls" in shown.words
    assert "5" in shown.words
    file = bea.get(f"/portal/subscriptions/{own}/usage/events.csv", meter="calls")
    assert len(file.text.splitlines()) == 3
    assert bea.get(f"/portal/subscriptions/{other}/usage/").status == 404
    assert bea.get(f"/portal/subscriptions/{other}/usage/events.csv", meter="calls").status == 404
