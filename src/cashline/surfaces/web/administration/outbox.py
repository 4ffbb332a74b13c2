"""The outbox: what was sent to the outside, what waits, and what a person must decide."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Conflict
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.outbox import queries
from cashline.platform.outbox.queries import AttemptRow, MessageRow
from cashline.platform.outbox.sending import settle_unknown
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    Filter,
    KeyValue,
    Label,
    Notice,
    Option,
    Pill,
    Row,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.render import render_document, render_list

STATES: dict[str, tuple[Label, Tone]] = {
    "pending": (gettext_lazy("Waiting"), Tone.INFO),
    "sending": (gettext_lazy("Being sent"), Tone.ACCENT),
    "sent": (gettext_lazy("Sent"), Tone.SUCCESS),
    "unknown": (gettext_lazy("Unknown"), Tone.WARNING),
    "overtaken": (gettext_lazy("Overtaken"), Tone.NEUTRAL),
    "dead": (gettext_lazy("Given up"), Tone.DANGER),
}
COLUMNS = (
    Column("kind", gettext_lazy("Message"), place="title"),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("attempts", gettext_lazy("Attempts"), "number"),
    Column("detail", gettext_lazy("Last answer"), place="hidden"),
    Column("created", gettext_lazy("Queued"), "ago", sort=True),
    Column("at", gettext_lazy("Sent, or next try"), "datetime", place="hidden"),
    Column("key", gettext_lazy("Key"), only_export=True),
)


def message_pill(status: str) -> Pill:
    """The state of a message in words."""
    label, tone = STATES.get(status, (status, Tone.NEUTRAL))
    return Pill(label, tone)


def outbox_list(request: HttpRequest) -> HttpResponseBase:
    """All messages, newest first."""
    caller_of(request).require("platform.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.find_messages(ask.page, words=ask.text(), statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    counts = queries.message_counts()
    here = reverse("outbox_list")
    stats = tuple(
        Stat(STATES[status][0], counts.get(status, 0), f"{here}?status={status}", tone=tone)
        for status, tone in (("pending", Tone.NEUTRAL), ("unknown", Tone.WARNING), ("dead", Tone.DANGER))
    )
    page = ListPage(
        _("Outbox"),
        COLUMNS,
        fetch,
        (
            Filter.search(_("Kind or key")),
            Filter.choice("status", _("State"), tuple(Option(name, label) for name, (label, _t) in STATES.items())),
        ),
        "-created",
        empty=Empty(_("Nothing was sent yet"), _("Mails, webhooks and provisioning calls stand here."), icon="send"),
        stats=stats,
        filename="outbox",
        subtitle=_("Every effect outside Cashline leaves through here, once for each key."),
    )
    return render_list(request, page)


def _row(row: MessageRow) -> Row:
    cells: dict[str, CellValue] = {
        "key": row.key,
        "kind": Cell(kind_label(row.kind), sub=_short(row.key), title=row.key),
        "state": message_pill(row.status),
        "attempts": row.attempts,
        "detail": row.last_detail[:120],
        "created": row.created_at,
        "at": row.sent_at or (row.next_attempt_at if row.status == "pending" else None),
    }
    return Row(public("outbox_message", row.id), cells, _url(row.id))


def kind_label(kind: str) -> str:
    """A kind of message in words."""
    return kind.replace("_", " ").capitalize()


def _short(key: str) -> str:
    """The end of a key, by which one tells messages of a kind apart."""
    rest = key.partition(":")[2] or key
    return rest if len(rest) <= 20 else f"…{rest[-16:]}"


def _url(key: UUID, name: str = "outbox_detail") -> str:
    return reverse(name, args=[public("outbox_message", key)])


def outbox_detail(request: HttpRequest, message_id: str) -> HttpResponse:
    """One message with every attempt, and what it carries."""
    caller_of(request).require("platform.read")
    row = queries.message(key_of("outbox_message", message_id))
    page = DocumentPage(
        kind_label(row.kind),
        _short(row.key),
        message_pill(row.status),
        actions=_steps(row),
        notices=_notices(row),
        facts=(
            KeyValue(_("Key"), row.key),
            KeyValue(_("Queued"), row.created_at),
            KeyValue(_("Attempts"), row.attempts),
            KeyValue(_("Sent") if row.sent_at else _("Next try"), row.sent_at or row.next_attempt_at),
        ),
        sections=(_attempts(queries.attempts_of(row.id)), _payload(queries.payload_of(row.id))),
    )
    return render_document(request, page)


def _notices(row: MessageRow) -> tuple[Notice, ...]:
    if row.status == "unknown":
        text = _("Sending was interrupted, and nobody can tell from here whether it left.")
        fix = _("Look at the receiver's side; then say what came of it. Until then it is not sent again.")
        return (Notice(text, Tone.WARNING, fix),)
    if row.status == "dead":
        return (Notice(_("It was given up after its last attempt."), Tone.DANGER, row.last_detail[:400]),)
    return ()


def _steps(row: MessageRow) -> tuple[Action, ...]:
    if row.status not in ("unknown", "dead"):
        return ()
    url = _url(row.id, "outbox_settle")
    risk = _("If it did arrive, the receiver gets it twice.") if row.status == "unknown" else ""
    again = Action(_("Send it again"), url, confirm=risk, hidden={"was_sent": ""}, icon="rotate-ccw")
    sent = Action(_("It was sent"), url, "primary", hidden={"was_sent": "1"}, icon="check")
    return (again, sent)


def _attempts(attempts: list[AttemptRow]) -> Section:
    rows = tuple(
        Row(
            str(number),
            {
                "at": one.at,
                "outcome": message_pill(one.outcome) if one.outcome != "failed" else Pill(_("Failed"), Tone.DANGER),
                "answer": Cell(str(one.status_code or ""), sub=one.detail[:400]),
                "took": one.milliseconds,
            },
        )
        for number, one in enumerate(attempts)
    )
    columns = (
        Column("at", _("When"), "datetime", place="title"),
        Column("outcome", _("Outcome"), "pill", place="state"),
        Column("answer", _("Answer")),
        Column("took", _("Milliseconds"), "number"),
    )
    return Section(_("Attempts"), Table(columns, rows, empty=_("Not tried yet.")))


def _payload(payload: dict[str, object]) -> Section:
    facts = tuple(KeyValue(name.replace("_", " "), str(value)[:2000]) for name, value in sorted(payload.items()))
    return Section(_("What it carries"), facts=facts, text="" if facts else _("Nothing but its key."), folded=True)


@require_POST
def outbox_settle(request: HttpRequest, message_id: str) -> HttpResponse:
    """Say what came of an interrupted message."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("outbox_message", message_id)
    was_sent = request.POST.get("was_sent") == "1"

    def step() -> Outcome:
        queries.message(key)
        if not settle_unknown(message_id=key, was_sent=was_sent, now=caller.now, actor=caller.actor):
            raise Conflict(_("It is no longer unknown or given up; somebody was quicker."), field="id")
        return Outcome(_url(key), _("It is kept as sent.") if was_sent else _("It is sent again within a minute."))

    return act(request, _url(key), step)
