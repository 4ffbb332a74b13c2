"""Publishing a plan, or the next version of one: a form, the terms in words beside it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.agree.plans import actions, queries
from cashline.flow.agree.plans.actions import NewPlan
from cashline.flow.agree.plans.pages.showing import address
from cashline.flow.agree.plans.queries import PlanRow
from cashline.flow.agree.plans.rules import FeeTiming, PlanTerms, UsageTiming
from cashline.flow.agree.plans.rules.errors import InvalidPlan
from cashline.flow.agree.plans.rules.wording import EVERY
from cashline.flow.agree.pricing.rules.charges import ChargeModel
from cashline.kernel.anchors import AnchorKind
from cashline.kernel.identifiers import key_of
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.anatomies import FormPage
from cashline.platform.pages.components import Crumb, Notice, Option, Tone
from cashline.platform.pages.fields import (
    Field,
    FieldError,
    FieldSet,
    LineFields,
    Reading,
    errors_of,
    read_form,
)
from cashline.platform.pages.render import done, render_form

INTERVALS = tuple(Option(unit.value, EVERY[unit].capitalize()) for unit in IntervalUnit if unit is not IntervalUnit.DAY)
ANCHORS = (
    Option(AnchorKind.ANNIVERSARY, lazy("On the day of the start")),
    Option(AnchorKind.CALENDAR, lazy("With the calendar")),
    Option(AnchorKind.DAY_OF_MONTH, lazy("On a day of the month")),
)
TIMINGS = (
    Option(FeeTiming.ADVANCE, lazy("Before the period")),
    Option(FeeTiming.ARREARS, lazy("After the period")),
)
USAGE_TIMINGS = (
    Option(UsageTiming.ARREARS, lazy("After the period")),
    Option(UsageTiming.AT_EVENT, lazy("At each event")),
    Option(UsageTiming.AT_EVENT_AND_AT_RENEWAL, lazy("At each event and renewal")),
)
AGGREGATIONS = tuple(
    Option(word, word.replace("_", " ").capitalize())
    for word in ("sum", "count", "max", "unique_count", "latest", "weighted_sum", "average", "percentile")
)
TAXES = tuple(Option(one.value, one.value.replace("_", " ").capitalize()) for one in TaxCategory)
CHARGES = LineFields(
    "charges",
    lazy("Usage"),
    (
        Field("meter", lazy("Meter"), max_length=200),
        Field("aggregation", lazy("Counted as"), "choice", options=AGGREGATIONS, value="sum"),
        Field("unit_price", lazy("Price of one"), "decimal", least=0),
        Field("timing", lazy("Billed"), "choice", options=USAGE_TIMINGS, value=UsageTiming.ARREARS.value),
        Field("minimum_per_period", lazy("At least"), "decimal", required=False, least=0),
    ),
    lazy("Add usage"),
    least=0,
    note=lazy("What a meter counts, billed by its own rule."),
)


def _fieldsets(present: PlanRow | None) -> tuple[FieldSet, ...]:
    fixed = present is not None
    return (
        FieldSet(
            _("Plan"),
            (
                Field("code", _("Code"), max_length=80, width="quarter", readonly=fixed),
                Field("name", _("Name"), width="half", readonly=fixed),
                Field("currency", _("Currency"), max_length=3, value="EUR", width="quarter"),
            ),
        ),
        FieldSet(
            _("Base fee"),
            (
                Field("base_fee", _("For one unit"), "decimal", least=0, width="quarter"),
                Field("interval", _("Billed"), "choice", options=INTERVALS, value="month", width="quarter"),
                Field("timing", _("Due"), "choice", options=TIMINGS, value="advance", width="quarter"),
                Field("tax_category", _("Tax category"), "choice", options=TAXES, value="standard", width="quarter"),
                Field("anchor", _("Periods begin"), "choice", options=ANCHORS, value="anniversary", width="half"),
                Field(
                    "anchor_day", _("Day of the month"), "integer", required=False, least=1, most=28, width="quarter"
                ),
                Field("trial_days", _("Days of trial"), "integer", required=False, least=0, most=3660, width="quarter"),
            ),
        ),
        FieldSet(_("Besides"), _besides()),
    )


def _besides() -> tuple[Field, ...]:
    """What a plan may have besides its base fee."""
    return (
        Field(
            "minimum_commitment", _("At least a period"), "decimal", required=False, least=0, width="half",
            hint=_("Base fee and usage together."),
        ),
        Field(
            "termination_percent", _("Ending early: of what is left"), "decimal", required=False, least=0,
            most=100, suffix="%", width="quarter",
        ),
        Field("termination_fee", _("and a fee of"), "decimal", required=False, least=0, width="quarter"),
        Field(
            "usage_thresholds", _("Bill usage early at"), required=False, width="half",
            hint=_("Amounts with semicolons between, such as 100; 500."),
        ),
        Field(
            "add_ons", _("Add-ons"), "textarea", required=False, max_length=4000,
            hint=_("One a line: code; units in the plan; price of one. “whole” at the end: not prorated."),
        ),
        Field(
            "filters", _("Prices by value"), "textarea", required=False, max_length=8000,
            hint=_("One a line: meter; dimension; value; price of one."),
        ),
    )  # fmt: skip


def plan_new(request: HttpRequest) -> HttpResponseBase:
    """Publish a new plan."""
    caller_of(request).require("catalog.write")
    page = FormPage(
        _("New plan"),
        request.path,
        _fieldsets(None),
        _("Publish the plan"),
        reverse("plan_list"),
        lines=CHARGES,
        intro=_("A version never changes once it is published; the next one is for those who subscribe from then on."),
        crumbs=(Crumb(_("Plans"), reverse("plan_list")),),
    )
    return _answer(request, page, None)


def plan_next(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    """Publish the next version of a plan, from what an earlier one says."""
    caller_of(request).require("catalog.write")
    row = queries.plan_version(key_of("plan", plan_id))
    notices: tuple[Notice, ...] = ()
    if any(charge.charge.model is not ChargeModel.UNIT or not charge.charge.plain for charge in row.terms.charges):
        text = _("Its usage has prices that this form cannot show: they become plain prices here.")
        notices = (Notice(text, Tone.WARNING),)
    page = FormPage(
        _("Next version of %s") % row.code,
        request.path,
        _fieldsets(row),
        _("Publish the version"),
        address(row.id),
        lines=replace(CHARGES, rows=tuple(_raw_lines(row.terms))),
        values=_raw(row),
        notices=notices,
        intro=_("Who has subscribed keeps the version that was subscribed to."),
        crumbs=(Crumb(_("Plans"), reverse("plan_list")), Crumb(row.code, address(row.id))),
    )
    return _answer(request, page, row)


def _answer(request: HttpRequest, page: FormPage, present: PlanRow | None) -> HttpResponseBase:
    caller = caller_of(request)
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets, CHARGES)

    def publish() -> Outcome:
        code, name = (present.code, present.name) if present else (read.text("code"), read.text("name"))
        if present is None and code in queries.latest_plans([code]):
            message = _("There is a plan %s already.") % code
            raise InvalidPlan(message, field="code", fix=_("Open it and publish its next version."))
        plan = NewPlan(code, name, read.text("currency").upper(), _terms(read))
        (key,) = actions.publish_plans([plan], now=caller.now, actor=caller.actor)
        return Outcome(address(key), _("%s is published.") % code)

    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, publish)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = tuple(replace(one, field=_FIELDS.get(one.field, one.field)) for one in errors_of(refusal))
    lines = replace(CHARGES, rows=read.raw_lines)
    return render_form(request, replace(page, values=read.raw, lines=lines, errors=errors))


_FIELDS = {"plans-0-code": "code", "plans-0-name": "name"}


def _terms(read: Reading) -> PlanTerms:
    """The terms that were typed; raises everything that is wrong with them."""
    wrong: list[Refusal] = []
    filters = _rows(read.text("filters"), "filters", 4, wrong)
    charges = [_charge(line, filters) for line in read.lines]
    meters = {charge["meter"] for charge in charges}
    wrong += [
        InvalidPlan(_("%s has no price above.") % row[0], field="filters") for row in filters if row[0] not in meters
    ]
    shape: dict[str, Any] = {
        "interval": read.text("interval"),
        "anchor": {"kind": read.text("anchor"), "day": _day(read)},
        "timing": read.text("timing"),
        "base_fee": read.decimal("base_fee"),
        "tax_category": read.text("tax_category"),
        "trial_days": read.integer("trial_days") or 0,
        "minimum_commitment": read.decimal("minimum_commitment"),
        "termination_percent": read.decimal("termination_percent"),
        "termination_fee": read.decimal("termination_fee"),
        "usage_thresholds": [word.strip() for word in read.text("usage_thresholds").split(";") if word.strip()],
        "charges": charges,
        "add_ons": [_add_on(row) for row in _rows(read.text("add_ons"), "add_ons", 3, wrong)],
    }
    if wrong:
        raise Refusals(wrong)
    return PlanTerms.from_json(shape)


def _day(read: Reading) -> int:
    return (read.integer("anchor_day") or 0) if read.text("anchor") == AnchorKind.DAY_OF_MONTH else 0


def _charge(line: Reading, filters: list[list[str]]) -> dict[str, Any]:
    return {
        "meter": line.text("meter"),
        "aggregation": line.text("aggregation"),
        "charge": {"model": "unit", "price": line.decimal("unit_price")},
        "timing": line.text("timing"),
        "minimum_per_period": line.decimal("minimum_per_period"),
        "filters": [
            {"dimension": row[1], "value": row[2], "charge": {"model": "unit", "price": row[3]}}
            for row in filters
            if row[0] == line.text("meter")
        ],
    }


def _add_on(row: list[str]) -> dict[str, Any]:
    whole = len(row) > 3 and row[3].lower() == "whole"
    return {"code": row[0], "units": row[1], "unit_price": row[2], "prorated": not whole}


def _rows(text: str, field: str, least: int, wrong: list[Refusal]) -> list[list[str]]:
    """Lines of values with semicolons between."""
    found: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        row = [part.strip() for part in line.split(";")]
        if len(row) < least or not all(row[:least]):
            message = _("Line %(number)s needs %(least)s values with semicolons between.")
            wrong.append(InvalidPlan(message % {"number": number, "least": least}, field=field))
        else:
            found.append(row)
    return found


def _raw(row: PlanRow) -> dict[str, str]:
    """The terms of a version as they would be typed."""
    terms = row.terms
    filters = [(charge, one) for charge in terms.charges for one in charge.filters]
    values: dict[str, Any] = {
        "code": row.code,
        "name": row.name,
        "currency": row.currency,
        "base_fee": terms.base_fee,
        "interval": terms.interval.value,
        "timing": terms.timing.value,
        "tax_category": terms.tax_category,
        "anchor": terms.anchor.kind.value,
        "anchor_day": terms.anchor.day or "",
        "trial_days": terms.trial_days or "",
        "minimum_commitment": "" if terms.minimum_commitment is None else terms.minimum_commitment,
        "termination_percent": "" if terms.termination_percent is None else terms.termination_percent,
        "termination_fee": "" if terms.termination_fee is None else terms.termination_fee,
        "usage_thresholds": "; ".join(map(str, terms.usage_thresholds)),
        "add_ons": "\n".join(
            f"{item.code}; {item.units}; {item.unit_price}{'' if item.prorated else '; whole'}"
            for item in terms.add_ons
        ),
        "filters": "\n".join(
            f"{charge.meter}; {one.dimension}; {one.value}; {one.charge.price}" for charge, one in filters
        ),
    }
    return {name: str(value) for name, value in values.items()}


def _raw_lines(terms: PlanTerms) -> Iterator[dict[str, str]]:
    for charge in terms.charges:
        least = charge.minimum_per_period
        yield {
            "meter": charge.meter,
            "aggregation": charge.aggregation,
            "unit_price": f"{charge.charge.list_price.normalize():f}",
            "timing": charge.timing.value,
            "minimum_per_period": "" if least is None else str(least),
        }
