"""Modifications are decided by rule, previewed, recorded with their trace, and caught up in the open month."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.revenue.actions import (
    NewArrangement,
    NewFacts,
    modify_arrangement,
    recognise_arrangements,
    record_arrangements,
)
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.rules.standard.deciding import Change
from cashline.flow.recognise.revenue.rules.standard.facts import (
    ContractFact,
    Fixed,
    ObligationFact,
    PriceChange,
    ProgressMade,
)
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.surfaces.cli.main import cli
from tests.support.api import Api
from tests.support.console import Console
from tests.support.recognise import at
from tests.support.world import ACTOR, NOW, TODAY, make_world

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
BUILDING = ContractFact(
    id="c",
    inception=date(2026, 1, 1),
    consideration=(Fixed(id="price", amount=D(1000)),),
    obligations=(
        ObligationFact(id="building", pattern="output_measure", measure="units", measure_total=D(10), ssp=D(1000)),
    ),
)
MORE = Change(at=date(2026, 1, 20), contract="c", price_changes=(PriceChange(D(200), "remaining"),))


@pytest.fixture
def arrangement() -> UUID:
    """Half of a building is built for 1 000 by the middle of January, and January is closed."""
    berlin = make_world().berlin
    half = ProgressMade(at=date(2026, 1, 15), obligation="building", to_date=D(5))
    new = NewArrangement(berlin, "EUR", NewFacts([BUILDING], events=[half]), title="A building")
    [key] = record_arrangements([new], today=TODAY, now=NOW, actor=ACTOR)
    recognise(key, JANUARY, now=JANUARY)
    close_period(entity_id=berlin, month=date(2026, 1, 1), now=at(date(2026, 2, 3)), actor=ACTOR)
    return key


def recognise(key: UUID, through: date, *, now: date = MARCH) -> int:
    who: dict[str, Any] = {"now": at(now), "actor": ACTOR}
    return recognise_arrangements(through=through, arrangement_ids=[key], **who).postings


def revenue(key: UUID) -> dict[str, Decimal]:
    """Revenue by the month in which its entry stands."""
    found: dict[str, Decimal] = {}
    for one in queries.arrangement_postings(key):
        if one.account == "revenue":
            month = f"{one.entry_day:%Y-%m}"
            found[month] = found.get(month, D(0)) - one.amount
    return found


def test_a_change_of_a_closed_month_is_caught_up_in_the_open_one(arrangement: UUID) -> None:
    """200 more for what is half built: 100 are caught up (IFRS 15 example 8)."""
    found, changes = queries.decide_change(arrangement, MORE, through=FEBRUARY)
    assert found.treatment == "catch_up"
    assert {one.key.nature: one.difference for one in changes if one.key.account == "revenue"} == {"catch_up": D(-100)}
    assert [row.kind for row in queries.fact_rows(arrangement)] == ["contract", "event"]
    told = modify_arrangement(arrangement_id=arrangement, change=MORE, now=at(FEBRUARY), actor=ACTOR)
    assert told == found
    recognise(arrangement, FEBRUARY)
    assert revenue(arrangement) == {"2026-01": D(500), "2026-02": D(100)}
    assert recognise(arrangement, FEBRUARY) == 0
    kept = queries.fact_rows(arrangement)[-1]
    assert (kept.type, kept.paragraph) == ("modify", "ASC 606-10-25-13(b); IFRS 15.21(b)")
    assert (kept.decision["by_rule"], kept.decision["chosen"]) == ("catch_up", "catch_up")
    assert [step["answer"] for step in kept.decision["steps"]] == [False, False]
    assert verify(whole=True).first_break is None


def test_several_changes_of_a_day_are_taken_in_order_and_another_treatment_needs_a_reason(arrangement: UUID) -> None:
    who: dict[str, Any] = {"arrangement_id": arrangement, "now": at(FEBRUARY), "actor": ACTOR}
    with pytest.raises(InvalidValue, match="The rule gives catch up"):
        modify_arrangement(change=MORE, treatment="prospective", **who)
    modify_arrangement(change=MORE, treatment="prospective", reason="The rest is another building", **who)
    modify_arrangement(change=MORE, **who)
    recognise(arrangement, FEBRUARY)
    kept = queries.fact_rows(arrangement)[-2:]
    assert [(row.decision["by_rule"], row.decision["chosen"]) for row in kept] == [
        ("catch_up", "prospective"),
        ("prospective", "prospective"),
    ]
    assert revenue(arrangement) == {"2026-01": D(500)}


def test_modifications_through_the_api_and_the_terminal(arrangement: UUID, tmp_path: Path) -> None:
    api, key = Api("revenue_accountant"), public("revenue_arrangement", arrangement)
    here = f"/revenue-arrangements/{key}"
    change: dict[str, Any] = {
        "at": "2026-01-20",
        "contract": "c",
        "price_changes": [{"amount": "200", "applies_to": "remaining"}],
    }
    shown = api.post(f"{here}/modification-previews", change | {"through": "2026-02-28"}).body
    assert (shown["treatment"], len(shown["steps"])) == ("catch_up", 2)
    assert "-100" in {one["difference"].split(".")[0] for one in shown["changes"]}
    assert api.post(f"{here}/modifications", change | {"treatment": "mixed"}).codes == ["invalid_value"]
    assert api.post(f"{here}/modifications", change | {"added": [{"id": "x"}]}).status == 422
    assert api.post(f"{here}/modifications", change | {"removed": ["moon"]}).codes == ["invalid_value"]
    assert Api("auditor").post(f"{here}/modifications", change).status == 403
    made = api.post(f"{here}/modifications", change | {"tolerance": "0.05"})
    assert (made.status, made.body["by_rule"]) == (201, "catch_up")
    file = tmp_path / "change.json"
    file.write_text(json.dumps(change), encoding="utf-8")
    preview = CliRunner().invoke(cli, ["revenue", "modify", key, str(file), "--preview", "--through", "2026-02-28"])
    assert "Would be catch_up" in preview.output
    recorded = CliRunner().invoke(cli, ["revenue", "modify", key, str(file)])
    assert "Recorded as catch_up" in recorded.output
    assert sql.fetch("SELECT count(*) FROM revenue_facts WHERE type = 'modify'") == [(2,)]


def test_a_change_is_looked_at_and_recorded_in_the_console(arrangement: UUID) -> None:
    staff, key = Console("revenue_accountant"), public("revenue_arrangement", arrangement)
    here = f"/revenue/arrangements/{key}/"
    assert "Change the contract" in staff.get(here).words
    given = {"at": "2026-01-20", "contract": "c", "price": "200", "applies_to": "remaining"}
    shown = staff.post(f"{here}suppose/", given)
    assert "By a cumulative catch-up" in shown.words
    assert "parts of a single obligation that is partly satisfied: building" in shown.words
    assert "−€100.00" in shown.words
    assert "Say what changes" in staff.post(f"{here}suppose/", {"at": "2026-01-20", "contract": "c"}).words
    recorded = staff.post(f"{here}modify/", given | {"treatment": "mixed"})
    assert "say why it is mixed" in recorded.words
    recorded = staff.post(f"{here}modify/", given)
    assert "The change is recorded" in recorded.words
    assert "ASC 606-10-25-13(b)" in recorded.words
