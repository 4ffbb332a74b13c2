"""Books beside the journal: what each posts otherwise, once, and a report that leaves no difference unexplained."""

import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, transaction

from cashline.flow.recognise.books.actions import BookRunResult, NewBook, open_book, run_books, set_policies
from cashline.flow.recognise.books.api import as_csv
from cashline.flow.recognise.books.queries.books import BookRow, book, policy_history
from cashline.flow.recognise.books.queries.reports import (
    Compared,
    DifferenceRow,
    book_balances,
    book_entries,
    book_lines,
    difference_page,
    difference_total,
    differences,
)
from cashline.flow.recognise.books.rules.policies import Policies, Standard
from cashline.flow.recognise.exports.queries import ledger_text
from cashline.flow.recognise.exports.rules import Format, plain
from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    recognise_arrangements,
    record_arrangements,
    record_facts,
)
from cashline.flow.recognise.revenue.rules.standard.facts import ContractFact, Fixed, Invoiced, ObligationFact, Transfer
from cashline.flow.recognise.revenue.rules.standard.judgements import Financing
from cashline.flow.report.audit import rebook, recompute, replan
from cashline.flow.report.audit.queries import Chosen, audit_pack
from cashline.flow.report.explain.queries import entity_of, explain
from cashline.flow.report.health.queries import verify
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.lists import Ask
from tests.support.agree import american, make_customers
from tests.support.book import Shop
from tests.support.recognise import (
    TODAY,
    accept_on,
    agreement_of,
    at,
    bill,
    book_mixed,
    make_trading_shop,
    recognise,
    ship_on,
)
from tests.support.world import ACTOR

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
WHO: Any = {"now": at(JANUARY), "actor": ACTOR}


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def make_book(entity: UUID, code: str, policies: Policies, standard: Standard = Standard.STATUTORY) -> BookRow:
    new = NewBook(entity, code, code.upper(), standard, policies)
    return book(open_book(new, reason="The law of the country", **WHO))


def run(row: BookRow, through: date, *, preview: bool = False) -> BookRunResult:
    [result] = run_books(through=through, book_ids=[row.id], now=at(through), actor=ACTOR, preview=preview)
    return result


def of_roles(row: BookRow | None, entity: UUID, day: date) -> dict[str, Decimal]:
    return {one.role: one.balance for one in book_balances(entity, row, day) if one.balance}


def differing(first: BookRow | None, second: BookRow | None, **when: Any) -> list[DifferenceRow]:
    """All rows, which are the same page by page."""
    asked = Compared(first, second, **when)
    found = list(differences(asked))
    assert [row for place in range(len(found)) for row in difference_page(asked, offset=place, limit=1)] == found
    assert difference_total(asked) == (len(found), sum((one.difference for one in found), D(0)))
    return found


def ties(first: BookRow | None, second: BookRow | None, entity: UUID, day: date) -> None:
    """The report explains each difference in full, and comes to the difference of the trial balances."""
    rows = differing(first, second)
    by_account: dict[str, Decimal] = {}
    for row in rows:
        assert row.explained == row.difference != 0
        by_account[row.code] = by_account.get(row.code, D(0)) + row.difference
    one, other = ({x.code: x.balance for x in book_balances(entity, each, day)} for each in (first, second))
    assert {code: amount for code, amount in by_account.items() if amount} == {
        code: other[code] - one[code] for code in one if other[code] != one[code]
    }


def test_a_statutory_book_recognises_what_is_invoiced_and_holds_no_contract_position(shop: Shop) -> None:
    """Billed 4 sensors, 4 × 49 of the first month and the installation: 1 752; the journal earned 1 665.55 of it."""
    berlin = shop.world.berlin
    order = book_mixed(shop)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    bill(date(2026, 1, 20))
    hgb = make_book(berlin, "hgb", Policies(timing="as_invoiced"))
    waiting = run(hgb, JANUARY)
    assert (waiting.entries, [key for key, _ in waiting.exceptions]) == (0, [agreement_of(order)])
    recognise(JANUARY)
    journal = trial_balance(berlin, JANUARY)
    previewed = run(hgb, JANUARY, preview=True)
    assert of_roles(hgb, berlin, JANUARY) == of_roles(None, berlin, JANUARY)
    done = run(hgb, JANUARY)
    assert (done.entries, done.amounts) == (previewed.entries, previewed.amounts) == (1, done.amounts)
    assert done.revenue("EUR") == D("86.45")
    assert run(hgb, JANUARY).entries == 0
    assert trial_balance(berlin, JANUARY) == journal
    found = of_roles(hgb, berlin, JANUARY)
    assert "contract_position" not in found
    assert (found["revenue_goods"], found["revenue_subscription"], found["revenue_service"]) == (-356, -196, -1200)
    assert sum(one.balance for one in book_balances(berlin, hgb, JANUARY)) == 0
    ties(None, hgb, berlin, JANUARY)
    [subscription, position] = sorted(differing(None, hgb), key=lambda one: one.difference)
    assert (subscription.first, subscription.second) == (D("-109.55"), D(-196))
    assert (position.first, position.second) == (D("-86.45"), D(0))
    assert position.reasons[0].choice.code == "timing_as_invoiced"
    for line in book_lines([one.id for one in book_entries(Ask(), book_id=hgb.id).items]):
        assert Derivation.from_json(line.derivation or {}).recompute() == line.amount
    lines = "".join(as_csv(differing(None, hgb), "EUR")).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("contract,part,account")


