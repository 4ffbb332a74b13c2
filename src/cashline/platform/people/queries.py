"""Reading who may act: the authority of a user or of an API key."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cashline.kernel.refusals import Refusal
from cashline.platform import sql
from cashline.platform.permissions.rules import Authority, Grant

KEY_PREFIX = "ck_"


class Unauthenticated(Refusal):
    """The request names nobody, or somebody who may no longer act."""

    code = "unauthenticated"
    status = 401


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as lists show it."""

    id: UUID
    email: str
    name: str
    is_active: bool
    customer_id: UUID | None
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
    """The authority of an active user; raises Unauthenticated."""
    rows = sql.fetch(
        "SELECT u.name, u.email, u.customer_id, g.role, g.entity_id FROM users u "
        "LEFT JOIN role_grants g ON g.user_id = u.id WHERE u.id = %s AND u.is_active",
        (user_id,),
    )
    if not rows:
        raise Unauthenticated("Please log in.")
    name, email, customer_id = rows[0][:3]
    grants = () if customer_id else tuple(Grant(row[3], row[4]) for row in rows if row[3])
    actor = f"{'portal' if customer_id else 'user'}:{email}"
    return Authority(actor, name or email, grants, customer_id, user_id)


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


def list_users() -> list[UserRow]:
    """All users with their roles."""
    return sql.fetch_as(
        UserRow,
        "SELECT u.id, u.email, u.name, u.is_active, u.customer_id, "
        "coalesce(array_agg(g.role || coalesce(' (' || e.code || ')', '') ORDER BY g.role) "
        "FILTER (WHERE g.role IS NOT NULL), '{}') FROM users u LEFT JOIN role_grants g ON g.user_id = u.id "
        "LEFT JOIN legal_entities e ON e.id = g.entity_id GROUP BY u.id ORDER BY u.email",
    )


def list_api_keys() -> list[ApiKeyRow]:
    """All API keys, newest first."""
    return sql.fetch_as(
        ApiKeyRow,
        "SELECT id, name, prefix, scopes, entity_id, created_at, expires_at, revoked_at, last_used_on FROM api_keys "
        "ORDER BY created_at DESC",
    )
