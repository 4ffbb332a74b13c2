"""`cashline check revenue`: our cases agree, and a wrong figure is told with what came out."""

import json
from pathlib import Path
from typing import Any

import pytest

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.revenue import run_revenue_file

ROOT = Path(__file__).parents[3]
OURS = ROOT / "tests" / "rules" / "recognise" / "revenue_cases.json"
VISIBLE = ROOT.parent / "shared" / "conformance" / "revenue-cases.json"


def picked(folder: Path, *names: str, **changes: Any) -> Path:
    cases = [case for case in json.loads(OURS.read_text(encoding="utf-8"))["cases"] if case["id"] in names]
    for case in cases:
        case.update(changes)
    path = folder / "cases.json"
    path.write_text(json.dumps({"format": "revenue-cases/1", "cases": cases}), encoding="utf-8")
    return path


@pytest.mark.slow
def test_all_of_our_cases_agree() -> None:
    assert [(one.id, one.problem, one.differences) for one in run_revenue_file(OURS) if not one.passed] == []


@pytest.mark.slow
def test_the_published_cases_agree() -> None:
    if not VISIBLE.exists():
        pytest.skip("The published cases are not on this machine.")
    assert [(one.id, one.problem, one.differences) for one in run_revenue_file(VISIBLE) if not one.passed] == []


def test_a_wrong_figure_is_told(tmp_path: Path) -> None:
    expect = {
        "revenue": [{"from": "2025-01-01", "through": "2025-01-31", "amount": "11"}],
        "entries": [
            {
                "at": "2025-01-15",
                "lines": [{"account": "receivable", "debit": "100"}, {"account": "revenue", "credit": "100"}],
            }
        ],
    }
    [result] = run_revenue_file(picked(tmp_path, "E45", expect=expect))
    assert [str(one) for one in result.differences] == [
        "revenue 2025-01-01..2025-01-31: expected 11, found 10",
        "entries 2025-01-15 supplier_payable: expected 0, found -90",
        "entries 2025-01-15 revenue: expected -100, found -10",
    ]


def test_a_case_that_cannot_be_carried_out_fails_alone(tmp_path: Path) -> None:
    events = [{"at": "2025-01-15", "type": "transfer", "obligation": "nothing"}]
    [result] = run_revenue_file(picked(tmp_path, "E45", events=events))
    assert (result.passed, result.problem) == (False, "Refused (invalid_value): There is no obligation 'nothing'.")


def test_a_file_of_another_form_is_refused_with_each_place(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="nature"):
        run_revenue_file(picked(tmp_path, "E45", nature="x"))
