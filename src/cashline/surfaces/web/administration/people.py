"""People: who is let in, with which roles; staff and the customers' people of the portal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers.queries import CustomerRow, customer, customers_by_id
from cashline.kernel.identifiers import key_of, public
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Filter,
    KeyValue,
    Label,
    Option,
    Pill,
    Row,
    Table,
    Tone,
    View,
)
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.timelines import timeline_of
from cashline.platform.people import queries
from cashline.platform.people.queries import UserRow
from cashline.platform.permissions.rules import ROLES
from cashline.surfaces import inviting
from cashline.surfaces.web.administration.roles import role_label
from cashline.surfaces.web.shell import address

COLUMNS = (
    Column("email", gettext_lazy("E-mail"), sort=True, place="title"),
    Column("name", gettext_lazy("Name"), sort=True),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("roles", gettext_lazy("Roles")),
    Column("two_factor", gettext_lazy("Second factor"), "pill", place="hidden"),
    Column("last_login", gettext_lazy("Last seen"), "ago", place="hidden"),
)
WORDS: dict[str, Label] = {
    "UserCreated": gettext_lazy("Made"),
    "UserInvited": gettext_lazy("Invited by mail"),
    "UserJoined": gettext_lazy("Chose a password"),
    "UserRolesChanged": gettext_lazy("Roles changed"),
    "UserDeactivated": gettext_lazy("Access ended"),
    "UserActivated": gettext_lazy("Let in again"),
    "UserTwoFactorRemoved": gettext_lazy("Second factor removed"),
}
"""What the events of a user's access are called here."""
STATES = (
    Option("active", gettext_lazy("Active")),
    Option("invited", gettext_lazy("Invited")),
    Option("inactive", gettext_lazy("Inactive")),
)


def user_list(request: HttpRequest) -> HttpResponseBase:
    """The staff: who may work in the console, and as what."""
    roles = tuple(Option(role, role_label(role)) for role in sorted(ROLES))
    page = ListPage(
        _("People"),
        COLUMNS,
        _fetch(request, "staff"),
        (*_FILTERS, Filter.choice("role", _("Role"), roles)),
        "email",
        empty=Empty(_("Nobody here yet"), icon="users"),
        views=_views("user_list"),
        actions=(
            Action.link(_("Roles"), reverse("role_list"), icon="shield-check"),
            Action.link(_("Invite a colleague"), reverse("user_new"), icon="user-plus", primary=True, key="n"),
        ),
        filename="people",
    )
    return render_list(request, page)


def portal_user_list(request: HttpRequest) -> HttpResponseBase:
    """The customers' people, who use the portal."""
    new = Action.link(
        _("Invite a customer's person"), reverse("portal_user_new"), icon="user-plus", primary=True, key="n"
    )
    told = _("Customers' people see their own documents in the portal; they accept, sign, pay and dispute there.")
    page = ListPage(
        _("People"),
        tuple(replace(one, label=_("Customer")) if one.key == "roles" else one for one in COLUMNS),
        _fetch(request, "portal"),
        _FILTERS,
        "email",
        empty=Empty(_("No customer's person yet"), told, new, "users"),
        views=_views("portal_user_list"),
        actions=(new,),
        filename="portal-people",
    )
    return render_list(request, page)


_FILTERS = (
    Filter.search(gettext_lazy("Name or e-mail")),
    Filter.choice("state", gettext_lazy("State"), STATES),
)


def _views(current: str) -> tuple[View, ...]:
    names = (("user_list", _("Staff")), ("portal_user_list", _("Portal")))
    return tuple(View(label, reverse(name), current=name == current) for name, label in names)


def _fetch(request: HttpRequest, kind: str) -> Callable[[ListAsk], RowPage]:
    caller_of(request).require("people.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.find_users(
            ask.page, words=ask.text(), kinds=(kind,), states=ask.choices("state"), roles=ask.choices("role")
        )
        known = customers_by_id(row.customer_id for row in page.items if row.customer_id)
        return RowPage(tuple(_row(row, known) for row in page.items), page.next_cursor)

    return fetch


def _row(row: UserRow, known: Mapping[UUID, CustomerRow]) -> Row:
    cells: dict[str, CellValue] = {
        "email": row.email,
        "name": row.name,
        "state": _state(row),
        "roles": _held(row, known),
        "two_factor": Pill(_("On"), Tone.SUCCESS) if row.two_factor else Pill(_("Off")),
        "last_login": row.last_login,
    }
    return Row(public("user", row.id), cells, person_url(row.id))


def _held(row: UserRow, known: Mapping[UUID, CustomerRow]) -> CellValue:
    if row.customer_id is None:
        return ", ".join(role_label(*_split(role)) for role in row.roles)
    found = known.get(row.customer_id)
    return Cell(found.name, _customer_url(found.id), sub=found.number) if found else ""


def _split(role: str) -> tuple[str, str]:
    name, _space, code = role.partition(" ")
    return name, code.strip("()")


