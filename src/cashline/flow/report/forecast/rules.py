"""Forecast: what the rules of billing and revenue will make of terms, once they are delivered as assumed.

Nothing is estimated here: bills come from `bill_agreement` and `prepare`, revenue from `plan_contract`, the very
functions of the runs. Only the days of delivery are assumed, and said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from cashline.flow.agree.catalog.rules import ProductKind
from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.invoice.billing.rules.agreements import DueAgreement, bill_agreement
from cashline.flow.invoice.billing.rules.charges import DEFAULT_CONVENTIONS
from cashline.flow.invoice.billing.rules.planning import LineToBill
from cashline.flow.invoice.invoices.rules.issuing import Grounds, PreparedInvoice, prepare
from cashline.flow.invoice.invoices.rules.totals import TaxGroup
from cashline.flow.recognise.revenue.rules.contracts import plan_contract
from cashline.flow.recognise.revenue.rules.rows import PlannedObligationRow
from cashline.kernel.periods import add_months
from cashline.kernel.refusals import Refusal

_DAY = timedelta(days=1)
_DELIVERED_BY = {
    ProductKind.GOODS.value: DeliveryKind.SHIPPED,
    ProductKind.SUBSCRIPTION.value: DeliveryKind.ACTIVATED,
    ProductKind.SERVICE.value: DeliveryKind.ACCEPTED,
}
AHEAD_MONTHS = 12
"""How far a service without end is forecast."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """When things are delivered, in days after the terms begin, and how many days after its due day money comes."""

    ship_after_days: int = 0
    activate_after_days: int = 0
    accept_after_days: int = 0
    pay_late_days: int = 0


@dataclass(frozen=True, slots=True)
class ForecastBill:
    """A bill to come: when it is made, when it is due, and what it says."""

    issued_on: date
    due_on: date
    net: Decimal
    tax: Decimal
    gross: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class ForecastTax:
    """The tax of one code and rate over all bills, as each of them rounds it."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Bills, revenue and cash of terms. `until` is the last day of it; `refused` says why a bill could not be made."""

    currency: str
    until: date
    bills: tuple[ForecastBill, ...]
    obligations: tuple[PlannedObligationRow, ...]
    revenue: tuple[tuple[date, Decimal], ...]
    cash: tuple[tuple[date, Decimal], ...]
    refused: tuple[Refusal, ...]
    taxes: tuple[ForecastTax, ...] = ()

    @property
    def billed(self) -> Decimal:
        """All bills, without tax."""
        return sum((bill.net for bill in self.bills), Decimal(0))

    @property
    def recognised(self) -> Decimal:
        """All revenue."""
        return sum((amount for _, amount in self.revenue), Decimal(0))


def assume_deliveries(lines: Sequence[TermLine], assumptions: Assumptions) -> dict[UUID, list[DeliveryFact]]:
    """A delivery fact for each line, on the day that is assumed."""
    after = {
        ProductKind.GOODS.value: assumptions.ship_after_days,
        ProductKind.SUBSCRIPTION.value: assumptions.activate_after_days,
        ProductKind.SERVICE.value: assumptions.accept_after_days,
    }
    facts: dict[UUID, list[DeliveryFact]] = {}
    for line in lines:
        day = line.starts_on + timedelta(days=after[line.kind])
        kind = _DELIVERED_BY[line.kind]
        facts[line.line_id] = [
            DeliveryFact(line.line_id, line.line_id, line.line_id, kind, line.quantity, day, line.line_id)
        ]
    return facts


def last_day(lines: Sequence[TermLine], facts: Mapping[UUID, Sequence[DeliveryFact]]) -> date:
    """The last day of delivery or service; of a service without end, a year after it begins."""
    days: list[date] = []
    for line in lines:
        for fact in facts[line.line_id]:
            months = line.term_months or (AHEAD_MONTHS if line.interval_months else 0)
            days.append(add_months(fact.effective_on, months) - _DAY if months else fact.effective_on)
    return max(days)


