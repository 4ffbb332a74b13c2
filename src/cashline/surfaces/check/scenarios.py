"""Cases of kind `scenario`: events on the account of one customer, carried out by the real actions."""

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.billing_format import Conventions, ScenarioCase
from cashline.surfaces.check.results import Difference


class NotCarriedOut(Refusal):
    """The program has no action for what a case asks."""

    code = "not_carried_out"


def differences(case: ScenarioCase, conventions: Conventions) -> list[Difference]:
    """Carry the case out in the scratch company that is open, under the conventions, and compare what came out."""
    del conventions
    raise NotCarriedOut(f"Scenarios cannot be carried out yet ({len(case.events)} events).")
