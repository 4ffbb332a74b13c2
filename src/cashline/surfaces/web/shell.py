"""The frame of the console for one request: navigation by stage, the user, the clock; a context processor."""

from functools import cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from cashline.platform.doors.caller import Caller
from cashline.platform.pages.components import Label, Stage
from cashline.platform.pages.shell import NavGroup, NavItem, Shell, theme_of

type Place = tuple[Label, str, str, str]

_PLACES: tuple[tuple[Stage | None, Label, tuple[Place, ...]], ...] = (
    (None, "", ((_("Home"), "home", "layout-dashboard", "h"), (_("Stuck"), "stuck_list", "triangle-alert", "!"))),
    (
        Stage.AGREE,
        _("Agree"),
        (
            (_("Customers"), "customer_list", "building-2", "c"),
            (_("Products"), "product_list", "tag", "p"),
            (_("Price books"), "price_book_list", "book-open", ""),
            (_("Plans"), "plan_list", "layers", "n"),
            (_("Quotes"), "quote_list", "file-pen", "q"),
            (_("Contracts"), "agreement_list", "file-signature", "a"),
        ),
    ),
    (
        Stage.BOOK,
        _("Book"),
        (
            (_("Orders"), "order_list", "shopping-cart", "o"),
            (_("Credit"), "credit_standing_list", "gauge", ""),
        ),
    ),
    (
        Stage.DELIVER,
        _("Deliver"),
        (
            (_("Fulfilment"), "fulfilment_list", "list-checks", "f"),
            (_("Shipments"), "shipment_list", "truck", "s"),
            (_("Stock"), "stock_list", "warehouse", ""),
            (_("Activations"), "provisioning_list", "zap", ""),
            (_("Installations"), "installation_list", "wrench", ""),
            (_("Subscriptions"), "subscription_list", "repeat", "u"),
            (_("Usage"), "usage_event_list", "activity", ""),
            (_("Meters"), "usage_meter_list", "gauge", ""),
        ),
    ),
    (
        Stage.INVOICE,
        _("Invoice"),
        (
            (_("Bill runs"), "bill_run_list", "play", "b"),
            (_("Bills that wait"), "waiting_bill_list", "clock", ""),
            (_("Invoices"), "invoice_list", "receipt-text", "i"),
            (_("Credit notes"), "credit_note_list", "file-minus", ""),
            (_("Credits"), "credit_list", "wallet", ""),
            (_("Commitments"), "commitment_list", "gauge", ""),
            (_("Alerts on money"), "money_alert_list", "clock", ""),
            (_("Coupons"), "coupon_list", "tag", ""),
            (_("Tax rates"), "tax_rate_list", "percent", ""),
        ),
    ),
    (
        Stage.RECEIVE,
        _("Receive"),
        (
            (_("Payments"), "payment_list", "hand-coins", "y"),
            (_("Bank"), "bank_statement_list", "landmark", "k"),
            (_("Reminders"), "reminder_list", "bell", ""),
            (_("Disputes"), "dispute_list", "message-square", "d"),
        ),
    ),
    (
        Stage.RECOGNISE,
        _("Recognise"),
        (
            (_("Revenue"), "revenue_list", "trending-up", "r"),
            (_("Journal"), "journal_list", "scale", "j"),
            (_("Stand-alone prices"), "price_study_list", "gauge", ""),
            (_("What if"), "revenue_what_if", "calculator", ""),
            (_("Books"), "accounting_book_list", "library", ""),
            (_("Months"), "period_list", "calendar", "m"),
        ),
    ),
    (
        Stage.REPORT,
        _("Report"),
        (
            (_("Receivables ageing"), "ageing", "chart-column", "w"),
            (_("Deferred revenue"), "deferred_waterfall", "layers", ""),
            (_("Statements"), "balance_sheet", "book-open", "l"),
            (_("Fiscal periods"), "fiscal_periods", "calendar-clock", ""),
            (_("Trial balance"), "trial_balance", "book-open-check", "t"),
            (_("Process"), "process", "workflow", ""),
            (_("Health"), "health", "shield-check", ""),
            (_("Events"), "event_list", "activity", "e"),
        ),
    ),
    (
        None,
        _("Company"),
        (
            (_("People"), "user_list", "users", ""),
            (_("API keys"), "api_key_list", "key-round", ""),
            (_("Webhooks"), "webhook_list", "webhook", ""),
            (_("Outbox"), "outbox_list", "send", ""),
            (_("Clock"), "clock", "clock", ""),
        ),
    ),
)
"""Each place: its words, the name of its address, its icon, the key that follows `g`. Unbuilt places are left out."""


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
        groups=() if caller.authority.customer_id else groups(),
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
        items = tuple(NavItem(words, address(name), icon, key) for words, name, icon, key in places if address(name))
        if items:
            found.append(NavGroup(label, items, stage))
    return tuple(found)


def _links() -> list[NavItem]:
    wanted: tuple[Place, ...] = (
        (_("Password"), "account_change_password", "lock", ""),
        (_("Two-factor"), "mfa_index", "shield-check", ""),
    )
    return [NavItem(words, address(name), icon) for words, name, icon, _key in wanted if address(name)]
