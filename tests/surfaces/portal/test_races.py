"""Two tabs, two colleagues, an impatient finger, all at the same instant: accepting, signing and paying act once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from cashline.flow.invoice.invoices.queries import invoice
from cashline.kernel.identifiers import public
from cashline.platform import sql
from tests.support.book import Shop, line
from tests.support.cluster import Database
from tests.support.invoice import ship_and_bill
from tests.support.portal import Buyer, agree, make_two_customers, offer
from tests.support.receive import GOOD, assert_laws_hold

EMAIL = "bea@nordlicht.example"


@pytest.fixture
def shop(committed_db: Database) -> Iterator[Shop]:
    yield make_two_customers()[0]
    connection.close()


def at_once(send: Callable[[int], int], count: int = 6) -> list[int]:
    """The status of each of several requests that are sent at the same time."""

    def one(number: int) -> int:
        try:
            return send(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(one, range(count)))


def count(table: str) -> int:
    return int(sql.fetch(f"SELECT count(*) FROM {table}")[0][0])


@pytest.mark.parametrize("one_form", [True, False])
def test_accepting_at_once_drafts_one_contract(shop: Shop, one_form: bool) -> None:
    bea = Buyer(shop.customer, EMAIL)
    address = f"/portal/quotes/{public('quote', offer(shop, shop.customer))}/accept/"

    def send(number: int) -> int:
        client = Client()
        client.cookies = bea.client.cookies
        form = {"name": "Bea", "who": "me", "idempotency_key": "one" if one_form else f"key-{number}"}
        return client.post(address, form).status_code

    answers = at_once(send)
    assert answers.count(302) == (6 if one_form else 1)
    assert (count("agreements"), count("signatures")) == (1, 1)


def test_signing_at_once_makes_one_order(shop: Shop) -> None:
    _, _, token = agree(shop, shop.customer, EMAIL, "Hall 4")

    def send(number: int) -> int:
        form = {"typed_name": "Bea Buyer", "consent": "1", "idempotency_key": f"key-{number}"}
        return Client().post(f"/sign/{token}/", form).status_code

    at_once(send)
    assert count("orders") == 1
    assert sql.fetch("SELECT count(*) FROM events WHERE type = 'SignatureGiven'") == [(1,)]
    assert sql.fetch("SELECT count(*) FROM stored_files WHERE kind = 'contract'") == [(1,)]


def test_paying_all_at_once_charges_once(shop: Shop) -> None:
    bea = Buyer(shop.customer, EMAIL)
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    address = f"/portal/invoices/{public('invoice', row.id)}/pay/"

    def send(number: int) -> int:
        client = Client()
        client.cookies = bea.client.cookies
        form = {"amount": "211.82", "card": GOOD, "idempotency_key": f"key-{number % 3}"}
        return client.post(address, form).status_code

    at_once(send)
    assert sql.fetch("SELECT amount FROM payments") == [(Decimal("211.82"),)]
    assert invoice(row.id).open_amount == 0
    assert_laws_hold()
