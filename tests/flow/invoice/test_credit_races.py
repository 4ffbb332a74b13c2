"""Many invoices at once over one wallet and one coupon: nothing is used twice, and nothing goes below zero."""

from decimal import Decimal

import pytest

from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.invoice.credits.actions import open_wallets
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.actions import issue_invoices
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.receive.payments.actions import NewPayment, top_up_wallet
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from tests.flow.invoice.test_races import all_at_once
from tests.support.invoice import make_billing_shop
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal


@pytest.mark.usefixtures("committed_db")
def test_twelve_invoices_share_a_wallet_and_a_coupon() -> None:
    shop = make_billing_shop()
    (key,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    payment = NewPayment(shop.customer, shop.world.berlin, "EUR", D(500), "card", TODAY, new_id())
    top_up_wallet(payment, wallet_id=key, now=NOW, actor=ACTOR)
    (coupon,) = create_coupons([NewCoupon("ONCE", "Once", D(10), "EUR")], now=NOW, actor=ACTOR)
    grant_coupons([(coupon, shop.customer)], today=TODAY, now=NOW, actor=ACTOR)

    def issue(_index: int) -> object:
        new = NewInvoice(shop.world.berlin, shop.customer, "EUR", [NewItem("Training", D(100))])
        return issue_invoices([draft_of(new, TODAY)], now=NOW, actor=ACTOR)

    outcome = all_at_once(12, issue)
    assert len(outcome.done) == 12
    assert outcome.refused == []
    assert wallet(key).balance == 0
    row = sql.fetch_one("SELECT sum(prepaid_applied), sum(discount_total), sum(open_amount), count(*) FROM invoices")
    assert row == (D(500), D(10), D("916.10"), 12)
