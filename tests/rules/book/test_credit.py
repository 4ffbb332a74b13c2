"""The rules of credit: one request after the other, and the held ones that fit again."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.book.credit.rules import Account, decide, fit_within

BUYER = UUID(int=1)
amounts = st.lists(st.decimals(0, 1000, places=2), max_size=12)


def account(limit: Decimal | None, exposure: Decimal = Decimal(0), *, held: bool = False) -> dict[UUID, Account]:
    return {BUYER: Account(BUYER, "EUR", limit, exposure, held)}


def test_a_refused_request_counts_so_that_no_later_one_slips_past() -> None:
    asked = [(BUYER, Decimal(amount)) for amount in (60, 50, 10)]
    decisions = decide(asked, account(Decimal(100)))
    assert [one.granted for one in decisions] == [True, False, False]
    assert decisions[1].reason == "The exposure of €110.00 would pass the limit of €100.00."


def test_up_to_the_limit_is_within_it() -> None:
    assert decide([(BUYER, Decimal(100))], account(Decimal(100)))[0].granted
    assert decide([(BUYER, Decimal("1e9"))], account(None))[0].granted


def test_a_held_account_lets_nothing_through() -> None:
    assert not decide([(BUYER, Decimal(0))], account(None, held=True))[0].granted


@given(limit=st.decimals(0, 3000, places=2), asked=amounts)
def test_what_is_granted_never_passes_the_limit(limit: Decimal, asked: list[Decimal]) -> None:
    decisions = decide([(BUYER, amount) for amount in asked], account(limit))
    granted = sum(amount for amount, one in zip(asked, decisions, strict=True) if one.granted)
    assert granted <= limit


@given(limit=st.decimals(0, 3000, places=2), held=amounts, rest=st.decimals(0, 1000, places=2))
def test_what_fits_again_is_all_that_does_in_its_turn(limit: Decimal, held: list[Decimal], rest: Decimal) -> None:
    orders = [(UUID(int=index), amount) for index, amount in enumerate(held)]
    fitting = set(fit_within(limit, rest + sum(held), orders))
    running = rest
    for key, amount in orders:
        assert (key in fitting) == (running + amount <= limit)
        running += amount if key in fitting else 0


def test_without_a_limit_all_go_on() -> None:
    orders = [(UUID(int=index), Decimal(10)) for index in range(3)]
    assert fit_within(None, Decimal(30), orders) == [key for key, _ in orders]
