"""The console's pages of the books and reports: each shows its figures, and each figure leads to what it is made of."""

import json
from datetime import date

import pytest

from cashline.flow.recognise.ledger.queries.books import periods
from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.surfaces.cli import working
from tests.support.api import Api
from tests.support.console import Console
from tests.support.recognise import agreement_of
from tests.support.report import Traded, trade_a_little

pytestmark = pytest.mark.usefixtures("db")
APRIL = {"as_of": "2026-04-10"}


@pytest.fixture
def traded(db: object) -> Traded:
    return trade_a_little()


def test_ageing_leads_to_the_invoices_of_a_bucket(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get("/ageing/", **APRIL)
    assert "Ties" in page.words
    assert "Differs" not in page.words
    assert "Nordlicht Werke GmbH" in page.words
    links = page.all("//td//a[contains(@href, 'bucket=days_1_30')]/@href")
    assert links
    invoices = console.get(links[0])
    assert "1–30" in invoices.words
    assert invoices.all("//td//a[starts-with(@href, '/invoices/inv_')]")
    status, content, kind = console.file("/ageing/invoices/", as_of="2026-04-10", format="csv")
    assert (status, kind.split(";")[0]) == (200, "text/csv")
    [(count,)] = sql.fetch("SELECT count(*) FROM invoices WHERE open_amount > 0")
    assert len(content.decode().strip().splitlines()) == count + 1
    assert "By due day" in console.get("/ageing/", by="issued", **APRIL).words
    assert "Nobody owes anything" in console.get("/ageing/", as_of="2025-01-01").words
    for wrong in ("soon", "0001-01-01", "9999-12-31"):
        assert console.get("/ageing/", as_of=wrong).status == 422


def test_deferred_revenue_leads_to_the_lines_of_a_month(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get("/deferred-revenue/", until="2026-04-30")
    assert "Contract liabilities" in page.words
    assert "Still to earn" in page.words
    link, *_ = page.all("//td//a[contains(@href, 'day_from=2026-01-01')]/@href")
    lines = console.get(link)
    assert "Revenue AGR-DE01-2026-000001 2026-01" in lines.words
    [first, *_] = lines.all("//td//a[starts-with(@href, '/journal/jen_')]/@href")
    assert "Contract position" in console.get(first).words


def test_journal_is_found_by_rule_and_by_the_number_of_a_document(traded: Traded) -> None:
    console = Console("auditor")
    revenue = console.get("/journal/", rule="revenue")
    assert "Revenue AGR-DE01-2026-000001 2026-01" in revenue.words
    assert "Invoice INV" not in revenue.words
    [(number,)] = sql.fetch("SELECT number FROM invoices WHERE id = %s", (traded.invoices[0],))
    found = console.get("/journal/", q=number.lower())
    assert f"Invoice {number}" in found.words
    assert "Payment PAY-DE01" in found.words
    assert "Stock received" not in found.words
    assert "Trade receivables" in console.get("/trial-balance/", entity="DE01", **APRIL).words


def test_contract_shows_its_obligations_and_why_they_cost_what_they_do(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get(f"/revenue/{public('agreement', agreement_of(traded.discounted))}/")
    for words in ("Obligations", "Revenue by month", "€339.79", "€3,730.00"):
        assert words in page.words
    [why, *_] = page.all("//a[contains(@href, '/explain/obl_')]/@href")
    assert "stand_alone_total" in console.get(why).words.replace(" ", "_")


def test_month_is_closed_when_its_checks_are_done(traded: Traded) -> None:
    reader, closer = Console("auditor"), Console("revenue_accountant")
    months = reader.get("/periods/", entity="DE01")
    assert "Jan 2026" in months.words
    month = "/periods/DE01/2026-01/"
    page = reader.get(month)
    assert "What was delivered is billed" in page.words
    assert "The ageing is the receivables of the journal" in page.words
    assert page.all("//form[contains(@action, '/close/')]") == []
    assert reader.post(f"{month}close/").status == 403
    refused = closer.post(f"{month}close/")
    assert "Somebody has read the statements" in refused.words
    assert periods(traded.shop.world.berlin) == []
    assert "rates of the period" in closer.post(f"{month}revalue/").words
    assert "The task is signed" in closer.post(f"{month}sign/", {"task": "review"}).words
    assert "The owner is kept" in closer.post(f"{month}owner/", {"task": "bank", "owner": "Ada"}).words
    ready = closer.get(month)
    assert "Nothing stands in the way" in ready.words
    assert "Ada" in ready.words
    assert "The month is closed" in closer.post(f"{month}close/").words
    [row] = periods(traded.shop.world.berlin)
    assert (row.starts_on, row.ends_on, row.status) == (date(2026, 1, 1), date(2026, 2, 1), "closed")
    assert "Checked at the close: Revenue is recognised" in reader.get(month).words
    assert "it is closed" in closer.post(f"{month}close/").words
    assert "Say why" in closer.post(f"{month}reopen/").words
    assert "open again" in closer.post(f"{month}reopen/", {"reason": "A bill was missing"}).words
    assert "area is closed" in closer.post(f"{month}shut/", {"area": "stock", "soft": "1"}).words
    assert "Stock (soft-closed)" in reader.get("/periods/", entity="DE01").words
    assert "no area" in closer.post(f"{month}shut/", {"area": "moon"}).words
    for wrong in ("/periods/DE01/2026-13/", "/periods/XX99/2026-01/", "/periods/DE01/soon/"):
        assert reader.get(wrong).status == 404


def test_process_shows_times_dso_and_the_log(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get("/process/", days="1095")
    for words in ("Order to delivery", "Invoice to cash", "Nine in ten within", "DSO of DE01"):
        assert words in page.words
    assert console.get("/process/", days="nonsense").status == 200
    assert "days_sales_outstanding" in console.get("/process/dso/DE01/").text
    assert console.get("/process/dso/XX01/").status == 404
    status, content, kind = console.file("/process/events.jsonocel")
    assert (status, kind) == (200, "application/json")
    assert json.loads(content)["events"]


def test_chain_shows_every_document_and_event(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get(f"/chains/{public('order', traded.whole)}/")
    for words in ("ORD-DE01-2026-000001", "SHP-DE01-2026-000001", "INV-DE01-2026-000001", "Revenue recognised"):
        assert words in page.words
    assert console.get(f"/chains/{public('customer', traded.shop.customer)}/").status == 404


def test_health_is_checked_by_the_worker_when_asked_and_kept(traded: Traded) -> None:
    console = Console("auditor")
    page = console.get("/health/")
    assert "The open amount of an invoice is gross − credited − paid − written off" in page.words
    assert "Nothing is checked yet" in page.words
    running = console.post("/health/check/")
    assert "A check is running" in running.words
    assert "All laws hold" not in running.words
    working.snapshots()
    checked = console.get("/health/")
    assert "All laws hold" in checked.words
    assert "As of" in checked.words
    assert "A check is running" not in checked.words
    found = Api("auditor").get("/health/checks").body
    assert (found["requested_at"], found["result"]["sound"]) == (None, True)


def test_reports_are_held_to_the_entities_of_the_reader(traded: Traded) -> None:
    """Somebody of the American entity sees nothing of the German one."""
    console = Console("auditor", entity_id=traded.shop.world.boston)
    assert "Nordlicht" not in console.get("/ageing/", **APRIL).words
    for path in (
        "/periods/DE01/2026-01/",
        f"/chains/{public('order', traded.whole)}/",
        "/process/events.jsonocel",
        "/process/dso/DE01/",
    ):
        assert console.get(path).status in (403, 404), path
    assert console.get("/deferred-revenue/", entity="DE01").status == 404
