"""The API of agreements: their terms, sending for signature, signing by token, and the judgement of the seal."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.contracts import actions, queries
from cashline.flow.agree.contracts.queries import AgreementRow
from cashline.flow.agree.contracts.queries.signatures import (
    CONTRACT_FILE,
    DRAFT_FILE,
    SignatureRow,
    check_contract_seal,
    signature_by_token,
    signatures_of,
)
from cashline.flow.agree.contracts.rules import AgreementOrigin, AgreementStatus, TermLine
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.pricing.rules.including import price_with_tax
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import NotFound
from cashline.platform.documents.queries import latest_file
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Email,
    Limit,
    Name,
    PublicId,
    Sort,
    Text,
    Why,
    Words,
    ask_of,
    listed,
    require_visible,
)

router = Router(tags=["Agreements"])
type Token = Annotated[str, StringConstraints(min_length=1, max_length=100)]
type IpAddress = Annotated[str, StringConstraints(max_length=45)]
type UserAgent = Annotated[str, StringConstraints(max_length=500)]


class SignerIn(Closed):
    """A person asked to sign for the customer."""

    name: Name
    email: Email
    title: Text = ""


class SignersIn(Closed):
    """Who signs."""

    signers: Annotated[list[SignerIn], Field(min_length=1, max_length=20)]


class VisitIn(Closed):
    """The personal token and, as evidence, from where the signer acts."""

    token: Token
    ip_address: IpAddress = ""
    user_agent: UserAgent = ""

    def visit(self, caller: Caller) -> Visit:
        """The evidence, which also names the program that hands it in."""
        return Visit(self.ip_address, self.user_agent, f"API ({caller.actor})")


class SignIn(VisitIn):
    """A signature: the name typed and the words agreed to."""

    typed_name: Name
    consent: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class DeclineIn(VisitIn):
    """A refusal to sign."""

    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


def shape(row: AgreementRow) -> dict[str, Any]:
    """An agreement as the API shows it."""
    return {
        "id": public("agreement", row.id),
        "number": row.number,
        "origin": row.origin,
        "status": row.status,
        "customer": public("customer", row.customer_id),
        "entity": public("entity", row.entity_id),
        "quote": public("quote", row.quote_id) if row.quote_id else None,
        "title": row.title,
        "terms": row.terms,
        "purchase_order": row.purchase_order,
        "currency": row.currency,
        "net_total": row.net_total,
        "payment_terms_days": row.payment_terms_days,
        "starts_on": row.starts_on,
        "signed_on": row.signed_on,
        "created_at": row.created_at,
    }


def line_shape(line: TermLine) -> dict[str, Any]:
    """A version of an agreed line; `ends_on` is the first day on which it no longer applies."""
    names = (
        "line_no",
        "kind",
        "description",
        "quantity",
        "unit_price",
        "stand_alone_price",
        "interval_months",
        "term_months",
        "billing_trigger",
        "revenue_pattern",
        "tax_category",
        "net_total",
        "starts_on",
        "ends_on",
        "included_tax_rate",
    )
    return {
        "id": public("agreement_line", line.id),
        "line": public("agreement_line", line.line_id),
        "product": public("product", line.product_id),
        **{name: getattr(line, name) for name in names},
        "price_with_tax": price_with_tax(line.unit_price, line.included_tax_rate),
    }


def signature_shape(row: SignatureRow) -> dict[str, Any]:
    """A request to sign, with the evidence once it was answered."""
    return {
        "id": public("signature", row.id),
        "name": row.signer_name,
        "email": row.signer_email,
        "title": row.signer_title,
        "status": row.status,
        "requested_at": row.requested_at,
        "viewed_at": row.viewed_at,
        "signed_at": row.signed_at,
        "document_sha256": row.document_sha256,
        "evidence": row.evidence,
    }


def _whole(key: UUID) -> dict[str, Any]:
    lines = queries.term_lines(agreement_ids=[key])
    signatures = signatures_of([key])
    return shape(queries.agreement(key)) | {
        "lines": [line_shape(line) for line in lines],
        "signatures": [signature_shape(one) for one in signatures],
    }


def _seen(caller: Caller, agreement_id: str, permission: str = "contracts.read") -> AgreementRow:
    row = queries.agreement(key_of("agreement", agreement_id))
    require_visible(caller, permission, row.entity_id, "agreement", row.id)
    return row


def _require_seal(caller: Caller, token: str) -> None:
    """A program hands a signature in only for the legal entities whose contracts it may seal."""
    caller.require("contracts.seal")
    row = queries.agreement(signature_by_token(token).agreement_id)
    require_visible(caller, "contracts.seal", row.entity_id, "agreement", row.id)


@router.get("/agreements")
def agreement_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[AgreementStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    origin: Annotated[list[AgreementOrigin], Query()] = [],  # noqa: B006
    customer: Annotated[str, Query(max_length=64)] = "",
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Agreements, the newest first unless sorted by number, customer, starts_on or net_total."""
    caller = caller_of(request)
    caller.require("contracts.read")
    page = queries.list_agreements(
        ask_of(sort, cursor, limit),
        words=q,
        statuses=status,
        origins=origin,
        customer_id=key_of("customer", customer) if customer else None,
        entity_ids=caller.entities("contracts.read"),
    )
    return listed(page, shape)


