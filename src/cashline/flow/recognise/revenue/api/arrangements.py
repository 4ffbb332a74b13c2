"""The API of arrangements: record facts of contracts, see their schedule, and ask what if."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from cashline.flow.agree.customers.queries import customer
from cashline.flow.recognise.revenue.actions import NewArrangement, NewFacts, record_arrangements, record_facts
from cashline.flow.recognise.revenue.api.routing import router
from cashline.flow.recognise.revenue.api.shapes import ahead_shape, change_shape, fact_shape, shape, standing_shape
from cashline.flow.recognise.revenue.queries import arrangements
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementRow
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost, ContractFact, EventFact
from cashline.flow.recognise.revenue.rules.standard.judgements import Judgement
from cashline.flow.recognise.revenue.rules.standard.limits import read_facts
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import minor_units
from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    EntityCode,
    Limit,
    LongText,
    Name,
    PublicId,
    Sort,
    Text,
    ask_of,
    listed,
    require_visible,
)

type Day = Annotated[date, Query(ge=FIRST_DAY, le=LAST_DAY)]


type Shapes = Annotated[list[dict[str, Any]], Field(max_length=1000)]


class FactsIn(Closed):
    """Facts in the form of `revenue-cases/1`; `paragraph` and `reason` are said of all judgements among them."""

    contracts: Shapes = []
    judgements: Shapes = []
    events: Shapes = []
    costs: Shapes = []
    paragraph: Text = ""
    reason: LongText = ""


class ArrangementIn(FactsIn):
    """An arrangement of revenue: contracts whose revenue is planned together, with what is known of them."""

    entity: EntityCode
    currency: CurrencyCode
    customer: PublicId | None = None
    title: Text = ""


class StandAlonePriceIn(Closed):
    """Another stand-alone price of an obligation."""

    obligation: Name
    amount: Annotated[Decimal, Field(ge=0, lt=Decimal("1e15"), decimal_places=6)]


class WhatIfIn(Closed):
    """What is supposed: other stand-alone prices, more judgements and events."""

    through: date
    judgements: Shapes = []
    events: Shapes = []
    prices: Annotated[list[StandAlonePriceIn], Field(max_length=200)] = []


@router.post("/revenue-arrangements", response={201: dict[str, Any]})
def record_arrangement(request: HttpRequest, body: ArrangementIn) -> tuple[int, dict[str, Any]]:
    """Record an arrangement with its contracts, judgements, events and costs."""
    caller = caller_of(request)
    entity = entity_by_code(body.entity)
    caller.require("revenue.run", entity.id)
    customer_id = None
    if body.customer:
        customer_id = customer(key_of("customer", body.customer)).id
    minor_units(body.currency)
    new = NewArrangement(entity.id, body.currency, new_facts(body), customer_id, body.title)
    [key] = record_arrangements([new], today=caller.today(entity.timezone), now=caller.now, actor=caller.actor)
    return 201, shape(arrangements.arrangement(key))


@router.get("/revenue-arrangements")
def list_arrangements(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50, sort: Sort = "") -> dict[str, Any]:
    """Arrangements, newest first."""
    caller = caller_of(request)
    caller.require("revenue.read")
    page = arrangements.list_arrangements(ask_of(sort, cursor, limit), entity_ids=caller.entities("revenue.read"))
    return listed(page, shape)


@router.get("/revenue-arrangements/{arrangement_id}")
def get_arrangement(request: HttpRequest, arrangement_id: PublicId) -> dict[str, Any]:
    """An arrangement with the facts that were recorded of it."""
    row = seen(caller_of(request), arrangement_id)
    return shape(row) | {"facts": [fact_shape(one) for one in arrangements.fact_rows(row.id)]}


@router.post("/revenue-arrangements/{arrangement_id}/facts", response={201: dict[str, Any]})
def add_facts(request: HttpRequest, arrangement_id: PublicId, body: FactsIn) -> tuple[int, dict[str, Any]]:
    """Add judgements, modifications and other events, costs or contracts; a later judgement replaces the earlier."""
    caller = caller_of(request)
    row = seen(caller, arrangement_id, "revenue.run")
    count = record_facts(arrangement_id=row.id, facts=new_facts(body), now=caller.now, actor=caller.actor)
    return 201, {"id": public("revenue_arrangement", row.id), "recorded": count}


@router.get("/revenue-arrangements/{arrangement_id}/schedule")
def get_schedule(
    request: HttpRequest, arrangement_id: PublicId, as_of: Day, known_at: datetime | None = None
) -> dict[str, Any]:
    """Price, allocation, progress, revenue to date and what remains, at the end of a day and as known at an instant."""
    row = seen(caller_of(request), arrangement_id)
    [moment] = arrangements.plan_at(row.id, [as_of], known_at=known_at)
    ahead = arrangements.still_ahead(row.id, as_of, known_at=known_at)
    return shape(row) | {"as_of": as_of} | standing_shape(moment, row.currency) | ahead_shape(ahead)


@router.post("/revenue-arrangements/{arrangement_id}/what-if")
def what_if(request: HttpRequest, arrangement_id: PublicId, body: WhatIfIn) -> dict[str, Any]:
    """The difference of journals by month, if something else were so; nothing is kept."""
    row = seen(caller_of(request), arrangement_id)
    require_near(body.through, caller_of(request).today())
    changes = arrangements.what_if(
        row.id,
        through=body.through,
        judgements=read_facts(body.judgements, Judgement, "judgements"),
        events=read_facts(body.events, EventFact, "events"),
        prices={one.obligation: one.amount for one in body.prices},
    )
    return {"through": body.through, "changes": [change_shape(one) for one in changes]}


def seen(caller: Caller, arrangement_id: PublicId, permission: str = "revenue.read") -> ArrangementRow:
    """The arrangement, where the caller may see it; raises NotFound or Forbidden."""
    row = arrangements.arrangement(key_of("revenue_arrangement", arrangement_id))
    require_visible(caller, permission, row.entity_id, "revenue_arrangement", row.id)
    return row


def new_facts(body: FactsIn) -> NewFacts:
    """The facts of a body; raises InvalidValue for each that has the wrong form."""
    return NewFacts(
        read_facts(body.contracts, ContractFact, "contracts"),
        read_facts(body.judgements, Judgement, "judgements"),
        read_facts(body.events, EventFact, "events"),
        read_facts(body.costs, ContractCost, "costs"),
        body.paragraph,
        body.reason,
    )
