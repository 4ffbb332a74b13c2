"""Arrangements in the console: obligations, allocation, schedule, judgements and postings, each figure explained."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.revenue.actions import NewFacts, record_facts
from cashline.flow.recognise.revenue.pages.changing import change_fields
from cashline.flow.recognise.revenue.pages.imagining import supposed_fields
from cashline.flow.recognise.revenue.pages.judging import JUDGED, judgement_fields, judgement_of
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementPostingRow, ArrangementRow, FactRow
from cashline.flow.recognise.revenue.rules.standard.earning import Earned
from cashline.flow.recognise.revenue.rules.standard.planning import Moment
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import round_to
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Chart,
    Column,
    KeyValue,
    MoneyCell,
    Notice,
    Row,
    Series,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.render import done, refused, render_document, render_list
from cashline.platform.pages.threads import address_of

SHOWN_POSTINGS = 300
LISTED = (
    Column("number", lazy("Arrangement"), "code", sort=True, place="title"),
    Column("title", lazy("About")),
    Column("customer", lazy("Customer")),
    Column("currency", lazy("Currency"), "code"),
    Column("through", lazy("Recognised through"), "date"),
)
OBLIGATIONS = (
    Column("obligation", lazy("Obligation"), place="title"),
    Column("pattern", lazy("Earned"), place="state"),
    Column("ssp", lazy("Stand-alone price"), "money"),
    Column("allocated", lazy("Allocated"), "money"),
    Column("progress", lazy("Progress"), "percent"),
    Column("recognised", lazy("Recognised"), "money"),
    Column("remaining", lazy("Remaining"), "money", place="amount"),
)
PARTS = (
    Column("part", lazy("Part of the consideration"), place="title"),
    Column("obligation", lazy("Obligation")),
    Column("amount", lazy("Share"), "money", place="amount"),
)
JUDGEMENTS = (
    Column("effective_on", lazy("From"), "date", place="title"),
    Column("type", lazy("Judgement"), place="state"),
    Column("subject", lazy("About")),
    Column("paragraph", lazy("Paragraph")),
    Column("said", lazy("Said")),
    Column("by", lazy("By")),
)
MODIFIED = (
    Column("effective_on", lazy("From"), "date", place="title"),
    Column("treatment", lazy("Accounted for"), place="state"),
    Column("paragraph", lazy("Paragraph")),
    Column("because", lazy("Because")),
    Column("by", lazy("By")),
)
POSTINGS = (
    Column("day", lazy("Day"), "date", place="title"),
    Column("account", lazy("Account")),
    Column("subject", lazy("About")),
    Column("amount", lazy("Debit (credit negative)"), "money", place="amount"),
)


def arrangement_list(request: HttpRequest) -> HttpResponseBase:
    """Arrangements, newest first."""
    caller = caller_of(request)
    caller.require("revenue.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_arrangements(ask.page, entity_ids=caller.entities("revenue.read"))
        return RowPage(tuple(_listed(row) for row in page.items), page.next_cursor)

    empty = Empty(
        _("There is no arrangement yet."),
        _("Contracts with judgements of their own are recorded through the API or the command line."),
    )
    return render_list(request, ListPage(_("Arrangements"), LISTED, fetch, empty=empty, filename="arrangements"))


def _listed(row: ArrangementRow) -> Row:
    cells: dict[str, CellValue] = {
        "number": row.number,
        "title": row.title,
        "customer": row.customer_name or "",
        "currency": row.currency,
        "through": row.through,
    }
    return Row(str(row.id), cells, address_of("revenue_arrangement", row.id))


def _seen(caller: Caller, arrangement_id: str, permission: str) -> ArrangementRow:
    row = queries.arrangement(key_of("revenue_arrangement", arrangement_id))
    require_visible(caller, permission, row.entity_id, "revenue_arrangement", row.id)
    return row


def arrangement_detail(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """An arrangement as it stands on the day to which it was run, or today where it was not."""
    caller = caller_of(request)
    row = _seen(caller, arrangement_id, "revenue.read")
    day = row.through or caller.today()
    [moment] = queries.plan_at(row.id, [day])
    postings = queries.arrangement_postings(row.id, limit=SHOWN_POSTINGS)
    explained = {one.subject: one.id for one in postings if one.account == "revenue"}
    ahead = queries.still_ahead(row.id, day)
    obligations = list(moment.obligations())
    price = sum((one.allocated for one in obligations), Decimal(0))
    recognised = sum((one.revenue for one in obligations), Decimal(0))
    remaining = sum((one.remaining for one in obligations), Decimal(0))
    rows = queries.fact_rows(row.id)
    return render_document(
        request,
        DocumentPage(
            _("Arrangement"),
            row.number,
            subtitle=row.title,
            actions=_actions(caller, row, obligations),
            facts=(
                KeyValue(_("Customer"), row.customer_name or ""),
                KeyValue(_("As it stands at the end of"), day),
                KeyValue(_("Recorded by"), row.created_by),
            ),
            notices=tuple(_notice(name, amount, row.currency) for name, amount in moment.refused.items()),
            sections=(
                Section(
                    _("Obligations"), Table(OBLIGATIONS, tuple(_obligation(one, row, explained) for one in obligations))
                ),
                Section(_("Revenue by month"), chart=_chart(postings, ahead, row.currency)),
                Section(_("Allocation of each part"), Table(PARTS, _parts(moment, row.currency)), folded=True),
                Section(
                    _("Judgements"),
                    Table(JUDGEMENTS, tuple(_judged(one) for one in rows if one.kind == "judgement")),
                    anchor="judgements",
                ),
                Section(
                    _("Changes of the contract"),
                    Table(MODIFIED, tuple(_modified(one) for one in rows if one.type == "modify")),
                    anchor="changes",
                ),
                Section(_("Posted"), Table(POSTINGS, tuple(_posted(one, row.currency) for one in postings))),
            ),
            summary=(
                SummaryRow(_("Allocated"), Money(price, row.currency)),
                SummaryRow(_("Recognised"), Money(recognised, row.currency)),
                SummaryRow(_("Remaining"), Money(remaining, row.currency), total=True),
            ),
        ),
    )


def _actions(caller: Caller, row: ArrangementRow, obligations: Sequence[Earned]) -> tuple[Action, ...]:
    may = caller.authority.allows("revenue.run", row.entity_id)
    key = public("revenue_arrangement", row.id)
    return (
        Action(
            _("Record a judgement"),
            reverse("revenue_arrangement_judge", args=[key]),
            fields=judgement_fields([one.work.id for one in obligations]),
            key="n",
            refused="" if may else _("You may not run revenue."),
        ),
        Action(
            _("Change the contract"),
            reverse("revenue_arrangement_suppose", args=[key]),
            fields=change_fields(
                list(dict.fromkeys(one.work.contract for one in obligations)), [one.work.id for one in obligations]
            ),
            key="c",
        ),
        Action(
            _("What if"),
            reverse("revenue_arrangement_imagine", args=[key]),
            fields=supposed_fields([one.work.id for one in obligations]),
        ),
    )


def _notice(name: str, amount: Decimal, currency: str) -> Notice:
    told = _("The residual of %(name)s is %(amount)s, outside its range: nothing is allocated (606-10-32-34(c)).")
    return Notice(told % {"name": name, "amount": f"{round_to(amount, minor_units(currency))} {currency}"}, Tone.DANGER)


def _obligation(one: Earned, row: ArrangementRow, explained: Mapping[str, UUID]) -> Row:
    posting = explained.get(one.work.id)
    explain = reverse("explain", args=[public("arrangement_posting", posting)]) if posting else ""
    digits, currency = minor_units(row.currency), row.currency
    ssp = None if one.ssp is None else Money(round_to(one.ssp, digits), currency)
    return Row(
        one.work.id,
        {
            "obligation": one.work.fact.description or one.work.id,
            "pattern": one.work.fact.pattern.replace("_", " "),
            "ssp": ssp,
            "allocated": Money(one.allocated, currency),
            "progress": round_to(one.progress * 100, 2),
            "recognised": MoneyCell(Money(one.revenue, currency), explain=explain),
            "remaining": Money(one.remaining, currency),
        },
    )


def _parts(moment: Moment, currency: str) -> tuple[Row, ...]:
    return tuple(
        Row(f"{part} {name}", {"part": part, "obligation": name, "amount": Money(amount, currency)})
        for units in moment.units.values()
        for unit in units
        for (part, name), amount in sorted(unit.allocation.by_part.items())
    )


def _judged(one: FactRow) -> Row:
    said = ", ".join(f"{name} {value}" for name, value in one.body.items() if name not in ("type", "at"))
    return Row(
        str(one.id),
        {
            "effective_on": one.effective_on,
            "type": one.type.replace("_", " "),
            "subject": one.subject,
            "paragraph": one.paragraph,
            "said": f"{said}. {one.reason}".strip(),
            "by": one.recorded_by,
        },
    )


def _modified(one: FactRow) -> Row:
    steps = one.decision.get("steps", ())
    because = "; ".join(f"{step['question']} {_('Yes') if step['answer'] else _('No')}" for step in steps)
    told = f"{because}. {one.reason}".strip(". ") if steps else one.reason
    chosen = str(one.body.get("treatment", ""))
    if steps and one.decision.get("by_rule") != chosen:
        told = _("%(told)s (the rule gives %(rule)s)") % {
            "told": told,
            "rule": str(one.decision["by_rule"]).replace("_", " "),
        }
    cells: dict[str, CellValue] = {
        "effective_on": one.effective_on,
        "treatment": chosen.replace("_", " "),
        "paragraph": one.paragraph,
        "because": told,
        "by": one.recorded_by,
    }
    return Row(str(one.id), cells)


def _posted(one: ArrangementPostingRow, currency: str) -> Row:
    explain = reverse("explain", args=[public("arrangement_posting", one.id)])
    cells: dict[str, CellValue] = {
        "day": one.day,
        "account": " ".join(word for word in (one.account.replace("_", " "), one.nature.replace("_", " ")) if word),
        "subject": one.subject or one.contract,
        "amount": MoneyCell(Money(one.amount, currency), explain=explain),
    }
    return Row(str(one.id), cells, address_of("journal_entry", one.entry_id))


def _chart(
    postings: Sequence[ArrangementPostingRow], ahead: Sequence[tuple[date, str, Decimal]], currency: str
) -> Chart:
    earned: dict[date, Decimal] = {}
    coming: dict[date, Decimal] = {}
    for posting in postings:
        if posting.account == "revenue":
            month = posting.day.replace(day=1)
            earned[month] = earned.get(month, Decimal(0)) - posting.amount
    for day, _name, amount in ahead:
        coming[day.replace(day=1)] = coming.get(day.replace(day=1), Decimal(0)) + amount
    months = sorted(earned.keys() | coming.keys())
    return Chart(
        _("Revenue by month"),
        "bar",
        _("What was recognised in each month, and what time alone will earn after the day of the run."),
        tuple(f"{month:%Y-%m}" for month in months),
        (
            Series(_("Recognised"), tuple(earned.get(month) for month in months), stack="revenue"),
            Series(_("Still to come"), tuple(coming.get(month) for month in months), stack="revenue"),
        ),
        unit=currency,
    )


@require_POST
def arrangement_judge(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """Record a judgement; the next run posts what it changes."""
    caller = caller_of(request)
    row = _seen(caller, arrangement_id, "revenue.run")
    back = address_of("revenue_arrangement", row.id)
    try:
        judgement, paragraph, reason = judgement_of(request.POST)
        new = NewFacts(judgements=[judgement], paragraph=paragraph, reason=reason)
        record_facts(arrangement_id=row.id, facts=new, now=caller.now, actor=caller.actor)
    except Refusal as refusal:
        return refused(request, back, refusal)
    return done(request, back, _("The judgement is recorded; the next run posts what it changes."))


URLS = [
    path("revenue/arrangements/", arrangement_list, name="revenue_arrangement_list"),
    path("revenue/arrangements/<str:arrangement_id>/", arrangement_detail, name="revenue_arrangement_detail"),
    path("revenue/arrangements/<str:arrangement_id>/judge/", arrangement_judge, name="revenue_arrangement_judge"),
]

__all__ = ["JUDGED", "URLS"]
