"""The electronic invoice: the semantic model of EN 16931-1, in our names, before it takes a syntax.

Both syntaxes (`ubl`, `cii`) state this one value, so their amounts cannot differ. The document totals are derived
here, as sums of what the caller gives: lines, document allowances and charges, and tax by category and rate. The
numbers in the field comments are the business terms (BT, BG) of the standard.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to

ZERO = Decimal(0)


class Profile(StrEnum):
    """The specification an invoice follows; the value is the specification identifier (BT-24)."""

    EN16931 = "urn:cen.eu:en16931:2017"
    PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"

    @property
    def process(self) -> str:
        """The business process identifier (BT-23), empty where the profile asks for none."""
        return "" if self is Profile.EN16931 else "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"


class DocumentType(StrEnum):
    """UNTDID 1001 codes of the documents that are issued (BT-3)."""

    INVOICE = "380"
    PARTIAL_INVOICE = "326"
    CORRECTED_INVOICE = "384"
    PREPAYMENT_INVOICE = "386"
    SELF_BILLED_INVOICE = "389"
    CREDIT_NOTE = "381"

    @property
    def is_credit_note(self) -> bool:
        """Is it written as a UBL CreditNote? Its amounts are positive all the same."""
        return self is DocumentType.CREDIT_NOTE


class TaxCategory(StrEnum):
    """UNTDID 5305 codes of the tax categories (BT-118, BT-151)."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


EXEMPTION: dict[TaxCategory, tuple[str, str]] = {
    TaxCategory.EXEMPT: ("VATEX-EU-132", "Exempt under Article 132 of Council Directive 2006/112/EC"),
    TaxCategory.REVERSE_CHARGE: ("VATEX-EU-AE", "Reverse charge"),
    TaxCategory.INTRA_COMMUNITY: ("VATEX-EU-IC", "Intra-Community supply"),
    TaxCategory.EXPORT: ("VATEX-EU-G", "Export outside the EU"),
    TaxCategory.OUTSIDE_SCOPE: ("VATEX-EU-O", "Not subject to VAT"),
}
"""The reason code (VATEX list of the CEF) and text used where the caller names none."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier and its scheme: ISO 6523 ICD such as 0088 (GLN), or an EAS code such as EM for an endpoint."""

    value: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address (BG-5, BG-8, BG-15); the country is ISO 3166-1 alpha-2."""

    country: str
    line1: str = ""
    line2: str = ""
    line3: str = ""
    city: str = ""
    postal_code: str = ""
    subdivision: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask (BG-6, BG-9)."""

    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7)."""

    name: str  # BT-27, BT-44
    address: Address
    trading_name: str = ""  # BT-28, BT-45
    vat_id: str = ""  # BT-31, BT-48
    tax_number: str = ""  # BT-32, the local tax registration of a seller
    legal_id: Identifier | None = None  # BT-30, BT-47
    legal_form: str = ""  # BT-33
    identifiers: tuple[Identifier, ...] = ()  # BT-29, BT-46
    endpoint: Identifier | None = None  # BT-34, BT-49
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class TaxRepresentative:
    """Who answers for the seller's tax in a country where it is not established (BG-11)."""

    name: str
    vat_id: str
    address: Address


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where and when goods or services were delivered (BG-13)."""

    delivered_on: date | None = None  # BT-72
    address: Address | None = None  # BG-15
    name: str = ""  # BT-70
    location: Identifier | None = None  # BT-71


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A category and its rate in percent; outside the scope of tax there is none (None)."""

    category: TaxCategory
    percent: Decimal | None = ZERO


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
    """An allowance or a charge, without tax, of a line (BG-27, BG-28) or the document (BG-20, BG-21)."""

    is_charge: bool
    amount: Decimal
    reason: str = ""
    reason_code: str = ""  # UNTDID 5189 for allowances (95 is a discount), 7161 for charges (FC is freight)
    base: Decimal | None = None
    percent: Decimal | None = None
    tax: TaxRate | None = None  # of the document: always given; of a line: that of the line


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice line (BG-25). `net_amount` is rounded and holds the allowances and charges of the line."""

    number: str  # BT-126
    name: str  # BT-153
    quantity: Decimal  # BT-129
    unit_code: str  # BT-130, UNECE Rec 20 or 21
    net_price: Decimal  # BT-146, never negative; may carry more digits than the currency
    net_amount: Decimal  # BT-131
    tax: TaxRate  # BG-30
    price_quantity: Decimal = Decimal(1)  # BT-149: net_price is for so many units
    gross_price: Decimal | None = None  # BT-148; the discount (BT-147) is the difference
    allowances: tuple[AllowanceCharge, ...] = ()
    description: str = ""  # BT-154
    note: str = ""  # BT-127
    period: Period | None = None  # BG-26
    order_line: str = ""  # BT-132
    seller_item: str = ""  # BT-155
    buyer_item: str = ""  # BT-156
    standard_item: Identifier | None = None  # BT-157, scheme 0160 for a GTIN
    origin_country: str = ""  # BT-159
    attributes: tuple[tuple[str, str], ...] = ()  # BG-32


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """Tax of one category and rate (BG-23)."""

    tax: TaxRate
    taxable: Decimal  # BT-116
    amount: Decimal  # BT-117
    reason_code: str = ""  # BT-121
    reason: str = ""  # BT-120


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """How to pay (BG-16). Codes of UNTDID 4461: 30 credit transfer, 58 SEPA transfer, 59 SEPA debit, 48 card."""

    code: str = "30"
    text: str = ""  # BT-82
    account: str = ""  # BT-84, IBAN without blanks or another account number
    account_name: str = ""  # BT-85
    bic: str = ""  # BT-86
    card: str = ""  # BT-87, the last four to six digits alone
    mandate: str = ""  # BT-89
    creditor: str = ""  # BT-90
    debited_account: str = ""  # BT-91


@dataclass(frozen=True, slots=True)
class Preceding:
    """The invoice that a credit note or a correction is about (BG-3)."""

    number: str
    issued_on: date | None = None


@dataclass(frozen=True)
class EInvoice:
    """An invoice or a credit note; amounts of a credit note are positive, as on an invoice."""

    number: str  # BT-1
    issued_on: date  # BT-2
    currency: str  # BT-5
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    taxes: tuple[TaxSubtotal, ...]
    document_type: DocumentType = DocumentType.INVOICE
    profile: Profile = Profile.EN16931
    due_on: date | None = None  # BT-9
    payment_terms: str = ""  # BT-20
    payment_reference: str = ""  # BT-83
    payment_means: tuple[PaymentMeans, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()  # BG-20, BG-21
    prepaid: Decimal = ZERO  # BT-113
    rounding: Decimal = ZERO  # BT-114
    tax_currency: str = ""  # BT-6, where the tax is accounted for in another currency
    tax_in_tax_currency: Decimal | None = None  # BT-111
    delivery: Delivery | None = None
    period: Period | None = None  # BG-14
    tax_point: date | None = None  # BT-7
    notes: tuple[str, ...] = ()  # BT-22
    buyer_reference: str = ""  # BT-10
    order_reference: str = ""  # BT-13
    sales_order: str = ""  # BT-14
    contract_reference: str = ""  # BT-12
    despatch_reference: str = ""  # BT-16
    preceding: tuple[Preceding, ...] = ()  # BG-3
    tax_representative: TaxRepresentative | None = None  # BG-11

    @cached_property
    def line_total(self) -> Decimal:
        """Sum of the lines (BT-106)."""
        return sum((line.net_amount for line in self.lines), ZERO)

    @cached_property
    def allowance_total(self) -> Decimal:
        """Sum of the document's allowances (BT-107)."""
        return sum((item.amount for item in self.allowances if not item.is_charge), ZERO)

    @cached_property
    def charge_total(self) -> Decimal:
        """Sum of the document's charges (BT-108)."""
        return sum((item.amount for item in self.allowances if item.is_charge), ZERO)

    @property
    def tax_exclusive(self) -> Decimal:
        """Total without tax (BT-109)."""
        return self.line_total - self.allowance_total + self.charge_total

    @cached_property
    def tax_total(self) -> Decimal:
        """Total tax (BT-110)."""
        return sum((subtotal.amount for subtotal in self.taxes), ZERO)

    @property
    def tax_inclusive(self) -> Decimal:
        """Total with tax (BT-112)."""
        return self.tax_exclusive + self.tax_total

    @property
    def payable(self) -> Decimal:
        """What is due (BT-115)."""
        return self.tax_inclusive - self.prepaid + self.rounding

    @property
    def is_outside_scope(self) -> bool:
        """Is nothing on it subject to tax? Then no VAT number may be stated (BR-O-02)."""
        return any(subtotal.tax.category is TaxCategory.OUTSIDE_SCOPE for subtotal in self.taxes)


