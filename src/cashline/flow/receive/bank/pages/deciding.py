"""One line and its proposals with their reasons; a decision takes a key, and leads on to the next line."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers.queries import customer, customers_by_id
from cashline.flow.receive.bank import actions, queries
from cashline.flow.receive.bank.actions import Decision
from cashline.flow.receive.bank.api import require_write_off, seen_line
from cashline.flow.receive.bank.pages.lines import STATES
from cashline.flow.receive.bank.queries import LineRow
from cashline.flow.receive.bank.rules.lifecycle import BANK_LINE, BankLineStatus
from cashline.flow.receive.bank.rules.match_plan import Proposal, ProposedAllocation
from cashline.flow.receive.payments.queries import open_invoices
from cashline.flow.receive.payments.rules import plan_allocation
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, FormPage, Section
from cashline.platform.pages.components import Action, Cell, Column, Crumb, KeyValue, Notice, Option, Row, Table, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form, said
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import done, render_document, render_form
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

PART_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("amount", lazy("Money"), "money", place="amount"),
    Column("write_off", lazy("Written off"), "money"),
    Column("why", lazy("Because of")),
)
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)
SPREADS = (
    Option("oldest", lazy("To the oldest invoices first")),
    Option("account", lazy("On account for now")),
)
WHY = {
    "discount": lazy("early payment"),
    "bank_charges": lazy("bank charges"),
    "tolerance": lazy("tolerance"),
    "tax_withheld": lazy("tax withheld"),
}


def bank_line_detail(request: HttpRequest, line_id: str) -> HttpResponse:
    """One line: what the bank says, what matching proposes and why, and what was decided."""
    caller = caller_of(request)
    row = seen_line(caller, line_id)
    may = caller.authority.allows("bank.write", row.entity_id)
    page = DocumentPage(
        _("Bank line"),
        format_money(Money(row.amount, row.currency)),
        STATES[BankLineStatus(row.status)],
        party=Cell(row.counterparty_name or _("Unknown payer"), sub=row.counterparty_iban),
        actions=_steps(row) if may else (),
        facts=_facts(row),
        sections=_proposals(row, may),
        timeline=timeline_of([row.id], current=row.id),
        notices=(Notice(row.match_reason, Tone.INFO),)
        if row.status == BankLineStatus.OPEN and row.match_reason
        else (),
        crumbs=(
            Crumb(_("Bank"), reverse("bank_line_list")),
            Crumb(_("Statement"), reverse("bank_statement_detail", args=[public("bank_statement", row.statement_id)])),
        ),
    )
    return render_document(request, page)


def _facts(row: LineRow) -> tuple[KeyValue, ...]:
    payment = Cell(row.payment_number, address_of("payment", row.payment_id)) if row.payment_id else None
    facts = (
        KeyValue(_("Text"), row.remittance),
        KeyValue(_("Booked"), row.booked_on),
        KeyValue(_("Value"), row.value_on if row.value_on != row.booked_on else None),
        KeyValue(_("End-to-end id"), row.end_to_end_id),
        KeyValue(_("Charges of the bank"), Money(row.charges, row.currency) if row.charges else None),
        KeyValue(_("Payment"), payment),
    )
    return tuple(fact for fact in facts if fact.value)


def _steps(row: LineRow) -> tuple[Action, ...]:
    key = public("bank_line", row.id)
    found: list[Action] = []
    if BANK_LINE.allows("match", row.status) and row.amount > 0:
        url = reverse("bank_line_by_hand", args=[key])
        found.append(Action.link(_("Say who paid"), url, primary=not row.proposals, key="h"))
    if BANK_LINE.allows("ignore", row.status):
        url = reverse("bank_line_ignore", args=[key])
        found.append(Action(_("Ignore"), url, fields=(replace(REASON, value=_("No payment of a customer")),), key="i"))
    if BANK_LINE.allows("take_up", row.status):
        found.append(Action(_("Take up again"), reverse("bank_line_take_up", args=[key]), fields=(REASON,)))
    if BANK_LINE.allows("unmatch", row.status):
        words = _("The payment is reversed, and the line waits for a decision again.")
        url = reverse("bank_line_unmatch", args=[key])
        found.append(Action(_("Undo the match"), url, "danger", confirm=words, fields=(REASON,)))
    return tuple(found)


def _proposals(row: LineRow, may: bool) -> tuple[Section, ...]:
    if row.status != BankLineStatus.OPEN:
        return ()
    names = customers_by_id(key for one in row.proposals if isinstance(key := one.customer_id, UUID))
    url = reverse("bank_line_apply", args=[public("bank_line", row.id)])
    found = []
    for place, one in enumerate(row.proposals):
        payer = names.get(one.customer_id) if isinstance(one.customer_id, UUID) else None
        title = _("%(place)s. %(sure)s %% sure: %(payer)s") % {
            "place": place + 1,
            "sure": one.confidence,
            "payer": payer.name if payer else "",
        }
        tone: Any = "secondary" if place else "primary"
        apply = Action(_("Apply"), url, tone, hidden={"proposal": str(place)}, key=str(place + 1))
        table = Table(
            PART_COLUMNS, tuple(_part(part, row.currency) for part in one.allocations), empty=_("No invoice.")
        )
        found.append(Section(title, table, text=_words(one, row.currency), actions=(apply,) if may else ()))
    if not found:
        found.append(Section(_("Proposals"), text=_("None. Say who paid, or ignore the line.")))
    return tuple(found)


def _words(one: Proposal, currency: str) -> str:
    reasons = " ".join(one.reasons)
    if not one.unapplied:
        return reasons
    rest = _("%(amount)s stays on account.") % {"amount": format_money(Money(one.unapplied, currency))}
    return f"{reasons} {rest}"


def _part(part: ProposedAllocation, currency: str) -> Row:
    key = part.invoice_id
    cells: dict[str, Any] = {
        "invoice": part.number,
        "amount": Money(part.amount, currency),
        "write_off": Money(part.write_off, currency) if part.write_off else None,
        "why": WHY[part.write_off_reason] if part.write_off_reason else "",
    }
    return Row(part.number, cells, address_of("invoice", key) if isinstance(key, UUID) else "")


def _next(row: LineRow) -> str:
    """Where the next decision waits; the list where there is none."""
    key = queries.next_open_line(row.account_id, but=row.id)
    return reverse("bank_line_detail", args=[public("bank_line", key)]) if key else reverse("bank_line_list")


@require_POST
def bank_line_apply(request: HttpRequest, line_id: str) -> HttpResponse:
    """Apply a proposal of a line."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    place = request.POST.get("proposal", "0")

    def apply() -> Outcome:
        decision = Decision(row.id, int(place) if place.isdecimal() and len(place) < 3 else 99)
        require_write_off(caller, row, decision)
        actions.apply_matches([decision], now=caller.now, actor=caller.actor)
        number = queries.line(row.id).payment_number
        return Outcome(_next(row), _("The line is %(number)s.") % {"number": number})

    return act(request, reverse("bank_line_detail", args=[line_id]), apply)


