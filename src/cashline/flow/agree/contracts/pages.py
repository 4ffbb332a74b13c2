"""The console's pages of agreements: the list, the document with its terms and signatures, and its steps."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from cashline.flow.agree.catalog.pages import price_cell
from cashline.flow.agree.contracts import actions, queries
from cashline.flow.agree.contracts.queries import AgreementRow
from cashline.flow.agree.contracts.queries.signatures import (
    CONTRACT_FILE,
    DRAFT_FILE,
    SignatureRow,
    check_contract_seal,
    signatures_of,
)
from cashline.flow.agree.contracts.rules import AGREEMENT, AgreementOrigin, AgreementStatus, TermLine
from cashline.flow.agree.contracts.rules.signing import Signer
from cashline.flow.agree.quotes.pages.parts import paid_words
from cashline.flow.agree.quotes.queries import quotes_by_id
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import NotFound
from cashline.platform.documents.queries import file, files_of
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import require_visible
from cashline.platform.events.queries import Link
from cashline.platform.pages.acting import take_step
from cashline.platform.pages.anatomies import DocumentPage, Empty, ListPage, RowPage, Section
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Download,
    Filter,
    KeyValue,
    Label,
    Notice,
    Option,
    Row,
    Step,
    SummaryRow,
    Table,
    Tone,
    pill,
)
from cashline.platform.pages.fields import Field, said
from cashline.platform.pages.render import render_document, render_list
from cashline.platform.pages.threads import thread_of
from cashline.platform.pages.timelines import timeline_of

STATUSES = tuple(Option(status.value, pill(status).label) for status in AgreementStatus)
ORIGINS: dict[str, Label] = {
    "contract": lazy("Signed contract"),
    "order": lazy("Order"),
    "framework": lazy("Rate plans"),
}
COLUMNS = (
    Column("number", lazy("Number"), "code", sort=True, place="title"),
    Column("customer", lazy("Customer"), sort=True),
    Column("title", lazy("Title")),
    Column("origin", lazy("Origin")),
    Column("status", lazy("State"), "pill", place="state"),
    Column("net_total", lazy("Value"), "money", sort=True, place="amount"),
    Column("starts_on", lazy("Starts"), "date", sort=True),
    Column("signed_on", lazy("Signed"), "date"),
    Column("created_at", lazy("Made"), "date", sort=True, place="hidden"),
    Column("purchase_order", lazy("Purchase order"), only_export=True),
)
FILTERS = (
    Filter.search(lazy("Number, title, customer or purchase order")),
    Filter.choice("status", lazy("State"), STATUSES),
    Filter.choice("origin", lazy("Origin"), tuple(Option(one.value, ORIGINS[one]) for one in AgreementOrigin)),
)
LINE_COLUMNS = (
    Column("description", lazy("Product"), place="title"),
    Column("quantity", lazy("Quantity"), "number"),
    Column("paid", lazy("Paid")),
    Column("unit_price", lazy("Price"), "money"),
    Column("billed", lazy("Billed"), place="hidden"),
    Column("valid", lazy("Valid from"), "date", place="hidden"),
    Column("total", lazy("Total"), "money", place="amount"),
)
SIGNATURE_COLUMNS = (
    Column("name", lazy("Signer"), place="title"),
    Column("status", lazy("State"), "pill", place="state"),
    Column("viewed_at", lazy("Opened"), "datetime"),
    Column("signed_at", lazy("Signed"), "datetime"),
    Column("typed_name", lazy("Signed as")),
    Column("from", lazy("From")),
)
REASON = Field("reason", lazy("Reason"), "textarea", max_length=1000)


def address(row: AgreementRow) -> str:
    """The page of an agreement."""
    return reverse("agreement_detail", args=[public("agreement", row.id)])


def agreement_list(request: HttpRequest) -> HttpResponseBase:
    """All agreements that the caller may see."""
    caller = caller_of(request)
    caller.require("contracts.read")

    def fetch(ask: ListAsk) -> RowPage:
        page = queries.list_agreements(
            ask.page,
            words=ask.text(),
            statuses=ask.choices("status"),
            origins=ask.choices("origin"),
            entity_ids=caller.entities("contracts.read"),
        )
        return RowPage(tuple(_row(row) for row in page.items), page.next_cursor)

    empty = Empty(
        _("No contracts yet"), _("A contract is drafted when a customer accepts a quote."), None, "file-signature"
    )
    page = ListPage(_("Contracts"), COLUMNS, fetch, FILTERS, "-created_at", empty, filename="contracts")
    return render_list(request, page)


def _row(row: AgreementRow) -> Row:
    cells: dict[str, Any] = {
        "number": row.number,
        "customer": row.customer_name,
        "title": row.title,
        "origin": ORIGINS[row.origin],
        "status": pill(row.status),
        "net_total": Money(row.net_total, row.currency),
        "starts_on": row.starts_on,
        "signed_on": row.signed_on,
        "created_at": row.created_at,
        "purchase_order": row.purchase_order,
    }
    return Row(public("agreement", row.id), cells, address(row))


def _seen(caller: Caller, agreement_id: str, permission: str = "contracts.read") -> AgreementRow:
    row = queries.agreement(key_of("agreement", agreement_id))
    require_visible(caller, permission, row.entity_id, "agreement", row.id)
    return row


def agreement_detail(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """One agreement; `?check=seal` judges the seal of the signed contract."""
    caller = caller_of(request)
    row = _seen(caller, agreement_id)
    signatures = signatures_of([row.id])
    page = DocumentPage(
        _("Contract"),
        row.number,
        pill(row.status),
        party=Cell(row.customer_name, reverse("customer_detail", args=[public("customer", row.customer_id)])),
        subtitle=row.title,
        actions=_steps(row, caller, signatures),
        thread=thread_of([row.quote_id] if row.quote_id else [], row.id, known=[Link("agreement", row.id, row.number)]),
        steps=_stages(row) if row.origin == AgreementOrigin.CONTRACT else (),
        facts=_facts(row),
        sections=_sections(row, signatures),
        summary=(SummaryRow(_("Value, without tax"), Money(row.net_total, row.currency), total=True),),
        timeline=timeline_of([row.id], current=row.id),
        downloads=_downloads(row),
        notices=_seal_notice(row) if request.GET.get("check") == "seal" else (),
        crumbs=(Crumb(_("Contracts"), reverse("agreement_list")),),
    )
    return render_document(request, page)


def _stages(row: AgreementRow) -> tuple[Step, ...]:
    """Draft, out for signature, signed: where the contract stands on its way."""
    order = (AgreementStatus.DRAFT, AgreementStatus.OUT_FOR_SIGNATURE, AgreementStatus.ACTIVE)
    words = (_("Drafted"), _("Out for signature"), _("Signed and sealed"))
    if row.status in (AgreementStatus.DECLINED, AgreementStatus.CANCELLED):
        return (Step(words[0], "done"), Step(str(pill(row.status).label), "failed"))
    reached = order.index(AgreementStatus(row.status)) if row.status in order else len(order)
    states = ["done" if place < reached or reached >= 2 else "waiting" for place in range(3)]
    if reached < 2:
        states[reached] = "current"
    return tuple(Step(word, state) for word, state in zip(words, states, strict=True))  # type: ignore[arg-type]


def _facts(row: AgreementRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Origin"), ORIGINS[row.origin]),
        KeyValue(_("Starts"), row.starts_on),
        KeyValue(_("Signed"), row.signed_on),
        KeyValue(_("Payment terms"), _("%(days)s days") % {"days": row.payment_terms_days}),
        KeyValue(_("Purchase order"), row.purchase_order),
    )
    return tuple(fact for fact in facts if fact.value)


def _sections(row: AgreementRow, signatures: list[SignatureRow]) -> tuple[Section, ...]:
    lines = queries.term_lines(agreement_ids=[row.id])
    table = Table(
        LINE_COLUMNS, tuple(_line(line) for line in lines), totals={"total": Money(row.net_total, row.currency)}
    )
    found = [Section(_("Terms"), table, anchor="lines")]
    if row.terms:
        found.append(Section(_("Special terms"), text=row.terms))
    if signatures:
        found.append(Section(_("Signatures"), Table(SIGNATURE_COLUMNS, tuple(_signer(one) for one in signatures))))
    return tuple(found)


def _line(line: TermLine) -> Row:
    cells: dict[str, Any] = {
        "description": line.description,
        "quantity": line.quantity,
        "paid": paid_words(line.interval_months, line.term_months),
        "unit_price": price_cell(line.unit_price, line.currency, line.included_tax_rate),
        "billed": line.billing_trigger.replace("_", " "),
        "valid": line.starts_on,
        "total": Money(line.net_total, line.currency),
    }
    return Row(public("agreement_line", line.id), cells)


def _signer(one: SignatureRow) -> Row:
    cells: dict[str, Any] = {
        "name": Cell(one.signer_name, sub=one.signer_email),
        "status": pill(one.status),
        "viewed_at": one.viewed_at,
        "signed_at": one.signed_at,
        "typed_name": str(one.evidence.get("typed_name", "")),
        "from": str(one.evidence.get("ip_address", "")) or str(one.evidence.get("reason", "")),
    }
    return Row(public("signature", one.id), cells)


def _seal_notice(row: AgreementRow) -> tuple[Notice, ...]:
    report = check_contract_seal(row.id)
    if report.intact:
        text = _("The contract is the one that %(signer)s sealed; no byte has changed.") % {"signer": report.signer}
        return (Notice(text, Tone.SUCCESS),)
    return (Notice(_("The contract is not intact."), Tone.DANGER, " ".join(report.problems)),)


def _downloads(row: AgreementRow) -> tuple[Download, ...]:
    words = {CONTRACT_FILE: _("Signed contract"), DRAFT_FILE: _("Contract as sent")}
    return tuple(
        Download(words[one.kind], reverse("agreement_file", args=[public("agreement", row.id), public("file", one.id)]))
        for one in files_of([row.id], list(words))
    )


def _steps(row: AgreementRow, caller: Caller, signatures: list[SignatureRow]) -> tuple[Action, ...]:
    """The next steps that state and authority allow."""
    found: list[Action] = []
    if any(one.status == "signed" for one in signatures) and row.status == AgreementStatus.ACTIVE:
        found.append(Action.link(_("Check the seal"), f"{address(row)}?check=seal", icon="shield-check"))
    if not caller.authority.allows("contracts.write", row.entity_id):
        return tuple(found)

    def url(name: str) -> str:
        return reverse(f"agreement_{name}", args=[public("agreement", row.id)])

    signers = _signer_fields(row)
    offered = (
        ("send_for_signature", Action(_("Send for signature"), url("send"), "primary", fields=signers, key="s")),
        ("recall", Action(_("Recall"), url("recall"), fields=(REASON,))),
        ("cancel", Action(_("Cancel"), url("cancel"), "danger", fields=(REASON,))),
    )
    found += [action for verb, action in offered if AGREEMENT.allows(verb, row.status)]
    return tuple(found)


def _signer_fields(row: AgreementRow) -> tuple[Field, ...]:
    """Who is asked to sign: first whoever accepted the quote, and one more if wanted."""
    quote = quotes_by_id([row.quote_id]).get(row.quote_id) if row.quote_id else None
    return (
        Field("name", lazy("Signer"), value=quote.accepted_by if quote else ""),
        Field("email", lazy("Their e-mail"), "email", value=quote.accepted_email if quote else "", max_length=254),
        Field("title", lazy("Their position"), required=False),
        Field("name_2", lazy("Second signer"), required=False),
        Field("email_2", lazy("E-mail of the second"), "email", False, max_length=254),
    )


def agreement_file(request: HttpRequest, agreement_id: str, file_id: str) -> HttpResponse:
    """A PDF of the contract."""
    row = _seen(caller_of(request), agreement_id)
    stored = file(key_of("file", file_id))
    if stored.file.subject_id != row.id:
        raise NotFound("There is no such file.", field="id")
    answer = HttpResponse(stored.content, content_type=stored.file.media_type)
    answer["Content-Disposition"] = f'inline; filename="{stored.file.file_name}"'
    return answer


def _signers(request: HttpRequest) -> list[Signer]:
    first, second = (
        Signer(*(said(request.POST, name + place, 300) for name in ("name", "email", "title"))) for place in ("", "_2")
    )
    return [first, second] if second.name or second.email else [first]


def _reason(request: HttpRequest) -> str:
    return said(request.POST, "reason")


type _Step = Callable[[AgreementRow, Caller, HttpRequest], object]
STEPS: dict[str, tuple[Any, _Step]] = {
    "send": (
        lazy("The contract is on its way to be signed."),
        lambda row, caller, request: actions.send_for_signature(
            row.id, signers=_signers(request), now=caller.now, actor=caller.actor
        ),
    ),
    "recall": (
        lazy("The contract is a draft again."),
        lambda row, caller, request: actions.recall_agreements(
            [row.id], reason=_reason(request), now=caller.now, actor=caller.actor
        ),
    ),
    "cancel": (
        lazy("The contract is cancelled."),
        lambda row, caller, request: actions.cancel_agreements(
            [row.id], reason=_reason(request), now=caller.now, actor=caller.actor
        ),
    ),
}
"""Each step of the document: what is said after it, and the action."""


def _step_page(sentence: Any, step: _Step) -> Callable[[HttpRequest, str], HttpResponse]:
    @require_POST
    def page(request: HttpRequest, agreement_id: str) -> HttpResponse:
        caller = caller_of(request)
        row = _seen(caller, agreement_id, "contracts.write")
        return take_step(request, address(row), str(sentence), lambda: step(row, caller, request))

    return page


URLS = [
    path("contracts/", agreement_list, name="agreement_list"),
    path("contracts/<str:agreement_id>/", agreement_detail, name="agreement_detail"),
    path("contracts/<str:agreement_id>/files/<str:file_id>/", agreement_file, name="agreement_file"),
    *(
        path(f"contracts/<str:agreement_id>/{name}/", _step_page(*step), name=f"agreement_{name}")
        for name, step in STEPS.items()
    ),
]
