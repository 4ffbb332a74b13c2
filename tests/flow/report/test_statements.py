"""The ageing is the control account and the trial balance on any day, and every figure leads to what it is made of."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cashline.flow.recognise.ledger.actions import summarise_journal
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.report.statements.queries import ageing, deferred_waterfall, open_invoices
from cashline.flow.report.statements.rules import AgeBy, OpenInvoice
from cashline.platform import sql
from tests.support.cluster import Database
from tests.support.report import Traded, trade_a_little

D = Decimal
FIRST, LAST = date(2026, 1, 14), date(2026, 4, 10)


@pytest.fixture
def traded(db: Database) -> Traded:
    return trade_a_little()


def receivable(traded: Traded, day: date) -> Decimal:
    [row] = [row for row in trial_balance(traded.shop.world.berlin, day) if row.role == "receivable"]
    return row.balance


@pytest.mark.parametrize("by", list(AgeBy))
def test_ageing_is_the_control_account_on_every_day(traded: Traded, by: AgeBy) -> None:
    day, seen = FIRST, set()
    while day <= LAST:
        found = ageing(day, by=by, entity_ids=[traded.shop.world.berlin])
        [entity] = found.entities
        assert entity.ties, f"{day}: {entity.total} is not {entity.control}"
        assert entity.control == receivable(traded, day)
        assert sum((row.own for row in found.rows), D(0)) == entity.total
        for row in found.rows:
            assert row.total == sum(row.buckets)
        seen.add(entity.total)
        day += timedelta(days=3)
    assert len(seen) > 5


def test_every_bucket_is_made_of_its_invoices(traded: Traded) -> None:
    """Also of invoices that are paid by now and were open then."""
    for day in (date(2026, 2, 9), date(2026, 4, 10), date(2026, 9, 1)):
        found = ageing(day)
        items = open_invoices(day)
        for row in found.rows:
            mine = [item for item in items if (item.customer_id, item.currency) == (row.customer_id, row.currency)]
            assert len(mine) == row.invoices
            for place, amount in enumerate(row.buckets):
                assert sum((item.open_amount for item in mine if item.bucket == place), D(0)) == amount
                part = open_invoices(day, customer_id=row.customer_id, bucket=place)
                assert sum((item.open_amount for item in part if item.currency == row.currency), D(0)) == amount
    was_open = {item.invoice_id for item in open_invoices(date(2026, 2, 9))}
    is_open = {item.invoice_id for item in open_invoices(LAST)}
    assert traded.invoices[0] in was_open - is_open


def test_open_invoices_page_behind_the_last_one_seen(traded: Traded) -> None:
    for day in (date(2026, 2, 9), date(2026, 4, 10)):
        for by in AgeBy:
            whole = open_invoices(day, by=by)
            assert len(whole) > 2
            found: list[OpenInvoice] = []
            while page := open_invoices(day, by=by, limit=1, after=found[-1].invoice_id if found else None):
                found += page
            assert found == whole


def test_limits_narrow_the_rows_and_never_the_totals(traded: Traded) -> None:
    whole, first = ageing(LAST), ageing(LAST, limit=1)
    assert len(whole.rows) == 2
    assert first.rows == whole.rows[:1]
    assert first.entities == whole.entities
    dollar = [row for row in whole.rows if row.currency == "USD"]
    assert ageing(LAST, customer_id=dollar[0].customer_id).rows == tuple(dollar)


def test_unapplied_money_is_shown_apart(traded: Traded) -> None:
    [entity] = ageing(LAST, entity_ids=[traded.shop.world.berlin]).entities
    assert entity.unapplied == sum(
        row[0]
        for row in sql.fetch(
            "SELECT round(unapplied_amount * entity_rate, 2) FROM payments UNION ALL "
            "SELECT round(c.balance * n.entity_rate, 2) FROM customer_credits c JOIN credit_notes n "
            "ON n.id = c.document_id WHERE c.wallet_id IS NULL"
        )
    )
    assert entity.unapplied > 0


def test_deferred_revenue_rolls_forward_to_the_trial_balance(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    found = deferred_waterfall(berlin, start=date(2026, 1, 1), end=date(2026, 5, 1), today=LAST)
    assert [one.period.code for one in found.periods] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    for one in found.periods:
        after = one.period.last_day
        [row] = [row for row in trial_balance(berlin, after) if row.role == "contract_position"]
        assert one.closing == -row.balance
    assert found.periods[0].recognised > 0
    assert found.liability - found.asset == found.periods[-1].closing
    assert found.contracts >= 3
    assert found.ahead[0][0] == date(2026, 3, 1)
    assert all(amount >= 0 for _, amount in found.ahead)


def test_summed_journal_gives_the_same(committed_db: Database) -> None:
    traded = trade_a_little()
    berlin = traded.shop.world.berlin

    def everything() -> object:
        return (
            [ageing(day) for day in (FIRST, date(2026, 2, 9), LAST)],
            deferred_waterfall(berlin, start=date(2026, 1, 1), end=date(2026, 5, 1), today=LAST),
        )

    before = everything()
    summarise_journal()
    assert everything() == before
