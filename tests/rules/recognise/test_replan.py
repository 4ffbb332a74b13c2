"""The script in an audit pack plans contracts again without us, and comes to what the planner does."""

import ast
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cashline.flow.recognise.revenue.rules.standard.planning import days_of, plan_revenue
from cashline.flow.report.audit import rebook, replan
from tests.rules.recognise.test_standard import CASES, facts_of

KINDS = {"contracts": "contract", "judgements": "judgement", "events": "event", "costs": "cost"}
LEFT = {"E05B", "E06", "E08"}


def again(case: dict[str, Any]) -> list[tuple[str, replan.Fact]]:
    """The facts as they stand in a pack, with repeats written out as facts of their own."""
    return [(kind, one) for name, kind in KINDS.items() for one in case.get(name, ())]


def test_contracts_are_planned_again_to_the_cent() -> None:
    planned: set[str] = set()
    for case in CASES:
        facts = facts_of(case)
        days = days_of(facts, date(2026, 12, 31))[::3]
        for moment in plan_revenue(facts, days):
            ours = {one.work.id: (one.allocated, one.revenue) for one in moment.obligations()}
            try:
                theirs = replan.planned(replan.Standing(again(case), moment.day, 2))
            except replan.NotHere:
                break
            assert theirs == ours, f"{case['id']} on {moment.day}"
        else:
            planned.add(case["id"])
    assert len(planned) > len(CASES) / 2
    assert not planned & LEFT, "modifications are not planned again"


@pytest.mark.parametrize("script", [replan, rebook])
def test_the_scripts_import_the_standard_library_alone(script: Any) -> None:
    text = Path(script.__file__).read_text(encoding="utf-8")
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert len(text.splitlines()) <= 400
