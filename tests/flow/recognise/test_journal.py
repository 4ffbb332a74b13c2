"""The journal takes balanced entries of open months, once, for ever; the database refuses all else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from django.db import Error, connection, transaction

from cashline.flow.recognise.ledger.actions import (
    close_period,
    open_books,
    post,
    reopen_period,
    summarise_journal,
)
from cashline.flow.recognise.ledger.queries.balances import period_movements, positions, role_balances, trial_balance
from cashline.flow.recognise.ledger.queries.books import books
from cashline.flow.recognise.ledger.queries.entries import account_lines, entries_of, list_entries
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import PlannedEntry, PlannedLine
from cashline.kernel.identifiers import new_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.platform import lists, sql
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, World, make_world

D = Decimal
R = AccountRole
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def world(db: Database) -> World:
    return make_world()


def entry(
    entity: UUID, amount: str = "100", day: date = date(2026, 3, 9), *, source: UUID | None = None, **options: UUID
) -> PlannedEntry:
    value = D(amount)
    lines = (
        PlannedLine(R.RECEIVABLE, value, value, options.get("document"), None, None),
        PlannedLine(R.CONTRACT_POSITION, -value, -value, None, None, options.get("agreement")),
    )
    return PlannedEntry(entity, "EUR", day, "invoice", source or new_id(), "invoice", "Invoice X", lines)


def balances(entity: UUID, day: date) -> dict[str, Decimal]:
    return {row.role: row.balance for row in trial_balance(entity, day) if row.balance}


@contextmanager
def refused(message: str) -> Iterator[None]:
    """The database refuses within the block, by a statement or at the check of deferred constraints."""
    with pytest.raises((Error, psycopg.Error), match=message), transaction.atomic():  # noqa: PT012 - a block is asked
        yield
        connection.check_constraints()


# -- posting ---------------------------------------------------------------------------------------------------------


def test_books_open_with_the_first_entry_and_balance(world: World) -> None:
    post([entry(world.berlin), entry(world.berlin, "50", date(2026, 3, 10))], now=NOW, actor=ACTOR)
    assert balances(world.berlin, date(2026, 3, 9)) == {"receivable": D(100), "contract_position": D(-100)}
    assert balances(world.berlin, date(2026, 3, 31)) == {"receivable": D(150), "contract_position": D(-150)}
    assert balances(world.berlin, date(2026, 3, 8)) == {}
    assert balances(world.boston, date(2026, 3, 31)) == {}
    rows = trial_balance(world.berlin, date(2026, 3, 31))
    assert len(rows) == len(AccountRole)
    assert sum(row.balance for row in rows) == 0
    open_books(entity_id=world.berlin, now=NOW, actor=ACTOR)
    assert len(trial_balance(world.berlin, date(2026, 3, 31))) == len(AccountRole)


def test_entry_is_read_back_with_its_lines(world: World) -> None:
    planned = entry(world.berlin)
    post([planned], now=NOW, actor=ACTOR)
    [found] = entries_of([planned.source_id])
    assert (found.total, found.own_total, found.day, found.rule) == (D(100), D(100), planned.day, "invoice")
    assert [(line.account_role, line.amount) for line in found.lines] == [
        ("receivable", D(100)),
        ("contract_position", D(-100)),
    ]
    assert [row.id for row in list_entries(lists.Ask(), entity_ids=[world.berlin], start=MARCH, end=APRIL).items] == [
        found.id
    ]
    assert list_entries(lists.Ask(), entity_ids=[world.boston]).items == []


def test_lines_of_an_account_page_from_the_newest(world: World) -> None:
    post([entry(world.berlin, str(n), MARCH + timedelta(days=n % 3)) for n in range(1, 8)], now=NOW, actor=ACTOR)
    account = books([world.berlin])[world.berlin].accounts[R.RECEIVABLE]
    seen: list[Decimal] = []
    cursor = ""
    while True:
        page = account_lines(account, start=MARCH, end=APRIL, cursor=cursor, limit=3)
        seen += [line.amount for line in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert sorted(seen) == [D(n) for n in range(1, 8)]
    assert {line.day for line in account_lines(account, end=MARCH + timedelta(days=1)).items} == {MARCH}


def test_many_entries_go_in_by_copy_and_are_held_to_the_same(world: World) -> None:
    post([entry(world.berlin, "1") for _ in range(200)], now=NOW, actor=ACTOR)
    assert balances(world.berlin, date(2026, 3, 9))["receivable"] == D(200)
    once = entry(world.berlin)
    with refused("journal_entry_once"):
        post([entry(world.berlin) for _ in range(100)] + [once, once], now=NOW, actor=ACTOR)


# -- what the database refuses, even in plain SQL ---------------------------------------------------------------------


def _raw_entry(world: World, *, lines: int = 2, currency: str = "EUR", day: date = MARCH) -> UUID:
    key = new_id()
    sql.execute(
        "INSERT INTO journal_entries (id, entity_id, book, currency, day, source_type, source_id, rule, text, "
        "line_count, posted_at) VALUES (%s, %s, 'ifrs', %s, %s, 'invoice', %s, 'invoice', 'x', %s, %s)",
        (key, world.berlin, currency, day, new_id(), lines, NOW),
    )
    return key


def _raw_lines(
    key: UUID, world: World, *lines: tuple[int, str, str], day: date = MARCH, entity: UUID | None = None
) -> None:
    account = books([entity or world.berlin])[entity or world.berlin].accounts[R.RECEIVABLE]
    values = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(lines))
    sql.execute(
        "INSERT INTO journal_lines (entry_id, line_no, account_id, amount, functional_amount, day) VALUES " + values,
        [value for no, amount, own in lines for value in (key, no, account, amount, own, day)],
    )


@pytest.fixture
def opened(world: World) -> World:
    for entity in (world.berlin, world.boston):
        open_books(entity_id=entity, now=NOW, actor=ACTOR)
    return world


def test_balanced_plain_sql_is_taken(opened: World) -> None:
    _raw_lines(_raw_entry(opened), opened, (1, "5", "5"), (2, "-5", "-5"))
    connection.check_constraints()


@pytest.mark.parametrize(
    "lines",
    [
        [(1, "5", "5"), (2, "-4", "-4")],
        [(1, "5", "5"), (2, "-5", "-4")],
        [(1, "0", "0")],
        [(1, "5", "5"), (2, "-5", "-5"), (3, "0", "0")],
        [(2, "5", "5"), (3, "-5", "-5")],
    ],
    ids=["off", "off in the entity's currency", "one line", "a line too many", "line numbers with a gap"],
)
def test_unbalanced_entry_is_refused(opened: World, lines: list[tuple[int, str, str]]) -> None:
    with refused("does not balance"):
        _raw_lines(_raw_entry(opened), opened, *lines)


def test_lines_cannot_come_one_by_one_or_later(opened: World) -> None:
    key = _raw_entry(opened)
    with refused("does not balance"):
        _raw_lines(key, opened, (1, "5", "5"))
    _raw_lines(key, opened, (1, "5", "5"), (2, "-5", "-5"))
    with refused("does not balance"):
        _raw_lines(key, opened, (3, "7", "7"), (4, "-7", "-7"))
    with refused("journal_lines_pkey"):
        _raw_lines(key, opened, (1, "7", "7"), (2, "-7", "-7"))


def test_entry_without_lines_is_refused(opened: World) -> None:
    with refused("has no lines"):
        _raw_entry(opened)
    with refused("journal_entry_has_two_sides"):
        _raw_entry(opened, lines=1)
    with refused("journal_entry_day_of_business"):
        _raw_entry(opened, day=date.max)


def test_line_of_another_day_entity_or_value_is_refused(opened: World) -> None:
    with refused("another entity, day or value"):
        _raw_lines(_raw_entry(opened), opened, (1, "5", "5"), (2, "-5", "-5"), day=APRIL)
    with refused("another entity, day or value"):
        _raw_lines(_raw_entry(opened), opened, (1, "5", "5"), (2, "-5", "-5"), entity=opened.boston)
    with refused("another entity, day or value"):
        _raw_lines(_raw_entry(opened), opened, (1, "5", "6"), (2, "-5", "-6"))
    _raw_lines(_raw_entry(opened, currency="USD"), opened, (1, "5", "6"), (2, "-5", "-6"))


@pytest.mark.parametrize("table", ["journal_entries", "journal_lines"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET day = '2026-01-01'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_program_cannot_rewrite_the_journal(world: World, table: str, statement: str) -> None:
    post([entry(world.berlin)], now=NOW, actor=ACTOR)
    with refused("permission denied"):
        sql.execute(statement.format(table))


def test_not_even_the_owner_rewrites_by_mistake(committed_db: Database) -> None:
    world = make_world()
    with transaction.atomic():
        post([entry(world.berlin)], now=NOW, actor=ACTOR)
    with committed_db.connect("cashline_owner") as owner:
        for statement in ("UPDATE journal_lines SET amount = 0", "DELETE FROM journal_entries"):
            with pytest.raises(Exception, match="append-only"):
                owner.execute(statement)


# -- months ----------------------------------------------------------------------------------------------------------


def test_closed_month_takes_nothing_and_late_facts_go_to_the_first_open_day(world: World) -> None:
    post([entry(world.berlin)], now=NOW, actor=ACTOR)
    close_period(entity_id=world.berlin, month=MARCH, now=NOW, actor=ACTOR)
    late = entry(world.berlin, "30", date(2026, 3, 31))
    post([late], now=NOW, actor=ACTOR)
    [found] = entries_of([late.source_id])
    assert found.day == APRIL
    assert found.text == "Invoice X (of 2026-03-31, a closed month)"
    assert balances(world.berlin, date(2026, 3, 31))["receivable"] == D(100)
    assert balances(world.berlin, APRIL)["receivable"] == D(130)
    with refused("the period from 2026-03-01 is closed"):
        _raw_entry(world)
    other = entry(world.boston, "30", date(2026, 3, 31))
    post([PlannedEntry(other.entity_id, "USD", *_after_currency(other))], now=NOW, actor=ACTOR)
    assert entries_of([other.source_id])[0].day == date(2026, 3, 31)


def _after_currency(one: PlannedEntry) -> tuple[date, str, UUID, str, str, tuple[PlannedLine, ...]]:
    return one.day, one.source_type, one.source_id, one.rule, one.text, one.lines


def test_month_is_closed_once_and_reopened_with_a_reason(world: World) -> None:
    close_period(entity_id=world.berlin, month=date(2026, 3, 31), now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        close_period(entity_id=world.berlin, month=MARCH, now=NOW, actor=ACTOR)
    reopen_period(entity_id=world.berlin, month=MARCH, reason="An invoice was missing", now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        reopen_period(entity_id=world.berlin, month=MARCH, reason="again", now=NOW, actor=ACTOR)
    post([entry(world.berlin)], now=NOW, actor=ACTOR)
    assert balances(world.berlin, date(2026, 3, 31))["receivable"] == D(100)
    types = [row[0] for row in sql.fetch("SELECT type FROM events WHERE type LIKE 'Period%%' ORDER BY id")]
    assert types == ["PeriodClosed", "PeriodReopened"]


def test_closing_waits_for_those_who_post(committed_db: Database) -> None:
    """A posting that began before the close is in the month; one that begins after goes to the next."""
    world = make_world()
    first, second = entry(world.berlin), entry(world.berlin)
    posted, go_on = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def post_slowly() -> None:
        try:
            with transaction.atomic():
                post([first], now=NOW, actor=ACTOR)
                posted.set()
                go_on.wait(20)
        except BaseException as failure:  # noqa: BLE001 - shown by the test
            failures.append(failure)
        finally:
            posted.set()
            connection.close()

    def close() -> None:
        try:
            close_period(entity_id=world.berlin, month=MARCH, now=NOW, actor=ACTOR)
        except BaseException as failure:  # noqa: BLE001 - shown by the test
            failures.append(failure)
        finally:
            connection.close()

    poster, closer = threading.Thread(target=post_slowly), threading.Thread(target=close)
    poster.start()
    assert posted.wait(20)
    closer.start()
    closer.join(0.5)
    assert closer.is_alive()
    go_on.set()
    poster.join(20)
    closer.join(20)
    assert failures == []
    post([second], now=NOW, actor=ACTOR)
    assert [one.day for one in entries_of([first.source_id, second.source_id])] == [date(2026, 3, 9), APRIL]


# -- sums ------------------------------------------------------------------------------------------------------------


def test_sums_and_what_is_newer_give_the_same_as_the_lines(committed_db: Database) -> None:
    world, agreement, document = make_world(), new_id(), new_id()

    def everything() -> object:
        starts, end = [date(2026, month, 1) for month in range(1, 13)], date(2027, 1, 1)
        return (
            trial_balance(world.berlin, date(2026, 3, 31)),
            role_balances([R.RECEIVABLE], as_of=date(2026, 4, 30)),
            period_movements(world.berlin, [R.RECEIVABLE, R.CONTRACT_POSITION], starts=starts, end=end),
            positions([agreement]),
        )

    seen = []
    for amount, day in (("100", date(2026, 3, 9)), ("-30", date(2026, 3, 9)), ("7", date(2026, 4, 2))):
        post([entry(world.berlin, amount, day, document=document, agreement=agreement)], now=NOW, actor=ACTOR)
        before = everything()
        bound = summarise_journal()
        assert everything() == before
        assert summarise_journal() >= bound
        assert everything() == before
        seen.append(before)
    assert seen[0] != seen[1] != seen[2]
    assert positions([agreement])[agreement].amount == D(-77)
    assert sql.fetch("SELECT count(*), sum(debit - credit) FROM daily_balances WHERE day = '2026-03-09'") == [(2, D(0))]


def test_sums_leave_out_what_may_still_gain_company(committed_db: Database) -> None:
    """An entry of a transaction that is still running is never passed by."""
    world = make_world()
    open_books(entity_id=world.berlin, now=NOW, actor=ACTOR)
    with committed_db.connect(autocommit=False) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        post([entry(world.berlin)], now=NOW, actor=ACTOR)
        summarise_journal()
        assert sql.fetch("SELECT count(*) FROM daily_balances") == [(0,)]
        assert balances(world.berlin, date(2026, 3, 31))["receivable"] == D(100)
    summarise_journal()
    assert sql.fetch("SELECT count(*) FROM daily_balances") == [(2,)]
    assert balances(world.berlin, date(2026, 3, 31))["receivable"] == D(100)
