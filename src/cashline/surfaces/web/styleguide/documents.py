"""The document and the derivation of the style page, with example content."""

from datetime import UTC, date, datetime
from decimal import Decimal

from cashline.kernel.derivations import Derivation
from cashline.kernel.money import Money
from cashline.platform.pages.anatomies import DerivationPage, DocumentPage, Section
from cashline.platform.pages.components import (
    Action,
    Cell,
    Column,
    Crumb,
    Download,
    KeyValue,
    MoneyCell,
    Notice,
    Option,
    Pill,
    Progress,
    Related,
    RelatedDocument,
    Row,
    Stage,
    Step,
    SummaryRow,
    Table,
    TimelineEntry,
    Tone,
    View,
)
from cashline.platform.pages.fields import Field
from cashline.surfaces.web.styleguide.figures import euro

WHY = "/styleguide/derivation/"

LINES = Table(
    (
        Column("item", "Item", place="title"),
        Column("period", "Period"),
        Column("quantity", "Quantity", "number"),
        Column("unit_price", "Unit price", "money", place="hidden"),
        Column("discount", "Discount", "percent"),
        Column("tax", "Tax", "percent", place="hidden"),
        Column("net", "Net", "money", place="amount"),
    ),
    (
        Row(
            "1",
            {
                "item": Cell("Field gateway FG-200", sub="Shipment SHP-2026-000917, 3 of 3 delivered"),
                "period": "",
                "quantity": Decimal(3),
                "unit_price": MoneyCell(euro("1249.00"), explain=WHY),
                "discount": Decimal("5"),
                "tax": Decimal("19"),
                "net": MoneyCell(euro("3559.65"), explain=WHY),
            },
        ),
        Row(
            "2",
            {
                "item": Cell("Monitoring, per device", sub="Subscription SUB-2026-000204, in advance"),
                "period": "Nov 21 – Dec 20, 2026",
                "quantity": Decimal(120),
                "unit_price": MoneyCell(euro("4.125"), explain=WHY),
                "discount": Decimal("10"),
                "tax": Decimal("19"),
                "net": MoneyCell(euro("445.50"), explain=WHY),
            },
        ),
        Row(
            "3",
            {
                "item": Cell("Installation on site", sub="Accepted by M. Brandt on Nov 18"),
                "period": "",
                "quantity": Decimal(1),
                "unit_price": MoneyCell(euro("890.00"), explain=WHY),
                "discount": None,
                "tax": Decimal("19"),
                "net": MoneyCell(euro("890.00"), explain=WHY),
            },
        ),
    ),
    totals={"net": euro("4895.15")},
)

THREAD = (
    Related(
        "Quote",
        Stage.AGREE,
        (RelatedDocument("QUO-2026-000388", "#", Pill("Accepted", Tone.SUCCESS), euro("5825.23")),),
    ),
    Related("Contract", Stage.AGREE, (RelatedDocument("AGR-2026-000231", "#", Pill("Active", Tone.SUCCESS)),)),
    Related(
        "Order",
        Stage.BOOK,
        (RelatedDocument("ORD-2026-001140", "#", Pill("Delivered", Tone.SUCCESS), euro("5825.23")),),
    ),
    Related(
        "Shipments",
        Stage.DELIVER,
        (
            RelatedDocument("SHP-2026-000917", "#", Pill("Delivered", Tone.SUCCESS)),
            RelatedDocument("SHP-2026-000918", "#", Pill("Delivered", Tone.SUCCESS)),
            RelatedDocument("INS-2026-000077", "#", Pill("Accepted", Tone.SUCCESS)),
        ),
    ),
    Related(
        "Invoice",
        Stage.INVOICE,
        (RelatedDocument("INV-2026-005211", "#", Pill("Partially paid", Tone.ACCENT), euro("5825.23"), current=True),),
    ),
    Related(
        "Payment",
        Stage.RECEIVE,
        (RelatedDocument("PAY-2026-004430", "#", Pill("Posted", Tone.SUCCESS), euro("3000.00")),),
    ),
    Related("Revenue", Stage.RECOGNISE),
)

TIMELINE = (
    TimelineEntry(
        datetime(2026, 11, 21, 9, 12, tzinfo=UTC),
        "Part paid by bank transfer",
        "Bank statement 2026/224",
        "€3,000.00 of €5,825.23; €2,825.23 is open.",
        "#",
        Tone.SUCCESS,
        "landmark",
    ),
    TimelineEntry(
        datetime(2026, 11, 19, 7, 30, tzinfo=UTC),
        "Mailed to the customer",
        "Outbox",
        "ap@nordlicht.example",
        "",
        Tone.INFO,
        "mail",
    ),
    TimelineEntry(
        datetime(2026, 11, 19, 7, 29, tzinfo=UTC),
        "Issued as INV-2026-005211",
        "Bill run of Nov 19",
        "",
        "#",
        Tone.INFO,
        "receipt-text",
    ),
    TimelineEntry(
        datetime(2026, 11, 18, 15, 2, tzinfo=UTC),
        "Installation accepted",
        "M. Brandt, Nordlicht",
        "",
        "#",
        Tone.SUCCESS,
        "check",
    ),
    TimelineEntry(
        datetime(2026, 11, 16, 11, 45, tzinfo=UTC),
        "Shipped in two parcels",
        "Lena Vogt",
        "DHL 00340434",
        "#",
        icon="truck",
    ),
)

