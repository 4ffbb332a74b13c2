"""The step behind a button of a page: done once for one form, and told on the page that it leads to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cashline.kernel.refusals import InvalidValue, Refusal, raise_all
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.fields import Field, FieldSet, Reading, read_form
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


def read_dialog(request: HttpRequest, *fields: Field) -> Reading:
    """What was typed into the fields of an action's dialog; raises everything that is wrong with it."""
    read = read_form(request.POST, (FieldSet("", fields),))
    labels = {field.name: field.label for field in fields}
    raise_all(
        InvalidValue(f"{labels.get(error.field, error.field)}: {error.message}", field=error.field, fix=error.fix)
        for error in read.errors
    )
    return read
