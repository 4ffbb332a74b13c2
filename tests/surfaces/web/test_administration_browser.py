"""The pages of administration in a real browser: accessible in both themes, and an invitation taken by a guest."""

from typing import TYPE_CHECKING

import pytest

from cashline.kernel.identifiers import public
from cashline.platform import sql
from cashline.platform.events.actions import seal_events
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.people.actions import NewUser, create_api_key, invite_users
from cashline.platform.people.invitations import invitation_token
from cashline.platform.permissions.rules import Grant
from cashline.platform.webhooks.actions import create_endpoint, enqueue_events
from tests.support.agree import make_customer
from tests.support.live import NOW, PASSWORD, dress, flaws_by_address, log_in
from tests.support.world import ACTOR, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Page


def make_administration() -> tuple[str, ...]:
    """Something of everything; the addresses to look at, the first of them an invitation."""
    world = make_world()
    sam = invite_users(
        [NewUser("sam@example.com", "Sam Okoro", grants=(Grant("seller", world.boston), Grant("billing")))],
        company="Cashline Demo GmbH",
        now=NOW,
        actor=ACTOR,
    )[0]
    customer = make_customer()
    create_api_key(name="ERP", scopes=["orders.write", "invoices.read"], now=NOW, actor=ACTOR)
    endpoint, _ = create_endpoint(url="https://receiver.example/hooks", event_types=[], now=NOW, actor=ACTOR)
    enqueue([OutboxMessage("invoice_mail", "invoice_mail:1", {"invoice_id": "x"})], now=NOW)
    sql.execute("UPDATE outbox SET status = 'unknown' WHERE kind = 'invoice_mail'")
    seal_events(now=NOW)
    sql.execute("UPDATE webhook_endpoints SET enqueued_through = 0")
    enqueue_events(now=NOW)

    def first(table: str, condition: str = "true") -> str:
        kind = {"api_keys": "api_key", "outbox": "outbox_message", "events": "event"}[table]
        return public(kind, sql.fetch(f"SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT 1")[0][0])

    return (
        f"account/invitation/{invitation_token(sam)}/",
        "people/",
        "people/portal/",
        "people/new/",
        f"people/new/portal/?customer={public('customer', customer)}",
        f"people/{public('user', sam)}/",
        f"people/{public('user', sam)}/roles/",
        "roles/",
        "api-keys/",
        "api-keys/new/",
        f"api-keys/{first('api_keys')}/",
        "webhooks/",
        "webhooks/new/",
        f"webhooks/{public('webhook_endpoint', endpoint)}/",
        "outbox/",
        f"outbox/{first('outbox', "status = 'unknown'")}/",
        "events/",
        f"events/{first('events')}/",
        "clock/",
    )


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible(page: "Page", site: str, theme: str, width: int) -> None:
    addresses = make_administration()
    dress(page, site, theme, width)
    log_in(page, site)
    assert flaws_by_address(page, site, addresses) == {}


def test_a_guest_takes_an_invitation_and_the_clock_goes_on(page: "Page", site: str) -> None:
    invitation = make_administration()[0]
    page.goto(f"{site}/{invitation}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    page.wait_for_url("**/login/")
    page.get_by_text("Your password is saved.").wait_for()
    log_in(page, site, "sam@example.com")
    page.context.clear_cookies()
    log_in(page, site)
    page.goto(f"{site}/clock/")
    page.get_by_role("button", name="Next week").click()
    page.get_by_text("The clock stands at Nov 28, 2026.").wait_for()
