"""Reading quotes, their versions and lines, and pricing an offer as it would be stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.catalog.queries import PriceRow, interval_options, price_books, prices_on, products_by_sku
from cashline.flow.agree.customers.queries.finding import Meant, either, holding, numbered, search
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.flow.agree.quotes.rules import Listed, ListedPrice, Offer, QuoteContent, QuoteStatus, plan_offer
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A quote with its customer's name and its current version."""

    id: UUID
    number: str
    title: str
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    currency: str
    status: str
    owner_id: UUID | None
    owner_name: str
    price_book_id: UUID | None
    contact_name: str
    contact_email: str
    valid_until: date
    accepted_by: str
    accepted_email: str
    accepted_at: datetime | None
    created_at: datetime
    version_id: UUID
    version: int
    starts_on: date
    priced_on: date
    discount_percent: Decimal
    discount_reason: str
    terms: str
    one_off_total: Decimal
    recurring_total: Decimal
    net_total: Decimal
    list_total: Decimal
    frozen_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a quote."""

    id: UUID
    quote_id: UUID
    version: int
    starts_on: date
    priced_on: date
    discount_percent: Decimal
    net_total: Decimal
    list_total: Decimal
    created_at: datetime
    frozen_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuoteLineRow:
    """A stored line; `derivation` is a Derivation as JSON. `included_tax_rate`: the tax that the list price held."""

    id: UUID
    version_id: UUID
    line_no: int
    product_id: UUID
    sku: str
    unit: str
    kind: str
    description: str
    quantity: Decimal
    interval_months: int
    term_months: int
    list_price: Decimal
    discount_percent: Decimal
    unit_price: Decimal
    charge: dict[str, Any]
    net_total: Decimal
    derivation: dict[str, Any]
    included_tax_rate: Decimal | None = None


_QUOTE = (
    "q.id, q.number, q.title, q.customer_id, c.name, q.entity_id, q.currency, q.status, q.owner_id, "
    "coalesce(nullif(u.name, ''), u.email, ''), q.price_book_id, q.contact_name, q.contact_email, q.valid_until, "
    "q.accepted_by, q.accepted_email, q.accepted_at, q.created_at, v.id, v.version, v.starts_on, v.priced_on, "
    "v.discount_percent, v.discount_reason, v.terms, v.one_off_total, v.recurring_total, v.net_total, v.list_total, "
    "v.frozen_at"
)
_SOURCE = (
    "quotes q JOIN quote_versions v ON v.quote_id = q.id AND v.version = q.current_version "
    "JOIN customers c ON c.id = q.customer_id LEFT JOIN users u ON u.id = q.owner_id"
)
_VERSION = (
    "v.id, v.quote_id, v.version, v.starts_on, v.priced_on, v.discount_percent, v.net_total, v.list_total, "
    "v.created_at, v.frozen_at"
)
_LINE = (
    "l.id, l.version_id, l.line_no, l.product_id, p.sku, p.unit, l.kind, l.description, l.quantity, l.interval_months, "
    "l.term_months, l.list_price, l.discount_percent, l.unit_price, l.charge, l.net_total, l.derivation, "
    "trim_scale(l.included_tax_rate)"
)
SORTS = {
    "number": "q.number",
    "title": "lower(q.title)",
    "customer": "lower(c.name)",
    "status": "q.status",
    "valid_until": "q.valid_until",
    "net_total": "v.net_total",
    "created_at": "q.id",
}


def quotes_by_id(ids: Iterable[UUID]) -> dict[UUID, QuoteRow]:
    """The quotes with those ids; an unknown id is left out."""
    rows = sql.fetch_as(QuoteRow, f"SELECT {_QUOTE} FROM {_SOURCE} WHERE q.id = ANY(%s)", (list(set(ids)),))
    return {row.id: row for row in rows}


def quote(quote_id: UUID) -> QuoteRow:
    """One quote with its current version; raises NotFound."""
    found = quotes_by_id([quote_id]).get(quote_id)
    if found is None:
        raise NotFound(f"There is no quote {quote_id}.", field="quote_id")
    return found


def quote_numbered(number: str) -> UUID | None:
    """The quote with that number."""
    row = sql.fetch_one("SELECT id FROM quotes WHERE number = %s", (number,))
    return row[0] if row else None


def quotes_for_update(ids: Iterable[UUID]) -> dict[UUID, QuoteRow]:
    """The quotes, locked in key order until the commit; raises NotFound where one is missing.

    They are locked first and read after, so that what is read is what the one before has left.
    """
    wanted = set(ids)
    locked = sql.fetch("SELECT id FROM quotes WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(wanted),))
    if missing := wanted - {row[0] for row in locked}:
        raise NotFound(f"There is no quote {missing.pop()}.", field="quote_id")
    return quotes_by_id(wanted)


def versions_of(quote_id: UUID) -> list[VersionRow]:
    """The versions of a quote, the first one first."""
    return sql.fetch_as(
        VersionRow, f"SELECT {_VERSION} FROM quote_versions v WHERE v.quote_id = %s ORDER BY v.version", (quote_id,)
    )


def version_lines(version_ids: Iterable[UUID]) -> list[QuoteLineRow]:
    """The lines of those versions, by version and line."""
    return sql.fetch_as(
        QuoteLineRow,
        f"SELECT {_LINE} FROM quote_lines l JOIN products p ON p.id = l.product_id WHERE l.version_id = ANY(%s) "
        "ORDER BY l.version_id, l.line_no",
        (list(set(version_ids)),),
    )


def quote_line(line_id: UUID) -> QuoteLineRow:
    """One line; raises NotFound."""
    rows = sql.fetch_as(
        QuoteLineRow,
        f"SELECT {_LINE} FROM quote_lines l JOIN products p ON p.id = l.product_id WHERE l.id = %s",
        (line_id,),
    )
    if not rows:
        raise NotFound(f"There is no line {line_id} of a quote.", field="line_id")
    return rows[0]


def quotes_of_versions(version_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The quote of each version."""
    return dict(sql.fetch("SELECT id, quote_id FROM quote_versions WHERE id = ANY(%s)", (list(set(version_ids)),)))