def test_a_book_is_explained_exported_verified_and_packed_for_the_auditor(shop: Shop, tmp_path: Path) -> None:
    berlin = shop.world.berlin
    order = book_mixed(shop, discount="50")
    ship_on(TODAY, order)
    recognise(JANUARY)
    row = make_book(berlin, "stated", Policies(allocation="stated"))
    run(row, JANUARY)
    [entry] = book_entries(Ask(), book_id=row.id).items
    told = explain(public("book_entry", entry.id))
    assert (told.amount, told.sound) == (entry.total, True)
    assert [one.kind for one in told.sources] == ["accounting_book", "agreement"]
    assert told.derivation.parts[0].parts[0].rule == "book.difference"
    assert entity_of(told) == berlin
    owner = entities_by_id([berlin])[berlin]
    text = "".join(ledger_text(owner, Format.BEANCOUNT, until=JANUARY, book=row))
    journal = "".join(ledger_text(owner, Format.BEANCOUNT, until=JANUARY))
    assert f'entry: "{public("book_entry", entry.id)}"' in text
    assert public("book_entry", entry.id) not in journal
    for one in book_balances(berlin, row, JANUARY):
        assert f":{one.code}-" in text
        assert f" {plain(one.balance)} EUR" in next(
            line for line in text.splitlines() if f":{one.code}-" in line and " balance " in line
        )
    assert ",stated," in "".join(ledger_text(owner, Format.CSV, until=JANUARY, book=row))
    assert verify(whole=True).first_break is None
    file = tmp_path / "pack.zip"
    file.write_bytes(audit_pack(Chosen([agreement_of(order)]), subject="books", now=at(FEBRUARY)).read())
    assert (recompute.main(str(file)), replan.main(str(file)), rebook.main(str(file))) == (0, 0, 0)
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    other = files["book_lines.csv"].replace(b'in_the_book"":""', b'in_the_book"":""1')
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (files | {"book_lines.csv": other}).items():
            archive.writestr(name, data)
    assert rebook.main(str(file)) == 1


def test_without_allocation_each_line_earns_its_own_price(shop: Shop) -> None:
    """178 off the sensors stay with the sensors; the journal shares them over all three lines."""
    berlin = shop.world.berlin
    order = book_mixed(shop, discount="50")
    ship_on(TODAY, order)
    recognise(JANUARY)
    stated = make_book(berlin, "stated", Policies(allocation="stated"))
    invoiced = make_book(berlin, "invoiced", Policies(allocation="stated", timing="as_invoiced"))
    asc = make_book(berlin, "us", Policies(financing="one_year"), Standard.ASC_606)
    assert (run(stated, JANUARY).entries, run(asc, JANUARY).entries) == (1, 0)
    run(invoiced, JANUARY)
    found = of_roles(stated, berlin, JANUARY)
    assert (found["revenue_goods"], found["revenue_subscription"]) == (D(-178), D("-109.55"))
    for first, second in ((None, stated), (stated, invoiced), (invoiced, asc), (invoiced, None)):
        ties(first, second, berlin, JANUARY)
    accept_on(date(2026, 2, 3), order)
    recognise(date(2027, 1, 31))
    assert run(stated, date(2027, 1, 31)).entries > 0
    assert differing(None, stated, start=date(2026, 3, 1))
    # in the end each book has earned the whole price
    assert sum(one.difference for one in differing(None, stated) if one.code == "2200") == 0


