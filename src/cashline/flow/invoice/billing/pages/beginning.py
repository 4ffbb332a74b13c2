"""Beginning a bill run: by which day, for whom, and a preview that is the run itself without the append."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from cashline.flow.agree.contracts.queries import agreements_by_id
from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.actions import BilledDocument, BillRunResult
from cashline.flow.invoice.billing.rules.manifest import BillException, CurrencyTotals
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.paging import decode_cursor, encode_cursor
from cashline.platform.jobs.worker import wake
from cashline.platform.pages.anatomies import FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk, read_ask
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Crumb,
    Notice,
    Option,
    Row,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import done, render_aside, render_form, render_list
from cashline.platform.pages.threads import address_of

PREVIEWED, SHOWN, PARKED = 100, 10, 50
"""How many due agreements the preview beside the form looks at, how many documents and exceptions it shows."""
DOCUMENT_COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("lines", lazy("Lines"), "number"),
    Column("gross", lazy("Total"), "money", place="amount"),
)
TOTAL_COLUMNS = (
    Column("currency", lazy("Currency"), place="title"),
    Column("net", lazy("Net"), "money"),
    Column("tax", lazy("Tax"), "money"),
    Column("gross", lazy("Total"), "money", place="amount"),
)
LIST_COLUMNS = (
    Column("customer", lazy("Customer"), place="title"),
    Column("kind", lazy("Document")),
    Column("contract", lazy("Contract"), "code"),
    Column("lines", lazy("Lines"), "number"),
    Column("net", lazy("Net"), "money"),
    Column("tax", lazy("Tax"), "money"),
    Column("gross", lazy("Total"), "money", place="amount"),
)
type Known = dict[str, Entity]
type Preview = tuple[tuple[Section, ...], tuple[Notice, ...]]


def _entities(caller: Caller) -> Known:
    """The legal entities that the caller may bill for."""
    return {entity.code: entity for entity in caller.own_entities("billing.run")}


def _fieldsets(caller: Caller, known: Known) -> tuple[FieldSet, ...]:
    every = caller.entities("billing.run") is None
    options = tuple(Option(code, f"{code} · {entity.name}") for code, entity in known.items())
    fields = (
        Field("as_of", _("Bill everything due by"), "date", value=caller.today(), width="half"),
        Field(
            "entity",
            _("Legal entity"),
            "choice",
            placeholder=_("All"),
            required=not every,
            value="" if every or not known else next(iter(known)),
            options=options,
            width="half",
        ),
    )
    return (FieldSet(_("What is due"), fields),)


def bill_run_new(request: HttpRequest) -> HttpResponseBase:
    """Ask by which day to bill, show what would come of it, and begin the run."""
    caller = caller_of(request)
    caller.require("billing.run")
    known = _entities(caller)
    page = FormPage(
        _("Bill now"),
        request.path,
        _fieldsets(caller, known),
        _("Begin the run"),
        reverse("bill_run_list"),
        intro=_("Goods that were shipped, services that were accepted and periods that begin are billed, once."),
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")),),
        preview_url=reverse("bill_run_preview"),
    )
    if request.method != "POST":
        every = caller.entities("billing.run") is None
        chosen = None if every or not known else next(iter(known.values()))
        sections, notices = _preview(caller, caller.today(), chosen) if every or chosen else ((), ())
        return render_form(request, replace(page, aside=sections, aside_notices=notices))
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _begin(caller, read, known))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _begin(caller: Caller, read: Reading, known: Known) -> Outcome:
    chosen = known.get(read.text("entity"))
    as_of = read.day("as_of") or caller.today()
    entity_id = chosen.id if chosen else None
    key = actions.start_bill_run(as_of=as_of, entity_id=entity_id, now=caller.now, actor=caller.actor)
    wake()
    return Outcome(reverse("bill_run_detail", args=[public("bill_run", key)]), _("The run has begun."))


def bill_run_preview(request: HttpRequest) -> HttpResponse:
    """What the run would bill, while the form is filled in."""
    caller = caller_of(request)
    caller.require("billing.run")
    known = _entities(caller)
    read = read_form(request.POST, _fieldsets(caller, known))
    if read.errors:
        return render_aside(request, (), tuple(Notice(error.message, Tone.WARNING) for error in read.errors))
    as_of = read.day("as_of") or caller.today()
    return render_aside(request, *_preview(caller, as_of, known.get(read.text("entity"))))


def _preview(caller: Caller, as_of: date, chosen: Entity | None) -> Preview:
    try:
        result = actions.run_bills(
            as_of=as_of,
            now=caller.now,
            actor=caller.actor,
            entity_id=chosen.id if chosen else None,
            preview=True,
            most=PREVIEWED,
        )
    except Refusal as refusal:
        return (), (Notice(refusal.message, Tone.WARNING, refusal.fix),)
    query = urlencode({"as_of": as_of, **({"entity": chosen.code} if chosen else {})})
    return _sections(result, f"{reverse('bill_run_preview_list')}?{query}"), _notices(result)


def bill_run_preview_list(request: HttpRequest) -> HttpResponseBase:
    """All documents that a run would make (`?as_of=`, `?entity=`): of so many agreements a page, which are planned."""
    caller = caller_of(request)
    caller.require("billing.run")
    as_of, chosen = _asked(request, caller)
    planned: dict[str, BillRunResult] = {}

    def plan(cursor: str, size: int) -> BillRunResult:
        """Plan the agreements of a page; the next page is planned when it is asked for."""
        if cursor not in planned:
            planned[cursor] = actions.run_bills(
                as_of=as_of, now=caller.now, actor=caller.actor, entity_id=chosen.id if chosen else None, preview=True,
                most=size, after=_after(cursor),
            )  # fmt: skip
        return planned[cursor]

    def fetch(ask: ListAsk) -> RowPage:
        found = plan(ask.cursor, ask.size)
        if ask.cursor or found.cursor:
            return RowPage(_rows(found.documents), _cursor(found))
        return RowPage(_rows(found.documents), total=len(found.documents), sums=_sums(found))

    ask = read_ask(request.GET, LIST_COLUMNS, ())
    shown = plan(ask.cursor, ask.size)
    page = ListPage(
        _("What the run would bill"),
        LIST_COLUMNS,
        fetch,
        stats=_stats(shown, whole=not (ask.cursor or shown.cursor)),
        notices=_parked_notices(shown),
        subtitle=_("Everything due by %(day)s") % {"day": format_day(as_of)},
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")), Crumb(_("Bill now"), reverse("bill_run_new"))),
        filename="bill-preview",
    )
    return render_list(request, page)


def _asked(request: HttpRequest, caller: Caller) -> tuple[date, Entity | None]:
    """The day and the legal entity that an address names; raises InvalidValue."""
    known = _entities(caller)
    given = QueryDict(mutable=True)
    every = caller.entities("billing.run") is None
    usual = "" if every else next(iter(known), "")
    day = request.GET.get("as_of") or caller.today().isoformat()
    given.update({"as_of": day, "entity": request.GET.get("entity", usual)})
    read = read_form(given, _fieldsets(caller, known))
    raise_all([InvalidValue(error.message, field=error.field) for error in read.errors])
    return read.day("as_of") or caller.today(), known.get(read.text("entity"))


def _after(cursor: str) -> tuple[UUID, UUID] | None:
    """The customer and the agreement that a page begins behind."""
    if not cursor:
        return None
    customer_id, agreement_id = (decode_cursor(part) for part in cursor.partition(".")[::2])
    if customer_id is None or agreement_id is None:
        raise InvalidValue("This cursor is not one of ours.", field="cursor")
    return customer_id, agreement_id


def _cursor(result: BillRunResult) -> str:
    return ".".join(encode_cursor(key) for key in result.cursor or ())


def _stats(result: BillRunResult, *, whole: bool) -> tuple[Stat, ...]:
    """How many contracts are due, and what their bills come to where the page shows them all."""
    totals = tuple(
        Stat(_("Total in %(currency)s") % {"currency": item.currency}, Money(item.gross, item.currency))
        for item in result.totals
    )
    return (Stat(_("Contracts due"), result.due), *(totals if whole else ()))


def _rows(documents: Sequence[BilledDocument]) -> tuple[Row, ...]:
    customers = customers_by_id(item.customer_id for item in documents)
    found_terms = agreements_by_id(item.agreement_id for item in documents if item.agreement_id)
    contracts = {key: row.number for key, row in found_terms.items()}
    found: list[Row] = []
    for index, item in enumerate(documents):
        contract = address_of("agreement", item.agreement_id) if item.agreement_id else ""
        name = customers[item.customer_id].name if item.customer_id in customers else ""
        cells: dict[str, Any] = {
            "customer": Cell(name, address_of("customer", item.customer_id)),
            "kind": _("Credit note") if item.is_credit_note else _("Invoice"),
            "contract": Cell(contracts[item.agreement_id], contract) if item.agreement_id in contracts else "",
            "lines": item.lines,
            "net": Money(item.net, item.currency),
            "tax": Money(item.tax, item.currency),
            "gross": Money(item.gross, item.currency),
        }
        found.append(Row(str(index), cells))
    return tuple(found)


def _sums(result: BillRunResult) -> dict[str, CellValue]:
    """What the documents come to, where they are all of one currency and no credit note is among them."""
    if len(result.totals) != 1 or result.totals[0].credit_notes:
        return {}
    (item,) = result.totals
    return {name: Money(getattr(item, name), item.currency) for name in ("net", "tax", "gross")}


def _notices(result: BillRunResult) -> tuple[Notice, ...]:
    if result.due <= result.looked_at:
        return _parked_notices(result)
    words = _("The preview shows the first %(count)s of %(due)s contracts that are due; the run bills all.")
    return (Notice(words % {"count": result.looked_at, "due": result.due}), *_parked_notices(result))


def _parked_notices(result: BillRunResult) -> tuple[Notice, ...]:
    """How many of the contracts that were looked at cannot be billed."""
    if not result.exceptions:
        return ()
    words = _("%(count)s contracts cannot be billed yet; they stay due.") % {"count": len(result.exceptions)}
    return (Notice(words, Tone.WARNING),)


def _sections(result: BillRunResult, whole: str) -> tuple[Section, ...]:
    found = [_totals(result.totals) if result.totals else Section(_("Would be billed"), text=_("Nothing is due."))]
    if result.documents:
        title = _("Documents (%(count)s)") % {"count": result.invoices + result.credit_notes}
        all_of_them = Action.link(_("See them all, with what each bills"), whole, icon="list")
        found.append(Section(title, _documents(result.documents[:SHOWN]), actions=(all_of_them,)))
    if result.exceptions:
        found.append(Section(_("Cannot be billed"), _parked(result.exceptions[:PARKED])))
    return tuple(found)


def _parked(exceptions: tuple[BillException, ...]) -> Table:
    """Whom it concerns, and why with what to do beneath."""
    customers = customers_by_id(item.customer_id for item in exceptions)
    rows = tuple(
        Row(
            public("agreement", item.agreement_id),
            {
                "customer": Cell(customers[item.customer_id].name, address_of("customer", item.customer_id)),
                "why": Cell(item.message, sub=item.fix),
            },
        )
        for item in exceptions
        if item.customer_id in customers
    )
    return Table((Column("customer", _("Customer"), place="title"), Column("why", _("Why"))), rows)


def _totals(totals: Sequence[CurrencyTotals]) -> Section:
    """What would be billed, currency by currency."""
    rows = []
    for item in totals:
        words = ngettext("%(count)s invoice", "%(count)s invoices", item.invoices) % {"count": item.invoices}
        if item.credit_notes:
            notes = ngettext("%(count)s credit note", "%(count)s credit notes", item.credit_notes)
            credited = format_money(Money(item.credited, item.currency))
            words = f"{words}, {notes % {'count': item.credit_notes}} ({credited})"
        cells: dict[str, Any] = {
            "currency": Cell(item.currency, sub=words),
            "net": Money(item.net, item.currency),
            "tax": Money(item.tax, item.currency),
            "gross": Money(item.gross, item.currency),
        }
        rows.append(Row(item.currency, cells))
    return Section(_("Would be billed"), Table(TOTAL_COLUMNS, tuple(rows)))


def _documents(documents: tuple[BilledDocument, ...]) -> Table:
    customers = customers_by_id(item.customer_id for item in documents)
    rows: list[Row] = []
    for index, item in enumerate(documents):
        name = customers[item.customer_id].name if item.customer_id in customers else ""
        cells: dict[str, Any] = {
            "customer": Cell(
                name,
                address_of("agreement", item.agreement_id) if item.agreement_id else "",
                sub=_("Credit note") if item.is_credit_note else _("Invoice"),
            ),
            "lines": item.lines,
            "gross": Money(item.gross, item.currency),
        }
        rows.append(Row(str(index), cells))
    return Table(DOCUMENT_COLUMNS, tuple(rows))
