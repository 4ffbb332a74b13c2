"""Why an amount is what it is: the page, opened beside any amount that has a derivation."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from cashline.flow.report.explain.queries import entity_of, explain
from cashline.kernel.money import Money
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import DerivationPage
from cashline.platform.pages.render import render_derivation


def explain_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The derivation of a document's amount."""
    found = explain(public_id)
    caller_of(request).require("reports.read", entity_of(found))
    return render_derivation(
        request, DerivationPage(found.title, Money(found.amount, found.currency), found.derivation)
    )


URLS = [path("explain/<str:public_id>/", explain_page, name="explain")]
