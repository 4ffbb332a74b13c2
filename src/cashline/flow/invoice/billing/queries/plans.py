"""Reading what bills of rate plans are planned from: subscriptions with their lives, and what was posted of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.queries import PlanRow, plan_versions_by_id
from cashline.flow.deliver.subscriptions.queries import LifeRow, facts_of, lives_by_id, lives_of_agreements
from cashline.flow.deliver.subscriptions.rules import LifeFact, live
from cashline.flow.deliver.subscriptions.rules.standing import open_gate
from cashline.flow.invoice.billing.rules.plans.shapes import (
    ZERO,
    Component,
    PlanSubscription,
    PlanVersion,
    PostedCharge,
    Subject,
)
from cashline.flow.invoice.invoices.queries.statements import amount
from cashline.platform import sql

_POSTED = (
    "SELECT c.subscription_id, c.id, c.component, c.plan_version_id, c.meter, c.dimension, c.value, c.add_on, c.early, "
    "c.place, c.source_id, c.revision, c.starts_on, c.ends_on, c.whole_start, c.whole_end, c.days, c.of_days, "
    "c.quantity, c.unit_price, c.amount, c.against_id, l.invoice_id, c.invoice_line_id, "
    "l.net_amount - coalesce((SELECT sum(x.net_amount) FROM credit_note_lines x WHERE x.invoice_line_id = l.id), 0), "
    "coalesce(i.status = 'void', false), v.currency, "
    "EXISTS (SELECT FROM invoice_deductions d WHERE d.deducted_id = l.invoice_id AND NOT d.released) "
    "FROM unnest(%s::uuid[], %s::date[]) AS wanted(id, first) "
    "JOIN subscription_charges c ON c.subscription_id = wanted.id AND c.starts_on >= wanted.first "
    "JOIN plan_versions v ON v.id = c.plan_version_id "
    "LEFT JOIN invoice_lines l ON l.id = c.invoice_line_id LEFT JOIN invoices i ON i.id = l.invoice_id "
    "ORDER BY c.id"
)


def plan_subscriptions(agreement_ids: Iterable[UUID]) -> dict[UUID, list[PlanSubscription]]:
    """The subscriptions to plans under agreements, by agreement, oldest first."""
    by_agreement: dict[UUID, list[PlanSubscription]] = {}
    rows = lives_of_agreements(agreement_ids)
    for row, found in zip(rows, _with_lives(rows), strict=True):
        by_agreement.setdefault(row.agreement_id, []).append(found)
    return by_agreement


def plan_subscriptions_by_id(ids: Iterable[UUID]) -> dict[UUID, PlanSubscription]:
    """Those subscriptions to plans, by id; others are left out."""
    wanted = list(ids)
    rows = list(lives_by_id(wanted).values()) if wanted else []
    return {found.id: found for found in _with_lives(rows)}


def _with_lives(rows: Sequence[LifeRow]) -> list[PlanSubscription]:
    if not rows:
        return []
    facts = facts_of(row.id for row in rows)
    plans = plan_versions_by_id(fact.plan_id for found in facts.values() for fact in found if fact.plan_id)
    return [subscription_of(row, facts[row.id], plans) for row in rows]


def subscription_of(row: LifeRow, facts: Sequence[LifeFact], plans: Mapping[UUID, PlanRow]) -> PlanSubscription:
    """A subscription with its life, as the planner takes it."""
    terms = {key: plan.terms for key, plan in plans.items()}
    named = {fact.plan_id for fact in facts if fact.plan_id}
    versions = {key: PlanVersion(key, plan.code, plan.name, plan.terms) for key, plan in plans.items() if key in named}
    waits = open_gate(facts) is not None
    return PlanSubscription(row.id, row.number, row.currency, live(facts, terms, row.timezone), versions, waits)


def settled_days(subscription_ids: Iterable[UUID]) -> dict[UUID, date]:
    """The day before which each is settled; one of which nothing is known is left out."""
    rows = sql.fetch(
        "SELECT subscription_id, day FROM subscription_settlements WHERE subscription_id = ANY(%s::uuid[])",
        (sql.uuids(subscription_ids),),
    )
    return dict(rows)


def posted_charges(
    subscription_ids: Iterable[UUID], settled: Mapping[UUID, date] = MappingProxyType({})
) -> dict[UUID, list[PostedCharge]]:
    """What was billed of subscriptions and what was given back, by subscription, in the order of posting.

    Of those that are settled only what was billed for days from then on.
    """
    found: dict[UUID, list[PostedCharge]] = {}
    wanted = set(subscription_ids)
    days = [settled.get(key, date.min) for key in wanted] if settled else [date.min] * len(wanted)
    for row in sql.fetch(_POSTED, (sql.uuids(wanted), days)):
        found.setdefault(row[0], []).append(_posted(*row))
    return found


def _posted(*row: Any) -> PostedCharge:
    currency, days = row[26], list(row[12:18])
    subject = Subject(Component(row[2]), *row[3:9])
    net, left = amount(row[20], currency), amount(row[24], currency) if row[24] is not None else ZERO
    return PostedCharge(
        row[1],
        row[0],
        subject,
        row[9],
        row[10],
        row[11],
        days[0],
        days[1],
        days[2],
        days[3],
        days[4],
        days[5],
        row[18],
        row[19],
        net,
        row[21],
        row[22],
        row[23],
        left,
        row[25],
        row[27],
    )


def paid_of(invoice_ids: Iterable[UUID]) -> dict[UUID, tuple[Decimal, Decimal]]:
    """What was paid of invoices, and what they asked for after the credits that paid them at issue."""
    rows = sql.fetch(
        "SELECT i.id, i.currency, i.gross_total - i.credit_applied - i.prepaid_applied, i.open_amount, "
        "coalesce((SELECT sum(n.gross_total - n.unapplied_amount) FROM credit_notes n WHERE n.invoice_id = i.id), 0) "
        "FROM invoices i WHERE i.id = ANY(%s)",
        (list(set(invoice_ids)),),
    )
    found: dict[UUID, tuple[Decimal, Decimal]] = {}
    for key, currency, asked, open_amount, settled in rows:
        found[key] = (amount(asked - open_amount - settled, currency), amount(asked, currency))
    return found


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A charge of a subscription as billed or (negative) given back; `document` is the number of what it is on.

    One on a `voided` invoice stands no more.
    """

    id: UUID
    component: str
    plan: str
    meter: str
    dimension: str
    value: str
    add_on: str
    starts_on: date
    ends_on: date
    days: int
    of_days: int
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    invoice_id: UUID | None
    credit_note_id: UUID | None
    document: str
    currency: str
    recorded_at: datetime
    voided: bool


