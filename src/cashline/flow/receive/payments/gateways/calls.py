"""Calling the outside: each try has a time-out, failures that may pass are tried again, and every try is recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep

import httpx

from cashline.flow.receive.payments.gateways.protocol import CallAttempt


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds to wait before each further try, and how long one try may take; `waits` of two make three tries."""

    waits: tuple[float, ...] = (0.5, 2.0)
    connect_seconds: float = 3.0
    answer_seconds: float = 10.0

    def timeout(self) -> httpx.Timeout:
        """The time-outs of one try."""
        return httpx.Timeout(self.answer_seconds, connect=self.connect_seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that stands, or None where none came (a refusal that may pass is no answer); and every try."""

    response: httpx.Response | None
    attempts: tuple[CallAttempt, ...]


_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may do better; 409 is a first try that is still running."""


def call(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    policy: RetryPolicy,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    wait: Callable[[float], None] = sleep,
) -> Answer:
    """Send a request until an answer that stands comes, as often as the policy says.

    Sending again is only right for requests that the other side recognises: reads, or with an idempotency key.
    """
    attempts: list[CallAttempt] = []
    for number, pause in enumerate((0.0, *policy.waits), 1):
        if pause:
            wait(pause)
        try:
            response = client.request(method, path, data=form, headers=headers, timeout=policy.timeout())
        except httpx.TimeoutException as error:
            attempts.append(CallAttempt(number, "timeout", error=type(error).__name__))
            continue
        except httpx.TransportError as error:
            attempts.append(CallAttempt(number, "unreachable", error=type(error).__name__))
            continue
        passing = response.status_code in _PASSING
        attempts.append(CallAttempt(number, "refused" if passing else "answered", response.status_code))
        if not passing:
            return Answer(response, tuple(attempts))
    return Answer(None, tuple(attempts))
