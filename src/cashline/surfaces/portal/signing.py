"""Signing a contract by a personal link, which works without a log-in.

The link is the whole authority: it shows one contract to one person. What is kept as evidence (who, when, from where,
which document, the words of consent) is the affair of `contracts.actions`; this door reads it off the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from cashline.flow.agree.contracts.actions import decline_signature, sign_agreement, view_signature
from cashline.flow.agree.contracts.queries.documents import contract_paper
from cashline.flow.agree.contracts.queries.signatures import (
    CONTRACT_FILE,
    SignatureView,
    signature_view,
    signatures_of,
)
from cashline.flow.agree.contracts.rules import AgreementStatus, SignatureStatus
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Visit, is_name_of
from cashline.flow.agree.contracts.rules.wording import contract_words
from cashline.flow.agree.customers.queries import customer
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal
from cashline.platform.company.queries import entities, entities_by_id
from cashline.platform.documents.papers import ContractPaper
from cashline.platform.documents.queries import latest_file
from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.components import Cell, Column, KeyValue, Label, Pill, Row, Table, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, errors_of, read_form
from cashline.platform.pages.render import done, refused, render_page, render_refusal
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.surfaces.portal.frame import open_frame
from cashline.surfaces.portal.parts import download, money, plain, price
from cashline.surfaces.portal.words import speaking_to

NAME = Field("typed_name", gettext_lazy("Type your name to sign"), autocomplete="name")
REASON = Field("reason", gettext_lazy("Why do you not sign?"), "textarea", max_length=1000)
MAX_AGENT = 400
SCHEDULE = (
    Column("item", gettext_lazy("Item"), place="title"),
    Column("quantity", gettext_lazy("Quantity"), "number"),
    Column("unit_price", gettext_lazy("Price"), "money"),
    Column("often", gettext_lazy("Paid")),
    Column("net", gettext_lazy("Net total"), "money", place="amount"),
)


@dataclass(frozen=True, slots=True)
class SignPage:
    """What the page of signing shows; `can_sign` only while the contract waits for this person."""

    title: str
    number: str
    language: str
    pill: Pill
    signer_name: str
    facts: tuple[KeyValue, ...]
    paper: ContractPaper
    schedule: Table
    consent: str
    token: str
    can_sign: bool
    told: Label
    tone: Tone
    signed_url: str = ""
    portal_url: str = ""
    errors: tuple[FieldError, ...] = ()
    name: Field = NAME
    reason: Field = REASON


def sign_address(token: str) -> str:
    """Where a signer reads and signs."""
    return reverse("sign", args=[token])


def _private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The address is the key: no cache keeps the page, and no other site learns the address. A wrong one says so."""

    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        try:
            locale = customer(signature_view(token).agreement.customer_id).locale
            with speaking_to(locale):
                answer = view(request, token)
        except NotFound as refusal:
            answer = render_refusal(request, refusal, portal=open_frame(next(iter(entities()), None)))
        answer["Referrer-Policy"] = "same-origin"
        answer["Cache-Control"] = "private, no-store"
        answer["X-Robots-Tag"] = "noindex"
        return answer

    return guarded


