"""Disputes: never over more than is open, kept out of reminders, and ended with a credit, a no, or withdrawn."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from cashline.flow.invoice.credit_notes.queries import credit_note
from cashline.flow.invoice.invoices.queries import lines_of
from cashline.flow.receive.disputes import queries
from cashline.flow.receive.disputes.actions import (
    NewDispute,
    open_disputes,
    reject_dispute,
    reopen_dispute,
    resolve_with_credit,
    review_dispute,
    withdraw_dispute,
)
from cashline.flow.receive.disputes.queries import DisputeFilter
from cashline.flow.receive.disputes.rules import DisputeTooLarge
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import InvalidValue, NotFound, Refusals
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from tests.support.book import Shop
from tests.support.cluster import Database
from tests.support.racing import race
from tests.support.receive import assert_laws_hold, invoice_of, make_receiving_shop, open_of, pay
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(db: Database) -> Iterator[Shop]:
    """A shop; whatever a test does in it, the laws hold at its end."""
    yield make_receiving_shop()
    assert_laws_hold()


def contest(invoice_id: UUID, amount: str, reason: str = "price") -> UUID:
    return open_disputes([NewDispute(invoice_id, Decimal(amount), reason, "Look")], today=TODAY, now=NOW, actor=ACTOR)[
        0
    ]


def test_a_dispute_is_opened_looked_into_and_credited(shop: Shop) -> None:
    row = invoice_of(shop)
    key = contest(row.id, "59.50")
    found = queries.dispute(key)
    assert (found.number, found.status, found.invoice_number) == ("DIS-DE01-2026-000001", "opened", row.number)
    assert queries.disputed_amounts([row.id]) == {row.id: Decimal("59.50")}
    review_dispute(key, now=NOW, actor=ACTOR)
    note = credit_note(resolve_with_credit(key, resolution="Half was damaged", today=TODAY, now=NOW, actor=ACTOR))
    after = queries.dispute(key)
    assert (after.status, after.credit_note_id, after.resolved_on) == ("resolved_credit", note.id, TODAY)
    assert (note.gross_total, note.net_total, open_of(row)) == (Decimal("59.50"), Decimal(50), Decimal("59.50"))
    assert queries.disputed_amounts([row.id]) == {}
    assert [event.type for event in timeline([key])] == ["DisputeOpened", "DisputeReviewed", "DisputeCredited"]


def test_a_credit_may_be_less_than_was_disputed_and_never_more(shop: Shop) -> None:
    row = invoice_of(shop)
    key = contest(row.id, "50")
    (line,) = lines_of([row.id])[row.id]
    for too_much in ({"amount": Decimal("50.01")}, {"lines": [(line.id, Decimal("42.03"))]}):
        with pytest.raises(DisputeTooLarge):
            resolve_with_credit(key, resolution="Yes", **too_much, today=TODAY, now=NOW, actor=ACTOR)
    resolve_with_credit(key, resolution="In part", amount=Decimal("11.90"), today=TODAY, now=NOW, actor=ACTOR)
    assert open_of(row) == Decimal("107.10")


def test_the_disputed_parts_never_pass_what_is_open(shop: Shop) -> None:
    row = invoice_of(shop)
    pay(row, "19")
    contest(row.id, "60")
    with pytest.raises(DisputeTooLarge):
        contest(row.id, "40.01")
    contest(row.id, "40", "damaged")
    wrong = [
        NewDispute(row.id, Decimal(1), "price"),
        NewDispute(row.id, Decimal(1), "taste"),
        NewDispute(uuid4(), Decimal(1), "price"),
    ]
    with pytest.raises(Refusals) as refused:
        open_disputes(wrong, today=TODAY, now=NOW, actor=ACTOR)
    assert [type(one) for one in refused.value] == [DisputeTooLarge, InvalidValue, NotFound]


def test_a_no_can_be_taken_up_again_and_a_withdrawal_not(shop: Shop) -> None:
    row = invoice_of(shop)
    key, other = contest(row.id, "60"), contest(row.id, "59")
    with pytest.raises(InvalidValue):
        reject_dispute(key, resolution=" ", today=TODAY, now=NOW, actor=ACTOR)
    reject_dispute(key, resolution="As agreed", today=TODAY, now=NOW, actor=ACTOR)
    reopen_dispute(key, reason="A photograph came", now=NOW, actor=ACTOR)
    assert (queries.dispute(key).status, queries.dispute(key).resolved_on) == ("under_review", None)
    withdraw_dispute(other, today=TODAY, now=NOW, actor=ACTOR)
    with pytest.raises(IllegalTransition):
        reopen_dispute(other, reason="Again", now=NOW, actor=ACTOR)
    reject_dispute(key, resolution="The photograph is of another", today=TODAY, now=NOW, actor=ACTOR)
    pay(row, "119")
    with pytest.raises(DisputeTooLarge):
        reopen_dispute(key, reason="Once more", now=NOW, actor=ACTOR)


def test_lists_filter_by_state_reason_and_words(shop: Shop) -> None:
    row = invoice_of(shop)
    key = contest(row.id, "10")
    contest(row.id, "20", "damaged")
    withdraw_dispute(key, today=TODAY, now=NOW, actor=ACTOR)

    def amounts(**chosen: object) -> list[Decimal | int]:
        return [one.amount for one in queries.list_disputes(Ask("amount"), DisputeFilter(**chosen)).items]  # type: ignore[arg-type]

    assert amounts() == [10, 20]
    assert amounts(statuses=["withdrawn"]) == amounts(reasons=["price"]) == [10]
    assert (amounts(words=row.number), amounts(words="nobody")) == ([10, 20], [])


def test_two_people_cannot_dispute_the_same_money(committed_db: Database) -> None:
    row = invoice_of(make_receiving_shop())
    refused: list[DisputeTooLarge] = []

    def try_it() -> None:
        try:
            contest(row.id, "100")
        except DisputeTooLarge as refusal:
            refused.append(refusal)

    race([try_it] * 4)
    assert (len(refused), queries.disputed_amounts([row.id])) == (3, {row.id: Decimal(100)})
