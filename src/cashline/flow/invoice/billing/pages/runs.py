"""Bill runs: the list, and one run with its progress, its totals and what could not be billed."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.invoice.billing import actions, queries
from cashline.flow.invoice.billing.queries import BillRunRow
from cashline.flow.invoice.billing.rules.lifecycle import AT_WORK, AWAITING_APPROVAL, BILL_RUN, BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import BillException, CurrencyTotals
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.jobs.worker import wake
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
    Progress,
    Row,
    Stat,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import actor_name, timeline_of

REFRESH_SECONDS = 2
REASON = Field("reason", lazy("Why"), "textarea", max_length=1000)
STATUSES = tuple(Option(status.value, pill(status).label) for status in BillRunStatus)
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("as_of", lazy("Due by"), "date", sort=True),
    Column("status", lazy("State"), "pill", place="state"),
    Column("progress", lazy("Looked at"), "progress"),
    Column("invoices", lazy("Invoices"), "number"),
    Column("total", lazy("Billed"), place="amount"),
    Column("exceptions", lazy("Exceptions"), "number"),
    Column("started_at", lazy("Begun"), "datetime", sort=True),
)
FILTERS = (Filter.choice("status", lazy("State"), STATUSES),)
TOTAL_COLUMNS = (
    Column("currency", lazy("Currency"), "code", place="title"),
    Column("invoices", lazy("Invoices"), "number"),
    Column("net", lazy("Net"), "money"),
    Column("tax", lazy("Tax"), "money"),
    Column("gross", lazy("Total"), "money", place="amount"),
    Column("credit_notes", lazy("Credit notes"), "number"),
    Column("credited", lazy("Credited"), "money"),
)
EXCEPTION_COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("agreement", lazy("Contract")),
    Column("message", lazy("Why")),
    Column("fix", lazy("What to do")),
)


def bill_run_list(request: HttpRequest) -> HttpResponseBase:
    """All bill runs."""
    caller = caller_of(request)
    caller.require("billing.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_bill_runs(
            ask.page, statuses=ask.choices("status"), entity_ids=caller.entities("billing.read")
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action.link(_("Bill now"), reverse("bill_run_new"), icon="play", primary=True, key="n")
    waits = Action.link(_("Bills that wait"), reverse("waiting_bill_list"), icon="clock")
    groups = Action.link(_("Combined and split"), reverse("invoice_grouping_list"), icon="layers")
    may = caller.authority.allows("billing.run")
    empty = Empty(
        _("No bill runs yet"), _("What was delivered is billed each day, or now."), new if may else None, "play"
    )
    page = ListPage(
        _("Bill runs"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        actions=(new, waits, groups) if may else (waits, groups),
        filename="bill-runs",
    )
    return render_list(request, page)


def _row(row: BillRunRow) -> Row:
    manifest = row.manifest
    billed = [format_money(Money(item.gross, item.currency)) for item in manifest.totals.values()]
    cells: dict[str, Any] = {
        "number": row.number,
        "as_of": row.as_of,
        "status": pill(row.status),
        "progress": Progress(manifest.done, manifest.due),
        "invoices": manifest.invoices,
        "total": ", ".join(billed),
        "exceptions": manifest.exceptions,
        "started_at": row.started_at,
    }
    key = public("bill_run", row.id)
    return Row(key, cells, reverse("bill_run_detail", args=[key]))


def seen(caller: Caller, run_id: str, permission: str = "billing.read") -> BillRunRow:
    """The run, where the caller has the permission for its legal entity (or for all); else NotFound or Forbidden."""
    caller.require(permission)
    row = queries.bill_run(key_of("bill_run", run_id))
    if row.entity_id is not None:
        require_visible(caller, permission, row.entity_id, "bill_run", row.id)
    elif caller.entities(permission) is not None:
        raise NotFound(f"There is no bill run {run_id}.", field="id")
    return row


def bill_run_detail(request: HttpRequest, run_id: str) -> HttpResponse:
    """One run; while it runs the page looks again by itself."""
    caller = caller_of(request)
    row = seen(caller, run_id)
    manifest = row.manifest
    running = row.status in AT_WORK
    invoices = f"{reverse('invoice_list')}?run={run_id}"
    billed = totals_table(manifest.totals.values())
    if running:
        billed = replace(billed, empty=_("Nothing is billed yet: the run has begun."))
    planned = row.status in {*AWAITING_APPROVAL, BillRunStatus.DISCARDED}
    sections = [Section(_("Would be billed") if planned else _("Billed"), billed, anchor="totals")]
    if manifest.exceptions:
        sections.append(Section(_("Could not be billed"), exceptions_table(manifest.named), anchor="exceptions"))
    page = DocumentPage(
        _("Bill run"),
        row.number,
        pill(row.status),
        subtitle=_("Everything due by %(day)s") % {"day": format_day(row.as_of)},
        actions=_steps(row, run_id, caller),
        facts=(
            KeyValue(_("Looked at"), Progress(manifest.done, manifest.due)),
            KeyValue(_("Begun"), row.started_at),
            KeyValue(_("Ended"), row.ended_at),
            KeyValue(_("By"), actor_name(row.started_by)),
            *([KeyValue(_("Approved by"), actor_name(row.approved_by))] if row.approved_by else []),
            KeyValue(_("Fingerprint"), manifest.hash[:16], _("Equal to that of the preview where nothing changed.")),
        ),
        stats=(
            Stat(_("Invoices"), manifest.invoices, invoices),
            Stat(_("Credit notes"), manifest.credit_notes),
            Stat(_("Exceptions"), manifest.exceptions, "#exceptions" if manifest.exceptions else ""),
            *_waiting(row, run_id),
        ),
        notices=_notices(row),
        sections=tuple(sections),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")),),
        refresh_seconds=REFRESH_SECONDS if running else 0,
    )
    return render_document(request, page)


def _waiting(row: BillRunRow, run_id: str) -> tuple[Stat, ...]:
    """How many bills the run let wait, where it did."""
    manifest, url = row.manifest, f"{reverse('waiting_bill_list')}?run={run_id}"
    found = []
    if manifest.held:
        found.append(Stat(_("Held"), manifest.held, url, tone=Tone.WARNING, hint=_("Out of line, or held by hand.")))
    if manifest.drafts:
        found.append(Stat(_("Drafts"), manifest.drafts, url, hint=_("In their grace window.")))
    return tuple(found)


def _steps(row: BillRunRow, run_id: str, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("billing.run", row.entity_id):
        return ()
    same = caller.actor == row.started_by
    refused = _("You began this run: another person approves it.") if same else ""

    def url(verb: str) -> str:
        return reverse("bill_run_step", args=[run_id, verb])

    found = {
        "approve": Action(_("Approve and post"), url("approve"), "primary", refused=refused, icon="check"),
        "discard": Action(_("Discard"), url("discard")),
        "stop": Action(_("Stop"), url("stop")),
        "resume": Action(_("Go on"), url("resume")),
    }
    if caller.authority.allows("credit_notes.write", row.entity_id) and row.manifest.invoices:
        found["reverse"] = Action(
            _("Take back"),
            url("reverse"),
            "danger",
            confirm=_("Every invoice of this run is void by a credit note, and its contracts are held."),
            fields=(REASON,),
        )
    return tuple(found[verb] for verb in BILL_RUN.verbs(row.status) if verb in found)


def _notices(row: BillRunRow) -> tuple[Notice, ...]:
    """What to know of a run: that it waits to be approved, differs from what was, or is taken back."""
    found = []
    if row.status == BillRunStatus.PREVIEWED:
        found.append(Notice(_("This is a preview: nothing is posted before another person approves it."), Tone.INFO))
    if row.status == BillRunStatus.COMPLETED and row.proposal and row.proposal.hash != row.manifest.hash:
        words = _("What was due changed after the preview: it had %(invoices)s invoices, fingerprint %(hash)s.")
        given = {"invoices": row.proposal.invoices, "hash": row.proposal.hash[:16]}
        found.append(Notice(words % given, Tone.WARNING))
    if row.reversal_reason:
        made = row.reversal.credit_notes if row.reversal else 0
        words = ngettext("Taken back by %(count)s credit note.", "Taken back by %(count)s credit notes.", made)
        found.append(Notice(words % {"count": made}, Tone.WARNING, row.reversal_reason))
    return tuple(found)


def totals_table(totals: Iterable[CurrencyTotals]) -> Table:
    """What is billed and credited, by currency."""
    rows = tuple(
        Row(
            item.currency,
            {
                "currency": item.currency,
                "invoices": item.invoices,
                "net": Money(item.net, item.currency),
                "tax": Money(item.tax, item.currency),
                "gross": Money(item.gross, item.currency),
                "credit_notes": item.credit_notes or None,
                "credited": Money(item.credited, item.currency) if item.credited else None,
            },
        )
        for item in totals
    )
    return Table(TOTAL_COLUMNS, rows, empty=_("Nothing is due."))


def exceptions_table(exceptions: Iterable[BillException]) -> Table:
    """What could not be billed, why, and what to do about it."""
    found = list(exceptions)
    customers = customers_by_id(item.customer_id for item in found)
    rows = tuple(
        Row(
            public("agreement", item.agreement_id),
            {
                "customer": Cell(customers[item.customer_id].name, address_of("customer", item.customer_id)),
                "agreement": Cell(_("Contract"), address_of("agreement", item.agreement_id)),
                "message": item.message,
                "fix": item.fix,
            },
        )
        for item in found
        if item.customer_id in customers
    )
    return Table(EXCEPTION_COLUMNS, rows)


@require_POST
def bill_run_step(request: HttpRequest, run_id: str, verb: str) -> HttpResponse:
    """Stop a run, go on with it, approve or discard its preview, or take it back."""
    caller = caller_of(request)
    row = seen(caller, run_id, "billing.run")
    words = {
        "stop": _("The run stops after the batch that it is at."),
        "resume": _("The run goes on."),
        "approve": _("The run is approved and posts."),
        "discard": _("The run is discarded."),
        "reverse": _("The run is taken back."),
    }
    if verb not in words:
        raise NotFound(f"There is no step {verb!r} of a bill run.", field="verb")

    def step() -> None:
        if verb == "reverse":
            caller.require("credit_notes.write", row.entity_id)
            reason = read_dialog(request, REASON).text("reason")
            actions.reverse_bill_run(run_id=row.id, reason=reason, now=caller.now, actor=caller.actor)
        else:
            _STEPS[verb](row.id, now=caller.now, actor=caller.actor)
        wake()

    return take_step(request, reverse("bill_run_detail", args=[run_id]), str(words[verb]), step)


_STEPS = {
    "stop": actions.stop_bill_run,
    "resume": actions.resume_bill_run,
    "approve": actions.approve_bill_run,
    "discard": actions.discard_bill_run,
}
