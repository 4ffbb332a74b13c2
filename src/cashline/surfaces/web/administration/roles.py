"""The roles, and what each may do, as one table."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashline.platform.doors.caller import caller_of
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import Cell, Column, Crumb, Label, Row, Table
from cashline.platform.pages.render import render_board
from cashline.platform.permissions.rules import DISCOUNT_AUTHORITY, READ, ROLES

WORDS: dict[str, tuple[Label, Label]] = {
    "owner": (gettext_lazy("Owner"), gettext_lazy("May do everything.")),
    "administrator": (gettext_lazy("Administrator"), gettext_lazy("Lets people in, and keeps the program running.")),
    "seller": (gettext_lazy("Seller"), gettext_lazy("Quotes, and follows what becomes of them.")),
    "deal_desk": (gettext_lazy("Deal desk"), gettext_lazy("Decides on discounts, keeps catalogue and prices.")),
    "legal": (gettext_lazy("Legal"), gettext_lazy("Writes contracts, has them signed and sealed.")),
    "order_desk": (gettext_lazy("Order desk"), gettext_lazy("Takes orders in, changes and cancels them.")),
    "credit_manager": (gettext_lazy("Credit manager"), gettext_lazy("Sets credit limits and releases held orders.")),
    "fulfilment": (gettext_lazy("Fulfilment"), gettext_lazy("Picks, ships, activates and installs.")),
    "billing": (gettext_lazy("Billing"), gettext_lazy("Runs bills, issues and corrects invoices.")),
    "collections": (gettext_lazy("Collections"), gettext_lazy("Applies cash, reminds, settles disputes.")),
    "revenue_accountant": (
        gettext_lazy("Revenue accountant"),
        gettext_lazy("Recognises revenue, closes the books."),
    ),
    "auditor": (gettext_lazy("Auditor"), gettext_lazy("Reads everything and changes nothing.")),
}


def role_label(role: str, entity_code: str = "") -> str:
    """A role in words, with the legal entity that it is held for."""
    name = str(WORDS[role][0]) if role in WORDS else role
    return f"{name} ({entity_code})" if entity_code else name


def role_list(request: HttpRequest) -> HttpResponse:
    """What each role may do; reading is part of all."""
    caller_of(request).require("people.read")
    rows = tuple(
        Row(
            role,
            {
                "role": Cell(role_label(role), sub=WORDS[role][1]),
                "may": ", ".join(sorted(ROLES[role] - READ)) if role != "owner" else _("everything"),
                "discount": DISCOUNT_AUTHORITY.get(role),
            },
        )
        for role in WORDS
    )
    columns = (
        Column("role", _("Role"), place="title"),
        Column("may", _("May, besides reading everything"), width="55%"),
        Column("discount", _("Discount without approval"), "percent"),
    )
    page = BoardPage(
        _("Roles"),
        sections=(Section(_("What each role may do"), Table(columns, rows)),),
        subtitle=_("A role is held for one legal entity or for all; a person may hold several."),
        crumbs=(Crumb(_("Company")), Crumb(_("People"), "/people/")),
    )
    return render_board(request, page)
