"""UBL orders of strangers: read whole, or refused with every error, its path and its line."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.book.orders.rules.incoming import IncomingAddress, IncomingOrder, NotAnOrder, OrderFileTooLong
from cashline.flow.book.orders.rules.ubl_order import parse_ubl_order
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.documents.safe_xml import FileTooLarge, MalformedXml, UnsafeXml

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
"""
ORDER = (
    HEAD
    + """
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
  <cbc:ID>PO-4711</cbc:ID>
  <cbc:IssueDate>2026-03-31+02:00</cbc:IssueDate>
  <cbc:OrderTypeCode>220</cbc:OrderTypeCode>
  <cbc:Note>Deliver to   gate 3.</cbc:Note>
  <cbc:Note>Call before.</cbc:Note>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BuyerCustomerParty><cac:Party>
    <cbc:EndpointID schemeID="0088">4012345000009</cbc:EndpointID>
    <cac:PartyIdentification><cbc:ID>C-10042</cbc:ID></cac:PartyIdentification>
    <cac:PartyName><cbc:Name>Mueller</cbc:Name></cac:PartyName>
    <cac:PartyTaxScheme><cbc:CompanyID>DE987654328</cbc:CompanyID></cac:PartyTaxScheme>
    <cac:PartyLegalEntity><cbc:RegistrationName>Müller &amp; Söhne KG</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:BuyerCustomerParty>
  <cac:SellerSupplierParty><cac:Party>
    <cac:PartyName><cbc:Name>Nordlicht</cbc:Name></cac:PartyName>
  </cac:Party></cac:SellerSupplierParty>
  <cac:Delivery>
    <cac:DeliveryLocation><cac:Address>
      <cbc:StreetName>Werkstraße 1</cbc:StreetName><cbc:CityName>Stuttgart</cbc:CityName>
      <cbc:PostalZone>70173</cbc:PostalZone>
      <cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country>
    </cac:Address></cac:DeliveryLocation>
    <cac:RequestedDeliveryPeriod>
      <cbc:StartDate>2026-04-10</cbc:StartDate><cbc:EndDate>2026-04-15</cbc:EndDate>
    </cac:RequestedDeliveryPeriod>
    <cac:DeliveryParty><cac:PartyName><cbc:Name>Müller, Halle 2</cbc:Name></cac:PartyName></cac:DeliveryParty>
  </cac:Delivery>
  <cac:OrderLine><cac:LineItem>
    <cbc:ID>10</cbc:ID>
    <cbc:Quantity unitCode="H87">12</cbc:Quantity>
    <cbc:LineExtensionAmount currencyID="EUR">4668.00</cbc:LineExtensionAmount>
    <cac:Price><cbc:PriceAmount currencyID="EUR">389.00</cbc:PriceAmount></cac:Price>
    <cac:Item>
      <cbc:Name>Edge gateway</cbc:Name>
      <cac:BuyersItemIdentification><cbc:ID>4711-A</cbc:ID></cac:BuyersItemIdentification>
      <cac:SellersItemIdentification><cbc:ID>GW-2</cbc:ID></cac:SellersItemIdentification>
      <cac:StandardItemIdentification><cbc:ID schemeID="0160">04012345678901</cbc:ID></cac:StandardItemIdentification>
    </cac:Item>
  </cac:LineItem></cac:OrderLine>
  <cac:OrderLine><cac:LineItem>
    <cbc:ID>20</cbc:ID>
    <cbc:Quantity unitCode="KGM">250.5</cbc:Quantity>
    <cac:Price>
      <cbc:PriceAmount currencyID="EUR">12.34</cbc:PriceAmount><cbc:BaseQuantity>100</cbc:BaseQuantity>
    </cac:Price>
    <cac:Item>
      <cbc:Description>Granulate</cbc:Description>
      <cac:SellersItemIdentification><cbc:ID>GR-1</cbc:ID></cac:SellersItemIdentification>
    </cac:Item>
  </cac:LineItem></cac:OrderLine>
</Order>"""
)


def parse(text: str) -> IncomingOrder:
    return parse_ubl_order(text.encode())


def refusals_of(text: str) -> list[Refusal]:
    with pytest.raises(Refusal) as caught:
        parse(text)
    found = caught.value
    return list(found) if isinstance(found, Refusals) else [found]


def test_an_order_is_read_whole() -> None:
    order = parse(ORDER)
    assert (order.external_reference, order.currency, order.issued_on) == ("PO-4711", "EUR", date(2026, 3, 31))
    assert order.requested_delivery == date(2026, 4, 15)
    assert order.buyer.name == "Müller & Söhne KG"
    assert (order.buyer.tax_id, order.buyer.gln, order.buyer.endpoint) == (
        "DE987654328",
        "4012345000009",
        "0088:4012345000009",
    )
    assert order.buyer.identifiers == ("C-10042",)
    assert order.seller.name == "Nordlicht"
    assert order.ship_to == IncomingAddress("Müller, Halle 2", "Werkstraße 1", "70173", "Stuttgart", "DE")
    assert order.note == "Deliver to gate 3.\nCall before."
    first, second = order.lines
    assert (first.line_no, first.quantity, first.unit, first.unit_price) == (
        "10",
        Decimal(12),
        "H87",
        Decimal("389.00"),
    )
    assert (first.sku, first.buyer_sku, first.standard_item) == ("GW-2", "4711-A", "04012345678901")
    assert first.description == "Edge gateway"
    assert (second.quantity, second.unit_price) == (Decimal("250.5"), Decimal("0.1234"))
    assert second.description == "Granulate"
    assert ORDER.splitlines()[first.row - 1].strip() == "<cac:OrderLine><cac:LineItem>"


