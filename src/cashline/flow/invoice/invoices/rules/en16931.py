"""The rules of EN 16931 that can be mended before an invoice is written, each named by its number in the standard.

The official rule files judge what was written; here the same is said in words of the invoice, every problem at once,
before a number is taken. Only rules that our model can break stand here.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cashline.flow.invoice.invoices.rules.einvoice import (
    ZERO,
    AllowanceCharge,
    DocumentType,
    EInvoice,
    Line,
    Profile,
    TaxCategory,
    TaxRate,
    TaxSubtotal,
    taxable_amounts,
)
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Refusal, raise_all
from cashline.kernel.rounding import RoundingMode, round_to

NEEDS_REASON = frozenset(TaxCategory) - {TaxCategory.STANDARD, TaxCategory.ZERO_RATED}
CREDIT_TRANSFER = frozenset({"30", "58"})
_PEPPOL_TOLERANCE = Decimal("0.02")


class NotAnEInvoice(Refusal):
    """The invoice cannot be stated in EN 16931 as it is; `data["rule"]` is the rule that it breaks."""

    code = "not_an_einvoice"


def require_einvoice(invoice: EInvoice) -> None:
    """Raise every problem of the invoice at once (NotAnEInvoice, or Refusals of them)."""
    raise_all(einvoice_problems(invoice))


def einvoice_problems(invoice: EInvoice) -> list[NotAnEInvoice]:
    """What keeps the invoice from being an EN 16931 invoice; empty where nothing does."""
    return [
        *_document_problems(invoice),
        *_payment_problems(invoice),
        *_profile_problems(invoice),
        *_party_problems(invoice),
        *(problem for line in invoice.lines for problem in _line_problems(line)),
        *(problem for item in invoice.allowances for problem in _allowance_problems(item, "allowances")),
        *_tax_problems(invoice),
        *_decimal_problems(invoice),
    ]


def amount_decimals(currency: str) -> int:
    """Decimals of an amount in the file: those of the currency, at most two (BR-DEC)."""
    return min(2, minor_units(currency))


def amount_text(value: Decimal, currency: str) -> str:
    """An amount as the file writes it, such as 1200.50 or, in yen, 1200; the value must already be rounded."""
    return f"{round_to(value, amount_decimals(currency)):f}"


def number_text(value: Decimal) -> str:
    """A quantity, price or rate with no needless zero and no exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _problem(rule: str, field: str, message: str, fix: str = "") -> NotAnEInvoice:
    return NotAnEInvoice(message, field=field, fix=fix, rule=rule)


def _document_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    if not invoice.number.strip():
        yield _problem("BR-02", "number", "The invoice has no number.")
    if not invoice.lines:
        yield _problem("BR-16", "lines", "The invoice has no line.")
    if len({line.number for line in invoice.lines}) != len(invoice.lines):
        yield _problem("BR-21", "lines", "Two lines have the same number.")
    if invoice.tax_currency and invoice.tax_in_tax_currency is None:
        yield _problem(
            "BR-53",
            "tax_in_tax_currency",
            f"The tax in {invoice.tax_currency}, the currency it is accounted for in, is missing.",
        )
    if invoice.tax_currency == invoice.currency:
        yield _problem(
            "BR-53", "tax_currency", "The tax currency is stated only where it differs from the invoice's currency."
        )
    for index, reference in enumerate(invoice.preceding):
        if not reference.number.strip():
            yield _problem("BR-55", f"preceding[{index}].number", "The preceding invoice has no number.")


def _payment_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    # UBL states the due date of a credit note beside the means of payment, and nowhere else.
    has_date = invoice.due_on and (invoice.payment_means or not invoice.document_type.is_credit_note)
    if invoice.payable > 0 and not has_date and not invoice.payment_terms:
        yield _problem("BR-CO-25", "due_on", "Money is due and neither a due date nor payment terms say when.")
    for index, means in enumerate(invoice.payment_means):
        if means.code in CREDIT_TRANSFER and not means.account:
            yield _problem(
                "BR-61",
                f"payment_means[{index}].account",
                "A credit transfer needs the account to pay to.",
                "Give the legal entity a bank account.",
            )
        if means.card and not 4 <= len(means.card) <= 6:
            yield _problem(
                "BR-51", f"payment_means[{index}].card", "Of a card number only the last four to six digits are stated."
            )


