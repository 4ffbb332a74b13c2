"""Writing revenue: a run plans every contract from its facts and posts the difference to what was recognised.

A run that is stopped anywhere and started again ends in the same books: contracts are taken in batches, each in one
transaction, and a contract that is as planned posts nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.contracts.queries import term_lines
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.recognise.ledger.actions import open_or_find_books, plan_entries, post
from cashline.flow.recognise.ledger.rules.posting import POSTING, Fact, FactAmount
from cashline.flow.recognise.revenue import queries
from cashline.flow.recognise.revenue.queries import Facts, LockedAgreement, Recorded, prices
from cashline.flow.recognise.revenue.rules.billed_plan import joined, plan_billed
from cashline.flow.recognise.revenue.rules.contracts import NotPlannable, plan_contract, require_near
from cashline.flow.recognise.revenue.rules.price_study import with_approved
from cashline.flow.recognise.revenue.rules.rows import ContractPlan, PlannedPosting
from cashline.flow.recognise.revenue.rules.unbilled import with_unbilled
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.company.queries import exchange_rates, known_exchange_rates
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_RULE = POSTING["RevenueRecognised"]
_OBLIGATION_COLUMNS = (
    *("id", "line_id", "version", "agreement_id", "pattern", "open_ended", "transaction_price", "stand_alone_price"),
    *("allocated_price", "derivation", "created_at"),
)
_POSTING_COLUMNS = (
    *("id", "line_id", "agreement_id", "month", "sequence", "through", "amount", "entry_id", "derivation"),
    "created_at",
)
KEPT_IN_PREVIEW = 1000


@dataclass(slots=True)
class RevenueRunResult:
    """What a run posted, or in a preview would post: contracts, entries and totals by (currency, month, kind).

    `exceptions` are contracts that could not be planned, each with why. `contracts` lists the amounts of the first
    thousand in a preview.
    """

    through: date
    preview: bool
    agreements: int = 0
    entries: int = 0
    postings: int = 0
    totals: dict[tuple[str, date, str], Decimal] = field(default_factory=dict)
    exceptions: list[tuple[UUID, str]] = field(default_factory=list)
    contracts: list[tuple[UUID, str, str, Decimal]] = field(default_factory=list)

    def total(self, currency: str) -> Decimal:
        """All revenue of the run in a currency."""
        return sum((amount for (code, _, _), amount in self.totals.items() if code == currency), Decimal(0))


class Batch(NamedTuple):
    """Contracts that are run together, locked, and what is known of them."""

    agreements: dict[UUID, LockedAgreement]
    lines: dict[UUID, list[TermLine]]
    facts: Facts
    recorded: dict[UUID, Recorded]


def run_revenue(
    *,
    through: date,
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    agreement_ids: Sequence[UUID] | None = None,
    preview: bool = False,
    batch: int = 1000,
) -> RevenueRunResult:
    """Recognise what is earned up to and including `through`, by batches of contracts, each in its own transaction.

    A contract that was run further before is not run back. With `preview` the same is planned and nothing is written.
    Raises TooFarAhead.
    """
    require_near(through, local_day(now, "UTC"))
    result = RevenueRunResult(through, preview)
    due = queries.due_agreements(through=through, entity_id=entity_id, agreement_ids=agreement_ids)
    for start in range(0, len(due), batch):
        with transaction.atomic(savepoint=False):
            _run_batch(due[start : start + batch], result, now=now, actor=actor)
    return result


def _run_batch(agreement_ids: Sequence[UUID], result: RevenueRunResult, *, now: datetime, actor: str) -> None:
    found = load_batch(agreement_ids)
    plans: list[tuple[LockedAgreement, ContractPlan]] = []
    for agreement in found.agreements.values():
        through = max(result.through, agreement.through or result.through)
        try:
            plan = plan_agreement(found, agreement, through)
        except NotPlannable as refusal:
            result.exceptions.append((agreement.id, refusal.message))
            continue
        plans.append((agreement, plan))
    plans = _rated(plans, result)
    for agreement, plan in plans:
        _count(result, agreement, plan)
    if not result.preview:
        _append(plans, found.facts.counts, now=now, actor=actor)


type _Plans = list[tuple[LockedAgreement, ContractPlan]]


def _rated(plans: _Plans, result: RevenueRunResult) -> _Plans:
    """The plans whose exchange rates are known; the others wait for theirs, and are told."""
    pairs = {
        (one.currency, one.own_currency, posting.day)
        for one, plan in plans
        if one.currency != one.own_currency
        for posting in plan.postings
    }
    missing = pairs - known_exchange_rates(pairs).keys()
    if not missing:
        return plans
    found: _Plans = []
    for one, plan in plans:
        days = [item.day for item in plan.postings if (one.currency, one.own_currency, item.day) in missing]
        if days:
            why = f"No exchange rate from {one.currency} to {one.own_currency} is known up to {min(days)}."
            result.exceptions.append((one.id, why))
        else:
            found.append((one, plan))
    return found


def plan_agreement(found: Batch, agreement: LockedAgreement, through: date) -> ContractPlan:
    """The plan of its agreed lines, and of what its invoices promise beside them. Raises NotPlannable."""
    facts, lines = found.facts, found.lines.get(agreement.id, ())
    promises = facts.billed.promises.get(agreement.id, [])
    arrears = facts.arrears.get(agreement.id, ())
    plan = plan_contract(
        lines,
        facts.deliveries,
        facts.concessions,
        found.recorded,
        through=through,
        discounts=facts.billed.discounts,
        slicer=agreement.slicer,
    )
    if not promises and not arrears:
        return plan
    promises, runs_on = with_unbilled(promises, arrears, through)
    digits = minor_units(agreement.currency)
    beside = plan_billed(promises, found.recorded, through=through, digits=digits, slicer=agreement.slicer)
    return joined(plan, beside._replace(complete_on=None) if runs_on else beside)


def load_batch(agreement_ids: Sequence[UUID]) -> Batch:
    """Lock the agreements, then read their terms, facts and what was recognised."""
    agreements = queries.agreements_for_update(agreement_ids)
    lines: dict[UUID, list[TermLine]] = {}
    for line in term_lines(agreement_ids=agreement_ids):
        lines.setdefault(line.agreement_id, []).append(line)
    if any(one.priced for one in agreements.values()):
        _price(agreements, lines)
    recorded = queries.recorded(agreement_ids)
    if slicers := {one.id: one.slicer for one in agreements.values() if one.calendar}:
        recorded = queries.in_slices(recorded, slicers)
    return Batch(agreements, lines, queries.facts_of(agreement_ids), recorded)


def _price(agreements: Mapping[UUID, LockedAgreement], lines: dict[UUID, list[TermLine]]) -> None:
    """Give agreed lines the stand-alone prices that were approved for the day on which each began."""
    priced = [one for one in agreements.values() if one.priced and one.id in lines]
    segments = prices.segments_of(one.id for one in priced)
    for entity_id in {one.entity_id for one in priced}:
        mine = [one for one in priced if one.entity_id == entity_id]
        found = prices.approved_prices(entity_id, (line.product_id for one in mine for line in lines[one.id]))
        for one in mine:
            lines[one.id] = with_approved(lines[one.id], found, segments[one.id])


def _count(result: RevenueRunResult, agreement: LockedAgreement, plan: ContractPlan) -> None:
    if not plan.postings:
        return
    result.agreements += 1
    result.postings += len(plan.postings)
    result.entries += len({posting.month for posting in plan.postings})
    total = Decimal(0)
    for posting in plan.postings:
        key = (agreement.currency, posting.month.replace(day=1), posting.kind)
        result.totals[key] = result.totals.get(key, Decimal(0)) + posting.amount
        total += posting.amount
    if result.preview and len(result.contracts) < KEPT_IN_PREVIEW:
        result.contracts.append((agreement.id, agreement.number, agreement.currency, total))


def _append(
    plans: Sequence[tuple[LockedAgreement, ContractPlan]],
    counts: Mapping[UUID, int],
    *,
    now: datetime,
    actor: str,
) -> None:
    """Append obligations, entries, postings and events, and keep how far each contract was run."""
    sql.insert("obligations", _OBLIGATION_COLUMNS, [row for one in plans for row in _obligation_rows(*one, now)])
    groups = [group for agreement, plan in plans for group in _by_month(agreement, plan)]
    if groups:
        entry_ids = _post(groups, now=now, actor=actor)
        sql.insert("revenue_postings", _POSTING_COLUMNS, list(_posting_rows(groups, entry_ids, now)))
    _keep_states(plans, counts)
    record([_event(agreement, plan) for agreement, plan in plans if plan.postings], now=now, actor=actor)


def _keep_states(plans: Sequence[tuple[LockedAgreement, ContractPlan]], counts: Mapping[UUID, int]) -> None:
    """Keep how far each contract was run: a row for a new one, a change for one that was run before."""
    rows = [(plan.through, counts[agreement.id], plan.complete_on, plan.ahead, agreement) for agreement, plan in plans]
    sql.insert(
        "revenue_states",
        ("agreement_id", "entity_id", "currency", "facts", "through", "complete_on", "ahead"),
        [
            (one.id, one.entity_id, one.currency, facts, through, complete_on, f"{{{','.join(map(str, ahead))}}}")
            for through, facts, complete_on, ahead, one in rows
            if one.through is None
        ],
    )
    known = [row for row in rows if row[-1].through is not None]
    if known:
        sql.execute(
            "UPDATE revenue_states AS s SET facts = c.facts, through = c.through, complete_on = c.complete_on, "
            "ahead = c.ahead::numeric[] FROM unnest(%s::uuid[], %s::int[], %s::date[], %s::date[], %s::text[]) "
            "AS c(agreement_id, facts, through, complete_on, ahead) WHERE s.agreement_id = c.agreement_id",
            (
                [one.id for *_, one in known],
                [facts for _, facts, *_ in known],
                [through for through, *_ in known],
                [complete_on for _, _, complete_on, *_ in known],
                [f"{{{','.join(map(str, ahead))}}}" for *_, ahead, _ in known],
            ),
        )


class _Group(NamedTuple):
    """The postings of a contract in one month: one journal entry, whose source is the first of them."""

    agreement: LockedAgreement
    through: date
    day: date
    ids: list[UUID]
    postings: list[PlannedPosting]


def _by_month(agreement: LockedAgreement, plan: ContractPlan) -> Iterator[_Group]:
    months: dict[date, _Group] = {}
    for posting in plan.postings:
        group = months.get(posting.month)
        if group is None:
            group = months[posting.month] = _Group(agreement, plan.through, posting.day, [], [])
        group.ids.append(new_id())
        group.postings.append(posting)
    return iter(months.values())


def _post(groups: Sequence[_Group], *, now: datetime, actor: str) -> list[UUID]:
    """Post an entry for each group; gives their ids in order."""
    opened = open_or_find_books({group.agreement.entity_id for group in groups}, now=now, actor=actor)
    pairs = {
        (group.agreement.currency, opened[group.agreement.entity_id].currency, group.day)
        for group in groups
        if group.agreement.currency != opened[group.agreement.entity_id].currency
    }
    rates = exchange_rates(pairs) if pairs else {}
    facts = []
    for group in groups:
        agreement = group.agreement
        pair = (agreement.currency, opened[agreement.entity_id].currency, group.day)
        facts.append(_fact(group, rates.get(pair, _ONE)))
    return post(plan_entries(_RULE, facts, opened), now=now, actor=actor, known=opened)


_ONE = Decimal(1)


def _fact(group: _Group, rate: Decimal) -> Fact:
    agreement = group.agreement
    by_kind: dict[str, Decimal] = {}
    total = Decimal(0)
    for posting in group.postings:
        by_kind[posting.kind] = by_kind.get(posting.kind, Decimal(0)) + posting.amount
        total += posting.amount
    parts = list(by_kind.items())
    if not any(by_kind.values()):  # what cancels out is still shown, line by line
        parts = [(posting.kind, posting.amount) for posting in group.postings]
    amounts = (FactAmount("recognised", total), *(FactAmount(kind, amount) for kind, amount in parts))
    number = f"{agreement.number} {group.postings[0].month.isoformat()[:7]}"
    return Fact(
        agreement.entity_id,
        agreement.currency,
        rate,
        group.day,
        group.ids[0],
        number,
        agreement.customer_id,
        agreement.id,
        amounts,
    )


def _posting_rows(groups: Sequence[_Group], entry_ids: Sequence[UUID], now: datetime) -> Iterator[tuple[Any, ...]]:
    for group, entry_id in zip(groups, entry_ids, strict=True):
        for key, posting in zip(group.ids, group.postings, strict=True):
            yield (
                key,
                posting.line_id,
                group.agreement.id,
                posting.month,
                posting.sequence,
                group.through,
                posting.amount,
                entry_id,
                posting.derivation,
                now,
            )


def _obligation_rows(agreement: LockedAgreement, plan: ContractPlan, now: datetime) -> Iterator[tuple[Any, ...]]:
    for one in plan.obligations:
        yield (
            new_id(),
            one.line_id,
            one.version,
            agreement.id,
            one.pattern,
            one.open_ended,
            one.transaction_price,
            one.stand_alone_price,
            one.allocated_price,
            one.derivation,
            now,
        )


def _event(agreement: LockedAgreement, plan: ContractPlan) -> Event:
    total = sum((posting.amount for posting in plan.postings), Decimal(0))
    objects = (ObjectRef("agreement", agreement.id), ObjectRef("customer", agreement.customer_id))
    data = {
        "number": agreement.number,
        "amount": str(total),
        "currency": agreement.currency,
        "through": plan.through.isoformat(),
    }
    return Event("RevenueRecognised", objects, data)
