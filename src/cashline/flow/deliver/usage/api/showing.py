"""What a subscription used, in the API: quantities of a time, by day, and the events that they are made of."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from cashline.flow.deliver.usage import queries
from cashline.flow.deliver.usage.rules.lineage import as_csv, as_json, quantity_shape
from cashline.flow.deliver.usage.rules.recording import UsageSubscription
from cashline.flow.deliver.usage.rules.showing import asked_window, days_asked
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import PublicId, require_visible

router = Router(tags=["Usage"])
ContentForm = Literal["json", "csv"]


@router.get("/subscriptions/{subscription_id}/usage")
def subscription_usage(
    request: HttpRequest,
    subscription_id: PublicId,
    start: Annotated[date | None, Query(description="First day; the first of this month.")] = None,
    end: Annotated[date | None, Query(description="First day after; tomorrow.")] = None,
    by_day: bool = False,
    known_by: Annotated[datetime | None, Query(description="As known at an instant; now.")] = None,
) -> dict[str, Any]:
    """What a subscription used up to now, or between two days of the customer's zone, a quantity for each meter."""
    caller = caller_of(request)
    row = seen(caller, subscription_id)
    span = days_asked(start, end, caller.today(row.timezone))
    used = queries.usage_of(row, span, by_day=by_day, known_by=known_by)
    return {
        "subscription": public("subscription", row.id),
        "number": row.number,
        "start": span.start,
        "end": span.end,
        "zone": row.timezone,
        "meters": [
            {
                "code": one.meter.code,
                "name": one.meter.name,
                "unit": one.meter.unit,
                "aggregation": one.meter.aggregation,
                **quantity_shape(one.total),
                "days": [{"day": day, "quantity": quantity} for day, quantity in one.days],
            }
            for one in used
        ],
    }


@router.get("/subscriptions/{subscription_id}/usage-export")
def subscription_usage_export(
    request: HttpRequest,
    subscription_id: PublicId,
    meter: Annotated[str, Query(pattern=r"^[A-Za-z0-9_.:/-]{1,80}$")],
    start: date,
    end: date,
    form: ContentForm = "json",
    carried_over: bool = False,
    prorated: bool = False,
    group_by: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006 - read only, and shown in the description
    known_by: datetime | None = None,
) -> HttpResponse:
    """The events behind a quantity between two days, with all that recomputing it needs (docs/recompute_usage.py)."""
    caller = caller_of(request)
    row = seen(caller, subscription_id)
    known = queries.meters_by_code([meter]).get(meter)
    if known is None:
        raise InvalidValue(f"There is no meter {meter!r}.", field="meter")
    window = asked_window(
        row.line_id, known.meter, days_asked(start, end, start), row.timezone,
        carried_over=carried_over, prorated=prorated, group_by=tuple(group_by),
    )  # fmt: skip
    found = queries.lineage(row.number, window, known_by=known_by)
    if form == "csv":
        answer = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    else:
        answer = HttpResponse(queries.dumped(as_json(found)), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="usage-{row.number}-{start}.{form}"'
    return answer


def seen(caller: Caller, subscription_id: str, permission: str = "usage.read") -> UsageSubscription:
    """The subscription, where the caller may see (or change) its usage; raises NotFound."""
    row = queries.usage_subscription(key_of("subscription", subscription_id))
    require_visible(caller, permission, row.entity_id, "subscription", row.id)
    return row
