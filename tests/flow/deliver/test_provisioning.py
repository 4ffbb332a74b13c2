"""Activation by signed calls over real HTTP both ways: retried, failed, undone; answers twice, late or forged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from cashline.flow.agree.catalog.actions import change_product
from cashline.flow.book.orders import queries as orders
from cashline.flow.book.orders.actions import cancel_orders
from cashline.flow.deliver.fulfilment.actions import retry_steps
from cashline.flow.deliver.fulfilment.queries import steps_of
from cashline.flow.deliver.provisioning import queries
from cashline.flow.deliver.provisioning.actions import fail_unanswered, retry_requests, set_endpoint
from cashline.flow.deliver.provisioning.queries import RequestRow
from cashline.flow.deliver.provisioning.sandbox import SandboxEndpoint
from cashline.flow.deliver.subscriptions.actions import cancel_subscriptions, end_due
from cashline.flow.deliver.subscriptions.queries import subscriptions_of
from cashline.kernel.identifiers import public
from cashline.kernel.lifecycle import IllegalTransition
from cashline.kernel.refusals import Refusals
from cashline.platform import sql
from cashline.platform.clock.actions import make_sandbox, move_clock
from cashline.platform.clock.queries import machine_time
from cashline.platform.events.queries import timeline
from cashline.platform.webhooks.signing import new_secret, sign
from tests.support.book import Shop, book, line, make_shop
from tests.support.cluster import Database
from tests.support.deliver import KEY, later, provision_platform, work
from tests.support.world import ACTOR, NOW, TODAY


@pytest.fixture
def shop(committed_db: Database) -> Shop:
    make_sandbox(frozen_at=NOW)
    return make_shop()


@pytest.fixture
def door(committed_db: Database) -> Iterator[str]:
    """The program behind a socket, its address as PUBLIC_URL."""
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet, allow_reuse_address=False)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    before = getattr(settings, "PUBLIC_URL", "")
    settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
    try:
        yield settings.PUBLIC_URL
    finally:
        settings.PUBLIC_URL = before
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def endpoint(shop: Shop, *faults: str) -> Iterator[SandboxEndpoint]:
    """The shop's subscription behind a sandbox endpoint with those faults."""
    secret = new_secret()
    with SandboxEndpoint(secret, faults) as found:
        provision_platform(shop, found.url)
        set_endpoint(key=KEY, url=found.url, secret=secret, now=NOW, actor=ACTOR)
        yield found


def order_platform(shop: Shop) -> UUID:
    return book(shop, line("PLAT-PRO", 2, interval_months=1))


def request_of(order_id: UUID) -> RequestRow:
    return next(row for row in queries.requests_of([order_id]) if row.operation == "activate")


def state(order_id: UUID) -> tuple[str, str, str]:
    """The request, the step and the subscription."""
    step = next(step for step in steps_of([order_id]) if step.kind == "activate")
    return request_of(order_id).status, step.status, subscriptions_of([order_id])[0].status


def turn(sandbox: SandboxEndpoint, now: datetime = NOW) -> None:
    """The worker works, and the call-backs arrive."""
    move_clock(now)
    work(now)
    sandbox.wait()


def test_a_service_is_there_once_its_endpoint_says_so(shop: Shop, door: str) -> None:
    with endpoint(shop, "ok") as sandbox:
        order_id = order_platform(shop)
        assert state(order_id) == ("requested", "running", "pending")
        turn(sandbox)
        assert state(order_id) == ("confirmed", "done", "active")
        row = request_of(order_id)
        call = sandbox.board.calls[0]
        assert (call["service"], call["quantity"], call["operation"]) == (KEY, "2", "activate")
        assert (row.external_reference, sandbox.call_backs) == ("SVC-00001", [200])
        assert orders.order(order_id).status == "completed"
        told = [event.actor for event in timeline([order_id]) if event.type == "ServiceProvisioned"]
        assert told == [f"endpoint:{KEY}"]


def test_an_answer_at_once_needs_no_call_back(shop: Shop, door: str) -> None:
    with endpoint(shop, "at_once") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert state(order_id) == ("confirmed", "done", "active")


def test_an_endpoint_that_is_down_is_called_again_under_the_same_id(shop: Shop, door: str) -> None:
    with endpoint(shop, "error", "garbage", "ok") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert state(order_id) == ("requested", "running", "pending")
        turn(sandbox, later(minutes=2))
        turn(sandbox, later(minutes=10))
        assert state(order_id) == ("confirmed", "done", "active")
        assert len({call["request_id"] for call in sandbox.board.calls}) == 1
        assert len(sandbox.board.calls) == 3
        assert len(sandbox.board.switched) == 1


def test_a_failure_is_tried_again_after_a_pause_and_then_waits_for_a_person(shop: Shop, door: str) -> None:
    with endpoint(shop, "fail", "fail", "fail", "fail", "fail", "ok") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert state(order_id) == ("failed", "ready", "pending")
        assert request_of(order_id).error == "No capacity in this region."
        for minutes in (2, 10, 60, 240):
            turn(sandbox, later(minutes=minutes))
        assert state(order_id) == ("failed", "failed", "pending")
        assert len(sandbox.board.calls) == 5
        turn(sandbox, later(days=30))
        assert len(sandbox.board.calls) == 5
        retry_requests([request_of(order_id).id], now=later(days=31), actor=ACTOR)
        turn(sandbox, later(days=31))
        assert state(order_id) == ("confirmed", "done", "active")
        with pytest.raises(IllegalTransition):
            retry_requests([request_of(order_id).id], now=later(days=31), actor=ACTOR)


