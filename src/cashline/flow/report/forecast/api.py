"""The API of forecasts: the bills, revenue and cash of a quote before it is signed."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.agree.quotes.queries import quote
from cashline.flow.report.forecast.queries import preview_quote
from cashline.flow.report.forecast.rules import Assumptions, Forecast, describe
from cashline.kernel.identifiers import key_of
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import PublicId, require_visible

router = Router(tags=["Quotes"])
Days = Annotated[int, Query(ge=0, le=366)]


@router.get("/quotes/{quote_id}/forecast")
def quote_forecast(
    request: HttpRequest,
    quote_id: PublicId,
    ship_after_days: Days = 0,
    activate_after_days: Days = 0,
    accept_after_days: Days = 0,
    pay_late_days: Days = 0,
) -> dict[str, Any]:
    """What a quote will bill, earn and bring, by the rules that will make it; only the days of delivery are assumed."""
    key = key_of("quote", quote_id)
    require_visible(caller_of(request), "quotes.read", quote(key).entity_id, "quote", key)
    assumptions = Assumptions(ship_after_days, activate_after_days, accept_after_days, pay_late_days)
    return shape(preview_quote(key, assumptions), assumptions)


def shape(found: Forecast, assumptions: Assumptions) -> dict[str, Any]:
    """A forecast as every door tells it."""
    return {
        "currency": found.currency,
        "until": found.until,
        "assumptions": describe(assumptions),
        "bills": [
            {
                "issued_on": bill.issued_on,
                "due_on": bill.due_on,
                "net": bill.net,
                "tax": bill.tax,
                "gross": bill.gross,
                "lines": bill.lines,
            }
            for bill in found.bills
        ],
        "billed": found.billed,
        "revenue": [{"month": f"{month:%Y-%m}", "amount": amount} for month, amount in found.revenue],
        "recognised": found.recognised,
        "cash": [{"month": f"{month:%Y-%m}", "amount": amount} for month, amount in found.cash],
        "refused": [refusal.as_dict() for refusal in found.refused],
    }
