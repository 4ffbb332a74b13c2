"""Subscriptions to rate plans over the year of the demo: who subscribes, what they change, use, pause and cancel."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.plans.actions import NewPlan, publish_plans, set_index_values
from cashline.flow.agree.plans.queries import plan_of
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.actions import (
    NewSubscription,
    advance_campaigns,
    change_lives,
    create_campaign,
    move_campaign,
    renew_due,
    show_lives,
    skip_changes,
    subscribe,
)
from cashline.flow.deliver.subscriptions.queries import lives_by_id
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind, TermAsked, UpliftPolicy
from cashline.flow.deliver.subscriptions.rules.campaigns import NewCampaign
from cashline.flow.deliver.usage.actions import create_meters, record_usage
from cashline.flow.deliver.usage.rules import Aggregation, Meter, NewMeter, NewUsage
from cashline.flow.invoice.billing.actions import set_billing_policy
from cashline.flow.invoice.billing.queries.plans import charges_of
from cashline.flow.invoice.billing.rules.waiting import BillingPolicy
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import round_to
from cashline.surfaces.demo.behaviour import chance_for
from cashline.surfaces.demo.cast import ENTITIES, PER_EURO
from cashline.surfaces.demo.company import Buyer, DemoCompany

PLANS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("FLEET-S", "Fleet watch, small", "79.00", {"interval": "month", "trial_days": 14}),
    ("FLEET-M", "Fleet watch, medium", "249.00", {
        "interval": "month", "anchor": {"kind": "calendar"},
        "charges": [{"meter": "readings", "charge": {"model": "unit", "price": "0.002"}}],
        "add_ons": [{"code": "sms-alerts", "units": "0", "unit_price": "15.00"}],
    }),
    ("FLEET-L", "Fleet watch, large, by the year", "8400.00", {"interval": "year", "minimum_commitment": "9000.00"}),
)  # fmt: skip
SUBSCRIBERS, CHANGES_A_WEEK = 48, 2
INDEX, INDEX_NAME = "DE-VPI", "Consumer prices in Germany, as the company keeps them"


@dataclass(slots=True)
class Plans:
    """Who has subscribed, and what is due on which day."""

    company: DemoCompany
    start: date
    end: date
    chance: Any = field(default_factory=lambda: chance_for("plans"))
    versions: dict[tuple[str, str], UUID] = field(default_factory=dict)
    joins: dict[date, list[Buyer]] = field(default_factory=lambda: defaultdict(list))
    running: list[UUID] = field(default_factory=list)
    paused: list[UUID] = field(default_factory=list)

    def set_up(self, now: datetime) -> None:
        """Publish the plans in each currency, a meter, and the index that renewals follow; draw who joins when."""
        who: dict[str, Any] = {"now": now, "actor": "system:demo"}
        meter = Meter("readings", Aggregation.SUM)
        create_meters([NewMeter(meter, "Sensor readings")], **who)
        for currency, factor in PER_EURO.items():
            names = [
                (code if currency == "EUR" else f"{code}-{currency}", name, code) for code, name, _fee, _more in PLANS
            ]
            terms = [PlanTerms.from_json(_in_currency(fee, more, factor)) for _code, _name, fee, more in PLANS]
            new = [NewPlan(own, name, currency, one) for (own, name, _), one in zip(names, terms, strict=True)]
            for (_own, _name, code), key in zip(names, publish_plans(new, **who), strict=True):
                self.versions[code, currency] = key
        months = {add_months(self.start, -place): Decimal(1190 - 2 * place) / 10 for place in range(12)}
        set_index_values(code=INDEX, name=INDEX_NAME, values=months, **who)
        days = (self.end - self.start).days
        for place, buyer in enumerate(self.chance.sample(self.company.buyers, SUBSCRIBERS)):
            self.joins[self.start + timedelta(days=place * days // (SUBSCRIBERS + 6))].append(buyer)

    def day(self, today: date, now: datetime) -> list[UUID]:
        """One business day; gives the invoices that it issued, apart from the run."""
        who: dict[str, Any] = {"now": now, "actor": "system:demo"}
        if today.day <= 7 and today.weekday() == 0:
            month = add_months(today.replace(day=1), -1)
            grown = Decimal(1190 + 3 * ((month.year - self.start.year) * 12 + month.month - self.start.month)) / 10
            set_index_values(code=INDEX, name=INDEX_NAME, values={month: grown}, **who)
            self._use(today, who)
        touched = self._join(today, who)
        if today.weekday() == 1:
            touched += self._change(who)
        show_lives(now=now)
        renew_due(**who)
        since = datetime.combine(today, time(), UTC)
        return [
            charge.invoice_id
            for key in dict.fromkeys(touched)
            for charge in charges_of(key, most=20)
            if charge.invoice_id is not None and charge.recorded_at >= since
        ]

    def finish(self, today: date, now: datetime) -> None:
        """On the last day: a price campaign that is applied, and one that waits to be looked at."""
        who: dict[str, Any] = {"now": now, "actor": "system:demo"}
        plan_ids = {code: plan_of(code).plan_id for code in ("FLEET-S", "FLEET-M")}
        done = NewCampaign("Small fleets, spring prices", plan_ids["FLEET-S"], percent=Decimal("4.5"),
                           reason="Costs of carriers rose.")  # fmt: skip
        draft = NewCampaign("Medium fleets, new list price", plan_ids["FLEET-M"], unit_price=Decimal("259.00"),
                            keep_own_prices=True)  # fmt: skip
        key, _ = (create_campaign(one, today=today, **who) for one in (done, draft))
        move_campaign(key, "start", **who)
        advance_campaigns(**who)

    def _join(self, today: date, who: dict[str, Any]) -> list[UUID]:
        due = [buyer for day in sorted(self.joins) if day <= today for buyer in self.joins.pop(day)]
        new = []
        for buyer in due:
            code = self.chance.choice(("FLEET-S", "FLEET-M", "FLEET-M", "FLEET-L"))
            uplift = self.chance.choice((UpliftPolicy(Decimal(3)), UpliftPolicy(index=INDEX, cap=Decimal(4))))
            term = self.chance.choice((TermAsked(), TermAsked(12, None, True, 30, uplift), TermAsked(12)))
            plan, many = self.versions[code, buyer.given.currency], self.chance.randint(1, 9)
            new.append(NewSubscription(buyer.id, buyer.entity_id, plan, Decimal(many), term=term))
        made = subscribe(new, **who)
        self.running += made
        return made

    def _change(self, who: dict[str, Any]) -> list[UUID]:
        """A few changes a week; what contradicts the queue of that subscription is let be."""
        touched: list[UUID] = []
        for key in self.chance.sample(self.running, min(CHANGES_A_WEEK, len(self.running))):
            try:
                changes = self._drawn(key, who["now"])
                change_lives(changes, **who)
            except Refusal:
                continue
            touched.append(key)
            if changes[0].kind in (LifeKind.PAUSED, LifeKind.CANCELLED) and len(changes) == 1:
                self.running.remove(key)
                self.paused += [key] if changes[0].kind is LifeKind.PAUSED else []
        for key in [key for key in self.paused if self.chance.randint(1, 4) == 1]:
            change_lives([LifeChange(key, LifeKind.RESUMED)], **who)
            self.paused.remove(key)
            self.running.append(key)
            touched.append(key)
        return touched

    def _drawn(self, key: UUID, now: datetime) -> list[LifeChange]:
        kind = self.chance.choice(
            ("more", "more", "more", "fewer", "upgrade", "sms", "pause", "skip", "cancel", "price")
        )
        row = lives_by_id([key])[key]
        if kind == "more":
            return [LifeChange(key, LifeKind.QUANTITY_CHANGED, quantity=row.quantity + self.chance.randint(1, 4))]
        if kind == "fewer":
            fewer = max(row.quantity - 1, Decimal(1))
            return [LifeChange(key, LifeKind.QUANTITY_CHANGED, Effect.PERIOD_END, quantity=fewer)]
        if kind == "upgrade":
            plan = self.versions["FLEET-M", row.currency]
            return [LifeChange(key, LifeKind.PLAN_CHANGED, plan_id=plan, reason="Outgrew the small plan.")]
        if kind == "sms":
            return [LifeChange(key, LifeKind.ADD_ON_CHANGED, quantity=Decimal(1), unit_price=Decimal(15),
                               add_on="sms-alerts")]  # fmt: skip
        if kind == "price":
            lower = round_to(row.unit_price * 9 / 10, 2)
            return [LifeChange(key, LifeKind.PRICE_CHANGED, Effect.PERIOD_END, unit_price=lower, reason="Loyalty.")]
        if kind == "skip":
            return skip_changes(key, 1, now=now, reason="Works holidays.")
        if kind == "pause":
            return [LifeChange(key, LifeKind.PAUSED, reason="Plant is rebuilt.")]
        return [LifeChange(key, LifeKind.CANCELLED, Effect.PERIOD_END, reason="Moved to another system.")]

    def _use(self, today: date, who: dict[str, Any]) -> None:
        """A month of readings of those whose plan counts them."""
        at = who["now"] - timedelta(days=10)
        rows = [row for row in lives_by_id(self.running).values() if row.plan_code.startswith("FLEET-M")]
        events = [
            NewUsage("demo", f"{today:%Y-%m}-{row.number}", row.number, "readings", at,
                     quantity=Decimal(self.chance.randint(8_000, 60_000)))
            for row in sorted(rows, key=lambda row: row.number)
            if row.activated_on is not None and row.activated_on < at.date()
        ]  # fmt: skip
        if self._is_last(today):
            self._run_away(events, who)
        if events:
            record_usage(events, **who)

    def _is_last(self, today: date) -> bool:
        """Is no month of readings recorded after this one?"""
        month = add_months(today.replace(day=1), 1)
        return month + timedelta(days=-month.weekday() % 7) > self.end

    def _run_away(self, events: list[NewUsage], who: dict[str, Any]) -> None:
        """The German entity has its bills held that are out of line; a sensor that repeats itself makes two such."""
        policy = BillingPolicy(gated=True, tolerance=Decimal(60), first_limit=Decimal(60_000))
        german = self.company.entities[ENTITIES[0].code]
        set_billing_policy(entity_id=german, policy=policy, **who)
        theirs = {row.number for row in lives_by_id(self.running).values() if row.entity_id == german}
        for place in [place for place, event in enumerate(events) if event.subscription in theirs][:2]:
            events[place] = replace(events[place], quantity=Decimal(2_400_000))


def _in_currency(fee: str, more: dict[str, Any], factor: Decimal) -> dict[str, Any]:
    """The terms of a plan with its fee in a currency."""
    amount = str(round_to(Decimal(fee) * factor, 2))
    commitment = more.get("minimum_commitment")
    scaled = {"minimum_commitment": str(round_to(Decimal(commitment) * factor, 2))} if commitment else {}
    return {"base_fee": amount} | more | scaled
