"""Making and changing quotes before they are sent, and revising them after."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import CustomerRow, customers_by_id
from cashline.flow.agree.customers.rules import CustomerStatus, not_active
from cashline.flow.agree.quotes import queries
from cashline.flow.agree.quotes.actions.moving import move, quote_event
from cashline.flow.agree.quotes.rules import (
    QUOTE,
    NewQuote,
    Offer,
    QuoteContent,
    QuoteStatus,
    sound_offers,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_QUOTE_COLUMNS = (
    "id",
    "number",
    "title",
    "customer_id",
    "entity_id",
    "currency",
    "status",
    "current_version",
    "owner_id",
    "price_book_id",
    "contact_name",
    "contact_email",
    "valid_until",
    "created_at",
)
_VERSION_COLUMNS = (
    "id",
    "quote_id",
    "version",
    "starts_on",
    "priced_on",
    "discount_percent",
    "discount_reason",
    "terms",
    "one_off_total",
    "recurring_total",
    "net_total",
    "list_total",
    "created_at",
)
_LINE_COLUMNS = (
    "id",
    "version_id",
    "line_no",
    "product_id",
    "kind",
    "description",
    "quantity",
    "interval_months",
    "term_months",
    "list_price",
    "discount_percent",
    "unit_price",
    "charge",
    "net_total",
    "derivation",
    "included_tax_rate",
)


@transaction.atomic
def create_quotes(quotes: Sequence[NewQuote], *, today: date, now: datetime, actor: str) -> list[UUID]:
    """Create draft quotes at the list prices of today, in their customers' currencies; all errors at once."""
    if not quotes:
        return []
    customers = customers_by_id(quote.customer_id for quote in quotes)
    raise_all(_customer_errors(quotes, customers))
    asked = [(quote.content, customers[quote.customer_id].currency) for quote in quotes]
    offers = sound_offers(queries.price_offers(asked, today))
    numbers = _numbers(quotes, today)
    ids, versions = [new_id() for _ in quotes], [new_id() for _ in quotes]
    sql.insert(
        "quotes",
        _QUOTE_COLUMNS,
        [
            _quote_row(key, number, quote, customers[quote.customer_id].currency, now)
            for key, number, quote in zip(ids, numbers, quotes, strict=True)
        ],
    )
    sql.insert(
        "quote_versions",
        _VERSION_COLUMNS,
        [
            _version_row(version, key, 1, quote.content, offer, today, now)
            for version, key, quote, offer in zip(versions, ids, quotes, offers, strict=True)
        ],
    )
    _insert_lines(list(zip(versions, offers, strict=True)))
    record(
        [
            _created(key, version, number, quote, offer)
            for key, version, number, quote, offer in zip(ids, versions, numbers, quotes, offers, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return ids


def create_quote(quote: NewQuote, *, today: date, now: datetime, actor: str) -> UUID:
    """Create one draft quote; see `create_quotes`."""
    return create_quotes([quote], today=today, now=now, actor=actor)[0]


@transaction.atomic
def change_quote(quote_id: UUID, *, content: QuoteContent, today: date, now: datetime, actor: str) -> None:
    """Replace what a draft offers, priced anew at the list prices of today; raises all errors at once."""
    row = queries.quotes_for_update([quote_id])[quote_id]
    if row.status != QuoteStatus.DRAFT:
        raise IllegalTransition(
            f"Cannot change this quote: it is {row.status}, not draft.",
            field="status",
            fix="Revise it first." if QUOTE.allows("revise", row.status) else "Withdraw it from approval first.",
            document=row.number,
        )
    (offer,) = sound_offers(queries.price_offers([(content, row.currency)], today))
    _write_header(row.id, content)
    version = _version_row(row.version_id, row.id, row.version, content, offer, today, row.created_at)
    sets = ", ".join(f"{column} = %s" for column in _VERSION_COLUMNS[3:-1])
    sql.execute(f"UPDATE quote_versions SET {sets} WHERE id = %s", [*version[3:-1], row.version_id])
    sql.execute("DELETE FROM quote_lines WHERE version_id = %s", (row.version_id,))
    _insert_lines([(row.version_id, offer)])
    data = {"net_total": [str(row.net_total), str(offer.net_total)], "lines": len(offer.lines)}
    record([quote_event("QuoteChanged", row, data)], now=now, actor=actor)


@transaction.atomic
def revise_quote(quote_id: UUID, *, valid_until: date | None = None, now: datetime, actor: str) -> None:
    """Open a quote for change again: the next version, or the same one where it was never sent.

    The lines are copied as they were priced; changing the quote prices them anew. The sent version stays as it was.
    """
    row = queries.quotes_for_update([quote_id])[quote_id]
    move([row], "revise")
    version_id = row.version_id
    if row.frozen_at is not None:
        version_id = new_id()
        copied = ", ".join(_VERSION_COLUMNS[3:-1])
        sql.execute(
            f"INSERT INTO quote_versions (id, quote_id, version, {copied}, created_at) "
            f"SELECT %s, quote_id, version + 1, {copied}, %s FROM quote_versions WHERE id = %s",
            (version_id, now, row.version_id),
        )
        lines = ", ".join(_LINE_COLUMNS[2:])
        sql.execute(
            f"INSERT INTO quote_lines (id, version_id, {lines}) SELECT uuidv7(), %s, {lines} FROM quote_lines "
            "WHERE version_id = %s",
            (version_id, row.version_id),
        )
        sql.execute("UPDATE quotes SET current_version = current_version + 1 WHERE id = %s", (row.id,))
    if valid_until is not None:
        sql.execute("UPDATE quotes SET valid_until = %s WHERE id = %s", (valid_until, row.id))
    record([quote_event("QuoteRevised", row, {"status": row.status}, version=version_id)], now=now, actor=actor)


def _customer_errors(quotes: Sequence[NewQuote], customers: dict[UUID, CustomerRow]) -> list[Refusal]:
    errors: list[Refusal] = []
    for index, quote in enumerate(quotes):
        place = f"quotes.{index}." if len(quotes) > 1 else ""
        customer = customers.get(quote.customer_id)
        if customer is None:
            errors.append(NotFound(f"There is no customer {quote.customer_id}.", field=f"{place}customer_id"))
        elif customer.status != CustomerStatus.ACTIVE:
            errors.append(not_active(customer.name, customer.status, field=f"{place}customer_id"))
    return errors


def _numbers(quotes: Sequence[NewQuote], today: date) -> list[str]:
    entities = entities_by_id({quote.entity_id for quote in quotes})
    series = {key: Series("quote", entity.code, today.year, key) for key, entity in entities.items()}
    wanted: dict[Series, int] = {}
    for quote in quotes:
        wanted[series[quote.entity_id]] = wanted.get(series[quote.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[quote.entity_id]]) for quote in quotes]


def _quote_row(key: UUID, number: str, quote: NewQuote, currency: str, now: datetime) -> tuple[Any, ...]:
    content = quote.content
    return (
        key,
        number,
        content.title.strip(),
        quote.customer_id,
        quote.entity_id,
        currency,
        QuoteStatus.DRAFT.value,
        1,
        quote.owner_id,
        content.price_book_id,
        content.contact_name.strip(),
        content.contact_email.strip(),
        content.valid_until,
        now,
    )


def _write_header(quote_id: UUID, content: QuoteContent) -> None:
    sql.execute(
        "UPDATE quotes SET title = %s, price_book_id = %s, contact_name = %s, contact_email = %s, valid_until = %s "
        "WHERE id = %s",
        (
            content.title.strip(),
            content.price_book_id,
            content.contact_name.strip(),
            content.contact_email.strip(),
            content.valid_until,
            quote_id,
        ),
    )


def _version_row(
    key: UUID, quote_id: UUID, version: int, content: QuoteContent, offer: Offer, today: date, now: datetime
) -> tuple[Any, ...]:
    return (
        key,
        quote_id,
        version,
        content.starts_on,
        today,
        content.discount_percent,
        content.discount_reason.strip(),
        content.terms,
        offer.one_off_total,
        offer.recurring_total,
        offer.net_total,
        offer.list_total,
        now,
    )


def _insert_lines(offers: Sequence[tuple[UUID, Offer]]) -> None:
    rows = [
        (
            new_id(),
            version_id,
            line.line_no,
            line.product_id,
            line.kind,
            line.description,
            line.quantity,
            line.interval_months,
            line.term_months,
            line.list_price,
            line.discount_percent,
            line.unit_price,
            sql.json(line.charge),
            line.net_total,
            sql.json(line.derivation.as_json()),
            line.included_tax_rate,
        )
        for version_id, offer in offers
        for line in offer.lines
    ]
    sql.insert("quote_lines", _LINE_COLUMNS, rows)


def _created(key: UUID, version: UUID, number: str, quote: NewQuote, offer: Offer) -> Event:
    objects = (
        ObjectRef("quote", key),
        ObjectRef("customer", quote.customer_id),
        ObjectRef("quote_version", version),
    )
    return Event("QuoteCreated", objects, {"number": number, "version": 1, "net_total": str(offer.net_total)})
