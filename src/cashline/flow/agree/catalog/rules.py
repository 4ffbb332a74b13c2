"""Rules of the catalogue: the kinds of products, how they are billed and earned, and prices that never overlap."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cashline.flow.agree.pricing.rules.charges import Charge
from cashline.flow.agree.pricing.rules.reading import charge_errors
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue, NotFound, Refusal
from cashline.kernel.rounding import round_to

MAX_UNIT_PRICE = Decimal("1e12")


class ProductKind(StrEnum):
    """What a product is, which decides how it is delivered."""

    GOODS = "goods"
    SUBSCRIPTION = "subscription"
    SERVICE = "service"


class TaxCategory(StrEnum):
    """The tax class of a product; the rate follows from country and date."""

    STANDARD = "standard"
    REDUCED = "reduced"
    SECOND_REDUCED = "second_reduced"
    SUPER_REDUCED = "super_reduced"
    PARKING = "parking"
    INTERMEDIATE = "intermediate"
    INCREASED = "increased"
    LOW = "low"
    SPECIAL = "special"
    ZERO = "zero"
    EXEMPT = "exempt"


class BillingTrigger(StrEnum):
    """Which fact makes a line due for billing."""

    ON_SHIPMENT = "on_shipment"
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"
    ON_ACCEPTANCE = "on_acceptance"


class RevenuePattern(StrEnum):
    """How the obligation of a line is satisfied (ASC 606-10-25-23 ff., IFRS 15.31 ff.)."""

    POINT = "point"
    RATABLE_DAILY = "ratable_daily"


DEFAULT_TRIGGER = {
    ProductKind.GOODS: BillingTrigger.ON_SHIPMENT,
    ProductKind.SUBSCRIPTION: BillingTrigger.IN_ADVANCE,
    ProductKind.SERVICE: BillingTrigger.ON_ACCEPTANCE,
}
DEFAULT_PATTERN = {
    ProductKind.GOODS: RevenuePattern.POINT,
    ProductKind.SUBSCRIPTION: RevenuePattern.RATABLE_DAILY,
    ProductKind.SERVICE: RevenuePattern.POINT,
}


MAX_TEXT = 200
MAX_DESCRIPTION = 2000
MAX_INTERVAL_MONTHS = 120


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product as given; trigger and pattern follow from the kind where they are left out.

    `provisioning_key` is what the provisioning endpoint knows the service by; empty activates at once.
    """

    sku: str
    name: str
    kind: str
    description: str = ""
    unit: str = "C62"
    tax_category: str = TaxCategory.STANDARD
    billing_trigger: str = ""
    revenue_pattern: str = ""
    unit_cost: Decimal = Decimal(0)
    provisioning_key: str = ""

    @property
    def trigger(self) -> str:
        """The trigger given, or that of the kind."""
        return self.billing_trigger or DEFAULT_TRIGGER[ProductKind(self.kind)].value

    @property
    def pattern(self) -> str:
        """The pattern given, or that of the kind."""
        return self.revenue_pattern or DEFAULT_PATTERN[ProductKind(self.kind)].value


