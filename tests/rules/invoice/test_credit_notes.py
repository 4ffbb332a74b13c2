"""Credit notes: never more than was billed, by line and by tax; the last one takes the tax that is left."""

import json
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.invoice.credit_notes.rules import (
    CreditableInvoice,
    CreditableLine,
    CreditRequest,
    NotCreditable,
    PlannedCreditNote,
)
from cashline.flow.invoice.credit_notes.rules import (
    plan_credit_note as plan_credit_note_of,
)
from cashline.flow.invoice.invoices.rules.totals import tax_groups
from cashline.flow.invoice.taxes.rules import TaxDecision
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Refusals

D = Decimal


def invoice(*lines: tuple[str, str], open_amount: str = "", digits: int = 2) -> CreditableInvoice:
    """An issued invoice of (net amount, tax rate) lines; wholly open unless given."""
    groups = tax_groups([(TaxDecision("S", D(rate), "", "", ""), D(net)) for net, rate in lines], digits)
    gross = sum((group.base + group.tax for group in groups), D(0))
    return CreditableInvoice(
        new_id(), "INV-1", "issued", new_id(), new_id(), new_id(), {2: "EUR", 0: "JPY", 3: "KWD"}[digits],
        date(2026, 3, 1), D(open_amount) if open_amount else gross, D(1), True,
        [
            CreditableLine(
                new_id(), number, new_id(), f"Thing {number}", D(2), D(net) / 2, D(net), "S", D(rate), False, D(0), D(0)
            )
            for number, (net, rate) in enumerate(lines, 1)
        ],
        {(group.code, group.rate): group.tax for group in groups},
    )  # fmt: skip


def plan_credit_note(source: CreditableInvoice, request: CreditRequest) -> PlannedCreditNote:
    return plan_credit_note_of(source, request, date(2026, 4, 1))


def credited(source: CreditableInvoice, note: PlannedCreditNote) -> CreditableInvoice:
    """The invoice after the note."""
    taken = {line.invoice_line.id: line for line in note.lines}
    lines = [
        line._replace(
            credited_net=line.credited_net + taken[line.id].net_amount,
            credited_tax=line.credited_tax + taken[line.id].tax_amount,
        )
        if line.id in taken
        else line
        for line in source.lines
    ]
    return replace(source, lines=lines, open_amount=source.open_amount - note.settled)


def ask(source: CreditableInvoice, *amounts: tuple[int, str]) -> CreditRequest:
    return CreditRequest(source.id, "Damaged", [(source.lines[index].id, D(amount)) for index, amount in amounts])


def test_a_full_credit_gives_back_everything() -> None:
    source = invoice(("55.55", "23"), ("11.11", "23"), ("10.00", "7"))
    note = plan_credit_note(source, CreditRequest(source.id, "Never arrived"))
    assert (note.net_total, note.tax_total, note.settled, note.unapplied) == (D("76.66"), D("16.03"), D("92.69"), D(0))


def test_a_part_is_taxed_at_the_original_rate_and_the_last_takes_the_tax_left() -> None:
    source = invoice(("0.03", "19"), ("0.03", "19"), ("0.03", "19"))
    assert source.taxes == {("S", D(19)): D("0.02")}
    taxes = []
    for index in range(3):
        note = plan_credit_note(source, ask(source, (index, "0.03")))
        taxes.append(note.tax_total)
        source = credited(source, note)
    assert taxes == [D("0.01"), D("0.01"), D(0)]


def test_what_exceeds_the_open_amount_is_credit_of_the_customer() -> None:
    source = invoice(("100", "19"), open_amount="50")
    note = plan_credit_note(source, CreditRequest(source.id, "Returned"))
    assert (note.settled, note.unapplied) == (D("50"), D("69.00"))


def test_units_are_stated_where_the_amount_is_a_price_of_them() -> None:
    source = invoice(("100", "19"))
    quantities = [plan_credit_note(source, ask(source, (0, amount))).lines[0].quantity for amount in ("50", "33.33")]
    assert quantities == [D(1), D("0.666600")]


def test_every_reason_against_it_comes_at_once() -> None:
    source = invoice(("100", "19"), ("10", "19"))
    stranger = (new_id(), D(1))
    request = CreditRequest(
        source.id, " ", [(source.lines[0].id, D("100.01")), stranger, (source.lines[1].id, D("0.001"))]
    )
    with pytest.raises(Refusals) as caught:
        plan_credit_note(source, request)
    assert [problem.field for problem in caught.value] == [
        "reason",
        "lines.0.net_amount",
        "lines.1.net_amount",
        "lines.2.net_amount",
    ]
    assert "at most €100.00" in caught.value.refusals[1].message


@pytest.mark.parametrize("status", ["draft", "void"])
def test_only_an_issued_invoice_is_credited(status: str) -> None:
    source = replace(invoice(("100", "19")), status=status)
    with pytest.raises(NotCreditable, match=status):
        plan_credit_note(source, CreditRequest(source.id, "Damaged"))


def test_a_line_twice_and_nothing_left() -> None:
    source = invoice(("100", "19"))
    with pytest.raises(NotCreditable, match="twice"):
        plan_credit_note(source, ask(source, (0, "1"), (0, "1")))
    done = credited(source, plan_credit_note(source, CreditRequest(source.id, "Damaged")))
    with pytest.raises(NotCreditable, match="Nothing is left"):
        plan_credit_note(done, CreditRequest(source.id, "Damaged"))


RATES = st.sampled_from(["0", "5.5", "7", "19", "25"])


@given(st.data(), st.sampled_from([2, 0, 3]), st.randoms())
def test_any_parts_sum_to_the_invoice_and_its_tax(data: st.DataObject, digits: int, chance: random.Random) -> None:
    unit = D(1).scaleb(-digits)
    cents = st.integers(1, 99_999).map(lambda number: str(number * unit))
    source = invoice(*data.draw(st.lists(st.tuples(cents, RATES), min_size=1, max_size=5)), digits=digits)
    net, taxes, settled = D(0), dict.fromkeys(source.taxes, D(0)), D(0)
    expected_net = sum((line.net_amount for line in source.lines), D(0))
    gross = source.open_amount
    while any(line.left for line in source.lines):
        wanted: list[tuple[UUID, Decimal]] = []
        for line in source.lines:
            if line.left and (chance.random() < 0.7 or not wanted):
                amount = line.left if chance.random() < 0.4 else unit * chance.randint(1, int(line.left / unit))
                wanted.append((line.id, amount))
        note = plan_credit_note(source, CreditRequest(source.id, "Part", wanted))
        assert sum(line.tax_amount for line in note.lines) == note.tax_total >= 0
        for part in note.lines:
            taxes[part.invoice_line.tax_code, part.invoice_line.tax_rate] += part.tax_amount
            derivation = Derivation.from_json(json.loads(part.derivation))
            assert derivation.breaks() == []
            assert derivation.result == part.net_amount
        assert all(taxes[key] <= source.taxes[key] for key in taxes)
        net, settled = net + note.net_total, settled + note.settled
        source = credited(source, note)
    assert (net, taxes, settled) == (expected_net, source.taxes, gross)
