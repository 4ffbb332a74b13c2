"""The root of the API: who may call, one effect for one key, one error shape, no floats."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cashline.platform import sql
from cashline.platform.people.actions import NewUser, create_api_key, create_users, revoke_api_key
from cashline.platform.people.queries import list_api_keys
from cashline.platform.permissions.rules import ROLES, Grant
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, make_world

SCOPES = sorted(ROLES["owner"])
ENTITY = {"code": "FR01", "name": "Cashline SARL", "country": "FR", "currency": "EUR", "timezone": "Europe/Paris"}


def post(secret: str, address: str, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers |= {"Authorization": f"Bearer {secret}"}
    return Client().post(address, content, content_type="application/json", headers=headers)


@pytest.fixture
def secret(committed_db: Database) -> str:
    make_world()
    return create_api_key(name="test", scopes=SCOPES, now=NOW, actor=ACTOR)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["code"], error.get("field", "")) for error in answer.json()["errors"]]


def test_a_call_without_a_valid_key_is_refused(secret: str) -> None:
    assert Client().get("/v1/entities").status_code == 401
    for wrong in ("ck_", "ck_" + "0" * 48, secret[:-1] + "x", secret + "x"):
        assert Client().get("/v1/entities", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    assert Client().get("/v1/entities", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    revoke_api_key(key_id=list_api_keys()[0].id, now=NOW, actor=ACTOR)
    assert Client().get("/v1/entities", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("address", "status", "code", "field"),
    [
        ("/v1/entities/%00/renewal-notices", 404, "not_found", ""),
        ("/v1/customers?limit=5&q=a%00b", 422, "invalid_value", "q"),
        ("/v1/search?q=%00", 422, "invalid_value", "q"),
    ],
)
def test_no_address_holds_a_nul(secret: str, address: str, status: int, code: str, field: str) -> None:
    answer = Client().get(address, headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, codes(answer)) == (status, [(code, field)])


def test_a_key_does_only_what_its_scopes_say(secret: str) -> None:
    narrow = create_api_key(name="narrow", scopes=["platform.read"], now=NOW, actor=ACTOR)
    refused = post(narrow, "/v1/entities", ENTITY)
    assert refused.status_code == 403
    assert codes(refused) == [("forbidden", "")]
    assert sql.fetch_one("SELECT count(*) FROM legal_entities") == (2,)


def test_one_key_has_one_effect_and_one_answer(secret: str) -> None:
    first = post(secret, "/v1/entities", ENTITY, **{"Idempotency-Key": "a"})
    again = post(secret, "/v1/entities", ENTITY, **{"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    other = post(secret, "/v1/entities", ENTITY | {"code": "FR02"}, **{"Idempotency-Key": "a"})
    assert other.status_code == 409
    assert codes(other) == [("idempotency_key_reused", "Idempotency-Key")]


def test_racing_requests_with_one_key_have_one_effect(secret: str) -> None:
    def knock(_: int) -> tuple[int, bytes]:
        try:
            answer = post(secret, "/v1/entities", ENTITY, **{"Idempotency-Key": "race"})
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=12) as pool:
        answers = set(pool.map(knock, range(24)))
    assert len(answers) == 1
    assert sql.fetch_one("SELECT count(*) FROM legal_entities") == (3,)


def test_a_refused_request_changes_nothing_and_its_key_can_be_used_again(secret: str) -> None:
    refused = post(secret, "/v1/entities", ENTITY | {"timezone": "Mars/Olympus"}, **{"Idempotency-Key": "b"})
    assert refused.status_code == 422
    assert codes(refused) == [("invalid_value", "timezone")]
    assert post(secret, "/v1/entities", ENTITY, **{"Idempotency-Key": "b"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"code": NaN}', "body"),
        (b'{"code": 1, "code": 2}', "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 50_000, "body"),
        (b'{"code": "A\\u0000"}', "body"),
        (b'{"code": "FR01", "name": "x", "country": "France", "currency": "eur"}', "country"),
        (b'{"code": "FR01", "name": "x", "country": "FR", "currency": "EUR", "colour": "red"}', "colour"),
        (b'{"code": "FR01", "name": "x", "country": "FR", "currency": "XYZ"}', "currency"),
    ],
)
def test_bad_bodies_get_a_code_and_a_field(secret: str, body: bytes, field: str) -> None:
    refused = post(secret, "/v1/entities", body)
    assert 400 <= refused.status_code < 500, refused.content
    assert any(found.startswith(field) for _, found in codes(refused))
    assert sql.fetch_one("SELECT count(*) FROM legal_entities") == (2,)


def test_every_wrong_field_is_told_at_once(secret: str) -> None:
    refused = post(secret, "/v1/exchange-rates", {"rates": [{"currency": "usd", "day": "2026-02-30", "per_euro": -1}]})
    assert len(codes(refused)) == 3


def test_an_unknown_address_and_an_unknown_id_are_not_found(secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/v1/nothing", headers=headers).status_code == 404
    refused = post(secret, "/v1/api-keys/inv_00000000000000000000000000/revoke", {})
    assert refused.status_code == 404
    assert codes(refused) == [("not_found", "id")]


def test_a_session_needs_its_csrf_token_and_a_portal_user_has_no_api(secret: str) -> None:
    from cashline.kernel.identifiers import new_id
    from cashline.platform.people.models import User

    staff, buyer = create_users(
        [
            NewUser("olga@example.com", "Olga", "correct horse battery", (Grant("owner"),)),
            NewUser("bob@example.com", "Bob", "correct horse battery", customer_id=new_id()),
        ],
        now=NOW,
        actor=ACTOR,
    )
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(id=staff), backend=backend)
    assert client.get("/v1/entities").status_code == 200
    assert client.post("/v1/entities", json.dumps(ENTITY), content_type="application/json").status_code == 403
    client.force_login(User.objects.get(id=buyer), backend=backend)
    assert client.get("/v1/entities").status_code == 403


def test_the_event_feed_resumes_where_one_stopped(secret: str) -> None:
    from cashline.platform.events.actions import seal_events

    while seal_events(now=NOW):
        pass
    headers = {"Authorization": f"Bearer {secret}"}
    first = Client().get("/v1/events?limit=2", headers=headers).json()
    rest = Client().get(f"/v1/events?after={first['after']}", headers=headers).json()
    numbers = [event["data"]["number"] for event in first["items"] + rest["items"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {event["type"] for event in first["items"]} == {"EntityCreated"}
