"""Changes that count when their invoice is paid: billed at once, confirmed by the payment, else taken back.

All that such a change bills is on its one invoice, arrears included and whatever the conventions leave to a renewal;
while it waits nothing else of the subscription is billed. The customer has what they had until then. A change that
lapses gives its invoice back and bills what was there before.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from cashline.flow.deliver.subscriptions.actions import change_lives
from cashline.flow.deliver.subscriptions.queries import lives_for_update
from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeKind
from cashline.flow.invoice.billing.queries.gates import (
    WaitingGate,
    gate_for_update,
    gate_of,
    unpaid_invoices,
    waiting_for_update,
)
from cashline.flow.invoice.billing.queries.plans import charges_of, last_charge
from cashline.flow.invoice.billing.rules.lifecycle import GATED_CHANGE, GateStatus
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.credit_notes.queries import creditable
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform import sql
from cashline.platform.numbering.actions import Series, hold_series

MAX_DAYS = 90


@transaction.atomic
def gate_change(change: LifeChange, *, days: int, now: datetime, actor: str) -> UUID:
    """Make a change that counts once its invoice is paid, within so many days; gives the id of its fact.

    Where nothing is to be paid it counts at once. Raises InvalidValue, ConflictingChange, and BillWaits where the
    policy of the legal entity would have its bill wait for a person.
    """
    if not 1 <= days <= MAX_DAYS:
        raise InvalidValue(f"A change waits for its payment 1 to {MAX_DAYS} days.", field="days")
    before = last_charge(change.subscription_id)
    fact_id = change_lives([replace(change, gated=True)], now=now, actor=actor)[-1]
    charges = charges_of(change.subscription_id, after=before)
    invoice_id = next((charge.invoice_id for charge in charges if charge.invoice_id is not None), None)
    row = (new_id(), change.subscription_id, fact_id, invoice_id, now + timedelta(days=days), now)
    columns = ("id", "subscription_id", "fact_id", "invoice_id", "expires_at", "created_at")
    sql.insert("gated_changes", columns, [row])
    _settle(gate_of(fact_id), now=now, actor=actor)
    return fact_id


def settle_gates(*, now: datetime, actor: str) -> int:
    """Confirm what is paid and take back what has waited long; gives how many.

    One that cannot be settled, since what it makes due cannot be billed now, waits on and is tried again.
    """
    done, after = 0, None
    while True:
        with suppress(Refusal), transaction.atomic():
            gate = waiting_for_update(after=after)
            if gate is None:
                return done
            after = gate.id
            done += _settle(gate, now=now, actor=actor)


def void_unpaid(subscription_ids: Collection[UUID], *, now: datetime, actor: str) -> None:
    """Take back the invoices of changes that are taken back while they wait; one that is credited in full stays.

    What was there before is billed after it, so that both number series are locked first.
    """
    found = unpaid_invoices(subscription_ids) if subscription_ids else []
    left = {key for key, one in creditable(row.id for row in found).items() if any(line.left for line in one.lines)}
    for row in found:
        if row.id in left:
            today = local_day(now, row.timezone)
            hold_series(Series(kind, row.entity_code, today.year, row.entity_id) for kind in ("credit_note", "invoice"))
            void_invoices([row.id], reason="The change that it bills is taken back.", today=today, now=now, actor=actor)


def _settle(gate: WaitingGate, *, now: datetime, actor: str) -> int:
    lives_for_update([gate.subscription_id])
    gate = gate_for_update(gate)
    change = LifeChange(gate.subscription_id, LifeKind.CONFIRMED, confirms=gate.fact_id)
    if gate.withdrawn or (not gate.paid and (gate.voided or gate.expires_at <= now)):
        status = GATED_CHANGE.target("lapse", GateStatus.WAITING)
        change = LifeChange(
            gate.subscription_id, LifeKind.WITHDRAWN, withdraws=gate.fact_id, reason="Its invoice was not paid in time."
        )
    elif gate.paid:
        status = GATED_CHANGE.target("pay", GateStatus.WAITING)
    else:
        return 0
    if not gate.withdrawn:
        change_lives([change], now=now, actor=actor)
    sql.execute("UPDATE gated_changes SET status = %s WHERE id = %s", (status.value, gate.id))
    return 1
