"""The overview of the style page: stats, the flow board, charts. All of it is example content."""

from decimal import Decimal

from cashline.kernel.money import Money
from cashline.platform.pages.anatomies import BoardPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Chart,
    Column,
    Flow,
    MoneyCell,
    Notice,
    Pill,
    Row,
    Series,
    Stage,
    StageCard,
    StageFigure,
    Stat,
    Table,
    Tone,
    View,
)

MONTHS = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")


def euro(amount: str) -> Money:
    """An amount in euro."""
    return Money(Decimal(amount), "EUR")


def numbers(text: str) -> tuple[Decimal, ...]:
    """Numbers written in one line."""
    return tuple(Decimal(word) for word in text.split())


STATS = (
    Stat(
        "Booked this month",
        euro("418250.00"),
        "/orders/",
        "12.4% above October",
        Tone.SUCCESS,
        numbers("210 240 232 268 251 290 305 298 331 362 372 418"),
    ),
    Stat(
        "Invoiced this month",
        euro("386912.40"),
        "/invoices/",
        "3.1% above October",
        Tone.SUCCESS,
        numbers("190 215 230 228 245 262 281 290 310 322 375 387"),
    ),
    Stat(
        "Collected this month",
        euro("341077.15"),
        "/payments/",
        "4.6% below October",
        Tone.WARNING,
        numbers("180 205 211 226 236 241 277 271 300 318 357 341"),
    ),
    Stat(
        "Overdue",
        MoneyCell(euro("92418.70"), explain="/styleguide/derivation/"),
        "",
        "38 invoices, 11 beyond 60 days",
        Tone.DANGER,
        numbers("61 70 66 72 81 77 84 90 83 88 95 92"),
    ),
    Stat(
        "Days sales outstanding",
        Decimal("41.6"),
        "",
        "1.8 days shorter",
        Tone.SUCCESS,
        numbers("49 48 48 47 46 46 45 44 45 44 43 42"),
    ),
)

STAGES = (
    StageCard(
        Stage.AGREE,
        "Agree",
        (
            StageFigure("Quotes open", 46, (euro("612400"),), "/quotes/", 5, "/quotes/?stuck=1", "awaiting approval"),
            StageFigure("Contracts out for signature", 12, (euro("188300"),), "/contracts/"),
        ),
        Decimal("6.2"),
    ),
    StageCard(
        Stage.BOOK,
        "Book",
        (
            StageFigure("Orders booked", 31, (euro("204950"),), "/orders/"),
            StageFigure("On credit hold", 4, (euro("57120"),), "/orders/?status=held", 4, "", "past their limit"),
        ),
        Decimal("0.4"),
    ),
    StageCard(
        Stage.DELIVER,
        "Deliver",
        (
            StageFigure("To ship", 58, (euro("96380"),), "/shipments/", 7, "", "backordered"),
            StageFigure("To activate", 9, (euro("31200"),), "/activations/"),
            StageFigure("To install", 14, (euro("22750"),), "/installations/"),
        ),
        Decimal("3.8"),
    ),
    StageCard(
        Stage.INVOICE,
        "Invoice",
        (
            StageFigure("Unbilled", 73, (euro("88612"), Money(Decimal(24300), "USD")), "/unbilled/"),
            StageFigure("In dispute", 6, (euro("14205"),), "/disputes/"),
        ),
        Decimal("1.1"),
    ),
    StageCard(
        Stage.RECEIVE,
        "Receive",
        (
            StageFigure("Open invoices", 312, (euro("418730"), Money(Decimal(96410), "USD")), "/invoices/"),
            StageFigure("Unmatched bank lines", 8, (euro("19455"),), "/bank/", 8, "", "need a look"),
        ),
        Decimal("33.5"),
    ),
    StageCard(
        Stage.RECOGNISE,
        "Recognise",
        (
            StageFigure("Deferred revenue", 204, (euro("1284000"),), "/revenue/"),
            StageFigure("Contract assets", 17, (euro("43180"),), "/revenue/?kind=asset"),
        ),
    ),
)

