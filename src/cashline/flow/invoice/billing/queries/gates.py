"""Reading changes that wait for the payment of their invoice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.refusals import NotFound
from cashline.platform import sql


@dataclass(frozen=True, slots=True)
class WaitingGate:
    """A change that waits; `withdrawn` by somebody before it was paid."""

    id: UUID
    subscription_id: UUID
    fact_id: UUID
    invoice_id: UUID | None
    number: str
    status: str
    expires_at: datetime
    paid: bool
    voided: bool
    withdrawn: bool


_GATE = (
    "SELECT g.id, g.subscription_id, g.fact_id, g.invoice_id, coalesce(i.number, ''), g.status, g.expires_at, "
    "coalesce(i.status <> 'void' AND i.open_amount = 0, true), coalesce(i.status = 'void', false), "
    "EXISTS (SELECT FROM subscription_facts f WHERE f.subscription_id = g.subscription_id "
    "AND f.content->>'withdraws' = g.fact_id::text) "
    "FROM gated_changes g LEFT JOIN invoices i ON i.id = g.invoice_id "
)


def gate_of(fact_id: UUID) -> WaitingGate:
    """The gate of a change; raises NotFound."""
    rows = sql.fetch_as(WaitingGate, f"{_GATE} WHERE g.fact_id = %s", (fact_id,))
    if not rows:
        raise NotFound("This change does not wait for a payment.", field="change")
    return rows[0]


def gate_for_update(gate: WaitingGate) -> WaitingGate:
    """The same change once all that decides about it is locked: a payment or a withdrawal was before, or comes after.

    The subscription is locked by the caller; its schedule and its invoice follow, in the order in which bills lock.
    """
    sql.fetch(
        "SELECT b.agreement_id FROM billing_schedules b JOIN subscriptions s ON s.agreement_id = b.agreement_id "
        "WHERE s.id = %s FOR NO KEY UPDATE OF b",
        (gate.subscription_id,),
    )
    sql.fetch("SELECT id FROM invoices WHERE id = %s FOR NO KEY UPDATE", (gate.invoice_id,))
    return gate_of(gate.fact_id)


class GateInvoice(NamedTuple):
    """The invoice of a change that waits, with its legal entity."""

    id: UUID
    entity_id: UUID
    entity_code: str
    timezone: str


def unpaid_invoices(subscription_ids: Collection[UUID]) -> list[GateInvoice]:
    """The invoices that are not void of changes of those subscriptions that still wait."""
    rows = sql.fetch(
        "SELECT i.id, e.id, e.code, e.timezone FROM gated_changes g JOIN invoices i ON i.id = g.invoice_id "
        "JOIN legal_entities e ON e.id = i.entity_id WHERE g.subscription_id = ANY(%s::uuid[]) "
        "AND g.status = 'waiting' AND i.status <> 'void' ORDER BY i.id",
        (sql.uuids(subscription_ids),),
    )
    return [GateInvoice._make(row) for row in rows]


def gates_of(subscription_id: UUID) -> list[WaitingGate]:
    """The changes of a subscription that wait or waited, the newest first."""
    return sql.fetch_as(
        WaitingGate, f"{_GATE} WHERE g.subscription_id = %s ORDER BY g.id DESC LIMIT 50", (subscription_id,)
    )


def waiting_for_update(*, after: UUID | None) -> WaitingGate | None:
    """The next change that waits, locked until the commit; what others hold is left."""
    rows = sql.fetch_as(
        WaitingGate,
        f"{_GATE} WHERE g.status = 'waiting' AND (%s::uuid IS NULL OR g.id > %s) ORDER BY g.id LIMIT 1 "
        "FOR NO KEY UPDATE OF g SKIP LOCKED",
        (after, after),
    )
    return rows[0] if rows else None
