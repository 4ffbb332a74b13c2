"""The life of a subscription: a fold of its facts into stints, each under one plan and without a pause.

The order in which facts became known decides only between facts of the same instant, and which of two plan changes
counts. One pass over the sorted facts, so that a thousand changes stay fast.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.rules.facts import TERM_KINDS, LifeFact, LifeKind
from cashline.flow.deliver.subscriptions.rules.renewals import PriceUplift, Term
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.periods import Period, day_start, local_day

NEVER = date.max


class Step(NamedTuple):
    """From `day` on the base fee is for so many, at this price each (None: that of the plan), by an uplift or not.

    `gated`: the change waited for the payment of its invoice.
    """

    day: date
    at: datetime
    quantity: Decimal
    unit_price: Decimal | None
    uplift: PriceUplift | None = None
    gated: bool = False


class AddOnStep(NamedTuple):
    """From `day` on the stint has so many units of an add-on; the plan's own stand where there is no step."""

    day: date
    at: datetime
    code: str
    units: Decimal
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Stint:
    """A stretch under one plan. Its days are `[start, end)` for fees, its instants `[start_at, end_at)` for usage.

    `boundary` is the day from which its periods are counted. A stint that a later change of the same day replaced has
    no days. `closed_by` is None while it runs. `settled_by` is the change or cancellation after its pause.
    """

    plan_id: UUID
    start: date
    end: date
    start_at: datetime
    end_at: datetime | None
    boundary: date
    opened_by: LifeFact
    closed_by: LifeFact | None
    steps: tuple[Step, ...]
    add_on_steps: tuple[AddOnStep, ...] = ()
    settled_by: LifeFact | None = None

    def whole(self, terms: PlanTerms, day: date) -> Period:
        """The whole period that holds a day."""
        return terms.whole(self.boundary, day)


@dataclass(frozen=True, slots=True)
class Life:
    """The stints of a subscription, in order of time; `extra_trial_days` were added to the trial of its plan.

    `terms` are the terms that were agreed, each with the instant from which it counts. `origin_at` is when the service
    began that a transfer goes on with.
    """

    stints: tuple[Stint, ...]
    zone: str
    extra_trial_days: int = 0
    terms: tuple[tuple[datetime, Term], ...] = ()
    origin_at: datetime | None = None

    @property
    def first_at(self) -> datetime:
        """The instant of the first start."""
        return self.stints[0].start_at

    def trial_end(self, terms: PlanTerms) -> datetime:
        """The instant at which the trial of a plan ends: counted by 24 hours from the first start."""
        days = terms.trial_days + (self.extra_trial_days if terms.trial_days else 0)
        return (self.origin_at or self.first_at) + timedelta(hours=24 * days)

    def term_at(self, at: datetime) -> Term | None:
        """The term that was agreed last by an instant; None without one."""
        return next((term for since, term in reversed(self.terms) if since <= at), None)

    @property
    def last_term(self) -> Term | None:
        """The term that was agreed last, be it one to come."""
        return self.terms[-1][1] if self.terms else None

    def step_at(self, at: datetime) -> Step | None:
        """Quantity and price at an instant; None where nothing runs then."""
        stint = self.stint_at(at)
        return next((step for step in reversed(stint.steps) if step.at <= at), stint.steps[0]) if stint else None

    def stint_at(self, at: datetime) -> Stint | None:
        """The stint that runs at an instant."""
        for stint in reversed(self.stints):
            if stint.start_at <= at and (stint.end_at is None or at < stint.end_at):
                return stint
        return None

    def next_change(self, after: datetime) -> datetime | None:
        """The next instant at which a stint begins or ends."""
        moments = [at for stint in self.stints for at in (stint.start_at, stint.end_at) if at and at > after]
        return min(moments, default=None)


@dataclass(slots=True)
class _State:
    """Where the fold stands."""

    plan_id: UUID
    quantity: Decimal
    unit_price: Decimal | None = None
    anchor: Anchor | None = None
    open: Stint | None = None
    steps: list[Step] = field(default_factory=list)
    add_ons: list[AddOnStep] = field(default_factory=list)
    ended: bool = False
    paused: bool = False
    done: list[Stint] = field(default_factory=list)
    extra_trial_days: int = 0
    uplift: PriceUplift | None = None
    terms: list[tuple[datetime, Term]] = field(default_factory=list)


