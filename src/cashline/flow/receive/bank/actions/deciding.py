"""What a person decides on a line: which proposal to apply, what else it pays, that it is no receipt, or to undo it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.actions import change_customer
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.actions.matching import matched_event
from cashline.flow.receive.bank.queries import LineRow
from cashline.flow.receive.bank.rules.lifecycle import BANK_LINE, BankLineStatus
from cashline.flow.receive.bank.rules.match_plan import Proposal
from cashline.flow.receive.bank.rules.statement import alphanumeric, is_iban
from cashline.flow.receive.payments.actions import NewPayment, record_payments, reverse_payments
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, raise_all
from cashline.kernel.rounding import round_to
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

MOST_IBANS = 20


class NotAReceipt(Refusal):
    """Money that went out, or was booked back, pays no invoice."""

    code = "not_a_receipt"
    status = 409


@dataclass(frozen=True, slots=True)
class Decision:
    """How to apply a line: its proposal of that place, or to invoices of a customer as said; the rest lies on account.

    `allocations` are (invoice, money, write-off).
    """

    line_id: UUID
    proposal: int | None = None
    customer_id: UUID | None = None
    allocations: tuple[tuple[UUID, Decimal, Decimal], ...] = ()


@transaction.atomic
def apply_matches(decisions: Sequence[Decision], *, now: datetime, actor: str) -> list[UUID]:
    """Record the payments that lines are, as decided; gives their ids in order.

    The payer's account is remembered with the customer, so that its next payment is known. Raises, all at once,
    NotAReceipt, InvalidValue, IllegalTransition; OverSettled where an invoice was settled meanwhile.
    """
    rows = queries.lines_for_update(decision.line_id for decision in decisions)
    found: list[Refusal] = []
    payments: list[NewPayment] = []
    seen: set[UUID] = set()
    for decision in decisions:
        row = rows[decision.line_id]
        try:
            if decision.line_id in seen:
                raise InvalidValue("The line is decided on twice.", field="line")
            seen.add(decision.line_id)
            BANK_LINE.target("match", row.status, document_id=str(row.id))
            payments.append(_payment(row, decision))
        except Refusal as refusal:
            found.append(refusal)
    raise_all(found)
    ids = record_payments(payments, now=now, actor=actor)
    matched = BANK_LINE.target("match", BankLineStatus.OPEN).value
    changes = [(decision.line_id, matched, key) for decision, key in zip(decisions, ids, strict=True)]
    sql.update("bank_lines", {"status": "text", "payment_id": "uuid"}, changes)
    paid = [(rows[one.line_id], pay.customer_id) for one, pay in zip(decisions, payments, strict=True)]
    _remember_payers(paid, now=now, actor=actor)
    record(
        [_matched(rows[one.line_id], one, key) for one, key in zip(decisions, ids, strict=True)], now=now, actor=actor
    )
    return ids


def _matched(row: LineRow, decision: Decision, payment_id: UUID) -> Event:
    return matched_event(row.id, row.account_id, payment_id, _chosen(row, decision), unseen=False)


def _payment(row: LineRow, decision: Decision) -> NewPayment:
    if row.amount <= 0:
        raise NotAReceipt("This line is no money from a customer.", field="line", fix="Ignore it.")
    proposal = _chosen(row, decision)
    if proposal is not None:
        customer_id, allocations = proposal.customer_id, tuple(_parts(proposal))
    elif decision.customer_id is not None:
        customer_id, allocations = decision.customer_id, decision.allocations
    else:
        raise InvalidValue("Choose a proposal, or say which customer paid.", field="customer")
    assert isinstance(customer_id, UUID)  # noqa: S101 - stored proposals have no other
    return NewPayment(
        customer_id=customer_id,
        entity_id=row.entity_id,
        currency=row.currency,
        amount=round_to(row.amount, minor_units(row.currency)),
        method="bank_transfer",
        received_on=row.booked_on,
        source_id=row.source_id,
        allocations=allocations,
    )


def _chosen(row: LineRow, decision: Decision) -> Proposal | None:
    if decision.proposal is None:
        return None
    proposals = row.proposals
    if not 0 <= decision.proposal < len(proposals):
        raise NotFound("The line has no such proposal.", field="proposal", fix="Match it again.")
    return proposals[decision.proposal]


def _parts(proposal: Proposal) -> list[tuple[Any, Decimal, Decimal]]:
    return [(one.invoice_id, one.amount, one.write_off) for one in proposal.allocations]


def _remember_payers(paid: Sequence[tuple[LineRow, UUID]], *, now: datetime, actor: str) -> None:
    """Keep the accounts that a person said a customer pays from."""
    stated = {key: iban for row, key in paid if is_iban(iban := alphanumeric(row.counterparty_iban))}
    for key, customer in customers_by_id(stated).items():
        known = tuple(customer.known_ibans)
        if stated[key] not in known and len(known) < MOST_IBANS:
            change_customer(key, changes={"known_ibans": (*known, stated[key])}, now=now, actor=actor)


@transaction.atomic
def ignore_lines(line_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Say of lines that they are no payments of customers: bank charges, transfers, payments of ours."""
    _move(line_ids, "ignore", "BankLineIgnored", reason, now=now, actor=actor)


