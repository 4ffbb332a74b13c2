"""An offer: what the seller asks for, priced line by line with every error at once.

The same plan serves the preview and the stored version, so that they cannot disagree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.flow.agree.pricing.rules.line_totals import MAX_TERM_MONTHS, interval_count
from cashline.flow.agree.pricing.rules.waterfall import price_line
from cashline.kernel.derivations import Derivation
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal, raise_all
from cashline.kernel.rounding import round_to

MAX_LINES = 5_000
MAX_QUANTITY = Decimal(10_000_000)
DEFAULT_TERM_MONTHS = 12
_HUNDRED = Decimal(100)


class QuoteExpired(Conflict):
    """The last day on which the quote could be accepted has passed."""

    code = "quote_expired"


class QuoteUnsendable(Refusal):
    """The quote cannot be sent as it is: it has no recipient or no line, or it is past its last day."""

    code = "quote_unsendable"


@dataclass(frozen=True, slots=True)
class NewQuoteLine:
    """A line as asked for; an interval or a term left out (None) follows from the product's prices."""

    sku: str
    quantity: Decimal
    interval_months: int | None = None
    term_months: int | None = None
    discount_percent: Decimal = Decimal(0)
    description: str = ""


@dataclass(frozen=True, slots=True)
class QuoteContent:
    """What can change until a quote is sent; `valid_until` is the last day on which it may be accepted."""

    title: str
    valid_until: date
    starts_on: date
    lines: tuple[NewQuoteLine, ...]
    discount_percent: Decimal = Decimal(0)
    discount_reason: str = ""
    terms: str = ""
    contact_name: str = ""
    contact_email: str = ""
    price_book_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewQuote:
    """A quote to create, in the currency of its customer."""

    customer_id: UUID
    entity_id: UUID
    content: QuoteContent
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepts on behalf of the customer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A price of the list: its charge, and the tax in percent that it includes (None: none).

    `untaxable` says why that tax cannot be taken out of it.
    """

    charge: Charge
    included_tax_rate: Decimal | None = None
    untaxable: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A product as the price list offers it: the prices of the day by interval (0: paid once)."""

    product_id: UUID
    sku: str
    name: str
    kind: str
    active: bool
    prices: Mapping[int, ListedPrice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A priced line; prices are for one unit and one interval, totals over the term, without tax."""

    line_no: int
    product_id: UUID
    sku: str
    kind: str
    description: str
    quantity: Decimal
    interval_months: int
    term_months: int
    list_price: Decimal
    discount_percent: Decimal
    unit_price: Decimal
    interval_amount: Decimal
    list_total: Decimal
    net_total: Decimal
    charge: dict[str, Any]
    derivation: Derivation
    included_tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A priced offer; `interval_amounts` is what is due per interval in months, 0 for once."""

    lines: tuple[OfferLine, ...]
    interval_amounts: Mapping[int, Decimal]

    @property
    def one_off_total(self) -> Decimal:
        """What is paid once."""
        return sum((line.net_total for line in self.lines if not line.interval_months), Decimal(0))

    @property
    def recurring_total(self) -> Decimal:
        """What is paid by interval, over all terms."""
        return sum((line.net_total for line in self.lines if line.interval_months), Decimal(0))

    @property
    def net_total(self) -> Decimal:
        """The value of the offer."""
        return sum((line.net_total for line in self.lines), Decimal(0))

    @property
    def list_total(self) -> Decimal:
        """Its value at list prices."""
        return sum((line.list_total for line in self.lines), Decimal(0))


def content_errors(content: QuoteContent, place: str = "") -> Iterator[Refusal]:
    """What is wrong with an offer apart from its lines."""
    if not content.title.strip() or len(content.title) > 200:
        yield InvalidValue("A quote has a title of 1 to 200 characters.", field=f"{place}title")
    if not 0 <= content.discount_percent <= _HUNDRED:
        yield InvalidValue("A discount is 0 to 100 percent.", field=f"{place}discount_percent")
    elif round_to(content.discount_percent, 4) != content.discount_percent:
        yield InvalidValue("A discount has 4 decimals at most.", field=f"{place}discount_percent")
    for name, most in (("discount_reason", 500), ("terms", 20_000), ("contact_name", 200), ("contact_email", 254)):
        if len(getattr(content, name)) > most:
            yield InvalidValue(f"This has {most} characters at most.", field=f"{place}{name}")
    email = content.contact_email
    if email and ("@" not in email[1:-1] or " " in email):
        yield InvalidValue(f"{email!r} is no e-mail address.", field=f"{place}contact_email")
    for name in ("valid_until", "starts_on"):
        if not date(2000, 1, 1) <= getattr(content, name) <= date(2200, 1, 1):
            yield InvalidValue("A date between 2000 and 2200 is needed.", field=f"{place}{name}")
    if not 1 <= len(content.lines) <= MAX_LINES:
        yield InvalidValue(f"A quote has 1 to {MAX_LINES} lines.", field=f"{place}lines")


def plan_offer(
    content: QuoteContent, *, currency: str, listed: Mapping[str, Listed], place: str = ""
) -> tuple[Offer, list[Refusal]]:
    """Price the lines, in their order. Gives the offer of the lines that can be priced, and everything wrong.

    `listed` holds the products by SKU with their charges in the currency on the day of pricing.
    """
    errors: list[Refusal] = list(content_errors(content, place))
    discount = content.discount_percent if 0 <= content.discount_percent <= _HUNDRED else Decimal(0)
    lines: list[OfferLine] = []
    amounts: dict[int, Decimal] = {}
    digits = minor_units(currency)
    for index, asked in enumerate(content.lines[:MAX_LINES]):
        try:
            line = _plan_line(index + 1, asked, listed.get(asked.sku), currency, digits, discount)
        except _LineErrors as found:
            errors.extend(_placed(refusal, f"{place}lines.{index}.") for refusal in found.refusals)
            continue
        lines.append(line)
        amounts[line.interval_months] = amounts.get(line.interval_months, Decimal(0)) + line.interval_amount
    offer = Offer(tuple(lines), dict(sorted(amounts.items())))
    if offer.list_total >= MAX_AMOUNT:
        errors.append(InvalidValue("The offer is worth more than can be kept.", field=f"{place}lines"))
    return offer, errors


def sound_offers(planned: Sequence[tuple[Offer, list[Refusal]]]) -> list[Offer]:
    """The offers, where nothing is wrong with any; raises everything that is."""
    raise_all(error for _, errors in planned for error in errors)
    return [offer for offer, _ in planned]


class _LineErrors(Exception):
    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)


