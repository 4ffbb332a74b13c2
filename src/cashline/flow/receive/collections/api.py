"""The API of reminders: running them, what was sent, promises to pay, holds, and the declared ladder."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field, StringConstraints

from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.receive.collections import actions, queries
from cashline.flow.receive.collections.actions import NewPromise, ReminderRun
from cashline.flow.receive.collections.queries import LetterFilter, LetterRow, PromiseRow, ReminderRow
from cashline.flow.receive.collections.rules import ReminderLetter
from cashline.flow.receive.collections.rules.declaring import policy_as_json
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.rounding import round_to
from cashline.platform.company.queries import entities_by_id, entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    PublicId,
    Reason,
    Sort,
    Text,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Reminders"])
type Amount = Annotated[Decimal, Field(gt=0, lt=Decimal("1e15"), decimal_places=4)]
type Minimum = Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), decimal_places=4)]


class ReminderRunIn(Closed):
    """A run of the reminders: of all legal entities unless one is named; a preview sends nothing."""

    entity: EntityCode | None = None
    preview: bool = False


class PromiseIn(Closed):
    """What a customer promises to pay of an invoice, and by when."""

    invoice: PublicId
    amount: Amount
    promised_for: date
    note: Text = ""


class HoldIn(Closed):
    """Until when (that day included) a customer gets no reminders, and why."""

    until: date
    reason: Reason


class PolicyIn(Closed):
    """The ladder: the days after the due day of each level; letters below the minimum of their currency wait."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=365)]], Field(min_length=1, max_length=9)]
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    minimums: Annotated[dict[CurrencyCode, Minimum], Field(max_length=50)] = {}


def money_text(amount: Decimal, currency: str) -> str:
    """An amount as the API writes it."""
    return f"{round_to(amount, minor_units(currency)):f}"


def letter_shape(row: LetterRow) -> dict[str, Any]:
    """A letter that was sent."""
    return {
        "id": public("reminder", row.id),
        "entity": row.entity_code,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "level": row.level,
        "currency": row.currency,
        "total": money_text(row.total, row.currency),
        "sent_on": row.sent_on,
        "email": row.email,
        "mail_status": row.mail_status,
        "invoices": row.invoices,
    }


def reminder_shape(row: ReminderRow, currency: str) -> dict[str, Any]:
    """One invoice of a letter."""
    return {
        "invoice_id": public("invoice", row.invoice_id),
        "invoice_number": row.invoice_number,
        "level": row.level,
        "amount": money_text(row.amount, currency),
        "due_on": row.due_on,
        "days_overdue": row.days_overdue,
        "open_amount": money_text(row.open_amount, currency),
    }


def promise_shape(row: PromiseRow, today: date) -> dict[str, Any]:
    """A promise to pay, and whether it was broken."""
    return {
        "invoice_id": public("invoice", row.invoice_id),
        "invoice_number": row.invoice_number,
        "customer_id": public("customer", row.customer_id),
        "customer_name": row.customer_name,
        "currency": row.currency,
        "amount": money_text(row.amount, row.currency),
        "promised_for": row.promised_for,
        "note": row.note,
        "open_amount": money_text(row.open_amount, row.currency),
        "broken": row.is_broken(today),
    }


def _planned_shape(letter: ReminderLetter, run: ReminderRun) -> dict[str, Any]:
    first = run.overdue[letter.reminders[0].invoice_id]
    return {
        "customer_id": public("customer", letter.customer_id),
        "customer_name": first.customer_name,
        "email": first.email,
        "level": letter.level,
        "currency": letter.total.currency,
        "total": money_text(letter.total.amount, letter.total.currency),
        "invoices": [
            {
                "invoice_id": public("invoice", one.invoice_id),
                "number": one.number,
                "level": one.level,
                "amount": money_text(one.amount.amount, one.amount.currency),
                "due_on": one.due_date,
                "days_overdue": one.days_overdue,
            }
            for one in letter.reminders
        ],
    }


def run_shape(run: ReminderRun) -> dict[str, Any]:
    """What a run sent, or would send, and why the other overdue invoices were left out."""
    return {
        "letters": [_planned_shape(letter, run) for letter in run.letters],
        "sent": [public("reminder", key) for key in run.letter_ids],
        "skipped": [
            {
                "invoice_id": public("invoice", key),
                "number": run.overdue[key].invoice.number,
                "reason": reason.value,
            }
            for key, reason in run.skipped
        ],
        "unreachable": [
            {"customer_id": public("customer", one.customer_id), "customer_name": one.name} for one in run.unreachable
        ],
    }


