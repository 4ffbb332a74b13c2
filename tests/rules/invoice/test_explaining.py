"""Why an amount is what it is, and what settled an invoice: told from what was stored, without asking anybody."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cashline.flow.invoice.invoices.rules.explaining import explain, explanation
from cashline.flow.invoice.invoices.rules.parties import Party, PostalAddress, party_json, party_of
from cashline.flow.invoice.invoices.rules.settlements import settlements
from cashline.flow.invoice.invoices.rules.stating import StatedLine, StatedTax, Statement
from cashline.flow.invoice.invoices.rules.wording import PHRASES, phrase
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import Period
from cashline.platform.events.rules import RecordedEvent

D = Decimal
NOW = datetime(2026, 3, 1, tzinfo=UTC)
UNIT = {"rule": "billing.unit", "version": 1, "inputs": {"quantity": "2", "unit_price": "10"}, "result": "20"}
PRORATED = {
    "rule": "billing.prorated",
    "version": 1,
    "inputs": {"quantity": "1", "unit_price": "31", "days": "7", "days_of_period": "31"},
    "formula": "round(quantity*unit_price*days/days_of_period,2)",
    "result": "7.00",
}


def line(number: int, net: str, made: dict[str, Any], period: Period | None = None) -> StatedLine:
    derivation = {"formula": "quantity*unit_price", **made}
    return StatedLine(
        new_id(), number, None, "SKU", f"Thing {number}", D(2), "C62", D(10), D(net), "S", D(19), period, 0, derivation
    )


def statement(*lines: StatedLine) -> Statement:
    net = sum((item.net_amount for item in lines), D(0))
    tax = StatedTax("S", D(19), net, D("5.13"), basis="Supplied within DE")
    buyer = Party("Buyer", "C-1", PostalAddress(country="DE"))
    return Statement(
        new_id(), False, "INV-1", date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 1), "EUR", new_id(), new_id(),
        buyer, buyer, lines, (tax,), net, D("5.13"), net + D("5.13"), NOW,
    )  # fmt: skip


SOURCE = statement(line(1, "20", UNIT), line(2, "7.00", PRORATED, Period(date(2026, 3, 1), date(2026, 3, 8))))


@pytest.mark.parametrize("locale", ["en", "de_DE", "fr", "xx"])
def test_every_amount_has_words_and_a_derivation_that_gives_it(locale: str) -> None:
    found = explain(SOURCE, locale)
    assert [item.name for item in found] == ["line-1", "line-2", "tax-S-19", "net", "tax", "gross"]
    for item in found:
        assert item.derivation.breaks() == []
        assert item.derivation.result == item.amount
        assert item.words
        assert "{" not in item.words


def test_words_say_days_and_dates() -> None:
    found = explanation(SOURCE, "line-2")
    assert found is not None
    assert "ran 7 of the 31 days of its period (2026-03-01 to 2026-03-07)" in found.words
    assert explanation(SOURCE, "line-3") is None


def test_every_language_has_every_sentence() -> None:
    assert {key: set(words) for key, words in PHRASES.items()} == {key: set(PHRASES["en"]) for key in PHRASES}
    assert phrase("de-AT", "payable_within", days=14) == "Zahlbar innerhalb von 14 Tagen ohne Abzug."


def test_a_party_is_known_by_its_content() -> None:
    party = Party("Ärzte GmbH", "C-1", PostalAddress(city="Köln", country="DE"), vat_id="DE1", tax_id="DE1")
    key, text = party_json(party)
    assert party_json(replace(party)) == (key, text)
    assert party_json(replace(party, email="a@b.example"))[0] != key
    import json

    assert party_of(json.loads(text)) == party


INVOICE, OTHER = new_id(), new_id()


def event(kind: str, data: dict[str, Any], reason: str = "") -> RecordedEvent:
    return RecordedEvent(new_id(), kind, NOW, "user:a", reason, ["payment"], [new_id()], [""], data)


def allocation(invoice_id: UUID, amount: str, write_off: str = "0") -> dict[str, str]:
    return {"invoice_id": str(invoice_id), "amount": amount, "write_off": write_off}


def test_settlements_are_read_from_the_log() -> None:
    received = {"number": "PAY-1", "received_on": "2026-03-05"}
    moved = {"number": "PAY-2", "amount": "10", "write_off": "0"}
    both = [allocation(INVOICE, "50", "0.40"), allocation(OTHER, "9")]
    events = [
        event("InvoiceIssued", {"number": "INV-1"}),
        event("PaymentReceived", received | {"allocations": both}),
        event("PaymentReceived", received | {"allocations": [allocation(OTHER, "9")]}),
        event("PaymentAllocated", moved | {"day": "2026-03-06"}),
        event("PaymentUnallocated", moved | {"day": "2026-03-07"}, "Wrong"),
        event("CreditNoteIssued", {"number": "CN-1", "issued_on": "2026-03-08", "settled": "20"}, "Late"),
    ]  # fmt: skip
    found = settlements(events, INVOICE)
    assert [(item.number, item.paid, item.written_off, item.credited) for item in found] == [
        ("PAY-1", D(50), D("0.40"), D(0)),
        ("PAY-2", D(10), D(0), D(0)),
        ("PAY-2", D(-10), D(0), D(0)),
        ("CN-1", D(0), D(0), D(20)),
    ]
