"""Finding through the API: one question over all kinds of documents."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.report.finding.queries import PERMISSIONS, find
from cashline.flow.report.finding.rules import LONGEST
from cashline.kernel.identifiers import public
from cashline.platform.doors.caller import caller_of

router = Router(tags=["Finding"])


@router.get("/search", summary="Find documents by number, customers and products by name")
def search(
    request: HttpRequest,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST)],
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> dict[str, Any]:
    """At most `limit` of each kind that the caller may read, the kinds in the order of the flow."""
    caller = caller_of(request)
    readable = {
        kind: caller.entities(permission)
        for kind, permission in PERMISSIONS.items()
        if caller.authority.allows(permission)
    }
    return {
        "items": [
            {
                "kind": one.kind,
                "id": public(one.kind, one.id),
                "number": one.number,
                "title": one.title,
                "status": one.status,
                "amount": one.amount,
                "currency": one.currency,
            }
            for one in find(q, readable=readable, limit=limit)
        ]
    }
