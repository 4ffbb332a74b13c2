"""`cashline check billing FILE`: every case of a file of billing cases, carried out and compared.

A case that cannot be carried out is a failed case with a sentence; none is passed over. Cases of kind `rating` share a
company, since each has a product of its own; every schedule and scenario has a company to itself.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import assert_never

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check import fractions, rating, scenarios, schedules
from cashline.surfaces.check.billing_format import (
    BillingFile,
    Case,
    FractionCase,
    RatingCase,
    ScenarioCase,
    ScheduleCase,
)
from cashline.surfaces.check.reading import read_file
from cashline.surfaces.check.results import CaseResult, Difference
from cashline.surfaces.check.scratch import Scratch, scratch

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def billing_results(path: Path, on: Scratch | None = None) -> Iterator[CaseResult]:
    """The result of every case as soon as it is there; raises a refusal for each error of the file's form.

    Where days are counted alone no company is made.
    """
    file = read_file(path, BillingFile)
    counted = [case for case in file.cases if isinstance(case, FractionCase)]
    if len(counted) == len(file.cases):
        yield from (attempt(case.id, partial(fractions.differences, case)) for case in counted)
        return
    with scratch(on) as server, ExitStack() as companies:
        if any(isinstance(case, RatingCase) for case in file.cases):
            companies.enter_context(server.company(frozen_at=EPOCH))
        for case in file.cases:
            yield attempt(case.id, partial(_differences, case, file, server))


def attempt(case_id: str, carry_out: Callable[[], list[Difference]]) -> CaseResult:
    """The result of carrying a case out: whatever goes wrong fails this case, and the others go on."""
    try:
        return CaseResult.of(case_id, carry_out())
    except Refusal as refusal:
        return CaseResult.failed(case_id, f"Refused ({refusal.code}): {refusal.message}")
    except Exception as error:  # noqa: BLE001 - a case that crashes is a failed case, and the next one is run
        return CaseResult.failed(case_id, f"{type(error).__name__}: {error}".strip().split("\n")[0])


def _differences(case: Case, file: BillingFile, server: Scratch) -> list[Difference]:
    match case:
        case FractionCase():
            return fractions.differences(case)
        case RatingCase():
            return rating.differences(case)
        case ScheduleCase():
            return schedules.differences(case, server)
        case ScenarioCase():
            start = case.events[0].at.instant(case.timezone.name)
            with server.company(frozen_at=start):
                return scenarios.differences(case, file.convention_sets[case.conventions])
        case _:
            assert_never(case)
