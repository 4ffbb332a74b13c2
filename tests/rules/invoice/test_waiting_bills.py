"""The anomaly gate and the grace window, as rules: what is out of line with what an agreement was billed before."""

from datetime import date
from decimal import Decimal

import pytest

from cashline.flow.invoice.billing.rules.waiting import (
    BillChanged,
    BillingPolicy,
    JudgedBill,
    PastBill,
    Waiting,
    WaitingCause,
    comparable,
    decide,
    judge,
    policy_errors,
    require_same,
)
from cashline.kernel.identifiers import new_id as uuid7

D = Decimal
GATE = BillingPolicy(gated=True)
TODAY = date(2026, 3, 1)


def bill(net: str, credited: str = "0", days: int = 31, rate: str = "1") -> JudgedBill:
    return JudgedBill(D(net), D(credited), days, "EUR", D(rate))


def past(*nets: str, days: int = 30) -> list[PastBill]:
    return [PastBill(D(net), days) for net in nets]


@pytest.mark.parametrize(
    ("net", "cause"),
    [
        ("100", None), ("150", None), ("150.01", WaitingCause.ABOVE_USUAL), ("50", None),
        ("49.99", WaitingCause.BELOW_USUAL), ("0", None),
    ],
)  # fmt: skip
def test_five_median_deviations_pass_and_a_cent_more_does_not(net: str, cause: WaitingCause | None) -> None:
    found = judge(GATE, bill(net), past("80", "90", "100", "110", "120"))
    assert (found and found.cause) == cause
    if found:
        assert (found.usual, found.lower, found.upper) == (D(100), D(50), D(150))


def test_equal_bills_have_no_deviation_and_the_tolerance_lets_pass() -> None:
    assert judge(GATE, bill("125"), past("100", "100", "100")) is None
    found = judge(GATE, bill("125.01"), past("100", "100", "100"))
    assert found is not None
    assert found.words == (
        "€125.01 is more than usual: the last 3 comparable bills came to €100.00 in the middle, and up to "
        "€125.00 would pass."
    )


def test_one_odd_bill_moves_nothing() -> None:
    assert judge(GATE, bill("1000"), past("100", "101", "99", "1000", "100")) is not None


def test_a_year_is_not_compared_with_months_nor_a_part_of_a_month_with_a_whole_one() -> None:
    assert comparable(31, 28)
    assert comparable(0, 0)
    assert not comparable(365, 31)
    assert not comparable(31, 12)
    assert not comparable(0, 30)
    limited = BillingPolicy(gated=True, first_limit=D(1000))
    assert judge(limited, bill("900", days=365), past("100", "100", "100")) is None
    found = judge(limited, bill("1200", days=365), past("100", "100", "100"))
    assert found is not None
    assert (found.cause, found.upper) == (WaitingCause.LARGE_FIRST, D(1000))


def test_the_limit_of_first_bills_is_in_the_currency_of_the_entity() -> None:
    limited = BillingPolicy(gated=True, first_limit=D(1000))
    assert judge(limited, bill("1000"), ()) is None
    assert judge(limited, bill("1000", rate="1.1"), ()) is not None
    assert judge(GATE, bill("1000000"), ()) is None


def test_more_given_back_than_is_usually_billed_is_held() -> None:
    found = judge(GATE, bill("0", "400"), past("100", "100", "100"))
    assert found is not None
    assert found.cause is WaitingCause.LARGE_CREDIT


def waiting(status: str, net: str, cause: str = "above_usual", until: date | None = None) -> Waiting:
    return Waiting(uuid7(), uuid7(), cause, status, "It is more.", D(net), D(0), until)


def test_a_refused_bill_waits_on_until_another_amount_is_due() -> None:
    refused = waiting("refused", "500")
    held = decide(GATE, bill("500"), (), refused, TODAY)
    assert held is not None
    assert held.words == "It is more."
    assert decide(GATE, bill("100"), past("100", "100", "100"), refused, TODAY) is None


def test_a_draft_waits_for_its_window_which_begins_once() -> None:
    grace = BillingPolicy(grace_days=3)
    first = decide(grace, bill("100"), (), None, TODAY)
    assert first is not None
    assert (first.cause, first.words) == (
        WaitingCause.GRACE, "A draft: it is issued on 2026-03-04, or by hand before.",
    )  # fmt: skip
    known = waiting("waiting", "100", "grace", date(2026, 3, 4))
    assert decide(grace, bill("120"), (), known, date(2026, 3, 3)) is not None
    assert decide(grace, bill("120"), (), known, date(2026, 3, 4)) is None
    assert decide(BillingPolicy(), bill("120"), (), known, date(2026, 3, 3)) is None


def test_what_was_released_is_what_is_issued() -> None:
    require_same(waiting("waiting", "500"), D(500), D(0), "EUR")
    require_same(waiting("waiting", "500", "grace"), D(510), D(0), "EUR")
    with pytest.raises(BillChanged, match=r"it was €500.00, and is €510.00 now"):
        require_same(waiting("waiting", "500"), D(510), D(0), "EUR")


def test_a_policy_says_all_that_is_wrong_with_it() -> None:
    wrong = BillingPolicy(True, 0, 5, D(-1), D(-1), D(-1), 400)
    assert [error.field for error in policy_errors(wrong)] == [
        "bills", "least", "deviations", "tolerance", "first_limit", "grace_days",
    ]  # fmt: skip
    assert policy_errors(GATE) == []
