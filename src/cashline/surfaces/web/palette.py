"""The command palette: one field that finds places, documents and customers, and starts new ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cashline.platform.pages.components import Label
from cashline.platform.pages.render import render_page
from cashline.surfaces.web.shell import groups

MAX_WORDS = 100
MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of the palette."""

    label: Label
    url: str
    icon: str = "file-text"
    hint: Label = ""


type Finder = Callable[[HttpRequest, str], Iterable[Found]]
"""Finds documents by the typed words, within what the caller may see; gives at most a handful."""

FINDERS: list[tuple[Label, Finder]] = []
"""The finders by group; `surfaces.web.finders` fills this from the domains' queries."""


def palette(request: HttpRequest) -> HttpResponse:
    """What fits the typed words (`?q=`): documents first, then places; without words, the places."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:MAX_WORDS]
    found: list[tuple[Label, list[Found]]] = []
    if words:
        found += [(label, list(finder(request, words))) for label, finder in FINDERS]
    found.append((_("Go to"), _places(words.lower())))
    return render_page(request, "parts/palette.html", {"groups": found})


def _places(words: str) -> list[Found]:
    places = [
        Found(item.label, item.url, item.icon, str(group.label) or "")
        for group in groups()
        for item in group.items
        if words in str(item.label).lower()
    ]
    return places if not words else places[:MOST_PLACES]
