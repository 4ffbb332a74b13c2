"""Making users, granting roles, and making and revoking API keys."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.people.queries import KEY_PREFIX, hash_key
from cashline.platform.permissions.rules import ROLES, Grant


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
    refusals = []
    for user in users:
        if "@" not in user.email:
            refusals.append(InvalidValue(f"{user.email!r} is not an e-mail address.", field="email"))
        if user.customer_id and user.grants:
            refusals.append(InvalidValue("A portal user has no roles.", field="grants"))
        refusals += [
            InvalidValue(f"There is no role {grant.role!r}.", field="grants", fix=f"One of {', '.join(sorted(ROLES))}.")
            for grant in user.grants
            if grant.role not in ROLES
        ]
        if user.password is not None:
            try:
                validate_password(user.password)
            except ValidationError as error:
                refusals.append(InvalidValue(" ".join(error.messages), field="password"))
    raise_all(refusals)


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
def change_grants(*, user_id: UUID, grants: Sequence[Grant], now: datetime, actor: str) -> None:
    """Replace the roles of a staff user."""
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
    event = Event("UserRolesChanged", (ObjectRef("user", user_id),), {"roles": [grant.role for grant in grants]})
    record([event], now=now, actor=actor)


@transaction.atomic
def set_active(*, user_id: UUID, active: bool, now: datetime, actor: str) -> None:
    """Let a user log in again, or no longer."""
    if not sql.execute("UPDATE users SET is_active = %s WHERE id = %s", (active, user_id)):
        raise NotFound("There is no such user.", field="user")
    name = "UserActivated" if active else "UserDeactivated"
    record([Event(name, (ObjectRef("user", user_id),))], now=now, actor=actor)


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
