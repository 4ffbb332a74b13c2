"""The console's pages of billing, invoices, credit notes and tax rates: once for each outcome."""

from decimal import Decimal

import pytest

from cashline.flow.invoice.billing.jobs import advance_runs
from cashline.flow.invoice.credit_notes.queries import credit_notes_of
from cashline.flow.invoice.invoices.queries import invoice
from cashline.flow.invoice.taxes.queries import rates_on
from cashline.flow.receive.payments.actions import NewPayment, record_payments
from cashline.kernel.identifiers import new_id, public
from tests.support.agree import german, make_customers
from tests.support.book import Shop, book, line, ship
from tests.support.console import Console
from tests.support.invoice import make_billing_shop, make_consumer, ship_and_bill
from tests.support.world import ACTOR, NOW, TODAY

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def shop(db: object) -> Shop:
    return make_billing_shop()


def test_a_run_is_previewed_begun_watched_and_done(shop: Shop) -> None:
    biller = Console("billing")
    assert "No bill runs yet" in biller.get("/bill-runs/").words
    italian = make_customers([german("Officina", country="IT", tax_id="")])[0]
    ship(book(shop, line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 1)))
    book(shop, line("PLAT-PRO", 1, interval_months=1), customer_id=italian)
    page = biller.get("/bill-runs/new/")
    assert "€317.73" in page.words
    assert "Enter the rate of IT" in page.words
    assert page.all("//aside/@hx-post") == ["/bill-runs/preview/"]
    preview = biller.post("/bill-runs/preview/", {"as_of": "2025-12-31", "entity": ""}, part="form-preview")
    assert "Nothing is due" in preview.words
    preview = biller.post("/bill-runs/preview/", {"as_of": "2199-12-31", "entity": "DE01"}, part="form-preview")
    assert "at most 366 days ahead" in preview.words
    assert "is not a date" in biller.post("/bill-runs/preview/", {"as_of": "soon"}, part="form-preview").words
    (every,) = biller.get("/bill-runs/new/").all("//aside//a[contains(@href, '/documents/')]/@href")
    listed = biller.get(every)
    assert "€317.73" in listed.words
    assert listed.all("//tbody//a[starts-with(@href, '/contracts/agr_')]/@href")
    assert listed.all("//tbody//a[starts-with(@href, '/customers/cus_')]/@href")
    assert "Contracts due 3" in listed.words
    numbers = []
    address = f"{every}&size=1"
    while address:
        part = biller.get(address)
        numbers += part.all("//tbody//a[starts-with(@href, '/contracts/agr_')]/@href")
        assert len(part.all("//tbody/tr")) <= 1
        (address,) = part.all("//a[@rel='next']/@href") or ("",)
    assert sorted(numbers) == sorted(listed.all("//tbody//a[starts-with(@href, '/contracts/agr_')]/@href"))
    assert biller.get(f"{every}&after=x").status == 422
    assert biller.get("/bill-runs/preview/documents/", as_of="soon").status == 422
    assert biller.get("/bill-runs/preview/documents/").status == 200
    page = biller.post("/bill-runs/new/", {"as_of": "soon", "entity": ""})
    assert (page.status, page.all("//*[@aria-invalid='true']/@name")) == (422, ["as_of"])
    page = biller.post("/bill-runs/new/", {"as_of": TODAY.isoformat(), "entity": ""})
    assert "The run has begun" in page.words
    url = page.url
    assert page.all("//*[@id='document']//*[@hx-get]/@hx-get") == [url]
    assert "The run stops" in biller.post(url + "stop/").words
    assert biller.get(url).all("//*[@id='document']//*[@hx-get]/@hx-get") == []
    assert "The run goes on" in biller.post(url + "resume/").words
    advance_runs(now=NOW, actor=ACTOR)
    done = biller.get(url)
    assert done.all("//*[@hx-trigger='load delay:2s']") == []
    assert "Completed" in done.words
    assert "No standard tax rate of IT is on file" in done.words
    assert "Cannot stop this bill run: it is completed" in biller.post(url + "stop/").words
    (link,) = done.all("//a[starts-with(@href, '/invoices/?run=')]/@href")
    assert "INV-DE01-2026-000002" in biller.get(link).words
    assert "€317.73" in biller.get("/bill-runs/", status="completed").words


