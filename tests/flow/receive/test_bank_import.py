"""Importing statements: whole or not at all, once however often, and by however many at the same time."""

import io
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest

from cashline.flow.receive.bank import queries
from cashline.flow.receive.bank.actions import (
    ImportResult,
    NewBankAccount,
    apply_matches,
    create_bank_accounts,
    import_statement,
    set_matching,
)
from cashline.flow.receive.bank.actions.deciding import Decision
from cashline.flow.receive.bank.queries import LineFilter, LineRow
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, Refusals
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.agree import make_customer
from tests.support.bank_files import BERLIN, Entry, camt, camt_of, mt940, statement
from tests.support.cluster import Database
from tests.support.racing import race
from tests.support.world import ACTOR, NOW, TODAY, World, make_world

OTHER = "DE89370400440532013000"
ENTRIES = (
    Entry("119.00", "INV-DE01-2026-000001", reference="R1"),
    Entry("238.00", "Rechnung 2", reference="R2"),
    Entry("-4.90", "Kontoführung", reference="R3"),
)


@pytest.fixture
def world(db: Database) -> World:
    return make_world()


def load(data: bytes, name: str = "statement.xml") -> ImportResult:
    return import_statement(data, name, now=NOW, actor=ACTOR)


def lines() -> list[LineRow]:
    return queries.list_lines(Ask("booked_on"), LineFilter()).items


def statements() -> list[queries.StatementRow]:
    return queries.list_statements(Ask("imported_at")).items


def test_a_statement_of_an_account_that_the_entity_names_is_booked(world: World) -> None:
    result = load(camt(*ENTRIES))
    assert (result.added, result.known) == (3, 0)
    (account,) = queries.accounts()
    assert (account.iban, account.entity_id, account.currency) == (BERLIN, world.berlin, "EUR")
    (row,) = statements()
    assert (row.opening_balance, row.closing_balance) == (Decimal("1000"), Decimal("1352.10"))
    assert (row.line_count, row.added_count, row.open_count, row.reference) == (3, 3, 3, "S1")
    assert sorted(line.amount for line in lines()) == [Decimal("-4.90"), 119, 238]
    assert [event.type for event in timeline([row.id])] == ["BankStatementImported"]


@pytest.mark.parametrize("again", [camt(*ENTRIES), camt(*reversed(ENTRIES), number="2"), mt940(*ENTRIES)])
def test_the_same_entries_again_book_nothing_in_whatever_file(world: World, again: bytes) -> None:
    first = camt(*ENTRIES)
    load(first)
    result = load(again, "another name.dat")
    assert (result.added, result.known, len(lines())) == (0, 3, 3)
    assert len(result.statement_ids) == (0 if again == first else 1)
    assert all(row.closing_balance == Decimal("1352.10") for row in statements())


def test_an_overlapping_statement_brings_what_is_new(world: World) -> None:
    load(camt(*ENTRIES[:2], message="052"))
    result = load(camt(*ENTRIES))
    assert (result.added, result.known) == (1, 2)
    later = Entry("50.00", "next day", reference="R4", day=TODAY + timedelta(days=1))
    gap = camt(later, opening="1400.00", number="9", day=TODAY + timedelta(days=1))
    load(gap)
    (missing,) = queries.missing_statements(queries.accounts()[0].id)
    assert missing.difference == Decimal("47.90")


def test_a_file_of_several_accounts_books_each_to_its_own(world: World) -> None:
    create_bank_accounts([NewBankAccount(world.berlin, OTHER, "Zweitkonto", "EUR")], now=NOW, actor=ACTOR)
    file = camt_of(
        statement(ENTRIES[0]),
        statement(ENTRIES[1], account=OTHER),
        statement(account=OTHER, number="2", opening="1238.00"),
    )
    result = load(file)
    assert (result.added, len(result.statement_ids)) == (2, 3)
    by_account = {account.id: account.iban for account in queries.accounts()}
    assert {(by_account[line.account_id], line.amount) for line in lines()} == {
        (BERLIN, Decimal(119)),
        (OTHER, Decimal(238)),
    }
    assert load(file).added == 0
    assert len(statements()) == 3


