"""Cases of kind `rating`: a charge is stored in the catalogue of a scratch company, which prices quantities by it.

Figures that are not rounded are compared at 30 decimals, since a quotient has no last digit.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate, islice, permutations
from typing import Any, assert_never

from cashline.flow.agree.catalog.actions import create_price_books, create_products, set_prices
from cashline.flow.agree.catalog.queries import PricePreview, preview_price, price_books
from cashline.flow.agree.catalog.rules import NewPrice, NewPriceBook, NewProduct, ProductKind
from cashline.flow.agree.pricing.rules.charges import Charge
from cashline.flow.agree.pricing.rules.parts import ItemStep
from cashline.flow.agree.pricing.rules.quantity_changes import QuantityChange
from cashline.flow.agree.pricing.rules.usage_prices import PreviewUsage
from cashline.kernel.refusals import Refusal
from cashline.kernel.rounding import WIDE, round_to
from cashline.surfaces.check.billing_format import RatingCase
from cashline.surfaces.check.charge_format import (
    ChangesCheck,
    Check,
    GivenCharge,
    GraduatedPercentageCharge,
    ItemsCheck,
    PackageCharge,
    PartsCheck,
    PaymentsCheck,
    PercentageCharge,
    QuantityCheck,
    UnitCharge,
)
from cashline.surfaces.check.results import Difference

DAY = date(2000, 1, 1)
WHO: dict[str, Any] = {"now": datetime(2000, 1, 1, tzinfo=UTC), "actor": "system:check"}
CURRENCY = "EUR"
MAX_ORDERS = 5040
_EXACT = Decimal(1).scaleb(-30)


class AboveLastTier(Refusal):
    """A case prices more than its last tier holds."""

    code = "above_last_tier"


type Show = Callable[[Decimal], Decimal]


def differences(case: RatingCase) -> list[Difference]:
    """Price every check by the charge as it is stored, and compare."""
    ask = _stored(case)
    show = _cents if case.rounding == "half_up_2" else _exact
    return [
        difference
        for number, check in enumerate(case.checks, start=1)
        for difference in _compare(f"check {number}", check, ask, show)
    ]


def charge_json(given: GivenCharge) -> dict[str, Any]:
    """The charge in the form of the catalogue's API."""
    shape: dict[str, Any] = {"model": type(given).__struct_config__.tag}
    match given:
        case UnitCharge():
            shape |= {"price": given.unit_price, "high_water_mark": given.high_water_mark}
        case PackageCharge():
            shape |= {"price": given.price_per_package, "package_size": given.package_size}
        case PercentageCharge():
            shape |= {
                "price": given.rate_percent,
                "fixed_fee": given.fixed_fee_per_payment,
                "free_events": given.free_events,
                "free_amount": given.free_amount,
                "payment_minimum": given.min_per_payment,
                "payment_maximum": given.max_per_payment,
            }
        case _:
            rate = "percent" if isinstance(given, GraduatedPercentageCharge) else "unit_price"
            tiers = [
                {"up_to": tier.up_to, rate: getattr(tier, rate), "flat_fee": tier.flat_fee} for tier in given.tiers
            ]
            tiers[-1]["up_to"] = None
            shape |= {"tiers": tiers, "fee_at_zero": given.first_tier_flat_fee_at_zero}
    steps = {"minimum": "minimum_spend", "maximum": "maximum_spend"}
    for name in ("free_units", "discount_percent", "minimum", "maximum"):
        shape[name] = getattr(given, steps.get(name, name), None)
    if conversion := getattr(given, "conversion", None):
        shape["conversion"] = {
            name: getattr(conversion, name)
            for name in ("divide_by", "multiply_by", "round")
            if getattr(conversion, name) is not None
        }
    return {name: value for name, value in shape.items() if value is not None}


def _stored(case: RatingCase) -> Callable[[PreviewUsage], PricePreview]:
    """Make a product with the charge as its price; gives what prices usage by it."""
    book = next((row.id for row in price_books() if row.currency == CURRENCY), None)
    if book is None:
        (book,) = create_price_books([NewPriceBook("List", CURRENCY, is_default=True)], **WHO)
    charge = Charge.from_json(charge_json(case.charge))
    (product,) = create_products([NewProduct(case.id, case.title[:200] or case.id, ProductKind.SUBSCRIPTION)], **WHO)
    set_prices([NewPrice(book, product, 1, DAY, charge.list_price, charge)], **WHO)
    end = _end_of_tiers(case.charge)

    def ask(usage: PreviewUsage) -> PricePreview:
        found = preview_price((product, CURRENCY, 1), DAY, usage, exact=case.rounding == "none")
        _require_priced(end, usage, found)
        return found

    return ask


def _end_of_tiers(given: GivenCharge) -> Decimal | None:
    """Where the last tier ends, where it does; the catalogue's last tier has no end."""
    tiers = getattr(given, "tiers", ())
    return tiers[-1].up_to if tiers else None


