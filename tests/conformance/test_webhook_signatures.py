"""Signatures by Standard Webhooks: the vectors of the scheme, and agreement with its reference library."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from cashline.kernel.refusals import InvalidValue
from cashline.platform.webhooks.signing import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    SignatureRefused,
    new_secret,
    sign,
    verify,
)
from tests.support.conformance import conformance_folder

VECTORS = conformance_folder("webhooks") / "signature-vectors.json"
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())["vectors"]
    return found


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    now = datetime.fromtimestamp(vector["now"], UTC)
    body = vector["body"].encode()
    if vector["valid"]:
        found = verify(vector["headers"], body, now=now, secrets=[vector["secret"]])
        assert found == vector["headers"][ID_HEADER]
    else:
        with pytest.raises(SignatureRefused):
            verify(vector["headers"], body, now=now, secrets=[vector["secret"]])


@given(body=st.text(), seconds=st.integers(0, 4_000_000_000))
def test_reference_library_makes_the_same_signature(body: str, seconds: int) -> None:
    secret, now = new_secret(), datetime.fromtimestamp(seconds, UTC)
    headers = sign(body.encode(), message_id="msg_1", now=now, secrets=[secret])
    assert headers[SIGNATURE_HEADER] == Webhook(secret).sign("msg_1", now, body)


def test_rotation_old_and_new_secret_verify_each_alone() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    headers = sign(b"{}", message_id="msg_1", now=NOW, secrets=[new, old])
    assert verify(headers, b"{}", now=NOW, secrets=[old]) == "msg_1"
    assert verify(headers, b"{}", now=NOW, secrets=[other, new]) == "msg_1"
    with pytest.raises(SignatureRefused):
        verify(headers, b"{}", now=NOW, secrets=[other])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ID_HEADER, "msg_2"),
        (ID_HEADER, ""),
        (TIMESTAMP_HEADER, "yesterday"),
        (TIMESTAMP_HEADER, "²"),
        (SIGNATURE_HEADER, "v1,é"),
        (SIGNATURE_HEADER, "v1"),
        (SIGNATURE_HEADER, ", , ,"),
    ],
)
def test_a_changed_header_is_refused_and_named(name: str, value: str) -> None:
    secret = new_secret()
    headers = sign(b"{}", message_id="msg_1", now=NOW, secrets=[secret]) | {name: value}
    with pytest.raises(SignatureRefused) as refused:
        verify(headers, b"{}", now=NOW, secrets=[secret])
    assert refused.value.field in (name, SIGNATURE_HEADER)


def test_tolerance_is_five_minutes_each_way() -> None:
    secret = new_secret()
    headers = sign(b"{}", message_id="msg_1", now=NOW, secrets=[secret])
    for seconds in (-300, 300):
        assert verify(headers, b"{}", now=NOW + timedelta(seconds=seconds), secrets=[secret])
    for seconds in (-301, 301):
        with pytest.raises(SignatureRefused):
            verify(headers, b"{}", now=NOW + timedelta(seconds=seconds), secrets=[secret])


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AQID", "whsec_!!!", "whsec_" + "A" * 200])
def test_a_weak_or_malformed_secret_is_refused(secret: str) -> None:
    with pytest.raises(InvalidValue):
        sign(b"{}", message_id="msg_1", now=NOW, secrets=[secret])
