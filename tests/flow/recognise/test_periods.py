"""Months are closed by area, softly or hard; what comes late goes to the first open day, and the database agrees."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import Error, transaction

from cashline.flow.recognise.ledger.actions import close_period, post, reopen_period
from cashline.flow.recognise.ledger.queries.books import periods
from cashline.flow.recognise.ledger.queries.entries import entries_of
from cashline.flow.recognise.ledger.rules.accounts import AccountRole
from cashline.flow.recognise.ledger.rules.entries import PlannedEntry, PlannedLine
from cashline.flow.recognise.ledger.rules.periods import Area, area_of, of_the_close
from cashline.flow.recognise.ledger.rules.posting import POSTING
from cashline.kernel.identifiers import new_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.platform import sql
from tests.support.world import ACTOR, NOW, World, make_world

pytestmark = pytest.mark.usefixtures("db")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
RULES = sorted({rule.name for rule in POSTING.values()} | {"revaluation", "revaluation_reversal"})
D = Decimal


@pytest.fixture
def world(db: object) -> World:
    return make_world()


def entry(entity: UUID, rule: str) -> PlannedEntry:
    lines = (PlannedLine(AccountRole.RECEIVABLE, D(5), D(5)), PlannedLine(AccountRole.BANK, D(-5), D(-5)))
    return PlannedEntry(entity, "EUR", date(2026, 3, 9), "invoice", new_id(), rule, rule, lines)


def day_of(world: World, rule: str) -> date:
    """The day on which an entry of 9 March is posted."""
    one = entry(world.berlin, rule)
    post([one], now=NOW, actor=ACTOR)
    return entries_of([one.source_id])[0].day


def test_database_knows_the_area_of_every_rule() -> None:
    for rule in RULES:
        [(area, taken)] = sql.fetch("SELECT area_of_rule(%s), rule_of_the_close(%s)", (rule, rule))
        assert (area, taken) == (area_of(rule).value, of_the_close(rule)), rule
    assert {area_of(rule) for rule in RULES} == {Area.STOCK, Area.RECEIVABLES, Area.REVENUE}


@pytest.mark.parametrize(
    ("area", "soft", "late"),
    [
        (Area.ALL, False, {"invoice", "shipment", "revenue", "revaluation"}),
        (Area.ALL, True, {"invoice", "shipment"}),
        (Area.RECEIVABLES, False, {"invoice", "revaluation"}),
        (Area.RECEIVABLES, True, {"invoice"}),
        (Area.STOCK, True, {"shipment"}),
        (Area.REVENUE, False, {"revenue"}),
        (Area.REVENUE, True, set()),
    ],
)
def test_what_is_late_goes_to_the_first_open_day(world: World, area: Area, soft: bool, late: set[str]) -> None:
    close_period(entity_id=world.berlin, month=MARCH, area=area, soft=soft, now=NOW, actor=ACTOR)
    for rule in ("invoice", "shipment", "revenue", "revaluation"):
        assert day_of(world, rule) == (APRIL if rule in late else date(2026, 3, 9)), rule
        if rule in late:
            with pytest.raises(Error, match="2026-03-01 is closed"), transaction.atomic():
                sql.execute(
                    "INSERT INTO journal_entries (id, entity_id, book, currency, day, source_type, source_id, rule, "
                    "text, line_count, posted_at) "
                    "VALUES (%s, %s, 'ifrs', 'EUR', '2026-03-09', 'x', %s, %s, 'x', 2, %s)",
                    (new_id(), world.berlin, new_id(), rule, NOW),
                )


def test_areas_are_closed_and_opened_on_their_own(world: World) -> None:
    close_period(entity_id=world.berlin, month=MARCH, soft=True, now=NOW, actor=ACTOR)
    close_period(entity_id=world.berlin, month=MARCH, area=Area.STOCK, now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        close_period(entity_id=world.berlin, month=MARCH, area=Area.STOCK, soft=True, now=NOW, actor=ACTOR)
    close_period(entity_id=world.berlin, month=MARCH, now=NOW, actor=ACTOR)
    assert {(row.area, row.status) for row in periods(world.berlin)} == {("all", "closed"), ("stock", "closed")}
    reopen_period(entity_id=world.berlin, month=MARCH, reason="A bill was missing", now=NOW, actor=ACTOR)
    assert day_of(world, "shipment") == APRIL
    assert day_of(world, "invoice") == date(2026, 3, 9)
    reopen_period(entity_id=world.berlin, month=MARCH, area=Area.STOCK, reason="Counted", now=NOW, actor=ACTOR)
    assert day_of(world, "shipment") == date(2026, 3, 9)
    told = sql.fetch("SELECT type, data ->> 'area' FROM events WHERE type LIKE 'Period%%' ORDER BY id")
    assert told == [
        ("PeriodSoftClosed", "all"),
        ("PeriodClosed", "stock"),
        ("PeriodClosed", "all"),
        ("PeriodReopened", "all"),
        ("PeriodReopened", "stock"),
    ]
