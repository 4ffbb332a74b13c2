"""Webhook endpoints: who gets which events, how far each has got, rotating secrets and sending a stretch again."""

import re
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Refusal
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.events.queries import event_types, last_block
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Column,
    KeyValue,
    Label,
    Notice,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, errors_of, read_form
from cashline.platform.pages.render import refused, render_document, render_form, render_list
from cashline.platform.pages.timelines import timeline_of
from cashline.platform.webhooks import actions
from cashline.platform.webhooks.queries import DeliveryRow, EndpointRow, deliveries_of, endpoint, list_endpoints
from cashline.surfaces.web.administration.outbox import message_pill

WORDS: dict[str, Label] = {
    "WebhookEndpointCreated": gettext_lazy("Subscribed"),
    "WebhookSecretRotated": gettext_lazy("Secret rotated"),
    "WebhookEndpointPaused": gettext_lazy("Paused"),
    "WebhookEndpointResumed": gettext_lazy("Resumed"),
    "WebhooksReplayed": gettext_lazy("Events sent again"),
}
COLUMNS = (
    Column("url", gettext_lazy("Address"), place="title"),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("types", gettext_lazy("Events")),
    Column("waiting", gettext_lazy("Waiting"), "number"),
    Column("dead", gettext_lazy("Given up"), "number"),
    Column("through", gettext_lazy("Queued through"), "number", place="hidden"),
    Column("created_at", gettext_lazy("Since"), "ago", place="hidden"),
)
TOLD = gettext_lazy(
    "An endpoint gets every event as a signed POST (Standard Webhooks), in order, tried again until it answers."
)


def webhook_list(request: HttpRequest) -> HttpResponseBase:
    """All endpoints."""
    caller_of(request).require("platform.read")

    def fetch(_ask: ListAsk) -> RowPage:
        return RowPage(tuple(_row(one) for one in list_endpoints()))

    new = Action.link(_("New endpoint"), reverse("webhook_new"), icon="plus", primary=True, key="n")
    page = ListPage(
        _("Webhooks"),
        COLUMNS,
        fetch,
        empty=Empty(_("No endpoint yet"), TOLD, new, "webhook"),
        actions=(Action.link(_("Outbox"), reverse("outbox_list"), icon="send"), new),
        filename="webhooks",
    )
    return render_list(request, page)


def _row(one: EndpointRow) -> Row:
    cells: dict[str, CellValue] = {
        "url": one.url,
        "state": _state(one),
        "types": ", ".join(one.event_types) or _("all"),
        "waiting": one.waiting,
        "dead": one.dead,
        "through": one.enqueued_through,
        "created_at": one.created_at,
    }
    return Row(public("webhook_endpoint", one.id), cells, _url(one.id))


def _state(one: EndpointRow) -> Pill:
    return Pill(_("Active"), Tone.SUCCESS) if one.active else Pill(_("Paused"), Tone.WARNING)


def _url(key: UUID, name: str = "webhook_detail") -> str:
    return reverse(name, args=[public("webhook_endpoint", key)])


