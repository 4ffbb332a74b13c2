"""Rules of the outbox: when to try again, and which effects may be tried again after a crash.

A receiver of webhooks and provisioning calls knows a repeated message by its id, so a call that was interrupted is
made again. A mail that was handed to the SMTP server just before a crash cannot be recognised: it becomes `unknown`
and waits for a person, so that no customer gets an invoice twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440))
"""The pauses after each failed attempt; after the last the message is dead and shown as stuck."""
STALE = timedelta(minutes=3)
"""How long after a claim a worker is taken to have died; every sender's time-outs sum to less."""
REPEATABLE = frozenset({"webhook", "provisioning"})

type Sender = Callable[..., None]
"""`sender(payload: Mapping[str, Any], *, key: str, now: datetime) -> None`; raises SendingFailed or Overtaken."""


class SendingFailed(Exception):
    """An attempt that came to nothing; `again` says whether another may do better."""

    def __init__(self, detail: str, *, status_code: int | None = None, again: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status_code = status_code
        self.again = again


class Overtaken(Exception):
    """Nothing was sent and nothing need be: what the message was about has happened, or was withdrawn."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message after an attempt."""

    status: str
    next_attempt_at: datetime


def after_failure(*, attempts: int, now: datetime, again: bool) -> Verdict:
    """Try again later, or give up after the last pause or where another attempt is of no use."""
    if not again or attempts > len(BACKOFF):
        return Verdict("dead", now)
    return Verdict("pending", now + BACKOFF[attempts - 1])


type Payload = Mapping[str, Any]
