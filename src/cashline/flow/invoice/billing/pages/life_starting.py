"""Subscribing a customer to a plan: who, which plan, how many and for how long, with the first bills beside."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.deliver.subscriptions.actions import NewSubscription, subscribe
from cashline.flow.deliver.subscriptions.rules import TermAsked, UpliftPolicy
from cashline.flow.invoice.billing.actions import preview_start
from cashline.flow.invoice.billing.pages.life import address
from cashline.flow.invoice.billing.pages.life_forms import uplift_fields
from cashline.flow.invoice.billing.pages.life_tables import effect_sections
from cashline.kernel.identifiers import key_of
from cashline.kernel.periods import day_start
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, Refusals
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage
from cashline.platform.pages.components import Crumb, Notice, Option, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_aside, render_form

AFTER = ("open", "ends", "renews")


def _entities(caller: Caller) -> dict[str, Entity]:
    """The legal entities with which the caller may subscribe."""
    return {one.code: one for one in caller.own_entities("subscriptions.write")}


def _fieldsets(known: dict[str, Entity]) -> tuple[FieldSet, ...]:
    options = tuple(Option(code, f"{code} · {one.name}") for code, one in known.items())
    after = tuple(
        Option(name, label)
        for name, label in zip(
            AFTER, (_("There is no term"), _("It ends then"), _("It is renewed by itself")), strict=True
        )
    )
    who = (
        Field("customer", _("Customer"), "lookup", lookup=reverse("customer_options"), width="half"),
        Field("entity", _("Legal entity"), "choice", options=options, value=next(iter(known), ""), width="half"),
        Field("plan", _("Plan"), "lookup", lookup=reverse("plan_options"), width="half"),
        Field("quantity", _("Quantity"), "decimal", least=0, value=1, width="quarter"),
        Field(
            "unit_price", _("Price of one"), "decimal", required=False, least=0, width="quarter",
            hint=_("Empty: that of the plan."),
        ),
        Field(
            "starts_on", _("Since"), "date", required=False, width="half",
            hint=_("Past or to come; empty: from now."),
        ),
    )  # fmt: skip
    term = (
        Field("after", _("After the term"), "choice", options=after, value="open", width="half"),
        Field("months", _("Months"), "integer", required=False, least=1, most=240, width="quarter"),
        Field("notice_days", _("Days of notice"), "integer", required=False, least=0, most=730, width="quarter"),
        *uplift_fields(),
    )
    return FieldSet(_("Who and what"), who), FieldSet(_("Term"), term)


def life_new(request: HttpRequest) -> HttpResponseBase:
    """Subscribe a customer to a plan."""
    caller = caller_of(request)
    caller.require("subscriptions.write")
    known = _entities(caller)
    page = FormPage(
        _("Subscribe a customer"),
        request.path,
        _fieldsets(known),
        _("Subscribe"),
        reverse("life_list"),
        intro=_("What is due in advance is billed at once; a start in the past is billed up to today by the next run."),
        crumbs=(Crumb(_("Subscriptions to plans"), reverse("life_list")),),
        preview_url=reverse("life_new_preview"),
        aside_notices=(Notice(_("The first bills appear here while the form is filled in."), Tone.INFO),),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors

    def start() -> Outcome:
        (key,) = subscribe([_new(read, known)], now=caller.now, actor=caller.actor)
        return Outcome(address(key), _("The subscription has begun."))

    if not errors:
        try:
            outcome = once(request, start)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = tuple(replace(one, field=one.field.removeprefix("subscriptions-0-")) for one in errors_of(refusal))
    return render_form(request, replace(page, values=read.raw, errors=errors))


def life_new_preview(request: HttpRequest) -> HttpResponse:
    """What the subscription would bill at once and next, while the form is filled in."""
    caller = caller_of(request)
    caller.require("subscriptions.write")
    known = _entities(caller)
    read = read_form(request.POST, _fieldsets(known))
    if read.errors:
        return render_aside(request, (), tuple(Notice(error.message, Tone.INFO) for error in read.errors))
    try:
        new = _new(read, known)
        effect = preview_start(new, now=caller.now, actor=caller.actor)
    except Refusal as refusal:
        found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
        return render_aside(request, (), tuple(Notice(one.message, Tone.WARNING, one.fix) for one in found))
    plan = plan_of(read.text("plan"))
    zone = customers_by_id([new.customer_id])[new.customer_id].timezone
    return render_aside(request, *effect_sections(effect, plan.currency, zone, {plan.id: plan.name}))


def _new(read: Reading, known: dict[str, Entity]) -> NewSubscription:
    """The subscription that was typed; raises NotFound and InvalidValue."""
    customer_id = key_of("customer", read.text("customer"))
    customer = customers_by_id([customer_id]).get(customer_id)
    if customer is None:
        raise NotFound(_("There is no such customer."), field="customer")
    quantity, starts_on = read.decimal("quantity"), read.day("starts_on")
    values: dict[str, Any] = {"quantity": quantity} if quantity is not None else {}
    if starts_on is not None:
        values["at"] = day_start(starts_on, customer.timezone)
    return NewSubscription(
        customer_id,
        known[read.text("entity")].id,
        plan_of(read.text("plan")).id,
        unit_price=read.decimal("unit_price"),
        term=_term(read),
        **values,
    )


def _term(read: Reading) -> TermAsked:
    if read.text("after") == "open":
        return TermAsked()
    if not read.integer("months"):
        raise InvalidValue(_("Say how many months the term has."), field="months")
    percent, index = read.decimal("percent"), read.text("index")
    policy = None
    if percent is not None or index:
        policy = UpliftPolicy(percent, index, read.decimal("cap"), read.decimal("floor"))
    renews = read.text("after") == "renews"
    return TermAsked(read.integer("months"), None, renews, read.integer("notice_days") or 0, policy)