def due_to_expire(today: date) -> list[UUID]:
    """Sent quotes whose last day has passed."""
    return sql.ids(
        sql.fetch(
            "SELECT id FROM quotes WHERE status = %s AND valid_until < %s ORDER BY id", (QuoteStatus.SENT.value, today)
        )
    )


def _meant(word: str) -> Meant | None:
    return either(numbered("quotes", "q", word, kind="quote"), holding("quotes", "q", word, ("title", "contact_name")))


def list_quotes(
    ask: lists.Ask,
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    customer_id: UUID | None = None,
    entity_ids: Sequence[UUID] | None = None,
    valid_from: date | None = None,
    valid_before: date | None = None,
    least_total: Decimal | None = None,
    most_total: Decimal | None = None,
) -> Page[QuoteRow]:
    """One page of quotes; `entity_ids` None means all legal entities, dates are half-open, amounts inclusive."""
    conditions = lists.Conditions()
    conditions.among("q.status", statuses)
    conditions.among("q.entity_id", entity_ids, "uuid")
    conditions.given("q.customer_id = %s", customer_id)
    conditions.given("q.valid_until >= %s", valid_from)
    conditions.given("q.valid_until < %s", valid_before)
    conditions.given("v.net_total >= %s", least_total)
    conditions.given("v.net_total <= %s", most_total)
    search(conditions, words, customer="q.customer_id", own=_meant, sort=ask.sort)
    return lists.page(
        QuoteRow,
        columns=_QUOTE,
        source=_SOURCE,
        key="q.id",
        sorts=SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def listed_products(
    contents: Sequence[QuoteContent], currency: str, day: date, price_book_id: UUID | None
) -> dict[str, Listed]:
    """The products that the offers name, with their charges of the day in that currency."""
    products = products_by_sku(line.sku for content in contents for line in content.lines)
    intervals = interval_options((row.id for row in products.values()), currency, day, price_book_id)
    requests = {(key, currency, months) for key, options in intervals.items() for months in options}
    prices = prices_on(requests, day, price_book_id)
    return {
        sku: Listed(
            row.id,
            sku,
            row.name,
            row.kind,
            row.active,
            {
                months: _offered(prices[row.id, currency, months])
                for months in intervals.get(row.id, ())
                if (row.id, currency, months) in prices
            },
        )
        for sku, row in products.items()
    }


def _offered(price: PriceRow) -> ListedPrice:
    return ListedPrice(Charge.from_json(price.charge), price.tax_percent, price.untaxable)


def price_offers(
    asked: Sequence[tuple[QuoteContent, str]], day: date, *, place: str = "quotes"
) -> list[tuple[Offer, list[Refusal]]]:
    """Price offers (content and currency) at the prices of a day: the offers as far as they go, and all errors.

    Creating and changing quotes store exactly this; with more than one the errors name their place, as `quotes.3.`.
    """
    groups = {(currency, content.price_book_id): [] for content, currency in asked}  # type: ignore[var-annotated]
    for content, currency in asked:
        groups[currency, content.price_book_id].append(content)
    listed = {key: listed_products(contents, key[0], day, key[1]) for key, contents in groups.items()}
    books = {row.id: row.currency for row in price_books()} if any(key[1] for key in groups) else {}
    found = []
    for index, (content, currency) in enumerate(asked):
        here = f"{place}.{index}." if len(asked) > 1 else ""
        offer, errors = plan_offer(
            content, currency=currency, listed=listed[currency, content.price_book_id], place=here
        )
        if content.price_book_id is not None and books.get(content.price_book_id) != currency:
            message = f"There is no such price book in {currency}."
            errors.append(NotFound(message, field=f"{here}price_book_id", fix="Leave it out to use the default."))
        found.append((offer, errors))
    return found
