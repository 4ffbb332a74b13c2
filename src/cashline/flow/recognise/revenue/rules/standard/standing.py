"""What stands at a moment: judgements in force, units and progress of obligations, and marks of modifications."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from cashline.flow.recognise.revenue.rules.standard.elapsed import gone
from cashline.flow.recognise.revenue.rules.standard.facts import MEASURED, RATABLE, ObligationFact
from cashline.flow.recognise.revenue.rules.standard.judgements import (
    AllocateDiscount,
    ExpectedCost,
    Judgement,
    Redemption,
    Repurchase,
    Returns,
    subject_of,
)
from cashline.kernel.rounding import divide, round_to

_ZERO, _ONE = Decimal(0), Decimal(1)


class Judged:
    """The judgements in force, by kind and subject."""

    def __init__(self) -> None:
        self._found: dict[tuple[type[object], str], Judgement] = {}

    def add(self, judgement: Judgement) -> None:
        """Let a judgement replace the earlier one on its subject."""
        self._found[type(judgement), subject_of(judgement)] = judgement

    def of[J](self, kind: type[J], subject: str) -> J | None:
        """The judgement of that kind on a subject."""
        found = self._found.get((kind, subject))
        return found if isinstance(found, kind) else None

    def discounts(self) -> list[AllocateDiscount]:
        """All discounts that belong to some obligations alone."""
        return [one for one in self._found.values() if isinstance(one, AllocateDiscount)]


@dataclass(slots=True)
class Marks:
    """What was done when fractions started anew (all nothing at inception)."""

    since: date | None = None
    units: Decimal = _ZERO
    progress: Decimal = _ZERO
    costs: Decimal = _ZERO
    uninstalled: Decimal = _ZERO
    redeemed: Decimal = _ZERO
    expected_back: Decimal = _ZERO
    invoiced: Decimal = _ZERO


_AT_INCEPTION = Marks()


@dataclass(slots=True)
class Work:
    """An obligation as it stands. `base` is revenue settled before the last prospective modification."""

    fact: ObligationFact
    contract: str
    quantity: Decimal
    until: date | None
    measure_total: Decimal
    units: Decimal = _ZERO
    progress: Decimal = _ZERO
    costs: Decimal = _ZERO
    wasted: Decimal = _ZERO
    uninstalled: Decimal = _ZERO
    redeemed: Decimal = _ZERO
    returned: Decimal = _ZERO
    invoiced: Decimal = _ZERO
    used: Decimal = _ZERO
    used_by: dict[str, Decimal] = field(default_factory=dict)
    expired: bool = False
    right_ended: bool = False
    repurchase_end: date | None = None
    repurchase_outcome: str = ""
    removed: bool = False
    ended: bool = False
    base: Decimal = _ZERO
    after_end: Decimal = _ZERO
    owed_frozen: Decimal = _ZERO
    principal: Decimal = _ZERO
    liability: Decimal = _ZERO
    lease_income: Decimal = _ZERO
    marks: Marks = field(default_factory=Marks)
    ssp_left: Decimal | None = None

    @property
    def id(self) -> str:
        """The name of the obligation."""
        return self.fact.id

    def units_done(self) -> Decimal:
        """Units transferred: by transfer, by redemption, or by a measure that counts units."""
        if self.fact.pattern == "redemption":
            return self.redeemed
        if self.fact.measure == "units":
            return max(self.units, self.progress)
        return self.units

    def mark(self, since: date, expected_back: Decimal) -> None:
        """Let fractions start anew."""
        self.marks = Marks(
            since=since,
            units=self.units,
            progress=self.progress,
            costs=self.costs,
            uninstalled=self.uninstalled,
            redeemed=self.redeemed,
            expected_back=expected_back,
            invoiced=self.invoiced,
        )


def work_of(fact: ObligationFact, contract: str) -> Work:
    """An obligation of which nothing is done yet."""
    return Work(fact, contract, fact.quantity, fact.until, fact.measure_total or _ZERO)


def fraction(work: Work, judged: Judged, stop: date, *, whole: bool = False) -> Decimal:
    """The satisfied fraction when `stop` begins, since the last prospective modification or `whole`, from the start."""
    marks = _AT_INCEPTION if whole else work.marks
    if work.expired:
        return _ONE
    value = _raw(work, judged, stop, marks)
    places = work.fact.progress_decimals
    if places is not None and work.fact.pattern in MEASURED:
        value = round_to(value, places)
    return value


def _raw(work: Work, judged: Judged, stop: date, marks: Marks) -> Decimal:
    fact = work.fact
    if fact.pattern in RATABLE:
        start = fact.starts_on or date.max
        if marks.since is not None:
            start = max(start, marks.since)
        return gone(fact.pattern, start, work.until or date.max, stop)
    if fact.pattern == "redemption":
        done, whole = work.redeemed - marks.redeemed, expected_redeemed(work, judged) - marks.redeemed
    elif fact.pattern in MEASURED and fact.measure == "costs":
        done, whole = work.costs - marks.costs, expected_cost(work, judged) - marks.costs
    elif fact.pattern in MEASURED:
        done, whole = work.progress - marks.progress, work.measure_total - marks.progress
    else:
        done, whole = work.units - marks.units, work.quantity - marks.units
    if marks.since is not None and whole <= 0:  # all of it was done before the modification
        return _ONE
    return _part(done, whole)


def _part(done: Decimal, whole: Decimal) -> Decimal:
    if done <= 0:
        return _ZERO
    return _ONE if done >= whole else divide(done, whole)


def expected_redeemed(work: Work, judged: Judged) -> Decimal:
    """The units expected to be redeemed in all, breakage left out."""
    judgement = judged.of(Redemption, work.id)
    return judgement.expected_quantity if judgement else work.quantity


def expected_cost(work: Work, judged: Judged) -> Decimal:
    """The costs expected in all, uninstalled materials left out."""
    judgement = judged.of(ExpectedCost, work.id)
    return judgement.amount if judgement else work.fact.expected_cost or _ZERO


def uninstalled_left(work: Work, judged: Judged) -> Decimal:
    """Materials delivered long before installation that the price since the last modification holds at cost."""
    judgement = judged.of(ExpectedCost, work.id)
    return max(_ZERO, judgement.uninstalled - work.marks.uninstalled) if judgement else _ZERO


def expected_back(work: Work, judged: Judged) -> Decimal:
    """Units that came back and are still expected to, of all that are promised (606-10-55-25)."""
    judgement = judged.of(Returns, work.id)
    if judgement is None or not judgement.estimable or work.right_ended:
        return work.returned
    return max(judgement.expected_quantity, work.returned)


def waits_for_returns(work: Work, judged: Judged) -> bool:
    """Is no revenue recognised, because returns cannot be estimated and the right has not lapsed (606-10-55-23)?"""
    judgement = judged.of(Returns, work.id)
    return judgement is not None and not judgement.estimable and not work.right_ended


def repurchase_financing(work: Work, judged: Judged) -> Repurchase | None:
    """The repurchase right that makes the sale a financing (606-10-55-70)."""
    judgement = judged.of(Repurchase, work.id)
    return judgement if judgement and judgement.treatment != "sale" else None
