"""Revenue is recognised as contracts are delivered: planned from the facts, posted as a difference, once."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.flow.invoice.credit_notes.actions import issue_credit_notes
from cashline.flow.invoice.credit_notes.rules import CreditRequest
from cashline.flow.invoice.invoices.queries import statement_of
from cashline.flow.recognise.ledger.actions import close_period
from cashline.flow.recognise.ledger.queries.balances import positions, trial_balance
from cashline.flow.recognise.ledger.queries.entries import entries_of_agreement
from cashline.flow.recognise.revenue.queries import (
    ahead_by_month,
    ahead_of,
    list_postings,
    obligations_of,
    recognised_by_month,
)
from cashline.flow.recognise.revenue.rules.contracts import TooFarAhead
from cashline.flow.report.health.queries import verify
from cashline.kernel.derivations import Derivation
from cashline.platform import lists, sql
from tests.support.agree import american, make_customers
from tests.support.book import Shop, book, line
from tests.support.recognise import (
    TODAY,
    accept_on,
    agreement_of,
    at,
    balances,
    bill,
    book_mixed,
    line_ids,
    make_trading_shop,
    pay,
    recognise,
    ship_on,
)
from tests.support.world import ACTOR

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
JANUARY, FEBRUARY, YEAR_END = date(2026, 1, 31), date(2026, 2, 28), date(2027, 1, 31)


@pytest.fixture
def shop() -> Shop:
    return make_trading_shop()


def by_month(agreement: UUID) -> dict[str, str]:
    return {f"{month:%Y-%m}": f"{amount:.2f}" for month, amount in recognised_by_month([agreement])[agreement].items()}


def test_a_mixed_order_from_booking_to_revenue(shop: Shop) -> None:
    """4 sensors at 89, 4 × 49 a month for a year, an installation at 1 200: 3 908 in all, sold at list prices."""
    order = book_mixed(shop)
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    [invoice] = bill(date(2026, 1, 20))
    pay(date(2026, 1, 25), invoice)
    result = recognise(JANUARY)
    assert (result.agreements, result.entries, result.postings) == (1, 1, 3)
    # 356 of goods, 1 200 of service, and 17 of 365 days of 2 352
    assert result.total("EUR") == D("1665.55")
    assert by_month(agreement) == {"2026-01": "1665.55"}
    [row] = [one for one in entries_of_agreement(agreement) if one.rule == "revenue"]
    assert [(line.account_role, line.amount) for line in row.lines] == [
        ("contract_position", D("1665.55")),
        ("revenue_goods", D(-356)),
        ("revenue_subscription", D("-109.55")),
        ("revenue_service", D(-1200)),
    ]
    position = positions([agreement])[agreement]
    assert (position.billed, position.recognised, position.amount) == (D(1752), D("1665.55"), D("-86.45"))
    assert balances(shop.world.berlin, JANUARY)["contract_position"] == D("-86.45")
    obligations = obligations_of(agreement)
    assert [(one.kind, one.allocated_price, one.recognised, one.remaining) for one in obligations] == [
        ("goods", D(356), D(356), D(0)),
        ("subscription", D(2352), D("109.55"), D("2242.45")),
        ("service", D(1200), D(1200), D(0)),
    ]


def test_planning_again_posts_nothing_and_the_term_earns_it_all(shop: Shop) -> None:
    order = book_mixed(shop)
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    assert recognise(JANUARY).postings == 2
    for again in (JANUARY, date(2026, 1, 20)):
        result = recognise(again)
        assert (result.agreements, result.postings, result.exceptions) == (0, 0, [])
    accept_on(date(2026, 2, 3), order)
    recognise(YEAR_END)
    recognise(YEAR_END)
    assert sum(recognised_by_month([agreement])[agreement].values()) == D(3908)
    assert by_month(agreement)["2026-02"] == "1380.42"  # 1 200, and 45 of 365 days less 17
    assert len(by_month(agreement)) == 13
    assert recognise(date(2030, 1, 1)).postings == 0


def test_a_discount_on_one_line_is_shared_by_all(shop: Shop) -> None:
    """178 off the sensors: 3 730 over stand-alone prices of 3 908."""
    order = book_mixed(shop, discount="50")
    ship_on(TODAY, order)
    recognise(JANUARY)
    rows = obligations_of(agreement_of(order))
    assert [row.allocated_price for row in rows] == [D("339.79"), D("2244.87"), D("1145.34")]
    assert sum(row.transaction_price for row in rows) == sum(row.allocated_price for row in rows) == D(3730)
    for row in rows:
        assert Derivation.from_json(row.derivation).breaks() == []
    for posting in list_postings(lists.Ask(), agreement_id=agreement_of(order)).items:
        derivation = Derivation.from_json(posting.derivation)
        assert derivation.breaks() == []
        assert derivation.result == posting.amount


def test_preview_is_the_run_without_the_append(shop: Shop) -> None:
    order = book_mixed(shop)
    ship_on(TODAY, order)
    preview = recognise(YEAR_END, preview=True)
    assert sql.fetch("SELECT count(*) FROM revenue_postings") == [(0,)]
    assert sql.fetch("SELECT count(*) FROM revenue_states") == [(0,)]
    run = recognise(YEAR_END)
    assert (preview.totals, preview.entries, preview.postings) == (run.totals, run.entries, run.postings)
    assert [(row[0], row[3]) for row in preview.contracts] == [(agreement_of(order), run.total("EUR"))]


def test_what_is_still_to_come_is_what_later_runs_post(shop: Shop) -> None:
    order = book_mixed(shop, discount="50")
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    recognise(date(2026, 2, 11))
    ahead = ahead_of(agreement)
    before = recognised_by_month([agreement])[agreement]
    assert {month: amount for _, _, month, amount in ahead_by_month()} == ahead
    assert min(ahead) == date(2026, 2, 1)
    recognise(YEAR_END)
    after = recognised_by_month([agreement])[agreement]
    later = {month: amount - before.get(month, D(0)) for month, amount in after.items() if month >= date(2026, 2, 1)}
    assert ahead == later
    assert ahead_of(agreement) == {}


def test_statements_of_one_contract_are_few(shop: Shop) -> None:
    order = book_mixed(shop)
    ship_on(TODAY, order)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        recognise(JANUARY, agreement_ids=[agreement_of(order)])
    told = [one["sql"][:60] for one in captured.captured_queries]
    assert len(told) <= 13, told


def test_order_of_arrival_does_not_matter(shop: Shop) -> None:
    """One contract is run every month, and learns of its deliveries late; the other is run once, at the end."""
    early, late = book_mixed(shop, discount="30"), book_mixed(shop, discount="30")
    ship_on(TODAY, late)
    recognise(JANUARY, agreement_ids=[agreement_of(late)])
    bill(FEBRUARY)
    recognise(FEBRUARY, agreement_ids=[agreement_of(late)])
    recognise(date(2026, 6, 30), agreement_ids=[agreement_of(late)])
    accept_on(date(2026, 1, 19), late)
    ship_on(TODAY, early)
    accept_on(date(2026, 1, 19), early)
    recognise(YEAR_END)
    bill(date(2026, 12, 31))
    assert by_month(agreement_of(early)) == by_month(agreement_of(late))
    found = positions([agreement_of(early), agreement_of(late)])
    one, other = found[agreement_of(early)], found[agreement_of(late)]
    assert (one.billed, one.recognised, one.functional) == (other.billed, other.recognised, other.functional)


def test_what_comes_late_for_a_closed_month_goes_to_the_first_open_day(shop: Shop) -> None:
    order = book_mixed(shop)
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    recognise(JANUARY)
    close_period(entity_id=shop.world.berlin, month=JANUARY, now=at(date(2026, 2, 3)), actor=ACTOR)
    before = {row.role: row.balance for row in trial_balance(shop.world.berlin, JANUARY)}
    accept_on(date(2026, 1, 28), order)
    recognise(FEBRUARY)
    assert {row.role: row.balance for row in trial_balance(shop.world.berlin, JANUARY)} == before
    assert by_month(agreement) == {"2026-01": "1665.55", "2026-02": "180.42"}
    late = [row for row in entries_of_agreement(agreement) if row.rule == "revenue" and "closed month" in row.text]
    assert [(row.day, row.total) for row in late] == [(date(2026, 2, 1), D(1200))]


def test_a_service_that_ends_early_earns_what_it_was_billed(shop: Shop) -> None:
    """The position of a contract with nothing left to deliver is zero, whatever the discount did to its parts."""
    order = book_mixed(shop, discount="50")
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    bill(date(2026, 4, 1))
    recognise(date(2026, 4, 30))
    [subscription] = subscriptions_of([order])
    cancel_subscriptions(
        [subscription.id], ends_on=date(2026, 5, 3), reason="moved on", now=at(date(2026, 4, 20)), actor=ACTOR
    )
    bill(date(2026, 5, 31))
    recognise(date(2026, 5, 31))
    position = positions([agreement])[agreement]
    assert position.amount == 0
    assert position.recognised == position.billed
    rows = obligations_of(agreement)
    assert all(row.remaining == 0 for row in rows)
    assert sum(row.transaction_price for row in rows) == position.billed
    assert recognise(YEAR_END).postings == 0


def test_a_concession_takes_revenue_back(shop: Shop) -> None:
    order = book_mixed(shop)
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    [invoice] = bill(TODAY)
    recognise(JANUARY)
    goods = line_ids(order)[0]
    [(line_id,)] = sql.fetch("SELECT id FROM invoice_lines WHERE invoice_id = %s AND line_id = %s", (invoice, goods))
    request = CreditRequest(invoice, "scratched", [(line_id, D(56))])
    issue_credit_notes([request], today=date(2026, 2, 10), now=at(date(2026, 2, 10)), actor=ACTOR)
    recognise(FEBRUARY)
    assert by_month(agreement)["2026-02"] == "124.42"  # 45 of 365 days of 2 352 less 17, less 56
    assert [row.allocated_price for row in obligations_of(agreement)] == [D(300), D(2352), D(1200)]


def test_revenue_in_a_foreign_currency_keeps_the_rate_of_the_invoice(shop: Shop) -> None:
    """Billed in dollar by the German entity at 1.10: the advance keeps its rate, and the position ends at zero."""
    [customer] = make_customers([american()])
    order = book_mixed(shop, customer_id=customer, currency="USD")
    agreement = agreement_of(order)
    ship_on(TODAY, order)
    accept_on(date(2026, 1, 20), order)
    for month in range(1, 13):
        for invoice in bill(date(2026, month, 28)):
            pay(date(2026, month, 28), invoice)
        recognise(date(2026, month, 28))
    recognise(YEAR_END)
    position = positions([agreement])[agreement]
    assert (position.amount, position.functional) == (D(0), D(0))
    assert position.billed == D("4298.80")
    left = balances(shop.world.berlin, YEAR_END)
    assert "receivable" not in left
    assert "contract_position" not in left
    for row in entries_of_agreement(agreement):
        assert sum(line.functional_amount for line in row.lines) == 0


def test_a_contract_that_cannot_be_planned_is_told_and_the_others_go_on(shop: Shop) -> None:
    fine, amended = book_mixed(shop), book_mixed(shop)
    ship_on(TODAY, fine, amended)
    sql.execute(
        "UPDATE agreement_lines SET valid = daterange(lower(valid), '2026-06-01') WHERE line_id = %s",
        (line_ids(amended)[0],),
    )
    sql.execute(
        "INSERT INTO agreement_lines SELECT (jsonb_populate_record(l, jsonb_build_object('id', uuidv7(), 'valid', "
        "'[2026-06-01,)'))).* FROM agreement_lines l WHERE line_id = %s",
        (line_ids(amended)[0],),
    )
    result = recognise(JANUARY)
    assert result.agreements == 1
    assert [key for key, _ in result.exceptions] == [agreement_of(amended)]
    assert agreement_of(fine) in recognised_by_month([agreement_of(fine)])


def test_revenue_of_the_far_future_is_refused(shop: Shop) -> None:
    with pytest.raises(TooFarAhead):
        recognise(date(9999, 12, 31), now=TODAY)


def test_a_contract_without_an_exchange_rate_waits_for_it_alone(shop: Shop) -> None:
    orders = [book_mixed(shop), book_mixed(shop, customer_id=make_customers([american()])[0], currency="USD")]
    ship_on(TODAY, *orders)
    sql.execute(
        "UPDATE exchange_rates SET day = '2030-01-01'::date + (day - '2025-01-01'::date) WHERE currency = 'USD'"
    )
    preview, result = recognise(JANUARY, preview=True), recognise(JANUARY)
    assert (result.agreements, result.exceptions) == (preview.agreements, preview.exceptions)
    assert (result.agreements, [key for key, _ in result.exceptions]) == (1, [agreement_of(orders[1])])
    assert "No exchange rate from USD to EUR" in result.exceptions[0][1]
    sql.execute(
        "UPDATE exchange_rates SET day = '2025-01-01'::date + (day - '2030-01-01'::date) WHERE currency = 'USD'"
    )
    assert recognise(JANUARY).agreements == 1


def test_a_concession_above_the_share_of_its_line_keeps_the_books_sound(shop: Shop) -> None:
    """Of 10, 20 and 70, a third each is allocated; 60 given for the last is more, and the others bear the rest."""
    order = book(shop, *(line("SENSOR-1", 1, unit_price=D(price)) for price in (10, 20, 70)))
    ship_on(TODAY, order)
    [key] = bill(TODAY)
    [last] = [one for one in statement_of(key).lines if one.net_amount == 70]
    request = CreditRequest(key, "Scratched", [(last.id, D(60))])
    issue_credit_notes([request], today=TODAY, now=at(TODAY), actor=ACTOR)
    recognise(JANUARY)
    assert sum(recognised_by_month([agreement_of(order)])[agreement_of(order)].values()) == 40
    assert sorted(one.allocated_price for one in obligations_of(agreement_of(order))) == [0, 20, 20]
    assert verify(whole=True).first_break is None