def webhook_detail(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """One endpoint with its newest messages."""
    caller_of(request).require("platform.read")
    return render_document(request, _document(endpoint(key_of("webhook_endpoint", endpoint_id))))


def _document(one: EndpointRow, secret: str = "") -> DocumentPage:
    sealed = last_block().last
    shown = Notice(_("This is the signing secret. Copy it now: it is not shown again."), Tone.SUCCESS, secret)
    paused = Notice(_("It was paused, and catches up from there when you resume it."), Tone.WARNING)
    notices = (*((shown,) if secret else ()), *(() if one.active else (paused,)))
    return DocumentPage(
        _("Webhook"),
        urlsplit(one.url).hostname or one.url,
        _state(one),
        actions=_steps(one, sealed),
        more_actions=_more_steps(one),
        facts=(
            KeyValue(_("Address"), one.url),
            KeyValue(_("Events"), ", ".join(one.event_types) or _("all")),
            KeyValue(_("Queued through"), one.enqueued_through, _("of %(sealed)s in the feed") % {"sealed": sealed}),
            KeyValue(_("Waiting"), one.waiting),
            KeyValue(_("Given up"), one.dead),
            KeyValue(_("Former secret"), _("signs too, until the next rotation") if one.rotated else _("none")),
        ),
        sections=(_messages(deliveries_of(one.id)),),
        timeline=timeline_of([one.id], texts=WORDS, current=one.id),
        notices=notices,
    )


def _steps(one: EndpointRow, sealed: int) -> tuple[Action, ...]:
    replay = Action(
        _("Send again"),
        _url(one.id, "webhook_replay"),
        fields=(
            Field("after", _("Behind event number"), "integer", value=max(0, sealed - 100), least=0, width="half"),
            Field("through", _("Up to and with"), "integer", value=sealed, least=0, width="half"),
        ),
        confirm=_("The events of a stretch of the feed are sent again with their first message ids."),
        icon="rotate-ccw",
    )
    if one.active:
        return (replay, Action(_("Pause"), _url(one.id, "webhook_pause"), icon="pause"))
    return (replay, Action(_("Resume"), _url(one.id, "webhook_resume"), "primary", icon="play"))


def _more_steps(one: EndpointRow) -> tuple[Action, ...]:
    confirm = _("A new secret is made and shown once. The present one signs too, until you rotate again.")
    return (Action(_("Rotate the secret"), _url(one.id, "webhook_rotate"), confirm=confirm, icon="refresh-cw"),)


def _messages(deliveries: list[DeliveryRow]) -> Section:
    rows = tuple(
        Row(
            public("outbox_message", one.id),
            {
                "number": one.key.rsplit(":", 1)[-1],
                "type": one.event_type,
                "state": message_pill(one.status),
                "attempts": one.attempts,
                "at": one.sent_at or one.next_attempt_at,
            },
            reverse("outbox_detail", args=[public("outbox_message", one.id)]),
        )
        for one in deliveries
    )
    columns = (
        Column("number", _("Event"), "code", place="title"),
        Column("type", _("Type")),
        Column("state", _("State"), "pill", place="state"),
        Column("attempts", _("Attempts"), "number"),
        Column("at", _("Sent, or next try"), "datetime"),
    )
    return Section(_("Newest messages"), Table(columns, rows, empty=_("Nothing was sent to it yet.")))


def webhook_new(request: HttpRequest) -> HttpResponseBase:
    """Subscribe an address; the answer shows its signing secret this once."""
    caller = caller_of(request)
    caller.require("platform.write")
    kinds = _type_fields()
    page = FormPage(
        _("New webhook endpoint"),
        request.path,
        (
            FieldSet("", (Field("url", _("Address"), max_length=2000, placeholder="https://"),)),
            FieldSet(_("Events"), kinds, _("None ticked: all of them, also those of kinds to come.")),
        ),
        _("Subscribe"),
        cancel_url=reverse("webhook_list"),
        intro=TOLD,
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors, secrets = read.errors, []

    def step() -> Outcome:
        key, secret = actions.create_endpoint(
            url=read.text("url"),
            event_types=[name for kind in kinds for name in read.many(kind.name)],
            now=caller.now,
            actor=caller.actor,
        )
        secrets.append(secret)
        return Outcome(_url(key), "")

    if not errors:
        try:
            return _shown(request, once(request, step), secrets)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _type_fields() -> tuple[Field, ...]:
    """The types of events that the log knows, by what they are about."""
    groups: dict[str, list[str]] = {}
    for name in event_types():
        found = re.match(r"[A-Z][a-z]+", name)
        groups.setdefault(found[0] if found else name, []).append(name)
    return tuple(
        Field(
            f"types_{group.lower()}",
            group,
            "many",
            required=False,
            options=tuple(Option(name, name) for name in names),
            width="third",
        )
        for group, names in groups.items()
    )


@require_POST
def webhook_rotate(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Make a new secret and show it this once."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)
    secrets: list[str] = []

    def step() -> Outcome:
        secrets.append(actions.rotate_secret(endpoint_id=key, now=caller.now, actor=caller.actor))
        return Outcome(_url(key), "")

    try:
        return _shown(request, once(request, step), secrets)
    except Refusal as refusal:
        return refused(request, _url(key), refusal)


def _shown(request: HttpRequest, outcome: Outcome, secrets: list[str]) -> HttpResponse:
    """The endpoint with its new secret; a form sent twice leads to it without."""
    if not secrets:
        again = Refusal(_("This form was sent twice; the secret was made once, and shown then."))
        return refused(request, outcome.url, again)
    key = key_of("webhook_endpoint", outcome.url.strip("/").rsplit("/", 1)[-1])
    answer = render_document(request, _document(endpoint(key), secrets[0]))
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def webhook_replay(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Send a stretch of the feed again."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)
    fields = (Field("after", _("Behind event number"), "integer", least=0), Field("through", _("Up to"), "integer"))
    read = read_form(request.POST, (FieldSet("", fields),))

    def step() -> Outcome:
        if read.errors:
            raise Refusal(read.errors[0].message, field=read.errors[0].field)
        count = actions.replay(
            endpoint_id=key,
            after=read.integer("after") or 0,
            through=read.integer("through") or 0,
            now=caller.now,
            actor=caller.actor,
        )
        return Outcome(_url(key), _("%(count)s events are sent again.") % {"count": count})

    return act(request, _url(key), step)


@require_POST
def webhook_pause(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Send it nothing more for now."""
    return _set_active(request, endpoint_id, _("The endpoint is paused."), active=False)


@require_POST
def webhook_resume(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Let it catch up."""
    return _set_active(request, endpoint_id, _("The endpoint catches up from where it was paused."), active=True)


def _set_active(request: HttpRequest, endpoint_id: str, sentence: str, *, active: bool) -> HttpResponse:
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)

    def step() -> Outcome:
        actions.set_endpoint_active(endpoint_id=key, active=active, now=caller.now, actor=caller.actor)
        return Outcome(_url(key), sentence)

    return act(request, _url(key), step)
