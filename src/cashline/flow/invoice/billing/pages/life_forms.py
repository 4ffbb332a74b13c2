"""The changes that a person can make of a subscription to a plan, as one table: what each asks, and what it makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cashline.flow.agree.plans.queries import plan_of, price_indices
from cashline.flow.deliver.subscriptions.actions import RampStep, ramp_changes, skip_changes
from cashline.flow.deliver.subscriptions.queries import LifeRow
from cashline.flow.deliver.subscriptions.rules import (
    Effect,
    LifeChange,
    LifeKind,
    SubscriptionStatus,
    TermAsked,
    Unused,
    UpliftPolicy,
)
from cashline.kernel.identifiers import public
from cashline.kernel.money import to_decimal
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.platform.doors.caller import Caller
from cashline.platform.pages.components import Action, Label, Option
from cashline.platform.pages.fields import Field, Reading

_S = SubscriptionStatus
RUNNING = (_S.ACTIVE.value, _S.CANCELLED.value)
ALIVE = (*RUNNING, _S.PAUSED.value)
EFFECTS: dict[Effect, Label] = {
    Effect.NOW: _("Now"),
    Effect.PERIOD_END: _("When the running period ends"),
    Effect.TERM_END: _("When the term ends"),
    Effect.AT: _("From a day on"),
}
UNUSED = (
    Option(Unused.CREDIT, _("Credit them")),
    Option(Unused.REFUND, _("Refund what was paid for them")),
    Option(Unused.KEEP, _("Give nothing back")),
)
TRANSFER = "transfer"
"""The one step that is not made of changes of this subscription alone."""
type Fields = Callable[[LifeRow], tuple[Field, ...]]
type Make = Callable[[LifeRow, Reading, LifeChange, datetime], Sequence[LifeChange]]


@dataclass(frozen=True, slots=True)
class LifeForm:
    """A change as it is asked for; `effects` are the times that it may be given, none where its own fields say."""

    verb: str
    button: Label
    title: Label
    done: Label
    statuses: tuple[str, ...]
    fields: Fields
    make: Make
    effects: tuple[Effect, ...] = (Effect.NOW, Effect.PERIOD_END, Effect.AT)
    intro: Label = ""
    icon: str = ""
    submit: Label = ""
    main: bool = False
    danger: bool = False


def _nothing(_row: LifeRow) -> tuple[Field, ...]:
    return ()


def _plan(row: LifeRow) -> tuple[Field, ...]:
    return (
        Field("plan", _("Plan"), "lookup", lookup=reverse("plan_options")),
        Field(
            "quantity", _("Quantity"), "decimal", required=False, least=0, width="half", hint=_("Empty: as it is.")
        ),
        Field(
            "unit_price", _("Price of one"), "decimal", required=False, least=0, width="half", suffix=row.currency,
            hint=_("Empty: that of the plan."),
        ),
    )  # fmt: skip


def _quantity(row: LifeRow) -> tuple[Field, ...]:
    return (Field("quantity", _("Quantity"), "decimal", least=0, value=row.quantity.normalize(), width="half"),)


def _price(row: LifeRow) -> tuple[Field, ...]:
    hint = _("Of one unit for a whole period. Empty: that of the plan.")
    return (
        Field(
            "unit_price", _("Base fee"), "decimal", required=False, least=0, width="half", suffix=row.currency,
            value=row.unit_price, hint=hint,
        ),
    )  # fmt: skip


def _add_on(row: LifeRow) -> tuple[Field, ...]:
    return (
        Field("add_on", _("Add-on"), width="half", hint=_("Its code.")),
        Field("quantity", _("Units from then on"), "decimal", least=0, width="quarter"),
        Field(
            "unit_price", _("Price of one"), "decimal", required=False, least=0, width="quarter", suffix=row.currency
        ),
    )  # fmt: skip


def _billing_day(_row: LifeRow) -> tuple[Field, ...]:
    hint = _("1 to 28, which every month has.")
    return (Field("billing_day", _("Day of the month"), "integer", least=1, most=28, width="half", hint=hint),)


def _days(_row: LifeRow) -> tuple[Field, ...]:
    return (Field("days", _("Days more"), "integer", least=1, most=3660, width="half"),)


def _cancel(_row: LifeRow) -> tuple[Field, ...]:
    return (
        Field("unused", _("Days that are paid and not used"), "radio", options=UNUSED, value=Unused.CREDIT.value),
        Field("final_invoice", _("Bill what is owed until then"), "yes", required=False, value=True),
    )


def _periods(_row: LifeRow) -> tuple[Field, ...]:
    return (Field("periods", _("Periods to skip"), "integer", least=1, most=24, value=1, width="half"),)


def _ramp(_row: LifeRow) -> tuple[Field, ...]:
    hint = _("One a line: day; quantity; price of one. What is left empty stays: 2027-01-01; 50; or 2027-01-01;; 9.50")
    return (Field("steps", _("Steps"), "textarea", max_length=4000, hint=hint),)


def _term(_row: LifeRow) -> tuple[Field, ...]:
    after = (Option("ends", _("It ends")), Option("renews", _("It is renewed by itself")))
    return (
        Field(
            "months", _("Months"), "integer", least=0, most=240, value=12, width="quarter", hint=_("0: without end.")
        ),
        Field("after", _("After that"), "choice", options=after, value="renews", width="half"),
        Field(
            "notice_days", _("Days of notice"), "integer", required=False, least=0, most=730, value=30, width="quarter"
        ),
        *uplift_fields(),
    )  # fmt: skip


def uplift_fields() -> tuple[Field, ...]:
    """By how much a renewal raises the price; the index where the company keeps some."""
    indices = tuple(Option(row.code, f"{row.code} · {row.name}") for row in price_indices())
    found: tuple[Field, ...] = (
        Field("percent", _("Dearer by"), "decimal", required=False, least=-100, most=1000, suffix="%", width="quarter"),
    )
    if indices:
        found += (
            Field("index", _("Or by an index"), "choice", required=False, options=indices, width="quarter"),
            Field(
                "floor", _("At least"), "decimal", required=False, least=-100, most=1000, suffix="%", width="quarter"
            ),
            Field("cap", _("At most"), "decimal", required=False, least=-100, most=1000, suffix="%", width="quarter"),
        )
    return found


def _renew(_row: LifeRow) -> tuple[Field, ...]:
    return (
        Field(
            "months", _("Months"), "integer", required=False, least=0, most=240, width="half",
            hint=_("Empty: as before. 0: without end."),
        ),
        Field(
            "ends_on", _("Or until"), "date", required=False, width="half",
            hint=_("The first day after it; the end of another subscription merges them."),
        ),
        *uplift_fields(),
    )  # fmt: skip


def _extend(_row: LifeRow) -> tuple[Field, ...]:
    hint = _("The first day after the term.")
    return (Field("ends_on", _("Until"), "date", width="half", hint=hint),)


def _transfer(row: LifeRow) -> tuple[Field, ...]:
    hint = _("From the beginning of which day; empty: from now. The customer's currency is %s.") % row.currency
    return (
        Field("customer", _("Customer"), "lookup", lookup=reverse("customer_options")),
        Field("from_day", _("From"), "date", required=False, width="half", hint=hint),
    )


def _simple(kind: LifeKind, *names: str) -> Make:
    """A change whose fields are those of the form."""

    def make(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
        values: dict[str, Any] = {name: read.values.get(name) for name in names}
        return [replace(change, kind=kind, **{name: value for name, value in values.items() if value is not None})]

    return make


def _make_plan(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    plan_id, quantity, price = plan_of(read.text("plan")).id, read.decimal("quantity"), read.decimal("unit_price")
    return [replace(change, kind=LifeKind.PLAN_CHANGED, plan_id=plan_id, quantity=quantity, unit_price=price)]


def _make_cancel(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    unused, final = Unused(read.text("unused")), read.yes("final_invoice")
    return [replace(change, kind=LifeKind.CANCELLED, unused=unused, final_invoice=final)]


def _make_term(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    renews = read.text("after") == "renews" and bool(read.integer("months"))
    notice = read.integer("notice_days") or 0
    term = TermAsked(read.integer("months"), None, renews, notice, _policy(read))
    return [replace(change, kind=LifeKind.TERM_SET, term=term)]


def _make_renewal(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    term = TermAsked(read.integer("months"), read.day("ends_on"))
    return [replace(change, kind=LifeKind.RENEWED, term=term, uplift=_policy(read))]


def _make_extension(_row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    return [replace(change, kind=LifeKind.EXTENDED, term=TermAsked(ends_on=read.day("ends_on")))]


def _policy(read: Reading) -> UpliftPolicy | None:
    percent, index = read.decimal("percent"), read.text("index")
    if percent is None and not index:
        return None
    return UpliftPolicy(percent, index, read.decimal("cap"), read.decimal("floor"))


def _make_skip(row: LifeRow, read: Reading, change: LifeChange, now: datetime) -> Sequence[LifeChange]:
    found = skip_changes(row.id, read.integer("periods") or 0, now=now, reason=change.reason)
    return [replace(one, on_conflict=change.on_conflict) for one in found]


def _make_ramp(row: LifeRow, read: Reading, change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    wrong: list[Refusal] = []
    steps: list[RampStep] = []
    for number, line in enumerate(read.text("steps").splitlines(), start=1):
        parts = [part.strip() for part in line.split(";")]
        if not any(parts):
            continue
        try:
            steps.append(_step_of([*parts, "", ""]))
        except (Refusal, ValueError):
            message = _("Line %s is no step such as 2027-01-01; 50; 9.50.") % number
            wrong.append(InvalidValue(str(message), field="steps"))
    raise_all(wrong)
    return [replace(one, on_conflict=change.on_conflict) for one in ramp_changes(row.id, steps, reason=change.reason)]


def _step_of(parts: list[str]) -> RampStep:
    quantity, price = (_decimal(text) for text in parts[1:3])
    return RampStep(date.fromisoformat(parts[0]), quantity, price)


def _decimal(text: str) -> Decimal | None:
    return to_decimal(text, field="steps") if text else None


def _none(_row: LifeRow, _read: Reading, _change: LifeChange, _now: datetime) -> Sequence[LifeChange]:
    return []


ANY_TIME = (Effect.NOW, Effect.PERIOD_END, Effect.TERM_END, Effect.AT)
_FORMS = (
    LifeForm("plan", _("Change the plan"), _("Change the plan of %s"), _("The plan is changed."), ALIVE, _plan,
             _make_plan, icon="layers", main=True),
    LifeForm("quantity", _("Quantity"), _("Change the quantity of %s"), _("The quantity is changed."), ALIVE, _quantity,
             _simple(LifeKind.QUANTITY_CHANGED, "quantity"), icon="sliders-horizontal",
             submit=_("Change the quantity"), main=True),
    LifeForm("pause", _("Pause"), _("Pause %s"), _("It is paused."), RUNNING, _nothing, _simple(LifeKind.PAUSED),
             intro=_("Days that were billed in advance after it are given back."), icon="pause", main=True),
    LifeForm("resume", _("Run on"), _("Let %s run on"), _("It runs on."), (_S.PAUSED.value,), _nothing,
             _simple(LifeKind.RESUMED), (Effect.NOW, Effect.AT), icon="play", main=True),
    LifeForm("cancel", _("Cancel"), _("Cancel %s"), _("It is cancelled."), ALIVE, _cancel, _make_cancel, ANY_TIME,
             intro=_("A past day is right too: the bills follow."), icon="x",
             submit=_("Cancel the subscription"), main=True, danger=True),
    LifeForm("reactivate", _("Reactivate"), _("Let %s run again"), _("It runs again."), (_S.ENDED.value,), _nothing,
             _simple(LifeKind.REACTIVATED), (Effect.NOW, Effect.AT), icon="play", main=True),
    LifeForm("price", _("Price"), _("Change the price of %s"), _("The price is changed."), ALIVE, _price,
             _simple(LifeKind.PRICE_CHANGED, "unit_price"), ANY_TIME,
             intro=_("For this subscription alone; it leaves an uplift behind."), submit=_("Change the price")),
    LifeForm("add-on", _("Add-on"), _("Add-ons of %s"), _("The add-on is changed."), ALIVE, _add_on,
             _simple(LifeKind.ADD_ON_CHANGED, "add_on", "quantity", "unit_price"), submit=_("Change the add-on")),
    LifeForm("ramp", _("Ramp"), _("A ramp for %s"), _("The ramp is scheduled."), ALIVE, _ramp, _make_ramp, (),
             submit=_("Schedule the ramp")),
    LifeForm("skip", _("Skip periods"), _("Skip periods of %s"), _("The periods are skipped."), RUNNING, _periods,
             _make_skip, (), intro=_("It pauses when the running period ends, and runs on after those.")),
    LifeForm("billing-day", _("Billing day"), _("Move the billing day of %s"), _("The billing day is moved."), RUNNING,
             _billing_day, _simple(LifeKind.BILLING_DAY_MOVED, "billing_day"), submit=_("Move the billing day")),
    LifeForm("trial", _("Longer trial"), _("Extend the trial of %s"), _("The trial is extended."), ALIVE, _days,
             _simple(LifeKind.TRIAL_EXTENDED, "days"), (Effect.NOW,), submit=_("Extend the trial")),
    LifeForm("term", _("Term"), _("Agree a term for %s"), _("The term is agreed."), ALIVE, _term, _make_term,
             (Effect.NOW, Effect.AT), submit=_("Agree the term")),
    LifeForm("renew", _("Renew"), _("Renew %s"), _("It is renewed."), (*ALIVE, _S.ENDED.value), _renew, _make_renewal,
             (Effect.TERM_END, Effect.NOW),
             intro=_("Early, or late: then without a gap from the end of its term. Empty prices follow its term.")),
    LifeForm("extend", _("Extend the term"), _("Extend the term of %s"), _("The term is extended."),
             (*ALIVE, _S.ENDED.value), _extend, _make_extension, ()),
    LifeForm(TRANSFER, _("Transfer"), _("Transfer %s to another customer"), _("It is transferred."), RUNNING, _transfer,
             _none, (), intro=_("The bills split at the day; price, periods, trial, term and queue go on.")),
)  # fmt: skip
FORMS = {form.verb: form for form in _FORMS}


def steps_of(row: LifeRow, caller: Caller) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """The buttons of a subscription, and those behind the menu."""
    if not caller.authority.allows("subscriptions.write", row.entity_id):
        return (), ()
    main: list[Action] = []
    more: list[Action] = []
    for form in _FORMS:
        if row.status in form.statuses:
            url = reverse("life_change", args=[public("subscription", row.id), form.verb])
            action = Action(form.button, url, post=False, icon=form.icon)
            if form.danger:
                action = replace(action, tone="danger")
            elif form.main and not main:
                action = replace(action, tone="primary")
            (main if form.main else more).append(action)
    return tuple(main), tuple(more)
