"""Making agreements: of orders by the batch, of accepted quotes without any re-keying; and ending them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.catalog.queries import ProductRow, products_by_id
from cashline.flow.agree.contracts import queries
from cashline.flow.agree.contracts.rules import (
    AGREEMENT,
    AgreementOrigin,
    AgreementStatus,
    NewAgreement,
    NewTermLine,
    SignatureStatus,
    agreement_errors,
)
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.agree.pricing.rules.charges import Charge
from cashline.flow.agree.quotes.queries import QuoteLineRow, QuoteRow, quotes_by_id, version_lines
from cashline.flow.agree.quotes.rules import QuoteStatus
from cashline.kernel.derivations import Derivation
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import Conflict, InvalidValue, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_AGREEMENT_FIELDS = (
    "id number origin customer_id entity_id quote_version_id currency status title terms purchase_order "
    "payment_terms_days starts_on net_total created_at"
)
_AGREEMENT_COLUMNS = _AGREEMENT_FIELDS.split()
_LINE_FIELDS = (
    "id line_id agreement_id line_no product_id kind description quantity unit_price stand_alone_price charge "
    "interval_months term_months billing_trigger revenue_pattern tax_category net_total valid known_at "
    "included_tax_rate"
)
_LINE_COLUMNS = _LINE_FIELDS.split()


@transaction.atomic
def create_agreements(
    agreements: Sequence[NewAgreement], *, now: datetime, actor: str, entities: Mapping[UUID, Entity] | None = None
) -> list[UUID]:
    """Make agreements with their lines, numbered by legal entity and year, in four statements whatever their number.

    Those of origin ORDER are active at once (the order's own event tells of it); those of origin CONTRACT are drafts
    until they are signed, and each records AgreementCreated. `entities` are theirs, where the caller has read them
    (then it is three statements). Raises all errors at once.
    """
    if not agreements:
        return []
    several = len(agreements) > 1
    raise_all(
        error
        for index, agreement in enumerate(agreements)
        for error in agreement_errors(agreement, f"agreements.{index}." if several else "")
    )
    numbers = _numbers(agreements, entities or entities_by_id({new.entity_id for new in agreements}), now)
    rows = [_agreement_row(new, number, now) for new, number in zip(agreements, numbers, strict=True)]
    sql.insert("agreements", _AGREEMENT_COLUMNS, rows)
    days: dict[date, str] = {}
    line_rows = []
    for new in agreements:
        valid = days.setdefault(new.starts_on, f"[{new.starts_on},)")
        line_rows.extend([_line_row(line, new.id, valid, now) for line in new.lines])
    sql.insert("agreement_lines", _LINE_COLUMNS, line_rows)
    record(
        [
            _created(new, number)
            for new, number in zip(agreements, numbers, strict=True)
            if new.origin == AgreementOrigin.CONTRACT
        ],
        now=now,
        actor=actor,
    )
    return [new.id for new in agreements]


def _numbers(agreements: Sequence[NewAgreement], entities: Mapping[UUID, Entity], now: datetime) -> list[str]:
    """The number of each agreement, in their order."""
    series = {
        key: Series("agreement", entities[key].code, local_day(now, entities[key].timezone).year, key)
        for key in {new.entity_id for new in agreements}
    }
    wanted: dict[Series, int] = {}
    for new in agreements:
        wanted[series[new.entity_id]] = wanted.get(series[new.entity_id], 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[series[new.entity_id]]) for new in agreements]


def _agreement_row(new: NewAgreement, number: str, now: datetime) -> tuple[Any, ...]:
    status = AgreementStatus.ACTIVE if new.origin == AgreementOrigin.ORDER else AgreementStatus.DRAFT
    return (
        new.id,
        number,
        new.origin,
        new.customer_id,
        new.entity_id,
        new.quote_version_id,
        new.currency,
        status.value,
        new.title,
        new.terms,
        new.purchase_order,
        new.payment_terms_days,
        new.starts_on,
        new.net_total,
        now,
    )


def _line_row(line: NewTermLine, agreement_id: UUID, valid: str, now: datetime) -> tuple[Any, ...]:
    return (
        line.id,
        line.id,
        agreement_id,
        line.line_no,
        line.product_id,
        line.kind,
        line.description,
        line.quantity,
        line.unit_price,
        line.stand_alone_price,
        sql.json(line.charge) if line.charge is not None else None,
        line.interval_months,
        line.term_months,
        line.billing_trigger,
        line.revenue_pattern,
        line.tax_category,
        line.net_total,
        valid,
        now,
        line.included_tax_rate,
    )


def _created(new: NewAgreement, number: str) -> Event:
    objects = [ObjectRef("agreement", new.id), ObjectRef("customer", new.customer_id)]
    if new.quote_version_id is not None:
        objects.append(ObjectRef("quote_version", new.quote_version_id))
    if new.quote_id is not None:
        objects.append(ObjectRef("quote", new.quote_id))
    return Event(
        "AgreementCreated",
        tuple(objects),
        {"number": number, "origin": new.origin, "net_total": str(new.net_total), "currency": new.currency},
    )


def agree_on_acceptance(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off of QuoteAccepted: the agreement is drafted of what was accepted."""
    create_from_quotes([event.subject_id for event in events], now=now, actor=actor)


def create_from_quote(quote_id: UUID, *, now: datetime, actor: str) -> UUID:
    """Draft the agreement of one accepted quote; see `create_from_quotes`."""
    return create_from_quotes([quote_id], now=now, actor=actor)[0]


@transaction.atomic
def create_from_quotes(quote_ids: Sequence[UUID], *, now: datetime, actor: str) -> list[UUID]:
    """Draft the agreements of accepted quotes, line by line as they were quoted.

    A quote has one agreement: the database refuses a second, and this says so with a Conflict.
    """
    quotes = quotes_by_id(quote_ids)
    already = queries.agreements_of_quotes(quote_ids)
    for key in quote_ids:
        if key in already:
            raise Conflict(f"{quotes[key].number} already has the agreement {already[key].number}.", field="quote_id")
        if quotes[key].status != QuoteStatus.ACCEPTED:
            raise Conflict(f"{quotes[key].number} is {quotes[key].status}, not accepted.", field="quote_id")
    lines: dict[UUID, list[QuoteLineRow]] = {}
    for line in version_lines(row.version_id for row in quotes.values()):
        lines.setdefault(line.version_id, []).append(line)
    products = products_by_id(line.product_id for found in lines.values() for line in found)
    customers = customers_by_id(row.customer_id for row in quotes.values())
    agreements = [
        _of_quote(
            quotes[key],
            lines[quotes[key].version_id],
            products,
            customers[quotes[key].customer_id].payment_terms_days,
        )
        for key in quote_ids
    ]
    return create_agreements(agreements, now=now, actor=actor)


@transaction.atomic
def cancel_agreements(agreement_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Drop agreements that were never signed; whoever was asked to sign no longer can."""
    if not reason.strip():
        raise InvalidValue("Say why.", field="reason")
    _leave(agreement_ids, "cancel", "AgreementCancelled", reason=reason, now=now, actor=actor)


@transaction.atomic
def recall_agreements(agreement_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Take agreements back from signing to draft, so that they can be sent to other signers."""
    _leave(agreement_ids, "recall", "AgreementRecalled", reason=reason, now=now, actor=actor)


@transaction.atomic
def end_agreements(agreement_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Everything agreed was done or given up; downstream says when."""
    _leave(agreement_ids, "end", "AgreementEnded", reason=reason, now=now, actor=actor)


def _leave(agreement_ids: Sequence[UUID], verb: str, event: str, *, reason: str, now: datetime, actor: str) -> None:
    rows = queries.agreements_for_update(agreement_ids)
    changes = [(row.id, AGREEMENT.target(verb, row.status, document_id=row.number).value) for row in rows.values()]
    sql.update("agreements", {"status": "text"}, changes)
    withdraw_signatures(list(rows))
    record(
        [
            Event(event, (ObjectRef("agreement", row.id), ObjectRef("customer", row.customer_id)), {}, reason)
            for row in rows.values()
        ],
        now=now,
        actor=actor,
    )


def withdraw_signatures(agreement_ids: Sequence[UUID]) -> None:
    """Nobody may sign these agreements by what they were sent."""
    sql.execute(
        "UPDATE signatures SET status = %s WHERE agreement_id = ANY(%s) AND status = %s",
        (SignatureStatus.WITHDRAWN.value, list(agreement_ids), SignatureStatus.REQUESTED.value),
    )


def _of_quote(
    quote: QuoteRow, lines: Sequence[QuoteLineRow], products: dict[UUID, ProductRow], payment_terms_days: int
) -> NewAgreement:
    return NewAgreement(
        customer_id=quote.customer_id,
        entity_id=quote.entity_id,
        currency=quote.currency,
        starts_on=quote.starts_on,
        payment_terms_days=payment_terms_days,
        lines=[term_of_quote_line(line, products[line.product_id]) for line in lines],
        origin=AgreementOrigin.CONTRACT.value,
        title=quote.title,
        terms=quote.terms,
        quote_version_id=quote.version_id,
        quote_id=quote.id,
    )


def term_of_quote_line(line: QuoteLineRow, product: ProductRow) -> NewTermLine:
    """The line that is agreed when a quote is accepted; a forecast of the quote plans from the same."""
    tier_price = Derivation.from_json(line.derivation).parts[0].inputs["tier_price"]
    return NewTermLine(
        line_no=line.line_no,
        product_id=line.product_id,
        kind=line.kind,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        stand_alone_price=Decimal(str(tier_price)),
        billing_trigger=product.billing_trigger,
        revenue_pattern=product.revenue_pattern,
        tax_category=product.tax_category,
        net_total=line.net_total,
        interval_months=line.interval_months,
        term_months=line.term_months,
        charge=None if Charge.from_json(line.charge).plain else line.charge,
        included_tax_rate=line.included_tax_rate,
    )
