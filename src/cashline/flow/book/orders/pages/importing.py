"""Importing orders from a file: every error with its row, then a preview, then the booking of that very file."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cashline.flow.book.orders import actions
from cashline.flow.book.orders.actions import FILE_KIND, PlacedOrder
from cashline.flow.book.orders.pages.entry import company, company_field
from cashline.flow.book.orders.pages.listing import address
from cashline.flow.book.orders.rules.csv_order import MAX_BYTES, NEEDED, OPTIONAL
from cashline.flow.book.orders.rules.lifecycle import OrderSource
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound, Refusal, Refusals
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.documents.queries import StoredContent
from cashline.platform.documents.queries import file as stored_file
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import (
    Cell,
    Column,
    Crumb,
    Notice,
    Option,
    Pill,
    Row,
    Step,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field, FieldError, FieldSet, errors_of, read_form
from cashline.platform.pages.render import done, render_form

FORMATS = (Option("csv", lazy("CSV: one row a line")), Option("ubl", lazy("UBL 2.1 Order (XML)")))
MOST_ROWS = 500
ERROR_COLUMNS = (
    Column("row", lazy("Row"), "number", place="amount"),
    Column("problem", lazy("What is wrong, and what to do"), place="title"),
)
ORDER_COLUMNS = (
    Column("order", lazy("Order"), place="title"),
    Column("lines", lazy("Lines"), "number"),
    Column("outcome", lazy("Would be"), "pill", place="state"),
    Column("total", lazy("Net total"), "money", place="amount"),
)


def _form(caller: Caller) -> FieldSet:
    return FieldSet(
        lazy("File"),
        (
            company_field(caller, "orders.import"),
            Field("format", lazy("Format"), "choice", options=FORMATS, value="csv", width="half"),
            Field("file", lazy("File"), "file", accept=".csv,.txt,.xml"),
        ),
        _("A CSV file names its columns in the first row. Needed: %(needed)s. Possible: %(possible)s.")
        % {"needed": ", ".join(NEEDED), "possible": ", ".join(OPTIONAL)},
    )


def order_import(request: HttpRequest) -> HttpResponseBase:
    """Choose a file and see what it holds; nothing is booked before the next step."""
    caller = caller_of(request)
    caller.require("orders.import")
    page = FormPage(
        _("Import orders"),
        request.path,
        (_form(caller),),
        _("Check the file"),
        reverse("order_list"),
        crumbs=(Crumb(_("Orders"), reverse("order_list")),),
        steps=(Step(_("Choose a file"), "current"), Step(_("Look at it"), "waiting"), Step(_("Booked"), "waiting")),
    )
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    upload: Any = request.FILES.get("file")
    errors = read.errors
    if upload is None:
        errors = (*errors, FieldError("file", _("Choose a file."), "missing"))
    elif upload.size > MAX_BYTES:
        errors = (*errors, FieldError("file", _("The file is larger than 20 MB."), "file_too_large"))
    if not errors:
        try:
            entity = company(caller, read.text("entity"), "orders.import")
            return _keep(request, caller, entity, OrderSource(read.text("format")), upload)
        except Refusal as refusal:
            return render_form(request, replace(page, values=read.raw, **_wrong(refusal)))
    return render_form(request, replace(page, values=read.raw, errors=errors))


def _keep(request: HttpRequest, caller: Caller, entity: Entity, source: OrderSource, upload: Any) -> HttpResponse:
    """Keep a file that is right, so that the booking takes the same bytes, and go on to look at it."""
    data = upload.read()
    actions.import_orders(data, source=source, preview=True, **_how(caller, entity))
    kept = actions.keep_file(data, source=source, entity_id=entity.id, file_name=upload.name or "", now=caller.now)
    return done(request, reverse("order_import_look", args=[public("file", kept)]), _("The file has no errors."))


def order_import_look(request: HttpRequest, file_id: str) -> HttpResponse:
    """What booking a file would come to."""
    caller = caller_of(request)
    stored, entity, source = _kept(caller, file_id)
    placed = actions.import_orders(stored.content, source=source, preview=True, **_how(caller, entity))
    fresh = sum(not one.duplicate for one in placed)
    notice = Notice(ngettext("%s order would be booked.", "%s orders would be booked.", fresh) % fresh, Tone.SUCCESS)
    if not fresh:
        notice = Notice(_("All orders of this file were booked before."), Tone.WARNING)
    page = FormPage(
        _("Import orders"),
        reverse("order_import_book", args=[file_id]),
        (),
        ngettext("Book %s order", "Book %s orders", fresh) % fresh,
        reverse("order_import"),
        crumbs=(Crumb(_("Orders"), reverse("order_list")),),
        steps=(Step(_("Choose a file"), "done"), Step(_("Look at it"), "current"), Step(_("Booked"), "waiting")),
        intro=f"{stored.file.file_name} · {entity.name}",
        aside=(Section(_("Orders of the file"), Table(ORDER_COLUMNS, tuple(map(_order, placed[:MOST_ROWS])))),),
        aside_notices=(notice,),
    )
    return render_form(request, page)


@require_POST
def order_import_book(request: HttpRequest, file_id: str) -> HttpResponse:
    """Book the orders of the file that was looked at."""
    caller = caller_of(request)

    def book() -> Outcome:
        stored, entity, source = _kept(caller, file_id)
        placed = actions.import_orders(stored.content, source=source, file_id=stored.file.id, **_how(caller, entity))
        fresh = [one for one in placed if not one.duplicate]
        url = address(fresh[0].order_id) if len(fresh) == 1 and fresh[0].order_id else reverse("order_list")
        return Outcome(url, ngettext("%s order is booked.", "%s orders are booked.", len(fresh)) % len(fresh))

    return act(request, reverse("order_import"), book)


def _kept(caller: Caller, file_id: str) -> tuple[StoredContent, Entity, OrderSource]:
    """A file that was kept for import, where the caller may import for its legal entity; raises NotFound."""
    caller.require("orders.import")
    stored = stored_file(key_of("file", file_id))
    if stored.file.kind != FILE_KIND or not caller.authority.allows("orders.import", stored.file.subject_id):
        raise NotFound("There is no such file.", field="file")
    source = OrderSource.UBL if stored.file.media_type.endswith("xml") else OrderSource.CSV
    return stored, entities_by_id([stored.file.subject_id])[stored.file.subject_id], source


def _how(caller: Caller, entity: Entity) -> dict[str, Any]:
    return {
        "entity_id": entity.id,
        "today": caller.today(entity.timezone),
        "now": caller.now,
        "actor": caller.actor,
        "max_discount": caller.authority.discount_authority(entity.id),
    }


def _order(placed: PlacedOrder) -> Row:
    outcome: Pill = Pill(_("Booked before"), Tone.NEUTRAL) if placed.duplicate else pill(placed.status)
    cells: dict[str, Any] = {
        "order": Cell(placed.number or _("New order"), sub=placed.hold_reason),
        "lines": len(placed.lines),
        "outcome": outcome,
        "total": Money(placed.net_total, placed.currency),
    }
    return Row(placed.number, cells)


def _wrong(refusal: Refusal) -> dict[str, Any]:
    """Everything that is wrong with a file: one sentence above the form, and a table of all errors beside it."""
    found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
    if len(found) == 1 and not found[0].data.get("row"):
        return {"errors": (replace(errors_of(refusal)[0], field="file"),)}
    rows = tuple(
        Row(
            str(index),
            {"row": one.data.get("row"), "problem": Cell(one.message, sub=one.fix)},
            tone=Tone.DANGER,
        )
        for index, one in enumerate(found)
    )
    sentence = _("Nothing is booked. Mend the %s errors in the file and choose it again.") % len(found)
    return {
        "errors": (FieldError("file", sentence, refusal.code),),
        "aside": (Section(_("What is wrong with the file"), Table(ERROR_COLUMNS, rows)),),
    }
