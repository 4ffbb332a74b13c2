"""Price campaigns over live subscriptions: their effect first, then once for each, however often they are begun."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.queries import plan_versions_by_id
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions import queries
from cashline.flow.deliver.subscriptions.actions import (
    NewSubscription,
    advance_campaign,
    advance_campaigns,
    cannot_follow,
    change_lives,
    create_campaign,
    move_campaign,
    subscribe,
)
from cashline.flow.deliver.subscriptions.actions.campaigns import NothingToUndo
from cashline.flow.deliver.subscriptions.jobs import show_changes
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, TermAsked
from cashline.flow.deliver.subscriptions.rules.campaigns import CampaignEffective, NewCampaign
from cashline.flow.invoice.billing.actions import run_bills
from cashline.flow.invoice.billing.queries import Scope, count_due
from cashline.flow.invoice.billing.queries.coming import coming_bills_of
from cashline.flow.recognise.ledger.actions import open_books
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from tests.support.agree import make_customer
from tests.support.invoice import make_tax_rates
from tests.support.world import ACTOR, NOW, TODAY, make_world

TERMS = PlanTerms.from_json({"interval": "month", "base_fee": "31.00"})
FEBRUARY, MARCH = datetime(2026, 2, 16, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC)


@pytest.fixture
def plan(db: object) -> UUID:
    world = make_world()
    make_tax_rates()
    open_books(entity_id=world.berlin, now=NOW, actor=ACTOR)
    (version,) = publish_plans([NewPlan("TEAM", "Team", "EUR", TERMS)], now=NOW, actor=ACTOR)
    customer = make_customer()
    terms = (TermAsked(), TermAsked(months=2, auto_renew=True), TermAsked())
    new = [NewSubscription(customer, world.berlin, version, Decimal(2), term=term) for term in terms]
    keys = subscribe(new, now=NOW, actor=ACTOR)
    change_lives([LifeChange(keys[2], LifeKind.PRICE_CHANGED, unit_price=Decimal(20))], now=NOW, actor=ACTOR)
    return plan_versions_by_id([version])[version].plan_id


def drafted(plan: UUID, **values: object) -> UUID:
    new = NewCampaign("Dearer in spring", plan, **({"percent": Decimal(10)} | values))  # type: ignore[arg-type]
    return create_campaign(new, today=TODAY, now=NOW, actor=ACTOR)


def run(key: UUID, *, limit: int = 200) -> list[int]:
    found = []
    while done := advance_campaign(key, now=NOW, actor=ACTOR, limit=limit):
        found.append(done)
    return found


def test_the_effect_is_seen_first_and_is_what_is_done(plan: UUID) -> None:
    """Two at 31.00 and one at 20.00, two units each: 10 % more is 3.10, 3.10 and 2.00 a unit and month."""
    key = drafted(plan)
    row = queries.campaign(key)
    found = queries.concerned(row)
    (total,) = queries.effect_of_campaign(row, found)
    assert (total.subscriptions, total.before, total.after) == (3, Decimal("1968.00"), Decimal("2164.80"))
    assert run(key) == []
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    assert run(key, limit=2) == [2, 1]
    assert (queries.campaign(key).status, run(key)) == ("applied", [])
    members = queries.members_of(key)
    assert [one.new_price for one in members] == [Decimal("34.10"), Decimal("34.10"), Decimal("22.00")]
    assert [one.effective_at.date().isoformat() for one in members if one.effective_at] == [
        "2026-02-14",
        "2026-03-14",
        "2026-02-14",
    ]
    bills = coming_bills_of(members[0].subscription_id, now=NOW)
    assert bills[0].net == Decimal("68.20")


def test_it_is_carried_out_once_after_a_stop_and_by_the_job(plan: UUID) -> None:
    key = drafted(plan, keep_own_prices=True)
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    assert advance_campaign(key, now=NOW, actor=ACTOR, limit=1) == 1
    move_campaign(key, "stop", now=NOW, actor=ACTOR)
    assert (run(key), advance_campaigns(now=NOW, actor=ACTOR)) == ([], 0)
    move_campaign(key, "resume", now=NOW, actor=ACTOR)
    assert advance_campaigns(now=NOW, actor=ACTOR) == 1
    assert (queries.campaign(key).done, queries.campaign(key).status) == (2, "applied")
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            "INSERT INTO price_campaign_members (id, campaign_id, subscription_id, fact_id, quantity, old_price, "
            "new_price, refused, undone) SELECT gen_random_uuid(), campaign_id, subscription_id, fact_id, quantity, "
            "old_price, new_price, '', false FROM price_campaign_members LIMIT 1"
        )


def test_who_cannot_follow_is_told_and_the_others_do(plan: UUID) -> None:
    row = queries.campaign(drafted(plan))
    gone = queries.concerned(row)[0].id
    key = drafted(
        plan, effective=CampaignEffective.ON, effective_on=date(2026, 6, 1), percent=None, unit_price=Decimal(9)
    )
    own = LifeChange(gone, LifeKind.PRICE_CHANGED, Effect.AT, on=date(2026, 6, 1), unit_price=Decimal(1))
    change_lives([own], now=NOW, actor=ACTOR)
    words = "A change of price is scheduled for 2026-06-01, for the same instant."
    found = queries.concerned(queries.campaign(key))
    assert cannot_follow(queries.campaign(key), found, now=NOW) == {gone: words}
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    assert run(key) == [3]
    refused = [one for one in queries.members_of(key) if one.refused]
    assert [(one.subscription_id, one.refused) for one in refused] == [(gone, words)]


def test_one_that_stands_still_is_told_before(plan: UUID) -> None:
    row = queries.campaign(drafted(plan))
    paused, _, ended = [one.id for one in queries.concerned(row)]
    stop = LifeChange(ended, LifeKind.CANCELLED, Effect.AT, on=date(2026, 2, 1))
    change_lives([LifeChange(paused, LifeKind.PAUSED), stop], now=NOW, actor=ACTOR)
    refused = cannot_follow(row, queries.concerned(row), now=NOW)
    assert refused == {
        paused: "It does not run now, so that no period ends.",
        ended: "It is ended at that instant, and cannot be price changed then.",
    }
    move_campaign(row.id, "start", now=NOW, actor=ACTOR)
    run(row.id)
    assert {one.subscription_id: one.refused for one in queries.members_of(row.id) if one.refused} == refused


def test_what_a_campaign_changes_later_is_not_due_now(plan: UUID) -> None:
    run_bills(as_of=TODAY, now=NOW, actor=ACTOR)
    assert count_due(Scope(TODAY)) == 0
    key = drafted(plan)
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    run(key)
    assert count_due(Scope(TODAY)) == 0
    move_campaign(key, "undo", now=NOW, actor=ACTOR)
    run(key)
    assert count_due(Scope(TODAY)) == 0
    assert run_bills(as_of=TODAY, now=NOW, actor=ACTOR).invoices == 0
    move_campaign(again := drafted(plan), "start", now=NOW, actor=ACTOR)
    run(again)
    assert run_bills(as_of=FEBRUARY.date(), now=FEBRUARY, actor=ACTOR).totals[0].net == Decimal("174.20")


def test_it_is_undone_before_its_date_and_no_later(plan: UUID) -> None:
    key = drafted(plan)
    move_campaign(key, "start", now=NOW, actor=ACTOR)
    run(key)
    show_changes(now=FEBRUARY, actor=ACTOR)
    move_campaign(key, "undo", now=FEBRUARY, actor=ACTOR)
    assert advance_campaign(key, now=FEBRUARY, actor=ACTOR) == 1
    assert advance_campaign(key, now=FEBRUARY, actor=ACTOR) == 0
    row = queries.campaign(key)
    assert (row.status, row.undone) == ("undone", 1)
    with pytest.raises(IllegalTransition):
        move_campaign(key, "undo", now=FEBRUARY, actor=ACTOR)
    other = drafted(plan)
    move_campaign(other, "start", now=NOW, actor=ACTOR)
    run(other)
    with pytest.raises(NothingToUndo):
        move_campaign(other, "undo", now=datetime(2027, 1, 1, tzinfo=UTC), actor=ACTOR)


def test_what_is_wrong_comes_at_once(plan: UUID) -> None:
    with pytest.raises(Refusals) as refused:
        drafted(plan, unit_price=Decimal(-1), effective=CampaignEffective.ON, effective_on=TODAY)
    assert {one.field for one in refused.value} >= {"unit_price", "effective_on"}
