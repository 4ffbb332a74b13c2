"""Rate plans as they stand: the list, one version with its prices in plain words, and how entities bill them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.agree.plans import actions, queries
from cashline.flow.agree.plans.queries import PlanRow
from cashline.flow.agree.plans.rules import CancelDay, ChangeBilled, PlanConventions, UnusedAdvance
from cashline.flow.agree.plans.rules.wording import begins, conditions, due, every, priced_items
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.lists import Ask
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Label,
    Notice,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, errors_of, read_form, said
from cashline.platform.pages.render import done, render_document, render_form, render_list, render_options
from cashline.platform.pages.timelines import timeline_of

OFFERED = 12
COLUMNS = (
    Column("code", lazy("Code"), "code", sort=True, place="title"),
    Column("name", lazy("Name"), sort=True),
    Column("base_fee", lazy("Base fee"), "money", place="amount"),
    Column("every", lazy("Billed"), place="state"),
    Column("besides", lazy("Besides")),
    Column("version", lazy("Version"), "number"),
    Column("created_at", lazy("Since"), "date", sort=True, place="hidden"),
)
FILTERS = (Filter.search(lazy("Code or name")),)
ITEM_COLUMNS = (
    Column("what", lazy("What"), place="title"),
    Column("price", lazy("Price of one"), "money", place="amount"),
    Column("words", lazy("In words")),
    Column("billed", lazy("Billed")),
)
VERSION_COLUMNS = (
    Column("version", lazy("Version"), "number", place="title"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("base_fee", lazy("Base fee"), "money", place="amount"),
    Column("every", lazy("Billed")),
    Column("created_at", lazy("Since"), "datetime"),
)
CONVENTIONS: dict[str, tuple[Label, tuple[Option, ...]]] = {
    "cancel_day": (
        lazy("The day of a cancellation"),
        (
            Option(CancelDay.NOT_BILLED, lazy("is not billed: the day before is the last")),
            Option(CancelDay.BILLED, lazy("is the last day that is billed")),
        ),
    ),
    "unused_advance": (
        lazy("Days billed in advance and not used"),
        (
            Option(UnusedAdvance.CREDIT_NOTE, lazy("come back by a credit note")),
            Option(UnusedAdvance.NEGATIVE_LINE, lazy("are a negative line on the next invoice")),
        ),
    ),
    "change_billed": (
        lazy("What a change makes due at once"),
        (
            Option(ChangeBilled.AT_CHANGE, lazy("has an invoice of its own")),
            Option(ChangeBilled.AT_NEXT_RENEWAL, lazy("waits for the invoice of the next renewal")),
        ),
    ),
}


def address(version_id: UUID) -> str:
    """The page of a version."""
    return reverse("plan_detail", args=[public("plan", version_id)])


def plan_list(request: HttpRequest) -> HttpResponseBase:
    """All plans in their latest version."""
    caller = caller_of(request)
    caller.require("catalog.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_plans(ask.page, words=ask.text())
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action.link(_("New plan"), reverse("plan_new"), icon="plus", primary=True, key="n")
    indices = Action.link(_("Price indices"), reverse("price_index_list"), icon="percent")
    may = caller.authority.allows("catalog.write")
    text = _("A plan says what a subscription costs: a base fee, usage and extras, as versions that never change.")
    empty = Empty(_("No plans yet"), text, new if may else None, "layers")
    steps = (new, indices) if may else (indices,)
    page = ListPage(_("Plans"), COLUMNS, fetch, FILTERS, "code", empty, actions=steps, filename="plans")
    return render_list(request, page)


def _row(row: PlanRow) -> Row:
    terms = row.terms
    besides = [_("usage of %s") % item.meter for item in terms.charges] + [item.code for item in terms.add_ons]
    cells: dict[str, Any] = {
        "code": row.code,
        "name": row.name,
        "base_fee": Money(terms.base_fee, row.currency),
        "every": every(terms),
        "besides": ", ".join(besides),
        "version": row.version,
        "created_at": row.created_at,
    }
    return Row(public("plan", row.id), cells, address(row.id))


def plan_detail(request: HttpRequest, plan_id: str) -> HttpResponse:
    """One version of a plan, with all others beside it."""
    caller = caller_of(request)
    caller.require("catalog.read")
    row = queries.plan_version(key_of("plan", plan_id))
    versions = queries.versions_of(row.plan_id)
    latest = versions[0]
    sections = [Section(_("What it costs"), _items(row), text=" ".join(conditions(row.terms)))]
    sections.append(Section(_("Versions"), _versions(versions, row), anchor="versions"))
    sections.append(Section(_("How bills are written"), _conventions_table(caller), anchor="conventions"))
    notices: tuple[Notice, ...] = ()
    if row.id != latest.id:
        there = Action.link(_("See version %s") % latest.version, address(latest.id))
        text = _("This is an older version: who subscribed to it keeps it, and nobody new gets it.")
        notices = (Notice(text, Tone.INFO, actions=(there,)),)
    page = DocumentPage(
        _("Plan"),
        row.code,
        _state(row, latest),
        subtitle=row.name,
        actions=_steps(row, latest, caller),
        more_actions=_links(row),
        facts=_facts(row),
        sections=tuple(sections),
        timeline=timeline_of([one.id for one in versions], current=row.id),
        notices=notices,
        crumbs=(Crumb(_("Plans"), reverse("plan_list")),),
    )
    return render_document(request, page)


def _state(row: PlanRow, latest: PlanRow) -> Pill:
    label = _("Version %s") % row.version
    return Pill(label, Tone.SUCCESS if row.id == latest.id else Tone.NEUTRAL)


def _facts(row: PlanRow) -> tuple[KeyValue, ...]:
    terms = row.terms
    facts = (
        KeyValue(_("Base fee"), Money(terms.base_fee, row.currency), _("for each unit, without tax")),
        KeyValue(_("Billed"), f"{every(terms)}, {due(terms.timing)}"),
        KeyValue(_("Periods begin"), begins(terms)),
        KeyValue(_("Trial"), _("%s days") % terms.trial_days if terms.trial_days else ""),
        KeyValue(
            _("At least"),
            Money(terms.minimum_commitment, row.currency) if terms.minimum_commitment is not None else None,
            _("a period, base fee and usage together"),
        ),
        KeyValue(_("Tax category"), terms.tax_category.replace("_", " ").capitalize()),
        KeyValue(_("Since"), row.created_at),
    )
    return tuple(fact for fact in facts if fact.value)


def _items(row: PlanRow) -> Table:
    rows = tuple(
        Row(
            str(place),
            {
                "what": Cell(item.what, sub=item.code),
                "price": Money(item.unit_price, row.currency),
                "words": " ".join(item.words),
                "billed": item.billed,
            },
        )
        for place, item in enumerate(priced_items(row.terms))
    )
    return Table(ITEM_COLUMNS, rows)


def _versions(versions: list[PlanRow], shown: PlanRow) -> Table:
    rows = []
    for place, one in enumerate(versions):
        state = Pill(_("For new subscriptions"), Tone.SUCCESS) if not place else Pill(_("For those who have it"))
        cells: dict[str, Any] = {
            "version": one.version,
            "state": state,
            "base_fee": Money(one.terms.base_fee, one.currency),
            "every": every(one.terms),
            "created_at": one.created_at,
        }
        rows.append(Row(public("plan", one.id), cells, "" if one.id == shown.id else address(one.id)))
    return Table(VERSION_COLUMNS, tuple(rows))


def _conventions_table(caller: Caller) -> Table:
    """How each legal entity bills plans, with the way to change it."""
    found = caller.own_entities("catalog.read")
    settings = queries.conventions_of(one.id for one in found)
    columns = (
        Column("entity", _("Legal entity"), place="title"),
        *(Column(name, label) for name, (label, _options) in CONVENTIONS.items()),
    )
    rows = []
    for one in found:
        cells: dict[str, Any] = {"entity": Cell(one.name, sub=one.code)}
        for name, (_label, options) in CONVENTIONS.items():
            value = getattr(settings[one.id], name)
            cells[name] = next(option.label for option in options if option.value == value)
        url = reverse("plan_conventions", args=[public("entity", one.id)])
        rows.append(Row(one.code, cells, url if caller.authority.allows("catalog.write", one.id) else ""))
    return Table(columns, tuple(rows))


def _steps(row: PlanRow, latest: PlanRow, caller: Caller) -> tuple[Action, ...]:
    found: list[Action] = []
    if caller.authority.allows("catalog.write"):
        url = reverse("plan_next", args=[public("plan", row.id)])
        label = _("New version") if row.id == latest.id else _("New version from this one")
        found.append(Action.link(label, url, icon="pencil", primary=True, key="e"))
    return tuple(found)


def _links(row: PlanRow) -> tuple[Action, ...]:
    try:
        return (Action.link(_("Its subscriptions"), f"{reverse('life_list')}?q={row.code}", icon="repeat"),)
    except NoReverseMatch:
        return ()


def plan_options(request: HttpRequest) -> HttpResponse:
    """The plans that fit the letters typed so far, for lookup fields."""
    caller_of(request).require("catalog.read")
    words = said(request.GET, "q", 100)
    page = queries.list_plans(Ask("code", limit=OFFERED), words=words)
    options = tuple(
        Option(row.code, f"{row.code} · {row.name}", f"{row.terms.base_fee} {row.currency} {every(row.terms)}")
        for row in page.items
    )
    return render_options(request, options)


def conventions_edit(request: HttpRequest, entity_id: str) -> HttpResponseBase:
    """How a legal entity bills subscriptions to plans from now on."""
    caller, key = caller_of(request), key_of("entity", entity_id)
    caller.require("catalog.write", key)
    entity = entities_by_id([key])[key]
    page = _conventions_form(request, entity, queries.conventions_of([key])[key])
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors

    def save() -> Outcome:
        found = PlanConventions(
            CancelDay(read.text("cancel_day")),
            UnusedAdvance(read.text("unused_advance")),
            ChangeBilled(read.text("change_billed")),
        )
        actions.set_conventions(entity_id=key, conventions=found, now=caller.now, actor=caller.actor)
        return Outcome(reverse("plan_list"), _("Bills of %s follow this from now on.") % entity.name)

    if not errors:
        try:
            outcome = once(request, save)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _conventions_form(request: HttpRequest, entity: Entity, present: PlanConventions) -> FormPage:
    fields = tuple(
        Field(name, label, "radio", options=options, value=getattr(present, name).value)
        for name, (label, options) in CONVENTIONS.items()
    )
    return FormPage(
        _("How %s bills plans") % entity.name,
        request.path,
        (FieldSet("", fields),),
        _("Save"),
        reverse("plan_list"),
        intro=_("It holds for what is billed from now on; what was posted stays as it is."),
        crumbs=(Crumb(_("Plans"), reverse("plan_list")),),
    )
