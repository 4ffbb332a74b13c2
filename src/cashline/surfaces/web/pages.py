"""The console's own addresses: home, log-in, invitations, palette, administration and, in sandboxes, the style page."""

from allauth.account.views import login
from django.urls import URLPattern, path

from cashline.surfaces.web.administration.pages import URLS as ADMINISTRATION
from cashline.surfaces.web.home.pages import URLS as HOME
from cashline.surfaces.web.invitation import choose_password
from cashline.surfaces.web.palette import palette
from cashline.surfaces.web.styleguide.pages import URLS as STYLEGUIDE

URLS: list[URLPattern] = [
    *HOME,
    path("login/", login, name="login"),
    path("account/invitation/<str:token>/", choose_password, name="invitation"),
    path("palette/", palette, name="palette"),
    *ADMINISTRATION,
    *STYLEGUIDE,
]
