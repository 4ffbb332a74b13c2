"""Making and inviting users, granting roles, and making and revoking API keys."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.people import queries
from cashline.platform.people.invitations import KIND, user_of_invitation
from cashline.platform.people.queries import KEY_PREFIX, has_owner, hash_key
from cashline.platform.people.rules import LastOwner
from cashline.platform.permissions.rules import ROLES, Grant

MAX_NAME = 200


class EmailTaken(Conflict):
    """There is a user with that address already."""

    code = "email_taken"


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made; `customer_id` makes a portal user, who has no grants. No password: log-in by invitation."""

    email: str
    name: str
    password: str | None = None
    grants: tuple[Grant, ...] = ()
    customer_id: UUID | None = None


def _check(users: Sequence[NewUser]) -> None:
    refusals: list[Refusal] = []
    seen: set[str] = set()
    for user in users:
        email = user.email.lower()
        try:
            validate_email(email)
        except ValidationError:
            refusals.append(InvalidValue(f"{user.email[:80]!r} is not an e-mail address.", field="email"))
        if email in seen:
            refusals.append(EmailTaken(f"{email} stands twice.", field="email"))
        seen.add(email)
        if len(user.name) > MAX_NAME:
            refusals.append(InvalidValue(f"A name has at most {MAX_NAME} characters.", field="name"))
        if user.customer_id and user.grants:
            refusals.append(InvalidValue("A portal user has no roles.", field="grants"))
        refusals += [
            InvalidValue(f"There is no role {grant.role!r}.", field="grants", fix=f"One of {', '.join(sorted(ROLES))}.")
            for grant in user.grants
            if grant.role not in ROLES
        ]
        if user.password is not None:
            refusals += _password_errors(user.password)
    raise_all(refusals)


def _password_errors(password: str) -> list[Refusal]:
    try:
        validate_password(password)
    except ValidationError as error:
        return [InvalidValue(" ".join(error.messages), field="password")]
    return []


@transaction.atomic
def create_users(users: Sequence[NewUser], *, now: datetime, actor: str) -> list[UUID]:
    """Make users with their roles; raises every error at once, EmailTaken where an address is in use."""
    _check(users)
    taken = sql.fetch("SELECT email FROM users WHERE lower(email) = ANY(%s)", ([user.email.lower() for user in users],))
    raise_all([EmailTaken(f"There is a user {row[0]} already.", field="email") for row in taken])
    keys = [new_id() for _ in users]
    sql.insert(
        "users",
        ("id", "password", "is_superuser", "email", "name", "customer_id", "is_staff", "is_active", "date_joined"),
        [
            (
                key,
                make_password(user.password),
                False,
                user.email.lower(),
                user.name,
                user.customer_id,
                False,
                True,
                now,
            )
            for key, user in zip(keys, users, strict=True)
        ],
    )
    sql.insert(
        "role_grants",
        ("id", "user_id", "role", "entity_id"),
        [
            (new_id(), key, grant.role, grant.entity_id)
            for key, user in zip(keys, users, strict=True)
            for grant in user.grants
        ],
    )
    record(
        [
            Event(
                "UserCreated",
                (ObjectRef("user", key), *((ObjectRef("customer", user.customer_id),) if user.customer_id else ())),
                {"email": user.email, "roles": [grant.role for grant in user.grants]},
            )
            for key, user in zip(keys, users, strict=True)
        ],
        now=now,
        actor=actor,
    )
    return keys


@transaction.atomic
def invite_users(
    users: Sequence[NewUser], *, company: str, locale: str = "en", now: datetime, actor: str
) -> list[UUID]:
    """Make users without a password, and mail each a link by which they choose one; raises every error at once."""
    keys = create_users([replace(user, password=None) for user in users], now=now, actor=actor)
    send_invitations(keys, company=company, locale=locale, now=now, actor=actor)
    return keys


@transaction.atomic
def send_invitations(user_ids: Sequence[UUID], *, company: str, locale: str = "en", now: datetime, actor: str) -> None:
    """Mail active users a link by which they choose a password, once or again; `company` is who invites, by name."""
    for key in user_ids:
        if not queries.user(key).is_active:
            raise Conflict("This user may no longer log in: let them in again first.", field="user")
    events = [Event("UserInvited", (ObjectRef("user", key),)) for key in user_ids]
    enqueue(
        [
            OutboxMessage(KIND, f"{KIND}:{event.id}", {"user_id": str(key), "company": company, "locale": locale})
            for key, event in zip(user_ids, events, strict=True)
        ],
        now=now,
    )
    record(events, now=now, actor=actor)


