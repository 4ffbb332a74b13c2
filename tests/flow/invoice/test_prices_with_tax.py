"""Price books whose prices include tax, through the real actions: list, order, bill, correct, credit, and the books."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.agree.catalog.actions import create_price_books, set_prices
from cashline.flow.agree.catalog.queries import preview_price, price_books, prices_on
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, TaxCategory
from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.agree.coupons.actions import create_coupons, grant_coupons
from cashline.flow.agree.coupons.rules import NewCoupon
from cashline.flow.agree.pricing.rules.charges import Charge, ChargeModel
from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage
from cashline.flow.agree.quotes.queries import price_offers
from cashline.flow.agree.quotes.rules import NewQuoteLine, QuoteContent
from cashline.flow.book.orders.actions import place_orders
from cashline.flow.invoice.billing.actions import set_invoice_grouping
from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.credit_notes.queries import credit_notes_by_id, creditable
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document, issue_invoices
from cashline.flow.invoice.invoices.actions.documents import paper_of
from cashline.flow.invoice.invoices.queries import InvoiceRow, statement_of
from cashline.flow.invoice.invoices.rules.explaining import explain
from cashline.flow.invoice.invoices.rules.one_off import NewInvoice, NewItem, draft_of
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import NewTaxRate
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.flow.report.health.queries import verify
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from tests.support.book import book, line, order, place, ship
from tests.support.invoice import bill, billed, credit, end_subscriptions, make_billing_shop, make_consumer
from tests.support.recognise import make_trading_shop
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


def amounts(row: InvoiceRow) -> tuple[Decimal, Decimal, Decimal]:
    return row.net_total, row.tax_total, row.gross_total


def test_a_consumer_pays_the_price_and_a_buyer_abroad_the_net() -> None:
    shop = make_billing_shop()
    ada = make_consumer(shop)
    smith = make_consumer(shop, country="US", addresses=())
    orders = [book(shop, line("SENSOR-1", 3), customer_id=buyer, currency="GBP") for buyer in (ada, smith)]
    ship(*orders)
    here, abroad = sorted(billed(bill()), key=lambda row: row.customer_id != ada)
    assert amounts(here) == (D("25.18"), D("4.79"), D("29.97"))
    assert amounts(abroad) == (D("25.18"), D(0), D("25.18"))
    (item,) = statement_of(here.id).lines
    assert (item.price_with_tax, item.gross_amount) == (D("9.99"), D("29.97"))
    assert [one.gross_amount for one in statement_of(abroad.id).lines] == [None]
    assert billed(bill()) == []
    told = explain(statement_of(here.id))
    assert "The price includes 19% tax: with it this is £29.97." in told[0].words
    assert "£29.97, £25.18 without it" in told[1].words
    assert all(found.derivation.breaks() == [] for found in told)
    paper = paper_of(statement_of(here.id))
    assert "je 9,99\xa0£ inklusive Steuer, zusammen 29,97\xa0£" in paper.lines[0].detail
    assert "Die Preise enthalten die Steuer." in paper.notes
    assert invoice_document(here.id, DocumentForm.PDF, now=NOW).content.startswith(b"%PDF")
    assert verify().first_break is None


def test_a_credit_in_parts_and_in_full_gives_back_the_price() -> None:
    shop = make_billing_shop()
    ada = make_consumer(shop)
    ship(book(shop, line("SENSOR-1"), line("SENSOR-1"), customer_id=ada, currency="GBP"))
    (row,) = billed(bill())
    assert amounts(row) == (D("16.78"), D("3.20"), D("19.98"))
    lines = creditable([row.id])[row.id].lines
    keys = [credit(row.id, [(lines[0].id, D("3.00"))]), credit(row.id, [(lines[0].id, D("5.39"))]), credit(row.id)]
    notes = credit_notes_by_id(keys)
    assert [notes[key].gross_total for key in keys] == [D("3.57"), D("6.42"), D("9.99")]
    assert verify().first_break is None


def test_a_month_is_billed_at_the_price_and_half_of_it_at_half() -> None:
    shop = make_billing_shop()
    ada = make_consumer(shop)
    held = book(shop, line("PLAT-PRO", interval_months=1, term_months=12), customer_id=ada, currency="GBP")
    (first,) = billed(bill())
    assert amounts(first) == (D("8.39"), D("1.60"), D("9.99"))
    (terms,) = term_lines(agreement_ids=[first.agreement_id] if first.agreement_id else [])
    assert (terms.unit_price, terms.included_tax_rate) == (D("8.3949579832"), D(19))
    end_subscriptions(held, date(2026, 1, 31))
    notes = [found.document_id for found in bill(date(2026, 2, 1)).documents if found.is_credit_note]
    (note,) = credit_notes_by_id(key for key in notes if key).values()
    assert first.gross_total - note.gross_total == D("5.16")
    assert billed(bill(date(2026, 2, 2))) == []


def test_yen_have_no_cents_and_come_out_even() -> None:
    shop = make_billing_shop()
    ada = make_consumer(shop, "JPY", "105")
    ship(book(shop, line("SENSOR-1"), line("SENSOR-1"), line("SENSOR-1", 7), customer_id=ada, currency="JPY"))
    (row,) = billed(bill())
    assert row.gross_total == D(105 * 9)


def test_what_cannot_be_taken_out_is_refused_with_its_reason() -> None:
    shop = make_billing_shop()
    (key,) = create_price_books([NewPriceBook("Wien", "EUR", tax_country="PT")], now=NOW, actor=ACTOR)
    sensor, platform = shop.catalog.sensor, shop.catalog.platform
    formula = Charge(ChargeModel.FORMULA, formula="quantity * 2")
    with pytest.raises(Refusal) as refused:
        set_prices([NewPrice(key, platform, 1, TODAY, D(2), formula)], now=NOW, actor=ACTOR)
    assert refused.value.field == "charge.model"
    with pytest.raises(Refusal) as refused:
        create_price_books([NewPriceBook("Nowhere", "EUR", tax_country="QQ")], now=NOW, actor=ACTOR)
    assert refused.value.field == "tax_country"
    set_prices([NewPrice(key, sensor, 0, TODAY, D("9.99"))], now=NOW, actor=ACTOR)
    content = QuoteContent("Sensors", date(2026, 2, 1), TODAY, (NewQuoteLine("SENSOR-1", D(1)),), price_book_id=key)
    ((_, errors),) = price_offers([(content, "EUR")], TODAY)
    assert ["No standard tax rate of PT is on file" in error.message for error in errors] == [True]
    set_tax_rates([NewTaxRate("PT", TaxCategory.STANDARD, D(23), date(2021, 1, 1))], now=NOW, actor=ACTOR)
    ((offer, errors),) = price_offers([(content, "EUR")], TODAY)
    assert errors == []
    assert [(one.list_price, one.included_tax_rate) for one in offer.lines] == [(D("8.1219512195"), D(23))]


def test_an_order_of_a_price_without_a_rate_is_refused_and_a_given_price_is_without_tax() -> None:
    shop = make_billing_shop()
    (key,) = create_price_books([NewPriceBook("Lisboa", "GBP", tax_country="PT")], now=NOW, actor=ACTOR)
    set_prices([NewPrice(key, shop.catalog.sensor, 0, TODAY, D("9.99"))], now=NOW, actor=ACTOR)
    buyer = make_consumer(shop)
    wanted = order(shop, line("SENSOR-1"), customer_id=buyer, currency="GBP")
    with pytest.raises(Refusal) as refused:
        place(wanted)
    assert (refused.value.code, "No standard tax rate of PT" in refused.value.message) == ("no_price", True)
    given = order(shop, line("SENSOR-1", unit_price=D("9.99")), customer_id=buyer, currency="GBP")
    (placed,) = place_orders([given], today=TODAY, now=NOW, actor=ACTOR, preview=True)
    assert [(one.unit_price, one.included_tax_rate) for one in placed.lines] == [(D("9.99"), None)]


def test_a_list_price_is_shown_and_previewed_as_it_is_listed() -> None:
    shop = make_billing_shop()
    make_consumer(shop)
    assert [book.tax_country for book in price_books() if book.currency == "GBP"] == ["DE"]
    request = (shop.catalog.sensor, "GBP", 0)
    found = prices_on([request], TODAY)[request]
    assert (found.unit_price, found.tax_percent, found.without_tax().unit_price) == (
        D("9.99"),
        D(19),
        D("8.3949579832"),
    )
    assert preview_price(request, TODAY, PreviewUsage(D(3))).priced.amount == D("29.97")


def test_the_database_holds_the_country_to_its_form() -> None:
    shop = make_billing_shop()
    with pytest.raises(Exception, match="price_book_country"):
        sql.execute("UPDATE price_books SET tax_country = 'de' WHERE id = %s", (shop.catalog.euro,))


def test_a_one_off_invoice_of_prices_with_tax_gives_back_what_each_line_came_to() -> None:
    shop = make_billing_shop()
    items = (NewItem("Cup", D("9.99")), NewItem("Cup", D("9.99")), NewItem("Pen", D("0.50"), D(3)))
    new = NewInvoice(shop.world.berlin, shop.customer, "EUR", items, prices_include_tax=True)
    (coupon,) = create_coupons([NewCoupon("OFF", "Off", percent=D(10))], now=NOW, actor=ACTOR)
    grant_coupons([(coupon, shop.customer)], today=TODAY, now=NOW, actor=ACTOR)
    for worth, first in ((D("19.33"), D("8.99")), (D("21.48"), D("9.99"))):
        (key,) = issue_invoices([draft_of(new, TODAY)], now=NOW, actor=ACTOR)
        statement = statement_of(key)
        assert statement.gross_total == worth
        assert [(one.price_with_tax, one.gross_amount) for one in statement.lines] == [
            (D("9.99"), D("9.99")), (D("9.99"), D("9.99")), (D("0.5"), D("1.50"))
        ]  # fmt: skip
        lines = creditable([key])[key].lines
        notes = credit_notes_by_id([credit(key, [(lines[0].id, lines[0].left)]), credit(key)])
        amounts_back = sorted(note.gross_total for note in notes.values())
        assert amounts_back == sorted([first, worth - first])
    assert verify().first_break is None


def test_a_combined_invoice_comes_to_the_prices_and_is_billed_so_again_when_void() -> None:
    shop = make_trading_shop()
    ada = make_consumer(shop)
    set_invoice_grouping(customer_id=ada, group_by=GroupBy.CUSTOMER, now=NOW, actor=ACTOR)
    ship(*(book(shop, line("SENSOR-1", quantity), customer_id=ada, currency="GBP") for quantity in (1, 2)))
    (row,) = billed(bill())
    assert (row.agreement_id, row.gross_total) == (None, D("29.97"))
    void_invoices([row.id], reason="Wrong name", today=TODAY, now=NOW, actor=ACTOR)
    (again,) = billed(bill())
    assert amounts(again) == amounts(row)
    run_revenue(through=TODAY, now=NOW, actor=ACTOR)
    assert verify(whole=True).first_break is None
