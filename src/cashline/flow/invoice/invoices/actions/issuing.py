"""Issuing invoices: prepared in memory, numbered last, appended by COPY; the database keeps each charge to one line.

Everything is planned before the number series is locked, so that parallel issuers wait for inserts alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from cashline.flow.agree.contracts.queries import agreements_by_id
from cashline.flow.book.credit.actions import change_exposure
from cashline.flow.invoice.invoices.actions.taking_off import take_off
from cashline.flow.invoice.invoices.queries import grounds_of
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice, DraftLine, PreparedInvoice
from cashline.flow.invoice.invoices.rules.issuing import AlreadyBilled, prepare
from cashline.flow.invoice.invoices.rules.lifecycle import INVOICE, InvoiceKind, InvoiceStatus
from cashline.kernel.identifiers import new_id, new_ids
from cashline.kernel.periods import Period
from cashline.kernel.refusals import NotFound, raise_all
from cashline.kernel.rounding import round_fraction
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers
from cashline.platform.outbox.actions import OutboxMessage, enqueue

_INVOICE = (
    "id number entity_id customer_id agreement_id seller_id buyer_id currency status issued_on due_on supply_on "
    "net_total tax_total gross_total open_amount entity_rate bill_run_id created_at"
)
_INVOICE_COLUMNS = _INVOICE.split()
_MORE_OF_INVOICE = ("kind", "purchase_order", "discount_total", "credit_applied", "prepaid_applied")
_LINE = (
    "id invoice_id line_no line_id product_id source_id period_start revision period description quantity unit "
    "unit_price net_amount tax_code tax_rate derivation"
)
_LINE_COLUMNS = _LINE.split()
_MORE_OF_LINE = ("component", "plan", "meter", "details", "discount_share", "agreement_id", "gross_amount")
_TAX_COLUMNS = ("id", "invoice_id", "tax_code", "rate", "base", "tax", "reason", "vatex", "basis", "discount")
_PART_COLUMNS = ("id", "invoice_id", "agreement_id", "net_total", "discount_total")
_SHARE_DIGITS = 12
ZERO = Decimal(0)


@transaction.atomic
def issue_invoices(drafts: Sequence[DraftInvoice], *, now: datetime, actor: str) -> list[UUID]:
    """Issue invoices: tax by line, totals by rate, due dates, gap-free numbers; gives their ids in order.

    Coupons and credits of the customers are used in the order of the document. Each records InvoiceIssued and queues
    its mail once. Raises every reason why one cannot be issued, and AlreadyBilled
    where a charge stands on an invoice already.
    """
    if not drafts:
        return []
    _require_agreements(drafts)
    found = grounds_of(drafts, for_update=True)
    prepared, refused = prepare(drafts, found.grounds)
    raise_all(refusal for _, refusal in refused)
    appended = append_invoices(prepared, found.parties, now=now, actor=actor)
    change_exposure(exposure_of(prepared), now=now, actor=actor)
    return appended.ids


def _require_agreements(drafts: Sequence[DraftInvoice]) -> None:
    """Refuse drafts of agreements with another customer, legal entity or currency, as if there were no such ones."""
    found = agreements_by_id(draft.agreement_id for draft in drafts if draft.agreement_id is not None)
    raise_all(
        NotFound(f"There is no agreement of this customer there in {draft.currency}.", field="agreement_id")
        for draft in drafts
        if draft.agreement_id is not None
        and (
            (row := found.get(draft.agreement_id)) is None
            or (row.customer_id, row.entity_id, row.currency) != (draft.customer_id, draft.entity_id, draft.currency)
        )
    )


class Appended(NamedTuple):
    """The ids of invoices, and of their lines, in order."""

    ids: list[UUID]
    line_ids: list[UUID]


@transaction.atomic(savepoint=False)
def append_invoices(
    prepared: Sequence[PreparedInvoice], parties: Mapping[UUID, str], *, now: datetime, actor: str
) -> Appended:
    """Append what was prepared. The caller changes the exposure (`exposure_of`) after all that it appends."""
    if not prepared:
        return Appended([], [])
    ids = new_ids(len(prepared))
    lines, line_columns = _line_rows(ids, prepared)
    taxes = _tax_rows(ids, prepared)
    _keep_parties(prepared, parties)
    numbers = _take_numbers(prepared)
    with _refusing_what_is_billed():
        rows, invoice_columns = _invoice_rows(ids, numbers, prepared, now)
        sql.insert("invoices", invoice_columns, rows)
        sql.insert("invoice_lines", line_columns, lines)
        sql.insert("invoice_taxes", _TAX_COLUMNS, taxes)
        _keep_parts(ids, prepared)
        _keep_withheld(ids, prepared)
    enqueue(_mails(ids, prepared), now=now)
    record(
        [_issued(key, number, item) for key, number, item in zip(ids, numbers, prepared, strict=True)],
        now=now,
        actor=actor,
    )
    take_off(ids, numbers, prepared, now=now, actor=actor)
    return Appended(ids, [row[0] for row in lines])


def _keep_parts(ids: Sequence[UUID], prepared: Sequence[PreparedInvoice]) -> None:
    """Keep what bills over several agreements bill of each."""
    rows = [
        (new_id(), key, *part)
        for key, item in zip(ids, prepared, strict=True)
        if item.draft.combines
        for part in item.parts()
    ]
    if rows:
        sql.insert("invoice_agreements", _PART_COLUMNS, rows)


def _keep_withheld(ids: Sequence[UUID], prepared: Sequence[PreparedInvoice]) -> None:
    """Keep what customers are expected to withhold."""
    rows = [
        (new_id(), key, one.percent, one.reason, one.base, one.amount)
        for key, item in zip(ids, prepared, strict=True)
        for one in item.withheld
    ]
    if rows:
        sql.insert("invoice_withholdings", ("id", "invoice_id", "rate", "reason", "base", "amount"), rows)


@contextmanager
def _refusing_what_is_billed() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, UniqueViolation) as error:
        if "invoice_line_billed_once" in str(error):
            raise AlreadyBilled("A delivery or a period of these lines stands on an invoice already.") from error
        raise


def invoice_series(prepared: Iterable[PreparedInvoice]) -> dict[tuple[UUID, int], Series]:
    """The series from which invoices take their numbers, by legal entity and year."""
    return {
        (item.seller.entity_id, item.draft.issued_on.year): Series(
            "invoice", item.seller.code, item.draft.issued_on.year, item.seller.entity_id
        )
        for item in prepared
    }


def _take_numbers(prepared: Sequence[PreparedInvoice]) -> list[str]:
    """The number of each invoice, in their order within the series of its entity and year."""
    series = invoice_series(prepared)
    keys = [series[item.seller.entity_id, item.draft.issued_on.year] for item in prepared]
    wanted: dict[Series, int] = {}
    for key in keys:
        wanted[key] = wanted.get(key, 0) + 1
    taken = {key: iter(numbers) for key, numbers in take_numbers(wanted).items()}
    return [next(taken[key]) for key in keys]


def _keep_parties(prepared: Sequence[PreparedInvoice], parties: Mapping[UUID, str]) -> None:
    """Keep the content of each party once; its id is its hash."""
    found = {key for item in prepared for key in (item.seller.party_id, item.buyer.party_id)}
    used = sorted(found, key=attrgetter("int"))
    sql.execute(
        "INSERT INTO invoice_parties (id, content) SELECT * FROM unnest(%s::uuid[], %s::jsonb[]) "
        "ON CONFLICT DO NOTHING",
        (sql.uuids(used), sql.array([parties[key] for key in used])),
    )


def _invoice_rows(
    ids: Sequence[UUID], numbers: Sequence[str], prepared: Sequence[PreparedInvoice], now: datetime
) -> tuple[list[tuple[Any, ...]], Sequence[str]]:
    """The rows and their columns; what few invoices have is written only where one of the batch has it."""
    issued = INVOICE.target("issue", InvoiceStatus.DRAFT).value
    rows = [
        (
            key,
            number,
            item.draft.entity_id,
            item.draft.customer_id,
            item.draft.agreement_id,
            item.seller.party_id,
            item.buyer.party_id,
            item.draft.currency,
            issued,
            item.draft.issued_on,
            item.due_on,
            item.supply_on,
            item.net_total,
            item.tax_total,
            item.gross_total,
            item.payable,
            item.entity_rate,
            item.draft.bill_run_id,
            now,
        )
        for key, number, item in zip(ids, numbers, prepared, strict=True)
    ]
    more = [
        (
            item.draft.kind.value,
            item.draft.purchase_order,
            item.discount_total if item.uses else ZERO,
            item.applied.account,
            item.applied.prepaid,
        )
        for item in prepared
    ]
    usual = (InvoiceKind.STANDARD.value, "", ZERO, ZERO, ZERO)
    if all(values == usual for values in more):
        return rows, _INVOICE_COLUMNS
    together = [(*row, *values) for row, values in zip(rows, more, strict=True)]
    return together, (*_INVOICE_COLUMNS, *_MORE_OF_INVOICE)


def _line_rows(ids: Sequence[UUID], prepared: Sequence[PreparedInvoice]) -> tuple[list[tuple[Any, ...]], Sequence[str]]:
    """The rows and their columns, likewise."""
    periods: dict[Period | None, str | None] = {None: None}
    rows: list[tuple[Any, ...]] = []
    plain = all(
        not item.uses
        and not item.draft.combines
        and not any(line.component or line.gross_amount is not None for line in item.draft.lines)
        for item in prepared
    )
    line_ids = iter(new_ids(sum(len(item.draft.lines) for item in prepared)))
    for key, item in zip(ids, prepared, strict=True):
        for line_no, (line, decision) in enumerate(zip(item.draft.lines, item.decisions, strict=True), 1):
            if line.period not in periods and line.period is not None:
                periods[line.period] = f"[{line.period.start},{line.period.end})"
            row = (
                next(line_ids),
                key,
                line_no,
                line.line_id,
                line.product_id,
                line.source_id,
                line.period_start,
                line.revision,
                periods[line.period],
                line.description,
                line.quantity,
                line.unit,
                line.unit_price,
                line.net_amount,
                decision.code,
                decision.rate,
                line.derivation,
            )
            rows.append(row if plain else (*row, *_more_of_line(item, line_no, line)))
    return rows, _LINE_COLUMNS if plain else (*_LINE_COLUMNS, *_MORE_OF_LINE)


def _more_of_line(item: PreparedInvoice, line_no: int, line: DraftLine) -> tuple[Any, ...]:
    share = round_fraction(item.shares[line_no - 1], _SHARE_DIGITS) if item.shares else ZERO
    return (line.component, line.plan, line.meter, line.details, share, line.agreement_id, line.gross_amount)


def _tax_rows(ids: Sequence[UUID], prepared: Sequence[PreparedInvoice]) -> list[tuple[Any, ...]]:
    return [
        (new_id(), key, tax.code, tax.rate, tax.base, tax.tax, tax.reason, tax.vatex, tax.basis, tax.discount)
        for key, item in zip(ids, prepared, strict=True)
        for tax in item.taxes
    ]


def exposure_of(prepared: Sequence[PreparedInvoice]) -> dict[UUID, Decimal]:
    """By how much invoices change each customer's exposure: what is owed now, less what counted since the order."""
    changes: dict[UUID, Decimal] = {}
    for item in prepared:
        customer = item.draft.customer_id
        changes[customer] = changes.get(customer, Decimal(0)) + item.payable - item.one_off_net
    return changes


