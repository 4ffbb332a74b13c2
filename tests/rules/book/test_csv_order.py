"""Orders as CSV: every form that spreadsheets write, and every error at once with its row."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.book.orders.rules.csv_order import CsvHeaderWrong, UnreadableCsv, parse_csv_orders
from cashline.flow.book.orders.rules.incoming import IncomingAddress, NotAnOrder, OrderFileTooLong
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.documents.safe_xml import FileTooLarge

HEADER = "order_ref,customer,sku,quantity,unit_price,currency,requested_delivery"
ROWS = """PO-1,C-10042,GW-2,12,389.00,EUR,2026-04-15
PO-1,C-10042,INST-1,7.5,,EUR,
PO-2,C-10043,GW-2,1,389.00,USD,
"""


def refusals_of(text: str) -> list[Refusal]:
    with pytest.raises(Refusal) as caught:
        parse_csv_orders(text.encode())
    found = caught.value
    return list(found) if isinstance(found, Refusals) else [found]


def test_rows_of_one_customer_and_reference_are_one_order() -> None:
    first, second = parse_csv_orders(f"{HEADER}\n{ROWS}".encode())
    assert (first.external_reference, first.currency, first.buyer.name) == ("PO-1", "EUR", "C-10042")
    assert first.requested_delivery == date(2026, 4, 15)
    assert [(line.line_no, line.sku, line.quantity, line.unit_price, line.row) for line in first.lines] == [
        ("1", "GW-2", Decimal(12), Decimal("389.00"), 2),
        ("2", "INST-1", Decimal("7.5"), None, 3),
    ]
    assert (second.external_reference, second.currency, second.row) == ("PO-2", "USD", 4)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_byte_order_mark_and_line_ends_do_not_matter(separator: str, mark: str, end: str) -> None:
    text = mark + f"{HEADER}\n{ROWS}".replace(",", separator).replace("\n", end)
    plain = parse_csv_orders(f"{HEADER}\n{ROWS}".encode())
    assert parse_csv_orders(text.encode()) == plain


def test_columns_may_come_in_any_order_with_blanks_and_capitals() -> None:
    text = 'Currency;"Order Ref";SKU; quantity ;Customer\nEUR;PO-1;GW-2;3;Acme\n\n;;;;\n'
    (order,) = parse_csv_orders(text.encode())
    assert (order.external_reference, order.lines[0].quantity, order.buyer.name) == ("PO-1", Decimal(3), "Acme")


def test_decimal_commas_are_read_where_they_cannot_be_separators() -> None:
    text = (
        f"{HEADER}\nPO-1,C,GW-2,1.5,389.25,EUR,\n".replace(",", ";").replace("1.5", "1,5").replace("389.25", "389,25")
    )
    (order,) = parse_csv_orders(text.encode())
    assert (order.lines[0].quantity, order.lines[0].unit_price) == (Decimal("1.5"), Decimal("389.25"))


def test_a_number_that_can_be_read_in_two_ways_is_refused() -> None:
    mixed = f"{HEADER}\nPO-1,C,GW-2,1¤5,1.234,EUR,\n".replace(",", ";").replace("¤", ",")
    (found,) = refusals_of(mixed)
    assert (found.field, found.data["row"]) == ("unit_price", 2)
    (found,) = refusals_of(f'{HEADER}\nPO-1,C,GW-2,"1,5",1.234,EUR,\n')
    assert (found.field, "two ways" in found.message) == ("quantity", True)
    (found,) = refusals_of(f"{HEADER}\nPO-1,C,GW-2,1,1.234¤50,EUR,\n".replace(",", ";").replace("¤", ","))
    assert found.field == "unit_price"


def test_all_columns_are_read() -> None:
    text = (
        "order_ref,customer,sku,quantity,unit_price,discount_percent,currency,unit,description,buyer_sku,standard_item,"
        "interval_months,term_months,ordered_on,requested_delivery,note,ship_to_name,ship_to_street,ship_to_postcode,"
        "ship_to_city,ship_to_country\n"
        'PO-1,C,PLAN,25,49,10,EUR,MON,"Plan, yearly",B-1,0401,12,24,2026-03-01,2026-04-01,"two\nlines",Hall,Street 1,'
        "70173,Stuttgart,DE\n"
        "PO-1,C,PLAN2,1,,,EUR,,,,,,,,,,,,,,\n"
    )
    (order,) = parse_csv_orders(text.encode())
    line, second = order.lines
    assert (line.discount_percent, line.interval_months, line.term_months) == (Decimal(10), 12, 24)
    assert (line.unit, line.description, line.buyer_sku, line.standard_item) == ("MON", "Plan, yearly", "B-1", "0401")
    assert order.ship_to == IncomingAddress("Hall", "Street 1", "70173", "Stuttgart", "DE")
    assert (order.issued_on, order.note) == (date(2026, 3, 1), "two lines")
    assert second.row == 4


def test_every_error_comes_at_once_with_its_row() -> None:
    text = f"""{HEADER}
,C-1,GW-2,12,389.00,EUR,
PO-1,C-1,,x,-1,EUR,15.04.2026
PO-2,C-1,GW-2,0,,EURO,
PO-2,C-1,GW-2,1,,USD,
PO-3,C-1,GW-2
PO-4,,GW-2,1,NaN,EUR,
"""
    found = [(refusal.data.get("row"), refusal.field) for refusal in refusals_of(text)]
    assert sorted(found) == sorted(
        [
            (2, "order_ref"),
            (3, "sku"),
            (3, "quantity"),
            (3, "unit_price"),
            (3, "requested_delivery"),
            (4, "quantity"),
            (4, "currency"),
            (5, "currency"),
            (6, "row"),
            (7, "customer"),
            (7, "unit_price"),
        ]
    )


def test_the_header_is_judged_as_a_whole() -> None:
    (found,) = refusals_of("order_ref,customer,sku,qty,currency,sku\nPO,C,S,1,EUR,S\n")
    assert isinstance(found, CsvHeaderWrong)
    for part in ("columns quantity are missing", "columns qty are not known", "columns sku stand twice"):
        assert part in found.message
    assert "unit_price" in found.fix


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", NotAnOrder),
        (b"\n\n", NotAnOrder),
        (HEADER.encode(), NotAnOrder),
        (f"{HEADER}\nPO,C,S,1,,EUR,\n".encode("utf-16"), UnreadableCsv),
        (f"{HEADER}\nPO,Müller,S,1,,EUR,\n".encode("latin-1"), UnreadableCsv),
        (f'{HEADER}\nPO,"C,S,1,,EUR,\n'.encode(), UnreadableCsv),
        (f"{HEADER}\nPO,{'x' * 200_000},S,1,,EUR,\n".encode(), UnreadableCsv),
        (f"{HEADER}\nP\x00O,C,S,1,,EUR,\n".encode(), UnreadableCsv),
        (b"PK\x03\x04\x00\x00", UnreadableCsv),
        (b"x" * (20 * 1024 * 1024 + 1), FileTooLarge),
        (f"{HEADER}\n".encode() + b"PO,C,S,1,,EUR,\n" * 100_001, OrderFileTooLong),
    ],
    ids=range(11),
)
def test_broken_and_oversized_files_are_refused(data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        parse_csv_orders(data)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        orders = parse_csv_orders(f"{HEADER}\n{text}".encode("utf-8", "surrogatepass"))
    except Refusal:
        return
    assert all(line.quantity > 0 and line.sku for order in orders for line in order.lines)
