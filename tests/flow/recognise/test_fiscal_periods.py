"""An entity that reports by 4-4-5: revenue falls into its periods and into the calendar months at once."""

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.books.actions import NewBook, open_book, run_books
from cashline.flow.recognise.books.queries.reports import Compared, differences
from cashline.flow.recognise.books.rules.policies import Policies, Standard
from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    recognise_arrangements,
    record_arrangements,
)
from cashline.flow.recognise.revenue.queries import recognised_by_month
from cashline.flow.recognise.revenue.rules.standard.facts import ContractFact, Fixed, ObligationFact
from cashline.flow.report.audit.queries import SCRIPTS
from cashline.flow.report.health.queries import verify
from cashline.flow.report.statements.queries.financial import financial_statements
from cashline.flow.report.statements.rules.financial import Kind, Step
from cashline.kernel.fiscal import MONTHS, FiscalCalendar, FiscalPattern
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import divide, round_to
from cashline.platform.company.actions import set_fiscal_calendar
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.book import Shop
from tests.support.console import Console
from tests.support.recognise import TODAY, agreement_of, at, book_mixed, make_trading_shop, recognise, ship_on
from tests.support.world import ACTOR

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
MARCH = date(2026, 3, 31)
CALENDAR = FiscalCalendar(FiscalPattern.WEEKS_4_4_5)
"""Years end on the last Saturday of December: 2026 begins on 28 December 2025."""


def set_calendar(shop: Shop, calendar: FiscalCalendar) -> None:
    set_fiscal_calendar(entity_id=shop.world.berlin, calendar=calendar, now=at(TODAY), actor=ACTOR)


def by_period(shop: Shop, day: date, columns: int, label: str) -> list[Decimal]:
    """What the statement says of an account, the oldest period first."""
    found = financial_statements(shop.world.berlin, day, step=Step.MONTH, columns=columns).of(Kind.PROFIT_AND_LOSS)
    return [*next(row.amounts for row in found.rows if row.label == label)][::-1]


def test_a_service_earns_by_the_weeks_of_the_period() -> None:
    """2 352 over 365 days from 15 January: 10 days fall into P01, 28 into P02 and 35 into P03."""
    shop = make_trading_shop()
    set_calendar(shop, CALENDAR)
    order = book_mixed(shop)
    ship_on(TODAY, order)
    assert {month.day for _, month, _ in recognise(MARCH).totals} == {1}
    found = by_period(shop, date(2026, 3, 28), 3, "Revenue from subscriptions")
    to_date = [round_to(divide(D(2352) * days, D(365)), 2) for days in (10, 38, 73)]
    assert found == [to_date[0], to_date[1] - to_date[0], to_date[2] - to_date[1]]
    statement = financial_statements(shop.world.berlin, date(2026, 3, 28), step=Step.QUARTER, columns=1)
    [span] = statement.profit_and_loss.columns
    assert (span.name, span.start, span.year) == ("FY2026 Q1", date(2025, 12, 28), date(2025, 12, 28))
    assert statement.breaks == ()
    months = recognised_by_month([agreement_of(order)])[agreement_of(order)]
    assert months[date(2026, 1, 1)] == D(356) + round_to(divide(D(2352) * 17, D(365)), 2)
    assert recognise(MARCH).postings == 0


def test_another_calendar_moves_revenue_between_the_periods_of_a_month_alone() -> None:
    shop = make_trading_shop()
    order = book_mixed(shop)
    ship_on(TODAY, order)
    recognise(date(2026, 2, 28))
    before = recognised_by_month([agreement_of(order)])[agreement_of(order)]
    set_calendar(shop, CALENDAR)
    recognise(MARCH)
    after = recognised_by_month([agreement_of(order)])[agreement_of(order)]
    assert {month: after[month] for month in before} == before
    set_calendar(shop, MONTHS)
    recognise(date(2026, 4, 30))
    assert {month: recognised_by_month([agreement_of(order)])[agreement_of(order)][month] for month in after} == after