def _state(row: UserRow) -> Pill:
    if not row.is_active:
        return Pill(_("Inactive"))
    return Pill(_("Active"), Tone.SUCCESS) if row.joined else Pill(_("Invited"), Tone.INFO)


def person_url(key: UUID, name: str = "user_detail") -> str:
    return reverse(name, args=[public("user", key)])


def _customer_url(key: UUID) -> str:
    return reverse("customer_detail", args=[public("customer", key)]) if address("customer_list") else ""


def user_detail(request: HttpRequest, user_id: str) -> HttpResponse:
    """One person: state, roles, second factor, and what was done about their access."""
    caller_of(request).require("people.read")
    row = queries.user(key_of("user", user_id))
    buyer = customer(row.customer_id) if row.customer_id else None
    facts = [
        KeyValue(_("E-mail"), row.email),
        KeyValue(_("Last seen"), row.last_login or _("never")),
        KeyValue(_("Second factor"), Pill(_("On"), Tone.SUCCESS) if row.two_factor else Pill(_("Off"))),
        KeyValue(_("Since"), row.date_joined),
    ]
    if buyer:
        facts.insert(1, KeyValue(_("Customer"), Cell(buyer.name, _customer_url(buyer.id), sub=buyer.number)))
    page = DocumentPage(
        _("Portal user") if buyer else _("Colleague"),
        row.name or row.email,
        _state(row),
        actions=_steps(row),
        more_actions=_more_steps(row),
        facts=tuple(facts),
        sections=() if buyer else (_roles_section(row.id),),
        timeline=timeline_of([row.id], texts=WORDS, current=row.id),
    )
    return render_document(request, page)


def _steps(row: UserRow) -> tuple[Action, ...]:
    if not row.is_active:
        return (Action(_("Let in again"), person_url(row.id, "user_activate"), "primary", icon="undo-2"),)
    roles = Action.link(_("Change roles"), person_url(row.id, "user_roles"), icon="shield-check", primary=row.joined)
    again = _("Send a link for a new password") if row.joined else _("Invite again")
    invite = Action(again, person_url(row.id, "user_invite"), "secondary" if row.joined else "primary", icon="mail")
    return (invite,) if row.customer_id else (invite, roles)


def _more_steps(row: UserRow) -> tuple[Action, ...]:
    if not row.is_active:
        return ()
    lost = Action(
        _("Remove second factor"),
        person_url(row.id, "user_remove_two_factor"),
        "danger",
        confirm=_(
            "For somebody who lost their phone or passkey. They sign in by password alone until they set up another."
        ),
        refused="" if row.two_factor else _("There is none."),
        icon="shield-alert",
    )
    out = Action(
        _("End access"),
        person_url(row.id, "user_deactivate"),
        "danger",
        confirm=_("They are signed out everywhere at once and can no longer log in."),
        icon="ban",
    )
    return (lost, out)


def _roles_section(user_id: UUID) -> Section:
    codes: dict[UUID | None, str] = {None: _("all"), **{one.id: f"{one.code} · {one.name}" for one in entities()}}
    rows = tuple(
        Row(f"{grant.role}-{grant.entity_id}", {"role": role_label(grant.role), "entity": codes[grant.entity_id]})
        for grant in queries.grants_of(user_id)
    )
    columns = (Column("role", _("Role"), place="title"), Column("entity", _("Legal entity")))
    return Section(_("Roles"), Table(columns, rows, empty=_("No role: this person can log in and see nothing.")))


@require_POST
def user_invite(request: HttpRequest, user_id: str) -> HttpResponse:
    """Mail a new link."""
    key = key_of("user", user_id)

    def step() -> Outcome:
        inviting.invite_again(caller_of(request), key)
        return Outcome(person_url(key), _("A link to choose a password is on its way."))

    return act(request, person_url(key), step)


@require_POST
def user_deactivate(request: HttpRequest, user_id: str) -> HttpResponse:
    """End somebody's access."""
    return _set_active(request, user_id, _("Their access has ended."), active=False)


@require_POST
def user_activate(request: HttpRequest, user_id: str) -> HttpResponse:
    """Let somebody in again."""
    return _set_active(request, user_id, _("They can log in again."), active=True)


def _set_active(request: HttpRequest, user_id: str, sentence: str, *, active: bool) -> HttpResponse:
    key = key_of("user", user_id)

    def step() -> Outcome:
        inviting.set_active(caller_of(request), key, active=active)
        return Outcome(person_url(key), sentence)

    return act(request, person_url(key), step)


@require_POST
def user_remove_two_factor(request: HttpRequest, user_id: str) -> HttpResponse:
    """Take a lost second factor away."""
    key = key_of("user", user_id)

    def step() -> Outcome:
        inviting.remove_two_factor(caller_of(request), key)
        return Outcome(person_url(key), _("The second factor is removed."))

    return act(request, person_url(key), step)
