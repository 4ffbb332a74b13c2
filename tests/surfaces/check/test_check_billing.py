"""`cashline check billing` as a program: what agrees passes, what does not is told, and nothing is passed over."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cashline.kernel.refusals import Refusals
from cashline.surfaces.check.billing import billing_results
from cashline.surfaces.check.results import summary_as_json
from cashline.surfaces.check.scratch import Scratch
from tests.support.conformance import ROOT
from tests.surfaces.check.cases import RIGHT, WRONG

FILE = {"format": "billing-scenarios/2", "note": "", "convention_sets": {}}


def check(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, as a person does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "CASHLINE_SECRET_KEY": "for checks alone"}
    command = [sys.executable, "-m", "cashline", "check", "billing", str(path), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


@pytest.mark.slow
def test_every_case_is_carried_out_and_compared(scratch: Scratch, tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({**FILE, "cases": [*RIGHT, *WRONG]}))
    answer = summary_as_json(list(billing_results(path, scratch)))
    results = {one["id"]: one for one in answer["results"]}
    assert [one for one in answer["results"][: len(RIGHT)] if not one["passed"]] == []
    assert (answer["cases_passed"], answer["cases_failed"]) == (len(RIGHT), len(WRONG))
    assert results["OUR-R-21"]["differences"] == [{"what": "check 1, amount", "expected": "10.01", "found": "10"}]
    assert "A price is not negative" in results["OUR-R-22"]["problem"]
    assert "does not price changes" in results["OUR-R-23"]["problem"]
    assert "where the last tier ends" in results["OUR-R-24"]["problem"]
    assert "The minimum is above the maximum" in results["OUR-R-25"]["problem"]
    (dates,) = results["OUR-S-04"]["differences"]
    assert (dates["expected"], dates["found"]) == ("2022-02-01", "2022-02-01, 2022-03-01")


def test_the_command_tells_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    days = {"interval": "month", "boundary": "2011-02-10", "start": "2011-02-10", "end": "2011-02-24"}
    case = {"id": "OUR-F-01", "title": "Half of February", "group": "proration", "kind": "fraction", "how": "looked_up"}
    right = {**case, "source": "by hand", **days, "expect": {"periods": [{"days": 14, "of": 28}]}}
    wrong = {**right, "id": "OUR-F-02", "expect": {"periods": [{"days": 15, "of": 28}]}}
    path.write_text(json.dumps({**FILE, "cases": [right, wrong]}))
    done = check(path, "--json")
    assert done.returncode == 1, done.stderr
    assert [one["passed"] for one in json.loads(done.stdout)["results"]] == [True, False]


def test_a_file_that_is_wrong_is_refused_with_all_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    cases = [{**RIGHT[0], "rounding": "up"}, {**RIGHT[1], "checks": []}]
    path.write_text(json.dumps({**FILE, "cases": cases}))
    with pytest.raises(Refusals) as refused:
        list(billing_results(path))
    assert {one.field for one in refused.value} == {"cases[0].rounding", "cases[1].checks"}
