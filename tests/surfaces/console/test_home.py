"""The home page tells what the books tell, and leads to it; what is stuck is told document by document."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from cashline.flow.report.health.queries import stuck
from cashline.flow.report.health.queries.stuck_items import stuck_items
from cashline.flow.report.metrics.queries import booked_by_day, flow_board, open_receivables, posted_by_day
from cashline.flow.report.metrics.rules import month_so_far, rolling_week, trend_start
from cashline.flow.report.statements.queries import ageing
from cashline.flow.schedule import FIGURES
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.lists import Ask
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.snapshots.actions import refresh_snapshots
from tests.support.book import book, line
from tests.support.console import Console
from tests.support.recognise import at
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
DAY = date(2026, 4, 10)


@pytest.fixture
def traded(db: Any) -> Traded:
    make_sandbox(frozen_at=at(DAY))
    return trade_a_little()


def sums(rows: Any, kind: str) -> Decimal:
    return sum((one.amount for one in rows if one.kind == kind), D(0))


def books(role: str, since: date, rules: tuple[str, ...]) -> Decimal:
    row = sql.fetch_one(
        "SELECT COALESCE(sum(l.functional_amount), 0) FROM journal_lines l JOIN accounts a ON a.id = l.account_id "
        "JOIN journal_entries e ON e.id = l.entry_id WHERE a.role = %s AND l.day >= %s AND e.rule = ANY(%s)",
        (role, since, list(rules)),
    )
    assert row is not None
    return D(row[0])


def test_the_month_so_far_stands_beside_the_month_before_by_the_same_day() -> None:
    days = {date(2026, 2, 27): D(1), date(2026, 2, 28): D(2), date(2026, 3, 1): D(4), date(2026, 3, 31): D(8)}
    assert month_so_far(days, date(2026, 3, 31)) == (D(12), D(3))
    assert month_so_far(days, date(2026, 3, 27)) == (D(4), D(1))
    assert month_so_far(days, date(2026, 2, 28)) == (D(3), D(0))
    assert rolling_week(days, date(2026, 3, 7), 3) == (D(7), D(6), D(4))
    assert trend_start(date(2026, 3, 31)) == date(2026, 1, 25)


def test_trends_are_those_of_the_journal(traded: Traded) -> None:
    since = date(2026, 1, 1)
    posted = posted_by_day(today=DAY, entity_ids=None)
    assert sums(posted, "invoiced") == -books("contract_position", since, ("invoice", "credit_note"))
    assert sums(posted, "collected") == books("bank", since, ("payment", "refund"))
    revenue = ("revenue_goods", "revenue_subscription", "revenue_service")
    assert sums(posted, "earned") == -sum((books(role, since, ("revenue",)) for role in revenue), D(0))
    assert sums(posted, "earned") > 0
    berlin, boston = traded.shop.world.berlin, traded.shop.world.boston
    assert sums(posted_by_day(today=DAY, entity_ids=[berlin]), "invoiced") == sums(posted, "invoiced")
    assert posted_by_day(today=DAY, entity_ids=[boston]) == []
    booked = booked_by_day(today=TODAY)
    rows = sql.fetch("SELECT sum(net_total) FROM orders WHERE status <> 'cancelled' AND ordered_on <= %s", (TODAY,))
    assert sums(booked, "booked") == rows[0][0]


def test_open_invoices_by_age_are_those_of_the_ageing(traded: Traded) -> None:
    found = open_receivables(today=DAY)
    for entity in ageing(DAY).entities:
        mine = [one for one in found if one.entity_id == entity.entity_id]
        for place, amount in enumerate(entity.buckets):
            assert sum((one.own for one in mine if one.bucket == place), D(0)) == amount
        assert sum((one.own for one in mine), D(0)) == entity.control
    assert {one.currency for one in found} == {"EUR", "USD"}
    assert open_receivables(today=DAY, entity_ids=[traded.shop.world.boston]) == []
    stages = {figure.code: figure for stage in flow_board(today=DAY) for figure in stage.figures}
    assert stages["invoices_open"].count == sum(one.invoices for one in found)
    assert stages["invoices_overdue"].count == sum(one.invoices for one in found if one.bucket)


def test_the_board_shows_every_stage_and_leads_on(traded: Traded) -> None:
    page = Console("auditor").get("/")
    assert page.status == 200
    assert page.all("//li[@class='flow-stage']/@data-stage") == [
        *("agree", "book", "deliver", "invoice", "receive", "recognise")
    ]
    assert "Booked this month" in page.words
    assert "Days sales outstanding" in page.words
    assert "Invoices are overdue by more than 30 days" in page.words
    assert page.all("//figure//*[@data-chart]")
    assert "New quote" not in page.words
    assert "All entities" in page.words
    berlin = Console("seller", email="b@example.com", entity_id=traded.shop.world.berlin).get("/")
    assert "All entities" not in berlin.words
    assert "New quote" in berlin.words


def test_one_entity_is_shown_alone_in_its_own_currency(traded: Traded) -> None:
    person = Console("auditor")
    boston = person.get("/", entity="US01")
    assert "in USD" in boston.words
    assert "Nothing is stuck." in boston.words
    assert person.get("/", entity="XX99").words == person.get("/").words


def test_a_missing_rate_is_told_and_not_guessed(traded: Traded) -> None:
    sql.execute("DELETE FROM exchange_rates WHERE currency = 'USD'")
    page = Console("auditor").get("/")
    assert "No exchange rate is known of USD" in page.words


def test_a_company_without_entities_says_what_comes_first(db: Any) -> None:
    assert "There is no legal entity yet." in Console("auditor").get("/").words


def test_portal_users_begin_in_the_portal(traded: Traded) -> None:
    create_users([NewUser("buyer@example.com", "Bo Buyer", customer_id=traded.shop.customer)], now=NOW, actor=ACTOR)
    from django.test import Client

    from cashline.platform.people.models import User

    client = Client()
    user = User.objects.get(email="buyer@example.com")
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/")["Location"] == "/portal/"


def test_the_documents_that_are_stuck_are_those_that_are_counted(traded: Traded) -> None:
    book(traded.shop, line("GATE-4", 900))
    items = stuck_items(Ask("since"), today=DAY).items
    counted = {one.kind.code: one.count for one in stuck(today=DAY)}
    found: dict[str, int] = {}
    for item in items:
        found[item.code] = found.get(item.code, 0) + 1
        assert item.kind.stage == item.stage
    assert found == counted
    assert {"invoices_overdue", "goods_backordered", "payments_unapplied"} <= set(found)
    assert [item.since for item in items] == sorted(item.since for item in items)


def test_what_is_stuck_is_listed_narrowed_and_exported(traded: Traded) -> None:
    person = Console("auditor")
    page = person.get("/stuck/")
    assert "INV-DE01-2026" in page.words
    assert "INV-" not in person.get("/stuck/", stage="deliver").words
    unapplied = person.get("/stuck/", kind="payments_unapplied")
    assert "PAY-DE01-2026" in unapplied.words
    assert "INV-DE01" not in unapplied.words
    status, content, _media = person.file("/stuck/", format="csv")
    assert status == 200
    assert b"INV-DE01-2026" in content
    here = Console("auditor", email="us@example.com", entity_id=traded.shop.world.boston)
    assert "Nothing is stuck" in here.get("/stuck/").words


def test_nobody_waits_for_the_figures_of_a_large_company(traded: Traded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page says that it is being counted and asks again by itself, until the worker has read its figures."""
    sql.execute(
        "INSERT INTO event_blocks (number, first, last, up_to_transaction, previous_hash, hash, sealed_at) "
        "VALUES (1, 1, 1, 0, '', 'x', now())"
    )
    monkeypatch.setattr(settings, "LIVE_EVENTS", 0)
    person = Console("auditor")
    names = ("home", "process", "ageing", "deferred_waterfall", "balance_sheet", "reminder_preview")
    pages = [reverse(name) for name in names]
    for page in pages:
        waiting = person.get(page, entity="DE01")
        assert "This is being counted" in waiting.words
        assert waiting.all("//*[@hx-target='#main']/@hx-get") == [f"{page}?entity=DE01"]
    refresh_snapshots(FIGURES, now=at(DAY))
    for page in pages:
        shown = person.get(page, entity="DE01")
        assert "being counted" not in shown.words
        assert "as of" in shown.words
    assert person.get(reverse("stuck_list")).status == 200
