"""The console's pages of commitments: the list, one with its burn-down, and making one."""

from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.commitments import actions, queries
from cashline.flow.invoice.commitments.api import seen
from cashline.flow.invoice.commitments.queries import CommitmentRow
from cashline.flow.invoice.commitments.rules import COMMITMENT, Drawn, NewCommitment, burn_down
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Chart,
    Column,
    Crumb,
    Filter,
    KeyValue,
    Option,
    Pill,
    Row,
    Series,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import address_of
from cashline.platform.pages.timelines import timeline_of

STATES = {"active": Pill(lazy("Active"), Tone.SUCCESS), "cancelled": Pill(lazy("Cancelled"))}
OVER = Pill(lazy("Over"), Tone.INFO)
COLUMNS = (
    Column("name", lazy("Name"), place="title"),
    Column("customer", lazy("Customer")),
    Column("state", lazy("State"), "pill", place="state"),
    Column("starts_on", lazy("From"), "date"),
    Column("ends_on", lazy("Until"), "date", sort=True),
    Column("drawn", lazy("Drawn"), "money"),
    Column("amount", lazy("Committed"), "money", sort=True, place="amount"),
)
FILTERS = (
    Filter.search(lazy("Customer")),
    Filter.choice("status", lazy("State"), tuple(Option(key, pill.label) for key, pill in STATES.items())),
)
BILLS = (Column("invoice", lazy("Invoice"), place="title"), Column("left", lazy("Not credited"), "money"))
WHY = Field("reason", lazy("Why"), "textarea", max_length=1000)


def _fields() -> tuple[Field, ...]:
    return (
        Field("customer", _("Customer"), "lookup", lookup=reverse("customer_options")),
        Field("entity", _("Legal entity"), max_length=8, placeholder="DE01", width="quarter"),
        Field("currency", _("Currency"), max_length=3, placeholder="EUR", width="quarter"),
        Field("amount", _("At least"), "decimal", least=0, width="half"),
        Field("name", _("Name"), max_length=200, hint=_("The invoice states it.")),
        Field("starts_on", _("From"), "date", width="half"),
        Field("ends_on", _("Until"), "date", hint=_("Not on that day."), width="half"),
        Field("plans", _("Only plans"), required=False, hint=_("Codes, with commas between; empty: everything.")),
    )


def commitment_list(request: HttpRequest) -> HttpResponseBase:
    """Commitments with what is drawn of them."""
    caller = caller_of(request)
    caller.require("billing.read")
    today = caller.today()

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_commitments(
            ask.page,
            entity_ids=caller.entities("billing.read"),
            statuses=ask.choices("status"),
            words=ask.text(),
        )
        drawn = {one.id: one for one in queries.drawn_of(page.items)}
        return RowPage(tuple(_row(row, drawn[row.id], today) for row in page.items), page.next_cursor)

    steps: tuple[Action, ...] = ()
    if caller.authority.allows("billing.run"):
        url = reverse("commitment_new")
        steps = (Action(_("New commitment"), url, "primary", fields=_fields(), icon="plus", key="n"),)
    empty = Empty(
        _("No commitments yet"),
        _("A customer promises a least amount in a term: what is billed draws it down, its end bills the rest."),
        None,
        "gauge",
    )
    page = ListPage(
        _("Commitments"), COLUMNS, fetch, FILTERS, empty=empty, actions=steps, filename="commitments"
    )  # fmt: skip
    return render_list(request, page)


def _state(row: CommitmentRow, today: date) -> Pill:
    return OVER if row.status == "active" and row.ends_on <= today else STATES[row.status]


def _row(row: CommitmentRow, found: Drawn, today: date) -> Row:
    cells: dict[str, Any] = {
        "name": row.name,
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "state": _state(row, today),
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "drawn": Money(found.drawn, row.currency),
        "amount": Money(row.amount, row.currency),
    }
    key = public("commitment", row.id)
    return Row(key, cells, reverse("commitment_detail", args=[key]))


def commitment_detail(request: HttpRequest, commitment_id: str) -> HttpResponse:
    """One commitment: what is drawn, where the pace leads, and what its end billed."""
    caller = caller_of(request)
    row = seen(caller, commitment_id)
    today = caller.today()
    (found,) = queries.drawn_of([row])
    bills = tuple(
        Row(
            str(one.line_id),
            {"invoice": _("Rest of the commitment"), "left": Money(one.left, row.currency)},
            address_of("invoice", one.invoice_id),
        )
        for one in found.trued_up
    )
    sections = [Section(_("Burn-down"), chart=_chart(row))]
    if bills:
        sections.append(Section(_("Billed at the end"), Table(BILLS, bills)))
    page = DocumentPage(
        _("Commitment"),
        row.name,
        _state(row, today),
        party=Cell(row.customer_name, address_of("customer", row.customer_id)),
        actions=_steps(row, found, commitment_id, caller, today),
        stats=_stats(found, row.currency, today),
        facts=(
            KeyValue(_("From"), row.starts_on),
            KeyValue(_("Until"), row.ends_on),
            KeyValue(_("Legal entity"), row.entity_code),
            KeyValue(_("Only plans"), ", ".join(row.plans) or _("everything")),
        ),
        sections=tuple(sections),
        timeline=timeline_of([row.id], current=row.id),
        crumbs=(Crumb(_("Commitments"), reverse("commitment_list")),),
    )
    return render_document(request, page)


