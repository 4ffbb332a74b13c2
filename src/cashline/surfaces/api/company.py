"""Endpoints of the company as a whole: entities, exchange rates, API keys, the event feed, the clock."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.kernel.fiscal import FiscalCalendar, FiscalPattern, YearEnd
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import raise_all
from cashline.platform.clock.actions import move_clock
from cashline.platform.company import actions as company
from cashline.platform.company.queries import entities, entities_by_id, entity_by_code, fiscal_calendar
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, PublicId
from cashline.platform.events import queries as events
from cashline.platform.outbox.queries import list_messages
from cashline.platform.people import actions as people
from cashline.platform.people.queries import list_api_keys
from cashline.platform.people.rules import scope_errors
from cashline.platform.webhooks.rules import envelope
from cashline.surfaces import inviting

router = Router(tags=["Company"])
type Text = Annotated[str, StringConstraints(max_length=200)]


class NewEntityIn(Closed):
    """A legal entity to be set up."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=8, pattern=r"^[A-Za-z0-9]+$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    timezone: Text = "UTC"
    street: Text = ""
    postcode: Text = ""
    city: Text = ""
    tax_id: Text = ""
    registration: Text = ""
    iban: Text = ""
    bic: Text = ""
    email: Text = ""
    phone: Text = ""
    website: Text = ""
    tax_rounding: Literal["per_document", "per_rate", "per_line"] = "per_rate"


class TaxRoundingIn(Closed):
    """Where the tax of a document is rounded."""

    tax_rounding: Literal["per_document", "per_rate", "per_line"]


class FiscalCalendarIn(Closed):
    """A calendar of months, or of weeks that ends on a weekday (Monday is 0) last in or nearest the end of a month.

    It holds from the day `since` on, after calendar months; where that is left out it always held.
    """

    pattern: FiscalPattern
    end_month: Annotated[int, Field(ge=1, le=12)] = 12
    weekday: Annotated[int, Field(ge=0, le=6)] = 5
    year_end: YearEnd = YearEnd.LAST
    named_before: bool = False
    since: date | None = None


class RateIn(Closed):
    """How many units of the currency one euro buys on a day."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    day: date
    per_euro: Annotated[Decimal, Field(gt=0, lt=Decimal("1e12"), decimal_places=10)]


class RatesIn(Closed):
    """Exchange rates."""

    rates: Annotated[list[RateIn], Field(min_length=1, max_length=10_000)]


class KeyIn(Closed):
    """An API key to be made."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    scopes: Annotated[list[Text], Field(min_length=1, max_length=200)]
    entity: Text | None = None
    expires_at: datetime | None = None


class ClockIn(Closed):
    """Where to move a sandbox's clock."""

    to: datetime


@router.get("/entities")
def entity_list(request: HttpRequest) -> dict[str, Any]:
    """The legal entities in which the caller may do anything at all."""
    own = {grant.entity_id for grant in caller_of(request).authority.grants}
    found = [entity for entity in entities() if None in own or entity.id in own]
    return {"items": [_entity(entity) for entity in found], "next_cursor": ""}


def _entity(entity: Any) -> dict[str, Any]:
    shape = {name: getattr(entity, name) for name in NewEntityIn.model_fields}
    return {"id": public("entity", entity.id), **shape}


@router.post("/entities", response={201: dict[str, Any]})
def entity_create(request: HttpRequest, body: NewEntityIn) -> tuple[int, dict[str, Any]]:
    """Set up a legal entity."""
    caller = caller_of(request)
    caller.require("platform.write")
    company.create_entities([company.NewEntity(**body.model_dump())], now=caller.now, actor=caller.actor)
    return 201, _entity(entity_by_code(body.code))


@router.post("/entities/{entity_id}/tax-rounding")
def entity_tax_rounding(request: HttpRequest, entity_id: str, body: TaxRoundingIn) -> dict[str, Any]:
    """Say where the tax of its documents is rounded from now on: per document, per rate or per line."""
    caller, key = caller_of(request), key_of("entity", entity_id)
    caller.require("platform.write")
    company.set_tax_rounding(entity_id=key, rounding=body.tax_rounding, now=caller.now, actor=caller.actor)
    return _entity(entities_by_id([key])[key])


@router.post("/entities/{entity_id}/fiscal-calendar")
def entity_fiscal_calendar(request: HttpRequest, entity_id: str, body: FiscalCalendarIn) -> dict[str, Any]:
    """Say by which calendar it reports and closes; the next run of revenue follows it.

    Refused where it would cut a closed period.
    """
    caller, key = caller_of(request), key_of("entity", entity_id)
    caller.require("platform.write")
    calendar = FiscalCalendar(**body.model_dump())
    company.set_fiscal_calendar(entity_id=key, calendar=calendar, now=caller.now, actor=caller.actor)
    return _entity(entities_by_id([key])[key]) | {"fiscal_calendar": calendar.as_json()}


