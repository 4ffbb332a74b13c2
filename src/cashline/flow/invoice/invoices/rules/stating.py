"""An issued invoice or credit note as its documents state it: one value, from which PDF, UBL and CII are made.

It holds what was stored at issue and nothing that may change later, so that a document made in ten years is the same.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.pricing.rules.including import with_tax
from cashline.flow.invoice.invoices.rules import einvoice as en
from cashline.flow.invoice.invoices.rules.en16931 import einvoice_problems
from cashline.flow.invoice.invoices.rules.lifecycle import InvoiceKind
from cashline.flow.invoice.invoices.rules.parties import Party, PostalAddress
from cashline.flow.invoice.invoices.rules.wording import phrase
from cashline.flow.invoice.taxes.rules import Withheld
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.rounding import round_to
from cashline.kernel.writing import write_money, write_percent

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class StatedLine:
    """A line; amounts of a credit note are positive. `derivation` is how the amount was made, as stored.

    Of usage, `meter` and `subscription` (its public id) say which events it bills. `gross_amount` is what it comes to
    with tax, before coupons, where its price includes tax.
    """

    id: UUID
    line_no: int
    line_id: UUID | None
    sku: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net_amount: Decimal
    tax_code: str
    tax_rate: Decimal
    period: Period | None
    revision: int
    derivation: dict[str, object]
    meter: str = ""
    subscription: str = ""
    gross_amount: Decimal | None = None

    @property
    def price_with_tax(self) -> Decimal | None:
        """The price of one with tax, as it was agreed; None where it was agreed without."""
        return None if self.gross_amount is None else with_tax(self.unit_price, self.tax_rate)


@dataclass(frozen=True, slots=True)
class StatedTax:
    """The tax of one code and rate; `base` is what is left after `discount`, its part of the coupons."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str = ""
    vatex: str = ""
    basis: str = ""
    discount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole document. `preceding` is the invoice that a credit note takes back, `reason` why.

    `discounts` are the coupons by name, `prepaid` what credits and wallets paid at issue; `previous` is the invoice of
    the same agreement that stood before this one was issued, where it was asked for. Tax is accounted for in
    `entity_currency`, which one of the document's currency buys `entity_rate` of. `withheld` is what the customer
    will keep back for the tax authority.
    """

    id: UUID
    is_credit_note: bool
    number: str
    issued_on: date
    due_on: date | None
    supply_on: date | None
    currency: str
    entity_id: UUID
    customer_id: UUID
    seller: Party
    buyer: Party
    lines: tuple[StatedLine, ...]
    taxes: tuple[StatedTax, ...]
    net_total: Decimal
    tax_total: Decimal
    gross_total: Decimal
    created_at: datetime
    payment_terms_days: int = 0
    agreement_number: str = ""
    purchase_order: str = ""
    order_numbers: tuple[str, ...] = ()
    preceding: tuple[str, date] | None = None
    reason: str = ""
    kind: InvoiceKind = InvoiceKind.STANDARD
    discounts: tuple[tuple[str, Decimal], ...] = ()
    prepaid: Decimal = ZERO
    previous: "Statement | None" = None
    entity_currency: str = ""
    entity_rate: Decimal = Decimal(1)
    withheld: tuple[Withheld, ...] = ()

    @property
    def includes_tax(self) -> bool:
        """Does a price of it include tax?"""
        return any(line.gross_amount is not None for line in self.lines)

    @property
    def withheld_total(self) -> Decimal:
        """What the customer is expected to keep back for the tax authority."""
        return sum((one.amount for one in self.withheld), ZERO)

    @property
    def accounted_tax(self) -> tuple[str, Decimal] | None:
        """The tax in the currency that it is accounted for in (BT-6, BT-111; 2006/112/EC art. 230), where that differs.

        A currency of three decimals is left out: EN 16931 states two (BR-DEC-15).
        """
        own = self.entity_currency
        if not own or own == self.currency or not self.tax_total or minor_units(own) > 2:
            return None
        return own, round_to(self.tax_total * self.entity_rate, minor_units(own))

    @property
    def discount_total(self) -> Decimal:
        """What coupons take off the lines."""
        return sum((tax.discount for tax in self.taxes), ZERO)

    @property
    def payable(self) -> Decimal:
        """What is left to pay at issue."""
        return self.gross_total - self.prepaid

    @property
    def tax_by_code_and_rate(self) -> dict[tuple[str, Decimal], StatedTax]:
        """The taxes, each by its code and rate."""
        return {(tax.code, tax.rate): tax for tax in self.taxes}


def e_invoice_of(source: Statement) -> en.EInvoice:
    """The document in the model of EN 16931; `e_invoice_problems` says what keeps it from being one."""
    return en.EInvoice(
        number=source.number,
        issued_on=source.issued_on,
        currency=source.currency,
        seller=_seller(source.seller),
        buyer=_buyer(source.buyer),
        lines=tuple(_line(line, source.currency) for line in source.lines),
        taxes=tuple(_tax(tax) for tax in source.taxes),
        document_type=en.DocumentType.CREDIT_NOTE if source.is_credit_note else _TYPES[source.kind],
        allowances=_allowances(source),
        prepaid=source.prepaid,
        due_on=source.due_on if source.payable > 0 else None,
        payment_terms=payment_terms_of(source),
        payment_reference="" if source.is_credit_note else source.number,
        payment_means=() if source.is_credit_note else _payment_means(source.seller, source.currency),
        delivery=_delivery(source),
        notes=(source.reason,) if source.reason else (),
        order_reference=source.purchase_order,
        sales_order=source.order_numbers[0] if len(source.order_numbers) == 1 else "",
        contract_reference=source.agreement_number,
        preceding=(en.Preceding(*source.preceding),) if source.preceding else (),
        tax_currency=source.accounted_tax[0] if source.accounted_tax else "",
        tax_in_tax_currency=source.accounted_tax[1] if source.accounted_tax else None,
    )


_TYPES = {
    InvoiceKind.STANDARD: en.DocumentType.INVOICE,
    InvoiceKind.DEPOSIT: en.DocumentType.PREPAYMENT_INVOICE,
    InvoiceKind.PARTIAL: en.DocumentType.PARTIAL_INVOICE,
}


def _allowances(source: Statement) -> tuple[en.AllowanceCharge, ...]:
    """The coupons as allowances of the document, one for each code and rate (BG-20); one below zero is a charge."""
    reason = ", ".join(name for name, _ in source.discounts) or "Discount"
    return tuple(
        en.AllowanceCharge(
            tax.discount < 0,
            abs(tax.discount),
            reason,
            "ZZZ" if tax.discount < 0 else "95",
            tax=_rate(tax.code, tax.rate),
        )
        for tax in source.taxes
        if tax.discount
    )


def can_be_einvoice(source: Statement) -> bool:
    """Can the document be stated in EN 16931? A currency of three decimals, for one, cannot (BR-DEC)."""
    return not einvoice_problems(e_invoice_of(source))


def payment_terms_of(source: Statement) -> str:
    """When and how to pay, or what a credit note is set off against, in the customer's language."""
    if source.is_credit_note and source.preceding:
        return phrase(source.buyer.locale, "set_off", number=source.preceding[0])
    locale = source.buyer.locale
    if source.withheld and source.withheld_total <= source.payable:
        words = {
            "withheld": write_money(source.withheld_total, source.currency, locale),
            "reasons": ", ".join(f"{write_percent(one.percent, locale)} {one.reason}" for one in source.withheld),
            "rest": write_money(source.payable - source.withheld_total, source.currency, locale),
        }
        return phrase(locale, "payable_withheld", days=source.payment_terms_days, **words)
    return phrase(locale, "payable_within", days=source.payment_terms_days)


