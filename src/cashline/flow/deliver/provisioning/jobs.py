"""What runs by itself: the sender of provisioning calls, and the end of waiting for answers that do not come."""

from datetime import datetime
from uuid import UUID

from cashline.flow.deliver.provisioning import actions, queries
from cashline.flow.deliver.provisioning.rules import CallBack, ProvisioningStatus, read_call_back
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import Refusal
from cashline.platform.outbox.rules import Payload, Sender, SendingFailed
from cashline.platform.webhooks.sending import post_signed

SENDER = "system:provisioning"
TRY_LATER = frozenset({408, 409, 425, 429})


def send_call(payload: Payload, *, key: str, now: datetime) -> None:  # noqa: ARG001 - senders share one shape
    """POST a call to its endpoint, signed; raises SendingFailed, for good where the endpoint refuses the call.

    An endpoint may answer at once (200 with `{"status": "confirmed"}`), or say 202 and call back. A request that was
    undone or answered meanwhile is not sent any more.
    """
    request_id = UUID(str(payload["request_id"]))
    if queries.request(request_id).status != ProvisioningStatus.REQUESTED:
        return
    endpoint = queries.endpoint_of(request_id)
    if not endpoint.active:
        raise SendingFailed("The endpoint is switched off.", again=False)
    message_id = public("provisioning_request", request_id)
    answer = post_signed(endpoint.url, payload["body"], message_id=message_id, secrets=[endpoint.secret])
    if not answer.is_success:
        again = answer.status_code >= 500 or answer.status_code in TRY_LATER
        raise SendingFailed(answer.text[:500], status_code=answer.status_code, again=again)
    call_back = _answered_at_once(answer.content)
    if call_back is not None:
        actions.answer(request_id=request_id, call_back=call_back, now=now, actor=SENDER)


def _answered_at_once(content: bytes) -> CallBack | None:
    import msgspec

    if not content.strip():
        return None
    try:
        return read_call_back(msgspec.json.decode(content))
    except (msgspec.DecodeError, Refusal) as error:
        raise SendingFailed(f"The answer makes no sense: {error}") from error


def fail_unanswered(*, now: datetime, actor: str) -> int:
    """Fail what was not answered in time; gives how many."""
    return actions.fail_unanswered(now=now, actor=actor)


SENDERS: dict[str, Sender] = {"provisioning": send_call}
