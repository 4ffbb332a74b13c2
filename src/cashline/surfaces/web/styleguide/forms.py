"""The forms of the style page: every kind of field, lines, errors all at once."""

from decimal import Decimal

from cashline.platform.pages.anatomies import FormPage, Section
from cashline.platform.pages.components import Action, Chart, Crumb, KeyValue, Option, Series, Step
from cashline.platform.pages.fields import Field, FieldError, FieldSet, LineFields
from cashline.surfaces.web.styleguide.figures import euro, numbers

INTERVALS = (Option("1", "Monthly"), Option("3", "Quarterly"), Option("12", "Yearly"))

FIELDSETS = (
    FieldSet(
        "Customer",
        (
            Field(
                "customer",
                "Customer",
                "lookup",
                lookup="/styleguide/options/",
                hint="Name, number or tax id.",
                width="half",
            ),
            Field("reference", "Their purchase order", required=False, width="half"),
            Field("contact", "Contact", "email", value="m.brandt@nordlicht.example", width="half"),
            Field("valid_until", "Valid until", "date", value="2026-12-31", width="quarter"),
            Field("starts", "Starts in", "month", value="2027-01", width="quarter"),
        ),
    ),
    FieldSet(
        "Terms",
        (
            Field("interval", "Billed", "radio", options=INTERVALS, value="1", width="half"),
            Field(
                "documents",
                "Send",
                "many",
                required=False,
                options=(
                    Option("pdf", "PDF", "with Factur-X inside"),
                    Option("ubl", "UBL 2.1", "for their purchase-to-pay"),
                ),
                value=("pdf",),
                width="half",
            ),
            Field(
                "currency",
                "Currency",
                "choice",
                options=(Option("EUR", "Euro"), Option("USD", "US dollar")),
                value="EUR",
                width="quarter",
            ),
            Field(
                "discount",
                "Discount on all lines",
                "decimal",
                value=Decimal("5"),
                suffix="%",
                least=0,
                most=100,
                width="quarter",
            ),
            Field(
                "deposit",
                "Deposit",
                "decimal",
                required=False,
                prefix="EUR",
                width="half",
                hint="Billed when the contract is signed.",
            ),
            Field("note", "Note", "textarea", required=False, max_length=2000, placeholder="Printed under the lines"),
            Field("terms_read", "The customer has our general terms", "yes", required=False),
        ),
        "How and when the customer pays; the lines can differ.",
    ),
)
LINES = LineFields(
    "lines",
    "Lines",
    (
        Field(
            "sku",
            "Product",
            "choice",
            options=(Option("FG-200", "Field gateway FG-200"), Option("MON", "Monitoring, per device")),
        ),
        Field("quantity", "Quantity", "decimal", value=Decimal(1), width="quarter"),
        Field("unit_price", "Unit price", "decimal", required=False, placeholder="By price book", width="third"),
        Field("discount", "Discount %", "decimal", required=False, width="quarter"),
    ),
    "Add a line",
    rows=(
        {"sku": "FG-200", "quantity": "3", "unit_price": "", "discount": ""},
        {"sku": "MON", "quantity": "-120", "unit_price": "", "discount": "35"},
    ),
)
PREVIEW = (
    Section("Your bills", facts=(KeyValue("On signature", euro("0.00")), KeyValue("First bill", euro("4895.15")))),
    Section(
        "Revenue by month",
        chart=Chart(
            "Revenue by month",
            "bar",
            "4,450 euro in January, then 446 a month.",
            ("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
            (Series("Revenue", numbers("4449.65 445.50 445.50 445.50 445.50 445.50")),),
            unit="EUR",
            height=180,
        ),
    ),
)
ERRORS = (
    FieldError("customer", "Choose a customer.", "missing"),
    FieldError(
        "lines-1-quantity",
        "Line 2: the quantity must be above zero.",
        "invalid_value",
        "To take devices away, amend the contract.",
    ),
    FieldError(
        "discount",
        "35% on line 2 passes your authority of 10%.",
        "discount_above_authority",
        "It will ask the deal desk.",
    ),
)


def quote(errors: bool) -> FormPage:
    """The example of a quote being written, with or without its errors."""
    return FormPage(
        "New quote",
        "/styleguide/form/",
        FIELDSETS,
        "Save the draft",
        "/styleguide/",
        LINES,
        errors=ERRORS if errors else (),
        crumbs=(Crumb("Agree"), Crumb("Quotes", "/quotes/")),
        steps=(
            Step("Terms and lines", "current"),
            Step("Approval", "waiting", "above 10% discount"),
            Step("Send", "waiting"),
        ),
        secondary=(Action("Preview the bills", "/styleguide/form/", icon="eye"),),
        aside=PREVIEW,
    )


def upload() -> FormPage:
    """The example of a file being sent."""
    return FormPage(
        "Import a bank statement",
        "/styleguide/upload/",
        (
            FieldSet(
                "",
                (
                    Field(
                        "statement",
                        "Statement",
                        "file",
                        accept=".xml,.sta,.mt940",
                        hint="camt.053 or MT940, up to 20 MB. Importing it twice changes nothing.",
                    ),
                ),
            ),
        ),
        "Import",
        "/styleguide/",
        crumbs=(Crumb("Receive"), Crumb("Bank", "/bank/")),
    )
