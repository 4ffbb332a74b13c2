"""Importing statements: the same file, an overlapping one or another format books nothing twice, and loses nothing."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.receive.bank.rules.importing import ImportPlan, KnownEntry, known_entries, plan_import
from cashline.flow.receive.bank.rules.statement import (
    Balance,
    Statement,
    StatementKind,
    StatementLine,
    with_fingerprints,
)

DAY = date(2026, 3, 2)


def line(
    index: int, amount: str = "10.00", *, ref: str = "", e2e: str = "", text: str = "", **more: object
) -> StatementLine:
    money = Decimal(amount)
    return StatementLine(
        booking_date=DAY,
        value_date=DAY,
        amount=money,
        currency="EUR",
        index=index,
        entry_ref=ref,
        end_to_end_id=e2e,
        remittance=text,
        **{"entry_amount": money, **more},  # type: ignore[arg-type]
    )


def statement(
    *lines: StatementLine,
    number: str = "",
    kind: StatementKind = StatementKind.STATEMENT,
    opening: str | None = None,
) -> Statement:
    start = Balance(Decimal(opening), "EUR", DAY) if opening is not None else None
    total = sum((each.amount for each in lines), Decimal(0))
    end = Balance(start.amount + total, "EUR", DAY) if start else None
    return Statement("DE1", "EUR", kind, "S", number, DAY, DAY, start, end, with_fingerprints(lines))


def book(known: list[KnownEntry], *statements: Statement) -> ImportPlan:
    """Import as the bank domain does: one statement after the other, each adding what it books to what is known."""
    plans = []
    for each in statements:
        plan = plan_import([each], known)
        known.extend(known_entries(plan.new, each))
        plans.append(plan)
    return ImportPlan(
        tuple(new for plan in plans for new in plan.new),
        tuple(pair for plan in plans for pair in plan.known),
        tuple(pair for plan in plans for pair in plan.refined),
    )


LINES = st.lists(
    st.tuples(
        st.sampled_from(["10.00", "20.00", "-5.00"]),
        st.sampled_from(["", "", "R1", "R2", "R3"]),
        st.sampled_from(["", "E1", "E2"]),
        st.sampled_from(["", "rent", "INV-1"]),
    ),
    max_size=12,
)


def made(drawn: list[tuple[str, str, str, str]], **more: object) -> Statement:
    lines = [
        line(place, amount, ref=ref, e2e=e2e, text=text) for place, (amount, ref, e2e, text) in enumerate(drawn, 1)
    ]
    return statement(*lines, **more)  # type: ignore[arg-type]


@given(drawn=LINES, opening=st.sampled_from([None, "0.00"]), number=st.sampled_from(["", "7"]))
def test_importing_again_books_nothing(
    drawn: list[tuple[str, str, str, str]], opening: str | None, number: str
) -> None:
    known: list[KnownEntry] = []
    first = book(known, made(drawn, opening=opening, number=number))
    assert len(first.new) == len(drawn)
    assert len({each.fingerprint for each in first.new}) == len(drawn)
    assert book(known, made(drawn, opening=opening, number=number)).new == ()


@given(drawn=LINES, random=st.randoms(use_true_random=False))
def test_importing_again_in_another_order_books_nothing(drawn: list[tuple[str, str, str, str]], random: object) -> None:
    known: list[KnownEntry] = []
    book(known, made(drawn))
    random.shuffle(drawn)  # type: ignore[attr-defined]
    assert book(known, made(drawn)).new == ()


@given(drawn=LINES, cuts=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_overlapping_reports_of_a_day_book_each_entry_once(
    drawn: list[tuple[str, str, str, str]], cuts: tuple[int, int]
) -> None:
    known: list[KnownEntry] = []
    parts = [drawn[:cut] for cut in sorted(cuts)] + [drawn]
    plan = book(known, *(made(part, kind=StatementKind.REPORT) for part in parts))
    assert Counter(each.amount for each in plan.new) == Counter(Decimal(amount) for amount, *_ in drawn)
    assert len({each.fingerprint for each in plan.new}) == len(drawn)


def test_two_equal_payments_of_a_day_stay_two() -> None:
    known: list[KnownEntry] = []
    assert len(book(known, statement(line(1, text="rent"), line(2, text="rent"))).new) == 2
    assert len(book(known, statement(line(1, text="rent"), line(2, text="rent"), line(3, text="rent"))).new) == 1


def test_equal_entries_of_two_statements_with_different_numbers_stay_two() -> None:
    known: list[KnownEntry] = []
    first, second = statement(line(1, text="rent"), number="7"), statement(line(1, text="rent"), number="8")
    assert len(book(known, first, second).new) == 2
    assert book(known, first, second).new == ()


@pytest.mark.parametrize(("number", "new"), [("7", 0), ("00007", 0), ("7/1", 0), ("8/1", 1), ("", 0)])
def test_the_number_of_a_statement_is_known_in_every_notation(number: str, new: int) -> None:
    known: list[KnownEntry] = []
    book(known, statement(line(1, text="rent"), number="7"))
    assert len(book(known, statement(line(1, text="rent"), number=number)).new) == new


def test_a_page_that_goes_on_where_the_other_closed_shares_no_entry_with_it() -> None:
    known: list[KnownEntry] = []
    first = statement(line(1, text="rent"), number="7", opening="0.00")
    second = statement(line(1, text="rent"), number="7", opening="10.00")
    assert len(book(known, first, second).new) == 2
    assert book(known, second, first).new == ()


def test_a_reference_that_the_bank_uses_again_does_not_hide_another_entry() -> None:
    known: list[KnownEntry] = []
    book(known, statement(line(1, ref="0001", text="rent")))
    assert len(book(known, statement(line(1, "20.00", ref="0001", text="rent"))).new) == 1
    moved = statement(replace(line(1, ref="0001", text="rent"), booking_date=date(2027, 3, 2)))
    assert len(book(known, moved).new) == 1


def test_one_reference_for_several_entries_books_them_all() -> None:
    known: list[KnownEntry] = []
    assert len(book(known, statement(line(1, ref="X", text="a"), line(2, ref="X", text="b"))).new) == 2


def test_another_format_that_leaves_the_reference_out_is_recognised_by_the_rest() -> None:
    known: list[KnownEntry] = []
    book(known, statement(line(1, ref="BANK1", e2e="E1", text="INV-1")))
    assert book(known, statement(line(1, e2e="E1", text="INV - 1"))).new == ()
    assert book(known, statement(line(1, text="inv1"))).new == ()
    assert len(book(known, statement(line(1, e2e="E2", text="INV-1"))).new) == 1


def test_a_lump_that_comes_split_later_is_refined_and_not_booked_again() -> None:
    known: list[KnownEntry] = []
    lump = statement(line(1, "30.00", ref="B"))
    parts = [
        line(1, amount, ref="B", text=text, entry_amount=Decimal("30.00"), part=part, parts=2)
        for part, (amount, text) in enumerate((("10.00", "INV-1"), ("20.00", "INV-2")), 1)
    ]
    split = statement(*parts, kind=StatementKind.NOTIFICATION)
    book(known, lump)
    plan = book(known, split)
    assert plan.new == ()
    ((entry, lines),) = plan.refined
    assert (entry.amount, [each.amount for each in lines]) == (Decimal("30.00"), [Decimal("10.00"), Decimal("20.00")])


def test_a_split_batch_and_its_lump_in_the_statement_are_one() -> None:
    known: list[KnownEntry] = []
    parts = [
        line(1, "10.00", ref="B", entry_amount=Decimal("30.00"), part=1, parts=2),
        line(1, "20.00", ref="B", entry_amount=Decimal("30.00"), part=2, parts=2),
    ]
    assert len(book(known, statement(*parts, kind=StatementKind.NOTIFICATION)).new) == 2
    assert book(known, statement(line(1, "30.00", ref="B"))).new == ()