def test_a_call_that_is_refused_for_good_or_never_answered_fails_in_the_end(shop: Shop, door: str) -> None:
    with endpoint(shop, "refuse", "silent") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert fail_unanswered(now=NOW, actor=ACTOR) == 1
        assert state(order_id) == ("failed", "ready", "pending")
        assert "no such service" in request_of(order_id).error
        turn(sandbox, later(minutes=2))
        assert fail_unanswered(now=later(hours=23), actor=ACTOR) == 0
        assert fail_unanswered(now=later(hours=25), actor=ACTOR) == 1
        assert request_of(order_id).error == "No answer came within 24 hours."


def test_an_answer_that_comes_twice_changes_nothing_more(shop: Shop, door: str) -> None:
    with endpoint(shop, "twice") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert sandbox.call_backs == [200, 200]
        assert state(order_id) == ("confirmed", "done", "active")
        assert [event.type for event in timeline([order_id])].count("SubscriptionActivated") == 1


def test_a_cancelled_activation_is_undone_and_its_late_answer_does_no_harm(shop: Shop, door: str) -> None:
    with endpoint(shop, "late", "ok") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        cancel_orders([order_id], reason="Changed their mind", now=NOW, actor=ACTOR)
        assert state(order_id) == ("compensated", "cancelled", "cancelled")
        sandbox.release()
        turn(sandbox)
        assert state(order_id) == ("compensated", "cancelled", "cancelled")
        assert [(call["operation"], call["attempt"]) for call in sandbox.board.calls] == [
            ("activate", 1),
            ("deactivate", 1),
        ]
        undone = [row for row in queries.requests_of([order_id]) if row.operation == "deactivate"]
        assert [row.status for row in undone] == ["confirmed"]
        assert sandbox.call_backs == [200, 200]
        assert sql.fetch("SELECT kind FROM deliveries") == [("cancelled",)]


def test_a_call_that_was_undone_before_it_was_sent_is_not_sent(shop: Shop, door: str) -> None:
    with endpoint(shop, "ok") as sandbox:
        order_id = order_platform(shop)
        cancel_orders([order_id], reason="Mistake", now=NOW, actor=ACTOR)
        turn(sandbox)
        assert [call["operation"] for call in sandbox.board.calls] == ["deactivate"]


def test_a_service_that_ended_is_switched_off(shop: Shop, door: str) -> None:
    with endpoint(shop, "ok") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        row = subscriptions_of([order_id])[0]
        cancel_subscriptions([row.id], ends_on=TODAY, reason="Not needed", now=NOW, actor=ACTOR)
        end_due(today=TODAY, now=NOW, actor=ACTOR)
        turn(sandbox)
        assert [call["operation"] for call in sandbox.board.calls] == ["activate", "deactivate"]
        assert [event.type for event in timeline([order_id])][-1] == "ServiceDeactivated"


def test_a_false_signature_moves_nothing(shop: Shop, door: str) -> None:
    with endpoint(shop, "forged") as sandbox:
        order_id = order_platform(shop)
        turn(sandbox)
        assert sandbox.call_backs == [401]
        assert state(order_id) == ("requested", "running", "pending")


def test_call_backs_are_checked_in_every_part(shop: Shop, door: str) -> None:
    with endpoint(shop, "silent") as sandbox:
        mine, other = (public("provisioning_request", request_of(order_platform(shop)).id) for _ in range(2))
        secret = sandbox.board.secret
        address = f"{door}/v1/provisioning-callbacks/{mine}"

        def send(content: bytes, *, about: str = mine, at: datetime | None = None, url: str = address) -> int:
            headers = sign(content, message_id=about, now=at or machine_time(), secrets=[secret])
            return httpx.post(url, content=content, headers=headers).status_code

        confirmed = msgspec.json.encode({"status": "confirmed", "reference": "R"})
        assert httpx.post(address, content=confirmed).status_code == 401
        assert send(confirmed, about=other) == 401
        assert send(confirmed, at=machine_time().replace(year=2020)) == 401
        assert send(confirmed, url=address.replace(mine, "prv_nonsense")) == 404
        assert send(b"{") == 422
        assert send(b"[]") == 422
        assert send(msgspec.json.encode({"status": "maybe"})) == 422
        assert send(b" " * 30_000) == 422
        assert send(msgspec.json.encode({"status": "accepted"})) == 200
        assert sql.fetch("SELECT DISTINCT status FROM provisioning_requests") == [("requested",)]
        assert send(confirmed) == 200


def test_a_service_without_an_endpoint_waits_for_a_person(shop: Shop, door: str) -> None:
    change_product(shop.catalog.platform, changes={"provisioning_key": "elsewhere"}, now=NOW, actor=ACTOR)
    order_id = order_platform(shop)
    for minutes in (0, 2, 10, 60, 240):
        work(later(minutes=minutes))
    step = steps_of([order_id])[0]
    assert (step.status, step.attempts) == ("failed", 5)
    assert step.error == "There is no active endpoint for the provisioning key 'elsewhere'."
    change_product(shop.catalog.platform, changes={"provisioning_key": ""}, now=NOW, actor=ACTOR)
    retry_steps([step.id], now=later(days=1), actor=ACTOR)
    work(later(days=1))
    assert subscriptions_of([order_id])[0].status == "active"


def test_an_endpoint_has_an_address_and_a_key(shop: Shop) -> None:
    with pytest.raises(Refusals) as refused:
        set_endpoint(key=" ", url="ftp://host", now=NOW, actor=ACTOR)
    assert [one.field for one in refused.value] == ["key", "url"]
