"""The event log: every state change, who did it and why, with its place in the hash-chained feed."""

from datetime import UTC, datetime, time
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.kernel.identifiers import PREFIXES, key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.doors.caller import caller_of
from cashline.platform.events import queries
from cashline.platform.events.queries import SealedEvent
from cashline.platform.events.rules import RecordedEvent
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import DateRange, ListAsk
from cashline.platform.pages.components import (
    Cell,
    CellValue,
    Column,
    Filter,
    KeyValue,
    Option,
    Pill,
    Row,
    Table,
    Tone,
)
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of

COLUMNS = (
    Column("type", gettext_lazy("What"), place="title"),
    Column("time", gettext_lazy("When"), "datetime"),
    Column("actor", gettext_lazy("Who")),
    Column("objects", gettext_lazy("Touches")),
    Column("reason", gettext_lazy("Why"), place="hidden"),
    Column("id", gettext_lazy("Id"), only_export=True),
)
_PREFIX_OF = {prefix: kind for kind, prefix in PREFIXES.items()}


def event_list(request: HttpRequest) -> HttpResponseBase:
    """The log, newest first; a public id among the words finds what touched that document."""
    caller_of(request).require("platform.read")

    def fetch(ask: ListAsk) -> RowPage:
        words, object_id = _object_in(ask.text())
        days = ask.date_range("time")
        page = queries.find_events(
            ask.page,
            types=ask.choices("type"),
            words=words,
            object_id=object_id,
            since=_midnight(days, "start"),
            before=_midnight(days, "end"),
        )
        return RowPage(tuple(_row(event) for event in page.items), page.next_cursor)

    types = tuple(Option(name, name) for name in queries.event_types())
    page = ListPage(
        _("Events"),
        COLUMNS,
        fetch,
        (
            Filter.search(_("What, who, why, or the id of a document")),
            Filter.choice("type", _("What"), types),
            Filter.dates("time", _("When")),
        ),
        empty=Empty(_("Nothing has happened yet"), icon="activity"),
        filename="events",
        subtitle=_("Every change of state leaves one row, which nothing can rewrite."),
    )
    return render_list(request, page)


def _object_in(text: str) -> tuple[str, UUID | None]:
    """The words without the public id that stands among them, and the key behind it."""
    rest, found = [], None
    for word in text.split():
        kind = _PREFIX_OF.get(word.partition("_")[0])
        try:
            found = key_of(kind, word) if kind and found is None else found
            if kind is None:
                rest.append(word)
        except NotFound:
            rest.append(word)
    return " ".join(rest), found


def _midnight(days: DateRange, end: str) -> datetime | None:
    day = getattr(days, end)
    return datetime.combine(day, time.min, UTC) if day else None


def _row(event: RecordedEvent) -> Row:
    touched = ", ".join(dict.fromkeys(kind.replace("_", " ") for kind in event.object_types))
    number = str(event.data.get("number", ""))
    key = public("event", event.id)
    cells: dict[str, CellValue] = {
        "type": Cell(event.type, sub=number),
        "time": event.time,
        "actor": event.actor,
        "objects": touched,
        "reason": event.reason,
        "id": key,
    }
    return Row(key, cells, reverse("event_detail", args=[key]))


def event_detail(request: HttpRequest, event_id: str) -> HttpResponse:
    """One event: what it touched, what it says, and the block that seals it."""
    caller_of(request).require("platform.read")
    found = queries.sealed_event(key_of("event", event_id))
    event = found.event
    page = DocumentPage(
        _("Event"),
        event.type,
        Pill(_("Sealed"), Tone.SUCCESS) if found.block else Pill(_("Not sealed yet"), Tone.INFO),
        facts=(
            KeyValue(_("When"), event.time, _("by the clock of the company")),
            KeyValue(_("Recorded"), found.recorded_at, _("by the machine's own time")),
            KeyValue(_("Who"), event.actor),
            KeyValue(_("Why"), event.reason or None),
        ),
        sections=(_objects(event), _data(event), _seal(found)),
    )
    return render_document(request, page)


def _objects(event: RecordedEvent) -> Section:
    rows = []
    for kind, key, role in zip(event.object_types, event.object_ids, event.object_roles, strict=True):
        text = public(kind, key) if kind in PREFIXES else str(key)
        cells: dict[str, CellValue] = {"id": text, "kind": kind.replace("_", " "), "role": role}
        rows.append(Row(f"{text}-{role}", cells, _document_url(kind, key)))
    columns = (
        Column("id", _("Document"), "code", place="title"),
        Column("kind", _("Kind")),
        Column("role", _("Role")),
    )
    return Section(_("What it touched"), Table(columns, tuple(rows)))


def _data(event: RecordedEvent) -> Section:
    facts = tuple(
        KeyValue(name.replace("_", " "), value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for name, value in event.data.items()
    )
    return Section(_("What it says"), facts=facts, text="" if facts else _("Nothing more."))


def _seal(found: SealedEvent) -> Section:
    if found.block is None or found.number is None:
        return Section(_("Seal"), text=_("It gets its number and its block within a minute."))
    facts = (
        KeyValue(_("Number in the feed"), found.number),
        KeyValue(_("Block"), found.block.number),
        KeyValue(_("Hash of the block"), found.block.hash),
        KeyValue(_("Hash of the block before"), found.block.previous_hash or _("the first block has none before it")),
    )
    return Section(_("Seal"), facts=facts, folded=True)


def _document_url(kind: str, key: UUID) -> str:
    """The page of a document of that type; empty where it has none."""
    names = {"webhook_endpoint": "webhook", "outbox_message": "outbox"}
    return address_of(names.get(kind, kind), key) if kind in PREFIXES else ""