def _profile_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    if invoice.profile is Profile.EN16931:
        return
    for name, party in (("seller", invoice.seller), ("buyer", invoice.buyer)):
        if party.endpoint is None:
            yield _problem(
                f"PEPPOL-EN16931-R0{'20' if name == 'seller' else '10'}",
                f"{name}.endpoint",
                f"The {name} has no electronic address.",
                "Give its e-invoicing address, or its mail address with the scheme EM.",
            )
    if invoice.profile is Profile.PEPPOL:
        yield from _peppol_problems(invoice)
    else:
        yield from _xrechnung_problems(invoice)


def _peppol_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    rule = "PEPPOL-EN16931-"
    if not (invoice.buyer_reference or invoice.order_reference):
        yield _problem(f"{rule}R003", "buyer_reference", "A buyer reference or an order reference is needed.")
    if invoice.document_type is DocumentType.CORRECTED_INVOICE:
        yield _problem(
            f"{rule}P0100",
            "document_type",
            "Peppol knows no corrected invoice.",
            "Issue a credit note and a new invoice.",
        )
    for name, party in (("seller", invoice.seller), ("buyer", invoice.buyer)):
        if party.endpoint is not None and party.endpoint.scheme == "EM":
            message = f"The {name}'s electronic address is a mail address, which Peppol does not reach."
            yield _problem(f"{rule}CL008", f"{name}.endpoint", message)
    for line in invoice.lines:
        extra = sum((item.amount if item.is_charge else -item.amount for item in line.allowances), ZERO)
        exact = line.quantity * line.net_price / line.price_quantity + extra
        if abs(exact - line.net_amount) > _PEPPOL_TOLERANCE:
            yield _problem(
                f"{rule}R120",
                f"lines[{line.number}].net_amount",
                f"Quantity × price of line {line.number} gives {number_text(exact)}, "
                f"more than {_PEPPOL_TOLERANCE} away from {number_text(line.net_amount)}.",
                "State the price for the whole quantity, with the quantity as its base.",
            )


def _xrechnung_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    if not invoice.buyer_reference:
        yield _problem("BR-DE-15", "buyer_reference", "A buyer reference (Leitweg-ID) is needed.")
    if not invoice.payment_means:
        yield _problem("BR-DE-1", "payment_means", "Payment instructions are needed.")
    contact = invoice.seller.contact
    for rule, name in (("BR-DE-5", "name"), ("BR-DE-6", "phone"), ("BR-DE-7", "email")):
        if contact is None or not getattr(contact, name):
            yield _problem(rule, f"seller.contact.{name}", f"The seller's contact {name} is needed.")
    for name, party in (("seller", invoice.seller), ("buyer", invoice.buyer)):
        if not (party.address.city and party.address.postal_code):
            yield _problem(
                f"BR-DE-{3 if name == 'seller' else 8}",
                f"{name}.address",
                f"The {name}'s city and postal code are needed.",
            )


def _party_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    seller = invoice.seller
    for name, party in (("seller", invoice.seller), ("buyer", invoice.buyer)):
        if not party.name.strip():
            yield _problem("BR-06" if name == "seller" else "BR-07", f"{name}.name", f"The {name} has no name.")
        if len(party.address.country) != 2:
            yield _problem(
                "BR-09" if name == "seller" else "BR-11",
                f"{name}.address.country",
                f"The {name}'s country must be an ISO 3166 code of two letters.",
            )
        if party.endpoint is not None and not party.endpoint.scheme:
            yield _problem("BR-62", f"{name}.endpoint", f"The {name}'s electronic address has no scheme.")
        if party.vat_id and not party.vat_id[:2].isalpha():
            yield _problem("BR-CO-09", f"{name}.vat_id", "A VAT number begins with the code of its country.")
    has_vat_id = bool(seller.vat_id) and not invoice.is_outside_scope
    if not (has_vat_id or seller.legal_id or seller.identifiers):
        yield _problem(
            "BR-CO-26", "seller", "The seller needs a VAT number, a registration number or another identifier."
        )


