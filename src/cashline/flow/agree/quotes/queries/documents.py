"""The quote as a document in the customer's language."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from cashline.flow.agree.customers.queries import AddressRow, CustomerRow
from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.flow.agree.pricing.rules.line_totals import interval_amount
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow
from cashline.flow.agree.quotes.rules.wording import QuoteWords, quote_words
from cashline.kernel.identifiers import public
from cashline.kernel.money import minor_units
from cashline.platform.company.queries import Entity
from cashline.platform.documents.letterheads import address_lines, brand_of
from cashline.platform.documents.papers import PaperLine, PaperTax, QuotePaper, Recipient
from cashline.platform.documents.typesetting import render
from cashline.platform.documents.wording import wording_for

type TaxesOf = Callable[[QuoteRow], tuple[PaperTax, ...]]
_taxes_of: list[TaxesOf] = []

PERIOD_WORDS = {0: "one_time", 1: "per_month", 3: "per_quarter", 12: "per_year"}


def register_taxes(taxes_of: TaxesOf) -> None:
    """Say who foretells the tax of a quote: what is billed is decided downstream, unknown to this stage."""
    _taxes_of[:] = [taxes_of]


def foretold_taxes(row: QuoteRow) -> tuple[PaperTax, ...]:
    """The tax of all that the current version says, at today's rates; none where it is not known."""
    return _taxes_of[0](row) if _taxes_of else ()


def accept_url(quote_id: UUID) -> str:
    """Where the customer reads, accepts and signs the quote."""
    return f"{settings.PUBLIC_URL}/portal/quotes/{public('quote', quote_id)}/"


def quote_pdf(
    row: QuoteRow,
    lines: Sequence[QuoteLineRow],
    *,
    entity: Entity,
    customer: CustomerRow,
    addresses: Mapping[str, AddressRow],
    issued_on: date,
    now: datetime,
) -> bytes:
    """The PDF of the current version, in the customer's language."""
    paper = quote_paper(row, lines, entity=entity, customer=customer, addresses=addresses, issued_on=issued_on)
    return render("quote", paper.data(), timestamp=now, files=paper.files())


def quote_paper(
    row: QuoteRow,
    lines: Sequence[QuoteLineRow],
    *,
    entity: Entity,
    customer: CustomerRow,
    addresses: Mapping[str, AddressRow],
    issued_on: date,
) -> QuotePaper:
    """What stands on the quote."""
    words = quote_words(customer.locale)
    taxes = foretold_taxes(row)
    adjustments: tuple[tuple[str, Decimal], ...] = ()
    if row.list_total != row.net_total:
        adjustments = ((words.list_total, row.list_total), (words.discount, row.net_total - row.list_total))
    return QuotePaper(
        brand=brand_of(entity, customer.locale),
        recipient=recipient(customer, addresses, row.contact_name),
        locale=customer.locale,
        currency=row.currency,
        number=row.number,
        version=row.version,
        issued_on=issued_on,
        valid_until=row.valid_until,
        lines=paper_lines(lines, row.currency, customer.locale),
        taxes=taxes,
        net_total=row.net_total,
        gross_total=row.net_total + sum((tax.amount for tax in taxes), Decimal(0)),
        by_period=period_amounts(lines, row.currency),
        adjustments=adjustments,
        facts=(("customer_number", customer.number),),
        prepared_by=row.owner_name,
        intro=row.title,
        terms=tuple(part.strip() for part in row.terms.split("\n") if part.strip()),
        notes=_note(taxes, lines, words),
        accept_url=accept_url(row.id),
    )


def _note(taxes: Sequence[PaperTax], lines: Sequence[QuoteLineRow], words: QuoteWords) -> str:
    """Why a tax is not charged; that the day of supply decides its rate; what prices with tax mean."""
    reasons = list(dict.fromkeys(tax.note for tax in taxes if tax.note))
    if any(line.included_tax_rate is not None for line in lines):
        reasons.append(words.with_tax)
    return "\n".join([*reasons, words.taxes if taxes else words.without_tax])


def recipient(customer: CustomerRow, addresses: Mapping[str, AddressRow], contact: str = "") -> Recipient:
    """The address field: the bill-to address, to the attention of the contact."""
    address = addresses.get("bill_to") or addresses.get("ship_to")
    lines: tuple[str, ...] = (contact,) if contact else ()
    if address is not None:
        lines += address_lines(
            street=address.street,
            postcode=address.postcode,
            city=address.city,
            region=address.region,
            country=address.country,
            locale=customer.locale,
        )
    return Recipient(customer.name, lines, customer.tax_id)


def paper_lines(lines: Sequence[QuoteLineRow], currency: str, locale: str) -> tuple[PaperLine, ...]:
    """The lines at their net prices, what is paid once first; the amount is that of the whole term."""
    words, wording = quote_words(locale), wording_for(locale)
    made = []
    for line in sorted(lines, key=lambda line: (line.interval_months, line.line_no)):
        detail = []
        if line.interval_months:
            detail.append(words.term.format(months=line.term_months))
        if line.unit_price != line.list_price:
            price = wording.money(line.list_price, currency)
            detail.append(f"{words.list_price} {price}")
        if (given := price_with_tax(line.unit_price, line.included_tax_rate)) is not None:
            detail.append(words.each_with_tax.format(price=wording.money(given, currency)))
        made.append(
            PaperLine(
                title=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                net=line.net_total,
                unit=line.unit,
                detail="\n".join(detail),
                group=period_word(line.interval_months, locale),
            )
        )
    return tuple(made)


def period_word(interval_months: int, locale: str) -> str:
    """How often something is paid: a key of the word catalogue, or words for unusual intervals."""
    return PERIOD_WORDS.get(interval_months) or quote_words(locale).every.format(months=interval_months)


def period_amounts(lines: Sequence[QuoteLineRow], currency: str) -> tuple[tuple[str, Decimal], ...]:
    """What is due once and by each interval."""
    digits = minor_units(currency)
    found: dict[int, Decimal] = {}
    for line in lines:
        amount = interval_amount(line.quantity, line.unit_price, digits)
        found[line.interval_months] = found.get(line.interval_months, Decimal(0)) + amount
    return tuple((PERIOD_WORDS.get(months, f"/ {months}"), amount) for months, amount in sorted(found.items()))
