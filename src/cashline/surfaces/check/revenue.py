"""`cashline check revenue FILE`: every case of a file of revenue cases, carried out and compared."""

from collections.abc import Iterator
from pathlib import Path

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check.results import CaseResult


class NotCarriedOut(Refusal):
    """The program cannot carry such a file out."""

    code = "not_carried_out"


def revenue_results(path: Path) -> Iterator[CaseResult]:
    """The result of every case as soon as it is there; raises one refusal for each error of the file's form."""
    raise NotCarriedOut(f"Revenue cases cannot be carried out yet ({path}).")


def run_revenue_file(path: Path) -> list[CaseResult]:
    """The result of every case, in the order of the file."""
    return list(revenue_results(path))
