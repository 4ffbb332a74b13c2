"""A file of cases is read whole: what is wrong in it comes all at once, each with its place."""

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cashline.flow.recognise.revenue.rules.standard.facts import Fixed
from cashline.kernel.refusals import Refusal, Refusals
from cashline.surfaces.check.billing_format import BillingFile, RatingCase
from cashline.surfaces.check.charge_format import QuantityCheck
from cashline.surfaces.check.reading import PADDED, read, read_file
from cashline.surfaces.check.results import CaseResult, Difference, summary_as_json

FILE: dict[str, Any] = {
    "format": "billing-scenarios/2",
    "note": "",
    "convention_sets": {},
    "cases": [
        {
            "id": "R-01",
            "title": "Ten units",
            "group": "charge-model",
            "kind": "rating",
            "source": "ours",
            "how": "looked_up",
            "rounding": "none",
            "charge": {"model": "unit", "unit_price": "1.50"},
            "checks": [{"type": "quantity", "quantity": "10", "amount": "15"}],
        }
    ],
}


def changed(**changes: Any) -> dict[str, Any]:
    file = copy.deepcopy(FILE)
    file["cases"][0].update(changes)
    return file


def errors(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        read(document, BillingFile)
    found = list(caught.value) if isinstance(caught.value, Refusals) else [caught.value]
    return [(one.field, one.message) for one in found]


def test_a_file_that_is_right_is_read() -> None:
    case = read(FILE, BillingFile).cases[0]
    assert isinstance(case, RatingCase)
    check = case.checks[0]
    assert isinstance(check, QuantityCheck)
    assert check.amount == 15


def test_everything_that_is_wrong_comes_at_once() -> None:
    charge = {"model": "unit", "unit_price": 1.5, "free": "1"}
    found = errors(changed(group="?", charge=charge, checks=[]))
    assert {field for field, _ in found} == {
        "cases[0].group",
        "cases[0].charge.unit_price",
        "cases[0].charge.free",
        "cases[0].checks",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "riddle"}, "cases[0].kind"),
        ({"charge": {"model": "magic"}}, "cases[0].charge.model"),
        ({"id": "r1"}, "cases[0].id"),
        ({"note": None}, "cases[0].note"),
        ({"charge": {"model": "unit", "unit_price": "1e3"}}, "cases[0].charge.unit_price"),
        ({"charge": {"model": "unit", "unit_price": "1", "conversion": {"round": "up"}}}, "cases[0].charge.conversion"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    assert [place for place, _ in errors(changed(**change))] == [field]


def test_an_id_stands_once() -> None:
    file = copy.deepcopy(FILE)
    file["cases"].append(file["cases"][0])
    assert errors(file) == [("file", "The id R-01 is given twice.")]


@pytest.mark.parametrize("text", ["", "{", '{"format": 1, "format": 2}', "[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text)
    with pytest.raises(Refusal, match="is no JSON"):
        read_file(path, BillingFile)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        read_file(tmp_path / "none.json", BillingFile)


def test_the_summary_counts_what_failed() -> None:
    results = [CaseResult.of("A-01", []), CaseResult.of("A-02", [Difference("amount", "1", "2")])]
    summary = summary_as_json([*results, CaseResult.failed("A-03", "Refused.")])
    assert (summary["passed"], summary["cases_passed"], summary["cases_failed"]) == (False, 1, 2)
    assert json.loads(json.dumps(summary))["results"][1]["differences"] == [
        {"what": "amount", "expected": "1", "found": "2"}
    ]


def test_zeros_lead_where_the_format_lets_them() -> None:
    given = {"kind": "fixed", "id": "price", "amount": "007.50"}
    assert read(given, Fixed, PADDED).amount == Decimal("7.50")
    with pytest.raises(Refusal, match="decimal"):
        read(given, Fixed)
