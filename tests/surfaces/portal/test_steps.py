"""What a customer does in the portal has one effect, however often its form is sent: accept, sign, pay, dispute."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cashline.flow.agree.contracts.actions import recall_agreements
from cashline.flow.agree.contracts.queries.signatures import check_contract_seal
from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.invoice.taxes.actions import set_withholding
from cashline.flow.invoice.taxes.rules import NewWithholding
from cashline.flow.receive.payments.actions import sandbox_gateway
from cashline.flow.receive.payments.queries import intent
from cashline.kernel.identifiers import key_of, public
from cashline.platform import sql
from tests.support.book import Shop, line
from tests.support.cluster import Database
from tests.support.invoice import ship_and_bill
from tests.support.portal import Buyer, agree, deal, make_two_customers, offer
from tests.support.receive import DECLINED, GOOD, SECURE
from tests.support.world import ACTOR, NOW, TODAY

EMAIL = "bea@nordlicht.example"
LATE = "4000 0000 0009 0045"


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_two_customers()[0]


@pytest.fixture
def bea(shop: Shop) -> Buyer:
    return Buyer(shop.customer, EMAIL)


def count(table: str) -> int:
    row = sql.fetch_one(f"SELECT count(*) FROM {table}")
    assert row is not None
    return int(row[0])


def events(name: str) -> list[str]:
    """Who did that, each time."""
    return [row[0] for row in sql.fetch("SELECT actor FROM events WHERE type = %s ORDER BY id", (name,))]


def accept_form(**changes: str) -> dict[str, str]:
    return {"name": "Bea Buyer", "title": "CFO", "who": "me", "idempotency_key": "accept"} | changes


def test_accepting_twice_is_accepting_once_and_leads_to_signing(shop: Shop, bea: Buyer) -> None:
    address = f"/portal/quotes/{public('quote', offer(shop, shop.customer))}/"
    assert "Who signs the contract" in bea.get(f"{address}accept/").words
    first = bea.post(f"{address}accept/", accept_form())
    again = bea.post(f"{address}accept/", accept_form())
    assert (first.status, first.url) == (200, again.url)
    assert first.url.startswith("/sign/")
    assert "Type your name to sign" in first.words
    assert events("QuoteAccepted") == [f"portal:{EMAIL}"]
    assert (count("agreements"), count("signatures")) == (1, 1)
    late = bea.post(f"{address}accept/", accept_form(idempotency_key="another"))
    assert late.status == 422
    assert count("agreements") == 1
    assert "Accepted" in bea.get(address).words


def test_somebody_else_may_be_named_to_sign(shop: Shop, bea: Buyer) -> None:
    address = f"/portal/quotes/{public('quote', offer(shop, shop.customer))}/"
    wrong = bea.post(f"{address}accept/", accept_form(who="other", signer_name="Carl", signer_email=""))
    assert wrong.status == 422
    assert count("agreements") == 0
    form = accept_form(who="other", signer_name="Carl Chief", signer_email="carl@nordlicht.example")
    seen = bea.post(f"{address}accept/", form)
    assert seen.url.startswith("/portal/contracts/")
    assert "Carl Chief gets a mail with a link to sign." in seen.words
    assert sql.fetch("SELECT signer_email FROM signatures") == [("carl@nordlicht.example",)]


def test_an_offer_is_declined_once_with_its_reason(shop: Shop, bea: Buyer) -> None:
    address = f"/portal/quotes/{public('quote', offer(shop, shop.customer))}/"
    for _ in range(2):
        seen = bea.post(f"{address}decline/", {"reason": "Too dear", "idempotency_key": "d"})
        assert "You declined." in seen.words
    assert sql.fetch("SELECT reason FROM events WHERE type = 'QuoteDeclined'") == [("Too dear",)]
    assert bea.post(f"{address}accept/", accept_form()).status == 422


def sign_form(**changes: str) -> dict[str, str]:
    return {"typed_name": "Bea Buyer", "consent": "1", "idempotency_key": "sign"} | changes


def test_a_contract_is_signed_once_by_its_link_without_a_log_in(shop: Shop) -> None:
    _, contract, token = agree(shop, shop.customer, EMAIL, "Hall 4")
    address, guest = f"/sign/{token}/", Client()
    page = guest.get(address)
    assert (page.status_code, page["Referrer-Policy"], page["Cache-Control"]) == (
        200,
        "same-origin",
        "private, no-store",
    )
    assert "Vibration sensor" in page.content.decode()
    document = guest.get(f"{address}contract.pdf")
    assert document.content[:4] == b"%PDF"
    assert document["X-Frame-Options"] == "SAMEORIGIN"
    assert guest.get(f"{address}signed.pdf").status_code == 404
    for missing in ({"typed_name": ""}, {"consent": ""}):
        assert guest.post(address, sign_form(**missing)).status_code == 422
    other = guest.post(address, sign_form(typed_name="Mickey"))
    assert other.status_code == 422
    assert "to be signed by Bea Buyer" in other.content.decode()
    assert events("SignatureGiven") == []
    for _ in range(2):
        assert guest.post(address, sign_form())["Location"] == address
    assert events("SignatureGiven") == [f"signer:{EMAIL}"]
    assert events("AgreementSigned") == [f"signer:{EMAIL}"]
    assert count("orders") == 1
    assert check_contract_seal(contract).intact
    evidence = sql.fetch_one("SELECT evidence FROM signatures WHERE agreement_id = %s", (contract,))
    assert evidence is not None
    assert evidence[0]["typed_name"] == "Bea Buyer"
    assert "electronically" in evidence[0]["consent"]
    assert evidence[0]["ip_address"] == "127.0.0.1"
    assert "the contract is in force" in guest.get(address).content.decode()
    assert guest.get(f"{address}signed.pdf").content[:4] == b"%PDF"
    guest.post(address, sign_form(idempotency_key="other"))
    assert len(events("SignatureGiven")) == 1


def test_a_link_that_is_wrong_or_withdrawn_shows_and_signs_nothing(shop: Shop) -> None:
    _, contract, token = agree(shop, shop.customer, EMAIL, "Hall 4")
    guest = Client()
    for wrong in ("x", token[:-1] + ("a" if token[-1] != "a" else "b"), token.upper(), f"{token}="):
        for tail in ("", "contract.pdf", "signed.pdf"):
            answer = guest.get(f"/sign/{wrong}/{tail}")
            assert answer.status_code == 404
            assert "This link to sign is not valid." in answer.content.decode()
        assert guest.post(f"/sign/{wrong}/", sign_form()).status_code == 404
        assert guest.post(f"/sign/{wrong}/decline/", {"reason": "x"}).status_code == 404
    recall_agreements([contract], reason="A wrong price", now=NOW, actor=ACTOR)
    page = guest.get(f"/sign/{token}/").content.decode()
    assert "no longer to be signed by this link" in page
    assert "Sign the contract" not in page
    guest.post(f"/sign/{token}/", sign_form())
    assert events("SignatureGiven") == []


def test_a_contract_is_declined_once_with_a_reason(shop: Shop) -> None:
    _, contract, token = agree(shop, shop.customer, EMAIL, "Hall 4")
    guest = Client()
    guest.post(f"/sign/{token}/decline/", {"reason": "", "idempotency_key": "a"})
    assert events("SignatureDeclined") == []
    for _ in range(2):
        guest.post(f"/sign/{token}/decline/", {"reason": "We changed our mind", "idempotency_key": "b"})
    assert events("SignatureDeclined") == [f"signer:{EMAIL}"]
    assert sql.fetch("SELECT status FROM agreements WHERE id = %s", (contract,)) == [("declined",)]
    assert "You declined to sign" in guest.get(f"/sign/{token}/").content.decode()


def test_work_is_accepted_once_or_sent_back(shop: Shop, bea: Buyer) -> None:
    here = deal(shop, shop.customer, EMAIL)
    address = f"/portal/installations/{public('installation', here.installation)}/"
    assert "Type your name to accept." in bea.post(f"{address}accept/", {"name": ""}).words
    assert "You are here as Bea Buyer: type that name" in bea.post(f"{address}accept/", {"name": "Mickey"}).words
    for _ in range(2):
        given = {"name": "B. Buyer", "idempotency_key": "a"}
        assert "You accepted the work." in bea.post(f"{address}accept/", given).words
    told = sql.fetch("SELECT accepted_evidence FROM installations WHERE id = %s", (here.installation,))
    assert told == [(f"In the portal, logged in as {EMAIL}, from 127.0.0.1",)]
    assert events("InstallationAccepted") == [f"portal:{EMAIL}"]
    assert sql.fetch("SELECT count(*) FROM deliveries WHERE kind = 'accepted'") == [(1,)]
    bea.post(f"{address}reject/", {"reason": "Too late"})
    assert events("InstallationRejected") == []


def test_work_that_is_not_done_is_sent_back(shop: Shop, bea: Buyer) -> None:
    here = deal(shop, shop.customer, EMAIL)
    address = f"/portal/installations/{public('installation', here.installation)}/"
    assert "We will be in touch" in bea.post(f"{address}reject/", {"reason": "A sensor is missing"}).words
    assert events("InstallationRejected") == [f"portal:{EMAIL}"]
    assert sql.fetch("SELECT count(*) FROM deliveries WHERE kind = 'accepted'") == [(0,)]


def test_a_dispute_is_opened_once_for_a_part_and_taken_back(shop: Shop, bea: Buyer) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    address = f"/portal/invoices/{public('invoice', row.id)}/"
    form = {"reason": "price", "amount": "50", "description": "Too dear", "idempotency_key": "d"}
    for _ in range(2):
        assert "We look into it" in bea.post(f"{address}dispute/", form).words
    assert sql.fetch("SELECT amount, opened_by FROM disputes") == [(Decimal(50), f"portal:{EMAIL}")]
    too_much = bea.post(f"{address}dispute/", form | {"amount": "200", "idempotency_key": "e"})
    assert "cannot be disputed" in too_much.words
    for wrong in ({"amount": "-1"}, {"amount": "x"}, {"reason": "hunger"}, {"description": ""}):
        bea.post(f"{address}dispute/", form | wrong | {"idempotency_key": str(wrong)})
    assert count("disputes") == 1
    key = public("dispute", sql.fetch("SELECT id FROM disputes")[0][0])
    assert "The dispute is taken back." in bea.post(f"/portal/disputes/{key}/withdraw/").words
    assert events("DisputeWithdrawn") == [f"portal:{EMAIL}"]


def pay(bea: Buyer, key: UUID, **form: Any) -> Any:
    """Send the form of paying."""
    given = {"amount": "105.91", "card": GOOD, "idempotency_key": "pay"} | form
    return bea.client.post(f"/portal/invoices/{public('invoice', key)}/pay/", given)


def test_paying_twice_charges_once(shop: Shop, bea: Buyer) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    assert row.open_amount == Decimal("211.82")
    first, again = pay(bea, row.id), pay(bea, row.id)
    assert first["Location"] == again["Location"]
    assert "the payment has arrived" in bea.get(first["Location"]).words
    assert invoice(row.id).open_amount == Decimal("105.91")
    assert sql.fetch("SELECT amount FROM payments") == [(Decimal("105.91"),)]
    assert events("PaymentReceived") == [f"portal:{EMAIL}"]
    changed = pay(bea, row.id, amount="1.00")
    assert changed.status_code == 422
    assert "sent before, with other values" in changed.content.decode()
    pay(bea, row.id, idempotency_key="second")
    assert invoice(row.id).open_amount == 0
    nothing = bea.get(f"/portal/invoices/{public('invoice', row.id)}/pay/")
    assert "Nothing is open on this invoice." in nothing.words
    assert count("payments") == 2


def test_a_customer_who_withholds_tax_is_asked_for_the_rest_alone(shop: Shop, bea: Buyer) -> None:
    terms = NewWithholding(shop.customer, shop.world.berlin, "", Decimal(10), "Section 50a", TODAY)
    set_withholding([terms], now=NOW, actor=ACTOR)
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    address = f"/portal/invoices/{public('invoice', row.id)}/"
    seen = bea.get(address).words.replace("\u2212", "-")
    assert "Open €211.82 To be withheld for the tax authority -€17.80 To pay €194.02" in seen
    asked = bea.get(f"{address}pay/")
    assert "You withhold €17.80 of it for the tax authority." in asked.words
    assert asked.all("//input[@name='amount']/@value") == ["194.02"]
    assert "€194.02" in asked.words
    assert_home_asks(bea, "€194.02")
    pay(bea, row.id, amount="194.02")
    assert invoice(row.id).open_amount == 0
    assert sql.fetch("SELECT method, amount FROM payments ORDER BY id") == [
        ("card", Decimal("194.02")),
        ("tax_withheld", Decimal("17.80")),
    ]


def assert_home_asks(bea: Buyer, amount: str) -> None:
    """The first page asks for that much in its figure and in its task; what is open stands beside the invoice."""
    seen = bea.get("/portal/").words
    assert seen.count(amount) == 2
    assert seen.count("€211.82") == 1


@pytest.mark.parametrize("card", [DECLINED, "4111 1111 1111 1111", "not a card"])
def test_a_card_that_is_declined_pays_nothing_and_no_real_number_is_kept(shop: Shop, bea: Buyer, card: str) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    seen = bea.get(pay(bea, row.id, card=card)["Location"])
    assert "Declined" in seen.words
    assert "Try another card" in seen.words
    assert invoice(row.id).open_amount == row.open_amount
    assert sql.fetch("SELECT 1 FROM payment_intents WHERE method_token ~ '4111'") == []
    assert pay(bea, row.id, idempotency_key="again").status_code == 302
    assert invoice(row.id).open_amount == Decimal("105.91")


def test_a_card_that_asks_for_confirmation_leads_to_the_bank_and_back(shop: Shop, bea: Buyer) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    answer = pay(bea, row.id, card=SECURE, amount="211.82")
    assert answer["Location"].startswith("/sandbox/cards/")
    page = bea.get(f"/portal/invoices/{public('invoice', row.id)}/")
    assert "A card payment is under way." in page.words
    assert "portal_pay" not in page.text
    blocked = pay(bea, row.id, idempotency_key="second", amount="211.82")
    assert blocked.status_code == 422
    key = sql.fetch("SELECT id FROM payment_intents")[0][0]
    seen = bea.get(f"/portal/charges/{public('payment_intent', key)}/")
    assert "Confirm with your bank" in seen.words
    assert seen.all("//*[@hx-trigger='every 3s']")
    known = intent(key)
    assert known.gateway_reference is not None
    sandbox_gateway().complete_action(known.gateway_reference, approve=True)
    back = bea.get(f"/portal/invoices/{public('invoice', row.id)}/charged/")
    assert "the payment has arrived" in back.words
    assert not back.all("//*[@hx-trigger='every 3s']")
    bea.get(f"/portal/invoices/{public('invoice', row.id)}/charged/")
    assert invoice(row.id).open_amount == 0
    assert count("payments") == 1


def test_a_payment_that_nobody_knows_yet_is_waited_for(shop: Shop, bea: Buyer) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    seen = bea.get(pay(bea, row.id, card=LATE)["Location"])
    assert "Under way" in seen.words
    assert invoice(row.id).open_amount == row.open_amount


@pytest.mark.parametrize("amount", ["0", "-5", "999999", "x", "1.001", ""])
def test_an_amount_that_cannot_be_paid_is_refused(shop: Shop, bea: Buyer, amount: str) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    answer = pay(bea, row.id, amount=amount)
    assert answer.status_code == 422
    assert count("payment_intents") == 0
    assert key_of("invoice", public("invoice", row.id)) == row.id


def test_a_transfer_is_told_with_its_reference_and_a_code(shop: Shop, bea: Buyer) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 2))
    seen = bea.get(f"/portal/invoices/{public('invoice', row.id)}/pay/")
    assert "DE02 1203 0000 0000 2020 51" in seen.words
    assert row.number in seen.words
    assert seen.all("//img[starts-with(@src, 'data:image/svg+xml;base64,')]")
