"""The console's pages of coupons, credits and wallets."""

from decimal import Decimal

import pytest

from cashline.flow.agree.coupons.queries import coupons_for
from cashline.flow.agree.customers.queries import customer
from cashline.flow.invoice.credits.queries import CreditFilter, list_wallets
from cashline.flow.receive.payments.actions import NewPayment, top_up_wallet
from cashline.kernel.identifiers import new_id
from cashline.platform.doors.schemas import ask_of
from tests.support.book import Shop
from tests.support.console import Console
from tests.support.invoice import make_billing_shop
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(db: object) -> Shop:
    return make_billing_shop()


def test_a_coupon_is_defined_and_granted(shop: Shop) -> None:
    staff = Console("billing")
    assert "No coupons yet" in staff.get("/coupons/").words
    given = {"code": "TEN", "name": "Ten off", "amount": "10", "currency": "EUR", "uses": "1", "meters": "calls, mails"}
    made = staff.post("/coupons/new/", given)
    assert "The coupon is defined." in made.words
    assert "calls, mails" in made.words
    assert "not both" in staff.post("/coupons/new/", given | {"code": "TWO", "percent": "5"}).words
    number = customer(shop.customer).number
    assert "holds the coupon" in staff.post("/coupons/grant/", {"code": "TEN", "customer": number}).words
    assert "no customer" in staff.post("/coupons/grant/", {"code": "TEN", "customer": "C-0"}).words
    assert [one.meters for one in coupons_for([shop.customer])[shop.customer]] == [frozenset({"calls", "mails"})]


def test_a_wallet_is_opened_and_its_money_listed(shop: Shop) -> None:
    staff = Console("billing")
    assert "No credit here" in staff.get("/credits/").words
    number = customer(shop.customer).number
    given = {"customer": number, "entity": "DE01", "currency": "EUR", "name": "Calls", "meters": "calls"}
    assert "The wallet is open." in staff.post("/wallets/new/", given).words
    assert "no customer" in staff.post("/wallets/new/", given | {"customer": "C-0"}).words
    (row,) = list_wallets(ask_of("", "", 10), chosen=CreditFilter()).items
    payment = NewPayment(shop.customer, shop.world.berlin, "EUR", Decimal(40), "card", TODAY, new_id())
    top_up_wallet(payment, wallet_id=row.id, now=NOW, actor=ACTOR)
    assert "40.00" in staff.get("/credits/").words
    assert "40.00" in staff.get("/wallets/").words
