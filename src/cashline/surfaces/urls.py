"""The addresses of all doors. Each domain names its own in `pages.URLS`; the API's are its routers."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from cashline.surfaces import watching
from cashline.surfaces.api.root import api


def page_urls() -> list[URLPattern | URLResolver]:
    """The pages of every domain that has some, in the order of the flow, then those of the console and the portal."""
    rooms = [f"cashline.flow.{name}.pages" for name in settings.FLOW + settings.REPORTS]
    rooms += ["cashline.surfaces.web.pages", "cashline.surfaces.portal.pages"]
    found: list[URLPattern | URLResolver] = []
    for name in rooms:
        if find_spec(name):
            found.extend(import_module(name).URLS)
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    *page_urls(),
    path("v1/metrics", watching.metrics, name="metrics"),
    path("v1/", api.urls),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("healthz", watching.healthz, name="healthz"),
]

handler400 = "cashline.surfaces.web.errors.bad_request"
handler403 = "cashline.surfaces.web.errors.forbidden"
handler404 = "cashline.surfaces.web.errors.not_found"
handler500 = "cashline.surfaces.web.errors.server_error"
