"""The API of the audit pack."""

from typing import IO, Annotated

from django.http import FileResponse, HttpRequest
from ninja import Router
from pydantic import StringConstraints

from cashline.flow.recognise.ledger.queries.books import period_named
from cashline.flow.report.audit.queries import audit_pack, contract_for, contracts_of_period
from cashline.kernel.refusals import InvalidValue
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of

router = Router(tags=["Reports"])
type Code = Annotated[str, StringConstraints(max_length=8)]
type Words = Annotated[str, StringConstraints(max_length=60)]


@router.get("/audit-pack")
def audit_pack_file(request: HttpRequest, contract: Words = "", entity: Code = "", month: Words = "") -> FileResponse:
    """A zip with all that stands behind the revenue of a contract, or of a period of an entity, and its own check.

    The period is named as the entity's fiscal calendar does: 2026-03, or FY2026-P03.
    """
    name, file = pack_for(caller_of(request), contract=contract, entity=entity, month=month)
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def pack_for(caller: Caller, *, contract: str, entity: str, month: str) -> tuple[str, IO[bytes]]:
    """The pack that was asked for and the name of its file; raises Forbidden, NotFound and InvalidValue."""
    if contract:
        chosen, owner_id = contract_for(contract)
        caller.require("reports.read", owner_id)
        return f"audit-{contract.strip()}.zip", audit_pack(chosen, subject=contract.strip(), now=caller.now)
    if not entity or not month:
        raise InvalidValue("Name a contract, or an entity and a month.", field="contract")
    owner = entity_by_code(entity)
    period = period_named(owner.id, month)
    caller.require("reports.read", owner.id)
    file = audit_pack(contracts_of_period(owner.id, period), subject=f"{owner.code} {period.code}", now=caller.now)
    return f"audit-{owner.code}-{period.code}.zip", file
