"""The run of a book: what its choices post otherwise than the journal, as a difference to what it holds.

It looks at contracts whose revenue the journal has run; one that the journal still has to run waits, and is told.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cashline.flow.recognise.books.actions.posting import Adjusted, post_adjustments
from cashline.flow.recognise.books.queries.books import (
    BookRow,
    Due,
    book,
    book_for_update,
    books_of,
    due_arrangements_for_book,
    due_for_book,
    posted_in,
)
from cashline.flow.recognise.books.rules.invoiced import invoiced_of
from cashline.flow.recognise.books.rules.policies import CHOICE, Choice, Policies, check_policies, in_force
from cashline.flow.recognise.books.rules.steps import (
    Flow,
    Flows,
    Invoiced,
    Place,
    adjustments,
    at_stated_prices,
    flows_of_bills,
    flows_of_plan,
    steps_of,
    steps_of_arrangement,
)
from cashline.flow.recognise.revenue.actions.running import Batch, load_batch, plan_agreement
from cashline.flow.recognise.revenue.queries import LockedAgreement, due_agreements
from cashline.flow.recognise.revenue.queries import arrangements as arrangement_queries
from cashline.flow.recognise.revenue.queries.billed import billed_lines
from cashline.flow.recognise.revenue.rules.contracts import NotPlannable, require_near
from cashline.kernel.fiscal import FiscalCalendar, Slicer
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.company.queries import fiscal_calendar

_STATED, _AS_INVOICED = CHOICE["allocation_stated"], CHOICE["timing_as_invoiced"]
_WAITS = "The journal still has to run its revenue: run that first."


@dataclass(slots=True)
class BookRunResult:
    """What a run posted to a book, or in a preview would post; `amounts` by month, account and choice.

    `exceptions` are contracts that could not be compared, each with why; nothing of them was posted.
    """

    book: BookRow
    through: date
    preview: bool
    contracts: int = 0
    entries: int = 0
    amounts: dict[tuple[str, date, str, str], Decimal] = field(default_factory=dict)
    exceptions: list[tuple[UUID, str]] = field(default_factory=list)

    def revenue(self, currency: str) -> Decimal:
        """What the run adds to revenue in a currency."""
        names = ("goods", "subscription", "service")
        return -sum(
            (value for key, value in self.amounts.items() if key[0] == currency and key[2] in names), Decimal(0)
        )


def run_books(
    *,
    through: date,
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    book_ids: Sequence[UUID] | None = None,
    preview: bool = False,
    batch: int = 500,
) -> list[BookRunResult]:
    """Bring books up to and including `through`, by batches of contracts; a second run posts nothing.

    Raises TooFarAhead. With `preview` the same is planned and nothing is written.
    """
    require_near(through, local_day(now, "UTC"))
    wanted = [
        one for one in books_of(None if entity_id is None else [entity_id]) if book_ids is None or one.id in book_ids
    ]
    waiting = {one.entity_id: _waiting(one.entity_id, through) for one in wanted}
    results = []
    for one in wanted:
        result = BookRunResult(one, through, preview)
        _run(result, waiting[one.entity_id], batch, now=now, actor=actor)
        results.append(result)
    return results


def suppose_policies(
    *, book_id: UUID, policies: Policies, through: date, now: datetime, actor: str, batch: int = 500
) -> BookRunResult:
    """What a run would post if a book elected other policies; nothing is written.

    Raises TooFarAhead, and InvalidValue for each choice that its standard does not leave.
    """
    require_near(through, local_day(now, "UTC"))
    row = book(book_id)
    policies = in_force(row.standard, policies)
    raise_all(check_policies(row.standard, policies))
    result = BookRunResult(replace(row, policies=policies, version=_SUPPOSED), through, preview=True)
    _run(result, _waiting(row.entity_id, through), batch, now=now, actor=actor)
    return result


_SUPPOSED = -1
"""The version of policies that nobody decided: no contract was run by them, so all are looked at."""


def _run(result: BookRunResult, waiting: Container[UUID], batch: int, *, now: datetime, actor: str) -> None:
    one = result.book
    for kind, due in (("agreement", due_for_book(one, result.through)), (_ARRANGEMENT, due_arrangements_for_book(one))):
        ready = [each for each in due if each.id not in waiting]
        result.exceptions.extend((each.id, _WAITS) for each in due if each.id in waiting)
        for start in range(0, len(ready), batch):
            with transaction.atomic(savepoint=False):
                _run_batch(kind, ready[start : start + batch], result, now=now, actor=actor)


_ARRANGEMENT = "revenue_arrangement"


def _waiting(entity_id: UUID, through: date) -> frozenset[UUID]:
    """The contracts that the journal has to run first."""
    return frozenset(due_agreements(through=through, entity_id=entity_id)) | frozenset(
        arrangement_queries.due_arrangements(through=through, entity_id=entity_id)
    )


class _Planned(NamedTuple):
    due: Due
    adjusted: Adjusted


def _run_batch(kind: str, due: Sequence[Due], result: BookRunResult, *, now: datetime, actor: str) -> None:
    one = book_for_update(result.book.id)
    if result.book.version == _SUPPOSED:
        one = result.book
    plan = _plan_agreements if kind == "agreement" else _plan_arrangements
    calendar = fiscal_calendar(one.entity_id)
    owners, planned = plan(one, due, calendar, result.exceptions)
    held = posted_in(one.id, [each.id for each in due], calendar.slice_of)
    found: list[_Planned] = []
    for each in due:
        if each.id not in planned:
            continue
        adjusted = Adjusted(*owners[each.id], adjustments(planned[each.id], held[each.id].amounts), each.through)
        found.append(_Planned(each, adjusted))
        _count(result, adjusted)
    if result.preview:
        return
    post_adjustments(one, [each.adjusted for each in found], held, calendar, now=now, actor=actor)
    sql.execute(
        "INSERT INTO book_states (book_id, source_id, facts, through, version) "
        "SELECT %s, r.source_id, r.facts, r.through, %s FROM unnest(%s::uuid[], %s::int[], %s::date[]) "
        "AS r(source_id, facts, through) ON CONFLICT (book_id, source_id) DO UPDATE SET facts = EXCLUDED.facts, "
        "through = EXCLUDED.through, version = EXCLUDED.version",
        (
            one.id,
            one.version,
            [each.due.id for each in found],
            [each.due.facts for each in found],
            [each.due.through for each in found],
        ),
    )


def _count(result: BookRunResult, adjusted: Adjusted) -> None:
    if not adjusted.amounts:
        return
    result.contracts += 1
    result.entries += len({(each.place.month, each.place.contract, each.place.choice) for each in adjusted.amounts})
    for each in adjusted.amounts:
        key = (adjusted.currency, each.place.month.replace(day=1), each.place.account, each.place.choice)
        result.amounts[key] = result.amounts.get(key, Decimal(0)) + each.amount


type Owner = tuple[UUID, str, str, str, UUID | None, Mapping[str, UUID]]
"""Of a contract: its key, kind, number, currency, customer, and the key of each contract by its name."""
type Plans = tuple[dict[UUID, Owner], dict[UUID, dict[Place, Flow]]]


def _plan_agreements(
    one: BookRow, due: Sequence[Due], calendar: FiscalCalendar, exceptions: list[tuple[UUID, str]]
) -> Plans:
    """What the choices of a book post otherwise for agreements, which are locked."""
    choices = [choice for choice in one.policies.differing() if choice in (_STATED, _AS_INVOICED)]
    owners: dict[UUID, Owner] = {}
    planned: dict[UUID, dict[Place, Flow]] = {}
    found = load_batch([each.id for each in due])
    through = {each.id: each.through for each in due}
    bills = _bills(found, through, calendar.slice_of) if _AS_INVOICED in choices else {}
    for agreement in found.agreements.values():
        try:
            steps = _steps(found, agreement, choices, bills.get(agreement.id, []), through[agreement.id])
        except NotPlannable as refusal:
            exceptions.append((agreement.id, refusal.message))
            continue
        planned[agreement.id] = steps
        owners[agreement.id] = (
            *(agreement.id, "agreement", agreement.number, agreement.currency, agreement.customer_id),
            {"": agreement.id},
        )
    return owners, planned


def _bills(found: Batch, through: Mapping[UUID, date], slicer: Slicer) -> dict[UUID, list[Invoiced]]:
    """What was invoiced of the contracts of a batch, each up to its day."""
    rows, credited, digits = billed_lines(found.agreements, every=True)
    kinds = {line.line_id: line.kind for lines in found.lines.values() for line in lines}
    return invoiced_of(rows, credited, digits, kinds, through, slicer)


def _steps(
    found: Batch, agreement: LockedAgreement, choices: Sequence[Choice], bills: Sequence[Invoiced], through: date
) -> dict[Place, Flow]:
    """The journal's plan of a contract from its first day, and then one choice after the other."""
    afresh = found._replace(recorded={})
    plans: list[tuple[Choice | None, Flows]] = []
    if choices:
        plans.append((None, flows_of_plan(plan_agreement(afresh, agreement, through).postings)))
    if _STATED in choices and _AS_INVOICED not in choices:
        lines = {agreement.id: at_stated_prices(found.lines.get(agreement.id, ()))}
        other = plan_agreement(afresh._replace(lines=lines), agreement, through)
        plans.append((_STATED, flows_of_plan(other.postings)))
    if _AS_INVOICED in choices:
        plans.append((_AS_INVOICED, flows_of_bills(bills)))
    return steps_of(plans)


def _plan_arrangements(
    one: BookRow, due: Sequence[Due], calendar: FiscalCalendar, _exceptions: list[tuple[UUID, str]]
) -> Plans:
    """What the choices of a book post otherwise for arrangements, which are locked."""
    owners: dict[UUID, Owner] = {}
    planned: dict[UUID, dict[Place, Flow]] = {}
    rows = arrangement_queries.arrangements_for_update([each.id for each in due])
    facts = arrangement_queries.facts_of([row.id for row in rows])
    through = {each.id: each.through for each in due}
    for row in rows:
        known = facts[row.id]
        planned[row.id] = steps_of_arrangement(known.facts, one.policies, through[row.id], calendar.slice_of)
        owners[row.id] = (row.id, _ARRANGEMENT, row.number, row.currency, row.customer_id, known.contracts)
    return owners, planned
