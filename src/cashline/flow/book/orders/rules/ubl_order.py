"""Reading an order in UBL 2.1 (OASIS, ISO/IEC 19845), as Peppol Order and its kin send it.

The file comes from strangers: it is read by `parse_xml`, and everything wrong with it is said at once, with the path of
the element and its line in the file. Discounts and charges are refused, because a price must mean what it says.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from cashline.flow.book.orders.rules.incoming import (
    MAX_DECIMALS,
    MAX_LINES,
    MAX_LONG_TEXT,
    Findings,
    IncomingAddress,
    IncomingLine,
    IncomingOrder,
    IncomingParty,
    NotAnOrder,
    OrderFileTooLong,
)
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import divide, round_to
from cashline.platform.documents.safe_xml import parse_xml

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 30
_ORDER = "{urn:oasis:names:specification:ubl:schema:xsd:Order-2}Order"
_NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_ORDER_TYPES = {"", "105", "220", "227"}
"""UNTDID 1001: purchase order, order, consignment order."""
_GLN = "0088"


def parse_ubl_order(data: bytes) -> IncomingOrder:
    """The order of a UBL 2.1 Order document; raises NotAnOrder, a refusal of `parse_xml`, or all findings at once."""
    root = parse_xml(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    if root.tag != _ORDER:
        raise NotAnOrder(
            f"The document is a {etree.QName(root).localname}, not a UBL 2 Order.",
            field="file",
            fix="Send an Order of the namespace urn:oasis:names:specification:ubl:schema:xsd:Order-2.",
        )
    lines = root.findall("cac:OrderLine", _NAMES)
    if len(lines) > MAX_LINES:
        raise OrderFileTooLong(
            f"The order has {len(lines):,} lines; at most {MAX_LINES:,} are taken.",
            field="lines",
            fix="Split it into several orders.",
        )
    findings = Findings()
    order = _Reader(root, findings).order(lines)
    findings.raise_all()
    return order


@dataclass(frozen=True, slots=True)
class _Node:
    """Where in the file a value stands."""

    element: etree._Element | None
    path: str
    text: str

    @property
    def place(self) -> dict[str, Any]:
        line = self.element.sourceline if self.element is not None else None
        return {"path": self.path} | ({"row": line} if line else {})


class _Reader:
    def __init__(self, root: etree._Element, findings: Findings) -> None:
        self.root = root
        self.findings = findings
        self.currency = ""
        self.unit = _unit("")

    def node(self, parent: etree._Element | None, path: str, base: str) -> _Node:
        """The first element at a path of prefixed names below `parent`; an empty text where there is none."""
        element = parent.find(path, _NAMES) if parent is not None else None
        shown = "/".join([base, *(name.partition(":")[2] for name in path.split("/"))])
        text = (element.text or "").strip() if element is not None else ""
        return _Node(element if element is not None else parent, shown, text)

    def order(self, lines: list[etree._Element]) -> IncomingOrder:
        findings, base = self.findings, "/Order"
        reference = self.node(self.root, "cbc:ID", base)
        if not reference.text:
            findings.missing("external_reference", "The order has no number (ID).", **reference.place)
        kind = self.node(self.root, "cbc:OrderTypeCode", base)
        if kind.text not in _ORDER_TYPES:
            message = f"The document type {kind.text[:10]!r} is not an order (105, 220 or 227)."
            findings.invalid("order_type", message, **kind.place)
        issued = self.node(self.root, "cbc:IssueDate", base)
        if not issued.text:
            findings.missing("issued_on", "The order has no date of issue (IssueDate).", **issued.place)
        currency = self.node(self.root, "cbc:DocumentCurrencyCode", base)
        self.currency = findings.currency(currency.text, "currency", **currency.place)
        self.unit = _unit(self.currency)
        self.no_allowances(self.root, "", base)
        if not lines:
            findings.missing("lines", "The order has no line (OrderLine).", path=base)
        buyer = self.party("cac:BuyerCustomerParty", "buyer")
        if not (buyer.name or buyer.tax_id or buyer.gln or buyer.endpoint or buyer.identifiers):
            message = "Nothing says who orders (BuyerCustomerParty)."
            findings.missing("buyer", message, "Give the buyer's name, tax number, GLN or endpoint.", path=base)
        return IncomingOrder(
            external_reference=findings.text(
                reference.text, "external_reference", "The order number", **reference.place
            ),
            issued_on=findings.day(issued.text, "issued_on", "The date of issue", **issued.place),
            currency=self.currency,
            buyer=buyer,
            seller=self.party("cac:SellerSupplierParty", "seller"),
            lines=self.lines(lines),
            requested_delivery=self.requested(self.root, "requested_delivery", base),
            ship_to=self.ship_to(),
            note=self.notes(),
            row=self.root.sourceline or 0,
        )

    def no_allowances(self, parent: etree._Element, field: str, base: str) -> None:
        if parent.find("cac:AllowanceCharge", _NAMES) is not None:
            found = self.node(parent, "cac:AllowanceCharge", base)
            self.findings.invalid(
                f"{field}allowances",
                "Discounts and charges beside the price are not taken.",
                "State the net price in Price/PriceAmount, and freight as a line of its own.",
                **found.place,
            )

    def notes(self) -> str:
        parts = [" ".join((note.text or "").split()) for note in self.root.findall("cbc:Note", _NAMES)]
        note = self.node(self.root, "cbc:Note", "/Order")
        text = "\n".join(part for part in parts if part)
        if len(text) > MAX_LONG_TEXT:
            message = f"The note has {len(text):,} characters; at most {MAX_LONG_TEXT:,} are kept."
            self.findings.invalid("note", message, "Shorten it.", **note.place)
        return text

    def party(self, path: str, field: str) -> IncomingParty:
        base = f"/Order/{path.partition(':')[2]}/Party"
        party = self.root.find(f"{path}/cac:Party", _NAMES)
        if party is None:
            return IncomingParty()
        name = self.node(party, "cac:PartyLegalEntity/cbc:RegistrationName", base)
        if not name.text:
            name = self.node(party, "cac:PartyName/cbc:Name", base)
        tax = self.node(party, "cac:PartyTaxScheme/cbc:CompanyID", base)
        endpoint = party.find("cbc:EndpointID", _NAMES)
        address = (endpoint.text or "").strip() if endpoint is not None else ""
        scheme = endpoint.get("schemeID", "") if endpoint is not None else ""
        ids = [(item.get("schemeID", ""), (item.text or "").strip()) for item in self.identifiers(party)]
        glns = [value for kind, value in [*ids, (scheme, address)] if kind in (_GLN, "GLN") and value]
        return IncomingParty(
            name=self.findings.text(name.text, f"{field}.name", "The name", **name.place),
            tax_id=self.findings.text(tax.text, f"{field}.tax_id", "The tax number", **tax.place),
            endpoint=f"{scheme}:{address}"[:200] if address else "",
            gln=glns[0][:13] if glns else "",
            identifiers=tuple(value[:200] for _, value in ids if value),
        )

    def identifiers(self, party: etree._Element) -> list[etree._Element]:
        return party.findall("cac:PartyIdentification/cbc:ID", _NAMES)[:20]

    def ship_to(self) -> IncomingAddress | None:
        delivery = self.root.find("cac:Delivery", _NAMES)
        if delivery is None:
            return None
        base = "/Order/Delivery"
        address = delivery.find("cac:DeliveryLocation/cac:Address", _NAMES)
        if address is None:
            address = delivery.find("cac:DeliveryAddress", _NAMES)
        if address is None:
            return None
        where = f"{base}/DeliveryLocation/Address"
        country = self.node(address, "cac:Country/cbc:IdentificationCode", where)
        if country.text and not (len(country.text) == 2 and country.text.isascii() and country.text.isalpha()):
            message = f"The country {country.text[:20]!r} is not an ISO 3166 code of two letters."
            self.findings.invalid("ship_to.country", message, **country.place)
        parts = {
            "name": self.node(delivery, "cac:DeliveryParty/cac:PartyName/cbc:Name", base),
            "street": self.node(address, "cbc:StreetName", where),
            "postal_code": self.node(address, "cbc:PostalZone", where),
            "city": self.node(address, "cbc:CityName", where),
        }
        texts = {
            key: self.findings.text(found.text, f"ship_to.{key}", f"The {key.replace('_', ' ')}", **found.place)
            for key, found in parts.items()
        }
        return IncomingAddress(country=country.text, **texts)

    def requested(self, parent: etree._Element, field: str, base: str) -> date | None:
        """The last day of the requested period of delivery, or its first where only that is given."""
        for name in ("EndDate", "StartDate"):
            found = self.node(parent, f"cac:Delivery/cac:RequestedDeliveryPeriod/cbc:{name}", base)
            if found.text:
                return self.findings.day(found.text, field, "The requested day of delivery", **found.place)
        return None

    def lines(self, elements: list[etree._Element]) -> tuple[IncomingLine, ...]:
        found = [self.line(index, element) for index, element in enumerate(elements)]
        seen: set[str] = set()
        for index, line in enumerate(found):
            if line.line_no in seen:
                message = f"Line number {line.line_no!r} stands twice."
                self.findings.invalid(f"lines.{index}.line_no", message, line=index + 1, row=line.row)
            seen.add(line.line_no)
        return tuple(found)

    def line(self, index: int, element: etree._Element) -> IncomingLine:
        findings, field = self.findings, f"lines.{index}."
        base = f"/Order/OrderLine[{index + 1}]/LineItem"
        item = element.find("cac:LineItem", _NAMES)
        if item is None:
            message = f"Line {index + 1} has no LineItem."
            findings.missing(f"lines.{index}", message, path=base, row=element.sourceline)
            return IncomingLine(str(index + 1), Decimal(0), row=element.sourceline or 0)
        self.no_allowances(item, field, base)
        number = self.node(item, "cbc:ID", base)
        quantity = self.node(item, "cbc:Quantity", base)
        amount = self.quantity(quantity, index)
        product = {name: self.node(item, path, base) for name, path in _PRODUCT.items()}
        if not any(product[name].text for name in ("sku", "buyer_sku", "standard_item")):
            message = f"Line {index + 1} does not say which product is ordered."
            fix = "Give SellersItemIdentification/ID, or the GTIN in StandardItemIdentification/ID."
            findings.missing(f"{field}sku", message, fix, line=index + 1, **product["sku"].place)
        texts = {
            name: findings.text(found.text, f"{field}{name}", f"The {name.replace('_', ' ')}", **found.place)
            for name, found in product.items()
            if name not in ("name", "description")
        }
        description = product["name"] if product["name"].text else product["description"]
        price = self.price(item, index, base)
        self.check_amount(item, index, base, amount, price)
        return IncomingLine(
            line_no=findings.text(number.text or str(index + 1), f"{field}line_no", "The line number", **number.place),
            quantity=amount,
            unit=(quantity.element.get("unitCode", "") if quantity.text and quantity.element is not None else "")[:10],
            description=findings.text(
                description.text, f"{field}description", "The description", limit=MAX_LONG_TEXT, **description.place
            ),
            unit_price=price,
            requested_delivery=self.requested(item, f"{field}requested_delivery", base),
            row=item.sourceline or 0,
            sku=texts["sku"],
            buyer_sku=texts["buyer_sku"],
            standard_item=texts["standard_item"],
        )

    def quantity(self, found: _Node, index: int) -> Decimal:
        field = f"lines.{index}.quantity"
        if found.text:
            return self.findings.quantity(found.text, field, line=index + 1, **found.place)
        self.findings.missing(field, f"Line {index + 1} has no quantity.", line=index + 1, **found.place)
        return Decimal(0)

    def price(self, item: etree._Element, index: int, base: str) -> Decimal | None:
        findings, field = self.findings, f"lines.{index}.unit_price"
        found = self.node(item, "cac:Price/cbc:PriceAmount", base)
        price = findings.price(found.text, field, line=index + 1, **found.place)
        if price is None or found.element is None:
            return None
        currency = found.element.get("currencyID", self.currency)
        if currency != self.currency:
            message = f"The price of line {index + 1} is in {currency[:10]}, the order in {self.currency}."
            findings.invalid(field, message, "State every price in the currency of the order.", **found.place)
        per = self.node(item, "cac:Price/cbc:BaseQuantity", base)
        if not per.text:
            return price
        units = findings.quantity(per.text, field, line=index + 1, **per.place)
        exact = divide(price, units) if units > 0 else price
        if round_to(exact, MAX_DECIMALS) != exact:
            message = f"{price} for {units} is no price of one unit in {MAX_DECIMALS} decimals."
            findings.invalid(field, message, "State the price of one unit.", line=index + 1, **per.place)
        return round_to(exact, MAX_DECIMALS)

    def check_amount(
        self, item: etree._Element, index: int, base: str, quantity: Decimal, price: Decimal | None
    ) -> None:
        """Does the amount of the line, where it is stated, fit quantity and price?"""
        found = self.node(item, "cbc:LineExtensionAmount", base)
        if price is None or not found.text:
            return
        field = f"lines.{index}.amount"
        stated = self.findings.number(found.text, field, "The line amount", line=index + 1, **found.place)
        if stated is not None and quantity > 0 and abs(stated - quantity * price) > self.unit:
            message = f"Line {index + 1}: {quantity} × {price} is {quantity * price}, not {stated}."
            fix = "Correct the price or the amount of the line."
            self.findings.invalid(field, message, fix, line=index + 1, **found.place)


def _unit(currency: str) -> Decimal:
    """The smallest unit of the currency, by which a line amount may differ; a hundredth where it is unknown."""
    try:
        return Decimal(1).scaleb(-minor_units(currency))
    except InvalidValue:
        return Decimal("0.01")


_PRODUCT = {
    "sku": "cac:Item/cac:SellersItemIdentification/cbc:ID",
    "buyer_sku": "cac:Item/cac:BuyersItemIdentification/cbc:ID",
    "standard_item": "cac:Item/cac:StandardItemIdentification/cbc:ID",
    "name": "cac:Item/cbc:Name",
    "description": "cac:Item/cbc:Description",
}
