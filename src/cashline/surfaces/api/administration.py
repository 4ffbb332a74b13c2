"""Endpoints of administration: people and their roles, webhook endpoints, and messages that wait for a person."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.agree.customers.queries import customer
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Conflict
from cashline.platform.clock.actions import release_clock
from cashline.platform.company.queries import entities
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import (
    Closed,
    Cursor,
    Email,
    EntityCode,
    Limit,
    PublicId,
    Sort,
    Text,
    Words,
    ask_of,
    listed,
)
from cashline.platform.outbox import queries as outbox
from cashline.platform.outbox.sending import settle_unknown
from cashline.platform.people import queries
from cashline.platform.people.actions import NewUser
from cashline.platform.people.queries import UserRow
from cashline.platform.permissions.rules import ROLES
from cashline.platform.webhooks import actions as webhooks
from cashline.platform.webhooks import queries as endpoints
from cashline.surfaces import inviting

router = Router(tags=["Administration"])


class GrantIn(Closed):
    """A role, for one legal entity (by code) or for all."""

    role: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    entity: EntityCode | None = None


class UserIn(Closed):
    """A person to let in. With a customer they use the portal and have no roles.

    Without a password they get an invitation by mail, unless `invite` says no.
    """

    email: Email
    name: Text = ""
    grants: Annotated[list[GrantIn], Field(max_length=100)] = []
    customer: PublicId | None = None
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    invite: bool = True


class GrantsIn(Closed):
    """All roles of a user, in place of those they have."""

    grants: Annotated[list[GrantIn], Field(max_length=100)]


class SettleIn(Closed):
    """What came of a message whose sending was interrupted."""

    was_sent: bool


class WebhookEndpointIn(Closed):
    """A webhook endpoint to be subscribed."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=2000)]
    event_types: Annotated[list[Text], Field(max_length=200)] = []


class ReplayIn(Closed):
    """A stretch of the feed: behind `after`, up to and with `through`."""

    after: Annotated[int, Field(ge=0, lt=2**62)]
    through: Annotated[int, Field(ge=0, lt=2**62)]


def _pairs(grants: list[GrantIn]) -> list[tuple[str, str | None]]:
    return [(one.role, one.entity) for one in grants]


def shape(row: UserRow) -> dict[str, Any]:
    """A user as the API shows it."""
    return {
        "id": public("user", row.id),
        "email": row.email,
        "name": row.name,
        "active": row.is_active,
        "joined": row.joined,
        "two_factor": row.two_factor,
        "customer": public("customer", row.customer_id) if row.customer_id else None,
        "roles": row.roles,
        "last_login": row.last_login,
        "created_at": row.date_joined,
    }


@router.get("/roles")
def role_list(request: HttpRequest) -> dict[str, Any]:
    """The roles, and what each may do."""
    caller_of(request).require("people.read")
    return {
        "items": [{"role": role, "permissions": sorted(ROLES[role])} for role in sorted(ROLES)],
        "next_cursor": "",
    }