AGEING = Chart(
    "Receivables by age",
    "bar",
    "Most of what is open is not yet due; 18 thousand euro are more than 90 days late.",
    ("Not due", "1–30", "31–60", "61–90", "Over 90"),
    (
        Series("Germany", numbers("231400 48200 21350 9120 11800"), "all"),
        Series("United States", numbers("94880 19640 8410 3300 6210"), "all"),
    ),
    unit="EUR",
    urls=tuple(f"/invoices/?age={bucket}" for bucket in range(5)),
)
WATERFALL = Chart(
    "Deferred revenue in November",
    "waterfall",
    "Deferred revenue grew from 1.21 to 1.28 million euro: bills added 241 thousand, revenue took 162 thousand.",
    ("Start", "Billed", "Recognised", "Amended", "Cancelled", "End"),
    (Series("Deferred revenue", numbers("1212000 241300 -162400 12600 -19500 1284000")),),
    unit="EUR",
)
FORECAST = Chart(
    "Cash in, past and to come",
    "area",
    "Collections rose from 180 to 341 thousand euro a month over the year; 355 thousand are expected in December.",
    MONTHS,
    (
        Series(
            "Collected", numbers("180000 205000 211000 226000 236000 241000 277000 271000 300000 318000 357000 341077")
        ),
        Series(
            "Planned",
            numbers("188000 199000 216000 230000 232000 250000 268000 280000 296000 325000 349000 355000"),
            dashed=True,
        ),
    ),
    unit="EUR",
)
ROUTES = Chart(
    "Where orders come from and what becomes of them",
    "sankey",
    "Of 1,062 orders 644 came from signed contracts; 918 were delivered in full.",
    flows=(
        Flow("Contract", "Order", 644),
        Flow("API", "Order", 287),
        Flow("CSV file", "Order", 131),
        Flow("Order", "Delivered", 918),
        Flow("Order", "In delivery", 103),
        Flow("Order", "Cancelled", 41),
        Flow("Delivered", "Paid", 741),
        Flow("Delivered", "Open", 177),
    ),
    unit="orders",
    height=280,
)


def dense() -> Chart:
    """Usage by hour over a month: a series of many points, drawn as one line."""
    hours = range(30 * 24)
    values = tuple(Decimal(400 + 260 * (1 if 7 <= hour % 24 <= 18 else 0) + (hour * 7919) % 97) for hour in hours)
    names = tuple(f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}:00" for hour in hours)
    return Chart("Usage by hour", "dense", "Calls rise in office hours.", names, (Series("Calls", values),))


STUCK = Table(
    (
        Column("what", "What is stuck", place="title"),
        Column("why", "Why", "pill", place="state"),
        Column("since", "Since", "text"),
        Column("money", "Worth", "money", place="amount"),
    ),
    (
        Row(
            "1",
            {
                "what": Cell("ORD-2026-001182", sub="Nordlicht Handels GmbH"),
                "why": Pill("Credit limit", Tone.WARNING),
                "since": "2 days",
                "money": euro("21480.00"),
            },
            "/orders/1/",
        ),
        Row(
            "2",
            {
                "what": Cell("SHP-2026-000931", sub="Blue Harbor Outfitters Inc."),
                "why": Pill("Backordered", Tone.WARNING),
                "since": "5 days",
                "money": Money(Decimal("8312.50"), "USD"),
            },
            "/shipments/2/",
        ),
        Row(
            "3",
            {
                "what": Cell("QUO-2026-000412", sub="Atelier Fontaine SARL"),
                "why": Pill("Approval", Tone.INFO),
                "since": "1 day",
                "money": euro("48200.00"),
            },
            "/quotes/3/",
        ),
        Row(
            "4",
            {
                "what": Cell("Bank line 20 Nov", sub="“INV 4711 and 4712 thanks”"),
                "why": Pill("No match", Tone.DANGER),
                "since": "1 day",
                "money": euro("4905.18"),
            },
            "/bank/4/",
        ),
    ),
)

BOARD = BoardPage(
    "Quote to cash",
    STAGES,
    STATS,
    (
        Section("What is stuck", table=STUCK, actions=(Action.link("All 24", "/stuck/"),)),
        Section("Receivables by age", chart=AGEING),
        Section("Deferred revenue in November", chart=WATERFALL),
        Section("Cash in", chart=FORECAST),
        Section("Where orders come from", chart=ROUTES),
        Section("Usage", chart=dense()),
    ),
    views=(
        View("All entities", "?entity=", current=True),
        View("DE01 Germany", "?entity=DE01"),
        View("US01 United States", "?entity=US01"),
    ),
    actions=(Action.link("New quote", "/quotes/new/", icon="plus", primary=True, key="n"),),
    notices=(
        Notice(
            "The webhook endpoint of Blue Harbor Outfitters has failed 6 times.",
            Tone.WARNING,
            "Deliveries are kept and sent again; the next try is at 14:20.",
            (Action.link("Look", "/webhooks/"),),
        ),
    ),
    subtitle="November 2026, in euro at the day's rates",
)
