"""Delivering one webhook: signed by Standard Webhooks, with a time-out, its answer recorded by the outbox."""

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from cashline.platform import sql
from cashline.platform.clock.queries import machine_time
from cashline.platform.outbox.rules import Payload, SendingFailed
from cashline.platform.webhooks.signing import sign

if TYPE_CHECKING:
    import httpx

ANSWER_SECONDS, CONNECT_SECONDS = 10.0, 5.0


def send_webhook(payload: Payload, *, key: str, now: datetime) -> None:  # noqa: ARG001 - senders share one shape
    """POST the event; any 2xx is success, 410 pauses the endpoint, everything else is tried again."""
    row = sql.fetch_one(
        "SELECT url, secret, previous_secret, active FROM webhook_endpoints WHERE id = %s",
        (UUID(str(payload["endpoint_id"])),),
    )
    if not row or not row[3]:
        raise SendingFailed("The endpoint is gone or paused.", again=False)
    url, secret, previous_secret, _ = row
    answer = post_signed(url, payload["body"], message_id=key, secrets=[secret, previous_secret])
    if answer.status_code == HTTPStatus.GONE:
        sql.execute("UPDATE webhook_endpoints SET active = false WHERE id = %s", (UUID(str(payload["endpoint_id"])),))
        raise SendingFailed("The receiver wants no more (410).", status_code=410, again=False)
    if not answer.is_success:
        raise SendingFailed(answer.text[:500], status_code=answer.status_code)


def post_signed(url: str, body: Any, *, message_id: str, secrets: list[str]) -> "httpx.Response":
    """POST a JSON body with the headers of Standard Webhooks; raises SendingFailed where there is no answer.

    The signature carries the machine's own time, by which receivers judge its age, also in a sandbox.
    """
    import httpx  # here: it is slow to import, and every process reads this module at its start

    content = msgspec.json.encode(body)
    headers = sign(content, message_id=message_id, now=machine_time(), secrets=[one for one in secrets if one])
    try:
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        return httpx.post(
            url, content=content, headers={"content-type": "application/json", **headers}, timeout=timeout
        )
    except httpx.HTTPError as error:
        raise SendingFailed(f"{type(error).__name__}: {error}") from error