@router.get("/entities/{entity_id}/fiscal-periods")
def entity_fiscal_periods(
    request: HttpRequest, entity_id: str, year: Annotated[int, Query(ge=1971, le=2198)]
) -> dict[str, Any]:
    """The periods of a fiscal year, in order; each from `start` up to before `end`."""
    key = key_of("entity", entity_id)
    caller_of(request).require("reports.read", key)
    calendar = fiscal_calendar(key)
    items = [
        {
            "name": calendar.name_of(one),
            "code": one.code,
            "quarter": one.quarter,
            "start": one.start,
            "end": one.end,
            "weeks": one.weeks or None,
        }
        for one in calendar.periods(year)
    ]
    return {"fiscal_calendar": calendar.as_json(), "items": items, "next_cursor": ""}


@router.post("/exchange-rates", response={201: dict[str, Any]})
def exchange_rate_create(request: HttpRequest, body: RatesIn) -> tuple[int, dict[str, Any]]:
    """Keep exchange rates; one already known for a day stays as it is."""
    caller_of(request).require("platform.write")
    return 201, {"added": company.set_exchange_rates((one.currency, one.day, one.per_euro) for one in body.rates)}


@router.get("/api-keys")
def api_key_list(request: HttpRequest) -> dict[str, Any]:
    """All API keys, without their secrets."""
    caller_of(request).require("people.write")
    items = [
        {
            "id": public("api_key", key.id),
            "name": key.name,
            "prefix": key.prefix,
            "scopes": key.scopes,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
        }
        for key in list_api_keys()
    ]
    return {"items": items, "next_cursor": ""}


@router.post("/api-keys", response={201: dict[str, Any]})
def api_key_create(request: HttpRequest, body: KeyIn) -> tuple[int, dict[str, Any]]:
    """Make a key; its secret is shown in this answer and never again."""
    caller = caller_of(request)
    caller.require("people.write")
    entity_id = entity_by_code(body.entity).id if body.entity else None
    raise_all(scope_errors(caller.authority, body.scopes, entity_id))
    secret = people.create_api_key(
        name=body.name,
        scopes=body.scopes,
        entity_id=entity_id,
        created_by=caller.authority.user_id,
        expires_at=body.expires_at,
        now=caller.now,
        actor=caller.actor,
    )
    return 201, {"secret": secret}


@router.post("/api-keys/{key_id}/revoke")
def api_key_revoke(request: HttpRequest, key_id: PublicId) -> dict[str, Any]:
    """End a key at once."""
    inviting.revoke_key(caller_of(request), key_of("api_key", key_id))
    return {"id": key_id, "revoked": True}


@router.get("/outbox")
def outbox_list(request: HttpRequest, status: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Any:
    """Messages to the outside and how they stand; `status` narrows to pending, sending, sent, dead or unknown."""
    caller_of(request).require("platform.read")
    rows = list_messages(statuses=[status] if status else None, limit=limit)
    items = [
        {
            "id": public("outbox_message", row.id),
            "kind": row.kind,
            "key": row.key,
            "status": row.status,
            "attempts": row.attempts,
            "created_at": row.created_at,
            "next_attempt_at": row.next_attempt_at,
            "sent_at": row.sent_at,
            "last_detail": row.last_detail,
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": ""}


@router.get("/events")
def event_feed(
    request: HttpRequest,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    type: Text = "",  # noqa: A002 - the name of the parameter in the address
) -> dict[str, Any]:
    """The sealed event feed behind a number; resume with the `number` of the last event seen."""
    caller_of(request).require("platform.read")
    found = events.feed(after=after, limit=limit, types=[type] if type else [])
    return {"items": [envelope(entry) for entry in found], "after": found[-1].number if found else after}


@router.get("/clock")
def clock_show(request: HttpRequest) -> dict[str, Any]:
    """What time it is for this company."""
    clock = caller_of(request).clock
    return {"now": clock.now, "sandbox": clock.sandbox, "moved": clock.moved}


@router.post("/clock/advance")
def clock_advance(request: HttpRequest, body: ClockIn) -> dict[str, Any]:
    """Set a sandbox's clock forward without running the jobs in between (the command line runs them)."""
    caller = caller_of(request)
    caller.require("platform.write")
    move_clock(body.to)
    return {"now": body.to}
