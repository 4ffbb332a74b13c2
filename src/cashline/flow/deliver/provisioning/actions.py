"""Writing provisioning: requests go out through the outbox, answers come back by call-back, cancelled ones are undone.

Orders are locked before requests. An answer that comes twice, or too late, changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from cashline.flow.deliver.fulfilment.actions import fail_steps, retry_steps
from cashline.flow.deliver.provisioning import queries
from cashline.flow.deliver.provisioning.queries import LockedRequest
from cashline.flow.deliver.provisioning.rules import (
    ANSWER_WITHIN,
    PROVISIONING,
    CallBack,
    Operation,
    ProvisioningStatus,
    Service,
    call,
    endpoint_errors,
)
from cashline.kernel.identifiers import new_id, public
from cashline.kernel.periods import local_day
from cashline.kernel.refusals import raise_all
from cashline.platform import sql
from cashline.platform.events.actions import record
from cashline.platform.events.rules import Event, ObjectRef
from cashline.platform.outbox.actions import OutboxMessage, enqueue
from cashline.platform.webhooks.signing import new_secret

_COLUMNS = ("id", "order_line_id", "step_id", "endpoint_id", "operation", "quantity", "status", "requested_at")


@transaction.atomic
def set_endpoint(
    *, key: str, url: str, secret: str = "", active: bool = True, now: datetime, actor: str
) -> tuple[UUID, str]:
    """Say who switches the services of a provisioning key; gives the endpoint and its secret (a new one where none is
    given), which signs our calls and the answers to them."""
    raise_all(endpoint_errors(key, url))
    secret = secret or new_secret()
    rows = sql.fetch(
        "INSERT INTO provisioning_endpoints (id, key, url, secret, active) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (key) DO UPDATE SET url = EXCLUDED.url, secret = EXCLUDED.secret, active = EXCLUDED.active "
        "RETURNING id",
        (new_id(), key, url, secret, active),
    )
    endpoint_id: UUID = rows[0][0]
    data = {"endpoint_id": str(endpoint_id), "key": key, "url": url, "active": active}
    record(
        [Event("ProvisioningEndpointSet", (ObjectRef("provisioning_endpoint", endpoint_id),), data)],
        now=now,
        actor=actor,
    )
    return endpoint_id, secret


def request_activations(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on ActivationStarted: ask the endpoints to activate; what nobody has to be asked for is there at once.

    A request that failed before is asked anew; one that is under way, confirmed or undone stays as it is.
    """
    steps = {UUID(step["order_line_id"]): UUID(step["step_id"]) for event in events for step in event.data["steps"]}
    services = queries.services(steps)
    asked = {key: service for key, service in services.items() if service.key}
    endpoints = queries.active_endpoints(service.key for service in asked.values()) if asked else {}
    known = queries.activations_for_update(asked) if asked else {}
    homeless = [service for service in asked.values() if service.key not in endpoints]
    fail_steps(
        [
            (steps[service.order_line_id], f"There is no active endpoint for the provisioning key {service.key!r}.")
            for service in homeless
        ],
        now=now,
    )
    fresh = [
        (endpoints[service.key], service)
        for key, service in asked.items()
        if key not in known and service.key in endpoints
    ]
    _request(fresh, Operation.ACTIVATE, steps, now=now, actor=actor)
    _ask_again(
        [row for row in known.values() if row.status == ProvisioningStatus.FAILED], services, now=now, actor=actor
    )
    at_once = [service for service in services.values() if not service.key]
    record([_provisioned(service, now) for service in at_once], now=now, actor=actor)


@transaction.atomic
def answer(*, request_id: UUID, call_back: CallBack, now: datetime, actor: str) -> str:
    """Take an endpoint's answer; gives the status after it.

    Only a request that waits for its answer is moved by one: repeated and late answers change nothing.
    """
    row = queries.requests_for_update([request_id])[request_id]
    if row.status != ProvisioningStatus.REQUESTED:
        return row.status
    if call_back.confirmed:
        _confirm([row], call_back.reference, now=now, actor=actor)
        return ProvisioningStatus.CONFIRMED.value
    _fail([(row, call_back.error)], now=now, actor=actor)
    return ProvisioningStatus.FAILED.value


