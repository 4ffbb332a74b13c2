"""The API of quotes: drafting, approval, sending, and the customer's answer."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.customers.queries import customer
from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.flow.agree.quotes import actions, queries
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow
from cashline.flow.agree.quotes.rules import (
    Acceptance,
    NewQuote,
    NewQuoteLine,
    QuoteContent,
    QuoteStatus,
    sound_offers,
)
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.documents.queries import latest_file
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Email,
    EntityCode,
    Limit,
    LongText,
    Months,
    Name,
    Percent,
    PublicId,
    Quantity,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Quotes"])
type Description = Annotated[str, StringConstraints(max_length=500)]


class QuoteLineIn(Closed):
    """A line; an interval or a term left out follows from the product's prices."""

    sku: Name
    quantity: Quantity
    interval_months: Months | None = None
    term_months: Months | None = None
    discount_percent: Percent = Decimal(0)
    description: Description = ""


class ContentIn(Closed):
    """What is offered, until the quote is sent."""

    title: Name
    valid_until: date
    starts_on: date
    lines: Annotated[list[QuoteLineIn], Field(min_length=1, max_length=1000)]
    discount_percent: Percent = Decimal(0)
    discount_reason: Description = ""
    terms: LongText = ""
    contact_name: Text = ""
    contact_email: Email = ""
    price_book: PublicId | None = None

    def content(self) -> QuoteContent:
        """As the rules take it."""
        given = self.model_dump(include=set(ContentIn.model_fields) - {"lines", "price_book"})
        lines = tuple(NewQuoteLine(**line.model_dump()) for line in self.lines)
        book = key_of("price_book", self.price_book) if self.price_book else None
        return QuoteContent(**given, lines=lines, price_book_id=book)


class QuoteIn(ContentIn):
    """A quote to create, for a customer and of a legal entity."""

    customer: PublicId
    entity: EntityCode


class DecisionIn(Closed):
    """What the approver says."""

    comment: Annotated[str, StringConstraints(max_length=1000)] = ""


class ReviseIn(Closed):
    """A later last day, if wanted."""

    valid_until: date | None = None


class AcceptanceIn(Closed):
    """Who accepts for the customer."""

    name: Name
    email: Email


def shape(row: QuoteRow, lines: list[QuoteLineRow] | None = None) -> dict[str, Any]:
    """A quote as the API shows it, with its current version."""
    body: dict[str, Any] = {
        "id": public("quote", row.id),
        "number": row.number,
        "title": row.title,
        "status": row.status,
        "customer": public("customer", row.customer_id),
        "entity": public("entity", row.entity_id),
        "currency": row.currency,
        "version": row.version,
        "version_id": public("quote_version", row.version_id),
        "valid_until": row.valid_until,
        "starts_on": row.starts_on,
        "priced_on": row.priced_on,
        "discount_percent": row.discount_percent,
        "discount_reason": row.discount_reason,
        "terms": row.terms,
        "contact_name": row.contact_name,
        "contact_email": row.contact_email,
        "list_total": row.list_total,
        "one_off_total": row.one_off_total,
        "recurring_total": row.recurring_total,
        "net_total": row.net_total,
        "accepted_by": row.accepted_by,
        "accepted_at": row.accepted_at,
        "sent_at": row.frozen_at,
        "created_at": row.created_at,
    }
    if lines is not None:
        body["lines"] = [line_shape(line) for line in lines]
    return body


def line_shape(line: QuoteLineRow) -> dict[str, Any]:
    """A line as the API shows it, with the derivation of its total."""
    return {
        "id": public("quote_line", line.id),
        "line_no": line.line_no,
        "product": public("product", line.product_id),
        "sku": line.sku,
        "kind": line.kind,
        "description": line.description,
        "quantity": line.quantity,
        "interval_months": line.interval_months,
        "term_months": line.term_months,
        "list_price": line.list_price,
        "discount_percent": line.discount_percent,
        "unit_price": line.unit_price,
        "included_tax_rate": line.included_tax_rate,
        "price_with_tax": price_with_tax(line.unit_price, line.included_tax_rate),
        "net_total": line.net_total,
        "derivation": line.derivation,
    }


