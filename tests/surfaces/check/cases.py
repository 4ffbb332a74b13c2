"""Cases of our own in the format of billing cases: every kind of check on a charge, and schedules in several zones."""

from typing import Any

TIERS = [
    {"up_to": "10", "unit_price": "5", "flat_fee": "2"},
    {"up_to": "20", "unit_price": "4", "flat_fee": "3"},
    {"up_to": None, "unit_price": "3", "flat_fee": "0"},
]
COMMON = {"title": "", "source": "ours", "how": "looked_up"}


def rating(number: int, charge: dict[str, Any], *checks: dict[str, Any], rounding: str = "none") -> dict[str, Any]:
    """A case that prices."""
    case = {"id": f"OUR-R-{number:02}", "group": "charge-model", "kind": "rating", "rounding": rounding}
    return {**COMMON, **case, "charge": charge, "checks": list(checks)}


def schedule(number: int, interval: str, anchor: str, start: str, timezone: str, expect: Any) -> dict[str, Any]:
    """A case of billing dates."""
    case = {"id": f"OUR-S-{number:02}", "group": "calendar", "kind": "schedule", "interval": interval}
    day = {"day": 15} if anchor == "day_of_month" else {}
    more = {"anchor": {"type": anchor, **day}, "start": start, "timezone": timezone, "expect": expect}
    return {**COMMON, **case, **more}


def part(quantity: str, amount: str, **more: str) -> dict[str, str]:
    """A part of a period."""
    return {"quantity": quantity, "amount": amount, **more}


def run(at: str, *, bills: bool) -> dict[str, Any]:
    """A billing run."""
    return {"at": at, "bills": bills}


def within(start: str, until: str, *days: str) -> dict[str, Any]:
    """All billing dates of a window."""
    return {"within": {"from": start, "until": until}, "billing_dates": list(days)}


UNIT = {"model": "unit", "unit_price": "10"}
GRADUATED = {"tiers": TIERS, "first_tier_flat_fee_at_zero": False}
BOUNDED = {"tiers": TIERS[:2], "first_tier_flat_fee_at_zero": False}
RIGHT = [
    rating(
        1,
        {**UNIT, "free_units": "5", "discount_percent": "10", "maximum_spend": "100"},
        {
            "type": "parts",
            "order": "given",
            "parts": [
                part("8", "27", billable_quantity="3", list_amount="30", discount="3", maximum_spend_discount="0"),
                part("10", "73", billable_quantity="10", list_amount="100", discount="10", maximum_spend_discount="17"),
            ],
        },
    ),
    rating(
        2,
        {**UNIT, "high_water_mark": True},
        {"type": "parts", "order": "given", "parts": [part("5", "50"), part("-3", "0"), part("4", "10")]},
    ),
    rating(
        3,
        {**UNIT, "free_units": "4"},
        {"type": "parts", "order": "any", "parts": [part("3", "30"), part("5", "10")]},
        {"type": "items", "steps": [{"item": "a", "do": "add", "amount": "0"}] * 2},
    ),
    rating(
        4,
        UNIT,
        {
            "type": "items",
            "steps": [
                {"item": "a", "do": "add", "amount": "10"},
                {"item": "a", "do": "remove", "amount": "0"},
                {"item": "a", "do": "add", "amount": "0"},
                {"item": "b", "do": "add", "amount": "10"},
            ],
        },
    ),
    rating(
        5,
        {"model": "graduated_prorated", **GRADUATED},
        {
            "type": "changes",
            "changes": [
                {"units": "8", "prorated_units": "8"},
                {"units": "6", "prorated_units": "4"},
                {"units": "-3", "prorated_units": "-1"},
            ],
            "amount": "57",
        },
    ),
    rating(
        6,
        {"model": "volume_prorated", **GRADUATED},
        {"type": "changes", "changes": [{"units": "12", "prorated_units": "6"}], "amount": "27"},
    ),
    rating(
        7,
        {
            "model": "percentage", "rate_percent": "1.3", "fixed_fee_per_payment": "2", "free_amount": "120",
            "min_per_payment": "3", "max_per_payment": "5",
        },
        {
            "type": "payments", "payments": ["50", "100", "250"], "amount": "8", "percentage_part": "3.64",
            "fixed_part": "4", "free_amount_used": "120", "free_events_used": 1, "per_payment": ["0", "3", "5"],
        },
    ),
    rating(
        8,
        {**UNIT, "conversion": {"divide_by": "7", "round": "none"}},
        {"type": "quantity", "quantity": "3", "amount": "4.29"},
        rounding="half_up_2",
    ),
    rating(
        9,
        {"model": "unit", "unit_price": "7", "conversion": {"divide_by": "7", "round": "none"}, "minimum_spend": "4"},
        {"type": "quantity", "quantity": "3", "amount": "4", "usage_amount": "3", "minimum_shortfall": "1"},
    ),
    rating(
        10,
        {"model": "graduated", **BOUNDED},
        {"type": "quantity", "quantity": "20", "amount": "95"},
        {"type": "parts", "order": "given", "parts": [part("10", "52"), part("10", "43")]},
    ),
    rating(
        11,
        {"model": "volume_prorated", **BOUNDED},
        {"type": "changes", "changes": [{"units": "20", "prorated_units": "5"}], "amount": "23"},
    ),
    schedule(1, "month", "anniversary", "2022-01-31T10:00:00Z", "America/New_York",
             within("2022-01-01", "2022-04-30", "2022-02-28", "2022-03-31")),
    schedule(2, "quarter", "day_of_month", "2022-02-10", "Asia/Tokyo",
             within("2022-01-01", "2023-01-02", "2022-04-15", "2022-07-15", "2022-10-15")),
    schedule(3, "week", "anniversary", "2024-03-05", "Europe/Berlin", {
        "run_sequences": [
            [run("2024-04-01T22:00:00Z", bills=True), run("2024-04-02", bills=False)],
            [run("2024-04-01T21:59:59Z", bills=False), run("2024-04-03", bills=True)],
        ]
    }),
]  # fmt: skip
WRONG = [
    rating(21, UNIT, {"type": "quantity", "quantity": "1", "amount": "10.01"}),
    rating(22, {**UNIT, "unit_price": "-1"}, {"type": "quantity", "quantity": "1", "amount": "-1"}),
    rating(23, UNIT, {"type": "changes", "changes": [{"units": "1", "prorated_units": "1"}], "amount": "10"}),
    rating(24, {"model": "volume", **BOUNDED}, {"type": "quantity", "quantity": "20.5", "amount": "85"}),
    rating(
        25, {**UNIT, "minimum_spend": "9", "maximum_spend": "8"}, {"type": "quantity", "quantity": "1", "amount": "8"}
    ),
    schedule(4, "month", "calendar", "2022-01-31", "UTC", within("2022-02-01", "2022-03-02", "2022-02-01")),
]
