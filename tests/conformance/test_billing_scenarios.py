"""The cases of billing that others state, as `cashline check billing` carries them out: each must agree."""

import pytest

from cashline.surfaces.check.billing import billing_results
from cashline.surfaces.check.scratch import Scratch
from tests.support.conformance import conformance_folder


@pytest.mark.slow
def test_the_published_cases_agree(scratch: Scratch) -> None:
    path = conformance_folder(".") / "billing-scenarios.json"
    if not path.exists():
        pytest.skip("The billing scenarios are not on this machine.")
    results = list(billing_results(path, scratch))
    assert len(results) >= 33
    assert [one for one in results if not one.passed] == []
