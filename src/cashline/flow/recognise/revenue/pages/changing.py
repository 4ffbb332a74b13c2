"""Changes of a contract in the console: how the rule accounts for one, what it would post, and recording it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.recognise.revenue.actions import modify_arrangement
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementRow, Changed
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.flow.recognise.revenue.rules.standard.deciding import Change, Decision, Treatment
from cashline.flow.recognise.revenue.rules.standard.limits import read_facts
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    CellValue,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Option,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import done, refused, render_document
from cashline.platform.pages.threads import address_of

TREATMENTS: Mapping[Treatment, Any] = {
    "separate": lazy("A separate contract"),
    "prospective": lazy("Prospectively: the old contract ends, a new one begins"),
    "catch_up": lazy("By a cumulative catch-up"),
    "mixed": lazy("Mixed: each part as it is"),
}
PATTERNS = (
    Option("point", lazy("when delivered")),
    Option("ratable_daily", lazy("day by day")),
    Option("ratable_monthly", lazy("month by month")),
)
STEPS = (
    Column("question", lazy("Question"), place="title"),
    Column("answer", lazy("Answer"), place="state"),
    Column("because", lazy("Because")),
    Column("paragraph", lazy("Paragraph")),
)
CHANGES = (
    Column("month", lazy("Month"), "month", place="title"),
    Column("account", lazy("Account")),
    Column("subject", lazy("About")),
    Column("now", lazy("As it stands"), "money"),
    Column("then", lazy("With the change"), "money"),
    Column("difference", lazy("Difference (debit positive)"), "money", place="amount"),
)
_ASKED = (
    *("at", "contract", "price", "applies_to", "removed", "name", "pattern", "quantity", "ssp", "starts_on", "until"),
    *("tolerance", "not_distinct", "through"),
)


def change_fields(contracts: Sequence[str], obligations: Sequence[str]) -> tuple[Field, ...]:
    """What the form of a change asks."""
    known = tuple(Option(name, name) for name in obligations)
    applies = (
        Option("remaining", lazy("What is left")),
        Option("satisfied", lazy("What was delivered")),
        Option("all", lazy("All of it")),
    )
    return (
        Field("at", lazy("From"), "date"),
        Field("contract", lazy("Contract"), "choice", options=tuple(Option(name, name) for name in contracts)),
        Field("price", lazy("The price rises by"), required=False, hint=lazy("Below zero where it falls.")),
        Field("applies_to", lazy("It is for"), "choice", options=applies, required=False),
        Field("removed", lazy("Called off"), "choice", options=(Option("", ""), *known), required=False),
        Field("name", lazy("Added: name"), required=False),
        Field("pattern", lazy("Added: earned"), "choice", options=PATTERNS, required=False),
        Field("quantity", lazy("Added: quantity"), required=False, width="half"),
        Field("ssp", lazy("Added: stand-alone price in all"), required=False, width="half"),
        Field("starts_on", lazy("Added: service from"), "date", required=False, width="half"),
        Field("until", lazy("Added: service until"), "date", required=False, width="half"),
        Field("tolerance", lazy("Price may differ by (0.05 is 5 %)"), required=False),
        Field("not_distinct", lazy("Not distinct"), required=False, hint=lazy("Names, with commas between.")),
    )


def _change(given: Mapping[str, str]) -> Change:
    """The change of a form; raises InvalidValue where a part has the wrong form."""
    shape: dict[str, Any] = {"at": given.get("at", ""), "contract": given.get("contract", "")}
    if given.get("price"):
        shape["price_changes"] = [{"amount": given["price"], "applies_to": given.get("applies_to") or "remaining"}]
    if given.get("removed"):
        shape["removed"] = [given["removed"]]
    if given.get("name"):
        added = {"id": given["name"], "pattern": given.get("pattern") or "point"}
        added |= {name: given[name] for name in ("quantity", "ssp", "until") if given.get(name)}
        if given.get("starts_on"):
            added["from"] = given["starts_on"]
        shape["added"] = [added]
    if given.get("tolerance"):
        shape["tolerance"] = given["tolerance"]
    names = [name.strip() for name in given.get("not_distinct", "").split(",")]
    shape["not_distinct"] = [name for name in names if name]
    if not any(shape.get(name) for name in ("price_changes", "removed", "added")):
        raise InvalidValue(_("Say what changes: the price, what is called off, or what is added."), field="price")
    found: list[Change] = read_facts([shape], Change, "modification")
    return found[0]


def _seen(caller: Caller, arrangement_id: str, permission: str) -> ArrangementRow:
    row = queries.arrangement(key_of("revenue_arrangement", arrangement_id))
    require_visible(caller, permission, row.entity_id, "revenue_arrangement", row.id)
    return row


@require_POST
def change_ask(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """Go to the page that shows how a change would be accounted for."""
    row = _seen(caller_of(request), arrangement_id, "revenue.read")
    given = {name: value for name in _ASKED if (value := request.POST.get(name, "").strip()[:500])}
    url = f"{reverse('revenue_arrangement_change', args=[public('revenue_arrangement', row.id)])}?{urlencode(given)}"
    if "HX-Request" in request.headers:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return HttpResponseRedirect(url)


def change_detail(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """How a change would be accounted for, step by step, and the difference of the journals of a year."""
    caller = caller_of(request)
    row = _seen(caller, arrangement_id, "revenue.read")
    given = {name: request.GET.get(name, "")[:500] for name in _ASKED}
    key, back = public("revenue_arrangement", row.id), address_of("revenue_arrangement", row.id)
    try:
        change = _change(given)
        through = _through(given, change, caller.today())
        found, changes = queries.decide_change(row.id, change, through=through)
    except Refusal as refusal:
        return refused(request, back, refusal)
    may = caller.authority.allows("revenue.run", row.entity_id)
    action = Action(
        _("Record the change"),
        reverse("revenue_arrangement_modify", args=[key]),
        "primary",
        fields=_record_fields(),
        hidden={name: value for name, value in given.items() if value},
        refused="" if may else _("You may not run revenue."),
    )
    page = DocumentPage(
        _("Change of"),
        row.number,
        subtitle=row.title,
        actions=(action, Action.link(_("Back to the arrangement"), back)),
        crumbs=(Crumb(_("Arrangements"), reverse("revenue_arrangement_list")), Crumb(row.number, back)),
        facts=(
            KeyValue(_("From"), change.at),
            KeyValue(_("By rule"), str(TREATMENTS[found.treatment])),
            KeyValue(_("Paragraph"), found.paragraph),
        ),
        notices=(Notice(_("Nothing is recorded yet: this is what the change would do."), Tone.INFO),),
        sections=(
            Section(_("Why"), Table(STEPS, _steps(found))),
            Section(_("Difference of the journals"), Table(CHANGES, change_rows(changes, row.currency))),
        ),
    )
    return render_document(request, page)


def _through(given: Mapping[str, str], change: Change, today: date) -> date:
    """The last day of the difference: as asked, else the end of a year, as far as a run may go."""
    if given.get("through"):
        try:
            asked = date.fromisoformat(given["through"])
        except ValueError:
            raise InvalidValue(_("Give a day."), field="through") from None
        require_near(asked, today)
        return asked
    return max(change.at, min(add_months(change.at, 12), add_months(today, 11)))


def _record_fields() -> tuple[Field, ...]:
    options = (Option("", _("As the rule gives it")), *(Option(key, str(word)) for key, word in TREATMENTS.items()))
    return (
        Field("treatment", _("Accounted for"), "choice", options=options, required=False),
        Field("reason", _("Why"), "textarea", required=False, hint=_("Needed where it is not as the rule gives it.")),
    )


def _steps(found: Decision) -> tuple[Row, ...]:
    return tuple(
        Row(
            f"step-{index}",
            {
                "question": step.question,
                "answer": _("Yes") if step.answer else _("No"),
                "because": step.because,
                "paragraph": step.paragraph,
            },
        )
        for index, step in enumerate(found.steps)
    )


def change_rows(changes: Sequence[Changed], currency: str) -> tuple[Row, ...]:
    """The difference of journals by month and account."""
    rows: list[Row] = []
    for index, one in enumerate(changes):
        words = (one.key.account.replace("_", " "), one.key.nature.replace("_", " "))
        cells: dict[str, CellValue] = {
            "month": one.month,
            "account": " ".join(word for word in words if word),
            "subject": one.key.subject or one.key.contract,
            "now": Money(one.now, currency),
            "then": Money(one.then, currency),
            "difference": Money(one.difference or Decimal(0), currency),
        }
        rows.append(Row(f"change-{index}", cells))
    return tuple(rows)


@require_POST
def change_record(request: HttpRequest, arrangement_id: str) -> HttpResponse:
    """Record a change; the next run posts what it changes."""
    caller = caller_of(request)
    row = _seen(caller, arrangement_id, "revenue.run")
    given = {name: request.POST.get(name, "").strip()[:500] for name in _ASKED}
    here = reverse("revenue_arrangement_change", args=[public("revenue_arrangement", row.id)])
    chosen = next((key for key in TREATMENTS if key == request.POST.get("treatment")), None)
    try:
        modify_arrangement(
            arrangement_id=row.id,
            change=_change(given),
            treatment=chosen,
            reason=request.POST.get("reason", "").strip()[:2000],
            now=caller.now,
            actor=caller.actor,
        )
    except Refusal as refusal:
        return refused(request, f"{here}?{urlencode({name: text for name, text in given.items() if text})}", refusal)
    said = _("The change is recorded; the next run posts what it changes.")
    return done(request, address_of("revenue_arrangement", row.id), said)


_ONE = "revenue/arrangements/<str:arrangement_id>/"
URLS = [
    path(f"{_ONE}suppose/", change_ask, name="revenue_arrangement_suppose"),
    path(f"{_ONE}change/", change_detail, name="revenue_arrangement_change"),
    path(f"{_ONE}modify/", change_record, name="revenue_arrangement_modify"),
]
