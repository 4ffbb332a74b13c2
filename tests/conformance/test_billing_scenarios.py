"""The cases of billing that others state: `cashline check billing` carries out each, and it must agree."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.conformance import ROOT, conformance_folder

KINDS = ("R-", "F-", "S-")


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    """What the command says of the file that is visible; it makes its own database server and drops it."""
    path = conformance_folder(".") / "billing-scenarios.json"
    if not path.exists():
        pytest.skip("The billing scenarios are not on this machine.")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "CASHLINE_SECRET_KEY": "for checks alone"}
    command = [sys.executable, "-m", "cashline", "check", "billing", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=Path(ROOT))
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["passed"] else 1), done.stderr
    return found


def test_rating_fractions_and_schedules_agree(answer: dict[str, Any]) -> None:
    ours = [one for one in answer["results"] if one["id"].startswith(KINDS)]
    assert len(ours) >= 16
    assert [one for one in ours if not one["passed"]] == []


def test_scenarios_agree(answer: dict[str, Any]) -> None:
    ours = [one for one in answer["results"] if not one["id"].startswith(KINDS)]
    assert len(ours) >= 17
    assert [one for one in ours if not one["passed"]] == []
