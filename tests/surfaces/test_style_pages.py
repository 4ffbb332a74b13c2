"""The console in a real browser: every kind of page reads well in both themes and can be worked by keyboard."""

from typing import TYPE_CHECKING

import pytest

from tests.support.live import SHIFT, dress, flaws_by_address, log_in, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = (
    "",
    "board/",
    "list/",
    "document/",
    "document/?kind=order",
    "form/?errors=1",
    "upload/",
    "derivation/",
    "refusal/",
)
OTHER_FRAMES = ("login/", "portal/")


def test_a_text_that_is_hard_to_read_is_found(page: "Page") -> None:
    page.set_content(
        "<!doctype html><html lang=en><title>Pale</title><style>p::before { content: ''; background: #000 }</style>"
        "<main><h1>Pale</h1><p style='color: #bbb; background: #fff'>Who can read this?</p></main></html>"
    )
    (found,) = violations(page)
    assert found.startswith("color-contrast: p ")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_every_page_is_accessible(page: "Page", site: str, theme: str, width: int) -> None:
    dress(page, site, theme, width)
    log_in(page, site)
    page.goto(f"{site}/styleguide/")
    assert page.locator("html").get_attribute("data-theme") == theme
    assert flaws_by_address(page, site, [f"styleguide/{name}" for name in PAGES + OTHER_FRAMES]) == {}


def test_the_log_in_is_accessible_and_refuses_a_wrong_password(page: "Page", site: str) -> None:
    page.goto(f"{site}/login/")
    assert violations(page) == []
    page.get_by_label("Email").fill("owner@example.com")
    page.get_by_label("Password").fill("not the pass phrase")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
    log_in(page, site)
    page.goto(f"{site}/account/2fa/")
    assert violations(page) == []


def test_a_list_is_filtered_sorted_and_walked_by_keyboard(page: "Page", site: str) -> None:
    log_in(page, site)
    page.goto(f"{site}/styleguide/list/")
    rows = page.locator("tbody tr")
    assert rows.count() == 25
    page.keyboard.press("/")
    page.keyboard.type("nordlicht")
    page.wait_for_url("**/list/?q=nordlicht")
    page.locator(".chip").wait_for()
    assert rows.count() == 18
    assert page.evaluate("document.activeElement.name") == "q"
    page.get_by_role("link", name="Open", exact=True).last.click()
    page.wait_for_url("**/list/?q=nordlicht&sort=-open")
    page.locator("summary", has_text="State").click()
    page.get_by_label("Paid", exact=True).check()
    page.wait_for_url("**state=paid**")
    assert "sort=-open" in page.url
    page.go_back()
    page.wait_for_url("**/list/?q=nordlicht&sort=-open")
    page.locator(".side").wait_for()
    assert rows.count() == 18
    page.locator("h1").click()
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    assert page.locator("[data-bulk]").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/styleguide/document/**")


def test_a_document_explains_asks_and_says_why_not(page: "Page", site: str) -> None:
    log_in(page, site)
    page.goto(f"{site}/styleguide/document/")
    page.locator(".summary a.explain").first.click()
    page.locator("#drawer .derivation").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Credit").click()
    assert page.get_by_role("dialog", name="Credit").is_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Void").click()
    assert page.get_by_role("dialog", name="Void").is_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remind").click(force=True)
    assert page.locator(".toast").inner_text() == "It is not overdue before December 20."


def test_the_palette_finds_places_and_remembers_them(page: "Page", site: str) -> None:
    log_in(page, site)
    page.goto(f"{site}/styleguide/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("no place is called this")
    page.get_by_text("Nothing is called that.").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard").is_visible()


def test_a_form_tells_all_its_errors_and_looks_values_up(page: "Page", site: str) -> None:
    log_in(page, site)
    page.goto(f"{site}/styleguide/form/")
    page.get_by_role("button", name="Add a line").click()
    assert page.locator("[data-lines] tbody tr").count() == 3
    page.get_by_role("button", name="Remove line").first.click()
    assert page.locator("[data-lines] tbody tr").count() == 2
    page.get_by_role("combobox", name="Customer").fill("nord")
    page.get_by_role("option", name="Nordlicht").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("input[name=customer]").input_value() == "cus_0"
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_text("There are 3 things to mend").wait_for()
    assert page.evaluate("document.activeElement.id") == "errors"


def test_a_theme_is_kept_and_nothing_moves_while_charts_load(page: "Page", site: str) -> None:
    log_in(page, site)
    page.goto(f"{site}/styleguide/board/")
    page.locator(".user").click()
    page.get_by_title("Dark").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator(".chart.drawn").first.wait_for()
    shift = page.evaluate(SHIFT)
    assert shift == 0


def test_the_api_is_described_on_a_page_of_our_own(page: "Page", site: str) -> None:
    page.goto(f"{site}/v1/docs")
    page.locator(".opblock").first.wait_for()
    assert page.locator(".opblock").count() > 200