@router.post("/reminders/run")
def reminder_run(request: HttpRequest, body: ReminderRunIn) -> dict[str, Any]:
    """Send the reminders that are due today, each once; or say in a preview what would be sent."""
    caller = caller_of(request)
    permission = "collections.read" if body.preview else "collections.write"
    if body.entity is not None:
        chosen = [entity_by_code(body.entity)]
        caller.require(permission, chosen[0].id)
    else:
        caller.require(permission)
        chosen = caller.own_entities(permission)
    run = actions.send_reminders(
        today=caller.today(chosen[0].timezone if len(chosen) == 1 else "UTC"),
        now=caller.now,
        actor=caller.actor,
        entity_ids=[one.id for one in chosen],
        preview=body.preview,
    )
    return run_shape(run)


@router.get("/reminders")
def reminder_list(
    request: HttpRequest,
    q: Words = "",
    customer_id: PublicId | None = None,
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Letters that were sent, the newest first unless sorted by sent_on, customer, level or total."""
    caller = caller_of(request)
    caller.require("collections.read")
    chosen = LetterFilter(
        words=q,
        entities=caller.entities("collections.read"),
        customer_id=key_of("customer", customer_id) if customer_id else None,
    )
    return listed(queries.list_letters(ask_of(sort, cursor, limit), chosen), letter_shape)


@router.get("/reminders/{reminder_id}")
def reminder_show(request: HttpRequest, reminder_id: PublicId) -> dict[str, Any]:
    """One letter with its invoices."""
    row = queries.letter(key_of("reminder", reminder_id))
    require_visible(caller_of(request), "collections.read", row.entity_id, "reminder", row.id)
    lines = [reminder_shape(one, row.currency) for one in queries.reminders_of(letter_ids=[row.id])]
    return letter_shape(row) | {"reminders": lines}


@router.get("/promises-to-pay")
def promise_list(request: HttpRequest) -> dict[str, Any]:
    """Promises whose invoices are still open, the next day first."""
    caller = caller_of(request)
    caller.require("collections.read")
    rows = queries.promises(entities=caller.entities("collections.read"))
    return {"items": [promise_shape(row, caller.today()) for row in rows], "next_cursor": ""}


@router.post("/promises-to-pay", response={201: dict[str, Any]})
def promise_create(request: HttpRequest, body: PromiseIn) -> tuple[int, dict[str, Any]]:
    """Record a promise to pay: reminders of what is promised wait for it."""
    caller = caller_of(request)
    row = invoice(key_of("invoice", body.invoice))
    require_visible(caller, "collections.write", row.entity_id, "invoice", row.id)
    today = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)
    new = NewPromise(row.id, body.amount, body.promised_for, body.note)
    (key,) = actions.record_promises([new], today=today, now=caller.now, actor=caller.actor)
    made = next(one for one in queries.promises(invoice_ids=[row.id]) if one.id == key)
    return 201, promise_shape(made, today)


@router.post("/customers/{customer_id}/hold-reminders")
def customer_hold(request: HttpRequest, customer_id: PublicId, body: HoldIn) -> dict[str, Any]:
    """Send a customer no reminders for a while."""
    caller = caller_of(request)
    caller.require("collections.write")
    key = key_of("customer", customer_id)
    actions.hold_reminders(
        key, until=body.until, reason=body.reason, today=caller.today(), now=caller.now, actor=caller.actor
    )
    return {"customer_id": customer_id, "held_until": body.until, "reason": body.reason}


@router.post("/customers/{customer_id}/lift-reminder-hold")
def customer_lift_hold(request: HttpRequest, customer_id: PublicId) -> dict[str, Any]:
    """Send a customer reminders again."""
    caller = caller_of(request)
    caller.require("collections.write")
    actions.lift_hold(key_of("customer", customer_id), now=caller.now, actor=caller.actor)
    return {"customer_id": customer_id, "held_until": None}


@router.get("/reminder-policies")
def policy_list(request: HttpRequest) -> dict[str, Any]:
    """The ladder of each legal entity."""
    caller = caller_of(request)
    caller.require("collections.read")
    own = caller.own_entities("collections.read")
    found = queries.policies_of(own)
    return {"items": [{"entity": one.code, **policy_as_json(found[one.id])} for one in own], "next_cursor": ""}


@router.post("/reminder-policies/{entity}")
def policy_set(request: HttpRequest, entity: EntityCode, body: PolicyIn) -> dict[str, Any]:
    """Declare the ladder of a legal entity."""
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("collections.write", owner.id)
    minimums = [Money.of(amount, currency) for currency, amount in body.minimums.items()]
    actions.set_policy(
        owner.id, days=body.days, country=body.country, minimums=minimums, now=caller.now, actor=caller.actor
    )
    return {"entity": owner.code, **policy_as_json(queries.policies_of([owner])[owner.id])}
