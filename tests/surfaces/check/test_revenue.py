"""`cashline check revenue`: our cases agree, and a wrong figure is told with what came out."""

import json
from pathlib import Path
from typing import Any

import pytest

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.results import CaseResult
from cashline.surfaces.check.revenue import revenue_results
from cashline.surfaces.check.revenue_format import RevenueCase
from cashline.surfaces.check.revenue_reading import read_cases
from cashline.surfaces.check.scratch import Scratch
from tests.support.conformance import ROOT
from tests.support.revenue_cases import differences

OURS = Path(ROOT) / "tests" / "rules" / "recognise" / "revenue_cases.json"
VISIBLE = Path(ROOT).parent / "shared" / "conformance" / "revenue-cases.json"


def failed(path: Path, scratch: Scratch) -> list[CaseResult]:
    return [one for one in revenue_results(path, scratch) if not one.passed]


def changed(name: str, **changes: Any) -> dict[str, Any]:
    [case] = [case for case in json.loads(OURS.read_text(encoding="utf-8"))["cases"] if case["id"] == name]
    return {**case, **changes}


def written(tmp_path: Path, *cases: dict[str, Any]) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"format": "revenue-cases/1", "cases": cases}), encoding="utf-8")
    return path


def test_a_case_of_a_wrong_form_fails_alone_with_its_places(tmp_path: Path) -> None:
    nobody = {"revenue": [{"from": "2025-01-01", "through": "2025-01-31", "amount": "0", "obligation": "nobody"}]}
    path = written(
        tmp_path,
        changed("E45", id="unknown", colour="red"),
        changed("E45", id="empty", expect={"revenue": []}),
        changed("E45", id="nobody", expect=nobody),
        changed("E45"),
    )
    *wrong, (name, right) = read_cases(path)
    places = [(case, str(sentence).partition(": ")[0]) for case, sentence in wrong]
    assert places == [
        ("unknown", "cases[0].colour"),
        ("empty", "cases[1].expect.revenue"),
        ("nobody", "cases[2].expect.revenue[0].obligation"),
    ]
    assert name == "E45"
    assert isinstance(right, RevenueCase)


def test_a_file_has_cases_each_with_an_id_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="at least one case"):
        read_cases(written(tmp_path))
    with pytest.raises(Refusal, match="two cases 'E45'"):
        read_cases(written(tmp_path, changed("E45"), changed("E45")))


def test_all_of_our_cases_agree_by_the_rules(subtests: pytest.Subtests) -> None:
    for name, case in read_cases(OURS):
        with subtests.test(name):
            assert isinstance(case, RevenueCase), case
            assert [str(one) for one in differences(case)] == []


THROUGH_THE_BOOKS = ("E06", "E08", "E26", "E28B", "E45", "E62A", "T02", "H02", "H06", "H07", "H12", "H20")


@pytest.mark.slow
def test_some_of_our_cases_agree_in_the_books(scratch: Scratch, tmp_path: Path) -> None:
    """Each kind of account and change once, by the real actions; the rules behind all cases are the same."""
    assert failed(written(tmp_path, *(changed(name) for name in THROUGH_THE_BOOKS)), scratch) == []


@pytest.mark.slow
def test_the_published_cases_agree(scratch: Scratch) -> None:
    if not VISIBLE.exists():
        pytest.skip("The published cases are not on this machine.")
    assert failed(VISIBLE, scratch) == []


@pytest.mark.slow
def test_a_wrong_figure_is_told_and_a_case_that_cannot_be_carried_out_fails_alone(
    scratch: Scratch, tmp_path: Path
) -> None:
    lines = [{"account": "receivable", "debit": "100"}, {"account": "revenue", "credit": "100"}]
    expect = {
        "revenue": [{"from": "2025-01-01", "through": "2025-01-31", "amount": "11"}],
        "entries": [{"at": "2025-01-15", "lines": lines}],
    }
    unknown = [{"at": "2025-01-15", "type": "transfer", "obligation": "nothing"}]
    cases = [changed("E45", expect=expect), changed("E45", id="unknown", events=unknown), changed("E45", id="right")]
    wrong, impossible = failed(written(tmp_path, *cases), scratch)
    assert [(one.what, one.expected, one.found) for one in wrong.differences] == [
        ("revenue 2025-01-01..2025-01-31", "11", "10"),
        ("entries 2025-01-15 supplier_payable", "0", "-90"),
        ("entries 2025-01-15 revenue", "-100", "-10"),
    ]
    assert impossible.problem == "Refused (invalid_value): There is no obligation 'nothing'."
