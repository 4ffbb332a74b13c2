"""Many at once, and killed anywhere: no gap in the numbers, no charge twice, no credit above what was billed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections
from psycopg.errors import CheckViolation

from cashline.flow.agree.catalog.rules import TaxCategory
from cashline.flow.book.credit.queries import accounts
from cashline.flow.book.orders.queries import order as order_row
from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, void_invoices
from cashline.flow.invoice.credit_notes.rules import CreditRequest, NotCreditable
from cashline.flow.invoice.invoices.actions import issue_invoices, settle
from cashline.flow.invoice.invoices.actions.settling import OverSettled
from cashline.flow.invoice.invoices.queries import invoice, lines_of
from cashline.flow.invoice.invoices.rules.issuing import AlreadyBilled, DraftInvoice, DraftLine
from cashline.flow.invoice.taxes.actions import set_tax_rates, set_withholding
from cashline.flow.invoice.taxes.rules import InvalidTaxRate, InvalidWithholding, NewTaxRate, NewWithholding
from cashline.kernel.identifiers import new_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from tests.support.book import Shop, book, line, ship
from tests.support.cluster import Database
from tests.support.invoice import bill, make_billing_shop, ship_and_bill
from tests.support.killing import KillerProcess
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Outcome:
    """What came of everyone's turn."""

    done: list[Any]
    refused: list[Exception]


def all_at_once(count: int, turn: Callable[[int], Any]) -> Outcome:
    """Everyone takes a turn at the same moment, each on a connection of its own."""
    outcome, gate = Outcome([], []), threading.Barrier(count)

    def run(index: int) -> None:
        try:
            gate.wait(30)
            outcome.done.append(turn(index))
        except (Refusal, DatabaseError) as error:
            outcome.refused.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "deadlock"
    return outcome


def draft(shop: Shop, agreement_id: UUID, source_id: UUID) -> DraftInvoice:
    """A charge as a planner would give it."""
    charge = DraftLine(
        new_id(), shop.catalog.sensor, "goods", "standard", source_id, TODAY, 0, None, "Sensor", D(1), "C62", D(89),
        D(89), TODAY, False, '{"rule":"billing.unit"}',
    )  # fmt: skip
    return DraftInvoice(shop.world.berlin, shop.customer, agreement_id, "EUR", TODAY, (charge,))


@pytest.mark.usefixtures("committed_db")
def test_sixty_four_issuers_leave_no_gap_no_duplicate_and_no_deadlock() -> None:
    shop = make_billing_shop()
    agreement = order_row(book(shop, line("SENSOR-1", 1))).agreement_id
    given_up = {7, 23, 41}

    def issue(index: int) -> list[UUID]:
        drafts = [draft(shop, agreement, new_id()) for _ in range(1 + index % 3)]
        if index in given_up:
            drafts[-1] = drafts[-1]._replace(lines=())
        return issue_invoices(drafts, now=NOW, actor=ACTOR)

    outcome = all_at_once(64, issue)
    assert len(outcome.refused) == len(given_up)
    numbers = sorted(row[0] for row in sql.fetch("SELECT number FROM invoices"))
    assert len(numbers) == sum(len(ids) for ids in outcome.done)
    assert numbers == [f"INV-DE01-2026-{index:06d}" for index in range(1, len(numbers) + 1)]
    assert accounts([shop.customer])[shop.customer].exposure == 89 + len(numbers) * (D("105.91") - 89)


@pytest.mark.usefixtures("committed_db")
def test_the_same_charge_raced_is_billed_once() -> None:
    shop = make_billing_shop()
    agreement = order_row(book(shop, line("SENSOR-1", 1))).agreement_id
    source = new_id()
    outcome = all_at_once(8, lambda _: issue_invoices([draft(shop, agreement, source)], now=NOW, actor=ACTOR))
    assert len(outcome.done) == 1
    assert [type(error) for error in outcome.refused] == [AlreadyBilled] * 7
    assert sql.fetch("SELECT number FROM invoices") == [("INV-DE01-2026-000001",)]


