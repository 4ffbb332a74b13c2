"""Sending what lies in the outbox: claim and commit, send, record the outcome and commit.

No transaction is open while the outside is called. Killed between the steps, `recover` finds the claimed message.
"""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.rules import REPEATABLE, STALE, Overtaken, Sender, SendingFailed, after_failure

log = logging.getLogger(__name__)
_senders: dict[str, Sender] = {}


def register_senders(senders: Mapping[str, Sender]) -> None:
    """Tell the outbox who sends which kind of message (called when the program starts)."""
    _senders.update(senders)


def send_due(*, now: datetime, limit: int = 200) -> int:
    """Send up to `limit` due messages, one after the other; gives how many were tried. Any number of workers may."""
    recover()
    tried = 0
    while tried < limit and _send_one(now):
        tried += 1
    return tried


@transaction.atomic
def recover() -> int:
    """Free what a dead worker had claimed: repeatable effects go on, others wait for a person."""
    return sql.execute(
        "UPDATE outbox SET status = CASE WHEN kind = ANY(%s) THEN 'pending' ELSE 'unknown' END "
        "WHERE status = 'sending' AND claimed_at < clock_timestamp() - %s",
        (list(REPEATABLE), STALE),
    )


@transaction.atomic
def settle_unknown(*, message_id: UUID, was_sent: bool, now: datetime, actor: str) -> bool:
    """A person says what came of a message whose sending was interrupted, or has a dead one tried again from the start.

    False where it is neither unknown nor dead.
    """
    settled = sql.execute(
        "UPDATE outbox SET status = %s, next_attempt_at = %s, attempts = CASE WHEN %s THEN attempts ELSE 0 END, "
        "sent_at = CASE WHEN %s THEN %s END WHERE id = %s AND status IN ('unknown', 'dead')",
        ("sent" if was_sent else "pending", now, was_sent, was_sent, now, message_id),
    )
    if settled:
        name = "OutboxMessageSettled" if was_sent else "OutboxMessageRequeued"
        record([Event(name, (ObjectRef("outbox_message", message_id),))], now=now, actor=actor)
    return bool(settled)


def _send_one(now: datetime) -> bool:
    claimed = _claim(now)
    if claimed is None:
        return False
    message_id, kind, key, payload, attempts = claimed
    began = time.monotonic()
    try:
        sender = _senders.get(kind)
        if sender is None:
            raise SendingFailed(f"Nobody sends messages of the kind {kind!r}.", again=False)
        sender(payload, key=key, now=now)
    except Overtaken as reason:
        _finish(message_id, "overtaken", now, now, str(reason), None, began)
    except SendingFailed as failure:
        verdict = after_failure(attempts=attempts, now=now, again=failure.again)
        _finish(message_id, verdict.status, verdict.next_attempt_at, now, failure.detail, failure.status_code, began)
    except Exception as failure:
        log.exception("sending %s failed", key)
        verdict = after_failure(attempts=attempts, now=now, again=True)
        detail = f"{type(failure).__name__}: {failure}"
        _finish(message_id, verdict.status, verdict.next_attempt_at, now, detail, None, began)
    else:
        _finish(message_id, "sent", now, now, "", None, began)
    return True


@transaction.atomic
def _claim(now: datetime) -> tuple[UUID, str, str, dict[str, Any], int] | None:
    row = sql.fetch_one(
        "UPDATE outbox SET status = 'sending', attempts = attempts + 1, claimed_at = clock_timestamp() WHERE id = "
        "(SELECT id FROM outbox WHERE status = 'pending' AND next_attempt_at <= %s ORDER BY next_attempt_at, id "
        "LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, kind, key, payload, attempts",
        (now,),
    )
    return (row[0], row[1], row[2], row[3], row[4]) if row else None


@transaction.atomic
def _finish(
    message_id: UUID,
    status: str,
    next_attempt_at: datetime,
    now: datetime,
    detail: str,
    status_code: int | None,
    began: float,
) -> None:
    sql.execute(
        "UPDATE outbox SET status = %s, next_attempt_at = %s, "
        "sent_at = CASE WHEN %s = 'sent' THEN %s::timestamptz END WHERE id = %s",
        (status, next_attempt_at, status, now, message_id),
    )
    milliseconds = int((time.monotonic() - began) * 1000)
    outcome = status if status in ("sent", "overtaken") else "failed"
    sql.insert(
        "outbox_attempts",
        ("id", "message_id", "at", "outcome", "status_code", "detail", "milliseconds"),
        [(new_id(), message_id, now, outcome, status_code, detail[:2000], milliseconds)],
    )
