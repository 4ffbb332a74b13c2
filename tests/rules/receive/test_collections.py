"""Reminders: each level once, spaced as the policy says, and never for what is disputed, promised or being paid."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.collections.rules import (
    OverdueInvoice,
    Promise,
    ReminderPlan,
    ReminderPolicy,
    ReminderStep,
    SentReminder,
    SkipReason,
    plan_reminders,
)
from cashline.kernel.calendars import is_business_day
from cashline.kernel.money import Money
from cashline.kernel.refusals import InvalidValue

POLICY = ReminderPolicy(
    (
        ReminderStep(1, 7),
        ReminderStep(2, 21, (Money.of("5.00", "EUR"), Money.of("6.00", "USD"))),
        ReminderStep(3, 35, (Money.of("10.00", "EUR"),)),
    )
)
DUE = date(2026, 3, 2)  # a Monday


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def overdue(number: int = 1, amount: str = "100.00", customer: int = 1, **more: object) -> OverdueInvoice:
    return OverdueInvoice(
        invoice_id=UUID(int=number),
        number=f"INV-{number}",
        entity_id=UUID(int=100),
        customer_id=UUID(int=customer),
        due_date=DUE,
        open_amount=eur(amount),
        disputed=eur("0"),
        in_flight=eur("0"),
        **more,  # type: ignore[arg-type]
    )


def on(day: int, *invoices: OverdueInvoice, policy: ReminderPolicy = POLICY) -> ReminderPlan:
    return plan_reminders(invoices, policy, today=DUE + timedelta(days=day))


def levels(plan: ReminderPlan) -> list[int]:
    return [reminder.level for letter in plan.letters for reminder in letter.reminders]


@pytest.mark.parametrize(("day", "expected"), [(0, []), (6, []), (7, [1]), (20, [1]), (34, [1]), (400, [1])])
def test_the_first_level_comes_first_however_late(day: int, expected: list[int]) -> None:
    assert levels(on(day, overdue())) == expected


@pytest.mark.parametrize(
    ("sent_day", "day", "expected"),
    [(7, 20, []), (7, 21, [2]), (30, 35, []), (30, 43, []), (30, 44, [2])],
)
def test_the_next_level_keeps_the_distance_of_the_policy(sent_day: int, day: int, expected: list[int]) -> None:
    sent = (SentReminder(1, DUE + timedelta(days=sent_day)),)
    assert levels(on(day, overdue(sent=sent))) == expected


def test_after_the_last_level_there_is_none() -> None:
    plan = on(400, overdue(sent=(SentReminder(3, DUE + timedelta(days=35)),)))
    assert plan.letters == ()
    assert plan.skipped == ((UUID(int=1), SkipReason.ALL_SENT),)


def test_a_customer_gets_one_letter_with_the_fee_of_the_highest_level() -> None:
    sent = (SentReminder(1, DUE + timedelta(days=7)),)
    plan = on(21, overdue(1, "100.00", sent=sent), overdue(2, "50.00"), overdue(3, "9.00", customer=2))
    first, second = plan.letters
    assert (first.level, first.total, first.fee) == (2, eur("150.00"), eur("5.00"))
    assert [(each.number, each.level) for each in first.reminders] == [("INV-1", 2), ("INV-2", 1)]
    assert (second.level, second.total, second.fee) == (1, eur("9.00"), eur("0"))


def test_currencies_and_entities_have_letters_of_their_own() -> None:
    dollars = replace(
        overdue(2), open_amount=Money.of("7", "USD"), disputed=Money.zero("USD"), in_flight=Money.zero("USD")
    )
    other = replace(overdue(3), entity_id=UUID(int=101))
    assert len(on(7, overdue(1), dollars, other).letters) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"disputed": eur("100.00")}, SkipReason.DISPUTED),
        ({"in_flight": eur("100.00")}, SkipReason.IN_FLIGHT),
        ({"promises": (Promise(eur("100.00"), DUE + timedelta(days=10)),)}, SkipReason.PROMISED),
        ({"held_until": DUE + timedelta(days=10)}, SkipReason.ON_HOLD),
        ({"sent": (SentReminder(1, DUE + timedelta(days=9)),)}, SkipReason.NOT_YET),
    ],
)
def test_what_keeps_an_invoice_from_being_reminded(change: dict[str, object], reason: SkipReason) -> None:
    plan = on(10, replace(overdue(), **change))  # type: ignore[arg-type]
    assert plan.letters == ()
    assert plan.skipped == ((UUID(int=1), reason),)


def test_only_the_disputed_promised_and_flying_parts_are_left_out() -> None:
    invoice = overdue(
        promises=(Promise(eur("20.00"), DUE + timedelta(days=10)), Promise(eur("40.00"), DUE + timedelta(days=9)))
    )
    plan = on(10, replace(invoice, disputed=eur("30.00"), in_flight=eur("5.00")))
    assert plan.letters[0].total == eur("45.00")


@pytest.mark.parametrize(
    ("disputed", "in_flight", "asked"), [("0", "0", "90.00"), ("50", "0", "45.00"), ("0", "90", "")]
)
def test_what_is_withheld_for_the_tax_authority_is_not_asked_for(disputed: str, in_flight: str, asked: str) -> None:
    plan = on(10, replace(overdue(withheld=Decimal(10)), disputed=eur(disputed), in_flight=eur(in_flight)))
    assert [letter.total for letter in plan.letters] == ([eur(asked)] if asked else [])


def test_a_paid_invoice_is_not_reminded() -> None:
    assert on(10, overdue(amount="0.00")) == ReminderPlan((), ())


def test_small_sums_are_left_until_they_grow() -> None:
    policy = replace(POLICY, minimums=(eur("10.00"), Money.of("1", "USD")))
    assert on(7, overdue(1, "9.99"), policy=policy).skipped == ((UUID(int=1), SkipReason.BELOW_MINIMUM),)
    assert on(7, overdue(1, "9.99"), overdue(2, "0.01"), policy=policy).letters[0].total == eur("10.00")


def test_nothing_goes_out_on_a_weekend_or_holiday_and_due_dates_move_behind_them() -> None:
    german = replace(POLICY, country="DE")
    good_friday = date(2026, 4, 3)
    invoice = replace(overdue(), due_date=good_friday)  # counts as Tuesday, 7 April
    days = [
        day
        for day in (good_friday + timedelta(days=count) for count in range(16))
        if plan_reminders([invoice], german, today=day).letters
    ]
    assert days[0] == date(2026, 4, 14)
    assert all(is_business_day(day, "DE") for day in days)


@pytest.mark.parametrize("steps", [((1, 7), (1, 9)), ((2, 7), (1, 9)), ((1, 9), (2, 9)), ((0, 7),), ((1, -1),)])
def test_a_ladder_that_does_not_rise_is_refused(steps: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(InvalidValue):
        ReminderPolicy(tuple(ReminderStep(level, days) for level, days in steps))


INVOICES = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["0.00", "10.00", "99.99"]), st.integers(1, 3)),
    min_size=1,
    max_size=6,
)


@given(drawn=INVOICES, days=st.lists(st.integers(0, 120), max_size=15), country=st.sampled_from(["", "DE", "US"]))
def test_running_on_any_days_sends_each_level_once_and_in_order(
    drawn: list[tuple[int, str, int]], days: list[int], country: str
) -> None:
    policy = replace(POLICY, country=country)
    invoices = {
        UUID(int=number): replace(overdue(number, amount, customer), due_date=DUE + timedelta(days=late))
        for number, (late, amount, customer) in enumerate(drawn, 1)
    }
    for day in sorted(days):
        today = DUE + timedelta(days=day)
        for _ in range(2):  # the second run of a day finds nothing
            plan = plan_reminders(list(invoices.values()), policy, today=today)
            reordered = plan_reminders(list(reversed(invoices.values())), policy, today=today)
            assert plan == reordered
            for letter in plan.letters:
                for reminder in letter.reminders:
                    invoice = invoices[reminder.invoice_id]
                    sent = (*invoice.sent, SentReminder(reminder.level, today))
                    invoices[reminder.invoice_id] = replace(invoice, sent=sent)
        assert plan.letters == ()
    for invoice in invoices.values():
        assert [each.level for each in invoice.sent] == list(range(1, len(invoice.sent) + 1))
        assert all(
            after.sent_on - before.sent_on >= timedelta(days=14)
            for before, after in zip(invoice.sent, invoice.sent[1:], strict=False)
        )
