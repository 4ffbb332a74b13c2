"""What a payment gateway is to Cashline: calls that give a result to record, and reports that can be trusted.

Every call carries an idempotency key of ours, has a time-out, and is tried again under a declared policy. A call that
nobody answered gives a result that says so (`pending`, without a reference): asking again with the same key is safe.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal


class ChargeStatus(StrEnum):
    """What a charge came to."""

    SUCCEEDED = "succeeded"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    PENDING = "pending"


class RefundStatus(StrEnum):
    """What a refund came to."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


class EventKind(StrEnum):
    """What a report of a gateway is about."""

    CHARGE = "charge"
    REFUND = "refund"
    CHARGEBACK_OPENED = "chargeback_opened"
    CHARGEBACK_WON = "chargeback_won"
    CHARGEBACK_LOST = "chargeback_lost"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One try of a call: `outcome` is `answered`, `timeout`, `unreachable` or `refused`; HTTP status 0 is no answer."""

    number: int
    outcome: str
    http_status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """The outcome of a charge, to be recorded as it is. `action_url` is where the payer must go, if anywhere."""

    status: ChargeStatus
    gateway_reference: str = ""
    amount: Money | None = None
    decline_code: str = ""
    message: str = ""
    action_url: str = ""
    attempts: tuple[CallAttempt, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Did the gateway not answer, so that the charge may or may not stand?"""
        return self.status is ChargeStatus.PENDING and not self.gateway_reference


@dataclass(frozen=True, slots=True)
class RefundResult:
    """The outcome of a refund, to be recorded as it is; without a reference nobody answered."""

    status: RefundStatus
    gateway_reference: str = ""
    amount: Money | None = None
    message: str = ""
    attempts: tuple[CallAttempt, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Did the gateway not answer, so that the refund may or may not stand?"""
        return self.status is RefundStatus.PENDING and not self.gateway_reference


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """A verified report. `event_id` comes again when the report is repeated; reports may come in any order.

    `gateway_reference` is that of the charge, also where a refund or chargeback is reported.
    """

    event_id: str
    kind: EventKind
    gateway_reference: str
    occurred_at: datetime
    charge_status: ChargeStatus | None = None
    refund_status: RefundStatus | None = None
    refund_reference: str = ""
    amount: Money | None = None
    decline_code: str = ""
    message: str = ""


class GatewayRefused(Refusal):
    """The gateway calls our request wrong: no money moved, and the same request will not do better."""

    code = "gateway_refused"
    status = 502


class IdempotencyKeyReused(GatewayRefused):
    """The idempotency key was used for another charge or refund before."""

    code = "idempotency_key_reused"
    status = 409


class WebhookRefused(Refusal):
    """A report whose signature or form does not prove that the gateway sent it."""

    code = "webhook_refused"
    status = 401


class Gateway(Protocol):
    """A payment gateway. Amounts are positive `Money`; `reference` is ours and shown in the gateway's console."""

    @property
    def name(self) -> str:
        """The word that stands for this gateway in records."""

    @property
    def key_lifetime(self) -> timedelta | None:
        """How long the gateway surely knows an idempotency key again; None where it never forgets one."""

    def charge(
        self, amount: Money, *, method_token: str, idempotency_key: str, reference: str, return_url: str = ""
    ) -> ChargeResult:
        """Take money from a stored method; the same key gives the first result again. Raises GatewayRefused."""

    def refund(self, gateway_reference: str, amount: Money, *, idempotency_key: str) -> RefundResult:
        """Give money of a charge back; the same key gives the first result again. Raises GatewayRefused."""

    def fetch(self, gateway_reference: str) -> ChargeResult:
        """What has become of a charge. Raises GatewayRefused for a reference that the gateway does not know."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> GatewayEvent:
        """Verify a report and read it. Raises WebhookRefused."""
