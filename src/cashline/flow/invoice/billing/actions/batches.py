"""A batch of a bill run: planned from what was read, then appended, in the transaction of the caller.

It locks its agreements' schedules first, then invoices that are credited, then number series, then credit accounts.
What is given back is appended first, so that it pays the invoices of the same batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.book.credit.actions import change_exposure
from cashline.flow.deliver.fulfilment.queries import deliveries_for
from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions.grouping import credit_together, group_prepared
from cashline.flow.invoice.billing.actions.planned import bills_of_plans, keep_charges
from cashline.flow.invoice.billing.actions.settling import keep_settlements
from cashline.flow.invoice.billing.actions.waiting import (
    RELEASE,
    PlannedWait,
    held_without_plan,
    keep_waits,
    what_waits,
)
from cashline.flow.invoice.billing.queries.plans import paid_of
from cashline.flow.invoice.billing.rules.agreements import AgreementBills, DueAgreement, bill_agreement
from cashline.flow.invoice.billing.rules.charges import DEFAULT_CONVENTIONS
from cashline.flow.invoice.billing.rules.differences import PostedLine
from cashline.flow.invoice.billing.rules.manifest import BillException, Manifest, exception_of
from cashline.flow.invoice.billing.rules.planning import LineToBill
from cashline.flow.invoice.billing.rules.waiting import Waiting
from cashline.flow.invoice.credit_notes.actions import append_credit_notes, note_series
from cashline.flow.invoice.credit_notes.queries import creditable, creditable_for_update
from cashline.flow.invoice.credit_notes.rules import (
    CreditableInvoice,
    CreditRequest,
    PlannedCreditNote,
    plan_credit_note,
)
from cashline.flow.invoice.credits.rules import refundable
from cashline.flow.invoice.invoices.actions import append_invoices, exposure_of, invoice_series
from cashline.flow.invoice.invoices.queries import grounds_of
from cashline.flow.invoice.invoices.rules.issuing import PreparedInvoice, prepare
from cashline.kernel.refusals import Refusal, raise_all
from cashline.platform import sql
from cashline.platform.numbering.actions import hold_series


class BilledDocument(NamedTuple):
    """An invoice or credit note of a run; in a preview it has no id."""

    document_id: UUID | None
    is_credit_note: bool
    customer_id: UUID
    agreement_id: UUID | None
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    lines: int


class PlannedBatch(NamedTuple):
    """What a batch appends, what it parks, and when to look at each agreement again."""

    prepared: list[PreparedInvoice]
    parties: Mapping[UUID, str]
    notes: list[PlannedCreditNote]
    exceptions: list[BillException]
    bills: list[AgreementBills]
    cursor: tuple[UUID, UUID]
    looked_at: int
    waits: Sequence[PlannedWait] = ()
    held: int = 0
    known: Mapping[UUID, Waiting] = {}
    grouped: bool = False

    def counted_in(self, manifest: Manifest) -> Manifest:
        """The manifest with this batch."""
        drafts = sum(wait.is_draft for wait in self.waits)
        return manifest.plus(self.prepared, self.notes, self.exceptions, self.looked_at, self.cursor, self.held, drafts)


def plan_batch(
    due: Sequence[DueAgreement],
    as_of: date,
    bill_run_id: UUID | None,
    *,
    now: datetime,
    for_update: bool,
    released: bool = False,
) -> PlannedBatch:
    """Read, plan and prepare a batch; nothing is written. An agreement that cannot be billed whole is parked whole.

    What the policy of its legal entity does not let pass waits, unless a person has `released` it.
    """
    known, parked = held_without_plan(due)
    wanted = due if released or not parked else [item for item in due if item.agreement_id not in parked]
    of_plans = [item for item in wanted if item.plans]
    bills = _bills([item for item in wanted if not item.plans] if of_plans else wanted, as_of, bill_run_id)
    if of_plans:
        bills += bills_of_plans(of_plans, as_of, bill_run_id, now=now)
    planned = prepare_batch(due, bills, for_update=for_update)
    if known or any(item.policy is not None for item in due):
        planned = _held_back(planned, due, bills, known, parked, for_update=for_update, released=released)
    return _grouped(planned, for_update=for_update) if any(item.group_by for item in due) else planned


def _grouped(planned: PlannedBatch, *, for_update: bool) -> PlannedBatch:
    """The batch with its invoices as the customers' rules have them."""
    prepared, parties = group_prepared(planned.bills, planned.prepared, for_update=for_update)
    return planned._replace(prepared=prepared, parties={**planned.parties, **parties}, grouped=True)


