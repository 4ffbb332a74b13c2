"""The steps of a quote: which its state and the caller's authority allow, and what each does."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.quotes import actions, queries
from cashline.flow.agree.quotes.actions.approving import PERMISSION, verdict_on
from cashline.flow.agree.quotes.pages.builder import (
    address,
)
from cashline.flow.agree.quotes.queries import QuoteRow
from cashline.flow.agree.quotes.rules import QUOTE, Acceptance, QuoteStatus
from cashline.kernel.identifiers import key_of, public
from cashline.platform.approvals.queries import ApprovalRow
from cashline.platform.company.queries import entities_by_id
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.components import (
    Action,
)
from cashline.platform.pages.fields import Field, said

REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def seen(caller: Caller, quote_id: str, permission: str = "quotes.read") -> QuoteRow:
    """The quote, where the caller has the permission for its legal entity; else NotFound or Forbidden."""
    row = queries.quote(key_of("quote", quote_id))
    require_visible(caller, permission, row.entity_id, "quote", row.id)
    return row


def next_steps(row: QuoteRow, caller: Caller, approvals: list[ApprovalRow]) -> tuple[Action, ...]:
    """The next steps that state and authority allow; what another must do is shown, and why."""

    def url(name: str) -> str:
        return reverse(f"quote_{name}", args=[public("quote", row.id)])

    may = caller.authority.allows
    verbs = set(QUOTE.verbs(row.status))
    found: list[Action] = []
    if row.status == QuoteStatus.DRAFT and may("quotes.write", row.entity_id):
        beyond = verdict_on(row, caller.authority).needs_approval
        if beyond:
            found.append(Action(_("Request approval"), url("submit"), "primary", key="r"))
        found.append(Action.link(_("Edit"), url("edit"), icon="pencil", key="e"))
    if "approve" in verbs and may(PERMISSION, row.entity_id):
        found += _decisions(url, caller, approvals)
    sendable = row.status == QuoteStatus.APPROVED or (
        row.status == QuoteStatus.DRAFT and not verdict_on(row, caller.authority).needs_approval
    )
    if sendable and may("quotes.send", row.entity_id):
        sure = _("The version is frozen and mailed to the customer.")
        found.insert(0, Action(_("Send"), url("send"), "primary", confirm=sure, icon="send", key="s"))
    if may("quotes.write", row.entity_id):
        found += _writer_steps(verbs, url, row)
    return tuple(found)


def _decisions(url: Callable[[str], str], caller: Caller, approvals: list[ApprovalRow]) -> list[Action]:
    own = any(one.status == "pending" and one.requested_by == caller.actor for one in approvals)
    refused = _("You asked for it: another person must decide.") if own else ""
    comment = Field("comment", _("Comment"), "textarea", False, max_length=1000)
    why = Field("comment", _("Why not"), "textarea", max_length=1000)
    return [
        Action(_("Approve"), url("approve"), "primary", fields=(comment,), refused=refused, key="a"),
        Action(_("Reject"), url("reject"), "danger", fields=(why,), refused=refused),
    ]


def _writer_steps(verbs: set[str], url: Callable[[str], str], row: QuoteRow) -> list[Action]:
    accept = (
        Field("name", _("Accepted by"), value=row.contact_name),
        Field("email", _("Their e-mail"), "email", value=row.contact_email, max_length=254),
    )
    offered = (
        ("withdraw", Action(_("Withdraw"), url("withdraw"))),
        ("accept", Action(_("Record acceptance"), url("accept"), fields=accept)),
        ("decline", Action(_("Record refusal"), url("decline"), fields=(REASON,))),
        ("revise", Action(_("Revise"), url("revise"), confirm=_("A new version is opened for change."))),
        ("cancel", Action(_("Cancel"), url("cancel"), "danger", fields=(REASON,))),
    )
    return [action for verb, action in offered if verb in verbs]


type _Step = Callable[[QuoteRow, Caller, HttpRequest], object]


def step_page(permission: str, sentence: Any, step: _Step) -> Callable[[HttpRequest, str], HttpResponse]:
    """The address that a step is sent to."""

    @require_POST
    def page(request: HttpRequest, quote_id: str) -> HttpResponse:
        caller = caller_of(request)
        row = seen(caller, quote_id, permission)
        return take_step(request, address(row.id), str(sentence), lambda: step(row, caller, request))

    return page


def _said(request: HttpRequest, name: str, most: int = 1000) -> str:
    return said(request.POST, name, most)


def _today(row: QuoteRow, caller: Caller) -> Any:
    return caller.today(entities_by_id([row.entity_id])[row.entity_id].timezone)


def _ids(row: QuoteRow) -> list[UUID]:
    return [row.id]


STEPS: dict[str, tuple[str, Any, _Step]] = {
    "submit": (
        "quotes.write",
        lazy("The quote was submitted."),
        lambda row, caller, _r: actions.request_approval(_ids(row), authority=caller.authority, now=caller.now),
    ),
    "approve": (
        PERMISSION,
        lazy("The quote is approved."),
        lambda row, caller, request: actions.approve_quotes(
            _ids(row), authority=caller.authority, comment=_said(request, "comment"), now=caller.now
        ),
    ),
    "reject": (
        PERMISSION,
        lazy("The quote goes back to its seller."),
        lambda row, caller, request: actions.reject_quotes(
            _ids(row), authority=caller.authority, comment=_said(request, "comment"), now=caller.now
        ),
    ),
    "withdraw": (
        "quotes.write",
        lazy("The quote is a draft again."),
        lambda row, caller, _r: actions.withdraw_approval(_ids(row), now=caller.now, actor=caller.actor),
    ),
    "send": (
        "quotes.send",
        lazy("The quote is on its way to the customer."),
        lambda row, caller, _r: actions.send_quotes(
            _ids(row), authority=caller.authority, today=_today(row, caller), now=caller.now
        ),
    ),
    "revise": (
        "quotes.write",
        lazy("The quote is open for change."),
        lambda row, caller, _r: actions.revise_quote(row.id, now=caller.now, actor=caller.actor),
    ),
    "accept": (
        "quotes.write",
        lazy("The quote is accepted, and its contract is drafted."),
        lambda row, caller, request: actions.accept_quotes(
            _ids(row),
            accepted_by=Acceptance(_said(request, "name", 200), _said(request, "email", 254)),
            today=_today(row, caller),
            now=caller.now,
            actor=caller.actor,
        ),
    ),
    "decline": (
        "quotes.write",
        lazy("The refusal is recorded."),
        lambda row, caller, request: actions.decline_quotes(
            _ids(row), reason=_said(request, "reason"), now=caller.now, actor=caller.actor
        ),
    ),
    "cancel": (
        "quotes.write",
        lazy("The quote is cancelled."),
        lambda row, caller, request: actions.cancel_quotes(
            _ids(row), reason=_said(request, "reason"), now=caller.now, actor=caller.actor
        ),
    ),
}
"""Each step of the document: the permission that it needs, what is said after it, and the action."""
