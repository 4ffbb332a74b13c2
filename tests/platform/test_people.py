"""People: who may give which rights, invitations that work once, and a company that never loses its last owner."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core import mail, signing
from django.db import connection
from django.test import override_settings

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, Refusals
from cashline.platform import sql
from cashline.platform.lists import Ask
from cashline.platform.outbox.sending import send_due
from cashline.platform.people import queries
from cashline.platform.people.actions import (
    EmailTaken,
    NewUser,
    accept_invitation,
    change_grants,
    create_users,
    invite_users,
    send_invitations,
    set_active,
)
from cashline.platform.people.invitations import InvitationVoid, invitation_token, user_of_invitation
from cashline.platform.people.rules import LastOwner, NotGrantable, grant_errors, scope_errors
from cashline.platform.permissions.rules import Authority, Grant
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW, make_world

HERE, THERE = new_id(), new_id()
PASSWORD = "seven green lanterns"
MEMORY_MAIL = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def holding(*grants: Grant, scopes: frozenset[str] | None = None) -> Authority:
    return Authority("user:a@example.com", "A", grants, scopes=scopes)


@pytest.mark.parametrize(
    ("authority", "grant", "allowed"),
    [
        (holding(Grant("administrator")), Grant("seller"), True),
        (holding(Grant("administrator")), Grant("owner"), False),
        (holding(Grant("administrator", HERE)), Grant("seller", HERE), True),
        (holding(Grant("administrator", HERE)), Grant("seller", THERE), False),
        (holding(Grant("administrator", HERE)), Grant("seller"), False),
        (holding(Grant("owner", HERE)), Grant("owner", HERE), True),
        (holding(Grant("owner", HERE)), Grant("owner"), False),
        (holding(Grant("owner")), Grant("owner"), True),
        (holding(Grant("owner"), scopes=frozenset({"people.write"})), Grant("owner"), False),
        (holding(Grant("seller")), Grant("auditor"), False),
    ],
)
def test_nobody_gives_or_takes_rights_beyond_their_own(authority: Authority, grant: Grant, allowed: bool) -> None:
    given, taken = list(grant_errors(authority, (), (grant,))), list(grant_errors(authority, (grant,), ()))
    assert (given == [], taken == []) == (allowed, allowed)
    assert all(isinstance(error, NotGrantable) for error in given + taken)
    assert list(grant_errors(authority, (grant,), (grant,))) == []


def test_a_key_does_no_more_than_its_maker() -> None:
    seller = holding(Grant("seller", HERE))
    assert list(scope_errors(seller, ["quotes.send", "orders.read"], HERE)) == []
    assert len(list(scope_errors(seller, ["quotes.send"], None))) == 1
    assert len(list(scope_errors(seller, ["quotes.send"], THERE))) == 1
    assert [str(error) for error in scope_errors(seller, ["ledger.close", "quotes.send"], HERE)] == [
        "A key cannot do more than its maker: you do not hold ledger.close."
    ]
    assert list(scope_errors(holding(Grant("owner")), ["ledger.close"], None)) == []


def test_users_are_made_with_every_error_at_once(db: Database) -> None:
    create_users([NewUser("known@example.com", "")], now=NOW, actor=ACTOR)
    with pytest.raises(Refusals) as refused:
        create_users(
            [
                NewUser("no address", "", grants=(Grant("king"),)),
                NewUser("a@example.com", "x" * 201, "short"),
                NewUser("A@example.com", "", customer_id=new_id(), grants=(Grant("seller"),)),
            ],
            now=NOW,
            actor=ACTOR,
        )
    assert [one.field for one in refused.value] == ["email", "grants", "name", "password", "email", "grants"]
    with pytest.raises(EmailTaken):
        create_users([NewUser("KNOWN@example.com", "")], now=NOW, actor=ACTOR)


def test_the_company_keeps_an_owner(db: Database) -> None:
    first, second = create_users(
        [NewUser("first@example.com", "", grants=(Grant("owner"),)), NewUser("second@example.com", "")],
        now=NOW,
        actor=ACTOR,
    )
    with pytest.raises(LastOwner):
        set_active(user_id=first, active=False, now=NOW, actor=ACTOR)
    with pytest.raises(LastOwner):
        change_grants(user_id=first, grants=[Grant("seller")], now=NOW, actor=ACTOR)
    change_grants(user_id=second, grants=[Grant("owner")], now=NOW, actor=ACTOR)
    set_active(user_id=first, active=False, now=NOW, actor=ACTOR)
    set_active(user_id=first, active=False, now=NOW, actor=ACTOR)
    assert sql.fetch_one("SELECT count(*) FROM events WHERE type = 'UserDeactivated'") == (1,)
    with pytest.raises(LastOwner):
        change_grants(user_id=second, grants=[], now=NOW, actor=ACTOR)


def test_two_owners_who_dismiss_each_other_leave_one(committed_db: Database) -> None:
    owners = create_users(
        [NewUser(f"{name}@example.com", "", grants=(Grant("owner"),)) for name in "ab"], now=NOW, actor=ACTOR
    )

    def dismiss(key: UUID) -> bool:
        try:
            set_active(user_id=key, active=False, now=NOW, actor=ACTOR)
        except LastOwner:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=2) as pool:
        assert sorted(pool.map(dismiss, owners)) == [False, True]
    assert queries.has_owner()


@override_settings(MAILERS=MEMORY_MAIL)
def test_an_invitation_is_mailed_in_the_language_of_the_invited_and_works_once(committed_db: Database) -> None:
    make_world()
    key = invite_users(
        [NewUser("kai@nordlicht.example", "Kai Nord", "ignored password")],
        company="Cashline Demo GmbH",
        locale="de_DE",
        now=NOW,
        actor=ACTOR,
    )[0]
    assert sql.fetch_one("SELECT payload::text FROM outbox")[0].count("ignored") == 0  # type: ignore[index]
    assert send_due(now=NOW) == 1
    letter = mail.outbox[-1]
    assert (letter.to, letter.subject) == (["kai@nordlicht.example"], "Ihr Zugang zu Cashline bei Cashline Demo GmbH")
    found = re.search(r"/account/invitation/(\S+)/", str(letter.body))
    assert found is not None
    token = found[1]
    assert user_of_invitation(token).joined is False
    with pytest.raises(InvalidValue):
        accept_invitation(token=token, password="short", now=NOW)
    assert accept_invitation(token=token, password=PASSWORD, now=NOW) == key
    assert queries.user(key).joined is True
    with pytest.raises(InvitationVoid):
        accept_invitation(token=token, password="another good password", now=NOW)


def test_a_link_that_was_changed_is_old_or_names_nobody_is_void(db: Database) -> None:
    key = create_users([NewUser("kai@nordlicht.example", "Kai")], now=NOW, actor=ACTOR)[0]
    token = invitation_token(key)
    old = signing.TimestampSigner(salt="cashline.invitation")
    cases = ["", "x", token[:-1] + ("A" if token[-1] != "A" else "B"), signing.dumps(["x"], salt="cashline.invitation")]
    cases += [signing.dumps([str(new_id()), "0"], salt="cashline.invitation"), signing.dumps([str(key), "0"], salt="x")]
    for wrong in [*cases, old.sign("eyJ9")]:
        with pytest.raises(InvitationVoid):
            user_of_invitation(wrong)
    assert user_of_invitation(token).id == key
    set_active(user_id=key, active=False, now=NOW, actor=ACTOR)
    with pytest.raises(InvitationVoid):
        user_of_invitation(token)
    with pytest.raises(Conflict):
        send_invitations([key], company="x", now=NOW, actor=ACTOR)


def test_an_old_link_is_void(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    key = create_users([NewUser("kai@nordlicht.example", "Kai")], now=NOW, actor=ACTOR)[0]
    token = invitation_token(key)
    eight_days_on = datetime.now(UTC).timestamp() + 8 * 86_400
    monkeypatch.setattr("django.core.signing.time.time", lambda: eight_days_on)
    with pytest.raises(InvitationVoid):
        user_of_invitation(token)


def test_users_are_found_by_words_kind_role_and_state(db: Database) -> None:
    world = make_world()
    create_users(
        [
            NewUser("olga@example.com", "Olga", PASSWORD, (Grant("owner"), Grant("seller", world.boston))),
            NewUser("sam@example.com", "Sam", grants=(Grant("seller"),)),
            NewUser("kai@nordlicht.example", "Kai", customer_id=new_id()),
        ],
        now=NOW,
        actor=ACTOR,
    )

    def names(**asked: object) -> list[str]:
        return [row.name for row in queries.find_users(Ask("email"), **asked).items]  # type: ignore[arg-type]

    assert names() == ["Kai", "Olga", "Sam"]
    assert names(words="nordlicht") == ["Kai"]
    assert names(kinds=["staff"]) == ["Olga", "Sam"]
    assert names(roles=["owner"]) == ["Olga"]
    assert names(states=["invited"]) == ["Kai", "Sam"]
    found = queries.find_users(Ask("email"), words="olga").items[0]
    assert (found.roles, found.joined, found.two_factor) == (["owner", "seller (US01)"], True, False)
