"""The run over arrangements: plan from the facts, post the difference day by day; a second run posts nothing.

Facts that come late or for closed months are caught up in the first open one by the ledger; the posting keeps the day
to which it belongs, so that a later run compares like with like.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from cashline.flow.recognise.ledger.actions import open_or_find_books, plan_entries, post
from cashline.flow.recognise.ledger.rules.posting import POSTING, Fact, FactAmount, Side
from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.queries.arrangements import ArrangementRow, KnownFacts
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.flow.recognise.revenue.rules.standard.accounting import posting_name
from cashline.flow.recognise.revenue.rules.standard.postings import (
    ArrangementPlan,
    DayPosting,
    ahead_by_month,
    plan_postings,
)
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import local_day
from cashline.platform import sql
from cashline.platform.company.queries import (
    entities_by_id,
    exchange_rates,
    fiscal_calendars,
    known_exchange_rates,
)
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

_RULE = POSTING["ArrangementRecognised"]
_DEBITS = {line.amount for line in _RULE.lines if line.side is Side.DEBIT}
_COLUMNS = (
    *("id", "arrangement_id", "contract", "day", "account", "subject", "nature", "sequence", "amount", "entry_id"),
    *("derivation", "created_at"),
)


@dataclass(slots=True)
class ArrangementRunResult:
    """What a run posted, or in a preview would post: arrangements, entries, and (day, account, subject, amount).

    `exceptions` are arrangements of which a judgement was refused, each with why; none of their revenue is recognised.
    """

    through: date
    preview: bool
    arrangements: int = 0
    entries: int = 0
    postings: int = 0
    exceptions: list[tuple[UUID, str]] = field(default_factory=list)
    amounts: list[tuple[UUID, DayPosting]] = field(default_factory=list)

    def revenue(self) -> Decimal:
        """Revenue of the run over all currencies; meant for a single one."""
        return -sum((one.amount for _, one in self.amounts if one.key.account == "revenue"), Decimal(0))


def recognise_arrangements(
    *,
    through: date,
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    arrangement_ids: Sequence[UUID] | None = None,
    preview: bool = False,
    batch: int = 200,
) -> ArrangementRunResult:
    """Post what follows from the facts of arrangements up to and including `through`, by batches.

    An arrangement that was run further before is not run back. With `preview` nothing is written. Raises TooFarAhead.
    """
    require_near(through, local_day(now, "UTC"))
    result = ArrangementRunResult(through, preview)
    due = queries.due_arrangements(through=through, entity_id=entity_id, arrangement_ids=arrangement_ids)
    for start in range(0, len(due), batch):
        with transaction.atomic(savepoint=False):
            _run_batch(due[start : start + batch], result, now=now, actor=actor)
    return result


class _Planned(NamedTuple):
    row: ArrangementRow
    known: KnownFacts
    through: date
    plan: ArrangementPlan


def _run_batch(keys: Sequence[UUID], result: ArrangementRunResult, *, now: datetime, actor: str) -> None:
    rows = queries.arrangements_for_update(keys)
    facts, posted = queries.facts_of(keys), queries.posted_of(keys)
    calendars = fiscal_calendars({row.entity_id for row in rows})
    planned: list[_Planned] = []
    for row in rows:
        through = max(result.through, row.through or result.through)
        slicer = calendars[row.entity_id].slice_of
        plan = plan_postings(facts[row.id].facts, posted[row.id], through, ran_through=row.through, slicer=slicer)
        planned.append(_Planned(row, facts[row.id], through, plan))
    planned = _rated(planned, result)
    for row, _, _, plan in planned:
        for name, amount in plan.refused.items():
            why = f"The residual of {name} is {amount}, outside its range (606-10-32-34(c))."
            result.exceptions.append((row.id, why))
        result.arrangements += bool(plan.postings)
        result.postings += len(plan.postings)
        result.entries += len({(one.day, one.key.contract) for one in plan.postings})
        result.amounts.extend((row.id, one) for one in plan.postings)
    if not result.preview:
        _append(planned, now=now, actor=actor)


def _rated(planned: list[_Planned], result: ArrangementRunResult) -> list[_Planned]:
    """Those whose exchange rates are known; the others wait for theirs, and are told."""
    own = {key: one.currency for key, one in entities_by_id({one.row.entity_id for one in planned}).items()}
    pairs = {
        one.row.id: {
            (one.row.currency, own[one.row.entity_id], posting.day)
            for posting in one.plan.postings
            if one.row.currency != own[one.row.entity_id]
        }
        for one in planned
    }
    wanted = {pair for those in pairs.values() for pair in those}
    missing = wanted - known_exchange_rates(wanted).keys()
    for key, those in pairs.items():
        if not those.isdisjoint(missing):
            source, target, day = min(those & missing)
            result.exceptions.append((key, f"No exchange rate from {source} to {target} is known up to {day}."))
    return [one for one in planned if pairs[one.row.id].isdisjoint(missing)]


class _Group(NamedTuple):
    """What is posted of a contract for one day: one journal entry, whose source is the first posting."""

    planned: _Planned
    ids: list[UUID]
    postings: list[DayPosting]


def _append(planned: Sequence[_Planned], *, now: datetime, actor: str) -> None:
    groups = [group for one in planned for group in _by_day(one)]
    if groups:
        entry_ids = _post(groups, now=now, actor=actor)
        sql.insert("arrangement_postings", _COLUMNS, list(_posting_rows(groups, entry_ids, now)))
    sql.execute(
        "UPDATE revenue_arrangements a SET through = r.through, facts_run = r.facts, remaining = r.remaining, "
        "ahead = r.ahead::numeric[] FROM unnest(%s::uuid[], %s::date[], %s::int[], %s::numeric[], %s::text[]) "
        "AS r(id, through, facts, remaining, ahead) WHERE a.id = r.id",
        (
            [one.row.id for one in planned],
            [one.through for one in planned],
            [one.known.total for one in planned],
            [sum((each.remaining for each in one.plan.moment.obligations()), Decimal(0)) for one in planned],
            ["{" + ",".join(map(str, ahead_by_month(one.known.facts, one.through))) + "}" for one in planned],
        ),
    )
    record([_event(one) for one in planned if one.plan.postings], now=now, actor=actor)


def _by_day(one: _Planned) -> Iterator[_Group]:
    groups: dict[tuple[date, str], _Group] = {}
    for posting in one.plan.postings:
        group = groups.setdefault((posting.day, posting.key.contract), _Group(one, [], []))
        group.ids.append(new_id())
        group.postings.append(posting)
    return iter(groups.values())


def _post(groups: Sequence[_Group], *, now: datetime, actor: str) -> list[UUID]:
    """Post an entry for each group; gives their ids in order."""
    opened = open_or_find_books({group.planned.row.entity_id for group in groups}, now=now, actor=actor)
    pairs = {
        (group.planned.row.currency, own, group.postings[0].day)
        for group in groups
        if group.planned.row.currency != (own := opened[group.planned.row.entity_id].currency)
    }
    rates = exchange_rates(pairs) if pairs else {}
    facts = []
    for group in groups:
        row = group.planned.row
        rate = rates.get((row.currency, opened[row.entity_id].currency, group.postings[0].day), Decimal(1))
        facts.append(_fact(group, rate))
    return post(plan_entries(_RULE, facts, opened), now=now, actor=actor, known=opened)


def _fact(group: _Group, rate: Decimal) -> Fact:
    row, known = group.planned.row, group.planned.known
    patterns = group.planned.plan.moment.patterns()
    named = [(posting_name(posting.key, patterns), posting.amount) for posting in group.postings]
    amounts = tuple(FactAmount(name, amount if name in _DEBITS else -amount) for name, amount in named)
    first = group.postings[0]
    return Fact(
        row.entity_id,
        row.currency,
        rate,
        first.day,
        group.ids[0],
        f"{row.number} {first.key.contract} {first.day.isoformat()}",
        row.customer_id,
        known.contracts.get(first.key.contract),
        amounts,
    )


def _posting_rows(groups: Sequence[_Group], entry_ids: Sequence[UUID], now: datetime) -> Iterator[tuple[Any, ...]]:
    for group, entry_id in zip(groups, entry_ids, strict=True):
        for key, one in zip(group.ids, group.postings, strict=True):
            derivation = msgspec.json.encode(one.derivation.as_json()).decode()
            yield (
                *(key, group.planned.row.id, one.key.contract, one.day, one.key.account, one.key.subject),
                *(one.key.nature, one.sequence, one.amount, entry_id, derivation, now),
            )


def _event(one: _Planned) -> Event:
    revenue = -sum((each.amount for each in one.plan.postings if each.key.account == "revenue"), Decimal(0))
    objects = [ObjectRef("revenue_arrangement", one.row.id)]
    if one.row.customer_id:
        objects.append(ObjectRef("customer", one.row.customer_id))
    data = {
        "number": one.row.number,
        "revenue": str(revenue),
        "currency": one.row.currency,
        "through": one.through.isoformat(),
    }
    return Event("ArrangementRecognised", tuple(objects), data)