def _placed(refusal: Refusal, place: str) -> Refusal:
    refusal.field = f"{place}{refusal.field}"
    return refusal


def _plan_line(
    line_no: int, asked: NewQuoteLine, product: Listed | None, currency: str, digits: int, document_discount: Decimal
) -> OfferLine:
    errors = list(_value_errors(asked))
    if product is None or not product.active:
        fix = "Choose a product of the catalogue." if product is None else "This product is no longer sold."
        errors.append(NotFound(f"There is no product {asked.sku[:64]!r} to sell.", field="sku", fix=fix))
        raise _LineErrors(errors)
    interval = _interval(asked, product, currency, errors)
    term = _term(asked, product, interval, errors)
    if errors:
        raise _LineErrors(errors)
    listed = product.prices[interval]
    fall = price_line(
        listed.charge,
        asked.quantity,
        included_tax=listed.included_tax_rate,
        interval_months=interval,
        term_months=term,
        line_discount=asked.discount_percent,
        document_discount=document_discount,
        digits=digits,
    )
    return OfferLine(
        line_no,
        product.product_id,
        product.sku,
        product.kind,
        asked.description.strip() or product.name,
        asked.quantity,
        interval,
        term,
        fall.list_price,
        asked.discount_percent,
        fall.unit_price,
        fall.interval_amount,
        fall.list_total,
        fall.net_total,
        fall.charge.as_json(),
        fall.derivation,
        listed.included_tax_rate,
    )


def _value_errors(asked: NewQuoteLine) -> Iterator[Refusal]:
    if not 0 < asked.quantity <= MAX_QUANTITY or round_to(asked.quantity, 6) != asked.quantity:
        yield InvalidValue(
            f"A quantity is above zero, up to {MAX_QUANTITY:,}, with 6 decimals at most.", field="quantity"
        )
    if not 0 <= asked.discount_percent <= _HUNDRED or round_to(asked.discount_percent, 4) != asked.discount_percent:
        yield InvalidValue("A discount is 0 to 100 percent, with 4 decimals at most.", field="discount_percent")
    if len(asked.description) > 500:
        yield InvalidValue("A description has 500 characters at most.", field="description")


def _interval(asked: NewQuoteLine, product: Listed, currency: str, errors: list[Refusal]) -> int:
    """The interval asked for, or the shortest that has a price."""
    if not product.prices:
        message = f"{product.sku} has no price in {currency} on that day."
        errors.append(InvalidValue(message, field="sku", fix="Set a price first, or choose another price book."))
        return 0
    interval = min(product.prices) if asked.interval_months is None else asked.interval_months
    if interval not in product.prices:
        known = ", ".join("once" if months == 0 else f"{months}" for months in sorted(product.prices))
        message = f"{product.sku} has no price for an interval of {interval} months in {currency}; known: {known}."
        errors.append(InvalidValue(message, field="interval_months"))
    elif reason := product.prices[interval].untaxable:
        fix = "Enter the rate of that country, or choose a price book without tax."
        errors.append(InvalidValue(f"{product.sku}: {reason}", field="sku", fix=fix))
    return interval


def _term(asked: NewQuoteLine, product: Listed, interval: int, errors: list[Refusal]) -> int:
    """The term asked for; without one a subscription runs a year, or the first whole interval after it."""
    if product.kind != ProductKind.SUBSCRIPTION:
        if asked.term_months:
            errors.append(InvalidValue("Only a subscription has a term.", field="term_months"))
        return 0
    usual = -(-DEFAULT_TERM_MONTHS // max(interval, 1)) * max(interval, 1)
    term = usual if asked.term_months is None else asked.term_months
    if not 1 <= term <= MAX_TERM_MONTHS:
        errors.append(InvalidValue(f"A term is 1 to {MAX_TERM_MONTHS} months.", field="term_months"))
    elif interval > 0:
        try:
            interval_count(interval, term)
        except InvalidValue as error:
            errors.append(error)
    return term
