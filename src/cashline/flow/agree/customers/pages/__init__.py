"""The console's pages of customers: the list, the document, its steps, and what look-up fields offer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cashline.flow.agree.customers import actions, queries
from cashline.flow.agree.customers.pages.forms import customer_edit, customer_new, locale_name
from cashline.flow.agree.customers.queries import AddressRow, CustomerRow
from cashline.flow.agree.customers.rules import CUSTOMER, CustomerStatus, countries
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.periods import timezones
from cashline.platform.documents.letterheads import address_lines
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Column,
    Filter,
    KeyValue,
    Option,
    Row,
    View,
    pill,
)
from cashline.platform.pages.fields import Field, said
from cashline.platform.pages.render import render_document, render_list, render_options
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in CustomerStatus)
COLUMNS = (
    Column("number", _("Number"), "code", sort=True),
    Column("name", _("Name"), sort=True, place="title"),
    Column("status", _("State"), "pill", sort=True, place="state"),
    Column("country", _("Country"), sort=True),
    Column("currency", _("Currency"), sort=True),
    Column("terms", _("Payment terms"), "number"),
    Column("created_at", _("Since"), "date", sort=True, place="hidden"),
    Column("email", _("E-mail"), only_export=True),
    Column("tax_id", _("Tax number"), only_export=True),
    Column("reference", _("Their reference"), only_export=True),
)
FILTERS = (Filter.search(_("Number, name, e-mail or tax number")), Filter.choice("status", _("State"), STATUSES))


def address(customer_id: UUID) -> str:
    """The page of a customer."""
    return reverse("customer_detail", args=[public("customer", customer_id)])


def customer_list(request: HttpRequest) -> HttpResponseBase:
    """All customers."""
    caller = caller_of(request)
    caller.require("customers.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_customers(ask.page, words=ask.text(), statuses=ask.choices("status"))
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    new = Action.link(_("New customer"), reverse("customer_new"), icon="plus", primary=True, key="n")
    may = caller.authority.allows("customers.write")
    empty = Empty(_("No customers yet"), _("Customers buy by quote or by order."), new if may else None, "building-2")
    page = ListPage(
        _("Customers"), COLUMNS, fetch, FILTERS, "name", empty, actions=(new,) if may else (), filename="customers"
    )
    return render_list(request, page)


def _row(row: CustomerRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "name": row.name,
        "status": pill(row.status),
        "country": countries().get(row.country, row.country),
        "currency": row.currency,
        "terms": row.payment_terms_days,
        "created_at": row.created_at,
        "email": row.email,
        "tax_id": row.tax_id,
        "reference": row.external_reference or "",
    }
    return Row(public("customer", row.id), cells, address(row.id))


def customer_detail(request: HttpRequest, customer_id: str) -> HttpResponse:
    """One customer."""
    caller = caller_of(request)
    caller.require("customers.read")
    row = queries.customer(key_of("customer", customer_id))
    addresses = queries.addresses_of([row.id])[row.id]
    may = caller.authority.allows("customers.write")
    page = DocumentPage(
        _("Customer"),
        row.name,
        pill(row.status),
        subtitle=row.number,
        tabs=_tabs(row, request.path),
        actions=_steps(row) if may else (),
        facts=_facts(row),
        sections=tuple(Section(_ADDRESS_WORDS[role], text="\n".join(_lines(one))) for role, one in addresses.items()),
        timeline=timeline_of([row.id], current=row.id)[-50:],
    )
    return render_document(request, page)


def _tabs(row: CustomerRow, here: str) -> tuple[View, ...]:
    """The customer, and the lists of the later stages that show its documents alone."""
    words = urlencode({"q": row.number})
    lists = (
        (_("Quotes"), "quotes"),
        (_("Contracts"), "contracts"),
        (_("Orders"), "orders"),
        (_("Subscriptions"), "subscriptions"),
        (_("Invoices"), "invoices"),
        (_("Payments"), "payments"),
    )
    shown = (View(label, f"/{place}/?{words}") for label, place in lists)
    return (View(_("Customer"), here, True), *shown, View(_("Credit"), f"/credit/{public('customer', row.id)}/"))


_ADDRESS_WORDS = {"bill_to": _("Bill to"), "ship_to": _("Ship to")}


def _lines(one: AddressRow) -> tuple[str, ...]:
    parts = {name: getattr(one, name) for name in ("street", "postcode", "city", "region", "country")}
    return ((one.name,) if one.name else ()) + address_lines(**parts, locale=get_language() or "en")


def _facts(row: CustomerRow) -> tuple[KeyValue, ...]:
    checked = _("check digits proven") if row.tax_id_checked else _("not checked") if row.tax_id else ""
    facts = (
        KeyValue(_("E-mail"), row.email),
        KeyValue(_("Phone"), row.phone),
        KeyValue(_("Country"), countries().get(row.country, row.country)),
        KeyValue(_("Currency"), row.currency),
        KeyValue(_("Tax number"), row.tax_id, checked),
        KeyValue(_("Payment terms"), _("%(days)s days") % {"days": row.payment_terms_days}),
        KeyValue(_("Time zone"), row.timezone),
        KeyValue(_("Language"), locale_name(row.locale)),
        KeyValue(_("Their reference"), row.external_reference or ""),
    )
    return tuple(fact for fact in facts if fact.value)


def _steps(row: CustomerRow) -> tuple[Action, ...]:
    """The next steps that the customer's state allows."""
    made = [Action.link(_("Edit"), reverse("customer_edit", args=[public("customer", row.id)]), icon="pencil", key="e")]
    if row.status == CustomerStatus.ACTIVE:
        quote = f"{reverse('quote_new')}?customer={public('customer', row.id)}"
        made.insert(0, Action.link(_("New quote"), quote, icon="file-pen", primary=True, key="q"))
    words = {"block": _("Block"), "unblock": _("Unblock"), "close": _("Close")}
    reason = Field("reason", _("Reason"), "textarea", max_length=1000)
    for verb in CUSTOMER.verbs(row.status):
        url = reverse(f"customer_{verb}", args=[public("customer", row.id)])
        made.append(Action(words[verb], url, "secondary" if verb == "unblock" else "danger", fields=(reason,)))
    return tuple(made)


