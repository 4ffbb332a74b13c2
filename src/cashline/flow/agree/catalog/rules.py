"""Rules of the catalogue: the kinds of products, how they are billed and how their revenue is earned."""

from enum import StrEnum


class ProductKind(StrEnum):
    """What a product is, which decides how it is delivered."""

    GOODS = "goods"
    SUBSCRIPTION = "subscription"
    SERVICE = "service"


class TaxCategory(StrEnum):
    """The tax class of a product; the rate follows from country and date."""

    STANDARD = "standard"
    REDUCED = "reduced"
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
