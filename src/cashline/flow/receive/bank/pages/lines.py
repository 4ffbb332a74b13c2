"""The lines that wait for a decision, the surest first; many can be decided at once."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.receive.bank import actions, queries
from cashline.flow.receive.bank.actions import Decision
from cashline.flow.receive.bank.queries import LineFilter, LineRow
from cashline.flow.receive.bank.rules.lifecycle import BankLineStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Conflict
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, Option, Pill, Row, Tone, View
from cashline.platform.pages.render import render_list

STATES = {
    BankLineStatus.OPEN: Pill(lazy("To decide"), Tone.WARNING),
    BankLineStatus.MATCHED: Pill(lazy("Applied"), Tone.SUCCESS),
    BankLineStatus.IGNORED: Pill(lazy("Ignored"), Tone.NEUTRAL),
    BankLineStatus.SPLIT: Pill(lazy("Stands in its parts"), Tone.NEUTRAL),
}
COLUMNS = (
    Column("payer", lazy("Payer"), sort=False, place="title"),
    Column("text", lazy("Text")),
    Column("booked_on", lazy("Booked"), "date", sort=True),
    Column("state", lazy("State"), "pill", place="state"),
    Column("proposal", lazy("Proposal or payment")),
    Column("confidence", lazy("Sure"), "percent", sort=True),
    Column("amount", lazy("Amount"), "money", sort=True, place="amount"),
    Column("iban", lazy("Payer's account"), only_export=True),
    Column("end_to_end_id", lazy("End-to-end id"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Payer, text or reference")),
    Filter.choice("status", lazy("State"), tuple(Option(status.value, one.label) for status, one in STATES.items())),
    Filter.choice("kind", lazy("Direction"), (Option("in", lazy("Money in")),)),
    Filter.dates("booked_on", lazy("Booked")),
    Filter.amounts("amount", lazy("Amount")),
)
SHOWN_TEXT = 90


def views(current: str) -> tuple[View, ...]:
    """The tabs of the bank."""
    return tuple(
        View(words, reverse(name), name == current)
        for name, words in (
            ("bank_line_list", _("Lines to decide")),
            ("bank_statement_list", _("Statements")),
            ("bank_account_list", _("Accounts")),
        )
    )


def bank_line_list(request: HttpRequest) -> HttpResponseBase:
    """Lines: those to decide unless another state is asked for, the surest proposal first."""
    caller = caller_of(request)
    caller.require("bank.read")

    def fetch(ask: ListAsk) -> RowPage:
        booked, amount = ask.date_range("booked_on"), ask.amount_range("amount")
        chosen = LineFilter(
            words=ask.text(),
            entities=caller.entities("bank.read"),
            statuses=ask.choices("status") or (BankLineStatus.OPEN.value,),
            receipts="in" in ask.choices("kind"),
            booked_from=booked.start,
            booked_to=booked.end,
            least=amount.least,
            most=amount.most,
        )
        page = queries.list_lines(ask.page, chosen)
        return RowPage(tuple(line_row(row) for row in page.items), page.next_cursor)

    may = caller.authority.allows("bank.write")
    bulk = (
        Action(_("Apply the best proposal"), reverse("bank_lines_apply"), "primary"),
        Action(_("Ignore"), reverse("bank_lines_ignore"), confirm=_("These are no payments of customers?")),
    )
    empty = Empty(
        _("Nothing to decide"),
        _("Every line of every statement is applied or ignored."),
        Action.link(_("Import a statement"), reverse("bank_import"), icon="upload") if may else None,
        "landmark",
    )
    again = Action(_("Match again"), reverse("bank_match"), icon="refresh-cw")
    page = ListPage(
        _("Bank lines"),
        COLUMNS,
        fetch,
        FILTERS,
        "-confidence",
        empty,
        views=views("bank_line_list"),
        actions=(again,) if may else (),
        bulk_actions=bulk if may else (),
        filename="bank-lines",
    )
    return render_list(request, page)


def line_row(row: LineRow) -> Row:
    """A line as lists and statements show it."""
    key = public("bank_line", row.id)
    cells: dict[str, Any] = {
        "payer": Cell(row.counterparty_name or row.counterparty_iban or _("Unknown"), sub=row.counterparty_iban),
        "text": row.remittance[:SHOWN_TEXT],
        "booked_on": row.booked_on,
        "state": STATES[BankLineStatus(row.status)],
        "proposal": proposal_cell(row, row.match_reason),
        "confidence": row.confidence or None,
        "amount": Money(row.amount, row.currency),
        "iban": row.counterparty_iban,
        "end_to_end_id": row.end_to_end_id,
    }
    return Row(key, cells, reverse("bank_line_detail", args=[key]))


def proposal_cell(row: LineRow, reason: str = "") -> Cell | str:
    """What a line became, or what would best be made of it."""
    if row.payment_number:
        return row.payment_number
    if row.status != BankLineStatus.OPEN:
        return ""
    numbers = ""
    if row.proposals:
        numbers = ", ".join(one.number for one in row.proposals[0].allocations) or _("On account")
    return Cell(numbers, sub=reason)


def _marked(request: HttpRequest, caller: Caller) -> list[UUID]:
    """The picked lines, each within what the caller may decide."""
    keys = [key_of("bank_line", text) for text in request.POST.getlist("id")[:500]]
    found = queries.lines_by_id(keys)
    for key in keys:
        if key not in found:
            raise Conflict("A picked line is not there any more.", field="id")
        require_visible(caller, "bank.write", found[key].entity_id, "bank_line", key)
    if not keys:
        raise Conflict("Pick at least one line.", field="id")
    return keys


@require_POST
def bank_lines_apply(request: HttpRequest) -> HttpResponse:
    """Apply the best proposal of each picked line."""
    from cashline.flow.receive.bank.api import require_write_off

    caller = caller_of(request)

    def apply() -> Outcome:
        keys = _marked(request, caller)
        rows = queries.lines_by_id(keys)
        decisions = [Decision(key, 0) for key in keys]
        for decision in decisions:
            require_write_off(caller, rows[decision.line_id], decision)
        actions.apply_matches(decisions, now=caller.now, actor=caller.actor)
        count = len(keys)
        words = ngettext("%(count)s line is applied.", "%(count)s lines are applied.", count) % {"count": count}
        return Outcome(reverse("bank_line_list"), words)

    return act(request, reverse("bank_line_list"), apply)


@require_POST
def bank_lines_ignore(request: HttpRequest) -> HttpResponse:
    """Say of the picked lines that they are no payments of customers."""
    caller = caller_of(request)

    def ignore() -> Outcome:
        keys = _marked(request, caller)
        reason = _("No payment of a customer")
        actions.ignore_lines(keys, reason=reason, now=caller.now, actor=caller.actor)
        count = len(keys)
        words = ngettext("%(count)s line is ignored.", "%(count)s lines are ignored.", count) % {"count": count}
        return Outcome(reverse("bank_line_list"), words)

    return act(request, reverse("bank_line_list"), ignore)
