"""The frame of the console for one request: navigation by stage, the user, the clock; a context processor."""

from dataclasses import replace
from functools import cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from cashline.platform.doors.caller import Caller
from cashline.platform.pages.components import Label, Stage
from cashline.platform.pages.shell import NavGroup, NavItem, Shell, theme_of
from cashline.platform.permissions.rules import Authority

type Place = tuple[Label, str, str, str, str]

_PLACES: tuple[tuple[Stage | None, Label, tuple[Place, ...]], ...] = (
    (
        None,
        "",
        (
            (_("Home"), "home", "layout-dashboard", "h", "reports"),
            (_("Stuck"), "stuck_list", "triangle-alert", "!", "reports"),
        ),
    ),
    (
        Stage.AGREE,
        _("Agree"),
        (
            (_("Customers"), "customer_list", "building-2", "c", "customers"),
            (_("Products"), "product_list", "tag", "p", "catalog"),
            (_("Price books"), "price_book_list", "book-open", "", "catalog"),
            (_("Plans"), "plan_list", "layers", "n", "catalog"),
            (_("Quotes"), "quote_list", "file-pen", "q", "quotes"),
            (_("Contracts"), "agreement_list", "file-signature", "a", "contracts"),
        ),
    ),
    (
        Stage.BOOK,
        _("Book"),
        (
            (_("Orders"), "order_list", "shopping-cart", "o", "orders"),
            (_("Credit"), "credit_standing_list", "gauge", "", "credit"),
        ),
    ),
    (
        Stage.DELIVER,
        _("Deliver"),
        (
            (_("Fulfilment"), "fulfilment_list", "list-checks", "f", "fulfilment"),
            (_("Shipments"), "shipment_list", "truck", "s", "fulfilment"),
            (_("Stock"), "stock_list", "warehouse", "", "inventory"),
            (_("Activations"), "provisioning_list", "zap", "", "provisioning"),
            (_("Installations"), "installation_list", "wrench", "", "projects"),
            (_("Subscriptions"), "subscription_list", "repeat", "u", "subscriptions"),
            (_("Usage"), "usage_event_list", "activity", "", "usage"),
            (_("Meters"), "usage_meter_list", "gauge", "", "usage"),
        ),
    ),
    (
        Stage.INVOICE,
        _("Invoice"),
        (
            (_("Bill runs"), "bill_run_list", "play", "b", "billing"),
            (_("Bills that wait"), "waiting_bill_list", "clock", "", "billing"),
            (_("Invoices"), "invoice_list", "receipt-text", "i", "invoices"),
            (_("Credit notes"), "credit_note_list", "file-minus", "", "credit_notes"),
            (_("Credits"), "credit_list", "wallet", "", "credits"),
            (_("Commitments"), "commitment_list", "gauge", "", "billing"),
            (_("Alerts on money"), "money_alert_list", "clock", "", "billing"),
            (_("Coupons"), "coupon_list", "tag", "", "coupons"),
            (_("Tax rates"), "tax_rate_list", "percent", "", "taxes"),
        ),
    ),
    (
        Stage.RECEIVE,
        _("Receive"),
        (
            (_("Payments"), "payment_list", "hand-coins", "y", "payments"),
            (_("Bank"), "bank_statement_list", "landmark", "k", "bank"),
            (_("Reminders"), "reminder_list", "bell", "", "collections"),
            (_("Disputes"), "dispute_list", "message-square", "d", "disputes"),
        ),
    ),
    (
        Stage.RECOGNISE,
        _("Recognise"),
        (
            (_("Revenue"), "revenue_list", "trending-up", "r", "revenue"),
            (_("Journal"), "journal_list", "scale", "j", "ledger"),
            (_("Stand-alone prices"), "price_study_list", "gauge", "", "revenue"),
            (_("What if"), "revenue_what_if", "calculator", "", "revenue"),
            (_("Books"), "accounting_book_list", "library", "", "ledger"),
            (_("Periods"), "period_list", "calendar", "m", "ledger"),
        ),
    ),
    (
        Stage.REPORT,
        _("Report"),
        (
            (_("Receivables ageing"), "ageing", "chart-column", "w", "reports"),
            (_("Deferred revenue"), "deferred_waterfall", "layers", "", "reports"),
            (_("Statements"), "balance_sheet", "book-open", "l", "reports"),
            (_("Fiscal periods"), "fiscal_periods", "calendar-clock", "", "reports"),
            (_("Trial balance"), "trial_balance", "book-open-check", "t", "reports"),
            (_("Process"), "process", "workflow", "", "reports"),
            (_("Health"), "health", "shield-check", "", "reports"),
            (_("Events"), "event_list", "activity", "e", "platform"),
        ),
    ),
    (
        None,
        _("Company"),
        (
            (_("People"), "user_list", "users", "", "people"),
            (_("API keys"), "api_key_list", "key-round", "", "people"),
            (_("Webhooks"), "webhook_list", "webhook", "", "platform"),
            (_("Outbox"), "outbox_list", "send", "", "platform"),
            (_("Clock"), "clock", "clock", "", "platform"),
        ),
    ),
)
"""Each place: its words, the name of its address, its icon, the key that follows `g`, and the domain one must read."""


def shell(request: HttpRequest) -> dict[str, Shell]:
    """The context of every page: `shell`."""
    return {"shell": shell_of(request)}


def shell_of(request: HttpRequest) -> Shell:
    """The frame for this request; before a log-in, and for customers' people, it has no navigation."""
    caller: Caller | None = getattr(request, "caller", None)
    theme = theme_of(request.COOKIES)
    if caller is None or caller.authority.user_id is None:
        return Shell(groups=(), today=None, theme=theme, path=request.path)
    return Shell(
        groups=() if caller.authority.customer_id else groups_for(caller.authority),
        today=caller.today(),
        user_name=caller.authority.name,
        user_email=str(getattr(request.user, "email", "")),
        user_links=tuple(_links()),
        logout_url=address("account_logout"),
        clock=caller.clock.now if caller.clock.moved else None,
        clock_url=address("clock"),
        sandbox=caller.clock.sandbox,
        palette_url=address("palette"),
        theme=theme,
        path=request.path,
    )


@cache
def address(name: str) -> str:
    """The address of a named page; empty where there is no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@cache
def groups() -> tuple[NavGroup, ...]:
    """The navigation: the places that exist, by stage in the order of the flow."""
    found: list[NavGroup] = []
    for stage, label, places in _PLACES:
        items = tuple(
            NavItem(words, address(name), icon, key, permission=f"{domain}.read")
            for words, name, icon, key, domain in places
            if address(name)
        )
        if items:
            found.append(NavGroup(label, items, stage))
    return tuple(found)


def groups_for(authority: Authority) -> tuple[NavGroup, ...]:
    """The places that somebody may open."""
    found: list[NavGroup] = []
    for group in groups():
        items = tuple(item for item in group.items if authority.allows(item.permission))
        if items:
            found.append(replace(group, items=items))
    return tuple(found)


def _links() -> list[NavItem]:
    wanted = ((_("Password"), "account_change_password", "lock"), (_("Two-factor"), "mfa_index", "shield-check"))
    return [NavItem(words, address(name), icon) for words, name, icon in wanted if address(name)]
