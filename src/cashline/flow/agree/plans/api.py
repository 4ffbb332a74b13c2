"""The API of rate plans."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router
from pydantic import Field

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.plans import actions, queries
from cashline.flow.agree.plans.queries import PlanRow
from cashline.flow.agree.plans.rules import (
    CancelDay,
    ChangeBilled,
    FeeTiming,
    PlanConventions,
    PlanTerms,
    UnusedAdvance,
    UsageTiming,
)
from cashline.kernel.anchors import AnchorKind
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    CurrencyCode,
    Cursor,
    Limit,
    Name,
    PublicId,
    Sort,
    UnitPrice,
    Words,
    ask_of,
    listed,
)

router = Router(tags=["Plans"])
IndexCode = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
type Units = Annotated[Decimal, Field(ge=0, le=Decimal(10_000_000), decimal_places=6)]


class PlanAnchorIn(Closed):
    """Where the periods begin; a day (1 to 28) only for day_of_month."""

    kind: AnchorKind = AnchorKind.ANNIVERSARY
    day: Annotated[int, Field(ge=0, le=28)] = 0


class UsageFilterPriceIn(Closed):
    """The price of usage that carries a value of a dimension."""

    dimension: Name
    value: Name
    unit_price: UnitPrice


class PlanUsageChargeIn(Closed):
    """A price of what a meter counts."""

    meter: Name
    aggregation: Name = "sum"
    unit_price: UnitPrice
    timing: UsageTiming = UsageTiming.ARREARS
    carried_over: bool = False
    prorated: bool = False
    filters: Annotated[list[UsageFilterPriceIn], Field(max_length=50)] = []
    minimum_per_period: UnitPrice | None = None
    tax_category: TaxCategory = TaxCategory.STANDARD


class AddOnIn(Closed):
    """A fixed extra in advance."""

    code: Name
    units: Units
    unit_price: UnitPrice
    prorated: bool = True
    tax_category: TaxCategory = TaxCategory.STANDARD


class PlanIn(Closed):
    """A plan; where its code exists it is the next version, for those who subscribe from then on."""

    code: Name
    name: Name
    currency: CurrencyCode
    interval: IntervalUnit
    anchor: PlanAnchorIn = PlanAnchorIn()
    timing: FeeTiming = FeeTiming.ADVANCE
    base_fee: UnitPrice
    tax_category: TaxCategory = TaxCategory.STANDARD
    trial_days: Annotated[int, Field(ge=0, le=3660)] = 0
    minimum_commitment: UnitPrice | None = None
    usage_thresholds: Annotated[list[UnitPrice], Field(max_length=50)] = []
    recurring_threshold: UnitPrice | None = None
    charges: Annotated[list[PlanUsageChargeIn], Field(max_length=50)] = []
    add_ons: Annotated[list[AddOnIn], Field(max_length=50)] = []
    termination_fee: UnitPrice | None = None
    termination_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=6)] | None = None


class PlanConventionsIn(Closed):
    """How the entity bills subscriptions to plans."""

    cancel_day: CancelDay
    unused_advance: UnusedAdvance
    change_billed: ChangeBilled


class IndexValueIn(Closed):
    """The value of an index for a month, named by its first day."""

    month: date
    value: Annotated[Decimal, Field(gt=0, lt=Decimal("1e9"), decimal_places=10)]


class PriceIndexIn(Closed):
    """Values of a price index; a month that has one gets the new one."""

    name: Name
    values: Annotated[list[IndexValueIn], Field(min_length=1, max_length=600)]


def shape(row: PlanRow) -> dict[str, Any]:
    """A version of a plan as the API shows it."""
    return {
        "id": public("plan", row.id),
        "code": row.code,
        "name": row.name,
        "version": row.version,
        "currency": row.currency,
        "terms": row.terms.as_json(),
        "created_at": row.created_at,
    }


@router.get("/plans")
def plan_list(
    request: HttpRequest, q: Words = "", sort: Sort = "", cursor: Cursor = "", limit: Limit = 50
) -> dict[str, Any]:
    """Plans in their latest version, newest first or by code, name."""
    caller_of(request).require("catalog.read")
    return listed(queries.list_plans(ask_of(sort, cursor, limit), words=q), shape)


@router.get("/plans/{plan_id}")
def plan_show(request: HttpRequest, plan_id: PublicId) -> dict[str, Any]:
    """One version of a plan."""
    caller_of(request).require("catalog.read")
    return shape(queries.plan_version(key_of("plan", plan_id)))


@router.post("/plans", response={201: dict[str, Any]})
def plan_publish(request: HttpRequest, body: PlanIn) -> tuple[int, dict[str, Any]]:
    """Publish a plan, or the next version of one."""
    caller = caller_of(request)
    caller.require("catalog.write")
    plan = actions.NewPlan(body.code, body.name, body.currency, terms_of(body))
    key = actions.publish_plans([plan], now=caller.now, actor=caller.actor)[0]
    return 201, shape(queries.plan_version(key))


def terms_of(body: PlanIn) -> PlanTerms:
    """The terms that a body states; raises InvalidValue where they are none."""
    given = body.model_dump(mode="json", exclude={"code", "name", "currency"})
    for charge in given["charges"]:
        charge["charge"] = {"model": "unit", "price": charge.pop("unit_price")}
        for one in charge["filters"]:
            one["charge"] = {"model": "unit", "price": one.pop("unit_price")}
    return PlanTerms.from_json(given)


@router.get("/entities/{entity_id}/plan-conventions")
def conventions_show(request: HttpRequest, entity_id: PublicId) -> dict[str, Any]:
    """How a legal entity bills subscriptions to plans."""
    key = key_of("entity", entity_id)
    caller_of(request).require("catalog.read", key)
    return _conventions(queries.conventions_of([key])[key])


@router.put("/entities/{entity_id}/plan-conventions")
def conventions_set(request: HttpRequest, entity_id: PublicId, body: PlanConventionsIn) -> dict[str, Any]:
    """Say how a legal entity bills subscriptions to plans from now on."""
    caller, key = caller_of(request), key_of("entity", entity_id)
    caller.require("catalog.write", key)
    found = PlanConventions(body.cancel_day, body.unused_advance, body.change_billed)
    actions.set_conventions(entity_id=key, conventions=found, now=caller.now, actor=caller.actor)
    return _conventions(found)


def _conventions(found: PlanConventions) -> dict[str, Any]:
    return {
        "cancel_day": found.cancel_day,
        "unused_advance": found.unused_advance,
        "change_billed": found.change_billed,
    }


@router.get("/price-indices")
def index_list(request: HttpRequest) -> dict[str, Any]:
    """The price indices that renewals may follow, each with its newest value."""
    caller_of(request).require("catalog.read")
    return {"items": [index_shape(row) for row in queries.price_indices()]}


@router.get("/price-indices/{code}")
def index_show(request: HttpRequest, code: IndexCode) -> dict[str, Any]:
    """All values of a price index by month."""
    caller_of(request).require("catalog.read")
    return _index(code)


@router.put("/price-indices/{code}")
def index_set(request: HttpRequest, code: IndexCode, body: PriceIndexIn) -> dict[str, Any]:
    """Enter values of a price index; renewals that were recorded keep those that they followed."""
    caller = caller_of(request)
    caller.require("catalog.write")
    values = {one.month: one.value for one in body.values}
    actions.set_index_values(code=code, name=body.name, values=values, now=caller.now, actor=caller.actor)
    return _index(code)


def index_shape(row: queries.IndexRow) -> dict[str, Any]:
    """A price index as the API lists it."""
    return {
        "code": row.code,
        "name": row.name,
        "month": row.month,
        "value": row.value.normalize(),
        "months": row.values,
    }


def _index(code: str) -> dict[str, Any]:
    row = next((row for row in queries.price_indices() if row.code == code), None)
    if row is None:
        raise NotFound(f"There is no price index {code!r}.", field="code")
    values = queries.index_values([code])[code]
    return index_shape(row) | {"values": [{"month": month, "value": value} for month, value in values.items()]}
