"""The API of metrics: the flow board and days sales outstanding, each with its definition."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.report.metrics import queries
from cashline.flow.report.metrics.rules import BEST_DEFINITION, DSO_DEFINITION, DaysSalesOutstanding, StageFigures
from cashline.flow.report.statements.rules import FIRST_DAY, LAST_DAY
from cashline.kernel.identifiers import public
from cashline.platform.doors.caller import caller_of

router = Router(tags=["Reports"])
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@router.get("/reports/flow")
def flow(request: HttpRequest) -> dict[str, Any]:
    """What waits in each stage from quote to cash: count, money by currency, how much of it is stuck, the usual "
    "days."""
    caller = caller_of(request)
    caller.require("reports.read")
    found = queries.flow_board(today=caller.today(), entity_ids=caller.entities("reports.read"))
    return {"items": [_stage(one) for one in found], "next_cursor": ""}


def _stage(one: StageFigures) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "median_days": one.days,
        "figures": [
            {
                "code": figure.code,
                "title": figure.title,
                "count": figure.count,
                "stuck": figure.stuck,
                "money": [{"currency": currency, "amount": amount} for currency, amount in figure.money],
            }
            for figure in one.figures
        ],
    }


@router.get("/reports/dso")
def days_sales_outstanding(request: HttpRequest, as_of: Day = None) -> dict[str, Any]:
    """Days sales outstanding of each legal entity, with its derivation, and what it would be if nobody paid late."""
    caller = caller_of(request)
    caller.require("reports.read")
    found = queries.dso(as_of=as_of or caller.today(), entity_ids=caller.entities("reports.read"))
    return {
        "definition": DSO_DEFINITION,
        "best_possible_definition": BEST_DEFINITION,
        "items": [_dso(one) for one in found],
        "next_cursor": "",
    }


def _dso(one: DaysSalesOutstanding) -> dict[str, Any]:
    return {
        "entity": public("entity", one.entity_id),
        "as_of": one.as_of,
        "days": one.dso.result if one.dso else None,
        "best_possible_days": one.best.result if one.best else None,
        "delinquent_days": one.delinquent,
        "derivation": one.dso.as_json() if one.dso else None,
    }
