"""People, webhooks and the outbox through the API, each outcome once."""

from typing import Any

import pytest

from cashline.kernel.identifiers import new_id, public
from cashline.platform import sql
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.people import queries
from cashline.platform.people.actions import NewUser, create_api_key, create_users
from cashline.platform.permissions.rules import ROLES, Grant
from tests.support.agree import make_customer
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, make_world
from tests.surfaces.api.test_root import codes, post

SCOPES = sorted(ROLES["owner"])


@pytest.fixture
def secret(db: Database) -> str:
    make_world()
    create_users([NewUser("olga@example.com", "Olga", grants=(Grant("owner"),))], now=NOW, actor=ACTOR)
    return create_api_key(name="test", scopes=SCOPES, now=NOW, actor=ACTOR)


def get(secret: str, address: str) -> Any:
    from django.test import Client

    return Client().get(address, headers={"Authorization": f"Bearer {secret}"})


def test_a_user_is_let_in_given_roles_and_shut_out(secret: str) -> None:
    body = {"email": "Sam@example.com", "name": "Sam", "grants": [{"role": "seller", "entity": "US01"}]}
    made = post(secret, "/v1/users", body)
    assert (made.status_code, made.json()["roles"], made.json()["joined"]) == (201, ["seller (US01)"], False)
    key = made.json()["id"]
    assert sql.fetch("SELECT kind FROM outbox") == [("invitation_mail",)]
    again = post(secret, "/v1/users", body)
    assert (again.status_code, codes(again)) == (409, [("email_taken", "email")])
    changed = post(secret, f"/v1/users/{key}/grants", {"grants": [{"role": "billing"}, {"role": "billing"}]})
    assert changed.json()["roles"] == ["billing"]
    assert get(secret, f"/v1/users/{key}").json()["grants"] == [{"role": "billing", "entity": None}]
    assert post(secret, f"/v1/users/{key}/invite", {}).status_code == 200
    assert post(secret, f"/v1/users/{key}/deactivate", {}).json()["active"] is False
    assert post(secret, f"/v1/users/{key}/invite", {}).status_code == 409
    assert post(secret, f"/v1/users/{key}/activate", {}).json()["active"] is True
    assert post(secret, f"/v1/users/{key}/remove-two-factor", {}).status_code == 200
    found = get(secret, "/v1/users?q=sam&kind=staff&state=invited&role=billing&sort=-email").json()
    assert [one["id"] for one in found["items"]] == [key]
    assert get(secret, f"/v1/users/{public('user', new_id())}").status_code == 404


def test_a_portal_user_belongs_to_a_customer_and_has_no_roles(secret: str) -> None:
    customer = public("customer", make_customer())
    made = post(secret, "/v1/users", {"email": "kai@nordlicht.example", "customer": customer})
    assert made.json()["customer"] == customer
    assert sql.fetch("SELECT payload ->> 'locale' FROM outbox") == [("de_DE",)]
    both = {"email": "kim@nordlicht.example", "customer": customer, "grants": [{"role": "seller"}]}
    assert codes(post(secret, "/v1/users", both)) == [("invalid_value", "grants")]
    stranger = {"email": "kim@nordlicht.example", "customer": public("customer", new_id())}
    assert post(secret, "/v1/users", stranger).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.com", "grants": [{"role": "king"}]}, "grants"),
        ({"email": "a@example.com", "grants": [{"role": "seller", "entity": "XX"}]}, "entity"),
        ({"email": "a@example.com", "password": "short"}, "password"),
        ({"email": "a@example.com", "king": True}, "king"),
    ],
)
def test_a_user_that_cannot_be_is_refused(secret: str, body: dict[str, Any], field: str) -> None:
    refused = post(secret, "/v1/users", body)
    assert (refused.status_code in (404, 422), codes(refused)[0][1]) == (True, field)
    assert sql.fetch_one("SELECT count(*) FROM users") == (1,)


def test_a_key_of_people_makes_no_owner_and_touches_none(secret: str) -> None:
    narrow = create_api_key(name="people", scopes=["people.read", "people.write"], now=NOW, actor=ACTOR)
    olga = public("user", queries.user_by_email("OLGA@example.com"))  # type: ignore[arg-type]
    owner = {"email": "eve@example.com", "grants": [{"role": "owner"}]}
    assert codes(post(narrow, "/v1/users", owner)) == [("not_grantable", "grants")]
    assert post(narrow, "/v1/users", {"email": "eve@example.com", "grants": [{"role": "seller"}]}).status_code == 201
    for step in ("deactivate", "invite", "remove-two-factor", "grants"):
        refused = post(narrow, f"/v1/users/{olga}/{step}", {"grants": []} if step == "grants" else {})
        assert (refused.status_code, codes(refused)) == (403, [("not_grantable", "grants")])
    wider = post(narrow, "/v1/api-keys", {"name": "wide", "scopes": ["ledger.close"]})
    assert (wider.status_code, codes(wider)) == (403, [("not_grantable", "scopes")])
    reader = create_api_key(name="reader", scopes=["people.read"], now=NOW, actor=ACTOR)
    assert post(reader, "/v1/users", {"email": "x@example.com"}).status_code == 403
    assert [one["role"] for one in get(reader, "/v1/roles").json()["items"]] == sorted(ROLES)


def test_an_endpoint_is_paused_and_resumed(secret: str) -> None:
    made = post(secret, "/v1/webhook-endpoints", {"url": "https://receiver.example/hooks"})
    key = made.json()["id"]
    assert post(secret, f"/v1/webhook-endpoints/{key}/pause", {}).json()["active"] is False
    assert post(secret, f"/v1/webhook-endpoints/{key}/resume", {}).json()["active"] is True
    listed = get(secret, "/v1/webhook-endpoints").json()["items"]
    assert [(one["id"], one["waiting"], "secret" in one) for one in listed] == [(key, 0, False)]
    assert post(secret, f"/v1/webhook-endpoints/{public('webhook_endpoint', new_id())}/pause", {}).status_code == 404


def test_an_interrupted_message_is_settled_by_a_person(secret: str) -> None:
    enqueue([OutboxMessage("invoice_mail", f"invoice_mail:{number}", {}) for number in range(2)], now=NOW)
    sql.execute("UPDATE outbox SET status = 'unknown'")
    first, second = [one["id"] for one in get(secret, "/v1/outbox?status=unknown").json()["items"]]
    assert post(secret, f"/v1/outbox/{first}/settle", {"was_sent": True}).json()["status"] == "sent"
    assert post(secret, f"/v1/outbox/{second}/settle", {"was_sent": False}).json()["status"] == "pending"
    refused = post(secret, f"/v1/outbox/{first}/settle", {"was_sent": False})
    assert (refused.status_code, codes(refused)) == (409, [("conflict", "id")])
    assert get(secret, f"/v1/outbox/{second}").json()["attempts"] == []
    assert sql.fetch("SELECT type FROM events WHERE starts_with(type, 'Outbox') ORDER BY id") == [
        ("OutboxMessageSettled",),
        ("OutboxMessageRequeued",),
    ]