def test_another_calendar_moves_what_was_run_to_that_day_too_and_so_do_books() -> None:
    shop = make_trading_shop()
    order = book_mixed(shop)
    ship_on(TODAY, order)
    recognise(MARCH)
    book = NewBook(shop.world.berlin, "hgb", "HGB", Standard.STATUTORY, Policies(timing="as_invoiced"))
    open_book(book, reason="The law", now=at(MARCH), actor=ACTOR)
    run_books(through=MARCH, now=at(MARCH), actor=ACTOR)
    set_calendar(shop, CALENDAR)
    recognise(MARCH)
    assert recognise(MARCH).postings == 0
    to_date = [round_to(divide(D(2352) * days, D(365)), 2) for days in (10, 38, 73)]
    found = by_period(shop, date(2026, 3, 28), 3, "Revenue from subscriptions")
    assert found == [to_date[0], to_date[1] - to_date[0], to_date[2] - to_date[1]]
    [result] = run_books(through=MARCH, now=at(MARCH), actor=ACTOR)
    [revenue] = [one for one in differences(Compared(None, result.book, end=date(2026, 1, 25))) if one.code == "4100"]
    assert (revenue.first, revenue.difference) == (-to_date[0], to_date[0])
    assert run_books(through=MARCH, now=at(MARCH), actor=ACTOR)[0].entries == 0
    assert verify(whole=True).first_break is None


def test_an_audit_pack_recomputes_after_another_calendar(tmp_path: Path) -> None:
    """What was posted at the end of a month is before nothing of a period that ends within it."""
    shop = make_trading_shop()
    order = book_mixed(shop)
    ship_on(TODAY, order)
    recognise(date(2026, 2, 28))
    set_calendar(shop, CALENDAR)
    recognise(MARCH)
    pack = tmp_path / "pack.zip"
    made = CliRunner().invoke(cli, ["audit", "pack", "--entity", "DE01", "--month", "FY2026-P02", "-o", str(pack)])
    assert made.exit_code == 0, made.output
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPTS[0]), str(pack)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_arrangements_and_books_follow_the_calendar_too() -> None:
    shop = make_trading_shop()
    set_calendar(shop, CALENDAR)
    contract = ContractFact(
        id="c",
        inception=date(2026, 1, 1),
        consideration=(Fixed(id="price", amount=D(3650)),),
        obligations=(
            ObligationFact(
                id="support", pattern="ratable_daily", ssp=D(1), starts_on=date(2026, 1, 1), until=date(2027, 1, 1)
            ),
        ),
    )
    new = NewArrangement(shop.world.berlin, "EUR", NewFacts([contract]))
    record_arrangements([new], today=TODAY, now=at(TODAY), actor=ACTOR)
    recognise_arrangements(through=MARCH, now=at(MARCH), actor=ACTOR)
    assert by_period(shop, date(2026, 3, 28), 3, "Revenue from subscriptions") == [D(240), D(280), D(350)]
    book = NewBook(shop.world.berlin, "hgb", "HGB", Standard.STATUTORY, Policies(timing="as_invoiced"))
    open_book(book, reason="The law", now=at(MARCH), actor=ACTOR)
    [result] = run_books(through=MARCH, now=at(MARCH), actor=ACTOR)
    [revenue] = [one for one in differences(Compared(None, result.book, end=date(2026, 1, 25))) if one.code == "4100"]
    assert (revenue.first, revenue.difference) == (D(-240), D(240))
    listed = Console("auditor").get("/revenue/", entity="DE01", month_from="2026-01-25", month_to="2026-02-21")
    assert "support" in listed.words
    assert "€70.00" in listed.words
    assert "€210.00" in listed.words
    assert "€280.00" not in listed.words


def test_the_calendar_is_set_and_shown_at_every_door() -> None:
    shop = make_trading_shop()
    api = Api()
    key = public("entity", shop.world.berlin)
    body = {"pattern": "4-5-4", "end_month": 1, "year_end": "nearest", "named_before": True}
    assert api.post(f"/entities/{key}/fiscal-calendar", body).body["fiscal_calendar"]["pattern"] == "4-5-4"
    periods = api.get(f"/entities/{key}/fiscal-periods", year=2023).body["items"]
    assert (periods[0]["start"], periods[-1]["weeks"], sum(one["weeks"] for one in periods)) == ("2023-01-29", 5, 53)
    assert api.post(f"/entities/{key}/fiscal-calendar", {"pattern": "5-5-5"}).status == 422
    assert "FY2026 P12" in Console("revenue_accountant").get("/fiscal-periods/?entity=DE01").text
    asked = {"entity": "DE01", "pattern": "4-4-5", "end_month": "12", "weekday": "5", "year_end": "last"}
    sent = Console("administrator").post("/fiscal-periods/set/", asked | {"since": "2026-03-01"})
    assert "follows this calendar" in sent.words
    names = [one["name"] for one in api.get(f"/entities/{key}/fiscal-periods", year=2026).body["items"]]
    assert names[:3] == ["2026-01", "2026-02", "FY2026 P03"]
    told = CliRunner().invoke(
        cli, ["report", "set-fiscal-calendar", "months", "--entity", "DE01", "--since", "2026-03-02"]
    )
    assert isinstance(told.exception, Refusal)
