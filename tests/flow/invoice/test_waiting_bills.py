"""Bills that wait, on real orders: the anomaly gate, drafts in their grace window, and runs approved and taken back."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from cashline.flow.invoice.billing import queries
from cashline.flow.invoice.billing.actions import (
    advance_bill_run,
    approve_bill_run,
    hold_bills,
    refuse_bill,
    release_bill,
    reverse_bill_run,
    run_bills,
    set_billing_policy,
)
from cashline.flow.invoice.billing.actions.runs import SamePerson
from cashline.flow.invoice.billing.jobs import advance_runs, bill_due
from cashline.flow.invoice.billing.queries.waiting import WaitingRow, list_waiting, waiting_bill
from cashline.flow.invoice.billing.rules.waiting import BillChanged, BillingPolicy
from cashline.flow.invoice.credit_notes.queries import credit_notes_of
from cashline.flow.invoice.invoices.queries import invoice, invoices_by_id
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue
from cashline.platform import sql
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.agree import make_customer
from tests.support.book import Shop, book, line, ship
from tests.support.invoice import at, bill, billed, end_subscriptions, make_billing_shop, ship_and_bill
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")
D = Decimal
GATE = BillingPolicy(gated=True)
OTHER = "user:second@example.com"


def policy(shop: Shop, found: BillingPolicy) -> None:
    set_billing_policy(entity_id=shop.world.berlin, policy=found, now=NOW, actor=ACTOR)


def waiting(*statuses: str) -> list[WaitingRow]:
    return list(list_waiting(Ask(), statuses=statuses or ("waiting", "refused")).items)


def a_subscription_behind(shop: Shop) -> UUID:
    """Ten seats billed for three months, and then not for another three: the next bill is three times the usual."""
    order_id = book(shop, line("PLAT-PRO", 10, interval_months=1, term_months=24))
    for day in (TODAY, date(2026, 2, 15), date(2026, 3, 15)):
        assert bill(day).invoices == 1
    return order_id


JUNE = date(2026, 6, 15)


def test_a_bill_out_of_line_waits_with_its_reason_and_the_others_go() -> None:
    shop = make_billing_shop()
    policy(shop, GATE)
    a_subscription_behind(shop)
    ship(book(shop, line("SENSOR-1", 2)))
    preview = bill(JUNE, preview=True)
    run = bill(JUNE)
    assert run.hash == preview.hash
    assert (run.invoices, len(run.exceptions)) == (1, 1)
    assert run.exceptions == preview.exceptions
    assert billed(run)[0].net_total == 178
    assert run.exceptions[0].code == "held_above_usual"
    (held,) = waiting()
    assert held.words == (
        "€1,470.00 is more than usual: the last 3 comparable bills came to €490.00 in the middle, and up to "
        "€612.50 would pass."
    )
    assert (held.net, held.gross, held.bill_run_id, len(held.lines)) == (D(1470), D("1749.30"), run.run_id, 3)
    assert queries.bill_run(held.bill_run_id).manifest.held == 1  # type: ignore[arg-type]
    assert [event.type for event in timeline([held.id])] == ["BillHeld"]
    assert bill(JUNE).invoices == 0
    assert len(waiting()) == 1


def test_a_person_releases_what_waits_and_it_is_issued_once() -> None:
    shop = make_billing_shop()
    policy(shop, GATE)
    a_subscription_behind(shop)
    bill(JUNE)
    (held,) = waiting()
    (document,) = release_bill(waiting_id=held.id, reason="Three months at once", now=at(JUNE), actor=ACTOR)
    assert document.document_id is not None
    assert invoice(document.document_id).net_total == 1470
    found = waiting_bill(held.id)
    assert (found.status, found.invoice_id, found.decided_by) == ("billed", document.document_id, ACTOR)
    assert [event.type for event in timeline([held.id])] == ["BillHeld", "BillReleased", "WaitingBillIssued"]
    with pytest.raises(IllegalTransition):
        release_bill(waiting_id=held.id, reason="Again", now=at(JUNE), actor=ACTOR)
    assert bill(JUNE).invoices == 0
    assert bill(date(2026, 7, 15)).invoices == 1


def test_another_amount_than_the_one_that_was_seen_is_not_issued() -> None:
    shop = make_billing_shop()
    policy(shop, GATE)
    order_id = a_subscription_behind(shop)
    bill(JUNE)
    (held,) = waiting()
    end_subscriptions(order_id, date(2026, 6, 1), at(date(2026, 5, 30)))
    with pytest.raises(BillChanged, match=r"it was €1,470\.00"):
        release_bill(waiting_id=held.id, reason="Fine", now=at(JUNE), actor=ACTOR)
    run = bill(JUNE)
    (again,) = waiting()
    assert (again.id, run.invoices) == (held.id, 0)
    assert again.net < held.net


def test_a_refused_bill_is_billed_when_what_is_due_is_in_line_again() -> None:
    shop = make_billing_shop()
    policy(shop, GATE)
    order_id = a_subscription_behind(shop)
    bill(JUNE)
    (held,) = waiting()
    with pytest.raises(InvalidValue):
        refuse_bill(waiting_id=held.id, reason=" ", now=at(JUNE), actor=ACTOR)
    refuse_bill(waiting_id=held.id, reason="They left in spring", now=at(JUNE), actor=ACTOR)
    assert bill(JUNE).invoices == 0
    assert waiting()[0].status == "refused"
    end_subscriptions(order_id, date(2026, 5, 15), at(date(2026, 5, 14)))
    (row,) = billed(bill(JUNE))
    assert row.net_total == 490
    assert waiting_bill(held.id).invoice_id == row.id


def test_two_bills_of_an_agreement_never_wait_at_once() -> None:
    shop = make_billing_shop()
    policy(shop, GATE)
    a_subscription_behind(shop)
    bill(JUNE)
    names = "agreement_id, customer_id, entity_id, cause, status, words, as_of, currency, net, tax, gross, credited, "
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            f"INSERT INTO waiting_bills (id, {names} lines, created_at, changed_at) "
            f"SELECT uuidv7(), {names} lines, created_at, changed_at FROM waiting_bills"
        )


def test_a_first_bill_above_the_limit_waits() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(gated=True, first_limit=D(200)))
    ship(book(shop, line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 3)))
    run = bill()
    assert [row.net_total for row in billed(run)] == [178]
    assert [row.cause for row in waiting()] == ["large_first"]


def test_a_draft_is_refreshed_by_later_facts_and_issued_when_its_window_ends() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(grace_days=3))
    order_id = book(shop, line("SENSOR-1", 2), line("PLAT-PRO", 1, interval_months=1, term_months=12))
    first = bill()
    assert (first.invoices, first.exceptions) == (0, ())
    (draft,) = waiting()
    assert (draft.cause, draft.net, draft.until) == ("grace", D(49), date(2026, 1, 18))
    ship(order_id)
    assert bill(date(2026, 1, 17)).invoices == 0
    (draft,) = waiting()
    assert (draft.net, draft.until, len(draft.lines)) == (D(227), date(2026, 1, 18), 2)
    assert sql.fetch("SELECT count(*) FROM invoices") == [(0,)]
    bill_due(today=date(2026, 1, 18), now=at(date(2026, 1, 18)), actor="system:schedule")
    (row,) = invoices_by_id(sql.ids(sql.fetch("SELECT id FROM invoices"))).values()
    assert (row.net_total, row.issued_on, row.number) == (D(227), date(2026, 1, 18), "INV-DE01-2026-000001")
    assert waiting_bill(draft.id).invoice_id == row.id
    assert bill(date(2026, 1, 18)).invoices == 0


def test_a_draft_is_issued_by_hand_before_and_lapses_where_nothing_is_due_any_more() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(grace_days=3))
    order_id = book(shop, line("PLAT-PRO", 1, interval_months=1, term_months=12))
    ship(book(shop, line("SENSOR-1", 1)))
    bill()
    draft = next(one for one in waiting() if one.net == 89)
    (document,) = release_bill(waiting_id=draft.id, reason="", now=NOW, actor=ACTOR)
    assert document.net == 89
    end_subscriptions(order_id, TODAY)
    assert bill(TODAY + timedelta(days=1)).invoices == 0
    assert waiting() == []
    assert len(waiting("lapsed")) == 1


def test_an_agreement_that_a_person_holds_is_billed_when_it_is_released() -> None:
    shop = make_billing_shop()
    ship(book(shop, line("SENSOR-1", 1)))
    (agreement_id,) = sql.ids(sql.fetch("SELECT agreement_id FROM billing_schedules"))
    hold_bills(agreement_ids=[agreement_id], reason="Wrong address", as_of=TODAY, now=NOW, actor=ACTOR)
    run = bill()
    assert (run.invoices, run.exceptions[0].code, run.exceptions[0].message) == (0, "held_by_hand", "Wrong address")
    (held,) = waiting()
    assert len(release_bill(waiting_id=held.id, reason="Mended", now=NOW, actor=ACTOR)) == 1
    assert bill().invoices == 0


def test_a_run_that_is_approved_posts_nothing_before_and_what_was_previewed_after() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(approval=True))
    ship(book(shop, line("SENSOR-1", 1)))
    run_id = bill().run_id
    assert run_id is not None
    row = queries.bill_run(run_id)
    assert (row.status, row.manifest.invoices) == ("previewed", 1)
    assert sql.fetch("SELECT count(*) FROM invoices") == [(0,)]
    with pytest.raises(SamePerson):
        approve_bill_run(run_id, now=NOW, actor=ACTOR)
    approve_bill_run(run_id, now=NOW, actor=OTHER)
    while advance_bill_run(run_id, now=NOW, actor=ACTOR) is not None:
        pass
    row = queries.bill_run(run_id)
    assert row.proposal is not None
    assert (row.status, row.approved_by, row.manifest.invoices) == ("completed", OTHER, 1)
    assert row.manifest.hash == row.proposal.hash
    types = [event.type for event in timeline([run_id])]
    assert types == ["BillRunStarted", "BillRunProposed", "BillRunApproved", "BillRunCompleted"]


def test_a_newer_preview_takes_the_place_of_one_that_nobody_approved() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(approval=True))
    ship(book(shop, line("SENSOR-1", 1)))
    first, second = bill().run_id, bill(date(2026, 1, 16)).run_id
    assert first is not None
    assert second is not None
    assert (queries.bill_run(first).status, queries.bill_run(second).status) == ("discarded", "previewed")


def test_the_daily_job_lets_only_the_entity_wait_that_has_its_runs_approved() -> None:
    shop = make_billing_shop()
    policy(shop, BillingPolicy(approval=True))
    american = make_customer("USD")
    running = line("PLAT-PRO", 1, interval_months=1)
    book(shop, running, customer_id=american, entity_id=shop.world.boston, currency="USD")
    ship(book(shop, line("SENSOR-1", 1)))
    bill_due(today=TODAY, now=NOW, actor="system:schedule")
    entities = sql.ids(sql.fetch("SELECT entity_id FROM invoices"))
    assert entities == [shop.world.boston]
    statuses = sql.fetch("SELECT entity_id, status FROM bill_runs")
    assert set(statuses) == {(shop.world.boston, "completed"), (shop.world.berlin, "previewed")}


def test_a_run_taken_back_is_credited_in_full_once_and_billed_again_when_released() -> None:
    shop = make_billing_shop()
    first = ship_and_bill(shop, line("SENSOR-1", 1))
    ship(book(shop, line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 3)))
    run = bill()
    assert run.run_id is not None
    with pytest.raises(InvalidValue):
        reverse_bill_run(run_id=run.run_id, reason="", now=NOW, actor=ACTOR)
    reverse_bill_run(run_id=run.run_id, reason="Wrong rate", now=NOW, actor=ACTOR)
    assert advance_runs(now=NOW, actor=ACTOR) == 1
    notes = credit_notes_of(run.invoice_ids)
    assert [[note.gross_total for note in notes[row.id]] for row in billed(run)] == [
        [row.gross_total] for row in billed(run)
    ]
    assert {row.status for row in billed(run)} == {"void"}
    assert invoice(first.id).status == "issued"
    row = queries.bill_run(run.run_id)
    assert row.reversal is not None
    assert (row.status, row.reversal.credit_notes) == ("reversed", 2)
    with pytest.raises(IllegalTransition):
        reverse_bill_run(run_id=run.run_id, reason="Again", now=NOW, actor=ACTOR)
    assert advance_runs(now=NOW, actor=ACTOR) == 0
    later = run_bills(as_of=TODAY, now=NOW, actor=ACTOR)
    assert (later.invoices, {item.code for item in later.exceptions}) == (0, {"held_run_reversed"})
    for held in waiting():
        release_bill(waiting_id=held.id, reason="The rate is right now", now=NOW, actor=ACTOR)
    assert sql.fetch("SELECT count(*) FROM invoices WHERE status = 'issued'") == [(3,)]
