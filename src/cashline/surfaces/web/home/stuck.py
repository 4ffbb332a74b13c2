"""Everything that is stuck, document by document, with the way to each."""

from datetime import date

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.flow.report.health.queries.stuck_items import StuckItem, stuck_items
from cashline.flow.report.metrics.queries import BOARD, BoardAsked
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Cell, CellValue, Column, Filter, Option, Pill, Row, Tone, View
from cashline.platform.pages.render import render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.snapshots.actions import look
from cashline.surfaces.web.home.scope import Scope, scope_of

COLUMNS = (
    Column("number", gettext_lazy("Document"), place="title"),
    Column("customer", gettext_lazy("Customer")),
    Column("kind", gettext_lazy("What"), "pill", place="state"),
    Column("why", gettext_lazy("Why")),
    Column("since", gettext_lazy("Since"), "ago", sort=True),
    Column("amount", gettext_lazy("Worth"), "money", place="amount"),
)
STAGES = {
    "agree": gettext_lazy("Agree"),
    "book": gettext_lazy("Book"),
    "deliver": gettext_lazy("Deliver"),
    "invoice": gettext_lazy("Invoice"),
    "receive": gettext_lazy("Receive"),
    "recognise": gettext_lazy("Recognise"),
    "report": gettext_lazy("Elsewhere"),
}
WAYS = {
    "quotes_in_approval": gettext_lazy("Awaits approval"),
    "agreements_unsigned": gettext_lazy("Unsigned"),
    "orders_held": gettext_lazy("On hold"),
    "goods_backordered": gettext_lazy("No stock"),
    "steps_failed": gettext_lazy("Step failed"),
    "provisioning_failed": gettext_lazy("Not activated"),
    "unbilled": gettext_lazy("Not billed"),
    "invoices_overdue": gettext_lazy("Overdue"),
    "payments_unapplied": gettext_lazy("Not applied"),
    "card_payments_unclear": gettext_lazy("Outcome unclear"),
    "bank_lines_open": gettext_lazy("Not matched"),
    "disputes_open": gettext_lazy("Disputed"),
    "outbox_dead": gettext_lazy("Not sent"),
}
"""Each way of being stuck in a word or two."""
FILTERS = (
    Filter.search(gettext_lazy("Number, customer or reason")),
    Filter.choice("stage", gettext_lazy("Stage"), tuple(Option(code, label) for code, label in STAGES.items())),
    Filter.choice("kind", gettext_lazy("What"), tuple(Option(code, way) for code, way in WAYS.items())),
)
LONG_DAYS = 14


def stuck_list(request: HttpRequest) -> HttpResponseBase:
    """What is stuck, the oldest first."""
    caller = caller_of(request)
    caller.require("reports.read")
    scope = scope_of(caller, "reports.read", request.GET.get("entity", ""))

    def fetch(ask: ListAsk) -> RowPage:
        page = stuck_items(
            ask.page,
            today=scope.today,
            entity_ids=scope.entity_ids,
            codes=ask.choices("kind"),
            stages=ask.choices("stage"),
            words=ask.text(),
        )
        return RowPage(tuple(_row(item, scope.today) for item in page.items), page.next_cursor)

    page = ListPage(
        _("Stuck"),
        COLUMNS,
        fetch,
        FILTERS,
        "since",
        Empty(_("Nothing is stuck"), _("Every document is on its way."), icon="circle-check"),
        _views(request, scope),
        subtitle=_("Documents that wait longer than they should, the oldest first"),
        filename="stuck",
    )
    return render_list(request, page)


def _views(request: HttpRequest, scope: Scope) -> tuple[View, ...]:
    counts: dict[str, int] = {}
    caller = caller_of(request)
    found = look(BOARD, BoardAsked(scope.entity_key), timezone=scope.timezone, now=caller.now, actor=caller.actor)
    for one in found.answer.held_up if found else ():
        counts[one.kind.stage] = counts.get(one.kind.stage, 0) + one.count
    chosen = request.GET.getlist("stage")
    stages = (
        View(label, f"{request.path}?stage={code}", chosen == [code], counts[code])
        for code, label in STAGES.items()
        if code in counts
    )
    return (View(_("All"), request.path, not chosen, sum(counts.values())), *stages)


def _row(item: StuckItem, today: date) -> Row:
    why = _said(item.why)
    number = _said(item.number) if item.document_type == "outbox_message" else item.number
    old = (today - item.since).days >= LONG_DAYS
    cells: dict[str, CellValue] = {
        "number": number or _("Card payment"),
        "customer": item.customer_name,
        "kind": Pill(WAYS[item.code], Tone.DANGER if old else Tone.WARNING),
        "why": Cell(why[:80], title=why) if why else None,
        "since": item.since,
        "amount": Money(item.amount, item.currency) if item.amount is not None and item.currency else None,
    }
    url = address_of(item.document_type, item.document_id) or item.kind.address
    return Row(public(item.document_type, item.document_id), cells, url)


def _said(text: str) -> str:
    """A code as words."""
    words = text.replace("_", " ")
    return words[:1].upper() + words[1:]
