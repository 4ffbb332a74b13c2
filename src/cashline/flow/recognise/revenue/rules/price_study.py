"""A study of stand-alone selling prices from own transactions (ASC 606-10-32-32 and 32-33; IFRS 15.77, 15.78).

Observed net prices of a product are parted by currency, interval, segment and band of quantity. The price proposed for
a stratum is the median of what was charged in it, with a range of so many percent to either side; the share of the
transactions within the range says whether the price may be called observable.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import structs

from cashline.flow.agree.contracts.rules import TermLine
from cashline.kernel.derivations import Derivation
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import divide, round_to

_ZERO, _ONE, _TWO = Decimal(0), Decimal(1), Decimal(2)
RATE_DIGITS = 10
MOST_BANDS = 20


class PriceStatus(StrEnum):
    """Where a proposed price stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


PRICE = Lifecycle(
    "stand-alone price",
    ("approve", [PriceStatus.PROPOSED], PriceStatus.APPROVED),
    ("reject", [PriceStatus.PROPOSED], PriceStatus.REJECTED),
)
PARAGRAPH = "ASC 606-10-32-32; IFRS 15.77"
"""The paragraph of an observable price, where who approves one names no other."""


class Observation(NamedTuple):
    """What was charged for one unit (and interval) of a product in a transaction, without tax, net of discounts."""

    product_id: UUID
    currency: str
    interval_months: int
    segment: str
    quantity: Decimal
    unit_price: Decimal
    day: date


class StratumKey(NamedTuple):
    """What sets a stratum apart; quantities are `[quantity_from, quantity_to)`, and None is without end."""

    product_id: UUID
    currency: str
    interval_months: int
    segment: str
    quantity_from: Decimal
    quantity_to: Decimal | None


