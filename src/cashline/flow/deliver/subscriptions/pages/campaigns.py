"""Price campaigns in the console: drafted with their effect beside the form, started, watched, stopped and undone."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.deliver.subscriptions import actions, queries
from cashline.flow.deliver.subscriptions.api.campaigns import seen
from cashline.flow.deliver.subscriptions.queries.campaigns import CampaignRow, Concerned, MemberRow, YearlyEffect
from cashline.flow.deliver.subscriptions.rules.campaigns import (
    CAMPAIGN,
    CampaignEffective,
    CampaignStatus,
    NewCampaign,
    campaign_errors,
    campaign_price,
)
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import NotFound, Refusal, Refusals, raise_all
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.jobs.worker import wake
from cashline.platform.pages.acting import take_step
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
    Stat,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_day, format_money, format_number
from cashline.platform.pages.render import done, render_aside, render_document, render_form, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

SHOWN, REFRESH_SECONDS = 50, 2
COLUMNS = (
    Column("name", lazy("Campaign"), sort=True, place="title"),
    Column("plan", lazy("Plan")),
    Column("status", lazy("State"), "pill", place="state"),
    Column("change", lazy("New price"), place="amount"),
    Column("effective", lazy("From")),
    Column("done", lazy("Subscriptions"), "number"),
    Column("refused", lazy("Could not follow"), "number"),
    Column("created_at", lazy("Drafted"), "date", place="hidden"),
)
FILTERS = (Filter.choice("status", lazy("State"), tuple(Option(one.value, pill(one).label) for one in CampaignStatus)),)
PRICES = (
    Column("number", lazy("Subscription"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("quantity", lazy("Quantity"), "number"),
    Column("old", lazy("Price of one"), "money"),
    Column("new", lazy("New price"), "money", place="amount"),
)
REFUSED = (
    Column("number", lazy("Subscription"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("why", lazy("Why"), place="amount"),
)
MEMBERS = (*PRICES, Column("from", lazy("From"), "date"), Column("outcome", lazy("Outcome"), "pill", place="state"))
TOTALS = (
    Column("currency", lazy("Currency"), "code", place="title"),
    Column("count", lazy("Subscriptions"), "number"),
    Column("before", lazy("A year before"), "money"),
    Column("after", lazy("A year after"), "money"),
    Column("change", lazy("Change"), "money", place="amount"),
)
EFFECTIVE = (
    Option(CampaignEffective.NEXT_RENEWAL, lazy("From the next renewal of each"),
           lazy("The end of its term or, without one, of its period.")),
    Option(CampaignEffective.ON, lazy("From a day on")),
)  # fmt: skip
WORDS: dict[str, tuple[Label, Label]] = {
    "start": (lazy("Start"), lazy("The campaign has begun.")),
    "stop": (lazy("Stop"), lazy("The campaign stops after the batch that it is at.")),
    "resume": (lazy("Go on"), lazy("The campaign goes on.")),
    "undo": (lazy("Undo"), lazy("What has not taken effect is taken back.")),
    "discard": (lazy("Discard"), lazy("The campaign is discarded.")),
}


def campaign_list(request: HttpRequest) -> HttpResponseBase:
    """All price campaigns."""
    caller = caller_of(request)
    caller.require("subscriptions.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_campaigns(ask.page, statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("catalog.write")
    new = Action.link(_("New campaign"), reverse("campaign_new"), icon="plus", primary=True, key="n")
    text = _("A campaign gives all who subscribe to a plan another price, from their next renewal or a day to come.")
    page = ListPage(
        _("Price campaigns"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=Empty(_("No price campaigns yet"), text, new if may else None, "tag"),
        actions=(new,) if may else (),
        crumbs=(Crumb(_("Subscriptions to plans"), reverse("life_list")),),
        filename="price-campaigns",
    )
    return render_list(request, page)


def _row(row: CampaignRow) -> Row:
    cells: dict[str, Any] = {
        "name": row.name,
        "plan": Cell(row.plan_name, sub=row.plan_code),
        "status": pill(row.status),
        "change": _new_price(row),
        "effective": _when(row),
        "done": row.done,
        "refused": row.refused,
        "created_at": row.created_at,
    }
    return Row(public("price_campaign", row.id), cells, address(row.id))


def address(campaign_id: UUID) -> str:
    """The page of a campaign."""
    return reverse("campaign_detail", args=[public("price_campaign", campaign_id)])


def _new_price(row: CampaignRow) -> str:
    if row.unit_price is not None:
        return format_money(row.unit_price, row.currency) if row.currency else format_number(row.unit_price)
    percent = row.percent or 0
    return f"{'+' if percent > 0 else ''}{format_number(percent)}\u00a0%"


def _when(row: CampaignRow) -> str:
    return format_day(row.effective_on) if row.effective_on else _("next renewal")


def campaign_detail(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """One campaign: what it would do, or did; while it goes on the page looks again by itself."""
    caller = caller_of(request)
    row = seen(caller, campaign_id, "subscriptions.read")
    under_way = row.status in (CampaignStatus.RUNNING, CampaignStatus.UNDOING)
    sections = []
    if row.status in (CampaignStatus.DRAFT, CampaignStatus.STOPPED, CampaignStatus.RUNNING):
        sections += effect_sections(row, _effect(row, caller.now))
    if row.done:
        members = queries.members_of(row.id, limit=SHOWN)
        sections.append(Section(_("Done"), _members(members, row), anchor="done"))
    page = DocumentPage(
        _("Price campaign"),
        row.name,
        pill(row.status),
        party=Cell(row.plan_name, reverse("plan_detail", args=[public("plan", plan_of(row.plan_code).id)])),
        subtitle=row.reason,
        actions=_steps(row, caller),
        facts=(
            KeyValue(_("New price"), _new_price(row), _("of one unit for a whole period")),
            KeyValue(_("From"), _when(row)),
            KeyValue(_("Version"), row.version if row.version is not None else _("all")),
            KeyValue(_("Own prices"), _("are kept") if row.keep_own_prices else _("are changed too")),
        ),
        stats=(
            Stat(_("Subscriptions"), row.done),
            Stat(_("Could not follow"), row.refused, "#done" if row.refused else ""),
            Stat(_("Taken back"), row.undone),
        ),
        sections=tuple(sections),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Price campaigns"), reverse("campaign_list")),),
        refresh_seconds=REFRESH_SECONDS if under_way else 0,
    )
    return render_document(request, page)


def _steps(row: CampaignRow, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("catalog.write", row.entity_id):
        return ()
    found = []
    for verb in CAMPAIGN.verbs(row.status):
        if verb in WORDS:
            url = reverse("campaign_move", args=[public("price_campaign", row.id), verb])
            tone = "primary" if verb in ("start", "resume") else "secondary"
            confirm = _("Start %s now? Prices are changed by batches.") % row.name if verb == "start" else ""
            action = Action(WORDS[verb][0], url, confirm=confirm)
            found.append(replace(action, tone="primary") if tone == "primary" else action)
    return tuple(found)


class _Effect(NamedTuple):
    """Who would follow a campaign, who could not and why, and what it comes to in a year."""

    following: list[Concerned]
    refused: list[tuple[Concerned, str]]
    totals: list[YearlyEffect]


def _effect(row: CampaignRow, now: datetime) -> _Effect:
    found = queries.concerned(row, after=row.last_id)
    refused = actions.cannot_follow(row, found, now=now)
    following = [one for one in found if one.id not in refused]
    left = [(one, refused[one.id]) for one in found if one.id in refused]
    return _Effect(following, left, queries.effect_of_campaign(row, following))


def effect_sections(row: CampaignRow, effect: _Effect) -> list[Section]:
    """Whom a campaign concerns still, what it comes to in a year, and who could not follow."""
    rows = tuple(
        Row(
            one.currency,
            {
                "currency": one.currency,
                "count": one.subscriptions,
                "before": Money(one.before, one.currency),
                "after": Money(one.after, one.currency),
                "change": Money(one.after - one.before, one.currency),
            },
        )
        for one in effect.totals
    )
    words = _("Base fees of a year, as quantities and prices stand now, without tax.")
    sections = [Section(_("The effect in total"), Table(TOTALS, rows, empty=_("It concerns nobody.")), text=words)]
    if effect.refused:
        title = _("Could not follow (%(shown)s of %(all)s)")
        rows = tuple(_refused_row(one, why) for one, why in effect.refused[:SHOWN])
        sections.append(Section(title % {"shown": len(rows), "all": len(effect.refused)}, Table(REFUSED, rows)))
    if effect.following:
        title = _("The effect on each (%(shown)s of %(all)s)")
        shown = tuple(_price_row(row, one) for one in effect.following[:SHOWN])
        sections.append(Section(title % {"shown": len(shown), "all": len(effect.following)}, Table(PRICES, shown)))
    return sections


def _refused_row(one: Concerned, why: str) -> Row:
    cells: dict[str, Any] = {
        "number": Cell(one.number, address_of("subscription", one.id)),
        "customer": one.customer_name,
        "why": why,
    }
    return Row(public("subscription", one.id), cells)


def _price_row(row: CampaignRow, one: Concerned) -> Row:
    new = campaign_price(row.percent, row.unit_price, one.unit_price, minor_units(one.currency))
    cells: dict[str, Any] = {
        "number": Cell(one.number, address_of("subscription", one.id)),
        "customer": one.customer_name,
        "quantity": one.quantity,
        "old": Money(one.unit_price, one.currency),
        "new": Money(new, one.currency),
    }
    return Row(public("subscription", one.id), cells)


def _members(members: list[MemberRow], row: CampaignRow) -> Table:
    rows = []
    for one in members:
        outcome = Pill(_("Scheduled"), Tone.SUCCESS)
        if one.refused:
            outcome = Pill(_("Could not follow"), Tone.WARNING)
        elif one.undone:
            outcome = Pill(_("Taken back"))
        cells: dict[str, Any] = {
            "number": Cell(one.number, address_of("subscription", one.subscription_id), sub=one.refused),
            "customer": one.customer_name,
            "quantity": one.quantity,
            "old": Money(one.old_price, one.currency),
            "new": Money(one.new_price, one.currency),
            "from": one.effective_at,
            "outcome": outcome,
        }
        rows.append(Row(public("subscription", one.subscription_id), cells))
    words = _("The first %(shown)s of %(all)s.") % {"shown": len(members), "all": row.done}
    return Table(MEMBERS, tuple(rows), caption=words if row.done > len(members) else "")


@require_POST
def campaign_move(request: HttpRequest, campaign_id: str, verb: str) -> HttpResponse:
    """Start, stop, resume, undo or discard a campaign."""
    caller = caller_of(request)
    row = seen(caller, campaign_id, "catalog.write")
    if verb not in WORDS:
        raise NotFound(_("There is no such step."), field="verb")

    def move() -> None:
        actions.move_campaign(row.id, verb, now=caller.now, actor=caller.actor)
        wake()

    return take_step(request, address(row.id), str(WORDS[verb][1]), move)


def _fieldsets() -> tuple[FieldSet, ...]:
    fields = (
        Field("name", _("Name"), width="half"),
        Field("plan", _("Plan"), "lookup", lookup=reverse("plan_options"), width="half"),
        Field("percent", _("Dearer by"), "decimal", required=False, least=-100, most=1000, suffix="%", width="quarter"),
        Field("unit_price", _("Or the new price"), "decimal", required=False, least=0, width="quarter"),
        Field("keep_own_prices", _("Leave those alone that have a price of their own"), "yes", required=False,
              width="half"),
    )  # fmt: skip
    when = (
        Field("effective", _("It counts"), "radio", options=EFFECTIVE, value=CampaignEffective.NEXT_RENEWAL.value),
        Field(
            "effective_on", _("Day"), "date", required=False, width="half", hint=_("To come: a campaign gives notice.")
        ),
        Field("reason", _("Reason"), required=False, max_length=200),
    )  # fmt: skip
    return FieldSet(_("Which price for whom"), fields), FieldSet(_("When and why"), when)


def campaign_new(request: HttpRequest) -> HttpResponseBase:
    """Draft a campaign; its effect stands beside the form."""
    caller = caller_of(request)
    caller.require("catalog.write")
    page = FormPage(
        _("New price campaign"),
        request.path,
        _fieldsets(),
        _("Draft the campaign"),
        reverse("campaign_list"),
        intro=_("Nothing changes before it is started, and it can be undone before it takes effect."),
        crumbs=(Crumb(_("Price campaigns"), reverse("campaign_list")),),
        preview_url=reverse("campaign_preview"),
        aside_notices=(Notice(_("The effect appears here while the form is filled in."), Tone.INFO),),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors

    def draft() -> Outcome:
        new = _new(read)
        key = actions.create_campaign(new, today=caller.today(), now=caller.now, actor=caller.actor)
        return Outcome(address(key), _("The campaign is drafted: look at its effect, then start it."))

    if not errors:
        try:
            outcome = once(request, draft)
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def campaign_preview(request: HttpRequest) -> HttpResponse:
    """The effect of a campaign while its form is filled in."""
    caller = caller_of(request)
    caller.require("catalog.write")
    read = read_form(request.POST, _fieldsets())
    if read.errors:
        return render_aside(request, (), tuple(Notice(error.message, Tone.INFO) for error in read.errors))
    try:
        new = _new(read)
        raise_all(campaign_errors(new, caller.today()))
    except Refusal as refusal:
        found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
        return render_aside(request, (), tuple(Notice(one.message, Tone.WARNING, one.fix) for one in found))
    row = _as_row(new, caller.now)
    effect = _effect(row, caller.now)
    notices = tuple(
        Notice(
            _("%(count)s subscriptions: %(change)s a year.")
            % {"count": one.subscriptions, "change": format_money(one.after - one.before, one.currency)},
            Tone.INFO,
        )
        for one in effect.totals
    ) or (Notice(_("It concerns nobody."), Tone.WARNING),)
    if effect.refused:
        notices += (Notice(_("%(count)s could not follow.") % {"count": len(effect.refused)}, Tone.WARNING),)
    return render_aside(request, tuple(effect_sections(row, effect)[1:]), notices)


def _new(read: Reading) -> NewCampaign:
    return NewCampaign(
        read.text("name"),
        plan_of(read.text("plan")).plan_id,
        unit_price=read.decimal("unit_price"),
        percent=read.decimal("percent"),
        effective=CampaignEffective(read.text("effective")),
        effective_on=read.day("effective_on"),
        keep_own_prices=read.yes("keep_own_prices"),
        reason=read.text("reason"),
    )


def _as_row(new: NewCampaign, now: datetime) -> CampaignRow:
    """The campaign as it would be drafted, to ask for its effect."""
    return CampaignRow(
        new.plan_id, new.name, new.plan_id, "", "", new.version_id, None, new.entity_id, new.unit_price, new.percent,
        new.effective.value, new.effective_on, new.keep_own_prices, new.reason, CampaignStatus.DRAFT.value, None, None,
        0, 0, 0, now,
    )  # fmt: skip
