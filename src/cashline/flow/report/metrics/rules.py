"""Rules of metrics: each figure with its definition, computed from the books and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.derivations import Derivation, Input
from cashline.kernel.periods import add_months
from cashline.kernel.rounding import divide, round_to

ZERO = Decimal(0)
DSO_DAYS = 90
DSO_DEFINITION = "receivables at the end of the day ÷ invoiced (net of credits, with tax) in the 90 days up to it × 90"
BEST_DEFINITION = "the same with the receivables that are not due yet: what is left when everybody pays on time"


@dataclass(frozen=True, slots=True)
class DaysSalesOutstanding:
    """DSO of an entity at the end of a day; None where nothing was invoiced in the window.

    `best` is best possible DSO, `delinquent` what lateness adds to it (DSO − best).
    """

    entity_id: UUID
    as_of: date
    dso: Derivation | None
    best: Derivation | None

    @property
    def delinquent(self) -> Decimal | None:
        """Average days delinquent."""
        return self.dso.result - self.best.result if self.dso and self.best else None


def days_sales_outstanding(receivable: Decimal, invoiced: Decimal, days: int = DSO_DAYS) -> Derivation | None:
    """Days that invoices take to become cash, to a tenth; None where nothing was invoiced.

    The simple method, as the Credit Research Foundation defines it: 300 open of 900 invoiced in 90 days are 30.0 days.
    """
    if invoiced <= 0:
        return None
    result = round_to(divide(receivable * days, invoiced), 1)
    inputs: dict[str, Input] = {"receivable": receivable, "invoiced": invoiced, "days": days}
    return Derivation("metrics.days_sales_outstanding", 1, inputs, "round(receivable * days / invoiced, 1)", result)


def dso_by_month(
    opening: Decimal, months: Mapping[date, tuple[Decimal, Decimal]], *, last: date, count: int
) -> list[tuple[date, Decimal | None]]:
    """DSO at the ends of the last months: (month, days), each over its own and the two months before.

    `months` holds (change of receivables, invoiced) by month; `opening` is the balance before the first of them.
    """
    first = add_months(last.replace(day=1), -(count - 1))
    balance = opening + sum((moved for month, (moved, _) in months.items() if month < first), ZERO)
    found: list[tuple[date, Decimal | None]] = []
    month = first
    while month <= last:
        balance += months.get(month, (ZERO, ZERO))[0]
        window = [add_months(month, -back) for back in range(3)]
        invoiced = sum((months.get(one, (ZERO, ZERO))[1] for one in window), ZERO)
        days = (add_months(month, 1) - add_months(month, -2)).days
        derivation = days_sales_outstanding(balance, invoiced, days)
        found.append((month, derivation.result if derivation else None))
        month = add_months(month, 1)
    return found


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of document in a stage of the flow: how many wait there, their money by currency, how many are stuck."""

    code: str
    title: str
    count: int
    money: tuple[tuple[str, Decimal], ...] = ()
    address: str = ""
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class StageFigures:
    """A stage of the flow with its figures, and the median of days that a case spends in it."""

    stage: str
    title: str
    figures: tuple[Figure, ...]
    days: Decimal | None = None


STAGES = (
    ("agree", "Agree"),
    ("book", "Book"),
    ("deliver", "Deliver"),
    ("invoice", "Invoice"),
    ("receive", "Receive"),
    ("recognise", "Recognise"),
)
TIMED_BY = {
    "agree": "quote_to_signature",
    "deliver": "order_to_delivery",
    "invoice": "delivery_to_invoice",
    "receive": "invoice_to_cash",
}
"""Which cycle time is shown beside a stage."""


def window_start(as_of: date, days: int = DSO_DAYS) -> date:
    """The first day of the window that ends with a day."""
    return as_of - timedelta(days=days - 1)


def grouped(
    rows: Sequence[tuple[str, str, int, Decimal | None]],
) -> dict[str, tuple[int, tuple[tuple[str, Decimal], ...]]]:
    """Rows (code, currency, count, amount) by code: the count of all, and the money by currency."""
    counts: dict[str, int] = {}
    money: dict[str, dict[str, Decimal]] = {}
    for code, currency, count, amount in rows:
        counts[code] = counts.get(code, 0) + count
        if amount:
            found = money.setdefault(code, {})
            found[currency] = found.get(currency, ZERO) + amount
    return {code: (count, tuple(sorted(money.get(code, {}).items()))) for code, count in counts.items()}


ROLLING_DAYS = 7


class DayMoney(NamedTuple):
    """What was booked, invoiced, collected or earned (`kind`) on a day, in a currency."""

    kind: str
    entity_id: UUID
    currency: str
    day: date
    amount: Decimal


def month_so_far(days: Mapping[date, Decimal], today: date) -> tuple[Decimal, Decimal]:
    """The sum of this month up to today, and that of the month before up to the same day of it."""
    before = add_months(today.replace(day=1), -1)
    now = sum((amount for day, amount in days.items() if today.replace(day=1) <= day <= today), ZERO)
    last = today.replace(day=1) - timedelta(days=1)
    until = last.replace(day=min(today.day, last.day))
    then = sum((amount for day, amount in days.items() if before <= day <= until), ZERO)
    return now, then


def rolling_week(days: Mapping[date, Decimal], today: date, count: int = 30) -> tuple[Decimal, ...]:
    """For each of the last `count` days, the sum of the week that ends with it, oldest first."""
    found = []
    for back in range(count - 1, -1, -1):
        last = today - timedelta(days=back)
        week = (last - timedelta(days=place) for place in range(ROLLING_DAYS))
        found.append(sum((days.get(day, ZERO) for day in week), ZERO))
    return tuple(found)


def trend_start(today: date) -> date:
    """The first day that the figures of a month so far look at."""
    return add_months(today.replace(day=1), -1) - timedelta(days=ROLLING_DAYS)


class OpenReceivable(NamedTuple):
    """Open invoices of an entity in a currency and of an age (`statements.rules.BUCKETS`), also in its own currency."""

    entity_id: UUID
    currency: str
    bucket: int
    invoices: int
    amount: Decimal
    own: Decimal


def by_bucket(rows: Iterable[tuple[UUID, str, int, int, Decimal, Decimal]]) -> list[OpenReceivable]:
    """Rows as `OpenReceivable` has them, those of one entity, currency and age made one."""
    found: dict[tuple[UUID, str, int], OpenReceivable] = {}
    for entity, currency, bucket, invoices, amount, own in rows:
        key = entity, currency, bucket
        before = found.get(key) or OpenReceivable(*key, 0, ZERO, ZERO)
        found[key] = OpenReceivable(*key, before.invoices + invoices, before.amount + amount, before.own + own)
    return [found[key] for key in sorted(found)]


def receivable_figures(open_: Sequence[OpenReceivable]) -> list[tuple[str, str, int, Decimal | None]]:
    """Open and overdue invoices as figures: (code, currency, count, amount)."""
    found: list[tuple[str, str, int, Decimal | None]] = []
    for one in open_:
        found.append(("invoices_open", one.currency, one.invoices, one.amount))
        if one.bucket:
            found.append(("invoices_overdue", one.currency, one.invoices, one.amount))
    return found
