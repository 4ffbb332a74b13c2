"""Paying an invoice: by card through the gateway, or by transfer with a code that banking apps read.

The wish to pay is committed before the gateway is called (the form's key makes it one wish, however often it is sent),
and what the gateway says is recorded afterwards; so this view stands outside any transaction.
"""

import base64
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from cashline.flow.receive.payments.actions import (
    NewIntent,
    charge_card,
    create_intents,
    gateway_names,
    gateways,
    record_result,
)
from cashline.flow.receive.payments.gateways.sandbox_acquirer import known_test_card
from cashline.flow.receive.payments.queries import intent, withheld_of
from cashline.flow.receive.payments.rules import asked_of
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money, minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal
from cashline.platform.company.queries import Entity, entities_by_id
from cashline.platform.documents.payment_code import has_payment_code, payment_code_svg
from cashline.platform.doors.once import Outcome, once
from cashline.platform.pages.components import Crumb, KeyValue, Label, Pill, Tone
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.formats import format_day, format_money
from cashline.platform.pages.render import refused, render_page
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import Visitor, frame_for, visitor
from cashline.surfaces.portal.parts import money
from cashline.surfaces.portal.queries import paying
from cashline.surfaces.portal.queries.paying import ChargeRow, InvoiceRow

SANDBOX = "sandbox"
NO_TEST_CARD = "no test card"
"""What is kept in place of a number that is no test card: the sandbox declines it, and no real number is stored."""
TEST_CARDS = (
    ("4242 4242 4242 4242", gettext_lazy("pays")),
    ("4000 0025 0000 3155", "3-D Secure"),
    ("4000 0000 0000 9995", gettext_lazy("insufficient funds")),
)
DECLINED = {
    "insufficient_funds": gettext_lazy("There is not enough money on the card; nothing was charged."),
    "expired_card": gettext_lazy("The card has expired; nothing was charged."),
    "incorrect_number": gettext_lazy("There is no such card; nothing was charged."),
    "incorrect_cvc": gettext_lazy("The security code of the card is wrong; nothing was charged."),
}
"""Why a card was declined, where that helps its holder; gateways say it in English alone."""