_CHARGES = (
    "SELECT c.id, c.component, p.code, c.meter, c.dimension, c.value, c.add_on, c.starts_on, c.ends_on, c.days, "
    "c.of_days, c.quantity, c.unit_price, c.amount, l.invoice_id, c.credit_note_id, coalesce(i.number, n.number, ''), "
    "v.currency, c.recorded_at, coalesce(i.status = 'void', false) "
    "FROM subscription_charges c JOIN plan_versions v ON v.id = c.plan_version_id "
    "JOIN plans p ON p.id = v.plan_id LEFT JOIN invoice_lines l ON l.id = c.invoice_line_id "
    "LEFT JOIN invoices i ON i.id = l.invoice_id LEFT JOIN credit_notes n ON n.id = c.credit_note_id "
)


def charges_of(subscription_id: UUID, *, after: UUID | None = None, most: int = 1000) -> list[ChargeRow]:
    """What was billed of a subscription, the newest first; with `after` only what was recorded since that charge."""
    return sql.fetch_as(
        ChargeRow,
        f"{_CHARGES} WHERE c.subscription_id = %s AND (%s::uuid IS NULL OR c.id > %s) ORDER BY c.id DESC LIMIT %s",
        (subscription_id, after, after, most),
    )


def last_charge(subscription_id: UUID) -> UUID | None:
    """The charge of a subscription that was recorded last."""
    row = sql.fetch_one(
        "SELECT id FROM subscription_charges WHERE subscription_id = %s ORDER BY id DESC LIMIT 1", (subscription_id,)
    )
    return row[0] if row else None
