"""The figures over all the books: what is kept and read back is what their queries give."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cashline.flow.invoice.invoices.queries.lists import ReceivablesAsked, receivable_totals
from cashline.flow.receive.collections.actions import NextQuestion, send_reminders
from cashline.flow.report.closing.queries import FINDINGS
from cashline.flow.report.closing.queries.checks import findings
from cashline.flow.report.closing.rules import PeriodAsked
from cashline.flow.report.consolidation.queries import CONSOLIDATION, ConsolidationAsked, consolidation
from cashline.flow.report.consolidation.rules import Kind
from cashline.flow.report.health.queries import stuck
from cashline.flow.report.health.rules import Depth
from cashline.flow.report.metrics.queries import BoardAsked, booked_by_day, flow_board, open_receivables, posted_by_day
from cashline.flow.report.mining.queries import cycle_times
from cashline.flow.report.mining.rules import CycleTimesAsked
from cashline.flow.report.statements.queries import ageing, deferred_waterfall, remaining_obligations
from cashline.flow.report.statements.queries.financial import StatementsAsked, financial_statements
from cashline.flow.report.statements.rules import AgeBy, AgeingAsked, DeferredAsked, RemainingAsked
from cashline.flow.report.statements.rules.financial import Step
from cashline.flow.schedule import FIGURES
from cashline.kernel.fiscal import MONTHS
from cashline.platform.snapshots.queries import written
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")
TODAY = date(2026, 4, 10)
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of a figure, and the same read directly."""

    asked: Any
    same: Callable[[Any], bool]


def _cases(traded: Traded) -> dict[str, list[Case]]:
    berlin = traded.shop.world.berlin
    return _of_the_flow(berlin) | _of_open_items(berlin) | _of_revenue(berlin) | _of_statements(berlin)


def _of_the_flow(berlin: UUID) -> dict[str, list[Case]]:
    one = (berlin,)
    return {
        "health.laws": [Case(Depth(), lambda found: found.sound and len(found.checked) > 40)],
        "metrics.board": [
            Case(BoardAsked(), lambda found: _board_is(found, None)),
            Case(BoardAsked(one), lambda found: _board_is(found, [*one])),
        ],
        "mining.cycle_times": [
            Case(CycleTimesAsked(365), lambda found: [*found] == cycle_times(until=TODAY)),
            Case(CycleTimesAsked(90, one), lambda found: [*found] == cycle_times(until=TODAY, days=90, entity_ids=one)),
        ],
    }


def _of_open_items(berlin: UUID) -> dict[str, list[Case]]:
    one = (berlin,)
    return {
        "statements.ageing": [
            Case(AgeingAsked(limit=100), lambda found: found == ageing(TODAY, limit=100)),
            Case(
                AgeingAsked(date(2026, 2, 28), AgeBy.ISSUED, one),
                lambda found: found == ageing(date(2026, 2, 28), by=AgeBy.ISSUED, entity_ids=one, limit=0),
            ),
        ],
        "invoices.receivables": [
            Case(ReceivablesAsked(), lambda found: found and found == receivable_totals(entity_ids=None, today=TODAY)),
            Case(ReceivablesAsked(one), lambda found: found == receivable_totals(entity_ids=one, today=TODAY)),
        ],
        "collections.next": [Case(NextQuestion(one), lambda found: _next_is(found, one))],
    }


def _of_revenue(berlin: UUID) -> dict[str, list[Case]]:
    return {
        "statements.deferred_by_period": [
            Case(
                DeferredAsked(berlin),
                lambda found: (
                    found == deferred_waterfall(berlin, start=date(2025, 5, 1), end=date(2026, 5, 1), today=TODAY)
                ),
            )
        ],
        "statements.remaining": [
            Case(
                RemainingAsked(berlin),
                lambda found: found == remaining_obligations(berlin, today=TODAY) and found.contracts > 0,
            )
        ],
        FINDINGS.name: [
            Case(
                PeriodAsked(berlin, date(2026, 2, 1)),
                lambda found: found == findings(berlin, MONTHS.period_of(date(2026, 2, 1))) and len(found) > 5,
            )
        ],
    }


def _of_statements(berlin: UUID) -> dict[str, list[Case]]:
    one = (berlin,)
    return {
        "statements.financial": [
            Case(StatementsAsked(berlin), lambda found: found == financial_statements(berlin, TODAY)),
            Case(
                StatementsAsked(berlin, date(2026, 2, 28), Step.QUARTER, 3, NOON),
                lambda found: (
                    found
                    == financial_statements(berlin, date(2026, 2, 28), step=Step.QUARTER, columns=3, known_at=NOON)
                ),
            ),
        ],
        CONSOLIDATION.name: [
            Case(
                ConsolidationAsked(Kind.BALANCE_SHEET, "EUR", entity_ids=one),
                lambda found: (
                    found == consolidation(Kind.BALANCE_SHEET, as_of=TODAY, currency="EUR", entity_ids=one)
                    and len(found.rows) > 3
                ),
            ),
            Case(
                ConsolidationAsked(Kind.PROFIT_AND_LOSS, "EUR", date(2026, 2, 28), Step.QUARTER, one, NOON),
                lambda found: (
                    found
                    == consolidation(
                        Kind.PROFIT_AND_LOSS,
                        as_of=date(2026, 2, 28),
                        currency="EUR",
                        step=Step.QUARTER,
                        entity_ids=one,
                        known_at=NOON,
                    )
                ),
            ),
        ],
    }


def _next_is(found: Any, keys: Any) -> bool:
    run = send_reminders(today=found.day, now=NOON, actor="user:one", entity_ids=keys, preview=True)
    reminded = [one.invoice_id for letter in run.letters for one in letter.reminders]
    return (
        [one.invoice_id for one in found.invoices if one.level] == reminded
        and [(one.invoice_id, one.skipped) for one in found.invoices if one.skipped] == list(run.skipped)
        and (found.letters, found.total) == (len(run.letters), len(reminded) + len(run.skipped))
        and found.total > 0
    )


def _board_is(found: Any, keys: Any) -> bool:
    days = [*booked_by_day(today=TODAY, entity_ids=keys), *posted_by_day(today=TODAY, entity_ids=keys)]
    return (
        list(found.stages) == flow_board(today=TODAY, entity_ids=keys)
        and list(found.held_up) == stuck(today=TODAY, entity_ids=keys)
        and list(found.open) == open_receivables(today=TODAY, entity_ids=keys)
        and sorted(found.days) == sorted(days)
        and bool(days)
    )


def test_what_is_kept_and_read_back_is_what_the_queries_give() -> None:
    cases = _cases(trade_a_little())
    assert set(cases) == {figure.name for figure in FIGURES}
    for figure in FIGURES:
        for case in cases[figure.name]:
            asked = msgspec.json.decode(written(case.asked), type=figure.asks)
            assert asked == case.asked
            answer = figure.read(asked, TODAY)
            kept = msgspec.json.decode(msgspec.json.encode(answer), type=figure.answers)
            assert kept == answer
            assert case.same(kept), figure.name
