"""One thread in a real browser, worked by the people whose work it is: from a quote to recognised cash.

Each of them logs in and does their part on the pages that they have; the figures that they see are those that a pencil
gives. Nothing is done behind the pages but the worker's minute, which a process of its own does elsewhere.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cashline.flow.report.health.queries import verify
from cashline.flow.schedule import FIGURES, run_minute
from cashline.platform import sql
from cashline.platform.clock.queries import read_clock
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.permissions.rules import Grant
from cashline.platform.snapshots.actions import refresh_snapshots
from tests.support.bank_files import Entry, camt
from tests.support.live import PASSWORD, log_in
from tests.support.portal import speak_english
from tests.support.receive import GOOD, make_receiving_shop
from tests.support.world import NOW, TODAY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytest_plugins = ["tests.support.live"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]
PEOPLE = {
    "sam": "seller",
    "dana": "deal_desk",
    "otto": "order_desk",
    "finn": "fulfilment",
    "bea": "billing",
    "carl": "collections",
    "ada": "revenue_accountant",
}
BUYER = "buyer@nordlicht.example"
LINES = (("sens", "Vibration sensor", "10"), ("plat", "Monitoring platform Pro", "4"), ("inst", "On-site", "1"))
"""What is typed to find a product, its name, and how many."""


@pytest.fixture
def apart() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Runs what is not a page's in a thread of its own, away from the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work: pool.submit(work).result()


@dataclass(frozen=True)
class Company:
    """Where it is, the browser, and the thread for what is not a page's."""

    site: str
    page: "Page"
    apart: Callable[[Callable[[], Any]], Any]

    def enter(self, name: str) -> None:
        """Log in as one of the people, in a fresh session."""
        self.page.context.clear_cookies()
        log_in(self.page, self.site, BUYER if name == "buyer" else f"{name}@example.com")

    def go(self, place: str) -> None:
        self.page.goto(f"{self.site}/{place}")

    def open(self, words: str) -> None:
        """Follow the first link of the page that holds those words."""
        self.page.locator("main").get_by_role("link", name=words).first.click()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).first.click()

    def ask(self, button: str, **fields: str) -> None:
        """Take a step that asks in a dialog first."""
        self.press(button)
        dialog = self.page.locator("dialog[open]")
        for label, value in fields.items():
            dialog.get_by_label(label.replace("_", " ")).fill(value)
        dialog.get_by_role("button", name=button, exact=True).click()
        dialog.wait_for(state="detached")

    def choose(self, field: str, typed: str, name: str) -> None:
        """Type into a field that looks its values up, and take one of those found."""
        self.page.locator(f"#{field}").fill(typed)
        self.page.locator(f"#{field}-list").get_by_role("option", name=name).click()

    def says(self, *sentences: str) -> None:
        for sentence in sentences:
            self.page.get_by_text(sentence).locator("visible=true").first.wait_for()

    def shows(self, place: "Locator", *words: str) -> None:
        """Wait until a part of the page holds each of those words."""
        from playwright.sync_api import expect

        for one in words:
            expect(place).to_contain_text(one, timeout=15_000)

    def state(self, word: str) -> None:
        """The document is in that state, and says so in its head."""
        self.shows(self.page.locator("#document .pill").first, word)

    def minute(self) -> None:
        """The worker's minute: steps, runs, mails."""
        self.apart(lambda: run_minute(now=read_clock().now))

    def figures(self) -> None:
        """What the worker sums beside its other work."""
        self.apart(lambda: refresh_snapshots(FIGURES, now=read_clock().now))


@pytest.fixture
def company(site: str, page: "Page", apart: Callable[[Callable[[], Any]], Any]) -> Company:
    """A company with stock, prices, taxes, its people and a customer with a buyer in the portal."""

    def make() -> None:
        sql.execute("UPDATE clock SET frozen_at = %s", (NOW,))
        shop = make_receiving_shop()
        people = [
            NewUser(f"{name}@example.com", name.title(), PASSWORD, (Grant(role),)) for name, role in PEOPLE.items()
        ]
        buyer = NewUser(BUYER, "Bo Buyer", PASSWORD, customer_id=shop.customer)
        create_users([*people, buyer], now=NOW, actor="system")
        speak_english(shop.customer)

    apart(make)
    page.set_default_timeout(15_000)
    return Company(site, page, apart)