@dataclass(frozen=True, slots=True)
class PayPage:
    """What the page of paying shows; `by_card` is false where no gateway takes cards here."""

    title: str
    subtitle: str
    invoice: InvoiceRow
    fields: tuple[Field, ...]
    by_card: bool
    transfer: tuple[KeyValue, ...]
    code: str
    cards: tuple[tuple[str, Label], ...]
    back_url: str
    crumbs: tuple[Crumb, ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class ChargePage:
    """What became of a card payment."""

    title: str
    charge: ChargeRow
    amount: object
    pill: Pill
    words: Label
    undecided: bool
    action_url: str
    invoice_url: str
    again_url: str


def to_pay(row: InvoiceRow, withheld: Decimal) -> Money:
    """What the customer is asked to pay of an open invoice, of which they withhold a part for the tax authority."""
    digits = minor_units(row.currency)
    asked = asked_of(row.open_amount, disputed=row.disputed, withheld=withheld, digits=digits)
    return money(asked, row.currency)


def _told_open(row: InvoiceRow, withheld: Decimal) -> str:
    """What is open until when, and what is kept back of it."""
    amounts = {"amount": format_money(money(row.open_amount, row.currency)), "day": format_day(row.due_on)}
    told = _("%(amount)s is open, due on %(day)s") % amounts
    if not withheld:
        return told
    kept = _("You withhold %(amount)s of it for the tax authority.")
    return f"{told}. {kept % {'amount': format_money(money(withheld, row.currency))}}"


def _page(row: InvoiceRow, entity: Entity, who: Visitor) -> PayPage:
    withheld = withheld_of([row.id]).get(row.id, Decimal(0))
    asked = to_pay(row, withheld)
    amount = asked.amount
    fields = (
        Field("amount", _("Amount"), "decimal", value=amount, prefix=row.currency, width="half"),
        Field("card", _("Card number"), max_length=30, autocomplete="cc-number"),
    )
    transfer = (
        KeyValue(_("To"), entity.name),
        KeyValue(_("IBAN"), " ".join(entity.iban[place : place + 4] for place in range(0, len(entity.iban), 4))),
        KeyValue(_("BIC"), entity.bic),
        KeyValue(_("Amount"), asked),
        KeyValue(_("Reference"), row.number),
    )
    code = ""
    if entity.iban and has_payment_code(amount, row.currency):
        svg = payment_code_svg(entity.iban, entity.bic, entity.name, amount, row.number)
        code = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    url = reverse("portal_invoice", args=[public("invoice", row.id)])
    return PayPage(
        title=_("Pay %(number)s") % {"number": row.number},
        subtitle=_told_open(row, withheld),
        invoice=row,
        fields=fields,
        by_card=_takes_cards(who),
        transfer=tuple(one for one in transfer if one.value) if entity.iban else (),
        code=code,
        cards=TEST_CARDS,
        back_url=url,
        crumbs=(Crumb(_("Invoices"), reverse("portal_invoice_list")), Crumb(row.number, url)),
    )


def _takes_cards(who: Visitor) -> bool:
    """Can a card be typed here? A live gateway wants its own form for card numbers, which must not pass through us."""
    return SANDBOX in gateway_names(sandbox=who.caller.clock.sandbox)


@transaction.non_atomic_requests
def pay(request: HttpRequest, invoice_id: str) -> HttpResponseBase:
    """How to pay an invoice, and paying it by card."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
    page = _page(row, entity, who)
    frame = frame_for(entity)
    if request.method != "POST":
        if not row.open_amount or row.status != "issued":
            return refused(request, page.back_url, Conflict(_("Nothing is open on this invoice.")))
        return render_page(request, "portal/pay.html", {"page": page, "by_field": {}}, portal=frame)
    read = read_form(request.POST, (FieldSet("", page.fields),))
    errors = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: _wish(request, row, who, read))
            return _charge(who, outcome.url)
        except Refusal as refusal:
            errors = errors_of(refusal)
    page = replace(page, errors=errors)
    context = {"page": page, "by_field": {error.field: error for error in errors}}
    return render_page(request, "portal/pay.html", context, 422, portal=frame)


def _wish(request: HttpRequest, row: InvoiceRow, who: Visitor, read: Reading) -> Outcome:
    """Record the wish to pay; its address is the outcome, so that a form sent twice leads to the same charge."""
    if not _takes_cards(who):
        raise InvalidValue(_("Cards are not taken here; pay by transfer."), field="card")
    new = NewIntent(
        entity_id=row.entity_id,
        customer_id=who.customer_id,
        currency=row.currency,
        amount=read.decimal("amount") or Decimal(0),
        gateway=SANDBOX,
        method_token=known_test_card(read.text("card")) or NO_TEST_CARD,
        invoice_id=row.id,
        return_url=request.build_absolute_uri(reverse("portal_charged", args=[public("invoice", row.id)])),
    )
    key = create_intents([new], now=who.now, actor=who.actor)[0]
    return Outcome(reverse("portal_charge", args=[public("payment_intent", key)]), "")


def _charge(who: Visitor, url: str) -> HttpResponse:
    """Ask the gateway; a page of ours is led to at once, a foreign one by a link, which our own page shows."""
    key = key_of("payment_intent", url.strip("/").rsplit("/", 1)[-1])
    named = gateways(sandbox=who.caller.clock.sandbox)
    after = charge_card(key, gateway_named=named, now=who.now, actor=who.actor)
    action = _ours(after.action_url) if after.status == "requires_action" else ""
    return HttpResponseRedirect(action if action.startswith("/") else url)


def _ours(action_url: str) -> str:
    """The address of a confirmation, without the host where it is our own."""
    return action_url.removeprefix(settings.PUBLIC_URL)


def charge_detail(request: HttpRequest, charge_id: str) -> HttpResponse:
    """How a card payment stands; asked again every few seconds while nobody knows."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.charge(key_of("payment_intent", charge_id))
        entity = entities_by_id([row.entity_id])[row.entity_id]
    invoice_url = reverse("portal_invoice", args=[public("invoice", row.invoice_id)]) if row.invoice_id else ""
    pill, words = _told(row)
    again = reverse("portal_pay", args=[public("invoice", row.invoice_id)]) if row.invoice_id else ""
    page = ChargePage(
        title=_("Card payment"),
        charge=row,
        amount=money(row.amount, row.currency),
        pill=pill,
        words=words,
        undecided=row.status in ("pending", "requires_action"),
        action_url=_ours(row.action_url) if row.status == "requires_action" else "",
        invoice_url=invoice_url,
        again_url=again if row.status == "failed" else "",
    )
    return render_page(request, "portal/charge.html", {"page": page}, portal=frame_for(entity))


def _told(row: ChargeRow) -> tuple[Pill, Label]:
    known = {
        "pending": (
            Pill(_("Under way"), Tone.INFO),
            _("We wait for the answer of your bank. Nothing needs to be done."),
        ),
        "requires_action": (Pill(_("Confirm it"), Tone.WARNING), _("Your bank asks you to confirm the payment.")),
        "succeeded": (Pill(_("Paid"), Tone.SUCCESS), _("Thank you: the payment has arrived.")),
        "failed": (
            Pill(_("Declined"), Tone.DANGER),
            DECLINED.get(row.decline_code) or _("The card was declined; nothing was charged."),
        ),
    }
    return known.get(row.status, (Pill(row.status), row.message))


@transaction.non_atomic_requests
def charged(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """Where the bank's page leads back to: ask the gateway what came of it, without waiting for its report."""
    who = visitor(request)
    with as_portal(who.customer_id):
        row = paying.invoice(key_of("invoice", invoice_id))
        waiting = paying.charges_under_way(row.id)
        newest = paying.latest_charge(row.id)
    for one in waiting:
        _look_up(one.id, who)
    if newest is None:
        return HttpResponseRedirect(reverse("portal_invoice", args=[public("invoice", row.id)]))
    return HttpResponseRedirect(reverse("portal_charge", args=[public("payment_intent", newest.id)]))


def _look_up(key: UUID, who: Visitor) -> None:
    known = intent(key)
    if known.status == "requires_action" and known.gateway_reference:
        gateway = gateways(sandbox=who.caller.clock.sandbox)(known.gateway)
        record_result(key, gateway.fetch(known.gateway_reference), now=who.now, actor=who.actor)
