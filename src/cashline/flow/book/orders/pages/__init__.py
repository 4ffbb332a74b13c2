"""The console's pages of orders: the list, the document, entry by hand, and import of files."""

from django.urls import path

from cashline.flow.book.orders.pages.document import order_cancel, order_detail, order_file, order_release
from cashline.flow.book.orders.pages.entry import order_new, order_preview
from cashline.flow.book.orders.pages.importing import order_import, order_import_book, order_import_look
from cashline.flow.book.orders.pages.listing import order_list

URLS = [
    path("orders/", order_list, name="order_list"),
    path("orders/new/", order_new, name="order_new"),
    path("orders/preview/", order_preview, name="order_preview"),
    path("orders/import/", order_import, name="order_import"),
    path("orders/import/<str:file_id>/", order_import_look, name="order_import_look"),
    path("orders/import/<str:file_id>/book/", order_import_book, name="order_import_book"),
    path("orders/files/<str:file_id>/", order_file, name="order_file"),
    path("orders/<str:order_id>/", order_detail, name="order_detail"),
    path("orders/<str:order_id>/release/", order_release, name="order_release"),
    path("orders/<str:order_id>/cancel/", order_cancel, name="order_cancel"),
]
