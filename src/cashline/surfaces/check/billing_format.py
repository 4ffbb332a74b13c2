"""The format `billing-scenarios/2` as closed structs: what a file of billing cases may hold.

Periods are half-open, amounts in major units, prices without tax.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from cashline.surfaces.check.charge_format import Check, GivenCharge
from cashline.surfaces.check.scenario_format import (
    Anchor,
    ChangePlan,
    Event,
    IntervalName,
    Plan,
    Positive,
    ScenarioExpectation,
    Subscribe,
)
from cashline.surfaces.check.values import CaseId, Name, When, Zone

SetName = Literal["day-credit-note", "day-negative-line", "day-negative-line-at-renewal"]
Group = Literal[
    "charge-model", "usage-in-advance", "usage", "proration", "calendar", "plan-change", "cancellation", "pause",
    "quantity", "minimum", "trial", "coupon-tax", "credit-note", "prepaid", "progressive", "add-on",
]  # fmt: skip


class Conventions(Struct, frozen=True, forbid_unknown_fields=True):
    """One set of billing conventions, to which the product is set."""

    proration_unit: Literal["calendar_day"]
    fraction_of: Literal["days_of_whole_period"]
    start_day: Literal["billed"]
    change_day: Literal["new_plan"]
    cancel_day: Literal["billed", "not_billed"]
    pause_day: Literal["not_billed"]
    resume_day: Literal["billed"]
    anniversary_on_change: Literal["kept"]
    unused_advance: Literal["credit_note", "negative_line"]
    change_billed: Literal["at_change", "at_next_renewal"]
    line_rounding: Literal["half_up_2"]
    tax_rounding: Literal["exact_line_taxes_summed_then_half_up_2"]
    negative_invoice: Literal["account_credit"]
    invoice_grouping: Literal["one_per_customer_per_event"]
    trial_end_day: Literal["billed"]
    trial_on_change: Literal["counted_from_first_subscribe"]
    commitment_in_trial: Literal["none_if_period_wholly_in_trial_else_whole"]
    shortfall_rounding: Literal["both_sides_rounded_then_subtracted"]
    coupon_order: Literal["metric_limited_then_plan_limited_then_unlimited"]
    coupon_spread: Literal["in_proportion_to_remaining_amounts_unrounded"]
    last_credit_note: Literal["takes_remaining_tax"]


class _Case(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: CaseId
    title: str
    group: Group
    source: str
    how: Literal["looked_up"]
    note: str | None = None


class RatingCase(_Case, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="rating"):
    """Prices quantities with one charge, without calendar."""

    rounding: Literal["none", "half_up_2"]
    charge: GivenCharge
    checks: Annotated[tuple[Check, ...], Meta(min_length=1)]


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole number of periods, or days of one."""

    whole: Positive | None = None
    days: Positive | None = None
    of: Positive | None = None

    def __post_init__(self) -> None:
        if (self.whole is None) == (self.days is None) or (self.days is None) != (self.of is None):
            raise ValueError("A term has either whole, or days and of.")


class FractionExpectation(Struct, frozen=True, forbid_unknown_fields=True):
    """Terms in order of time; their sum is asserted."""

    periods: Annotated[tuple[Term, ...], Meta(min_length=1)]


class FractionCase(_Case, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="fraction"):
    """Counts the billing periods between two days."""

    interval: Literal["month", "year"]
    boundary: date
    start: date
    end: date
    expect: FractionExpectation

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("The end is after the start.")


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """A window of days."""

    from_: date = field(name="from")
    until: date


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """A billing run and whether it issues the invoice."""

    at: When
    bills: bool


class ScheduleExpectation(Struct, frozen=True, forbid_unknown_fields=True):
    """All billing dates within a window, or which of several runs bills."""

    within: Window | None = None
    billing_dates: Annotated[tuple[date, ...], Meta(min_length=1)] | None = None
    run_sequences: Annotated[tuple[Annotated[tuple[Run, ...], Meta(min_length=1)], ...], Meta(min_length=1)] | None = (
        None
    )

    def __post_init__(self) -> None:
        dates = (self.within is not None, self.billing_dates is not None)
        if dates[0] != dates[1] or dates[0] == (self.run_sequences is not None):
            raise ValueError("A schedule expects either within and billing_dates, or run_sequences.")


class ScheduleCase(_Case, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="schedule"):
    """Billing dates of one subscription, billed in arrears and never cancelled."""

    interval: IntervalName
    anchor: Anchor
    start: When
    timezone: Zone
    expect: ScheduleExpectation


class ScenarioCase(_Case, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="scenario"):
    """Actions on the account of one customer, and the invoices and credit notes that must come out."""

    conventions: SetName
    currency: Literal["EUR", "USD"]
    timezone: Zone
    tax_percent: Decimal
    plans: dict[Name, Plan]
    events: Annotated[tuple[Event, ...], Meta(min_length=1)]
    expect: ScenarioExpectation

    def __post_init__(self) -> None:
        ids = [event.id for event in self.events]
        if len(set(ids)) < len(ids):
            raise ValueError("Two events have the same id.")
        plans = {event.plan for event in self.events if isinstance(event, Subscribe | ChangePlan)}
        if unknown := plans - self.plans.keys():
            raise ValueError(f"There is no plan {min(unknown)!r}.")
        expected = [one.by_event for one in self.expect.invoices]
        expected += [one.by_event for one in self.expect.credit_notes or ()]
        if lost := [name for name in expected if name not in ids]:
            raise ValueError(f"There is no event {lost[0]!r}.")


Case = RatingCase | FractionCase | ScheduleCase | ScenarioCase


class BillingFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of billing cases."""

    format: Literal["billing-scenarios/2"]
    note: str
    convention_sets: dict[SetName, Conventions]
    cases: Annotated[tuple[Case, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        ids = [case.id for case in self.cases]
        if len(set(ids)) < len(ids):
            raise ValueError(f"The id {next(one for one in ids if ids.count(one) > 1)} is given twice.")
        for case in self.cases:
            if isinstance(case, ScenarioCase) and case.conventions not in self.convention_sets:
                raise ValueError(f"{case.id} is judged under {case.conventions}, which convention_sets does not hold.")