def test_what_waits_is_set_looked_at_and_decided(shop: Shop) -> None:
    biller = Console("billing")
    assert "No bill waits" in biller.get("/waiting-bills/").words
    given = {"entity": "DE01", "grace_days": "0", "gated": "on", "bills": "6", "least": "3", "deviations": "5",
             "tolerance": "25", "first_limit": "100", "approval": "on"}  # fmt: skip
    page = biller.post("/waiting-bills/policies/set/", given | {"least": "9"})
    assert "no more than are looked at" in page.words
    page = biller.post("/waiting-bills/policies/set/", given)
    assert "beyond 5 deviations or 25 % of the last 6" in page.words
    assert "By a second person" in page.words
    ship(book(shop, line("SENSOR-1", 2)), book(shop, line("SENSOR-1", 1)))
    run = biller.post("/bill-runs/new/", {"as_of": TODAY.isoformat(), "entity": ""}).url
    advance_runs(now=NOW, actor=ACTOR)
    page = biller.get(run)
    assert "nothing is posted before another person approves it" in page.words
    assert "You began this run: another person approves it." in page.text
    assert "Would be billed" in page.words
    second = Console("billing", email="second@example.com")
    assert "The run is approved and posts." in second.post(run + "approve/").words
    advance_runs(now=NOW, actor=ACTOR)
    page = second.get(run)
    assert "Held 1" in page.words
    (link,) = page.all("//a[starts-with(@href, '/waiting-bills/?run=')]/@href")
    (one,) = second.get(link).all("//tbody//a[starts-with(@href, '/waiting-bills/wtb_')]/@href")
    page = second.get(one)
    assert "€178.00 is above €100.00, the limit for bills that nothing can be compared with." in page.words
    assert "It is refused." in second.post(one + "refuse/", {"reason": "Wrong price"}).words
    assert "Why: " in second.post(one + "refuse/", {"reason": ""}).words
    assert "It is issued." in second.post(one + "release/", {"reason": ""}).words
    assert "INV-DE01-2026-000002" in second.get(one).words
    assert second.post(run + "burn/").status == 404
    assert "The run is taken back." in second.post(run + "reverse/", {"reason": "Wrong rate"}).words
    advance_runs(now=NOW, actor=ACTOR)
    assert "Taken back by 2 credit notes." in second.get(run).words
    reader = Console("auditor")
    assert reader.get(one).status == 200
    assert reader.post(one + "release/", {"reason": ""}).status == 403


def test_the_list_filters_sums_and_exports(shop: Shop) -> None:
    clerk = Console("collections")
    assert "No invoices here" in clerk.get("/invoices/").words
    ship_and_bill(shop, line("SENSOR-1", 1))
    ship_and_bill(shop, line("SENSOR-1", 2))
    page = clerk.get("/invoices/")
    assert "Overdue €318 2 invoices" in page.words
    assert "days late" in page.words
    for words, count in (("000002", 1), ("2", 1), ("INV-DE01", 2), ("nordlicht", 2), ("werke 000002", 1), ("100%", 0)):
        assert len(clerk.get("/invoices/", q=words).all("//tbody/tr")) == count, words
    assert len(clerk.get("/invoices/", state="open", sort="-due_on", size=1).all("//tbody/tr")) == 1
    assert len(clerk.get("/invoices/", gross_total_min="200").all("//tbody/tr")) == 1
    assert len(clerk.get("/invoices/", state="paid").all("//tbody/tr")) == 0
    status, content, media = clerk.file("/invoices/", format="csv")
    assert (status, media.split(";")[0]) == (200, "text/csv")
    assert "INV-DE01-2026-000002" in content.decode()


def test_an_invoice_shows_lines_money_reasons_and_files(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 3))
    auditor = Console("auditor")
    url = f"/invoices/{public('invoice', row.id)}/"
    page = auditor.get(url)
    assert "€317.73" in page.words
    assert "Supplied within DE, standard rate of DE on 2026-01-15" in page.words
    assert "Invoice issued" in page.words
    assert "Order ORD-DE01-2026-000001" in page.words
    assert page.all("//button[normalize-space()='Void']") == []
    assert [one.text_content().strip() for one in page.all("//a[@class='button primary']")] == ["Open the PDF"]
    clerk = Console("collections")
    (pay,) = clerk.get(url).all("//a[contains(@class, 'primary')]/@href")
    filled = clerk.get(pay)
    assert filled.all("//input[@name='amount']/@value") == ["317.73"]
    assert filled.all("//input[@name='spread'][@checked]/@value") == [public("invoice", row.id)]
    explained = page.all("//a[contains(@href, '/why/')]/@href")
    assert {item.rsplit("/", 2)[1] for item in explained} == {"line-1", "tax-S-19", "net", "tax", "gross", "open"}
    for item in set(explained):
        assert auditor.get(item).status == 200
    assert "3 × €89.00 was delivered: €267.00." in auditor.get(url + "why/line-1/").words
    assert "What is left of the total" in auditor.get(url + "why/open/").words
    assert auditor.get(url + "why/line-9/").status == 404
    for form, start in (("pdf", b"%PDF"), ("ubl", b"<?xml"), ("cii", b"<?xml")):
        status, content, _ = auditor.file(f"{url}files/{form}/")
        assert (status, content[: len(start)]) == (200, start)
    assert auditor.get(url + "files/doc/").status == 404
    assert Console("billing", email="us@example.com", entity_id=shop.world.boston).get(url).status == 404


