"""The first page of the portal: what waits for the customer, and what runs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from cashline.flow.agree.contracts.queries.signatures import signing_token
from cashline.flow.agree.customers.queries import CustomerRow, addresses_of, customer
from cashline.flow.receive.payments.queries import WithholdingLeft, withheld_by
from cashline.kernel.identifiers import public
from cashline.platform import lists
from cashline.platform.company.queries import Entity
from cashline.platform.documents.letterheads import address_lines
from cashline.platform.pages.anatomies import BoardPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    CellValue,
    Column,
    KeyValue,
    Label,
    Pill,
    Row,
    Stat,
    Table,
    Tone,
)
from cashline.platform.pages.formats import format_money
from cashline.platform.pages.render import render_document, render_page
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import gettext_lazy
from cashline.platform.permissions.portal import as_portal
from cashline.surfaces.portal.frame import frame_for, usual_entity, visitor
from cashline.surfaces.portal.orders import order_pill, order_url
from cashline.surfaces.portal.parts import money
from cashline.surfaces.portal.queries import delivering, overview, paying
from cashline.surfaces.portal.queries.delivering import OrderRow
from cashline.surfaces.portal.queries.overview import Balance, Task
from cashline.surfaces.portal.queries.paying import InvoiceRow
from cashline.surfaces.portal.signing import sign_address

SHOWN = 5
KINDS: dict[str, Label] = {
    "quote": gettext_lazy("Quote"),
    "signature": gettext_lazy("Contract"),
    "invoice": gettext_lazy("Invoice"),
    "installation": gettext_lazy("Work on site"),
}
TASKS = (
    Column("what", gettext_lazy("What"), place="title"),
    Column("todo", gettext_lazy("To do"), "pill", place="state"),
    Column("due", gettext_lazy("Until"), "ago"),
    Column("amount", gettext_lazy("Amount"), "money", place="amount"),
)
ORDERS = (
    Column("number", gettext_lazy("Order"), "code", place="title"),
    Column("state", gettext_lazy("State"), "pill", place="state"),
    Column("day", gettext_lazy("Ordered"), "date"),
)
INVOICES = (
    Column("number", gettext_lazy("Invoice"), "code", place="title"),
    Column("due", gettext_lazy("Due"), "date"),
    Column("open", gettext_lazy("Open"), "money", place="amount"),
)


def home(request: HttpRequest) -> HttpResponse:
    """What awaits the customer's person, what is open, and what runs."""
    who = visitor(request)
    with as_portal(who.customer_id):
        buyer = customer(who.customer_id)
        today = who.today(buyer.timezone)
        entity = usual_entity(who.customer_id)
        tasks = overview.tasks(who.customer_id, who.email, today=today)
        balances = overview.balances(who.customer_id, today=today)
        orders, subscriptions = overview.running(who.customer_id)
        newest = delivering.find_orders(lists.Ask(limit=SHOWN), who.customer_id).items
        invoices = paying.find_invoices(lists.Ask("issued_on", True, limit=SHOWN), who.customer_id, today=today).items
    withheld = withheld_by(who.customer_id)
    balances, tasks = _to_pay(balances, withheld, today), _asked(tasks, withheld)
    stats = (
        *_money_stats(balances),
        Stat(_("Orders under way"), orders, f"{reverse('portal_order_list')}?state=booked&state=held"),
        Stat(_("Subscriptions running"), subscriptions, reverse("portal_subscription_list")),
    )
    page = BoardPage(
        _("Hello %(name)s") % {"name": who.name} if who.name else buyer.name,
        stats=stats,
        sections=(
            Section(_("Newest orders"), Table(ORDERS, _order_rows(newest), empty=_("None yet."))),
            Section(_("Newest invoices"), Table(INVOICES, _invoice_rows(invoices), empty=_("None yet."))),
        ),
        subtitle=f"{buyer.name} · {buyer.number}",
    )
    waiting = Section(
        _("What waits for you"),
        Table(TASKS, tuple(_task(one, today) for one in tasks), empty=_("Nothing. All is done.")),
    )
    context = {"page": page, "waiting": waiting, "count": len(tasks)}
    return render_page(request, "portal/home.html", context, portal=frame_for(entity))


def _to_pay(balances: Sequence[Balance], withheld: Sequence[WithholdingLeft], today: date) -> list[Balance]:
    """The balances without what the customer withholds of invoices for the tax authority: nobody asks for it."""
    found = []
    for one in balances:
        own = [left for left in withheld if left.currency == one.currency]
        kept = sum((left.expected for left in own), Decimal(0))
        late = sum((left.expected for left in own if left.due_on < today), Decimal(0))
        found.append(replace(one, open=one.open - kept, overdue=one.overdue - late))
    return found