def _payment_means(seller: Party, currency: str) -> tuple[en.PaymentMeans, ...]:
    if not seller.iban:
        return ()
    sepa = currency == "EUR"
    return (en.PaymentMeans("58" if sepa else "30", "", seller.iban, seller.name, seller.bic),)


def _delivery(source: Statement) -> en.Delivery | None:
    if source.is_credit_note or source.supply_on is None:
        return None
    place = source.buyer.ship_to or source.buyer.address
    return en.Delivery(source.supply_on, _address(place), place.name or source.buyer.name)


def _line(line: StatedLine, currency: str) -> en.Line:
    quantity, price, per = line.quantity, line.unit_price, Decimal(1)
    if line.net_amount < 0 and quantity * price >= 0:
        quantity = -abs(quantity)
    if price < 0 or round_to(quantity * price, minor_units(currency)) != line.net_amount:
        # A part of a period or a share of a total: the price is for the whole quantity, so that the line adds up.
        price, per = abs(line.net_amount), abs(quantity)
    return en.Line(
        number=str(line.line_no),
        name=line.description[:200],
        quantity=quantity,
        unit_code=line.unit,
        net_price=price,
        net_amount=line.net_amount,
        tax=_rate(line.tax_code, line.tax_rate),
        price_quantity=per,
        period=line.period,
        seller_item=line.sku,
    )


def _rate(code: str, rate: Decimal) -> en.TaxRate:
    category = en.TaxCategory(code)
    return en.TaxRate(category, None if category is en.TaxCategory.OUTSIDE_SCOPE else rate)


def _tax(tax: StatedTax) -> en.TaxSubtotal:
    return en.TaxSubtotal(_rate(tax.code, tax.rate), tax.base, tax.tax, tax.vatex, tax.reason)


def _seller(party: Party) -> en.Party:
    return en.Party(
        name=party.name,
        address=_address(party.address),
        vat_id=party.vat_id,
        tax_number="" if party.vat_id else party.tax_id,
        legal_id=en.Identifier(party.registration) if party.registration else None,
        identifiers=(en.Identifier(party.number),) if party.number else (),
        endpoint=en.Identifier(party.email, "EM") if party.email else None,
        contact=en.Contact(party.name, party.phone, party.email) if party.phone or party.email else None,
    )


def _buyer(party: Party) -> en.Party:
    return en.Party(
        name=party.name,
        address=_address(party.address),
        vat_id=party.vat_id,
        identifiers=(en.Identifier(party.number),) if party.number else (),
        endpoint=en.Identifier(party.email, "EM") if party.email else None,
    )


def _address(address: PostalAddress) -> en.Address:
    return en.Address(
        country=address.country,
        line1=address.street,
        city=address.city,
        postal_code=address.postcode,
        subdivision=address.region,
    )
