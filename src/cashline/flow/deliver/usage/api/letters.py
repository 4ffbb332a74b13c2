"""Dead letters in the API. They belong to no legal entity yet, so only who may see all of them sees one."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, StringConstraints

from cashline.flow.deliver.usage import actions, queries
from cashline.flow.deliver.usage.queries import DeadLetterRow
from cashline.flow.deliver.usage.rules.dead_letters import DeadLetterStatus
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.refusals import Forbidden
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import Closed, Cursor, Limit, PublicId, Sort, Why, Words, ask_of, listed

router = Router(tags=["Usage"])
type ErrorCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]


class DeadLettersIn(Closed):
    """Which dead letters are tried again; none named: the oldest that wait."""

    ids: Annotated[list[PublicId], Field(max_length=10_000)] = []


def letter_shape(row: DeadLetterRow) -> dict[str, Any]:
    """A dead letter as the API shows it."""
    plain = "source event_id payload code field message status received_at resolved_at resolved_by reason"
    return {"id": public("usage_dead_letter", row.id)} | {name: getattr(row, name) for name in plain.split()}


def require_all(caller: Caller, permission: str) -> None:
    """Raise Forbidden unless the permission is held for every legal entity."""
    caller.require(permission)
    if caller.entities(permission) is not None:
        raise Forbidden(
            f"Dead letters belong to no legal entity: it needs {permission} for all.", permission=permission
        )


@router.get("/usage-dead-letters")
def dead_letter_list(
    request: HttpRequest,
    q: Words = "",
    status: Annotated[list[DeadLetterStatus], Query()] = [],  # noqa: B006 - read only, and shown in the description
    code: Annotated[list[ErrorCode], Query(max_length=50)] = [],  # noqa: B006
    sort: Sort = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """Events that could not be recorded, the last first or by code, received_at, source."""
    require_all(caller_of(request), "usage.read")
    page = queries.list_dead_letters(ask_of(sort, cursor, limit), words=q, statuses=status, codes=code)
    return listed(page, letter_shape)


@router.post("/usage-dead-letters/replay")
def dead_letter_replay(request: HttpRequest, body: DeadLettersIn) -> dict[str, Any]:
    """Try waiting dead letters again, once the cause is mended; one that is refused again keeps the new reason."""
    caller = caller_of(request)
    require_all(caller, "usage.write")
    ids = [key_of("usage_dead_letter", key) for key in body.ids] or None
    done = actions.replay_dead_letters(ids, now=caller.now, actor=caller.actor)
    return {"replayed": done.replayed, "waiting": done.waiting}


@router.get("/usage-dead-letters/{letter_id}")
def dead_letter_show(request: HttpRequest, letter_id: PublicId) -> dict[str, Any]:
    """One dead letter, with what was sent."""
    require_all(caller_of(request), "usage.read")
    return letter_shape(queries.dead_letter(key_of("usage_dead_letter", letter_id)))


@router.post("/usage-dead-letters/{letter_id}/discard")
def dead_letter_discard(request: HttpRequest, letter_id: PublicId, body: Why) -> dict[str, Any]:
    """Give a dead letter up, for a reason that is kept."""
    caller = caller_of(request)
    require_all(caller, "usage.write")
    key = queries.dead_letter(key_of("usage_dead_letter", letter_id)).id
    actions.discard_dead_letters([key], reason=body.reason, now=caller.now, actor=caller.actor)
    return letter_shape(queries.dead_letter(key))