def taxable_amounts(lines: Iterable[Line], allowances: Iterable[AllowanceCharge] = ()) -> dict[TaxRate, Decimal]:
    """The taxable amount of each category and rate (BT-116), in the order in which the rates first appear."""
    sums: dict[TaxRate, Decimal] = {}
    for line in lines:
        sums[line.tax] = sums.get(line.tax, ZERO) + line.net_amount
    for item in allowances:
        if item.tax is not None:
            sums[item.tax] = sums.get(item.tax, ZERO) + (item.amount if item.is_charge else -item.amount)
    return sums


def tax_breakdown(
    lines: Iterable[Line], allowances: Iterable[AllowanceCharge], currency: str
) -> tuple[TaxSubtotal, ...]:
    """Tax by category and rate, rounded once for each (the document method: 55.55 + 11.11 at 23 % give 15.33)."""
    subtotals = []
    for tax, taxable in taxable_amounts(lines, allowances).items():
        amount = round_to(taxable * (tax.percent or ZERO) / 100, minor_units(currency))
        code, reason = EXEMPTION.get(tax.category, ("", ""))
        subtotals.append(TaxSubtotal(tax, taxable, amount, code, reason))
    return tuple(subtotals)


UNIT_CODES = {
    "piece": "H87", "unit": "C62", "each": "EA", "set": "SET", "pair": "PR", "box": "XBX", "pallet": "XPX",
    "licence": "C62", "license": "C62", "seat": "C62", "user": "C62", "call": "C62", "lump_sum": "LS",
    "second": "SEC", "minute": "MIN", "hour": "HUR", "day": "DAY", "week": "WEE", "month": "MON", "quarter": "QAN",
    "year": "ANN", "gram": "GRM", "kilogram": "KGM", "tonne": "TNE", "metre": "MTR", "kilometre": "KMT",
    "square_metre": "MTK", "cubic_metre": "MTQ", "litre": "LTR", "kilowatt_hour": "KWH", "megabyte": "4L",
    "gigabyte": "E34", "percent": "P1",
}  # fmt: skip
"""Our unit names and their UNECE Recommendation 20 (or, with X, 21) codes."""


def unit_code(unit: str) -> str:
    """The code of a unit name, or the code itself where one is given; raises InvalidValue for neither."""
    known = UNIT_CODES.get(unit.lower())
    if known:
        return known
    if 2 <= len(unit) <= 3 and unit.isascii() and unit.isalnum() and unit.upper() == unit:
        return unit
    raise InvalidValue(f"The unit {unit!r} has no code in UNECE Recommendation 20.", field="unit")
