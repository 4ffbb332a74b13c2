"""Cases of kind `rating`: a charge is stored in the catalogue of a scratch company, which prices quantities by it."""

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.billing_format import RatingCase
from cashline.surfaces.check.results import Difference


class NotPriced(Refusal):
    """The program cannot price such a charge."""

    code = "not_priced"


def differences(case: RatingCase) -> list[Difference]:
    """Price every check by the charge as it is stored, and compare."""
    raise NotPriced(f"Rating cases cannot be priced yet ({case.id}).")
