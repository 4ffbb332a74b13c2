"""Making commitments, ending them, and billing what is left of them when their term is over.

A customer's row is held while commitments of it are made; a commitment's own while it is trued up.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.customers.queries import customers_for_update
from cashline.flow.agree.plans.queries import latest_plans
from cashline.flow.invoice.commitments import queries
from cashline.flow.invoice.commitments.rules import (
    COMMITMENT,
    CommitmentStatus,
    NewCommitment,
    Term,
    commitment_problems,
    overlaps,
    true_up,
)
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.actions import issue_invoices
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, hold_series


class TruedUp(NamedTuple):
    """The documents that brought commitments to committed − drawn."""

    invoices: list[UUID]
    credit_notes: list[UUID]


@transaction.atomic
def make_commitments(new: Sequence[NewCommitment], *, now: datetime, actor: str) -> list[UUID]:
    """Record what customers commit to; gives the ids in order.

    Raises all errors at once: InvalidValue, NotFound, OverlappingCommitment, also among themselves.
    """
    raise_all(problem for one in new for problem in commitment_problems(one))
    customers_for_update({one.customer_id for one in new})
    known = entities_by_id({one.entity_id for one in new})
    raise_all(
        InvalidValue("There is no such legal entity.", field="entity") for one in new if one.entity_id not in known
    )
    _require_plans({code for one in new for code in one.plans})
    terms = queries.terms_of(one.customer_id for one in new)
    problems = []
    for one in new:
        problems += overlaps(one, terms)
        plans = frozenset(one.plans)
        terms.append(
            Term(one.entity_id, one.customer_id, one.currency, one.name, one.starts_on, one.ends_on, plans)
        )  # fmt: skip
    raise_all(problems)
    keys = [new_id() for _ in new]
    sql.insert(
        "commitments",
        "id entity_id customer_id currency name amount term plans tax_category created_at".split(),  # noqa: SIM905
        [
            (key, one.entity_id, one.customer_id, one.currency, one.name.strip(), one.amount,
             f"[{one.starts_on},{one.ends_on})", sorted(set(one.plans)), one.tax_category.value, now)
            for key, one in zip(keys, new, strict=True)
        ],
    )  # fmt: skip
    record([_made(key, one) for key, one in zip(keys, new, strict=True)], now=now, actor=actor)
    return keys


def _require_plans(codes: set[str]) -> None:
    unknown = codes - latest_plans(codes).keys() if codes else set()
    raise_all(InvalidValue(f"There is no plan {code!r}.", field="plans") for code in sorted(unknown))


def _made(key: UUID, one: NewCommitment) -> Event:
    data = {
        "name": one.name.strip(),
        "amount": str(one.amount),
        "currency": one.currency,
        "starts_on": one.starts_on.isoformat(),
        "ends_on": one.ends_on.isoformat(),
        "plans": sorted(set(one.plans)),
    }
    return Event("CommitmentMade", (ObjectRef("commitment", key), ObjectRef("customer", one.customer_id)), data)


@transaction.atomic
def cancel_commitment(*, commitment_id: UUID, reason: str, now: datetime, actor: str) -> None:
    """Release a customer from a commitment: its end bills nothing; what was trued up stays.

    Raises IllegalTransition, or InvalidValue without a reason.
    """
    if not reason.strip():
        raise InvalidValue("Say why the commitment is cancelled.", field="reason")
    row = queries.commitment(commitment_id, for_update=True)
    status = COMMITMENT.target("cancel", CommitmentStatus(row.status), document_id=row.name)
    sql.execute("UPDATE commitments SET status = %s WHERE id = %s", (status.value, row.id))
    objects = (ObjectRef("commitment", row.id), ObjectRef("customer", row.customer_id))
    record([Event("CommitmentCancelled", objects, {"name": row.name}, reason.strip())], now=now, actor=actor)


@transaction.atomic
def true_up_commitments(commitment_ids: Iterable[UUID], *, now: datetime, actor: str) -> TruedUp:
    """Bill what is left of commitments whose term is over, or credit what was billed too much; again, it does nothing.

    Raises what issuing would raise, such as MissingTaxRate.
    """
    rows = queries.commitments_by_id(commitment_ids, for_update=True)
    active = [row for row in rows.values() if row.status == CommitmentStatus.ACTIVE]
    entities = entities_by_id({row.entity_id for row in active})
    drafts, events, series = [], [], []
    requests: dict[date, list[CreditRequest]] = {}
    for one in queries.drawn_of(active):
        entity = entities[one.entity_id]
        today = local_day(now, entity.timezone)
        series += [Series(kind, entity.code, today.year, entity.id) for kind in ("credit_note", "invoice")]
        draft, credited = true_up(one, today)
        if draft is not None:
            drafts.append(draft)
        if credited:
            requests.setdefault(today, []).extend(credited)
        if draft is not None or credited:
            data = {"committed": str(one.amount), "drawn": str(one.drawn), "rest": str(one.left)}
            objects = (ObjectRef("commitment", one.id), ObjectRef("customer", one.customer_id))
            events.append(Event("CommitmentTruedUp", objects, data))
    record(events, now=now, actor=actor)
    if drafts and requests:
        hold_series(series)
    notes = [
        key
        for today, wanted in requests.items()
        for key in issue_credit_notes(wanted, today=today, now=now, actor=actor)
    ]
    return TruedUp(issue_invoices(drafts, now=now, actor=actor), notes)
