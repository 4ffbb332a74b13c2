"""What is answered where no page can be: unknown addresses, forms from a forgotten tab, and our own failures."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from cashline.kernel.refusals import Forbidden, NotFound, Refusal
from cashline.platform.pages.render import render_refusal
from cashline.surfaces.doors import error_answer
from cashline.surfaces.portal.frame import frame_of


class ServerFailure(Refusal):
    """A fault of ours; nothing of it is shown but that it happened."""

    code = "server_failure"
    status = 500


class BadRequest(Refusal):
    """The request itself is malformed."""

    code = "bad_request"
    status = 400


def _answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if request.path.startswith("/v1/"):
        return error_answer(refusal)
    return render_refusal(request, refusal, portal=frame_of(request))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """No such address (handler404)."""
    return _answer(request, NotFound(_("There is nothing at this address.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Django itself refused (handler403)."""
    return _answer(request, Forbidden(_("You may not do this.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """The request could not be read (handler400)."""
    return _answer(request, BadRequest(_("This request could not be read.")))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django names it
    """The form came without its token, as one from a tab that was left open does (CSRF_FAILURE_VIEW)."""
    sentence = _("This form is too old to be sent.")
    return _answer(request, Forbidden(sentence, fix=_("Go back, load the page again and repeat the step.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours (handler500): a page that needs no database, no session and no navigation."""
    failure = ServerFailure(_("Something failed on our side. Nothing was changed; try again in a moment."))
    if request.path.startswith("/v1/"):
        return error_answer(failure)
    return HttpResponse(render_to_string("failure.html", {"refusal": failure}), status=500)
