"""Recording what is known of an arrangement: contracts, judgements, events and costs; facts are only ever added."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from cashline.flow.recognise.revenue.queries import arrangements as queries
from cashline.flow.recognise.revenue.rules.standard.deciding import PARAGRAPHS as PARAGRAPHS_OF_TREATMENTS
from cashline.flow.recognise.revenue.rules.standard.deciding import Change, Decision, Treatment, decide
from cashline.flow.recognise.revenue.rules.standard.facts import ContractCost, ContractFact, EventFact, Modified
from cashline.flow.recognise.revenue.rules.standard.judgements import PARAGRAPHS, Judgement, subject_of
from cashline.flow.recognise.revenue.rules.standard.limits import check_values, require_plannable
from cashline.flow.recognise.revenue.rules.standard.names import check_names, subject_of_event
from cashline.flow.recognise.revenue.rules.standard.planning import Facts
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue, raise_all
from cashline.platform import sql
from cashline.platform.company.queries import entities_by_id
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.numbering.actions import Series, take_numbers

_COLUMNS = (
    *("id", "arrangement_id", "sequence", "kind", "type", "subject", "effective_on", "body", "paragraph", "reason"),
    *("decision", "recorded_by", "recorded_at"),
)


@dataclass(frozen=True, slots=True)
class NewFacts:
    """Facts to record, each kind in its order. `paragraph` and `reason` are said of all judgements and changes.

    `decision` is how the treatment of a modification among them was decided.
    """

    contracts: Sequence[ContractFact] = ()
    judgements: Sequence[Judgement] = ()
    events: Sequence[EventFact] = ()
    costs: Sequence[ContractCost] = ()
    paragraph: str = ""
    reason: str = ""
    decision: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.contracts) + len(self.judgements) + len(self.events) + len(self.costs)


@dataclass(frozen=True, slots=True)
class NewArrangement:
    """An arrangement with the facts that are known at its beginning."""

    entity_id: UUID
    currency: str
    facts: NewFacts = field(default_factory=NewFacts)
    customer_id: UUID | None = None
    title: str = ""


@transaction.atomic
def record_arrangements(
    arrangements: Sequence[NewArrangement], *, today: date, now: datetime, actor: str
) -> list[UUID]:
    """Record arrangements with their first facts; gives their ids. Raises InvalidValue for each unknown name."""
    for one in arrangements:
        _check(Facts(()), _as_facts(one.facts))
    entities = entities_by_id(one.entity_id for one in arrangements)
    series = [
        Series("revenue_arrangement", entities[one.entity_id].code, today.year, one.entity_id) for one in arrangements
    ]
    taken = {
        each: iter(numbers) for each, numbers in take_numbers({each: series.count(each) for each in series}).items()
    }
    keys = [new_id() for _ in arrangements]
    numbers = [next(taken[each]) for each in series]
    sql.insert(
        "revenue_arrangements",
        ("id", "number", "entity_id", "customer_id", "currency", "title", "created_by", "created_at"),
        [
            (key, number, one.entity_id, one.customer_id, one.currency, one.title, actor, now)
            for key, number, one in zip(keys, numbers, arrangements, strict=True)
        ],
    )
    rows = [row for key, one in zip(keys, arrangements, strict=True) for row in _rows(key, 0, one.facts, now, actor)]
    sql.insert("revenue_facts", _COLUMNS, rows)
    events = [
        _event("RevenueArrangementRecorded", key, number, one.facts)
        for key, number, one in zip(keys, numbers, arrangements, strict=True)
    ]
    record(events, now=now, actor=actor)
    return keys


@transaction.atomic
def record_facts(*, arrangement_id: UUID, facts: NewFacts, now: datetime, actor: str) -> int:
    """Add facts to an arrangement; gives how many. A later judgement on a subject replaces the earlier from its day.

    Raises NotFound, and InvalidValue for each name that the arrangement does not know.
    """
    row = queries.arrangement_for_update(arrangement_id)
    known = queries.facts_of([arrangement_id])[arrangement_id]
    _check(known.facts, _as_facts(facts))
    sql.insert("revenue_facts", _COLUMNS, list(_rows(arrangement_id, known.total, facts, now, actor)))
    record([_event("RevenueFactsRecorded", arrangement_id, row.number, facts)], now=now, actor=actor)
    return len(facts)


@transaction.atomic
def modify_arrangement(
    *,
    arrangement_id: UUID,
    change: Change,
    treatment: Treatment | None = None,
    reason: str = "",
    now: datetime,
    actor: str,
) -> Decision:
    """Record a change of a contract, treated as the rule gives it or (with a reason) otherwise; gives the rule's.

    The next run posts what it changes, for closed months in the first open one. Raises what `record_facts` raises.
    """
    queries.arrangement_for_update(arrangement_id)
    known = queries.facts_of([arrangement_id])[arrangement_id].facts
    _check(known, _as_facts(NewFacts(events=[change.treated("prospective")])))
    found = decide(known, change)
    chosen = treatment or found.treatment
    if chosen != found.treatment and not reason.strip():
        sentence = f"The rule gives {found.treatment.replace('_', ' ')}: say why it is {chosen.replace('_', ' ')}."
        raise InvalidValue(sentence, field="reason")
    facts = NewFacts(
        events=[change.treated(chosen)],
        paragraph=PARAGRAPHS_OF_TREATMENTS[chosen],
        reason=reason.strip(),
        decision=found.as_json(chosen),
    )
    record_facts(arrangement_id=arrangement_id, facts=facts, now=now, actor=actor)
    return found


def _check(known: Facts, new: Facts) -> None:
    """Refuse, all at once, unknown names and values beyond bounds; then facts of which no plan can be made."""
    raise_all([*check_values(new), *check_names(known, new)])
    require_plannable(
        Facts(
            known.contracts + new.contracts,
            known.judgements + new.judgements,
            known.events + new.events,
            known.costs + new.costs,
            known.digits,
        )
    )


def _as_facts(facts: NewFacts) -> Facts:
    return Facts(tuple(facts.contracts), tuple(facts.judgements), tuple(facts.events), tuple(facts.costs))


def _rows(key: UUID, count: int, facts: NewFacts, now: datetime, actor: str) -> Iterator[tuple[Any, ...]]:
    sequence, decision = count, msgspec.json.encode(facts.decision).decode()
    said: list[tuple[str, str, str, date, msgspec.Struct, str, str]] = []
    said.extend(("contract", "", one.id, one.inception, one, "", "") for one in facts.contracts)
    for judgement in facts.judgements:
        kind = str(judgement.__struct_config__.tag)
        paragraph = facts.paragraph or PARAGRAPHS[kind]
        said.append(("judgement", kind, subject_of(judgement), judgement.at, judgement, paragraph, facts.reason))
    for event in facts.events:
        kind = str(event.__struct_config__.tag)
        paragraph = facts.paragraph if isinstance(event, Modified) else ""
        said.append(("event", kind, subject_of_event(event), event.at, event, paragraph, facts.reason))
    said.extend(("cost", one.cost_class, one.id, one.at, one, "", "") for one in facts.costs)
    for kind, type_, subject, day, body, paragraph, reason in said:
        yield (
            *(new_id(), key, sequence, kind, type_, subject, day, msgspec.json.encode(body).decode()),
            *(paragraph, reason, decision if isinstance(body, Modified) else "{}", actor, now),
        )
        sequence += 1


def _event(kind: str, key: UUID, number: str, facts: NewFacts) -> Event:
    data: dict[str, Any] = {
        "number": number,
        "contracts": len(facts.contracts),
        "judgements": len(facts.judgements),
        "events": len(facts.events),
        "costs": len(facts.costs),
    }
    return Event(kind, (ObjectRef("revenue_arrangement", key),), data, facts.reason)