def _line_problems(line: Line) -> Iterator[NotAnEInvoice]:
    where = f"lines[{line.number}]"
    if not line.name.strip():
        yield _problem("BR-25", f"{where}.name", f"Line {line.number} does not name what is sold.")
    if line.net_price < 0:
        yield _problem(
            "BR-27",
            f"{where}.net_price",
            f"The price of line {line.number} is negative.",
            "Make the quantity negative and the price positive.",
        )
    if line.gross_price is not None and line.gross_price < line.net_price:
        yield _problem("BR-28", f"{where}.gross_price", f"Line {line.number} has a gross price below the net price.")
    if line.standard_item and not line.standard_item.scheme:
        yield _problem(
            "BR-64", f"{where}.standard_item", f"Line {line.number}: the standard item number has no scheme."
        )
    for item in line.allowances:
        yield from _allowance_problems(item, where)


def _allowance_problems(item: AllowanceCharge, where: str) -> Iterator[NotAnEInvoice]:
    if not (item.reason or item.reason_code):
        kind = "charge" if item.is_charge else "allowance"
        yield _problem("BR-33", where, f"The {kind} of {number_text(item.amount)} gives no reason.")
    if where == "allowances" and item.tax is None:
        yield _problem("BR-32", where, "An allowance or charge of the whole document needs a tax category and rate.")


def _tax_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    expected = taxable_amounts(invoice.lines, invoice.allowances)
    stated = {subtotal.tax: subtotal for subtotal in invoice.taxes}
    if len(stated) != len(invoice.taxes):
        yield _problem("BR-CO-18", "taxes", "A tax category and rate stands twice in the tax summary.")
    for tax, taxable in expected.items():
        found = stated.get(tax)
        if found is None or found.taxable != taxable:
            yield _problem(
                "BR-S-08",
                "taxes",
                f"Lines, allowances and charges of {_rate_text(tax)} sum to {number_text(taxable)}; "
                f"the tax summary says {number_text(found.taxable) if found else 'nothing'}.",
            )
    for subtotal in invoice.taxes:
        if subtotal.tax not in expected:
            yield _problem("BR-CO-18", "taxes", f"The tax summary has {_rate_text(subtotal.tax)}, and no line has it.")
        yield from _subtotal_problems(subtotal)
    categories = {tax.category for tax in expected}
    if TaxCategory.OUTSIDE_SCOPE in categories and len(categories) > 1:
        yield _problem(
            "BR-O-11",
            "lines",
            "What is outside the scope of tax cannot share an invoice with what is inside.",
            "Issue two invoices.",
        )
    yield from _category_problems(invoice, categories)


def _subtotal_problems(subtotal: TaxSubtotal) -> Iterator[NotAnEInvoice]:
    category, percent = subtotal.tax.category, subtotal.tax.percent
    name = _rate_text(subtotal.tax)
    if category is TaxCategory.OUTSIDE_SCOPE:
        if percent is not None:
            yield _problem("BR-O-05", "taxes", "Outside the scope of tax there is no rate, not even zero.")
    elif percent is None or (category is TaxCategory.STANDARD) != (percent > 0):
        yield _problem("BR-S-05", "taxes", f"{name}: only the standard category has a rate above zero, and it must.")
    exact = subtotal.taxable * (percent or ZERO) / 100
    if abs(subtotal.amount - exact) >= 1 or (not percent and subtotal.amount):
        yield _problem(
            "BR-CO-17",
            "taxes",
            f"{name} of {number_text(subtotal.taxable)} is {number_text(round_to(exact, 2))}, "
            f"not {number_text(subtotal.amount)}.",
        )
    if category in NEEDS_REASON and not (subtotal.reason or subtotal.reason_code):
        yield _problem("BR-E-10", "taxes", f"{name} needs the reason why no tax is due.")


