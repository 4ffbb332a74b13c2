"""The cases of billing that others state: each is carried out by `cashline check billing` and must agree."""

from pathlib import Path

import pytest

from cashline.surfaces.check.billing import run_billing_file
from tests.support.conformance import conformance_folder

KINDS = ("R-", "F-", "S-")


def test_rating_fractions_and_schedules_agree() -> None:
    results = run_billing_file(_file())
    ours = [one for one in results if one.id.startswith(KINDS)]
    assert len(ours) >= 16
    assert [one.as_json() for one in ours if not one.passed] == []


def _file() -> Path:
    path = conformance_folder(".") / "billing-scenarios.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path
