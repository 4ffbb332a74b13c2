"""Signatures of messages between programs, by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, scheme `v1`.

A secret is rotated by signing with the new and the old one for a while; a receiver accepts a message when any of its
secrets made any of the signatures. Ids and times are covered, so a message can neither be renamed nor kept for later.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cashline.kernel.refusals import InvalidValue, Refusal

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix, no secret
TOLERANCE = timedelta(minutes=5)
_SCHEME = "v1"
_MAX_SIGNATURES = 20
_FEWEST_KEY_BYTES, _MOST_KEY_BYTES = 24, 64


class SignatureRefused(Refusal):
    """A message whose signature, time or headers do not prove that the sender wrote it."""

    code = "signature_refused"
    status = 401


def new_secret() -> str:
    """A fresh secret of 32 random bytes, in its written form `whsec_…`."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(body: bytes, *, message_id: str, now: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of a message, signed with every secret (the current first).

    `message_id` stays the same over retries of a message, `now` is the instant of this try. Raises InvalidValue for a
    secret or an id of the wrong form.
    """
    if not message_id or "." in message_id or not message_id.isascii() or not message_id.isprintable():
        raise InvalidValue("A message id is printable ASCII without a full stop.", field=ID_HEADER)
    if not secrets:
        raise InvalidValue("A message is signed with at least one secret.", field="secrets")
    timestamp = str(_seconds(now))
    signatures = [f"{_SCHEME},{_signature(secret, message_id, timestamp, body).decode()}" for secret in secrets]
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: " ".join(signatures)}


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[str],
    tolerance: timedelta = TOLERANCE,
) -> str:
    """The id of the message, once a signature is proved to be ours and not older or newer than `tolerance`.

    Header names are compared without case. The id must still be looked up by the receiver: a message may come twice.
    Raises SignatureRefused with the header that is wrong as `field`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = _required(given, ID_HEADER), _required(given, TIMESTAMP_HEADER)
    signatures = _required(given, SIGNATURE_HEADER).split(" ")[:_MAX_SIGNATURES]
    _refuse_stale(timestamp, now, tolerance)
    expected = [_signature(secret, message_id, timestamp, body) for secret in secrets]
    found = False
    for signature in signatures:
        scheme, _, value = signature.partition(",")
        for candidate in expected:
            # Every pair is compared, so that the time taken says nothing.
            found |= scheme == _SCHEME and hmac.compare_digest(candidate, value.encode("utf-8", "replace"))
    if not found:
        raise SignatureRefused("No signature of this message is made with a known secret.", field=SIGNATURE_HEADER)
    return message_id


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise SignatureRefused(f"The header {name} is missing.", field=name)
    return value


def _refuse_stale(timestamp: str, now: datetime, tolerance: timedelta) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureRefused("The timestamp is no number of seconds.", field=TIMESTAMP_HEADER)
    age = _seconds(now) - int(timestamp)
    if abs(age) > tolerance.total_seconds():
        side = "old" if age > 0 else "in the future"
        raise SignatureRefused(
            f"The message is {abs(age)} seconds {side}; {int(tolerance.total_seconds())} are accepted.",
            field=TIMESTAMP_HEADER,
        )


def _seconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise InvalidValue("An instant needs a time zone.", field="now")
    return int(instant.astimezone(UTC).timestamp())


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())


def _key(secret: str) -> bytes:
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _FEWEST_KEY_BYTES <= len(key) <= _MOST_KEY_BYTES:
        raise InvalidValue(
            f"A secret is {SECRET_PREFIX} and {_FEWEST_KEY_BYTES} to {_MOST_KEY_BYTES} bytes in base 64.",
            field="secret",
        )
    return key