@dataclass(frozen=True, slots=True)
class NewPriceBook:
    """A price book as given; `tax_country` is the country whose tax its prices include, empty for none."""

    name: str
    currency: str
    is_default: bool = False
    tax_country: str = ""


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A list price from a day on; without a charge it is so much for each unit."""

    price_book_id: UUID
    product_id: UUID
    interval_months: int
    valid_from: date
    unit_price: Decimal
    charge: Charge | None = None

    @property
    def key(self) -> tuple[UUID, UUID, int]:
        """What has one price at a time."""
        return self.price_book_id, self.product_id, self.interval_months

    @property
    def whole_charge(self) -> Charge:
        """The charge, made of the unit price where none was given."""
        return self.charge or Charge.unit(self.unit_price)


_TRIGGERS = {
    ProductKind.GOODS: {BillingTrigger.ON_SHIPMENT},
    ProductKind.SUBSCRIPTION: {BillingTrigger.IN_ADVANCE, BillingTrigger.IN_ARREARS},
    ProductKind.SERVICE: {BillingTrigger.ON_ACCEPTANCE},
}


def product_errors(product: NewProduct, place: str = "") -> Iterator[Refusal]:
    """Everything that is wrong with a new product; each refusal names its field, after `place`."""
    if not product.sku.strip() or len(product.sku) > MAX_TEXT or product.sku != product.sku.strip():
        yield InvalidValue(f"A SKU has 1 to {MAX_TEXT} characters, no space around them.", field=f"{place}sku")
    if not product.name.strip() or len(product.name) > MAX_TEXT:
        yield InvalidValue(f"A product has a name of 1 to {MAX_TEXT} characters.", field=f"{place}name")
    if len(product.description) > MAX_DESCRIPTION:
        yield InvalidValue(f"A description has {MAX_DESCRIPTION} characters at most.", field=f"{place}description")
    if not 1 <= len(product.unit) <= 3 or not product.unit.isalnum():
        yield InvalidValue(
            f"{product.unit!r} is no code of UNECE Recommendation 20.", field=f"{place}unit", fix="C62 is one piece."
        )
    if product.tax_category not in tuple(TaxCategory):
        yield InvalidValue(f"There is no tax category {product.tax_category!r}.", field=f"{place}tax_category")
    if not 0 <= product.unit_cost < MAX_UNIT_PRICE:
        yield InvalidValue("A unit cost is not negative, and below a trillion.", field=f"{place}unit_cost")
    if product.kind not in tuple(ProductKind):
        yield InvalidValue(f"There is no kind of product {product.kind!r}.", field=f"{place}kind")
        return
    if product.trigger not in _TRIGGERS[ProductKind(product.kind)]:
        yield InvalidValue(
            f"A {product.kind} line cannot be billed {product.trigger!r}.", field=f"{place}billing_trigger"
        )
    if product.pattern not in tuple(RevenuePattern):
        yield InvalidValue(f"There is no revenue pattern {product.pattern!r}.", field=f"{place}revenue_pattern")


def price_errors(price: NewPrice, kind: str | None, place: str = "") -> Iterator[Refusal]:
    """Everything that is wrong with a new price; `kind` is that of its product, None where there is no such product."""
    if kind is None:
        yield NotFound(f"There is no product {price.product_id}.", field=f"{place}product_id")
    if not 0 <= price.interval_months <= MAX_INTERVAL_MONTHS:
        yield InvalidValue(
            f"An interval has 0 (paid once) to {MAX_INTERVAL_MONTHS} months.", field=f"{place}interval_months"
        )
    elif kind is not None and (kind == ProductKind.SUBSCRIPTION) != (price.interval_months > 0):
        wanted = "an interval of at least a month" if kind == ProductKind.SUBSCRIPTION else "no interval (0)"
        yield InvalidValue(f"A price for {kind} has {wanted}.", field=f"{place}interval_months")
    if not 0 <= price.unit_price < MAX_UNIT_PRICE:
        yield InvalidValue("A price is not negative, and below a trillion.", field=f"{place}unit_price")
    for error in charge_errors(price.whole_charge):
        yield InvalidValue(error.message, field=f"{place}charge.{error.field}", fix=error.fix)
    if round_to(price.unit_price, 10) != price.unit_price:
        yield InvalidValue("A price has 10 decimals at most.", field=f"{place}unit_price")
    if not date(1900, 1, 1) <= price.valid_from <= date(2200, 1, 1):
        yield InvalidValue("A price begins between 1900 and 2200.", field=f"{place}valid_from")


@dataclass(frozen=True, slots=True)
class PriceSpan:
    """A stored price: valid from a day up to, not including, `until` (None: without end)."""

    id: UUID
    start: date
    until: date | None


@dataclass(frozen=True, slots=True)
class PricePlan:
    """What setting prices comes to: spans to cut at a new end, prices to restate in place, prices to add."""

    cut: tuple[tuple[UUID, date], ...]
    restate: tuple[tuple[UUID, NewPrice], ...]
    add: tuple[tuple[UUID, NewPrice, date | None], ...]


def plan_prices(
    existing: Mapping[tuple[UUID, UUID, int], Sequence[PriceSpan]], prices: Sequence[NewPrice]
) -> PricePlan:
    """A new price ends the one before it on its first day and lasts until the next one begins, if there is any.

    A price from the same day as a stored one restates it. `existing` holds the spans of every key of `prices`.
    """
    cut: dict[UUID, date] = {}
    restate: list[tuple[UUID, NewPrice]] = []
    add: list[tuple[UUID, NewPrice, date | None]] = []
    by_key: dict[tuple[UUID, UUID, int], list[NewPrice]] = {}
    for new in prices:
        by_key.setdefault(new.key, []).append(new)
    for key, news in by_key.items():
        spans = sorted(existing.get(key, ()), key=lambda span: span.start)
        starts = {span.start: span for span in spans}
        boundaries = sorted({span.start for span in spans} | {new.valid_from for new in news})
        for new in news:
            if new.valid_from in starts:
                restate.append((starts[new.valid_from].id, new))
                continue
            holding = next((span for span in reversed(spans) if span.start < new.valid_from), None)
            later = [day for day in boundaries if day > new.valid_from]
            end = later[0] if later else None
            if holding is not None and (holding.until is None or holding.until > new.valid_from):
                cut[holding.id] = min(cut.get(holding.id, new.valid_from), new.valid_from)
            add.append((new_id(), new, end))
    return PricePlan(tuple(cut.items()), tuple(restate), tuple(add))


def repeated_prices(prices: Sequence[NewPrice]) -> list[Refusal]:
    """The refusals of prices that stand twice in one batch."""
    seen: set[tuple[object, ...]] = set()
    found: list[Refusal] = []
    for index, new in enumerate(prices):
        if (*new.key, new.valid_from) in seen:
            found.append(InvalidValue("This price stands twice.", field=f"prices.{index}.valid_from"))
        seen.add((*new.key, new.valid_from))
    return found
