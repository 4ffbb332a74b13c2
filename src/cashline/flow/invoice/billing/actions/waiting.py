"""Holding bills back: what a batch of a run lets wait, and what a person decides about it.

A bill that waits is no invoice: its agreement stays due, each run plans it anew, and the row shows the last plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.invoice.billing.queries.waiting import past_bills, policies_of, waiting_of
from cashline.flow.invoice.billing.rules.agreements import DueAgreement
from cashline.flow.invoice.billing.rules.manifest import BillException
from cashline.flow.invoice.billing.rules.waiting import (
    WAITING_BILL,
    WITHOUT_PLAN,
    BillingPolicy,
    JudgedBill,
    Verdict,
    Waiting,
    WaitingCause,
    WaitingStatus,
    decide,
    decide_at_once,
    policy_errors,
    window_end,
)
from cashline.flow.invoice.credit_notes.rules import CreditableInvoice, PlannedCreditNote
from cashline.flow.invoice.invoices.rules.drafts import DraftInvoice
from cashline.flow.invoice.invoices.rules.issuing import PreparedInvoice
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

ZERO = Decimal(0)
FREELY = BillingPolicy()
LINES_KEPT = 200
"""How many lines of a bill that waits are kept to be looked at."""
RELEASE = "See the bills that wait: release or refuse it there."


class PlannedWait(NamedTuple):
    """A bill that a batch lets wait: why, its amounts and lines, and what is on file of it already."""

    due: DueAgreement
    verdict: Verdict
    bill: JudgedBill
    tax: Decimal
    gross: Decimal
    until: date | None
    lines: list[dict[str, Any]]
    known: Waiting | None

    @property
    def is_draft(self) -> bool:
        """Does it wait for its grace window alone?"""
        return self.verdict.cause is WaitingCause.GRACE

    @property
    def exception(self) -> BillException:
        """How the manifest of a run names it."""
        return BillException(
            self.due.agreement_id, self.due.customer_id, f"held_{self.verdict.cause}", self.verdict.words, RELEASE
        )


def held_without_plan(due: Iterable[DueAgreement]) -> tuple[dict[UUID, Waiting], set[UUID]]:
    """What is on file of the agreements of a batch, and those that wait whatever is due."""
    held = [item.agreement_id for item in due if item.held]
    found = waiting_of(held) if held else {}
    return found, {key for key, one in found.items() if one.cause in WITHOUT_PLAN}


def what_waits(
    due: Sequence[DueAgreement],
    prepared: Iterable[PreparedInvoice],
    notes: Iterable[PlannedCreditNote],
    known: Mapping[UUID, Waiting],
    *,
    at_once: bool = False,
) -> list[PlannedWait]:
    """Which of the planned bills wait; one query where any entity has a gate, none where no policy stands.

    `at_once`: an event bills them, and not a run; what runs bill is judged by what they billed before.
    """
    governed = {item.agreement_id: item for item in due if item.policy is not None}
    if not governed:
        return []
    invoices = {item.draft.agreement_id: item for item in prepared if item.draft.agreement_id in governed}
    credited: dict[UUID | None, list[tuple[CreditableInvoice, Decimal]]] = {}
    for note in notes:
        for key, net in note.nets.items():
            if key in governed:
                credited.setdefault(key, []).append((note.invoice, net))
    bills = {
        key: _judged(invoices.get(key), credited.get(key, ())) for key in governed if key in {*invoices, *credited}
    }
    gated = [(key, bill.days) for key, bill in bills.items() if (governed[key].policy or FREELY).gated]
    most = max(((item.policy or FREELY).bills for item in governed.values()), default=0)
    past = past_bills(gated, most, of_runs=not at_once)
    waits = []
    for key, bill in bills.items():
        item = governed[key]
        policy, before = item.policy or FREELY, past.get(key, ())
        if at_once:
            verdict = decide_at_once(policy, bill, before)
        else:
            verdict = decide(policy, bill, before, known.get(key), item.today)
        if verdict is not None:
            until = window_end(policy, known.get(key), item.today)
            waits.append(_wait(item, verdict, bill, invoices.get(key), until, known.get(key)))
    return waits


def _judged(invoice: PreparedInvoice | None, notes: Sequence[tuple[CreditableInvoice, Decimal]]) -> JudgedBill:
    credited = sum((net for _, net in notes), ZERO)
    if invoice is None:
        return JudgedBill(ZERO, credited, 0, notes[0][0].currency, notes[0][0].entity_rate)
    draft = invoice.draft
    return JudgedBill(invoice.net_total, credited, longest_days(draft), draft.currency, invoice.entity_rate)


def longest_days(draft: DraftInvoice) -> int:
    """The days of the longest period that a draft bills."""
    return max(((line.period.end - line.period.start).days for line in draft.lines if line.period), default=0)


def _wait(
    due: DueAgreement,
    verdict: Verdict,
    bill: JudgedBill,
    invoice: PreparedInvoice | None,
    until: date | None,
    known: Waiting | None,
) -> PlannedWait:
    tax, gross, lines = ZERO, ZERO, []
    if invoice is not None:
        tax, gross = invoice.tax_total, invoice.gross_total
        for line in invoice.draft.lines[:LINES_KEPT]:
            period = None if line.period is None else [line.period.start.isoformat(), line.period.end.isoformat()]
            lines.append(
                {
                    "description": line.description,
                    "quantity": f"{line.quantity.normalize():f}",
                    "unit_price": f"{line.unit_price.normalize():f}",
                    "net": f"{line.net_amount:f}",
                    "period": period,
                }
            )
    return PlannedWait(due, verdict, bill, tax, gross, until, lines, known)


def keep_waits(
    waits: Sequence[PlannedWait],
    settled: Mapping[UUID, tuple[Waiting, UUID | None]],
    as_of: date,
    run_id: UUID | None,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Keep what a batch lets wait, and settle what waits no more: billed by an invoice, or nothing being due now."""
    fresh = [(new_id(), wait) for wait in waits if wait.known is None]
    sql.insert("waiting_bills", ("id", "agreement_id", "customer_id", "entity_id", "created_at", *_CHANGING),
               [(key, wait.due.agreement_id, wait.due.customer_id, wait.due.entity_id, now,
                 *_changing(wait, as_of, run_id, now)) for key, wait in fresh])  # fmt: skip
    changed = [(wait.known, wait) for wait in waits if wait.known is not None and _differs(wait.known, wait)]
    sql.update(
        "waiting_bills", _CHANGING, [(known.id, *_changing(wait, as_of, run_id, now)) for known, wait in changed]
    )
    _hold([wait.due.agreement_id for _, wait in fresh], held=True)
    events = [_event("BillDrafted" if wait.is_draft else "BillHeld", key, wait.due, wait) for key, wait in fresh]
    events += [
        _event("BillHeld", known.id, wait.due, wait)
        for known, wait in changed
        if not wait.is_draft and (known.cause != wait.verdict.cause or known.status == WaitingStatus.REFUSED)
    ]
    events += _settle(settled, now)
    if events:
        record(events, now=now, actor=actor)


