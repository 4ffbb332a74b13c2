"""What leaves the program leaves it once: signed webhooks to a real receiver, mail to a real SMTP server."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.test import override_settings

from cashline.kernel.identifiers import new_id
from cashline.platform import sql
from cashline.platform.events.actions import record, seal_events
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.mail.sending import Mail, MailAttachment, send_mail
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.outbox.queries import list_messages
from cashline.platform.outbox.rules import BACKOFF, Overtaken, Payload
from cashline.platform.outbox.sending import recover, register_senders, send_due, settle_unknown
from cashline.platform.webhooks.actions import create_endpoint, enqueue_events, replay
from cashline.platform.webhooks.sending import send_webhook
from cashline.platform.webhooks.signing import verify
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW


class Receiver:
    """A receiver of webhooks that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    register_senders({"webhook": send_webhook})
    yield found
    found.server.shutdown()
    found.server.server_close()


def _happen(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            record([Event("ReminderSent", (ObjectRef("invoice", new_id()),), {"n": number})], now=NOW, actor=ACTOR)
    seal_events(now=NOW)


def test_a_webhook_is_signed_retried_and_replayed_with_the_same_id(committed_db: Database, receiver: Receiver) -> None:
    endpoint, secret = create_endpoint(url=receiver.url, event_types=["ReminderSent"], now=NOW, actor=ACTOR)
    _happen(2)
    assert enqueue_events(now=NOW) == 2
    assert enqueue_events(now=NOW) == 0
    receiver.answers = [500, 204]
    assert send_due(now=NOW) == 2
    assert send_due(now=NOW) == 0
    assert send_due(now=NOW + BACKOFF[0]) == 1
    ids = [verify(headers, body, now=datetime.now(UTC), secrets=[secret]) for headers, body in receiver.got]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert replay(endpoint_id=endpoint, after=0, through=10_000, now=NOW, actor=ACTOR) == 2
    assert send_due(now=NOW) == 2
    again = [verify(headers, body, now=datetime.now(UTC), secrets=[secret]) for headers, body in receiver.got[3:]]
    assert sorted(again) == sorted(set(ids))


def test_a_message_that_never_gets_through_is_dead_and_seen(committed_db: Database, receiver: Receiver) -> None:
    create_endpoint(url=receiver.url, event_types=["ReminderSent"], now=NOW, actor=ACTOR)
    _happen(1)
    enqueue_events(now=NOW)
    receiver.answers = [503] * 20
    when = NOW
    for _ in range(12):
        send_due(now=when)
        when += timedelta(days=2)
    assert [(row.status, row.attempts) for row in list_messages()] == [("dead", len(BACKOFF) + 1)]


def test_ten_workers_send_each_message_once(committed_db: Database, receiver: Receiver) -> None:
    create_endpoint(url=receiver.url, event_types=[], now=NOW, actor=ACTOR)
    _happen(40)
    enqueue_events(now=NOW)

    def run(_: int) -> int:
        try:
            return send_due(now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        assert sum(pool.map(run, range(10))) == 41
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 41


def test_a_mail_goes_out_once_over_smtp_and_an_interrupted_one_waits_for_a_person(committed_db: Database) -> None:
    inbox: list[bytes] = []

    class Keep:
        async def handle_DATA(  # noqa: N802 - aiosmtpd's name
            self, server: Any, session: Any, envelope: Any
        ) -> str:
            inbox.append(envelope.content)
            return "250 kept"

    def send(payload: Payload, *, key: str, now: datetime) -> None:
        attachment = MailAttachment("invoice.pdf", b"%PDF-1.7 \xe2\xe3", "application/pdf")
        send_mail(Mail(payload["to"], "Rechnung Nr. 1 – fällig", "Guten Tag", attachments=[attachment]), key=key)

    register_senders({"test_mail": send})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        options = {"host": "127.0.0.1", "port": port, "timeout": 5}
        smtp = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
        with override_settings(MAILERS=smtp):
            with transaction.atomic():
                for _ in range(3):
                    message = OutboxMessage("test_mail", "invoice_mail:1", {"to": "buyer@example.com"})
                    enqueue([message], now=NOW)
            assert send_due(now=NOW) == 1
            assert send_due(now=NOW + timedelta(days=1)) == 0
            enqueue([OutboxMessage("test_mail", "invoice_mail:2", {"to": "buyer@example.com"})], now=NOW)
            sql.execute(
                "UPDATE outbox SET status = 'sending', claimed_at = clock_timestamp() - interval '1 hour' "
                "WHERE key = 'invoice_mail:2'"
            )
            assert recover() == 1
            assert send_due(now=NOW + timedelta(days=1)) == 0
            unknown = next(row for row in list_messages() if row.status == "unknown")
            assert settle_unknown(message_id=unknown.id, was_sent=False, now=NOW, actor=ACTOR)
            assert send_due(now=NOW + timedelta(days=1)) == 1
    finally:
        controller.stop()
    assert len(inbox) == 2
    mail = message_from_bytes(inbox[0])
    assert mail["X-Cashline-Key"] == "invoice_mail:1"
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert parts["application/pdf"].get_payload(decode=True) == b"%PDF-1.7 \xe2\xe3"


def test_what_need_not_be_sent_any_more_is_no_failure(committed_db: Database) -> None:
    def late(payload: Payload, *, key: str, now: datetime) -> None:
        raise Overtaken("The request to sign is signed.")

    register_senders({"late": late})
    with transaction.atomic():
        enqueue([OutboxMessage("late", "late:1", {})], now=NOW)
    assert send_due(now=NOW) == 1
    [message] = list_messages()
    assert (message.status, message.sent_at, message.last_detail) == (
        "overtaken",
        None,
        "The request to sign is signed.",
    )
    assert send_due(now=NOW + timedelta(days=9)) == 0
