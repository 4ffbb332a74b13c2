"""Reading the health of the program: verifying every conservation law, and listing what is stuck."""

from collections.abc import Callable, Iterator
from functools import partial

from cashline.flow.report.health.queries import checks, derivations, log
from cashline.flow.report.health.queries.stuck import Stuck, stuck
from cashline.flow.report.health.rules import Break, Checked, Verification, numbering_breaks

SAMPLE = 1000
LIMIT = 5

__all__ = ["Stuck", "check_laws", "stuck", "verify"]


def verify(*, whole: bool = False, limit: int = LIMIT) -> Verification:
    """Check every conservation law over live data.

    Sums are always checked over all of it. Hashes and derivations are computed again for a sample, or with `whole` for
    every block and amount. `limit` is how many breaks of each law are told.
    """
    return Verification(tuple(check_laws(whole=whole, limit=limit)))


def check_laws(*, whole: bool = False, limit: int = LIMIT) -> Iterator[Checked]:
    """The laws one by one as they are checked, in the order of the flow, for doors that show progress."""
    relation = checks.digits()
    statements = (*checks.LAWS, log.LINKED, *(log.replay_law(kind) for kind in log.STATES))
    for law in statements:
        check = partial(checks.breaks_of, law, relation=relation, limit=limit)
        yield _timed(law.code, law.sentence, check)
    yield _timed(
        "numbers-gap-free",
        log.NUMBERS_SENTENCE,
        lambda: numbering_breaks(log.series_in_use(), log.series_given())[:limit],
    )
    yield _timed(log.CHAIN, log.CHAIN_SENTENCE, lambda: log.broken_chain(whole=whole, limit=limit))
    yield _timed(
        derivations.LAW,
        derivations.SENTENCE,
        lambda: derivations.broken_derivations(sample=None if whole else SAMPLE, limit=limit),
    )


def _timed(code: str, sentence: str, check: Callable[[], list[Break]]) -> Checked:
    began = checks.clock_ns()
    found = tuple(check())
    return Checked(code, sentence, found, (checks.clock_ns() - began) // 1_000_000)
