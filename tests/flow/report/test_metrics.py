"""The figures of the flow are counts and sums of what waits there, and DSO is made of the books."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.recognise.ledger.actions import summarise_journal
from cashline.flow.report.metrics.queries import dso, dso_history, flow_board
from cashline.flow.report.statements.queries import ageing
from cashline.platform import sql
from tests.support.cluster import Database
from tests.support.report import trade_a_little

D = Decimal
LAST = date(2026, 4, 10)


def test_dso_is_made_of_the_books(db: Database) -> None:
    traded = trade_a_little()
    [found] = dso(as_of=LAST, entity_ids=[traded.shop.world.berlin])
    [entity] = ageing(LAST, entity_ids=[traded.shop.world.berlin]).entities
    assert found.dso is not None
    assert found.best is not None
    assert found.dso.inputs["receivable"] == entity.total
    assert found.best.inputs["receivable"] == entity.buckets[0]
    assert found.delinquent == found.dso.result - found.best.result >= 0
    history = dso_history(traded.shop.world.berlin, last=LAST, count=4)
    assert [month.month for month, _ in history] == [1, 2, 3, 4]
    assert all(days is not None for _, days in history)
    assert dso_history(traded.shop.world.boston, last=LAST, count=2) == [
        (date(2026, 3, 1), None),
        (date(2026, 4, 1), None),
    ]


def test_board_counts_what_waits(committed_db: Database) -> None:
    traded = trade_a_little()
    summarise_journal()
    stages = {stage.stage: stage for stage in flow_board(today=LAST)}
    figures = {figure.code: figure for stage in stages.values() for figure in stage.figures}
    [(count,)] = sql.fetch("SELECT count(*) FROM invoices WHERE open_amount > 0")
    assert figures["invoices_open"].count == count > 0
    rows = sql.fetch("SELECT currency, sum(open_amount) FROM invoices WHERE open_amount > 0 GROUP BY 1 ORDER BY 1")
    assert figures["invoices_open"].money == tuple(rows)
    assert figures["orders_booked"].count == 1
    assert figures["subscriptions_active"].count == 5
    assert figures["deferred"].count >= 1
    assert figures["to_earn"].count == 4
    assert stages["receive"].days == 10
    assert all(figure.stuck <= figure.count for figure in figures.values())
    elsewhere = flow_board(today=LAST, entity_ids=[traded.shop.world.boston])
    assert all(figure.count == 0 for stage in elsewhere for figure in stage.figures)


@pytest.mark.usefixtures("db")
def test_board_of_an_empty_company() -> None:
    assert all(figure.count == 0 for stage in flow_board(today=LAST) for figure in stage.figures)
