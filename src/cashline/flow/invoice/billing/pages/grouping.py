"""The customers whose invoices are combined or split by a rule of their own, and setting it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.invoice.billing import actions
from cashline.flow.invoice.billing.queries.grouping import GroupingRow, list_groupings
from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.kernel.identifiers import key_of, public
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import read_dialog, take_step
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Crumb, Filter, Option, Row
from cashline.platform.pages.fields import Field
from cashline.platform.pages.render import render_list
from cashline.platform.pages.threads import address_of

WORDS = {
    GroupBy.AGREEMENT: lazy("An invoice for each contract"),
    GroupBy.CUSTOMER: lazy("All of a day on one invoice"),
    GroupBy.PURCHASE_ORDER: lazy("An invoice for each order reference"),
    GroupBy.SUBSCRIPTION: lazy("An invoice for each subscription"),
}
RULES = tuple(Option(rule.value, words) for rule, words in WORDS.items())
COLUMNS = (
    Column("customer", lazy("Customer"), sort=True, place="title"),
    Column("rule", lazy("On one invoice"), place="state"),
)
FILTERS = (Filter.choice("rule", lazy("On one invoice"), RULES),)


def _fields() -> tuple[Field, ...]:
    return (
        Field("customer", _("Customer"), "lookup", lookup=reverse("customer_options")),
        Field("rule", _("On one invoice"), "choice", options=RULES, value=GroupBy.CUSTOMER.value),
    )


def invoice_grouping_list(request: HttpRequest) -> HttpResponseBase:
    """The customers with a rule of their own."""
    caller = caller_of(request)
    caller.require("billing.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = list_groupings(ask.page, rules=ask.choices("rule"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    steps: tuple[Action, ...] = ()
    if caller.authority.allows("billing.run"):
        url = reverse("invoice_grouping_set")
        steps = (Action(_("Set a rule"), url, "primary", fields=_fields(), icon="pencil", key="n"),)
    empty = Empty(
        _("Every contract has its own invoices"),
        _("A customer may want all of a day on one invoice, or an invoice for each order reference or subscription."),
        None,
        "layers",
    )
    page = ListPage(
        _("Combined and split invoices"),
        COLUMNS,
        fetch,
        FILTERS,
        empty=empty,
        actions=steps,
        crumbs=(Crumb(_("Bill runs"), reverse("bill_run_list")),),
        subtitle=_("Whatever the rule: one legal entity, one currency and one term of payment an invoice."),
        filename="invoice-groupings",
    )
    return render_list(request, page)


def _row(row: GroupingRow) -> Row:
    cells: dict[str, Any] = {
        "customer": Cell(row.customer_name, sub=row.customer_number),
        "rule": WORDS[GroupBy(row.group_by)],
    }
    return Row(public("customer", row.customer_id), cells, address_of("customer", row.customer_id))


@require_POST
def invoice_grouping_set(request: HttpRequest) -> HttpResponse:
    """Set what runs put on one invoice of a customer."""
    caller = caller_of(request)
    caller.require("billing.run")

    def step() -> None:
        read = read_dialog(request, *_fields())
        key, rule = key_of("customer", read.text("customer")), GroupBy(read.text("rule"))
        actions.set_invoice_grouping(customer_id=key, group_by=rule, now=caller.now, actor=caller.actor)

    return take_step(request, reverse("invoice_grouping_list"), str(_("It holds for the next run.")), step)
