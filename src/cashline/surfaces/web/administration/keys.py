"""API keys: what each program may do, and ending a key at once. A secret is shown once, when it is made."""

from dataclasses import replace
from datetime import UTC, datetime, time
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Refusal, raise_all
from cashline.platform.company.queries import entities, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
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
    Tone,
)
from cashline.platform.pages.fields import Field, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.render import refused, render_document, render_form, render_list
from cashline.platform.pages.timelines import timeline_of
from cashline.platform.people.actions import create_api_key
from cashline.platform.people.queries import ApiKeyRow, api_key, list_api_keys
from cashline.platform.people.rules import scope_errors
from cashline.platform.permissions.rules import DOMAINS, ROLES
from cashline.surfaces.inviting import revoke_key
from cashline.surfaces.web.administration.roles import role_label

WORDS: dict[str, Label] = {"ApiKeyCreated": gettext_lazy("Made"), "ApiKeyRevoked": gettext_lazy("Revoked")}
COLUMNS = (
    Column("name", gettext_lazy("Name"), place="title"),
    Column("prefix", gettext_lazy("Begins with"), "code"),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("entity", gettext_lazy("Legal entity")),
    Column("scopes", gettext_lazy("Scopes"), "number"),
    Column("created_at", gettext_lazy("Made"), "ago", place="hidden"),
    Column("expires_at", gettext_lazy("Ends"), "ago", place="hidden"),
)


def api_key_list(request: HttpRequest) -> HttpResponseBase:
    """All keys, newest first."""
    caller = caller_of(request)
    caller.require("people.write")
    codes = _codes()

    def fetch(_ask: ListAsk) -> RowPage:
        return RowPage(tuple(_row(key, codes, caller) for key in list_api_keys()))

    new = Action.link(_("New key"), reverse("api_key_new"), icon="plus", primary=True, key="n")
    told = _("A key lets a program use the API, within the scopes that you give it.")
    page = ListPage(
        _("API keys"),
        COLUMNS,
        fetch,
        empty=Empty(_("No key yet"), told, new, "key-round"),
        actions=(Action.link(_("API reference"), "/v1/docs", icon="external-link"), new),
        filename="api-keys",
    )
    return render_list(request, page)


def _codes() -> dict[UUID | None, str]:
    return {None: _("all"), **{one.id: one.code for one in entities()}}


def _state(key: ApiKeyRow, now: datetime) -> Pill:
    if key.revoked_at:
        return Pill(_("Revoked"))
    if key.expires_at and key.expires_at <= now:
        return Pill(_("Expired"))
    return Pill(_("Active"), Tone.SUCCESS)