def _chart(row: CommitmentRow) -> Chart:
    """What was left at the end of each month in which something was drawn."""
    months = queries.drawn_by_month(row)
    left = [row.amount - drawn for drawn in accumulate(net for _month, net in months)]
    return Chart(
        _("What was left"),
        "area",
        _("The rest of the commitment after each month."),
        (row.starts_on.isoformat(), *(month.isoformat() for month, _net in months)),
        (Series(_("Left"), (row.amount, *left)),),
        unit=row.currency,
        height=200,
    )


def _stats(found: Drawn, currency: str, today: date) -> tuple[Stat, ...]:
    pace = burn_down(found, today)
    of_term = _("%(share)s %% of the term is over.") % {"share": f"{pace.share_of_term:f}"}
    drawn = _("%(share)s %%") % {"share": f"{pace.share_drawn:f}"}
    stats = [
        Stat(_("Committed"), Money(found.amount, currency)),
        Stat(_("Drawn"), Money(found.drawn, currency), hint=drawn),
        Stat(_("Left"), Money(found.left, currency), hint=of_term),
    ]
    if found.ends_on > today:
        tone = Tone.WARNING if pace.projected_true_up else Tone.NEUTRAL
        rest = Money(pace.projected_true_up, currency)
        stats.append(Stat(_("Its end would bill"), rest, hint=_("At the pace so far."), tone=tone))
    return tuple(stats)


def _steps(row: CommitmentRow, found: Drawn, key: str, caller: Caller, today: date) -> tuple[Action, ...]:
    if not COMMITMENT.allows("cancel", row.status) or not caller.authority.allows("billing.run", row.entity_id):
        return ()
    steps = []
    if row.ends_on <= today and found.left != found.billed:
        steps.append(Action(_("Bill the rest"), reverse("commitment_true_up", args=[key]), "primary", icon="check"))
    steps.append(Action(_("Cancel"), reverse("commitment_cancel", args=[key]), "danger", fields=(WHY,)))
    return tuple(steps)


@require_POST
def commitment_new(request: HttpRequest) -> HttpResponse:
    """Record what a customer commits to."""
    caller = caller_of(request)
    caller.require("billing.run")

    def step() -> None:
        read = read_dialog(request, *_fields())
        entity = entity_by_code(read.text("entity").upper())
        caller.require("billing.run", entity.id)
        new = NewCommitment(
            entity.id,
            key_of("customer", read.text("customer")),
            read.text("currency").upper(),
            read.text("name"),
            read.decimal("amount") or Decimal(0),
            read.day("starts_on") or date.max,
            read.day("ends_on") or date.min,
            tuple(code.strip() for code in read.text("plans").split(",") if code.strip()),
        )
        actions.make_commitments([new], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("commitment_list"), str(_("What is billed draws it down.")), step)


@require_POST
def commitment_true_up(request: HttpRequest, commitment_id: str) -> HttpResponse:
    """Bill what is left of a commitment that is over."""
    caller = caller_of(request)
    row = seen(caller, commitment_id, "billing.run")

    def step() -> None:
        actions.true_up_commitments([row.id], now=caller.now, actor=caller.actor)

    return take_step(request, reverse("commitment_detail", args=[commitment_id]), str(_("The rest is billed.")), step)


@require_POST
def commitment_cancel(request: HttpRequest, commitment_id: str) -> HttpResponse:
    """Release a customer from a commitment."""
    caller = caller_of(request)
    row = seen(caller, commitment_id, "billing.run")

    def step() -> None:
        reason = read_dialog(request, WHY).text("reason")
        actions.cancel_commitment(commitment_id=row.id, reason=reason, now=caller.now, actor=caller.actor)

    return take_step(
        request, reverse("commitment_detail", args=[commitment_id]), str(_("Its end bills nothing.")), step
    )


URLS = [
    path("commitments/", commitment_list, name="commitment_list"),
    path("commitments/new/", commitment_new, name="commitment_new"),
    path("commitments/<str:commitment_id>/", commitment_detail, name="commitment_detail"),
    path("commitments/<str:commitment_id>/true-up/", commitment_true_up, name="commitment_true_up"),
    path("commitments/<str:commitment_id>/cancel/", commitment_cancel, name="commitment_cancel"),
]
