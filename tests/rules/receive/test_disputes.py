"""Disputes: their lifecycle, and that neither they nor their credits pass what is open."""

import pytest

from cashline.flow.receive.disputes.rules import (
    CAUSING_DOMAIN,
    DISPUTE,
    DisputedPart,
    DisputeReason,
    DisputeStatus,
    DisputeTooLarge,
    check_credit,
    check_dispute,
    disputed_amount,
)
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.money import CurrencyMismatch, Money
from cashline.kernel.refusals import InvalidValue


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
