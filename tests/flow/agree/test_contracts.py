"""Contracts: born of accepted quotes without re-keying, signed by personal tokens, sealed so that tampering shows."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction
from pypdf import PdfReader, PdfWriter

from cashline.flow.agree.contracts import actions, queries
from cashline.flow.agree.contracts.queries.signatures import (
    check_contract_seal,
    signatures_of,
    signing_token,
)
from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Signer, Visit
from cashline.flow.agree.quotes.queries import quote, version_lines
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Conflict, NotFound, Refusal, Refusals
from cashline.platform import sql
from cashline.platform.documents.queries import files_of, latest_file
from cashline.platform.events.queries import timeline
from cashline.platform.outbox.rules import Overtaken
from tests.flow.agree.test_quotes import SELLER, Desk
from tests.support.cluster import Database
from tests.support.mail import mail_server
from tests.support.world import NOW, TODAY

BEA, CARL = Signer("Bea Buyer", "bea@nordlicht.example", "CFO"), Signer("Carl Chief", "carl@nordlicht.example")
VISIT = Visit("203.0.113.7", "Mozilla/5.0 (X11; Linux)")
GIVEN = SignatureGiven("Bea Buyer", "I have read the contract and sign it.", VISIT)
BY_CARL = replace(GIVEN, typed_name="carl  CHIEF")
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def desk(db: object) -> Desk:
    return Desk()


def agreed(desk: Desk, **changes: Any) -> UUID:
    """The agreement of a quote that was accepted."""
    key = desk.sent(**changes)
    desk.accept(key)
    return queries.agreements_of_quotes([key])[key].id


def signed(desk: Desk, *signers: Signer) -> UUID:
    """An agreement that all have signed."""
    key = agreed(desk, discount_percent=Decimal(3), terms="Spare parts for ten years.")
    asked = signers or (BEA,)
    tokens = actions.send_for_signature(key, signers=asked, now=NOW, actor=SELLER.actor)
    for token, one in zip(tokens, asked, strict=True):
        actions.view_signature(token, visit=VISIT, now=NOW)
        actions.sign_agreement(token, given=replace(GIVEN, typed_name=one.name), now=LATER)
    return key


def types(key: UUID) -> list[str]:
    return [event.type for event in timeline([key])]


def test_acceptance_drafts_the_agreement_line_by_line(desk: Desk) -> None:
    key = agreed(desk, discount_percent=Decimal(3))
    row = queries.agreement(key)
    assert row.quote_id is not None
    offered = quote(row.quote_id)
    assert (row.status, row.origin, row.net_total) == ("draft", "contract", offered.net_total)
    assert (row.title, row.starts_on, row.payment_terms_days) == (offered.title, offered.starts_on, 30)
    lines = version_lines([offered.version_id])
    terms = queries.term_lines(agreement_ids=[key])
    assert [
        (t.description, t.quantity, t.unit_price, t.net_total, t.interval_months, t.term_months) for t in terms
    ] == [(q.description, q.quantity, q.unit_price, q.net_total, q.interval_months, q.term_months) for q in lines]
    assert [(t.billing_trigger, t.revenue_pattern) for t in terms] == [
        ("on_shipment", "point"),
        ("in_advance", "ratable_daily"),
        ("on_acceptance", "point"),
    ]
    assert [t.stand_alone_price for t in terms] == [89, 49, 1200]
    assert sum(t.net_total for t in terms) == row.net_total
    with pytest.raises(Conflict, match="already has the agreement"):
        actions.create_from_quote(row.quote_id, now=NOW, actor="t")


def test_a_quote_that_was_not_accepted_makes_no_agreement(desk: Desk) -> None:
    with pytest.raises(Conflict, match="not accepted"):
        actions.create_from_quote(desk.sent(), now=NOW, actor="t")


def test_the_database_refuses_a_second_agreement_of_a_quote(desk: Desk) -> None:
    row = queries.agreement(agreed(desk))
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        sql.execute(
            "INSERT INTO agreements (id, number, origin, customer_id, entity_id, quote_version_id, currency, status, "
            "payment_terms_days, starts_on, net_total, created_at) SELECT gen_random_uuid(), 'X', origin, customer_id, "
            "entity_id, quote_version_id, currency, status, 1, starts_on, 1, created_at FROM agreements WHERE id = %s",
            (row.id,),
        )
    assert isinstance(refused.value.__cause__, psycopg.errors.UniqueViolation)


def test_signing_keeps_the_evidence_and_seals_the_contract(desk: Desk) -> None:
    key = signed(desk, BEA, CARL)
    row = queries.agreement(key)
    assert (row.status, row.signed_on) == ("active", TODAY)
    first, second = signatures_of([key])
    assert (first.signed_at, first.viewed_at) == (LATER, NOW)
    assert first.evidence == {
        "typed_name": "Bea Buyer",
        "consent": GIVEN.consent,
        "ip_address": "203.0.113.7",
        "user_agent": "Mozilla/5.0 (X11; Linux)",
        "channel": "link",
        "signed_at": LATER.isoformat(),
        "document_sha256": first.document_sha256,
    }
    draft, contract = latest_file(key, "contract_draft"), latest_file(key, "contract")
    assert draft is not None
    assert contract is not None
    assert first.document_sha256 == second.document_sha256 == sha256(draft.content).hexdigest()
    report = check_contract_seal(key)
    assert (report.intact, report.problems, report.signer) == (True, (), "Cashline Demo GmbH")
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(contract.content)).pages)
    for words in (row.number, "203.0.113.7", "carl@nordlicht.example", "Spare parts for ten years."):
        assert words in text
    assert first.document_sha256 in text.replace("\n", "").replace(" ", "")
    assert types(key)[:9] == [
        "AgreementCreated",
        "AgreementSentForSignature",
        "SignatureRequested",
        "SignatureRequested",
        "SignatureViewed",
        "SignatureViewed",
        "SignatureGiven",
        "SignatureGiven",
        "AgreementSigned",
    ]
    kinds = sql.fetch("SELECT kind, count(*) FROM outbox GROUP BY kind ORDER BY kind")
    assert kinds == [("contract_mail", 2), ("quote_mail", 1), ("signature_mail", 2)]


def test_the_contract_waits_for_every_signer(desk: Desk) -> None:
    key = agreed(desk)
    first, second = actions.send_for_signature(key, signers=(BEA, CARL), now=NOW, actor=SELLER.actor)
    assert actions.sign_agreement(first, given=GIVEN, now=LATER).status == "out_for_signature"
    with pytest.raises(IllegalTransition):
        actions.sign_agreement(first, given=GIVEN, now=LATER)
    assert latest_file(key, "contract") is None
    assert not check_contract_seal(key).intact
    assert actions.sign_agreement(second, given=BY_CARL, now=LATER).status == "active"


def test_tokens_are_kept_as_hashes_and_made_anew(desk: Desk) -> None:
    key = agreed(desk)
    (token,) = actions.send_for_signature(key, signers=(BEA,), now=NOW, actor=SELLER.actor)
    (row,) = signatures_of([key])
    assert signing_token(row.id) == token
    everything = str(sql.fetch("SELECT s::text, o::text FROM signatures s, outbox o"))
    assert token not in everything
    assert token not in str(timeline([key]))
    for wrong in ("", "x" * 43, token[:-1]):
        with pytest.raises(NotFound):
            actions.view_signature(wrong, visit=VISIT, now=NOW)


def test_a_signature_needs_a_name_and_consent(desk: Desk) -> None:
    key = agreed(desk)
    (token,) = actions.send_for_signature(key, signers=(BEA,), now=NOW, actor=SELLER.actor)
    for given, code in (
        (replace(GIVEN, typed_name=" "), "invalid_value"),
        (replace(GIVEN, typed_name="Mickey"), "invalid_value"),
        (replace(GIVEN, consent=""), "consent_missing"),
    ):
        with pytest.raises(Refusal) as refused:
            actions.sign_agreement(token, given=given, now=LATER)
        assert refused.value.code == code
    assert signatures_of([key])[0].status == "requested"


def test_every_error_of_the_signers_comes_at_once(desk: Desk) -> None:
    key = agreed(desk)
    with pytest.raises(Refusals) as refused:
        actions.send_for_signature(key, signers=(Signer("", "x"), BEA, BEA), now=NOW, actor=SELLER.actor)
    assert [refusal.field for refusal in refused.value] == ["signers.0.name", "signers.0.email", "signers.2.email"]
    with pytest.raises(Refusal):
        actions.send_for_signature(key, signers=(), now=NOW, actor=SELLER.actor)


def test_declining_ends_it_until_it_is_recalled_and_sent_again(desk: Desk) -> None:
    key = agreed(desk)
    first, second = actions.send_for_signature(key, signers=(BEA, CARL), now=NOW, actor=SELLER.actor)
    actions.sign_agreement(first, given=GIVEN, now=LATER)
    actions.decline_signature(second, reason="wrong entity", visit=VISIT, now=LATER)
    assert queries.agreement(key).status == "declined"
    actions.recall_agreements([key], reason="new signer", now=LATER, actor=SELLER.actor)
    (third,) = actions.send_for_signature(key, signers=(CARL,), now=LATER, actor=SELLER.actor)
    with pytest.raises(IllegalTransition):
        actions.sign_agreement(second, given=GIVEN, now=LATER)
    assert actions.sign_agreement(third, given=BY_CARL, now=LATER).status == "active"
    assert check_contract_seal(key).intact


def test_a_cancelled_contract_can_no_longer_be_signed(desk: Desk) -> None:
    key = agreed(desk)
    (token,) = actions.send_for_signature(key, signers=(BEA,), now=NOW, actor=SELLER.actor)
    actions.cancel_agreements([key], reason="lost", now=NOW, actor=SELLER.actor)
    with pytest.raises(IllegalTransition):
        actions.sign_agreement(token, given=GIVEN, now=LATER)
    active = signed(desk)
    with pytest.raises(IllegalTransition):
        actions.cancel_agreements([active], reason="too late", now=NOW, actor=SELLER.actor)


def test_stored_files_are_refused_any_change(desk: Desk) -> None:
    key = signed(desk)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        sql.execute("UPDATE stored_files SET content = 'x' WHERE subject_id = %s", (key,))


def tampered(content: bytes) -> dict[str, bytes]:
    """The contract changed in several ways."""
    middle = len(content) // 2
    writer = PdfWriter(clone_from=BytesIO(content))
    writer.add_blank_page(100, 100)
    rewritten = BytesIO()
    writer.write(rewritten)
    return {
        "one byte": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "appended": content + b"\n%more\n",
        "a page more": rewritten.getvalue(),
        "cut off": content[:middle],
    }


@pytest.mark.parametrize("way", ["one byte", "appended", "a page more", "cut off"])
@pytest.mark.parametrize("with_hash", [False, True])
def test_a_tampered_contract_is_detected(committed_db: Database, way: str, with_hash: bool) -> None:
    key = signed(Desk())
    assert check_contract_seal(key).intact
    (file,) = files_of([key], ["contract"])
    stored = latest_file(key, "contract")
    assert stored is not None
    changed = tampered(stored.content)[way]
    with committed_db.connect("cashline_owner") as session:
        session.execute("ALTER TABLE stored_files DISABLE TRIGGER stored_files_append_only")
        session.execute("ALTER TABLE stored_files NO FORCE ROW LEVEL SECURITY")
        session.execute(
            "UPDATE stored_files SET content = %s, sha256 = CASE WHEN %s THEN %s ELSE sha256 END WHERE id = %s",
            (changed, with_hash, sha256(changed).hexdigest(), file.id),
        )
    report = check_contract_seal(key)
    assert not report.intact
    assert report.problems


def test_of_two_last_signatures_at_once_one_contract_comes(committed_db: Database) -> None:
    desk = Desk()
    key = agreed(desk)
    tokens = actions.send_for_signature(key, signers=(BEA, CARL), now=NOW, actor=SELLER.actor)
    gate = threading.Barrier(2)
    failures: list[BaseException] = []

    def sign(token: str, given: SignatureGiven) -> None:
        try:
            gate.wait()
            actions.sign_agreement(token, given=given, now=LATER)
        except BaseException as failure:  # noqa: BLE001 - told to the test
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sign, args=signed) for signed in zip(tokens, (GIVEN, BY_CARL), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert queries.agreement(key).status == "active"
    assert len(files_of([key], ["contract"])) == 1
    assert types(key).count("AgreementSigned") == 1


def test_of_two_acceptances_at_once_one_agreement_comes(committed_db: Database) -> None:
    desk = Desk()
    key = desk.sent()
    gate = threading.Barrier(3)

    def accept() -> None:
        try:
            gate.wait()
            desk.accept(key)
        except IllegalTransition:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sql.fetch("SELECT count(*) FROM agreements") == [(1,)]


def test_the_mails_reach_a_real_server(desk: Desk) -> None:
    from cashline.flow.agree.contracts.jobs import SENDERS as CONTRACT_SENDERS
    from cashline.flow.agree.quotes.jobs import SENDERS as QUOTE_SENDERS

    key = signed(desk)
    senders = {**QUOTE_SENDERS, **CONTRACT_SENDERS}
    rows = sql.fetch("SELECT kind, key, payload FROM outbox ORDER BY created_at, id")
    with mail_server() as arrived:
        for kind, message_key, payload in rows:
            if kind != "signature_mail":
                senders[kind](payload, key=message_key, now=NOW)
    quote_mail, contract_mail = arrived
    assert "Angebot QUO-DE01-2026-000001" in str(quote_mail["Subject"])
    assert quote_mail["To"] == "ap@nordlicht.example"
    attached = next(iter(contract_mail.iter_attachments()))
    contract = latest_file(key, "contract")
    assert contract is not None
    assert attached.get_content() == contract.content
    signature_mail = next(row for row in rows if row[0] == "signature_mail")
    with pytest.raises(Overtaken, match="signed"):
        senders["signature_mail"](signature_mail[2], key=signature_mail[1], now=NOW)