SECTIONS = (
    Section("Lines", LINES, anchor="lines"),
    Section(
        "Journal",
        Table(
            (
                Column("account", "Account", place="title"),
                Column("debit", "Debit", "money", place="amount"),
                Column("credit", "Credit", "money", place="amount"),
            ),
            (
                Row("1", {"account": "1200 Receivables", "debit": euro("5825.23"), "credit": None}),
                Row("2", {"account": "2400 Contract position", "debit": None, "credit": euro("4895.15")}),
                Row("3", {"account": "2200 Tax payable", "debit": None, "credit": euro("930.08")}),
            ),
            totals={"debit": euro("5825.23"), "credit": euro("5825.23")},
        ),
        folded=True,
    ),
)
SUMMARY = (
    SummaryRow("Net", MoneyCell(euro("4895.15"), explain=WHY)),
    SummaryRow("VAT 19%", MoneyCell(euro("930.08"), explain=WHY)),
    SummaryRow("Total", euro("5825.23"), total=True),
    SummaryRow("Paid", euro("-3000.00"), note="by bank transfer on Nov 21"),
    SummaryRow("Open", MoneyCell(euro("2825.23"), explain=WHY), total=True),
)


def invoice() -> DocumentPage:
    """The example invoice."""
    reason = Field(
        "reason", "Reason", "choice", options=(Option("price", "Wrong price"), Option("returned", "Goods returned"))
    )
    note = Field("note", "Note for the customer", "textarea", required=False, hint="Printed on the credit note.")
    return DocumentPage(
        "Invoice",
        "INV-2026-005211",
        Pill("Partially paid", Tone.ACCENT),
        Cell("Nordlicht Handels GmbH", "/customers/1/"),
        "due in 28 days, on Dec 19, 2026",
        actions=(
            Action("Record payment", "#", "primary", post=False, icon="hand-coins"),
            Action("Credit", "/styleguide/", fields=(reason, note), icon="file-minus"),
            Action("Remind", "/styleguide/", refused="It is not overdue before December 20.", icon="bell"),
        ),
        more_actions=(
            Action.link("Open the PDF", "#", icon="file-text"),
            Action("Mail again", "/styleguide/", icon="mail"),
            Action("Void", "/styleguide/", "danger", confirm="Void this invoice by a full credit note?", icon="ban"),
        ),
        thread=THREAD,
        facts=(
            KeyValue("Bill to", Cell("Nordlicht Handels GmbH", sub="Speicherstraße 12, 20457 Hamburg")),
            KeyValue("Purchase order", "4500018823"),
            KeyValue("Issued", date(2026, 11, 19)),
            KeyValue("Due", date(2026, 12, 19), "30 days net"),
            KeyValue("Tax id", Cell("DE136695976", tone=Tone.SUCCESS, title="Checked on Nov 2"), "checked on Nov 2"),
            KeyValue("Delivered", Progress(3, 3, "Delivered")),
        ),
        sections=SECTIONS,
        summary=SUMMARY,
        timeline=TIMELINE,
        downloads=(
            Download("PDF with Factur-X", "#", "file-text"),
            Download("UBL 2.1 invoice", "#", "file-text"),
            Download("How each amount was made", "#", "calculator"),
        ),
        tabs=(
            View("Invoice", "?", current=True),
            View("Payments", "?tab=payments", count=1),
            View("Events", "?tab=events", count=9),
        ),
        crumbs=(Crumb("Invoice"), Crumb("Invoices", "/styleguide/list/")),
    )


def held_order() -> DocumentPage:
    """The example of an order that is stuck, with its steps."""
    return DocumentPage(
        "Order",
        "ORD-2026-001182",
        Pill("Held", Tone.WARNING),
        Cell("Großmann & Söhne KG", "/customers/2/"),
        actions=(
            Action("Release", "/styleguide/", "primary", confirm="Release it although the credit limit is passed?"),
        ),
        notices=(
            Notice(
                "Held: the order passes the customer's credit limit by €1,480.00.",
                Tone.WARNING,
                "Release it with a reason, raise the limit, or wait for the payment of INV-2026-005190.",
            ),
        ),
        steps=(
            Step("Booked", "done", "Nov 19"),
            Step("Credit", "failed", "past the limit"),
            Step("Reserved", "waiting"),
            Step("Shipped", "waiting"),
            Step("Invoiced", "waiting"),
        ),
        facts=(
            KeyValue("Ordered", date(2026, 11, 19)),
            KeyValue("Requested for", date(2026, 12, 1)),
            KeyValue("Source", "API"),
        ),
        sections=(Section("Lines", Table(LINES.columns, (), empty="Every line of this order was cancelled.")),),
        crumbs=(Crumb("Book"), Crumb("Orders", "/styleguide/list/")),
    )


def derivation() -> DerivationPage:
    """The example of an amount's making."""
    price = Derivation(
        "pricing.graduated",
        1,
        {
            "first_hundred": Decimal(100),
            "rate_to_hundred": Decimal("4.20"),
            "rest": Decimal(20),
            "rate_beyond": Decimal("3.75"),
        },
        "first_hundred * rate_to_hundred + rest * rate_beyond",
        Decimal("495.00"),
        "The price of each tier for the devices within it.",
    )
    net = Derivation(
        "pricing.line_discount",
        2,
        {"list_amount": Decimal("495.00"), "discount_percent": Decimal(10)},
        "round(list_amount * (100 - discount_percent) / 100, 2)",
        Decimal("445.50"),
        "Price book EUR 2026, version of January 1, less the discount agreed in AGR-2026-000231.",
        (price,),
    )
    return DerivationPage("Monitoring, per device", Money(Decimal("445.50"), "EUR"), net)