def test_a_line_without_price_leaves_it_to_the_price_list() -> None:
    text = ORDER.replace('<cac:Price><cbc:PriceAmount currencyID="EUR">389.00</cbc:PriceAmount></cac:Price>', "")
    assert parse(text).lines[0].unit_price is None


def test_every_error_comes_at_once_with_its_path_and_line() -> None:
    text = (
        ORDER.replace("<cbc:ID>PO-4711</cbc:ID>", "")
        .replace("2026-03-31+02:00", "31.03.2026")
        .replace("EUR</cbc:DocumentCurrencyCode>", "EURO</cbc:DocumentCurrencyCode>")
        .replace(">12</cbc:Quantity>", ">-12</cbc:Quantity>")
        .replace("<cbc:ID>GR-1</cbc:ID>", "")
        .replace("2026-04-15", "2026-02-30")
        .replace(">DE<", ">Germany<")
        .replace("<cbc:ID>20</cbc:ID>", "<cbc:ID>10</cbc:ID>")
    )
    found = {refusal.field: refusal for refusal in refusals_of(text)}
    assert set(found) == {
        "external_reference",
        "issued_on",
        "currency",
        "requested_delivery",
        "ship_to.country",
        "lines.0.quantity",
        "lines.0.unit_price",
        "lines.1.unit_price",
        "lines.1.sku",
        "lines.1.line_no",
    }
    quantity = found["lines.0.quantity"]
    assert quantity.data["path"] == "/Order/OrderLine[1]/LineItem/Quantity"
    assert ">-12<" in text.splitlines()[quantity.data["row"] - 1]
    assert quantity.fix


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (">12</cbc:Quantity>", ">1e3</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", ">1,5</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", ">NaN</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", ">١٢</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", f">{'9' * 30}</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", ">1.0000000001</cbc:Quantity>", "lines.0.quantity"),
        (">12</cbc:Quantity>", "></cbc:Quantity>", "lines.0.quantity"),
        (">389.00<", ">-389.00<", "lines.0.unit_price"),
        (">4668.00<", ">4668.02<", "lines.0.amount"),
        ('PriceAmount currencyID="EUR">389', 'PriceAmount currencyID="USD">389', "lines.0.unit_price"),
        ("<cbc:BaseQuantity>100<", "<cbc:BaseQuantity>7<", "lines.1.unit_price"),
        ("<cbc:BaseQuantity>100<", "<cbc:BaseQuantity>0<", "lines.1.unit_price"),
        (">220<", ">380<", "order_type"),
        (
            "</cbc:Quantity>\n    <cbc:LineE",
            "</cbc:Quantity><cac:AllowanceCharge/>\n    <cbc:LineE",
            "lines.0.allowances",
        ),
        ("PO-4711", "P" * 201, "external_reference"),
        ("Call before.", "x" * 2001, "note"),
        ("Edge gateway", "x" * 2001, "lines.0.description"),
    ],
)
def test_one_wrong_value_is_one_refusal_with_a_field(old: str, new: str, field: str) -> None:
    assert old in ORDER
    assert [refusal.field for refusal in refusals_of(ORDER.replace(old, new))] == [field]


def test_an_order_without_buyer_or_lines_says_so() -> None:
    empty = HEAD + (
        "<cbc:ID>1</cbc:ID><cbc:IssueDate>2026-01-01</cbc:IssueDate>"
        "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode></Order>"
    )
    assert [refusal.field for refusal in refusals_of(empty)] == ["lines", "buyer"]


@pytest.mark.parametrize("root", ["Invoice", "OrderResponse"])
def test_another_document_is_named(root: str) -> None:
    text = f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"/>'
    with pytest.raises(NotAnOrder, match=root):
        parse(text)


def test_too_many_lines_are_refused_before_they_are_read() -> None:
    with pytest.raises(OrderFileTooLong):
        parse(HEAD + "<cac:OrderLine/>" * 5001 + "</Order>")


def test_a_file_wrong_throughout_is_answered_in_bounds() -> None:
    found = refusals_of(HEAD + "<cac:OrderLine/>" * 3000 + "</Order>")
    assert len(found) == 501
    assert "more errors" in found[-1].message


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b'<!DOCTYPE Order [<!ENTITY a "b">]><Order>&a;</Order>', UnsafeXml),
        (b'<!DOCTYPE Order SYSTEM "file:///etc/passwd"><Order/>', UnsafeXml),
        (b"<Order>" * 40 + b"</Order>" * 40, UnsafeXml),
        (b"<Order>", MalformedXml),
        (b"PK\x03\x04 not xml", MalformedXml),
        (b"", MalformedXml),
        (b"<Order>" + b"x" * 5 * 1024 * 1024 + b"</Order>", FileTooLarge),
    ],
)
def test_hostile_files_are_refused(data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        parse_ubl_order(data)