def test_a_decision_is_kept_with_its_reason_and_posts_in_the_first_open_month(shop: Shop) -> None:
    berlin = shop.world.berlin
    ship_on(TODAY, book_mixed(shop, discount="50"))
    recognise(JANUARY)
    row = make_book(berlin, "local", Policies(allocation="stated"))
    run(row, JANUARY)
    close_period(entity_id=berlin, month=JANUARY, **WHO)
    before = book_balances(berlin, row, JANUARY)
    assert set_policies(book_id=row.id, policies=Policies(), reason="We allocate now", **WHO) == 1
    assert set_policies(book_id=row.id, policies=Policies(), reason="We allocate now", **WHO) == 1
    assert [one.reason for one in policy_history(row.id)] == ["We allocate now", "The law of the country"]
    recognise(FEBRUARY)
    assert run(book(row.id), FEBRUARY).entries == 1
    assert book_balances(berlin, row, JANUARY) == before
    assert of_roles(row, berlin, FEBRUARY) == of_roles(None, berlin, FEBRUARY)


def test_a_position_in_foreign_currency_ends_at_zero_in_both_currencies(shop: Shop) -> None:
    [customer] = make_customers([american()])
    order = book_mixed(shop, customer_id=customer, currency="USD")
    ship_on(TODAY, order)
    row = make_book(shop.world.berlin, "local", Policies(timing="as_invoiced"))
    for month in (1, 2, 3):
        day = date(2026, month, 28)
        bill(day)
        recognise(day)
        run(row, day)
        assert "contract_position" not in of_roles(row, shop.world.berlin, day)
        ties(None, row, shop.world.berlin, day)


def test_an_arrangement_is_planned_again_by_the_policies_of_the_book(shop: Shop) -> None:
    """121 due in eleven months at ten percent: the journal tells interest apart, a book with the expedient does not."""
    berlin = shop.world.berlin
    contract = ContractFact(
        id="c",
        inception=date(2026, 1, 1),
        consideration=(Fixed(id="price", amount=D(121)),),
        obligations=(ObligationFact(id="goods", pattern="point", ssp=D(121)),),
    )
    judged = Financing(at=date(2026, 1, 1), consideration="price", annual_rate=D("0.10"))
    events = (
        Transfer(at=date(2026, 1, 2), obligation="goods"),
        Invoiced(at=date(2026, 1, 2), contract="c", amount=D(121), due=date(2026, 12, 2)),
    )
    [key] = record_arrangements(
        [NewArrangement(berlin, "EUR", NewFacts([contract], [judged], events))], today=JANUARY, **WHO
    )
    us = make_book(berlin, "us-gaap", Policies(financing="one_year"), Standard.ASC_606)
    assert [why for _, why in run(us, JANUARY).exceptions] == []
    recognise_arrangements(through=JANUARY, **WHO)
    assert run(us, JANUARY).entries == 1
    found = of_roles(us, berlin, JANUARY)
    assert found["revenue_goods"] == D(-121)
    assert "interest_income" not in found
    ties(None, us, berlin, JANUARY)
    record_facts(arrangement_id=key, facts=NewFacts(events=[Invoiced(at=MARCH, contract="c", amount=D(-21))]), **WHO)
    assert run(us, MARCH).entries == 0  # it follows the journal, which has not run the new fact yet
    recognise_arrangements(through=MARCH, now=at(MARCH), actor=ACTOR)
    run(us, MARCH)
    ties(None, us, berlin, MARCH)
    assert run(us, MARCH).entries == 0


def test_the_database_refuses_what_a_book_may_not_hold(shop: Shop) -> None:
    berlin = shop.world.berlin
    ship_on(TODAY, book_mixed(shop, discount="50"))
    recognise(JANUARY)
    row = make_book(berlin, "local", Policies(allocation="stated"))
    run(row, JANUARY)
    for statement in (
        "UPDATE book_lines SET amount = amount + 1",
        "DELETE FROM book_entries",
        "UPDATE book_policies SET reason = 'another'",
        "UPDATE accounting_books SET standard = 'ifrs15'",
        "INSERT INTO book_lines (entry_id, line_no, account_id, amount, functional_amount, day) "
        "SELECT entry_id, 90, account_id, 1, 1, day FROM book_lines LIMIT 1",
        "INSERT INTO book_policies (id, book_id, version, policies, reason, decided_by, decided_at) "
        "SELECT uuidv7(), book_id, 9, policies, '', decided_by, decided_at FROM book_policies LIMIT 1",
    ):
        with pytest.raises(Error), transaction.atomic():
            sql.execute(statement)
    with pytest.raises(Refusals) as refused:
        open_book(NewBook(berlin, "local", " ", Standard.IFRS_15, Policies(timing="as_invoiced")), reason="", **WHO)
    assert [one.field for one in refused.value.refusals] == ["code", "name", "reason", "timing"]
