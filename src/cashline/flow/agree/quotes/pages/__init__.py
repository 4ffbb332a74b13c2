"""The console's pages of quotes."""

from django.urls import path

from cashline.flow.agree.quotes.pages.builder import quote_edit, quote_edit_preview, quote_new, quote_preview
from cashline.flow.agree.quotes.pages.document import quote_detail, quote_line_why, quote_pdf
from cashline.flow.agree.quotes.pages.listing import quote_list
from cashline.flow.agree.quotes.pages.steps import STEPS, step_page

URLS = [
    path("quotes/", quote_list, name="quote_list"),
    path("quotes/new/", quote_new, name="quote_new"),
    path("quotes/preview/", quote_preview, name="quote_preview"),
    path("quotes/<str:quote_id>/", quote_detail, name="quote_detail"),
    path("quotes/<str:quote_id>/edit/", quote_edit, name="quote_edit"),
    path("quotes/<str:quote_id>/preview/", quote_edit_preview, name="quote_edit_preview"),
    path("quotes/<str:quote_id>/versions/<int:version>/pdf/", quote_pdf, name="quote_pdf"),
    path("quotes/<str:quote_id>/lines/<str:line_id>/why/", quote_line_why, name="quote_line_why"),
    *(path(f"quotes/<str:quote_id>/{name}/", step_page(*step), name=f"quote_{name}") for name, step in STEPS.items()),
]
