"""Choosing a password by the link of an invitation, for staff and for customers' people alike."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.fields import Field, FieldError, FieldSet, errors_of, read_form
from cashline.platform.pages.render import render_page
from cashline.platform.people.actions import accept_invitation
from cashline.platform.people.invitations import InvitationVoid, user_of_invitation

ASKED = (
    Field(
        "password",
        gettext_lazy("Password"),
        "password",
        hint=gettext_lazy("Ten characters or more; a few words that you remember are best."),
        autocomplete="new-password",
    ),
    Field("again", gettext_lazy("The same again"), "password", autocomplete="new-password"),
)


def choose_password(request: HttpRequest, token: str) -> HttpResponse:
    """The form, and what it does: afterwards the person signs in, with their second factor where they have one."""
    invited = user_of_invitation(token)
    errors: tuple[FieldError, ...] = ()
    if request.method == "POST":
        read = read_form(request.POST, (FieldSet("", ASKED),))
        errors = read.errors
        try:
            if not errors:
                if request.POST["password"] != request.POST["again"]:
                    raise InvalidValue(_("The two are not the same."), field="again")
                accept_invitation(token=token, password=request.POST["password"], now=caller_of(request).now)
                messages.success(request, _("Your password is saved. Sign in with it."))
                return HttpResponseRedirect("/login/")
        except InvitationVoid:
            raise
        except Refusal as refusal:
            errors = errors_of(refusal)
    context = {"invited": invited, "asked": ASKED, "errors": errors, "by_field": {one.field: one for one in errors}}
    answer = render_page(request, "invitation.html", context, 422 if errors else 200)
    answer["Referrer-Policy"] = "same-origin"
    return answer
