"""One effect for one form: a form that is sent twice, by an impatient finger or a lost answer, acts once."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.http import HttpRequest

from cashline.platform.doors.caller import caller_of
from cashline.platform.idempotency.actions import StoredAnswer, claim, fingerprint, keep_answer

FIELD = "idempotency_key"
"""The hidden field that every form of the page kit carries."""
_UNSAID = (FIELD, "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an action leads, and the sentence that the page there says once."""

    url: str
    sentence: str


def once(request: HttpRequest, act: Callable[[], Outcome]) -> Outcome:
    """Run `act` in one transaction with the form's key; sent again, the first outcome is given and nothing is done.

    A refusal undoes all, so that the mended form may be sent with the same key. Raises IdempotencyKeyReused where the
    key came with another form.
    """
    key = request.POST.get(FIELD, "")
    caller = caller_of(request)
    with transaction.atomic():
        if not key:
            return act()
        sent = sorted((name, values) for name, values in request.POST.lists() if name not in _UNSAID)
        mark = fingerprint("FORM", request.path, msgspec.json.encode(sent))
        if stored := claim(actor=caller.actor, key=key[:255], fingerprint=mark, now=caller.now):
            return msgspec.json.decode(stored.body, type=Outcome)
        outcome = act()
        keep_answer(actor=caller.actor, key=key[:255], answer=StoredAnswer(303, msgspec.json.encode(outcome)))
        return outcome
