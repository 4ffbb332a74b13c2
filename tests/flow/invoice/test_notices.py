"""Mails about money before it is billed: bills that grow, wallets that run low, terms that renew."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, renew_due, subscribe
from cashline.flow.deliver.subscriptions.queries import life
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, TermAsked
from cashline.flow.deliver.subscriptions.rules.renewals import UpliftPolicy
from cashline.flow.invoice.credits.actions import open_wallets
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.invoice.invoices.actions import issue_invoices
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.invoice.notices import actions, jobs, queries
from cashline.flow.invoice.notices.rules import WORDS, AlertKind, NewMoneyAlert
from cashline.flow.receive.payments.actions import NewPayment, top_up_wallet
from cashline.kernel.identifiers import new_id, public
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.outbox.sending import send_due
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.console import Console
from tests.support.invoice import at, bill, make_billing_shop
from tests.support.mail import mail_server
from tests.support.world import ACTOR, NOW
from tests.surfaces.cli.test_usage_cli import run

D = Decimal
START = date(2026, 1, 1)


@pytest.fixture
def shop(db: None) -> Shop:
    make_sandbox(frozen_at=NOW)
    return make_billing_shop()


def subscribed(shop: Shop, **changes: Any) -> UUID:
    terms = PlanTerms.from_json({"interval": "month", "anchor": {"kind": "calendar"}, "base_fee": "31.00"})
    (plan,) = publish_plans([NewPlan("TEAM", "Team", "EUR", terms)], now=at(START), actor=ACTOR)
    new = NewSubscription(shop.customer, shop.world.berlin, plan, **changes)
    return subscribe([new], now=at(START), actor=ACTOR)[0]


def watch(kind: AlertKind, key: UUID, threshold: str, email: str = "cfo@example.com") -> UUID:
    return actions.set_money_alert(NewMoneyAlert(kind, key, D(threshold), email), now=at(START), actor=ACTOR)


def messages(kind: str) -> list[dict[str, str]]:
    return [row[0] for row in sql.fetch("SELECT payload FROM outbox WHERE kind = %s ORDER BY id", (kind,))]


def test_the_next_bill_is_told_once_it_reaches_an_amount_and_again_for_the_next(shop: Shop) -> None:
    key = subscribed(shop)
    alert = watch(AlertKind.CHARGES, key, "60")
    now = at(date(2026, 1, 10))
    assert jobs.check_money(now=now, actor=ACTOR) == 0
    more = LifeChange(key, LifeKind.QUANTITY_CHANGED, effect=Effect.NOW, quantity=D(2))
    change_lives([more], now=now, actor=ACTOR)
    assert jobs.check_money(now=now, actor=ACTOR) == 0
    assert jobs.check_money(now=now + timedelta(hours=2), actor=ACTOR) == 1
    assert jobs.check_money(now=now + timedelta(hours=4), actor=ACTOR) == 0
    bill(date(2026, 2, 2))
    assert jobs.check_money(now=at(date(2026, 2, 3)), actor=ACTOR) == 1
    assert [(one["alert_id"], one["amount"]) for one in messages("money_alert_mail")] == [(str(alert), "62.00")] * 2
    actions.end_money_alert(alert_id=alert, now=NOW, actor=ACTOR)
    bill(date(2026, 3, 2))
    assert jobs.check_money(now=at(date(2026, 3, 3)), actor=ACTOR) == 0


def test_a_bill_that_waits_for_days_is_told_once(shop: Shop) -> None:
    watch(AlertKind.CHARGES, subscribed(shop), "30")
    days = [at(date(2026, 1, day)) for day in (30, 31)] + [at(date(2026, 2, day)) for day in (1, 2, 3)]
    assert [jobs.check_money(now=now, actor=ACTOR) for now in days] == [1, 0, 0, 0, 0]


def test_a_wallet_is_told_once_a_dip(shop: Shop) -> None:
    new = NewWallet(shop.world.berlin, shop.customer, "EUR", "Prepaid")
    (key,) = open_wallets([new], now=NOW, actor=ACTOR)
    watch(AlertKind.WALLET, key, "50")
    assert [jobs.check_money(now=NOW, actor=ACTOR) for _ in range(2)] == [1, 0]
    paid = NewPayment(shop.customer, shop.world.berlin, "EUR", D(150), "card", START, new_id())
    top_up_wallet(paid, wallet_id=key, expires_on=None, now=NOW, actor=ACTOR)
    assert jobs.check_money(now=NOW, actor=ACTOR) == 0
    training = NewInvoice(shop.world.berlin, shop.customer, "EUR", [NewItem("Training", D(100))])
    issue_invoices([draft_of(training, START)], now=NOW, actor=ACTOR)
    assert jobs.check_money(now=NOW, actor=ACTOR) == 1
    assert [one["amount"] for one in messages("money_alert_mail")] == ["0.00", "31.00"]
    with pytest.raises(Refusals):
        watch(AlertKind.WALLET, key, "-1", "nowhere")


def test_a_renewal_is_told_with_its_new_price_in_time(shop: Shop) -> None:
    term = TermAsked(12, auto_renew=True, notice_days=60, policy=UpliftPolicy(percent=D(10)))
    key = subscribed(shop, term=term)
    actions.set_renewal_notices(entity_id=shop.world.berlin, days=30, now=NOW, actor=ACTOR)
    recorded = at(date(2026, 11, 5))
    assert renew_due(now=recorded, actor=ACTOR) == 1
    assert jobs.tell_renewals(today=date(2026, 11, 5), now=recorded, actor=ACTOR) == 0
    day = at(date(2026, 12, 3))
    assert [jobs.tell_renewals(today=day.date(), now=day, actor=ACTOR) for _ in range(2)] == [1, 0]
    (told,) = messages("renewal_notice_mail")
    assert (told["begins_on"], D(told["old_price"]), D(told["new_price"])) == ("2027-01-01", 31, D("34.10"))
    assert told["number"] == life(key).number
    with mail_server() as arrived:
        send_due(now=day)
    texts = [str(mail.get_content()) for mail in arrived if told["number"] in str(mail["Subject"])]
    assert len(texts) == 1
    assert "34" in texts[0]


def test_a_renewal_before_an_end_that_is_scheduled_is_told_too(shop: Shop) -> None:
    """It was recorded before the customer cancelled: the term that ends is the renewed one."""
    key = subscribed(shop, term=TermAsked(12, auto_renew=True, notice_days=60))
    actions.set_renewal_notices(entity_id=shop.world.berlin, days=30, now=NOW, actor=ACTOR)
    recorded, day = at(date(2026, 11, 5)), at(date(2026, 12, 3))
    assert renew_due(now=recorded, actor=ACTOR) == 1
    change_lives([LifeChange(key, LifeKind.CANCELLED, effect=Effect.TERM_END)], now=recorded, actor=ACTOR)
    assert jobs.tell_renewals(today=day.date(), now=day, actor=ACTOR) == 1


def test_the_doors(shop: Shop) -> None:
    api, staff = Api(), Console("owner")
    key = subscribed(shop)
    number = life(key).number
    asked = {"subscription_id": public("subscription", key), "threshold": "100"}
    made = api.post("/charges-alerts", asked | {"email": "cfo@example.com"})
    assert (made.status, made.body["threshold"], made.body["told"]) == (201, "100.00", False)
    assert api.post("/charges-alerts", asked | {"threshold": "0.001"}).status == 422
    assert api.get("/money-alerts", active=True).body["items"][0]["name"] == number
    assert api.post(f"/money-alerts/{made.body['id']}/end").body["ended_at"] is not None
    assert api.post("/entities/DE01/renewal-notices", {"days": 30}).body == {"entity": "DE01", "days": 30}
    assert "DE01 tells 30 days before." in run("notice", "renewals", "DE01")
    assert "DE01 tells nobody." in run("notice", "renewals", "DE01", "--days", "0")
    assert "cfo@example.com is told" in run("notice", "charges", number, "90", "--email", "cfo@example.com")
    (active,) = run("notice", "list", "--active", "--json")["items"]
    run("notice", "end", active["id"])
    seen = staff.post("/money-alerts/new/", {"subject": number, "threshold": "80", "email": "cfo@example.com"})
    assert "the next bill reaches" in seen.words
    (active,) = api.get("/money-alerts", active=True).body["items"]
    assert "Ended" in staff.post("/money-alerts/end/", {"alert": active["id"]}).words
    staff.post("/money-alerts/renewals/", {"entity": "DE01", "days": "45"})
    assert queries.notice_days([shop.world.berlin]) == {shop.world.berlin: 45}


def test_the_words_are_the_same_in_each_language() -> None:
    assert len({frozenset(words) for words in WORDS.values()}) == 1