def test_an_archive_is_booked_as_a_whole(world: World) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", camt(ENTRIES[0]))
        archive.writestr("b.xml", camt(ENTRIES[1], opening="1119.00", number="2"))
    assert load(packed.getvalue(), "statements.zip").added == 2
    assert [row.source for row in statements()] == ["a.xml", "b.xml"]


def test_every_reason_against_a_file_comes_at_once_and_nothing_is_booked(world: World) -> None:
    file = camt_of(
        statement(ENTRIES[0]), statement(ENTRIES[1], account=OTHER), statement(account="FR1420041010050500013M02606")
    )
    with pytest.raises(Refusals) as refused:
        load(file)
    assert [(one.code, one.data["statement"]) for one in refused.value] == [
        ("bank_account_unknown", 2),
        ("bank_account_unknown", 3),
    ]
    load(camt(*ENTRIES[:1]))
    with pytest.raises(Refusal, match="kept in EUR"):
        load(camt(ENTRIES[0], currency="USD"))
    for broken in (b"", b"no statement", camt(*ENTRIES)[:-200]):
        with pytest.raises(Refusal):
            load(broken)
    assert [line.amount for line in lines()] == [119]


def test_a_sum_that_comes_split_later_stands_in_its_parts(world: World) -> None:
    lump = Entry("357.00", "Sammler", reference="B1")
    split = Entry("357.00", reference="B1", parts=[("119.00", "INV-1"), ("238.00", "INV-2")])
    load(camt(lump))
    result = load(camt(split, message="054"))
    assert (result.added, result.split) == (0, 1)
    found = {(line.status, line.amount) for line in lines()}
    assert found == {("split", Decimal(357)), ("open", Decimal(119)), ("open", Decimal(238))}
    for again in (camt(lump), camt(split, message="054"), camt(split, number="3")):
        assert (load(again).added, len(lines())) == (0, 3)


def test_a_sum_that_was_decided_on_stays_as_it_is(world: World) -> None:
    customer = make_customer()
    load(camt(Entry("357.00", "Sammler", reference="B1")))
    apply_matches([Decision(lines()[0].id, customer_id=customer)], now=NOW, actor=ACTOR)
    split = Entry("357.00", reference="B1", parts=[("119.00", "INV-1"), ("238.00", "INV-2")])
    assert load(camt(split, message="054")).split == 0
    assert [line.status for line in lines()] == ["matched"]


def test_accounts_are_checked_and_their_matching_declared(world: World) -> None:
    wrong = NewBankAccount(world.berlin, "DE00", "Wrong", "EUR")
    twice = NewBankAccount(world.berlin, OTHER, "Twice", "EUR")
    with pytest.raises(Refusals) as refused:
        create_bank_accounts([wrong, twice, twice], now=NOW, actor=ACTOR)
    assert [type(one) for one in refused.value] == [InvalidValue, Conflict]
    (key,) = create_bank_accounts([twice], now=NOW, actor=ACTOR)
    assert queries.account(key).settings.tolerance_amount == 0
    declared = {"tolerance_amount": Decimal("0.50"), "tolerance_rate": Decimal("0.01")}
    set_matching(key, auto_apply_confidence=97, **declared, now=NOW, actor=ACTOR)
    settings = queries.account(key).settings
    assert (settings.auto_apply_confidence, settings.tolerance(Decimal(100))) == (97, Decimal("0.50"))
    with pytest.raises(Refusals) as refused:
        set_matching(
            key,
            auto_apply_confidence=10,
            tolerance_amount=Decimal("-1"),
            tolerance_rate=Decimal(2),
            now=NOW,
            actor=ACTOR,
        )
    assert len(list(refused.value)) == 3


def test_workers_that_import_one_statement_at_the_same_time_book_it_once(committed_db: Database) -> None:
    make_world()
    many = [Entry(f"{100 + number}.00", f"Zahlung {number}", reference=f"R{number}") for number in range(80)]
    results: list[ImportResult] = []
    race([lambda: results.append(load(camt(*many)))] * 4)
    assert sorted(result.added for result in results) == [0, 0, 0, 80]
    assert (len(statements()), queries.line_counts(LineFilter())[0].count) == (1, 80)
