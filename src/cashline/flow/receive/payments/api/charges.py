"""Endpoints of card charges, and the door that takes the reports of gateways."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import StringConstraints

from cashline.flow.receive.payments import actions, queries
from cashline.flow.receive.payments.actions import NewIntent
from cashline.flow.receive.payments.api.following import after_commit
from cashline.flow.receive.payments.api.shapes import IntentIn, LookUpIn, intent_shape
from cashline.flow.receive.payments.queries import IntentRow
from cashline.flow.receive.payments.rules import PaymentStatus
from cashline.kernel.identifiers import key_of
from cashline.kernel.refusals import Refusal
from cashline.platform.clock.queries import machine_time
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import Cursor, Limit, PublicId, Sort, Why, ask_of, listed, require_visible

router = Router(tags=["Payments"])


def _intent(caller: Caller, intent_id: str, permission: str = "payments.read") -> IntentRow:
    row = queries.intent(key_of("payment_intent", intent_id))
    require_visible(caller, permission, row.entity_id, "payment_intent", row.id)
    return row


@router.post("/payment-intents", response={202: dict[str, Any]})
def intent_create(request: HttpRequest, body: IntentIn) -> tuple[int, dict[str, Any]]:
    """Charge a card. The charge follows at once when this is answered: ask for the intent to see its outcome."""
    caller = caller_of(request)
    new = _new_intent(body)
    caller.require("payments.write", new.entity_id)
    named = actions.gateways(sandbox=caller.clock.sandbox)
    named(new.gateway)
    (key,) = actions.create_intents([new], now=caller.now, actor=caller.actor)
    now, actor = caller.now, caller.actor
    after_commit(lambda: actions.charge_card(key, gateway_named=named, now=now, actor=actor))
    return 202, intent_shape(queries.intent(key))


def _new_intent(body: IntentIn) -> NewIntent:
    if body.invoice is not None:
        return _for_invoice(body.invoice, body)
    if body.entity is None or body.customer is None or body.currency is None or body.amount is None:
        raise MissingTerms("Name the invoice, or entity, customer, currency and amount.", field="invoice")
    return NewIntent(
        entity_by_code(body.entity).id,
        key_of("customer", body.customer),
        body.currency,
        body.amount,
        body.gateway,
        body.method_token,
        return_url=body.return_url,
    )


class MissingTerms(Refusal):
    """A charge names neither an invoice nor all that an invoice would tell."""

    code = "missing_terms"


def _for_invoice(invoice: str, body: IntentIn) -> NewIntent:
    """The charge of an invoice: what it leaves out follows from the invoice."""
    key = key_of("invoice", invoice)
    party = queries.payable(key)
    return NewIntent(
        party.entity_id,
        party.customer_id,
        body.currency or party.currency,
        party.open_amount if body.amount is None else body.amount,
        body.gateway,
        body.method_token,
        key,
        body.return_url,
    )


@router.get("/payment-intents")
def intent_list(
    request: HttpRequest,
    status: Annotated[list[PaymentStatus], Query()] = [],  # noqa: B006
    invoice_id: PublicId | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Card charges, the newest first unless sorted by created_at or amount."""
    caller = caller_of(request)
    caller.require("payments.read")
    page = queries.list_intents(
        ask_of(sort, cursor, limit),
        entities=caller.entities("payments.read"),
        statuses=status,
        invoice_ids=[key_of("invoice", invoice_id)] if invoice_id else None,
    )
    return listed(page, intent_shape)


@router.get("/payment-intents/{intent_id}")
def intent_show(request: HttpRequest, intent_id: PublicId) -> dict[str, Any]:
    """One card charge with every try at the gateway."""
    row = _intent(caller_of(request), intent_id)
    calls = [
        {
            "operation": call.operation,
            "number": call.number,
            "outcome": call.outcome,
            "http_status": call.http_status,
            "error": call.error,
            "called_at": call.called_at,
        }
        for call in queries.calls_about([row.id])
    ]
    return intent_shape(row) | {"calls": calls}


@router.post("/payment-intents/{intent_id}/give-up")
def intent_give_up(request: HttpRequest, intent_id: PublicId, body: Why) -> dict[str, Any]:
    """Stop waiting for a charge; one that comes through after all is still recorded."""
    caller = caller_of(request)
    row = _intent(caller, intent_id, "payments.write")
    actions.give_up_intents([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return intent_shape(queries.intent(row.id))


@router.post("/payment-intents/{intent_id}/look-up", response={202: dict[str, Any]})
def intent_look_up(request: HttpRequest, intent_id: PublicId, body: LookUpIn) -> tuple[int, dict[str, Any]]:
    """Take over a charge found in the gateway's console, where nobody knows what came of the intent."""
    caller = caller_of(request)
    row = _intent(caller, intent_id, "payments.write")
    named = actions.gateways(sandbox=caller.clock.sandbox)
    now, actor, reference = caller.now, caller.actor, body.gateway_reference
    after_commit(lambda: actions.look_up_charge(row.id, reference, gateway_named=named, now=now, actor=actor))
    return 202, intent_shape(row)


@router.post("/gateway-events/{gateway}")
def gateway_event(request: HttpRequest, gateway: Annotated[str, StringConstraints(max_length=40)]) -> dict[str, Any]:
    """Where gateways send their reports, signed; anything else is refused. A repeated report changes nothing."""
    caller = caller_of(request)
    outcome = actions.handle_gateway_event(
        actions.gateways(sandbox=caller.clock.sandbox)(gateway),
        dict(request.headers),
        request.body,
        machine_time=machine_time(),
        now=caller.now,
        actor=f"gateway:{gateway}",
    )
    return {"outcome": outcome.partition(":")[0] or "waiting"}
