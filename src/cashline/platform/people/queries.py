"""Reading who may act: the authority of a user or of an API key, and the lists of both."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.kernel.refusals import NotFound, Refusal
from cashline.platform import lists, sql
from cashline.platform.doors.paging import Page
from cashline.platform.permissions.rules import Authority, Grant

KEY_PREFIX = "ck_"


class Unauthenticated(Refusal):
    """The request names nobody, or somebody who may no longer act."""

    code = "unauthenticated"
    status = 401


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as lists show it: `roles` in words, `joined` once a password was chosen, `two_factor` is on."""

    id: UUID
    email: str
    name: str
    is_active: bool
    customer_id: UUID | None
    joined: bool
    two_factor: bool
    last_login: datetime | None
    date_joined: datetime | None
    roles: list[str]


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key as lists show it; the secret is known only when it is made."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    entity_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None


def hash_key(secret: str) -> str:
    """The stored form of a key; keys are random and long, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def user_authority(user_id: UUID) -> Authority:
    """The authority of an active user, a portal user's in the locale of their customer; raises Unauthenticated."""
    rows = sql.fetch(
        "SELECT u.name, u.email, u.customer_id, coalesce(c.locale, ''), g.role, g.entity_id FROM users u "
        "LEFT JOIN role_grants g ON g.user_id = u.id LEFT JOIN customers c ON c.id = u.customer_id "
        "WHERE u.id = %s AND u.is_active",
        (user_id,),
    )
    if not rows:
        raise Unauthenticated("Please log in.")
    name, email, customer_id, locale = rows[0][:4]
    grants = () if customer_id else tuple(Grant(role, entity_id) for *_, role, entity_id in rows if role)
    actor = f"{'portal' if customer_id else 'user'}:{email}"
    return Authority(actor, name or email, grants, customer_id, user_id, locale=locale)


def key_authority(secret: str, *, now: datetime) -> Authority:
    """The authority of an API key; raises Unauthenticated where it is unknown, revoked or expired."""
    row = sql.fetch_one(
        "SELECT hash, name, scopes, entity_id, expires_at, revoked_at FROM api_keys WHERE prefix = %s",
        (secret[:11],),
    )
    refusal = Unauthenticated("This API key is not valid.", field="Authorization")
    if not row or not hmac.compare_digest(row[0], hash_key(secret)):
        raise refusal
    _, name, scopes, entity_id, expires_at, revoked_at = row
    if revoked_at or (expires_at and expires_at <= now):
        raise refusal
    return Authority(f"key:{secret[:11]}", name, (Grant("owner", entity_id),), scopes=frozenset(scopes))


_USER = (
    "u.id, u.email, u.name, u.is_active, u.customer_id, left(u.password, 1) <> '!', "
    "EXISTS (SELECT FROM mfa_authenticator m WHERE m.user_id = u.id AND m.type <> 'recovery_codes'), "
    "u.last_login, u.date_joined, "
    "ARRAY(SELECT g.role || coalesce(' (' || e.code || ')', '') FROM role_grants g "
    "LEFT JOIN legal_entities e ON e.id = g.entity_id WHERE g.user_id = u.id ORDER BY g.role, e.code)"
)
USER_SORTS = {"email": "u.email", "name": "lower(u.name)", "joined": "coalesce(u.date_joined, '-infinity')"}


def find_users(
    ask: lists.Ask,
    *,
    words: str = "",
    kinds: Sequence[str] = (),
    roles: Sequence[str] = (),
    states: Sequence[str] = (),
    customer_id: UUID | None = None,
) -> Page[UserRow]:
    """One page of users. `kinds` are staff and portal, `states` active, invited (no password yet) and inactive."""
    conditions = lists.Conditions()
    conditions.contains(("u.email", "u.name"), words)
    conditions.among("CASE WHEN u.customer_id IS NULL THEN 'staff' ELSE 'portal' END", kinds)
    conditions.among(
        "CASE WHEN NOT u.is_active THEN 'inactive' WHEN left(u.password, 1) = '!' THEN 'invited' ELSE 'active' END",
        states,
    )
    if roles:
        conditions.add("EXISTS (SELECT FROM role_grants g WHERE g.user_id = u.id AND g.role = ANY(%s))", list(roles))
    conditions.given("u.customer_id = %s", customer_id)
    return lists.page(
        UserRow,
        columns=_USER,
        source="users u",
        key="u.id",
        sorts=USER_SORTS,
        conditions=conditions,
        ask=ask,
        key_of_row=lambda row: row.id,
    )


def user(user_id: UUID) -> UserRow:
    """One user; raises NotFound."""
    rows = sql.fetch_as(UserRow, f"SELECT {_USER} FROM users u WHERE u.id = %s", (user_id,))
    if not rows:
        raise NotFound("There is no such user.", field="user")
    return rows[0]


def user_by_email(email: str) -> UUID | None:
    """The user who logs in with that address, whatever its case."""
    row = sql.fetch_one("SELECT id FROM users WHERE lower(email) = %s", (email.strip().lower(),))
    return row[0] if row else None


def grants_of(user_id: UUID) -> tuple[Grant, ...]:
    """The roles of a user, by role."""
    rows = sql.fetch("SELECT role, entity_id FROM role_grants WHERE user_id = %s ORDER BY role, entity_id", (user_id,))
    return tuple(Grant(role, entity_id) for role, entity_id in rows)


def people_with(roles: Sequence[str], most: int = 5) -> list[tuple[str, str, str]]:
    """Some active people who hold one of the roles: name, that role and e-mail address, in the order of the roles."""
    return sql.fetch(
        "SELECT name, role, email FROM (SELECT DISTINCT ON (u.id) u.name, u.email, g.role, "
        "array_position(%(roles)s::text[], g.role) AS place FROM role_grants g JOIN users u ON u.id = g.user_id "
        "WHERE g.role = ANY(%(roles)s::text[]) AND u.is_active ORDER BY u.id, place) found "
        "ORDER BY place, name LIMIT %(most)s",
        {"roles": list(roles), "most": most},
    )


def has_owner() -> bool:
    """Is there an active person who may do everything in every legal entity?"""
    found = sql.fetch(
        "SELECT FROM role_grants g JOIN users u ON u.id = g.user_id "
        "WHERE g.role = 'owner' AND g.entity_id IS NULL AND u.is_active LIMIT 1"
    )
    return bool(found)


_KEY = "id, name, prefix, scopes, entity_id, created_at, expires_at, revoked_at, last_used_on"


def list_api_keys() -> list[ApiKeyRow]:
    """All API keys, newest first."""
    return sql.fetch_as(ApiKeyRow, f"SELECT {_KEY} FROM api_keys ORDER BY created_at DESC, id DESC")


def api_key(key_id: UUID) -> ApiKeyRow:
    """One key; raises NotFound."""
    rows = sql.fetch_as(ApiKeyRow, f"SELECT {_KEY} FROM api_keys WHERE id = %s", (key_id,))
    if not rows:
        raise NotFound("There is no such API key.", field="id")
    return rows[0]