@router.get("/agreements/{agreement_id}")
def agreement_show(request: HttpRequest, agreement_id: PublicId, as_of: date | None = None) -> dict[str, Any]:
    """One agreement with every version of its lines, or those valid on a day."""
    row = _seen(caller_of(request), agreement_id)
    body = _whole(row.id)
    if as_of is not None:
        lines = queries.term_lines(agreement_ids=[row.id], as_of=as_of)
        body["lines"] = [line_shape(line) for line in lines]
    return body


@router.post("/agreements/{agreement_id}/send-for-signature")
def agreement_send(request: HttpRequest, agreement_id: PublicId, body: SignersIn) -> dict[str, Any]:
    """Ask people to sign; each gets a mail. Whoever may seal contracts also gets the tokens, to embed the signing."""
    caller = caller_of(request)
    row = _seen(caller, agreement_id, "contracts.write")
    signers = [Signer(one.name, one.email, one.title) for one in body.signers]
    tokens = actions.send_for_signature(row.id, signers=signers, now=caller.now, actor=caller.actor)
    shown = caller.authority.allows("contracts.seal", row.entity_id)
    return _whole(row.id) | ({"tokens": tokens} if shown else {})


@router.post("/agreements/{agreement_id}/recall")
def agreement_recall(request: HttpRequest, agreement_id: PublicId, body: Why) -> dict[str, Any]:
    """Take it back from signing to draft."""
    caller = caller_of(request)
    row = _seen(caller, agreement_id, "contracts.write")
    actions.recall_agreements([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return _whole(row.id)


@router.post("/agreements/{agreement_id}/cancel")
def agreement_cancel(request: HttpRequest, agreement_id: PublicId, body: Why) -> dict[str, Any]:
    """Drop an agreement that was never signed."""
    caller = caller_of(request)
    row = _seen(caller, agreement_id, "contracts.write")
    actions.cancel_agreements([row.id], reason=body.reason, now=caller.now, actor=caller.actor)
    return _whole(row.id)


@router.get("/agreements/{agreement_id}/seal")
def agreement_seal(request: HttpRequest, agreement_id: PublicId) -> dict[str, Any]:
    """Is the signed contract still the one that was sealed?"""
    report = check_contract_seal(_seen(caller_of(request), agreement_id).id)
    return {
        "intact": report.intact,
        "signer": report.signer,
        "sealed_at": report.signed_at,
        "problems": list(report.problems),
    }


@router.get("/agreements/{agreement_id}/pdf")
def agreement_pdf(request: HttpRequest, agreement_id: PublicId) -> HttpResponse:
    """The sealed contract, or before that the one sent for signature."""
    row = _seen(caller_of(request), agreement_id)
    stored = latest_file(row.id, CONTRACT_FILE) or latest_file(row.id, DRAFT_FILE)
    if stored is None:
        raise NotFound(f"{row.number} was not sent for signature yet.", field="id")
    return HttpResponse(stored.content, content_type=stored.file.media_type)


@router.post("/signatures/sign")
def signature_sign(request: HttpRequest, body: SignIn) -> dict[str, Any]:
    """Sign with the personal token of a signer; with the last signature the contract is sealed and the order born."""
    caller = caller_of(request)
    _require_seal(caller, body.token)
    given = SignatureGiven(body.typed_name, body.consent, body.visit(caller))
    return _whole(actions.sign_agreement(body.token, given=given, now=caller.now).id)


@router.post("/signatures/decline")
def signature_decline(request: HttpRequest, body: DeclineIn) -> dict[str, Any]:
    """Refuse to sign with the personal token of a signer."""
    caller = caller_of(request)
    _require_seal(caller, body.token)
    key = actions.decline_signature(body.token, reason=body.reason, visit=body.visit(caller), now=caller.now)
    return _whole(key)