@pytest.mark.usefixtures("committed_db")
def test_bill_runs_raced_bill_once() -> None:
    shop = make_billing_shop()
    ship(*[book(shop, line("SENSOR-1", quantity)) for quantity in range(1, 9)])
    expected = bill(preview=True)
    outcome = all_at_once(6, lambda _: run_bills(as_of=TODAY, now=NOW, actor=ACTOR, batch=2))
    assert outcome.refused == []
    assert sql.fetch("SELECT count(*), sum(gross_total) FROM invoices") == [(8, expected.totals[0].gross)]
    assert bill().invoices == 0


@pytest.mark.usefixtures("committed_db")
def test_credit_notes_raced_never_pass_the_invoice() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    (stated,) = lines_of([row.id])[row.id]
    request = CreditRequest(row.id, "Damaged", [(stated.id, D("25"))])
    outcome = all_at_once(8, lambda _: issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR))
    assert len(outcome.done) == 3
    assert {type(error) for error in outcome.refused} == {NotCreditable}
    assert invoice(row.id).open_amount == row.gross_total - 3 * D("29.75")
    issue_credit_notes([CreditRequest(row.id, "The rest")], today=TODAY, now=NOW, actor=ACTOR)
    sums = sql.fetch("SELECT sum(net_total), sum(tax_total) FROM credit_notes")
    assert sums == [(row.net_total, row.tax_total)]
    assert invoice(row.id).open_amount == 0


@pytest.mark.usefixtures("committed_db")
def test_the_database_alone_refuses_to_credit_too_much_even_raced(committed_db: Database) -> None:
    """With every check and every lock of ours left out."""
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    note = issue_credit_notes(
        [CreditRequest(row.id, "Part", [(lines_of([row.id])[row.id][0].id, D(9))])], today=TODAY, now=NOW, actor=ACTOR
    )[0]
    statement = (
        "WITH note AS (INSERT INTO credit_notes (id, number, invoice_id, entity_id, customer_id, currency, status, "
        "cause, reason, issued_on, net_total, tax_total, gross_total, created_at) SELECT gen_random_uuid(), "
        "'CN-{number}', invoice_id, entity_id, customer_id, currency, status, cause, reason, issued_on, {net}, {tax}, "
        "{net} + {tax}, created_at FROM credit_notes WHERE id = %s RETURNING id) "
        "INSERT INTO credit_note_lines (id, credit_note_id, line_no, invoice_line_id, description, quantity, "
        "net_amount, tax_code, tax_rate, tax_amount, derivation) SELECT gen_random_uuid(), note.id, 1, "
        "invoice_line_id, description, 1, {net}, tax_code, tax_rate, {tax}, derivation FROM credit_note_lines, note "
        "WHERE credit_note_id = %s AND line_no = 1"
    )
    outcome = all_at_once(6, lambda at: sql.execute(statement.format(number=at, net=30, tax=0), (note, note)))
    assert len(outcome.done) == 2
    assert all(isinstance(error.__cause__, CheckViolation) for error in outcome.refused)
    with pytest.raises(DatabaseError, match="more tax"):
        sql.execute(statement.format(number=50, net=1, tax=16), (note, note))


@pytest.mark.usefixtures("committed_db")
def test_settling_raced_never_passes_what_is_open() -> None:
    shop = make_billing_shop()
    row = ship_and_bill(shop, line("SENSOR-1", 1))
    outcome = all_at_once(8, lambda _: settle({row.id: D("30")}, now=NOW, actor=ACTOR))
    assert len(outcome.done) == 3
    assert {type(error) for error in outcome.refused} == {OverSettled}
    assert invoice(row.id).open_amount == D("15.91")
    assert accounts([shop.customer])[shop.customer].exposure == D("15.91")
    settle({row.id: D("-90")}, now=NOW, actor=ACTOR)
    with pytest.raises(OverSettled, match="no more than that"):
        settle({row.id: D("-1")}, now=NOW, actor=ACTOR)