def _row(key: ApiKeyRow, codes: dict[UUID | None, str], caller: Caller) -> Row:
    cells: dict[str, CellValue] = {
        "name": key.name,
        "prefix": f"{key.prefix}…",
        "state": _state(key, caller.now),
        "entity": codes[key.entity_id],
        "scopes": len(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
    return Row(public("api_key", key.id), cells, _url(key.id))


def _url(key: UUID, name: str = "api_key_detail") -> str:
    return reverse(name, args=[public("api_key", key)])


def api_key_detail(request: HttpRequest, key_id: str) -> HttpResponse:
    """One key: what it may do."""
    caller = caller_of(request)
    caller.require("people.write")
    return render_document(request, _document(api_key(key_of("api_key", key_id)), caller))


def _document(key: ApiKeyRow, caller: Caller, secret: str = "") -> DocumentPage:
    state = _state(key, caller.now)
    revoke = Action(
        _("Revoke"),
        _url(key.id, "api_key_revoke"),
        "danger",
        confirm=_("Programs that use this key are refused from this moment on. It cannot be undone."),
        refused=_("It no longer works anyway.") if key.revoked_at else "",
        icon="ban",
    )
    by_domain = {
        domain: [scope.split(".")[1] for scope in sorted(key.scopes) if scope.startswith(f"{domain}.")]
        for domain in DOMAINS
    }
    scopes = tuple(
        KeyValue(domain.replace("_", " ").capitalize(), ", ".join(verb.replace("_", " ") for verb in verbs))
        for domain, verbs in by_domain.items()
        if verbs
    )
    shown = Notice(
        _("This is the secret. Copy it now: it is not shown again, and only its hash is kept."), Tone.SUCCESS, secret
    )
    return DocumentPage(
        _("API key"),
        key.name,
        state,
        actions=(revoke,),
        facts=(
            KeyValue(_("Begins with"), f"{key.prefix}…"),
            KeyValue(_("Legal entity"), _codes()[key.entity_id]),
            KeyValue(_("Ends"), key.expires_at or _("never")),
        ),
        sections=(Section(_("May"), facts=scopes),),
        timeline=timeline_of([key.id], texts=WORDS, current=key.id),
        notices=(shown,) if secret else (),
    )


def _fieldsets() -> tuple[FieldSet, ...]:
    codes = tuple(Option(one.code, f"{one.code} · {one.name}") for one in entities())
    roles = tuple(Option(role, role_label(role)) for role in sorted(ROLES))
    return (
        FieldSet(
            _("Key"),
            (
                Field("name", _("Name"), max_length=100, width="half", hint=_("Which program uses it.")),
                Field(
                    "entity",
                    _("Legal entity"),
                    "choice",
                    required=False,
                    options=(Option("", _("All legal entities")), *codes),
                    width="half",
                ),
                Field("last_day", _("Last day"), "date", required=False, width="half", hint=_("Empty: no end.")),
                Field("role", _("May all that a role may"), "choice", required=False, options=roles, width="half"),
            ),
        ),
        FieldSet(
            _("What it may do, or may besides"),
            tuple(_scope_field(domain) for domain in DOMAINS),
            _("Give a program no more than it needs: a key that leaks does what it may."),
        ),
    )


def _scope_field(domain: str) -> Field:
    scopes = sorted(scope for scope in ROLES["owner"] if scope.startswith(f"{domain}."))
    options = tuple(Option(scope, scope.split(".")[1].replace("_", " ")) for scope in scopes)
    label = domain.replace("_", " ").capitalize()
    return Field(f"scopes_{domain}", label, "many", required=False, options=options, width="quarter")


def api_key_new(request: HttpRequest) -> HttpResponseBase:
    """Make a key; the answer shows its secret this once."""
    caller = caller_of(request)
    caller.require("people.write")
    page = FormPage(_("New API key"), request.path, _fieldsets(), _("Make the key"), cancel_url=reverse("api_key_list"))
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors = read.errors
    secrets: list[str] = []

    def step() -> Outcome:
        secrets.append(_make(read, caller))
        return Outcome(_url(list_api_keys()[0].id), "")

    if not errors:
        try:
            outcome = once(request, step)
        except Refusal as refusal:
            errors = errors_of(refusal)
        else:
            key = api_key(key_of("api_key", outcome.url.strip("/").rsplit("/", 1)[-1]))
            if not secrets:
                again = Refusal(_("This form was sent twice; the key was made once, and its secret was shown then."))
                return refused(request, outcome.url, again)
            answer = render_document(request, _document(key, caller, secrets[0]))
            answer["Cache-Control"] = "no-store"
            return answer
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _make(read: Reading, caller: Caller) -> str:
    ticked = [scope for domain in DOMAINS for scope in read.many(f"scopes_{domain}")]
    scopes = sorted({*ticked, *ROLES.get(read.text("role"), ())})
    if not scopes:
        raise Refusal(_("Choose a role or at least one scope."), field="role")
    entity_id = entity_by_code(read.text("entity")).id if read.text("entity") else None
    raise_all(scope_errors(caller.authority, scopes, entity_id))
    last = read.day("last_day")
    return create_api_key(
        name=read.text("name"),
        scopes=scopes,
        entity_id=entity_id,
        created_by=caller.authority.user_id,
        expires_at=datetime.combine(last, time.max, UTC) if last else None,
        now=caller.now,
        actor=caller.actor,
    )


@require_POST
def api_key_revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """End a key at once."""
    caller = caller_of(request)
    caller.require("people.write")
    key = key_of("api_key", key_id)

    def step() -> Outcome:
        revoke_key(caller, key)
        return Outcome(_url(key), _("The key is revoked."))

    return act(request, _url(key), step)
