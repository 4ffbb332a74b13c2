"""A charge in plain words, and tiers typed as lines."""

import pytest
from hypothesis import given

from cashline.flow.agree.pricing.rules.charges import Charge, Tier
from cashline.flow.agree.pricing.rules.wording import describe, tiers_as_text, tiers_from_text
from cashline.kernel.refusals import InvalidValue
from tests.support.charges import D, charges


@given(charges())
def test_every_charge_has_words_and_its_tiers_can_be_typed_again(charge: Charge) -> None:
    assert all(sentence for sentence in describe(charge))
    assert describe(charge)
    if charge.tiers:
        shape = {"model": "volume", "tiers": tiers_from_text(tiers_as_text(charge.tiers))}
        assert Charge.from_json(shape).tiers == charge.tiers


def test_a_charge_is_told_part_by_part() -> None:
    shape = {
        "model": "percentage", "price": "1.30", "fixed_fee": "0.2", "free_events": 3, "payment_maximum": "5",
        "discount_percent": "10", "minimum": "20",
    }  # fmt: skip
    assert describe(Charge.from_json(shape)) == (
        "1.3 % of each payment and 0.2.",
        "The first 3 payments are free.",
        "At most 5 a payment.",
        "Less 10 %.",
        "At least 20.",
    )


def test_lines_of_tiers_are_read() -> None:
    assert tiers_from_text("100; 2.50; 5\n\n *; 1.95 ") == [
        {"up_to": "100", "unit_price": "2.50", "flat_fee": "5"},
        {"up_to": None, "unit_price": "1.95"},
    ]
    assert tiers_as_text((Tier(D(100), D("2.50"), D(5)), Tier(None, D("1.95")))) == "100; 2.5; 5\n*; 1.95"
    with pytest.raises(InvalidValue, match="Line 2 is no tier"):
        tiers_from_text("1; 2\nthree")
