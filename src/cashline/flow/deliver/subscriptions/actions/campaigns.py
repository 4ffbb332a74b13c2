"""Price campaigns: drafted, applied by batches exactly once, stopped, resumed, and undone before their date."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.flow.agree.plans.queries import versions_of
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.actions.living import change_lives, first_words, refused_changes
from cashline.flow.deliver.subscriptions.queries.campaigns import CampaignRow, Concerned
from cashline.flow.deliver.subscriptions.rules.campaigns import (
    CAMPAIGN,
    CampaignEffective,
    CampaignStatus,
    NewCampaign,
    campaign_change,
    campaign_errors,
    campaign_price,
)
from cashline.flow.deliver.subscriptions.rules.changing import LifeChange
from cashline.flow.deliver.subscriptions.rules.facts import LifeKind
from cashline.kernel.identifiers import new_id
from cashline.kernel.money import minor_units
from cashline.kernel.refusals import Conflict, InvalidValue, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef

AT_ONCE = 200
"""How many subscriptions are one transaction."""
_EVENTS = {
    "start": "PriceCampaignStarted",
    "stop": "PriceCampaignStopped",
    "resume": "PriceCampaignResumed",
    "complete": "PriceCampaignApplied",
    "undo": "PriceCampaignUndoStarted",
    "finish": "PriceCampaignUndone",
    "discard": "PriceCampaignDiscarded",
}


class NothingToUndo(Conflict):
    """Every change of the campaign has taken effect."""

    code = "nothing_to_undo"


@transaction.atomic
def create_campaign(new: NewCampaign, *, today: date, now: datetime, actor: str) -> UUID:
    """Draft a campaign; nothing changes before it is started. Raises all errors at once."""
    errors = list(campaign_errors(new, today))
    versions = versions_of(new.plan_id)
    if not versions:
        errors.append(InvalidValue("There is no such plan.", field="plan"))
    if new.version_id is not None and new.version_id not in {version.id for version in versions}:
        errors.append(InvalidValue("The plan has no such version.", field="version"))
    raise_all(errors)
    key = new_id()
    values: dict[str, Any] = {
        "id": key,
        "name": new.name.strip(),
        "plan_id": new.plan_id,
        "version_id": new.version_id,
        "entity_id": new.entity_id,
        "unit_price": new.unit_price,
        "percent": new.percent,
        "effective": new.effective.value,
        "effective_on": new.effective_on if new.effective is CampaignEffective.ON else None,
        "keep_own_prices": new.keep_own_prices,
        "reason": new.reason.strip(),
        "status": CampaignStatus.DRAFT.value,
        "created_at": now,
    }
    sql.insert("price_campaigns", tuple(values), [tuple(values.values())])
    record([_event("PriceCampaignDrafted", key, new.name)], now=now, actor=actor)
    return key


@transaction.atomic
def move_campaign(campaign_id: UUID, verb: str, *, now: datetime, actor: str) -> CampaignRow:
    """Start, stop, resume, undo or discard a campaign; raises NotFound, IllegalTransition, NothingToUndo."""
    row = queries.campaign_for_update(campaign_id)
    CAMPAIGN.target(verb, row.status, document_id=str(row.id))
    if verb == "undo" and not queries.to_undo(row.id, now=now, limit=1):
        raise NothingToUndo("Nothing of it can be taken back: what it changed has taken effect.", field="status")
    _move(row, verb, now=now, actor=actor)
    return queries.campaign(campaign_id)


def _move(row: CampaignRow, verb: str, *, now: datetime, actor: str) -> None:
    status = CAMPAIGN.target(verb, row.status, document_id=str(row.id))
    started = now if verb == "start" else row.started_at
    sql.execute(
        "UPDATE price_campaigns SET status = %s, started_at = %s WHERE id = %s", (status.value, started, row.id)
    )
    record([_event(_EVENTS[verb], row.id, row.name)], now=now, actor=actor)


def advance_campaigns(*, now: datetime, actor: str) -> int:
    """Carry out all campaigns that are under way to their end; gives how many subscriptions they came to."""
    done = 0
    for key in queries.campaigns_under_way():
        while found := advance_campaign(key, now=now, actor=actor):
            done += found
    return done


@transaction.atomic
def advance_campaign(campaign_id: UUID, *, now: datetime, actor: str, limit: int = AT_ONCE) -> int:
    """Carry out the next batch of a campaign; gives how many subscriptions it came to, 0 when there are no more.

    The batch and how far the campaign is are one transaction: killed, it goes on where it was.
    """
    row = queries.campaign_for_update(campaign_id)
    if row.status == CampaignStatus.UNDOING:
        return _undo(row, limit, now=now, actor=actor)
    if row.status != CampaignStatus.RUNNING:
        return 0
    found = queries.concerned(row, after=row.last_id, limit=limit)
    if not found:
        _move(row, "complete", now=now, actor=actor)
        return 0
    members = _apply(row, found, now=now, actor=actor)
    columns = (
        "id", "campaign_id", "subscription_id", "fact_id", "quantity", "old_price", "new_price", "effective_at",
        "refused",
    )  # fmt: skip
    sql.insert("price_campaign_members", columns, members)
    refused = sum(1 for member in members if member[-1])
    sql.execute(
        "UPDATE price_campaigns SET last_id = %s, done = done + %s, refused = refused + %s WHERE id = %s",
        (found[-1].id, len(found), refused, row.id),
    )
    return len(found)


def _apply(row: CampaignRow, found: Sequence[Concerned], *, now: datetime, actor: str) -> list[tuple[Any, ...]]:
    """Change the prices together or, where one is refused, each by itself; gives the members to keep."""
    prices = _prices(row, found)
    outcomes = _together(_changes(row, found, prices), now=now, actor=actor)
    instants = queries.instants_of(key for key, _why in outcomes if key is not None)
    return [
        (new_id(), row.id, one.id, key, one.quantity, one.unit_price, prices[one.id],
         instants[key] if key is not None else None, why[:500])
        for one, (key, why) in zip(found, outcomes, strict=True)
    ]  # fmt: skip


def cannot_follow(row: CampaignRow, found: Sequence[Concerned], *, now: datetime) -> dict[UUID, str]:
    """Which of those that a campaign concerns could not follow it now, and why: by the rule of its batches."""
    doubtful = [one for one in found if not one.settled]
    refused: dict[UUID, str] = {}
    for first in range(0, len(doubtful), AT_ONCE):
        batch = doubtful[first : first + AT_ONCE]
        refused |= refused_changes(_changes(row, batch, _prices(row, batch)), now=now)
    return refused


def _prices(row: CampaignRow, found: Sequence[Concerned]) -> dict[UUID, Decimal]:
    """The new price of each."""
    return {
        one.id: campaign_price(row.percent, row.unit_price, one.unit_price, minor_units(one.currency)) for one in found
    }


def _changes(row: CampaignRow, found: Sequence[Concerned], prices: Mapping[UUID, Decimal]) -> list[LifeChange]:
    """The change of each."""
    return [
        campaign_change(
            one.id, prices[one.id], CampaignEffective(row.effective), row.effective_on, term_ends_on=one.term_ends_on,
            reason=row.reason or row.name,
        )
        for one in found
    ]  # fmt: skip


def _together(changes: Sequence[LifeChange], *, now: datetime, actor: str) -> list[tuple[UUID | None, str]]:
    """The fact of each change, or why it was refused."""
    try:
        return [(key, "") for key in change_lives(changes, now=now, actor=actor)]
    except Refusal as refusal:
        if len(changes) == 1:
            return [(None, first_words(refusal))]
    return [_together([change], now=now, actor=actor)[0] for change in changes]


def _undo(row: CampaignRow, limit: int, *, now: datetime, actor: str) -> int:
    found = queries.to_undo(row.id, now=now, limit=limit)
    if not found:
        _move(row, "finish", now=now, actor=actor)
        return 0
    taken = [
        LifeChange(key, LifeKind.WITHDRAWN, withdraws=fact, reason=f"{row.name} is undone."[:200])
        for key, fact in found
    ]
    gone = queries.withdrawn_of(fact for _key, fact in found)
    change_lives([one for one in taken if one.withdraws not in gone], now=now, actor=actor)
    sql.execute(
        "UPDATE price_campaign_members SET undone = true WHERE campaign_id = %s AND subscription_id = ANY(%s::uuid[])",
        (row.id, sql.uuids(key for key, _fact in found)),
    )
    sql.execute("UPDATE price_campaigns SET undone = undone + %s WHERE id = %s", (len(found), row.id))
    return len(found)


def _event(type_name: str, key: UUID, name: str) -> Event:
    return Event(type_name, (ObjectRef("price_campaign", key),), {"name": name})
