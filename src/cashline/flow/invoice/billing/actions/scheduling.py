"""Keeping the schedule of billing: an agreement whose facts changed is looked at by the next run."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from cashline.flow.invoice.billing.actions.settling import forget_settlements_under
from cashline.platform import sql
from cashline.platform.events.rules import Event


def schedule_billing(events: Sequence[Event], *, now: datetime, actor: str) -> None:  # noqa: ARG001 - a hand-off
    """Hand-off on deliveries, their ends and voided invoices: the next run must look at these agreements again.

    Rows are locked by customer and agreement, as a run does, and before invoices, number series and credit accounts.
    """
    agreements: set[UUID] = set()
    orders: set[UUID] = set()
    for event in events:
        named = {item.id for item in event.objects if item.type == "agreement"}
        agreements |= named
        if not named:
            orders |= {item.id for item in event.objects if item.type == "order"}
    sql.execute(
        "INSERT INTO billing_schedules AS s (agreement_id, customer_id, entity_id, due_on) "
        "SELECT a.id, a.customer_id, a.entity_id, %s FROM agreements a WHERE a.id IN "
        "(SELECT unnest(%s::uuid[]) UNION SELECT o.agreement_id FROM orders o WHERE o.id = ANY(%s)) "
        "ORDER BY a.customer_id, a.id "
        "ON CONFLICT (agreement_id) DO UPDATE SET due_on = EXCLUDED.due_on, settled_through = NULL "
        "WHERE s.due_on IS DISTINCT FROM EXCLUDED.due_on OR s.settled_through IS NOT NULL",
        (date.min, list(agreements), list(orders)),
    )
    if any(event.type == "InvoiceVoided" for event in events):
        forget_settlements_under(agreements)
