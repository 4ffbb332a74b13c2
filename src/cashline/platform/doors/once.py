"""One effect for one form: a form that is sent twice, by an impatient finger or a lost answer, acts once.

The middleware asks `answer_once` for every form of the pages. A page that shows a secret, or tells its outcome itself,
wraps its step in `once` besides: the two keep their keys apart.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve

from cashline.platform.doors.caller import caller_of
from cashline.platform.idempotency.actions import (
    IdempotencyKeyReused,
    StoredAnswer,
    claim,
    fingerprint,
    keep_answer,
    release,
)

FIELD = "idempotency_key"
"""The hidden field that every form of the page kit carries."""
_UNSAID = (FIELD, "csrfmiddlewaretoken")
_LONGEST = 200


class FormSentBefore(IdempotencyKeyReused):
    """The form was sent before with other values."""

    code = "form_sent_before"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an action leads, and the sentence that the page there says once."""

    url: str
    sentence: str


def once(request: HttpRequest, act: Callable[[], Outcome]) -> Outcome:
    """Run `act` in one transaction with the form's key; sent again, the first outcome is given and nothing is done.

    A refusal undoes all, so that the mended form may be sent with the same key. Raises FormSentBefore where the key
    came with other values.
    """
    key = request.POST.get(FIELD, "")[:_LONGEST]
    caller = caller_of(request)
    with transaction.atomic():
        if not key:
            return act()
        if stored := _claim(request, key):
            return msgspec.json.decode(stored.body, type=Outcome)
        outcome = act()
        keep_answer(actor=caller.actor, key=key, answer=StoredAnswer(303, msgspec.json.encode(outcome)))
        return outcome


@dataclass(frozen=True, slots=True)
class _Redirect:
    """Where a form led, and what was said there: (level, sentence, tags)."""

    url: str
    said: list[tuple[int, str, str]] = field(default_factory=list)


class _Undo(Exception):
    """Carries an answer of 400 or above out of the transaction that it undoes."""

    def __init__(self, answer: HttpResponse) -> None:
        self.answer = answer


def answer_once(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer a form with a key in one transaction: sent again, it is led where it was led first, and nothing is done.

    An answer of 400 or above undoes all and frees the key; so does one that leads nowhere (a preview, a page that shows
    a secret), whose effects stand. A form is answered outside any transaction where its view says so by
    `transaction.non_atomic_requests`: such a one calls outside and knows a repetition by an id of its own. Raises
    FormSentBefore where the key came with other values.
    """
    key = f"form:{request.POST[FIELD][:_LONGEST]}"
    if _stands_alone(request):
        return answer()
    caller = caller_of(request)
    try:
        with transaction.atomic():
            if stored := _claim(request, key):
                return _again(request, msgspec.json.decode(stored.body, type=_Redirect))
            response = answer()
            if response.status_code >= 400:
                raise _Undo(response)
            if url := response.headers.get("HX-Redirect") or response.headers.get("Location"):
                kept = _Redirect(url, _said(request))
                keep_answer(actor=caller.actor, key=key, answer=StoredAnswer(303, msgspec.json.encode(kept)))
            else:
                release(actor=caller.actor, key=key)
            return response
    except _Undo as undo:
        return undo.answer


def _claim(request: HttpRequest, key: str) -> StoredAnswer | None:
    caller = caller_of(request)
    try:
        return claim(actor=caller.actor, key=key, fingerprint=_mark(request), now=caller.now)
    except IdempotencyKeyReused:
        raise FormSentBefore(
            "This form was sent before, with other values.", fix="See what came of it, then open the form anew."
        ) from None


def _stands_alone(request: HttpRequest) -> bool:
    try:
        return bool(getattr(resolve(request.path_info).func, "_non_atomic_requests", ()))
    except Resolver404:
        return True


def _again(request: HttpRequest, first: _Redirect) -> HttpResponse:
    for level, sentence, tags in first.said:
        messages.add_message(request, level, sentence, extra_tags=tags)
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(first.url)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = first.url
    return answer


def _said(request: HttpRequest) -> list[tuple[int, str, str]]:
    """What the answer says on the page that it leads to; reading the messages by their iterator would use them up."""
    queued = getattr(messages.get_messages(request), "_queued_messages", [])
    return [(one.level, str(one.message), str(one.extra_tags or "")) for one in queued]


def _mark(request: HttpRequest) -> str:
    """The fingerprint of a form: its address, its fields and the content of its files."""
    fields = sorted((name, values) for name, values in request.POST.lists() if name not in _UNSAID)
    files = [
        (name, one.name, hashlib.file_digest(one, "sha256").hexdigest())
        for name, all_of in sorted(request.FILES.lists())
        for one in all_of
    ]
    for _name, all_of in request.FILES.lists():
        for one in all_of:
            one.seek(0)
    return fingerprint("FORM", request.path, msgspec.json.encode((fields, files)))