@transaction.atomic
def fail_unanswered(*, now: datetime, actor: str, limit: int = 500) -> int:
    """Fail the requests whose call could not be delivered, or whose answer did not come in time; gives how many."""
    why = dict(queries.unanswered(before=now - ANSWER_WITHIN, limit=limit))
    rows = [row for row in queries.requests_for_update(why).values() if row.status == ProvisioningStatus.REQUESTED]
    hours = int(ANSWER_WITHIN.total_seconds() // 3600)
    _fail([(row, why[row.id] or f"No answer came within {hours} hours.") for row in rows], now=now, actor=actor)
    return len(rows)


@transaction.atomic
def retry_requests(request_ids: Sequence[UUID], *, now: datetime, actor: str) -> None:
    """A person has failed requests asked again at once; raises IllegalTransition for one that did not fail."""
    rows = queries.requests_for_update(request_ids)
    for row in rows.values():
        PROVISIONING.target("retry", row.status, document_id=public("provisioning_request", row.id))
    retry_steps([row.step_id for row in rows.values() if row.step_id], now=now, actor=actor, started=True)
    services = queries.services(row.order_line_id for row in rows.values())
    _ask_again(list(rows.values()), services, now=now, actor=actor)


def compensate_orders(events: Sequence[Event], *, now: datetime, actor: str) -> None:
    """Hand-off on OrderCancelled: what was asked for cancelled lines is undone, by a request to deactivate."""
    rows = queries.activations_of_cancelled_lines_for_update(event.subject_id for event in events)
    _compensate(rows, now=now, actor=actor)


@transaction.atomic
def deactivate_services(order_line_ids: Sequence[UUID], *, now: datetime, actor: str) -> None:
    """Ask the endpoints to switch off what they had switched on for those lines; others need nothing."""
    rows = queries.activations_for_update(order_line_ids)
    running = [row for row in rows.values() if row.status == ProvisioningStatus.CONFIRMED]
    services = queries.services(row.order_line_id for row in running) if running else {}
    _request(
        [(row.endpoint_id, services[row.order_line_id]) for row in running],
        Operation.DEACTIVATE,
        {},
        now=now,
        actor=actor,
    )


def _confirm(rows: Sequence[LockedRequest], reference: str, *, now: datetime, actor: str) -> None:
    target = PROVISIONING.transitions["confirm"].target.value
    columns = {"status": "text", "external_reference": "text", "answered_at": "timestamptz", "error": "text"}
    sql.update("provisioning_requests", columns, [(row.id, target, reference, now, "") for row in rows])
    activated = [row for row in rows if row.operation == Operation.ACTIVATE]
    services = queries.services(row.order_line_id for row in activated) if activated else {}
    found = [_provisioned(services[row.order_line_id], now, row.id, reference) for row in activated]
    found += [
        _event("ServiceDeactivated", row, {"reference": reference})
        for row in rows
        if row.operation == Operation.DEACTIVATE
    ]
    record(found, now=now, actor=actor)


def _fail(failures: Sequence[tuple[LockedRequest, str]], *, now: datetime, actor: str) -> None:
    target = PROVISIONING.transitions["fail"].target.value
    columns = {"status": "text", "answered_at": "timestamptz", "error": "text"}
    sql.update("provisioning_requests", columns, [(row.id, target, now, why) for row, why in failures])
    fail_steps([(row.step_id, why) for row, why in failures if row.step_id], now=now)
    record(
        [_event("ProvisioningFailed", row, {"attempt": row.attempts}, why) for row, why in failures],
        now=now,
        actor=actor,
    )


def _compensate(rows: Sequence[LockedRequest], *, now: datetime, actor: str) -> None:
    transition = PROVISIONING.transitions["compensate"]
    undone = [row for row in rows if row.status in transition.sources]
    if not undone:
        return
    sql.update("provisioning_requests", {"status": "text"}, [(row.id, transition.target.value) for row in undone])
    record([_event("ProvisioningCompensated", row, {}) for row in undone], now=now, actor=actor)
    services = queries.services(row.order_line_id for row in undone)
    pairs = [(row.endpoint_id, services[row.order_line_id]) for row in undone]
    _request(pairs, Operation.DEACTIVATE, {}, now=now, actor=actor)


def _request(
    wanted: Sequence[tuple[UUID, Service]],
    operation: Operation,
    steps: dict[UUID, UUID],
    *,
    now: datetime,
    actor: str,
) -> None:
    """Insert new requests and put their calls into the outbox."""
    if not wanted:
        return
    status = ProvisioningStatus.REQUESTED.value
    rows = [
        (new_id(), service.order_line_id, steps.get(service.order_line_id), endpoint_id, operation.value,
         service.quantity, status, now)
        for endpoint_id, service in wanted
    ]  # fmt: skip
    sql.insert("provisioning_requests", _COLUMNS, rows)
    enqueue([_message(row[0], operation, 1, service) for row, (_, service) in zip(rows, wanted, strict=True)], now=now)
    name = "ActivationRequested" if operation is Operation.ACTIVATE else "DeactivationRequested"
    record(
        [
            Event(name, _objects(row[0], service.order_line_id, service.order_id), {"service": service.key})
            for row, (_, service) in zip(rows, wanted, strict=True)
        ],
        now=now,
        actor=actor,
    )


def _ask_again(rows: Sequence[LockedRequest], services: dict[UUID, Service], *, now: datetime, actor: str) -> None:
    """Send failed requests anew, under the same id and a new attempt."""
    if not rows:
        return
    target = PROVISIONING.transitions["retry"].target.value
    columns = {"status": "text", "attempts": "int", "requested_at": "timestamptz", "answered_at": "timestamptz"}
    sql.update("provisioning_requests", columns, [(row.id, target, row.attempts + 1, now, None) for row in rows])
    enqueue(
        [_message(row.id, Operation(row.operation), row.attempts + 1, services[row.order_line_id]) for row in rows],
        now=now,
    )
    record([_event("ProvisioningRetried", row, {"attempt": row.attempts + 1}) for row in rows], now=now, actor=actor)


def _message(request_id: UUID, operation: Operation, attempt: int, service: Service) -> OutboxMessage:
    reference = public("provisioning_request", request_id)
    body = call(reference, operation, attempt, service, f"{settings.PUBLIC_URL}/v1/provisioning-callbacks/{reference}")
    key = f"provisioning:{request_id}:{attempt}"
    return OutboxMessage("provisioning", key, {"request_id": str(request_id), "attempt": attempt, "body": body})


def _provisioned(service: Service, now: datetime, request_id: UUID | None = None, reference: str = "") -> Event:
    objects = [ObjectRef("order_line", service.order_line_id), ObjectRef("order", service.order_id)]
    if request_id is not None:
        objects.append(ObjectRef("provisioning_request", request_id))
    day = local_day(now, service.timezone).isoformat()
    return Event("ServiceProvisioned", tuple(objects), {"provisioned_on": day, "reference": reference})


def _event(name: str, row: LockedRequest, data: dict[str, Any], reason: str = "") -> Event:
    return Event(name, _objects(row.id, row.order_line_id, row.order_id), data, reason)


def _objects(request_id: UUID, order_line_id: UUID, order_id: UUID) -> tuple[ObjectRef, ...]:
    return (
        ObjectRef("provisioning_request", request_id),
        ObjectRef("order_line", order_line_id),
        ObjectRef("order", order_id),
    )
