"""Bill runs: the list, and one run with its progress, its totals and what could not be billed."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.invoice.billing import actions, queries
from cashline.flow.invoice.billing.queries import BillRunRow
from cashline.flow.invoice.billing.rules.lifecycle import BILL_RUN, BillRunStatus
from cashline.flow.invoice.billing.rules.manifest import BillException, CurrencyTotals
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.jobs.worker import wake
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Progress,
    Row,
    Stat,
    Table,
    pill,
)
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import actor_name, timeline_of

REFRESH_SECONDS = 2
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
    Column("by", lazy("By"), place="hidden"),
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
    may = caller.authority.allows("billing.run")
    empty = Empty(
        _("No bill runs yet"), _("What was delivered is billed each day, or now."), new if may else None, "play"
    )
    page = ListPage(
        _("Bill runs"), COLUMNS, fetch, FILTERS, empty=empty, actions=(new,) if may else (), filename="bill-runs"
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
        "by": actor_name(row.started_by),
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
    running = row.status == BillRunStatus.RUNNING
    invoices = f"{reverse('invoice_list')}?run={run_id}"
    billed = totals_table(manifest.totals.values())
    if running:
        billed = replace(billed, empty=_("Nothing is billed yet: the run has begun."))
    sections = [Section(_("Billed"), billed, anchor="totals")]
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
            KeyValue(_("Fingerprint"), manifest.hash[:16], _("Equal to that of the preview where nothing changed.")),
        ),
        stats=(
            Stat(_("Invoices"), manifest.invoices, invoices),
            Stat(_("Credit notes"), manifest.credit_notes),
            Stat(_("Exceptions"), manifest.exceptions, "#exceptions" if manifest.exceptions else ""),
        ),
        sections=tuple(sections),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")),),
        refresh_seconds=REFRESH_SECONDS if running else 0,
    )
    return render_document(request, page)


def _steps(row: BillRunRow, run_id: str, caller: Caller) -> tuple[Action, ...]:
    if not caller.authority.allows("billing.run", row.entity_id):
        return ()
    words = {"stop": _("Stop"), "resume": _("Go on")}
    return tuple(
        Action(words[verb], reverse(f"bill_run_{verb}", args=[run_id]))
        for verb in BILL_RUN.verbs(row.status)
        if verb in words
    )


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
def bill_run_stop(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop a run after the batch that it is at."""
    caller = caller_of(request)
    row = seen(caller, run_id, "billing.run")
    return take_step(
        request,
        reverse("bill_run_detail", args=[run_id]),
        str(_("The run stops after the batch that it is at.")),
        lambda: actions.stop_bill_run(row.id, now=caller.now, actor=caller.actor),
    )


@require_POST
def bill_run_resume(request: HttpRequest, run_id: str) -> HttpResponse:
    """Go on with a stopped run."""
    caller = caller_of(request)
    row = seen(caller, run_id, "billing.run")

    def resume() -> None:
        actions.resume_bill_run(row.id, now=caller.now, actor=caller.actor)
        wake()

    return take_step(request, reverse("bill_run_detail", args=[run_id]), str(_("The run goes on.")), resume)
