"""The list of the style page: example invoices, filtered, sorted and paged in memory."""

from datetime import date, timedelta
from decimal import Decimal

from cashline.kernel.money import Money
from cashline.platform.pages.anatomies import Empty, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Filter, MoneyCell, Option, Row, View, pill

CUSTOMERS = (
    "Nordlicht Handels GmbH",
    "Blue Harbor Outfitters Inc.",
    "Atelier Fontaine SARL",
    "Kestrel Instruments Ltd",
    "Sakura Denki KK",
    "Óbidos Cerâmica Lda",
    "Großmann & Söhne KG",
)
STATES = ("issued", "overdue", "partially_paid", "paid", "disputed", "draft", "voided")

COLUMNS = (
    Column("number", "Number", "code", sort=True, place="title"),
    Column("customer", "Customer", sort=True),
    Column("state", "State", "pill", place="state"),
    Column("issued", "Issued", "date", sort=True, place="hidden"),
    Column("due", "Due", "ago", sort=True),
    Column("total", "Total", "money", sort=True, place="hidden"),
    Column("open", "Open", "money", sort=True, place="amount"),
    Column("purchase_order", "Purchase order", only_export=True),
)
FILTERS = (
    Filter.search("Number or customer"),
    Filter.choice("state", "State", tuple(Option(state, state.replace("_", " ").capitalize()) for state in STATES)),
    Filter.dates("issued", "Issued"),
    Filter.amounts("open", "Open amount"),
)


def _row(number: int) -> Row:
    total = Decimal(12345 + (number * 7_919_113) % 2_400_000) / 100
    state = STATES[(number * 5 + number // 7) % len(STATES)]
    left = {"paid": Decimal(0), "voided": Decimal(0), "partially_paid": total / 2}.get(state, total)
    issued = date(2026, 11, 20) - timedelta(days=number)
    name = CUSTOMERS[number * 3 % len(CUSTOMERS)]
    currency = {1: "USD", 4: "JPY"}.get(CUSTOMERS.index(name), "EUR")
    digits = Decimal(1) if currency == "JPY" else Decimal("0.01")
    key = f"inv_01jd{number:04d}"
    return Row(
        key,
        {
            "number": f"INV-2026-{5230 - number:06d}",
            "customer": Cell(name, sub=f"PO {88000 + number}" if number % 3 == 0 else ""),
            "state": pill(state),
            "issued": issued,
            "due": issued + timedelta(days=30),
            "total": Money(total.quantize(digits), currency),
            "open": MoneyCell(Money(left.quantize(digits), currency), explain="/styleguide/derivation/"),
            "purchase_order": f"=PO-{88000 + number}",
        },
        f"/styleguide/document/?id={key}",
    )


ROWS = tuple(_row(number) for number in range(120))


def fetch(ask: ListAsk) -> RowPage:
    """Filter, sort and page the example rows as a query would."""
    found = [row for row in ROWS if _fits(row, ask)]
    found.sort(key=lambda row: _sort_value(row, ask.sort), reverse=ask.descending)
    start = int(ask.cursor) if ask.cursor.isdecimal() else 0
    end = start + ask.size
    return RowPage(tuple(found[start:end]), str(end) if end < len(found) else "", len(found))


def _fits(row: Row, ask: ListAsk) -> bool:
    number, customer, state = row.cells["number"], row.cells["customer"], row.cells["state"]
    issued = row.cells["issued"]
    days = ask.date_range("issued")
    words = f"{number} {customer.value if isinstance(customer, Cell) else ''}".lower()
    chosen = ask.choices("state")
    if not isinstance(issued, date):
        return False
    return (
        ask.text().lower() in words
        and (not chosen or state in tuple(pill(one) for one in chosen))
        and (days.start is None or issued >= days.start)
        and (days.end is None or issued < days.end)
    )


def _sort_value(row: Row, key: str) -> str | Decimal:
    value = row.cells.get(key)
    if isinstance(value, MoneyCell):
        return value.money.amount
    if isinstance(value, Money):
        return value.amount
    return str(value.value) if isinstance(value, Cell) else str(value)


def invoices() -> ListPage:
    """The example list."""
    return ListPage(
        "Invoices",
        COLUMNS,
        fetch,
        FILTERS,
        "-issued",
        Empty(
            "No invoices yet",
            "They appear when deliveries and subscriptions are billed.",
            Action.link("Run bills", "/bill-runs/new/"),
        ),
        views=(
            View("All", "/styleguide/list/", current=True, count=120),
            View("Open", "/styleguide/list/?state=issued&state=partially_paid", count=34),
            View("Overdue", "/styleguide/list/?state=overdue", count=17),
            View("Drafts", "/styleguide/list/?state=draft", count=17),
        ),
        actions=(
            Action("Run bills", "/styleguide/", "primary", confirm="Bill everything due up to today?", icon="play"),
        ),
        bulk_actions=(
            Action("Send again", "/styleguide/", icon="send"),
            Action("Write off", "/styleguide/", "danger", confirm="Write off what is open on the picked invoices?"),
        ),
        subtitle="What was billed, what is open and what is late",
        filename="invoices",
        page_size=25,
    )
