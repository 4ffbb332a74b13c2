"""Rules of provisioning: the life of a request to switch a service, the call that makes it and the answers to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import InvalidValue, Refusal

ANSWER_WITHIN = timedelta(hours=24)
"""How long a call-back may take before the request counts as failed."""
MAX_TEXT = 1000


class ProvisioningStatus(StrEnum):
    """Where a request to switch a service stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    COMPENSATED = "compensated"


PROVISIONING = Lifecycle(
    "provisioning request",
    ("confirm", [ProvisioningStatus.REQUESTED], ProvisioningStatus.CONFIRMED),
    ("fail", [ProvisioningStatus.REQUESTED], ProvisioningStatus.FAILED),
    ("retry", [ProvisioningStatus.FAILED], ProvisioningStatus.REQUESTED),
    (
        "compensate",
        [ProvisioningStatus.REQUESTED, ProvisioningStatus.CONFIRMED, ProvisioningStatus.FAILED],
        ProvisioningStatus.COMPENSATED,
    ),
)


class Operation(StrEnum):
    """What an endpoint is asked to do."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"


class InvalidCallBack(Refusal):
    """The answer of an endpoint is not of the published form."""

    code = "invalid_call_back"


class Service(NamedTuple):
    """A service to switch: what the catalogue and the order say of it. No `key`: nobody has to be asked."""

    order_line_id: UUID
    order_id: UUID
    order_number: str
    customer_number: str
    customer_name: str
    sku: str
    key: str
    quantity: Decimal
    timezone: str


@dataclass(frozen=True, slots=True)
class CallBack:
    """An endpoint's answer: confirmed with its own reference, or failed with a reason."""

    confirmed: bool
    reference: str = ""
    error: str = ""


def call(request_id: str, operation: str, attempt: int, service: Service, callback_url: str) -> dict[str, Any]:
    """The body of a call; `request_id` stays the same over retries, so that an endpoint acts on it once."""
    return {
        "request_id": request_id,
        "operation": operation,
        "attempt": attempt,
        "service": service.key,
        "sku": service.sku,
        "quantity": f"{service.quantity.normalize():f}",
        "order": service.order_number,
        "customer": {"number": service.customer_number, "name": service.customer_name},
        "callback_url": callback_url,
    }


def read_call_back(body: Any) -> CallBack | None:
    """Read an answer; None where it says that the work goes on. Raises InvalidCallBack."""
    if not isinstance(body, Mapping):
        raise InvalidCallBack("The answer is no JSON object.", field="body")
    status, reference, error = body.get("status"), body.get("reference", ""), body.get("error", "")
    if not isinstance(reference, str) or not isinstance(error, str) or len(reference) > MAX_TEXT:
        raise InvalidCallBack("reference and error are texts.", field="reference")
    if status == "accepted":
        return None
    if status not in ("confirmed", "failed"):
        raise InvalidCallBack(
            "The status is none of confirmed, failed, accepted.", field="status", fix='Send {"status": "confirmed"}.'
        )
    return CallBack(status == "confirmed", reference, error[:MAX_TEXT] or ("" if status == "confirmed" else "refused"))


def endpoint_errors(key: str, url: str) -> list[Refusal]:
    """What is wrong with an endpoint."""
    found: list[Refusal] = []
    if not key.strip() or len(key) > 100:
        found.append(InvalidValue("A provisioning key has 1 to 100 characters.", field="key"))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 2000:
        found.append(
            InvalidValue("That is no address of an endpoint.", field="url", fix="Give one such as https://host/path.")
        )
    return found