def bank_line_by_hand(request: HttpRequest, line_id: str) -> HttpResponseBase:
    """Say which customer paid, and what it settles."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    chosen = request.GET.get("customer", "")
    name = customer(key_of("customer", chosen)).name if chosen else ""
    fields = (
        Field("customer", _("Customer"), "lookup", lookup=reverse("customer_options"), value=chosen, lookup_label=name),
        Field("spread", _("Put it"), "radio", options=SPREADS, value="oldest"),
    )
    page = FormPage(
        _("Who paid %(amount)s?") % {"amount": format_money(Money(row.amount, row.currency))},
        request.path,
        (FieldSet(row.counterparty_name or _("Unknown payer"), fields, row.remittance),),
        _("Apply"),
        reverse("bank_line_detail", args=[line_id]),
        intro=_("The payer's account is remembered: the next payment from it is known."),
        crumbs=(Crumb(_("Bank"), reverse("bank_line_list")),),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _apply_by_hand(caller, row, read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _apply_by_hand(caller: Caller, row: LineRow, read: Reading) -> Outcome:
    payer = key_of("customer", read.text("customer"))
    found = open_invoices(customer_id=payer, entity_id=row.entity_id, currency=row.currency)
    put: tuple[tuple[UUID, Decimal, Decimal], ...] = ()
    if read.text("spread") == "oldest" and row.amount > 0:
        plan = plan_allocation(Money(row.amount, row.currency), found)
        put = tuple((one.invoice_id, one.amount.amount, Decimal(0)) for one in plan.allocations)
    decision = Decision(row.id, customer_id=payer, allocations=put)
    actions.apply_matches([decision], now=caller.now, actor=caller.actor)
    number = queries.line(row.id).payment_number
    return Outcome(_next(row), _("The line is %(number)s.") % {"number": number})


def _reason(request: HttpRequest) -> str:
    return said(request.POST, "reason")


@require_POST
def bank_line_ignore(request: HttpRequest, line_id: str) -> HttpResponse:
    """Say that a line is no payment of a customer."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")

    def ignore() -> Outcome:
        actions.ignore_lines([row.id], reason=_reason(request), now=caller.now, actor=caller.actor)
        return Outcome(_next(row), _("The line is ignored."))

    return act(request, reverse("bank_line_detail", args=[line_id]), ignore)


@require_POST
def bank_line_take_up(request: HttpRequest, line_id: str) -> HttpResponse:
    """Take an ignored line up again."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    back = reverse("bank_line_detail", args=[line_id])

    def take_up() -> Outcome:
        actions.take_up_lines([row.id], reason=_reason(request), now=caller.now, actor=caller.actor)
        return Outcome(back, _("The line waits for a decision."))

    return act(request, back, take_up)


@require_POST
def bank_line_unmatch(request: HttpRequest, line_id: str) -> HttpResponse:
    """Undo the match of a line."""
    caller = caller_of(request)
    row = seen_line(caller, line_id, "bank.write")
    back = reverse("bank_line_detail", args=[line_id])
    today: date = caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)

    def unmatch() -> Outcome:
        actions.unmatch_lines([row.id], reason=_reason(request), today=today, now=caller.now, actor=caller.actor)
        return Outcome(back, _("The match is undone, and its payment reversed."))

    return act(request, back, unmatch)
