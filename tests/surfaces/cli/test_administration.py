"""People and keys from a terminal."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cashline.kernel.refusals import InvalidValue, NotFound, Refusal
from cashline.platform import sql
from cashline.platform.people.queries import key_authority, list_api_keys
from cashline.surfaces.cli.main import cli
from tests.support.agree import make_customer
from tests.support.cluster import Database
from tests.support.world import NOW, make_world


def run(*words: str, given: str = "") -> Any:
    done = CliRunner().invoke(cli, words, input=given)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


def test_a_user_is_made_by_invitation_or_with_a_password(db: Database) -> None:
    make_world()
    made = run("user", "create", "sam@example.com", "--role", "seller@US01", "--role", "auditor", "--json")
    assert made["invited"] is True
    assert sql.fetch("SELECT kind FROM outbox") == [("invitation_mail",)]
    run("user", "create", "olga@example.com", "--role", "owner", "--password-stdin", given="seven green lanterns\n")
    assert "sam@example.com" in run("user", "list")
    assert "auditor, seller (US01)" in run("user", "list")
    run("user", "grant", "SAM@example.com", "--role", "billing")
    run("user", "deactivate", "sam@example.com")
    assert "billing  (inactive)" in run("user", "list")
    run("user", "activate", "sam@example.com")
    run("user", "invite", "sam@example.com")
    assert sql.fetch_one("SELECT count(*) FROM outbox") == (2,)


def test_a_portal_user_is_made_by_the_number_or_id_of_a_customer(db: Database) -> None:
    make_world()
    make_customer()
    row = sql.fetch_one("SELECT number, id FROM customers")
    assert row is not None
    run("user", "create", "kai@nordlicht.example", "--customer", row[0], "--no-invite")
    assert sql.fetch("SELECT customer_id FROM users") == [(row[1],)]
    assert sql.fetch("SELECT 1 FROM outbox") == []
    with pytest.raises(NotFound):
        run("user", "create", "kim@nordlicht.example", "--customer", "CUS-NONE")
    with pytest.raises(NotFound):
        run("user", "invite", "nobody@example.com")


def test_a_key_is_made_used_and_revoked(db: Database) -> None:
    make_world()
    made = run("key", "create", "erp", "--scope", "orders.write", "--role", "auditor", "--entity", "DE01", "--json")
    authority = key_authority(made["secret"], now=NOW)
    assert authority.allows("orders.write")
    assert not authority.allows("ledger.close")
    key = list_api_keys()[0]
    shown = run("key", "list")
    assert key.prefix in shown
    assert made["secret"] not in shown
    run("key", "revoke", run("key", "list", "--json")["id"])
    with pytest.raises(Refusal):
        key_authority(made["secret"], now=NOW)
    with pytest.raises(InvalidValue):
        run("key", "create", "empty")
    with pytest.raises(InvalidValue):
        run("key", "create", "wrong", "--scope", "orders.fly")
