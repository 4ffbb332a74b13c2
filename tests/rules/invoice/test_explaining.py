"""Why an amount is what it is, and what settled an invoice: told from what was stored, without asking anybody."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.invoice.invoices.rules.changing import Comparison, compare
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
    assert "ran 7 of the 31 days of its period (Mar 1, 2026 to Mar 7, 2026)" in found.words
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


def since(before: Statement, after: Statement, locale: str = "en") -> Comparison:
    found = compare(replace(after, previous=replace(before, number="INV-0")), locale)
    assert found is not None
    assert sum((item.difference for item in found.changes), D(0)) == after.gross_total - before.gross_total
    return found


def of_line(key: UUID, quantity: str, price: str, **changes: Any) -> StatedLine:
    made = line(1, str(D(quantity) * D(price)), UNIT)
    return replace(made, line_id=key, quantity=D(quantity), unit_price=D(price), **changes)


SEATS = new_id()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (("10", "49"), ("12", "49"), "Thing 1: 12 instead of 10, so €588.00 instead of €490.00 (+€98.00)."),
        (
            ("10", "49"), ("10", "52"),
            "Thing 1: €52.00 instead of €49.00 each, so €520.00 instead of €490.00 (+€30.00).",
        ),
        (
            ("10", "49"), ("8", "52"),
            "Thing 1: 8 instead of 10, €52.00 instead of €49.00 each, so €416.00 instead of €490.00 (−€74.00).",
        ),
    ],
)  # fmt: skip
def test_a_change_says_what_of_quantity_and_price_made_it(
    before: tuple[str, str], after: tuple[str, str], words: str
) -> None:
    found = since(statement(of_line(SEATS, *before)), statement(of_line(SEATS, *after)))
    assert [item.words for item in found.changes] == [words]


def test_what_is_new_what_is_gone_and_a_part_of_a_period_are_told_apart() -> None:
    part = Period(date(2026, 3, 1), date(2026, 3, 8))
    old = statement(line(1, "20", UNIT), replace(line(3, "31.00", UNIT), line_id=SEATS))
    new = statement(line(2, "20", UNIT), replace(line(3, "7.00", PRORATED, part), line_id=SEATS))
    found = since(old, new)
    assert [item.words for item in found.changes] == [
        "Thing 3: 7/31 of the days instead of all, so €7.00 instead of €31.00 (−€24.00).",
        "Thing 1 is not billed this time; it came to €20.00.",
        "Thing 2 is new: €20.00.",
    ]
    assert found.words == "This is €24.00 less than invoice INV-0 of Mar 1, 2026, which came to €56.13."


def test_several_periods_on_one_invoice_are_counted() -> None:
    two = (of_line(SEATS, "10", "49"), of_line(SEATS, "10", "49", line_no=2))
    (change,) = since(statement(of_line(SEATS, "10", "49")), statement(*two)).changes
    assert change.words == (
        "Thing 1: 2 periods or deliveries instead of 1, so €980.00 instead of €490.00 (+€490.00)."
    )  # fmt: skip


def test_the_first_invoice_has_nothing_before_it_and_an_equal_one_says_so() -> None:
    assert compare(SOURCE) is None
    found = since(SOURCE, SOURCE)
    assert (found.changes, found.words) == ((), "The total is that of invoice INV-0 of Mar 1, 2026.")


AMOUNTS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.integers(-500, 500)), min_size=1, max_size=80
)  # fmt: skip


@given(AMOUNTS, AMOUNTS, st.sampled_from(["en", "de", "fr"]), st.integers(0, 400), st.integers(0, 400))
def test_the_changes_sum_to_the_difference_of_the_totals(
    old: list[tuple[int, int, int]], new: list[tuple[int, int, int]], locale: str, tax: int, discount: int
) -> None:
    keys = [new_id() for _ in range(61)]

    def made(rows: list[tuple[int, int, int]]) -> Statement:
        return statement(*(of_line(keys[key], str(quantity), str(price)) for key, quantity, price in rows))

    was, now = made(old), made(new)
    taxes = (StatedTax("S", D(19), now.net_total, D(tax), discount=D(discount)),)
    net = now.net_total - D(discount)
    now = replace(now, taxes=taxes, net_total=net, tax_total=D(tax), gross_total=net + D(tax))
    found = since(was, now, locale)
    assert len(found.changes) <= 30
    assert all("{" not in item.words for item in found.changes)


@pytest.mark.parametrize(
    ("rule", "inputs", "words"),
    [
        ("billing.usage", {"quantity": "120", "unit_price": "0.05"}, "Usage of 120 at €0.05 each: €20.00."),
        ("billing.taken_back", {"too_much": "5"}, "€5.00 was billed too much before, and is taken back."),
        ("billing.minimum", {"minimum": "100"}, "A minimum of €100.00 was agreed for the period."),
        ("billing.add_on", {"price": "30"}, "The add-on costs €30.00 for a whole period: €20.00."),
        ("billing.early", {"usage": "90", "billed": "70"}, "Usage has come to €90.00, of which €70.00 was billed"),
        ("billing.unused", {"unused": "9", "given_before": "2"}, "The days that are not used come to €9.00"),
        ("billing.added", {"after": "50", "before": "30"}, "All usage of the period comes to €50.00"),
        ("charge.graduated", {"quantity": "2"}, "Each part of the 2 units costs the price of its step: €20.00."),
        ("invoices.deduction", {"billed_before": "9"}, "€9.00 was billed on an earlier invoice"),
        ("invoices.without_tax", {"gross": "119", "tax": "19"}, "The price of €119.00 holds €19.00 of tax"),
    ],
)
def test_each_rule_of_a_plan_is_told_in_words(rule: str, inputs: dict[str, str], words: str) -> None:
    made = {"rule": rule, "version": 1, "inputs": inputs, "formula": "1", "result": "20"}
    found = explanation(statement(line(1, "20", made)), "line-1")
    assert found is not None
    assert found.words.startswith(words)
