"""Claiming an idempotency key and keeping the answer, in the transaction of the effect itself."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cashline.kernel.identifiers import new_id
from cashline.kernel.refusals import Conflict, InvalidValue
from cashline.platform import sql


class IdempotencyKeyReused(Conflict):
    """The key was used before for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that the first request got."""

    status: int
    body: bytes


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def claim(*, actor: str, key: str, fingerprint: str, now: datetime) -> StoredAnswer | None:
    """Claim the key (None: go on) or give the stored answer; a racing request waits here for the first to commit.

    Raises IdempotencyKeyReused where the key stands for another request. Runs in the caller's transaction.
    """
    if not 1 <= len(key) <= 255:
        raise InvalidValue("An idempotency key has 1 to 255 characters.", field="Idempotency-Key")
    claimed = sql.execute(
        "INSERT INTO idempotency_keys (id, actor, key, fingerprint, created_at) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (actor, key) DO NOTHING",
        (new_id(), actor, key, fingerprint, now),
    )
    if claimed:
        return None
    row = sql.fetch_one(
        "SELECT fingerprint, response_status, response_body FROM idempotency_keys WHERE actor = %s AND key = %s",
        (actor, key),
    )
    assert row is not None  # noqa: S101 - the conflict proves the row
    if row[0] != fingerprint:
        raise IdempotencyKeyReused("This idempotency key was used for another request.", field="Idempotency-Key")
    return StoredAnswer(row[1], bytes(row[2]))


def keep_answer(*, actor: str, key: str, answer: StoredAnswer) -> None:
    """Keep what the request was answered, for whoever repeats it."""
    sql.execute(
        "UPDATE idempotency_keys SET response_status = %s, response_body = %s WHERE actor = %s AND key = %s",
        (answer.status, answer.body, actor, key),
    )


def release(*, actor: str, key: str) -> None:
    """Forget a key whose request had no answer worth keeping."""
    sql.execute("DELETE FROM idempotency_keys WHERE actor = %s AND key = %s", (actor, key))
