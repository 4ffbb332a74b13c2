"""Quotes: priced as previewed, approved by a second person, frozen when sent, accepted once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction
from pypdf import PdfReader

from cashline.flow.agree.catalog.actions import set_prices
from cashline.flow.agree.catalog.rules import NewPrice
from cashline.flow.agree.customers.actions import block_customers
from cashline.flow.agree.quotes import actions, queries
from cashline.flow.agree.quotes.rules import Acceptance, NewQuote, NewQuoteLine, QuoteContent, judge_discount
from cashline.kernel.derivations import Derivation
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Forbidden, Refusal, Refusals
from cashline.platform import sql
from cashline.platform.approvals.queries import approvals_of
from cashline.platform.documents.queries import files_of, latest_file
from cashline.platform.events.queries import timeline
from cashline.platform.lists import Ask
from cashline.platform.permissions.rules import Authority, Grant
from tests.support.agree import Catalog, german, make_catalog, make_customer, make_customers
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, TODAY, World, make_world

SELLER = Authority("user:sally@example.com", "Sally", (Grant("seller"),))
DESK = Authority("user:dean@example.com", "Dean", (Grant("deal_desk"),))
OWNER = Authority("user:olga@example.com", "Olga", (Grant("owner"),))
BUYER = Acceptance("Bea Buyer", "bea@nordlicht.example")
LINES = (
    NewQuoteLine("SENSOR-1", Decimal(12)),
    NewQuoteLine("PLAT-PRO", Decimal(12), 1, 24, Decimal(5)),
    NewQuoteLine("SETUP-1", Decimal(2)),
)


def content(**changes: Any) -> QuoteContent:
    given: dict[str, Any] = {
        "title": "Machine monitoring, hall 4",
        "valid_until": TODAY + timedelta(days=30),
        "starts_on": date(2026, 2, 1),
        "lines": LINES,
    }
    return QuoteContent(**(given | changes))


class Desk:
    """A world with a customer and a catalogue, in which quotes are made and moved."""

    def __init__(self) -> None:
        self.world: World = make_world()
        self.catalog: Catalog = make_catalog()
        self.customer: UUID = make_customer()

    def create(self, **changes: Any) -> UUID:
        new = NewQuote(self.customer, self.world.berlin, content(**changes))
        return actions.create_quote(new, today=TODAY, now=NOW, actor=SELLER.actor)

    def sent(self, **changes: Any) -> UUID:
        key = self.create(**changes)
        actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
        return key

    def accept(self, key: UUID, today: date = TODAY) -> None:
        actions.accept_quotes([key], accepted_by=BUYER, today=today, now=NOW, actor="portal:bea")


@pytest.fixture
def desk(db: object) -> Desk:
    return Desk()


def types(key: UUID) -> list[str]:
    return [event.type for event in timeline([key])]


def test_a_quote_is_priced_numbered_and_its_parts_sum(desk: Desk) -> None:
    key = desk.create(discount_percent=Decimal("2.5"))
    row = queries.quote(key)
    lines = queries.version_lines([row.version_id])
    assert (row.number, row.status, row.version, row.currency) == ("QUO-DE01-2026-000001", "draft", 1, "EUR")
    assert [line.net_total for line in lines] == [Decimal("1041.30"), Decimal("13071.36"), Decimal("2340.00")]
    assert row.net_total == sum(line.net_total for line in lines) == row.one_off_total + row.recurring_total
    assert row.list_total == Decimal(1068) + Decimal(14112) + Decimal(2400)
    for line in lines:
        derivation = Derivation.from_json(line.derivation)
        assert derivation.breaks() == []
        assert derivation.result == line.net_total
    assert types(key) == ["QuoteCreated"]


def test_the_preview_is_what_is_stored(desk: Desk) -> None:
    asked = content(discount_percent=Decimal(7))
    ((offer, errors),) = queries.price_offers([(asked, "EUR")], TODAY)
    row = queries.quote(desk.create(discount_percent=Decimal(7)))
    assert errors == []
    assert (offer.net_total, offer.list_total, offer.one_off_total) == (
        row.net_total,
        row.list_total,
        row.one_off_total,
    )
    stored = queries.version_lines([row.version_id])
    assert [line.derivation.as_json() for line in offer.lines] == [line.derivation for line in stored]
    assert offer.interval_amounts == {0: Decimal("3225.24"), 1: Decimal("519.50")}


def test_every_error_of_an_offer_comes_with_its_line(desk: Desk) -> None:
    wrong = (
        NewQuoteLine("NOPE", Decimal(1)),
        NewQuoteLine("SENSOR-1", Decimal(-1), discount_percent=Decimal(101)),
        NewQuoteLine("PLAT-PRO", Decimal(1), 3),
        NewQuoteLine("PLAT-PRO", Decimal(1), 12, 18),
        NewQuoteLine("SETUP-1", Decimal(1), term_months=12),
    )
    with pytest.raises(Refusals) as refused:
        desk.create(title="", lines=wrong, discount_percent=Decimal(-1), contact_email="nowhere")
    assert [refusal.field for refusal in refused.value] == [
        "title",
        "discount_percent",
        "contact_email",
        "lines.0.sku",
        "lines.1.quantity",
        "lines.1.discount_percent",
        "lines.2.interval_months",
        "lines.3.term_months",
        "lines.4.term_months",
    ]
    assert sql.fetch("SELECT count(*) FROM quotes") == [(0,)]


def test_a_draft_is_changed_and_priced_anew(desk: Desk) -> None:
    key = desk.create()
    set_prices([NewPrice(desk.catalog.euro, desk.catalog.sensor, 0, TODAY, Decimal(100))], now=NOW, actor=ACTOR)
    assert queries.version_lines([queries.quote(key).version_id])[0].list_price == 89
    actions.change_quote(key, content=content(lines=LINES[:1], title="Less"), today=TODAY, now=NOW, actor=ACTOR)
    row = queries.quote(key)
    assert (row.title, row.net_total, row.version) == ("Less", Decimal(1200), 1)
    assert len(queries.version_lines([row.version_id])) == 1


def test_a_sent_version_is_frozen_even_against_raw_sql(desk: Desk) -> None:
    key = desk.sent()
    row = queries.quote(key)
    with pytest.raises(IllegalTransition, match="Cannot change"):
        actions.change_quote(key, content=content(), today=TODAY, now=NOW, actor=ACTOR)
    other = queries.quote(desk.create()).version_id
    for statement, params in (
        ("UPDATE quote_versions SET net_total = 1 WHERE id = %s", (row.version_id,)),
        ("DELETE FROM quote_versions WHERE id = %s", (row.version_id,)),
        ("UPDATE quote_lines SET unit_price = 1 WHERE version_id = %s", (row.version_id,)),
        ("DELETE FROM quote_lines WHERE version_id = %s", (row.version_id,)),
        ("UPDATE quote_lines SET version_id = %s WHERE version_id = %s AND line_no = 1", (row.version_id, other)),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            sql.execute(statement, params)
        assert isinstance(refused.value.__cause__, psycopg.errors.RestrictViolation)
    assert queries.quote(key) == row


def test_sending_stores_the_pdf_and_one_mail(desk: Desk) -> None:
    key = desk.sent(contact_name="Bea Buyer", contact_email="bea@nordlicht.example")
    row = queries.quote(key)
    stored = latest_file(row.version_id, "quote")
    assert stored is not None
    assert stored.file.customer_id == desk.customer
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(stored.content)).pages)
    for words in (row.number, "Nordlicht Werke GmbH", "Bea Buyer", "16.874,40", "Vibration sensor"):
        assert words in text
    assert sql.fetch("SELECT kind, key, payload->>'version' FROM outbox") == [
        ("quote_mail", f"quote_mail:{row.version_id}", "1")
    ]
    assert types(key) == ["QuoteCreated", "QuoteApproved", "QuoteSent"]
    assert timeline([key])[-1].data["to"] == "bea@nordlicht.example"


def test_what_cannot_be_sent_says_why(desk: Desk) -> None:
    (nobody,) = make_customers([german("Stille GmbH", email="", tax_id="")])
    desk.customer = nobody
    key = desk.create(valid_until=TODAY - timedelta(days=1))
    with pytest.raises(Refusals) as refused:
        actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    assert {refusal.field for refusal in refused.value} == {"contact_email", "valid_until"}


def test_a_discount_beyond_authority_needs_another_person(desk: Desk) -> None:
    key = desk.create(discount_percent=Decimal(20), discount_reason="strategic")
    with pytest.raises(Refusal, match="lower the document discount to") as refused:
        raise_fix(lambda: actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW))
    assert refused.value.code == "approval_needed"
    actions.request_approval([key], authority=SELLER, now=NOW)
    assert queries.quote(key).status == "in_approval"
    with pytest.raises(IllegalTransition):
        actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    with pytest.raises(Forbidden):
        actions.approve_quotes([key], authority=SELLER, now=NOW)
    actions.approve_quotes([key], authority=DESK, comment="fine", now=NOW)
    actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    (approval,) = approvals_of([key])
    assert (approval.requested_by, approval.decided_by, approval.status) == (SELLER.actor, DESK.actor, "approved")
    assert types(key) == [
        "QuoteCreated",
        "ApprovalRequested",
        "QuoteApprovalRequested",
        "ApprovalGranted",
        "QuoteApproved",
        "QuoteSent",
    ]


def raise_fix(call: Callable[[], None]) -> None:
    """Let the refusal's fix be part of its message."""
    try:
        call()
    except Refusal as refusal:
        refusal.args = (f"{refusal.message} {refusal.fix}",)
        raise