def _whole(key: UUID) -> dict[str, Any]:
    row = queries.quote(key)
    return shape(row, queries.version_lines([row.version_id]))


def _seen(caller: Caller, quote_id: str, permission: str = "quotes.read") -> QuoteRow:
    row = queries.quote(key_of("quote", quote_id))
    require_visible(caller, permission, row.entity_id, "quote", row.id)
    return row


def _step(
    request: HttpRequest, quote_id: str, permission: str, step: Callable[[QuoteRow, Caller], None]
) -> dict[str, Any]:
    """One step on a quote that the caller may take."""
    caller = caller_of(request)
    row = _seen(caller, quote_id, permission)
    step(row, caller)
    return _whole(row.id)


def _today(row: QuoteRow, caller: Caller) -> date:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


@router.get("/quotes")
def quote_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[QuoteStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    customer: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Quotes, the newest first unless sorted by number, title, customer, status, valid_until or net_total."""
    caller = caller_of(request)
    caller.require("quotes.read")
    page = queries.list_quotes(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("quotes.read"),
    )
    return listed(page, shape)


@router.post("/quotes", response={201: dict[str, Any]})
def quote_create(request: HttpRequest, body: QuoteIn) -> tuple[int, dict[str, Any]]:
    """Create a draft at today's list prices; every error of every line comes at once."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("quotes.write", entity.id)
    new = NewQuote(key_of("customer", body.customer), entity.id, body.content(), caller.authority.user_id)
    today = caller.today(entity.timezone)
    return 201, _whole(actions.create_quote(new, today=today, now=caller.now, actor=caller.actor))


@router.post("/quotes/preview")
def quote_preview(request: HttpRequest, body: QuoteIn) -> dict[str, Any]:
    """Price an offer as creating it would, and store nothing."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("quotes.read", entity.id)
    buyer = customer(key_of("customer", body.customer))
    priced = queries.price_offers([(body.content(), buyer.currency)], caller.today(entity.timezone))
    (offer,) = sound_offers(priced)
    names = ("line_no", "sku", "description", "quantity", "interval_months", "term_months", "list_price", "unit_price")
    lines = [
        {name: getattr(line, name) for name in names}
        | {
            "included_tax_rate": line.included_tax_rate,
            "price_with_tax": price_with_tax(line.unit_price, line.included_tax_rate),
            "net_total": line.net_total,
            "derivation": line.derivation.as_json(),
        }
        for line in offer.lines
    ]
    return {
        "currency": buyer.currency,
        "list_total": offer.list_total,
        "one_off_total": offer.one_off_total,
        "recurring_total": offer.recurring_total,
        "net_total": offer.net_total,
        "lines": lines,
    }


@router.get("/quotes/{quote_id}")
def quote_show(request: HttpRequest, quote_id: PublicId) -> dict[str, Any]:
    """One quote with the lines of its current version."""
    return _whole(_seen(caller_of(request), quote_id).id)


@router.put("/quotes/{quote_id}")
def quote_change(request: HttpRequest, quote_id: PublicId, body: ContentIn) -> dict[str, Any]:
    """Replace what a draft offers, priced anew at today's list prices."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.change_quote(
            row.id, content=body.content(), today=_today(row, caller), now=caller.now, actor=caller.actor
        ),
    )


@router.get("/quotes/{quote_id}/versions")
def quote_versions(request: HttpRequest, quote_id: PublicId) -> dict[str, Any]:
    """The versions with their lines, the first one first; sent ones never change."""
    row = _seen(caller_of(request), quote_id)
    versions = queries.versions_of(row.id)
    lines: dict[UUID, list[QuoteLineRow]] = {version.id: [] for version in versions}
    for line in queries.version_lines(lines):
        lines[line.version_id].append(line)
    items = [
        {
            "id": public("quote_version", version.id),
            "version": version.version,
            "starts_on": version.starts_on,
            "discount_percent": version.discount_percent,
            "list_total": version.list_total,
            "net_total": version.net_total,
            "sent_at": version.frozen_at,
            "lines": [line_shape(line) for line in lines[version.id]],
        }
        for version in versions
    ]
    return {"items": items, "next_cursor": ""}