@dataclass(frozen=True, slots=True)
class Terms:
    """How a study is made: the share to either side of the median, the share that must lie within, and the bands.

    `bands` are the quantities at which a new one begins, beside zero. With `by_segment` each segment stands alone.
    """

    spread: Decimal = Decimal("0.15")
    required: Decimal = Decimal("0.80")
    least_count: int = 5
    bands: tuple[Decimal, ...] = ()
    by_segment: bool = False

    def errors(self) -> list[Refusal]:
        """What is wrong with them."""
        found: list[Refusal] = []
        if not _ZERO <= self.spread < _ONE:
            found.append(InvalidValue("The range is a share of the median of 0 to less than 1.", field="spread"))
        if not _ZERO <= self.required <= _ONE:
            found.append(InvalidValue("The share that must lie within is 0 to 1.", field="required"))
        if self.least_count < 1:
            found.append(InvalidValue("At least one transaction is needed.", field="least_count"))
        rising = all(one < other for one, other in zip(self.bands, self.bands[1:], strict=False))
        if not rising or any(one <= 0 for one in self.bands) or len(self.bands) > MOST_BANDS:
            sentence = f"Bands begin at up to {MOST_BANDS} rising quantities above zero."
            found.append(InvalidValue(sentence, field="bands"))
        return found


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was found of a stratum: how many transactions, their prices in rising order, the median and the range."""

    key: StratumKey
    prices: tuple[Decimal, ...]
    median: Decimal
    low: Decimal
    high: Decimal
    within: int
    observable: bool

    @property
    def count(self) -> int:
        """How many transactions there were."""
        return len(self.prices)

    @property
    def share(self) -> Decimal:
        """The share of the transactions within the range, to four decimals."""
        return round_to(divide(Decimal(self.within), Decimal(self.count)), 4)

    def derivation(self, spread: Decimal) -> Derivation:
        """How the proposed price came about: the mean of the two prices in the middle."""
        lower, upper = middle(self.prices)
        inputs = {"lower": lower, "upper": upper}
        note = (
            f"median of {self.count} transactions from {self.prices[0]} to {self.prices[-1]}; {self.within} of them "
            f"within {spread} of it, {self.low} to {self.high}"
        )
        return Derivation(
            "revenue.ssp_median", 1, inputs, f"round((lower + upper) / 2, {RATE_DIGITS})", self.median, note
        )


def middle(prices: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """The two prices in the middle of rising ones; one twice where their number is odd."""
    return prices[(len(prices) - 1) // 2], prices[len(prices) // 2]


def study(observations: Sequence[Observation], terms: Terms) -> list[Stratum]:
    """The strata of what was observed, in the order of their keys.

    A price is called observable where there are enough transactions, and enough of them within the range.
    """
    strata: dict[StratumKey, list[Decimal]] = {}
    for one in observations:
        strata.setdefault(_key(one, terms), []).append(one.unit_price)
    return [_stratum(key, sorted(strata[key]), terms) for key in sorted(strata, key=_order)]


def _key(one: Observation, terms: Terms) -> StratumKey:
    place = bisect_right(terms.bands, one.quantity)
    start = terms.bands[place - 1] if place else _ZERO
    end = terms.bands[place] if place < len(terms.bands) else None
    segment = one.segment if terms.by_segment else ""
    return StratumKey(one.product_id, one.currency, one.interval_months, segment, start, end)


def _order(key: StratumKey) -> tuple[UUID, str, int, str, Decimal]:
    return key[:5]


def _stratum(key: StratumKey, prices: list[Decimal], terms: Terms) -> Stratum:
    lower, upper = middle(prices)
    median = round_to(divide(lower + upper, _TWO), RATE_DIGITS)
    low = round_to(median * (_ONE - terms.spread), RATE_DIGITS)
    high = round_to(median * (_ONE + terms.spread), RATE_DIGITS)
    within = sum(low <= price <= high for price in prices)
    enough = len(prices) >= terms.least_count and within >= terms.required * len(prices)
    return Stratum(key, tuple(prices), median, low, high, within, enough)


class ApprovedPrice(NamedTuple):
    """A stand-alone price in force from a day on, for a stratum; the price of one unit and interval, and its range."""

    product_id: UUID
    currency: str
    interval_months: int
    segment: str
    quantity_from: Decimal
    quantity_to: Decimal | None
    valid_from: date
    amount: Decimal
    low: Decimal
    high: Decimal


def price_for(
    prices: Sequence[ApprovedPrice],
    *,
    currency: str,
    interval_months: int,
    segment: str,
    quantity: Decimal,
    unit_price: Decimal,
    day: date,
) -> Decimal | None:
    """The stand-alone price of a unit of a product sold on a day; None where none is approved for it.

    The price of the segment alone goes before that of all, then the latest in force. A price charged within the range
    stands for itself.
    """
    best: ApprovedPrice | None = None
    for one in prices:
        fits = (one.currency, one.interval_months) == (currency, interval_months) and one.segment in ("", segment)
        within = one.quantity_from <= quantity and (one.quantity_to is None or quantity < one.quantity_to)
        if not fits or not within or one.valid_from > day:
            continue
        if best is None or (bool(one.segment), one.valid_from) > (bool(best.segment), best.valid_from):
            best = one
    if best is None:
        return None
    return unit_price if best.low <= unit_price <= best.high else best.amount


def with_approved(
    lines: Sequence[TermLine], prices: Mapping[UUID, Sequence[ApprovedPrice]], segment: str
) -> list[TermLine]:
    """Agreed lines with the stand-alone prices in force when each began; others keep the one they were agreed with.

    A later price changes no earlier contract (606-10-32-43; IFRS 15.88).
    """
    found: list[TermLine] = []
    for line in lines:
        price = price_for(
            prices.get(line.product_id, ()),
            currency=line.currency,
            interval_months=line.interval_months,
            segment=segment,
            quantity=line.quantity,
            unit_price=line.unit_price,
            day=line.starts_on,
        )
        found.append(line if price is None else structs.replace(line, stand_alone_price=price))
    return found