def _visit(request: HttpRequest) -> Visit:
    return Visit(request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", "")[:MAX_AGENT])


@_private
def sign_page(request: HttpRequest, token: str) -> HttpResponse:
    """The contract with its text, its PDF and the form to sign it."""
    if request.method == "POST":
        return _sign(request, token)
    shown = view_signature(token, visit=_visit(request), now=caller_of(request).now)
    return _render(request, token, shown)


def _sign(request: HttpRequest, token: str) -> HttpResponse:
    shown = signature_view(token)
    read = read_form(request.POST, (FieldSet("", (NAME,)),))
    errors = read.errors
    if not request.POST.get("consent"):
        wanted = InvalidValue(_("Tick that you agree to sign electronically."), field="consent")
        errors = (*errors, *errors_of(wanted))
    if errors:
        return _render(request, token, shown, errors)
    given = SignatureGiven(read.text("typed_name"), _consent(shown), _visit(request))
    if not is_name_of(given.typed_name, shown.signature.signer_name):
        told = _("This is to be signed by %(name)s: type that name to sign.") % {"name": shown.signature.signer_name}
        return _render(request, token, shown, errors_of(InvalidValue(told, field="typed_name")))
    try:
        row = sign_agreement(token, given=given, now=caller_of(request).now)
    except InvalidValue as refusal:
        return _render(request, token, shown, errors_of(refusal))
    except Refusal as refusal:
        return refused(request, sign_address(token), refusal)
    if row.status == AgreementStatus.ACTIVE:
        return done(request, sign_address(token), _("Signed by all: the contract is in force. You get it by mail."))
    return done(request, sign_address(token), _("Signed. The contract is in force once the others have signed too."))


@require_POST
@_private
def sign_decline(request: HttpRequest, token: str) -> HttpResponse:
    """Refuse to sign, with a reason."""
    signature_view(token)
    read = read_form(request.POST, (FieldSet("", (REASON,)),))
    try:
        if read.errors:
            raise InvalidValue(read.errors[0].message, field="reason")
        decline_signature(token, reason=read.text("reason"), visit=_visit(request), now=caller_of(request).now)
    except Refusal as refusal:
        return refused(request, sign_address(token), refusal)
    return done(request, sign_address(token), _("You declined to sign. Thank you for telling us why."))


@require_safe
@csp_override({"default-src": [CSP.NONE], "style-src": [CSP.UNSAFE_INLINE], "frame-ancestors": [CSP.SELF]})
@xframe_options_sameorigin
@_private
def sign_document(request: HttpRequest, token: str) -> HttpResponse:
    """The PDF that is to be signed, to the byte."""
    return download(signature_view(token).document, inline="download" not in request.GET)


@require_safe
@_private
def sign_signed(_request: HttpRequest, token: str) -> HttpResponse:
    """The sealed contract, for whoever signed it."""
    shown = signature_view(token)
    sealed = latest_file(shown.agreement.id, CONTRACT_FILE)
    if shown.signature.status != SignatureStatus.SIGNED or sealed is None:
        raise NotFound(_("The contract is not signed by all yet."))
    return download(sealed)


def _consent(shown: SignatureView) -> str:
    """The words that the signer agrees to, in the language of the contract."""
    buyer = customer(shown.agreement.customer_id)
    return contract_words(buyer.locale).consent_text.format(number=shown.agreement.number, customer=buyer.name)


def _render(
    request: HttpRequest, token: str, shown: SignatureView, errors: tuple[FieldError, ...] = ()
) -> HttpResponse:
    row, mine = shown.agreement, shown.signature
    entity = entities_by_id([row.entity_id])[row.entity_id]
    round_ = [one for one in signatures_of([row.id]) if one.document_sha256 == mine.document_sha256]
    paper = contract_paper(row, round_, now=mine.requested_at)
    waiting = mine.status == SignatureStatus.REQUESTED and row.status == AgreementStatus.OUT_FOR_SIGNATURE
    told, tone = _told(shown)
    sealed = row.status in (AgreementStatus.ACTIVE, AgreementStatus.ENDED) and mine.status == SignatureStatus.SIGNED
    page = SignPage(
        title=_("Contract %(number)s") % {"number": row.number},
        number=row.number,
        language=paper.locale.replace("_", "-"),
        pill=_pill(mine.status, waiting=waiting),
        signer_name=mine.signer_name,
        facts=_facts(shown, mine.requested_at),
        paper=paper,
        schedule=_schedule(paper),
        consent=_consent(shown),
        token=token,
        can_sign=waiting,
        told=told,
        tone=tone,
        signed_url=reverse("sign_signed", args=[token]) if sealed else "",
        portal_url=_portal_url(request, shown),
        errors=errors,
    )
    context = {"page": page, "by_field": {one.field: one for one in errors}}
    return render_page(request, "portal/sign.html", context, 422 if errors else 200, portal=open_frame(entity))


def _facts(shown: SignatureView, asked_at: datetime) -> tuple[KeyValue, ...]:
    row = shown.agreement
    return (
        KeyValue(_("For"), row.customer_name),
        KeyValue(_("Value, without tax"), money(row.net_total, row.currency)),
        KeyValue(_("Begins"), row.starts_on),
        KeyValue(_("Sent to you"), asked_at),
    )


def _pill(status: str, *, waiting: bool) -> Pill:
    if waiting:
        return Pill(_("Waiting for you"), Tone.WARNING)
    known = {
        "signed": Pill(_("Signed"), Tone.SUCCESS),
        "declined": Pill(_("Declined"), Tone.DANGER),
    }
    return known.get(status, Pill(_("Withdrawn")))


def _told(shown: SignatureView) -> tuple[Label, Tone]:
    """What is to be said to who comes back to a link that was used, or that is no longer good."""
    row, mine = shown.agreement, shown.signature
    if mine.status == SignatureStatus.SIGNED:
        if row.status in (AgreementStatus.ACTIVE, AgreementStatus.ENDED):
            return _("All have signed: the contract is in force."), Tone.SUCCESS
        return _("You have signed. The contract is in force once the others have signed too."), Tone.SUCCESS
    if mine.status == SignatureStatus.DECLINED:
        return _("You declined to sign this contract."), Tone.NEUTRAL
    if mine.status == SignatureStatus.REQUESTED and row.status == AgreementStatus.OUT_FOR_SIGNATURE:
        return "", Tone.INFO
    return _("This contract is no longer to be signed by this link. Look for a newer mail, or ask us."), Tone.WARNING


def _portal_url(request: HttpRequest, shown: SignatureView) -> str:
    if caller_of(request).authority.customer_id != shown.agreement.customer_id:
        return ""
    return reverse("portal_contract", args=[public("agreement", shown.agreement.id)])


def _schedule(paper: ContractPaper) -> Table:
    rows = tuple(
        Row(
            str(number),
            {
                "item": Cell(line.title, sub=line.detail.replace("\n", " · ")),
                "quantity": plain(line.quantity),
                "unit_price": price(line.unit_price, paper.currency),
                "often": line.group,
                "net": money(line.net, paper.currency),
            },
        )
        for number, line in enumerate(paper.lines)
    )
    total = {"net": money(paper.sums[-1][1], paper.currency)} if paper.sums else {}
    return Table(SCHEDULE, rows, totals=total)
