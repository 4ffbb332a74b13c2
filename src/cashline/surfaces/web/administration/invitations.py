"""Letting people in: the forms to invite a colleague or a customer's person, and to change roles."""

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.flow.agree.customers.queries import customer, list_customers
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import lists
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage
from cashline.platform.pages.components import Option
from cashline.platform.pages.fields import Field, FieldSet, LineFields, Reading, errors_of, read_form, said
from cashline.platform.pages.render import done, render_form, render_options
from cashline.platform.people import queries
from cashline.platform.people.actions import NewUser
from cashline.platform.permissions.rules import ROLES, Grant
from cashline.surfaces import inviting
from cashline.surfaces.web.administration.people import person_url
from cashline.surfaces.web.administration.roles import role_label

EMAIL = Field("email", gettext_lazy("E-mail"), "email", max_length=254, width="half")
NAME = Field("name", gettext_lazy("Name"), width="half")


def _grant_lines() -> LineFields:
    roles = tuple(Option(role, role_label(role)) for role in sorted(ROLES))
    codes = tuple(Option(one.code, f"{one.code} · {one.name}") for one in entities())
    every = Option("", _("All legal entities"))
    return LineFields(
        "grants",
        _("Roles"),
        (
            Field("role", _("Role"), "choice", options=roles, width="half"),
            Field("entity", _("Legal entity"), "choice", required=False, options=(every, *codes), width="half"),
        ),
        _("Add a role"),
        least=0,
        note=_("What each role may do stands on the page of roles."),
    )


def _grants(read: Reading) -> tuple[Grant, ...]:
    return inviting.granted((line.text("role"), line.text("entity") or None) for line in read.lines)


def user_new(request: HttpRequest) -> HttpResponseBase:
    """Invite a colleague: they get a mail with a link to choose a password."""
    caller_of(request).require("people.write")
    lines = _grant_lines()
    page = FormPage(
        _("Invite a colleague"),
        request.path,
        (FieldSet(_("Person"), (EMAIL, NAME)),),
        _("Send the invitation"),
        cancel_url=reverse("user_list"),
        lines=lines,
    )
    if request.method != "POST":
        return render_form(request, replace(page, lines=replace(lines, rows=({"role": "", "entity": ""},))))
    return _invited(request, page, lines)


def portal_user_new(request: HttpRequest) -> HttpResponseBase:
    """Invite a customer's person to the portal; `?customer=` fills the customer in."""
    caller_of(request).require("people.write")
    given = request.GET.get("customer", "")
    chosen = customer(key_of("customer", given)) if given else None
    field = Field(
        "customer",
        _("Customer"),
        "lookup",
        lookup=reverse("user_customer_options"),
        value=given or None,
        lookup_label=chosen.name if chosen else "",
        hint=_("They see this customer's documents, and nothing of others."),
    )
    page = FormPage(
        _("Invite a customer's person"),
        reverse("portal_user_new"),
        (FieldSet(_("Person"), (EMAIL, NAME)), FieldSet(_("Access"), (field,))),
        _("Send the invitation"),
        cancel_url=reverse("portal_user_list"),
    )
    return _invited(request, page, None) if request.method == "POST" else render_form(request, page)


def _invited(request: HttpRequest, page: FormPage, lines: LineFields | None) -> HttpResponseBase:
    caller = caller_of(request)
    read = read_form(request.POST, page.fieldsets, lines)
    errors = read.errors

    def step() -> Outcome:
        text = read.text("customer")
        customer_id = customer(key_of("customer", text)).id if text else None
        new = NewUser(read.text("email"), read.text("name"), None, _grants(read), customer_id)
        key = inviting.make_user(new, invited=True, authority=caller.authority, now=caller.now, actor=caller.actor)
        return Outcome(person_url(key), _("The invitation is on its way."))

    if not errors:
        try:
            outcome = once(request, step)
            return done(request, outcome.url, outcome.sentence)
        except NotFound as refusal:
            errors = errors_of(NotFound(refusal.message, field="customer"))
        except Refusal as refusal:
            errors = errors_of(refusal)
    filled = replace(lines, rows=read.raw_lines) if lines else None
    return render_form(request, replace(page, values=read.raw, lines=filled, errors=errors))


def user_roles(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """Change what a person may do."""
    caller = caller_of(request)
    caller.require("people.write")
    row = queries.user(key_of("user", user_id))
    lines = _grant_lines()
    codes: dict[UUID | None, str] = {None: "", **{one.id: one.code for one in entities()}}
    held = tuple({"role": one.role, "entity": codes[one.entity_id]} for one in queries.grants_of(row.id))
    page = FormPage(
        _("Roles of %(name)s") % {"name": row.name or row.email},
        request.path,
        (),
        _("Save the roles"),
        cancel_url=person_url(row.id),
        lines=replace(lines, rows=held or ({"role": "", "entity": ""},)),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, (), lines)
    errors = read.errors

    def step() -> Outcome:
        inviting.change_roles(caller, row.id, _grants(read))
        return Outcome(person_url(row.id), _("The roles are saved; they hold from the next click on."))

    if not errors:
        try:
            outcome = once(request, step)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, lines=replace(lines, rows=read.raw_lines), errors=errors))


def customer_options(request: HttpRequest) -> HttpResponse:
    """Customers for the lookup, by the letters typed."""
    caller_of(request).require("customers.read")
    words = said(request.GET, "q", 200)
    found = list_customers(lists.Ask("name", limit=8), words=words).items
    return render_options(request, tuple(Option(public("customer", row.id), row.name, row.number) for row in found))