def _category_problems(invoice: EInvoice, categories: set[TaxCategory]) -> Iterator[NotAnEInvoice]:
    seller, buyer = invoice.seller, invoice.buyer
    taxed = categories - {TaxCategory.OUTSIDE_SCOPE}
    if taxed and not (seller.vat_id or seller.tax_number or invoice.tax_representative):
        yield _problem("BR-S-02", "seller.vat_id", "The seller needs a VAT number or a tax number.")
    for category in (TaxCategory.REVERSE_CHARGE, TaxCategory.INTRA_COMMUNITY, TaxCategory.EXPORT):
        if category in categories and not (seller.vat_id or invoice.tax_representative):
            yield _problem(
                f"BR-{_CODE[category]}-02", "seller.vat_id", f"{_NAME[category]} needs the seller's VAT number."
            )
    if TaxCategory.REVERSE_CHARGE in categories and not (buyer.vat_id or buyer.legal_id):
        yield _problem(
            "BR-AE-02", "buyer.vat_id", "Reverse charge needs the buyer's VAT number or registration number."
        )
    if TaxCategory.INTRA_COMMUNITY in categories:
        if not buyer.vat_id:
            yield _problem("BR-IC-02", "buyer.vat_id", "An intra-Community supply needs the buyer's VAT number.")
        if not (invoice.period or (invoice.delivery and invoice.delivery.delivered_on)):
            yield _problem("BR-IC-11", "delivery.delivered_on", "An intra-Community supply needs the date of delivery.")
        if not (invoice.delivery and invoice.delivery.address):
            yield _problem("BR-IC-12", "delivery.address", "An intra-Community supply needs the country delivered to.")


_CODE = {TaxCategory.REVERSE_CHARGE: "AE", TaxCategory.INTRA_COMMUNITY: "IC", TaxCategory.EXPORT: "G"}
_NAME = {
    TaxCategory.REVERSE_CHARGE: "Reverse charge",
    TaxCategory.INTRA_COMMUNITY: "An intra-Community supply",
    TaxCategory.EXPORT: "An export",
}


def _rate_text(tax: TaxRate) -> str:
    return f"category {tax.category}" + ("" if tax.percent is None else f" at {number_text(tax.percent)} %")


def _decimal_problems(invoice: EInvoice) -> Iterator[NotAnEInvoice]:
    digits = amount_decimals(invoice.currency)
    for field, amount in _amounts(invoice):
        if round_to(amount, digits, RoundingMode.DOWN) != amount:
            yield _problem(
                "BR-DEC",
                field,
                f"{number_text(amount)} {invoice.currency} has more than the {digits} decimals that an electronic "
                "invoice may state.",
                "Round the amounts of the invoice, or send it as PDF alone.",
            )
    tax = invoice.tax_in_tax_currency
    if tax is not None and invoice.tax_currency:
        digits = amount_decimals(invoice.tax_currency)
        if round_to(tax, digits, RoundingMode.DOWN) != tax:
            yield _problem("BR-DEC-15", "tax_in_tax_currency", f"{number_text(tax)} has more than {digits} decimals.")


def _amounts(invoice: EInvoice) -> Iterable[tuple[str, Decimal]]:
    for line in invoice.lines:
        yield f"lines[{line.number}].net_amount", line.net_amount
        for item in line.allowances:
            yield f"lines[{line.number}].allowances", item.amount
    for item in invoice.allowances:
        yield "allowances", item.amount
        if item.base is not None:
            yield "allowances", item.base
    for subtotal in invoice.taxes:
        yield "taxes", subtotal.taxable
        yield "taxes", subtotal.amount
    yield "prepaid", invoice.prepaid
    yield "rounding", invoice.rounding