def run_in_batches() -> None:
    """The run of the day, two agreements at a time."""
    bill(batch=2)


@pytest.mark.kill
@pytest.mark.slow
def test_a_run_killed_at_any_write_and_run_again_is_the_run(
    committed_db: Database, killer: KillerProcess, tmp_path: Path
) -> None:
    shop = make_billing_shop()
    ship(*[book(shop, line("SENSOR-1", quantity)) for quantity in range(1, 6)])
    expected = bill(preview=True)
    connections.close_all()
    assert killer.kill_everywhere(f"{__name__}:run_in_batches", committed_db, tmp_path / "points") >= 15
    rows = sql.fetch("SELECT number, gross_total FROM invoices ORDER BY number")
    assert len(rows) == 5
    assert [row[0] for row in rows] == [f"INV-DE01-2026-{index:06d}" for index in range(1, 6)]
    first, *later = sql.fetch("SELECT status, manifest -> 'manifest' ->> 'hash' FROM bill_runs ORDER BY id")
    assert first == ("completed", expected.hash)
    assert set(later) <= {("completed", "")}, "a run after the last commit finds nothing"
    assert date(2026, 1, 15) == TODAY


@pytest.mark.usefixtures("committed_db")
def test_shipping_voiding_crediting_and_billing_at_once_neither_deadlock_nor_bill_twice() -> None:
    shop = make_billing_shop()
    rows = [ship_and_bill(shop, line("SENSOR-1", quantity)) for quantity in range(1, 7)]
    orders = [book(shop, line("SENSOR-1", 1)) for _ in range(12)]

    def turn(index: int) -> Any:
        kind, place = index % 4, index // 4
        if kind == 0:
            return ship(*orders[place * 2 : place * 2 + 2])
        if kind == 1:
            return void_invoices([rows[place].id], reason="Anew", today=TODAY, now=NOW, actor=ACTOR)
        if kind == 2:
            request = CreditRequest(rows[place].id, "Late")
            return issue_credit_notes([request], today=TODAY, now=NOW, actor=ACTOR)
        return run_bills(as_of=TODAY, now=NOW, actor=ACTOR, batch=3)

    outcome = all_at_once(24, turn)
    assert {type(error) for error in outcome.refused} <= {NotCreditable, IllegalTransition}
    bill()
    assert bill().invoices == 0
    conceded = sql.fetch("SELECT coalesce(sum(net_total), 0) FROM credit_notes WHERE cause = 'concession'")[0][0]
    voided = sql.fetch("SELECT coalesce(sum(net_total), 0) FROM credit_notes WHERE cause = 'void'")[0][0]
    billed = sql.fetch("SELECT sum(net_total) FROM invoices")[0][0]
    assert billed - voided == 89 * (21 + 12)
    owed = sql.fetch("SELECT sum(open_amount) FROM invoices")[0][0]
    assert accounts([shop.customer])[shop.customer].exposure == owed
    gross = sql.fetch("SELECT (SELECT sum(gross_total) FROM invoices), (SELECT sum(gross_total) FROM credit_notes)")[0]
    assert owed == gross[0] - gross[1]
    assert conceded + voided > 0


@pytest.mark.usefixtures("committed_db")
def test_rates_of_one_day_raced_are_one_and_the_others_are_told() -> None:
    shop = make_billing_shop()

    def withhold(index: int) -> None:
        new = NewWithholding(shop.customer, shop.world.berlin, "", D(10 + index), "Section 50a", TODAY)
        set_withholding([new], now=NOW, actor=ACTOR)

    def tax(index: int) -> None:
        set_tax_rates([NewTaxRate("IT", TaxCategory.STANDARD, D(20 + index), TODAY)], now=NOW, actor=ACTOR)

    for turn, refusal in ((withhold, InvalidWithholding), (tax, InvalidTaxRate)):
        outcome = all_at_once(3, turn)
        assert (len(outcome.done), {type(error) for error in outcome.refused}) == (1, {refusal})
