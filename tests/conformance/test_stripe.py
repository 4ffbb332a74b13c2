"""Stripe's adapter against localstripe, a copy of Stripe that runs as a program of its own.

It stands in an environment of its own (`.venv-localstripe` from requirements/localstripe.txt, or where
CASHLINE_LOCALSTRIPE points). It does not honour idempotency keys; that is tested elsewhere.
"""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
import pytest

from cashline.flow.receive.payments.gateways.calls import RetryPolicy
from cashline.flow.receive.payments.gateways.protocol import (
    ChargeResult,
    ChargeStatus,
    EventKind,
    GatewayRefused,
    RefundStatus,
)
from cashline.flow.receive.payments.gateways.stripe import StripeGateway
from cashline.kernel.money import Money
from tests.support.cluster import Database
from tests.support.world import ACTOR, NOW

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("CASHLINE_LOCALSTRIPE") or ROOT / ".venv-localstripe" / "bin" / "localstripe")
KEY = "sk_test_12345"
SECRET = "whsec_localstripe"

pytestmark = pytest.mark.skipif(
    not PROGRAM.exists(),
    reason="localstripe is not installed: make .venv-localstripe from requirements/localstripe.txt.",
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """localstripe on a free loopback port; ended with the module."""
    port = free_port()
    with TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        command = [str(PROGRAM), "--port", str(port), "--from-scratch"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, env={**os.environ, "HOME": folder})
        stack.callback(process.wait)
        stack.callback(process.terminate)
        where = f"http://127.0.0.1:{port}"
        for _ in range(100):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{where}/v1/customers", auth=(KEY, "")).status_code == 200:
                    break
            time.sleep(0.1)
        else:
            pytest.fail("localstripe did not start within ten seconds.")
        yield where


@pytest.fixture(scope="module")
def reports(address: str) -> Iterator[Queue[tuple[dict[str, str], bytes]]]:
    """What localstripe posts to a webhook of ours."""
    found: Queue[tuple[dict[str, str], bytes]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    httpx.post(f"{address}/_config/webhooks/test", data={"url": url, "secret": SECRET}).raise_for_status()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def gateway(address: str) -> Iterator[StripeGateway]:
    made = StripeGateway(KEY, webhook_secret=SECRET, address=address, policy=RetryPolicy(waits=()))
    yield made
    made.close()


def method(address: str, number: str) -> str:
    """A customer with a card, as `cus_…:pm_…`; the card stays unattached where attaching is declined."""

    def post(path: str, **form: str) -> httpx.Response:
        return httpx.post(f"{address}{path}", auth=(KEY, ""), data=form)

    customer = post("/v1/customers", email="buyer@example.com").json()["id"]
    card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"}
    made = post("/v1/payment_methods", type="card", **card).json()["id"]
    post(f"/v1/payment_methods/{made}/attach", customer=customer)
    return f"{customer}:{made}"


def charge(gateway: StripeGateway, token: str, amount: str = "119.00", currency: str = "EUR") -> ChargeResult:
    return gateway.charge(Money.of(amount, currency), method_token=token, idempotency_key="k", reference="INV-1")


@pytest.mark.parametrize(("amount", "currency"), [("119.00", "EUR"), ("1234", "JPY"), ("0.50", "USD")])
def test_a_charge_and_its_fetch_agree(address: str, gateway: StripeGateway, amount: str, currency: str) -> None:
    result = charge(gateway, method(address, "4242424242424242"), amount, currency)
    assert result.status is ChargeStatus.SUCCEEDED
    assert result.amount == Money.of(amount, currency)
    assert [each.outcome for each in result.attempts] == ["answered"]
    fetched = gateway.fetch(result.gateway_reference)
    assert (fetched.status, fetched.amount) == (result.status, result.amount)


def test_a_card_that_is_declined_when_charged(address: str, gateway: StripeGateway) -> None:
    result = charge(gateway, method(address, "4000000000000341"))
    assert result.status is ChargeStatus.DECLINED
    assert result.decline_code == "card_declined"
    assert "declined" in result.message


def test_a_card_that_asks_for_three_d_secure(address: str, gateway: StripeGateway) -> None:
    result = charge(gateway, method(address, "4000002500003155"))
    assert result.status is ChargeStatus.REQUIRES_ACTION
    assert gateway.fetch(result.gateway_reference).status is ChargeStatus.REQUIRES_ACTION


def test_refunds_in_parts(address: str, gateway: StripeGateway) -> None:
    reference = charge(gateway, method(address, "4242424242424242")).gateway_reference
    for part in ("19.00", "100.00"):
        refund = gateway.refund(reference, Money.of(part, "EUR"), idempotency_key=f"r{part}")
        assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, Money.of(part, "EUR"))


def test_what_stripe_does_not_know_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayRefused):
        charge(gateway, "pm_unknown")
    with pytest.raises(GatewayRefused):
        gateway.fetch("pi_unknown")
    with pytest.raises(GatewayRefused):
        gateway.refund("pi_unknown", Money.of("1", "EUR"), idempotency_key="r")