def test_from_a_quote_to_recognised_cash(company: Company, tmp_path: Path) -> None:
    quote(company)
    approve_and_send(company)
    accept_and_sign(company)
    ship(company)
    install(company)
    bill(company)
    pay_by_card(company)
    pay_by_transfer(company, tmp_path)
    recognise(company)
    report(company)
    assert company.apart(lambda: verify(whole=True)).first_break is None


def quote(at: Company) -> None:
    """10 sensors, 4 platforms a month for a year and a set-up: 4,442.00 list, 20 % off is more than Sam may give."""
    at.enter("sam")
    at.page.keyboard.press("n")
    at.page.wait_for_url("**/quotes/new/")
    at.choose("f-customer", "nordl", "Nordlicht Werke GmbH")
    at.page.locator("#f-title").fill("Monitoring of hall 4")
    for place, (typed, name, quantity) in enumerate(LINES):
        if place:
            at.press("Add a line")
        at.choose(f"f-lines-{place}-sku", typed, name)
        at.page.locator(f"#f-lines-{place}-quantity").fill(quantity)
    at.page.locator("#f-discount_percent").fill("20")
    at.shows(at.page.locator("#form-preview"), "€4,442.00", "€3,553.60", "€156.80", "beyond your authority of 10 %")
    at.press("Save the draft")
    at.page.wait_for_url("**/quotes/quo_*/")
    at.press("Request approval")
    at.state("In approval")


def approve_and_send(at: Company) -> None:
    """Dana finds it at home, looks what it will bring and approves; Sam sends it."""
    at.enter("dana")
    at.open("Look")
    at.open("QUO-DE01-2026-000001")
    at.open("€1,881.60")
    at.shows(at.page.locator("#drawer-body"), "Monitoring platform Pro", "€1,881.60")
    at.page.keyboard.press("Escape")
    at.open("Forecast")
    at.says("€2,176.27", "€186.59")
    at.page.go_back()
    at.ask("Approve", Comment="For the reference.")
    at.state("Approved")
    at.enter("sam")
    at.go("quotes/")
    at.open("QUO-DE01-2026-000001")
    at.ask("Send")
    at.state("Sent")


def accept_and_sign(at: Company) -> None:
    """The buyer accepts the offer, signs the contract that comes of it, and sees the order."""
    at.enter("buyer")
    at.open("Quote QUO-DE01-2026-000001")
    at.open("Accept")
    at.press("Accept the offer")
    at.page.wait_for_url("**/sign/**")
    at.page.get_by_label("Type your name to sign").fill("Bo Buyer")
    at.page.locator("#f-consent").check()
    at.press("Sign the contract")
    at.says("All have signed: the contract is in force.")
    at.page.get_by_role("link", name="To the portal").click()
    at.open("ORD-DE01-2026-000001")
    at.shows(at.page.locator("main"), "Under way", "€3,553.60")


def ship(at: Company) -> None:
    """The worker has activated the platform; Finn picks the sensors and sends them on their way."""
    at.minute()
    at.enter("finn")
    at.go("orders/")
    at.open("ORD-DE01-2026-000001")
    at.shows(at.page.locator(".thread"), "QUO-DE01-2026-000001", "AGR-DE01-2026-000001", "SUB-DE01-2026-000001")
    at.go("fulfilment/")
    at.page.locator("tbody input[type=checkbox]").first.check()
    at.press("Pick")
    at.state("Picking")
    at.ask("Ship", Carrier="DHL", Tracking_number="JD0001")
    at.state("Shipped")
    at.says("JD0001")
    at.minute()


def install(at: Company) -> None:
    """Goods are there: Finn schedules the installation and does it; the buyer accepts it in the portal."""
    at.go("installations/")
    at.open("INST-DE01-2026-000001")
    at.ask("Schedule", Day=str(TODAY), Technician="Ada")
    at.state("Scheduled")
    at.ask("Work is done")
    at.enter("buyer")
    at.open("Work on site INST-DE01-2026-000001")
    at.ask("Accept the work")
    at.shows(at.page.locator("main"), "Accepted", "Bo Buyer")


