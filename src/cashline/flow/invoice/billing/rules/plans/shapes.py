"""What the planner of subscriptions reads and gives: the subscription, its posted charges, and charges to post."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.rules import Life
from cashline.kernel.identifiers import named_id
from cashline.kernel.money import minor_units

ZERO = Decimal(0)


class Component(StrEnum):
    """What a charge is for."""

    BASE = "base"
    UNUSED_BASE = "unused_base"
    CHARGE = "charge"
    MINIMUM_SHORTFALL = "minimum_shortfall"
    COMMITMENT_SHORTFALL = "commitment_shortfall"
    ADD_ON = "add_on"
    TERMINATION_FEE = "termination_fee"


class PlanVersion(NamedTuple):
    """A version of a plan as it is billed: its code, its name for the customer, and its terms."""

    id: UUID
    code: str
    name: str
    terms: PlanTerms


class PlanSubscription(NamedTuple):
    """A subscription to rate plans, with all that its bills are planned from but the usage.

    `waits`: a change of it waits for its payment, and until then nothing else of it is billed.
    """

    id: UUID
    number: str
    currency: str
    life: Life
    plans: Mapping[UUID, PlanVersion]
    waits: bool = False

    @property
    def digits(self) -> int:
        """The decimals of its amounts."""
        return minor_units(self.currency)

    @property
    def zone(self) -> str:
        """The time zone that decides its days."""
        return self.life.zone


class Subject(NamedTuple):
    """What a charge is for, apart from its days: the same subject in the same period is the same charge."""

    component: Component
    plan_id: UUID
    meter: str = ""
    dimension: str = ""
    value: str = ""
    add_on: str = ""
    early: bool = False

    def source(self, subscription_id: UUID, place: str) -> UUID:
        """The key under which it is billed once; `place` tells apart what the days do not."""
        return source_of(subscription_id, self.source_words(place))

    def source_words(self, place: str) -> str:
        """What of that key is not the subscription."""
        return "/".join([*map(str, self), place])


def source_of(subscription_id: UUID | str, words: str) -> UUID:
    """The key under which a subscription is billed once for something."""
    return named_id(f"{subscription_id}/{words}")


class SubscriptionCharge(NamedTuple):
    """A charge to post. `start` to `end` is what it is for, a part (`days` of `of_days`) of a whole period.

    `due_at` is when a run bills it; `advance` says whether it is billed before what it is for. A negative one takes
    `against` (posted charges) back. `deferred`: an immediate change left it to the next renewal.
    """

    subject: Subject
    place: str
    start: date
    end: date
    whole_start: date
    whole_end: date
    days: int
    of_days: int
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    due_at: datetime
    advance: bool
    tax_category: str
    derivation: str
    level_at_end: Decimal | None = None
    deferred: bool = False
    against: UUID | None = None
    takes_back: "TakeBack | None" = None


class TakeBack(StrEnum):
    """How a negative charge reaches the customer."""

    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    NEGATIVE_LINE = "negative_line"


class PostedCharge(NamedTuple):
    """A charge that was posted: on a line of an invoice or, negative, on a credit note.

    `left` is what can still be credited of the line; `against` the posted charge whose days a negative one gives back.
    `taken_off`: an early bill that the bill of its period has taken off.
    """

    id: UUID
    subscription_id: UUID
    subject: Subject
    place: str
    source_id: UUID
    revision: int
    start: date
    end: date
    whole_start: date
    whole_end: date
    days: int
    of_days: int
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    against: UUID | None
    invoice_id: UUID | None
    invoice_line_id: UUID | None
    left: Decimal
    voided: bool = False
    taken_off: bool = False
