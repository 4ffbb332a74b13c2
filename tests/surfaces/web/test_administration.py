"""The pages of administration: who may see them, what a form does once, and which secrets are shown once."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox
from cashline.platform.clock.queries import read_clock
from cashline.platform.events.actions import seal_events
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.people import queries
from cashline.platform.people.actions import NewUser, create_users
from cashline.platform.people.invitations import invitation_token
from cashline.platform.people.models import User
from cashline.platform.permissions.rules import Grant
from cashline.platform.webhooks.actions import create_endpoint, enqueue_events
from tests.support.agree import make_customer
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, World, make_world

PASSWORD = "seven green lanterns"
LISTS = ("people/", "people/portal/", "roles/", "api-keys/", "webhooks/", "outbox/", "events/", "clock/")


def client_of(key: UUID) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=key), "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def world(db: Database) -> World:
    make_sandbox(frozen_at=NOW)
    return make_world()


@pytest.fixture
def owner(world: World) -> Client:
    new = NewUser("olga@example.com", "Olga Owner", PASSWORD, (Grant("owner"),))
    return client_of(create_users([new], now=NOW, actor=ACTOR)[0])


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def said(client: Client, answer: Any) -> str:
    """The page that a step leads to, which says once what came of it."""
    assert answer.status_code == 302, text_of(answer)
    return text_of(client.get(answer["Location"]))


def test_each_list_opens_for_who_may_see_it_and_for_nobody_else(owner: Client) -> None:
    seller, stranger = create_users(
        [
            NewUser("sam@example.com", "Sam", PASSWORD, (Grant("seller"),)),
            NewUser("kai@nordlicht.example", "Kai", PASSWORD, customer_id=make_customer()),
        ],
        now=NOW,
        actor=ACTOR,
    )
    assert [owner.get(f"/{one}").status_code for one in LISTS] == [200] * len(LISTS)
    assert client_of(seller).get("/api-keys/").status_code == 403
    assert client_of(seller).get("/people/new/").status_code == 403
    for one in LISTS:
        assert Client().get(f"/{one}")["Location"] == f"/login/?next=/{one}"
        assert client_of(stranger).get(f"/{one}")["Location"] == "/portal/"
    for path in ("people/usr_x/", f"people/{public('user', new_id())}/", "events/evt_1/", "outbox/x/", "webhooks/x/"):
        assert owner.get(f"/{path}").status_code == 404


def test_a_colleague_is_invited_once_and_chooses_a_password(owner: Client, world: World) -> None:
    form = {
        "email": "sam@example.com",
        "name": "Sam Okoro",
        "grants-0-role": "seller",
        "grants-0-entity": "US01",
        "grants-1-role": "auditor",
        "grants-1-entity": "",
        "idempotency_key": "k1",
    }
    first, again = owner.post("/people/new/", form), owner.post("/people/new/", form)
    assert first["Location"] == again["Location"]
    assert "The invitation is on its way." in said(owner, again)
    key = queries.user_by_email("sam@example.com")
    assert key is not None
    assert set(queries.grants_of(key)) == {Grant("auditor"), Grant("seller", world.boston)}
    assert sql.fetch_one("SELECT count(*) FROM outbox") == (1,)
    taken = owner.post("/people/new/", form | {"idempotency_key": "k2"})
    assert "There is a user sam@example.com already." in text_of(taken)
    wrong = text_of(owner.post("/people/new/", {"email": "nobody", "grants-0-role": "king"}))
    assert "There are 3 things to mend" in wrong

    guest, address = Client(), f"/account/invitation/{invitation_token(key)}/"
    assert "Sam Okoro" in text_of(guest.get(address))
    assert "This password is too short" in text_of(guest.post(address, {"password": "short", "again": "short"}))
    assert "not the same" in text_of(guest.post(address, {"password": PASSWORD, "again": PASSWORD + "x"}))
    chosen = guest.post(address, {"password": PASSWORD, "again": PASSWORD})
    assert chosen["Location"] == "/login/"
    assert guest.get(address).status_code == 404
    assert guest.login(email="sam@example.com", password=PASSWORD)


def test_a_customers_person_is_invited_from_the_customer(owner: Client) -> None:
    customer = public("customer", make_customer())
    assert "Nordlicht Werke GmbH" in text_of(owner.get(f"/people/new/portal/?customer={customer}"))
    assert "Nordlicht Werke GmbH" in text_of(owner.get("/people/customers/?q=nordl"))
    form = {"email": "kai@nordlicht.example", "name": "Kai", "customer": customer}
    assert "Nordlicht Werke GmbH" in said(owner, owner.post("/people/new/portal/", form))
    unknown = form | {"email": "kim@nordlicht.example", "customer": public("customer", new_id())}
    assert "There is no customer" in text_of(owner.post("/people/new/portal/", unknown))


def test_roles_change_and_access_ends_and_comes_back(owner: Client, world: World) -> None:
    key = create_users([NewUser("sam@example.com", "Sam", PASSWORD, (Grant("seller"),))], now=NOW, actor=ACTOR)[0]
    address = f"/people/{public('user', key)}/"
    sam = client_of(key)
    changed = owner.post(f"{address}roles/", {"grants-0-role": "billing", "grants-0-entity": "DE01"})
    assert "The roles are saved" in said(owner, changed)
    assert queries.grants_of(key) == (Grant("billing", world.berlin),)
    assert "Their access has ended." in said(owner, owner.post(f"{address}deactivate/"))
    assert sam.get("/people/")["Location"].startswith("/login/")
    assert "Let in again" in text_of(owner.get(address))
    assert "They can log in again." in said(owner, owner.post(f"{address}activate/"))
    assert "A link to choose a password" in said(owner, owner.post(f"{address}invite/"))
    assert "The second factor is removed." in said(owner, owner.post(f"{address}remove-two-factor/"))
    olga = queries.user_by_email("olga@example.com")
    assert olga is not None
    own = f"/people/{public('user', olga)}/"
    assert "You cannot end your own access." in said(owner, owner.post(f"{own}deactivate/"))
    assert "The company needs an owner." in text_of(owner.post(f"{own}roles/", {"grants-0-role": "auditor"}))
    assert owner.get(f"{address}deactivate/").status_code == 405


def test_an_administrator_touches_no_owner(owner: Client) -> None:
    key = create_users([NewUser("ada@example.com", "", PASSWORD, (Grant("administrator"),))], now=NOW, actor=ACTOR)[0]
    ada, olga = client_of(key), queries.user_by_email("olga@example.com")
    assert olga is not None
    address = f"/people/{public('user', olga)}/"
    for step in ("deactivate", "invite", "remove-two-factor"):
        assert "Only an owner makes or unmakes an owner." in said(ada, ada.post(f"{address}{step}/"))
    made = ada.post("/people/new/", {"email": "eve@example.com", "name": "Eve", "grants-0-role": "owner"})
    assert "Only an owner makes or unmakes an owner." in text_of(made)
    key_form = {"name": "wide", "scopes_ledger": "ledger.close"}
    assert "A key cannot do more than its maker" in text_of(ada.post("/api-keys/new/", key_form))
    assert sql.fetch("SELECT 1 FROM api_keys") == []


def test_the_secret_of_a_key_is_shown_once(owner: Client) -> None:
    form = {"name": "ERP", "role": "auditor", "scopes_orders": "orders.write", "entity": "DE01", "idempotency_key": "k"}
    made = owner.post("/api-keys/new/", form)
    secret = re.search(r"ck_[0-9a-f]{48}", text_of(made))
    assert (secret is not None, made["Cache-Control"]) == (True, "no-store")
    again = owner.post("/api-keys/new/", form)
    assert "the key was made once" in said(owner, again)
    assert sql.fetch_one("SELECT count(*) FROM api_keys") == (1,)
    page = text_of(owner.get(again["Location"]))
    assert secret is not None
    assert secret[0] not in page
    assert "The key is revoked." in said(owner, owner.post(f"{again['Location']}revoke/"))
    assert sql.fetch("SELECT revoked_at FROM api_keys") == [(NOW,)]
    assert "Choose a role" in text_of(owner.post("/api-keys/new/", {"name": "empty"}))


def test_an_endpoint_is_subscribed_rotated_paused_and_sent_to_again(owner: Client) -> None:
    made = owner.post("/webhooks/new/", {"url": "https://receiver.example/hooks", "types_user": "UserCreated"})
    first = re.search(r"whsec_[\w+/=]+", text_of(made))
    assert first is not None
    row = sql.fetch_one("SELECT id, event_types FROM webhook_endpoints")
    assert row is not None
    address = f"/webhooks/{public('webhook_endpoint', row[0])}/"
    rotated = owner.post(f"{address}rotate-secret/", {"idempotency_key": "r"})
    second = re.search(r"whsec_[\w+/=]+", text_of(rotated))
    assert second is not None
    assert second[0] != first[0]
    assert "the secret was made once" in said(owner, owner.post(f"{address}rotate-secret/", {"idempotency_key": "r"}))
    assert second[0] not in text_of(owner.get(address))
    assert "The endpoint is paused." in said(owner, owner.post(f"{address}pause/"))
    assert "catches up" in said(owner, owner.post(f"{address}resume/"))
    assert "0 events are sent again." in said(owner, owner.post(f"{address}replay/", {"after": "0", "through": "5"}))
    assert "not a number" in said(owner, owner.post(f"{address}replay/", {"after": "x", "through": "5"}))
    assert "goes to an http or https address" in text_of(owner.post("/webhooks/new/", {"url": "ftp://x"}))


def test_a_message_is_settled_on_its_page(owner: Client) -> None:
    enqueue([OutboxMessage("invoice_mail", "invoice_mail:1", {"invoice_id": "x"})], now=NOW)
    sql.execute("UPDATE outbox SET status = 'unknown'")
    row = sql.fetch_one("SELECT id FROM outbox")
    assert row is not None
    address = f"/outbox/{public('outbox_message', row[0])}/"
    assert "Sending was interrupted" in text_of(owner.get(address))
    settled = owner.post(f"{address}settle/", {"was_sent": "1", "idempotency_key": "a"})
    assert "It is kept as sent." in said(owner, settled)
    late = owner.post(f"{address}settle/", {"was_sent": "", "idempotency_key": "b"})
    assert "somebody was quicker" in said(owner, late)
    assert sql.fetch("SELECT status FROM outbox") == [("sent",)]
    assert "Invoice mail" in text_of(owner.get("/outbox/?status=sent&q=invoice"))


def test_events_are_found_by_type_words_day_and_document(owner: Client) -> None:
    customer = make_customer()
    row = sql.fetch_one("SELECT id FROM events WHERE type = 'CustomerCreated'")
    assert row is not None
    key, day = public("event", row[0]), NOW.date().isoformat()
    for query in (
        "type=CustomerCreated",
        "q=customercreated",
        f"q={public('customer', customer)}",
        f"type=CustomerCreated&time_from={day}&time_to={day}",
    ):
        assert key in text_of(owner.get(f"/events/?{query}")), query
    assert key not in text_of(owner.get("/events/?type=CustomerCreated&time_from=2030-01-01"))
    assert "Not sealed yet" in text_of(owner.get(f"/events/{key}/"))
    assert public("customer", customer) in text_of(owner.get(f"/events/{key}/"))
    assert owner.get("/events/?format=csv").status_code == 200


def test_a_sealed_event_names_its_block(committed_db: Database) -> None:
    new = NewUser("olga@example.com", "", PASSWORD, (Grant("owner"),))
    key = create_users([new], now=NOW, actor=ACTOR)[0]
    create_endpoint(url="https://receiver.example/hooks", event_types=[], now=NOW, actor=ACTOR)
    seal_events(now=NOW)
    sql.execute("UPDATE webhook_endpoints SET enqueued_through = 0")
    assert enqueue_events(now=NOW) == 2
    owner = client_of(key)
    rows = sql.fetch("SELECT id FROM events ORDER BY id")
    row = sql.fetch_one("SELECT hash FROM event_blocks")
    assert row is not None
    assert row[0] in text_of(owner.get(f"/events/{public('event', rows[0][0])}/"))
    endpoint = sql.fetch("SELECT id FROM webhook_endpoints")[0][0]
    assert "WebhookEndpointCreated" in text_of(owner.get(f"/webhooks/{public('webhook_endpoint', endpoint)}/"))


def test_a_sandbox_goes_forward_by_days_and_never_back(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cashline.surfaces.web.administration.clock.STRIDE_SECONDS", 600.0)
    gone = owner.post("/clock/advance/", {"from": "2026-01-15", "to": "2026-01-17"})
    assert "The clock stands at Jan 17, 2026." in said(owner, gone)
    assert read_clock().now.isoformat() == "2026-01-17T12:00:00+00:00"
    for wrong in (
        {"from": "2026-01-17", "to": "2026-01-16"},
        {"from": "2026-01-17", "to": "x"},
        {"from": "2026-01-17"},
    ):
        assert read_clock().now.date().isoformat() == "2026-01-17"
        assert "toast" in said(owner, owner.post("/clock/advance/", {"from": "2026-01-17", **wrong}))
    far = said(owner, owner.post("/clock/advance/", {"from": "2026-01-17", "to": "2036-01-17"}))
    assert "three years at a time" in far
    part = owner.post("/clock/advance/", {"from": "2026-01-17", "to": "2026-01-18"}, headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, "/clock/")


def test_a_long_way_is_gone_in_strides(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cashline.surfaces.web.administration.clock.STRIDE_SECONDS", 0.0)
    headers = {"HX-Request": "true", "HX-Target": "clock"}
    part = owner.post("/clock/advance/", {"from": "2026-01-15", "to": "2026-01-20"}, headers=headers)
    assert 'hx-trigger="load, submit"' in text_of(part)
    assert "1/5" in text_of(part)
    assert read_clock().now.date().isoformat() == "2026-01-16"


def test_a_live_clock_is_not_moved(db: Database) -> None:
    new = NewUser("olga@example.com", "", PASSWORD, (Grant("owner"),))
    owner = client_of(create_users([new], now=NOW, actor=ACTOR)[0])
    assert "This clock cannot be moved" in text_of(owner.get("/clock/"))
    today = read_clock().today().isoformat()
    refused = owner.post("/clock/advance/", {"from": today, "to": "2099-01-01"})
    assert "three years" in said(owner, refused)
    assert "sandbox" in said(owner, owner.post("/clock/release/"))
