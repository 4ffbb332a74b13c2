"""The forecast of a quote: its bills, its revenue by month and its cash, before anyone signs."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.queries import products_by_id
from cashline.flow.agree.contracts.actions.agreeing import term_of_quote_line
from cashline.flow.agree.contracts.rules import NewTermLine, TermLine
from cashline.flow.agree.customers.queries import addresses_of, customer
from cashline.flow.agree.quotes.queries import QuoteRow, quote, version_lines
from cashline.flow.invoice.invoices.rules.issuing import Buyer, Grounds, Seller, Terms
from cashline.flow.invoice.taxes.queries import rate_table
from cashline.flow.report.forecast.rules import Assumptions, Forecast, forecast_terms
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id, exchange_rates
from cashline.platform.documents.papers import PaperTax


def preview_quote(quote_id: UUID, assumptions: Assumptions | None = None) -> Forecast:
    """Bills, revenue and cash of a quote's current version, by the rules that will make them; raises NotFound."""
    row = quote(quote_id)
    lines = version_lines([row.version_id])
    if not lines:
        raise InvalidValue("A quote without lines has nothing to forecast.", field="lines")
    products = products_by_id(line.product_id for line in lines)
    terms = [_term(row, term_of_quote_line(line, products[line.product_id])) for line in lines]
    units = {key: product.unit for key, product in products.items()}
    return forecast_terms(terms, _grounds(row), units, assumptions or Assumptions())


def quoted_taxes(row: QuoteRow) -> tuple[PaperTax, ...]:
    """The tax of all that a quote says, at today's rates; none where its bills are not known, or not its total."""
    found = preview_quote(row.id)
    if found.refused or found.billed != row.net_total:
        return ()
    return tuple(PaperTax(None if one.code == "O" else one.rate, one.base, one.tax, one.reason) for one in found.taxes)


def quote_by_number(number: str) -> UUID | None:
    """The quote with that number."""
    row = sql.fetch_one("SELECT id FROM quotes WHERE number = %s", (number.upper(),))
    return row[0] if row else None


def _term(row: QuoteRow, line: NewTermLine) -> TermLine:
    """The agreed line as planners will read it; the quote's version stands for the agreement to come."""
    return TermLine(
        line.id,
        line.id,
        row.version_id,
        row.customer_id,
        row.entity_id,
        row.currency,
        line.line_no,
        line.product_id,
        line.kind,
        line.description,
        line.quantity,
        line.unit_price,
        line.stand_alone_price,
        line.charge,
        line.interval_months,
        line.term_months,
        line.billing_trigger,
        line.revenue_pattern,
        line.tax_category,
        line.net_total,
        row.starts_on,
        None,
        line.included_tax_rate,
    )


def _grounds(row: QuoteRow) -> Grounds:
    """What issuing will look up, for an agreement that does not exist yet; they are all valued at one exchange rate."""
    buyer, entity = customer(row.customer_id), entities_by_id([row.entity_id])[row.entity_id]
    addresses = addresses_of([buyer.id])[buyer.id]
    ship_to = addresses.get("ship_to") or addresses.get("bill_to")
    vat_id = buyer.tax_id if buyer.tax_id_checked and buyer.tax_id[:2].isalpha() else ""
    pair = (row.currency, entity.currency, row.starts_on)
    countries = {entity.country, buyer.country, ship_to.country if ship_to else buyer.country}
    return Grounds(
        {row.version_id: Terms(row.version_id, buyer.payment_terms_days, ())},
        {
            buyer.id: Buyer(
                buyer.id,
                buyer.country,
                ship_to.country if ship_to else buyer.country,
                vat_id,
                buyer.tax_exempt_reason,
                buyer.email,
                buyer.id,
            )
        },
        {entity.id: Seller(entity.id, entity.code, entity.country, entity.currency, entity.id)},
        rate_table(countries),
        _OneRate(exchange_rates([pair])[pair]),
    )


class _OneRate(Mapping[tuple[str, str, date], Decimal]):
    """The exchange rate of a forecast: one for all days."""

    def __init__(self, rate: Decimal) -> None:
        self._rate = rate

    def __getitem__(self, key: tuple[str, str, date]) -> Decimal:
        return self._rate

    def __iter__(self) -> Iterator[tuple[str, str, date]]:
        return iter(())

    def __len__(self) -> int:
        return 0
