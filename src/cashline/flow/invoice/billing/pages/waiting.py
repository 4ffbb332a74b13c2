"""Bills that wait: the list, one of them with its lines and what is usual, and the policy of a legal entity."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.queries.waiting import (
    OPEN,
    WaitingRow,
    count_waiting,
    list_waiting,
    policies_of,
    waiting_bill,
)
from cashline.flow.invoice.billing.rules.waiting import (
    MOST_BILLS,
    MOST_GRACE_DAYS,
    WAITING_BILL,
    BillingPolicy,
    WaitingCause,
    WaitingStatus,
)
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Notice,
    Option,
    Pill,
    Row,
    Stat,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_day
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import actor_name, timeline_of

CAUSES = {
    WaitingCause.ABOVE_USUAL: Pill(lazy("More than usual"), Tone.WARNING),
    WaitingCause.BELOW_USUAL: Pill(lazy("Less than usual"), Tone.WARNING),
    WaitingCause.LARGE_FIRST: Pill(lazy("Large first bill"), Tone.WARNING),
    WaitingCause.LARGE_CREDIT: Pill(lazy("Large credit"), Tone.WARNING),
    WaitingCause.GRACE: Pill(lazy("Draft"), Tone.INFO),
    WaitingCause.RUN_REVERSED: Pill(lazy("Run taken back"), Tone.ACCENT),
    WaitingCause.BY_HAND: Pill(lazy("Held by hand"), Tone.ACCENT),
}
STATUSES = tuple(Option(status.value, pill(status).label) for status in WaitingStatus)
COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("agreement", lazy("Contract")),
    Column("cause", lazy("Why"), "pill", place="state"),
    Column("status", lazy("State"), "pill"),
    Column("usual", lazy("Usual"), "money"),
    Column("net", lazy("Net"), "money", sort=True, place="amount"),
    Column("until", lazy("Issued on"), "date", sort=True),
    Column("changed_at", lazy("Last planned"), "datetime", sort=True),
)
FILTERS = (
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.choice("cause", lazy("Why"), tuple(Option(cause.value, one.label) for cause, one in CAUSES.items())),
)
LINES = (
    Column("description", lazy("Description"), place="title"),
    Column("period", lazy("Period")),
    Column("quantity", lazy("Quantity"), "number"),
    Column("unit_price", lazy("Price"), "number"),
    Column("net", lazy("Net"), "money", place="amount"),
)
WHY = Field("reason", lazy("Why"), "textarea", max_length=1000)
WHY_IF_ANY = Field("reason", lazy("Why"), "textarea", required=False, max_length=1000)


def waiting_bill_list(request: HttpRequest) -> HttpResponseBase:
    """Bills that wait for a person or for the end of their window; `?run=` narrows them to those of a bill run."""
    caller = caller_of(request)
    caller.require("billing.read")
    held, run = caller.entities("billing.read"), request.GET.get("run", "")

    def fetch(ask: ListAsk) -> RowPage:
        page = list_waiting(
            ask.page,
            statuses=ask.choices("status") or OPEN,
            causes=ask.choices("cause"),
            entity_ids=held,
            run_id=key_of("bill_run", run) if run else None,
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    rules = Action.link(_("What waits"), reverse("billing_policy_list"), icon="sliders-horizontal")
    empty = Empty(
        _("No bill waits"),
        _("Bills that are out of line with what is usual, and drafts in their grace window, stand here."),
        rules,
        "clock",
    )
    page = ListPage(
        _("Bills that wait"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        actions=(rules,),
        stats=(Stat(_("Wait for somebody"), count_waiting(held)),),
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")),),
        filename="waiting-bills",
    )
    return render_list(request, page)


def seen(caller: Caller, waiting_id: str, permission: str = "billing.read") -> WaitingRow:
    """The bill, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = waiting_bill(key_of("waiting_bill", waiting_id))
    require_visible(caller, permission, row.entity_id, "waiting_bill", row.id)
    return row


def _row(row: WaitingRow) -> Row:
    key = public("waiting_bill", row.id)
    cells: dict[str, Any] = {
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "agreement": row.agreement_number,
        "cause": CAUSES[WaitingCause(row.cause)],
        "status": pill(row.status),
        "usual": None if row.usual is None else Money(row.usual, row.currency),
        "net": Money(row.net, row.currency),
        "until": row.until,
        "changed_at": row.changed_at,
    }
    return Row(key, cells, reverse("waiting_bill_detail", args=[key]))