_CHANGING = {
    "bill_run_id": "uuid", "cause": "text", "status": "text", "words": "text", "as_of": "date", "until": "date",
    "currency": "text", "net": "numeric", "tax": "numeric", "gross": "numeric", "credited": "numeric",
    "usual": "numeric", "lower": "numeric", "upper": "numeric", "lines": "jsonb", "changed_at": "timestamptz",
}  # fmt: skip
"""What a run writes of a bill that waits, with the types."""


def _changing(wait: PlannedWait, as_of: date, run_id: UUID | None, now: datetime) -> tuple[Any, ...]:
    verdict, bill = wait.verdict, wait.bill
    status = WaitingStatus.WAITING
    if wait.known is not None:
        same = (wait.known.net, wait.known.credited) == bill[:2]
        status = WaitingStatus(wait.known.status) if same else WAITING_BILL.target("change", wait.known.status)
    return (
        run_id, verdict.cause.value, status.value, verdict.words, as_of, wait.until, bill.currency, bill.net, wait.tax,
        wait.gross, bill.credited, verdict.usual, verdict.lower, verdict.upper, sql.json(wait.lines), now,
    )  # fmt: skip


def _differs(known: Waiting, wait: PlannedWait) -> bool:
    """Is there anything new to show of a bill that waited before?"""
    return (known.net, known.credited) != wait.bill[:2] or known.cause != wait.verdict.cause


