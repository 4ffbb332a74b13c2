"""The API of the ledger: journal entries, trial balance, accounting periods."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import StringConstraints

from cashline.flow.recognise.ledger import actions
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.recognise.ledger.queries import balances, entries
from cashline.flow.recognise.ledger.queries.books import period_of, periods
from cashline.flow.recognise.ledger.queries.entries import EntryRow
from cashline.flow.recognise.ledger.rules.periods import Area, PeriodStatus, code_of
from cashline.kernel.fiscal import FiscalPeriod
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import Entity, entity_by_code, fiscal_calendar
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, PublicId
from cashline.platform.lists import Ask

router = Router(tags=["Recognise"])
type Code = Annotated[str, StringConstraints(max_length=8)]
type Day = Annotated[date, Query()]


class Month(Closed):
    """A month or fiscal period of an entity, named by any of its days, and why it is closed or opened."""

    entity: Code
    month: date
    reason: Annotated[str, StringConstraints(max_length=500)] = ""
    area: Area = Area.ALL


@router.get("/journal-entries")
def entry_list(
    request: HttpRequest,
    cursor: Annotated[str, StringConstraints(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    rule: Annotated[str, StringConstraints(max_length=50)] = "",
    number: Annotated[str, StringConstraints(max_length=50)] = "",
    start: date | None = None,
    end: date | None = None,
) -> dict[str, Any]:
    """Entries, newest first; days are from `start` up to before `end`. `number` is that of a document they touch."""
    caller = caller_of(request)
    caller.require("ledger.read")
    page = entries.list_entries(
        Ask(cursor=cursor, limit=limit),
        entity_ids=caller.entities("ledger.read"),
        rules=[rule] if rule else (),
        number=number,
        start=start,
        end=end,
    )
    return {"items": [_entry(row) for row in page.items], "next_cursor": page.next_cursor}


@router.get("/journal-entries/{entry_id}")
def entry_detail(request: HttpRequest, entry_id: PublicId) -> dict[str, Any]:
    """One entry with its lines: debit positive, credit negative."""
    caller = caller_of(request)
    row = entries.entry(key_of("journal_entry", entry_id))
    caller.require("ledger.read", row.entity_id)
    lines = [
        {
            "account": line.account_code,
            "name": line.account_name,
            "amount": line.amount,
            "functional_amount": line.functional_amount,
        }
        for line in row.lines
    ]
    return _entry(row) | {"lines": lines}


@router.get("/trial-balance")
def trial_balance(
    request: HttpRequest, entity: Code, as_of: date | None = None, known_at: datetime | None = None
) -> dict[str, Any]:
    """Debits, credits and balance of each account at the end of a day, in the entity's currency.

    `known_at` counts only what was posted up to that instant.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("ledger.read", owner.id)
    rows = balances.trial_balance(owner.id, as_of or caller.today(owner.timezone), known_at=known_at)
    items = [
        {"code": row.code, "name": row.name, "debit": row.debit, "credit": row.credit, "balance": row.balance}
        for row in rows
    ]
    return {"entity": owner.code, "currency": owner.currency, "items": items, "next_cursor": ""}


@router.get("/periods")
def period_list(request: HttpRequest, entity: Code) -> dict[str, Any]:
    """The periods of an entity that were ever closed, whole or by area, newest first; any other is open.

    `month` names one: 2026-03, or FY2026-P03 by a fiscal calendar of weeks.
    """
    caller = caller_of(request)
    owner = entity_by_code(entity)
    caller.require("ledger.read", owner.id)
    calendar = fiscal_calendar(owner.id)
    items = [
        {
            "month": code_of(calendar, row.starts_on, row.ends_on),
            "start": row.starts_on,
            "end": row.ends_on,
            "area": row.area,
            "status": row.status,
            "closed_at": row.closed_at,
            "closed_by": row.closed_by,
        }
        for row in periods(owner.id)
    ]
    return {"items": items, "next_cursor": ""}


@router.post("/periods/soft-close")
def period_soft_close(request: HttpRequest, body: Month) -> dict[str, Any]:
    """Keep documents out of a period, and still take what the close itself posts."""
    caller = caller_of(request)
    owner = _owner(request, body.entity)
    period = actions.close_period(
        entity_id=owner.id,
        month=body.month,
        reason=body.reason,
        area=body.area,
        soft=True,
        now=caller.now,
        actor=caller.actor,
    )
    return period_shape(owner, period) | {"area": body.area.value, "status": PeriodStatus.SOFT_CLOSED.value}


@router.post("/periods/reopen")
def period_reopen(request: HttpRequest, body: Month) -> dict[str, Any]:
    """Open a closed period again; the reason is kept."""
    caller = caller_of(request)
    owner = _owner(request, body.entity)
    period = actions.reopen_period(
        entity_id=owner.id, month=body.month, reason=body.reason, area=body.area, now=caller.now, actor=caller.actor
    )
    return period_shape(owner, period) | {"area": body.area.value, "status": PeriodStatus.OPEN.value}


@router.post("/periods/revalue")
def period_revalue(request: HttpRequest, body: Month) -> dict[str, Any]:
    """Post the unrealised exchange difference of a period, taken back on the first day of the next."""
    caller = caller_of(request)
    owner = _owner(request, body.entity)
    items, off = revalue_month(entity_id=owner.id, month=body.month, now=caller.now, actor=caller.actor)
    shown = [
        {"role": one.role.value, "currency": one.currency, "amount": one.amount, "rate": one.rate} for one in items
    ]
    return period_shape(owner, period_of(owner.id, body.month)) | {"posted": off, "items": shown}


def period_shape(owner: Entity, period: FiscalPeriod) -> dict[str, Any]:
    """An accounting period as every door tells it: its name, and its days from `start` up to before `end`."""
    return {"entity": owner.code, "month": period.code, "start": period.start, "end": period.end}


def _owner(request: HttpRequest, code: str) -> Entity:
    owner = entity_by_code(code)
    caller_of(request).require("ledger.close", owner.id)
    return owner


def _entry(row: EntryRow) -> dict[str, Any]:
    return {
        "id": public("journal_entry", row.id),
        "entity": row.entity_code,
        "day": row.day,
        "rule": row.rule,
        "text": row.text,
        "currency": row.currency,
        "total": row.total,
        "source_type": row.source_type,
        "posted_at": row.posted_at,
    }