def forecast_terms(
    lines: Sequence[TermLine], grounds: Grounds, units: Mapping[UUID, str], assumptions: Assumptions
) -> Forecast:
    """Bills, revenue and cash of the lines of one agreement (at least one), delivered as assumed."""
    facts = assume_deliveries(lines, assumptions)
    until = last_day(lines, facts)
    invoices, refused = _bill(lines, facts, grounds, units, until)
    plan = plan_contract(lines, facts, {}, {}, through=until)
    revenue: dict[date, Decimal] = {}
    for posting in plan.postings:
        revenue[posting.month] = revenue.get(posting.month, Decimal(0)) + posting.amount
    cash: dict[date, Decimal] = {}
    for invoice in invoices:
        month = (invoice.due_on + timedelta(days=assumptions.pay_late_days)).replace(day=1)
        cash[month] = cash.get(month, Decimal(0)) + invoice.gross_total
    return Forecast(
        lines[0].currency,
        until,
        tuple(_bill_of(invoice) for invoice in invoices),
        tuple(plan.obligations),
        tuple(sorted(revenue.items())),
        tuple(sorted(cash.items())),
        tuple(refused),
        tuple(_taxes(invoices)),
    )


def _taxes(invoices: Sequence[PreparedInvoice]) -> Iterator[ForecastTax]:
    """What the invoices charge, by code and rate, the highest rate first."""
    found: dict[tuple[str, Decimal, str], list[TaxGroup]] = {}
    for invoice in invoices:
        for one in invoice.taxes:
            found.setdefault((one.code, one.rate, one.reason), []).append(one)
    for (code, rate, reason), groups in sorted(found.items(), key=lambda item: (-item[0][1], item[0])):
        base, tax = sum((one.base for one in groups), Decimal(0)), sum((one.tax for one in groups), Decimal(0))
        yield ForecastTax(code, rate, base, tax, reason)


def _bill(
    lines: Sequence[TermLine],
    facts: Mapping[UUID, list[DeliveryFact]],
    grounds: Grounds,
    units: Mapping[UUID, str],
    until: date,
) -> tuple[list[PreparedInvoice], list[Refusal]]:
    """The invoices of bill runs made on every day on which something falls due."""
    to_bill = [LineToBill([line], facts[line.line_id]) for line in lines]
    first = lines[0]
    day: date | None = min(fact.effective_on for found in facts.values() for fact in found)
    settled: date | None = None
    drafts = []
    while day is not None and day <= until + _DAY:
        due = DueAgreement(
            first.agreement_id, first.customer_id, first.entity_id, first.currency, settled, settled is not None, day
        )
        found = bill_agreement(due, to_bill, (), units, day, DEFAULT_CONVENTIONS, None)
        if found.draft is not None:
            drafts.append(found.draft)
        settled, day = day, found.next_due_on
    prepared, refused = prepare(drafts, grounds)
    return prepared, [refusal for _, refusal in refused]


def _bill_of(invoice: PreparedInvoice) -> ForecastBill:
    return ForecastBill(
        invoice.draft.issued_on,
        invoice.due_on,
        invoice.net_total,
        invoice.tax_total,
        invoice.gross_total,
        len(invoice.draft.lines),
    )


def describe(assumptions: Assumptions) -> Sequence[str]:
    """The assumptions of a forecast in words."""
    days = {
        "Goods are shipped": assumptions.ship_after_days,
        "Services begin": assumptions.activate_after_days,
        "Installations are accepted": assumptions.accept_after_days,
    }
    told = [f"{what} {_after(timedelta(days=count))} the start." for what, count in days.items()]
    late = assumptions.pay_late_days
    return [*told, "Bills are paid when they are due." if not late else f"Bills are paid {late} days late."]


def _after(delay: timedelta) -> str:
    return f"{delay.days} days after" if delay.days else "on"
