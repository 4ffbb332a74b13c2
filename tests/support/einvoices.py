"""Electronic invoices for tests: one plain invoice to vary, and the set that covers the categories and totals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from cashline.flow.invoice.invoices.rules.einvoice import (
    Address,
    AllowanceCharge,
    Contact,
    Delivery,
    DocumentType,
    EInvoice,
    Identifier,
    Line,
    Party,
    PaymentMeans,
    Preceding,
    Profile,
    TaxCategory,
    TaxRate,
    TaxRepresentative,
    tax_breakdown,
)
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.rounding import round_to

D = Decimal
S19 = TaxRate(TaxCategory.STANDARD, D(19))
S7 = TaxRate(TaxCategory.STANDARD, D(7))
ZERO_RATED = TaxRate(TaxCategory.ZERO_RATED)
EXEMPT = TaxRate(TaxCategory.EXEMPT)
REVERSE = TaxRate(TaxCategory.REVERSE_CHARGE)
WITHIN_EU = TaxRate(TaxCategory.INTRA_COMMUNITY)
EXPORT = TaxRate(TaxCategory.EXPORT)
OUTSIDE = TaxRate(TaxCategory.OUTSIDE_SCOPE, None)

SELLER = Party(
    name="Nordlicht Systeme GmbH",
    trading_name="Nordlicht",
    vat_id="DE123456788",
    tax_number="27/123/45678",
    legal_id=Identifier("HRB 123456"),
    legal_form="Registered at the court of Hamburg, managing director A. Petersen",
    identifiers=(Identifier("4012345000009", "0088"),),
    endpoint=Identifier("rechnung@nordlicht.example", "EM"),
    address=Address("DE", "Kaistraße 12", "Haus B", "3. Stock", "Hamburg", "20457"),
    contact=Contact("Anna Petersen", "+49 40 123456", "rechnung@nordlicht.example"),
)
BUYER = Party(
    name="Müller & Söhne <Maschinenbau> KG",
    vat_id="DE987654328",
    legal_id=Identifier("HRA 4711"),
    identifiers=(Identifier("C-10042"),),
    endpoint=Identifier("einkauf@mueller.example", "EM"),
    address=Address("DE", "Werkstraße 1", city="Stuttgart", postal_code="70173", subdivision="Baden-Württemberg"),
    contact=Contact("Einkauf", "+49 711 98765", "einkauf@mueller.example"),
)
PARIS = Address("FR", "1 rue Royale", city="Paris", postal_code="75008")
ZURICH = Address("CH", "Bahnhofstrasse 1", city="Zürich", postal_code="8001")
BOSTON = Address("US", "1 Main St", city="Boston", postal_code="02108")
FRENCH_BUYER = replace(BUYER, name="Atelier Durand SARL", vat_id="FR40303265045", address=PARIS)
SWISS_BUYER = replace(BUYER, name="Alpen AG", vat_id="", address=ZURICH)
TRANSFER = PaymentMeans("58", "SEPA credit transfer", "DE02120300000000202051", "Nordlicht Systeme GmbH", "BYLADEM1001")
DEBIT = PaymentMeans("59", mandate="MNDT-1", creditor="DE98ZZZ09999999999", debited_account="DE75512108001245126199")
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def line(number: int, quantity: str, price: str, tax: TaxRate = S19, *, currency: str = "EUR", **more: Any) -> Line:
    """A line whose net amount is quantity × price, less allowances and plus charges, rounded to the currency."""
    amount = round_to(D(quantity) * D(price) / more.get("price_quantity", D(1)), minor_units(currency))
    for item in more.get("allowances", ()):
        amount += item.amount if item.is_charge else -item.amount
    return Line(str(number), f"Item {number}", D(quantity), more.pop("unit_code", "H87"), D(price), amount, tax, **more)


def invoice(*lines: Line, **more: Any) -> EInvoice:
    """A due invoice in EUR of these lines; the tax summary follows from them."""
    currency = more.setdefault("currency", "EUR")
    more.setdefault("taxes", tax_breakdown(lines, more.get("allowances", ()), currency))
    more.setdefault("due_on", date(2026, 4, 30))
    more.setdefault("payment_means", (TRANSFER,))
    more.setdefault("payment_reference", "INV-2026-000123")
    more.setdefault("number", "INV-2026-000123")
    more.setdefault("issued_on", date(2026, 3, 31))
    more.setdefault("seller", SELLER)
    more.setdefault("buyer", BUYER)
    return EInvoice(lines=lines, **more)


def discount(amount: str, tax: TaxRate | None = None, **more: Any) -> AllowanceCharge:
    """An allowance for a discount."""
    return AllowanceCharge(False, D(amount), "Discount", "95", tax=tax, **more)


def freight(amount: str, tax: TaxRate | None = None) -> AllowanceCharge:
    """A charge for freight."""
    return AllowanceCharge(True, D(amount), "Freight", "FC", tax=tax)


def generated() -> dict[str, EInvoice]:
    """The set: by name, one invoice for each thing that EN 16931 treats in its own way."""
    two = (line(1, "2", "100.00"), line(2, "3", "12.49", S7))
    delivered = Delivery(date(2026, 3, 28), FRENCH_BUYER.address, "Atelier Durand, Halle 2")
    return {
        "plain": invoice(line(1, "1", "100.00")),
        "several rates": invoice(*two, line(3, "1", "40.00", ZERO_RATED)),
        "everything stated": _full(),
        "line and document allowances": invoice(
            line(1, "10", "19.99", allowances=(discount("9.99", base=D("199.90"), percent=D(5)), freight("4.50"))),
            line(2, "1", "50", S7),
            allowances=(discount("20.00", S19), freight("12.00", S7)),
        ),
        "gross price and base quantity": invoice(
            line(1, "250", "12.345", price_quantity=D(100), gross_price=D("13.72"), unit_code="KGM"),
        ),
        "credit note": invoice(
            *two, document_type=DocumentType.CREDIT_NOTE, preceding=(Preceding("INV-2026-000100", date(2026, 2, 27)),)
        ),
        "correction with a negative line": invoice(
            line(1, "5", "20.00"),
            line(2, "-1", "20.00"),
            document_type=DocumentType.CORRECTED_INVOICE,
            preceding=(Preceding("INV-2026-000100"),),
        ),
        "negative total": invoice(line(1, "-1", "20.00"), due_on=None),
        "foreign currency with tax currency": invoice(
            line(1, "1", "1000.00", currency="USD"),
            currency="USD",
            tax_currency="EUR",
            tax_in_tax_currency=D("174.83"),
        ),
        "prepaid in part": invoice(line(1, "1", "1000.00"), prepaid=D("500.00")),
        "prepaid in full": invoice(line(1, "1", "10781.17"), prepaid=D("12829.59"), due_on=None),
        "rounded to be paid": invoice(line(1, "1", "10.01"), rounding=D("-0.01")),
        "zero-decimal currency": invoice(
            line(1, "1", "100.5", currency="JPY"), line(2, "1", "100.5", currency="JPY"), currency="JPY"
        ),
        "reverse charge": invoice(line(1, "8", "120.00", REVERSE, unit_code="HUR"), buyer=FRENCH_BUYER),
        "intra-Community supply": invoice(line(1, "8", "120.00", WITHIN_EU), buyer=FRENCH_BUYER, delivery=delivered),
        "export": invoice(line(1, "8", "120.00", EXPORT), buyer=SWISS_BUYER),
        "exempt beside taxed": invoice(line(1, "1", "80.00", EXEMPT), line(2, "1", "20.00")),
        "outside the scope": invoice(line(1, "1", "80.00", OUTSIDE)),
        "nothing to pay": invoice(line(1, "1", "0.00"), due_on=None),
        "direct debit": invoice(
            line(1, "1", "29.00", period=MARCH, unit_code="MON"),
            payment_means=(DEBIT,),
        ),
        "card": invoice(line(1, "1", "29.00"), payment_means=(PaymentMeans("48", "Card", card="4242"),)),
        "tax representative": invoice(
            line(1, "1", "29.00"),
            seller=replace(SELLER, vat_id="", tax_number="", address=BOSTON),
            tax_representative=TaxRepresentative("Fiskal GmbH", "DE123456788", SELLER.address),
        ),
    }  # fmt: skip


def _full() -> EInvoice:
    return invoice(
        line(
            1,
            "3",
            "333.3333",
            unit_code="MON",
            description="Annual plan, billed monthly",
            note="First period",
            period=MARCH,
            order_line="10",
            seller_item="PLAN-PRO",
            buyer_item="4711-A",
            standard_item=Identifier("04012345678901", "0160"),
            origin_country="DE",
            attributes=(("Colour", "blue"), ("Seats", "25")),
        ),
        line(2, "2.5", "95.00", unit_code="HUR"),
        notes=("First note with <signs> & more.", "Second note."),
        payment_terms="Payable within 30 days without deduction.",
        order_reference="PO-77",
        sales_order="SO-2026-000077",
        contract_reference="CT-2026-000012",
        despatch_reference="SHP-2026-000033",
        buyer_reference="04011000-12345-03",
        period=MARCH,
        delivery=Delivery(date(2026, 3, 28), BUYER.address, "Müller, Halle 2", Identifier("4012345000016", "0088")),
    )


def of_profile(source: EInvoice, profile: Profile) -> EInvoice:
    """The same invoice under another profile, with the addresses that its network reaches."""
    gln = Identifier("4012345000009", "0088")
    return replace(
        source,
        profile=profile,
        buyer_reference=source.buyer_reference or "04011000-12345-03",
        seller=replace(source.seller, endpoint=gln if profile is Profile.PEPPOL else source.seller.endpoint),
        buyer=replace(source.buyer, endpoint=gln if profile is Profile.PEPPOL else source.buyer.endpoint),
    )
