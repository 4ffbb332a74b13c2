"""How many SQL statements a whole order-to-cash thread of five lines asks of the server: a ratchet, 80 at the most."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.actions import create_products, set_prices
from cashline.flow.agree.catalog.rules import NewPrice, NewProduct
from cashline.flow.book.orders.actions import place_orders
from cashline.flow.deliver.fulfilment.actions import create_shipments, ship_shipments
from cashline.flow.deliver.fulfilment.rules import ShipConfirmation
from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from tests.support.agree import PRICES_FROM
from tests.support.book import Shop, line, order, stock_up
from tests.support.cluster import Database
from tests.support.invoice import make_billing_shop
from tests.support.recognise import balances
from tests.support.statements import Statements, counted
from tests.support.world import ACTOR, NOW, TODAY

LIMIT = 80
"""What a thread may ever ask."""
PINNED = {"order": 17, "pick": 6, "ship": 15, "bill": 18, "pay": 12, "recognise": 12}
"""What each step asks: a number may only fall."""
BORDERS = dict.fromkeys(PINNED, 2) | {"order": 4}
"""A step is one transaction; the agreements of orders are made in a savepoint."""
SKUS = ("BOLT-1", "BOLT-2", "BOLT-3", "BOLT-4", "BOLT-5")


class Walk:
    """One order of five goods lines, taken step by step through the actions; the statements of each step."""

    def __init__(self, database: Database, shop: Shop) -> None:
        self.database, self.shop = database, shop
        self.steps: dict[str, Statements] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with counted(self.database) as self.steps[name]:
            yield

    def take(self) -> UUID:
        """Take it from order to revenue; the invoice."""
        with self.step("order"):
            placed = place_orders(
                [order(self.shop, *(line(sku, 2) for sku in SKUS))], today=TODAY, now=NOW, actor=ACTOR
            )[0]
        assert placed.order_id is not None
        assert placed.agreement_id is not None
        with self.step("pick"):
            shipments = create_shipments([placed.order_id], now=NOW, actor=ACTOR)
        with self.step("ship"):
            ship_shipments([ShipConfirmation(key, "DHL", "JD1", TODAY) for key in shipments], now=NOW, actor=ACTOR)
        with self.step("bill"):
            (document,) = run_bills(as_of=TODAY, agreement_ids=[placed.agreement_id], now=NOW, actor=ACTOR).documents
        assert document.document_id is not None
        payment = NewPayment(
            document.customer_id, self.shop.world.berlin, document.currency, document.gross, "bank_transfer", TODAY,
            new_id(), allocations=((document.document_id, document.gross, Decimal(0)),),
        )  # fmt: skip
        with self.step("pay"):
            record_payments([payment], now=NOW, actor=ACTOR)
        with self.step("recognise"):
            run_revenue(through=TODAY, agreement_ids=[placed.agreement_id], now=NOW, actor=ACTOR)
        return document.document_id

    @property
    def count(self) -> int:
        return sum(found.count for found in self.steps.values())

    def __str__(self) -> str:
        told = (f"{name}: {found.count}, pinned at {PINNED[name]}\n{found}" for name, found in self.steps.items())
        return "\n\n".join([f"{self.count} statements in all", *told])


def test_a_thread_of_five_lines_asks_no_more_than_what_is_pinned(committed_db: Database) -> None:
    shop = make_billing_shop()
    products = create_products(
        [NewProduct(sku, sku.title(), "goods", unit_cost=Decimal(3)) for sku in SKUS], now=NOW, actor=ACTOR
    )
    prices = [NewPrice(shop.catalog.euro, product, 0, PRICES_FROM, Decimal(10)) for product in products]
    set_prices(prices, now=NOW, actor=ACTOR)
    for product in products:
        stock_up(shop, product, 100)
    Walk(committed_db, shop).take()  # opens the year's number series and what else is made once
    walk = Walk(committed_db, shop)
    invoice_id = walk.take()
    assert {name: found.count for name, found in walk.steps.items()} == PINNED, str(walk)
    assert walk.count <= LIMIT, str(walk)
    assert {name: found.borders for name, found in walk.steps.items()} == BORDERS, str(walk)
    assert sql.fetch("SELECT gross_total, open_amount FROM invoices WHERE id = %s", (invoice_id,)) == [(119, 0)]
    books = balances(shop.world.berlin, TODAY)
    assert {role: books.get(role, 0) for role in ("bank", "receivable", "revenue_goods", "cost_of_sales")} == {
        "bank": 238, "receivable": 0, "revenue_goods": -200, "cost_of_sales": 60,
    }  # fmt: skip
