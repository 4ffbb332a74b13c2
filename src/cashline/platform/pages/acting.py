"""The step behind a button of a page: done once for one form, and told on the page that it leads to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cashline.kernel.refusals import Refusal
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.render import done, refused


def act(request: HttpRequest, back_url: str, step: Callable[[], Outcome]) -> HttpResponse:
    """Take the step and go to its outcome; refused, go back to `back_url`, which says why."""
    try:
        outcome = once(request, step)
    except Refusal as refusal:
        return refused(request, back_url, refusal)
    return done(request, outcome.url, outcome.sentence)


def take_step(request: HttpRequest, url: str, sentence: str, step: Callable[[], object]) -> HttpResponse:
    """Take a step on the document at `url`: back to it with the sentence, or with why it was refused."""

    def taken() -> Outcome:
        step()
        return Outcome(url, sentence)

    return act(request, url, taken)
