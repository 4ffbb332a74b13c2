"""The portal's pages: a customer's people see and do what is theirs; another customer's ids lead nowhere."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from cashline.flow.agree.contracts.actions import send_for_signature
from cashline.flow.agree.contracts.queries import agreements_of_quotes
from cashline.flow.agree.contracts.rules.signing import Signer
from cashline.flow.agree.quotes.actions import accept_quotes, create_quote, send_quotes
from cashline.flow.agree.quotes.rules import Acceptance, NewQuote, NewQuoteLine, QuoteContent
from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.surfaces.portal.pages import URLS
from tests.flow.invoice.test_credits import coupon, fill, grant, issue, one_off
from tests.support.book import ship
from tests.support.cluster import Database
from tests.support.console import Console
from tests.support.invoice import bill, billed, make_billing_shop, make_consumer
from tests.support.portal import SELLER, Buyer, Dealings, deal, make_two_customers, sign
from tests.support.world import NOW, TODAY

LISTS = ("quotes", "contracts", "orders", "subscriptions", "invoices", "payments")
POSTED = (
    "portal_quote_decline",
    "portal_installation_accept",
    "portal_installation_reject",
    "portal_dispute",
    "portal_dispute_withdraw",
)


@pytest.fixture
def both(db: Database) -> tuple[Dealings, Dealings]:
    shop, nordlicht, suedwind = make_two_customers()
    return deal(shop, nordlicht, "bea@nordlicht.example"), deal(shop, suedwind, "sue@suedwind.example")


@pytest.fixture
def bea(both: tuple[Dealings, Dealings]) -> Buyer:
    return Buyer(both[0].customer, both[0].email)


def arguments(of: Dealings) -> dict[str, dict[str, Any]]:
    """The arguments of every address that names a document, for a customer's documents."""
    file = sql.fetch("SELECT id FROM stored_files WHERE customer_id = %s ORDER BY id LIMIT 1", (of.customer,))[0][0]
    quote, invoice = public("quote", of.quote), public("invoice", of.invoice)
    installation, dispute = public("installation", of.installation), public("dispute", of.dispute)
    return {
        "portal_file": {"file_id": public("file", file)},
        "portal_quote": {"quote_id": quote},
        "portal_quote_why": {"quote_id": quote, "line_no": 1},
        "portal_quote_accept": {"quote_id": quote},
        "portal_quote_decline": {"quote_id": quote},
        "portal_contract": {"contract_id": public("agreement", of.signed_contract)},
        "portal_order": {"order_id": public("order", of.order)},
        "portal_installation": {"installation_id": installation},
        "portal_installation_accept": {"installation_id": installation},
        "portal_installation_reject": {"installation_id": installation},
        "portal_subscription": {"subscription_id": public("subscription", of.subscription)},
        "portal_usage": {"subscription_id": public("subscription", of.subscription)},
        "portal_usage_events": {"subscription_id": public("subscription", of.subscription)},
        "portal_invoice": {"invoice_id": invoice},
        "portal_invoice_file": {"invoice_id": invoice, "form": "pdf"},
        "portal_invoice_why": {"invoice_id": invoice, "name": "line-1"},
        "portal_pay": {"invoice_id": invoice},
        "portal_charged": {"invoice_id": invoice},
        "portal_dispute": {"invoice_id": invoice},
        "portal_charge": {"charge_id": public("payment_intent", of.charge)},
        "portal_credit_note_file": {"credit_note_id": public("credit_note", of.credit_note)},
        "portal_dispute_withdraw": {"dispute_id": dispute},
        "portal_payment": {"payment_id": public("payment", of.payment)},
    }


def test_every_address_that_names_a_document_is_among_those_tried(both: tuple[Dealings, Dealings]) -> None:
    named = {str(url.name) for url in URLS if str(url.pattern).startswith("portal/")}
    without_id = {f"portal_{name[:-1]}_list" for name in LISTS} | {"portal_home", "portal_account"}
    assert named - without_id == set(arguments(both[0]))