def _held_back(
    planned: PlannedBatch,
    due: Sequence[DueAgreement],
    bills: list[AgreementBills],
    known: Mapping[UUID, Waiting],
    parked: set[UUID],
    *,
    for_update: bool,
    released: bool,
) -> PlannedBatch:
    """The batch without what waits, and with what is to be kept of that."""
    waits = [] if released else what_waits(due, planned.prepared, planned.notes, known)
    if waits:
        kept = {wait.due.agreement_id for wait in waits}
        used = any(item.uses or item.applied.parts for item in planned.prepared)
        used = used or any(note.invoice.agreement_id is None for note in planned.notes)
        planned = _without(planned, kept) if not used else prepare_batch(
            due, [item for item in bills if item.due.agreement_id not in kept], for_update=for_update
        )  # fmt: skip
    held = [wait.exception for wait in waits if not wait.is_draft]
    if not released:
        held += [
            BillException(item.agreement_id, item.customer_id, f"held_{one.cause}", one.words, RELEASE)
            for item in due
            if (one := known.get(item.agreement_id)) is not None and item.agreement_id in parked
        ]
    return planned._replace(exceptions=planned.exceptions + held, waits=waits, held=len(held), known=known)


def _without(planned: PlannedBatch, kept: set[UUID]) -> PlannedBatch:
    """The batch without the agreements whose bills wait."""
    return planned._replace(
        prepared=[item for item in planned.prepared if item.draft.agreement_id not in kept],
        notes=[note for note in planned.notes if kept.isdisjoint(note.nets)],
        bills=[item for item in planned.bills if item.due.agreement_id not in kept],
    )


def prepare_batch(
    due: Sequence[DueAgreement], bills: list[AgreementBills], *, for_update: bool, raising: bool = False
) -> PlannedBatch:
    """Prepare what was planned: taxes, totals and parties; what cannot be issued is parked, or (`raising`) refused."""
    drafts = [item.draft for item in bills if item.draft is not None]
    parked: dict[UUID, BillException] = {}
    for item in bills:
        if item.refusal is not None:
            if raising:
                raise item.refusal
            of = item.due
            parked[of.agreement_id] = exception_of(of.agreement_id, of.customer_id, item.refusal)
    prepared: list[PreparedInvoice] = []
    parties: Mapping[UUID, str] = {}
    if drafts:
        found = grounds_of(drafts, for_update=for_update)
        parties = found.parties
        prepared, refused = prepare(drafts, found.grounds)
        if raising:
            raise_all(refusal for _, refusal in refused)
        for draft, refusal in refused:
            assert draft.agreement_id is not None  # noqa: S101 - a run bills agreements
            parked[draft.agreement_id] = exception_of(draft.agreement_id, draft.customer_id, refusal)
    notes = _notes_of(bills, parked, for_update=for_update)
    if parked:
        prepared = [item for item in prepared if item.draft.agreement_id not in parked]
        bills = [item for item in bills if item.due.agreement_id not in parked]
    cursor = (due[-1].customer_id, due[-1].agreement_id)
    return PlannedBatch(prepared, parties, notes, list(parked.values()), bills, cursor, len(due))


