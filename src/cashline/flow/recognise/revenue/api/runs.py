"""The API of revenue: recognise up to a day, or see what that would post."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import StringConstraints

from cashline.flow.recognise.revenue.actions import RevenueRunResult, recognise_arrangements, run_revenue
from cashline.flow.recognise.revenue.api.routing import router
from cashline.flow.recognise.revenue.api.shapes import run_shape
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed


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


def _totals(result: RevenueRunResult) -> list[dict[str, Any]]:
    return [
        {"currency": currency, "month": f"{month:%Y-%m}", "kind": kind, "amount": amount}
        for (currency, month, kind), amount in sorted(result.totals.items())
    ]
