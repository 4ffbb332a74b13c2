"""A study of own agreements proposes stand-alone prices; approved ones share the price of later contracts."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, transaction

from cashline.flow.recognise.revenue.actions.pricing import approve_price, reject_price, study_prices
from cashline.flow.recognise.revenue.queries import obligations_of
from cashline.flow.recognise.revenue.queries.prices import price_study, prices_of_study
from cashline.flow.recognise.revenue.rules.price_study import Terms
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue, Refusals
from cashline.platform import sql
from tests.support.api import Api
from tests.support.book import book, line
from tests.support.console import Console
from tests.support.recognise import TODAY, agreement_of, at, book_mixed, make_trading_shop, recognise, ship_on
from tests.support.world import ACTOR

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY = date(2026, 1, 31)


def test_a_studied_price_is_approved_and_shares_the_price_of_later_contracts() -> None:
    """Sensors listed at 89 were sold at 71.20 four times out of five: their stand-alone price is 71.20."""
    shop = make_trading_shop()
    for discount in ("20", "20", "20", "20", "0"):
        book(shop, line("SENSOR-1", 1, discount_percent=D(discount)))
    before = book_mixed(shop, discount="20")
    terms = Terms(least_count=4)
    key = study_prices(
        entity_id=shop.world.berlin,
        start=date(2026, 1, 1),
        end=date(2026, 2, 1),
        terms=terms,
        now=at(TODAY),
        actor=ACTOR,
    )
    found = {one.sku: one for one in prices_of_study(key)}
    sensor = found["SENSOR-1"]
    assert (sensor.amount, sensor.count, sensor.within, sensor.observable) == (D("71.2"), 6, 5, True)
    assert not found["SETUP-1"].observable
    who: Any = {"today": TODAY, "now": at(TODAY), "actor": ACTOR}
    with pytest.raises(Refusals) as refused:
        approve_price(price_id=found["SETUP-1"].id, valid_from=date(2026, 1, 1), amount=D(1), **who)
    assert [one.field for one in refused.value.refusals] == ["valid_from", "amount", "reason"]
    ship_on(TODAY, before)
    recognise(JANUARY)
    approve_price(price_id=sensor.id, valid_from=TODAY, **who)
    with pytest.raises(IllegalTransition):
        reject_price(price_id=sensor.id, reason="Again", now=at(TODAY), actor=ACTOR)
    reject_price(price_id=found["SETUP-1"].id, reason="One sale", now=at(TODAY), actor=ACTOR)
    assert price_study(key).decided == 2
    after = book_mixed(shop, discount="50")
    ship_on(TODAY, after)
    recognise(JANUARY)
    goods = obligations_of(agreement_of(after))[0]
    # charged 44.50, outside 60.52 to 81.88: 4 × 71.20 stands for it
    assert goods.stand_alone_price == D("284.80")
    assert sum(one.allocated_price for one in obligations_of(agreement_of(after))) == D(3730)
    with pytest.raises(Error), transaction.atomic():
        sql.execute("UPDATE stand_alone_prices SET amount = low WHERE status = 'approved'")


def test_the_doors_of_a_study() -> None:
    shop = make_trading_shop()
    for _ in range(5):
        book(shop, line("SENSOR-1", 2))
    api, body = Api(), {"entity": "DE01", "start": "2026-01-01", "end": "2026-02-01", "bands": ["10"]}
    made = api.post("/price-studies", body)
    assert made.status == 201, made.body
    [price] = made.body["prices"]
    assert (price["amount"], price["quantity_to"], price["share_within"]) == ("89", "10", "1.0000")
    past = api.post(f"/stand-alone-prices/{price['id']}/approve", {"valid_from": "2020-01-01"})
    assert past.status == 422
    console = Console("revenue_accountant")
    assert console.get(f"/price-studies/{made.body['id']}/").status == 200
    assert "SENSOR-1" in console.get(f"/price-studies/{made.body['id']}/").text
    approved = api.post(f"/stand-alone-prices/{price['id']}/approve", {"valid_from": "2199-01-01"}).body
    assert (approved["status"], approved["paragraph"]) == ("approved", "ASC 606-10-32-32; IFRS 15.77")
    assert api.get(f"/price-studies/{made.body['id']}").body["decided"] == 1
    assert len(api.get("/price-studies").body["items"]) == 1
    [again] = api.post("/price-studies", body | {"bands": ["3"]}).body["prices"]
    assert api.post(f"/stand-alone-prices/{again['id']}/approve", {"valid_from": "2199-01-01"}).codes == ["price_taken"]
    with pytest.raises(Error, match="another stand-alone price is in force"), transaction.atomic():
        sql.execute(
            "UPDATE stand_alone_prices SET status = 'approved', valid_from = '2199-01-01', paragraph = 'x', "
            "decided_by = 'x', decided_at = now() WHERE status = 'proposed'"
        )
    later = api.post(f"/stand-alone-prices/{again['id']}/approve", {"valid_from": "2199-01-02"})
    assert later.body["status"] == "approved"
    assert api.post("/price-studies", body | {"bands": ["10", "10"]}).status == 422
    assert console.get("/price-studies/").status == 200
    with pytest.raises(InvalidValue):
        study_prices(entity_id=shop.world.berlin, start=TODAY, end=TODAY, terms=Terms(), now=at(TODAY), actor=ACTOR)
