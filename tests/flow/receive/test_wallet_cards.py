"""Wallets that top themselves up from a card: once at a time, into the wallet, and no more after declined charges."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connections, transaction

from cashline.flow.invoice.credits.actions import close_wallet, open_wallets
from cashline.flow.invoice.credits.queries import wallet
from cashline.flow.invoice.credits.rules import NewWallet
from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions.wallet_cards import MOST_FAILURES
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id, public
from cashline.kernel.refusals import Conflict, NotFound
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.receive import GOOD, assert_laws_hold, invoice_of, make_receiving_shop, sandbox
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DECLINED = "4000000000000002"


def a_wallet(shop: Shop, card: str = GOOD) -> UUID:
    (key,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    actions.set_wallet_card(
        wallet_id=key, below=D(20), amount=D(100), gateway="sandbox", method_token=card, now=NOW, actor=ACTOR
    )
    return key


def work(now: datetime) -> int:
    """What the worker does in a minute, and in the next."""
    begun = actions.top_up_low_wallets(now=now, actor="system:schedule")
    actions.resume_pending(gateway_named=sandbox(), now=now + MINUTE, actor="system:schedule")
    return begun


def test_a_low_wallet_is_charged_for_once_and_the_money_goes_into_it(committed_db: Database) -> None:
    key = a_wallet(make_receiving_shop())
    assert work(NOW) == 1
    assert wallet(key).balance == 100
    assert work(NOW + 2 * MINUTE) == 0
    (payment,) = sql.fetch("SELECT amount, unapplied_amount, method FROM payments")
    assert payment == (D(100), D(0), "card")
    assert verify(whole=True).first_break is None


def test_workers_that_race_begin_one_charge(committed_db: Database) -> None:
    a_wallet(make_receiving_shop())

    def one(_index: int) -> int:
        try:
            return actions.top_up_low_wallets(now=NOW, actor=ACTOR)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    assert sql.fetch("SELECT count(*) FROM payment_intents") == [(1,)]


def test_a_declined_card_is_asked_again_in_a_day_and_in_the_end_no_more(committed_db: Database) -> None:
    key = a_wallet(make_receiving_shop(), DECLINED)
    now = NOW
    for failures in range(1, MOST_FAILURES + 1):
        assert work(now) == 1
        (row,) = queries.wallet_cards(now=now, wallet_id=key)
        assert (row.failures, row.under_way) == (failures, None)
        assert work(now + 10 * MINUTE) == 0
        now += DAY + 2 * MINUTE
    assert work(now) == 0
    assert wallet(key).balance == 0
    actions.set_wallet_card(
        wallet_id=key, below=D(20), amount=D(50), gateway="sandbox", method_token=GOOD, now=now, actor=ACTOR
    )
    assert work(now) == 1
    assert wallet(key).balance == 50


def test_money_for_a_wallet_that_was_closed_meanwhile_stays_on_account(committed_db: Database) -> None:
    key = a_wallet(make_receiving_shop())
    actions.top_up_low_wallets(now=NOW, actor=ACTOR)
    close_wallet(wallet_id=key, now=NOW, actor=ACTOR)
    actions.resume_pending(gateway_named=sandbox(), now=NOW + MINUTE, actor=ACTOR)
    assert sql.fetch("SELECT unapplied_amount FROM payments") == [(D(100),)]
    assert work(NOW + DAY) == 0
    assert_laws_hold()


@pytest.mark.usefixtures("db")
def test_the_database_lets_nobody_begin_a_second_charge() -> None:
    key = a_wallet(make_receiving_shop())
    actions.top_up_low_wallets(now=NOW, actor=ACTOR)
    columns = "entity_id, customer_id, wallet_id, currency, amount, gateway, method_token, status, next_call_at"
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            f"INSERT INTO payment_intents (id, {columns}, created_at) SELECT uuidv7(), {columns}, created_at "
            "FROM payment_intents WHERE wallet_id = %s",
            (key,),
        )


@pytest.mark.usefixtures("db")
def test_the_rule_is_set_shown_and_ended_by_its_doors() -> None:
    make_sandbox(frozen_at=NOW)
    shop, api = make_receiving_shop(), Api()
    (key,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    path = f"/wallets/{public('wallet', key)}/top-up-rule"
    given = {"below": "20", "amount": "100", "gateway": "sandbox", "method_token": GOOD}
    assert api.post(path, given | {"gateway": "bank"}).codes == ["gateway_not_set_up"]
    assert api.post(path, given | {"amount": "0"}).fields == ["amount"]
    shown = api.post(path, given).body
    assert (shown["below"], shown["amount"], shown["card"], shown["balance"]) == ("20.00", "100.00", "… 4242", "0.00")
    assert [row["wallet_id"] for row in api.get("/wallet-top-up-rules").body["items"]] == [public("wallet", key)]
    clerk = Console("collections")
    page = clerk.get("/wallet-top-ups/")
    assert "Low" in page.words
    actions.top_up_low_wallets(now=NOW, actor=ACTOR)
    assert "Being charged" in clerk.get("/wallet-top-ups/").words
    form = {"wallet": public("wallet", key), "below": "10", "amount": "60", "gateway": "sandbox", "method_token": GOOD}
    assert "€60.00" in clerk.post("/wallet-top-ups/set/", form).words
    assert api.post(f"{path}/stop").status == 200
    assert api.post(f"{path}/stop").status == 404
    assert "No wallet is topped up by itself" in clerk.get("/wallet-top-ups/").words
    with pytest.raises(NotFound):
        actions.stop_top_ups(wallet_id=key, now=NOW, actor=ACTOR)
    close_wallet(wallet_id=key, now=NOW, actor=ACTOR)
    with pytest.raises(Conflict):
        actions.set_wallet_card(
            wallet_id=key, below=D(20), amount=D(50), gateway="sandbox", method_token=GOOD, now=NOW, actor=ACTOR
        )


@pytest.mark.usefixtures("db")
def test_a_wallet_shows_its_burn_down_on_every_door() -> None:
    make_sandbox(frozen_at=NOW + 10 * DAY)
    shop, api = make_receiving_shop(), Api()
    (key,) = open_wallets([NewWallet(shop.world.berlin, shop.customer, "EUR")], now=NOW, actor=ACTOR)
    new = actions.NewPayment(shop.customer, shop.world.berlin, "EUR", D(500), "card", TODAY, new_id())
    actions.top_up_wallet(new, wallet_id=key, expires_on=TODAY + 20 * DAY, now=NOW, actor=ACTOR)
    assert invoice_of(shop, "100").open_amount == 0
    shown = api.get(f"/wallets/{public('wallet', key)}/burn-down").body
    assert (shown["balance"], shown["drawn"], shown["days"], shown["per_day"]) == ("381.00", "119.00", 10, "11.90")
    assert (shown["empty_on"], shown["unused"]) == ("2026-02-04", "262.00")
    page = Console("collections").get(f"/wallets/{public('wallet', key)}/")
    assert "Would expire unused" in page.words
    assert "Paid an invoice" in page.words
    done = CliRunner().invoke(cli, ["wallet", "burn-down", public("wallet", key)])
    assert "381.00 EUR left, 11.90 a day, empty on 2026-02-04." in done.output
