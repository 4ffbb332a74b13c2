"""Commitments: drawn down by what is billed, trued up at the end, once, and again where bills or credits come late."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.invoice.commitments import queries
from cashline.flow.invoice.commitments.actions import (
    TruedUp,
    cancel_commitment,
    make_commitments,
    true_up_commitments,
)
from cashline.flow.invoice.commitments.jobs import true_up_due
from cashline.flow.invoice.commitments.rules import (
    Drawn,
    NewCommitment,
    OverlappingCommitment,
    Term,
    TrueUpLine,
    burn_down,
    commitment_problems,
    overlaps,
    true_up,
)
from cashline.flow.invoice.credit_notes.actions import void_invoices
from cashline.flow.invoice.invoices.queries import invoice, statement_of
from cashline.flow.report.health.queries import verify
from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from tests.support.book import Shop, line
from tests.support.invoice import at, credit, make_billing_shop, ship_and_bill
from tests.support.world import ACTOR, NOW, TODAY

D = Decimal
END = date(2027, 1, 1)


def new(**changes: Any) -> NewCommitment:
    found = NewCommitment(new_id(), new_id(), "EUR", "Cloud 2026", D(1000), date(2026, 1, 1), END)
    return replace(found, **changes)


def drawn(amount: str, *trued_up: str) -> Drawn:
    lines = [TrueUpLine(new_id(), new_id(), index, D(left)) for index, left in enumerate(trued_up)]
    return Drawn(
        new_id(), new_id(), new_id(), "EUR", "Cloud", D(1000), date(2026, 1, 1), END, "standard", D(amount), lines
    )  # fmt: skip


def waived(amount: str, left: str, given: str) -> Drawn:
    return drawn(amount)._replace(trued_up=[TrueUpLine(new_id(), new_id(), 0, D(left), D(given))])


@pytest.mark.parametrize(
    ("found", "billed", "credited"),
    [
        (drawn("800"), "200", []), (drawn("1000"), None, []), (drawn("1200"), None, []),
        (drawn("800", "200"), None, []),
        (drawn("700", "200"), "100", []), (drawn("850", "200"), None, ["50"]), (drawn("1100", "200"), None, ["200"]),
        (drawn("950", "30", "120"), None, ["100"]), (drawn("990", "30", "120"), None, ["120", "20"]),
        (waived("800", "150", "50"), None, []), (waived("700", "150", "50"), "100", []),
        (waived("850", "150", "50"), None, ["50"]), (waived("1000", "150", "50"), None, ["150"]),
        (waived("1000", "0", "50"), None, []),
    ],
)  # fmt: skip
def test_the_end_bills_what_is_left_and_gives_back_what_was_too_much(
    found: Drawn, billed: str | None, credited: list[str]
) -> None:
    draft, requests = true_up(found, END)
    assert (draft and draft.lines[0].net_amount) == (D(billed) if billed else None)
    assert [request.lines[0][1] for request in requests if request.lines] == [D(value) for value in credited]
    assert true_up(found, date(2026, 12, 31)) == (None, [])


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 1), ({"starts_on": END, "ends_on": date(2028, 1, 1)}, 0), ({"currency": "USD"}, 0),
        ({"plans": ("A",)}, 1), ({"customer_id": new_id()}, 0),
    ],
)  # fmt: skip
def test_two_commitments_never_count_the_same(changes: dict[str, Any], count: int) -> None:
    one = new()
    term = Term(one.entity_id, one.customer_id, "EUR", "Other", one.starts_on, one.ends_on, frozenset())
    assert len(overlaps(replace(one, **changes), [term])) == count
    assert overlaps(replace(one, plans=("A",)), [term._replace(plans=frozenset({"B"}))]) == []


def test_all_problems_come_at_once() -> None:
    assert len(commitment_problems(new(amount=D("0.001"), ends_on=date(2026, 1, 1), name=" "))) == 3


def test_the_pace_is_carried_on() -> None:
    found = burn_down(drawn("300")._replace(starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 11)), date(2026, 1, 4))
    assert found == (D("30.0"), D("30.0"), D("1000.00"), D(0))
    assert burn_down(drawn("0"), date(2025, 1, 1)).projected_true_up == 1000


@pytest.fixture
def shop(db: None) -> Shop:
    return make_billing_shop()


def commit(shop: Shop, amount: str = "500", ends_on: date = date(2026, 3, 1), plans: tuple[str, ...] = ()) -> UUID:
    one = NewCommitment(
        shop.world.berlin, shop.customer, "EUR", "Sensors", D(amount), date(2026, 1, 1), ends_on, plans
    )  # fmt: skip
    return make_commitments([one], now=NOW, actor=ACTOR)[0]


def net(found: TruedUp) -> list[Decimal]:
    return [invoice(key).net_total for key in found.invoices]


MARCH = at(date(2026, 3, 1))


def test_what_is_billed_draws_it_down_and_the_end_bills_the_rest_once(shop: Shop) -> None:
    key = commit(shop)
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    credit(row.id, [(statement_of(row.id).lines[0].id, D("78.00"))])
    (found,) = queries.drawn_of([queries.commitment(key)])
    assert (found.drawn, found.left) == (100, 400)
    assert queries.drawn_by_month(queries.commitment(key)) == [(TODAY.replace(day=1), 100)]
    assert true_up_commitments([key], now=NOW, actor=ACTOR) == ([], [])
    assert true_up_due(today=date(2026, 3, 1), now=MARCH, actor=ACTOR) == 1
    (found,) = queries.drawn_of([queries.commitment(key)])
    assert (found.drawn, found.billed) == (100, 400)
    assert true_up_due(today=date(2026, 3, 2), now=MARCH, actor=ACTOR) == 0
    credit(row.id, [(statement_of(row.id).lines[0].id, D("50.00"))])
    assert net(true_up_commitments([key], now=MARCH, actor=ACTOR)) == [50]
    ship_and_bill(shop, line("SENSOR-1", 1))
    again = true_up_commitments([key], now=MARCH, actor=ACTOR)
    assert (again.invoices, len(again.credit_notes)) == ([], 2)
    (found,) = queries.drawn_of([queries.commitment(key)])
    assert (found.drawn, found.billed) == (139, 361)
    assert verify(whole=True).first_break is None


def test_what_is_waived_of_the_rest_is_not_billed_again_and_a_void_rest_is(shop: Shop) -> None:
    key = commit(shop)
    (rest,) = true_up_commitments([key], now=MARCH, actor=ACTOR).invoices
    credit(rest, [(statement_of(rest).lines[0].id, D(100))])
    assert true_up_commitments([key], now=MARCH, actor=ACTOR) == ([], [])
    void_invoices([rest], reason="Wrong address", today=TODAY, now=MARCH, actor=ACTOR)
    assert net(true_up_commitments([key], now=MARCH, actor=ACTOR)) == [400]
    assert verify(whole=True).first_break is None


def test_one_over_plans_counts_those_alone_and_a_cancelled_one_bills_nothing(shop: Shop) -> None:
    with pytest.raises(InvalidValue):
        commit(shop, plans=("TEAM",))
    terms = PlanTerms.from_json({"interval": "month", "base_fee": "1.00"})
    publish_plans([NewPlan("TEAM", "Team", "EUR", terms)], now=NOW, actor=ACTOR)
    key = commit(shop, plans=("TEAM",))
    ship_and_bill(shop, line("SENSOR-1", 2))
    assert queries.drawn_of([queries.commitment(key)])[0].drawn == 0
    with pytest.raises(OverlappingCommitment):
        commit(shop)
    cancel_commitment(commitment_id=key, reason="Renegotiated", now=NOW, actor=ACTOR)
    assert true_up_due(today=date(2026, 3, 1), now=MARCH, actor=ACTOR) == 0
    commit(shop)
    again = (
        "INSERT INTO commitments SELECT uuidv7(), currency, 'Again', amount, term, {plans}, tax_category, 'active', "
        "created_at, customer_id, entity_id FROM commitments WHERE status = 'active'"
    )
    for statement in (
        again.format(plans="plans"),
        again.format(plans="ARRAY['TEAM']"),
        "UPDATE commitments SET amount = 1",
        "UPDATE commitments SET status = 'active'",
        "DELETE FROM commitments",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            sql.execute(statement)