def in_force(facts: Iterable[LifeFact]) -> list[LifeFact]:
    """The facts that count, by effect: without what was withdrawn or overtaken.

    A plan change that is made at once overtakes those that were scheduled before it for later; of two for the same
    instant the one that became known last counts. A renewal or another term overtakes the end of the term before.
    """
    found = list(facts)
    gone = {fact.withdraws for fact in found if fact.kind is LifeKind.WITHDRAWN}
    kept = [fact for fact in found if fact.kind is not LifeKind.WITHDRAWN and fact.id not in gone]
    overtaken: set[UUID] = set()
    waiting: list[LifeFact] = []
    ending: LifeFact | None = None
    for fact in sorted(kept, key=lambda fact: fact.id):
        if fact.of_term:
            ending = fact
            continue
        if ending is not None and fact.kind in TERM_KINDS and fact.at <= ending.at:
            overtaken.add(ending.id)
            ending = None
        if fact.kind is not LifeKind.PLAN_CHANGED:
            continue
        waiting = [one for one in waiting if one.at > fact.known_at]
        overtaken |= {one.id for one in waiting if fact.at == one.at or (fact.at < one.at and not fact.scheduled)}
        waiting = [one for one in waiting if one.id not in overtaken]
        if fact.scheduled:
            waiting.append(fact)
    return sorted((fact for fact in kept if fact.id not in overtaken), key=lambda fact: (fact.at, fact.id))


def live(facts: Iterable[LifeFact], plans: Mapping[UUID, PlanTerms], zone: str) -> Life:
    """Fold facts into a life; the first one that counts is STARTED. Facts that change nothing are passed over."""
    ordered = in_force(facts)
    start = ordered[0]
    if start.kind is not LifeKind.STARTED or start.plan_id is None or start.quantity is None:
        raise ValueError("A life begins with its start.")
    state = _State(start.plan_id, start.quantity, start.unit_price)
    first_day = local_day(start.origin_at or start.at, zone)
    for fact in ordered:
        _apply(state, fact, plans, zone, first_day)
    if state.open is not None:
        state.done.append(_closed(state, state.open, NEVER, None, None))
    return Life(tuple(state.done), zone, state.extra_trial_days, tuple(state.terms), start.origin_at)


def _apply(state: _State, fact: LifeFact, plans: Mapping[UUID, PlanTerms], zone: str, first_day: date) -> None:
    kind = fact.kind
    if kind is LifeKind.TRIAL_EXTENDED:
        state.extra_trial_days += fact.days
        return
    if kind is LifeKind.REACTIVATED:
        if state.ended:
            state.ended = state.paused = False
            _open(state, fact, plans, zone, first_day)
        return
    if state.ended:
        return
    if fact.term is not None:
        state.terms.append((fact.at, fact.term))
    if kind is LifeKind.CANCELLED:
        state.ended = True
        if state.paused and state.done:
            state.done[-1] = replace(state.done[-1], settled_by=fact)
            _settle(state.done, fact)
        _close(state, fact, fact.ends_on or local_day(fact.at, zone))
    elif kind is LifeKind.PAUSED:
        state.paused = True
        _close(state, fact, local_day(fact.at, zone))
    elif kind is LifeKind.RESUMED:
        if state.paused:
            state.paused = False
            _open(state, fact, plans, zone, first_day)
    elif kind in _STEPS:
        _step(state, fact, zone)
    elif kind not in _TERM_ALONE:
        _turn(state, fact, plans, zone, first_day)


_STEPS = (LifeKind.QUANTITY_CHANGED, LifeKind.PRICE_CHANGED, LifeKind.ADD_ON_CHANGED, LifeKind.RENEWED)
_TERM_ALONE = (LifeKind.TERM_SET, LifeKind.EXTENDED, LifeKind.CONFIRMED)


