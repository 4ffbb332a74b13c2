"""The account of a scenario: a legal entity set to the conventions of the case, taxes, plans and a customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cashline.kernel.refusals import Refusal
from cashline.surfaces.check import scenario_format as form
from cashline.surfaces.check.billing_format import Conventions, ScenarioCase

if TYPE_CHECKING:
    from cashline.flow.agree.plans.rules import PlanTerms

ACTOR = "program:check"
COUNTRY = "DE"
FIRST_DAY = date(1990, 1, 1)


class TooManyRates(Refusal):
    """A case has more tax rates than there are categories of tax."""

    code = "too_many_tax_rates"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose scenario it is; `plans` are versions by name, `aggregations` the meters.

    `tax_category` is that of whatever has no rate of its own.
    """

    entity_id: UUID
    customer_id: UUID
    currency: str
    tax_category: str
    plans: Mapping[str, UUID]
    aggregations: Mapping[str, str]
    wallets: dict[tuple[str, ...], UUID] = field(default_factory=dict)

    def counted(self, metric: str) -> bool:
        """Does a meter count events?"""
        return self.aggregations.get(metric) == "count"


def open_account(case: ScenarioCase, conventions: Conventions) -> Account:
    """Set up a company for a case, by the actions that anybody sets one up with."""
    from cashline.flow.agree.customers.actions import create_customers
    from cashline.flow.agree.customers.rules import NewCustomer
    from cashline.platform.clock.queries import read_clock
    from cashline.platform.company.actions import NewEntity, create_entities

    now, zone = read_clock().now, case.timezone.name
    entity = NewEntity(
        code="CHECK", name="Check GmbH", country=COUNTRY, currency=case.currency, timezone=zone, street="Torstraße 1",
        postcode="10119", city="Berlin", tax_id="DE136695976", email="billing@check.example",
        tax_rounding="per_document",
    )  # fmt: skip
    entity_id = create_entities([entity], now=now, actor=ACTOR)[0]
    _open_books(entity_id, now)
    _set_conventions(entity_id, conventions, now)
    categories = _tax_categories(case, now)
    customer = NewCustomer("Customer", COUNTRY, case.currency, timezone=zone)
    customer_id = create_customers([customer], now=now, actor=ACTOR)[0]
    aggregations = _meters(case, now)
    plans = _plans(case, categories, now)
    return Account(entity_id, customer_id, case.currency, categories[case.tax_percent], plans, aggregations)


def _open_books(entity_id: UUID, now: datetime) -> None:
    from cashline.flow.recognise.ledger.actions import open_books

    open_books(entity_id=entity_id, now=now, actor=ACTOR)


def _set_conventions(entity_id: UUID, given: Conventions, now: datetime) -> None:
    from cashline.flow.agree.plans.actions import set_conventions
    from cashline.flow.agree.plans.rules import CancelDay, ChangeBilled, PlanConventions, UnusedAdvance

    conventions = PlanConventions(
        CancelDay(given.cancel_day), UnusedAdvance(given.unused_advance), ChangeBilled(given.change_billed)
    )
    set_conventions(entity_id=entity_id, conventions=conventions, now=now, actor=ACTOR)


def _tax_categories(case: ScenarioCase, now: datetime) -> dict[Decimal, str]:
    """A category of tax for each rate of the case, put on file."""
    from cashline.flow.agree.catalog.rules import TaxCategory
    from cashline.flow.invoice.taxes.actions import set_tax_rates
    from cashline.flow.invoice.taxes.rules import NewTaxRate

    rates = [case.tax_percent]
    for plan in case.plans.values():
        given = [plan.base_tax_percent, *(charge.tax_percent for charge in plan.charges or ())]
        rates += [rate for rate in given if rate is not None and rate not in rates]
    free = [one for one in TaxCategory if one not in (TaxCategory.ZERO, TaxCategory.EXEMPT)]
    taxed = [rate for rate in rates if rate]
    if len(taxed) > len(free):
        raise TooManyRates(f"The case has {len(taxed)} tax rates; a legal entity has {len(free)} categories.")
    chosen = dict(zip(taxed, free, strict=False)) | {rate: TaxCategory.ZERO for rate in rates if not rate}
    new = [NewTaxRate(COUNTRY, category, rate, FIRST_DAY) for rate, category in chosen.items()]
    set_tax_rates(new, now=now, actor=ACTOR)
    return {rate: category.value for rate, category in chosen.items()}


def _meters(case: ScenarioCase, now: datetime) -> dict[str, str]:
    from cashline.flow.deliver.usage.actions import create_meters
    from cashline.flow.deliver.usage.rules.meters import Aggregation, Meter, NewMeter

    found: dict[str, str] = {}
    dimensions: dict[str, set[str]] = {}
    for plan in case.plans.values():
        for charge in plan.charges or ():
            found.setdefault(charge.metric, charge.aggregation)
            names = {one.dimension for one in charge.filters or ()}
            dimensions.setdefault(charge.metric, set()).update(names)
    for event in case.events:
        if isinstance(event, form.Usage):
            found.setdefault(event.metric, "unique_count" if event.item else "sum")
            if event.dimension:
                dimensions.setdefault(event.metric, set()).add(event.dimension)
    meters = [
        NewMeter(Meter(code, Aggregation(aggregation), dimensions=tuple(sorted(dimensions.get(code, ())))))
        for code, aggregation in found.items()
    ]
    create_meters(meters, now=now, actor=ACTOR)
    return found


def _plans(case: ScenarioCase, categories: Mapping[Decimal, str], now: datetime) -> dict[str, UUID]:
    from cashline.flow.agree.plans.actions import NewPlan, publish_plans

    new = [NewPlan(name, name, case.currency, _terms(plan, case, categories)) for name, plan in case.plans.items()]
    return dict(zip(case.plans, publish_plans(new, now=now, actor=ACTOR), strict=True))


def _terms(plan: form.Plan, case: ScenarioCase, categories: Mapping[Decimal, str]) -> "PlanTerms":
    from cashline.flow.agree.plans.rules import AddOn, FeeTiming, FilterPrice, PlanTerms, UsageCharge, UsageTiming
    from cashline.flow.agree.pricing.rules.charge_models import Charge
    from cashline.kernel.periods import IntervalUnit
    from cashline.surfaces.check.schedules import anchor_of

    def category(rate: Decimal | None) -> str:
        return categories[case.tax_percent if rate is None else rate]

    charges = tuple(
        UsageCharge(
            charge.metric,
            charge.aggregation,
            Charge.unit(charge.unit_price),
            UsageTiming(charge.billing),
            charge.carried_over,
            charge.prorated,
            tuple(FilterPrice(one.dimension, one.value, Charge.unit(one.unit_price)) for one in charge.filters or ()),
            charge.minimum_per_period,
            category(charge.tax_percent),
        )
        for charge in plan.charges or ()
    )
    return PlanTerms(
        IntervalUnit(plan.interval),
        anchor_of(plan.anchor),
        FeeTiming(plan.billing),
        plan.base_fee,
        category(plan.base_tax_percent),
        plan.trial_days or 0,
        plan.minimum_commitment,
        plan.usage_thresholds or (),
        plan.recurring_usage_threshold,
        charges,
        tuple(AddOn(one.id, one.units, one.unit_price, one.prorated, category(None)) for one in plan.add_ons or ()),
    )
