"""What a change bills at once: judged like a run's bill, and held whole by a change that is paid first."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import pytest

from cashline.flow.agree.plans.actions import NewPlan, publish_plans, set_conventions
from cashline.flow.agree.plans.rules import (
    NAMED_CONVENTIONS,
    FeeTiming,
    PlanConventions,
    PlanTerms,
    UsageCharge,
    UsageTiming,
)
from cashline.flow.agree.pricing.rules.charge_models import Charge
from cashline.flow.deliver.subscriptions.actions import NewSubscription, change_lives, subscribe
from cashline.flow.deliver.subscriptions.queries import life
from cashline.flow.deliver.subscriptions.rules import Effect, LifeChange, LifeKind
from cashline.flow.invoice.billing.actions import (
    gate_change,
    hold_bills,
    preview_changes,
    release_bill,
    set_billing_policy,
    settle_gates,
)
from cashline.flow.invoice.billing.queries.gates import gate_of
from cashline.flow.invoice.billing.queries.plans import charges_of
from cashline.flow.invoice.billing.queries.waiting import WaitingRow, list_waiting
from cashline.flow.invoice.billing.rules.waiting import BillingPolicy, BillWaits
from cashline.flow.invoice.invoices.actions.settling import OverSettled
from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.kernel.anchors import Anchor, AnchorKind
from cashline.kernel.identifiers import new_id, public
from cashline.kernel.periods import IntervalUnit
from cashline.platform import sql
from cashline.platform.lists import Ask
from tests.support.agree import make_customer
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.invoice import at, bill, make_billing_shop
from tests.support.racing import race
from tests.support.usage import make_meter, record, used
from tests.support.world import ACTOR, NOW

D = Decimal
CHANGE, LATE, FEBRUARY = at(date(2026, 1, 22)), at(date(2026, 2, 5)), date(2026, 2, 1)
NEGATIVE_LINE = NAMED_CONVENTIONS["day-negative-line"]
AT_RENEWAL = NAMED_CONVENTIONS["day-negative-line-at-renewal"]
CREDIT_NOTE = NAMED_CONVENTIONS["day-credit-note"]


class Seats(NamedTuple):
    """A subscription of ten seats at 31.00 a calendar month in advance, with calls at 1.00 billed at the event."""

    shop: Shop
    id: UUID

    def change(self, quantity: int) -> LifeChange:
        """So many seats from now on."""
        return LifeChange(self.id, LifeKind.QUANTITY_CHANGED, quantity=D(quantity))

    def total(self) -> Decimal:
        """What stands billed of it."""
        return sum((row.amount for row in charges_of(self.id)), D(0))


def seats(conventions: PlanConventions = CREDIT_NOTE) -> Seats:
    shop = make_billing_shop()
    set_conventions(entity_id=shop.world.berlin, conventions=conventions, now=NOW, actor=ACTOR)
    make_meter("calls")
    calls = UsageCharge("calls", "sum", Charge.unit(D(1)), UsageTiming.AT_EVENT)
    terms = PlanTerms(IntervalUnit.MONTH, Anchor(AnchorKind.CALENDAR), FeeTiming.ADVANCE, D(31), charges=(calls,))
    (plan,) = publish_plans([NewPlan("SEATS", "Seats", "EUR", terms)], now=NOW, actor=ACTOR)
    start = at(date(2026, 1, 1))
    new = NewSubscription(shop.customer, shop.world.berlin, plan, D(10), start)
    subscribe([new], now=start, actor=ACTOR)
    assert Seats(shop, new.id).total() == 310
    return Seats(shop, new.id)


def standing(held: Seats) -> Decimal:
    """What stands billed of it on documents that are not void."""
    return sum((row.amount for row in charges_of(held.id) if not row.voided), D(0))


def let_go() -> None:
    """Forget what a person held without billing it, so that the next run bills it like anything else."""
    sql.execute("UPDATE waiting_bills SET status = 'lapsed'")
    sql.execute("UPDATE billing_schedules SET held = false")


def waiting() -> Sequence[WaitingRow]:
    return list_waiting(Ask(), statuses=["waiting"]).items


def use(held: Seats, event_id: str, now: datetime, calls: str = "5") -> None:
    event = used(public("subscription", held.id), "calls", event_id, now - timedelta(minutes=1), quantity=calls)
    assert record([event], now=now).accepted == 1


def pay(held: Seats, invoice_id: UUID, now: datetime = LATE) -> None:
    amount = invoice(invoice_id).open_amount
    payment = NewPayment(
        held.shop.customer, held.shop.world.berlin, "EUR", amount, "bank_transfer", now.date(), new_id(),
        allocations=((invoice_id, amount, D(0)),),
    )  # fmt: skip
    record_payments([payment], now=now, actor=ACTOR)


@pytest.mark.usefixtures("db")
def test_many_small_bills_of_events_are_no_measure_for_what_a_run_bills() -> None:
    held = seats()
    set_billing_policy(entity_id=held.shop.world.berlin, policy=BillingPolicy(gated=True), now=NOW, actor=ACTOR)
    for number in range(4):
        use(held, f"E-{number}", CHANGE)
    assert held.total() == 330
    assert bill(FEBRUARY).invoices == 1
    assert waiting() == []
    assert held.total() == 640


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("conventions", [CREDIT_NOTE, NEGATIVE_LINE, AT_RENEWAL])
def test_all_that_a_change_bills_waits_on_one_invoice_and_is_taken_back_whole(conventions: PlanConventions) -> None:
    """Twenty seats for ten of 31 days cost 200.00, less 100.00 of the ten; also where renewals bill changes."""
    held = seats(conventions)
    fact = gate_change(held.change(20), days=5, now=CHANGE, actor=ACTOR)
    gate = gate_of(fact)
    assert (gate.status, held.total()) == ("waiting", 410)
    assert gate.invoice_id is not None
    assert len({row.invoice_id for row in charges_of(held.id) if row.invoice_id}) == 2
    assert invoice(gate.invoice_id).open_amount == D("119.00")
    assert life(held.id).quantity == 10
    assert settle_gates(now=LATE, actor=ACTOR) == 1
    assert (gate_of(fact).status, invoice(gate.invoice_id).status) == ("lapsed", "void")
    assert (invoice(gate.invoice_id).open_amount, standing(held)) == (0, 310 + 310)
    assert bill(LATE.date()).invoices == 0


@pytest.mark.usefixtures("db")
def test_nothing_else_of_the_subscription_is_billed_while_a_change_waits() -> None:
    held = seats()
    other = NewSubscription(held.shop.customer, held.shop.world.berlin, life(held.id).plan_id, at=at(date(2026, 1, 1)))
    subscribe([other], now=CHANGE, actor=ACTOR)
    bill(CHANGE.date())
    fact = gate_change(held.change(20), days=30, now=CHANGE, actor=ACTOR)
    use(held, "while it waits", CHANGE + timedelta(hours=1))
    run = bill(FEBRUARY)
    assert (held.total(), run.invoices) == (410, 1)
    assert sum((row.amount for row in charges_of(other.id)), D(0)) == 62
    gate = gate_of(fact)
    assert gate.invoice_id is not None
    pay(held, gate.invoice_id)
    assert settle_gates(now=LATE, actor=ACTOR) == 1
    assert (gate_of(fact).status, life(held.id).quantity) == ("paid", 20)
    assert bill(LATE.date()).invoices == 1
    assert held.total() == 410 + 620 + 5


@pytest.mark.usefixtures("db")
def test_a_bill_of_a_change_that_is_out_of_line_waits_like_one_of_a_run() -> None:
    held = seats()
    policy = BillingPolicy(gated=True, first_limit=D(250))
    set_billing_policy(entity_id=held.shop.world.berlin, policy=policy, now=NOW, actor=ACTOR)
    change_lives([held.change(11)], now=CHANGE, actor=ACTOR)
    assert (held.total(), waiting()) == (320, [])
    use(held, "a small one", CHANGE - timedelta(hours=1))
    use(held, "one like no other", CHANGE - timedelta(minutes=30), "300")
    assert (held.total(), waiting()) == (625, [])
    effect = preview_changes([held.change(200)], now=CHANGE, actor=ACTOR)
    assert (effect.at_once, "the limit for bills" in effect.waits, waiting()) == ([], True, [])
    with pytest.raises(BillWaits, match="the limit for bills"):
        gate_change(held.change(200), days=5, now=CHANGE, actor=ACTOR)
    assert life(held.id).quantity == 11
    change_lives([held.change(200)], now=CHANGE, actor=ACTOR)
    (one,) = waiting()
    assert (one.cause, one.net, one.credited, held.total()) == ("large_first", 2000, 110, 625)
    use(held, "joins it", CHANGE + timedelta(hours=1))
    assert held.total() == 625
    run = bill(CHANGE.date(), now=CHANGE + timedelta(hours=2))
    assert (run.invoices, len(run.exceptions), held.total()) == (0, 1, 625)
    released = CHANGE + timedelta(hours=3)
    assert release_bill(waiting_id=one.id, reason="They grow", now=released, actor=ACTOR)
    assert (held.total(), waiting()) == (625 - 110 + 2000 + 5, [])


@pytest.mark.usefixtures("db")
def test_what_a_person_holds_no_change_bills() -> None:
    held = seats()
    agreement = life(held.id).agreement_id
    hold_bills(agreement_ids=[agreement], reason="Disputed", as_of=CHANGE.date(), now=CHANGE, actor=ACTOR)
    change_lives([held.change(20)], now=CHANGE, actor=ACTOR)
    assert held.total() == 310
    (one,) = waiting()
    release_bill(waiting_id=one.id, reason="Settled", now=CHANGE, actor=ACTOR)
    assert held.total() == 410


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("late", [False, True])
def test_a_change_is_one_invoice_where_the_conventions_take_unused_days_off_it(late: bool) -> None:
    """At once by the change, and by a run where it is made afterwards: the same document."""
    held = seats(NEGATIVE_LINE)
    since = LifeChange(held.id, LifeKind.QUANTITY_CHANGED, Effect.AT, CHANGE, quantity=D(20))
    change_lives([since if late else held.change(20)], now=LATE if late else CHANGE, actor=ACTOR)
    bill(LATE.date() if late else CHANGE.date())
    assert sql.fetch("SELECT count(*) FROM credit_notes") == [(0,)]
    (found,) = sql.fetch("SELECT net_total FROM invoices ORDER BY id OFFSET 1 LIMIT 1")
    assert found == (100 + (620 if late else 0),)


@pytest.mark.usefixtures("db")
def test_a_preview_says_where_a_change_comes_as_two_documents() -> None:
    held = seats(CREDIT_NOTE)
    effect = preview_changes([held.change(20)], now=CHANGE, actor=ACTOR)
    assert (effect.invoiced, effect.credited) == (200, 100)


@pytest.mark.usefixtures("db")
def test_what_a_change_leaves_to_the_renewal_it_leaves_whole() -> None:
    """Unused days are not given back by a run in between, but with what takes their place."""
    held = seats(AT_RENEWAL)
    change_lives([held.change(20)], now=CHANGE, actor=ACTOR)
    assert (bill(date(2026, 1, 25)).invoices, held.total()) == (0, 310)
    assert (bill(FEBRUARY).invoices, held.total()) == (1, 410 + 620)


def test_a_payment_and_the_end_of_the_wait_at_once_leave_no_half(committed_db: Database) -> None:
    held = seats()
    fact = gate_change(held.change(20), days=5, now=CHANGE, actor=ACTOR)
    key = gate_of(fact).invoice_id
    assert key is not None

    def pay_if_it_is_open() -> None:
        with suppress(OverSettled):
            pay(held, key)

    race([pay_if_it_is_open, *[lambda: settle_gates(now=LATE, actor=ACTOR)] * 2])
    settle_gates(now=LATE, actor=ACTOR)
    bill(LATE.date())
    status, quantity = gate_of(fact).status, life(held.id).quantity
    assert (status, quantity) in {("paid", 20), ("lapsed", 10)}
    assert standing(held) == (410 + 620 if status == "paid" else 310 + 310)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("late", [False, True])
def test_what_is_given_back_pays_the_invoice_of_the_same_change(late: bool) -> None:
    """By the change itself, or by the run that follows one that was billed by none: 119.00 of the days given back."""
    held = seats(CREDIT_NOTE)
    agreement = life(held.id).agreement_id
    if late:
        hold_bills(agreement_ids=[agreement], reason="Later", as_of=CHANGE.date(), now=CHANGE, actor=ACTOR)
    change_lives([held.change(20)], now=CHANGE, actor=ACTOR)
    if late:
        let_go()
        preview, run = bill(CHANGE.date(), preview=True), bill(CHANGE.date())
        assert (run.invoices, run.credit_notes, run.hash) == (1, 1, preview.hash)
    found = sql.fetch("SELECT gross_total, credit_applied, open_amount FROM invoices ORDER BY id OFFSET 1")
    assert found == [(238, 119, 119)]


def test_changes_beside_a_run_that_credits_too_do_not_wait_on_each_other(committed_db: Database) -> None:
    """Each of twelve gets a credit note and an invoice: six by a run in batches of two, six by their changes."""
    held = seats(CREDIT_NOTE)
    plan, start = life(held.id).plan_id, at(date(2026, 1, 1))
    new = [NewSubscription(make_customer(), held.shop.world.berlin, plan, D(10), start) for _ in range(12)]
    subscribe(new, now=start, actor=ACTOR)
    bill(CHANGE.date())
    late, soon = [one.id for one in new[:6]], [one.id for one in new[6:]]
    agreements = [life(key).agreement_id for key in late]
    hold_bills(agreement_ids=agreements, reason="Later", as_of=CHANGE.date(), now=CHANGE, actor=ACTOR)

    def change(keys: Sequence[UUID]) -> None:
        for key in keys:
            change_lives([LifeChange(key, LifeKind.QUANTITY_CHANGED, quantity=D(20))], now=CHANGE, actor=ACTOR)

    change(late)
    let_go()
    race([lambda: bill(CHANGE.date(), batch=2), lambda: change(soon[:3]), lambda: change(soon[3:])])
    bill(CHANGE.date())
    found = "SELECT count(*), sum(credit_applied), sum(open_amount) FROM invoices WHERE gross_total = 238"
    assert sql.fetch(found) == [(12, 12 * 119, 12 * 119)]
    assert sql.fetch("SELECT count(*), right(max(number), 6) FROM credit_notes") == [(12, "000012")]