def _require_priced(end: Decimal | None, usage: PreviewUsage, found: PricePreview) -> None:
    """Refuse usage above the end of the last tier, which has no price (AboveLastTier)."""
    if end is None:
        return
    if usage.changes:
        highest = max(accumulate(change.units for change in usage.changes))
    else:
        highest = found.priced.whole.quantity
    if highest > end:
        raise AboveLastTier(f"{highest:f} is above {end:f}, where the last tier ends: it has no price.")


def _compare(place: str, check: Check, ask: Callable[[PreviewUsage], PricePreview], show: Show) -> Iterator[Difference]:
    match check:
        case QuantityCheck():
            whole = ask(PreviewUsage(quantity=check.quantity)).priced.whole
            wanted = (
                ("amount", check.amount, whole.amount),
                ("usage_amount", check.usage_amount, whole.usage_amount),
                ("minimum_shortfall", check.minimum_shortfall, whole.minimum_shortfall),
            )
            yield from _figures(place, wanted, show)
        case PaymentsCheck():
            yield from _payments(place, check, ask(PreviewUsage(payments=check.payments)), show)
        case PartsCheck():
            yield from _parts(place, check, ask, show)
        case ItemsCheck():
            steps = tuple(ItemStep(step.item, step.do == "add") for step in check.steps)
            found = ask(PreviewUsage(items=steps)).priced.parts
            for number, (step, part) in enumerate(zip(check.steps, found, strict=True), start=1):
                yield from _figures(f"{place}, step {number}", (("amount", step.amount, part.amount),), show)
        case ChangesCheck():
            changes = tuple(QuantityChange(change.units, change.prorated_units) for change in check.changes)
            amount = ask(PreviewUsage(changes=changes)).priced.amount
            yield from _figures(place, (("amount", check.amount, amount),), show)
        case _:
            assert_never(check)


def _payments(place: str, check: PaymentsCheck, found: PricePreview, show: Show) -> Iterator[Difference]:
    paid = found.priced.payments
    if paid is None:
        yield Difference(place, "payments", "none")
        return
    wanted = (
        ("amount", check.amount, paid.amount),
        ("percentage_part", check.percentage_part, paid.percentage_part),
        ("fixed_part", check.fixed_part, paid.fixed_part),
        ("free_amount_used", check.free_amount_used, paid.free_amount),
    )
    yield from _figures(place, wanted, show)
    if check.free_events_used not in (None, paid.free_events):
        yield Difference(f"{place}, free_events_used", str(check.free_events_used), str(paid.free_events))
    if check.per_payment is not None:
        costs = [one.cost for one in paid.payments]
        if len(costs) != len(check.per_payment):
            yield Difference(f"{place}, per_payment", f"{len(check.per_payment)} costs", f"{len(costs)}")
            return
        for number, (expected, cost) in enumerate(zip(check.per_payment, costs, strict=True), start=1):
            yield from _figures(place, ((f"per_payment {number}", expected, cost),), show)


def _parts(
    place: str, check: PartsCheck, ask: Callable[[PreviewUsage], PricePreview], show: Show
) -> Iterator[Difference]:
    """Compare part by part; where the parts share an instant, the amounts of any order of them are right."""

    def found(order: tuple[int, ...]) -> list[Difference]:
        priced = ask(PreviewUsage(parts=tuple(check.parts[index].quantity for index in order))).priced.parts
        return [
            difference
            for number, (index, part) in enumerate(zip(order, priced, strict=True), start=1)
            for difference in _figures(
                f"{place}, part {number}",
                (
                    ("billable_quantity", check.parts[index].billable_quantity, part.quantity),
                    ("list_amount", check.parts[index].list_amount, part.list_amount),
                    ("discount", check.parts[index].discount, part.discount),
                    ("maximum_spend_discount", check.parts[index].maximum_spend_discount, part.maximum_discount),
                    ("amount", check.parts[index].amount, part.amount),
                ),
                show,
            )
        ]

    given = tuple(range(len(check.parts)))
    first = found(given)
    if check.order == "given" or not first:
        yield from first
        return
    expected = Counter(show(part.amount) for part in check.parts)
    for order in islice(permutations(given), MAX_ORDERS):
        parts = ask(PreviewUsage(parts=tuple(check.parts[index].quantity for index in order))).priced.parts
        if Counter(show(part.amount) for part in parts) == expected:
            return
    yield from first


def _figures(place: str, figures: tuple[tuple[str, Decimal | None, Decimal], ...], show: Show) -> Iterator[Difference]:
    for name, expected, found in figures:
        if expected is not None and _exact(expected) != show(found):
            yield Difference(f"{place}, {name}", f"{expected:f}", f"{show(found).normalize():f}")


def _cents(value: Decimal) -> Decimal:
    return round_to(value, 2)


def _exact(value: Decimal) -> Decimal:
    return value.quantize(_EXACT, context=WIDE)