@transaction.atomic
def accept_invitation(*, token: str, password: str, now: datetime) -> UUID:
    """Choose a password by the link of an invitation, which is void from then on; raises InvitationVoid."""
    invited = user_of_invitation(token)
    sql.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (invited.id,))
    user_of_invitation(token)
    raise_all(_password_errors(password))
    sql.execute("UPDATE users SET password = %s WHERE id = %s", (make_password(password), invited.id))
    actor = f"{'portal' if invited.customer_id else 'user'}:{invited.email}"
    record([Event("UserJoined", (ObjectRef("user", invited.id),))], now=now, actor=actor)
    return invited.id


@transaction.atomic
def change_grants(*, user_id: UUID, grants: Sequence[Grant], now: datetime, actor: str) -> None:
    """Replace the roles of a staff user; raises LastOwner where nobody would own the company any more."""
    owned = _owners_locked()
    row = sql.fetch_one("SELECT email, customer_id FROM users WHERE id = %s FOR NO KEY UPDATE", (user_id,))
    if not row:
        raise NotFound("There is no such user.", field="user")
    _check([NewUser(row[0], "", grants=tuple(grants), customer_id=row[1])])
    sql.execute("DELETE FROM role_grants WHERE user_id = %s", (user_id,))
    sql.insert(
        "role_grants",
        ("id", "user_id", "role", "entity_id"),
        [(new_id(), user_id, grant.role, grant.entity_id) for grant in dict.fromkeys(grants)],
    )
    _keep_an_owner(owned)
    event = Event("UserRolesChanged", (ObjectRef("user", user_id),), {"roles": [grant.role for grant in grants]})
    record([event], now=now, actor=actor)


@transaction.atomic
def set_active(*, user_id: UUID, active: bool, now: datetime, actor: str) -> None:
    """Let a user log in again, or no longer; raises LastOwner. Doing it twice is the same as once."""
    owned = _owners_locked()
    row = sql.fetch_one("SELECT is_active FROM users WHERE id = %s FOR NO KEY UPDATE", (user_id,))
    if not row:
        raise NotFound("There is no such user.", field="user")
    if row[0] == active:
        return
    sql.execute("UPDATE users SET is_active = %s WHERE id = %s", (active, user_id))
    _keep_an_owner(owned)
    name = "UserActivated" if active else "UserDeactivated"
    record([Event(name, (ObjectRef("user", user_id),))], now=now, actor=actor)


@transaction.atomic
def remove_two_factor(*, user_id: UUID, now: datetime, actor: str) -> None:
    """Take away the second factor of somebody who lost their phone or passkey, so that they can set up another."""
    queries.user(user_id)
    removed = sql.execute("DELETE FROM mfa_authenticator WHERE user_id = %s", (user_id,))
    if removed:
        record([Event("UserTwoFactorRemoved", (ObjectRef("user", user_id),))], now=now, actor=actor)


def _owners_locked() -> bool:
    """Whether somebody owns the company; changes of owners go one after the other from here to the commit."""
    sql.execute("SELECT pg_advisory_xact_lock(hashtext('cashline.owners'))")
    return has_owner()


def _keep_an_owner(owned: bool) -> None:
    if owned and not has_owner():
        raise LastOwner("The company needs an owner.", field="user", fix="Make somebody else an owner first.")


@transaction.atomic
def create_api_key(
    *,
    name: str,
    scopes: Sequence[str],
    now: datetime,
    actor: str,
    entity_id: UUID | None = None,
    created_by: UUID | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and give its secret, which is shown this once and stored as a hash."""
    known = frozenset().union(*ROLES.values())
    raise_all([InvalidValue(f"There is no scope {scope!r}.", field="scopes") for scope in scopes if scope not in known])
    secret = KEY_PREFIX + secrets.token_hex(24)
    key = new_id()
    sql.insert(
        "api_keys",
        ("id", "name", "prefix", "hash", "scopes", "entity_id", "created_by_id", "created_at", "expires_at"),
        [(key, name, secret[:11], hash_key(secret), list(scopes), entity_id, created_by, now, expires_at)],
    )
    event = Event("ApiKeyCreated", (ObjectRef("api_key", key),), {"name": name, "scopes": list(scopes)})
    record([event], now=now, actor=actor)
    return secret


@transaction.atomic
def revoke_api_key(*, key_id: UUID, now: datetime, actor: str) -> None:
    """End a key at once; revoking twice is the same as once."""
    row = sql.fetch_one("SELECT revoked_at FROM api_keys WHERE id = %s FOR NO KEY UPDATE", (key_id,))
    if not row:
        raise NotFound("There is no such API key.", field="id")
    if row[0] is None:
        sql.execute("UPDATE api_keys SET revoked_at = %s WHERE id = %s", (now, key_id))
        record([Event("ApiKeyRevoked", (ObjectRef("api_key", key_id),))], now=now, actor=actor)