def test_a_key_that_stripe_does_not_accept_is_refused(address: str) -> None:
    with pytest.raises(GatewayRefused):
        charge(StripeGateway("pk_wrong", webhook_secret=SECRET, address=address), "pm_1")


def test_nobody_at_the_address_leaves_the_charge_unknown() -> None:
    nobody = StripeGateway(
        KEY, webhook_secret=SECRET, address=f"http://127.0.0.1:{free_port()}", policy=RetryPolicy(waits=(0.01,))
    )
    result = charge(nobody, "pm_1")
    assert result.is_unknown
    assert [each.outcome for each in result.attempts] == ["unreachable", "unreachable"]


def test_the_signed_report_of_a_charge_is_verified_and_read(
    address: str, gateway: StripeGateway, reports: Queue[tuple[dict[str, str], bytes]]
) -> None:
    token = method(address, "4242424242424242")
    result = charge(gateway, token)
    for _ in range(20):
        headers, body = reports.get(timeout=10)
        event = gateway.parse_webhook(headers, body, now=datetime.now(UTC))
        if event.kind is EventKind.CHARGE and event.gateway_reference == result.gateway_reference:
            break
    assert event.charge_status is ChargeStatus.SUCCEEDED
    assert event.amount == Money.of("119.00", "EUR")


def test_an_invoice_is_charged_reported_and_refunded_through_stripe(
    address: str,
    gateway: StripeGateway,
    reports: Queue[tuple[dict[str, str], bytes]],
    committed_db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cashline.flow.receive.payments import queries
    from cashline.flow.receive.payments.actions import (
        NewRefund,
        charge_card,
        gateways,
        handle_gateway_event,
        request_refunds,
        send_refund,
    )
    from tests.support.receive import assert_laws_hold, intent_for, invoice_of, make_receiving_shop, open_of

    monkeypatch.setenv("CASHLINE_STRIPE_KEY", KEY)
    monkeypatch.setenv("CASHLINE_STRIPE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("CASHLINE_STRIPE_URL", address)
    live = gateways(sandbox=False)
    row = invoice_of(make_receiving_shop())
    declined = charge_card(
        intent_for(row, method(address, "4000000000000341"), gateway="stripe"),
        gateway_named=live, now=NOW, actor=ACTOR,
    )  # fmt: skip
    assert (declined.status, open_of(row)) == ("failed", Decimal(119))
    intent = charge_card(
        intent_for(row, method(address, "4242424242424242"), gateway="stripe"),
        gateway_named=live, now=NOW, actor=ACTOR,
    )  # fmt: skip
    assert (intent.status, open_of(row)) == ("succeeded", Decimal(0))
    payment = queries.payment(intent.payment_id or UUID(int=0))
    assert payment.gateway_reference == intent.gateway_reference
    outcomes = set()
    while not reports.empty():
        headers, body = reports.get(timeout=10)
        outcomes.add(
            handle_gateway_event(
                live("stripe"), headers, body, machine_time=datetime.now(UTC), now=NOW, actor="gateway:stripe"
            )
        )
    assert outcomes <= {"stale", "ignored", ""}
    refund_id = request_refunds([NewRefund(payment.id, Decimal(19), "Returned")], now=NOW, actor=ACTOR)[0]
    refund = send_refund(refund_id, gateway_named=live, now=NOW, actor=ACTOR)
    assert (refund.status, open_of(row), queries.payment(payment.id).refunded_amount) == (
        "succeeded",
        Decimal(19),
        Decimal(19),
    )
    assert_laws_hold()
