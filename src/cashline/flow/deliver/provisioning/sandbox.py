"""The outside, for sandboxes: an endpoint that switches services as asked, with faults to order.

It checks the signature of each call, switches a service once however often it is asked, and answers by a signed
call-back, over real HTTP both ways. Faults are ordered call by call, the last one staying:

    ok        202, then a call-back that confirms          refuse    422: the call is wrong for good
    at_once   200 with the confirmation in the answer      error     500
    fail      202, then a call-back that says failed       garbage   200 with an answer that makes no sense
    silent    202, and no call-back ever                   forged    202, then a call-back with a false signature
    twice     202, then the same call-back two times       late      202, then a call-back when `release` is called
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from uuid import UUID

import httpx
import msgspec

from cashline.flow.deliver.provisioning.rules import Operation
from cashline.kernel.refusals import Refusal
from cashline.platform.clock.queries import machine_time
from cashline.platform.webhooks.signing import new_secret, sign, verify

FAULTS = ("ok", "at_once", "fail", "silent", "twice", "refuse", "error", "garbage", "forged", "late")
ACCEPTED = 202
MAX_CALL = 100_000


@dataclass(slots=True)
class Answer:
    """What the endpoint answers, and the call-backs that follow it."""

    status: int
    body: dict[str, Any]
    call_backs: tuple[dict[str, Any], ...] = ()
    forged: bool = False
    held: bool = False


@dataclass(slots=True)
class Switchboard:
    """What the outside remembers: which requests it has seen, and what it has switched for them."""

    secret: str
    faults: tuple[str, ...] = ("ok",)
    calls: list[dict[str, Any]] = field(default_factory=list)
    switched: dict[str, str] = field(default_factory=dict)
    """By request id, the reference under which it was switched: each at most once."""

    def take(self, headers: Mapping[str, str], content: bytes) -> tuple[Answer, dict[str, Any]]:
        """Answer one call; gives the answer and the call as read."""
        try:
            verify(headers, content, now=machine_time(), secrets=[self.secret])
            body = msgspec.json.decode(content, type=dict[str, Any])
        except (Refusal, msgspec.DecodeError) as error:
            return Answer(401, {"error": str(error)}), {}
        self.calls.append(body)
        fault = self.faults[min(len(self.calls), len(self.faults)) - 1]
        return self._answer(fault, str(body.get("request_id", "")), str(body.get("operation", ""))), body

    def _answer(self, fault: str, request_id: str, operation: str) -> Answer:
        if fault == "error":
            return Answer(500, {"error": "The switchboard is on fire."})
        if fault == "refuse":
            return Answer(422, {"error": "There is no such service here."})
        if fault == "garbage":
            return Answer(200, {"status": "perhaps"})
        accepted: dict[str, Any] = {"status": "accepted"}
        if fault == "silent":
            return Answer(ACCEPTED, accepted)
        if fault == "fail":
            return Answer(ACCEPTED, accepted, ({"status": "failed", "error": "No capacity in this region."},))
        kind = "SVC" if operation == Operation.ACTIVATE else "OFF"
        reference = self.switched.setdefault(request_id, f"{kind}-{len(self.switched) + 1:05d}")
        confirmed: dict[str, Any] = {"status": "confirmed", "reference": reference}
        if fault == "at_once":
            return Answer(200, confirmed)
        back = (confirmed, confirmed) if fault == "twice" else (confirmed,)
        return Answer(ACCEPTED, accepted, back, forged=fault == "forged", held=fault == "late")

    def call_back(self, url: str, message_id: str, body: Mapping[str, Any], *, forged: bool = False) -> int:
        """POST a call-back, signed (with another secret where forged); gives the status of the answer, 0 for none."""
        content = msgspec.json.encode(body)
        secret = new_secret() if forged else self.secret
        headers = sign(content, message_id=message_id, now=machine_time(), secrets=[secret])
        try:
            answer = httpx.post(
                url, content=content, headers={"content-type": "application/json", **headers}, timeout=10.0
            )
        except httpx.HTTPError:
            return 0
        return answer.status_code


_boards: dict[UUID, Switchboard] = {}


def board_of(endpoint_id: UUID, secret: str, faults: tuple[str, ...]) -> Switchboard:
    """The switchboard of this process for an endpoint; other faults or another secret make a new one."""
    board = _boards.get(endpoint_id)
    if board is None or (board.secret, board.faults) != (secret, faults):
        board = _boards[endpoint_id] = Switchboard(secret, faults)
    return board


class SandboxEndpoint:
    """A switchboard behind a socket of this machine: `with SandboxEndpoint(secret, ["error", "ok"]) as endpoint: …`."""

    def __init__(self, secret: str, faults: tuple[str, ...] = ("ok",), port: int = 0) -> None:
        self.board = Switchboard(secret, faults)
        self.call_backs: list[int] = []
        """The statuses that our call-backs were answered with."""
        self._held: list[Callable[[], None]] = []
        self._in_hand = 0
        self._settled = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.wait()

    def serve(self) -> None:
        """Serve until interrupted."""
        self._server.serve_forever()

    def wait(self) -> None:
        """Until every call that has reached us is answered, and every call-back of those that is not held back."""
        with self._settled:
            self._settled.wait_for(lambda: self._in_hand == 0)

    def release(self) -> None:
        """Send the call-backs that were held back."""
        while self._held:
            self._held.pop(0)()

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """A call from its arrival to the last of its call-backs: what `wait` waits for."""
        with self._settled:
            self._in_hand += 1
        try:
            yield
        finally:
            with self._settled:
                self._in_hand -= 1
                self._settled.notify_all()

    def follow(self, answer: Answer, call: Mapping[str, Any]) -> None:
        """Send the call-backs of an answer, after it."""

        def send() -> None:
            for body in answer.call_backs:
                url, message_id = str(call["callback_url"]), str(call["request_id"])
                self.call_backs.append(self.board.call_back(url, message_id, body, forged=answer.forged))

        if answer.held:
            self._held.append(send)
        else:
            send()


def _handler(endpoint: SandboxEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands each POST to the switchboard."""

        def do_POST(self) -> None:
            """Answer one call, and then call back."""
            with endpoint.in_hand():
                length = min(int(self.headers.get("Content-Length") or 0), MAX_CALL)
                answer, call = endpoint.board.take(dict(self.headers.items()), self.rfile.read(length))
                content = msgspec.json.encode(answer.body)
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                endpoint.follow(answer, call)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing of each call."""

    return Handler