def waiting_bill_detail(request: HttpRequest, waiting_id: str) -> HttpResponse:
    """One bill: why it waits, its lines, what is usual, and what can be done."""
    caller = caller_of(request)
    row = seen(caller, waiting_id)
    facts = [
        KeyValue(_("Contract"), Cell(row.agreement_number, address_of("agreement", row.agreement_id))),
        KeyValue(_("Due by"), row.as_of),
    ]
    if row.bill_run_id:
        facts.append(KeyValue(_("Bill run"), Cell(row.bill_run_number or "", address_of("bill_run", row.bill_run_id))))
    if row.until:
        facts.append(KeyValue(_("Issued on"), row.until))
    if row.invoice_id:
        facts.append(KeyValue(_("Invoice"), Cell(row.invoice_number or "", address_of("invoice", row.invoice_id))))
    if row.decided_by:
        facts.append(KeyValue(_("Decided by"), actor_name(row.decided_by), row.decision_reason))
    page = DocumentPage(
        _("Bill that waits"),
        row.agreement_number,
        CAUSES[WaitingCause(row.cause)] if row.status == WaitingStatus.WAITING else pill(row.status),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, waiting_id, caller),
        facts=tuple(facts),
        notices=(Notice(row.words, Tone.WARNING if row.cause != WaitingCause.GRACE else Tone.INFO),),
        stats=_stats(row),
        sections=(Section(_("What would be billed"), _lines(row), anchor="lines"),),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Bills that wait"), reverse("waiting_bill_list")),),
    )
    return render_document(request, page)


def _stats(row: WaitingRow) -> tuple[Stat, ...]:
    found = [Stat(_("Net"), Money(row.net, row.currency)), Stat(_("With tax"), Money(row.gross, row.currency))]
    if row.credited:
        found.append(Stat(_("Given back"), Money(row.credited, row.currency)))
    if row.usual is not None:
        found.append(Stat(_("Usual"), Money(row.usual, row.currency)))
    if row.upper is not None:
        hint = _("What would have passed.")
        if row.lower is not None:
            found.append(Stat(_("At least"), Money(row.lower, row.currency), hint=hint))
        found.append(Stat(_("At most"), Money(row.upper, row.currency), hint=hint))
    return tuple(found)


def _lines(row: WaitingRow) -> Table:
    rows = tuple(
        Row(
            str(index),
            {
                "description": line["description"],
                "period": _period(line["period"]),
                "quantity": line["quantity"],
                "unit_price": line["unit_price"],
                "net": Money.of(line["net"], row.currency),
            },
        )
        for index, line in enumerate(row.lines, 1)
    )
    return Table(LINES, rows, empty=_("The next run, or its release, says what is due."))


def _period(days: list[str] | None) -> str:
    """The first and the last day of a period."""
    if not days:
        return ""
    start, end = (date.fromisoformat(day) for day in days)
    return f"{format_day(start)} – {format_day(end - timedelta(days=1))}"


