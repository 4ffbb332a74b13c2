"""Scenarios of the format `billing-scenarios/2`: plans, events on an account, and what must come out."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from cashline.surfaces.check.values import Name, When

Positive = Annotated[int, Meta(ge=1)]


class CalendarAnchor(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="calendar"):
    """Weeks from Monday, months from day 1, quarters, half years and years from January."""


class AnniversaryAnchor(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="anniversary"):
    """Every boundary is counted from the day of the first start."""


class DayOfMonthAnchor(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="day_of_month"):
    """The first whole period begins on the last day of that number at or before the start."""

    day: Annotated[int, Meta(ge=1, le=28)]


Anchor = CalendarAnchor | AnniversaryAnchor | DayOfMonthAnchor
IntervalName = Literal["week", "month", "quarter", "half_year", "year"]


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """A price for usage that carries a dimension with a value."""

    dimension: Name
    value: str
    unit_price: Decimal


class UsageCharge(Struct, frozen=True, forbid_unknown_fields=True):
    """A usage charge of a plan."""

    metric: Name
    aggregation: Literal["sum", "count", "unique_count", "weighted_sum"]
    model: Literal["unit"]
    unit_price: Decimal
    billing: Literal["arrears", "at_event", "at_event_and_at_renewal"]
    carried_over: bool
    prorated: bool
    filters: Annotated[tuple[Filter, ...], Meta(min_length=1)] | None = None
    minimum_per_period: Decimal | None = None
    tax_percent: Decimal | None = None


class AddOn(Struct, frozen=True, forbid_unknown_fields=True):
    """A fixed add-on of a plan."""

    id: Name
    units: Decimal
    unit_price: Decimal
    billing: Literal["advance"]
    prorated: bool


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A plan; all amounts exclude tax."""

    interval: IntervalName
    anchor: Anchor
    billing: Literal["advance", "arrears"]
    base_fee: Decimal
    base_tax_percent: Decimal | None = None
    trial_days: Positive | None = None
    minimum_commitment: Decimal | None = None
    usage_thresholds: Annotated[tuple[Decimal, ...], Meta(min_length=1)] | None = None
    recurring_usage_threshold: Decimal | None = None
    charges: Annotated[tuple[UsageCharge, ...], Meta(min_length=1)] | None = None
    add_ons: Annotated[tuple[AddOn, ...], Meta(min_length=1)] | None = None


class _Event(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Name
    at: When


class Subscribe(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="subscribe"):
    """Starts a subscription and bills what is due in advance."""

    sub: Name
    plan: Name
    quantity: Decimal


class ChangePlan(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="change_plan"):
    """Changes the plan at once or at the end of the period."""

    sub: Name
    plan: Name
    effective: Literal["immediate", "period_end"]


class ChangeQuantity(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="change_quantity"):
    """Changes the quantity of the base fee from the next period on."""

    sub: Name
    quantity: Decimal
    effective: Literal["period_end"]


class Cancel(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="cancel"):
    """Ends the subscription at once."""

    sub: Name
    final_invoice: bool
    unused: Literal["credit", "refund", "keep"] | None = None


class Pause(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="pause"):
    """Stops the subscription."""

    sub: Name


class Resume(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="resume"):
    """Starts the subscription again."""

    sub: Name


class Usage(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="usage"):
    """Reports usage of a quantity, or of an item."""

    sub: Name
    metric: Name
    quantity: Decimal | None = None
    item: Name | None = None
    dimension: Name | None = None
    value: str | None = None

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.item is None):
            raise ValueError("Usage has either a quantity or an item.")
        _together(dimension=self.dimension, value=self.value)


class Coupon(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="coupon"):
    """Gives the customer a coupon of a fixed amount."""

    amount: Decimal
    uses: Literal["once", "forever"]
    only_metrics: Annotated[tuple[Name, ...], Meta(min_length=1)] | None = None
    only_plans: Annotated[tuple[Name, ...], Meta(min_length=1)] | None = None


class WalletTopup(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="wallet_topup"):
    """Adds prepaid money to the customer's wallet."""

    amount: Decimal
    only_metrics: Annotated[tuple[Name, ...], Meta(min_length=1)] | None = None


