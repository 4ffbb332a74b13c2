"""Orders: every error at once, the same order once, cancelled rests, orders born of contracts, files."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from cashline.flow.agree.catalog.actions import change_product
from cashline.flow.agree.contracts import queries as contracts
from cashline.flow.agree.customers.actions import block_customers
from cashline.flow.book.orders import queries
from cashline.flow.book.orders.actions import cancel_orders, import_csv, import_ubl, place_orders
from cashline.flow.book.orders.rules.problems import OrderReferenceReused
from cashline.flow.deliver.fulfilment.actions import create_shipments
from cashline.flow.deliver.fulfilment.queries import deliveries_for, shipments_of, steps_of
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import NotFound, Refusal, Refusals
from cashline.platform import sql
from tests.support.agree import american, make_customers
from tests.support.book import Shop, book, line, make_shop, order, place, ship
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")


def count(table: str) -> int:
    row = sql.fetch_one(f"SELECT count(*) FROM {table}")
    assert row is not None
    return int(row[0])


def refusals(shop: Shop, *orders: object, **options: object) -> list[Refusal]:
    with pytest.raises(Refusal) as refused:
        place_orders(orders, today=TODAY, now=NOW, actor=ACTOR, **options)  # type: ignore[arg-type]
    return list(refused.value) if isinstance(refused.value, Refusals) else [refused.value]


def test_an_order_is_priced_from_the_book_numbered_and_agreed() -> None:
    shop = make_shop(sensors=5)
    placed = place(
        order(
            shop,
            line("SENSOR-1", 2),
            line("PLAT-PRO", 3, interval_months=12, term_months=24),
            line("SETUP-1", discount_percent=Decimal(10)),
            line("SENSOR-1", 1, unit_price=Decimal("79.005")),
            external_reference="PO-1",
        )
    )[0]
    assert (placed.number, placed.status, placed.duplicate) == ("ORD-DE01-2026-000001", "booked", False)
    assert placed.order_id is not None
    row = queries.order(placed.order_id)
    assert (row.customer_name, row.agreement_number, row.purchase_order) == (
        "Nordlicht Werke GmbH",
        "AGR-DE01-2026-000001",
        "PO-1",
    )
    lines = queries.lines_of([row.id])
    assert [one.net_total for one in lines] == [178, 3174, 1080, Decimal("79.01")]
    assert row.net_total == placed.net_total == Decimal("4511.01")
    terms = contracts.term_lines(agreement_ids=[row.agreement_id])
    assert [(one.unit_price, one.stand_alone_price) for one in terms] == [
        (89, 89),
        (529, 529),
        (1080, 1200),
        (Decimal("79.005"), 89),
    ]
    assert [one.line_id for one in terms] == [one.line_id for one in lines]


def test_every_error_of_every_order_comes_at_once_with_its_place_and_its_fix() -> None:
    shop = make_shop()
    change_product(shop.catalog.gateway, changes={"active": False}, now=NOW, actor=ACTOR)
    stranger, dollar = uuid4(), make_customers([american()])[0]
    found = refusals(
        shop,
        order(
            shop,
            line("NOPE", 0),
            line("GATE-4", "-1"),
            line("PLAT-PRO"),
            line("PLAT-PRO", interval_months=12, term_months=18),
            line("SENSOR-1", interval_months=1, term_months=1),
            line("SENSOR-1", "0.0000001", discount_percent=Decimal(101)),
            line("SENSOR-1", unit_price=Decimal(-1)),
            line("PLAT-PRO", interval_months=3),
            external_reference="A",
        ),
        order(shop, customer_id=stranger, entity_id=stranger, currency="XXY", external_reference=" "),
        order(shop, line("SENSOR-1"), customer_id=dollar, ordered_on=TODAY + timedelta(days=2)),
        order(shop, line("SENSOR-1"), requested_on=date(2025, 1, 1), purchase_order="x" * 300),
        order(shop, line("SENSOR-1", "999999999999"), external_reference="B"),
        order(shop, line("SENSOR-1", 1, unit_price=Decimal("99999999999"), term_months=None), external_reference="C"),
    )
    assert [(one.field, one.code) for one in found] == [
        ("orders.0.lines.0.quantity", "invalid_quantity"),
        ("orders.0.lines.0.sku", "unknown_product"),
        ("orders.0.lines.1.quantity", "invalid_quantity"),
        ("orders.0.lines.1.sku", "product_not_sold"),
        ("orders.0.lines.2.interval_months", "interval_needed"),
        ("orders.0.lines.3.term_months", "invalid_term"),
        ("orders.0.lines.4.interval_months", "invalid_term"),
        ("orders.0.lines.5.quantity", "invalid_quantity"),
        ("orders.0.lines.5.discount_percent", "invalid_price"),
        ("orders.0.lines.6.unit_price", "invalid_price"),
        ("orders.0.lines.7.unit_price", "no_price"),
        ("orders.1.customer_id", "unknown_customer"),
        ("orders.1.entity_id", "unknown_entity"),
        ("orders.1.currency", "invalid_value"),
        ("orders.1.lines", "order_without_lines"),
        ("orders.1.external_reference", "invalid_reference"),
        ("orders.2.currency", "order_currency_differs"),
        ("orders.2.ordered_on", "invalid_order_date"),
        ("orders.3.purchase_order", "invalid_reference"),
        ("orders.3.requested_on", "invalid_order_date"),
    ]
    interval = found[4]
    assert interval.message == "Line 3: It is not said how often PLAT-PRO is billed."
    assert interval.fix == "Give interval_months: 1, 12."
    assert interval.data == {"order": "A", "line": 3}
    assert [count(table) for table in ("orders", "order_lines", "agreements", "reservations")] == [0, 0, 0, 0]


def test_a_line_worth_more_than_money_can_be_is_refused() -> None:
    shop = make_shop()
    found = refusals(shop, order(shop, line("SENSOR-1", "999999999999", unit_price=Decimal(100_000))))
    assert [(one.field, one.code) for one in found] == [("lines.0.quantity", "invalid_quantity")]


def test_blocked_customers_cannot_order() -> None:
    shop = make_shop()
    block_customers([shop.customer], reason="Bankruptcy", now=NOW, actor=ACTOR)
    assert [one.code for one in refusals(shop, order(shop, line("SENSOR-1")))] == ["customer_not_active"]


def test_a_discount_needs_the_authority_for_it() -> None:
    shop = make_shop()
    cheap = order(shop, line("SENSOR-1", unit_price=Decimal(80)), line("SETUP-1", discount_percent=Decimal("10.01")))
    found = refusals(shop, cheap, max_discount=Decimal(10))
    assert [(one.field, one.code) for one in found] == [
        ("lines.0.unit_price", "discount_over_authority"),
        ("lines.1.unit_price", "discount_over_authority"),
    ]
    place_orders([cheap], today=TODAY, now=NOW, actor=ACTOR, max_discount=Decimal("10.2"))


def test_the_same_order_sent_again_is_the_first_and_another_is_refused() -> None:
    shop = make_shop(sensors=9)
    sent = order(shop, line("SENSOR-1", "2.0"), external_reference="PO-7")
    first = place(sent)[0]
    change_product(shop.catalog.sensor, changes={"active": False}, now=NOW, actor=ACTOR)
    again = place(order(shop, line("SENSOR-1", 2), external_reference="PO-7", source="ubl", ordered_on=TODAY))[0]
    assert again.duplicate
    assert (again.order_id, again.number) == (first.order_id, first.number)
    with pytest.raises(OrderReferenceReused):
        place(order(shop, line("SENSOR-1", 3), external_reference="PO-7"))
    assert count("orders") == 1


def test_repeats_within_a_batch_are_one_order() -> None:
    shop = make_shop(sensors=9)
    one, two = (order(shop, line("SENSOR-1", key), external_reference=f"PO-{key}") for key in (1, 2))
    placed = place(one, two, one)
    assert [item.duplicate for item in placed] == [False, False, True]
    assert placed[2].order_id == placed[0].order_id
    assert count("orders") == 2
    found = refusals(shop, order(shop, line("GATE-4"), external_reference="X"), order(shop, external_reference="X"))
    assert [(item.field, item.code) for item in found] == [("orders.1.external_reference", "order_reference_reused")]


def test_a_preview_says_what_would_come_and_books_nothing() -> None:
    shop = make_shop(sensors=9)
    given = [order(shop, line("SENSOR-1", 2), external_reference="PO-1"), order(shop, line("GATE-4", 1))]
    preview = place_orders(given, today=TODAY, now=NOW, actor=ACTOR, preview=True)
    assert (count("orders"), count("credit_accounts"), count("agreements")) == (0, 0, 0)
    placed = place(*given)
    for before, after in zip(preview, placed, strict=True):
        assert (before.order_id, before.number) == (None, "")
        assert (before.status, before.net_total, before.lines) == (after.status, after.net_total, after.lines)


def test_cancelling_a_part_delivered_order_takes_away_the_rest_alone() -> None:
    shop = make_shop(sensors=5, gateways=1)
    order_id = book(shop, line("SENSOR-1", 5), line("GATE-4", 3), line("SETUP-1"))
    ship(order_id)
    cancel_orders([order_id], reason="The site is closed", now=NOW, actor=ACTOR)
    row = queries.order(order_id)
    lines = queries.lines_of([order_id])
    assert (row.status, [one.status for one in lines]) == ("cancelled", ["delivered", "cancelled", "cancelled"])
    assert {step.kind: step.status for step in steps_of([order_id])} == {
        "reserve": "cancelled",
        "ship": "cancelled",
        "install": "cancelled",
    }
    facts = deliveries_for(line_ids=[one.line_id for one in lines])
    assert [(fact.kind, fact.quantity) for fact in facts] == [("shipped", 5), ("cancelled", 3), ("cancelled", 1)]
    assert queries.ordered_values([shop.customer]) == {shop.customer: 445}
    assert contracts.agreement(row.agreement_id).status == "active"
    with pytest.raises(IllegalTransition):
        cancel_orders([order_id], reason="Again", now=NOW, actor=ACTOR)


def test_cancelling_an_untouched_order_gives_everything_back() -> None:
    shop = make_shop(sensors=5)
    order_id = book(shop, line("SENSOR-1", 5))
    create_shipments([order_id], now=NOW, actor=ACTOR)
    cancel_orders([order_id], reason="Mistake", now=NOW, actor=ACTOR)
    assert [one.status for one in shipments_of([order_id])] == ["cancelled"]
    assert sql.fetch_one("SELECT on_hand, reserved FROM stock") == (5, 0)
    assert contracts.agreement(queries.order(order_id).agreement_id).status == "ended"
    assert queries.ordered_values([shop.customer]).get(shop.customer, 0) == 0
    book(shop, line("SENSOR-1", 5))
    assert sql.fetch_one("SELECT reserved FROM stock") == (5,)


def test_unknown_orders_are_not_found() -> None:
    with pytest.raises(NotFound):
        cancel_orders([uuid4()], reason="?", now=NOW, actor=ACTOR)


CSV = """order_ref,customer,sku,quantity,currency,unit_price
W-1,CUS-000001,SENSOR-1,3,EUR,
W-1,CUS-000001,GATE-4,1,EUR,640
W-2,Nordlicht Werke GmbH,SETUP-1,1,EUR,
"""


def test_a_csv_file_is_booked_whole_and_once() -> None:
    shop = make_shop(sensors=3, gateways=1)
    options = {"entity_id": shop.world.berlin, "today": TODAY, "now": NOW, "actor": ACTOR}
    preview = import_csv(CSV.encode(), preview=True, **options)  # type: ignore[arg-type]
    assert ([one.net_total for one in preview], count("orders")) == ([907, 1200], 0)
    placed = import_csv(CSV.encode(), **options)  # type: ignore[arg-type]
    assert [(one.net_total, one.duplicate) for one in placed] == [(907, False), (1200, False)]
    again = import_csv(CSV.encode(), **options)  # type: ignore[arg-type]
    assert [one.duplicate for one in again] == [True, True]
    assert count("orders") == 2
    wrong = CSV.replace("GATE-4", "GATE-9").replace("Nordlicht Werke GmbH", "Nobody").replace("W-", "V-")
    with pytest.raises(Refusals) as refused:
        import_csv(wrong.encode(), **options)  # type: ignore[arg-type]
    assert [(one.code, one.data["row"]) for one in refused.value] == [("unknown_product", 3), ("unknown_customer", 4)]
    assert refused.value.refusals[1].message == "Row 4: There is no customer 'Nobody'."


UBL = """<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>U-9</cbc:ID><cbc:IssueDate>2026-01-14</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:BuyerCustomerParty><cac:Party>
  <cac:PartyName><cbc:Name>Nordlicht</cbc:Name></cac:PartyName>
  <cac:PartyTaxScheme><cbc:CompanyID>DE 136 695 976</cbc:CompanyID>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
 </cac:Party></cac:BuyerCustomerParty>
 <cac:SellerSupplierParty><cac:Party><cac:PartyName><cbc:Name>Cashline</cbc:Name></cac:PartyName></cac:Party>
 </cac:SellerSupplierParty>
 <cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:Quantity unitCode="C62">2</cbc:Quantity>
  <cac:Price><cbc:PriceAmount currencyID="EUR">89</cbc:PriceAmount></cac:Price>
  <cac:Item><cbc:Name>Sensor</cbc:Name>
   <cac:SellersItemIdentification><cbc:ID>SENSOR-1</cbc:ID></cac:SellersItemIdentification></cac:Item>
 </cac:LineItem></cac:OrderLine>
</Order>"""


def test_a_ubl_order_finds_its_buyer_by_the_tax_number() -> None:
    shop = make_shop(sensors=2)
    options = {"entity_id": shop.world.berlin, "today": TODAY, "now": NOW, "actor": ACTOR}
    placed = import_ubl(UBL.encode(), **options)  # type: ignore[arg-type]
    assert placed.order_id is not None
    row = queries.order(placed.order_id)
    assert (row.customer_id, row.external_reference, row.source, row.ordered_on, row.net_total) == (
        shop.customer,
        "U-9",
        "ubl",
        date(2026, 1, 14),
        178,
    )
    assert import_ubl(UBL.encode(), **options).duplicate  # type: ignore[arg-type]
