"""Cases of kind `scenario`: events on the account of one customer, carried out by the real actions.

Every event has an instant of its own, since the clock is moved a microsecond where two share one: so what an event
issued is what was created at its instant, and the order of events is that of their instants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.kernel.periods import local_day
from cashline.kernel.refusals import Refusal
from cashline.surfaces.check import scenario_format as form
from cashline.surfaces.check import scenario_money
from cashline.surfaces.check.billing_format import Conventions, ScenarioCase
from cashline.surfaces.check.results import Difference
from cashline.surfaces.check.scenario_comparison import compare
from cashline.surfaces.check.scenario_outcome import invoices_by_instant
from cashline.surfaces.check.scenario_setup import Account, open_account

ACTOR = "program:check"


class NotCarriedOut(Refusal):
    """The program has no action for what a case asks."""

    code = "not_carried_out"


@dataclass(slots=True)
class Stage:
    """A case that is being carried out: its account, and the instant of each event so far."""

    case: ScenarioCase
    account: Account
    instants: dict[str, datetime] = field(default_factory=dict)
    subscriptions: dict[str, UUID] = field(default_factory=dict)
    last: datetime | None = None

    def instant_of(self, event: form.Event) -> datetime:
        """The instant of an event; a microsecond after the one before where they share it."""
        at = event.at.instant(self.case.timezone.name)
        if self.last is not None and at <= self.last:
            at = self.last + timedelta(microseconds=1)
        self.last = self.instants[event.id] = at
        return at

    def day(self, at: datetime) -> date:
        """The day of an instant in the time zone of the case."""
        return local_day(at, self.case.timezone.name)

    def invoices_of(self, event_id: str) -> list[UUID]:
        """The invoices that an event issued; raises NotCarriedOut for one that was not carried out before."""
        if event_id not in self.instants:
            raise NotCarriedOut(f"The event {event_id!r} was not carried out before.")
        return invoices_by_instant(self.instants.values())[self.instants[event_id]].ids

    def subscription(self, name: str) -> UUID:
        """The subscription of a name; raises NotCarriedOut."""
        if name not in self.subscriptions:
            raise NotCarriedOut(f"No event has started the subscription {name!r}.")
        return self.subscriptions[name]


def differences(case: ScenarioCase, conventions: Conventions) -> list[Difference]:
    """Carry the case out in the scratch company that is open, under the conventions, and compare what came out."""
    from cashline.platform.clock.actions import move_clock
    from cashline.platform.clock.queries import read_clock

    stage = Stage(case, open_account(case, conventions))
    for event in case.events:
        move_clock(stage.instant_of(event))
        _HANDLERS[type(event)](stage, event, read_clock().now)
    return compare(case, stage.instants)


def _subscribe(stage: Stage, event: form.Subscribe, now: datetime) -> None:
    from cashline.flow.deliver.subscriptions.actions import NewSubscription, subscribe

    account = stage.account
    new = NewSubscription(account.customer_id, account.entity_id, account.plans[event.plan], event.quantity)
    stage.subscriptions[event.sub] = subscribe([new], now=now, actor=ACTOR)[0]


def _change(stage: Stage, name: str, kind: str, now: datetime, **values: Any) -> None:
    from cashline.flow.deliver.subscriptions.actions import change_lives
    from cashline.flow.deliver.subscriptions.rules import LifeChange, LifeKind, OnConflict

    change = LifeChange(stage.subscription(name), LifeKind(kind), on_conflict=OnConflict.REPLACE, **values)
    change_lives([change], now=now, actor=ACTOR)


def _change_plan(stage: Stage, event: form.ChangePlan, now: datetime) -> None:
    plan_id = stage.account.plans[event.plan]
    _change(stage, event.sub, "plan_changed", now, effect=_effect(event.effective), plan_id=plan_id)


def _change_quantity(stage: Stage, event: form.ChangeQuantity, now: datetime) -> None:
    effect = _effect(event.effective)
    _change(stage, event.sub, "quantity_changed", now, effect=effect, quantity=event.quantity)


def _effect(word: str) -> Any:
    from cashline.flow.deliver.subscriptions.rules import Effect

    return Effect.PERIOD_END if word == "period_end" else Effect.NOW


def _cancel(stage: Stage, event: form.Cancel, now: datetime) -> None:
    from cashline.flow.deliver.subscriptions.rules import Unused

    unused = Unused(event.unused or "credit")
    _change(stage, event.sub, "cancelled", now, unused=unused, final_invoice=event.final_invoice)


def _pause(stage: Stage, event: form.Pause, now: datetime) -> None:
    _change(stage, event.sub, "paused", now)


def _resume(stage: Stage, event: form.Resume, now: datetime) -> None:
    _change(stage, event.sub, "resumed", now)


def _usage(stage: Stage, event: form.Usage, now: datetime) -> None:
    """Report usage; a count of several events is that many events."""
    from cashline.flow.deliver.usage.actions import record_usage
    from cashline.flow.deliver.usage.rules.events import NewUsage
    from cashline.kernel.identifiers import public

    subscription = public("subscription", stage.subscription(event.sub))
    properties = {event.dimension: event.value} if event.dimension and event.value is not None else {}
    quantities: list[Decimal | None] = [event.quantity]
    if stage.account.counted(event.metric) and event.quantity is not None:
        quantities = [None] * int(event.quantity)
    new = [
        NewUsage(
            "check", f"{event.id}-{index}", subscription, event.metric, now, quantity, event.item or "", properties
        )
        for index, quantity in enumerate(quantities)
    ]
    refused = record_usage(new, now=now, actor=ACTOR).refused
    if refused:
        raise NotCarriedOut(f"{event.id}: {refused[0].wrong.message}")


def _bill_run(stage: Stage, _event: form.BillRun, now: datetime) -> None:
    from cashline.flow.invoice.billing.actions import run_bills

    result = run_bills(as_of=stage.day(now), now=now, actor=ACTOR)
    if result.exceptions:
        raise NotCarriedOut(f"The run parked the account: {result.exceptions[0].message}")


def _coupon(stage: Stage, event: form.Coupon, now: datetime) -> None:
    scenario_money.grant_coupon(stage.account, event, stage.day(now), now)


def _top_up(stage: Stage, event: form.WalletTopup, now: datetime) -> None:
    scenario_money.top_up(stage.account, event, stage.day(now), now)


def _pay(stage: Stage, event: form.Payment, now: datetime) -> None:
    scenario_money.pay(stage.account, event, stage.invoices_of(event.invoice_of), stage.day(now), now)


def _credit(stage: Stage, event: form.CreditNote, now: datetime) -> None:
    scenario_money.credit(event, stage.invoices_of(event.invoice_of), stage.day(now), now)


def _one_off(stage: Stage, event: form.OneOffInvoice, now: datetime) -> None:
    scenario_money.invoice_once(stage.account, event, stage.day(now), now)


_HANDLERS: Mapping[type, Callable[[Stage, Any, datetime], None]] = {
    form.Subscribe: _subscribe,
    form.ChangePlan: _change_plan,
    form.ChangeQuantity: _change_quantity,
    form.Cancel: _cancel,
    form.Pause: _pause,
    form.Resume: _resume,
    form.Usage: _usage,
    form.BillRun: _bill_run,
    form.Coupon: _coupon,
    form.WalletTopup: _top_up,
    form.Payment: _pay,
    form.CreditNote: _credit,
    form.OneOffInvoice: _one_off,
}
