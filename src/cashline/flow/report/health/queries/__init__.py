"""Reading the health of the program: verifying every conservation law, and listing what is stuck."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from cashline.flow.report.health.queries import checks, derivations, log, statements
from cashline.flow.report.health.queries.stuck import Stuck, stuck
from cashline.flow.report.health.rules import Break, Checked, Depth, Law, Verification, numbering_breaks
from cashline.platform.snapshots.rules import Figure

SAMPLE = 1000
LIMIT = 5

__all__ = ["LAWS", "Stuck", "check_laws", "law_sentences", "stuck", "verify"]


def verify(*, whole: bool = False, limit: int = LIMIT) -> Verification:
    """Check every conservation law over live data.

    Sums are always checked over all of it. Hashes and derivations are computed again for a sample, or with `whole` for
    every block and amount. `limit` is how many breaks of each law are told.
    """
    return Verification(tuple(check_laws(whole=whole, limit=limit)))


def law_sentences() -> list[tuple[str, str]]:
    """The codes and sentences of all laws, in the order in which they are checked."""
    laws = [(law.code, law.sentence) for law in _statements()]
    return [
        *laws,
        (statements.LAW, statements.SENTENCE),
        (log.NUMBERS, log.NUMBERS_SENTENCE),
        (log.CHAIN, log.CHAIN_SENTENCE),
        (derivations.LAW, derivations.SENTENCE),
    ]


def _statements() -> tuple[Law, ...]:
    return (*checks.LAWS, log.LINKED, *(log.replay_law(kind) for kind in log.STATES))


def check_laws(*, whole: bool = False, limit: int = LIMIT) -> Iterator[Checked]:
    """The laws one by one as they are checked, in the order of the flow, for doors that show progress."""
    relation = checks.digits()
    for law in _statements():
        check = partial(checks.breaks_of, law, relation=relation, limit=limit)
        yield _timed(law.code, law.sentence, check)
    yield _timed(statements.LAW, statements.SENTENCE, lambda: statements.broken_statements(limit=limit))
    yield _timed(
        log.NUMBERS,
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


def _verified(asked: Depth, today: date) -> Verification:  # noqa: ARG001 - the laws hold on any day
    return verify(whole=asked.whole)


LAWS = Figure("health.laws", Depth, Verification, _verified, on_demand=True)
"""The check of all laws, which reads all the books: on demand, and kept."""
