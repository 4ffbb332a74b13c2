"""Invoices over several contracts, and contracts over several invoices, by the rule of the customer."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from cashline.flow.agree.plans.actions import NewPlan, publish_plans
from cashline.flow.agree.plans.rules import PlanTerms
from cashline.flow.deliver.subscriptions.actions import NewSubscription, subscribe
from cashline.flow.invoice.billing.actions import reverse_bill_run, set_invoice_grouping
from cashline.flow.invoice.billing.actions.reversing import advance_reversal
from cashline.flow.invoice.billing.queries.waiting import list_waiting
from cashline.flow.invoice.billing.rules.grouping import GroupBy
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes, void_invoices
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries import InvoiceFilter, agreements_of, list_invoices, statement_of
from cashline.flow.recognise.ledger.queries.balances import positions
from cashline.flow.recognise.revenue.actions import run_revenue
from cashline.flow.report.health.queries import verify
from cashline.platform import sql
from cashline.platform.lists import Ask
from tests.support.book import Shop, book, line, ship
from tests.support.invoice import bill, billed
from tests.support.recognise import agreement_of, make_trading_shop
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def want(shop: Shop, rule: GroupBy) -> None:
    set_invoice_grouping(customer_id=shop.customer, group_by=rule, now=NOW, actor=ACTOR)


def shipped(shop: Shop, *quantities: int) -> list[UUID]:
    """Orders of sensors at 89.00, shipped; their agreements."""
    orders = [book(shop, line("SENSOR-1", quantity)) for quantity in quantities]
    ship(*orders)
    return [agreement_of(order) for order in orders]


def test_a_run_puts_all_of_a_customer_on_one_invoice_and_keeps_the_part_of_each_contract(shop: Shop) -> None:
    want(shop, GroupBy.CUSTOMER)
    agreements = shipped(shop, 2, 3)
    preview, run = bill(preview=True), bill()
    assert preview.hash == run.hash
    (row,) = billed(run)
    assert (row.agreement_id, row.net_total, row.tax_total) == (None, D(445), D("84.55"))
    assert agreements_of(row) == sorted(agreements)
    assert len(statement_of(row.id).lines) == 2
    found = positions(agreements)
    assert [found[key].billed for key in agreements] == [178, 267]
    for key in agreements:
        (listed,) = list_invoices(Ask(), InvoiceFilter(agreement_id=key), today=TODAY).items
        assert listed.id == row.id
    run_revenue(through=TODAY, now=NOW, actor=ACTOR)
    found = positions(agreements)
    assert [found[key].recognised for key in agreements] == [178, 267]
    assert (bill().invoices, bill().credit_notes) == (0, 0)
    assert verify(whole=True).first_break is None


def test_a_combined_invoice_is_credited_by_contract_and_billed_again_when_void(shop: Shop) -> None:
    want(shop, GroupBy.CUSTOMER)
    one, two = shipped(shop, 2, 3)
    (row,) = billed(bill())
    first = statement_of(row.id).lines[0]
    issue_credit_notes([CreditRequest(row.id, "Scratched", [(first.id, D(89))])], today=TODAY, now=NOW, actor=ACTOR)
    assert {key: at.billed for key, at in positions([one, two]).items()} in ({one: 89, two: 267}, {one: 178, two: 178})
    void_invoices([row.id], reason="Wrong address", today=TODAY, now=NOW, actor=ACTOR)
    assert {at.billed for at in positions([one, two]).values()} == {0}
    (again,) = billed(bill())
    assert sorted(agreements_of(again)) == sorted([one, two])
    assert verify(whole=True).first_break is None


def test_a_small_batch_still_holds_all_of_a_customer(shop: Shop) -> None:
    want(shop, GroupBy.CUSTOMER)
    shipped(shop, 1, 1, 1)
    assert bill(preview=True, batch=2).hash == bill(batch=1).hash
    assert verify(whole=True).first_break is None


def test_taking_the_run_back_holds_every_contract(shop: Shop) -> None:
    want(shop, GroupBy.CUSTOMER)
    agreements = shipped(shop, 1, 1)
    run = bill()
    assert run.run_id is not None
    reverse_bill_run(run_id=run.run_id, reason="Wrong prices", now=NOW, actor=ACTOR)
    while advance_reversal(run.run_id, now=NOW, actor=ACTOR) is not None:
        pass
    assert {item.agreement_id for item in list_waiting(Ask()).items} == set(agreements)


def test_each_subscription_of_a_customer_has_its_own_invoice(shop: Shop) -> None:
    want(shop, GroupBy.SUBSCRIPTION)
    terms = PlanTerms.from_json({"interval": "month", "base_fee": "31.00", "timing": "arrears"})
    (plan,) = publish_plans([NewPlan("TEAM", "Team", "EUR", terms)], now=NOW, actor=ACTOR)
    subscribe([NewSubscription(shop.customer, shop.world.berlin, plan) for _ in range(2)], now=NOW, actor=ACTOR)
    rows = billed(bill(TODAY.replace(month=TODAY.month + 2)))
    assert len(rows) == 2
    assert len({row.agreement_id for row in rows}) == 1
    assert rows[0].net_total == rows[1].net_total > 0
    assert verify(whole=True).first_break is None


def test_the_database_keeps_the_parts_of_a_combined_invoice(shop: Shop) -> None:
    want(shop, GroupBy.CUSTOMER)
    shipped(shop, 1, 1)
    (row,) = billed(bill())
    for statement in (
        "UPDATE invoice_agreements SET net_total = 0 WHERE invoice_id = %s",
        "INSERT INTO invoice_agreements SELECT uuidv7(), invoice_id, agreement_id, net_total, 0 "
        "FROM invoice_agreements WHERE invoice_id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            sql.execute(statement, (row.id,))