def _turn(state: _State, fact: LifeFact, plans: Mapping[UUID, PlanTerms], zone: str, first_day: date) -> None:
    """A start, a plan change or another billing day: a new stint, unless the service is paused."""
    if not state.paused:
        _close(state, fact, local_day(fact.at, zone))
    if fact.billing_day:
        state.anchor = Anchor(AnchorKind.DAY_OF_MONTH, fact.billing_day)
    elif fact.kind is LifeKind.PLAN_CHANGED:
        state.plan_id = fact.plan_id or state.plan_id
        state.unit_price, state.uplift = fact.unit_price, None
        state.quantity = fact.quantity if fact.quantity is not None else state.quantity
        state.anchor = None
        state.add_ons = []
    if not state.paused:
        _open(state, fact, plans, zone, first_day)


def _step(state: _State, fact: LifeFact, zone: str) -> None:
    day = local_day(fact.at, zone)
    if fact.kind is LifeKind.ADD_ON_CHANGED:
        state.add_ons.append(AddOnStep(day, fact.at, fact.add_on, fact.quantity or Decimal(0), fact.unit_price))
        return
    if fact.kind is LifeKind.QUANTITY_CHANGED and fact.quantity is not None:
        state.quantity = fact.quantity
    elif fact.kind is LifeKind.PRICE_CHANGED:
        state.unit_price, state.uplift = fact.unit_price, None
    elif fact.unit_price is not None:
        state.unit_price, state.uplift = fact.unit_price, fact.term.uplift if fact.term else None
    if state.open is not None:
        if state.steps[-1].day >= day:
            last = state.steps.pop()
            gated = last.gated or fact.gated
            state.steps.append(Step(last.day, last.at, state.quantity, state.unit_price, state.uplift, gated))
        else:
            state.steps.append(Step(day, fact.at, state.quantity, state.unit_price, state.uplift, fact.gated))


def _open(state: _State, fact: LifeFact, plans: Mapping[UUID, PlanTerms], zone: str, first_day: date) -> None:
    day = local_day(fact.at, zone)
    terms = plans[state.plan_id]
    boundary = fact.origin_on or terms.boundary(state.anchor or terms.anchor, first_day, day)
    state.steps = [Step(day, fact.at, state.quantity, state.unit_price, state.uplift)]
    state.open = Stint(state.plan_id, day, NEVER, fact.at, None, boundary, fact, None, ())


def _close(state: _State, fact: LifeFact, end: date) -> None:
    if state.open is not None:
        state.done.append(_closed(state, state.open, max(end, state.open.start), fact.at, fact))
        state.open = None
        if fact.kind is not LifeKind.PAUSED:
            _settle(state.done, fact)


def _settle(done: list[Stint], fact: LifeFact) -> None:
    """A fact that closes a stint settles what pauses under the same plan have left before it."""
    index = len(done) - 1
    while (
        index > 0 and done[index].opened_by.kind is LifeKind.RESUMED and done[index - 1].plan_id == done[index].plan_id
    ):
        index -= 1
        done[index] = replace(done[index], settled_by=fact)


def _closed(state: _State, stint: Stint, end: date, end_at: datetime | None, fact: LifeFact | None) -> Stint:
    kept = [step for step in state.add_ons if end_at is None or step.at < end_at]
    return replace(stint, end=end, end_at=end_at, closed_by=fact, steps=tuple(state.steps), add_on_steps=tuple(kept))


def period_end(life: Life, terms: Mapping[UUID, PlanTerms], at: datetime) -> date | None:
    """The first day after the running period at an instant; None where nothing runs then."""
    stint = life.stint_at(at)
    if stint is None:
        return None
    return stint.whole(terms[stint.plan_id], max(local_day(at, life.zone), stint.start)).end


def window_end(stint: Stint, zone: str) -> datetime | None:
    """The instant up to which usage belongs to a stint; a cancel day that is billed belongs to it whole."""
    if stint.closed_by is not None and stint.closed_by.kind is LifeKind.CANCELLED and stint.end_at is not None:
        return max(stint.end_at, day_start(stint.end, zone))
    return stint.end_at
