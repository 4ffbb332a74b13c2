"""The API under /v1: the routers of every domain, one error shape, one way to name who calls.

Session users (with a CSRF token) and API keys may call; `doors.DoorMiddleware` has set the caller before.
"""

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from psycopg import errors

import cashline
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal, Refusals
from cashline.surfaces.api.exact import ExactRenderer, parse_exact
from cashline.surfaces.doors import TooLarge, error_answer

log = logging.getLogger(__name__)


class ExactParser(Parser):
    """Reads JSON without floats: fractions become Decimal; NaN, infinities and double keys are refused."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as Python values."""
        return parse_exact(request.body)


api = NinjaAPI(
    title="Cashline",
    version="1",
    description="Order-to-cash on one set of books. Every POST takes an Idempotency-Key; lists are paged by cursor.",
    parser=ExactParser(),
    renderer=ExactRenderer(),
    urls_namespace="v1",
    docs_url="/docs",
)


@api.exception_handler(Refusal)
def refused(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal is an answer."""
    return error_answer(refusal)


@api.exception_handler(ValidationError)
def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Every wrong field at once."""
    found: list[Refusal] = []
    for item in error.errors:
        place = [str(part) for part in item.get("loc", ()) if part not in ("body", "query", "path", "payload", "data")]
        ruled = item.get("ctx", {}).get("refusal")
        told = InvalidValue(str(item.get("msg", "is not valid")), field=".".join(place) or "body")
        found.append(ruled if isinstance(ruled, Refusal) else told)
    return error_answer(Refusals(found) if len(found) != 1 else found[0])


@api.exception_handler(Http404)
def not_found(_request: HttpRequest, _error: Http404) -> HttpResponse:
    """No such address or document."""
    return error_answer(NotFound("There is nothing at this address."))


@api.exception_handler(HttpError)
def http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the framework refuses by itself, such as a body that is no JSON."""
    refusal = InvalidValue(str(error), field="body")
    answer = error_answer(refusal)
    answer.status_code = error.status_code
    return answer


@api.exception_handler(RequestDataTooBig)
def too_large(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    """A body past the limit."""
    return error_answer(TooLarge("The request is too large.", field="body"))


@api.exception_handler(BadRequest)
@api.exception_handler(SuspiciousOperation)
def bad_request(_request: HttpRequest, _error: Exception) -> HttpResponse:
    """A request that is malformed as HTTP."""
    return error_answer(InvalidValue("The request is malformed.", field="body"))


_REFUSALS = (
    *(errors.DataError, errors.CheckViolation, errors.UniqueViolation, errors.ExclusionViolation),
    *(errors.ForeignKeyViolation, errors.RestrictViolation),
)


@api.exception_handler(DatabaseError)
def database_refused(_request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """The database refused what the rules should have; a conflict of two writers may be tried again."""
    cause = error.__cause__
    if isinstance(cause, _REFUSALS):
        log.exception("the database refused a request")
        answer = error_answer(InvalidValue("The database refuses this: " + str(cause).splitlines()[0]))
        answer.status_code = 409
        return answer
    raise error


for name in settings.FLOW + settings.REPORTS:
    module = f"cashline.flow.{name}.api"
    if find_spec(module):
        api.add_router("", import_module(module).router)
for name in ("company", "administration"):
    api.add_router("", import_module(f"cashline.surfaces.api.{name}").router)
VERSION = cashline.__version__