def test_another_customers_documents_are_not_found_by_any_address(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    here, there = both
    before = sql.fetch("SELECT count(*) FROM events")
    for name, given in arguments(there).items():
        url = reverse(name, kwargs=given)
        answers = [bea.client.post(url, {"idempotency_key": f"k-{name}", "amount": "1", "card": "4242424242424242"})]
        if name not in POSTED:
            answers.append(bea.client.get(url))
        for answer in answers:
            assert answer.status_code in (404, 405), name
            body = answer.content.decode()
            assert "suedwind" not in body.lower(), name
            assert "Südwind" not in body, name
    assert sql.fetch("SELECT count(*) FROM events") == before
    for name, given in arguments(here).items():
        if name not in POSTED:
            assert bea.client.get(reverse(name, kwargs=given)).status_code in (200, 302), name


def test_ids_that_are_none_are_not_found(bea: Buyer) -> None:
    for path in ("quotes/quo_x/", "invoices/inv_1/", "orders/cus_1/", "files/fil_/", "charges/x/", "nowhere/"):
        seen = bea.get(f"/portal/{path}")
        assert seen.status == 404
        assert seen.all("//nav[@class='portal-nav']"), "the answer stands in the frame of the portal"
        assert not seen.all("//aside | //header[@id='side']")


def test_the_lists_show_the_customers_own_documents_alone(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    here, there = both
    for kind in LISTS:
        seen = bea.get(f"/portal/{kind}/")
        table = kind if kind != "contracts" else "agreements"
        mine = {row[0] for row in sql.fetch(f"SELECT number FROM {table} WHERE customer_id = %s", (here.customer,))}
        theirs = {row[0] for row in sql.fetch(f"SELECT number FROM {table} WHERE customer_id = %s", (there.customer,))}
        assert any(number in seen.text for number in mine), kind
        assert not any(number in seen.text for number in theirs), kind
        status, content, _ = bea.file(f"/portal/{kind}/", format="csv")
        assert status == 200
        assert not any(number in content.decode() for number in theirs), kind


def test_home_shows_what_waits_and_what_runs(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    seen = bea.get("/portal/")
    for words in ("Hello Bea Buyer", "Accept or decline", "Read and sign", "Accept the work", "Pay", "€199.92"):
        assert words in seen.words
    assert f"/sign/{both[0].token}/" in seen.text
    assert both[1].token not in seen.text
    assert "Nordlicht Werke GmbH" in bea.get("/portal/account/").words
    colleague = Buyer(both[0].customer, "carl@nordlicht.example", "Carl")
    assert "Read and sign" not in colleague.get("/portal/").words
    assert (
        "waits for the signature of Bea Buyer"
        in colleague.get(f"/portal/contracts/{public('agreement', both[0].contract)}/").words
    )


def test_the_portal_is_for_customers_and_the_console_for_staff(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    assert Console("owner").get("/portal/").status == 403
    for path in ("/", "/people/", "/invoices/", "/events/"):
        assert bea.client.get(path)["Location"] == "/portal/"
    assert bea.client.get("/v1/entities").status_code == 403
    bea.client.logout()
    assert bea.client.get("/portal/")["Location"] == "/login/?next=/portal/"


def test_an_order_shows_its_way_and_its_parcels(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    seen = bea.get(f"/portal/orders/{public('order', both[0].order)}/")
    for words in ("Ordered", "Shipped", "Activated", "Installed", "4 × Vibration sensor", "JD0", "Waiting for you"):
        assert words in seen.words
    assert seen.all("//a[contains(@href, 'dhl.com') and contains(@href, 'JD0')]")


def test_an_invoice_tells_what_why_and_how_it_was_paid(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    here = both[0]
    address = f"/portal/invoices/{public('invoice', here.invoice)}/"
    seen = bea.get(address)
    for words in ("2 Vibration sensor", "PO 4711"):
        assert words.split()[-1] in seen.words
    assert "€199.92" in seen.words
    assert "You dispute €20.00 of it" in seen.words
    for name in ("line-1", "tax-S-19", "net", "tax", "gross"):
        why = bea.get(f"{address}why/{name}/", part="drawer-body")
        assert why.status == 200
        assert why.all("//div[@class='formula']"), name
    assert bea.get(f"{address}why/nothing/").status == 404
    for form, kind in (("pdf", "application/pdf"), ("ubl", "application/xml"), ("cii", "application/xml")):
        status, content, media = bea.file(f"{address}files/{form}/")
        assert (status, media) == (200, kind)
        assert (b"%PDF" if form == "pdf" else b"<?xml") in content[:100]
    assert bea.get(f"{address}files/doc/").status == 404
    assert bea.file(f"/portal/credit-notes/{public('credit_note', here.credit_note)}/file/")[0] == 200
    paid = bea.get(f"/portal/invoices/{public('invoice', here.paid_invoice)}/")
    assert "Paid" in paid.words
    assert "Bank transfer" in paid.words


def test_an_invoice_adds_up_from_its_lines_over_coupon_and_credit(db: Database) -> None:
    shop = make_billing_shop()
    grant(shop, coupon("TEN", "10"))
    fill(shop, "40")
    (key,) = issue(one_off(shop, "100", "10"))
    bea = Buyer(shop.customer, "bea@nordlicht.example")
    for buyer, address in ((bea, "/portal/invoices/"), (Console("billing"), "/invoices/")):
        words = buyer.get(f"{address}{public('invoice', key)}/").words.replace("\u2212", "-")
        for part in ("TEN -€10.00", "Net total €100.00", "Total €119.00", "Credit applied -€40.00", "Open €79.00"):
            assert part in words, (address, part, words)
    lines = bea.get(f"/portal/invoices/{public('invoice', key)}/").all("//tfoot")[0]
    assert "€110.00" in "".join(lines.itertext())


def test_a_quote_explains_its_prices_and_gives_its_pdf(both: tuple[Dealings, Dealings], bea: Buyer) -> None:
    address = f"/portal/quotes/{public('quote', both[0].quote)}/"
    seen = bea.get(address)
    assert "Spare parts for years." in seen.words
    assert bea.get(f"{address}why/2/", part="drawer-body").all("//div[@class='formula']")
    (link,) = {one.get("href") for one in seen.all("//div[@class='downloads']//a")}
    status, content, media = bea.file(link)
    assert (status, media, content[:4]) == (200, "application/pdf", b"%PDF")


def test_prices_with_tax_are_told_on_quote_contract_order_and_invoice(db: Database) -> None:
    shop = make_billing_shop()
    ada = make_consumer(shop)
    content = QuoteContent("Cups", date(2026, 2, 1), TODAY, (NewQuoteLine("SENSOR-1", Decimal(3)),))
    key = create_quote(NewQuote(ada, shop.world.berlin, content), today=TODAY, now=NOW, actor=SELLER.actor)
    send_quotes([key], authority=SELLER, today=TODAY, now=NOW)
    bea = Buyer(ada, "bea@abel.example")
    quoted = bea.get(f"/portal/quotes/{public('quote', key)}/").words
    console = Console("seller").get(f"/quotes/{public('quote', key)}/").words
    for words in (quoted, console):
        for part in ("£9.99 with tax", "£4.79", "£29.97", "prices include tax"):
            assert part in words, (part, words)
    accept_quotes([key], accepted_by=Acceptance("Bea", "bea@abel.example"), today=TODAY, now=NOW, actor=SELLER.actor)
    contract = agreements_of_quotes([key])[key].id
    (token,) = send_for_signature(contract, signers=[Signer("Bea", "bea@abel.example")], now=NOW, actor=SELLER.actor)
    assert "£9.99 each including tax" in bea.get(f"/sign/{token}/").words
    sign(token)
    (order,) = sql.ids(sql.fetch("SELECT id FROM orders WHERE customer_id = %s", (ada,)))
    ship(order)
    (invoice,) = billed(bill())
    for address in (
        f"/portal/contracts/{public('agreement', contract)}/",
        f"/portal/orders/{public('order', order)}/",
        f"/portal/invoices/{public('invoice', invoice.id)}/",
    ):
        assert "£9.99 with tax" in bea.get(address).words, address
    assert "prices include tax" in bea.get(f"/portal/invoices/{public('invoice', invoice.id)}/").words
    why = bea.get(f"/portal/invoices/{public('invoice', invoice.id)}/why/tax-S-19/", part="drawer-body").words
    assert "The prices include 19% tax: they come to £29.97, £25.18 without it." in why
    assert invoice.gross_total == Decimal("29.97")