def append_batch(
    planned: PlannedBatch, run_id: UUID | None, *, now: datetime, actor: str, as_of: date = date.min
) -> list[BilledDocument]:
    """Write a batch: invoices, credit notes, exposure, what waits, and when to look at each agreement again."""
    note_ids: list[UUID] = []
    if planned.notes:
        if planned.prepared:
            hold_series([*note_series(planned.notes), *invoice_series(planned.prepared).values()])
        note_ids = append_credit_notes(planned.notes, bill_run_id=run_id, now=now, actor=actor)
        planned = _paid_by_notes(planned)
    invoice_ids, line_ids = append_invoices(planned.prepared, planned.parties, now=now, actor=actor)
    change_exposure(exposure_of(planned.prepared), now=now, actor=actor)
    posts = [post for item in planned.bills for post in item.posts]
    if posts:
        issued = {note.invoice.id: key for note, key in zip(planned.notes, note_ids, strict=True)}
        lines = (line for item in planned.prepared for line in item.draft.lines)
        keys = [(line.source_id, line.period_start, line.revision) for line in lines]
        keep_charges(posts, dict(zip(keys, line_ids, strict=True)), issued, now=now)
    billed = {key for item in planned.prepared for key in item.draft.agreements}
    sql.update(
        "billing_schedules",
        {"due_on": "date", "settled_through": "date", "billed": "bool"},
        [
            (
                item.due.agreement_id,
                item.next_due_on,
                item.settled_through,
                item.due.billed or item.due.agreement_id in billed,
            )
            for item in planned.bills
        ],
        key="agreement_id",
    )
    keep_settlements([one for item in planned.bills for one in item.settled])
    if planned.waits or planned.known:
        _keep_waits(planned, invoice_ids, as_of, run_id, now=now, actor=actor)
    return documents_of(planned, invoice_ids, note_ids)


def _paid_by_notes(planned: PlannedBatch) -> PlannedBatch:
    """The batch with the invoices prepared anew of customers to whom its notes have given credit."""
    credited = {note.invoice.customer_id for note in planned.notes if note.unapplied > note.request.refund}
    again = [item._replace(requests=[]) for item in planned.bills if item.due.customer_id in credited]
    if not any(item.draft is not None for item in again):
        return planned
    fresh = prepare_batch([item.due for item in again], again, for_update=True, raising=True)
    fresh = _grouped(fresh, for_update=True) if planned.grouped else fresh
    of: dict[UUID, list[PreparedInvoice]] = {}
    for one in fresh.prepared:
        of.setdefault(one.draft.customer_id, []).append(one)
    prepared: list[PreparedInvoice] = []
    for one in planned.prepared:
        customer = one.draft.customer_id
        prepared += of.pop(customer, []) if customer in credited else [one]
    return planned._replace(prepared=prepared, parties={**planned.parties, **fresh.parties})


def _keep_waits(
    planned: PlannedBatch, invoice_ids: Sequence[UUID], as_of: date, run_id: UUID | None, *, now: datetime, actor: str
) -> None:
    """Keep what waits, and settle what was on file of the agreements that this batch has billed or found nothing of."""
    issued = {of: key for item, key in zip(planned.prepared, invoice_ids, strict=True) for of in item.draft.agreements}
    done = (item.due.agreement_id for item in planned.bills)
    settled = {key: (planned.known[key], issued.get(key)) for key in done if key in planned.known}
    keep_waits(planned.waits, settled, as_of, run_id, now=now, actor=actor)


def documents_of(
    planned: PlannedBatch, invoice_ids: Sequence[UUID] = (), note_ids: Sequence[UUID] = ()
) -> list[BilledDocument]:
    """The documents of a batch; without ids those of a preview."""
    found = [
        BilledDocument(
            invoice_ids[index] if invoice_ids else None,
            False,
            item.draft.customer_id,
            item.draft.agreement_id,
            item.draft.currency,
            item.net_total,
            item.tax_total,
            item.gross_total,
            len(item.draft.lines),
        )
        for index, item in enumerate(planned.prepared)
    ]
    found += [
        BilledDocument(
            note_ids[index] if note_ids else None,
            True,
            note.invoice.customer_id,
            note.invoice.agreement_id,
            note.invoice.currency,
            note.net_total,
            note.tax_total,
            note.gross_total,
            len(note.lines),
        )
        for index, note in enumerate(planned.notes)
    ]
    return found