def _steps(row: WaitingRow, waiting_id: str, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("billing.run", row.entity_id):
        return ()
    found = []
    if WAITING_BILL.allows("release", row.status):
        url = reverse("waiting_bill_release", args=[waiting_id])
        found.append(Action(_("Issue it"), url, "primary", fields=(WHY_IF_ANY,), icon="check", key="g"))
    if WAITING_BILL.allows("refuse", row.status):
        found.append(Action(_("Refuse"), reverse("waiting_bill_refuse", args=[waiting_id]), "danger", fields=(WHY,)))
    return tuple(found)


@require_POST
def waiting_bill_release(request: HttpRequest, waiting_id: str) -> HttpResponse:
    """Issue a bill that waits."""
    caller = caller_of(request)
    row = seen(caller, waiting_id, "billing.run")

    def step() -> None:
        reason = read_dialog(request, WHY_IF_ANY).text("reason")
        actions.release_bill(waiting_id=row.id, reason=reason, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("waiting_bill_detail", args=[waiting_id]), str(_("It is issued.")), step)


@require_POST
def waiting_bill_refuse(request: HttpRequest, waiting_id: str) -> HttpResponse:
    """Refuse a bill that waits."""
    caller = caller_of(request)
    row = seen(caller, waiting_id, "billing.run")

    def step() -> None:
        reason = read_dialog(request, WHY).text("reason")
        actions.refuse_bill(waiting_id=row.id, reason=reason, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("waiting_bill_detail", args=[waiting_id]), str(_("It is refused.")), step)


POLICY_COLUMNS = (
    Column("entity", lazy("Legal entity"), place="title"),
    Column("gate", lazy("Held when out of line")),
    Column("first", lazy("First bills up to"), "money"),
    Column("grace", lazy("Grace window"), place="amount"),
    Column("approval", lazy("Runs are approved"), place="state"),
)


def _fields(entity: str, policy: BillingPolicy, codes: tuple[Option, ...]) -> tuple[Field, ...]:
    return (
        Field("entity", _("Legal entity"), "choice", options=codes, value=entity, width="half"),
        Field("grace_days", _("Grace window in days"), "integer", value=policy.grace_days, least=0,
              most=MOST_GRACE_DAYS, width="half", hint=_("0: invoices are issued at once.")),
        Field("gated", _("Hold what is out of line with what is usual"), "yes", required=False, value=policy.gated),
        Field("bills", _("Last bills"), "integer", value=policy.bills, least=1, most=MOST_BILLS, width="quarter"),
        Field("least", _("At least"), "integer", value=policy.least, least=1, most=MOST_BILLS, width="quarter"),
        Field("deviations", _("Median deviations"), "decimal", value=policy.deviations, least=0, most=100,
              width="quarter"),
        Field("tolerance", _("Or percent"), "decimal", value=policy.tolerance, least=0, most=1000, suffix="%",
              width="quarter"),
        Field("first_limit", _("First bills pass up to"), "decimal", required=False, value=policy.first_limit, least=0,
              width="half", hint=_("Net, in the currency of the legal entity. Empty: any.")),
        Field("approval", _("A second person approves each run"), "yes", required=False, value=policy.approval),
    )  # fmt: skip


def billing_policy_list(request: HttpRequest) -> HttpResponseBase:
    """How each legal entity lets its runs post, and changing it."""
    caller = caller_of(request)
    caller.require("billing.read")
    found = caller.own_entities("billing.read")
    policies = policies_of(entity.id for entity in found)
    mine = caller.own_entities("billing.run") if caller.authority.allows("billing.run") else []

    def fetch(ask: ListAsk) -> RowPage:  # noqa: ARG001 - there are as many rows as legal entities
        return RowPage(tuple(_policy_row(entity, policies.get(entity.id, BillingPolicy())) for entity in found))

    steps: tuple[Action, ...] = ()
    if mine:
        codes = tuple(Option(entity.code, f"{entity.code} · {entity.name}") for entity in mine)
        fields = _fields(mine[0].code, policies.get(mine[0].id, BillingPolicy()), codes)
        steps = (Action(_("Change"), reverse("billing_policy_set"), "primary", fields=fields, icon="pencil", key="n"),)
    page = ListPage(
        _("What waits before it is issued"),
        POLICY_COLUMNS,
        fetch,
        actions=steps,
        crumbs=(Crumb(_("Bills that wait"), reverse("waiting_bill_list")),),
        subtitle=_("A bill within so many median deviations, or so many percent, of the last comparable bills passes."),
        filename="billing-policies",
    )
    return render_list(request, page)


def _policy_row(entity: Entity, policy: BillingPolicy) -> Row:
    gate = str(_("No"))
    if policy.gated:
        words = _("beyond %(deviations)s deviations or %(tolerance)s %% of the last %(bills)s")
        gate = words % {
            "deviations": f"{policy.deviations.normalize():f}",
            "tolerance": f"{policy.tolerance.normalize():f}",
            "bills": policy.bills,
        }
    cells: dict[str, Any] = {
        "entity": Cell(entity.code, sub=entity.name),
        "gate": gate,
        "first": None if policy.first_limit is None else Money(policy.first_limit, entity.currency),
        "grace": _("%(count)s days") % {"count": policy.grace_days} if policy.grace_days else _("None"),
        "approval": _("By a second person") if policy.approval else _("No"),
    }
    return Row(entity.code, cells)


@require_POST
def billing_policy_set(request: HttpRequest) -> HttpResponse:
    """Change how a legal entity lets its runs post."""
    caller = caller_of(request)
    caller.require("billing.run")
    mine = {entity.code: entity for entity in caller.own_entities("billing.run")}
    codes = tuple(Option(code, entity.name) for code, entity in mine.items())

    def step() -> None:
        read = read_dialog(request, *_fields("", BillingPolicy(), codes))
        policy = BillingPolicy(
            read.yes("gated"),
            read.integer("bills") or 0,
            read.integer("least") or 0,
            read.decimal("deviations") or BillingPolicy().deviations * 0,
            read.decimal("tolerance") or BillingPolicy().tolerance * 0,
            read.decimal("first_limit"),
            read.integer("grace_days") or 0,
            read.yes("approval"),
        )
        key: UUID = mine[read.text("entity")].id
        actions.set_billing_policy(entity_id=key, policy=policy, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("billing_policy_list"), str(_("It holds for the next run.")), step)
