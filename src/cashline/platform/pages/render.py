"""Pages to answers: each function takes the request and a frozen page; it gives the page, or htmx its part."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from cashline.kernel.refusals import Refusal
from cashline.platform.pages.anatomies import BoardPage, DerivationPage, DocumentPage, FormPage, ListPage, Section
from cashline.platform.pages.asking import ListAsk, chips, read_ask
from cashline.platform.pages.components import KeyValue, Notice, Option, View
from cashline.platform.pages.export import all_rows, csv_lines, xlsx_file
from cashline.platform.pages.fields import errors_of
from cashline.platform.pages.shell import PortalFrame
from cashline.platform.pages.speaking import gettext as _

COUNTING_SECONDS = 2
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    *,
    portal: PortalFrame | None = None,
) -> HttpResponse:
    """Any template in the console's frame, or in the portal's where one is given.

    A part for htmx and a whole page share an address, so caches are told apart.
    """
    text = render_to_string(template, {**context, "portal": portal}, request=request)
    answer = HttpResponse(text, status=status)
    patch_vary_headers(answer, ["HX-Request", "HX-Target", "Cookie"])
    answer["Cache-Control"] = "private, no-cache"
    return answer


def swaps(request: HttpRequest, target: str) -> bool:
    """Does htmx ask for this part alone? Going back in the browser asks for the whole page."""
    headers = request.headers
    return headers.get("HX-Target") == target and "HX-History-Restore-Request" not in headers


def render_list(request: HttpRequest, page: ListPage, *, portal: PortalFrame | None = None) -> HttpResponseBase:
    """The list as the address asks for it: a page, its rows alone for htmx, or a file (`format=csv` or `xlsx`)."""
    shown = tuple(column for column in page.columns if not column.only_export)
    ask = read_ask(request.GET, page.columns, page.filters, default_sort=page.default_sort, size=page.page_size)
    wanted = request.GET.get("format", "")
    if wanted in page.exports and not ask.errors:
        return _export(page, ask, wanted)
    rows = page.fetch(ask)
    context = {"page": page, "columns": shown, "ask": ask, "rows": rows, "chips": chips(ask, page.filters)}
    return render_page(
        request, "parts/list_body.html" if swaps(request, "list") else "list.html", context, portal=portal
    )


def _export(page: ListPage, ask: ListAsk, wanted: str) -> HttpResponseBase:
    rows = all_rows(page.fetch, ask)
    answer: HttpResponseBase
    if wanted == "xlsx":
        answer = FileResponse(xlsx_file(page.columns, rows), content_type=_XLSX)
    else:
        answer = StreamingHttpResponse(csv_lines(page.columns, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{page.filename}.{wanted}"'
    return answer


def render_document(request: HttpRequest, page: DocumentPage, *, portal: PortalFrame | None = None) -> HttpResponse:
    """A document; to htmx asking for `document`, its body alone."""
    template = "parts/document_body.html" if swaps(request, "document") else "document.html"
    return render_page(request, template, {"page": page}, portal=portal)


def render_form(request: HttpRequest, page: FormPage, *, portal: PortalFrame | None = None) -> HttpResponse:
    """A form; with errors the answer is 422, and htmx gets the form alone."""
    template = "parts/form_body.html" if swaps(request, "form") else "form.html"
    status = 422 if page.errors else 200
    unplaced = {error.field for error in page.errors} - _places(page)
    by_field = {error.field: error for error in reversed(page.errors)}
    context = {"page": page, "by_field": by_field, "unplaced": unplaced}
    return render_page(request, template, context, status, portal=portal)


def render_aside(request: HttpRequest, sections: tuple[Section, ...], notices: tuple[Notice, ...] = ()) -> HttpResponse:
    """What stands beside a form, made anew while it is typed."""
    return render_page(request, "parts/form_aside.html", {"sections": sections, "aside_notices": notices})


def _places(page: FormPage) -> set[str]:
    names = {one.name for fieldset in page.fieldsets for one in fieldset.fields}
    if page.lines:
        names |= {f"{page.lines.name}-{i}-{one.name}" for i in range(len(page.lines.rows)) for one in page.lines.fields}
    return names


def render_board(request: HttpRequest, page: BoardPage) -> HttpResponse:
    """An overview of figures, stages and charts."""
    return render_page(request, "board.html", {"page": page})


def render_counting(request: HttpRequest, title: str, views: tuple[View, ...] = ()) -> HttpResponse:
    """A page whose figures the worker is still reading: it says so, and asks again by itself."""
    context = {"page": BoardPage(title, views=views), "refresh_seconds": COUNTING_SECONDS}
    return render_page(request, "counting.html", context)


def render_derivation(request: HttpRequest, page: DerivationPage, *, portal: PortalFrame | None = None) -> HttpResponse:
    """Why an amount is what it is; to htmx asking for `drawer`, the inside of the drawer alone."""
    template = "parts/derivation_body.html" if swaps(request, "drawer-body") else "derivation.html"
    return render_page(request, template, {"page": page}, portal=portal)


def render_options(request: HttpRequest, options: tuple[Option, ...]) -> HttpResponse:
    """What a lookup field offers for the letters typed so far."""
    return render_page(request, "parts/options.html", {"options": options})


def render_refusal(
    request: HttpRequest,
    refusal: Refusal,
    *,
    back_url: str = "",
    portal: PortalFrame | None = None,
    helpers: tuple[KeyValue, ...] = (),
) -> HttpResponse:
    """An expected 'no': a page (with `helpers`, who can do it), or for htmx a short answer, shown as a toast."""
    back = back_url or _back(request)
    context = {"refusals": errors_of(refusal), "status": refusal.status, "back_url": back, "helpers": helpers}
    part = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    template = "parts/refusal_body.html" if part else "error.html"
    return render_page(request, template, context, refusal.status, portal=portal)


def _back(request: HttpRequest) -> str:
    """Where the person came from, if it was here; else the start."""
    here = f"{request.scheme}://{request.get_host()}/"
    came_from = request.headers.get("Referer", "")
    return came_from if came_from.startswith(here) and came_from != request.build_absolute_uri() else "/"


def done(request: HttpRequest, url: str, sentence: str) -> HttpResponse:
    """After an action: go to the page that shows its outcome, which says the sentence once."""
    messages.success(request, sentence)
    if "HX-Request" in request.headers:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return HttpResponseRedirect(url)


def refused(request: HttpRequest, url: str, refusal: Refusal) -> HttpResponse:
    """After a refused action of a document page: back to it, which says why and what to do."""
    found = errors_of(refusal)
    for one in found:
        messages.error(request, f"{one.message} {one.fix}".strip() if one.fix else one.message, extra_tags=one.code)
    if not found:
        messages.error(request, _("This was refused."))
    if "HX-Request" in request.headers:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return HttpResponseRedirect(url)
