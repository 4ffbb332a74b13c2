"""Stating an electronic invoice in UN/CEFACT Cross Industry Invoice, as CEN/TS 16931-3-3 and Factur-X 1.09 bind it."""

from datetime import date
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
    TaxSubtotal,
)
from cashline.flow.invoice.invoices.rules.en16931 import amount_text, number_text, require_einvoice
from cashline.flow.invoice.invoices.rules.xml_writing import Element, XmlWriter
from cashline.kernel.periods import Period

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_NAMESPACES: dict[str | None, str] = {
    "rsm": f"{_STANDARD}CrossIndustryInvoice:100",
    "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{_STANDARD}QualifiedDataType:100",
    "udt": f"{_STANDARD}UnqualifiedDataType:100",
}


def to_cii(invoice: EInvoice) -> bytes:
    """The CrossIndustryInvoice document; raises every problem of the invoice at once (see `require_einvoice`)."""
    require_einvoice(invoice)
    return _CiiWriter(invoice).document()


class _CiiWriter:
    def __init__(self, invoice: EInvoice) -> None:
        self.invoice = invoice
        self.xml = XmlWriter(_NAMESPACES, "rsm:CrossIndustryInvoice")

    def document(self) -> bytes:
        invoice, root, path = self.invoice, self.xml.root, self.xml.path
        context = self.xml.group(root, "rsm:ExchangedDocumentContext")
        path(context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID", invoice.profile.process)
        path(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", invoice.profile.value)
        head = self.xml.group(root, "rsm:ExchangedDocument")
        self.xml.text(head, "ram:ID", invoice.number)
        self.xml.text(head, "ram:TypeCode", invoice.document_type.value)
        self.day(head, "ram:IssueDateTime", invoice.issued_on)
        for note in invoice.notes:
            path(head, "ram:IncludedNote/ram:Content", note)
        trade = self.xml.group(root, "rsm:SupplyChainTradeTransaction")
        for line in invoice.lines:
            self.line(self.xml.group(trade, "ram:IncludedSupplyChainTradeLineItem"), line)
        self.agreement(self.xml.group(trade, "ram:ApplicableHeaderTradeAgreement"))
        delivery = self.xml.group(trade, "ram:ApplicableHeaderTradeDelivery")
        self.xml.keep_empty = frozenset({str(delivery.tag)})
        self.delivery(delivery)
        self.settlement(self.xml.group(trade, "ram:ApplicableHeaderTradeSettlement"))
        return self.xml.to_bytes()

    def amount(self, parent: Element, name: str, value: Decimal) -> None:
        self.xml.text(parent, name, amount_text(value, self.invoice.currency))

    def day(self, parent: Element, name: str, day: date | None) -> None:
        if day is not None:
            self.xml.path(parent, f"{name}/udt:DateTimeString", f"{day:%Y%m%d}", format="102")

    def period(self, parent: Element, period: Period | None) -> None:
        if period is not None:
            group = self.xml.group(parent, "ram:BillingSpecifiedPeriod")
            self.day(group, "ram:StartDateTime", period.start)
            self.day(group, "ram:EndDateTime", period.last_day)

    def line(self, group: Element, line: Line) -> None:
        document = self.xml.group(group, "ram:AssociatedDocumentLineDocument")
        self.xml.text(document, "ram:LineID", line.number)
        self.xml.path(document, "ram:IncludedNote/ram:Content", line.note)
        self.product(self.xml.group(group, "ram:SpecifiedTradeProduct"), line)
        self.price(self.xml.group(group, "ram:SpecifiedLineTradeAgreement"), line)
        self.xml.path(
            group,
            "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
            number_text(line.quantity),
            unitCode=line.unit_code,
        )
        settlement = self.xml.group(group, "ram:SpecifiedLineTradeSettlement")
        self.tax_rate(self.xml.group(settlement, "ram:ApplicableTradeTax"), line.tax)
        self.period(settlement, line.period)
        for item in line.allowances:
            self.allowance(settlement, item)
        summation = self.xml.group(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
        self.amount(summation, "ram:LineTotalAmount", line.net_amount)

    def product(self, group: Element, line: Line) -> None:
        text = self.xml.text
        if line.standard_item:
            text(group, "ram:GlobalID", line.standard_item.value, schemeID=line.standard_item.scheme)
        text(group, "ram:SellerAssignedID", line.seller_item)
        text(group, "ram:BuyerAssignedID", line.buyer_item)
        text(group, "ram:Name", line.name)
        text(group, "ram:Description", line.description)
        for name, value in line.attributes:
            attribute = self.xml.group(group, "ram:ApplicableProductCharacteristic")
            text(attribute, "ram:Description", name)
            text(attribute, "ram:Value", value)
        self.xml.path(group, "ram:OriginTradeCountry/ram:ID", line.origin_country)

    def price(self, group: Element, line: Line) -> None:
        self.xml.path(group, "ram:BuyerOrderReferencedDocument/ram:LineID", line.order_line)
        if line.gross_price is not None:
            gross = self.xml.group(group, "ram:GrossPriceProductTradePrice")
            self.xml.text(gross, "ram:ChargeAmount", number_text(line.gross_price))
            self.price_quantity(gross, line)
            if line.gross_price > line.net_price:
                discount = self.xml.group(gross, "ram:AppliedTradeAllowanceCharge")
                self.xml.path(discount, "ram:ChargeIndicator/udt:Indicator", "false")
                self.xml.text(discount, "ram:ActualAmount", number_text(line.gross_price - line.net_price))
        net = self.xml.group(group, "ram:NetPriceProductTradePrice")
        self.xml.text(net, "ram:ChargeAmount", number_text(line.net_price))
        self.price_quantity(net, line)

    def price_quantity(self, group: Element, line: Line) -> None:
        if line.price_quantity != 1:
            self.xml.text(group, "ram:BasisQuantity", number_text(line.price_quantity), unitCode=line.unit_code)

    def agreement(self, group: Element) -> None:
        invoice, path = self.invoice, self.xml.path
        self.xml.text(group, "ram:BuyerReference", invoice.buyer_reference)
        self.party(self.xml.group(group, "ram:SellerTradeParty"), invoice.seller, is_seller=True)
        self.party(self.xml.group(group, "ram:BuyerTradeParty"), invoice.buyer, is_seller=False)
        representative = invoice.tax_representative
        if representative:
            party = self.xml.group(group, "ram:SellerTaxRepresentativeTradeParty")
            self.xml.text(party, "ram:Name", representative.name)
            self.address(party, representative.address)
            path(party, "ram:SpecifiedTaxRegistration/ram:ID", representative.vat_id, schemeID="VA")
        path(group, "ram:SellerOrderReferencedDocument/ram:IssuerAssignedID", invoice.sales_order)
        path(group, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID", invoice.order_reference)
        path(group, "ram:ContractReferencedDocument/ram:IssuerAssignedID", invoice.contract_reference)

    def party(self, group: Element, party: Party, *, is_seller: bool) -> None:
        text, path = self.xml.text, self.xml.path
        identifiers = party.identifiers if is_seller else party.identifiers[:1]
        for identifier in (item for item in identifiers if not item.scheme):
            text(group, "ram:ID", identifier.value)
        for identifier in (item for item in identifiers if item.scheme):
            text(group, "ram:GlobalID", identifier.value, schemeID=identifier.scheme)
        text(group, "ram:Name", party.name)
        if is_seller:
            text(group, "ram:Description", party.legal_form)
        organisation = self.xml.group(group, "ram:SpecifiedLegalOrganization")
        if party.legal_id:
            text(organisation, "ram:ID", party.legal_id.value, schemeID=party.legal_id.scheme)
        text(organisation, "ram:TradingBusinessName", party.trading_name)
        if party.contact:
            contact = self.xml.group(group, "ram:DefinedTradeContact")
            text(contact, "ram:PersonName", party.contact.name)
            path(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", party.contact.phone)
            path(contact, "ram:EmailURIUniversalCommunication/ram:URIID", party.contact.email)
        self.address(group, party.address)
        if party.endpoint:
            endpoint = party.endpoint
            path(group, "ram:URIUniversalCommunication/ram:URIID", endpoint.value, schemeID=endpoint.scheme)
        if not self.invoice.is_outside_scope:
            path(group, "ram:SpecifiedTaxRegistration/ram:ID", party.vat_id, schemeID="VA")
        if is_seller:
            path(group, "ram:SpecifiedTaxRegistration/ram:ID", party.tax_number, schemeID="FC")

    def address(self, parent: Element, address: Address) -> None:
        group, text = self.xml.group(parent, "ram:PostalTradeAddress"), self.xml.text
        text(group, "ram:PostcodeCode", address.postal_code)
        text(group, "ram:LineOne", address.line1)
        text(group, "ram:LineTwo", address.line2)
        text(group, "ram:LineThree", address.line3)
        text(group, "ram:CityName", address.city)
        text(group, "ram:CountryID", address.country)
        text(group, "ram:CountrySubDivisionName", address.subdivision)

    def delivery(self, group: Element) -> None:
        delivery = self.invoice.delivery
        if delivery:
            party = self.xml.group(group, "ram:ShipToTradeParty")
            if delivery.location:
                name = "ram:GlobalID" if delivery.location.scheme else "ram:ID"
                self.xml.text(party, name, delivery.location.value, schemeID=delivery.location.scheme)
            self.xml.text(party, "ram:Name", delivery.name)
            if delivery.address:
                self.address(party, delivery.address)
            if delivery.delivered_on:
                event = self.xml.group(group, "ram:ActualDeliverySupplyChainEvent")
                self.day(event, "ram:OccurrenceDateTime", delivery.delivered_on)
        self.xml.path(
            group, "ram:DespatchAdviceReferencedDocument/ram:IssuerAssignedID", self.invoice.despatch_reference
        )

    def settlement(self, group: Element) -> None:
        invoice, text = self.invoice, self.xml.text
        means = invoice.payment_means
        text(group, "ram:CreditorReferenceID", means[0].creditor if means else "")
        text(group, "ram:PaymentReference", invoice.payment_reference)
        text(group, "ram:TaxCurrencyCode", invoice.tax_currency)
        text(group, "ram:InvoiceCurrencyCode", invoice.currency)
        for item in means:
            self.payment_means(self.xml.group(group, "ram:SpecifiedTradeSettlementPaymentMeans"), item)
        for subtotal in invoice.taxes:
            self.tax_subtotal(self.xml.group(group, "ram:ApplicableTradeTax"), subtotal)
        self.period(group, invoice.period)
        for allowance in invoice.allowances:
            self.allowance(group, allowance)
        terms = self.xml.group(group, "ram:SpecifiedTradePaymentTerms")
        text(terms, "ram:Description", invoice.payment_terms)
        self.day(terms, "ram:DueDateDateTime", invoice.due_on)
        text(terms, "ram:DirectDebitMandateID", next((item.mandate for item in means if item.mandate), ""))
        self.totals(self.xml.group(group, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"))
        for preceding in invoice.preceding:
            reference = self.xml.group(group, "ram:InvoiceReferencedDocument")
            text(reference, "ram:IssuerAssignedID", preceding.number)
            if preceding.issued_on:
                self.xml.path(
                    reference,
                    "ram:FormattedIssueDateTime/qdt:DateTimeString",
                    f"{preceding.issued_on:%Y%m%d}",
                    format="102",
                )

    def payment_means(self, group: Element, means: PaymentMeans) -> None:
        path = self.xml.path
        self.xml.text(group, "ram:TypeCode", means.code)
        self.xml.text(group, "ram:Information", means.text)
        path(group, "ram:ApplicableTradeSettlementFinancialCard/ram:ID", means.card)
        path(group, "ram:PayerPartyDebtorFinancialAccount/ram:IBANID", means.debited_account)
        if means.account:
            account = self.xml.group(group, "ram:PayeePartyCreditorFinancialAccount")
            is_iban = means.account[:2].isalpha() and means.account[2:4].isdigit()
            self.xml.text(account, "ram:IBANID", means.account if is_iban else "")
            self.xml.text(account, "ram:AccountName", means.account_name)
            self.xml.text(account, "ram:ProprietaryID", "" if is_iban else means.account)
        path(group, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", means.bic)

    def tax_rate(self, group: Element, tax: TaxRate) -> None:
        self.xml.text(group, "ram:TypeCode", "VAT")
        self.xml.text(group, "ram:CategoryCode", tax.category.value)
        self.tax_percent(group, tax)

    def tax_percent(self, group: Element, tax: TaxRate) -> None:
        if tax.category is not TaxCategory.OUTSIDE_SCOPE and tax.percent is not None:
            self.xml.text(group, "ram:RateApplicablePercent", number_text(tax.percent))

    def tax_subtotal(self, group: Element, subtotal: TaxSubtotal) -> None:
        text = self.xml.text
        self.amount(group, "ram:CalculatedAmount", subtotal.amount)
        text(group, "ram:TypeCode", "VAT")
        text(group, "ram:ExemptionReason", subtotal.reason)
        self.amount(group, "ram:BasisAmount", subtotal.taxable)
        text(group, "ram:CategoryCode", subtotal.tax.category.value)
        text(group, "ram:ExemptionReasonCode", subtotal.reason_code)
        if self.invoice.tax_point:
            self.xml.path(group, "ram:TaxPointDate/udt:DateString", f"{self.invoice.tax_point:%Y%m%d}", format="102")
        self.tax_percent(group, subtotal.tax)
        if subtotal.tax.category is TaxCategory.OUTSIDE_SCOPE and self.invoice.profile is Profile.XRECHNUNG:
            text(group, "ram:RateApplicablePercent", "0")  # BR-DE-14 wants a rate even where there is none

    def allowance(self, parent: Element, item: AllowanceCharge) -> None:
        group, text = self.xml.group(parent, "ram:SpecifiedTradeAllowanceCharge"), self.xml.text
        self.xml.path(group, "ram:ChargeIndicator/udt:Indicator", "true" if item.is_charge else "false")
        if item.percent is not None:
            text(group, "ram:CalculationPercent", number_text(item.percent))
        if item.base is not None:
            self.amount(group, "ram:BasisAmount", item.base)
        self.amount(group, "ram:ActualAmount", item.amount)
        text(group, "ram:ReasonCode", item.reason_code)
        text(group, "ram:Reason", item.reason)
        if item.tax is not None and str(parent.tag).endswith("}ApplicableHeaderTradeSettlement"):
            self.tax_rate(self.xml.group(group, "ram:CategoryTradeTax"), item.tax)

    def totals(self, group: Element) -> None:
        invoice, currency = self.invoice, self.invoice.currency
        self.amount(group, "ram:LineTotalAmount", invoice.line_total)
        if any(item.is_charge for item in invoice.allowances):
            self.amount(group, "ram:ChargeTotalAmount", invoice.charge_total)
        if any(not item.is_charge for item in invoice.allowances):
            self.amount(group, "ram:AllowanceTotalAmount", invoice.allowance_total)
        self.amount(group, "ram:TaxBasisTotalAmount", invoice.tax_exclusive)
        self.xml.text(group, "ram:TaxTotalAmount", amount_text(invoice.tax_total, currency), currencyID=currency)
        if invoice.tax_in_tax_currency is not None and invoice.tax_currency:
            amount = amount_text(invoice.tax_in_tax_currency, invoice.tax_currency)
            self.xml.text(group, "ram:TaxTotalAmount", amount, currencyID=invoice.tax_currency)
        if invoice.rounding:
            self.amount(group, "ram:RoundingAmount", invoice.rounding)
        self.amount(group, "ram:GrandTotalAmount", invoice.tax_inclusive)
        if invoice.prepaid:
            self.amount(group, "ram:TotalPrepaidAmount", invoice.prepaid)
        self.amount(group, "ram:DuePayableAmount", invoice.payable)