@router.get("/quotes/{quote_id}/pdf")
def quote_pdf(request: HttpRequest, quote_id: PublicId) -> HttpResponse:
    """The PDF of the version that was sent last."""
    row = _seen(caller_of(request), quote_id)
    for version in reversed(queries.versions_of(row.id)):
        if stored := latest_file(version.id, "quote"):
            return HttpResponse(stored.content, content_type=stored.file.media_type)
    raise NotFound(f"{row.number} was not sent yet.", field="id")


@router.post("/quotes/{quote_id}/submit")
def quote_submit(request: HttpRequest, quote_id: PublicId) -> dict[str, Any]:
    """Submit a draft: approved at once within your authority, else another person is asked."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.request_approval([row.id], authority=caller.authority, now=caller.now),
    )


@router.post("/quotes/{quote_id}/approve")
def quote_approve(request: HttpRequest, quote_id: PublicId, body: DecisionIn) -> dict[str, Any]:
    """Approve what somebody else submitted."""
    return _step(
        request,
        quote_id,
        "quotes.approve",
        lambda row, caller: actions.approve_quotes(
            [row.id], authority=caller.authority, comment=body.comment, now=caller.now
        ),
    )


@router.post("/quotes/{quote_id}/reject")
def quote_reject(request: HttpRequest, quote_id: PublicId, body: DecisionIn) -> dict[str, Any]:
    """Send it back to draft; the comment is needed."""
    return _step(
        request,
        quote_id,
        "quotes.approve",
        lambda row, caller: actions.reject_quotes(
            [row.id], authority=caller.authority, comment=body.comment, now=caller.now
        ),
    )


@router.post("/quotes/{quote_id}/withdraw")
def quote_withdraw(request: HttpRequest, quote_id: PublicId) -> dict[str, Any]:
    """Take it back to draft before anyone has decided."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.withdraw_approval([row.id], now=caller.now, actor=caller.actor),
    )


@router.post("/quotes/{quote_id}/send")
def quote_send(request: HttpRequest, quote_id: PublicId) -> dict[str, Any]:
    """Freeze the version, store its PDF and mail it; a draft within your authority is approved on the way."""
    return _step(
        request,
        quote_id,
        "quotes.send",
        lambda row, caller: actions.send_quotes(
            [row.id], authority=caller.authority, today=_today(row, caller), now=caller.now
        ),
    )


@router.post("/quotes/{quote_id}/revise")
def quote_revise(request: HttpRequest, quote_id: PublicId, body: ReviseIn) -> dict[str, Any]:
    """Open it for change again as the next version."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.revise_quote(
            row.id, valid_until=body.valid_until, now=caller.now, actor=caller.actor
        ),
    )


@router.post("/quotes/{quote_id}/accept")
def quote_accept(request: HttpRequest, quote_id: PublicId, body: AcceptanceIn) -> dict[str, Any]:
    """Record the customer's acceptance; the contract is drafted in the same transaction."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.accept_quotes(
            [row.id],
            accepted_by=Acceptance(body.name, body.email),
            today=_today(row, caller),
            now=caller.now,
            actor=caller.actor,
        ),
    )


@router.post("/quotes/{quote_id}/decline")
def quote_decline(request: HttpRequest, quote_id: PublicId, body: Why) -> dict[str, Any]:
    """Record that the customer said no."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.decline_quotes([row.id], reason=body.reason, now=caller.now, actor=caller.actor),
    )


@router.post("/quotes/{quote_id}/cancel")
def quote_cancel(request: HttpRequest, quote_id: PublicId, body: Why) -> dict[str, Any]:
    """Take it off the table."""
    return _step(
        request,
        quote_id,
        "quotes.write",
        lambda row, caller: actions.cancel_quotes([row.id], reason=body.reason, now=caller.now, actor=caller.actor),
    )
