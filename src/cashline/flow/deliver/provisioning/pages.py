"""The console's pages of provisioning: requests and what became of them, endpoints, and the sandbox's own endpoint."""

import threading
import time
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cashline.flow.deliver.provisioning import actions, queries
from cashline.flow.deliver.provisioning.queries import RequestRow
from cashline.flow.deliver.provisioning.rules import PROVISIONING, Operation, ProvisioningStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act, read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Notice,
    Option,
    Row,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of, thread_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in ProvisioningStatus)
OPERATIONS = (
    Option(Operation.ACTIVATE.value, lazy("Activate")),
    Option(Operation.DEACTIVATE.value, lazy("Deactivate")),
)
COLUMNS = (
    Column("service", lazy("Service"), place="title"),
    Column("operation", lazy("What")),
    Column("customer", lazy("Customer"), sort=True),
    Column("order", lazy("Order"), "code", sort=True, place="hidden"),
    Column("status", lazy("State"), "pill", sort=True, place="state"),
    Column("attempts", lazy("Attempts"), "number"),
    Column("requested_at", lazy("Asked"), "ago", sort=True, place="amount"),
    Column("error", lazy("Error")),
)
FILTERS = (
    Filter.search(lazy("Order, customer, SKU or reference")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.choice("operation", lazy("What"), OPERATIONS),
)
ENDPOINT_COLUMNS = (
    Column("key", lazy("Provisioning key"), "code", place="title"),
    Column("url", lazy("Address")),
    Column("status", lazy("State"), "pill", place="state"),
)
KEY = Field("key", lazy("Provisioning key"), width="half", max_length=100, hint=lazy("As the products name it."))
URL = Field("url", lazy("Address"), max_length=2000, placeholder="https://")


def provisioning_list(request: HttpRequest) -> HttpResponseBase:
    """All requests to switch services."""
    caller = caller_of(request)
    caller.require("provisioning.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_requests(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            operations=ask.choices("operation"),
            entity_ids=caller.entities("provisioning.read"),
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    here, status = reverse("provisioning_list"), request.GET.getlist("status")
    views = (
        View(_("All"), here, not status),
        View(_("Failed"), f"{here}?status=failed", status == ["failed"]),
        View(_("Waiting"), f"{here}?status=requested", status == ["requested"]),
    )
    text = _("A service with a provisioning key is switched by its endpoint.")
    endpoints = Action.link(_("Endpoints"), reverse("endpoint_list"), icon="plug", key="e")
    page = ListPage(
        _("Activations"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=Empty(_("No activations yet"), text, endpoints, "zap"),
        views=views,
        actions=(endpoints,),
        filename="activations",
    )
    return render_list(request, page)


def _row(row: RequestRow) -> Row:
    cells: dict[str, Any] = {
        "service": Cell(row.sku, sub=row.key),
        "operation": _("Activate") if row.operation == Operation.ACTIVATE else _("Deactivate"),
        "customer": row.customer_name,
        "order": row.order_number,
        "status": pill(row.status),
        "attempts": row.attempts,
        "requested_at": row.requested_at,
        "error": row.error[:200],
    }
    return Row(public("provisioning_request", row.id), cells, address_of("provisioning_request", row.id))


def provisioning_request_detail(request: HttpRequest, request_id: str) -> HttpResponse:
    """One request."""
    caller = caller_of(request)
    row = _seen(caller, request_id, "provisioning.read")
    facts = (
        KeyValue(_("Order"), Cell(row.order_number, address_of("order", row.order_id))),
        KeyValue(_("Service"), Cell(row.sku, sub=row.key)),
        KeyValue(_("Quantity"), row.quantity),
        KeyValue(_("Asked"), row.requested_at),
        KeyValue(_("Answered"), row.answered_at),
        KeyValue(_("Attempts"), row.attempts),
        KeyValue(_("Their reference"), row.external_reference),
    )
    page = DocumentPage(
        _("Activation") if row.operation == Operation.ACTIVATE else _("Deactivation"),
        row.sku,
        pill(row.status),
        party=Cell(row.customer_name),
        actions=_actions(row, caller),
        thread=thread_of([row.order_id], row.order_id),
        facts=tuple(fact for fact in facts if fact.value),
        timeline=timeline_of([row.id], current=row.id),
        notices=(Notice(row.error, Tone.DANGER),) if row.error else (),
        crumbs=(Crumb(_("Activations"), reverse("provisioning_list")),),
        refresh_seconds=5 if row.status == ProvisioningStatus.REQUESTED else 0,
    )
    return render_document(request, page)


def _actions(row: RequestRow, caller: Caller) -> tuple[Action, ...]:
    if not PROVISIONING.allows("retry", row.status):
        return ()
    if not caller.authority.allows("provisioning.write", row.entity_id):
        return ()
    url = reverse("provisioning_request_retry", args=[public("provisioning_request", row.id)])
    return (Action(_("Ask again"), url, "primary", icon="refresh-cw", key="r"),)


@require_POST
def provisioning_request_retry(request: HttpRequest, request_id: str) -> HttpResponse:
    """Ask the endpoint again."""
    caller = caller_of(request)
    row = _seen(caller, request_id, "provisioning.write")
    return take_step(
        request,
        address_of("provisioning_request", row.id),
        _("The endpoint is asked again."),
        lambda: actions.retry_requests([row.id], now=caller.now, actor=caller.actor),
    )


def endpoint_list(request: HttpRequest) -> HttpResponseBase:
    """Who switches which services."""
    caller = caller_of(request)
    caller.require("provisioning.read")

    def fetch(_ask: ListAsk) -> RowPage:
        return RowPage(
            tuple(
                Row(
                    public("provisioning_endpoint", row.id),
                    {
                        "key": row.key,
                        "url": row.url,
                        "status": pill("active" if row.active else "inactive"),
                    },
                )
                for row in queries.endpoints()
            )
        )

    new = Action(_("Set an endpoint"), reverse("endpoint_set"), "primary", fields=(KEY, URL), icon="plus", key="n")
    may = caller.authority.allows("provisioning.write")
    text = _("Products name a provisioning key; its endpoint is called to switch them.")
    page = ListPage(
        _("Provisioning endpoints"),
        ENDPOINT_COLUMNS,
        fetch,
        empty=Empty(_("No endpoints yet"), text, new if may else None, "plug"),
        actions=(new,) if may else (),
        crumbs=(Crumb(_("Activations"), reverse("provisioning_list")),),
        filename="endpoints",
    )
    return render_list(request, page)


@require_POST
def endpoint_set(request: HttpRequest) -> HttpResponse:
    """Set the endpoint of a key; the new secret is said once."""
    caller = caller_of(request)
    caller.require("provisioning.write")

    def save() -> Outcome:
        read = read_dialog(request, KEY, URL)
        _key, secret = actions.set_endpoint(
            key=read.text("key"), url=read.text("url"), now=caller.now, actor=caller.actor
        )
        sentence = _("The endpoint is set. Its secret, shown only now: %s") % secret
        return Outcome(reverse("endpoint_list"), sentence)

    return act(request, reverse("endpoint_list"), save)


@csrf_exempt
@require_POST
def sandbox_endpoint(request: HttpRequest, key: str) -> HttpResponse:
    """A sandbox's own outside: switches what it is asked to, by `?faults=` (see `sandbox.FAULTS`), and calls back."""
    from cashline.flow.deliver.provisioning.sandbox import FAULTS, MAX_CALL, board_of

    if not caller_of(request).clock.sandbox or len(request.body) > MAX_CALL:
        raise Http404
    endpoint = queries.endpoint_by_key(key)
    asked = tuple(fault for fault in request.GET.get("faults", "ok").split(",") if fault in FAULTS)
    board = board_of(endpoint.id, endpoint.secret, asked or ("ok",))
    answer, call = board.take(request.headers, request.body)

    def call_back() -> None:
        time.sleep(0.3)  # the answer to this call goes first
        for body in answer.call_backs:
            board.call_back(str(call["callback_url"]), str(call["request_id"]), body, forged=answer.forged)

    if answer.call_backs and not answer.held:
        threading.Thread(target=call_back, daemon=True).start()
    import msgspec

    return HttpResponse(msgspec.json.encode(answer.body), content_type="application/json", status=answer.status)


def _seen(caller: Caller, request_id: str, permission: str) -> RequestRow:
    row = queries.request(key_of("provisioning_request", request_id))
    require_visible(caller, permission, row.entity_id, "provisioning_request", row.id)
    return row


URLS = [
    path("activations/", provisioning_list, name="provisioning_list"),
    path("activations/endpoints/", endpoint_list, name="endpoint_list"),
    path("activations/endpoints/set/", endpoint_set, name="endpoint_set"),
    path("activations/<str:request_id>/", provisioning_request_detail, name="provisioning_request_detail"),
    path("activations/<str:request_id>/retry/", provisioning_request_retry, name="provisioning_request_retry"),
    path("sandbox/provisioning/<str:key>/", sandbox_endpoint, name="sandbox_provisioning"),
]
