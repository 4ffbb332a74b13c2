"""The middleware of all doors: who calls, what time it is, and how a refusal is answered.

A POST to the API, and a form of a page, runs in one transaction with its idempotency key, so that its effect and its
answer are kept together or not at all.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from ninja.utils import check_csrf

from cashline.kernel.refusals import Forbidden, InvalidValue, NotFound, Refusal, Refusals
from cashline.platform.clock.queries import ClockReading, read_clock
from cashline.platform.doors.caller import Caller
from cashline.platform.doors.once import FIELD, answer_once
from cashline.platform.idempotency.actions import StoredAnswer, claim, fingerprint, keep_answer
from cashline.platform.pages.components import KeyValue
from cashline.platform.people.queries import Unauthenticated, key_authority, people_with, user_authority
from cashline.platform.permissions.rules import READ, Authority, roles_with

OPEN_PATHS = (
    "/login/",
    "/account/",
    "/static/",
    "/sign/",
    "/healthz",
    "/favicon.ico",
    "/sandbox/",
    "/styleguide",
)
OPEN_API_PATHS = ("/v1/openapi.json", "/v1/docs", "/v1/provisioning-callbacks/", "/v1/gateway-events/")
NOBODY = Authority("nobody", "")
MAX_BODY = 20 * 1024 * 1024
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class DoorMiddleware:
    """Sets `request.caller` and answers refusals in the form of the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if request.path.startswith("/static/"):
            return self.get_response(request)
        is_api = request.path.startswith("/v1/")
        try:
            clock = read_clock()
            authority = _authority(request, clock, is_api=is_api)
        except PortalOnly:
            return redirect("/portal/")
        except Refusal as refusal:
            if is_api:
                return error_answer(refusal)
            return redirect(f"/login/?next={request.path}")
        request.caller = Caller(authority, clock)  # type: ignore[attr-defined]
        with _language(authority):
            if nul := _unheard_of(request):
                return self.process_exception(request, nul) or error_answer(nul)
            return self._answer(request, authority, clock, is_api=is_api)

    def _answer(self, request: HttpRequest, authority: Authority, clock: ClockReading, *, is_api: bool) -> HttpResponse:
        if is_api and request.method in UNSAFE:
            return self._once(request, authority, clock)
        if request.method == "POST" and not is_api and FIELD in request.POST:
            return self._form_once(request)
        return self.get_response(request)

    def _form_once(self, request: HttpRequest) -> HttpResponse:
        try:
            return answer_once(request, lambda: self.get_response(request))
        except Refusal as refusal:
            return self.process_exception(request, refusal) or error_answer(refusal)

    def _once(self, request: HttpRequest, authority: Authority, clock: ClockReading) -> HttpResponse:
        """One effect and one answer for one idempotency key; without a key the request is atomic all the same."""
        key = request.headers.get("Idempotency-Key")
        try:
            with transaction.atomic():
                if key is not None:
                    wanted = fingerprint(request.method or "", request.get_full_path(), _body(request))
                    stored = claim(actor=authority.actor, key=key, fingerprint=wanted, now=clock.now)
                    if stored:
                        replay = HttpResponse(stored.body, status=stored.status, content_type="application/json")
                        replay["Idempotency-Replayed"] = "true"
                        return replay
                response = self.get_response(request)
                if response.status_code >= 400:
                    raise _Undo(response)
                if key is not None:
                    answer = StoredAnswer(response.status_code, response.content)
                    keep_answer(actor=authority.actor, key=key, answer=answer)
                return response
        except _Undo as undo:
            return undo.response
        except Refusal as refusal:
            return error_answer(refusal)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal that a page did not handle itself becomes a page that says so."""
        if not isinstance(exception, Refusal) or request.path.startswith("/v1/"):
            return None
        if isinstance(exception, Unauthenticated):
            return redirect(f"/login/?next={request.path}")
        from cashline.platform.pages.render import render_refusal
        from cashline.surfaces.portal.frame import frame_of

        return render_refusal(request, exception, portal=frame_of(request), helpers=_helpers(request, exception))


def _unheard_of(request: HttpRequest) -> Refusal | None:
    """What is wrong with an address that holds a NUL, which no text of a database does."""
    if "\0" in request.path:
        return NotFound("There is nothing at this address: it holds a NUL character.")
    if "%00" not in request.META.get("QUERY_STRING", ""):
        return None
    names = [name for name, values in request.GET.lists() if "\0" in name + "".join(values)]
    return InvalidValue("A text holds a NUL character.", field=names[0].replace("\0", "") if names else "")


def _helpers(request: HttpRequest, refusal: Refusal) -> tuple[KeyValue, ...]:
    """Who of the staff may do what was refused to one of them, or may give the role for it."""
    permission, caller = refusal.data.get("permission"), getattr(request, "caller", None)
    if not isinstance(refusal, Forbidden) or not permission or caller is None or caller.authority.customer_id:
        return ()
    roles = () if permission in READ else roles_with(permission)
    found = people_with([*roles, *roles_with("people.write"), "owner"])
    return tuple(KeyValue(name, role.replace("_", " ").capitalize(), email) for name, role, email in found)


def _language(authority: Authority) -> AbstractContextManager[None]:
    """A customer's people read their own language, whatever their browser asks for; staff read Django's."""
    if authority.customer_id is None:
        return nullcontext()
    from cashline.surfaces.portal.words import speaking_to

    return speaking_to(authority.locale)


class _Undo(Exception):
    """Carries an error answer out of the transaction that it undoes."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def _body(request: HttpRequest) -> bytes:
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        raise TooLarge(f"A request holds at most {MAX_BODY} bytes.", field="body")
    return request.body


class PortalOnly(Forbidden):
    """A customer's person asked for a page of the console: the portal is their place."""

    code = "portal_only"


class TooLarge(Refusal):
    """The request is larger than any that makes sense."""

    code = "too_large"
    status = 413


def _authority(request: HttpRequest, clock: ClockReading, *, is_api: bool) -> Authority:
    header = request.headers.get("Authorization", "")
    if is_api and header.startswith("Bearer "):
        return key_authority(header.removeprefix("Bearer ").strip(), now=clock.now)
    user_id: UUID | None = request.user.pk if request.user.is_authenticated else None
    if user_id is None:
        if request.path.startswith(OPEN_API_PATHS if is_api else OPEN_PATHS):
            return NOBODY
        raise Unauthenticated("Give an API key: Authorization: Bearer ck_…", field="Authorization")
    authority = user_authority(user_id)
    if is_api and request.method in UNSAFE and check_csrf(request):
        raise Forbidden("A browser session needs its CSRF token here; programs use an API key.", field="X-CSRFToken")
    if authority.customer_id and not request.path.startswith(("/portal/", *OPEN_PATHS)):
        if is_api:
            raise Forbidden("The API is for programs and staff; portal users have the portal.")
        raise PortalOnly("This page is for staff.")
    return authority


def error_answer(refusal: Refusal) -> HttpResponse:
    """The one error shape of the API: `{"errors": [{code, message, field, fix, data}, …]}`."""
    found = list(refusal) if isinstance(refusal, Refusals) else [refusal]
    body = msgspec.json.encode({"errors": [item.as_dict() for item in found]})
    return HttpResponse(body, status=refusal.status, content_type="application/json")