def _asked(tasks: Sequence[Task], withheld: Sequence[WithholdingLeft]) -> list[Task]:
    """The tasks, invoices likewise with what is to be paid of them."""
    kept = {one.invoice_id: one.expected for one in withheld}
    return [replace(one, amount=one.amount - kept[one.id]) if one.amount and one.id in kept else one for one in tasks]


def _order_rows(orders: Sequence[OrderRow]) -> tuple[Row, ...]:
    return tuple(
        Row(
            public("order", one.id),
            {"number": one.number, "state": order_pill(one.status), "day": one.ordered_on},
            order_url(one.id),
        )
        for one in orders
    )


def _invoice_rows(invoices: Sequence[InvoiceRow]) -> tuple[Row, ...]:
    return tuple(
        Row(
            public("invoice", one.id),
            {"number": one.number, "due": one.due_on, "open": money(one.open_amount, one.currency)},
            reverse("portal_invoice", args=[public("invoice", one.id)]),
        )
        for one in invoices
    )


def _money_stats(balances: Sequence[Balance]) -> tuple[Stat, ...]:
    """What is open, overdue and on account; a customer has one currency, which old documents may not share."""
    found = []
    here = reverse("portal_invoice_list")
    for one in balances:
        figures = (
            (one.open, _("To pay"), f"{here}?state=open", Tone.NEUTRAL),
            (one.overdue, _("Overdue"), f"{here}?state=overdue", Tone.DANGER),
            (one.credit, _("Credit on account"), reverse("portal_payment_list"), Tone.NEUTRAL),
            (one.prepaid, _("Prepaid"), reverse("portal_payment_list"), Tone.NEUTRAL),
        )
        found += [
            Stat(label, format_money(money(amount, one.currency)), url, tone=tone)
            for amount, label, url, tone in figures
            if amount
        ]
    return tuple(found) or (Stat(_("To pay"), _("nothing"), here),)


def _task(one: Task, today: date) -> Row:
    overdue = one.kind == "invoice" and one.due_on is not None and one.due_on < today
    todo = {
        "quote": Pill(_("Accept or decline"), Tone.WARNING),
        "signature": Pill(_("Read and sign"), Tone.WARNING),
        "invoice": Pill(_("Pay, it is overdue"), Tone.DANGER) if overdue else Pill(_("Pay"), Tone.INFO),
        "installation": Pill(_("Accept the work"), Tone.WARNING),
    }
    cells: dict[str, CellValue] = {
        "what": Cell(f"{KINDS[one.kind]} {one.number}", sub=one.title),
        "todo": todo[one.kind],
        "due": one.due_on,
        "amount": money(one.amount, one.currency) if one.amount is not None else None,
    }
    return Row(str(one.id), cells, _task_url(one))


def _task_url(one: Task) -> str:
    if one.kind == "signature":
        return sign_address(signing_token(one.id))
    return reverse(f"portal_{one.kind}", args=[public(one.kind, one.id)])


def account(request: HttpRequest) -> HttpResponse:
    """Who you are here, what we know of your company, and how you sign in."""
    who = visitor(request)
    with as_portal(who.customer_id):
        buyer = customer(who.customer_id)
        addresses = addresses_of([who.customer_id])[who.customer_id]
        entity = usual_entity(who.customer_id)
    roles = {"bill_to": _("Invoices go to"), "ship_to": _("Goods go to")}
    places = tuple(
        KeyValue(
            roles.get(role, role),
            one.name or buyer.name,
            ", ".join(
                address_lines(
                    street=one.street, postcode=one.postcode, city=one.city, region=one.region, country=one.country
                )
            ),
        )
        for role, one in sorted(addresses.items())
    )
    page = DocumentPage(
        _("Account"),
        who.name or who.email,
        subtitle=who.email,
        actions=(
            Action.link(_("Second factor and passkeys"), reverse("mfa_index"), icon="shield-check"),
            Action.link(_("Change password"), reverse("account_change_password"), icon="lock"),
        ),
        sections=(
            Section(_("Your company"), facts=_company(buyer)),
            Section(_("Addresses"), facts=places, text="" if places else _("None is known yet.")),
            Section(_("Something is wrong here?"), text=_told(entity)),
        ),
    )
    return render_document(request, page, portal=frame_for(entity))


def _company(buyer: CustomerRow) -> tuple[KeyValue, ...]:
    facts = (
        KeyValue(_("Name"), buyer.name),
        KeyValue(_("Customer number"), buyer.number),
        KeyValue(_("Tax number"), buyer.tax_id),
        KeyValue(_("Currency"), buyer.currency),
        KeyValue(_("Invoices are due within"), _("%(days)s days") % {"days": buyer.payment_terms_days}),
        KeyValue(_("E-mail for invoices"), buyer.email),
    )
    return tuple(fact for fact in facts if fact.value)


def _told(entity: Entity | None) -> str:
    if entity is None or not entity.email:
        return _("Tell your contact person; only we change these.")
    return _("Write to %(email)s; only we change these.") % {"email": entity.email}
