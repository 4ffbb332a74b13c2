"""The charges and checks of the format `billing-scenarios/2`, as closed structs."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct


class Conversion(Struct, frozen=True, forbid_unknown_fields=True):
    """Turns the metered quantity into the priced one."""

    round: Literal["none", "up", "down"]
    divide_by: Decimal | None = None
    multiply_by: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.divide_by is None) == (self.multiply_by is None):
            raise ValueError("A conversion has either divide_by or multiply_by.")


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """A tier with a price for a unit."""

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal


class PercentTier(Struct, frozen=True, forbid_unknown_fields=True):
    """A tier with a percentage of an amount."""

    up_to: Decimal | None
    percent: Decimal
    flat_fee: Decimal


class _Steps(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    free_units: Decimal | None = None
    conversion: Conversion | None = None
    discount_percent: Decimal | None = None
    minimum_spend: Decimal | None = None
    maximum_spend: Decimal | None = None


_Tiers = Annotated[tuple[Tier, ...], Meta(min_length=1)]


class UnitCharge(_Steps, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="unit"):
    """So much for each unit."""

    unit_price: Decimal
    high_water_mark: bool = False


class GraduatedCharge(_Steps, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="graduated"):
    """Each tier's units at that tier's price."""

    tiers: _Tiers
    first_tier_flat_fee_at_zero: bool


class VolumeCharge(_Steps, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="volume"):
    """All units at the price of the tier that holds the quantity."""

    tiers: _Tiers
    first_tier_flat_fee_at_zero: bool


class PackageCharge(_Steps, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="package"):
    """So much for each package begun."""

    package_size: Decimal
    price_per_package: Decimal


class GraduatedPercentageCharge(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="graduated_percentage"
):
    """Each tier's part of an amount at that tier's percentage."""

    tiers: Annotated[tuple[PercentTier, ...], Meta(min_length=1)]
    first_tier_flat_fee_at_zero: bool


class PercentageCharge(Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="percentage"):
    """A percentage and a fixed fee for each payment, after allowances."""

    rate_percent: Decimal
    fixed_fee_per_payment: Decimal
    free_events: Annotated[int, Meta(ge=1)] | None = None
    free_amount: Decimal | None = None
    min_per_payment: Decimal | None = None
    max_per_payment: Decimal | None = None


class GraduatedProratedCharge(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="graduated_prorated"
):
    """Each change at the tier of its last whole unit."""

    tiers: _Tiers
    first_tier_flat_fee_at_zero: bool


class VolumeProratedCharge(Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="volume_prorated"):
    """The tier by whole units, the price on prorated ones."""

    tiers: _Tiers
    first_tier_flat_fee_at_zero: bool


GivenCharge = (
    UnitCharge
    | GraduatedCharge
    | VolumeCharge
    | PackageCharge
    | GraduatedPercentageCharge
    | PercentageCharge
    | GraduatedProratedCharge
    | VolumeProratedCharge
)


class QuantityCheck(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="quantity"):
    """A quantity of one period."""

    quantity: Decimal
    amount: Decimal
    usage_amount: Decimal | None = None
    minimum_shortfall: Decimal | None = None


class PaymentsCheck(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="payments"):
    """Payments of one period, in order."""

    payments: Annotated[tuple[Decimal, ...], Meta(min_length=1)]
    amount: Decimal
    percentage_part: Decimal | None = None
    fixed_part: Decimal | None = None
    free_amount_used: Decimal | None = None
    free_events_used: Annotated[int, Meta(ge=0)] | None = None
    per_payment: Annotated[tuple[Decimal, ...], Meta(min_length=1)] | None = None


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One of consecutive parts of a period."""

    quantity: Decimal
    amount: Decimal
    billable_quantity: Decimal | None = None
    list_amount: Decimal | None = None
    discount: Decimal | None = None
    maximum_spend_discount: Decimal | None = None


class PartsCheck(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="parts"):
    """Consecutive parts of one period."""

    order: Literal["given", "any"]
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """An item added or removed."""

    item: str
    do: Literal["add", "remove"]
    amount: Decimal


class ItemsCheck(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="items"):
    """Distinct items added and removed in one period."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a quantity within a period."""

    units: Decimal
    prorated_units: Decimal


class ChangesCheck(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="changes"):
    """Changes of a quantity during one period."""

    changes: Annotated[tuple[Change, ...], Meta(min_length=1)]
    amount: Decimal


Check = QuantityCheck | PaymentsCheck | PartsCheck | ItemsCheck | ChangesCheck
