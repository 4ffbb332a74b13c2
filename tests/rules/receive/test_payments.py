"""Payments: how they are spread over invoices and given back, and how their status may move."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.payments.rules import (
    PAYMENT,
    InvoiceNotOpen,
    NamedAmount,
    OpenInvoice,
    OverAllocated,
    PaymentStatus,
    RefundTooLarge,
    SettledInvoice,
    Strategy,
    plan_allocation,
    plan_refund,
    verb_for,
)
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.money import CurrencyMismatch, Money
from cashline.kernel.refusals import InvalidValue, Refusals


def eur(amount: str | Decimal) -> Money:
    return Money.of(amount, "EUR")


def key(number: int) -> UUID:
    return UUID(int=number)


def invoice(number: int, amount: str | Decimal, days: int = 0) -> OpenInvoice:
    return OpenInvoice(key(number), f"INV-{number}", key(0), eur(amount), date(2026, 3, 1) + timedelta(days=days))


INVOICES = (invoice(1, "100.00", 10), invoice(2, "50.00"), invoice(3, "30.00", 5))


def spread(payment: str, **more: object) -> tuple[dict[int, str], str]:
    plan = plan_allocation(eur(payment), INVOICES, **more)  # type: ignore[arg-type]
    return {each.invoice_id.int: str(each.amount.amount) for each in plan.allocations}, str(plan.unapplied.amount)


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        ("50.00", ({2: "50.00"}, "0.00")),
        ("60.00", ({2: "50.00", 3: "10.00"}, "0.00")),
        ("180.00", ({2: "50.00", 3: "30.00", 1: "100.00"}, "0.00")),
        ("200.00", ({2: "50.00", 3: "30.00", 1: "100.00"}, "20.00")),
    ],
)
def test_the_oldest_is_paid_first_and_the_rest_stays_on_account(
    payment: str, expected: tuple[dict[int, str], str]
) -> None:
    assert spread(payment) == expected


def test_named_invoices_are_paid_in_their_order_and_no_other() -> None:
    named = (NamedAmount(key(1)), NamedAmount(key(2)))
    assert spread("120.00", strategy=Strategy.NAMED, named=named) == ({1: "100.00", 2: "20.00"}, "0.00")
    part = (NamedAmount(key(1), eur("40.00")),)
    assert spread("120.00", strategy=Strategy.NAMED, named=part) == ({1: "40.00"}, "80.00")


def test_a_short_payment_is_written_off_only_within_the_declared_tolerance() -> None:
    for tolerance, written_off in ((None, "0"), (eur("0.50"), "0"), (eur("1.00"), "1.00")):
        plan = plan_allocation(
            eur("99.00"), INVOICES, strategy=Strategy.NAMED, named=(NamedAmount(key(1)),), tolerance=tolerance
        )
        assert plan.allocations[0].write_off == eur(written_off)


def test_other_currencies_are_refused_by_invoice() -> None:
    foreign = OpenInvoice(key(9), "INV-9", key(0), Money.of("1.00", "USD"), date(2026, 1, 1))
    with pytest.raises(CurrencyMismatch) as refused:
        plan_allocation(eur("10.00"), [*INVOICES, foreign])
    assert refused.value.data["invoice"] == "INV-9"


def test_every_wrong_instruction_is_named_at_once() -> None:
    named = (
        NamedAmount(key(1), eur("100.01")),
        NamedAmount(key(8)),
        NamedAmount(key(2), eur("0.00")),
        NamedAmount(key(1)),
        NamedAmount(key(3), eur("0.001")),
    )
    with pytest.raises(Refusals) as refused:
        plan_allocation(eur("500.00"), INVOICES, strategy=Strategy.NAMED, named=named)
    assert [(type(each), each.field) for each in refused.value] == [
        (OverAllocated, "named[0].amount"),
        (InvoiceNotOpen, "named[1].invoice_id"),
        (InvalidValue, "named[2].amount"),
        (InvalidValue, "named[3].invoice_id"),
        (InvalidValue, "named[4].amount"),
    ]


def test_named_amounts_may_not_pass_the_payment() -> None:
    named = (NamedAmount(key(1), eur("60.00")), NamedAmount(key(2), eur("50.00")))
    with pytest.raises(OverAllocated):
        plan_allocation(eur("100.00"), INVOICES, strategy=Strategy.NAMED, named=named)


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_a_payment_of_nothing_is_refused(amount: str) -> None:
    with pytest.raises(InvalidValue):
        plan_allocation(eur(amount), INVOICES)


CENTS = st.integers(1, 100_000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(
    payment=CENTS,
    opens=st.lists(st.tuples(CENTS, st.integers(-30, 30)), max_size=8),
    tolerance=st.sampled_from([None, "0.05", "5.00"]),
    pick=st.lists(st.integers(0, 7), unique=True, max_size=4),
    by_name=st.booleans(),
)
def test_parts_and_rest_sum_to_the_payment_and_no_invoice_gets_more_than_is_open(
    payment: Decimal,
    opens: list[tuple[Decimal, int]],
    tolerance: str | None,
    pick: list[int],
    by_name: bool,
) -> None:
    invoices = [invoice(number, amount, days) for number, (amount, days) in enumerate(opens)]
    named = tuple(NamedAmount(key(number)) for number in pick if number < len(invoices)) if by_name else ()
    plan = plan_allocation(
        eur(payment),
        invoices,
        strategy=Strategy.NAMED if by_name else Strategy.OLDEST_FIRST,
        named=named,
        tolerance=eur(tolerance) if tolerance else None,
    )
    by_id = {each.invoice_id: each for each in invoices}
    assert Money.total((each.amount for each in plan.allocations), "EUR") + plan.unapplied == eur(payment)
    assert plan.unapplied.amount >= 0
    for each in plan.allocations:
        assert each.amount.amount > 0
        assert each.amount + each.write_off <= by_id[each.invoice_id].open_amount
        assert not each.write_off or each.amount + each.write_off == by_id[each.invoice_id].open_amount
        assert not each.write_off or (tolerance is not None and each.write_off <= eur(tolerance))
    assert len({each.invoice_id for each in plan.allocations}) == len(plan.allocations)
    if plan.unapplied and not by_name:
        assert all(any(each.invoice_id == one.invoice_id for each in plan.allocations) for one in invoices)


def refund(amount: str, **more: object) -> object:
    state = {"received": eur("100.00"), "refunded": eur("0"), "unapplied": eur("20.00")}
    settled = (SettledInvoice(key(1), eur("50.00")), SettledInvoice(key(2), eur("30.00")))
    return plan_refund(eur(amount), **{**state, "settled": settled, **more})  # type: ignore[arg-type]


def test_a_refund_takes_what_is_unapplied_then_the_newest_allocations() -> None:
    plan = plan_refund(
        eur("60.00"),
        received=eur("100.00"),
        refunded=eur("0"),
        unapplied=eur("20.00"),
        settled=(SettledInvoice(key(1), eur("50.00")), SettledInvoice(key(2), eur("30.00"))),
    )
    assert plan.from_unapplied == eur("20.00")
    assert plan.unallocations == (SettledInvoice(key(2), eur("30.00")), SettledInvoice(key(1), eur("10.00")))
    assert plan.verb == "refund_partly"


def test_refunds_never_pass_what_was_received() -> None:
    with pytest.raises(RefundTooLarge) as refused:
        refund("60.01", refunded=eur("40.00"))
    assert refused.value.data["refundable"] == eur("60.00")
    for amount in ("0.00", "-1.00", "0.005"):
        with pytest.raises(InvalidValue):
            refund(amount)


@given(
    received=CENTS,
    refunds=st.lists(CENTS, max_size=6),
    applied=st.integers(0, 100),
)
def test_a_row_of_refunds_conserves_the_money(received: Decimal, refunds: list[Decimal], applied: int) -> None:
    allocated = eur((received * applied / 100).quantize(Decimal("0.01")))
    unapplied, refunded = eur(received) - allocated, eur("0")
    status = PaymentStatus.SUCCEEDED
    for amount in refunds:
        settled = [SettledInvoice(key(1), allocated)] if allocated else []
        try:
            plan = plan_refund(
                eur(amount), received=eur(received), refunded=refunded, unapplied=unapplied, settled=settled
            )
        except RefundTooLarge:
            assert eur(amount) > eur(received) - refunded
            continue
        status = PAYMENT.target(plan.verb, status)
        unapplied -= plan.from_unapplied
        allocated -= Money.total((each.amount for each in plan.unallocations), "EUR")
        refunded += eur(amount)
        assert allocated + unapplied + refunded == eur(received)
        assert allocated.amount >= 0
        assert unapplied.amount >= 0
    assert (status is PaymentStatus.REFUNDED) == (refunded == eur(received))


@pytest.mark.parametrize(
    ("status", "reported", "verb"),
    [
        ("pending", "succeeded", "succeed"),
        ("pending", "requires_action", "require_action"),
        ("requires_action", "succeeded", "succeed"),
        ("requires_action", "failed", "fail"),
        ("failed", "succeeded", "succeed"),
        ("succeeded", "chargeback", "charge_back"),
        ("succeeded", "succeeded", None),
        ("succeeded", "pending", None),
        ("succeeded", "failed", None),
        ("succeeded", "requires_action", None),
        ("refunded", "succeeded", None),
        ("chargeback", "succeeded", None),
        ("failed", "requires_action", None),
    ],
)
def test_reports_that_are_old_or_repeated_change_nothing(status: str, reported: str, verb: str | None) -> None:
    assert verb_for(status, reported) == verb


@given(st.lists(st.sampled_from(["pending", "requires_action", "succeeded", "failed"]), max_size=8))
def test_reports_in_any_order_end_in_success_if_one_was_a_success(reports: list[str]) -> None:
    status = PaymentStatus.PENDING
    for reported in reports:
        if verb := verb_for(status, reported):
            status = PAYMENT.target(verb, status)
    assert (status is PaymentStatus.SUCCEEDED) == ("succeeded" in reports)


def test_the_table_refuses_what_cannot_be() -> None:
    with pytest.raises(IllegalTransition):
        PAYMENT.target("refund", PaymentStatus.PENDING)
    assert PAYMENT.verbs(PaymentStatus.REFUNDED) == ["take_back_refund", "take_back_partly"]
    assert PAYMENT.verbs(PaymentStatus.REVERSED) == []
