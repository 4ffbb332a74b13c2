"""Bank statements: the list, dropping a file, and one statement with its lines and how far the decisions are."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.receive.bank import actions, queries
from cashline.flow.receive.bank.actions import MatchResult
from cashline.flow.receive.bank.pages.lines import STATES, proposal_cell, views
from cashline.flow.receive.bank.queries import LineFilter, LineRow, StatementRow
from cashline.flow.receive.bank.rules.files import MAX_BYTES
from cashline.flow.receive.bank.rules.lifecycle import BankLineStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.documents.safe_xml import FileTooLarge
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.lists import Ask
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, Empty, FormPage, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    KeyValue,
    Notice,
    Progress,
    Row,
    Stat,
    SummaryRow,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, errors_of
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import done, render_document, render_form, render_list
from cashline.platform.pages.timelines import timeline_of

COLUMNS = (
    Column("reference", lazy("Statement"), "code", place="title"),
    Column("account", lazy("Account")),
    Column("to_day", lazy("Until"), "date", sort=True),
    Column("closing", lazy("Closing balance"), "money", place="amount"),
    Column("decided", lazy("Decided"), "progress"),
    Column("imported_at", lazy("Imported"), "datetime", sort=True, place="hidden"),
    Column("source", lazy("File"), place="hidden"),
)
LINE_COLUMNS = (
    Column("payer", lazy("Payer"), place="title"),
    Column("booked_on", lazy("Booked"), "date", place="hidden"),
    Column("state", lazy("State"), "pill", place="state"),
    Column("proposal", lazy("Proposal or payment")),
    Column("amount", lazy("Amount"), "money", place="amount"),
)
SHOWN_LINES, SHOWN_TEXT = 200, 60
UPLOAD = FieldSet(
    "",
    (
        Field(
            "statement",
            lazy("Statement"),
            "file",
            accept=".xml,.sta,.mt940,.940,.txt,.zip,.c53,.camt",
            hint=lazy("camt.052, .053, .054, MT940 or MT942, or a zip of them. Importing it again books nothing."),
        ),
    ),
)


def bank_statement_list(request: HttpRequest) -> HttpResponseBase:
    """Imported statements, and what waits for a decision."""
    caller = caller_of(request)
    caller.require("bank.read")
    held = caller.entities("bank.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_statements(ask.page, entities=held)
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("bank.write")
    new = Action.link(_("Import a statement"), reverse("bank_import"), icon="upload", primary=True, key="n")
    again = Action(_("Match again"), reverse("bank_match"), icon="refresh-cw", key="m")
    empty = Empty(
        _("No statement yet"),
        _("Drop the file that your bank gives you: each line becomes a payment, or waits here with a proposal."),
        new if may else None,
        "landmark",
    )
    page = ListPage(
        _("Bank"),
        COLUMNS,
        fetch,
        empty=empty,
        views=views("bank_statement_list"),
        actions=(new, again) if may else (),
        stats=_stats(caller),
        filename="bank-statements",
    )
    return render_list(request, page)


def _row(row: StatementRow) -> Row:
    key = public("bank_statement", row.id)
    cells: dict[str, Any] = {
        "reference": Cell(row.reference, sub="" if row.kind == "statement" else row.kind),
        "account": Cell(row.account_name, sub=row.iban),
        "to_day": row.to_day or row.closing_day,
        "closing": None if row.closing_balance is None else Money(row.closing_balance, row.currency),
        "decided": Progress(row.added_count - row.open_count, row.added_count),
        "imported_at": row.imported_at,
        "source": row.source,
    }
    return Row(key, cells, reverse("bank_statement_detail", args=[key]))


def _stats(caller: Caller) -> tuple[Stat, ...]:
    chosen = LineFilter(entities=caller.entities("bank.read"), statuses=[BankLineStatus.OPEN.value], receipts=True)
    return tuple(
        Stat(
            ngettext("%(count)s receipt to decide", "%(count)s receipts to decide", one.count) % {"count": one.count},
            Money(one.amount, one.currency),
            reverse("bank_line_list"),
            tone=Tone.WARNING,
        )
        for one in queries.line_counts(chosen)
    )


def bank_import(request: HttpRequest) -> HttpResponseBase:
    """Drop a file: it is booked as a whole or refused with every reason, and what is sure is applied at once."""
    caller = caller_of(request)
    caller.require("bank.write")
    page = FormPage(
        _("Import a bank statement"),
        request.path,
        (UPLOAD,),
        _("Import and match"),
        reverse("bank_statement_list"),
        crumbs=(Crumb(_("Bank"), reverse("bank_statement_list")),),
    )
    if request.method != "POST":
        return render_form(request, page)
    file = request.FILES.get("statement")
    if file is None:
        return render_form(request, replace(page, errors=(FieldError("statement", _("Choose a file."), "missing"),)))
    try:
        if (file.size or 0) > MAX_BYTES:
            raise FileTooLarge(f"The file has more than {MAX_BYTES:,} bytes.", field="file")
        outcome = _import(caller, file.read(), file.name or "statement")
    except Refusal as refusal:
        errors = tuple(replace(error, field="statement") for error in errors_of(refusal))
        return render_form(request, replace(page, errors=errors))
    return done(request, outcome.url, outcome.sentence)


def _import(caller: Caller, data: bytes, name: str) -> Outcome:
    result = actions.import_statement(data, name, now=caller.now, actor=caller.actor)
    owners = {row.id: row.entity_id for row in queries.accounts()}
    for key in result.account_ids:
        caller.require("bank.write", owners[key])
    url = reverse("bank_statement_list")
    if len(result.statement_ids) == 1:
        url = reverse("bank_statement_detail", args=[public("bank_statement", result.statement_ids[0])])
    if not result.added:
        words = ngettext(
            "Nothing is new: its one line was known.", "Nothing is new: all %(known)s lines were known.", result.known
        )
        return Outcome(url, words % {"known": result.known})
    matched = actions.match_lines(account_ids=result.account_ids, now=caller.now, actor=caller.actor)
    words = _("New lines: %(added)s. %(told)s")
    if matched.applied + matched.suggested + matched.unmatched > result.added:
        words = _("New lines: %(added)s. Of all that were open: %(told)s")
    return Outcome(url, words % {"added": result.added, "told": told(matched)})


def told(result: MatchResult) -> str:
    """What a run of the matching came to, in a sentence."""
    values = {"applied": result.applied, "waiting": result.suggested + result.unmatched}
    return _("%(applied)s applied, %(waiting)s to decide.") % values


@require_POST
def bank_match(request: HttpRequest) -> HttpResponse:
    """Match every open line again."""
    caller = caller_of(request)
    caller.require("bank.write")

    def match() -> Outcome:
        chosen = [row.id for row in queries.accounts(entities=caller.entities("bank.write"))]
        result = actions.match_lines(account_ids=chosen, now=caller.now, actor=caller.actor)
        return Outcome(reverse("bank_line_list"), told(result))

    return act(request, reverse("bank_statement_list"), match)


def bank_statement_detail(request: HttpRequest, statement_id: str) -> HttpResponse:
    """One statement."""
    caller = caller_of(request)
    row = queries.statement(key_of("bank_statement", statement_id))
    require_visible(caller, "bank.read", row.entity_id, "bank_statement", row.id)
    lines = queries.list_lines(Ask("booked_on", limit=SHOWN_LINES), LineFilter(statement_id=row.id)).items
    more = row.added_count - len(lines)
    words = _("%(count)s more lines: see the list.") % {"count": more} if more > 0 else ""
    table = Table(LINE_COLUMNS, tuple(_line(line) for line in lines), empty=_("No line of it was new."))
    page = DocumentPage(
        _("Bank statement"),
        row.reference,
        party=Cell(row.account_name, sub=row.iban),
        facts=_facts(row),
        sections=(Section(_("Lines"), table, text=words, anchor="lines"),),
        summary=_summary(row),
        timeline=timeline_of([row.id], current=row.id),
        notices=_notices(row),
        stats=(Stat(_("Decided"), Progress(row.added_count - row.open_count, row.added_count)),),
        crumbs=(Crumb(_("Bank"), reverse("bank_statement_list")),),
    )
    return render_document(request, page)


def _line(line: LineRow) -> Row:
    key = public("bank_line", line.id)
    cells: dict[str, Any] = {
        "payer": Cell(line.counterparty_name or _("Unknown"), sub=line.remittance[:SHOWN_TEXT]),
        "booked_on": line.booked_on,
        "state": STATES[BankLineStatus(line.status)],
        "proposal": proposal_cell(line),
        "amount": Money(line.amount, line.currency),
    }
    return Row(key, cells, reverse("bank_line_detail", args=[key]))


def _facts(row: StatementRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("From"), row.from_day or row.opening_day),
        KeyValue(_("Until"), row.to_day or row.closing_day),
        KeyValue(_("Number"), row.sequence),
        KeyValue(_("File"), row.source),
        KeyValue(_("Imported"), row.imported_at),
        KeyValue(_("Lines known before"), row.line_count - row.added_count or None),
    )
    return tuple(fact for fact in facts if fact.value)


def _summary(row: StatementRow) -> tuple[SummaryRow, ...]:
    if row.opening_balance is None or row.closing_balance is None:
        return ()
    moved = row.closing_balance - row.opening_balance
    return (
        SummaryRow(_("Opening balance"), Money(row.opening_balance, row.currency)),
        SummaryRow(_("Moved"), Money(moved, row.currency)),
        SummaryRow(_("Closing balance"), Money(row.closing_balance, row.currency), total=True),
    )


def _notices(row: StatementRow) -> tuple[Notice, ...]:
    gaps = queries.missing_statements(row.account_id)
    found = []
    for gap in gaps[-3:]:
        values = {
            "after": format_day(gap.after.day),
            "before": format_day(gap.before.day),
            "difference": format_money(Money(Decimal(gap.difference), row.currency)),
        }
        text = _("A statement between %(after)s and %(before)s is missing: %(difference)s lie between them.") % values
        found.append(Notice(text, Tone.WARNING))
    return tuple(found)
