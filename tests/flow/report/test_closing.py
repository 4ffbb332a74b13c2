"""A close checks itself, refuses while something is open, keeps its evidence, and previews what it would do."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import Error, transaction

from cashline.flow.receive.payments.actions import record_payments
from cashline.flow.receive.payments.actions.recording import NewPayment
from cashline.flow.recognise.ledger.actions.revaluing import revalue_month
from cashline.flow.recognise.ledger.queries.balances import trial_balance
from cashline.flow.report.closing.actions import assign_owner, close_month, sign_task
from cashline.flow.report.closing.queries import period_state, signatures_of, tasks_of
from cashline.flow.report.closing.rules import CloseBlocked, Outcome, TaskState, days_to_close
from cashline.kernel.fiscal import MONTHS
from cashline.kernel.identifiers import new_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue, Refusals
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.cluster import Database
from tests.support.recognise import at
from tests.support.report import Traded, trade_a_little
from tests.support.world import ACTOR

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
FIRST = MONTHS.period_of(JANUARY)
CLOSING = at(date(2026, 4, 3))


@pytest.fixture
def traded(db: Database) -> Traded:
    return trade_a_little()


def states(traded: Traded, month: date) -> dict[str, TaskState]:
    return {task.template.code: task.state for task in tasks_of(traded.shop.world.berlin, MONTHS.period_of(month))}


def test_checklist_completes_itself(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    assert {code for code, state in states(traded, JANUARY).items() if state is not TaskState.DONE} == {"review"}
    february = states(traded, FEBRUARY)
    assert february["earlier"] is TaskState.TO_DO
    assert february["applied"] is TaskState.TO_DO
    sql.execute("UPDATE invoices SET open_amount = open_amount - 1 WHERE id = %s", (traded.invoices[1],))
    [ties] = [task for task in tasks_of(berlin, MONTHS.period_of(FEBRUARY)) if task.template.code == "ties"]
    assert ties.state is TaskState.TO_DO
    assert ties.finding.address == "/ageing/?as_of=2026-02-28"
    assert Decimal(ties.finding.figures["receivable account"]) - Decimal(ties.finding.figures["open invoices"]) == 1


def test_month_closes_once_nothing_stands_in_the_way(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    who: dict[str, Any] = {"entity_id": berlin, "now": CLOSING, "actor": ACTOR}
    before = trial_balance(berlin, date(2026, 1, 31))
    preview = close_month(month=JANUARY, preview=True, **who)
    assert not preview.closed
    assert len(preview.blockers) == 1
    assert trial_balance(berlin, date(2026, 1, 31)) == before
    with pytest.raises(CloseBlocked):
        close_month(month=JANUARY, **who)
    assert signatures_of(berlin, FIRST) == []
    revalue_month(month=JANUARY, **who)
    assert sign_task(month=JANUARY, task="review", **who) is Outcome.SIGNED
    assert close_month(month=JANUARY, preview=True, **who).blockers == ()
    result = close_month(month=JANUARY, **who)
    assert result.closed
    state = period_state(berlin, FIRST)
    assert (state.status, state.closed_by) == ("closed", ACTOR)
    assert days_to_close(FIRST, date(2026, 4, 3)) == 62
    kept = signatures_of(berlin, FIRST)
    assert len(kept) == len(result.tasks)
    assert {one.signed_by for one in kept} == {ACTOR}
    [ties] = [one for one in kept if one.code == "ties"]
    [receivable] = [row.balance for row in before if row.role == "receivable"]
    assert Decimal(ties.figures["receivable account"]) == receivable
    for again in (
        lambda: close_month(month=JANUARY, **who),
        lambda: sign_task(month=JANUARY, task="review", **who),
    ):
        with pytest.raises(IllegalTransition):
            again()
    with pytest.raises(Error, match="permission denied"), transaction.atomic():
        sql.execute("UPDATE close_signatures SET note = 'x'")


def test_what_is_left_is_accepted_with_a_reason_and_only_as_it_was_found(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    who: dict[str, Any] = {"entity_id": berlin, "month": FEBRUARY, "now": CLOSING, "actor": ACTOR}
    with pytest.raises(InvalidValue, match="is not done"):
        sign_task(task="applied", **who)
    assert sign_task(task="applied", note="The customer is asked what it is for", **who) is Outcome.ACCEPTED
    assert states(traded, FEBRUARY)["applied"] is TaskState.ACCEPTED
    another = NewPayment(
        traded.shop.customer, berlin, "EUR", Decimal(7), "bank_transfer", date(2026, 2, 27), new_id(), allocations=()
    )
    record_payments([another], now=CLOSING, actor=ACTOR)
    assert states(traded, FEBRUARY)["applied"] is TaskState.TO_DO
    with pytest.raises(InvalidValue, match="no task"):
        sign_task(task="moon", **who)
    sql.execute("UPDATE billing_schedules SET due_on = '2026-02-01'")
    with pytest.raises(Refusals):
        close_month(entity_id=berlin, month=FEBRUARY, now=CLOSING, actor=ACTOR)
    sql.execute("UPDATE revenue_states SET facts = 0")
    with pytest.raises(CloseBlocked, match="waits for other tasks"):
        sign_task(task="earned", note="never mind", **who)


def test_a_month_is_closed_over_open_tasks_only_with_a_reason(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    who: dict[str, Any] = {"entity_id": berlin, "month": JANUARY, "now": CLOSING, "actor": ACTOR, "override": True}
    with pytest.raises(InvalidValue, match="Say why"):
        close_month(reason=" ", **who)
    assert close_month(reason="The reviewer is ill", **who).closed
    kept = {one.code: (one.outcome, one.note) for one in signatures_of(berlin, FIRST)}
    assert kept["review"] == ("accepted", "The reviewer is ill")
    assert kept["ties"] == ("checked", "")
    whole = CliRunner().invoke(cli, ["ledger", "close", "2026-02", "--entity", "DE01"])
    assert isinstance(whole.exception, InvalidValue)


def test_owner_is_said_and_taken_back(traded: Traded) -> None:
    berlin = traded.shop.world.berlin
    for owner in ("Ada", "Grace", ""):
        assign_owner(entity_id=berlin, task="bank", owner=owner, now=CLOSING, actor=ACTOR)
        [bank] = [task for task in tasks_of(berlin, FIRST) if task.template.code == "bank"]
        assert bank.owner == owner


def test_close_through_the_api_and_the_terminal(traded: Traded) -> None:
    api = Api("revenue_accountant")
    shown = api.get("/closes/DE01/2026-01").body
    assert (shown["status"], len(shown["tasks"])) == ("open", 15)
    assert api.post("/closes/DE01/2026-01/close", {}).codes == ["close_blocked"]
    assert api.post("/periods/revalue", {"entity": "DE01", "month": "2026-01-01"}).body["items"]
    assert api.post("/closes/DE01/2026-01/sign", {"task": "review"}).body["outcome"] == "signed"
    assert api.post("/closes/DE01/2026-01/owners", {"task": "bank", "owner": "Ada"}).status == 200
    previewed = CliRunner().invoke(cli, ["close", "2026-01", "--entity", "DE01", "--preview", "--json"])
    assert previewed.exit_code == 0, previewed.output
    [told] = json.loads(previewed.stdout)["items"]
    assert told["blockers"] == []
    assert told["closed"] is False
    assert Api("auditor").post("/closes/DE01/2026-01/close", {}).status == 403
    closed = CliRunner().invoke(cli, ["close", "2026-01", "--entity", "DE01"])
    assert closed.exit_code == 0, closed.output
    assert "2026-01 is closed." in closed.stdout
    blocked = CliRunner().invoke(cli, ["close", "2026-02", "--entity", "DE01"])
    assert blocked.exit_code == 1
    assert "Payments are applied: 1 payments not applied" in blocked.stdout
    accepted = CliRunner().invoke(
        cli, ["close", "2026-02", "--entity", "DE01", "--accept", "applied=unknown payer", "--sign", "review"]
    )
    assert accepted.exit_code == 0, accepted.output
    after = api.get("/closes/DE01/2026-02").body
    assert after["status"] == "closed"
    assert {task["task"]: task["note"] for task in after["tasks"]}["applied"] == "unknown payer"
    assert api.get("/closes/DE01/2026-13").status == 404
    soft = api.post("/periods/soft-close", {"entity": "DE01", "month": "2026-03-01", "area": "stock"})
    assert soft.body["status"] == "soft_closed"
    months = api.get("/periods", entity="DE01").body["items"]
    assert [(row["month"], row["area"], row["status"]) for row in months] == [
        ("2026-03", "stock", "soft_closed"),
        ("2026-02", "all", "closed"),
        ("2026-01", "all", "closed"),
    ]
