"""An entity of 4-4-5 closes by its fiscal periods: the first quarter of a year, late facts, and every door."""

import contextlib
import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.db import Error, transaction

from cashline.flow.recognise.books.actions import NewBook, open_book, run_books
from cashline.flow.recognise.books.rules.policies import Policies, Standard
from cashline.flow.recognise.ledger.actions import close_period, reopen_period
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.recognise.ledger.queries.books import periods, shut_periods
from cashline.flow.recognise.ledger.rules.periods import ClosedPeriodCut, check_calendar
from cashline.flow.recognise.revenue.queries.recognised import list_recognised
from cashline.flow.report.closing.actions import close_month
from cashline.flow.report.closing.queries import periods_of
from cashline.flow.report.health.queries import verify
from cashline.flow.report.statements.queries import deferred_waterfall
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.kernel.fiscal import MONTHS, FiscalCalendar, FiscalPattern
from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.company.actions import set_fiscal_calendar
from cashline.platform.company.queries import fiscal_calendar
from cashline.platform.lists import Ask
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.console import Console
from tests.support.racing import race
from tests.support.recognise import (
    TODAY,
    accept_on,
    at,
    balances,
    bill,
    book_mixed,
    make_trading_shop,
    recognise,
    ship_on,
)
from tests.support.world import ACTOR, make_world

CALENDAR = FiscalCalendar(FiscalPattern.WEEKS_4_4_5)
"""2026 begins on 28 December 2025; its first quarter ends on 24 January, 21 February and 28 March."""
FIRST, SECOND, THIRD = (CALENDAR.period_named(f"FY2026-P0{number}") for number in (1, 2, 3))
END = date(2026, 4, 25)


def set_calendar(shop: Shop, calendar: FiscalCalendar) -> None:
    set_fiscal_calendar(entity_id=shop.world.berlin, calendar=calendar, now=at(TODAY), actor=ACTOR)


@pytest.fixture
def shop(db: object) -> Shop:
    made = make_trading_shop()
    set_calendar(made, CALENDAR)
    return made


@pytest.fixture
def order(shop: Shop) -> UUID:
    booked = book_mixed(shop)
    ship_on(TODAY, booked)
    return booked


def balances_of_lines(entity: UUID, day: date) -> list[tuple[str, Decimal]]:
    return [(row.code, row.balance) for row in trial_balance(entity, day)]


def test_the_first_quarter_of_a_year_of_weeks_is_closed(shop: Shop, order: UUID) -> None:
    berlin = shop.world.berlin
    frozen: dict[date, list[tuple[str, Decimal]]] = {}
    for period in (FIRST, SECOND, THIRD):
        bill(period.last_day)
        who: dict[str, Any] = {"entity_id": berlin, "month": period.last_day, "now": at(period.end), "actor": ACTOR}
        assert close_month(preview=True, signing=(("review", ""),), **who).period == period
        result = close_month(signing=(("review", ""),), **who)
        assert result.closed
        rolled = next(task for task in result.tasks if task.template.code == "deferred")
        [row] = deferred_waterfall(berlin, start=period.start, end=period.end, today=END).periods
        assert (row.period, str(row.closing)) == (period, rolled.finding.figures["closing"])
        frozen[period.last_day] = balances_of_lines(berlin, period.last_day)
    assert [(row.starts_on, row.ends_on, row.status) for row in reversed(periods(berlin))] == [
        (one.start, one.end, "closed") for one in (FIRST, SECOND, THIRD)
    ]
    accept_on(date(2026, 2, 10), order)
    bill(END)
    recognise(END)
    assert recognise(END).postings == 0
    late = sql.fetch("SELECT DISTINCT belongs_on, day FROM journal_entries WHERE belongs_on IS NOT NULL ORDER BY 1")
    assert {day for _, day in late} == {THIRD.end}
    assert {belongs for belongs, _ in late} <= {date(2026, 2, 10), SECOND.last_day, *frozen}
    assert {day: balances_of_lines(berlin, day) for day in frozen} == frozen
    assert [(one.period.code, one.status) for one in periods_of(berlin, today=END)] == [
        ("FY2026-P04", "open"),
        *((one.code, "closed") for one in (THIRD, SECOND, FIRST)),
    ]
    for row in deferred_waterfall(berlin, start=FIRST.start, end=END, today=END).periods:
        days = {"posted_since": row.period.start, "posted_until": row.period.end}
        found = list_recognised(Ask(limit=200), entity_ids=[berlin], **days).items
        assert sum(one.amount for one in found) == row.recognised
    assert any(one.posted_on == THIRD.end > one.month for one in found)
    assert verify(whole=True).first_break is None


