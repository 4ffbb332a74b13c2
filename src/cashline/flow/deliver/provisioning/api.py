"""The API of provisioning: endpoints, requests, and the call-backs of endpoints, which their signature lets in."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import StringConstraints

from cashline.flow.deliver.provisioning import actions, queries
from cashline.flow.deliver.provisioning.queries import EndpointRow, RequestRow
from cashline.flow.deliver.provisioning.rules import InvalidCallBack, Operation, ProvisioningStatus, read_call_back
from cashline.kernel.identifiers import key_of, public
from cashline.platform.clock.queries import machine_time
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Limit,
    PublicId,
    Sort,
    Words,
    ask_of,
    listed,
    require_visible,
)
from cashline.platform.webhooks.signing import SignatureRefused, verify

router = Router(tags=["Provisioning"])
MAX_CALL_BACK = 20_000
OUTSIDE = "endpoint:"


class ProvisioningEndpointIn(Closed):
    """Who switches the services of a provisioning key. Without a secret a new one is made."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    secret: Annotated[str, StringConstraints(max_length=200)] = ""
    active: bool = True


def shape(row: RequestRow) -> dict[str, Any]:
    """A request as the API shows it."""
    return {
        "id": public("provisioning_request", row.id),
        "status": row.status,
        "operation": row.operation,
        "service": row.key,
        "sku": row.sku,
        "quantity": row.quantity,
        "order": public("order", row.order_id),
        "order_number": row.order_number,
        "order_line": public("order_line", row.order_line_id),
        "customer_name": row.customer_name,
        "attempts": row.attempts,
        "reference": row.external_reference,
        "error": row.error,
        "requested_at": row.requested_at,
        "answered_at": row.answered_at,
    }


def _endpoint(row: EndpointRow) -> dict[str, Any]:
    return {"key": row.key, "url": row.url, "active": row.active}


@router.get("/provisioning-endpoints")
def endpoint_list(request: HttpRequest) -> dict[str, Any]:
    """The endpoints by key; secrets are shown once, when they are made."""
    caller_of(request).require("provisioning.read")
    return {"items": [_endpoint(row) for row in queries.endpoints()], "next_cursor": ""}


@router.post("/provisioning-endpoints", response={201: dict[str, Any]})
def endpoint_set(request: HttpRequest, body: ProvisioningEndpointIn) -> tuple[int, dict[str, Any]]:
    """Set the endpoint of a key; the answer holds the secret that signs our calls and its call-backs."""
    caller = caller_of(request)
    caller.require("provisioning.write")
    _, secret = actions.set_endpoint(**body.model_dump(), now=caller.now, actor=caller.actor)
    return 201, {"key": body.key, "url": body.url, "active": body.active, "secret": secret}


@router.get("/provisioning-requests")
def request_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[ProvisioningStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    operation: Annotated[list[Operation], Query()] = [],  # noqa: B006
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Requests to switch services, the newest first unless sorted by order, customer, status or requested_at."""
    caller = caller_of(request)
    caller.require("provisioning.read")
    page = queries.list_requests(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        operations=operation,
        entity_ids=caller.entities("provisioning.read"),
    )
    return listed(page, shape)


@router.get("/provisioning-requests/{request_id}")
def request_show(request: HttpRequest, request_id: PublicId) -> dict[str, Any]:
    """One request."""
    return shape(_seen(caller_of(request), request_id, "provisioning.read"))


@router.post("/provisioning-requests/{request_id}/retry")
def request_retry(request: HttpRequest, request_id: PublicId) -> dict[str, Any]:
    """Ask the endpoint again after a failure."""
    caller = caller_of(request)
    row = _seen(caller, request_id, "provisioning.write")
    actions.retry_requests([row.id], now=caller.now, actor=caller.actor)
    return shape(queries.request(row.id))


@router.post("/provisioning-callbacks/{request_id}", auth=None)
def call_back(request: HttpRequest, request_id: PublicId) -> dict[str, Any]:
    """An endpoint's answer: `{"status": "confirmed" | "failed", "reference": "…", "error": "…"}`.

    Signed by Standard Webhooks with the endpoint's secret, the request's id as `webhook-id`. An answer that comes
    again, or after the request was undone, changes nothing and is answered like the first.
    """
    import msgspec

    key = key_of("provisioning_request", request_id)
    endpoint = queries.endpoint_of(key)
    if len(request.body) > MAX_CALL_BACK:
        raise InvalidCallBack(f"A call-back has {MAX_CALL_BACK} bytes at most.", field="body")
    message_id = verify(request.headers, request.body, now=machine_time(), secrets=[endpoint.secret])
    if message_id != request_id:
        raise SignatureRefused("The message is about another request.", field="webhook-id")
    try:
        answer = read_call_back(msgspec.json.decode(request.body))
    except msgspec.DecodeError:
        raise InvalidCallBack("The body is no JSON.", field="body") from None
    if answer is None:
        return {"status": queries.request(key).status}
    now = caller_of(request).now
    return {"status": actions.answer(request_id=key, call_back=answer, now=now, actor=f"{OUTSIDE}{endpoint.key}")}


def _seen(caller: Caller, request_id: str, permission: str) -> RequestRow:
    row = queries.request(key_of("provisioning_request", request_id))
    require_visible(caller, permission, row.entity_id, "provisioning_request", row.id)
    return row