def test_nobody_approves_their_own_request_nor_beyond_their_authority(desk: Desk) -> None:
    key = desk.create(discount_percent=Decimal(40))
    actions.request_approval([key], authority=DESK, now=NOW)
    with pytest.raises(Forbidden) as refused:
        actions.approve_quotes([key], authority=replace(OWNER, actor=DESK.actor), now=NOW)
    assert refused.value.code == "self_approval"
    other = replace(DESK, actor="user:dora@example.com")
    with pytest.raises(Forbidden, match="up to 30 %"):
        actions.approve_quotes([key], authority=other, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute("UPDATE approvals SET status = 'approved', decided_by = requested_by WHERE subject_id = %s", (key,))
    actions.reject_quotes([key], authority=OWNER, comment="too much", now=NOW)
    assert queries.quote(key).status == "draft"
    actions.request_approval([key], authority=DESK, now=NOW)
    actions.withdraw_approval([key], now=NOW, actor=DESK.actor)
    assert [row.status for row in approvals_of([key])] == ["rejected", "withdrawn"]


def test_the_discount_that_would_pass_does_pass() -> None:
    for document in ("15", "33.3", "99"):
        list_total, after_lines = Decimal("17580"), Decimal("16875")
        net = after_lines * (100 - Decimal(document)) / 100
        verdict = judge_discount(list_total, net, Decimal(document), Decimal(10))
        assert verdict.needs_approval
        assert verdict.passing_document_discount is not None
        passing = after_lines * (100 - verdict.passing_document_discount) / 100
        assert not judge_discount(list_total, passing, verdict.passing_document_discount, Decimal(10)).needs_approval
        more = after_lines * (100 - verdict.passing_document_discount - Decimal("0.02")) / 100
        assert judge_discount(list_total, more, Decimal(0), Decimal(10)).needs_approval
    assert judge_discount(Decimal(100), Decimal(50), Decimal(0), Decimal(10)).passing_document_discount is None


def test_a_key_without_the_scope_to_approve_may_give_nothing_away(desk: Desk) -> None:
    key = desk.create(discount_percent=Decimal(1), lines=LINES[:1])
    program = Authority("key:ck_1", "shop", (Grant("owner"),), scopes=frozenset({"quotes.write", "quotes.send"}))
    with pytest.raises(Refusal, match="you may give 0 %"):
        actions.send_quotes([key], authority=program, today=TODAY, now=NOW)


def test_revising_makes_the_next_version_and_leaves_the_sent_one(desk: Desk) -> None:
    key = desk.sent()
    first = queries.quote(key)
    actions.revise_quote(key, now=NOW, actor=SELLER.actor)
    second = queries.quote(key)
    assert (second.version, second.status, second.net_total) == (2, "draft", first.net_total)
    actions.change_quote(key, content=content(lines=LINES[:2]), today=TODAY, now=NOW, actor=SELLER.actor)
    actions.send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    versions = queries.versions_of(key)
    assert [(version.version, version.frozen_at is not None) for version in versions] == [(1, True), (2, True)]
    assert len(queries.version_lines([versions[0].id])) == 3
    assert len(queries.version_lines([versions[1].id])) == 2
    assert {file.subject_id for file in files_of([version.id for version in versions])} == {v.id for v in versions}
    assert sql.fetch("SELECT count(*) FROM outbox WHERE kind = 'quote_mail'") == [(2,)]


def test_an_approved_quote_that_was_never_sent_is_revised_in_place(desk: Desk) -> None:
    key = desk.create()
    actions.request_approval([key], authority=SELLER, now=NOW)
    actions.revise_quote(key, now=NOW, actor=SELLER.actor)
    assert (queries.quote(key).version, queries.quote(key).status) == (1, "draft")


def test_acceptance_is_refused_after_the_last_day_and_to_a_blocked_customer(desk: Desk) -> None:
    key = desk.sent()
    last = queries.quote(key).valid_until
    with pytest.raises(Refusal) as refused:
        desk.accept(key, last + timedelta(days=1))
    assert refused.value.code == "quote_expired"
    block_customers([desk.customer], reason="fraud", now=NOW, actor=ACTOR)
    with pytest.raises(Refusal) as refused:
        desk.accept(key)
    assert refused.value.code == "customer_not_active"
    with pytest.raises(Refusal, match="who accepts"):
        actions.accept_quotes([key], accepted_by=Acceptance("", ""), today=TODAY, now=NOW, actor="x")


def test_expiry_takes_the_sent_ones_past_their_day_and_runs_twice(desk: Desk) -> None:
    old, fresh, draft = desk.sent(valid_until=TODAY), desk.sent(), desk.create(valid_until=TODAY)
    tomorrow = TODAY + timedelta(days=1)
    assert actions.expire_due(today=TODAY, now=NOW, actor=ACTOR) == 0
    assert actions.expire_due(today=tomorrow, now=NOW, actor=ACTOR) == 1
    assert actions.expire_due(today=tomorrow, now=NOW, actor=ACTOR) == 0
    assert [queries.quote(key).status for key in (old, fresh, draft)] == ["expired", "sent", "draft"]


def test_declined_and_cancelled_quotes_end(desk: Desk) -> None:
    key = desk.sent()
    actions.decline_quotes([key], reason="too dear", now=NOW, actor="portal:bea")
    with pytest.raises(IllegalTransition):
        desk.accept(key)
    actions.revise_quote(key, now=NOW, actor=SELLER.actor)
    actions.cancel_quotes([key], reason="no budget", now=NOW, actor=SELLER.actor)
    assert timeline([key])[-1].reason == "no budget"
    waiting = desk.create(discount_percent=Decimal(50))
    actions.request_approval([waiting], authority=SELLER, now=NOW)
    actions.cancel_quotes([waiting], reason="lost", now=NOW, actor=SELLER.actor)
    assert [row.status for row in approvals_of([waiting])] == ["withdrawn"]


def test_lists_filter_and_page(desk: Desk) -> None:
    first, second = desk.create(title="Alpha"), desk.sent(title="Beta")
    assert [row.id for row in queries.list_quotes(Ask(), statuses=["sent"]).items] == [second]
    assert [row.id for row in queries.list_quotes(Ask("title")).items] == [first, second]
    assert queries.list_quotes(Ask(), entity_ids=[]).items == []
    assert queries.list_quotes(Ask(), words="alpha nordlicht").items[0].id == first
    assert queries.list_quotes(Ask(), customer_id=uuid4()).items == []


def test_five_hundred_lines_are_repriced_within_two_seconds(desk: Desk) -> None:
    import time

    many = tuple(NewQuoteLine("SENSOR-1", Decimal(index)) for index in range(1, 501))
    key = desk.create(lines=many)
    began = time.monotonic()
    actions.change_quote(key, content=content(lines=many, discount_percent=Decimal(3)), today=TODAY, now=NOW, actor="t")
    assert time.monotonic() - began < 2


def test_of_two_who_accept_at_once_one_is_refused(committed_db: Database) -> None:
    desk = Desk()
    key = desk.sent()
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def accept() -> None:
        try:
            gate.wait()
            desk.accept(key)
            outcomes.append("accepted")
        except IllegalTransition as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted", "illegal_transition"]
    assert types(key).count("QuoteAccepted") == 1