@transaction.atomic
def take_up_lines(line_ids: Sequence[UUID], *, reason: str, now: datetime, actor: str) -> None:
    """Take ignored lines up again."""
    _move(line_ids, "take_up", "BankLineTakenUp", reason, now=now, actor=actor)


@transaction.atomic
def unmatch_lines(line_ids: Sequence[UUID], *, reason: str, today: date, now: datetime, actor: str) -> None:
    """Take back what lines were matched to: their payments are reversed, and the lines wait for a decision again.

    Raises IllegalTransition for a line that is not matched, Conflict where some of the money has gone back.
    """
    rows = queries.lines_for_update(line_ids)
    targets = _targets(rows.values(), "unmatch")
    payments = [row.payment_id for row in rows.values() if row.payment_id is not None]
    reverse_payments(payments, reason=reason, today=today, now=now, actor=actor)
    sql.execute(
        "UPDATE bank_lines SET status = %s, payment_id = NULL, attempt = attempt + 1, match_status = '', "
        "match_reason = '', confidence = 0, proposals = NULL WHERE id = ANY(%s)",
        (targets, list(rows)),
    )
    record([_event("BankLineUnmatched", row, reason) for row in rows.values()], now=now, actor=actor)


def _targets(rows: Iterable[LineRow], verb: str) -> str:
    """The status after a step of all those lines; raises every IllegalTransition at once."""
    found: list[Refusal] = []
    status = ""
    for row in rows:
        try:
            status = BANK_LINE.target(verb, row.status, document_id=str(row.id)).value
        except Refusal as refusal:
            found.append(refusal)
    raise_all(found)
    return status


def _move(line_ids: Sequence[UUID], verb: str, kind: str, reason: str, *, now: datetime, actor: str) -> None:
    if not reason.strip():
        raise InvalidValue("Say why.", field="reason")
    rows = queries.lines_for_update(line_ids)
    status = _targets(rows.values(), verb)
    sql.execute("UPDATE bank_lines SET status = %s WHERE id = ANY(%s)", (status, list(rows)))
    record([_event(kind, row, reason) for row in rows.values()], now=now, actor=actor)


def _event(kind: str, row: LineRow, reason: str) -> Event:
    payment = (ObjectRef("payment", row.payment_id, "reversed"),) if row.payment_id else ()
    return Event(
        kind,
        (ObjectRef("bank_line", row.id), ObjectRef("bank_account", row.account_id, "account"), *payment),
        {"amount": str(row.amount), "currency": row.currency},
        reason,
    )
