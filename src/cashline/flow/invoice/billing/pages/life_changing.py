"""Changing a subscription to a plan: one form for every change, with its effect in money beside it, made and undone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from cashline.flow.deliver.subscriptions.actions import change_lives, transfer_life
from cashline.flow.deliver.subscriptions.api import living
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, OnConflict
from cashline.flow.invoice.billing.actions import effect_of, gate_change
from cashline.flow.invoice.billing.pages.life import Look, address, look_at
from cashline.flow.invoice.billing.pages.life_forms import EFFECTS, FORMS, TRANSFER, LifeForm
from cashline.flow.invoice.billing.pages.life_tables import effect_sections
from cashline.kernel.identifiers import key_of
from cashline.kernel.refusals import NotFound, Refusal, Refusals
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import Crumb, Notice, Option, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_aside, render_form

MAY_WAIT = ("plan", "quantity", "add-on")
"""The changes that may wait for the payment of their invoice."""


def life_change(request: HttpRequest, subscription_id: str, verb: str) -> HttpResponseBase:
    """Ask for a change, show what it would do, and make it."""
    caller = caller_of(request)
    row, form = living(caller, subscription_id, "subscriptions.write"), _form(verb)
    look = look_at(row, caller.now, bills=False)
    fieldsets = _fieldsets(row, form, look)
    page = FormPage(
        form.title % row.number,
        request.path,
        fieldsets,
        form.submit or form.button,
        address(row.id),
        intro=form.intro or f"{row.plan_name} · {row.customer_name}",
        crumbs=(Crumb(_("Subscriptions to plans"), reverse("life_list")), Crumb(row.number, address(row.id))),
        preview_url=reverse("life_change_preview", args=[subscription_id, verb]),
    )
    if request.method != "POST":
        sections, notices = _first_look(caller, look, form, fieldsets)
        return render_form(request, replace(page, aside=sections, aside_notices=notices))
    read = read_form(request.POST, fieldsets)
    errors: tuple[FieldError, ...] = read.errors

    def make() -> Outcome:
        found = _carry_out(row, form, read, caller)
        return Outcome(address(found[-1] if found else row.id), str(form.done))

    if not errors:
        try:
            outcome = once(request, make)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def life_change_preview(request: HttpRequest, subscription_id: str, verb: str) -> HttpResponse:
    """What a change would do, while the form is filled in."""
    caller = caller_of(request)
    row, form = living(caller, subscription_id, "subscriptions.write"), _form(verb)
    look = look_at(row, caller.now, bills=False)
    read = read_form(request.POST, _fieldsets(row, form, look))
    return render_aside(request, *_preview(caller, look, form, read))


def _form(verb: str) -> LifeForm:
    if verb not in FORMS:
        raise NotFound(_("There is no such change."), field="verb")
    return FORMS[verb]


def _fieldsets(row: LifeRow, form: LifeForm, look: Look) -> tuple[FieldSet, ...]:
    fields = form.fields(row)
    found = [FieldSet("", fields)] if fields else []
    when: list[Field] = []
    if len(form.effects) > 1:
        options = tuple(Option(effect.value, EFFECTS[effect]) for effect in form.effects)
        when.append(Field("effect", _("It takes effect"), "radio", options=options, value=form.effects[0].value))
    if Effect.AT in form.effects:
        hint = _("Past or to come; it counts where “From a day on” is chosen.")
        when.append(Field("on", _("Day"), "date", required=False, width="half", hint=hint))
    if form.verb in MAY_WAIT:
        hint = _("Then it is billed now and counts once that is paid; else it is taken back. Empty: it counts at once.")
        label = _("Only if its invoice is paid within so many days")
        when.append(Field("paid_within", label, "integer", required=False, least=1, most=90, width="half", hint=hint))
    if any(not fact.of_term for fact in look.waiting):
        label = _("Take back what is scheduled and contradicts it")
        when.append(Field("replace", label, "yes", required=False))
    when.append(Field("reason", _("Reason"), required=form.verb == TRANSFER, max_length=200))
    return (*found, FieldSet(_("When and why"), tuple(when)))


def _base(row: LifeRow, form: LifeForm, read: Reading) -> LifeChange:
    """What every change has: when it takes effect, why, and what becomes of contradictions."""
    effect = form.effects[0] if len(form.effects) == 1 else Effect(read.text("effect") or Effect.NOW)
    return LifeChange(
        row.id,
        LifeKind.PAUSED,
        effect,
        on=read.day("on") if effect is Effect.AT else None,
        reason=read.text("reason"),
        on_conflict=OnConflict.REPLACE if read.yes("replace") else OnConflict.REFUSE,
    )


def _carry_out(row: LifeRow, form: LifeForm, read: Reading, caller: Caller) -> list[UUID]:
    """Make the change; gives the subscription on the other side of a transfer."""
    if form.verb == TRANSFER:
        customer_id = key_of("customer", read.text("customer"))
        key = transfer_life(
            row.id, customer_id=customer_id, on=read.day("from_day"), reason=read.text("reason"), now=caller.now,
            actor=caller.actor,
        )  # fmt: skip
        return [key]
    days = read.integer("paid_within")
    changes: Sequence[LifeChange] = form.make(row, read, _base(row, form, read), caller.now)
    if days is not None:
        gate_change(changes[0], days=days, now=caller.now, actor=caller.actor)
    else:
        change_lives(changes, now=caller.now, actor=caller.actor)
    return []


type Preview = tuple[tuple[Section, ...], tuple[Notice, ...]]


def _first_look(caller: Caller, look: Look, form: LifeForm, fieldsets: tuple[FieldSet, ...]) -> Preview:
    """The preview of a form as it stands, where nothing has to be typed first."""
    fields = [field for fieldset in fieldsets for field in fieldset.fields]
    if any(field.required and field.value in (None, "") for field in fields):
        return (), (Notice(_("The effect in money appears here while the form is filled in."), Tone.INFO),)
    values: dict[str, Any] = {field.name: field.value for field in fields if field.value is not None}
    return _preview(caller, look, form, Reading(values))


def _preview(caller: Caller, look: Look, form: LifeForm, read: Reading) -> Preview:
    if read.errors:
        return (), tuple(Notice(error.message, Tone.INFO) for error in read.errors)
    row = look.row
    try:
        effect = effect_of(row.id, lambda: _carry_out(row, form, read, caller), now=caller.now)
    except Refusal as refusal:
        found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
        return (), tuple(Notice(one.message, Tone.WARNING, one.fix) for one in found)
    return effect_sections(effect, row.currency, row.timezone, look.names)
