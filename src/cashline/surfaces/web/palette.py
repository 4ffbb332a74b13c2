"""The command palette: one field that finds documents, customers and products, starts new ones, and goes to places."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.flow.report.finding import queries
from cashline.flow.report.finding.rules import LONGEST, Found
from cashline.kernel.money import Money
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.pages.components import Label, pill
from cashline.platform.pages.fields import said
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import render_page
from cashline.platform.pages.threads import address_of
from cashline.surfaces.web.shell import address, groups_for

MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer of the palette."""

    label: Label
    url: str
    icon: str = "file-text"
    hint: Label = ""


KINDS: dict[str, tuple[Label, str]] = {
    "customer": (gettext_lazy("Customers"), "building-2"),
    "quote": (gettext_lazy("Quotes"), "file-pen"),
    "agreement": (gettext_lazy("Contracts"), "file-signature"),
    "order": (gettext_lazy("Orders"), "shopping-cart"),
    "shipment": (gettext_lazy("Shipments"), "truck"),
    "subscription": (gettext_lazy("Subscriptions"), "repeat"),
    "installation": (gettext_lazy("Installations"), "wrench"),
    "invoice": (gettext_lazy("Invoices"), "receipt-text"),
    "credit_note": (gettext_lazy("Credit notes"), "file-minus"),
    "payment": (gettext_lazy("Payments"), "hand-coins"),
    "product": (gettext_lazy("Products"), "tag"),
}
STARTS: tuple[tuple[Label, str, str, str], ...] = (
    (gettext_lazy("New quote"), "quote_new", "quotes.write", "file-pen"),
    (gettext_lazy("New customer"), "customer_new", "customers.write", "building-2"),
    (gettext_lazy("New order"), "order_new", "orders.write", "shopping-cart"),
    (gettext_lazy("Subscribe a customer to a plan"), "life_new", "subscriptions.write", "repeat"),
    (gettext_lazy("New plan"), "plan_new", "catalog.write", "layers"),
    (gettext_lazy("New bill run"), "bill_run_new", "billing.run", "play"),
    (gettext_lazy("New payment"), "payment_new", "payments.write", "hand-coins"),
    (gettext_lazy("Import a bank statement"), "bank_import", "bank.write", "landmark"),
    (gettext_lazy("New product"), "product_new", "catalog.write", "tag"),
)
"""What can be started from anywhere: the words, the name of the address, the permission and the icon."""


def palette(request: HttpRequest) -> HttpResponse:
    """What fits the typed words (`?q=`): what they find, what they start, where they lead; without words, all of it."""
    words = said(request.GET, "q", LONGEST)
    caller = caller_of(request)
    found: list[tuple[Label, list[Entry]]] = list(_documents(caller, words)) if words else []
    found.append((_("Start"), _starts(caller, words.lower())))
    found.append((_("Go to"), _places(caller, words.lower())))
    return render_page(request, "parts/palette.html", {"groups": found})


def _documents(caller: Caller, words: str) -> Iterable[tuple[Label, list[Entry]]]:
    readable = {
        kind: caller.entities(permission)
        for kind, permission in queries.PERMISSIONS.items()
        if caller.authority.allows(permission)
    }
    entries: dict[str, list[Entry]] = {}
    for one in queries.find(words, readable=readable):
        if url := address_of(one.kind, one.id):
            entries.setdefault(one.kind, []).append(_entry(one, url))
    return [(KINDS[kind][0], found) for kind, found in entries.items()]


def _entry(one: Found, url: str) -> Entry:
    icon = KINDS[one.kind][1]
    named = one.kind in ("customer", "product")
    label, other = (one.title, one.number) if named else (one.number, one.title)
    worth = format_money(Money(one.amount, one.currency)) if one.amount is not None else ""
    state = "" if named and one.status == "active" else str(pill(one.status).label)
    return Entry(label, url, icon, " · ".join(part for part in (other, worth, state) if part))


def _starts(caller: Caller, words: str) -> list[Entry]:
    return [
        Entry(label, address(name), icon)
        for label, name, permission, icon in STARTS
        if words in str(label).lower() and address(name) and caller.authority.allows(permission)
    ]


def _places(caller: Caller, words: str) -> list[Entry]:
    places = [
        Entry(item.label, item.url, item.icon, str(group.label) or "")
        for group in groups_for(caller.authority)
        for item in group.items
        if words in str(item.label).lower() or words in str(group.label).lower()
    ]
    return places if not words else places[:MOST_PLACES]
