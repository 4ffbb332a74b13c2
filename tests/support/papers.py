"""Documents for tests: one of each kind, with lines that fill pages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from cashline.kernel.derivations import Derivation
from cashline.kernel.money import minor_units
from cashline.kernel.periods import Period
from cashline.kernel.rounding import round_to
from cashline.platform.documents.papers import (
    BankAccount,
    Brand,
    Clause,
    ContractPaper,
    Evidence,
    EvidenceEvent,
    EvidenceSigner,
    InvoicePaper,
    PaperLine,
    PaperParty,
    PaperSignature,
    PaperTax,
    QuotePaper,
    Recipient,
    StatementItem,
    StatementPaper,
)
from cashline.platform.documents.typesetting import render

D = Decimal
AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
BRAND = Brand(
    "Nordlicht Systeme GmbH",
    ("Kaistraße 12", "20457 Hamburg", "Germany"),
    email="billing@nordlicht.example",
    tax_id="DE123456788",
    registration="HRB 123456, Amtsgericht Hamburg",
    bank=BankAccount("DE02120300000000202051", "BYLADEM1001", "Nordlicht Systeme GmbH"),
)
RECIPIENT = Recipient("Müller & Söhne KG", ("Werkstraße 1", "70173 Stuttgart", "Germany"), "DE987654328")


class Paper(Protocol):
    def data(self) -> dict[str, Any]: ...
    def files(self) -> dict[str, bytes]: ...


def set_paper(template: str, paper: Paper) -> bytes:
    """The PDF of a paper, set at noon of 31 March 2026."""
    return render(template, paper.data(), files=paper.files(), timestamp=AT)


def paper_lines(count: int, currency: str) -> tuple[PaperLine, ...]:
    """Lines of goods with discount, a subscription and a service, in turn."""
    digits = minor_units(currency)
    kinds = [
        ("Edge gateway", D(12), D("389.00"), "H87", D(10)),
        ("Cloud monitoring", D(1), D("1249.00"), "MON", None),
        ("Installation", D("7.5"), D("120.00"), "HUR", None),
    ]
    lines = []
    for index in range(count):
        title, quantity, price, unit, discount = kinds[index % 3]
        net = round_to(quantity * price * (100 - (discount or D(0))) / 100, digits)
        period = Period(date(2026, 3, 1), date(2026, 4, 1)) if unit == "MON" else None
        lines.append(PaperLine(title, quantity, price, net, unit, f"Item {index + 1}", period, discount, D(19)))
    return tuple(lines)


def invoice_paper(count: int = 3, locale: str = "en_GB", currency: str = "EUR", **more: Any) -> InvoicePaper:
    """An invoice of so many lines, with the derivation of each."""
    lines = paper_lines(count, currency)
    net = sum((line.net for line in lines), D(0))
    tax = round_to(net * 19 / 100, minor_units(currency))
    explained = tuple((line.title, _derivation(line)) for line in lines[:3])
    values: dict[str, Any] = {
        "brand": BRAND,
        "recipient": RECIPIENT,
        "locale": locale,
        "currency": currency,
        "number": "INV-2026-000123",
        "issued_on": date(2026, 3, 31),
        "due_on": date(2026, 4, 30),
        "lines": lines,
        "taxes": (PaperTax(D(19), net, tax),),
        "net_total": net,
        "tax_total": tax,
        "gross_total": net + tax,
        "payable": net + tax,
        "explained": explained,
    }
    return InvoicePaper(**(values | more))


def _derivation(line: PaperLine) -> Derivation:
    inputs = {"quantity": line.quantity, "unit_price": line.unit_price, "discount": line.discount_percent or D(0)}
    return Derivation("price.line", 1, inputs, "round(quantity * unit_price * (100 - discount) / 100, 2)", line.net)


def quote_paper() -> QuotePaper:
    """A quote with two groups of lines."""
    lines = paper_lines(3, "EUR")
    net = sum((line.net for line in lines), D(0))
    tax = round_to(net * 19 / 100, 2)
    return QuotePaper(
        brand=BRAND,
        recipient=RECIPIENT,
        locale="en_GB",
        currency="EUR",
        number="Q-2026-000042",
        version=3,
        issued_on=date(2026, 3, 1),
        valid_until=date(2026, 3, 31),
        lines=lines,
        taxes=(PaperTax(D(19), net, tax),),
        net_total=net,
        gross_total=net + tax,
        by_period=(("one_time", D("5101.20")), ("per_month", D("1249.00"))),
        terms=("Prices are net.", "Payable within 30 days."),
        accept_url="https://portal.nordlicht.example/q/7f3a",
    )


def contract_paper(*, signed: bool = True) -> ContractPaper:
    """A contract of two parties, with the page of evidence once it is signed."""
    signer = EvidenceSigner("Dr. Elisabeth Sommerfeld", RECIPIENT.name, AT, (("ip_address", "198.51.100.23"),))
    evidence = Evidence("9f86d081" * 8, (signer,), (EvidenceEvent(AT - timedelta(days=1), "Sent"),))
    return ContractPaper(
        brand=BRAND,
        locale="en_GB",
        currency="EUR",
        number="CT-2026-000012",
        title="Master Service Agreement",
        parties=(
            PaperParty("Provider", BRAND.name, BRAND.address),
            PaperParty("Customer", RECIPIENT.name, RECIPIENT.address),
        ),
        clauses=(Clause("Subject matter", ("The Provider delivers what the schedule lists.",)),),
        lines=paper_lines(3, "EUR"),
        sums=(("net_total", D("6350.20")), ("gross_total", D("7556.74"))),
        signatures=(PaperSignature(RECIPIENT.name, signer.name, "Managing Director", AT if signed else None),),
        highlights=(("contract_period", "24 months"),),
        evidence=evidence if signed else None,
    )


def statement_paper() -> StatementPaper:
    """A statement over two pages."""
    items = tuple(
        StatementItem(f"INV-{number:04}", date(2026, 1, 5), D("119.00"), D("119.00"), date(2026, 2, 4))
        for number in range(40)
    )
    return StatementPaper(
        BRAND, RECIPIENT, "de", "EUR", "ST-1", date(2026, 3, 31), items, D("4760.00"), (("1–30", D("4760.00")),)
    )
