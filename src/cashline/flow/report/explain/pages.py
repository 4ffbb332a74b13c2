"""Why an amount is what it is: the page, opened beside any amount that has a derivation."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import DerivationPage
from cashline.platform.pages.components import Crumb
from cashline.platform.pages.render import render_derivation
from cashline.platform.pages.threads import address_of


def explain_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The derivation of a document's amount."""
    found = explain(public_id)
    require_visible(caller_of(request), "reports.read", entity_of(found), found.kind, found.id)
    sources = ((one.label, address_of(one.kind, one.id)) for one in found.sources)
    crumbs = tuple(Crumb(label, address) for label, address in sources if address)
    page = DerivationPage(found.title, Money(found.amount, found.currency), found.derivation, crumbs)
    return render_derivation(request, page)


URLS = [path("explain/<str:public_id>/", explain_page, name="explain")]
