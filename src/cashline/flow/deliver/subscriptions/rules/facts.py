"""The facts of a subscription's life: each is recorded once, with the instant of its effect and that of its knowledge.

Nothing in them depends on a setting: what a convention decided (the first day without service, say) is in the fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from cashline.flow.deliver.subscriptions.rules.renewals import Term


class LifeKind(StrEnum):
    """What happened, or is to happen, to a subscription.

    `PLAN_CHANGED` to another plan. `BILLING_DAY_MOVED` gives its periods another day of month. `TRIAL_EXTENDED` adds
    days to its trial. `WITHDRAWN` takes back a fact that was scheduled. `TERM_SET` gives it a term, `RENEWED` the next
    one and its price, `EXTENDED` moves the end of the term. The others say it themselves.
    """

    STARTED = "started"
    PLAN_CHANGED = "plan_changed"
    QUANTITY_CHANGED = "quantity_changed"
    PRICE_CHANGED = "price_changed"
    ADD_ON_CHANGED = "add_on_changed"
    BILLING_DAY_MOVED = "billing_day_moved"
    TRIAL_EXTENDED = "trial_extended"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    REACTIVATED = "reactivated"
    WITHDRAWN = "withdrawn"
    TERM_SET = "term_set"
    RENEWED = "renewed"
    EXTENDED = "extended"
    CONFIRMED = "confirmed"


TERM_KINDS = (LifeKind.TERM_SET, LifeKind.RENEWED, LifeKind.EXTENDED)
"""What says until when the service is agreed; the newest of them decides whether it ends by itself."""


class Unused(StrEnum):
    """What becomes of days that were billed in advance and are not used after a cancellation."""

    CREDIT = "credit"
    REFUND = "refund"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class LifeFact:
    """A fact; `id` tells the order in which they became known. Only the fields of its kind are set.

    `scheduled`: it takes effect by itself at the start of a period or a day, and no event bills it. `ends_on` is the
    first day that is not billed after a cancellation; without `final_invoice` what is owed then is not billed.
    `of_term`: the cancellation by which a term ends that nothing renews. A start that goes on with the service of
    another subscription has when that began (`origin_at`), and from which day its periods are counted (`origin_on`).
    `other` is the subscription on the other side of a transfer. `gated`: it is billed from its instant on, and counts
    for the customer once a CONFIRMED fact `confirms` that its invoice is paid; else it is taken back.
    """

    id: UUID
    kind: LifeKind
    at: datetime
    known_at: datetime
    scheduled: bool = False
    plan_id: UUID | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    add_on: str = ""
    billing_day: int = 0
    days: int = 0
    ends_on: date | None = None
    unused: Unused = Unused.CREDIT
    final_invoice: bool = True
    withdraws: UUID | None = None
    reason: str = ""
    term: Term | None = None
    of_term: bool = False
    origin_at: datetime | None = None
    origin_on: date | None = None
    other: UUID | None = None
    gated: bool = False
    confirms: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """What only its kind has, as it is stored."""
        shape: dict[str, Any] = {}
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                shape[name] = _stored(value)
        return shape

    @classmethod
    def from_json(
        cls, key: UUID, kind: str, at: datetime, known_at: datetime, shape: Mapping[str, Any]
    ) -> "LifeFact":  # fmt: skip
        """Read the stored form back."""
        given = {name: _READ.get(name, _same)(value) for name, value in shape.items()}
        return cls(key, LifeKind(kind), at, known_at, **given)


def _stored(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, Term):
        return value.as_json()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _same(value: Any) -> Any:
    return value


_READ: Mapping[str, Any] = {
    "plan_id": UUID,
    "quantity": Decimal,
    "unit_price": Decimal,
    "ends_on": date.fromisoformat,
    "unused": Unused,
    "withdraws": UUID,
    "term": Term.from_json,
    "origin_at": datetime.fromisoformat,
    "origin_on": date.fromisoformat,
    "other": UUID,
    "confirms": UUID,
}
_DEFAULTS: Mapping[str, Any] = {
    "scheduled": False,
    "plan_id": None,
    "quantity": None,
    "unit_price": None,
    "add_on": "",
    "billing_day": 0,
    "days": 0,
    "ends_on": None,
    "unused": Unused.CREDIT,
    "final_invoice": True,
    "withdraws": None,
    "reason": "",
    "term": None,
    "of_term": False,
    "origin_at": None,
    "origin_on": None,
    "other": None,
    "gated": False,
    "confirms": None,
}
