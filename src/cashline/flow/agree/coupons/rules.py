"""Rules of coupons: which lines a coupon applies to, in which order coupons are used, and how one is spread.

First come coupons limited to meters, then those limited to plans or products, then the others; within a kind in the
order in which they were granted. A coupon is spread over its lines in proportion to what earlier ones left of them,
unrounded, and never gives more than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.money import MAX_AMOUNT, minor_units
from cashline.kernel.refusals import InvalidValue, Refusal
from cashline.kernel.rounding import round_parts, round_to

NOTHING = Fraction(0)
USAGE = frozenset({"charge", "minimum_shortfall"})
"""Components of a line that bill usage of a meter."""
OF_PLAN = USAGE | {"base", "unused_base"}
"""Components that a coupon limited to plans applies to."""


class CouponStatus(StrEnum):
    """Whether a coupon can still be granted; those granted before go on."""

    ACTIVE = "active"
    ARCHIVED = "archived"


COUPON = Lifecycle("coupon", ("archive", [CouponStatus.ACTIVE], CouponStatus.ARCHIVED))


class CouponUsedUp(Refusal):
    """A coupon was granted as often as it may be, is archived, or is no longer valid."""

    code = "coupon_used_up"


@dataclass(frozen=True, slots=True)
class NewCoupon:
    """A coupon to define: an amount in a currency, or a percentage. `uses` None means on every invoice.

    Without limits it applies to every line. It may be used on invoices issued from `valid_from` to the day before
    `valid_until`. `most_grants` caps how many customers get it.
    """

    code: str
    name: str
    amount: Decimal | None = None
    currency: str = ""
    percent: Decimal | None = None
    uses: int | None = 1
    meters: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    products: tuple[UUID, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    most_grants: int | None = None


class HeldCoupon(NamedTuple):
    """A coupon that a customer holds: `id` is the grant. `uses_left` None means no end."""

    id: UUID
    customer_id: UUID
    code: str
    name: str
    amount: Decimal | None
    currency: str
    percent: Decimal | None
    uses_left: int | None
    meters: frozenset[str]
    plans: frozenset[str]
    products: frozenset[UUID]
    valid_from: date | None
    valid_until: date | None
    sequence: int

    @property
    def rank(self) -> tuple[int, int]:
        """Its place in the order of use."""
        kind = 0 if self.meters else 1 if self.plans or self.products else 2
        return (kind, self.sequence)

    def is_usable(self, currency: str, day: date) -> bool:
        """May it be used on an invoice in that currency issued that day?"""
        if self.uses_left is not None and self.uses_left <= 0:
            return False
        if self.percent is None and self.currency != currency:
            return False
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day < self.valid_until)

    def applies_to(self, line: "DiscountableLine") -> bool:
        """Is the line one that the coupon is for?"""
        if self.meters:
            return line.component in USAGE and line.meter in self.meters
        if self.plans and self.products:
            return self._of_plan(line) or line.product_id in self.products
        if self.plans:
            return self._of_plan(line)
        return not self.products or line.product_id in self.products

    def _of_plan(self, line: "DiscountableLine") -> bool:
        return line.component in OF_PLAN and line.plan in self.plans


class DiscountableLine(NamedTuple):
    """What a coupon looks at in a line of an invoice."""

    amount: Decimal
    component: str
    plan: str
    meter: str
    product_id: UUID | None


class CouponUse(NamedTuple):
    """A coupon taken off an invoice, with the amount it came to; the amounts sum to the discount of the document."""

    coupon: HeldCoupon
    amount: Decimal


class Spread(NamedTuple):
    """The exact share of all coupons on each line, and the coupons that were used."""

    shares: list[Fraction]
    uses: list[CouponUse]


def spread_coupons(
    coupons: Sequence[HeldCoupon], lines: Sequence[DiscountableLine], *, currency: str, day: date
) -> Spread:
    """Take coupons off lines in the declared order; those that found nothing to take off are not used."""
    left = [Fraction(line.amount) for line in lines]
    used: list[tuple[HeldCoupon, Fraction]] = []
    for coupon in sorted(coupons, key=lambda coupon: coupon.rank):
        if not coupon.is_usable(currency, day):
            continue
        places = [index for index, line in enumerate(lines) if coupon.applies_to(line) and left[index]]
        whole = sum((left[index] for index in places), NOTHING)
        if whole <= 0:
            continue
        given = min(_worth(coupon, whole), whole)
        for index in places:
            left[index] -= given * left[index] / whole
        used.append((coupon, given))
    amounts = round_parts([given for _, given in used], minor_units(currency))
    uses = [CouponUse(coupon, amount) for (coupon, _), amount in zip(used, amounts, strict=True)]
    return Spread([Fraction(line.amount) - rest for line, rest in zip(lines, left, strict=True)], uses)


def _worth(coupon: HeldCoupon, whole: Fraction) -> Fraction:
    if coupon.percent is not None:
        return whole * Fraction(coupon.percent) / 100
    return Fraction(coupon.amount or 0)


def coupon_problems(coupon: NewCoupon) -> list[Refusal]:
    """What is wrong with a definition, all at once."""
    found: list[Refusal] = []
    if not coupon.code or len(coupon.code) > 60 or not coupon.code.replace("-", "").replace("_", "").isalnum():
        found.append(InvalidValue("A code has letters, digits, - and _, at most 60.", field="code"))
    if (coupon.amount is None) == (coupon.percent is None):
        found.append(InvalidValue("A coupon is worth an amount or a percentage, and not both.", field="amount"))
    if coupon.amount is not None:
        found += _amount_problems(coupon.amount, coupon.currency)
    if coupon.percent is not None and not 0 < coupon.percent <= 100:
        found.append(InvalidValue("A percentage is above 0 and at most 100.", field="percent"))
    if coupon.uses is not None and coupon.uses < 1:
        found.append(InvalidValue("A coupon is used at least once.", field="uses"))
    if coupon.most_grants is not None and coupon.most_grants < 1:
        found.append(InvalidValue("A coupon is granted at least once.", field="most_grants"))
    if coupon.valid_from and coupon.valid_until and coupon.valid_until <= coupon.valid_from:
        found.append(InvalidValue("A coupon ends after it begins.", field="valid_until"))
    return found


def _amount_problems(amount: Decimal, currency: str) -> list[Refusal]:
    try:
        digits = minor_units(currency)
    except InvalidValue as refusal:
        return [refusal]
    if not 0 < amount < MAX_AMOUNT or round_to(amount, digits) != amount:
        return [InvalidValue(f"An amount in {currency} is above zero and has {digits} decimals.", field="amount")]
    return []
