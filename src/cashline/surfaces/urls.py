"""The addresses of all doors. Each domain names its own in `pages.URLS`; the API's are its routers."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path


def domain_urls() -> list[URLPattern | URLResolver]:
    """The pages of every domain that has some, in the order of the flow."""
    found: list[URLPattern | URLResolver] = []
    for name in settings.FLOW + settings.REPORTS:
        module = f"cashline.flow.{name}.pages"
        if find_spec(module):
            found.extend(import_module(module).URLS)
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    *domain_urls(),
    path("account/", include("allauth.account.urls")),
]
