"""The API of modifications: how a change of a contract is accounted for by rule, previewed and recorded."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from pydantic import Field

from cashline.flow.recognise.revenue.actions import modify_arrangement
from cashline.flow.recognise.revenue.api.arrangements import Shapes, seen
from cashline.flow.recognise.revenue.api.routing import router
from cashline.flow.recognise.revenue.api.shapes import change_shape, decision_shape
from cashline.flow.recognise.revenue.queries import arrangements
from cashline.flow.recognise.revenue.rules.contracts import require_near
from cashline.flow.recognise.revenue.rules.standard.deciding import Change
from cashline.flow.recognise.revenue.rules.standard.limits import read_facts
from cashline.kernel.identifiers import public
from cashline.platform.doors.caller import caller_of
from cashline.platform.doors.schemas import Closed, LongText, Name, PublicId

type Names = Annotated[list[Name], Field(max_length=200)]
type Treated = Literal["separate", "prospective", "catch_up", "mixed"]


class ModificationIn(Closed):
    """A change of a contract, its parts in the form of `revenue-cases/1`; `distinct` and `not_distinct` judge names.

    With `treatment` it is accounted for so; where the rule gives another, `reason` says why.
    """

    at: date
    contract: Name
    added: Shapes = []
    removed: Names = []
    quantities: Shapes = []
    terms: Shapes = []
    price_changes: Shapes = []
    distinct: Names = []
    not_distinct: Names = []
    tolerance: Annotated[str, Field(pattern=r"^(0(\.\d{1,6})?|1)$")] = "0"
    treatment: Treated | None = None
    reason: LongText = ""


class ModificationPreviewIn(ModificationIn):
    """The same, with the last day of which the difference is asked."""

    through: date


@router.post("/revenue-arrangements/{arrangement_id}/modifications", response={201: dict[str, Any]})
def modify(request: HttpRequest, arrangement_id: PublicId, body: ModificationIn) -> tuple[int, dict[str, Any]]:
    """Record a change of a contract, treated as the rule gives it or otherwise with a reason."""
    caller = caller_of(request)
    row = seen(caller, arrangement_id, "revenue.run")
    found = modify_arrangement(
        arrangement_id=row.id,
        change=_change(body),
        treatment=body.treatment,
        reason=body.reason,
        now=caller.now,
        actor=caller.actor,
    )
    shape = {"id": public("revenue_arrangement", row.id)}
    return 201, shape | decision_shape(found, body.treatment or found.treatment)


@router.post("/revenue-arrangements/{arrangement_id}/modification-previews")
def preview_modification(request: HttpRequest, arrangement_id: PublicId, body: ModificationPreviewIn) -> dict[str, Any]:
    """How a change would be accounted for, step by step, and the difference of journals by month; nothing is kept."""
    caller = caller_of(request)
    row = seen(caller, arrangement_id)
    require_near(body.through, caller.today())
    found, changes = arrangements.decide_change(row.id, _change(body), through=body.through, treatment=body.treatment)
    told = decision_shape(found, body.treatment or found.treatment)
    return told | {"through": body.through, "changes": [change_shape(one) for one in changes]}


def _change(body: ModificationIn) -> Change:
    """The change of a body; raises InvalidValue where a part has the wrong form."""
    shape = body.model_dump(mode="json", exclude={"treatment", "reason", "through"})
    found: list[Change] = read_facts([shape], Change, "modification")
    return found[0]
