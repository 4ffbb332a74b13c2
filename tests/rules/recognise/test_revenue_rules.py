"""The price of a contract is shared over its promises and earned as they are satisfied, to the cent, in any order."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact, DeliveryKind
from cashline.flow.recognise.revenue.rules.ahead import still_to_come
from cashline.flow.recognise.revenue.rules.allocation import allocate_price, derivation_of
from cashline.flow.recognise.revenue.rules.by_month import complete_from, difference, plan_revenue
from cashline.flow.recognise.revenue.rules.contracts import plan_contract
from cashline.flow.recognise.revenue.rules.planning import Concession, Cut, PlannedObligation, plan_obligations
from cashline.flow.recognise.revenue.rules.promises import Promise
from cashline.kernel.identifiers import new_id
from cashline.kernel.periods import month_of
from cashline.kernel.rounding import divide

D = Decimal


def promise(
    price: str, stand_alone: str = "", *, pattern: str = "point", quantity: int = 1, interval: int = 0, term: int = 0
) -> Promise:
    kind = "goods" if pattern == "point" else "subscription"
    by_interval = D(price) if interval and not term else D(0)
    return Promise(new_id(), kind, pattern, D(quantity), D(price), D(stand_alone or price), interval, term, by_interval)


def fact(line: UUID, kind: DeliveryKind, day: str | date, quantity: int = 1) -> DeliveryFact:
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return DeliveryFact(new_id(), line, new_id(), kind, D(quantity), on, new_id())


def months(obligation: PlannedObligation, through: str) -> dict[str, str]:
    return {f"{m:%Y-%m}": str(v) for m, v in plan_revenue(obligation, date.fromisoformat(through)).items()}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # IFRS 15 example 33, ASC 606-10-55-256: 100 over 50, 25, 75
        ([("50", "50"), ("25", "25"), ("25", "75")], ["33.33", "16.67", "50.00"]),
        # stand-alone prices far above the selling prices
        ([("990", "1800"), ("5000", "8200"), ("2025", "4350")], ["1005.37", "4580.00", "2429.63"]),
        # a bundle of 80 for services that cost 20, 30, 40 alone; parts rounded one by one would add up to 80.01
        ([("20", "20"), ("20", "30"), ("40", "40")], ["17.78", "26.67", "35.55"]),
        # sold at their stand-alone prices: each keeps its own
        ([("19.99", "19.99"), ("0.01", "0.01")], ["19.99", "0.01"]),
        # one promise takes all, whatever it would cost alone
        ([("70", "100")], ["70"]),
        # a free item takes its share of the price of the others
        ([("100", "100"), ("0", "25")], ["80.00", "20.00"]),
    ],
)
def test_price_is_shared_by_relative_stand_alone_price(lines: list[tuple[str, str]], expected: list[str]) -> None:
    promises = [promise(price, alone) for price, alone in lines]
    shares = allocate_price(promises, 2)
    assert [share.allocated for share in shares] == [D(text) for text in expected]
    assert sum(share.allocated for share in shares) == sum(one.price for one in promises)
    for share in shares:
        assert derivation_of(share, 2).breaks() == []


def test_annual_subscription_is_earned_by_days() -> None:
    """12 000 from 15 January 2025 for a year: 17 of 365 days by the end of January."""
    line = promise("12000.00", pattern="ratable_daily", interval=12, term=12)
    [obligation] = plan_obligations(
        [line], {line.line_id: [fact(line.line_id, DeliveryKind.ACTIVATED, "2025-01-15")]}, 2
    )
    assert months(obligation, "2026-12-31") == {
        "2025-01": "558.90",
        "2025-02": "920.55",
        "2025-03": "1019.18",
        "2025-04": "986.30",
        "2025-05": "1019.18",
        "2025-06": "986.30",
        "2025-07": "1019.18",
        "2025-08": "1019.18",
        "2025-09": "986.30",
        "2025-10": "1019.18",
        "2025-11": "986.30",
        "2025-12": "1019.18",
        "2026-01": "460.27",
    }
    assert complete_from(obligation) == date(2026, 1, 14)
    assert months(obligation, "2025-01-15") == {"2025-01": "32.88"}


@given(st.integers(1, 10**7), st.integers(1, 40), st.integers(0, 900), st.integers(-40, 1000))
def test_what_a_service_earns_ahead_is_the_difference_of_what_it_earns(
    cents: int, term: int, starts: int, through_after: int
) -> None:
    line = promise(str(D(cents) / 100), pattern="ratable_daily", interval=1, term=term)
    begins = date(2026, 1, 1) + timedelta(starts)
    [one] = plan_obligations([line], {line.line_id: [fact(line.line_id, DeliveryKind.ACTIVATED, begins)]}, 2)
    through = begins + timedelta(through_after)
    month, before = through.replace(day=1), one.earned(through)
    for amount in still_to_come([one], through):
        month = month_of(month).end
        reached = one.earned(month - timedelta(1))
        assert amount == reached - before
        before = reached
    assert before == one.allocated


def test_goods_are_earned_unit_by_unit_and_taken_back_on_return() -> None:
    line = promise("100.00", quantity=3)
    facts = [
        fact(line.line_id, DeliveryKind.SHIPPED, "2026-01-10", 1),
        fact(line.line_id, DeliveryKind.SHIPPED, "2026-02-05", 2),
        fact(line.line_id, DeliveryKind.RETURNED, "2026-03-01", -1),
    ]
    [obligation] = plan_obligations([line], {line.line_id: facts}, 2)
    assert months(obligation, "2026-12-31") == {"2026-01": "33.33", "2026-02": "66.67", "2026-03": "-33.33"}
    assert months(obligation, "2026-01-09") == {}


def test_open_ended_service_keeps_its_price_and_earns_each_interval() -> None:
    """100 a month from 31 January, beside discounted goods; ended after 10 of the 31 days to 31 May."""
    goods, service = promise("50", "100"), promise("100", "120", pattern="ratable_daily", interval=1)
    facts = {
        service.line_id: [
            fact(service.line_id, DeliveryKind.ACTIVATED, "2026-01-31"),
            fact(service.line_id, DeliveryKind.ENDED, "2026-05-10"),
        ]
    }
    planned = plan_obligations([goods, service], facts, 2)
    assert [one.allocated for one in planned] == [D(50), D(100)]
    assert months(planned[1], "2026-12-31") == {
        "2026-01": "3.57",  # 1 of 28 days
        "2026-02": "99.66",  # the first interval is whole, 1 of 31 days of the second
        "2026-03": "100.10",  # 1 of 30
        "2026-04": "99.90",  # 1 of 31
        "2026-05": "29.03",  # 10 of 31, and no more
    }
    assert complete_from(planned[1]) == date(2026, 5, 10)


def test_what_is_left_of_a_called_off_bundle_goes_to_what_is_left_to_deliver() -> None:
    """Goods 1000 and a year of service at 1200 that costs 1500 alone; the service ends after 181 of 365 days.

    2200 over 2500: 880 and 1320. By 30 June 654.58 of the service is earned. It was billed 600, so of the whole price
    of 1600 65.42 is left and nothing to deliver: it is earned at once, of what was delivered (606-10-32-43): by revenue
    to date 37.51 of the goods and 27.91 of the service.
    """
    goods, service = promise("1000", "1000"), promise("1200", "1500", pattern="ratable_daily", interval=1, term=12)
    facts = {
        goods.line_id: [fact(goods.line_id, DeliveryKind.SHIPPED, "2026-01-02")],
        service.line_id: [
            fact(service.line_id, DeliveryKind.ACTIVATED, "2026-01-01"),
            fact(service.line_id, DeliveryKind.ENDED, "2026-07-01"),
        ],
    }
    cut = Cut(service.line_id, date(2026, 7, 1), D(600))
    planned = plan_obligations([goods, service], facts, 2, cuts=[cut])
    assert planned[1].earned(date(2026, 6, 30)) == D("654.58")
    assert months(planned[1], "2026-12-31")["2026-07"] == "27.91"
    assert months(planned[0], "2026-12-31") == {"2026-01": "880.00", "2026-07": "37.51"}
    assert sum(one.allocated for one in planned) == D(1600)


def test_rest_of_the_price_is_shared_over_the_services_that_run_on() -> None:
    """Two services of 365, one of which costs 730 alone; the other ends after 100 days, billed 100."""
    first = promise("365", "365", pattern="ratable_daily", interval=12, term=12)
    other = promise("365", "730", pattern="ratable_daily", interval=12, term=12)
    started = [fact(line.line_id, DeliveryKind.ACTIVATED, "2026-01-01") for line in (first, other)]
    ended = fact(first.line_id, DeliveryKind.ENDED, "2026-04-11")
    facts = {first.line_id: [started[0], ended], other.line_id: [started[1]]}
    planned = plan_obligations([first, other], facts, 2, cuts=[Cut(first.line_id, date(2026, 4, 11), D(100))])
    assert planned[0].earned(date(2026, 12, 31)) == planned[0].earned(date(2026, 4, 10)) == D("66.67")
    assert planned[1].earned(date(2026, 4, 10)) == D("133.33")
    assert planned[1].earned(date(2026, 12, 31)) == D("398.33")  # 465 in all
    assert complete_from(planned[1]) == date(2026, 12, 31)


def test_concession_restates_what_was_earned() -> None:
    """A credit of 73 on a service of 730 over a year, given after 100 days: a tenth of what was earned goes back."""
    line = promise("730", pattern="ratable_daily", interval=12, term=12)
    facts = {line.line_id: [fact(line.line_id, DeliveryKind.ACTIVATED, "2026-01-01")]}
    concession = Concession(line.line_id, date(2026, 4, 10), D(73), new_id())
    [obligation] = plan_obligations([line], facts, 2, concessions=[concession])
    assert obligation.earned(date(2026, 4, 9)) == D("198.00")
    assert obligation.earned(date(2026, 4, 10)) == D("180.00")
    assert obligation.earned(date(2026, 12, 31)) == obligation.allocated == D("657.00")
    assert obligation.derivation(date(2026, 4, 10), D("198.00")).breaks() == []


def test_a_concession_beyond_the_share_of_its_line_is_borne_by_the_others() -> None:
    """Stand-alone 60 and 40, sold for 100 and 0, shared 60 and 40: of a credit of 90 on the first, 30 lower the second.

    What was delivered loses its part at once, what is not is worth less when it is (606-10-32-43).
    """
    sold, free = promise("100", "60"), promise("0", "40")
    facts = {sold.line_id: [fact(sold.line_id, DeliveryKind.SHIPPED, "2026-01-01")]}
    concession = Concession(sold.line_id, date(2026, 2, 1), D(90), new_id())
    one, other = plan_obligations([sold, free], facts, 2, concessions=[concession])
    assert [one.earned(date(2026, 1, 31)), one.earned(date(2026, 2, 1))] == [D(60), D(0)]
    assert (one.allocated, other.allocated, other.earned(date(2026, 12, 31))) == (D(0), D(10), D(0))
    [alone] = plan_obligations([sold], facts, 2, concessions=[concession])
    assert alone.allocated == D(10)


def test_difference_takes_back_what_is_not_planned_any_more() -> None:
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    assert difference({january: D(5)}, {}) == {january: D(5)}
    assert difference({january: D(5)}, {january: D(5)}) == {}
    assert difference({february: D(5)}, {january: D(5)}) == {january: D(-5), february: D(5)}


# -- properties ------------------------------------------------------------------------------------------------------

START = date(2025, 11, 17)
money = st.decimals(min_value=0, max_value=100_000, places=2)


@st.composite
def contracts(draw: st.DrawFn) -> tuple[list[Promise], dict[UUID, list[DeliveryFact]], list[Cut], list[Concession]]:
    promises: list[Promise] = []
    facts: dict[UUID, list[DeliveryFact]] = {}
    cuts: list[Cut] = []
    concessions: list[Concession] = []
    for _ in range(draw(st.integers(1, 5))):
        over_time = draw(st.booleans())
        quantity = draw(st.integers(1, 7))
        term = draw(st.sampled_from([1, 3, 12, 25])) if over_time else 0
        price, alone = draw(money), draw(money.filter(bool))
        line = Promise(
            new_id(),
            "subscription" if over_time else "goods",
            "ratable_daily" if over_time else "point",
            D(quantity),
            price,
            alone,
            1 if over_time else 0,
            term,
        )
        promises.append(line)
        found = facts[line.line_id] = []
        offsets = st.integers(0, 500)
        cut_on = START + timedelta(days=draw(offsets)) if draw(st.booleans()) else None
        if over_time:
            if draw(st.booleans()):
                found.append(
                    fact(line.line_id, DeliveryKind.ACTIVATED, START + timedelta(days=draw(offsets)), quantity)
                )
            if cut_on:
                found.append(fact(line.line_id, DeliveryKind.ENDED, cut_on))
        else:
            for _ in range(draw(st.integers(0, quantity))):
                found.append(fact(line.line_id, DeliveryKind.SHIPPED, START + timedelta(days=draw(offsets))))
        if cut_on:
            cuts.append(Cut(line.line_id, cut_on, draw(st.decimals(min_value=0, max_value=price, places=2))))
        if draw(st.booleans()):
            concessions.append(Concession(line.line_id, START + timedelta(days=draw(offsets)), draw(money), new_id()))
    return promises, facts, cuts, concessions


@given(contracts(), st.randoms(use_true_random=False))
def test_plan_adds_up_and_does_not_depend_on_the_order_of_facts(
    contract: tuple[list[Promise], dict[UUID, list[DeliveryFact]], list[Cut], list[Concession]], random: Random
) -> None:
    promises, facts, cuts, concessions = contract
    planned = plan_obligations(promises, facts, 2, cuts=cuts, concessions=concessions)
    price = sum((one.price for one in promises), D(0))
    price += sum((cut.price - one.price for cut in cuts for one in promises if one.line_id == cut.line_id), D(0))
    price -= sum((one.amount for one in concessions), D(0))
    assert sum((one.allocated for one in planned), D(0)) == price
    if concessions and not cuts and price >= 0 and not any(one.open_ended for one in promises):
        assert min(one.allocated for one in planned) >= 0
    through = START + timedelta(days=random.randint(-5, 1500))
    plans = [plan_revenue(one, through) for one in planned]
    for one, by_month in zip(planned, plans, strict=True):
        assert sum(by_month.values(), D(0)) == one.earned(through)
        remaining = one.allocated - one.earned(through)
        assert one.earned(through) + remaining == one.allocated
        assert one.derivation(through, D(0)).breaks() == []
        reached = D(0)
        for month, amount in by_month.items():
            assert month.day == 1
            reached += amount
            assert reached == one.earned(min(month_of(month).end - timedelta(days=1), through))
    shuffled = {line: random.sample(found, len(found)) for line, found in facts.items()}
    random.shuffle(cuts)
    random.shuffle(concessions)
    again = plan_obligations(promises, shuffled, 2, cuts=cuts, concessions=concessions)
    assert [plan_revenue(one, through) for one in again] == plans


@given(contracts())
def test_everything_delivered_earns_everything(
    contract: tuple[list[Promise], dict[UUID, list[DeliveryFact]], list[Cut], list[Concession]],
) -> None:
    promises, _, _, concessions = contract
    facts = {
        one.line_id: [
            fact(
                one.line_id,
                DeliveryKind.ACTIVATED if one.pattern == "ratable_daily" else DeliveryKind.SHIPPED,
                START,
                int(one.quantity),
            )
        ]
        for one in promises
    }
    planned = plan_obligations(promises, facts, 2, concessions=concessions)
    end = max(day for one in planned if (day := complete_from(one)) is not None)
    for one in planned:
        assert one.earned(end) == one.allocated == one.earned(date(9000, 1, 1))


@given(contracts(), st.lists(st.integers(0, 900), max_size=6))
def test_running_often_or_once_posts_the_same(
    contract: tuple[list[Promise], dict[UUID, list[DeliveryFact]], list[Cut], list[Concession]], offsets: list[int]
) -> None:
    """Facts become known one after the other and each run posts the difference: the months are those of one run."""
    promises, facts, cuts, concessions = contract
    everything = [(line, one) for line, found in facts.items() for one in found]
    known: dict[UUID, list[DeliveryFact]] = {line: [] for line in facts}
    posted: dict[UUID, dict[date, Decimal]] = {line: {} for line in facts}
    end = START + timedelta(days=1000)
    for index, offset in enumerate([*sorted(offsets), 1000]):
        if index < len(everything):
            line, one = everything[index]
            known[line].append(one)
        if offset == 1000:
            known = facts
            planned = plan_obligations(promises, known, 2, cuts=cuts, concessions=concessions)
        else:
            planned = plan_obligations(promises, known, 2)
        for one_planned in planned:
            line = one_planned.promise.line_id
            plan = plan_revenue(one_planned, START + timedelta(days=offset))
            for month, amount in difference(plan, posted[line]).items():
                posted[line][month] = posted[line].get(month, D(0)) + amount
            assert difference(plan, {month: value for month, value in posted[line].items() if value}) == {}
    once = plan_obligations(promises, facts, 2, cuts=cuts, concessions=concessions)
    for one_planned in once:
        nonzero = {month: value for month, value in posted[one_planned.promise.line_id].items() if value}
        assert nonzero == plan_revenue(one_planned, end)


def term(price: Decimal, alone: Decimal, quantity: int) -> TermLine:
    each = divide(alone, D(quantity)).quantize(D("1e-10"))
    return TermLine(
        new_id(), new_id(), AGREEMENT, new_id(), new_id(), "EUR", 1, new_id(), "goods", "x", D(quantity), each, each,
        None, 0, 0, "on_shipment", "point", "standard", price, START, None,
    )  # fmt: skip


AGREEMENT = new_id()


@given(
    st.lists(
        st.tuples(money, st.booleans(), st.integers(1, 6), st.lists(st.integers(-40, 200), max_size=6)),
        min_size=1,
        max_size=4,
    ),
    st.integers(-10, 220),
)
def test_short_cut_comes_to_the_same(lines: list[tuple[Decimal, bool, int, list[int]]], through_after: int) -> None:
    """The quick plan of units delivered is the general plan, to the letter of every derivation."""
    terms, deliveries = [], {}
    for price, discounted, quantity, offsets in lines:
        one = term(price, price * 2 if discounted else price, quantity)
        terms.append(one)
        found = [
            fact(one.line_id, DeliveryKind.SHIPPED, START + timedelta(days=offset)) for offset in offsets[:quantity]
        ]
        if found:
            deliveries[one.line_id] = found
    through = START + timedelta(days=through_after)
    quick = plan_contract(terms, deliveries, {}, {}, through=through)
    general = plan_contract(terms, deliveries, {}, {}, through=through, quick=False)
    assert quick == general
