"""Amounts that other programs got wrong, as their users reported them: alike in rows, documents and books."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from cashline.flow.agree.catalog.actions import create_products
from cashline.flow.agree.catalog.rules import NewProduct, TaxCategory
from cashline.flow.agree.customers.rules import NewAddress
from cashline.flow.book.orders.rules.new_order import NewOrderLine
from cashline.flow.deliver.inventory.actions import receive_stock
from cashline.flow.deliver.inventory.rules import StockReceipt
from cashline.flow.invoice.invoices.actions import DocumentForm, invoice_document
from cashline.flow.invoice.invoices.queries import InvoiceRow
from cashline.flow.invoice.taxes.actions import set_tax_rates
from cashline.flow.invoice.taxes.rules import InvalidTaxRate, NewTaxRate
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from tests.support.agree import german, make_customers
from tests.support.book import book, line, make_shop, ship
from tests.support.invoice import bill, billed
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
SINCE = date(2021, 1, 1)


def invoiced(rate: str, *lines: NewOrderLine) -> InvoiceRow:
    """An order of a private buyer in Portugal, whose rate is set for the case, shipped and billed."""
    shop = make_shop(sensors=1000)
    set_tax_rates([NewTaxRate("PT", TaxCategory.STANDARD, D(rate), SINCE)], now=NOW, actor=ACTOR)
    (book_id,) = create_products(
        [NewProduct("BOOK", "Manual", "goods", tax_category=TaxCategory.ZERO)], now=NOW, actor=ACTOR
    )
    receive_stock([StockReceipt(shop.warehouse, book_id, D(10), TODAY, None)], now=NOW, actor=ACTOR)
    address = NewAddress("bill_to", "Rua 1", "Lisboa", "PT", "1100")
    (customer,) = make_customers([german("Sra. Silva", country="PT", tax_id="", locale="en", addresses=(address,))])
    ship(book(shop, *lines, customer_id=customer))
    (row,) = billed(bill())
    return row


def item(quantity: str, price: str, discount: str = "0", sku: str = "SENSOR-1") -> NewOrderLine:
    return line(sku, quantity, unit_price=D(price), discount_percent=D(discount))


@pytest.mark.parametrize(
    ("rate", "lines", "net", "tax", "gross"),
    [
        ("22", [item("16", "348.35", "4")], "5350.66", "1177.15", "6527.81"),
        ("23", [item("1", "55.55"), item("1", "11.11")], "66.66", "15.33", "81.99"),
        ("21", [item("25", "230.83")], "5770.75", "1211.86", "6982.61"),
        ("10.75", [item("1", "24.99"), item("1", "6.44", sku="BOOK")], "31.43", "2.69", "34.12"),
        ("8.5", [item("1", "46.07", "20"), item("1", "9.21")], "46.07", "3.92", "49.99"),
        ("19", [item("1", "21618.00")], "21618.00", "4107.42", "25725.42"),
    ],
)
def test_the_amounts_hold_in_rows_xml_and_journal(
    rate: str, lines: list[NewOrderLine], net: str, tax: str, gross: str
) -> None:
    row = invoiced(rate, *lines)
    assert (row.net_total, row.tax_total, row.gross_total) == (D(net), D(tax), D(gross))
    for form, path in (
        (DocumentForm.UBL, "{*}LegalMonetaryTotal/{*}PayableAmount"),
        (DocumentForm.CII, ".//{*}DuePayableAmount"),
    ):
        root = etree.fromstring(invoice_document(row.id, form, now=NOW).content)
        assert root.findtext(path) == gross
    posted = sql.fetch(
        "SELECT a.role, sum(l.amount) FROM journal_lines l JOIN journal_entries e ON e.id = l.entry_id "
        "JOIN accounts a ON a.id = l.account_id WHERE e.source_id = %s GROUP BY a.role",
        (row.id,),
    )
    assert dict(posted) == {"receivable": D(gross), "contract_position": -D(net), "tax_payable": -D(tax)}


def test_tax_rates_end_each_other_and_never_overlap() -> None:
    rates = [
        NewTaxRate("DE", TaxCategory.STANDARD, D(16), date(2020, 7, 1)),
        NewTaxRate("DE", TaxCategory.STANDARD, D(19), date(2021, 1, 1)),
    ]
    set_tax_rates(rates, now=NOW, actor=ACTOR)
    rows = sql.fetch("SELECT rate, lower(valid), upper(valid) FROM tax_rates ORDER BY valid")
    assert rows == [(16, date(2020, 7, 1), date(2021, 1, 1)), (19, date(2021, 1, 1), None)]
    with pytest.raises(InvalidTaxRate, match="on file already"):
        set_tax_rates(rates[1:], now=NOW, actor=ACTOR)
    bad = [
        NewTaxRate("Deutschland", TaxCategory.ZERO, D(7), SINCE),
        NewTaxRate("FR", TaxCategory.STANDARD, D(-1), SINCE),
    ]
    with pytest.raises(Refusals) as caught:
        set_tax_rates(bad, now=NOW, actor=ACTOR)
    assert [problem.field for problem in caught.value] == ["country", "percent", "percent"]
    assert set_tax_rates([], now=NOW, actor=ACTOR) == []