@router.get("/users")
def user_list(
    request: HttpRequest,
    q: Words = "",
    kind: Annotated[list[Literal["staff", "portal"]], Query()] = [],  # noqa: B006 - read only, and shown in the description
    state: Annotated[list[Literal["active", "invited", "inactive"]], Query()] = [],  # noqa: B006
    role: Annotated[list[Text], Query()] = [],  # noqa: B006
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Users, the newest first unless sorted by email, name or joined."""
    caller_of(request).require("people.read")
    page = queries.find_users(ask_of(sort, cursor, limit), words=q, kinds=kind, roles=role, states=state)
    return listed(page, shape)


@router.post("/users", response={201: dict[str, Any]})
def user_create(request: HttpRequest, body: UserIn) -> tuple[int, dict[str, Any]]:
    """Let a person in: staff with roles, or a customer's person in the portal."""
    caller = caller_of(request)
    customer_id = customer(key_of("customer", body.customer)).id if body.customer else None
    new = NewUser(body.email, body.name, body.password, inviting.granted(_pairs(body.grants)), customer_id)
    key = inviting.make_user(
        new,
        invited=body.invite and body.password is None,
        authority=caller.authority,
        now=caller.now,
        actor=caller.actor,
    )
    return 201, shape(queries.user(key))


@router.get("/users/{user_id}")
def user_detail(request: HttpRequest, user_id: PublicId) -> dict[str, Any]:
    """One user, with their grants."""
    caller_of(request).require("people.read")
    found = queries.user(key_of("user", user_id))
    codes: dict[UUID | None, str | None] = {None: None, **{entity.id: entity.code for entity in entities()}}
    grants = [{"role": one.role, "entity": codes[one.entity_id]} for one in queries.grants_of(found.id)]
    return shape(found) | {"grants": grants}


@router.post("/users/{user_id}/grants")
def user_grants(request: HttpRequest, user_id: PublicId, body: GrantsIn) -> dict[str, Any]:
    """Replace the roles of a user."""
    key = key_of("user", user_id)
    inviting.change_roles(caller_of(request), key, inviting.granted(_pairs(body.grants)))
    return shape(queries.user(key))


@router.post("/users/{user_id}/invite")
def user_invite(request: HttpRequest, user_id: PublicId) -> dict[str, Any]:
    """Mail the user a new link to choose a password."""
    key = key_of("user", user_id)
    inviting.invite_again(caller_of(request), key)
    return shape(queries.user(key))


@router.post("/users/{user_id}/deactivate")
def user_deactivate(request: HttpRequest, user_id: PublicId) -> dict[str, Any]:
    """Let the user in no longer; open sessions end at once."""
    key = key_of("user", user_id)
    inviting.set_active(caller_of(request), key, active=False)
    return shape(queries.user(key))


@router.post("/users/{user_id}/activate")
def user_activate(request: HttpRequest, user_id: PublicId) -> dict[str, Any]:
    """Let the user in again."""
    key = key_of("user", user_id)
    inviting.set_active(caller_of(request), key, active=True)
    return shape(queries.user(key))


@router.post("/users/{user_id}/remove-two-factor")
def user_remove_two_factor(request: HttpRequest, user_id: PublicId) -> dict[str, Any]:
    """Take away the second factor of a user who lost it."""
    key = key_of("user", user_id)
    inviting.remove_two_factor(caller_of(request), key)
    return shape(queries.user(key))


def endpoint_shape(row: endpoints.EndpointRow) -> dict[str, Any]:
    """A webhook endpoint as the API shows it, without its secret."""
    return {
        "id": public("webhook_endpoint", row.id),
        "url": row.url,
        "event_types": row.event_types,
        "active": row.active,
        "enqueued_through": row.enqueued_through,
        "waiting": row.waiting,
        "dead": row.dead,
        "created_at": row.created_at,
    }


@router.get("/webhook-endpoints")
def webhook_list(request: HttpRequest) -> dict[str, Any]:
    """All webhook endpoints."""
    caller_of(request).require("platform.read")
    return {"items": [endpoint_shape(row) for row in endpoints.list_endpoints()], "next_cursor": ""}


@router.post("/webhook-endpoints", response={201: dict[str, Any]})
def webhook_create(request: HttpRequest, body: WebhookEndpointIn) -> tuple[int, dict[str, Any]]:
    """Subscribe an address to events; the signing secret is in this answer."""
    caller = caller_of(request)
    caller.require("platform.write")
    key, secret = webhooks.create_endpoint(
        url=body.url, event_types=body.event_types, now=caller.now, actor=caller.actor
    )
    return 201, {"id": public("webhook_endpoint", key), "secret": secret}


@router.post("/webhook-endpoints/{endpoint_id}/rotate-secret")
def webhook_rotate(request: HttpRequest, endpoint_id: PublicId) -> dict[str, Any]:
    """A new signing secret; the former signs too until the next rotation."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)
    return {"secret": webhooks.rotate_secret(endpoint_id=key, now=caller.now, actor=caller.actor)}


@router.post("/webhook-endpoints/{endpoint_id}/replay")
def webhook_replay(request: HttpRequest, endpoint_id: PublicId, body: ReplayIn) -> dict[str, Any]:
    """Send a stretch of the feed again, with the first message ids."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)
    count = webhooks.replay(endpoint_id=key, after=body.after, through=body.through, now=caller.now, actor=caller.actor)
    return {"replayed": count}


@router.post("/webhook-endpoints/{endpoint_id}/pause")
def webhook_pause(request: HttpRequest, endpoint_id: PublicId) -> dict[str, Any]:
    """Send the endpoint nothing more until it is resumed."""
    return _set_endpoint(request, endpoint_id, active=False)


@router.post("/webhook-endpoints/{endpoint_id}/resume")
def webhook_resume(request: HttpRequest, endpoint_id: PublicId) -> dict[str, Any]:
    """Let the endpoint catch up from where it was paused."""
    return _set_endpoint(request, endpoint_id, active=True)


def _set_endpoint(request: HttpRequest, endpoint_id: str, *, active: bool) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("webhook_endpoint", endpoint_id)
    webhooks.set_endpoint_active(endpoint_id=key, active=active, now=caller.now, actor=caller.actor)
    return endpoint_shape(endpoints.endpoint(key))


@router.get("/outbox/{message_id}")
def outbox_detail(request: HttpRequest, message_id: PublicId) -> dict[str, Any]:
    """One message to the outside, with every attempt to send it."""
    caller_of(request).require("platform.read")
    return _message(key_of("outbox_message", message_id))


@router.post("/outbox/{message_id}/settle")
def outbox_settle(request: HttpRequest, message_id: PublicId, body: SettleIn) -> dict[str, Any]:
    """Say what came of an interrupted message: it was sent, or it is to be tried again."""
    caller = caller_of(request)
    caller.require("platform.write")
    key = key_of("outbox_message", message_id)
    outbox.message(key)
    if not settle_unknown(message_id=key, was_sent=body.was_sent, now=caller.now, actor=caller.actor):
        raise Conflict("Only a message that is unknown or dead can be settled.", field="id")
    return _message(key)


def _message(key: UUID) -> dict[str, Any]:
    row = outbox.message(key)
    attempts = [
        {
            "at": one.at,
            "outcome": one.outcome,
            "status_code": one.status_code,
            "detail": one.detail,
            "milliseconds": one.milliseconds,
        }
        for one in outbox.attempts_of(key)
    ]
    return {
        "id": public("outbox_message", row.id),
        "kind": row.kind,
        "key": row.key,
        "status": row.status,
        "attempts": attempts,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at,
        "sent_at": row.sent_at,
    }


@router.post("/clock/release")
def clock_release(request: HttpRequest) -> dict[str, Any]:
    """Let a sandbox's clock run with real time again."""
    caller_of(request).require("platform.write")
    release_clock()
    return {"released": True}