def _settle(settled: Mapping[UUID, tuple[Waiting, UUID | None]], now: datetime) -> list[Event]:
    if not settled:
        return []
    rows = [
        (one.id, WAITING_BILL.target("release" if invoice_id else "lapse", one.status).value, invoice_id, now)
        for one, invoice_id in settled.values()
    ]
    sql.update("waiting_bills", {"status": "text", "invoice_id": "uuid", "changed_at": "timestamptz"}, rows)
    _hold(settled, held=False)
    return [
        Event(
            "WaitingBillIssued" if invoice_id else "BillHoldLapsed",
            (
                ObjectRef("waiting_bill", one.id),
                ObjectRef("agreement", key),
                *([ObjectRef("invoice", invoice_id)] if invoice_id else []),
            ),
            {"cause": one.cause},
        )
        for key, (one, invoice_id) in settled.items()
    ]


def _hold(agreement_ids: Iterable[UUID], *, held: bool) -> None:
    keys = sorted(agreement_ids)
    if keys:
        sql.execute("UPDATE billing_schedules SET held = %s WHERE agreement_id = ANY(%s)", (held, keys))


def _event(kind: str, key: UUID, due: DueAgreement, wait: PlannedWait) -> Event:
    objects = (
        ObjectRef("waiting_bill", key),
        ObjectRef("agreement", due.agreement_id),
        ObjectRef("customer", due.customer_id),
    )
    data = {"net": str(wait.bill.net), "currency": wait.bill.currency, "cause": wait.verdict.cause.value}
    return Event(kind, objects, data, wait.verdict.words)


@transaction.atomic
def set_billing_policy(*, entity_id: UUID, policy: BillingPolicy, now: datetime, actor: str) -> None:
    """Say how a legal entity lets its runs post from now on. Raises every error at once."""
    raise_all(policy_errors(policy))
    values = asdict(policy)
    names = ", ".join(values)
    sql.execute(
        f"INSERT INTO billing_policies (entity_id, {names}) VALUES (%s{', %s' * len(values)}) "
        f"ON CONFLICT (entity_id) DO UPDATE SET ({names}) = ({', '.join(f'EXCLUDED.{name}' for name in values)})",
        [entity_id, *values.values()],
    )
    data = {name: str(value) for name, value in values.items()}
    record([Event("BillingPolicySet", (ObjectRef("entity", entity_id),), data)], now=now, actor=actor)


def policy_of(entity_id: UUID) -> BillingPolicy:
    """How a legal entity lets its runs post."""
    return policies_of([entity_id]).get(entity_id, FREELY)


def hold_agreements(
    agreement_ids: Iterable[UUID],
    *,
    cause: WaitingCause,
    words: str,
    as_of: date,
    now: datetime,
    actor: str,
    run_id: UUID | None = None,
) -> None:
    """Let no run bill these agreements until a person releases them; one that is held already stays as it is."""
    rows = sql.fetch(
        "SELECT s.agreement_id, s.customer_id, s.entity_id, a.currency FROM billing_schedules s "
        "JOIN agreements a ON a.id = s.agreement_id WHERE s.agreement_id = ANY(%s) AND NOT s.held "
        "ORDER BY s.customer_id, s.agreement_id FOR NO KEY UPDATE OF s",
        (list(agreement_ids),),
    )
    keys = [new_id() for _ in rows]
    sql.insert(
        "waiting_bills",
        ("id", "agreement_id", "customer_id", "entity_id", "created_at", *_CHANGING),
        [
            (key, *row[:3], now, run_id, cause.value, WaitingStatus.WAITING.value, words, as_of, None, row[3],
             ZERO, ZERO, ZERO, ZERO, None, None, None, sql.json([]), now)
            for key, row in zip(keys, rows, strict=True)
        ],
    )  # fmt: skip
    _hold([row[0] for row in rows], held=True)
    if rows:
        record(
            [
                Event(
                    "BillHeld",
                    (ObjectRef("waiting_bill", key), ObjectRef("agreement", row[0]), ObjectRef("customer", row[1])),
                    {"cause": cause.value},
                    words,
                )
                for key, row in zip(keys, rows, strict=True)
            ],
            now=now,
            actor=actor,
        )
