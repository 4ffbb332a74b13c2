"""Why an amount is what it is: the page, opened beside any amount that has a derivation."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.flow.report.explain.rules import EXPLAINED, Source
from cashline.kernel.identifiers import public
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DerivationPage
from cashline.platform.pages.components import Cell, KeyValue, Label
from cashline.platform.pages.render import render_derivation
from cashline.platform.pages.threads import address_of


def explain_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The derivation of a document's amount."""
    found = explain(public_id)
    require_visible(caller_of(request), "reports.read", entity_of(found), found.kind, found.id)
    told = replace(found.derivation, note=found.words(get_language() or "en"))
    sources = tuple(KeyValue(_word(one.kind), Cell(one.label, _address(one))) for one in found.sources)
    page = DerivationPage(found.title, Money(found.amount, found.currency), told, sources=sources)
    return render_derivation(request, page)


KINDS = {
    "agreement": lazy("Contract"),
    "agreement_line": lazy("Clause"),
    "customer": lazy("Customer"),
    "delivery": lazy("Delivery"),
    "invoice": lazy("Invoice"),
    "journal_entry": lazy("Journal entry"),
    "obligation": lazy("Allocated price"),
    "product": lazy("Product"),
    "quote": lazy("Quote"),
    "revenue_arrangement": lazy("Revenue contract"),
    "revenue_posting": lazy("Revenue"),
    "arrangement_posting": lazy("Revenue"),
    "subscription": lazy("Subscription"),
}


def _address(one: Source) -> str:
    """Where a source is to be seen; a line of a contract among its lines, an allocated price by its own derivation."""
    if one.kind in EXPLAINED and not address_of(one.kind, one.id):
        return reverse("explain", args=[public(one.kind, one.id)])
    address = address_of(*(one.seen_at or (one.kind, one.id)))
    return f"{address}#lines" if address and one.kind == "agreement_line" else address


def _word(kind: str) -> Label:
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


URLS = [path("explain/<str:public_id>/", explain_page, name="explain")]
