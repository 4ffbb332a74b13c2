"""Letters that were sent, and the next run as it would be: who is reminded, and why the others are not."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.receive.collections import actions, queries
from cashline.flow.receive.collections.actions import NEXT, NextQuestion, NextReminder, NextRun
from cashline.flow.receive.collections.jobs import reminder_words
from cashline.flow.receive.collections.queries import LetterFilter, LetterRow, ReminderRow
from cashline.flow.receive.collections.rules import SkipReason
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import Entity
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import act
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
    SummaryRow,
    Table,
    Tone,
    View,
    pill,
)
from cashline.platform.pages.formats import format_day, format_number, with_instant
from cashline.platform.pages.render import render_counting, render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of
from cashline.platform.snapshots.actions import look
from cashline.platform.snapshots.rules import Shown

COLUMNS = (
    Column("customer", lazy("Customer"), sort=True, place="title"),
    Column("level", lazy("Level"), "pill", place="state"),
    Column("invoices", lazy("Invoices")),
    Column("sent_on", lazy("Sent"), "date", sort=True),
    Column("mail", lazy("Mail"), "pill"),
    Column("total", lazy("Asked for"), "money", sort=True, place="amount"),
    Column("email", lazy("To"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Customer or address")),
    Filter.choice("level", lazy("Level"), tuple(Option(str(level), str(level)) for level in range(1, 10))),
    Filter.dates("sent_on", lazy("Sent")),
)
NEXT_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("customer", lazy("Customer")),
    Column("due", lazy("Due"), "date"),
    Column("late", lazy("Days late"), "number"),
    Column("state", lazy("Today"), "pill", place="state"),
    Column("open", lazy("Open"), "money"),
    Column("asked", lazy("Asked for"), "money", place="amount"),
)
LINE_COLUMNS = (
    Column("invoice", lazy("Invoice"), "code", place="title"),
    Column("level", lazy("Level"), "pill", place="state"),
    Column("due", lazy("Due"), "date"),
    Column("late", lazy("Days late"), "number"),
    Column("asked", lazy("Asked for"), "money", place="amount"),
    Column("open", lazy("Open now"), "money"),
)
SKIPPED = {
    SkipReason.NOT_YET: Pill(lazy("Not yet"), Tone.NEUTRAL),
    SkipReason.ON_HOLD: Pill(lazy("On hold"), Tone.INFO),
    SkipReason.DISPUTED: Pill(lazy("Disputed"), Tone.WARNING),
    SkipReason.PROMISED: Pill(lazy("Promised"), Tone.INFO),
    SkipReason.IN_FLIGHT: Pill(lazy("Payment under way"), Tone.INFO),
    SkipReason.ALL_SENT: Pill(lazy("All reminders sent"), Tone.DANGER),
    SkipReason.BELOW_MINIMUM: Pill(lazy("Below the minimum"), Tone.NEUTRAL),
}


def views(current: str) -> tuple[View, ...]:
    """The tabs of reminders."""
    return tuple(
        View(words, reverse(name), name == current)
        for name, words in (
            ("reminder_list", _("Sent")),
            ("reminder_preview", _("Next run")),
            ("promise_list", _("Promises")),
            ("reminder_policy_list", _("Ladders")),
        )
    )


def level_pill(level: int) -> Pill:
    """The rung of the ladder."""
    tone = Tone.INFO if level == 1 else Tone.WARNING if level == 2 else Tone.DANGER
    return Pill(_("Level %(level)s") % {"level": level}, tone)


def reminder_list(request: HttpRequest) -> HttpResponseBase:
    """Letters that were sent."""
    caller = caller_of(request)
    caller.require("collections.read")

    def fetch(ask: ListAsk) -> RowPage:
        sent = ask.date_range("sent_on")
        chosen = LetterFilter(
            words=ask.text(),
            entities=caller.entities("collections.read"),
            levels=[int(level) for level in ask.choices("level")],
            sent_from=sent.start,
            sent_to=sent.end,
        )
        page = queries.list_letters(ask.page, chosen)
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    upcoming = Action.link(_("See the next run"), reverse("reminder_preview"), icon="eye", primary=True, key="n")
    empty = Empty(_("No reminder was sent yet"), _("They go out by themselves each business day."), upcoming, "bell")
    page = ListPage(
        _("Reminders"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        views=views("reminder_list"),
        actions=(upcoming,),
        filename="reminders",
    )
    return render_list(request, page)


def _row(row: LetterRow) -> Row:
    key = public("reminder", row.id)
    cells: dict[str, Any] = {
        "customer": row.customer_name,
        "level": level_pill(row.level),
        "invoices": ", ".join(row.invoices[:3]) + (" …" if len(row.invoices) > 3 else ""),
        "sent_on": row.sent_on,
        "mail": pill(row.mail_status) if row.mail_status else None,
        "total": Money(row.total, row.currency),
        "email": row.email,
    }
    return Row(key, cells, reverse("reminder_detail", args=[key]))


def reminder_detail(request: HttpRequest, reminder_id: str) -> HttpResponse:
    """One letter, as it was sent."""
    caller = caller_of(request)
    row = queries.letter(key_of("reminder", reminder_id))
    require_visible(caller, "collections.read", row.entity_id, "reminder", row.id)
    lines = queries.reminders_of(letter_ids=[row.id])
    words = reminder_words(row.id)
    page = DocumentPage(
        _("Reminder"),
        format_day(row.sent_on),
        level_pill(row.level),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        facts=(
            KeyValue(_("To"), row.email),
            KeyValue(_("Subject"), words.subject),
            KeyValue(_("Mail"), pill(row.mail_status) if row.mail_status else None),
            KeyValue(_("Legal entity"), row.entity_code),
        ),
        sections=(
            Section(_("Invoices"), Table(LINE_COLUMNS, tuple(_line(line, row.currency) for line in lines))),
            Section(_("The letter"), text=words.text),
        ),
        summary=(SummaryRow(_("Asked for"), Money(row.total, row.currency), total=True),),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Reminders"), reverse("reminder_list")),),
    )
    return render_document(request, page)


def _line(line: ReminderRow, currency: str) -> Row:
    cells: dict[str, Any] = {
        "invoice": line.invoice_number,
        "level": level_pill(line.level),
        "due": line.due_on,
        "late": line.days_overdue,
        "asked": Money(line.amount, currency),
        "open": Money(line.open_amount, currency),
    }
    return Row(str(line.id), cells, address_of("invoice", line.invoice_id))


def _today(caller: Caller, owners: list[Entity]) -> date:
    return caller.today(owners[0].timezone if len(owners) == 1 else "UTC")


def reminder_preview(request: HttpRequest) -> HttpResponseBase:
    """The next run without the sending: every overdue invoice, and what happens to it on the next business day."""
    caller = caller_of(request)
    caller.require("collections.read")
    owners = caller.own_entities("collections.read")
    today = _today(caller, owners)
    asked = NextQuestion(tuple(one.id for one in owners))
    if "format" in request.GET:
        shown = Shown(actions.preview_next(asked, today, most=None), caller.now)
    else:
        zone = owners[0].timezone if len(owners) == 1 else "UTC"
        counted = look(NEXT, asked, timezone=zone, now=caller.now, actor=caller.actor)
        if counted is None:
            return render_counting(request, _("The next reminders"), views("reminder_preview"))
        shown = counted
    run = shown.answer

    def fetch(_ask: ListAsk) -> RowPage:
        return RowPage(tuple(_next(one) for one in run.invoices), total=run.total)

    may = caller.authority.allows("collections.write") and run.letters
    count = run.letters
    sure = ngettext("One letter goes out.", "%(count)s letters go out.", count) % {"count": count}
    rests = _("Today is no business day.") if run.day != today else ""
    send = Action(_("Send now"), reverse("reminder_send"), "primary", confirm=sure, icon="send", refused=rests)
    page = ListPage(
        _("The next reminders"),
        NEXT_COLUMNS,
        fetch,
        empty=Empty(_("Nothing is overdue"), icon="bell"),
        views=views("reminder_preview"),
        actions=(send,) if may else (),
        stats=_stats(run),
        notices=_notices(run, today),
        subtitle=with_instant(_("What would be sent, and why the rest would not."), shown),
        filename="next-reminders",
    )
    return render_list(request, page)


def _notices(run: NextRun, today: date) -> tuple[Notice, ...]:
    found = []
    if run.day != today:
        words = _("Today is no business day: the next reminders go out on %(day)s.") % {"day": format_day(run.day)}
        found.append(Notice(words, Tone.INFO))
    if run.unreachable:
        words = _("Nobody to write to: %(names)s. Give them an e-mail address.") % {"names": ", ".join(run.unreachable)}
        found.append(Notice(words, Tone.WARNING))
    if run.total > len(run.invoices):
        told = {"shown": format_number(len(run.invoices)), "total": format_number(run.total)}
        found.append(Notice(_("The first %(shown)s of %(total)s invoices; the file has them all.") % told))
    return tuple(found)


def _stats(run: NextRun) -> tuple[Stat, ...]:
    money = tuple(Stat(_("Asked for in %(currency)s") % {"currency": one.currency}, one) for one in run.asked)
    return (Stat(_("Letters"), run.letters), *money)


def _next(one: NextReminder) -> Row:
    cells: dict[str, Any] = {
        "invoice": one.number,
        "customer": one.customer_name,
        "due": one.due_on,
        "late": one.days_late,
        "state": level_pill(one.level) if one.level else SKIPPED[one.skipped or SkipReason.NOT_YET],
        "open": one.open,
        "asked": one.asked,
    }
    return Row(public("invoice", one.invoice_id), cells, address_of("invoice", one.invoice_id))


@require_POST
def reminder_send(request: HttpRequest) -> HttpResponse:
    """Send what is due now."""
    caller = caller_of(request)
    caller.require("collections.write")

    def send() -> Outcome:
        owners = caller.own_entities("collections.write")
        run = actions.send_reminders(
            today=_today(caller, owners), now=caller.now, actor=caller.actor, entity_ids=[one.id for one in owners]
        )
        count = len(run.letter_ids)
        words = ngettext("%(count)s letter is on its way.", "%(count)s letters are on their way.", count)
        return Outcome(reverse("reminder_list"), words % {"count": count})

    return act(request, reverse("reminder_preview"), send)