def bill(at: Company) -> None:
    """712.00 of goods, 960.00 of service and the first 156.80 month: 1,828.80 and 19 %; the run does what it showed."""
    at.enter("bea")
    at.go("bill-runs/new/")
    at.shows(at.page.locator("#form-preview"), "€1,828.80", "€347.47", "€2,176.27")
    at.press("Begin the run")
    at.page.wait_for_url("**/bill-runs/run_*/")
    at.minute()
    at.state("Completed")
    at.go("invoices/")
    at.open("INV-DE01-2026-000001")
    at.shows(at.page.locator(".summary"), "€1,828.80", "€347.47", "€2,176.27")
    at.open("€712.00")
    at.shows(at.page.locator("#drawer-body"), "10 × €71.20 was delivered: €712.00.")
    at.page.keyboard.press("Escape")
    paper = at.page.locator(".downloads").get_by_role("link", name="PDF").get_attribute("href")
    assert b"/AFRelationship" in at.page.request.get(f"{at.site}{paper}").body(), "it carries no e-invoice"


def pay_by_card(at: Company) -> None:
    """The buyer pays 1,000.00 of it by card."""
    at.enter("buyer")
    at.open("Invoice INV-DE01-2026-000001")
    at.page.locator("main").get_by_role("link", name="Pay", exact=True).click()
    at.page.locator("#f-amount").fill("1000")
    at.page.get_by_label("Card number").fill(GOOD)
    at.press("Pay now")
    at.says("Thank you: the payment has arrived.")
    at.open("To the invoice")
    at.shows(at.page.locator(".summary"), "€1,176.27")


def pay_by_transfer(at: Company, folder: Path) -> None:
    """The rest stands on a bank statement; importing that again books nothing."""
    file = folder / "january.xml"
    file.write_bytes(camt(Entry("1176.27", "INV-DE01-2026-000001", name="Nordlicht Werke GmbH")))
    at.enter("carl")
    for sentence in ("1 applied", "Nothing is new"):
        at.go("bank/import/")
        at.page.locator("input[type=file]").set_input_files(file)
        at.press("Import and match")
        at.says(sentence)
    at.go("invoices/")
    at.open("INV-DE01-2026-000001")
    at.state("Settled")


def recognise(at: Company) -> None:
    """Earned in January: 712.00, 960.00 and 17 of 365 days of 1,881.60, which are 87.64."""
    at.enter("ada")
    at.go("revenue/")
    at.ask("Recognise", Through_the_end_of="2026-01-31")
    at.shows(at.page.locator("tbody"), "€712.00", "€87.64", "€960.00")
    at.open("AGR-DE01-2026-000001")
    at.shows(at.page.locator(".summary"), "€3,553.60", "€1,759.64")
    at.go("journal/")
    at.page.locator("tbody tr", has_text="Revenue AGR-DE01-2026-000001").get_by_role("link").first.click()
    at.page.wait_for_url("**/journal/*/")
    at.shows(at.page.locator("main"), "€1,759.64")
    at.go("deferred-revenue/")
    at.shows(at.page.locator("main"), "€69.16")


def report(at: Company) -> None:
    """Nobody owes anything, the accounts balance, the laws hold, and the whole thread is on one page."""
    at.go("ageing/")
    at.says("Nobody owes anything.")
    at.go("trial-balance/")
    receivable = at.page.locator("tbody tr", has_text="Trade receivables")
    at.shows(receivable, "€2,176.27", "€0.00")
    at.go("invoices/")
    at.open("INV-DE01-2026-000001")
    at.open("The whole thread")
    at.says("9 documents")
    at.shows(at.page.locator(".timeline"), "Quote sent", "Signature given", "Shipment shipped", "Revenue recognised")
    at.go("health/")
    at.press("Check now")
    at.says("The check is on its way.")
    at.figures()
    at.go("health/")
    at.says("All laws hold.")
