"""Scenarios of our own, with figures worked out by hand: every kind of event, under all three sets of conventions."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from cashline.flow.agree.plans.rules import NAMED_CONVENTIONS
from cashline.surfaces.check.billing import billing_results
from cashline.surfaces.check.billing_format import Conventions
from cashline.surfaces.check.scratch import Scratch
from tests.surfaces.check.test_check_billing import FILE

CASES = Path(__file__).with_name("own_scenarios.json")
NAMES = ("cancel_day", "unused_advance", "change_billed")


def convention_sets() -> dict[str, Any]:
    """The sets as the format writes them: what is the same in all, and what our named sets say."""
    common = {name: get_args(kind)[0] for name, kind in get_type_hints(Conventions).items()}
    return {
        name: common | {one: getattr(conventions, one).value for one in NAMES}
        for name, conventions in NAMED_CONVENTIONS.items()
    }


@pytest.mark.slow
def test_scenarios_of_our_own_agree(scratch: Scratch, tmp_path: Path) -> None:
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    assert {case["conventions"] for case in cases} == set(NAMED_CONVENTIONS)
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({**FILE, "convention_sets": convention_sets(), "cases": cases}))
    results = list(billing_results(path, scratch))
    assert [one for one in results if not one.passed] == []
    assert len(results) == len(cases)