def test_what_is_late_stands_in_the_same_month_and_is_posted_once(shop: Shop, order: UUID) -> None:
    """P02 ends on 21 February: what belongs to it goes to 22 February, and a second run leaves it there."""
    berlin = shop.world.berlin
    book = NewBook(berlin, "hgb", "HGB", Standard.STATUTORY, Policies(timing="as_invoiced"))
    open_book(book, reason="The law", now=at(TODAY), actor=ACTOR)
    recognise(SECOND.last_day)
    run_books(through=SECOND.last_day, now=at(SECOND.last_day), actor=ACTOR)
    for period in (FIRST, SECOND):
        close_period(entity_id=berlin, month=period.start, now=at(period.end), actor=ACTOR)
    before = balances(berlin, SECOND.last_day)
    accept_on(date(2026, 2, 10), order)
    bill(SECOND.last_day)
    for _ in range(2):
        recognise(THIRD.last_day)
        run_books(through=THIRD.last_day, now=at(THIRD.last_day), actor=ACTOR)
    assert recognise(THIRD.last_day).postings == 0
    assert run_books(through=THIRD.last_day, now=at(THIRD.last_day), actor=ACTOR)[0].entries == 0
    assert balances(berlin, SECOND.last_day) == before
    late = sql.fetch("SELECT text FROM journal_entries WHERE belongs_on = '2026-02-21' AND day = '2026-02-22'")
    assert late
    assert all("(of 2026-02-21, a closed period)" in text for (text,) in late)


def test_any_order_of_facts_gives_the_same_balances(shop: Shop, order: UUID) -> None:
    berlin = shop.world.berlin

    def shut() -> None:
        recognise(SECOND.last_day)
        close_period(entity_id=berlin, month=SECOND.start, now=at(SECOND.end), actor=ACTOR)

    steps: tuple[Callable[[], object], ...] = (
        lambda: accept_on(date(2026, 2, 10), order),
        lambda: bill(date(2026, 2, 28)),
        shut,
        lambda: recognise(date(2026, 3, 10)),
    )
    found = []
    for places in ((0, 1, 2, 3), (2, 3, 1, 0), (3, 2, 0, 1), (1, 3, 0, 2)):
        with transaction.atomic():
            found.append(_balances_after([steps[place] for place in places], berlin))
            transaction.set_rollback(True)
    assert found[0] == found[1] == found[2] == found[3] != {}


def _balances_after(steps: Sequence[Callable[[], object]], entity: UUID) -> dict[str, Decimal]:
    for step in steps:
        step()
    bill(END)
    recognise(END)
    assert recognise(END).postings == 0
    return balances(entity, END)


def test_the_database_refuses_what_the_rules_forbid(shop: Shop) -> None:
    berlin = shop.world.berlin
    close_period(entity_id=berlin, month=SECOND.start, now=at(SECOND.end), actor=ACTOR)
    entry = (
        "INSERT INTO journal_entries (id, entity_id, book, currency, day, source_type, source_id, rule, text, "
        "line_count, posted_at) VALUES (%s, %s, 'ifrs', 'EUR', %s, 'x', %s, 'invoice', 'x', 2, now())"
    )
    for day in (SECOND.start, SECOND.last_day):
        with pytest.raises(Error, match="period from 2026-01-25 is closed"), transaction.atomic():
            sql.execute(entry, (new_id(), berlin, day, new_id()))
    period = (
        "INSERT INTO accounting_periods (id, entity_id, starts_on, ends_on, status) VALUES (%s, %s, %s, %s, 'closed')"
    )
    with pytest.raises(Error, match="accounting_periods_never_overlap"), transaction.atomic():
        sql.execute(period, (new_id(), berlin, date(2026, 2, 1), date(2026, 3, 1)))


def test_another_calendar_leaves_closed_periods_as_they_are(shop: Shop) -> None:
    berlin = shop.world.berlin
    close_period(entity_id=berlin, month=FIRST.start, soft=True, now=at(FIRST.end), actor=ACTOR)
    with pytest.raises(ClosedPeriodCut), transaction.atomic():
        set_calendar(shop, MONTHS)
    reopen_period(entity_id=berlin, month=FIRST.start, reason="We go back to months", now=at(FIRST.end), actor=ACTOR)
    set_calendar(shop, MONTHS)
    close_period(entity_id=berlin, month=date(2026, 1, 31), now=at(date(2026, 2, 2)), actor=ACTOR)
    with pytest.raises(ClosedPeriodCut, match="FY2026-P01 would go from 2025-12-28"), transaction.atomic():
        set_calendar(shop, CALENDAR)
    key = Api().get("/entities").body["items"]
    [berlin_id] = [one["id"] for one in key if one["code"] == "DE01"]
    body = {"pattern": "4-4-5", "since": "2026-02-01"}
    assert Api().post(f"/entities/{berlin_id}/fiscal-calendar", body | {"since": None}).codes == ["closed_period_cut"]
    assert Api().post(f"/entities/{berlin_id}/fiscal-calendar", body).body["fiscal_calendar"]["since"] == "2026-02-01"
    close_period(entity_id=berlin, month=date(2026, 2, 10), now=at(SECOND.end), actor=ACTOR)
    assert [(row.starts_on, row.ends_on, row.status) for row in periods(berlin)] == [
        (date(2026, 2, 1), SECOND.end, "closed"),
        (date(2026, 1, 1), date(2026, 2, 1), "closed"),
        (FIRST.start, FIRST.end, "open"),
    ]
    items = Api("revenue_accountant").get("/periods", entity="DE01").body["items"]
    assert [one["month"] for one in items] == ["FY2026-P02", "2026-01", "2025-12-28/2026-01-25"]


