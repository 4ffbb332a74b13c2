"""The API of revenue: recognise up to a day, or see what that would post."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import Field, StringConstraints

from cashline.flow.recognise.revenue.actions import RevenueRunResult, recognise_arrangements, run_revenue
from cashline.flow.recognise.revenue.api.routing import router
from cashline.flow.recognise.revenue.api.shapes import run_shape
from cashline.flow.recognise.revenue.queries.supposing import SupposedDifference, product_prices, suppose_prices
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.kernel.identifiers import public
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, EntityCode


class RevenueRunIn(Closed):
    """The last day that counts, for one legal entity or (none named) all that the caller may run."""

    through: date
    entity: Annotated[str, StringConstraints(max_length=8)] | None = None


@router.post("/revenue-runs")
def revenue_run(request: HttpRequest, body: RevenueRunIn) -> dict[str, Any]:
    """Post the difference between the plan and what is recognised; a second run finds none."""
    return _run(request, body, preview=False)


@router.post("/revenue-run-previews")
def revenue_preview(request: HttpRequest, body: RevenueRunIn) -> dict[str, Any]:
    """What the run would post; nothing is kept."""
    return _run(request, body, preview=True)


def _run(request: HttpRequest, body: RevenueRunIn, *, preview: bool) -> dict[str, Any]:
    caller = caller_of(request)
    entity_id = entity_by_code(body.entity).id if body.entity else None
    caller.require("revenue.run", entity_id)
    entity_ids = [entity_id] if entity_id else caller.entities("revenue.run")
    wanted = entity_ids if entity_ids is not None else [None]
    results = [
        run_revenue(through=body.through, now=caller.now, actor=caller.actor, entity_id=one, preview=preview)
        for one in wanted
    ]
    others = [
        recognise_arrangements(through=body.through, now=caller.now, actor=caller.actor, entity_id=one, preview=preview)
        for one in wanted
    ]
    return {
        "through": body.through,
        "preview": preview,
        "totals": [row for one in results for row in _totals(one)],
        "arrangements": [row for one in others for row in run_shape(one)],
    }


class SupposedPriceIn(Closed):
    """What a product would be sold for alone: a unit and interval, in the currency of each contract."""

    sku: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    stand_alone_price: Annotated[Decimal, Field(gt=0, lt=Decimal("1e10"), decimal_places=10)]


class SupposedIn(Closed):
    """Other stand-alone prices, and the last day of the difference."""

    entity: EntityCode
    through: date
    prices: Annotated[list[SupposedPriceIn], Field(min_length=1, max_length=100)]


@router.post("/revenue-what-ifs")
def revenue_what_if(request: HttpRequest, body: SupposedIn) -> dict[str, Any]:
    """The difference of revenue by month if products were sold alone for other prices; nothing is kept."""
    caller = caller_of(request)
    owner = entity_by_code(body.entity)
    caller.require("revenue.read", owner.id)
    require_near(body.through, caller.today(owner.timezone))
    prices = product_prices({one.sku: one.stand_alone_price for one in body.prices})
    return supposed_shape(suppose_prices(prices, entity_id=owner.id, through=body.through))


def supposed_shape(found: SupposedDifference) -> dict[str, Any]:
    """The difference as every door tells it."""
    return {
        "agreements": found.agreements,
        "months": [
            {
                "currency": currency,
                "month": f"{month:%Y-%m}",
                "kind": kind,
                "now": f"{now:f}",
                "then": f"{then:f}",
                "difference": f"{then - now:f}",
            }
            for (currency, month, kind), (now, then) in sorted(found.totals.items())
        ],
        "contracts": [
            {"agreement": public("agreement", key), "currency": currency, "moves": f"{amount:f}"}
            for key, currency, amount in found.contracts
        ],
        "refused": [{"agreement": public("agreement", key), "why": why} for key, why in found.refused],
    }


def _totals(result: RevenueRunResult) -> list[dict[str, Any]]:
    return [
        {"currency": currency, "month": f"{month:%Y-%m}", "kind": kind, "amount": amount}
        for (currency, month, kind), amount in sorted(result.totals.items())
    ]