def _notes_of(
    bills: Sequence[AgreementBills], parked: dict[UUID, BillException], *, for_update: bool
) -> list[PlannedCreditNote]:
    """The notes of agreements that are not parked; where one cannot be given, all that it would credit are."""
    while any(item.requests for item in bills):
        before = len(parked)
        notes = _notes([item for item in bills if item.due.agreement_id not in parked], parked, for_update=for_update)
        if len(parked) == before:
            return notes
    return []


def _notes(
    bills: Sequence[AgreementBills], parked: dict[UUID, BillException], *, for_update: bool
) -> list[PlannedCreditNote]:
    requests = credit_together([(item.due, request) for item in bills for request in item.requests])
    if not requests:
        return []
    wanted = {key for item in bills for key in item.refunds}
    paid = paid_of(wanted) if wanted else {}
    read = creditable_for_update if for_update else creditable
    invoices = read(request.invoice_id for _, request in requests)
    notes: list[PlannedCreditNote] = []
    for of, request in requests:
        try:
            notes.append(_note(invoices[request.invoice_id], request, of[0].today, paid))
        except Refusal as refusal:
            parked.update({due.agreement_id: exception_of(due.agreement_id, due.customer_id, refusal) for due in of})
    return notes


def _note(
    invoice: CreditableInvoice, request: CreditRequest, today: date, paid: Mapping[UUID, tuple[Decimal, Decimal]]
) -> PlannedCreditNote:
    """The note of a request; where a refund is wanted, what was paid beyond the value used is paid back."""
    note = plan_credit_note(invoice, request, today)
    if request.invoice_id not in paid:
        return note
    amount, total = paid[request.invoice_id]
    refund = refundable(paid=amount, total=total, credited=note.gross_total)
    return plan_credit_note(invoice, replace(request, refund=refund), today) if refund else note


def _bills(due: Sequence[DueAgreement], as_of: date, bill_run_id: UUID | None) -> list[AgreementBills]:
    """The bills of each agreement; every line is looked up as rarely as can be, since there are many."""
    if not due:
        return []
    lines: dict[UUID, LineToBill] = {}
    found: dict[UUID, list[LineToBill]] = {item.agreement_id: [] for item in due}
    products: set[UUID] = set()
    for term in term_lines(agreement_ids=list(found)):
        products.add(term.product_id)
        line = lines.get(term.line_id)
        if line is None:
            line = lines[term.line_id] = LineToBill([term], [])
            found[term.agreement_id].append(line)
        else:
            line.versions.append(term)
    for fact in deliveries_for(line_ids=list(lines)):
        lines[fact.line_id].facts.append(fact)
    units = queries.units_of(products)
    posted = _posted([item.agreement_id for item in due if item.billed and item.settled_through is None], found)
    return [
        bill_agreement(
            item,
            [line for line in found[item.agreement_id] if line.facts],
            posted.get(item.agreement_id, ()),
            units,
            as_of,
            DEFAULT_CONVENTIONS,
            bill_run_id,
        )
        for item in due
    ]


def _posted(agreement_ids: Sequence[UUID], found: Mapping[UUID, Sequence[LineToBill]]) -> dict[UUID, list[PostedLine]]:
    """What was posted of agreements whose facts have changed since."""
    agreement_of = {line.versions[0].line_id: key for key in agreement_ids for line in found[key]}
    posted: dict[UUID, list[PostedLine]] = {}
    if agreement_of:
        for line_id, lines in queries.posted_lines(agreement_of).items():
            posted.setdefault(agreement_of[line_id], []).extend(lines)
    return posted
