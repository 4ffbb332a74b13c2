"""Disputes: their lifecycle, and that neither they nor their credits pass what is open."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.disputes.rules import (
    CAUSING_DOMAIN,
    DISPUTE,
    CreditablePart,
    DisputedPart,
    DisputeReason,
    DisputeStatus,
    DisputeTooLarge,
    check_credit,
    check_dispute,
    disputed_amount,
    spread_credit,
)
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.money import CurrencyMismatch, Money
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


PARTS = (
    DisputedPart(eur("10.00"), DisputeStatus.OPENED),
    DisputedPart(eur("20.00"), DisputeStatus.UNDER_REVIEW),
    DisputedPart(eur("40.00"), DisputeStatus.RESOLVED_CREDIT),
    DisputedPart(eur("80.00"), DisputeStatus.WITHDRAWN),
)


def test_only_unresolved_disputes_count() -> None:
    assert disputed_amount(PARTS, "EUR") == eur("30.00")
    assert disputed_amount((), "EUR") == eur("0")


def test_a_dispute_fits_beside_the_others() -> None:
    check_dispute(eur("70.00"), open_amount=eur("100.00"), others=PARTS)
    with pytest.raises(DisputeTooLarge) as refused:
        check_dispute(eur("70.01"), open_amount=eur("100.00"), others=PARTS)
    assert refused.value.data["disputable"] == eur("70.00")
    for amount in ("0.00", "-1.00", "0.001"):
        with pytest.raises(InvalidValue):
            check_dispute(eur(amount), open_amount=eur("100.00"), others=())
    with pytest.raises(CurrencyMismatch):
        check_dispute(Money.of("1.00", "USD"), open_amount=eur("100.00"), others=())


def test_a_credit_is_at_most_what_was_disputed() -> None:
    check_credit(eur("10.00"), disputed=eur("10.00"))
    with pytest.raises(DisputeTooLarge):
        check_credit(eur("10.01"), disputed=eur("10.00"))


@pytest.mark.parametrize(
    ("verb", "status", "target"),
    [
        ("review", "opened", "under_review"),
        ("resolve_with_credit", "opened", "resolved_credit"),
        ("resolve_with_credit", "under_review", "resolved_credit"),
        ("reject", "under_review", "resolved_rejected"),
        ("withdraw", "opened", "withdrawn"),
        ("reopen", "resolved_rejected", "under_review"),
        ("reopen", "resolved_credit", None),
        ("reject", "withdrawn", None),
        ("review", "under_review", None),
    ],
)
def test_lifecycle(verb: str, status: str, target: str | None) -> None:
    if target is None:
        with pytest.raises(IllegalTransition):
            DISPUTE.target(verb, status)
    else:
        assert DISPUTE.target(verb, status) == target


def test_every_reason_points_somewhere() -> None:
    assert set(CAUSING_DOMAIN) == set(DisputeReason)


def part(number: int, left: str, rate: str = "19") -> CreditablePart:
    return CreditablePart(UUID(int=number), Decimal(left), Decimal(rate))


@pytest.mark.parametrize(
    ("gross", "expected"),
    [
        ("119", {1: "100"}),
        ("19", {1: "15.97"}),
        ("11.90", {1: "10"}),
        ("130", {1: "100", 2: "10"}),
        ("0.01", {1: "0.01"}),
    ],
)
def test_a_gross_credit_is_spread_over_the_largest_lines_first(gross: str, expected: dict[int, str]) -> None:
    found = spread_credit(eur(gross), [part(2, "20", "10"), part(1, "100")])
    assert {key.int: net for key, net in found} == {key: Decimal(net) for key, net in expected.items()}


def test_no_more_is_spread_than_the_lines_have_left() -> None:
    with pytest.raises(DisputeTooLarge):
        spread_credit(eur("119.01"), [part(1, "100")])


@given(
    st.decimals("0.01", "500", places=2),
    st.lists(
        st.tuples(st.decimals("0.01", "300", places=2), st.sampled_from(["0", "7", "19"])), min_size=1, max_size=6
    ),
)
def test_a_spread_credit_never_passes_what_was_asked_by_line(gross: Decimal, lines: list[tuple[Decimal, str]]) -> None:
    parts = [part(number, str(left), rate) for number, (left, rate) in enumerate(lines, 1)]
    by_id = {one.line_id: one for one in parts}
    try:
        found = spread_credit(Money(gross, "EUR"), parts)
    except DisputeTooLarge:
        return
    assert all(net <= by_id[key].left for key, net in found)
    taxed = sum((net + round_to(net * by_id[key].tax_rate / 100, 2) for key, net in found), Decimal(0))
    assert gross - Decimal("0.01") * len(parts) <= taxed <= gross