class Payment(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="payment"):
    """Records a payment of the invoice that an event issued."""

    invoice_of: Name
    amount: Decimal


class CreditedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line to credit: a base fee by its plan, or a one-off item by its name."""

    component: Literal["base", "item"]
    amount: Decimal
    plan: Name | None = None
    item: Name | None = None

    def __post_init__(self) -> None:
        if (self.plan is None) == (self.item is None) or (self.component == "base") == (self.plan is None):
            raise ValueError("A base line has a plan, an item line an item.")


class CreditNote(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="credit_note"):
    """Credits lines of an invoice by hand."""

    invoice_of: Name
    lines: Annotated[tuple[CreditedLine, ...], Meta(min_length=1)]
    refund: Decimal


class OneOffLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a one-off invoice."""

    item: Name
    amount: Decimal


class OneOffInvoice(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="one_off_invoice"):
    """Issues an invoice without a subscription."""

    lines: Annotated[tuple[OneOffLine, ...], Meta(min_length=1)]


class BillRun(_Event, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="bill_run"):
    """Bills everything due by its instant."""


Event = (
    Subscribe
    | ChangePlan
    | ChangeQuantity
    | Cancel
    | Pause
    | Resume
    | Usage
    | Coupon
    | WalletTopup
    | Payment
    | CreditNote
    | OneOffInvoice
    | BillRun
)

Component = Literal[
    "base", "unused_base", "charge", "minimum_shortfall", "commitment_shortfall", "add_on", "item"
]  # fmt: skip
NEEDED = {
    "base": "plan",
    "unused_base": "plan",
    "charge": "metric",
    "minimum_shortfall": "metric",
    "commitment_shortfall": "plan",
    "add_on": "add_on",
    "item": "item",
}


class Days(Struct, frozen=True, forbid_unknown_fields=True):
    """A fraction used for proration."""

    billed: Positive
    of: Positive


class ExpectedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """An expected line; lines of the product that fit are summed."""

    component: Component
    plan: Name | None = None
    metric: Name | None = None
    dimension: Name | None = None
    value: str | None = None
    add_on: Name | None = None
    item: Name | None = None
    from_: date | None = field(default=None, name="from")
    until: date | None = None
    days: Days | None = None
    quantity: Decimal | None = None
    units: Decimal | None = None
    level_at_end: Decimal | None = None
    amount: Decimal | None = None
    coupon_share: Decimal | None = None
    tax: Decimal | None = None

    def __post_init__(self) -> None:
        if getattr(self, NEEDED[self.component]) is None:
            raise ValueError(f"A line of component {self.component} names its {NEEDED[self.component]}.")
        _together(dimension=self.dimension, value=self.value)
        _together(**{"from": self.from_, "until": self.until})


class ExpectedInvoice(Struct, frozen=True, forbid_unknown_fields=True):
    """What an event issues; several invoices are summed, none counts as one of 0.00."""

    by_event: Name
    lines: Annotated[tuple[ExpectedLine, ...], Meta(min_length=1)] | None = None
    lines_total: Decimal | None = None
    coupon: Decimal | None = None
    threshold_credit: Decimal | None = None
    adjustment_net: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    effective_tax_percent: Decimal | None = None
    gross: Decimal | None = None
    credits_applied: Decimal | None = None
    prepaid_applied: Decimal | None = None
    account_credit_added: Decimal | None = None
    total: Decimal | None = None
    wallet_after: Decimal | None = None


class ExpectedCreditNote(Struct, frozen=True, forbid_unknown_fields=True):
    """An expected credit note."""

    by_event: Name
    for_invoice_of: Name
    coupon_share: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    credited: Decimal | None = None
    refunded: Decimal | None = None
    balance_after: Decimal | None = None


class ScenarioExpectation(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asserted; what is not written is not asserted."""

    invoices: Annotated[tuple[ExpectedInvoice, ...], Meta(min_length=1)]
    no_other_invoices: bool
    credit_notes: tuple[ExpectedCreditNote, ...] | None = None


def _together(**pair: object) -> None:
    if len({value is None for value in pair.values()}) > 1:
        raise ValueError(f"{' and '.join(pair)} come together.")
