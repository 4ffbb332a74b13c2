"""Price campaigns: another price for all who subscribe to a plan, from their next renewal or a day to come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.changing import Effect, LifeChange
from cashline.flow.deliver.subscriptions.rules.facts import LifeKind
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.periods import IntervalUnit
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import divide, round_to

HUNDRED = Decimal(100)
A_YEAR: Mapping[IntervalUnit, int] = {
    IntervalUnit.WEEK: 52,
    IntervalUnit.MONTH: 12,
    IntervalUnit.QUARTER: 4,
    IntervalUnit.HALF_YEAR: 2,
    IntervalUnit.YEAR: 1,
}
"""How many periods of a plan a year has, for the effect in total."""


class CampaignStatus(StrEnum):
    """Where a campaign stands; running and undoing go on by batches."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DISCARDED = "discarded"


_S = CampaignStatus
CAMPAIGN = Lifecycle(
    "price campaign",
    ("start", [_S.DRAFT], _S.RUNNING),
    ("discard", [_S.DRAFT], _S.DISCARDED),
    ("stop", [_S.RUNNING], _S.STOPPED),
    ("resume", [_S.STOPPED], _S.RUNNING),
    ("complete", [_S.RUNNING], _S.APPLIED),
    ("undo", [_S.STOPPED, _S.APPLIED], _S.UNDOING),
    ("finish", [_S.UNDOING], _S.UNDONE),
)


class CampaignEffective(StrEnum):
    """From when the price counts: the end of the term or, without one, of the running period; or a day for all."""

    NEXT_RENEWAL = "next_renewal"
    ON = "on"


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign over the subscriptions to a plan, or to one version of it; `unit_price` or `percent` decides.

    With `keep_own_prices` those whose price is not that of the plan are left alone.
    """

    name: str
    plan_id: UUID
    version_id: UUID | None = None
    entity_id: UUID | None = None
    unit_price: Decimal | None = None
    percent: Decimal | None = None
    effective: CampaignEffective = CampaignEffective.NEXT_RENEWAL
    effective_on: date | None = None
    keep_own_prices: bool = False
    reason: str = ""


def campaign_errors(new: NewCampaign, today: date) -> Iterator[Refusal]:
    """Everything that is wrong with a campaign."""
    if not new.name.strip() or len(new.name) > 200:
        yield InvalidValue("A campaign has a name of 1 to 200 characters.", field="name")
    if (new.unit_price is None) == (new.percent is None):
        yield InvalidValue("Say the new price of one unit, or by how many percent it changes.", field="unit_price")
    if new.unit_price is not None and new.unit_price < 0:
        yield InvalidValue("A price is not negative.", field="unit_price")
    if new.percent is not None and not -HUNDRED <= new.percent <= HUNDRED * 10:
        yield InvalidValue("A percentage is -100 to 1000.", field="percent")
    if new.effective is CampaignEffective.ON and (new.effective_on is None or new.effective_on <= today):
        yield InvalidValue("A campaign gives notice: its day lies ahead.", field="effective_on")


def campaign_price(percent: Decimal | None, unit_price: Decimal | None, present: Decimal, digits: int) -> Decimal:
    """The new price of one unit, rounded to the digits of its currency where a percentage gives it."""
    if unit_price is not None:
        return unit_price
    return round_to(divide(present * (HUNDRED + (percent or Decimal(0))), HUNDRED), digits)


def campaign_change(
    subscription_id: UUID,
    price: Decimal,
    effective: CampaignEffective,
    effective_on: date | None,
    *,
    term_ends_on: date | None,
    reason: str,
) -> LifeChange:
    """The change of one subscription."""
    if effective is CampaignEffective.ON:
        effect = Effect.AT
    else:
        effect = Effect.TERM_END if term_ends_on is not None else Effect.PERIOD_END
    return LifeChange(
        subscription_id, LifeKind.PRICE_CHANGED, effect, on=effective_on, unit_price=price, reason=reason[:200]
    )
