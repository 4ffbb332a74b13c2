"""A run appends the difference between plan and postings: what is missing is billed, what is too much credited."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.billing_facts import activated, ended, returned, shipped, term

from cashline.flow.agree.contracts.rules import TermLine
from cashline.flow.deliver.fulfilment.rules import DeliveryFact
from cashline.flow.invoice.billing.rules.differences import Difference, PostedLine, diff, horizon
from cashline.flow.invoice.billing.rules.planning import plan_bills
from cashline.kernel.derivations import Derivation
from cashline.kernel.identifiers import new_id

D = Decimal


class Books:
    """Posted lines in memory: what a run appends is put here."""

    def __init__(self) -> None:
        self.lines: dict[UUID, PostedLine] = {}

    def run(self, lines: Sequence[TermLine], facts: Sequence[DeliveryFact], through: date) -> Difference:
        posted = list(self.lines.values())
        planned = plan_bills(lines, facts, through=horizon(posted, through))
        found = diff(planned, posted, through=through)
        for item in found.charges:
            charge, key = item.planned, new_id()
            self.lines[key] = PostedLine(
                key, new_id(), charge.line_id, charge.source_id, charge.period_start,
                charge.period.end if charge.period else None, item.revision, item.net_amount, D(0), D(0),
            )  # fmt: skip
        for credit in found.credits:
            line = self.lines[credit.invoice_line_id]
            self.lines[line.invoice_line_id] = line._replace(
                corrected=line.corrected + credit.net_amount, credited=line.credited + credit.net_amount
            )
        keys = [(line.source_id, line.period_start, line.revision) for line in self.lines.values()]
        assert len(keys) == len(set(keys)), "billed twice"
        assert all(line.credited <= line.net_amount for line in self.lines.values())
        return found

    def concede(self, amount: Decimal) -> None:
        """Goodwill on the first line."""
        key, line = next(iter(self.lines.items()))
        self.lines[key] = line._replace(credited=line.credited + amount)

    @property
    def billed(self) -> Decimal:
        return sum((line.net_amount - line.corrected for line in self.lines.values()), D(0))


def billed_and_credited(found: Difference) -> tuple[list[str], list[str]]:
    return [str(item.net_amount) for item in found.charges], [str(item.net_amount) for item in found.credits]


def test_the_second_run_is_empty() -> None:
    books, line = Books(), term("goods")
    facts = [shipped(line, date(2026, 3, 2))]
    assert billed_and_credited(books.run([line], facts, date(2026, 3, 31))) == (["100.00"], [])
    assert books.run([line], facts, date(2026, 3, 31)) == Difference([], [])


def test_an_end_over_a_billed_period_is_credited_by_days() -> None:
    books, line = Books(), term("subscription", price="31", months=1)
    facts = [activated(line, date(2026, 1, 1))]
    books.run([line], facts, date(2026, 2, 1))
    facts.append(ended(line, date(2026, 1, 11)))
    assert billed_and_credited(books.run([line], facts, date(2026, 2, 1))) == ([], ["21.00", "31.00"])
    assert books.run([line], facts, date(2026, 3, 1)) == Difference([], [])


def test_a_backdated_rise_is_billed_with_the_next_revision() -> None:
    books, line = Books(), term("subscription", price="31")
    facts = [activated(line, date(2026, 1, 1))]
    books.run([line], facts, date(2026, 1, 1))
    dearer = replace(line, unit_price=D(62))
    (charge,) = books.run([dearer], facts, date(2026, 1, 1)).charges
    assert (charge.revision, charge.net_amount) == (1, D("31.00"))
    derivation = Derivation.from_json(json.loads(charge.derivation))
    assert derivation.breaks() == []
    assert derivation.parts[0].result == D("62.00")


def test_a_run_as_of_an_earlier_day_takes_nothing_back() -> None:
    books, line = Books(), term("subscription", price="31")
    facts = [activated(line, date(2026, 1, 1))]
    books.run([line], facts, date(2026, 3, 1))
    assert books.run([line], facts, date(2026, 1, 15)) == Difference([], [])


def test_what_was_conceded_is_not_billed_again_and_not_credited_twice() -> None:
    books, line = Books(), term("subscription", price="31")
    facts = [activated(line, date(2026, 1, 1))]
    books.run([line], facts, date(2026, 1, 1))
    books.concede(D("20"))
    assert books.run([line], facts, date(2026, 1, 1)) == Difference([], [])
    facts.append(ended(line, date(2026, 1, 11)))
    assert billed_and_credited(books.run([line], facts, date(2026, 1, 1))) == ([], ["11.00"])
    assert books.run([line], facts, date(2026, 1, 1)) == Difference([], [])


def test_returned_goods_are_credited_against_their_shipment() -> None:
    books, line = Books(), term("goods", quantity="5", price="10")
    facts = [shipped(line, date(2026, 3, 2), "3"), shipped(line, date(2026, 3, 9), "2")]
    books.run([line], facts, date(2026, 3, 31))
    facts.append(returned(line, date(2026, 4, 2), "3"))
    assert billed_and_credited(books.run([line], facts, date(2026, 4, 30))) == ([], ["10.00", "20.00"])


def test_what_costs_nothing_is_billed_beside_other_charges_alone() -> None:
    free, dear = term("goods", price="0"), term("goods", price="10")
    facts = [shipped(free, date(2026, 3, 2))]
    assert Books().run([free], facts, date(2026, 3, 31)) == Difference([], [])
    both = [*facts, shipped(dear, date(2026, 3, 2))]
    assert billed_and_credited(Books().run([free, dear], both, date(2026, 3, 31)))[0] == ["0.00", "10.00"]


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 500)),
        st.tuples(st.just("end"), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.just(0)),
        st.tuples(st.just("resume"), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.just(0)),
        st.tuples(st.just("run"), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.just(0)),
    ),
    max_size=10,
)


@given(CHANGES, st.sampled_from(["in_advance", "in_arrears"]), st.sampled_from([1, 3, 12]))
def test_any_changes_at_any_time_converge_to_the_plan(
    changes: list[tuple[str, date, int]], trigger: str, months: int
) -> None:
    """Forwards or backdated, over posted and unposted periods: billed less credited is what the terms say, once."""
    books, last = Books(), date(2027, 2, 1)
    line = term("subscription", price="29.99", months=months, trigger=trigger)
    versions, facts = [line], [activated(line, date(2026, 1, 1))]
    for kind, day, price in changes:
        if kind == "price":
            versions = with_price_from(versions, day, D(price))
        elif kind == "end":
            facts.append(ended(line, day))
        elif kind == "resume":
            facts.append(activated(line, day))
        else:
            books.run(versions, facts, day)
    books.run(versions, facts, last)
    planned = plan_bills(versions, facts, through=horizon(books.lines.values(), last))
    assert books.billed == sum((charge.net_amount for charge in planned if charge.due_on <= last), D(0))
    assert books.run(versions, facts, last) == Difference([], [])


def with_price_from(versions: list[TermLine], day: date, price: Decimal) -> list[TermLine]:
    """The versions with another price from a day on, as an amendment writes them."""
    kept = [
        replace(version, ends_on=min(version.ends_on or day, day)) for version in versions if version.starts_on < day
    ]
    return [*kept, replace(versions[0], id=new_id(), unit_price=price, starts_on=day, ends_on=None)]


@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_facts_in_another_order_bill_the_same_in_all(order: list[int], runs: list[bool]) -> None:
    line = term("goods", quantity="6", price="33.335")
    books, facts = Books(), []
    for place, run in zip(order, runs, strict=True):
        facts.append(shipped(line, date(2026, 3, 1) + timedelta(days=place), "1"))
        if run:
            books.run([line], facts, date(2026, 3, 31))
    books.run([line], facts, date(2026, 3, 31))
    assert books.billed == line.net_total
