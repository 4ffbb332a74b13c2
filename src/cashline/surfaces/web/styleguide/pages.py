"""The addresses of the style page; they answer in sandboxes alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform.doors.caller import Caller
from cashline.platform.pages import render
from cashline.platform.pages.components import Option, Pill, Tone
from cashline.platform.pages.shell import Brand, NavItem, PortalFrame
from cashline.surfaces.web.styleguide import documents, figures, forms, lists

type Answerer = Callable[[HttpRequest], HttpResponseBase]


class CreditLimitPassed(Refusal):
    """The example of a refusal."""

    code = "credit_limit_passed"


def in_sandboxes(answer: Answerer) -> Answerer:
    """Answer as if there were no such page where the database is not a sandbox."""

    @wraps(answer)
    def answered(request: HttpRequest) -> HttpResponseBase:
        caller: Caller | None = getattr(request, "caller", None)
        if caller is None or not caller.clock.sandbox:
            return render.render_refusal(request, NotFound("There is no such page."))
        return answer(request)

    return answered


def index(request: HttpRequest) -> HttpResponse:
    """Every small component on one page."""
    context: dict[str, Any] = {
        "tones": tuple(Pill(tone.value.capitalize(), tone) for tone in Tone),
        "invoice": documents.invoice(),
        "order": documents.held_order(),
        "board": figures.BOARD,
        "form": forms.quote(errors=True),
    }
    return render.render_page(request, "styleguide.html", context)


def board(request: HttpRequest) -> HttpResponse:
    """The overview."""
    return render.render_board(request, figures.BOARD)


def a_list(request: HttpRequest) -> HttpResponseBase:
    """The list."""
    return render.render_list(request, lists.invoices())


def document(request: HttpRequest) -> HttpResponse:
    """The invoice, or the held order (`?kind=order`)."""
    page = documents.held_order() if request.GET.get("kind") == "order" else documents.invoice()
    return render.render_document(request, page)


def form(request: HttpRequest) -> HttpResponse:
    """The quote; posting it, or `?errors=1`, shows its errors."""
    return render.render_form(request, forms.quote(errors=request.method == "POST" or "errors" in request.GET))


def upload(request: HttpRequest) -> HttpResponse:
    """The file."""
    return render.render_form(request, forms.upload())


def derivation(request: HttpRequest) -> HttpResponse:
    """Why an amount is what it is."""
    return render.render_derivation(request, documents.derivation())


def refusal(request: HttpRequest) -> HttpResponse:
    """A refusal as a page."""
    refused = CreditLimitPassed(
        "ORD-2026-001182 passes the credit limit of Großmann & Söhne KG by €1,480.00.",
        fix="Release it with a reason, raise the limit, or wait for a payment.",
    )
    return render.render_refusal(request, refused)


def login(request: HttpRequest) -> HttpResponse:
    """The log-in."""
    return render.render_page(request, "login.html", {"errors": ()})


def portal(request: HttpRequest) -> HttpResponse:
    """The customer's side in a legal entity's colours."""
    brand = Brand("Cashline Demo GmbH", "#0f766e", address=("Cashline Demo GmbH", "Speicherstraße 1, 20457 Hamburg"))
    nav = (
        NavItem("Invoices", "/styleguide/portal/", "receipt-text"),
        NavItem("Quotes", "/styleguide/quotes/", "file-pen"),
        NavItem("Orders", "/styleguide/orders/", "truck"),
    )
    return render.render_document(request, documents.invoice(), portal=PortalFrame(brand, nav, "/styleguide/portal/"))


def options(request: HttpRequest) -> HttpResponse:
    """What the lookup finds."""
    words = request.GET.get("q", "").lower()
    found = tuple(Option(f"cus_{place}", name) for place, name in enumerate(lists.CUSTOMERS) if words in name.lower())
    return render.render_options(request, found)


_PAGES: tuple[tuple[str, str, Answerer], ...] = (
    ("", "styleguide", index),
    ("board/", "styleguide_board", board),
    ("list/", "styleguide_list", a_list),
    ("document/", "styleguide_document", document),
    ("form/", "styleguide_form", form),
    ("upload/", "styleguide_upload", upload),
    ("derivation/", "styleguide_derivation", derivation),
    ("refusal/", "styleguide_refusal", refusal),
    ("login/", "styleguide_login", login),
    ("portal/", "styleguide_portal", portal),
    ("options/", "styleguide_options", options),
)
URLS: list[URLPattern] = [path(f"styleguide/{tail}", in_sandboxes(answer), name=name) for tail, name, answer in _PAGES]
