"""The API of consolidation."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from cashline.flow.report.consolidation.queries import consolidation
from cashline.flow.report.consolidation.rules import Consolidated, Kind
from cashline.flow.report.statements.rules import FIRST_DAY, LAST_DAY
from cashline.flow.report.statements.rules.financial import Step
from cashline.kernel.identifiers import public
from cashline.kernel.refusals import NotFound
from cashline.platform.company.queries import Entity, entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.schemas import CurrencyCode, EntityCode

router = Router(tags=["Reports"])
Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@router.get("/reports/consolidation/{kind}")
def consolidation_report(
    request: HttpRequest,
    kind: Kind,
    currency: CurrencyCode | None = None,
    as_of: Day = None,
    step: Step = Step.YEAR,
    entity: Annotated[list[EntityCode], Query(max_length=100)] = [],  # noqa: B006 - read only
    known_at: datetime | None = None,
) -> dict[str, Any]:
    """The group as one, in a presentation currency (that of the first entity where left out): a cell for each entity.

    Results are those of the `step` that holds `as_of`. A cell has the amount in the entity's own currency and its
    account, whose lines it is the sum of. `known_at` counts only what was posted up to that instant.
    """
    caller = caller_of(request)
    group = chosen(caller, entity)
    found = consolidation(
        kind,
        as_of=as_of or caller.today(),
        currency=currency or group[0].currency,
        step=step,
        entity_ids=[one.id for one in group],
        known_at=known_at,
    )
    return shape(found)


def chosen(caller: Caller, codes: list[str]) -> list[Entity]:
    """The entities with those codes, else all that may be read; raises Forbidden and NotFound."""
    caller.require("reports.read")
    if not codes:
        found = caller.own_entities("reports.read")
        if not found:
            raise NotFound("There is no legal entity yet.", field="entity")
        return found
    group = [entity_by_code(code) for code in dict.fromkeys(codes)]
    for one in group:
        caller.require("reports.read", one.id)
    return group


def shape(found: Consolidated) -> dict[str, Any]:
    """A statement of the group as every door tells it."""
    codes = {one.id: one.code for one in found.members}
    return {
        "statement": found.kind.value,
        "currency": found.currency,
        "start": found.window.start,
        "as_of": found.window.as_of,
        "entities": [
            {
                "entity": one.code,
                "currency": one.currency,
                "closing_rate": one.closing,
                "average_rates": {f"{month:%Y-%m}": rate for month, rate in sorted(one.average.items())},
            }
            for one in found.members
        ],
        "items": [
            {
                "key": row.key,
                "label": row.label,
                "account": row.code,
                "weight": row.weight or "line",
                "cells": [
                    {
                        "entity": codes[key],
                        "account_id": public("account", cell.account_id) if cell.account_id else None,
                        "own": cell.own,
                        "amount": cell.amount,
                    }
                    for key, cell in row.cells.items()
                ],
                "eliminated": row.eliminated,
                "total": row.total,
            }
            for row in found.rows
        ],
        "ties": not found.breaks,
        "next_cursor": "",
    }