def _step_page(verb: str, sentence: Any) -> Callable[[HttpRequest, str], HttpResponse]:
    step = {
        "block": actions.block_customers,
        "unblock": actions.unblock_customers,
        "close": actions.close_customers,
    }[verb]

    @require_POST
    def page(request: HttpRequest, customer_id: str) -> HttpResponse:
        caller = caller_of(request)
        caller.require("customers.write")
        key = key_of("customer", customer_id)
        reason = request.POST.get("reason", "").strip()[:1000]
        return take_step(
            request, address(key), str(sentence), lambda: step([key], reason=reason, now=caller.now, actor=caller.actor)
        )

    return page


def timezone_options(request: HttpRequest) -> HttpResponse:
    """Time zones whose name holds the typed letters."""
    caller_of(request).require("customers.read")
    words = request.GET.get("q", "").strip().lower().replace(" ", "_")[:50]
    found = [zone for zone in sorted(timezones()) if words in zone.lower()][:20]
    return render_options(request, tuple(Option(zone, zone) for zone in found))


def customer_options(request: HttpRequest) -> HttpResponse:
    """Active customers that fit the typed letters, for fields that look one up."""
    caller_of(request).require("customers.read")
    words = said(request.GET, "q", 100)
    page = queries.list_customers(
        ListAsk(sort="name", size=12).page, words=words, statuses=[CustomerStatus.ACTIVE.value]
    )
    return render_options(
        request,
        tuple(
            Option(public("customer", row.id), row.name, f"{row.number} · {row.country} · {row.currency}")
            for row in page.items
        ),
    )


URLS = [
    path("customers/", customer_list, name="customer_list"),
    path("customers/new/", customer_new, name="customer_new"),
    path("customers/options/", customer_options, name="customer_options"),
    path("customers/time-zones/", timezone_options, name="timezone_options"),
    path("customers/<str:customer_id>/", customer_detail, name="customer_detail"),
    path("customers/<str:customer_id>/edit/", customer_edit, name="customer_edit"),
    *(
        path(f"customers/<str:customer_id>/{verb}/", _step_page(verb, sentence), name=f"customer_{verb}")
        for verb, sentence in (
            ("block", _("The customer is blocked.")),
            ("unblock", _("The customer is active again.")),
            ("close", _("The relation has ended.")),
        )
    ),
]
