"""Rules of statements: the buckets of an ageing and the roll-forward of deferred revenue, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.kernel.fiscal import FiscalPeriod

ZERO = Decimal(0)
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2200, 12, 31)
"""The days that a report can be asked for."""
BUCKET_DAYS = (0, 30, 60, 90, 120)
"""Upper bounds of the buckets in days overdue; the first holds what is not due yet, and beyond the last is one more."""
BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_91_120", "over_120")


class AgeBy(StrEnum):
    """The day from which an invoice ages."""

    DUE = "due"
    ISSUED = "issued"


def bucket_of(days: int) -> int:
    """The bucket of an invoice that is so many days overdue; every number of days has one."""
    return next((index for index, bound in enumerate(BUCKET_DAYS) if days <= bound), len(BUCKET_DAYS))


@dataclass(frozen=True, slots=True)
class AgeingRow:
    """What a customer owes an entity in a currency, by bucket; `own` is the whole in the entity's currency."""

    customer_id: UUID
    customer_name: str
    entity_id: UUID
    currency: str
    buckets: tuple[Decimal, ...]
    own: Decimal
    invoices: int

    @property
    def total(self) -> Decimal:
        """All buckets: what is open."""
        return sum(self.buckets, ZERO)

    @property
    def overdue(self) -> Decimal:
        """What is past its day."""
        return self.total - self.buckets[0]


@dataclass(frozen=True, slots=True)
class EntityAgeing:
    """The receivables of an entity in its currency by bucket, beside the control account of the journal."""

    entity_id: UUID
    currency: str
    buckets: tuple[Decimal, ...]
    control: Decimal
    unapplied: Decimal

    @property
    def total(self) -> Decimal:
        """All buckets."""
        return sum(self.buckets, ZERO)

    @property
    def ties(self) -> bool:
        """Is the ageing the control account?"""
        return self.total == self.control


@dataclass(frozen=True, slots=True)
class Ageing:
    """Receivables by age at the end of a day: by customer, and by entity."""

    as_of: date
    by: AgeBy
    rows: tuple[AgeingRow, ...]
    entities: tuple[EntityAgeing, ...]


@dataclass(frozen=True, slots=True)
class AgeingAsked:
    """Which ageing: of the end of a day (None: today), aged by which day, of which entities, and how many customers."""

    as_of: date | None = None
    by: AgeBy = AgeBy.DUE
    entity_ids: tuple[UUID, ...] | None = None
    limit: int = 0


@dataclass(frozen=True, slots=True)
class DeferredAsked:
    """Whose deferred revenue: of a year of periods up to the one that holds a day (None: today)."""

    entity_id: UUID
    day: date | None = None


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that was open at the end of a day."""

    invoice_id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    entity_id: UUID
    currency: str
    issued_on: date
    due_on: date
    gross: Decimal
    open_amount: Decimal
    own: Decimal
    days: int

    @property
    def bucket(self) -> int:
        """The place of its bucket."""
        return bucket_of(self.days)


@dataclass(frozen=True, slots=True)
class DeferredPeriod:
    """The contract position in a period (credit positive): opening + billed − recognised + other = closing."""

    period: FiscalPeriod
    opening: Decimal
    billed: Decimal
    recognised: Decimal
    other: Decimal

    @property
    def closing(self) -> Decimal:
        """What is deferred at the end of the period; negative where more was earned than billed."""
        return self.opening + self.billed - self.recognised + self.other


@dataclass(frozen=True, slots=True)
class RemainingAsked:
    """Whose remaining performance obligations."""

    entity_id: UUID


@dataclass(frozen=True, slots=True)
class RemainingObligations:
    """What contracts of an entity are still to earn (606-10-50-13): when time alone will earn it, and what waits.

    Amounts are in the entity's currency at the rates of the day. `waiting` has no known day: it depends on deliveries
    to come, or stands in agreements with a service without end.
    """

    entity_id: UUID
    currency: str
    of_agreements: Decimal
    of_arrangements: Decimal
    contracts: int
    within_a_year: Decimal
    within_two_years: Decimal
    later: Decimal

    @property
    def total(self) -> Decimal:
        """All that remains."""
        return self.of_agreements + self.of_arrangements

    @property
    def waiting(self) -> Decimal:
        """What has no known day."""
        return self.total - self.within_a_year - self.within_two_years - self.later


@dataclass(frozen=True, slots=True)
class DeferredWaterfall:
    """Deferred revenue of an entity, period by period, and what contracts are still to earn, as they were last run."""

    entity_id: UUID
    currency: str
    periods: tuple[DeferredPeriod, ...]
    ahead: tuple[tuple[date, Decimal], ...] = field(default=())
    liability: Decimal = ZERO
    asset: Decimal = ZERO
    contracts: int = 0


_KINDS = {"invoice": "billed", "credit_note": "billed", "arrangement": "billed", "revenue": "recognised"}


def roll_forward(
    opening: Decimal, moved: Sequence[tuple[date, str, Decimal]], periods: Sequence[FiscalPeriod]
) -> tuple[DeferredPeriod, ...]:
    """Periods that follow each other, from movements (first day of one, rule, amount debit positive); each is there.

    Billed is what invoices and credit notes moved, recognised what revenue moved; anything else stands under other.
    Of arrangements, whose entries net the two, revenue comes under `revenue` and the rest under `arrangement`.
    """
    by_start: dict[date, dict[str, Decimal]] = {}
    for start, rule, amount in moved:
        kind = _KINDS.get(rule, "other")
        parts = by_start.setdefault(start, {})
        parts[kind] = parts.get(kind, ZERO) - amount
    found: list[DeferredPeriod] = []
    for period in periods:
        parts = by_start.get(period.start, {})
        one = DeferredPeriod(
            period, opening, parts.get("billed", ZERO), -parts.get("recognised", ZERO), parts.get("other", ZERO)
        )
        found.append(one)
        opening = one.closing
    return tuple(found)