def test_payments_stand_on_the_invoice_that_they_settle(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 3))
    payment = NewPayment(
        row.customer_id, row.entity_id, "EUR", Decimal("317.70"), "bank_transfer", TODAY, new_id(),
        allocations=((row.id, Decimal("317.70"), Decimal("0.03")),),
    )  # fmt: skip
    record_payments([payment], now=NOW, actor=ACTOR)
    page = Console("auditor").get(f"/invoices/{public('invoice', row.id)}/")
    for words in ("Settled", "−€317.70", "−€0.03", "PAY-"):
        assert words in page.words, words


def test_a_credit_note_is_previewed_given_and_shown(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 3), line("SENSOR-1", 1, unit_price=Decimal(50)))
    biller = Console("billing")
    url = f"/invoices/{public('invoice', row.id)}/credit/"
    page = biller.get(url)
    assert page.all("//input[starts-with(@name, 'line_')]/@name") == ["line_1", "line_2"]
    assert "€377.23" in page.words
    asked = {"reason": "Late", "how": "lines", "line_1": "89", "line_2": ""}
    preview = biller.post(url + "preview/", asked, part="form-preview")
    assert "€105.91" in preview.words
    assert "Name at least one line" in biller.post(url + "preview/", {"how": "lines"}, part="form-preview").words
    page = biller.post(url, asked | {"line_1": "267.01", "reason": ""})
    assert (page.status, page.all("//*[@aria-invalid='true']/@name")) == (422, ["reason", "line_1"])
    page = biller.post(url, asked | {"line_1": "0.001"})
    assert (page.status, page.all("//*[@aria-invalid='true']/@name")) == (422, ["line_1"])
    page = biller.post(url, asked)
    (note,) = credit_notes_of([row.id])[row.id]
    assert f"Credit note {note.number} is issued" in page.words
    assert page.url == f"/credit-notes/{public('credit_note', note.id)}/"
    assert "€105.91" in page.words
    for name in ("line-1", "tax-S-19", "gross"):
        assert biller.get(f"{page.url}why/{name}/").status == 200
    for form in ("pdf", "ubl", "cii"):
        assert biller.file(f"{page.url}files/{form}/")[0] == 200
    assert note.number in biller.get("/credit-notes/", q="late").words
    assert note.number in biller.get(f"/invoices/{public('invoice', row.id)}/").words
    page = biller.post(f"/invoices/{public('invoice', row.id)}/void/", {"reason": "Wrong buyer"})
    assert "The invoice is void" in page.words
    assert invoice(row.id).status == "void"
    assert (
        "Cannot void this invoice: it is void"
        in biller.post(f"/invoices/{public('invoice', row.id)}/void/", {"reason": "Again"}).words
    )
    assert f"Invoice {row.number} is void" in biller.get(url).words
    assert Console("auditor").get(url).status == 403


def test_tax_rates_are_listed_and_put_on_file(shop: Shop) -> None:
    biller = Console("billing")
    assert "19" in biller.get("/tax-rates/").words
    new = {"country": "it", "category": "standard", "percent": "22", "since": "2020-01-01"}
    assert "The rate is on file" in biller.post("/tax-rates/new/", new).words
    assert rates_on(["IT"], TODAY) == {("IT", "standard"): Decimal(22)}
    assert "is on file already" in biller.post("/tax-rates/new/", new).words
    assert "Rate" in biller.post("/tax-rates/new/", new | {"percent": "x"}).words
    assert len(biller.get("/tax-rates/", q="it").all("//tbody/tr")) == 1
    assert Console("auditor").post("/tax-rates/new/", new).status == 403


def test_prices_with_tax_are_shown_beside_those_without(shop: Shop) -> None:
    row = ship_and_bill(shop, line("SENSOR-1", 3), customer_id=make_consumer(shop), currency="GBP")
    biller = Console("billing")
    page = biller.get(f"/invoices/{public('invoice', row.id)}/")
    assert "£9.99 with tax" in page.words
    assert "prices include tax" in page.words
    (order,) = {url for url in page.all("//a[starts-with(@href, '/orders/')]/@href") if url.startswith("/orders/ord_")}
    assert "£9.99 with tax" in Console("auditor").get(order).words
