"""Stating an electronic invoice in UBL 2.1 (ISO/IEC 19845), bound as CEN/TS 16931-3-2 says."""

from decimal import Decimal

from cashline.flow.invoice.invoices.rules.einvoice import (
    Address,
    AllowanceCharge,
    EInvoice,
    Line,
    Party,
    PaymentMeans,
    Profile,
    TaxCategory,
    TaxRate,
)
from cashline.flow.invoice.invoices.rules.en16931 import amount_text, number_text, require_einvoice
from cashline.flow.invoice.invoices.rules.xml_writing import Element, XmlWriter
from cashline.kernel.periods import Period

_COMMON = "urn:oasis:names:specification:ubl:schema:xsd:Common"


def to_ubl(invoice: EInvoice) -> bytes:
    """The Invoice or CreditNote document; raises every problem of the invoice at once (see `require_einvoice`)."""
    require_einvoice(invoice)
    return _UblWriter(invoice).document()


class _UblWriter:
    def __init__(self, invoice: EInvoice) -> None:
        self.invoice = invoice
        self.kind = "CreditNote" if invoice.document_type.is_credit_note else "Invoice"
        self.xml = XmlWriter(
            {
                None: f"urn:oasis:names:specification:ubl:schema:xsd:{self.kind}-2",
                "cac": f"{_COMMON}AggregateComponents-2",
                "cbc": f"{_COMMON}BasicComponents-2",
            },
            self.kind,
        )

    def document(self) -> bytes:
        self.head()
        self.references()
        root = self.xml.root
        self.party(self.xml.group(root, "cac:AccountingSupplierParty"), self.invoice.seller, is_seller=True)
        self.party(self.xml.group(root, "cac:AccountingCustomerParty"), self.invoice.buyer, is_seller=False)
        self.tax_representative()
        self.delivery()
        for means in self.invoice.payment_means:
            self.payment_means(means)
        self.xml.path(root, "cac:PaymentTerms/cbc:Note", self.invoice.payment_terms)
        for item in self.invoice.allowances:
            self.allowance(root, item)
        self.taxes()
        self.totals()
        for line in self.invoice.lines:
            self.line(line)
        return self.xml.to_bytes()

    def amount(self, parent: Element, name: str, value: Decimal) -> None:
        currency = self.invoice.currency
        self.xml.text(parent, name, amount_text(value, currency), currencyID=currency)

    def head(self) -> None:
        invoice, root, text = self.invoice, self.xml.root, self.xml.text
        text(root, "cbc:CustomizationID", invoice.profile.value)
        text(root, "cbc:ProfileID", invoice.profile.process)
        text(root, "cbc:ID", invoice.number)
        text(root, "cbc:IssueDate", invoice.issued_on.isoformat())
        tax_point = invoice.tax_point.isoformat() if invoice.tax_point else ""
        if self.kind == "CreditNote":
            text(root, "cbc:TaxPointDate", tax_point)
        elif invoice.due_on:
            text(root, "cbc:DueDate", invoice.due_on.isoformat())
        text(root, f"cbc:{self.kind}TypeCode", invoice.document_type.value)
        # UBL-SR-02 allows one note: several of ours become paragraphs of it.
        text(root, "cbc:Note", "\n".join(invoice.notes))
        if self.kind == "Invoice":
            text(root, "cbc:TaxPointDate", tax_point)
        text(root, "cbc:DocumentCurrencyCode", invoice.currency)
        text(root, "cbc:TaxCurrencyCode", invoice.tax_currency)
        text(root, "cbc:BuyerReference", invoice.buyer_reference)
        self.period(root, invoice.period)

    def references(self) -> None:
        invoice, root = self.invoice, self.xml.root
        if invoice.order_reference or invoice.sales_order:
            order = self.xml.group(root, "cac:OrderReference")
            # UBL requires the buyer's number here; "NA" says that there is none (Peppol BIS 3).
            self.xml.text(order, "cbc:ID", invoice.order_reference or "NA")
            self.xml.text(order, "cbc:SalesOrderID", invoice.sales_order)
        for preceding in invoice.preceding:
            reference = self.xml.group(self.xml.group(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
            self.xml.text(reference, "cbc:ID", preceding.number)
            self.xml.text(reference, "cbc:IssueDate", preceding.issued_on.isoformat() if preceding.issued_on else "")
        self.xml.path(root, "cac:DespatchDocumentReference/cbc:ID", invoice.despatch_reference)
        self.xml.path(root, "cac:ContractDocumentReference/cbc:ID", invoice.contract_reference)

    def period(self, parent: Element, period: Period | None) -> None:
        if period is not None:
            group = self.xml.group(parent, "cac:InvoicePeriod")
            self.xml.text(group, "cbc:StartDate", period.start.isoformat())
            self.xml.text(group, "cbc:EndDate", period.last_day.isoformat())

    def party(self, parent: Element, party: Party, *, is_seller: bool) -> None:
        group, text, path = self.xml.group(parent, "cac:Party"), self.xml.text, self.xml.path
        if party.endpoint:
            text(group, "cbc:EndpointID", party.endpoint.value, schemeID=party.endpoint.scheme)
        for identifier in party.identifiers if is_seller else party.identifiers[:1]:
            path(group, "cac:PartyIdentification/cbc:ID", identifier.value, schemeID=identifier.scheme)
        if is_seller and self.invoice.payment_means and self.invoice.payment_means[0].creditor:
            path(group, "cac:PartyIdentification/cbc:ID", self.invoice.payment_means[0].creditor, schemeID="SEPA")
        path(group, "cac:PartyName/cbc:Name", party.trading_name)
        self.address(self.xml.group(group, "cac:PostalAddress"), party.address)
        if not self.invoice.is_outside_scope:
            self.tax_scheme(group, party.vat_id, "VAT")
        if is_seller:
            self.tax_scheme(group, party.tax_number, "TAX")
        legal = self.xml.group(group, "cac:PartyLegalEntity")
        text(legal, "cbc:RegistrationName", party.name)
        if party.legal_id:
            text(legal, "cbc:CompanyID", party.legal_id.value, schemeID=party.legal_id.scheme)
        if is_seller:
            text(legal, "cbc:CompanyLegalForm", party.legal_form)
        if party.contact:
            contact = self.xml.group(group, "cac:Contact")
            text(contact, "cbc:Name", party.contact.name)
            text(contact, "cbc:Telephone", party.contact.phone)
            text(contact, "cbc:ElectronicMail", party.contact.email)

    def tax_scheme(self, parent: Element, number: str, scheme: str) -> None:
        if number:
            group = self.xml.group(parent, "cac:PartyTaxScheme")
            self.xml.text(group, "cbc:CompanyID", number)
            self.xml.path(group, "cac:TaxScheme/cbc:ID", scheme)

    def address(self, group: Element, address: Address) -> None:
        text = self.xml.text
        text(group, "cbc:StreetName", address.line1)
        text(group, "cbc:AdditionalStreetName", address.line2)
        text(group, "cbc:CityName", address.city)
        text(group, "cbc:PostalZone", address.postal_code)
        text(group, "cbc:CountrySubentity", address.subdivision)
        self.xml.path(group, "cac:AddressLine/cbc:Line", address.line3)
        self.xml.path(group, "cac:Country/cbc:IdentificationCode", address.country)

    def tax_representative(self) -> None:
        representative = self.invoice.tax_representative
        if representative is None:
            return
        group = self.xml.group(self.xml.root, "cac:TaxRepresentativeParty")
        self.xml.path(group, "cac:PartyName/cbc:Name", representative.name)
        self.address(self.xml.group(group, "cac:PostalAddress"), representative.address)
        self.tax_scheme(group, representative.vat_id, "VAT")

    def delivery(self) -> None:
        delivery = self.invoice.delivery
        if delivery is None:
            return
        group = self.xml.group(self.xml.root, "cac:Delivery")
        day = delivery.delivered_on
        self.xml.text(group, "cbc:ActualDeliveryDate", day.isoformat() if day else "")
        location = self.xml.group(group, "cac:DeliveryLocation")
        if delivery.location:
            self.xml.text(location, "cbc:ID", delivery.location.value, schemeID=delivery.location.scheme)
        if delivery.address:
            self.address(self.xml.group(location, "cac:Address"), delivery.address)
        self.xml.path(group, "cac:DeliveryParty/cac:PartyName/cbc:Name", delivery.name)

    def payment_means(self, means: PaymentMeans) -> None:
        group, text = self.xml.group(self.xml.root, "cac:PaymentMeans"), self.xml.text
        text(group, "cbc:PaymentMeansCode", means.code, name=means.text)
        if self.kind == "CreditNote" and self.invoice.due_on:
            text(group, "cbc:PaymentDueDate", self.invoice.due_on.isoformat())
        text(group, "cbc:PaymentID", self.invoice.payment_reference)
        if means.card:
            card = self.xml.group(group, "cac:CardAccount")
            text(card, "cbc:PrimaryAccountNumberID", means.card)
            text(card, "cbc:NetworkID", "NA")
        if means.account:
            account = self.xml.group(group, "cac:PayeeFinancialAccount")
            text(account, "cbc:ID", means.account)
            text(account, "cbc:Name", means.account_name)
            self.xml.path(account, "cac:FinancialInstitutionBranch/cbc:ID", means.bic)
        if means.mandate or means.debited_account:
            mandate = self.xml.group(group, "cac:PaymentMandate")
            text(mandate, "cbc:ID", means.mandate)
            self.xml.path(mandate, "cac:PayerFinancialAccount/cbc:ID", means.debited_account)

    def allowance(self, parent: Element, item: AllowanceCharge) -> None:
        group, text = self.xml.group(parent, "cac:AllowanceCharge"), self.xml.text
        text(group, "cbc:ChargeIndicator", "true" if item.is_charge else "false")
        text(group, "cbc:AllowanceChargeReasonCode", item.reason_code)
        text(group, "cbc:AllowanceChargeReason", item.reason)
        if item.percent is not None:
            text(group, "cbc:MultiplierFactorNumeric", number_text(item.percent))
        self.amount(group, "cbc:Amount", item.amount)
        if item.base is not None:
            self.amount(group, "cbc:BaseAmount", item.base)
        if item.tax is not None and parent is self.xml.root:
            self.tax_category(group, "cac:TaxCategory", item.tax)

    def tax_category(
        self, parent: Element, name: str, tax: TaxRate, *, reason_code: str = "", reason: str = ""
    ) -> None:
        group = self.xml.group(parent, name)
        self.xml.text(group, "cbc:ID", tax.category.value)
        if tax.category is not TaxCategory.OUTSIDE_SCOPE and tax.percent is not None:
            self.xml.text(group, "cbc:Percent", number_text(tax.percent))
        elif str(parent.tag).endswith("}TaxSubtotal") and self.invoice.profile is Profile.XRECHNUNG:
            self.xml.text(group, "cbc:Percent", "0")  # BR-DE-14 wants a rate even where there is none
        self.xml.text(group, "cbc:TaxExemptionReasonCode", reason_code)
        self.xml.text(group, "cbc:TaxExemptionReason", reason)
        self.xml.path(group, "cac:TaxScheme/cbc:ID", "VAT")

    def taxes(self) -> None:
        invoice, root = self.invoice, self.xml.root
        total = self.xml.group(root, "cac:TaxTotal")
        self.amount(total, "cbc:TaxAmount", invoice.tax_total)
        for subtotal in invoice.taxes:
            group = self.xml.group(total, "cac:TaxSubtotal")
            self.amount(group, "cbc:TaxableAmount", subtotal.taxable)
            self.amount(group, "cbc:TaxAmount", subtotal.amount)
            self.tax_category(
                group,
                "cac:TaxCategory",
                subtotal.tax,
                reason_code=subtotal.reason_code,
                reason=subtotal.reason,
            )
        if invoice.tax_in_tax_currency is not None and invoice.tax_currency:
            amount = amount_text(invoice.tax_in_tax_currency, invoice.tax_currency)
            self.xml.path(root, "cac:TaxTotal/cbc:TaxAmount", amount, currencyID=invoice.tax_currency)

    def totals(self) -> None:
        invoice = self.invoice
        group = self.xml.group(self.xml.root, "cac:LegalMonetaryTotal")
        self.amount(group, "cbc:LineExtensionAmount", invoice.line_total)
        self.amount(group, "cbc:TaxExclusiveAmount", invoice.tax_exclusive)
        self.amount(group, "cbc:TaxInclusiveAmount", invoice.tax_inclusive)
        if any(not item.is_charge for item in invoice.allowances):
            self.amount(group, "cbc:AllowanceTotalAmount", invoice.allowance_total)
        if any(item.is_charge for item in invoice.allowances):
            self.amount(group, "cbc:ChargeTotalAmount", invoice.charge_total)
        if invoice.prepaid:
            self.amount(group, "cbc:PrepaidAmount", invoice.prepaid)
        if invoice.rounding:
            self.amount(group, "cbc:PayableRoundingAmount", invoice.rounding)
        self.amount(group, "cbc:PayableAmount", invoice.payable)

    def line(self, line: Line) -> None:
        group, text = self.xml.group(self.xml.root, f"cac:{self.kind}Line"), self.xml.text
        text(group, "cbc:ID", line.number)
        text(group, "cbc:Note", line.note)
        quantity = "cbc:CreditedQuantity" if self.kind == "CreditNote" else "cbc:InvoicedQuantity"
        text(group, quantity, number_text(line.quantity), unitCode=line.unit_code)
        self.amount(group, "cbc:LineExtensionAmount", line.net_amount)
        self.period(group, line.period)
        self.xml.path(group, "cac:OrderLineReference/cbc:LineID", line.order_line)
        for item in line.allowances:
            self.allowance(group, item)
        self.item(self.xml.group(group, "cac:Item"), line)
        self.price(self.xml.group(group, "cac:Price"), line)

    def item(self, group: Element, line: Line) -> None:
        text, path = self.xml.text, self.xml.path
        text(group, "cbc:Description", line.description)
        text(group, "cbc:Name", line.name)
        path(group, "cac:BuyersItemIdentification/cbc:ID", line.buyer_item)
        path(group, "cac:SellersItemIdentification/cbc:ID", line.seller_item)
        if line.standard_item:
            item = line.standard_item
            path(group, "cac:StandardItemIdentification/cbc:ID", item.value, schemeID=item.scheme)
        path(group, "cac:OriginCountry/cbc:IdentificationCode", line.origin_country)
        self.tax_category(group, "cac:ClassifiedTaxCategory", line.tax)
        for name, value in line.attributes:
            attribute = self.xml.group(group, "cac:AdditionalItemProperty")
            text(attribute, "cbc:Name", name)
            text(attribute, "cbc:Value", value)

    def price(self, group: Element, line: Line) -> None:
        currency = self.invoice.currency
        self.xml.text(group, "cbc:PriceAmount", number_text(line.net_price), currencyID=currency)
        if line.price_quantity != 1:
            self.xml.text(group, "cbc:BaseQuantity", number_text(line.price_quantity), unitCode=line.unit_code)
        if line.gross_price is not None:
            discount = self.xml.group(group, "cac:AllowanceCharge")
            self.xml.text(discount, "cbc:ChargeIndicator", "false")
            amount = number_text(line.gross_price - line.net_price)
            self.xml.text(discount, "cbc:Amount", amount, currencyID=currency)
            self.xml.text(discount, "cbc:BaseAmount", number_text(line.gross_price), currencyID=currency)