def _mails(ids: Sequence[UUID], prepared: Sequence[PreparedInvoice]) -> list[OutboxMessage]:
    """A mail for each customer who has an address; the key keeps it from being sent twice."""
    return [
        OutboxMessage("invoice_mail", f"invoice_mail:{key}", {"invoice_id": str(key)})
        for key, item in zip(ids, prepared, strict=True)
        if item.buyer.email
    ]


def _issued(key: UUID, number: str, item: PreparedInvoice) -> Event:
    draft = item.draft
    objects = [ObjectRef("invoice", key), ObjectRef("customer", draft.customer_id)]
    objects.extend(ObjectRef("agreement", agreement_id) for agreement_id in draft.agreements)
    objects.extend(ObjectRef("order", order_id) for order_id in item.terms.order_ids)
    data: dict[str, Any] = {
        "number": number,
        "entity_id": str(draft.entity_id),
        "issued_on": _day(draft.issued_on),
        "due_on": _day(item.due_on),
        "currency": draft.currency,
        "net": str(item.net_total),
        "tax": str(item.tax_total),
        "gross": str(item.gross_total),
        "entity_rate": str(item.entity_rate),
    }
    if draft.combines:
        data["agreements"] = [[str(part.agreement_id), str(part.net_total)] for part in item.parts()]
    elif draft.agreement_id is None:
        data["earned_at_once"] = str(item.earned_at_once)
    if item.uses:
        data["discount"] = str(item.discount_total)
    return Event("InvoiceIssued", tuple(objects), data)


def _day(day: date) -> str:
    return day.isoformat()


def preview_invoices(drafts: Sequence[DraftInvoice]) -> list[PreparedInvoice]:
    """What `issue_invoices` would issue, without numbers, and nothing is kept or used; raises what it would raise."""
    _require_agreements(drafts)
    found = grounds_of(drafts)
    prepared, refused = prepare(drafts, found.grounds)
    raise_all(refusal for _, refusal in refused)
    return prepared
