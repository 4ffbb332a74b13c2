"""The API of the bills of subscriptions to plans: what was billed, what is to come, and what a change would do."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from cashline.flow.deliver.subscriptions.api import ChangesIn, LifeChangeIn, changes_of, living
from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.invoice.billing.queries.gates import WaitingGate, gate_of, gates_of
from cashline.flow.invoice.billing.queries.plans import ChargeRow, charges_of
from cashline.flow.invoice.billing.rules.plans.coming import ComingBill
from cashline.kernel.identifiers import public
from cashline.kernel.money import minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, PublicId

router = Router(tags=["Billing"])
_PLAIN = ["meter", "dimension", "value", "add_on"]
_ONLY_REAL = ("document", "document_number", "recorded_at", "voided")
MOST_COMING = 24


def charge_shape(row: ChargeRow) -> dict[str, Any]:
    """A charge of a subscription as the API shows it."""
    plain = "component plan meter dimension value add_on starts_on ends_on days of_days quantity unit_price currency"
    document = public("invoice", row.invoice_id) if row.invoice_id else None
    if row.credit_note_id:
        document = public("credit_note", row.credit_note_id)
    return {name: getattr(row, name) for name in plain.split()} | {
        "amount": round_to(row.amount, minor_units(row.currency)),
        "document": document,
        "document_number": row.document,
        "recorded_at": row.recorded_at,
        "voided": row.voided,
    }


def bill_shape(bill: ComingBill) -> dict[str, Any]:
    """A bill to come: when, its charges with their derivations, and the sum without tax."""
    charges = [
        {name: getattr(one.subject, name) for name in _PLAIN}
        | {
            "component": one.subject.component,
            "plan": public("plan", one.subject.plan_id),
            "starts_on": one.start,
            "ends_on": one.end,
            "days": one.days,
            "of_days": one.of_days,
            "quantity": one.quantity,
            "unit_price": one.unit_price,
            "amount": one.amount,
            "derivation": msgspec.json.decode(one.derivation),
        }
        for one in bill.charges
    ]
    return {"at": bill.at, "net": bill.net, "charges": charges}


@router.get("/subscriptions/{subscription_id}/charges")
def subscription_charges(request: HttpRequest, subscription_id: PublicId) -> dict[str, Any]:
    """What was billed of a subscription to a plan and what was given back, the newest first."""
    row = living(caller_of(request), subscription_id, "billing.read")
    return {"items": [charge_shape(one) for one in charges_of(row.id)]}


@router.get("/subscriptions/{subscription_id}/coming-bills")
def subscription_coming(
    request: HttpRequest, subscription_id: PublicId, count: Annotated[int, Query(ge=1, le=MOST_COMING)] = 1
) -> dict[str, Any]:
    """Its next bills without tax, by the planner of the run; usage counts as far as it is known."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "billing.read")
    bills = coming_bills_of(row.id, now=caller.now, count=count, most=3 * count + 4)
    return {"items": [bill_shape(one) for one in bills], "currency": row.currency}


@router.post("/subscriptions/{subscription_id}/changes/preview")
def subscription_preview(request: HttpRequest, subscription_id: PublicId, body: ChangesIn) -> dict[str, Any]:
    """What changes would bill and give back at once, and the next bills before and after them: made and undone."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    effect = actions.preview_changes(changes_of(row.id, body), now=caller.now, actor=caller.actor)
    return effect_shape(effect, row.currency)


def effect_shape(effect: actions.ChangeEffect, currency: str) -> dict[str, Any]:
    """What changes bill and give back at once, and the next bills before and after them."""
    found = [charge_shape(one) for one in effect.at_once]
    return {
        "items": [{name: value for name, value in one.items() if name not in _ONLY_REAL} for one in found],
        "net": sum((one["amount"] for one in found), Decimal(0)),
        "invoiced": effect.invoiced,
        "credited": effect.credited,
        "currency": currency,
        "before": [bill_shape(one) for one in effect.before],
        "after": [bill_shape(one) for one in effect.after],
        "waits": effect.waits,
    }


class GatedChangeIn(Closed):
    """A change of plan, quantity or add-on that counts once its invoice is paid, within so many days."""

    change: LifeChangeIn
    days: Annotated[int, Field(ge=1, le=90)] = 14


@router.post("/subscriptions/{subscription_id}/gated-changes", response={201: dict[str, Any]})
def subscription_gate(
    request: HttpRequest, subscription_id: PublicId, body: GatedChangeIn
) -> tuple[int, dict[str, Any]]:
    """Make a change that counts once its invoice is paid; else it is taken back, and its invoice given back."""
    caller = caller_of(request)
    row = living(caller, subscription_id, "subscriptions.write")
    (change,) = changes_of(row.id, ChangesIn(changes=[body.change]))
    fact_id = actions.gate_change(change, days=body.days, now=caller.now, actor=caller.actor)
    return 201, gate_shape(gate_of(fact_id))


@router.get("/subscriptions/{subscription_id}/gated-changes")
def subscription_gates(request: HttpRequest, subscription_id: PublicId) -> dict[str, Any]:
    """The changes that wait or waited for their payment, the newest first."""
    row = living(caller_of(request), subscription_id, "subscriptions.read")
    return {"items": [gate_shape(gate) for gate in gates_of(row.id)]}


def gate_shape(gate: WaitingGate) -> dict[str, Any]:
    """A change that waits for its payment as the API shows it."""
    return {
        "change": public("event", gate.fact_id),
        "status": gate.status,
        "invoice": public("invoice", gate.invoice_id) if gate.invoice_id else None,
        "invoice_number": gate.number,
        "expires_at": gate.expires_at,
    }
