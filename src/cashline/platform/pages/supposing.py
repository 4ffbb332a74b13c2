"""Pages of what if: a dialog asks, its answers stand in the address of the page that shows them, nothing is kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cashline.kernel.refusals import InvalidValue
from cashline.platform.doors.once import Outcome
from cashline.platform.pages.acting import act
from cashline.platform.pages.speaking import gettext as _


def suppose(
    request: HttpRequest, back_url: str, page_url: str, read: Callable[[], Mapping[str, str | Sequence[str]]]
) -> HttpResponse:
    """Lead from a dialog to the page of what if at `page_url`, asked what `read` gives; refused, back to `back_url`."""

    def step() -> Outcome:
        return Outcome(f"{page_url}?{urlencode(read(), doseq=True)}", _("Nothing is kept of this."))

    return act(request, back_url, step)


def day_asked(request: HttpRequest, name: str) -> date:
    """The day that an address asks for; raises InvalidValue."""
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError as error:
        raise InvalidValue(_("Give a day."), field=name) from error