def test_every_door_names_the_fiscal_period(shop: Shop, order: UUID) -> None:
    bill(FIRST.last_day)
    api = Api("revenue_accountant")
    preview = CliRunner().invoke(cli, ["close", "FY2026-P01", "--entity", "DE01", "--preview", "--json"])
    [told] = json.loads(preview.stdout)["items"]
    assert (told["month"], told["start"], told["end"]) == ("FY2026-P01", "2025-12-28", "2026-01-25")
    assert len(told["blockers"]) == 1
    wrong = api.get("/closes/DE01/2026-01")
    assert (wrong.status, wrong.body["errors"][0]["fix"]) == (
        404,
        "It closes by its fiscal calendar: 2026-01-31 lies in FY2026-P02.",
    )
    closed = CliRunner().invoke(cli, ["close", "FY2026-P01", "--sign", "review"])
    assert closed.exit_code == 0, closed.output
    assert "FY2026-P01 is closed." in closed.stdout
    shown = api.get("/closes/DE01/FY2026-P01").body
    assert (shown["status"], shown["month"], shown["days_to_close"] > 0) == ("closed", "FY2026-P01", True)
    soft = api.post("/periods/soft-close", {"entity": "DE01", "month": "2026-02-21", "area": "stock"}).body
    assert (soft["month"], soft["end"], soft["status"]) == ("FY2026-P02", "2026-02-22", "soft_closed")
    rolled = api.get("/reports/deferred-revenue", entity="DE01", end="2026-01-25").body["items"]
    assert (len(rolled), rolled[-1]["period"], rolled[-1]["month"]) == (12, "FY2026-P01", "2025-12-28")
    console = Console("revenue_accountant")
    listed = console.get("/periods/", entity="DE01").words
    assert "FY2026 P02" in listed
    assert "Stock (soft-closed)" in listed
    page = console.get("/periods/DE01/FY2026-P02/").words
    assert "The periods before are closed" in page
    assert "Close the period" in page
    assert "FY2026 P01" in console.get("/deferred-revenue/", entity="DE01", until="2026-01-24").words
    opened = CliRunner().invoke(cli, ["ledger", "reopen", "FY2026-P01", "--entity", "DE01", "--reason", "A late bill"])
    assert opened.exit_code == 0, opened.output


def test_weeks_begin_after_closed_months_and_move_nothing_of_them(db: object) -> None:
    made = make_trading_shop()
    berlin, booked = made.world.berlin, book_mixed(made)
    ship_on(TODAY, booked)
    bill(date(2026, 1, 31))
    who: dict[str, Any] = {"entity_id": berlin, "actor": ACTOR, "signing": (("review", ""),)}
    assert close_month(month=date(2026, 1, 31), now=at(date(2026, 2, 2)), **who).period.code == "2026-01"
    before = balances_of_lines(berlin, date(2026, 1, 31))
    since = FiscalCalendar(FiscalPattern.WEEKS_4_4_5, since=date(2026, 2, 1))
    set_calendar(made, since)
    assert recognise(date(2026, 1, 31)).postings == 0
    for period in since.periods(2026)[1:3]:
        bill(period.last_day)
        result = close_month(month=period.start, now=at(period.end), **who)
        assert (result.closed, result.period) == (True, period)
    assert [(one.period.code, one.status) for one in periods_of(berlin, today=THIRD.last_day)] == [
        ("FY2026-P03", "closed"),
        ("FY2026-P02", "closed"),
        ("2026-01", "closed"),
    ]
    assert balances_of_lines(berlin, date(2026, 1, 31)) == before
    statement = financial_statements(berlin, THIRD.last_day, columns=3)
    assert [(one.name, one.start) for one in statement.profit_and_loss.columns] == [
        ("FY2026 P03", THIRD.start),
        ("FY2026 P02", date(2026, 2, 1)),
        ("", date(2026, 1, 1)),
    ]
    assert statement.breaks == ()
    assert not sql.fetch("SELECT FROM journal_entries WHERE belongs_on IS NOT NULL")
    assert recognise(THIRD.last_day).postings == 0
    assert verify(whole=True).first_break is None


@pytest.mark.usefixtures("committed_db")
def test_a_close_and_another_calendar_at_once_leave_no_closed_period_that_is_cut() -> None:
    world = make_world()
    both = (world.berlin, world.boston)

    def close(entity: UUID) -> Callable[[], object]:
        return lambda: close_period(entity_id=entity, month=SECOND.start, now=at(SECOND.end), actor=ACTOR)

    def change(entity: UUID) -> Callable[[], object]:
        def step() -> None:
            with contextlib.suppress(ClosedPeriodCut):
                set_fiscal_calendar(entity_id=entity, calendar=CALENDAR, now=at(TODAY), actor=ACTOR)

        return step

    race([step(entity) for entity in both for step in (close, change)])
    for key, shut in shut_periods(both).items():
        check_calendar(fiscal_calendar(key), shut)
        assert len(shut) == 1
